"""Dressed and posed people with bodies of MB-Lab: as tall as they are said to be, in their clothes, on their joints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from annotate.classes import CLASS_ID
from annotate.errors import InputError
from annotate.keypoints import KEYPOINTS
from assets.humans.anny import load_body_model
from assets.humans.build import build_human, rest_body
from assets.humans.mblab.body import mblab_body
from assets.humans.mblab.registration import closest_on_surface
from assets.humans.mblab.sample import sample_mblab_human
from assets.humans.mblab.spec import MblabSpec
from assets.humans.mblab.topology import EYE_WHITE, SKIN, load_topology
from assets.humans.mblab.wrap import load_wrap
from assets.humans.outer_skin import outer_skin_vertices
from assets.humans.spec import HumanSpec
from assets.humans.surface import vertex_normals
from assets.humans.tailoring import SUIT, base_surface
from assets.poses.skeleton import REST_JOINTS_M, Pose
from assets.poses.spec import load_pose, sample_pose

REST = Pose("rest", "standing", {})


def mblab_folder() -> Path:
    folder = Path(os.environ.get("PLAFOND_TEST_DATA", "/nowhere")) / "mblab"
    if not (folder / "data").is_dir():
        pytest.skip("PLAFOND_TEST_DATA names no folder with mblab/data")
    return folder


def person(seed: int) -> HumanSpec:
    return sample_mblab_human(np.random.default_rng(seed), mblab_folder())


def test_library_gives_triangles_that_close_around_the_body() -> None:
    folder = mblab_folder()
    for character in ("f_ca01", "m_ca01"):
        topology = load_topology(folder, character)
        assert len(topology.triangles) == 2 * (17288 if character.startswith("f") else 17074)
        assert len(topology.of(EYE_WHITE)) > 100
        points = load_wrap(folder, "female" if character.startswith("f") else "male").base_m
        a, b, c = (points[topology.triangles[topology.of(SKIN)][:, corner]] for corner in range(3))
        litres = 1000 * np.einsum("na,na->n", a, np.cross(b, c)).sum() / 6
        assert 40 < litres < 95  # outward


def test_bare_body_is_as_tall_as_it_is_said_to_be() -> None:
    for seed in range(6):
        spec = person(seed)
        height = rest_body(spec).vertices_m[outer_skin_vertices(), 2]
        assert np.ptp(height) == pytest.approx(spec.stature_m, abs=0.006)
        assert height.min() == pytest.approx(0, abs=1e-6)


def test_limbs_rest_in_the_directions_that_poses_count_from() -> None:
    joint = load_body_model().joint
    for seed in range(4):
        heads = rest_body(person(seed)).heads_m
        for start, end in (("LeftArm", "LeftForeArm"), ("RightForeArm", "RightHand"), ("LeftUpLeg", "LeftLeg"),
                           ("RightLeg", "RightFoot"), ("LeftHand", "LeftHandFinger1")):  # fmt: skip
            ours, theirs = REST_JOINTS_M[end] - REST_JOINTS_M[start], heads[joint(end)] - heads[joint(start)]
            assert ours @ theirs > np.cos(np.radians(3)) * np.linalg.norm(ours) * np.linalg.norm(theirs), start


def test_suit_lies_just_outside_the_skin_of_every_shape() -> None:
    folder = mblab_folder()
    suit = base_surface(SUIT)
    for seed in range(4):
        spec = person(seed)
        assert spec.mblab is not None
        body = mblab_body(spec)
        topology = load_topology(folder, spec.mblab.character)
        skin = topology.triangles[topology.of(SKIN)]
        cloth = body.rest.vertices_m[suit.members][(suit.chart.arm_m < 0.5) & (suit.chart.place_m[:, 2] > 0.2)]
        feet = closest_on_surface(cloth, body.reposed_m, skin)
        normals = feet.interpolated(vertex_normals(body.reposed_m, skin))
        off_m = ((cloth - feet.interpolated(body.reposed_m)) * normals).sum(1)
        # Where it spans a crease (armpits, between the buttocks) the nearest skin is that of the other side.
        assert np.percentile(off_m, 5) > 0, seed
        assert np.percentile(np.abs(off_m), 95) < 0.016, seed


@pytest.mark.parametrize("activity", ["standing", "walking", "sitting"])
def test_person_stands_or_sits_in_its_clothes(activity: str) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        spec = sample_mblab_human(rng, mblab_folder())
        human = build_human(spec, load_pose(sample_pose(rng, activity)))  # type: ignore[arg-type]
        assert human.vertices_m[:, 2].min() == pytest.approx(0, abs=0.08 if activity == "sitting" else 1e-5)
        assert np.isfinite(human.vertices_m).all()
        assert len(human.triangles) < 45_000
        classes = set(np.unique(human.triangle_class))
        assert {CLASS_ID["skin"], CLASS_ID["shoes"]} <= classes


def test_face_and_hands_are_where_the_keypoints_are() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        human = build_human(sample_mblab_human(rng, mblab_folder()), load_pose(sample_pose(rng, "standing")))
        assert human.keypoints_m is not None
        points = dict(zip(KEYPOINTS, human.keypoints_m, strict=True))
        skin = human.triangle_class == CLASS_ID["skin"]
        head = human.vertices_m[np.unique(human.triangles[skin & human.triangle_is_head])]
        for name in ("nose", "left_eye", "right_eye"):
            assert np.linalg.norm(head - points[name], axis=1).min() < 0.02, name
        hands = human.vertices_m[np.unique(human.triangles[skin & ~human.triangle_is_head])]
        for name in ("left_wrist", "right_wrist"):
            near = np.linalg.norm(hands - points[name], axis=1) < 0.13
            assert near.sum() > 300, name


def test_skin_of_a_body_at_rest_is_that_of_its_own_vertices() -> None:
    """Posing from MB-Lab's rest through plafond's and back again must give MB-Lab's body itself."""
    spec = person(0)
    body, model = mblab_body(spec), load_body_model()
    back = {}
    for joint, (name, parent) in enumerate(zip(model.joint_names, model.joint_parents, strict=True)):
        above = np.eye(3) if parent < 0 else body.turns[parent].T
        back[name] = above.T @ body.turns[joint].T
    turns, heads = model.joint_motions(body.rest, back)
    np.testing.assert_allclose(turns @ body.turns, np.tile(np.eye(3), (len(turns), 1, 1)), atol=1e-6)
    shift = heads[0] - body.bind_heads_m[0]
    np.testing.assert_allclose(heads, body.bind_heads_m + shift, atol=1e-5)


