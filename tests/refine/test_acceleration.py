"""Steps that can be captured: a stand-in for CUDA graphs on the processor records every operation of a step and repeats
the records, so whatever a step reads besides its static inputs, or asks the host for, shows as other losses or fails."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from training_engine import CPU, PLAIN, SMALL, crops, losses, train_until_interrupted, training

from annotate.errors import InputError, PlafondError
from refine.config import RefineConfig
from refine.label_planes import PLANES
from refine.perceptual import Perceptual
from refine.presets import PRESETS
from refine.refiner import Batch, Progress
from refine.training import trainer
from refine.training.acceleration import WARM_UP, GraphedStep, StaticInputs, step_runner
from refine.training.log import Losses
from refine.training.trainer import Training

WAITS = ("_local_scalar_dense", "item", "nonzero", "is_nonzero", "unique", "masked_select", "equal")
"""Operations whose result the host has to wait for, or whose size depends on values."""


class NoWaiting(TorchDispatchMode):
    """Refuses what a CUDA graph could not hold."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        if name in WAITS:
            raise RuntimeError(f"{name} makes the host wait")
        if name == "index" and any(one is not None and one.dtype == torch.bool for one in args[1]):
            raise RuntimeError("indexing by a mask makes the host wait")
        return function(*args, **(kwargs or {}))


