"""What each method takes for foreign: on textures whose answer is known, and its formula by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis
from torch import nn

from eval.ood.config import OodConfig
from eval.ood.crops import CropSet, join
from eval.ood.methods import METHODS
from eval.ood.methods.base import balanced_accuracy, best_threshold
from eval.ood.methods.confidence import entropy, odin_step, unsureness
from eval.ood.methods.distance import mahalanobis_squared, with_mirrored
from eval.ood.methods.openmax import WeibullTail, logit_distance, openmax
from eval.ood.models import SourceModels, Trunk
from eval.ood.networks import Autoencoder, build_classifier
from eval.ood.protocol import Judged, judge
from eval.ood.training import adversarial, cross_entropy, k_way_logistic

SCRATCH = Trunk(None, "scratch", "from scratch")


def _noise(rng: np.random.Generator, count: int, low: float, high: float, tint: tuple[int, int, int]) -> np.ndarray:
    level = rng.uniform(low, high, (count, 1, 1, 1))
    images = level + rng.normal(0, 25, (count, 32, 32, 3)) + np.array(tint)
    return images.clip(0, 255).astype(np.uint8)


def _source(name: str, count: int, seed: int) -> CropSet:
    """Half dark crops (background), half bright ones (people)."""
    rng = np.random.default_rng(seed)
    halves = [_noise(rng, count // 2, 30, 60, (0, 0, 0)), _noise(rng, count // 2, 190, 220, (0, 0, 0))]
    return CropSet(name, np.concatenate(halves), np.repeat([0, 1], count // 2))


def _plain(
    name: str, count: int, seed: int, low: float, high: float, tint: tuple[int, int, int] = (0, 0, 0)
) -> CropSet:
    return CropSet(name, _noise(np.random.default_rng(seed), count, low, high, tint), np.zeros(count, np.int64))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> SourceModels:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    config = OodConfig(
        sets=[], out=tmp_path_factory.mktemp("ood"), crop_px=32, epochs=8, autoencoder_epochs=12, ensemble=2, batch=16,
        neighbours=4,
    )  # fmt: skip
    train, val = _source("s/train", 64, 1), _source("s/val", 48, 2)
    yield SourceModels(config, train, val, 0, "source", SCRATCH, torch.device("cpu"))
    torch.set_num_threads(before)


def _judged(models: SourceModels, name: str, outside: CropSet, target: CropSet, known: CropSet) -> Judged:
    method = METHODS[name](models)
    method.fit(models.train)
    method.calibrate(models.val, outside, outside.name)
    return judge(method, _source("s/test", 48, 3), target, known)


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"score-svm", "logistic-svm"}))
def test_foreign_brightness_is_known_and_carries_over_to_another_tint(models: SourceModels, name: str) -> None:
    """Between the two classes in brightness: far from both, and where the classifier is unsure."""
    outside, known = _plain("v/known", 48, 4, 100, 150), _plain("v/test", 48, 5, 100, 150)
    found = _judged(models, name, outside, _plain("t/all", 48, 6, 100, 150, (15, 0, -15)), known)
    assert found.accuracy > 0.8 and found.auroc > 0.8 and found.known > 0.8
    assert found.accuracy == pytest.approx((found.accepted + found.rejected) / 2)


@pytest.mark.parametrize("name", ["score-svm", "logistic-svm"])
def test_linear_machine_on_two_logits_knows_what_lies_beyond_them_but_not_between(
    models: SourceModels, name: str
) -> None:
    between = _judged(models, name, _plain("v/known", 48, 4, 100, 150), _plain("u/all", 48, 7, 100, 150),
                      _plain("v/test", 48, 5, 100, 150))  # fmt: skip
    beyond = _judged(models, name, _plain("w/known", 48, 8, 300, 320), _plain("x/all", 48, 9, 300, 330),
                     _plain("w/test", 48, 10, 300, 320))  # fmt: skip
    assert beyond.accuracy > 0.9 > between.accuracy and between.auroc < 0.95


@pytest.mark.parametrize("name", METHODS)
def test_outsiders_like_the_source_leave_chance(models: SourceModels, name: str) -> None:
    found = _judged(models, name, _source("a/known", 48, 11), _source("b/all", 48, 12), _source("a/test", 48, 13))
    assert found.accuracy == pytest.approx(0.5, abs=0.16)


def test_score_does_not_depend_on_what_it_is_judged_with(models: SourceModels) -> None:
    """A piece joined to another keeps its scores, dropout's included."""
    method = METHODS["mc-dropout"](models)
    one, other = _plain("p/one", 10, 20, 0, 255), _plain("p/two", 6, 21, 0, 255)
    both = method.score(join("p/both", [one, other]))
    np.testing.assert_array_equal(both, np.concatenate([method.score(one), method.score(other)]))
    again = METHODS["mc-dropout"](SourceModels(models.config, models.train, models.val, 0, "source", SCRATCH,
                                               torch.device("cpu")))  # fmt: skip
    np.testing.assert_array_equal(again.score(one), method.score(one))


