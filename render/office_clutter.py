"""How the things of people who work there fill an embedded office: desks, cupboard tops, sills and the floor.

One number of the spec drives it: clutter, 1 in an office as most are, 0.2 where everything is put away, 4 in chaos.
Things on furniture keep clear of each other and of the furniture's edge; things on the floor stand near furniture and
walls, are obstacles, and leave what must be free.
"""

from __future__ import annotations

import math

import numpy as np
from shapely import box

from render import furniture
from render.floor_plan import FloorPlan
from render.furniture import Piece, assembled
from render.office_zones import Zone
from render.solids import joined, moved

Rect = tuple[float, float, float, float]
"""x0, y0, x1, y1."""

_FLAT_M = 0.012
"""What is no higher may lie under and across other things."""
_TRIES = 8
_LEAF_M = 0.0007
"""Flat things lie this much above each other."""


def amount(mean: float, clutter: float, rng: np.random.Generator) -> int:
    """How many things: mean of them in an office of clutter 1, fewer or more with it."""
    return int(rng.poisson(mean * clutter))


def scattered(
    rng: np.random.Generator,
    kinds: dict[str, float],
    count: int,
    area: Rect,
    height_m: float,
    taken: list[Rect] | None = None,
    free: Rect | None = None,
) -> Piece:
    """Up to count things of kinds strewn over a table top, without obstacles.

    area: the top's free rectangle. taken: what stands there already. free: where only flat things may lie (hands).
    """
    occupied = list(taken or [])
    meshes = []
    for number in range(count):
        piece = furniture.thing(furniture.drawn_kind(kinds, rng), rng)
        one = piece.obstacles[0]
        turn = float(rng.normal(0, 0.35) if rng.random() < 0.75 else rng.uniform(0, 2 * math.pi))
        half_x, half_y = _turned_half(one.footprint.bounds, turn)
        flat = one.top_m < _FLAT_M
        place = _place_for(rng, area, half_x, half_y, [] if flat else [*occupied, *([free] if free else [])])
        if place is None:
            continue
        if not flat:
            occupied.append((place[0] - half_x, place[1] - half_y, place[0] + half_x, place[1] + half_y))
        lift = height_m + (_LEAF_M * number if flat else 0.0)
        meshes += [moved(mesh, *place, turn, lift) for mesh in piece.meshes]
    return Piece([joined(meshes, "things")] if meshes else [])


def _turned_half(bounds: Rect, turn: float) -> tuple[float, float]:
    """Half the sides of the upright rectangle round a turned one."""
    c, s = abs(math.cos(turn)), abs(math.sin(turn))
    return c * bounds[2] + s * bounds[3], s * bounds[2] + c * bounds[3]


def _place_for(
    rng: np.random.Generator, area: Rect, half_x: float, half_y: float, taken: list[Rect]
) -> tuple[float, float] | None:
    """A place inside an area where a thing overlaps nothing; None after a few tries."""
    x0, y0, x1, y1 = area[0] + half_x, area[1] + half_y, area[2] - half_x, area[3] - half_y
    if x1 < x0 or y1 < y0:
        return None
    for _ in range(_TRIES):
        x, y = x0 + (x1 - x0) * rng.random(), y0 + (y1 - y0) * rng.random()
        if all(x + half_x <= a or x - half_x >= c or y + half_y <= b or y - half_y >= d for a, b, c, d in taken):
            return float(x), float(y)
    return None


def bounds_above(piece: Piece, height_m: float) -> list[Rect]:
    """The rectangle that each of a piece's meshes takes above a height."""
    found = []
    for mesh in piece.meshes:
        high = mesh.vertices_m[mesh.vertices_m[:, 2] > height_m + 0.005, :2]
        if len(high):
            low, top = high.min(axis=0).tolist(), high.max(axis=0).tolist()
            found.append((low[0] - 0.01, low[1] - 0.01, top[0] + 0.01, top[1] + 0.01))
    return found


def topped(
    rng: np.random.Generator,
    piece: Piece,
    half_m: tuple[float, float],
    height_m: float,
    count: int,
    kinds: dict[str, float] | None = None,
) -> Piece:
    """A cupboard, shelf or counter of half sizes half_m with count things on its top at height_m."""  # fmt: skip
    x, y = half_m
    kinds = kinds or furniture.TOP_THINGS
    things = scattered(rng, kinds, count, (-x, -y, x, y), height_m, bounds_above(piece, height_m))
    return assembled([piece, things])


def under_desk(rng: np.random.Generator, width_m: float, depth_m: float, sides: tuple[int, ...]) -> Piece:
    """What stands on the floor at the sides under a desk (its own frame), away from the sitter's legs."""
    pieces = []
    for side in sides:
        piece = furniture.thing(furniture.drawn_kind(furniture.UNDER_DESK, rng), rng)
        _, _, half_x, half_y = piece.obstacles[0].footprint.bounds
        turn = 0.0 if half_x <= half_y else math.pi / 2
        short, long = min(half_x, half_y), max(half_x, half_y)
        x = width_m / 2 - 0.08 - short
        if x - short > 0.34 and 2 * long < depth_m - 0.12:
            pieces.append(piece.placed(side * x, 0.08 - depth_m / 2 + long, turn))
    return assembled(pieces)


def strew(rng: np.random.Generator, plan: FloorPlan, zone: Zone, count: int) -> None:
    """Bins, boxes, bags and odd things on the floor, near furniture rather than in an aisle."""
    for _ in range(count):
        piece = _floor_thing(rng)
        bounds = piece.obstacles[0].footprint.bounds
        half = max(bounds[2], bounds[3])
        for _ in range(6):
            x, y = _beside_something(rng, plan, zone, half)
            heading = 0.5 * math.pi * float(rng.integers(4)) + float(rng.normal(0, 0.2))
            half_x, half_y = _turned_half(bounds, heading)
            around = box(x - half_x, y - half_y, x + half_x, y + half_y)
            # Cheap questions first: most places are not free.
            if plan.is_free(around) and plan.is_beside_something(around):
                plan.try_add(piece.placed(x, y, heading), 0.01)
                break


def _floor_thing(rng: np.random.Generator) -> Piece:
    draw = rng.random()
    if draw < 0.15:
        return furniture.waste_bin(rng)
    if draw < 0.2:
        return assembled([furniture.distractor(rng)])
    return furniture.thing(furniture.drawn_kind(furniture.FLOOR_THINGS, rng), rng)


def _beside_something(rng: np.random.Generator, plan: FloorPlan, zone: Zone, half_m: float) -> tuple[float, float]:
    """A place in a zone: half of the time beside a wall or something that stands there, else anywhere."""
    x, y = float(rng.uniform(zone.x0, zone.x1)), float(rng.uniform(zone.y0, zone.y1))
    draw = rng.random()
    if draw < 0.3:
        off = half_m + 0.04
        return [(zone.x0 + off, y), (zone.x1 - off, y), (x, zone.y0 + off), (x, zone.y1 - off)][int(rng.integers(4))]
    if draw < 0.7 and plan.obstacles:
        x0, y0, x1, y1 = plan.obstacles[int(rng.integers(len(plan.obstacles)))].footprint.bounds
        off = half_m + 0.05
        spot = [(x0 - off, y), (x1 + off, y), (x, y0 - off), (x, y1 + off)][int(rng.integers(4))]
        x, y = float(np.clip(spot[0], x0 - off, x1 + off)), float(np.clip(spot[1], y0 - off, y1 + off))
    return x, y
