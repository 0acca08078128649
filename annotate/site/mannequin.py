"""Plain people to measure a site by: upright or seated, of a given height, as convex parts in world metres.

Proportions are shares of the standing height (Winter, Biomechanics and Motor Control of Human Movement, fig. 4.1):
hip 0.530, knee 0.285, shoulder 0.818, chin 0.870, upper leg 0.245, shoulders 0.259 wide, hips 0.191 wide.
"""

from __future__ import annotations

import math

import numpy as np

_SPHERE = 10
"""A ball is given by 2 x 10 x 10 points."""


def standing(place_m: tuple[float, float], height_m: float, direction_rad: float = 0.0) -> list[np.ndarray]:
    """Parts (n, 3) of somebody who stands at x, y and looks along direction_rad (from +X, counter-clockwise)."""
    h = height_m
    side = 0.055 * h
    parts = [capsule((0.0, lean, 0.045 * h), (0.0, lean, 0.50 * h), 0.042 * h) for lean in (-side, side)]
    parts += [capsule((-0.03 * h, lean, 0.03 * h), (0.09 * h, lean, 0.03 * h), 0.03 * h) for lean in (-side, side)]
    parts += _trunk(h, 0.52 * h)
    parts += [capsule((0.02 * h, lean, 0.45 * h), (0.0, lean, 0.79 * h), 0.027 * h) for lean in (-0.135 * h, 0.135 * h)]
    return [_placed(part, place_m, direction_rad) for part in parts]


def seated(
    place_m: tuple[float, float], height_m: float, seat_m: float, direction_rad: float = 0.0
) -> list[np.ndarray]:
    """Parts (n, 3) of somebody of that standing height on a seat: thighs level, feet on the floor before it."""
    h, side, thigh = height_m, 0.055 * height_m, 0.245 * height_m
    level = seat_m + 0.05 * h
    parts = [capsule((0.0, lean, level), (thigh, lean, level), 0.05 * h) for lean in (-side, side)]
    parts += [capsule((thigh, lean, 0.04 * h), (thigh, lean, level), 0.035 * h) for lean in (-side, side)]
    parts += _trunk(h, level)
    parts += [
        capsule((0.15 * h, lean, level + 0.1 * h), (0.0, lean, level + 0.27 * h), 0.027 * h)
        for lean in (-0.135 * h, 0.135 * h)
    ]
    return [_placed(part, place_m, direction_rad) for part in parts]


def capsule(start_m: tuple[float, ...], end_m: tuple[float, ...], radius_m: float) -> np.ndarray:
    """(n, 3) points whose hull is all that lies within radius_m of the stretch from start to end."""
    ball = _ball() * radius_m
    return np.concatenate([ball + np.asarray(start_m, float), ball + np.asarray(end_m, float)])


def _trunk(h: float, hip_m: float) -> list[np.ndarray]:
    """Trunk from the hips up, neck and head; the crown is 0.48 h above the hips."""
    hips = [capsule((0.0, -0.045 * h, hip_m), (0.0, 0.045 * h, hip_m), 0.055 * h)]
    shoulders = capsule((0.0, -0.085 * h, hip_m + 0.262 * h), (0.0, 0.085 * h, hip_m + 0.262 * h), 0.042 * h)
    neck = capsule((0.0, 0.0, hip_m + 0.28 * h), (0.0, 0.0, hip_m + 0.36 * h), 0.03 * h)
    crown = hip_m + 0.48 * h
    head = capsule((0.012 * h, 0.0, crown - 0.055 * h), (0.006 * h, 0.0, crown - 0.075 * h), 0.055 * h)
    return [np.concatenate([*hips, shoulders]), neck, head]


def _ball() -> np.ndarray:
    around = np.arange(2 * _SPHERE) * math.pi / _SPHERE
    up = (np.arange(_SPHERE) + 0.5) * math.pi / _SPHERE
    flat = np.sin(up)[:, None]
    shape = np.broadcast_shapes(flat.shape, around[None].shape)
    z = np.broadcast_to(np.cos(up)[:, None], shape)
    points = np.stack([flat * np.cos(around), flat * np.sin(around), z], axis=-1).reshape(-1, 3)
    return np.concatenate([points, [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]])


def _placed(part: np.ndarray, place_m: tuple[float, float], direction_rad: float) -> np.ndarray:
    c, s = math.cos(direction_rad), math.sin(direction_rad)
    turned = part @ np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]).T
    return np.asarray(turned + np.array([place_m[0], place_m[1], 0.0]))
