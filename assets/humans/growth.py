"""Surfaces that are laid on a posed head: grids, ribbons along them, and their colours vertex by vertex."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assets.humans.parts import Part
from assets.humans.surface import UV_SPAN_M


@dataclass(frozen=True)
class ShadedPart(Part):
    """A Part whose colour varies from vertex to vertex.

    shade: (n, 3) what is added to 1 before it is multiplied with the material's linear colour; 0 changes nothing.
    """

    shade: np.ndarray


def shade_of(part: Part) -> np.ndarray:
    """(n, 3) shade of a part's vertices: its own, or none."""
    return part.shade if isinstance(part, ShadedPart) else np.zeros((len(part.points_m), 3), np.float32)


@dataclass(frozen=True)
class Growth:
    """Posed points (n, 3), triangles (m, 3), texture coordinates (m, 3, 2), and shade (n, 3) as ShadedPart has it."""

    points_m: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray
    shade: np.ndarray


def joined(growths: list[Growth]) -> Growth:
    """Several growths as one."""
    first = np.cumsum([0, *(len(growth.points_m) for growth in growths)])
    return Growth(
        np.concatenate([growth.points_m for growth in growths]),
        np.concatenate([growth.triangles + start for growth, start in zip(growths, first, strict=False)]),
        np.concatenate([growth.uvs for growth in growths]),
        np.concatenate([growth.shade for growth in growths]),
    )


def plain_shade(count: int, factor: float | np.ndarray = 1.0) -> np.ndarray:
    """(count, 3) shade that multiplies all channels by factor."""
    return np.broadcast_to(np.reshape(np.asarray(factor, np.float32) - 1, (-1, 1)), (count, 3))


def grid(points_m: np.ndarray, shade: np.ndarray, closed: bool, crown: bool = False) -> Growth:
    """A grid (c, r, 3) of points, with faces outwards when its columns go counter-clockwise seen from its first row.

    closed: the last column joins the first. crown: the first row is closed by one vertex more. shade: (c, r, 3).
    """
    columns, rows = points_m.shape[:2]
    triangles, coordinates = _grid_topology(columns, rows, closed, crown)
    flat, colors = points_m.reshape(-1, 3), shade.reshape(-1, 3)
    if crown:
        flat = np.vstack([flat, points_m[:, 0].mean(0)])
        colors = np.vstack([colors, shade[:, 0].mean(0)])
    length = np.linalg.norm(points_m[0, -1] - points_m[0, 0]) + 1e-6
    width = np.linalg.norm(points_m[1:, -1] - points_m[:-1, -1], axis=1).sum()
    scale = np.array([width, length]) / UV_SPAN_M
    return Growth(flat, triangles, (coordinates * scale).astype(np.float32), colors)


@lru_cache(maxsize=64)
def _grid_topology(columns: int, rows: int, closed: bool, crown: bool) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (m, 3) of a grid, and their texture coordinates (m, 3, 2) in [0, 1]."""
    number = np.arange(columns * rows).reshape(columns, rows)
    left, right = (number, np.roll(number, -1, 0)) if closed else (number[:-1], number[1:])
    a, b, c, d = left[:, :-1], right[:, :-1], right[:, 1:], left[:, 1:]
    triangles = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    coordinates = np.stack(np.meshgrid(np.arange(columns) / columns, np.arange(rows) / rows, indexing="ij"), -1)
    coordinates = np.vstack([coordinates.reshape(-1, 2), [0.5, 0.0]])
    if crown:
        fan = np.stack([np.full(len(left), columns * rows), left[:, 0], right[:, 0]], 1)
        triangles = np.concatenate([triangles, fan])
    corners = coordinates[triangles]
    corners[..., 0] -= np.round(corners[..., 0] - corners[:, :1, 0])
    return triangles, corners


def ribbons(middle_m: np.ndarray, aside: np.ndarray, width_m: np.ndarray, shade: np.ndarray) -> Growth:
    """Pointed ribbons along lines middle_m (s + 1, k, 3), as wide as width_m (s, k), sides along aside (s, k, 3).

    shade: (s + 1, k, 3). Each has 2 s + 1 vertices and 2 s - 1 triangles; the last point is its tip.
    """
    steps, count = len(middle_m) - 1, middle_m.shape[1]
    half = 0.5 * width_m[..., None] * aside
    points = np.empty((2 * steps + 1, count, 3), np.float32)
    colors = np.empty((2 * steps + 1, count, 3), np.float32)
    points[0:-1:2], points[1::2], points[-1] = middle_m[:-1] - half, middle_m[:-1] + half, middle_m[-1]
    colors[0:-1:2], colors[1::2], colors[-1] = shade[:-1], shade[:-1], shade[-1]
    triangles, uvs = _ribbon_topology(steps, count)
    return Growth(points.reshape(-1, 3), triangles, uvs, colors.reshape(-1, 3))


@lru_cache(maxsize=64)
def _ribbon_topology(steps: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of count ribbons whose points are numbered ring by ring, and small texture coordinates for each."""
    local = []
    for step in range(steps - 1):
        a = 2 * step
        local += [(a, a + 1, a + 2), (a + 1, a + 3, a + 2)]
    local.append((2 * steps - 2, 2 * steps - 1, 2 * steps))
    triangles = (np.array(local)[None] * count + np.arange(count)[:, None, None]).reshape(-1, 3)
    along = np.array(local) // 2 * 0.01
    across = np.array(local) % 2 * 0.004
    place = np.arange(count)[:, None, None] * 0.0137 % 1.0
    uvs = np.stack(np.broadcast_arrays(across + place, along), -1).reshape(-1, 3, 2)
    return triangles, (uvs / UV_SPAN_M).astype(np.float32)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], coarse: tuple[int, int]) -> np.ndarray:
    """Noise over (columns, rows), periodic in the columns, of about unit deviation, from a coarse grid."""
    columns, rows = _between_nodes(shape[0], coarse[0], True), _between_nodes(shape[1], coarse[1], False)
    return np.asarray(columns @ (1.6 * rng.normal(size=coarse)) @ rows.T)


@lru_cache(maxsize=64)
def _between_nodes(count: int, nodes: int, periodic: bool) -> np.ndarray:
    """(count, nodes) shares of coarse nodes in places spread evenly over them, smooth between."""
    place = np.arange(count) / count * nodes if periodic else np.linspace(0, nodes - 1, count)
    first = np.minimum(place.astype(int), nodes - (1 if periodic else 2))
    share = place - first
    share = share * share * (3 - 2 * share)
    matrix, number = np.zeros((count, nodes)), np.arange(count)
    matrix[number, first] = 1 - share
    matrix[number, (first + 1) % nodes] += share
    return matrix


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cross products (..., 3) of short arrays: faster than numpy's own."""
    a, b, c = first[..., 0], first[..., 1], first[..., 2]
    x, y, z = second[..., 0], second[..., 1], second[..., 2]
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x], -1)


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1; 0 stays 0."""
    length = np.sqrt(np.einsum("...a,...a->...", vectors, vectors))
    return np.asarray(vectors / np.maximum(length, 1e-9)[..., None])
