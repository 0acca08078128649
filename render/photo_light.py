"""The light of a photograph, read from it: what its lamps and windows must send for its floor to look as it does.

The level and the tint come from the floor's usual colour; which lamp sends how much of it, from where the floor is bright
and where dim. Nothing is known of the floor but that most of it is alike: what stands out (a rug, a shadow) is not trusted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.optimize import nnls
from shapely import contains_xy
from shapely.geometry import Polygon

from annotate.camera import Camera
from annotate.site import PlacedLamp, PlacedWindow, Site
from render.place import Lamp, Obstacle, Rgb, as_rgb, decode_srgb

FLOOR_ALBEDO = 0.33
"""Reflectance that the floor of a photograph is taken to have: bright tiles lie above it, carpets below."""
_PATCHES = 8
"""A lamp is divided into this many patches along each side to sum up its light."""
_PLACES = 15
"""The light is summed up at this many places along each side of the floor's bounding box."""
_CELL_M = 0.5
"""The floor is looked at in squares of this size."""
_CELL_PX = 12
"""Fewer pixels of a square than this say nothing of it."""
_PRIOR = 0.25
"""How much what the site says of its lamps counts against what the floor shows: 1 is as much."""
_ROUNDS = 5
_OUTLYING = 0.12
"""Squares that are off by more than this share of the floor's light count less and less (Huber)."""


@dataclass(frozen=True)
class PhotoLight:
    """Lamps and, (3,) linear RGB, the radiance that comes from everywhere."""

    lamps: list[Lamp]
    ambient: np.ndarray


@dataclass(frozen=True)
class FloorCells:
    """Squares of the floor: their middles (n, 2) m, and their luminance (n,), linear."""

    place_m: np.ndarray
    luminance: np.ndarray


def matched(prior: PhotoLight, cells: FloorCells) -> PhotoLight:
    """The light with every lamp's strength changed so that the floor is bright where the picture shows it bright.

    Non-negative least squares of the squares' luminance over its median, each lamp's share of it by form factors, what the prior
    says as further equations, outlying squares weighted down. Colours stay, and so does the light of all lamps together.
    """
    if len(cells.luminance) < 2 * (len(prior.lamps) + 1):
        return prior
    # Columns: what each lamp of the prior, and its even light, adds to each square.
    lit = [form_factors(lamp, cells.place_m) * _radiance(lamp) for lamp in prior.lamps]
    shares = np.column_stack([*lit, np.full(len(cells.luminance), _luminance(prior.ambient))])
    level = float(np.median(shares.sum(axis=1)))
    target = cells.luminance / np.median(cells.luminance) * level
    gains = _robust_gains(shares, target)
    level_now = float(np.median(shares @ gains))
    if level_now <= 0:
        return prior
    gains *= level / level_now
    lamps = [
        replace(lamp, power_w=as_rgb(np.array(lamp.power_w) * gain))
        for lamp, gain in zip(prior.lamps, gains, strict=False)
    ]
    return PhotoLight(lamps, prior.ambient * gains[-1])


