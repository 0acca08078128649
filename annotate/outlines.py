"""Outlines of instance masks, as polygons that run along pixel edges."""

from __future__ import annotations

import cv2
import numpy as np


def mask_outlines(mask: np.ndarray, tolerance_px: float = 0.0) -> list[np.ndarray]:
    """Outer outlines of an HW bool mask, each (k, 2) px.

    Along the edges of the pixels, inner corners cut by half a pixel; with tolerance_px simplified, at most about
    that far away. Holes are not outlined; parts that touch at a corner are one.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return []
    top, left = int(rows[0]), int(columns[0])
    part = mask[top : rows[-1] + 1, left : columns[-1] + 1].astype(np.uint8)
    # findContours joins pixel centres. On a grid of half-pixel points a pixel is 3 x 3 points, corners included,
    # and the centres of the outermost points are the pixel edges.
    doubled = np.pad(part.repeat(2, axis=0).repeat(2, axis=1), ((0, 1), (0, 1)))
    points = cv2.dilate(doubled, np.ones((2, 2), np.uint8), anchor=(1, 1))
    contours, _ = cv2.findContours(points, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if tolerance_px:
        contours = [cv2.approxPolyDP(contour, 2 * tolerance_px, True) for contour in contours]
    return [contour[:, 0, :] / 2.0 + (left, top) for contour in contours if len(contour) >= 3]
