"""Who can be where: posed bodies against the floor, the furniture, one another and the camera.

A body is tested by convex hulls seen from above (shapely): the whole of it against other bodies and walls, and against a
piece of furniture only that part of it which is as high as the furniture, so that an arm may reach over a desk and feet
may stand under it. World metres; a heading turns counter-clockwise seen from above.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from shapely import affinity
from shapely.geometry import MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from annotate.camera import Camera
from assets.mesh import Human
from render.place import Obstacle, Place, Seat

_FEET_M = 0.25
"""What is lower than this must be on the floor's polygon."""
_CLEARANCE_M = 0.04
"""Room that is left between a standing body and furniture or another body."""
_LENS_ROOM_M = 0.45
"""No part of a body comes nearer to the lens than this."""
_TRUNK_M = 0.2
"""Of somebody who sits, what is further than this before the hips may touch a desk: hands and forearms lie on it."""
_TRIES = 120
_COMMON_M, _RARE_M = 3.0, 3.5
"""People further than _COMMON_M from the point below the camera become rarer by e with every _RARE_M: there are many
seats and much floor along the walls, and all of it is seen small."""
_EYE_LEVEL_M = 1.2
"""The point of a standing person that has to be inside the picture."""


@dataclass
class Body:
    """A posed human in its own frame, ready to be tried at many places."""

    human: Human
    _slices: dict[tuple[float, float, bool], BaseGeometry] = field(default_factory=dict)

    def slice(self, bottom_m: float, top_m: float, trunk_only: bool = False) -> BaseGeometry:
        """Hull, seen from above, of all that lies between two heights (own frame; empty if there is nothing)."""
        key = (bottom_m, top_m, trunk_only)
        if key not in self._slices:
            vertices = self.human.vertices_m
            inside = (vertices[:, 2] >= bottom_m) & (vertices[:, 2] <= top_m)
            if trunk_only:
                inside &= vertices[:, 1] >= -_TRUNK_M
            self._slices[key] = MultiPoint(vertices[inside, :2]).convex_hull
        return self._slices[key]

    @property
    def outline(self) -> BaseGeometry:
        """Hull of the whole body."""
        return self.slice(-math.inf, math.inf)


@dataclass(frozen=True)
class Standpoint:
    """A place for a person's origin."""

    x_m: float
    y_m: float
    heading_rad: float

    def move(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape of the person's own frame at this place."""
        turned = affinity.rotate(shape, self.heading_rad, (0, 0), use_radians=True)
        return affinity.translate(turned, self.x_m, self.y_m)


class Crowd:
    """The people placed so far in a place, and the search for room for one more."""

    def __init__(self, place: Place, camera: Camera) -> None:
        self.place = place
        self.camera = camera
        self.outlines: list[BaseGeometry] = []

    def stand(self, human: Human, rng: np.random.Generator) -> Standpoint | None:
        """Find free floor for somebody who stands, likelier near the camera, and take it; None if there is none."""
        body = Body(human)
        for _ in range(_TRIES):
            x, y = random_point(self.place.floor, rng)
            if rng.random() > nearness(x, y):
                continue
            spot = Standpoint(x, y, float(rng.uniform(0, 2 * math.pi)))
            if self._in_sight(x, y, _EYE_LEVEL_M) and self._has_room(body, spot, self.place.obstacles):
                return self._take(body, spot)
        return None

    def sit(self, human: Human, seat: Seat, rng: np.random.Generator) -> Standpoint | None:
        """Try to put somebody on a seat, turned a little; None if the body does not fit there."""
        body = Body(human)
        others = [one for one in self.place.obstacles if not _is_chair_of(one, seat)]
        for _ in range(4):
            spot = Standpoint(seat.x_m, seat.y_m, float(seat.heading_rad + rng.normal(0, 0.08)))
            if self._in_sight(seat.x_m, seat.y_m, seat.height_m) and self._has_room(body, spot, others):
                return self._take(body, spot)
        return None

    def _take(self, body: Body, spot: Standpoint) -> Standpoint:
        self.outlines.append(spot.move(body.outline))
        return spot

    def _in_sight(self, x_m: float, y_m: float, z_m: float) -> bool:
        return bool(self.camera.lens.in_frame(self.camera.project_world([[x_m, y_m, z_m]]))[0])

    def _has_room(self, body: Body, spot: Standpoint, obstacles: Iterable[Obstacle]) -> bool:
        seated = body.human.seat_height_m is not None
        outline = spot.move(body.outline)
        if not seated and not self.place.floor.covers(spot.move(body.slice(-math.inf, _FEET_M))):
            return False
        if self.place.bounds is not None and not self.place.bounds.contains(outline):
            return False
        clearance = 0.0 if seated else _CLEARANCE_M
        if any(outline.distance(other) <= clearance for other in self.outlines):
            return False
        near = [one for one in obstacles if one.footprint.distance(outline) <= clearance]
        return not any(_enters(body, spot, one, clearance) for one in near) and self._leaves_lens_free(body, spot)

    def _leaves_lens_free(self, body: Body, spot: Standpoint) -> bool:
        eye = self.camera.position_m
        if spot.move(body.outline).distance(Point(eye[0], eye[1])) > _LENS_ROOM_M:
            return True
        c, s = math.cos(spot.heading_rad), math.sin(spot.heading_rad)
        x, y, z = body.human.vertices_m.T
        away = np.stack([c * x - s * y + spot.x_m - eye[0], s * x + c * y + spot.y_m - eye[1], z - eye[2]])
        return bool(np.linalg.norm(away, axis=0).min() > _LENS_ROOM_M)


def nearness(x_m: float, y_m: float) -> float:
    """How likely somebody is at a place against a place below the camera, 0 to 1."""
    return math.exp(-max(0.0, math.hypot(x_m, y_m) - _COMMON_M) / _RARE_M)


def random_point(area: Polygon, rng: np.random.Generator) -> tuple[float, float]:
    """A point drawn uniformly from a polygon."""
    x0, y0, x1, y1 = area.bounds
    while True:
        x, y = float(rng.uniform(x0, x1)), float(rng.uniform(y0, y1))
        if area.contains(Point(x, y)):
            return x, y


def free_area_m2(place: Place, radius_m: float = 0.25) -> float:
    """Area in which a round body of the given radius could stand, m2: an upper bound of where people fit."""
    free = place.floor
    for obstacle in place.obstacles:
        if obstacle.bottom_m < 1.5:
            free = free.difference(obstacle.footprint.buffer(radius_m))
    return float(free.area)


def _enters(body: Body, spot: Standpoint, obstacle: Obstacle, clearance_m: float) -> bool:
    """Does the part of the body that is as high as the obstacle touch it?"""
    seated = body.human.seat_height_m is not None
    trunk_only = seated and obstacle.kind in ("desk", "furniture") and obstacle.bottom_m > 0.3
    part = body.slice(obstacle.bottom_m, obstacle.top_m, trunk_only)
    return not part.is_empty and spot.move(part).distance(obstacle.footprint) <= clearance_m


def _is_chair_of(obstacle: Obstacle, seat: Seat) -> bool:
    low = obstacle.kind in ("chair", "furniture")
    return low and obstacle.footprint.contains(Point(seat.x_m, seat.y_m))
