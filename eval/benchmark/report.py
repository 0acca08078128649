"""The report of a benchmark: results, tables, figures and conclusion put together, with what failed and was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from annotate.files import read_json
from eval.benchmark.build import Bench
from eval.benchmark.conclusion import headline, sentences
from eval.benchmark.config import Part
from eval.benchmark.figures import curve_plots, projection_plots, regression_plot, sweep_plot
from eval.benchmark.outcome import Outcome
from eval.benchmark.results import Results
from eval.benchmark.tables import Material, average_table, distance_table, score_tables, table_id
from eval.report.document import Cell, Column, Plot, Report, Row, Section, Table

SOURCE = "Andersson & Andersson, Refining Synthetic Images with GANs, Lund University, 2019"


def collect(outcome: Outcome) -> Results:
    """What the finished stages found. Single training runs count only where the tests that repeat them are missing."""
    results = Results()
    tested = [name for name in outcome.reports if name.startswith("test")]
    for name, path in outcome.reports.items():
        if name.startswith("train") and not tested:
            results.add_evaluation(read_json(path), rows_only=True)
    for name in tested:
        results.add_evaluation(read_json(outcome.reports[name]))
    if "compare" in outcome.reports:
        results.add_comparison(read_json(outcome.reports["compare"]))
    for name, path in outcome.reports.items():
        if name.startswith("project "):
            results.add_projection(name.removeprefix("project "), read_json(path))
    return results


def make_report(bench: Bench, outcome: Outcome, commands: Sequence[str]) -> Report:
    """The whole report; every part says why what is not there is not there."""
    results = collect(outcome)
    heads = bench.options.evaluate.get("target", "person") == "head"
    material = Material(results, outcome.design, bench.sizes, heads, outcome.missing)
    return Report(
        headline=headline(material),
        sentences=sentences(material),
        sections=_sections(bench, material, outcome),
        conditions=[*_conditions(bench, outcome), *results.conditions],
        warnings=[*_warnings(outcome), *results.warnings],
        note=bench.config.note,
        commands=list(commands),
        results=_as_json(results, outcome),
    )


def _sections(bench: Bench, material: Material, outcome: Outcome) -> list[Section]:
    wanted = set(bench.config.parts)
    tables = {table.id: table for table in score_tables(material)}
    for table in (distance_table(material), average_table(material)):
        if table is not None:
            tables[table.id] = table

    def some(*numbers: Part) -> list[Table]:
        return [tables[table_id(number)] for number in numbers if number in wanted and table_id(number) in tables]

    def plots(part: Part, *found: Plot | None) -> list[Plot]:
        return [plot for plot in found if plot is not None] if part in wanted else []

    regressions = plots("regression", regression_plot(material, "4.8", "R"), regression_plot(material, "4.9", "S"))
    parts = [
        Section("scores", "Training sets", [_about(material)], some("4.2", "4.3", "4.4", "4.5")),
        Section("sweep", "How many refined pictures", [], some("4.6"), plots("4.6", sweep_plot(material))),
        Section("distances", "Distances and F1", _no_distances(material), some("4.1", "4.7"), regressions),
        Section(
            "projections", "Where people lie in feature space", [], [], plots("projection", *projection_plots(material))
        ),
        Section("curves", "Validation while training", [], [], plots("curves", *curve_plots(material))),
        Section("controls", "Controls of chapter 5", [], some("5.1", "5.2", "5.3")),
    ]
    full = [part for part in parts if part.tables or part.plots or (part.id == "distances" and part.text)]
    return [*full, Section("stages", "What was done", [], [stages_table(outcome)])]


def _about(material: Material) -> str:
    return f"Form and numbering of {SOURCE}. {material.beside}"


def _no_distances(material: Material) -> list[str]:
    if not material.design.compare or material.results.distances:
        return []
    return [f"No distances were measured: {material.missing.get('compare', 'the comparison left none')}."]


def stages_table(outcome: Outcome) -> Table:
    """Every stage: what became of it and how long it took."""
    rows = [Row(entry.name, [Cell(entry.state), Cell(entry.seconds)], entry.detail) for entry in outcome.entries]
    columns = [Column("State"), Column("Seconds", 0)]
    return Table("stages", "Stages", "Stage", columns, rows, "A stage that was done before is kept while nothing that it "
                 "depends on has changed.")  # fmt: skip


def _conditions(bench: Bench, outcome: Outcome) -> list[tuple[str, str]]:
    sizes, design = bench.sizes, outcome.design
    real = ", ".join(f"{name} {count.pictures} pictures" for name, count in sizes.real.items())
    found = [
        ("R", f"{real}; {sizes.real['train'].people} people to learn from"),
        ("S", f"{sizes.synthetic.pictures} pictures"),
        ("Refiners", ", ".join(design.presets) or "none"),
        ("Mixed, swept and repeated", design.favourite or "none"),
        ("Training runs for each set", str(outcome.seeds)),
    ]
    if sizes.new:
        found.append(("R_new", ", ".join(f"{name} {count.pictures} pictures" for name, count in sizes.new.items())))
    return found


def _warnings(outcome: Outcome) -> list[str]:
    failed = [f"{name} failed: {outcome.failures[name]}" for name in outcome.failures]
    skipped = [f"{name} was not done: {why}" for name, why in outcome.skipped.items()]
    left = [f"Left out because of the budget: {text}" for text in outcome.left_out]
    return [*failed, *skipped, *left]


def _as_json(results: Results, outcome: Outcome) -> dict[str, Any]:
    return {
        "sets": [asdict(row) for row in results.sets.values()],
        "f1_differences": [{"first": a, "second": b, **asdict(found)} for (a, b), found in results.differences.items()],
        "distances": [asdict(one) for one in results.distances],
        "stages": [asdict(entry) for entry in outcome.entries],
        "failures": outcome.failures,
        "skipped": outcome.skipped,
        "left_out": outcome.left_out,
    }
