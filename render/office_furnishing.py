"""What stands in each zone of the embedded office besides desks: kitchens, sofas, meeting tables, and along the walls.

Room coordinates. Pieces that belong to a wall have their back at -Y of their own frame, so a heading from
heading_into_room puts them against it; sofas and chairs have theirs at +Y.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from shapely import affinity
from shapely import box as rectangle
from shapely.geometry import Polygon

from assets.mesh import Material
from render import furniture
from render.floor_plan import FloorPlan
from render.furniture import Piece
from render.office_clutter import amount, strew, topped
from render.office_finishes import SOFA_CLOTHS, cloth_material, darker, drawn, top_material, varied
from render.office_layouts import DeskLayout, TablePlace, cell_layout, lay_out
from render.office_spec import SIDES, Side
from render.office_workplaces import Workshop
from render.office_zones import Zone, heading_into_room
from render.place import Seat, Spot, SpotKind

SOFA_SEAT_M = 0.42
_SOFA_PLACE_M = 0.62
"""Width of a sofa that one sitter takes."""
_PASS_M = 0.75
"""Room to pass between what stands along the walls and everything else."""
_MOST_STREWN = 60
_STAND_OFF_M = 0.4
"""How far before a counter, board or printer somebody stands."""


def furnish(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    """Put into a zone what it is for."""
    {
        "desks": _desks,
        "cell": _cell,
        "meeting": _meeting,
        "lounge": _lounge,
        "kitchen": _kitchen,
        "corridor": _corridor,
    }[zone.kind](workshop, plan, zone)


def _desks(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    _set_out(workshop, plan, lay_out(workshop.spec, zone, workshop.rng))
    rng = workshop.rng
    more = amount(0.7, workshop.spec.clutter, rng)
    kinds = ["shelf"] * int(rng.integers(1, 4 + more)) + ["cabinet"] * int(rng.integers(1, 4 + more))
    kinds += ["plant"] * int(rng.integers(1, 5)) + ["printer"] * int(rng.random() < 0.6)
    kinds += ["coats"] * int(rng.random() < 0.5) + ["lockers"] * int(rng.random() < 0.3)
    kinds += ["board"] * int(rng.integers(0, 2)) + ["water"] * int(rng.random() < 0.25)
    _along_walls(workshop, plan, zone, kinds)
    _strewn(workshop, plan, zone, 0.15)


def _cell(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    _set_out(workshop, plan, cell_layout(workshop.spec, zone, workshop.rng))
    rng = workshop.rng
    kinds = [str(kind) for kind in rng.choice(["shelf", "cabinet", "plant", "coats", "board"], int(rng.integers(1, 4)))]
    _along_walls(workshop, plan, zone, kinds)
    _strewn(workshop, plan, zone, 0.1)


def _meeting(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    """A table for as many as there is room for, something to look at, and little else."""
    rng = workshop.rng
    for shrunk in (0.0, 0.3, 0.6, 1.0):
        if workshop.set_table(plan, _meeting_table(zone, shrunk, rng)):
            break
    kinds = ["wall board"] * int(rng.integers(1, 3)) + ["cabinet"] * int(rng.integers(0, 2))
    _along_walls(workshop, plan, zone, [*kinds, *["plant"] * int(rng.integers(0, 3))])
    _strewn(workshop, plan, zone, 0.07)


def _meeting_table(zone: Zone, shrunk_m: float, rng: np.random.Generator) -> TablePlace:
    """A table for a meeting room, shorter by shrunk_m than what the room would take."""
    long, short = max(zone.width_m, zone.depth_m), min(zone.width_m, zone.depth_m)
    heading = 0.0 if zone.width_m >= zone.depth_m else math.pi / 2
    length, depth = min(long - 2.3, 4.8) - shrunk_m, min(short - 2.5, 1.5) - shrunk_m / 2
    if length < 1.3 or (long - short < 1.2 and rng.random() < 0.4):
        side = float(np.clip(short - 2.4 - shrunk_m, 0.8, 1.6))
        return TablePlace(*zone.center, heading, side, side, 2 if side < 1.2 else 3, "round")
    shape = "oval" if rng.random() < 0.35 else "rect"
    length = float(rng.uniform(0.8, 1.0)) * length
    return TablePlace(*zone.center, heading, length, max(0.8, depth), max(1, int(length // 0.72)), shape)


def _lounge(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    """Sofas and armchairs round a low table, one group for every few metres."""
    _sofa_groups(workshop, plan, zone)
    rng = workshop.rng
    _along_walls(workshop, plan, zone, ["plant"] * int(rng.integers(1, 4)) + ["shelf"] * int(rng.integers(0, 2)))
    _strewn(workshop, plan, zone, 0.1)


def _kitchen(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    """A counter along a wall, a fridge beside it, tables, and sofas where there is room."""
    rng = workshop.rng
    tries = [side for _ in range(4) for side in _sides_of(plan, zone, rng)]
    any(_counter(workshop, plan, zone, side) for side in tries)
    larger = min(zone.width_m, zone.depth_m) > 4.5 and max(zone.width_m, zone.depth_m) > 6.0
    if larger and rng.random() < 0.6:
        _sofa_group(workshop, plan, zone)
    for _ in range(int(zone.width_m * zone.depth_m / 5)):
        _kitchen_table(workshop, plan, zone)
    _along_walls(workshop, plan, zone, ["plant", "board", "bin", "water"][: int(rng.integers(1, 5))])
    _strewn(workshop, plan, zone, 0.08)


def _corridor(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    """Flat things along its walls, and room to walk."""
    rng = workshop.rng
    if min(zone.width_m, zone.depth_m) < 1.75:
        return
    kinds = ["lockers", "plant", "printer", "water", "coats", "bench", "board", "bin"]
    _along_walls(workshop, plan, zone, [str(kind) for kind in rng.permutation(kinds)][: int(rng.integers(1, 6))])
    _strewn(workshop, plan, zone, 0.05)


def _set_out(workshop: Workshop, plan: FloorPlan, layout: DeskLayout) -> None:
    for place in layout.desks:
        workshop.set_out(plan, place)
    for table in layout.tables:
        workshop.set_table(plan, table, spots=False)
    for screen in layout.partitions:
        near = rectangle(-screen.length_m / 2, -0.1, screen.length_m / 2, 0.1)
        turned = affinity.rotate(near, screen.heading, (0, 0), use_radians=True)
        there = affinity.translate(turned, screen.x, screen.y)
        if plan.has_kind("desk", there) and not plan.has_kind("column", there):
            workshop.stand_partition(plan, screen)


def _counter(workshop: Workshop, plan: FloorPlan, zone: Zone, side: Side) -> bool:
    """A kitchen counter with a fridge at its end, and where people stand before it."""
    rng = workshop.rng
    low, high = _stretch(zone, side)
    length = min(high - low - 0.9, float(rng.uniform(1.8, 4.2)))
    if length < 1.5:
        return False
    things = amount(3.0 * length, workshop.spec.clutter, rng)
    counter = furniture.kitchen_counter(rng, length)
    counter = topped(rng, counter, (length / 2, 0.3), 0.92, things, furniture.KITCHEN_THINGS)
    at = float(rng.uniform(low + length / 2 + 0.02, high - length / 2 - 0.72))
    if not plan.try_add(_at_wall(counter, zone, side, at)):
        return False
    end = at + length / 2 + 0.36
    plan.try_add(_at_wall(furniture.fridge(rng), zone, side, end))
    front = _depth(counter)
    for n in range(max(1, int(length / 0.75))):
        along = at + (n + 0.5) * 0.75 - int(length / 0.75) * 0.375
        _note_spot(plan, zone, side, along, front + _STAND_OFF_M, "counter")
    x0, y0, x1, y1 = _before(zone, side, at - length / 2, at + length / 2, front + 0.9)
    plan.keep_free(rectangle(x0, y0, x1, y1))
    return True


def _kitchen_table(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    rng = workshop.rng
    for _ in range(6):
        x, y = float(rng.uniform(zone.x0 + 0.9, zone.x1 - 0.9)), float(rng.uniform(zone.y0 + 0.9, zone.y1 - 0.9))
        if rng.random() < 0.25:
            table = furniture.high_table(rng).placed(x, y)
            if plan.try_add(table, 0.5):
                plan.spots += [
                    Spot(x + 0.75 * math.sin(a), y + 0.75 * math.cos(a), -a, "table") for a in (0.3, 2.4, 4.5)
                ]
                return
            continue
        if rng.random() < 0.5:
            place = TablePlace(x, y, 0.0, 0.8, 0.8, int(rng.integers(1, 3)), "round")
        else:
            turn = float(rng.choice([0.0, math.pi / 2]))
            place = TablePlace(x, y, turn, float(rng.choice([0.8, 1.2, 1.6])), 0.8, int(rng.integers(1, 3)))
        spare = 0.5 * max(place.length_m, place.depth_m) + 0.75
        if not (zone.x0 + spare < x < zone.x1 - spare and zone.y0 + spare < y < zone.y1 - spare):
            continue
        near = rectangle(x - spare, y - spare, x + spare, y + spare)
        if plan.is_free(near) and workshop.set_table(plan, place, spots=False):
            return


def _sofa_groups(workshop: Workshop, plan: FloorPlan, zone: Zone) -> None:
    for _ in range(max(1, int(zone.width_m * zone.depth_m / 12))):
        _sofa_group(workshop, plan, zone)


def _sofa_group(workshop: Workshop, plan: FloorPlan, zone: Zone) -> bool:
    """A sofa with its back to a wall (or free), a low table before it, and seats opposite."""
    rng = workshop.rng
    width = float(rng.choice([1.4, 1.8, 2.1]))
    cloth = workshop.sofa_cloth if rng.random() < 0.7 else cloth_material("sofa 2", drawn(SOFA_CLOTHS, rng))
    sofa = furniture.sofa(rng, width, cloth)
    for side in [*_sides_of(plan, zone, rng), *_sides_of(plan, zone, rng)]:
        low, high = _stretch(zone, side)
        if high - low < width + 0.4:
            continue
        at = float(rng.uniform(low + width / 2 + 0.2, high - width / 2 - 0.2))
        back = _reach_back(sofa) + 0.04
        x, y = _point(zone, side, at, back)
        heading = heading_into_room(side) + math.pi
        if not plan.try_add(sofa.placed(x, y, heading)):
            continue
        count = max(1, int(width / _SOFA_PLACE_M) - (width < 1.8))
        for n in range(count):
            aside = (n - (count - 1) / 2) * _SOFA_PLACE_M
            plan.seats.append(Seat(*_point(zone, side, at + aside, back), SOFA_SEAT_M, heading))
        table = furniture.coffee_table(rng)
        plan.try_add(table.placed(*_point(zone, side, at, back + 1.0), heading))
        _opposite(workshop, plan, zone, side, at, back + 1.95)
        return True
    return False


def _opposite(workshop: Workshop, plan: FloorPlan, zone: Zone, side: Side, at: float, inside: float) -> None:
    """One or two armchairs that face a sofa."""
    rng = workshop.rng
    heading = heading_into_room(side)
    for aside in ((0.0,), (-0.5, 0.5))[int(rng.integers(2))]:
        chair = furniture.armchair(rng, workshop.sofa_cloth)
        turn = heading + float(rng.normal(0, 0.15))
        x, y = _point(zone, side, at + aside, inside)
        if plan.try_add(chair.placed(x, y, turn), 0.02, _area(zone)):
            plan.seats.append(Seat(x, y, SOFA_SEAT_M, turn))


def _along_walls(workshop: Workshop, plan: FloorPlan, zone: Zone, kinds: list[str]) -> None:
    """Pieces with their backs to the zone's walls, wherever there is room and people can still pass."""
    rng = workshop.rng
    for kind in kinds:
        piece = _wall_piece(kind, workshop)
        for side in _sides_of(plan, zone, rng):
            low, high = _stretch(zone, side)
            half = _half_width(piece)
            if high - low < 2 * half + 0.1 or (_is_tall(piece) and plan.is_window(zone, side)):
                continue
            at = float(rng.uniform(low + half + 0.03, high - half - 0.03))
            x0, y0, x1, y1 = _before(zone, side, at - half, at + half, _depth(piece) + _PASS_M)
            if plan.is_free(rectangle(x0, y0, x1, y1)) and plan.try_add(_at_wall(piece, zone, side, at)):
                if kind in _SPOTS:
                    _note_spot(plan, zone, side, at, _depth(piece) + _STAND_OFF_M, _SPOTS[kind])
                break


