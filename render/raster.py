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

import numpy as np

from annotate.camera import Camera
from assets.mesh import Mesh

_WIDEST_RAD = 0.06
"""Triangles that look larger than this (angle from their middle to a corner) are quartered before the search."""
_DEEPEST = 9
"""At most this many quarterings: for triangles that almost touch the lens."""
_PAIRS_AT_ONCE = 500_000
_NEAREST_M = 1e-4


@dataclass(frozen=True)
class Coverage:
    """The pixels that a mesh covers, nothing else standing before it.

    pixels: (n,) indices into the flattened picture, ascending. depth_m: (n,) along the ray. triangle: (n,) indices.
    """

    pixels: np.ndarray
    depth_m: np.ndarray
    triangle: np.ndarray

    def mask(self, camera: Camera) -> np.ndarray:
        """HW bool."""
        seen = np.zeros(camera.lens.height_px * camera.lens.width_px, bool)
        seen[self.pixels] = True
        return seen.reshape(camera.lens.height_px, camera.lens.width_px)


def rasterise(mesh: Mesh, camera: Camera) -> Coverage:
    """The coverage of one mesh (world metres)."""
    points = camera.to_camera(mesh.vertices_m)
    corners, triangle = _fitting(points[mesh.triangles], camera)
    found = [_hits(corners[part], triangle[part], boxes, camera) for part, boxes in _portions(corners, camera)]
    nothing = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
    pixels, depth_m, hit = (np.concatenate(column) for column in zip(nothing, *found, strict=True))
    return _nearest(pixels, depth_m, hit)


