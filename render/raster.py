"""Which surface each pixel sees: a z-buffer through any fisheye lens, the source of every label.

A pixel is decided at its centre, by the ray that the lens sends there: a triangle covers the pixel if that ray passes
through it. So straight edges bend exactly as the lens bends them, at any distance from the optical axis, and nothing
is interpolated in the picture. Projection serves only to find the pixels worth a test. Depth is distance along the
ray in metres. Both sides of a triangle count (clothes are open surfaces).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from annotate.camera import Camera
from annotate.lens import Lens
from assets.mesh import Mesh

_WIDEST, _WIDEST_AT_RIM = 0.1, 0.02
"""Triangles with a side that looks longer than this (chord of unit rays) are quartered before the search; at the rim of
the field they are cut where no side is, so the finer ones there have the tighter pixel boxes."""
_DEEPEST = 9
"""At most this many quarterings: for triangles that almost touch the lens."""
_PAIRS_AT_ONCE = 200_000
_NEAREST_M = 1e-4
_NOBODY = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Coverage:
    """The pixels that a mesh covers, nothing else standing before it.

    pixels: (n,) indices into the flattened picture, ascending. depth_m: (n,) along the ray. triangle: (n,) int32
    indices. truncated: the picture's border or the rim of the lens cuts the mesh (some vertex lies outside).
    """

    pixels: np.ndarray
    depth_m: np.ndarray
    triangle: np.ndarray
    truncated: bool = False

    def mask(self, camera: Camera) -> np.ndarray:
        """HW bool."""
        seen = np.zeros(camera.lens.height_px * camera.lens.width_px, bool)
        seen[self.pixels] = True
        return seen.reshape(camera.lens.height_px, camera.lens.width_px)


class ZBuffer(NamedTuple):
    """What each pixel sees first: depth_m HW float64, inf where nothing is; owner HW int32, number of the coverage, -1
    where nothing is; triangle HW int32, number of the triangle in its mesh, -1 where nothing is.
    """

    depth_m: np.ndarray
    owner: np.ndarray
    triangle: np.ndarray


class _Facets(NamedTuple):
    """Triangles small enough to be searched: corners (n, 3, 3) in the camera frame, their px (n, 3, 2), the margin_px
    (n,) around the straight lines between these, the number (n,) of the triangle that each is a part of.
    """

    corners: np.ndarray
    px: np.ndarray
    margin_px: np.ndarray
    number: np.ndarray


def rasterise(mesh: Mesh, camera: Camera) -> Coverage:
    """The coverage of one mesh (world metres)."""
    points = camera.to_camera(mesh.vertices_m)
    px, seen = _pictured(points, camera)
    facets = _facets(points, px, seen, mesh.triangles, camera)
    boxes = _pixel_boxes(facets, camera)
    worth = np.flatnonzero(boxes[:, 2] * boxes[:, 3])
    facets, boxes = _Facets(*(column[worth] for column in facets)), boxes[worth]
    buffer = _Buffer.over(boxes, camera)
    for part in _portions(boxes):
        buffer.add(*_hits(_Facets(*(column[part] for column in facets)), boxes[part], camera))
    return buffer.coverage(truncated=not bool((seen & camera.lens.in_frame(px)).all()))


def merged(coverages: Sequence[Coverage], camera: Camera) -> ZBuffer:
    """The nearest of several coverages in each pixel; of equally near ones the first."""
    size = camera.lens.height_px * camera.lens.width_px
    depth, owner, triangle = np.full(size, np.inf), np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    for number, coverage in enumerate(coverages):
        nearer = coverage.depth_m < depth[coverage.pixels]
        pixels = coverage.pixels[nearer]
        depth[pixels], owner[pixels], triangle[pixels] = coverage.depth_m[nearer], number, coverage.triangle[nearer]
    shape = (camera.lens.height_px, camera.lens.width_px)
    return ZBuffer(depth.reshape(shape), owner.reshape(shape), triangle.reshape(shape))


def pixel_rays(camera: Camera) -> np.ndarray:
    """Unit rays (height * width, 3) in the camera frame through all pixel centres; NaN where the lens sees nothing."""
    return _lens_rays(camera.lens)


@lru_cache(maxsize=2)
def _lens_rays(lens: Lens) -> np.ndarray:
    """Rays lie column by column in memory: the search reads x, y and z apart."""
    return np.asfortranarray(lens.unproject(lens.pixel_centres()))


def _pictured(points: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 2) of camera-frame points, those that the lens does not see at its rim; and which it sees, (n,)."""
    px = camera.lens.project(points)
    seen = ~np.isnan(px[:, 0])
    px[~seen] = camera.lens.project(_into_view(points[~seen], camera))
    return px, seen


