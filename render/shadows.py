"""How much light people take from the room around them: their shadows, from geometry alone.

From each point of the room that the camera sees near somebody, paths to all lamps and into the hemisphere are tried
against the people and against the room (Embree). The shadow is the share of the point's light that people, and nothing
else, hold back. Light of the lamps is followed exactly, all other light comes evenly from everywhere and is blocked only within
reach, as the renderer of people takes it too. Points lie on a grid coarser than the picture; the shadow is brought to its
size by weights that cross no edge of depth or direction, so that the shadow on a desk does not fall on the floor beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.camera import Camera
from assets.mesh import Mesh
from render.labels import place_coverage
from render.light import LightSpec
from render.place import Keyed, Place
from render.radiance import NEARBY_M, even_radiance, lamp_power_w
from render.raster import Coverage, pixel_rays
from render.tracing import Tracer, place_tracer

_STEP_PX = 2
"""One point for so many pixels along each side."""
_LAMP_PATHS, _SKY_PATHS = 32, 8
"""Paths from each point: to all lamps together, and into the hemisphere."""
_REACH_M = 1.6
"""Points further than this from everybody, seen from above, are in nobody's shadow."""
_LIFT_M = 2e-3
"""Paths start so far above their surface."""
_LEAST = 0.004
"""Less darkening than this is the noise of the paths."""
_SAME_SURFACE_M = 0.12
"""Points whose distances from the lens differ by more than this hardly speak for one another."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_LATTICE = np.array([0.7548776662, 0.5698402910])
"""Steps of a lattice that fills the square evenly (Roberts 2018, the generalised golden ratio in two dimensions)."""

Path = tuple[np.ndarray, np.ndarray, np.ndarray]
"""For each point its light along the path if nothing stands in it (n,), the unit direction (n, 3), the length (n,)."""


@dataclass(frozen=True)
class _Points:
    """Points of the room on the coarse grid: rows and columns there (n,), their distance from the lens, places (n, 3),
    normals (n, 3) to the camera's side, and the shape of the grid.
    """

    row: np.ndarray
    column: np.ndarray
    depth_m: np.ndarray
    place_m: np.ndarray
    normal: np.ndarray
    shape: tuple[int, int]

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Values of the points as a picture of the grid, float32, 0 where no point is."""
        grid = np.zeros((*self.shape, *values.shape[1:]), np.float32)
        grid[self.row, self.column] = values
        return grid


def shadow_alpha(place: Place, people: Sequence[Mesh], light: LightSpec, camera: Camera) -> np.ndarray:
    """HxW float32: the share of its light that people (world metres) take from what the camera sees of the place, 0 to 1."""
    room, coverage = place_coverage(place, camera)
    points = _points(room, coverage, people, camera)
    if not len(points.row):
        return np.zeros((camera.lens.height_px, camera.lens.width_px), np.float32)
    share = _shadowed(points, Tracer(people), place, light)
    return _enlarged(points, _smoothed(points, share), coverage, camera)


def _shadowed(points: _Points, bodies: Tracer, place: Place, light: LightSpec) -> np.ndarray:
    """(n,) share of each point's light that people hold back."""
    room = place_tracer(Keyed(place))
    taken, whole = np.zeros(len(points.row)), np.zeros(len(points.row))
    for amount, direction, length_m in _paths(points, place, light):
        lit = np.flatnonzero(amount > 0)
        origin = (points.place_m + _LIFT_M * points.normal)[lit]
        free = ~room.blocked(origin, direction[lit], length_m[lit])
        whole[lit] += amount[lit] * free
        taken[lit] += amount[lit] * (free & bodies.blocked(origin, direction[lit], length_m[lit]))
    return np.asarray(taken / np.maximum(whole, 1e-12))


