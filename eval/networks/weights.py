"""Reading weights of known networks from files that people have, without pickle code and without silent gaps."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch
from torch import nn

from annotate.errors import InputError, PlafondError


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name of a .safetensors file, or of a .pth/.pt file holding nothing but tensors.

    InputError if the file is missing, cut short, or needs pickle code to run.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such weights file")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(str(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # both libraries raise types of their own for a broken file
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: cannot be read as weights (.safetensors, or .pth of tensors only): {reason}"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path}: expected tensors by name, found {type(state).__name__} of other things")
    return state


def load_strictly(module: nn.Module, weights: Mapping[str, torch.Tensor], network: str, path: Path | str) -> None:
    """Load weights of exactly the module's names and shapes; half precision is widened.

    InputError lists the names that differ: the file is of another network.
    """
    wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    # A step counter of batch normalisation, which many files leave out and inference never reads.
    optional = {name for name in wanted if name.endswith("num_batches_tracked")}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    problems = [f"missing {_some(set(wanted) - set(found) - optional)}", f"unknown {_some(set(found) - set(wanted))}"]
    shapes = [f"{name} is {found[name]}, expected {wanted[name]}" for name in wanted.keys() & found.keys()
              if found[name] != wanted[name]]  # fmt: skip
    problems = [text for text in problems if not text.endswith("none")] + sorted(shapes)[:3]
    if problems:
        raise InputError(f"{path}: not the weights of {network}: {'; '.join(problems)}")
    module.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)


def _some(names: set[str], shown: int = 4) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{len(names)} names ({', '.join(sorted(names)[:shown])}{more})"


def with_prefix(weights: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The entries whose name starts with prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def download(address: str, timeout_s: float = 10.0) -> dict[str, torch.Tensor] | None:
    """Weights that torchvision publishes, kept in torch's cache folder; None where there is no network.

    The file's checksum is part of its address and is checked: PlafondError if it differs.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout_s)
    try:
        return torch.hub.load_state_dict_from_url(
            address, progress=True, map_location="cpu", weights_only=True, check_hash=True
        )
    except (URLError, OSError):
        return None
    except RuntimeError as error:
        raise PlafondError(f"{address}: downloaded, but {error}; try again or give the file yourself") from None
    finally:
        socket.setdefaulttimeout(before)


def checksum(path: Path) -> str:
    """First 16 hexadecimal digits of a file's SHA-256."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
