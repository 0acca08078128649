"""Everything that is measured of one training set's detectors on the test pictures, and two sets side by side.

draws = draw_pictures([truth.time_s for truth in truths], [truth.site for truth in truths], rng)
plus = measure(detections_of_plus, truths, thresholds_of_plus, draws, rng)
plain = measure(detections_of_plain, truths, thresholds_of_plain, draws, rng)
print(compare(plus, plain).recall_text("S"))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eval.measures.counting import BOUNDS, counting_figures
from eval.measures.intervals import (
    Difference,
    Estimate,
    Figure,
    PictureDraws,
    difference,
    estimate,
    estimate_figures,
    f1_figure,
    relative_difference,
)
from eval.measures.matching import per_picture_counts
from eval.measures.mistakes import KINDS, false_alarm_kinds, mistake_figures
from eval.measures.pairing import Candidates, PictureMatch, candidates, match_candidates
from eval.measures.ranking import Ranking, ranking
from eval.measures.strata import Stratification, Stratum, match_stratum, stratifications
from eval.measures.truth import PictureTruth

COCO_IOUS = tuple(np.linspace(0.5, 0.95, 10).tolist())
LOOSE_IOU = 0.3
"""At which people count as found whose boxes fit badly: labels of ceilings differ in what a box holds."""
MOST_DETECTIONS = 100
"""Detections of a picture that count, the best ones: COCO's limit."""


@dataclass(frozen=True)
class StratumMeasures:
    """One part of the people. people: how many were to be found; recall at each seed's threshold, AP; at Measures.iou."""

    label: str
    people: int
    recall: Estimate
    ap: Estimate

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "people": self.people, "recall": self.recall.as_json(), "ap": self.ap.as_json()}


@dataclass(frozen=True)
class StratificationMeasures:
    """The people divided by one property (strata.Stratification)."""

    name: str
    rule: str
    strata: Sequence[StratumMeasures]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "rule": self.rule, "strata": [stratum.as_json() for stratum in self.strata]}


