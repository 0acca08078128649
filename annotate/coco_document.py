"""annotations.json: pictures and people as one COCO document, and back.

A person is one COCO annotation and a picture one COCO image; fields that COCO does not have stand beside the standard
ones. Keypoints are COCO's flat list. A hidden person is written as a crowd (iscrowd 1), so that COCO's own evaluation
neither asks for it nor counts a detection there as wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annotate.dataset_model import PERSON_CATEGORY, DatasetInfo, Person, Picture, refuse_repeated_names
from annotate.errors import InputError
from annotate.keypoints import KEYPOINTS, SKELETON_NUMBERS
from annotate.validation import first_repeated, validated

_CATEGORY = {**PERSON_CATEGORY, "keypoints": list(KEYPOINTS), "skeleton": [[a + 1, b + 1] for a, b in SKELETON_NUMBERS]}


def coco_image(picture: Picture) -> dict[str, Any]:
    """The COCO image entry of a picture."""
    return picture.model_dump(mode="json", exclude={"people"})


def coco_annotation(picture: Picture, person: Person, annotation_id: int) -> dict[str, Any]:
    """The COCO annotation entry of a person. Without a mask there is no segmentation key at all."""
    entry: dict[str, Any] = {"id": annotation_id, "image_id": picture.id, "category_id": PERSON_CATEGORY["id"]}
    entry |= {
        "iscrowd": int(person.hidden),
        **person.model_dump(mode="json", exclude={"segmentation_rle", "keypoints"}),
    }
    if person.keypoints is not None:
        entry["keypoints"] = [value for keypoint in person.keypoints for value in keypoint]
        entry["num_keypoints"] = sum(visibility > 0 for _, _, visibility in person.keypoints)
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
    return {"info": about, "images": images, "annotations": annotations, "categories": [_CATEGORY]}


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
    names = _category_names(document)
    for index, entry in enumerate(annotations):
        place = f"{where}: annotations[{index}]"
        image_id = _integer(entry, "image_id", place)
        if image_id not in people:
            raise InputError(f"{place}.image_id is {image_id}: no image has that id")
        _require_person(entry, names, place)
        people[image_id].append(_person(entry, place, sizes[image_id]))
    pictures = [_picture(image, people[image["id"]], f"{where}: images[{index}]") for index, image in enumerate(images)]
    refuse_repeated_names(pictures, where)
    return pictures


def _category_names(document: dict[str, Any]) -> dict[Any, Any]:
    """Names of the categories by id; those of COCO's and of ours where the file does not say."""
    found = document.get("categories")
    entries = found if isinstance(found, list) else []
    names = {entry.get("id"): entry.get("name") for entry in entries if isinstance(entry, dict)}
    return names or {PERSON_CATEGORY["id"]: PERSON_CATEGORY["name"]}


def _require_person(entry: dict[str, Any], names: dict[Any, Any], place: str) -> None:
    """InputError for an annotation of anything but a person: a detector of people must not learn it."""
    category = entry.get("category_id", PERSON_CATEGORY["id"])
    name = names.get(category)
    if name != PERSON_CATEGORY["name"]:
        what = f" ({name})" if name is not None else ", which categories does not list"
        raise InputError(
            f"{place}.category_id is {category!r:.40}{what}: a dataset holds people only, category "
            f"{PERSON_CATEGORY['id']} (person); remove what is something else, or convert the original file again"
        )


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
    if known.get("keypoints") is not None:
        known["keypoints"] = keypoint_rows(known["keypoints"], f"{place}.keypoints")
    return validated(Person, known, place)


def keypoint_rows(flat: Any, place: str) -> list[list[float]]:
    """COCO's flat list x1, y1, v1, x2 ... as rows; InputError if its length is not that of all keypoints."""
    if not isinstance(flat, list) or len(flat) != 3 * len(KEYPOINTS):
        found = f"{len(flat)} values" if isinstance(flat, list) else repr(flat)[:60]
        raise InputError(f"{place}: found {found}, expected {3 * len(KEYPOINTS)}: x, y, visibility of each keypoint")
    return [flat[start : start + 3] for start in range(0, len(flat), 3)]
