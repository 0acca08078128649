"""The library of office poses, and drawing poses from it and from a folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from annotate.errors import InputError
from assets.poses.clearance import TOLERANCE_M, limb_depths_m
from assets.poses.clips import chosen_frames, most_different
from assets.poses.contact import sole_heights_m
from assets.poses.library import LIBRARY, TAGS, library_pose
from assets.poses.skeleton import ACTIVITIES, JOINTS, Pose, bend_deg, global_rotations, joint_positions
from assets.poses.spec import PoseSpec, load_pose, sample_pose, validate_folder

SIDES = ("Left", "Right")


def names(activity: str) -> list[str]:
    return [name for name, entry in LIBRARY.items() if entry.activity == activity]


def drawn(name: str, count: int = 6) -> list[Pose]:
    return [library_pose(name)] + [library_pose(name, np.random.default_rng(seed)) for seed in range(count)]


def lean_deg(bone: np.ndarray) -> float:
    """Angle of a bone to straight down."""
    return float(np.degrees(np.arccos(np.clip(-bone[2] / np.linalg.norm(bone), -1, 1))))


def test_the_library_has_enough_of_each_activity() -> None:
    assert len(LIBRARY) >= 60
    assert len(names("standing")) >= 25 and len(names("sitting")) >= 20 and len(names("walking")) >= 10
    assert {tag for entry in LIBRARY.values() for tag in entry.tags} == set(TAGS)
    assert {entry.activity for entry in LIBRARY.values()} == set(ACTIVITIES)


@pytest.mark.parametrize("name", LIBRARY)
def test_every_pose_is_made_of_rotations_of_known_joints(name: str) -> None:
    for pose in drawn(name, 4):
        assert set(pose.rotations) <= set(JOINTS)
        for joint, rotation in pose.rotations.items():
            assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9), joint
            assert np.isclose(np.linalg.det(rotation), 1)


MOST_SHIN_LEAN_DEG = {
    "typing-feet-back": 40, "slumped": 45, "legs-stretched": 60, "perched": 40, "leaning-back": 32, "sitting-stretching": 45,
}  # fmt: skip
"""How far shins lean where a pose is about that; elsewhere they are upright."""
CROSSED = {"crossed-leg", "ankle-on-knee"}


@pytest.mark.parametrize("name", names("sitting"))
def test_seated_thighs_are_level_and_shins_upright(name: str) -> None:
    for pose in drawn(name):
        at = joint_positions(pose.rotations)
        thighs = [abs(lean_deg(at[side + "Leg"] - at[side + "UpLeg"]) - 90) for side in SIDES]
        shins = [lean_deg(at[side + "Foot"] - at[side + "Leg"]) for side in SIDES]
        if name in CROSSED:  # the leg that carries the other is as everybody's
            thighs, shins = [min(thighs)], [min(shins)]
        assert max(thighs) < 16
        assert max(shins) < MOST_SHIN_LEAN_DEG.get(name, 12)


@pytest.mark.parametrize("name", ["typing", "mouse", "writing", "leaning-forward"])
def test_hands_at_work_lie_on_the_desk_before_the_body(name: str) -> None:
    for pose in drawn(name):
        at = joint_positions(pose.rotations)
        hips = (at["LeftUpLeg"] + at["RightUpLeg"]) / 2
        for side in SIDES:
            wrist = at[side + "Hand"] - hips
            assert 0.19 < wrist[2] < 0.30, "metres above the hips: on a desk, not through it"
            assert 0.28 < -wrist[1] < 0.60 and abs(wrist[0]) < 0.36


ON_TIPTOE = {"reaching-high", "crouching"}


@pytest.mark.parametrize("name", names("standing"))
def test_standing_feet_are_flat_and_on_one_floor(name: str) -> None:
    for pose in drawn(name):
        heights = sole_heights_m(pose.rotations)
        assert abs(heights["Left"] - heights["Right"]) < (0.09 if name == "crouching" else 0.02)  # one knee goes down
        turned = global_rotations(pose.rotations)
        if name not in ON_TIPTOE:
            assert all(turned[side + "Foot"][2, 2] > np.cos(np.radians(6)) for side in SIDES), "soles level"


@pytest.mark.parametrize("name", ["at-ease", "talking", "phone-call", "holding-cup"])
def test_the_free_arm_hangs_and_nobody_stands_in_the_rest_pose(name: str) -> None:
    for pose in drawn(name):
        at = joint_positions(pose.rotations)
        assert lean_deg(at["LeftForeArm"] - at["LeftArm"]) < 25
        assert at["LeftHand"][2] < at["LeftForeArm"][2] - 0.1


@pytest.mark.parametrize("name", LIBRARY)
def test_no_knee_and_no_elbow_bends_backwards(name: str) -> None:
    for pose in drawn(name):
        at = joint_positions(pose.rotations)
        for side in SIDES:
            knee = np.cross(at[side + "Leg"] - at[side + "UpLeg"], at[side + "Foot"] - at[side + "Leg"])
            assert bend_deg(at, side + "UpLeg", side + "Leg", side + "Foot") < 8 or knee[0] > 0
            assert bend_deg(at, side + "Arm", side + "ForeArm", side + "Hand") < 146


@pytest.mark.parametrize("name", LIBRARY)
def test_no_limb_goes_through_the_trunk_or_another_limb(name: str) -> None:
    deepest = 0.05 if name in ("hand-in-neck", "rubbing-neck") else TOLERANCE_M  # these hands press into the neck
    for pose in drawn(name, 8):
        assert max(float(depth.max()) for depth in limb_depths_m(pose.rotations).values()) < deepest


def test_telephone_is_at_the_ear() -> None:
    for name in ("phone-call", "sitting-phone-call"):
        for pose in drawn(name):
            at, head = joint_positions(pose.rotations), global_rotations(pose.rotations)["Head"]
            knuckles = head.T @ (at["RightHandFinger1"] - at["Head"])
            assert -0.18 < knuckles[0] < -0.06, "beside the head, not in it"
            assert abs(knuckles[1]) < 0.09 and -0.02 < knuckles[2] < 0.12, "by the ear"


def test_draws_differ_and_a_seed_repeats_them() -> None:
    for name in LIBRARY:
        first, again = (library_pose(name, np.random.default_rng(1)) for _ in range(2))
        other = library_pose(name, np.random.default_rng(2))
        assert all(np.array_equal(first.rotations[joint], again.rotations[joint]) for joint in JOINTS)
        hands = [joint_positions(pose.rotations)["RightHand"] for pose in (first, other)]
        assert np.linalg.norm(hands[0] - hands[1]) > 1e-3


def test_leaning_back_varies_its_tilt() -> None:
    tilts = []
    for pose in drawn("leaning-back", 40)[1:]:
        at = joint_positions(pose.rotations)
        trunk = at["Neck"] - (at["LeftUpLeg"] + at["RightUpLeg"]) / 2
        tilts.append(float(np.degrees(np.arctan2(trunk[1], trunk[2]))))
    assert min(tilts) < 8 and max(tilts) > 18


def test_sampling_depends_on_the_generator_only() -> None:
    for activity in ACTIVITIES:
        specs = [sample_pose(np.random.default_rng(9), activity) for _ in range(2)]
        assert specs[0] == specs[1] and specs[0].activity == activity
        again = PoseSpec.model_validate_json(specs[0].model_dump_json())
        first, second = load_pose(specs[0]), load_pose(again)
        assert first.activity == activity
        assert all(np.array_equal(first.rotations[joint], second.rotations[joint]) for joint in JOINTS)


def test_sampling_reaches_all_poses_of_an_activity_and_both_sides() -> None:
    rng = np.random.default_rng(0)
    specs = [sample_pose(rng, "sitting") for _ in range(200)]
    assert {spec.name for spec in specs} == set(names("sitting"))
    assert {spec.mirror for spec in specs} == {True, False}


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'yoga' is not in the library; it has: at-ease"):
        load_pose(PoseSpec(name="yoga", activity="standing"))
    with pytest.raises(InputError, match=r"needs the fields path and frame"):
        load_pose(PoseSpec(source="file", name="x", activity="standing"))


def test_empty_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such folder of poses"):
        validate_folder(tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no .amc and no .bvh file"):
        validate_folder(tmp_path)


def test_most_different_rows_are_spread_and_never_repeat() -> None:
    line = np.concatenate([np.zeros(50), np.linspace(0, 1, 11)])[:, None]
    chosen = line[most_different(line, 4), 0]
    assert sorted(chosen) == pytest.approx([0, 0.3, 0.5, 1.0], abs=0.31) and len(set(chosen)) == 4
    assert len(most_different(np.zeros((7, 2)), 4)) == 1


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = os.environ.get("PLAFOND_TEST_DATA")
    mocap = Path(data or "", "mocap")
    if not data or not mocap.is_dir():
        pytest.skip("no motion capture: set PLAFOND_TEST_DATA to a folder with mocap/")
    monkeypatch.setenv("PLAFOND_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "poses"
    folder.mkdir()
    for name in ("cmu/02/02.asf", "cmu/02/02_01.amc", "cmu/02/02_03.amc", "makehuman-poses/sit01.bvh",
                 "makehuman-poses/standing01.bvh", "makehuman-poses/standing06.bvh"):  # fmt: skip
        shutil.copy(mocap / name, folder)
    return folder


def test_a_folders_clips_serve_the_activities_that_they_show(own_folder: Path) -> None:
    validate_folder(own_folder)
    shows = {
        path.name: [activity for activity in ACTIVITIES if len(chosen_frames(path, activity).frames)]
        for path in sorted(own_folder.iterdir()) if path.suffix != ".asf"
    }  # fmt: skip
    assert shows["02_01.amc"] == ["walking"]
    assert shows["standing01.bvh"] == ["standing"]
    assert shows["sit01.bvh"] == [], "sits on the floor"
    assert shows["standing06.bvh"] == [], "a foot on a chair"


def test_sampling_from_a_folder_mixes_it_with_the_library(own_folder: Path) -> None:
    rng = np.random.default_rng(3)
    walking = [sample_pose(rng, "walking", own_folder) for _ in range(40)]
    sources = [spec.source for spec in walking]
    assert 8 < sources.count("file") < 32
    frames = {spec.frame for spec in walking if spec.source == "file"}
    assert len(frames) > 5
    assert {sample_pose(rng, "sitting", own_folder).source for _ in range(10)} == {"library"}


def test_a_frame_loads_the_same_from_the_cache_and_from_the_file(own_folder: Path, tmp_path: Path) -> None:
    spec = next(
        spec for spec in (sample_pose(np.random.default_rng(seed), "walking", own_folder) for seed in range(20))
        if spec.source == "file"
    )  # fmt: skip
    first = load_pose(spec)
    shutil.rmtree(tmp_path / "cache")
    from assets.poses import clips

    clips._chosen.cache_clear()
    second = load_pose(spec)
    assert all(np.array_equal(first.rotations[joint], second.rotations[joint]) for joint in JOINTS)


def test_a_broken_clip_in_the_folder_is_met_before_work_starts(own_folder: Path) -> None:
    clip = own_folder / "02_01.amc"
    clip.write_text(clip.read_text()[:-100])
    with pytest.raises(InputError, match=r"02_01\.amc: frame 343 ends after"):
        validate_folder(own_folder)


def test_a_frame_beyond_the_clip_is_refused(own_folder: Path) -> None:
    spec = PoseSpec(source="file", name="02_01", activity="walking", path=str(own_folder / "02_01.amc"), frame=343)
    with pytest.raises(InputError, match=r"has 343 frames, but frame 343 is asked for"):
        load_pose(spec)
