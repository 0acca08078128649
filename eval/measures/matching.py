"""Which detections found which people: greedy matching, precision, recall, F1 (thesis eq. 2.23-2.25), AP.

Detections choose in order of their score; each takes the free person it overlaps most, if the IoU reaches the threshold
(COCO's rule, eval.measures.pairing). Because a detection's fate depends only on better ones, one matching serves every
score threshold.

Ignore areas: a detection that found nobody but lies mostly inside one, or overlaps an ignored person, is neither
right nor wrong; ignored people are neither found nor missed. At an IoU of 0.5 an area is what COCO calls a crowd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures.overlap import Polygons, share_inside, union_of
from eval.measures.pairing import (
    FALSE_ALARM,
    FOUND,
    IGNORED,
    INSIDE_AREA,
    PictureMatch,
    candidates,
    match_candidates,
)
from eval.measures.ranking import ranking
from eval.measures.truth import PictureTruth

__all__ = [
    "FALSE_ALARM", "FOUND", "IGNORED", "INSIDE_AREA", "Counts", "PictureMatch", "Polygons", "average_precision",
    "best_threshold", "counts_at", "f1_of", "match_picture", "match_pictures", "per_picture_counts", "share_inside",
    "union_of",
]  # fmt: skip


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


def match_picture(
    detections: np.ndarray,
    people: np.ndarray,
    iou: float = 0.5,
    ignored_people: np.ndarray | None = None,
    ignore_areas: Polygons = (),
) -> PictureMatch:
    """Match one picture's detections (n, 5) [x, y, w, h, score] with its people (m, 4); upright boxes."""
    ignored = np.zeros((0, 4)) if ignored_people is None else ignored_people
    # The picture's size matters to rotated boxes only, which become masks.
    truth = PictureTruth(people, width=1, height=1, ignored=ignored, areas=ignore_areas)
    return match_candidates([candidates(detections, truth)], [iou])[0][0]


def match_pictures(
    detections: Sequence[np.ndarray], truths: Sequence[PictureTruth], iou: float = 0.5, most: int | None = None
) -> list[PictureMatch]:
    """Match the detections of many pictures, (n, 5) upright or (n, 6) rotated, score last, with their people.

    most: as many detections of a picture count, the best ones; None: all.
    """
    found = [candidates(own, truth, most) for own, truth in zip(detections, truths, strict=True)]
    return match_candidates(found, [iou])[0]


def per_picture_counts(matches: Sequence[PictureMatch], score: float) -> np.ndarray:
    """(pictures, 3) true positives, false positives, false negatives of detections with at least this score."""
    ranked = ranking(matches)
    kept = ranked.scores >= score
    tp, fp = (
        np.bincount(ranked.picture[kept & which], minlength=len(matches)) for which in (ranked.found, ~ranked.found)
    )
    return np.stack([tp, fp, ranked.people - tp], axis=1).astype(np.int64)


def counts_at(matches: Sequence[PictureMatch], score: float) -> Counts:
    """Counts over all pictures of detections with at least this score."""
    return Counts(*per_picture_counts(matches, score).sum(axis=0).tolist())


def best_threshold(matches: Sequence[PictureMatch]) -> tuple[float, float]:
    """Score threshold with the highest F1 and that F1; midway between two detections' scores. (0.5, 0) if none."""
    ranked = ranking(matches)
    people = int(ranked.people.sum())
    if not ranked.found.any() or not people:
        return 0.5, 0.0
    tp = np.cumsum(ranked.found)
    f1 = f1_of(tp, np.arange(1, len(tp) + 1) - tp, people - tp)
    last_of_equals = np.append(ranked.scores[:-1] != ranked.scores[1:], True)
    best = int(np.where(last_of_equals, f1, -1.0).argmax())
    below = ranked.scores[best + 1] if best + 1 < len(ranked.scores) else 0.0
    return float((ranked.scores[best] + below) / 2), float(f1[best])


def average_precision(matches: Sequence[PictureMatch]) -> float:
    """Area under the precision-recall curve at the matching's IoU, COCO's 101-point form; 0 without people."""
    return ranking(matches).average_precision()
