"""What the methods have in common: fit on the source, calibrate on source against outsiders, accept or reject.

Every method gives each crop a score that is higher the more foreign it looks, and rejects what lies above its
threshold. The threshold, and whatever else is free, is chosen for the highest balanced accuracy on the source's
validation part and the validation set; that is all a method ever sees of outsiders.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from eval.ood.crops import CropSet
from eval.ood.models import SourceModels


def balanced_accuracy(rejected_inside: np.ndarray, rejected_outside: np.ndarray) -> float:
    """Mean of the share of insiders accepted and the share of outsiders rejected; 0.5 is chance."""
    return float(1 - rejected_inside.mean() + rejected_outside.mean()) / 2


def best_threshold(inside: np.ndarray, outside: np.ndarray) -> tuple[float, float]:
    """The threshold with the highest balanced accuracy when what lies above is rejected, and that accuracy.

    inside, outside: scores (n,), (m,). Thresholds lie half-way between neighbouring scores, or reject nothing or
    everything; of equally good ones the lowest is taken.
    """
    values = np.unique(np.concatenate([inside, outside]))
    edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    accepted = np.searchsorted(np.sort(inside), edges, side="right") / len(inside)
    rejected = 1 - np.searchsorted(np.sort(outside), edges, side="right") / len(outside)
    accuracy = (accepted + rejected) / 2
    best = int(accuracy.argmax())
    return float(edges[best]), float(accuracy[best])


class Method(ABC):
    """One way to know outsiders. Made for one source and seed; calibrated anew for every validation set.

    name: on the command line; title: in the report; paper: where it comes from.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]

    def __init__(self, models: SourceModels) -> None:
        self.models = models
        self.threshold = np.inf

    def fit(self, train: CropSet) -> None:  # noqa: B027 (methods that only read a network have nothing to learn)
        """Learn what the source looks like."""

    @abstractmethod
    def calibrate(self, inside: CropSet, outside: CropSet, outside_facts: Any) -> None:
        """Choose the reject function: inside is the source's validation part, outside the validation set.

        outside_facts: what the validation set's crops depend on, for what is kept on disk.
        """

    @abstractmethod
    def score(self, crops: CropSet) -> np.ndarray:
        """(n,) higher is more foreign."""

    def rejects(self, crops: CropSet) -> np.ndarray:
        """(n,) True for what is taken for foreign."""
        return self.score(crops) > self.threshold


class ThresholdMethod(Method):
    """A score that needs no outsiders, and a threshold on it."""

    def calibrate(self, inside: CropSet, outside: CropSet, outside_facts: Any) -> None:
        self.threshold, _ = best_threshold(self.score(inside), self.score(outside))


class SvmMethod(Method):
    """A linear support vector machine on a vector for each crop, both sides weighted alike.

    The vectors are standardised first. The dissertation's weight decay of 1/m over a mean of m hinge losses is C = 1.
    """

    @abstractmethod
    def vectors(self, crops: CropSet) -> np.ndarray:
        """(n, d) what the machine sees."""

    def calibrate(self, inside: CropSet, outside: CropSet, outside_facts: Any) -> None:
        vectors = np.concatenate([self.vectors(inside), self.vectors(outside)])
        labels = np.repeat([0, 1], [len(inside), len(outside)])
        machine = SVC(kernel="linear", C=1.0, class_weight="balanced")
        self._machine = make_pipeline(StandardScaler(), machine).fit(vectors, labels)
        self.threshold = 0.0

    def score(self, crops: CropSet) -> np.ndarray:
        return self._machine.decision_function(self.vectors(crops))
