"""The thesis's tables with the user's figures in them, and the thesis's own beside each where the quantity is the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.benchmark import thesis
from eval.benchmark.build import is_whole, mixture_name, reproduction_name, sweep_name
from eval.benchmark.design import Design
from eval.benchmark.results import Figure, Results
from eval.benchmark.sizes import Sizes
from eval.report.document import Cell, Column, Row, Table

SCORES = [
    Column("Epoch", 1, hint="At which the checkpoint was taken, by F1 on validation; the mean over seeds"),
    Column("Precision", 3, "higher", "Share of the detections that are right"),
    Column("Recall", 3, "higher", "Share of the people who are found"),
    Column("F1", 3, "higher", "Harmonic mean of precision and recall"),
]
SAME_QUANTITY = (
    "Faint: the thesis's figure, of its own pictures and of heads, one training run, at an IoU that it does not state."
)
OTHER_TARGET = "The thesis's figures are of heads and are not put beside those of whole people."


@dataclass(frozen=True)
class Material:
    """What tables and figures are made from. heads: whether heads are detected, as in the thesis."""

    results: Results
    design: Design
    sizes: Sizes
    heads: bool
    missing: Mapping[str, str]
    """Why a set has no figures: failed, or left out, by its name."""

    def published(self, name: str) -> thesis.Scores | None:
        return thesis.scores().get(name) if self.heads else None

    @property
    def beside(self) -> str:
        return SAME_QUANTITY if self.heads else OTHER_TARGET


def score_tables(material: Material) -> list[Table]:
    """Tables 4.2 to 4.6 and 5.1 to 5.3, those of which at least one row was meant to be measured."""
    design, favourite = material.design, material.design.favourite
    skip = [name for name in design.presets if has_skip(name)]
    plain = [name for name in design.presets if not has_skip(name)]
    tables = [
        _scores(material, "4.2", "Synthetic and real training sets", ["S", "R"]),
        _scores(material, "4.3", "Refined with a skip connection", skip),
        _scores(material, "4.4", "Refined without a skip connection", plain),
    ]
    if design.mixtures and favourite is not None:
        tables.append(_scores(material, "4.5", "Real and synthetic together", ["R + S", mixture_name(favourite)]))
    if design.sweep:
        tables.append(sweep_table(material))
    if design.style:
        tables.append(_scores(material, "5.1", "People blended with paintings", ["S", "S_style"]))
    if design.new:
        new = ["R_new", f"{favourite}_new", f"R_new + {favourite}_new"]
        tables.append(_scores(material, "5.2", "R divided the other way round", new, NEW_NOTE))
    if design.reproduction and favourite is not None:
        rows = [favourite, reproduction_name(favourite)]
        tables.append(_scores(material, "5.3", "The same refiner trained with another seed", rows))
    return [table for table in tables if table.rows]


NEW_NOTE = (
    "Tested on another test set than the tables of chapter 4. The refiner took as many steps as before (section 5.7)."
)


def has_skip(preset: str) -> bool:
    """Whether a preset has the skip connection: its name ends in _S."""
    return preset.endswith("_S")


def _scores(material: Material, number: str, title: str, names: Sequence[str], note: str = "") -> Table:
    rows = [_row(material, name, name, material.published(name)) for name in names]
    return Table(table_id(number), f"Table {number}: {title}", "Training set", SCORES, rows,
                 _note(material, number, note))  # fmt: skip


def table_id(number: str) -> str:
    return f"table-{number.replace('.', '-')}"


def _row(material: Material, name: str, shown: str, published: thesis.Scores | None) -> Row:
    found = material.results.sets.get(name)
    if found is None:
        return Row(shown, [None] * len(SCORES), material.missing.get(name, "not measured"))
    epoch = (
        Cell(float(np.mean(found.epochs)), published=published.epoch if published else None) if found.epochs else None
    )
    printed = {figure: getattr(published, figure, None) for figure in ("precision", "recall", "f1")}
    if material.heads and published is None:
        printed["f1"] = thesis.SECTION_5_8_F1.get(name)
    cells = [cell(found.figures.get(figure), value) for figure, value in printed.items()]
    pictures = f"{found.pictures} pictures, " if found.pictures is not None else ""
    return Row(shown, [epoch, *cells], f"{pictures}{found.runs} run{'s' * (found.runs != 1)}")


def cell(figure: Figure | None, published: float | None = None, mark: str = "") -> Cell | None:
    """A figure as a table's cell; the published number alone where nothing was measured is no cell."""
    if figure is None:
        return None
    return Cell(figure.value, figure.low, figure.high, figure.deviation, published, mark)


def _note(material: Material, number: str, more: str = "") -> str:
    parts = [more, material.beside]
    if material.heads and number in thesis.GARBLED:
        parts.append(thesis.GARBLED[number])
    return " ".join(part for part in parts if part)


def sweep_set(material: Material, times: int) -> str:
    """The training set of R and `times` times as many refined pictures; where that is all of them, the whole mixture."""
    favourite = material.design.favourite or ""
    if times == 0:
        return "R"
    return mixture_name(favourite) if is_whole(material.sizes, times) else sweep_name(favourite, times)


