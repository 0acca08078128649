"""Where garments end: scalar fields over the chart, positive where cloth is, zero along its edges.

All in metres on the canonical body (an average adult, floor at 0, hips near 0.98, shoulders near 1.47, chin near 1.60).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assets.humans.chart import Chart
from assets.humans.surface import Surface, cut

NECK_CENTRE_M = np.array([0.0, -0.02, 1.56])
NECK_OVERLAP_M = 0.03
"""How much further the skin goes on below a neckline than below other edges, for cameras look into it from above."""

Field = Callable[[Chart], np.ndarray]
"""(n,) signed field over a chart, canonical metres, positive where the garment is."""


def ramp(value: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 up to start, 1 from end on, smooth between."""
    share = np.clip((value - start) / (end - start), 0, 1)
    return share * share * (3 - 2 * share)


def above(height_m: float) -> Field:
    """Trunk and legs above a height; arms always, for they hang lower than they belong."""
    return lambda chart: np.where(chart.is_arm, 1.0, chart.place_m[:, 2] - height_m)


def below(height_m: float) -> Field:
    """Trunk and legs below a height; arms never."""
    return lambda chart: np.where(chart.is_arm, -0.2, height_m - chart.place_m[:, 2])


def sleeve(length_m: float) -> Field:
    return lambda chart: length_m - chart.arm_m


def neck_radius(chart: Chart) -> np.ndarray:
    """(n,) distance from the middle of the neck's base, 1 on an ellipsoid that meets the skin along a close collar."""
    offset = chart.place_m - NECK_CENTRE_M
    depth = np.where(offset[:, 1] > 0, 0.055, 0.095)
    return np.sqrt((offset[:, 0] / 0.085) ** 2 + (offset[:, 1] / depth) ** 2 + (offset[:, 2] / 0.075) ** 2)


def round_neck(width: float) -> Field:
    """Outside the neck's ellipsoid scaled by width, and below the head."""
    return all_of(lambda chart: (neck_radius(chart) - width) * 0.08, collar_edge(1.60, 0.4))


def collar_edge(height_m: float = 1.562, slope: float = 0.55) -> Field:
    """Below a plane across the neck that falls to the front; the shoulders are always below."""
    return lambda chart: np.maximum(
        height_m + slope * (chart.place_m[:, 1] + 0.02) - chart.place_m[:, 2],
        np.minimum(0.08 * (neck_radius(chart) - 1.1), 1.585 - chart.place_m[:, 2]),
    )


def front_opening(bottom_m: float, top_m: float, width_m: float, gap_m: float = 0.0) -> Field:
    """Outside a V on the front that starts at bottom_m and is width_m half wide at top_m; gap_m below it as well."""

    def field(chart: Chart) -> np.ndarray:
        x, y, z = chart.place_m.T
        half = gap_m + (width_m - gap_m) * np.clip((z - bottom_m) / (top_m - bottom_m), -0.5 * (gap_m == 0), 1.2)
        front = ramp(-y, -0.01, 0.05)
        return np.where(chart.is_arm, 0.2, np.abs(x) + 0.2 * (1 - front) - half * front)

    return field


def all_of(*fields: Field) -> Field:
    return lambda chart: np.minimum.reduce([field(chart) for field in fields])


def cut_all(surface: Surface, *fields: Field) -> Surface:
    for field in fields:
        surface = cut(surface, field(surface.chart))
    return surface


def nothing(chart: Chart) -> np.ndarray:
    """Covers nothing."""
    return np.full(len(chart.arm_m), -1.0)


def covering(neckline: tuple[Field, ...], *others: Field) -> Field:
    """What a garment with this neckline covers."""
    neck = all_of(*neckline)
    return all_of(lambda chart: neck(chart) - NECK_OVERLAP_M, *others)
