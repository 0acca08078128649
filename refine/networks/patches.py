"""Features of single places of an image: where they are taken, and the network that makes them comparable.

Places are numbers of pixels in row order, (n, k) int64, drawn for every image of a batch on its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from refine.networks.generator import Generator
from refine.networks.layers import ResidualBlock

BLOCKS_COMPARED = (1, 5)
"""Residual blocks whose output is compared, counted from 1 (Park et al. 2020, appendix)."""
LEAST_SHARE = 0.5
"""How much of a feature's cell must lie in the mask for the cell to count as inside."""


class PatchHeads(nn.Module):
    """H_l of Park et al. 2020, section 3: for every compared layer l two linear layers, made to unit length.

    channels: those of each layer. width: numbers that describe a place.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(count, width), nn.ReLU(), nn.Linear(width, width)) for count in channels
        )

    def forward(self, samples: Sequence[Tensor]) -> list[Tensor]:
        """samples: (n, k, channels[l]) for every layer l. Returns (n, k, width) each, of length 1."""
        pairs = zip(self.heads, samples, strict=True)
        return [functional.normalize(head(sample).float(), dim=2, eps=1e-7) for head, sample in pairs]


def compared_layers(generator: Generator) -> list[int]:
    """Numbers of the generator's layers before and after which features are compared.

    As published: the pixels (after padding), both convolutions that halve the size, before their normalisation, and
    the first and fifth residual block. A generator with fewer than five blocks gives its last one for the fifth.
    """
    layers = list(generator.layers)
    halving = [place for place, layer in enumerate(layers) if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2)]
    blocks = [place for place, layer in enumerate(layers) if isinstance(layer, ResidualBlock)]
    compared = sorted({blocks[min(number, len(blocks)) - 1] for number in BLOCKS_COMPARED})
    return [*halving, *compared]


def encoded(generator: Generator, x: Tensor, layers: Sequence[int]) -> list[Tensor]:
    """The image x itself and what these layers (ascending) give for it; the layers behind the last are not run."""
    found = [x]
    for place, layer in enumerate(generator.layers):
        x = layer(x)
        if place in layers:
            found.append(x)
        if place == layers[-1]:
            break
    return found


def encoded_shapes(filters: int, size_px: int, layers: int) -> tuple[list[int], list[int]]:
    """Channels and sides of what `encoded` gives, of an image of that side; layers: how many it gives."""
    blocks = layers - 3
    return [3, 2 * filters, *[4 * filters] * (1 + blocks)], [size_px, size_px // 2, *[size_px // 4] * (1 + blocks)]


def draw_places(sides: Sequence[int], images: int, count: int, rng: np.random.Generator) -> list[Tensor]:
    """Different places of square maps of these sides, (images, k) int64 each; k is count or all a smaller map has."""
    return [
        torch.from_numpy(
            np.stack([rng.choice(side * side, min(count, side * side), replace=False) for _ in range(images)])
        )
        for side in sides
    ]


def places_inside(mask: Tensor, uniform: Tensor) -> Tensor:
    """Places that lie in a mask, (n, k) int64, as random as `uniform` is; the same place may come more than once.

    mask: (n, 1, h, w), each cell's share of the mask, 0 to 1; cells with less than LEAST_SHARE are out. uniform: (n, k)
    in [0, 1): each is where in the row of all inside cells, one after the other, a place lies. Without any cell
    inside, all places are the last one.
    """
    inside = (mask >= LEAST_SHARE).flatten(1).long().cumsum(dim=1)
    count = inside[:, -1:]
    rank = torch.minimum((uniform * count).long() + 1, count.clamp(min=1))
    return torch.searchsorted(inside, rank).clamp(max=inside.shape[1] - 1)


def at_places(features: Tensor, places: Tensor) -> Tensor:
    """Features (n, c, h, w) at places (n, k), as (n, k, c)."""
    index = places[:, None].expand(-1, features.shape[1], -1)
    return features.flatten(2).gather(2, index).transpose(1, 2)
