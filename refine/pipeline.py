"""The `refine` command: read S and R, crop, train, refine, and write S+ (thesis Algorithm 7)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter
from annotate.errors import InputError
from annotate.files import write_text
from refine import checkpoint
from refine.apply import refine_dataset
from refine.config import CROPS, INCIDENTAL, NETWORK, RefineConfig, total_steps, training_key
from refine.crops import CropRule, checksum, choose_anchor, collect_crops, require_people
from refine.presets import Preset, find_preset
from refine.refiner import Refiner
from refine.trainer import Training, choose_device

TRAINING_FOLDER = "training"


@dataclass(frozen=True)
class Plan:
    """What a run is going to do, checked before anything is written."""

    config: RefineConfig
    preset: Preset
    device: torch.device
    synthetic: Dataset
    rule: CropRule
    trained: checkpoint.Checkpoint | None
    """The finished training given by --weights."""
    crops: tuple[np.ndarray, np.ndarray] | None
    """Crops of S and R, unless there is nothing to train."""
    record: dict[str, Any]
    """What S+ tells about how it was made, besides the configuration."""
    key: dict[str, Any]


def run(config: RefineConfig) -> Path:
    """Refine config.synthetic towards config.real and return the folder of S+.

    Bad input raises InputError before anything is written. The same configuration goes on where it was stopped.
    """
    plan = make_plan(config)
    writer = DatasetWriter(config.out, describe(plan), config.overwrite, may_differ=INCIDENTAL)
    folder = config.out / TRAINING_FOLDER
    if config.overwrite:
        shutil.rmtree(folder, ignore_errors=True)
    write_text(folder / "config.yaml", yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    refiner = obtain_refiner(plan, folder)
    refine_dataset(refiner, plan.synthetic, writer, plan.rule, config.apply_batch, config.feather_px)
    writer.finish()
    return config.out


def make_plan(config: RefineConfig) -> Plan:
    """Check everything that can be wrong with the input and crop both datasets."""
    preset = find_preset(config.preset)
    device = choose_device(config.device, config.precision)
    synthetic = Dataset.read(config.synthetic)
    real = None if config.real is None else Dataset.read(config.real)
    _refuse_out(config)
    _require_masks(synthetic)
    if config.weights is not None:
        return _plan_with_weights(config, preset, device, synthetic)
    if real is None:
        raise InputError("--real is missing: name the dataset of real people to learn from, or a training by --weights")
    rule = CropRule(config.size_px, choose_anchor(config.anchor, synthetic, real), config.window_px, config.margin)
    require_people(synthetic, rule, "--synthetic")
    require_people(real, rule, "--real")
    crops = (
        collect_crops(synthetic, rule, config.max_crops, config.seed, "S"),
        collect_crops(real, rule, config.max_crops, config.seed, "R"),
    )
    checksums = {"synthetic": checksum(crops[0]), "real": checksum(crops[1])}
    steps = total_steps(config, len(crops[0]), len(crops[1]))
    key = training_key(config, rule.anchor, steps, checksums)
    record = _record(preset, rule, synthetic) | {
        "steps": steps,
        "crops": {"synthetic": len(crops[0]), "real": len(crops[1])},
        "crops_sha256": checksums,
        "real": _source(real),
    }
    return Plan(config, preset, device, synthetic, rule, None, crops, record, key)


def obtain_refiner(plan: Plan, folder: Path) -> Refiner:
    """A trained refiner: given by --weights, or trained (to its end) in folder."""
    refiner = plan.preset.build(plan.config, plan.device)
    if plan.trained is not None:
        refiner.load_networks(plan.trained.networks, str(plan.trained.path))
        return refiner
    assert plan.crops is not None
    synthetic, real = (torch.from_numpy(crops).permute(0, 3, 1, 2) for crops in plan.crops)
    return Training(refiner, plan.config, folder, plan.key, synthetic, real).run()


def describe(plan: Plan) -> DatasetInfo:
    """dataset.json of S+: kind "refined", the configuration, and where S, R and the training come from."""
    source = plan.synthetic.info
    return DatasetInfo(
        name=f"{source.name or plan.synthetic.root.name} refined by {plan.preset.name}",
        kind="refined",
        seed=plan.config.seed,
        config={**plan.config.model_dump(mode="json"), "refinement": plan.record},
        cameras=source.cameras,
    )


def _plan_with_weights(config: RefineConfig, preset: Preset, device: torch.device, synthetic: Dataset) -> Plan:
    """Nothing to train: crop as the training did."""
    assert config.weights is not None
    trained = checkpoint.read_checkpoint(config.weights, device)
    if not trained.finished:
        raise InputError(
            f"{trained.path}: only {trained.step} of {trained.key['total_steps']} steps are trained; finish it"
        )
    wanted = {name: getattr(config, name) for name in (*NETWORK, *CROPS) if name != "anchor" or config.anchor != "auto"}
    checkpoint.require_same(trained, wanted, "Pass the settings that it was trained with, or leave --weights out")
    rule = CropRule(config.size_px, trained.key["anchor"], config.window_px, config.margin)
    require_people(synthetic, rule, "--synthetic")
    record = _record(preset, rule, synthetic) | {"steps": trained.step, "training": trained.key}
    return Plan(config, preset, device, synthetic, rule, trained, None, record, trained.key)


def _record(preset: Preset, rule: CropRule, synthetic: Dataset) -> dict[str, Any]:
    return {"preset": preset.name, "summary": preset.summary, "anchor": rule.anchor, "synthetic": _source(synthetic)}


def _source(dataset: Dataset) -> dict[str, Any]:
    """Where pictures come from, by what stays true when the folder is moved."""
    info = dataset.info
    return {"name": info.name, "kind": info.kind, "seed": info.seed, "pictures": len(dataset)}


def _refuse_out(config: RefineConfig) -> None:
    """InputError if --out is one of the inputs; overwriting it would lose them."""
    for option, folder in (("--synthetic", config.synthetic), ("--real", config.real)):
        if folder is not None and folder.resolve() == config.out.resolve():
            raise InputError(f"--out {config.out}: is also {option}; name another folder")
    if (
        config.overwrite
        and config.weights is not None
        and config.weights.resolve().is_relative_to(config.out.resolve())
    ):
        raise InputError(
            f"--weights {config.weights}: --overwrite would remove it with {config.out}; name another --out"
        )


def _require_masks(dataset: Dataset) -> None:
    """InputError if some picture has people but no masks to put them back through."""
    without = [picture.file_name for picture in dataset if picture.people and not dataset.has_masks(picture)]
    if without:
        raise InputError(
            f"--synthetic {dataset.root}: {len(without)} of {len(dataset)} pictures, the first {without[0]}, have people "
            "but no instance masks; people are put back through their masks. Use a rendered dataset"
        )
