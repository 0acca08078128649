"""Pictures with every label that plafond knows, awkward names included, for the round trips of formats; and how to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from annotate.camera import Camera, CameraPose
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.dense import DenseMaps
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.keypoints import KEYPOINTS
from annotate.lens import EquidistantLens

NAMES = ("flur/Büro ä.png", "flur/leer.jpg", 'b.1/cam.2 & "x" <y>.png', "ohne Maske.png")
AREA = [(40.25, 30.0), (60.0, 30.5), (60.0, 40.0), (41.0, 40.125)]


def rich_dataset(root: Path) -> Dataset:
    """NAMES, 64 x 48 px: everybody in the first (one person whole, one with a hole, one hidden without a pixel, one
    hidden with a few), nobody in the second, one person of few labels in the third, boxes only in the fourth."""
    lens = EquidistantLens(f_px=30, width_px=64, height_px=48, max_theta_deg=80)
    cameras = {
        "Decke 1": Camera(lens=lens, pose=CameraPose(height_m=3.0)),
        "b": Camera(lens=lens, pose=CameraPose(height_m=2.5)),
    }
    info = DatasetInfo(
        name="Büro", kind="refined", seed=3, config={"lamps": 2}, cameras=cameras, classes=("nothing", "floor", "skin")
    )
    writer = DatasetWriter(root, info)
    mask = np.zeros((48, 64), np.uint16)
    mask[10:30, 5:15] = 2
    mask[12:14, 15:18] = 2
    mask[12:20, 20:30] = 4
    mask[14:16, 23:25] = 0
    mask[44:46, 1:3] = 9
    images = [np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8) for number in range(len(NAMES))]
    shared = {"width": 64, "height": 48}
    first = Picture(
        id=11, file_name=NAMES[0], camera="Decke 1", time_s=1.5, background="Raum 4", ignore_areas=[AREA],
        attributes={"lux": 300}, people=[_whole_person(), _holed_person(), _unseen_person(), _hidden_person()], **shared,
    )  # fmt: skip
    writer.add(first, images[0], mask, dense=_maps(mask))
    writer.add(Picture(id=3, file_name=NAMES[1], camera="b", time_s=2.0, **shared), images[1])
    few = Person(instance_id=1, bbox=(5, 5, 20, 20.5), head_bbox=(6.5, 5, 4, 4), keypoints=((0.0, 0.0, 0),) * 17)
    writer.add(Picture(id=4, file_name=NAMES[2], time_s=2.5, people=[few], **shared), images[2])
    boxes = [Person(instance_id=n, bbox=(10.0 * n, 4.25, 8, 9)) for n in (3, 1)]
    writer.add(
        Picture(id=5, file_name=NAMES[3], time_s=3.0, people=boxes, ignore_areas=[AREA[:3]], **shared), images[3]
    )
    writer.finish()
    return Dataset.read(root)


def _whole_person() -> Person:
    points = [(6.0 + k / 2, 11.25 + k, 1 + k % 2) for k in range(len(KEYPOINTS))]
    points[4] = (0.0, 0.0, 0)
    return Person(
        instance_id=2, bbox=(5, 10, 13, 20), head_bbox=(6, 10, 5.5, 5), head_point=(8.25, 12.5), keypoints=tuple(points),
        rotated_bbox=(10.5, 20.25, 9, 21, -33.5), radius_bbox=(10.5, 20.25, 21, 9, 140.25), whole_bbox=(4.5, 9.5, 14, 25),
        visible_fraction=0.625, truncated=True, head_m=(0.25, -1.5, 1.7), foot_m=(0.25, -1.25),
        attributes={"sits": True, "clothes": ["red", "ü"]},
    )  # fmt: skip


def _holed_person() -> Person:
    return Person(instance_id=4, bbox=(20, 12, 10, 8), rotated_bbox=(25, 16, 8, 10, -90), visible_fraction=1.0)


def _unseen_person() -> Person:
    whole = (30.0, 20.0, 6.0, 9.5)
    return Person(
        instance_id=7,
        bbox=whole,
        whole_bbox=whole,
        hidden=True,
        visible_fraction=0.0,
        head_point=(33, 22),
        head_m=(1, 1, 1.5),
    )


def _hidden_person() -> Person:
    return Person(instance_id=9, bbox=(1, 44, 2, 2), hidden=True, truncated=True, visible_fraction=0.0625)


def _maps(mask: np.ndarray) -> DenseMaps:
    normals = np.zeros((*mask.shape, 3), np.float32)
    normals[..., 2] = -1.0
    return DenseMaps(np.where(mask > 0, 1.25, np.inf).astype(np.float32), normals, (mask > 0).astype(np.uint8))


def there_and_back(
    dataset: Dataset, out: Path, write: Any, read: Any, options: ReadOptions | None = None
) -> LabelledPictures:
    """The dataset written by one format into out and read again."""
    out.mkdir()
    write(LabelledPictures.of(dataset), out)
    back: LabelledPictures = read(out, options or ReadOptions())
    return back


def assert_same_labels(
    before: LabelledPictures, after: LabelledPictures, without: frozenset[str], atol: float = 1e-9
) -> None:
    """Same pictures (by name), files of pictures and labels, but for the picture's fields named in without."""
    old = {picture.file_name: picture for picture in before.pictures}
    new = {picture.file_name: picture for picture in after.pictures}
    assert sorted(old) == sorted(new)
    for name, picture in old.items():
        expected, found = (one.model_dump(mode="json", exclude=set(without)) for one in (picture, new[name]))
        _assert_same(expected, found, name, atol)
    for labelled in (before, after):
        assert len(labelled.files) == len(labelled.pictures)
    bytes_of = {p.file_name: f["file_name"].read_bytes() for p, f in zip(before.pictures, before.files, strict=True)}
    for picture, files in zip(after.pictures, after.files, strict=True):
        assert files["file_name"].read_bytes() == bytes_of[picture.file_name]


def _assert_same(expected: Any, found: Any, place: str, atol: float) -> None:
    if isinstance(expected, dict) and isinstance(found, dict):
        assert expected.keys() == found.keys(), place
        for key, value in expected.items():
            _assert_same(value, found[key], f"{place}.{key}", atol)
    elif isinstance(expected, list) and isinstance(found, list):
        assert len(expected) == len(found), place
        for index, value in enumerate(expected):
            _assert_same(value, found[index], f"{place}[{index}]", atol)
    elif isinstance(expected, float) and isinstance(found, int | float):
        assert abs(expected - found) <= atol, f"{place}: {expected} != {found}"
    else:
        assert expected == found, place
