"""Where and how strongly a refined person replaces the one in the picture (thesis Algorithm 6, line 15, softened).

The thesis cuts along the mask and along the crop's edge, which leaves hard borders (its Figures 5.14 and 5.15). Here
the weight rises from the mask's edge inwards and from the crop's edge inwards over a few pixels. Every person has a
mask of its own, so no pixel gets two people's crops.
"""

from __future__ import annotations

import cv2
import numpy as np

from annotate.crops import CropFrame


def person_alpha(person: np.ndarray, frame: CropFrame, feather_px: float) -> np.ndarray:
    """Weight of the refined person in every pixel, HW float32 0..1, zero outside the person and the crop's window.

    person: HW bool, the person's pixels. feather_px: width of both edges' ramps, in pixels of the picture.
    """
    alpha = np.zeros(person.shape, np.float32)
    rows, columns = np.flatnonzero(person.any(axis=1)), np.flatnonzero(person.any(axis=0))
    if len(rows) == 0:
        return alpha
    # One pixel more than the person on every side, where the picture has one: the distances below count from it.
    top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
    part = person[top : rows[-1] + 2, left : columns[-1] + 2]
    within = np.minimum(mask_ramp(part, feather_px), window_ramp(part.shape, (left, top), frame, feather_px))
    alpha[top : top + part.shape[0], left : left + part.shape[1]] = within
    return alpha


def mask_ramp(mask: np.ndarray, feather_px: float) -> np.ndarray:
    """1 deep inside the mask, falling to its edge, 0 outside; HW float32. The picture's border is no edge."""
    if mask.all():
        return np.ones(mask.shape, np.float32)
    # The outermost pixels lie at distance 1: of two feathered pixels they get 1/3 and 2/3.
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.minimum(distance / np.float32(feather_px + 1.0), np.float32(1.0)) * mask


def window_ramp(shape: tuple[int, ...], origin: tuple[int, int], frame: CropFrame, feather_px: float) -> np.ndarray:
    """1 inside the crop's window, falling to 0 at its edges, 0 outside; HW float32.

    shape: h, w of the part of the picture whose first pixel is `origin` (column, row).
    """
    columns = origin[0] + np.arange(shape[1]) + 0.5
    rows = origin[1] + np.arange(shape[0])[:, None] + 0.5
    u, v = (a * columns + b * rows + c for a, b, c in frame.crop_from_picture)
    edge_crop_px = np.minimum(np.minimum(u, frame.size_px - u), np.minimum(v, frame.size_px - v))
    # Half a pixel of the crop at its border is known from one side only.
    depth = (edge_crop_px - 0.5) * frame.picture_px_per_crop_px
    return np.clip(depth / max(feather_px, 1e-6), 0.0, 1.0).astype(np.float32)
