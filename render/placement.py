"""Who can be where: posed bodies against the floor, the furniture, one another and the camera.

Hulls seen from above say quickly who is far from everything; for what is near, the space of the body counts
(render.body_volume): an arm may reach over a desk and feet may stand under it, but no part of a body is in a wall, in a
piece of furniture or in somebody else. World metres; a heading turns counter-clockwise seen from above.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from annotate.camera import Camera
from assets.mesh import Human
from render.body_volume import BodyVolume, covered, near_forearms, outline_of
from render.ground import Ground, footprint_with_room
from render.place import Obstacle, Place, Seat

_FEET_M = 0.25
"""What is lower than this must be on the floor's polygon."""
_CLEARANCE_M = 0.02
"""Room that is left between a standing body and furniture."""
_CONTACT_M = 0.009
"""So deep may forearms be in the desk on which they lie, and thighs in the one above them."""
_BACK_M = 0.015
"""So deep may the back be in the backrest."""
_LENS_ROOM_M = 0.45
"""No part of a body comes nearer to the lens than this."""
_TRIES = 200
_BODY_TRIES = 40
"""Of so many places with free floor so many are tried with the body itself."""
_COMMON_M, _RARE_M = 3.0, 3.5
"""People further than _COMMON_M from the point below the camera become rarer by e with every _RARE_M: there are many
seats and much floor along the walls, and all of it is seen small."""
_EYE_LEVEL_M = 1.2
"""The point of a standing person that has to be inside the picture."""
_SHIFTS_M = (0.0, 0.04, 0.08, 0.12, -0.04, 0.16)
"""How far before the seat's middle somebody sits: further ahead where the backrest is in the way."""
_APART_M = 0.3
"""Nobody's middle is nearer than this to somebody else's."""
_SEATS = ("chair", "furniture", "sofa", "armchair", "bench")
_TOPS = ("desk", "table", "furniture", "counter")


@dataclass(frozen=True, eq=False)
class Body:
    """A posed human in its own frame, ready to be tried at many places."""

    human: Human

    @property
    def seated(self) -> bool:
        return self.human.seat_height_m is not None

    @cached_property
    def volume(self) -> BodyVolume:
        return BodyVolume.of(self.human)

    @cached_property
    def feet(self) -> Polygon:
        """Hull of what has to stand on the floor."""
        return outline_of(self.volume.between(-math.inf, _FEET_M))

    @cached_property
    def skin(self) -> np.ndarray:
        """(n, 3) vertices, lowest first: cubes are too coarse for what lies on a desk or fits under it."""
        points = self.human.vertices_m.astype(float)
        return np.asarray(points[np.argsort(points[:, 2])])

    @cached_property
    def forearms(self) -> np.ndarray:
        """(n, 3) vertices of forearms and hands, lowest first."""
        return np.asarray(self.skin[near_forearms(self.human, self.skin)])

    @cached_property
    def rest(self) -> np.ndarray:
        """(n, 3) cubes of all but forearms and hands, lowest first."""
        return np.asarray(self.volume.centres_m[~near_forearms(self.human, self.volume.centres_m)])


