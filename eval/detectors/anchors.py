"""Anchors: the box sizes a detector starts from, found in the training boxes by k-means.

The distance is 1 - IoU of two boxes laid over each other (Redmon & Farhadi 2017, section 2), so that small and large
boxes count alike. SqueezeDet gives its anchors by hand; thesis section 3.5.2 changes them to the size of heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from annotate.errors import InputError
from eval.config import TrainingConfig
from eval.data.samples import Sample
from eval.measures.matching import union_of


def size_iou(sizes_a: np.ndarray, sizes_b: np.ndarray) -> np.ndarray:
    """(n, m) IoU of boxes of sizes (n, 2) and (m, 2) that share a centre."""
    inner = np.minimum(sizes_a[:, None], sizes_b[None]).prod(axis=2)
    return inner / (sizes_a.prod(axis=1)[:, None] + sizes_b.prod(axis=1)[None] - inner)


def kmeans_anchors(sizes_px: np.ndarray, count: int, rng: np.random.Generator, rounds: int = 50) -> np.ndarray:
    """(count, 2) anchor widths and heights in px, smallest area first.

    sizes_px: (n, 2) widths and heights of training boxes, n >= 1. Where there are fewer different boxes than
    anchors, the rest are the same boxes made larger and smaller. InputError for no boxes.
    """
    if len(sizes_px) == 0:
        raise InputError("anchors: found 0 training boxes, expected at least 1")
    sizes_px = np.maximum(np.asarray(sizes_px, dtype=np.float64), 1.0)
    centres = _spread_start(sizes_px, count, rng)
    for _ in range(rounds):
        nearest = size_iou(sizes_px, centres).argmax(axis=1)
        moved = np.array(
            [np.median(sizes_px[nearest == k], axis=0) if (nearest == k).any() else centres[k] for k in range(count)]
        )
        if np.allclose(moved, centres):
            break
        centres = moved
    return centres[np.argsort(centres.prod(axis=1), kind="stable")]


def _spread_start(sizes_px: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """k-means++ start: each next centre is drawn in proportion to its squared distance from those before it."""
    centres = [sizes_px[rng.integers(len(sizes_px))]]
    while len(centres) < count:
        distance = (1.0 - size_iou(sizes_px, np.array(centres)).max(axis=1)).clip(min=0.0) ** 2
        if distance.sum() < 1e-9:
            centres.append(centres[0] * 1.25 ** ((len(centres) + 1) // 2 * (-1) ** len(centres)))
        else:
            centres.append(sizes_px[rng.choice(len(sizes_px), p=distance / distance.sum())])
    return np.array(centres)


def mean_best_iou(sizes_px: np.ndarray, anchors_px: np.ndarray) -> float:
    """How well anchors fit: mean over boxes of the IoU with the best anchor, sizes only."""
    return float(size_iou(np.asarray(sizes_px, dtype=np.float64), anchors_px).max(axis=1).mean())


def anchors_for(samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator) -> np.ndarray:
    """(k, 2) anchors of the samples' upright boxes, also turned by a quarter if training turns pictures."""
    sizes = np.concatenate([sample.boxes[:, 2:] for sample in samples])
    if config.augmentation.turn != "none":
        sizes = np.concatenate([sizes, sizes[:, ::-1]])
    return kmeans_anchors(sizes, config.anchors, rng)


def counted_anchors(anchors: np.ndarray, sample: Sample) -> np.ndarray:
    """(a,) False for anchors (a, 4; centre first) whose centre lies in an ignore area or an ignored box."""
    counted = np.ones(len(anchors), dtype=bool)
    x, y = anchors[:, 0], anchors[:, 1]
    for left, top, width, height in sample.ignored:
        counted &= ~((x >= left) & (x < left + width) & (y >= top) & (y < top + height))
    if sample.areas:
        counted &= ~shapely.contains_xy(union_of([area.tolist() for area in sample.areas]), x, y)
    return counted
