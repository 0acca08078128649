"""Laying one triangle surface onto another: closest points, and a smooth flow that carries the one onto the other.

The flow is a non-rigid iterative closest point method in the manner of Amberg et al. 2007 ("Optimal step nonrigid ICP
algorithms for surface registration") with a displacement for each vertex in place of an affine map: in every step each
vertex is drawn to the nearest surface that faces as it does, against a stiffness that falls from step to step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from assets.humans.surface import vertex_normals

STIFFNESS = (60.0, 30.0, 15.0, 8.0, 5.0, 3.0, 2.0, 1.2, 0.8, 0.5, 0.4, 0.3, 0.3)
"""Of each step: what a difference between neighbours' displacements costs, against 1 for a vertex's distance."""
REACH_M = (0.06, 0.02)
"""How far a vertex looks for its surface, in the first and in the last step."""
_FACING = 0.4
"""Least cosine between the normals of a vertex and of what it is drawn to."""
_CANDIDATES = 16
"""Triangles whose middles are nearest, among which the closest point is sought."""


@dataclass(frozen=True)
class Feet:
    """Closest points on a surface: corners (n, 3) vertices of their triangles and shares (n, 3) that sum to 1."""

    corners: np.ndarray
    shares: np.ndarray

    def interpolated(self, values: np.ndarray) -> np.ndarray:
        """Values (v, ...) of the surface's vertices at the feet."""
        return np.einsum("nk,nk...->n...", self.shares, values[self.corners])

    def matrix(self, vertex_count: int) -> sparse.csr_matrix:
        """Sparse (n, vertex_count) that interpolates."""
        rows = np.repeat(np.arange(len(self.corners)), 3)
        entries = (self.shares.ravel(), (rows, self.corners.ravel()))
        return sparse.csr_matrix(entries, shape=(len(self.corners), vertex_count))


def closest_on_surface(points_m: np.ndarray, surface_m: np.ndarray, triangles: np.ndarray) -> Feet:
    """Where each point (n, 3) comes closest to a surface; exact where its triangle is among the candidates."""
    _, near = cKDTree(surface_m[triangles].mean(1)).query(points_m, k=_CANDIDATES)
    shares = _closest_shares(points_m[:, None], surface_m[triangles[near]])
    feet = np.einsum("nck,ncka->nca", shares, surface_m[triangles[near]])
    best = ((feet - points_m[:, None]) ** 2).sum(2).argmin(1)
    rows = np.arange(len(points_m))
    return Feet(triangles[near[rows, best]], shares[rows, best])


def _closest_shares(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Barycentric shares (..., 3) of the point of each triangle (..., 3, 3) that is closest to points (..., 3)."""
    first, second = corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :]
    offset = points - corners[..., 0, :]
    aa, ab, bb = ((x * y).sum(-1) for x, y in ((first, first), (first, second), (second, second)))
    pa, pb = (first * offset).sum(-1), (second * offset).sum(-1)
    area = np.maximum(aa * bb - ab * ab, 1e-20)
    u, v = (bb * pa - ab * pb) / area, (aa * pb - ab * pa) / area
    inside = np.stack([1 - u - v, u, v], -1)
    choices = [inside, *(_on_edge(points, corners, start, (start + 1) % 3) for start in range(3))]
    distances = [((np.einsum("...k,...ka->...a", one, corners) - points) ** 2).sum(-1) for one in choices]
    distances[0] = np.where((inside >= 0).all(-1), distances[0], np.inf)
    best = np.argmin(distances, 0)
    return np.take_along_axis(np.stack(choices), best[None, ..., None], 0)[0]


def _on_edge(points: np.ndarray, corners: np.ndarray, start: int, end: int) -> np.ndarray:
    edge = corners[..., end, :] - corners[..., start, :]
    along = ((points - corners[..., start, :]) * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-20)
    share = np.clip(along, 0, 1)
    result = np.zeros((*share.shape, 3))
    result[..., start], result[..., end] = 1 - share, share
    return result


def flow_onto(
    points_m: np.ndarray, triangles: np.ndarray, target_m: np.ndarray, target_triangles: np.ndarray
) -> np.ndarray:
    """points_m (n, 3) of a surface, carried smoothly onto the target surface; vertices in no triangle stay."""
    used, flat = np.unique(triangles, return_inverse=True)
    flat = flat.reshape(-1, 3)
    links = _edge_laplacian(flat, len(used))
    samples, normals = _samples(target_m, target_triangles)
    tree = cKDTree(samples)
    moving = points_m[used].astype(float)
    for step, stiffness in enumerate(STIFFNESS):
        reach = np.interp(step, [0, len(STIFFNESS) - 1], REACH_M)
        distance, nearest = tree.query(moving)
        facing = (vertex_normals(moving, flat) * normals[nearest]).sum(1)
        weight = ((facing > _FACING) & (distance < reach)).astype(float)
        toward = ((samples[nearest] - moving) * normals[nearest]).sum(1)[:, None] * normals[nearest]
        system = sparse.diags(weight + 1e-6) + stiffness * links
        moving += splu(system.tocsc()).solve(weight[:, None] * toward)
    result = points_m.astype(float).copy()
    result[used] = moving
    return result


def _samples(points_m: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and middles of the triangles, with their normals."""
    normals = vertex_normals(points_m, triangles)
    used = np.unique(triangles)
    a, b, c = (points_m[triangles[:, corner]] for corner in range(3))
    face = np.cross(b - a, c - a)
    face /= np.maximum(np.linalg.norm(face, axis=1, keepdims=True), 1e-12)
    return np.concatenate([points_m[used], (a + b + c) / 3]), np.concatenate([normals[used], face])


def _edge_laplacian(triangles: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """Graph Laplacian over the edges, each counted once."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), 1)
    edges = np.unique(edges, axis=0)
    ones = np.ones(len(edges))
    links = sparse.coo_matrix((ones, edges.T), shape=(vertex_count, vertex_count)).tocsr()
    links = links + links.T
    return sparse.diags(np.asarray(links.sum(1)).ravel()) - links
