"""An evaluation as a report: tables, curves and pictures (eval.report)."""

from __future__ import annotations

import numpy as np

from eval.compare.comparison import Comparison
from eval.compare.page import report_of as comparison_report
from eval.config import EvaluateConfig
from eval.data.training_sets import TrainingSet
from eval.evaluation.conclusion import additions, headline, sentences
from eval.evaluation.plan import Plan
from eval.evaluation.results import Evaluation, SetFacts, TestResult
from eval.measures.intervals import Difference, Estimate
from eval.report.data_pictures import people_gallery, refined_people, refined_pictures, training_gallery
from eval.report.document import Cell, Column, Plot, Report, Row, Section, Series, Table
from eval.report.pictures import TestGalleries, tested_pictures
from eval.training.testing import device_title, upright

_FIGURES = (
    ("precision", Column("Precision", 3, "higher", "share of the detections that are right")),
    ("recall", Column("Recall", 3, "higher", "share of the people who are found")),
    ("f1", Column("F1", 3, "higher", "harmonic mean of precision and recall")),
    ("ap30", Column("AP30", 3, "higher", "average precision at IoU 0.3: people whose boxes fit badly count as found")),
    ("ap50", Column("AP50", 3, "higher", "average precision at IoU 0.5, over all score thresholds")),
    ("ap50_95", Column("AP50:95", 3, "higher", "the same, averaged over IoU 0.5 to 0.95: how well boxes fit")),
)
_MISTAKES = (
    (
        "false_badly_placed",
        Column("Badly placed", 2, "lower", "overlaps a person by an IoU of 0.1 or more, but too little"),
    ),
    ("false_double", Column("Double", 2, "lower", "a second box for a person who is found")),
    ("false_background", Column("Nobody", 2, "lower", "overlaps nobody")),
)
_COUNTING = (
    ("count_mean_absolute_error", Column("Mean error", 2, "lower", "people a picture, without sign")),
    ("count_root_mean_square_error", Column("Root mean square", 2, "lower", "the same, large errors count more")),
    ("count_bias", Column("Bias", 2, None, "people a picture; above 0: counts too many")),
    ("count_exactly_right", Column("Exactly right", 3, "higher", "share of the pictures")),
)


def report_of(plan: Plan, evaluation: Evaluation, comparison: Comparison | None) -> Report:
    """The whole report; comparison: of the sets' people with those of the test set."""
    sections: list[Section | None] = [_result(evaluation)]
    sections += [_further_test(plan, test) for test in evaluation.tests[1:]]
    if comparison is not None:
        sections += comparison_report(comparison, [], [], "", []).sections
    sections += [_differences(evaluation), _strata(evaluation), _found(plan, evaluation)]
    sections += _refined(plan)
    sections += [_training(evaluation), _learned_from(plan)]
    results = {**evaluation.as_json(), "config": plan.config.model_dump(mode="json")}
    if comparison is not None:
        results["distances"] = comparison.as_json()
    return Report(
        headline(evaluation), sentences(evaluation), [section for section in sections if section is not None],
        _conditions(plan, evaluation), evaluation.warnings, plan.config.note,
        [f"python generate.py evaluate --config {plan.config.out / 'config.yaml'}"], results,
    )  # fmt: skip


def _cell(found: Estimate | Difference) -> Cell | None:
    """None where the figure is not defined, such as the precision of a detector that finds nothing."""
    interval = found.interval if isinstance(found, Estimate) else found
    if not np.isfinite(interval.value):
        return None
    low, high = (value if np.isfinite(value) else None for value in (interval.low, interval.high))
    return Cell(interval.value, low, high, found.deviation if isinstance(found, Estimate) else None)


def _set_row(entry: SetFacts, cells: list[Cell | None]) -> Row:
    what = entry.recipe or (entry.kind if entry.kind not in entry.name else "")
    counts = f"{entry.pictures:,} pictures, {entry.people:,} people"
    return Row(entry.name, cells, f"{what}; {counts}" if what else counts)