def _facets(points: np.ndarray, px: np.ndarray, seen: np.ndarray, triangles: np.ndarray, camera: Camera) -> _Facets:
    """The triangles that the lens may see; those that look large are quartered until they are small."""
    limit = camera.lens.max_theta_rad
    side, near, small = _extent(_unit(points), triangles, limit)
    number = np.flatnonzero(near & small)
    used = triangles[number]
    found = [_Facets(points[used], px[used], _margin_px(px[used], seen[used], side[number]), number)]
    number = np.flatnonzero(near & ~small)
    corners = points[triangles[number]]
    for depth in range(1, _DEEPEST + 1):
        corners, number = _quartered(corners), np.repeat(number, 4)
        rays = _unit(corners.reshape(-1, 3))
        side, near, small = _extent(rays, np.arange(len(rays)).reshape(-1, 3), limit)
        done = near & (small | (depth == _DEEPEST))
        own_px, seen = _pictured(corners[done].reshape(-1, 3), camera)
        own_px, seen = own_px.reshape(-1, 3, 2), seen.reshape(-1, 3)
        found.append(_Facets(corners[done], own_px, _margin_px(own_px, seen, side[done]), number[done]))
        corners, number = corners[near & ~done], number[near & ~done]
        if not len(number):
            break
    return _Facets(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _margin_px(px: np.ndarray, seen: np.ndarray, side: np.ndarray) -> np.ndarray:
    """(n,) how far the picture of each triangle may reach beyond the straight lines between its corners' pixels.

    px: (n, 3, 2). seen: (n, 3) bool. side: (n,) longest side as a chord of unit rays.
    """
    low, high = _bounds(px)
    reach = (high - low).sum(axis=1)
    # An edge seen under the angle a bows out by up to a/8 of its length at 90 deg off the axis: twice that is safe.
    # An edge that leaves the field meets the rim elsewhere than at its moved end, by half its length at most.
    number = seen.astype(np.int8) @ np.ones(3, np.int8)
    leaves = (number == 1) | (number == 2)
    return np.asarray(0.02 + reach * (0.3 * side + 0.5 * leaves))


def _bounds(px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest x, y (n, 2) of three corners (n, 3, 2) each."""
    a, b, c = px[:, 0], px[:, 1], px[:, 2]
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _unit(points: np.ndarray) -> np.ndarray:
    """Rays (n, 3) to points (n, 3)."""
    length = np.sqrt(np.einsum("nj,nj->n", points, points))
    return np.asarray(points / np.maximum(length, 1e-12)[:, None])


def _extent(rays: np.ndarray, triangles: np.ndarray, limit_rad: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longest side of each triangle as a chord of unit rays; whether the lens may see some of it; if it is small."""
    a, b, c = (rays[triangles[:, corner]] for corner in range(3))
    squares = [np.einsum("nj,nj->n", side, side) for side in (b - a, c - b, a - c)]
    chord = np.sqrt(np.maximum(np.maximum(squares[0], squares[1]), squares[2]))
    forward = [corner[:, 2] for corner in (a, b, c)]
    nearest = np.arccos(np.clip(np.maximum(np.maximum(forward[0], forward[1]), forward[2]), -1, 1))
    # What a field of 180 degrees or more does not see is convex: it holds a triangle that has all corners there. In a
    # narrower one, no point lies further from the nearest corner than the longest side, as long as that is short.
    near = nearest <= limit_rad + 1e-6
    if limit_rad < math.pi / 2:
        near |= (nearest - 1.05 * chord <= limit_rad) | (chord > 0.5)
    leaves = np.minimum(np.minimum(forward[0], forward[1]), forward[2]) < math.cos(limit_rad)
    return chord, near, chord <= np.where(leaves, _WIDEST_AT_RIM, _WIDEST)


def _quartered(corners: np.ndarray) -> np.ndarray:
    """Each triangle as four, cut at the middles of its sides; (4n, 3, 3), the four of one stay together."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    four = [np.stack(part, axis=1) for part in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return np.stack(four, axis=1).reshape(-1, 3, 3)


def _portions(boxes: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of boxes, so many at once that memory stays small."""
    if len(boxes):
        chunk = np.cumsum(boxes[:, 2] * boxes[:, 3]) // _PAIRS_AT_ONCE
        yield from np.split(np.arange(len(boxes)), np.flatnonzero(np.diff(chunk)) + 1)


def _pixel_boxes(facets: _Facets, camera: Camera) -> np.ndarray:
    """Boxes (n, 4) of pixels x0, y0, columns, rows whose centres may lie inside each triangle's picture."""
    low, high = _bounds(facets.px)
    margin = facets.margin_px[:, None]
    # A triangle with a corner in the lens itself has no picture.
    known = np.isfinite(low) & np.isfinite(high)
    size = np.array([camera.lens.width_px, camera.lens.height_px])
    first = np.clip(np.ceil(np.where(known, low - margin - 0.5, size)), 0, size).astype(np.int64)
    last = np.clip(np.floor(np.where(known, high + margin - 0.5, -1)), -1, size - 1).astype(np.int64)
    return np.hstack([first, np.maximum(last - first + 1, 0)])


def _into_view(points: np.ndarray, camera: Camera) -> np.ndarray:
    """Points beyond the lens's field of view moved to its rim, at the same azimuth."""
    limit = camera.lens.max_theta_rad * (1 - 1e-9)
    aside = np.hypot(points[:, 0], points[:, 1])
    beyond = np.arctan2(aside, points[:, 2]) > limit
    direction = points[:, :2] / np.maximum(aside, 1e-12)[:, None]
    rim = np.column_stack([direction * math.sin(limit), np.full(len(points), math.cos(limit))])
    return np.where(beyond[:, None], rim, points)


def _hits(facets: _Facets, boxes: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, depths and triangle numbers of all rays that pass through one of the triangles."""
    a, b, c = (facets.corners[:, corner] for corner in range(3))
    # Planes through the lens and each edge: a ray on the inner side of all three passes through the triangle.
    edges = np.stack([np.cross(a, b), np.cross(b, c), np.cross(c, a)], axis=1)
    volume = np.einsum("nj,nj->n", edges[:, 0], c)
    edges *= np.where(volume < 0, -1.0, 1.0)[:, None, None]
    pair, pixels = _pairs(facets, boxes, camera.lens.width_px)
    rays = pixel_rays(camera)
    x, y, z = (rays[:, axis][pixels] for axis in range(3))
    sides = [edges[pair, edge, 0] * x + edges[pair, edge, 1] * y + edges[pair, edge, 2] * z for edge in range(3)]
    inside = (sides[0] >= 0) & (sides[1] >= 0) & (sides[2] >= 0)
    pair, pixels = pair[inside], pixels[inside]
    # The three planes' normals add up to that of the triangle.
    along = sides[0][inside] + sides[1][inside] + sides[2][inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.abs(volume)[pair] / along
    hit = np.isfinite(depth) & (depth > _NEAREST_M)
    return pixels[hit], depth[hit], facets.number[pair[hit]]


def _pairs(facets: _Facets, boxes: np.ndarray, width_px: int) -> tuple[np.ndarray, np.ndarray]:
    """All (triangle, pixel) pairs worth a test, row by row: index of the triangle, flattened index of the pixel."""
    triangle = np.repeat(np.arange(len(boxes)), boxes[:, 3])
    first = np.cumsum(boxes[:, 3]) - boxes[:, 3]
    row = np.arange(len(triangle)) - first[triangle] + boxes[triangle, 1]
    low, high = _row_spans(facets, triangle, row + 0.5)
    x0 = np.maximum(np.ceil(low - 0.5), boxes[triangle, 0]).astype(np.int64)
    x1 = np.minimum(np.floor(high - 0.5), boxes[triangle, 0] + boxes[triangle, 2] - 1).astype(np.int64)
    count = np.maximum(x1 - x0 + 1, 0)
    start = row * width_px + x0 - (np.cumsum(count) - count)
    return np.repeat(triangle, count), np.repeat(start, count) + np.arange(int(count.sum()))


def _row_spans(facets: _Facets, triangle: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest x (r,) at which a triangle's picture may meet the row at height y (r,); margin included."""
    margin = facets.margin_px[triangle]
    least, greatest = np.full(len(y), 1e9), np.full(len(y), -1e9)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        from_px, to_px = facets.px[:, start], facets.px[:, end]
        rise = to_px[:, 1] - from_px[:, 1]
        slope = (to_px[:, 0] - from_px[:, 0]) / np.where(np.abs(rise) < 1e-9, 1.0, rise)
        bottom, top = np.minimum(from_px[:, 1], to_px[:, 1])[triangle], np.maximum(from_px[:, 1], to_px[:, 1])[triangle]
        met = (y + margin >= bottom) & (y - margin <= top)
        for level in (y - margin, y + margin):
            x = (from_px[:, 0] - from_px[:, 1] * slope)[triangle] + np.clip(level, bottom, top) * slope[triangle]
            least = np.where(met & (x < least), x, least)
            greatest = np.where(met & (x > greatest), x, greatest)
    return least - margin, greatest + margin


class _Buffer:
    """The nearest hits so far, in a band of the picture's rows; of equally near ones the lowest triangle number."""

    def __init__(self, first: int, count: int) -> None:
        self.first = first
        self.depth_m = np.full(count, np.inf)
        self.triangle = np.full(count, _NOBODY, np.int32)

    @classmethod
    def over(cls, boxes: np.ndarray, camera: Camera) -> _Buffer:
        """A buffer for the rows of these boxes."""
        if not len(boxes):
            return cls(0, 0)
        low, high = int(boxes[:, 1].min()), int((boxes[:, 1] + boxes[:, 3]).max())
        return cls(low * camera.lens.width_px, (high - low) * camera.lens.width_px)

    def add(self, pixels: np.ndarray, depth_m: np.ndarray, triangle: np.ndarray) -> None:
        at = pixels - self.first
        before = self.depth_m[at]
        np.minimum.at(self.depth_m, at, depth_m)
        now = self.depth_m[at]
        self.triangle[at[now < before]] = _NOBODY
        nearest = depth_m == now
        np.minimum.at(self.triangle, at[nearest], triangle[nearest].astype(np.int32))

    def coverage(self, truncated: bool) -> Coverage:
        at = np.flatnonzero(self.triangle != _NOBODY)
        return Coverage(at + self.first, self.depth_m[at], self.triangle[at], truncated)
