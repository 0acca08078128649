"""How people who stand and walk arrange themselves: who is where, facing what, doing what. Geometry and draws only.

Arrangements are those of conversation and queueing as sociology describes them: two face each other, form an L or stand
side by side; more form a circle whose members are 0.6 to 1.1 m apart (Kendon's F-formations). A heading of 0 faces -Y
and turns counter-clockwise seen from above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from assets.poses.skeleton import Activity
from render.place import Place, Seat, Spot

NEIGHBOURS_M = (0.68, 1.05)
"""Distance between neighbours in a conversation."""
QUEUE_STEP_M = (0.7, 0.9)
_PAIR_M = (0.72, 1.1)
_LEAST_RADIUS_M = 0.52
"""Of a circle: hands that gesture meet in its middle."""
_ABREAST_M = (0.62, 0.78)
_TWO_WALK_SHARE = 0.3
_BESIDE_M = (0.5, 0.72)
_GROUP_SIZES, _GROUP_SHARES = (2, 3, 4, 5), (0.5, 0.28, 0.14, 0.08)
_QUEUE_SIZES, _QUEUE_SHARES = (2, 3, 4, 5), (0.4, 0.35, 0.15, 0.1)
_QUEUE_TURNS_RAD = (0.0, 0.4, -0.4, 0.8, -0.8)
SPOT_TAGS: dict[str, tuple[str | None, ...]] = {
    "counter": ("carrying", "reaching", "waiting"),
    "whiteboard": ("reaching", "talking", "listening"),
    "printer": ("carrying", "waiting", "reaching"),
    "door": ("waiting", "phone", "carrying"),
    "desk": ("talking", "leaning", "waiting"),
    "table": ("waiting", "carrying", "talking"),
}
"""What people do at a spot."""
ALONE_TAGS: tuple[str | None, ...] = ("phone", "waiting", "carrying", "phone", None)


@dataclass(frozen=True)
class Role:
    """Somebody to be placed: a place, a heading, and what they do."""

    x_m: float
    y_m: float
    heading_rad: float
    activity: Activity
    tag: str | None
    doing: str


def facing(from_m: tuple[float, float], to_m: tuple[float, float]) -> float:
    """The heading of somebody at one place who looks at another."""
    return math.atan2(to_m[0] - from_m[0], from_m[1] - to_m[1])


def ahead(heading_rad: float) -> np.ndarray:
    """(2,) unit direction in which somebody looks."""
    return np.array([math.sin(heading_rad), -math.cos(heading_rad)])


def group_size(rng: np.random.Generator) -> int:
    """Of those who talk: two half of the time, up to five."""
    return int(rng.choice(_GROUP_SIZES, p=_GROUP_SHARES))


def queue_size(rng: np.random.Generator) -> int:
    return int(rng.choice(_QUEUE_SIZES, p=_QUEUE_SHARES))


def conversation(middle_m: tuple[float, float], size: int, rng: np.random.Generator) -> list[Role]:
    """People who talk round a place: one speaks, the others listen and look at who speaks or to the middle."""
    places = _pair(rng) if size == 2 else _ring(size, rng)
    places = places + np.array(middle_m)
    speaker = int(rng.integers(size))
    center = places.mean(axis=0) + (_focus(places, rng) if size == 2 else 0.0)
    roles = []
    for number, place in enumerate(places):
        target = places[speaker] if size > 2 and number != speaker and rng.random() < 0.4 else center
        heading = facing(tuple(place), tuple(target)) + float(rng.normal(0, 0.12))
        tag = "talking" if number == speaker else "listening"
        roles.append(Role(float(place[0]), float(place[1]), heading, "standing", tag, "talk"))
    return roles


def beside_sitter(seat: Seat, rng: np.random.Generator) -> list[Role]:
    """Places from which somebody talks to a sitter or leans over the desk, the best first; one of them is taken."""
    side, lean = float(rng.choice([-1, 1])), rng.random() < 0.4
    front = ahead(seat.heading_rad)
    right = np.array([front[1], -front[0]])
    eyes = (seat.x_m, seat.y_m)
    desk = (seat.x_m + 0.55 * float(front[0]), seat.y_m + 0.55 * float(front[1]))
    roles = []
    for turn in (side, -side):
        for aside, forth in ((0.62, 0.05), (0.75, 0.1), (0.7, -0.3), (0.62, -0.5), (0.85, 0.0), (0.35, -0.75)):
            aside += float(rng.uniform(0, 0.08))
            x, y = np.array(eyes) + turn * aside * right + forth * front
            looks_at = desk if lean or rng.random() < 0.3 else eyes
            heading = facing((x, y), looks_at) + float(rng.normal(0, 0.1))
            roles.append(Role(float(x), float(y), heading, "standing", "leaning" if lean else "talking", "beside_desk"))
    return roles


def queue(spot: Spot, size: int, rng: np.random.Generator) -> list[list[Role]]:
    """Lines of people before a spot, one behind the other, straight or turning aside; the straight one first."""
    lines = []
    for turn in _QUEUE_TURNS_RAD:
        x, y, heading = spot.x_m, spot.y_m, spot.heading_rad
        line = [_in_line(x, y, heading, "reaching" if rng.random() < 0.4 else "waiting", rng)]
        for number in range(1, size):
            heading = spot.heading_rad + turn * min(1.0, number / 2)
            step = float(rng.uniform(*QUEUE_STEP_M))
            x, y = np.array([x, y]) - step * ahead(heading)
            tag = ("waiting", "phone", "waiting", "listening")[int(rng.integers(4))]
            line.append(_in_line(float(x), float(y), heading, tag, rng))
        lines.append(line)
    return lines


def walking_size(rng: np.random.Generator) -> int:
    return 2 if rng.random() < _TWO_WALK_SHARE else 1


def walkers(place: Place, free_m: np.ndarray, size: int, rng: np.random.Generator) -> list[Role]:
    """One person, or two abreast, on a walkway, or between two places of free floor (n, 2) where there are no walkways."""
    start = _on_walkway(place, rng) if place.walkways and rng.random() < 0.85 else _across(free_m, rng)
    if start is None:
        return []
    x, y, heading = start
    right = np.array([ahead(heading)[1], -ahead(heading)[0]])
    first = Role(x, y, heading + float(rng.normal(0, 0.06)), "walking", None, "walking")
    if size < 2:
        return [first]
    aside = float(rng.uniform(*_ABREAST_M)) * float(rng.choice([-1, 1])) * right + rng.normal(0, 0.1) * ahead(heading)
    return [first, Role(x + float(aside[0]), y + float(aside[1]), heading, "walking", None, "walking")]


def at_spot(spot: Spot, rng: np.random.Generator) -> Role:
    """Somebody who does what a spot is for."""
    tags = SPOT_TAGS[spot.kind]
    heading = spot.heading_rad + float(rng.normal(0, 0.15))
    x, y = np.array([spot.x_m, spot.y_m]) + rng.normal(0, 0.04, 2)
    return Role(float(x), float(y), heading, "standing", tags[int(rng.integers(len(tags)))], "spot")


def alone_tag(rng: np.random.Generator) -> str | None:
    return ALONE_TAGS[int(rng.integers(len(ALONE_TAGS)))]


def _in_line(x: float, y: float, heading: float, tag: str, rng: np.random.Generator) -> Role:
    return Role(x, y, heading + float(rng.normal(0, 0.12)), "standing", tag, "queue")


def _pair(rng: np.random.Generator) -> np.ndarray:
    """(2, 2) places of two who talk, about the origin."""
    half, turn = float(rng.uniform(*_PAIR_M)) / 2, float(rng.uniform(0, 2 * math.pi))
    along = np.array([math.cos(turn), math.sin(turn)])
    return np.array([half * along, -half * along])


def _focus(places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(2,) how far from their middle two people look: at each other, at a corner (an L), or ahead, side by side."""
    between = places[1] - places[0]
    reach = float(rng.choice([0.0, 0.5, 1.3], p=[0.5, 0.35, 0.15]))
    return np.asarray(reach * float(rng.choice([-1, 1])) * np.array([between[1], -between[0]]))


