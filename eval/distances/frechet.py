"""The Fréchet distance between two sets of feature vectors, each taken as one normal distribution.

Thesis eq. 2.26 (Heusel et al. 2017): |mu_r - mu_g|^2 + Tr(S_r + S_g - 2 (S_r S_g)^(1/2)). It is called FID only when
the features are those of the Inception network; everywhere else it carries its network's name.

Between two sets of vectors nothing of the size d x d needs to be formed where a set has fewer vectors than dimensions
(the cost is n^2 d, not d^3), and no matrix root is taken anywhere: see factored and distance_of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from eval.distances.jackknife import Estimate, jackknife

_LARGE = 1024
"""Side of a matrix from which its eigenvalues are taken rather than its singular values."""


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


@dataclass(frozen=True)
class Factored:
    """Mean (d,) of n feature vectors and a factor F (min(n, d), d) of their unbiased covariance: F' F."""

    mean: np.ndarray
    factor: np.ndarray
    n: int


def factored(features: np.ndarray) -> Factored:
    """Mean and factor of features (n, d), n >= 2; ValueError for fewer.

    For up to d vectors the factor is the centred features themselves by the root of n - 1, so that the covariance is
    never formed; for more, its Cholesky factor or, where it is singular all the same, the triangle of the centred
    features' QR decomposition.
    """
    if len(features) < 2:
        raise ValueError(f"a Fréchet distance needs at least 2 feature vectors, found {len(features)}")
    features = np.asarray(features, dtype=np.float64)
    mean = features.mean(axis=0)
    centred = (features - mean) / np.sqrt(len(features) - 1)
    if len(centred) <= centred.shape[1]:
        return Factored(mean, centred, len(features))
    try:
        factor = linalg.cholesky(centred.T @ centred, overwrite_a=True, check_finite=False)
    except linalg.LinAlgError:
        factor = np.linalg.qr(centred, mode="r")
    return Factored(mean, factor, len(features))


def distance_of(a: Factored, b: Factored) -> Distance:
    """Fréchet distance of two factored sets.

    The eigenvalues of A'A B'B are those of (A B')(A B')', so Tr of its root is the sum of the singular values of A B'.
    """
    shared = _sum_of_singular_values(a.factor @ b.factor.T)
    spread = np.square(a.factor).sum() + np.square(b.factor).sum() - 2.0 * shared
    value = float(max(np.square(a.mean - b.mean).sum() + spread, 0.0))
    return Distance(value, a.n, b.n, len(a.mean))


def _sum_of_singular_values(matrix: np.ndarray) -> float:
    """Taken from the eigenvalues of the smaller Gram matrix where it is large: half the time, and what rounding adds to
    singular values of next to nothing (1e-8 of the largest each) does not show."""
    if min(matrix.shape) < _LARGE:
        return float(linalg.svdvals(matrix, overwrite_a=True, check_finite=False).sum())
    gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    return float(np.sqrt(linalg.eigvalsh(gram, overwrite_a=True, check_finite=False).clip(min=0.0)).sum())


def distance(features: np.ndarray, reference: np.ndarray) -> Distance:
    """Fréchet distance of features (n, d) to reference features (m, d), n and m at least 2."""
    return distance_of(factored(features), factored(reference))


def estimate(features: np.ndarray, reference: np.ndarray, groups: np.ndarray, reference_groups: np.ndarray) -> Estimate:
    """distance with its 95 % interval by the jackknife over blocks of pictures; groups as eval.distances.jackknife has them."""

    whole, whole_reference = factored(features), factored(reference)

    def measure(a: np.ndarray, b: np.ndarray) -> float:
        # Vectors are left out of one side at a time; the other is as it was.
        one = whole if len(a) == whole.n else factored(features[a])
        other = whole_reference if len(b) == whole_reference.n else factored(reference[b])
        return distance_of(one, other).value

    return jackknife(measure, groups, reference_groups, smallest=0.0)
