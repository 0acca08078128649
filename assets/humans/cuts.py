"""Where garments end: scalar fields over the chart, positive where cloth is, zero along its edges.

All in metres on the canonical body (an average adult, floor at 0, hips near 0.98, shoulders near 1.47, chin near 1.60).
The same arguments give the same field, so that fields serve as keys: what is cut along a field is cut once (pieces.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from assets.humans.chart import Chart
from assets.humans.surface import Surface, cut

NECK_CENTRE_M = np.array([0.0, -0.02, 1.56])
NECK_OVERLAP_M = 0.03
"""How much further the skin goes on below a neckline than below other edges, for cameras look into it from above."""

Field = Callable[[Chart], np.ndarray]
"""(n,) signed field over a chart, canonical metres, positive where the garment is."""

_remembered = lru_cache(maxsize=1024)


def ramp(value: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 up to start, 1 from end on, smooth between."""
    share = np.clip((value - start) / (end - start), 0, 1)
    return share * share * (3 - 2 * share)


def stepped(value: float, step: float) -> float:
    """The value rounded to a multiple of step: so that cuts recur."""
    return round(round(value / step) * step, 4)


@lru_cache(maxsize=512)
def values_on(field: Field, chart: Chart) -> np.ndarray:
    """(n,) float32 of the field; remembered, so for charts that last."""
    return np.asarray(field(chart), np.float32)


@_remembered
def above(height_m: float) -> Field:
    """Trunk and legs above a height; arms always, for they hang lower than they belong."""
    return lambda chart: np.where(chart.is_arm, 1.0, chart.place_m[:, 2] - height_m)


@_remembered
def below(height_m: float) -> Field:
    """Trunk and legs below a height; arms never."""
    return lambda chart: np.where(chart.is_arm, -0.2, height_m - chart.place_m[:, 2])


@_remembered
def sleeve(length_m: float) -> Field:
    return lambda chart: length_m - chart.arm_m


@_remembered
def cuff(length_m: float, width_m: float) -> Field:
    """A band around the arm that ends at length_m."""
    return lambda chart: np.minimum(length_m - chart.arm_m, chart.arm_m - length_m + width_m)


def neck_radius(chart: Chart) -> np.ndarray:
    """(n,) distance from the middle of the neck's base, 1 on an ellipsoid that meets the skin along a close collar."""
    offset = chart.place_m - NECK_CENTRE_M
    depth = np.where(offset[:, 1] > 0, 0.055, 0.095)
    return np.sqrt((offset[:, 0] / 0.085) ** 2 + (offset[:, 1] / depth) ** 2 + (offset[:, 2] / 0.075) ** 2)


@_remembered
def round_neck(width: float) -> Field:
    """Outside the neck's ellipsoid scaled by width, and below the head."""
    return all_of(outside_neck(width), collar_edge(1.585, 0.4))


@_remembered
def outside_neck(width: float) -> Field:
    """Outside the neck's ellipsoid scaled by width."""
    return lambda chart: (neck_radius(chart) - width) * 0.08


@_remembered
def near_neck(width: float, behind: float = 0.0) -> Field:
    """Inside the neck's ellipsoid scaled by width, which grows by behind per metre on the back."""
    return lambda chart: (width + behind * np.maximum(chart.place_m[:, 1], 0) - neck_radius(chart)) * 0.08


@_remembered
def collar_edge(height_m: float = 1.562, slope: float = 0.55) -> Field:
    """Below a plane across the neck that falls to the front; the shoulders are always below."""
    return lambda chart: np.maximum(
        height_m + slope * (chart.place_m[:, 1] + 0.02) - chart.place_m[:, 2],
        np.minimum(0.08 * (neck_radius(chart) - 1.1), 1.585 - chart.place_m[:, 2]),
    )


@_remembered
def front_opening(bottom_m: float, top_m: float, width_m: float, gap_m: float = 0.0) -> Field:
    """Outside a V on the front that starts at bottom_m and is width_m half wide at top_m; gap_m below it as well."""

    def field(chart: Chart) -> np.ndarray:
        x, y, z = chart.place_m.T
        half = gap_m + (width_m - gap_m) * np.clip((z - bottom_m) / (top_m - bottom_m), -0.5 * (gap_m == 0), 1.2)
        front = ramp(-y, -0.01, 0.05)
        return np.where(chart.is_arm, 0.2, np.abs(x) + 0.2 * (1 - front) - half * front)

    return field


