"""Parts of the people: who belongs to which, and what counts against it; ranges are held against pycocotools elsewhere."""

import numpy as np
import pytest

from annotate.dataset import Person
from eval.measures.matching import Counts, counts_at, match_pictures
from eval.measures.pairing import candidates
from eval.measures.strata import (
    Stratification,
    by_crowding,
    by_distance,
    by_occlusion,
    by_pose,
    by_size,
    match_stratum,
    nadir_distance,
    neighbour_overlap,
    stratifications,
)
from eval.measures.truth import PictureTruth


def _labels(boxes: np.ndarray, **fields: list) -> list[Person]:
    return [
        Person(instance_id=row + 1, bbox=tuple(box), **{name: values[row] for name, values in fields.items()})
        for row, box in enumerate(boxes.tolist())
    ]


def _counts(division: Stratification, truth: PictureTruth, detections: np.ndarray) -> dict[str, Counts]:
    matches = match_pictures([detections], [truth])
    found = [candidates(detections, truth)]
    return {
        stratum.label: counts_at(match_stratum(stratum, found, [truth], matches, 0.5), 0.5)
        for stratum in division.strata
    }


def test_distance_is_a_share_of_half_the_diagonal_or_of_the_lens_circle() -> None:
    boxes = np.array([[190.0, 140.0, 20.0, 20.0], [240.0, 140.0, 20.0, 20.0]])
    np.testing.assert_allclose(nadir_distance(boxes, PictureTruth(boxes, 400, 300)), [0, 50 / 250])
    circle = PictureTruth(boxes, 400, 300, nadir_px=np.array([150.0, 150.0]), radius_px=200.0)
    np.testing.assert_allclose(nadir_distance(boxes, circle), [50 / 200, 100 / 200])
    rotated = PictureTruth(np.array([[250.0, 150.0, 20.0, 20.0, 30.0]]), 400, 300)
    np.testing.assert_allclose(nadir_distance(rotated.boxes, rotated), [50 / 250])


def test_distance_counts_people_and_false_alarms_of_one_ring() -> None:
    """Half diagonal 500: a person at 0.05, one at 0.6; an alarm at 0.1, one at 0.6; the far person is not found."""
    people = np.array([[410.0, 290.0, 30.0, 20.0], [690.0, 290.0, 20.0, 20.0]])
    detections = np.array(
        [[411, 290, 30, 20, 0.9], [440, 290, 20, 20, 0.8], [90, 290, 20, 20, 0.7], [400, 0, 20, 20, 0.1]], float
    )
    truth = PictureTruth(people, 800, 600)
    counts = _counts(by_distance([truth]), truth, detections)
    assert counts == {"under 0.25": Counts(1, 1, 0), "0.5 to 0.75": Counts(0, 1, 1)}
    assert "half the picture's diagonal" in by_distance([truth]).rule


def test_detection_of_a_person_just_outside_a_range_is_excused_on_both_sides() -> None:
    """A person of 30 px found by a box of 34 px: found among the small; among the large neither missed nor an alarm."""
    people = np.array([[100.0, 100.0, 30.0, 30.0], [200.0, 200.0, 40.0, 40.0]])
    truth = PictureTruth(people, 400, 400)
    counts = _counts(by_size([truth]), truth, np.array([[100.0, 100.0, 34.0, 34.0, 0.9]]))
    assert counts == {"under 32 px": Counts(1, 0, 0), "32 px to 64 px": Counts(0, 0, 1)}


def test_crowding_is_the_largest_overlap_with_a_neighbour() -> None:
    """Boxes d apart of 10 px overlap by (10 - d) / (10 + d): 1/3 at 5 px, 1/19 at 9 px."""
    boxes = np.array([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 10.0, 10.0], [50.0, 0.0, 10.0, 10.0]])
    truth = PictureTruth(boxes, 100, 100, ignored=np.array([[59.0, 0.0, 10.0, 10.0]]))
    np.testing.assert_allclose(neighbour_overlap(truth), [1 / 3, 1 / 3, 1 / 19])
    holds = {stratum.label: stratum.holds[0].tolist() for stratum in by_crowding([truth]).strata}
    assert holds == {"overlap up to 0.2": [False, False, True], "overlap over 0.2": [True, True, False]}


def test_false_alarms_count_against_every_part_that_only_labels_know() -> None:
    people = np.array([[0.0, 0.0, 20.0, 20.0], [50.0, 0.0, 20.0, 20.0], [100.0, 0.0, 20.0, 20.0]])
    labels = _labels(people, visible_fraction=[0.95, 0.6, None])
    detections = np.array([[0, 0, 20, 20, 0.9], [100, 0, 20, 20, 0.8], [200, 0, 20, 20, 0.7], [0, 50, 9, 9, 0.6]])
    truth = PictureTruth(people, 300, 300, people=labels)
    counts = _counts(by_occlusion([truth]), truth, detections)
    assert counts == {"over 0.9 visible": Counts(1, 2, 0), "0.5 to 0.9 visible": Counts(0, 2, 1)}


def test_poses_are_read_from_attributes_most_frequent_first() -> None:
    people = np.array([[50.0 * place, 0.0, 20.0, 20.0] for place in range(5)])
    attributes = [
        {"activity": "standing"},
        {"activity": "sitting"},
        {"pose": {"activity": "sitting"}},
        {},
        {"posture": "lying"},
    ]
    truth = PictureTruth(people, 300, 300, people=_labels(people, attributes=attributes))
    division = by_pose([truth])
    assert [stratum.label for stratum in division.strata] == ["sitting", "lying", "standing"]
    assert division.strata[0].holds[0].tolist() == [False, True, True, False, False]


def test_person_in_an_ignore_area_belongs_to_no_part() -> None:
    people = np.array([[0.0, 0.0, 20.0, 20.0], [100.0, 0.0, 20.0, 20.0]])
    area = [[-5.0, -5.0], [30.0, -5.0], [30.0, 30.0], [-5.0, 30.0]]
    truth = PictureTruth(people, 300, 300, areas=[area], people=_labels(people, visible_fraction=[1.0, 1.0]))
    assert _counts(by_occlusion([truth]), truth, np.zeros((0, 5))) == {"over 0.9 visible": Counts(0, 0, 1)}


def test_only_divisions_that_the_labels_allow_are_made() -> None:
    near, far = np.array([[145.0, 145.0, 10.0, 10.0]]), np.array([[0.0, 0.0, 70.0, 70.0]])
    bare = [PictureTruth(near, 300, 300), PictureTruth(far, 300, 300), PictureTruth(np.zeros((0, 4)), 300, 300)]
    assert [division.name for division in stratifications(bare)] == ["distance", "size"]
    assert stratifications(bare[2:]) == []


def test_labels_that_do_not_belong_to_the_boxes_are_refused() -> None:
    people = np.array([[0.0, 0.0, 20.0, 20.0], [100.0, 0.0, 20.0, 20.0]])
    with pytest.raises(ValueError, match="2 boxes but 1 people"):
        PictureTruth(people, 300, 300, people=_labels(people[:1]))
