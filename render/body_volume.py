"""The space that a posed body takes, as small cubes: made once per body, then tried at many places.

Own frame of the body (assets.mesh.Human): it faces -Y, its ground point is the origin. A body is made of open shells
(skin is cut away under clothes), so it is filled level by level: whatever an outline encloses belongs to the body. Cubes
reach up to one side beyond the true surface, never inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

import cv2
import numpy as np
import shapely
from shapely.geometry import Point, Polygon

from assets.mesh import Human

CUBE_M = 0.02
"""Side of a cube."""
_PAD = 2
"""Empty cubes around the body."""
_ARM_REACH_M = 0.075
"""What is nearer than this to the line from elbow to finger tips is forearm and hand."""
_FINGER_SHARE = 0.8
"""Fingers reach so far beyond their first joint, as a share of the way from the wrist to it."""


@dataclass(frozen=True)
class BodyVolume:
    """filled: (levels, rows, columns) bool, z, y, x ascending. origin_m: (3,) lower corner of the first cube, x, y, z."""

    filled: np.ndarray
    origin_m: np.ndarray

    @staticmethod
    def of(human: Human) -> BodyVolume:
        """The cubes of a body."""
        points = _surface_points(human)
        cells = np.floor(points / CUBE_M).astype(np.int32)
        low = cells.min(axis=0) - _PAD
        columns, rows, levels = cells.max(axis=0) - low + _PAD + 1
        shell = np.zeros((levels, rows, columns), np.uint8)
        x, y, z = (cells - low).T
        shell[z, y, x] = 1
        return BodyVolume(_filled(shell), low * CUBE_M)

    @cached_property
    def centres_m(self) -> np.ndarray:
        """(n, 3) middles of the cubes of the body."""
        z, y, x = np.nonzero(self.filled)
        return np.asarray((np.column_stack([x, y, z]) + 0.5) * CUBE_M + self.origin_m)

    @cached_property
    def grown(self) -> np.ndarray:
        """The cubes of the body and all that touch one."""
        levels, rows, columns = self.filled.shape
        flat = self.filled.astype(np.uint8).reshape(levels * rows, columns)  # padding keeps levels apart
        wider = cv2.dilate(flat, np.ones((3, 3), np.uint8)).reshape(self.filled.shape) > 0
        result = wider.copy()
        result[1:] |= wider[:-1]
        result[:-1] |= wider[1:]
        return result

    def has(self, points_m: np.ndarray, grown: bool = False) -> np.ndarray:
        """(n,) is a point (n, 3) in a cube of the body (or, if grown, in one that touches it)?"""
        space = self.grown if grown else self.filled
        cells = np.floor((points_m - self.origin_m) / CUBE_M).astype(np.int64)
        known = ((cells >= 0) & (cells < np.array(space.shape[::-1]))).all(axis=1)
        inside = np.zeros(len(points_m), bool)
        x, y, z = cells[known].T
        inside[known] = space[z, y, x]
        return inside

    def between(self, bottom_m: float, top_m: float) -> np.ndarray:
        """(n, 3) middles of the cubes between two heights."""
        height = self.centres_m[:, 2]
        first, last = np.searchsorted(height, [bottom_m, top_m])
        return self.centres_m[first:last]

    @cached_property
    def outline(self) -> Polygon:
        """Hull of the whole body seen from above."""
        rows, columns = np.nonzero(self.filled.any(axis=0))
        return outline_of((np.column_stack([columns, rows]) + 0.5) * CUBE_M + self.origin_m[:2])


def outline_of(points_m: np.ndarray) -> Polygon:
    """Hull, seen from above, of cubes given by their middles (n, 2 or 3); empty if there are none."""
    if not len(points_m):
        return Polygon()
    cells = np.round(points_m[:, :2] / CUBE_M * 2).astype(np.int32)
    corners = cv2.convexHull(cells)[:, 0].astype(float) * CUBE_M / 2
    if len(corners) < 3:
        return Point(corners[0]).buffer(CUBE_M / 2, cap_style="square")
    return Polygon(corners).buffer(CUBE_M / 2, join_style="mitre")


def near_forearms(human: Human, points_m: np.ndarray) -> np.ndarray:
    """(n,) do points (n, 3) belong to a forearm or hand, as far as the joints tell?"""
    near = np.zeros(len(points_m), bool)
    for side in ("Left", "Right"):
        joints = [human.joints_m.get(f"{side}{name}") for name in ("ForeArm", "Hand", "HandFinger1")]
        chain = [joint for joint in joints if joint is not None]
        if len(chain) == 3:
            chain[2] = chain[2] + _FINGER_SHARE * (chain[2] - chain[1])
        for start, end in pairwise(chain):
            near |= _distance_to_line(points_m, start, end) < _ARM_REACH_M
    return near


def covered(points_m: np.ndarray, footprint: Polygon) -> np.ndarray:
    """(n,) does a footprint cover points (n, 2 or 3) seen from above?"""
    x0, y0, x1, y1 = footprint.bounds
    x, y = points_m[:, 0], points_m[:, 1]
    inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    near = np.flatnonzero(inside)
    if len(near):
        inside[near] = shapely.contains_xy(footprint, x[near], y[near])
    return np.asarray(inside)


def _surface_points(human: Human) -> np.ndarray:
    """Points of the surface so close together that no cube of it is missed."""
    vertices = np.asarray(human.vertices_m, np.float32)
    a, b, c = (vertices[human.triangles[:, corner]] for corner in range(3))
    reach = np.abs(np.concatenate([a - b, b - c, c - a], axis=1)).max(axis=1)
    found = [vertices]
    for steps in (2, 4, 8, 16, 32, 64):
        chosen = np.flatnonzero((reach > CUBE_M * steps / 2) & ((reach <= CUBE_M * steps) | (steps == 64)))
        for u, v in _inner_weights(steps) if len(chosen) else []:
            found.append(a[chosen] * (1 - u - v) + b[chosen] * u + c[chosen] * v)
    return np.concatenate(found)


@cache
def _inner_weights(steps: int) -> list[tuple[np.float32, np.float32]]:
    """Weights of the second and third corner at the points of a grid over a triangle, corners left out."""
    grid = [(n, m) for n in range(steps + 1) for m in range(steps + 1 - n) if max(n, m, steps - n - m) < steps]
    return [(np.float32(n / steps), np.float32(m / steps)) for n, m in grid]


def _filled(shell: np.ndarray) -> np.ndarray:
    """Every level closed by one cube and its holes filled; levels lie below each other in one picture."""
    levels, rows, columns = shell.shape
    picture = shell.reshape(levels * rows, columns)
    closed = cv2.morphologyEx(picture, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    outside = np.pad(closed, 1)
    cv2.floodFill(outside, None, (0, 0), (2,))
    return np.asarray((outside[1:-1, 1:-1] != 2).reshape(shell.shape) | (shell > 0))


def _distance_to_line(points_m: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - start
    share = np.clip((points_m - start) @ along / max(float(along @ along), 1e-9), 0, 1)
    return np.asarray(np.linalg.norm(points_m - start - share[:, None] * along, axis=1))