def test_network_is_kept_and_read_back_bit_for_bit(models: SourceModels, monkeypatch: pytest.MonkeyPatch) -> None:
    crops = _plain("k", 5, 30, 0, 255)
    wanted = models.logits(crops), models.outputs("codes", crops, models.autoencoder().encode)
    monkeypatch.setattr("eval.ood.models.train_classifier", _refuse)
    monkeypatch.setattr("eval.ood.models.train_autoencoder", _refuse)
    again = SourceModels(models.config, models.train, models.val, 0, "source", SCRATCH, torch.device("cpu"))
    np.testing.assert_array_equal(again.logits(crops), wanted[0])
    np.testing.assert_array_equal(again.outputs("codes", crops, again.autoencoder().encode), wanted[1])
    other = SourceModels(models.config, models.train, models.val, 1, "source", SCRATCH, torch.device("cpu"))
    with pytest.raises(AssertionError, match="trained again"):
        other.classifier()


def _refuse(*arguments: object, **options: object) -> None:
    raise AssertionError("trained again")


def test_threshold_has_the_best_balanced_accuracy() -> None:
    """Between 3 and 4: two of three insiders below, both outsiders above."""
    threshold, accuracy = best_threshold(np.array([1.0, 3.0, 6.0]), np.array([4.0, 5.0]))
    assert threshold == 3.5 and accuracy == pytest.approx((2 / 3 + 1) / 2)
    threshold, accuracy = best_threshold(np.array([5.0, 6.0]), np.array([1.0, 2.0]))
    assert np.isinf(threshold) and accuracy == 0.5
    assert balanced_accuracy(np.array([True, False, False, False]), np.array([True, False])) == 0.625


@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside, outside = rng.normal(0, 1, 30).round(1), rng.normal(0.7, 1, 20).round(1)
    threshold, accuracy = best_threshold(inside, outside)
    assert balanced_accuracy(inside > threshold, outside > threshold) == pytest.approx(accuracy)
    tried = [balanced_accuracy(inside > t, outside > t) for t in np.linspace(-5, 5, 1001)]
    assert accuracy >= max(tried) - 1e-12


def test_unsureness_is_the_logarithm_of_what_the_highest_probability_lacks() -> None:
    logits = np.array([[0.0, np.log(3.0)], [2.0, 2.0], [0.0, 100.0]])
    np.testing.assert_allclose(unsureness(logits), [np.log(0.25), np.log(0.5), -100.0])
    np.testing.assert_allclose(unsureness(logits, 2.0)[0], np.log(1 / (1 + np.sqrt(3.0))))


def test_entropy_of_a_coin_and_of_certainty() -> None:
    np.testing.assert_allclose(entropy(np.array([[0.5, 0.5], [1.0, 0.0]])), [np.log(2), 0], atol=1e-12)


