"""An evaluation before any work: everything that can be wrong with its input is looked at here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.config import EvaluateConfig
from eval.data.samples import require_boxes
from eval.data.training_sets import Pair, TrainingSet, find_pairs, named_pairs, parse_entries, read_set, shared_pictures
from eval.detectors import DetectorKind, detector_kind
from eval.evaluation.tracking import require_tracking
from eval.networks.features import FeatureNetwork, load_features
from eval.networks.pools import PoolFeatures, load_pool_layers
from eval.networks.weights import checksum, download, read_weights
from eval.report.folder import refuse_foreign_folder
from eval.training.runs import Start
from eval.training.testing import choose_device
from eval.training.trainer import Weights

_OURS = ("report.json", "index.html", "detectors", "config.yaml")


@dataclass(frozen=True)
class Plan:
    """A checked evaluation, ready to run. tests: by name, the test set first."""

    config: EvaluateConfig
    sets: list[TrainingSet]
    val: Dataset
    tests: dict[str, Dataset]
    pairs: list[Pair]
    start: Start
    features: FeatureNetwork
    pools: PoolFeatures | None = None

    @property
    def test(self) -> Dataset:
        return next(iter(self.tests.values()))


def make_plan(config: EvaluateConfig) -> Plan:
    """Check everything that can be wrong and read what is small. InputError says what to do."""
    refuse_foreign_folder(config.out, _OURS)
    require_tracking(config)
    kind, device = detector_kind(config.detector), choose_device(config.device)
    if len(set(config.seeds)) < len(config.seeds):
        raise InputError(f"--seeds {config.seeds}: a seed is given twice; every run needs its own")
    sets = [read_set(name, folders) for name, folders in parse_entries(config.train).items()]
    val, tests = Dataset.read(config.val), _read_tests(config)
    for entry in sets:
        for dataset in entry.datasets:
            require_boxes(dataset, config.target, "--train")
            _require_rotated(dataset, kind, config)
    require_boxes(val, config.target, "--val")
    for name, dataset in tests.items():
        require_boxes(
            dataset, config.target, "--test" if dataset is next(iter(tests.values())) else f"--also-test {name}"
        )
    pairs = named_pairs(config.pairs, sets) if config.pairs else find_pairs(sets)
    features = load_features(config.features, config.feature_weights, config.download)
    start = Start(kind, *_backbone(config, kind), device)
    return Plan(config, sets, val, tests, pairs, start, features, _pools(config))


def _pools(config: EvaluateConfig) -> PoolFeatures | None:
    """Features for plots of principal components, of those layers whose weights are given."""
    if not config.pool_weights:
        return None
    layers = load_pool_layers([2, 5], config.pool_weights, config.download, "--pool-weights", "leave the option out")
    return PoolFeatures(layers, "flat")


def _read_tests(config: EvaluateConfig) -> dict[str, Dataset]:
    """The test set and the others, by name."""
    tests = {"test": Dataset.read(config.test)}
    for name, folders in (parse_entries(config.also_test, "--also-test") if config.also_test else {}).items():
        if name in tests or len(folders) != 1:
            raise InputError(f'--also-test "{name}": expected NAME=FOLDER, one folder, each name once and none "test"')
        tests[name] = Dataset.read(folders[0])
    return tests


def _require_rotated(dataset: Dataset, kind: DetectorKind, config: EvaluateConfig) -> None:
    """InputError if a detector of rotated boxes should learn from people without them."""
    if not kind.rotated:
        return
    if config.target != "person":
        raise InputError(f"--detector {config.detector}: finds whole people only; use --target person")
    people = [person for picture in dataset for person in picture.shown_people]
    bare = sum(person.rotated_bbox is None for person in people)
    if bare:
        raise InputError(
            f"--train {dataset.root}: {bare} of {len(people)} people have no rotated box, which --detector "
            f"{config.detector} learns from; use --detector squeezedet, or a dataset with rotated boxes (renders have them)"
        )


def _backbone(config: EvaluateConfig, kind: DetectorKind) -> tuple[Weights | None, str, str]:
    """ImageNet weights (or None), what the report says of them, and what identifies them."""
    if config.weights is not None:
        weights = read_weights(config.weights)
        kind.check_backbone(weights, config.weights)
        return weights, f"{kind.backbone}, ImageNet weights from {config.weights.name}", checksum(config.weights)
    found = download(kind.backbone_address) if config.download else None
    if found is not None:
        return found, f"{kind.backbone}, ImageNet weights of torchvision", "torchvision"
    return None, "from scratch (no ImageNet weights: none given, none could be downloaded)", "scratch"


def leaks(plan: Plan) -> list[str]:
    """What makes the figures too good: pictures that are in more than one of training, validation and test."""
    parts = [
        (entry.name, entry.datasets, test, "test" if name == "test" else f"{name} test")
        for entry in plan.sets
        for name, test in plan.tests.items()
    ]
    parts += [("validation", [plan.val], test, "test") for test in plan.tests.values()]
    parts += [(entry.name, entry.datasets, plan.val, "validation") for entry in plan.sets]
    return [text for part in parts if (text := _leak(*part))]


def _leak(name: str, datasets: Sequence[Dataset], held_out: Dataset, what: str) -> str:
    leaked = shared_pictures(datasets, held_out)
    if not leaked:
        return ""
    return f"{len(leaked)} of {len(held_out)} {what} pictures are also in {name}; its figures are too good."
