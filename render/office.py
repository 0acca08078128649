"""The embedded office: an open-plan room that is different for every OfficeSpec, as plain meshes and lamps.

World: metres, floor at z = 0. The camera hangs above the world's origin, which lies at (origin_x_m, origin_y_m) of the
room, counted from its corner with the smallest x and y. sample_office draws a spec, build_office makes the place:
the same spec always makes the same room.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from shapely import affinity
from shapely.geometry import Polygon
from shapely.geometry import box as rectangle
from shapely.ops import unary_union

from assets.mesh import Material
from render import furniture
from render.furniture import Piece, assembled
from render.place import Lamp, Place, Rgb, Seat, digest
from render.room import room_lamps, room_parts

DESK_M = 0.735
_DESK_DEPTH_M = 0.8
_SEAT_M = 0.46
_ISLAND_DEPTH_M = 2 * _DESK_DEPTH_M
_CHAIR_ZONE_M = 0.95
"""How far behind a desk's front edge its chair needs room."""

DESK_TOPS: tuple[Rgb, ...] = (
    (0.52, 0.42, 0.27),
    (0.38, 0.22, 0.11),
    (0.7, 0.7, 0.68),
    (0.45, 0.2, 0.1),
    (0.25, 0.16, 0.1),
)
CHAIR_CLOTHS: tuple[Rgb, ...] = (
    (0.025, 0.025, 0.03),
    (0.03, 0.07, 0.2),
    (0.25, 0.25, 0.27),
    (0.3, 0.04, 0.04),
    (0.04, 0.17, 0.14),
)
WALLS: tuple[Rgb, ...] = ((0.76, 0.75, 0.71), (0.72, 0.73, 0.74), (0.66, 0.6, 0.5), (0.55, 0.64, 0.66))
FLOORS: dict[str, tuple[tuple[Rgb, Rgb], ...]] = {
    "carpet": (
        ((0.1, 0.11, 0.13), (0.15, 0.16, 0.18)), ((0.2, 0.18, 0.15), (0.27, 0.25, 0.21)), ((0.06, 0.1, 0.15), (0.1, 0.14, 0.2)),
    ),
    "wood": (((0.36, 0.22, 0.11), (0.26, 0.15, 0.07)), ((0.48, 0.36, 0.22), (0.38, 0.27, 0.15))),
    "tiles": (((0.46, 0.45, 0.42), (0.33, 0.32, 0.3)), ((0.36, 0.37, 0.38), (0.25, 0.26, 0.27))),
}  # fmt: skip


class OfficeSpec(BaseModel):
    """All that tells one office from another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["office"] = "office"
    width_m: float = Field(ge=5, le=30)
    """Length of the room along X."""
    depth_m: float = Field(ge=4, le=30)
    """Length of the room along Y."""
    ceiling_m: float = Field(ge=2.4, le=6)
    origin_x_m: float
    """Where the camera hangs, from the room's corner."""
    origin_y_m: float
    layout: Literal["islands", "rows", "walls"]
    """islands: desks face to face; rows: all face one way; walls: along the walls and round a table."""
    turned: bool
    """Rows and islands run along Y instead of X."""
    floor: Literal["carpet", "wood", "tiles"]
    floor_color: Rgb
    floor_second_color: Rgb
    wall_color: Rgb
    desk_color: Rgb
    chair: Literal["task", "visitor"]
    chair_color: Rgb
    window_side: Literal["x-", "x+", "y-", "y+"]
    pendants: bool
    """Some lamps hang below the ceiling, in sight of the camera."""
    seed: int
    """Draws everything small: clutter, screens, how chairs stand."""


