"""What formats of drawn shapes share: polygons and run lengths to masks, corners to boxes, shapes to people.

Points are edges, as everywhere here: the first pixel reaches from 0 to 1. Programs that draw (Labelme, CVAT) count the
same way, so their numbers are taken as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pycocotools import mask as coco_mask

from annotate.boxes import canonical_rotated_boxes, clip_boxes, mask_to_box, rotated_box_corners, upright_box_of
from annotate.dataset_model import Person
from annotate.errors import InputError
from annotate.formats.labelled import OUTSIDE_TOLERANCE_PX
from annotate.keypoints import KEYPOINTS
from annotate.outlines import mask_outlines
from annotate.rle import encode_rle
from annotate.validation import first_repeated, validated

SHAPE_FIELDS: dict[str, str] = {
    "person": "bbox",
    "person_rotated": "rotated_bbox",
    "person_radius": "radius_bbox",
    "person_whole": "whole_bbox",
    "head": "head_bbox",
}
"""Labels of boxes and the fields of Person that they fill. "head" as a point fills head_point."""
IGNORE_LABEL = "ignore"
WORD_FIELDS = ("visible_fraction", "head_m", "foot_m", "provenance", "attributes")
"""Fields of Person that nobody can draw: written as words beside the shapes."""


@dataclass
class PersonShapes:
    """The shapes of one person, as far as a file has them; person() makes a label of them."""

    place: str
    """Where the first shape stands, for messages."""
    boxes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """By field of Person; rotated boxes as [cx, cy, w, h, deg]."""
    masks: list[np.ndarray] = field(default_factory=list)
    """Parts of the mask, HW bool."""
    keypoints: dict[str, tuple[float, float, int]] = field(default_factory=dict)
    """x px, y px, visibility by name."""
    values: dict[str, Any] = field(default_factory=dict)
    """Other fields of Person."""

    def put_box(self, name: str, box: Iterable[float], place: str) -> None:
        """Set a box field; InputError if the person has that one already."""
        if name in self.boxes:
            raise InputError(
                f"{place}: a second {name} of one person (the first belongs to {self.place}); "
                "shapes of different people need different groups"
            )
        self.boxes[name] = tuple(float(side) for side in box)

    def put_keypoint(self, name: str, x: float, y: float, visibility: int, place: str) -> None:
        """Set a keypoint; InputError if the person has that one already."""
        if name in self.keypoints:
            raise InputError(f'{place}: a second "{name}" of one person; remove one, or give it another group')
        self.keypoints[name] = (x, y, visibility) if visibility else (0.0, 0.0, 0)

    def person(self, instance_id: int, size: tuple[int, int]) -> Person:
        """The label. Without an upright box it is the one around the mask, else around the rotated box."""
        values: dict[str, Any] = {"provenance": "human", **self.values, **self.boxes}
        mask = np.any(self.masks, axis=0) if self.masks else None
        if mask is not None:
            values |= {"segmentation_rle": encode_rle(mask), "area": float(mask.sum())}
        if "rotated_bbox" in self.boxes:
            values["rotated_bbox"] = canonical_rotated_boxes([self.boxes["rotated_bbox"]])[0].tolist()
        if "bbox" not in self.boxes:
            values["bbox"] = self._box(mask, size)
        if self.keypoints:
            values["keypoints"] = [self.keypoints.get(name, (0.0, 0.0, 0)) for name in KEYPOINTS]
        return validated(Person, {**values, "instance_id": instance_id}, self.place)

    def _box(self, mask: np.ndarray | None, size: tuple[int, int]) -> list[float]:
        if mask is not None:
            box = mask_to_box(mask)
            if box is None:
                raise InputError(f"{self.place}: the shape covers no pixel of the picture; draw it anew or remove it")
            return box
        if "rotated_bbox" not in self.boxes:
            found = ", ".join([*self.boxes, *self.keypoints]) or "nothing else"
            raise InputError(f"{self.place}: a person without box or outline (found {found}); draw one in its group")
        return upright_box_inside(self.boxes["rotated_bbox"], size, self.place)


def upright_box_inside(rotated: Iterable[float], size: tuple[int, int], place: str) -> list[float]:
    """The upright box around a rotated one, clipped to the picture; InputError if nothing is left of it."""
    box: list[float] = clip_boxes([upright_box_of(rotated_box_corners([list(rotated)])[0])], *size)[0].tolist()
    if box[2] <= 0 or box[3] <= 0:
        raise InputError(f"{place}: the rotated box lies outside its picture of {size[0]} x {size[1]} px")
    return box


def rotated_box_of_corners(points: ArrayLike, place: str) -> list[float]:
    """[cx, cy, w, h, deg] (annotate.boxes) of the 4 corners of a rectangle in order; w is the first side.

    InputError if they are no rectangle within OUTSIDE_TOLERANCE_PX.
    """
    corners = np.asarray(points, float)
    if corners.shape != (4, 2) or not np.isfinite(corners).all():
        raise InputError(f"{place}.points: found {len(corners)} points, expected the 4 corners of a rotated box")
    first = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
    second = (corners[3] - corners[0] + corners[2] - corners[1]) / 2
    w, h = float(np.linalg.norm(first)), float(np.linalg.norm(second))
    if min(w, h) <= 0:
        raise InputError(f"{place}.points: the rotated box has no extent ({w:g} x {h:g} px); draw it anew or remove it")
    skew = np.linalg.norm(corners[0] + corners[2] - corners[1] - corners[3]) / 2
    lean = abs(first @ second) / max(w, h)
    if max(skew, lean) > OUTSIDE_TOLERANCE_PX:
        raise InputError(f"{place}.points: the 4 points are no rectangle; draw a rotated box, or make it a polygon")
    return [*corners.mean(axis=0).tolist(), w, h, float(np.degrees(np.arctan2(first[1], first[0])))]


def polygon_mask(polygons: Iterable[ArrayLike], size: tuple[int, int]) -> np.ndarray:
    """HW bool of polygons, (n, 2) or flat x1, y1, x2 ...; filled as COCO fills them. ValueError says what is wrong."""
    width, height = size
    flat = [np.asarray(polygon, float) for polygon in polygons]
    for points in flat:
        if points.ndim not in (1, 2) or points.size < 6 or points.size % 2:
            raise ValueError("a polygon needs 3 or more points: [x1, y1, x2, y2, x3, y3 ...]")
        pairs = points.reshape(-1, 2)
        # COCO's rasteriser allots memory for the way around the polygon, also where that leaves the picture.
        if not np.isfinite(pairs).all() or (np.abs(pairs - (width / 2, height / 2)) > 1.5 * max(size)).any():
            raise ValueError(f"a point lies far outside its picture of {width} x {height} px")
    rle = coco_mask.frPyObjects([points.ravel().tolist() for points in flat], height, width)
    return np.asarray(coco_mask.decode(coco_mask.merge(rle)).astype(bool))


def exact_polygons(mask: np.ndarray) -> list[np.ndarray] | None:
    """Outlines (k, 2) px that polygon_mask turns into this very mask; None if there are none (holes, say)."""
    outlines = mask_outlines(mask)
    size = (mask.shape[1], mask.shape[0])
    return outlines if outlines and (polygon_mask(outlines, size) == mask).all() else None


def alternating_runs(counts: Any, length: int) -> np.ndarray:
    """(length,) bool of run lengths that begin with a run of zeros; ValueError if they do not fill it exactly."""
    if not all(isinstance(run, int) and run >= 0 for run in counts) or sum(counts) != length:
        covered = sum(run for run in counts if isinstance(run, int))
        raise ValueError(f"run lengths cover {covered} pixels, expected {length} (whole numbers from 0)")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def keypoint_name(text: str) -> str | None:
    """The keypoint of annotate.keypoints that a label means ("Left Eye", "left-eye"); None if it is none."""
    name = text.strip().lower().replace(" ", "_").replace("-", "_")
    return name if name in KEYPOINTS else None


def drawn_people(groups: Mapping[Any, PersonShapes], size: tuple[int, int]) -> list[Person]:
    """The people of one picture; their own instance ids if each has a different one, otherwise the order counts."""
    stated = [shapes.values.get("instance_id") for shapes in groups.values()]
    usable = all(isinstance(one, int) and 1 <= one <= 65535 for one in stated) and first_repeated(stated) is None
    ids = stated if usable else range(1, len(stated) + 1)
    return [shapes.person(int(one or 0), size) for shapes, one in zip(groups.values(), ids, strict=True)]


def in_words(person: Person) -> dict[str, Any]:
    """WORD_FIELDS of a person as JSON, without those that say nothing; the area where no mask says it."""
    values = person.model_dump(mode="json", include=set(WORD_FIELDS))
    if person.segmentation_rle is None and person.area != person.bbox[2] * person.bbox[3]:
        values["area"] = person.area
    return {name: value for name, value in values.items() if value not in (None, {})}
