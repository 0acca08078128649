"""What a run of the `refine` command is going to do, checked before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.networks.features import FeatureNetwork
from refine.config import CROPS, NETWORK, RefineConfig, settings, total_steps, training_key
from refine.crops import CropRule, choose_anchor, collect_crops, require_people
from refine.perceptual import Perceptual, load_perceptual
from refine.presets import Preset, find_preset
from refine.processes import process_count
from refine.real_crops import RealCrops, collect_real
from refine.training import checkpoint
from refine.training.device import choose_device
from refine.training.seeds import TrainingData, too_few
from refine.training.selection import load_distance_features


@dataclass(frozen=True)
class Lesson:
    """What is learned from, and with what."""

    data: TrainingData
    real: RealCrops
    """The real crops that were to be had, and the choice among them."""
    perceptual: Perceptual | None
    """What the preset's losses compare features with."""
    judging: FeatureNetwork | None
    """Features in which networks are compared with the crops held out, if some are."""
    key: dict[str, Any]
    """What a checkpoint must agree in to be continued."""


@dataclass(frozen=True)
class Plan:
    """One run: a lesson to learn, or networks that have learned, or neither for a preset that learns nothing."""

    config: RefineConfig
    preset: Preset
    device: torch.device
    synthetic: Dataset
    rule: CropRule
    record: dict[str, Any]
    """What S+ tells about how it was made, besides the configuration."""
    lesson: Lesson | None = None
    trained: checkpoint.Checkpoint | None = None
    """The finished training given by --weights."""

    @property
    def inspected(self) -> bool:
        """Whether refined people are checked: not what a control breaks on purpose."""
        return self.config.inspect and self.preset.learns and self.rule.scope == "person"


def make_plan(config: RefineConfig) -> Plan:
    """Check everything that can be wrong with the input and crop both datasets. InputError for bad input."""
    preset = find_preset(config.preset)
    config = preset.completed(config)
    device = choose_device(config.device, config.precision)
    synthetic = Dataset.read(config.synthetic)
    real = None if config.real is None else Dataset.read(config.real)
    _refuse_out(config)
    _require_masks(synthetic)
    if config.weights is not None:
        return _plan_with_weights(config, preset, device, synthetic)
    if not preset.learns:
        return _plan_as_it_is(config, preset, device, synthetic)
    if real is None:
        raise InputError("--real is missing: name the dataset of real people to learn from, or a training by --weights")
    return _plan_with_lesson(config, preset, device, synthetic, real)


def _plan_with_lesson(
    config: RefineConfig, preset: Preset, device: torch.device, synthetic: Dataset, real: Dataset
) -> Plan:
    perceptual = load_perceptual(preset.pools, config.perceptual_weights) if preset.pools else None
    rule = _rule(config, choose_anchor(config.anchor, synthetic, real))
    require_people(synthetic, rule, "--synthetic")
    require_people(real, rule, "--real")
    chosen = collect_real(real, rule, config)
    crops = collect_crops(synthetic, rule, config.max_crops, config.seed, "S", preset.needs_labels(config))
    checksums = {"synthetic": crops.checksum(), "real": chosen.crops.checksum()}
    data = TrainingData.split(crops, chosen.crops, config.hold_out)
    judging = load_distance_features(config) if data.held_out is not None else None
    _require_choice(config, data)
    steps = total_steps(config, len(data.synthetic), len(data.real), process_count())
    features = {} if perceptual is None else {str(pool): title for pool, title in perceptual.titles.items()}
    key = training_key(config, rule.anchor, steps, checksums)
    key |= {f"pool_{pool}": title for pool, title in features.items()}
    record = _record(preset, rule, synthetic) | {
        "steps": steps,
        "crops": data.counts,
        "crops_sha256": checksums,
        "real": _source(real),
        "features": features,
    }
    lesson = Lesson(data, chosen, perceptual, judging, key)
    return Plan(config, preset, device, synthetic, rule, record, lesson)


def _plan_with_weights(config: RefineConfig, preset: Preset, device: torch.device, synthetic: Dataset) -> Plan:
    """Nothing to train: crop as the training did."""
    assert config.weights is not None
    trained = checkpoint.read_kept(config.weights, config.keep, device)
    if not trained.finished:
        raise InputError(
            f"{trained.path}: only {trained.step} of {trained.key['total_steps']} steps are trained; finish it"
        )
    given = settings(config)
    wanted = {name: given[name] for name in (*NETWORK, *CROPS) if name != "anchor" or config.anchor != "auto"}
    checkpoint.require_same(trained, wanted, "Pass the settings that it was trained with, or leave --weights out")
    rule = _rule(config, trained.key["anchor"])
    require_people(synthetic, rule, "--synthetic")
    record = _record(preset, rule, synthetic) | {"steps": trained.step, "training": trained.key}
    return Plan(config, preset, device, synthetic, rule, record, trained=trained)


def _plan_as_it_is(config: RefineConfig, preset: Preset, device: torch.device, synthetic: Dataset) -> Plan:
    """A preset that learns nothing needs neither real crops nor weights."""
    rule = _rule(config, choose_anchor(config.anchor, synthetic, None))
    require_people(synthetic, rule, "--synthetic")
    preset.build(config, device, None)  # reads what it needs, and complains now
    return Plan(config, preset, device, synthetic, rule, _record(preset, rule, synthetic))


def _rule(config: RefineConfig, anchor: Literal["head", "person"]) -> CropRule:
    return CropRule(config.size_px, anchor, config.window_px, config.margin, config.scope)


def _record(preset: Preset, rule: CropRule, synthetic: Dataset) -> dict[str, Any]:
    return {"preset": preset.name, "summary": preset.summary, "anchor": rule.anchor, "synthetic": _source(synthetic)}


def _source(dataset: Dataset) -> dict[str, Any]:
    """Where pictures come from, by what stays true when the folder is moved."""
    info = dataset.info
    return {"name": info.name, "kind": info.kind, "seed": info.seed, "pictures": len(dataset)}


def _require_choice(config: RefineConfig, data: TrainingData) -> None:
    """InputError if several seeds are to be trained and nothing would tell which is the best."""
    if config.seeds > 1 and data.held_out is None:
        why = "--hold-out is 0" if not config.hold_out else too_few(len(data.real))
        raise InputError(
            f"--seeds {config.seeds}: nothing would tell the seeds apart ({why}); pass --seeds 1, or more crops"
        )


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
