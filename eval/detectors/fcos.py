"""FCOS with a ResNet-50 feature pyramid, from torchvision: a detector as one would take it today, beside SqueezeDet.

Tian, Shen, Chen & He 2019, "FCOS: Fully Convolutional One-Stage Object Detection". Without anchors: every place of five
feature maps, 8 to 128 px apart, says whether a person is there, how far their box reaches to four sides, and how near
its centre it lies. Network, matching and loss (focal, GIoU, centre-ness) are torchvision's; here stand what its
transforms would do (pictures are square already), what is ignored, and boxes before suppression, for testing and export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# The guard comes before torchvision.
# isort: off
import eval.networks.torchvision_guard  # noqa: F401
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.fcos import FCOS, FCOSHead
from torchvision.ops.feature_pyramid_network import LastLevelP6P7
from torchvision.ops.misc import FrozenBatchNorm2d

# isort: on
from eval.config import TrainingConfig
from eval.data.samples import Sample
from eval.detectors.anchors import counted_anchors
from eval.detectors.base import Detector, Losses
from eval.detectors.squeezedet import IMAGENET_MEAN, IMAGENET_STD
from eval.networks.weights import load_strictly

STRIDES_PX = (8, 16, 32, 64, 128)
"""Distance of neighbouring places in each of the five feature maps, P3 to P7."""
_CHANNELS = 256
_NOBODY = -100.0
"""A logit whose focal loss, and its gradient, are 0 where nobody is."""


class LenientHead(FCOSHead):
    """torchvision's head, whose loss blames no place for a person seen where people are ignored.

    Each target has, beside torchvision's boxes and labels, "counted": (a,) False at such places.
    """

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Tensor]:
        free = torch.stack(
            [(index < 0) & ~target["counted"] for index, target in zip(matched_idxs, targets, strict=True)]
        )
        logits = head_outputs["cls_logits"].masked_fill(free[..., None], _NOBODY)
        terms: dict[str, Tensor] = super().compute_loss(
            targets, {**head_outputs, "cls_logits": logits}, anchors, matched_idxs
        )
        return terms


class Fcos(Detector):
    """torchvision's fcos_resnet50_fpn for one class, as a Detector.

    frozen_norm: batch normalisation is fixed, as torchvision does for a backbone that starts from ImageNet; from
    scratch it must learn.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, frozen_norm: bool = False) -> None:
        super().__init__()
        self.frozen_norm = frozen_norm
        backbone = resnet_fpn_backbone(
            backbone_name="resnet50",
            weights=None,
            norm_layer=FrozenBatchNorm2d if frozen_norm else nn.BatchNorm2d,
            trainable_layers=5,
            returned_layers=[2, 3, 4],
            extra_blocks=LastLevelP6P7(_CHANNELS, _CHANNELS),
        )
        self.network = FCOS(backbone, num_classes=1, head=LenientHead(_CHANNELS, 1, 1))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1) * 255, persistent=False)

    def extract(self, pictures: Tensor) -> list[Tensor]:
        """P3 to P7, each (b, 256, rows, columns), of pictures (b, 3, s, s)."""
        x = (pictures.float() - self.mean) / self.std
        return list(self.network.backbone(x.contiguous(memory_format=torch.channels_last)).values())

    def adversary_map(self, features: list[Tensor]) -> Tensor:
        """P4: it lies 16 px apart, as SqueezeDet's features do, and holds what P5 passes down to it.

        P3, in which most people are found, is nearer to texture, in which domains differ by right; P5 and coarser
        maps see a whole neighbourhood at every place.
        """
        return features[1]

    def places(self, features: list[Tensor]) -> Tensor:
        """(a, 4) squares [left, top, right, bottom] px as torchvision's anchors: the middle is the place, the side its
        stride. Places lie at whole strides from 0, where the convolutions' views have their middles (to half a px)."""
        rows = [
            _squares(one.shape[2], one.shape[3], stride, one) for one, stride in zip(features, STRIDES_PX, strict=True)
        ]
        return torch.cat(rows)

    def predictions(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Every place's box, not cut at the border, and its score: the root of confidence times centre-ness."""
        said = self.network.head(features)
        reach = said["bbox_regression"]
        corners = self.network.box_coder.decode(reach, self.places(features).expand_as(reach))
        low, high = corners[..., :2], corners[..., 2:]
        scores = (said["cls_logits"].sigmoid() * said["bbox_ctrness"].sigmoid()).sqrt()
        return torch.cat([(low + high) / 2, high - low], dim=-1), scores[..., 0]

    def losses(self, features: list[Tensor], samples: Sequence[Sample], how: TrainingConfig) -> Losses:
        """torchvision's three terms, each divided by the number of places that answer for a person."""
        places = self.places(features)
        targets = self._targets(places, samples)
        per_level = [one.shape[2] * one.shape[3] for one in features]
        terms = self.network.compute_loss(targets, self.network.head(features), [places] * len(samples), per_level)
        return {**terms, "total": torch.stack(list(terms.values())).sum()}

    def _targets(self, places: Tensor, samples: Sequence[Sample]) -> list[dict[str, Tensor]]:
        squares = places.double().cpu().numpy()
        points = np.hstack([(squares[:, :2] + squares[:, 2:]) / 2, squares[:, 2:] - squares[:, :2]])
        targets = []
        for sample in samples:
            boxes = np.hstack([sample.boxes[:, :2], sample.boxes[:, :2] + sample.boxes[:, 2:]])
            target = {
                "boxes": torch.as_tensor(boxes, dtype=torch.float32),
                "labels": torch.zeros(len(boxes), dtype=torch.long),
                "counted": torch.as_tensor(counted_anchors(points, sample)),
            }
            targets.append({name: value.to(places.device) for name, value in target.items()})
        return targets

    def settings(self) -> dict[str, Any]:
        return {"frozen_norm": self.frozen_norm}

    def freeze_norm(self) -> None:
        """Fix the backbone's batch normalisation at its present statistics."""
        _freeze_norm(self.network.backbone)
        self.frozen_norm = True


def _squares(rows: int, columns: int, stride: int, like: Tensor) -> Tensor:
    """(rows * columns, 4) squares of side `stride` around the places of one map, row by row."""
    y = torch.arange(rows, device=like.device, dtype=torch.float32) * stride
    x = torch.arange(columns, device=like.device, dtype=torch.float32) * stride
    middle = torch.stack([x[None, :].expand(rows, -1), y[:, None].expand(-1, columns)], dim=-1).reshape(-1, 2)
    return torch.cat([middle - stride / 2, middle + stride / 2], dim=1)


def _freeze_norm(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            fixed = FrozenBatchNorm2d(child.num_features, child.eps)
            fixed.load_state_dict({key: value for key, value in child.state_dict().items() if "tracked" not in key})
            setattr(module, name, fixed)
        else:
            _freeze_norm(child)


def load_backbone(detector: Fcos, weights: Mapping[str, Tensor], path: Path | str) -> None:
    """Start from a ResNet-50 trained on ImageNet (torchvision's names; its classifier is left out).

    As in torchvision's fcos_resnet50_fpn, batch normalisation is fixed then, and conv1 and layer1 do not learn.
    InputError if the weights are of another network.
    """
    body = detector.network.backbone.body
    trunk = {
        name: value
        for name, value in weights.items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }
    load_strictly(body, trunk, "ResNet-50", path)
    detector.freeze_norm()
    for name, parameter in body.named_parameters():
        if name.startswith(("conv1.", "layer1.")):
            parameter.requires_grad_(False)
