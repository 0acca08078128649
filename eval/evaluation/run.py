"""The `evaluate` command: train a detector on each training set, test all on the same pictures, write the report.

Thesis section 3.4, Algorithm 3, lines 7 to 9, for several training sets and seeds. Everything that can be wrong with
the input is looked at before any work. Each training run is kept under detectors/ in the report folder as soon as it
is done, and so is what it found in the test pictures: the same command after a kill, or with another training set or
seed added, does not repeat it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from annotate.dataset import Dataset
from eval.compare.comparison import Comparison, Options, compare
from eval.config import EvaluateConfig
from eval.data.person_crops import labelled_people
from eval.data.samples import Sample, load_samples
from eval.data.training_sets import TrainingSet
from eval.evaluation.document import report_of
from eval.evaluation.plan import Plan, leaks, make_plan
from eval.evaluation.results import Evaluation, SetFacts, SplitFacts, TestResult
from eval.evaluation.tracking import track
from eval.measures.intervals import draw_pictures
from eval.measures.summary import Measures, measure
from eval.report.page import write_report
from eval.training.runs import kept_detections, obtain_run
from eval.training.testing import detect_samples, rotated_truth_of, truth_of, upright
from eval.training.trainer import Recipe

TEST_PEOPLE = "test people"
KIND_TEXT = {
    "synthetic": "synthetic pictures",
    "real": "real pictures",
    "refined": "refined synthetic pictures",
    "stand-in": "a stand-in for real pictures",
    "mixed": "a mixture of kinds",
}


def run(config: EvaluateConfig) -> Path:
    """Evaluate as configured and return the path of report/index.html. InputError before any work is done."""
    plan = make_plan(config)
    config.out.mkdir(parents=True, exist_ok=True)
    evaluation = evaluate(plan)
    comparison = distances(plan)
    report = report_of(plan, evaluation, comparison)
    page = write_report(report, config.out)
    track(config, evaluation, comparison)
    return page


def evaluate(plan: Plan) -> Evaluation:
    """All training runs, and what their detectors find in every test set."""
    val = _load(plan, [plan.val], "read validation")
    tests = {name: in_time_order(_load(plan, [dataset], f"read {name}")) for name, dataset in plan.tests.items()}
    sets: list[SetFacts] = []
    found: dict[str, dict[str, list[list[np.ndarray]]]] = {name: {} for name in tests}
    for entry in plan.sets:
        records = []
        for seed in plan.config.seeds:
            record, detections = _one_run(plan, entry, seed, val, tests)
            records.append(record)
            for name, own in detections.items():
                found[name].setdefault(entry.name, []).append(own)
        sets.append(_set_facts(plan, entry, records))
    results = [
        _test_result(plan, name, tests[name], found[name], {one.name: one.records for one in sets}) for name in tests
    ]
    pairs = [(p.refined_name, p.synthetic_name) for p in plan.pairs if p.synthetic_name in found["test"]]
    return Evaluation(sets, split_facts(plan.val, val), results, pairs, leaks(plan))


def _load(plan: Plan, datasets: Sequence[Dataset], text: str, outlined: bool = False) -> list[Sample]:
    training = plan.config.training
    bar = _bar(text, sum(map(len, datasets)))
    return load_samples(datasets, training.input_px, plan.config.target, training.min_visible, bar, outlined)


def _bar(text: str, total: int) -> Any:
    return partial(tqdm, desc=text, total=total, leave=False, mininterval=0.5)


def in_time_order(samples: list[Sample]) -> list[Sample]:
    """Sorted by time where every picture has one."""
    times = [sample.picture.time_s for sample in samples]
    if any(time is None for time in times):
        return samples
    return sorted(samples, key=lambda sample: sample.picture.time_s or 0.0)


def _one_run(
    plan: Plan, entry: TrainingSet, seed: int, val: list[Sample], tests: dict[str, list[Sample]]
) -> tuple[dict[str, Any], dict[str, list[np.ndarray]]]:
    """One training run's record, and its detections in every test set; both kept from an earlier command if they are."""
    training = plan.config.training

    def samples() -> tuple[Recipe, list[Sample]]:
        outlined = training.augmentation.turn == "any"
        read = {
            dataset.root: _load(plan, [dataset], f"read {entry.name}", outlined)
            for dataset in (*entry.datasets, *entry.towards)
        }
        stages = [[sample for dataset in stage for sample in read[dataset.root]] for stage in entry.stages]
        return Recipe(stages, [sample for dataset in entry.towards for sample in read[dataset.root]]), val

    run = obtain_run(plan.config, plan.start, entry, plan.val, seed, samples)

    def find(pictures: list[Sample]) -> list[np.ndarray]:
        return detect_samples(run.detector().to(plan.start.device), pictures, plan.start.device)

    found = {name: kept_detections(run, plan.tests[name], partial(find, own)) for name, own in tests.items()}
    return run.record, found


