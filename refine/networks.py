"""Generator and discriminator of CycleGAN (Zhu et al. 2017; thesis Tables 2.2 and 2.3).

Images are NCHW float in [-1, 1]. Two rows of the thesis's tables are misprints: the generator ends in tanh (printed:
ReLU, which could not give values below zero), and the discriminator's fourth convolution has stride 1 (printed: 2,
which would make the receptive field larger than the 70 of its name). Normalisation is per image and has no weights
of its own; every convolution has a bias.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

INITIAL_DEVIATION = 0.02
"""Standard deviation of the first weights (Zhu et al. 2017, section 7.1)."""

Network = TypeVar("Network", bound=nn.Module)


def _normalised(layer: nn.Module, channels: int, activation: nn.Module) -> list[nn.Module]:
    return [layer, nn.InstanceNorm2d(channels), activation]


class ResidualBlock(nn.Module):
    """x + two reflection-padded 3x3 convolutions of x (thesis Figure 2.16, without the last activation)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_normalised(nn.Conv2d(channels, channels, 3), channels, nn.ReLU(inplace=True)),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Generator(nn.Module):
    """Encoder, residual blocks, decoder (thesis Table 2.2); 11,378,179 weights at 64 filters and 9 blocks.

    skip: add the input before the last tanh, tanh(x + net(x)), so that the network learns a change of its input
    (thesis Figure 2.15). Even with net = 0 this lowers the contrast (tanh 1 = 0.76); training has to win it back.
    """

    def __init__(self, filters: int = 64, blocks: int = 9, skip: bool = False) -> None:
        super().__init__()
        self.skip = skip
        wide, wider = 2 * filters, 4 * filters
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            *_normalised(nn.Conv2d(3, filters, 7), filters, nn.ReLU(inplace=True)),
            *_normalised(nn.Conv2d(filters, wide, 3, stride=2, padding=1), wide, nn.ReLU(inplace=True)),
            *_normalised(nn.Conv2d(wide, wider, 3, stride=2, padding=1), wider, nn.ReLU(inplace=True)),
            *(ResidualBlock(wider) for _ in range(blocks)),
            *_normalised(_double_size(wider, wide), wide, nn.ReLU(inplace=True)),
            *_normalised(_double_size(wide, filters), filters, nn.ReLU(inplace=True)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(filters, 3, 7),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: n, 3, h, w in [-1, 1], h and w multiples of 4. Returns the same shape, in (-1, 1)."""
        change = self.layers(x)
        return torch.tanh(x + change if self.skip else change)


def _double_size(channels: int, out_channels: int) -> nn.ConvTranspose2d:
    """The "fractionally strided" convolution with stride 1/2 (thesis section 2.7)."""
    return nn.ConvTranspose2d(channels, out_channels, 3, stride=2, padding=1, output_padding=1)


class PatchDiscriminator(nn.Module):
    """Judges 70x70 patches (thesis Table 2.3); 2,764,737 weights at 64 filters.

    forward gives one score for each patch, n, 1, h', w', not squashed: 1 means real (least squares).
    """

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, filters, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            *_patch_layer(filters, 2 * filters, stride=2),
            *_patch_layer(2 * filters, 4 * filters, stride=2),
            *_patch_layer(4 * filters, 8 * filters, stride=1),
            nn.Conv2d(8 * filters, 1, 4, stride=1, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def _patch_layer(channels: int, out_channels: int, stride: int) -> list[nn.Module]:
    layer = nn.Conv2d(channels, out_channels, 4, stride=stride, padding=1)
    return _normalised(layer, out_channels, nn.LeakyReLU(0.2, inplace=True))


def count_parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def build(make: Callable[[], Network], rng: np.random.Generator) -> Network:
    """Build a network with weights ~ N(0, 0.02) and zero biases that depend on rng alone.

    It is built without memory first, so that PyTorch's own initialisation neither costs time nor draws from the
    process's hidden random state.
    """
    with torch.device("meta"):
        empty = make()
    network = empty.to_empty(device="cpu")
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("bias"):
                weight.zero_()
            else:
                drawn = rng.standard_normal(tuple(weight.shape), dtype=np.float32) * np.float32(INITIAL_DEVIATION)
                weight.copy_(torch.from_numpy(drawn))
    return network
