"""How much boxes share: with one another, upright or rotated, and with polygons.

Rotated boxes are compared as CEPDOF's own evaluation does it (Duan et al. 2020, RAPiD): each becomes the polygon of its
corners, pycocotools turns that into a mask of the picture's size, and masks are compared. So the figures are those that
the field publishes; the exact overlap of the polygons differs by the pixels along their edges: for people of 40 x 80 px by
0.001 on average and at most 0.012 in 200 pairs, for 20 x 40 px by 0.003 and 0.022.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from pycocotools import mask as coco_mask

from annotate.boxes import iou_matrix, rotated_box_corners

Polygons = Sequence[Sequence[Sequence[float]]]


def box_overlap(a: np.ndarray, b: np.ndarray, width: int, height: int) -> np.ndarray:
    """(n, m) IoU of boxes a and b, both (., 4) upright or both (., 5) rotated; width, height: the picture's, px."""
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"boxes {a.shape} and {b.shape} are of different kinds: expected both upright or both rotated")
    return iou_matrix(a, b) if a.shape[1] == 4 else rotated_iou(a, b, width, height)


def rotated_iou(a: np.ndarray, b: np.ndarray, width: int, height: int) -> np.ndarray:
    """(n, m) IoU of the masks of rotated boxes a (n, 5) and b (m, 5) in a picture of this size."""
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    first, second = (_masks(boxes, width, height) for boxes in (a, b))
    return np.asarray(coco_mask.iou(first, second, [0] * len(b)), np.float64)


def _masks(boxes: np.ndarray, width: int, height: int) -> list[dict]:
    """COCO run lengths of rotated boxes (n, 5)."""
    runs: list[dict] = coco_mask.frPyObjects(rotated_box_corners(boxes).reshape(-1, 8).tolist(), height, width)
    return runs


def box_shapes(boxes: np.ndarray) -> np.ndarray:
    """(n,) shapely polygons of upright (n, 4) or rotated (n, 5) boxes."""
    if boxes.shape[1] == 5:
        return np.asarray(shapely.polygons(rotated_box_corners(boxes)))
    return np.asarray(shapely.box(boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]))


def union_of(areas: Polygons) -> shapely.Geometry:
    """The union of polygons, each a list of x, y; polygons that cross themselves count as what they enclose."""
    return shapely.union_all([shapely.make_valid(shapely.Polygon(area)) for area in areas])


def share_inside(boxes: np.ndarray, areas: Polygons) -> np.ndarray:
    """(n,) share of each box, upright (n, 4) or rotated (n, 5), that lies inside the union of polygons, exact."""
    if not len(boxes) or not len(areas):
        return np.zeros(len(boxes))
    shapes = box_shapes(boxes)
    shared = shapely.area(shapely.intersection(shapes, union_of(areas)))
    return np.asarray(shared / np.maximum(shapely.area(shapes), 1e-12))


def centres_px(boxes: np.ndarray) -> np.ndarray:
    """(n, 2) centres of upright (n, 4) or rotated (n, 5) boxes."""
    return boxes[:, :2].copy() if boxes.shape[1] == 5 else boxes[:, :2] + boxes[:, 2:4] / 2
