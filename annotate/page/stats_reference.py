"""Boxes of real people from a list without pictures: what positions, sizes and tilts real overhead fisheye videos have.

A reference file is CSV, gzipped or not, with the columns video, frame, cx_px, cy_px, w_px, h_px, angle_deg_clockwise
(rotated boxes in CEPDOF's convention, which is that of annotate.boxes). It does not say how large the pictures are, and
nearly everything is measured relative to that, so the size is inferred for each video:

People under a ceiling camera point away from the nadir, which lies in the middle of the picture of a camera that hangs
level. Of the usual picture sizes, the one is taken in whose middle most of the elongated boxes point away from it within
12 degrees. It has to be as good, within a tenth, as the best point anywhere; better, by a tenth, than the next usual
size; and the boxes have to reach over half of its shorter side. Otherwise the size stays unknown, and the video is left
out of what needs it.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from annotate.boxes import canonical_rotated_boxes, rotated_box_corners
from annotate.errors import InputError
from annotate.lens import Array
from annotate.page.stats_boxes import MIN_ELONGATION, PictureBoxes, tilts_deg

COLUMNS = ("video", "frame", "cx_px", "cy_px", "w_px", "h_px", "angle_deg_clockwise")
USUAL_SIZES_PX = ((2048, 2048), (1080, 1080), (1280, 720), (1280, 960), (1440, 1080), (1920, 1080))
_ALIGNED_DEG = 12.0
_AS_GOOD, _BETTER = 0.9, 1.1
_MIN_REACH = 0.5
_MIN_BOXES = 50
_ENOUGH_BOXES = 1000
"""Frames of a video repeat each other: every so many boxes say the same."""
_GRID = 25
"""Points along each axis at which the best nadir is looked for."""


@dataclass(frozen=True)
class Reference:
    """The boxes of a reference file, and the picture size of each video, None where it could not be inferred."""

    name: str
    pictures: list[PictureBoxes]
    sizes_px: dict[str, tuple[int, int] | None]


def read_reference(path: Path) -> Reference:
    """Read a reference file; InputError names line and column of what is wrong."""
    videos: dict[str, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for video, frame, box in _rows(path):
        videos[video][frame].append(box)
    if not videos:
        raise InputError(f"{path}: holds no boxes; expected lines of {','.join(COLUMNS)}")
    sizes = {video: picture_size_of(_all_boxes(frames)) for video, frames in videos.items()}
    pictures = [
        one for video, frames in videos.items() for one in _pictures(video, list(frames.values()), sizes[video])
    ]
    return Reference(path.name.removesuffix(".gz").removesuffix(".csv"), pictures, sizes)


def picture_size_of(rotated: Array) -> tuple[int, int] | None:
    """Width and height of the usual picture that boxes (n, 5) were most likely drawn in; None if that is unclear."""
    elongated = rotated[rotated[:, 3] >= MIN_ELONGATION * rotated[:, 2]]
    if len(elongated) < _MIN_BOXES:
        return None
    elongated = elongated[:: max(1, len(elongated) // _ENOUGH_BOXES)]
    low, high = rotated[:, :2].min(axis=0), rotated[:, :2].max(axis=0)
    sizes = [size for size in USUAL_SIZES_PX if (high < size).all()]
    if not sizes:
        return None
    scores = dict(zip(sizes, _aligned(elongated, np.array(sizes) / 2).tolist(), strict=True))
    ranked = sorted(scores, key=lambda size: scores[size], reverse=True)
    best = ranked[0]
    columns, rows = np.meshgrid(*(np.linspace(low[axis], high[axis], _GRID) for axis in (0, 1)))
    anywhere = _aligned(elongated, np.stack([columns.ravel(), rows.ravel()], axis=1)).max()
    second = scores[ranked[1]] if len(ranked) > 1 else 0.0
    clear = scores[best] >= _AS_GOOD * anywhere and scores[best] >= _BETTER * second
    return best if clear and (high - low).max() >= _MIN_REACH * min(best) else None


def _aligned(elongated: Array, points_px: Array) -> Array:
    """(k,) part of the boxes (n, 5) that point away from each point (k, 2); those right at it, which point anywhere,
    left out."""
    nadir = points_px[:, None]
    counted = np.linalg.norm(elongated[:, :2] - nadir, axis=2) > elongated[:, 3] / 2
    aligned = counted & (tilts_deg(elongated, nadir) < _ALIGNED_DEG)
    enough = counted.sum(axis=1) >= _MIN_BOXES
    return np.where(enough, aligned.sum(axis=1) / np.maximum(counted.sum(axis=1), 1), 0.0)


def _all_boxes(frames: dict[str, list[list[float]]]) -> Array:
    return canonical_rotated_boxes([box for boxes in frames.values() for box in boxes])


def _pictures(video: str, frames: list[list[list[float]]], size: tuple[int, int] | None) -> list[PictureBoxes]:
    """The pictures of one video. Their upright boxes are those around the rotated ones, a little larger than boxes
    around the people."""
    rotated = canonical_rotated_boxes([box for boxes in frames for box in boxes])
    corners = rotated_box_corners(rotated)
    low, high = corners.min(axis=1), corners.max(axis=1)
    if size is not None:
        low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    side = None if size is None else float(min(size))
    nadir = np.full(2, np.nan) if size is None else np.array(size) / 2
    upright, ends = np.hstack([low, high - low]), np.cumsum([len(boxes) for boxes in frames])[:-1]
    parts = zip(np.split(upright, ends), np.split(rotated, ends), strict=True)
    return [PictureBoxes(video, side, nadir, *part) for part in parts]


def _rows(path: Path) -> Iterator[tuple[str, str, list[float]]]:
    if not path.is_file():
        raise InputError(f"--reference {path}: no such file; expected CSV with the columns {','.join(COLUMNS)}")
    try:
        with _opened(path) as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path}: column {missing[0]} is missing; expected {','.join(COLUMNS)}")
            for row in reader:
                yield row["video"], row["frame"], _numbers(row, path, reader.line_num)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as (gzipped) CSV: {error}") from None


def _opened(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _numbers(row: dict[str, str], path: Path, line: int) -> list[float]:
    values = []
    for name in COLUMNS[2:]:
        try:
            values.append(float(row[name]))
        except (TypeError, ValueError):
            raise InputError(f"{path}: line {line}: {name} is {row[name]!r}, expected a number") from None
    if not all(map(math.isfinite, values)) or min(values[2:4]) <= 0:
        raise InputError(f"{path}: line {line}: expected finite numbers, and w_px and h_px above 0")
    return values
