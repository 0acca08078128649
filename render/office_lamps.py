"""The lamps, the daylight and the sun of the embedded office, and the meshes that seem to be their light.

Room coordinates. Ceiling lamps hang in circuits, numbered away from the windows, as an electrician wires them: a light
preset may leave some dark (render.light). Materials that glow are called "lamp glow <circuit>", "sky" or "town".
The sun is a small bright rectangle some metres outside the first window side: 1 W there, and LightSpec.sun_w says how
many there really are; walls and blinds cut its light into patches.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from assets.mesh import Material, Mesh
from render.furniture import BLACK, STEEL, WHITE
from render.light import OfficeLamp
from render.office_spec import OfficeSpec, Side
from render.office_zones import Division, Zone, along_m, camera_zone, on_side, window_spans
from render.place import Lamp, Rgb, Vector
from render.solids import box, cylinder, joined, quad

SILL_M = 0.9
LINTEL_M = 0.25
"""Wall left between the windows' top and the ceiling."""
SUN_FROM_M = 5.0
CIRCUITS = 4
_PENDANT_FREE_M = 1.7
"""No lamp hangs nearer to the camera, where it would hide half the room."""
_LOWEST_M = 2.15
_MOST_LAMPS = 36
"""Every lamp costs rays."""
_WINDOW_RADIANCE = 1.6
_SUN_SIDE_M = 0.08
_OUTSIDE: tuple[Rgb, ...] = (
    (0.3, 0.34, 0.3),
    (0.22, 0.23, 0.25),
    (0.16, 0.26, 0.12),
    (0.5, 0.46, 0.4),
    (0.7, 0.72, 0.75),
)
"""Town, street, lawn, the house opposite, snow."""
_USED_SHARE = 0.6
"""Share of the lamps' light that reaches floor and desks rather than walls and ceiling."""
_SIZES_M = {"panels": (0.6, 0.6), "strips": (0.2, 1.5), "downlights": (0.18, 0.18), "pendants": (0.25, 1.2)}


def office_lamps(spec: OfficeSpec, division: Division) -> list[Lamp]:
    """Ceiling lamps of every zone, one rectangle of daylight for each window, and the sun."""
    lamps: list[Lamp] = []
    factor = 1.0
    while True:
        grids = [(zone, _grid(zone, spec.lamp_pitch_m * factor)) for zone in division.zones]
        if sum(len(places) for _, places in grids) <= max(_MOST_LAMPS, 2 * len(division.zones)):
            break
        factor *= 1.1
    for zone, places in grids:
        # Radiance 1 of a white floor asks for pi W/m2 on it.
        watts = math.pi * zone.width_m * zone.depth_m / _USED_SHARE / len(places)
        lamps += [_ceiling_lamp(spec, place, watts, zone) for place in places]
    for side in spec.window_sides:
        lamps += [_daylight(spec, side, *span) for span in window_spans(spec, division, side)]
    return [*lamps, *_sun(spec)]


def lamp_bodies(lamps: list[Lamp], ceiling_m: float) -> list[Mesh]:
    """What is seen of the ceiling lamps: a glowing face each, and the body of those that hang."""
    seen = [_body(lamp, ceiling_m) for lamp in lamps if isinstance(lamp, OfficeLamp)]
    return [joined(seen, "lamps")] if seen else []


def shifted(lamp: Lamp, x_m: float, y_m: float) -> Lamp:
    """The lamp moved over the floor."""
    x, y, z = lamp.center_m
    return replace(lamp, center_m=(x + x_m, y + y_m, z))


def _grid(zone: Zone, pitch_m: float) -> list[tuple[float, float]]:
    columns, rows = max(1, round(zone.width_m / pitch_m)), max(1, round(zone.depth_m / pitch_m))
    return [
        (zone.x0 + (column + 0.5) * zone.width_m / columns, zone.y0 + (row + 0.5) * zone.depth_m / rows)
        for column in range(columns)
        for row in range(rows)
    ]


def _ceiling_lamp(spec: OfficeSpec, place: tuple[float, float], watts: float, zone: Zone) -> Lamp:
    x, y = place
    from_camera = math.hypot(x - spec.origin_x_m, y - spec.origin_y_m)
    hangs = spec.lamps == "pendants" and from_camera > _PENDANT_FREE_M
    drop = min(0.9, spec.ceiling_m - _LOWEST_M)
    size = _SIZES_M[spec.lamps]
    up: Vector = (1.0, 0.0, 0.0) if zone.width_m > zone.depth_m else (0.0, 1.0, 0.0)
    return OfficeLamp(
        center_m=(x, y, spec.ceiling_m - (drop if hangs else 0.025)),
        size_m=(size[0], min(size[1], 0.8 * min(zone.width_m, zone.depth_m))),
        direction=(0.0, 0.0, -1.0),
        up=up,
        power_w=(watts, watts, watts),
        kind="pendant" if hangs else "panel",
        circuit=_circuit(spec, x, y),
    )


def _circuit(spec: OfficeSpec, x: float, y: float) -> int:
    """0 along the first window side, the highest number at the other end of the room."""
    side = spec.window_sides[0] if spec.window_sides else "x-"
    share = x / spec.width_m if side[0] == "x" else y / spec.depth_m
    share = 1 - share if side[1] == "+" else share
    return min(CIRCUITS - 1, int(share * CIRCUITS))


