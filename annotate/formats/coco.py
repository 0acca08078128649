"""COCO object annotations: one JSON with images, annotations and categories.

Read from any program: boxes; segmentations as polygons or run lengths; keypoints, by the names that the category gives
them; crowds (iscrowd 1), which become ignore areas. plafond's own fields beside the standard ones (head_bbox, time_s ...)
are kept where they are present, and so is what the key "plafond" says of the dataset as a whole (cameras, kind, seed).
Written: annotations.json and images/; ignore areas and hidden people as crowds, so that COCO evaluation neither asks for
them nor counts a detection there as wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from annotate.formats.labelled import (
    LABEL_KINDS,
    LabelledPictures,
    ReadOptions,
    clipped_box,
    kept,
    person_class,
    picture_sizes,
)
from annotate.formats.shapes import alternating_runs, keypoint_name, polygon_mask
from annotate.keypoints import KEYPOINTS
from annotate.outlines import mask_outlines
from annotate.rle import decode_rle, encode_rle
from annotate.validation import first_repeated, validated

HOLDS: frozenset[str] = frozenset(LABEL_KINDS) - {"depth", "normals", "classes"}
_OWN_PERSON_FIELDS = (
    "head_bbox", "head_point", "rotated_bbox", "radius_bbox", "whole_bbox", "visible_fraction", "truncated", "hidden",
    "head_m", "foot_m", "provenance", "attributes",
)  # fmt: skip
_OWN_PICTURE_FIELDS = ("time_s", "background", "ignore_areas", "attributes")
_NO_KEYPOINTS = {"keypoints": [0] * 3 * len(KEYPOINTS), "num_keypoints": 0, "keypoints_unlabelled": True}
"""COCO's evaluation of keypoints asks every annotation for them; the last key keeps "none labelled" apart from "none seen"."""


@dataclass(frozen=True)
class _KeypointOrder:
    """Where a file keeps our keypoints in its flat lists."""

    count: int = len(KEYPOINTS)
    """Keypoints of one annotation."""
    places: tuple[int | None, ...] = tuple(range(len(KEYPOINTS)))
    """For each of KEYPOINTS its number in the file, or None where the file does not have it."""
    note: str | None = None


