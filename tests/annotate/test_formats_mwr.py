"""MW-R in and out: one JSON for all videos, frames renamed or still where the original set has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from rotated_people import SIZE, assert_same_people, rotated_pictures

from annotate.errors import InputError
from annotate.files import write_image, write_json
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.mwr import read_mwr, write_mwr


def write_set(root: Path, *frames: str) -> Path:
    """annotations/MW-R.json about one renamed frame, and pictures at these places below root."""
    for frame in frames:
        write_image(root / frame, np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
    image = {"file_name": "Mar14_000003.jpg", "id": "Mar14_000003", "width": SIZE[0], "height": SIZE[1]}
    entry = {"bbox": [60, 50, 20, 44, 30], "category_id": 1, "image_id": "Mar14_000003"}
    categories = [{"id": 1, "name": "person"}]
    document = {"annotations": [entry], "images": [image], "categories": categories}
    write_json(root / "annotations/MW-R.json", document)
    return root


def read(source: Path, **options: Any) -> LabelledPictures:
    return read_mwr(source, ReadOptions(**options))


@pytest.mark.parametrize(
    "frame",
    ["MW-R/Mar14_000003.jpg", "Mar14_000003.jpg", "MW-R/MW-18Mar-14/img1/000003.jpg", "MW-18Mar-14/img1/000003.jpg"],
)
def test_frames_are_found_renamed_or_not(tmp_path: Path, frame: str) -> None:
    labelled = read(write_set(tmp_path, frame, "MW-18Mar-7/img1/000003.jpg"))
    assert labelled.image_paths == [tmp_path / frame]
    assert labelled.pictures[0].file_name == "Mar14_000003.jpg"
    assert labelled.pictures[0].people[0].rotated_bbox == (60, 50, 20, 44, 30)


def test_frames_may_lie_elsewhere(tmp_path: Path) -> None:
    source = write_set(tmp_path / "labels")
    write_image(tmp_path / "frames/Mar14_000003.jpg", np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    assert len(read(source / "annotations/MW-R.json", images=tmp_path / "frames").pictures) == 1


def test_missing_and_doubtful_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"images\[0\].file_name is 'Mar14_000003.jpg': no such picture in .*--images"):
        read(write_set(tmp_path / "none"))
    with pytest.raises(InputError, match=r"2 frames may be meant .*; rename them"):
        read(write_set(tmp_path / "two", "a-14/img1/000003.jpg", "b-14/img1/000003.jpg"))
    with pytest.raises(InputError, match=r"expected annotations/MW-R.json"):
        read(tmp_path)


def test_out_and_in_again_is_the_same(tmp_path: Path) -> None:
    before = rotated_pictures(tmp_path / "pictures", ("Mar14_000001.jpg", "Mar14_000002.jpg", "Mar22_000001.jpg"))
    write_mwr(before, tmp_path / "out")
    after = read(tmp_path / "out")
    assert_same_people(before, after, atol=1e-9)
    assert after.pictures[0].people[1].attributes == {"person_id": 7, "pose": "sits"}
    coco = COCO(str(tmp_path / "out/annotations/MW-R.json"))
    assert sorted(coco.getImgIds()) == ["Mar14_000001", "Mar14_000002", "Mar22_000001"]
