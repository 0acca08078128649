"""Motion capture readers: known answers, an independent forward kinematics, and broken files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from annotate.errors import InputError
from assets.poses.asf_amc import read_amc, read_asf
from assets.poses.bvh import read_bvh
from assets.poses.clip import posed_joints
from assets.poses.retarget import retarget
from assets.poses.skeleton import joint_positions

ASF = """:version 1.10
:units
  length 0.5
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name upper
     direction 2 0 0
     length 2
     axis 0 0 0 XYZ
     dof rx ry rz
     limits (-180 180)
            (-180 180)
            (-180 180)
  end
  begin
     id 2
     name lower
     direction 1 0 0
     length 3
     axis 90 0 0 XYZ
     dof rz
  end
:hierarchy
  begin
    root upper
    upper lower
  end
"""
AMC = """#!header
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
upper 0 0 90
lower 90
2
root 1 2 3 0 90 0
upper 90 90 0
lower 0
"""

BVH_HEAD = """HIERARCHY
ROOT Hips
{
 OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
%s}
MOTION
Frames: %d
Frame Time: 0.1
"""
MIXAMO_JOINTS = {
    "Spine": ("Hips", (0, 10, 0)), "Spine1": ("Spine", (0, 10, 0)), "Spine2": ("Spine1", (0, 10, 0)),
    "Neck": ("Spine2", (0, 20, 0)), "Head": ("Neck", (0, 10, 0)),
    "LeftShoulder": ("Spine2", (5, 15, 0)), "LeftArm": ("LeftShoulder", (10, 0, 0)),
    "LeftForeArm": ("LeftArm", (28, 0, 0)), "LeftHand": ("LeftForeArm", (25, 0, 0)),
    "RightShoulder": ("Spine2", (-5, 15, 0)), "RightArm": ("RightShoulder", (-10, 0, 0)),
    "RightForeArm": ("RightArm", (-28, 0, 0)), "RightHand": ("RightForeArm", (-25, 0, 0)),
    "LeftUpLeg": ("Hips", (9, -5, 0)), "LeftLeg": ("LeftUpLeg", (0, -42, 0)), "LeftFoot": ("LeftLeg", (0, -41, 0)),
    "RightUpLeg": ("Hips", (-9, -5, 0)), "RightLeg": ("RightUpLeg", (0, -42, 0)), "RightFoot": ("RightLeg", (0, -41, 0)),
}  # fmt: skip


def bvh_text(frames: int, declared: int | None = None, turn: dict[str, str] | None = None, prefix: str = "") -> str:
    """A T-pose person in Mixamo's names; turn: joint -> its three rotation numbers, the same in all frames."""
    values: list[str] = []

    def joint(name: str) -> str:
        values.append((turn or {}).get(name, "0 0 0"))
        children = "".join(joint(child) for child, (parent, _) in MIXAMO_JOINTS.items() if parent == name)
        x, y, z = MIXAMO_JOINTS[name][1]
        end = children or " End Site\n{\n OFFSET 0 1 0\n}\n"
        return f"JOINT {prefix}{name}\n{{\n OFFSET {x} {y} {z}\n CHANNELS 3 Zrotation Yrotation Xrotation\n{end}}}\n"

    tree = "".join(joint(child) for child, (parent, _) in MIXAMO_JOINTS.items() if parent == "Hips")
    row = "0 100 0 0 0 0 " + " ".join(values) + "\n"
    return BVH_HEAD.replace("ROOT Hips", f"ROOT {prefix}Hips") % (tree, declared or frames) + row * frames


def mocap(name: str) -> Path:
    folder = os.environ.get("PLAFOND_TEST_DATA")
    path = Path(folder or "", "mocap", name)
    if not folder or not path.exists():
        pytest.skip(f"no {name}: set PLAFOND_TEST_DATA to a folder with mocap/{name}")
    return path


@pytest.fixture
def acclaim(tmp_path: Path) -> Path:
    (tmp_path / "07.asf").write_text(ASF)
    (tmp_path / "07_01.amc").write_text(AMC)
    return tmp_path / "07_01.amc"


def test_acclaim_bones_lie_where_they_were_computed_by_hand(acclaim: Path) -> None:
    clip = read_amc(acclaim)
    inch = 0.0254 / 0.5
    places = posed_joints(clip) / inch
    ends = [clip.joints.index(name) for name in ("root", "lower", "lower_end")]
    # File axes to body axes: (x, y, z) -> (x, -z, y). Frame 1: the upper bone turned to +y; the lower about its own z,
    # which is the file's -y before the turn, so that it points to +z of the file.
    assert np.allclose(places[0, ends], [[1, -3, 2], [1, -3, 4], [1, -6, 4]], atol=1e-9)
    # Frame 2: x first, then y: the upper bone from x to -z; the root's quarter turn about y takes it on to -x.
    assert np.allclose(places[1, ends], [[1, -3, 2], [-1, -3, 2], [-4, -3, 2]], atol=1e-9)


