"""LOAF: radius-aligned boxes and floor positions of people in overhead fisheye pictures, COCO-like JSON.

    images/resolution_1k/train/0071_09030.jpg                  SCENE_FRAME
    annotations/resolution_1k/instances_train.json             also val, test, each with -seen and -unseen

An annotation has rotated_box [cx, cy, w, h, degrees] in px, bbox (upright, as in COCO), segmentation, area, category_id,
iscrowd, ignore, and for positions world_location and camera_height. From the authors' code (BUPT-PRIV/LOAF): the folders,
and that a box's h axis lies along the radius through the picture's centre, which is taken for the nadir; degrees are
not used there. From programs of others that read the set: world_location is [distance over the floor in cm, direction in
degrees counter-clockwise from the picture's right as it is seen], camera_height is in cm, ignore and iscrowd mark what is
not counted. One of those programs calls world_location's second value a height; another found it equal to the direction of
the box's centre in every annotation, which is the reading here. Our reading, too: degrees. In a program of others they run
counter-clockwise from the vertical; whether a file counts so is tried on its boxes, and if they fit the radius in
neither sense, the radius itself counts.

Read: positions become foot_m (the camera hangs above the origin, the picture's right is +X), camera_height becomes the
picture's attribute camera_height_m; difficult and person_location stay as attributes. Written: everything named above,
as split train; positions turned by the camera's yaw, camera_height from the camera. People without a radius-aligned box
get the smallest one around their rotated or upright box. Hidden people and head_m are left out. The authors' evaluation
takes pictures of 1024 x 1024 px with the nadir in the centre; other pictures are written as they are.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from annotate.boxes import rotated_box_corners
from annotate.camera import Camera
from annotate.dataset_model import Person, Picture
from annotate.dataset_writer import copy_whole
from annotate.errors import InputError
from annotate.files import write_json
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.rotated import RotatedBox, box_around, checked_box, number_list, outline_corners
from annotate.formats.rotated_json import (
    PERSON_ID,
    Entry,
    LabelJson,
    attribute_fields,
    document_of,
    first_with,
    kept_attributes,
    labelled_pictures,
)
from annotate.lens import Array

HOLDS: frozenset[str] = frozenset({"bbox", "radius_bbox", "foot_m", "attributes"})
_OWN_FIELDS = ("difficult", "person_location")
_IMAGES, _LABELS = "images/resolution_1k/train", "annotations/resolution_1k/instances_train.json"
_FIT_DEG = 10.0
"""Boxes point along the radius if half of them do so within this."""


def read_loaf(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read one JSON file of LOAF, or a folder with only one. InputError for anything missing or wrong, naming it."""
    path = _label_path(source)
    file = LabelJson.read(path, options)
    candidates = [(folder, "") for folder in _image_folders(path, options)]
    folder, _ = first_with(candidates, file.file_name(0), file)
    turn = _turn_of(file)

    def values_of(entry: Entry, size: tuple[int, int], place: str) -> dict[str, Any]:
        return _values(entry, size, place, turn)

    labelled = labelled_pictures(file.listed(folder), [file], path, options, values_of)
    heights = {file.file_name(index): _camera_height(file, index) for index in range(len(file.images))}
    pictures = [_with_height(picture, heights[picture.file_name]) for picture in labelled.pictures]
    notes = list(labelled.notes)
    if turn is None:
        notes.append("the degrees of rotated_box do not follow the radius; the direction of the radius was taken")
    return LabelledPictures.of_images(labelled.info, pictures, labelled.image_paths, notes)


def write_loaf(labelled: LabelledPictures, out: Path) -> None:
    """Write images/resolution_1k/train/ and its JSON file into the empty folder out."""
    images: list[Entry] = []
    annotations: list[Entry] = []
    rows = zip(tqdm(labelled.pictures, desc="write loaf", leave=False), labelled.image_paths, strict=True)
    for picture, path in rows:
        size = {"width": picture.width, "height": picture.height}
        images.append({"file_name": picture.file_name, "id": picture.id, **size})
        camera = labelled.info.cameras.get(picture.camera) if picture.camera is not None else None
        for person in picture.shown_people:
            annotations.append(_annotation(picture, person, camera, len(annotations) + 1))
        copy_whole(path, out / _IMAGES / picture.file_name)
    write_json(out / _LABELS, document_of(images, annotations))


def radius_aligned_box(points_px: Array, size: tuple[int, int]) -> RotatedBox:
    """The smallest box around points (n, 2) whose h axis lies on the ray from the picture's centre through its own."""
    nadir = np.asarray(size, float) / 2
    centre = (points_px.min(axis=0) + points_px.max(axis=0)) / 2
    for _ in range(50):  # The box's own centre says where its axis points: a few turns find both.
        degrees = radius_degrees(centre - nadir)
        across = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        axes = np.stack([across, [across[1], -across[0]]])
        along = points_px @ axes.T
        low, high = along.min(axis=0), along.max(axis=0)
        before, centre = centre, (low + high) / 2 @ axes
        if np.abs(centre - before).max() < 1e-9:
            break
    w, h = (high - low).tolist()
    return float(centre[0]), float(centre[1]), w, h, degrees


def radius_degrees(from_nadir_px: Array) -> float:
    """Direction (2,) in the picture in degrees clockwise from its vertical, in [-90, 90); 0 at the nadir itself."""
    x, y = from_nadir_px.tolist()
    return (math.degrees(math.atan2(x, -y)) + 90) % 180 - 90


