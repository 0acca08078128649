"""annotations.json read entry by entry: what fits is kept, what does not is a fault, and reading goes on.

Dataset.read stops at the first fault; here an entry that cannot be read costs that entry only, a field that does not
fit costs that field. Without a readable annotations.json the entries come from labels/.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from annotate.checks.faults import Fault, fault
from annotate.coco_document import keypoint_rows
from annotate.dataset_model import FILE_FOLDERS, Person, Picture
from annotate.errors import InputError
from annotate.files import read_json

ANNOTATIONS = "annotations.json"
_KIND_OF_FIELD = {
    **dict.fromkeys(("bbox", "head_bbox", "whole_bbox"), "empty_box"),
    **dict.fromkeys(("rotated_bbox", "radius_bbox"), "rotated_box"),
    "keypoints": "keypoints",
    "visible_fraction": "visible_fraction",
    "segmentation_rle": "segmentation",
    "ignore_areas": "ignore_area",
}

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Entry:
    """One picture as far as its entry can be read, and where it stands."""

    picture: Picture
    file: str
    """annotations.json, or the label file where there is no annotations.json."""
    field: str
    """Place of the picture in that file: images[3]."""
    person_fields: Mapping[int, str]
    """Places of the people that can be read, by instance id: annotations[17]."""
    known_ids: frozenset[int]
    """Instance ids of all people of the picture, also of those that cannot be read."""
    complete: bool
    """Every field fits."""


@dataclass(frozen=True)
class Entries:
    """Everything that could be read, the faults on the way, and the file names that any entry mentions, by folder."""

    entries: list[Entry]
    faults: list[Fault]
    named: Mapping[str, set[str]]


@dataclass
class _Raw:
    """A picture's entry before it is checked; people: place and values of each."""

    file: str
    field: str
    values: dict[str, Any]
    people: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    id_is_taken: bool = False
    """Another picture has its id, so nobody can tell whose people are whose."""


def read_entries(root: Path) -> Entries:
    """The pictures of the dataset folder at root."""
    raw, faults = _raw_pictures(root)
    entries = []
    for one in raw:
        if one.id_is_taken:
            continue
        entry, found = _entry(one)
        faults += found
        entries += [entry] if entry is not None else []
    faults += _repeated_names(entries)
    return Entries(entries, faults, _named(raw))


def _raw_pictures(root: Path) -> tuple[list[_Raw], list[Fault]]:
    if not (root / ANNOTATIONS).is_file():
        raw, faults = _from_labels(root)
        missing = f"no such file ({len(raw)} pictures are finished)"
        return raw, [fault("unfinished", ANNOTATIONS, "", missing, "a finished dataset"), *faults]
    try:
        document = read_json(root / ANNOTATIONS)
    except InputError as error:
        raw, faults = _from_labels(root)
        found = str(error).removeprefix(f"{root / ANNOTATIONS}: ")
        return raw, [fault("annotations_broken", ANNOTATIONS, "", found, "a whole JSON document"), *faults]
    for key in ("images", "annotations"):
        if not isinstance(document, dict) or not isinstance(document.get(key), list):
            wanted = f'a COCO object with a list "{key}"'
            return [], [fault("annotations_broken", ANNOTATIONS, key, type(document).__name__, wanted)]
    return _from_document(document)


def _from_labels(root: Path) -> tuple[list[_Raw], list[Fault]]:
    raw, faults = [], []
    for path in sorted((root / "labels").rglob("[!.]*.json")):
        file = path.relative_to(root).as_posix()
        try:
            values = read_json(path)
            picture = values["picture"]
            people = [(f"picture.people[{i}]", dict(person)) for i, person in enumerate(picture.pop("people", []))]
            raw.append(_Raw(file, "picture", picture, people))
        except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
            faults.append(fault("labels_missing", file, "picture", str(error), "a whole label file"))
    return raw, faults


