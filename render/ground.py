"""What placing people asks of a place again and again: free floor, the furniture near a spot, backs of chairs.

Made once per place, for the next scenes mostly happen in the same one. World metres.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.strtree import STRtree

from annotate.classes import CLASS_ID
from render.place import Obstacle, Place, Seat

_UPRIGHT_M = 0.2
"""Radius of the round body that shows where it is worth trying to stand somebody."""
_HEAD_HEIGHT_M = 1.7
_STEP_M = 0.3
"""What begins above the one or ends below the other does not keep anybody from standing there."""
_BACK_FROM_M, _BACK_TO_M = 0.12, 0.8
"""Height of backrests above the seat."""
_BACK_REACH_M = 0.55
_BACK_ASIDE_M = 0.2
"""Further aside there are armrests."""
_BACK_STEPS = 4
_SURFACE_REACH_M = (0.25, 0.4, 0.55, 0.7)
"""How far before a seat there may be the desk that belongs to it."""
_SURFACE_M = (0.55, 1.2)
"""Heights of desks and tables."""


class Ground:
    """The floor of a place and what stands on it, ready to be searched."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._tree = STRtree([one.footprint for one in place.obstacles])

    def near(self, shape: BaseGeometry, distance_m: float) -> list[Obstacle]:
        """The obstacles whose footprint lies within a distance of a shape, in their own order."""
        found = np.sort(self._tree.query(shape, predicate="dwithin", distance=distance_m))
        return [self.place.obstacles[int(number)] for number in found]

    @cached_property
    def free(self) -> BaseGeometry:
        """Where the middle of somebody upright may be, as far as floor and furniture go."""
        low = [one.footprint for one in self.place.obstacles if one.bottom_m < _HEAD_HEIGHT_M and one.top_m > _STEP_M]
        taken = shapely.union_all(low).buffer(_UPRIGHT_M, quad_segs=3)
        area = self.place.floor.buffer(-_UPRIGHT_M / 2).difference(taken)
        shapely.prepare(area)
        return area

    def is_free(self, points_m: np.ndarray) -> np.ndarray:
        """(n,) lie points (n, 2) on free floor?"""
        return np.asarray(shapely.contains_xy(self.free, points_m[:, 0], points_m[:, 1]))

    def random_points(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(n, 2) points of free floor, uniformly; at most count, none if there is no free floor."""
        if self.free.is_empty:
            return np.zeros((0, 2))
        x0, y0, x1, y1 = self.free.bounds
        share = max(float(self.free.area) / max((x1 - x0) * (y1 - y0), 1e-9), 1e-3)
        points = rng.uniform((x0, y0), (x1, y1), (int(2 * count / share), 2))
        return np.asarray(points[self.is_free(points)][:count])

    def surface_of(self, seat: Seat) -> Obstacle | None:
        """The desk or table that somebody on a seat has before them."""
        ahead = np.array([np.sin(seat.heading_rad), -np.cos(seat.heading_rad)])
        for reach in _SURFACE_REACH_M:
            x, y = np.array([seat.x_m, seat.y_m]) + reach * ahead
            for one in self.near(shapely.Point(x, y), 0.0):
                if _SURFACE_M[0] < one.top_m < _SURFACE_M[1] and one.kind not in ("chair", "screen"):
                    return one
        return None

    def backrest(self, seat: Seat) -> np.ndarray:
        """(n, 3) points of the chair's back, in the sitter's own frame (behind is +Y)."""
        corners = self._chair_corners
        if not len(corners):
            return np.zeros((0, 3))
        middle = corners.mean(axis=1)
        near = np.hypot(middle[:, 0] - seat.x_m, middle[:, 1] - seat.y_m) < _BACK_REACH_M
        own = _own_frame(_sprinkled(corners[near]), seat)
        rise = own[:, 2] - seat.height_m
        kept = (rise > _BACK_FROM_M) & (rise < _BACK_TO_M) & (own[:, 1] > 0) & (np.abs(own[:, 0]) < _BACK_ASIDE_M)
        return np.asarray(own[kept])

    @cached_property
    def _chair_corners(self) -> np.ndarray:
        """(n, 3, 3) triangles of all chairs."""
        found = [np.zeros((0, 3, 3), np.float32)]
        for mesh in self.place.parts:
            chosen = mesh.triangle_class == CLASS_ID["chair"]
            if chosen.any():
                found.append(np.asarray(mesh.vertices_m, np.float32)[mesh.triangles[chosen]])
        return np.concatenate(found)


def footprint_with_room(obstacle: Obstacle, room_m: float) -> Polygon:
    """The footprint, wider by some room on all sides."""
    return obstacle.footprint if room_m <= 0 else obstacle.footprint.buffer(room_m, join_style="mitre")


def _sprinkled(corners: np.ndarray) -> np.ndarray:
    """Points on triangles (n, 3, 3): a grid of _BACK_STEPS over each."""
    grid = [(u, v) for u in range(_BACK_STEPS + 1) for v in range(_BACK_STEPS + 1 - u)]
    weights = np.array([[_BACK_STEPS - u - v, u, v] for u, v in grid], float) / _BACK_STEPS
    return np.asarray(np.einsum("gc,ncx->ngx", weights, corners).reshape(-1, 3))


def _own_frame(points_m: np.ndarray, seat: Seat) -> np.ndarray:
    """World points (n, 3) in the frame of somebody on the seat."""
    c, s = np.cos(seat.heading_rad), np.sin(seat.heading_rad)
    x, y = points_m[:, 0] - seat.x_m, points_m[:, 1] - seat.y_m
    return np.column_stack([c * x + s * y, -s * x + c * y, points_m[:, 2]])
