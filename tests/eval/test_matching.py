"""Matching of detections with people, precision, recall, F1; test_measures_parity holds it against pycocotools."""

import numpy as np
import pytest

from eval.measures.matching import (
    Counts,
    average_precision,
    best_threshold,
    counts_at,
    match_picture,
    match_pictures,
    per_picture_counts,
    share_inside,
)
from eval.measures.pairing import Outside, candidates, match_candidates
from eval.measures.truth import PictureTruth

SQUARE = [[0.0, 0.0], [50.0, 0.0], [50.0, 50.0], [0.0, 50.0]]


def _random_pictures(count: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Crowded people, and detections that are near them, double, or nowhere near."""
    rng = np.random.default_rng(seed)
    people, detections = [], []
    for _ in range(count):
        boxes = np.concatenate([rng.uniform(0, 150, (12, 2)), rng.uniform(15, 45, (12, 2))], axis=1)
        near = np.repeat(boxes, 2, axis=0) + rng.normal(0, 5, (24, 4))
        stray = np.concatenate([rng.uniform(0, 150, (8, 2)), rng.uniform(15, 45, (8, 2))], axis=1)
        found = np.concatenate([near, stray])
        found[:, 2:] = found[:, 2:].clip(min=3)
        scores = rng.random(len(found)).round(2)[:, None]  # rounded: equal scores occur
        people.append(boxes)
        detections.append(np.concatenate([found, scores], axis=1))
    return people, detections


def test_second_detection_of_a_person_is_a_false_alarm() -> None:
    people = np.array([[10.0, 10.0, 20.0, 20.0]])
    match = match_picture(np.array([[10, 10, 20, 20, 0.6], [11, 10, 20, 20, 0.9]]), people)
    assert match.scores.tolist() == [0.9, 0.6] and match.outcome.tolist() == [1, 0]
    assert counts_at([match], 0.5) == Counts(1, 1, 0)
    assert counts_at([match], 0.7) == Counts(1, 0, 0)


def test_precision_recall_and_f1_are_the_thesis_ratios() -> None:
    counts = Counts(tp=6, fp=2, fn=4)
    assert counts.precision == 6 / 8 and counts.recall == 6 / 10
    assert counts.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert Counts(0, 0, 0).f1 == 0.0


def test_detections_in_ignore_areas_are_no_false_alarms_and_people_there_are_not_missed() -> None:
    people = np.array([[10.0, 10.0, 20.0, 20.0], [100.0, 100.0, 20.0, 20.0]])
    detections = np.array([[12, 30, 18, 18, 0.9], [30, 60, 20, 20, 0.8], [100, 100, 20, 20, 0.7]])
    assert counts_at([match_picture(detections, people)], 0) == Counts(1, 2, 1)
    ignoring = match_picture(detections, people, ignore_areas=[SQUARE])
    assert counts_at([ignoring], 0) == Counts(1, 1, 0)


def test_detection_of_an_ignored_person_is_neither_right_nor_wrong() -> None:
    hidden = np.array([[10.0, 10.0, 20.0, 20.0]])
    match = match_picture(np.array([[11, 10, 20, 20, 0.9]]), np.zeros((0, 4)), ignored_people=hidden)
    assert counts_at([match], 0) == Counts(0, 0, 0)


def test_person_found_in_an_ignore_area_overlap_still_counts_if_mostly_outside() -> None:
    people = np.array([[45.0, 10.0, 20.0, 20.0]])
    match = match_picture(np.array([[45, 10, 20, 20, 0.9]]), people, ignore_areas=[SQUARE])
    assert counts_at([match], 0) == Counts(1, 0, 0)


def test_best_threshold_is_the_best_of_all_thresholds() -> None:
    people, detections = _random_pictures(5, 9)
    matches = [match_picture(found, own) for found, own in zip(detections, people, strict=True)]
    threshold, f1 = best_threshold(matches)
    tried = [counts_at(matches, score).f1 for score in np.linspace(0, 1, 401)]
    assert f1 == pytest.approx(max(tried)) == counts_at(matches, threshold).f1


def test_per_picture_counts_add_up() -> None:
    people, detections = _random_pictures(5, 3)
    matches = [match_picture(found, own) for found, own in zip(detections, people, strict=True)]
    counts = per_picture_counts(matches, 0.5)
    assert counts.shape == (5, 3)
    assert Counts(*counts.sum(axis=0).tolist()) == counts_at(matches, 0.5)


def test_nothing_found_and_nobody_there_give_zero() -> None:
    nobody = match_picture(np.zeros((0, 5)), np.zeros((0, 4)))
    assert average_precision([nobody]) == 0.0 and best_threshold([nobody]) == (0.5, 0.0)
    assert average_precision([]) == 0.0


def test_share_inside_counts_overlapping_areas_once() -> None:
    boxes = np.array([[40.0, 0.0, 20.0, 10.0], [200.0, 0.0, 5.0, 5.0]])
    np.testing.assert_allclose(share_inside(boxes, [SQUARE, SQUARE]), [0.5, 0.0])


def _boxes(*lefts: float) -> np.ndarray:
    """Boxes of 10 x 10 px side by side at these places."""
    return np.array([[left, 0.0, 10.0, 10.0] for left in lefts])


def _detections(*rows: tuple[float, float]) -> np.ndarray:
    """Detections of 10 x 10 px: (left, score)."""
    return np.array([[left, 0.0, 10.0, 10.0, score] for left, score in rows])


def test_match_names_the_person_that_each_detection_took() -> None:
    match = match_picture(_detections((41, 0.5), (1, 0.9), (80, 0.7)), _boxes(0, 20, 40))
    assert match.person.tolist() == [0, -1, 2] and match.outcome.tolist() == [1, 0, 1]


def test_person_rows_count_those_in_ignore_areas_too() -> None:
    area = [[-1.0, -1.0], [11.0, -1.0], [11.0, 11.0], [-1.0, 11.0]]
    match = match_picture(_detections((40, 0.9)), _boxes(0, 40), ignore_areas=[area])
    assert match.people == 1 and match.person.tolist() == [1]


def test_better_detection_chooses_first_and_the_other_takes_what_is_left() -> None:
    """IoU of boxes d apart is (10 - d) / (10 + d); the better one is nearer to the person whom the other needs."""
    people = _boxes(0, 4)
    taken = match_picture(_detections((3, 0.9), (2, 0.8)), people, iou=0.4)
    assert taken.person.tolist() == [1, 0]


def test_of_equal_overlaps_the_last_person_is_taken() -> None:
    assert match_picture(_detections((2, 0.9)), _boxes(0, 4)).person.tolist() == [1]


def test_all_thresholds_in_one_pass_are_those_one_by_one() -> None:
    people, detections = _random_pictures(7, 5)
    truths = [PictureTruth(boxes, 200, 200) for boxes in [*people, np.zeros((0, 4))]]
    found = [candidates(own, truth) for own, truth in zip([*detections, detections[0]], truths, strict=True)]
    ious = [0.3, 0.5, 0.75, 1.0]
    for iou, together in zip(ious, match_candidates(found, ious), strict=True):
        alone = [match_candidates([own], [iou])[0][0] for own in found]
        for one, many in zip(alone, together, strict=True):
            assert one.outcome.tolist() == many.outcome.tolist() and one.person.tolist() == many.person.tolist()


def test_person_outside_is_taken_only_if_nobody_inside_is_left_and_once() -> None:
    truth = PictureTruth(_boxes(0, 1), 100, 100)
    found = candidates(_detections((0, 0.9), (0, 0.8), (0, 0.7)), truth)
    outside = Outside(people=np.array([True, False]), detections=np.zeros(3, dtype=bool))
    match = match_candidates([found], [0.5], [outside])[0][0]
    assert match.people == 1
    assert match.person.tolist() == [1, 0, -1] and match.outcome.tolist() == [1, -1, 0]


def test_detection_outside_is_no_false_alarm() -> None:
    found = candidates(_detections((0, 0.9), (50, 0.8), (70, 0.7)), PictureTruth(_boxes(0), 100, 100))
    outside = Outside(people=np.array([False]), detections=np.array([True, True, False]))
    assert match_candidates([found], [0.5], [outside])[0][0].outcome.tolist() == [1, -1, 0]


def test_only_the_best_detections_count_where_a_limit_is_given() -> None:
    truth = PictureTruth(_boxes(0, 40), 100, 100)
    found = _detections((0, 0.2), (40, 0.9), (70, 0.7))
    assert counts_at(match_pictures([found], [truth], most=2), 0) == Counts(1, 1, 1)


def test_boxes_of_the_wrong_kind_are_refused() -> None:
    truth = PictureTruth(np.zeros((0, 5)), 100, 100)
    with pytest.raises(ValueError, match=r"detections are \(1, 5\): expected rotated boxes, \(n, 6\)"):
        match_pictures([_detections((0, 0.9))], [truth])
    with pytest.raises(ValueError, match="one kind of boxes"):
        PictureTruth(_boxes(0), 100, 100, ignored=np.ones((1, 5)))
    with pytest.raises(ValueError, match=r"IoU thresholds \[0\]"):
        match_pictures([_detections((0, 0.9))], [PictureTruth(_boxes(0), 100, 100)], iou=0)
