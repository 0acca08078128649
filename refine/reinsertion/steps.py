"""Steps: differences of neighbouring pixels, in levels (0-255) per pixel, by which borders are seen or not.

The largest of the three colours counts. Both the blend, which hides borders, and the measure that finds them rest on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

UNSEEN_LEVELS = 10.0
"""Levels per pixel that nobody notices beside a sensor's noise, however flat the person."""

Pairs = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Of an H x W image: chosen pairs of left and right (H x W-1), and of upper and lower neighbours (H-1 x W)."""


def neighbour_steps(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Differences of neighbouring pixels of an HWC image, the largest of the colours: H x (W-1) and (H-1) x W."""
    across, down = np.abs(np.diff(image, axis=1)), np.abs(np.diff(image, axis=0))
    return across.max(axis=2), down.max(axis=2)


def both(flags: NDArray[np.bool_]) -> Pairs:
    """The pairs whose two pixels are both True; flags: HW."""
    return flags[:, 1:] & flags[:, :-1], flags[1:] & flags[:-1]


def either(flags: NDArray[np.bool_]) -> Pairs:
    """The pairs of which at least one pixel is True; flags: HW."""
    return flags[:, 1:] | flags[:, :-1], flags[1:] | flags[:-1]


def largest_step(steps: Sequence[NDArray[np.float32]], chosen: Sequence[NDArray[np.bool_]]) -> float:
    """The largest of the chosen steps, 0 where none is chosen."""
    return max(float(step.max(initial=0.0, where=where)) for step, where in zip(steps, chosen, strict=True))
