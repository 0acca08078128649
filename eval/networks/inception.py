"""Inception as the FID paper uses it (Heusel et al. 2017), and the resizing in front of it; only this makes a distance an FID.

The network is pt_inception-2015-12-05 as torch-fidelity has it: TensorFlow's Inception of 2015 with its own average
poolings, which torchvision's Inception v3 lacks. Its input is resized as Parmar et al. 2022 ("On aliased resizing and
surprising subtleties in GAN evaluation") propose: antialiased bicubic, each channel by itself, in floating point and
not rounded to whole levels afterwards. The bilinear resizing of TensorFlow 1, with which the first FIDs were made,
aliases; it is not used, so a distance here compares with those that clean-fid gives.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from PIL import Image
from torch import nn

SIDE_PX = 299
DIMENSIONS = 2048
ADDRESS = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
"""Where torch-fidelity publishes the weights, converted from TensorFlow's; Apache-2.0, 91 MB."""


def clean_resize(pictures: np.ndarray, side_px: int = SIDE_PX) -> np.ndarray:
    """Pictures (n, h, w, 3) of levels 0 to 255 to (n, side_px, side_px, 3) float32, still 0 to 255 but not whole numbers.

    Pillow's bicubic filter, which widens with the reduction. What overshoots at edges is cut off, as clean-fid does.
    """
    resized = np.empty((len(pictures), side_px, side_px, 3), np.float32)
    for picture, place in zip(pictures, resized, strict=True):
        for channel in range(3):
            plane = Image.fromarray(np.ascontiguousarray(picture[..., channel], dtype=np.float32))
            place[..., channel] = plane.resize((side_px, side_px), Image.Resampling.BICUBIC)
    return resized.clip(0.0, 255.0)


class FidInception(nn.Module):
    """pictures (n, 3, 299, 299) RGB in 0..1 to the 2048 features of the last average pooling."""

    def __init__(self) -> None:
        super().__init__()
        import eval.networks.torchvision_guard  # noqa: F401, I001
        from torch_fidelity import feature_extractor_inceptionv3 as fidelity

        # Built from torch-fidelity's blocks: its own class loads or downloads its weights, with pickle, when it is made.
        convolution = fidelity.BasicConv2d
        self.Conv2d_1a_3x3 = convolution(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = convolution(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = convolution(32, 64, kernel_size=3, padding=1)
        self.MaxPool_1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = convolution(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = convolution(80, 192, kernel_size=3)
        self.MaxPool_2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b = fidelity.InceptionA(192, pool_features=32)
        self.Mixed_5c = fidelity.InceptionA(256, pool_features=64)
        self.Mixed_5d = fidelity.InceptionA(288, pool_features=64)
        self.Mixed_6a = fidelity.InceptionB(288)
        self.Mixed_6b = fidelity.InceptionC(768, channels_7x7=128)
        self.Mixed_6c = fidelity.InceptionC(768, channels_7x7=160)
        self.Mixed_6d = fidelity.InceptionC(768, channels_7x7=160)
        self.Mixed_6e = fidelity.InceptionC(768, channels_7x7=192)
        self.Mixed_7a = fidelity.InceptionD(768)
        self.Mixed_7b = fidelity.InceptionE_1(1280)
        self.Mixed_7c = fidelity.InceptionE_2(2048)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        # TensorFlow's graph does the same: levels minus 128, by 128.
        x = (pictures * 255.0 - 128.0) / 128.0
        for layer in self.children():  # In the order in which they were made.
            x = layer(x)
        return x.mean(dim=(2, 3))


def pool_weights(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The published file without its classifier."""
    return {name: value for name, value in weights.items() if not name.startswith("fc.")}