def test_person_depends_on_its_spec_alone() -> None:
    spec = person(3)
    assert spec == person(3)
    first = build_human(spec, REST)
    build_human(person(4), REST)
    again = build_human(HumanSpec.model_validate_json(spec.model_dump_json()), REST)
    np.testing.assert_array_equal(first.vertices_m, again.vertices_m)
    np.testing.assert_array_equal(first.triangles, again.triangles)


def test_sampled_people_come_from_the_whole_folder() -> None:
    people = [person(seed) for seed in range(60)]
    assert {one.mblab.character for one in people if one.mblab} == {"f_ca01", "f_af01", "m_ca01", "m_as01"}
    assert len({one.mblab.phenotype for one in people if one.mblab}) > 12
    assert len({one.mblab.expression for one in people if one.mblab}) > 12
    dark, light = (
        np.mean([one.skin.melanin for one in people if one.mblab and one.mblab.character[2:4] == group])
        for group in ("af", "ca")
    )
    assert dark > light + 0.3


def test_sex_of_another_than_the_character_is_refused() -> None:
    spec = person(0).model_copy(update={"sex": "male"})
    other = spec.model_copy(update={"mblab": MblabSpec(folder=mblab_folder(), character="f_ca01")})
    with pytest.raises(InputError, match=r"mblab\.character is f_ca01, but sex is male"):
        build_human(other, REST)


def test_library_that_blender_cannot_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "humanoid_library.blend"
    broken.write_bytes(b"no library")
    command = [sys.executable, "-m", "render.blender.mblab_topology", str(broken), str(tmp_path / "o.npz"), "thing"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "humanoid_library.blend: Blender cannot read it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o.npz").exists()
