"""What is known about every pixel of a rendered crop: the label planes that a guided refiner is given.

Planes are uint8, so that thousands of crops stay on the device; `to_channels` makes network inputs of them.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from annotate.boxes import box_corners
from annotate.crops import CropFrame, extract_labels
from annotate.dataset import Dataset, Person, Picture

PLANES = ("person", "head", "depth", "normal_x", "normal_y", "normal_z", "class")
"""person: 255 where the crop's person is visible. head: 255 inside the head's box. depth: 128 at the person's median
distance, 1 to 255 for DEPTH_REACH_M before and behind, 0 unknown. normal: 128 + 127 n, x to the crop's right, y down
the crop, z away from the camera, 0 0 0 unknown. class: the number of annotate.classes, 0 unknown."""
DEPTH_REACH_M = 1.5
CLASSES = 32
"""Class numbers that `to_channels` tells apart."""
CHANNELS = len(PLANES) - 1 + CLASSES
_PERSON, _HEAD = PLANES.index("person"), PLANES.index("head")


class PictureLabels:
    """A rendered picture's maps, read once for all its people; maps that the dataset lacks are None."""

    def __init__(self, dataset: Dataset, picture: Picture) -> None:
        self.mask = dataset.mask(picture)
        self.depth_m = dataset.depth_m(picture) if picture.depth_file else None
        self.normals = dataset.normals(picture) if picture.normals_file else None
        self.classes = dataset.classes(picture) if picture.classes_file else None

    def planes(self, person: Person | None, frame: CropFrame) -> np.ndarray:
        """(len(PLANES), size, size) uint8 of one person's crop; of everybody's without a person."""
        size = frame.size_px
        ids = extract_labels(self.mask, frame)
        mask = ids > 0 if person is None else ids == person.instance_id
        found = np.zeros((len(PLANES), size, size), np.uint8)
        found[_PERSON] = mask * np.uint8(255)
        if person is not None:
            found[_HEAD] = head_plane(person, frame)
        if self.depth_m is not None:
            found[PLANES.index("depth")] = _depth_plane(extract_labels(self.depth_m, frame), mask)
        if self.normals is not None:
            first = PLANES.index("normal_x")
            found[first : first + 3] = _normal_planes(self.normals, frame)
        if self.classes is not None:
            found[PLANES.index("class")] = extract_labels(self.classes, frame)
        return found


def head_plane(person: Person, frame: CropFrame) -> np.ndarray:
    """(size, size) uint8, 255 inside the upright box around the head's box; 0 everywhere without one."""
    plane = np.zeros((frame.size_px, frame.size_px), np.uint8)
    if person.head_bbox is not None:
        corners = frame.to_crop(box_corners(person.head_bbox))
        left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, frame.size_px)
        right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, frame.size_px)
        plane[top:bottom, left:right] = 255
    return plane


def to_channels(planes: Tensor) -> Tensor:
    """Network input (n, CHANNELS, h, w) float of planes (n, len(PLANES), h, w) uint8.

    person and head 0 or 1; depth and normals in [-1, 1], 0 where unknown; then one channel for each class number.
    """
    masks = planes[:, :2].float() / 255
    maps = planes[:, 2 : len(PLANES) - 1].float()
    maps = torch.where(maps > 0, (maps - 128) / 127, torch.zeros_like(maps))
    numbers = torch.arange(CLASSES, device=planes.device).view(
        1, -1, 1, 1
    )  # one_hot would make the host look at values
    classes = (planes[:, -1:].clamp(max=CLASSES - 1) == numbers).float()
    return torch.cat([masks, maps, classes], dim=1)


def person_mask(planes: Tensor) -> Tensor:
    """(n, 1, h, w) float, 1 where the person is visible."""
    return planes[:, _PERSON : _PERSON + 1].float() / 255


def head_mask(planes: Tensor) -> Tensor:
    """(n, 1, h, w) float, 1 inside the head's box."""
    return planes[:, _HEAD : _HEAD + 1].float() / 255


def _depth_plane(depth_m: np.ndarray, mask: np.ndarray) -> np.ndarray:
    known = np.isfinite(depth_m) & (depth_m > 0)
    if not (mask & known).any():
        return np.zeros(depth_m.shape, np.uint8)
    middle = np.median(depth_m[mask & known])
    steps = 128 + 127 * np.clip((np.where(known, depth_m, middle) - middle) / DEPTH_REACH_M, -1, 1)
    return np.where(known, np.rint(steps), 0).astype(np.uint8)


def _normal_planes(normals: np.ndarray, frame: CropFrame) -> np.ndarray:
    """(3, size, size) uint8; x and y turned with the crop."""
    crop = np.stack([extract_labels(np.ascontiguousarray(normals[..., axis]), frame) for axis in range(3)])
    known = np.any(crop != 0, axis=0)
    turn = frame.crop_from_picture[:, :2]
    angle = math.atan2(turn[1, 0], turn[0, 0])
    x = math.cos(angle) * crop[0] - math.sin(angle) * crop[1]
    y = math.sin(angle) * crop[0] + math.cos(angle) * crop[1]
    return np.where(known, np.clip(np.rint(128 + 127 * np.stack([x, y, crop[2]])), 1, 255), 0).astype(np.uint8)
