"""The shell of the embedded office: floor, walls with windows and doors, inner walls, ceiling.

Room coordinates: x from 0 to width_m, y from 0 to depth_m; the office moves them under the camera afterwards. Walls are
built in their own coordinates, x along the wall and +y into the room, then turned to their side.
"""

from __future__ import annotations

import math

import numpy as np
from shapely.geometry import box as rectangle

from assets.mesh import Material, Mesh
from render.furniture import STEEL, WHITE, Piece
from render.office_finishes import accent_material, ceiling_material, floor_material, wall_material
from render.office_lamps import LINTEL_M, SILL_M, sky_box
from render.office_spec import SIDES, OfficeSpec, Side
from render.office_zones import (
    DOOR_M,
    INNER_WALL_M,
    Division,
    InnerWall,
    along_m,
    heading_into_room,
    on_side,
    window_spans,
)
from render.place import Obstacle, Rgb
from render.solids import box, joined, moved, quad, sheet

_WALL_M = 0.12
_DOOR_TOP_M = 2.08
_SKIRTING = Material("skirting", (0.6, 0.6, 0.58), 0.5)
_FRAME = Material("window frame", (0.32, 0.33, 0.35), 0.4)
_FROST = Material("frosted film", (0.72, 0.75, 0.76), 0.6)
_DOOR_COLORS: tuple[Rgb, ...] = ((0.35, 0.25, 0.16), (0.7, 0.7, 0.68), (0.2, 0.12, 0.07), (0.3, 0.32, 0.34))


def room_parts(spec: OfficeSpec, division: Division, rng: np.random.Generator) -> list[Mesh]:
    """Floor, rugs, ceiling, four walls with windows and doors, and what lies outside."""
    parts = [_floor(spec), *_rugs(spec, division, rng), _ceiling(spec)]
    parts += [_wall(spec, division, side, rng) for side in SIDES]
    parts += [_onto_side(sky_box(spec, side), spec, side) for side in spec.window_sides]
    return parts


def inner_walls(spec: OfficeSpec, division: Division) -> Piece:
    """The walls between zones, as meshes and obstacles; glass is what one sees of it: frames and a frosted band."""
    meshes: list[Mesh] = []
    obstacles: list[Obstacle] = []
    for wall in division.walls:
        for start, end in wall.pieces():
            meshes += _inner_piece(spec, wall, start, end)
            obstacles.append(Obstacle(rectangle(*_extent(wall, start, end)), 0.0, spec.ceiling_m, "wall"))
        for start, end in wall.doorways:
            meshes.append(_inner_box(wall, start, end, _DOOR_TOP_M, spec.ceiling_m, wall_material(spec.wall_color)))
    return Piece([joined(meshes, "inner walls")] if meshes else [], obstacles)


def _floor(spec: OfficeSpec) -> Mesh:
    look = floor_material(spec.floor, spec.floor_color, spec.floor_second_color)
    return sheet(rectangle(0, 0, spec.width_m, spec.depth_m), 0.0, look, "floor")


def _rugs(spec: OfficeSpec, division: Division, rng: np.random.Generator) -> list[Mesh]:
    """Other floor for kitchens, a rug among sofas, a zone of another colour among desks: 2 mm above the floor."""
    rugs = []
    for zone in division.zones:
        if zone.kind == "kitchen" and spec.room == "mixed":
            look = floor_material("tiles", _rgb(rng.uniform(0.2, 0.6) * np.ones(3)), _rgb(np.full(3, 0.25)))
            rugs.append(sheet(rectangle(zone.x0, zone.y0, zone.x1, zone.y1), 0.002, look, "floor"))
        elif rng.random() < (0.7 if zone.kind == "lounge" else 0.25) and min(zone.width_m, zone.depth_m) > 2.5:
            width, depth = rng.uniform(0.35, 0.6) * zone.width_m, rng.uniform(0.35, 0.6) * zone.depth_m
            x, y = rng.uniform(zone.x0, zone.x1 - width), rng.uniform(zone.y0, zone.y1 - depth)
            hue = rng.uniform(0.03, 0.3) * rng.uniform(0.6, 1.3, 3)
            look = Material("rug", _rgb(hue), 0.95, pattern="carpet", second_color=_rgb(hue * 1.3), scale_m=0.03)
            rugs.append(sheet(rectangle(x, y, x + width, y + depth), 0.003, look, "floor"))
    return rugs


