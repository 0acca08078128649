"""Poses written by hand: angles and hand places that a person can read, turned into joint rotations.

A `Stance` describes both sides as if they were LEFT: outwards, forwards and inwards mean the same for both arms and legs.
Angles are degrees, places metres on the reference body (1.70 m). Zero everywhere stands at attention: arms hanging,
thumbs forward, legs straight, feet flat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

from assets.poses.limbs import (
    ARM,
    FORWARD,
    LEG,
    UP,
    bone,
    cross,
    foot_frame,
    frames_of,
    hand_frame,
    limb_frames,
    spread_twist,
    unit,
)
from assets.poses.skeleton import REST_JOINTS_M, joint_positions, local_rotations, other_side

LEFT_TO_RIGHT = np.diag([-1.0, 1.0, 1.0])
MOST_STRETCH = 0.985
"""An arm that reaches for a place too far away stops at this share of its full length."""
MOST_ELBOW_DEG = 145.0
"""An elbow bends no further; a wrist place that asks for more is moved away from the shoulder."""


@dataclass(frozen=True)
class Bend:
    """A turn of trunk or head: forward (chin down), to the left side, and about the vertical to the left."""

    forward_deg: float = 0.0
    left_deg: float = 0.0
    turn_deg: float = 0.0

    def rotation(self) -> Rotation:
        return Rotation.from_euler("xyz", [self.forward_deg, self.left_deg, self.turn_deg], degrees=True)


@dataclass(frozen=True)
class Arm:
    """An arm by its angles, seen from the chest, or, where `wrist_m` is given, by where the wrist is.

    forward, out: of the upper arm from hanging. twist: inward turn about itself. elbow: 0 is straight.
    wrist_m: (outward, forward, up) from the shoulder along the chest's axes ("shoulder"), from the head's joint along
    the head's ("head"), or from the middle of the hip joints along the body's ("hips"); the elbow then points down, or
    outward by elbow_out.
    pronation: 0 thumb up when the forearm points forward, 90 palm down. wrist_flex: the hand bent towards the palm.
    shrug: the shoulder raised.
    """

    forward_deg: float = 0.0
    out_deg: float = 8.0
    twist_deg: float = 0.0
    elbow_deg: float = 15.0
    wrist_m: tuple[float, float, float] | None = None
    wrist_from: Literal["shoulder", "head", "hips"] = "shoulder"
    elbow_out_deg: float = 20.0
    pronation_deg: float = 20.0
    wrist_flex_deg: float = 5.0
    finger_curl_deg: float = 12.0
    shrug_deg: float = 0.0


@dataclass(frozen=True)
class Leg:
    """A leg, its angles measured in the room: forward, out of the thigh from hanging; knee 0 is straight.

    turn_out: of knee and foot about the thigh. toe_out: of the foot beyond that. heel: how far the heel is raised
    (the toes stay on the floor), or, negative, the toes. ankle: for a foot that is off the floor, its angle to the
    shin: 0 is a right angle, positive pointed; toe_out and heel then have no effect.
    """

    forward_deg: float = 0.0
    out_deg: float = 3.0
    knee_deg: float = 3.0
    turn_out_deg: float = 6.0
    toe_out_deg: float = 2.0
    heel_deg: float = 0.0
    ankle_deg: float | None = None


@dataclass(frozen=True)
class Stance:
    """A whole body. pelvis and head are measured in the room, spine from pelvis to chest."""

    pelvis: Bend = field(default_factory=Bend)
    spine: Bend = field(default_factory=Bend)
    head: Bend = field(default_factory=Bend)
    left_arm: Arm = field(default_factory=Arm)
    right_arm: Arm = field(default_factory=Arm)
    left_leg: Leg = field(default_factory=Leg)
    right_leg: Leg = field(default_factory=Leg)


def _trunk(stance: Stance) -> dict[str, np.ndarray]:
    """Global rotations of pelvis, spine, neck and head."""
    pelvis = stance.pelvis.rotation()
    part = Rotation.from_rotvec(stance.spine.rotation().as_rotvec() / 3)
    lower, middle, chest = pelvis * part, pelvis * part * part, pelvis * part * part * part
    nod = Rotation.from_rotvec((chest.inv() * stance.head.rotation()).as_rotvec() / 3)
    chain = {
        "Hips": pelvis, "LowerBack": lower, "Spine": middle, "Spine1": chest,
        "Neck": chest * nod, "Neck1": chest * nod * nod, "Head": stance.head.rotation(),
    }  # fmt: skip
    return {joint: rotation.as_matrix() for joint, rotation in chain.items()}


def _swing(forward_deg: float, out_deg: float, about_deg: float) -> np.ndarray:
    """Rotation of a hanging left limb: first about itself (outwards), then outwards, then forwards."""
    return Rotation.from_euler("zyx", [about_deg, -out_deg, -forward_deg], degrees=True).as_matrix()


def _arm_by_angles(arm: Arm, chest: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions of upper arm and forearm and the elbow's hinge."""
    turn = chest @ _swing(arm.forward_deg, arm.out_deg, -arm.twist_deg)
    upper, hinge = turn @ -UP, turn @ np.array([-1.0, 0.0, 0.0])
    return upper, Rotation.from_rotvec(np.radians(arm.elbow_deg) * hinge).apply(upper), hinge


