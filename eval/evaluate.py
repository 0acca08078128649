"""The `evaluate` command: train a detector on each training set, test all on the same pictures, write the report.

Thesis section 3.4, Algorithm 3, lines 7 to 9, for several training sets and seeds. Everything that can be wrong with
the input is looked at before any work. Each training run is kept under detectors/ in the report folder as soon as it
is done, so that the same command after a kill, or with another training set added, does not repeat it.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.files import read_json, write_bytes, write_json
from eval.config import EvaluateConfig
from eval.data.person_crops import crops_of, draw_people, labelled_people
from eval.data.samples import Sample, load_samples, require_boxes
from eval.data.training_sets import Pair, TrainingSet, find_pairs, named_pairs, parse_entries, read_set, shared_pictures
from eval.detectors import DetectorKind, detector_kind
from eval.detectors.squeezedet import SqueezeDet
from eval.distances.frechet import Distance, distance
from eval.measures.intervals import block_length, f1_intervals
from eval.measures.matching import average_precision, counts_at, per_picture_counts
from eval.networks.features import FeatureNetwork, load_features
from eval.networks.weights import checksum, download, read_weights
from eval.report.page import write_report
from eval.report.pictures import ReportPictures
from eval.results import Evaluation, RunResult, SetResult, SplitFacts
from eval.training.trainer import Weights, choose_device, detect_samples, match_samples, train_detector

KIND_TEXT = {
    "synthetic": "synthetic pictures",
    "real": "real pictures",
    "refined": "refined synthetic pictures",
    "stand-in": "a stand-in for real pictures",
    "mixed": "a mixture of kinds",
}
_OURS = ("report.json", "index.html", "detectors", "config.yaml")


@dataclass(frozen=True)
class Plan:
    """A checked evaluation, ready to run."""

    config: EvaluateConfig
    sets: list[TrainingSet]
    val: Dataset
    test: Dataset
    pairs: list[Pair]
    kind: DetectorKind
    backbone: Weights | None
    backbone_text: str
    backbone_key: str
    features: FeatureNetwork
    device: torch.device


def run(config: EvaluateConfig) -> Path:
    """Evaluate as configured and return the path of report/index.html. InputError before any work is done."""
    plan = make_plan(config)
    config.out.mkdir(parents=True, exist_ok=True)
    evaluation, detections, test = evaluate(plan)
    pictures = ReportPictures(config.out / "pictures")
    pictures.test_examples(evaluation, detections, test, config.examples, config.iou)
    pictures.training_examples(plan.sets)
    pictures.side_by_side(plan.pairs, config.crop_px)
    pictures.real_crops(plan.test, config.crop_px)
    return write_report(config.out, evaluation, pictures)


def make_plan(config: EvaluateConfig) -> Plan:
    """Check everything that can be wrong and read what is small. InputError says what to do."""
    _refuse_foreign_folder(config.out)
    kind, device = detector_kind(config.detector), choose_device(config.device)
    if len(set(config.seeds)) < len(config.seeds):
        raise InputError(f"--seeds {config.seeds}: a seed is given twice; every run needs its own")
    sets = [read_set(name, folders) for name, folders in parse_entries(config.train).items()]
    val, test = Dataset.read(config.val), Dataset.read(config.test)
    for entry in sets:
        for dataset in entry.datasets:
            require_boxes(dataset, config.target, "--train")
    require_boxes(val, config.target, "--val")
    require_boxes(test, config.target, "--test")
    pairs = named_pairs(config.pairs, sets) if config.pairs else find_pairs(sets)
    features = load_features(config.features, config.feature_weights, config.download)
    backbone, text, key = _backbone(config, kind)
    return Plan(config, sets, val, test, pairs, kind, backbone, text, key, features, device)


def _refuse_foreign_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; a report is a folder")
    if (out / "dataset.json").is_file():
        raise InputError(f"--out {out}: holds a dataset; name another folder for the report")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in _OURS):
        raise InputError(f"--out {out}: is not empty and holds no report; name another folder")


def _backbone(config: EvaluateConfig, kind: DetectorKind) -> tuple[Weights | None, str, str]:
    """ImageNet weights (or None), what the report says of them, and what identifies them."""
    if config.weights is not None:
        weights = read_weights(config.weights)
        kind.load_backbone(kind.build(np.ones((config.training.anchors, 2))), weights, config.weights)
        return weights, f"{kind.backbone}, ImageNet weights from {config.weights.name}", checksum(config.weights)
    found = download(kind.backbone_address) if config.download else None
    if found is not None:
        return found, f"{kind.backbone}, ImageNet weights of torchvision", "torchvision"
    return None, "from scratch (no ImageNet weights: none given, none could be downloaded)", "scratch"


def evaluate(plan: Plan) -> tuple[Evaluation, dict[str, list[np.ndarray]], list[Sample]]:
    """All training runs and figures; also the first seed's detections of every set and the test samples."""
    config = plan.config
    load = partial(load_samples, input_px=config.training.input_px, target=config.target,
                   min_visible=config.training.min_visible)  # fmt: skip
    val = load([plan.val], progress=_bar("read validation", len(plan.val)))
    test = in_time_order(load([plan.test], progress=_bar("read test", len(plan.test))))
    results: list[SetResult] = []
    detections: dict[str, list[np.ndarray]] = {}
    for index, entry in enumerate(plan.sets):
        train = load(entry.datasets, progress=_bar(f"read {entry.name}", entry.pictures))
        result = SetResult(
            entry.name, entry.kind, [str(dataset.root) for dataset in entry.datasets], len(train), _people(train)
        )
        for seed in config.seeds:
            detector, record = _trained(plan, index, entry, train, val, seed)
            found = detect_samples(detector.to(plan.device), test, plan.device)
            result.runs.append(_tested(plan, found, test, seed, record))
            detections.setdefault(entry.name, found)
        results.append(result)
    distances, floor = frechet_distances(plan)
    for result, value in zip(results, distances, strict=True):
        result.frechet = value
    return _summary(plan, results, val, test, floor), detections, test


