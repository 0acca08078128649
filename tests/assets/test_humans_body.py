"""The body in numpy against anny's own forward pass, and the cache that it is read from.

anny_reference.json holds points that anny 0.6.2 computed itself (reference_from_anny, float64, plain skinning), because
constructing its model takes a minute and a gigabyte. PLAFOND_LIVE_ANNY=1 runs the comparison against anny itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.humans import body_arrays
from assets.humans.anny import OLD_YEARS, YOUNG_YEARS, Phenotype, load_body_model, pose_points
from assets.humans.body_arrays import load_body_arrays

REFERENCE = Path(__file__).with_name("anny_reference.json")
CASES = (
    {"gender": 0.0, "age": 0.7, "muscle": 0.8, "weight": 0.35, "height": 0.7, "proportions": 0.9, "cupsize": 0.5},
    {"gender": 1.0, "age": 0.92, "muscle": 0.3, "weight": 0.75, "height": 0.2, "proportions": 0.4, "cupsize": 0.8},
    {"gender": 0.8, "age": 0.8, "muscle": 0.5, "weight": 0.5, "height": 0.6, "proportions": 0.1, "cupsize": 0.3},
)
RACES = ((1.0, 0.0, 0.0), (0.2, 0.7, 0.1), (0.1, 0.2, 0.7))


def turns_of_case(case: int) -> dict[str, np.ndarray]:
    """A rotation for every joint but the root."""
    rng = np.random.default_rng(case)
    names = sorted(load_body_model().joint_names)
    return {name: Rotation.from_rotvec(rng.normal(0, 0.4, 3)).as_matrix() for name in names if name != "Hips"}


def reference_from_anny() -> list[dict]:
    """What anny computes for every case: some of its vertices, by their number in the base mesh."""
    import torch
    from anny import Anny

    model = Anny(rig="cmu_mb", phenotypes="all", phenotype_blendshapes="original", skinning_method="lbs").double()
    base = model.base_mesh_vertex_indices.numpy()
    chosen = np.flatnonzero(np.isin(base, load_body_model().base_vertex))[::150]
    found = []
    for case, (phenotype, races) in enumerate(zip(CASES, RACES, strict=True)):
        values = {**phenotype, "firmness": 0.5, **dict(zip(("african", "asian", "caucasian"), races, strict=True))}
        motion = torch.eye(4, dtype=torch.float64).repeat(1, len(model.bone_labels), 1, 1)
        for name, turn in turns_of_case(case).items():
            motion[0, model.bone_labels.index(name), :3, :3] = torch.tensor(turn)
        points = model(motion, phenotype_kwargs=values)["vertices"][0].numpy()[chosen]
        found.append({"base_vertex": base[chosen].tolist(), "points_m": np.round(points, 6).tolist()})
    return found


def ours(case: int, base_vertex: np.ndarray) -> np.ndarray:
    phenotype, (african, asian, caucasian) = dict(CASES[case]), RACES[case]
    female, age = phenotype.pop("gender"), phenotype.pop("age")
    years = YOUNG_YEARS + (OLD_YEARS - YOUNG_YEARS) * (3 * age - 2)
    model = load_body_model()
    body = model.shape(
        Phenotype(female=female, age_years=years, african=african, asian=asian, caucasian=caucasian, **phenotype)
    )
    turns, heads = model.joint_motions(body, turns_of_case(case))
    rows = np.searchsorted(model.base_vertex, base_vertex)
    return pose_points(body.vertices_m[rows], model.weights[rows], body.heads_m, turns, heads)


def assert_same_up_to_place(reference: list[dict]) -> None:
    for case, entry in enumerate(reference):
        expected = np.array(entry["points_m"])
        difference = ours(case, np.array(entry["base_vertex"])) - expected
        assert np.abs(difference - difference.mean(0)).max() < 1e-5


def test_posed_bodies_are_those_of_anny():
    assert_same_up_to_place(json.loads(REFERENCE.read_text()))


@pytest.mark.skipif(not os.environ.get("PLAFOND_LIVE_ANNY"), reason="anny takes a minute: set PLAFOND_LIVE_ANNY=1")
def test_posed_bodies_are_those_of_anny_now():
    assert_same_up_to_place(reference_from_anny())


def test_skinning_weights_are_shares():
    weights = load_body_model().weights
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)


def test_body_surface_is_oriented_outwards():
    model = load_body_model()
    body = model.shape(Phenotype())
    a, b, c = (body.vertices_m[model.triangles["body"][:, corner]] for corner in range(3))
    litres = 1000 * np.einsum("na,na->n", a, np.cross(b, c)).sum() / 6
    assert 55 < litres < 95


def test_broken_cache_is_built_again(tmp_path, monkeypatch, capsys):
    built = []

    def build(folder):
        built.append(folder)
        return {"points": np.arange(6.0).reshape(2, 3)}

    monkeypatch.setenv("PLAFOND_CACHE", str(tmp_path))
    monkeypatch.setattr(body_arrays, "build_body_arrays", build)
    load_body_arrays()
    (stored,) = tmp_path.iterdir()
    stored.write_bytes(stored.read_bytes()[:100])
    again = load_body_arrays()
    np.testing.assert_array_equal(again["points"], [[0, 1, 2], [3, 4, 5]])
    load_body_arrays()
    assert len(built) == 2
    assert "broken cache file" in capsys.readouterr().err


def test_building_a_person_needs_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from types import SimpleNamespace as Pose\n"
        "from assets.humans.build import build_human\n"
        "from assets.humans.spec import sample_human\n"
        "build_human(sample_human(np.random.default_rng(0)), Pose(activity='standing', rotations={}))\n"
        "sys.exit('torch' in sys.modules or 'anny' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
