"""annotations.json: every field there and back, and what pycocotools makes of keypoints and hidden people."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from full_datasets import full_mask, full_picture, write_full_dataset
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from annotate.coco_document import coco_document, keypoint_rows, pictures_of
from annotate.dataset import Dataset, DatasetInfo, Person, Picture
from annotate.dataset_model import with_masks
from annotate.errors import InputError
from annotate.files import read_json, write_json
from annotate.keypoints import KEYPOINTS, SKELETON


def labelled_picture(picture_id: int = 0) -> Picture:
    picture = full_picture(picture_id)
    return picture.model_copy(update={"people": with_masks(picture.people, full_mask())})


def document_of(*pictures: Picture) -> dict[str, Any]:
    """As it comes back from a file."""
    return json.loads(json.dumps(coco_document(pictures, DatasetInfo(kind="synthetic"))))


def test_every_field_comes_back() -> None:
    pictures = [labelled_picture(0), labelled_picture(1)]
    assert pictures_of(document_of(*pictures), "a.json") == pictures


def test_every_field_of_a_person_is_set_in_some_picture_of_these_tests() -> None:
    people = labelled_picture().people
    unset = [
        name
        for name, field in Person.model_fields.items()
        if not field.is_required() and all(getattr(person, name) == field.get_default() for person in people)
    ]
    assert unset == ["provenance"]


def test_dataset_gives_back_the_labels_that_were_written(tmp_path: Path) -> None:
    read = Dataset.read(write_full_dataset(tmp_path / "S")).pictures[1]
    files = {"mask_file", "depth_file", "normals_file", "classes_file"}
    assert read.model_dump(exclude=files) == labelled_picture(1).model_dump(exclude=files)


def test_keypoints_are_cocos_flat_list() -> None:
    document = document_of(labelled_picture())
    entry = document["annotations"][0]
    keypoints = labelled_picture().people[0].keypoints
    assert keypoints is not None
    assert entry["keypoints"] == [value for keypoint in keypoints for value in keypoint]
    assert entry["num_keypoints"] == 16
    assert "keypoints" not in document["annotations"][1]


def test_category_names_keypoints_and_limbs_as_coco_does() -> None:
    """COCO's limbs count from 1; the first joins an ankle and a knee."""
    category = document_of()["categories"][0]
    assert category["keypoints"][:3] == ["nose", "left_eye", "right_eye"] and len(category["keypoints"]) == 17
    assert category["skeleton"][:3] == [[16, 14], [14, 12], [17, 15]]
    assert [[KEYPOINTS[a - 1], KEYPOINTS[b - 1]] for a, b in category["skeleton"]] == [list(limb) for limb in SKELETON]


def found_by(document: dict[str, Any], detections: list[dict[str, Any]], kind: str, tmp_path: Path) -> COCOeval:
    write_json(tmp_path / "truth.json", document)
    truth = COCO(str(tmp_path / "truth.json"))
    judge = COCOeval(truth, truth.loadRes(detections), kind)
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    return judge


def detections_of(document: dict[str, Any], hidden_too: bool) -> list[dict[str, Any]]:
    keys = ("image_id", "category_id", "bbox", "keypoints", "segmentation")
    return [
        {**{key: copy.deepcopy(entry[key]) for key in keys if key in entry}, "score": 0.9}
        for entry in document["annotations"]
        if hidden_too or not entry["iscrowd"]
    ]


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("hidden_too", [False, True])
def test_pycocotools_neither_asks_for_hidden_people_nor_minds_them(tmp_path: Path, kind: str, hidden_too: bool) -> None:
    document = document_of(labelled_picture(0), labelled_picture(1))
    assert [entry["iscrowd"] for entry in document["annotations"]] == [0, 0, 1] * 2
    judge = found_by(document, detections_of(document, hidden_too), kind, tmp_path)
    assert judge.stats[0] == pytest.approx(1.0)
    assert judge.stats[8] == pytest.approx(1.0)


def test_pycocotools_misses_people_that_are_not_hidden(tmp_path: Path) -> None:
    document = document_of(labelled_picture(0), labelled_picture(1))
    detections = [one for one in detections_of(document, False) if one["bbox"][0] == 5]
    assert found_by(document, detections, "bbox", tmp_path).stats[8] == pytest.approx(0.5)


def test_pycocotools_scores_the_keypoints(tmp_path: Path) -> None:
    document = document_of(labelled_picture())
    for entry in document["annotations"]:
        entry["area"] = 1500.0  # COCO's keypoint evaluation leaves people below 32 x 32 px out.
    seen = [one for one in detections_of(document, False) if "keypoints" in one]
    document["annotations"] = document["annotations"][:1]
    assert found_by(document, seen, "keypoints", tmp_path).stats[0] == pytest.approx(1.0)
    moved = copy.deepcopy(seen)
    moved[0]["keypoints"][0::3] = [x + 25 for x in moved[0]["keypoints"][0::3]]
    assert found_by(document, moved, "keypoints", tmp_path).stats[0] < 0.1


def test_schema_version_1_is_read_as_it_is(tmp_path: Path) -> None:
    """Datasets written before keypoints, hidden people and dense maps."""
    root = write_full_dataset(tmp_path / "S")
    new_person = ("head_point", "radius_bbox", "whole_bbox", "keypoints", "num_keypoints", "hidden", "head_m", "foot_m")
    document, info = read_json(root / "annotations.json"), read_json(root / "dataset.json")
    for entries, names in (
        (document["annotations"], new_person),
        (document["images"], ("depth_file", "normals_file", "classes_file")),
    ):
        for entry in entries:
            for name in names:
                entry.pop(name, None)
    document["categories"] = [{"id": 1, "name": "person", "supercategory": "person"}]
    write_json(root / "annotations.json", document)
    write_json(root / "dataset.json", {key: info[key] for key in info if key != "classes"} | {"schema_version": 1})
    dataset = Dataset.read(root)
    person = dataset.pictures[0].people[0]
    assert dataset.info.schema_version == 1 and dataset.info.classes == ()
    assert (person.bbox, person.keypoints, person.hidden) == ((5, 10, 10, 20), None, False)
    assert (dataset.mask(dataset.pictures[0]) == full_mask()).all()
    assert dataset.pictures[0].shown_people == dataset.pictures[0].people


def test_shown_people_are_those_not_hidden() -> None:
    assert [person.instance_id for person in labelled_picture().shown_people] == [1, 7]


@pytest.mark.parametrize("flat", [[1, 2, 2] * 16, [], "1,2,2", None, {"nose": [1, 2, 2]}])
def test_keypoints_of_another_number_are_refused(flat: Any) -> None:
    with pytest.raises(InputError, match=r"a\.json: annotations\[0\]\.keypoints: found .*, expected 51"):
        keypoint_rows(flat, "a.json: annotations[0].keypoints")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (3 * 3 + 2, 3, r"annotations\[0\]\.keypoints\[3\]\[2\] is 3"),
        (3, float("nan"), r"annotations\[0\]\.keypoints\[1\]\[0\] is nan"),
    ],
)
def test_wrong_keypoints_are_refused_by_place(place: int, value: float, message: str) -> None:
    document = document_of(labelled_picture())
    document["annotations"][0]["keypoints"][place] = value
    with pytest.raises(InputError, match=message):
        pictures_of(document, "a.json")


def test_keypoints_are_stored_as_numbers_that_numpy_reads() -> None:
    rows = keypoint_rows(document_of(labelled_picture())["annotations"][0]["keypoints"], "")
    assert np.asarray(rows).shape == (17, 3)
