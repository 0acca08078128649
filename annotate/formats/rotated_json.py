"""COCO-like JSON of the rotated-box sets (CEPDOF, WEPDTOF, MW-R, LOAF): what their readers and writers share.

It differs from COCO object annotations in that ids may be texts, an annotation needs no id, and its box is rotated.
Each set's module says where its pictures lie and how an annotation becomes a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.boxes import rotated_box_corners
from annotate.dataset_model import PERSON_CATEGORY, DatasetInfo, Person, Picture, inner_path, refuse_repeated_names
from annotate.errors import InputError
from annotate.files import read_json
from annotate.formats.labelled import (
    LabelledPictures,
    ReadOptions,
    kept,
    person_class,
    picture_sizes,
    time_note,
    times_of_names,
)
from annotate.validation import first_repeated, validated

Entry = dict[str, Any]
PERSON_ID = 1
"""Number of the category that means a person, in all these sets."""
PersonValues = Callable[[Entry, tuple[int, int], str], dict[str, Any]]
"""Fields of a Person, all but instance_id, of one annotation: the entry, its picture's size, its place for messages."""


@dataclass(frozen=True)
class ListedPicture:
    """One entry of a file's images: what it is called here, where its file lies, and who is labelled in it."""

    image: Entry
    place: str
    file_name: str
    path: Path
    annotations: list[tuple[str, Entry]]
    """Each with its place in the file, for messages."""


@dataclass(frozen=True)
class LabelJson:
    """One JSON file: its images, and the annotations of people by image id."""

    path: Path
    images: list[Entry]
    people: dict[int | str, list[tuple[str, Entry]]]
    others: int
    """Annotations of other categories."""

    @classmethod
    def read(cls, path: Path, options: ReadOptions) -> LabelJson:
        """InputError for anything missing or wrong outside the annotations' own fields, naming entry and field."""
        document = read_json(path)
        images, annotations = (_objects(document, key, path) for key in ("images", "annotations"))
        if not images:
            raise InputError(f"{path}: images is empty; there is nothing to convert")
        class_id = _person_class_id(document, options, path)
        people: dict[int | str, list[tuple[str, Entry]]] = {id_: [] for id_ in _image_ids(images, path)}
        for index, entry in enumerate(annotations):
            place = f"{path}: annotations[{index}]"
            image_id, category = entry.get("image_id"), entry.get("category_id")
            if not isinstance(image_id, int | str) or image_id not in people:
                raise InputError(f"{place}.image_id is {image_id!r:.40}: no image has that id")
            if not isinstance(category, int):
                raise InputError(f"{place}.category_id is {category!r:.40}: expected the number of a category")
            if category == class_id:
                people[image_id].append((place, entry))
        return cls(path, images, people, len(annotations) - sum(len(entries) for entries in people.values()))

    def file_name(self, index: int) -> str:
        """file_name of images[index]; InputError if it is none or leads out of its folder."""
        try:
            return inner_path(str(self.images[index].get("file_name") or ""))
        except ValueError as error:
            raise InputError(f"{self.path}: images[{index}].file_name {error}") from None

    def listed(self, folder: Path, prefix: str = "") -> list[ListedPicture]:
        """Its pictures, file_name below folder; here they are called prefix + file_name."""
        names = [self.file_name(index) for index in range(len(self.images))]
        return [
            ListedPicture(
                image=image,
                place=f"{self.path}: images[{index}]",
                file_name=prefix + names[index],
                path=folder / names[index],
                annotations=self.people[image["id"]],
            )
            for index, image in enumerate(self.images)
        ]


def labelled_pictures(
    listed: list[ListedPicture], files: list[LabelJson], source: Path, options: ReadOptions, values_of: PersonValues
) -> LabelledPictures:
    """The pictures with their people; annotations marked iscrowd or ignore become ignore areas."""
    wanted = set(kept([one.file_name for one in listed], options.exclude, str(source)))
    chosen = [one for one in listed if one.file_name in wanted]
    if not chosen:
        raise InputError(f"{source}: no pictures are left to convert; leave fewer out with --exclude")
    paths = [one.path for one in chosen]
    times = times_of_names([one.file_name for one in chosen], options.frames_per_second)
    pictures = []
    for number, (one, size) in enumerate(zip(chosen, picture_sizes(paths, "pictures"), strict=True)):
        _refuse_other_size(one, size)
        people, areas = _people(one, size, values_of)
        known = {"id": number, "file_name": one.file_name, "width": size[0], "height": size[1]}
        known |= {"time_s": times[number], "people": people, "ignore_areas": areas}
        pictures.append(validated(Picture, known, one.place))
    refuse_repeated_names(pictures, str(source))
    info = DatasetInfo(
        name=options.name or source.resolve().stem, kind=options.kind, config=_config(files, source, options)
    )
    notes = _notes(pictures, files) + time_note(times, options.frames_per_second)
    return LabelledPictures.of_images(info, pictures, paths, notes)


