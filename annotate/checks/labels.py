"""Labels against each other, the picture's frame and the camera; no pixel is read.

Labels that a computer made (provenance "geometry") are held to a pixel, those of people to what a hand can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from shapely import Polygon
from shapely import box as rectangle

from annotate.boxes import clip_boxes, iou_matrix, rotated_box_corners, upright_box_of
from annotate.camera import Camera
from annotate.checks.faults import Fault
from annotate.checks.subject import Subject
from annotate.dataset_model import Person, RotatedBox
from annotate.keypoints import KEYPOINTS

EXACT_PX = 1.0
"""Slack of labels from geometry."""
HAND_PX, HAND_SHARE = 3.0, 0.1
"""Slack of all others: so many px, or this share of the box's longer side if that is more."""
HEAD_SHARE = 0.3
"""A head drawn by hand may leave the person's box by this share of the head: hair and hats are not agreed upon."""
ROTATED_IOU = 0.1
"""Least overlap, for boxes drawn by hand, of the upright box with the one around the rotated box."""
POINT_PX = 2.0
"""Slack between head_point and the projection of head_m."""
NEAR_SHARE, NEAR_VISIBLE_SHARE, NEAR_PX = 0.5, 2.0, 5.0
"""How far a position may project outside the whole person's box, or the visible person's, in its longer sides."""
WHOLE_AREA_SLACK = 1.05


def slack_px(person: Person) -> float:
    """How far the labels of this person may be off."""
    return EXACT_PX if is_exact(person) else max(HAND_PX, HAND_SHARE * max(person.bbox[2:]))


def is_exact(person: Person) -> bool:
    return person.provenance == "geometry"


def box_faults(subject: Subject) -> Iterator[Fault]:
    """Boxes that leave the picture."""
    width, height = subject.size
    for person in subject.picture.people:
        for name in ("bbox", "head_bbox", "whole_bbox"):
            box = getattr(person, name)
            if box is None:
                continue
            x, y, w, h = box
            beyond = max(-x, -y, x + w - width, y + h - height)
            if beyond > slack_px(person):
                found = f"{list(box)}, {beyond:.1f} px outside"
                yield subject.fault("box_outside", name, found, f"a box in the picture of {subject.size_text}", person)


def head_faults(subject: Subject) -> Iterator[Fault]:
    """Head boxes that leave their person's box."""
    for person in subject.picture.people:
        if person.head_bbox is None:
            continue
        beyond = _beyond(person.head_bbox, person.bbox)
        if beyond > (EXACT_PX if is_exact(person) else max(HAND_PX, HEAD_SHARE * max(person.head_bbox[2:]))):
            found = f"{list(person.head_bbox)}, {beyond:.1f} px outside"
            yield subject.fault("head_outside", "head_bbox", found, f"a box inside bbox {list(person.bbox)}", person)


def rotated_faults(subject: Subject) -> Iterator[Fault]:
    """Rotated boxes off their convention, or far from the upright box."""
    for person in subject.picture.people:
        rotated = person.rotated_bbox
        if rotated is not None and not (rotated[3] >= rotated[2] > 0 and -90 <= rotated[4] < 90):
            expected = "[cx, cy, w, h, degrees] with h >= w > 0 and degrees in [-90, 90)"
            yield subject.fault("rotated_box", "rotated_bbox", str(list(rotated)), expected, person)
        elif rotated is not None:
            yield from _far_from_upright(subject, person, "rotated_bbox", rotated)
        if person.radius_bbox is not None and min(person.radius_bbox[2:4]) <= 0:
            expected = "[cx, cy, w, h, degrees] with w and h above 0"
            yield subject.fault("rotated_box", "radius_bbox", str(list(person.radius_bbox)), expected, person)
        elif person.radius_bbox is not None:
            yield from _far_from_upright(subject, person, "radius_bbox", person.radius_bbox)


def keypoint_faults(subject: Subject) -> Iterator[Fault]:
    """Keypoints that are in the picture by their visibility but not by their place, or the other way round."""
    for person in subject.picture.people:
        for index, (x, y, visibility) in enumerate(person.keypoints or ()):
            outside = max(-x, -y, x - subject.picture.width, y - subject.picture.height) > slack_px(person)
            if visibility > 0 and outside:
                expected = f"a place in the picture of {subject.size_text}, or 0, 0, 0"
            elif visibility == 0 and (x or y):
                expected = "0, 0, 0 for a keypoint that is not in the picture"
            else:
                continue
            found = f"{KEYPOINTS[index]} at {x:g}, {y:g} with visibility {visibility}"
            yield subject.fault("keypoints", f"keypoints[{index}]", found, expected, person)


def visibility_faults(subject: Subject) -> Iterator[Fault]:
    """visible_fraction, area and the box of the whole person against each other."""
    for person in subject.picture.people:
        whole, fraction = person.whole_bbox, person.visible_fraction
        if whole is not None and _beyond(person.bbox, whole) > slack_px(person):
            found, expected = f"{list(whole)}", f"a box that holds bbox {list(person.bbox)}"
            yield subject.fault("whole_box", "whole_bbox", found, expected, person)
        if fraction is None:
            continue
        counted = subject.picture.mask_file is not None or person.segmentation_rle is not None
        if counted and (person.area > 0) != (fraction > 0):
            expected = f"what the area of {person.area:g} px says"
            yield subject.fault("visible_fraction", "visible_fraction", f"{fraction:g}", expected, person)
        elif counted and whole is not None and fraction > 0:
            yield from _too_small_fraction(subject, person, fraction, whole)
        if is_exact(person) and whole is not None and fraction == 1 and _difference(whole, person.bbox) > 2 * EXACT_PX:
            expected = f"less than 1: whole_bbox {list(whole)} is not bbox {list(person.bbox)}"
            yield subject.fault("visible_fraction", "visible_fraction", "1", expected, person)


