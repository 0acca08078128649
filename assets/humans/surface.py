"""Triangle surfaces that know their place on the body: cutting, smoothing, normals, texture coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from assets.humans.chart import Chart, turn_about_arm

UV_SPAN_M = 2.0
"""Cloth and hair texture coordinates are metres on the rest body divided by this."""


@dataclass(frozen=True)
class Surface:
    """A surface over the rest body.

    points_m: (n, 3) rest positions. triangles: (m, 3). weights: (n, j) skinning. chart: where the vertices lie.
    ripple_m: (n,) height of the folds to be added along the normals once posed.
    """

    points_m: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    chart: Chart
    ripple_m: np.ndarray

    def with_points(self, points_m: np.ndarray) -> Surface:
        return replace(self, points_m=points_m)

    def kept(self, keep: np.ndarray) -> Surface:
        """The triangles marked in keep (m,) bool, without the vertices that nobody uses then."""
        used, triangles = compacted(self.triangles[keep], len(self.points_m))
        return Surface(
            self.points_m[used],
            triangles,
            self.weights[used],
            Chart(self.chart.place_m[used], self.chart.arm_m[used]),
            self.ripple_m[used],
        )


def compacted(triangles: np.ndarray, vertex_count: int) -> tuple[np.ndarray, np.ndarray]:
    """The vertices that triangles use, in order, and the triangles in terms of these."""
    mark = np.zeros(vertex_count, bool)
    mark[triangles.ravel()] = True
    number = np.cumsum(mark, dtype=np.int32) - 1
    return np.flatnonzero(mark), number[triangles]


def cut(surface: Surface, field: np.ndarray) -> Surface:
    """The part of the surface where field (n,) > 0, with a clean edge along its zero line."""
    ends, share, triangles = cut_along(surface.triangles, field)
    grown = _with_vertices_between(surface, ends, share)
    return replace(grown, triangles=triangles).kept(np.ones(len(triangles), bool))


def cut_along(triangles: np.ndarray, field: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How to cut triangles (m, 3) along the zero line of field (n,): new vertices and the triangles on its positive side.

    Returns ends (e, 2) and share (e,) float32: new vertex n + i lies that share of the way between these two vertices;
    and the triangles (k, 3) int32 over old and new vertices.
    """
    inside = field[triangles] > 0
    count = inside.sum(1)
    whole, one, two = triangles[count == 3], triangles[count == 1], triangles[count == 2]
    one = _rolled(one, inside[count == 1].argmax(1))
    two = _rolled(two, (~inside[count == 2]).argmax(1))
    edges = np.concatenate([one[:, [0, 1]], one[:, [0, 2]], two[:, [0, 1]], two[:, [0, 2]]])
    key, index = np.unique(edges.min(1).astype(np.int64) * len(field) + edges.max(1), return_inverse=True)
    ends = np.stack([key // len(field), key % len(field)], 1)
    index = index.reshape(-1) + len(field)
    on_one = index[: 2 * len(one)].reshape(2, -1)
    on_two = index[2 * len(one) :].reshape(2, -1)
    kept = [
        whole,
        np.stack([one[:, 0], on_one[0], on_one[1]], 1),
        np.stack([on_two[0], two[:, 1], two[:, 2]], 1),
        np.stack([on_two[0], two[:, 2], on_two[1]], 1),
    ]
    share = field[ends[:, 0]] / (field[ends[:, 0]] - field[ends[:, 1]])
    return ends, share.astype(np.float32), np.concatenate(kept).astype(np.int32)


def _rolled(triangles: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Each triangle turned so that its corner number `first` comes first; its orientation stays."""
    return np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, 1)


def _with_vertices_between(surface: Surface, ends: np.ndarray, share: np.ndarray) -> Surface:
    """The surface with one more vertex for each row of ends (e, 2), a share (e,) of the way along."""

    def grow(values: np.ndarray) -> np.ndarray:
        part = share.reshape(-1, *([1] * (values.ndim - 1)))
        return np.concatenate([values, (1 - part) * values[ends[:, 0]] + part * values[ends[:, 1]]])

    chart = Chart(grow(surface.chart.place_m), grow(surface.chart.arm_m))
    return replace(
        surface,
        points_m=grow(surface.points_m),
        weights=grow(surface.weights),
        chart=chart,
        ripple_m=grow(surface.ripple_m),
    )


def loop_subdivision(triangles: np.ndarray, vertex_count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Loop's subdivision of triangles (m, 3): sparse (n + e, n) that gives the finer vertices, and (4 m, 3) triangles.

    The first n rows are the old vertices, the others the middles of the e edges. Warren's weights; borders stay on
    their own cubic spline (Loop 1987; Warren & Weimer 2001, section 7.3).
    """
    corners = triangles.astype(np.int64)
    sides = np.stack([corners, np.roll(corners, -1, 1)], 2).reshape(-1, 2)
    opposite = np.roll(corners, -2, 1).ravel()
    key, side_edge, uses = np.unique(
        sides.min(1) * vertex_count + sides.max(1), return_inverse=True, return_counts=True
    )
    side_edge = side_edge.reshape(-1)
    edges = np.stack([key // vertex_count, key % vertex_count], 1)
    middles = _edge_rows(edges, uses == 1, side_edge, opposite, vertex_count)
    kept = _vertex_rows(edges, uses == 1, vertex_count)
    a, b, c = corners.T
    ab, bc, ca = (side_edge.reshape(-1, 3) + vertex_count).T
    finer = np.stack([a, ab, ca, b, bc, ab, c, ca, bc, ab, bc, ca], 1).reshape(-1, 3)
    return sparse.vstack([kept, middles]).tocsr().astype(np.float32), finer.astype(np.int32)


def _edge_rows(
    edges: np.ndarray, on_border: np.ndarray, side_edge: np.ndarray, opposite: np.ndarray, vertex_count: int
) -> sparse.csr_matrix:
    """(e, n): 3/8 of both ends and 1/8 of both opposite corners; half of both ends on the border."""
    number = np.arange(len(edges))
    ends = np.where(on_border, 0.5, 0.375)
    across = ~on_border[side_edge]
    rows = np.concatenate([number, number, side_edge[across]])
    columns = np.concatenate([edges[:, 0], edges[:, 1], opposite[across]])
    shares = np.concatenate([ends, ends, np.full(int(across.sum()), 0.125)])
    return sparse.csr_matrix((shares, (rows, columns)), shape=(len(edges), vertex_count))


def _vertex_rows(edges: np.ndarray, on_border: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """(n, n): old vertices drawn towards their neighbours, along the border only where they lie on it."""
    at_border = np.zeros(vertex_count, bool)
    at_border[edges[on_border].ravel()] = True
    both = np.concatenate([edges, edges[:, ::-1]])
    counts = ~at_border[both[:, 0]] | np.tile(on_border, 2)
    both = both[counts]
    degree = np.bincount(both[:, 0], minlength=vertex_count)
    share = np.where(at_border, 1 / 8, np.where(degree == 3, 3 / 16, 3 / (8 * np.maximum(degree, 1))))
    links = sparse.csr_matrix((share[both[:, 0]], both.T), shape=(vertex_count, vertex_count))
    return (links + sparse.diags(1 - np.asarray(links.sum(1)).ravel())).tocsr()


def neighbour_average(triangles: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """Sparse (n, n): each row takes the mean over the vertices that share an edge; lonely vertices keep themselves.

    Vertices on the border look at their neighbours along the border only, so that edges smooth into even curves.
    """
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    links = sparse.coo_matrix((np.ones(len(edges), np.float32), edges.T), shape=(vertex_count, vertex_count)).tocsr()
    both = (links + links.T).tocoo()
    border = np.zeros(vertex_count, bool)
    border[both.row[both.data == 1]] = True
    kept = ~border[both.row] | (both.data == 1)
    rows, columns = both.row[kept], both.col[kept]
    degree = np.bincount(rows, minlength=vertex_count)
    lonely = np.flatnonzero(degree == 0)
    rows, columns = np.concatenate([rows, lonely]), np.concatenate([columns, lonely])
    shares = (1.0 / np.maximum(degree, 1)).astype(np.float32)[rows]
    return sparse.csr_matrix((shares, (rows, columns)), shape=(vertex_count, vertex_count))


def smoothed(points_m: np.ndarray, average: sparse.csr_matrix, steps: int) -> np.ndarray:
    """Points moved half way to their neighbours' mean, `steps` times."""
    half = points_m.dtype.type(0.5)
    for _ in range(steps):
        points_m = half * (points_m + average @ points_m)
    return points_m


def vertex_normals(points_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(n, 3) unit normals, weighted by area."""
    corners = np.ascontiguousarray(triangles.T)
    x, y, z = np.ascontiguousarray(points_m.T)[:, corners]
    (ux, vx), (uy, vy), (uz, vz) = (axis[1:] - axis[0] for axis in (x, y, z))
    faces = (uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)
    flat = corners.ravel()
    total = np.stack([np.bincount(flat, np.tile(face, 3), len(points_m)) for face in faces], 1)
    length = np.sqrt(np.einsum("na,na->n", total, total))
    return (total / np.maximum(length, 1e-12)[:, None]).astype(np.float32)


def cloth_uvs(surface: Surface, triangles: np.ndarray) -> np.ndarray:
    """chart_uvs of a surface's own chart."""
    return chart_uvs(surface.chart, triangles)


def chart_uvs(chart: Chart, triangles: np.ndarray) -> np.ndarray:
    """(m, 3, 2) texture coordinates in metres / UV_SPAN_M: around the limb or trunk, and along it.

    A triangle takes one limb's coordinates whole, and is unrolled across the seam, so that stripes stay straight.
    """
    place, arm = chart.place_m, chart.arm_m
    on_leg = place[:, 2] < 0.88
    axis_x = np.where(on_leg, np.sign(place[:, 0]) * (0.115 + 0.09 * np.clip(0.98 - place[:, 2], 0, 1)), 0.0)
    trunk_turn = np.arctan2(place[:, 0] - axis_x, -place[:, 1])
    on_arm = chart.is_arm[triangles].sum(1) >= 2
    turn = np.where(on_arm[:, None], turn_about_arm(chart)[triangles], trunk_turn[triangles])
    turn = turn - 2 * np.pi * np.round((turn - turn[:, :1]) / (2 * np.pi))
    width = np.where(on_arm, 0.05, np.where(on_leg, 0.085, 0.15)[triangles[:, 0]])[:, None]
    length = np.where(on_arm[:, None], arm[triangles], place[:, 2][triangles])
    return (np.stack([turn * width + 1.0, length], 2) / UV_SPAN_M).astype(np.float32)