def read_coco(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a COCO file, or the only one in a folder. InputError for anything missing or wrong, naming entry and field."""
    path = _annotation_file(source)
    document = read_json(path)
    images, annotations = (_objects(document, key, path) for key in ("images", "annotations"))
    categories = _categories(document, path)
    class_id = person_class({key: entry["name"] for key, entry in categories.items()}, options.person_class, str(path))
    order = _keypoint_order(categories[class_id], f'{path}: category "{categories[class_id]["name"]}"')
    names = [_file_name(image, f"{path}: images[{index}]") for index, image in enumerate(images)]
    wanted = set(kept(names, options.exclude, str(path)))
    by_image = _by_image(images, annotations, class_id, path)
    folder = _image_folder(path, names, options)
    chosen = [(index, name) for index, name in enumerate(names) if name in wanted]
    paths = [folder / name for _, name in chosen]
    own_info = _own_info(document, path)
    pictures = []
    for (index, name), size in zip(chosen, picture_sizes(paths, "pictures"), strict=True):
        place, image = f"{path}: images[{index}]", images[index]
        _refuse_other_size(image, size, place, folder / name)
        picture = _picture(image, by_image[image["id"]], size, order, place)
        pictures.append(_with_camera(picture, image, own_info, place))
    if not pictures:
        raise InputError(f"{path}: images is empty; there is nothing to convert")
    refuse_repeated_names(pictures, str(path))
    others = len(annotations) - sum(len(entries) for entries in by_image.values())
    notes = [f"{others} annotations of other categories were left out"] if others else []
    if order.note and any("keypoints" in entry for entries in by_image.values() for _, entry in entries):
        notes.append(order.note)
    return LabelledPictures.of_images(_info(path, own_info, options), pictures, paths, notes)


def write_coco(labelled: LabelledPictures, out: Path) -> None:
    """Write annotations.json and images/ into the empty folder out."""
    document = coco_document(labelled.pictures, labelled.info)
    for image, picture in zip(document["images"], labelled.pictures, strict=True):
        image.pop("ignore_areas")
        for field in FILE_FOLDERS.keys() - {"file_name"}:
            image.pop(field)
        document["annotations"] += _crowds(picture, first_id=len(document["annotations"]) + 1)
    if any("keypoints" in entry for entry in document["annotations"]):
        document["annotations"] = [
            entry if "keypoints" in entry else {**entry, **_NO_KEYPOINTS} for entry in document["annotations"]
        ]
    document["plafond"] = labelled.info.model_dump(mode="json", exclude={"classes"})
    for picture, path in zip(
        tqdm(labelled.pictures, desc="write coco", leave=False), labelled.image_paths, strict=True
    ):
        copy_whole(path, out / "images" / picture.file_name)
    write_json(out / "annotations.json", document)


def _crowds(picture: Picture, first_id: int) -> list[dict[str, Any]]:
    """Ignore areas as crowds; the polygon itself stands beside its pixels, so that it comes back as it was."""
    entries = []
    for number, polygon in enumerate(picture.ignore_areas):
        rle = coco_mask.merge(coco_mask.frPyObjects([np.ravel(polygon).tolist()], picture.height, picture.width))
        entry = {"id": first_id + number, "image_id": picture.id, "category_id": PERSON_CATEGORY["id"], "iscrowd": 1}
        segmentation = {"size": [picture.height, picture.width], "counts": rle["counts"].decode("ascii")}
        box, area = coco_mask.toBbox(rle).tolist(), float(coco_mask.area(rle))
        outline = [list(point) for point in polygon]
        entries.append({**entry, "bbox": box, "area": area, "segmentation": segmentation, "ignore_area": outline})
    return entries


def _own_info(document: Any, path: Path) -> DatasetInfo | None:
    """What plafond wrote about the whole dataset, if it wrote this file."""
    values = document.get("plafond")
    return None if values is None else validated(DatasetInfo, values, f"{path}: plafond")


def _info(path: Path, own: DatasetInfo | None, options: ReadOptions) -> DatasetInfo:
    config: dict[str, Any] = {"format": "coco", "source": path.name, "annotations_sha256": file_sha256(path)}
    config |= {"exclude": sorted(options.exclude), "person_class": options.person_class}
    name = options.name or (own.name if own else "") or path.resolve().parent.name
    if own is None:
        return DatasetInfo(name=name, kind=options.kind, config=config)
    config["made_with"] = {"generator": own.generator, "config": own.config}
    return DatasetInfo(name=name, kind=own.kind, seed=own.seed, config=config, cameras=own.cameras)


def _with_camera(picture: Picture, image: dict[str, Any], own: DatasetInfo | None, place: str) -> Picture:
    """The picture with the camera that plafond named; another program's "camera" may mean anything."""
    camera = image.get("camera") if own else None
    if own and camera is not None and camera not in own.cameras:
        known = ", ".join(own.cameras) or "none"
        raise InputError(f"{place}.camera is {camera!r:.60}; cameras under plafond.cameras: {known}")
    return picture.model_copy(update={"camera": camera})


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


def _categories(document: Any, path: Path) -> dict[int, dict[str, Any]]:
    entries = _objects(document, "categories", path)
    for index, entry in enumerate(entries):
        if not isinstance(entry.get("id"), int) or not isinstance(entry.get("name"), str):
            raise InputError(
                f"{path}: categories[{index}]: expected id (a number) and name (a text), found {entry!r:.80}"
            )
    return {entry["id"]: entry for entry in entries}


def _keypoint_order(category: dict[str, Any], place: str) -> _KeypointOrder:
    """Our keypoints in a category's list, found by name; a category without names is taken to have COCO's 17."""
    names = category.get("keypoints")
    if not names:
        return _KeypointOrder()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{place}.keypoints is {names!r:.60}: expected a list of names")
    known = [keypoint_name(name) for name in names]
    repeated = first_repeated(name for name in known if name)
    if repeated is not None:
        raise InputError(f'{place}.keypoints: "{repeated}" is named twice')
    places = tuple(known.index(name) if name in known else None for name in KEYPOINTS)
    others = [name for name, ours in zip(names, known, strict=True) if ours is None]
    note = f"keypoints {', '.join(others)} are none of the 17 kept here: left out" if others else None
    return _KeypointOrder(len(names), places, note)


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
    image: dict[str, Any],
    entries: list[tuple[str, dict[str, Any]]],
    size: tuple[int, int],
    order: _KeypointOrder,
    place: str,
) -> Picture:
    own = {field: image[field] for field in _OWN_PICTURE_FIELDS if field in image}
    crowds = [one for one in entries if _is_crowd(one[1])]
    areas = [polygon for where, entry in crowds for polygon in _ignore_areas(entry, size, where)]
    own["ignore_areas"] = [*(own.get("ignore_areas") or []), *areas]
    labels = [one for one in entries if not _is_crowd(one[1])]
    people = [_person(entry, number, size, order, where) for number, (where, entry) in enumerate(labels, start=1)]
    known = {"id": image["id"], "file_name": image["file_name"], "width": size[0], "height": size[1]}
    return validated(Picture, {**known, **own, "people": _own_ids(people, labels)}, place)


