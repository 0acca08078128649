"""What plafond says of a copy of MB-Lab that is not whole. The copy here is a toy: a tetrahedron with one morph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from annotate.errors import InputError
from assets.humans.mblab.character import load_character
from assets.humans.mblab.folder import MblabFolder, open_folder
from assets.humans.mblab.spec import MblabSpec

CORNERS = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
FILES: dict[str, Any] = {
    "characters_config.json": {
        "human_male_base": {"template_model": "MBLab_human_male", "vertices": 4, "faces": 4},
        "m_ca01": {
            "template_model": "MBLab_human_male", "shared_morphs_file": "shared.json", "shared_morphs_extra_file": "",
            "transformations_file": "change.json", "joints_base_file": "joints.json",
            "joints_offset_file": "offset.json", "vertexgroup_base_file": "groups.json",
        },
    },
    "vertices/m_ca01_verts.json": CORNERS,
    "morphs/shared.json": {"Body_Size_max": [[3, 0.0, 0.0, 0.5]], "Body_Size_min": []},
    "morphs/m_ca01_morphs.json": {},
    "expressions_morphs/m_ca01_exprs.json": {"Expressions_smile_max": [[1, 0.25, 0.0, 0.0]]},
    "expressions_comb/human_expressions/happy01.json": {"structural": {"Expressions_smile": 1.0}},
    "phenotypes/m_ca01_ptypes/tall.json": {"structural": {"Body_Size": 1.0}},
    "transformations/change.json": {"age_data": [["Size", 0.0, -0.5]], "fat_data": [], "muscle_data": []},
    "joints/joints.json": {}, "joints/offset.json": {}, "vgroups/groups.json": {},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy copy, and a cache of its own."""
    monkeypatch.setenv("PLAFOND_CACHE", str(tmp_path / "cache"))
    open_folder.cache_clear()
    load_character.cache_clear()
    for name, value in FILES.items():
        path = tmp_path / "copy" / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    return tmp_path / "copy"


def shaped(folder: Path, **changes: Any) -> np.ndarray:
    spec = MblabSpec(folder=folder, character="m_ca01", **changes)
    return load_character(folder, "m_ca01").shaped_m(spec)


def test_toy_body_is_shaped_as_its_files_say(folder: Path) -> None:
    assert shaped(folder, phenotype="tall")[3, 2] == pytest.approx(1.5)
    assert shaped(folder, phenotype="tall", age=0.5)[3, 2] == pytest.approx(1.25)
    assert shaped(folder, expression="happy01")[1, 0] == pytest.approx(1.25)


def test_second_start_reads_the_kept_arrays(folder: Path) -> None:
    first = shaped(folder, phenotype="tall")
    (kept,) = (folder.parent / "cache" / "mblab").iterdir()
    load_character.cache_clear()
    stamp = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(shaped(folder, phenotype="tall"), first)
    assert kept.stat().st_mtime_ns == stamp


def test_changed_file_is_read_anew(folder: Path) -> None:
    shaped(folder)
    (folder / "data/vertices/m_ca01_verts.json").write_text(json.dumps([[2.5, 0.0, 0.0], *CORNERS[1:]]))
    load_character.cache_clear()
    assert shaped(folder)[0, 0] == 2.5


def test_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no data/characters_config\.json; expected a copy of MB-Lab"):
        MblabFolder(tmp_path)


@pytest.mark.parametrize("name", ["morphs/shared.json", "expressions_morphs/m_ca01_exprs.json", "joints/joints.json"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / "data" / name).unlink()
    with pytest.raises(InputError, match=rf"{Path(name).name}: no such file .*not complete"):
        shaped(folder)


def test_cut_file_is_named(folder: Path) -> None:
    path = folder / "data/morphs/shared.json"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(InputError, match=r"shared\.json: not valid JSON .*cut short"):
        shaped(folder)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("vertices/m_ca01_verts.json", CORNERS[:3], r"shape \(3, 3\); expected 4 positions"),
        ("vertices/m_ca01_verts.json", [[1], [2, 3]], r"expected a list of \[x, y, z\]"),
        ("morphs/shared.json", {"Body_Size_max": [[4, 0, 0, 0]]}, r"moves vertex 4; the body has vertices 0 to 3"),
        ("morphs/shared.json", {"Body_Size_max": [[1, 0, 0]]}, r"Body_Size_max: expected rows of \[vertex, dx, dy, dz\]"),
        ("morphs/shared.json", {"BodySize": []}, r"expected Category_Property_max or _min"),
        ("morphs/shared.json", {"Body_A-B_max": []}, r"one max or min for each"),
        ("morphs/shared.json", [], r"expected a JSON object, found list"),
        ("transformations/change.json", {"age_data": [["Size"]]}, r"age_data holds .*expected \[name, number, number\]"),
    ],
)  # fmt: skip
def test_file_that_is_not_what_it_must_be_is_named(folder: Path, name: str, value: Any, complaint: str) -> None:
    (folder / "data" / name).write_text(json.dumps(value))
    with pytest.raises(InputError, match=complaint) as refused:
        shaped(folder)
    assert Path(name).name in str(refused.value)


def test_phenotype_must_hold_numbers(folder: Path) -> None:
    (folder / "data/phenotypes/m_ca01_ptypes/odd.json").write_text('{"structural": {"Body_Size": "big"}}')
    with pytest.raises(InputError, match=r"odd\.json: structural\.Body_Size is 'big'; expected a number"):
        shaped(folder, phenotype="odd")


def test_character_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    with pytest.raises(InputError, match=r"has no character 'f_ca01'; it has m_ca01"):
        load_character(folder, "f_ca01")
    with pytest.raises(ValidationError):
        MblabSpec(folder=folder, character="m_an01")
