"""Pictures as a detector takes them: decoded once, laid into the square network input, kept in memory as uint8.

A picture is scaled so that its longer side fills the input and is put in the middle, black beside it, as black as a
fisheye's own surrounding (letterbox). Boxes and areas move with it, and detections come back the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

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
    """One picture in input px. image: (s, s, 3) uint8 RGB; boxes: (n, 4) to be found; ignored: (k, 4) neither
    found nor missed; areas: ignore polygons, (m, 2) each; nadir_px: (2,).
    """

    dataset: Dataset
    picture: Picture
    image: np.ndarray
    boxes: np.ndarray
    ignored: np.ndarray
    areas: list[np.ndarray]
    nadir_px: np.ndarray
    letterbox: Letterbox


def target_boxes(people: Iterable[Person], target: Target, min_visible: float) -> tuple[np.ndarray, np.ndarray]:
    """(n, 4) boxes to be found and (k, 4) boxes of people of whom too little can be seen, [x, y, w, h] picture px."""
    found: list[tuple[float, ...]] = []
    ignored: list[tuple[float, ...]] = []
    for person in people:
        box = person.bbox if target == "person" else person.head_bbox
        if box is not None:
            faint = person.visible_fraction is not None and person.visible_fraction < min_visible
            (ignored if person.hidden or faint else found).append(box)
    return np.array(found, dtype=np.float64).reshape(-1, 4), np.array(ignored, dtype=np.float64).reshape(-1, 4)


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


def load_sample(dataset: Dataset, picture: Picture, input_px: int, target: Target, min_visible: float) -> Sample:
    image, letterbox = letterboxed(dataset.image(picture), input_px)
    boxes, ignored = target_boxes(picture.people, target, min_visible)
    return Sample(
        dataset=dataset,
        picture=picture,
        image=image,
        boxes=letterbox.boxes_to_input(boxes),
        ignored=letterbox.boxes_to_input(ignored),
        areas=[letterbox.points_to_input(np.array(area)) for area in picture.ignore_areas],
        nadir_px=letterbox.points_to_input(dataset.nadir_px(picture)[None])[0],
        letterbox=letterbox,
    )


def load_samples(
    datasets: Iterable[Dataset],
    input_px: int,
    target: Target,
    min_visible: float,
    progress: Callable[[Iterable[Sample]], Iterable[Sample]] = iter,
) -> list[Sample]:
    """All pictures of the datasets, in their order. progress: wraps the samples as they come, as tqdm does."""
    pairs = [(dataset, picture) for dataset in datasets for picture in dataset]

    def load(pair: tuple[Dataset, Picture]) -> Sample:
        return load_sample(*pair, input_px=input_px, target=target, min_visible=min_visible)

    with ThreadPoolExecutor(2) as pool:
        return list(progress(pool.map(load, pairs)))


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
    return sum(1 for person in people if (person.bbox if target == "person" else person.head_bbox) is not None)
