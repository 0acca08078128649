"""What the report of an OD-test says: one table and one plot of the methods, and beside them what the shift costs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from eval.measures.intervals import Interval
from eval.ood.config import OodConfig
from eval.ood.crops import BACKGROUND, PERSON, cut
from eval.ood.domains import counts
from eval.ood.methods import METHODS
from eval.ood.protocol import OodPlan, Outcome, TripletResult
from eval.ood.summary import MethodSummary, summarise
from eval.report.document import Cell, Column, CropOf, Gallery, Plot, Report, Row, Section, Series, Table
from eval.training.testing import device_title

FEW_SOURCES = 5
SHOWN_CROPS = 8
_KINDS = {
    "synthetic": "rendered",
    "real": "real",
    "refined": "refined",
    "stand-in": "a stand-in for real pictures",
    "mixed": "mixed",
}


def build_report(plan: OodPlan, outcome: Outcome) -> Report:
    """The report: methods first, then the classifier, then every triplet."""
    config = plan.config
    summaries = summarise(outcome.results, config.seeds[0])
    return Report(
        headline=headline(summaries),
        sentences=sentences(summaries, outcome, plan),
        sections=[_methods_section(summaries), _classifier_section(plan, outcome), _details_section(plan, outcome)],
        conditions=_conditions(plan, outcome),
        warnings=_warnings(plan),
        note=config.note,
        commands=[command_line(config)],
        results=_results(summaries, outcome),
    )


def headline(summaries: Sequence[MethodSummary]) -> str:
    """The best method and how far it is from chance."""
    best = summaries[0]
    text = (
        f"{METHODS[best.name].title} tells own from foreign in {_percent(best.accuracy)} of the crops; chance is 50 %"
    )
    return text + ("." if best.beats_chance else ", and the interval holds it: no method knows foreign pictures here.")


def sentences(summaries: Sequence[MethodSummary], outcome: Outcome, plan: OodPlan) -> list[str]:
    """What else there is to know, most important first."""
    found = []
    lost = [entry for entry in summaries if not entry.beats_chance]
    if lost and len(lost) < len(summaries):
        found.append(f"{_names(lost)} cannot be told from chance: the interval of the accuracy holds 50 %.")
    close = [entry for entry in summaries[1:] if entry.behind_best and entry.behind_best.low <= 0]
    if close:
        found.append(f"{_names(close)} cannot be told from the best: the interval of the difference holds 0.")
    gap = max(summaries, key=lambda entry: entry.known.value - entry.accuracy.value)
    if gap.known.value - gap.accuracy.value > 0.02:
        found.append(
            f"Outsiders it knows flatter a method: {METHODS[gap.name].title} has {gap.known.value * 100:.0f} % against the "
            f"set it was set with and {gap.accuracy.value * 100:.0f} % against another."
        )
    own, away = person_means(outcome)
    found.append(
        f"The classifier itself tells person from background in {own * 100:.0f} % of its own set's test crops and in "
        f"{away * 100:.0f} % of another set's."
    )
    return found


def person_means(outcome: Outcome) -> tuple[float, float]:
    """Mean accuracy of the classifiers on their own test part and on other sets."""
    own = [value for (_, source, name), value in outcome.person_accuracy.items() if source == name]
    away = [value for (_, source, name), value in outcome.person_accuracy.items() if source != name]
    return float(np.mean(own)), float(np.mean(away))


def _percent(value: Interval) -> str:
    return f"{value.value * 100:.0f} % ({value.low * 100:.0f} to {value.high * 100:.0f})"


def _names(entries: Sequence[MethodSummary]) -> str:
    titles = [METHODS[entry.name].title for entry in entries]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _cell(value: Interval) -> Cell:
    return Cell(value.value, value.low, value.high)


def _methods_section(summaries: Sequence[MethodSummary]) -> Section:
    columns = [
        Column("accuracy", better="higher", hint="mean of accepted and rejected; 0.5 is chance"),
        Column("AUROC", better="higher", hint="area under the curve of the score, whatever the threshold"),
        Column("accepted", better="higher", hint="share of the source's own test crops that are let through"),
        Column("rejected", better="higher", hint="share of the target's crops that are turned away"),
        Column("accuracy, known outsiders", hint="the target replaced by other crops of the validation set"),
    ]
    rows = [
        Row(METHODS[s.name].title,
            [_cell(s.accuracy), _cell(s.auroc), Cell(s.accepted), Cell(s.rejected), _cell(s.known)],
            METHODS[s.name].paper)
        for s in summaries
    ]  # fmt: skip
    table = Table("methods", "Who knows foreign pictures", "Method", columns, rows,
                  "Means over all triplets and seeds with 95 % bootstrap intervals.")  # fmt: skip
    places = [float(index) for index in range(len(summaries))]
    series = [
        _bars("target it has never seen", places, [s.accuracy for s in summaries]),
        _bars("outsiders it knows", places, [s.known for s in summaries]),
    ]
    plot = Plot("methods-plot", "Accuracy by method", "bars", "method", "accuracy", series,
                [METHODS[s.name].title for s in summaries], "Thin lines: 95 % intervals. 0.5 is chance.")  # fmt: skip
    text = ["A method accepts or rejects crops. It is set with one foreign set and judged on another."]
    return Section("methods", "Methods", text, [table], [plot])


def _bars(name: str, x: list[float], values: Sequence[Interval]) -> Series:
    return Series(name, x, [v.value for v in values], [v.low for v in values], [v.high for v in values])


def _classifier_section(plan: OodPlan, outcome: Outcome) -> Section:
    names = [domain.name for domain in plan.domains]
    rows = []
    for source in plan.sources:
        cells: list[Cell | None] = []
        for name in names:
            values = [outcome.person_accuracy[seed, source, name] for seed in plan.config.seeds]
            deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
            cells.append(Cell(float(np.mean(values)), deviation=deviation, mark="°" if name == source else ""))
        rows.append(Row(source, cells))
    columns = [Column(name, better="higher") for name in names]
    table = Table("classifier", "Person or background: right answers", "Trained on", columns, rows,
                  "° test part of the set it was trained on; elsewhere all crops. Half of the crops are people.")  # fmt: skip
    text = ["What the shift costs the network itself: a set that costs nothing needs no warning."]
    galleries = [Gallery("crops", "Crops", "People above, background below.", pictures=_examples(plan))]
    return Section("classifier", "The classifier", text, [table], galleries=galleries)


def _examples(plan: OodPlan) -> list[CropOf]:
    """One picture for each set: people's crops in the upper row, background in the lower."""
    shown = []
    for domain in plan.domains:
        places = plan.places[plan.config.seeds[0], domain.name]["test"]
        rows = []
        for label in (PERSON, BACKGROUND):
            own = [place for place in places if place.label == label]
            chosen = [own[index] for index in np.linspace(0, len(own) - 1, SHOWN_CROPS).astype(int)]
            crops = cut(domain.name, domain.dataset, chosen, plan.config.crop_px)
            rows.append(np.concatenate(list(crops.images), axis=1))
        picture = np.concatenate(rows)
        shown.append(CropOf(picture, picture, domain.name, domain.name))
    return shown


