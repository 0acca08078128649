"""Tiny trainings on random crops, for tests of the training engine and for the processes that they start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from eval.networks.features import load_features
from refine.config import RefineConfig, total_steps, training_key
from refine.presets import find_preset
from refine.processes import process_count
from refine.training.selection import Judge
from refine.training.trainer import Training

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
SMALL = {"size_px": 32, "filters": 2, "discriminator_filters": 2, "blocks": 1, "pool": 3, "steps": 10}
PLAIN = {"synthetic": "S", "real": "R", "out": "O", "checkpoint_every": 4, "tensorboard": False}


def crops(seed: int, count: int = 5) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8))


def training(folder: Path, judged: bool = False, **changes) -> Training:
    """judged: with 8 grey crops held out."""
    config = RefineConfig(**{**PLAIN, **SMALL, **changes})
    refiner = find_preset(config.preset).build(config, CPU, None)
    key = training_key(config, "person", total_steps(config, 5, 5, process_count()), {"synthetic": "a", "real": "b"})
    judge = Judge(load_features("bank"), (crops(4, 8) // 4 + 96).permute(0, 2, 3, 1).numpy(), 0) if judged else None
    return Training(refiner, config, folder, key, crops(1), crops(2), judge=judge)


def losses(folder: Path) -> list[dict[str, float]]:
    return rows(folder / "losses.jsonl")


def rows(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def train_until_killed(step: int, run: Training) -> None:
    """Train, and kill this process in the middle of a step, as the kernel would."""
    draw = run.refiner.draw

    def die(progress, rng):
        drawn = draw(progress, rng)
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return drawn

    run.refiner.draw = die
    run.run()


def train_until_interrupted(step: int, run: Training) -> None:
    """Train, and stop as Ctrl-C would, before the draws of a step (0 is the first)."""
    draw = run.refiner.draw

    def stop(progress, rng):
        if progress.step == step:
            raise KeyboardInterrupt
        return draw(progress, rng)

    run.refiner.draw = stop
    with pytest.raises(KeyboardInterrupt):
        run.run()


def start(script: str, **environment: str) -> subprocess.Popen[str]:
    """A Python process that can import this module, on one thread."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    head = "import torch; torch.set_num_threads(1)\nfrom pathlib import Path\nfrom training_engine import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + script],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **environment},
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def same_networks(one: dict, other: dict) -> bool:
    return all(
        torch.equal(weight, other[name][key]) for name, network in one.items() for key, weight in network.items()
    )
