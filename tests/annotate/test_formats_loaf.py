"""LOAF in and out: boxes against the radius through the picture's centre, positions against our own camera's pixels."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from rotated_people import rotated_pictures
from shapely.geometry import LineString, Polygon

from annotate.boxes import rotated_box_corners
from annotate.camera import Camera, CameraPose
from annotate.dataset_model import DatasetInfo, Person, Picture
from annotate.errors import InputError
from annotate.files import write_image, write_json
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.loaf import HOLDS, radius_aligned_box, read_loaf, write_loaf
from annotate.lens import EquidistantLens

SIDE = 256
LABELS = "annotations/resolution_1k/instances_train.json"
FEET_M = [(1.2, 0.7), (-0.4, 1.5), (-1.3, -0.6), (0.3, -1.1)]


def camera(yaw_deg: float = 0.0) -> Camera:
    lens = EquidistantLens(
        model="equidistant", f_px=SIDE / math.pi, width_px=SIDE, height_px=SIDE, cx_px=SIDE / 2, cy_px=SIDE / 2
    )
    return Camera(lens=lens, pose=CameraPose(height_m=2.7, yaw_deg=yaw_deg))


def standing_people(root: Path, yaw_deg: float = 0.0) -> LabelledPictures:
    """One picture of people on FEET_M, each with the radius-aligned box of its vertical line, 20 px wide."""
    view = camera(yaw_deg)
    people = []
    for number, (x, y) in enumerate(FEET_M, start=1):
        foot, head = view.project_world([[x, y, 0.0], [x, y, 1.7]])
        (cx, cy), up = (foot + head) / 2, foot - head
        degrees = (math.degrees(math.atan2(up[0], -up[1])) + 90) % 180 - 90
        box = (cx, cy, 20.0, float(np.linalg.norm(up)), degrees)
        low, high = (getattr(rotated_box_corners([box])[0], end)(axis=0) for end in ("min", "max"))
        people.append(Person(instance_id=number, bbox=(*low, *(high - low)), radius_bbox=box, foot_m=(x, y)))
    write_image(root / "0071_00030.jpg", np.full((SIDE, SIDE, 3), 90, np.uint8))
    picture = Picture(id=3, file_name="0071_00030.jpg", width=SIDE, height=SIDE, camera="ceiling", people=people)
    info = DatasetInfo(kind="synthetic", cameras={"ceiling": view})
    return LabelledPictures.of_images(info, [picture], [root / "0071_00030.jpg"])


def write_set(root: Path, **fields: Any) -> Path:
    """A file like the published ones with one annotation; fields replace or (None) remove its own."""
    write_image(root / "images/resolution_1k/val/0071_00030.jpg", np.full((SIDE, SIDE, 3), 90, np.uint8))
    image = {"file_name": "0071_00030.jpg", "id": 12, "width": SIDE, "height": SIDE}
    entry = {"id": 1, "image_id": 12, "category_id": 1, "iscrowd": 0, "ignore": 0, "area": 800.0}
    entry |= {"bbox": [158, 118, 40, 20], "rotated_box": [178, 128, 20, 40, 90], "camera_height": 270}
    entry |= {"world_location": [150.0, 90.0], "difficult": 1}
    entry = {key: value for key, value in {**entry, **fields}.items() if value is not None}
    document = {"images": [image], "annotations": [entry], "categories": [{"id": 1, "name": "person"}]}
    write_json(root / "annotations/resolution_1k/instances_val-seen.json", document)
    return root


def read(source: Path, **options: Any) -> LabelledPictures:
    return read_loaf(source, ReadOptions(**options))


def test_published_fields_become_box_position_and_camera_height(tmp_path: Path) -> None:
    picture = read(write_set(tmp_path)).pictures[0]
    person = picture.people[0]
    assert person.bbox == (158, 118, 40, 20)
    assert person.radius_bbox == pytest.approx((178, 128, 20, 40, -90))
    assert person.foot_m == pytest.approx((0, 1.5))
    assert person.attributes == {"difficult": 1} and picture.attributes == {"camera_height_m": 2.7}


@pytest.mark.parametrize("sense", [1, -1])
def test_the_sense_of_the_degrees_is_found_from_the_boxes(tmp_path: Path, sense: int) -> None:
    write_loaf(standing_people(tmp_path / "pictures"), tmp_path / "out")
    document = json.loads((tmp_path / "out" / LABELS).read_text())
    for entry in document["annotations"]:
        entry["rotated_box"][4] *= sense
    write_json(tmp_path / "out" / LABELS, document)
    for person in read(tmp_path / "out").pictures[0].people:
        assert person.radius_bbox is not None
        box = Polygon(rotated_box_corners([person.radius_bbox])[0])
        ray = LineString([(SIDE / 2, SIDE / 2), 3 * np.array(person.radius_bbox[:2]) - SIDE])
        assert ray.intersection(box).length == pytest.approx(person.radius_bbox[3], rel=1e-3)


def test_degrees_that_follow_no_radius_are_replaced_by_it(tmp_path: Path) -> None:
    labelled = read(write_set(tmp_path, rotated_box=[178, 78, 20, 40, 10]))
    assert labelled.pictures[0].people[0].radius_bbox == pytest.approx((178, 78, 20, 40, 45))
    assert any("the direction of the radius was taken" in note for note in labelled.notes)


def test_out_and_in_again_is_the_same(tmp_path: Path) -> None:
    before = standing_people(tmp_path / "pictures")
    write_loaf(before, tmp_path / "out")
    after = read(tmp_path / "out")
    assert after.pictures[0].file_name == "0071_00030.jpg" and {"radius_bbox", "foot_m"} <= HOLDS
    assert after.pictures[0].attributes == {"camera_height_m": pytest.approx(2.7)}
    for old, new in zip(before.pictures[0].people, after.pictures[0].people, strict=True):
        np.testing.assert_allclose(new.radius_bbox, old.radius_bbox, atol=1e-9)
        np.testing.assert_allclose(new.foot_m, old.foot_m, atol=1e-9)
        np.testing.assert_allclose(new.bbox, old.bbox, atol=1e-9)
    write_loaf(after, tmp_path / "again")
    again = json.loads((tmp_path / "again" / LABELS).read_text())["annotations"]
    assert [entry["camera_height"] for entry in again] == pytest.approx([270.0] * 4)


@pytest.mark.parametrize("yaw_deg", [0.0, 35.0, -120.0])
def test_directions_are_those_of_the_feet_in_the_picture(tmp_path: Path, yaw_deg: float) -> None:
    write_loaf(standing_people(tmp_path / "pictures", yaw_deg), tmp_path / "out")
    feet = camera(yaw_deg).project_world([[x, y, 0.0] for x, y in FEET_M])
    entries = json.loads((tmp_path / "out" / LABELS).read_text())["annotations"]
    for entry, (u, v), (x, y) in zip(entries, feet, FEET_M, strict=True):
        distance_cm, azimuth_deg = entry["world_location"]
        assert distance_cm == pytest.approx(100 * math.hypot(x, y))
        assert azimuth_deg == pytest.approx(math.degrees(math.atan2(SIDE / 2 - v, u - SIDE / 2)) % 360, abs=1e-6)


def test_pycocotools_reads_what_is_written(tmp_path: Path) -> None:
    write_loaf(standing_people(tmp_path / "pictures"), tmp_path / "out")
    coco = COCO(str(tmp_path / "out" / LABELS))
    for entry in coco.loadAnns(coco.getAnnIds(imgIds=[3])):
        mask = coco.annToMask(entry)
        assert mask.sum() == pytest.approx(entry["area"], rel=0.06)
        rows, columns = np.nonzero(mask)
        x, y, w, h = entry["bbox"]
        np.testing.assert_allclose([x, y, x + w, y + h], [columns.min(), rows.min(), columns.max(), rows.max()], atol=2)


def test_people_without_a_radius_aligned_box_get_the_smallest(tmp_path: Path) -> None:
    before = rotated_pictures(tmp_path / "pictures")
    write_loaf(before, tmp_path / "out")
    people = read(tmp_path / "out").pictures[0].people
    assert len(people) == len(before.pictures[0].shown_people)
    for old, new in zip(before.pictures[0].shown_people, people, strict=True):
        corners = rotated_box_corners([new.radius_bbox])[0] if new.radius_bbox else []
        inner = rotated_box_corners([old.rotated_bbox])[0] if old.rotated_bbox else np.array([[10, 20], [50, 44]])
        assert Polygon(corners).buffer(1e-6).contains(LineString(inner))


def test_smallest_box_points_at_the_centre() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        points = rng.uniform(5, 30, (6, 2)) + rng.choice([5, 160, 300], 2)
        box = radius_aligned_box(points, (400, 400))
        towards = np.array([200.0, 200.0]) - box[:2]
        along_h = np.array([math.sin(math.radians(box[4])), -math.cos(math.radians(box[4]))])
        assert abs(float(np.dot(towards / np.linalg.norm(towards), along_h))) > 1 - 1e-6
        hull = Polygon(rotated_box_corners([box])[0])
        assert hull.buffer(1e-6).contains(LineString(points))
        assert hull.area == pytest.approx(box[2] * box[3])


def test_ignored_people_become_ignore_areas(tmp_path: Path) -> None:
    picture = read(write_set(tmp_path, ignore=1)).pictures[0]
    assert picture.people == [] and len(picture.ignore_areas) == 1
    low, high = np.min(picture.ignore_areas[0], axis=0), np.max(picture.ignore_areas[0], axis=0)
    np.testing.assert_allclose([*low, *high], [158, 118, 198, 138], atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rotated_box": None}, r"annotations\[0\].rotated_box is None: expected \[cx, cy, w, h, degrees\] in px"),
        (
            {"rotated_box": [178, 128, 20, 40]},
            r"annotations\[0\].rotated_box is .*: expected \[cx, cy, w, h, degrees\]",
        ),
        ({"rotated_box": [178, 128, 0, 40, 0]}, r"annotations\[0\].rotated_box: box .* has no extent"),
        ({"bbox": [1, 2, 3]}, r"annotations\[0\].bbox is \[1, 2, 3\]: expected \[x, y, width, height\]"),
        ({"bbox": [900, 900, 10, 10]}, r"annotations\[0\].bbox: no part of the box lies inside its picture"),
        ({"world_location": [1.5]}, r"annotations\[0\].world_location is \[1.5\]: expected \[distance in cm"),
        ({"world_location": [-5, 10]}, r"annotations\[0\].world_location is \[-5, 10\]: expected"),
        ({"camera_height": 0}, r"annotations\[0\].camera_height is 0: expected a number of cm above 0"),
    ],
)
def test_wrong_annotations_are_refused_by_entry_and_field(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    root = write_set(tmp_path, **fields)
    if fields == {"rotated_box": None}:
        path = root / "annotations/resolution_1k/instances_val-seen.json"
        document = json.loads(path.read_text())
        document["annotations"][0].pop("rotated_box", None)
        write_json(path, document)
    with pytest.raises(InputError, match="instances_val-seen.json: " + message):
        read(root)


def test_one_of_several_splits_must_be_named(tmp_path: Path) -> None:
    root = write_set(tmp_path)
    first = root / "annotations/resolution_1k/instances_val-seen.json"
    write_json(root / "annotations/resolution_1k/instances_val.json", json.loads(first.read_text()))
    with pytest.raises(InputError, match=r"found 2 JSON files .*instances_val.json\), expected one; name a file"):
        read(root)
    assert len(read(first).pictures) == 1
    with pytest.raises(InputError, match="found 0 JSON files"):
        read(tmp_path / "images")
