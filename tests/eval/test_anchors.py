"""Anchors found by k-means in training boxes."""

import numpy as np
import pytest

from annotate.errors import InputError
from eval.detectors.anchors import kmeans_anchors, mean_best_iou, size_iou


def test_anchors_find_the_sizes_that_are_there() -> None:
    rng = np.random.default_rng(0)
    true = np.array([[10.0, 10.0], [20.0, 60.0], [80.0, 40.0]])
    sizes = np.concatenate([size * rng.uniform(0.97, 1.03, (50, 2)) for size in true])
    anchors = kmeans_anchors(sizes, 3, np.random.default_rng(1))
    np.testing.assert_allclose(anchors[np.argsort(anchors[:, 0])], true, rtol=0.03)


def test_more_anchors_fit_better() -> None:
    sizes = np.random.default_rng(2).uniform(10, 100, (200, 2))
    fits = [mean_best_iou(sizes, kmeans_anchors(sizes, count, np.random.default_rng(0))) for count in (1, 3, 9)]
    assert fits[0] < fits[1] < fits[2]


def test_fewer_boxes_than_anchors_still_give_all_anchors() -> None:
    anchors = kmeans_anchors(np.array([[30.0, 20.0]]), 9, np.random.default_rng(0))
    assert anchors.shape == (9, 2)
    assert (anchors > 0).all() and len(np.unique(anchors[:, 0])) > 1
    assert size_iou(np.array([[30.0, 20.0]]), anchors).max() == pytest.approx(1.0)


def test_same_generator_gives_same_anchors() -> None:
    sizes = np.random.default_rng(3).uniform(10, 100, (80, 2))
    first, second = (kmeans_anchors(sizes, 5, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_no_boxes_are_refused() -> None:
    with pytest.raises(InputError, match="found 0 training boxes"):
        kmeans_anchors(np.zeros((0, 2)), 3, np.random.default_rng(0))