def sample_office(rng: np.random.Generator) -> OfficeSpec:
    """Draw an office: 8-14 m by 6-10 m, 2.6-3.5 m high."""
    width, depth = rng.uniform(8.0, 14.0), rng.uniform(6.0, 10.0)
    floor = str(rng.choice(["carpet", "wood", "tiles"]))
    pair = FLOORS[floor][int(rng.integers(len(FLOORS[floor])))]
    return OfficeSpec(
        width_m=_cm(width),
        depth_m=_cm(depth),
        ceiling_m=_cm(rng.uniform(2.6, 3.5)),
        origin_x_m=_cm(width * rng.uniform(0.3, 0.7)),
        origin_y_m=_cm(depth * rng.uniform(0.3, 0.7)),
        layout=str(rng.choice(["islands", "islands", "rows", "walls"])),  # type: ignore[arg-type]
        turned=bool(rng.random() < 0.5),
        floor=floor,  # type: ignore[arg-type]
        floor_color=_varied(pair[0], rng),
        floor_second_color=_varied(pair[1], rng),
        wall_color=_varied(WALLS[int(rng.integers(len(WALLS)))], rng),
        desk_color=_varied(DESK_TOPS[int(rng.integers(len(DESK_TOPS)))], rng),
        chair=str(rng.choice(["task", "task", "visitor"])),  # type: ignore[arg-type]
        chair_color=_varied(CHAIR_CLOTHS[int(rng.integers(len(CHAIR_CLOTHS)))], rng),
        window_side=str(rng.choice(["x-", "x+", "y-", "y+"])),  # type: ignore[arg-type]
        pendants=bool(rng.random() < 0.35),
        seed=int(rng.integers(2**31)),
    )


def build_office(spec: OfficeSpec) -> Place:
    """The office of a spec: furnished, with seats, lamps just below the ceiling and daylight from one side."""
    rng = np.random.default_rng(spec.seed)
    room = rectangle(0, 0, spec.width_m, spec.depth_m)
    stations = [_workplace(spec, rng, *place) for place in _desk_places(spec, rng)]
    pieces = [piece for piece, _ in stations]
    seats = [seat for _, seat in stations]
    if spec.layout == "walls":
        table, around = _meeting_table(spec, rng)
        pieces, seats = [*pieces, *table], [*seats, *around]
    pieces += _perimeter(spec, rng, room, pieces)
    furnished = assembled(pieces)
    origin = (-spec.origin_x_m, -spec.origin_y_m)
    whole = Piece([*room_parts(spec, rng), *furnished.meshes], furnished.obstacles).placed(*origin)
    return Place(
        key=digest(spec.model_dump_json()),
        parts=whole.meshes,
        lamps=[_shifted_lamp(lamp, origin) for lamp in room_lamps(spec)],
        floor=affinity.translate(room.buffer(-0.05), *origin),
        obstacles=whole.obstacles,
        seats=[Seat(seat.x_m + origin[0], seat.y_m + origin[1], seat.height_m, seat.heading_rad) for seat in seats],
        ambient=(0.06, 0.06, 0.065),
        bounds=affinity.translate(room, *origin),
    )


