"""The convert command: what it says about labels that a format does not keep, and what it does not make up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rotated_people import BOXES, SIZE, rotated_person

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Picture
from annotate.formats import FORMATS
from annotate.formats.convert import ConvertConfig, run
from annotate.formats.labelled import LABEL_KINDS


def write_rendered(root: Path) -> Path:
    """One synthetic picture without a time: a person whose upright box is the one around the rotated box, and one whose
    upright box is tighter."""
    loose = rotated_person(1, BOXES[0])
    x, y, w, h = rotated_person(2, BOXES[1]).bbox
    tight = rotated_person(2, BOXES[1]).model_copy(update={"bbox": (x + 2, y + 2, w - 4, h - 4)})
    writer = DatasetWriter(root, DatasetInfo(name="S", kind="synthetic"))
    picture = Picture(
        id=0, file_name="000007.png", width=SIZE[0], height=SIZE[1], people=[loose, tight], background="room",
        attributes={"lux": 300},
    )  # fmt: skip
    writer.add(picture, np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    writer.finish()
    return root


def convert(source: Path, out: Path, read: str, to: str) -> Path:
    return run(ConvertConfig(format=read, source=source, out=out, to=to))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_labels_that_do_not_come_back_are_said(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = Dataset.read(write_rendered(tmp_path / "S")).pictures[0]
    convert(tmp_path / "S", tmp_path / "there", "plafond", name)
    said = capsys.readouterr().out
    found = Dataset.read(convert(tmp_path / "there", tmp_path / "back", name, "plafond"))
    back = found.pictures[0]
    tight = zip(source.people, back.people, strict=True)
    lost = {
        "bbox": any(np.abs(np.subtract(old.bbox, new.bbox)).max() > 0.5 for old, new in tight),
        "rotated_bbox": any(person.rotated_bbox is None for person in back.people),
        "background": back.background != source.background,
        "picture_attributes": back.attributes != source.attributes,
    }
    for kind, is_lost in lost.items():
        assert (f"1 {LABEL_KINDS[kind][0]}" in said or f"2 {LABEL_KINDS[kind][0]}" in said) == is_lost, kind
    assert ("pass --kind synthetic" in said) == (found.info.kind != "synthetic")


@pytest.mark.parametrize("name", ["coco", "labelme", "cvat", "webdataset"])
def test_times_are_not_made_up_for_files_of_our_own(name: str, tmp_path: Path) -> None:
    convert(write_rendered(tmp_path / "S"), tmp_path / "there", "plafond", name)
    assert Dataset.read(convert(tmp_path / "there", tmp_path / "back", name, "plafond")).pictures[0].time_s is None


@pytest.mark.parametrize("name", ["labelme", "cvat"])
def test_a_stated_frame_rate_gives_times_to_files_of_our_own_too(name: str, tmp_path: Path) -> None:
    convert(write_rendered(tmp_path / "S"), tmp_path / "there", "plafond", name)
    config = ConvertConfig(format=name, source=tmp_path / "there", out=tmp_path / "back", frames_per_second=2)
    assert Dataset.read(run(config)).pictures[0].time_s == 3.5
