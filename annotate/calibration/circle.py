"""The lens's circle in a picture, also where the frame cuts most of it off; a first lens from it.

What lies outside the circle is dark and reaches a corner of the frame (a circle leaves no other kind of remainder of a
rectangle). Spokes run outwards from the middle of the frame; on those that end in such a corner the circle's edge is
half way down the fall of brightness. A circle is fitted to these places by RANSAC, then by least squares. Pixels: the
first pixel's centre is at (0.5, 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from annotate.calibration.edges import sampled
from annotate.calibration.solve import Interval
from annotate.errors import InputError
from annotate.lens import Array, LensModel, as_rows, lens_from_dict

_SPOKES = 3600
_SMALLEST_PX = 8
_STEP_PX = 0.25
_INSIDE_PX = (4.0, 20.0)
"""Brightness inside is the median over this stretch before the edge: the fall itself lies closer."""
_MIN_FALL = 20.0
"""Grey levels between inside and outside."""
_GAP_SPOKES = 20
_MIN_SPOKES = 12
_INLIER_PX = 2.5
_ARC_SPOKES = 20
_ARC_ERROR_PX = 0.5
"""Neighbouring spokes err together (the rim is a soft shade, something dark hangs in it): uncertainty is that of arcs of
this many spokes, each shifted as a whole by a normal error of at least this much."""
_MAX_RELATIVE_INTERVAL = 0.1


@dataclass(frozen=True)
class CircleFit:
    """The circle that a lens fills, with 95 % intervals."""

    centre_px: tuple[Interval, Interval]
    """x and y."""
    radius_px: Interval
    rms_px: float
    """Of the edge points that belong to the circle."""
    points_px: Array
    """(n, 2) edge points used."""
    seen_deg: float
    """How many of the 360 degrees of the circle's outline lie in the frame and were found."""

    def __str__(self) -> str:
        x, y = self.centre_px
        return (
            f"circle: centre x {x}, y {y}, radius {self.radius_px} px (95 % intervals), rms {self.rms_px:.2f} px over"
            f" {len(self.points_px)} edge points, {self.seen_deg:.0f} of 360 deg of its outline seen"
        )


def fit_circle(image: np.ndarray, bootstraps: int = 200, seed: int = 0) -> CircleFit:
    """The circle that the lens fills in a picture, HWC uint8 RGB or HW; its centre must lie in the frame.

    Of several pictures of one camera give the brightest value of each pixel. Raises InputError if no dark surround is
    seen, or too little of it to tell a circle.
    """
    grey = image if image.ndim == 2 else image.max(axis=2)
    if min(grey.shape) < _SMALLEST_PX:
        raise InputError(f"a picture of {grey.shape[1]} x {grey.shape[0]} px: too small to find a circle in it")
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    edge = _edge_points(smooth)
    if len(edge) < _MIN_SPOKES:
        raise InputError(
            f"the dark surround of a lens's circle was found on {len(edge)} of {_SPOKES} spokes, expected at least"
            f" {_MIN_SPOKES}: the circle lies outside the frame, or the surround is not dark; give --circle X Y RADIUS"
        )
    rng = np.random.default_rng(seed)
    points = edge[_ransac(edge, (image.shape[1], image.shape[0]), rng)]
    found = _least_squares_circle(points)
    samples = _under_shifted_arcs(points, found, bootstraps, rng)
    intervals = [_spread(value, drawn) for value, drawn in zip(found, samples.T, strict=True)]
    if intervals[2].high - intervals[2].low > _MAX_RELATIVE_INTERVAL * found[2]:
        raise InputError(
            f"the {len(points)} places found on the circle's edge leave its radius anywhere in {intervals[2]} px: too"
            " little of the outline is in the frame; give --circle X Y RADIUS"
        )
    rms = float(np.sqrt(np.mean(np.square(_distances(found, points)))))
    angles = np.degrees(np.arctan2(*(points - found[:2]).T[::-1]))
    return CircleFit((intervals[0], intervals[1]), intervals[2], rms, points, float(len(np.unique(np.floor(angles)))))


def circle_through(points_px: ArrayLike) -> tuple[float, float, float]:
    """Centre x, y and radius of the circle nearest to three or more points clicked on the rim, px."""
    points = as_rows(points_px, 2, "points_px")
    if len(points) < 3:
        raise InputError(f"{len(points)} points: a circle needs at least 3 on its outline")
    x, y, radius = _least_squares_circle(points)
    return float(x), float(y), float(radius)


def lens_from_circle(
    centre_px: tuple[float, float],
    radius_px: float,
    size: tuple[int, int],
    max_theta_deg: float,
    model: str = "equidistant",
) -> LensModel:
    """The lens of a one-number model that shows max_theta_deg (half the field of view) at the circle.

    model: equidistant, equisolid, stereographic or orthographic. Raises InputError for another one.
    """
    data: Mapping[str, Any] = {
        "model": model,
        "width_px": size[0],
        "height_px": size[1],
        "cx_px": centre_px[0],
        "cy_px": centre_px[1],
        "max_theta_deg": max_theta_deg,
    }
    if radius_px <= 0:
        raise InputError(f"radius {radius_px:g} px of the circle: expected a number above 0")
    if model not in _ONE_NUMBER:
        raise InputError(
            f'a circle alone fits {", ".join(_ONE_NUMBER)}; "{model}" has more numbers: trace lines as well'
        )
    return lens_from_dict({**data, "f_px": radius_px / _ONE_NUMBER[model](math.radians(max_theta_deg))})


_ONE_NUMBER = {
    "equidistant": lambda theta: theta,
    "equisolid": lambda theta: 2 * math.sin(theta / 2),
    "stereographic": lambda theta: 2 * math.tan(theta / 2),
    "orthographic": math.sin,
}
"""Radius at focal length 1 for an angle in rad."""


