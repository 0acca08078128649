"""What a dataset folder says about its pictures and people, as typed data, and the COCO form it is stored in.

Boxes are [x, y, w, h] in pixels, edges (annotate.boxes). Instance masks number people from 1; 0 is nobody.
A person is stored as one COCO annotation and a picture as one COCO image; fields that COCO does not have
(head_bbox, rotated_bbox, visible_fraction, ignore_areas, time_s, provenance ...) stand beside the standard ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pycocotools import mask as coco_mask
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from annotate.camera import Camera
from annotate.errors import InputError

SCHEMA_VERSION = 1
GENERATOR = "plafond 0.1.0"
"""Program and version; the version is pyproject's."""
PERSON_CATEGORY = {"id": 1, "name": "person", "supercategory": "person"}

Model = TypeVar("Model", bound=BaseModel)
Kind = Literal["synthetic", "real", "refined", "stand-in", "mixed"]


def _as_list(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _positive_extent(box: tuple[float, ...]) -> tuple[float, ...]:
    if box[2] <= 0 or box[3] <= 0:
        raise ValueError(f"width and height must be above 0, found {box[2]:g} x {box[3]:g}")
    return box


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
    """[x, y, w, h] px of the visible person."""
    head_bbox: Box | None = None
    """[x, y, w, h] px of the visible head (face, hair, headwear; not the neck)."""
    rotated_bbox: RotatedBox | None = None
    """[cx, cy, w, h, deg], convention of annotate.boxes."""
    visible_fraction: float | None = Field(default=None, ge=0.0, le=1.0)
    """Visible pixels divided by the pixels the person would cover inside the picture if nothing hid it."""
    truncated: bool = False
    """The picture's border or the lens circle cuts the person."""
    segmentation_rle: str | None = None
    """Compressed COCO run lengths of the visible pixels, size of the picture (see encode_rle)."""
    area: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    """Visible pixels; that of the box where no mask is known (the default)."""
    provenance: str = "geometry"
    """Where the label comes from: geometry (a render), human, detector ..."""
    attributes: dict[str, Any] = Field(default_factory=dict)

    @field_validator("bbox", "head_bbox")
    @classmethod
    def _box_has_extent(cls, box: Any) -> Any:
        return box if box is None else _positive_extent(box)

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
    ignore_areas: list[Polygon] = Field(default_factory=list)
    """Polygons (px) in which unlabelled people may be: neither found nor missed there."""
    people: list[Person] = Field(default_factory=list)
    attributes: dict[str, Any] = Field(default_factory=dict)

    @property
    def stem(self) -> str:
        """file_name without its suffix: the name of the picture's label file and, usually, of its mask."""
        return str(PurePosixPath(self.file_name).with_suffix(""))

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


def first_repeated(values: Iterable[Any]) -> Any | None:
    """The first value that was met before, or None."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def encode_rle(mask: np.ndarray) -> str:
    """Compressed COCO run lengths of an HW bool mask."""
    return coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"].decode("ascii")


def decode_rle(counts: str, width: int, height: int) -> np.ndarray:
    """HW bool mask of compressed COCO run lengths; ValueError if they do not fill width x height exactly."""
    lengths = _run_lengths(counts)
    if sum(lengths) != width * height or min(lengths, default=0) < 0:
        raise ValueError(f"run lengths cover {sum(lengths)} pixels, expected {width} x {height} = {width * height}")
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(width, height).T


def _run_lengths(counts: str) -> list[int]:
    """Decompress COCO's run-length text (LEB128-like, 5 bits a letter, differences to the last but one run).

    pycocotools itself writes outside its arrays when the lengths do not add up, so files are not decoded with it.
    """
    lengths: list[int] = []
    value, shift = 0, 0
    for letter in counts.encode("ascii", errors="replace"):
        bits = letter - 48
        if not 0 <= bits < 64:
            raise ValueError(f"run lengths hold the character {chr(letter)!r}, which COCO does not use")
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            value -= (1 << shift) if bits & 0x10 else 0
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value, shift = 0, 0
    if shift:
        raise ValueError("run lengths end in the middle of a number")
    return lengths


def with_masks(people: list[Person], mask: np.ndarray) -> list[Person]:
    """People with segmentation_rle and area filled in from an HW uint16 instance mask."""
    by_column = np.asfortranarray(mask)  # The order of run lengths: one turn for all people.
    return [_with_mask(person, by_column == person.instance_id) for person in people]


def _with_mask(person: Person, mask: np.ndarray) -> Person:
    return person.model_copy(update={"segmentation_rle": encode_rle(mask), "area": float(mask.sum())})


def coco_image(picture: Picture) -> dict[str, Any]:
    """The COCO image entry of a picture."""
    return picture.model_dump(mode="json", exclude={"people"})


def coco_annotation(picture: Picture, person: Person, annotation_id: int) -> dict[str, Any]:
    """The COCO annotation entry of a person. Without a mask there is no segmentation key at all."""
    entry: dict[str, Any] = {"id": annotation_id, "image_id": picture.id, "category_id": PERSON_CATEGORY["id"]}
    entry |= {"iscrowd": 0, **person.model_dump(mode="json", exclude={"segmentation_rle"})}
    if person.segmentation_rle is not None:
        entry["segmentation"] = {"size": [picture.height, picture.width], "counts": person.segmentation_rle}
    return entry


def coco_document(pictures: Iterable[Picture], info: DatasetInfo) -> dict[str, Any]:
    """annotations.json as one object: images, annotations, categories; annotation ids count from 1."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for picture in pictures:
        images.append(coco_image(picture))
        for person in picture.people:
            annotations.append(coco_annotation(picture, person, len(annotations) + 1))
    about = {"description": f"{info.name} ({info.kind})".strip(), "version": str(info.schema_version)}
    return {"info": about, "images": images, "annotations": annotations, "categories": [PERSON_CATEGORY]}


def pictures_of(document: Any, where: str) -> list[Picture]:
    """Pictures of an annotations.json object; where names the file in messages.

    Raises InputError naming the entry and the field that is wrong. Unknown keys are other programs' and are left out.
    """
    images = _entries(document, "images", where)
    annotations = _entries(document, "annotations", where)
    people: dict[int, list[Person]] = {
        _integer(image, "id", f"{where}: images[{i}]"): [] for i, image in enumerate(images)
    }
    if len(people) < len(images):
        repeated = first_repeated(image["id"] for image in images)
        raise InputError(f"{where}: images: id {repeated} is used twice; every picture needs its own")
    sizes = {image["id"]: [image.get("height"), image.get("width")] for image in images}
    for index, entry in enumerate(annotations):
        place = f"{where}: annotations[{index}]"
        image_id = _integer(entry, "image_id", place)
        if image_id not in people:
            raise InputError(f"{place}.image_id is {image_id}: no image has that id")
        people[image_id].append(_person(entry, place, sizes[image_id]))
    pictures = [_picture(image, people[image["id"]], f"{where}: images[{index}]") for index, image in enumerate(images)]
    refuse_repeated_names(pictures, where)
    return pictures


def refuse_repeated_names(pictures: list[Picture], where: str) -> None:
    """InputError if two pictures have one stem (a.jpg, a.png): they would share a label file."""
    repeated = first_repeated(picture.stem for picture in pictures)
    if repeated is not None:
        raise InputError(f"{where}: images: file_name {repeated!r} is used twice; every picture needs its own")


def _integer(entry: dict[str, Any], key: str, place: str) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{place}.{key} is {value!r:.80}: expected a whole number")
    return value


def _entries(document: Any, key: str, where: str) -> list[dict[str, Any]]:
    entries = document.get(key) if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f'{where}: expected a COCO object with a list "{key}" of objects')
    return entries