def _desk_places(spec: OfficeSpec, rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
    """x, y, heading and width of every desk, in room coordinates."""
    desk_width = float(rng.choice([1.2, 1.4, 1.6]))
    if spec.layout == "walls":
        return _along_walls(spec, desk_width)
    length, across = (spec.depth_m, spec.width_m) if spec.turned else (spec.width_m, spec.depth_m)
    places = _in_lines(spec.layout, length, across, desk_width, rng)
    if not spec.turned:
        return places
    return [(spec.width_m - y, x, heading + math.pi / 2, width) for x, y, heading, width in places]


def _in_lines(
    layout: str, length_m: float, across_m: float, desk_m: float, rng: np.random.Generator
) -> list[tuple[float, float, float, float]]:
    """Lines of desks along x with aisles across: islands face to face, or rows that all look along -y."""
    needed = (_ISLAND_DEPTH_M + 2 * _CHAIR_ZONE_M) if layout == "islands" else (_DESK_DEPTH_M + _CHAIR_ZONE_M + 0.35)
    lines = max(1, int((across_m - 0.5) // needed))
    pitch = (across_m - 0.3) / lines
    groups = max(1, int((length_m - 1.0) // (3 * desk_m + 1.2)))
    group_pitch = (length_m - 0.4) / groups
    places = []
    for line in range(lines):
        y = 0.15 + (line + 0.5) * pitch
        for group in range(groups):
            most = max(1, int((group_pitch - 1.1) // desk_m))
            count = most - int(rng.random() < 0.3 and most > 1)
            middle = 0.2 + (group + 0.5) * group_pitch
            for number in range(count):
                x = middle + (number - (count - 1) / 2) * desk_m
                places += _pair(x, y, desk_m) if layout == "islands" else [(x, y - _CHAIR_ZONE_M / 2, 0.0, desk_m)]
    return places


def _pair(x_m: float, y_m: float, desk_m: float) -> list[tuple[float, float, float, float]]:
    return [(x_m, y_m + _DESK_DEPTH_M / 2, 0.0, desk_m), (x_m, y_m - _DESK_DEPTH_M / 2, math.pi, desk_m)]


def _along_walls(spec: OfficeSpec, desk_m: float) -> list[tuple[float, float, float, float]]:
    """Desks that face the two long walls, and one short wall."""
    places = []
    along = int((spec.width_m - 2.4) // (desk_m + 0.1))
    for number in range(along):
        x = spec.width_m / 2 + (number - (along - 1) / 2) * (desk_m + 0.1)
        places += [(x, 0.5, 0.0, desk_m), (x, spec.depth_m - 0.5, math.pi, desk_m)]
    side = int((spec.depth_m - 4.2) // (desk_m + 0.1))
    for number in range(side):
        y = spec.depth_m / 2 + (number - (side - 1) / 2) * (desk_m + 0.1)
        places.append((0.5, y, -math.pi / 2, desk_m))
    return places


def _workplace(
    spec: OfficeSpec, rng: np.random.Generator, x_m: float, y_m: float, heading: float, width_m: float
) -> tuple[Piece, Seat]:
    """A desk with what is on, under and before it, and the seat of its chair."""
    top = Material(
        "desk top", spec.desk_color, roughness=0.45, pattern="wood", second_color=_darker(spec.desk_color), scale_m=0.12
    )
    panel = bool(rng.random() < 0.3)
    pieces = [furniture.desk(width_m, _DESK_DEPTH_M, DESK_M, top, furniture.STEEL, panel)]
    if width_m > 1.3 and rng.random() < 0.5:
        pieces.append(furniture.drawers(furniture.WHITE).placed(width_m / 2 - 0.24, -0.05))
    pieces += _equipment(rng, width_m)
    pieces.append(furniture.desk_clutter(rng, width_m, _DESK_DEPTH_M, DESK_M, int(rng.integers(1, 7))))
    chair_x, chair_y = rng.normal(0, 0.06), _DESK_DEPTH_M / 2 + rng.uniform(0.28, 0.52)
    turn = float(np.clip(rng.normal(0, 0.2), -0.5, 0.5))
    pieces.append(_chair(spec).placed(chair_x, chair_y, turn))
    c, s = math.cos(heading), math.sin(heading)
    seat = Seat(x_m + c * chair_x - s * chair_y, y_m + s * chair_x + c * chair_y, _SEAT_M, heading + turn)
    return assembled(pieces).placed(x_m, y_m, heading), seat


def _equipment(rng: np.random.Generator, width_m: float) -> list[Piece]:
    """One or two screens with a keyboard, or a laptop, or both."""
    choice = rng.random()
    pieces = []
    if choice < 0.2:
        return [furniture.laptop(rng, DESK_M).placed(rng.normal(0, 0.08), -0.02, rng.normal(0, 0.1))]
    if choice < 0.65 or width_m < 1.3:
        size = rng.uniform(0.5, 0.62)
        pieces.append(furniture.screen(rng, size, DESK_M).placed(rng.normal(0, 0.06), -0.22, rng.normal(0, 0.08)))
    else:
        for side in (-1, 1):
            turned = furniture.screen(rng, 0.52, DESK_M).placed(side * 0.29, -0.2, side * 0.2)
            pieces.append(turned)
    pieces.append(furniture.keyboard_and_mouse(rng, DESK_M).placed(rng.normal(0, 0.04), 0.13, rng.normal(0, 0.06)))
    return pieces


def _chair(spec: OfficeSpec) -> Piece:
    cloth = Material(
        "chair cloth", spec.chair_color, roughness=0.9, pattern="noise", second_color=_darker(spec.chair_color)
    )
    if spec.chair == "task":
        return furniture.task_chair(cloth, _SEAT_M, arms=False)
    return furniture.four_leg_chair(cloth, _SEAT_M, furniture.STEEL)


def _meeting_table(spec: OfficeSpec, rng: np.random.Generator) -> tuple[list[Piece], list[Seat]]:
    """A long table in the room's middle with chairs on both sides."""
    places = max(1, int((min(spec.width_m, 9.0) - 4.6) // 0.8))
    top = Material(
        "table top", _darker(spec.desk_color), roughness=0.4, pattern="wood", second_color=spec.desk_color, scale_m=0.15
    )
    length, depth = places * 0.8 + 0.2, 1.1
    table = [furniture.desk(length, depth, DESK_M, top, furniture.STEEL, False)]
    table.append(furniture.desk_clutter(rng, length, depth, DESK_M, int(rng.integers(2, 8))))
    seats = []
    for number in range(places):
        for side in (-1, 1):
            x, y = (number - (places - 1) / 2) * 0.8, side * (depth / 2 + rng.uniform(0.2, 0.4))
            heading = (0.0 if side > 0 else math.pi) + rng.normal(0, 0.15)
            table.append(_chair(spec).placed(x, y, heading))
            seats.append(Seat(spec.width_m / 2 + x, spec.depth_m / 2 + y, _SEAT_M, heading))
    return [assembled(table).placed(spec.width_m / 2, spec.depth_m / 2)], seats


def _perimeter(spec: OfficeSpec, rng: np.random.Generator, room: Polygon, before: list[Piece]) -> list[Piece]:
    """Shelves, cabinets, plants, bins and boxes along the walls wherever nothing stands yet."""
    taken = unary_union([one.footprint.buffer(0.25) for piece in before for one in piece.obstacles])
    wood = Material(
        "shelf board",
        _varied(spec.desk_color, rng),
        roughness=0.6,
        pattern="wood",
        second_color=_darker(spec.desk_color),
    )
    stood: list[Piece] = []
    wanted = (
        ["shelf"] * int(rng.integers(1, 4))
        + ["cabinet"] * int(rng.integers(1, 4))
        + ["plant"] * int(rng.integers(1, 5))
    )
    wanted += ["bin"] * int(rng.integers(2, 6)) + ["box"] * int(rng.integers(0, 5))
    for kind in wanted:
        for _ in range(12):
            piece = _by_wall(spec, rng, _perimeter_piece(kind, rng, wood), into_room=kind in ("bin", "box"))
            space = unary_union([one.footprint for one in piece.obstacles])
            if room.contains(space) and not taken.intersects(space):
                taken = taken.union(space.buffer(0.1))
                stood.append(piece)
                break
    return stood


def _perimeter_piece(kind: str, rng: np.random.Generator, wood: Material) -> Piece:
    if kind == "shelf":
        return furniture.shelf(rng, float(rng.choice([0.8, 1.0, 1.2])), float(rng.choice([1.2, 1.6, 2.0])), wood)
    if kind == "cabinet":
        return furniture.cabinet(rng, float(rng.choice([0.8, 1.2])), float(rng.choice([0.75, 1.1])), furniture.WHITE)
    if kind == "plant":
        return furniture.plant(rng, rng.uniform(0.8, 1.6))
    return furniture.waste_bin(rng) if kind == "bin" else furniture.floor_box(rng)


def _by_wall(spec: OfficeSpec, rng: np.random.Generator, piece: Piece, into_room: bool) -> Piece:
    """The piece with its back (-Y) to a random place of a random wall, or further into the room."""
    depth = -min(one.footprint.bounds[1] for one in piece.obstacles) + 0.03
    depth += rng.uniform(0, 2.5) if into_room else 0.0
    wall, share = int(rng.integers(4)), rng.random()
    if wall == 0:
        return piece.placed(share * spec.width_m, depth, 0.0)
    if wall == 1:
        return piece.placed(spec.width_m - depth, share * spec.depth_m, math.pi / 2)
    if wall == 2:
        return piece.placed(share * spec.width_m, spec.depth_m - depth, math.pi)
    return piece.placed(depth, share * spec.depth_m, -math.pi / 2)


def _shifted_lamp(lamp: Lamp, origin: tuple[float, float]) -> Lamp:
    x, y, z = lamp.center_m
    return Lamp((x + origin[0], y + origin[1], z), lamp.size_m, lamp.direction, lamp.up, lamp.power_w, lamp.kind)


def _cm(value: float) -> float:
    return round(float(value), 2)


def _darker(color: Rgb) -> Rgb:
    return (color[0] * 0.7, color[1] * 0.68, color[2] * 0.66)


def _varied(color: Rgb, rng: np.random.Generator) -> Rgb:
    """The colour a little lighter or darker and a little off its hue."""
    factor = rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, 3)
    red, green, blue = (
        float(np.round(min(0.9, channel * step), 4)) for channel, step in zip(color, factor, strict=True)
    )
    return (red, green, blue)
