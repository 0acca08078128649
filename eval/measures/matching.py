"""Which detections found which people: greedy matching, precision, recall, F1 (thesis eq. 2.23-2.25), AP.

Boxes are [x, y, w, h] px. Detections choose in order of their score; each takes the free person it overlaps most, if
the IoU reaches the threshold (COCO's rule). Because a detection's fate depends only on better ones, one matching
serves every score threshold.

Ignore areas: a detection that found nobody but lies mostly inside one, or overlaps an ignored person, is neither
right nor wrong; ignored people are neither found nor missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from annotate.boxes import iou_matrix

FOUND, FALSE_ALARM, IGNORED = 1, 0, -1
INSIDE_AREA = 0.5
"""Share of a box that must lie inside an ignore area for the area to count."""


@dataclass(frozen=True)
class PictureMatch:
    """Outcome of one picture. scores: (n,) best first; outcome: (n,) FOUND, FALSE_ALARM or IGNORED; people: counted."""

    scores: np.ndarray
    outcome: np.ndarray
    people: int


@dataclass(frozen=True)
class Counts:
    """True positives, false positives, false negatives and what follows from them; 0 where a ratio is undefined."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        return float(f1_of(self.tp, self.fp, self.fn))


def f1_of(tp: np.ndarray | int, fp: np.ndarray | int, fn: np.ndarray | int) -> np.ndarray:
    """F1 = 2 TP / (2 TP + FP + FN), the same as 2 p r / (p + r) (thesis eq. 2.25); 0 where there is nothing at all."""
    twice = 2.0 * np.asarray(tp)
    return twice / np.maximum(twice + fp + fn, 1e-12)


Polygons = Sequence[Sequence[Sequence[float]]]


def union_of(areas: Polygons) -> shapely.Geometry:
    """The union of polygons, each a list of x, y; polygons that cross themselves count as what they enclose."""
    return shapely.union_all([shapely.make_valid(shapely.Polygon(area)) for area in areas])


def share_inside(boxes: np.ndarray, areas: Polygons) -> np.ndarray:
    """(n,) share of each [x, y, w, h] box that lies inside the union of polygons, exact."""
    if not len(boxes) or not areas:
        return np.zeros(len(boxes))
    union = union_of(areas)
    shapes = shapely.box(boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3])
    return shapely.area(shapely.intersection(shapes, union)) / np.maximum(shapely.area(shapes), 1e-12)


def match_picture(
    detections: np.ndarray,
    people: np.ndarray,
    iou: float = 0.5,
    ignored_people: np.ndarray | None = None,
    ignore_areas: Polygons = (),
) -> PictureMatch:
    """Match one picture's detections (n, 5) [x, y, w, h, score] with its people (m, 4)."""
    detections = detections[np.argsort(-detections[:, 4], kind="stable")]
    ignored_people = np.zeros((0, 4)) if ignored_people is None else ignored_people
    hidden = share_inside(people, ignore_areas) >= INSIDE_AREA
    ignored_people, people = np.concatenate([ignored_people, people[hidden]]), people[~hidden]
    boxes = detections[:, :4]
    found = _greedy(iou_matrix(boxes, people), iou)
    free_pass = (share_inside(boxes, ignore_areas) >= INSIDE_AREA) | (
        (iou_matrix(boxes, ignored_people) >= iou).any(axis=1)
    )
    outcome = np.where(found, FOUND, np.where(free_pass, IGNORED, FALSE_ALARM))
    return PictureMatch(detections[:, 4], outcome, len(people))


def _greedy(overlap: np.ndarray, iou: float) -> np.ndarray:
    """(n,) whether each row, in order, finds a column that is free and overlaps at least iou (its best one)."""
    free = overlap.copy()
    found = np.zeros(len(overlap), dtype=bool)
    if not overlap.shape[1]:
        return found
    for row in range(len(overlap)):
        column = int(free[row].argmax())
        if free[row, column] >= min(iou, 1 - 1e-10):
            found[row] = True
            free[:, column] = -1.0
    return found


def per_picture_counts(matches: Sequence[PictureMatch], score: float) -> np.ndarray:
    """(pictures, 3) true positives, false positives, false negatives of detections with at least this score."""
    rows = []
    for match in matches:
        outcome = match.outcome[match.scores >= score]
        tp = int((outcome == FOUND).sum())
        rows.append((tp, int((outcome == FALSE_ALARM).sum()), match.people - tp))
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def counts_at(matches: Sequence[PictureMatch], score: float) -> Counts:
    """Counts over all pictures of detections with at least this score."""
    return Counts(*per_picture_counts(matches, score).sum(axis=0).tolist())


def _merged(matches: Sequence[PictureMatch]) -> tuple[np.ndarray, np.ndarray, int]:
    """All pictures' counted detections, best score first: scores, whether found, number of people."""
    scores = np.concatenate([match.scores for match in matches]) if matches else np.zeros(0)
    outcome = np.concatenate([match.outcome for match in matches]) if matches else np.zeros(0)
    order = np.argsort(-scores, kind="mergesort")
    order = order[outcome[order] != IGNORED]
    return scores[order], outcome[order] == FOUND, sum(match.people for match in matches)


def best_threshold(matches: Sequence[PictureMatch]) -> tuple[float, float]:
    """Score threshold with the highest F1 and that F1; midway between two detections' scores. (0.5, 0) if none."""
    scores, found, people = _merged(matches)
    if not found.any() or not people:
        return 0.5, 0.0
    tp = np.cumsum(found)
    f1 = f1_of(tp, np.arange(1, len(tp) + 1) - tp, people - tp)
    last_of_equals = np.append(scores[:-1] != scores[1:], True)
    best = int(np.where(last_of_equals, f1, -1.0).argmax())
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float((scores[best] + below) / 2), float(f1[best])


def average_precision(matches: Sequence[PictureMatch]) -> float:
    """Area under the precision-recall curve at the matching's IoU, COCO's 101-point form; 0 without people."""
    _, found, people = _merged(matches)
    if not people or not len(found):
        return 0.0
    tp = np.cumsum(found)
    precision = tp / (np.arange(1, len(tp) + 1) + np.spacing(1))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(tp / people, np.linspace(0.0, 1.0, 101), side="left")
    return float(np.append(envelope, 0.0)[at].mean())
