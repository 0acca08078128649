"""Where furniture stands in the embedded office: what is taken, what must stay free, and how one walks between.

Room coordinates, metres. Pieces are added one after the other; a piece that would run into something is refused.
Walkways are the ways from the doors to where people have a reason to stand, found on a grid and kept clear of everything
by WALKWAY_CLEAR_M.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import shapely
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from shapely import box as rectangle
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from render.furniture import Piece
from render.office_spec import OfficeSpec, Side
from render.office_zones import INNER_WALL_M, Division, Zone
from render.place import Obstacle, Seat, Spot

WALKWAY_CLEAR_M = 0.25
_SPOT_CLEAR_M = 0.2
_SEAT_REACH_M = 0.9
"""Who can stand this near to a seat can sit down on it."""
_CELL_M = 0.14
_ROUTE_M = 0.34
"""Clearance wanted on the grid; the grid is coarse."""
_SLIM_M = 0.22
_WIDE_M = 0.6
_OVERHEAD_M = 1.9
_TOUCH_M = 0.004
_CAMERA_FREE_M = 0.75
_TALL_M = 1.5

Line = list[tuple[float, float]]


class FloorPlan:
    """The pieces, seats and spots of an office under construction."""

    def __init__(self, spec: OfficeSpec, division: Division) -> None:
        self.room = rectangle(0, 0, spec.width_m, spec.depth_m)
        self._roomy = self.room.buffer(0.01)
        self.spec, self._division = spec, division
        self.pieces: list[Piece] = []
        self.obstacles: list[Obstacle] = []
        self.seats: list[Seat] = []
        self.spots: list[Spot] = []
        self._taken = _objects([])
        self._blocked = _objects([])
        self._camera = Point(spec.origin_x_m, spec.origin_y_m)

    def keep_free(self, area: BaseGeometry) -> None:
        """Let nothing stand here from now on."""
        self._blocked = np.concatenate([self._blocked, _objects([area])])

    def add(self, piece: Piece) -> None:
        """Put a piece where it is, whatever is there."""
        self.pieces.append(piece)
        self.obstacles += piece.obstacles
        added = _objects([one.footprint for one in piece.obstacles])
        self._taken, self._blocked = np.concatenate([self._taken, added]), np.concatenate([self._blocked, added])

    def try_add(self, piece: Piece, gap_m: float = 0.0, area: Polygon | None = None) -> bool:
        """Put a piece where nothing else is within gap_m, inside the room (or an area of it)."""
        footprints = [one.footprint for one in piece.obstacles]
        if not self._inside(footprints, area if area is not None else self.room) or self._before_camera(piece):
            return False
        space = shapely.union_all(footprints)
        probe = space.buffer(gap_m if gap_m > 0 else -_TOUCH_M, quad_segs=1)
        if shapely.intersects(self._blocked, probe).any():
            return False
        self.add(piece)
        return True

    def _inside(self, footprints: Sequence[BaseGeometry], area: Polygon) -> bool:
        bounds = shapely.bounds(_objects(footprints))
        x0, y0, x1, y1 = area.bounds
        low = bounds[:, :2].min(axis=0) >= np.array([x0, y0]) - 1e-6
        high = bounds[:, 2:].max(axis=0) <= np.array([x1, y1]) + 1e-6
        return bool(low.all() and high.all())

    def _before_camera(self, piece: Piece) -> bool:
        """Is the piece so tall and near that it would fill the picture?"""
        tall = [one.footprint for one in piece.obstacles if one.top_m > _TALL_M]
        return any(footprint.distance(self._camera) < _CAMERA_FREE_M for footprint in tall)

    def is_free(self, area: Polygon) -> bool:
        """Does nothing stand in an area inside the room, and need nothing be kept out of it?"""
        return bool(self._roomy.contains(area)) and not shapely.intersects(self._blocked, area).any()

    def is_beside_something(self, footprint: Polygon, within_m: float = 0.12) -> bool:
        """Does something that stands on the floor, or a wall, lie within reach of a footprint?"""
        if self.room.exterior.distance(footprint) <= within_m:
            return True
        return bool(shapely.dwithin(self._taken, footprint, within_m).any())

    def has_kind(self, kind: str, area: Polygon) -> bool:
        """Does something of a kind stand in an area?"""
        return any(one.kind == kind and one.footprint.intersects(area) for one in self.obstacles)

    def has_wall(self, zone: Zone, side: Side) -> bool:
        """Does a wall bound the zone on this side?"""
        at, full = self._edge(zone, side)
        if at < 0.01 or at > full - 0.01:
            return True
        for wall in self._division.walls:
            line, low, high = (wall.y0, wall.x0, wall.x1) if wall.along_x else (wall.x0, wall.y0, wall.y1)
            span = (zone.x0, zone.x1) if side[0] == "y" else (zone.y0, zone.y1)
            covers = low <= span[0] + 0.1 and high >= span[1] - 0.1
            if wall.along_x == (side[0] == "y") and abs(line - at) <= INNER_WALL_M and covers:
                return True
        return False

    def is_window(self, zone: Zone, side: Side) -> bool:
        """Is the zone's side an outer wall with windows?"""
        at, full = self._edge(zone, side)
        return side in self.spec.window_sides and (at < 0.01 or at > full - 0.01)

    def _edge(self, zone: Zone, side: Side) -> tuple[float, float]:
        """Where a side of a zone lies, and the room's length that way."""
        at = {"x-": zone.x0, "x+": zone.x1, "y-": zone.y0, "y+": zone.y1}[side]
        return at, self.spec.width_m if side[0] == "x" else self.spec.depth_m

    def clear_spots(self) -> list[Spot]:
        """The spots where somebody really has room to stand."""
        inside = self.room.buffer(-_SPOT_CLEAR_M)
        low = _objects([one.footprint for one in self.obstacles if one.bottom_m < _OVERHEAD_M])
        kept: list[Spot] = []
        for spot in self.spots:
            place = Point(spot.x_m, spot.y_m)
            apart = all(math.hypot(spot.x_m - one.x_m, spot.y_m - one.y_m) > 0.3 for one in kept)
            free = not len(low) or float(shapely.distance(low, place).min()) >= _SPOT_CLEAR_M
            if apart and free and inside.contains(place):
                kept.append(spot)
        return kept