@dataclass(frozen=True)
class Standpoint:
    """A place for a person's origin."""

    x_m: float
    y_m: float
    heading_rad: float

    def move(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape of the person's own frame at this place."""
        c, s = math.cos(self.heading_rad), math.sin(self.heading_rad)
        return affinity.affine_transform(shape, [c, -s, s, c, self.x_m, self.y_m])

    def to_world(self, points_m: np.ndarray) -> np.ndarray:
        """Points (n, 3) of the person's own frame in the world."""
        c, s = math.cos(self.heading_rad), math.sin(self.heading_rad)
        x, y = points_m[:, 0], points_m[:, 1]
        return np.column_stack([c * x - s * y + self.x_m, s * x + c * y + self.y_m, points_m[:, 2]])

    def to_own(self, points_m: np.ndarray) -> np.ndarray:
        """World points (n, 3) in the person's own frame."""
        c, s = math.cos(self.heading_rad), math.sin(self.heading_rad)
        x, y = points_m[:, 0] - self.x_m, points_m[:, 1] - self.y_m
        return np.column_stack([c * x + s * y, c * y - s * x, points_m[:, 2]])


class Crowd:
    """The people placed so far in a place, and the search for room for one more."""

    def __init__(self, place: Place, camera: Camera, ground: Ground | None = None) -> None:
        self.place = place
        self.camera = camera
        self.ground = ground or Ground(place)
        self.bodies: list[tuple[Body, Standpoint]] = []
        self._outlines: list[BaseGeometry] = []

    def stand(self, body: Body, rng: np.random.Generator) -> Standpoint | None:
        """Find free floor for somebody who stands, likelier near the camera, and take it; None if there is none."""
        points = self.likely_points(_TRIES, rng)[:_BODY_TRIES]
        headings = rng.uniform(0, 2 * math.pi, len(points))
        spots = (Standpoint(float(x), float(y), float(turn)) for (x, y), turn in zip(points, headings, strict=True))
        return self.stand_at(body, spots)

    def stand_at(self, body: Body, spots: Iterable[Standpoint]) -> Standpoint | None:
        """Take the first of some places at which somebody who stands has room; None if there is none."""
        for spot in spots:
            if self._in_sight(spot.x_m, spot.y_m, _EYE_LEVEL_M) and self._has_room(body, spot, ()):
                return self._take(body, spot)
        return None

    def sit(self, body: Body, seat: Seat, rng: np.random.Generator) -> Standpoint | None:
        """Try to put somebody on a seat, turned a little and off its middle if need be; None if the body does not fit."""
        if not self.sees_seat(seat):
            return None
        outline = Point(seat.x_m, seat.y_m)
        own = {id(one) for one in self.ground.near(outline, 0.0) if is_own_seat(one, seat)}
        turn = float(rng.normal(0, 0.06))
        middle = Standpoint(seat.x_m, seat.y_m, seat.heading_rad)
        back = middle.to_world(self.ground.backrest(seat))
        for shift in _SHIFTS_M:
            x, y, _ = Standpoint(seat.x_m, seat.y_m, seat.heading_rad + turn).to_world(np.array([[0.0, -shift, 0.0]]))[
                0
            ]
            spot = Standpoint(float(x), float(y), seat.heading_rad + turn)
            behind = spot.to_own(back) + np.array([0.0, _BACK_M, 0.0])
            if not body.volume.has(behind).any() and self._has_room(body, spot, own):
                return self._take(body, spot)
            turn *= 0.5
        return None

    def sees_seat(self, seat: Seat) -> bool:
        """Is somebody on the seat inside the picture?"""
        return self._in_sight(seat.x_m, seat.y_m, seat.height_m)

    def likely_points(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(n, 2) places of free floor with nobody, in sight, those near the camera likelier first; n up to count."""
        points = self.ground.random_points(count, rng)
        points = points[self.is_clear(points)]
        # Sorted by log weight plus Gumbel noise, points come as if drawn by weight without being put back.
        keys = np.array([math.log(nearness(x, y)) for x, y in points]) + rng.gumbel(size=len(points))
        return np.asarray(points[np.argsort(-keys)])

    def is_clear(self, points_m: np.ndarray) -> np.ndarray:
        """(n,) are points (n, 2) in sight, on free floor and away from everybody?"""
        if not len(points_m):
            return np.zeros(0, bool)
        eyes = np.column_stack([points_m, np.full(len(points_m), _EYE_LEVEL_M)])
        clear = self.ground.is_free(points_m) & self.camera.lens.in_frame(self.camera.project_world(eyes))
        for _, spot in self.bodies:
            clear &= np.hypot(points_m[:, 0] - spot.x_m, points_m[:, 1] - spot.y_m) > _APART_M
        return np.asarray(clear)

    def _take(self, body: Body, spot: Standpoint) -> Standpoint:
        self.bodies.append((body, spot))
        self._outlines.append(spot.move(body.volume.outline))
        return spot

    def _in_sight(self, x_m: float, y_m: float, z_m: float) -> bool:
        return bool(self.camera.lens.in_frame(self.camera.project_world([[x_m, y_m, z_m]]))[0])

    def _has_room(self, body: Body, spot: Standpoint, ignored: Iterable[int]) -> bool:
        outline = spot.move(body.volume.outline)
        if not body.seated and not self.place.floor.covers(spot.move(body.feet)):
            return False
        if self.place.bounds is not None and not self.place.bounds.contains(outline):
            return False
        room = 0.0 if body.seated else _CLEARANCE_M
        near = [one for one in self.ground.near(outline, room) if id(one) not in ignored]
        if any(_enters(body, spot, one, room) for one in near):
            return False
        return self._leaves_others_room(body, spot, outline) and self._leaves_lens_free(body, spot)

    def _leaves_others_room(self, body: Body, spot: Standpoint, outline: BaseGeometry) -> bool:
        for (other, there), shape in zip(self.bodies, self._outlines, strict=True):
            if shape.intersects(outline):
                points = there.to_own(spot.to_world(body.volume.centres_m))
                if other.volume.has(points, grown=True).any():
                    return False
        return True

    def _leaves_lens_free(self, body: Body, spot: Standpoint) -> bool:
        eye = self.camera.position_m
        if spot.move(body.volume.outline).distance(Point(eye[0], eye[1])) > _LENS_ROOM_M:
            return True
        away = np.linalg.norm(spot.to_world(body.volume.centres_m) - eye, axis=1)
        return bool(away.min() > _LENS_ROOM_M)


def nearness(x_m: float, y_m: float) -> float:
    """How likely somebody is at a place against a place below the camera, 0 to 1."""
    return math.exp(-max(0.0, math.hypot(x_m, y_m) - _COMMON_M) / _RARE_M)


def is_own_seat(obstacle: Obstacle, seat: Seat) -> bool:
    """Is an obstacle the chair or sofa to which a seat belongs?"""
    low = obstacle.kind in _SEATS and obstacle.bottom_m < 0.3
    return low and bool(shapely.contains_xy(obstacle.footprint, seat.x_m, seat.y_m))


def free_area_m2(place: Place, radius_m: float = 0.25) -> float:
    """Area in which a round body of the given radius could stand, m2: an upper bound of where people fit."""
    low = [one.footprint for one in place.obstacles if one.bottom_m < 1.5]
    return float(place.floor.difference(shapely.union_all(low).buffer(radius_m)).area)


def _enters(body: Body, spot: Standpoint, obstacle: Obstacle, room_m: float) -> bool:
    """Is some of the body in an obstacle, or nearer to it than room_m (forearms may lie on tops)?"""
    bottom, top = obstacle.bottom_m, obstacle.top_m
    footprint = footprint_with_room(obstacle, room_m)
    if obstacle.kind not in _TOPS or bottom < 0.3:
        return _any_inside(body.volume.centres_m, bottom - room_m, top + room_m, spot, footprint)
    low, high = bottom + _CONTACT_M, top - _CONTACT_M
    if body.seated:
        return _any_inside(body.skin, low, high, spot, obstacle.footprint)
    return _any_inside(body.forearms, low, high, spot, obstacle.footprint) or _any_inside(
        body.rest, bottom - room_m, top + room_m, spot, footprint
    )


def _any_inside(points_m: np.ndarray, bottom_m: float, top_m: float, spot: Standpoint, footprint: Polygon) -> bool:
    """Is one of the points (n, 3; own frame, lowest first) above a footprint and between two heights?"""
    first, last = np.searchsorted(points_m[:, 2], [bottom_m, top_m])
    return bool(last > first and covered(spot.to_world(points_m[first:last]), footprint).any())
