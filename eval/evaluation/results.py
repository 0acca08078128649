"""What an evaluation found, as data: the report and its report.json are both made from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from eval.data.samples import Sample
from eval.measures.summary import Comparison, Measures, compare
from eval.measures.truth import PictureTruth


@dataclass(frozen=True)
class SetFacts:
    """One training set: a row of the tables. records: of its training runs, one for each seed (eval.training.runs)."""

    name: str
    kind: str
    recipe: str
    folders: list[str]
    pictures: int
    people: int
    records: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SplitFacts:
    """What the validation or a test set is: words for the report and numbers."""

    title: str
    kind: str
    folder: str
    pictures: int
    people: int
    seconds_covered: float | None

    @property
    def stands_in(self) -> bool:
        return self.kind == "stand-in"


@dataclass(frozen=True)
class TestResult:
    """Every training set's detectors on one test set.

    measures: by training set, on upright boxes; rotated: the same on rotated ones, where the detector and the labels
    have them. samples, truths, detections (by set, for each seed, for each picture): what they were measured from.
    """

    __test__ = False  # not a test, whatever its name

    name: str
    facts: SplitFacts
    measures: Mapping[str, Measures]
    rotated: Mapping[str, Measures]
    samples: list[Sample] = field(repr=False)
    truths: list[PictureTruth] = field(repr=False)
    detections: Mapping[str, list[list[np.ndarray]]] = field(repr=False)

    def comparison(self, first: str, second: str) -> Comparison:
        """The first training set against the second, on the same drawn pictures."""
        return compare(self.measures[first], self.measures[second])

    def as_json(self) -> dict[str, Any]:
        names = list(self.measures)
        return {
            "name": self.name,
            **asdict(self.facts),
            "measures": {name: value.as_json() for name, value in self.measures.items()},
            "rotated_measures": {name: value.as_json() for name, value in self.rotated.items()},
            "comparisons": [
                {"first": first, "second": second, **self.comparison(first, second).as_json()}
                for place, second in enumerate(names)
                for first in names[place + 1 :]
            ],
        }


@dataclass(frozen=True)
class Evaluation:
    """Everything that was found. tests: the test set first, then those of --also-test; pairs: (refined, synthetic)."""

    sets: list[SetFacts]
    val: SplitFacts
    tests: list[TestResult]
    pairs: list[tuple[str, str]]
    warnings: list[str]

    @property
    def test(self) -> TestResult:
        return self.tests[0]

    @property
    def seeds(self) -> int:
        return len(self.sets[0].records)

    def facts(self, name: str) -> SetFacts:
        return next(entry for entry in self.sets if entry.name == name)

    def as_json(self) -> dict[str, Any]:
        return {
            "sets": [entry.as_json() for entry in self.sets],
            "val": asdict(self.val),
            "tests": [test.as_json() for test in self.tests],
            "pairs": [{"refined": refined, "synthetic": synthetic} for refined, synthetic in self.pairs],
        }
