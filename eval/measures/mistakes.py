"""What false alarms are: people boxed badly, people boxed twice, or nobody (Hoiem et al. 2012; Bolya et al. 2020, TIDE).

A detector that finds people but does not fit them is told by its labels' convention or by more training; one that takes
chairs for people needs other data. One score cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval.measures.intervals import Figure, mean_figure
from eval.measures.pairing import FALSE_ALARM, Candidates, PictureMatch

TOUCHING_IOU = 0.1
"""Overlap from which a box means a person, however badly."""
KINDS = ("false_badly_placed", "false_double", "false_background")
"""False alarms a picture: overlaps a person by TOUCHING_IOU or more but less than the threshold; overlaps a person by the
threshold who is taken; overlaps nobody."""


def false_alarm_kinds(
    pictures: Sequence[Candidates], matches: Sequence[PictureMatch], score: float, iou: float
) -> np.ndarray:
    """(pictures, 3) false alarms of each of KINDS among the detections with at least this score; iou: the matches'."""
    rows = []
    for picture, match in zip(pictures, matches, strict=True):
        false = (match.outcome == FALSE_ALARM) & (match.scores >= score)
        nearest = picture.overlap.max(axis=1, initial=0.0)[false]
        double, touching = nearest >= iou, nearest >= TOUCHING_IOU
        rows.append((int((touching & ~double).sum()), int(double.sum()), int((~touching).sum())))
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def mistake_figures(kinds: np.ndarray) -> dict[str, Figure]:
    """The figures of KINDS of one seed's counts (pictures, 3): false alarms a picture; NaN where no picture is drawn."""
    return {name: mean_figure(kinds[:, column].astype(np.float32)) for column, name in enumerate(KINDS)}