def _is_crowd(entry: dict[str, Any]) -> bool:
    """A crowd is no person, unless plafond wrote it: then it may be one that is hidden."""
    return bool(entry.get("iscrowd")) and entry.get("hidden") is not True


def _own_ids(people: list[Person], labels: list[tuple[str, dict[str, Any]]]) -> list[Person]:
    """Instance ids of the file where every person has a different one; otherwise the order counts."""
    ids = [entry.get("instance_id") for _, entry in labels]
    if not all(isinstance(one, int) and 1 <= one <= 65535 for one in ids) or first_repeated(ids) is not None:
        return people
    return [person.model_copy(update={"instance_id": one}) for person, one in zip(people, ids, strict=True)]


def _person(
    entry: dict[str, Any], instance_id: int, size: tuple[int, int], order: _KeypointOrder, place: str
) -> Person:
    values: dict[str, Any] = {"provenance": "human"}
    values |= {field: entry[field] for field in _OWN_PERSON_FIELDS if field in entry}
    mask = _mask(entry.get("segmentation"), size, place)
    if mask is not None:
        values |= {"segmentation_rle": encode_rle(mask), "area": float(mask.sum())}
    elif "instance_id" in entry and "area" in entry:
        values["area"] = entry["area"]  # Other programs' areas may be those of outlines that are not here.
    bbox = entry.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(isinstance(side, int | float) for side in bbox):
        raise InputError(f"{place}.bbox is {bbox!r:.60}: expected [x, y, width, height] in px")
    values["bbox"] = clipped_box(bbox, *size, f"{place}.bbox")
    values["keypoints"] = _keypoints(entry, order, f"{place}.keypoints")
    return validated(Person, {**values, "instance_id": instance_id}, place)


def _keypoints(entry: dict[str, Any], order: _KeypointOrder, place: str) -> list[list[Any]] | None:
    """Rows x, y, visibility of our keypoints; None where nobody labelled any."""
    flat = entry.get("keypoints")
    if not flat or entry.get("keypoints_unlabelled") or not any(one is not None for one in order.places):
        return None
    if not isinstance(flat, list) or len(flat) != 3 * order.count:
        found = f"{len(flat)} values" if isinstance(flat, list) else repr(flat)[:60]
        raise InputError(
            f"{place}: found {found}, expected {3 * order.count}: x, y, visibility of each keypoint that the category "
            "names (its list keypoints)"
        )
    rows = [[0, 0, 0] if one is None else flat[3 * one : 3 * one + 3] for one in order.places]
    rows = [[x, y, int(v)] if v in (1, 2) else ([0, 0, 0] if v == 0 else [x, y, v]) for x, y, v in rows]
    return rows if "instance_id" in entry or any(row[2] for row in rows) else None


def _mask(segmentation: Any, size: tuple[int, int], place: str) -> np.ndarray | None:
    """HW bool of a polygon list or run lengths (compressed text or plain numbers); None for an empty one."""
    if not segmentation:
        return None
    width, height = size
    try:
        if isinstance(segmentation, list):
            return polygon_mask(segmentation, size)
        counts, stated = segmentation["counts"], segmentation["size"]
        if list(stated) != [height, width]:
            raise ValueError(f"size is {stated}, the picture is {[height, width]} (height, width)")
        if isinstance(counts, str):
            return decode_rle(counts, width, height)
        return alternating_runs(counts, width * height).reshape(width, height).T
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{place}.segmentation: {error}") from None


def _ignore_areas(entry: dict[str, Any], size: tuple[int, int], place: str) -> list[list[list[float]]]:
    """Polygons around a crowd: plafond's own, or around its segmentation if it has one, otherwise its box."""
    if entry.get("ignore_area") is not None:
        return [entry["ignore_area"]]
    mask = _mask(entry.get("segmentation"), size, place)
    if mask is None:
        x, y, w, h = clipped_box(entry.get("bbox") or [0, 0, 0, 0], *size, f"{place}.bbox")
        return [[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]]
    return [outline.tolist() for outline in mask_outlines(mask)]
