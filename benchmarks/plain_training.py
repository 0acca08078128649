"""CycleGAN's training loop as published implementations write it, to hold ours against.

The same networks, losses and first weights as refine's, but: crops are decoded from PNG files and converted at each
step; images are contiguous fp32; generators and discriminators have an unfused Adam; each discriminator looks at real
and translated images in passes of its own and is updated by itself; the memory of past images is a Python list; and
every loss is read with .item() at each step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from refine.losses.translation import discriminator_least_squares, generator_least_squares
from refine.refiners.cyclegan import Cycle, CycleGAN


@dataclass
class ListPool:
    """Up to `capacity` past images; half of the time an older one comes back instead of the new one."""

    capacity: int
    rng: np.random.Generator
    images: list[Tensor] = field(default_factory=list)

    def query(self, images: Tensor) -> Tensor:
        returned = []
        for image in images.detach():
            one = image[None]
            if len(self.images) < self.capacity:
                self.images.append(one)
                returned.append(one)
            elif self.rng.random() > 0.5:
                place = int(self.rng.integers(self.capacity))
                returned.append(self.images[place].clone())
                self.images[place] = one
            else:
                returned.append(one)
        return torch.cat(returned)


class PlainTraining:
    """model: networks, losses and features are taken from it. folder: S-0000.png ... and R-0000.png ..."""

    def __init__(self, model: CycleGAN, folder: Path) -> None:
        self.model, self.device = model, model.device
        self.files = {domain: sorted(folder.glob(f"{domain}-*.png")) for domain in "SR"}
        self.rng = np.random.default_rng(0)
        networks, config = model.networks, model.config
        self.generators = torch.optim.Adam(
            [*networks["G"].parameters(), *networks["F"].parameters()], lr=2e-4, betas=(config.beta1, 0.999)
        )
        self.discriminators = {
            name: torch.optim.Adam(networks[name].parameters(), lr=2e-4, betas=(config.beta1, 0.999))
            for name in ("D_X", "D_Y")
        }
        self.pools = {name: ListPool(config.pool, self.rng) for name in ("D_X", "D_Y")}

    def step(self) -> dict[str, float]:
        """One update of all networks; returns the losses as numbers."""
        x, y = self._images("S"), self._images("R")
        cycle, losses = self._update_generators(x, y)
        losses["D_X"] = self._update_discriminator("D_X", x, cycle.x_fake)
        losses["D_Y"] = self._update_discriminator("D_Y", y, cycle.y_fake)
        return losses

    def _images(self, domain: str) -> Tensor:
        """A batch of crops, decoded from their files."""
        files = self.files[domain]
        chosen = self.rng.integers(len(files), size=self.model.config.batch)
        arrays = [np.asarray(Image.open(files[place]).convert("RGB")) for place in chosen]
        batch = torch.stack([torch.from_numpy(array.copy()).permute(2, 0, 1).float() / 127.5 - 1 for array in arrays])
        return batch.to(self.device)

    def _update_generators(self, x: Tensor, y: Tensor) -> tuple[Cycle, dict[str, float]]:
        networks = self.model.networks
        self._learn("D_X", False)
        self._learn("D_Y", False)
        self.generators.zero_grad()
        y_fake, x_fake = networks["G"](x), networks["F"](y)
        x_back, y_back = networks["F"](y_fake), networks["G"](x_fake)
        cycle = Cycle(
            x, y, y_fake, x_fake, x_back, y_back, networks["D_X"], networks["D_Y"],  # type: ignore[arg-type]
            self.model.perceptual, self.model.means,
        )  # fmt: skip
        losses = {
            "adversarial_G": generator_least_squares(networks["D_Y"](y_fake)),
            "adversarial_F": generator_least_squares(networks["D_X"](x_fake)),
            **{term.name: term.weight * term.value(cycle) for term in self.model.terms},
        }
        torch.stack(list(losses.values())).sum().backward()
        self.generators.step()
        return cycle, {name: loss.item() for name, loss in losses.items()}

    def _update_discriminator(self, name: str, real: Tensor, fake: Tensor) -> float:
        network: nn.Module = self.model.networks[name]
        self._learn(name, True)
        self.discriminators[name].zero_grad()
        loss = discriminator_least_squares(network(real), network(self.pools[name].query(fake)))
        loss.backward()
        self.discriminators[name].step()
        return loss.item()

    def _learn(self, name: str, wanted: bool) -> None:
        for weight in self.model.networks[name].parameters():
            weight.requires_grad = wanted
