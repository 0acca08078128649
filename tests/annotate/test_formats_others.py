"""What other programs make of the formats that are written here: supervision, and the rules of Ultralytics' data.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from labelled_dataset import write_labelled
from rich_pictures import rich_dataset

from annotate.dataset import Dataset
from annotate.formats.coco import write_coco
from annotate.formats.labelled import LabelledPictures
from annotate.formats.labelme import write_labelme
from annotate.formats.yolo import write_yolo
from annotate.formats.yolo_obb import write_yolo_obb


def supervision_dataset() -> Any:
    return pytest.importorskip("supervision", reason="supervision is not installed").DetectionDataset


def written(dataset: Dataset, out: Path, write: Any) -> Path:
    out.mkdir()
    write(LabelledPictures.of(dataset), out)
    return out


def boxes_by_name(loaded: Any) -> dict[str, np.ndarray]:
    """[left, top, right, bottom] (n, 4) by the name of the picture, as supervision has them."""
    return {Path(path).name: detections.xyxy for path, _, detections in loaded}


def expected_boxes(dataset: Dataset) -> dict[str, np.ndarray]:
    """The same of the shown people, from the labels."""
    rows = {picture.file_name: [person.bbox for person in picture.shown_people] for picture in dataset}
    boxes = {name: np.array(values).reshape(-1, 4) for name, values in rows.items()}
    return {name: np.hstack([values[:, :2], values[:, :2] + values[:, 2:]]) for name, values in boxes.items()}


def assert_same_boxes(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert sorted(found) == sorted(expected)
    for name, boxes in expected.items():
        np.testing.assert_allclose(found[name].reshape(-1, 4), boxes, atol=1e-4)


def test_supervision_loads_yolo(tmp_path: Path) -> None:
    detection_dataset = supervision_dataset()
    dataset = write_labelled(tmp_path / "S")
    out = written(dataset, tmp_path / "yolo", write_yolo)
    loaded = detection_dataset.from_yolo(str(out / "images"), str(out / "labels"), str(out / "data.yaml"))
    assert loaded.classes == ["person"]
    assert_same_boxes(boxes_by_name(loaded), expected_boxes(dataset))


def test_supervision_loads_yolo_obb(tmp_path: Path) -> None:
    detection_dataset = supervision_dataset()
    dataset = write_labelled(tmp_path / "S")
    out = written(dataset, tmp_path / "obb", write_yolo_obb)
    paths = (str(out / "images"), str(out / "labels"), str(out / "data.yaml"))
    loaded = detection_dataset.from_yolo(*paths, is_obb=True)
    corners = {Path(path).name: detections.data["xyxyxyxy"] for path, _, detections in loaded}
    for picture in dataset:
        for person, points in zip(picture.shown_people, corners[picture.file_name], strict=True):
            assert person.rotated_bbox is not None
            np.testing.assert_allclose(points.mean(axis=0), person.rotated_bbox[:2], atol=1e-3)
            sides = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
            np.testing.assert_allclose(sorted(sides), sorted([*person.rotated_bbox[2:4]] * 2), atol=1e-3)


def test_supervision_loads_coco_with_masks_and_crowds(tmp_path: Path) -> None:
    detection_dataset = supervision_dataset()
    dataset = write_labelled(tmp_path / "S")
    out = written(dataset, tmp_path / "coco", write_coco)
    loaded = detection_dataset.from_coco(str(out / "images"), str(out / "annotations.json"), force_masks=True)
    assert loaded.classes == ["person"]
    found = {Path(path).name: detections for path, _, detections in loaded}
    for picture in dataset:
        detections = found[picture.file_name]
        hidden = [person for person in picture.people if person.hidden]
        assert list(detections.data["iscrowd"]).count(1) == len(hidden) + len(picture.ignore_areas)
        shown = detections[np.asarray(detections.data["iscrowd"]) == 0]
        np.testing.assert_allclose(shown.xyxy, expected_boxes(dataset)[picture.file_name], atol=1e-4)
        for person, mask in zip(picture.shown_people, shown.mask, strict=True):
            assert (mask == person.mask(picture.width, picture.height)).all()


@pytest.mark.filterwarnings("ignore:Skipped unsupported LabelMe shape type")
def test_supervision_loads_labelme(tmp_path: Path) -> None:
    """It reads rectangles and polygons, and joins those of one label and group."""
    detection_dataset = supervision_dataset()
    dataset = write_labelled(tmp_path / "S")
    out = written(dataset, tmp_path / "labelme", write_labelme)
    loaded = detection_dataset.from_labelme(str(out), str(out))
    assert {"person", "head", "person_whole", "ignore"} == set(loaded.classes)
    person_class = loaded.classes.index("person")
    for path, _, detections in loaded:
        picture = next(picture for picture in dataset if picture.file_name == Path(path).name)
        found = detections.xyxy[detections.class_id == person_class]
        people = np.array([person.bbox for person in picture.people])
        np.testing.assert_allclose(found, np.hstack([people[:, :2], people[:, :2] + people[:, 2:]]), atol=1e-4)


def ultralytics_folders(data_yaml: Path) -> dict[str, Path]:
    """Folders of pictures by Ultralytics' rule (check_det_dataset): path, else the YAML's folder, then train and val."""
    data = yaml.safe_load(data_yaml.read_text(encoding="utf-8"))
    assert (
        {"train", "val", "names"}
        <= data.keys()
        <= {"path", "train", "val", "test", "names", "nc", "kpt_shape", "flip_idx"}
    )
    assert list(data["names"]) == list(range(len(data["names"])))
    root = Path(data.get("path") or data_yaml.parent)
    return {part: (root / data[part]).resolve() for part in ("train", "val")}


@pytest.mark.parametrize("write", [write_yolo, write_yolo_obb])
def test_ultralytics_finds_pictures_and_labels_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Any
) -> None:
    """A label file is the picture's path with its last /images/ changed to /labels/ and .txt for its suffix."""
    out = written(rich_dataset(tmp_path / "S"), tmp_path / "out", write)
    monkeypatch.chdir(tmp_path)
    for folder in ultralytics_folders(out.relative_to(tmp_path) / "data.yaml").values():
        pictures = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))
        assert len(pictures) == 4
        for path in pictures:
            before, after = str(path).rsplit("/images/", 1)
            assert Path(f"{before}/labels/{after}".rsplit(".", 1)[0] + ".txt").is_file()
