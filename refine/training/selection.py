"""Which networks of a training are the best: those whose refined crops are nearest to real crops it never saw.

A GAN's losses do not tell: they compare networks that move. So some real crops are kept out of training, and from time
to time crops of S are refined and held against them by the kernel distance (eval.distances.kernel), which is unbiased and so fit
for a few dozen crops. Frames of a video are near-duplicates of their neighbours: what is held out are the last whole
pictures of the dataset, not crops at random, whose twins would be trained on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from annotate.errors import InputError
from eval.distances.kernel import kernel_distance
from eval.networks.features import FeatureNetwork, load_features
from refine.config import RefineConfig

FEWEST = 8
"""Crops that must be held out for a distance to mean something."""
SAMPLE = 256
"""Crops of S that are refined for a look, at most."""
LOOKS = 10
"""In a training, unless --select-every says otherwise."""


@dataclass(frozen=True)
class Look:
    """A comparison of refined crops with the crops held out, after a step; step 0: crops of S as they are.

    low, high: 2.5th and 97.5th percentile over random subsets of the crops.
    """

    step: int
    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)

    @staticmethod
    def of(row: dict[str, float]) -> Look:
        return Look(int(row["step"]), row["value"], row["low"], row["high"])


class Judge:
    """Measures how near pictures are to the crops held out, in the features of one network."""

    def __init__(self, network: FeatureNetwork, held_out: np.ndarray, seed: int) -> None:
        """held_out: (n, size, size, 3) uint8 RGB. The same seed draws the same subsets at every look."""
        self.network, self.seed = network, seed
        self.count = len(held_out)
        self._features = network(held_out)

    @property
    def name(self) -> str:
        """What the distance is called: that of its features' network."""
        return distance_name(self.network)

    def look(self, step: int, crops: np.ndarray) -> Look:
        """crops: (n, size, size, 3) uint8 RGB."""
        found = kernel_distance(self.network(crops), self._features, np.random.default_rng((self.seed, 6)))
        return Look(step, found.value, found.low, found.high)


def distance_name(network: FeatureNetwork) -> str:
    return f"KD-{network.kind.title}"


def load_distance_features(config: RefineConfig) -> FeatureNetwork:
    """The network that the distance is measured in; InputError if it cannot be had."""
    try:
        return load_features(config.distance_features, config.distance_weights)
    except InputError as error:
        ours = (
            str(error).replace("--feature-weights", "--distance-weights").replace("--features", "--distance-features")
        )
        raise InputError(ours) from None


def split_held_out(pictures: Sequence[str], share: float) -> int:
    """How many crops to train on: those before the cut; the rest are held out. All of them if too few would be.

    pictures: each crop's picture, crops of one picture side by side. The cut falls between two pictures, where it comes
    nearest to the share; at least FEWEST crops are held out, or none.
    """
    wished = share * len(pictures)
    cuts = [place for place in range(1, len(pictures)) if pictures[place] != pictures[place - 1]]
    fit = [place for place in cuts if len(pictures) - place >= FEWEST]
    if wished < FEWEST or not fit:
        return len(pictures)
    return min(fit, key=lambda place: abs(len(pictures) - place - wished))


def sample(count: int, seed: int) -> np.ndarray:
    """Places of the crops of S that every look refines, in order."""
    return np.sort(np.random.default_rng((seed, 7)).choice(count, min(count, SAMPLE), replace=False))


def look_every(config: RefineConfig, total: int) -> int:
    return config.select_every or math.ceil(total / LOOKS)


def best(looks: Sequence[Look]) -> Look | None:
    """The nearest of all looks at refined crops; the first of several."""
    known = (look for look in looks if look.step and math.isfinite(look.value))
    return min(known, key=lambda look: look.value, default=None)


def kept(looks: Sequence[Look], keep: str) -> Look | None:
    """The look at the networks that a training leaves, best or last as `keep` says; None if nothing was held out."""
    refined = [look for look in looks if look.step]
    return best(refined) if keep == "best" else next(reversed(refined), None)


def as_lines(looks: Sequence[Look]) -> str:
    """distances.jsonl."""
    return "".join(json.dumps(look.as_json()) + "\n" for look in looks)
