"""Numerical inverses that lens models share: the first root of a polynomial, and of an increasing function its inverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_KNOTS = 1025
_ROUNDING = 8 * float(np.finfo(float).eps)
"""Relative rounding of a polynomial's value: nearer than this is no matter of the method."""


def polynomial(coefficients: Sequence[float], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """sum_i coefficients[i] x^i by Horner's scheme; lowest power first."""
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value


def first_positive_root(coefficients: Sequence[float]) -> float | None:
    """Smallest x > 0 at which sum_i coefficients[i] x^i (lowest power first) is zero; None if there is none."""
    roots = np.roots(np.asarray(coefficients, float)[::-1])
    real = np.abs(roots.imag) < 1e-9 * np.maximum(1.0, np.abs(roots))
    positive = roots.real[real & (roots.real > 0)]
    return float(positive.min()) if positive.size else None


def invert_increasing(
    function: Function, slope: Function, targets: NDArray[np.float64], upper: float
) -> NDArray[np.float64]:
    """(n,) x in [0, upper] with function(x) = targets, to the last digits of float64, also where the slope vanishes.

    function grows strictly from function(0) = 0; targets lie in [0, function(upper)]. Newton's method inside a bracket
    from a table: a step that leaves the bracket (the slope may almost vanish at the end) becomes a bisection.
    """
    knots = np.linspace(0.0, upper, _KNOTS)
    heights = function(knots)
    cell = np.clip(np.searchsorted(heights, targets) - 1, 0, _KNOTS - 2)
    low, high = knots[cell], knots[cell + 1]
    x = np.asarray(np.interp(targets, heights, knots))
    open_ = np.arange(len(x))
    for _ in range(80):
        excess = function(x[open_]) - targets[open_]
        near = (np.abs(excess) <= _ROUNDING * targets[open_]) | (high[open_] - low[open_] <= _ROUNDING * high[open_])
        open_, excess = open_[~near], excess[~near]
        if not len(open_):
            break
        here = x[open_]
        low[open_] = np.where(excess < 0, here, low[open_])
        high[open_] = np.where(excess > 0, here, high[open_])
        step = here - excess / np.maximum(slope(here), 1e-300)
        inside = (step > low[open_]) & (step < high[open_])
        x[open_] = np.where(inside, step, (low[open_] + high[open_]) / 2)
    return x