def _picture(image: dict[str, Any], people: list[Person], place: str) -> Picture:
    known = {key: value for key, value in image.items() if key in Picture.model_fields}
    return validated(Picture, {**known, "people": people}, place)


def _person(entry: dict[str, Any], place: str, size: list[Any]) -> Person:
    """size: [height, width] of the picture."""
    known = {key: value for key, value in entry.items() if key in Person.model_fields}
    rle = entry.get("segmentation")
    if isinstance(rle, dict):
        if rle.get("size") != size:
            raise InputError(
                f"{place}.segmentation.size is {rle.get('size')}, but its picture is {size}: height, width"
            )
        known["segmentation_rle"] = rle.get("counts")
    return validated(Person, known, place)


def validated(model: type[Model], values: Any, place: str) -> Model:
    """Validate values as model; InputError says place.field and what is wrong with it, the first fault only."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(fault_text(error, place)) from None
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def fault_text(error: ValidationError, place: str) -> str:
    """One line for the first fault that pydantic found: place.field: what was found and expected."""
    fault = error.errors(include_url=False)[0]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return f"{place}{field} is missing{more}"
    if fault["type"] == "value_error":
        separator = " " if message.startswith("is ") else ": "
        return f"{place}{field}{separator}{message}{more}"
    return f"{place}{field} is {fault['input']!r:.80}: {message}{more}"
