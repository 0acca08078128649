"""The OD-test itself (Shafaei 2020, algorithm 1): every source, validation set and target, each different.

    for each seed and source:            networks on the source's train part
        for each validation set:         reject functions: source val against the validation set (train and val)
            for each other target:       judged: source test against all of the target

Finished triplets and trained networks are kept in the report folder under a key of what they depend on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from annotate.files import read_json, write_json
from eval.ood.config import OodConfig
from eval.ood.crops import CropSet, Place
from eval.ood.domains import Domain, DomainCrops, cut_crops
from eval.ood.methods.base import Method, balanced_accuracy
from eval.ood.models import SourceModels, Trunk, content_key

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Triplet:
    """Three different sets by name."""

    source: str
    validation: str
    target: str


@dataclass(frozen=True)
class Judged:
    """One method on one triplet. accuracy: mean of accepted (share of the source's test part) and rejected (share of the
    target); auroc: area under the curve of its score for the same two; known: accuracy with outsiders of the validation
    set that it was not set with in place of the target."""

    accuracy: float
    accepted: float
    rejected: float
    auroc: float
    known: float


@dataclass(frozen=True)
class TripletResult:
    """All methods, by name, on one triplet with one seed."""

    triplet: Triplet
    seed: int
    methods: dict[str, Judged]


@dataclass
class Outcome:
    """Everything an OD-test measures. person_accuracy: by seed, source and set, the share of crops in which the classifier
    is right about person or background; on the source it is that of the test part."""

    results: list[TripletResult] = field(default_factory=list)
    person_accuracy: dict[tuple[int, str, str], float] = field(default_factory=dict)
    crops: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class OodPlan:
    """A checked OD-test, ready to run. places: by seed and domain, where crops lie."""

    config: OodConfig
    domains: list[Domain]
    sources: list[str]
    methods: list[type[Method]]
    places: dict[tuple[int, str], dict[str, list[Place]]]
    trunk: Trunk
    device: torch.device


def triplets_of(source: str, names: Sequence[str]) -> list[Triplet]:
    """All ordered pairs of a validation set and a target beside this source, none twice in one."""
    others = [name for name in names if name != source]
    return [Triplet(source, validation, target) for validation in others for target in others if validation != target]


def run_protocol(plan: OodPlan, progress: Progress = lambda text: None) -> Outcome:
    """Every triplet with every seed; progress hears of each step. Nothing that is kept from an earlier run is redone."""
    outcome = Outcome()
    for seed in plan.config.seeds:
        crops = _Crops(plan, seed)
        for source in plan.sources:
            _run_source(plan, outcome, crops, source, progress)
    return outcome


class _Crops:
    """The crops of every domain with one seed, cut when first asked for."""

    def __init__(self, plan: OodPlan, seed: int) -> None:
        self.plan, self.seed = plan, seed
        self._domains = {domain.name: domain for domain in plan.domains}
        self._cut: dict[str, DomainCrops] = {}

    def __getitem__(self, name: str) -> DomainCrops:
        if name not in self._cut:
            places = self.plan.places[self.seed, name]
            self._cut[name] = cut_crops(self._domains[name], places, self.plan.config.crop_px)
        return self._cut[name]

    def facts(self, name: str) -> list[Any]:
        """What the crops of a domain depend on, as JSON."""
        config = self.plan.config
        options = [config.crop_px, config.max_crops, list(config.fractions), config.gap, config.min_visible]
        return [name, self._domains[name].fingerprint(), options, self.seed]


def _run_source(plan: OodPlan, outcome: Outcome, crops: _Crops, source: str, progress: Progress) -> None:
    seed, config = crops.seed, plan.config
    names = [domain.name for domain in plan.domains]
    own, trunk = crops[source], plan.trunk
    models = SourceModels(config, own.train, own.val, seed, crops.facts(source), trunk, plan.device)
    progress(f"{source}, seed {seed}: classifier")
    for name in names:
        shown = own.test if name == source else crops[name].all
        right = models.logits(shown).argmax(axis=1) == shown.labels
        outcome.person_accuracy[seed, source, name] = float(right.mean())
        outcome.crops[name] = len(crops[name].all)
    fitted: dict[str, Method] = {}
    for triplet in triplets_of(source, names):
        progress(f"{source} against {triplet.target}, set with {triplet.validation}, seed {seed}")
        outcome.results.append(_triplet_result(plan, crops, models, fitted, triplet))


def _triplet_result(
    plan: OodPlan, crops: _Crops, models: SourceModels, fitted: dict[str, Method], triplet: Triplet
) -> TripletResult:
    """The kept result of this triplet, with whatever methods it lacks measured and kept as well."""
    place = plan.config.out / "triplets" / f"{_triplet_key(plan, crops, triplet)}.json"
    kept = read_json(place)["methods"] if place.is_file() else {}
    found = {name: Judged(**values) for name, values in kept.items()}
    missing = [method for method in plan.methods if method.name not in found]
    for kind in missing:
        method = _fitted(kind, models, fitted)
        method.calibrate(models.val, crops[triplet.validation].known, crops.facts(triplet.validation))
        found[kind.name] = judge(method, crops[triplet.source].test, crops[triplet.target].all,
                                 crops[triplet.validation].test)  # fmt: skip
    if missing:
        written = {name: asdict(judged) for name, judged in found.items()}
        write_json(place, {**asdict(triplet), "seed": crops.seed, "methods": written})
    return TripletResult(triplet, crops.seed, {method.name: found[method.name] for method in plan.methods})


def _fitted(kind: type[Method], models: SourceModels, fitted: dict[str, Method]) -> Method:
    if kind.name not in fitted:
        fitted[kind.name] = kind(models)
        fitted[kind.name].fit(models.train)
    return fitted[kind.name]


def _triplet_key(plan: OodPlan, crops: _Crops, triplet: Triplet) -> str:
    config = plan.config
    facts = [crops.facts(name) for name in (triplet.source, triplet.validation, triplet.target)]
    training = [config.epochs, config.autoencoder_epochs, config.batch, config.learning_rate]
    options = [*training, config.neighbours, config.ensemble, config.backbone, plan.trunk.key]
    return content_key("triplet", facts, options)


def judge(method: Method, inside: CropSet, target: CropSet, known: CropSet) -> Judged:
    """A calibrated method on insiders, a target, and outsiders like those that it was calibrated with."""
    turned_away = method.rejects(inside)
    caught, caught_known = method.rejects(target), method.rejects(known)
    labels = np.repeat([0, 1], [len(inside), len(target)])
    scores = np.concatenate([method.score(inside), method.score(target)])
    return Judged(
        accuracy=balanced_accuracy(turned_away, caught),
        accepted=float(1 - turned_away.mean()),
        rejected=float(caught.mean()),
        auroc=float(roc_auc_score(labels, scores)),
        known=balanced_accuracy(turned_away, caught_known),
    )
