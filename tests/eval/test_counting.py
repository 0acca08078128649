"""Counting people in a picture: errors by hand."""

import numpy as np
import pytest

from eval.measures.counting import BOUNDS, counting_errors, counting_figures

COUNTS = np.array([[3, 1, 1], [2, 0, 2], [0, 1, 0], [4, 0, 0]])
"""TP, FP, FN of four pictures: errors 0 (one alarm, one missed), -2, +1, 0."""


def test_error_is_detections_minus_people() -> None:
    assert counting_errors(COUNTS).tolist() == [0, -2, 1, 0]


def test_figures_worked_out_by_hand() -> None:
    figures = {name: float(own(np.ones((1, 4)))[0]) for name, own in counting_figures(COUNTS).items()}
    assert figures == pytest.approx(
        {
            "count_mean_absolute_error": 3 / 4,
            "count_root_mean_square_error": np.sqrt(5 / 4),
            "count_bias": -1 / 4,
            "count_exactly_right": 2 / 4,
        }
    )
    assert figures.keys() == BOUNDS.keys()


def test_drawn_pictures_weigh_as_often_as_they_were_drawn() -> None:
    weights = np.array([[0, 3, 1, 0], [2, 0, 0, 2], [0, 0, 0, 0]], np.float32)
    figures = counting_figures(COUNTS)
    np.testing.assert_allclose(figures["count_bias"](weights), [-5 / 4, 0, np.nan])
    np.testing.assert_allclose(
        figures["count_root_mean_square_error"](weights), [np.sqrt(13 / 4), 0, np.nan], rtol=1e-6
    )
    np.testing.assert_allclose(figures["count_exactly_right"](weights), [0, 1, np.nan])
