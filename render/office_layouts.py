"""How desks are arranged in a zone of the embedded office: places only, no furniture.

A layout is worked out in its own frame, lines of desks along x, then turned onto the zone. Measures between desks:
a chair with its sitter takes CHAIR_ZONE_M behind a desk; two rows of sitters back to back let somebody pass or, in
crowded offices, just sit; the
ends of lines leave a main aisle of MAIN_AISLE_M.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from render.office_spec import OfficeSpec
from render.office_zones import Zone

CHAIR_ZONE_M = 0.85
MAIN_AISLE_M = 0.95
_BACK_TO_BACK_M = (1.5, 2.5)
_WALL_BEHIND_M = (1.2, 1.6)
_SPLIT_M = 0.05
"""Room for a partition between desks that face each other."""


@dataclass(frozen=True)
class DeskPlace:
    """Middle of a desk and which way its user faces (0: -Y)."""

    x: float
    y: float
    heading: float
    screened: bool = False
    """A partition stands behind the desk: no window or colleague to be seen over it."""
    behind_m: float = CHAIR_ZONE_M
    """Room for the chair behind the desk."""


@dataclass(frozen=True)
class PartitionPlace:
    """Middle, direction (0: along x) and length of a partition."""

    x: float
    y: float
    heading: float
    length_m: float
    height_m: float


@dataclass(frozen=True)
class TablePlace:
    """A free table with chairs on both sides."""

    x: float
    y: float
    heading: float
    length_m: float
    depth_m: float
    chairs_a_side: int
    shape: str = "rect"


@dataclass
class DeskLayout:
    """What stands in a zone of desks."""

    desks: list[DeskPlace] = field(default_factory=list)
    partitions: list[PartitionPlace] = field(default_factory=list)
    tables: list[TablePlace] = field(default_factory=list)


def lay_out(spec: OfficeSpec, zone: Zone, rng: np.random.Generator) -> DeskLayout:
    """The desks of a zone, in room coordinates."""
    length, across = (zone.depth_m, zone.width_m) if spec.turned else (zone.width_m, zone.depth_m)
    local = _LAYOUTS[spec.layout](spec, length, across, rng)
    return _placed(local, zone, spec.turned)


def cell_layout(spec: OfficeSpec, zone: Zone, rng: np.random.Generator) -> DeskLayout:
    """One or two desks of a small room: along its side walls, or across with the sitter facing the corridor."""
    w, d = spec.desk_width_m, spec.desk_depth_m
    x, y = zone.center
    if zone.depth_m < 2 * d + 2.2 or rng.random() < 0.5:
        sides = [(zone.x0 + d / 2 + 0.02, -math.pi / 2), (zone.x1 - d / 2 - 0.02, math.pi / 2)]
        if zone.width_m < 2 * d + 1.9:
            sides = [sides[int(rng.integers(2))]]
        return DeskLayout([DeskPlace(at, y + float(rng.uniform(-0.2, 0.2)), turn) for at, turn in sides])
    # The sitter's back is to the outer wall; the corridor lies beyond the other end of the room.
    outer_is_low = zone.y0 < 0.01
    at = zone.y0 + 1.25 + d / 2 if outer_is_low else zone.y1 - 1.25 - d / 2
    shift = float(rng.uniform(-0.5, 0.5)) * max(0.0, zone.width_m - w - 1.6)
    return DeskLayout([DeskPlace(x + shift, at, math.pi if outer_is_low else 0.0)])


def _islands(spec: OfficeSpec, length: float, across: float, rng: np.random.Generator) -> DeskLayout:
    return _facing(spec, length, across, rng, longest=5)


def _benches(spec: OfficeSpec, length: float, across: float, rng: np.random.Generator) -> DeskLayout:
    return _facing(spec, length, across, rng, longest=7, screen_m=float(rng.choice([0.0, 1.1, 1.25, 1.4])))


def _cubicles(spec: OfficeSpec, length: float, across: float, rng: np.random.Generator) -> DeskLayout:
    return _facing(spec, length, across, rng, longest=5, screen_m=float(rng.uniform(1.2, 1.6)), between=True)


def _facing(
    spec: OfficeSpec,
    length: float,
    across: float,
    rng: np.random.Generator,
    longest: int,
    screen_m: float = 0.0,
    between: bool = False,
) -> DeskLayout:
    """Desks face to face in blocks of up to 2 x longest; partitions of height screen_m between them, if any."""
    w, d = spec.desk_width_m + (_SPLIT_M if between else 0.0), spec.desk_depth_m
    split = _SPLIT_M if screen_m else 0.0
    layout = DeskLayout()
    gap = float(rng.uniform(*_BACK_TO_BACK_M))
    rows, behind = _rows(across, 2 * d + split, d, gap, rng), min(CHAIR_ZONE_M, gap / 2 - 0.02)
    for y, single in rows:
        for x0, count in _blocks(length, w, longest, rng):
            for number in range(count):
                x = x0 + (number + 0.5) * w
                if single is not None:
                    layout.desks.append(DeskPlace(x, y, single, False, behind))
                    continue
                layout.desks.append(DeskPlace(x, y + (d + split) / 2, 0.0, screen_m > 0, behind))
                layout.desks.append(DeskPlace(x, y - (d + split) / 2, math.pi, screen_m > 0, behind))
            if screen_m and single is None:
                layout.partitions += _partitions(x0, y, count, w, d, screen_m, between)
    return layout


def _partitions(
    x0: float, y: float, count: int, w: float, d: float, height_m: float, between: bool
) -> list[PartitionPlace]:
    """One along the middle of a block; with `between` also one across on each side of every desk."""
    found = [PartitionPlace(x0 + count * w / 2, y, 0.0, count * w, height_m)]
    if between:
        middle = d / 2 + _SPLIT_M / 2 + 0.02
        found += [
            PartitionPlace(x0 + n * w, y + s * middle, math.pi / 2, d - 0.04, height_m)
            for n in range(count + 1)
            for s in (-1, 1)
        ]
    return found


def _rows(
    across: float, depth: float, single: float, gap: float, rng: np.random.Generator
) -> list[tuple[float, float | None]]:
    """Middles of double rows of desks; with a heading, a single row against a wall that it faces."""
    behind = float(rng.uniform(*_WALL_BEHIND_M))
    count = int((across - 2 * behind + gap) // (depth + gap))
    if count < 1:
        lines = [(single / 2 + 0.02, 0.0)]
        if across >= 2 * single + 2 * CHAIR_ZONE_M + 0.4:
            lines.append((across - single / 2 - 0.02, math.pi))
        return list(lines)
    left = across - 2 * behind - count * depth - (count - 1) * gap
    rows: list[tuple[float, float | None]] = []
    start = behind
    if left >= single + gap - behind + 0.1 and rng.random() < 0.75:
        # Room for one more row, against a wall.
        rows.append((single / 2 + 0.02, 0.0))
        start = single + 0.02 + gap
        left = across - start - behind - count * depth - (count - 1) * gap
    slack = max(0.0, left)
    start += slack * float(rng.uniform(0.2, 0.8))
    rows += [(start + n * (depth + gap) + depth / 2, None) for n in range(count)]
    return rows


def _blocks(length: float, w: float, longest: int, rng: np.random.Generator) -> list[tuple[float, int]]:
    """Where each block of a line starts and how many desks wide it is; main aisles lie between and at the ends."""
    aisle = float(rng.uniform(1.1, 1.6))
    start = 0.03 if rng.random() < 0.4 else MAIN_AISLE_M
    usable = length - start - MAIN_AISLE_M
    fits = {n: int((usable + aisle) // (n * w + aisle)) for n in range(1, longest + 1)}
    most = max(n * count for n, count in fits.items())
    if most < 1:
        return []
    wanted = int(rng.choice([n for n, count in fits.items() if n * count >= 0.85 * most]))
    count = fits[wanted]
    left = usable - (count * (wanted * w + aisle) - aisle)
    shift = left * float(rng.uniform(0, 1)) if start > 0.5 else 0.0
    aisle += max(0.0, left - shift) / max(2, count) if left > 1.0 else 0.0
    return [(start + shift + n * (wanted * w + aisle), wanted) for n in range(count)]


def _in_rows(spec: OfficeSpec, length: float, across: float, rng: np.random.Generator) -> DeskLayout:
    """All sitters face -y, as in a classroom or a trading floor."""
    d, gap = spec.desk_depth_m, float(rng.uniform(1.4, 1.8))
    first = 0.02 if rng.random() < 0.4 else MAIN_AISLE_M
    layout = DeskLayout()
    y = first + d / 2
    while y + d / 2 + 1.15 < across:
        for x0, count in _blocks(length, spec.desk_width_m, 5, rng):
            layout.desks += [DeskPlace(x0 + (n + 0.5) * spec.desk_width_m, y, 0.0) for n in range(count)]
        y += d + gap
    return layout


def _along_walls(spec: OfficeSpec, length: float, across: float, rng: np.random.Generator) -> DeskLayout:
    """Desks that face the two long walls, and a table in the middle where there is room."""
    w, d = spec.desk_width_m + float(rng.uniform(0, 0.15)), spec.desk_depth_m
    layout = DeskLayout()
    count = int((length - 1.3) // w)
    for n in range(count):
        x = length / 2 + (n - (count - 1) / 2) * w
        layout.desks.append(DeskPlace(x, d / 2 + 0.02, 0.0))
        if across > 2 * d + 2.4:
            layout.desks.append(DeskPlace(x, across - d / 2 - 0.02, math.pi))
    room = across - 2 * (d + 1.15) - 2 * CHAIR_ZONE_M
    if room > 0.9 and length > 4.0:
        table = min(length - 2.8, float(rng.uniform(1.6, 4.5)))
        depth = min(float(rng.uniform(0.9, 1.3)), room)
        layout.tables.append(TablePlace(length / 2, across / 2, 0.0, table, depth, max(1, int(table // 0.75))))
    return layout


def _free_tables(spec: OfficeSpec, length: float, across: float, rng: np.random.Generator) -> DeskLayout:
    """Tables of one make, a little askew, with two to four chairs on each side."""
    table = float(rng.uniform(1.4, 2.6))
    depth = float(rng.uniform(0.75, 1.2))
    pitch_x, pitch_y = table + float(rng.uniform(0.95, 1.4)), depth + 2 * CHAIR_ZONE_M + float(rng.uniform(0.1, 0.5))
    columns, rows = max(1, int((length - 0.3) // pitch_x)), max(1, int((across - 0.2) // pitch_y))
    spread_x, spread_y = min(length / columns, 1.15 * pitch_x), min(across / rows, 1.15 * pitch_y)
    layout = DeskLayout()
    for column in range(columns):
        for row in range(rows):
            x = length / 2 + (column - (columns - 1) / 2) * spread_x + float(rng.uniform(-0.1, 0.1))
            y = across / 2 + (row - (rows - 1) / 2) * spread_y + float(rng.uniform(-0.08, 0.08))
            turn = float(np.clip(rng.normal(0, 0.04), -0.08, 0.08))
            layout.tables.append(TablePlace(x, y, turn, table, depth, max(1, int(table // 0.68))))
    return layout


_LAYOUTS: dict[str, Callable[[OfficeSpec, float, float, np.random.Generator], DeskLayout]] = {
    "islands": _islands,
    "benches": _benches,
    "cubicles": _cubicles,
    "rows": _in_rows,
    "walls": _along_walls,
    "tables": _free_tables,
}


def _placed(layout: DeskLayout, zone: Zone, turned: bool) -> DeskLayout:
    """From the layout's own frame to the zone."""

    def put(x: float, y: float, heading: float) -> tuple[float, float, float]:
        if turned:
            return zone.x1 - y, zone.y0 + x, heading + math.pi / 2
        return zone.x0 + x, zone.y0 + y, heading

    return DeskLayout(
        [DeskPlace(*put(one.x, one.y, one.heading), one.screened, one.behind_m) for one in layout.desks],
        [PartitionPlace(*put(one.x, one.y, one.heading), one.length_m, one.height_m) for one in layout.partitions],
        [
            TablePlace(*put(one.x, one.y, one.heading), one.length_m, one.depth_m, one.chairs_a_side, one.shape)
            for one in layout.tables
        ],
    )