def _wrist_place(arm: Arm, trunk: dict[str, np.ndarray], at: dict[str, np.ndarray]) -> np.ndarray:
    """Where the wrist shall be, in body axes. at: joint positions of the trunk."""
    assert arm.wrist_m is not None
    outward, ahead, up = arm.wrist_m
    place = np.array([outward, -ahead, up])
    if arm.wrist_from == "hips":
        return (at["LeftUpLeg"] + at["RightUpLeg"]) / 2 + place
    origin, frame = ("Head", "Head") if arm.wrist_from == "head" else ("LeftArm", "Spine1")
    return at[origin] + trunk[frame] @ place


def _arm_by_wrist(arm: Arm, way: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same for an arm whose wrist place is given: triangle of upper arm, forearm and the way to the wrist.

    way: from shoulder to wrist.
    """
    first, second = (float(np.linalg.norm(bone(REST_JOINTS_M, "Left" + a, "Left" + b))) for a, b in pairwise(ARM))
    nearest = np.sqrt(first**2 + second**2 + 2 * first * second * np.cos(np.radians(MOST_ELBOW_DEG)))
    reach = float(np.clip(np.linalg.norm(way), nearest, MOST_STRETCH * (first + second)))
    along = unit(way)
    down = Rotation.from_rotvec(np.radians(arm.elbow_out_deg) * FORWARD).apply(-UP)
    pole = unit(down - (down @ along) * along)
    ahead_share = (first**2 + reach**2 - second**2) / (2 * first * reach)
    upper = ahead_share * along + np.sqrt(max(0.0, 1 - ahead_share**2)) * pole
    return upper, unit(along * reach - upper * first), unit(cross(pole, along))


def _arm(arm: Arm, trunk: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Global rotations of a left arm, collar to fingers, on a trunk given by its global rotations."""
    chest = trunk["Spine1"]
    turned = {"LeftShoulder": chest @ Rotation.from_euler("y", -arm.shrug_deg, degrees=True).as_matrix()}
    at = joint_positions(local_rotations(trunk | turned))
    if arm.wrist_m is None:
        upper, fore, hinge = _arm_by_angles(arm, chest)
    else:
        upper, fore, hinge = _arm_by_wrist(arm, _wrist_place(arm, trunk, at) - at["LeftArm"])
    rest_upper, rest_fore = limb_frames("Left", ARM)
    turned["LeftArm"] = frames_of(upper, hinge) @ rest_upper.T
    turned["LeftForeArm"] = frames_of(fore, hinge) @ rest_fore.T
    thumb = Rotation.from_rotvec(np.radians(arm.pronation_deg) * fore).apply(cross(hinge, fore))
    flex = Rotation.from_rotvec(np.radians(-arm.wrist_flex_deg) * thumb)
    turned["LeftHand"] = flex.as_matrix() @ frames_of(fore, thumb) @ hand_frame("Left").T
    curl = Rotation.from_rotvec(np.radians(-arm.finger_curl_deg) * thumb).as_matrix()
    turned["LeftHandFinger1"] = curl @ turned["LeftHand"]
    spread_twist(turned, "Left")
    return turned


def _leg(leg: Leg) -> dict[str, np.ndarray]:
    """Global rotations of a left leg, thigh to toes."""
    turn = _swing(leg.forward_deg, leg.out_deg, leg.turn_out_deg)
    thigh, hinge = turn @ -UP, turn @ np.array([1.0, 0.0, 0.0])
    shin = Rotation.from_rotvec(np.radians(leg.knee_deg) * hinge).apply(thigh)
    rest_thigh, rest_shin = limb_frames("Left", LEG)
    foot, toes = _foot(leg, shin, hinge)
    return {
        "LeftUpLeg": frames_of(thigh, hinge) @ rest_thigh.T,
        "LeftLeg": frames_of(shin, hinge) @ rest_shin.T,
        "LeftFoot": foot,
        "LeftToeBase": toes,
    }


def _foot(leg: Leg, shin: np.ndarray, hinge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Global rotations of a left foot and its toes: level on the floor but for its heel, or by the angle to its shin."""
    down = -UP if leg.ankle_deg is None else shin
    ahead = unit(cross(down, hinge))
    if leg.ankle_deg is None:
        ahead = Rotation.from_euler("z", leg.toe_out_deg, degrees=True).apply(unit(ahead * np.array([1.0, 1.0, 0.0])))
    sole = frames_of(ahead, cross(ahead, down))
    pitch = leg.heel_deg if leg.ankle_deg is None else leg.ankle_deg
    tip = Rotation.from_rotvec(np.radians(pitch) * sole[:, 1]).as_matrix()
    flat = sole @ foot_frame("Left").T
    return tip @ flat, flat if leg.ankle_deg is None and leg.heel_deg > 0 else tip @ flat


def _as_right(turned: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Global rotations seen in the mirror."""
    return {other_side(joint): LEFT_TO_RIGHT @ r @ LEFT_TO_RIGHT for joint, r in turned.items()}


def rotations_of(stance: Stance) -> dict[str, np.ndarray]:
    """The stance as joint rotations; see `skeleton.Pose`."""
    trunk = _trunk(stance)
    turned = dict(trunk)
    turned |= _arm(stance.left_arm, trunk) | _leg(stance.left_leg)
    turned |= _as_right(_arm(stance.right_arm, _as_right(trunk)) | _leg(stance.right_leg))
    return local_rotations(turned)
