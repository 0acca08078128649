"""From triplets to figures: means with 95 % intervals.

Triplets of one source share its networks and its test crops, so the bootstrap draws sources with replacement, within
each drawn source its triplets, within each of these its seeds. All methods are drawn alike, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures.intervals import DRAWS, Interval, interval
from eval.ood.protocol import Judged, TripletResult


@dataclass(frozen=True)
class MethodSummary:
    """One method over all triplets and seeds."""

    name: str
    accuracy: Interval
    auroc: Interval
    known: Interval
    accepted: float
    rejected: float
    behind_best: Interval | None
    """Accuracy of the best method minus this one's; None for the best."""

    @property
    def beats_chance(self) -> bool:
        return self.accuracy.low > 0.5


def value_table(results: Sequence[TripletResult], method: str, value: Callable[[Judged], float]) -> np.ndarray:
    """(sources, triplets of each, seeds), sources and triplets in the order in which they were met."""
    by_source: dict[str, dict[tuple[str, str], list[float]]] = {}
    for result in results:
        triplet = result.triplet
        own = by_source.setdefault(triplet.source, {})
        own.setdefault((triplet.validation, triplet.target), []).append(value(result.methods[method]))
    return np.array([list(triplets.values()) for triplets in by_source.values()])


def draw_means(table: np.ndarray, rng: np.random.Generator, draws: int = DRAWS) -> np.ndarray:
    """(draws,) means of a table (sources, triplets, seeds) over drawn sources, triplets and seeds."""
    sources, triplets, seeds = table.shape
    s = rng.integers(0, sources, size=(draws, sources, 1, 1))
    t = rng.integers(0, triplets, size=(draws, sources, triplets, 1))
    k = rng.integers(0, seeds, size=(draws, sources, triplets, seeds))
    return table[s, t, k].mean(axis=(1, 2, 3))


def summarise(results: Sequence[TripletResult], seed: int) -> list[MethodSummary]:
    """All methods, the most accurate first. seed: of the bootstrap."""
    names = list(results[0].methods)

    def drawn(name: str, value: Callable[[Judged], float]) -> tuple[float, np.ndarray]:
        table = value_table(results, name, value)
        return float(table.mean()), draw_means(table, np.random.default_rng([seed, 12]))

    accuracies = {name: drawn(name, lambda judged: judged.accuracy) for name in names}
    best = max(names, key=lambda name: accuracies[name][0])
    summaries = []
    for name in sorted(names, key=lambda name: -accuracies[name][0]):
        behind = None
        if name != best:
            mean, draws = (accuracies[best][part] - accuracies[name][part] for part in (0, 1))
            behind = interval(float(mean), np.asarray(draws))
        area, known = drawn(name, lambda judged: judged.auroc), drawn(name, lambda judged: judged.known)
        accepted, rejected = (float(value_table(results, name, value).mean()) for value in (_accepted, _rejected))
        accuracy = interval(*accuracies[name])
        summaries.append(MethodSummary(name, accuracy, interval(*area), interval(*known), accepted, rejected, behind))
    return summaries


def _accepted(judged: Judged) -> float:
    return judged.accepted


def _rejected(judged: Judged) -> float:
    return judged.rejected
