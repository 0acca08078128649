"""YOLO in and out, on made-up folders and on a real one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from rich_pictures import NAMES, rich_dataset, there_and_back

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.files import write_image, write_text
from annotate.formats.convert import ConvertConfig, run
from annotate.formats.labelled import LabelledPictures, unheld
from annotate.formats.yolo import HOLDS, read_yolo, write_yolo

LABELS = {"frame_1": "0 0.5 0.5 0.25 0.5\n1 0.1 0.1 0.1 0.1\n", "frame_2": "", "frame_10": "0 0.25 0.25 0.5 0.5\n\n"}


def write_yolo_folder(root: Path, labels: dict[str, str] | None = None, classes: str = "person\nchair\n") -> Path:
    for stem, text in (LABELS if labels is None else labels).items():
        write_image(root / "images" / f"{stem}.jpg", np.full((48, 64, 3), 120, np.uint8))
        write_text(root / "labels" / f"{stem}.txt", text)
    write_text(root / "classes.txt", classes)
    return root


def convert(source: Path, out: Path, **options: object) -> Dataset:
    return Dataset.read(run(ConvertConfig.model_validate({"format": "yolo", "source": source, "out": out, **options})))


def test_boxes_become_pixels_and_other_classes_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = convert(write_yolo_folder(tmp_path / "yolo"), tmp_path / "R")
    by_name = {picture.stem: picture for picture in dataset}
    assert [person.bbox for person in by_name["frame_1"].people] == [(24, 12, 16, 24)]
    assert [person.bbox for person in by_name["frame_10"].people] == [(0, 0, 32, 24)]
    assert by_name["frame_2"].people == []
    assert by_name["frame_1"].people[0].provenance == "human" and dataset.info.kind == "real"
    printed = capsys.readouterr().out
    assert "1 boxes of other classes" in printed and "1 pictures are labelled as empty (frame_2)" in printed


def test_picture_files_are_copied_byte_for_byte_and_the_source_stays(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo")
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    dataset = convert(source, tmp_path / "R")
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before
    for picture in dataset:
        assert dataset.image_path(picture).read_bytes() == (source / "images" / picture.file_name).read_bytes()
        assert not os.path.samefile(dataset.image_path(picture), source / "images" / picture.file_name)


def test_frame_numbers_become_times(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo")
    times = {picture.stem: picture.time_s for picture in convert(source, tmp_path / "R", frames_per_second=4)}
    assert times == {"frame_1": 0.25, "frame_2": 0.5, "frame_10": 2.5}
    mixed = write_yolo_folder(tmp_path / "mixed", {"a_1": "", "b_2": ""})
    assert [picture.time_s for picture in convert(mixed, tmp_path / "M")] == [None, None]


def test_excluded_pictures_are_left_out_and_unknown_ones_refused(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo")
    dataset = convert(source, tmp_path / "R", exclude=["frame_2"])
    assert sorted(picture.stem for picture in dataset) == ["frame_1", "frame_10"]
    with pytest.raises(InputError, match=r"--exclude frame_3: .* no picture of that name"):
        convert(source, tmp_path / "other", exclude=["frame_3"])


def test_box_beyond_the_border_by_rounding_is_clipped(tmp_path: Path) -> None:
    labels = {"a": "0 0.95 0.5 0.1000001 1.00001\n", "b": "0 0.97 0.5 0.1 0.5\n"}
    dataset = convert(write_yolo_folder(tmp_path / "yolo", labels), tmp_path / "R")
    boxes = np.array([picture.people[0].bbox for picture in dataset])
    np.testing.assert_allclose(boxes, [[57.6, 0, 6.4, 48], [58.88, 12, 5.12, 24]], atol=1e-4)
    assert (boxes[:, 0] + boxes[:, 2] <= 64).all() and (boxes[:, 1] + boxes[:, 3] <= 48).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0.5 0.5 0.1 0.1\n0 0.99 0.5 0.2 0.1\n", r"frame_1.txt: line 2: box .* reaches 5.8 px outside its picture"),
        ("0 0.5 0.5 0.1\n", "line 1: found 4 columns, expected 5"),
        ("0 0.5 0.5 0.1 x\n", "line 1: found .* expected numbers: class cx cy w h"),
        ("0 0.5 0.5 0.1 nan\n", "line 1: box .* has no extent"),
        ("0 0.5 0.5 0 0.1\n", "line 1: box .* has no extent"),
        ("0 320 240 64 48\n", "fractions .0 to 1., not pixels"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    source = write_yolo_folder(tmp_path / "yolo", {**LABELS, "frame_1": text})
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "R")
    assert not (tmp_path / "R").exists()


def test_missing_label_file_is_refused_unless_allowed(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo")
    (source / "labels/frame_10.txt").unlink()
    with pytest.raises(InputError, match=r"frame_10.txt: no such label file \(1 of 3 .*--allow-unlabelled"):
        convert(source, tmp_path / "R")
    assert not (tmp_path / "R").exists()
    assert len(convert(source, tmp_path / "R", allow_unlabelled=True)) == 2


def test_missing_or_broken_picture_is_refused(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo")
    whole = (source / "images/frame_1.jpg").read_bytes()
    (source / "images/frame_1.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"frame_1.jpg: (breaks off|cannot be read)"):
        convert(source, tmp_path / "R")
    (source / "images/frame_1.jpg").unlink()
    with pytest.raises(InputError, match=r"frame_1\.txt: there is no picture frame_1"):
        convert(source, tmp_path / "R")
    with pytest.raises(InputError, match="no such folder"):
        convert(tmp_path / "gone", tmp_path / "R")
    assert not (tmp_path / "R").exists()


def test_the_class_that_means_a_person_is_asked_for(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo", classes="chair\nhead\n")
    with pytest.raises(InputError, match=r"classes: chair, head\); say which one means a person with --person-class"):
        convert(source, tmp_path / "R")
    dataset = convert(source, tmp_path / "R", person_class="head")
    assert sum(len(picture.people) for picture in dataset) == 1
    (source / "classes.txt").unlink()
    with pytest.raises(
        InputError, match=r"data.yaml: no such file, nor classes.txt, and labels use other classes than 0: \['1'\]"
    ):
        convert(source, tmp_path / "other")
    write_text(source / "data.yaml", "names: [person, chair]\n")
    assert sum(len(picture.people) for picture in convert(source, tmp_path / "other")) == 2


def test_two_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo")
    write_image(source / "images/frame_1.png", np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(InputError, match="'frame_1' is used twice"):
        convert(source, tmp_path / "R")


def test_yolo_out_and_in_again_is_the_same(tmp_path: Path) -> None:
    first = convert(write_yolo_folder(tmp_path / "yolo"), tmp_path / "R")
    run(ConvertConfig(format="plafond", source=tmp_path / "R", to="yolo", out=tmp_path / "again"))
    second = convert(tmp_path / "again", tmp_path / "R2")
    for before, after in zip(first, second, strict=True):
        assert (before.file_name, len(before.people)) == (after.file_name, len(after.people))
        for old, new in zip(before.people, after.people, strict=True):
            np.testing.assert_allclose(new.bbox, old.bbox, atol=1e-6)
    with pytest.raises(InputError, match="exists and is not empty"):
        run(ConvertConfig(format="plafond", source=tmp_path / "R", to="yolo", out=tmp_path / "again"))


def test_hidden_people_are_left_out_and_names_kept(tmp_path: Path) -> None:
    dataset = rich_dataset(tmp_path / "S")
    back = there_and_back(dataset, tmp_path / "yolo", write_yolo, read_yolo)
    assert [picture.file_name for picture in back.pictures] == sorted(NAMES)
    shown = {picture.file_name: [person.bbox for person in picture.shown_people] for picture in dataset}
    for picture in back.pictures:
        assert len(picture.people) == len(shown[picture.file_name])
        for person, bbox in zip(picture.people, shown[picture.file_name], strict=True):
            np.testing.assert_allclose(person.bbox, bbox, atol=1e-6)
    assert "2 hidden people" in unheld(LabelledPictures.of(dataset), HOLDS)[0]


def test_data_yaml_leads_to_the_pictures_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root is "path", from the working folder, and only without it where data.yaml lies (check_det_dataset)."""
    there_and_back(rich_dataset(tmp_path / "S"), tmp_path / "yolo", write_yolo, read_yolo)
    monkeypatch.chdir(tmp_path)
    data = yaml.safe_load(Path("yolo/data.yaml").read_text())
    root = Path(data.get("path") or Path("yolo/data.yaml").parent)
    for part in ("train", "val"):
        assert sorted(path.name for path in (root / data[part]).resolve().rglob("*.jpg")) == ["leer.jpg"]
    assert data["names"] == {0: "person"} and data.keys() <= {"path", "train", "val", "test", "names", "nc"}


def test_source_is_never_overwritten(tmp_path: Path) -> None:
    source = write_yolo_folder(tmp_path / "yolo")
    dataset = convert(source, tmp_path / "R")
    for out in (tmp_path / "R", tmp_path / "R/inner", tmp_path):
        with pytest.raises(InputError, match="lies in the way of"):
            run(ConvertConfig(format="plafond", source=tmp_path / "R", out=out, overwrite=True))
    assert Dataset.read(tmp_path / "R").pictures == dataset.pictures


def test_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'format "voc" is not known; known formats: coco .* yolo'):
        run(ConvertConfig(format="voc", source=tmp_path, out=tmp_path / "R"))


def test_real_office_converts_whole(tmp_path: Path) -> None:
    data = os.environ.get("PLAFOND_TEST_DATA")
    if not data or not (Path(data) / "real/office-a").is_dir():
        pytest.skip("PLAFOND_TEST_DATA names no folder with real/office-a")
    dataset = convert(Path(data) / "real/office-a", tmp_path / "R", exclude=["frame_0186"])
    assert len(dataset) == 191
    assert sum(len(picture.people) for picture in dataset) == 3666
    assert {(picture.width, picture.height) for picture in dataset} == {(960, 720)}
