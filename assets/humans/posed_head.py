"""The posed head as a map of directions: what hair and headwear are laid on.

A direction is a unit vector from the canonical skull's centre (chart.SKULL_CENTRE_M), in the rest pose's axes: -Y in
front, +X to the person's left, Z up. For every direction the map knows the skin's point there, ears aside, and which
way is outwards, both in the posed body's frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.spatial import cKDTree

from assets.humans.anny import load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.chart import SKULL_CENTRE_M, body_chart
from assets.humans.growth import unit_vectors
from assets.humans.parts import Motion

AZIMUTHS, ELEVATIONS = 48, 32
LOWEST_RAD = np.radians(-62)
_PROBE_M = 0.05


@dataclass(frozen=True)
class PosedHead:
    """points_m, outward: (AZIMUTHS + 1, ELEVATIONS, 3) over azimuth -pi..pi and elevation pi/2..LOWEST_RAD.

    turn: (3, 3) of the head joint from rest. joint_m, rest_joint_m: the joint posed and at rest. neck_m: the neck's top.
    """

    points_m: np.ndarray
    outward: np.ndarray
    turn: np.ndarray
    joint_m: np.ndarray
    rest_joint_m: np.ndarray
    neck_m: np.ndarray

    def at(self, azimuth: np.ndarray, elevation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Skin points and outward unit vectors (..., 3) in directions given by their angles, rad."""
        shape = azimuth.shape
        column = (np.mod(azimuth.ravel() / (2 * np.pi) + 0.5, 1.0) * AZIMUTHS).astype(np.float32)
        row = (np.pi / 2 - elevation.ravel()) * ((ELEVATIONS - 1) / (np.pi / 2 - LOWEST_RAD))
        row = np.clip(row, 0, ELEVATIONS - 1.001).astype(np.float32)
        left, top = np.minimum(column.astype(int), AZIMUTHS - 1), row.astype(int)
        across, down = column - left.astype(np.float32), row - top.astype(np.float32)
        first = left * ELEVATIONS + top
        shares = np.stack([(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down])
        corners = np.stack([first, first + ELEVATIONS, first + 1, first + ELEVATIONS + 1])
        found = np.einsum("kn,kna->na", shares, self._both[corners])
        return found[:, :3].reshape(*shape, 3), unit_vectors(found[:, 3:]).reshape(*shape, 3)

    @cached_property
    def _both(self) -> np.ndarray:
        """(n, 6) float32: points and outward vectors, one after the other."""
        return np.concatenate([self.points_m, self.outward], 2).reshape(-1, 6).astype(np.float32)

    def is_above_neck(self, points_m: np.ndarray) -> np.ndarray:
        """(n,) bool: posed points above the plane through the neck's top, as the head holds it."""
        return np.asarray((points_m - self.neck_m) @ self.turn[:, 2] > 0)

    def worn(self, rest_points_m: np.ndarray) -> np.ndarray:
        """Points of the rest pose moved with the head as one stiff piece."""
        return np.asarray((rest_points_m - self.rest_joint_m) @ self.turn.T + self.joint_m)


def pose_head(motion: Motion) -> PosedHead:
    """The head of a posed person."""
    vertices, shares, weights, spokes = _scalp()
    rest = np.einsum("nk,nka->na", shares, motion.rest.vertices_m[vertices]).astype(np.float32)
    points = motion.pose(rest, weights)
    further = motion.pose(rest + _PROBE_M * spokes, weights)
    model = load_body_model()
    head = model.joint("Head")
    grid = (AZIMUTHS + 1, ELEVATIONS, 3)
    return PosedHead(
        points_m=points.reshape(grid),
        outward=((further - points) / _PROBE_M).reshape(grid),
        turn=motion.turns[head],
        joint_m=motion.heads_m[head],
        rest_joint_m=motion.rest.heads_m[head].astype(np.float64),
        neck_m=motion.heads_m[model.joint("Neck1")],
    )


def unit(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """(..., 3) unit vectors of directions."""
    flat = np.cos(elevation)
    return np.stack([np.sin(azimuth) * flat, -np.cos(azimuth) * flat, np.sin(elevation)], -1)


def angles(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation of unit vectors (..., 3)."""
    return np.arctan2(directions[..., 0], -directions[..., 1]), np.arcsin(np.clip(directions[..., 2], -1, 1))


@cache
def _scalp() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For every direction of the map: body vertices around it (n, k), their shares, skinning weights, unit vectors."""
    azimuth = np.linspace(-np.pi, np.pi, AZIMUTHS + 1)[:, None]
    elevation = np.linspace(np.pi / 2, LOWEST_RAD, ELEVATIONS)[None]
    spokes = unit(*np.broadcast_arrays(azimuth, elevation)).reshape(-1, 3)
    members = _skull_vertices()
    offset = body_chart().place_m[members] - SKULL_CENTRE_M
    tree = cKDTree(offset / np.linalg.norm(offset, axis=1, keepdims=True))
    distance, index = tree.query(spokes, k=6)
    shares = 1.0 / (distance + 0.01) ** 2
    shares /= shares.sum(1, keepdims=True)
    weights = np.einsum("nk,nkj->nj", shares, load_body_model().weights[members[index]])
    return members[index], shares, weights.astype(np.float32), spokes.astype(np.float32)


def _skull_vertices() -> np.ndarray:
    """Outer vertices of head and neck, without the ears."""
    model, chart = load_body_model(), body_chart()
    outer = np.isin(model.body_part, [BODY_PARTS.index("head"), BODY_PARTS.index("body")])
    members = np.unique(model.triangles["body"][outer])
    x, y, z = chart.place_m[members].T
    near = (z > 1.58) & (np.abs(x) < 0.0775)
    ear = (np.abs(x) > 0.066) & (y > -0.068) & (y < -0.02) & (z < 1.732)
    return members[near & ~ear]
