"""CEPDOF in and out: the angle against a drawn bar, the document against pycocotools and the rules of RAPiD's loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from rotated_people import (
    BOXES,
    SIZE,
    assert_same_people,
    leaning_bar,
    overlap_of,
    rotated_pictures,
)

from annotate.boxes import rotated_box_corners
from annotate.errors import InputError
from annotate.files import write_image, write_json
from annotate.formats.cepdof import HOLDS, read_cepdof, write_cepdof
from annotate.formats.labelled import LabelledPictures, ReadOptions, unheld


def write_video(root: Path, bbox: list[Any], **fields: Any) -> Path:
    """A folder like the published sample: one video, one frame, one annotation without id."""
    write_image(root / "Lunch3/Lunch3_000001.jpg", np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
    image = {"file_name": "Lunch3_000001.jpg", "id": "Lunch3_000001", "width": SIZE[0], "height": SIZE[1]}
    entry = {"area": 1.0, "bbox": bbox, "category_id": 1, "image_id": "Lunch3_000001", "iscrowd": 0, "segmentation": []}
    categories = [{"id": 1, "name": "person", "supercategory": "person"}]
    document = {"annotations": [{**entry, **fields}], "images": [image], "categories": categories}
    write_json(root / "annotations/Lunch3.json", document)
    return root


def read(source: Path, **options: Any) -> LabelledPictures:
    return read_cepdof(source, ReadOptions(**options))


def test_positive_degrees_lean_to_the_right(tmp_path: Path) -> None:
    mask, box = leaning_bar()
    right = read(write_video(tmp_path / "right", [*box, 30.0])).pictures[0].people[0]
    left = read(write_video(tmp_path / "left", [*box, -30.0])).pictures[0].people[0]
    assert overlap_of(right.rotated_bbox, mask) > 0.8 > 0.4 > overlap_of(left.rotated_bbox, mask)
    x, y, w, h = right.bbox
    rows, columns = np.nonzero(mask)
    np.testing.assert_allclose([x, y, x + w, y + h], [columns.min(), rows.min(), columns.max(), rows.max()], atol=6)


def test_person_of_the_published_layout(tmp_path: Path) -> None:
    labelled = read(write_video(tmp_path, [60.0, 50.5, 20.25, 44.0, 30.0], person_id=4))
    person = labelled.pictures[0].people[0]
    assert labelled.pictures[0].file_name == "Lunch3/Lunch3_000001.jpg"
    assert person.rotated_bbox == (60.0, 50.5, 20.25, 44.0, 30.0)
    assert person.attributes == {"person_id": 4} and person.provenance == "human"
    assert labelled.pictures[0].time_s == 1.0


def test_file_names_may_bring_their_folder(tmp_path: Path) -> None:
    root = write_video(tmp_path, [60, 50, 20, 44, 30])
    document = json.loads((root / "annotations/Lunch3.json").read_text())
    document["images"][0]["file_name"] = "Lunch3/Lunch3_000001.jpg"
    write_json(root / "any.json", document)
    assert read(root / "any.json").pictures[0].file_name == "Lunch3/Lunch3_000001.jpg"


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ([60, 50, 44, 20, 0], (60, 50, 20, 44, -90)),
        ([60, 50, 20, 44, 200], (60, 50, 20, 44, 20)),
        ([50, 28, 20, 44], (60, 50, 20, 44, 0)),
    ],
)
def test_boxes_are_read_canonically(tmp_path: Path, bbox: list[float], expected: tuple[float, ...]) -> None:
    person = read(write_video(tmp_path, bbox)).pictures[0].people[0]
    assert person.rotated_bbox == pytest.approx(expected)


def test_out_and_in_again_is_the_same(tmp_path: Path) -> None:
    before = rotated_pictures(tmp_path / "pictures")
    write_cepdof(before, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out/annotations").iterdir()) == ["a.json", "b.json"]
    after = read(tmp_path / "out")
    assert_same_people(before, after, atol=1e-9)
    assert after.pictures[0].people[1].attributes == {"person_id": 7, "pose": "sits"}
    assert after.pictures[0].people[3].rotated_bbox == pytest.approx((30, 32, 24, 40, -90))


def test_pictures_without_a_folder_keep_their_names(tmp_path: Path) -> None:
    before = rotated_pictures(tmp_path / "pictures", ("f_1.jpg", "f_2.jpg", "video/f_1.jpg"))
    write_cepdof(before, tmp_path / "out")
    after = read(tmp_path / "out")
    assert sorted(picture.file_name for picture in after.pictures) == ["f_1.jpg", "f_2.jpg", "video/f_1.jpg"]
    single = read(tmp_path / "out/annotations/images.json")
    assert [len(picture.people) for picture in single.pictures] == [4, 1]


def test_pycocotools_reads_what_is_written(tmp_path: Path) -> None:
    write_cepdof(rotated_pictures(tmp_path / "pictures"), tmp_path / "out")
    coco = COCO(str(tmp_path / "out/annotations/a.json"))
    assert sorted(coco.getImgIds()) == ["f_1", "f_2"]
    entries = coco.loadAnns(coco.getAnnIds(imgIds=["f_1"]))
    assert [entry["category_id"] for entry in entries] == [1, 1, 1, 1]
    polygons = rotated_box_corners([entry["bbox"] for entry in entries]).reshape(4, 8).tolist()
    areas = coco_mask.area(coco_mask.frPyObjects(polygons, SIZE[1], SIZE[0]))
    np.testing.assert_allclose(areas, [entry["area"] for entry in entries], rtol=0.06)
    for entry in entries:  # What RAPiD's loader asserts, but for its own mending of squares.
        assert entry["bbox"][2] <= entry["bbox"][3] and -90 <= entry["bbox"][4] < 90


def test_hidden_people_are_left_out_and_said(tmp_path: Path) -> None:
    before = rotated_pictures(tmp_path / "pictures")
    write_cepdof(before, tmp_path / "out")
    assert len(json.loads((tmp_path / "out/annotations/a.json").read_text())["annotations"]) == len(BOXES) + 2
    assert unheld(before, HOLDS) == ["this format cannot hold 1 hidden people: left out"]


def test_crowds_become_ignore_areas(tmp_path: Path) -> None:
    labelled = read(write_video(tmp_path, [60, 50, 20, 44, 0], iscrowd=1))
    assert labelled.pictures[0].people == []
    assert np.array(labelled.pictures[0].ignore_areas[0]).tolist() == [[50, 28], [70, 28], [70, 72], [50, 72]]
    assert any("became ignore areas" in note for note in labelled.notes)


@pytest.mark.parametrize(
    ("bbox", "fields", "message"),
    [
        ([60, 50, 20], {}, r"annotations\[0\].bbox is \[60, 50, 20\]: expected \[cx, cy, w, h, degrees\]"),
        ([60, 50, 20, "x", 0], {}, r"annotations\[0\].bbox is .*: expected \[cx, cy"),
        ([60, 50, 20, float("nan"), 0], {}, r"annotations\[0\].bbox is .* finite number"),
        ([60, 50, 0, 44, 0], {}, r"annotations\[0\].bbox: box \[60, 50, 0, 44, 0\] .* has no extent"),
        (
            [260, 50, 20, 44, 0],
            {},
            r"annotations\[0\].bbox: the centre of box .* lies 60.0 px outside its picture of 200 x 160 px",
        ),
        ([60, 50, 20, 44, 0], {"image_id": "other"}, r"annotations\[0\].image_id is 'other': no image has that id"),
        ([60, 50, 20, 44, 0], {"category_id": None}, r"annotations\[0\].category_id is None: expected the number"),
    ],
)
def test_wrong_annotations_are_refused_by_entry_and_field(
    tmp_path: Path, bbox: list[Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=r"Lunch3\.json: " + message):
        read(write_video(tmp_path, bbox, **fields))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": []}, "Lunch3.json: images is empty"),
        ({"annotations": None}, 'expected a COCO-like object with a list "annotations"'),
        ({"categories": [{"id": 1, "name": "head"}]}, r"classes: head\); say which one means a person"),
        ({"images": [{"id": 1.5, "file_name": "a.jpg"}]}, r"images\[0\].id is 1.5: expected a whole number or a text"),
        (
            {"images": [{"id": "x", "file_name": "../a.jpg"}], "annotations": []},
            r"images\[0\].file_name is .*\.\./a.jpg",
        ),
        ({"images": [{"id": "x", "file_name": "gone.jpg"}], "annotations": []}, r"no picture gone.jpg in .*--images"),
        (
            {"images": [{"id": "Lunch3_000001", "file_name": "Lunch3_000001.jpg", "width": 2048, "height": 2048}]},
            "width, height are 2048, 2048, but .*Lunch3_000001.jpg is 200 x 160 px",
        ),
    ],
)
def test_wrong_documents_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    root = write_video(tmp_path, [60, 50, 20, 44, 0])
    document = json.loads((root / "annotations/Lunch3.json").read_text())
    write_json(root / "annotations/Lunch3.json", {**document, **changes})
    with pytest.raises(InputError, match=message):
        read(root)


def test_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found no JSON file; expected a folder with annotations/VIDEO.json"):
        read(tmp_path)


def test_pictures_can_be_left_out(tmp_path: Path) -> None:
    root = write_video(tmp_path, [60, 50, 20, 44, 0])
    with pytest.raises(InputError, match="no pictures are left to convert"):
        read(root, exclude=("Lunch3_000001",))
    with pytest.raises(InputError, match=r"--exclude gone: .* no picture of that name"):
        read(root, exclude=("gone",))
