"""How much there is to do: pictures and people of each dataset, known or expected, and guesses of what a unit costs.

The guesses are rough figures for one kind of processor and of GPU, scaled by what the options say; measured times of
stages that are done replace them (plan.py).
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.dataset import Dataset
from eval.benchmark.config import BenchmarkConfig, RealSets
from eval.benchmark.options import CommandOptions
from eval.benchmark.stages import Work
from eval.config import TrainingConfig

START_S = 8.0
"""Until a command has imported what it needs."""


@dataclass(frozen=True)
class Count:
    """Pictures and people of a dataset."""

    pictures: int
    people: int

    def part(self, share: float) -> Count:
        return Count(max(1, round(self.pictures * share)), max(1, round(self.people * share)))

    def __add__(self, other: Count) -> Count:
        return Count(self.pictures + other.pictures, self.people + other.people)


@dataclass(frozen=True)
class Sizes:
    """Of the datasets that the benchmark starts from."""

    real: dict[str, Count]
    """By part: train, val, test."""
    new: dict[str, Count]
    """The same of R divided the other way round; empty if there is none."""
    synthetic: Count


def sizes_of(config: BenchmarkConfig, options: CommandOptions) -> Sizes:
    """Counted where the datasets are there, expected from the options where they are yet to be made."""
    if config.synthetic is not None:
        synthetic = counted(config.synthetic)
    else:
        pictures = int(options.render.get("images", 1500))
        ranges = [options.render.get("sitting", (1, 5)), options.render.get("standing", (0, 4))]
        synthetic = Count(pictures, round(pictures * sum(sum(pair) / 2 for pair in ranges)))
    return Sizes(_parts(config.real), _parts(config.new) if config.new.given else {}, synthetic)


def counted(root: Path) -> Count:
    dataset = Dataset.read(root)
    return Count(len(dataset), sum(len(picture.shown_people) for picture in dataset))


def _parts(sets: RealSets) -> dict[str, Count]:
    if sets.folder is not None:
        whole = counted(sets.folder)
        return {name: whole.part(share) for name, share in zip(("train", "val", "test"), sets.fractions, strict=True)}
    return {
        name: counted(path) for name, path in (("train", sets.train), ("val", sets.val), ("test", sets.test)) if path
    }


@dataclass(frozen=True)
class Guess:
    """Work of each kind of stage under the given options, for a machine with or without CUDA."""

    options: CommandOptions
    cuda: bool

    def split(self, pictures: int) -> Work:
        return Work({"pictures": pictures}, 3.0 + 0.01 * pictures, "split")

    def render(self, pictures: int) -> Work:
        given = self.options.render
        scale = (given.get("size_px", 640) / 640) ** 2 * (given.get("samples", 16) / 16) ** 0.7
        each = 8.3 * scale / (given.get("workers") or os.cpu_count() or 1)
        return Work({"rendered pictures": pictures}, START_S + 20 + each * pictures, "render")

    def refine(self, synthetic: Count, real: Count | None, steps: int | None = None) -> Work:
        """real None: nothing is learned. steps: if they are set by another training."""
        given = self.options.refine
        size = (given.get("size_px", 128) / 128) ** 2
        network = size * ((given.get("filters") or 64) / 64) ** 2 * (given.get("blocks", 9) + 5) / 14
        step_s, crop_s = (0.02 + 0.05 * network, 0.003) if self.cuda else (0.1 + 6.8 * network, 0.03 + 0.7 * network)
        made = self.refine_steps(synthetic, real) if steps is None else steps
        batch, seeds = given.get("batch", 1), given.get("seeds", 1)
        units: dict[str, float] = {"refine steps": made * seeds, "refined crops": synthetic.people}
        return Work(units, START_S + made * seeds * batch * step_s + synthetic.people * crop_s, "refine")

    def refine_steps(self, synthetic: Count, real: Count | None) -> int:
        """As the command counts them, but for people that it cannot crop."""
        given = self.options.refine
        if real is None:
            return 0
        learned = min(real.people, given.get("max_real", 10_000))
        if learned >= 8:
            learned = math.ceil(learned * (1 - given.get("hold_out", 0.2)))
        smaller = min(learned, synthetic.people, given.get("max_crops", 10_000))
        return given.get("steps") or given.get("epochs", 160) * max(1, smaller // given.get("batch", 1))

    def train(self, pictures: int, real: bool, val: int, test: int) -> Work:
        """One training run of a detector with its trials on validation and one test. real: real pictures are among them."""
        training = TrainingConfig.model_validate(self.options.evaluate.get("training", {}))
        epochs = training.epochs_with_real if real and training.epochs_with_real else training.epochs
        steps = training.steps or math.ceil(epochs * pictures / training.batch)
        scale = (training.input_px / 512) ** 2
        seen = steps * training.batch * (0.01 if self.cuda else 0.8) * scale
        tried = (training.evaluations * val + test) * self._detect_s(scale)
        units: dict[str, float] = {"training steps": steps, "tested pictures": training.evaluations * val + test}
        return Work(units, START_S + seen + tried + 0.02 * pictures, "train")

    def test(self, runs: int, pictures: int, train_pictures: int) -> Work:
        """Detectors that are trained, on the test pictures; each set is read once more."""
        training = TrainingConfig.model_validate(self.options.evaluate.get("training", {}))
        scale = (training.input_px / 512) ** 2
        guess = START_S + runs * pictures * self._detect_s(scale) + 0.02 * train_pictures
        return Work({"tested pictures": runs * pictures}, guess, "test")

    def compare(self, sets: int) -> Work:
        """Crops of every set, and every two sets beside one another."""
        crops, pairs = sets * self.options.compare.get("max_crops", 500), sets * (sets - 1) / 2
        guess = START_S + crops * (0.01 if self.cuda else 0.1) + 2.0 * pairs
        return Work({"compared crops": crops}, guess, "compare")

    def _detect_s(self, scale: float) -> float:
        return (0.01 if self.cuda else 0.3) * scale


def has_cuda(options: dict[str, Any]) -> bool:
    """Whether a command with these options would use a GPU."""
    device = str(options.get("device", "auto"))
    if device != "auto":
        return device.startswith("cuda")
    import torch  # Here, because it takes seconds and only this asks for it.

    return torch.cuda.is_available()
