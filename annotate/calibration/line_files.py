"""Traced edges and matched points as files: lines in YAML or as Labelme wrote them, points in CSV.

    lines:                                     # pixels: x right, y down, the first pixel's centre is (0.5, 0.5)
      - {name: desk, points: [[577, 193.7], [645, 198], [700, 207]]}
      - {name: wall, points: [[925, 172], [934, 195], [953, 259]], direction: y}
      - {name: carpet, parts: [[[407, 123], [402, 188]], [[398, 458], [400, 538]]]}    # something stands in between

direction: x, y or z for edges that run along the room's three directions at right angles to each other (z: upright);
left out where not known. In Labelme a line strip's label is its name, and the direction if it is x, y or z; strips of
one group are parts of one edge.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotate.calibration.fields import read_mapping, read_text
from annotate.errors import InputError
from annotate.lens import Array

_DIRECTIONS = {"x": 0, "y": 1, "z": 2}
_POINT_COLUMNS = ("x_m", "y_m", "z_m", "x_px", "y_px")


@dataclass(frozen=True)
class Lines:
    """Traced edges."""

    names: list[str]
    parts: list[list[Array]]
    """For each edge the stretches of it that are seen, (k, 2) px each."""
    directions: list[int | None]
    """0, 1, 2 for x, y, z."""

    @property
    def curves(self) -> list[Array]:
        """Each edge's points, (k, 2) px."""
        return [np.vstack(parts) for parts in self.parts]


def read_lines(path: Path) -> Lines:
    """Edges of a YAML or Labelme file; InputError names the line that is wrong."""
    values = read_mapping(path).values
    entries, key = (values.get("shapes"), "shapes") if "shapes" in values else (values.get("lines"), "lines")
    if not isinstance(entries, list) or not entries:
        raise InputError(
            f"{path}: expected `lines`, a list of {{points: [[x, y], ...]}}, or a Labelme file with `shapes`"
        )
    lines, group_at = Lines([], [], []), dict[str, int]()
    for index, entry in enumerate(entries):
        name, parts, way = _line(path, f"{key}[{index}]", entry)
        group = entry.get("group_id")
        if group is not None and str(group) in group_at:
            lines.parts[group_at[str(group)]] += parts
            continue
        group_at |= {} if group is None else {str(group): len(lines.names)}
        lines.names.append(name)
        lines.parts.append(parts)
        lines.directions.append(way)
    return lines


def read_points(path: Path) -> tuple[Array, Array]:
    """Places (n, 3) m and pixels (n, 2) of a CSV with the columns x_m, y_m, z_m, x_px, y_px."""
    rows = list(csv.DictReader(read_text(path).splitlines()))
    if not rows or any(column not in rows[0] for column in _POINT_COLUMNS):
        found = ", ".join(map(str, rows[0])) if rows else "nothing"
        raise InputError(f"{path}: expected the columns {', '.join(_POINT_COLUMNS)} and rows under them, found {found}")
    numbers = np.empty((len(rows), 5))
    for index, row in enumerate(rows):
        for place, column in enumerate(_POINT_COLUMNS):
            try:
                numbers[index, place] = float(row[column])
            except (TypeError, ValueError):
                numbers[index, place] = np.nan
            if not np.isfinite(numbers[index, place]):
                raise InputError(f"{path}: row {index + 1}, {column} is {row[column]!r}, expected a number")
    return numbers[:, :3], numbers[:, 3:]


def _line(path: Path, where: str, entry: Any) -> tuple[str, list[Array], int | None]:
    parted = isinstance(entry, Mapping) and isinstance(entry.get("parts"), list) and entry["parts"]
    if not isinstance(entry, Mapping) or not ("points" in entry or parted):
        raise InputError(f"{path}: {where}: expected a line with `points` or `parts`, found {entry!r:.80}")
    name = str(entry.get("name") or entry.get("label") or where)
    way = entry.get("direction", name if "label" in entry and name.lower() in _DIRECTIONS else None)
    if way is not None and str(way).lower() not in _DIRECTIONS:
        raise InputError(f"{path}: {where}.direction is {way!r}, expected x, y or z, or leave it out")
    if "points" in entry:
        parts = [_points(path, f"{where}.points", entry["points"])]
    else:
        parts = [_points(path, f"{where}.parts[{index}]", part) for index, part in enumerate(entry["parts"])]
    return name, parts, None if way is None else _DIRECTIONS[str(way).lower()]


def _points(path: Path, where: str, value: Any) -> Array:
    try:
        curve = np.asarray(value, float)
    except (TypeError, ValueError):
        curve = np.empty(0)
    if curve.ndim != 2 or curve.shape[1] != 2 or len(curve) < 2 or not np.isfinite(curve).all():
        raise InputError(f"{path}: {where}: expected two or more [x, y], found {value!r:.80}")
    return curve
