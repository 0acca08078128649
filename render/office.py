"""The embedded office: a furnished room that is different for every OfficeSpec, as plain meshes and lamps.

World: metres, floor at z = 0. The camera hangs above the world's origin, which lies at (origin_x_m, origin_y_m) of the
room, counted from its corner with the smallest x and y. sample_office draws a spec, build_office makes the place:
the same spec always makes the same room.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from shapely import affinity
from shapely import box as rectangle
from shapely.ops import unary_union

from render import furniture
from render.floor_plan import FloorPlan, Routes
from render.furniture import Piece, assembled, moved_obstacles
from render.office_furnishing import furnish
from render.office_lamps import lamp_bodies, office_lamps, shifted
from render.office_sampling import sample_office
from render.office_spec import OfficeSpec, RoomKind
from render.office_walls import hang
from render.office_workplaces import Workshop, as_one
from render.office_zones import DOOR_M, Division, Door, divide, heading_into_room, on_side
from render.place import Place, Seat, Spot, digest
from render.randomise import randomised
from render.room import heading_of_door, inner_walls, room_parts
from render.solids import moved

__all__ = ["OfficeSpec", "RoomKind", "build_office", "sample_office"]

_LANDING_M = 1.0
"""Depth of the floor behind a door where nothing stands."""
_FAR_PLACES = 3
_MOST_WALKWAYS = 12
_COLUMN_PITCH_M = 5.4


def build_office(spec: OfficeSpec) -> Place:
    """The office of a spec: furnished, with seats, spots and walkways, lamps below the ceiling and daylight."""
    rng = np.random.default_rng(spec.seed)
    division = divide(spec)
    plan = _furnished(spec, division, rng)
    spots, walkways, seats = _ways(plan, division, rng)
    lamps = office_lamps(spec, division)
    fittings = _fittings(spec, division, rng)
    shell = Piece([*room_parts(spec, division, rng), *lamp_bodies(lamps, spec.ceiling_m)])
    origin = (-spec.origin_x_m, -spec.origin_y_m)
    whole = as_one(assembled([shell, *fittings, *plan.pieces]))
    walls = unary_union([one.footprint for one in plan.obstacles if one.kind == "wall"])
    floor = plan.room.buffer(-0.05).difference(walls.buffer(0.02))
    place = Place(
        key=digest(spec.model_dump_json()),
        parts=[moved(mesh, *origin) for mesh in whole.meshes],
        lamps=[shifted(lamp, *origin) for lamp in lamps],
        floor=affinity.translate(floor, *origin),
        obstacles=moved_obstacles(whole.obstacles, *origin),
        seats=[replace(seat, x_m=seat.x_m + origin[0], y_m=seat.y_m + origin[1]) for seat in seats],
        ambient=(0.06, 0.06, 0.065),
        bounds=affinity.translate(plan.room, *origin),
        spots=[replace(spot, x_m=spot.x_m + origin[0], y_m=spot.y_m + origin[1]) for spot in spots],
        walkways=[[(x + origin[0], y + origin[1]) for x, y in line] for line in walkways],
    )
    return place if spec.randomised is None else randomised(place, spec.ceiling_m, spec.randomised)


def _furnished(spec: OfficeSpec, division: Division, rng: np.random.Generator) -> FloorPlan:
    """Walls, columns and landings first, then what each zone is for, then what hangs on the walls."""
    plan = FloorPlan(spec, division)
    walls = inner_walls(spec, division)
    if walls.meshes:
        plan.add(walls)
    for x, y in _doorways(spec, division):
        plan.keep_free(rectangle(x - DOOR_M / 2, y - DOOR_M / 2, x + DOOR_M / 2, y + DOOR_M / 2))
    _columns(spec, plan, rng)
    workshop = Workshop(spec, rng)
    for zone in division.zones:
        furnish(workshop, plan, zone)
    hang(spec, division, plan, rng)
    return plan


def _doorways(spec: OfficeSpec, division: Division) -> list[tuple[float, float]]:
    """Middles of the landings: inside each outer door, and on both sides of each doorway."""
    places = [on_side(spec, door.side, door.at_m, _LANDING_M / 2) for door in division.doors]
    for wall in division.walls:
        for start, end in wall.doorways:
            at = (start + end) / 2
            if wall.along_x:
                places += [(wall.x0 + at, wall.y0 + s * _LANDING_M / 2) for s in (-1, 1)]
            else:
                places += [(wall.x0 + s * _LANDING_M / 2, wall.y0 + at) for s in (-1, 1)]
    return places


def _columns(spec: OfficeSpec, plan: FloorPlan, rng: np.random.Generator) -> None:
    """Columns on a grid, in large rooms only."""
    if spec.room not in ("open_plan", "mixed") or spec.width_m * spec.depth_m < 90 or rng.random() < 0.55:
        return
    side = float(rng.uniform(0.3, 0.5))
    column = furniture.column(side, spec.ceiling_m)
    for n in range(1, int(spec.width_m / _COLUMN_PITCH_M) + 1):
        for m in range(1, int(spec.depth_m / _COLUMN_PITCH_M) + 1):
            x = n * spec.width_m / (int(spec.width_m / _COLUMN_PITCH_M) + 1)
            y = m * spec.depth_m / (int(spec.depth_m / _COLUMN_PITCH_M) + 1)
            plan.try_add(column.placed(x, y), 0.01)


def _fittings(spec: OfficeSpec, division: Division, rng: np.random.Generator) -> list[Piece]:
    """What hangs on walls and ceiling: exit signs over the doors, a clock, ducts under a bare ceiling."""
    pieces = []
    for door in division.doors:
        if rng.random() < 0.6:
            x, y = on_side(spec, door.side, door.at_m, 0.0)
            pieces.append(furniture.exit_sign().placed(x, y, heading_into_room(door.side)))
    if division.doors and rng.random() < 0.4:
        first = division.doors[0]
        x, y = on_side(spec, first.side, first.at_m + 0.9, 0.0)
        pieces.append(furniture.wall_clock().placed(x, y, heading_into_room(first.side)))
    return [Piece(piece.meshes) for piece in pieces]


def _ways(
    plan: FloorPlan, division: Division, rng: np.random.Generator
) -> tuple[list[Spot], list[list[tuple[float, float]]], list[Seat]]:
    """Where people stand, walk and sit, as far as a door leads there."""
    spec = plan.spec
    entries = [on_side(spec, door.side, door.at_m, 0.7) for door in division.doors]
    plan.spots += [_door_spot(spec, door) for door in division.doors]
    start = entries[0] if entries else division.zones[0].center
    routes, between_chairs = Routes(plan, start), Routes(plan, start, ("chair",))
    spots = [spot for spot in plan.clear_spots() if routes.reaches(spot.x_m, spot.y_m, 0.5)]
    seats = [seat for seat in plan.seats if between_chairs.reaches(seat.x_m, seat.y_m)]
    goals = [*entries[1:], *((spot.x_m, spot.y_m) for spot in spots if spot.kind != "door")]
    if len(goals) > _MOST_WALKWAYS - _FAR_PLACES:
        goals = [goals[int(n)] for n in rng.permutation(len(goals))[: _MOST_WALKWAYS - _FAR_PLACES]]
    return spots, routes.walkways([*goals, *routes.far_places(_FAR_PLACES, rng)]), seats


def _door_spot(spec: OfficeSpec, door: Door) -> Spot:
    x, y = on_side(spec, door.side, door.at_m, 0.6)
    return Spot(x, y, heading_of_door(door.side) % (2 * math.pi), "door")
