"""All pictures' detections in one list, best score first, and the average precision that follows from it.

AP is COCO's: the mean over the 101 recalls 0, 0.01 ... 1 of the highest precision that is reached at that recall or a
higher one. For the bootstrap, every picture carries a weight, the number of times it was drawn: the list is sorted
once, and all draws are counted down the list together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from eval.measures.pairing import FOUND, IGNORED, PictureMatch

RECALLS = np.linspace(0.0, 1.0, 101)
_ROWS = 256
"""Found people for which false alarms are added up at a time: bounds the memory."""


@dataclass(frozen=True)
class Ranking:
    """Detections that count, best first: scores (n,), found (n,) bool, picture (n,) index; people: (pictures,) counted."""

    scores: np.ndarray
    found: np.ndarray
    picture: np.ndarray
    people: np.ndarray

    def average_precision(self) -> float:
        """Area under the precision-recall curve, COCO's 101-point form; 0 without people."""
        people = int(self.people.sum())
        if not people or not len(self.found):
            return 0.0
        tp = np.cumsum(self.found)
        precision = tp / (np.arange(1, len(tp) + 1) + np.spacing(1))
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.append(envelope, 0.0)[np.searchsorted(tp / people, RECALLS, side="left")].mean())

    def drawn_average_precision(self, weights: np.ndarray) -> np.ndarray:
        """(draws,) average precision where each picture counts as often as weights (draws, pictures) says.

        As if the drawn pictures stood in the list as often as they were drawn; NaN for a draw without people. A recall
        of exactly 0.57 counts as 0.57, which pycocotools' grid, and so the figure itself, may miss by rounding.
        """
        people = weights @ self.people.astype(weights.dtype)
        if not self.found.any():
            return np.where(people > 0, 0.0, np.nan)
        # Precision is highest where somebody was just found: only those places matter, and the false alarms between.
        found_in = self.picture[self.found]
        place = np.cumsum(self.found) - self.found
        alarms = ~self.found & (place < len(found_in))
        ones = np.ones(int(alarms.sum()), np.float32)
        shape = len(found_in), weights.shape[1]
        before = sparse.csr_array((ones, (place[alarms], self.picture[alarms])), shape=shape)
        return np.where(people > 0, _area(found_in, before, weights, np.maximum(people, 1)), np.nan)


def _area(found_in: np.ndarray, before: sparse.csr_array, weights: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(draws,) AP. found_in: (k,) pictures of the found, best first; before: (k, pictures) false alarms since the last.

    From the worst to the best: then the envelope is a running maximum, and all that is kept are rows of one number for
    each draw. Whole numbers in single precision are exact.
    """
    drawn = np.ascontiguousarray(weights.T, np.float32)
    tp, counted = drawn[found_in].sum(axis=0), (before @ drawn).sum(axis=0)
    counted += tp
    # A hair above, as 29 of 100 are 0.29.
    per_person, hair = np.asarray(100 / people, np.float32), np.float32(2e-5)
    envelope, area, reached = np.zeros_like(tp), np.zeros_like(tp), np.floor(tp * per_person + hair)
    precision, steps = np.empty_like(tp), np.empty_like(tp)
    for last in range(len(found_in), 0, -_ROWS):
        first = max(last - _ROWS, 0)
        alarms = before[first:last] @ drawn
        for row in range(last - 1, first - 1, -1):
            np.maximum(counted, 1, out=precision)
            np.divide(tp, precision, out=precision)
            np.maximum(envelope, precision, out=envelope)
            tp -= drawn[found_in[row]]
            counted -= drawn[found_in[row]]
            counted -= alarms[row - first]
            # How many of the recalls 0.01, 0.02 ... this person reached.
            np.multiply(tp, per_person, out=steps)
            steps += hair
            np.floor(steps, out=steps)
            reached -= steps
            reached *= envelope
            area += reached
            reached, steps = steps, reached
    # Recall 0 is reached by anything.
    return np.asarray((area + envelope) / len(RECALLS), float)


def ranking(matches: Sequence[PictureMatch]) -> Ranking:
    """All pictures' detections but those that are ignored, best score first; of equals, earlier pictures first."""
    people = np.array([match.people for match in matches], dtype=np.int64)
    if not matches:
        return Ranking(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), people)
    scores = np.concatenate([match.scores for match in matches])
    outcome = np.concatenate([match.outcome for match in matches])
    picture = np.repeat(np.arange(len(matches)), [len(match.scores) for match in matches])
    order = np.argsort(-scores, kind="mergesort")
    order = order[outcome[order] != IGNORED]
    return Ranking(scores[order], outcome[order] == FOUND, picture[order], people)
