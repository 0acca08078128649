"""Pictures as a detector takes them: decoded once, laid into the square network input, kept in memory as uint8.

A picture is scaled so that its longer side fills the input and is put in the middle, black beside it, as black as a
fisheye's own surrounding (letterbox). Boxes and areas move with it, and detections come back the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from annotate.boxes import pixel_outline
from annotate.dataset import Dataset, Person, Picture
from annotate.errors import InputError

Target = Literal["person", "head"]


@dataclass(frozen=True)
class Letterbox:
    """input px = picture px * scale + offset_px (x, y)."""

    scale: float
    offset_px: tuple[float, float]

    def boxes_to_input(self, boxes: np.ndarray) -> np.ndarray:
        """(n, 4) [x, y, w, h] of the picture in input px."""
        shift = np.array([*self.offset_px, 0.0, 0.0])
        return boxes * self.scale + shift

    def boxes_to_picture(self, boxes: np.ndarray) -> np.ndarray:
        """(n, 4) [x, y, w, h] of the input in picture px; the inverse of boxes_to_input."""
        return (boxes - np.array([*self.offset_px, 0.0, 0.0])) / self.scale

    def rotated_to_input(self, boxes: np.ndarray) -> np.ndarray:
        """(n, 5) rotated boxes of the picture in input px."""
        return boxes * [self.scale, self.scale, self.scale, self.scale, 1.0] + [*self.offset_px, 0.0, 0.0, 0.0]

    def rotated_to_picture(self, boxes: np.ndarray) -> np.ndarray:
        """(n, 5 or 6) rotated boxes, with a score or without, of the input in picture px; inverse of rotated_to_input."""
        back = boxes.copy()
        back[:, :2] -= self.offset_px
        back[:, :4] /= self.scale
        return back

    def points_to_input(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) points of the picture in input px."""
        return np.asarray(points, dtype=np.float64) * self.scale + np.array(self.offset_px)

    def detections_to_picture(self, detections: np.ndarray, width: int, height: int) -> np.ndarray:
        """(n, 5) [x, y, w, h, score] of the input in picture px, cut at the picture's border; empty boxes go."""
        low = (detections[:, :2] - self.offset_px) / self.scale
        high = low + detections[:, 2:4] / self.scale
        low, high = low.clip(0, [width, height]), high.clip(0, [width, height])
        back = np.concatenate([low, high - low, detections[:, 4:]], axis=1)
        return back[(back[:, 2:4] > 0).all(axis=1)]


@dataclass(frozen=True)
class Sample:
    """One picture in input px.

    image: (s, s, 3) uint8 RGB; boxes: (n, 4) [x, y, w, h] to be found; people: whose they are; ignored: (k, 4) neither
    found nor missed; areas: ignore polygons, (m, 2) each; nadir_px: (2,).
    rotated: (n, 5) boxes of annotate.boxes, None if somebody has none. outlines: points (k, 2) around each, by which
    boxes stay tight when the picture is turned; None if they are not known for everybody, or not asked for.
    """

    dataset: Dataset
    picture: Picture
    image: np.ndarray
    boxes: np.ndarray
    ignored: np.ndarray
    areas: list[np.ndarray]
    nadir_px: np.ndarray
    letterbox: Letterbox
    people: tuple[Person, ...] = ()
    rotated: np.ndarray | None = None
    outlines: tuple[np.ndarray, ...] | None = None


def target_box(person: Person, target: Target) -> tuple[float, ...] | None:
    """The box that is detected, [x, y, w, h] picture px; None for a head that nobody labelled."""
    return person.bbox if target == "person" else person.head_bbox


def targets(people: Iterable[Person], target: Target, min_visible: float) -> tuple[list[Person], list[Person]]:
    """People to be found, and people of whom too little can be seen to ask for them."""
    found: list[Person] = []
    ignored: list[Person] = []
    for person in people:
        if target_box(person, target) is not None:
            faint = person.visible_fraction is not None and person.visible_fraction < min_visible
            (ignored if person.hidden or faint else found).append(person)
    return found, ignored


def _boxes(people: Sequence[Person], target: Target) -> np.ndarray:
    return np.array([target_box(person, target) for person in people], dtype=np.float64).reshape(-1, 4)


def letterboxed(image: np.ndarray, input_px: int) -> tuple[np.ndarray, Letterbox]:
    """The picture (HWC uint8) in the middle of a black (input_px, input_px, 3) square, and how it got there."""
    height, width = image.shape[:2]
    scale = input_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, size, interpolation=interpolation)
    left, top = (input_px - size[0]) // 2, (input_px - size[1]) // 2
    square = np.zeros((input_px, input_px, 3), dtype=np.uint8)
    square[top : top + size[1], left : left + size[0]] = small
    return square, Letterbox(scale, (float(left), float(top)))


