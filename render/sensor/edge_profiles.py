"""What edges of a picture tell of its lens: their width, the halos beside them, the shift between their colours.

Edges are strong, straight and free of neighbours within 9 px; widths and shifts are in px of a picture whose longer
side is 640 px. Share: distance from the circle's centre over its radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from render.sensor.noise import LUMA

_REACH_PX = 9.0
"""An edge's profile runs this far to both sides."""
_PLATEAU_PX = 5.5
"""From here on it has to be flat."""
_STEP_PX = 0.25
_ALONG_PX = np.linspace(-2.5, 2.5, 7)
_MAX_EDGES = 1500
_CONTRAST = (0.12, 0.75)
"""Encoded levels between the two sides: less is noise, more is clipped."""
_LEVELS = (0.06, 0.94)
"""Both sides lie within these: what is clipped has no halo."""
_MAX_UNEVENNESS = 0.06
"""Standard deviation of either plateau over the step."""
_MIN_COHERENCE = 0.9
Array = np.ndarray


@dataclass(frozen=True)
class EdgeProfiles:
    """n edges. share (n,). outwards (n,): cosine between the way up the edge and the radius. places_px (m,).

    profiles: (n, m, 3) encoded RGB from the dark side to the bright one.
    """

    share: Array
    outwards: Array
    places_px: Array
    profiles: Array

    def between(self, low: float, high: float) -> EdgeProfiles:
        """The edges whose share lies there."""
        return self.where((self.share >= low) & (self.share < high))

    def where(self, chosen: Array) -> EdgeProfiles:
        return EdgeProfiles(self.share[chosen], self.outwards[chosen], self.places_px, self.profiles[chosen])


def edge_profiles(picture: Array, centre_px: tuple[float, float], radius_px: float) -> EdgeProfiles:
    """The isolated straight edges of a picture, HWC uint8 RGB, within the circle."""
    unit = max(picture.shape[:2]) / 640
    encoded = picture.astype(np.float32) / 255
    x, y, up_x, up_y = _candidates(encoded @ LUMA, unit, centre_px, radius_px)
    across = np.arange(-_REACH_PX, _REACH_PX + _STEP_PX / 2, _STEP_PX)
    profiles = _sampled(encoded, (x, y), (up_x, up_y), across * unit, _ALONG_PX * unit)
    away_x, away_y = x + 0.5 - centre_px[0], y + 0.5 - centre_px[1]
    radius = np.maximum(np.hypot(away_x, away_y), 1e-9)
    outwards = (away_x * up_x + away_y * up_y) / radius
    found = EdgeProfiles(radius / radius_px, outwards, across, profiles)
    return found.where(_is_step(found))


def width_px(edges: EdgeProfiles) -> Array:
    """(n,) distance in which brightness climbs from 10 to 90 % of the step, halos left out."""
    levels = _normalised(edges.profiles @ LUMA, edges.places_px)
    middle = _crossing(levels, edges.places_px, 0.5)
    return np.asarray(_crossing(levels, edges.places_px, 0.9, middle) - _crossing(levels, edges.places_px, 0.1, middle))


def overshoot(edges: EdgeProfiles) -> Array:
    """(n,) mean height of the halos on both sides over the step."""
    levels = _normalised(edges.profiles @ LUMA, edges.places_px)
    return np.asarray(((levels.max(axis=1) - 1) - levels.min(axis=1)) / 2)


def radial_shift_px(edges: EdgeProfiles, channel: int) -> Array:
    """(n,) how far the channel's edge lies outwards of green's, of edges across the radius, divided by the share."""
    crossings = [
        _crossing(_normalised(edges.profiles[..., which], edges.places_px), edges.places_px, 0.5)
        for which in (channel, 1)
    ]
    return np.asarray((crossings[0] - crossings[1]) / (edges.outwards * edges.share))


