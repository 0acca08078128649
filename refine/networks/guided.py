"""Networks of the guided refiner: one that changes a person, one that finds people, one that judges them closely.

Images are NCHW float in [-1, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from refine.networks.layers import ResidualBlock, double_size, normalised


class GuidedGenerator(nn.Module):
    """Proposes a change of an image from the image and what is known about it.

    One halving of the size only, so that faces of few pixels survive. A branch in full size passes by the halved
    ones and is not normalised: normalisation per image would hide how bright the image is. Sizes are doubled by
    resizing, which leaves no chequerboard.

    channels: of the guide. bound: the largest change.
    """

    def __init__(self, filters: int, blocks: int, channels: int, bound: float) -> None:
        super().__init__()
        self.bound = bound
        wide = 2 * filters
        up = double_size(wide, filters, "resize")
        self.full = nn.Sequential(
            nn.ReflectionPad2d(2), nn.Conv2d(3 + channels, filters, 5), nn.LeakyReLU(0.2),
            nn.ReflectionPad2d(1), nn.Conv2d(filters, filters, 3), nn.LeakyReLU(0.2),
        )  # fmt: skip
        self.halved = nn.Sequential(
            *normalised(nn.Conv2d(filters, wide, 3, stride=2, padding=1), wide, nn.ReLU(inplace=True)),
            *(ResidualBlock(wide) for _ in range(blocks)),
            *up[:-1],
            *normalised(up[-1], filters, nn.ReLU(inplace=True)),
        )
        self.change = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(2 * filters, filters, 3), nn.LeakyReLU(0.2),
            nn.ReflectionPad2d(1), nn.Conv2d(filters, 3, 3),
        )  # fmt: skip

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        """x: (n, 3, h, w), guide: (n, channels, h, w), h and w even. Returns (n, 3, h, w) within +-bound."""
        full = self.full(torch.cat([x, guide], dim=1))
        return self.bound * torch.tanh(self.change(torch.cat([full, self.halved(full)], dim=1)))


class PersonFinder(nn.Module):
    """Finds people in crops of either domain: it learns from S's masks and sees nothing but the image.

    Its features, in full, half and quarter size, serve to compare images; `channels` and `strides` are theirs.
    """

    def __init__(self, filters: int) -> None:
        super().__init__()
        wide, wider = 2 * filters, 4 * filters
        self.channels, self.strides = (3, filters, wide, wider), (1, 1, 2, 4)
        self.parts = nn.ModuleList([
            nn.Sequential(*normalised(nn.Conv2d(3, filters, 3, padding=1), filters, nn.ReLU())),
            nn.Sequential(*normalised(nn.Conv2d(filters, wide, 3, stride=2, padding=1), wide, nn.ReLU())),
            nn.Sequential(*normalised(nn.Conv2d(wide, wider, 3, stride=2, padding=1), wider, nn.ReLU())),
        ])  # fmt: skip
        self.around = nn.Sequential(*(ResidualBlock(wider) for _ in range(2)))
        self.joined = nn.Sequential(*normalised(nn.Conv2d(wider + wide, wide, 3, padding=1), wide, nn.ReLU()))
        self.found = nn.Conv2d(wide, 1, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (n, 1, h, w) of every pixel being a person's, and the features: the image itself, then each part's."""
        features = [x]
        for part in self.parts:
            features.append(part(features[-1]))
        around = functional.interpolate(self.around(features[-1]), scale_factor=2.0)
        joined = self.joined(torch.cat([around, features[-2]], dim=1))
        return functional.interpolate(self.found(joined), scale_factor=2.0, mode="bilinear"), features


class CloseDiscriminator(nn.Module):
    """Judges 34x34 patches: PatchGAN with a layer less, and without normalisation.

    Small patches, because most of what such a patch shows can be a person. Without normalisation, because that per
    image would hide tone and noise, which tell renders from photographs. The first weights are scaled up to what
    normalisation does for PatchGAN's, or its scores would hardly differ at first.
    """

    GEOMETRY = ((4, 2), (4, 2), (4, 1), (4, 1))
    """Kernel and stride of its convolutions, all padded by 1."""

    def __init__(self, filters: int, channels: int = 3) -> None:
        super().__init__()
        counts = [channels, filters, 2 * filters, 4 * filters, 1]
        layers: list[nn.Module] = []
        for (kernel, stride), before, after in zip(self.GEOMETRY, counts, counts[1:], strict=False):
            layers += [nn.Conv2d(before, after, kernel, stride=stride, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """One score for each patch, (n, 1, h', w')."""
        return self.layers(x)  # type: ignore[no-any-return]


def share_seen(mask: Tensor) -> Tensor:
    """How much of what each score of CloseDiscriminator sees lies in the mask (n, 1, h, w), as (n, 1, h', w') in 0..1.

    The mask goes through convolutions of the same geometry whose kernels all average: pixels in the middle of a
    patch count more than those at its rim, as they do for the discriminator (Luo et al. 2016, "Understanding the
    effective receptive field").
    """
    for kernel, stride in CloseDiscriminator.GEOMETRY:
        mask = functional.avg_pool2d(mask, kernel, stride=stride, padding=1, count_include_pad=False)
    return mask


@torch.no_grad()
def scale_to_inputs(network: nn.Module, gain: float = 2**0.5) -> None:
    """Scale drawn weights so that convolutions keep the size of what they are given (He et al. 2015, eq. 10).

    Each weight's deviation becomes gain / sqrt(inputs); weights keep their directions, so the draw decides as before.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight *= gain / (layer.weight[0].numel() ** 0.5 * layer.weight.std().clamp(min=1e-12))
