"""A small dataset with every label that plafond knows, drawn rather than rendered: for tests of pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from annotate.camera import Camera, CameraPose
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.dense import DenseMaps
from annotate.lens import EquidistantLens

CLASSES = ("nothing", "floor", "skin")


def write_labelled(root: Path, count: int = 3, name: str = "small", dense: bool = False) -> Dataset:
    """Pictures of 64 x 48 px: number n shows 1 + n % 3 people, every second one a hidden person besides."""
    lens = EquidistantLens(f_px=30, width_px=64, height_px=48, max_theta_deg=80)
    camera = Camera(lens=lens, pose=CameraPose(height_m=3.0))
    info = DatasetInfo(name=name, kind="stand-in", seed=3, cameras={"c": camera}, classes=CLASSES)
    writer = DatasetWriter(root, info)
    for number in range(count):
        people = [_person(k) for k in range(1, 2 + number % 3)]
        if number % 2:
            people.append(_hidden(len(people) + 1))
        picture = Picture(
            id=number, file_name=f"a #{number:04d}.png", width=64, height=48, people=people, camera="c",
            ignore_areas=[[(40, 0), (60, 0), (60, 9)]],
        )  # fmt: skip
        mask = np.zeros((48, 64), np.uint16)
        for person in people:
            x, y, w, h = (int(value) for value in person.bbox)
            mask[y : y + h, x : x + w] = person.instance_id
        image = np.full((48, 64, 3), 60 + number % 99, np.uint8)
        writer.add(picture, image, mask, dense=_maps(mask) if dense else DenseMaps())
    writer.finish()
    return Dataset.read(root)


def _person(number: int) -> Person:
    x = 5 + 15 * (number - 1)
    points = [(0.0, 0.0, 0)] * 17
    points[5], points[7], points[9] = (x + 2, 12, 2), (x + 5, 18, 1), (x + 8, 24, 2)
    return Person(
        instance_id=number, bbox=(x, 10, 10, 20), head_bbox=(x + 1, 10, 5, 5.25), head_point=(x + 3, 12),
        rotated_bbox=(x + 5, 20, 10, 20, 10), radius_bbox=(x + 5, 20, 20, 10, -40), whole_bbox=(x, 10, 10, 30),
        keypoints=tuple(points), visible_fraction=0.66, foot_m=(0.6, 0.8),
        attributes={"activity": "sitting" if number == 1 else "standing", "pose": "<b>typing</b>"},
    )  # fmt: skip


def _hidden(number: int) -> Person:
    return Person(instance_id=number, bbox=(2, 40, 3, 3), whole_bbox=(2, 36, 20, 10), hidden=True)


def _maps(mask: np.ndarray) -> DenseMaps:
    """The floor 3 m away, people 1.2 m, nothing in the lowest row."""
    depth_m = np.where(mask > 0, 1.2, 3.0).astype(np.float32)
    normals = np.zeros((*mask.shape, 3), np.float32)
    normals[..., 2] = -1.0
    classes = np.where(mask > 0, 2, 1).astype(np.uint8)
    depth_m[-1], normals[-1], classes[-1] = np.inf, 0.0, 0
    return DenseMaps(depth_m, normals, classes)
