"""What an evaluation found, as data: the report page and report.json are both made from this."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from eval.distances.frechet import Distance
from eval.measures.intervals import Interval

REPORT_VERSION = 1


@dataclass(frozen=True)
class RunResult:
    """One training run on the test set. counts: (pictures, 3) true positives, false positives, false negatives."""

    seed: int
    threshold: float
    precision: float
    recall: float
    f1: float
    ap: float
    counts: np.ndarray
    record: dict[str, Any]
    """Training: seconds, curve on validation, chosen point (TrainedDetector.record)."""

    def as_json(self) -> dict[str, Any]:
        figures = {key: getattr(self, key) for key in ("seed", "threshold", "precision", "recall", "f1", "ap")}
        tp, fp, fn = self.counts.sum(axis=0).tolist()
        return {**figures, "tp": tp, "fp": fp, "fn": fn, "training": self.record}


@dataclass
class SetResult:
    """One row of the table: a training set, its runs, its distance to the reference people."""

    name: str
    kind: str
    folders: list[str]
    pictures: int
    people: int
    runs: list[RunResult] = field(default_factory=list)
    f1_interval: Interval | None = None
    frechet: Distance | None = None

    def mean(self, figure: str) -> float:
        return float(np.mean([getattr(run, figure) for run in self.runs]))

    def deviation(self, figure: str) -> float | None:
        """Standard deviation over seeds; None for one seed."""
        values = [getattr(run, figure) for run in self.runs]
        return float(np.std(values, ddof=1)) if len(values) > 1 else None

    def as_json(self) -> dict[str, Any]:
        figures = {key: {"mean": self.mean(key), "deviation": self.deviation(key)}
                   for key in ("precision", "recall", "f1", "ap", "threshold")}  # fmt: skip
        return {
            "name": self.name, "kind": self.kind, "folders": self.folders, "pictures": self.pictures,
            "people": self.people, **figures,
            "f1_interval": asdict(self.f1_interval) if self.f1_interval else None,
            "frechet": {**asdict(self.frechet), "biased": self.frechet.biased} if self.frechet else None,
            "runs": [run.as_json() for run in self.runs],
        }  # fmt: skip


@dataclass(frozen=True)
class SplitFacts:
    """What the validation or test set is: words for the report and numbers."""

    title: str
    kind: str
    folder: str
    pictures: int
    people: int
    seconds_covered: float | None

    @property
    def stands_in(self) -> bool:
        return self.kind == "stand-in"


@dataclass
class Evaluation:
    """Everything the report says."""

    sets: list[SetResult]
    val: SplitFacts
    test: SplitFacts
    differences: dict[tuple[str, str], Interval]
    """F1 of the first set minus that of the second, by names."""
    pairs: list[tuple[str, str]]
    """Refined and synthetic set names where both are rows of the table."""
    conditions: list[tuple[str, str]]
    warnings: list[str]
    distance_name: str
    frechet_floor: Distance | None
    """Distance between two random halves of the test people."""
    iou: float
    score: float | None
    block: int
    note: str
    config: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "report_version": REPORT_VERSION,
            "note": self.note,
            "conditions": dict(self.conditions),
            "warnings": self.warnings,
            "test": asdict(self.test),
            "val": asdict(self.val),
            "iou": self.iou,
            "fixed_score": self.score,
            "frechet_distance": self.distance_name,
            "frechet_between_test_halves": asdict(self.frechet_floor) if self.frechet_floor else None,
            "sets": [entry.as_json() for entry in self.sets],
            "f1_differences": [
                {"first": a, "second": b, **asdict(value)} for (a, b), value in self.differences.items()
            ],
            "config": self.config,
        }
