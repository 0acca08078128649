"""The command line of plafond: one thin function per command, no logic of its own.

    generate.py COMMAND [--config FILE.yaml] [options]

Every command is described by one typed config object. Its fields are the options, the keys of the YAML file that
--config reads (options given on the command line win), and the config.yaml that is saved with the result.
Exit status: 0 done, 2 bad input, 1 failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import tyro
import yaml
from pydantic import BaseModel, ValidationError

from annotate.errors import InputError, PlafondError
from annotate.files import write_text


@dataclass(frozen=True)
class Command:
    """One command: what it is for, where its config lives and what runs it. Modules load only when asked for."""

    summary: str
    load: Callable[[], tuple[type[BaseModel], Callable[[Any], Path]]]


def _render() -> tuple[type[BaseModel], Callable[[Any], Path]]:
    from render.config import RenderConfig
    from render.farm import run

    return RenderConfig, run


def _convert() -> tuple[type[BaseModel], Callable[[Any], Path]]:
    from annotate.formats import ConvertConfig, run

    return ConvertConfig, run


def _split() -> tuple[type[BaseModel], Callable[[Any], Path]]:
    from annotate.split import SplitConfig, run

    return SplitConfig, run


def _refine() -> tuple[type[BaseModel], Callable[[Any], Path]]:
    from refine.config import RefineConfig
    from refine.pipeline import run

    return RefineConfig, run


def _evaluate() -> tuple[type[BaseModel], Callable[[Any], Path]]:
    from eval.config import EvaluateConfig
    from eval.evaluate import run

    return EvaluateConfig, run


def _view() -> tuple[type[BaseModel], Callable[[Any], Path]]:
    from annotate.page.view import ViewConfig, run

    return ViewConfig, run


COMMANDS: dict[str, Command] = {
    "render": Command("people into pictures of an office, with exact labels", _render),
    "convert": Command("a labelled set in another format into a dataset folder", _convert),
    "split": Command("a dataset into train, val and test", _split),
    "refine": Command("make rendered people look like the real ones", _refine),
    "evaluate": Command("train a detector, test it on real pictures, write the report", _evaluate),
    "view": Command("an HTML page of pictures with their labels", _view),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors become one message on stderr, never a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0 if arguments else 2
    try:
        return _run(arguments[0], arguments[1:])
    except PlafondError as error:
        print(f"generate.py {arguments[0]}: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print(f"\ngenerate.py {arguments[0]}: stopped; the same command continues it", file=sys.stderr)
        return 1
    except (OSError, MemoryError) as error:
        print(f"generate.py {arguments[0]}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _run(name: str, arguments: list[str]) -> int:
    if name not in COMMANDS:
        raise InputError(f"there is no such command; the commands are {', '.join(COMMANDS)}")
    schema, run = COMMANDS[name].load()
    config = parse(name, schema, arguments)
    result = run(config)
    out = getattr(config, "out", None)
    if isinstance(out, Path) and out.is_dir():
        write_text(out / "config.yaml", yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
    print(result)
    return 0


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
    sys.exit(main())
