"""The refiner that CONTRIBUTING shows works as it stands there."""

import re
from pathlib import Path
from textwrap import dedent

import numpy as np
import torch
from torch import Tensor

from refine.config import RefineConfig
from refine.networks.generator import Generator
from refine.networks.layers import build
from refine.presets import Preset
from refine.refiner import Batch, Draws, Progress, Refiner

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
NAMES = {
    "np": np, "torch": torch, "Tensor": Tensor, "RefineConfig": RefineConfig, "Generator": Generator, "build": build,
    "Preset": Preset, "Batch": Batch, "Draws": Draws, "Refiner": Refiner,
}  # fmt: skip
"""What the text's code would import."""


def test_refiner_of_the_text_learns_and_refines() -> None:
    shown = re.search(r"\n    class Brighter.*?\n(?=\S)", TEXT, re.DOTALL)
    assert shown is not None
    code, entry = dedent(shown[0]).split("\nPreset(")
    names = dict(NAMES)
    exec(code, names)
    preset = eval("Preset(" + entry.strip().rstrip(","), names)
    config = preset.completed(RefineConfig(synthetic="S", out="O", filters=2, blocks=1, learning_rate=1e-2))
    refiner = preset.build(config, torch.device("cpu"), None)
    x, y = Batch(torch.zeros(1, 3, 32, 32)), Batch(torch.full((1, 3, 32, 32), 0.6))
    rng = np.random.default_rng(0)
    losses = [
        float(refiner.step(x, y, refiner.draw(Progress(step, 60, 1e-2), rng), "")["brightness"]) for step in range(60)
    ]
    assert losses[-1] < 0.3 * losses[0]
    assert refiner.refine(x).mean().item() > 0.2
