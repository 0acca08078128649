"""How large the losses of refine are on real crops, times the weight that presets give them.

    python benchmarks/loss_sizes.py S Rs/train --perceptual-weights VGG.safetensors DENSENET.safetensors

For crops of S against unrelated crops of R, against themselves with noise (deviation 0.1 of [-1, 1]) and with less
contrast (0.8 x + 0.1): pixel and feature norms as refine.losses.translation has them, of discriminators with their
first weights. A weight means something only beside these sizes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.dataset import Dataset
from refine.crops import CropRule, collect_crops
from refine.losses.translation import cyclic_discriminator, feature_distance, mean_l1
from refine.networks.discriminator import PatchDiscriminator
from refine.networks.layers import build
from refine.perceptual import load_perceptual
from refine.refiner import to_images

PAIRS = 16
CALIBRATION = 64
"""Real crops on which the scale of the features is fixed."""


@dataclass(frozen=True)
class Options:
    """Sizes of the losses."""

    synthetic: tyro.conf.Positional[Path]
    real: tyro.conf.Positional[Path]
    perceptual_weights: tuple[Path, ...] = ()
    """Weights of VGG16 or of its stand-ins."""
    size_px: int = 128
    """Side of the crops."""
    seed: int = 0
    """Which crops, which noise, which first weights."""


def main(options: Options) -> None:
    rng = np.random.default_rng(options.seed)
    perceptual = load_perceptual((2, 5), options.perceptual_weights)
    real = _crops(options.real, options, CALIBRATION)
    perceptual.calibrate(real)
    x = _crops(options.synthetic, options, PAIRS)
    noise = torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32))
    others = {
        "unrelated real crop": real[: len(x)],
        "noise 0.1": (x + 0.1 * noise).clamp(-1, 1),
        "contrast 0.8": 0.8 * x + 0.1,
    }
    judge = build(PatchDiscriminator, rng)
    print(f"{len(x)} crops of {options.size_px} px; {perceptual.titles}; scales {perceptual.scales}")
    with torch.no_grad():
        for name, other in others.items():
            print(name, {loss: float(f"{value:.2g}") for loss, value in _sizes(x, other, perceptual, judge).items()})


def _sizes(x: Tensor, other: Tensor, perceptual: torch.nn.Module, judge: PatchDiscriminator) -> dict[str, float]:
    """One direction of each loss, weighted."""
    features = perceptual(x), perceptual(other)
    seen = judge.activations(x), judge.activations(other)
    return {
        "10 pixel": 10 * float(mean_l1(x, other)),
        "1e-5 pool 2": 1e-5 * float(feature_distance(*features, (2,))),
        "1e-5 pool 5": 1e-5 * float(feature_distance(*features, (5,))),
        "1e-5 discriminator": 1e-5 * float(cyclic_discriminator(*seen, [], [])),
    }


def _crops(root: Path, options: Options, count: int) -> Tensor:
    rule = CropRule(options.size_px, "person", None, 1.25)
    images = collect_crops(Dataset.read(root), rule, count, options.seed, root.name).images
    return to_images(torch.from_numpy(images).permute(0, 3, 1, 2))


if __name__ == "__main__":
    main(tyro.cli(Options))
