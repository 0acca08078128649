"""annotations.xml of CVAT for images 1.1 as a document: parsed safely, and its elements as they are written.

What the labels mean is said in annotate.formats.cvat. XML is parsed with expat into an ElementTree, and a document type
is refused: without one there are no entities, so that a file can neither name other files nor grow while it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from annotate.boxes import mask_to_box
from annotate.dataset_model import Person, Picture
from annotate.errors import InputError
from annotate.formats.labelled import LabelledPictures
from annotate.formats.shapes import IGNORE_LABEL, SHAPE_FIELDS, WORD_FIELDS, in_words
from annotate.keypoints import KEYPOINTS, SKELETON_NUMBERS

Element = ElementTree.Element
SHAPE_TAGS = ("box", "polygon", "mask", "points", "skeleton")
LABEL_TYPES = {
    "person": "any", "person_rotated": "rectangle", "person_radius": "rectangle", "person_whole": "rectangle",
    "head": "rectangle", "head_point": "points", "person_keypoints": "skeleton", IGNORE_LABEL: "polygon", "picture": "tag",
}  # fmt: skip
PERSON_WORDS = ("instance_id", "truncated", "hidden", "area", *WORD_FIELDS)
PICTURE_WORDS = ("id", "time_s", "background", "attributes")
TEXTS = ("provenance", "background")
"""Attributes that are texts; the others are JSON."""


def parsed(path: Path) -> Element:
    """The root of a CVAT file for images; InputError for broken XML, a document type or another kind of file."""
    builder, parser = ElementTree.TreeBuilder(), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: builder.start(tag, attributes)
    parser.EndElementHandler = lambda tag: builder.end(tag)
    parser.CharacterDataHandler = builder.data

    def refuse_document_type(*_: Any) -> None:
        raise InputError(f"{path}: holds a document type (<!DOCTYPE), which CVAT never writes; remove it")

    parser.StartDoctypeDeclHandler = refuse_document_type
    try:
        parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise InputError(f"{path}: not valid XML ({error}); it may have been cut short") from None
    root = builder.close()
    if root.tag != "annotations":
        raise InputError(f"{path}: the root is <{root.tag}>, expected <annotations> of CVAT for images 1.1")
    if root.find("track") is not None:
        raise InputError(f'{path}: holds tracks (CVAT for video); export the task once more as "CVAT for images 1.1"')
    return root


def meta_element(labelled: LabelledPictures) -> Element:
    """The task and its labels, as CVAT describes them."""
    meta = Element("meta")
    task = ElementTree.SubElement(meta, "task")
    about = {"name": labelled.info.name, "size": str(len(labelled.pictures)), "mode": "annotation", "overlap": "0"}
    for key, text in (about | {"flipped": "False"}).items():
        ElementTree.SubElement(task, key).text = text
    labels = ElementTree.SubElement(task, "labels")
    words = {"person": PERSON_WORDS, "picture": PICTURE_WORDS}
    for name, kind in LABEL_TYPES.items():
        label = _label(labels, name, kind, words.get(name, ()))
        if kind == "skeleton":
            ElementTree.SubElement(label, "svg").text = _skeleton_svg()
    for name in KEYPOINTS:
        ElementTree.SubElement(_label(labels, name, "points", ()), "parent").text = "person_keypoints"
    return meta


def _label(labels: Element, name: str, kind: str, words: tuple[str, ...]) -> Element:
    label = ElementTree.SubElement(labels, "label")
    ElementTree.SubElement(label, "name").text = name
    ElementTree.SubElement(label, "type").text = kind
    attributes = ElementTree.SubElement(label, "attributes")
    for word in words:
        attribute = ElementTree.SubElement(attributes, "attribute")
        fields = {"name": word, "mutable": "False", "input_type": "text", "default_value": "", "values": ""}
        for key, text in fields.items():
            ElementTree.SubElement(attribute, key).text = text
    return label


def _skeleton_svg() -> str:
    """CVAT's template of the skeleton: where its nodes lie in a 100 x 100 drawing, and the limbs between them."""
    angles = np.arange(len(KEYPOINTS)) * 2 * np.pi / len(KEYPOINTS)
    nodes = np.round(50 + 40 * np.stack([np.sin(angles), -np.cos(angles)], axis=1), 1).tolist()
    lines = [
        f'<line x1="{nodes[a][0]}" y1="{nodes[a][1]}" x2="{nodes[b][0]}" y2="{nodes[b][1]}" data-type="edge" '
        f'data-node-from="{a + 1}" data-node-to="{b + 1}"></line>'
        for a, b in SKELETON_NUMBERS
    ]
    circles = [
        f'<circle r="0.75" cx="{x}" cy="{y}" data-type="element node" data-element-id="{number}" '
        f'data-node-id="{number}" data-label-name="{name}"></circle>'
        for number, (name, (x, y)) in enumerate(zip(KEYPOINTS, nodes, strict=True), start=1)
    ]
    return "".join(lines + circles)


