"""The benchmark over commands that stand in for the real ones: order, caching, kills, failures, budget, report."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from annotate.errors import InputError, PlafondError
from eval.benchmark.config import PARTS, BenchmarkConfig, RealSets
from eval.benchmark.processes import locked
from eval.benchmark.run import run_benchmark

COMMANDS = Path(__file__).with_name("benchmark_commands.py")
PROGRAM = (sys.executable, str(COMMANDS))


class Bench:
    """A configuration with its stand-in commands. R: 3, 2 and 4 pictures; S: 12."""

    def __init__(self, root: Path, write_discs: Callable[..., Path]) -> None:
        self.root = root
        self.control()
        small = {"size": 64, "people": 1, "kind": "real"}
        parts = {name: write_discs(root / f"R-{name}", count, seed=count, **small)
                 for name, count in (("train", 3), ("val", 2), ("test", 4))}  # fmt: skip
        self.options("render", images=12)
        self.options("refine", filters=4)
        self.options("evaluate", device="cpu", target="head")
        self.config = BenchmarkConfig(
            out=root / "out", real=RealSets(**parts), render=root / "render.yaml", refine=root / "refine.yaml",
            evaluate=root / "evaluate.yaml", presets=["C_CP", "D_S"], seeds=1, sweep=[0, 1, 3, 10, 15], parts=["4.2", "4.5"],
        )  # fmt: skip

    def control(self, **values: object) -> None:
        (self.root / "control.json").write_text(json.dumps(values))

    def options(self, name: str, **values: object) -> None:
        (self.root / f"{name}.yaml").write_text(yaml.safe_dump(values))

    def run(self, **changes: object) -> Path:
        return run_benchmark(self.config.model_copy(update=changes), PROGRAM)

    def calls(self) -> list[str]:
        """Stages whose command was called since the last question, in order."""
        path = self.root / "calls.txt"
        lines = path.read_text().splitlines() if path.is_file() else []
        path.unlink(missing_ok=True)
        return lines

    def report(self) -> dict:
        return json.loads((self.root / "out" / "report.json").read_text())


ALL = {"presets": ["C_CP", "C_CP_S", "D_S"], "seeds": 2, "parts": list(PARTS)}


@pytest.fixture
def bench(tmp_path: Path, write_discs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("BENCHMARK_COMMANDS", str(tmp_path))
    return Bench(tmp_path, write_discs)


def test_every_stage_is_done_once_and_in_order(bench: Bench) -> None:
    bench.run(**ALL)
    calls = bench.calls()
    assert max(Counter(calls).values()) == 1
    assert calls[:5] == ["train-R-seed-0", "render-S", "refine-C_CP", "refine-C_CP_S", "refine-D_S"]
    assert {"draw-1x-D_S", "draw-3x-D_S", "refine-D_S_reproduction"} <= set(calls)
    assert not any("10x" in call or "15x" in call for call in calls), "3 x 10 pictures are more than the 12 of S"
    sets = ["R", "S", "C_CP", "C_CP_S", "D_S", "R-+-S", "R-+-D_S", "R-+-1x-D_S", "R-+-3x-D_S", "D_S_reproduction"]
    assert {call for call in calls if call.startswith("train")} == {
        f"train-{name}-seed-{seed}" for name in sets for seed in (0, 1)
    }
    assert [call for call in calls if "seed-1" in call] == calls[-13:-3], "all sets with one seed before the next"
    assert calls[-3:] == ["test", "compare", "project-D_S"]


def test_report_fills_the_tables_and_shows_the_thesis_beside_ours(bench: Bench) -> None:
    bench.run(**{**ALL, "seeds": 1})
    report = bench.report()
    tables = {table["id"]: table for table in report["tables"]}
    assert set(tables) == {f"table-{n}" for n in ("4-1", "4-2", "4-3", "4-4", "4-5", "4-6", "4-7", "5-3")} | {"stages"}
    real = next(row for row in tables["table-4-2"]["rows"] if row["name"] == "R")
    assert [cell["published"] for cell in real["cells"]] == [89, 0.9, 0.833, 0.865]
    assert real["cells"][3]["low"] < real["cells"][3]["value"] < real["cells"][3]["high"]
    assert [row["name"] for row in tables["table-4-6"]["rows"]] == ["R + 0x", "R + 1x", "R + 3x", "R + 10x"]
    assert all(cell["published"] is None for row in tables["table-4-1"]["rows"] for cell in row["cells"] if cell)
    assert "FD-bank" in tables["table-4-1"]["note"]
    plots = {plot["id"] for plot in report["plots"]}
    assert {"figure-4-7", "figure-4-8", "figure-4-9", "figure-4-11-f1", "figure-4-12-loss", "projection-D_S-0"} <= plots


def test_whole_people_are_not_compared_with_the_heads_of_the_thesis(bench: Bench) -> None:
    bench.options("evaluate", device="cpu", target="person")
    bench.run(parts=["4.2"])
    (table,) = (table for table in bench.report()["tables"] if table["id"] == "table-4-2")
    assert all(cell["published"] is None for row in table["rows"] for cell in row["cells"])
    assert "heads" in table["note"]


def test_same_command_again_does_nothing_but_the_report(bench: Bench) -> None:
    bench.run()
    first = bench.report()
    bench.calls()
    bench.run()
    assert bench.calls() == []
    again = bench.report()
    assert again["sets"] == first["sets"] and {entry["state"] for entry in again["stages"]} == {"kept"}


def test_changed_refiner_options_repeat_what_depends_on_refined_sets(bench: Bench) -> None:
    bench.run(parts=["4.5", "4.6"], sweep=[1])
    bench.calls()
    bench.options("refine", filters=8)
    bench.run(parts=["4.5", "4.6"], sweep=[1])
    assert set(bench.calls()) == {
        *("refine-C_CP", "refine-D_S", "draw-1x-D_S", "test"),
        *(f"train-{name}-seed-0" for name in ("C_CP", "D_S", "R-+-D_S", "R-+-1x-D_S")),
    }
    bench.options("refine", filters=4)
    bench.run(parts=["4.5", "4.6"], sweep=[1])
    assert bench.calls() == [], "what was valid before is still there"


def test_changed_validation_set_repeats_trainings_only(bench: Bench, write_discs: Callable[..., Path]) -> None:
    bench.run(parts=["4.2"])
    bench.calls()
    other = write_discs(bench.root / "other", 2, size=64, people=1, seed=99, kind="real")
    bench.run(parts=["4.2"], real=bench.config.real.model_copy(update={"val": other}))
    assert {call.split("-")[0] for call in bench.calls()} == {"train", "test"}


def test_another_preset_adds_only_its_own_stages(bench: Bench) -> None:
    bench.run(parts=["4.2"])
    bench.calls()
    bench.run(parts=["4.2"], presets=["C_CP", "D_S", "D"])
    assert bench.calls() == ["refine-D", "train-D-seed-0", "test"]


def test_dataset_that_moved_is_the_same(bench: Bench) -> None:
    bench.run()
    bench.calls()
    moved = bench.root / "elsewhere"
    (bench.root / "R-train").rename(moved)
    bench.run(real=bench.config.real.model_copy(update={"train": moved}))
    assert bench.calls() == []


def test_failed_refiner_takes_only_its_own_with_it(bench: Bench) -> None:
    bench.control(fail=["refine-C_CP"])
    wanted = {"parts": ["4.1", "4.2", "4.4"]}
    with pytest.raises(
        PlafondError, match=r"1 stages failed.*\n  refine C_CP: exit status 1: .*out of memory"
    ) as raised:
        bench.run(**wanted)
    assert raised.value.exit_status == 1
    calls, report = bench.calls(), bench.report()
    assert "train-C_CP-seed-0" not in calls and calls[-2:] == ["test", "compare"]
    assert [row["name"] for row in report["sets"]] == ["R", "S", "D_S"]
    assert any("refine C_CP failed" in text for text in report["warnings"])
    (row,) = next(table for table in report["tables"] if table["id"] == "table-4-4")["rows"]
    assert row["name"] == "C_CP" and row["cells"] == [None] * 4 and "it needs refine C_CP" in row["under"]

    bench.control()
    bench.run(**wanted)
    assert bench.calls() == ["refine-C_CP", "train-C_CP-seed-0", "test", "compare"]


def test_set_that_fails_with_a_later_seed_has_no_row_but_the_rest_keeps_both_seeds(bench: Bench) -> None:
    bench.control(fail=["train-D_S-seed-1"])
    with pytest.raises(PlafondError):
        bench.run(parts=["4.2"], presets=["D_S"], seeds=3)
    assert "train-D_S-seed-2" not in bench.calls()
    sets = {row["name"]: row["runs"] for row in bench.report()["sets"]}
    assert "D_S" not in sets and sets["R"] == sets["S"] == 3


DRIVER = """
import sys
from pathlib import Path
import yaml
from eval.benchmark.config import BenchmarkConfig
from eval.benchmark.run import run_benchmark
run_benchmark(BenchmarkConfig.model_validate(yaml.safe_load(Path(sys.argv[1]).read_text())), sys.argv[2:])
"""


def _started(bench: Bench) -> subprocess.Popen:
    """The benchmark as a process of its own."""
    path = bench.root / "config.yaml"
    path.write_text(yaml.safe_dump(bench.config.model_dump(mode="json")))
    words = [sys.executable, "-c", DRIVER, str(path), *PROGRAM]
    return subprocess.Popen(words, cwd=COMMANDS.parents[2], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _until(what: Callable[[], bool]) -> None:
    for _ in range(1200):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about within a minute")


def _is_free(out: Path) -> bool:
    try:
        with locked(out):
            return True
    except InputError:
        return False


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_killed_run_continues_where_it_stopped(bench: Bench) -> None:
    bench.control(kill="refine-D_S")
    assert _started(bench).wait() == -signal.SIGKILL
    _until(lambda: _is_free(bench.config.out))
    assert bench.calls() == ["train-R-seed-0", "render-S", "refine-C_CP", "refine-D_S"]
    bench.control()
    bench.run()
    calls = bench.calls()
    assert calls[0] == "refine-D_S" and "refine-C_CP" not in calls and "train-R-seed-0" not in calls
    marker = json.loads(next(bench.root.glob("out/stages/refine-D_S-????????/done.json")).read_text())
    assert marker["continued"], "its time says nothing about the next one"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_command_of_a_stopped_run_is_stopped_or_holds_the_folder(bench: Bench, number: signal.Signals) -> None:
    bench.control(last="render-S")
    process = _started(bench)
    written = bench.root / "pid.txt"
    _until(lambda: written.is_file() and written.read_text() != "")
    command = int(written.read_text())
    process.send_signal(number)
    process.wait()
    if number == signal.SIGTERM:
        assert _is_gone(command)
        return
    with pytest.raises(InputError, match="another benchmark writes there"):
        bench.run()
    os.kill(command, signal.SIGKILL)
    _until(lambda: _is_free(bench.config.out))


def test_result_that_was_damaged_is_made_again(bench: Bench) -> None:
    bench.run()
    bench.calls()
    (found,) = bench.root.glob("out/stages/refine-C_CP-????????/C_CP/annotations.json")
    found.unlink()
    bench.run()
    assert bench.calls() == ["refine-C_CP"], "and what follows is kept, for the same pictures came out"


def test_second_run_in_the_same_folder_is_refused(bench: Bench) -> None:
    with (
        locked(bench.root / "out"),
        pytest.raises(InputError, match=rf"another benchmark writes there \(process {os.getpid()}"),
    ):
        bench.run()
    assert bench.calls() == []


def test_dry_run_prints_the_plan_and_writes_nothing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.run(dry_run=True)
    text = capsys.readouterr().out
    assert "refine D_S " in text and "12 rendered pictures" in text and "~" in text
    assert bench.calls() == [] and not (bench.root / "out").exists()
    bench.run()
    capsys.readouterr()
    bench.run(dry_run=True)
    assert all(line.endswith("done") for line in capsys.readouterr().out.splitlines()[1:-2])


def test_budget_leaves_out_and_says_so(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.run(**ALL, budget="1s", dry_run=True)
    text = capsys.readouterr().out
    for words in (
        "left out: seeds: 1 instead of 2",
        "left out: refiner C_CP_S",
        "left out: refiner C_CP\n",
        "sweep: 3",
    ):
        assert words in text
    assert "refiner D_S" not in text and "even this is expected to take longer" in text


def test_run_over_its_budget_still_tests_what_is_trained(bench: Bench) -> None:
    bench.run()
    bench.calls()
    bench.run(parts=["4.2"], presets=["D_S", "D"], budget="0.001s")
    assert bench.calls() == ["test"], "trained sets are tested, nothing new is begun"
    report = bench.report()
    assert "refiner D" in report["left_out"]
    assert [row["name"] for row in report["sets"]] == ["R", "S", "D_S"]


def test_new_division_takes_equal_steps(bench: Bench, write_discs: Callable[..., Path]) -> None:
    whole = write_discs(bench.root / "whole", 10, size=64, people=1, seed=5, kind="real")
    bench.run(new=RealSets(folder=whole, fractions=(0.6, 0.2, 0.2)), parts=["4.2", "5.2"], presets=["D_S"], seeds=1)
    (options,) = bench.root.glob("out/stages/refine-D_S_new-????????/stage.yaml")
    assert yaml.safe_load(options.read_text())["steps"] == 77
    table = next(table for table in bench.report()["tables"] if table["id"] == "table-5-2")
    assert [row["name"] for row in table["rows"]] == ["R_new", "D_S_new", "R_new + D_S_new"]
    assert [row["cells"][3]["published"] for row in table["rows"]] == [0.936, 0.867, 0.913]


def test_paintings_make_the_control(bench: Bench) -> None:
    paintings = bench.root / "paintings"
    paintings.mkdir()
    bench.run(paintings=paintings, parts=["5.1"], presets=["D_S"], seeds=1)
    table = next(table for table in bench.report()["tables"] if table["id"] == "table-5-1")
    assert [row["name"] for row in table["rows"]] == ["S", "S_style"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"presets": ["Z"]}, '"Z" is no preset of refine; known: C_CP, C_CP_S, D'),
        ({"budget": "soon"}, '--budget "soon": expected a time such as 90m'),
        ({"real": RealSets()}, "--real: found no train, val, test"),
        ({"real": RealSets(folder=Path("/nowhere"))}, "/nowhere: no such folder"),
        ({"paintings": Path("/nowhere")}, "--paintings /nowhere: no such folder"),
        ({"refine": Path("/nowhere.yaml")}, "--refine /nowhere.yaml: no such file"),
    ],
)
def test_bad_input_is_refused_before_work(bench: Bench, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bench.run(**changes)
    assert bench.calls() == [] and not (bench.root / "out").exists()


def test_options_that_the_benchmark_gives_itself_are_refused(bench: Bench) -> None:
    bench.options("evaluate", seeds=[0, 1])
    with pytest.raises(InputError, match=r"seeds is given by the benchmark itself; remove it; say --seeds"):
        bench.run()
    bench.options("evaluate", epoch=3)
    with pytest.raises(InputError, match=r"evaluate\.yaml\.epoch"):
        bench.run()


def test_folder_with_other_things_is_not_written_into(bench: Bench) -> None:
    (bench.root / "out").mkdir()
    (bench.root / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no benchmark"):
        bench.run()
