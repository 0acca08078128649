"""Non-maximum suppression: of boxes that overlap, the surest stays. Upright and rotated boxes."""

from __future__ import annotations

import numpy as np
import shapely

from annotate.boxes import iou_matrix, rotated_box_corners, xywh_from_cxcywh


def kept_boxes(boxes: np.ndarray, scores: np.ndarray, iou: float) -> np.ndarray:
    """Indices of the boxes kept, best score first; a box goes if it overlaps a kept, surer one by more than iou.

    boxes: (n, 4) centre x, centre y, w, h, or (n, 5) rotated boxes of annotate.boxes; scores: (n,).
    """
    order = np.argsort(-scores, kind="stable")
    rows = boxes[order]
    overlap = rotated_iou(rows, rows) if boxes.shape[1] == 5 else iou_matrix(*(xywh_from_cxcywh(rows),) * 2)
    gone = np.zeros(len(order), dtype=bool)
    kept = []
    for place in range(len(order)):
        if not gone[place]:
            kept.append(place)
            gone |= overlap[place] > iou
    return order[kept]


def rotated_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, m) exact overlap of rotated boxes (n, 5) and (m, 5); only those whose circles meet are intersected."""
    shapes_a, shapes_b = (shapely.polygons(rotated_box_corners(boxes)) for boxes in (a, b))
    overlap = np.zeros((len(a), len(b)))
    if not len(a) or not len(b):
        return overlap
    reach = np.hypot(a[:, 2], a[:, 3])[:, None] / 2 + np.hypot(b[:, 2], b[:, 3])[None] / 2
    i, j = np.nonzero(np.hypot(*(a[:, None, :2] - b[None, :, :2]).transpose(2, 0, 1)) < reach)
    inner = shapely.area(shapely.intersection(shapes_a[i], shapes_b[j]))
    both = shapely.area(shapes_a)[i] + shapely.area(shapes_b)[j] - inner
    overlap[i, j] = inner / np.maximum(both, 1e-12)
    return overlap
