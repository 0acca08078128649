"""Recall and average precision of parts of the people: near and far, small and large, crowded, hidden, seated.

Two rules, since a false alarm has a place and a size but no pose:

- Distance and size are known of detections, too. COCO's rule for its area ranges: people outside the range are ignored,
  and so are detections that found nobody and lie outside it themselves.
- Crowding, occlusion and pose are known of labelled people only. A detection that found somebody else is ignored; all
  false alarms count against each part. So the AP of a small part is lower than that of a large one for that alone:
  compare one part between detectors, not parts of one detector. Recall has no such fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from annotate.dataset_model import Person
from annotate.page.view_labels import activity_of
from eval.measures.overlap import box_overlap, centres_px
from eval.measures.pairing import FOUND, IGNORED, Candidates, Outside, PictureMatch, match_candidates
from eval.measures.truth import PictureTruth

DISTANCE_EDGES = (0.0, 0.25, 0.5, 0.75, float("inf"))
SIZE_EDGES_PX = (0.0, 32.0, 64.0, 128.0, float("inf"))
"""COCO's bound of small things, then doubled: of 40,799 people under real ceiling cameras of 1080 and 2048 px, 9 of 10
are between 33 and 176 px."""
MOST_POSES = 8


@dataclass(frozen=True)
class Stratum:
    """One part of the people. label: for a reader; holds: for each picture, (m,) bool over the truth's boxes; outside:
    from detection boxes and truth, which detections lie outside the part, or None where that cannot be known.
    """

    label: str
    holds: Sequence[np.ndarray]
    outside: Callable[[np.ndarray, PictureTruth], np.ndarray] | None = None


@dataclass(frozen=True)
class Stratification:
    """The people divided by one property. name: one word; rule: what divides them, in words for a report."""

    name: str
    rule: str
    strata: Sequence[Stratum]


def stratifications(truths: Sequence[PictureTruth]) -> list[Stratification]:
    """All divisions that the labels allow, without empty parts; a division with a single part is left out."""
    found = [by_distance(truths), by_size(truths), by_crowding(truths), by_occlusion(truths), by_pose(truths)]
    return [division for division in found if len(division.strata) > 1]


def by_distance(truths: Sequence[PictureTruth], edges: Sequence[float] = DISTANCE_EDGES) -> Stratification:
    """By the distance of the box's centre from the nadir, as a share of PictureTruth.reach_px."""
    circles = [truth.radius_px is not None for truth in truths]
    unit = "the lens circle's radius" if circles and all(circles) else "half the picture's diagonal"
    if any(circles) and not all(circles):
        unit = "the lens circle's radius or, where it is not known, half the picture's diagonal"
    rule = f"distance of the box's centre from the point straight below the camera, as a share of {unit}"
    return _by_range("distance", rule, truths, nadir_distance, edges, lambda edge: f"{edge:g}")


def by_size(truths: Sequence[PictureTruth], edges_px: Sequence[float] = SIZE_EDGES_PX) -> Stratification:
    """By the side of a square of the box's area, px of the picture."""
    rule = "side of a square of the box's area, px of the picture"
    return _by_range("size", rule, truths, lambda boxes, truth: side_px(boxes), edges_px, lambda edge: f"{edge:g} px")


def by_crowding(truths: Sequence[PictureTruth]) -> Stratification:
    """By the largest overlap with another labelled person, ignored ones among them."""
    values = [neighbour_overlap(truth) for truth in truths]
    groups = [np.where(value <= 0, 0, np.where(value <= 0.2, 1, 2)) for value in values]
    labels = ["apart", "overlap up to 0.2", "overlap over 0.2"]
    return _by_group("crowding", "largest IoU of the person's box with another person's", labels, groups)


def by_occlusion(truths: Sequence[PictureTruth]) -> Stratification:
    """By visible_fraction; people of whom it is not known are in no part."""
    groups = [_per_person(truth, _occlusion_group) for truth in truths]
    labels = ["over 0.9 visible", "0.5 to 0.9 visible", "under 0.5 visible"]
    return _by_group("occlusion", "share of the person that can be seen", labels, groups)


def by_pose(truths: Sequence[PictureTruth]) -> Stratification:
    """By what the person does (attributes: activity, pose or posture), the MOST_POSES most frequent of them."""
    known = Counter(activity_of(person) for truth in truths for person in truth.people)
    labels = [text for text, _ in sorted(known.items(), key=lambda item: (-item[1], str(item[0]))) if text is not None]
    place = {label: index for index, label in enumerate(labels[:MOST_POSES])}
    groups = [_per_person(truth, lambda person: place.get(activity_of(person) or "", -1)) for truth in truths]
    return _by_group("pose", "what the person does", list(place), groups)


