"""The labels of pictures as the view page reads them: short JSON, in px of the picture.

    picture   [ignore areas, people]; an area is a flat list x, y, x, y ...
    person    i number in the mask, b upright box, r and q corners of the rotated and the radius-aligned box, w whole box,
              h head box, c head point, k keypoints (x, y, visibility in turn), m outlines of the mask, x 1 if hidden,
              t lines of text about the person, [name, value] each

Keys of what is not known are left out. Rotated boxes are written as corners, so that the page needs no convention of
angles (annotate.boxes).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from annotate.boxes import rotated_box_corners
from annotate.camera import Camera
from annotate.dataset_model import Person, Picture
from annotate.outlines import mask_outlines

_OUTLINE_TOLERANCE_PX = 0.75
_SHOWN_ATTRIBUTES = 8
"""Further attributes of a person that the page lists; datasets of others may hold hundreds."""


def picture_labels(picture: Picture, camera: Camera | None = None) -> list[Any]:
    """[ignore areas, people] of a picture. camera: tells distances from the point straight below it."""
    nadir = (picture.width / 2, picture.height / 2) if camera is None else camera.nadir_px()
    areas = [flat(area) for area in picture.ignore_areas]
    return [areas, [_person(picture, person, np.asarray(nadir)) for person in picture.people]]


def layers_of(picture: Picture) -> dict[str, int]:
    """How many labels of each layer a picture has."""
    shown, hidden = picture.shown_people, [person for person in picture.people if person.hidden]
    counts = {"ignore": len(picture.ignore_areas), "person": len(shown), "hidden": len(hidden)}
    for layer, field in _FIELDS.items():
        counts[layer] = sum(getattr(person, field) is not None for person in shown)
    return counts


_FIELDS = {
    "mask": "segmentation_rle", "rotated": "rotated_bbox", "radius": "radius_bbox", "whole": "whole_bbox",
    "head": "head_bbox", "point": "head_point", "keypoints": "keypoints",
}  # fmt: skip
"""Layers of the page and the field of a person that they show."""


def activity_of(person: Person) -> str | None:
    """What the person does, in a word: the pose's own activity, the activity, or the posture among the attributes."""
    pose = person.attributes.get("pose")
    said = [pose.get("activity")] if isinstance(pose, dict) else []
    said += [person.attributes.get(key) for key in ("activity", "posture")]
    return next((text for text in said if isinstance(text, str) and text), None)


def pose_of(person: Person) -> str | None:
    """The name of the person's pose, from the attribute "pose": a text or an object with a name."""
    pose = person.attributes.get("pose")
    name = pose.get("name") if isinstance(pose, dict) else pose
    return name if isinstance(name, str) and name else None


def flat(points_px: ArrayLike) -> list[float | int]:
    """Points (k, 2) as x, y, x, y ... to a tenth of a pixel, whole numbers without a fraction."""
    return [int(value) if value.is_integer() else value for value in np.round(np.ravel(points_px), 1).tolist()]


def _person(picture: Picture, person: Person, nadir_px: np.ndarray) -> dict[str, Any]:
    entry: dict[str, Any] = {"i": person.instance_id, "b": flat(person.bbox), "t": _facts(person, nadir_px)}
    for key, box in (("r", person.rotated_bbox), ("q", person.radius_bbox)):
        if box is not None:
            entry[key] = flat(rotated_box_corners([box])[0])
    for key, values in (("w", person.whole_bbox), ("h", person.head_bbox), ("c", person.head_point)):
        if values is not None:
            entry[key] = flat(values)
    if person.keypoints is not None:
        entry["k"] = flat(person.keypoints)
    if person.segmentation_rle is not None:
        outlines = mask_outlines(person.mask(picture.width, picture.height), _OUTLINE_TOLERANCE_PX)
        entry["m"] = [flat(outline) for outline in outlines]
    if person.hidden:
        entry["x"] = 1
    return entry


def _facts(person: Person, nadir_px: np.ndarray) -> list[list[str]]:
    facts = {
        "size": f"{person.bbox[2]:.0f} × {person.bbox[3]:.0f} px",
        "visible": None if person.visible_fraction is None else f"{100 * person.visible_fraction:.0f} %",
        "from below the camera": _distance(person, nadir_px),
        "activity": activity_of(person),
        "pose": pose_of(person),
        "keypoints seen": _seen_keypoints(person),
        "border": "cut" if person.truncated else None,
        "hidden": "not counted" if person.hidden else None,
        "label from": person.provenance,
        **_further_attributes(person),
    }
    return [[key, value] for key, value in facts.items() if value is not None]


def _distance(person: Person, nadir_px: np.ndarray) -> str:
    x, y, w, h = person.bbox
    distance_px = math.hypot(x + w / 2 - nadir_px[0], y + h / 2 - nadir_px[1])
    metres = "" if person.foot_m is None else f"{math.hypot(*person.foot_m):.1f} m, "
    return f"{metres}{distance_px:.0f} px"


def _seen_keypoints(person: Person) -> str | None:
    if person.keypoints is None:
        return None
    return f"{sum(point[2] == 2 for point in person.keypoints)} of {len(person.keypoints)}"


def _further_attributes(person: Person) -> dict[str, str]:
    """The attributes that are plain values and not shown already."""
    plain = {key: value for key, value in person.attributes.items() if isinstance(value, str | int | float)}
    shown = [(key, value) for key, value in plain.items() if key not in ("activity", "pose")]
    return {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in shown[:_SHOWN_ATTRIBUTES]}
