"""What a ceiling camera makes of one labelled picture: the same people turned about the nadir, flipped, moved, relit.

Seen straight from above no direction is special, so a picture turned about its nadir, or flipped, is as real as it was.
Boxes stay tight under any turn where the people's outlines are known (masks, or rotated boxes); elsewhere pictures are
turned by quarters, under which upright boxes stay exact. All moves are one affine map and one resampling.

Several pictures can make one (mosaic): each gives a quarter around the nadir, so that people still stand as far from
the nadir, as large and as upright, as a ceiling camera sees them; quarters of a plain mosaic would not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import cv2
import numpy as np
import shapely

from annotate.boxes import canonical_rotated_boxes, upright_box_of
from eval.config import Augmentation
from eval.data.samples import Sample

KEPT_SHARE = 0.4
"""A box of which less than this share stays in the picture is ignored: neither a person nor background."""


def draw_affine(
    nadir_px: np.ndarray, input_px: int, how: Augmentation, rng: np.random.Generator, freely: bool = False
) -> np.ndarray:
    """(2, 3) affine map of input px: a turn about the nadir, a flip through it, a scale, a shift.

    freely: by any angle, if `how` asks for it; otherwise by quarters.
    """
    quarter = int(rng.integers(4)) if how.turn != "none" else 0
    mirror = -1.0 if how.flip and rng.random() < 0.5 else 1.0
    scale = math.exp(rng.uniform(-1.0, 1.0) * math.log1p(how.scale))
    cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter]
    if how.turn == "any" and freely:
        angle = rng.uniform(0.0, 2 * math.pi)
        cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([mirror, 1.0]) * scale
    shift = rng.uniform(-how.shift, how.shift, size=2) * input_px
    return np.column_stack([turn, nadir_px + shift - turn @ nadir_px])


def move_points(points: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """(n, 2) points through a (2, 3) affine map."""
    return points @ affine[:, :2].T + affine[:, 2]


def move_boxes(boxes: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """(n, 4) upright [x, y, w, h] boxes around the moved boxes; exact for turns by quarters, too large in between."""
    if not len(boxes):
        return boxes.reshape(0, 4)
    half = boxes[:, 2:] / 2 @ np.abs(affine[:, :2]).T
    return np.hstack([move_points(boxes[:, :2] + boxes[:, 2:] / 2, affine) - half, 2 * half])


def move_rotated(boxes: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """(n, 5) rotated boxes through a map that turns, mirrors, scales alike in all directions, and shifts."""
    if not len(boxes):
        return boxes.reshape(0, 5)
    angle = np.radians(boxes[:, 4])
    axis = np.stack([np.sin(angle), -np.cos(angle)], axis=1) @ affine[:, :2].T
    scale = math.sqrt(abs(float(np.linalg.det(affine[:, :2]))))
    degrees = np.degrees(np.arctan2(axis[:, 0], -axis[:, 1]))
    moved = np.column_stack([move_points(boxes[:, :2], affine), boxes[:, 2:4] * scale, degrees])
    return canonical_rotated_boxes(moved)


def warp(image: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """The image (s, s, 3) moved by an affine map of px with pixel centres at +0.5 (OpenCV counts them at +0)."""
    centred = affine.copy()
    centred[:, 2] += affine[:, :2].sum(axis=1) / 2 - 0.5
    size = image.shape[1], image.shape[0]
    return cv2.warpAffine(image, centred, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def recolour(image: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast, gamma and white balance as one table per channel, and saturation. uint8 to uint8."""
    if how.colour <= 0:
        return image
    level = np.arange(256) / 255.0
    draw = rng.uniform(-how.colour, how.colour, size=7)
    gamma = math.exp(draw[0])
    curve = 0.5 + (level**gamma - 0.5) * (1 + draw[1]) + draw[2] * 0.5
    table = (curve[:, None] * (1 + draw[3:6] * 0.5)).clip(0, 1) * 255
    image = cv2.LUT(image, table.round().astype(np.uint8)[None])
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    keep = 1 + 2 * draw[6]
    return cv2.addWeighted(image, keep, grey, 1 - keep, 0.0)