def nadir_distance(boxes: np.ndarray, truth: PictureTruth) -> np.ndarray:
    """(n,) distance of boxes' centres from the nadir as a share of PictureTruth.reach_px."""
    return np.asarray(np.linalg.norm(centres_px(boxes) - truth.centre_px, axis=1) / truth.reach_px)


def side_px(boxes: np.ndarray) -> np.ndarray:
    """(n,) side in px of squares of the boxes' areas; upright (n, 4) or rotated (n, 5)."""
    return np.asarray(np.sqrt(boxes[:, 2] * boxes[:, 3]))


def neighbour_overlap(truth: PictureTruth) -> np.ndarray:
    """(m,) largest IoU of each person's box with another person's, ignored people among them; 0 for a person alone."""
    if not len(truth.boxes):
        return np.zeros(0)
    everyone = np.concatenate([truth.boxes, truth.ignored])
    overlap = box_overlap(truth.boxes, everyone, truth.width, truth.height)
    np.fill_diagonal(overlap, 0.0)
    return np.asarray(overlap.max(axis=1))


def match_stratum(
    stratum: Stratum,
    pictures: Sequence[Candidates],
    truths: Sequence[PictureTruth],
    matches: Sequence[PictureMatch],
    iou: float,
) -> list[PictureMatch]:
    """The outcome of each picture for one part of the people, by the rules at the top of this module.

    matches: of the same pictures and IoU for all people.
    """
    if stratum.outside is None:
        rows = zip(matches, pictures, stratum.holds, strict=True)
        return [_only(match, picture, holds) for match, picture, holds in rows]
    outside = [
        Outside(~holds[picture.people], stratum.outside(picture.boxes, truth))
        for picture, truth, holds in zip(pictures, truths, stratum.holds, strict=True)
    ]
    return match_candidates(pictures, [iou], outside)[0]


def _only(match: PictureMatch, picture: Candidates, holds: np.ndarray) -> PictureMatch:
    """The match with those who found somebody outside the part ignored."""
    others = match.outcome == FOUND
    others[others] = ~holds[match.person[others]]
    outcome = np.where(others, IGNORED, match.outcome)
    return PictureMatch(match.scores, outcome, int(holds[picture.people].sum()), match.person)


def _by_range(
    name: str,
    rule: str,
    truths: Sequence[PictureTruth],
    value: Callable[[np.ndarray, PictureTruth], np.ndarray],
    edges: Sequence[float],
    text: Callable[[float], str],
) -> Stratification:
    values = [value(truth.boxes, truth) for truth in truths]
    strata = []
    for low, high in pairwise(edges):
        holds = [(own >= low) & (own < high) for own in values]
        if any(own.any() for own in holds):
            strata.append(Stratum(_range_label(low, high, edges, text), holds, _outside_range(value, low, high)))
    return Stratification(name, rule, strata)


def _range_label(low: float, high: float, edges: Sequence[float], text: Callable[[float], str]) -> str:
    if low == edges[0]:
        return f"under {text(high)}"
    return f"{text(low)} and more" if np.isinf(high) else f"{text(low)} to {text(high)}"


def _outside_range(
    value: Callable[[np.ndarray, PictureTruth], np.ndarray], low: float, high: float
) -> Callable[[np.ndarray, PictureTruth], np.ndarray]:
    def outside(boxes: np.ndarray, truth: PictureTruth) -> np.ndarray:
        own = value(boxes, truth)
        return np.asarray((own < low) | (own >= high))

    return outside


def _by_group(name: str, rule: str, labels: Sequence[str], groups: Sequence[np.ndarray]) -> Stratification:
    """groups: for each picture, (m,) index of each person's label, -1 where it is not known."""
    every = [Stratum(label, [own == index for own in groups]) for index, label in enumerate(labels)]
    return Stratification(name, rule, [stratum for stratum in every if any(own.any() for own in stratum.holds)])


def _per_person(truth: PictureTruth, group: Callable[[Person], int]) -> np.ndarray:
    if not truth.people:
        return np.full(len(truth.boxes), -1)
    return np.array([group(person) for person in truth.people], dtype=np.int64)


def _occlusion_group(person: Person) -> int:
    if person.visible_fraction is None:
        return -1
    return 0 if person.visible_fraction > 0.9 else 1 if person.visible_fraction >= 0.5 else 2
