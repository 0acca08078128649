"""SqueezeDet with rotated boxes: seen from the ceiling, people stand and lie at every angle in the picture.

The body is SqueezeDet's; for every anchor the last layer gives four corrections, a confidence and an angle. As in
RAPiD (Duan et al. 2020, section 3.1) the angle is 360 sigmoid(t) - 180 degrees; see eval.detectors.rotated_loss.
Anchors are widths and heights in the frame of the people, found by k-means in rotated boxes, so that fewer sizes do
than for upright boxes, which depend on where in the picture somebody stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from annotate.errors import InputError
from eval.config import TrainingConfig
from eval.data.samples import Sample
from eval.detectors.anchors import counted_anchors, kmeans_anchors
from eval.detectors.base import Losses
from eval.detectors.rotated_loss import RotatedPrediction, build_rotated_targets, rotated_loss
from eval.detectors.squeezedet import SqueezeNetDetector


class RotatedSqueezeDet(SqueezeNetDetector):
    """The detector of rotated boxes, in the convention of annotate.boxes.

    anchors_px: (k, 2) widths and heights in input px, along the people's own axes.
    """

    rotated: ClassVar[bool] = True

    def __init__(self, anchors_px: np.ndarray, dropout: float = 0.5) -> None:
        super().__init__(anchors_px, 6, dropout)

    def interpret(self, features: Tensor) -> RotatedPrediction:
        """What the network says of every anchor."""
        raw = self.raw(features)
        deltas, confidence = raw[..., :4], raw[..., 4].sigmoid()
        degrees = 360.0 * raw[..., 5:].sigmoid() - 180.0
        boxes = torch.cat([self.decoded(deltas, *features.shape[2:]), degrees], dim=-1)
        return RotatedPrediction(deltas, confidence, boxes)

    def predictions(self, features: Tensor) -> tuple[Tensor, Tensor]:
        prediction = self.interpret(features)
        return canonical(prediction.boxes), prediction.confidence

    def losses(self, features: Tensor, samples: Sequence[Sample], how: TrainingConfig) -> Losses:
        anchors = self.anchors_of(features)
        counted = np.stack([counted_anchors(anchors, sample) for sample in samples])
        boxes = [rotated_of(sample) for sample in samples]
        targets = build_rotated_targets(anchors, boxes, counted, how.match_iou)
        return rotated_loss(self.interpret(features), targets.to(features.device), how.loss, how.double_iou)


def canonical(boxes: Tensor) -> Tensor:
    """The same boxes (..., 5) with h >= w and degrees in [-90, 90): annotate.boxes.canonical_rotated_boxes in torch."""
    w, h, degrees = boxes[..., 2:3], boxes[..., 3:4], boxes[..., 4:5]
    turned = torch.remainder(torch.where(w > h, degrees + 180.0, degrees + 90.0), 180.0) - 90.0
    return torch.cat([boxes[..., :2], torch.minimum(w, h), torch.maximum(w, h), turned], dim=-1)


def rotated_of(sample: Sample) -> np.ndarray:
    """(n, 5) the sample's rotated boxes in input px; InputError if somebody in it has none."""
    if sample.rotated is None:
        raise InputError(
            f"--detector rotated: {sample.dataset.root}, {sample.picture.file_name}: found people without rotated_bbox, "
            "expected one for everybody. Train on datasets that have them (all rendered ones, and what is converted "
            "from CEPDOF) with --target person, or take --detector squeezedet"
        )
    return sample.rotated


def build(samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator) -> RotatedSqueezeDet:
    """A fresh detector with anchors of these samples; InputError if one of them has no rotated boxes."""
    sizes = np.concatenate([rotated_of(sample)[:, 2:4] for sample in samples])
    return RotatedSqueezeDet(kmeans_anchors(sizes, config.anchors, rng), config.dropout)
