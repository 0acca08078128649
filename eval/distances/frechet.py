"""The Fréchet distance between two sets of feature vectors, each taken as one normal distribution.

Thesis eq. 2.26 (Heusel et al. 2017): |mu_r - mu_g|^2 + Tr(S_r + S_g - 2 (S_r S_g)^(1/2)). It is called FID only when
the features are those of the Inception network; everywhere else it carries its network's name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Gaussian:
    """Mean (d,) and unbiased covariance (d, d) of n feature vectors."""

    mean: np.ndarray
    covariance: np.ndarray
    n: int

    @property
    def dimensions(self) -> int:
        return len(self.mean)


@dataclass(frozen=True)
class Distance:
    """A Fréchet distance and what it rests on. biased: fewer vectors than dimensions, so the covariance is singular."""

    value: float
    n: int
    n_reference: int
    dimensions: int

    @property
    def biased(self) -> bool:
        return min(self.n, self.n_reference) <= self.dimensions


def gaussian(features: np.ndarray) -> Gaussian:
    """Mean and covariance of features (n, d), n >= 2; ValueError for fewer."""
    if len(features) < 2:
        raise ValueError(f"a Fréchet distance needs at least 2 feature vectors, found {len(features)}")
    features = np.asarray(features, dtype=np.float64)
    return Gaussian(features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False)), len(features))


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """The distance, never below 0.

    Tr (A B)^(1/2) is computed as the sum of the square roots of the eigenvalues of A^(1/2) B A^(1/2), which has the
    same eigenvalues as A B but is symmetric: real without an imaginary remainder, also when A or B is singular.
    """
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ b.covariance @ root).clip(min=0.0)).sum()
    spread = np.trace(a.covariance) + np.trace(b.covariance) - 2.0 * shared
    return float(max(np.square(a.mean - b.mean).sum() + spread, 0.0))


def distance(features: np.ndarray, reference: np.ndarray) -> Distance:
    """Fréchet distance of features (n, d) to reference features (m, d)."""
    a, b = gaussian(features), gaussian(reference)
    return Distance(frechet_distance(a, b), a.n, b.n, a.dimensions)
