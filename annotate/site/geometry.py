"""What is drawn on a site's picture, in metres: outlines, places, lamps and windows through the site's camera.

World as in annotate.camera: X right, Y up in the picture of an unturned camera, Z up, floor at 0, camera above the origin.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely

from annotate.camera import Camera

EDGE_STEP_PX = 4.0
"""A straight edge in the picture is curved on the floor: edges are divided into steps of this length."""

Colour = tuple[float, float, float]


class Prism(NamedTuple):
    """Furniture in the world: an upright prism."""

    footprint_m: np.ndarray
    """(k, 2) x, y."""
    bottom_m: float
    top_m: float
    kind: str


class PlacedSeat(NamedTuple):
    """A seat in the world."""

    x_m: float
    y_m: float
    height_m: float
    direction_rad: float
    """Where the sitter looks, counter-clockwise from +X seen from above."""


class PlacedLamp(NamedTuple):
    """A ceiling lamp in the world: a rectangle that shines down."""

    center_m: tuple[float, float, float]
    size_m: tuple[float, float]
    """Along its own x and y."""
    turn_rad: float
    """Of its x axis, counter-clockwise from +X seen from above."""
    kind: str
    strength: float
    colour: Colour | None
    """sRGB 0-255, None where nothing is said."""


class PlacedWindow(NamedTuple):
    """A window in the world: an upright rectangle that shines into the room."""

    base_m: np.ndarray
    """(2, 2) x, y of its two ends."""
    sill_m: float
    top_m: float
    facing: tuple[float, float]
    """Unit x, y: the way its light goes."""
    strength: float
    colour: Colour | None


def along_edges(polygon: Any, step: float = EDGE_STEP_PX) -> np.ndarray:
    """(n, 2): the polygon's corners with points between them, at most step apart (px or metres, as the polygon)."""
    corners = np.asarray(polygon, float)
    points = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        steps = max(1, int(np.ceil(np.linalg.norm(end - start) / step)))
        points.append(start + (end - start) * (np.arange(steps) / steps)[:, None])
    return np.concatenate(points)


def at_level(camera: Camera, points_px: Any, z_m: float) -> np.ndarray:
    """(n, 2) x, y in which the rays of pixels meet the level z_m; NaN where they do not."""
    return np.asarray(camera.floor_points(np.asarray(points_px, float), z_m)[:, :2])


def oriented_rectangle(corners_m: np.ndarray) -> tuple[np.ndarray, tuple[float, float], float]:
    """Middle (2,), sides (along its x, along its y) and turn in rad of the smallest rectangle around points (n, 2)."""
    rectangle = shapely.Polygon(corners_m).minimum_rotated_rectangle
    corners = np.asarray(rectangle.exterior.coords)[:4]
    across, along = corners[1] - corners[0], corners[2] - corners[1]
    turn = float(np.arctan2(across[1], across[0]))
    return corners.mean(axis=0), (float(np.linalg.norm(across)), float(np.linalg.norm(along))), turn


def facing_side(base_m: np.ndarray, inside_m: np.ndarray) -> tuple[float, float]:
    """Unit normal of the line between two points (2, 2) on the side on which inside_m (2,) lies."""
    run = base_m[1] - base_m[0]
    normal = np.array([-run[1], run[0]]) / np.linalg.norm(run)
    if normal @ (inside_m - base_m.mean(axis=0)) < 0:
        normal = -normal
    return float(normal[0]), float(normal[1])
