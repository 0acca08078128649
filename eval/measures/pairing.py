"""The matching itself: many pictures and several IoU thresholds in one pass, by COCO's rule.

Detections choose in order of their score. Each takes the free person it overlaps most, if the IoU reaches the threshold;
of equals, the last (as pycocotools does). People may stand outside what is asked for (another size, another part of the
picture): a detection takes one of them only if nobody inside is left for it, and is then neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.measures.overlap import box_overlap, share_inside
from eval.measures.truth import PictureTruth

FOUND, FALSE_ALARM, IGNORED = 1, 0, -1
INSIDE_AREA = 0.5
"""Share of a box that must lie inside an ignore area for the area to count."""
_TOGETHER = 256
"""Pictures matched in one go: bounds the memory."""


@dataclass(frozen=True)
class PictureMatch:
    """Outcome of one picture. scores: (n,) best first; outcome: (n,) FOUND, FALSE_ALARM or IGNORED; people: counted;
    person: (n,) row of the truth's boxes that the detection took, -1 for none.
    """

    scores: np.ndarray
    outcome: np.ndarray
    people: int
    person: np.ndarray


@dataclass(frozen=True)
class Candidates:
    """One picture's detections, best first, beside its people: all that matching needs, whatever the threshold.

    scores: (n,); boxes: (n, 4 or 5); people: (m,) rows of the truth's boxes that count; overlap: (n, m) IoU with them;
    ignored_overlap: (n,) largest IoU with a person who does not count; in_area: (n,) mostly inside an ignore area.
    """

    scores: np.ndarray
    boxes: np.ndarray
    people: np.ndarray
    overlap: np.ndarray
    ignored_overlap: np.ndarray
    in_area: np.ndarray


@dataclass(frozen=True)
class Outside:
    """Who stands outside what is asked for. people: (m,) bool as Candidates.people; detections: (n,) bool."""

    people: np.ndarray
    detections: np.ndarray


def candidates(detections: np.ndarray, truth: PictureTruth, most: int | None = None) -> Candidates:
    """One picture's detections, (n, 5) upright or (n, 6) rotated with the score last, beside its people.

    most: only this many, the best, count (COCO's maxDets); None: all. ValueError if the kinds of boxes differ.
    """
    detections = as_detections(detections, truth)
    detections = detections[np.argsort(-detections[:, -1], kind="stable")][:most]
    boxes = detections[:, :-1]
    hidden = share_inside(truth.boxes, truth.areas) >= INSIDE_AREA
    ignored = np.concatenate([truth.ignored, truth.boxes[hidden]])
    people = np.flatnonzero(~hidden)
    everyone = box_overlap(boxes, np.concatenate([truth.boxes[people], ignored]), truth.width, truth.height)
    return Candidates(
        scores=detections[:, -1],
        boxes=boxes,
        people=people,
        overlap=everyone[:, : len(people)],
        ignored_overlap=everyone[:, len(people) :].max(axis=1, initial=0.0),
        in_area=share_inside(boxes, truth.areas) >= INSIDE_AREA,
    )


def as_detections(detections: np.ndarray, truth: PictureTruth) -> np.ndarray:
    """Detections as float64 (n, 5) or (n, 6), of the kind of the truth's boxes; ValueError if they are not."""
    columns = truth.boxes.shape[1] + 1
    array = np.asarray(detections, np.float64)
    if not array.size:
        return np.zeros((0, columns))
    if array.ndim != 2 or array.shape[1] != columns:
        kind = "rotated boxes, (n, 6)" if truth.rotated else "upright boxes, (n, 5)"
        raise ValueError(f"detections are {array.shape}: expected {kind}, as the labels are")
    return array


def match_candidates(
    pictures: Sequence[Candidates], ious: Sequence[float], outside: Sequence[Outside] | None = None
) -> list[list[PictureMatch]]:
    """For each IoU threshold (in (0, 1]) the outcome of each picture. outside: one for each picture; None: nobody is."""
    if not all(0 < iou <= 1 for iou in ious):
        raise ValueError(f"IoU thresholds {list(ious)}: expected numbers above 0 and at most 1")
    chosen: list[np.ndarray] = [np.zeros(0)] * len(pictures)
    order = np.argsort([len(picture.scores) for picture in pictures], kind="stable")
    for start in range(0, len(order), _TOGETHER):
        rows = order[start : start + _TOGETHER].tolist()
        inside = None if outside is None else [~outside[row].people for row in rows]
        for row, own in zip(rows, _assigned([pictures[row].overlap for row in rows], inside, ious), strict=True):
            chosen[row] = own
    return [
        [
            _outcome(picture, chosen[row][level], iou, None if outside is None else outside[row])
            for row, picture in enumerate(pictures)
        ]
        for level, iou in enumerate(ious)
    ]


def _assigned(
    overlaps: Sequence[np.ndarray], inside: Sequence[np.ndarray] | None, ious: Sequence[float]
) -> list[np.ndarray]:
    """For each picture, (thresholds, n) the column of the person that each detection takes, -1 for none."""
    detections, people = (max(overlap.shape[axis] for overlap in overlaps) for axis in (0, 1))
    if not people or not detections:
        return [np.full((len(ious), len(overlap)), -1) for overlap in overlaps]
    padded = np.full((detections, len(overlaps), people), -1.0)
    wanted = np.ones((len(overlaps), people), dtype=bool)
    for place, overlap in enumerate(overlaps):
        # Columns from behind, so that argmax finds the last of equals.
        padded[: len(overlap), place, : overlap.shape[1]] = overlap[:, ::-1]
        if inside is not None:
            wanted[place, : overlap.shape[1]] = inside[place][::-1]
    limits = np.minimum(np.asarray(ious, float), 1 - 1e-10)[:, None, None]
    taken = _greedy(padded, limits, None if inside is None else wanted)
    return [
        np.where(own >= 0, overlap.shape[1] - 1 - own, -1)
        for overlap, own in ((overlap, taken[: len(overlap), :, place].T) for place, overlap in enumerate(overlaps))
    ]


def _greedy(padded: np.ndarray, limits: np.ndarray, wanted: np.ndarray | None) -> np.ndarray:
    """(detections, thresholds, pictures) columns taken, -1 for none; rank by rank, all pictures at once."""
    free = np.ones((len(limits), *padded.shape[1:]), dtype=bool)
    taken = np.full((len(padded), *free.shape[:2]), -1)
    for rank, overlap in enumerate(padded):
        able = free & (overlap >= limits)
        if wanted is not None:
            first = able & wanted
            able = np.where(first.any(axis=2, keepdims=True), first, able)
        best = np.where(able, overlap, -1.0).argmax(axis=2)
        level, picture = np.nonzero(able.any(axis=2))
        column = best[level, picture]
        taken[rank, level, picture] = column
        free[level, picture, column] = False
    return taken


def _outcome(picture: Candidates, chosen: np.ndarray, iou: float, outside: Outside | None) -> PictureMatch:
    took = chosen >= 0
    excused = picture.in_area | (picture.ignored_overlap >= min(iou, 1 - 1e-10))
    found, people = took, len(picture.people)
    if outside is not None:
        beyond = took & outside.people[chosen] if len(outside.people) else np.zeros_like(took)
        found, excused = took & ~beyond, excused | beyond | outside.detections
        people = int((~outside.people).sum())
    outcome = np.where(found, FOUND, np.where(excused, IGNORED, FALSE_ALARM))
    person = np.where(took, picture.people[chosen], -1) if len(picture.people) else np.full(len(chosen), -1)
    return PictureMatch(picture.scores, outcome, people, person)