class _Linear(nn.Module):
    """Logits 0 and w · x."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__()
        self.weights = torch.tensor(weights)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        second = (crops.flatten(1) * self.weights).sum(dim=1)
        return torch.stack([torch.zeros_like(second), second], dim=1)


@pytest.mark.parametrize("temperature", [1.0, 1000.0])
def test_odin_moves_each_value_towards_what_the_network_takes_it_for(temperature: float) -> None:
    """w · x = 0.3: class 1, so values follow the signs of w; -0.3: class 0, so they go against them."""
    model, crops = _Linear([1.0, -2.0, 0.0]), torch.tensor([[0.5, 0.1, 0.9], [0.1, 0.2, 0.9]]).view(2, 3, 1, 1)
    moved = odin_step(model, crops, 0.25, temperature) - crops  # type: ignore[arg-type]
    wanted = torch.tensor([[0.25, -0.25, 0.0], [-0.25, 0.25, 0.0]])
    torch.testing.assert_close(moved.flatten(1), wanted)


def test_adversarial_crops_go_where_the_loss_grows_and_stay_in_range() -> None:
    model, crops = _Linear([1.0, -2.0, 3.0]), torch.tensor([[0.5, 0.5, 0.995]]).view(1, 3, 1, 1)
    labels = torch.tensor([0])
    moved = adversarial(model, crops, labels, cross_entropy, 0.01)
    torch.testing.assert_close(moved.flatten(), torch.tensor([0.51, 0.49, 1.0]))
    assert cross_entropy(model(moved), labels) > cross_entropy(model(crops), labels)


def test_k_way_logistic_loss_is_the_mean_of_a_logistic_loss_for_each_class() -> None:
    logits, labels = torch.tensor([[0.0, np.log(3.0)]]), torch.tensor([1])
    wanted = (-np.log(0.5) - np.log(0.75)) / 2
    assert float(k_way_logistic(logits, labels)) == pytest.approx(wanted, rel=1e-6)


def test_mahalanobis_distance_to_the_nearest_class_by_hand() -> None:
    """Variances 4 and 1: (2, 0) is one deviation from the first mean; (10, 3) three from the second."""
    precision = np.diag([0.25, 1.0])
    found = mahalanobis_squared(np.array([[2.0, 0.0], [10.0, 3.0]]), np.array([[0.0, 0.0], [10.0, 0.0]]), precision)
    np.testing.assert_allclose(found, [1.0, 9.0])


def test_mahalanobis_distance_is_scipys() -> None:
    rng = np.random.default_rng(0)
    features, means = rng.normal(size=(6, 3)), rng.normal(size=(2, 3))
    root = rng.normal(size=(3, 3))
    precision = root @ root.T
    wanted = [min(mahalanobis(row, mean, precision) ** 2 for mean in means) for row in features]
    np.testing.assert_allclose(mahalanobis_squared(features, means, precision), wanted)


def test_weibull_tail_is_its_formula_and_finds_the_distribution_it_was_drawn_from() -> None:
    """Shift 1: at start + 1 the moved distance is 2, so the tail is 1 - exp(-(2 / 2)^3)."""
    tail = WeibullTail(start=5.0, shape=3.0, scale=2.0)
    found = tail.cdf(np.array([3.0, 5.0, 6.0, 1e9]))
    np.testing.assert_allclose(found, [0.0, 1 - np.exp(-1 / 8), 1 - np.exp(-1.0), 1.0])
    drawn = 2.0 * np.random.default_rng(0).weibull(3.0, 4000)
    fitted = WeibullTail.fit(drawn - drawn.min() + 7.0, tail=4000)
    moved = drawn - drawn.min() + 1.0
    assert fitted.start == 7.0 and fitted.cdf(np.array([np.median(moved) + 6.0])) == pytest.approx(0.5, abs=0.05)


def test_tail_without_spread_takes_everything_farther_for_beyond() -> None:
    np.testing.assert_array_equal(WeibullTail.fit(np.full(30, 2.0)).cdf(np.array([1.0, 2.0, 2.1])), [0, 0, 1])


def test_logit_distance_is_euclid_over_200_plus_cosine() -> None:
    found = logit_distance(np.array([[3.0, 4.0], [4.0, -3.0]]), np.array([6.0, 8.0]))
    np.testing.assert_allclose(found, [5 / 200, np.sqrt(4 + 121) / 200 + 1])


def test_openmax_takes_from_classes_what_is_beyond_them_and_gives_it_to_the_unknown() -> None:
    """Two classes count 1 and 1/2 by rank: 4 loses all of it, 2 loses half of its half; 4.5 goes to the unknown."""
    found = openmax(np.array([[4.0, 2.0]]), np.array([[1.0, 0.5]]))
    wanted = np.exp([0.0, 1.5, 4.5])
    np.testing.assert_allclose(found[0], wanted / wanted.sum())
    inside = openmax(np.array([[4.0, 2.0]]), np.zeros((1, 2)))
    wanted = np.exp([4.0, 2.0, 0.0])
    np.testing.assert_allclose(inside[0], wanted / wanted.sum())


def test_neighbours_are_counted_pixel_by_pixel_and_in_the_mirror(tmp_path: Path) -> None:
    """One white pixel on black: its mirror image is at distance 0, black at the root of 3."""
    image = np.zeros((1, 32, 32, 3), np.uint8)
    image[0, 5, 3] = 255
    train = CropSet("n/train", np.concatenate([image, np.zeros_like(image)]), np.array([1, 0]))
    config = OodConfig(sets=[], out=tmp_path, crop_px=32, neighbours=3)
    models = SourceModels(config, train, train, 0, "n", SCRATCH, torch.device("cpu"))
    method = METHODS["knn"](models)
    method.fit(train)
    np.testing.assert_array_equal(with_mirrored(image)[1, 5, 28], [255, 255, 255])
    found = method.score(CropSet("n/x", image[:, :, ::-1], np.array([1])))
    np.testing.assert_allclose(found, [2 * np.sqrt(3) / 3])


def test_autoencoder_threshold_rejects_what_is_given_back_too_well(tmp_path: Path) -> None:
    """Errors of the source around 5; outsiders at 1 and 9: only a band with a centre holds the source alone."""
    method = METHODS["ae-threshold"](SourceModels.__new__(SourceModels))
    errors = {"in": np.linspace(4.5, 5.5, 11), "out": np.array([1.0, 1.2, 9.0, 9.3])}
    method.errors = lambda crops: errors[crops.name]  # type: ignore[attr-defined]
    inside, outside = (CropSet(name, np.zeros((0, 1, 1, 3), np.uint8), np.zeros(0)) for name in errors)
    method.calibrate(inside, outside, None)
    assert not method.rejects(inside).any() and method.rejects(outside).all()
    assert 4.5 <= method.centre <= 5.5  # type: ignore[attr-defined]


@pytest.mark.parametrize("backbone", ["small", "squeezenet"])
def test_classifier_gives_logits_stages_and_hidden_features(backbone: str) -> None:
    crops = np.random.default_rng(0).integers(0, 255, (4, 48, 48, 3), dtype=np.uint8)
    model = build_classifier(backbone, crops).eval()  # type: ignore[arg-type]
    batch = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    means = model.stage_means(batch)
    assert [tuple(part.shape) for part in means] == [(4, width) for width in model.widths]
    assert model.penultimate(means[-1]).shape == (4, 64) and model(batch).shape == (4, 2)


def test_trunk_starts_from_given_weights(imagenet_like: Callable[[], dict[str, torch.Tensor]]) -> None:
    weights = imagenet_like()
    crops = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3), dtype=np.uint8)
    model = build_classifier("squeezenet", crops, weights=weights)
    first, given = model.stages[0][0].weight.detach(), weights["features.0.weight"]  # type: ignore[index]
    factor = float((first * given).sum() / given.square().sum())
    torch.testing.assert_close(first, given * factor)
    assert factor > 0


@pytest.fixture
def imagenet_like() -> Callable[[], dict[str, torch.Tensor]]:
    def make() -> dict[str, torch.Tensor]:
        from eval.detectors.squeezedet import squeezenet_features

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            return {f"features.{name}": value for name, value in squeezenet_features().state_dict().items()}

    return make


def test_autoencoder_error_is_the_cross_entropy_of_each_crop() -> None:
    """A logit of 0 costs log 2 for every value, whatever it is."""
    model = Autoencoder(32).eval()
    last = [layer for layer in model.decoder if isinstance(layer, nn.ConvTranspose2d)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    crops = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model.error(crops), torch.full((3,), float(np.log(2))))
    assert model(crops).shape == crops.shape and model.encode(crops).shape == (3, 128)
