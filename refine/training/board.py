"""What TensorBoard shows of a training: losses, distances, speed and crops.

tensorboard --logdir DATASET/training/tensorboard
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from tqdm import tqdm

from refine import processes
from refine.training.grid import Rows, joined
from refine.training.log import Recent
from refine.training.selection import Look

FOLDER = "tensorboard"
_PACKAGE = "tensorboard"


class Board:
    """Writes event files. A run that is continued hides what a killed one wrote after its last checkpoint."""

    def __init__(self, folder: Path, done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # half a second, for those who want it

        self._writer: Any = SummaryWriter(str(folder), purge_step=done + 1)

    def losses(self, recent: Recent, steps_per_s: float) -> None:
        """Means since the last call."""
        for name, value in recent.losses.items():
            self._writer.add_scalar(f"loss/{name}", value, recent.step)
        self._writer.add_scalar("learning rate", recent.learning_rate, recent.step)
        self._writer.add_scalar("steps per second", steps_per_s, recent.step)

    def distance(self, name: str, look: Look) -> None:
        self._writer.add_scalar(f"distance/{name}", look.value, look.step)

    def crops(self, rows: Rows, step: int) -> None:
        """One strip of crops for each row."""
        for name, crops in rows.items():
            self._writer.add_image(f"crops/{name}", joined({name: crops}), step, dataformats="HWC")

    def save(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class NoBoard(Board):
    """Writes nothing."""

    def __init__(self) -> None:
        pass

    def losses(self, recent: Recent, steps_per_s: float) -> None: ...

    def distance(self, name: str, look: Look) -> None: ...

    def crops(self, rows: Rows, step: int) -> None: ...

    def save(self) -> None: ...

    def close(self) -> None: ...


def open_board(folder: Path, done: int, wanted: bool) -> Board:
    """The board in the training folder, or one that writes nothing: not wanted, no package, not the first process."""
    if not wanted or not processes.is_first():
        return NoBoard()
    if importlib.util.find_spec(_PACKAGE) is None:
        tqdm.write(
            f"The package {_PACKAGE} is not installed, so nothing is written for it (losses.jsonl and index.html are). "
            f"Install it with `pip install {_PACKAGE}`, or pass --no-tensorboard"
        )
        return NoBoard()
    return Board(folder / FOLDER, done)