def _bar(text: str, total: int) -> Any:
    return partial(tqdm, desc=text, total=total, leave=False, mininterval=0.5)


def _people(samples: Sequence[Sample]) -> int:
    return sum(len(sample.boxes) for sample in samples)


def in_time_order(samples: list[Sample]) -> list[Sample]:
    """Sorted by time where every picture has one; blocks of neighbours are then blocks of time."""
    times = [sample.picture.time_s for sample in samples]
    if any(time is None for time in times):
        return samples
    return sorted(samples, key=lambda sample: sample.picture.time_s or 0.0)


def _fingerprint(plan: Plan, entry: TrainingSet, seed: int) -> str:
    """What a training run depends on, in 16 digits."""
    config = plan.config
    data = [checksum(dataset.root / "annotations.json") for dataset in (*entry.datasets, plan.val)]
    manifests = [dataset.root / "manifest.jsonl" for dataset in (*entry.datasets, plan.val)]
    data += [checksum(path) for path in manifests if path.is_file()]
    facts = [config.training.model_dump(mode="json"), config.detector, config.target, config.iou, seed, data]
    return hashlib.sha256(json.dumps([*facts, plan.backbone_key]).encode()).hexdigest()[:16]


def _trained(
    plan: Plan, index: int, entry: TrainingSet, train: list[Sample], val: list[Sample], seed: int
) -> tuple[SqueezeDet, dict[str, Any]]:
    """A training run: the one kept in the report folder if it is the same, otherwise a new one, which is then kept."""
    config, kind = plan.config, plan.kind
    fingerprint = _fingerprint(plan, entry, seed)
    place = config.out / "detectors" / f"{fingerprint}.safetensors"
    if place.is_file() and place.with_suffix(".json").is_file():
        record = read_json(place.with_suffix(".json"))
        detector = kind.build(np.array(record["anchors_px"]), dropout=config.training.dropout)
        detector.load_state_dict(read_weights(place))
        print(f"{entry.name}, seed {seed}: kept from an earlier run of this command")
        return detector.eval(), record
    with tqdm(desc=f"train on {entry.name}, seed {seed}", unit="step", mininterval=0.5) as bar:

        def on_step(done: int, steps: int, text: str) -> None:
            bar.total = steps
            bar.set_postfix_str(text, refresh=False)
            bar.update(done - bar.n)

        trained = train_detector(
            kind, train, val, config.training, seed, config.iou, plan.backbone, plan.device, on_step
        )
    record = {"set": entry.name, **trained.record(), "weights": place.name}
    keep_detector(place, trained.detector, record)
    return trained.detector, record


