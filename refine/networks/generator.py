"""Generator of CycleGAN (Zhu et al. 2017; thesis Table 2.2).

Images are NCHW float in [-1, 1]. The generator ends in tanh; the table prints ReLU, which could not give values below
zero.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refine.networks.layers import ResidualBlock, Upsampling, double_size, normalised


class Generator(nn.Module):
    """Encoder, residual blocks, decoder (thesis Table 2.2); 11,378,179 weights at 64 filters and 9 blocks.

    skip: add the input before the last tanh, tanh(x + net(x)), so that the network learns a change of its input
    (thesis Figure 2.15). Even with net = 0 this lowers the contrast (tanh 1 = 0.76); training has to win it back.
    """

    def __init__(
        self, filters: int = 64, blocks: int = 9, skip: bool = False, upsampling: Upsampling = "transposed"
    ) -> None:
        super().__init__()
        self.skip = skip
        wide, wider = 2 * filters, 4 * filters
        up = double_size(wider, wide, upsampling), double_size(wide, filters, upsampling)
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            *normalised(nn.Conv2d(3, filters, 7), filters, nn.ReLU(inplace=True)),
            *normalised(nn.Conv2d(filters, wide, 3, stride=2, padding=1), wide, nn.ReLU(inplace=True)),
            *normalised(nn.Conv2d(wide, wider, 3, stride=2, padding=1), wider, nn.ReLU(inplace=True)),
            *(ResidualBlock(wider) for _ in range(blocks)),
            *up[0][:-1],
            *normalised(up[0][-1], wide, nn.ReLU(inplace=True)),
            *up[1][:-1],
            *normalised(up[1][-1], filters, nn.ReLU(inplace=True)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(filters, 3, 7),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: n, 3, h, w in [-1, 1], h and w multiples of 4. Returns the same shape, in (-1, 1)."""
        change = self.layers(x)
        return torch.tanh(x + change if self.skip else change)
