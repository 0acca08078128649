"""Stages of a benchmark: one command each, kept under a key of everything that decides its result.

The key is a hash of the command, its options and the contents of all that they name: of a dataset the checksums of its
pictures and labels, of other files and folders their bytes, and our version. Where something lies does not count. A
finished stage has done.json, written last; as long as its key stays the same and its result is whole, it is not done again.

    OUT/stages/refine-D_S-1a2b3c4d/   stage.yaml (the options), log.txt, done.json, and the result, if it is its own
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from annotate.dataset_model import GENERATOR
from annotate.errors import PlafondError
from annotate.files import read_json, write_bytes, write_json, write_text

Options = dict[str, Any]
INCIDENTAL = frozenset(
    {"out", "device", "workers", "overwrite", "checkpoint_every", "log_every", "tensorboard", "mlflow", "note"}
)
"""Options that do not change a result."""
NEVER_PATHS = frozenset({"preset", "name", "target", "detector", "features"})
"""Options whose values are names, even where a folder happens to be called so."""


@dataclass(frozen=True)
class Source:
    """Where an input lies: path itself, or path within the result of a stage."""

    path: Path = Path()
    stage: str = ""


@dataclass(frozen=True)
class Work:
    """What a stage has to do. units: how many, by kind; guess_s: seconds by built-in figures; pace: whose times compare."""

    units: dict[str, float]
    guess_s: float
    pace: str


@dataclass(frozen=True)
class Stage:
    """One command. options: from where the inputs lie, by word, to the command's options, without out.

    result: data, a folder of its own; or report, a folder that all stages of one name in `shared` write into, of which
    report.json is kept. varying: options in which these stages differ; own_inputs: inputs that not all of them have.
    """

    name: str
    command: str
    inputs: Mapping[str, Source]
    options: Callable[[dict[str, Path]], Options]
    work: Work
    folder: str
    result: Literal["data", "report"] = "data"
    shared: str = ""
    varying: frozenset[str] = frozenset()
    common: tuple[str, ...] = ()
    """Inputs that decide the shared folder."""

    @property
    def needs(self) -> list[str]:
        """Names of the stages that must be done before."""
        return list(dict.fromkeys(source.stage for source in self.inputs.values() if source.stage))


@dataclass(frozen=True)
class Prepared:
    """A stage whose inputs are there. folder: its own, with log and marker; out: where the command writes."""

    stage: Stage
    key: str
    folder: Path
    out: Path
    options: Options

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def started(self) -> bool:
        """Whether an earlier run began it."""
        return (self.folder / "stage.yaml").is_file()

    def write_options(self) -> Path:
        """The YAML file that the command reads."""
        path = self.folder / "stage.yaml"
        written = {**self.options, "out": str(self.out)}
        write_text(path, yaml.safe_dump(written, sort_keys=False, allow_unicode=True))
        return path


@dataclass
class Workspace:
    """The stages' folders under OUT/stages, and where the results of finished ones lie."""

    out: Path
    results: dict[str, Path] = field(default_factory=dict)

    def prepare(self, stage: Stage) -> Prepared | None:
        """The stage with its key, or None while the stages that it needs are not done."""
        if any(name not in self.results for name in stage.needs):
            return None
        paths = {word: self.locate(source) for word, source in stage.inputs.items()}
        options = stage.options(paths)
        key = stage_key(stage, options, paths)
        folder = self.out / "stages" / f"{slug(stage.name)}-{key[:8]}"
        if not stage.shared:
            return Prepared(stage, key, folder, folder / stage.folder, options)
        shared_paths = {word: paths[word] for word in stage.common}
        rest = {name: value for name, value in options.items() if name not in stage.varying}
        shared_key = stage_key(stage, rest, shared_paths)
        return Prepared(stage, key, folder, self.out / "stages" / f"{stage.shared}-{shared_key[:8]}", options)

    def locate(self, source: Source) -> Path:
        return (self.results[source.stage] / source.path) if source.stage else source.path.resolve()

    def finished(self, prepared: Prepared) -> bool:
        """Whether the stage was done under this key and its result is whole; it is then known as done."""
        marker = marker_of(prepared.folder)
        if marker is None or marker.get("key") != prepared.key or marker.get("result") != _result_key(prepared):
            return False
        self.results[prepared.stage.name] = prepared.out
        return True

    def finish(self, prepared: Prepared, seconds: float, continued: bool) -> None:
        """Keep what the command found and write the marker. PlafondError if it left no result."""
        stage = prepared.stage
        if stage.result == "report":
            found = prepared.out / "report.json"
            if not found.is_file():
                raise PlafondError(f"{stage.name}: the command ended well but left no {found}")
            write_bytes(prepared.folder / "report.json", found.read_bytes())
        result = _result_key(prepared)
        if result is None:
            raise PlafondError(f"{stage.name}: the command ended well but left nothing in {prepared.out}")
        work = stage.work
        marker: dict[str, Any] = {
            "stage": stage.name,
            "command": stage.command,
            "key": prepared.key,
            "version": GENERATOR,
        }
        marker |= {"seconds": round(seconds, 2), "continued": continued, "pace": work.pace, "guess_s": work.guess_s}
        write_json(prepared.folder / "done.json", {**marker, "units": work.units, "result": result})
        self.results[stage.name] = prepared.out

    def markers(self) -> list[dict[str, Any]]:
        """What every finished stage left, those of other configurations too."""
        found = [marker_of(folder) for folder in sorted((self.out / "stages").glob("*"))]
        return [marker for marker in found if marker is not None]