def _details_section(plan: OodPlan, outcome: Outcome) -> Section:
    by_triplet: dict[tuple[str, str, str], list[TripletResult]] = {}
    for result in outcome.results:
        triplet = result.triplet
        by_triplet.setdefault((triplet.source, triplet.validation, triplet.target), []).append(result)
    rows = [
        Row(f"{source} / {target}", [
            Cell(float(np.mean([result.methods[method.name].accuracy for result in results])))
            for method in plan.methods
        ], f"set with {validation}")
        for (source, validation, target), results in by_triplet.items()
    ]  # fmt: skip
    columns = [Column(method.title, digits=2) for method in plan.methods]
    table = Table("triplets", "Accuracy for each triplet", "Source / target", columns, rows, "Means over seeds.")
    return Section("triplets", "Every triplet", tables=[table])


def _conditions(plan: OodPlan, outcome: Outcome) -> list[tuple[str, str]]:
    config = plan.config
    sets = [
        f"{domain.name}: {_KINDS[domain.dataset.info.kind]}, {len(domain.dataset)} pictures, "
        f"{outcome.crops[domain.name]} crops ({', '.join(_part_text(plan, domain.name))})"
        for domain in plan.domains
    ]
    triplets = len({result.triplet for result in outcome.results})
    where = device_title(plan.device)
    return [
        ("Sets", "; ".join(sets)),
        ("Triplets", f"{triplets} of source, validation set and target, all different; sources: {', '.join(plan.sources)}"),
        ("Crops", f"upright, {config.crop_px} px, half people, half background; parts {_fractions(config)} by whole pictures "
                  f"in the order of time, {config.gap} pictures left out in between"),
        ("Set with", "val part of the source against train and val parts of the validation set"),
        ("Judged on", "test part of the source against all of the target, both counting alike"),
        ("Classifier", f"{plan.trunk.text}; {config.epochs} epochs, batches of {config.batch}, Adam, learning rate "
                       f"{config.learning_rate:g}, mirrored by chance"),
        ("Methods", f"{config.neighbours} neighbours, {config.ensemble} networks in DeepEnsemble, autoencoder "
                    f"{config.autoencoder_epochs} epochs"),
        ("Seeds", ", ".join(map(str, config.seeds))),
        ("Intervals", "95 % bootstrap over sources, triplets within a source, and seeds within a triplet"),
        ("Ran on", where),
    ]  # fmt: skip


def _part_text(plan: OodPlan, name: str) -> list[str]:
    places = plan.places[plan.config.seeds[0], name]
    return [f"{part} {sum(counts(found))}" for part, found in places.items()]


def _fractions(config: OodConfig) -> str:
    return " / ".join(f"{fraction:g}" for fraction in config.fractions)


def _warnings(plan: OodPlan) -> list[str]:
    warnings = []
    if len(plan.sources) < FEW_SOURCES:
        warnings.append(
            f"There are {len(plan.sources)} sources; intervals over so few say what these sets have in common, not what "
            "other rooms would show."
        )
    untimed = [domain.name for domain in plan.domains if any(picture.time_s is None for picture in domain.dataset)]
    if untimed:
        warnings.append(f"{', '.join(untimed)}: pictures have no time; the order of their file names is taken for it.")
    return warnings


def _results(summaries: Sequence[MethodSummary], outcome: Outcome) -> dict[str, object]:
    return {
        "methods": [asdict(entry) for entry in summaries],
        "triplets": [
            {**asdict(result.triplet), "seed": result.seed,
             "methods": {name: asdict(judged) for name, judged in result.methods.items()}}
            for result in outcome.results
        ],
        "classifier": [
            {"seed": seed, "source": source, "set": name, "accuracy": value}
            for (seed, source, name), value in outcome.person_accuracy.items()
        ],
    }  # fmt: skip


def command_line(config: OodConfig) -> str:
    """What to type to get the same again: every option that is not as it is by default."""
    words = ["python", "generate.py", "ood"]
    usual = OodConfig(sets=[]).model_dump(mode="json")
    for name, value in config.model_dump(mode="json").items():
        if value == usual[name] and name != "out":
            continue
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words.append(option if value else f"--no-{option[2:]}")
        else:
            words += [option, *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words)