@dataclass(frozen=True)
class Measures:
    """What one training set is worth on the test pictures: every figure with its interval, and the conditions.

    figures: precision, recall and f1 at each seed's threshold; ap (at iou), ap30, ap50, ap50_95; the figures of
    eval.measures.counting and of eval.measures.mistakes. counts: (seeds, pictures, 3) TP, FP, FN at iou and the threshold.
    """

    iou: float
    thresholds: tuple[float, ...]
    most_detections: int
    pictures: int
    people: int
    draws: PictureDraws
    figures: dict[str, Estimate]
    strata: Sequence[StratificationMeasures]
    counts: np.ndarray = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Everything but the draws, as JSON; figures that are not defined are null."""
        return {
            "iou": self.iou,
            "thresholds": list(self.thresholds),
            "most_detections": self.most_detections,
            "pictures": self.pictures,
            "people": self.people,
            "intervals": self.interval_text,
            "figures": {name: value.as_json() for name, value in self.figures.items()},
            "strata": [division.as_json() for division in self.strata],
        }

    @property
    def interval_text(self) -> str:
        """What the intervals cover, in words for a report."""
        seeds = len(self.thresholds)
        over = f"and over {seeds} seeds" if seeds > 1 else "alone: one seed says nothing of others"
        return f"95 % bootstrap over {self.draws.text} {over}"


@dataclass(frozen=True)
class _Seed:
    """One seed's detections beside the people, matched at several thresholds (match: the figures' own)."""

    pictures: list[Candidates]
    match: list[PictureMatch]
    loose: Ranking
    ladder: list[Ranking]
    threshold: float


def measure(
    detections_by_seed: Sequence[Sequence[np.ndarray]],
    truths: Sequence[PictureTruth],
    thresholds_by_seed: Sequence[float],
    draws: PictureDraws,
    rng: np.random.Generator,
    iou: float = 0.5,
    most_detections: int = MOST_DETECTIONS,
    divisions: Sequence[Stratification] | None = None,
) -> Measures:
    """Measure one training set's detectors, one for each seed, on the test pictures.

    detections_by_seed: for each seed, for each picture, (n, 5) upright or (n, 6) rotated boxes in px, score last.
    thresholds_by_seed: scores from which a detection counts for precision, recall, F1 and counting (AP takes all).
    draws: of the same pictures, shared by all sets that are compared. divisions: strata; None: all that the labels
    allow. ValueError if the numbers of seeds or pictures disagree.
    """
    _check(detections_by_seed, truths, thresholds_by_seed, draws)
    seeds = [
        _seed(found, truths, threshold, iou, most_detections)
        for found, threshold in zip(detections_by_seed, thresholds_by_seed, strict=True)
    ]
    counts = np.stack([per_picture_counts(seed.match, seed.threshold) for seed in seeds])
    figures = _count_figures(counts, draws, rng) | _precision_figures(seeds, iou, draws, rng)
    figures |= _mistake_figures(seeds, iou, draws, rng)
    chosen = stratifications(truths) if divisions is None else divisions
    return Measures(
        iou=iou,
        thresholds=tuple(float(threshold) for threshold in thresholds_by_seed),
        most_detections=most_detections,
        pictures=len(truths),
        people=int(counts[0, :, [0, 2]].sum()),
        draws=draws,
        figures=figures,
        strata=[_measured(division, seeds, truths, iou, draws, rng) for division in chosen],
        counts=counts,
    )


def _check(
    detections_by_seed: Sequence[Sequence[np.ndarray]],
    truths: Sequence[PictureTruth],
    thresholds_by_seed: Sequence[float],
    draws: PictureDraws,
) -> None:
    if not truths or not len(detections_by_seed):
        raise ValueError(f"{len(truths)} pictures and {len(detections_by_seed)} seeds: expected at least one of each")
    if len(thresholds_by_seed) != len(detections_by_seed):
        raise ValueError(f"{len(detections_by_seed)} seeds but {len(thresholds_by_seed)} thresholds: expected one each")
    pictures = {len(found) for found in detections_by_seed} | {draws.weights.shape[1]}
    if pictures != {len(truths)}:
        raise ValueError(f"{len(truths)} pictures, but detections and draws of {sorted(pictures)}: expected the same")


def _seed(
    found: Sequence[np.ndarray], truths: Sequence[PictureTruth], threshold: float, iou: float, most: int
) -> _Seed:
    pictures = [candidates(own, truth, most) for own, truth in zip(found, truths, strict=True)]
    match, loose, *ladder = match_candidates(pictures, [iou, LOOSE_IOU, *COCO_IOUS])
    return _Seed(pictures, match, ranking(loose), [ranking(level) for level in ladder], threshold)


def _count_figures(counts: np.ndarray, draws: PictureDraws, rng: np.random.Generator) -> dict[str, Estimate]:
    """Precision, recall, F1 and the counting figures, from counts (seeds, pictures, 3)."""
    ratios = {"precision": (0, 1), "recall": (0, 2)}
    figures = {
        name: estimate_figures([_ratio(own, *columns) for own in counts], draws, rng)
        for name, columns in ratios.items()
    }
    figures["f1"] = estimate_figures([f1_figure(own) for own in counts], draws, rng)
    counting = [counting_figures(own) for own in counts]
    for name, bounds in BOUNDS.items():
        figures[name] = estimate_figures([own[name] for own in counting], draws, rng, bounds)
    return figures


def _ratio(counts: np.ndarray, part: int, rest: int) -> Figure:
    """part / (part + rest) of counts (pictures, 3) on weighted pictures, part 0 being TP; NaN where both are 0."""

    def figure(weights: np.ndarray) -> np.ndarray:
        top, below = (np.asarray(weights @ counts[:, column].astype(np.float32), float) for column in (part, rest))
        return np.divide(top, top + below, out=np.full(len(top), np.nan), where=top + below > 0)

    return figure


def _mistake_figures(
    seeds: Sequence[_Seed], iou: float, draws: PictureDraws, rng: np.random.Generator
) -> dict[str, Estimate]:
    """What false alarms are (eval.measures.mistakes), each a picture."""
    found = [mistake_figures(false_alarm_kinds(seed.pictures, seed.match, seed.threshold, iou)) for seed in seeds]
    return {name: estimate_figures([own[name] for own in found], draws, rng, (0.0, float("inf"))) for name in KINDS}


def _precision_figures(
    seeds: Sequence[_Seed], iou: float, draws: PictureDraws, rng: np.random.Generator
) -> dict[str, Estimate]:
    """ap, ap30, ap50 and ap50_95."""
    own = np.array([[level.average_precision() for level in seed.ladder] for seed in seeds])
    drawn = np.stack([[level.drawn_average_precision(draws.weights) for level in seed.ladder] for seed in seeds])
    ap50 = estimate(own[:, 0], drawn[:, 0], draws.spread, rng)
    ap = ap50 if iou == COCO_IOUS[0] else _average_precision([ranking(seed.match) for seed in seeds], draws, rng)
    ladder = estimate(own.mean(axis=1), drawn.mean(axis=1), draws.spread, rng)
    loose = _average_precision([seed.loose for seed in seeds], draws, rng)
    return {"ap": ap, "ap30": loose, "ap50": ap50, "ap50_95": ladder}


def _average_precision(rankings: Sequence[Ranking], draws: PictureDraws, rng: np.random.Generator) -> Estimate:
    own = [level.average_precision() for level in rankings]
    drawn = np.stack([level.drawn_average_precision(draws.weights) for level in rankings])
    return estimate(own, drawn, draws.spread, rng)


def _measured(
    division: Stratification,
    seeds: Sequence[_Seed],
    truths: Sequence[PictureTruth],
    iou: float,
    draws: PictureDraws,
    rng: np.random.Generator,
) -> StratificationMeasures:
    strata = [_stratum(stratum, seeds, truths, iou, draws, rng) for stratum in division.strata]
    return StratificationMeasures(division.name, division.rule, [own for own in strata if own.people])


def _stratum(
    stratum: Stratum,
    seeds: Sequence[_Seed],
    truths: Sequence[PictureTruth],
    iou: float,
    draws: PictureDraws,
    rng: np.random.Generator,
) -> StratumMeasures:
    matches = [match_stratum(stratum, seed.pictures, truths, seed.match, iou) for seed in seeds]
    counts = [per_picture_counts(match, seed.threshold) for match, seed in zip(matches, seeds, strict=True)]
    recall = estimate_figures([_ratio(own, 0, 2) for own in counts], draws, rng)
    ap = _average_precision([ranking(match) for match in matches], draws, rng)
    return StratumMeasures(stratum.label, int(counts[0][:, [0, 2]].sum()), recall, ap)


@dataclass(frozen=True)
class Comparison:
    """One training set against another on the same drawn pictures.

    differences: of each figure, first minus second; recall_ratio: how many more people are found, as a share of those
    that the second finds; None if it finds nobody. strata: by division and part, differences of recall and ap.
    """

    differences: dict[str, Difference]
    recall_ratio: Difference | None
    strata: dict[tuple[str, str], dict[str, Difference]]

    def as_json(self) -> dict[str, Any]:
        return {
            "differences": {name: _as_json(value) for name, value in self.differences.items()},
            "recall_ratio": None if self.recall_ratio is None else _as_json(self.recall_ratio),
            "strata": [
                {"division": division, "label": label} | {name: _as_json(value) for name, value in values.items()}
                for (division, label), values in self.strata.items()
            ],
        }

    def recall_text(self, second: str) -> str:
        """"finds 4.1 % more people than S; 95 % interval 1.2 to 7.0"; second: the other set's name."""  # fmt: skip
        ratio = self.recall_ratio
        if ratio is None:
            return f"cannot be compared with {second}, which finds nobody"
        sign, word = (1, "more") if ratio.value >= 0 else (-1, "fewer")
        low, high = sorted((100 * sign * ratio.low, 100 * sign * ratio.high))
        return (
            f"finds {100 * abs(ratio.value):.1f} % {word} people than {second}; 95 % interval {low:.1f} to {high:.1f}"
        )


def _as_json(value: Difference) -> dict[str, float | None]:
    numbers = {"value": value.value, "low": value.low, "high": value.high, "above_zero": value.above_zero}
    return {name: number if np.isfinite(number) else None for name, number in numbers.items()}


def compare(first: Measures, second: Measures) -> Comparison:
    """First against second. ValueError if they were not measured on the same draws with the same IoU."""
    if first.draws is not second.draws or first.iou != second.iou:
        raise ValueError("both sets must be measured with one PictureDraws and at one IoU; give both the same")
    others = {(division.name, part.label): part for division in second.strata for part in division.strata}
    strata = {
        (division.name, part.label): {
            "recall": difference(part.recall, others[division.name, part.label].recall),
            "ap": difference(part.ap, others[division.name, part.label].ap),
        }
        for division in first.strata
        for part in division.strata
        if (division.name, part.label) in others
    }
    differences = {name: difference(value, second.figures[name]) for name, value in first.figures.items()}
    return Comparison(differences, relative_difference(first.figures["recall"], second.figures["recall"]), strata)
