"""What is measured on labelled boxes: the quantities of the statistics page, from datasets and from box lists alike.

Lengths are divided by the picture's shorter side and distances from the nadir by half of it, so that pictures of any
size compare. Angles are those of annotate.boxes: the tilt of a rotated box is the angle between its h axis and the
direction away from the nadir, 0 to 90 degrees; boxes near the nadir or nearly square have no meaningful tilt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.boxes import iou_matrix
from annotate.dataset import Dataset, Picture
from annotate.lens import Array

MIN_ELONGATION = 1.4
"""h / w from which a rotated box has a direction."""
MIN_RADIUS = 0.1
"""Distance from the nadir, in half shorter sides, from which there is a direction away from it."""


@dataclass(frozen=True, eq=False)
class PictureBoxes:
    """The people of one picture as boxes.

    group: the video it is from; all pictures of a dataset are one group. side_px: the shorter side, None if unknown.
    nadir_px: (2,). upright: (n, 4) [x, y, w, h]. rotated: (n, 5) of annotate.boxes, NaN rows where there is none.
    """

    group: str
    side_px: float | None
    nadir_px: Array
    upright: Array
    rotated: Array

    @property
    def centres_px(self) -> Array:
        return np.asarray(self.upright[:, :2] + self.upright[:, 2:] / 2)

    @property
    def offsets(self) -> Array:
        """(n, 2) from the nadir to the boxes' centres in half shorter sides; ask only where the side is known."""
        assert self.side_px is not None
        return np.asarray((self.centres_px - self.nadir_px) / (self.side_px / 2))


@dataclass(frozen=True, eq=False)
class Sample:
    """Values of one quantity with their weights, and the group of each."""

    values: Array
    weights: Array
    groups: np.ndarray

    def quantiles(self, parts: Sequence[float]) -> Array:
        """Weighted quantiles: the smallest values below which the asked parts of the weight lie."""
        order = np.argsort(self.values)
        below = np.cumsum(self.weights[order])
        places = np.searchsorted(below, np.asarray(parts) * below[-1])
        return np.asarray(self.values[order][np.minimum(places, len(order) - 1)])

    def without(self, group: str) -> Sample:
        kept = self.groups != group
        return Sample(self.values[kept], self.weights[kept], self.groups[kept])

    def only(self, group: str) -> Sample:
        kept = self.groups == group
        return Sample(self.values[kept], self.weights[kept], self.groups[kept])


@dataclass(frozen=True)
class Quantity:
    """One thing measured: how it is called, in what, and from what of a picture."""

    key: str
    title: str
    unit: str
    about: str
    measure: Callable[[PictureBoxes], Array]
    needs_side: bool = True


def dataset_boxes(dataset: Dataset) -> list[PictureBoxes]:
    """The people of a dataset that are not hidden, picture by picture."""
    return [_picture_boxes(dataset, picture) for picture in dataset]


def sample(pictures: Sequence[PictureBoxes], quantity: Quantity) -> Sample | None:
    """The values of a quantity over pictures, every group of equal weight; None where nothing is known."""
    known = [picture for picture in pictures if picture.side_px is not None or not quantity.needs_side]
    parts = [quantity.measure(picture) for picture in known]
    groups = np.repeat(np.array([picture.group for picture in known], str), [len(part) for part in parts])
    return grouped_sample(np.concatenate([np.zeros(0), *parts]), groups)


def grouped_sample(values: Array, groups: np.ndarray) -> Sample | None:
    """A sample in which each group weighs 1 in all; values that are not finite are left out; None if none is left."""
    finite = np.isfinite(values)
    values, groups = values[finite], groups[finite]
    if not len(values):
        return None
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return Sample(values, 1.0 / counts[which], groups)


def offsets_and_weights(pictures: Sequence[PictureBoxes]) -> tuple[Array, Array]:
    """(n, 2) places in half shorter sides from the nadir and (n,) weights, every group of equal weight."""
    known = [picture for picture in pictures if picture.side_px is not None and len(picture.upright)]
    if not known:
        return np.zeros((0, 2)), np.zeros(0)
    offsets = np.concatenate([picture.offsets for picture in known])
    groups = np.concatenate([np.full(len(picture.upright), picture.group) for picture in known])
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return offsets, 1.0 / counts[which]


