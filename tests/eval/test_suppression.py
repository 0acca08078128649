"""Non-maximum suppression of upright and rotated boxes."""

import math

import numpy as np
import pytest
import torch

from eval.detectors.base import CANDIDATES, filtered
from eval.detectors.suppression import kept_boxes, rotated_iou
from eval.networks.torchvision_guard import plain_nms


def test_squares_a_quarter_of_a_quarter_apart_share_an_octagon() -> None:
    """Unit squares 45 degrees apart share a regular octagon of area 2 (sqrt 2 - 1)."""
    shared = 2 * (math.sqrt(2) - 1)
    iou = rotated_iou(np.array([[5.0, 5.0, 1.0, 1.0, 0.0]]), np.array([[5.0, 5.0, 1.0, 1.0, 45.0]]))
    assert iou[0, 0] == pytest.approx(shared / (2 - shared))


def test_overlaps_of_rotated_boxes_by_hand() -> None:
    """A cross of two bars 10 x 40 shares 10 x 10; a box turned by 180 is itself; far ones share nothing."""
    bar = np.array([[50.0, 50.0, 10.0, 40.0, 30.0]])
    others = np.array([[50, 50, 10, 40, -60], [50, 50, 10, 40, -150], [50, 50, 40, 10, 120], [90, 50, 10, 40, 30.0]])
    np.testing.assert_allclose(rotated_iou(bar, others)[0], [100 / 700, 1, 1, 0], atol=1e-9)


def test_crossing_bars_are_two_people_though_their_upright_boxes_are_one() -> None:
    crossing = np.array([[50.0, 50.0, 10.0, 40.0, 45.0], [50.0, 50.0, 10.0, 40.0, -45.0], [51, 50, 10, 40, -44.0]])
    kept = kept_boxes(crossing, np.array([0.7, 0.8, 0.9]), 0.45)
    assert kept.tolist() == [2, 0]


def test_upright_boxes_are_kept_as_by_another_implementation() -> None:
    rng = np.random.default_rng(0)
    boxes = np.hstack([rng.uniform(0, 60, (80, 2)), rng.uniform(5, 40, (80, 2))])
    scores = rng.permutation(80) / 80
    corners = np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])
    for iou in (0.2, 0.45, 0.7):
        expected = plain_nms(torch.as_tensor(corners), torch.as_tensor(scores), iou)
        assert kept_boxes(boxes, scores, iou).tolist() == expected.tolist()


def test_a_chain_of_boxes_loses_only_those_next_to_kept_ones() -> None:
    """Each overlaps the next by 1/3; the second goes by the first, so the third, free of the first, stays."""
    chain = np.array([[x, 50.0, 20.0, 20.0, 0.0] for x in (10.0, 20.0, 30.0, 40.0)])
    for boxes in (chain, chain[:, :4]):
        assert kept_boxes(boxes, np.array([0.9, 0.8, 0.7, 0.6]), 0.3).tolist() == [0, 2]
        assert kept_boxes(boxes, np.array([0.9, 0.8, 0.7, 0.6]), 0.4).tolist() == [0, 1, 2, 3]


def test_filtered_detections_have_corners_if_upright_and_centres_if_rotated() -> None:
    boxes = torch.tensor([[50.0, 40.0, 10.0, 20.0, 15.0], [51.0, 40.0, 10.0, 20.0, 15.0], [9.0, 9.0, 4.0, 4.0, 0.0]])
    scores = torch.tensor([0.5, 0.75, 0.01])
    np.testing.assert_allclose(filtered(boxes, scores), [[51, 40, 10, 20, 15, 0.75]])
    np.testing.assert_allclose(filtered(boxes[:, :4], scores), [[46, 30, 10, 20, 0.75]])
    assert filtered(boxes, scores, min_score=0.9).shape == (0, 6)
    assert filtered(boxes[:, :4], scores, min_score=0.9).shape == (0, 5)


def test_only_the_best_of_very_many_boxes_are_looked_at() -> None:
    apart = torch.stack([torch.arange(400.0) * 50, torch.zeros(400), torch.ones(400), torch.ones(400)], dim=1)
    scores = torch.linspace(0.1, 0.9, 400)
    found = filtered(apart, scores, nms_iou=0.45)
    assert len(found) == 100 < CANDIDATES
    np.testing.assert_allclose(found[:, 4], scores.flip(0)[:100].numpy())
