"""The Fréchet distance against torchmetrics and scipy."""

import numpy as np
import pytest
import torch
from scipy import linalg
from torchmetrics.image.fid import _compute_fid

from eval.distances.frechet import distance, frechet_distance, gaussian


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
