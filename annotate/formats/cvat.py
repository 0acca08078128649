"""CVAT for images 1.1: annotations.xml and images/; group_id ties the shapes of one person together.

    box "person"          box of the visible person              box "head"                   box of the head
    mask "person"         its pixels (polygons are read too)     points "head_point"          centre of the head
    box "person_rotated"  rotated box (attribute rotation)       skeleton "person_keypoints"  keypoints
    box "person_radius"   radius-aligned box                     polygon "ignore"             ignore area
    box "person_whole"    box of the whole person                tag "picture"                what is known of the picture

A box's rotation turns it clockwise about its centre, which is this project's angle (annotate.boxes). What CVAT has no
shape for stands in attributes. Files drawn by hand may have any part of this: only boxes, rotated or not, or only
polygons or masks, without groups; then every "person" is one of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from tqdm import tqdm

from annotate.dataset_model import DatasetInfo, Picture, inner_path, refuse_repeated_names
from annotate.dataset_writer import copy_whole, file_sha256
from annotate.errors import InputError
from annotate.files import write_bytes
from annotate.formats.cvat_document import (
    LABEL_TYPES,
    PERSON_WORDS,
    PICTURE_WORDS,
    SHAPE_TAGS,
    TEXTS,
    Element,
    add_attributes,
    meta_element,
    parsed,
    person_elements,
    points_text,
    shape_element,
)
from annotate.formats.labelled import (
    LABEL_KINDS,
    LabelledPictures,
    ReadOptions,
    clipped_box,
    kept,
    person_class,
    picture_sizes,
    time_note,
    times_of_names,
)
from annotate.formats.shapes import (
    IGNORE_LABEL,
    SHAPE_FIELDS,
    PersonShapes,
    alternating_runs,
    drawn_people,
    keypoint_name,
    polygon_mask,
    upright_box_inside,
)
from annotate.outlines import mask_outlines
from annotate.validation import first_repeated, validated

HOLDS: frozenset[str] = frozenset(LABEL_KINDS) - {"camera", "depth", "normals", "classes"}


def read_cvat(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read annotations.xml, or a folder with one. InputError for anything missing or wrong, naming element and field."""
    path = _annotation_file(source)
    root = parsed(path)
    elements = root.findall("image")
    places = [f"{path}: image[{index}]" for index in range(len(elements))]
    names = [_file_name(element, place) for element, place in zip(elements, places, strict=True)]
    wanted = set(kept(names, options.exclude, str(path)))
    chosen = [index for index, name in enumerate(names) if name in wanted]
    if not chosen:
        raise InputError(f"{path}: no <image> is left to convert")
    elements = [elements[index] for index in chosen]
    places, names = [places[index] for index in chosen], [names[index] for index in chosen]
    paths = [_image_path(path, element, name, options) for element, name in zip(elements, names, strict=True)]
    label = _person_label(elements, path, options)
    words = [_picture_words(element, place) for element, place in zip(elements, places, strict=True)]
    ids = _ids(words, elements)
    # Files that plafond wrote have an id of its own on every picture, and know the times that there are.
    own = options.frames_per_second is None and all("id" in one for one in words)
    times = times_of_names(names, options.frames_per_second)
    times = [None] * len(names) if own else times
    pictures, others = [], 0
    for number, (element, size) in enumerate(zip(elements, picture_sizes(paths, "pictures"), strict=True)):
        values = {"time_s": times[number], **words[number], "id": ids[number], "file_name": names[number]}
        picture, left_out = _picture(element, values, size, label, places[number])
        pictures.append(picture)
        others += left_out
    refuse_repeated_names(pictures, str(path))
    notes = [f"{others} shapes with other labels were left out"] if others else []
    if not own and not any("time_s" in one for one in words):
        notes += time_note(times, options.frames_per_second)
    config: dict[str, Any] = {"format": "cvat", "source": path.name, "annotations_sha256": file_sha256(path)}
    config |= {"exclude": sorted(options.exclude), "person_class": options.person_class}
    name = options.name or root.findtext("meta/task/name") or path.resolve().parent.name
    info = DatasetInfo(name=name, kind=options.kind, config=config)
    return LabelledPictures.of_images(info, pictures, paths, notes)


