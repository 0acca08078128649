"""A place where people can be: its surfaces, lamps, floor, obstacles and seats, before any renderer sees them.

World: metres, Z up, floor at z = 0, the camera above the origin. A place is either a photograph with stand-in
surfaces (floor and furniture of its Site, invisible, there to hide legs and to catch shadows) or a whole 3-D room.
Light: radiance 1.0 is the white of the finished picture; areas of P watts send radiance P / (pi A), as in Blender.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from shapely import contains_xy
from shapely.geometry import Polygon

from annotate.camera import Camera
from annotate.files import read_image
from annotate.site import PlacedLamp, PlacedWindow, Site
from assets.mesh import Material, Mesh
from render.solids import prism, sheet

Rgb = tuple[float, float, float]
Vector = tuple[float, float, float]

_FLOOR_ALBEDO = 0.33
"""Reflectance that the floor of a photograph is taken to have: bright tiles lie above it, carpets below."""
_AMBIENT_SHARE = 0.25
"""Share of a photographed room's light that comes from everywhere (walls, ceiling) and throws no sharp shadow."""
_CATCHER_MARGIN_M = 0.6
"""How far beyond the marked floor shadows are still caught."""
_PATCHES = 8
"""A lamp is divided into this many patches along each side to sum up its light."""
_PLACES = 15
"""The light is summed up at this many places along each side of the floor's bounding box."""


@dataclass(frozen=True)
class Lamp:
    """A rectangle that sends light to one side.

    size_m: along its own x and y. direction: unit, the way the light goes. up: unit, its own y axis in the world.
    power_w: linear RGB watts. kind: "panel", "pendant" or "window".
    """

    center_m: Vector
    size_m: tuple[float, float]
    direction: Vector
    up: Vector
    power_w: Rgb
    kind: str = "panel"


@dataclass(frozen=True)
class Seat:
    """Where somebody can sit; heading_rad is the sitter's (0 faces -Y, counter-clockwise seen from above)."""

    x_m: float
    y_m: float
    height_m: float
    heading_rad: float


SpotKind = Literal["counter", "whiteboard", "printer", "door", "desk", "table"]


@dataclass(frozen=True)
class Spot:
    """Floor where somebody has a reason to stand, and which way they face there (heading_rad as of a Seat)."""

    x_m: float
    y_m: float
    heading_rad: float
    kind: SpotKind


@dataclass(frozen=True)
class Obstacle:
    """A thing that bodies may not enter: footprint (m) between bottom_m and top_m."""

    footprint: Polygon
    bottom_m: float
    top_m: float
    kind: str


@dataclass
class Place:
    """All that a scene needs to know of where it happens.

    key: equal keys mean equal geometry. parts: surfaces in world metres; proxies if background is given.
    ambient: radiance that comes from everywhere. bounds: what the walls enclose, if there are walls.
    background: HWC uint8 sRGB at the camera's size, or None for a room that is rendered.
    ignore_px: polygons with people whom nobody labelled. spots: where people stand for a reason. walkways: polylines
    (x, y in metres) along which people walk; both may be empty, then people stand and walk anywhere on the floor.
    """

    key: str
    parts: list[Mesh]
    lamps: list[Lamp]
    floor: Polygon
    obstacles: list[Obstacle]
    seats: list[Seat]
    ambient: Rgb = (0.0, 0.0, 0.0)
    bounds: Polygon | None = None
    background: np.ndarray | None = None
    ignore_px: list[list[tuple[float, float]]] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    walkways: list[list[tuple[float, float]]] = field(default_factory=list)


class Keyed:
    """A place that is equal to another when their keys are: a cache must not look into arrays."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyed) and other.place.key == self.place.key

    def __hash__(self) -> int:
        return hash(self.place.key)


def site_camera(site: Site, size_px: int) -> Camera:
    """The site's camera in a picture whose longer side is size_px."""
    camera = site.camera()
    factor = size_px / max(camera.lens.width_px, camera.lens.height_px)
    width, height = (max(1, round(side * factor)) for side in (camera.lens.width_px, camera.lens.height_px))
    return Camera(lens=camera.lens.resized(width, height), pose=camera.pose)


def place_from_site(site: Site, background: Path, camera: Camera) -> Place:
    """The place of a photograph: stand-in surfaces from its Site, light estimated from its floor.

    background: the picture file. camera: site_camera at the size of the picture to be made.
    """
    picture = _resized(read_image(background), camera)
    floor = Polygon(site.floor_m()).buffer(0)
    obstacles = [
        Obstacle(Polygon(footprint).buffer(0), bottom, top, kind)
        for footprint, bottom, top, kind in site.furniture_prisms()
    ]
    white = white_radiance(floor_pixels(picture, camera, floor, obstacles))
    return Place(
        key=digest(site.model_dump_json(), str(background), camera.model_dump_json()),
        parts=[_floor_catcher(floor), *(_prism_of(obstacle) for obstacle in obstacles)],
        lamps=site_lamps(site, floor, white * (1 - _AMBIENT_SHARE)),
        floor=floor,
        obstacles=obstacles,
        seats=_site_seats(site),
        ambient=_rgb(white * _AMBIENT_SHARE),
        background=picture,
        ignore_px=_scaled_polygons(site, camera),
    )


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
    return np.asarray(np.clip(tint * brightness / _FLOOR_ALBEDO, 0.05, 1.5))


