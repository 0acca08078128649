"""Seconds and values of one Fréchet distance between two sets of drawn features: ours, torchmetrics', scipy's matrix root.

    python benchmarks/distances.py                        # 5,000 vectors of 2,048 numbers on each side; a minute or two
    python benchmarks/distances.py --vectors 272          # as many as a small real dataset has: fewer than dimensions

All start from the features; means and covariances are part of the time. The features are normal, with variances that
fall as one over their rank, as those of networks do. One thread, one run each.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from scipy import linalg
from torch import nn

import eval.networks.torchvision_guard  # noqa: F401  (torchmetrics imports torchvision)
from eval.distances.frechet import distance, frechet_distance, gaussian


def draw(vectors: int, dimensions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sets (vectors, dimensions) of slightly different normal distributions."""
    rng = np.random.default_rng(seed)
    spread = 1.0 / np.sqrt(np.arange(1, dimensions + 1))
    turn = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))[0]
    one = (rng.normal(size=(vectors, dimensions)) * spread) @ turn
    other = (rng.normal(size=(vectors, dimensions)) * spread * 1.2 + 0.02) @ turn
    return one, other


class Given(nn.Module):
    """A feature network for torchmetrics that does not look at its pictures but gives what it was given, in turn."""

    def __init__(self, sets: Sequence[np.ndarray]) -> None:
        super().__init__()
        self.num_features = sets[0].shape[1]
        self.left = [torch.from_numpy(features) for features in sets]

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.left.pop(0)


def by_torchmetrics(one: np.ndarray, other: np.ndarray) -> float:
    """Its metric as it is used: updated, then computed, in double precision."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(Given([one, other]), normalize=True, input_img_size=(3, 1, 1))
    metric.set_dtype(torch.float64)
    for features, real in ((one, True), (other, False)):
        metric.update(torch.zeros(len(features), 3, 1, 1), real=real)
    return float(metric.compute())


def by_matrix_root(one: np.ndarray, other: np.ndarray) -> float:
    """As the FID paper's own code: the root of the product of the covariances."""
    a, b = gaussian(one), gaussian(other)
    root = linalg.sqrtm(a.covariance @ b.covariance)
    spread = np.trace(a.covariance) + np.trace(b.covariance) - 2.0 * np.trace(root).real
    return float(np.square(a.mean - b.mean).sum() + spread)


def by_eigenvalues(one: np.ndarray, other: np.ndarray) -> float:
    """From means and covariances, by eigenvalues of the symmetric form."""
    return frechet_distance(gaussian(one), gaussian(other))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=5000, help="of each set")
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    one, other = draw(options.vectors, options.dimensions, options.seed)
    ways: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
        "plafond": lambda a, b: distance(a, b).value,
        "plafond, from covariances": by_eigenvalues,
        "torchmetrics": by_torchmetrics,
        "scipy.linalg.sqrtm": by_matrix_root,
    }
    print(f"{options.vectors} + {options.vectors} vectors of {options.dimensions}; {platform.machine()}, 1 thread")
    print(f"{'':28}{'seconds':>10}{'distance':>16}")
    for name, way in ways.items():
        way(one[:50, :8], other[:50, :8])  # Imports and first calls are not part of the time.
        began = time.perf_counter()
        value = way(one, other)
        print(f"{name:28}{time.perf_counter() - began:10.2f}{value:16.6f}", flush=True)


if __name__ == "__main__":
    main()
