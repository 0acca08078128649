"""YOLO-OBB (Ultralytics): oriented boxes as four corners, one line `class x1 y1 x2 y2 x3 y3 x4 y4` per box.

    images/frame_1.jpg, labels/frame_1.txt, data.yaml (train, val, names)

Coordinates are fractions of the picture. Ultralytics reads the corners in any order, as the smallest rectangle around
them (cv2.minAreaRect). Read here: corners of a rectangle exactly, other quadrilaterals as that smallest rectangle. Class
names come from data.yaml or classes.txt; without them only class 0 may be there.

Written: images/, labels/ and data.yaml. Corners run clockwise from the upper left one of the box before it is turned
(annotate.boxes). Those of people at the picture's border may lie outside 0 to 1: the format's description says between 0
and 1, its loader checks the upright box around the corners only (centre and extent), and moving them would change the
box. Hidden people are left out; people without a rotated box are written with their radius-aligned one, or with their
upright box at 0 degrees.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from annotate.boxes import rotated_box_corners
from annotate.dataset_model import Person, Picture
from annotate.errors import InputError
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.rotated import person_values, rotated_or_upright
from annotate.formats.text_labels import LineValues, line_numbers
from annotate.formats.yolo_folder import read_yolo_folder, write_yolo_folder
from annotate.lens import Array

HOLDS: frozenset[str] = frozenset({"rotated_bbox"})
_EXAMPLE = "class x1 y1 x2 y2 x3 y3 x4 y4"
_SQUARENESS_PX = 0.05
"""Corners this close to those of a rectangle are one, but for rounding."""


def read_yolo_obb(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a YOLO-OBB folder. InputError for anything missing, broken or outside its picture, naming file and line."""
    return read_yolo_folder(source, options, _EXAMPLE, _line_reader)


def write_yolo_obb(labelled: LabelledPictures, out: Path) -> None:
    """Write images/, labels/, classes.txt and data.yaml into the empty folder out."""
    write_yolo_folder(labelled, out, _line)


def rectangle_of(corners_px: Array) -> list[float]:
    """[cx, cy, w, h, degrees] of a rectangle's corners (4, 2) in order around it; of the smallest rectangle otherwise."""
    around = corners_px - corners_px.mean(axis=0)
    first, second = around[1] - around[0], around[3] - around[0]
    diagonals = np.linalg.norm(around, axis=1)
    skew = np.abs(around[0] + around[2]).max(), float(np.ptp(diagonals))
    if max(skew) > _SQUARENESS_PX:
        (cx, cy), (w, h), degrees = cv2.minAreaRect(corners_px.astype(np.float32))
        # OpenCV's angle turns the w axis clockwise from the picture's right: the same turn as of h from its vertical.
        return [cx, cy, w, h, degrees]
    w, h = (float(np.linalg.norm(side)) for side in (first, second))
    return [*corners_px.mean(axis=0).tolist(), w, h, float(np.degrees(np.arctan2(first[1], first[0])))]


def _line(picture: Picture, person: Person) -> str:
    corners = rotated_box_corners([rotated_or_upright(person)])[0] / [picture.width, picture.height]
    return " ".join(["0", *(f"{value:.9f}" for value in corners.ravel())]) + "\n"


def _line_reader(class_id: int) -> LineValues:
    return lambda line, size, place: _values(line, size, place, class_id)


def _values(line: str, size: tuple[int, int], place: str, class_id: int) -> dict[str, Any] | None:
    words = line.split()
    if len(words) != 9:
        hint = " (5 columns are the format yolo)" if len(words) == 5 else ""
        raise InputError(f"{place}: found {len(words)} columns, expected 9{hint}: {_EXAMPLE}")
    number, *fractions = line_numbers(words, place, _EXAMPLE)
    if number != class_id:
        return None
    if not np.isfinite(fractions).all() or np.abs(fractions).max() > 2:
        raise InputError(f"{place}: corners are {' '.join(words[1:])!r:.80}: expected fractions (0 to 1), not pixels")
    corners = np.asarray(fractions, float).reshape(4, 2) * np.asarray(size, float)
    return person_values(rectangle_of(corners), size, place)
