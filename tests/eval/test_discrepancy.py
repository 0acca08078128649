"""The discrepancy 2 (1 - 2 e): 0 for one distribution, 2 for separable ones, pictures held out whole."""

import numpy as np
import pytest

from eval.distances.discrepancy import discrepancy


def _groups(pictures: int, each: int, first: int = 0) -> np.ndarray:
    return np.repeat(np.arange(first, first + pictures), each)


def test_one_distribution_lies_around_nothing() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(200, 20)), rng.normal(size=(200, 20))
    found = discrepancy(a, b, _groups(40, 5), _groups(40, 5, 40), rng)
    assert found.low < 0 < found.high and abs(found.value) < 0.4


def test_separable_sets_are_two_apart() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(60, 8)), rng.normal(size=(60, 8)) + 12
    found = discrepancy(a, b, _groups(12, 5), _groups(12, 5, 12), rng)
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


def test_it_is_the_error_of_the_best_line_where_that_is_known() -> None:
    """Two normal distributions two deviations apart: the best line errs for 15.87 %, so 2 (1 - 2 e) is 1.365."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2000, 1)), rng.normal(2.0, 1.0, size=(2000, 1))
    found = discrepancy(a, b, np.arange(2000), np.arange(2000, 4000), rng)
    assert found.value == pytest.approx(1.365, abs=0.06)
    assert found.low < 1.365 < found.high


def test_unequal_numbers_do_not_count() -> None:
    """Calling everything the larger set errs in 10 %; here that is as bad as a guess."""
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(40, 2)), rng.normal(size=(360, 2))
    assert abs(discrepancy(a, b, np.arange(40), np.arange(40, 400), rng).value) < 0.4


def test_people_seen_again_do_not_tell_sets_apart() -> None:
    """Every picture shows near-copies of a person of its own: held out one by one they would be recognised."""
    rng = np.random.default_rng(4)

    def people() -> np.ndarray:
        return (np.repeat(rng.normal(size=(12, 60)), 10, axis=0) + rng.normal(0, 0.01, (120, 60)))[:, :60]

    a, b = people(), people()
    by_picture = discrepancy(a, b, _groups(12, 10), _groups(12, 10, 12), rng)
    one_by_one = discrepancy(a, b, np.arange(120), np.arange(120, 240), rng)
    assert one_by_one.value == pytest.approx(2.0, abs=0.02)
    assert by_picture.value < 1.2
    assert by_picture.high - by_picture.low > one_by_one.high - one_by_one.low


def test_groups_of_both_sets_are_held_out_together() -> None:
    """A picture and its refinement have one name. Told apart by who is in it, the other one would be called wrong."""
    rng = np.random.default_rng(5)
    a = np.repeat(rng.normal(size=(12, 60)), 5, axis=0)
    names = np.array([f"{number:03d}" for number in _groups(12, 5)])
    found = discrepancy(a, a + 0.0, names, names, rng)
    assert found.value == pytest.approx(0.0, abs=1e-9)  # Nothing tells them apart, whatever is said of a picture.


def test_one_picture_cannot_be_held_out() -> None:
    rng = np.random.default_rng(6)
    assert discrepancy(rng.normal(size=(5, 2)), rng.normal(size=(6, 2)), np.zeros(5), np.arange(1, 7), rng) is None


def test_same_generator_same_figure() -> None:
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(30, 4)), rng.normal(0.5, 1, size=(30, 4))
    one, other = (discrepancy(a, b, np.arange(30), np.arange(30, 60), np.random.default_rng(8)) for _ in range(2))
    assert one == other
