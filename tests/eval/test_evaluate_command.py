"""The evaluate command as a whole, on tiny pictures: report, figures, resuming, and clear refusals."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.config import EvaluateConfig, TrainingConfig
from eval.data.training_sets import read_set
from eval.evaluation import run as evaluation
from eval.evaluation.run import run
from eval.training import runs
from eval.training.runs import run_key

WriteDiscs = Callable[..., Path]


@pytest.fixture
def config(tmp_path: Path, write_discs: WriteDiscs) -> EvaluateConfig:
    """S, its refinement S+, a little R, and a stand-in to test on; two steps of training."""
    small = {"size": 64, "people": 1}
    synthetic = write_discs(tmp_path / "S", 3, seed=1, **small)
    write_discs(
        tmp_path / "S+", 3, seed=1, kind="refined", config={"synthetic": str(synthetic)}, tint=(30, 0, 0), **small
    )
    write_discs(tmp_path / "R", 2, seed=2, kind="real", **small)
    write_discs(tmp_path / "val", 2, seed=3, kind="stand-in", **small)
    write_discs(tmp_path / "test", 4, seed=4, kind="stand-in", **small)
    root = tmp_path
    return EvaluateConfig(
        train=[f"R={root}/R", f"S={root}/S", f"S+={root}/S+", f"R + S+={root}/R,{root}/S+"],
        val=root / "val",
        test=root / "test",
        out=root / "report",
        download=False,
        crop_px=32,
        seeds=[0],
        training=TrainingConfig(input_px=64, steps=2, evaluations=1, batch=2),
        note="Small and short: shows the flow, not results.",
    )


def _report(config: EvaluateConfig) -> dict:
    return json.loads((config.out / "report.json").read_text())


def test_report_holds_figures_pictures_and_conditions(config: EvaluateConfig) -> None:
    page = run(config)
    assert page == config.out / "index.html"
    report = _report(config)
    assert [entry["name"] for entry in report["sets"]] == ["R", "S", "S+", "R + S+"]
    assert [entry["pictures"] for entry in report["sets"]] == [2, 3, 3, 5]
    (test,) = report["tests"]
    for measures in test["measures"].values():
        assert measures["people"] == 4 and measures["pictures"] == 4
        f1 = measures["figures"]["f1"]
        assert 0 <= f1["low"] <= f1["value"] <= f1["high"] <= 1
    assert len(test["comparisons"]) == 6
    (network,) = report["distances"]["distances"]
    assert network["frechet_name"] == "FD-plafond-bank-1" and all(pair["biased"] for pair in network["pairs"])
    assert {table["id"] for table in report["tables"]} >= {"figures", "counting", "differences", "by-distance", "runs"}
    text = page.read_text()
    assert "FD-plafond-bank-1" in text and "FID" not in text.replace("fidelity", "")
    assert "from scratch" in text and config.note in text
    assert text.count("stand-in for real pictures") >= 3
    assert "S beside S+" in text and "generate.py evaluate --config" in text


def test_page_needs_nothing_from_outside(config: EvaluateConfig) -> None:
    config.train = config.train[:1]
    text = re.sub(r"<(script|style)\b.*?</\1>", "", run(config).read_text(), flags=re.DOTALL)
    assert not re.search(r'(src|href)="(?!data:|#)', text) and "@import" not in text
    assert sorted(path.name for path in config.out.iterdir()) == [
        "detectors",
        "index.html",
        "report.json",
        "tensorboard",
    ]


def test_same_command_again_trains_only_what_is_new(config: EvaluateConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    run(config)
    first = _report(config)
    trained, tested = [], []
    train, find = runs.train_detector, evaluation.detect_samples
    monkeypatch.setattr(runs, "train_detector", lambda *a, **k: trained.append(a[4]) or train(*a, **k))
    monkeypatch.setattr(evaluation, "detect_samples", lambda *a, **k: tested.append(1) or find(*a, **k))
    run(config)
    assert trained == [] and tested == []
    config.seeds = [0, 1]
    run(config)
    again = _report(config)
    assert trained == [1, 1, 1, 1] and len(tested) == 4
    for before, after in zip(first["sets"], again["sets"], strict=True):
        assert after["records"][0] == before["records"][0] and len(after["records"]) == 2


def test_run_does_not_depend_on_options_that_came_later(config: EvaluateConfig) -> None:
    entry = read_set("R", [config.out.parent / "R"])
    val = Dataset.read(config.val)
    key = run_key(config, entry, val, 0, "scratch")
    same = config.model_copy(update={"training": config.training.model_copy(update={"mosaic": 0.0}), "note": "x"})
    assert run_key(same, entry, val, 0, "scratch") == key
    for change in ({"steps": 3}, {"input_px": 80}):
        other = config.model_copy(update={"training": config.training.model_copy(update=change)})
        assert run_key(other, entry, val, 0, "scratch") != key
    assert run_key(config, read_set("R", [config.out.parent / "S"]), val, 0, "scratch") != key
    assert run_key(config, entry, val, 1, "scratch") != key and run_key(config, entry, val, 0, "other") != key


def test_fixed_score_threshold_is_used(config: EvaluateConfig) -> None:
    config.score, config.train = 0.0, config.train[:1]
    run(config)
    assert _report(config)["tests"][0]["measures"]["R"]["thresholds"] == [0.0]


def test_recipes_and_further_tests_stand_in_the_report(config: EvaluateConfig, write_discs: WriteDiscs) -> None:
    root = config.out.parent
    write_discs(root / "elsewhere", 3, size=80, people=1, seed=9, kind="real")  # of another size
    config.train = [f"S then R={root}/S,then,{root}/R", f"S towards R={root}/S,towards,{root}/R"]
    config.also_test = [f"shop={root}/elsewhere"]
    run(config)
    report = _report(config)
    assert [entry["recipe"] for entry in report["sets"]] == ["S, then R", "towards R"]
    assert [point["stage"] for point in report["sets"][0]["records"][0]["curve"]] == [0, 1]
    assert [test["name"] for test in report["tests"]] == ["test", "shop"]
    assert report["tests"][1]["measures"]["S then R"]["people"] == 3
    assert "On shop" in (config.out / "index.html").read_text()


def test_corrupt_kept_detector_is_refused_with_what_to_do(config: EvaluateConfig) -> None:
    config.train = config.train[:1]
    run(config)
    (weights,) = [path for path in (config.out / "detectors").glob("*.safetensors") if "-found-" not in path.name]
    weights.write_bytes(weights.read_bytes()[:500])
    for found in (config.out / "detectors").glob("*-found-*"):
        found.unlink()
    with pytest.raises(InputError, match=r"cannot be read as weights.*delete .* to have it trained again"):
        run(config)


def test_curves_and_figures_go_to_tensorboard(config: EvaluateConfig) -> None:
    config.train = config.train[:1]
    run(config)
    run(config)  # a second report does not double the curves
    events = EventAccumulator(str(config.out / "tensorboard" / "R-seed-0"))
    events.Reload()
    assert len(events.Scalars("validation/f1")) == 1
    figures = EventAccumulator(str(config.out / "tensorboard" / "R"))
    figures.Reload()
    f1 = _report(config)["tests"][0]["measures"]["R"]["figures"]["f1"]["value"]
    assert figures.Scalars("test/f1")[0].value == pytest.approx(f1)


def _refused(config: EvaluateConfig, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(config)
    assert not (config.out / "report.json").exists() and not (config.out / "detectors").exists()


def test_test_set_without_boxes_is_refused(config: EvaluateConfig, write_discs: WriteDiscs) -> None:
    config.test = write_discs(config.out.parent / "empty", people=0)
    _refused(config, r"--test .*empty: found 0 people")


def test_validation_without_anybody_is_refused(config: EvaluateConfig, write_discs: WriteDiscs) -> None:
    config.val = write_discs(config.out.parent / "nobody", people=0)
    _refused(config, r"--val .*nobody: found 0 people in 6 pictures")


def _relabel(folder: Path, change: Callable[[dict], None]) -> None:
    labels = json.loads((folder / "annotations.json").read_text())
    change(labels)
    (folder / "annotations.json").write_text(json.dumps(labels))


def test_other_categories_are_refused(config: EvaluateConfig) -> None:
    _relabel(config.test, lambda labels: labels["categories"][0].update(name="car"))
    _refused(config, r"annotations\[0\].category_id is 1 \(car\): a dataset holds people only")
    _relabel(config.test, lambda labels: labels["categories"][0].update(name="person"))
    _relabel(config.test, lambda labels: labels["annotations"][2].update(category_id=7))
    _refused(config, r"annotations\[2\].category_id is 7, which categories does not list")


def test_boxes_outside_the_picture_are_refused(config: EvaluateConfig) -> None:
    _relabel(config.test, lambda labels: labels["annotations"][1].update(bbox=[50, 20, 30, 20]))
    _refused(config, r"--test .*test: 1 person boxes leave their pictures, the first is 001.png, person 1, by 16 px")


def test_heads_that_no_set_has_are_refused(config: EvaluateConfig, write_discs: WriteDiscs) -> None:
    config.target, config.val = "head", write_discs(config.out.parent / "headless", heads=False)
    _refused(config, r"--val .*headless: target is head, but none of its 12 people has a head box")


def test_missing_dataset_is_refused(config: EvaluateConfig) -> None:
    config.train = ["X=/nowhere/at/all"]
    _refused(config, "/nowhere/at/all: no such folder")


def test_unknown_feature_network_is_refused(config: EvaluateConfig) -> None:
    config.features = "nose"
    _refused(config, '--features "nose" is unknown')


def test_weights_of_another_network_are_refused(config: EvaluateConfig) -> None:
    import torch
    from safetensors.torch import save_file

    config.weights = config.out.parent / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(96, 3, 7, 7)}, str(config.weights))
    _refused(config, r"other\.safetensors: not the weights of SqueezeNet 1\.1")


def test_folder_with_other_things_is_not_written_into(config: EvaluateConfig) -> None:
    config.out.mkdir()
    (config.out / "thesis.txt").write_text("mine")
    _refused(config, "is not empty and holds no report")
    config.out = config.test
    with pytest.raises(InputError, match="holds a dataset"):
        run(config)
