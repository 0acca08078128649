"""Ribbons: narrow strips along curves on the suit (lanyards, straps), which no cut could resolve.

A curve is given on the canonical body and kept as weighted means of the suit's vertices, so that it follows any body,
any pose and any layer of cloth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from assets.humans.chart import Chart
from assets.humans.drape import Fitting
from assets.humans.parts import Motion
from assets.humans.tailoring import SUIT, Posed, fine_surface

Curve = Callable[[], np.ndarray]
"""Gives (c, 3) points on the canonical body, in order; must be a function of a module, for it is the key."""


@dataclass(frozen=True)
class Ribbon:
    """A strip along a curve, over a layer of a fitting."""

    fitting: Fitting
    layer: int
    curve: Curve
    width_m: float
    raise_m: float
    closed: bool = True

    def posed(self, motion: Motion) -> Posed:
        rows, chart = curve_rows(self.curve)
        cloth = self.fitting.draped(motion)[self.layer]
        middle, normals = rows @ cloth.points_m, rows @ cloth.normals
        normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        folds = np.maximum(fine_rows(self.curve) @ self.fitting.folds_m(self.layer), 0.0)
        middle = middle + (self.raise_m + folds)[:, None] * normals
        middle = _evened(middle, self.closed)
        tangent = np.roll(middle, -1, 0) - np.roll(middle, 1, 0)
        if not self.closed:
            tangent[0], tangent[-1] = middle[1] - middle[0], middle[-1] - middle[-2]
        aside = np.cross(normals, tangent)
        aside *= 0.5 * self.width_m / np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
        points = np.concatenate([middle + aside, middle - aside, middle + aside - 0.003 * normals])
        points = np.concatenate([points, middle - aside - 0.003 * normals])
        triangles = _strip(len(middle), self.closed)
        uvs = np.zeros((len(triangles), 3, 2), np.float32)
        chart = Chart(np.tile(chart.place_m, (4, 1)), np.tile(chart.arm_m, 4))
        count = len(points)
        look = np.zeros(len(triangles), int)
        return Posed(points, np.tile(normals, (4, 1)), np.zeros(count), triangles, uvs, chart, look)


def _evened(points: np.ndarray, closed: bool) -> np.ndarray:
    """A curve smoothed along itself; ends stay."""
    for _ in range(3):
        mean = 0.5 * points + 0.25 * (np.roll(points, 1, 0) + np.roll(points, -1, 0))
        if not closed:
            mean[0], mean[-1] = points[0], points[-1]
        points = mean
    return points


def _strip(count: int, closed: bool) -> np.ndarray:
    """Triangles of a strip: count points on the left, on the right, and both edges turned in. Outwards is their front."""
    first = np.arange(count if closed else count - 1)
    second = (first + 1) % count
    quads = [(0, 1), (2, 0), (1, 3)]
    triangles = []
    for left, right in quads:
        a, b, c, d = left * count + first, right * count + first, left * count + second, right * count + second
        triangles += [np.stack([a, b, d], 1), np.stack([a, d, c], 1)]
    return np.concatenate(triangles).astype(np.int32)


@cache
def curve_rows(curve: Curve) -> tuple[sparse.csr_matrix, Chart]:
    """(c, n) weights of the suit's vertices that give the curve's points, and their chart."""
    chart = fine_surface(SUIT).chart
    rows = fine_rows(curve)
    place = np.asarray(rows @ chart.place_m, np.float32)
    return (rows @ fine_surface(SUIT).matrix).tocsr(), Chart(place, np.full(len(place), -0.2, np.float32))


@cache
def fine_rows(curve: Curve) -> sparse.csr_matrix:
    """(c, f) the same on the suit's finer vertices: the four nearest, the nearer the more."""
    chart = fine_surface(SUIT).chart
    usable = np.flatnonzero(chart.arm_m < 0.06)
    points = curve()
    distance, index = cKDTree(chart.place_m[usable]).query(points, k=4)
    share = 1 / (distance + 0.004) ** 2
    share /= share.sum(1, keepdims=True)
    row = np.repeat(np.arange(len(points)), 4)
    shape = (len(points), len(chart.arm_m))
    return sparse.csr_matrix((share.ravel().astype(np.float32), (row, usable[index].ravel())), shape=shape)


def around_trunk(start_m: tuple[float, float], end_m: tuple[float, float], count: int = 56) -> np.ndarray:
    """(count, 3) closed curve where the plane through two places (x, z), along y, meets the canonical trunk."""
    fine = fine_surface(SUIT).chart
    start, way = np.array(start_m), np.subtract(end_m, start_m)
    way = way / np.linalg.norm(way)
    flat = fine.place_m[:, [0, 2]] - start
    distance, along = np.abs(flat @ np.array([-way[1], way[0]])), flat @ way
    length = float(np.linalg.norm(np.subtract(end_m, start_m)))
    near = (distance < 0.02) & (fine.arm_m < 0.03) & (along > -0.12) & (along < length + 0.06)
    y, along = fine.place_m[near, 1], along[near]
    turn = np.arctan2(y + 0.02, along - along.mean())
    order = np.argsort(turn)
    edges = np.linspace(-np.pi, np.pi, count + 1)
    middles = 0.5 * (edges[1:] + edges[:-1])
    columns = [np.interp(middles, turn[order], fine.place_m[near][order, axis], period=2 * np.pi) for axis in range(3)]
    points = np.stack(columns, 1)
    return _evened(_evened(points, True), True)
