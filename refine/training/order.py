"""Which crops a step sees and how fast it learns: functions of the step's number alone, so they need no state."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from refine.config import RefineConfig, steps_per_epoch
from refine.processes import process_count, process_rank


def learning_rate_at(step: int, total: int, initial: float) -> float:
    """Constant over the first half, then linearly to zero (thesis Algorithm 8, by step instead of by epoch)."""
    return initial * min(1.0, (total - step) / (total / 2))


class CropOrder:
    """Which crops a step sees: each epoch takes a new random choice of min(|R|, |S|) crops of either domain.

    Several processes share every step's crops: n of them with batch b see together what one sees with batch n b.
    """

    def __init__(self, config: RefineConfig, synthetic: int, real: int) -> None:
        self.config, self.counts = config, {"synthetic": synthetic, "real": real}
        self.batch, self.rank = config.batch * process_count(), process_rank()
        self.per_epoch = steps_per_epoch(config, synthetic, real, process_count())
        self._epoch = -1
        self._orders: dict[str, Tensor] = {}

    def at(self, step: int) -> dict[str, Tensor]:
        """Indices of this process's crops in a step, (batch,) int64 on the host, by domain: synthetic, real."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._orders = {name: self._order(epoch, domain) for domain, name in enumerate(self.counts)}
        start = place * self.batch + self.rank * self.config.batch
        return {name: order[start : start + self.config.batch] for name, order in self._orders.items()}

    def _order(self, epoch: int, domain: int) -> Tensor:
        count = list(self.counts.values())[domain]
        shuffled = np.random.default_rng((self.config.seed, 3, epoch, domain)).permutation(count)
        return torch.from_numpy(np.resize(shuffled, self.per_epoch * self.batch))