def _ceiling(spec: OfficeSpec) -> Mesh:
    """Faces down."""
    corners = np.array([[0, 0], [0, spec.depth_m], [spec.width_m, spec.depth_m], [spec.width_m, 0]], float)
    places = np.column_stack([corners, np.full(4, spec.ceiling_m)])
    return quad(places, ceiling_material(spec.ceiling), "ceiling")


def _wall(spec: OfficeSpec, division: Division, side: Side, rng: np.random.Generator) -> Mesh:
    """One wall as boxes outside the room, with its windows or its doors."""
    accented = side == spec.accent_side
    paint = accent_material(spec.accent, spec.accent_color) if accented else wall_material(spec.wall_color)
    if spec.accent == "none":
        paint = wall_material(spec.wall_color)
    length = along_m(spec, side)
    parts = [box((length / 2, 0.006, 0.04), (length, 0.012, 0.08), _SKIRTING, "wall")]
    spans = [_own_span(side, length, *span) for span in window_spans(spec, division, side)]
    if spans:
        parts += _window_front(spec, sorted(spans), length, paint)
    else:
        parts.append(_upright(-_WALL_M, length + _WALL_M, 0.0, spec.ceiling_m, paint))
    color = _DOOR_COLORS[int(rng.integers(len(_DOOR_COLORS)))]
    parts += [_door(_own_place(side, length, door.at_m), color) for door in division.doors if door.side == side]
    return _onto_side(joined(parts, f"wall {side}"), spec, side)


def _own_place(side: Side, length_m: float, at_m: float) -> float:
    """From a place along +x or +y to the wall's own x, which runs the other way on two sides."""
    return at_m if side in ("y-", "x+") else length_m - at_m


def _own_span(side: Side, length_m: float, start: float, end: float) -> tuple[float, float]:
    one, other = _own_place(side, length_m, start), _own_place(side, length_m, end)
    return min(one, other), max(one, other)


def _onto_side(mesh: Mesh, spec: OfficeSpec, side: Side) -> Mesh:
    """From wall coordinates to the side of the room."""
    length = along_m(spec, side)
    x, y = on_side(spec, side, 0.0 if side in ("y-", "x+") else length, 0.0)
    return moved(mesh, x, y, heading_into_room(side))


def _upright(x0: float, x1: float, z0: float, z1: float, paint: Material) -> Mesh:
    return box(((x0 + x1) / 2, -_WALL_M / 2, (z0 + z1) / 2), (x1 - x0, _WALL_M, z1 - z0), paint, "wall")


def _window_front(spec: OfficeSpec, spans: list[tuple[float, float]], length_m: float, paint: Material) -> list[Mesh]:
    top = spec.ceiling_m - LINTEL_M
    # Walls overlap at the corners: no ray slips through between them.
    start, end = -_WALL_M, length_m + _WALL_M
    edges = [start, *(edge for span in spans for edge in span), end]
    parts = [_upright(start, end, 0.0, SILL_M, paint), _upright(start, end, top, spec.ceiling_m, paint)]
    parts += [_upright(x0, x1, SILL_M, top, paint) for x0, x1 in zip(edges[::2], edges[1::2], strict=True)]
    parts.append(box((length_m / 2, 0.06, SILL_M - 0.015), (length_m, 0.12, 0.03), WHITE, "wall"))
    for x0, x1 in spans:
        parts += _window(spec, x0, x1, top)
    return parts


