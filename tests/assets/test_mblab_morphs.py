"""MB-Lab's bodies against its published formulas, written out literally over the JSON files, and against known figures."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotate.errors import InputError
from assets.humans.anny import load_body_model
from assets.humans.mblab.character import load_character
from assets.humans.mblab.folder import open_folder
from assets.humans.mblab.skeleton import load_skeleton
from assets.humans.mblab.spec import EXPRESSIONS, MblabSpec

PHENOTYPES = {"m_ca01": "nordid", "f_af01": "bantuid"}


def mblab_folder() -> Path:
    folder = Path(os.environ.get("PLAFOND_TEST_DATA", "/nowhere")) / "mblab"
    if not (folder / "data").is_dir():
        pytest.skip("PLAFOND_TEST_DATA names no folder with mblab/data")
    return folder


def parsed(*parts: str) -> Any:
    return json.loads(mblab_folder().joinpath("data", *parts).read_text())


def parts_of(value: float) -> dict[str, float]:
    return {"max": max(2 * value - 1, 0.0), "min": max(1 - 2 * value, 0.0)}


def corner_weight(values: list[float], corner: tuple[str, ...]) -> float:
    """The weight of one corner of a combined morph, one sentence of its rule a line."""
    parts = [parts_of(value) for value in values]
    sums = {
        c: sum(p[way] for p, way in zip(parts, c, strict=True))
        for c in itertools.product(("max", "min"), repeat=len(parts))
    }
    best = max(sums.values())
    left = {c: max(total - best / 1.5, 0.0) for c, total in sums.items()}
    if sum(left.values()) == 0:
        return 0.0
    return left[corner] / sum(left.values()) * max(max(p.values()) for p in parts)


def literal_body(character: str, phenotype: str, **strengths: float) -> np.ndarray:
    """Vertices by the rules for phenotypes, transformations and morphs, without any of plafond's code."""
    sex = "female" if character.startswith("f") else "male"
    wanted = parsed("phenotypes", f"{character}_ptypes", f"{phenotype}.json")["structural"]
    transformations = parsed("transformations", f"human_{sex}_base_transf.json")
    points = np.array(parsed("vertices", f"{character}_verts.json"))
    files = (f"human_{sex}_morphs.json", f"human_{sex}_morphs_extra.json", f"{character}_morphs.json")
    for name, rows in itertools.chain.from_iterable(parsed("morphs", file).items() for file in files):
        category, properties, ends = name.split("_")
        values = []
        for prop in (f"{category}_{one}" for one in properties.split("-")):
            value = wanted.get(prop, 0.5)
            for field, t in zip(("age_data", "fat_data", "muscle_data"), ("age", "mass", "tone"), strict=True):
                for part, below, above in transformations[field]:
                    if part in prop:
                        value += below * max(-strengths[t], 0) + above * max(strengths[t], 0)
            values.append(value)
        weight = corner_weight(values, tuple(ends.split("-")))
        for vertex, *delta in rows if weight else ():
            points[vertex] += weight * np.array(delta)
    return points


@pytest.mark.parametrize("character", PHENOTYPES)
def test_body_is_that_of_the_rules_written_out(character: str) -> None:
    spec = MblabSpec(
        folder=mblab_folder(), character=character, phenotype=PHENOTYPES[character], mass=0.5, age=-0.4, tone=0.3
    )
    found = load_character(spec.folder, character).shaped_m(spec)
    expected = literal_body(character, PHENOTYPES[character], mass=0.5, age=-0.4, tone=0.3)
    assert np.abs(found - expected).max() < 1e-6
    assert np.abs(found - load_character(spec.folder, character).base_m).max() > 0.02


def test_base_bodies_stand_where_their_files_say() -> None:
    folder = mblab_folder()
    for character, count in (("f_ca01", 18210), ("f_af01", 18210), ("m_ca01", 17996), ("m_as01", 17996)):
        shaped = load_character(folder, character).shaped_m(MblabSpec(folder=folder, character=character))
        assert shaped.shape == (count, 3)
        np.testing.assert_allclose(shaped, parsed("vertices", f"{character}_verts.json"), atol=1e-6)
    base = load_character(folder, "f_ca01").base_m
    np.testing.assert_allclose(base[0], [0.01477, -0.10733, 1.56613], atol=5e-6)