def floor_pixels(picture: np.ndarray, camera: Camera, floor: Polygon, obstacles: Sequence[Obstacle]) -> np.ndarray:
    """Colours (n, 3) uint8 of the pixels inside the floor polygon that no furniture hides."""
    inside = np.zeros(picture.shape[:2], np.uint8)
    _fill(inside, camera, np.array([[x, y, 0.0] for x, y in floor.exterior.coords]), 1, hull=False)
    for obstacle in obstacles:
        outline = np.asarray(obstacle.footprint.exterior.coords)
        corners = [np.column_stack([outline, np.full(len(outline), z)]) for z in (obstacle.bottom_m, obstacle.top_m)]
        _fill(inside, camera, np.vstack(corners), 0, hull=True)
    return picture[inside > 0]


def decode_srgb(color: np.ndarray) -> np.ndarray:
    """uint8 (or 0-255 float) sRGB to linear RGB in [0, 1], float32 (IEC 61966-2-1)."""
    value = np.asarray(color, np.float32) / np.float32(255.0)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear RGB to sRGB in [0, 1], float32; values outside [0, 1] are clipped."""
    value = np.clip(np.asarray(linear, np.float32), 0.0, 1.0)
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055).astype(np.float32)


def digest(*texts: str) -> str:
    """A short name for a combination of texts."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _rgb(values: np.ndarray) -> Rgb:
    return (float(values[0]), float(values[1]), float(values[2]))


def _resized(picture: np.ndarray, camera: Camera) -> np.ndarray:
    size = (camera.lens.width_px, camera.lens.height_px)
    smaller = size[0] < picture.shape[1]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def _fill(image: np.ndarray, camera: Camera, points_m: np.ndarray, value: int, hull: bool) -> None:
    """Fill the picture of a polygon, or of the hull of points, with a value."""
    px = camera.project_world(points_m)
    corners = np.round(px[np.isfinite(px[:, 0])] - 0.5).astype(np.int32)
    if len(corners) >= 3:
        cv2.fillPoly(image, [cv2.convexHull(corners) if hull else corners], (value,))


def _floor_catcher(floor: Polygon) -> Mesh:
    material = Material("floor", (_FLOOR_ALBEDO,) * 3)
    return sheet(floor.buffer(_CATCHER_MARGIN_M, join_style="mitre"), 0.0, material, "floor")


def _prism_of(obstacle: Obstacle) -> Mesh:
    material = Material("furniture", (0.5, 0.5, 0.5))
    return prism(obstacle.footprint, obstacle.bottom_m, obstacle.top_m, material, obstacle.kind)


def _ceiling_grid(floor: Polygon, height_m: float, white: np.ndarray) -> list[Lamp]:
    """3 x 3 panels over the floor's bounding box that light a white floor in its middle with radiance white."""
    x0, y0, x1, y1 = floor.bounds
    centers = [(x0 + (x1 - x0) * u, y0 + (y1 - y0) * v) for u in (1 / 6, 0.5, 5 / 6) for v in (1 / 6, 0.5, 5 / 6)]
    middle = floor.centroid
    # A small Lambertian panel of 1 W lights the floor with cos^4 / (pi h^2) W/m2; a white floor sends 1/pi of it.
    shares = [_cos4(math.hypot(x - middle.x, y - middle.y), height_m) / (math.pi * height_m) ** 2 for x, y in centers]
    power = _rgb(white / sum(shares))
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
    return replace(lamp, power_w=_rgb(radiance * math.pi * lamp.size_m[0] * lamp.size_m[1]))


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


def _site_seats(site: Site) -> list[Seat]:
    """Seats as people take them: heading 0 faces -Y, the site's direction 0 +X."""
    return [Seat(seat.x_m, seat.y_m, seat.height_m, seat.direction_rad + math.pi / 2) for seat in site.placed_seats()]


def _scaled_polygons(site: Site, camera: Camera) -> list[list[tuple[float, float]]]:
    original = site.camera().lens
    fx, fy = camera.lens.width_px / original.width_px, camera.lens.height_px / original.height_px
    return [[(float(x) * fx, float(y) * fy) for x, y in polygon] for polygon in site.ignore]