def marker_of(folder: Path) -> dict[str, Any] | None:
    """done.json of a stage's folder, None if it is not there or not one."""
    path = folder / "done.json"
    value = read_json(path) if path.is_file() else None
    return value if isinstance(value, dict) else None


def slug(name: str) -> str:
    """A name that is fit for a folder."""
    return re.sub(r"[^\w+.-]+", "-", name).strip("-")


def stage_key(stage: Stage, options: Options, paths: Mapping[str, Path]) -> str:
    """64 hexadecimal digits that change with anything that decides the stage's result."""
    inputs = {word: content_key(path) for word, path in paths.items()}
    names = sorted(((str(path), f"<{word}>") for word, path in paths.items()), key=lambda pair: -len(pair[0]))
    facts = [stage.command, _normalised(options, names), inputs, GENERATOR]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _normalised(value: Any, names: list[tuple[str, str]]) -> Any:
    """Options with inputs by their word and other files and folders by their contents."""
    if isinstance(value, dict):
        kept = {name: one for name, one in value.items() if name not in INCIDENTAL}
        return {name: one if name in NEVER_PATHS else _normalised(one, names) for name, one in kept.items()}
    if isinstance(value, list | tuple):
        return [_normalised(one, names) for one in value]
    if not isinstance(value, str):
        return value
    for path, word in names:
        value = value.replace(path, word)
    if _exists(value):
        return f"<{content_key(Path(value))}>"
    name, equals, folders = value.partition("=")  # NAME=FOLDER,FOLDER
    if not equals:
        return value
    return [name, *(f"<{content_key(Path(one))}>" if _exists(one) else one for one in folders.split(","))]


def _exists(text: str) -> bool:
    try:
        return text not in ("", ".", "..") and Path(text).exists()
    except OSError:  # Longer than a file name may be.
        return False


def content_key(path: Path) -> str:
    """A hash of what a file, dataset or other folder holds; "absent" for none of them."""
    if path.is_file():
        return _file_key(str(path), path.stat().st_mtime_ns, path.stat().st_size)
    if not path.is_dir():
        return "absent"
    if (path / "dataset.json").is_file():
        return _dataset_key(path)
    files = sorted(one for one in path.rglob("*") if one.is_file())
    datasets = {one.parent for one in files if one.name == "dataset.json"}
    loose = [one for one in files if not datasets.intersection(one.parents)]
    parts = [(str(one.relative_to(path)), content_key(one)) for one in (*sorted(datasets), *loose)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _dataset_key(root: Path) -> str:
    """Of labels and pictures, by the checksums in the manifest, and of what dataset.json says about cameras and kind."""
    info = root / "dataset.json"
    parts = [content_key(root / name) for name in ("annotations.json", "manifest.jsonl")]
    parts.append(_info_key(str(info), info.stat().st_mtime_ns, info.stat().st_size))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@lru_cache(maxsize=10_000)
def _info_key(path: str, changed_ns: int, size: int) -> str:
    info = read_json(Path(path))
    facts = [info.get(name) for name in ("kind", "cameras", "classes")]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=100_000)
def _file_key(path: str, changed_ns: int, size: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _result_key(prepared: Prepared) -> str | None:
    """What identifies a stage's result; None if it is not there or not finished."""
    if prepared.stage.result == "report":
        kept = prepared.folder / "report.json"
        return content_key(kept) if kept.is_file() and prepared.out.is_dir() else None
    out = prepared.out
    if not out.is_dir():
        return None
    datasets = [out] if (out / "dataset.json").is_file() else [one.parent for one in out.glob("*/dataset.json")]
    whole = bool(datasets) and all((one / "annotations.json").is_file() for one in datasets)
    return hashlib.sha256("".join(sorted(map(content_key, datasets))).encode()).hexdigest() if whole else None
