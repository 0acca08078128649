"""The compare command as a whole on tiny pictures: report and page, and clear refusals before any work."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from annotate.errors import InputError
from eval.compare import command, page
from eval.compare.config import CompareConfig
from eval.report.document import Report


@pytest.fixture
def config(tmp_path: Path, write_discs: Callable[..., Path]) -> CompareConfig:
    write_discs(tmp_path / "R", 6, 64, 1, kind="real")
    write_discs(tmp_path / "S", 4, 64, 2)
    write_discs(tmp_path / "S+", 4, 64, 2, kind="refined", tint=(40, 0, 0))
    sets = [f"{name}={tmp_path / name}" for name in ("R", "S", "S+")]
    return CompareConfig(
        sets=sets, reference=["R"], out=tmp_path / "out", crop_px=32, pca=False, download=False, note="Tiny."
    )


def _refused(config: CompareConfig, match: str, **changes: object) -> None:
    with pytest.raises(InputError, match=match):
        command.run(config.model_copy(update=changes))
    assert not config.out.exists()


def test_command_writes_page_and_figures(config: CompareConfig) -> None:
    written = command.run(config)
    report = json.loads((config.out / "report.json").read_text())
    assert written == config.out / "index.html" and written.is_file()
    assert [table["id"] for table in report["tables"]] == ["distances-0", "discrepancy-0"]
    assert report["note"] == "Tiny." and report["crops_of_each_set"] == 6
    assert report["commands"] == [f"python generate.py compare --config {config.out}/config.yaml"]
    text = written.read_text()
    assert "FD-plafond-bank-1" in text and "R against itself" in text and "FID" not in text


def test_plots_show_every_crop_with_its_picture(
    config: CompareConfig, vgg16: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[Report] = []
    monkeypatch.setattr(command, "write_report", lambda report, out: reports.append(report) or out / "index.html")
    command.run(config.model_copy(update={"pca": True, "pool_weights": [vgg16], "max_points": 4}))
    section = reports[0].sections[-1]
    assert [plot.title for plot in section.plots] == ["VGG16 pool 2", "VGG16 pool 5"]
    for plot in section.plots:
        assert [series.name for series in plot.series] == ["R", "S", "S+"] * 2
        for series, centre in zip(plot.series[:3], plot.series[3:], strict=True):
            expected = np.mean([series.x, series.y], axis=1)
            assert [*centre.x, *centre.y] == pytest.approx(expected, abs=1e-5)
            assert len(series.x) == len(series.y) == len(series.texts) == len(series.pictures) == 4
        shown = cv2.imdecode(np.frombuffer(plot.series[0].pictures[0], np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == (page.THUMBNAIL_PX, page.THUMBNAIL_PX, 3)
        assert plot.series[0].texts[0].endswith((".png, person 1", ".png, person 2"))
    (centres,) = section.tables
    assert [row.name for row in centres.rows] == ["S", "S+"]
    # Of S and S+ the same people are shown: they differ by a tint alone, and look alike in the order of the points.
    assert section.plots[0].series[1].texts == section.plots[0].series[2].texts


def test_without_reference_every_set_is_held_against_every_other(
    config: CompareConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[Report] = []
    monkeypatch.setattr(command, "write_report", lambda report, out: reports.append(report) or out)
    command.run(config.model_copy(update={"reference": []}))
    (table, _) = reports[0].sections[0].tables
    assert [row.name for row in table.rows] == [
        "R", "S", "S+", "R against itself", "S against itself", "S+ against itself",
    ]  # fmt: skip
    assert len(table.columns) == 6
    assert [cell is None for cell in table.rows[0].cells] == [True, True, False, False, False, False]


def test_a_stand_in_is_called_one_and_found_by_the_name_it_was_given(
    config: CompareConfig, tmp_path: Path, write_discs: Callable[..., Path]
) -> None:
    write_discs(tmp_path / "T", 4, 64, 4, kind="stand-in")
    plan = command.make_plan(
        config.model_copy(update={"sets": [*config.sets, f"T={tmp_path / 'T'}"], "reference": ["T"]})
    )
    assert plan.references == ["T (stand-in)"]


def test_pictures_in_two_sets_are_warned_of(config: CompareConfig, tmp_path: Path) -> None:
    mixed = config.model_copy(
        update={"sets": [config.sets[0], f"RS={tmp_path / 'R'},{tmp_path / 'S'}"], "reference": ["R"]}
    )
    command.run(mixed)
    warnings = json.loads((config.out / "report.json").read_text())["warnings"]
    assert warnings == ["6 of 10 pictures of RS are also in R; they look too near."]


def test_input_that_cannot_be_compared_is_refused(config: CompareConfig, tmp_path: Path) -> None:
    _refused(config, r'--reference "X" is none of the sets R, S, S\+', reference=["X"])
    _refused(config, r'--sets: found one set, "R".*at least two', sets=config.sets[:1])
    _refused(config, r"--sets: two sets are called", sets=[config.sets[0]] * 2)
    _refused(config, r'--sets "=x": expected FOLDER', sets=["=x"])
    _refused(config, r"--sets.*recipe", sets=[config.sets[0], f"Q={tmp_path}/S,then,{tmp_path}/R"])
    _refused(config, r"--features \"vgg\" is unknown", features=["vgg"])
    _refused(config, r"--pools 3: the pooling layers that can be plotted are 2 and 5", pools=[3])
    _refused(config, r'"R" has 0 people of whom', min_visible=1.0, sets=_nobody(tmp_path, config))
    _refused(config, r"--device .*unknown", device="abacus")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("x")
    _refused(config, r"--out .*notes: is not empty and holds no report", out=tmp_path / "notes")


def _nobody(tmp_path: Path, config: CompareConfig) -> list[str]:
    """R, of whose people so little is seen that none is left."""
    document = json.loads((tmp_path / "R" / "annotations.json").read_text())
    for person in document["annotations"]:
        person["visible_fraction"] = 0.5
    (tmp_path / "R" / "annotations.json").write_text(json.dumps(document))
    return config.sets


def test_weights_that_are_missing_or_of_nobody_are_refused(config: CompareConfig, tmp_path: Path, vgg16: Path) -> None:
    _refused(config, r"--features densenet169: no weights", features=["densenet169"])
    _refused(config, r"--pool-weights: pooling layer 2 needs.*--no-pca", pca=True)
    _refused(config, r"has no use with --no-pca", pool_weights=[vgg16])
    _refused(config, r"a file alone is understood.*here 0 do", feature_weights=[str(vgg16)])
    _refused(config, r"here 2 do", features=["fid", "densenet169"], feature_weights=[str(vgg16)])
    _refused(config, r"fid is none of --features bank", feature_weights=[f"fid={vgg16}"])
    _refused(config, r"vgg16_pool5 is given two files",
             features=["vgg16_pool5"], feature_weights=[str(vgg16), f"vgg16_pool5={vgg16}"])  # fmt: skip
    _refused(config, r"nowhere\.pth: no such weights file",
             features=["vgg16_pool5"], feature_weights=[str(tmp_path / "nowhere.pth")])  # fmt: skip


def test_weights_find_their_network(config: CompareConfig, vgg16: Path) -> None:
    changes = {"features": ["bank", "vgg16_pool5"], "feature_weights": [f"vgg16_pool5={vgg16}"]}
    plan = command.make_plan(config.model_copy(update=changes))
    assert [(name, network.weights) for name, network in plan.networks] == [
        ("bank", "none needed"), ("vgg16_pool5", "vgg16.safetensors"),
    ]  # fmt: skip