def camera_faults(subject: Subject) -> Iterator[Fault]:
    """Cameras that dataset.json does not have, and lenses of another size."""
    name, known = subject.picture.camera, subject.info.cameras
    if name is None or known is None or name in subject.info.broken_cameras:
        return
    if name not in known:
        yield subject.fault("camera", "camera", f'"{name}"', f"one of {', '.join(known) or 'none'} (dataset.json)")
        return
    lens = known[name].lens
    if (lens.width_px, lens.height_px) != subject.size:
        found = f'a lens of {lens.width_px} x {lens.height_px} px in camera "{name}"'
        yield subject.fault("lens", "camera", found, subject.size_text)


def ignore_faults(subject: Subject) -> Iterator[Fault]:
    """Ignore areas that cover nothing of the picture."""
    width, height = subject.size
    frame = rectangle(0, 0, float(width), float(height))
    for index, area in enumerate(subject.picture.ignore_areas):
        if Polygon(area).buffer(0).intersection(frame).area <= 0:
            expected = f"a polygon that covers part of the picture of {subject.size_text}"
            yield subject.fault("ignore_area", f"ignore_areas[{index}]", f"{area!r:.80}", expected)


def position_faults(subject: Subject) -> Iterator[Fault]:
    """Positions in metres that the camera does not see where the person is."""
    camera = subject.camera
    if camera is None:
        return
    for person in subject.picture.people:
        if person.head_m is not None:
            yield from _far_position(subject, camera, person, "head_m", person.head_m)
            yield from _head_place(subject, camera, person)
        if person.foot_m is not None:
            yield from _far_position(subject, camera, person, "foot_m", (*person.foot_m, 0.0))


LABEL_CHECKS: tuple[Callable[[Subject], Iterator[Fault]], ...] = (
    box_faults, head_faults, rotated_faults, keypoint_faults, visibility_faults, camera_faults, ignore_faults,
    position_faults,
)  # fmt: skip


def _beyond(inner: tuple[float, ...], outer: tuple[float, ...]) -> float:
    """How far in px an [x, y, w, h] box reaches out of another; negative inside."""
    return max(
        outer[0] - inner[0],
        outer[1] - inner[1],
        inner[0] + inner[2] - outer[0] - outer[2],
        inner[1] + inner[3] - outer[1] - outer[3],
    )


def _difference(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """How far in px the edges of two boxes are apart."""
    return max(_beyond(a, b), _beyond(b, a))


def _far_from_upright(subject: Subject, person: Person, name: str, rotated: RotatedBox) -> Iterator[Fault]:
    """Exact boxes lie tightly around the same pixels: the one's outline holds the other, whose diagonal is no shorter."""
    around = upright_box_of(rotated_box_corners([rotated])[0])
    if is_exact(person):
        off = max(_beyond(person.bbox, tuple(around)), max(rotated[2:4]) - float(np.hypot(*person.bbox[2:])))
        wrong, how = off > EXACT_PX, f"{off:.1f} px off"
    else:
        overlap = float(iou_matrix(clip_boxes([around], *subject.size), [person.bbox])[0, 0])
        wrong, how = overlap < ROTATED_IOU, f"whose upright box has IoU {overlap:.2f} with bbox"
    if wrong:
        expected = f"a box around the person in bbox {list(person.bbox)}"
        yield subject.fault("rotated_box", name, f"{list(rotated)}, {how}", expected, person)


def _too_small_fraction(subject: Subject, person: Person, fraction: float, whole: tuple[float, ...]) -> Iterator[Fault]:
    room = whole[2] * whole[3]
    if person.area / fraction > WHOLE_AREA_SLACK * room + slack_px(person) * (whole[2] + whole[3]):
        least = min(1.0, person.area / room)
        expected = f"{least:.3f} or more: {person.area:g} px are visible and whole_bbox has {room:g}"
        yield subject.fault("visible_fraction", "visible_fraction", f"{fraction:g}", expected, person)


def _head_place(subject: Subject, camera: Camera, person: Person) -> Iterator[Fault]:
    if person.head_m is None or person.head_point is None:
        return
    px = camera.project_world([person.head_m])[0]
    off = float(np.linalg.norm(px - person.head_point))
    if off > max(POINT_PX, slack_px(person)):
        found = f"{list(person.head_point)}, {off:.1f} px from where head_m projects"
        expected = f"[{px[0]:.1f}, {px[1]:.1f}]"
        yield subject.fault("position", "head_point", found, expected, person)


def _far_position(
    subject: Subject, camera: Camera, person: Person, name: str, point_m: tuple[float, float, float]
) -> Iterator[Fault]:
    px = camera.project_world([point_m])[0]
    if not np.isfinite(px).all() or (person.truncated and not camera.lens.in_frame([px])[0]):
        return
    box, share = (person.bbox, NEAR_VISIBLE_SHARE) if person.whole_bbox is None else (person.whole_bbox, NEAR_SHARE)
    x, y, w, h = box
    away = float(np.hypot(max(x - px[0], 0, px[0] - x - w), max(y - px[1], 0, px[1] - y - h)))
    if away > share * max(w, h) + NEAR_PX:
        found = f"{list(point_m)}, which projects to [{px[0]:.0f}, {px[1]:.0f}] px, {away:.0f} px away"
        yield subject.fault("position", name, found, f"a place at the person in {list(box)}", person)