def _from_document(document: dict[str, Any]) -> tuple[list[_Raw], list[Fault]]:
    raw: dict[int, _Raw] = {}
    repeated, faults = [], []
    for index, image in enumerate(document["images"]):
        place = f"images[{index}]"
        number = image.get("id") if isinstance(image, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            faults.append(fault("bad_field", ANNOTATIONS, f"{place}.id", f"{number!r:.80}", "a whole number"))
        elif number in raw:
            other = f"an id of its own; {raw[number].field} has it already"
            faults.append(fault("repeated_id", ANNOTATIONS, f"{place}.id", str(number), other))
            repeated.append(_Raw(ANNOTATIONS, place, image, id_is_taken=True))
        else:
            raw[number] = _Raw(ANNOTATIONS, place, image)
    for index, annotation in enumerate(document["annotations"]):
        faults += _add_person(raw, annotation, f"annotations[{index}]")
    return [*raw.values(), *repeated], faults


def _add_person(raw: dict[int, _Raw], annotation: Any, place: str) -> Iterator[Fault]:
    image_id = annotation.get("image_id") if isinstance(annotation, dict) else None
    if not isinstance(image_id, int) or image_id not in raw:
        yield fault("unknown_image", ANNOTATIONS, f"{place}.image_id", f"{image_id!r:.80}", "the id of a picture")
        return
    values, faults = _person_values(annotation, raw[image_id].values, place)
    raw[image_id].people.append((place, values))
    yield from faults


def _person_values(annotation: dict[str, Any], image: dict[str, Any], place: str) -> tuple[dict[str, Any], list[Fault]]:
    """The fields of a Person in a COCO annotation, and what COCO's own fields say wrongly."""
    values = {key: value for key, value in annotation.items() if key in Person.model_fields}
    picture, instance = image.get("file_name"), annotation.get("instance_id")
    faults = []

    def report(kind: str, name: str, found: Any, expected: str) -> None:
        faults.append(fault(kind, ANNOTATIONS, f"{place}.{name}", f"{found!r:.80}", expected, picture, instance))

    rle, size = annotation.get("segmentation"), [image.get("height"), image.get("width")]
    if isinstance(rle, dict) and rle.get("size") != size:
        report("segmentation", "segmentation.size", rle.get("size"), f"height and width of the picture, {size}")
    elif isinstance(rle, dict):
        values["segmentation_rle"] = rle.get("counts")
    try:
        if values.get("keypoints") is not None:
            values["keypoints"] = keypoint_rows(values["keypoints"], "")
            shown = sum(row[2] > 0 for row in values["keypoints"])
            if annotation.get("num_keypoints", shown) != shown:
                report(
                    "keypoints", "num_keypoints", annotation["num_keypoints"], f"{shown}: those of visibility 1 and 2"
                )
    except (InputError, TypeError) as error:
        report("keypoints", "keypoints", values.pop("keypoints"), str(error).rsplit("expected ", 1)[-1])
    if bool(annotation.get("iscrowd", 0)) != bool(annotation.get("hidden", False)):
        report(
            "crowd", "iscrowd", annotation.get("iscrowd", 0), f"{int(bool(annotation.get('hidden')))}, as hidden says"
        )
    return values, faults


def _entry(raw: _Raw) -> tuple[Entry | None, list[Fault]]:
    """The entry without the fields that do not fit; None if the picture cannot be told from what is left."""
    known = {key: value for key, value in raw.values.items() if key in Picture.model_fields and key != "people"}
    picture, wrong = _lenient(Picture, known)
    faults = [_field_fault(raw, raw.field, detail, None) for detail in wrong]
    if picture is None:
        return None, faults
    people, places, in_people = _people(raw)
    faults += in_people
    ids = frozenset(one["instance_id"] for _, one in raw.people if isinstance(one.get("instance_id"), int))
    whole = picture.model_copy(update={"people": list(people.values())})
    return Entry(whole, raw.file, raw.field, places, ids, complete=not faults), faults


def _people(raw: _Raw) -> tuple[dict[int, Person], dict[int, str], list[Fault]]:
    """People and their places by instance id; of two with one id the first."""
    people: dict[int, Person] = {}
    places: dict[int, str] = {}
    faults = []
    for place, values in raw.people:
        person, wrong = _lenient(Person, values)
        faults += [_field_fault(raw, place, detail, values.get("instance_id")) for detail in wrong]
        if person is None:
            continue
        number = person.instance_id
        if number in people:
            other, name = f"a number of its own; {places[number]} has it already", raw.values.get("file_name")
            faults.append(
                fault("repeated_instance", raw.file, f"{place}.instance_id", str(number), other, name, number)
            )
            continue
        people[number], places[number] = person, place
    return people, places, faults


def _lenient(model: type[Model], values: dict[str, Any]) -> tuple[Model | None, list[Any]]:
    """values as a model without the fields that do not fit (None if one of those is required), and their errors."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    wrong = {detail["loc"][0] for detail in details if detail["loc"]}
    try:
        return model.model_validate({key: value for key, value in values.items() if key not in wrong}), list(details)
    except ValidationError:
        return None, list(details)


def _field_fault(raw: _Raw, place: str, detail: Any, person: Any) -> Fault:
    field_name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    first = detail["loc"][0] if detail["loc"] else ""
    kind = _KIND_OF_FIELD.get(str(first), "bad_field")
    found = "nothing" if detail["type"] == "missing" else f"{detail['input']!r:.80}"
    if first in FILE_FOLDERS and detail["type"] == "value_error":
        kind, message = (
            "outside_path",
            "a path inside its folder, relative, with forward slashes, not hidden, without NUL",
        )
    name, number = raw.values.get("file_name"), person if isinstance(person, int) else None
    return fault(
        kind, raw.file, f"{place}{field_name}", found, message, name if isinstance(name, str) else None, number
    )


def _repeated_names(entries: list[Entry]) -> Iterator[Fault]:
    seen: dict[str, Entry] = {}
    for entry in entries:
        first = seen.setdefault(entry.picture.stem, entry)
        if first is not entry:
            other = f"a name of its own; {first.field} has {first.picture.file_name}"
            name = entry.picture.file_name
            yield fault("repeated_name", entry.file, f"{entry.field}.file_name", f'"{name}"', other, name)


def _named(raw: list[_Raw]) -> dict[str, set[str]]:
    names = {
        folder: {one.values[key] for one in raw if isinstance(one.values.get(key), str)}
        for key, folder in FILE_FOLDERS.items()
    }
    return names | {"labels": {f"{PurePosixPath(name).with_suffix('')}.json" for name in names["images"] if name}}
