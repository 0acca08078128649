"""Training one detector by one recipe with one seed; the checkpoint is chosen by F1 on validation.

Thesis section 3.4, Algorithm 3, lines 7 and 8. A recipe has one stage or several: each later one goes on from the best
checkpoint of the one before, at a lower learning rate. Unlabelled pictures can be given, towards which the features are
drawn (eval.training.adversary). All randomness comes from the seed; on a CPU with the same number of threads the same
seed gives the same detector.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from annotate.errors import PlafondError
from eval.config import TrainingConfig
from eval.data.samples import Sample
from eval.detectors import DetectorKind
from eval.detectors.base import Detector
from eval.measures.matching import average_precision, best_threshold, counts_at
from eval.training.adversary import DomainGuess, domain_loss, strength_at
from eval.training.batches import batches
from eval.training.testing import detect_samples, match_samples

Weights = dict[str, torch.Tensor]
OnStep = Callable[[int, int, str], None]
_LOOK_EVERY = 10
"""Steps between two looks at the loss: each waits for the device."""


@dataclass(frozen=True)
class CurvePoint:
    """One trial on validation: after which step and epoch, mean training loss since the last one, figures."""

    step: int
    epoch: float
    loss: float
    threshold: float
    precision: float
    recall: float
    f1: float
    ap: float
    stage: int = 0


@dataclass
class TrainedDetector:
    """A detector at its best checkpoint, and how it came about."""

    detector: Detector
    curve: list[CurvePoint]
    chosen: CurvePoint
    seed: int
    seconds: float
    pictures_per_second: float

    def record(self) -> dict[str, Any]:
        """Everything but the weights, as JSON."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "training_pictures_per_second": round(self.pictures_per_second, 2),
            "chosen": asdict(self.chosen),
            "curve": [asdict(point) for point in self.curve],
            "settings": self.detector.settings(),
        }


@dataclass(frozen=True)
class Recipe:
    """What to learn from: stages of samples, one after another; and unlabelled samples to be alike, if any."""

    stages: Sequence[Sequence[Sample]]
    towards: Sequence[Sample] = ()

    @property
    def samples(self) -> list[Sample]:
        return [sample for stage in self.stages for sample in stage]


