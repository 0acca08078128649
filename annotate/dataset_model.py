"""What a dataset folder says about its pictures and people, as typed data; annotate.coco_document stores it.

Boxes are [x, y, w, h] in pixels, edges (annotate.boxes). Instance masks number people from 1; 0 is nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, field_validator, model_validator

from annotate.camera import Camera
from annotate.errors import InputError
from annotate.keypoints import KEYPOINTS
from annotate.rle import decode_rle, encode_rle
from annotate.validation import first_repeated

SCHEMA_VERSION = 2
"""1 had neither keypoints, radius-aligned and whole boxes, positions nor dense maps; it is read as it is."""
GENERATOR = "plafond 0.3.0"
"""Program and version; the version is pyproject's."""
PERSON_CATEGORY = {"id": 1, "name": "person", "supercategory": "person"}
FILE_FOLDERS = {
    "file_name": "images", "mask_file": "masks", "depth_file": "depth", "normals_file": "normals",
    "classes_file": "classes",
}  # fmt: skip
"""Fields of a picture that name a file, and the folder of the dataset in which it lies."""

Kind = Literal["synthetic", "real", "refined", "stand-in", "mixed"]


def _as_list(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _positive_extent(box: tuple[float, ...]) -> tuple[float, ...]:
    if box[2] <= 0 or box[3] <= 0:
        raise ValueError(f"width and height must be above 0, found {box[2]:g} x {box[3]:g}")
    return box


Point = Annotated[tuple[FiniteFloat, FiniteFloat], BeforeValidator(_as_list)]
Point3 = Annotated[tuple[FiniteFloat, FiniteFloat, FiniteFloat], BeforeValidator(_as_list)]
Keypoint = tuple[FiniteFloat, FiniteFloat, Literal[0, 1, 2]]
Box = Annotated[tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat], BeforeValidator(_as_list)]
RotatedBox = Annotated[
    tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat], BeforeValidator(_as_list)
]
Polygon = Annotated[
    list[Annotated[tuple[FiniteFloat, FiniteFloat], BeforeValidator(_as_list)]],
    BeforeValidator(_as_list),
    Field(min_length=3),
]


def inner_path(text: str) -> str:
    """Check that a path stays inside its folder: relative, forward slashes, no '..', nothing hidden. Raises ValueError."""
    if "\0" in text:
        raise ValueError(f"is {text!r}: no file has such a name; expected one without NUL")
    path = PurePosixPath(text)
    if (
        not text
        or "\\" in text
        or re.match("[A-Za-z]:/", text)
        or path.is_absolute()
        or ".." in path.parts
        or path.as_posix() != text
    ):
        raise ValueError(f'is "{text}": a path must stay inside the dataset folder, relative and with forward slashes')
    if any(part.startswith(".") for part in path.parts):
        raise ValueError(f'is "{text}": hidden files (a name that begins with a dot) are no pictures; rename it')
    return text


InnerPath = Annotated[str, BeforeValidator(lambda value: inner_path(value) if isinstance(value, str) else value)]


