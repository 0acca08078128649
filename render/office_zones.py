"""How an office's floor is divided: zones with a use each, walls between them, doors and windows.

Room coordinates: x from 0 to width_m, y from 0 to depth_m. divide() is a pure function of the spec. A side is "x-"
(the wall at x = 0), "x+", "y-" or "y+"; a place along a wall is counted along +x or +y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from render.office_spec import SIDES, OfficeSpec, Side

ZoneKind = Literal["desks", "cell", "meeting", "lounge", "kitchen", "corridor"]

DOOR_M = 0.9
INNER_WALL_M = 0.1
_STREAM = 1
_SPAN_M = 2.9
"""Windows are about as wide, posts included."""


@dataclass(frozen=True)
class Zone:
    """A rectangle of floor with one use."""

    kind: ZoneKind
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width_m(self) -> float:
        return self.x1 - self.x0

    @property
    def depth_m(self) -> float:
        return self.y1 - self.y0

    @property
    def center(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


@dataclass(frozen=True)
class InnerWall:
    """A wall from floor to ceiling whose middle line runs from (x0, y0) to (x1, y1), along x or y, with open doorways.

    doorways: start and end of each, metres from (x0, y0).
    """

    x0: float
    y0: float
    x1: float
    y1: float
    glass: bool
    doorways: tuple[tuple[float, float], ...] = ()

    @property
    def length_m(self) -> float:
        return math.hypot(self.x1 - self.x0, self.y1 - self.y0)

    @property
    def along_x(self) -> bool:
        return abs(self.x1 - self.x0) > abs(self.y1 - self.y0)

    def pieces(self) -> list[tuple[float, float]]:
        """Start and end of what stands between the doorways."""
        edges = [0.0, *(edge for doorway in self.doorways for edge in doorway), self.length_m]
        return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 0.02]


@dataclass(frozen=True)
class Door:
    """A closed door in an outer wall; at_m: its middle, along the wall."""

    side: Side
    at_m: float


@dataclass
class Division:
    """An office's zones, the walls between them, the doors of its outer walls and each side's windows."""

    zones: list[Zone]
    walls: list[InnerWall] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    breaks: dict[Side, list[float]] = field(default_factory=dict)
    """Where inner walls meet an outer wall: no window goes across."""


def divide(spec: OfficeSpec) -> Division:
    """The division of a spec's floor."""
    rng = np.random.default_rng([spec.seed, _STREAM])
    if spec.room == "cells":
        return _cells(spec, rng)
    if spec.room == "mixed":
        division = _mixed(spec, rng)
    else:
        kind: ZoneKind = {"open_plan": "desks", "meeting": "meeting", "lounge": "kitchen", "corridor": "corridor"}[
            spec.room
        ]  # type: ignore[assignment]
        division = Division([Zone(kind, 0.0, 0.0, spec.width_m, spec.depth_m)])
    division.doors = _corridor_doors(spec, rng) if spec.room == "corridor" else _doors(spec, division, rng)
    return division


def camera_zone(spec: OfficeSpec) -> Zone:
    """The zone above which the camera hangs."""
    zones = divide(spec).zones
    inside = [zone for zone in zones if zone.x0 <= spec.origin_x_m <= zone.x1 and zone.y0 <= spec.origin_y_m <= zone.y1]
    return inside[0] if inside else zones[0]


def along_m(spec: OfficeSpec, side: Side) -> float:
    """Length of an outer wall."""
    return spec.width_m if side[0] == "y" else spec.depth_m


def on_side(spec: OfficeSpec, side: Side, at_m: float, inside_m: float) -> tuple[float, float]:
    """The point at_m along a wall, inside_m into the room."""
    if side[0] == "y":
        return at_m, inside_m if side == "y-" else spec.depth_m - inside_m
    return inside_m if side == "x-" else spec.width_m - inside_m, at_m


