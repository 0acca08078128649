"""Results where teams look for them: TensorBoard files in the report folder, and an MLflow server if one is named.

Neither is needed for the report. MLflow is an optional package (`pip install "plafond[mlflow]"`).
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

from annotate.errors import InputError, PlafondError
from eval.compare.comparison import Comparison
from eval.config import EvaluateConfig
from eval.evaluation.results import Evaluation

EXPERIMENT = "plafond"


def require_tracking(config: EvaluateConfig) -> None:
    """InputError if MLflow is asked for and its package is not there."""
    if config.mlflow is not None and importlib.util.find_spec("mlflow") is None:
        raise InputError(
            f'--mlflow {config.mlflow}: the package mlflow is not installed; pip install "plafond[mlflow]"'
        )


def track(config: EvaluateConfig, evaluation: Evaluation, comparison: Comparison | None) -> None:
    """Send what was found to where the config says."""
    figures = figures_of(evaluation, comparison)
    if config.tensorboard and importlib.util.find_spec("tensorboard") is not None:
        _write_tensorboard(config.out / "tensorboard", evaluation, figures)
    if config.mlflow is not None:
        _send_to_mlflow(config.mlflow, config, evaluation, figures)


def figures_of(evaluation: Evaluation, comparison: Comparison | None) -> dict[str, dict[str, float]]:
    """Figures by training set and name, such as "test/f1"; those that are not defined are left out."""
    found: dict[str, dict[str, float]] = {}
    for entry in evaluation.sets:
        own = {
            f"{test.name}/{name}": estimate.value
            for test in evaluation.tests
            for name, estimate in test.measures[entry.name].figures.items()
        }
        if comparison is not None:
            for network in comparison.networks:
                pair = network.between(entry.name, comparison.references[0])
                if pair is not None:
                    own |= {network.frechet_name: pair.frechet.value, network.kernel_name: pair.kernel.value}
        found[entry.name] = {name: float(value) for name, value in own.items() if math.isfinite(value)}
    return found


def _write_tensorboard(folder: Path, evaluation: Evaluation, figures: dict[str, dict[str, float]]) -> None:
    """One run for each training set and seed with its curve, and one for each set with its figures."""
    from torch.utils.tensorboard import SummaryWriter

    for entry in evaluation.sets:
        for record in entry.records:
            place = folder / f"{_plain(entry.name)}-seed-{record['seed']}"
            _forget(place)
            with SummaryWriter(str(place)) as writer:
                for point in record["curve"]:
                    for name in ("loss", "precision", "recall", "f1", "ap"):
                        writer.add_scalar(f"validation/{name}", point[name], point["step"])
        place = folder / _plain(entry.name)
        _forget(place)
        with SummaryWriter(str(place)) as writer:
            for name, value in figures[entry.name].items():
                writer.add_scalar(name, value, 0)


def _forget(folder: Path) -> None:
    """Remove the event files of an earlier report: TensorBoard would show both."""
    for file in folder.glob("events.out.tfevents.*"):
        file.unlink()


def _send_to_mlflow(
    address: str, config: EvaluateConfig, evaluation: Evaluation, figures: dict[str, dict[str, float]]
) -> None:
    """One MLflow run for the report, with a child run for each training set."""
    import mlflow

    try:
        mlflow.set_tracking_uri(address)
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run(run_name=config.out.name):
            mlflow.log_params(_parameters(config))
            for name in ("index.html", "report.json"):
                mlflow.log_artifact(str(config.out / name))
            for entry in evaluation.sets:
                with mlflow.start_run(run_name=entry.name, nested=True):
                    mlflow.log_params({"recipe": entry.recipe, "kind": entry.kind, "pictures": entry.pictures})
                    mlflow.log_metrics({_metric(name): value for name, value in figures[entry.name].items()})
    except mlflow.exceptions.MlflowException as error:
        raise PlafondError(
            f"--mlflow {address}: the report is in {config.out}, but could not be sent: {error}"
        ) from None


def _parameters(config: EvaluateConfig) -> dict[str, Any]:
    training = config.training.model_dump(mode="json", exclude={"loss", "augmentation"})
    return {"detector": config.detector, "iou": config.iou, "seeds": config.seeds, **training}


def _metric(name: str) -> str:
    """A name that MLflow accepts: letters, digits, and _ - . space /."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)


def _plain(name: str) -> str:
    """A name that is good for a folder."""
    return "".join(letter if letter.isalnum() or letter in "+-_." else "-" for letter in name).strip(".") or "set"
