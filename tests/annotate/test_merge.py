"""Several datasets in one: names, cameras, class numbers and pictures that are there twice."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from full_datasets import full_maps, write_box_dataset, write_full_dataset

from annotate.check import check
from annotate.classes import CLASS_ID, CLASSES
from annotate.dataset import Dataset
from annotate.dense import write_classes
from annotate.errors import InputError
from annotate.files import read_json, write_json
from annotate.merge import MergeConfig, merge, merged_classes, run

TURNED = tuple(reversed(CLASSES))


def write_turned(root: Path) -> Path:
    """A dataset that numbers the same classes from the other end."""
    write_full_dataset(root, count=1, classes=TURNED)
    write_classes(root / "classes/00000.png", len(CLASSES) - 1 - full_maps().classes.astype(int))
    return root


def test_pictures_of_equal_names_are_kept_apart(tmp_path: Path) -> None:
    first = Dataset.read(write_full_dataset(tmp_path / "a/clip"))
    second = Dataset.read(write_full_dataset(tmp_path / "b/clip", count=1))
    merged = merge([first, second], tmp_path / "all")
    assert [(picture.id, picture.file_name) for picture in merged] == [
        (0, "clip/00000.png"), (1, "clip/00001.png"), (2, "clip-2/00000.png"),
    ]  # fmt: skip
    assert set(merged.info.cameras) == {"clip/ceiling", "clip-2/ceiling"}
    assert merged.camera(merged.pictures[2]) == second.camera(second.pictures[0])
    assert merged.pictures[1].people == first.pictures[1].people
    for field, path in merged.files(merged.pictures[1]).items():
        assert os.path.samefile(path, first.files(first.pictures[1])[field])
    assert merged.info.kind == "synthetic" and merged.info.classes == CLASSES
    assert check(merged) == []


def test_kinds_that_differ_are_mixed(tmp_path: Path) -> None:
    roots = [write_full_dataset(tmp_path / "S"), write_box_dataset(tmp_path / "R")]
    merged = merge([Dataset.read(root) for root in roots], tmp_path / "all", name="both")
    assert (merged.info.kind, merged.info.name, merged.info.classes) == ("mixed", "both", CLASSES)
    assert [picture.camera for picture in merged] == ["S/ceiling", "S/ceiling", None, None]
    assert merged.pictures[3].file_name == "R/b/c.png"
    assert check(merged) == []


def test_class_maps_keep_their_meaning_under_other_numbers(tmp_path: Path) -> None:
    inputs = [Dataset.read(write_full_dataset(tmp_path / "S")), Dataset.read(write_turned(tmp_path / "T"))]
    merged = merge(inputs, tmp_path / "all")
    assert merged.info.classes == CLASSES
    assert (merged.classes(merged.pictures[2]) == full_maps().classes).all()
    assert merged.classes(merged.pictures[2])[12, 7] == CLASS_ID["top"]
    before = inputs[1].classes(inputs[1].pictures[0])
    assert before[12, 7] == TURNED.index("top"), "the input stays as it is"
    assert check(merged) == []


def test_class_names_are_joined() -> None:
    assert merged_classes([("nothing", "wall"), (), ("nothing", "wall", "door")]) == ("nothing", "wall", "door")
    assert merged_classes([("nothing", "wall"), ("nothing", "door")]) == ("nothing", "wall", "door")
    assert merged_classes([]) == ()
    with pytest.raises(InputError, match="name 300 classes together; a class map holds 256"):
        merged_classes([tuple(f"a{i}" for i in range(150)), tuple(f"b{i}" for i in range(150))])


def test_nameless_class_number_is_refused(tmp_path: Path) -> None:
    root = write_turned(tmp_path / "T")
    write_classes(root / "classes/00000.png", np.full((48, 64), 200))
    with pytest.raises(InputError, match=r"classes/00000\.png: found class number 200, but dataset\.json names"):
        merge([Dataset.read(write_full_dataset(tmp_path / "S")), Dataset.read(root)], tmp_path / "all")


def test_run_notes_equal_pictures_and_rewritten_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = (write_full_dataset(tmp_path / "S"), write_turned(tmp_path / "T"))
    assert run(MergeConfig(datasets=folders, out=tmp_path / "all")) == tmp_path / "all"
    printed = capsys.readouterr().out
    assert f"{tmp_path}/T: its classes are numbered otherwise" in printed and "/S: its classes" not in printed
    assert "1 pictures are there more than once" in printed and "images/S/00000.png = images/T/00000.png" in printed
    assert "images/S: 2 pictures, 6 people" in printed and "images/T: 1 pictures, 3 people" in printed


def test_same_merge_again_changes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    inputs = [Dataset.read(write_full_dataset(tmp_path / "S")), Dataset.read(write_turned(tmp_path / "T"))]
    for _ in range(2):
        merge(inputs, tmp_path / "all")
    before = {path: path.read_bytes() for path in (tmp_path / "all").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="--overwrite"):
        merge(inputs[:1], tmp_path / "all")
    assert {path: path.read_bytes() for path in (tmp_path / "all").rglob("*") if path.is_file()} == before
    assert len(merge(inputs[:1], tmp_path / "all", overwrite=True)) == 2


def test_inputs_that_cannot_be_merged_are_refused(tmp_path: Path) -> None:
    dataset = Dataset.read(write_full_dataset(tmp_path / "S"))
    with pytest.raises(InputError, match="no dataset was given"):
        merge([], tmp_path / "all")
    with pytest.raises(InputError, match="is named twice"):
        merge([dataset, dataset], tmp_path / "all")
    with pytest.raises(InputError, match="lies in the way of"):
        merge([dataset], tmp_path / "S/all")
    assert not (tmp_path / "all").exists()


def test_hidden_folder_gives_no_hidden_names(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / ".S", count=1)
    write_json(root / "dataset.json", {**read_json(root / "dataset.json"), "name": "S"})
    assert merge([Dataset.read(root)], tmp_path / "all").pictures[0].file_name == "S/00000.png"
