"""YOLO-OBB in and out: corners against shapely, and OpenCV's smallest rectangle, which is how Ultralytics reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from rotated_people import BORDER_BOX, BOXES, SIZE, assert_same_people, leaning_bar, overlap_of, rotated_pictures
from shapely.geometry import Polygon

from annotate.errors import InputError
from annotate.files import write_image, write_text
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.yolo_obb import read_yolo_obb, rectangle_of, write_yolo_obb

LINE = "0 0.25 0.25 0.35 0.25 0.35 0.5 0.25 0.5\n"


def write_folder(root: Path, text: str = LINE, data: str = "names: [person, chair]\n") -> Path:
    write_image(root / "images/f_1.jpg", np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))
    write_text(root / "labels/f_1.txt", text)
    write_text(root / "data.yaml", data)
    return root


def read(source: Path, **options: Any) -> LabelledPictures:
    return read_yolo_obb(source, ReadOptions(**options))


def written_corners(out: Path, name: str) -> np.ndarray:
    """(n, 4, 2) px."""
    rows = np.loadtxt(out / "labels" / name, ndmin=2)
    return rows[:, 1:].reshape(-1, 4, 2) * SIZE


def test_upright_corners_become_a_box(tmp_path: Path) -> None:
    person = read(write_folder(tmp_path)).pictures[0].people[0]
    assert person.rotated_bbox == pytest.approx((60, 60, 20, 40, 0))
    assert person.bbox == pytest.approx((50, 40, 20, 40))


def test_written_corners_are_those_of_the_boxes(tmp_path: Path) -> None:
    write_yolo_obb(rotated_pictures(tmp_path / "pictures"), tmp_path / "out")
    corners = written_corners(tmp_path / "out", "a/f_1.txt")
    for box, four in zip(BOXES, corners, strict=False):
        polygon = Polygon(four)
        assert polygon.is_valid and polygon.area == pytest.approx(box[2] * box[3], rel=1e-6)
        assert (polygon.centroid.x, polygon.centroid.y) == pytest.approx(box[:2], abs=1e-5)
        assert sorted(cv2.minAreaRect(four.astype(np.float32))[1]) == pytest.approx(box[2:4], abs=0.01)
    assert yaml.safe_load((tmp_path / "out/data.yaml").read_text())["names"] == {0: "person"}


def test_corners_of_a_drawn_bar_are_read_where_it_lies(tmp_path: Path) -> None:
    mask, _ = leaning_bar()
    points = np.argwhere(mask)[:, ::-1].astype(np.float32) + 0.5
    corners = cv2.boxPoints(cv2.minAreaRect(points)) / SIZE
    folder = write_folder(tmp_path, "0 " + " ".join(f"{value:.6f}" for value in corners.ravel()) + "\n")
    box = read(folder).pictures[0].people[0].rotated_bbox
    assert box is not None and box[4] == pytest.approx(30, abs=1.5)
    assert overlap_of(box, mask) > 0.8


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 2, 3, 0), (3, 2, 1, 0), (0, 2, 1, 3)])
@pytest.mark.parametrize("degrees", [-80.0, -30.0, 0.0, 12.5, 45.0, 89.0])
def test_corners_mean_the_same_in_any_order(order: tuple[int, ...], degrees: float) -> None:
    rectangle = ((100.0, 80.0), (20.0, 50.0), degrees)
    found = rectangle_of(np.asarray(cv2.boxPoints(rectangle)[list(order)], float))
    expected = Polygon(cv2.boxPoints(rectangle))
    again = Polygon(cv2.boxPoints(((found[0], found[1]), (found[2], found[3]), found[4])))
    assert expected.intersection(again).area / expected.union(again).area > 0.999


def test_other_quadrilaterals_become_the_smallest_rectangle_around_them() -> None:
    corners = np.array([[10, 10], [30, 12], [28, 60], [11, 55]], float)
    box = rectangle_of(corners)
    assert sorted(box[2:4]) == pytest.approx(sorted(cv2.minAreaRect(corners.astype(np.float32))[1]))
    around = Polygon(cv2.boxPoints(((box[0], box[1]), (box[2], box[3]), box[4]))).buffer(1e-2)
    assert around.contains(Polygon(corners))


def test_out_and_in_again_is_the_same(tmp_path: Path) -> None:
    before = rotated_pictures(tmp_path / "pictures")
    write_yolo_obb(before, tmp_path / "out")
    after = read(tmp_path / "out")
    assert_same_people(before, after, atol=1e-5)
    assert (tmp_path / "out/labels/b/g_1.txt").read_text() == ""


def test_people_at_the_border_keep_their_box_within_what_ultralytics_takes(tmp_path: Path) -> None:
    write_yolo_obb(rotated_pictures(tmp_path / "pictures"), tmp_path / "out")
    fractions = written_corners(tmp_path / "out", "a/f_2.txt")[0] / SIZE
    assert fractions.max() > 1
    low, high = fractions.min(axis=0), fractions.max(axis=0)
    checked = np.concatenate([(low + high) / 2, high - low])
    assert (checked >= 0).all() and (checked <= 1).all()
    assert read(tmp_path / "out").pictures[1].people[0].rotated_bbox == pytest.approx(BORDER_BOX, abs=1e-5)


def test_the_class_that_means_a_person_is_asked_for(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, LINE + "1" + LINE[1:], "names: {0: head, 1: chair}\n")
    with pytest.raises(InputError, match=r"classes: head, chair\); say which one means a person with --person-class"):
        read(folder)
    labelled = read(folder, person_class="head")
    assert len(labelled.pictures[0].people) == 1 and "1 boxes of other classes were left out" in labelled.notes
    (folder / "data.yaml").unlink()
    with pytest.raises(
        InputError, match=r"data.yaml: no such file, nor classes.txt, and labels use other classes than 0: \['1'\]"
    ):
        read(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            LINE + "0 0.5 0.5 0.1 0.1\n",
            r"f_1.txt: line 2: found 5 columns, expected 9 \(5 columns are the format yolo\)",
        ),
        (LINE.replace("0.35", "x"), "f_1.txt: line 1: found .* expected numbers: class x1 y1"),
        (LINE.replace("0.35", "70"), "f_1.txt: line 1: corners are .*: expected fractions"),
        (LINE.replace("0.35", "nan"), "f_1.txt: line 1: corners are .*: expected fractions"),
        ("0 0.2 0.2 0.2 0.2 0.2 0.5 0.2 0.5\n", "f_1.txt: line 1: box .* has no extent"),
        ("0 1.2 0.2 1.3 0.2 1.3 0.5 1.2 0.5\n", "f_1.txt: line 1: the centre of box .* lies 50.0 px outside"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write_folder(tmp_path, text))


def test_broken_names_and_lost_pictures_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, data="train: images\n")
    with pytest.raises(InputError, match=r"data.yaml: expected the field names"):
        read(folder)
    write_text(folder / "labels/gone.txt", LINE)
    with pytest.raises(InputError, match=r"gone.txt: there is no picture gone in .*images"):
        read(folder)
    with pytest.raises(InputError, match=r"no such folder; expected a YOLO folder"):
        read(tmp_path / "nowhere")