def first_with(candidates: list[tuple[Path, str]], name: str, file: LabelJson) -> tuple[Path, str]:
    """The first (folder, prefix) whose folder holds the picture; InputError says where it was looked for."""
    for folder, prefix in candidates:
        if (folder / name).is_file():
            return folder, prefix
    looked = ", ".join(str(folder) for folder, _ in candidates)
    raise InputError(
        f"{file.path}: images[0].file_name: there is no picture {name} in {looked}; name the folder with --images"
    )


def document_of(images: list[Entry], annotations: list[Entry]) -> Entry:
    """The JSON document of these entries, in the order in which the sets' own files have them."""
    return {"annotations": annotations, "images": images, "categories": [PERSON_CATEGORY]}


def kept_attributes(entry: Entry, fields: Iterable[str]) -> dict[str, Any]:
    """A person's attributes: those that this program wrote, and the set's own fields that are there."""
    own = entry.get("attributes")
    attributes = dict(own) if isinstance(own, dict) else {}
    return attributes | {field: entry[field] for field in fields if entry.get(field) is not None}


def attribute_fields(person: Person, fields: Iterable[str]) -> Entry:
    """The reverse of kept_attributes: the set's own fields, and the other attributes as one object."""
    own = {field: person.attributes[field] for field in fields if field in person.attributes}
    others = {key: value for key, value in person.attributes.items() if key not in own}
    return {**own, "attributes": others} if others else own


def _objects(document: Any, key: str, path: Path) -> list[Entry]:
    entries = document.get(key) if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f'{path}: expected a COCO-like object with a list "{key}" of objects')
    return entries


def _image_ids(images: list[Entry], path: Path) -> list[int | str]:
    for index, image in enumerate(images):
        if not isinstance(image.get("id"), int | str) or isinstance(image["id"], bool):
            found = repr(image.get("id"))[:40]
            raise InputError(f"{path}: images[{index}].id is {found}: expected a whole number or a text")
    repeated = first_repeated(image["id"] for image in images)
    if repeated is not None:
        raise InputError(f"{path}: images: id {repeated!r} is used twice; every picture needs its own")
    return [image["id"] for image in images]


def _person_class_id(document: Entry, options: ReadOptions, path: Path) -> int:
    """By the name of the category; PERSON_ID in a file without categories."""
    if "categories" not in document:
        return PERSON_ID
    names: dict[int, str] = {}
    for index, entry in enumerate(_objects(document, "categories", path)):
        if not isinstance(entry.get("id"), int) or not isinstance(entry.get("name"), str):
            raise InputError(f"{path}: categories[{index}] is {entry!r:.80}: expected id (a number) and name (a text)")
        names[entry["id"]] = entry["name"]
    return person_class(names, options.person_class, str(path))


def _refuse_other_size(one: ListedPicture, size: tuple[int, int]) -> None:
    stated = (one.image.get("width", size[0]), one.image.get("height", size[1]))
    if stated != size:
        raise InputError(
            f"{one.place}: width, height are {stated[0]}, {stated[1]}, but {one.path} is {size[0]} x {size[1]} px; "
            "labels and pictures must be of one resolution"
        )


def _people(
    one: ListedPicture, size: tuple[int, int], values_of: PersonValues
) -> tuple[list[Person], list[list[list[float]]]]:
    people: list[Person] = []
    areas: list[list[list[float]]] = []
    for place, entry in one.annotations:
        values = values_of(entry, size, place)
        if entry.get("iscrowd") or entry.get("ignore"):
            box = values.get("radius_bbox") or values["rotated_bbox"]
            areas.append(rotated_box_corners([box])[0].tolist())
        else:
            people.append(validated(Person, {**values, "instance_id": len(people) + 1}, place))
    return people, areas


def _config(files: list[LabelJson], source: Path, options: ReadOptions) -> dict[str, Any]:
    digest = hashlib.sha256(b"".join(file.path.read_bytes() for file in files)).hexdigest()
    config: dict[str, Any] = {"source": source.resolve().name, "annotations_sha256": digest}
    config |= {"exclude": sorted(options.exclude), "person_class": options.person_class}
    return {**config, "frames_per_second": options.frames_per_second}


def _notes(pictures: list[Picture], files: list[LabelJson]) -> list[str]:
    others = sum(file.others for file in files)
    areas = sum(len(picture.ignore_areas) for picture in pictures)
    notes = [f"{others} annotations of other categories were left out"] if others else []
    return notes + ([f"{areas} annotations marked iscrowd or ignore became ignore areas"] if areas else [])