def shape_element(tag: str, label: str, group: int | None = None, occluded: bool = False, **more: str) -> Element:
    """A shape with the attributes that all shapes have; more: those of its own."""
    values = {"label": label, "source": "manual", "occluded": str(int(occluded)), **more, "z_order": "0"}
    return Element(tag, values if group is None else {**values, "group_id": str(group)})


def person_elements(picture: Picture, person: Person) -> Iterator[Element]:
    """The shapes of one person; the first is its box and carries the attributes."""
    group = person.instance_id
    for label, field in SHAPE_FIELDS.items():
        box = getattr(person, field)
        if box is None:
            continue
        if len(box) == 5:
            cx, cy, w, h, degrees = box
            sides, turn = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), {"rotation": repr(degrees % 360.0)}
        else:
            sides, turn = (box[0], box[1], box[0] + box[2], box[1] + box[3]), {}
        edges = {name: repr(float(side)) for name, side in zip(("xtl", "ytl", "xbr", "ybr"), sides, strict=True)}
        occluded = field == "bbox" and person.visible_fraction is not None and person.visible_fraction < 1
        element = shape_element("box", label, group, occluded, **edges, **turn)
        if field == "bbox":
            flags = {name: getattr(person, name) for name in ("instance_id", "truncated", "hidden")}
            add_attributes(element, flags | in_words(person))
        yield element
    if person.segmentation_rle is not None:
        yield _mask_element(person.mask(picture.width, picture.height), group)
    if person.head_point is not None:
        yield shape_element("points", "head_point", group, points=points_text([person.head_point]))
    if person.keypoints is not None:
        skeleton = Element("skeleton", label="person_keypoints", source="manual", z_order="0", group_id=str(group))
        for name, (x, y, visibility) in zip(KEYPOINTS, person.keypoints, strict=True):
            state = {"outside": str(int(visibility == 0)), "occluded": str(int(visibility == 1))}
            attributes = {"label": name, "source": "manual", **state, "points": points_text([(x, y)])}
            ElementTree.SubElement(skeleton, "points", attributes)
        yield skeleton


def _mask_element(mask: np.ndarray, group: int) -> Element:
    """A mask as CVAT keeps it: run lengths row by row inside its box, beginning with a run of zeros."""
    x, y, w, h = (int(side) for side in mask_to_box(mask) or (0, 0, 1, 1))
    values = mask[y : y + h, x : x + w].ravel()
    edges = np.flatnonzero(np.diff(values)) + 1
    runs = np.diff([0, *edges, values.size]).tolist()
    rle = ", ".join(str(run) for run in ([0, *runs] if values[0] else runs))
    return shape_element("mask", "person", group, rle=rle, left=str(x), top=str(y), width=str(w), height=str(h))


def points_text(points: Any) -> str:
    """Points (n, 2) px as x0,y0;x1,y1 ..."""
    return ";".join(f"{float(x)!r},{float(y)!r}" for x, y in points)


def add_attributes(element: Element, values: dict[str, Any]) -> None:
    """Append an attribute for each value that says something, as JSON or, for TEXTS, as it is."""
    for name, value in values.items():
        if value is not None and value != {}:
            attribute = ElementTree.SubElement(element, "attribute", name=name)
            attribute.text = value if name in TEXTS else json.dumps(value, ensure_ascii=False)
