"""Domain-adversarial training: features in which labelled and unlabelled pictures cannot be told apart.

Ganin & Lempitsky 2015: a small network guesses from the detector's features which domain they come from; its gradient
is turned round before it reaches the detector, which so learns to make the guess impossible. It guesses at every place
of the feature map, as Chen et al. 2018 do for detectors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

_STEEPNESS = 10.0


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, features: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return features.view_as(features)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradients[0], None


def reversed_gradient(features: Tensor, strength: float) -> Tensor:
    """The same features; a gradient through them comes out times -strength."""
    return _Reversed.apply(features, strength)  # type: ignore[no-any-return, no-untyped-call]


def strength_at(progress: float) -> float:
    """2 / (1 + exp(-10 p)) - 1 (Ganin & Lempitsky): 0 at the start, when features mean little yet, then near 1."""
    return 2.0 / (1.0 + math.exp(-_STEEPNESS * progress)) - 1.0


class DomainGuess(nn.Module):
    """Which domain a feature map (b, c, h, w) comes from: logits (b, 1, h, w)."""

    def __init__(self, channels: int, width: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU(inplace=True), nn.Conv2d(width, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)


def domain_loss(guess: DomainGuess, maps: Sequence[Tensor], strength: float) -> Tensor:
    """Mean binary cross-entropy of the guesses for (labelled, unlabelled) feature maps; log 2 if nobody can tell.

    Descending it teaches the guess, and turns the detector's features against it.
    """
    terms = []
    for domain, features in enumerate(maps):
        logits = guess(reversed_gradient(features, strength))
        terms.append(functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(domain))))
    return torch.stack(terms).mean()
