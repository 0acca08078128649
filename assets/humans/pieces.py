"""Pieces of cloth cut along fields, with edges turned in. None depends on a person: each is cut once and kept.

A piece knows its vertices as weighted means of the base's coarse vertices, so that posing a coarse surface is all that a
person costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse

from assets.humans.chart import Chart
from assets.humans.cuts import Field
from assets.humans.surface import chart_uvs, compacted, cut_along, smoothed
from assets.humans.tailoring import fine_surface

HEM_M = 0.012
"""How deep a turned-in edge goes."""
EVENED = 4
"""How often an edge's points move half way to their neighbours' mean along it, for coarse triangles leave it jagged."""


@dataclass(frozen=True)
class Hem:
    """The edge of a piece, turned in. border: (b,) vertices on the edge. inwards: (b, k) the mean of their neighbours

    off the edge. along: (b, b) the mean of their neighbours on it. The hem's inner points, b of them, follow the
    piece's k.
    """

    border: np.ndarray
    inwards: sparse.csr_matrix
    along: sparse.csr_matrix


@dataclass(frozen=True)
class Piece:
    """Cloth cut from a base's finer surface.

    coarse: (k, n) from the base's vertices to the piece's; fine: (k, f) from the finer ones. triangles, uvs and chart
    include the hem's points, which follow the piece's own. edge_m: (k,) chart distance from the edge.
    """

    coarse: sparse.csr_matrix
    fine: sparse.csr_matrix
    triangles: np.ndarray
    uvs: np.ndarray
    chart: Chart
    edge_m: np.ndarray
    hem: Hem | None


@lru_cache(maxsize=256)
def piece(base_name: str, fields: tuple[Field, ...], hem: bool = True) -> Piece:
    """The part of a base where all fields are positive; hem: whether its edge is turned in."""
    finer = fine_surface(base_name)
    triangles, chart = finer.triangles, finer.chart
    rows = sparse.identity(len(chart.arm_m), format="csr", dtype=np.float32)
    for field in fields:
        ends, share, triangles = cut_along(triangles, np.asarray(field(chart), np.float32))
        between = sparse.diags(1 - share) @ rows[ends[:, 0]] + sparse.diags(share) @ rows[ends[:, 1]]
        used, triangles = compacted(triangles, rows.shape[0] + len(ends))
        rows = sparse.vstack([rows, between]).tocsr()[used]
        chart = _between(chart, ends, share, used)
    coarse = (rows @ finer.matrix).tocsr().astype(np.float32)
    edge = np.minimum.reduce([field(chart) for field in fields]).astype(np.float32)
    turned, all_triangles, all_chart = _turned_in(triangles, chart) if hem else (None, triangles, chart)
    uvs = chart_uvs(all_chart, all_triangles) if len(all_triangles) else np.zeros((0, 3, 2), np.float32)
    return Piece(coarse, rows.astype(np.float32), all_triangles, uvs, all_chart, edge, turned)


def _between(chart: Chart, ends: np.ndarray, share: np.ndarray, used: np.ndarray) -> Chart:
    """The chart with vertices between others added, and only the used ones kept."""

    def grow(values: np.ndarray) -> np.ndarray:
        part = share.reshape(-1, *([1] * (values.ndim - 1)))
        grown = np.concatenate([values, (1 - part) * values[ends[:, 0]] + part * values[ends[:, 1]]])
        return np.asarray(grown[used], np.float32)

    return Chart(grow(chart.place_m), grow(chart.arm_m))


def _turned_in(triangles: np.ndarray, chart: Chart) -> tuple[Hem, np.ndarray, Chart]:
    """The hem of triangles, all triangles with it, and the chart of all points."""
    count = len(chart.arm_m)
    sides = _border_sides(triangles, count)
    border, ends = np.unique(sides, return_inverse=True)
    first, second = ends.reshape(-1, 2).T
    inner = count + np.arange(len(border))
    strips = [
        np.stack([border[second], border[first], inner[first]], 1),
        np.stack([border[second], inner[first], inner[second]], 1),
    ]
    place = np.concatenate([chart.place_m, chart.place_m[border]])
    arm = np.concatenate([chart.arm_m, chart.arm_m[border]])
    together = np.concatenate([triangles, *strips]).astype(np.int32)
    hem = Hem(border, _inward_mean(triangles, border, count), _along_mean(first, second, len(border)))
    return hem, together, Chart(place, arm)


def _along_mean(first: np.ndarray, second: np.ndarray, count: int) -> sparse.csr_matrix:
    """(b, b) mean over the neighbours at the other ends of an edge's sides."""
    links = sparse.csr_matrix((np.ones(len(first), np.float32), (first, second)), shape=(count, count))
    links = links + links.T
    return (sparse.diags(1 / np.asarray(links.sum(1)).ravel()) @ links).tocsr().astype(np.float32)


def _border_sides(triangles: np.ndarray, count: int) -> np.ndarray:
    """(e, 2) directed sides that belong to one triangle only."""
    sides = np.stack([triangles, np.roll(triangles, -1, 1)], 2).reshape(-1, 2).astype(np.int64)
    _, index, uses = np.unique(sides.min(1) * count + sides.max(1), return_index=True, return_counts=True)
    return np.asarray(sides[index[uses == 1]])


def _inward_mean(triangles: np.ndarray, border: np.ndarray, count: int) -> sparse.csr_matrix:
    """(b, k) mean of the neighbours of border vertices that lie off the border; their own place where there are none."""
    sides = np.stack([triangles, np.roll(triangles, -1, 1)], 2).reshape(-1, 2)
    both = np.concatenate([sides, sides[:, ::-1]])
    number = np.full(count, -1)
    number[border] = np.arange(len(border))
    both = both[(number[both[:, 0]] >= 0) & (number[both[:, 1]] < 0)]
    rows, columns = number[both[:, 0]], both[:, 1]
    alone = np.flatnonzero(np.bincount(rows, minlength=len(border)) == 0)
    rows, columns = np.concatenate([rows, alone]), np.concatenate([columns, border[alone]])
    total = np.bincount(rows, minlength=len(border))
    shares = (1 / total[rows]).astype(np.float32)
    return sparse.csr_matrix((shares, (rows, columns)), shape=(len(border), count))


def hemmed(part: Piece, points_m: np.ndarray, normals: np.ndarray, thickness_m: float) -> np.ndarray:
    """The piece's points (k, 3) followed by those of its hem; the edge is evened out along itself, in place."""
    if part.hem is None:
        return points_m
    edge = smoothed(points_m[part.hem.border], part.hem.along, EVENED)
    inner = part.hem.inwards @ points_m
    points_m[part.hem.border] = edge
    length = np.maximum(np.linalg.norm(inner - edge, axis=1, keepdims=True), 1e-6).astype(np.float32)
    lowered = edge - np.float32(thickness_m) * normals[part.hem.border]
    return np.concatenate([points_m, lowered + np.minimum(HEM_M / length, 1.0) * (inner - edge)])