def _result(evaluation: Evaluation) -> Section:
    test = evaluation.test
    rows = [
        _set_row(entry, [_cell(test.measures[entry.name].figures[name]) for name, _ in _FIGURES])
        for entry in evaluation.sets
    ]
    note = f"{_seeds_note(evaluation)} Test: {test.facts.title}."
    columns = [column for _, column in _FIGURES]
    tables = [Table("figures", "Figures on the test pictures", "Trained on", columns, rows, note)]
    if test.rotated:
        tables.append(_rotated(evaluation))
    tables += [_mistakes(evaluation, test), _counting(evaluation, test)]
    return Section("result", "What the data is worth", [], tables)


def _seeds_note(evaluation: Evaluation) -> str:
    text = next(iter(evaluation.test.measures.values())).interval_text
    seeds = (
        f"Means over {evaluation.seeds} seeds, ± their standard deviation. " if evaluation.seeds > 1 else "One seed. "
    )
    return f"{seeds}Intervals: {text}."


def _rotated(evaluation: Evaluation) -> Table:
    rows = [
        _set_row(entry, [_cell(evaluation.test.rotated[entry.name].figures[name]) for name, _ in _FIGURES])
        for entry in evaluation.sets
    ]
    note = "IoU of polygons rasterised at the picture's size, as CEPDOF's evaluation takes it."
    return Table("rotated", "The same with rotated boxes", "Trained on", [column for _, column in _FIGURES], rows, note)


def _mistakes(evaluation: Evaluation, test: TestResult) -> Table:
    rows = [
        _set_row(entry, [_cell(test.measures[entry.name].figures[name]) for name, _ in _MISTAKES])
        for entry in evaluation.sets
    ]
    note = (
        "False alarms a picture, at the threshold. Badly placed boxes want labels or training, nobody wants other data."
    )
    return Table("mistakes", "What the false alarms are", "Trained on", [column for _, column in _MISTAKES], rows, note)


def _counting(evaluation: Evaluation, test: TestResult) -> Table:
    rows = [
        _set_row(entry, [_cell(test.measures[entry.name].figures[name]) for name, _ in _COUNTING])
        for entry in evaluation.sets
    ]
    note = "Detections above the threshold minus labelled people, picture by picture."
    return Table("counting", "Counting people", "Trained on", [column for _, column in _COUNTING], rows, note)


def _further_test(plan: Plan, test: TestResult) -> Section:
    columns = [column for _, column in _FIGURES]
    rows = [
        Row(name, [_cell(found.figures[figure]) for figure, _ in _FIGURES]) for name, found in test.measures.items()
    ]
    note = f"{test.facts.pictures} pictures, {test.facts.people} people of {test.facts.title}."
    title = f"On {test.name}"
    return Section(
        f"also-{test.name}", title, [], [Table(f"figures-{test.name}", title, "Trained on", columns, rows, note)]
    )


def _differences(evaluation: Evaluation) -> Section | None:
    """Every two sets, with what is known of their difference."""
    test, names = evaluation.test, [entry.name for entry in evaluation.sets]
    wanted = [*evaluation.pairs, *((more, part) for more, part, _ in additions(evaluation))]
    wanted += [(a, b) for place, b in enumerate(names) for a in names[place + 1 :] if {a, b} not in map(set, wanted)]
    if not wanted:
        return None
    rows = []
    for first, second in wanted:
        found = test.comparison(first, second)
        cells = [_cell(found.differences[figure]) for figure in ("precision", "recall", "f1", "ap50")]
        f1 = found.differences["f1"]
        verdict = "no difference can be claimed" if not f1.excludes_zero else ("better" if f1.value > 0 else "worse")
        rows.append(Row(f"{first} against {second}", [*cells, Cell(f1.above_zero)], verdict))
    columns = [Column(name, 3, "higher") for name in ("Precision", "Recall", "F1", "AP50")]
    columns.append(Column("Share of draws above 0", 3, None, "of the difference in F1"))
    note = "First minus second, both on the same drawn test pictures."
    return Section(
        "differences", "Differences", [], [Table("differences", "Every two sets", "Sets", columns, rows, note)]
    )


