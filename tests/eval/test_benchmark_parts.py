"""Parts of the benchmark by themselves: printed numbers, plans, keys, regressions, sentences."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from annotate.errors import InputError
from eval.benchmark import thesis
from eval.benchmark.conclusion import headline, sentences
from eval.benchmark.config import budget_seconds
from eval.benchmark.design import Design
from eval.benchmark.figures import regression
from eval.benchmark.plan import Paces, time_text
from eval.benchmark.results import Distance, Figure, Results, SetResult
from eval.benchmark.sizes import Count, Sizes
from eval.benchmark.stages import Source, Stage, Work, Workspace, content_key
from eval.benchmark.tables import Material, average_table, score_tables, sweep_points

EVERY_ROW = [*thesis.scores().items(), *((str(times), row) for times, row in thesis.TABLE_4_6.items())]


@pytest.mark.parametrize(("name", "row"), EVERY_ROW)
def test_printed_f1_is_that_of_printed_precision_and_recall(name: str, row: thesis.Scores) -> None:
    assert 2 * row.precision * row.recall / (row.precision + row.recall) == pytest.approx(row.f1, abs=0.0012)


def test_printed_rows_have_the_printed_averages() -> None:
    for key, table in (("with", thesis.TABLE_4_3), ("without", thesis.TABLE_4_4)):
        fid, f1 = thesis.TABLE_4_7[key]
        assert np.mean([row.f1 for row in table.values()]) == pytest.approx(f1, abs=0.0006)
        assert np.mean([thesis.TABLE_4_1[name].to_real for name in table]) == pytest.approx(fid, abs=0.006)
    assert sorted(thesis.TABLE_3_2) == sorted([*thesis.TABLE_4_3, *thesis.TABLE_4_4])


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("3h", 10800), ("1h30m", 5400), ("45s", 45), ("1.5h", 5400)]
)
def test_budget_is_read(text: str, seconds: float) -> None:
    assert budget_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "h", "0m", "3 days", "-1h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected a time such as"):
        budget_seconds(text)


def test_seeds_go_first_then_presets_from_the_end_then_the_sweep() -> None:
    design = Design(("A", "D_S", "B"), "D_S", 5, sweep=(1, 3), mixtures=True, compare=True, new=True)
    steps = [(one.seeds, one.presets, one.sweep, one.new) for one in design.smaller()]
    every, both = ("A", "D_S", "B"), (1, 3)
    assert steps == [
        *((seeds, every, both, True) for seeds in (5, 3, 2, 1)),
        (1, ("A", "D_S"), both, True),
        (1, ("D_S",), both, True),
        (1, ("D_S",), (1,), True),
        (1, ("D_S",), (), True),
        (1, ("D_S",), (), False),
    ]
    assert list(design.smaller())[-1].left_out == (
        "seeds: 1 instead of 5", "refiner B", "refiner A", "sweep: 3 times as many refined pictures",
        "sweep: 1 times as many refined pictures", "D_new: R divided the other way round",
    )  # fmt: skip


def test_measured_times_replace_guesses_of_their_kind_only() -> None:
    done = [
        {"pace": "refine", "guess_s": 10.0, "seconds": 30.0},
        {"pace": "refine", "guess_s": 30.0, "seconds": 50.0},
        {"pace": "train", "guess_s": 10.0, "seconds": 1.0, "continued": True},
    ]
    paces = Paces.measured(done)
    assert paces.seconds(Work({}, 100.0, "refine")) == pytest.approx(200.0)
    assert paces.seconds(Work({}, 100.0, "train")) == 100.0
    assert paces.is_guess(Work({}, 100.0, "train")) and not paces.is_guess(Work({}, 1.0, "refine"))


def test_times_are_written_for_people() -> None:
    assert [time_text(seconds, False) for seconds in (12, 600, 5400, 11100)] == [
        "12 s",
        "10 min",
        "1 h 30 min",
        "3 h 05 min",
    ]
    assert time_text(600, True) == "~10 min"


def _stage(**options: object) -> Stage:
    return Stage("x", "refine", {}, lambda _: dict(options), Work({}, 1.0, "refine"), "X")


def test_key_follows_contents_and_not_places(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "out")
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("weights")
    second.write_text("weights")

    def key(**options: object) -> str:
        prepared = space.prepare(_stage(**options))
        assert prepared is not None
        return prepared.key

    before = key(filters=4, weights=str(first), device="cpu")
    assert key(filters=4, weights=str(second), device="cuda") == before
    assert key(filters=5, weights=str(first)) != before
    named = key(also_test=[f"hall={first},{second}"])
    second.write_text("other weights")
    assert key(filters=4, weights=str(second)) != before
    assert key(also_test=[f"hall={first},{second}"]) != named
    assert key(preset=str(first)) != key(preset=str(second)), "a preset is a name even if a file is called so"


def test_key_follows_labels_and_pictures_of_a_dataset(tmp_path: Path, write_discs) -> None:
    first = write_discs(tmp_path / "first", 2, size=64)
    same = write_discs(tmp_path / "deeper" / "first", 2, size=64)
    assert (
        content_key(first)
        == content_key(same)
        != content_key(write_discs(tmp_path / "c" / "first", 2, size=64, seed=1))
    )
    folder = tmp_path / "deeper"
    before = content_key(folder)
    (folder / "notes.txt").write_text("x")
    assert content_key(folder) != before


def test_stage_waits_for_what_it_needs_and_finds_it(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    stage = Stage("b", "split", {"A": Source(Path("train"), "a")}, lambda paths: {"dataset": str(paths["A"])},
                  Work({}, 1.0, "split"), "B")  # fmt: skip
    assert space.prepare(stage) is None
    space.results["a"] = tmp_path / "a"
    prepared = space.prepare(stage)
    assert prepared is not None and prepared.options == {"dataset": str(tmp_path / "a" / "train")}


def test_regression_is_scipys_with_an_interval_of_the_slope() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(100, 170, 14)
    y = 0.95 - 0.001 * x + rng.normal(0, 0.01, 14)
    line = regression(list(x), list(y))
    assert line is not None
    found = stats.linregress(x, y)
    assert (line.slope.value, line.r.value) == pytest.approx((found.slope, found.rvalue))
    r = stats.pearsonr(x, y).confidence_interval()
    assert (line.r.low, line.r.high) == pytest.approx((r.low, r.high))
    assert line.slope.low < found.slope < line.slope.high and line.slope.excludes_zero == (found.pvalue < 0.05)
    height, low, high = line.band(x, y, np.array([x.mean()]))
    assert height[0] == pytest.approx(y.mean()) and low[0] < height[0] < high[0]


def test_regression_of_what_does_not_vary_is_none() -> None:
    assert regression([1.0, 1.0, 1.0], [0.1, 0.2, 0.3]) is None and regression([1.0, 2.0], [0.1, 0.2]) is None


def _row(name: str, f1: float) -> SetResult:
    return SetResult(name, {key: Figure(f1) for key in ("precision", "recall", "f1")}, [1.0], [], 1)


def _material(f1: dict[str, float], differences: dict[tuple[str, str], Figure], presets: tuple[str, ...]) -> Material:
    results = Results({name: _row(name, value) for name, value in f1.items()}, differences)
    sizes = Sizes({"train": Count(10, 20)}, {}, Count(40, 80))
    return Material(results, Design(presets, presets[0], 1, sweep=(1, 3, 5, 7)), sizes, True, {})


def test_nothing_is_claimed_without_an_interval_that_leaves_out_zero() -> None:
    f1 = {"R": 0.7, "S": 0.6, "D_S": 0.8}
    unsure = _material(f1, {("D_S", "S"): Figure(0.2, -0.1, 0.3), ("D_S", "R"): Figure(0.1, -0.1, 0.3)}, ("D_S",))
    assert headline(unsure) == "No training set is clearly best: D_S and R cannot be told apart"
    assert "Of 1 refined set none can be told from S by F1." in sentences(unsure)
    sure = _material(f1, {("S", "D_S"): Figure(-0.2, -0.3, -0.1), ("D_S", "R"): Figure(0.1, 0.05, 0.3)}, ("D_S",))
    assert headline(sure) == "D_S trains the best detector: F1 0.80"
    sure.results.stands_in = True
    assert headline(sure) == "D_S trains the best detector on a stand-in for real pictures: F1 0.80"
    assert any(text.startswith("Of 1 refined set, 1 above S (D_S; most D_S: +0.200") for text in sentences(sure))


def test_sweep_ends_where_all_refined_pictures_are_used() -> None:
    material = _material({}, {}, ("D_S",))
    assert sweep_points(material.design, material.sizes) == [0, 1, 3, 5]


def test_average_takes_refiners_measured_both_ways_only() -> None:
    f1 = {"D": 0.5, "D_S": 0.7, "M": 0.6, "M_S": 0.9, "C_CP": 0.1}
    material = _material(f1, {}, ("D", "D_S", "M", "M_S", "C_CP"))
    material.results.distances = [Distance(name, "R", "FD-bank", Figure(f1[name] * 10)) for name in f1]
    table = average_table(material)
    assert table is not None
    assert [[cell.value for cell in row.cells if cell] for row in table.rows] == [
        pytest.approx([8.0, 0.8]), pytest.approx([5.5, 0.55])
    ]  # fmt: skip
    assert all(cell.published is None for row in table.rows for cell in row.cells if cell), (
        "FD is no FID, four are not fourteen"
    )


def test_row_that_was_not_measured_says_why_and_shows_no_figure() -> None:
    material = _material({"S": 0.5}, {}, ("D_S",))
    material = Material(material.results, material.design, material.sizes, True, {"R": "train R, seed 0: no memory"})
    table = next(table for table in score_tables(material) if table.id == "table-4-2")
    rows = {row.name: row for row in table.rows}
    assert rows["R"].cells == [None] * 4 and rows["R"].under == "train R, seed 0: no memory"


def test_variants_of_section_5_8_have_the_f1_that_its_text_gives() -> None:
    material = _material({"D_S": 0.5, "D_VGG5_S": 0.4}, {}, ("D_S", "D_VGG5_S"))
    table = next(table for table in score_tables(material) if table.id == "table-4-3")
    assert [[cell.published for cell in row.cells if cell] for row in table.rows] == [
        [9, 0.872, 0.892, 0.882], [None, None, None, 0.824]
    ]  # fmt: skip


def test_report_of_a_stand_in_is_read_under_its_own_name() -> None:
    results = Results()
    measures = {"R (stand-in)": {"figures": {"f1": {"value": 0.5, "low": 0.4, "high": 0.6}, "ap": {"value": None}}}}
    difference = {"value": 0.1, "low": 0.0, "high": 0.2}
    results.add_evaluation(
        {
            "sets": [{"name": "R (stand-in)", "records": [{"chosen": {"epoch": 7.5}}]}],
            "tests": [
                {
                    "measures": measures,
                    "comparisons": [{"first": "R (stand-in)", "second": "S", "differences": {"f1": difference}}],
                },
                {"measures": {"R (stand-in)": {"figures": {"f1": {"value": 0.0}}}}},
            ],
        }
    )
    assert results.sets["R"].figures == {"f1": Figure(0.5, 0.4, 0.6)} and results.sets["R"].epochs == [7.5]
    assert results.difference("S", "R") == Figure(-0.1, -0.2, 0.0)
