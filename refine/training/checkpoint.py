"""Checkpoints: the whole state of a training in files that appear whole or not at all, read without pickle's dangers.

They hold tensors, numbers, strings, lists and dicts only, so that torch.load(weights_only=True) reads them.
checkpoint.pt is all that one process needs to go on. With several, each but the first keeps its own pools and random
state in checkpoint.rankN.pt, and the one before: whichever is of checkpoint.pt's step belongs to it, whenever the
processes were killed. best.pt holds the networks nearest to the crops held out, and no more.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from annotate.errors import InputError
from refine.refiner import Refiner

VERSION = 2
NAME = "checkpoint.pt"
BEST_NAME = "best.pt"
_NETWORK_FIELDS = {"version", "step", "key", "networks"}
_FIELDS = _NETWORK_FIELDS | {"training", "rng", "looks", "seconds"}
_OWN_FIELDS = {"version", "step", "training", "rng"}


@dataclass(frozen=True)
class Checkpoint:
    """What was read from checkpoint.pt, or from best.pt, which has networks alone."""

    path: Path
    step: int
    """Steps done."""
    key: dict[str, Any]
    """Settings that a run must share to continue (refine.config.training_key)."""
    networks: dict[str, Any]
    training: dict[str, Any] | None = None
    """Refiner.state()."""
    rng: dict[str, Any] = field(default_factory=dict)
    looks: list[dict[str, float]] = field(default_factory=list)
    """Comparisons with the crops held out, so far (refine.training.selection)."""
    seconds: float = 0.0
    """Spent on training so far."""

    @property
    def finished(self) -> bool:
        """Whether these networks are a training's result; the best ones are, whenever they were found."""
        return self.training is None or self.step >= int(self.key["total_steps"])

    def restore(self, refiner: Refiner, rng: np.random.Generator) -> None:
        """Put everything back; InputError if the networks are others."""
        refiner.load_networks(self.networks, str(self.path))
        if self.training is None:
            raise InputError(f"{self.path}: holds networks alone; a training goes on from its {NAME}")
        refiner.load_state(self.training)
        rng.bit_generator.state = self.rng


def write_checkpoint(
    path: Path,
    refiner: Refiner,
    rng: np.random.Generator,
    step: int,
    key: dict[str, Any],
    looks: list[dict[str, float]] | None = None,
    seconds: float = 0.0,
) -> None:
    """Write the state after `step` steps, replacing the checkpoint before it in one go."""
    content = _networks(refiner, step, key) | {
        "training": refiner.state(),
        "rng": json.dumps(rng.bit_generator.state),
        "looks": json.dumps(looks or []),
        "seconds": seconds,
    }
    _write(path, content)


def write_networks(path: Path, refiner: Refiner, step: int, key: dict[str, Any]) -> None:
    """Write the networks of `step` without what only training needs."""
    _write(path, _networks(refiner, step, key))


def write_own_state(folder: Path, rank: int, refiner: Refiner, rng: np.random.Generator, step: int) -> None:
    """Write what a process other than the first has of its own, and keep the file before it."""
    path, before = _own_paths(folder, rank)
    if path.is_file():
        os.replace(path, before)
    own = {name: value for name, value in refiner.state().items() if name != "optimisers"}
    rng_state = json.dumps(rng.bit_generator.state)
    _write(path, {"version": VERSION, "step": step, "training": own, "rng": rng_state})


def restore_own_state(saved: Checkpoint, rank: int, refiner: Refiner, rng: np.random.Generator) -> None:
    """Put back write_own_state's file of the checkpoint's step; InputError if there is none."""
    assert saved.training is not None
    for path in _own_paths(saved.path.parent, rank):
        own = _read(path, _OWN_FIELDS, refiner.device) if path.is_file() else None
        if own is not None and own["step"] == saved.step:
            refiner.load_state({**own["training"], "optimisers": saved.training["optimisers"]})
            rng.bit_generator.state = json.loads(own["rng"])
            return
    raise InputError(
        f"{_own_paths(saved.path.parent, rank)[0]}: the state of process {rank} after step {saved.step} is missing, but "
        f"{saved.path} needs it. Pass --overwrite to train anew"
    )


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> Checkpoint:
    """Read checkpoint.pt or best.pt; InputError if there is none or the file is something else or cut short."""
    if not path.is_file():
        raise InputError(
            f"{path}: no such checkpoint; expected the {NAME} or {BEST_NAME} in the training folder of a refined dataset"
        )
    content = _read(path, _NETWORK_FIELDS, device)
    key, networks = json.loads(content["key"]), content["networks"]
    if set(content) == _NETWORK_FIELDS:
        return Checkpoint(path, content["step"], key, networks)
    if set(content) != _FIELDS:
        raise _not_ours(path)
    rng, looks = json.loads(content["rng"]), json.loads(content["looks"])
    return Checkpoint(path, content["step"], key, networks, content["training"], rng, looks, content["seconds"])


