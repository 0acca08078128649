"""Holes in a picture filled from their surroundings, patch by patch, and whether that deceives the eye.

The method of Criminisi, Perez & Toyama 2004 ("Region filling and object removal by exemplar-based image inpainting"),
without its data term: the patch of the rim of which most is known is completed first, by the most similar patch nearby.
"""

from __future__ import annotations

import cv2
import numpy as np

_PATCH_SHARE = 0.006
"""Half a patch, as a share of the picture's longer side."""
_SEARCH_PATCHES = 5
"""Similar patches are sought this many patches around a hole."""
WIDEST_SHARE = 0.015
"""A hole wider than twice this share of the picture's longer side is not filled convincingly."""
ROUGHEST = 1.6
"""Nor one along whose rim the mean gradient is this many times that of its surroundings."""


def filled(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A copy of picture (HWC uint8) with the pixels of hole (HW bool) made up from what is around them."""
    result = picture.copy()
    half = max(2, round(_PATCH_SHARE * max(hole.shape)))
    count, numbered, stats, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        margin = 2 * half * _SEARCH_PATCHES
        x, y, w, h = stats[number, :4]
        rows = slice(max(0, y - margin), min(hole.shape[0], y + h + margin))
        columns = slice(max(0, x - margin), min(hole.shape[1], x + w + margin))
        # Other holes nearby are no source until they are filled themselves.
        missing = hole[rows, columns] & (numbered[rows, columns] >= number)
        _fill_one(result[rows, columns], numbered[rows, columns] == number, missing, half)
    return result


def is_convincing(picture: np.ndarray, hole: np.ndarray) -> bool:
    """Whether a filled hole passes: narrow enough, and no rougher along its rim than what is around it."""
    widest = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 5).max()
    if widest > WIDEST_SHARE * max(hole.shape):
        return False
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    outer = [cv2.dilate(hole.astype(np.uint8), np.ones((size, size), np.uint8)) > 0 for size in (3, 9, 31)]
    inner = cv2.erode(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rim, around = outer[0] & ~inner, outer[2] & ~outer[1]
    if not around.any():
        return False
    return bool(gradient[rim].mean() <= ROUGHEST * gradient[around].mean() + 2.0)


def _fill_one(window: np.ndarray, hole: np.ndarray, missing: np.ndarray, half: int) -> None:
    """Fill one hole of a window in place; missing: all pixels that are no source."""
    side = 2 * half + 1
    unknown, source = hole.copy(), ~missing
    usable = cv2.erode(source.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    if not usable.any():
        window[hole] = cv2.inpaint(window, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)[hole]
        return
    confidence = source.astype(np.float32)
    while unknown.any():
        known = (~unknown & (source | hole)).astype(np.uint8)
        front = unknown & (cv2.dilate(known, np.ones((3, 3), np.uint8)) > 0)
        if not front.any():
            front = unknown
        trust = np.where(front, cv2.boxFilter(confidence, -1, (side, side), borderType=cv2.BORDER_CONSTANT), -1)
        y, x = np.unravel_index(int(np.argmax(trust)), trust.shape)
        _complete(window, unknown, known, confidence, usable, (int(y), int(x)), half)


def _complete(
    window: np.ndarray, unknown: np.ndarray, known: np.ndarray, confidence: np.ndarray, usable: np.ndarray,
    middle: tuple[int, int], half: int,
) -> None:  # fmt: skip
    """Copy what is unknown around a pixel from the source patch that is most like what is known there."""
    # Near the window's edge the patch is moved inwards, so that it is always whole.
    top, left = (
        min(max(place - half, 0), size - 2 * half - 1) for place, size in zip(middle, unknown.shape, strict=True)
    )
    part = (slice(top, top + 2 * half + 1), slice(left, left + 2 * half + 1))
    mask = np.repeat(known[part][..., None], 3, axis=2)
    unlike = cv2.matchTemplate(window, window[part], cv2.TM_SQDIFF, mask=mask)
    unlike = np.where(usable[half : half + unlike.shape[0], half : half + unlike.shape[1]], unlike, np.inf)
    row, column = np.unravel_index(int(np.argmin(unlike)), unlike.shape)
    found = window[row : row + 2 * half + 1, column : column + 2 * half + 1].copy()
    new = unknown[part].copy()
    window[part][new] = found[new]
    confidence[part][new] = 0.9 * confidence[part].mean()
    unknown[part] = False
