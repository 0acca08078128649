"""Training one detector on one training set with one seed; the checkpoint is chosen by F1 on validation.

Thesis section 3.4, Algorithm 3, lines 7 and 8. All randomness comes from the seed; on a CPU with the same number of
threads the same seed gives the same detector.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import shapely
import torch

from annotate.errors import InputError, PlafondError
from eval.config import TrainingConfig
from eval.data.augment import augment
from eval.data.samples import Sample
from eval.detectors import DetectorKind
from eval.detectors.anchors import kmeans_anchors
from eval.detectors.squeezedet import SqueezeDet, normalise_trunk
from eval.measures.matching import PictureMatch, average_precision, best_threshold, counts_at, match_picture, union_of

Weights = dict[str, torch.Tensor]


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


@dataclass
class TrainedDetector:
    """A detector at its best checkpoint, and how it came about."""

    detector: SqueezeDet
    curve: list[CurvePoint]
    chosen: CurvePoint
    seed: int
    seconds: float
    pictures_per_second: float
    notes: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Everything but the weights, as JSON."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "training_pictures_per_second": round(self.pictures_per_second, 2),
            "chosen": asdict(self.chosen),
            "curve": [asdict(point) for point in self.curve],
            "anchors_px": self.detector.anchors_px.tolist(),
            **self.notes,
        }


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA where there is one. InputError if it is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f'--device "{name}": this machine has no CUDA device that torch can use; use cpu or auto')
    try:
        return torch.device(name)
    except RuntimeError:
        raise InputError(f'--device "{name}" is unknown; use cpu, cuda or auto') from None


def to_tensor(images: Sequence[np.ndarray], device: torch.device) -> torch.Tensor:
    """(b, 3, s, s) uint8 of b pictures (s, s, 3)."""
    return torch.from_numpy(np.stack(images)).to(device).permute(0, 3, 1, 2)


def detect_samples(
    detector: SqueezeDet, samples: Sequence[Sample], device: torch.device, batch: int = 4
) -> list[np.ndarray]:
    """Detections of each sample in px of its own picture, (n, 5) [x, y, w, h, score], best first."""
    found = []
    for start in range(0, len(samples), batch):
        part = samples[start : start + batch]
        for sample, detections in zip(part, detector.detect(to_tensor([s.image for s in part], device)), strict=True):
            picture = sample.picture
            found.append(sample.letterbox.detections_to_picture(detections, picture.width, picture.height))
    return found


def match_samples(detections: Sequence[np.ndarray], samples: Sequence[Sample], iou: float) -> list[PictureMatch]:
    """Match detections with the people of each sample, all in px of its picture."""
    matches = []
    for found, sample in zip(detections, samples, strict=True):
        back = sample.letterbox
        people, ignored = (back.boxes_to_picture(boxes) for boxes in (sample.boxes, sample.ignored))
        matches.append(match_picture(found, people, iou, ignored, sample.picture.ignore_areas))
    return matches


def counted_anchors(anchors: np.ndarray, sample: Sample) -> np.ndarray:
    """(a,) False for anchors (a, 4; centre first) whose centre lies in an ignore area or an ignored box."""
    counted = np.ones(len(anchors), dtype=bool)
    x, y = anchors[:, 0], anchors[:, 1]
    for left, top, width, height in sample.ignored:
        counted &= ~((x >= left) & (x < left + width) & (y >= top) & (y < top + height))
    if sample.areas:
        counted &= ~shapely.contains_xy(union_of([area.tolist() for area in sample.areas]), x, y)
    return counted


def batches(
    samples: Sequence[Sample], config: TrainingConfig, steps: int, rng: np.random.Generator
) -> Iterator[list[Sample]]:
    """steps batches of augmented samples; every sample once before any comes again. Made one batch ahead."""

    def order() -> Iterator[int]:
        while True:
            yield from rng.permutation(len(samples)).tolist()

    indices = order()
    children = iter(rng.spawn(steps))

    def make(chosen: list[int], child: np.random.Generator) -> list[Sample]:
        return [augment(samples[index], config.augmentation, child) for index in chosen]

    size = min(config.batch, len(samples))
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, [next(indices) for _ in range(size)], next(children))
        for _ in range(steps):
            ready = ahead.result()
            child = next(children, None)
            if child is not None:
                ahead = pool.submit(make, [next(indices) for _ in range(size)], child)
            yield ready


def anchors_for(samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator) -> np.ndarray:
    """(k, 2) anchors of the samples' boxes, also turned by a quarter if training turns pictures."""
    sizes = np.concatenate([sample.boxes[:, 2:] for sample in samples])
    if config.augmentation.turn:
        sizes = np.concatenate([sizes, sizes[:, ::-1]])
    return kmeans_anchors(sizes, config.anchors, rng)


def build_detector(
    kind: DetectorKind, samples: Sequence[Sample], config: TrainingConfig, seed: int, backbone: Weights | None
) -> SqueezeDet:
    """A fresh detector for these samples; its weights depend on seed, samples and backbone only."""
    rng = np.random.default_rng([seed, 1])
    anchors = anchors_for(samples, config, rng)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        detector = kind.build(anchors, classes=1, dropout=config.dropout)
    if backbone is not None:
        kind.load_backbone(detector, backbone, "weights")
        if config.freeze_early:
            kind.freeze_early(detector)
    few = rng.permutation(len(samples))[:4]
    normalise_trunk(detector, to_tensor([samples[index].image for index in few], torch.device("cpu")))
    return detector


