"""Boxes against pycocotools, OpenCV and shapely."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Polygon
from shapely.geometry import box as unit_square

from annotate import boxes as bx


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.hstack([rng.uniform(-20, 200, (count, 2)), rng.uniform(0.5, 90, (count, 2))])


def test_iou_agrees_with_pycocotools() -> None:
    rng = np.random.default_rng(3)
    a, b = random_boxes(rng, 40), random_boxes(rng, 55)
    expected = coco_mask.iou(a, b, np.zeros(len(b), np.uint8))
    assert (expected > 0).sum() > 50
    np.testing.assert_allclose(bx.iou_matrix(a, b), expected, atol=1e-12)


def test_iou_of_empty_sets_and_of_boxes_without_area() -> None:
    one = [[0.0, 0.0, 2.0, 2.0]]
    assert bx.iou_matrix([], one).shape == (0, 1)
    assert bx.iou_matrix(one, np.empty((0, 4))).shape == (1, 0)
    np.testing.assert_array_equal(bx.iou_matrix([[1, 1, 0, 0]], [[1, 1, 0, 0]]), [[0.0]])
    np.testing.assert_array_equal(bx.iou_matrix(one, one), [[1.0]])


def test_conversions_are_inverse() -> None:
    boxes = random_boxes(np.random.default_rng(1), 20)
    np.testing.assert_allclose(bx.xywh_from_xyxy(bx.xyxy_from_xywh(boxes)), boxes)
    np.testing.assert_allclose(bx.xywh_from_cxcywh(bx.cxcywh_from_xywh(boxes)), boxes)
    np.testing.assert_allclose(bx.xyxy_from_xywh([[3, 4, 10, 20]]), [[3, 4, 13, 24]])
    np.testing.assert_allclose(bx.cxcywh_from_xywh([[3, 4, 10, 20]]), [[8, 14, 10, 20]])


def test_mask_box_agrees_with_pycocotools_and_counts_edges() -> None:
    mask = np.zeros((40, 50), bool)
    mask[7:12, 3:6] = True
    assert bx.mask_to_box(mask) == [3.0, 7.0, 3.0, 5.0]
    mask[30, 44] = True
    expected = coco_mask.toBbox(coco_mask.encode(np.asfortranarray(mask.astype(np.uint8))))
    np.testing.assert_array_equal(bx.mask_to_box(mask), expected)
    assert bx.mask_to_box(np.zeros((4, 4), bool)) is None


def test_boxes_of_all_instances_are_those_of_each_mask() -> None:
    rng = np.random.default_rng(5)
    mask = np.zeros((60, 80), np.uint16)
    for instance in (1, 2, 7, 40000):
        x, y = rng.integers(0, 60), rng.integers(0, 40)
        mask[y : y + 15, x : x + 11] = instance
    found = bx.instance_boxes(mask)
    assert found == {int(i): bx.mask_to_box(mask == i) for i in np.unique(mask) if i}
    assert bx.instance_boxes(np.zeros((4, 4), np.uint16)) == {}


def test_clipping_keeps_the_part_inside_the_picture() -> None:
    clipped = bx.clip_boxes([[-5, 10, 20, 20], [90, 40, 20, 20], [200, 0, 5, 5]], 100, 50)
    np.testing.assert_allclose(clipped, [[0, 10, 15, 20], [90, 40, 10, 10], [100, 0, 0, 5]])


def test_an_unturned_rotated_box_has_the_corners_of_the_upright_box() -> None:
    np.testing.assert_allclose(bx.rotated_box_corners([[20, 30, 8, 18, 0]])[0], bx.box_corners([16, 21, 8, 18]))


def test_rotated_box_angle_runs_clockwise_from_the_vertical_to_the_h_axis() -> None:
    corners = bx.rotated_box_corners([[50, 50, 4, 40, 90], [50, 50, 4, 40, 30], [50, 50, 4, 40, -90]])
    top = corners[:, :2].mean(axis=1) - 50
    np.testing.assert_allclose(top[0], [20, 0], atol=1e-9)
    np.testing.assert_allclose(top[1], [20 * np.sin(np.radians(30)), -20 * np.cos(np.radians(30))], atol=1e-9)
    np.testing.assert_allclose(top[2], [-20, 0], atol=1e-9)


@pytest.mark.parametrize("degrees", [-90.0, -41.0, 0.0, 17.0, 77.0])
def test_rotated_corners_agree_with_opencv(degrees: float) -> None:
    # OpenCV's RotatedRect turns clockwise too, its width axis starting at the picture's horizontal.
    expected = cv2.boxPoints(((60.0, 70.0), (10.0, 30.0), degrees))
    ours = bx.rotated_box_corners([[60, 70, 10, 30, degrees]])[0]
    distance = np.linalg.norm(ours[:, None] - expected[None], axis=2)
    assert (distance.min(axis=1) < 1e-4).all() and len(set(distance.argmin(axis=1))) == 4


def test_canonical_rotated_boxes_are_the_same_boxes_standing() -> None:
    rng = np.random.default_rng(9)
    boxes = np.hstack([rng.uniform(0, 100, (50, 2)), rng.uniform(5, 60, (50, 2)), rng.uniform(-400, 400, (50, 1))])
    canonical = bx.canonical_rotated_boxes(boxes)
    assert (canonical[:, 3] >= canonical[:, 2]).all()
    assert ((canonical[:, 4] >= -90) & (canonical[:, 4] < 90)).all()
    for before, after in zip(bx.rotated_box_corners(boxes), bx.rotated_box_corners(canonical), strict=True):
        distance = np.linalg.norm(before[:, None] - after[None], axis=2)
        np.testing.assert_allclose(distance.min(axis=1), 0, atol=1e-9)


def test_box_around_points() -> None:
    assert bx.upright_box_of([[3, 9], [7, 2], [5, 5]]) == [3.0, 2.0, 4.0, 7.0]


def squares(mask: np.ndarray) -> MultiPolygon:
    """The pixels of a mask as unit squares."""
    return MultiPolygon([unit_square(x, y, x + 1, y + 1) for y, x in np.argwhere(mask)])


def random_mask(rng: np.random.Generator) -> np.ndarray:
    """A turned ellipse with holes."""
    mask = np.zeros((80, 100), np.uint8)
    centre, axes = (
        (int(rng.integers(25, 75)), int(rng.integers(25, 55))),
        (int(rng.integers(2, 22)), int(rng.integers(1, 9))),
    )
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return (mask > 0) & (rng.random(mask.shape) < 0.7)


def test_outline_of_pixels_has_the_hull_of_their_squares() -> None:
    rng = np.random.default_rng(2)
    for _ in range(10):
        mask = random_mask(rng)
        outline = MultiPoint(bx.pixel_outline(*np.nonzero(mask))).convex_hull
        assert outline.symmetric_difference(squares(mask).convex_hull).area == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("degrees", [-90.0, -33.0, 0.0, 45.0, 71.5])
def test_rotated_box_around_pixels_is_tight_on_all_four_sides(degrees: float) -> None:
    mask = random_mask(np.random.default_rng(7))
    box = bx.rotated_box_around(bx.pixel_outline(*np.nonzero(mask)), degrees)
    shape = Polygon(bx.rotated_box_corners([box])[0])

    hull = squares(mask).convex_hull
    assert shape.buffer(1e-9).contains(hull)
    corners = bx.rotated_box_corners([box])[0]
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        assert LineString([start, end]).distance(hull) < 1e-9


def test_least_rotated_box_has_the_area_that_shapely_finds() -> None:
    rng = np.random.default_rng(4)
    for _ in range(15):
        mask = random_mask(rng)
        box = bx.least_rotated_box(bx.pixel_outline(*np.nonzero(mask)))
        assert box[2] * box[3] == pytest.approx(squares(mask).minimum_rotated_rectangle.area, rel=1e-4)
        assert box[3] >= box[2] and -90 <= box[4] < 90


def test_radius_box_is_tight_and_its_axis_passes_through_the_nadir() -> None:
    rng = np.random.default_rng(6)
    wide = 0
    for _ in range(40):
        mask, nadir = random_mask(rng), rng.uniform(-40, 140, 2)
        cx, cy, w, h, degrees = bx.radius_box(bx.pixel_outline(*np.nonzero(mask)), nadir)
        along = np.array([np.sin(np.radians(degrees)), -np.cos(np.radians(degrees))])
        aside = np.array([along[1], -along[0]])
        assert abs((np.array([cx, cy]) - nadir) @ aside) < 1e-6
        np.testing.assert_allclose(
            bx.rotated_box_around(bx.pixel_outline(*np.nonzero(mask)), degrees), [cx, cy, w, h, degrees], atol=1e-9
        )
        wide += w > h
    assert wide > 3


def test_radius_box_of_pixels_around_the_nadir_and_of_one_pixel_is_finite() -> None:
    assert np.isfinite(bx.radius_box([[-3, -3], [3, -3], [3, 3], [-3, 3]], [0, 0])).all()
    one = bx.radius_box(bx.pixel_outline([5], [9]), [9.5, 0.0])
    np.testing.assert_allclose(one, [9.5, 5.5, 1, 1, 0], atol=1e-9)
