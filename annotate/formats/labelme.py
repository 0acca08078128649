"""Labelme: one JSON beside each picture, a list of drawn shapes; group_id ties the shapes of one person together.

    rectangle "person"            box of the visible person        oriented_rectangle "person"          rotated box
    polygon (or mask) "person"    its pixels                       oriented_rectangle "person_radius"   radius-aligned box
    rectangle "person_whole"      box of the whole person          point named as a keypoint            that keypoint
    rectangle / point "head"      box / centre of the head         polygon or rectangle "ignore"        ignore area

Shape flags say truncated and hidden, and occluded for a keypoint that is labelled but not seen. What nobody can draw
stands under the key "plafond" of the file and of a person's first shape; Labelme keeps keys that it does not know.
Files drawn by hand may have any part of this: only polygons (the box is the one around them), only boxes, no groups
(then every "person" is one of its own), rotated boxes of Labelme or of X-AnyLabeling ("rotation").
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from annotate.boxes import mask_to_box, rotated_box_corners
from annotate.camera import Camera
from annotate.dataset_model import DatasetInfo, Person, Picture, refuse_repeated_names
from annotate.dataset_writer import copy_whole
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
    pictures_below,
    time_note,
    times_of_names,
)
from annotate.formats.shapes import (
    IGNORE_LABEL,
    SHAPE_FIELDS,
    WORD_FIELDS,
    PersonShapes,
    drawn_people,
    exact_polygons,
    in_words,
    keypoint_name,
    polygon_mask,
    rotated_box_of_corners,
)
from annotate.keypoints import KEYPOINTS
from annotate.outlines import mask_outlines
from annotate.picture_file import SUFFIXES
from annotate.validation import validated

HOLDS: frozenset[str] = frozenset(LABEL_KINDS) - {"depth", "normals", "classes"}
VERSION = "6.3.1"
"""The Labelme whose files these are like."""
_ROTATED = ("oriented_rectangle", "rotation")
_KINDS = {
    "person": ("rectangle", "polygon", "mask", *_ROTATED),
    "person_rotated": _ROTATED,
    "person_radius": _ROTATED,
    "head": ("rectangle", "point"),
}
"""Shape types that labels may have, where it is not the rectangle alone."""
_PICTURE_WORDS = ("id", "time_s", "background", "attributes", "camera")


def read_labelme(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a folder of Labelme files. InputError for anything missing or wrong, naming file, shape and field."""
    files = {path: _document(path) for path in _label_files(source)}
    image_paths = {path: _image_path(path, document, source, options) for path, document in files.items()}
    names = {path: _name(image, path, source, options) for path, image in image_paths.items()}
    missing = _unlabelled(source, image_paths, options)
    wanted = set(kept([*names.values(), *missing], options.exclude, str(source)))
    unlabelled = len(wanted & set(missing))
    if unlabelled and not options.allow_unlabelled:
        raise InputError(
            f"{options.images or source}: {min(wanted & set(missing))} has no label file ({unlabelled} pictures have none); "
            "save it in Labelme also where nobody is there, or pass --allow-unlabelled to leave such pictures out"
        )
    chosen = [path for path in files if names[path] in wanted]
    label = _person_label([files[path] for path in chosen], source, options)
    # Files that plafond wrote know the times that there are; names tell none beyond.
    own_files = options.frames_per_second is None and all(files[path].get("plafond") for path in chosen)
    times = times_of_names([names[path] for path in chosen], options.frames_per_second)
    times = [None] * len(chosen) if own_files else times
    pictures: list[Picture] = []
    cameras: dict[str, Camera] = {}
    others, ids = 0, _ids([files[path] for path in chosen])
    sizes = picture_sizes([image_paths[path] for path in chosen], "pictures")
    for number, (path, size) in enumerate(zip(chosen, sizes, strict=True)):
        own = files[path].get("plafond") or {}
        stated = {key: own[key] for key in _PICTURE_WORDS if own.get(key) is not None}
        values = {"time_s": times[number], **stated, "id": ids[number]}
        picture, left_out = _picture(files[path], names[path], values, size, label, path)
        cameras |= _cameras(own, picture, path)
        pictures.append(picture)
        others += left_out
    refuse_repeated_names(pictures, str(source))
    notes = [f"{others} shapes with other labels were left out"] if others else []
    notes += [f"{unlabelled} pictures without a label file were left out"] if unlabelled else []
    if not own_files and not any((files[path].get("plafond") or {}).get("time_s") is not None for path in chosen):
        notes += time_note(times, options.frames_per_second)
    config: dict[str, Any] = {"format": "labelme", "source": source.resolve().name, "exclude": sorted(options.exclude)}
    config |= {"person_class": options.person_class, "frames_per_second": options.frames_per_second}
    name = options.name or source.resolve().name
    info = DatasetInfo(name=name, kind=options.kind, config=config, cameras=cameras)
    return LabelledPictures.of_images(info, pictures, [image_paths[path] for path in chosen], notes)


