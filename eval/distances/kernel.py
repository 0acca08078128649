"""The kernel distance between two sets of feature vectors: squared maximum mean discrepancy, unbiased, so fit for few of them.

Bińkowski et al. 2018, eq. 4, with their kernel k(x, y) = (x·y / d + 1)^3. It is called KID only when the features are
those of the Inception network; everywhere else it carries its network's name. Around 0 for two samples of one
distribution, sometimes below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SUBSETS = 100
"""Random subsets over which the distance is averaged."""
_SUBSET_SIZE = 100


@dataclass(frozen=True)
class KernelDistance:
    """Mean over random subsets, and the 2.5th and 97.5th percentile of the subsets' values, which is how far one may be off."""

    value: float
    low: float
    high: float
    n: int
    n_reference: int


def squared_discrepancy(features: np.ndarray, reference: np.ndarray) -> float:
    """Unbiased estimate for features (n, d) and reference (m, d), n and m at least 2."""
    if min(len(features), len(reference)) < 2:
        raise ValueError(
            f"a kernel distance needs at least 2 feature vectors on each side, found {len(features)} and {len(reference)}"
        )
    x, y = (np.asarray(one, np.float64) for one in (features, reference))
    within = [_off_diagonal_mean(_kernel(one, one)) for one in (x, y)]
    return float(sum(within) - 2.0 * _kernel(x, y).mean())


def kernel_distance(
    features: np.ndarray, reference: np.ndarray, rng: np.random.Generator, subset: int = _SUBSET_SIZE
) -> KernelDistance:
    """Averaged over SUBSETS random subsets of at most subset vectors of each side, drawn without repetition."""
    size = min(subset, len(features), len(reference))
    drawn = [
        squared_discrepancy(
            features[rng.choice(len(features), size, replace=False)],
            reference[rng.choice(len(reference), size, replace=False)],
        )
        for _ in range(SUBSETS)
    ]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return KernelDistance(float(np.mean(drawn)), float(low), float(high), len(features), len(reference))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray((x @ y.T / x.shape[1] + 1.0) ** 3)


def _off_diagonal_mean(matrix: np.ndarray) -> float:
    n = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / (n * (n - 1)))
