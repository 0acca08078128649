"""The command line as a person types it: overview, unknown words, config files, exit statuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import tyro
from pydantic import BaseModel
from tqdm import tqdm

import generate
from annotate.errors import InputError
from render.libraries import missing_libraries, parse_ldd


class Inner(BaseModel):
    noise: float = 0.1


class Example(BaseModel):
    folder: tyro.conf.Positional[Path]
    out: Path
    people: tuple[int, int] = (1, 5)
    inner: Inner = Inner()
    overwrite: bool = False


def test_a_switch_is_one_word() -> None:
    config = generate.parse("example", Example, ["a", "--out", "b", "--overwrite"])
    assert isinstance(config, Example) and config.overwrite


def write(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_options_win_over_the_config_file_which_wins_over_defaults(tmp_path: Path) -> None:
    file = write(tmp_path, "out: from-file\npeople: [2, 3]\ninner: {noise: 0.5}\n")
    config = generate.parse("example", Example, ["a", "--config", str(file), "--people", "4", "6"])
    assert config == Example(folder=Path("a"), out=Path("from-file"), people=(4, 6), inner=Inner(noise=0.5))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour: red\n", "'colour' is no option of this command; known: folder, out, people, inner, overwrite"),
        ("people: many\n", "people: Input should be a valid tuple, found 'many'"),
        ("- 1\n", "expected 'option: value' lines, found list"),
        ("a: [1\n", "not valid YAML"),
    ],
)
def test_a_config_file_that_does_not_fit_is_named_with_its_field(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        generate.parse("example", Example, ["a", "--config", str(file)])
    assert str(file) in str(caught.value) and message in str(caught.value)


def test_a_missing_config_file_ends_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["view", "S", "--config", "nowhere.yaml"]) == 2
    assert capsys.readouterr().err == "generate.py view: --config nowhere.yaml: no such file\n"


def test_an_out_below_a_file_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "")
    assert generate.main(["view", str(tmp_path / "no-dataset"), "--out", str(file / "a/view.html")]) == 2
    assert f"{file} is a file; expected a folder there" in capsys.readouterr().err


def test_an_error_stands_on_a_line_of_its_own_below_a_progress_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = []

    def fail(*_: object) -> int:
        bars.append(tqdm(total=9, leave=False))
        raise InputError("wrong")

    monkeypatch.setattr(generate, "_run", fail)
    assert generate.main(["check"]) == 2
    bars[0].close()
    assert "\rgenerate.py check: wrong\n" in capsys.readouterr().err


def test_a_file_that_the_system_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "_run", lambda *_: Path("/nowhere/at/all").read_text())
    assert generate.main(["check"]) == 1
    assert capsys.readouterr().err == "generate.py check: /nowhere/at/all: No such file or directory\n"


def test_an_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["paint"]) == 2
    assert f"the commands are {', '.join(generate.COMMANDS)}" in capsys.readouterr().err
    assert generate.main(["site", "paint"]) == 2
    assert "the commands are site show, site plate, site import" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(generate.COMMANDS))
def test_every_command_explains_every_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    schema, _ = generate.COMMANDS[name].load()
    with pytest.raises(SystemExit) as caught:
        generate.main([name, "--help"])
    assert caught.value.code == 0
    assert all(field.description or schema.__doc__ for field in schema.model_fields.values())
    assert capsys.readouterr().out.strip()


def test_missing_system_libraries_are_read_from_the_linker(tmp_path: Path) -> None:
    listing = "\tlibX11.so.6 => /lib/libX11.so.6 (0x1)\n\tlibSM.so.6 => not found\n\tlibXi.so.6 => not found\n"
    assert parse_ldd(listing) == ["libSM.so.6", "libXi.so.6"]
    assert missing_libraries(Path("/bin/sh")) == []
