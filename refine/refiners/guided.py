"""The guided refiner: changes people only, is told what the renderer knows of them, and keeps their labels true.

The refined crop is x + m * change, m the person mask fading in from its edge: outside it every pixel stays as it was,
and the outline, where colours of both sides mix, cannot become a rim of its own. The generator sees the crop, its label
planes and some noise. There is no way back (no cycle); losses hold the labels (refine.losses.labels), and PatchNCE the
content: features of the finder at places inside the mask.

What the discriminator may judge. It is shown real crops and refined ones, whose backgrounds come from S and cannot
change; were all patches equal, it would tell the domains apart by their backgrounds and have nothing to say about
people. So it sees small patches, and each score counts by the square of the person's share in what it sees. For
refined crops that share follows from the mask. Real crops have none: there the finder, a small network that learns
people's masks from S's crops in the same training, says how likely each pixel is a person's. The same network keeps
masks readable: in the refined crop it must find the person no worse than it did before. Backgrounds are not blanked:
whether a person's noise and blur suit what is around them is worth judging.

The discriminator often has few real crops, and sees every fourth pixel's patch only. So all that it is shown, also when
the generator learns from it, is mirrored half of the time and shifted by a few pixels: otherwise the generator lays a
grid over people that pleases those patches.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

from annotate.errors import InputError
from refine.config import RefineConfig
from refine.label_planes import CHANNELS, head_mask, person_mask, to_channels
from refine.losses import labels as label_losses
from refine.losses.contrastive import layered_nce
from refine.networks.guided import CloseDiscriminator, GuidedGenerator, PersonFinder, scale_to_inputs, share_seen
from refine.networks.layers import build
from refine.networks.patches import PatchHeads, at_places, places_inside
from refine.pool import ImagePool
from refine.refiner import Batch, Draws, Progress, Refiner

NOISE_SIDE = 512
"""Side of the plane of noise, whose windows the generator is given."""
SHIFT_PX = 8
"""Crops are shown to the discriminator shifted by less than that; what leaves on one side comes back on the other."""
CHANGE_SHOWN = 4.0
"""How much larger the change is shown than it is."""


class GuidedRefiner(Refiner):
    """Networks: G changes, M finds people, D judges, H describes places for PatchNCE."""

    def __init__(self, config: RefineConfig, device: torch.device) -> None:
        super().__init__(config, device)
        filters = config.filters
        assert filters is not None, "Preset.build fills it in"
        rng = np.random.default_rng((config.seed, 1))
        guide, options = CHANNELS + 1, config.guided
        generator = build(lambda: GuidedGenerator(filters, config.blocks, guide, options.bound), rng)
        finder = build(lambda: PersonFinder(options.finder_filters), rng)
        judge = build(lambda: CloseDiscriminator(config.discriminator_filters), rng)
        heads = build(lambda: PatchHeads(finder.channels, config.contrastive.width), rng)
        scale_to_inputs(generator.full)
        scale_to_inputs(judge)
        networks = {"G": generator, "M": finder, "D": judge, "H": heads}
        self.networks = {name: self.placed(network) for name, network in networks.items()}
        self.optimisers = {"generator": self.optimiser("G", "H"), "judges": self.optimiser("D", "M")}
        self.pools = {"fake": ImagePool(config.pool)}
        noise = np.random.default_rng((config.seed, 5)).standard_normal((NOISE_SIDE, NOISE_SIDE), dtype=np.float32)
        self.noise = torch.from_numpy(noise).to(device)

    def draw(self, progress: Progress, rng: np.random.Generator) -> Draws:
        """Besides what every refiner draws: windows of noise, places for PatchNCE, how crops are shown to D."""
        batch, options = self.config.batch, self.config.contrastive
        count = options.locations
        spread = (np.arange(count) + rng.random((len(self.networks["M"].strides), batch, count))) / count  # type: ignore[arg-type]
        return super().draw(progress, rng) | {
            "noise": torch.from_numpy(rng.integers(0, NOISE_SIDE, (batch, 2))),
            "places": torch.from_numpy(spread.astype(np.float32)),
            "mirrored": torch.from_numpy(rng.random((3, batch)) < 0.5),
            "shift": torch.from_numpy(rng.integers(0, SHIFT_PX, (3, batch, 2))),
        }

    def step(self, x: Batch, y: Batch, draws: Draws, stage: str) -> dict[str, Tensor]:
        self.train_only(*self.networks)
        images, real, planes = self.laid_out(x.images), self.laid_out(y.images), _planes(x)
        fake = self._changed(images, planes, draws["noise"])
        judged = self._update_judges(images, person_mask(planes), real, fake.detach(), draws)
        return judged | self._update_generator(images, planes, fake, draws)

    @torch.no_grad()
    def refine(self, x: Batch) -> Tensor:
        """Noise follows from each crop itself: the same crop is refined alike, whatever is refined beside it."""
        images = self.laid_out(x.images)
        levels = ((images + 1) * 127.5).round().long().flatten(1)
        windows = torch.stack([levels.sum(dim=1), levels[:, ::3].sum(dim=1)], dim=1) % NOISE_SIDE
        return self._changed(images, _planes(x), windows)

    def views(self, x: Batch) -> dict[str, Tensor]:
        """The refined crops, and the change around grey, CHANGE_SHOWN times as large."""
        refined = self.refine(x)
        return {"refined": refined, "change": ((refined - x.images) * CHANGE_SHOWN).clamp(-1, 1)}

    def _changed(self, images: Tensor, planes: Tensor, windows: Tensor) -> Tensor:
        """x + m * change, within [-1, 1]."""
        guide = self.laid_out(torch.cat([to_channels(planes), self._noise(windows, images.shape[2])], dim=1))
        with self.arithmetic():
            change = self.networks["G"](images, guide).float()
        soft = label_losses.softened(person_mask(planes), self.config.guided.soft_px)
        return (images + soft * change).clamp(-1, 1)

    def _noise(self, windows: Tensor, side: int) -> Tensor:
        """Windows (n, 1, side, side) of the plane of noise; windows: (n, 2) upper left corners. The plane goes round."""
        rows, columns = (
            (windows[:, axis, None] + torch.arange(side, device=windows.device)) % NOISE_SIDE for axis in (0, 1)
        )
        return self.noise[rows[:, :, None], columns[:, None, :]][:, None]

    def _update_judges(
        self, images: Tensor, mask: Tensor, real: Tensor, fake: Tensor, draws: Draws
    ) -> dict[str, Tensor]:
        """One step of D, on people only, and of M, on the crops whose masks are known."""
        with_mask = self.pooled("fake", torch.cat([fake, mask], dim=1), draws)
        with self.arithmetic():
            logits = self.networks["M"](torch.cat([images, real]))[0].float()
            found = logits[len(images) :].detach().sigmoid()
            shown, refined = _shown(torch.cat([real, found], dim=1), draws, 0), _shown(with_mask, draws, 1)
            scores = self.networks["D"](self.laid_out(torch.cat([shown[:, :3], refined[:, :3]]))).float()
        scores_real, scores_fake = scores.split([len(real), len(fake)])
        losses = {
            "D": label_losses.weighted_discriminator_least_squares(
                scores_real, weights_of(shown[:, 3:]), scores_fake, weights_of(refined[:, 3:])
            ),
            "M": functional.binary_cross_entropy_with_logits(logits[: len(images)], mask),
        }
        self.optimisers["judges"].lower(losses["D"] + losses["M"], draws["learning_rate"])
        return {name: loss.detach() for name, loss in losses.items()}

    def _update_generator(self, images: Tensor, planes: Tensor, fake: Tensor, draws: Draws) -> dict[str, Tensor]:
        """One step of G and H on the weighted sum of all losses."""
        self.train_only("G", "H")
        options, mask = self.config.guided, person_mask(planes)
        head = mask * head_mask(planes)
        logits_before, keys, places = self._keys(images, mask, draws)
        shown = _shown(torch.cat([fake, mask], dim=1), draws, 2)
        with self.arithmetic():
            scores = self.networks["D"](self.laid_out(shown[:, :3])).float()
            logits, features = self.networks["M"](fake)
            queries = self._described(features, places)
        temperature = self.config.contrastive.temperature
        losses = {
            "adversarial_G": label_losses.weighted_generator_least_squares(scores, weights_of(shown[:, 3:])),
            "nce": layered_nce(queries, keys, temperature, places),
            "structure": label_losses.structure(images, fake, mask),
            "head_structure": label_losses.structure(images, fake, head),
            "silhouette": label_losses.silhouette(images, fake, mask, options.silhouette_share),
            "readable": label_losses.less_readable(logits_before, logits.float(), mask),
            "change": label_losses.change_amount(images, fake, mask),
        }
        total = torch.stack([getattr(options, name) * loss for name, loss in losses.items()]).sum()
        self.optimisers["generator"].lower(total, draws["learning_rate"])
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def _keys(self, images: Tensor, mask: Tensor, draws: Draws) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """M's logits of the crops, descriptions of places inside the mask, and these places, for each feature."""
        places = [
            places_inside(functional.avg_pool2d(mask, stride), draws["places"][layer])
            for layer, stride in enumerate(self.networks["M"].strides)  # type: ignore[arg-type]
        ]
        with self.arithmetic():  # apart from the queries', or they would use weights that were cast without gradient
            logits, features = self.networks["M"](images)
            return logits.float(), self._described(features, places), places

    def _described(self, features: list[Tensor], places: list[Tensor]) -> list[Tensor]:
        samples = [at_places(one, place) for one, place in zip(features, places, strict=True)]
        return self.networks["H"](samples)  # type: ignore[no-any-return]


def weights_of(mask: Tensor) -> Tensor:
    """How much each of D's scores counts: the square of the person's share in what it sees, (n, 1, h', w')."""
    return share_seen(mask).square()


def _shown(images: Tensor, draws: Draws, turn: int) -> Tensor:
    """Images (n, c, h, w) as the discriminator is shown them: mirrored and shifted as drawn for its 0 real, 1 refined
    crops, 2 those that the generator learns from."""
    rows, columns = (
        (draws["shift"][turn, :, axis, None] + torch.arange(images.shape[2], device=images.device)) % images.shape[2]
        for axis in (0, 1)
    )
    columns = torch.where(draws["mirrored"][turn, :, None], columns.flip(1), columns)
    taken = images.gather(2, rows[:, None, :, None].expand_as(images))
    return taken.gather(3, columns[:, None, None, :].expand_as(images))


def _planes(x: Batch) -> Tensor:
    if x.labels is None:
        raise InputError(
            "the guided refiner was given crops without label planes; it needs those of a rendered dataset with masks"
        )
    return x.labels