def build_detector(
    kind: DetectorKind, samples: Sequence[Sample], config: TrainingConfig, seed: int, backbone: Weights | None
) -> Detector:
    """A fresh detector for these samples; its weights depend on seed, samples and backbone only."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        detector = kind.build(samples, config, np.random.default_rng([seed, 1]))
    if backbone is not None:
        kind.load_backbone(detector, backbone, "weights")
    kind.prepare(detector, samples, config)
    return detector


def has_real(samples: Sequence[Sample]) -> bool:
    """Whether any sample is of a real picture, or of what stands in for one."""
    return any(sample.dataset.info.kind in ("real", "stand-in") for sample in samples)


def total_steps(samples: int, config: TrainingConfig, real: bool = False) -> int:
    """Optimisation steps: as configured, or epochs over this many samples (more of them where real ones are among)."""
    epochs = config.epochs_with_real if real and config.epochs_with_real else config.epochs
    return config.steps or max(1, math.ceil(epochs * samples / min(config.batch, samples)))


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Share of the highest learning rate at a step: linear rise over the warm-up, then a cosine to 0."""
    rise = max(1, round(steps * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def train_detector(
    kind: DetectorKind,
    recipe: Recipe | Sequence[Sample],
    val: Sequence[Sample],
    config: TrainingConfig,
    seed: int,
    iou: float = 0.5,
    backbone: Weights | None = None,
    device: torch.device | None = None,
    on_step: OnStep = lambda step, steps, text: None,
) -> TrainedDetector:
    """Train by the recipe, try on val `evaluations` times a stage, return the detector at the last stage's best trial.

    on_step: called after every step with its number, the number of steps and a few words on how it goes.
    PlafondError if the loss is no longer finite.
    """
    device = device or torch.device("cpu")
    recipe = recipe if isinstance(recipe, Recipe) else Recipe([recipe])
    # A picture of nobody teaches a detector nothing that the rest of other pictures does not.
    stages = [[sample for sample in stage if len(sample.boxes)] or list(stage) for stage in recipe.stages]
    lengths = [total_steps(len(stage), config, has_real(stage)) for stage in stages]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        detector = build_detector(kind, recipe.samples, config, seed, backbone)
        run = _Run(kind, detector.to(device), config, device, iou, sum(lengths), on_step)
        for number, (stage, steps) in enumerate(zip(stages, lengths, strict=True)):
            run.stage(number, stage, recipe.towards, steps, val, np.random.default_rng([seed, 2, number]))
    return run.result(seed)


class _Run:
    """One training run: network, optimiser, curve, best checkpoint of the present stage."""

    def __init__(
        self,
        kind: DetectorKind,
        detector: Detector,
        config: TrainingConfig,
        device: torch.device,
        iou: float,
        steps: int,
        on_step: OnStep,
    ) -> None:
        self.config, self.device, self.iou, self.steps, self.on_step = config, device, iou, steps, on_step
        self.detector = detector.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.rate = config.learning_rate or kind.learning_rate
        self.guess: DomainGuess | None = None
        self.curve: list[CurvePoint] = []
        self.losses: list[torch.Tensor] = []
        self.loss_text = ""
        self.best: tuple[tuple[float, float], CurvePoint, Weights] | None = None
        self.done, self.pictures_seen, self.seconds = 0, 0, 0.0

    def stage(
        self, number: int, train: Sequence[Sample], towards: Sequence[Sample], steps: int, val: Sequence[Sample],
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """Train for a stage; afterwards the detector is at the stage's best checkpoint."""
        config, self.best = self.config, None
        self._start_optimiser(train[0], self.rate * (config.finetune_rate if number else 1.0), steps, towards)
        trials = {math.ceil(steps * (k + 1) / config.evaluations) for k in range(config.evaluations)}
        labelled = batches(train, config.batch, config.augmentation, steps, rng)
        others = batches(towards, config.batch, config.augmentation, steps, rng.spawn(1)[0]) if towards else None
        for step, batch in enumerate(labelled, start=1):
            self._step(batch, next(others) if others else [], step / steps)
            if step in trials:
                self._trial(number, val, step * len(batch) / len(train))
            self.on_step(self.done, self.steps, self._progress_text())
        assert self.best is not None  # the last step is always a trial
        self.detector.load_state_dict(self.best[2])

    def _start_optimiser(self, sample: Sample, rate: float, steps: int, towards: Sequence[Sample]) -> None:
        learned = [parameter for parameter in self.detector.parameters() if parameter.requires_grad]
        if towards:
            if self.guess is None:
                pictures = self.detector.pictures_of([sample], self.device)
                with torch.no_grad():
                    seen = self.detector.eval().adversary_map(self.detector.extract(pictures))
                self.guess = DomainGuess(seen.shape[1]).to(self.device)
            learned += list(self.guess.parameters())
        config = self.config
        self.optimiser: torch.optim.Optimizer
        if config.optimiser == "sgd":
            self.optimiser = torch.optim.SGD(learned, lr=rate, momentum=0.9, weight_decay=config.weight_decay)
        else:
            self.optimiser = torch.optim.AdamW(learned, lr=rate, weight_decay=config.weight_decay)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: rate_factor(step, steps, config.warmup)
        )

    def _step(self, batch: list[Sample], others: list[Sample], progress: float) -> None:
        """One optimisation step. progress: share of the stage that is done, in 0..1."""
        started = time.perf_counter()
        detector = self.detector.train()
        features = detector.extract(detector.pictures_of(batch, self.device))
        loss = detector.losses(features, batch, self.config)["total"]
        if others and self.guess is not None:
            other = detector.extract(detector.pictures_of(others, self.device))
            maps = [detector.adversary_map(features), detector.adversary_map(other)]
            loss = loss + self.config.domain_weight * domain_loss(self.guess, maps, strength_at(progress))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(detector.parameters(), 10.0)
        self.optimiser.step()
        self.schedule.step()
        self.losses.append(loss.detach())
        self.done += 1
        self.pictures_seen += len(batch)
        if len(self.losses) % _LOOK_EVERY == 0:
            self._require_finite()
        self.seconds += time.perf_counter() - started

    def _require_finite(self) -> float:
        """Mean loss since the last trial; PlafondError if it is no number."""
        mean = float(torch.stack(self.losses).mean())
        if not math.isfinite(mean):
            raise PlafondError(f"training: the loss became {mean}; lower --training.learning-rate")
        self.loss_text = f"loss {mean:.2f}"
        return mean

    def _trial(self, stage: int, val: Sequence[Sample], epoch: float) -> None:
        """Try the detector on validation; keep its weights if none of the stage was better."""
        loss, self.losses = self._require_finite(), []
        matches = match_samples(detect_samples(self.detector, val, self.device), val, self.iou)
        threshold, f1 = best_threshold(matches)
        counts = counts_at(matches, threshold)
        ap = average_precision(matches)
        point = CurvePoint(
            self.done, round(epoch, 3), loss, threshold, counts.precision, counts.recall, f1, ap, stage
        )  # fmt: skip
        self.curve.append(point)
        if self.best is None or (f1, ap) > self.best[0]:
            state = {name: value.detach().cpu().clone() for name, value in self.detector.state_dict().items()}
            self.best = (f1, ap), point, state

    def _progress_text(self) -> str:
        """Loss and best F1 so far, for the progress bar."""
        return self.loss_text + (f", best F1 {self.best[1].f1:.3f}" if self.best else "")

    def result(self, seed: int) -> TrainedDetector:
        assert self.best is not None
        rate = self.pictures_seen / max(self.seconds, 1e-9)
        return TrainedDetector(self.detector.eval(), self.curve, self.best[1], seed, self.seconds, rate)
