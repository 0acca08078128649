"""The refine command on tiny datasets: S+ is a dataset, kills and repetitions cost nothing, bad input is told."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter
from annotate.errors import InputError
from annotate.files import write_image
from refine.config import RefineConfig
from refine.crops import CropRule, choose_anchor, collect_crops
from refine.pipeline import run

TINY = {"size_px": 32, "filters": 2, "discriminator_filters": 2, "blocks": 1, "pool": 3, "steps": 4, "device": "cpu"}


@pytest.fixture
def inputs(tmp_path: Path, write_people) -> dict[str, Path]:
    return {
        "synthetic": write_people(tmp_path / "S"),
        "real": write_people(tmp_path / "R", kind="real", masks=False),
        "out": tmp_path / "S+",
    }


def refine(inputs: dict[str, Path], **changes) -> Path:
    return run(RefineConfig(**{**inputs, **TINY, **changes}))


def test_result_is_a_dataset_that_tells_how_it_was_made(inputs) -> None:
    result = Dataset.read(refine(inputs))
    source = Dataset.read(inputs["synthetic"])
    assert [picture.file_name for picture in result] == [picture.file_name for picture in source]
    assert result.info.kind == "refined"
    made = result.info.config["refinement"]
    assert (made["preset"], made["steps"], made["anchor"]) == ("C_CP_S", 4, "head")
    assert made["crops"] == {"synthetic": 6, "real": 6}
    assert made["real"]["name"] == "R"
    changed = [not np.array_equal(result.image(a), source.image(b)) for a, b in zip(result, source, strict=True)]
    assert changed == [True, True, False]


def test_training_leaves_its_files_beside_the_dataset(inputs) -> None:
    folder = refine(inputs) / "training"
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.pt",
        "config.yaml",
        "grid.jpg",
        "losses.jsonl",
    ]
    assert yaml.safe_load((folder / "config.yaml").read_text())["filters"] == 2
    assert len((folder / "losses.jsonl").read_text().splitlines()) == 4
    torch.load(folder / "checkpoint.pt", weights_only=True)


def test_same_command_again_repeats_nothing(inputs) -> None:
    out = refine(inputs)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.pt")}
    before |= {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    refine(inputs, device="auto", checkpoint_every=7)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_other_settings_for_the_same_folder_are_refused_and_overwrite_replaces(inputs) -> None:
    out = refine(inputs)
    with pytest.raises(InputError, match=r"learning_rate 0\.0002 -> 0\.001"):
        refine(inputs, learning_rate=1e-3)
    refine(inputs, learning_rate=1e-3, overwrite=True)
    assert json.loads((out / "training/losses.jsonl").read_text().splitlines()[0])["learning_rate"] == 1e-3


def test_other_real_pictures_are_noticed(inputs, write_people, tmp_path) -> None:
    refine(inputs)
    other = write_people(tmp_path / "R2", kind="stand-in")
    with pytest.raises(InputError, match="crops_sha256"):
        refine({**inputs, "real": other})


def test_finished_training_refines_another_dataset(inputs, write_people, tmp_path) -> None:
    trained = refine(inputs) / "training/checkpoint.pt"
    again = {"synthetic": inputs["synthetic"], "out": tmp_path / "again", "weights": trained}
    result = Dataset.read(refine(again))
    assert not (tmp_path / "again/training/checkpoint.pt").exists()
    for one, other in zip(result, Dataset.read(inputs["out"]), strict=True):
        assert np.array_equal(result.image(one), Dataset.read(inputs["out"]).image(other))


def test_weights_of_another_network_are_refused_before_anything_is_written(inputs, tmp_path) -> None:
    trained = refine(inputs) / "training/checkpoint.pt"
    out = tmp_path / "again"
    with pytest.raises(InputError, match="preset 'C_CP_S' -> 'C_CP', filters 2 -> 3"):
        refine({**inputs, "out": out}, weights=trained, filters=3, preset="C_CP")
    with pytest.raises(InputError, match="cannot be read as a checkpoint"):
        refine({**inputs, "out": out}, weights=inputs["synthetic"] / "dataset.json")
    assert not out.exists()


def test_bad_input_is_told_before_anything_is_written(inputs, write_people, tmp_path) -> None:
    unmasked = write_people(tmp_path / "boxes", masks=False)
    empty = write_people(tmp_path / "empty", kind="real", pictures=1)
    headless = write_people(tmp_path / "headless", kind="real", heads=False)
    cases = [
        ({"synthetic": unmasked}, "--synthetic .*no instance masks"),
        ({"real": empty}, "--real .*found 0 labelled people in 1 pictures"),
        ({"synthetic": empty}, "--synthetic .*found 0 labelled people"),
        ({"real": headless, "anchor": "head"}, "found 0 labelled heads among 6 people.*--anchor person"),
        ({"preset": "C_XY"}, "known presets: C_CP"),
        ({"real": None}, "--real is missing"),
        ({"real": tmp_path / "none"}, "no such folder"),
        ({"device": "abacus"}, '--device "abacus"'),
    ]
    for changes, message in cases:
        with pytest.raises(InputError, match=message):
            refine(inputs, **changes)
    assert not inputs["out"].exists()
    with pytest.raises(InputError, match="is also --real"):
        refine({**inputs, "out": inputs["real"]})


def test_anchor_is_the_head_only_if_everybody_has_one(inputs, write_people, tmp_path) -> None:
    synthetic, real = Dataset.read(inputs["synthetic"]), Dataset.read(inputs["real"])
    headless = Dataset.read(write_people(tmp_path / "headless", kind="real", heads=False))
    assert choose_anchor("auto", synthetic, real) == "head"
    assert choose_anchor("auto", synthetic, headless) == "person"
    assert choose_anchor("auto", headless, real) == "person"
    assert choose_anchor("head", synthetic, headless) == "head"


def test_crops_are_limited_by_a_random_choice_that_the_seed_fixes(inputs) -> None:
    dataset = Dataset.read(inputs["synthetic"])
    rule = CropRule(32, "person", None, 1.25)
    everything = collect_crops(dataset, rule, 100, 0, "S")
    some = collect_crops(dataset, rule, 4, 0, "S")
    assert everything.shape == (6, 32, 32, 3)
    assert some.shape == (4, 32, 32, 3)
    assert np.array_equal(some, collect_crops(dataset, rule, 4, 0, "S"))
    assert all(any(np.array_equal(crop, one) for one in everything) for crop in some)


@pytest.mark.parametrize("form", ["grey", "alpha", "16 bit"])
def test_real_pictures_of_any_form_are_cropped_as_8_bit_colour(inputs, tmp_path, form: str) -> None:
    source = Dataset.read(inputs["real"])
    writer = DatasetWriter(tmp_path / "other", DatasetInfo(kind="real"))
    for picture in source:
        writer.add(picture, source.image(picture))
    writer.finish()
    for picture in source:
        path = tmp_path / "other/images" / picture.file_name
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        image = {"grey": grey, "alpha": cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA), "16 bit": grey.astype(np.uint16) * 257}
        if form == "alpha":
            cv2.imwrite(str(path), image[form])
        else:
            write_image(path, image[form])
    crops = collect_crops(Dataset.read(tmp_path / "other"), CropRule(32, "head", None, 1.25), 10, 0, "R")
    expected = collect_crops(source, CropRule(32, "head", None, 1.25), 10, 0, "R")
    assert crops.dtype == np.uint8
    assert np.abs(crops[..., 0].astype(int) - crops[..., 2]).max() <= 1
    assert np.abs(crops.mean() - expected.mean()) < 8