class Tape(NoWaiting):
    """Keeps every operation with its tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Callable, tuple, dict, object]] = []
        self._before: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._made: set[int] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        self._keep([one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)])
        made = super().__torch_dispatch__(function, types, args, kwargs)
        self._made |= {storage(one) for one in tree_leaves(made) if isinstance(one, torch.Tensor)}
        self.operations.append((function, args, kwargs, made))
        return made

    def _keep(self, tensors: list[torch.Tensor]) -> None:
        """Remember what tensors from outside held, to undo what recording did to them."""
        for one in tensors:
            if storage(one) not in self._made and storage(one) not in self._before:
                whole = one.new_empty(0).set_(one.untyped_storage())
                self._before[storage(one)] = whole, whole.clone()

    def undo(self) -> None:
        for tensor, before in self._before.values():
            tensor.copy_(before)

    @torch.no_grad()
    def replay(self) -> None:
        """Do the same operations on the same tensors, with what those hold now."""
        for function, args, kwargs, made in self.operations:
            again = function(*args, **kwargs)
            for old, new in zip(tree_leaves(made), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and storage(old) != storage(new):
                    old.copy_(new)


def storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


class TapeCapture:
    """What a CUDA graph does, on the processor: recording changes nothing, and replays read no Python."""

    def record(self, function: Callable[[], Losses]) -> tuple[Losses, Callable[[], None]]:
        tape = Tape()
        with tape:
            found = function()
        tape.undo()
        return found, tape.replay

    def stream(self):
        return nullcontext()


def graphed(run: Training, monkeypatch, required: bool = True) -> Training:
    def runner(config, refiner, compute):
        return GraphedStep(compute, refiner.device, TapeCapture(), required)

    monkeypatch.setattr(trainer, "step_runner", runner)
    return run


def small(preset: str) -> RefineConfig:
    return RefineConfig(**{**PLAIN, **SMALL, "preset": preset, "batch": 2})


def perceptual() -> Perceptual:
    """Two small convolutions in place of pooling layers 2 and 5."""
    torch.manual_seed(0)
    parts = {pool: torch.nn.Conv2d(3, 2, 3, stride=pool) for pool in (2, 5)}
    return Perceptual(parts, dict.fromkeys(parts, True), {pool: f"stand-in {pool}" for pool in parts})


@pytest.mark.parametrize("preset", ["C_CP_S", "A", "CUT"])
def test_replayed_steps_give_the_losses_of_steps_that_are_run(tmp_path: Path, preset: str, monkeypatch) -> None:
    steps = {"preset": preset, "steps": 10, "log_every": 3, "checkpoint_every": 50, "attention": {"share": 0.5}}
    training(tmp_path / "run", **steps).run()
    graphed(training(tmp_path / "replayed", **steps), monkeypatch).run()
    assert losses(tmp_path / "replayed") == losses(tmp_path / "run")


def test_replays_repeat_the_record_and_not_the_program(tmp_path: Path, monkeypatch) -> None:
    run = graphed(training(tmp_path), monkeypatch)
    made = []
    step = run.refiner.step
    run.refiner.step = lambda *args: made.append(1) or step(*args)
    run.run()
    assert len(made) == WARM_UP + 1
    assert len(losses(tmp_path)) == 10


def test_graphed_training_that_is_continued_gives_the_losses_of_one(tmp_path: Path, monkeypatch) -> None:
    graphed(training(tmp_path / "whole"), monkeypatch).run()
    train_until_interrupted(9, graphed(training(tmp_path / "stopped"), monkeypatch))
    graphed(training(tmp_path / "stopped"), monkeypatch).run()
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")


def test_step_that_reads_the_host_cannot_be_captured_and_says_so(tmp_path: Path, monkeypatch) -> None:
    def with_item(run: Training) -> Training:
        step = run.refiner.step

        def reading(x, y, draws, stage):
            float(draws["learning_rate"])
            return step(x, y, draws, stage)

        run.refiner.step = reading
        return run

    with pytest.raises(
        PlafondError, match=r"cannot be captured as a CUDA graph: .*_local_scalar_dense.*--acceleration"
    ):
        with_item(graphed(training(tmp_path / "required"), monkeypatch)).run()
    with_item(graphed(training(tmp_path / "tried"), monkeypatch, required=False)).run()
    training(tmp_path / "run").run()
    assert losses(tmp_path / "tried") == losses(tmp_path / "run")


@pytest.mark.parametrize("preset", list(PRESETS))
def test_no_refiner_makes_the_host_wait_in_a_step(preset: str) -> None:
    config = small(preset)
    try:
        refiner = PRESETS[preset].build(config, CPU, perceptual() if PRESETS[preset].pools else None)
    except (InputError, PlafondError, AssertionError) as error:
        pytest.skip(f"needs more than a configuration: {error}")
    if not refiner.networks:
        pytest.skip("learns nothing")
    labels = torch.ones((4, len(PLANES), 32, 32), dtype=torch.uint8)
    synthetic, real = Batch(crops(1, 4) / 127.5 - 1, labels), Batch(crops(2, 4) / 127.5 - 1)
    refiner.prepare(synthetic, real)
    x, y = Batch(synthetic.images[:2], labels[:2]), Batch(real.images[:2])
    rng = np.random.default_rng(0)
    for step in (0, 19):  # one of each stage
        progress = Progress(step, 20, 2e-4)
        draws = refiner.draw(progress, rng)
        with NoWaiting():
            refiner.step(x, y, draws, refiner.stage(progress))


def test_static_inputs_keep_their_place_and_take_every_type() -> None:
    first = {"rate": torch.tensor(0.5), "places": torch.arange(3), "swap": torch.tensor([True, False, True])}
    inputs = StaticInputs(first, CPU)
    inputs.fill(first)
    seen = inputs.tensors
    second = {"rate": torch.tensor(0.25), "places": torch.arange(3) + 7, "swap": torch.tensor([False, True, True])}
    inputs.fill(second)
    assert all(torch.equal(seen[name], value) for name, value in second.items())
    with pytest.raises(ValueError, match=r"places: was torch.int64 \(3,\), is \(4,\) now"):
        inputs.fill({**second, "places": torch.arange(4)})
    with pytest.raises(ValueError, match="its stage began with"):
        inputs.fill({"rate": torch.tensor(0.25)})


def test_graphs_without_cuda_are_refused(tmp_path: Path) -> None:
    run = training(tmp_path, acceleration="graphs")
    with pytest.raises(InputError, match="--acceleration graphs needs a CUDA device"):
        run.run()
    plain = RefineConfig(**{**PLAIN, **SMALL})
    assert type(step_runner(plain, run.refiner, run.compute)).__name__ == "StepRunner"
