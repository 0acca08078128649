"""What training, testing and export need of a detector, whatever its network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from eval.config import TrainingConfig
from eval.data.samples import Sample
from eval.detectors.suppression import kept_boxes

MAX_DETECTIONS = 100
"""Of one picture; more people than that stand under no ceiling camera."""
CANDIDATES = 300
"""Best boxes of a picture that are looked at for overlaps."""
MIN_SCORE = 0.02
NMS_IOU = 0.45

Losses = dict[str, Tensor]
"""Weighted terms by name and their sum under "total"."""


class Detector(nn.Module, ABC):
    """A network that finds people in square pictures (b, 3, s, s) of RGB 0..255, uint8 or float.

    Boxes are given by centre and size in input px: (x, y, w, h), or (x, y, w, h, degrees) if `rotated` (the convention
    of annotate.boxes). A picture is looked at once: `extract`, from which losses and predictions are made.
    """

    rotated: ClassVar[bool] = False

    @abstractmethod
    def extract(self, pictures: Tensor) -> Any:
        """What the trunk sees in pictures, in a form of the detector's own."""

    @abstractmethod
    def adversary_map(self, features: Any) -> Tensor:
        """(b, c, rows, columns): the features in which two domains should look alike."""

    @abstractmethod
    def predictions(self, features: Any) -> tuple[Tensor, Tensor]:
        """Boxes (b, a, 4 or 5) and scores (b, a) in 0..1, before overlapping ones are removed."""

    @abstractmethod
    def losses(self, features: Any, samples: Sequence[Sample], how: TrainingConfig) -> Losses:
        """The loss against the people of the samples; ignored people and areas are neither right nor wrong."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What builds this network again, as JSON (DetectorKind.restore)."""

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes and scores as `predictions`; this is what an exported file computes."""
        return self.predictions(self.extract(pictures))

    def pictures_of(self, samples: Sequence[Sample], device: torch.device) -> Tensor:
        """(b, 3, s, s) uint8: the samples as this detector learns from them."""
        return to_tensor([sample.image for sample in samples], device)

    @torch.no_grad()
    def detect(self, pictures: Tensor, min_score: float = MIN_SCORE, nms_iou: float = NMS_IOU) -> list[np.ndarray]:
        """Detections of each picture in input px, best first, at most MAX_DETECTIONS, float64.

        (n, 5) [x, y, w, h, score] by the upper left corner, or (n, 6) [x, y, w, h, degrees, score] by the centre if
        rotated. Overlapping ones are filtered by non-maximum suppression (thesis section 2.9).
        """
        self.eval()
        boxes, scores = self(pictures)
        return [filtered(one, of, min_score, nms_iou) for one, of in zip(boxes, scores, strict=True)]


def to_tensor(images: Sequence[np.ndarray], device: torch.device) -> Tensor:
    """(b, 3, s, s) uint8 of b pictures (s, s, 3)."""
    return torch.from_numpy(np.stack(images)).to(device).permute(0, 3, 1, 2)


def filtered(boxes: Tensor, scores: Tensor, min_score: float = MIN_SCORE, nms_iou: float = NMS_IOU) -> np.ndarray:
    """Detections (see Detector.detect) from one picture's boxes (a, 4 or 5) and scores (a,)."""
    best = torch.topk(scores, min(CANDIDATES, len(scores)))
    chosen = best.indices[best.values >= min_score]
    found, sure = boxes[chosen].double().cpu().numpy(), scores[chosen].double().cpu().numpy()
    keep = kept_boxes(found, sure, nms_iou)[:MAX_DETECTIONS]
    found, sure = found[keep], sure[keep, None]
    if found.shape[1] == 4:
        return np.hstack([found[:, :2] - found[:, 2:] / 2, found[:, 2:], sure])
    return np.hstack([found, sure])
