"""Labelme in and out: whole round trips, files as hands draw them, and refusals."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from labelled_dataset import write_labelled
from rich_pictures import NAMES, assert_same_labels, rich_dataset, there_and_back

from annotate.dataset_model import Picture
from annotate.errors import InputError
from annotate.files import read_json, write_image, write_json, write_text
from annotate.formats.labelled import LABEL_KINDS, LabelledPictures, ReadOptions
from annotate.formats.labelme import HOLDS, read_labelme, write_labelme
from annotate.formats.shapes import polygon_mask
from annotate.keypoints import KEYPOINTS

MAPS = frozenset({"mask_file", "depth_file", "normals_file", "classes_file"})


def shape(label: str, points: Any, kind: str = "polygon", group: Any = None, **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "group_id": group, "shape_type": kind, "flags": {}, **more}


def draw(root: Path, shapes: list[dict[str, Any]], name: str = "a", **more: Any) -> Path:
    """A picture of 64 x 48 px and its Labelme file, without plafond's own keys."""
    write_image(root / f"{name}.png", np.full((48, 64, 3), 90, np.uint8))
    document = {"version": "5.0.1", "flags": {}, "shapes": shapes, "imagePath": f"{name}.png", "imageData": None}
    write_json(root / f"{name}.json", {**document, "imageHeight": 48, "imageWidth": 64, **more})
    return root


def only(root: Path, **options: Any) -> Picture:
    (picture,) = read_labelme(root, ReadOptions(**options)).pictures
    return picture


def test_every_label_but_dense_maps_survives_the_way_there_and_back(tmp_path: Path) -> None:
    dataset = rich_dataset(tmp_path / "S")
    back = there_and_back(dataset, tmp_path / "out", write_labelme, read_labelme)
    assert_same_labels(LabelledPictures.of(dataset), back, without=MAPS)
    assert back.info.cameras == dataset.info.cameras
    assert HOLDS == LABEL_KINDS.keys() - {"depth", "normals", "classes"}  # noqa: SIM300


