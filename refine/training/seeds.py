"""One training, or several with other seeds of which the one nearest to the crops held out is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from annotate.files import read_json
from eval.networks.features import FeatureNetwork
from refine import processes
from refine.config import RefineConfig
from refine.crops import CropSet
from refine.refiner import Refiner
from refine.training.checkpoint import require_processes
from refine.training.page import ABOUT, write_page
from refine.training.selection import FEWEST, Judge, split_held_out
from refine.training.trainer import Training


@dataclass(frozen=True)
class TrainingData:
    """Crops to learn from, and real ones that are kept out of it."""

    synthetic: CropSet
    real: CropSet
    held_out: CropSet | None = None

    @staticmethod
    def split(synthetic: CropSet, real: CropSet, share: float) -> TrainingData:
        """Hold out the last whole pictures of R, about that share of its crops; none if there are too few."""
        cut = split_held_out([name for name, _ in real.who], share)
        if cut == len(real):
            return TrainingData(synthetic, real)
        places = torch.arange(len(real)).numpy()
        return TrainingData(synthetic, real.only(places[:cut]), real.only(places[cut:]))

    @property
    def counts(self) -> dict[str, int]:
        held_out = 0 if self.held_out is None else len(self.held_out)
        return {"synthetic": len(self.synthetic), "real": len(self.real), "held_out": held_out}


@dataclass(frozen=True)
class Seeds:
    """The trainings of one command.

    build: a refiner with the first weights that follow from a configuration's seed. key: of the first seed. features:
    what the distance is measured in, on the device. about: what the pages tell of the trainings.
    """

    build: Callable[[RefineConfig], Refiner]
    config: RefineConfig
    folder: Path
    key: dict[str, Any]
    data: TrainingData
    features: FeatureNetwork | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def run(self) -> tuple[Refiner, dict[str, Any]]:
        """Train every seed to its end; returns the nearest refiner, and all distances for the dataset's record."""
        judge = self._judge()
        chosen: tuple[float, Refiner, int] | None = None
        entries = []
        for seed in range(self.config.seed, self.config.seed + self.config.seeds):
            training = self._training(seed, judge)
            refiner = training.run()
            kept = training.kept
            value = float("inf") if kept is None else kept.value
            if chosen is None or value < chosen[0]:
                chosen = value, refiner, seed
            entries.append(
                {
                    "seed": seed,
                    "kept_step": training.step if kept is None else kept.step,
                    "distance": None if kept is None else kept.value,
                    "looks": [look.as_json() for look in training.looks],
                }
            )
        assert chosen is not None
        if self.config.seeds > 1 and processes.is_first():
            write_page(self.folder)
        return chosen[1], {"distance": None if judge is None else judge.name, "seed": chosen[2], "seeds": entries}

    def _training(self, seed: int, judge: Judge | None) -> Training:
        config = self.config.model_copy(update={"seed": seed})
        synthetic, real = (
            torch.from_numpy(crops.images).permute(0, 3, 1, 2) for crops in (self.data.synthetic, self.data.real)
        )
        planes = self.data.synthetic.labels
        return Training(
            self.build(config),
            config,
            self.folder if self.config.seeds == 1 else self.folder / f"seed-{seed}",
            {**self.key, "seed": seed},
            synthetic,
            real,
            None if planes is None else torch.from_numpy(planes),
            judge,
            self.about,
        )

    def _judge(self) -> Judge | None:
        if self.data.held_out is None or self.features is None:
            return None
        return Judge(self.features, self.data.held_out.images, self.config.seed)


def refuse_other_processes(folder: Path) -> None:
    """InputError if a training in folder was begun by another number of processes, whose steps are others too."""
    for path in [folder / ABOUT, *sorted(folder.glob(f"seed-*/{ABOUT}"))]:
        if path.is_file():
            require_processes(path.parent, int(read_json(path)["processes"]), processes.process_count())


def too_few(real: int) -> str:
    """Why nothing is held out, and what follows."""
    return f"{real} crops of R are too few to hold out at least {FEWEST} of them in pictures of their own"
