"""The thesis's figures from the user's figures: the sweep, regressions, validation curves and projections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from eval.benchmark import thesis
from eval.benchmark.build import mixture_name
from eval.benchmark.results import Figure, SetResult
from eval.benchmark.tables import Material, sweep_points, sweep_set
from eval.report.document import Plot, Series

CURVES = (("loss", "Training loss"), ("precision", "Precision"), ("recall", "Recall"), ("f1", "F1"))
BAND_POINTS = 25


def sweep_plot(material: Material) -> Plot | None:
    """Figure 4.7: F1 by N; None if fewer than two points were measured."""
    points = [
        (times, material.results.sets[name].figures["f1"])
        for times in sweep_points(material.design, material.sizes)
        if (name := sweep_set(material, times)) in material.results.sets
        and "f1" in material.results.sets[name].figures
    ]  # fmt: skip
    if len(points) < 2:
        return None
    ours = Series(
        "here",
        [float(times) for times, _ in points],
        [figure.value for _, figure in points],
        *_ends([f for _, f in points]),
    )
    series = [ours]
    if material.heads and material.design.favourite == thesis.FAVOURITE:
        printed = thesis.TABLE_4_6.items()
        series.append(Series("thesis", [float(n) for n, _ in printed], [row.f1 for _, row in printed], role="second"))
    title = "Figure 4.7: F1 by the number of refined pictures"
    note = "Band: 95 % intervals." if ours.low else ""
    return Plot("figure-4-7", title, "lines", "N: refined pictures for each real one", "F1", series, note=note)


def _ends(figures: Sequence[Figure]) -> tuple[list[float] | None, list[float] | None]:
    """Lower and upper ends of intervals, both None unless every figure has them."""
    lows = [figure.low for figure in figures if figure.low is not None]
    highs = [figure.high for figure in figures if figure.high is not None]
    return (lows, highs) if len(lows) == len(highs) == len(figures) else (None, None)


@dataclass(frozen=True)
class Regression:
    """A straight line through n points. slope, r: with 95 % intervals (t; Fisher's z, which needs four points)."""

    n: int
    slope: Figure
    intercept: float
    r: Figure

    def band(self, x: np.ndarray, y: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The line at `at` with the 95 % confidence band of its height."""
        line = self.intercept + self.slope.value * at
        rest = y - (self.intercept + self.slope.value * x)
        spread = math.sqrt(float(rest @ rest) / (self.n - 2))
        centred = np.square(at - x.mean()) / np.square(x - x.mean()).sum()
        half = float(stats.t.ppf(0.975, self.n - 2)) * spread * np.sqrt(1 / self.n + centred)
        return line, line - half, line + half


def regression(x: Sequence[float], y: Sequence[float]) -> Regression | None:
    """Least squares of y on x; None for fewer than three points, or if either does not vary."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    found = stats.linregress(x, y)
    n, slope, r = len(x), float(found.slope), float(found.rvalue)
    half = float(stats.t.ppf(0.975, n - 2) * found.stderr)
    low, high = (None, None) if n < 4 or abs(r) >= 1 else _fisher(r, n)
    return Regression(n, Figure(slope, slope - half, slope + half), float(found.intercept), Figure(r, low, high))


def _fisher(r: float, n: int) -> tuple[float, float]:
    half = 1.959964 / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def regression_points(material: Material, reference: str) -> list[tuple[str, float, float]]:
    """Name, distance to the reference and F1 of every refined set that has both."""
    results, measure = material.results, material.results.measure
    found = []
    for name in material.design.presets:
        distance, row = results.distance(name, reference, measure), results.sets.get(name)
        if distance is not None and row is not None and row.f1 is not None:
            found.append((name, distance.figure.value, row.f1))
    return found


def regression_of(material: Material, reference: str) -> Regression | None:
    points = regression_points(material, reference)
    return regression([x for _, x, _ in points], [y for _, _, y in points])


def regression_plot(material: Material, number: str, reference: str) -> Plot | None:
    """Figures 4.8 (distance to R) and 4.9 (to S): F1 by distance with a regression; None for fewer than two points."""
    points = regression_points(material, reference)
    if len(points) < 2:
        return None
    names, x, y = (list(column) for column in zip(*points, strict=True))
    series = [Series("refined sets", x, y, texts=names)]
    line, note = regression_of(material, reference), "Too few refined sets for a regression."
    if line is not None:
        at = np.linspace(min(x), max(x), BAND_POINTS)
        height, low, high = line.band(np.array(x), np.array(y), at)
        series.append(Series("regression", at.tolist(), height.tolist(), low.tolist(), high.tolist(), role="line"))
        note = _regression_note(line)
    measure = material.results.measure
    title = f"Figure {number}: F1 by {measure} to {reference}"
    return Plot(
        f"figure-{number.replace('.', '-')}", title, "points", f"{measure} to {reference}", "F1", series, note=note
    )


def _regression_note(line: Regression) -> str:
    r, slope = line.r, line.slope
    sure = f", 95 % interval {r.low:.2f} to {r.high:.2f}" if r.low is not None else ""
    claim = "" if slope.excludes_zero else " The slope's interval holds zero: no relation can be claimed."
    return (
        f"{line.n} refined sets, r = {r.value:.2f}{sure}; slope {slope.value:.2g} per unit of distance "
        f"(95 % interval {slope.low:.2g} to {slope.high:.2g}).{claim} Sets of one S and one R are not independent."
    )


def curve_plots(material: Material) -> list[Plot]:
    """Figures 4.11 (the favourite, R and both) and 4.12 (the favourite and S): a plot for each figure on validation."""
    favourite = material.design.favourite
    if favourite is None:
        return []
    plots = []
    for number, names in (("4.11", [favourite, "R", mixture_name(favourite)]), ("4.12", [favourite, "S"])):
        sets = [material.results.sets[name] for name in names if name in material.results.sets]
        for key, title in CURVES:
            series = [one for one in (_mean_curve(entry, key) for entry in sets) if one is not None]
            if series:
                note = "Mean over seeds; the band is from the lowest to the highest seed."
                place = "on validation" if key != "loss" else "since the trial before"
                plots.append(
                    Plot(f"figure-{number.replace('.', '-')}-{key}", f"Figure {number}: {title} {place}", "lines", "Epoch",
                         title, series, note=note)
                )  # fmt: skip
    return plots


def _mean_curve(entry: SetResult, key: str) -> Series | None:
    """The mean of a set's curves over seeds at the trials that all seeds made."""
    curves = [[point for point in curve if key in point and "epoch" in point] for curve in entry.curves]
    length = min(map(len, curves), default=0)
    if length == 0:
        return None
    values = np.array([[point[key] for point in curve[:length]] for curve in curves], dtype=float)
    epochs = np.array([[point["epoch"] for point in curve[:length]] for curve in curves], dtype=float).mean(axis=0)
    low, high = (values.min(axis=0), values.max(axis=0)) if len(curves) > 1 else (None, None)
    return Series(
        entry.name, epochs.tolist(), values.mean(axis=0).tolist(),
        None if low is None else low.tolist(), None if high is None else high.tolist(),
    )  # fmt: skip


def projection_plots(material: Material) -> list[Plot]:
    """Figures 4.10, 5.1, 5.3 and 5.4: each refined set that was projected beside R and S."""
    plots = []
    for name, written in material.results.plots.items():
        number = f"Figure {thesis.PROJECTED[name]}" if name in thesis.PROJECTED else "As Figure 4.10"
        for position, plot in enumerate(written):
            title, x, y, note = (str(plot.get(key, "")) for key in ("title", "x_label", "y_label", "note"))
            series = [_series(one) for one in plot.get("series", [])]
            place = f"projection-{name}-{position}"
            plots.append(Plot(place, f"{number}: {title}", "points", x, y, series, note=note))
    return plots


def _series(written: dict[str, Any]) -> Series:
    """A series as report.json writes it."""
    known = {key: written[key] for key in ("x", "y", "low", "high", "texts", "role") if key in written}
    return Series(str(written.get("name", "")), **known)
