"""SqueezeDet's loss: box regression, confidence regression, class cross-entropy (Wu et al. 2017, section 3.3).

Every true box is answered by one anchor, the free one with the highest IoU (by distance where none overlaps). The
confidence of an answering anchor is pulled to the IoU its box reaches, that of every other anchor to zero. Anchors
in ignore areas are left out of the latter.

Two things differ from the paper, both to learn from a few dozen pictures, and both can be switched off in
TrainingConfig: other anchors that overlap a true box well (match_iou) answer for it too; and anchors whose predicted
box already overlaps a true box well (double_iou) are not blamed: non-maximum suppression removes such doubles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional

from annotate.boxes import cxcywh_from_xywh, iou_matrix, xywh_from_cxcywh
from eval.config import LossWeights


@dataclass(frozen=True)
class Prediction:
    """What the network says of every anchor of a batch.

    deltas: (b, a, 4) box corrections; confidence: (b, a) in 0..1; class_logits: (b, a, classes);
    boxes: (b, a, 4) centre x, centre y, w, h in input px.
    """

    deltas: torch.Tensor
    confidence: torch.Tensor
    class_logits: torch.Tensor
    boxes: torch.Tensor

    def scores(self) -> torch.Tensor:
        """(b, a) confidence times the probability of the likeliest class."""
        return self.confidence * self.class_logits.softmax(dim=-1).amax(dim=-1)


@dataclass(frozen=True)
class Targets:
    """What the anchors of a batch should have said, m being the number of true boxes in all its pictures.

    picture, anchor: (m,) which anchor of which picture answers; boxes: (m, 4) centre x, centre y, w, h in input px;
    deltas: (m, 4); classes: (m,); counted: (b, a) False where an anchor without a person is not to be blamed.
    """

    picture: torch.Tensor
    anchor: torch.Tensor
    boxes: torch.Tensor
    deltas: torch.Tensor
    classes: torch.Tensor
    counted: torch.Tensor

    def to(self, device: torch.device) -> Targets:
        return Targets(**{name: value.to(device) for name, value in vars(self).items()})


def assign(anchors: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Index of the anchor that answers each true box, (m,), all different.

    anchors: (a, 4), boxes: (m, 4), both centre x, centre y, w, h. Boxes choose one after another, as in the paper.
    """
    overlap = iou_matrix(xywh_from_cxcywh(boxes), xywh_from_cxcywh(anchors))
    taken = np.zeros(len(anchors), dtype=bool)
    chosen = np.zeros(len(boxes), dtype=np.int64)
    for index, box in enumerate(boxes):
        free = np.where(taken, -1.0, overlap[index])
        if free.max() <= 0.0:
            free = -np.where(taken, np.inf, np.square(anchors - box).sum(axis=1))
        chosen[index] = int(free.argmax())
        taken[chosen[index]] = True
    return chosen


def answering(anchors: np.ndarray, boxes: np.ndarray, match_iou: float) -> tuple[np.ndarray, np.ndarray]:
    """Anchors that answer for true boxes and, for each, which box: (k,), (k,), k >= m.

    The one that each box chose (see assign) and every other one that overlaps a box by at least match_iou.
    """
    chosen = assign(anchors, boxes)
    overlap = (
        iou_matrix(xywh_from_cxcywh(anchors), xywh_from_cxcywh(boxes)) if len(boxes) else np.zeros((len(anchors), 1))
    )
    more = overlap.max(axis=1) >= match_iou
    more[chosen] = False
    extra = np.flatnonzero(more)
    return np.concatenate([chosen, extra]), np.concatenate([np.arange(len(boxes)), overlap[extra].argmax(axis=1)])


def build_targets(anchors: np.ndarray, boxes: list[np.ndarray], counted: np.ndarray, match_iou: float = 1.0) -> Targets:
    """Targets of a batch. boxes: per picture (n, 4) [x, y, w, h] px; counted: (b, a) bool, see Targets."""
    answers = [(cxcywh_from_xywh(own), *answering(anchors, cxcywh_from_xywh(own), match_iou)) for own in boxes]
    picture = np.concatenate([np.full(len(chosen), index) for index, (_, chosen, _) in enumerate(answers)])
    chosen = np.concatenate([chosen for _, chosen, _ in answers])
    all_true = np.concatenate([true[which] for true, _, which in answers])
    base = anchors[chosen]
    deltas = np.concatenate([(all_true[:, :2] - base[:, :2]) / base[:, 2:], np.log(all_true[:, 2:] / base[:, 2:])], 1)
    return Targets(
        torch.as_tensor(picture, dtype=torch.long),
        torch.as_tensor(chosen, dtype=torch.long),
        torch.as_tensor(all_true, dtype=torch.float32),
        torch.as_tensor(deltas, dtype=torch.float32),
        torch.zeros(len(chosen), dtype=torch.long),
        torch.as_tensor(counted),
    )


def _paired_iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """IoU of boxes (…, 4) given by centre and size, broadcast against each other."""
    high = torch.minimum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2)
    low = torch.maximum(a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2)
    inner = (high - low).clamp(min=0).prod(dim=-1)
    return inner / (a[..., 2:].prod(dim=-1) + b[..., 2:].prod(dim=-1) - inner).clamp(min=1e-9)


def _doubles(prediction: Prediction, targets: Targets, iou: float) -> torch.Tensor:
    """(b, a) True where a predicted box overlaps a true box of its picture by more than iou."""
    double = torch.zeros_like(prediction.confidence, dtype=torch.bool)
    for index in range(len(double)):
        true = targets.boxes[targets.picture == index]
        if len(true):
            double[index] = _paired_iou(prediction.boxes[index][:, None], true[None]).amax(dim=1) > iou
    return double


def squeezedet_loss(
    prediction: Prediction, targets: Targets, weights: LossWeights, double_iou: float = 0.7
) -> dict[str, torch.Tensor]:
    """The loss terms, weighted, and their sum under "total"; sums over a batch are divided by its true boxes.

    double_iou: predicted boxes that overlap a true box by more are not blamed; 1 gives the paper's loss.
    """
    at = (targets.picture, targets.anchor)
    people = max(len(targets.picture), 1)
    with torch.no_grad():
        reached = _paired_iou(prediction.boxes[at], targets.boxes)
        absent = targets.counted & ~_doubles(prediction, targets, double_iou) if double_iou < 1 else targets.counted
        absent = absent.clone()
        absent[at] = False
    box = (prediction.deltas[at] - targets.deltas).square().sum() / people
    present = (prediction.confidence[at] - reached).square().sum() / people
    none = (prediction.confidence.square() * absent).sum() / absent.sum().clamp(min=1)
    classes = functional.cross_entropy(prediction.class_logits[at], targets.classes, reduction="sum") / people
    terms = {
        "box": weights.box * box,
        "present": weights.confidence_present * present,
        "absent": weights.confidence_absent * none,
        "classes": weights.classes * classes,
    }
    return {**terms, "total": torch.stack(list(terms.values())).sum()}