def _strata(evaluation: Evaluation) -> Section | None:
    """Recall and AP by distance, size, crowding and what else the labels know."""
    measures = evaluation.test.measures
    divisions = next(iter(measures.values())).strata
    tables, plots = [], []
    for number, division in enumerate(divisions):
        labels = [part.label for part in division.strata]
        columns = [Column(label, 3, "higher") for label in labels]
        rows = [Row(name, [_cell(part.ap) for part in found.strata[number].strata]) for name, found in measures.items()]
        counts = Row("people", [Cell(str(part.people)) for part in division.strata])
        note = f"{division.rule}. AP at IoU {evaluation.test.measures[evaluation.sets[0].name].iou:g}."
        tables.append(Table(f"by-{division.name}", f"By {division.name}", "Trained on", columns, [*rows, counts], note))
        plots.append(_recall_plot(evaluation, number, labels))
    if not tables:
        return None
    text = ["Where people are found and where they are missed: average precision in the tables, recall in the plots."]
    return Section("strata", "By place, size, crowding and what else is labelled", text, tables, plots)


def _recall_plot(evaluation: Evaluation, number: int, labels: list[str]) -> Plot:
    series = []
    for name, found in evaluation.test.measures.items():
        recalls = [part.recall.interval for part in found.strata[number].strata]
        values = [0.0 if not np.isfinite(one.value) else one.value for one in recalls]
        low = [value if not np.isfinite(one.low) else one.low for one, value in zip(recalls, values, strict=True)]
        high = [value if not np.isfinite(one.high) else one.high for one, value in zip(recalls, values, strict=True)]
        series.append(Series(name, [float(place) for place in range(len(labels))], values, low, high))
    division = next(iter(evaluation.test.measures.values())).strata[number]
    return Plot(
        f"recall-{division.name}", f"Recall by {division.name}", "bars", division.name, "recall", series, labels
    )


def _found(plan: Plan, evaluation: Evaluation) -> Section:
    test, config = evaluation.test, plan.config
    galleries = []
    for number, entry in enumerate(evaluation.sets):
        threshold = test.measures[entry.name].thresholds[0]
        boxes = test.detections[entry.name][0]
        shown = TestGalleries(
            tested_pictures(test.samples, test.truths, [upright(own) for own in boxes], threshold), config.iou
        )
        who = f"trained on {entry.name}, seed {config.seeds[0]}, score at least {threshold:.2f}"
        galleries += [
            shown.examples(f"examples-{number}", f"Test pictures, {who}", config.examples),
            shown.false_alarms(f"false-{number}", f"The surest false alarms, {who}", config.mistakes),
            shown.missed_people(f"missed-{number}", f"The largest people missed, {who}", config.mistakes),
        ]
    text = ["A crop opens its picture. The same place of a camera that does not move is shown once."]
    return Section("found", "What the detectors found and missed", text, galleries=galleries)


def _refined(plan: Plan) -> list[Section]:
    sections = []
    for number, pair in enumerate(plan.pairs):
        title = f"{pair.synthetic_name} beside {pair.refined_name}"
        galleries = [
            refined_people(f"crops-{number}", "The same people before and after refining", pair, plan.config.crop_px),
            refined_pictures(f"pictures-{number}", "Whole pictures", pair),
        ]
        if number == 0:
            real = people_gallery(
                "real-people", "People of the test set, for comparison", [plan.test], plan.config.crop_px
            )
            galleries.insert(1, real)
        sections.append(Section(f"pair-{number}", title, [], galleries=galleries))
    return sections