_SPOTS: dict[str, SpotKind] = {
    "printer": "printer",
    "board": "whiteboard",
    "wall board": "whiteboard",
    "water": "counter",
}


def _storage(workshop: Workshop, kind: str, look: Material) -> Piece:
    """A shelf, a cabinet, a bench or lockers, with what has been put on top."""
    rng = workshop.rng
    if kind == "lockers":
        width = float(rng.choice([0.9, 1.2, 1.8]))
        piece, half = furniture.lockers(rng, width), (width / 2, 0.22)
        height = piece.obstacles[0].top_m
    elif kind == "shelf":
        width, height = float(rng.choice([0.8, 1.0, 1.2])), float(rng.choice([1.2, 1.6, 2.0]))
        piece, half = furniture.shelf(rng, width, height, look), (width / 2, 0.17)
    else:
        width, height = float(rng.choice([0.8, 1.2])), 0.45 if kind == "bench" else float(rng.choice([0.75, 1.1]))
        piece, half = furniture.cabinet(rng, width, height, look), (width / 2, 0.21)
    return topped(rng, piece, half, height, amount(3.2 * width, workshop.spec.clutter, rng))


def _wall_piece(kind: str, workshop: Workshop) -> Piece:
    rng, color = workshop.rng, varied(workshop.spec.desk_color, workshop.rng)
    wood = top_material("shelf board", color if rng.random() < 0.6 else darker(color))
    front = (furniture.WHITE, furniture.STEEL, furniture.BLACK, wood)[int(rng.choice(4, p=[0.5, 0.15, 0.15, 0.2]))]
    makers: dict[str, Callable[[], Piece]] = {
        "shelf": lambda: _storage(workshop, "shelf", wood),
        "cabinet": lambda: _storage(workshop, "cabinet", front),
        "bench": lambda: _storage(workshop, "bench", wood),
        "lockers": lambda: _storage(workshop, "lockers", wood),
        "plant": lambda: furniture.plant(rng, float(rng.uniform(0.8, 1.6))),
        "printer": lambda: furniture.printer(rng),
        "coats": lambda: furniture.coat_rack(rng),
        "board": lambda: furniture.whiteboard_stand(rng),
        "wall board": lambda: furniture.wall_whiteboard(rng, float(rng.uniform(1.2, 2.0))),
        "water": lambda: furniture.water_cooler(rng),
        "bin": lambda: furniture.waste_bin(rng),
    }
    return workshop.repeated(kind, makers[kind])


