"""A surface with fewer triangles over some of its own vertices, by half-edge collapses.

A vertex is drawn into a neighbour where this moves the surface by less than the tolerance there. Vertices that stay keep
their numbers and places, so whatever is known of them (skinning weights, charts, facial actions) still holds. The error
is that of quadrics (Garland & Heckbert 1997), the sum of squared distances from the planes of all triangles drawn in.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

_FEWEST = 150
"""What is not worth another round."""
_FIRST, _SECOND = np.triu_indices(4)
_TWICE = np.where(_FIRST == _SECOND, 1.0, 2.0)
_LEAST_COSINE = 0.3
"""How far a triangle may turn in one collapse."""


def coarser(
    points_m: np.ndarray, triangles: np.ndarray, uvs: np.ndarray, tolerance_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (k, 3) and texture coordinates (k, 3, 2) with fewer vertices, all among those of triangles (m, 3).

    points_m: (n, 3). uvs: (m, 3, 2). tolerance_m: (n,) how far the surface may move at a vertex; 0: the vertex stays.
    Vertices on borders and on seams of the texture stay.
    """
    tolerance = np.where(_fixed(triangles.astype(np.int64), uvs, len(points_m)), 0.0, tolerance_m)
    near = (tolerance[triangles] > 0).any(1)
    used, flat = np.unique(triangles[near], return_inverse=True)
    fewer, places = _drawn_in(points_m[used].astype(float), flat.reshape(-1, 3), uvs[near], tolerance[used])
    return np.concatenate([triangles[~near], used[fewer]]).astype(np.int32), np.concatenate([uvs[~near], places])


