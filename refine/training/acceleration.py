"""How a training step is run: as PyTorch does it, or captured once and replayed as one CUDA graph.

Either way a step reads nothing but static buffers: indices of crops and what the refiner drew, packed into one tensor
that is filled anew for each step by one copy from pinned memory, which the processor need not wait for.

A graph fixes the operations, their sizes and their addresses. What makes that safe here:

- The first steps of each stage are ordinary steps of the training, not trials that would have to be undone. They make
  what is made once: Adam's moments, the pools, cuDNN's choice of algorithms. A trial would change all of them.
- Everything, those steps and the capture included, runs on one side stream, which capturing needs; a gradient's last
  node that remembered the default stream would break the capture.
- Gradients are set to None within the step, so that the captured backward pass allocates them in the graph's memory.
- The learning rate is one of the drawn tensors, and Adam's count of steps lies on the device (capturable).
- autocast is entered and left within the step; its cache of cast weights does not outlive a replay.
- Losses are one static tensor that the next replay overwrites; refine.training.log copies it on the device.

Sources: PyTorch's notes on CUDA semantics, section "CUDA Graphs"; pull requests 77862 (capturable Adam), 106916
(learning rate as a tensor) and 180090 (streams remembered by gradients) of pytorch/pytorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from annotate.errors import InputError, PlafondError
from refine.config import RefineConfig
from refine.processes import process_count
from refine.refiner import Refiner
from refine.training.log import Losses

Inputs = dict[str, Tensor]
Compute = Callable[[Inputs, str], Losses]
"""A step of a stage on inputs that lie on the device."""

WARM_UP = 3
"""Steps of each stage before it is captured."""
_ALIGNMENT = 16
"""Bytes; more than any element's."""


class StaticInputs:
    """Tensors that keep their place on the device while their values change."""

    def __init__(self, example: Inputs, device: torch.device) -> None:
        self._pinned = device.type == "cuda"
        self._places: dict[str, tuple[int, Tensor]] = {}
        end = 0
        for name, value in example.items():
            self._places[name] = (end, value)
            end += -(-value.nbytes // _ALIGNMENT) * _ALIGNMENT
        self._bytes = torch.zeros(end, dtype=torch.uint8, device=device)
        self.tensors = self._views(self._bytes)

    def fill(self, values: Inputs) -> None:
        """Copy values, of the names, types and shapes of the example, in one piece."""
        if values.keys() != self._places.keys():
            raise ValueError(f"a step was given {sorted(values)}, its stage began with {sorted(self._places)}")
        # Pinned memory comes from PyTorch's own cache, which hands it out again only after the copy is done.
        packed = torch.empty(len(self._bytes), dtype=torch.uint8, pin_memory=self._pinned)
        for name, view in self._views(packed).items():
            if view.shape != values[name].shape or view.dtype != values[name].dtype:
                raise ValueError(f"{name}: was {view.dtype} {tuple(view.shape)}, is {tuple(values[name].shape)} now")
            view.copy_(values[name])
        self._bytes.copy_(packed, non_blocking=True)

    def _views(self, packed: Tensor) -> Inputs:
        return {
            name: packed[start : start + example.nbytes].view(example.dtype).view(example.shape)
            for name, (start, example) in self._places.items()
        }


class StepRunner:
    """Runs every step as PyTorch does it."""

    def __init__(self, compute: Compute, device: torch.device) -> None:
        self._compute, self._device = compute, device
        self._inputs: dict[str, StaticInputs] = {}

    def run(self, inputs: Inputs, stage: str) -> Losses:
        """One step with inputs that lie on the host."""
        return self._compute(self._filled(inputs, stage), stage)

    def stream(self) -> AbstractContextManager[object]:
        """The context in which all steps have to run."""
        return nullcontext()

    def _filled(self, inputs: Inputs, stage: str) -> Inputs:
        if stage not in self._inputs:
            self._inputs[stage] = StaticInputs(inputs, self._device)
        self._inputs[stage].fill(inputs)
        return self._inputs[stage].tensors


class Capture(Protocol):
    """Records what a function asks of the device, without doing it."""

    def record(self, function: Callable[[], Losses]) -> tuple[Losses, Callable[[], None]]:
        """What the function returned, filled only by each call of the second value, which does what it asked for."""
        ...

    def stream(self) -> AbstractContextManager[object]: ...


class CudaCapture:
    """CUDA graphs, each with memory of its own."""

    def __init__(self, device: torch.device) -> None:
        self._side = torch.cuda.Stream(device)

    def record(self, function: Callable[[], Losses]) -> tuple[Losses, Callable[[], None]]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._side):
            losses = function()
        return losses, graph.replay

    @contextmanager
    def stream(self) -> Iterator[None]:
        """The side stream, after what the current one has to do, and before what it does next."""
        outside = torch.cuda.current_stream(self._side.device)
        self._side.wait_stream(outside)
        with torch.cuda.stream(self._side):
            yield
        outside.wait_stream(self._side)


class GraphedStep(StepRunner):
    """Runs the first steps of each stage one operation after another and replays the others.

    required: raise if a step cannot be captured, instead of going on without.
    """

    def __init__(self, compute: Compute, device: torch.device, capture: Capture, required: bool = True) -> None:
        super().__init__(compute, device)
        self._capture, self._required = capture, required
        self._warm: dict[str, int] = {}
        self._captured: dict[str, tuple[Losses, Callable[[], None]] | None] = {}

    def run(self, inputs: Inputs, stage: str) -> Losses:
        static = self._filled(inputs, stage)
        self._warm[stage] = self._warm.get(stage, 0) + 1
        if self._warm[stage] <= WARM_UP:
            return self._compute(static, stage)
        if stage not in self._captured:
            self._captured[stage] = self._recorded(static, stage)
        captured = self._captured[stage]
        if captured is None:
            return self._compute(static, stage)
        losses, replay = captured
        replay()
        return losses

    def stream(self) -> AbstractContextManager[object]:
        return self._capture.stream()

    def _recorded(self, static: Inputs, stage: str) -> tuple[Losses, Callable[[], None]] | None:
        try:
            return self._capture.record(lambda: self._compute(static, stage))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            reason = f"the step cannot be captured as a CUDA graph: {' '.join(str(error).split())[:300]}"
            if self._required:
                raise PlafondError(f"{reason}; train with --acceleration none") from None
            tqdm.write(f"{reason}; training goes on without graphs")
            return None


def step_runner(config: RefineConfig, refiner: Refiner, compute: Compute) -> StepRunner:
    """What --acceleration names. InputError if it cannot be had here."""
    wish, device = config.acceleration, refiner.device
    cuda = device.type == "cuda"
    if wish == "graphs" and not cuda:
        raise InputError(f"--acceleration graphs needs a CUDA device, but the device is {device}; use none or auto")
    if wish == "graphs" and process_count() > 1:
        raise InputError("--acceleration graphs works with one process; under torchrun use none, compile or auto")
    if wish == "compile":
        for network in refiner.networks.values():
            network.compile(dynamic=False)
    if wish == "graphs" or (wish == "auto" and cuda and process_count() == 1):
        return GraphedStep(compute, device, CudaCapture(device), required=wish == "graphs")
    return StepRunner(compute, device)