def heading_into_room(side: Side) -> float:
    """Heading that turns a piece's +Y from the wall into the room."""
    return {"y-": 0.0, "x+": math.pi / 2, "y+": math.pi, "x-": -math.pi / 2}[side]


def window_spans(spec: OfficeSpec, division: Division, side: Side) -> list[tuple[float, float]]:
    """Start and end of each window of a side; none where it has no windows."""
    if side not in spec.window_sides:
        return []
    edges = [0.0, *sorted(division.breaks.get(side, [])), along_m(spec, side)]
    spans = []
    for start, end in pairwise(edges):
        count = max(1, round((end - start) / _SPAN_M))
        pitch = (end - start) / count
        spans += [(start + n * pitch + 0.22, start + (n + 1) * pitch - 0.22) for n in range(count)]
    return [(a, b) for a, b in spans if b - a > 0.3]


def _doors(spec: OfficeSpec, division: Division, rng: np.random.Generator) -> list[Door]:
    """One or two doors in walls without windows, away from corners and inner walls."""
    blind: list[Side] = [side for side in SIDES if side not in spec.window_sides]
    main = division.zones[0]
    doors: list[Door] = []
    for _ in range(12):
        side = blind[int(rng.integers(len(blind)))]
        low, high = (main.x0, main.x1) if side[0] == "y" else (main.y0, main.y1)
        reached = {"x-": main.x0 < 0.01, "x+": main.x1 > spec.width_m - 0.01}.get(side, True)
        reached = reached and {"y-": main.y0 < 0.01, "y+": main.y1 > spec.depth_m - 0.01}.get(side, True)
        if not reached or high - low < 2.0:
            continue
        at = float(rng.uniform(low + 0.8, high - 0.8))
        if all(door.side != side or abs(door.at_m - at) > 2.5 for door in doors):
            doors.append(Door(side, round(at, 2)))
        if len(doors) == (2 if spec.width_m * spec.depth_m > 60 else 1):
            break
    return doors


def _corridor_doors(spec: OfficeSpec, rng: np.random.Generator) -> list[Door]:
    """Doors on both sides of a corridor, and one at an end."""
    doors = [Door("x-", round(spec.depth_m / 2, 2))]
    for side in ("y-", "y+"):
        at = float(rng.uniform(0.9, 2.2))
        while at < spec.width_m - 0.8:
            doors.append(Door(side, round(at, 2)))  # type: ignore[arg-type]
            at += float(rng.uniform(2.3, 4.5))
    return doors


def _mixed(spec: OfficeSpec, rng: np.random.Generator) -> Division:
    """Desks in the larger part; one or two other uses in the rest, sometimes behind glass."""
    share = float(rng.uniform(0.58, 0.72))
    side_kinds: list[ZoneKind] = list(rng.permutation(["meeting", "lounge", "kitchen"]))  # type: ignore[arg-type]
    lengthwise = spec.width_m >= spec.depth_m
    cut = round((spec.width_m if lengthwise else spec.depth_m) * share, 2)
    main = Zone("desks", 0, 0, *((cut, spec.depth_m) if lengthwise else (spec.width_m, cut)))
    rest = (cut, 0.0, spec.width_m, spec.depth_m) if lengthwise else (0.0, cut, spec.width_m, spec.depth_m)
    across = spec.depth_m if lengthwise else spec.width_m
    if across < 6.5:
        others = [Zone(side_kinds[0], *rest)]
    else:
        middle = round(across * float(rng.uniform(0.42, 0.58)), 2)
        first = (rest[0], rest[1], rest[2], middle) if lengthwise else (rest[0], rest[1], middle, rest[3])
        second = (rest[0], middle, rest[2], rest[3]) if lengthwise else (middle, rest[1], rest[2], rest[3])
        others = [Zone(side_kinds[0], *first), Zone(side_kinds[1], *second)]
    division = Division([main, *others])
    for zone in others:
        if zone.kind == "meeting" and rng.random() < 0.5:
            _enclose(spec, division, zone, rng)
    return division