class Person(BaseModel):
    """One labelled person in one picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance_id: int = Field(ge=1, le=65535)
    """The person's value in the instance mask; unique within its picture."""
    bbox: Box
    """[x, y, w, h] px of the visible person; of the whole person if nothing of it is visible (then hidden)."""
    head_bbox: Box | None = None
    """[x, y, w, h] px of the visible head (face, hair, headwear; not the neck)."""
    head_point: Point | None = None
    """[x, y] px of the head's centre, visible or not; None where the lens does not see it."""
    rotated_bbox: RotatedBox | None = None
    """[cx, cy, w, h, deg] of the visible person, convention of annotate.boxes: h >= w, h along the body or across it."""
    radius_bbox: RotatedBox | None = None
    """[cx, cy, w, h, deg] of the visible person; h points away from the nadir, so h < w is possible."""
    whole_bbox: Box | None = None
    """[x, y, w, h] px of the whole person inside the picture, as if nothing hid it."""
    keypoints: tuple[Keypoint, ...] | None = None
    """17 times (x px, y px, visibility), annotate.keypoints."""
    visible_fraction: float | None = Field(default=None, ge=0.0, le=1.0)
    """Visible pixels divided by the pixels the person would cover inside the picture if nothing hid it."""
    truncated: bool = False
    """The picture's border or the lens circle cuts the person."""
    hidden: bool = False
    """So little of the person is visible that nobody is asked to find it: neither learned from nor counted."""
    head_m: Point3 | None = None
    """[x, y, z] m of the head's centre in the world."""
    foot_m: Point | None = None
    """[x, y] m of the point of the floor on which, or above which, the person stands or sits."""
    segmentation_rle: str | None = None
    """Compressed COCO run lengths of the visible pixels, size of the picture (see encode_rle)."""
    area: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    """Visible pixels; that of the box where no mask is known (the default)."""
    provenance: str = "geometry"
    """Where the label comes from: geometry (a render), human, detector ..."""
    attributes: dict[str, Any] = Field(default_factory=dict)

    @field_validator("bbox", "head_bbox", "whole_bbox")
    @classmethod
    def _box_has_extent(cls, box: Any) -> Any:
        return box if box is None else _positive_extent(box)

    @field_validator("keypoints")
    @classmethod
    def _all_keypoints(cls, keypoints: Any) -> Any:
        if keypoints is not None and len(keypoints) != len(KEYPOINTS):
            raise ValueError(f"found {len(keypoints)} keypoints, expected {len(KEYPOINTS)} (annotate.keypoints)")
        return keypoints

    @model_validator(mode="before")
    @classmethod
    def _area_of_box(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("area") is None and values.get("bbox") is not None:
            box = list(values["bbox"])
            if len(box) == 4 and all(isinstance(side, int | float | np.number) for side in box):
                return {**values, "area": float(box[2]) * float(box[3])}
        return values

    def mask(self, width: int, height: int) -> np.ndarray:
        """The person's visible pixels, HW bool; ValueError if there is no segmentation."""
        if self.segmentation_rle is None:
            raise ValueError(f"person {self.instance_id} has no segmentation")
        return decode_rle(self.segmentation_rle, width, height)


class Picture(BaseModel):
    """One picture and the people labelled in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int = Field(ge=0)
    file_name: InnerPath
    """Path inside images/."""
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    camera: str | None = None
    """Name of the camera in DatasetInfo.cameras."""
    time_s: FiniteFloat | None = None
    """Time at which it was taken, seconds since any fixed moment."""
    background: str | None = None
    """Name of the background picture or office it was made over."""
    mask_file: InnerPath | None = None
    """Path inside masks/: 16-bit PNG of instance ids."""
    depth_file: InnerPath | None = None
    """Path inside depth/: annotate.dense."""
    normals_file: InnerPath | None = None
    """Path inside normals/: annotate.dense."""
    classes_file: InnerPath | None = None
    """Path inside classes/: 8-bit PNG of class numbers, named by DatasetInfo.classes."""
    ignore_areas: list[Polygon] = Field(default_factory=list)
    """Polygons (px) in which unlabelled people may be: neither found nor missed there."""
    people: list[Person] = Field(default_factory=list)
    attributes: dict[str, Any] = Field(default_factory=dict)

    @property
    def stem(self) -> str:
        """file_name without its suffix: the name of the picture's label file and, usually, of its mask."""
        return str(PurePosixPath(self.file_name).with_suffix(""))

    @property
    def shown_people(self) -> list[Person]:
        """The people that are not hidden."""
        return [person for person in self.people if not person.hidden]

    @field_validator("people")
    @classmethod
    def _instance_ids_differ(cls, people: list[Person]) -> list[Person]:
        repeated = first_repeated(person.instance_id for person in people)
        if repeated is not None:
            raise ValueError(f"instance_id {repeated} is used twice in one picture")
        return people


class DatasetInfo(BaseModel):
    """What dataset.json holds: everything that is true of the dataset as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    generator: str = GENERATOR
    """Program and version that wrote the dataset."""
    name: str = ""
    kind: Kind
    seed: int | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    """The configuration of the command that made it, as JSON."""
    cameras: dict[str, Camera] = Field(default_factory=dict)
    classes: tuple[str, ...] = ()
    """Names of the values in classes/, in the order of their numbers."""


def refuse_repeated_names(pictures: list[Picture], where: str) -> None:
    """InputError if two pictures have one stem (a.jpg, a.png): they would share a label file."""
    repeated = first_repeated(picture.stem for picture in pictures)
    if repeated is not None:
        raise InputError(f"{where}: images: file_name {repeated!r} is used twice; every picture needs its own")


def with_masks(people: list[Person], mask: np.ndarray) -> list[Person]:
    """People with segmentation_rle and area filled in from an HW uint16 instance mask."""
    by_column = np.asfortranarray(mask)  # The order of run lengths: one turn for all people.
    return [_with_mask(person, by_column == person.instance_id) for person in people]


def _with_mask(person: Person, mask: np.ndarray) -> Person:
    return person.model_copy(update={"segmentation_rle": encode_rle(mask), "area": float(mask.sum())})
