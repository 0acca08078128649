"""Matching of detections with people, precision, recall, F1, AP; pycocotools is the judge of AP."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from eval.measures.matching import (
    Counts,
    average_precision,
    best_threshold,
    counts_at,
    match_picture,
    per_picture_counts,
    share_inside,
)

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


def _coco_ap50(people: list[np.ndarray], detections: list[np.ndarray]) -> float:
    truth = COCO()
    boxes = [(image, box) for image, own in enumerate(people, start=1) for box in own]
    truth.dataset = {
        "images": [{"id": image} for image in range(1, len(people) + 1)],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": k, "image_id": image, "category_id": 1, "bbox": box.tolist(), "area": float(box[2] * box[3]), "iscrowd": 0}
            for k, (image, box) in enumerate(boxes, start=1)
        ],
    }  # fmt: skip
    found = [
        {"image_id": image, "category_id": 1, "bbox": row[:4].tolist(), "score": float(row[4])}
        for image, rows in enumerate(detections, start=1)
        for row in rows
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[1])


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_that_of_pycocotools(seed: int) -> None:
    people, detections = _random_pictures(6, seed)
    matches = [match_picture(found, own) for found, own in zip(detections, people, strict=True)]
    expected = _coco_ap50(people, detections)
    assert 0.1 < expected < 0.95
    assert average_precision(matches) == pytest.approx(expected, abs=1e-9)


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
