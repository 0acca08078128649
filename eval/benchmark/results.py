"""What the commands of a benchmark found, read from the reports that they left.

Nothing is taken for granted but names of sets and the figures' names: what a report does not hold is absent here, and
the tables say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

FIGURES = ("precision", "recall", "f1", "ap")


@dataclass(frozen=True)
class Figure:
    """A figure with, where they are known, its 95 % interval and its standard deviation over seeds."""

    value: float
    low: float | None = None
    high: float | None = None
    deviation: float | None = None

    @property
    def excludes_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def negated(self) -> Figure:
        low, high = (None if end is None else -end for end in (self.high, self.low))
        return Figure(-self.value, low, high, self.deviation)


@dataclass(frozen=True)
class SetResult:
    """A training set's row: figures by name, epochs of the chosen checkpoints, and the curves on validation by seed."""

    name: str
    figures: dict[str, Figure]
    epochs: list[float]
    curves: list[list[dict[str, float]]]
    runs: int
    pictures: int | None = None

    @property
    def f1(self) -> float | None:
        found = self.figures.get("f1")
        return None if found is None else found.value


@dataclass(frozen=True)
class Distance:
    """A distance between the people of a set and those of a reference."""

    set: str
    reference: str
    measure: str
    """FID, KID, FD-<network> or KD-<network>."""
    figure: Figure
    biased: bool = False


@dataclass
class Results:
    """Everything that the tables are made from. differences: F1 of the first set minus that of the second."""

    sets: dict[str, SetResult] = field(default_factory=dict)
    differences: dict[tuple[str, str], Figure] = field(default_factory=dict)
    distances: list[Distance] = field(default_factory=list)
    plots: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Plots of the projections, as report.json writes them, by the refined set that is shown beside R and S."""
    conditions: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stands_in: bool = False
    """Whether the test pictures only stand in for real ones."""

    def difference(self, first: str, second: str) -> Figure | None:
        """F1 of first minus F1 of second on the same test pictures; None if it was not measured."""
        if (first, second) in self.differences:
            return self.differences[first, second]
        other = self.differences.get((second, first))
        return None if other is None else other.negated()

    def distance(self, name: str, reference: str, measure: str | None) -> Distance | None:
        found = (one for one in self.distances if (one.set, one.reference) == (name, reference))
        return next((one for one in found if one.measure == measure), None)

    @property
    def measure(self) -> str | None:
        """The Fréchet distance that the tables show: FID where it was measured."""
        measures = [one.measure for one in self.distances if one.measure.startswith(("FID", "FD"))]
        return next((name for name in measures if name == "FID"), measures[0] if measures else None)

    def add_evaluation(self, report: dict[str, Any], rows_only: bool = False) -> None:
        """Take the sets of a report of evaluate, as measured on its test set. rows_only: of a single training run,
        without differences and conditions."""
        test = next(iter(_dicts(report.get("tests"))), {})
        measures = test.get("measures") or {}
        for entry in _dicts(report.get("sets")):
            row = _set_result(entry, measures.get(entry.get("name")) or {})
            self.sets[row.name] = row
        self.stands_in = self.stands_in or test.get("kind") == "stand-in"
        if rows_only:
            return
        for entry in _dicts(test.get("comparisons")):
            figure = _figure((entry.get("differences") or {}).get("f1"))
            if figure is not None:
                self.differences[plain_name(entry["first"]), plain_name(entry["second"])] = figure
        conditions = report.get("conditions")
        if isinstance(conditions, dict):
            self.conditions += [pair for pair in conditions.items() if pair not in self.conditions]
        self.warnings += [text for text in report.get("warnings") or [] if text not in self.warnings]

    def add_comparison(self, report: dict[str, Any]) -> None:
        """Take the distances of a report of compare."""
        for network in _dicts(report.get("distances")):
            for pair in _dicts(network.get("pairs")):
                self.distances += _distances(network, pair)

    def add_projection(self, name: str, report: dict[str, Any]) -> None:
        """Take the plots of a comparison of a refined set with R and S."""
        self.plots[name] = [plot for plot in _dicts(report.get("plots")) if plot.get("kind") == "points"]


def plain_name(name: str) -> str:
    """A set's name without what evaluate adds to sets that stand in for real pictures."""
    return re.sub(r" \((?:part )?stand-in\)$", "", name)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _set_result(entry: dict[str, Any], measures: dict[str, Any]) -> SetResult:
    records, written = _dicts(entry.get("records")), measures.get("figures") or {}
    figures = {name: found for name in FIGURES if (found := _figure(written.get(name))) is not None}
    epochs = [float(one["chosen"]["epoch"]) for one in records if "epoch" in (one.get("chosen") or {})]
    curves = [_dicts(one.get("curve")) for one in records if one.get("curve")]
    return SetResult(plain_name(str(entry.get("name"))), figures, epochs, curves, len(records), entry.get("pictures"))


def _figure(value: Any) -> Figure | None:
    """From {value, low, high, deviation}; None where there is no value."""
    if not isinstance(value, dict) or not isinstance(value.get("value"), int | float):
        return None
    return Figure(float(value["value"]), value.get("low"), value.get("high"), value.get("deviation"))


def _distances(network: dict[str, Any], pair: dict[str, Any]) -> list[Distance]:
    """The Fréchet and kernel distances of two sets in one network's features, seen from either of them."""
    names = [plain_name(str(pair.get(key))) for key in ("name", "reference")]
    found = []
    for key, measure in (("frechet", network.get("frechet_name")), ("kernel", network.get("kernel_name"))):
        figure = _figure(pair.get(key))
        if measure and figure is not None:
            biased = key == "frechet" and bool(pair.get("biased"))
            for name, reference in dict.fromkeys([(names[0], names[1]), (names[1], names[0])]):
                found.append(Distance(name, reference, str(measure), figure, biased))
    return found
