"""The command line of plafond: one thin function per command, no logic of its own.

    generate.py COMMAND [--config FILE.yaml] [options]

Every command is described by one typed config object. Its fields are the options, the keys of the YAML file that
--config reads (options given on the command line win), and the config.yaml that is saved with the result.
Exit status: 0 done, 2 bad input, 1 failure.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import tyro
import yaml
from pydantic import BaseModel, ValidationError
from tqdm import tqdm

from annotate.errors import InputError, PlafondError
from annotate.files import write_text


@dataclass(frozen=True)
class Command:
    """One command: what it is for, and where its config and what runs it live (module:name); loaded when asked for."""

    summary: str
    config: str
    runner: str

    def load(self) -> tuple[type[BaseModel], Callable[[Any], Path]]:
        """The class of its config and the function that takes one."""
        return _named(self.config), _named(self.runner)


COMMANDS: dict[str, Command] = {
    "render": Command(
        "people into pictures of an office, with exact labels", "render.config:RenderConfig", "render.farm:run"
    ),
    "refine": Command(
        "make rendered people look like the real ones", "refine.config:RefineConfig", "refine.pipeline:run"
    ),
    "evaluate": Command(
        "train a detector, test it on real pictures, write the report",
        "eval.config:EvaluateConfig",
        "eval.evaluation.run:run",
    ),
    "benchmark": Command(
        "render, refine, train, select, test: the thesis's tables with your pictures",
        "eval.benchmark.config:BenchmarkConfig",
        "eval.benchmark.run:run",
    ),
    "ood": Command(
        "does a network know pictures of another room or camera?", "eval.ood.config:OodConfig", "eval.ood.command:run"
    ),
    "export": Command(
        "a trained detector as an ONNX file, checked",
        "eval.detectors.export_config:ExportConfig",
        "eval.detectors.export:run",
    ),
    "compare": Command(
        "how far datasets are from one another: distances, a line that tells them apart, components",
        "eval.compare.config:CompareConfig",
        "eval.compare.command:run",
    ),
    "lens": Command(
        "what a calibration file says, drawn",
        "annotate.calibration.command:LensConfig",
        "annotate.calibration.command:run",
    ),
    "lens fit": Command(
        "a lens from its circle, straight lines or matched points",
        "annotate.calibration.fit_command:LensFitConfig",
        "annotate.calibration.fit_command:run_fit",
    ),
    "site show": Command(
        "grid, furniture and figures drawn over a site's picture",
        "annotate.site.show:SiteShowConfig",
        "annotate.site.show:run_show",
    ),
    "site plate": Command(
        "an empty background from frames of a fixed camera",
        "annotate.site.plate:SitePlateConfig",
        "annotate.site.plate:run_plate",
    ),
    "site import": Command(
        "polygons of Labelme or COCO into a site",
        "annotate.site.polygons:SiteImportConfig",
        "annotate.site.polygons:run_import",
    ),
    "sensor measure": Command(
        "noise, sharpness, tone and compression of real pictures, for render --sensor.like",
        "render.sensor.command:SensorMeasureConfig",
        "render.sensor.command:run_measure",
    ),
    "assets list": Command(
        "what can be downloaded: motion capture, bodies, clothes",
        "assets.store_commands:AssetsListConfig",
        "assets.store_commands:run_list",
    ),
    "assets fetch": Command(
        "download some of it, checked", "assets.store_commands:AssetsFetchConfig", "assets.store_commands:run_fetch"
    ),
    "assets check": Command(
        "hold downloads against their checksums",
        "assets.store_commands:AssetsCheckConfig",
        "assets.store_commands:run_check",
    ),
    "convert": Command(
        "a labelled set from one format into another",
        "annotate.formats.convert:ConvertConfig",
        "annotate.formats.convert:run",
    ),
    "split": Command("a dataset into train, val and test", "annotate.split:SplitConfig", "annotate.split:run"),
    "merge": Command("several datasets into one", "annotate.merge:MergeConfig", "annotate.merge:run"),
    "check": Command("every fault of a dataset, with its remedy", "annotate.check:CheckConfig", "annotate.check:run"),
    "stats": Command(
        "an HTML page of a dataset's distributions, beside real ones",
        "annotate.page.stats:StatsConfig",
        "annotate.page.stats:run",
    ),
    "view": Command(
        "an HTML page of pictures with their labels", "annotate.page.view:ViewConfig", "annotate.page.view:run"
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors become one message on stderr, never a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0 if arguments else 2
    name, rest = _command_name(arguments)
    try:
        return _run(name, rest)
    except PlafondError as error:
        _complain(name, str(error))
        return error.exit_status
    except KeyboardInterrupt:
        _complain(name, "stopped; the same command continues it")
        return 1
    except BrokenPipeError:
        raise
    except (OSError, MemoryError) as error:
        _complain(name, _system_message(error))
        return 1


def _system_message(error: OSError | MemoryError) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return f"{type(error).__name__}: {error}"


def _complain(name: str, message: str) -> None:
    """Print an error on a line of its own, whatever progress bar is being drawn."""
    tqdm.write(f"generate.py {name}: {message}", file=sys.stderr)


def _command_name(arguments: list[str]) -> tuple[str, list[str]]:
    """The command, of two words where such a one exists, and its arguments."""
    pair = " ".join(arguments[:2])
    return (pair, arguments[2:]) if pair in COMMANDS else (arguments[0], arguments[1:])


def _named(place: str) -> Any:
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)


def _run(name: str, arguments: list[str]) -> int:
    if name not in COMMANDS:
        longer = [known for known in COMMANDS if known.startswith(f"{name} ")]
        raise InputError(f"there is no such command; the commands are {', '.join(longer or COMMANDS)}")
    if name == "benchmark" and arguments and not arguments[0].startswith("-"):
        arguments = ["--config", *arguments]
    schema, run = COMMANDS[name].load()
    config = parse(name, schema, arguments)
    out = getattr(config, "out", None)
    if isinstance(out, Path):
        _refuse_below_file(out)
    result = run(config)
    if isinstance(out, Path) and out.is_dir():
        write_text(out / "config.yaml", yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    print(result)
    return 0


def _refuse_below_file(out: Path) -> None:
    """InputError if a file stands where --out needs a folder, before hours are spent on what cannot be written."""
    file = next((parent for parent in out.parents if parent.is_file()), None)
    if file is not None:
        raise InputError(f"--out {out}: {file} is a file; expected a folder there")


def parse(name: str, schema: type[BaseModel], arguments: list[str]) -> BaseModel:
    """The config that the arguments, over the --config file, over the defaults, describe. InputError if they do not fit."""
    file, rest = _take_config_option(arguments)
    default = _partial(schema, _read_yaml(file), file) if file else None
    try:
        return cast(BaseModel, tyro.cli(schema, default=default, args=rest, prog=f"generate.py {name}"))
    except ValidationError as error:
        raise InputError(_readable(error, "options")) from None


def _take_config_option(arguments: list[str]) -> tuple[Path | None, list[str]]:
    for place, word in enumerate(arguments):
        if word == "--config":
            if place + 1 == len(arguments):
                raise InputError("--config: expected the name of a YAML file after it")
            return Path(arguments[place + 1]), arguments[:place] + arguments[place + 2 :]
        if word.startswith("--config="):
            return Path(word.removeprefix("--config=")), arguments[:place] + arguments[place + 1 :]
    return None, arguments


def _read_yaml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InputError(f"--config {file}: no such file")
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"--config {file}: not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f"--config {file}: expected 'option: value' lines, found {type(values).__name__}")
    return values


def _partial(schema: type[BaseModel], values: dict[str, Any], file: Path) -> BaseModel:
    """A config in which only the file's values are set, each checked; what is still required is marked as missing."""
    unknown = sorted(set(values) - set(schema.model_fields))
    if unknown:
        known = ", ".join(schema.model_fields)
        raise InputError(f"--config {file}: {unknown[0]!r} is no option of this command; known: {known}")
    required = [key for key, field in schema.model_fields.items() if field.is_required()]
    config = schema.model_construct(**dict.fromkeys(required, tyro.MISSING))
    return config.model_copy(update={key: _checked(schema, key, value, file) for key, value in values.items()})


def _checked(schema: type[BaseModel], key: str, value: Any, file: Path) -> Any:
    try:
        return getattr(schema.__pydantic_validator__.validate_assignment(schema.model_construct(), key, value), key)
    except ValidationError as error:
        raise InputError(_readable(error, f"--config {file}")) from None


def _readable(error: ValidationError, where: str) -> str:
    """One line for each field that does not fit: where it stands, what is wrong, what was found."""
    return "\n".join(
        f"{where}: {'.'.join(map(str, item['loc'])) or 'value'}: {item['msg']}, found {item['input']!r:.120}"
        for item in error.errors()
    )


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: generate.py COMMAND [--config FILE.yaml] [options]",
            "",
            *lines,
            "",
            "generate.py COMMAND --help lists a command's options.",
        ]
    )


if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # Whoever reads what is printed has read enough, as `head` does.
        sys.stdout, status = None, 1
    sys.exit(status)