def degrade(image: np.ndarray, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Sometimes a little blur, sometimes a little noise, as cameras add them."""
    if rng.random() < how.blur_noise:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < how.blur_noise:
        noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(2.0, 10.0))
        image = (image + noise).clip(0, 255).astype(np.uint8)
    return image


def augment(sample: Sample, how: Augmentation, rng: np.random.Generator) -> Sample:
    """One variation of a sample; boxes are cut at the border and ignored where little of them is left."""
    input_px = sample.image.shape[0]
    freely = sample.outlines is not None or not len(sample.boxes)
    moved = moved_by(sample, draw_affine(sample.nadir_px, input_px, how, rng, freely))
    return replace(moved, image=degrade(recolour(moved.image, how, rng), how, rng))


def moved_by(sample: Sample, affine: np.ndarray) -> Sample:
    """The sample through an affine map of its input px, cut at the border of the input."""
    outlines = None if sample.outlines is None else tuple(move_points(points, affine) for points in sample.outlines)
    if outlines is None:
        boxes = move_boxes(sample.boxes, affine)
    else:
        boxes = np.array([upright_box_of(points) for points in outlines]).reshape(-1, 4)
    whole = replace(
        sample,
        image=warp(sample.image, affine),
        boxes=boxes,
        rotated=None if sample.rotated is None else move_rotated(sample.rotated, affine),
        outlines=outlines,
        ignored=move_boxes(sample.ignored, affine),
        areas=[move_points(area, affine) for area in sample.areas],
        nadir_px=move_points(sample.nadir_px[None], affine)[0],
    )
    size = float(sample.image.shape[0])
    return cut_to(whole, np.array([0.0, 0.0, size, size]))


def cut_to(sample: Sample, window: np.ndarray) -> Sample:
    """The sample's labels inside a window [left, top, right, bottom] px; its image stays.

    A box of which less than KEPT_SHARE is left is ignored. Rotated boxes and outlines stay whole: they belong to
    whoever is kept.
    """
    inside = _clipped(sample.boxes, window)
    share = inside[:, 2:].prod(axis=1) / np.maximum(sample.boxes[:, 2:].prod(axis=1), 1e-9)
    kept = share >= KEPT_SHARE
    ignored = np.concatenate([_clipped(sample.ignored, window), inside[~kept]])
    return replace(
        sample,
        boxes=inside[kept],
        people=tuple(compress(sample.people, kept)),
        rotated=None if sample.rotated is None else sample.rotated[kept],
        outlines=None if sample.outlines is None else tuple(compress(sample.outlines, kept)),
        ignored=ignored[(ignored[:, 2:] > 0).all(axis=1)],
    )


def _clipped(boxes: np.ndarray, window: np.ndarray) -> np.ndarray:
    """(n, 4) [x, y, w, h] cut at a window [left, top, right, bottom]; w or h is 0 for boxes outside."""
    low = boxes[:, :2].clip(window[:2], window[2:])
    high = (boxes[:, :2] + boxes[:, 2:]).clip(window[:2], window[2:])
    return np.hstack([low, high - low])


def mosaic(samples: Sequence[Sample]) -> Sample:
    """Four augmented samples as one: each gives the quarter in its place around the first one's nadir."""
    size = samples[0].image.shape[0]
    x, y = (int(np.clip(round(value), 0, size)) for value in samples[0].nadir_px)
    windows = [np.array(w, dtype=float) for w in ((0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size))]
    image = np.zeros_like(samples[0].image)
    parts = []
    for sample, window in zip(samples, windows, strict=True):
        shift = np.column_stack([np.eye(2), np.array([x, y]) - np.round(sample.nadir_px)])
        part = cut_to(moved_by(sample, shift), window)
        left, top, right, bottom = window.astype(int)
        image[top:bottom, left:right] = part.image[top:bottom, left:right]
        corners = shapely.box(*window)
        parts.append(replace(part, areas=[a for area in part.areas for a in _area_inside(area, corners)]))
    return _joined(parts, image, np.array([x, y], dtype=float))


def _area_inside(area: np.ndarray, window: shapely.Geometry) -> list[np.ndarray]:
    """The parts of a polygon (m, 2) inside a window, as polygons."""
    found = shapely.intersection(shapely.make_valid(shapely.Polygon(area)), window)
    return [np.array(part.exterior.coords) for part in shapely.get_parts(found) if part.geom_type == "Polygon"]


def _joined(parts: Sequence[Sample], image: np.ndarray, nadir_px: np.ndarray) -> Sample:
    rotated = [part.rotated for part in parts]
    outlines = [part.outlines for part in parts]
    return replace(
        parts[0],
        image=image,
        nadir_px=nadir_px,
        boxes=np.concatenate([part.boxes for part in parts]),
        people=tuple(person for part in parts for person in part.people),
        ignored=np.concatenate([part.ignored for part in parts]),
        areas=[area for part in parts for area in part.areas],
        rotated=None if any(one is None for one in rotated) else np.concatenate([r for r in rotated if r is not None]),
        outlines=None if any(one is None for one in outlines) else tuple(p for one in outlines if one for p in one),
    )
