"""How an office is drawn: its kind, size, colours, lamps and windows, and where an installer hangs the camera."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from render.office_finishes import (
    ACCENTS,
    CHAIR_CLOTHS,
    DARK_FLOORS,
    DARK_TOPS,
    DESK_TOPS,
    FLOORS,
    PARTITION_CLOTHS,
    SOFA_CLOTHS,
    WALLS,
    AccentKind,
    FloorKind,
    drawn,
    varied,
)
from render.office_spec import SIDES, ChairMake, DeskLayout, LampKind, OfficeSpec, RoomKind, Side
from render.office_zones import divide

_ROOMS: dict[RoomKind, float] = {
    "open_plan": 0.48, "mixed": 0.3, "cells": 0.07, "meeting": 0.06, "lounge": 0.05, "corridor": 0.04,
}  # fmt: skip
"""How often each kind is drawn."""
_SIZES_M: dict[RoomKind, tuple[tuple[float, float], tuple[float, float]]] = {
    "open_plan": ((6.0, 20.0), (4.5, 14.0)),
    "mixed": ((9.0, 20.0), (6.0, 14.0)),
    "cells": ((7.0, 14.0), (5.0, 11.0)),
    "meeting": ((4.0, 8.0), (4.0, 6.0)),
    "lounge": ((4.5, 11.0), (4.0, 8.0)),
    "corridor": ((7.0, 20.0), (1.9, 3.2)),
}
_LAYOUTS: dict[DeskLayout, float] = {
    "islands": 0.38, "benches": 0.26, "cubicles": 0.07, "rows": 0.08, "walls": 0.08, "tables": 0.13,
}  # fmt: skip
_CHAIRS: dict[ChairMake, float] = {
    "task": 0.36, "mesh": 0.24, "executive": 0.08, "visitor": 0.2, "conference": 0.12,
}  # fmt: skip
_LAMPS: dict[LampKind, float] = {"panels": 0.4, "strips": 0.25, "downlights": 0.17, "pendants": 0.18}
_CEILING_M: tuple[tuple[float, float, float], ...] = ((0.62, 2.56, 3.1), (0.26, 3.1, 3.8), (0.12, 3.8, 4.55))
"""Share of the offices, lowest, highest."""
_PENDANTS_FROM_M = 2.8
_CLUTTER = (0.2, 4.0)
_CLUTTER_SPREAD = 0.8
"""Of the logarithm: one office in five has less than half of what most have, one in five more than twice as much."""


def sample_office(rng: np.random.Generator, room: RoomKind | None = None) -> OfficeSpec:
    """Draw an office, of a given kind of room if one is given."""
    kind: RoomKind = room or _weighted(_ROOMS, rng)
    (low_x, high_x), (low_y, high_y) = _SIZES_M[kind]
    width, depth = _cm(rng.uniform(low_x, high_x)), _cm(rng.uniform(low_y, high_y))
    ceiling = _ceiling_height(kind, rng)
    spec = OfficeSpec(
        room=kind,
        width_m=width,
        depth_m=depth,
        ceiling_m=ceiling,
        origin_x_m=width / 2,
        origin_y_m=depth / 2,
        layout=_weighted(_LAYOUTS, rng),
        turned=bool(rng.random() < (0.3 if width > depth else 0.7)),
        desk_width_m=float(rng.choice([1.2, 1.3, 1.4, 1.4, 1.5, 1.6, 1.6, 1.8])),
        desk_depth_m=float(rng.choice([0.6, 0.7, 0.7, 0.75, 0.8, 0.8])),
        window_sides=_window_sides(kind, depth, rng),
        clutter=round(float(np.clip(np.exp(rng.normal(0.1, _CLUTTER_SPREAD)), *_CLUTTER)), 2),
        seed=int(rng.integers(2**31)),
        **_sample_looks(ceiling, rng),
        **_sample_light_fittings(ceiling, rng),
    )
    x, y = camera_place(spec, rng)
    return spec.model_copy(update={"origin_x_m": x, "origin_y_m": y})


def camera_place(spec: OfficeSpec, rng: np.random.Generator) -> tuple[float, float]:
    """Where an installer hangs the camera: mostly over the middle of the largest zone, sometimes at a wall or corner."""
    zones = divide(spec).zones
    if spec.room == "cells":
        zone = zones[0] if rng.random() < 0.4 else zones[1 + int(rng.integers(len(zones) - 1))]
    else:
        zone = zones[0] if rng.random() < 0.85 else zones[int(rng.integers(len(zones)))]
    where = rng.random()
    across = rng.uniform(0.3, 0.7, 2)
    if zone.kind != "corridor" and where < 0.16:
        edge = float(rng.uniform(0.4, 1.0))
        across[0] = edge / zone.width_m if rng.random() < 0.5 else 1 - edge / zone.width_m
    if zone.kind != "corridor" and (where < 0.04 or 0.16 <= where < 0.24):
        edge = float(rng.uniform(0.4, 1.0))
        across[1] = edge / zone.depth_m if rng.random() < 0.5 else 1 - edge / zone.depth_m
    return _cm(zone.x0 + across[0] * zone.width_m), _cm(zone.y0 + across[1] * zone.depth_m)


def _sample_looks(ceiling_m: float, rng: np.random.Generator) -> dict[str, Any]:
    floor = str(rng.choice(get_args(FloorKind), p=[0.2, 0.24, 0.14, 0.16, 0.1, 0.08, 0.08]))
    pairs = FLOORS[floor]  # type: ignore[index]
    pair = pairs[int(rng.integers(len(pairs)))]
    accent: AccentKind = str(rng.choice(get_args(AccentKind), p=[0.5, 0.3, 0.1, 0.1]))  # type: ignore[assignment]
    bare = ceiling_m > 3.3 and rng.random() < 0.5
    looks = {
        "floor": floor,
        "floor_color": varied(pair[0], rng),
        "floor_second_color": varied(pair[1], rng),
        "wall_color": drawn(WALLS, rng),
        "accent": accent,
        "accent_color": drawn(ACCENTS[accent], rng),
        "accent_side": str(rng.choice(SIDES)),
        "ceiling": "concrete" if bare else str(rng.choice(["plaster", "tiles"])),
        "desk_color": drawn(DESK_TOPS, rng),
        "chair": _weighted(_CHAIRS, rng),
        "chair_color": drawn(CHAIR_CLOTHS, rng),
        "partition_color": drawn(PARTITION_CLOTHS, rng),
        "sofa_color": drawn(SOFA_CLOTHS, rng),
    }
    return looks | _contrast(rng)


def _contrast(rng: np.random.Generator) -> dict[str, Any]:
    """What dark offices, white ones with one strong colour, and those with black chairs share; none for the rest."""
    draw = rng.random()
    looks: dict[str, Any] = {}
    if draw < 0.25:
        floor: FloorKind = str(rng.choice(list(DARK_FLOORS)))  # type: ignore[assignment]
        first, second = DARK_FLOORS[floor]
        looks = {"floor": floor, "floor_color": varied(first, rng), "floor_second_color": varied(second, rng)}
        if rng.random() < 0.6:
            looks |= {"desk_color": drawn(DARK_TOPS, rng), "partition_color": drawn(DARK_TOPS, rng)}
    elif draw < 0.5:
        accent: AccentKind = "paint"
        accents = {"accent": accent, "accent_color": drawn(ACCENTS[accent], rng)}
        looks = {"wall_color": varied((0.82, 0.82, 0.81), rng), **accents}
    if rng.random() < 0.45:
        looks["chair_color"] = drawn(CHAIR_CLOTHS[:3], rng)
    return looks


def _sample_light_fittings(ceiling_m: float, rng: np.random.Generator) -> dict[str, Any]:
    lamps: LampKind = _weighted(_LAMPS, rng)
    if lamps == "pendants" and ceiling_m < _PENDANTS_FROM_M:
        lamps = "panels"
    pitch = {"panels": (2.0, 3.0), "strips": (1.9, 2.8), "downlights": (1.6, 2.4), "pendants": (2.0, 3.2)}[lamps]
    return {
        "lamps": lamps,
        "lamp_pitch_m": _cm(rng.uniform(*pitch)),
        "blinds": round(float(rng.choice([0.0, rng.uniform(0.1, 0.9)], p=[0.55, 0.45])), 2),
        "sun_azimuth_deg": round(float(rng.uniform(-55, 55)), 1),
        "sun_elevation_deg": round(float(rng.uniform(15, 55)), 1),
    }


def _ceiling_height(kind: RoomKind, rng: np.random.Generator) -> float:
    """2.56 to 4.55 m; small rooms have low ceilings."""
    shares = np.array([share for share, _, _ in _CEILING_M])
    row = 0 if kind in ("cells", "meeting", "corridor") and rng.random() < 0.85 else int(rng.choice(3, p=shares))
    _, low, high = _CEILING_M[row]
    return _cm(rng.uniform(low, high))


def _window_sides(kind: RoomKind, depth_m: float, rng: np.random.Generator) -> tuple[Side, ...]:
    """One or two sides with windows, next to each other; some inner rooms have none."""
    if kind == "corridor":
        return ("x+",) if rng.random() < 0.6 else ()
    if kind == "cells":
        return ("y+", "y-") if depth_m > 7.6 else ("y+",)
    if kind in ("meeting", "lounge") and rng.random() < 0.2:
        return ()
    first: Side = str(rng.choice(SIDES))  # type: ignore[assignment]
    if rng.random() < 0.65:
        return (first,)
    other = "y" if first[0] == "x" else "x"
    return (first, other + str(rng.choice(["-", "+"])))  # type: ignore[return-value]


def _weighted(table: dict[Any, float], rng: np.random.Generator) -> Any:
    """One of a table's keys, as likely as it says."""
    shares = np.array(list(table.values()))
    return list(table)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def _cm(value: float) -> float:
    return round(float(value), 2)