def _candidates(
    brightness: Array, unit: float, centre_px: tuple[float, float], radius_px: float
) -> tuple[Array, Array, Array, Array]:
    """OpenCV's place x, y and unit way up x, y of the strongest ridges of the gradient, no two within 4 px."""
    smooth = cv2.GaussianBlur(brightness, (0, 0), 1.0 * unit)
    slope_x, slope_y = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(smooth, cv2.CV_32F, 0, 1) / 8
    strength = np.hypot(slope_x, slope_y)
    side = 2 * round(2 * unit) + 1
    ridge = strength >= cv2.dilate(strength, np.ones((side, side), np.uint8))
    y, x = np.nonzero(ridge & (strength > _CONTRAST[0] / (8 * unit)) & _coherent(slope_x, slope_y, unit))
    inside = np.hypot(x + 0.5 - centre_px[0], y + 0.5 - centre_px[1]) < 0.96 * radius_px
    margin = _REACH_PX * unit
    inside &= (x > margin) & (y > margin)
    inside &= (x < brightness.shape[1] - 1 - margin) & (y < brightness.shape[0] - 1 - margin)
    x, y = x[inside], y[inside]
    chosen = np.argsort(-strength[y, x], kind="stable")[: 4 * _MAX_EDGES]
    x, y = x[chosen], y[chosen]
    length = strength[y, x]
    return x.astype(float), y.astype(float), slope_x[y, x] / length, slope_y[y, x] / length


def _coherent(slope_x: Array, slope_y: Array, unit: float) -> Array:
    """HW: where the structure tensor over 2.5 px says that all slopes point one way."""
    xx, yy, xy = (
        cv2.GaussianBlur(product, (0, 0), 2.5 * unit)
        for product in (slope_x * slope_x, slope_y * slope_y, slope_x * slope_y)
    )
    return np.asarray(np.hypot(xx - yy, 2 * xy) > _MIN_COHERENCE * (xx + yy))


def _sampled(encoded: Array, place: tuple[Array, Array], up: tuple[Array, Array], across: Array, along: Array) -> Array:
    """(n, m, 3) values across each edge, averaged along it."""
    x = place[0][:, None, None] + up[0][:, None, None] * across[:, None] - up[1][:, None, None] * along
    y = place[1][:, None, None] + up[1][:, None, None] * across[:, None] + up[0][:, None, None] * along
    rows = len(across) * len(along)
    shape = (len(place[0]), rows)
    where = x.reshape(shape).astype(np.float32), y.reshape(shape).astype(np.float32)
    if len(place[0]) == 0:
        return np.zeros((0, len(across), 3), np.float32)
    values = [  # cv2.remap takes at most 32,767 rows
        cv2.remap(encoded, where[0][k : k + 30000], where[1][k : k + 30000], cv2.INTER_LINEAR)
        for k in range(0, len(place[0]), 30000)
    ]
    return np.concatenate(values).reshape(-1, len(across), len(along), 3).mean(axis=2)


def _is_step(edges: EdgeProfiles) -> Array:
    """(n,) whether a profile is one step between two flat sides within the sensor's range."""
    brightness = edges.profiles @ LUMA
    low, high, unevenness = _plateaus(brightness, edges.places_px)
    step = high - low
    fits = (step > _CONTRAST[0]) & (step < _CONTRAST[1]) & (low > _LEVELS[0]) & (high < _LEVELS[1])
    return np.asarray(fits & (unevenness < _MAX_UNEVENNESS * step + 0.004))


def _plateaus(values: Array, places_px: Array) -> tuple[Array, Array, Array]:
    """Level of the dark side (n,), of the bright one, and the larger standard deviation on either."""
    before, after = values[:, places_px < -_PLATEAU_PX], values[:, places_px > _PLATEAU_PX]
    unevenness = np.maximum(before.std(axis=1), after.std(axis=1))
    return np.median(before, axis=1), np.median(after, axis=1), unevenness


def _normalised(values: Array, places_px: Array) -> Array:
    """(n, m) profiles with the dark side at 0 and the bright one at 1."""
    low, high, _ = _plateaus(values, places_px)
    step = high - low
    return np.asarray((values - low[:, None]) / np.where(np.abs(step) < 0.03, np.nan, step)[:, None])


def _crossing(levels: Array, places_px: Array, level: float, near: Array | None = None) -> Array:
    """(n,) place where each profile climbs through the level, nearest to `near` (the middle); NaN if nowhere."""
    climbs = (levels[:, :-1] < level) & (levels[:, 1:] >= level)
    rise = np.where(climbs, levels[:, 1:] - levels[:, :-1], 1.0)
    places = places_px[:-1] + (level - levels[:, :-1]) / rise * (places_px[1] - places_px[0])
    target = np.zeros(len(levels)) if near is None else np.nan_to_num(near)
    distance = np.where(climbs, np.abs(places - target[:, None]), np.inf)
    if distance.shape[0] == 0:
        return np.zeros(0)
    nearest = distance.argmin(axis=1)
    rows = np.arange(len(levels))
    return np.where(np.isfinite(distance[rows, nearest]), places[rows, nearest], np.nan)
