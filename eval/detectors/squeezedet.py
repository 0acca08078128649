"""SqueezeDet: a SqueezeNet 1.1 trunk, two more fire modules, and one convolution that answers for every anchor.

Wu, Iandola, Jin & Keutzer 2017, "SqueezeDet"; thesis section 2.9. Layout: conv1, fire2 .. fire9 of SqueezeNet 1.1
(torchvision's names, so that ImageNet weights fit key for key), fire10 and fire11 (squeeze 96, expand 384 + 384),
dropout, ConvDet 3x3. With 9 anchors it has 2,082,120 parameters for 3 classes and 1,957,686 for one.

Boxes here are given by centre and size in pixels of the square network input. Cells lie 16 px apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from eval.config import TrainingConfig
from eval.data.samples import Sample
from eval.detectors.anchors import counted_anchors
from eval.detectors.base import Detector, Losses, to_tensor
from eval.detectors.squeezedet_loss import Prediction, build_targets, squeezedet_loss
from eval.networks.weights import load_strictly, with_prefix

STRIDE_PX = 16
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_LOW_CONFIDENCE = -2.0


class Fire(nn.Module):
    """Squeeze by 1x1, then expand by 1x1 and 3x3 side by side (Iandola et al. 2016)."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))


def squeezenet_features() -> nn.Sequential:
    """SqueezeNet 1.1 up to fire9; indices as in torchvision.models.squeezenet1_1().features.

    Padding differs from torchvision's: borders are padded so that an input of 16 n px gives n cells, and the last
    pooling is not, which puts the middle of cell i at 16 i + 8.5 px: in its middle, and the same after a flip.
    """
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, stride=2, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1),
        Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, padding=1),
        Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
    )  # fmt: skip


def _bias(layer: nn.Conv2d) -> torch.Tensor:
    """The bias, which every convolution here has."""
    assert layer.bias is not None
    return layer.bias


class SqueezeNetDetector(Detector):
    """SqueezeDet's body, whose last layer gives `outputs` numbers for every anchor of every cell.

    anchors_px: (k, 2) widths and heights in input px.
    """

    anchors_px: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, anchors_px: np.ndarray, outputs: int, dropout: float) -> None:
        super().__init__()
        self.outputs = outputs
        self.features = squeezenet_features()
        self.fire10 = Fire(512, 96, 384)
        self.fire11 = Fire(768, 96, 384)
        self.dropout = nn.Dropout(dropout)
        self.convdet = nn.Conv2d(768, len(anchors_px) * outputs, 3, padding=1)
        self.register_buffer("anchors_px", torch.as_tensor(np.asarray(anchors_px), dtype=torch.float32))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1) * 255, persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.constant_(_bias(layer), 0.0)
        # Start from boxes equal to their anchors and, as nearly all anchors are empty, from low confidence.
        nn.init.normal_(self.convdet.weight, std=0.002)
        with torch.no_grad():
            _bias(self.convdet).view(len(self.anchors_px), -1)[:, 4] = _LOW_CONFIDENCE

    def extract(self, pictures: Tensor) -> Tensor:
        """(b, 768, h / 16, w / 16) of pictures (b, 3, h, w), h and w multiples of 16."""
        x = (pictures.float() - self.mean) / self.std
        return self.fire11(self.fire10(self.features(x.contiguous(memory_format=torch.channels_last))))

    def adversary_map(self, features: Tensor) -> Tensor:
        return features

    def raw(self, features: Tensor) -> Tensor:
        """(b, a, outputs) of every anchor; anchors are ordered row, column, k."""
        raw = self.convdet(self.dropout(features))
        return raw.permute(0, 2, 3, 1).reshape(raw.shape[0], -1, self.outputs)

    def anchor_boxes(self, rows: int, columns: int) -> Tensor:
        """(rows * columns * k, 4) anchors as centre x, centre y, w, h in input px."""
        device = self.anchors_px.device
        y = (torch.arange(rows, device=device) + 0.5) * STRIDE_PX
        x = (torch.arange(columns, device=device) + 0.5) * STRIDE_PX
        centres = torch.stack([x[None, :].expand(rows, -1), y[:, None].expand(-1, columns)], dim=-1)
        k = len(self.anchors_px)
        centres = centres[:, :, None].expand(-1, -1, k, -1)
        return torch.cat([centres, self.anchors_px.expand(rows, columns, -1, -1)], dim=-1).reshape(-1, 4)

    def decoded(self, deltas: Tensor, rows: int, columns: int) -> Tensor:
        """(b, a, 4) boxes that the corrections (b, a, 4) make of the anchors."""
        grid = self.anchor_boxes(rows, columns)
        centres = grid[:, :2] + deltas[..., :2] * grid[:, 2:]
        sizes = grid[:, 2:] * deltas[..., 2:].clamp(-4.0, 4.0).exp()
        return torch.cat([centres, sizes], dim=-1)

    def settings(self) -> dict[str, Any]:
        return {"anchors_px": self.anchors_px.tolist(), "dropout": self.dropout.p}

    def anchors_of(self, features: Tensor) -> np.ndarray:
        """(a, 4) float64: the anchors of a feature map."""
        return self.anchor_boxes(*features.shape[2:]).double().cpu().numpy()