def keep_detector(place: Path, detector: SqueezeDet, record: dict[str, Any]) -> None:
    """Write weights and, after them, their record: a run counts as kept when its .json is there."""
    from safetensors.torch import save

    state = {name: value.detach().cpu().contiguous() for name, value in detector.state_dict().items()}
    write_bytes(place, save(state, metadata={"set": str(record["set"]), "seed": str(record["seed"])}))
    write_json(place.with_suffix(".json"), record)


def _tested(
    plan: Plan, detections: list[np.ndarray], test: list[Sample], seed: int, record: dict[str, Any]
) -> RunResult:
    config = plan.config
    matches = match_samples(detections, test, config.iou)
    threshold = config.score if config.score is not None else record["chosen"]["threshold"]
    counts = counts_at(matches, threshold)
    ap = average_precision(matches)
    per_picture = per_picture_counts(matches, threshold)
    return RunResult(seed, threshold, counts.precision, counts.recall, counts.f1, ap, per_picture, record)


def frechet_distances(plan: Plan) -> tuple[list[Distance | None], Distance | None]:
    """Distance of each training set's person crops to those of the test set; and between two halves of the latter.

    A Fréchet distance shrinks as crops are added, so sets are only comparable at equal numbers: all sets get as many.
    The halves show what a distance of nothing looks like. None where there are fewer than two usable people.
    """
    config = plan.config
    rng = np.random.default_rng([config.seeds[0], 3])
    everyone = [
        labelled_people(datasets, config.target, config.training.min_visible)
        for datasets in ([plan.test], *(entry.datasets for entry in plan.sets))
    ]
    usable = [len(people) for people in everyone[1:] if len(people) >= 2]
    if len(everyone[0]) < 2 or not usable:
        return [None] * len(plan.sets), None
    count = min(config.max_crops, *usable)
    plan.features.module.to(plan.device)

    def features_of(people: Sequence, most: int, text: str) -> np.ndarray:
        drawn = draw_people(people, most, rng)
        return plan.features(crops_of(drawn, config.crop_px, _bar(text, len(drawn))))

    reference = features_of(everyone[0], config.max_crops, f"{plan.features.kind.title}: test people")
    order = rng.permutation(len(reference))
    floor = distance(reference[order[::2]], reference[order[1::2]]) if len(reference) >= 4 else None
    distances = [
        distance(features_of(people, count, f"{plan.features.kind.title}: {entry.name}"), reference)
        if len(people) >= 2 else None
        for entry, people in zip(plan.sets, everyone[1:], strict=True)
    ]  # fmt: skip
    return distances, floor


def split_facts(dataset: Dataset, samples: Sequence[Sample]) -> SplitFacts:
    """What the report says of the validation or test set; a stand-in is called one."""
    times = [picture.time_s for picture in dataset if picture.time_s is not None]
    covered = max(times) - min(times) if len(times) == len(dataset) else None
    name = dataset.info.name or dataset.root.name
    title = f"{name}, {KIND_TEXT[dataset.info.kind]}"
    return SplitFacts(title, dataset.info.kind, str(dataset.root), len(samples), _people(samples), covered)


