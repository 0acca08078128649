"""Training: it learns, the same seed gives the same detector, the best checkpoint is kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.config import Augmentation, TrainingConfig
from eval.data.samples import Sample, load_samples
from eval.detectors import detector_kind
from eval.detectors.anchors import counted_anchors
from eval.measures.matching import average_precision, counts_at
from eval.networks.features import torchvision_model
from eval.training.batches import batches
from eval.training.testing import choose_device, detect_samples, match_samples
from eval.training.trainer import Recipe, rate_factor, total_steps, train_detector

SQUEEZEDET = detector_kind("squeezedet")
STILL = Augmentation(turn="none", flip=False, scale=0, shift=0, colour=0, blur_noise=0)


def _samples(root: Path, write_discs: Callable[..., Path], input_px: int = 96, **options) -> list[Sample]:
    return load_samples([Dataset.read(write_discs(root, **options))], input_px, "person", 0.2)


def test_detector_learns_bright_discs(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    train = _samples(tmp_path / "train", write_discs, pictures=4, seed=1)
    config = TrainingConfig(
        input_px=96, steps=70, batch=4, evaluations=3, dropout=0.0, learning_rate=1e-3, augmentation=STILL
    )
    trained = train_detector(SQUEEZEDET, train, train, config, seed=0)
    assert trained.chosen.f1 > 0.9
    assert trained.chosen.f1 == max(point.f1 for point in trained.curve)
    assert trained.curve[-1].loss < 0.5 * trained.curve[0].loss


def test_best_checkpoint_is_what_comes_back(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    train = _samples(tmp_path / "train", write_discs, 64, size=64, people=1, pictures=4)
    config = TrainingConfig(input_px=64, steps=12, batch=2, evaluations=4, learning_rate=3e-3)
    trained = train_detector(SQUEEZEDET, train, train, config, seed=1)
    device = torch.device("cpu")
    matches = match_samples(detect_samples(trained.detector, train, device), train, 0.5)
    assert counts_at(matches, trained.chosen.threshold).f1 == pytest.approx(trained.chosen.f1)
    assert average_precision(matches) == pytest.approx(trained.chosen.ap)


def test_same_seed_gives_the_same_detector_and_another_seed_another(
    tmp_path: Path, write_discs: Callable[..., Path]
) -> None:
    train = _samples(tmp_path / "train", write_discs, 64, size=64, people=1, pictures=4)
    config = TrainingConfig(input_px=64, steps=3, batch=2, evaluations=1)
    runs = [train_detector(SQUEEZEDET, train, train, config, seed) for seed in (3, 3, 4)]
    weights = [run.detector.convdet.weight for run in runs]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_frozen_early_layers_stay_as_imagenet_left_them(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    train = _samples(tmp_path / "train", write_discs, 64, size=64, people=1, pictures=2)
    backbone = torchvision_model("squeezenet1_1").state_dict()
    config = TrainingConfig(input_px=64, steps=2, evaluations=1, learning_rate=0.01, freeze_early=True)
    trained = train_detector(SQUEEZEDET, train, train, config, 0, backbone=backbone).detector.state_dict()
    for name in ("features.3.squeeze.weight", "features.4.expand3x3.weight"):
        assert torch.equal(trained[name], backbone[name])
    assert not torch.equal(trained["features.6.squeeze.weight"], backbone["features.6.squeeze.weight"])


def test_training_leaves_the_callers_random_state_alone(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    train = _samples(tmp_path / "train", write_discs, 64, size=64, people=1, pictures=2)
    before = torch.random.get_rng_state()
    train_detector(SQUEEZEDET, train, train, TrainingConfig(input_px=64, steps=1, evaluations=1), 0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_every_picture_comes_once_before_any_comes_again(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    train = _samples(tmp_path / "train", write_discs, 64, size=64, people=1, pictures=6)
    made = [sample.picture.id for batch in batches(train, 2, STILL, 6, np.random.default_rng(0)) for sample in batch]
    assert sorted(made[:6]) == sorted(made[6:]) == list(range(6))


def test_steps_are_as_many_as_epochs_ask_for_or_as_configured() -> None:
    assert total_steps(29, TrainingConfig(epochs=40, batch=4)) == 290
    assert total_steps(2, TrainingConfig(epochs=3, batch=4)) == 3
    assert total_steps(29, TrainingConfig(epochs=40, steps=7)) == 7
    assert total_steps(29, TrainingConfig(epochs=40, batch=4), real=True) == 725
    assert total_steps(29, TrainingConfig(epochs=40, batch=4, epochs_with_real=None), real=True) == 290


def test_learning_rate_rises_then_falls_to_nothing() -> None:
    rates = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == 1.0 and rates.index(1.0) == 9
    assert (np.diff(rates[9:]) <= 0).all() and rates[-1] < 0.01


def test_anchors_in_ignore_areas_are_not_counted(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    sample = _samples(tmp_path / "S", write_discs, 64, size=64, pictures=1)[0]
    anchors = np.array([[8.0, 8.0, 10.0, 10.0], [40.0, 8.0, 10.0, 10.0], [8.0, 40.0, 10.0, 10.0]])
    area = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]])
    blamed = replace(sample, areas=[area], ignored=np.array([[30.0, 0.0, 20.0, 20.0]]))
    assert counted_anchors(anchors, blamed).tolist() == [False, False, True]
    assert counted_anchors(anchors, sample).tolist() == [True, True, True]


def test_device_that_is_not_there_is_refused() -> None:
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(InputError, match='--device "abacus" is unknown'):
        choose_device("abacus")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="no CUDA device"):
            choose_device("cuda")


def test_later_stages_go_on_from_the_best_of_the_one_before(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    first = _samples(tmp_path / "A", write_discs, 64, size=64, people=1, pictures=4)
    second = _samples(tmp_path / "B", write_discs, 64, size=64, people=1, pictures=2, kind="real")
    config = TrainingConfig(input_px=64, steps=4, evaluations=2, batch=2)
    seen = []
    trained = train_detector(
        SQUEEZEDET,
        Recipe([first, second]),
        first,
        config,
        0,
        on_step=lambda done, steps, text: seen.append((done, steps)),
    )
    assert [point.stage for point in trained.curve] == [0, 0, 1, 1] and trained.chosen.stage == 1
    assert [point.step for point in trained.curve] == [2, 4, 6, 8]
    assert seen[-1] == (8, 8)
    alone = train_detector(SQUEEZEDET, Recipe([first]), first, config, 0)
    assert [point.f1 for point in alone.curve] == [point.f1 for point in trained.curve[:2]]


def test_unlabelled_pictures_change_the_features_but_need_no_people(
    tmp_path: Path, write_discs: Callable[..., Path]
) -> None:
    train = _samples(tmp_path / "S", write_discs, 64, size=64, people=1, pictures=4)
    bare = [replace(sample, boxes=np.zeros((0, 4)), people=()) for sample in train]
    config = TrainingConfig(input_px=64, steps=6, evaluations=1, batch=2, domain_weight=1.0)
    plain = train_detector(SQUEEZEDET, Recipe([train]), train, config, 0)
    drawn = train_detector(SQUEEZEDET, Recipe([train], bare), train, config, 0)
    assert not torch.equal(plain.detector.convdet.weight, drawn.detector.convdet.weight)
    assert plain.detector.state_dict().keys() == drawn.detector.state_dict().keys()


def test_mosaics_are_trained_on(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    train = _samples(tmp_path / "S", write_discs, 64, size=64, pictures=4)
    how = Augmentation(mosaic=1.0)
    made = [sample for batch in batches(train, 2, how, 4, np.random.default_rng(0)) for sample in batch]
    assert len(made) == 8 and all(sample.image.shape == (64, 64, 3) for sample in made)
    assert all(len(sample.boxes) == len(sample.people) for sample in made)
