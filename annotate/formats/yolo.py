"""YOLO text labels: one .txt per picture, one line `class cx cy w h` per box, as fractions of the picture.

Written: images/, labels/, classes.txt and the data.yaml that Ultralytics and other trainers take; hidden people are left
out. An empty label file says that nobody is in the picture; a missing one says nothing. annotate.formats.yolo_folder
says what a folder may look like.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from annotate.boxes import cxcywh_from_xywh, xywh_from_cxcywh
from annotate.dataset_model import Person, Picture
from annotate.errors import InputError
from annotate.formats.labelled import LabelledPictures, ReadOptions, clipped_box
from annotate.formats.text_labels import LineValues, line_numbers
from annotate.formats.yolo_folder import read_yolo_folder, write_yolo_folder

HOLDS: frozenset[str] = frozenset({"bbox"})
"""Person boxes only."""
_EXAMPLE = "class cx cy w h"


def read_yolo(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a YOLO folder. InputError for anything missing, broken or outside its picture, naming file and line."""
    return read_yolo_folder(source, options, _EXAMPLE, _line_reader)


def write_yolo(labelled: LabelledPictures, out: Path) -> None:
    """Write images/, labels/, classes.txt and data.yaml into the empty folder out. Boxes only: YOLO holds no more."""
    write_yolo_folder(labelled, out, _line)


def _line(picture: Picture, person: Person) -> str:
    cx, cy, w, h = cxcywh_from_xywh([person.bbox])[0]
    values = (cx / picture.width, cy / picture.height, w / picture.width, h / picture.height)
    return " ".join(["0", *(f"{value:.9f}" for value in values)]) + "\n"


def _line_reader(class_id: int) -> LineValues:
    def values_of(line: str, size: tuple[int, int], place: str) -> dict[str, Any] | None:
        words = line.split()
        if len(words) != 5:
            hint = " (9 columns are the format yolo-obb)" if len(words) == 9 else ""
            raise InputError(f"{place}: found {len(words)} columns, expected 5{hint}: {_EXAMPLE}")
        number, *fractions = line_numbers(words, place, _EXAMPLE)
        if number != class_id:
            return None
        if max(fractions[2:]) > 2:
            raise InputError(
                f"{place}: width and height are {fractions[2]:g}, {fractions[3]:g}: fractions (0 to 1), not pixels"
            )
        box = xywh_from_cxcywh([[share * size[axis % 2] for axis, share in enumerate(fractions)]])[0]
        return {"bbox": clipped_box(box, *size, place), "provenance": "human"}

    return values_of
