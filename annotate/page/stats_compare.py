"""How far distributions lie apart, and which difference matters most, in words.

The distance is Wasserstein's first: the least mean distance by which values have to be moved to turn one distribution
into the other, in the unit of the quantity (scipy.stats.wasserstein_distance). Divided by the standard deviation of the
baseline it compares between quantities. What such a number means shows a yardstick: the same distance between each real
video and all the others together, its median over videos.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from annotate.page.stats_boxes import Quantity, Sample


@dataclass(frozen=True)
class Difference:
    """One quantity of one dataset against the baseline."""

    dataset: str
    quantity: Quantity
    distance: float
    """In the quantity's unit."""
    deviations: float
    """In standard deviations of the baseline."""
    yardstick: float | None
    """Median over the baseline's groups of one group's distance from the others, in the same deviations."""
    median: float
    baseline_median: float


def difference(
    dataset: str, quantity: Quantity, ours: Sample, baseline: Sample, spread_of_groups: float | None
) -> Difference:
    """The Wasserstein-1 distance of a sample from the baseline, and what it means.

    spread_of_groups: yardstick(baseline), which is the same for all datasets.
    """
    distance = wasserstein(ours, baseline)
    spread = standard_deviation(baseline)
    medians = (float(ours.quantiles([0.5])[0]), float(baseline.quantiles([0.5])[0]))
    return Difference(dataset, quantity, distance, distance / spread, spread_of_groups, *medians)


def wasserstein(a: Sample, b: Sample) -> float:
    """First Wasserstein distance of two weighted samples."""
    return float(wasserstein_distance(a.values, b.values, a.weights, b.weights))


def standard_deviation(sample: Sample) -> float:
    """Weighted; never 0, so that one may divide by it."""
    mean = np.average(sample.values, weights=sample.weights)
    return float(max(np.sqrt(np.average((sample.values - mean) ** 2, weights=sample.weights)), 1e-9))


def yardstick(baseline: Sample) -> float | None:
    """How far one group of the baseline lies from all the others, the median; None for fewer than three groups."""
    groups = np.unique(baseline.groups)
    if len(groups) < 3:
        return None
    apart = [wasserstein(baseline.only(group), baseline.without(group)) for group in groups]
    return float(np.median(apart)) / standard_deviation(baseline)


def conclusion(differences: list[Difference], baseline: str) -> list[str]:
    """One sentence or two for each dataset: what differs most from the baseline, and what least."""
    datasets = list(dict.fromkeys(one.dataset for one in differences))
    return [_sentence([one for one in differences if one.dataset == name], baseline) for name in datasets]


def _sentence(differences: list[Difference], baseline: str) -> str:
    ordered = sorted(differences, key=lambda one: one.deviations, reverse=True)
    most, least = ordered[0], ordered[-1]
    text = (
        f"{most.dataset} differs most from {baseline} in {most.quantity.title}: median {number(most.median)} against "
        f"{number(most.baseline_median)} ({most.quantity.unit}), distributions {most.deviations:.1f} standard deviations "
        "apart"
    )
    text += f"{_against_yardstick(most)}."
    if least is not most:
        text += f" Closest is {least.quantity.title} ({least.deviations:.1f})."
    return text


def _against_yardstick(one: Difference) -> str:
    if one.yardstick is None:
        return ""
    if one.deviations <= one.yardstick:
        return f", less than one real video from the others ({one.yardstick:.1f})"
    return f", where one real video is {one.yardstick:.1f} from the others"


def number(value: float) -> str:
    """Three digits that count, without an exponent."""
    digits = 0 if abs(value) >= 100 or value == 0 else int(max(0, 2 - np.floor(np.log10(abs(value)))))
    return f"{value:.{min(digits, 3)}f}"
