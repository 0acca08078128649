"""The jackknife over blocks: standard errors that are known, blocks of neighbours, and silence where nothing can be told."""

import numpy as np
import pytest

from eval.distances.jackknife import blocks_of, jackknife


def test_interval_of_a_difference_of_means_is_the_textbook_one() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=10), rng.normal(2.0, 3.0, size=8)
    found = jackknife(lambda i, j: a[i].mean() - b[j].mean(), np.arange(10), np.arange(8))
    error = np.sqrt(a.var(ddof=1) / 10 + b.var(ddof=1) / 8)
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert found.high - found.value == pytest.approx(1.959964 * error)
    assert found.value - found.low == pytest.approx(1.959964 * error)


def test_blocks_are_runs_of_neighbouring_pictures() -> None:
    assert blocks_of(np.array([3, 3, 5, 9, 9, 12]), blocks=2).tolist() == [0, 0, 0, 1, 1, 1]
    assert blocks_of(np.array([12, 9, 9, 5, 3, 3]), blocks=2).tolist() == [1, 1, 1, 0, 0, 0]
    assert blocks_of(np.arange(3)).tolist() == [0, 1, 2]
    assert np.bincount(blocks_of(np.arange(95))).tolist() == [10, 9, 10, 9, 10, 9, 10, 9, 10, 9]


def test_vectors_of_one_picture_are_left_out_together() -> None:
    """Ten copies of each of four values say no more than the four."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=4), rng.normal(size=4)

    def width(copies: int) -> float:
        x, y, groups = np.repeat(a, copies), np.repeat(b, copies), np.repeat(np.arange(4), copies)
        found = jackknife(lambda i, j: x[i].mean() - y[j].mean(), groups, groups)
        return found.high - found.low

    assert width(10) == pytest.approx(width(1))


def test_one_picture_gives_a_value_without_interval() -> None:
    found = jackknife(lambda i, j: float(len(i) + len(j)), np.zeros(5), np.arange(5))
    assert (found.value, found.low, found.high) == (10.0, None, None)
