"""The `ood` command: checks everything first, runs the OD-test, writes the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from annotate.errors import InputError
from eval.detectors.squeezedet import SqueezeDet, load_backbone
from eval.networks.weights import checksum, download, read_weights
from eval.ood.config import OodConfig
from eval.ood.domains import plan_crops, read_domains
from eval.ood.methods import chosen_methods
from eval.ood.models import Trunk
from eval.ood.protocol import OodPlan, run_protocol, triplets_of
from eval.ood.report import build_report
from eval.report.document import Report
from eval.report.folder import refuse_foreign_folder
from eval.report.page import write_report
from eval.training.testing import choose_device

_OURS = ("report.json", "index.html", "networks", "triplets", "config.yaml")
SQUEEZENET = "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"


def run(config: OodConfig) -> Path:
    """The command; returns the path of index.html. InputError before any work is done."""
    return write_report(measure(make_plan(config)), config.out)


def measure(plan: OodPlan) -> Report:
    """Run the OD-test, or what is left of it, and say what was found."""
    names = [domain.name for domain in plan.domains]
    steps = len(plan.config.seeds) * sum(1 + len(triplets_of(source, names)) for source in plan.sources)
    with tqdm(total=steps, unit="step", mininterval=0.5) as bar:

        def progress(text: str) -> None:
            bar.set_description(text, refresh=False)
            bar.update()

        outcome = run_protocol(plan, progress)
    return build_report(plan, outcome)


def make_plan(config: OodConfig) -> OodPlan:
    """Check everything that can be wrong and read what is small. InputError says what to do."""
    refuse_foreign_folder(config.out, _OURS)
    methods, device = chosen_methods(config.methods), choose_device(config.device)
    if len(set(config.seeds)) < len(config.seeds):
        raise InputError(f"--seeds {config.seeds}: a seed is given twice; every repetition needs its own")
    if config.backbone == "small" and config.weights is not None:
        raise InputError(f"--weights {config.weights}: the small network takes none; add --backbone squeezenet")
    domains = read_domains(config)
    sources = _sources(config, [domain.name for domain in domains])
    trunk = _trunk(config)
    places = {
        (seed, domain.name): plan_crops(domain, config, seed)
        for seed in config.seeds
        for domain in tqdm(domains, desc="find crops", leave=False, mininterval=0.5)
    }
    return OodPlan(config, domains, sources, methods, places, trunk, device)


def _sources(config: OodConfig, names: list[str]) -> list[str]:
    for name in config.sources:
        if name not in names:
            raise InputError(f'--sources "{name}": is none of the sets {", ".join(names)}')
        if config.sources.count(name) > 1:
            raise InputError(f'--sources: "{name}" is given twice; name each source once')
    return config.sources or names


def _trunk(config: OodConfig) -> Trunk:
    """Weights of the classifiers' trunk; InputError for a file of another network."""
    if config.backbone == "small":
        return Trunk(None, "scratch", "four convolutions, from scratch")
    if config.weights is not None:
        weights = read_weights(config.weights)
        load_backbone(SqueezeDet(np.ones((1, 2))), weights, config.weights)
        text = f"SqueezeNet 1.1, ImageNet weights from {config.weights.name}"
        return Trunk(weights, checksum(config.weights), text, config.weights)
    found = download(SQUEEZENET) if config.download else None
    if found is not None:
        return Trunk(found, "torchvision", "SqueezeNet 1.1, ImageNet weights of torchvision")
    return Trunk(None, "scratch", "SqueezeNet 1.1, from scratch (no weights: none given, none could be downloaded)")
