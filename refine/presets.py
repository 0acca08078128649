"""The refiners that can be named on the command line.

A CycleGAN with other losses is one entry. A refiner with networks or a training step of its own is a file in
refine/refiners/ with a subclass of refine.refiner.Refiner, and an entry here that builds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from annotate.errors import InputError
from refine.config import RefineConfig
from refine.losses import translation as losses
from refine.perceptual import Perceptual
from refine.refiner import Refiner
from refine.refiners.aggan import AGGAN
from refine.refiners.cut import ContrastiveTranslation
from refine.refiners.cyclegan import Cycle, CycleGAN, Term
from refine.refiners.guided import GuidedRefiner
from refine.refiners.style import Style

Build = Callable[[RefineConfig, torch.device, Perceptual | None], Refiner]


@dataclass(frozen=True)
class Preset:
    """A refiner by name."""

    name: str
    summary: str
    make: Build
    pools: tuple[int, ...] = ()
    """Pooling layers whose features its losses compare (refine.perceptual)."""
    learns: bool = True
    """False for one that is applied as it is, without real crops, and means to break what people look like."""
    labels: bool | Callable[[RefineConfig], bool] = False
    """Whether it needs the label planes of S's crops (refine.label_planes); a function where the configuration decides."""
    filters: int = 64
    """Filters of the generator's first convolution unless the configuration has its own number."""

    def completed(self, config: RefineConfig) -> RefineConfig:
        """The configuration with what it leaves to the preset."""
        return config if config.filters is not None else config.model_copy(update={"filters": self.filters})

    def needs_labels(self, config: RefineConfig) -> bool:
        return self.labels(config) if callable(self.labels) else self.labels

    def build(self, config: RefineConfig, device: torch.device, perceptual: Perceptual | None) -> Refiner:
        """The refiner with its first weights; perceptual: what its losses compare features with, if they do."""
        return self.make(self.completed(config), device, perceptual)


def cyclic_pixel(weight: float) -> Term:
    """Thesis eq. 2.8."""
    return Term("cyclic_pixel", weight, lambda c: losses.cyclic_pixel(c.x, c.x_back, c.y, c.y_back))


def identity_pixel(weight: float) -> Term:
    """Thesis eq. 2.17."""
    return Term("identity_pixel", weight, lambda c: losses.identity_pixel(c.x, c.y_fake, c.y, c.x_fake))


def cyclic_feature(weight: float, *pools: int) -> Term:
    """Thesis eq. 2.18."""

    def value(cycle: Cycle) -> torch.Tensor:
        x, x_back, y, y_back = (cycle.features(name) for name in ("x", "x_back", "y", "y_back"))
        return losses.cyclic_feature(x, x_back, y, y_back, pools)

    return Term("cyclic_feature", weight, value)


def identity_feature(weight: float, *pools: int) -> Term:
    """Thesis eq. 2.19."""

    def value(cycle: Cycle) -> torch.Tensor:
        x, y_fake, y, x_fake = (cycle.features(name) for name in ("x", "y_fake", "y", "x_fake"))
        return losses.identity_feature(x, y_fake, y, x_fake, pools)

    return Term("identity_feature", weight, value)


def mean_feature(weight: float, *pools: int) -> Term:
    """Thesis eq. 2.20."""

    def value(cycle: Cycle) -> torch.Tensor:
        fakes = cycle.features("y_fake"), cycle.features("x_fake")
        return losses.mean_feature(fakes[0], cycle.means["y"], fakes[1], cycle.means["x"], pools)

    return Term("mean_feature", weight, value)


def cyclic_discriminator(weight: float) -> Term:
    """Thesis eq. 2.21 and 2.22, layers 1 to 4."""

    def value(cycle: Cycle) -> torch.Tensor:
        judge_x, judge_y = cycle.discriminator_x.activations, cycle.discriminator_y.activations
        return losses.cyclic_discriminator(
            judge_x(cycle.x), judge_x(cycle.x_back), judge_y(cycle.y), judge_y(cycle.y_back)
        )

    return Term("cyclic_discriminator", weight, value)


def cyclegan(name: str, summary: str, *terms: Term, pools: tuple[int, ...] = (), skip: bool | None = None) -> Preset:
    """CycleGAN with these losses; a name that ends in _S has the skip connection. pools: those that terms compare."""
    joined = name.endswith("_S") if skip is None else skip
    return Preset(
        name,
        f"{summary}, skip connection tanh(x + net(x))" if joined else summary,
        lambda config, device, perceptual: CycleGAN(config, terms, joined, device, perceptual),
        pools,
    )