def _bvh_positions_by_the_book(path: Path, frame: int) -> dict[str, np.ndarray]:
    """Joint places of a BVH frame from its text: 4 x 4 matrices, one joint after another; nothing of plafond's."""
    lines = path.read_text().split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("MOTION"))
    numbers = iter([float(word) for word in lines[start + 3 + frame].split()])
    stack: list[np.ndarray] = []
    places: dict[str, np.ndarray] = {}
    name, matrix = "", np.eye(4)
    for words in (line.split() for line in lines[1:start]):
        if not words:
            continue
        if words[0] in ("ROOT", "JOINT", "End"):
            name = words[1]
        elif words[0] == "OFFSET":
            matrix = (stack[-1] if stack else np.eye(4)) @ _shift([float(word) for word in words[1:]])
            if name == "Site":
                stack.append(matrix)
        elif words[0] == "CHANNELS":
            for channel in words[2:]:
                value = next(numbers)
                if channel.endswith("position"):
                    matrix = matrix @ _shift([value * (channel[0] == axis) for axis in "XYZ"])
                else:
                    matrix = matrix @ _turn(channel[0], value)
            stack.append(matrix)
            places[name] = matrix[:3, 3]
        elif words[0] == "}":
            stack.pop()
    return places


def _shift(by: list[float]) -> np.ndarray:
    result = np.eye(4)
    result[:3, 3] = by
    return result


def _turn(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[axis]
    result = np.eye(4)
    result[i, i] = result[j, j] = c
    result[i, j], result[j, i] = -s, s
    return result


def test_bvh_joints_lie_where_an_independent_computation_puts_them() -> None:
    path = mocap("cmu-bvh-cgspeed/131_01.bvh")
    clip = read_bvh(path)
    ours = posed_joints(clip)
    for frame in (0, 500, 993):
        theirs = _bvh_positions_by_the_book(path, frame)
        scale = 1.0 / np.linalg.norm(theirs["LeftKnee"] - theirs["LeftHip"])
        thigh = ours[frame, clip.joints.index("LeftKnee")] - ours[frame, clip.joints.index("LeftHip")]
        ours_in_file = ours[frame] / np.linalg.norm(thigh) @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
        for name, place in theirs.items():
            assert np.allclose(ours_in_file[clip.joints.index(name)], place * scale, atol=1e-9), (frame, name)


def test_cmu_walker_is_of_human_size_and_walks_on_the_floor() -> None:
    clip = read_amc(mocap("cmu/02/02_01.amc"))
    places = posed_joints(clip)
    assert len(clip) == 343
    feet = places[:, [clip.joints.index("lfoot"), clip.joints.index("rfoot")], 2].min(axis=1)
    heads = places[:, clip.joints.index("head_end"), 2]
    assert np.all(np.abs(feet - np.median(feet)) < 0.08)
    assert 1.5 < np.median(heads) < 1.9
    metres = np.linalg.norm(places[-1, 0] - places[0, 0])
    assert 0.8 < metres / (len(clip) * clip.frame_s) < 1.8, "a walker's speed, m/s"


def test_cmu_knees_bend_by_the_angle_that_the_file_states() -> None:
    path = mocap("cmu/02/02_01.amc")
    clip = read_amc(path)
    stated = [float(line.split()[1]) for line in path.read_text().split("\n") if line.startswith("ltibia")]
    places = posed_joints(clip)
    hip, knee, ankle = (places[:, clip.joints.index(name)] for name in ("lfemur", "ltibia", "lfoot"))
    cosine = ((knee - hip) * (ankle - knee)).sum(1) / np.linalg.norm(knee - hip, axis=1)
    bend = np.degrees(np.arccos(cosine / np.linalg.norm(ankle - knee, axis=1)))
    assert np.allclose(bend, np.abs(stated), atol=0.02)


def test_amc_for_another_skeleton_names_the_strange_bones(acclaim: Path) -> None:
    acclaim.write_text(AMC.replace("lower", "tail"))
    with pytest.raises(InputError, match=r"07_01\.amc: moves tail, which 07\.asf does not have: .*another skeleton"):
        read_amc(acclaim)


def test_amc_that_lacks_a_bone_of_its_skeleton_is_refused(acclaim: Path) -> None:
    acclaim.write_text("\n".join(line for line in AMC.split("\n") if not line.startswith("lower")))
    with pytest.raises(InputError, match=r"lacks lower of 07.asf"):
        read_amc(acclaim)


def test_amc_with_other_numbers_of_angles_is_refused(acclaim: Path) -> None:
    acclaim.write_text(AMC.replace("upper 90 90 0", "upper 90 90"))
    with pytest.raises(InputError, match=r"another skeleton|cut short"):
        read_amc(acclaim)


@pytest.mark.parametrize("end", [-2, -8, -30])
def test_amc_cut_short_says_so(acclaim: Path, end: int) -> None:
    acclaim.write_text(AMC.rstrip()[:end].rsplit(" ", 1)[0])
    with pytest.raises(InputError, match=r"frame 2 ends after .* cut short"):
        read_amc(acclaim)


def test_amc_without_its_skeleton_says_which_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "07_01.amc").write_text(AMC)
    with pytest.raises(InputError, match=r"needs the skeleton .* 07\.asf .*found no \.asf at all"):
        read_amc(tmp_path / "07_01.amc")


