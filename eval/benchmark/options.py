"""The options that a user gives the commands of a benchmark, read and checked before any work is done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.validation import validated
from eval.benchmark.config import OWN_OPTIONS, BenchmarkConfig, RealSets
from eval.benchmark.processes import asked
from eval.config import EvaluateConfig


@dataclass(frozen=True)
class CommandOptions:
    """What all stages of a command share, as its --config file would say it."""

    render: dict[str, Any] = field(default_factory=dict)
    refine: dict[str, Any] = field(default_factory=dict)
    evaluate: dict[str, Any] = field(default_factory=dict)
    compare: dict[str, Any] = field(default_factory=dict)


def read_options(config: BenchmarkConfig) -> CommandOptions:
    """The YAML files that the configuration names; InputError for one that is no such file, or gives what is not its."""
    return CommandOptions(**{name: _read(name, getattr(config, name)) for name in OWN_OPTIONS})


def check_inputs(config: BenchmarkConfig, options: CommandOptions) -> None:
    """InputError for datasets that are missing or do not fit, and for options that evaluate does not know."""
    _check_real(config.real, "--real", needed=True)
    _check_real(config.new, "--new", needed=False)
    if config.synthetic is not None:
        if config.render is not None:
            raise InputError("--synthetic and --render: both say where S comes from; give one of them")
        Dataset.read(config.synthetic)
    if config.paintings is not None and not config.paintings.is_dir():
        raise InputError(f"--paintings {config.paintings}: no such folder")
    if any(times < 0 for times in config.sweep):
        raise InputError(f"--sweep {config.sweep}: expected numbers of 0 or more")
    _refuse_marks(config)
    sets = {"train": ["R"], "val": Path("val"), "test": Path("test")}
    validated(EvaluateConfig, {**options.evaluate, **sets}, str(config.evaluate or "--evaluate"))


def check_presets(presets: Sequence[str], refine: Path | None, program: Sequence[str]) -> list[str]:
    """All presets that the command refine knows, by its own list. InputError for one of presets that it does not know,
    or for options in the refine file that it refuses."""
    asked_for = ["--preset", "?", "--synthetic", ".", "--out", "."]
    words = [*program, "refine", *(["--config", str(refine)] if refine else []), *asked_for]
    status, text = asked(words)
    listed = re.search(r"known presets: (.*)", text, re.DOTALL)
    if listed is None:
        raise InputError(
            f"--refine {refine or ''}: refine does not start (exit status {status}): {text.strip()[-600:]}"
        )
    known = re.findall(r"(?:^|; )([A-Za-z][\w+-]*) \(", listed[1])
    unknown = [name for name in presets if name not in known]
    if unknown:
        raise InputError(f'--presets: "{unknown[0]}" is no preset of refine; known: {", ".join(known)}')
    return known


def _read(name: str, path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    if not path.is_file():
        raise InputError(f"--{name} {path}: no such file; expected a YAML file of `generate.py {name}` options")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"--{name} {path}: not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f"--{name} {path}: expected 'option: value' lines, found {type(values).__name__}")
    for option in OWN_OPTIONS[name]:
        if option in values:
            hint = "; say --seeds of the benchmark" if option == "seeds" else ""
            raise InputError(f"--{name} {path}: {option} is given by the benchmark itself; remove it{hint}")
    return values


def _check_real(sets: RealSets, option: str, needed: bool) -> None:
    parts = {"train": sets.train, "val": sets.val, "test": sets.test}
    given = {name: path for name, path in parts.items() if path is not None}
    if sets.folder is not None:
        if given:
            raise InputError(
                f"{option}: folder and {', '.join(given)} are given; expected one folder, or three datasets"
            )
        Dataset.read(sets.folder)
        return
    if not given and not needed:
        return
    missing = [name for name in parts if name not in given]
    if missing:
        raise InputError(
            f"{option}: found no {', '.join(missing)}; expected {option}.train, {option}.val and {option}.test, or "
            f"{option}.folder with one dataset to divide"
        )
    for path in given.values():
        Dataset.read(path)
    if len({path.resolve() for path in given.values()}) < len(given):
        raise InputError(f"{option}: the same dataset is named twice among {', '.join(given)}; they must differ")


def _refuse_marks(config: BenchmarkConfig) -> None:
    """A comma or an equals sign in a folder's name would cut the list of training sets in two."""
    folders = [config.out, config.synthetic, config.real.train, config.new.train]
    for folder in folders:
        if folder is not None and set(",=") & set(str(folder.resolve())):
            raise InputError(
                f"{folder.resolve()}: a folder's name must hold no comma and no equals sign here; rename it"
            )
