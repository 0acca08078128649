r"""Boxes around people: upright, rotated, from masks; overlaps between them.

Upright boxes are [x, y, w, h] in px, x right and y down, and mean edges, not pixel centres: a box that covers the pixel
columns 3, 4 and 5 has x = 3 and w = 3. All functions take (n, 4) arrays, or one box where they say so.

Rotated boxes keep CEPDOF's convention, everywhere in this project: [cx, cy, w, h, degrees] with h >= w, degrees counted
clockwise, as one sees the picture, from the picture's vertical to the box's h axis; two angles 180 apart are the same
box. Canonical angles lie in [-90, 90).

    degrees = 0     degrees = 40     degrees = -90
      1---2
      |   |              1
      |   |  h          / \             2-----------3     Corners are given in this order: 1 is the
      | c |            /   2          w |     c     |     upper left one of the box before it is
      |   |           / c /             1-----------4     turned, the others follow clockwise.
      |   |          4   /                    h
      4---3           \ /
        w              3
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from annotate.lens import Array, as_rows


def xyxy_from_xywh(boxes: ArrayLike) -> Array:
    """[x, y, w, h] to [left, top, right, bottom], (n, 4)."""
    rows = as_rows(boxes, 4, "boxes")
    return np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:]])


def xywh_from_xyxy(boxes: ArrayLike) -> Array:
    """[left, top, right, bottom] to [x, y, w, h], (n, 4)."""
    rows = as_rows(boxes, 4, "boxes")
    return np.hstack([rows[:, :2], rows[:, 2:] - rows[:, :2]])


def cxcywh_from_xywh(boxes: ArrayLike) -> Array:
    """[x, y, w, h] to [centre x, centre y, w, h], (n, 4)."""
    rows = as_rows(boxes, 4, "boxes")
    return np.hstack([rows[:, :2] + rows[:, 2:] / 2, rows[:, 2:]])


def xywh_from_cxcywh(boxes: ArrayLike) -> Array:
    """[centre x, centre y, w, h] to [x, y, w, h], (n, 4)."""
    rows = as_rows(boxes, 4, "boxes")
    return np.hstack([rows[:, :2] - rows[:, 2:] / 2, rows[:, 2:]])


def box_corners(box: ArrayLike) -> Array:
    """(4, 2) corners of one [x, y, w, h] box: upper left, then clockwise."""
    x, y, w, h = np.asarray(box, float)
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def clip_boxes(boxes: ArrayLike, width_px: float, height_px: float) -> Array:
    """The parts of [x, y, w, h] boxes (n, 4) inside the picture; w or h is 0 for a box that lies outside."""
    edges = xyxy_from_xywh(boxes)
    edges[:, [0, 2]] = np.clip(edges[:, [0, 2]], 0, width_px)
    edges[:, [1, 3]] = np.clip(edges[:, [1, 3]], 0, height_px)
    return xywh_from_xyxy(edges)


def intersection_matrix(a: ArrayLike, b: ArrayLike) -> Array:
    """Areas (n, m) in px^2 that boxes a (n, 4) and b (m, 4), both [x, y, w, h], share."""
    first, second = xyxy_from_xywh(a)[:, None], xyxy_from_xywh(b)[None]
    shared = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    return np.asarray(np.prod(np.maximum(shared, 0), axis=-1))


def iou_matrix(a: ArrayLike, b: ArrayLike) -> Array:
    """Intersection over union (n, m) of boxes a (n, 4) and b (m, 4), both [x, y, w, h]; 0 where both have no area."""
    shared = intersection_matrix(a, b)
    area_a, area_b = (np.prod(np.maximum(as_rows(boxes, 4, "boxes")[:, 2:], 0), axis=1) for boxes in (a, b))
    union = area_a[:, None] + area_b[None] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def mask_to_box(mask: NDArray[np.generic]) -> list[float] | None:
    """The tight [x, y, w, h] box around the true pixels of a mask (h x w); None if there are none."""
    rows, columns = np.flatnonzero(np.any(mask, axis=1)), np.flatnonzero(np.any(mask, axis=0))
    if not rows.size:
        return None
    x, y = float(columns[0]), float(rows[0])
    return [x, y, float(columns[-1]) + 1 - x, float(rows[-1]) + 1 - y]


def instance_boxes(instance_mask: NDArray[np.integer]) -> dict[int, list[float]]:
    """The tight [x, y, w, h] box of every instance in a mask (h x w, 0 = nobody), by instance id, in one pass."""
    y, x = np.nonzero(instance_mask)
    if not x.size:
        return {}
    ids, which = np.unique(instance_mask[y, x], return_inverse=True)
    low, high = np.full((len(ids), 2), np.iinfo(np.int64).max), np.full((len(ids), 2), -1)
    px = np.stack([x, y], axis=1)
    np.minimum.at(low, which, px)
    np.maximum.at(high, which, px)
    boxes = np.hstack([low, high + 1 - low]).astype(float)
    return {int(instance): box.tolist() for instance, box in zip(ids, boxes, strict=True)}


def rotated_box_corners(boxes: ArrayLike) -> Array:
    """Corners (n, 4, 2) in px of rotated boxes (n, 5), in the order drawn at the top of this module."""
    rows = as_rows(boxes, 5, "boxes")
    angle = np.radians(rows[:, 4])
    along_w = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rows[:, 2:3] / 2
    along_h = np.stack([np.sin(angle), -np.cos(angle)], axis=1) * rows[:, 3:4] / 2
    centre = rows[:, :2]
    offsets = [along_h - along_w, along_h + along_w, along_w - along_h, -along_w - along_h]
    return np.stack([centre + offset for offset in offsets], axis=1)


def canonical_rotated_boxes(boxes: ArrayLike) -> Array:
    """The same rotated boxes (n, 5) written with h >= w and degrees in [-90, 90)."""
    rows = as_rows(boxes, 5, "boxes").copy()
    lying = rows[:, 2] > rows[:, 3]
    rows[lying, 2:4] = rows[lying, 3:1:-1]
    rows[lying, 4] += 90
    rows[:, 4] = (rows[:, 4] + 90) % 180 - 90
    return rows


def upright_box_of(corners_px: ArrayLike) -> list[float]:
    """The tight [x, y, w, h] box around points (n, 2) px."""
    points = as_rows(corners_px, 2, "corners_px")
    low, high = points.min(axis=0), points.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()]


def pixel_outline(rows: ArrayLike, columns: ArrayLike) -> Array:
    """Corners (k, 2) px of the first and the last pixel of each row: the hull of all pixels' squares is theirs."""
    row, column = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
    top, count = int(row.min()), int(np.ptp(row)) + 1
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(first, row - top, column)
    np.maximum.at(last, row - top, column)
    there = np.flatnonzero(last >= 0)
    y, left, right = there + top, first[there], last[there] + 1
    return np.concatenate([np.stack([x, level], 1) for x in (left, right) for level in (y, y + 1)]).astype(float)


