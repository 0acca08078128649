"""OpenMax: a class for what is none of the classes, from how far logits lie from what is usual for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from scipy.stats import weibull_min

from eval.ood.crops import CropSet
from eval.ood.methods.base import SvmMethod

TAIL = 20
"""Largest distances of a class that the Weibull distribution is fitted to; the paper's default."""
_SHIFT = 1.0
"""The tail is moved so that it begins here: a Weibull distribution lives above 0."""


@dataclass(frozen=True)
class WeibullTail:
    """Distribution of a class's largest distances: how likely a distance is beyond what the class has."""

    start: float
    shape: float
    scale: float

    @classmethod
    def fit(cls, distances: np.ndarray, tail: int = TAIL) -> WeibullTail:
        """Maximum likelihood over the `tail` largest of (n,) distances; what LibMR's FitHigh does."""
        largest = np.sort(distances)[-tail:]
        start = float(largest[0])
        if largest[-1] - start < 1e-12:  # All alike: anything farther is beyond them.
            return cls(start, np.inf, _SHIFT)
        shape, _, scale = weibull_min.fit(largest - start + _SHIFT, floc=0)
        return cls(start, float(shape), float(scale))

    def cdf(self, distances: np.ndarray) -> np.ndarray:
        """1 - exp(-(d / scale)^shape), d the distances moved as the tail was; 0 below."""
        moved = np.maximum(distances - self.start + _SHIFT, 0)
        if np.isinf(self.shape):
            return (moved > self.scale).astype(np.float64)
        with np.errstate(over="ignore"):  # Far beyond the tail the power overflows to infinity, and 1 is right.
            return weibull_min.cdf(moved, self.shape, scale=self.scale)


def logit_distance(logits: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(n,) Euclidean distance / 200 + cosine distance of logits (n, k) to a mean (k,), as in the authors' code."""
    lengths = np.linalg.norm(logits, axis=1) * np.linalg.norm(mean)
    cosine = logits @ mean / np.maximum(lengths, 1e-12)
    return np.linalg.norm(logits - mean, axis=1) / 200 + 1 - cosine


def openmax(logits: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """(n, k + 1) probabilities, the last of none of the classes (Bendale & Boult 2016, algorithm 2).

    beyond: (n, k) how likely each distance is beyond its class. The likeliest class counts fully, the next one less, and
    so on down to 1 / k; what the classes lose goes to the unknown one.
    """
    classes = logits.shape[1]
    ranks = np.argsort(np.argsort(-logits, axis=1, kind="stable"), axis=1)
    lost = logits * beyond * (classes - ranks) / classes
    return softmax(np.column_stack([logits - lost, lost.sum(axis=1)]), axis=1)


class OpenMax(SvmMethod):
    """A linear support vector machine on the probabilities of OpenMax (Bendale & Boult 2016), as in the dissertation.

    Made for many classes. With two, the losing class's logit is usually negative and gives the unknown class negative
    weight, and the distances of two logits say little beyond their difference.
    """

    name, title = "openmax", "OpenMax"
    paper = "Bendale & Boult 2016"

    def fit(self, train: CropSet) -> None:
        logits = self.models.logits(train)
        self._means, self._tails = [], []
        for label in range(logits.shape[1]):
            own = train.labels == label
            right = own & (logits.argmax(axis=1) == label)
            # A class that the network never gets right has no right answers to average; then all of it counts.
            used = logits[right if right.sum() > 1 else own]
            self._means.append(used.mean(axis=0))
            self._tails.append(WeibullTail.fit(logit_distance(used, self._means[-1])))

    def vectors(self, crops: CropSet) -> np.ndarray:
        logits = self.models.logits(crops)
        pairs = zip(self._means, self._tails, strict=True)
        beyond = np.stack([tail.cdf(logit_distance(logits, mean)) for mean, tail in pairs], axis=1)
        return openmax(logits, beyond)
