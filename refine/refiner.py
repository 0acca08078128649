"""What the training engine and the refining of a dataset ask of a refiner, whatever its networks and losses are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from annotate.errors import InputError


@dataclass(frozen=True)
class Progress:
    """Where the training is: `step` steps of `total` are done."""

    step: int
    total: int
    learning_rate: float
    """Of the step that is made now."""


class Refiner(ABC):
    """Networks that learn to translate crops of S into crops that look like R, and then do it.

    Images are NCHW float in [-1, 1] on the refiner's device. Randomness comes from the generator given to `step`.
    """

    networks: dict[str, nn.Module]
    """All networks by name; their shapes follow from preset and configuration."""
    device: torch.device

    @abstractmethod
    def step(self, x: Tensor, y: Tensor, progress: Progress, rng: np.random.Generator) -> dict[str, Tensor]:
        """One update of all networks with crops x of S and y of R.

        Returns the losses by name, always the same names, as scalars still on the device: reading one would make
        the processor wait for it.
        """

    @abstractmethod
    def refine(self, x: Tensor) -> Tensor:
        """x (n, 3, size, size) of S translated into R; no gradients, same shape."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything that training needs to go on, networks apart: tensors, numbers, strings, lists and dicts."""

    @abstractmethod
    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""

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