def write_cvat(labelled: LabelledPictures, out: Path) -> None:
    """Write annotations.xml and images/ into the empty folder out; pictures in the order of their names, as in CVAT."""
    root = Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    root.append(meta_element(labelled))
    rows = sorted(zip(labelled.pictures, labelled.image_paths, strict=True), key=lambda row: row[0].file_name)
    for number, (picture, path) in enumerate(tqdm(rows, desc="write cvat", leave=False)):
        copy_whole(path, out / "images" / picture.file_name)
        size = {"width": str(picture.width), "height": str(picture.height)}
        image = ElementTree.SubElement(root, "image", {"id": str(number), "name": picture.file_name, **size})
        for person in picture.people:
            image.extend(person_elements(picture, person))
        for polygon in picture.ignore_areas:
            image.append(shape_element("polygon", IGNORE_LABEL, points=points_text(polygon)))
        tag = ElementTree.SubElement(image, "tag", {"label": "picture", "source": "manual"})
        add_attributes(tag, picture.model_dump(mode="json", include=set(PICTURE_WORDS)))
    ElementTree.indent(root)
    write_bytes(out / "annotations.xml", ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n")


def _annotation_file(source: Path) -> Path:
    if source.is_file():
        return source
    if not source.is_dir():
        raise InputError(f"{source}: no such file; expected CVAT's annotations.xml or a folder that holds it")
    candidates = [source / "annotations.xml"]
    if not candidates[0].is_file():
        candidates = sorted(source.glob("*.xml"))
    if len(candidates) != 1:
        found = ", ".join(path.name for path in candidates[:6]) or "none"
        raise InputError(
            f"{source}: found {len(candidates)} XML files ({found}), expected CVAT's annotations.xml; name it"
        )
    return candidates[0]


def _file_name(element: Element, place: str) -> str:
    try:
        return inner_path(element.get("name") or "")
    except ValueError as error:
        raise InputError(f"{place}: name {error}") from None


def _image_path(path: Path, element: Element, name: str, options: ReadOptions) -> Path:
    """Where a picture lies; exports of whole projects sort them by subset."""
    folders = [options.images] if options.images is not None else [path.parent / "images", path.parent]
    candidates = [folder / part / name for folder in folders for part in ("", element.get("subset") or "")]
    return next((candidate for candidate in candidates if candidate.is_file()), candidates[0])


def _person_label(elements: list[Element], path: Path, options: ReadOptions) -> str:
    found = {shape.get("label") or "" for element in elements for shape in element if shape.tag in SHAPE_TAGS}
    wanted = (options.person_class or "person").lower()
    others = sorted(one for one in found if one.lower() not in LABEL_TYPES or one.lower() == wanted)
    if not others and not options.person_class:
        return "person"
    return others[person_class(dict(enumerate(others)), options.person_class, str(path))]


def _words(element: Element, names: tuple[str, ...], place: str) -> dict[str, Any]:
    """The attributes of those names; InputError where one is not the JSON that it should be."""
    values: dict[str, Any] = {}
    for attribute in element.findall("attribute"):
        name, text = attribute.get("name") or "", attribute.text or ""
        if name not in names or not text:
            continue
        try:
            values[name] = text if name in TEXTS else json.loads(text.lower() if text in ("True", "False") else text)
        except json.JSONDecodeError:
            raise InputError(
                f'{place}: attribute "{name}" is "{text:.60}": expected JSON (0.5, true, [1, 2] ...)'
            ) from None
    return values


def _picture_words(element: Element, place: str) -> dict[str, Any]:
    tags = [tag for tag in element.findall("tag") if tag.get("label") == "picture"]
    return _words(tags[0], PICTURE_WORDS, f"{place}: tag") if tags else {}


def _ids(words: list[dict[str, Any]], elements: list[Element]) -> list[int]:
    """plafond's own picture ids, or CVAT's, where each picture has a different one; otherwise the order counts."""
    for ids in ([own.get("id") for own in words], [element.get("id", "") for element in elements]):
        numbers = [int(str(one)) if str(one).isdecimal() else -1 for one in ids]
        if min(numbers) >= 0 and first_repeated(numbers) is None:
            return numbers
    return list(range(len(elements)))


def _picture(
    element: Element, values: dict[str, Any], size: tuple[int, int], label: str, place: str
) -> tuple[Picture, int]:
    """One picture, and how many of its shapes have labels that mean nothing here."""
    stated = (element.get("width", str(size[0])), element.get("height", str(size[1])))
    if stated != (str(size[0]), str(size[1])):
        raise InputError(
            f"{place}: says {stated[0]} x {stated[1]} px, but {values['file_name']} is {size[0]} x {size[1]}"
        )
    groups: dict[Any, PersonShapes] = {}
    areas: list[Any] = []
    others = 0
    for index, shape in enumerate(element):
        where, name = f"{place}: {shape.tag}[{index}]", shape.get("label") or ""
        role = "person" if name == label else name.lower()
        if shape.tag == "tag":
            continue
        if shape.tag not in SHAPE_TAGS or role not in LABEL_TYPES or (role == "person" and name != label):
            others += 1
        elif role == IGNORE_LABEL:
            areas += _areas(shape, size, where)
        else:
            _add(_group(groups, shape, index, role, where), shape, role, size, where)
    fields = {
        **values,
        "width": size[0],
        "height": size[1],
        "ignore_areas": areas,
        "people": drawn_people(groups, size),
    }
    return validated(Picture, fields, place), others


def _group(groups: dict[Any, PersonShapes], shape: Element, index: int, role: str, place: str) -> PersonShapes:
    group = shape.get("group_id") or "0"  # CVAT's 0 means no group.
    if group == "0" and role not in ("person", "person_rotated"):
        raise InputError(
            f'{place}: "{shape.get("label")}" without group_id: group it with the shape of its person in CVAT'
        )
    key = ("shape", str(index)) if group == "0" else ("group", group)
    return groups.setdefault(key, PersonShapes(place))


def _add(person: PersonShapes, shape: Element, role: str, size: tuple[int, int], place: str) -> None:
    """Add one shape to its person."""
    person.values |= _words(shape, PERSON_WORDS, place) if role in ("person", "person_rotated") else {}
    if shape.tag == "skeleton" and role in ("person", "person_keypoints"):
        _add_skeleton(person, shape, place)
    elif shape.tag == "points" and role == "head_point":
        person.values["head_point"] = _points(shape, place)[0].tolist()
    elif shape.tag in ("polygon", "mask") and role == "person":
        person.masks.append(_mask(shape, size, place))
    elif shape.tag == "box" and role in SHAPE_FIELDS:
        _add_box(person, shape, SHAPE_FIELDS[role], size, place)
    else:
        raise InputError(f'{place}: <{shape.tag}> is not read with the label "{shape.get("label")}"; expected '
                         f"{'box, polygon, mask or skeleton' if role == 'person' else LABEL_TYPES[role]}")  # fmt: skip


def _add_box(person: PersonShapes, shape: Element, field: str, size: tuple[int, int], place: str) -> None:
    left, top, right, bottom = (_number(shape, name, place) for name in ("xtl", "ytl", "xbr", "ybr"))
    degrees = _number(shape, "rotation", place) if "rotation" in shape.attrib else 0.0
    if field in ("rotated_bbox", "radius_bbox") or (field == "bbox" and degrees):
        if right <= left or bottom <= top:
            raise InputError(f"{place}: box {left:g}, {top:g} to {right:g}, {bottom:g} px has no extent")
        box = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, (degrees + 180.0) % 360.0 - 180.0]
        upright_box_inside(box, size, place)
        person.put_box("rotated_bbox" if field == "bbox" else field, box, place)
        return
    if degrees:
        raise InputError(
            f'{place}: a turned box is not read with the label "{shape.get("label")}"; draw an upright one'
        )
    person.put_box(field, clipped_box([left, top, right - left, bottom - top], *size, place), place)


