"""The shell of the embedded office: floor, walls with a window front, ceiling, and the lamps that light it.

Room coordinates: x from 0 to width_m, y from 0 to depth_m; the office moves them under the camera afterwards.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from shapely.geometry import box as rectangle

from assets.mesh import Material, Mesh
from render.furniture import STEEL, WHITE
from render.place import Lamp, Rgb, Vector
from render.solids import box, cylinder, joined, moved, quad, sheet

if TYPE_CHECKING:
    from render.office import OfficeSpec

_SILL_M = 0.9
_LINTEL_M = 0.25
"""Wall left between the windows' top and the ceiling."""
_WALL_M = 0.12
_PENDANT_DROP_M = 0.55
_PENDANT_FREE_M = 2.2
"""No lamp hangs nearer to the camera, where it would hide half the room."""
_WINDOW_RADIANCE = 1.6
_USED_SHARE = 0.6
"""Share of the panels' light that reaches floor and desks rather than walls and ceiling."""


def room_parts(spec: OfficeSpec, rng: np.random.Generator) -> list[Mesh]:
    """Floor, perhaps a carpet on it, ceiling, four walls (one with windows), skirting and hanging lamps."""
    parts = [_floor(spec), *_rug(spec, rng), _ceiling(spec)]
    parts += [_wall(spec, side, rng) for side in ("x-", "x+", "y-", "y+")]
    if spec.pendants:
        parts.append(joined([_pendant_body(lamp) for lamp in room_lamps(spec) if lamp.kind == "pendant"], "pendants"))
    return parts


