"""A small dataset with every label that plafond knows, consistent down to the pixel, and one of boxes only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from annotate.camera import Camera, CameraPose
from annotate.classes import CLASS_ID, CLASSES
from annotate.dataset import DatasetInfo, DatasetWriter, Person, Picture
from annotate.dense import DenseMaps
from annotate.lens import EquidistantLens

WIDTH, HEIGHT = 64, 48
CAMERA = Camera(
    lens=EquidistantLens(f_px=20.0, width_px=WIDTH, height_px=HEIGHT, cx_px=30.0, cy_px=25.0),
    pose=CameraPose(height_m=3.0, tilt_deg=12.0, tilt_azimuth_deg=40.0),
)


def full_mask() -> np.ndarray:
    """Persons 1 and 7 side by side, and two pixels of person 9, who is hidden."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint16)
    mask[10:30, 5:15] = 1
    mask[20:30, 25:38] = 7
    mask[40, 50:52] = 9
    return mask


def full_maps() -> DenseMaps:
    """Depth, normals and classes; nothing in the upper left corner."""
    rng = np.random.default_rng(4)
    depth_m = rng.uniform(0.5, 9.0, (HEIGHT, WIDTH)).astype(np.float32)
    normals = rng.normal(size=(HEIGHT, WIDTH, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    classes = np.full((HEIGHT, WIDTH), CLASS_ID["floor"], np.uint8)
    classes[full_mask() > 0] = CLASS_ID["top"]
    nothing = (slice(0, 4), slice(0, 5))
    depth_m[nothing], normals[nothing], classes[nothing] = np.inf, 0.0, 0
    return DenseMaps(depth_m, normals, classes)


def full_people() -> list[Person]:
    return [
        Person(
            instance_id=1, bbox=(5, 10, 10, 20), whole_bbox=(5, 10, 10, 20), visible_fraction=1.0,
            head_bbox=(6, 10, 5, 5), rotated_bbox=(10, 20, 10, 20, 0), radius_bbox=(10, 20, 11, 19, 8),
            keypoints=_keypoints(10, 20), attributes={"posture": "stands"}, **_position((8.5, 12.5), (9.0, 27.0)),
        ),
        Person(
            instance_id=7, bbox=(25, 20, 13, 10), whole_bbox=(25, 20, 13, 18), visible_fraction=0.65,
            rotated_bbox=(31.5, 25, 10, 13, -90), radius_bbox=(31.5, 25, 13, 10, 170), truncated=True,
        ),
        Person(
            instance_id=9, bbox=(50, 40, 2, 1), whole_bbox=(46, 36, 8, 9), visible_fraction=0.04, hidden=True,
        ),
    ]  # fmt: skip


def full_picture(picture_id: int = 0) -> Picture:
    return Picture(
        id=picture_id, file_name=f"{picture_id:05d}.png", width=WIDTH, height=HEIGHT, camera="ceiling",
        time_s=0.5 * picture_id, background=f"office-{picture_id}", ignore_areas=[[(0, 0), (4, 0), (4, 4)]],
        people=full_people(), attributes={"sun": "low"},
    )  # fmt: skip


def pixels(picture_id: int) -> np.ndarray:
    return np.random.default_rng(picture_id).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def write_full_dataset(root: Path, count: int = 2, classes: tuple[str, ...] = CLASSES) -> Path:
    """A synthetic dataset with masks, dense maps, keypoints and positions."""
    info = DatasetInfo(name=root.name, kind="synthetic", seed=3, cameras={"ceiling": CAMERA}, classes=classes)
    writer = DatasetWriter(root, info)
    for number in range(count):
        writer.add(full_picture(number), pixels(number), full_mask(), dense=full_maps())
    writer.finish()
    return root


def write_box_dataset(root: Path) -> Path:
    """A real dataset: boxes drawn by hand, a little off, and no camera."""
    writer = DatasetWriter(root, DatasetInfo(name=root.name, kind="real"))
    person = Person(instance_id=1, bbox=(5, 10, 10, 20), head_bbox=(3.5, 9, 5, 5), provenance="human")
    writer.add(Picture(id=0, file_name="a.jpg", width=WIDTH, height=HEIGHT, people=[person]), pixels(0))
    writer.add(Picture(id=1, file_name="b/c.png", width=WIDTH, height=HEIGHT), pixels(1))
    writer.finish()
    return root


def _keypoints(x: float, y: float) -> list[tuple[float, float, int]]:
    """All within 4 px of a place: one that is not in the picture, some hidden, the rest seen."""
    visibility = [0, 1, 1, *[2] * 14]
    return [(x + (i % 5) - 2.5, y + i % 3, v) if v else (0.0, 0.0, 0) for i, v in enumerate(visibility)]


def _position(head_px: tuple[float, float], foot_px: tuple[float, float]) -> dict[str, Any]:
    """Head and foot in metres where the camera sees them in these pixels."""
    head_m = CAMERA.floor_points([head_px], 1.6)[0]
    foot_m = CAMERA.floor_points([foot_px])[0, :2]
    return {"head_point": head_px, "head_m": tuple(head_m.tolist()), "foot_m": tuple(foot_m.tolist())}