def write_labelme(labelled: LabelledPictures, out: Path) -> None:
    """Write each picture and its JSON side by side into the empty folder out, as Labelme opens them."""
    for picture, path in zip(
        tqdm(labelled.pictures, desc="write labelme", leave=False), labelled.image_paths, strict=True
    ):
        copy_whole(path, out / picture.file_name)
        shapes = [shape for person in picture.people for shape in _shapes(picture, person)]
        shapes += [_shape(IGNORE_LABEL, polygon, "polygon") for polygon in picture.ignore_areas]
        own = picture.model_dump(mode="json", include=set(_PICTURE_WORDS))
        if picture.camera is not None:
            own["cameras"] = {picture.camera: labelled.info.cameras[picture.camera].model_dump(mode="json")}
        document: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": PurePosixPath(picture.file_name).name,
        }
        document |= {"imageData": None, "imageHeight": picture.height, "imageWidth": picture.width, "plafond": own}
        write_json(out / f"{picture.stem}.json", document, indent=2)


def _shape(label: str, points: Any, shape_type: str, group: int | None = None, **more: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "label": label,
        "points": np.asarray(points, float).tolist(),
        "group_id": group,
        "description": "",
    }
    return {**shape, "shape_type": shape_type, "flags": {}, "mask": None, **more}


def _shapes(picture: Picture, person: Person) -> Iterator[dict[str, Any]]:
    """The shapes of one person; the first is its box and carries what is not drawn."""
    group = person.instance_id
    flags = {name: True for name in ("truncated", "hidden") if getattr(person, name)}
    own = in_words(person) | (
        {"instance_id": group} if person.keypoints is None else {"instance_id": group, "pose": True}
    )
    for label, field in SHAPE_FIELDS.items():
        box = getattr(person, field)
        if box is not None and field in ("rotated_bbox", "radius_bbox"):
            name = "person" if field == "rotated_bbox" else label
            yield _shape(name, rotated_box_corners([box])[0], "oriented_rectangle", group)
        elif box is not None:
            corners = [box[:2], (box[0] + box[2], box[1] + box[3])]
            more = {"flags": flags, "plafond": own} if field == "bbox" else {}
            yield _shape(label, corners, "rectangle", group, **more)
    if person.segmentation_rle is not None:
        yield from _mask_shapes(person.mask(picture.width, picture.height), group)
    if person.head_point is not None:
        yield _shape("head", [person.head_point], "point", group)
    for name, (x, y, visibility) in zip(KEYPOINTS, person.keypoints or (), strict=False):
        if visibility:
            yield _shape(name, [(x, y)], "point", group, flags={"occluded": True} if visibility == 1 else {})


def _mask_shapes(mask: np.ndarray, group: int) -> Iterator[dict[str, Any]]:
    """Polygons where they say the mask exactly; otherwise (holes, single pixels, nothing) Labelme's own mask shape."""
    polygons = exact_polygons(mask)
    if polygons is not None:
        for polygon in polygons:
            yield _shape("person", polygon, "polygon", group)
        return
    x, y, w, h = (int(side) for side in mask_to_box(mask) or (0, 0, 1, 1))
    encoded = cv2.imencode(".png", mask[y : y + h, x : x + w].astype(np.uint8) * 255)[1]
    text = base64.b64encode(encoded.tobytes()).decode("ascii")
    yield _shape("person", [(x, y), (x + w - 1, y + h - 1)], "mask", group, mask=text)


def _label_files(source: Path) -> list[Path]:
    if not source.is_dir():
        raise InputError(f"{source}: no such folder; expected a folder of pictures with a Labelme JSON beside each")
    files = [source / name for name in pictures_below(source, (".json",))]
    if not files:
        raise InputError(f"{source}: no Labelme files (*.json); expected one beside each labelled picture")
    return files


def _document(path: Path) -> dict[str, Any]:
    document = read_json(path)
    shapes = document.get("shapes") if isinstance(document, dict) else None
    if not isinstance(shapes, list) or not isinstance(document.get("imagePath"), str):
        raise InputError(
            f'{path}: not a Labelme file: expected a list "shapes" and a text "imagePath"; move it elsewhere'
        )
    if not isinstance(document.get("plafond") or {}, dict):
        raise InputError(f"{path}: plafond is {document['plafond']!r:.60}: expected an object")
    for index, shape in enumerate(shapes):
        _refuse_bad_shape(shape, f"{path}: shapes[{index}]")
    return document


