"""What the training engine and the refining of a dataset ask of a refiner, whatever its networks and losses are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from annotate.errors import InputError
from refine.config import RefineConfig
from refine.optimiser import Optimiser
from refine.pool import ImagePool

Draws = dict[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """Crops of one domain on the refiner's device.

    images: (n, 3, size, size) float in [-1, 1]. labels: (n, len(PLANES), size, size) uint8, the label planes of
    refine.label_planes, or None where the domain has none, as real pictures have.
    """

    images: Tensor
    labels: Tensor | None = None


@dataclass(frozen=True)
class Progress:
    """Where the training is: `step` steps of `total` are done."""

    step: int
    total: int
    learning_rate: float
    """Of the step that is made now."""

    @property
    def share(self) -> float:
        """0 at the beginning, towards 1 at the end."""
        return self.step / self.total


class Refiner(ABC):
    """Networks that learn to translate crops of S into crops that look like R, and then do it.

    A step is split in two: `draw` decides everything that is random or changes with time on the host, `step` computes
    on the device without looking at a value, so that it can be captured and replayed as one piece (CUDA graphs).
    """

    config: RefineConfig
    device: torch.device
    networks: dict[str, nn.Module]
    """All networks that learn, by name; their shapes follow from preset and configuration."""
    optimisers: dict[str, Optimiser]
    pools: dict[str, ImagePool]

    def __init__(self, config: RefineConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.networks, self.optimisers, self.pools = {}, {}, {}

    def prepare(self, synthetic: Batch, real: Batch) -> None:  # noqa: B027  (optional, not abstract)
        """Look at the data once before training starts or goes on: some crops of either domain, at most a few hundred."""

    def stage(self, progress: Progress) -> str:
        """Names the sequence of operations that `step` runs now; a refiner whose step changes has several."""
        return ""

    def draw(self, progress: Progress, rng: np.random.Generator) -> Draws:
        """What a step needs to be told, as tensors on the host whose shapes never change within a stage."""
        drawn = {"learning_rate": torch.tensor(progress.learning_rate)}
        for name, pool in self.pools.items():
            drawn |= {f"{name}.{key}": value for key, value in pool.draw(self.config.batch, rng).items()}
        return drawn

    @abstractmethod
    def step(self, x: Batch, y: Batch, draws: Draws, stage: str) -> dict[str, Tensor]:
        """One update of all networks with crops x of S and y of R; draws: those of `draw`, on the device.

        Returns the losses by name, always the same names, as scalars still on the device: reading one would make
        the processor wait for it.
        """

    @abstractmethod
    def refine(self, x: Batch) -> Tensor:
        """Crops x of S translated into R, (n, 3, size, size) in [-1, 1]; no gradients."""

    def views(self, x: Batch) -> dict[str, Tensor]:
        """Pictures to look at during training, by name, each (n, 3, size, size) in [-1, 1]; the refined crops first."""
        return {"refined": self.refine(x)}

    def state(self) -> dict[str, Any]:
        """Everything that training needs to go on, networks apart: tensors, numbers, strings, lists and dicts."""
        return {
            "optimisers": {name: optimiser.state() for name, optimiser in self.optimisers.items()},
            "pools": {name: pool.state() for name, pool in self.pools.items()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        for name, optimiser in self.optimisers.items():
            optimiser.load_state(state["optimisers"][name])
        for name, pool in self.pools.items():
            pool.load_state(state["pools"][name], self.device)

    def network_state(self) -> dict[str, Any]:
        return {name: network.state_dict() for name, network in self.networks.items()}

    def load_networks(self, state: dict[str, Any], where: str) -> None:
        """Load weights; InputError naming `where` if they are another network's."""
        if sorted(state) != sorted(self.networks):
            raise InputError(f"{where}: holds the networks {sorted(state)}, expected {sorted(self.networks)}")
        for name, network in self.networks.items():
            try:
                network.load_state_dict(state[name])
            except RuntimeError as error:
                reason = " ".join(str(error).split())[:300]
                raise InputError(f"{where}: {name} is another network than this preset's: {reason}") from None

    def placed(self, network: nn.Module) -> nn.Module:
        """The network on this refiner's device, in its memory format."""
        return network.to(device=self.device, memory_format=self._memory_format())  # type: ignore[call-overload]

    def optimiser(self, *names: str) -> Optimiser:
        return Optimiser([self.networks[name] for name in names], self.config.beta1, self.device)

    def laid_out(self, images: Tensor) -> Tensor:
        """Images in the memory format of the networks."""
        return images.contiguous(memory_format=self._memory_format())

    def arithmetic(self) -> torch.autocast:
        """The context in which networks run, in the configured precision."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.config.precision == "bf16")

    def pooled(self, name: str, images: Tensor, draws: Draws) -> Tensor:
        """Exchange images with the pool of that name."""
        drawn = {key.removeprefix(f"{name}."): value for key, value in draws.items() if key.startswith(f"{name}.")}
        return self.pools[name].exchange(images, drawn)

    def train_only(self, *names: str) -> None:
        """Let these networks alone get gradients; through the others they pass, but none is kept for them."""
        for name, network in self.networks.items():
            network.requires_grad_(name in names)

    def _memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.config.channels_last else torch.contiguous_format


def to_images(crops: Tensor) -> Tensor:
    """uint8 NCHW 0-255 to float in [-1, 1]."""
    return crops.float() / 127.5 - 1.0


def to_crops(images: Tensor) -> Tensor:
    """The way back, rounded."""
    return ((images + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
