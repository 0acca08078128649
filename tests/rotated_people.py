"""Pictures with rotated boxes that tests of the rotated-box formats write at run time, and how they compare them."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from annotate.boxes import rotated_box_corners
from annotate.dataset_model import DatasetInfo, Person, Picture
from annotate.files import write_image
from annotate.formats.labelled import LabelledPictures

SIZE = (200, 160)
"""Width and height in px of every picture."""
BOXES = [(60.0, 50.5, 20.25, 44.0, 30.0), (120.0, 100.0, 18.0, 51.125, -72.5), (150.0, 40.0, 24.0, 25.0, -90.0)]
"""Rotated boxes inside the picture, canonical."""
BORDER_BOX = (194.0, 80.0, 20.0, 40.0, 15.0)
"""Its right corners lie outside the picture."""


def rotated_pictures(root: Path, names: tuple[str, ...] = ("a/f_1.jpg", "a/f_2.jpg", "b/g_1.jpg")) -> LabelledPictures:
    """Pictures in root: in the first BOXES, an upright person and a hidden one; in the second one at the border, in
    the others nobody."""
    people = [rotated_person(number, box) for number, box in enumerate(BOXES, start=1)]
    people[1] = people[1].model_copy(update={"attributes": {"person_id": 7, "pose": "sits"}})
    people.append(Person(instance_id=5, bbox=(10, 20, 40, 24)))
    people.append(Person(instance_id=6, bbox=(100, 10, 4, 6), hidden=True))
    crowds = [people, [rotated_person(1, BORDER_BOX)], *([] for _ in names[2:])]
    pictures = []
    for number, (name, shown) in enumerate(zip(names, crowds, strict=True)):
        write_image(root / name, np.full((SIZE[1], SIZE[0], 3), 40 + number, np.uint8))
        pictures.append(Picture(id=number, file_name=name, width=SIZE[0], height=SIZE[1], people=shown))
    return LabelledPictures.of_images(
        DatasetInfo(kind="synthetic", name="made"), pictures, [root / name for name in names]
    )


def rotated_person(instance_id: int, box: tuple[float, ...]) -> Person:
    """A person whose upright box is the part of the rotated one's surroundings inside the picture."""
    low = np.clip(rotated_box_corners([box])[0].min(axis=0), 0, SIZE)
    high = np.clip(rotated_box_corners([box])[0].max(axis=0), 0, SIZE)
    return Person(instance_id=instance_id, bbox=(*low, *(high - low)), rotated_bbox=box)


def leaning_bar() -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """A mask (h x w, bool) of a bar whose upper end leans 30 degrees to the right, drawn by OpenCV from its two ends,
    and cx, cy, w, h of the box around it."""
    centre, half = np.array([100.0, 80.0]), 40.0
    lean = half * np.array([math.sin(math.radians(30)), -math.cos(math.radians(30))])
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    ends = [tuple(int(value) for value in np.round(centre + sign * lean)) for sign in (1, -1)]
    cv2.line(mask, ends[0], ends[1], 255, thickness=15)
    return mask > 0, (100.5, 80.5, 16.0, 88.0)


def overlap_of(box: tuple[float, ...] | None, mask: np.ndarray) -> float:
    """Intersection over union of a rotated box, filled by OpenCV, and a mask."""
    filled = np.zeros(mask.shape, np.uint8)
    assert box is not None
    cv2.fillPoly(filled, [np.round(rotated_box_corners([box])[0] - 0.5).astype(np.int32)], 255)
    return float(((filled > 0) & mask).sum() / ((filled > 0) | mask).sum())


def assert_same_people(before: LabelledPictures, after: LabelledPictures, atol: float) -> None:
    """Same pictures, same shown people in the same order; rotated boxes to atol px and degrees."""
    assert [picture.file_name for picture in before.pictures] == [picture.file_name for picture in after.pictures]
    for old_path, new_path in zip(before.image_paths, after.image_paths, strict=True):
        assert old_path.read_bytes() == new_path.read_bytes()
    for old, new in zip(before.pictures, after.pictures, strict=True):
        for one, other in zip(old.shown_people, new.people, strict=True):
            np.testing.assert_allclose(other.bbox, one.bbox, atol=3 * atol + 1e-9)
            if one.rotated_bbox is not None:
                np.testing.assert_allclose(other.rotated_bbox, one.rotated_bbox, atol=atol)