def tilts_deg(rotated: Array, nadir_px: Array) -> Array:
    """(n,) angle between a rotated box's h axis and the direction away from the nadir, 0 to 90 degrees.

    nadir_px: (2,), or (k, 1, 2) for k points at once, which gives (k, n).
    """
    off = rotated[:, :2] - nadir_px
    radial_deg = np.degrees(np.arctan2(off[..., 0], -off[..., 1]))
    return np.asarray(np.abs((rotated[:, 4] - radial_deg + 90) % 180 - 90))


def _picture_boxes(dataset: Dataset, picture: Picture) -> PictureBoxes:
    people = picture.shown_people
    unknown = (np.nan,) * 5
    rotated = [person.rotated_bbox if person.rotated_bbox is not None else unknown for person in people]
    return PictureBoxes(
        group="",
        side_px=float(min(picture.width, picture.height)),
        nadir_px=dataset.nadir_px(picture),
        upright=np.array([person.bbox for person in people], float).reshape(-1, 4),
        rotated=np.array(rotated, float).reshape(-1, 5),
    )


def _count(picture: PictureBoxes) -> Array:
    return np.array([float(len(picture.upright))])


def _size(boxes_wh: Array, picture: PictureBoxes) -> Array:
    assert picture.side_px is not None
    return np.asarray(100 * np.sqrt(boxes_wh[:, 0] * boxes_wh[:, 1]) / picture.side_px)


def _radius(picture: PictureBoxes) -> Array:
    return np.asarray(np.linalg.norm(picture.offsets, axis=1))


def _elongation(picture: PictureBoxes) -> Array:
    return np.asarray(picture.rotated[:, 3] / np.maximum(picture.rotated[:, 2], 1e-9))


def _tilt(picture: PictureBoxes) -> Array:
    has_direction = (_elongation(picture) >= MIN_ELONGATION) & (_radius(picture) >= MIN_RADIUS)
    return tilts_deg(picture.rotated[has_direction], picture.nadir_px)


def _spacing(picture: PictureBoxes) -> Array:
    """Distance to the nearest other person, in % of the shorter side; nothing for a person alone."""
    assert picture.side_px is not None
    if len(picture.upright) < 2:
        return np.zeros(0)
    centres = picture.centres_px
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return np.asarray(100 * apart.min(axis=1) / picture.side_px)


def _overlap(picture: PictureBoxes) -> Array:
    if not len(picture.upright):
        return np.zeros(0)
    shared = iou_matrix(picture.upright, picture.upright)
    np.fill_diagonal(shared, 0.0)
    return np.asarray(shared.max(axis=1))


QUANTITIES = (
    Quantity("people", "people per picture", "people", "People that are not hidden, in each picture.", _count, False),
    Quantity(
        "size", "box size", "% of the shorter side", "Square root of the upright box's area.",
        lambda picture: _size(picture.upright[:, 2:], picture),
    ),
    Quantity(
        "rotated_size", "rotated box size", "% of the shorter side", "Square root of the rotated box's area.",
        lambda picture: _size(picture.rotated[:, 2:4], picture),
    ),
    Quantity("elongation", "elongation of boxes", "h / w", "Longer by shorter side of the rotated box.", _elongation, False),
    Quantity(
        "radius", "distance from the nadir", "half shorter sides",
        "From the point straight below the camera to the box's centre.", _radius,
    ),
    Quantity(
        "tilt", "tilt against the radial direction", "degrees",
        f"Rotated boxes with h / w ≥ {MIN_ELONGATION:g}, at least {MIN_RADIUS:g} half sides from the nadir.", _tilt,
    ),
    Quantity(
        "spacing", "distance to the nearest person", "% of the shorter side",
        "Between the centres of boxes; pictures with two people or more.", _spacing,
    ),
    Quantity(
        "overlap", "largest overlap with a neighbour", "IoU", "Of upright boxes; 0 for nobody near.", _overlap, False
    ),
)  # fmt: skip
