"""The refiners that can be named on the command line.

A preset is a line in PRESETS. A refiner with networks or a training step of its own is a file with a subclass of
refine.refiner.Refiner, and a line here that builds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from annotate.errors import InputError
from refine import losses
from refine.config import RefineConfig
from refine.cyclegan import Cycle, CycleGAN, Term
from refine.refiner import Refiner


@dataclass(frozen=True)
class Preset:
    """A refiner by name."""

    name: str
    summary: str
    build: Callable[[RefineConfig, torch.device], Refiner]


def cyclic_pixel(weight: float) -> Term:
    """Thesis eq. 2.8, mean absolute difference of images in [-1, 1]."""

    def value(cycle: Cycle) -> torch.Tensor:
        return losses.cyclic_pixel(cycle.x, cycle.x_back, cycle.y, cycle.y_back)

    return Term("cyclic_pixel", weight, value)


def cyclegan(name: str, summary: str, *terms: Term) -> Preset:
    """CycleGAN with these losses; a name that ends in _S has the skip connection."""
    skip = name.endswith("_S")
    return Preset(name, summary, lambda config, device: CycleGAN(config, terms, skip, device))


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        cyclegan("C_CP", "CycleGAN as published: cyclic pixel loss, weight 10", cyclic_pixel(10.0)),
        cyclegan("C_CP_S", "C_CP with a skip connection, tanh(x + net(x))", cyclic_pixel(10.0)),
    )
}


def find_preset(name: str) -> Preset:
    """The preset of that name; InputError listing the known ones if there is none."""
    if name not in PRESETS:
        known = "; ".join(f"{preset.name} ({preset.summary})" for preset in PRESETS.values())
        raise InputError(f'--preset "{name}": no such preset; known presets: {known}')
    return PRESETS[name]
