"""The rotated detector's loss: SqueezeDet's terms (eval.detectors.squeezedet_loss) and a periodic one for the angle.

A box turned by 180 degrees is the same box, so -89 and 89 degrees lie 2 apart. Duan et al. 2020 (RAPiD), section 3.2:

    error = |mod(predicted - true - 90, 180) - 90|    in 0..90 degrees

of which the loss takes the absolute value, in radians: their periodic L1. Angles are predicted in a range of 360
degrees, twice what is needed: so no true angle lies at the end of the sigmoid that makes them, where it hardly moves.

Anchors have no angle: they are compared with a true box by size and by place in its own frame (RAPiD takes the truth
unturned for that), so that a picture that is turned by a quarter is answered by the anchors turned with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
import torch
from torch import Tensor

from annotate.boxes import rotated_box_corners
from eval.config import LossWeights


@dataclass(frozen=True)
class RotatedPrediction:
    """What the network says of every anchor of a batch.

    deltas: (b, a, 4) corrections of anchors; confidence: (b, a) in 0..1; boxes: (b, a, 5) centre x, centre y, w, h in
    input px and degrees in -180..180, not brought into the canonical form.
    """

    deltas: Tensor
    confidence: Tensor
    boxes: Tensor


@dataclass(frozen=True)
class RotatedTargets:
    """What the anchors of a batch should have said, m of them answering for people.

    picture, anchor: (m,) which anchor of which picture answers; boxes: (m, 5) true rotated boxes in input px;
    deltas: (m, 4); counted: (b, a) False where an anchor without a person is not to be blamed.
    """

    picture: Tensor
    anchor: Tensor
    boxes: Tensor
    deltas: Tensor
    counted: Tensor

    def to(self, device: torch.device) -> RotatedTargets:
        return RotatedTargets(**{name: value.to(device) for name, value in vars(self).items()})


def angle_error(predicted: Tensor, true: Tensor) -> Tensor:
    """By how many degrees two boxes' angles differ, 0..90; angles 180 apart are the same. Equation: see the module."""
    return (torch.remainder(predicted - true - 90.0, 180.0) - 90.0).abs()


