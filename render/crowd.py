"""The people of a picture: how many there are, what they do together, and where there is room for it.

What each wants to do is drawn first (render.seating, render.groups), bodies are built for it, and room is sought
(render.placement). Where an arrangement finds no room its people stand alone; where even that fails they are left out.
Whatever a place does not know (spots, walkways, seats) is done without.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from annotate.camera import Camera
from annotate.errors import InputError, SceneRejected
from assets.humans.spec import HumanSpec, sample_human
from assets.poses.skeleton import Activity
from assets.poses.spec import PoseSpec, sample_pose
from render.config import RenderConfig
from render.ground import Ground
from render.groups import (
    Role,
    ahead,
    alone_tag,
    at_spot,
    beside_sitter,
    conversation,
    group_size,
    queue,
    queue_size,
    walkers,
    walking_size,
)
from render.people import PlacedPerson, person_mesh
from render.place import Seat, Spot
from render.placement import Body, Crowd, Standpoint, nearness
from render.seating import SeatRole, seat_roles

_PLACES_TRIED = 40
"""Middles of conversations, and stretches of walkway, among which one with room is sought."""
_SPOT_SHARE = 0.5
"""So many of those who are alone have something to do at a spot."""
_GIVE_UP_AFTER = 3
"""So many people in a row without room: the place is full."""
_NEEDS_ITS_PLACE = ("leaning", "reaching")
"""Poses that look odd anywhere but before furniture."""
_MIX_SPREAD = 7.0
"""How alike the pictures' mixes are: the parameter of the Dirichlet draw for shares that sum to 1."""
_ORDER = ("queue", "beside_desk", "groups", "walking", "alone")
"""Who needs a certain place comes first."""

_SIZES: dict[str, Callable[[np.random.Generator], int]] = {
    "queue": queue_size, "groups": group_size, "walking": walking_size,
}  # fmt: skip


def populate(
    config: RenderConfig, ground: Ground, camera: Camera, rng: np.random.Generator
) -> tuple[list[PlacedPerson], int]:
    """People on seats, then people on the floor, and how many were asked for. SceneRejected if nobody found room."""
    sitting = int(rng.integers(config.sitting[0], config.sitting[1] + 1))
    standing = int(rng.integers(config.standing[0], config.standing[1] + 1))
    gathering = _Gathering(config, Crowd(ground.place, camera, ground), rng)
    gathering.seat(sitting)
    for kind, size in arrangements(config, ground, standing, len(gathering.people), rng):
        gathering.arrange(kind, size)
    if not gathering.people and standing + min(sitting, len(ground.place.seats)) > 0:
        raise SceneRejected("nobody found room")
    return gathering.people, sitting + standing


def arrangements(
    config: RenderConfig, ground: Ground, standing: int, sitters: int, rng: np.random.Generator
) -> list[tuple[str, int]]:
    """Kind and size of the arrangements of standing people, from a mix drawn for this picture; sizes sum to standing."""
    shares = dict(config.crowd.shares())
    if not sitters:
        shares["beside_desk"] = 0.0
    if not any(spot.kind == "counter" for spot in ground.place.spots):
        shares["queue"] = 0.0
    weights = np.array([shares[kind] for kind in _ORDER])
    if weights.sum() <= 0:
        weights = np.array([float(kind == "alone") for kind in _ORDER])
    weights = rng.gamma(np.maximum(_MIX_SPREAD * weights / weights.sum(), 1e-9)) * (weights > 0)
    mix = weights / weights.sum() if weights.sum() > 0 else np.array([float(kind == "alone") for kind in _ORDER])
    found: list[tuple[str, int]] = []
    while standing > 0:
        kind = _ORDER[int(rng.choice(len(_ORDER), p=mix))]
        size = min(standing, _SIZES[kind](rng) if kind in _SIZES else 1)
        if size == 1 and kind in ("groups", "queue"):
            kind = "alone"
        found.append((kind, size))
        standing -= size
    return sorted(found, key=lambda one: _ORDER.index(one[0]))


