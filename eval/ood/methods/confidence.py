"""Methods that ask a classifier how sure it is: its softmax, its logits, its answers with dropout, those of several."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.special import logsumexp, softmax

from eval.ood.crops import CropSet
from eval.ood.methods.base import SvmMethod, ThresholdMethod, best_threshold
from eval.ood.networks import Classifier

MC_PASSES = 7
ODIN_TEMPERATURE = 1000.0
ODIN_STEPS = (0.0, 0.0004, 0.0008, 0.0012, 0.0016, 0.002, 0.0028, 0.004)
"""Perturbations tried, of values in 0..1: from the paper's range of 0 to 0.004."""


def unsureness(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(n,) logarithm of 1 minus the highest softmax probability; keeps its order where that probability rounds to 1."""
    scaled = np.sort(logits / temperature, axis=1)
    return logsumexp(scaled[:, :-1], axis=1) - logsumexp(scaled, axis=1)


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """(n,) entropy in nats of probabilities (n, k)."""
    return -(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=1)


class PbThreshold(ThresholdMethod):
    """A threshold on the highest softmax probability (Hendrycks & Gimpel 2017), as in the dissertation.

    The score is log(1 - highest probability), which puts crops in the same order without rounding.
    """

    name, title = "pb-threshold", "PbThreshold"
    paper = "Hendrycks & Gimpel 2017"

    def score(self, crops: CropSet) -> np.ndarray:
        return unsureness(self.models.logits(crops))


class ScoreSVM(SvmMethod):
    """A linear support vector machine on the logits (dissertation, section 3.4).

    With two classes it draws one line through the plane of two logits, and logits of two classes mostly lie along one
    line themselves: little is left to reject with.
    """

    name, title = "score-svm", "ScoreSVM"
    paper = "Shafaei 2020; Cortes & Vapnik 1995"

    def vectors(self, crops: CropSet) -> np.ndarray:
        return self.models.logits(crops)


class LogisticSVM(SvmMethod):
    """ScoreSVM on a classifier trained with the k-way logistic loss, which may answer that it is neither class."""

    name, title = "logistic-svm", "LogisticSVM"
    paper = "Shafaei 2020"

    def vectors(self, crops: CropSet) -> np.ndarray:
        return self.models.outputs("k-way", crops, self.models.k_way_classifier())


def odin_step(model: Classifier, crops: torch.Tensor, step: float, temperature: float) -> torch.Tensor:
    """Crops moved by step towards what the classifier already takes them for (Liang et al. 2018, eq. 2).

    x - step * sign(-d log S_y(x; T) / dx), y the likeliest class, S the softmax at the temperature T. As in the authors'
    code values may leave 0..1.
    """
    with torch.enable_grad():
        moved = crops.detach().clone().requires_grad_(True)
        likeliest = torch.log_softmax(model(moved).double() / temperature, dim=1).amax(dim=1).sum()
        (gradient,) = torch.autograd.grad(-likeliest, moved)
    return crops - step * gradient.sign()


class Odin(ThresholdMethod):
    """A threshold on the softmax of the perturbed crop at a high temperature (Liang, Li & Srikant 2018).

    The dissertation searches the step and the temperature. With two classes the temperature changes neither the sign
    of the gradient nor the order of the scores, so it stays at the paper's 1000 and only the step is searched.
    """

    name, title = "odin", "ODIN"
    paper = "Liang, Li & Srikant 2018"
    step = 0.0

    def calibrate(self, inside: CropSet, outside: CropSet, outside_facts: Any) -> None:
        best = -1.0
        for step in ODIN_STEPS:
            threshold, accuracy = best_threshold(self._score(inside, step), self._score(outside, step))
            if accuracy > best:
                best, self.step, self.threshold = accuracy, step, threshold

    def score(self, crops: CropSet) -> np.ndarray:
        return self._score(crops, self.step)

    def _score(self, crops: CropSet, step: float) -> np.ndarray:
        model = self.models.classifier()

        def perturbed(batch: torch.Tensor) -> torch.Tensor:
            return model(odin_step(model, batch, step, ODIN_TEMPERATURE) if step else batch)

        return unsureness(self.models.outputs(f"odin {step}", crops, perturbed), ODIN_TEMPERATURE)


class McDropout(ThresholdMethod):
    """Entropy of the mean of 7 answers with dropout left on, p = 0.5 (Gal & Ghahramani 2016).

    Dropout stands before both full layers, as in the dissertation's VGG.
    """

    name, title = "mc-dropout", "MC-Dropout"
    paper = "Gal & Ghahramani 2016"

    def score(self, crops: CropSet) -> np.ndarray:
        return entropy(self.models.kept_outputs("mc-dropout", crops, self._mean_answer))

    def _mean_answer(self, piece: CropSet) -> np.ndarray:
        """(n, 2) mean probabilities; what is dropped depends on seed, source and name of the crops."""
        model, seed = self.models.classifier(), self.models.stream(f"mc-dropout {piece.name}")
        device = self.models.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            model.dropout.train()
            answers = [softmax(self.models.evaluate(piece.images, model), axis=1) for _ in range(MC_PASSES)]
            model.dropout.eval()
        return np.mean(answers, axis=0)


class DeepEnsemble(ThresholdMethod):
    """Entropy of the mean of several networks, each trained on its own and on adversarial crops as well
    (Lakshminarayanan, Pritzel & Blundell 2017); the dissertation takes five."""

    name, title = "deep-ensemble", "DeepEnsemble"
    paper = "Lakshminarayanan, Pritzel & Blundell 2017"

    def score(self, crops: CropSet) -> np.ndarray:
        members = range(self.models.config.ensemble)
        logits = [self.models.outputs(f"member-{k}", crops, self.models.member(k)) for k in members]
        return entropy(np.mean([softmax(value, axis=1) for value in logits], axis=0))
