import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from eval.distances.kernel import estimate, kernel_distance, squared_discrepancy


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 12)), rng.normal(0.3, 1.2, size=(40, 12))


def test_it_is_that_of_torchmetrics(vectors):
    expected = poly_mmd(*(torch.from_numpy(one) for one in vectors))
    assert squared_discrepancy(*vectors) == pytest.approx(float(expected), rel=1e-9)


def test_two_vectors_each_by_hand():
    x, y = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])
    # k(1,2) = 27; k(0,1) = 1; across: k(1,0) = 1, k(1,1) = 8, k(2,0) = 1, k(2,1) = 27.
    assert squared_discrepancy(x, y) == pytest.approx(27 + 1 - 2 * (1 + 8 + 1 + 27) / 4)


def test_samples_of_one_distribution_lie_around_zero_and_others_do_not(vectors):
    rng = np.random.default_rng(1)
    same = kernel_distance(rng.normal(size=(300, 12)), rng.normal(size=(300, 12)), rng)
    assert same.low < 0 < same.high
    assert kernel_distance(*vectors, rng).value > same.high


def test_one_vector_is_too_few():
    with pytest.raises(ValueError, match="at least 2 feature vectors on each side, found 1 and 3"):
        squared_discrepancy(np.zeros((1, 4)), np.zeros((3, 4)))


def test_estimate_is_over_all_vectors_and_its_interval_over_pictures(vectors):
    groups = np.repeat(np.arange(10), 4)
    found = estimate(*vectors, groups, groups)
    assert found.value == pytest.approx(squared_discrepancy(*vectors), rel=1e-12)
    assert found.low < found.value < found.high
    without = [squared_discrepancy(vectors[0][groups != block], vectors[1]) for block in range(10)]
    without_other = [squared_discrepancy(vectors[0], vectors[1][groups != block]) for block in range(10)]
    variance = sum(0.9 * np.square(np.subtract(one, np.mean(one))).sum() for one in (without, without_other))
    assert found.high - found.value == pytest.approx(1.96 * variance**0.5, rel=1e-4)


def test_estimate_of_one_vector_is_refused():
    with pytest.raises(ValueError, match="at least 2 feature vectors on each side, found 1 and 3"):
        estimate(np.zeros((1, 4)), np.zeros((3, 4)), np.zeros(1), np.zeros(3))
