"""SqueezeDet's loss and the choice of anchors that answer for people."""

import numpy as np
import pytest
import torch

from eval.config import LossWeights
from eval.detectors.squeezedet import SqueezeDet
from eval.detectors.squeezedet_loss import Prediction, answering, assign, build_targets, squeezedet_loss

ANCHORS = SqueezeDet(np.array([[20.0, 20.0], [40.0, 20.0]])).anchor_boxes(4, 4).double().numpy()
WEIGHTS = LossWeights()


def _prediction(boxes: list[list[float]], confidence: torch.Tensor | None = None) -> Prediction:
    """A prediction whose anchors all give themselves, except the answering ones, which give the true boxes."""
    deltas = torch.zeros(1, len(ANCHORS), 4)
    predicted = torch.as_tensor(ANCHORS, dtype=torch.float32)[None].clone()
    targets = build_targets(ANCHORS, [np.array(boxes).reshape(-1, 4)], np.ones((1, len(ANCHORS)), bool))
    deltas[0, targets.anchor], predicted[0, targets.anchor] = targets.deltas, targets.boxes
    if confidence is None:
        confidence = torch.zeros(1, len(ANCHORS))
        confidence[0, targets.anchor] = 1.0
    return Prediction(deltas, confidence, torch.zeros(1, len(ANCHORS), 1), predicted)


def _targets(boxes: list[list[float]], counted: np.ndarray | None = None, match_iou: float = 1.0):
    counted = np.ones((1, len(ANCHORS)), bool) if counted is None else counted
    return build_targets(ANCHORS, [np.array(boxes, dtype=float).reshape(-1, 4)], counted, match_iou)


def test_perfect_prediction_costs_nothing() -> None:
    boxes = [[10.0, 12.0, 22.0, 18.0], [30.0, 35.0, 40.0, 20.0]]
    terms = squeezedet_loss(_prediction(boxes), _targets(boxes), WEIGHTS)
    assert float(terms["total"]) == pytest.approx(0.0, abs=1e-9)


def test_terms_are_those_of_the_paper() -> None:
    """Worked by hand: one person, its anchor says confidence 0.4 with the right box, all others 0.5."""
    boxes = [[10.0, 12.0, 22.0, 18.0]]
    targets = _targets(boxes)
    confidence = torch.full((1, len(ANCHORS)), 0.5)
    confidence[0, targets.anchor] = 0.4
    terms = squeezedet_loss(_prediction(boxes, confidence), targets, WEIGHTS, double_iou=1.0)
    assert float(terms["present"]) == pytest.approx(75 * (1 - 0.4) ** 2, rel=1e-5)
    assert float(terms["absent"]) == pytest.approx(100 * 0.5**2, rel=1e-5)
    assert float(terms["box"]) == 0.0 and float(terms["classes"]) == 0.0


def test_box_error_is_squared_distance_of_deltas() -> None:
    boxes = [[10.0, 12.0, 22.0, 18.0]]
    targets, prediction = _targets(boxes), _prediction(boxes)
    prediction.deltas[0, targets.anchor, 1] += 0.3
    assert float(squeezedet_loss(prediction, targets, WEIGHTS)["box"]) == pytest.approx(5 * 0.09, rel=1e-4)


def test_ignored_anchors_are_not_blamed() -> None:
    confidence = torch.zeros(1, len(ANCHORS))
    confidence[0, 5] = 0.9
    counted = np.ones((1, len(ANCHORS)), bool)
    blamed = squeezedet_loss(_prediction([], confidence), _targets([], counted), WEIGHTS)["total"]
    counted[0, 5] = False
    free = squeezedet_loss(_prediction([], confidence), _targets([], counted), WEIGHTS)["total"]
    assert float(blamed) > 0 and float(free) == 0.0


def test_picture_without_people_has_a_finite_loss_with_gradient() -> None:
    confidence = torch.full((1, len(ANCHORS)), 0.3, requires_grad=True)
    loss = squeezedet_loss(_prediction([], confidence), _targets([]), WEIGHTS)["total"]
    loss.backward()
    assert torch.isfinite(loss) and (confidence.grad > 0).all()


def test_every_person_gets_an_anchor_of_their_own() -> None:
    same = np.array([[24.0, 24.0, 20.0, 20.0]] * 3)
    assert len(set(assign(ANCHORS, same).tolist())) == 3


def test_person_too_small_for_any_anchor_is_answered_by_the_nearest() -> None:
    chosen = assign(ANCHORS, np.array([[500.0, 500.0, 5.0, 5.0]]))
    np.testing.assert_allclose(ANCHORS[chosen[0], :2], [56, 56])


def test_well_overlapping_anchors_answer_too_each_for_its_best_person() -> None:
    people = np.array([[24.0, 24.0, 20.0, 20.0], [40.0, 24.0, 20.0, 20.0]])
    chosen, which = answering(ANCHORS, people, match_iou=0.45)
    assert len(chosen) > 2 and len(set(chosen.tolist())) == len(chosen)
    for anchor, person in zip(chosen, which, strict=True):
        nearest = np.abs(people[:, 0] - ANCHORS[anchor, 0])
        assert nearest[person] == nearest.min()
    assert answering(ANCHORS, people, match_iou=1.0)[0].shape == (2,)
