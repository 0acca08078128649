"""HABBOF in and out: text files beside pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rotated_people import BOXES, SIZE, assert_same_people, leaning_bar, overlap_of, rotated_pictures

from annotate.errors import InputError
from annotate.files import write_image, write_text
from annotate.formats.habbof import read_habbof, write_habbof
from annotate.formats.labelled import LabelledPictures, ReadOptions


def write_folder(root: Path, **labels: str) -> Path:
    """One video Lab1 with a picture and a label file of each name."""
    for stem, text in labels.items():
        write_image(root / f"Lab1/{stem}.jpg", np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
        write_text(root / f"Lab1/{stem}.txt", text)
    return root


def read(source: Path, **options: Any) -> LabelledPictures:
    return read_habbof(source, ReadOptions(**options))


def test_lines_become_rotated_boxes(tmp_path: Path) -> None:
    labelled = read(write_folder(tmp_path, f1="person 60 50 20 44 30\nperson 120 100 51 18 -100\n\n", f2=""))
    assert [picture.file_name for picture in labelled.pictures] == ["Lab1/f1.jpg", "Lab1/f2.jpg"]
    people = labelled.pictures[0].people
    np.testing.assert_allclose(
        [person.rotated_bbox for person in people], [(60, 50, 20, 44, 30), (120, 100, 18, 51, -10)]
    )
    assert labelled.pictures[1].people == [] and "1 pictures are labelled as empty (Lab1/f2)" in labelled.notes[0]


def test_positive_degrees_lean_to_the_right(tmp_path: Path) -> None:
    mask, box = leaning_bar()
    line = " ".join(f"{value:g}" for value in box)
    folder = write_folder(tmp_path, right=f"person {line} 30\n", left=f"person {line} -30\n")
    left, right = (picture.people[0].rotated_bbox for picture in read(folder).pictures)
    assert overlap_of(right, mask) > 0.8 > 0.4 > overlap_of(left, mask)


def test_out_and_in_again_is_the_same(tmp_path: Path) -> None:
    before = rotated_pictures(tmp_path / "pictures")
    write_habbof(before, tmp_path / "out")
    text = (tmp_path / "out/a/f_1.txt").read_text()
    assert text.splitlines()[0] == "person 60 50.5 20.25 44 30" and len(text.splitlines()) == len(BOXES) + 1
    assert (tmp_path / "out/b/g_1.txt").read_text() == ""
    assert_same_people(before, read(tmp_path / "out"), atol=1e-4)


def test_other_labels_are_left_out(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, f1="person 60 50 20 44 30\nchair 60 50 20 44 30\n")
    labelled = read(folder)
    assert len(labelled.pictures[0].people) == 1 and "1 boxes of other classes were left out" in labelled.notes
    assert len(read(folder, person_class="chair").pictures[0].people) == 1
    with pytest.raises(InputError, match=r"no label is called 'head' \(labels: chair, person\); .*--person-class"):
        read(folder, person_class="head")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("person 60 50 20 44 0\nperson 60 50 20 44\n", "f1.txt: line 2: found 5 columns, expected 6: person cx cy"),
        ("person 60 50 20 44 north\n", "f1.txt: line 1: found '60 50 20 44 north', expected numbers"),
        ("person 60 50 20 -44 0\n", "f1.txt: line 1: box .* has no extent"),
        ("person 60 50 20 inf 0\n", "f1.txt: line 1: box .* has no extent"),
        ("person 60 950 20 44 0\n", "f1.txt: line 1: the centre of box .* lies 790.0 px outside its picture"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write_folder(tmp_path, f1=text))


def test_missing_label_files_and_pictures_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, f1="person 60 50 20 44 30\n", f2="person 60 50 20 44 30\n")
    write_text(folder / "readme.txt", "Four videos of two rooms.\n")
    (folder / "Lab1/f1.txt").unlink()
    with pytest.raises(InputError, match=r"f1.txt: no such label file \(1 of 2 .*--allow-unlabelled"):
        read(folder)
    assert len(read(folder, allow_unlabelled=True).pictures) == 1
    (folder / "Lab1/f2.jpg").unlink()
    with pytest.raises(InputError, match=r"f2.txt: there is no picture Lab1/f2"):
        read(folder, allow_unlabelled=True)
    with pytest.raises(InputError, match="no such folder; expected pictures with label files"):
        read(tmp_path / "gone")