def _strewn(workshop: Workshop, plan: FloorPlan, zone: Zone, per_m2: float) -> None:
    """Things on the floor of a zone, per_m2 in an office of clutter 1."""
    count = amount(per_m2 * zone.width_m * zone.depth_m, workshop.spec.clutter, workshop.rng)
    strew(workshop.rng, plan, zone, min(count, _MOST_STREWN))


def _sides_of(plan: FloorPlan, zone: Zone, rng: np.random.Generator) -> list[Side]:
    """The sides of a zone where there is a wall, in random order."""
    walls = [side for side in SIDES if plan.has_wall(zone, side)]
    return [walls[int(n)] for n in rng.permutation(len(walls))]


def _stretch(zone: Zone, side: Side) -> tuple[float, float]:
    return (zone.x0, zone.x1) if side[0] == "y" else (zone.y0, zone.y1)


def _point(zone: Zone, side: Side, at: float, inside: float) -> tuple[float, float]:
    if side[0] == "y":
        return at, zone.y0 + inside if side == "y-" else zone.y1 - inside
    return zone.x0 + inside if side == "x-" else zone.x1 - inside, at


def _before(zone: Zone, side: Side, start: float, end: float, deep: float) -> tuple[float, float, float, float]:
    """The rectangle before a stretch of a side."""
    (xa, ya), (xb, yb) = _point(zone, side, start, 0.02), _point(zone, side, end, deep)
    return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def _area(zone: Zone) -> Polygon:
    return rectangle(zone.x0, zone.y0, zone.x1, zone.y1)


def _at_wall(piece: Piece, zone: Zone, side: Side, at: float) -> Piece:
    """The piece with its back (-Y) to a side of a zone."""
    back = -min(one.footprint.bounds[1] for one in piece.obstacles) + 0.02
    return piece.placed(*_point(zone, side, at, back), heading_into_room(side))


def _depth(piece: Piece) -> float:
    bounds = [one.footprint.bounds for one in piece.obstacles]
    return max(b[3] for b in bounds) - min(b[1] for b in bounds) + 0.02


def _reach_back(piece: Piece) -> float:
    return max(one.footprint.bounds[3] for one in piece.obstacles)


def _is_tall(piece: Piece) -> bool:
    return max(one.top_m for one in piece.obstacles) > 1.2


def _half_width(piece: Piece) -> float:
    return max(max(abs(one.footprint.bounds[0]), abs(one.footprint.bounds[2])) for one in piece.obstacles)


def _note_spot(plan: FloorPlan, zone: Zone, side: Side, at: float, inside: float, kind: SpotKind) -> None:
    """Somebody who stands before a wall and faces it."""
    plan.spots.append(Spot(*_point(zone, side, at, inside), heading_into_room(side), kind))