@_remembered
def lapel(opening: Field) -> Field:
    """A band along the upper part of a front opening, wider towards the shoulder."""

    def field(chart: Chart) -> np.ndarray:
        z = chart.place_m[:, 2]
        return np.where(z > 1.15, 0.06 * ramp(z, 1.18, 1.42) - opening(chart), -1.0)

    return field


@_remembered
def front_strip(half_width_m: float, bottom_m: float, top_m: float, widening: float = 0.0) -> Field:
    """An upright strip on the middle of the chest; half_width_m at its top, wider by widening per metre below."""

    def field(chart: Chart) -> np.ndarray:
        x, y, z = chart.place_m.T
        half = half_width_m + widening * np.clip(top_m - z, 0, None)
        inside = np.minimum(half - np.abs(x), np.minimum(z - bottom_m, top_m - z))
        return np.where(chart.is_arm | (y > 0), -0.05, inside)

    return field


@_remembered
def patch(x_m: float, z_m: float, width_m: float, height_m: float, front: bool = True, both: bool = False) -> Field:
    """A rectangle on the front (or the back) of trunk or legs, around x_m, z_m; mirrored as well if both."""

    def field(chart: Chart) -> np.ndarray:
        x, y, z = chart.place_m.T
        aside = np.abs(np.abs(x) - x_m) if both else np.abs(x - x_m)
        inside = np.minimum(width_m / 2 - aside, height_m / 2 - np.abs(z - z_m))
        return np.where(chart.is_arm | ((y > -0.02) if front else (y < 0.02)), -0.05, inside)

    return field


@_remembered
def band(bottom_m: float, top_m: float) -> Field:
    """Around trunk or legs between two heights."""
    return all_of(above(bottom_m), below(top_m))


@_remembered
def sash(half_width_m: float, shoulder_x_m: float, hip_x_m: float) -> Field:
    """A strap over one shoulder to a hip, around the trunk: near the plane through both and the trunk's depth."""
    shoulder, hip = np.array([shoulder_x_m, 1.50]), np.array([hip_x_m, 0.95])
    along = (hip - shoulder) / np.linalg.norm(hip - shoulder)
    aside = np.array([-along[1], along[0]])

    def field(chart: Chart) -> np.ndarray:
        distance = np.abs((chart.place_m[:, [0, 2]] - shoulder) @ aside)
        inside = np.minimum(half_width_m - distance, chart.place_m[:, 2] - 0.93)
        return np.where(chart.arm_m > 0.06, -0.05, inside)

    return field


@_remembered
def shoulder_straps(x_m: float, half_width_m: float, bottom_m: float) -> Field:
    """Two straps that go over the shoulders, down the chest to bottom_m and down the back."""

    def field(chart: Chart) -> np.ndarray:
        x, _, z = chart.place_m.T
        outwards = x_m + 0.05 * ramp(1.42 - z, 0.0, 0.2)
        inside = np.minimum(half_width_m - np.abs(np.abs(x) - outwards), z - bottom_m)
        return np.where(chart.arm_m > 0.03, -0.05, np.minimum(inside, 1.56 - z))

    return field


@_remembered
def all_of(*fields: Field) -> Field:
    return lambda chart: np.minimum.reduce([field(chart) for field in fields])


@_remembered
def any_of(*fields: Field) -> Field:
    return lambda chart: np.maximum.reduce([field(chart) for field in fields])


def cut_all(surface: Surface, *fields: Field) -> Surface:
    for field in fields:
        surface = cut(surface, field(surface.chart))
    return surface


def nothing(chart: Chart) -> np.ndarray:
    """Covers nothing."""
    return np.full(len(chart.arm_m), -1.0)


@_remembered
def covering(neckline: tuple[Field, ...], *others: Field) -> Field:
    """What a garment with this neckline covers."""
    neck = all_of(*neckline)
    return all_of(lambda chart: neck(chart) - NECK_OVERLAP_M, *others)