def rotated_box_around(points_px: ArrayLike, degrees: float) -> list[float]:
    """The tight [cx, cy, w, h, degrees] around points (n, 2) whose h axis runs at this angle; w > h is possible."""
    points = as_rows(points_px, 2, "points_px")
    angle = np.radians(degrees)
    axes = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    along = points @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    centre = (low + high) / 2 @ axes
    return [*centre.tolist(), *(high - low).tolist(), (degrees + 90) % 180 - 90]


def least_rotated_box(points_px: ArrayLike) -> list[float]:
    """The canonical rotated box of least area around points (n, 2) px."""
    corners = as_rows(points_px, 2, "points_px")
    # OpenCV's angle runs clockwise from the picture's horizontal to the first side; it counts in single precision.
    degrees = cv2.minAreaRect((corners - corners[0]).astype(np.float32))[2]
    box: list[float] = canonical_rotated_boxes([rotated_box_around(corners, degrees)])[0].tolist()
    return box


def radius_box(points_px: ArrayLike, nadir_px: ArrayLike) -> list[float]:
    """The tight [cx, cy, w, h, degrees] around points (n, 2) px whose h axis lies on the line from the nadir to (cx, cy).

    Such a line has the points as far to its left as to its right, which depends on its direction and makes the box's
    centre lie on it: it is found by bisection between the two directions at right angles to that of the points' middle.
    w > h is possible (LOAF's radius-aligned boxes); degrees lie in [-90, 90).
    """
    offsets = as_rows(points_px, 2, "points_px") - np.asarray(nadir_px, float)
    middle = (offsets.min(axis=0) + offsets.max(axis=0)) / 2
    start = np.arctan2(middle[0], -middle[1])

    def lopsided(turn: float) -> float:
        aside = offsets @ [np.cos(start + turn), np.sin(start + turn)]
        return float(aside.max() + aside.min())

    # Turning by 180 degrees exchanges left and right: so the sign changes in between.
    turn = brentq(lopsided, -np.pi / 2, np.pi / 2, xtol=1e-12) if np.any(offsets) else 0.0
    return rotated_box_around(points_px, float(np.degrees(start + turn)))
