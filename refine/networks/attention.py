"""Attention network of AGGAN (Mejjati et al. 2018; thesis section 2.5): which pixels a generator is to change."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refine.networks.layers import ResidualBlock, double_size, normalised


class AttentionNetwork(nn.Module):
    """Encoder, one residual block, decoder; 154,049 weights at 32 filters.

    The layout of the published implementation, whose normalisation has weights of its own (384 more). For an image
    of 3 x h x w and 32 filters the states are: 32 x h/2 x w/2 (7x7 convolution), 64 x h/4 x w/4 (3x3), the same after
    the residual block, 64 x h/2 x w/2 and 32 x h x w (nearest neighbours and a 3x3 convolution each), 1 x h x w (7x7,
    sigmoid). Nearest neighbours, because a fractionally strided convolution could draw its chequerboard into the map.
    """

    def __init__(self, filters: int = 32) -> None:
        super().__init__()
        wide = 2 * filters
        up = double_size(wide, wide, "resize"), double_size(wide, filters, "resize")
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            *normalised(nn.Conv2d(3, filters, 7, stride=2), filters, nn.ReLU(inplace=True)),
            *normalised(nn.Conv2d(filters, wide, 3, stride=2, padding=1), wide, nn.ReLU(inplace=True)),
            ResidualBlock(wide),
            *up[0][:-1],
            *normalised(up[0][-1], wide, nn.ReLU(inplace=True)),
            *up[1][:-1],
            *normalised(up[1][-1], filters, nn.ReLU(inplace=True)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(filters, 1, 7),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: n, 3, h, w in [-1, 1], h and w multiples of 4. Returns n, 1, h, w float32 in (0, 1): 1 is to be changed."""
        return torch.sigmoid(self.layers(x).float())