def framed_iou(anchors: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(a, m) IoU of anchors (a, 4; centre first) with rotated boxes (m, 5), each anchor turned as the box is."""
    angle = np.radians(boxes[:, 4])
    offset = anchors[:, None, :2] - boxes[None, :, :2]
    along_w = offset[..., 0] * np.cos(angle) + offset[..., 1] * np.sin(angle)
    along_h = offset[..., 0] * np.sin(angle) - offset[..., 1] * np.cos(angle)
    apart = np.abs(np.stack([along_w, along_h], axis=-1))
    own, true = anchors[:, None, 2:], boxes[None, :, 2:4]
    # Two intervals of lengths p and q, d apart, share min(p, q, (p + q) / 2 - d).
    shared = np.minimum(np.minimum(own, true), (own + true) / 2 - apart).clip(min=0).prod(axis=-1)
    return shared / (own.prod(axis=-1) + true.prod(axis=-1) - shared)


def answering_rotated(anchors: np.ndarray, boxes: np.ndarray, match_iou: float) -> tuple[np.ndarray, np.ndarray]:
    """Anchors (a, 4) that answer for rotated boxes (m, 5) and, for each, which box: (k,), (k,), k >= m.

    As squeezedet_loss.answering: each box in turn takes the free anchor that fits best (the nearest, where none
    overlaps); every other anchor that overlaps a box by at least match_iou answers for it too.
    """
    if not len(boxes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    overlap = framed_iou(anchors, boxes)
    chosen = np.zeros(len(boxes), dtype=np.int64)
    taken = np.zeros(len(anchors), dtype=bool)
    for index, box in enumerate(boxes):
        free = np.where(taken, -1.0, overlap[:, index])
        if free.max() <= 0.0:
            free = -np.where(taken, np.inf, np.square(anchors - box[:4]).sum(axis=1))
        chosen[index] = int(free.argmax())
        taken[chosen[index]] = True
    extra = np.flatnonzero((overlap.max(axis=1) >= match_iou) & ~taken)
    return np.concatenate([chosen, extra]), np.concatenate([np.arange(len(boxes)), overlap[extra].argmax(axis=1)])


def build_rotated_targets(
    anchors: np.ndarray, boxes: list[np.ndarray], counted: np.ndarray, match_iou: float = 1.0
) -> RotatedTargets:
    """Targets of a batch. anchors: (a, 4); boxes: per picture (n, 5), input px; counted: (b, a) bool."""
    answers = [(own, *answering_rotated(anchors, own, match_iou)) for own in boxes]
    picture = np.concatenate([np.full(len(chosen), index) for index, (_, chosen, _) in enumerate(answers)])
    chosen = np.concatenate([chosen for _, chosen, _ in answers])
    true = np.concatenate([own[which] for own, _, which in answers]).reshape(-1, 5)
    base = anchors[chosen]
    deltas = np.concatenate([(true[:, :2] - base[:, :2]) / base[:, 2:], np.log(true[:, 2:4] / base[:, 2:])], axis=1)
    return RotatedTargets(
        torch.as_tensor(picture, dtype=torch.long),
        torch.as_tensor(chosen, dtype=torch.long),
        torch.as_tensor(true, dtype=torch.float32),
        torch.as_tensor(deltas, dtype=torch.float32),
        torch.as_tensor(counted),
    )


def paired_rotated_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(k,) exact IoU of rotated boxes (k, 5) with those of the same row (k, 5); 0 where a number is not finite."""
    overlap = np.zeros(len(a))
    finite = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    shapes = [shapely.polygons(rotated_box_corners(boxes[finite])) for boxes in (a, b)]
    inner = shapely.area(shapely.intersection(*shapes))
    overlap[finite] = inner / np.maximum(shapely.area(shapes[0]) + shapely.area(shapes[1]) - inner, 1e-12)
    return overlap


def _iou(a: Tensor, b: Tensor) -> Tensor:
    """paired_rotated_iou of tensors."""
    found = paired_rotated_iou(a.double().cpu().numpy(), b.double().cpu().numpy())
    return torch.as_tensor(found, dtype=torch.float32, device=a.device)


def doubles(boxes: Tensor, targets: RotatedTargets, iou: float) -> Tensor:
    """(b, a) True where a predicted box (b, a, 5) overlaps a true box of its picture by more than iou."""
    double = torch.zeros(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    for index in range(len(double)):
        true = targets.boxes[targets.picture == index]
        place, which = _near(boxes[index], true, iou)
        enough = _iou(boxes[index, place], true[which]) > iou
        double[index, place[enough]] = True
    return double


def _near(boxes: Tensor, true: Tensor, iou: float) -> tuple[Tensor, Tensor]:
    """Pairs of a predicted box and a true one that may overlap by more than iou: few, so that all can be cut exactly.

    Their areas differ by less than a factor of 1 / iou, and the circles around them meet. An overlap of more than half
    of both besides needs each centre within the other's circle: beyond it lies at most half of a box.
    """
    area, true_area = boxes[:, 2:4].prod(dim=1)[:, None], true[:, 2:4].prod(dim=1)[None]
    alike = torch.minimum(area, true_area) > iou * torch.maximum(area, true_area)
    reach, true_reach = (torch.hypot(rows[:, 2], rows[:, 3]) / 2 for rows in (boxes, true))
    most = true_reach[None] + (reach[:, None] if iou < 0.5 else 0.0)
    apart = torch.hypot(boxes[:, None, 0] - true[None, :, 0], boxes[:, None, 1] - true[None, :, 1])
    place, which = torch.nonzero(alike & (apart <= most), as_tuple=True)
    return place, which


def rotated_loss(
    prediction: RotatedPrediction, targets: RotatedTargets, weights: LossWeights, double_iou: float = 0.7
) -> dict[str, Tensor]:
    """The loss terms, weighted, and their sum under "total"; sums over a batch are divided by its answering anchors.

    box, present, absent: as squeezedet_loss, with overlaps of rotated boxes. angle: periodic L1 in radians, with the
    weight of the box, whose part it is. double_iou: predicted boxes that overlap a true one by more are not blamed; 1
    blames all.
    """
    at = (targets.picture, targets.anchor)
    people = max(len(targets.picture), 1)
    with torch.no_grad():
        reached = _iou(prediction.boxes[at], targets.boxes)
        absent = targets.counted.clone()
        if double_iou < 1:
            absent &= ~doubles(prediction.boxes, targets, double_iou)
        absent[at] = False
    box = (prediction.deltas[at] - targets.deltas).square().sum() / people
    turned = angle_error(prediction.boxes[at][:, 4], targets.boxes[:, 4]).sum() * (math.pi / 180) / people
    present = (prediction.confidence[at] - reached).square().sum() / people
    none = (prediction.confidence.square() * absent).sum() / absent.sum().clamp(min=1)
    terms = {
        "box": weights.box * box,
        "angle": weights.box * turned,
        "present": weights.confidence_present * present,
        "absent": weights.confidence_absent * none,
    }
    return {**terms, "total": torch.stack(list(terms.values())).sum()}
