"""Rotated boxes of people as other programs' files state them, checked and put into the convention of annotate.boxes.

Shared by the formats that hold rotated boxes. All of them but LOAF count degrees as annotate.boxes does: clockwise from
the picture's vertical to the h axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from annotate.boxes import box_corners, canonical_rotated_boxes, clip_boxes, rotated_box_corners, upright_box_of
from annotate.dataset_model import Person
from annotate.errors import InputError
from annotate.formats.labelled import OUTSIDE_TOLERANCE_PX
from annotate.lens import Array

RotatedBox = tuple[float, float, float, float, float]
"""[cx, cy, w, h, degrees]."""


def number_list(value: Any, lengths: tuple[int, ...], place: str, expected: str) -> list[float]:
    """A list of finite numbers of one of these lengths; InputError says what place holds and what was expected."""
    is_list = isinstance(value, list | tuple) and len(value) in lengths
    if not is_list or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
        raise InputError(f"{place} is {value!r:.80}: expected {expected}")
    numbers = [float(one) for one in value]
    if not np.isfinite(numbers).all():
        raise InputError(f"{place} is {value!r:.80}: every value must be a finite number")
    return numbers


def checked_box(box: ArrayLike, size: tuple[int, int], place: str) -> RotatedBox:
    """The rotated box as it is, if it has an extent and its centre lies in the picture; InputError otherwise.

    Corners may leave the picture, as those of people at its border do; the centre may by OUTSIDE_TOLERANCE_PX.
    """
    cx, cy, w, h, degrees = (float(value) for value in np.asarray(box, float))
    shown = f"[{cx:g}, {cy:g}, {w:g}, {h:g}, {degrees:g}] (cx, cy, w, h in px, degrees)"
    if not np.isfinite([cx, cy, w, h, degrees]).all() or w <= 0 or h <= 0:
        raise InputError(f"{place}: box {shown} has no extent; expected w and h above 0")
    beyond = max(-cx, -cy, cx - size[0], cy - size[1])
    if beyond > OUTSIDE_TOLERANCE_PX:
        raise InputError(
            f"{place}: the centre of box {shown} lies {beyond:.1f} px outside its picture of {size[0]} x {size[1]} px; "
            "correct the label, or check that picture and label belong together"
        )
    return cx, cy, w, h, degrees


def canonical(box: Sequence[float]) -> RotatedBox:
    """The same box with h >= w and degrees in [-90, 90)."""
    cx, cy, w, h, degrees = canonical_rotated_boxes([box])[0].tolist()
    return cx, cy, w, h, degrees


def box_around(points_px: ArrayLike, size: tuple[int, int], place: str) -> list[float]:
    """The upright [x, y, w, h] box around points (n, 2), its part inside the picture; InputError if none is."""
    box: list[float] = clip_boxes([upright_box_of(points_px)], *size)[0].tolist()
    if box[2] <= 0 or box[3] <= 0:
        raise InputError(f"{place}: no part of the box lies inside its picture of {size[0]} x {size[1]} px")
    return box


def person_values(box: ArrayLike, size: tuple[int, int], place: str) -> dict[str, Any]:
    """rotated_bbox (canonical) and bbox (upright, inside the picture) of a person of whom a file knows only this box."""
    checked = checked_box(box, size, place)
    bbox = box_around(rotated_box_corners([checked])[0], size, place)
    return {"rotated_bbox": canonical(checked), "bbox": bbox, "provenance": "human"}


def rotated_or_upright(person: Person) -> RotatedBox:
    """The person's rotated box, canonical; where there is none the radius-aligned one, or else bbox at 0 degrees."""
    known = person.rotated_bbox or person.radius_bbox
    if known is not None:
        return canonical(known)
    x, y, w, h = person.bbox
    return canonical((x + w / 2, y + h / 2, w, h, 0.0))


def outline_corners(person: Person) -> Array:
    """Corners (4, 2) in px of the person's rotated box, or of its upright one where it has no rotated box."""
    if person.rotated_bbox is not None:
        return np.asarray(rotated_box_corners([person.rotated_bbox])[0])
    return box_corners(person.bbox)
