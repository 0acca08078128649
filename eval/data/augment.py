"""What a ceiling camera makes of one labelled picture: the same people turned about the nadir, flipped, moved, relit.

Seen straight from above no direction is special, so a picture turned about its nadir by 90, 180 or 270 degrees, or
flipped, is as real as it was, and its upright boxes stay exact. All moves are one affine map and one resampling.
"""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from annotate.boxes import clip_boxes
from eval.config import Augmentation
from eval.data.samples import Sample

KEPT_SHARE = 0.4
"""A box of which less than this share stays in the picture is ignored: neither a person nor background."""


def draw_affine(nadir_px: np.ndarray, input_px: int, how: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """(2, 3) affine map of input px: a turn about the nadir, a flip through it, a scale, a shift."""
    quarter = int(rng.integers(4)) if how.turn else 0
    mirror = -1.0 if how.flip and rng.random() < 0.5 else 1.0
    scale = math.exp(rng.uniform(-1.0, 1.0) * math.log1p(how.scale))
    cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarter]
    turn = np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([mirror, 1.0]) * scale
    shift = rng.uniform(-how.shift, how.shift, size=2) * input_px
    return np.column_stack([turn, nadir_px + shift - turn @ nadir_px])


def move_points(points: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """(n, 2) points through a (2, 3) affine map."""
    return points @ affine[:, :2].T + affine[:, 2]


def move_boxes(boxes: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """(n, 4) upright [x, y, w, h] boxes around the moved boxes; exact for turns by quarters."""
    if not len(boxes):
        return boxes.reshape(0, 4)
    one, other = move_points(boxes[:, :2], affine), move_points(boxes[:, :2] + boxes[:, 2:], affine)
    return np.concatenate([np.minimum(one, other), np.abs(one - other)], axis=1)


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
    affine = draw_affine(sample.nadir_px, input_px, how, rng)
    boxes = move_boxes(sample.boxes, affine)
    inside = clip_boxes(boxes, input_px, input_px)
    share = inside[:, 2:].prod(axis=1) / np.maximum(boxes[:, 2:].prod(axis=1), 1e-9)
    kept = share >= KEPT_SHARE
    ignored = np.concatenate([clip_boxes(move_boxes(sample.ignored, affine), input_px, input_px), inside[~kept]])
    return replace(
        sample,
        image=degrade(recolour(warp(sample.image, affine), how, rng), how, rng),
        boxes=inside[kept],
        ignored=ignored[(ignored[:, 2:] > 0).all(axis=1)],
        areas=[move_points(area, affine) for area in sample.areas],
        nadir_px=move_points(sample.nadir_px[None], affine)[0],
    )
