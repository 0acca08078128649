"""Intervals by bootstrap over blocks of pictures and over seeds: what is drawn, how wide they are, how often they hold."""

import numpy as np
import pytest
from scipy import stats

from eval.measures.intervals import (
    Estimate,
    PictureDraws,
    block_length,
    block_weights,
    difference,
    draw_pictures,
    estimate,
    estimate_figures,
    f1_figure,
    interval,
    relative_difference,
    student_spread,
)
from eval.measures.matching import f1_of


def _counts(seeds: int, pictures: int, chance: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tp = rng.binomial(10, chance, (seeds, pictures))
    return np.stack([tp, np.ones_like(tp), 10 - tp], axis=2)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_pictures_are_drawn_in_runs_of_neighbours() -> None:
    """Each block starts somewhere and runs on, from the last picture to the first."""
    weights = block_weights(20, 5, _rng(), draws=4000)
    assert weights.shape == (4000, 20) and (weights.sum(axis=1) == 20).all()
    together = np.corrcoef(weights.T)
    # Of the five starts that draw a picture, four draw its neighbour; of all pictures only so many are drawn.
    assert min(together[3, 4], together[0, 19]) > 0.6 and max(together[3, 12], together[0, 10]) < 0
    assert (block_weights(6, 6, _rng(), draws=50) == 1).all()


def test_every_picture_is_drawn_as_often_as_any_other() -> None:
    weights = block_weights(23, 4, _rng(), draws=20000)
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.06)


def test_series_in_time_is_drawn_in_tenths_and_separate_pictures_one_by_one() -> None:
    assert block_length([float(k) for k in range(134)]) == 13
    assert block_length([None] * 50) == 1
    assert block_length([0.0] * 50) == 1


def test_series_is_drawn_in_the_order_of_time_whatever_that_of_pictures() -> None:
    order = np.random.default_rng(3).permutation(100)
    mixed = draw_pictures([float(k) for k in order], [""] * 100, _rng(), draws=300)
    sorted_ = draw_pictures([float(k) for k in range(100)], [""] * 100, _rng(), draws=300)
    np.testing.assert_array_equal(mixed.weights, sorted_.weights[:, order])
    assert (sorted_.by, sorted_.blocks, sorted_.longest) == ("time", 10, 10)
    assert sorted_.text == "blocks of up to 10 test pictures that follow one another in time"


def test_many_sites_are_drawn_whole() -> None:
    sites = [name for name in "abcdef" for _ in range(7)]
    draws = draw_pictures([None] * 42, sites, _rng(), draws=100)
    own = draws.weights.reshape(100, 6, 7)
    assert (own == own[:, :, :1]).all() and (own[:, :, 0].sum(axis=1) == 6).all() and own.max() > 1
    assert (draws.by, draws.blocks, draws.text) == ("site", 6, "6 sites")


def test_few_sites_keep_their_pictures_and_are_drawn_by_time() -> None:
    times = [float(k) for k in range(30)] * 2
    draws = draw_pictures(times, ["a"] * 30 + ["b"] * 30, _rng(), draws=100)
    assert (draws.weights[:, :30].sum(axis=1) == 30).all() and (draws.by, draws.blocks) == ("time", 20)
    assert "within each of 2 sites" in draws.text
    assert draw_pictures(times, ["a"] * 30 + ["b"] * 30, _rng(), draws=5, by="site").blocks == 2


def test_no_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="0 times and 0 sites"):
        draw_pictures([], [], _rng())


def test_spread_makes_few_blocks_as_wide_as_students_interval() -> None:
    """Of means of normal values, the stretched bootstrap is Student's interval, for 10 values as for 1000."""
    assert student_spread(10) == pytest.approx(np.sqrt(10 / 9) * 2.2622 / 1.96, abs=1e-4)
    assert student_spread(10000) == pytest.approx(1.0, abs=1e-3) and student_spread(1) == np.inf
    values = np.random.default_rng(4).normal(0.5, 0.1, 10)
    draws = draw_pictures([None] * 10, [""] * 10, _rng(), draws=20000)
    found = estimate_figures([lambda weights: weights @ values / weights.sum(axis=1)], draws, _rng()).interval
    expected = 2 * stats.t.ppf(0.975, 9) * values.std(ddof=1) / np.sqrt(10)
    assert found.high - found.low == pytest.approx(expected, rel=0.05)


def _f1(counts: np.ndarray, draws: PictureDraws) -> Estimate:
    return estimate_figures([f1_figure(own) for own in counts], draws, _rng())


def test_interval_covers_the_spread_of_independent_pictures() -> None:
    """For independent pictures the bootstrap's width is known: 2 x 1.96 standard errors."""
    counts = _counts(1, 400, 0.7, 1)
    found = _f1(counts, draw_pictures([None] * 400, [""] * 400, _rng())).interval
    own = 2 * counts[0, :, 0] / (2 * counts[0, :, 0] + counts[0, :, 1] + counts[0, :, 2])
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * own.std() / 20, rel=0.25)


def test_like_neighbours_make_the_interval_wider() -> None:
    counts = np.repeat(_counts(1, 40, 0.7, 2), 10, axis=1)
    one = _f1(counts, draw_pictures([None] * 400, [""] * 400, _rng())).interval
    blocks = _f1(counts, draw_pictures([float(k) for k in range(400)], [""] * 400, _rng())).interval
    assert blocks.high - blocks.low > 1.8 * (one.high - one.low)


