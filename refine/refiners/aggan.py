"""AGGAN (Mejjati et al. 2018; thesis section 2.5): a CycleGAN that changes only what attention networks point at.

A_X gives each pixel of a crop x of S an attention x_a in [0, 1], A_Y each pixel of a crop y of R. A translation is a
mixture, x' = x_a * G(x) + (1 - x_a) * x (eq. 2.10), and so is the way back, x'' from x' by F and A_Y. Log losses
(eq. 2.11, 2.16) are least squares here, as in all refiners.

Training has two stages. In "attention" all networks learn and the discriminators see y and x'. From
`attention.share` of the steps on, in "frozen", the attention networks keep still, or they would come to attend
everything (thesis section 2.5), and the discriminators see the thresholded foregrounds of eq. 2.14 and 2.15.

Where sources differ:

- The thesis's Algorithm 9 multiplies G(x) with the attention before it thresholds, and leaves that image to the cycle
  too. This follows the equations: discriminators see G(x) itself where the attention is above the threshold, because
  a multiplied image would be dim (thesis section 2.5), and the cycle keeps to eq. 2.10 and 2.12 in both stages.
- The 0 of eq. 2.14 and 2.15 is 0 of an image in [-1, 1], a mid grey, as in the published implementation. Zero is also
  what the discriminators' convolutions see beyond the image's edge.
- The thesis names A_X alone as frozen; Algorithm 9 and the published implementation freeze both, as is done here.
- The published implementation thresholds x' instead of G(x) and takes the discriminators' normalisation away at the
  switch. The thesis says nothing of the latter; normalisation stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from refine.config import RefineConfig
from refine.label_planes import person_mask
from refine.losses.translation import cyclic_pixel, generator_least_squares
from refine.networks.attention import AttentionNetwork
from refine.networks.discriminator import PatchDiscriminator
from refine.networks.generator import Generator
from refine.networks.layers import build
from refine.pool import ImagePool
from refine.refiner import Batch, Draws, Progress, Refiner
from refine.refiners.cyclegan import judged

ATTENTION, FROZEN = "attention", "frozen"
"""The two stages of a training."""


def mixed(translated: Tensor, image: Tensor, attention: Tensor) -> Tensor:
    """x' = x_a * G(x) + (1 - x_a) * x, thesis eq. 2.10. Images n, 3, h, w; attention n, 1, h, w in [0, 1]."""
    return attention * translated + (1 - attention) * image


def foreground(image: Tensor, attention: Tensor, threshold: float) -> Tensor:
    """The image where the attention is above the threshold, else 0 (mid grey), thesis eq. 2.14 and 2.15."""
    return image.masked_fill(attention <= threshold, 0.0)


@dataclass(frozen=True)
class Translation:
    """One image on its way to the other domain."""

    image: Tensor
    """x, n, 3, h, w in [-1, 1]"""
    attention: Tensor
    """x_a, n, 1, h, w in [0, 1]"""
    generated: Tensor
    """G(x)"""
    result: Tensor
    """x'"""

    def judged_as(self, stage: str, threshold: float) -> tuple[Tensor, Tensor]:
        """What discriminators see of this image: (as one of its own domain, as a fake of the other)."""
        if stage == ATTENTION:
            return self.image, self.result
        return (
            foreground(self.image, self.attention, threshold),
            foreground(self.generated, self.attention, threshold),
        )


