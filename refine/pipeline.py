"""The `refine` command: read S and R, crop, train, refine, and write S+ (thesis Algorithm 7)."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from annotate.dataset import DatasetInfo, DatasetWriter
from annotate.files import write_json, write_text
from refine.config import INCIDENTAL, RefineConfig
from refine.plan import Lesson, Plan, make_plan
from refine.processes import is_first, joined_processes, wait_for_all
from refine.real_crops import write_sheet
from refine.refiner import Refiner
from refine.reinsertion.apply import Inspection, RefinementSummary, refine_dataset
from refine.training.device import choose_device
from refine.training.page import RESULT as RESULT_FILE
from refine.training.page import write_page
from refine.training.seeds import Seeds, refuse_other_processes

TRAINING_FOLDER = "training"
OUTCOME, RESULT = "training", "result"
"""What came out of the training, and what became of the people, in the configuration of dataset.json; known only at the
end."""


def run(config: RefineConfig) -> Path:
    """Refine config.synthetic towards config.real and return the folder of S+.

    Bad input raises InputError before anything is written. The same configuration goes on where it was stopped.
    """
    with joined_processes(choose_device(config.device, config.precision)):
        plan = make_plan(config)
        folder = config.out / TRAINING_FOLDER
        writer = _opened(plan, folder) if is_first() else None
        wait_for_all()
        refiner, outcome = obtain_refiner(plan, folder)
    if writer is None:
        return config.out
    summary = refine_dataset(
        refiner,
        plan.synthetic,
        writer,
        plan.rule,
        config.apply_batch,
        config.feather_px,
        Inspection() if plan.inspected else None,
        plan.preset.needs_labels(plan.config),
    )
    known = {**writer.info.config, OUTCOME: outcome, RESULT: asdict(summary)}
    writer.info = writer.info.model_copy(update={"config": known})
    writer.finish()
    if plan.lesson is not None:
        write_json(folder / RESULT_FILE, asdict(summary))
        write_page(folder)
    tqdm.write(_in_words(summary), file=sys.stderr)
    return config.out


def obtain_refiner(plan: Plan, folder: Path) -> tuple[Refiner, dict[str, Any]]:
    """A refiner and what came out of its training: trained (to its end) in folder, given by --weights, or as it is."""
    if plan.lesson is not None:
        return _taught(plan, plan.lesson, folder)
    refiner = plan.preset.build(plan.config, plan.device, None)
    if plan.trained is None:
        return refiner, {}
    refiner.load_networks(plan.trained.networks, str(plan.trained.path))
    return refiner, {"step": plan.trained.step}


def describe(plan: Plan) -> DatasetInfo:
    """dataset.json of S+: kind "refined", the configuration, and where S, R and the training come from."""
    source = plan.synthetic.info
    return DatasetInfo(
        name=f"{source.name or plan.synthetic.root.name} refined by {plan.preset.name}",
        kind="refined",
        seed=plan.config.seed,
        config={**plan.config.model_dump(mode="json"), "refinement": plan.record},
        cameras=source.cameras,
        classes=source.classes,
    )


def _taught(plan: Plan, lesson: Lesson, folder: Path) -> tuple[Refiner, dict[str, Any]]:
    perceptual = None if lesson.perceptual is None else lesson.perceptual.to(plan.device)
    if lesson.judging is not None:
        lesson.judging.module.to(plan.device)
    about = {"summary": plan.preset.summary, "features": plan.record["features"]} | {
        "data": {name: _told(plan.record[key]) for name, key in (("Dataset S", "synthetic"), ("Dataset R", "real"))}
    }
    return Seeds(
        lambda config: plan.preset.build(config, plan.device, perceptual),
        plan.config, folder, lesson.key, lesson.data, lesson.judging, about,
    ).run()  # fmt: skip


def _opened(plan: Plan, folder: Path) -> DatasetWriter:
    """The dataset that is written, and the training's folder with its configuration and the choice of real crops."""
    config = plan.config
    if not config.overwrite:
        refuse_other_processes(folder)
    may_differ = INCIDENTAL | {OUTCOME, RESULT}
    writer = DatasetWriter(config.out, describe(plan), config.overwrite, may_differ)
    if config.overwrite:
        shutil.rmtree(folder, ignore_errors=True)
    write_text(folder / "config.yaml", yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    if plan.lesson is not None:
        write_sheet(folder, plan.lesson.real)
    return writer


def _told(source: dict[str, Any]) -> str:
    """What the plan's record says of a dataset, in words."""
    return f"{source['name'] or 'without a name'}, {source['kind']}, {source['pictures']} pictures"


def _in_words(summary: RefinementSummary) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in summary.refused_by_reason.items())
    kept = f"; {summary.refused} kept as rendered because refining broke them ({reasons})" if summary.refused else ""
    return f"refined {summary.refined} people{kept}; {summary.not_cropped} were not cropped"
