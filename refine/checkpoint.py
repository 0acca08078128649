"""A checkpoint: the whole state of a training in one file, written whole or not at all, read without pickle's dangers.

It holds tensors, numbers, strings, lists and dicts only, so that torch.load(weights_only=True) reads it.
"""

from __future__ import annotations

import json
import os
import pickle  # for the name of its error only: torch raises it for a file that weights_only refuses
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from annotate.errors import InputError
from refine.refiner import Refiner

VERSION = 1
NAME = "checkpoint.pt"


@dataclass(frozen=True)
class Checkpoint:
    """What was read from a file."""

    path: Path
    step: int
    """Steps done."""
    key: dict[str, Any]
    """Settings that a run must share to continue (refine.config.training_key)."""
    networks: dict[str, Any]
    training: dict[str, Any]
    """Refiner.state()."""
    rng: dict[str, Any]

    @property
    def finished(self) -> bool:
        return self.step >= int(self.key["total_steps"])

    def restore(self, refiner: Refiner, rng: np.random.Generator) -> None:
        """Put everything back; InputError if the networks are others."""
        refiner.load_networks(self.networks, str(self.path))
        refiner.load_state(self.training)
        rng.bit_generator.state = self.rng


def write_checkpoint(path: Path, refiner: Refiner, rng: np.random.Generator, step: int, key: dict[str, Any]) -> None:
    """Write the state after `step` steps, replacing the checkpoint before it in one go."""
    content = {
        "version": VERSION,
        "step": step,
        "key": json.dumps(key),
        "networks": refiner.network_state(),
        "training": refiner.state(),
        "rng": json.dumps(rng.bit_generator.state),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            torch.save(content, stream)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Read a checkpoint; InputError if there is none at path or the file is something else or cut short."""
    if not path.is_file():
        raise InputError(f"{path}: no such checkpoint; expected the {NAME} in the training folder of a refined dataset")
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: cannot be read as a checkpoint, it is broken or another kind of file: {reason}"
        ) from None
    fields = {"version", "step", "key", "networks", "training", "rng"}
    if not isinstance(content, dict) or set(content) != fields or content["version"] != VERSION:
        raise InputError(f"{path}: is no checkpoint of a refiner (version {VERSION}); expected a training's {NAME}")
    key, rng = json.loads(content["key"]), json.loads(content["rng"])
    return Checkpoint(path, content["step"], key, content["networks"], content["training"], rng)


def require_same(checkpoint: Checkpoint, wanted: dict[str, Any], remedy: str) -> None:
    """InputError naming every key of wanted in which the checkpoint differs, with both values."""
    saved = checkpoint.key
    differing = [name for name in wanted if saved.get(name) != wanted[name]]
    if differing:
        shown = ", ".join(f"{name} {saved.get(name)!r:.40} -> {wanted[name]!r:.40}" for name in differing)
        raise InputError(f"{checkpoint.path}: was trained otherwise ({shown}); nothing was changed. {remedy}")
