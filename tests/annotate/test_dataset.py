"""The dataset folder as others read it: round trips, what pycocotools makes of it, and every refusal."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from annotate.camera import Camera, CameraPose
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.dataset_model import GENERATOR, SCHEMA_VERSION
from annotate.errors import InputError
from annotate.files import read_json, write_image, write_json
from annotate.lens import EquidistantLens
from annotate.rle import decode_rle, encode_rle

LENS = EquidistantLens(f_px=20.0, width_px=64, height_px=48, cx_px=30.0, cy_px=25.0)
CAMERA = Camera(lens=LENS, pose=CameraPose(height_m=3.0))


def picture_and_pixels(picture_id: int) -> tuple[Picture, np.ndarray, np.ndarray]:
    """A 64 x 48 picture with two people whose masks touch."""
    rng = np.random.default_rng(picture_id)
    mask = np.zeros((48, 64), np.uint16)
    mask[10:30, 5:15] = 1
    mask[20:30, 12:25] = 7
    people = [
        Person(instance_id=1, bbox=(5, 10, 10, 20), head_bbox=(6, 10, 5, 5), visible_fraction=0.875),
        Person(instance_id=7, bbox=(12, 20, 13, 10), rotated_bbox=(18.5, 25, 10, 13, -90), attributes={"sits": True}),
    ]
    picture = Picture(
        id=picture_id, file_name=f"{picture_id:05d}.png", width=64, height=48, camera="ceiling", time_s=0.5 * picture_id,
        ignore_areas=[[(0, 0), (4, 0), (4, 4)]], people=people,
    )  # fmt: skip
    return picture, rng.integers(0, 255, (48, 64, 3), np.uint8), mask


def write_dataset(root: Path, count: int = 2) -> Path:
    info = DatasetInfo(name="small", kind="synthetic", seed=3, config={"images": count}, cameras={"ceiling": CAMERA})
    writer = DatasetWriter(root, info)
    for picture_id in range(count):
        writer.add(*picture_and_pixels(picture_id))
    writer.finish()
    return root


def changed(root: Path, path: list[Any], value: Any) -> Path:
    """Set one field of annotations.json."""
    document = read_json(root / "annotations.json")
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    write_json(root / "annotations.json", document)
    return root


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    dataset = Dataset.read(write_dataset(tmp_path / "S"))
    picture, image, mask = picture_and_pixels(1)
    read = dataset.pictures[1]
    assert len(dataset) == 2 and [one.id for one in dataset] == [0, 1]
    assert (dataset.image(read) == image).all()
    assert (dataset.mask(read) == mask).all() and dataset.mask(read).dtype == np.uint16
    assert read.people[1].rotated_bbox == (18.5, 25, 10, 13, -90)
    assert read.people[1].attributes == {"sits": True}
    assert read.model_copy(update={"people": [], "mask_file": None}) == picture.model_copy(update={"people": []})
    assert dataset.camera(read) == CAMERA
    np.testing.assert_allclose(dataset.nadir_px(read), [30, 25])


def test_nadir_is_the_picture_centre_without_a_camera(tmp_path: Path) -> None:
    dataset = Dataset.read(changed(write_dataset(tmp_path / "S"), ["images", 0, "camera"], None))
    np.testing.assert_allclose(dataset.nadir_px(dataset.pictures[0]), [32, 24])


def test_pycocotools_loads_annotations_and_decodes_the_masks(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "S")
    coco = COCO(str(root / "annotations.json"))
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=[1], catIds=coco.getCatIds(["person"]), iscrowd=False))
    _, _, mask = picture_and_pixels(1)
    assert [entry["instance_id"] for entry in annotations] == [1, 7]
    for entry in annotations:
        assert (coco.annToMask(entry).astype(bool) == (mask == entry["instance_id"])).all()
        assert entry["area"] == (mask == entry["instance_id"]).sum()
    assert coco.loadImgs([1])[0]["file_name"] == "00001.png"


def test_run_lengths_agree_with_pycocotools() -> None:
    rng = np.random.default_rng(0)
    for density in (0.0, 0.02, 0.5, 1.0):
        mask = rng.random((37, 53)) < density
        assert (decode_rle(encode_rle(mask), 53, 37) == mask).all()
        rle: Any = {"size": [37, 53], "counts": encode_rle(mask)}
        assert coco_mask.area(rle) == mask.sum()


@pytest.mark.parametrize("counts", ["", "0", "!!", encode_rle(np.ones((9, 9), bool)), encode_rle(np.eye(8) > 0)[:-1]])
def test_run_lengths_that_do_not_fill_the_picture_are_refused(counts: str) -> None:
    with pytest.raises(ValueError, match="run lengths"):
        decode_rle(counts, 8, 8)


def test_masks_come_from_segmentations_where_there_is_no_mask_file(tmp_path: Path) -> None:
    dataset = Dataset.read(changed(write_dataset(tmp_path / "S"), ["images", 0, "mask_file"], None))
    assert (dataset.mask(dataset.pictures[0]) == picture_and_pixels(0)[2]).all()


def test_boxes_only_say_so_when_masks_are_asked_for(tmp_path: Path) -> None:
    picture, image, _ = picture_and_pixels(0)
    writer = DatasetWriter(tmp_path / "R", DatasetInfo(kind="real", cameras={"ceiling": CAMERA}))
    writer.add(picture, image)
    writer.finish()
    dataset = Dataset.read(tmp_path / "R")
    entries = COCO(str(tmp_path / "R/annotations.json")).loadAnns([1])
    assert "segmentation" not in entries[0] and entries[0]["area"] == 200
    with pytest.raises(InputError, match="boxes only"):
        dataset.mask(dataset.pictures[0])


REFUSALS = [
    (["images", 1, "file_name"], "../../x.png", r'images\[1\]\.file_name is "../../x.png": a path must stay inside'),
    (["images", 1, "file_name"], "/etc/x.png", "must stay inside"),
    (["images", 1, "file_name"], "C:/x.png", "must stay inside"),
    (["images", 1, "file_name"], "x\\..\\y.png", "must stay inside"),
    (["images", 1, "file_name"], ".y.png", "hidden files"),
    (["images", 1, "mask_file"], "../images/00001.png", r"images\[1\]\.mask_file .*must stay inside"),
    (["images", 1, "file_name"], "gone.png", r'file_name is "gone.png": there is no images/gone.png'),
    (["images", 1, "id"], 0, "id 0 is used twice"),
    (["images", 1, "file_name"], "00000.png", "used twice"),
    (["images", 1, "width"], 63, r"segmentation.size is \[48, 64\], but its picture is \[48, 63\]"),
    (["images", 1, "camera"], "door", r'camera is "door"; cameras in dataset.json: ceiling'),
    (["images", 0, "ignore_areas"], [[[0, 0], [1, 1]]], r"images\[0\]\.ignore_areas"),
    (["annotations", 2, "bbox"], [1, 2, float("nan"), 4], r"annotations\[2\]\.bbox"),
    (["annotations", 2, "bbox"], [1, 2, 0, 4], r"annotations\[2\]\.bbox.*above 0"),
    (["annotations", 2, "bbox"], None, r"annotations\[2\]\.bbox"),
    (["annotations", 2, "instance_id"], 7, "instance_id 7 is used twice"),
    (["annotations", 2, "image_id"], 9, r"annotations\[2\]\.image_id is 9: no image has that id"),
    (["annotations", 2, "image_id"], [9], r"annotations\[2\]\.image_id is \[9\]"),
    (["images", 1, "id"], [9], r"images\[1\]\.id"),
    (["annotations"], {}, 'a list "annotations"'),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSALS)
def test_wrong_annotations_are_refused_by_file_and_field(
    tmp_path: Path, path: list[Any], value: Any, message: str
) -> None:
    root = changed(write_dataset(tmp_path / "S"), path, value)
    with pytest.raises(InputError, match=message) as refusal:
        Dataset.read(root)
    assert "annotations.json" in str(refusal.value)


def test_picture_and_mask_of_another_size_are_refused(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "S")
    write_image(root / "masks" / "00001.png", np.zeros((48, 60), np.uint16))
    with pytest.raises(InputError, match=r"masks/00001.png is 60 x 48 px, but its entry says 64 x 48"):
        Dataset.read(root)


def test_broken_picture_is_refused(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "S")
    (root / "images" / "00001.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match=r"00001.png: cannot be read as a picture"):
        Dataset.read(root)


def test_folders_that_are_no_finished_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        Dataset.read(tmp_path / "gone")
    with pytest.raises(InputError, match="not a dataset"):
        Dataset.read(tmp_path)
    root = write_dataset(tmp_path / "S")
    with pytest.raises(InputError, match="it holds the datasets S"):
        Dataset.read(tmp_path)
    (root / "annotations.json").unlink()
    with pytest.raises(InputError, match=r"not finished \(2 pictures are\)"):
        Dataset.read(root)


def test_cut_or_newer_dataset_json_is_refused(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "S")
    info = read_json(root / "dataset.json")
    write_json(root / "dataset.json", {**info, "schema_version": SCHEMA_VERSION + 1})
    with pytest.raises(InputError, match=f"schema_version is {SCHEMA_VERSION + 1}"):
        Dataset.read(root)
    info["cameras"]["ceiling"]["lens"]["f_px"] = -1
    write_json(root / "dataset.json", info)
    with pytest.raises(InputError, match=r"dataset.json\.cameras\.ceiling\.lens.*f_px"):
        Dataset.read(root)
    (root / "dataset.json").write_text(json.dumps(info)[:40])
    with pytest.raises(InputError, match="not valid JSON"):
        Dataset.read(root)


def test_generator_states_the_project_s_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert f"{project['name']} {project['version']}" == GENERATOR
