"""Robust least squares with two kinds of uncertainty: from the Jacobian, and from drawing the data again.

The Jacobian's covariance takes every residual for an independent draw. Points along one traced edge are not: they err
together. The bootstrap draws whole groups (curves) again and needs no such belief, but is unsteady for few groups.
Intervals here are the wider of the two on each side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, least_squares
from scipy.stats import t as student_t
from tqdm import tqdm

from annotate.errors import InputError, PlafondError
from annotate.lens import Array

Residuals = Callable[[Array], Array]

IMPOSSIBLE_PX = 1e4
"""Residual of numbers that make no lens, so that the search turns back."""
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A number and the 95 % interval around it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.5g} [{self.low:.5g}, {self.high:.5g}]"


@dataclass(frozen=True)
class Solution:
    """Numbers that fit, what they leave over and how sure they are."""

    values: Array
    """(p,)"""
    residuals: Array
    """(n,)"""
    covariance: Array
    """(p, p), from the Jacobian and the size of the residuals."""
    samples: Array
    """(b, p): the numbers found for b redrawn data sets."""
    freedom: int
    """Residuals minus everything that was fitted to them."""

    def interval(self, quantity: Callable[[Array], float]) -> Interval:
        """95 % interval of a quantity of the numbers: the wider of covariance and bootstrap, on each side."""
        value = quantity(self.values)
        half = student_t.ppf((1 + _CONFIDENCE) / 2, max(1, self.freedom)) * self._deviation(quantity, value)
        low, high = value - half, value + half
        if len(self.samples):
            drawn = np.array([quantity(sample) for sample in self.samples])
            tails = np.nanquantile(drawn, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
            low, high = min(low, tails[0]), max(high, tails[1])
        return Interval(value, float(low), float(high))

    def _deviation(self, quantity: Callable[[Array], float], value: float) -> float:
        """Standard deviation of a quantity by linear propagation of the covariance."""
        spread = np.sqrt(np.maximum(np.diag(self.covariance), 0))
        steps = np.where(spread > 0, 0.1 * spread, 1e-9)
        slope = np.array([(quantity(self.values + step) - value) / step.sum() for step in np.diag(steps)])
        slope = np.where(np.isfinite(slope), slope, 0.0)
        return float(np.sqrt(max(0.0, slope @ self.covariance @ slope)))


def solve(
    residuals: Residuals,
    starts: Sequence[Array],
    scales: Array,
    group: np.ndarray,
    fitted_elsewhere: int = 0,
    bootstraps: int = 200,
    outlier_px: float = 1.0,
    seed: int = 0,
) -> Solution:
    """Minimise residuals(values) (n,) px with a loss that grows linearly beyond outlier_px (soft L1).

    starts: places (p,) to begin at; the best end counts. scales (p,): sizes of sensible changes. group (n,): to which
    curve or point a residual belongs, counted from 0; a bootstrap draws groups. fitted_elsewhere: numbers that residuals
    fits on its own (planes), for the degrees of freedom. Raises InputError if there is less data than numbers,
    PlafondError if no lens near the starts fits.
    """
    measured, numbers = len(residuals(starts[0])), len(starts[0]) + fitted_elsewhere
    freedom = measured - numbers
    if freedom < 1:
        raise InputError(
            f"{measured} measurements for {numbers} numbers: trace more or longer edges, give more"
            " points, or free fewer numbers"
        )
    found = min((_minimum(residuals, start, scales, outlier_px) for start in starts), key=lambda result: result.cost)
    if not np.isfinite(found.fun).all() or np.abs(found.fun).max() >= IMPOSSIBLE_PX:
        raise PlafondError("no lens near the start explains the measurements; give another model or start")
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * 2 * found.cost / freedom
    samples = _bootstrap(residuals, found.x, scales, group, bootstraps, outlier_px, seed)
    return Solution(found.x, residuals(found.x), covariance, samples, freedom)


def _minimum(
    residuals: Residuals, start: Array, scales: Array, outlier_px: float, evaluations: int = 100
) -> OptimizeResult:
    return least_squares(
        residuals, start, x_scale=scales, loss="soft_l1", f_scale=outlier_px, max_nfev=evaluations, xtol=1e-9, ftol=1e-9
    )


def _bootstrap(
    residuals: Residuals, at: Array, scales: Array, group: np.ndarray, count: int, outlier_px: float, seed: int
) -> Array:
    """(count, p) numbers fitted to data sets of as many groups, drawn with replacement."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(group == index) for index in range(int(group.max()) + 1)]
    samples = []
    for _ in tqdm(range(count), desc="uncertainty", leave=False):
        rows = np.concatenate([members[index] for index in rng.integers(len(members), size=len(members))])
        drawn = _minimum(_rows_of(residuals, rows), at, scales, outlier_px, 12)
        if np.abs(drawn.fun).max() < IMPOSSIBLE_PX:
            samples.append(drawn.x)
    return np.array(samples).reshape(-1, len(at))


def _rows_of(residuals: Residuals, rows: np.ndarray) -> Residuals:
    return lambda values: residuals(values)[rows]