def test_same_results_do_not_differ_and_clearly_better_ones_do() -> None:
    draws = draw_pictures([None] * 100, [""] * 100, _rng())
    a, b, c = (_f1(_counts(4, 100, chance, seed), draws) for chance, seed in ((0.6, 3), (0.6, 3), (0.9, 4)))
    assert not difference(b, a).excludes_zero
    assert difference(c, a).excludes_zero and difference(c, a).low > 0.1


def test_seeds_that_differ_give_students_interval() -> None:
    """Pictures all alike: only the five seeds are uncertain, and their mean has a textbook interval."""
    own = np.array([0.60, 0.66, 0.58, 0.71, 0.65])
    found = estimate(own, np.repeat(own[:, None], 40000, axis=1), 1.0, _rng())
    low, high = stats.t.interval(0.95, 4, own.mean(), own.std(ddof=1) / np.sqrt(5))
    assert found.interval.low == pytest.approx(low, abs=0.003) and found.interval.high == pytest.approx(high, abs=0.003)
    assert found.deviation == pytest.approx(own.std(ddof=1))
    assert estimate(own[:1], np.full((1, 10), own[0]), 1.0, _rng()).deviation is None


def test_luck_with_the_pictures_is_not_counted_twice() -> None:
    """Seeds of one quality, each with errors of its own in 60 pictures: their mean is as sure as 300 pictures."""
    errors = np.random.default_rng(5).normal(0.5, 0.2, (5, 60))
    draws = draw_pictures([None] * 60, [""] * 60, _rng())
    figures = [lambda weights, own=own: weights @ own / weights.sum(axis=1) for own in errors]
    found = estimate_figures(figures, draws, _rng()).interval
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.2 / np.sqrt(300), rel=0.3)


def test_single_block_and_undefined_draws_have_no_interval() -> None:
    alone = estimate([0.5], np.full((1, 10), 0.5), np.inf, _rng())
    assert np.isnan(alone.interval.low) and alone.as_json()["low"] is None and alone.value == 0.5
    some = estimate([0.5], np.array([[0.4, np.nan, 0.6]]), 1.0, _rng()).interval
    assert some.low == pytest.approx(0.405) and some.high == pytest.approx(0.595)


def test_interval_stays_where_the_figure_can_be() -> None:
    own = np.array([0.9, 0.99, 0.97])
    found = estimate(own, np.repeat(own[:, None], 500, axis=1), 1.0, _rng())
    assert np.percentile(found.drawn, 97.5) > 1.01 and found.interval.high == 1.0


def test_pairs_share_their_pictures() -> None:
    """Each set varies by 0.1 with the pictures, their difference by nothing at all."""
    shared = np.random.default_rng(6).normal(0, 0.1, (1, 500))
    first, second = (estimate([value], value + shared, 1.0, _rng()) for value in (0.6, 0.55))
    found = difference(first, second)
    assert (found.value, found.low, found.high) == pytest.approx((0.05, 0.05, 0.05))
    assert found.above_zero == 1.0 and difference(first, first).above_zero == 0.5
    assert first.interval.high - first.interval.low > 0.3


def test_relative_difference_says_how_many_more() -> None:
    first, second = Estimate(np.array([0.6]), np.array([0.6, 0.66])), Estimate(np.array([0.5]), np.array([0.5, 0.6]))
    found = relative_difference(first, second)
    assert found is not None and found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.1 + 0.025 * 0.1, 0.2 - 0.025 * 0.1))
    assert relative_difference(first, Estimate(np.array([0.0]), np.zeros(2))) is None


def _simulated(rng: np.random.Generator, skill: float) -> np.ndarray:
    """(5, 60, 3) counts: pictures are easy or hard, seeds good or bad, and each seed has luck with each picture."""
    ease = rng.normal(0, 0.5, 60) + rng.normal(0, 0.2, (5, 1)) + rng.normal(0, 0.2, (5, 60))
    tp = rng.binomial(12, 1 / (1 + np.exp(-skill - ease)))
    return np.stack([tp, rng.poisson(1.0, tp.shape), 12 - tp], axis=2)


def test_interval_over_five_seeds_holds_in_19_of_20_cases() -> None:
    """The truth is the mean over many seeds and pictures; 300 trials of the whole experiment."""
    rng = np.random.default_rng(7)
    many = np.concatenate([_simulated(rng, 1.0) for _ in range(400)])
    truth = float(np.mean(f1_of(*many.sum(axis=1).T)))
    held = []
    for _ in range(300):
        draws = draw_pictures([None] * 60, [""] * 60, rng, draws=300)
        found = estimate_figures([f1_figure(own) for own in _simulated(rng, 1.0)], draws, rng).interval
        held.append(found.low <= truth <= found.high)
    assert 0.92 <= np.mean(held) <= 0.99


def test_infinite_draws_count_as_large_ones() -> None:
    drawn = np.concatenate([np.arange(90.0), np.full(10, np.inf)])
    found = interval(50.0, drawn)
    assert (found.low, found.high) == (2.0, np.inf)
    assert interval(1.0, np.array([1.0, np.nan, 3.0])).low == pytest.approx(1.05)
