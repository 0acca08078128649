"""Bootstrap intervals of F1 over blocks of time and seeds."""

import numpy as np
import pytest

from eval.measures.intervals import block_length, draw_pictures, f1_intervals


def _counts(seeds: int, pictures: int, chance: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tp = rng.binomial(10, chance, (seeds, pictures))
    return np.stack([tp, np.ones_like(tp), 10 - tp], axis=2)


def test_pictures_are_drawn_in_runs_of_neighbours() -> None:
    drawn = draw_pictures(20, 5, np.random.default_rng(0), draws=50)
    assert drawn.shape == (50, 20) and drawn.min() >= 0 and drawn.max() < 20
    runs = drawn.reshape(50, 4, 5)
    assert (np.diff(runs, axis=2) == 1).all()


def test_series_in_time_is_drawn_in_tenths_and_separate_pictures_one_by_one() -> None:
    assert block_length([float(k) for k in range(134)]) == 13
    assert block_length([None] * 50) == 1
    assert block_length([0.0] * 50) == 1


def test_interval_covers_the_spread_of_independent_pictures() -> None:
    """For independent pictures the bootstrap's width is known: 2 x 1.96 standard errors."""
    counts = _counts(1, 400, 0.7, 1)
    singles, _ = f1_intervals({"a": counts}, 1, np.random.default_rng(0))
    found = singles["a"]
    own = 2 * counts[0, :, 0] / (2 * counts[0, :, 0] + counts[0, :, 1] + counts[0, :, 2])
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * own.std() / 20, rel=0.25)


def test_like_neighbours_make_the_interval_wider() -> None:
    counts = np.repeat(_counts(1, 40, 0.7, 2), 10, axis=1)
    one, _ = f1_intervals({"a": counts}, 1, np.random.default_rng(0))
    blocks, _ = f1_intervals({"a": counts}, 40, np.random.default_rng(0))
    assert blocks["a"].high - blocks["a"].low > 1.8 * (one["a"].high - one["a"].low)


def test_same_results_do_not_differ_and_clearly_better_ones_do() -> None:
    counts = {"a": _counts(2, 100, 0.6, 3), "b": _counts(2, 100, 0.6, 3), "c": _counts(2, 100, 0.9, 4)}
    _, pairs = f1_intervals(counts, 1, np.random.default_rng(0))
    assert not pairs["b", "a"].excludes_zero
    assert pairs["c", "a"].excludes_zero and pairs["c", "a"].low > 0.1


def test_seeds_that_differ_widen_the_interval() -> None:
    steady, lucky = (
        np.concatenate([_counts(1, 200, 0.7, 5)] * 2),
        np.concatenate([_counts(1, 200, 0.5, 5), _counts(1, 200, 0.9, 6)]),
    )
    singles, _ = f1_intervals({"steady": steady, "lucky": lucky}, 1, np.random.default_rng(0))
    widths = {name: value.high - value.low for name, value in singles.items()}
    assert widths["lucky"] > 3 * widths["steady"]
