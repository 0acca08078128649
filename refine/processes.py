"""Several processes that train one refiner, started by torchrun: who we are, and gradients averaged over all.

    torchrun --nproc-per-node 2 generate.py refine ...

Each process takes its own share of the crops and has image pools and random draws of its own; the networks start equal
and, since all take the same averaged gradients, stay equal. Process 0 alone writes files. Without torchrun there is one
process, and nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn

from annotate.errors import InputError


@contextmanager
def joined_processes(device: torch.device) -> Iterator[None]:
    """Join the other processes that torchrun started, over NCCL on CUDA and Gloo elsewhere, and leave them at the end.

    InputError if torchrun announced itself but the others cannot be reached.
    """
    if local_rank() is None or _many():
        yield
        return
    cuda = device.type == "cuda"
    try:
        distributed.init_process_group("nccl" if cuda else "gloo", device_id=device if cuda else None)
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"WORLD_SIZE is {os.environ['WORLD_SIZE']}, but the processes cannot meet: {reason}") from None
    yield  # an error ends the process, and torchrun the others: leaving in order would wait for them
    distributed.destroy_process_group()


def local_rank() -> int | None:
    """This process's number on its machine, or None unless torchrun started several."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or "LOCAL_RANK" not in os.environ:
        return None
    return int(os.environ["LOCAL_RANK"])


def process_count() -> int:
    return distributed.get_world_size() if _many() else 1


def process_rank() -> int:
    return distributed.get_rank() if _many() else 0


def is_first() -> bool:
    """True for the one process that writes files and talks."""
    return process_rank() == 0


def wait_for_all() -> None:
    """Return when every process is here."""
    if _many():
        distributed.barrier()


def average(values: Tensor) -> Tensor:
    """The mean of a tensor over all processes."""
    if not _many():
        return values
    total = values.clone()
    distributed.all_reduce(total)
    return total / process_count()


def average_gradients(weights: Iterable[nn.Parameter]) -> None:
    """Replace every weight's gradient by its mean over all processes, in one exchange."""
    if not _many():
        return
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= process_count()
    parts = flat.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def _many() -> bool:
    return distributed.is_available() and distributed.is_initialized()