def room_lamps(spec: OfficeSpec) -> list[Lamp]:
    """A grid of ceiling panels (or hanging lamps) and one rectangle of daylight for each window."""
    columns, rows = max(2, round(spec.width_m / 2.6)), max(2, round(spec.depth_m / 2.6))
    # Radiance 1 of a white floor asks for pi W/m2 on it.
    watts = math.pi * spec.width_m * spec.depth_m / _USED_SHARE / (columns * rows)
    lamps = []
    for column in range(columns):
        for row in range(rows):
            x, y = (column + 0.5) * spec.width_m / columns, (row + 0.5) * spec.depth_m / rows
            from_camera = math.hypot(x - spec.origin_x_m, y - spec.origin_y_m)
            hangs = spec.pendants and (column + row) % 2 == 0 and from_camera > _PENDANT_FREE_M
            z = spec.ceiling_m - (_PENDANT_DROP_M if hangs else 0.02)
            size = (0.3, 1.2) if hangs else (0.6, 0.6)
            kind = "pendant" if hangs else "panel"
            lamps.append(Lamp((x, y, z), size, (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (watts, watts, watts), kind))
    return lamps + [_daylight(spec, center, width) for center, width in _windows(spec)]


def _floor(spec: OfficeSpec) -> Mesh:
    scale = {"carpet": 0.5, "wood": 0.14, "tiles": 0.45}[spec.floor]
    rough = {"carpet": 0.95, "wood": 0.45, "tiles": 0.35}[spec.floor]
    look = Material(
        f"floor {spec.floor}",
        spec.floor_color,
        rough,
        pattern=spec.floor,
        second_color=spec.floor_second_color,
        scale_m=scale,
    )
    return sheet(rectangle(0, 0, spec.width_m, spec.depth_m), 0.0, look, "floor")


def _rug(spec: OfficeSpec, rng: np.random.Generator) -> list[Mesh]:
    """A zone of another floor colour in two rooms of five: 2 mm above the floor."""
    if rng.random() > 0.4:
        return []
    width, depth = rng.uniform(2, 4), rng.uniform(1.5, 3)
    x, y = rng.uniform(0.2, spec.width_m - width - 0.2), rng.uniform(0.2, spec.depth_m - depth - 0.2)
    hue = rng.uniform(0.03, 0.3, 3)
    look = Material("rug", _rgb(hue), 0.95, pattern="carpet", second_color=_rgb(hue * 1.3), scale_m=0.03)
    return [sheet(rectangle(x, y, x + width, y + depth), 0.002, look, "floor")]


def _ceiling(spec: OfficeSpec) -> Mesh:
    """A white ceiling that faces down."""
    corners = np.array([[0, 0], [0, spec.depth_m], [spec.width_m, spec.depth_m], [spec.width_m, 0]], float)
    white = Material("ceiling", (0.78, 0.78, 0.76), 0.9)
    return quad(np.column_stack([corners, np.full(4, spec.ceiling_m)]), white, "ceiling")


def _wall(spec: OfficeSpec, side: str, rng: np.random.Generator) -> Mesh:
    """One wall as a box outside the room; the window side has a sill, a lintel, posts, panes and frames."""
    paint = Material(
        "wall", spec.wall_color, 0.85, pattern="noise", second_color=_rgb(np.array(spec.wall_color) * 0.96), scale_m=0.3
    )
    skirting = Material("skirting", (0.6, 0.6, 0.58), 0.5)
    along = spec.width_m if side[0] == "y" else spec.depth_m
    parts = [box((along / 2, 0.008, 0.04), (along, 0.016, 0.08), skirting, "wall")]
    if side == spec.window_side:
        parts += _window_front(along, spec.ceiling_m, paint)
    else:
        parts.append(_upright(-_WALL_M, along + _WALL_M, 0.0, spec.ceiling_m, paint))
        parts += _wall_pictures(along, rng)
    return _onto_side(joined(parts, f"wall {side}"), spec, side)


def _onto_side(mesh: Mesh, spec: OfficeSpec, side: str) -> Mesh:
    """From wall coordinates (x along the wall, +y into the room) to the side of the room."""
    if side == "y-":
        return mesh
    if side == "y+":
        return moved(mesh, spec.width_m, spec.depth_m, math.pi)
    if side == "x+":
        return moved(mesh, spec.width_m, 0.0, math.pi / 2)
    return moved(mesh, 0.0, spec.depth_m, -math.pi / 2)


def _upright(x0: float, x1: float, z0: float, z1: float, paint: Material) -> Mesh:
    return box(((x0 + x1) / 2, -_WALL_M / 2, (z0 + z1) / 2), (x1 - x0, _WALL_M, z1 - z0), paint, "wall")


def _window_spans(along_m: float) -> list[tuple[float, float]]:
    count = max(2, int(along_m // 2.2))
    pitch = along_m / count
    return [(number * pitch + 0.25, (number + 1) * pitch - 0.25) for number in range(count)]


def _window_front(along_m: float, ceiling_m: float, paint: Material) -> list[Mesh]:
    top = ceiling_m - _LINTEL_M
    spans = _window_spans(along_m)
    # Walls overlap at the corners: no ray slips through between them.
    start, end = -_WALL_M, along_m + _WALL_M
    edges = [start, *(edge for span in spans for edge in span), end]
    parts = [_upright(start, end, 0.0, _SILL_M, paint), _upright(start, end, top, ceiling_m, paint)]
    parts += [_upright(x0, x1, _SILL_M, top, paint) for x0, x1 in zip(edges[::2], edges[1::2], strict=True)]
    parts.append(box((along_m / 2, 0.06, _SILL_M - 0.015), (along_m, 0.16, 0.03), WHITE, "wall"))
    for x0, x1 in spans:
        parts += _pane(x0, x1, _SILL_M, top)
    return parts


def _pane(x0: float, x1: float, z0: float, z1: float) -> list[Mesh]:
    """Sky above, town below, and a frame; the daylight itself comes from a lamp."""
    horizon = z0 + 0.35 * (z1 - z0)
    sky = Material("sky", (0.75, 0.87, 1.0), emission=1.3)
    town = Material(
        "town", (0.3, 0.34, 0.3), emission=0.8, pattern="noise", second_color=(0.16, 0.19, 0.14), scale_m=0.2
    )
    panes = [((x0, x1, z0, horizon), town), ((x0, x1, horizon, z1), sky)]
    parts = []
    for (a, b, low, high), look in panes:
        corners = np.array([[b, -0.08, low], [a, -0.08, low], [a, -0.08, high], [b, -0.08, high]])
        parts.append(quad(corners, look, "window"))
    middle = (x0 + x1) / 2
    for x in (x0 + 0.025, middle, x1 - 0.025):
        parts.append(box((x, -0.05, (z0 + z1) / 2), (0.05, 0.05, z1 - z0), STEEL, "window"))
    return parts


def _wall_pictures(along_m: float, rng: np.random.Generator) -> list[Mesh]:
    """Doors, whiteboards and posters on a plain wall, at most one in each stretch of 2.2 m."""
    stretches = np.arange(1.3, along_m - 1.2, 2.2)
    return [_wall_piece(float(x + rng.uniform(-0.1, 0.1)), rng) for x in stretches if rng.random() < 0.6]


def _wall_piece(x_m: float, rng: np.random.Generator) -> Mesh:
    kind = rng.choice(["door", "board", "poster", "poster"])
    if kind == "door":
        wood = Material("door", (0.35, 0.25, 0.16), 0.5, pattern="wood", second_color=(0.28, 0.19, 0.12), scale_m=0.2)
        return box((x_m, 0.01, 1.02), (0.9, 0.03, 2.04), wood, "door")
    if kind == "board":
        enamel = Material("whiteboard", (0.85, 0.86, 0.87), 0.25)
        return box((x_m, 0.012, 1.5), (rng.uniform(1.2, 1.8), 0.024, rng.uniform(0.8, 1.1)), enamel, "whiteboard")
    ink, ground = _rgb(rng.uniform(0.05, 0.8, 3)), _rgb(rng.uniform(0.05, 0.8, 3))
    paper = Material("poster", ground, 0.6, pattern="checks", second_color=ink, scale_m=0.2)
    return box((x_m, 0.01, 1.55), (rng.uniform(0.4, 0.9), 0.02, rng.uniform(0.5, 1.1)), paper, "wall")


def _windows(spec: OfficeSpec) -> list[tuple[Vector, float]]:
    """Middle (room coordinates, just inside the wall) and width of each window."""
    along = spec.width_m if spec.window_side[0] == "y" else spec.depth_m
    middle = (_SILL_M + spec.ceiling_m - _LINTEL_M) / 2
    windows = []
    for x0, x1 in _window_spans(along):
        here = (x0 + x1) / 2
        place = {
            "y-": (here, 0.02), "y+": (spec.width_m - here, spec.depth_m - 0.02),
            "x+": (spec.width_m - 0.02, here), "x-": (0.02, spec.depth_m - here),
        }[spec.window_side]  # fmt: skip
        windows.append(((place[0], place[1], middle), x1 - x0))
    return windows


def _daylight(spec: OfficeSpec, center: Vector, width_m: float) -> Lamp:
    height = spec.ceiling_m - _LINTEL_M - _SILL_M
    inward = {"y-": (0.0, 1.0, 0.0), "y+": (0.0, -1.0, 0.0), "x+": (-1.0, 0.0, 0.0), "x-": (1.0, 0.0, 0.0)}
    watts = _WINDOW_RADIANCE * math.pi * width_m * height
    power = (0.93 * watts, 1.0 * watts, 1.08 * watts)
    return Lamp(center, (width_m, height), inward[spec.window_side], (0.0, 0.0, 1.0), power, "window")


def _pendant_body(lamp: Lamp) -> Mesh:
    """A bar lamp on two wires, glowing below, just above its light."""
    x, y, z = lamp.center_m
    glow = Material("lamp glow", (1.0, 0.97, 0.9), emission=2.0)
    half = (lamp.size_m[0] / 2, lamp.size_m[1] / 2)
    corners = [
        (x - half[0], y - half[1]),
        (x - half[0], y + half[1]),
        (x + half[0], y + half[1]),
        (x + half[0], y - half[1]),
    ]
    below = quad(np.array([[a, b, z + 0.004] for a, b in corners]), glow, "lamp")
    body = box((x, y, z + 0.035), (lamp.size_m[0], lamp.size_m[1], 0.06), WHITE, "lamp")
    wires = [
        cylinder((x, y + s * half[1] * 0.8, z + 0.06), 0.004, _PENDANT_DROP_M - 0.06, STEEL, "lamp", 5) for s in (-1, 1)
    ]
    return joined([below, body, *wires], "pendant")


def _rgb(values: np.ndarray) -> Rgb:
    red, green, blue = (float(np.round(min(value, 1.0), 4)) for value in values)
    return (red, green, blue)