def _values(entry: Entry, size: tuple[int, int], place: str, turn: float | None) -> dict[str, Any]:
    """Fields of a Person. turn: what makes the file's degrees ours; None where the radius counts instead."""
    cx, cy, w, h, stated = checked_box(_box(entry, place), size, f"{place}.rotated_box")
    radius = radius_degrees(np.array([cx, cy]) - np.asarray(size, float) / 2)
    degrees = radius if turn is None else (stated * turn + 90) % 180 - 90
    values: dict[str, Any] = {"radius_bbox": (cx, cy, w, h, degrees), "provenance": "human"}
    corners = rotated_box_corners([values["radius_bbox"]])[0]
    if entry.get("bbox") is not None:
        x, y, width, height = number_list(entry["bbox"], (4,), f"{place}.bbox", "[x, y, width, height] in px")
        corners = np.array([[x, y], [x + width, y + height]])
    values["bbox"] = box_around(corners, size, f"{place}.bbox")
    if entry.get("world_location") is not None:
        values["foot_m"] = _foot_m(entry["world_location"], f"{place}.world_location")
    return values | {"attributes": kept_attributes(entry, _OWN_FIELDS)}


def _box(entry: Entry, place: str) -> list[float]:
    return number_list(entry.get("rotated_box"), (5,), f"{place}.rotated_box", "[cx, cy, w, h, degrees] in px")


def _foot_m(value: Any, place: str) -> tuple[float, float]:
    expected = "[distance in cm, direction in degrees]"
    distance_cm, azimuth_deg = number_list(value, (2,), place, expected)
    if distance_cm < 0 or not -360 <= azimuth_deg <= 360:
        raise InputError(f"{place} is {value!r:.60}: expected {expected}: 0 or more, and -360 to 360")
    azimuth = math.radians(azimuth_deg)
    return distance_cm / 100 * math.cos(azimuth), distance_cm / 100 * math.sin(azimuth)


def _turn_of(file: LabelJson) -> float | None:
    """-1 if the file's degrees run counter-clockwise, 1 if clockwise; None if boxes follow the radius in neither sense."""
    stated, radius = [], []
    for index, image in enumerate(file.images):
        size = [image.get("width"), image.get("height")]
        centre = np.array(number_list(size, (2,), f"{file.path}: images[{index}]: width, height", "numbers of px")) / 2
        for place, entry in file.people[image["id"]]:
            box = _box(entry, place)
            stated.append(box[4])
            radius.append(radius_degrees(np.array(box[:2]) - centre))
    if not stated:
        return -1.0
    apart = {turn: _median_apart_deg(np.array(stated) * turn, np.array(radius)) for turn in (-1.0, 1.0)}
    best = min(apart, key=lambda turn: apart[turn])
    return best if apart[best] <= _FIT_DEG else None


def _median_apart_deg(a: Array, b: Array) -> float:
    """Angles 180 apart are the same axis."""
    return float(np.median(np.abs((a - b + 90) % 180 - 90)))


def _camera_height(file: LabelJson, index: int) -> float | None:
    """camera_height in metres of a picture: that of its first annotation that has one."""
    for place, entry in file.people[file.images[index]["id"]]:
        if entry.get("camera_height") is not None:
            height = number_list([entry["camera_height"]], (1,), f"{place}.camera_height", "a number of cm")[0]
            if height <= 0:
                raise InputError(f"{place}.camera_height is {height:g}: expected a number of cm above 0")
            return height / 100
    return None


def _with_height(picture: Picture, height_m: float | None) -> Picture:
    attributes = {} if height_m is None else {"camera_height_m": height_m}
    return picture.model_copy(update={"attributes": {**picture.attributes, **attributes}})


def _annotation(picture: Picture, person: Person, camera: Camera | None, number: int) -> Entry:
    size = (picture.width, picture.height)
    box = person.radius_bbox or radius_aligned_box(outline_corners(person), size)
    cx, cy, w, h, degrees = box
    entry: Entry = {"id": number, "image_id": picture.id, "category_id": PERSON_ID, "iscrowd": 0, "ignore": 0}
    entry |= {"bbox": list(person.bbox), "area": w * h, "rotated_box": [cx, cy, w, h, -degrees]}
    entry["segmentation"] = [rotated_box_corners([box])[0].ravel().tolist()]
    if person.foot_m is not None:
        x, y = person.foot_m
        azimuth_deg = math.degrees(math.atan2(y, x)) - (camera.pose.yaw_deg if camera is not None else 0.0)
        entry["world_location"] = [math.hypot(x, y) * 100, azimuth_deg % 360]
    height_m = camera.pose.height_m if camera is not None else picture.attributes.get("camera_height_m")
    if height_m is not None:
        entry["camera_height"] = height_m * 100
    return entry | attribute_fields(person, _OWN_FIELDS)


def _label_path(source: Path) -> Path:
    if source.is_file():
        return source
    paths = sorted(source.glob("annotations/**/*.json")) or sorted(source.glob("*.json"))
    if len(paths) != 1:
        shown = ", ".join(path.relative_to(source).as_posix() for path in paths[:6]) or "none"
        raise InputError(
            f"{source}: found {len(paths)} JSON files ({shown}), expected one; name a file such as {_LABELS}"
        )
    return paths[0]


def _image_folders(path: Path, options: ReadOptions) -> list[Path]:
    """Where the pictures of annotations/RESOLUTION/instances_SPLIT.json may lie, likeliest first."""
    split = path.stem.removeprefix("instances_").removesuffix("-seen").removesuffix("-unseen")
    if options.images is not None:
        return [options.images, options.images / split]
    resolution, folders = path.parent.name, []
    for root in (path.parent.parent.parent, path.parent.parent, path.parent):
        folders += [root / "images" / resolution / split, root / resolution / split, root / "images" / split]
        folders += [root / split, root / "images", root]
    return folders
