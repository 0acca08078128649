"""COCO object annotations: one JSON with images, annotations and categories.

Read from any program: boxes; segmentations as polygons or run lengths; crowds (iscrowd 1), which become ignore areas.
plafond's own fields beside the standard ones (head_bbox, rotated_bbox, time_s ...) are kept where they are present.
Written: annotations.json and images/, ignore areas as crowds, so that COCO evaluation leaves them out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from tqdm import tqdm

from annotate.coco_document import coco_document
from annotate.dataset_model import (
    FILE_FOLDERS,
    PERSON_CATEGORY,
    DatasetInfo,
    Person,
    Picture,
    inner_path,
    refuse_repeated_names,
)
from annotate.dataset_writer import copy_whole, file_sha256
from annotate.errors import InputError
from annotate.files import read_json, write_json
from annotate.formats.labelled import LabelledPictures, ReadOptions, clipped_box, kept, person_class, picture_sizes
from annotate.outlines import mask_outlines
from annotate.rle import decode_rle, encode_rle
from annotate.validation import first_repeated, validated

HOLDS: frozenset[str] = frozenset(
    {"head_bbox", "rotated_bbox", "mask", "visible_fraction", "truncated", "attributes", "ignore_areas", "time_s"}
)
_OWN_PERSON_FIELDS = ("head_bbox", "rotated_bbox", "visible_fraction", "truncated", "provenance", "attributes")
_OWN_PICTURE_FIELDS = ("time_s", "background", "ignore_areas", "attributes")


def read_coco(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a COCO file, or the only one in a folder. InputError for anything missing or wrong, naming entry and field."""
    path = _annotation_file(source)
    document = read_json(path)
    images, annotations = (_objects(document, key, path) for key in ("images", "annotations"))
    class_id = person_class(_categories(document, path), options.person_class, str(path))
    names = [_file_name(image, f"{path}: images[{index}]") for index, image in enumerate(images)]
    wanted = set(kept(names, options.exclude, str(path)))
    by_image = _by_image(images, annotations, class_id, path)
    folder = _image_folder(path, names, options)
    chosen = [(index, name) for index, name in enumerate(names) if name in wanted]
    paths = [folder / name for _, name in chosen]
    sizes = picture_sizes(paths, "pictures")
    pictures = []
    for (index, name), size in zip(chosen, sizes, strict=True):
        image = images[index]
        _refuse_other_size(image, size, f"{path}: images[{index}]", folder / name)
        pictures.append(_picture(image, by_image[image["id"]], size, f"{path}: images[{index}]"))
    if not pictures:
        raise InputError(f"{path}: images is empty; there is nothing to convert")
    refuse_repeated_names(pictures, str(path))
    config: dict[str, Any] = {"format": "coco", "source": path.name, "annotations_sha256": file_sha256(path)}
    config |= {"exclude": sorted(options.exclude), "person_class": options.person_class}
    info = DatasetInfo(name=options.name or path.resolve().parent.name, kind=options.kind, config=config)
    others = len(annotations) - sum(len(entries) for entries in by_image.values())
    notes = [f"{others} annotations of other categories were left out"] if others else []
    return LabelledPictures.of_images(info, pictures, paths, notes)


def write_coco(labelled: LabelledPictures, out: Path) -> None:
    """Write annotations.json and images/ into the empty folder out."""
    document = coco_document(labelled.pictures, labelled.info)
    for image, picture in zip(document["images"], labelled.pictures, strict=True):
        image.pop("ignore_areas")
        for field in FILE_FOLDERS.keys() - {"file_name"}:
            image.pop(field)
        document["annotations"] += _crowds(picture, first_id=len(document["annotations"]) + 1)
    for picture, path in zip(
        tqdm(labelled.pictures, desc="write coco", leave=False), labelled.image_paths, strict=True
    ):
        copy_whole(path, out / "images" / picture.file_name)
    write_json(out / "annotations.json", document)


