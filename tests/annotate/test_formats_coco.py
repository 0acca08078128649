"""COCO in and out: other programs' files, our own fields, and refusals."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from labelled_dataset import write_labelled
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from rich_pictures import assert_same_labels, rich_dataset, there_and_back

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from annotate.files import read_json, write_image, write_json
from annotate.formats.coco import HOLDS, read_coco, write_coco
from annotate.formats.convert import ConvertConfig, run
from annotate.formats.labelled import LABEL_KINDS, LabelledPictures, ReadOptions
from annotate.keypoints import KEYPOINTS
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
        ({"annotations.0.segmentation": [[1, 2, 3, 4, float("nan"), 6]]}, "a point lies far outside its picture"),
        ({"annotations.0.segmentation": [[1, 2, 3, 4, 1e9, 6]]}, "a point lies far outside its picture"),
        ({"annotations.0.segmentation": {"size": [48, 64], "counts": [1, 2]}}, "run lengths cover 3 pixels"),
        ({"annotations.0.segmentation": {"size": [48, 64], "counts": [1, "x"]}}, "run lengths cover 1 pixels"),
        ({"annotations.0.keypoints": [1, 2, 2]}, r"annotations\[0\].keypoints: found 3 values, expected 51"),
        ({"annotations.0.keypoints": [1, 2, 5] * 17}, r"annotations\[0\].keypoints\[0\]\[2\] is 5"),
        ({"categories.1.keypoints": "nose"}, r'category "Person".keypoints is .nose.: expected a list of names'),
        ({"categories.1.keypoints": ["nose", "Nose"]}, '"nose" is named twice'),
        ({"plafond": {"kind": "stale"}}, r"labels.json: plafond.kind is .stale."),
        ({"plafond": {"kind": "real"}, "images.0.camera": "x"}, r"images\[0\].camera is .x.; cameras .*: none"),
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


def test_every_label_but_dense_maps_survives_the_way_there_and_back(tmp_path: Path) -> None:
    dataset = rich_dataset(tmp_path / "S")
    back = there_and_back(dataset, tmp_path / "coco", write_coco, read_coco)
    maps = frozenset({"mask_file", "depth_file", "normals_file", "classes_file"})
    assert_same_labels(LabelledPictures.of(dataset), back, without=maps)
    assert (back.info.name, back.info.kind, back.info.seed) == (dataset.info.name, "refined", 3)
    assert back.info.cameras == dataset.info.cameras
    assert back.info.config["made_with"]["config"] == dataset.info.config
    assert LABEL_KINDS.keys() - {"depth", "normals", "classes"} == HOLDS


def test_hidden_people_stay_people_and_other_crowds_ignore_areas(tmp_path: Path) -> None:
    changes = {"annotations.0.iscrowd": 1, "annotations.0.hidden": True, "annotations.3.iscrowd": 1}
    source = write_foreign(tmp_path / "coco", changes)
    by_id = {picture.id: picture for picture in convert(source, tmp_path / "R")}
    assert [person.hidden for person in by_id[40].people] == [True] and len(by_id[40].ignore_areas) == 1
    assert by_id[7].people == [] and by_id[7].ignore_areas == [[(60, 0), (64, 0), (64, 9), (60, 9)]]


def perfect(coco: COCO, entries: list[dict[str, Any]]) -> COCO:
    """Those annotations as results."""
    keys = ("image_id", "category_id", "bbox", "segmentation", "keypoints")
    return coco.loadRes([{**{key: entry[key] for key in keys if key in entry}, "score": 0.9} for entry in entries])


def evaluated(truth: COCO, results: COCO, kind: str) -> tuple[float, int]:
    """COCO's average precision, and how many people it asked for."""
    evaluation = COCOeval(truth, results, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    rows = [row for row in evaluation.evalImgs if row and row["aRng"] == evaluation.params.areaRng[0]]
    return float(evaluation.stats[0]), sum(int((row["gtIgnore"] == 0).sum()) for row in rows)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("also_crowds", [False, True])
def test_cocos_own_evaluation_neither_asks_for_hidden_people_nor_counts_them_wrong(
    tmp_path: Path, kind: str, also_crowds: bool
) -> None:
    dataset = write_labelled(tmp_path / "S")
    assert any(person.hidden for picture in dataset for person in picture.people)
    run(ConvertConfig(format="plafond", source=tmp_path / "S", to="coco", out=tmp_path / "coco"))
    truth = COCO(str(tmp_path / "coco/annotations.json"))
    entries = [entry for entry in truth.anns.values() if also_crowds or not entry["iscrowd"]]
    precision, asked = evaluated(truth, perfect(truth, entries), kind)
    assert precision == pytest.approx(1.0)
    assert asked == sum(len(picture.shown_people) for picture in dataset)


def test_cocos_own_evaluation_of_keypoints_runs_where_only_some_people_have_them(tmp_path: Path) -> None:
    rich_dataset(tmp_path / "S")
    run(ConvertConfig(format="plafond", source=tmp_path / "S", to="coco", out=tmp_path / "coco"))
    truth = COCO(str(tmp_path / "coco/annotations.json"))
    posed = [entry for entry in truth.anns.values() if entry["num_keypoints"]]
    assert evaluated(truth, perfect(truth, posed), "keypoints") == (pytest.approx(1.0), 1)


def test_keypoints_are_found_by_the_names_of_the_category(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["Neck", "Right Shoulder", "nose", "left-hip"]
    flat = [1, 1, 2, 11, 12, 1, 20, 21, 2, 9, 9, 0]
    source = write_foreign(tmp_path / "coco", {"categories.1.keypoints": names, "annotations.0.keypoints": flat})
    picture = next(picture for picture in convert(source, tmp_path / "R") if picture.id == 40)
    keypoints = dict(zip(KEYPOINTS, picture.people[0].keypoints or (), strict=True))
    assert keypoints["right_shoulder"] == (11, 12, 1) and keypoints["nose"] == (20, 21, 2)
    assert {row for name, row in keypoints.items() if name not in ("right_shoulder", "nose")} == {(0, 0, 0)}
    assert "keypoints Neck are none of the 17 kept here: left out" in capsys.readouterr().out


def test_keypoints_of_a_category_that_shares_no_name_are_left_out(tmp_path: Path) -> None:
    source = write_foreign(
        tmp_path / "coco", {"categories.1.keypoints": ["tail"], "annotations.0.keypoints": [1, 1, 2]}
    )
    labelled = read_coco(source, ReadOptions())
    assert [person.keypoints for picture in labelled.pictures for person in picture.people] == [None, None]
    assert "keypoints tail are none of the 17 kept here: left out" in labelled.notes


def test_unlabelled_keypoints_of_other_programs_are_none(tmp_path: Path) -> None:
    source = write_foreign(tmp_path / "coco", {"annotations.0.keypoints": [0] * 51, "annotations.0.num_keypoints": 0})
    assert all(person.keypoints is None for picture in convert(source, tmp_path / "R") for person in picture.people)


def test_written_keypoints_are_cocos_flat_lists(tmp_path: Path) -> None:
    rich_dataset(tmp_path / "S")
    run(ConvertConfig(format="plafond", source=tmp_path / "S", to="coco", out=tmp_path / "coco"))
    document = read_json(tmp_path / "coco/annotations.json")
    (category,) = document["categories"]
    assert category["keypoints"] == list(KEYPOINTS) and category["skeleton"][0] == [16, 14]
    assert {len(entry["keypoints"]) for entry in document["annotations"]} == {51}
    posed = next(entry for entry in document["annotations"] if entry["num_keypoints"])
    assert posed["num_keypoints"] == 16 and posed["keypoints"][:3] == [6.0, 11.25, 1]
