"""A place where people can be: its surfaces, lamps, floor, obstacles and seats, before any renderer sees them.

World: metres, Z up, floor at z = 0, the camera above the origin. A place is either a photograph with stand-in
surfaces (floor and furniture of its Site, invisible, there to hide legs and to catch shadows) or a whole 3-D room.
Light: radiance 1.0 is the white of the finished picture; areas of P watts send radiance P / (pi A), as in Blender.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from shapely.geometry import Polygon

from assets.mesh import Mesh

Rgb = tuple[float, float, float]
Vector = tuple[float, float, float]


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


def as_rgb(values: np.ndarray) -> Rgb:
    return (float(values[0]), float(values[1]), float(values[2]))