def test_asf_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "07.asf").write_text(ASF[: ASF.index(":hierarchy")])
    with pytest.raises(InputError, match=r"no section :hierarchy"):
        read_asf(tmp_path / "07.asf")
    (tmp_path / "08.asf").write_text(ASF.replace("     length 3\n", ""))
    with pytest.raises(InputError, match=r"bone lower: field missing"):
        read_asf(tmp_path / "08.asf")


def test_bvh_with_fewer_frames_than_declared_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    path.write_text(bvh_text(frames=3, declared=5))
    with pytest.raises(InputError, match=r"a\.bvh: declares 5 frames of 63 numbers but holds 3: .*cut short"):
        read_bvh(path)


def test_bvh_with_a_cut_last_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    path.write_text(bvh_text(frames=3)[:-40])
    with pytest.raises(InputError, match=r"holds 2 and 43 of 63 numbers of the next: .*cut short"):
        read_bvh(path)


def test_real_bvh_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    text = mocap("cmu-bvh-cgspeed/131_02.bvh").read_text()
    for share in (0.02, 0.3, 0.9):
        path = tmp_path / "cut.bvh"
        path.write_text(text[: int(len(text) * share)])
        with pytest.raises(InputError, match=r"cut short|broken"):
            read_bvh(path)


def test_bvh_of_unknown_joint_names_lists_found_and_expected(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    path.write_text(bvh_text(frames=1).replace("Left", "Port"))
    with pytest.raises(InputError, match=r"joint names not known\. Found 20: Hips, .*PortArm.*Expected .*Mixamo: Hips"):
        read_bvh(path)


def test_bvh_joint_names_may_have_a_prefix(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    path.write_text(bvh_text(frames=1, prefix="mixamorig:"))
    assert "mixamorig:LeftArm" in read_bvh(path).joints


def test_bvh_is_turned_upright_whichever_axis_it_calls_up() -> None:
    y_up, z_up = read_bvh(mocap("cmu-bvh-cgspeed/131_01.bvh")), read_bvh(mocap("makehuman-poses/standing02.bvh"))
    for clip, head, left, toe, ankle in (
        (y_up, "Head", "LeftHip", "LeftToe", "LeftAnkle"),
        (z_up, "head", "upperleg01.L", "toe3-1.L", "foot.L"),
    ):
        at = dict(zip(clip.joints, clip.rest_m, strict=True))
        assert at[head][2] > 0.3 and at[left][0] > 0.05
        assert at[toe][1] < at[ankle][1] - 0.05, "toes point to -Y"


def test_t_pose_becomes_a_t_pose_and_not_our_rest(tmp_path: Path) -> None:
    """A file at its own rest, arms straight out: ours stretches its arms out too, although it rests in an A-pose."""
    path = tmp_path / "t.bvh"
    path.write_text(bvh_text(frames=2))
    rotations = {joint: r[0] for joint, r in retarget(read_bvh(path), path).items()}
    at = joint_positions(rotations)
    for side, way in (("Left", 1.0), ("Right", -1.0)):
        for start, end in (("Arm", "ForeArm"), ("ForeArm", "Hand")):
            direction = at[side + end] - at[side + start]
            assert np.allclose(direction / np.linalg.norm(direction), [way, 0, 0], atol=1e-6)
        shin = at[side + "Foot"] - at[side + "Leg"]
        assert np.allclose(shin / np.linalg.norm(shin), [0, 0, -1], atol=1e-6)
