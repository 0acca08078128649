"""The benchmark over the real commands, on pictures of 64 px, with networks and trainings as small as they get."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

import generate
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from eval.benchmark.config import BenchmarkConfig, RealSets
from eval.benchmark.options import check_presets
from eval.benchmark.processes import PROGRAM
from eval.benchmark.run import run
from eval.benchmark.thesis import TABLE_3_2
from eval.compare.config import CompareConfig
from eval.config import EvaluateConfig

EXAMPLES = Path(generate.__file__).parent / "assets" / "benchmark"


def write_masked(root: Path, pictures: int = 4, size: int = 64) -> Path:
    """A synthetic dataset of ellipses with masks, which refine needs."""
    rng = np.random.default_rng(5)
    writer = DatasetWriter(root, DatasetInfo(kind="synthetic", name="S"))
    for number in range(pictures):
        image = rng.integers(90, 120, (size, size, 3), dtype=np.uint8)
        mask = np.zeros((size, size), np.uint16)
        x, y = 30 + number, 28
        cv2.ellipse(image, (x, y), (9, 13), 0, 0, 360, (200, 180, 90), -1)
        cv2.ellipse(mask, (x, y), (9, 13), 0, 0, 360, 1, -1)
        person = Person(instance_id=1, bbox=(x - 9, y - 13, 19, 27), head_bbox=(x - 4, y - 13, 8, 8))
        writer.add(Picture(id=number, file_name=f"{number}.png", width=size, height=size, people=[person]), image, mask)
    writer.finish()
    return root


def options_file(path: Path, **values: object) -> Path:
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def config(tmp_path: Path, write_discs: Callable[..., Path]) -> BenchmarkConfig:
    real = write_discs(tmp_path / "R", 8, size=64, people=1, kind="real", seed=3)
    small = {"size_px": 32, "filters": 2, "discriminator_filters": 2, "blocks": 1, "steps": 3, "inspect": False}
    training = {"input_px": 64, "steps": 2, "evaluations": 1, "batch": 2}
    return BenchmarkConfig(
        out=tmp_path / "out",
        real=RealSets(folder=real, fractions=(0.25, 0.25, 0.5)),
        synthetic=write_masked(tmp_path / "S"),
        refine=options_file(tmp_path / "refine.yaml", device="cpu", **small),
        evaluate=options_file(tmp_path / "evaluate.yaml", device="cpu", download=False, crop_px=32, training=training),
        compare=options_file(tmp_path / "compare.yaml", device="cpu", crop_px=32, max_crops=4),
        presets=["C_CP_S"],
        seeds=1,
        sweep=[0, 1],
        parts=["4.1", "4.2", "4.3", "4.6"],
    )


def test_real_commands_fill_the_tables_and_are_not_run_twice(config: BenchmarkConfig) -> None:
    page = run(config)
    assert page.is_file() and "Table 4.2" in page.read_text()
    report = json.loads((config.out / "report.json").read_text())
    assert report["failures"] == {} and report["skipped"] == {}
    assert [row["name"] for row in report["sets"]] == ["R", "S", "C_CP_S", "R + 1x C_CP_S"]
    assert all(0 <= row["figures"]["f1"]["value"] <= 1 for row in report["sets"])
    assert all(0 <= row["figures"]["f1"]["low"] <= row["figures"]["f1"]["high"] for row in report["sets"])
    assert {(entry["first"], entry["second"]) for entry in report["f1_differences"]} >= {("C_CP_S", "S")}
    (drawn,) = config.out.glob("stages/draw-1x-C_CP_S-????????/1x C_CP_S/train")
    assert len(Dataset.read(drawn)) == 2, "as many as R has"
    distances = {(entry["set"], entry["reference"], entry["measure"]) for entry in report["distances"]}
    assert {("C_CP_S", "R", "FD-plafond-bank-1"), ("C_CP_S", "S", "FD-plafond-bank-1")} <= distances
    run(config)
    again = json.loads((config.out / "report.json").read_text())
    assert {entry["state"] for entry in again["stages"]} == {"kept"} and again["sets"] == report["sets"]


def test_refiners_of_the_thesis_are_presets_of_the_real_command() -> None:
    known = check_presets(TABLE_3_2, EXAMPLES / "tiny-refine.yaml", PROGRAM)
    assert {*TABLE_3_2, "S_style", "guided", "D_VGG5-2_S"} <= set(known)


@pytest.mark.parametrize("name", ["example", "tiny"])
def test_configurations_that_come_with_plafond_are_read(name: str) -> None:
    arguments = ["--config", str(EXAMPLES / f"{name}.yaml"), "--dry-run", "--real.val", "V"]
    config = generate.parse("benchmark", BenchmarkConfig, arguments)
    assert isinstance(config, BenchmarkConfig)
    assert config.dry_run and config.real.val == Path("V") and config.real.train is not None


def test_options_of_the_tiny_benchmark_are_those_of_the_commands() -> None:
    values = {name: yaml.safe_load((EXAMPLES / f"tiny-{name}.yaml").read_text()) for name in ("evaluate", "compare")}
    EvaluateConfig.model_validate({**values["evaluate"], "train": ["R"], "val": "v", "test": "t"})
    CompareConfig.model_validate({**values["compare"], "sets": ["R", "S"]})
