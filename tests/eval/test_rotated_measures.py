"""Overlap of rotated boxes: masks as CEPDOF's evaluation compares them, the exact polygons beside."""

import numpy as np
import pytest
import shapely
from pycocotools import mask as coco_mask

from annotate.boxes import canonical_rotated_boxes, iou_matrix
from eval.measures.matching import Counts, counts_at, match_pictures
from eval.measures.overlap import box_overlap, box_shapes, centres_px, rotated_iou, share_inside
from eval.measures.truth import PictureTruth


def _random_boxes(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sides = np.sort(rng.uniform(30, 90, (count, 2)), axis=1)
    return np.concatenate([rng.uniform(150, 250, (count, 2)), sides, rng.uniform(-90, 90, (count, 1))], axis=1)


def test_overlap_is_near_that_of_the_exact_polygons() -> None:
    a, b = _random_boxes(30, 0), _random_boxes(20, 1)
    first, second = box_shapes(a)[:, None], box_shapes(b)[None]
    exact = shapely.area(shapely.intersection(first, second)) / shapely.area(shapely.union(first, second))
    assert exact.max() > 0.6 and (exact == 0).any()
    np.testing.assert_allclose(rotated_iou(a, b, 400, 400), exact, atol=0.015)


def test_boxes_that_are_not_turned_overlap_as_upright_ones() -> None:
    """At whole pixels the mask is the box."""
    a, b = np.array([[30.0, 40, 20, 40, 0], [90, 90, 20, 60, 0]]), np.array([[35.0, 45, 30, 50, 0]])
    upright = [np.concatenate([boxes[:, :2] - boxes[:, 2:4] / 2, boxes[:, 2:4]], axis=1) for boxes in (a, b)]
    np.testing.assert_allclose(rotated_iou(a, b, 128, 128), iou_matrix(*upright), atol=1e-12)


def test_degrees_run_clockwise_from_the_vertical_as_in_cepdof() -> None:
    """h of a box at +45 degrees points to the upper right: its corner is there, not at the upper left."""
    box = np.array([[100.0, 100.0, 10.0, 100.0, 45.0]])
    upper_right, upper_left = np.array([[130.0, 70.0, 10.0, 10.0, 0.0]]), np.array([[70.0, 70.0, 10.0, 10.0, 0.0]])
    assert rotated_iou(box, upper_right, 200, 200)[0, 0] > 0.05
    assert rotated_iou(box, upper_left, 200, 200)[0, 0] == 0


def test_the_same_box_written_in_another_way_overlaps_wholly() -> None:
    boxes = np.array([[100.0, 100.0, 30.0, 70.0, 20.0]])
    for other in ([100.0, 100.0, 30.0, 70.0, 200.0], [100.0, 100.0, 70.0, 30.0, 110.0]):
        assert rotated_iou(boxes, np.array([other]), 200, 200)[0, 0] > 0.97
        np.testing.assert_allclose(canonical_rotated_boxes([other])[0], boxes[0])


def test_masks_are_cut_by_the_picture() -> None:
    """Half of the box lies outside: what is left inside is compared."""
    half = np.array([[0.0, 50.0, 40.0, 60.0, 0.0]])
    inside = np.array([[10.0, 50.0, 20.0, 60.0, 0.0]])
    assert rotated_iou(half, inside, 100, 100)[0, 0] == pytest.approx(1.0)


def test_overlap_does_not_depend_on_where_in_a_picture_boxes_lie() -> None:
    """Moved by whole pixels, in a larger picture: the same masks."""
    a, b = _random_boxes(15, 2), _random_boxes(15, 3)
    move = np.array([813.0, 402.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(rotated_iou(a, b, 400, 400), rotated_iou(a + move, b + move, 2048, 2048), atol=1e-12)


def test_overlap_is_the_count_of_shared_pixels() -> None:
    a, b = _random_boxes(6, 4), _random_boxes(5, 5)

    def pixels(boxes: np.ndarray) -> np.ndarray:
        corners = [list(shape.exterior.coords)[:4] for shape in box_shapes(boxes)]
        runs = coco_mask.frPyObjects([np.ravel(own).tolist() for own in corners], 400, 400)
        return coco_mask.decode(runs).astype(bool).reshape(-1, len(boxes)).T

    first, second = pixels(a)[:, None], pixels(b)[None]
    shared = (first & second).sum(axis=2) / (first | second).sum(axis=2)
    np.testing.assert_allclose(rotated_iou(a, b, 400, 400), shared, atol=1e-12)


def test_no_boxes_have_no_overlap() -> None:
    assert box_overlap(np.zeros((0, 5)), _random_boxes(3, 0), 400, 400).shape == (0, 3)
    assert box_overlap(_random_boxes(3, 0), np.zeros((0, 5)), 400, 400).shape == (3, 0)
    with pytest.raises(ValueError, match="different kinds"):
        box_overlap(_random_boxes(1, 0), np.ones((1, 4)), 400, 400)


def test_share_of_a_turned_box_in_an_area_is_exact() -> None:
    """A square on its corner, half of it right of the line."""
    boxes = np.array([[100.0, 100.0, 20.0, 20.0, 45.0], [40.0, 100.0, 20.0, 20.0, 45.0]])
    right = [[100.0, 0.0], [200.0, 0.0], [200.0, 200.0], [100.0, 200.0]]
    np.testing.assert_allclose(share_inside(boxes, [right]), [0.5, 0.0], atol=1e-9)
    np.testing.assert_allclose(centres_px(boxes), [[100, 100], [40, 100]])


def test_turned_people_are_found_missed_and_ignored() -> None:
    people = np.array([[100.0, 100.0, 30.0, 70.0, 20.0], [200.0, 200.0, 30.0, 70.0, -60.0]])
    hidden = np.array([[300.0, 300.0, 30.0, 70.0, 10.0]])
    area = [[0.0, 300.0], [60.0, 300.0], [60.0, 400.0], [0.0, 400.0]]
    truth = PictureTruth(people, 400, 400, ignored=hidden, areas=[area])
    right, crosswise = [102.0, 99.0, 32.0, 68.0, 24.0, 0.9], [200.0, 200.0, 30.0, 70.0, 30.0, 0.8]
    excused = [[301.0, 300.0, 30.0, 70.0, 12.0, 0.7], [30.0, 350.0, 20.0, 40.0, 45.0, 0.6]]
    matches = match_pictures([np.array([right, crosswise, *excused])], [truth])
    assert matches[0].outcome.tolist() == [1, 0, -1, -1] and matches[0].person.tolist()[:2] == [0, -1]
    assert counts_at(matches, 0.0) == Counts(1, 1, 1)
