"""What is to be found in one picture: the labelled people, what is left out of account, and what the picture is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from annotate.dataset_model import Person
from eval.measures.overlap import Polygons


def _no_boxes() -> np.ndarray:
    return np.zeros((0, 4))


@dataclass(frozen=True)
class PictureTruth:
    """One picture's labels in px of the picture; upright boxes are [x, y, w, h], rotated ones [cx, cy, w, h, degrees].

    ValueError if boxes and ignored are of different kinds, or people are not as many as boxes.
    """

    boxes: np.ndarray
    """(m, 4) upright or (m, 5) rotated boxes (annotate.boxes) of the people to be found."""
    width: int
    height: int
    ignored: np.ndarray = field(default_factory=_no_boxes)
    """(k, 4 or 5) boxes of people who are neither found nor missed."""
    areas: Polygons = ()
    """Polygons in which unlabelled people may be."""
    people: Sequence[Person] = ()
    """The labels behind the boxes, one for each; empty where only boxes are known."""
    nadir_px: np.ndarray | None = None
    """(2,) the pixel straight below the camera; None: the picture's centre."""
    radius_px: float | None = None
    """Radius of the lens circle, where it is known."""
    time_s: float | None = None
    """When it was taken; pictures of one site with times are a series."""
    site: str = ""
    """The room or camera."""

    def __post_init__(self) -> None:
        boxes = _as_boxes(self.boxes, "boxes", 4)
        ignored = _as_boxes(self.ignored, "ignored", boxes.shape[1])
        if not len(ignored):
            ignored = np.zeros((0, boxes.shape[1]))
        if not len(boxes):
            boxes = np.zeros((0, boxes.shape[1] if boxes.shape[1] == ignored.shape[1] else ignored.shape[1]))
        if boxes.shape[1] != ignored.shape[1]:
            raise ValueError(f"boxes are {boxes.shape}, ignored boxes {ignored.shape}: expected one kind of boxes")
        if len(self.people) not in (0, len(boxes)):
            raise ValueError(
                f"{len(boxes)} boxes but {len(self.people)} people: expected one label for each box, or none"
            )
        object.__setattr__(self, "boxes", boxes)
        object.__setattr__(self, "ignored", ignored)

    @property
    def rotated(self) -> bool:
        """Whether boxes are rotated ones."""
        return bool(self.boxes.shape[1] == 5)

    @property
    def centre_px(self) -> np.ndarray:
        """(2,) the nadir, or the picture's centre where it is not known."""
        if self.nadir_px is None:
            return np.array([self.width / 2, self.height / 2])
        return np.asarray(self.nadir_px, float)

    @property
    def reach_px(self) -> float:
        """What distances from the nadir are a share of: the lens circle's radius, else half the picture's diagonal."""
        return self.radius_px if self.radius_px is not None else math.hypot(self.width, self.height) / 2


def _as_boxes(boxes: np.ndarray, name: str, columns: int) -> np.ndarray:
    array = np.asarray(boxes, np.float64)
    if array.ndim != 2:
        array = array.reshape(-1, columns)
    if array.shape[1] not in (4, 5):
        raise ValueError(f"{name} are {array.shape}: expected (m, 4) upright or (m, 5) rotated boxes")
    return array
