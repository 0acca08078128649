"""Discriminator of Pix2Pix and CycleGAN: PatchGAN (thesis Table 2.3).

The table prints stride 2 for the fourth convolution; it is 1, or the receptive field would be larger than the 70
pixels of its name.
"""

from __future__ import annotations

from torch import Tensor, nn

from refine.networks.layers import normalised

HIDDEN_LAYERS = 4
"""Convolutions before the one that scores; their activations can be compared (thesis eq. 2.21)."""


class PatchDiscriminator(nn.Module):
    """Judges 70x70 patches (thesis Table 2.3); 2,764,737 weights at 64 filters.

    forward gives one score for each patch, n, 1, h', w', not squashed: 1 means real (least squares).
    """

    def __init__(self, filters: int = 64, channels: int = 3) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, filters, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            *_patch_layer(filters, 2 * filters, stride=2),
            *_patch_layer(2 * filters, 4 * filters, stride=2),
            *_patch_layer(4 * filters, 8 * filters, stride=1),
            nn.Conv2d(8 * filters, 1, 4, stride=1, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)

    def activations(self, x: Tensor) -> list[Tensor]:
        """What the first to the fourth layer give, after normalisation and activation, each n, c, h', w'."""
        found = []
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                found.append(x)
        return found


def _patch_layer(channels: int, out_channels: int, stride: int) -> list[nn.Module]:
    layer = nn.Conv2d(channels, out_channels, 4, stride=stride, padding=1)
    return normalised(layer, out_channels, nn.LeakyReLU(0.2, inplace=True))