def _points(room: Mesh, coverage: Coverage, people: Sequence[Mesh], camera: Camera) -> _Points:
    """The points of the coarse grid that show the room within reach of somebody."""
    row, column = np.divmod(coverage.pixels, camera.lens.width_px)
    on_grid = np.flatnonzero((row % _STEP_PX == _STEP_PX // 2) & (column % _STEP_PX == _STEP_PX // 2))
    ray = pixel_rays(camera)[coverage.pixels[on_grid]] @ camera.camera_from_world
    place = camera.position_m + coverage.depth_m[on_grid, None] * ray
    near = _near_people(place, people)
    kept, ray, place = on_grid[near], ray[near], place[near]
    normal = _normals(room, coverage.triangle[kept])
    normal[(normal * ray).sum(axis=1) > 0] *= -1
    shape = (-(-camera.lens.height_px // _STEP_PX), -(-camera.lens.width_px // _STEP_PX))
    return _Points(row[kept] // _STEP_PX, column[kept] // _STEP_PX, coverage.depth_m[kept], place, normal, shape)


def _normals(mesh: Mesh, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (mesh.vertices_m[mesh.triangles[triangles, corner]].astype(float) for corner in range(3))
    normal = np.cross(b - a, c - a)
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=1), 1e-30)[:, None])


def _near_people(place_m: np.ndarray, people: Sequence[Mesh]) -> np.ndarray:
    """(n,) bool: within reach of somebody's bounding box, seen from above, and below its top."""
    near = np.zeros(len(place_m), bool)
    for body in people:
        low, high = body.vertices_m.min(axis=0), body.vertices_m.max(axis=0)
        aside = np.maximum(np.maximum(low[:2] - place_m[:, :2], place_m[:, :2] - high[:2]), 0.0)
        near |= (np.hypot(*aside.T) < _REACH_M) & (place_m[:, 2] < high[2])
    return near


def _paths(points: _Points, place: Place, light: LightSpec) -> Iterator[Path]:
    """All paths, one from each point at a time; each point's own are turned by an offset of its own."""
    offset = np.random.default_rng(0).random((len(points.row), 2))
    yield from _lamp_paths(points, offset, place, light)
    yield from _sky_paths(points, offset, float(even_radiance(place, light) @ _LUMINANCE))


def _lamp_paths(points: _Points, offset: np.ndarray, place: Place, light: LightSpec) -> Iterator[Path]:
    """Paths to places on the lamps, more of them to a stronger lamp."""
    powers = np.array([float(lamp_power_w(lamp, light) @ _LUMINANCE) for lamp in place.lamps])
    counts = np.ceil(_LAMP_PATHS * powers / max(powers.sum(), 1e-12) - 0.5).clip(1) * (powers > 0)
    for lamp, power, count in zip(place.lamps, powers, counts.astype(int), strict=True):
        facing, up = np.asarray(lamp.direction, float), np.asarray(lamp.up, float)
        sides = np.stack([lamp.size_m[0] * np.cross(up, facing), lamp.size_m[1] * up])
        for number in range(count):
            on_lamp = (offset + (number + 1) * _LATTICE) % 1.0 - 0.5
            way = np.asarray(lamp.center_m) + on_lamp @ sides - points.place_m
            length = np.maximum(np.linalg.norm(way, axis=1), 1e-3)
            way /= length[:, None]
            arriving = np.maximum((way * points.normal).sum(axis=1), 0.0)
            # Radiance is power / (pi area), and the path stands for area / count of the lamp.
            amount = power / math.pi / count * arriving * np.maximum(-(way @ facing), 0.0) / length**2
            yield amount, way, length - 2 * _LIFT_M


def _sky_paths(points: _Points, offset: np.ndarray, radiance: float) -> Iterator[Path]:
    """Paths into the hemisphere, the denser the steeper, so that all count the same."""
    upright = np.abs(points.normal[:, 2:]) > 0.9
    tangent = np.cross(points.normal, np.where(upright, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]))
    tangent /= np.linalg.norm(tangent, axis=1)[:, None]
    other = np.cross(points.normal, tangent)
    amount = np.full(len(points.row), math.pi * radiance / _SKY_PATHS)
    for number in range(_SKY_PATHS):
        u, v = ((offset + (number + 1) * _LATTICE) % 1.0)[:, :, None].transpose(1, 0, 2)
        aside = np.sqrt(u) * (np.cos(2 * math.pi * v) * tangent + np.sin(2 * math.pi * v) * other)
        yield amount, aside + np.sqrt(1 - u) * points.normal, np.full(len(points.row), NEARBY_M)


def _smoothed(points: _Points, share: np.ndarray) -> np.ndarray:
    """The shares on the grid, each the mean over its 5 x 5 neighbours of the same surface: paths are few."""
    value, known, depth, normal = (
        points.on_grid(one) for one in (share, np.ones(len(share)), points.depth_m, points.normal)
    )
    total, weight = np.zeros_like(value), np.zeros_like(value)
    reach = range(-2, 3)
    for shift in ((dy, dx) for dy in reach for dx in reach):
        there = [np.roll(one, shift, (0, 1)) for one in (value, known, depth, normal)]
        like = there[1] * known * np.exp(-np.square((there[2] - depth) / _SAME_SURFACE_M))
        like *= ((there[3] * normal).sum(axis=2) > 0.9) * math.exp(-(shift[0] ** 2 + shift[1] ** 2) / 3.0)
        total += like * there[0]
        weight += like
    return np.asarray(total / np.maximum(weight, 1e-6))


def _enlarged(points: _Points, grid: np.ndarray, coverage: Coverage, camera: Camera) -> np.ndarray:
    """The grid's shadow at the picture's size: between the four points around, those of another surface left out."""
    known, depth = points.on_grid(np.ones(len(points.row))), points.on_grid(points.depth_m)
    row, column = np.divmod(coverage.pixels, camera.lens.width_px)
    y, x = ((one - _STEP_PX // 2) / _STEP_PX for one in (row, column))
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    total, weight = np.zeros(len(row)), np.full(len(row), 1e-12)
    for below, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        there = (np.clip(top + below, 0, grid.shape[0] - 1), np.clip(left + right, 0, grid.shape[1] - 1))
        same = np.exp(-np.square((depth[there] - coverage.depth_m) / _SAME_SURFACE_M)) + 1e-9
        like = (1 - np.abs(y - top - below)) * (1 - np.abs(x - left - right)) * known[there] * same
        total += like * grid[there]
        weight += like
    alpha = np.zeros(camera.lens.height_px * camera.lens.width_px, np.float32)
    alpha[coverage.pixels] = np.clip((total / weight - _LEAST) / (1.0 - _LEAST), 0.0, 1.0)
    return alpha.reshape(camera.lens.height_px, camera.lens.width_px)
