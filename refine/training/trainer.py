"""The training engine: feeds crops to a refiner, keeps its losses, writes checkpoints and goes on from them.

Step k's crops follow from (seed, k) and step k's learning rate from (k, total), so the position in the data needs no
state of its own. A run that is killed goes on from its last checkpoint and gives the losses, and makes the choice of
networks, that one run would have given (bit for bit on one CPU with the same number of threads).

From time to time the networks are judged (refine.training.selection). Each look is a checkpoint too, which knows all
looks so far; the best networks are written after it, so a run that is killed between the two finds them in the
checkpoint itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from annotate.errors import InputError, PlafondError
from annotate.files import write_image, write_json, write_text
from refine import processes
from refine.config import RefineConfig
from refine.refiner import Batch, Progress, Refiner, to_crops, to_images
from refine.training import checkpoint
from refine.training.acceleration import Inputs, StepRunner, step_runner
from refine.training.board import Board, open_board
from refine.training.device import device_title
from refine.training.grid import COLUMNS, Rows, grid_rows, joined
from refine.training.log import Losses, LossLog, Recent
from refine.training.order import CropOrder, learning_rate_at
from refine.training.page import ABOUT, BEST_GRID, DISTANCES, GRID, LOSSES, write_page
from refine.training.selection import Judge, Look, as_lines, best, kept, look_every, sample

PREPARED = 256
"""Crops of each domain that a refiner may look at before it trains."""


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
    labels: Tensor | None = None
    """Label planes of S's crops, NCHW uint8, for a refiner that needs them."""
    judge: Judge | None = None
    """Compares with the crops held out, if some are."""
    about: dict[str, Any] = field(default_factory=dict)
    """What the page tells of this training besides what the engine knows (refine.training.page)."""
    rng: np.random.Generator = field(init=False)
    step: int = field(init=False, default=0)
    looks: list[Look] = field(init=False, default_factory=list)
    seconds: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        device = self.refiner.device
        self.synthetic, self.real = self.synthetic.to(device), self.real.to(device)
        self.labels = None if self.labels is None else self.labels.to(device)
        self.rng = np.random.default_rng((self.config.seed, 4, processes.process_rank()))
        self.total = int(self.key["total_steps"])
        self.key = {**self.key, "processes": processes.process_count()}
        self.checkpoint_path = self.folder / checkpoint.NAME
        self.best_path = self.folder / checkpoint.BEST_NAME

    def run(self) -> Refiner:
        """Train to the end, from the last checkpoint if there is one; a finished training is only read.

        Returns the refiner with the networks that --keep names. Raises InputError for a checkpoint of another
        configuration, PlafondError for a loss that is no number and for a device whose memory is too small.
        """
        self._continue_from_checkpoint()
        if self.step < self.total:
            try:
                self._train()
            except torch.OutOfMemoryError:
                raise PlafondError(
                    f"the memory of {self.refiner.device} is too small for this training; lower --batch, --size-px "
                    "or --filters, --apply-batch if it was comparing, or --max-crops, the crops kept on the device"
                ) from None
        processes.wait_for_all()  # for the first, which writes the files
        self._load_kept()
        return self.refiner

    @property
    def best(self) -> Look | None:
        return best(self.looks)

    @property
    def kept(self) -> Look | None:
        """The look at the networks that `run` returns; None if nothing was held out."""
        return kept(self.looks, self.config.keep)

    def _continue_from_checkpoint(self) -> None:
        if not self.checkpoint_path.is_file():
            return
        saved = checkpoint.read_checkpoint(self.checkpoint_path, self.refiner.device)
        checkpoint.require_processes(saved.path, int(saved.key["processes"]), processes.process_count())
        checkpoint.require_same(saved, self.key, "Pass --overwrite to train anew, or another --out")
        saved.restore(self.refiner, self.rng)
        if not processes.is_first():
            checkpoint.restore_own_state(saved, processes.process_rank(), self.refiner, self.rng)
        self.step, self.seconds, self.looks = saved.step, saved.seconds, [Look.of(row) for row in saved.looks]
        if self.best is not None and self.best.step == self.step:
            self._save_best()

    def _train(self) -> None:
        if self.refiner.device.type == "cuda":
            torch.backends.cudnn.benchmark = True  # crops have one size: the search for the fastest pays at once
        self.folder.mkdir(parents=True, exist_ok=True)
        self.refiner.prepare(self._batch(slice(PREPARED)), Batch(to_images(self.real[:PREPARED])))
        runner = step_runner(self.config, self.refiner, self.compute)
        order = CropOrder(self.config, len(self.synthetic), len(self.real))
        log = LossLog(self.folder / LOSSES, self.step)
        board = open_board(self.folder, self.step, self.config.tensorboard)
        try:
            with runner.stream():
                self._loop(runner, order, log, board)
        finally:
            board.close()

    def _loop(self, runner: StepRunner, order: CropOrder, log: LossLog, board: Board) -> None:
        options = {"total": self.total, "initial": self.step, "unit": "step", "mininterval": 0.5}
        look_at = look_every(self.config, self.total)
        clock = Clock(self.seconds, self.step)
        if self.judge is not None and not self.looks:
            self._look(board, self._sampled(refined=False))
        with tqdm(desc=f"train {self.config.preset}", disable=not processes.is_first(), **options) as bar:
            while self.step < self.total:
                self.one_step(runner, order, log)
                bar.update()
                ended = self.step == self.total
                judged = self.judge is not None and (ended or self.step % look_at == 0)
                saved = ended or judged or self.step % self.config.checkpoint_every == 0
                if saved or self.step % self.config.log_every == 0:
                    self._report(log.flush, board, bar, clock)
                if saved:
                    self._require_finite()
                if judged:
                    self._look(board, self._sampled(refined=True))
                if saved:
                    self._save(board, judged)
                    clock.restart(self.step)

    def one_step(self, runner: StepRunner, order: CropOrder, log: LossLog) -> None:
        """The next step; its losses stay on the device, in the log."""
        rate = learning_rate_at(self.step, self.total, self.config.learning_rate)
        progress = Progress(self.step, self.total, rate)
        crops = {f"crops.{domain}": places for domain, places in order.at(self.step).items()}
        losses = runner.run(crops | self.refiner.draw(progress, self.rng), self.refiner.stage(progress))
        self.step += 1
        log.add(self.step, rate, losses)

    def compute(self, inputs: Inputs, stage: str) -> Losses:
        """A step on the device, which waits for nothing: gather the crops, then the refiner's own."""
        draws = {name: value for name, value in inputs.items() if not name.startswith("crops.")}
        x, y = self._batch(inputs["crops.synthetic"]), Batch(to_images(self.real[inputs["crops.real"]]))
        return Losses.of(self.refiner.step(x, y, draws, stage))

    def _batch(self, places: Tensor | slice) -> Batch:
        return Batch(to_images(self.synthetic[places]), None if self.labels is None else self.labels[places])

    def _report(self, flush: Callable[[], Recent | None], board: Board, bar: Any, clock: Clock) -> None:
        """Write the losses since the last report; PlafondError naming the last good checkpoint if one is no number."""
        try:
            recent = flush()
        except PlafondError as error:
            raise self._stopped(str(error)) from None
        if recent is not None:
            bar.set_postfix({name: f"{value:.3f}" for name, value in recent.losses.items()})
            board.losses(recent, clock.steps_per_s(self.step))
        self.seconds = clock.seconds

    def _stopped(self, reason: str) -> PlafondError:
        kept = f"the last good checkpoint is {self.checkpoint_path}"
        if not self.checkpoint_path.is_file():
            kept = "no checkpoint had been written"
        return PlafondError(
            f"training stopped: {reason}; {kept}. Start again with a lower --learning-rate (and --overwrite or another "
            "--out)"
        )

    def _require_finite(self) -> None:
        """PlafondError if the last step left weights that are no numbers: its losses were those before it."""
        for name, network in self.refiner.networks.items():
            if not torch.stack([weight.isfinite().all() for weight in network.parameters()]).all():
                raise self._stopped(f"weights of {name} became infinite or no numbers by step {self.step}")

    def _look(self, board: Board, crops: np.ndarray) -> None:
        """Compare crops with those held out. Every process does: they see the same, and none waits for another long."""
        assert self.judge is not None
        look = self.judge.look(self.step, crops)
        self.looks.append(look)
        board.distance(self.judge.name, look)

    def _sampled(self, refined: bool) -> np.ndarray:
        """The crops of S that are judged, (n, size, size, 3) uint8 RGB, as they are or refined."""
        assert self.judge is not None
        places = torch.from_numpy(sample(len(self.synthetic), self.judge.seed)).to(self.refiner.device)
        parts = []
        for some in places.split(self.config.apply_batch):
            crops = to_crops(self.refiner.refine(self._batch(some))) if refined else self.synthetic[some]
            parts.append(crops.permute(0, 2, 3, 1).cpu().numpy())
        return np.concatenate(parts)

    def _save(self, board: Board, judged: bool) -> None:
        """Write the checkpoint, then what follows from it."""
        if not processes.is_first():
            checkpoint.write_own_state(self.folder, processes.process_rank(), self.refiner, self.rng, self.step)
        processes.wait_for_all()
        if not processes.is_first():
            return
        looks = [look.as_json() for look in self.looks]
        checkpoint.write_checkpoint(
            self.checkpoint_path, self.refiner, self.rng, self.step, self.key, looks, self.seconds
        )  # fmt: skip
        rows = self.grid()
        write_image(self.folder / GRID, joined(rows))
        if self.best is not None and self.best.step == self.step:
            self._save_best()
        board.crops(rows, self.step)
        board.save()
        write_json(self.folder / ABOUT, self._about(list(rows)))
        if judged or self.step == self.total:
            write_text(self.folder / DISTANCES, as_lines(self.looks))
            write_page(self.folder)

    def _save_best(self) -> None:
        """Write the networks as they are now, which were found the best."""
        if processes.is_first():
            checkpoint.write_networks(self.best_path, self.refiner, self.step, self.key)
            write_image(self.folder / BEST_GRID, joined(self.grid()))

    def _load_kept(self) -> None:
        """Put the best networks into the refiner, if they are wanted and are not those of the last step."""
        kept = self.kept
        if kept is None or kept.step == self.step:
            return
        if not self.best_path.is_file():
            raise InputError(
                f"{self.best_path}: is gone, and the networks of step {kept.step} were the best; pass --keep last to "
                "refine with those of the last step, or --overwrite to train anew"
            )
        found = checkpoint.read_checkpoint(self.best_path, self.refiner.device)
        self.refiner.load_networks(found.networks, str(self.best_path))

    def grid(self) -> Rows:
        """Crops of S, what the refiner makes of them now, and crops of R for comparison."""
        first = slice(COLUMNS)
        return grid_rows(self.refiner, self.synthetic[first], self._batch(first), self.real[first])

    def _about(self, rows: list[str]) -> dict[str, Any]:
        """What the page tells about this training (refine.training.page)."""
        judge = self.judge
        return {
            "preset": self.config.preset,
            **self.about,
            "seed": self.config.seed,
            "steps": self.step,
            "total_steps": self.total,
            "seconds": round(self.seconds, 3),
            "crops": {"S": len(self.synthetic), "R": len(self.real), "held out": 0 if judge is None else judge.count},
            "distance": None if judge is None else judge.name,
            "distance_weights": None if judge is None else judge.network.weights,
            "keep": self.config.keep,
            "rows": rows,
            "device": device_title(self.refiner.device),
            "torch": torch.__version__,
            "processes": processes.process_count(),
            "speed": {name: getattr(self.config, name) for name in ("precision", "channels_last", "acceleration")},
            "settings": self.key,
        }


class Clock:
    """Time spent on training, over all runs of the command, and speed since the last question."""

    def __init__(self, before_s: float, step: int) -> None:
        self._before_s, self._begin = before_s, time.perf_counter()
        self._asked, self._step = self._begin, step

    @property
    def seconds(self) -> float:
        return self._before_s + time.perf_counter() - self._begin

    def steps_per_s(self, step: int) -> float:
        speed = (step - self._step) / max(time.perf_counter() - self._asked, 1e-9)
        self.restart(step)
        return speed

    def restart(self, step: int) -> None:
        """Do not count what was done since the last question: looks and checkpoints."""
        self._asked, self._step = time.perf_counter(), step
