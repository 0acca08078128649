"""Several sets of feature vectors on two principal components (thesis section 2.10, Figures 4.10, 5.1, 5.3 and 5.4).

As in the thesis the sets are taken as one: the components are those of all vectors together, of as many from each set,
and which set a vector is of is only its colour. Two components of such features hold little of what varies (the
thesis: about a fifth), so sets that lie on one another here may differ elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

COMPONENTS = 2


@dataclass(frozen=True)
class Projection:
    """Positions (n, 2) of every set's vectors, and each component's share of the variance of all, in falling order."""

    points: dict[str, np.ndarray]
    explained: tuple[float, float]

    def centres(self) -> dict[str, np.ndarray]:
        """(2,) mean position of every set."""
        return {name: points.mean(axis=0) for name, points in self.points.items()}


def project(sets: Mapping[str, np.ndarray]) -> Projection:
    """Two principal components of sets of vectors (n, d), n the same for all: a larger set would turn the components
    towards itself. ValueError for unequal n, or fewer than three vectors or two dimensions in all."""
    counts = {len(vectors) for vectors in sets.values()}
    if len(counts) != 1:
        raise ValueError(f"a projection needs as many vectors of every set, found {sorted(counts)}")
    together = np.concatenate(list(sets.values()))
    if min(len(together) - 1, together.shape[1]) < COMPONENTS:
        raise ValueError(f"a projection needs at least 3 vectors of 2 dimensions, found {together.shape}")
    # ARPACK finds two components of vectors far longer than they are many, exactly and without the others.
    solver = "arpack" if min(together.shape) > 50 else "full"
    analysis = PCA(COMPONENTS, svd_solver=solver, random_state=0)
    found = analysis.fit_transform(together)
    parts = np.split(found, len(sets))
    first, second = (float(share) for share in analysis.explained_variance_ratio_)
    return Projection(dict(zip(sets, parts, strict=True)), (first, second))