def merged(coverages: Sequence[Coverage], camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Depth (HW float64, inf where nothing is) and the number of the nearest coverage (HW int32, -1 where none)."""
    size = camera.lens.height_px * camera.lens.width_px
    depth, owner = np.full(size, np.inf), np.full(size, -1, np.int32)
    for number, coverage in enumerate(coverages):
        nearer = coverage.depth_m < depth[coverage.pixels]
        pixels = coverage.pixels[nearer]
        depth[pixels], owner[pixels] = coverage.depth_m[nearer], number
    shape = (camera.lens.height_px, camera.lens.width_px)
    return depth.reshape(shape), owner.reshape(shape)


@lru_cache(maxsize=4)
def pixel_rays(camera: Camera) -> np.ndarray:
    """Unit rays (height * width, 3) in the camera frame through all pixel centres; NaN where the lens sees nothing."""
    return camera.lens.unproject(camera.lens.pixel_centres())


def _fitting(corners: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (n, 3, 3) in the camera frame that the lens may see, quartered until small, and whose part they are."""
    limit = camera.lens.max_theta_rad
    number = np.arange(len(corners))
    kept_corners, kept_numbers = [], []
    for depth in range(_DEEPEST + 1):
        theta, radius = _angular_extent(corners)
        seen = theta - radius <= limit
        small = (radius <= _WIDEST_RAD) | (depth == _DEEPEST)
        kept_corners.append(corners[seen & small])
        kept_numbers.append(number[seen & small])
        corners, number = _quartered(corners[seen & ~small]), np.repeat(number[seen & ~small], 4)
        if not len(corners):
            break
    return np.concatenate(kept_corners), np.concatenate(kept_numbers)


def _angular_extent(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angle of each triangle's middle from the optical axis, and of its furthest corner from its middle, rad."""
    middle = corners.mean(axis=1)
    length = np.maximum(np.linalg.norm(corners, axis=2), 1e-12)
    middle_length = np.maximum(np.linalg.norm(middle, axis=1), 1e-12)
    cosine = np.einsum("nij,nj->ni", corners, middle) / (length * middle_length[:, None])
    # arccos loses half its digits near 1; half a microradian of slack covers what float64 leaves there.
    radius = np.arccos(np.clip(cosine.min(axis=1), -1, 1)) + 5e-7
    theta = np.arctan2(np.hypot(middle[:, 0], middle[:, 1]), middle[:, 2])
    return theta, radius


def _quartered(corners: np.ndarray) -> np.ndarray:
    """Each triangle as four, cut at the middles of its sides; (4n, 3, 3), the four of one stay together."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    four = [np.stack(part, axis=1) for part in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return np.stack(four, axis=1).reshape(-1, 3, 3)


def _portions(corners: np.ndarray, camera: Camera) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices of triangles with their pixel boxes (x0, y0, columns, rows), so many at once that memory stays small."""
    boxes = _pixel_boxes(corners, camera)
    count = boxes[:, 2] * boxes[:, 3]
    worth = np.flatnonzero(count > 0)
    if not len(worth):
        return
    chunk = np.cumsum(count[worth]) // _PAIRS_AT_ONCE
    for part in np.split(worth, np.flatnonzero(np.diff(chunk)) + 1):
        yield part, boxes[part]


def _pixel_boxes(corners: np.ndarray, camera: Camera) -> np.ndarray:
    """Boxes (n, 4) of pixels x0, y0, columns, rows whose centres may lie inside each triangle's picture."""
    px = camera.lens.project(_into_view(corners.reshape(-1, 3), camera)).reshape(-1, 3, 2)
    # A triangle with a corner in the lens itself has no picture.
    px = np.where(np.isfinite(px).all(axis=(1, 2))[:, None, None], px, -1e6)
    low, high = px.min(axis=1), px.max(axis=1)
    # An edge seen under the angle a bows out by up to a/8 of its length at 90 deg off the axis: twice that is safe.
    _, radius = _angular_extent(corners)
    margin = 0.02 + 0.5 * (np.linalg.norm(high - low, axis=1) * radius)[:, None]
    size = np.array([camera.lens.width_px, camera.lens.height_px])
    first = np.clip(np.ceil(low - margin - 0.5), 0, size).astype(np.int64)
    last = np.clip(np.floor(high + margin - 0.5), -1, size - 1).astype(np.int64)
    return np.hstack([first, np.maximum(last - first + 1, 0)])


def _into_view(points: np.ndarray, camera: Camera) -> np.ndarray:
    """Points beyond the lens's field of view moved to its rim, at the same azimuth."""
    limit = camera.lens.max_theta_rad * (1 - 1e-9)
    aside = np.hypot(points[:, 0], points[:, 1])
    beyond = np.arctan2(aside, points[:, 2]) > limit
    direction = points[:, :2] / np.maximum(aside, 1e-12)[:, None]
    rim = np.column_stack([direction * math.sin(limit), np.full(len(points), math.cos(limit))])
    return np.where(beyond[:, None], rim, points)


def _hits(
    corners: np.ndarray, number: np.ndarray, boxes: np.ndarray, camera: Camera
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, depths and triangle numbers of all rays that pass through one of the triangles."""
    # Planes through the lens and each edge: a ray on the inner side of all three passes through the triangle.
    edges = np.cross(corners, corners[:, [1, 2, 0]])
    edges *= np.where(np.einsum("nj,nj->n", edges[:, 0], corners[:, 2]) < 0, -1.0, 1.0)[:, None, None]
    pair, pixels = _pairs(boxes, camera.lens.width_px)
    rays = pixel_rays(camera)[pixels]
    for edge in range(3):
        inner = np.einsum("nj,nj->n", edges[pair, edge], rays) >= 0
        pair, pixels, rays = pair[inner], pixels[inner], rays[inner]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    along = np.einsum("nj,nj->n", normal[pair], rays)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.einsum("nj,nj->n", normal, corners[:, 0])[pair] / along
    hit = np.isfinite(depth) & (depth > _NEAREST_M)
    return pixels[hit], depth[hit], number[pair[hit]]


def _pairs(boxes: np.ndarray, width_px: int) -> tuple[np.ndarray, np.ndarray]:
    """All (triangle, pixel) pairs of the boxes: index of the box, flattened index of the pixel."""
    count = boxes[:, 2] * boxes[:, 3]
    pair = np.repeat(np.arange(len(boxes)), count)
    place = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
    row, column = np.divmod(place, boxes[pair, 2])
    return pair, (boxes[pair, 1] + row) * width_px + boxes[pair, 0] + column


def _nearest(pixels: np.ndarray, depth_m: np.ndarray, triangle: np.ndarray) -> Coverage:
    """The nearest hit of each pixel; of equally near ones the triangle with the lower number."""
    order = np.lexsort((triangle, depth_m, pixels))
    pixels, depth_m, triangle = pixels[order], depth_m[order], triangle[order]
    first = np.ones(len(pixels), bool)
    first[1:] = pixels[1:] != pixels[:-1]
    return Coverage(pixels[first], depth_m[first], triangle[first])
