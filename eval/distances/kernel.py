"""The kernel distance between two sets of feature vectors: squared maximum mean discrepancy, unbiased, so fit for few of them.

Bińkowski et al. 2018, eq. 4, with their kernel k(x, y) = (x·y / d + 1)^3. It is called KID only when the features are
those of the Inception network; everywhere else it carries its network's name. Around 0 for two samples of one
distribution, sometimes below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eval.distances.jackknife import Estimate, jackknife

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
    _refuse_few(features, reference)
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


def estimate(features: np.ndarray, reference: np.ndarray, groups: np.ndarray, reference_groups: np.ndarray) -> Estimate:
    """squared_discrepancy with its 95 % interval by the jackknife over blocks of pictures; groups as it has them.

    Over all vectors at once, which has the same expectation as the mean over subsets and scatters less.
    """
    _refuse_few(features, reference)
    x, y = (np.asarray(one, np.float64) for one in (features, reference))
    of_x, of_y, across = _kernel(x, x), _kernel(y, y), _kernel(x, y)

    def measure(a: np.ndarray, b: np.ndarray) -> float:
        within = _off_diagonal_mean(of_x[np.ix_(a, a)]) + _off_diagonal_mean(of_y[np.ix_(b, b)])
        return float(within - 2.0 * across[np.ix_(a, b)].mean())

    return jackknife(measure, groups, reference_groups)


def _refuse_few(features: np.ndarray, reference: np.ndarray) -> None:
    if min(len(features), len(reference)) < 2:
        raise ValueError(
            f"a kernel distance needs at least 2 feature vectors on each side, found {len(features)} and {len(reference)}"
        )


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray((x @ y.T / x.shape[1] + 1.0) ** 3)


def _off_diagonal_mean(matrix: np.ndarray) -> float:
    n = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / (n * (n - 1)))