def read_kept(path: Path, keep: str, device: torch.device | str = "cpu") -> Checkpoint:
    """The networks that a training's own dataset was refined with: of best.pt beside a checkpoint that knows looks.

    keep: "best" or "last". InputError as read_checkpoint, and if the best networks are gone.
    """
    found = read_checkpoint(path, device)
    if keep == "last" or not found.looks or not found.finished:
        return found
    if not (path.parent / BEST_NAME).is_file():
        raise InputError(
            f"{path}: the best networks, {BEST_NAME} beside it, are gone; pass --keep last to take the last"
        )
    return read_checkpoint(path.parent / BEST_NAME, device)


def require_same(checkpoint: Checkpoint, wanted: dict[str, Any], remedy: str) -> None:
    """InputError naming every key of wanted in which the checkpoint differs, with both values."""
    saved = checkpoint.key
    differing = [name for name in wanted if saved.get(name) != wanted[name]]
    if differing:
        shown = ", ".join(f"{name} {saved.get(name)!r:.40} -> {wanted[name]!r:.40}" for name in differing)
        raise InputError(f"{checkpoint.path}: was trained otherwise ({shown}); nothing was changed. {remedy}")


def require_processes(path: Path, before: int, count: int) -> None:
    """InputError unless the training at path was begun by as many processes: each has pools and crops of its own."""
    if before != count:
        start = f"with torchrun --nproc-per-node {before}" if before > 1 else "without torchrun"
        raise InputError(
            f"{path}: was trained by {_number(before)}, but here {'is' if count == 1 else 'are'} "
            f"{_number(count)}; nothing was changed. Start it {start}, or pass --overwrite to train anew"
        )


def _number(processes: int) -> str:
    return "one process" if processes == 1 else f"{processes} processes"


def _networks(refiner: Refiner, step: int, key: dict[str, Any]) -> dict[str, Any]:
    return {"version": VERSION, "step": step, "key": json.dumps(key), "networks": refiner.network_state()}


def _own_paths(folder: Path, rank: int) -> tuple[Path, Path]:
    return folder / f"checkpoint.rank{rank}.pt", folder / f"checkpoint.rank{rank}.before.pt"


def _write(path: Path, content: dict[str, Any]) -> None:
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


def _read(path: Path, fields: set[str], device: torch.device | str) -> dict[str, Any]:
    """A file of ours that has at least these fields."""
    _require_zip(path)
    content = _loaded(path, lambda: torch.load(path, map_location=device, weights_only=True))
    if not isinstance(content, dict) or not fields <= set(content) or content["version"] != VERSION:
        raise _not_ours(path)
    return content


def _require_zip(path: Path) -> None:
    """InputError unless the file is a whole zip archive, as torch.save writes: nothing else is even looked into."""

    def test() -> str | None:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip()

    damaged = _loaded(path, test)
    if damaged is not None:
        raise InputError(f"{path}: cannot be read as a checkpoint, {damaged} in it is broken; its checksum is another")


def _loaded(path: Path, load: Callable[[], Any]) -> Any:
    """What load gives; InputError for whatever it raises: a file can be broken, or hold objects, in many ways."""
    try:
        return load()
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: cannot be read as a checkpoint, it is broken or another kind of file: {reason}"
        ) from None


def _not_ours(path: Path) -> InputError:
    return InputError(f"{path}: is no checkpoint of a refiner (version {VERSION}); expected a training's {NAME}")