def _crowds(picture: Picture, first_id: int) -> list[dict[str, Any]]:
    entries = []
    for number, polygon in enumerate(picture.ignore_areas):
        rle = coco_mask.merge(coco_mask.frPyObjects([np.ravel(polygon).tolist()], picture.height, picture.width))
        entry = {"id": first_id + number, "image_id": picture.id, "category_id": PERSON_CATEGORY["id"], "iscrowd": 1}
        segmentation = {"size": [picture.height, picture.width], "counts": rle["counts"].decode("ascii")}
        box, area = coco_mask.toBbox(rle).tolist(), float(coco_mask.area(rle))
        entries.append({**entry, "bbox": box, "area": area, "segmentation": segmentation})
    return entries


def _annotation_file(source: Path) -> Path:
    if source.is_file():
        return source
    if not source.is_dir():
        raise InputError(f"{source}: no such file; expected a COCO JSON file or a folder that holds one")
    candidates = [source / "annotations.json"]
    if not candidates[0].is_file():
        candidates = sorted([*source.glob("*.json"), *source.glob("annotations/*.json")])
    if len(candidates) != 1:
        found = ", ".join(path.name for path in candidates[:6]) or "none"
        raise InputError(f"{source}: found {len(candidates)} JSON files ({found}), expected one COCO file; name it")
    return candidates[0]


def _objects(document: Any, key: str, path: Path) -> list[dict[str, Any]]:
    entries = document.get(key) if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f'{path}: expected a COCO object with a list "{key}" of objects')
    return entries


def _categories(document: Any, path: Path) -> dict[int, str]:
    entries = _objects(document, "categories", path)
    for index, entry in enumerate(entries):
        if not isinstance(entry.get("id"), int) or not isinstance(entry.get("name"), str):
            raise InputError(
                f"{path}: categories[{index}]: expected id (a number) and name (a text), found {entry!r:.80}"
            )
    return {entry["id"]: entry["name"] for entry in entries}


def _file_name(image: dict[str, Any], place: str) -> str:
    try:
        return inner_path(str(image.get("file_name") or ""))
    except ValueError as error:
        raise InputError(f"{place}.file_name {error}") from None


def _by_image(
    images: list[dict[str, Any]], annotations: list[dict[str, Any]], class_id: int, path: Path
) -> dict[int, list[tuple[str, dict[str, Any]]]]:
    """The annotations of the person category by image id, each with its place in the file for messages."""
    for index, image in enumerate(images):
        if not isinstance(image.get("id"), int):
            raise InputError(f"{path}: images[{index}].id is {image.get('id')!r:.40}: expected a whole number")
    repeated = first_repeated(image["id"] for image in images)
    if repeated is not None:
        raise InputError(f"{path}: images: id {repeated} is used twice; every picture needs its own")
    grouped: dict[int, list[tuple[str, dict[str, Any]]]] = {image["id"]: [] for image in images}
    for index, entry in enumerate(annotations):
        image_id = entry.get("image_id")
        if not isinstance(image_id, int) or image_id not in grouped:
            raise InputError(f"{path}: annotations[{index}].image_id is {image_id!r:.40}: no image has that id")
        if entry.get("category_id") == class_id:
            grouped[image_id].append((f"{path}: annotations[{index}]", entry))
    return grouped


def _image_folder(path: Path, names: list[str], options: ReadOptions) -> Path:
    if options.images is not None:
        return options.images
    candidates = [path.parent / "images", path.parent, path.parent.parent / "images", path.parent.parent]
    for folder in candidates:
        if names and (folder / names[0]).is_file():
            return folder
    return candidates[0]


def _refuse_other_size(image: dict[str, Any], size: tuple[int, int], place: str, path: Path) -> None:
    stated = (image.get("width", size[0]), image.get("height", size[1]))
    if stated != size:
        raise InputError(f"{place}: says {stated[0]} x {stated[1]} px, but {path} is {size[0]} x {size[1]}")