class _Gathering:
    """The people placed so far, and how each arrangement finds its room."""

    def __init__(self, config: RenderConfig, crowd: Crowd, rng: np.random.Generator) -> None:
        self.config, self.crowd, self.rng = config, crowd, rng
        self.people: list[PlacedPerson] = []
        self._desks: list[Seat] = []
        self._failures = 0

    def seat(self, wanted: int) -> None:
        """Fill seats until enough people sit; a person who does not fit one seat tries the next."""
        place, rng = self.crowd.place, self.rng
        clustered = bool(rng.random() < self.config.crowd.clustered)
        human, spare = None, 2 * min(wanted, len(place.seats)) + 3
        for role in seat_roles(self.crowd.ground, wanted, clustered, rng):
            if len(self.people) >= wanted or spare == 0:
                break
            seat = place.seats[role.number]
            if not self.crowd.sees_seat(seat):
                continue
            human = human or self._human()
            spare -= 1
            if self._sits(human, role, seat):
                human = None

    def arrange(self, kind: str, size: int) -> None:
        """Place people who stand or walk."""
        if self._failures >= _GIVE_UP_AFTER:
            return
        {
            "groups": self._talk,
            "queue": self._queue,
            "walking": self._walk,
            "beside_desk": self._beside_desk,
            "alone": self._alone,
        }[kind](size)

    def _sits(self, human: HumanSpec, role: SeatRole, seat: Seat) -> bool:
        pose = self._pose("sitting", role.tag)
        if role.to_left is not None:
            pose = pose.model_copy(update={"mirror": not role.to_left})
        spot = self.crowd.sit(Body(person_mesh(human, pose, seat.height_m)), seat, self.rng)
        if spot is None:
            return False
        self._add(human, pose, spot, role.doing, seat.height_m)
        if role.doing == "work":
            self._desks.append(seat)
        return True

    def _talk(self, size: int) -> None:
        """A conversation where there is room for all of it, else for fewer."""
        middles = self.crowd.likely_points(_PLACES_TRIED, self.rng)
        for count in range(size, 1, -1):
            rings = [conversation((float(x), float(y)), count, self.rng) for x, y in middles]
            chosen = self._first_clear(rings)
            if chosen is not None:
                middle = np.mean([(role.x_m, role.y_m) for role in chosen], axis=0)
                for role in chosen:
                    self._place(role, _stepping_back(role, middle))
                size -= count
                break
        self._alone(size)

    def _queue(self, size: int) -> None:
        for spot in self._spots("counter"):
            lines = queue(spot, size, self.rng)
            lengths = [_leading(self.crowd.is_clear(_points(line))) for line in lines]
            best = int(np.argmax(lengths))
            if lengths[best] >= min(2, size):
                for role in lines[best][: lengths[best]]:
                    self._place(role, _shuffling(role))
                size -= lengths[best]
                break
        self._alone(size)

    def _walk(self, size: int) -> None:
        rng, walking = self.rng, 0
        free = self.crowd.likely_points(_PLACES_TRIED, rng)
        ways = [walkers(self.crowd.place, np.roll(free, -n, axis=0), size, rng) for n in range(_PLACES_TRIED)]
        keys = [math.log(nearness(way[0].x_m, way[0].y_m)) + float(rng.gumbel()) if way else -math.inf for way in ways]
        chosen = self._first_clear([ways[int(n)] for n in np.argsort(-np.array(keys))])
        for role in chosen or []:
            self._place(role, _shuffling(role))
            walking += 1
        self._alone(size - walking)

    def _beside_desk(self, size: int) -> None:
        for _ in range(size):
            if not self._desks:
                self._alone(1)
                continue
            seat = self._desks.pop(int(self.rng.integers(len(self._desks))))
            roles = beside_sitter(seat, self.rng)
            self._place(roles[0], [_standpoint(role) for role in roles])

    def _alone(self, size: int) -> None:
        for _ in range(size):
            spots = self._spots() if self.rng.random() < _SPOT_SHARE else []
            if spots:
                role = at_spot(spots[0], self.rng)
                self._place(role, _shuffling(role))
            else:
                self._place(Role(0.0, 0.0, 0.0, "standing", alone_tag(self.rng), "alone"), ())

    def _place(self, role: Role, spots: Iterable[Standpoint]) -> None:
        """Put somebody at the first of some places with room, else anywhere, else leave them out."""
        if self._failures >= _GIVE_UP_AFTER:
            return
        human, pose, doing = self._human(), self._pose(role.activity, role.tag), role.doing
        body = Body(person_mesh(human, pose))
        spot = self.crowd.stand_at(body, spots)
        if spot is None:
            if role.tag in _NEEDS_ITS_PLACE:
                pose = self._pose("standing", alone_tag(self.rng))
                body = Body(person_mesh(human, pose))
            spot, doing = self.crowd.stand(body, self.rng), "walking" if role.activity == "walking" else "alone"
        self._failures = self._failures + 1 if spot is None else 0
        if spot is not None:
            self._add(human, pose, spot, doing)

    def _first_clear(self, proposals: list[list[Role]]) -> list[Role] | None:
        """The first of some arrangements whose places are all clear."""
        proposals = [roles for roles in proposals if roles]
        if not proposals:
            return None
        clear = self.crowd.is_clear(np.concatenate([_points(roles) for roles in proposals]))
        starts = np.cumsum([0, *(len(roles) for roles in proposals)])
        fits = [bool(clear[a:b].all()) for a, b in pairwise(starts)]
        return proposals[fits.index(True)] if any(fits) else None

    def _spots(self, kind: str | None = None) -> list[Spot]:
        """The spots (of a kind) where nobody is yet, those near the camera likelier first."""
        spots = [spot for spot in self.crowd.place.spots if kind is None or spot.kind == kind]
        if not spots:
            return []
        clear = self.crowd.is_clear(np.array([(spot.x_m, spot.y_m) for spot in spots]))
        spots = [spot for spot, is_clear in zip(spots, clear, strict=True) if is_clear]
        keys = [math.log(nearness(spot.x_m, spot.y_m)) + float(self.rng.gumbel()) for spot in spots]
        return [spots[int(number)] for number in np.argsort(-np.array(keys))]

    def _human(self) -> HumanSpec:
        return draw_human(self.config, self.rng)

    def _pose(self, activity: Activity, tag: str | None) -> PoseSpec:
        # Tagged poses come from the library alone: a folder of one's own is asked wherever the place does not decide.
        asked = tag if self.config.poses is None or tag in (*_NEEDS_ITS_PLACE, "turned_away") else None
        return sample_pose(self.rng, activity, self.config.poses, tag=asked)

    def _add(
        self, human: HumanSpec, pose: PoseSpec, spot: Standpoint, doing: str, seat_height_m: float | None = None
    ) -> None:
        self.people.append(
            PlacedPerson(
                instance_id=len(self.people) + 1, human=human, pose=pose, x_m=spot.x_m, y_m=spot.y_m,
                heading_rad=spot.heading_rad, seat_height_m=seat_height_m, doing=doing,
            )
        )  # fmt: skip