def sweep_points(design: Design, sizes: Sizes) -> list[int]:
    """N of each point: 0, and each up to the first that takes all refined pictures, for the rest would repeat it."""
    points = [0]
    for times in design.sweep:
        points.append(times)
        if is_whole(sizes, times):
            break
    return points


def sweep_table(material: Material) -> Table:
    """Table 4.6."""
    points = sweep_points(material.design, material.sizes)
    same = material.heads and material.design.favourite == thesis.FAVOURITE
    rows = [
        _row(material, sweep_set(material, times), f"R + {times}x", thesis.TABLE_4_6.get(times) if same else None)
        for times in points
    ]
    whole = material.sizes.synthetic.pictures
    text = f"N times as many pictures of {material.design.favourite} as of R, drawn by a seed, smaller sets within larger ones."
    if is_whole(material.sizes, points[-1]):
        text += f" At {points[-1]} all {whole} refined pictures are used; larger N would repeat it."
    title = "Table 4.6: Real pictures with N times as many refined ones"
    return Table(table_id("4.6"), title, "Training set", SCORES, rows, _note(material, "4.6", text))


def distance_table(material: Material) -> Table | None:
    """Table 4.1: distances of every set's people to those of S and R; None if nothing was compared."""
    results = material.results
    measure = results.measure
    if measure is None:
        return None
    names = list(dict.fromkeys(one.set for one in results.distances))
    hint = "Fréchet distance between features of upright crops of people"
    columns = [Column(f"{measure} to S", 2, hint=hint), Column(f"{measure} to R", 2, "lower", hint)]
    rows = [Row(name, [_distance_cell(results, name, one, measure) for one in ("S", "R")]) for name in names]
    note = "* biased upwards: fewer crops than features. " if any(one.biased for one in results.distances) else ""
    if measure == "FID":
        note += f"Faint: the thesis's figures, of its own pictures, with other resizing and n. {thesis.GARBLED['4.1']}"
    else:
        note += f"The thesis's FID (Inception) is another quantity than {measure} and is not put beside it."
    return Table(table_id("4.1"), "Table 4.1: Distances between people", "Training set", columns, rows, note)


def _distance_cell(results: Results, name: str, reference: str, measure: str) -> Cell | None:
    found = results.distance(name, reference, measure)
    if found is None:
        return None
    printed = thesis.TABLE_4_1.get(name) if measure == "FID" else None
    published = None if printed is None else (printed.to_synthetic if reference == "S" else printed.to_real)
    return cell(found.figure, published, "*" if found.biased else "")


def average_table(material: Material) -> Table | None:
    """Table 4.7: means over refiners with and without the skip connection, of those that have a partner in the other row."""
    measure = material.results.measure
    pairs = skip_pairs(material)
    if not pairs:
        return None
    columns = [Column(f"{measure or 'FD'} to R", 2, "lower"), Column("F1", 3, "higher")]
    same = material.heads and {plain for _, plain in pairs} == set(thesis.TABLE_4_4)
    rows = []
    for position, (key, title) in enumerate((("with", "With skip connection"), ("without", "Without"))):
        names = [pair[position] for pair in pairs]
        fid, f1 = thesis.TABLE_4_7[key]
        distances = [material.results.distance(name, "R", measure) for name in names]
        values = [one.figure.value for one in distances if one is not None]
        distance = None
        if len(values) == len(names):
            distance = Cell(float(np.mean(values)), published=fid if same and measure == "FID" else None)
        scores = f1_values(material.results, names)
        score = Cell(float(np.mean(scores)), published=f1 if same else None) if scores else None
        rows.append(Row(title, [distance, score], f"{len(names)} refiner{'s' * (len(names) > 1)}"))
    note = f"Over the refiners measured both ways: {', '.join(plain for _, plain in pairs)}. {material.beside}"
    interval = mean_difference(material, pairs)
    if interval is not None:
        note += (f" F1 with minus without: {interval.value:+.3f} (95 % interval {interval.low:+.3f} to {interval.high:+.3f}, "
                 "t over refiners).")  # fmt: skip
    return Table(
        table_id("4.7"), "Table 4.7: Averages with and without skip connection", "Refiners", columns, rows, note
    )


def skip_pairs(material: Material) -> list[tuple[str, str]]:
    """Refiners that were measured with and without the skip connection."""
    measured = {name for name in material.design.presets if name in material.results.sets}
    return [(f"{name}_S", name) for name in material.design.presets if name in measured and f"{name}_S" in measured]


def f1_values(results: Results, names: Sequence[str]) -> list[float]:
    return [value for name in names if (value := results.sets[name].f1) is not None]


def mean_difference(material: Material, pairs: Sequence[tuple[str, str]]) -> Figure | None:
    """Mean of F1 with minus F1 without, with a 95 % t interval over pairs of refiners; None for fewer than three."""
    from scipy.stats import t

    values = [
        first - second
        for with_skip, without in pairs
        if (first := material.results.sets[with_skip].f1) is not None
        and (second := material.results.sets[without].f1) is not None
    ]
    if len(values) < 3:
        return None
    half = float(t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    mean = float(np.mean(values))
    return Figure(mean, mean - half, mean + half)
