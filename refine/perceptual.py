"""V of the perceptual losses (thesis section 2.6): features of an image classifier, after its pooling layers.

The thesis takes VGG16's second and fifth max pooling. Where its weights cannot be had, a stand-in takes their place
and is named in every result (eval.networks.pools).

Images come in [-1, 1] and are shown to each network in the range of its own weights: torchvision's VGG16 and DenseNet
as RGB in 0..1 minus ImageNet's mean by its deviation, VGG-19 as RGB in 0..1, which its own first layer turns into
BGR in 0..255 minus the mean. The size of the features differs by orders of magnitude between such weights, and a
lambda would mean another thing with each. So every layer is scaled by one number, found on the real crops, that makes
the root mean square of its features FEATURE_RMS at the thesis's size of crops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from eval.detectors.squeezedet import IMAGENET_MEAN, IMAGENET_STD
from eval.networks.pools import load_pool_layers

Features = dict[int, Tensor]
"""(n, c, h, w) by pooling layer."""

FEATURE_RMS = 200.0
"""Root mean square of scaled features on real crops of REFERENCE_PX: the order of VGG16's second pooling for pixels of
0 to 255, for which the thesis found its weights by trial. (Published trainings of style transfer print mean squared
differences near 10 at VGG16's relu2_2 for input of deviation 1; that is 3 in size, 57 times as much in levels.)"""
REFERENCE_PX = 128
"""Side of the thesis's crops. A Euclidean length grows with the side; features of other sides are scaled to give the
length that they would have at this one."""

_CALIBRATION_BATCH = 16


class Perceptual(nn.Module):
    """V: images (n, 3, h, w) in [-1, 1] to features by pooling layer, scaled; weights never change.

    titles: what stands for each pooling layer, for every record of a result.
    """

    def __init__(self, parts: dict[int, nn.Module], normalised: dict[int, bool], titles: dict[int, str]) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({str(pool): part for pool, part in parts.items()})
        self.normalised, self.titles = normalised, titles
        self.register_buffer("mean_rgb", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation_rgb", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)
        self.scales = dict.fromkeys(parts, 1.0)
        self.eval().requires_grad_(False)

    mean_rgb: Tensor
    deviation_rgb: Tensor

    def forward(self, images: Tensor) -> Features:
        rgb = (images + 1) / 2
        return {int(pool): part(self._shown(rgb, int(pool))).float() * self.scales[int(pool)]
                for pool, part in self.parts.items()}  # fmt: skip

    @torch.no_grad()
    def calibrate(self, real: Tensor) -> None:
        """Set every layer's scale so that real crops (n, 3, side, side) have features of root mean square FEATURE_RMS,
        times REFERENCE_PX / side."""
        wished = FEATURE_RMS * REFERENCE_PX / real.shape[-1]
        self.scales = dict.fromkeys(self.scales, 1.0)
        squares = dict.fromkeys(self.scales, 0.0)
        for part in real.split(_CALIBRATION_BATCH):
            for pool, found in self(part).items():
                squares[pool] += float(found.square().mean()) * len(part)
        self.scales = {pool: wished / math.sqrt(total / len(real)) for pool, total in squares.items()}

    @torch.no_grad()
    def mean(self, images: Tensor) -> Features:
        """Mean of the features over images, (1, c, h, w) by pooling layer."""
        sums: Features = {}
        for part in images.split(_CALIBRATION_BATCH):
            for pool, found in self(part).items():
                sums[pool] = sums.get(pool, 0) + found.sum(dim=0, keepdim=True)
        return {pool: found / len(images) for pool, found in sums.items()}

    def _shown(self, rgb: Tensor, pool: int) -> Tensor:
        return (rgb - self.mean_rgb) / self.deviation_rgb if self.normalised[pool] else rgb


def load_perceptual(pools: Sequence[int], files: Sequence[Path], may_download: bool = True) -> Perceptual:
    """V after these pooling layers: VGG16 from one of the files or torchvision, else a stand-in from one of the files.

    InputError if a layer can be had from nowhere, or a file is no network's that is known here.
    """
    layers = load_pool_layers(
        pools, files, may_download, "--perceptual-weights", "take a preset without feature losses"
    )
    return Perceptual(
        {pool: layer.module for pool, layer in layers.items()},
        {pool: layer.normalised for pool, layer in layers.items()},
        {pool: layer.title for pool, layer in layers.items()},
    )