class AGGAN(Refiner):
    """The refiner of the A presets.

    cyclic_weight: lambda_cyc of eq. 2.13 on eq. 2.12, whose norm is a mean (refine.losses.translation). skip: the generators'
    skip connection.

    With `attention.source` "masks" the person masks of S's label planes stand in for A_X, which then does not exist.
    R has no masks: A_Y is learned as ever. For y', the translated y, A_X would have to answer too; there the map
    A_Y(y) by which y' was made takes its place.

    The discriminators' pools are emptied at the switch: the images in them are whole, and the new ones have grey
    where nothing was attended, so that an old one would be told by that alone.
    """

    def __init__(self, config: RefineConfig, cyclic_weight: float, skip: bool, device: torch.device) -> None:
        super().__init__(config, device)
        filters = config.filters
        assert filters is not None, "Preset.build fills it in"
        self.cyclic_weight, self.masked = cyclic_weight, config.attention.source == "masks"
        rng = np.random.default_rng((config.seed, 1))
        for name in ("G", "F"):
            self.networks[name] = build(lambda: Generator(filters, config.blocks, skip, config.upsampling), rng)
        for name in ("D_X", "D_Y"):
            self.networks[name] = build(lambda: PatchDiscriminator(config.discriminator_filters), rng)
        self.attention_networks = ("A_Y",) if self.masked else ("A_X", "A_Y")
        for name in self.attention_networks:
            self.networks[name] = build(lambda: AttentionNetwork(config.attention.filters), rng)
        self.networks = {name: self.placed(network) for name, network in self.networks.items()}
        self.optimisers = {
            "generators": self.optimiser("G", "F", *self.attention_networks),
            "discriminators": self.optimiser("D_X", "D_Y"),
        }
        self.pools = {"x_fake": ImagePool(config.pool), "y_fake": ImagePool(config.pool)}

    def stage(self, progress: Progress) -> str:
        return ATTENTION if progress.share < self.config.attention.share else FROZEN

    def draw(self, progress: Progress, rng: np.random.Generator) -> Draws:
        if progress.step > 0 and self.stage(replace(progress, step=progress.step - 1)) != self.stage(progress):
            for pool in self.pools.values():
                pool.clear()
        return super().draw(progress, rng)

    def step(self, x: Batch, y: Batch, draws: Draws, stage: str) -> dict[str, Tensor]:
        forth, back, losses = self._update_generators(x, y, draws, stage)
        return losses | self._update_discriminators(forth, back, draws, stage)

    @torch.no_grad()
    def refine(self, x: Batch) -> Tensor:
        with self.arithmetic():
            return self._forth(x).result

    @torch.no_grad()
    def views(self, x: Batch) -> dict[str, Tensor]:
        """The refined crops and their attention, white where G decides and black where the crop is kept."""
        with self.arithmetic():
            forth = self._forth(x)
        return {"refined": forth.result, "attention": (2 * forth.attention - 1).expand(-1, 3, -1, -1)}

    def _update_generators(
        self, x: Batch, y: Batch, draws: Draws, stage: str
    ) -> tuple[Translation, Translation, dict[str, Tensor]]:
        """Lower eq. 2.13 by one step of G and F, and of A_X and A_Y while they learn. Returns x to x', y to y'."""
        self.train_only("G", "F", *(self.attention_networks if stage == ATTENTION else ()))
        with self.arithmetic():
            forth, back = self._forth(x), self._back(self.laid_out(y.images))
            x_again = self._back(forth.result).result
            y_again = self._translated("G", back.result, back.attention if self.masked else None).result
            losses = {
                "adversarial_G": self._adversarial("D_Y", forth, stage),
                "adversarial_F": self._adversarial("D_X", back, stage),
                "cyclic_pixel": cyclic_pixel(forth.image, x_again, back.image, y_again),
            }
        total = losses["adversarial_G"] + losses["adversarial_F"] + self.cyclic_weight * losses["cyclic_pixel"]
        self.optimisers["generators"].lower(total, draws["learning_rate"])
        return forth, back, {name: loss.detach() for name, loss in losses.items()}

    def _update_discriminators(
        self, forth: Translation, back: Translation, draws: Draws, stage: str
    ) -> dict[str, Tensor]:
        self.train_only("D_X", "D_Y")
        threshold = self.config.attention.threshold
        (x, y_fake), (y, x_fake) = (one.judged_as(stage, threshold) for one in (forth, back))
        with self.arithmetic():
            losses = {
                "D_X": judged(self.networks["D_X"], x, self.pooled("x_fake", x_fake, draws)),  # type: ignore[arg-type]
                "D_Y": judged(self.networks["D_Y"], y, self.pooled("y_fake", y_fake, draws)),  # type: ignore[arg-type]
            }
        self.optimisers["discriminators"].lower(losses["D_X"] + losses["D_Y"], draws["learning_rate"])
        return {name: loss.detach() for name, loss in losses.items()}

    def _adversarial(self, discriminator: str, translation: Translation, stage: str) -> Tensor:
        _, fake = translation.judged_as(stage, self.config.attention.threshold)
        return generator_least_squares(self.networks[discriminator](fake).float())

    def _forth(self, x: Batch) -> Translation:
        """A crop of S, x to x'."""
        if not self.masked:
            return self._translated("G", self.laid_out(x.images))
        assert x.labels is not None, "attention from masks needs the label planes of S"
        return self._translated("G", self.laid_out(x.images), person_mask(x.labels))

    def _back(self, y: Tensor) -> Translation:
        """An image of R, or one that looks like it, by F and A_Y."""
        return self._translated("F", y)

    def _translated(self, generator: str, image: Tensor, attention: Tensor | None = None) -> Translation:
        """Eq. 2.10 with that generator; attention: instead of the attention network of the generator's domain."""
        if attention is None:
            attention = self.networks["A_X" if generator == "G" else "A_Y"](image)
        generated = self.networks[generator](image).float()
        return Translation(image, attention, generated, mixed(generated, image, attention))