def _robust_gains(shares: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(k,) factors of the columns, not negative, near 1 where the squares do not tell."""
    count = shares.shape[1]
    pull = math.sqrt(_PRIOR * len(target)) * shares.mean(axis=0)
    weights = np.ones(len(target))
    gains = np.ones(count)
    for _ in range(_ROUNDS):
        rows = np.vstack([shares * weights[:, None], np.diag(pull)])
        gains = nnls(rows, np.concatenate([target * weights, pull]))[0]
        off = np.abs(shares @ gains - target) / (_OUTLYING * np.median(target))
        weights = 1.0 / np.sqrt(np.maximum(off, 1.0))
    return np.asarray(gains)


def _radiance(lamp: Lamp) -> float:
    """Luminance of a lamp's surface."""
    return _luminance(np.array(lamp.power_w)) / (math.pi * lamp.size_m[0] * lamp.size_m[1])


def floor_cells(picture: np.ndarray, camera: Camera, floor: Polygon, obstacles: Sequence[Obstacle]) -> FloorCells:
    """Squares of the floor that the picture (HWC uint8 sRGB) shows, furniture left out, with their median luminance."""
    rows, columns = np.nonzero(floor_mask(picture, camera, floor, obstacles))
    rays = camera.lens.unproject(np.column_stack([columns, rows]) + 0.5) @ camera.camera_from_world
    down = rays[:, 2] < -0.05
    rows, columns, rays = rows[down], columns[down], rays[down]
    places = camera.position_m[:2] + rays[:, :2] * (camera.position_m[2] / -rays[:, 2])[:, None]
    square = np.floor(places / _CELL_M).astype(int)
    names, of_pixel, counts = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    luminance = decode_srgb(picture[rows, columns]) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    kept = np.flatnonzero(counts >= _CELL_PX)
    medians = np.array([np.median(luminance[of_pixel.ravel() == number]) for number in kept])
    return FloorCells((names[kept] + 0.5) * _CELL_M, medians)


def site_lamps(site: Site, floor: Polygon, white: np.ndarray) -> list[Lamp]:
    """The lamps and windows that the site names, else a grid under the ceiling, so bright that a white floor sends white.

    white: linear RGB radiance, (3,). Named ones are as bright against each other as their strengths say, each in its
    own colour; their sum gives the middle of the floor's places the luminance of white (the median over a grid of them,
    for white was the median of the floor's pixels).
    """
    panels, windows = site.placed_lamps(), site.placed_windows()
    shining = [*map(_panel, panels), *map(_window, windows)]
    colours = [*(one.colour for one in panels), *(one.colour for one in windows)]
    strengths = [*(one.strength for one in panels), *(one.strength for one in windows)]
    if not any(strengths):
        return _ceiling_grid(floor, site.camera_pose.height_m + 0.1, white)
    places = _floor_places(floor)
    tints = [white / _luminance(white) if colour is None else _tint(colour) for colour in colours]
    radiances = [strength * tint for strength, tint in zip(strengths, tints, strict=True)]
    shares = np.array([form_factors(lamp, places) for lamp in shining])
    level = float(np.median(shares.T @ np.array([_luminance(radiance) for radiance in radiances])))
    if level <= 0:
        return _ceiling_grid(floor, site.camera_pose.height_m + 0.1, white)
    factor = _luminance(white) / level
    return [_with_radiance(lamp, factor * radiance) for lamp, radiance in zip(shining, radiances, strict=True)]


def form_factors(lamp: Lamp, places_m: np.ndarray) -> np.ndarray:
    """(n,) radiance of a white floor at places (n, 2) over that of the lamp's surface: the view factor to the floor.

    The lamp in small Lambertian patches: sum of cos cos dA / (pi d^2). Nothing stands between.
    """
    direction, up = np.asarray(lamp.direction), np.asarray(lamp.up)
    across = np.cross(up, direction)
    u, v = (((np.arange(_PATCHES) + 0.5) / _PATCHES - 0.5) * side for side in lamp.size_m)
    patches = np.asarray(lamp.center_m) + (u[:, None, None] * across + v[None, :, None] * up).reshape(-1, 3)
    ways = np.column_stack([places_m, np.zeros(len(places_m))])[:, None] - patches
    square = np.maximum(np.einsum("npi,npi->np", ways, ways), 1e-4)
    leaving, arriving = np.maximum(ways @ direction, 0.0), np.maximum(-ways[..., 2], 0.0)
    area = lamp.size_m[0] * lamp.size_m[1] / _PATCHES**2
    return np.asarray((leaving * arriving / square**2).sum(axis=1) * area / math.pi)


def white_radiance(floor_colors: np.ndarray) -> np.ndarray:
    """Radiance (linear RGB, (3,)) that a white thing on the floor of a photograph would have: a plain estimate.

    floor_colors: (n, 3) uint8 sRGB. Their median is divided by an assumed reflectance. Whether its tint comes from the
    lamps or from the floor cannot be told from one picture: half of it is given to the lamps.
    """
    color = np.median(decode_srgb(floor_colors), axis=0) if len(floor_colors) else np.full(3, 0.3)
    brightness = float(np.clip(color @ [0.2126, 0.7152, 0.0722], 0.02, 0.9))
    tint = np.sqrt(np.maximum(color, 1e-3) / brightness)
    return np.asarray(np.clip(tint * brightness / FLOOR_ALBEDO, 0.05, 1.5))


def _ceiling_grid(floor: Polygon, height_m: float, white: np.ndarray) -> list[Lamp]:
    """3 x 3 panels over the floor's bounding box that light a white floor in its middle with radiance white."""
    x0, y0, x1, y1 = floor.bounds
    centers = [(x0 + (x1 - x0) * u, y0 + (y1 - y0) * v) for u in (1 / 6, 0.5, 5 / 6) for v in (1 / 6, 0.5, 5 / 6)]
    middle = floor.centroid
    # A small Lambertian panel of 1 W lights the floor with cos^4 / (pi h^2) W/m2; a white floor sends 1/pi of it.
    shares = [_cos4(math.hypot(x - middle.x, y - middle.y), height_m) / (math.pi * height_m) ** 2 for x, y in centers]
    power = as_rgb(white / sum(shares))
    size = (max(0.6, (x1 - x0) / 6), max(0.6, (y1 - y0) / 6))
    return [Lamp((x, y, height_m), size, (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), power) for x, y in centers]


def _cos4(aside_m: float, height_m: float) -> float:
    return (height_m**2 / (height_m**2 + aside_m**2)) ** 2


def _panel(lamp: PlacedLamp) -> Lamp:
    up = (-math.sin(lamp.turn_rad), math.cos(lamp.turn_rad), 0.0)
    return Lamp(lamp.center_m, lamp.size_m, (0.0, 0.0, -1.0), up, (0.0, 0.0, 0.0), lamp.kind)


def _window(window: PlacedWindow) -> Lamp:
    middle, width = window.base_m.mean(axis=0), float(np.linalg.norm(window.base_m[1] - window.base_m[0]))
    center = (float(middle[0]), float(middle[1]), (window.sill_m + window.top_m) / 2)
    size = (width, window.top_m - window.sill_m)
    return Lamp(center, size, (*window.facing, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0), "window")


def _with_radiance(lamp: Lamp, radiance: np.ndarray) -> Lamp:
    return replace(lamp, power_w=as_rgb(radiance * math.pi * lamp.size_m[0] * lamp.size_m[1]))


def _floor_places(floor: Polygon) -> np.ndarray:
    """(n, 2) places on the floor, on a grid; its middle where it is too small for one."""
    x0, y0, x1, y1 = floor.bounds
    x, y = np.meshgrid(np.linspace(x0, x1, _PLACES + 2)[1:-1], np.linspace(y0, y1, _PLACES + 2)[1:-1])
    places = np.column_stack([x.ravel(), y.ravel()])
    inside = contains_xy(floor, places[:, 0], places[:, 1])
    return places[inside] if inside.any() else np.array([[floor.centroid.x, floor.centroid.y]])


def _luminance(color: np.ndarray) -> float:
    return max(float(np.asarray(color) @ [0.2126, 0.7152, 0.0722]), 1e-6)


def _tint(colour: Rgb) -> np.ndarray:
    """Linear RGB of luminance 1 of an sRGB colour, 0-255."""
    linear = decode_srgb(np.asarray(colour, float)).astype(float)
    return np.asarray(linear / _luminance(linear))


def floor_pixels(picture: np.ndarray, camera: Camera, floor: Polygon, obstacles: Sequence[Obstacle]) -> np.ndarray:
    """Colours (n, 3) uint8 of the pixels inside the floor polygon that no furniture hides."""
    return picture[floor_mask(picture, camera, floor, obstacles)]


def floor_mask(picture: np.ndarray, camera: Camera, floor: Polygon, obstacles: Sequence[Obstacle]) -> np.ndarray:
    """HW bool: pixels inside the floor polygon that no furniture hides."""
    inside = np.zeros(picture.shape[:2], np.uint8)
    _fill(inside, camera, np.array([[x, y, 0.0] for x, y in floor.exterior.coords]), 1, hull=False)
    for obstacle in obstacles:
        outline = np.asarray(obstacle.footprint.exterior.coords)
        corners = [np.column_stack([outline, np.full(len(outline), z)]) for z in (obstacle.bottom_m, obstacle.top_m)]
        _fill(inside, camera, np.vstack(corners), 0, hull=True)
    return np.asarray(inside > 0)


def _fill(image: np.ndarray, camera: Camera, points_m: np.ndarray, value: int, hull: bool) -> None:
    """Fill the picture of a polygon, or of the hull of points, with a value."""
    px = camera.project_world(points_m)
    corners = np.round(px[np.isfinite(px[:, 0])] - 0.5).astype(np.int32)
    if len(corners) >= 3:
        cv2.fillPoly(image, [cv2.convexHull(corners) if hull else corners], (value,))