class Routes:
    """The floor between the furniture as a grid, and the ways over it from a door."""

    def __init__(self, plan: FloorPlan, start: tuple[float, float], movable: tuple[str, ...] = ()) -> None:
        """movable: kinds of obstacles that whoever comes pushes aside."""
        low = [one for one in plan.obstacles if one.bottom_m < _OVERHEAD_M and one.kind not in movable]
        self._low = [one.footprint for one in low]
        self._room = plan.room
        self._clear_m = _clearance(plan.room, self._low)
        slim = self._clear_m >= _SLIM_M
        labels, _ = ndimage.label(slim)
        self._start = self._nearest(start, slim)
        self._reached = slim & (labels == labels[self._start]) if slim.any() else slim
        self._away_m = (
            cv2.distanceTransform((~self._reached).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * _CELL_M
        )

    def reaches(self, x_m: float, y_m: float, within_m: float = _SEAT_REACH_M) -> bool:
        """Can one walk from the door to a place this near?"""
        rows, columns = self._away_m.shape
        row, column = min(rows - 1, max(0, int(y_m / _CELL_M))), min(columns - 1, max(0, int(x_m / _CELL_M)))
        return bool(self._away_m[row, column] <= within_m)

    def walkways(self, goals: Sequence[tuple[float, float]]) -> list[Line]:
        """Ways from the door to places, in the middle of the aisles; none to a place that only a tight gap leads to."""
        passable = self._clear_m >= _ROUTE_M
        if not passable.any():
            return []
        start = self._nearest(self._start_m(), passable)
        number = np.full(passable.shape, -1)
        number[passable] = np.arange(int(passable.sum()))
        costs, before = dijkstra(_graph(number, self._clear_m), indices=int(number[start]), return_predecessors=True)
        cells = np.argwhere(passable)
        lines = []
        for goal in goals:
            here = int(number[self._nearest(goal, passable)])
            if not np.isfinite(costs[here]):
                continue
            steps = [here]
            while before[steps[-1]] >= 0:
                steps.append(int(before[steps[-1]]))
            line = self._smoothed((cells[steps[::-1]][:, ::-1] + 0.5) * _CELL_M)
            if line:
                lines.append(line)
        return lines

    def far_places(self, count: int, rng: np.random.Generator) -> Line:
        """Some places in wide aisles to which wide aisles lead, where somebody may be going."""
        passable = self._clear_m >= _ROUTE_M
        labels, _ = ndimage.label(passable, np.ones((3, 3)))
        rows, columns = np.nonzero(passable & (labels == labels[self._nearest(self._start_m(), passable)]))
        if not len(rows):
            return []
        picks = rng.integers(len(rows), size=count)
        return [(float(columns[n] + 0.5) * _CELL_M, float(rows[n] + 0.5) * _CELL_M) for n in picks]

    def _start_m(self) -> tuple[float, float]:
        return (self._start[1] + 0.5) * _CELL_M, (self._start[0] + 0.5) * _CELL_M

    def _nearest(self, place: tuple[float, float], among: np.ndarray) -> tuple[int, int]:
        rows, columns = np.nonzero(among)
        if not len(rows):
            return (0, 0)
        best = int(np.argmin(np.hypot((columns + 0.5) * _CELL_M - place[0], (rows + 0.5) * _CELL_M - place[1])))
        return int(rows[best]), int(columns[best])

    def _smoothed(self, points: np.ndarray) -> Line:
        """Fewer corners; empty if the line is short or runs too near to something."""
        if len(points) < 2:
            return []
        whole = LineString(points)
        for line in (whole.simplify(0.15), whole.simplify(0.05), whole):
            if line.length > 1.0 and self._is_clear(line):
                return [(round(float(x), 3), round(float(y), 3)) for x, y in line.coords]
        return []

    def _is_clear(self, line: LineString) -> bool:
        nearest = min([self._room.exterior.distance(line), *shapely.distance(_objects(self._low), line)])
        return bool(nearest >= WALKWAY_CLEAR_M + 0.002)


def _objects(shapes: Sequence[BaseGeometry]) -> np.ndarray:
    """Shapes as an array, which shapely handles all at once."""
    array = np.empty(len(shapes), object)
    array[:] = shapes
    return array


def _clearance(room: Polygon, low: Sequence[BaseGeometry]) -> np.ndarray:
    """Rows x columns: how far each cell's middle is from walls and furniture, metres."""
    _, _, width, depth = room.bounds
    free = np.ones((max(1, int(depth / _CELL_M)), max(1, int(width / _CELL_M))), np.uint8)
    for footprint in low:
        outline = np.asarray(footprint.exterior.coords) / _CELL_M - 0.5
        cv2.fillPoly(free, [np.round(outline * 16).astype(np.int32)], (0,), shift=4)
    framed = np.pad(free, 1)
    return np.asarray(cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1] * _CELL_M)


def _graph(number: np.ndarray, clear_m: np.ndarray) -> coo_matrix:
    """Steps between neighbouring passable cells; narrow places cost more."""
    price = 1.0 + 2.0 * np.maximum(0.0, _WIDE_M - clear_m) / _WIDE_M
    rows, columns = number.shape
    tails, heads, costs = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, rows - down), slice(max(0, -right), columns - max(0, right)))
        there = (slice(down, rows), slice(max(0, right), columns + min(0, right)))
        both = (number[here] >= 0) & (number[there] >= 0)
        tails.append(number[here][both])
        heads.append(number[there][both])
        costs.append((price[here][both] + price[there][both]) * math.hypot(down, right) / 2)
    a, b, c = (np.concatenate(values) for values in (tails, heads, costs))
    count = int(number.max()) + 1
    graph = coo_matrix((np.r_[c, c], (np.r_[a, b], np.r_[b, a])), shape=(count, count))
    return graph.tocsr()
