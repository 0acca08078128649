"""Retargeting: joint angles and directions survive on a body that rests differently."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assets.poses.clip import Clip, posed_joints
from assets.poses.clips import read_clip
from assets.poses.names import joint_names
from assets.poses.retarget import retarget
from assets.poses.skeleton import JOINTS, PARENTS, REST_JOINTS_M, Pose, global_rotations, joint_positions, mirror

FILES = (
    "cmu/02/02_01.amc", "cmu/02/02_05.amc", "cmu/03/03_01.amc",
    "cmu-bvh-cgspeed/131_02.bvh", "makehuman-poses/sit01.bvh", "makehuman-poses/standing06.bvh",
)  # fmt: skip
LIMBS = (("Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot"))


def real_clip(name: str) -> tuple[Clip, Path]:
    folder = os.environ.get("PLAFOND_TEST_DATA")
    path = Path(folder or "", "mocap", name)
    if not folder or not path.exists():
        pytest.skip(f"no {name}: set PLAFOND_TEST_DATA to a folder with mocap/{name}")
    clip = read_clip(path)
    return clip.frames(np.arange(0, len(clip), max(1, len(clip) // 40))), path


def bends(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    cosine = (first * second).sum(-1) / np.linalg.norm(first, axis=-1) / np.linalg.norm(second, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize("name", FILES)
def test_elbows_and_knees_bend_as_in_the_recording(name: str) -> None:
    clip, path = real_clip(name)
    names = joint_names(path, clip.joints)
    places = posed_joints(clip)
    ours = joint_positions(retarget(clip, path))
    for side in ("Left", "Right"):
        for limb in LIMBS:
            start, middle, end = (side + joint for joint in limb)
            theirs = [places[:, clip.joints.index(names[joint])] for joint in (start, middle, end)]
            expected = bends(theirs[1] - theirs[0], theirs[2] - theirs[1])
            found = bends(ours[middle] - ours[start], ours[end] - ours[middle])
            assert np.abs(found - expected).max() < 2.0, (middle, np.abs(found - expected).max())


@pytest.mark.parametrize("name", FILES)
def test_limbs_point_where_they_point_in_the_recording(name: str) -> None:
    """Up to the heading, which poses do not have: heights are the same, and angles between limbs."""
    clip, path = real_clip(name)
    names = joint_names(path, clip.joints)
    places = posed_joints(clip)
    ours = joint_positions(retarget(clip, path))
    pairs = [(side + a, side + b) for side in ("Left", "Right") for limb in LIMBS for a, b in pairwise(limb)]

    def directions(at: dict[str, np.ndarray]) -> np.ndarray:
        bones = np.stack([at[b] - at[a] for a, b in pairs], axis=1)
        return bones / np.linalg.norm(bones, axis=-1, keepdims=True)

    theirs = directions({joint: places[:, clip.joints.index(name)] for joint, name in names.items()})
    mine = directions({joint: np.broadcast_to(place, (len(clip), 3)) for joint, place in ours.items()})
    assert np.allclose(theirs[..., 2], mine[..., 2], atol=1e-6)
    assert np.allclose(theirs @ theirs.transpose(0, 2, 1), mine @ mine.transpose(0, 2, 1), atol=1e-6)


@pytest.mark.parametrize("name", FILES)
def test_retargeted_poses_face_forward_and_are_rotations(name: str) -> None:
    clip, path = real_clip(name)
    rotations = retarget(clip, path)
    assert set(rotations) == set(JOINTS)
    for rotation in rotations.values():
        assert np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3), atol=1e-9)
        assert np.allclose(np.linalg.det(rotation), 1)
    assert np.allclose(rotations["Hips"][:, 1, 0], 0, atol=1e-9) and (rotations["Hips"][:, 0, 0] > 0).all()


def test_knees_of_a_walker_bend_backwards_and_elbows_forwards() -> None:
    clip, path = real_clip("cmu/02/02_01.amc")
    turned = global_rotations(retarget(clip, path))
    at = joint_positions(retarget(clip, path))
    for side in ("Left", "Right"):
        thigh, shin = at[side + "Leg"] - at[side + "UpLeg"], at[side + "Foot"] - at[side + "Leg"]
        bent = bends(thigh, shin) > 15
        assert (np.cross(thigh, shin)[bent, 0] > 0).all(), "the knee's axis points to the body's left"
        upper, fore = at[side + "ForeArm"] - at[side + "Arm"], at[side + "Hand"] - at[side + "ForeArm"]
        assert (np.cross(upper, fore)[:, 0] < 0).all()
        toes = turned[side + "Foot"] @ np.array([0.0, -1.0, 0.0])
        assert (toes[:, 1] < -0.2).all(), "feet point ahead"


def test_same_rest_pose_gives_back_the_recordings_rotations() -> None:
    """MakeHuman's rig rests as ours does (to a few degrees), so thighs turn from rest as they do in the file."""
    clip, path = real_clip("makehuman-poses/standing02.bvh")
    rotations = global_rotations({joint: r[0] for joint, r in retarget(clip, path).items()})
    for joint in ("LeftUpLeg", "LeftLeg", "RightUpLeg", "Hips", "Spine1"):
        angle = np.degrees(np.arccos(np.clip((np.trace(rotations[joint]) - 1) / 2, -1, 1)))
        assert angle < 12, (joint, angle)


def test_turning_the_whole_recording_changes_nothing() -> None:
    clip, path = real_clip("cmu/02/02_05.amc")
    c, s = np.cos(1.1), np.sin(1.1)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    rotations = clip.rotations.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    turned = Clip(clip.name, clip.joints, clip.parents, clip.rest_m, rotations, clip.root_m @ turn.T, clip.frame_s)
    first, second = retarget(clip, path), retarget(turned, path)
    for joint in JOINTS:
        assert np.allclose(first[joint], second[joint], atol=1e-9)


def test_mirroring_twice_is_the_same_pose_and_once_swaps_the_sides() -> None:
    rng = np.random.default_rng(5)
    rotations = {joint: np.linalg.qr(rng.normal(size=(3, 3)))[0] for joint in JOINTS}
    rotations = {joint: r * np.sign(np.linalg.det(r)) for joint, r in rotations.items()}
    pose = Pose("any", "standing", rotations)
    once = mirror(pose)
    twice = mirror(once)
    at, other = joint_positions(pose.rotations), joint_positions(once.rotations)
    for joint in JOINTS:
        assert np.array_equal(twice.rotations[joint], rotations[joint])
    assert np.allclose(at["LeftHand"] * [-1, 1, 1], other["RightHand"])
    assert np.allclose(at["RightFoot"] * [-1, 1, 1], other["LeftFoot"])


def test_rest_joints_of_the_reference_body_are_symmetric_and_complete() -> None:
    assert len(JOINTS) == 31
    seen: set[str] = set()
    for joint in JOINTS:
        assert PARENTS[joint] is None or PARENTS[joint] in seen
        seen.add(joint)
        assert joint in REST_JOINTS_M
    assert np.allclose(REST_JOINTS_M["RThumbEnd"], REST_JOINTS_M["LThumbEnd"] * [-1, 1, 1])
