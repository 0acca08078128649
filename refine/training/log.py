"""losses.jsonl: one line per step, without making the processor wait at each step.

Losses stay on the device, in a ring of rows, and are fetched together: reading one waits for all that was asked before.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import torch
from torch import Tensor

from annotate.errors import PlafondError
from annotate.files import write_text
from refine import processes


@dataclass(frozen=True)
class Losses:
    """What a step gave: values (n,) on the device, by name. The next step may overwrite the tensor."""

    names: tuple[str, ...]
    values: Tensor

    @staticmethod
    def of(losses: dict[str, Tensor]) -> Losses:
        return Losses(tuple(losses), torch.stack([value.detach().float() for value in losses.values()]))


@dataclass(frozen=True)
class Recent:
    """The steps since the last look: the last one's number and the mean of each loss."""

    step: int
    learning_rate: float
    losses: dict[str, float]


class LossLog:
    """Collects losses and writes them; with several processes the means over all, by the first alone."""

    def __init__(self, path: Path, done: int) -> None:
        """done: steps in the checkpoint; lines of later steps come from a run that was killed and are dropped."""
        self.path = path
        self._steps: list[tuple[int, float]] = []
        self._names: tuple[str, ...] = ()
        self._ring: Tensor | None = None
        if processes.is_first():
            write_text(path, "".join(_lines_until(path, done)))

    def add(self, step: int, learning_rate: float, losses: Losses) -> None:
        """Keep a step's losses on the device until the next flush."""
        if self._ring is None or len(self._steps) == len(self._ring):
            self._grow(losses.values)
        assert self._ring is not None
        self._ring[len(self._steps)].copy_(losses.values)
        self._names = losses.names
        self._steps.append((step, learning_rate))

    def flush(self) -> Recent | None:
        """Write what waits. Raises PlafondError, with the rows before it written, if a loss is no finite number."""
        if not self._steps or self._ring is None:
            return None
        values = processes.average(self._ring[: len(self._steps)]).double().cpu()
        rows = [
            {"step": step, "learning_rate": rate, **dict(zip(self._names, row, strict=True))}
            for (step, rate), row in zip(self._steps, values.tolist(), strict=True)
        ]
        self._steps.clear()
        good = list(takewhile(lambda row: all(map(math.isfinite, row.values())), rows))
        if processes.is_first():
            with self.path.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row) + "\n" for row in good)
        if len(good) < len(rows):
            raise PlafondError(_fault(rows[len(good)]))
        means = dict(zip(self._names, values.mean(dim=0).tolist(), strict=True))
        return Recent(int(rows[-1]["step"]), rows[-1]["learning_rate"], means)

    def _grow(self, row: Tensor) -> None:
        """Room for as many rows again; how many wait follows from how often they are fetched."""
        larger = row.new_zeros((max(32, 2 * len(self._steps)), len(row)))
        if self._ring is not None:
            larger[: len(self._ring)] = self._ring
        self._ring = larger


def _fault(row: dict[str, float]) -> str:
    name = next(name for name, value in row.items() if not math.isfinite(value))
    return f"the loss {name} became {row[name]} at step {row['step']}"


def _lines_until(path: Path, done: int) -> list[str]:
    return [line for line in whole_lines(path) if json.loads(line)["step"] <= done]


def whole_lines(path: Path) -> list[str]:
    """The lines of a file that a killed run may have left in the middle of one; none if there is no file."""
    if not path.is_file():
        return []
    return [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]


def read_rows(path: Path) -> list[dict[str, float]]:
    """The rows of losses.jsonl or distances.jsonl."""
    return [json.loads(line) for line in whole_lines(path)]
