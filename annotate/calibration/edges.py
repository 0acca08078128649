"""Edges traced by hand and moved onto the picture's own edge, to a fraction of a pixel.

A person clicks a few points along an edge (a desk, a window frame, a wall); `snap_to_edges` draws a smooth curve
through them, looks across the curve for the steepest change of brightness and returns where it found it. Pixels:
x right, y down, the first pixel's centre at (0.5, 0.5).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from annotate.errors import InputError
from annotate.lens import Array, as_rows

_PROFILE_STEP_PX = 0.25
_BLUR_PX = 0.8
_ALONG_PX = 1.5
"""Brightness is averaged this far to both sides along the edge before its change across the edge is taken."""
_MIN_POINTS = 4
_OUTLIER_SCALE = 3.0


def snap_to_edges(
    image: np.ndarray,
    polyline_px: ArrayLike,
    reach_px: float = 4.0,
    step_px: float = 3.0,
    min_contrast: float = 3.0,
) -> Array:
    """Points (k, 2) on the edge that a rough polyline follows, in px.

    image: HWC uint8 RGB or HW. polyline_px: (n, 2), n >= 2, at most reach_px beside the edge; three or more points are
    joined by a smooth curve. step_px: distance of the points returned. min_contrast: change of grey level (0-255) per
    px below which a place counts as having no edge (something stands in front). Places whose edge runs the other way
    (light on the wrong side) or lies off the line of its neighbours are left out. Raises InputError for a polyline
    that is too short or leaves the picture, and where fewer than four places with an edge remain.
    """
    rough = as_rows(polyline_px, 2, "polyline_px")
    _refuse_bad_polyline(rough, image)
    places, normals = _resampled(rough, step_px)
    offsets = np.arange(-reach_px, reach_px + _PROFILE_STEP_PX / 2, _PROFILE_STEP_PX)
    slopes = _clearest_slopes(image, places, normals, offsets)
    offset, strength = _peaks(slopes, offsets)
    kept = strength >= min_contrast
    kept[kept] = _in_line_with_neighbours(np.flatnonzero(kept).astype(float), offset[kept])
    if kept.sum() < _MIN_POINTS:
        raise InputError(
            f"polyline from {rough[0].tolist()} to {rough[-1].tolist()}: {int(kept.sum())} of {len(places)} places"
            f" lie within {reach_px:g} px of an edge, expected at least {_MIN_POINTS}; trace it closer or drop it"
        )
    return np.asarray(places[kept] + offset[kept, None] * normals[kept])


def sampled(image: np.ndarray, px: Array) -> Array:
    """Brightness (n,) of an HW float32 image at pixels (n, 2), bilinear; the nearest pixel beyond the frame."""
    # OpenCV counts pixel centres at 0.
    x, y = (px - 0.5).astype(np.float32).T
    found = cv2.remap(image, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[0], float)


def _refuse_bad_polyline(rough: Array, image: np.ndarray) -> None:
    if len(rough) < 2 or np.hypot(*np.diff(rough, axis=0).T).min() <= 0:
        raise InputError(f"polyline {rough.tolist()}: expected at least two points, each apart from the one before")
    height, width = image.shape[:2]
    if (rough < 0).any() or (rough > [width, height]).any():
        raise InputError(f"polyline {rough.tolist()}: leaves the picture of {width} x {height} px")


def _clearest_slopes(image: np.ndarray, places: Array, normals: Array, offsets: Array) -> Array:
    """Slopes across the edge in the channel (grey, red, green or blue) that shows it best, turned so that it rises."""
    channels = [image] if image.ndim == 2 else [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), *cv2.split(image)]
    found = []
    for channel in channels:
        smooth = cv2.GaussianBlur(channel.astype(np.float32), (0, 0), _BLUR_PX)
        slopes = _slopes_across(smooth, places, normals, offsets)
        found.append(slopes * _dominant_sign(slopes))
    return max(found, key=lambda slopes: float(np.median(slopes.max(axis=1))))


def _resampled(rough: Array, step_px: float) -> tuple[Array, Array]:
    """Places (k, 2) every step_px along the smooth curve through rough, and its unit normals (k, 2)."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(rough, axis=0).T))])
    curve = CubicSpline(length, rough, bc_type="natural")
    along = np.linspace(0.0, length[-1], max(_MIN_POINTS, round(length[-1] / step_px) + 1))
    tangent = curve(along, 1)
    tangent /= np.hypot(tangent[:, 0], tangent[:, 1])[:, None]
    return np.asarray(curve(along)), np.column_stack([-tangent[:, 1], tangent[:, 0]])


def _slopes_across(grey: np.ndarray, places: Array, normals: Array, offsets: Array) -> Array:
    """(k, m) change of brightness per px along each normal at the offsets."""
    tangents = np.column_stack([normals[:, 1], -normals[:, 0]])
    across = places[:, None] + offsets[None, :, None] * normals[:, None]
    shifted = [across + shift * tangents[:, None] for shift in (-_ALONG_PX, 0.0, _ALONG_PX)]
    profile = sum(sampled(grey, row.reshape(-1, 2)).reshape(across.shape[:2]) for row in shifted) / 3
    return np.asarray(np.gradient(profile, _PROFILE_STEP_PX, axis=1))


def _dominant_sign(slopes: Array) -> float:
    """Whether most of the edge is lighter on the normal's side (1) or on the other (-1)."""
    return 1.0 if slopes.max(axis=1).sum() >= -slopes.min(axis=1).sum() else -1.0


def _peaks(slopes: Array, offsets: Array) -> tuple[Array, Array]:
    """Offset (k,) of the steepest rise, to a fraction of a step (parabola), and its steepness (k,)."""
    best = np.clip(slopes.argmax(axis=1), 1, len(offsets) - 2)
    rows = np.arange(len(slopes))
    before, peak, after = (slopes[rows, best + shift] for shift in (-1, 0, 1))
    bend = before - 2 * peak + after
    fraction = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
    at_end = (slopes.argmax(axis=1) == 0) | (slopes.argmax(axis=1) == len(offsets) - 1)
    return offsets[best] + np.clip(fraction, -1, 1) * _PROFILE_STEP_PX, np.where(at_end, 0.0, peak)


def _in_line_with_neighbours(along: Array, offset: Array) -> np.ndarray:
    """Which offsets follow a smooth curve (a cubic at most) along the edge; the others caught something else."""
    kept = np.ones(len(along), bool)
    for _ in range(6):
        if kept.sum() < _MIN_POINTS:
            break
        degree = min(3, max(1, int(kept.sum()) // 4))
        smooth = np.polynomial.Polynomial.fit(along[kept], offset[kept], degree)
        off = np.abs(offset - smooth(along))
        kept = off <= max(0.3, _OUTLIER_SCALE * 1.4826 * float(np.median(off[kept])))
    return kept