def _enclose(spec: OfficeSpec, division: Division, zone: Zone, rng: np.random.Generator) -> None:
    """Glass walls along those sides of a zone that lie inside the room; the first has the doorway."""
    wide = float(rng.uniform(0.95, 1.2))
    low, high = INNER_WALL_M / 2, 1e-6
    x_cuts = [x for x in (zone.x0, zone.x1) if low < x < spec.width_m - high]
    y_cuts = [y for y in (zone.y0, zone.y1) if low < y < spec.depth_m - high]
    lines = [(x, zone.y0, x, zone.y1) for x in x_cuts] + [(zone.x0, y, zone.x1, y) for y in y_cuts]
    desks = division.zones[0]
    lines.sort(key=lambda line: not _touches(line, desks))
    for number, line in enumerate(lines):
        length = math.hypot(line[2] - line[0], line[3] - line[1])
        start = float(rng.uniform(0.4, max(0.41, length - wide - 0.4)))
        doorways = ((round(start, 2), round(start + wide, 2)),) if number == 0 else ()
        division.walls.append(InnerWall(*line, glass=True, doorways=doorways))
    for x in x_cuts:
        division.breaks.setdefault("y-" if zone.y0 < 0.01 else "y+", []).append(x)
    for y in y_cuts:
        division.breaks.setdefault("x-" if zone.x0 < 0.01 else "x+", []).append(y)


def _touches(line: tuple[float, float, float, float], zone: Zone) -> bool:
    """Does the line lie on an edge of the zone?"""
    vertical = line[0] == line[2]
    return line[0] in (zone.x0, zone.x1) if vertical else line[1] in (zone.y0, zone.y1)


def _cells(spec: OfficeSpec, rng: np.random.Generator) -> Division:
    """Small rooms along one or both sides of a corridor that runs along x."""
    aisle = float(rng.uniform(1.5, 2.1))
    both = spec.depth_m > 7.6
    cell_depth = (spec.depth_m - aisle) / (2 if both else 1)
    low, high = (cell_depth, cell_depth + aisle) if both else (0.0, aisle)
    division = Division([Zone("corridor", 0, round(low, 2), spec.width_m, round(high, 2))])
    if both:
        _row_of_cells(spec, division, (0.0, round(low, 2)), "y-", rng)
    _row_of_cells(spec, division, (round(high, 2), spec.depth_m), "y+", rng)
    division.doors = [Door("x-", round((low + high) / 2, 2))]
    return division


def _row_of_cells(
    spec: OfficeSpec, division: Division, y: tuple[float, float], outer: Side, rng: np.random.Generator
) -> None:
    count = max(2, int(spec.width_m / rng.uniform(2.9, 4.6)))
    pitch = spec.width_m / count
    front = y[1] if outer == "y-" else y[0]
    glass = bool(rng.random() < 0.65)
    half = INNER_WALL_M / 2
    doorways = []
    for number in range(count):
        x0, x1 = round(number * pitch, 2), round((number + 1) * pitch, 2)
        y0, y1 = (y[0], front - half) if outer == "y-" else (front + half, y[1])
        kind: ZoneKind = "meeting" if rng.random() < 0.2 else "cell"
        division.zones.append(Zone(kind, x0 + half * (number > 0), y0, x1 - half * (number < count - 1), y1))
        start = x0 + (0.25 if rng.random() < 0.5 else pitch - 0.25 - DOOR_M)
        doorways.append((round(start, 2), round(start + DOOR_M, 2)))
        if number:
            ends = (y[0], front - half) if outer == "y-" else (front + half, y[1])
            division.walls.append(InnerWall(x0, ends[0], x0, ends[1], glass=False))
            division.breaks.setdefault(outer, []).append(x0)
    division.walls.append(InnerWall(0.0, front, spec.width_m, front, glass=glass, doorways=tuple(doorways)))
