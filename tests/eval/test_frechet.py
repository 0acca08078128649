"""The Fréchet distance against torchmetrics and scipy, whatever the numbers of vectors and dimensions, and its interval."""

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance, _compute_fid

from eval.distances.frechet import distance, distance_of, estimate, factored, frechet_distance, gaussian


def _two_sets(dimensions: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(dimensions, dimensions))
    return rng.normal(size=(count, dimensions)), rng.normal(size=(count, dimensions)) @ mix * 0.4 + 0.3


@pytest.mark.parametrize("seed", range(3))
def test_distance_is_that_of_torchmetrics(seed: int) -> None:
    a, b = _two_sets(24, 200, seed)
    parts = [torch.from_numpy(part) for g in (gaussian(a), gaussian(b)) for part in (g.mean, g.covariance)]
    assert distance(a, b).value == pytest.approx(float(_compute_fid(*parts)), abs=1e-3)


def test_distance_is_that_of_scipy_matrix_root() -> None:
    a, b = _two_sets(16, 100, 4)
    first, second = gaussian(a), gaussian(b)
    root = linalg.sqrtm(first.covariance @ second.covariance).real
    expected = np.square(first.mean - second.mean).sum() + np.trace(first.covariance + second.covariance - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, abs=1e-3)


def test_distance_of_shifted_normals_is_known() -> None:
    a, _ = _two_sets(8, 500, 5)
    assert distance(a, a + 2.0).value == pytest.approx(8 * 4.0, rel=1e-9)
    assert distance(a, a).value == pytest.approx(0.0, abs=1e-9)


def test_fewer_vectors_than_dimensions_are_called_biased_and_stay_real() -> None:
    a, b = _two_sets(40, 20, 6)
    result = distance(a, b)
    assert result.biased and np.isfinite(result.value) and result.value > 0
    assert not distance(*_two_sets(4, 50, 6)).biased


def test_one_vector_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        gaussian(np.zeros((1, 3)))


class Flattened(nn.Module):
    """Features for torchmetrics: the picture's own values."""

    num_features = 12

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.flatten(1)


def test_distance_is_that_of_torchmetrics_metric_with_features_of_ones_own() -> None:
    a, b = _two_sets(12, 150, 7)
    judge = FrechetInceptionDistance(Flattened(), normalize=True, input_img_size=(3, 2, 2)).set_dtype(torch.float64)
    for features, real in ((a, True), (b, False)):
        judge.update(torch.from_numpy(features).view(-1, 3, 2, 2), real=real)
    assert distance(a, b).value == pytest.approx(float(judge.compute()), abs=1e-3)


@pytest.mark.parametrize(("dimensions", "n", "m"), [(6, 50, 40), (30, 20, 25), (30, 20, 60), (30, 31, 30), (30, 90, 9)])
def test_distance_is_the_same_by_either_way_of_computing(dimensions: int, n: int, m: int) -> None:
    rng = np.random.default_rng(8)
    a, b = rng.normal(size=(n, dimensions)), rng.normal(0.2, 1.3, size=(m, dimensions))
    found = distance(a, b)
    assert found.value == pytest.approx(frechet_distance(gaussian(a), gaussian(b)), abs=1e-5)
    assert (found.n, found.n_reference, found.dimensions) == (n, m, dimensions)


def test_large_matrices_give_the_same_by_eigenvalues(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = _two_sets(20, 60, 9)
    expected = distance(a, b).value
    monkeypatch.setattr("eval.distances.frechet._LARGE", 5)
    assert distance(a, b).value == pytest.approx(expected, rel=1e-9)
    assert distance(a[:15], b).value == pytest.approx(frechet_distance(gaussian(a[:15]), gaussian(b)), abs=1e-5)


def test_factor_is_that_of_the_covariance_also_where_features_repeat() -> None:
    a, _ = _two_sets(5, 40, 10)
    doubled = np.concatenate([a, a], axis=1)  # Singular though there are more vectors than dimensions.
    for features in (a, doubled, doubled[:6]):
        found = factored(features)
        np.testing.assert_allclose(found.factor.T @ found.factor, np.cov(features, rowvar=False), atol=1e-9)
    # Every value twice: twice the distance.
    shifted = a * 1.5 + 0.4
    other = factored(np.concatenate([shifted, shifted], axis=1))
    assert distance_of(factored(doubled), other).value == pytest.approx(2 * distance(a, shifted).value, rel=1e-6)


def test_one_dimension_by_hand() -> None:
    """Means 1 and 4, variances 1 and 4: 9 + (1 - 2)^2."""
    a, b = np.array([[0.0], [1.0], [2.0]]), np.array([[2.0], [4.0], [6.0]])
    assert distance(a, b).value == pytest.approx(10.0)


def test_interval_holds_the_value_and_narrows_with_pictures() -> None:
    rng = np.random.default_rng(11)
    a, b = rng.normal(size=(800, 3)), rng.normal(1.0, 1.0, size=(800, 3))
    widths = []
    for n in (50, 800):
        found = estimate(a[:n], b[:n], np.arange(n), np.arange(n))
        assert found.low is not None and found.high is not None and found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert found.low < 3.0 < found.high  # Of the normal distributions themselves: 3 dimensions, each 1 apart.
    assert widths[1] < widths[0] / 2


def test_interval_never_begins_below_nothing() -> None:
    a, _ = _two_sets(3, 12, 12)
    assert estimate(a, a + 1e-3, np.arange(12), np.arange(12)).low == 0.0