def test_two_properties_share_the_largest_part_among_the_best_corners() -> None:
    morphs = load_character(mblab_folder(), "m_ca01").morphs
    weights = dict(zip(morphs.names, morphs.weights(morphs.values({"Torso_Mass": 0.8})), strict=True))
    found = {name: weight for name, weight in weights.items() if weight and name.startswith("Torso_Mass-Tone")}
    assert found == pytest.approx({"Torso_Mass-Tone_max-max": 0.3, "Torso_Mass-Tone_max-min": 0.3})


def test_property_alone_takes_its_own_part() -> None:
    morphs = load_character(mblab_folder(), "m_ca01").morphs
    weights = dict(zip(morphs.names, morphs.weights(morphs.values({"Head_Size": 0.2, "Hands_Size": 0.9})), strict=True))
    found = {name: weight for name, weight in weights.items() if weight}
    assert found == pytest.approx({"Head_Size_min": 0.6, "Hands_Size_max": 0.8})


def test_expressions_are_those_without_speech_eyes_breath_and_swallowing() -> None:
    files = open_folder(mblab_folder()).expressions()
    left_out = ("phoneme", "eyes_rot", "breathing", "deglutition")
    assert len(files) == 78
    assert len(EXPRESSIONS) == 43
    assert set(EXPRESSIONS) == {name for name in files if not name.startswith(left_out)}


def test_expression_moves_the_face_by_its_morphs() -> None:
    folder = mblab_folder()
    character = load_character(folder, "f_ca01")
    plain, angry = (
        character.shaped_m(MblabSpec(folder=folder, character="f_ca01", expression=name)) for name in (None, "angry01")
    )
    expected = np.zeros_like(plain)
    morphs = parsed("expressions_morphs", "f_ca01_exprs.json")
    for name, value in parsed("expressions_comb", "human_expressions", "angry01.json")["structural"].items():
        for way, weight in parts_of(value).items():
            for vertex, *delta in morphs.get(f"{name}_{way}", []) if weight else ():
                expected[vertex] += weight * np.array(delta)
    np.testing.assert_allclose(angry - plain, expected, atol=1e-6)
    assert np.abs(expected).max() > 0.005


def test_every_sex_has_28_phenotypes() -> None:
    opened = open_folder(mblab_folder())
    for sex in "fm":
        assert sum(len(opened.phenotypes(f"{sex}_{group}01")) for group in ("ca", "af", "as", "la")) == 28


def test_unknown_phenotype_and_expression_are_named_with_those_there_are() -> None:
    folder = mblab_folder()
    character = load_character(folder, "m_ca01")
    with pytest.raises(InputError, match=r"m_ca01 has no phenotype 'martian'; it has .*nordid"):
        character.shaped_m(MblabSpec(folder=folder, character="m_ca01", phenotype="martian"))
    with pytest.raises(InputError, match=r"no expression 'smug'; it has angry01, "):
        character.shaped_m(MblabSpec(folder=folder, character="m_ca01", expression="smug"))


def test_joints_are_means_of_their_vertices_and_weights_are_shares() -> None:
    folder = mblab_folder()
    for character, sex in (("f_ca01", "female"), ("m_as01", "male")):
        base, skeleton = load_character(folder, character).base_m, load_skeleton(folder, character)
        heads, tails = skeleton.joints_m(base)
        places = parsed("joints", f"human_{sex}_joints.json")
        shifts = parsed("joints", f"human_{sex}_joints_offset.json")
        joint = load_body_model().joint
        for name, bone in (("LeftArm", "upperarm_L"), ("RightLeg", "calf_R"), ("Head", "head"), ("Spine1", "spine03")):
            for found, end in ((heads, "head"), (tails, "tail")):
                expected = base[places[f"{bone}_{end}"]].mean(0) + shifts.get(f"{bone}_{end}", 0.0)
                np.testing.assert_allclose(found[joint(name)], expected, atol=1e-9)
        np.testing.assert_allclose(skeleton.weights.sum(1), 1, atol=1e-5)
        assert skeleton.weights.min() >= 0