def _ring(size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, 2) places on a circle, not quite evenly."""
    chord = float(rng.uniform(*NEIGHBOURS_M))
    radius = max(_LEAST_RADIUS_M, chord / (2 * math.sin(math.pi / size)))
    angles = rng.uniform(0, 2 * math.pi) + 2 * math.pi * (np.arange(size) + rng.uniform(-0.08, 0.08, size)) / size
    radii = radius * rng.uniform(0.95, 1.08, size)
    return np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])


def _on_walkway(place: Place, rng: np.random.Generator) -> tuple[float, float, float] | None:
    """A place on one of the walkways and the heading along it, either way."""
    lengths = [np.hypot(*np.diff(np.asarray(line), axis=0).T) for line in place.walkways]
    total = np.array([steps.sum() for steps in lengths])
    if total.sum() <= 0:
        return None
    number = int(rng.choice(len(total), p=total / total.sum()))
    line, steps = np.asarray(place.walkways[number], float), lengths[number]
    step = int(rng.choice(len(steps), p=steps / steps.sum()))
    here = line[step] + float(rng.random()) * (line[step + 1] - line[step])
    way = (line[step + 1] - line[step]) * (1 if rng.random() < 0.5 else -1)
    offset = float(rng.normal(0, 0.08)) * np.array([way[1], -way[0]]) / max(float(np.hypot(*way)), 1e-9)
    return float(here[0] + offset[0]), float(here[1] + offset[1]), facing((0.0, 0.0), (float(way[0]), float(way[1])))


def _across(free_m: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float] | None:
    """The first free place, and the heading from there to another one that is at least a metre away."""
    if not len(free_m):
        return None
    here = free_m[0]
    far = free_m[np.hypot(*(free_m - here).T) > 1.0]
    turn = float(rng.uniform(0, 2 * math.pi))
    if len(far):
        turn = facing(tuple(here), tuple(far[int(rng.integers(len(far)))]))
    return float(here[0]), float(here[1]), turn
