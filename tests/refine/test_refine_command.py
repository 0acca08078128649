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
from refine.presets import PRESETS

TINY = {"size_px": 32, "filters": 2, "discriminator_filters": 2, "blocks": 1, "pool": 3, "steps": 4, "device": "cpu"}
"""What so short a training gives breaks everybody: they are put back without inspection unless a test is about it."""


@pytest.fixture
def inputs(tmp_path: Path, write_people) -> dict[str, Path]:
    return {
        "synthetic": write_people(tmp_path / "S"),
        "real": write_people(tmp_path / "R", kind="real", masks=False),
        "out": tmp_path / "S+",
    }


def refine(inputs: dict[str, Path], **changes) -> Path:
    return run(RefineConfig(**{**inputs, **TINY, "inspect": False, **changes}))


def test_result_is_a_dataset_that_tells_how_it_was_made(inputs) -> None:
    result = Dataset.read(refine(inputs))
    source = Dataset.read(inputs["synthetic"])
    assert [picture.file_name for picture in result] == [picture.file_name for picture in source]
    assert result.info.kind == "refined"
    made = result.info.config["refinement"]
    assert (made["preset"], made["steps"], made["anchor"]) == ("C_CP_S", 4, "head")
    assert made["crops"] == {"synthetic": 6, "real": 6, "held_out": 0}
    assert made["real"]["name"] == "R"
    changed = [not np.array_equal(result.image(a), source.image(b)) for a, b in zip(result, source, strict=True)]
    assert changed == [True, True, False]


def test_training_leaves_its_files_beside_the_dataset(inputs) -> None:
    folder = refine(inputs) / "training"
    assert sorted(path.name for path in folder.iterdir()) == [
        "about.json",
        "checkpoint.pt",
        "config.yaml",
        "distances.jsonl",
        "grid.jpg",
        "index.html",
        "losses.jsonl",
        "real-crops.jpg",
        "real-crops.txt",
        "result.json",
        "tensorboard",
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
    everything = collect_crops(dataset, rule, 100, 0, "S").images
    some = collect_crops(dataset, rule, 4, 0, "S").images
    assert everything.shape == (6, 32, 32, 3)
    assert some.shape == (4, 32, 32, 3)
    assert np.array_equal(some, collect_crops(dataset, rule, 4, 0, "S").images)
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
    crops = collect_crops(Dataset.read(tmp_path / "other"), CropRule(32, "head", None, 1.25), 10, 0, "R").images
    expected = collect_crops(source, CropRule(32, "head", None, 1.25), 10, 0, "R").images
    assert crops.dtype == np.uint8
    assert np.abs(crops[..., 0].astype(int) - crops[..., 2]).max() <= 1
    assert np.abs(crops.mean() - expected.mean()) < 8


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.learns])
def test_every_preset_trains_and_refines(inputs, vgg16, name: str) -> None:
    weights = (vgg16,) if PRESETS[name].pools else ()
    out = refine(inputs, preset=name, steps=2, perceptual_weights=weights, tensorboard=False, hold_out=0.0)
    result, source = Dataset.read(out), Dataset.read(inputs["synthetic"])
    assert len((out / "training/losses.jsonl").read_text().splitlines()) == 2
    for after, before in zip(result.pictures[:2], source.pictures[:2], strict=True):
        people = source.mask(before) > 0
        change = np.abs(result.image(after).astype(int) - source.image(before)).max(axis=2)
        assert change[people].max() > 0
        assert change[cv2.dilate(people.astype(np.uint8), np.ones((7, 7))) == 0].max() == 0
    assert result.info.config["refinement"]["features"].keys() == {str(pool) for pool in PRESETS[name].pools}


def test_broken_people_stay_as_rendered_and_are_counted(inputs) -> None:
    out = refine(inputs, inspect=True)
    result, source = Dataset.read(out), Dataset.read(inputs["synthetic"])
    told = result.info.config["result"]
    assert told["refined"] + told["refused"] == 6
    assert told["refused"] > 0
    assert sum(told["refused_by_reason"].values()) >= told["refused"]
    page = " ".join((out / "training/index.html").read_text().split())
    assert f"{told['refined']} people were refined; {told['refused']} stay as rendered" in page
    for after, before in zip(result, source, strict=True):
        if after.attributes["refinement"]["refined"] == 0:
            assert np.array_equal(result.image(after), source.image(before))


def test_paintings_need_neither_real_pictures_nor_training(inputs, tmp_path) -> None:
    for number in range(2):
        texture = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        write_image(tmp_path / f"paintings/{number}.png", texture)
    changes = {"preset": "S_style", "real": None, "paintings": tmp_path / "paintings", "inspect": True}
    result = Dataset.read(refine(inputs, **changes))
    assert result.info.config["result"]["refined"] == 6
    assert not (inputs["out"] / "training/checkpoint.pt").exists()
    with pytest.raises(InputError, match="--paintings is missing"):
        refine(inputs, **{**changes, "paintings": None, "out": tmp_path / "other"})


def test_whole_pictures_are_refined_as_the_control(inputs) -> None:
    result, source = Dataset.read(refine(inputs, scope="frame")), Dataset.read(inputs["synthetic"])
    assert result.info.config["refinement"]["crops"]["synthetic"] == 3
    for after, before in zip(result, source, strict=True):
        change = np.abs(result.image(after).astype(int) - source.image(before)).max(axis=2)
        assert (change > 0).mean() > 0.9


def test_choice_of_real_crops_is_shown(inputs) -> None:
    out = refine(inputs, real_balance=2)
    lines = (out / "training/real-crops.txt").read_text().splitlines()
    assert len(lines) == 6
    assert (out / "training/real-crops.jpg").is_file()
    kept = sum("kept" in line for line in lines)
    assert kept == sum(Dataset.read(out).info.config["refinement"]["crops"][name] for name in ("real", "held_out"))


def test_at_most_so_many_real_crops_are_learned_from(inputs) -> None:
    out = refine(inputs, max_real=4)
    counts = Dataset.read(out).info.config["refinement"]["crops"]
    assert (counts["synthetic"], counts["real"] + counts["held_out"]) == (6, 4)


def test_real_pictures_of_several_sizes_are_cropped_alike(inputs, tmp_path) -> None:
    source = Dataset.read(inputs["real"])
    writer = DatasetWriter(tmp_path / "sizes", DatasetInfo(kind="real"))
    for picture in source:
        scale = 1 + picture.id  # 96, 192 and 288 px
        people = [
            person.model_copy(
                update={name: tuple(scale * value for value in getattr(person, name)) for name in ("bbox", "head_bbox")}
            )
            for person in picture.people
        ]
        size = {"width": scale * picture.width, "height": scale * picture.height, "people": people}
        writer.add(picture.model_copy(update=size), cv2.resize(source.image(picture), None, fx=scale, fy=scale))
    writer.finish()
    rule = CropRule(32, "head", None, 1.25)
    expected = collect_crops(source, rule, 10, 0, "R").images.astype(int)
    found = collect_crops(Dataset.read(tmp_path / "sizes"), rule, 10, 0, "R").images
    assert np.abs(found - expected).mean() < 4


def test_folder_without_pictures_is_told(inputs, tmp_path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match=r"nothing: not a dataset \(no dataset\.json\)"):
        refine(inputs, real=tmp_path / "nothing")
    writer = DatasetWriter(tmp_path / "empty", DatasetInfo(kind="real"))
    writer.finish()
    with pytest.raises(InputError, match="found 0 labelled people in 0 pictures"):
        refine(inputs, real=tmp_path / "empty")
    assert not inputs["out"].exists()
