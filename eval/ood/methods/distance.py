"""Methods that ask how far a crop lies from the source's: nearest neighbours, Gaussians, what an autoencoder gives back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.ood.crops import CropSet
from eval.ood.methods.base import Method, SvmMethod, ThresholdMethod, best_threshold

CENTRES = 21
"""Centres tried for the autoencoder's error: quantiles of the source's own errors, and 0."""


def with_mirrored(images: np.ndarray) -> np.ndarray:
    """(2n, s, s, 3) the crops and their mirror images: what networks see by chance, neighbours see explicitly."""
    return np.concatenate([images, images[:, :, ::-1]])


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


class KNN(ThresholdMethod):
    """A threshold on the mean Euclidean distance to the k nearest training crops, pixel by pixel.

    In the dissertation a special case of K-NNSVM; as a detector of outliers, Ramaswamy, Rastogi & Shim 2000.
    """

    name, title = "knn", "K-NN"
    paper = "Ramaswamy, Rastogi & Shim 2000; Shafaei 2020"

    def fit(self, train: CropSet) -> None:
        self._nearest = pixel_neighbours(train, self.models.config.neighbours)

    def score(self, crops: CropSet) -> np.ndarray:
        return _pixel_distances(self, self._nearest, crops).mean(axis=1)


class KNNSVM(SvmMethod):
    """A linear support vector machine on the sorted distances to the k nearest training crops, pixel by pixel
    (dissertation, appendix A.2)."""

    name, title = "knn-svm", "K-NNSVM"
    paper = "Shafaei 2020"

    def fit(self, train: CropSet) -> None:
        self._nearest = pixel_neighbours(train, self.models.config.neighbours)

    def vectors(self, crops: CropSet) -> np.ndarray:
        return _pixel_distances(self, self._nearest, crops)


def pixel_neighbours(train: CropSet, k: int) -> NearestNeighbors:
    """The training crops and their mirror images as a reference set; at most as many neighbours as there are."""
    reference = _pixels(with_mirrored(train.images))
    return NearestNeighbors(n_neighbors=min(k, len(reference)), algorithm="brute").fit(reference)


def _pixel_distances(method: Method, nearest: NearestNeighbors, crops: CropSet) -> np.ndarray:
    """(n, k) sorted; the two methods share them."""
    return method.models.kept_outputs(
        "pixel neighbours", crops, lambda piece: nearest.kneighbors(_pixels(piece.images))[0].astype(np.float64)
    )


class BNNSVM(SvmMethod):
    """K-NNSVM in the bottleneck of an autoencoder that was trained with binary cross-entropy: K-BNNSVM of the
    dissertation, where the B is for that loss."""

    name, title = "bnn-svm", "K-BNNSVM"
    paper = "Shafaei 2020"

    def fit(self, train: CropSet) -> None:
        encode = self.models.autoencoder().encode
        reference = self.models.evaluate(with_mirrored(train.images), encode)
        count = min(self.models.config.neighbours, len(reference))
        self._nearest = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(reference)

    def vectors(self, crops: CropSet) -> np.ndarray:
        codes = self.models.outputs("codes", crops, self.models.autoencoder().encode)
        return self._nearest.kneighbors(codes)[0]


class AEThreshold(Method):
    """How far an autoencoder's error lies from what is usual: (e - mu)^2 > tau, both mu and tau chosen
    (dissertation, appendix A.2). Outsiders may be given back worse than usual, or better, such as plain ones."""

    name, title = "ae-threshold", "AEThreshold"
    paper = "Shafaei 2020"
    centre = 0.0

    def calibrate(self, inside: CropSet, outside: CropSet, outside_facts: Any) -> None:
        one, other = self.errors(inside), self.errors(outside)
        best = -1.0
        for centre in (0.0, *np.quantile(one, np.linspace(0, 1, CENTRES))):
            threshold, accuracy = best_threshold((one - centre) ** 2, (other - centre) ** 2)
            if accuracy > best:
                best, self.centre, self.threshold = accuracy, float(centre), threshold

    def errors(self, crops: CropSet) -> np.ndarray:
        """(n,) binary cross-entropy of what the autoencoder gives back."""
        return self.models.outputs("errors", crops, self.models.autoencoder().error)

    def score(self, crops: CropSet) -> np.ndarray:
        return (self.errors(crops) - self.centre) ** 2


def mahalanobis_squared(features: np.ndarray, means: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """(n,) squared distance of features (n, d) to the nearest of the class means (k, d), under one precision (d, d)."""
    offsets = features[:, None] - means[None]
    return np.einsum("nkd,de,nke->nk", offsets, precision, offsets).min(axis=1)


class Mahalanobis(Method):
    """Distance to the nearest class under one Gaussian covariance, in the features of every stage; a logistic regression
    weighs the stages (Lee et al. 2018, without the perturbation of the input). Not in the dissertation.

    The covariance is shrunk (Ledoit & Wolf 2004): there are few crops for so many features.
    """

    name, title = "mahalanobis", "Mahalanobis"
    paper = "Lee et al. 2018"

    def fit(self, train: CropSet) -> None:
        self._gaussians = []
        for features in self._stages(train):
            means = np.stack([features[train.labels == label].mean(axis=0) for label in (0, 1)])
            precision = LedoitWolf(assume_centered=True).fit(features - means[train.labels]).precision_
            self._gaussians.append((means, precision))

    def calibrate(self, inside: CropSet, outside: CropSet, outside_facts: Any) -> None:
        distances = np.concatenate([self.distances(inside), self.distances(outside)])
        labels = np.repeat([0, 1], [len(inside), len(outside)])
        regression = LogisticRegression(class_weight="balanced", max_iter=1000)
        self._regression = make_pipeline(StandardScaler(), regression).fit(distances, labels)
        self.threshold = 0.0

    def distances(self, crops: CropSet) -> np.ndarray:
        """(n, 5) squared distances in the four stages and the hidden layer."""
        pairs = zip(self._stages(crops), self._gaussians, strict=True)
        return np.stack([mahalanobis_squared(features, *gaussian) for features, gaussian in pairs], axis=1)

    def score(self, crops: CropSet) -> np.ndarray:
        return self._regression.decision_function(self.distances(crops))

    def _stages(self, crops: CropSet) -> list[np.ndarray]:
        model = self.models.classifier()

        def everything(batch: torch.Tensor) -> torch.Tensor:
            means = model.stage_means(batch)
            return torch.cat([*means, model.penultimate(means[-1])], dim=1)

        return np.split(self.models.outputs("stages", crops, everything), np.cumsum(model.widths), axis=1)
