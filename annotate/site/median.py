"""The empty room behind people who come and go: the median over time of what no person's box covers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from annotate.site.frames import Frames

MEMORY_BYTES = 256 * 2**20
"""Frames are read in as many passes over blocks of rows as this much memory asks for."""
_BOX_MARGIN = 0.05
"""Boxes are drawn tightly: they are taken to reach this share of their sides further."""
NEARLY_ALWAYS = 0.9
"""Share of the frames in which a pixel that belongs to somebody who stays is covered."""
_LEAST_FREE = 3
"""Fewer free frames than this say nothing."""


@dataclass(frozen=True)
class Still:
    """What stays the same in frames of a fixed camera.

    free: HWC uint8, median over the frames in which no box covers the pixel (over all where fewer than 3 are free).
    whole: HWC uint8, median over all frames where they are nearly always covered, else as free. covered: HW, share of
    the frames in which a box covers the pixel.
    """

    free: np.ndarray
    whole: np.ndarray
    covered: np.ndarray


def temporal_median(frames: Frames, boxes: Sequence[np.ndarray], memory_bytes: int = MEMORY_BYTES) -> Still:
    """The median in blocks of rows; boxes: (n, 4) x, y, w, h px for each frame, empty where nothing is labelled."""
    count, row_bytes = len(frames.names), len(frames.names) * frames.width_px * 4
    rows = max(8, memory_bytes // row_bytes)
    blocks = []
    for top in range(0, frames.height_px, rows):
        bottom = min(top + rows, frames.height_px)
        stack = np.empty((count, bottom - top, frames.width_px, 3), np.uint8)
        what = f"median, rows {top} to {bottom} of {frames.height_px}"
        for index, frame in enumerate(tqdm(frames.read(), desc=what, total=count, leave=False)):
            stack[index] = frame[top:bottom]
        blocks.append(_block_median(stack, _covered(boxes, top, bottom, frames.width_px)))
    return Still(*(np.concatenate([block[part] for block in blocks]) for part in range(3)))


def _covered(boxes: Sequence[np.ndarray], top: int, bottom: int, width_px: int) -> np.ndarray:
    """(frames, rows, columns) bool: whether a box covers the pixel."""
    covered = np.zeros((len(boxes), bottom - top, width_px), bool)
    for index, frame_boxes in enumerate(boxes):
        for x, y, w, h in frame_boxes:
            x0, x1 = math.floor(x - _BOX_MARGIN * w), math.ceil(x + (1 + _BOX_MARGIN) * w)
            y0, y1 = math.floor(y - _BOX_MARGIN * h) - top, math.ceil(y + (1 + _BOX_MARGIN) * h) - top
            covered[index, max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = True
    return covered


def _block_median(stack: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three fields of Still for a block of rows; stack (frames, rows, columns, 3) is sorted in place."""
    count = len(stack)
    share = covered.mean(axis=0)
    free = count - covered.sum(axis=0)
    staying = share >= NEARLY_ALWAYS
    whole_there = np.median(stack[:, staying], axis=0).astype(np.uint8)
    covered[:, free < min(_LEAST_FREE, count)] = False
    free = count - covered.sum(axis=0)
    # Covered values become the largest there are: sorted, the free ones come first.
    stack[covered] = 255
    stack.sort(axis=0)
    lower, upper = (np.take_along_axis(stack, index[None, ..., None], 0)[0] for index in ((free - 1) // 2, free // 2))
    median = ((lower.astype(np.uint16) + upper) // 2).astype(np.uint8)
    whole = median.copy()
    whole[staying] = whole_there
    return median, whole, share.astype(np.float32)