def _window(spec: OfficeSpec, x0: float, x1: float, top_m: float) -> list[Mesh]:
    """Frame, mullion and blinds; panes are too clear to be seen from above."""
    height = top_m - SILL_M
    parts = [
        box((x, -0.06, SILL_M + height / 2), (0.05, 0.05, height), _FRAME, "window")
        for x in (x0 + 0.025, (x0 + x1) / 2, x1 - 0.025)
    ]
    parts.append(box(((x0 + x1) / 2, -0.06, SILL_M + 0.025), (x1 - x0, 0.05, 0.05), _FRAME, "window"))
    if spec.blinds > 0.05:
        color = spec.partition_color if spec.seed % 2 else (0.72, 0.71, 0.68)
        cloth = Material("blind", color, 0.9, pattern="stripes", second_color=_rgb(np.array(color) * 0.9), scale_m=0.05)
        drop = spec.blinds * height
        parts.append(box(((x0 + x1) / 2, -0.01, top_m - drop / 2), (x1 - x0, 0.012, drop), cloth, "window"))
    return parts


def _door(x_m: float, color: Rgb) -> Mesh:
    """A closed door with frame and handle."""
    shade = _rgb(np.array(color) * 0.8)
    leaf = Material("door", color, 0.5, pattern="wood" if color[0] > 1.3 * color[2] else "plain", second_color=shade)
    high = _DOOR_TOP_M - 0.06
    parts = [box((x_m, 0.012, high / 2), (DOOR_M - 0.06, 0.024, high), leaf, "door")]
    parts += [box((x_m + s * DOOR_M / 2, 0.02, high / 2), (0.06, 0.04, high), _FRAME, "door") for s in (-1, 1)]
    parts.append(box((x_m, 0.02, high + 0.03), (DOOR_M + 0.06, 0.04, 0.06), _FRAME, "door"))
    parts.append(box((x_m + 0.34, 0.045, 1.03), (0.12, 0.04, 0.02), STEEL, "door"))
    return joined(parts, "door")


def _inner_piece(spec: OfficeSpec, wall: InnerWall, start: float, end: float) -> list[Mesh]:
    if not wall.glass:
        return [_inner_box(wall, start, end, 0.0, spec.ceiling_m, wall_material(spec.wall_color))]
    top = spec.ceiling_m
    count = max(1, round((end - start) / 1.1))
    posts = [start + 0.02 + (end - start - 0.04) * n / count for n in range(count + 1)]
    slim = [_inner_box(wall, x - 0.02, x + 0.02, 0.0, top, _FRAME, 0.05) for x in posts]
    rails = [_inner_box(wall, start, end, *span, _FRAME, 0.05) for span in ((0.0, 0.06), (top - 0.06, top))]
    return [*slim, *rails, _inner_box(wall, start, end, 0.95, 1.35, _FROST, 0.008)]


def _extent(wall: InnerWall, start: float, end: float) -> tuple[float, float, float, float]:
    half = INNER_WALL_M / 2
    if wall.along_x:
        return wall.x0 + start, wall.y0 - half, wall.x0 + end, wall.y0 + half
    return wall.x0 - half, wall.y0 + start, wall.x0 + half, wall.y0 + end


def _inner_box(
    wall: InnerWall, start: float, end: float, z0: float, z1: float, look: Material, thick_m: float = INNER_WALL_M
) -> Mesh:
    x0, y0, x1, y1 = _extent(wall, start, end)
    size = (x1 - x0, thick_m) if wall.along_x else (thick_m, y1 - y0)
    return box(((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2), (*size, z1 - z0), look, "wall")


def heading_of_door(side: Side) -> float:
    """Heading of somebody who comes in: their back to the door (0 faces -Y)."""
    return heading_into_room(side) + math.pi


def _rgb(values: np.ndarray) -> Rgb:
    red, green, blue = (float(np.round(min(value, 1.0), 4)) for value in values)
    return (red, green, blue)
