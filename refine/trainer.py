"""The training engine: feeds crops to a refiner, keeps its losses, writes checkpoints and goes on from them.

Step k's crops follow from (seed, k) and step k's learning rate from (k, total), so the position in the data needs no
state of its own. Losses stay on the device and are fetched every `log_every` steps: reading one makes the processor
wait. A run that is killed goes on from its last checkpoint and gives the losses that one run would have given (bit for
bit on one CPU with the same number of threads).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from annotate.errors import InputError, PlafondError
from annotate.files import write_image, write_text
from refine import checkpoint
from refine.config import RefineConfig, steps_per_epoch
from refine.refiner import Progress, Refiner

GRID_COLUMNS = 8


def choose_device(name: str, precision: str = "fp32") -> torch.device:
    """The device of that name; "auto" is CUDA where there is one. InputError if it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f'--device "{name}" cannot be used here ({reason}); use auto, cpu, cuda or cuda:N') from None
    if precision == "bf16" and device.type != "cuda":
        raise InputError(f"--precision bf16 needs a CUDA device, but the device is {device}; leave it at fp32")
    return device


def to_images(crops: Tensor) -> Tensor:
    """uint8 NCHW 0-255 to float in [-1, 1]."""
    return crops.float() / 127.5 - 1.0


def to_crops(images: Tensor) -> Tensor:
    """The way back, rounded."""
    return ((images + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)


def learning_rate_at(step: int, total: int, initial: float) -> float:
    """Constant over the first half, then linearly to zero (thesis Algorithm 8, by step instead of by epoch)."""
    return initial * min(1.0, (total - step) / (total / 2))


class CropOrder:
    """Which crops a step sees: each epoch takes a new random choice of min(|R|, |S|) crops of either domain."""

    def __init__(self, config: RefineConfig, synthetic: int, real: int, device: torch.device) -> None:
        self.config, self.counts, self.device = config, (synthetic, real), device
        self.per_epoch = steps_per_epoch(config, synthetic, real)
        self._epoch = -1
        self._orders: tuple[Tensor, ...] = ()

    def at(self, step: int) -> tuple[Tensor, ...]:
        """Indices of step's crops, for S and for R, each (batch,) on the device."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._orders = epoch, tuple(self._order(epoch, domain) for domain in (0, 1))
        batch = self.config.batch
        return tuple(order[place * batch : (place + 1) * batch] for order in self._orders)

    def _order(self, epoch: int, domain: int) -> Tensor:
        shuffled = np.random.default_rng((self.config.seed, 3, epoch, domain)).permutation(self.counts[domain])
        return torch.from_numpy(np.resize(shuffled, self.per_epoch * self.config.batch)).to(self.device)


class LossLog:
    """losses.jsonl, one line per step; keeps losses on the device until they are asked for."""

    def __init__(self, path: Path, done: int) -> None:
        """done: steps in the checkpoint; lines of later steps come from a run that was killed and are dropped."""
        self.path = path
        self._waiting: list[tuple[int, float, dict[str, Tensor]]] = []
        write_text(path, "".join(_lines_until(path, done)))

    def add(self, step: int, learning_rate: float, losses: dict[str, Tensor]) -> None:
        self._waiting.append((step, learning_rate, losses))

    def flush(self) -> dict[str, float]:
        """Write what waits and return the newest losses. Raises PlafondError if one is no finite number."""
        if not self._waiting:
            return {}
        stacked = torch.stack([torch.stack(list(losses.values())) for _, _, losses in self._waiting])
        values = stacked.double().cpu().tolist()
        rows = [
            {"step": step, "learning_rate": rate, **dict(zip(losses, row, strict=True))}
            for (step, rate, losses), row in zip(self._waiting, values, strict=True)
        ]
        self._waiting.clear()
        good = [row for row in rows if all(map(math.isfinite, row.values()))]
        with self.path.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in good)
        if len(good) < len(rows):
            bad = next(row for row in rows if row not in good)
            name = next(name for name, value in bad.items() if not math.isfinite(value))
            raise PlafondError(f"the loss {name} became {bad[name]} at step {bad['step']}")
        return {name: value for name, value in rows[-1].items() if name not in ("step", "learning_rate")}


def _lines_until(path: Path, done: int) -> list[str]:
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= done]


@dataclass
class Training:
    """One training of one refiner on two sets of crops, in a folder of its own."""

    refiner: Refiner
    config: RefineConfig
    folder: Path
    key: dict[str, Any]
    """What a checkpoint must agree in (refine.config.training_key)."""
    synthetic: Tensor
    """Crops of S, NCHW uint8."""
    real: Tensor
    """Crops of R, NCHW uint8."""
    rng: np.random.Generator = field(init=False)
    step: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        device = self.refiner.device
        self.synthetic, self.real = self.synthetic.to(device), self.real.to(device)
        self.rng = np.random.default_rng((self.config.seed, 4))
        self.total = int(self.key["total_steps"])
        self.checkpoint_path = self.folder / checkpoint.NAME

    def run(self) -> Refiner:
        """Train to the end, from the last checkpoint if there is one; a finished training is only read.

        Raises InputError for a checkpoint of another configuration, PlafondError for a loss that is no number and
        for a device whose memory is too small.
        """
        self._continue_from_checkpoint()
        if self.step < self.total:
            try:
                self._train()
            except torch.cuda.OutOfMemoryError:
                raise PlafondError(
                    f"the memory of {self.refiner.device} is too small for this training; lower --batch, --size-px "
                    "or --filters, or the number of crops kept on the device with --max-crops"
                ) from None
        return self.refiner

    def _continue_from_checkpoint(self) -> None:
        if not self.checkpoint_path.is_file():
            return
        saved = checkpoint.read_checkpoint(self.checkpoint_path, self.refiner.device)
        checkpoint.require_same(saved, self.key, "Pass --overwrite to train anew, or another --out")
        saved.restore(self.refiner, self.rng)
        self.step = saved.step

    def _train(self) -> None:
        if self.refiner.device.type == "cuda":
            torch.backends.cudnn.benchmark = True  # crops have one size: the search for the fastest pays at once
        self.folder.mkdir(parents=True, exist_ok=True)
        log = LossLog(self.folder / "losses.jsonl", self.step)
        order = CropOrder(self.config, len(self.synthetic), len(self.real), self.refiner.device)
        options = {"total": self.total, "initial": self.step, "unit": "step", "mininterval": 0.5}
        with tqdm(desc=f"train {self.config.preset}", **options) as bar:
            while self.step < self.total:
                self._one_step(order, log)
                bar.update()
                at_checkpoint = self.step % self.config.checkpoint_every == 0 or self.step == self.total
                if at_checkpoint or self.step % self.config.log_every == 0:
                    bar.set_postfix({name: f"{value:.3f}" for name, value in self._flush(log).items()})
                if at_checkpoint:
                    self._save()

    def _one_step(self, order: CropOrder, log: LossLog) -> None:
        s, r = order.at(self.step)
        rate = learning_rate_at(self.step, self.total, self.config.learning_rate)
        progress = Progress(self.step, self.total, rate)
        losses = self.refiner.step(to_images(self.synthetic[s]), to_images(self.real[r]), progress, self.rng)
        self.step += 1
        log.add(self.step, rate, losses)

    def _flush(self, log: LossLog) -> dict[str, float]:
        try:
            return log.flush()
        except PlafondError as error:
            kept = f"the last good checkpoint is {self.checkpoint_path}"
            if not self.checkpoint_path.is_file():
                kept = "no checkpoint had been written"
            raise PlafondError(
                f"training stopped: {error}; {kept}. Start again with a lower --learning-rate (and --overwrite or "
                "another --out)"
            ) from None

    def _save(self) -> None:
        checkpoint.write_checkpoint(self.checkpoint_path, self.refiner, self.rng, self.step, self.key)
        write_image(self.folder / "grid.jpg", self.grid())

    def grid(self) -> np.ndarray:
        """Rows of crops, HWC uint8 RGB: S, the same crops refined, and R beside them for comparison."""
        before = self.synthetic[:GRID_COLUMNS]
        after = to_crops(self.refiner.refine(to_images(before)))
        rows = [before, after, self.real[:GRID_COLUMNS]]
        return np.concatenate([_row(row, len(before)) for row in rows])


def _row(crops: Tensor, columns: int) -> np.ndarray:
    """Crops (n, 3, h, w) side by side, (h, columns * w, 3), black where there are too few."""
    images = crops[:columns].permute(0, 2, 3, 1).cpu().numpy()
    padded = np.concatenate([images, np.zeros((columns - len(images), *images.shape[1:]), np.uint8)])
    return np.concatenate(list(padded), axis=1)