def _training(evaluation: Evaluation) -> Section:
    plots = []
    for number, entry in enumerate(evaluation.sets):
        curves = [record["curve"] for record in entry.records]
        steps = [[float(point["step"]) for point in curve] for curve in curves]
        series = [
            Series(f"F1, seed {record['seed']}", at, [point["f1"] for point in curve],
                   role="main" if place == 0 else "second")
            for place, (record, curve, at) in enumerate(zip(entry.records, curves, steps, strict=True))
        ]  # fmt: skip
        series += [
            Series(
                f"{figure}, seed {entry.records[0]['seed']}", steps[0], [p[figure] for p in curves[0]], role="second"
            )
            for figure in ("precision", "recall")
        ]
        taken = ", ".join(f"step {record['chosen']['step']:,}" for record in entry.records)
        plots.append(
            Plot(f"curve-{number}", entry.name, "lines", "step", "on validation", series, note=f"Taken: {taken}.")
        )
    text = [f"On {evaluation.val.title}, {evaluation.val.pictures} pictures, at each trial's best score threshold."]
    rows = [
        _set_row(entry, [
            Cell(float(np.mean([record["chosen"]["f1"] for record in entry.records]))),
            Cell(float(np.mean([record["threshold"] for record in entry.records]))),
            Cell(float(np.mean([record["training_pictures_per_second"] for record in entry.records]))),
            Cell(float(np.mean([record["seconds"] for record in entry.records]))),
        ])
        for entry in evaluation.sets
    ]  # fmt: skip
    columns = [
        Column("F1 on validation", 3, "higher"),
        Column("Threshold", 2),
        Column("Pictures/s", 1),
        Column("Seconds", 0),
    ]
    return Section("training", "Validation during training", text,
                   [Table("runs", "Training runs", "Trained on", columns, rows, "Means over seeds.")], plots)  # fmt: skip


def _learned_from(plan: Plan) -> Section:
    def gallery(number: int, entry: TrainingSet) -> list:
        title = f"{entry.name}: {entry.pictures:,} pictures"
        return [training_gallery(f"train-{number}", title, entry.datasets)]

    galleries = [one for number, entry in enumerate(plan.sets) for one in gallery(number, entry)]
    return Section("learned", "What they were trained on", [], galleries=galleries)


def _conditions(plan: Plan, evaluation: Evaluation) -> list[tuple[str, str]]:
    config, training, test = plan.config, plan.config.training, evaluation.test.facts
    measures = next(iter(evaluation.test.measures.values()))
    threshold = "best F1 on validation, for each run" if config.score is None else f"fixed at {config.score:g}"
    found = [
        ("Test", f"{test.title}: {test.pictures} pictures, {test.people} people"),
        ("Validation", f"{evaluation.val.title}: {evaluation.val.pictures} pictures, {evaluation.val.people} people"),
        ("Detected", f"{config.target} boxes"),
        ("Detector", f"{plan.start.kind.title}, {plan.start.backbone_text}"),
        ("Training", f"{_length(config)}, batches of {training.batch}, {training.input_px} px input, "
                     f"{training.optimiser}, learning rate {training.learning_rate or plan.start.kind.learning_rate:g}"),
        ("Checkpoint", f"best F1 on validation of {training.evaluations} trials"),
        ("Right means", f"IoU with a labelled box of at least {config.iou:g}"),
        ("Score threshold", threshold),
        ("Detections a picture", f"at most {measures.most_detections}"),
        ("Seeds", ", ".join(map(str, config.seeds))),
        ("Intervals", measures.interval_text),
    ]  # fmt: skip
    network = plan.features.kind
    found.append(("Distances", f"{network.title}, {network.dimensions} features, weights: {plan.features.weights}, "
                               f"upright crops of {config.crop_px} px"))  # fmt: skip
    return [*found, ("Ran on", device_title(plan.start.device))]


def _length(config: EvaluateConfig) -> str:
    training = config.training
    if training.steps:
        return f"{training.steps:,} steps a stage"
    real = training.epochs_with_real
    return f"{training.epochs} epochs" + (f" ({real} of sets with real pictures)" if real else "")
