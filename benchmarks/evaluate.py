"""How fast is SqueezeDet? Training and inference beside torchvision's SSDlite, in one run, on the same pictures.

    python benchmarks/evaluate.py --input-px 320 --batch 4

Both see the same random pictures with the same boxes, in fp32; a training step is targets, forward, backward and
optimiser, inference includes non-maximum suppression. They take turns, so that whatever else the machine does hits both;
the median of the rounds counts. On a GPU the clock stops after the device has finished.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.dataset import Dataset, DatasetInfo, Picture
from eval.config import TrainingConfig
from eval.data.samples import Letterbox, Sample
from eval.detectors import detector_kind
from eval.detectors.base import Detector, to_tensor
from eval.networks.features import torchvision_model
from eval.training.testing import choose_device
from eval.training.trainer import build_detector


@dataclass(frozen=True)
class Options:
    """Pictures a second of SqueezeDet and of torchvision's SSDlite (MobileNetV3-Large, 320 px)."""

    input_px: int = 320
    """Side of the square input; SSDlite's own is 320."""
    batch: int = 4
    """Pictures in a step."""
    people: int = 20
    """Boxes in a picture."""
    rounds: int = 7
    """Turns of each; the median counts, the first is thrown away."""
    steps: int = 3
    """Steps in a turn."""
    device: str = "auto"
    """cpu, cuda, or auto."""


def samples_of(options: Options) -> list[Sample]:
    """Random pictures with random boxes: what is seen does not change the time."""
    rng, size = np.random.default_rng(0), options.input_px
    dataset = Dataset(Path(), DatasetInfo(kind="synthetic", name="noise"), [])
    found = []
    for number in range(options.batch):
        corner = rng.uniform(0, size - 60, (options.people, 2))
        boxes = np.hstack([corner, rng.uniform(15, 60, (options.people, 2))])
        picture = Picture(id=number, file_name=f"{number}.png", width=size, height=size)
        image = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
        empty = np.zeros((0, 4))
        found.append(
            Sample(dataset, picture, image, boxes, empty, [], np.full(2, size / 2), Letterbox(1.0, (0.0, 0.0)))
        )
    return found


def ours(options: Options, samples: list[Sample], device: torch.device) -> tuple[Callable[[], object], ...]:
    """SqueezeDet's training step and inference."""
    config = TrainingConfig(input_px=max(64, options.input_px // 16 * 16), batch=options.batch)
    detector: Detector = build_detector(detector_kind("squeezedet"), samples, config, 0, None).to(device)
    detector = detector.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(detector.parameters(), lr=1e-5)

    def step() -> None:
        detector.train()
        features = detector.extract(detector.pictures_of(samples, device))
        loss = detector.losses(features, samples, config)["total"]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step, lambda: detector.detect(to_tensor([sample.image for sample in samples], device))


def theirs(samples: list[Sample], device: torch.device) -> tuple[Callable[[], object], ...]:
    """SSDlite's, as its own training script does it."""
    model = torchvision_model("ssdlite320_mobilenet_v3_large", weights_backbone=None, num_classes=2).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5)

    def images() -> list[torch.Tensor]:
        return list(to_tensor([sample.image for sample in samples], device).float() / 255)

    def step() -> None:
        model.train()
        targets = []
        for sample in samples:
            corners = torch.from_numpy(
                np.hstack([sample.boxes[:, :2], sample.boxes[:, :2] + sample.boxes[:, 2:]])
            ).float()
            targets.append(
                {"boxes": corners.to(device), "labels": torch.ones(len(corners), dtype=torch.long, device=device)}
            )
        loss = sum(model(images(), targets).values())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    @torch.no_grad()
    def infer() -> object:
        return model.eval()(images())

    return step, infer


def seconds_of(work: Callable[[], object], steps: int, device: torch.device) -> float:
    """Mean seconds of a call."""
    started = time.perf_counter()
    for _ in range(steps):
        work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - started) / steps


def main(options: Options) -> None:
    """Measure and print a table."""
    device, samples = choose_device(options.device), samples_of(options)
    rivals = {"SqueezeDet": ours(options, samples, device), "SSDlite": theirs(samples, device)}
    found: dict[tuple[str, int], list[float]] = {}
    for turn in range(options.rounds + 1):
        for name, works in rivals.items():
            for place, work in enumerate(works):
                seconds = seconds_of(work, options.steps, device)
                if turn:
                    found.setdefault((name, place), []).append(seconds)
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()} CPU"
    print(f"{where}, {torch.get_num_threads()} threads, torch {torch.__version__}, {options.input_px} px, "
          f"batch {options.batch}, {options.people} people a picture, fp32, median of {options.rounds} rounds\n")  # fmt: skip
    print("| | training, pictures/s | inference, pictures/s |\n|---|---|---|")
    for name in rivals:
        rates = [options.batch / float(np.median(found[name, place])) for place in (0, 1)]
        print(f"| {name} | {rates[0]:.1f} | {rates[1]:.1f} |")


if __name__ == "__main__":
    main(tyro.cli(Options))