def draw_human(config: RenderConfig, rng: np.random.Generator) -> HumanSpec:
    """A random person of the kind that the configuration asks for. InputError for MB-Lab without its folder."""
    if config.humans == "anny":
        return sample_human(rng)
    if config.mblab is None:
        raise InputError("--humans mblab: expected --mblab with the folder of your copy of MB-Lab (it holds data/)")
    from assets.humans.mblab.sample import sample_mblab_human

    return sample_mblab_human(rng, config.mblab)


def _points(roles: list[Role]) -> np.ndarray:
    return np.array([(role.x_m, role.y_m) for role in roles], float)


def _leading(clear: np.ndarray) -> int:
    """How many are true before the first that is not."""
    return len(clear) if clear.all() else int(np.argmin(clear))


def _standpoint(role: Role, offset: np.ndarray | float = 0.0, turn_rad: float = 0.0) -> Standpoint:
    x, y = np.array([role.x_m, role.y_m]) + offset
    return Standpoint(float(x), float(y), role.heading_rad + turn_rad)


def _stepping_back(role: Role, middle: np.ndarray) -> list[Standpoint]:
    """The place in a circle, then places further and further out."""
    out = np.array([role.x_m, role.y_m]) - middle
    out = out / max(float(np.hypot(*out)), 1e-9)
    return [
        _standpoint(role, step * out, turn) for step in (0.0, 0.08, 0.16, 0.26, 0.38) for turn in (0.0, 0.25, -0.25)
    ]


def _shuffling(role: Role) -> list[Standpoint]:
    """The place, then others a step behind or beside it."""
    front = ahead(role.heading_rad)
    right = np.array([front[1], -front[0]])
    steps = (0.0 * front, -0.08 * front, 0.1 * right, -0.1 * right, -0.16 * front, 0.2 * right, -0.2 * right)
    return [_standpoint(role, step) for step in steps]