def _drawn_in(
    points: np.ndarray, triangles: np.ndarray, uvs: np.ndarray, tolerance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """coarser for triangles whose vertices may all go where their tolerance is not 0: round by round, far apart."""
    quadrics, barred = _quadrics(points, triangles), np.zeros(0, np.int64)
    while True:
        source, target, cost = _candidates(points, triangles, quadrics, tolerance, barred)
        if len(source) < _FEWEST:
            return triangles, uvs
        chosen = _apart(triangles, source, cost, len(points))
        goal = np.full(len(points), -1)
        goal[source[chosen]] = target[chosen]
        bad = _spoiled(points, triangles, goal)
        barred = np.concatenate([barred, bad * len(points) + goal[bad]])
        goal[bad] = -1
        moved = np.flatnonzero(goal >= 0)
        quadrics[goal[moved]] += quadrics[moved]
        triangles, uvs = _collapsed(triangles, uvs, goal)


def _fixed(triangles: np.ndarray, uvs: np.ndarray, count: int) -> np.ndarray:
    """(n,) bool: vertices on a border, or with several places in the texture."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    key, uses = np.unique(edges.min(1) * count + edges.max(1), return_counts=True)
    fixed = np.zeros(count, bool)
    border = key[uses != 2]
    fixed[border // count] = fixed[border % count] = True
    flat, corner = triangles.ravel(), uvs.reshape(-1, 2)
    first = np.zeros((count, 2), uvs.dtype)
    first[flat] = corner
    fixed[flat[(np.abs(corner - first[flat]) > 1e-6).any(1)]] = True
    return fixed


def _quadrics(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(n, 10) sums of the squared distances from the planes around each vertex, as coefficients of _products."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-15)
    plane = np.concatenate([normal, -(normal * a).sum(1, keepdims=True)], 1)
    terms = np.repeat(_products(plane) * _TWICE, 3, 0)
    flat, count = triangles.ravel(), len(points)
    return np.stack([np.bincount(flat, terms[:, term], count) for term in range(10)], 1)


def _products(values: np.ndarray) -> np.ndarray:
    """(k, 10) the products of every two of four values (k, 4)."""
    return values[:, _FIRST] * values[:, _SECOND]


def _candidates(
    points: np.ndarray, triangles: np.ndarray, quadrics: np.ndarray, tolerance: np.ndarray, barred: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each vertex that may go: itself, the neighbour where it does least harm, and this harm against its tolerance."""
    count = len(points)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = edges[tolerance[edges[:, 0]] > 0]
    edges = edges[~np.isin(edges[:, 0] * count + edges[:, 1], barred)]
    source, target = edges.T
    products = _products(np.concatenate([points, np.ones((count, 1))], 1))
    error = np.einsum("kt,kt->k", quadrics[source], products[target])
    error += np.einsum("nt,nt->n", quadrics, products)[target]
    cost = np.sqrt(np.maximum(error, 0.0)) / tolerance[source]
    cost += 1e-3 * np.linalg.norm(points[target] - points[source], axis=1) / tolerance[source]
    fine = cost < 1
    source, target, cost = source[fine], target[fine], cost[fine]
    order = np.lexsort((cost, source))
    order = order[np.unique(source[order], return_index=True)[1]]
    return source[order], target[order], cost[order]


def _apart(triangles: np.ndarray, source: np.ndarray, cost: np.ndarray, count: int) -> np.ndarray:
    """Which of the candidates are the cheapest within two triangles of themselves; those may go at the same time."""
    rank = np.full(count, len(source))
    rank[source[np.argsort(cost, kind="stable")]] = np.arange(len(source))
    least = rank
    for _ in range(2):
        around = least[triangles].min(1)
        order = np.argsort(-around, kind="stable")  # of several writes to a vertex the last, the least, stays
        least = least.copy()
        least[triangles[order].ravel()] = np.repeat(around[order], 3)
    return np.asarray(least[source] == rank[source])


def _spoiled(points: np.ndarray, triangles: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Vertices whose collapse would turn a triangle over, or pinch the surface."""
    moves = goal[triangles] >= 0
    near = np.flatnonzero(moves.any(1))
    corners, source = triangles[near], triangles[near][moves[near]]
    after = np.where(moves[near], goal[corners], corners)
    lost = (after == np.roll(after, 1, 1)).any(1)
    before, later = (np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]) for p in (points[corners], points[after]))
    cosine = (before * later).sum(1) / np.maximum(np.linalg.norm(before, axis=1) * np.linalg.norm(later, axis=1), 1e-18)
    turned = ~lost & (cosine < _LEAST_COSINE)
    count = len(points)
    pinched = np.zeros(count, bool)
    used, times = np.unique(source[lost], return_counts=True)
    pinched[used[times != 2]] = True
    pinched |= _shares_neighbours(triangles, goal, count)
    return np.unique(np.concatenate([source[turned], np.flatnonzero(pinched & (goal >= 0))]))


def _shares_neighbours(triangles: np.ndarray, goal: np.ndarray, count: int) -> np.ndarray:
    """(n,) bool: vertices that go and have not just the two neighbours beside the edge in common with their goal."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    links = sparse.csr_matrix((np.ones(len(edges), np.int8), edges.T), shape=(count, count))
    links = (links + links.T).astype(bool).astype(np.int32)
    going = np.flatnonzero(goal >= 0)
    common = np.zeros(count, int)
    common[going] = np.asarray(links[going].multiply(links[goal[going]]).sum(1)).ravel()
    return np.asarray((common != 2) & (goal >= 0))


def _collapsed(triangles: np.ndarray, uvs: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles and texture coordinates after every vertex with a goal went there."""
    place = np.zeros((len(goal), 2), uvs.dtype)
    for corner, other in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)):
        along = np.flatnonzero(goal[triangles[:, corner]] == triangles[:, other])
        place[triangles[along, corner]] = uvs[along, other]
    moves = goal[triangles] >= 0
    uvs = np.where(moves[..., None], place[triangles], uvs)
    triangles = np.where(moves, goal[triangles], triangles)
    a, b, c = triangles.T
    kept = (a != b) & (b != c) & (c != a)
    return triangles[kept], uvs[kept]
