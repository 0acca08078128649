"""The `compare` command: how far datasets are from one another, before anything is trained on them.

Thesis sections 4.3.1 and 4.3.4 for any sets: distances between crops of people, and plots of their principal
components. Everything that can be wrong with the input is looked at before any picture is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from annotate.errors import InputError
from eval.compare.comparison import Options, compare
from eval.compare.config import CompareConfig
from eval.compare.crops import people_of
from eval.compare.page import report_of
from eval.data.training_sets import TrainingSet, parse_entries, read_set, shared_pictures
from eval.networks.features import FEATURES, FeatureNetwork, feature_kind, load_features
from eval.networks.pools import SOURCES, PoolFeatures, load_pool_layers
from eval.report.folder import refuse_foreign_folder
from eval.report.page import write_report
from eval.training.testing import choose_device, device_title

_OURS = ("report.json", "index.html", "config.yaml")


@dataclass(frozen=True)
class Plan:
    """A checked comparison, ready to run."""

    sets: list[TrainingSet]
    references: list[str]
    networks: list[tuple[str, FeatureNetwork]]
    pools: PoolFeatures | None
    device: torch.device


def run(config: CompareConfig) -> Path:
    """Compare as configured and return the path of the page. InputError before any work is done."""
    plan = make_plan(config)
    for _, network in plan.networks:
        network.module.to(plan.device)
    if plan.pools is not None:
        plan.pools.to(plan.device)
    comparison = compare(plan.sets, plan.references, plan.networks, plan.pools, options_of(config), _bar)
    config.out.mkdir(parents=True, exist_ok=True)
    commands = [f"python generate.py compare --config {config.out / 'config.yaml'}"]
    report = report_of(comparison, [("Ran on", device_title(plan.device))], _shared(plan.sets), config.note, commands)
    return write_report(report, config.out)


def make_plan(config: CompareConfig) -> Plan:
    """Check everything that can be wrong and read what is small. InputError says what to do."""
    refuse_foreign_folder(config.out, _OURS)
    device = choose_device(config.device)
    for name in config.features:
        feature_kind(name)
    _refuse_unknown_pools(config)
    sets = _read_sets(config)
    references = _references(config, sets)
    for entry in sets.values():
        people_of(
            entry, config.target, config.min_visible, np.random.default_rng(config.seed)
        )  # Refuses who has too few.
    files = _files_of_features(config)
    networks = [
        (name, load_features(name, files.get(name), config.download)) for name in dict.fromkeys(config.features)
    ]
    return Plan(list(sets.values()), references, networks, _pool_features(config), device)


def options_of(config: CompareConfig) -> Options:
    """The part of the config that the comparison itself needs."""
    return Options(**{name: getattr(config, name) for name in Options.__dataclass_fields__})


def _bar(text: str, total: int) -> Callable[[Iterable], Iterable]:
    return partial(tqdm, desc=text, total=total, leave=False, mininterval=0.5)


def _refuse_unknown_pools(config: CompareConfig) -> None:
    known = sorted({source.pool for source in SOURCES})
    unknown = [pool for pool in config.pools if pool not in known]
    if unknown:
        raise InputError(
            f"--pools {unknown[0]}: the pooling layers that can be plotted are {' and '.join(map(str, known))}"
        )


def _read_sets(config: CompareConfig) -> dict[str, TrainingSet]:
    """The sets by the names given to them; a stand-in's own name says that it is one."""
    entries = parse_entries(config.sets, "--sets")
    sets = {name: read_set(name, folders, "--sets") for name, folders in entries.items()}
    if len(sets) < 2:
        raise InputError(f'--sets: found one set, "{next(iter(sets))}"; comparing needs at least two')
    for entry in sets.values():
        if entry.recipe:
            raise InputError(
                f'--sets: "{entry.name}" is a recipe ({entry.recipe}); name folders only: NAME=FOLDER,FOLDER'
            )
    return sets


def _references(config: CompareConfig, sets: dict[str, TrainingSet]) -> list[str]:
    unknown = [name for name in config.reference if name not in sets]
    if unknown:
        raise InputError(f'--reference "{unknown[0]}" is none of the sets {", ".join(sets)}')
    return [sets[name].name for name in dict.fromkeys(config.reference or sets)]


def _files_of_features(config: CompareConfig) -> dict[str, Path]:
    """Weights files by network. InputError if a file's network is not named, or a bare file could be of several."""
    needy = [name for name in config.features if FEATURES[name].address is not None]
    files: dict[str, Path] = {}
    for entry in config.feature_weights:
        name, equals, file = entry.partition("=")
        if not equals or name not in FEATURES:
            if len(needy) != 1:
                raise InputError(
                    f"--feature-weights {entry}: expected NAME=FILE, NAME one of --features; a file alone is understood "
                    f"where one of them needs weights, here {len(needy)} do"
                )
            name, file = needy[0], entry
        if name not in config.features:
            raise InputError(f"--feature-weights {entry}: {name} is none of --features {' '.join(config.features)}")
        if name in files:
            raise InputError(f"--feature-weights: {name} is given two files, {files[name]} and {file}; name one")
        files[name] = Path(file)
    return files


def _pool_features(config: CompareConfig) -> PoolFeatures | None:
    if not config.pca:
        if config.pool_weights:
            raise InputError("--pool-weights: has no use with --no-pca; give one of them")
        return None
    pools = list(dict.fromkeys(config.pools))
    layers = load_pool_layers(
        pools, config.pool_weights, config.download, "--pool-weights", "leave the plots out with --no-pca"
    )
    return PoolFeatures(layers, config.pool_vectors)


def _shared(sets: Sequence[TrainingSet]) -> list[str]:
    """What makes two sets look nearer than they are: pictures that, bit for bit, are in both."""
    warnings = []
    for a, b in combinations(sets, 2):
        shared = {name for dataset in b.datasets for name in shared_pictures(a.datasets, dataset)}
        if shared:
            warnings.append(
                f"{len(shared)} of {b.pictures} pictures of {b.name} are also in {a.name}; they look too near."
            )
    return warnings