def _edge_points(smooth: np.ndarray) -> Array:
    """(n, 2) px: on each spoke that ends in a dark corner the place where brightness has fallen half way."""
    middle = np.array(smooth.shape[::-1]) / 2
    angles = np.linspace(-math.pi, math.pi, _SPOKES, endpoint=False)
    ways = np.column_stack([np.cos(angles), np.sin(angles)])
    reach = np.min((middle - 0.5) / np.maximum(np.abs(ways), 1e-12), axis=1)
    dark = float(sampled(smooth, middle + reach[:, None] * ways).min())
    fall = np.array([_fall(smooth, middle, way, end, dark) for way, end in zip(ways, reach, strict=True)])
    used = _around_corners(np.isfinite(fall), angles, middle)
    return np.asarray(middle + fall[used, None] * ways[used])


def _fall(smooth: np.ndarray, middle: Array, way: Array, end: float, dark: float) -> float:
    """Distance at which a spoke falls below half for good; NaN if it ends in the light."""
    along = np.arange(end / 4, end, _STEP_PX)
    profile = sampled(smooth, middle + along[:, None] * way)
    lighter = np.flatnonzero(profile > dark + _MIN_FALL)
    if not len(lighter):
        return float("nan")
    near, far = (round(distance / _STEP_PX) for distance in _INSIDE_PX)
    inside = float(np.median(profile[max(0, lighter[-1] - far) : max(1, lighter[-1] - near)]))
    half = (inside + dark) / 2
    above = np.flatnonzero(profile > half)
    if inside - dark < _MIN_FALL or not len(above) or above[-1] + 1 >= len(profile):
        return float("nan")
    before, after = profile[above[-1]], profile[above[-1] + 1]
    return float(along[above[-1]] + _STEP_PX * (before - half) / (before - after))


def _around_corners(ends_dark: np.ndarray, angles: Array, middle: Array) -> np.ndarray:
    """Which spokes belong to a dark stretch of the frame's border that holds a corner; small gaps do not end it."""
    used = np.zeros(len(angles), bool)
    for sign_x, sign_y in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        corner = int(np.argmin(np.abs(angles - math.atan2(sign_y * middle[1], sign_x * middle[0]))))
        for step in (1, -1):
            missed = 0
            for place in range(corner, corner + step * len(angles), step):
                missed = 0 if ends_dark[place % len(angles)] else missed + 1
                if missed > _GAP_SPOKES:
                    break
                used[place % len(angles)] |= missed == 0
    return used


def _ransac(points: Array, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Which points lie on the circle that most of them agree on, of those whose centre lies well inside the frame."""
    best = np.zeros(len(points), bool)
    for _ in range(1000):
        circle = _through_three(points[rng.choice(len(points), 3, replace=False)])
        if circle is not None and _plausible(circle, size):
            near = np.abs(_distances(circle, points)) < _INLIER_PX
            best = near if near.sum() > best.sum() else best
    if best.sum() < _MIN_SPOKES:
        raise InputError(f"the edge of the dark surround is no circle: {int(best.sum())} of {len(points)} places agree")
    return np.abs(_distances(_least_squares_circle(points[best]), points)) < _INLIER_PX


def _plausible(circle: Array, size: tuple[int, int]) -> bool:
    off_middle = np.abs(circle[:2] / np.array(size) - 0.5)
    return bool((off_middle < 0.3).all() and 0.25 * min(size) < circle[2] < max(size))


def _through_three(points: Array) -> Array | None:
    system = np.column_stack([2 * points, np.ones(3)])
    if abs(np.linalg.det(system)) < 1e-6:
        return None
    x, y, rest = np.linalg.solve(system, np.square(points).sum(axis=1))
    return np.array([x, y, math.sqrt(max(0.0, rest + x * x + y * y))])


def _least_squares_circle(points: Array, start: Array | None = None) -> Array:
    """(3,) centre and radius: algebraic (Kasa) start, then geometric distances with a robust loss."""
    if start is None:
        system = np.column_stack([2 * points, np.ones(len(points))])
        x, y, rest = np.linalg.lstsq(system, np.square(points).sum(axis=1), rcond=None)[0]
        start = np.array([x, y, math.sqrt(max(1e-12, rest + x * x + y * y))])
    return np.asarray(least_squares(_distances, start, args=(points,), loss="soft_l1").x)


def _distances(circle: Array, points: Array) -> Array:
    return np.asarray(np.hypot(points[:, 0] - circle[0], points[:, 1] - circle[1]) - circle[2])


def _under_shifted_arcs(points: Array, circle: Array, count: int, rng: np.random.Generator) -> Array:
    """(count, 3) circles through the points with every arc of neighbours moved in or out by one normal error.

    The errors are small against the circle, so that its numbers follow them in proportion.
    """
    outwards = (points - circle[:2]) / np.hypot(*(points - circle[:2]).T)[:, None]
    follow = np.linalg.pinv(np.column_stack([outwards, np.ones(len(points))]))
    error = max(_ARC_ERROR_PX, float(np.sqrt(np.mean(np.square(_distances(circle, points))))))
    arcs = np.array_split(np.arange(len(points)), max(3, len(points) // _ARC_SPOKES))
    member = np.repeat(np.arange(len(arcs)), [len(arc) for arc in arcs])
    return np.asarray(circle + rng.normal(0.0, error, (count, len(arcs)))[:, member] @ follow.T)


def _spread(value: float, drawn: Array) -> Interval:
    return Interval(float(value), *(float(bound) for bound in np.quantile(drawn, [0.025, 0.975])))
