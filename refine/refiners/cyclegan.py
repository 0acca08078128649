"""CycleGAN (thesis section 2.4, Algorithm 8): two generators and two discriminators trained against each other.

G translates X (crops of S) to Y (crops of R), F translates back. Which further losses hold G and F is the preset's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from refine.config import RefineConfig
from refine.losses.translation import discriminator_least_squares, generator_least_squares
from refine.networks.discriminator import PatchDiscriminator
from refine.networks.generator import Generator
from refine.networks.layers import build
from refine.perceptual import Features, Perceptual
from refine.pool import ImagePool
from refine.refiner import Batch, Draws, Refiner


@dataclass(frozen=True)
class Cycle:
    """The images of one step, NCHW in [-1, 1], and the networks that losses may look at them with."""

    x: Tensor
    y: Tensor
    y_fake: Tensor
    """G(x)"""
    x_fake: Tensor
    """F(y)"""
    x_back: Tensor
    """F(G(x))"""
    y_back: Tensor
    """G(F(y))"""
    discriminator_x: PatchDiscriminator
    discriminator_y: PatchDiscriminator
    perceptual: Perceptual | None = None
    """V, for presets that compare features."""
    means: Mapping[str, Features] = field(default_factory=dict)
    """Mean features of each domain, "x" and "y", each (1, c, h, w) by pooling layer."""
    _features: dict[str, Features] = field(default_factory=dict)

    def features(self, name: str) -> Features:
        """V of the image of that name, by pooling layer; computed once, however many losses ask."""
        if name not in self._features:
            assert self.perceptual is not None, "a preset whose losses compare features says which pools it needs"
            self._features[name] = self.perceptual(getattr(self, name))
        return self._features[name]


@dataclass(frozen=True)
class Term:
    """A loss of the generators besides the adversarial one: its name in the logs, its weight (lambda), its value."""

    name: str
    weight: float
    value: Callable[[Cycle], Tensor]


class CycleGAN(Refiner):
    """The refiner of all presets that are CycleGAN with some set of losses.

    One step updates G and F together on the whole of eq. 2.9, then both discriminators, which see translated images
    through a pool. skip: the generators' skip connection. perceptual: V of the losses that compare features.
    """

    def __init__(
        self,
        config: RefineConfig,
        terms: tuple[Term, ...],
        skip: bool,
        device: torch.device,
        perceptual: Perceptual | None = None,
    ) -> None:
        super().__init__(config, device)
        filters = config.filters
        assert filters is not None, "Preset.build fills it in"
        self.terms, self.perceptual = terms, perceptual
        self.means: dict[str, Features] = {}
        rng = np.random.default_rng((config.seed, 1))
        for name in ("G", "F"):
            self.networks[name] = build(lambda: Generator(filters, config.blocks, skip, config.upsampling), rng)
        for name in ("D_X", "D_Y"):
            self.networks[name] = build(lambda: PatchDiscriminator(config.discriminator_filters), rng)
        self.networks = {name: self.placed(network) for name, network in self.networks.items()}
        self.optimisers = {
            "generators": self.optimiser("G", "F"),
            "discriminators": self.optimiser("D_X", "D_Y"),
        }
        self.pools = {"x_fake": ImagePool(config.pool), "y_fake": ImagePool(config.pool)}

    def prepare(self, synthetic: Batch, real: Batch) -> None:
        """Fix the scale of the features on real crops and take both domains' mean features."""
        if self.perceptual is not None:
            self.perceptual.calibrate(real.images)
            self.means = {"x": self.perceptual.mean(synthetic.images), "y": self.perceptual.mean(real.images)}

    def step(self, x: Batch, y: Batch, draws: Draws, stage: str) -> dict[str, Tensor]:
        cycle, losses = self._update_generators(self.laid_out(x.images), self.laid_out(y.images), draws)
        x_pool, y_pool = (self.pooled(name, getattr(cycle, name), draws) for name in ("x_fake", "y_fake"))
        return losses | self._update_discriminators(cycle, x_pool, y_pool, draws)

    @torch.no_grad()
    def refine(self, x: Batch) -> Tensor:
        with self.arithmetic():
            return self.networks["G"](self.laid_out(x.images)).float()

    def _update_generators(self, x: Tensor, y: Tensor, draws: Draws) -> tuple[Cycle, dict[str, Tensor]]:
        """Lower eq. 2.9 and the preset's further terms by one step of G and F."""
        self.train_only("G", "F")
        with self.arithmetic():
            cycle = self._cycle(x, y)
            losses = {
                "adversarial_G": generator_least_squares(cycle.discriminator_y(cycle.y_fake).float()),
                "adversarial_F": generator_least_squares(cycle.discriminator_x(cycle.x_fake).float()),
                **{term.name: term.value(cycle) for term in self.terms},
            }
        weights = {term.name: term.weight for term in self.terms}
        total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        self.optimisers["generators"].lower(total, draws["learning_rate"])
        return cycle, {name: loss.detach() for name, loss in losses.items()}

    def _update_discriminators(self, cycle: Cycle, x_pool: Tensor, y_pool: Tensor, draws: Draws) -> dict[str, Tensor]:
        self.train_only("D_X", "D_Y")
        with self.arithmetic():
            losses = {
                "D_X": judged(cycle.discriminator_x, cycle.x, x_pool),
                "D_Y": judged(cycle.discriminator_y, cycle.y, y_pool),
            }
        self.optimisers["discriminators"].lower(losses["D_X"] + losses["D_Y"], draws["learning_rate"])
        return {name: loss.detach() for name, loss in losses.items()}

    def _cycle(self, x: Tensor, y: Tensor) -> Cycle:
        translate, translate_back = self.networks["G"], self.networks["F"]
        y_fake, x_fake = translate(x).float(), translate_back(y).float()
        x_back, y_back = translate_back(y_fake).float(), translate(x_fake).float()
        judges = self.networks["D_X"], self.networks["D_Y"]
        return Cycle(x, y, y_fake, x_fake, x_back, y_back, *judges, self.perceptual, self.means)  # type: ignore[arg-type]


def judged(discriminator: PatchDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss; both images in one pass, which normalisation per image leaves the same."""
    scores_real, scores_fake = discriminator(torch.cat([real, fake])).float().split([len(real), len(fake)])
    return discriminator_least_squares(scores_real, scores_fake)
