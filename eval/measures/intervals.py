"""How sure a figure is: 95 % intervals of F1 by bootstrap over blocks of test pictures and over training seeds.

Neighbouring frames of a video are near-duplicates, so pictures are drawn in contiguous blocks of time, not one by
one (moving block bootstrap, Künsch 1989). Two training sets are compared on the same drawn pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.measures.matching import f1_of

BLOCKS = 10
DRAWS = 2000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def block_length(times_s: list[float | None]) -> int:
    """Pictures in a block: a tenth of the test set if its pictures are a series in time, one if they are separate."""
    if any(time is None for time in times_s) or len(set(times_s)) < 2:
        return 1
    return max(1, round(len(times_s) / BLOCKS))


def draw_pictures(pictures: int, block: int, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """(draws, pictures) indices of pictures in time order, made of contiguous blocks drawn with replacement."""
    starts = rng.integers(0, pictures - block + 1, size=(draws, -(-pictures // block)))
    return (starts[..., None] + np.arange(block)).reshape(draws, -1)[:, :pictures]


def f1_draws(counts: np.ndarray, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(draws,) mean F1 over drawn seeds on drawn pictures. counts: (seeds, pictures, 3) TP, FP, FN."""
    seeds = rng.integers(0, len(counts), size=(len(pictures), len(counts)))
    summed = counts[:, pictures].sum(axis=2)  # (seeds, draws, 3)
    f1 = f1_of(summed[..., 0], summed[..., 1], summed[..., 2])
    return np.take_along_axis(f1.T, seeds, axis=1).mean(axis=1)


def interval(value: float, drawn: np.ndarray) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def f1_intervals(
    counts: dict[str, np.ndarray], block: int, rng: np.random.Generator
) -> tuple[dict[str, Interval], dict[tuple[str, str], Interval]]:
    """Each set's F1 and each pair's difference (first minus second) with intervals.

    counts: by training set, (seeds, pictures, 3), pictures the same and in time order for all.
    """
    pictures = next(iter(counts.values())).shape[1]
    drawn_pictures = draw_pictures(pictures, min(block, pictures), rng)
    means = {name: _mean_f1(value) for name, value in counts.items()}
    draws = {name: f1_draws(value, drawn_pictures, rng) for name, value in counts.items()}
    singles = {name: interval(means[name], draws[name]) for name in counts}
    names = list(counts)
    pairs = {
        (a, b): interval(means[a] - means[b], draws[a] - draws[b]) for i, b in enumerate(names) for a in names[i + 1 :]
    }
    return singles, pairs


def _mean_f1(counts: np.ndarray) -> float:
    summed = counts.sum(axis=1)
    return float(f1_of(summed[:, 0], summed[:, 1], summed[:, 2]).mean())
