"""plafond-bank-1: a small fixed feature network that ships as code, for machines without network and weights.

78 numbers per picture, from analytic filters only: colour in three bands from top to bottom, energy of Gabor filters
at six orientations and four scales, band energies of a Laplacian pyramid (where noise and blur show), and gradient
orientations. Nothing is learned and nothing is random, so a distance means the same on every machine. It sees
colour, texture and coarse shape, not what things are: compare its distances with one another, never with FID.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as functional
from torch import nn

SIDE_PX = 128
LEVELS = 4
ORIENTATIONS = 6
GRADIENT_BINS = 8
DIMENSIONS = 18 + LEVELS * (ORIENTATIONS + 1) + LEVELS * 4 + 2 * GRADIENT_BINS
_FAINT = 1e-3  # energy below which everything counts as flat; keeps the logarithms finite


def gabor_filters(side: int = 9, sigma_px: float = 2.0, wavelength_px: float = 5.0) -> torch.Tensor:
    """(2 * ORIENTATIONS, 1, side, side) even filters, then odd ones; each has mean 0 and norm 1 (Daugman 1985)."""
    half = side // 2
    y, x = torch.meshgrid(*(torch.arange(-half, half + 1, dtype=torch.float64),) * 2, indexing="ij")
    window = torch.exp(-(x**2 + y**2) / (2 * sigma_px**2))
    filters = []
    for phase in (0.0, math.pi / 2):
        for k in range(ORIENTATIONS):
            angle = math.pi * k / ORIENTATIONS
            along = x * math.cos(angle) + y * math.sin(angle)
            wave = window * torch.cos(2 * math.pi * along / wavelength_px + phase)
            wave = wave - window * wave.sum() / window.sum()
            filters.append(wave / wave.norm())
    return torch.stack(filters)[:, None].float()


def opponent(pictures: torch.Tensor) -> torch.Tensor:
    """RGB (n, 3, h, w) to brightness, red against green, yellow against blue."""
    red, green, blue = pictures.unbind(dim=1)
    return torch.stack([(red + green + blue) / 3, red - green, (red + green) / 2 - blue], dim=1)


def _log_energy(energy: torch.Tensor) -> torch.Tensor:
    return torch.log(energy + _FAINT)


class FeatureBank(nn.Module):
    """pictures (n, 3, h, w) RGB in 0..1, any size, to features (n, 78)."""

    gabor: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gabor", gabor_filters())

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        pictures = functional.interpolate(pictures, (SIDE_PX, SIDE_PX), mode="bilinear", antialias=True)
        levels = [opponent(pictures)]
        for _ in range(LEVELS):
            levels.append(functional.avg_pool2d(levels[-1], 2))
        parts = [self._colour(levels[1]), self._gradients(levels[1][:, :1])]
        for level, coarser in pairwise(levels):
            parts += [self._orientations(level[:, :1]), self._band(level, coarser)]
        return torch.cat(parts, dim=1)

    @staticmethod
    def _colour(level: torch.Tensor) -> torch.Tensor:
        """(n, 18) mean and deviation of each channel in the upper, middle and lower third."""
        thirds = torch.tensor_split(level, 3, dim=2)
        means = [third.mean(dim=(2, 3)) * 4 for third in thirds]
        deviations = [(third.var(dim=(2, 3), unbiased=False) + _FAINT**2).sqrt() * 8 for third in thirds]
        return torch.cat(means + deviations, dim=1)

    def _orientations(self, brightness: torch.Tensor) -> torch.Tensor:
        """(n, 7) energy by orientation and how unevenly it is spread over the picture."""
        padded = functional.pad(brightness, (4, 4, 4, 4), mode="reflect")
        response = functional.conv2d(padded, self.gabor)
        energy = (response[:, :ORIENTATIONS].square() + response[:, ORIENTATIONS:].square() + _FAINT**2).sqrt()
        whole = energy.mean(dim=1)
        spread = _log_energy(whole.flatten(1).std(dim=1)) - _log_energy(whole.mean(dim=(1, 2)))
        return torch.cat([_log_energy(energy.mean(dim=(2, 3))), spread[:, None]], dim=1)

    @staticmethod
    def _band(level: torch.Tensor, coarser: torch.Tensor) -> torch.Tensor:
        """(n, 4) what a level has beyond the next coarser one: mean size per channel, and peakedness in brightness."""
        smooth = functional.interpolate(coarser, level.shape[2:], mode="bilinear", align_corners=False)
        rest = (level - smooth).abs()
        mean = rest.mean(dim=(2, 3))
        peak = _log_energy(rest[:, 0].square().mean(dim=(1, 2)).add(_FAINT**2).sqrt()) - _log_energy(mean[:, 0])
        return torch.cat([_log_energy(mean), peak[:, None]], dim=1)

    @staticmethod
    def _gradients(brightness: torch.Tensor) -> torch.Tensor:
        """(n, 16) share of gradient strength by direction (8 soft bins over a full turn), upper and lower half."""
        padded = functional.pad(brightness, (1, 1, 1, 1), mode="replicate")
        dx = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
        dy = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
        angle = torch.arange(GRADIENT_BINS, device=dx.device) * (2 * math.pi / GRADIENT_BINS)
        along = dx * angle.cos().view(1, -1, 1, 1) + dy * angle.sin().view(1, -1, 1, 1)
        strength = along.clamp(min=0).square()
        halves = torch.stack([half.mean(dim=(2, 3)) for half in torch.tensor_split(strength, 2, dim=2)], dim=1)
        shares = halves / (halves.sum(dim=(1, 2), keepdim=True) + _FAINT**2)
        return shares.flatten(1) * 4