def _add_skeleton(person: PersonShapes, shape: Element, place: str) -> None:
    for index, node in enumerate(shape.findall("points")):
        where, name = f"{place}: points[{index}]", keypoint_name(node.get("label") or "")
        if name is None:
            continue
        x, y = _points(node, where)[0].tolist()
        visibility = 0 if node.get("outside") == "1" else 1 if node.get("occluded") == "1" else 2
        person.put_keypoint(name, x, y, visibility, where)


def _number(shape: Element, name: str, place: str) -> float:
    try:
        value = float(shape.get(name, ""))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f'{place}: {name} is "{shape.get(name, "")}": expected a number')
    return value


def _points(shape: Element, place: str) -> np.ndarray:
    """(n, 2) px of the attribute points, x0,y0;x1,y1 ..."""
    text = shape.get("points") or ""
    try:
        points = np.array([[float(part) for part in pair.split(",")] for pair in text.split(";")])
    except ValueError:
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise InputError(f'{place}: points is "{text:.60}": expected x0,y0;x1,y1 ... in px')
    return points


def _mask(shape: Element, size: tuple[int, int], place: str) -> np.ndarray:
    """HW bool of a polygon or a mask."""
    try:
        if shape.tag == "polygon":
            return polygon_mask([_points(shape, place)], size)
        left, top, width, height = (int(_number(shape, name, place)) for name in ("left", "top", "width", "height"))
        if left < 0 or top < 0 or width < 1 or height < 1 or left + width > size[0] or top + height > size[1]:
            raise ValueError(
                f"{width} x {height} px at {left}, {top} reach outside the picture of {size[0]} x {size[1]}"
            )
        runs = [int(run) for run in (shape.get("rle") or "").split(",")]
        mask = np.zeros((size[1], size[0]), bool)
        mask[top : top + height, left : left + width] = alternating_runs(runs, width * height).reshape(height, width)
        return mask
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None


def _areas(shape: Element, size: tuple[int, int], place: str) -> list[Any]:
    """An ignore area as polygons."""
    if shape.tag == "polygon":
        return [_points(shape, place).tolist()]
    if shape.tag == "mask":
        return [outline.tolist() for outline in mask_outlines(_mask(shape, size, place))]
    if shape.tag == "box" and ("rotation" not in shape.attrib or not _number(shape, "rotation", place)):
        left, top, right, bottom = (_number(shape, name, place) for name in ("xtl", "ytl", "xbr", "ybr"))
        return [[(left, top), (right, top), (right, bottom), (left, bottom)]]
    raise InputError(
        f'{place}: <{shape.tag}> is not read with the label "ignore"; expected polygon, mask or an upright box'
    )
