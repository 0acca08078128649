"""The ood command as a whole: every triplet, known answers, resuming, intervals and clear refusals."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.ood import command, models
from eval.ood.config import OodConfig
from eval.ood.methods import METHODS
from eval.ood.protocol import Judged, Triplet, TripletResult, triplets_of
from eval.ood.report import command_line
from eval.ood.summary import draw_means, summarise, value_table
from eval.report.document import Report

WriteDiscs = Callable[..., Path]
QUICK = ["knn", "pb-threshold", "mahalanobis"]


@pytest.fixture
def config(tmp_path: Path, write_discs: WriteDiscs) -> OodConfig:
    """Three rooms of another colour each; a third of each is train, val and test."""
    tints = {"grey": (0, 0, 0), "red": (90, 0, 0), "blue": (0, 0, 90)}
    for seed, (name, tint) in enumerate(tints.items()):
        write_discs(tmp_path / name, 18, seed=seed, size=96, tint=tint)
    return OodConfig(
        sets=[str(tmp_path / name) for name in tints], out=tmp_path / "out", crop_px=32, max_crops=60,
        fractions=(0.34, 0.33, 0.33), epochs=6, batch=8, neighbours=4, methods=QUICK,
    )  # fmt: skip


def _measured(config: OodConfig) -> Report:
    return command.measure(command.make_plan(config))


def test_rooms_of_other_colours_are_known_and_the_report_says_so(config: OodConfig) -> None:
    report = _measured(config)
    written = json.loads(json.dumps(report.as_json()))
    (table,) = report.sections[0].tables
    assert {row.name for row in table.rows} == {METHODS[name].title for name in QUICK}
    found = {entry["name"]: entry for entry in written["methods"]}
    for name in ("knn", "mahalanobis"):
        accuracy = found[name]["accuracy"]
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"] and accuracy["value"] > 0.75
        assert found[name]["auroc"]["value"] > 0.95
    assert METHODS[written["methods"][0]["name"]].title in report.headline and "chance is 50 %" in report.headline
    (plot,) = report.sections[0].plots
    assert plot.x_names == [row.name for row in table.rows] and plot.series[0].y == [
        r.cells[0].value for r in table.rows
    ]
    triplets = {(t["source"], t["validation"], t["target"]) for t in written["triplets"]}
    assert len(triplets) == len(written["triplets"]) == 6
    for entry in written["triplets"]:
        assert len({entry["source"], entry["validation"], entry["target"]}) == 3
        judged = entry["methods"]["knn"]
        assert judged["accuracy"] == pytest.approx((judged["accepted"] + judged["rejected"]) / 2)
    assert len(written["classifier"]) == 9
    assert any("There are 3 sources" in warning for warning in report.warnings)


def test_rooms_that_are_the_same_cannot_be_told_apart(config: OodConfig, write_discs: WriteDiscs) -> None:
    root = config.out.parent
    config.sets = [str(write_discs(root / name, 18, seed=seed, size=96)) for name, seed in zip("abc", (5, 6, 7))]  # noqa: B905
    for entry in _measured(config).results["methods"]:  # type: ignore[attr-defined]
        assert entry["accuracy"]["value"] == pytest.approx(0.5, abs=0.12)


def test_same_command_again_does_nothing_twice(config: OodConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    config.methods, config.epochs = ["pb-threshold"], 2
    first = _measured(config).as_json()
    trained: list[str] = []
    original = models.train_classifier
    monkeypatch.setattr(models, "train_classifier", lambda *a, **k: trained.append("one") or original(*a, **k))
    assert _measured(config).as_json() == first and not trained
    config.methods = ["pb-threshold", "knn"]
    again = _measured(config).as_json()
    assert not trained and {entry["name"] for entry in again["methods"]} == {"pb-threshold", "knn"}
    for before, after in zip(first["triplets"], again["triplets"], strict=True):
        assert after["methods"]["pb-threshold"] == before["methods"]["pb-threshold"]
    config.epochs, config.sources = 1, ["grey"]
    _measured(config)
    assert trained == ["one"]


def test_killed_run_keeps_the_triplets_it_finished(config: OodConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    config.methods, config.epochs = ["knn"], 1
    judged: list[int] = []
    original = command.run_protocol.__globals__["judge"]

    def judge(*arguments: object) -> Judged:
        judged.append(1)
        if len(judged) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr("eval.ood.protocol.judge", judge)
    with pytest.raises(KeyboardInterrupt):
        _measured(config)
    assert len(list((config.out / "triplets").glob("*.json"))) == 2
    assert len(_measured(config).results["triplets"]) == 6  # type: ignore[arg-type]
    assert len(judged) == 3 + 4


def test_command_writes_page_and_json(config: OodConfig) -> None:
    config.methods, config.sources, config.seeds = ["knn"], ["red"], [0, 1]
    config.epochs = 1
    page = command.run(config)
    assert page == config.out / "index.html"
    written = json.loads((config.out / "report.json").read_text())
    assert len(written["triplets"]) == 4 and {entry["source"] for entry in written["triplets"]} == {"red"}
    assert written["conditions"]["Seeds"] == "0, 1"
    assert "--sources red --methods knn --seeds 0 1" in written["commands"][0]


def test_command_line_names_what_is_not_as_usual(tmp_path: Path) -> None:
    config = OodConfig(sets=["a", "my b=b"], out=Path("o"), download=False, gap=2)
    assert command_line(config) == "python generate.py ood --sets a 'my b=b' --out o --gap 2 --no-download"


def test_help_and_documentation_name_every_method() -> None:
    root = Path(command.__file__).parents[2]
    for text in ((root / "eval/ood/config.py").read_text(), (root / "docs/ood.md").read_text()):
        assert [name for name in METHODS if name not in text] == []


def test_triplets_are_all_ordered_ones_of_different_sets() -> None:
    found = {(t.source, t.validation, t.target) for t in triplets_of("a", ["a", "b", "c", "d"])}
    assert found == {("a", v, t) for v in "bcd" for t in "bcd" if v != t}


def _results(accuracies: dict[tuple[str, str, str], list[float]], name: str = "knn") -> list[TripletResult]:
    return [
        TripletResult(Triplet(*triplet), seed, {name: Judged(value, value, value, value, value)})
        for triplet, values in accuracies.items()
        for seed, value in enumerate(values)
    ]


def test_figures_are_arranged_by_source_triplet_and_seed() -> None:
    accuracies = {
        ("a", "b", "c"): [0.1, 0.2],
        ("a", "c", "b"): [0.3, 0.4],
        ("b", "a", "c"): [0.5, 0.6],
        ("b", "c", "a"): [0.7, 0.8],
    }
    table = value_table(_results(accuracies), "knn", lambda judged: judged.accuracy)
    np.testing.assert_array_equal(table, [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]]])
    (found,) = summarise(_results(accuracies), 0)
    assert found.accuracy.value == pytest.approx(0.45) and found.behind_best is None


def test_sources_that_differ_widen_the_interval_as_their_spread_says() -> None:
    """Where only sources differ, the mean over s drawn sources has the standard error of s draws."""
    table = np.broadcast_to(np.array([0.0, 1.0] * 10)[:, None, None], (20, 6, 2))
    drawn = draw_means(table, np.random.default_rng(0), 4000)
    assert drawn.mean() == pytest.approx(0.5, abs=0.01) and drawn.std() == pytest.approx(0.5 / np.sqrt(20), rel=0.06)
    single = np.random.default_rng(1).random((20, 6, 2))
    assert draw_means(single, np.random.default_rng(0)).std() < drawn.std() / 2


def test_methods_are_compared_on_the_same_drawn_triplets() -> None:
    rng = np.random.default_rng(0)
    results = []
    for source in "abc":
        for triplet in triplets_of(source, "abcd"):
            value = float(rng.random())
            entries = {"knn": value, "odin": value - 0.01}
            results.append(TripletResult(triplet, 0, {name: Judged(v, v, v, v, v) for name, v in entries.items()}))
    best, other = summarise(results, 0)
    assert best.name == "knn" and other.behind_best is not None
    assert (other.behind_best.low, other.behind_best.high) == pytest.approx((0.01, 0.01))
    assert best.accuracy.high - best.accuracy.low > 0.05


def _refused(config: OodConfig, message: str) -> None:
    with pytest.raises(InputError, match=message):
        command.run(config)
    assert not (config.out / "networks").exists() and not (config.out / "report.json").exists()


def test_unknown_and_repeated_names_are_refused(config: OodConfig) -> None:
    config.methods = ["knn", "psychic"]
    _refused(config, '--methods "psychic" is unknown; known methods: pb-threshold, score-svm')
    config.methods = ["knn", "knn"]
    _refused(config, '--methods: "knn" is given twice')
    config.methods, config.sources = [], ["green"]
    _refused(config, '--sources "green": is none of the sets grey, red, blue')
    config.sources, config.seeds = [], [1, 1]
    _refused(config, "a seed is given twice")


def test_sets_that_cannot_serve_are_refused(config: OodConfig, write_discs: WriteDiscs) -> None:
    all_sets = config.sets
    config.sets = all_sets[:2]
    _refused(config, "found 2 datasets, expected at least 3")
    config.sets = [*all_sets, f"again={all_sets[0]}"]
    _refused(config, '"grey" and "again" are the same folder')
    config.sets = [*all_sets, str(config.out.parent / "nowhere")]
    _refused(config, "nowhere: no such folder")
    config.sets = [*all_sets, str(write_discs(config.out.parent / "empty", people=0))]
    _refused(config, r'--sets "empty" .*found 0 people, expected at least 8')


def test_weights_that_do_not_fit_are_refused(config: OodConfig) -> None:
    import torch
    from safetensors.torch import save_file

    config.weights = config.out.parent / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(96, 3, 7, 7)}, str(config.weights))
    _refused(config, "the small network takes none; add --backbone squeezenet")
    config.backbone = "squeezenet"
    _refused(config, r"other\.safetensors: not the weights of SqueezeNet 1\.1")


def test_folder_with_other_things_is_not_written_into(config: OodConfig) -> None:
    config.out.mkdir()
    (config.out / "thesis.txt").write_text("mine")
    _refused(config, "is not empty and holds no report")
    config.out = Dataset.read(Path(config.sets[0])).root
    with pytest.raises(InputError, match="holds a dataset"):
        command.run(config)
