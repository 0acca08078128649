"""Batches of varied pictures, made one ahead of the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from eval.config import Augmentation
from eval.data.augment import augment, mosaic
from eval.data.samples import Sample


def batches(
    samples: Sequence[Sample], size: int, how: Augmentation, steps: int, rng: np.random.Generator
) -> Iterator[list[Sample]]:
    """steps batches of augmented samples; every sample once before any comes again. Made one batch ahead."""
    indices = _order(len(samples), rng)
    children = iter(rng.spawn(steps))

    def make(chosen: list[int], child: np.random.Generator) -> list[Sample]:
        return [_varied(samples, index, how, child) for index in chosen]

    size = min(size, len(samples))
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, [next(indices) for _ in range(size)], next(children))
        for _ in range(steps):
            ready = ahead.result()
            child = next(children, None)
            if child is not None:
                ahead = pool.submit(make, [next(indices) for _ in range(size)], child)
            yield ready


def _order(count: int, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(count).tolist()


def _varied(samples: Sequence[Sample], index: int, how: Augmentation, rng: np.random.Generator) -> Sample:
    """One variation of a sample; sometimes three quarters of it are other samples."""
    first = augment(samples[index], how, rng)
    if how.mosaic <= 0 or rng.random() >= how.mosaic:
        return first
    others = rng.integers(len(samples), size=3)
    return mosaic([first, *(augment(samples[other], how, rng) for other in others)])
