"""CUT and FastCUT: one generator, one discriminator and PatchNCE (Park et al. 2020, "Contrastive Learning for Unpaired
Image-to-Image Translation").

The total is eq. 5: adversarial + lambda_X NCE(x, G(x)) + lambda_Y NCE(y, G(y)); CUT has both lambdas 1, FastCUT
lambda_X 10 and lambda_Y 0. As in the published code the two NCE terms of CUT count half each, layers and places are
averaged, keys get no gradient (neither the encoder nor H learns through them), the discriminator is updated before
the generator, there is no pool of past images, and FastCUT translates the mirrored crop half of the time and asks
for the mirrored features.

Other than published: weights begin as N(0, 0.02) instead of Xavier's; the networks are those of CycleGAN, whose
strided convolutions do not blur before they halve the size; each image of a batch has places of its own; mirroring is
decided for each step, as published, but the learning rate falls as everywhere here, over the second half.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from refine.config import RefineConfig
from refine.losses.contrastive import layered_nce
from refine.losses.translation import generator_least_squares
from refine.networks.discriminator import PatchDiscriminator
from refine.networks.generator import Generator
from refine.networks.layers import build
from refine.networks.patches import PatchHeads, at_places, compared_layers, draw_places, encoded, encoded_shapes
from refine.refiner import Batch, Draws, Progress, Refiner
from refine.refiners.cyclegan import judged


class ContrastiveTranslation(Refiner):
    """CUT. weight: lambda of PatchNCE. identity: also NCE(y, G(y)). mirror: translate mirrored crops half of the time."""

    def __init__(self, config: RefineConfig, weight: float, identity: bool, mirror: bool, device: torch.device) -> None:
        super().__init__(config, device)
        self.weight, self.identity, self.mirror = weight, identity, mirror
        filters = config.filters
        assert filters is not None, "Preset.build fills it in"
        rng = np.random.default_rng((config.seed, 1))
        generator = build(lambda: Generator(filters, config.blocks, False, config.upsampling), rng)
        self.layers = compared_layers(generator)
        channels, self.sides = encoded_shapes(filters, config.size_px, 1 + len(self.layers))
        networks = {
            "G": generator,
            "H": build(lambda: PatchHeads(channels, config.contrastive.width), rng),
            "D": build(lambda: PatchDiscriminator(config.discriminator_filters), rng),
        }
        self.networks = {name: self.placed(network) for name, network in networks.items()}
        self.optimisers = {"generator": self.optimiser("G", "H"), "discriminator": self.optimiser("D")}

    def draw(self, progress: Progress, rng: np.random.Generator) -> Draws:
        """Besides what every refiner draws: places of each compared layer, and whether to mirror."""
        images = self.config.batch * (2 if self.identity else 1)
        places = draw_places(self.sides, images, self.config.contrastive.locations, rng)
        drawn = super().draw(progress, rng) | {f"places.{layer}": place for layer, place in enumerate(places)}
        return drawn | {"mirrored": torch.tensor(self.mirror and rng.random() < 0.5)}

    def step(self, x: Batch, y: Batch, draws: Draws, stage: str) -> dict[str, Tensor]:
        self.train_only("G", "H", "D")
        real = self.laid_out(y.images)
        sources = self.laid_out(torch.cat([x.images, y.images]) if self.identity else x.images)
        with self.arithmetic():
            translated = self.networks["G"](self._mirrored(sources, draws)).float()
        fake = translated[: len(x.images)]
        return self._update_discriminator(real, fake.detach(), draws) | self._update_generator(
            sources, translated, fake, draws
        )

    @torch.no_grad()
    def refine(self, x: Batch) -> Tensor:
        with self.arithmetic():
            return self.networks["G"](self.laid_out(x.images)).float()

    def _update_discriminator(self, real: Tensor, fake: Tensor, draws: Draws) -> dict[str, Tensor]:
        with self.arithmetic():
            loss = judged(self.networks["D"], real, fake)  # type: ignore[arg-type]
        self.optimisers["discriminator"].lower(loss, draws["learning_rate"])
        return {"D": loss.detach()}

    def _update_generator(self, sources: Tensor, translated: Tensor, fake: Tensor, draws: Draws) -> dict[str, Tensor]:
        """Lower eq. 5 by one step of G and H. fake: the part of `translated` that comes from S."""
        self.train_only("G", "H")
        keys = self._keys(sources, draws)
        with self.arithmetic():
            adversarial = generator_least_squares(self.networks["D"](fake).float())
            queries = self._described(translated, draws, mirrored=True)
        losses = {"adversarial_G": adversarial} | self._nce(queries, keys, len(fake))
        nce = torch.stack([loss for name, loss in losses.items() if name.startswith("nce")]).mean()
        self.optimisers["generator"].lower(adversarial + self.weight * nce, draws["learning_rate"])
        return {name: loss.detach() for name, loss in losses.items()}

    def _nce(self, queries: list[Tensor], keys: list[Tensor], count: int) -> dict[str, Tensor]:
        """PatchNCE of the first `count` images, those of S, and of the others, those of R."""
        parts = {"nce": slice(count)} | ({"nce_identity": slice(count, None)} if self.identity else {})
        temperature = self.config.contrastive.temperature
        return {
            name: layered_nce([q[part] for q in queries], [k[part] for k in keys], temperature, [None] * len(keys))
            for name, part in parts.items()
        }

    @torch.no_grad()
    def _keys(self, sources: Tensor, draws: Draws) -> list[Tensor]:
        """Descriptions of the inputs.

        In an autocast context of its own: the copies of weights that it keeps were made without gradient, and the
        queries must not use them.
        """
        with self.arithmetic():
            return self._described(sources, draws, mirrored=False)

    def _described(self, images: Tensor, draws: Draws, mirrored: bool) -> list[Tensor]:
        """H of the encoder's features at the drawn places, (n, k, width) for each compared layer."""
        found = encoded(self.networks["G"], images, self.layers)  # type: ignore[arg-type]
        if mirrored:
            found = [self._mirrored(features, draws) for features in found]
        samples = [at_places(features, draws[f"places.{layer}"]) for layer, features in enumerate(found)]
        return self.networks["H"](samples)  # type: ignore[no-any-return]

    def _mirrored(self, images: Tensor, draws: Draws) -> Tensor:
        """Left and right exchanged where the step's draw says so, in a refiner that mirrors at all."""
        return torch.where(draws["mirrored"], images.flip(3), images) if self.mirror else images
