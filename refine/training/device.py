"""The device that a process works on."""

from __future__ import annotations

import torch

from annotate.errors import InputError
from refine.processes import local_rank


def choose_device(name: str, precision: str = "fp32") -> torch.device:
    """The device of that name; "auto" is CUDA where there is one. InputError if it cannot be used.

    Of several processes on one machine each takes the GPU of its own number.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    place = local_rank()
    if place is not None and name.startswith("cuda"):
        if ":" in name:
            raise InputError(
                f'--device "{name}": under torchrun every process takes a GPU of its own; pass cuda or auto'
            )
        name = f"cuda:{place}"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f'--device "{name}" cannot be used here ({reason}); use auto, cpu, cuda or cuda:N') from None
    if precision == "bf16" and device.type != "cuda":
        raise InputError(f"--precision bf16 needs a CUDA device, but the device is {device}; leave it at fp32")
    if device.type == "cuda":
        torch.cuda.set_device(device)  # streams and graphs are made on the current device
    return device


def device_title(device: torch.device) -> str:
    """The device by its name, for records of results."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"
