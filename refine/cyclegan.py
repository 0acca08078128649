"""CycleGAN (thesis section 2.4, Algorithm 8): two generators and two discriminators trained against each other.

G translates X (crops of S) to Y (crops of R), F translates back. Which further losses hold G and F is the preset's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from refine.config import RefineConfig
from refine.losses import discriminator_least_squares, generator_least_squares
from refine.networks import Generator, PatchDiscriminator, build
from refine.pool import ImagePool
from refine.refiner import Progress, Refiner


@dataclass(frozen=True)
class Cycle:
    """The images of one step, NCHW in [-1, 1], and the discriminators, for losses to look at."""

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
    discriminator_x: nn.Module
    discriminator_y: nn.Module


@dataclass(frozen=True)
class Term:
    """A loss of the generators besides the adversarial one: its name in the logs, its weight (lambda), its value."""

    name: str
    weight: float
    value: Callable[[Cycle], Tensor]


class CycleGAN(Refiner):
    """The refiner of all presets that are CycleGAN with some set of losses.

    One step updates G and F together on the whole of eq. 2.9, then both discriminators, which see translated images
    through a pool. Adam's second momentum is its default, 0.999.
    """

    def __init__(self, config: RefineConfig, terms: tuple[Term, ...], skip: bool, device: torch.device) -> None:
        self.config = config
        self.terms = terms
        self.device = device
        rng = np.random.default_rng((config.seed, 1))
        self.networks = {
            "G": build(lambda: Generator(config.filters, config.blocks, skip), rng),
            "F": build(lambda: Generator(config.filters, config.blocks, skip), rng),
            "D_X": build(lambda: PatchDiscriminator(config.discriminator_filters), rng),
            "D_Y": build(lambda: PatchDiscriminator(config.discriminator_filters), rng),
        }
        for network in self.networks.values():
            network.to(device=device, memory_format=self._memory_format())  # type: ignore[call-overload]
        self.optimisers = {"generators": self._adam("G", "F"), "discriminators": self._adam("D_X", "D_Y")}
        self.pools = {"x_fake": ImagePool(config.pool), "y_fake": ImagePool(config.pool)}

    def step(self, x: Tensor, y: Tensor, progress: Progress, rng: np.random.Generator) -> dict[str, Tensor]:
        for optimiser in self.optimisers.values():
            _set_learning_rate(optimiser, progress.learning_rate)
        x, y = (image.contiguous(memory_format=self._memory_format()) for image in (x, y))
        cycle, losses = self._update_generators(x, y)
        x_pool = self.pools["x_fake"].exchange(cycle.x_fake, rng)
        y_pool = self.pools["y_fake"].exchange(cycle.y_fake, rng)
        return losses | self._update_discriminators(x, x_pool, y, y_pool)

    @torch.no_grad()
    def refine(self, x: Tensor) -> Tensor:
        with self._arithmetic():
            return self.networks["G"](x.contiguous(memory_format=self._memory_format())).float()

    def state(self) -> dict[str, Any]:
        return {
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "pools": {name: pool.state() for name, pool in self.pools.items()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        for name, pool in self.pools.items():
            pool.load_state(state["pools"][name], self.device)

    def _update_generators(self, x: Tensor, y: Tensor) -> tuple[Cycle, dict[str, Tensor]]:
        """Lower eq. 2.9 and the preset's further terms by one step of G and F."""
        self._train_discriminators(False)
        with self._arithmetic():
            cycle = self._cycle(x, y)
            losses = {
                "adversarial_G": generator_least_squares(cycle.discriminator_y(cycle.y_fake).float()),
                "adversarial_F": generator_least_squares(cycle.discriminator_x(cycle.x_fake).float()),
                **{term.name: term.value(cycle) for term in self.terms},
            }
        weights = {term.name: term.weight for term in self.terms}
        total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        self._lower(total, "generators")
        return cycle, {name: loss.detach() for name, loss in losses.items()}

    def _update_discriminators(self, x: Tensor, x_pool: Tensor, y: Tensor, y_pool: Tensor) -> dict[str, Tensor]:
        self._train_discriminators(True)
        with self._arithmetic():
            losses = {"D_X": self._judge("D_X", x, x_pool), "D_Y": self._judge("D_Y", y, y_pool)}
        self._lower(losses["D_X"] + losses["D_Y"], "discriminators")
        return {name: loss.detach() for name, loss in losses.items()}

    def _cycle(self, x: Tensor, y: Tensor) -> Cycle:
        translate, translate_back = self.networks["G"], self.networks["F"]
        y_fake, x_fake = translate(x).float(), translate_back(y).float()
        x_back, y_back = translate_back(y_fake).float(), translate(x_fake).float()
        return Cycle(x, y, y_fake, x_fake, x_back, y_back, self.networks["D_X"], self.networks["D_Y"])

    def _judge(self, name: str, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminator's loss; both images in one pass, which normalisation per image leaves the same."""
        scores_real, scores_fake = self.networks[name](torch.cat([real, fake])).float().split([len(real), len(fake)])
        return discriminator_least_squares(scores_real, scores_fake)

    def _lower(self, loss: Tensor, optimiser: str) -> None:
        self.optimisers[optimiser].zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[optimiser].step()

    def _train_discriminators(self, on: bool) -> None:
        """Off while the generators learn: gradients pass through the discriminators but none is kept for them."""
        for name in ("D_X", "D_Y"):
            self.networks[name].requires_grad_(on)

    def _adam(self, *names: str) -> torch.optim.Adam:
        weights: Iterable[nn.Parameter] = [weight for name in names for weight in self.networks[name].parameters()]
        return torch.optim.Adam(weights, lr=self.config.learning_rate, betas=(self.config.beta1, 0.999))

    def _arithmetic(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.config.precision == "bf16")

    def _memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.config.channels_last else torch.contiguous_format


def _set_learning_rate(optimiser: torch.optim.Optimizer, value: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = value
