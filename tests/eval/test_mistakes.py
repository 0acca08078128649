"""False alarms are told apart: badly placed, double, nobody."""

import numpy as np
import pytest

from eval.measures.intervals import draw_pictures
from eval.measures.matching import per_picture_counts
from eval.measures.mistakes import KINDS, false_alarm_kinds
from eval.measures.pairing import candidates, match_candidates
from eval.measures.summary import measure
from eval.measures.truth import PictureTruth

PEOPLE = np.array([[0.0, 0.0, 20.0, 40.0], [60.0, 0.0, 20.0, 40.0]])
DETECTIONS = np.array([
    [0, 0, 20, 40, 0.9],  # right
    [0, 4, 20, 40, 0.8],  # the same person again: IoU 36 / 44
    [60, 20, 20, 40, 0.7],  # half of the other: IoU 20 / 60
    [61, 25, 20, 40, 0.2],  # below the score
    [15, 39, 20, 20, 0.6],  # touches the first by next to nothing
    [100, 60, 20, 20, 0.5],  # nobody
], dtype=float)  # fmt: skip


def _kinds(iou: float, score: float = 0.4, truth: PictureTruth | None = None) -> list[int]:
    picture = candidates(DETECTIONS, truth or PictureTruth(PEOPLE, 200, 100))
    (matches,) = match_candidates([picture], [iou])
    kinds = false_alarm_kinds([picture], matches, score, iou)
    assert kinds.sum() == per_picture_counts(matches, score)[0, 1]
    return kinds[0].tolist()


def test_false_alarms_are_told_apart() -> None:
    assert KINDS == ("false_badly_placed", "false_double", "false_background")
    assert _kinds(0.5) == [1, 1, 2]
    assert _kinds(0.3) == [0, 1, 2]  # half of a person is found now
    assert _kinds(0.5, score=0.1) == [2, 1, 2]
    assert _kinds(0.9) == [2, 0, 2]  # nothing is double of what it does not reach


def test_what_is_ignored_is_no_mistake() -> None:
    corner = PictureTruth(PEOPLE, 200, 100, areas=[[[90, 50], [130, 50], [130, 90], [90, 90]]])
    assert _kinds(0.5, truth=corner) == [1, 1, 1]


def test_picture_without_people_has_background_alone() -> None:
    assert _kinds(0.5, truth=PictureTruth(np.zeros((0, 4)), 200, 100)) == [0, 0, 5]


def test_measures_hold_mistakes_a_picture_and_loose_average_precision() -> None:
    truths = [PictureTruth(PEOPLE, 200, 100)] * 4
    rng = np.random.default_rng(0)
    draws = draw_pictures([None] * 4, [""] * 4, rng, draws=50)
    found = measure([[DETECTIONS] * 4], truths, [0.4], draws, rng, divisions=[])
    assert [found.figures[name].value for name in KINDS] == [1, 1, 2]
    assert found.figures["ap30"].value > found.figures["ap50"].value == pytest.approx(51 / 101)