def total_steps(samples: int, config: TrainingConfig) -> int:
    """Optimisation steps: as configured, or epochs over this many samples."""
    return config.steps or max(1, math.ceil(config.epochs * samples / min(config.batch, samples)))


def _optimiser(detector: SqueezeDet, config: TrainingConfig) -> torch.optim.Optimizer:
    learned = [parameter for parameter in detector.parameters() if parameter.requires_grad]
    if config.optimiser == "sgd":
        return torch.optim.SGD(learned, lr=config.learning_rate, momentum=0.9, weight_decay=config.weight_decay)
    return torch.optim.AdamW(learned, lr=config.learning_rate, weight_decay=config.weight_decay)


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Share of the highest learning rate at a step: linear rise over the warm-up, then a cosine to 0."""
    rise = max(1, round(steps * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def train_detector(
    kind: DetectorKind,
    train: Sequence[Sample],
    val: Sequence[Sample],
    config: TrainingConfig,
    seed: int,
    iou: float = 0.5,
    backbone: Weights | None = None,
    device: torch.device | None = None,
    on_step: Callable[[int, int, str], None] = lambda step, steps, text: None,
) -> TrainedDetector:
    """Train on train, try on val `evaluations` times, return the detector at the trial with the best F1.

    on_step: called after every step with its number, the number of steps and a few words on how it goes.
    PlafondError if the loss is no longer finite.
    """
    device = device or torch.device("cpu")
    train = [sample for sample in train if len(sample.boxes)] or list(train)
    steps = total_steps(len(train), config)
    trials = {math.ceil(steps * (k + 1) / config.evaluations) for k in range(config.evaluations)}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        run = _Run(kind, build_detector(kind, train, config, seed, backbone).to(device), config, steps, device)
        size = min(config.batch, len(train))
        for step, batch in enumerate(batches(train, config, steps, np.random.default_rng([seed, 2])), start=1):
            run.step(batch)
            if step in trials:
                run.trial(val, iou, step, step * size / len(train))
            on_step(step, steps, run.progress_text())
    return run.result(seed, steps * size)


class _Run:
    """One training run: network, optimiser, curve, best checkpoint so far."""

    def __init__(
        self, kind: DetectorKind, detector: SqueezeDet, config: TrainingConfig, steps: int, device: torch.device
    ) -> None:
        self.kind, self.config, self.device = kind, config, device
        self.detector = detector.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = _optimiser(detector, config)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: rate_factor(step, steps, config.warmup)
        )
        cells = config.input_px // 16
        self.anchors = detector.anchor_boxes(cells, cells).double().cpu().numpy()
        self.curve: list[CurvePoint] = []
        self.losses: list[float] = []
        self.best: tuple[tuple[float, float], CurvePoint, Weights] | None = None
        self.training_seconds = 0.0

    def step(self, batch: list[Sample]) -> None:
        """One optimisation step."""
        started = time.perf_counter()
        counted = np.stack([counted_anchors(self.anchors, sample) for sample in batch])
        boxes = [sample.boxes for sample in batch]
        targets = self.kind.build_targets(self.anchors, boxes, counted, self.config.match_iou).to(self.device)
        self.detector.train()
        prediction = self.detector(to_tensor([sample.image for sample in batch], self.device))
        loss = self.kind.loss(prediction, targets, self.config.loss, self.config.double_iou)["total"]
        if not torch.isfinite(loss):
            raise PlafondError(f"training: the loss became {float(loss)}; lower --training.learning-rate")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.detector.parameters(), 10.0)
        self.optimiser.step()
        self.schedule.step()
        self.losses.append(float(loss.detach()))
        self.training_seconds += time.perf_counter() - started

    def trial(self, val: Sequence[Sample], iou: float, step: int, epoch: float) -> None:
        """Try the detector on validation; keep its weights if none was better."""
        matches = match_samples(detect_samples(self.detector, val, self.device), val, iou)
        threshold, f1 = best_threshold(matches)
        counts = counts_at(matches, threshold)
        ap = average_precision(matches)
        loss, self.losses = float(np.mean(self.losses)), []
        point = CurvePoint(step, round(epoch, 3), loss, threshold, counts.precision, counts.recall, f1, ap)
        self.curve.append(point)
        if self.best is None or (f1, ap) > self.best[0]:
            state = {name: value.detach().cpu().clone() for name, value in self.detector.state_dict().items()}
            self.best = (f1, ap), point, state

    def progress_text(self) -> str:
        """Loss and best F1 so far, for the progress bar."""
        loss = f"loss {self.losses[-1]:.2f}" if self.losses else f"loss {self.curve[-1].loss:.2f}"
        return loss + (f", best F1 {self.best[1].f1:.3f}" if self.best else "")

    def result(self, seed: int, pictures_seen: int) -> TrainedDetector:
        assert self.best is not None  # the last step is always a trial
        _, chosen, state = self.best
        self.detector.load_state_dict(state)
        rate = pictures_seen / max(self.training_seconds, 1e-9)
        return TrainedDetector(self.detector.eval(), self.curve, chosen, seed, self.training_seconds, rate)
