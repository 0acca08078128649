"""Which joint of a motion capture file is which joint of our skeleton.

Each table maps our joint (cmu_mb names, and the tips used as landmarks) to the file's. A table fits when the file has
all the joints that a body needs; the first table that fits is taken. To read files of another rig, add its table.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from annotate.errors import InputError
from assets.poses.clip import END
from assets.poses.skeleton import other_side

NEEDED = (
    "Hips", "Spine1", "Head",
    "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftArm", "LeftForeArm", "LeftHand",
    "RightUpLeg", "RightLeg", "RightFoot", "RightArm", "RightForeArm", "RightHand",
)  # fmt: skip
"""Joints without which no pose can be carried over."""


def _table(trunk: dict[str, str], left: dict[str, str]) -> dict[str, str]:
    """A rig's table from its trunk and its left side; {Left}, {L} and {l} in the file's names become the right's."""
    table = dict(trunk)
    for joint, name in left.items():
        table[joint] = name.format(Left="Left", L="L", l="l")
        table[other_side(joint)] = name.format(Left="Right", L="R", l="r")
    return table


CMU_ASF = _table(
    {
        "Hips": "root", "LowerBack": "lowerback", "Spine": "upperback", "Spine1": "thorax",
        "Neck": "lowerneck", "Neck1": "upperneck", "Head": "head",
    },
    {
        "LHipJoint": "{l}hipjoint", "LeftUpLeg": "{l}femur", "LeftLeg": "{l}tibia", "LeftFoot": "{l}foot",
        "LeftToeBase": "{l}toes", "LeftToeBaseEnd": "{l}toes" + END, "LeftShoulder": "{l}clavicle",
        "LeftArm": "{l}humerus", "LeftForeArm": "{l}radius", "LeftHand": "{l}wrist", "LeftFingerBase": "{l}hand",
        "LeftHandFinger1": "{l}fingers", "LThumb": "{l}thumb", "LThumbEnd": "{l}thumb" + END,
    },
)  # fmt: skip

CMU_MOTIONBUILDER = _table(
    {
        "Hips": "Hips", "LowerBack": "LowerBack", "Spine": "Spine", "Spine1": "Spine1",
        "Neck": "Neck", "Neck1": "Neck1", "Head": "Head",
    },
    {
        "LHipJoint": "{L}HipJoint", "LeftUpLeg": "{Left}UpLeg", "LeftLeg": "{Left}Leg", "LeftFoot": "{Left}Foot",
        "LeftToeBase": "{Left}ToeBase", "LeftToeBaseEnd": "{Left}ToeBase" + END, "LeftShoulder": "{Left}Shoulder",
        "LeftArm": "{Left}Arm", "LeftForeArm": "{Left}ForeArm", "LeftHand": "{Left}Hand",
        "LeftFingerBase": "{Left}FingerBase", "LeftHandFinger1": "{Left}HandIndex1",
        "LThumb": "{L}Thumb", "LThumbEnd": "{L}Thumb" + END,
    },
)  # fmt: skip

CMU_3DSMAX = _table(
    {
        "Hips": "Hips", "LowerBack": "lowerback", "Spine": "Chest", "Spine1": "Chest2",
        "Neck": "lowerneck", "Neck1": "Neck", "Head": "Head",
    },
    {
        "LHipJoint": "{L}HipJoint", "LeftUpLeg": "{Left}Hip", "LeftLeg": "{Left}Knee", "LeftFoot": "{Left}Ankle",
        "LeftToeBase": "{Left}Toe", "LeftToeBaseEnd": "{Left}Toe" + END, "LeftShoulder": "{Left}Collar",
        "LeftArm": "{Left}Shoulder", "LeftForeArm": "{Left}Elbow", "LeftHand": "{Left}Wrist",
        "LeftFingerBase": "{l}hand", "LeftHandFinger1": "{L}Fingers",
        "LThumb": "{L}Thumb", "LThumbEnd": "{L}Thumb" + END,
    },
)  # fmt: skip

MIXAMO = _table(
    {"Hips": "Hips", "LowerBack": "Spine", "Spine": "Spine1", "Spine1": "Spine2", "Neck": "Neck", "Head": "Head"},
    {
        "LeftUpLeg": "{Left}UpLeg", "LeftLeg": "{Left}Leg", "LeftFoot": "{Left}Foot",
        "LeftToeBase": "{Left}ToeBase", "LeftToeBaseEnd": "{Left}ToeBase" + END, "LeftShoulder": "{Left}Shoulder",
        "LeftArm": "{Left}Arm", "LeftForeArm": "{Left}ForeArm", "LeftHand": "{Left}Hand",
        "LeftHandFinger1": "{Left}HandMiddle1", "LThumbEnd": "{Left}HandThumb2",
    },
)  # fmt: skip

MAKEHUMAN = _table(
    {
        "Hips": "root", "LowerBack": "spine05", "Spine": "spine03", "Spine1": "spine01",
        "Neck": "neck01", "Neck1": "neck03", "Head": "head",
    },
    {
        "LHipJoint": "pelvis.{L}", "LeftUpLeg": "upperleg01.{L}", "LeftLeg": "lowerleg01.{L}",
        "LeftFoot": "foot.{L}", "LeftToeBase": "toe3-1.{L}", "LeftShoulder": "clavicle.{L}",
        "LeftArm": "upperarm01.{L}", "LeftForeArm": "lowerarm01.{L}", "LeftHand": "wrist.{L}",
        "LeftHandFinger1": "finger3-1.{L}", "LThumbEnd": "finger1-2.{L}",
    },
)  # fmt: skip

SKELETONS: dict[str, dict[str, str]] = {
    "CMU .asf": CMU_ASF,
    "CMU BVH, MotionBuilder names": CMU_MOTIONBUILDER,
    "CMU BVH, 3ds Max names": CMU_3DSMAX,
    "Mixamo": MIXAMO,
    "MakeHuman default rig": MAKEHUMAN,
}
_TELLS_APART = {"CMU BVH, MotionBuilder names": "LowerBack", "CMU BVH, 3ds Max names": "LeftCollar", "Mixamo": "Spine2"}
"""Rigs share names for different joints (a `LeftShoulder` is a collar bone here, an upper arm there): the joint that
only this rig of them has."""


def joint_names(path: Path, joints: Iterable[str]) -> dict[str, str]:
    """Our joint -> the file's joint, for the skeleton that fits the file.

    A prefix that ends with ":" (as in `mixamorig:Hips`) and upper or lower case do not matter.

    Raises:
        InputError: no known skeleton fits; lists what was found and what would fit.
    """
    found = {joint.rsplit(":", 1)[-1].lower(): joint for joint in joints}
    for rig, table in SKELETONS.items():
        needed = [table[joint] for joint in NEEDED] + [_TELLS_APART.get(rig, table["Hips"])]
        if all(name.lower() in found for name in needed):
            return {joint: found[name.lower()] for joint, name in table.items() if name.lower() in found}
    seen = [name for name in found.values() if not name.endswith(END)]
    expected = "; ".join(
        f"{rig}: {', '.join(table[joint] for joint in NEEDED[:7])} …" for rig, table in SKELETONS.items()
    )
    raise InputError(
        f"{path}: joint names not known. Found {len(seen)}: {', '.join(seen[:24])}{' …' if len(seen) > 24 else ''}. "
        f"Expected one of these skeletons: {expected}. Rename the joints, or add a table to assets/poses/names.py"
    )