def _refuse_bad_shape(shape: Any, place: str) -> None:
    if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
        raise InputError(f"{place}: expected an object with a text label, found {shape!r:.80}")
    group = shape.get("group_id")
    if group is not None and (not isinstance(group, int) or isinstance(group, bool)):
        raise InputError(f"{place}.group_id is {group!r:.40}: expected a whole number or null")
    try:
        points = np.asarray(shape.get("points"), float)
    except (ValueError, TypeError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not points.size or not np.isfinite(points).all():
        raise InputError(f"{place}.points is {shape.get('points')!r:.60}: expected a list of [x, y] in px")


def _image_path(path: Path, document: dict[str, Any], source: Path, options: ReadOptions) -> Path:
    """Where a file's picture lies: beside it as imagePath says, or in --images under the same sub-folder or name."""
    stated = PureWindowsPath(document["imagePath"]).as_posix()
    candidates = [path.parent / stated]
    if options.images is not None:
        name = PurePosixPath(stated).name
        candidates = [options.images / path.parent.relative_to(source) / name, options.images / name]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    embedded = " (it is only inside the JSON, as imageData: export it)" if document.get("imageData") else ""
    raise InputError(
        f'{path}: imagePath is "{stated}": there is no {candidates[0]}{embedded}; name the folder of the pictures with --images'
    )


def _name(image: Path, path: Path, source: Path, options: ReadOptions) -> str:
    """The picture's name in the dataset: below the folder of the pictures, else where its label file lies."""
    root = (options.images or source).resolve()
    if image.resolve().is_relative_to(root):
        return image.resolve().relative_to(root).as_posix()
    return (path.parent.relative_to(source) / image.name).as_posix()


def _unlabelled(source: Path, image_paths: dict[Path, Path], options: ReadOptions) -> list[str]:
    """The pictures (below the folder of the pictures) that no label file names."""
    folder = options.images or source
    labelled = {path.resolve() for path in image_paths.values()}
    return [name for name in pictures_below(folder, SUFFIXES) if (folder / name).resolve() not in labelled]


def _person_label(documents: list[dict[str, Any]], source: Path, options: ReadOptions) -> str:
    """The label that means a person. Files without any person, head or keypoint need none."""
    found = {shape["label"] for document in documents for shape in document["shapes"]}
    wanted = (options.person_class or "person").lower()
    others = sorted(one for one in found if not _is_ours(one) or one.lower() == wanted)
    if not others and not options.person_class:
        return "person"
    return others[person_class(dict(enumerate(others)), options.person_class, str(source))]


def _ids(documents: list[dict[str, Any]]) -> list[int]:
    """Picture ids of the files where each has a different one; otherwise the order counts."""
    ids = [(document.get("plafond") or {}).get("id") for document in documents]
    own = all(isinstance(one, int) and one >= 0 for one in ids) and len(set(ids)) == len(ids)
    return [int(one or 0) for one in ids] if own else list(range(len(documents)))


def _is_ours(label: str) -> bool:
    return label.lower() in SHAPE_FIELDS or label.lower() == IGNORE_LABEL or keypoint_name(label) is not None


def _picture(
    document: dict[str, Any], name: str, values: dict[str, Any], size: tuple[int, int], label: str, path: Path
) -> tuple[Picture, int]:
    """One picture, and how many of its shapes have labels that mean nothing here."""
    stated = (document.get("imageWidth") or size[0], document.get("imageHeight") or size[1])
    if stated != size:
        raise InputError(
            f"{path}: imageWidth and imageHeight say {stated[0]} x {stated[1]} px, but the picture is {size[0]} x {size[1]}"
        )
    groups: dict[Any, PersonShapes] = {}
    areas: list[Any] = []
    others = 0
    for index, shape in enumerate(document["shapes"]):
        place = f"{path}: shapes[{index}]"
        role = "person" if shape["label"] == label else shape["label"].lower()
        if role == IGNORE_LABEL:
            areas += _areas(shape, size, place)
        elif role != "person" and not _is_ours(role):
            others += 1
        elif role == "person" and shape["label"] != label:
            others += 1  # Another class was named as the one that means a person.
        else:
            _add(_group(groups, shape, index, role, place), shape, role, size, place)
    people = drawn_people(groups, size)
    fields = {**values, "file_name": name, "width": size[0], "height": size[1], "ignore_areas": areas, "people": people}
    return validated(Picture, fields, str(path)), others


def _group(groups: dict[Any, PersonShapes], shape: dict[str, Any], index: int, role: str, place: str) -> PersonShapes:
    group = shape.get("group_id")
    if group is None and role not in ("person", "person_rotated"):
        raise InputError(
            f'{place}: "{shape["label"]}" without group_id: give it and its person\'s shape the same group_id in Labelme'
        )
    key = ("shape", index) if group is None else ("group", group)
    return groups.setdefault(key, PersonShapes(place))


def _add(person: PersonShapes, shape: dict[str, Any], role: str, size: tuple[int, int], place: str) -> None:
    """Add one shape to its person."""
    kind, points = shape.get("shape_type", "polygon"), np.asarray(shape["points"], float)
    flags = shape.get("flags") or {}
    if role in ("person", "person_rotated"):
        _add_words(person, shape, flags, place)
    if keypoint_name(role) is not None:
        _refuse_other_kind(kind, ("point",), place)
        x, y = points[0].tolist()
        person.put_keypoint(str(keypoint_name(role)), x, y, 1 if flags.get("occluded") else 2, place)
    elif role == "head" and kind == "point":
        person.values["head_point"] = points[0].tolist()
    elif role in ("person", "person_rotated", "person_radius") and kind in _ROTATED:
        field = "radius_bbox" if role == "person_radius" else "rotated_bbox"
        person.put_box(field, rotated_box_of_corners(points, place), place)
    elif role == "person" and kind in ("polygon", "mask"):
        person.masks.append(_mask(shape, size, place))
    else:
        _refuse_other_kind(kind, _KINDS.get(role, ("rectangle",)), place)
        low, high = points.min(axis=0), points.max(axis=0)
        person.put_box(SHAPE_FIELDS[role], clipped_box([*low, *(high - low)], *size, place), place)


def _add_words(person: PersonShapes, shape: dict[str, Any], flags: dict[str, Any], place: str) -> None:
    own = shape.get("plafond") or {}
    if not isinstance(own, dict) or not isinstance(flags, dict):
        raise InputError(f"{place}: flags and plafond must be objects, found {flags!r:.40} and {own!r:.40}")
    person.values |= {name: own[name] for name in (*WORD_FIELDS, "area", "instance_id") if name in own}
    person.values |= {name: True for name in ("truncated", "hidden") if flags.get(name)}
    if own.get("pose"):
        person.values["keypoints"] = [(0.0, 0.0, 0)] * len(KEYPOINTS)


def _refuse_other_kind(kind: str, expected: tuple[str, ...], place: str) -> None:
    if kind not in expected:
        raise InputError(f'{place}.shape_type is "{kind}": expected {" or ".join(expected)} for this label')


def _mask(shape: dict[str, Any], size: tuple[int, int], place: str) -> np.ndarray:
    """HW bool of a polygon, or of a mask shape: a PNG over the pixels from points[0] to points[1], both included."""
    if shape.get("shape_type", "polygon") == "polygon":
        try:
            return polygon_mask([shape["points"]], size)
        except ValueError as error:
            raise InputError(f"{place}.points: {error}") from None
    corners = np.asarray(shape["points"], float).astype(int)
    left, top, right, bottom = corners.ravel().tolist() if len(corners) == 2 else (0, 0, -1, -1)
    part = _png(shape.get("mask"))
    inside = 0 <= left <= right < size[0] and 0 <= top <= bottom < size[1]
    if part is None or not inside or part.shape != (bottom - top + 1, right - left + 1):
        raise InputError(f"{place}.mask: expected a grey PNG (base64) of the size that points give, inside the picture")
    mask = np.zeros((size[1], size[0]), bool)
    mask[top : bottom + 1, left : right + 1] = part > 0
    return mask


def _png(text: Any) -> np.ndarray | None:
    try:
        data = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    except (ValueError, TypeError):
        return None
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None


def _areas(shape: dict[str, Any], size: tuple[int, int], place: str) -> list[Any]:
    """An ignore area as polygons."""
    kind, points = shape.get("shape_type", "polygon"), np.asarray(shape["points"], float)
    if kind == "mask":
        return [outline.tolist() for outline in mask_outlines(_mask(shape, size, place))]
    _refuse_other_kind(kind, ("polygon", "rectangle", *_ROTATED), place)
    if kind == "rectangle":
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return [[(left, top), (right, top), (right, bottom), (left, bottom)]]
    return [points.tolist()]


def _cameras(own: dict[str, Any], picture: Picture, path: Path) -> dict[str, Camera]:
    """The camera that a file brings along; InputError if the picture names one that it does not."""
    cameras = own.get("cameras") or {}
    if picture.camera is not None and picture.camera not in cameras:
        raise InputError(f'{path}: plafond.camera is "{picture.camera}", which plafond.cameras does not hold')
    return {name: validated(Camera, camera, f"{path}: plafond.cameras.{name}") for name, camera in cameras.items()}
