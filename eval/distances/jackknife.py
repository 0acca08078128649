"""How sure a distance between two sets of feature vectors is: the jackknife over blocks of pictures.

People of one picture, and neighbouring pictures of a clip, resemble one another, so whole blocks are left out, not
single vectors. A bootstrap would draw vectors twice, which looks like fewer vectors and pushes a Fréchet distance up;
leaving a block out hardly does. The interval is that of Shao & Wu 1989 (delete-d jackknife) with normal quantiles, the
two sets taken as independent. It says how far the value may be off with other pictures of the same number: the bias of
a Fréchet distance between few vectors is in the value, not in the interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BLOCKS = 10
"""At most so many blocks of each set."""
_QUANTILE = 1.959964  # Of the normal distribution at 0.975.

Measure = Callable[[np.ndarray, np.ndarray], float]
"""From two arrays of indices, of the vectors of either set that take part, to a figure."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; low and high are None where there are too few pictures to tell."""

    value: float
    low: float | None = None
    high: float | None = None


def blocks_of(groups: np.ndarray, blocks: int = BLOCKS) -> np.ndarray:
    """(n,) number of its block for every vector: groups (n,), the pictures in their order, put together to at most blocks
    runs of nearly as many groups each."""
    _, ranks = np.unique(groups, return_inverse=True)
    count = int(ranks.max()) + 1 if len(ranks) else 0
    return np.asarray(ranks * min(blocks, count) // max(count, 1))


def jackknife(measure: Measure, groups_a: np.ndarray, groups_b: np.ndarray, smallest: float = -math.inf) -> Estimate:
    """measure over all vectors of both sets, with its interval.

    groups_a (n,), groups_b (m,): the picture of every vector; numbers in the order of time where there is one.
    smallest: below which the figure cannot be.
    """
    a, b = np.arange(len(groups_a)), np.arange(len(groups_b))
    value = measure(a, b)
    without_a = _left_out(lambda kept: measure(kept, b), blocks_of(groups_a))
    without_b = _left_out(lambda kept: measure(a, kept), blocks_of(groups_b))
    if without_a is None or without_b is None:
        return Estimate(value)
    reach = _QUANTILE * math.sqrt(_variance(without_a) + _variance(without_b))
    return Estimate(value, max(value - reach, smallest), value + reach)


def _left_out(measure: Callable[[np.ndarray], float], blocks: np.ndarray) -> list[float] | None:
    """The figure without each block in turn; None with fewer than two, or if one holds all but one vector."""
    numbers = np.unique(blocks)
    kept = [np.flatnonzero(blocks != number) for number in numbers]
    if len(numbers) < 2 or min(map(len, kept)) < 2:
        return None
    return [measure(one) for one in kept]


def _variance(values: list[float]) -> float:
    """Of the figure, from its values without each of g blocks."""
    count = len(values)
    return (count - 1) / count * float(np.square(np.asarray(values) - np.mean(values)).sum())