def with_and_without_skip(name: str, summary: str, *terms: Term, pools: tuple[int, ...] = ()) -> list[Preset]:
    return [cyclegan(one, summary, *terms, pools=pools) for one in (name, f"{name}_S")]


def aggan(name: str, cyclic_weight: float, summary: str) -> Preset:
    """AGGAN with that weight of eq. 2.12; a name that ends in _S has the skip connection."""
    joined = name.endswith("_S")
    return Preset(
        name,
        f"{summary}, skip connection tanh(x + net(x))" if joined else summary,
        lambda config, device, _: AGGAN(config, cyclic_weight, joined, device),
        labels=lambda config: config.attention.source == "masks",
        filters=32,
    )


_CF, _IF = cyclic_feature(1e-5, 2), identity_feature(5e-6, 2)
_THESIS = [
    *with_and_without_skip("C_CP", "CycleGAN as published: cyclic pixel loss 10", cyclic_pixel(10.0)),
    *with_and_without_skip(
        "C_CPCF", "cyclic pixel 10, cyclic feature 1e-5 at pool 2", cyclic_pixel(10.0), _CF, pools=(2,)
    ),
    *with_and_without_skip(
        "C_CPCFIF",
        "cyclic pixel 10, cyclic feature 1e-5, identity feature 5e-6, pool 2",
        cyclic_pixel(10.0), _CF, _IF, pools=(2,),
    ),
    *with_and_without_skip(
        "C_CPCFIP",
        "cyclic pixel 10, cyclic feature 1e-5 at pool 2, identity pixel 10",
        cyclic_pixel(10.0), _CF, identity_pixel(10.0), pools=(2,),
    ),
    *with_and_without_skip(
        "D",
        "cyclic discriminator features 1e-5 of layers 1 to 4, identity feature 5e-6 at pool 2",
        cyclic_discriminator(1e-5), _IF, pools=(2,),
    ),
    *with_and_without_skip(
        "M",
        "mean feature of the other domain 1e-5, identity feature 5e-6, pools 2 and 5",
        mean_feature(1e-5, 2, 5), identity_feature(5e-6, 2, 5), pools=(2, 5),
    ),
    cyclegan(
        "M_new",
        "M with the mean feature's weight raised to 1e-1 (thesis section 5.4)",
        mean_feature(1e-1, 2, 5), identity_feature(5e-6, 2, 5), pools=(2, 5),
    ),
    cyclegan(
        "D_VGG5_S",
        "D with its identity feature at pool 5 alone (thesis section 5.8)",
        cyclic_discriminator(1e-5), identity_feature(5e-6, 5), pools=(5,),
    ),
    cyclegan(
        "D_VGG5-2_S",
        "D with its identity feature at pools 2 and 5 (thesis section 5.8)",
        cyclic_discriminator(1e-5), identity_feature(5e-6, 2, 5), pools=(2, 5),
    ),
]  # fmt: skip

_ATTENTION = [
    aggan("A", 1e-5, "AGGAN: cyclic pixel 1e-5, attention learned for the first 30/160 of the steps"),
    aggan("A_S", 1e-5, "AGGAN: cyclic pixel 1e-5, attention learned for the first 30/160 of the steps"),
    aggan("A_CP10", 10.0, "A with the cyclic pixel weight of its paper, 10"),
    aggan("A_CP10_S", 10.0, "A with the cyclic pixel weight of its paper, 10"),
]

_ONE_SIDED = [
    Preset(
        "CUT",
        "one generator, PatchNCE 1 between input and output, of S and of R",
        lambda config, device, _: ContrastiveTranslation(config, 1.0, True, False, device),
    ),
    Preset(
        "FastCUT",
        "one generator, PatchNCE 10 between input and output, of S alone",
        lambda config, device, _: ContrastiveTranslation(config, 10.0, False, True, device),
    ),
    Preset(
        "guided",
        "changes people only, told by their label planes, with losses that keep labels true",
        lambda config, device, _: GuidedRefiner(config, device),
        labels=True,
    ),
]

_CONTROLS = [
    Preset(
        "S_style",
        "people blended with paintings, nothing learned (thesis section 5.6); needs --paintings",
        lambda config, device, perceptual: Style(config, device),
        learns=False,
    ),
]

PRESETS: dict[str, Preset] = {preset.name: preset for preset in [*_THESIS, *_ATTENTION, *_ONE_SIDED, *_CONTROLS]}


def find_preset(name: str) -> Preset:
    """The preset of that name; InputError listing the known ones if there is none."""
    if name not in PRESETS:
        known = "; ".join(f"{preset.name} ({preset.summary})" for preset in PRESETS.values())
        raise InputError(f'--preset "{name}": no such preset; known presets: {known}')
    return PRESETS[name]
