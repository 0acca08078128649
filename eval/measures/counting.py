"""How well the people of a picture are counted: detections at the threshold against people, picture by picture.

The error is detections (those that count) minus people: above 0 where the picture seems fuller than it is. A false alarm
and a missed person in one picture make up for each other here, and only here.
"""

from __future__ import annotations

import numpy as np

from eval.measures.intervals import Figure, mean_figure

BOUNDS = {
    "count_mean_absolute_error": (0.0, float("inf")),
    "count_root_mean_square_error": (0.0, float("inf")),
    "count_bias": (float("-inf"), float("inf")),
    "count_exactly_right": (0.0, 1.0),
}
"""The figures, in people a picture (the last: share of pictures), and the values that they can have."""


def counting_errors(counts: np.ndarray) -> np.ndarray:
    """(..., pictures) detections minus people; counts: (..., pictures, 3) TP, FP, FN at the threshold."""
    return np.asarray(counts[..., 1] - counts[..., 2])


def counting_figures(counts: np.ndarray) -> dict[str, Figure]:
    """The figures of BOUNDS of one seed's counts (pictures, 3), on weighted pictures; NaN where no picture is drawn."""
    errors = counting_errors(counts).astype(np.float32)
    mean_square = mean_figure(errors**2)
    return {
        "count_mean_absolute_error": mean_figure(np.abs(errors)),
        "count_root_mean_square_error": lambda weights: np.sqrt(mean_square(weights)),
        "count_bias": mean_figure(errors),
        "count_exactly_right": mean_figure((errors == 0).astype(np.float32)),
    }
