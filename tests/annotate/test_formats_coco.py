"""COCO in and out: other programs' files, our own fields, and refusals."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from annotate.files import write_image, write_json
from annotate.formats import ConvertConfig, run
from annotate.outlines import mask_outlines

FOREIGN: dict[str, Any] = {
    "info": {"year": 2020},
    "licenses": [],
    "images": [
        {"id": 40, "file_name": "cam/a.jpg", "width": 64, "height": 48, "license": 1},
        {"id": 7, "file_name": "cam/b.jpg", "width": 64, "height": 48},
    ],
    "annotations": [
        {"id": 1, "image_id": 40, "category_id": 9, "iscrowd": 0, "bbox": [10, 10, 20, 20], "area": 400.0,
         "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]},
        {"id": 2, "image_id": 40, "category_id": 3, "iscrowd": 0, "bbox": [1, 1, 5, 5], "area": 25.0},
        {"id": 3, "image_id": 40, "category_id": 9, "iscrowd": 1, "bbox": [40, 0, 8, 6], "area": 48.0,
         "segmentation": {"size": [48, 64], "counts": [40 * 48, *([6, 42] * 7), 6, 42 + 16 * 48]}},
        {"id": 4, "image_id": 7, "category_id": 9, "bbox": [60.0, 0, 4.4, 9], "area": 40},
    ],
    "categories": [{"id": 3, "name": "chair"}, {"id": 9, "name": "Person"}],
}  # fmt: skip
# The crowd's run lengths: 40 empty columns, 8 columns of 6 ones and 42 zeros, 16 empty columns.


def write_foreign(root: Path, changes: dict[str, Any] | None = None) -> Path:
    document = copy.deepcopy(FOREIGN)
    for dotted, value in (changes or {}).items():
        *path, last = dotted.split(".")
        place: Any = document
        for key in path:
            place = place[int(key)] if key.isdigit() else place[key]
        place[int(last) if last.isdigit() else last] = value
    for name in ("a", "b"):
        write_image(root / "images/cam" / f"{name}.jpg", np.full((48, 64, 3), 90, np.uint8))
    write_json(root / "labels.json", document)
    return root


def convert(source: Path, out: Path, **options: object) -> Dataset:
    return Dataset.read(run(ConvertConfig.model_validate({"format": "coco", "source": source, "out": out, **options})))


def own_dataset(root: Path) -> Dataset:
    mask = np.zeros((48, 64), np.uint16)
    mask[10:30, 5:15] = 2
    mask[12:20, 15:25] = 4
    people = [
        Person(instance_id=2, bbox=(5, 10, 10, 20), head_bbox=(6, 10, 5, 5), visible_fraction=0.5, truncated=True),
        Person(instance_id=4, bbox=(15, 12, 10, 8), rotated_bbox=(20, 16, 8, 10, 15), attributes={"sits": True}),
    ]
    area = [(40, 30), (60, 30), (60, 40), (40, 40)]
    picture = Picture(id=3, file_name="p.png", width=64, height=48, time_s=1.5, people=people, ignore_areas=[area])
    writer = DatasetWriter(root, DatasetInfo(name="own", kind="synthetic"))
    writer.add(picture, np.full((48, 64, 3), 7, np.uint8), mask)
    writer.finish()
    return Dataset.read(root)


def test_other_programs_files_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = convert(write_foreign(tmp_path / "coco"), tmp_path / "R")
    by_id = {picture.id: picture for picture in dataset}
    assert by_id[40].file_name == "cam/a.jpg" and len(by_id[40].people) == 1
    person = by_id[40].people[0]
    expected = np.zeros((48, 64), bool)
    expected[10:30, 10:30] = True
    assert (person.mask(64, 48) == expected).all() and person.area == 400
    assert by_id[7].people[0].bbox == (60, 0, 4, 9)
    assert "1 annotations of other categories were left out" in capsys.readouterr().out


def test_crowds_become_ignore_areas(tmp_path: Path) -> None:
    dataset = convert(write_foreign(tmp_path / "coco"), tmp_path / "R")
    areas = next(picture for picture in dataset if picture.id == 40).ignore_areas
    expected = np.zeros((48, 64), bool)
    expected[:6, 40:48] = True
    assert len(areas) == 1
    assert {tuple(point) for point in areas[0]} == {(40, 0), (48, 0), (48, 6), (40, 6)}
    rle = coco_mask.merge(coco_mask.frPyObjects([np.ravel(areas[0]).tolist()], 48, 64))
    assert (coco_mask.decode(rle).astype(bool) == expected).all()


def test_our_fields_survive_coco_and_the_way_back(tmp_path: Path) -> None:
    own = own_dataset(tmp_path / "S")
    run(ConvertConfig(format="plafond", source=tmp_path / "S", to="coco", out=tmp_path / "coco"))
    back = convert(tmp_path / "coco", tmp_path / "back", kind="synthetic")
    before, after = own.pictures[0], back.pictures[0]
    assert after.people == before.people
    assert (after.id, after.time_s) == (before.id, before.time_s)
    assert sorted(after.ignore_areas[0]) == sorted(before.ignore_areas[0])
    assert (back.mask(after) == own.mask(before)).all()


def test_pycocotools_sees_ignore_areas_as_crowds(tmp_path: Path) -> None:
    own_dataset(tmp_path / "S")
    run(ConvertConfig(format="plafond", source=tmp_path / "S", to="coco", out=tmp_path / "coco"))
    coco = COCO(str(tmp_path / "coco/annotations.json"))
    crowd = coco.loadAnns(coco.getAnnIds(iscrowd=True))
    assert len(crowd) == 1 and coco.annToMask(crowd[0]).sum() == crowd[0]["area"] == 200
    assert len(coco.getAnnIds(iscrowd=False)) == 2


@pytest.mark.parametrize("seed", range(3))
def test_outlines_enclose_exactly_the_pixels(seed: int) -> None:
    noise = np.random.default_rng(seed).random((12, 15))
    blob = noise > 0.97
    for _ in range(2):
        blob = blob | np.roll(blob, 1, 0) | np.roll(blob, 1, 1)
    blob[[0, -1]] = blob[:, [0, -1]] = False
    blob[-1, 3:6] = True
    rle = [coco_mask.frPyObjects([np.ravel(outline).tolist()], 12, 15) for outline in mask_outlines(blob)]
    filled = np.any([coco_mask.decode(coco_mask.merge(one)).astype(bool) for one in rle], axis=0)
    assert (filled & blob == blob).all()
    assert (filled & ~blob).sum() <= 2  # Corners that touch, and holes, are filled.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images.1.file_name": "../b.jpg"}, r'images\[1\].file_name is "../b.jpg": a path must stay inside'),
        ({"images.1.file_name": "cam/gone.jpg"}, r"cam/gone.jpg: no such picture"),
        ({"images.1.width": 65}, r"images\[1\]: says 65 x 48 px, but .*b.jpg is 64 x 48"),
        ({"images.1.id": 40}, "id 40 is used twice"),
        ({"images": [], "annotations": []}, "images is empty"),
        ({"annotations.0.image_id": 1}, r"annotations\[0\].image_id is 1: no image has that id"),
        ({"annotations.0.bbox": [1, 2, 3]}, r"annotations\[0\].bbox is \[1, 2, 3\]"),
        ({"annotations.0.bbox": [50, 2, 30, 3]}, r"annotations\[0\].bbox: .* reaches 16.0 px outside"),
        ({"annotations.0.segmentation": [[1, 2, 3, 4]]}, r"annotations\[0\].segmentation: a polygon needs 3"),
        ({"annotations.0.segmentation": {"size": [48, 64], "counts": [1, 2]}}, "run lengths cover 3 pixels"),
        (
            {"annotations.0.segmentation": {"size": [9, 9], "counts": "0"}},
            r"size is \[9, 9\], the picture is \[48, 64\]",
        ),
        ({"categories": [{"id": 1, "name": "cat"}]}, r'0 classes are called "person" \(classes: cat\)'),
        ({"categories": [{"name": "cat"}]}, r"categories\[0\]: expected id"),
        ({"annotations": None}, 'a list "annotations"'),
    ],
)
def test_wrong_files_are_refused_by_entry(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    source = write_foreign(tmp_path / "coco", changes)
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "R")
    assert not (tmp_path / "R").exists()


def test_folder_of_several_json_files_asks_which(tmp_path: Path) -> None:
    source = write_foreign(tmp_path / "coco")
    write_json(source / "other.json", {})
    with pytest.raises(InputError, match=r"found 2 JSON files \(labels.json, other.json\)"):
        convert(source, tmp_path / "R")
    assert len(convert(source / "labels.json", tmp_path / "R")) == 2
    assert len(convert(source / "labels.json", tmp_path / "R1", images=source / "images", exclude=["b"])) == 1