def _summary(
    plan: Plan, results: list[SetResult], val: list[Sample], test: list[Sample], floor: Distance | None
) -> Evaluation:
    config = plan.config
    block = block_length([sample.picture.time_s for sample in test])
    counts = {result.name: np.stack([run.counts for run in result.runs]) for result in results}
    singles, differences = f1_intervals(counts, block, np.random.default_rng([config.seeds[0], 4]))
    for result in results:
        result.f1_interval = singles[result.name]
    names = {entry.name for entry in plan.sets}
    evaluation = Evaluation(
        sets=results, val=split_facts(plan.val, val), test=split_facts(plan.test, test), differences=differences,
        pairs=[(p.refined_name, p.synthetic_name) for p in plan.pairs if p.synthetic_name in names],
        conditions=[], warnings=_warnings(plan), distance_name=plan.features.distance_name, frechet_floor=floor, iou=config.iou,
        score=config.score, block=block, note=config.note, config=config.model_dump(mode="json"),
    )  # fmt: skip
    evaluation.conditions = _conditions(plan, evaluation)
    return evaluation


def _conditions(plan: Plan, evaluation: Evaluation) -> list[tuple[str, str]]:
    config, training = plan.config, plan.config.training
    length = f"{training.steps} steps" if training.steps else f"{training.epochs} epochs"
    threshold = "best F1 on validation, per run" if config.score is None else f"fixed at {config.score:g}"
    biased = any(result.frechet and result.frechet.biased for result in evaluation.sets)
    crops = sorted({result.frechet.n for result in evaluation.sets if result.frechet})
    bias = "; biased upwards, since there are fewer crops than features" if biased else ""
    where = torch.cuda.get_device_name(plan.device) if plan.device.type == "cuda" else _processor()
    return [
        ("Test", f"{evaluation.test.title}: {evaluation.test.pictures} pictures, {evaluation.test.people} people"),
        ("Validation", f"{evaluation.val.title}: {evaluation.val.pictures} pictures, {evaluation.val.people} people"),
        ("Detected", f"{config.target} boxes"),
        ("Detector", f"{plan.kind.title}, {plan.backbone_text}"),
        ("Training", f"{length}, batches of {training.batch}, {training.input_px} px input, {training.optimiser}, "
                     f"learning rate {training.learning_rate:g}"),
        ("Checkpoint", f"best F1 on validation of {training.evaluations} trials"),
        ("Right means", f"IoU with a labelled box of at least {config.iou:g}"),
        ("Score threshold", threshold),
        ("Seeds", ", ".join(map(str, config.seeds))),
        ("Intervals", f"95 % bootstrap over {_blocks_text(evaluation.block)} and over seeds"),
        (f"Fréchet distance ({evaluation.distance_name})",
         f"upright {config.crop_px} px crops to those of the test people, {crops[0] if crops else 0} crops of each "
         f"training set, {plan.features.kind.dimensions} features, weights: {plan.features.weights}{bias}"),
        ("Ran on", where),
    ]  # fmt: skip


def _blocks_text(block: int) -> str:
    return f"blocks of {block} test pictures that follow one another in time" if block > 1 else "single test pictures"


def _processor() -> str:
    return f"CPU, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"


def _warnings(plan: Plan) -> list[str]:
    """What makes the figures too good: pictures that are in more than one of training, validation and test."""
    parts = [(entry.name, entry.datasets, plan.test, "test") for entry in plan.sets]
    parts += [("validation", [plan.val], plan.test, "test")]
    parts += [(entry.name, entry.datasets, plan.val, "validation") for entry in plan.sets]
    warnings = []
    for name, datasets, held_out, what in parts:
        leaked = shared_pictures(datasets, held_out)
        if leaked:
            warnings.append(
                f"{len(leaked)} of {len(held_out)} {what} pictures are also in {name}; its figures are too good."
            )
    return warnings