def _picture(
    image: dict[str, Any], entries: list[tuple[str, dict[str, Any]]], size: tuple[int, int], place: str
) -> Picture:
    own = {field: image[field] for field in _OWN_PICTURE_FIELDS if field in image}
    crowds = [one for one in entries if one[1].get("iscrowd")]
    areas = [polygon for where, entry in crowds for polygon in _ignore_areas(entry, size, where)]
    own["ignore_areas"] = [*(own.get("ignore_areas") or []), *areas]
    people: list[Person] = []
    for where, entry in entries:
        if not entry.get("iscrowd"):
            people.append(_person(entry, len(people) + 1, size, where))
    known = {"id": image["id"], "file_name": image["file_name"], "width": size[0], "height": size[1]}
    return validated(Picture, {**known, **own, "people": _own_ids(people, entries)}, place)


def _own_ids(people: list[Person], entries: list[tuple[str, dict[str, Any]]]) -> list[Person]:
    """Instance ids of the file where every person has a different one; otherwise the order counts."""
    ids = [entry.get("instance_id") for _, entry in entries if not entry.get("iscrowd")]
    if not all(isinstance(one, int) and 1 <= one <= 65535 for one in ids) or first_repeated(ids) is not None:
        return people
    return [person.model_copy(update={"instance_id": one}) for person, one in zip(people, ids, strict=True)]


def _person(entry: dict[str, Any], instance_id: int, size: tuple[int, int], place: str) -> Person:
    values: dict[str, Any] = {"provenance": "human"}
    values |= {field: entry[field] for field in _OWN_PERSON_FIELDS if field in entry}
    mask = _mask(entry.get("segmentation"), size, place)
    if mask is not None:
        values |= {"segmentation_rle": encode_rle(mask), "area": float(mask.sum())}
    bbox = entry.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(isinstance(side, int | float) for side in bbox):
        raise InputError(f"{place}.bbox is {bbox!r:.60}: expected [x, y, width, height] in px")
    values["bbox"] = clipped_box(bbox, *size, f"{place}.bbox")
    return validated(Person, {**values, "instance_id": instance_id}, place)


def _mask(segmentation: Any, size: tuple[int, int], place: str) -> np.ndarray | None:
    """HW bool of a polygon list or run lengths (compressed text or plain numbers); None for an empty one."""
    if not segmentation:
        return None
    width, height = size
    try:
        if isinstance(segmentation, list):
            polygons = [np.asarray(polygon, float) for polygon in segmentation]
            if any(polygon.ndim != 1 or len(polygon) < 6 or len(polygon) % 2 for polygon in polygons):
                raise ValueError("a polygon needs 3 or more points: [x1, y1, x2, y2, x3, y3 ...]")
            rle = coco_mask.frPyObjects([polygon.tolist() for polygon in polygons], height, width)
            return coco_mask.decode(coco_mask.merge(rle)).astype(bool)
        counts, stated = segmentation["counts"], segmentation["size"]
        if list(stated) != [height, width]:
            raise ValueError(f"size is {stated}, the picture is {[height, width]} (height, width)")
        return decode_rle(counts, width, height) if isinstance(counts, str) else _plain_runs(counts, size)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{place}.segmentation: {error}") from None


def _plain_runs(counts: list[int], size: tuple[int, int]) -> np.ndarray:
    """Uncompressed run lengths, column by column, beginning with a run of zeros."""
    width, height = size
    if min(counts, default=0) < 0 or sum(counts) != width * height:
        raise ValueError(f"run lengths cover {sum(counts)} pixels, expected {width * height}")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def _ignore_areas(entry: dict[str, Any], size: tuple[int, int], place: str) -> list[list[list[float]]]:
    """Polygons around a crowd: around its segmentation if it has one, otherwise its box."""
    mask = _mask(entry.get("segmentation"), size, place)
    if mask is None:
        x, y, w, h = clipped_box(entry.get("bbox") or [0, 0, 0, 0], *size, f"{place}.bbox")
        return [[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]]
    return [outline.tolist() for outline in mask_outlines(mask)]