class SqueezeDet(SqueezeNetDetector):
    """The detector of upright boxes."""

    def __init__(self, anchors_px: np.ndarray, classes: int = 1, dropout: float = 0.5) -> None:
        self.classes = classes
        super().__init__(anchors_px, classes + 5, dropout)

    def interpret(self, features: Tensor) -> Prediction:
        """What the network says of every anchor."""
        raw = self.raw(features)
        deltas, confidence, class_logits = raw[..., :4], raw[..., 4].sigmoid(), raw[..., 5:]
        return Prediction(deltas, confidence, class_logits, self.decoded(deltas, *features.shape[2:]))

    def predictions(self, features: Tensor) -> tuple[Tensor, Tensor]:
        prediction = self.interpret(features)
        return prediction.boxes, prediction.scores()

    def losses(self, features: Tensor, samples: Sequence[Sample], how: TrainingConfig) -> Losses:
        anchors = self.anchors_of(features)
        counted = np.stack([counted_anchors(anchors, sample) for sample in samples])
        targets = build_targets(anchors, [sample.boxes for sample in samples], counted, how.match_iou)
        return squeezedet_loss(self.interpret(features), targets.to(features.device), how.loss, how.double_iou)

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "classes": self.classes}


def load_backbone(detector: SqueezeNetDetector, weights: Mapping[str, Tensor], path: Path | str) -> None:
    """Start the trunk from SqueezeNet 1.1 trained on ImageNet (torchvision's names; its classifier is left out).

    InputError if the weights are of another network.
    """
    trunk = {name: value for name, value in weights.items() if not name.startswith("classifier.")}
    load_strictly(detector.features, with_prefix(trunk, "features."), "SqueezeNet 1.1 (features.*)", path)


def freeze_early(detector: SqueezeNetDetector) -> None:
    """Take conv1, fire2 and fire3 out of training (the paper's authors do so with conv1): edges and colours are what
    ImageNet taught them, and at their resolution a third of the training time goes into them."""
    for layer in list(detector.features.children())[:5]:
        layer.requires_grad_(False)


def prepare(detector: SqueezeNetDetector, samples: Sequence[Sample], how: TrainingConfig) -> None:
    """Freeze early layers if asked, and bring the trunk to the scale of a few training pictures."""
    if how.freeze_early:
        freeze_early(detector)
    places = np.unique(np.linspace(0, len(samples) - 1, 4).round().astype(int))
    normalise_trunk(detector, to_tensor([samples[place].image for place in places], detector.mean.device))


@torch.no_grad()
def normalise_trunk(detector: SqueezeNetDetector, pictures: Tensor) -> float:
    """Scale the trunk so that its features have a root mean square of 1 on pictures; returns the factor.

    Published weights differ in scale by a hundredfold (one set was made for pixels of 0..255). A network of
    convolutions, ReLU and max pooling is homogeneous: the first layer's weights and all biases times s give all
    features times s, and nothing else changes, so that one learning rate suits all of them.
    """
    x = detector.features((pictures.float() - detector.mean) / detector.std)
    factor = 1.0 / max(float(x.square().mean().sqrt()), 1e-12)
    convolutions = [layer for layer in detector.features.modules() if isinstance(layer, nn.Conv2d)]
    convolutions[0].weight *= factor
    for layer in convolutions:
        _bias(layer).mul_(factor)
    return factor
