"""What all networks of refine are made of: residual blocks, ways to double the size, and first weights.

Normalisation is per image and has no weights of its own; every convolution has a bias.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

INITIAL_DEVIATION = 0.02
"""Standard deviation of the first weights (Zhu et al. 2017, section 7.1)."""

Upsampling = Literal["transposed", "resize"]
Network = TypeVar("Network", bound=nn.Module)


def normalised(layer: nn.Module, channels: int, activation: nn.Module) -> list[nn.Module]:
    """A convolution, normalisation of its output per image and channel, and an activation."""
    return [layer, nn.InstanceNorm2d(channels), activation]


class ResidualBlock(nn.Module):
    """x + two reflection-padded 3x3 convolutions of x (thesis Figure 2.16, without the last activation)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            *normalised(nn.Conv2d(channels, channels, 3), channels, nn.ReLU(inplace=True)),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def double_size(channels: int, out_channels: int, how: Upsampling) -> list[nn.Module]:
    """Twice the height and width, by as many weights either way.

    transposed: the "fractionally strided" convolution with stride 1/2 (thesis section 2.7), whose kernel covers
    neighbouring pixels unevenly and can leave a chequerboard (thesis Figure 5.5). resize: nearest neighbours, then a
    convolution, which covers all alike (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts").
    """
    if how == "transposed":
        return [nn.ConvTranspose2d(channels, out_channels, 3, stride=2, padding=1, output_padding=1)]
    return [nn.Upsample(scale_factor=2), nn.ReflectionPad2d(1), nn.Conv2d(channels, out_channels, 3)]


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
