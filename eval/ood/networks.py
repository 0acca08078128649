"""The small networks of an OD-test: a classifier of crops and an autoencoder. Crops come as RGB in 0..1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as functional
from torch import nn

from eval.detectors.squeezedet import IMAGENET_MEAN, IMAGENET_STD, SqueezeDet, load_backbone, normalise_trunk

Backbone = Literal["small", "squeezenet"]
WIDTHS = (16, 32, 64, 128)
HIDDEN = 64
"""Length of the penultimate features."""
LATENT = 128
"""Bottleneck of the autoencoder; the dissertation's vary between 32 and 1024."""
DROPOUT = 0.5
_SQUEEZENET_STAGES = ((0, 3), (3, 6), (6, 9), (9, 13))
"""Layers of squeezenet_features up to and with each of its poolings, and what follows the last."""
_SQUEEZENET_WIDTHS = (64, 128, 256, 512)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Classifier(nn.Module):
    """Four stages, mean over positions, dropout, a hidden layer of 64, dropout, one figure for each output.

    widths: channels after each stage. Dropout stands before both full layers as in VGG, which MC-Dropout needs.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, stages: nn.ModuleList, widths: tuple[int, ...], outputs: int = 2) -> None:
        super().__init__()
        self.stages, self.widths, self.dropout = stages, widths, nn.Dropout(DROPOUT)
        self.hidden, self.output = nn.Linear(widths[-1], HIDDEN), nn.Linear(HIDDEN, outputs)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)

    def stage_means(self, crops: torch.Tensor) -> list[torch.Tensor]:
        """Mean over positions of the features after each stage, (n, c_i); the last is what the head sees."""
        x, means = (crops - self.mean) / self.std, []
        for stage in self.stages:
            x = stage(x)
            means.append(x.mean(dim=(2, 3)))
        return means

    def penultimate(self, pooled: torch.Tensor) -> torch.Tensor:
        """(n, 64) hidden features of pooled ones (n, c)."""
        return torch.relu(self.hidden(self.dropout(pooled)))

    def head(self, pooled: torch.Tensor) -> torch.Tensor:
        """Logits (n, outputs) of pooled features (n, c)."""
        return self.output(self.dropout(self.penultimate(pooled)))

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """crops (n, 3, s, s) in 0..1 to logits (n, outputs)."""
        return self.head(self.stage_means(crops)[-1])


def build_classifier(
    backbone: Backbone,
    crops: np.ndarray,
    outputs: int = 2,
    weights: Mapping[str, torch.Tensor] | None = None,
    path: Path | str = "weights",
) -> Classifier:
    """A fresh classifier; its weights come from torch's random state, the trunk's from weights where given.

    crops: some training crops (n, s, s, 3) uint8, which set the scale of SqueezeNet's features. InputError if weights are
    of another network; path: what that message calls them.
    """
    if backbone == "small":
        sizes = zip((3, *WIDTHS[:-1]), WIDTHS, strict=True)
        return Classifier(nn.ModuleList([_block(*size) for size in sizes]), WIDTHS, outputs)
    detector = SqueezeDet(np.ones((1, 2)))
    if weights is not None:
        load_backbone(detector, weights, path)
    normalise_trunk(detector, torch.from_numpy(crops[:8]).permute(0, 3, 1, 2))
    layers = list(detector.features.children())
    stages = [nn.Sequential(*layers[a:b]) for a, b in _SQUEEZENET_STAGES]
    return Classifier(nn.ModuleList(stages), _SQUEEZENET_WIDTHS, outputs)


class Autoencoder(nn.Module):
    """Convolutions down to a vector of 128 and back; its output is the logit of each value in 0..1."""

    def __init__(self, crop_px: int) -> None:
        super().__init__()
        self.cells = crop_px // 2 ** len(WIDTHS)
        flat = WIDTHS[-1] * self.cells**2
        sizes = list(zip((3, *WIDTHS[:-1]), WIDTHS, strict=True))
        self.encoder = nn.Sequential(*[_block(*size) for size in sizes], nn.Flatten(), nn.Linear(flat, LATENT))
        self.expand = nn.Linear(LATENT, flat)
        self.decoder = nn.Sequential(*[layer for a, b in reversed(sizes) for layer in self._up(b, a)])

    @staticmethod
    def _up(inputs: int, outputs: int) -> list[nn.Module]:
        wider = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
        return [wider] if outputs == 3 else [wider, nn.BatchNorm2d(outputs), nn.ReLU()]

    def encode(self, crops: torch.Tensor) -> torch.Tensor:
        """(n, 128) of crops (n, 3, s, s) in 0..1."""
        return self.encoder(crops)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """Logits (n, 3, s, s) of the crops as it gives them back."""
        x = torch.relu(self.expand(self.encode(crops)))
        return self.decoder(x.view(-1, WIDTHS[-1], self.cells, self.cells))

    def error(self, crops: torch.Tensor) -> torch.Tensor:
        """(n,) binary cross-entropy with continuous targets, mean over values (dissertation, appendix A.2)."""
        return functional.binary_cross_entropy_with_logits(self(crops), crops, reduction="none").mean(dim=(1, 2, 3))