def _set_facts(plan: Plan, entry: TrainingSet, records: list[dict[str, Any]]) -> SetFacts:
    people = sum(len(picture.shown_people) for dataset in entry.datasets for picture in dataset)
    folders = [str(dataset.root) for dataset in (*entry.datasets, *entry.towards)]
    return SetFacts(entry.name, entry.kind, entry.recipe, folders, entry.pictures, people, records)


def split_facts(dataset: Dataset, samples: Sequence[Sample]) -> SplitFacts:
    """What the report says of the validation or a test set; a stand-in is called one."""
    times = [picture.time_s for picture in dataset if picture.time_s is not None]
    covered = max(times) - min(times) if len(times) == len(dataset) else None
    title = f"{dataset.info.name or dataset.root.name}, {KIND_TEXT[dataset.info.kind]}"
    people = sum(len(sample.boxes) for sample in samples)
    return SplitFacts(title, dataset.info.kind, str(dataset.root), len(samples), people, covered)


def _test_result(
    plan: Plan, name: str, samples: list[Sample], found: dict[str, list[list[np.ndarray]]],
    records: dict[str, list[dict[str, Any]]],
) -> TestResult:  # fmt: skip
    config = plan.config
    truths = [truth_of(sample) for sample in samples]
    rng = np.random.default_rng([config.seeds[0], 4])
    draws = draw_pictures([truth.time_s for truth in truths], [truth.site for truth in truths], rng)

    def measured(own: list[list[np.ndarray]], thresholds: list[float], against: list, iou: float) -> Measures:
        return measure(own, against, thresholds, draws, rng, iou)

    measures, rotated = {}, {}
    turned = [rotated_truth_of(sample) for sample in samples]
    for entry, own in found.items():
        thresholds = [config.score if config.score is not None else one["threshold"] for one in records[entry]]
        boxes = [[upright(detections) for detections in seed] for seed in own]
        measures[entry] = measured(boxes, thresholds, truths, config.iou)
        if plan.start.kind.rotated and None not in turned:
            rotated[entry] = measured(own, thresholds, turned, config.iou)
    facts = split_facts(plan.tests[name], samples)
    return TestResult(name, facts, measures, rotated, samples, truths, found)


def distances(plan: Plan) -> Comparison | None:
    """How far each training set's people are from the test set's (eval.compare); None where too few can be seen."""
    config = plan.config
    reference = TrainingSet(TEST_PEOPLE, [plan.test])
    sets = [TrainingSet(entry.name, list({one.root: one for one in entry.datasets}.values())) for entry in plan.sets]
    options = Options(
        target=config.target, min_visible=config.training.min_visible, crop_px=config.crop_px,
        max_crops=config.max_crops, seed=config.seeds[0],
    )  # fmt: skip
    usable = [
        one for one in [*sets, reference] if len(labelled_people(one.datasets, config.target, options.min_visible)) > 1
    ]
    if reference not in usable or len(usable) < 2:
        return None
    plan.features.module.to(plan.start.device)
    return compare(usable, [TEST_PEOPLE], [(config.features, plan.features)], plan.pools, options, _bar)