def test_no_times_that_plafond_did_not_know_are_made_of_names(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S")
    assert all(picture.time_s is None and picture.file_name[-5].isdigit() for picture in dataset)
    back = there_and_back(dataset, tmp_path / "out", write_labelme, read_labelme)
    assert {picture.time_s for picture in back.pictures} == {None}
    named = read_labelme(tmp_path / "out", ReadOptions(frames_per_second=2.0))
    assert None not in [picture.time_s for picture in named.pictures]


def test_written_files_are_what_labelme_opens(tmp_path: Path) -> None:
    """The rules of Labelme's own loader (labelme._label_file): types of every field, masks as PNG of their box."""
    there_and_back(rich_dataset(tmp_path / "S"), tmp_path / "out", write_labelme, read_labelme)
    for name in NAMES:
        path = (tmp_path / "out" / name).with_suffix(".json")
        document = read_json(path)
        assert (path.parent / document["imagePath"]).is_file() and document["imageData"] is None
        assert (document["imageHeight"], document["imageWidth"], document["flags"]) == (48, 64, {})
        for one in document["shapes"]:
            assert isinstance(one["label"], str) and (one["group_id"] is None or isinstance(one["group_id"], int))
            assert all(isinstance(key, str) and isinstance(value, bool) for key, value in one["flags"].items())
            assert all(len(point) == 2 and all(isinstance(xy, float) for xy in point) for point in one["points"])
            count = {"rectangle": 2, "oriented_rectangle": 4, "point": 1, "mask": 2}.get(one["shape_type"])
            assert len(one["points"]) == count or (one["shape_type"] == "polygon" and len(one["points"]) >= 3)
            if one["shape_type"] == "mask":
                png = np.frombuffer(base64.b64decode(one["mask"]), np.uint8)
                (x1, y1), (x2, y2) = np.array(one["points"]).astype(int)
                assert cv2.imdecode(png, cv2.IMREAD_UNCHANGED).shape == (y2 - y1 + 1, x2 - x1 + 1)


def test_masks_are_polygons_where_those_say_them_exactly(tmp_path: Path) -> None:
    there_and_back(rich_dataset(tmp_path / "S"), tmp_path / "out", write_labelme, read_labelme)
    shapes = read_json((tmp_path / "out" / NAMES[0]).with_suffix(".json"))["shapes"]
    filled = [one for one in shapes if one["shape_type"] in ("polygon", "mask") and one["label"] == "person"]
    kinds = {one["group_id"]: one["shape_type"] for one in filled}
    assert kinds == {2: "polygon", 4: "mask", 7: "mask", 9: "polygon"}  # 4 has a hole, 7 no pixel.


def test_polygons_alone_give_masks_and_boxes(tmp_path: Path) -> None:
    triangle, square = [[10, 10], [30, 10], [10, 40]], [[40, 5], [50, 5], [50, 15], [40, 15]]
    picture = only(draw(tmp_path, [shape("Person", triangle), shape("Person", square)]))
    assert [person.instance_id for person in picture.people] == [1, 2]
    assert picture.people[1].bbox == (40, 5, 10, 10) and picture.people[1].area == 100
    assert (picture.people[0].mask(64, 48) == polygon_mask([triangle], (64, 48))).all()
    assert picture.people[0].provenance == "human"


def test_rectangles_alone_give_boxes_whichever_corner_comes_first(tmp_path: Path) -> None:
    shapes = [
        shape("person", [[30, 40], [10, 12.5]], "rectangle"),
        shape("person", [[1, 1], [9, 1], [9, 8], [1, 8]], "rectangle"),
    ]
    picture = only(draw(tmp_path, [*shapes, shape("ignore", [[50, 40], [60, 45]], "rectangle")]))
    assert [person.bbox for person in picture.people] == [(10, 12.5, 20, 27.5), (1, 1, 8, 7)]
    assert all(person.segmentation_rle is None for person in picture.people)
    assert picture.ignore_areas == [[(50, 40), (60, 40), (60, 45), (50, 45)]]


def test_shapes_of_one_group_are_one_person(tmp_path: Path) -> None:
    parts = [shape("person", [[x, 10], [x + 5, 10], [x + 5, 20], [x, 20]], group=3) for x in (10, 20)]
    points = [
        shape("Left Eye", [[12, 11]], "point", 3),
        shape("nose", [[13, 12]], "point", 3, flags={"occluded": True}),
    ]
    head = [shape("head", [[10, 10], [14, 14]], "rectangle", 3), shape("head", [[12.5, 12]], "point", 3)]
    (person,) = only(draw(tmp_path, [*points, *head, *parts])).people
    assert person.bbox == (10, 10, 15, 10) and person.area == 100
    assert person.head_bbox == (10, 10, 4, 4) and person.head_point == (12.5, 12)
    keypoints = dict(zip(KEYPOINTS, person.keypoints or (), strict=True))
    assert (
        keypoints["left_eye"] == (12, 11, 2) and keypoints["nose"] == (13, 12, 1) and keypoints["left_hip"] == (0, 0, 0)
    )


@pytest.mark.parametrize("kind", ["oriented_rectangle", "rotation"])
@pytest.mark.parametrize("degrees", [-75.0, -30.0, 0.0, 44.0, 89.0])
def test_rotated_boxes_of_labelme_and_x_anylabeling_are_read(tmp_path: Path, kind: str, degrees: float) -> None:
    """Corners by OpenCV: RotatedRect turns clockwise, as this project's angles do."""
    corners = cv2.boxPoints(((30.0, 24.0), (10.0, 20.0), degrees))
    shapes = [
        shape("person", np.roll(corners, turn, axis=0).tolist(), kind, direction=math.radians(degrees))
        for turn in (0, 1)
    ]
    for person in only(draw(tmp_path, shapes)).people:
        np.testing.assert_allclose(person.rotated_bbox, (30, 24, 10, 20, degrees), atol=1e-4)
        low, high = corners.min(axis=0), corners.max(axis=0)
        np.testing.assert_allclose(person.bbox, [*low, *(high - low)], atol=1e-4)


def test_rotated_box_at_the_border_gets_the_box_inside_the_picture(tmp_path: Path) -> None:
    corners = cv2.boxPoints(((60.0, 24.0), (10.0, 20.0), 30.0))
    (person,) = only(draw(tmp_path, [shape("person", corners.tolist(), "oriented_rectangle")])).people
    assert person.bbox[0] + person.bbox[2] == 64
    np.testing.assert_allclose(person.rotated_bbox, (60, 24, 10, 20, 30), atol=1e-4)


def test_pictures_in_another_folder_and_windows_paths_are_found(tmp_path: Path) -> None:
    draw(tmp_path / "ann/cam", [shape("person", [[1, 1], [9, 9]], "rectangle")], imagePath="..\\..\\img\\a.png")
    (tmp_path / "img").mkdir()
    (tmp_path / "ann/cam/a.png").rename(tmp_path / "img/a.png")
    assert only(tmp_path / "ann").file_name == "cam/a.png"
    assert only(tmp_path / "ann", images=tmp_path / "img").file_name == "a.png"


def test_other_labels_are_left_out_and_said(tmp_path: Path) -> None:
    source = draw(
        tmp_path, [shape("chair", [[1, 1], [9, 9]], "rectangle"), shape("worker", [[1, 1], [9, 9]], "rectangle")]
    )
    with pytest.raises(InputError, match=r'0 classes are called "person" \(classes: chair, worker\)'):
        read_labelme(source, ReadOptions())
    labelled = read_labelme(source, ReadOptions(person_class="worker"))
    assert len(labelled.pictures[0].people) == 1
    assert "1 shapes with other labels were left out" in labelled.notes


def test_pictures_without_a_file_are_refused_unless_allowed(tmp_path: Path) -> None:
    source = draw(tmp_path, [])
    write_image(source / "b.png", np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(InputError, match=r"b.png has no label file \(1 pictures have none\)"):
        read_labelme(source, ReadOptions())
    assert only(source, allow_unlabelled=True).people == [] and only(source, exclude=("b",)).people == []


BOX = [[1, 1], [9, 9]]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([{"points": BOX}], r"shapes\[0\]: expected an object with a text label"),
        ([shape("person", BOX, "rectangle", "x")], r"shapes\[0\].group_id is 'x': expected a whole number"),
        ([shape("person", [[1, 1, 1]])], r"shapes\[0\].points is .*: expected a list of \[x, y\]"),
        ([shape("person", [[1, 1], ["x", 2]])], r"shapes\[0\].points is .*: expected a list of \[x, y\]"),
        ([shape("person", [[1, 1], [float("nan"), 2]])], r"shapes\[0\].points is .*: expected a list"),
        ([shape("person", BOX, "polygon")], r"shapes\[0\].points: a polygon needs 3 or more points"),
        ([shape("person", BOX, "circle")], r'shape_type is "circle": expected rectangle or polygon or mask'),
        ([shape("person", [[50, 1], [90, 9]], "rectangle")], r"shapes\[0\]: box .* reaches 26.0 px outside"),
        ([shape("person", [[1, 1], [9, 1], [20, 30], [1, 8]], "rotation")], "the 4 points are no rectangle"),
        ([shape("person", BOX, "rotation")], "found 2 points, expected the 4 corners"),
        ([shape("person", BOX, "mask", mask="!")], r"shapes\[0\].mask: expected a grey PNG"),
        ([shape("person", [[70, 5], [80, 5], [80, 9]])], r"shapes\[0\]: the shape covers no pixel"),
        ([shape("person", BOX, "rectangle", 1)] * 2, r"shapes\[1\]: a second bbox of one person"),
        ([shape("head", BOX, "rectangle")], r'shapes\[0\]: "head" without group_id: give it and its person'),
        ([shape("nose", [[1, 1]], "point", 1)], "a person without box or outline .found nose.; draw one in its group"),
        ([shape("person", BOX, "rectangle", plafond={"visible_fraction": 3})], r"shapes\[0\].visible_fraction is 3"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_refused_by_file_and_shape(tmp_path: Path, shapes: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_labelme(draw(tmp_path, shapes), ReadOptions())
    assert "a.json" in str(caught.value)


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no Labelme files \(\*.json\)"):
        read_labelme(tmp_path, ReadOptions())
    with pytest.raises(InputError, match=r"says? 65 x 48 px, but the picture is 64 x 48"):
        read_labelme(draw(tmp_path / "size", [], imageWidth=65), ReadOptions())
    with pytest.raises(InputError, match=r"there is no .*gone.png .it is only inside the JSON, as imageData"):
        read_labelme(draw(tmp_path / "gone", [], imagePath="gone.png", imageData="AAAA"), ReadOptions())
    with pytest.raises(InputError, match=r'plafond.camera is "c", which plafond.cameras does not hold'):
        read_labelme(draw(tmp_path / "camera", [], plafond={"camera": "c"}), ReadOptions())
    write_text(tmp_path / "other/a.json", json.dumps({"images": []}))
    with pytest.raises(InputError, match=r"a.json: not a Labelme file"):
        read_labelme(tmp_path / "other", ReadOptions())