def load_sample(
    dataset: Dataset, picture: Picture, input_px: int, target: Target, min_visible: float, outlined: bool = False
) -> Sample:
    """One picture, decoded and letterboxed. outlined: with outlines where masks or rotated boxes give them."""
    image, letterbox = letterboxed(dataset.image(picture), input_px)
    people, ignored = targets(picture.people, target, min_visible)
    outlines = outlines_of(dataset, picture, people) if outlined and target == "person" else None
    return Sample(
        dataset=dataset,
        picture=picture,
        image=image,
        boxes=letterbox.boxes_to_input(_boxes(people, target)),
        ignored=letterbox.boxes_to_input(_boxes(ignored, target)),
        areas=[letterbox.points_to_input(np.array(area)) for area in picture.ignore_areas],
        nadir_px=letterbox.points_to_input(dataset.nadir_px(picture)[None])[0],
        letterbox=letterbox,
        people=tuple(people),
        rotated=_rotated(people, letterbox) if target == "person" else None,
        outlines=None if outlines is None else tuple(letterbox.points_to_input(points) for points in outlines),
    )


def _rotated(people: Sequence[Person], letterbox: Letterbox) -> np.ndarray | None:
    """(n, 5) rotated boxes in input px; None if somebody has none."""
    boxes = [person.rotated_bbox for person in people]
    if any(box is None for box in boxes):
        return None
    return letterbox.rotated_to_input(np.array(boxes, dtype=np.float64).reshape(-1, 5))


def outlines_of(dataset: Dataset, picture: Picture, people: Sequence[Person]) -> list[np.ndarray] | None:
    """Points (k, 2) px around each: the convex hull of its mask, else the ellipse in its rotated box. None if somebody
    has neither."""
    mask = dataset.mask(picture) if dataset.has_masks(picture) else None
    found = []
    for person in people:
        points = _hull(mask, person) if mask is not None else None
        if points is None and person.rotated_bbox is not None:
            points = ellipse_points(np.array(person.rotated_bbox))
        if points is None:
            return None
        found.append(points)
    return found


def _hull(mask: np.ndarray, person: Person) -> np.ndarray | None:
    """Convex hull of a person's pixels; None if the mask has none of them."""
    x, y, w, h = person.bbox
    left, top = max(int(x), 0), max(int(y), 0)
    rows, columns = np.nonzero(mask[top : int(np.ceil(y + h)), left : int(np.ceil(x + w))] == person.instance_id)
    if not len(rows):
        return None
    points = pixel_outline(rows + top, columns + left).astype(np.float32)
    return np.asarray(cv2.convexHull(points)[:, 0], dtype=np.float64)


def ellipse_points(box: np.ndarray, count: int = 24) -> np.ndarray:
    """(count, 2) points of the ellipse inscribed in a rotated box (5,): people do not fill the corners of their boxes."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    angle = np.radians(box[4])
    along_w = np.array([np.cos(angle), np.sin(angle)]) * box[2] / 2
    along_h = np.array([np.sin(angle), -np.cos(angle)]) * box[3] / 2
    return np.asarray(box[:2] + np.cos(turn)[:, None] * along_w + np.sin(turn)[:, None] * along_h)


def load_samples(
    datasets: Iterable[Dataset],
    input_px: int,
    target: Target,
    min_visible: float,
    progress: Callable[[Iterable[Sample]], Iterable[Sample]] = iter,
    outlined: bool = False,
) -> list[Sample]:
    """All pictures of the datasets, in their order. progress: wraps the samples as they come, as tqdm does."""
    pairs = [(dataset, picture) for dataset in datasets for picture in dataset]

    def load(pair: tuple[Dataset, Picture]) -> Sample:
        return load_sample(*pair, input_px=input_px, target=target, min_visible=min_visible, outlined=outlined)

    with ThreadPoolExecutor(2) as pool:
        return list(progress(pool.map(load, pairs)))


OUTSIDE_PX = 1.0
"""By so much a box may leave its picture: rounding."""


def require_boxes(dataset: Dataset, target: Target, purpose: str) -> int:
    """Number of boxes of the target in a dataset; InputError if there are none. purpose: the option that named it."""
    people = [person for picture in dataset for person in picture.shown_people]
    if target == "head" and people and all(person.head_bbox is None for person in people):
        raise InputError(
            f"{purpose} {dataset.root}: target is head, but none of its {len(people)} people has a head box; "
            "use --target person, or a dataset with labelled heads"
        )
    if not people:
        raise InputError(
            f"{purpose} {dataset.root}: found 0 people in {len(dataset)} pictures, expected at least 1; "
            "precision and recall need labelled people. Name a dataset with boxes"
        )
    _refuse_boxes_outside(dataset, target, purpose)
    return sum(1 for person in people if target_box(person, target) is not None)


def _refuse_boxes_outside(dataset: Dataset, target: Target, purpose: str) -> None:
    """InputError for boxes that leave their pictures: they cannot be found, and pull those that can be off."""
    found = []
    for picture in dataset:
        for person in picture.shown_people:
            box = target_box(person, target)
            if box is not None:
                x, y, w, h = box
                beyond = max(-x, -y, x + w - picture.width, y + h - picture.height)
                if beyond > OUTSIDE_PX:
                    found.append(f"{picture.file_name}, person {person.instance_id}, by {beyond:.0f} px")
    if found:
        raise InputError(
            f"{purpose} {dataset.root}: {len(found)} {target} boxes leave their pictures, the first is {found[0]}; "
            "`generate.py check` lists them all; cut them at the border, or convert the original labels again"
        )