def _daylight(spec: OfficeSpec, side: Side, start: float, end: float) -> Lamp:
    height = (spec.ceiling_m - LINTEL_M - SILL_M) * max(0.15, 1 - 0.8 * spec.blinds)
    x, y = on_side(spec, side, (start + end) / 2, 0.06)
    inward = {"y-": (0.0, 1.0, 0.0), "y+": (0.0, -1.0, 0.0), "x+": (-1.0, 0.0, 0.0), "x-": (1.0, 0.0, 0.0)}[side]
    watts = _WINDOW_RADIANCE * math.pi * (end - start) * height
    power = (0.93 * watts, 1.0 * watts, 1.08 * watts)
    return Lamp((x, y, SILL_M + height / 2), (end - start, height), inward, (0.0, 0.0, 1.0), power, "window")


def _sun(spec: OfficeSpec) -> list[Lamp]:
    """1 W from the sun's direction, aimed at the window wall near the camera."""
    if not spec.window_sides:
        return []
    side = spec.window_sides[0]
    zone = camera_zone(spec)
    low, high = (zone.x0, zone.x1) if side[0] == "y" else (zone.y0, zone.y1)
    at = (low + high) / 2
    azimuth, elevation = math.radians(spec.sun_azimuth_deg), math.radians(spec.sun_elevation_deg)
    outside = SUN_FROM_M * math.cos(elevation) * math.cos(azimuth)
    x, y = on_side(spec, side, at + SUN_FROM_M * math.cos(elevation) * math.sin(azimuth), -outside)
    target = np.array([*on_side(spec, side, at, 0.0), 1.6])
    center = np.array([x, y, 1.6 + SUN_FROM_M * math.sin(elevation)])
    way = (target - center) / np.linalg.norm(target - center)
    across = np.cross(way, [0.0, 0.0, 1.0])
    up = np.cross(across / np.linalg.norm(across), way)
    size = (_SUN_SIDE_M, _SUN_SIDE_M)
    return [Lamp(_vector(center), size, _vector(way), _vector(up), (1.0, 1.0, 1.0), "sun")]


def _body(lamp: OfficeLamp, ceiling_m: float) -> Mesh:
    glow = Material(f"lamp glow {lamp.circuit}", (1.0, 0.97, 0.92), emission=2.0)
    x, y, z = lamp.center_m
    side_x, side_y = lamp.size_m if lamp.up[1] else lamp.size_m[::-1]
    half = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * [side_x / 2, side_y / 2] + [x, y]
    face = quad(np.column_stack([half, np.full(4, z + 0.006)]), glow, "lamp")
    if lamp.kind != "pendant":
        frame = box((x, y, z + 0.018), (side_x + 0.05, side_y + 0.05, 0.022), WHITE, "lamp")
        return joined([face, frame], "lamp")
    shell = BLACK if lamp.circuit % 2 else WHITE
    body = box((x, y, z + 0.037), (side_x, side_y, 0.06), shell, "lamp")
    reach = 0.4 * max(side_x, side_y)
    aside = (0.0, reach) if side_y > side_x else (reach, 0.0)
    wires = [
        cylinder((x + s * aside[0], y + s * aside[1], z + 0.06), 0.004, ceiling_m - z - 0.06, STEEL, "lamp", 4)
        for s in (-1, 1)
    ]
    return joined([face, body, *wires], "pendant")


def _vector(values: np.ndarray) -> Vector:
    return (float(values[0]), float(values[1]), float(values[2]))


def sky_box(spec: OfficeSpec, side: Side) -> Mesh:
    """What is seen through the windows of a side: sky, town and ground, as the inside of a box beyond the sun."""
    along, far, margin = along_m(spec, side), SUN_FROM_M + 1.5, SUN_FROM_M + 1.5
    color = _OUTSIDE[spec.seed % len(_OUTSIDE)]
    sky = Material("sky", (0.75, 0.87, 1.0), emission=2.5)
    town = Material("town", color, emission=2.0)
    a, b, ground, horizon, top = -margin, along + margin, -2.0, 1.0, 8.0
    sheets = [
        ((b, -far), (a, -far), (ground, horizon), town), ((b, -far), (a, -far), (horizon, top), sky),
        ((a, -far), (a, -0.2), (ground, horizon), town), ((a, -far), (a, -0.2), (horizon, top), sky),
        ((b, -0.2), (b, -far), (ground, horizon), town), ((b, -0.2), (b, -far), (horizon, top), sky),
    ]  # fmt: skip
    quads = [
        quad(np.array([[*p, low], [*q, low], [*q, high], [*p, high]]), look, "window")
        for p, q, (low, high), look in sheets
    ]
    quads.append(
        quad(np.array([[a, -far, ground], [b, -far, ground], [b, -0.2, ground], [a, -0.2, ground]]), town, "window")
    )
    quads.append(quad(np.array([[a, -0.2, top], [b, -0.2, top], [b, -far, top], [a, -far, top]]), sky, "window"))
    return joined(quads, "outside")
