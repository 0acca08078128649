"""The evaluate command as a whole, on tiny pictures: report, figures, resuming, and clear refusals."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from annotate.errors import InputError
from eval import evaluate
from eval.config import EvaluateConfig, TrainingConfig

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
        training=TrainingConfig(input_px=64, steps=2, evaluations=1, batch=2),
        note="Small and short: shows the flow, not results.",
    )


def test_report_holds_figures_pictures_and_conditions(config: EvaluateConfig) -> None:
    page = evaluate.run(config)
    assert page == config.out / "index.html"
    report = json.loads((config.out / "report.json").read_text())
    assert [entry["name"] for entry in report["sets"]] == ["R", "S", "S+", "R + S+"]
    assert [entry["pictures"] for entry in report["sets"]] == [2, 3, 3, 5]
    for entry in report["sets"]:
        (run,) = entry["runs"]
        assert run["tp"] + run["fn"] == 4
        assert entry["frechet"]["n"] == 2 and entry["frechet"]["biased"]
        assert 0 <= entry["f1_interval"]["low"] <= entry["f1"]["mean"] <= entry["f1_interval"]["high"] <= 1
    text = page.read_text()
    assert "FD-plafond-bank-1" in text and "FID" not in text
    assert "from scratch" in text and config.note in text
    assert text.count("stand-in for real pictures") >= 3
    assert "S beside S+" in text


def test_page_needs_nothing_from_outside_its_folder(config: EvaluateConfig) -> None:
    text = evaluate.run(config).read_text()
    assert not re.search(r'(src|href)="(https?:)?//', text) and "@import" not in text and "url(" not in text
    sources = re.findall(r'src="([^"]+)"', text)
    assert len(sources) > 10
    for source in sources:
        assert (config.out / source).is_file()


def test_same_command_again_trains_only_what_is_new(config: EvaluateConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate.run(config)
    first = json.loads((config.out / "report.json").read_text())["sets"]
    trained = []
    original = evaluate.train_detector
    monkeypatch.setattr(evaluate, "train_detector", lambda *a, **k: trained.append(a[4]) or original(*a, **k))
    config.seeds = [0, 1]
    evaluate.run(config)
    again = json.loads((config.out / "report.json").read_text())["sets"]
    assert trained == [1, 1, 1, 1]
    for before, after in zip(first, again, strict=True):
        assert after["runs"][0] == before["runs"][0] and len(after["runs"]) == 2


def test_fixed_score_threshold_is_used(config: EvaluateConfig) -> None:
    config.score, config.train = 0.0, config.train[:1]
    evaluate.run(config)
    (entry,) = json.loads((config.out / "report.json").read_text())["sets"]
    assert entry["threshold"]["mean"] == 0.0


def _refused(config: EvaluateConfig, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate.run(config)
    assert not (config.out / "report.json").exists() and not (config.out / "detectors").exists()


def test_test_set_without_boxes_is_refused(config: EvaluateConfig, write_discs: WriteDiscs) -> None:
    config.test = write_discs(config.out.parent / "empty", people=0)
    _refused(config, r"--test .*empty: found 0 people")


def test_heads_that_no_set_has_are_refused(config: EvaluateConfig, write_discs: WriteDiscs) -> None:
    config.target, config.val = "head", write_discs(config.out.parent / "headless", heads=False)
    _refused(config, r"--val .*headless: target is head, but none of its 12 people has a head box")


def test_missing_dataset_is_refused(config: EvaluateConfig) -> None:
    config.train = ["X=/nowhere/at/all"]
    _refused(config, "/nowhere/at/all: no such folder")


def test_unknown_feature_network_is_refused(config: EvaluateConfig) -> None:
    config.features = "fid"
    _refused(config, '--features "fid" is unknown')


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
        evaluate.run(config)
