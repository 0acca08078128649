"""Carry poses of a motion capture skeleton over onto ours, although the two rest in different poses.

Limbs (upper and lower arm, hand, thigh, shin, foot): a frame is fixed to the bone in both rest poses: its direction from
joint to joint, and the axis about which its elbow or knee bends (hand: the thumb's side; foot: the sole's side). The
posed frame of the source then becomes the posed frame of ours. So bone directions and joint angles survive whatever
the rest poses are: a T-pose, an A-pose, or arms hanging down. Trunk, neck, head and collar bones: both skeletons rest
upright and look ahead, so the rotation from rest is taken as it is; fingers and toes: relative to hand and foot.
The heading is removed: every pose faces -Y.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from assets.poses.clip import Clip, posed_joints, turned_joints
from assets.poses.limbs import (
    ARM,
    FORWARD,
    LEG,
    UP,
    bone,
    foot_frame,
    frames_of,
    hand_frame,
    limb_frames,
    spread_twist,
    unit,
)
from assets.poses.names import joint_names
from assets.poses.skeleton import JOINTS, PARENTS

CLEAR_BEND_DEG = 5.0
"""A rest pose that bends elbow or knee by more than this shows the axis of the joint."""
SPLAYED_LEG_DEG = 12.0
"""Rest poses that spread the legs wider than this (CMU: 20) turn the soles out with them; others rest on flat soles."""


class _Source:
    """A clip with our joints' names: rest places, and per frame rotations from rest and positions."""

    def __init__(self, clip: Clip, names: dict[str, str]) -> None:
        index = {joint: clip.joints.index(name) for joint, name in names.items()}
        turned = turned_joints(clip)
        posed = posed_joints(clip, turned)
        self.length = len(clip)
        self.rest = {joint: clip.rest_m[place] for joint, place in index.items()}
        self.turned = {joint: turned[:, place] for joint, place in index.items()}
        self.posed = {joint: posed[:, place] for joint, place in index.items()}


def _hinge_at_rest(upper: np.ndarray, lower: np.ndarray) -> np.ndarray | None:
    """Axis about which a limb bends, if its rest pose is bent; upper and lower are its bones at rest."""
    axis = np.cross(unit(upper), unit(lower))
    return unit(axis) if np.linalg.norm(axis) > np.sin(np.radians(CLEAR_BEND_DEG)) else None


def _hinge(source: _Source, upper: str, lower: str, end: str, bends: np.ndarray) -> np.ndarray:
    """Axis about which the source's elbow or knee bends, fixed to the upper bone, in rest axes.

    From the rest pose if that is bent; else from how the clip bends it; else such that the limb bends the given way.
    """
    rest_upper, rest_lower = bone(source.rest, upper, lower), bone(source.rest, lower, end)
    at_rest = _hinge_at_rest(rest_upper, rest_lower)
    if at_rest is not None:
        return at_rest
    lower_seen = np.einsum("fji,fj->fi", source.turned[upper], bone(source.posed, lower, end))
    seen = np.cross(unit(rest_upper), unit(lower_seen)).sum(axis=0)
    if np.linalg.norm(seen) > 0.1 * source.length:
        return unit(seen)
    return unit(np.cross(rest_upper, bends))


def _sole(source: _Source, side: str) -> np.ndarray:
    """Rest frame of the source's foot; see `limbs.foot_frame`."""
    shin = unit(bone(source.rest, side + "Leg", side + "Foot"))
    forward = FORWARD
    if side + "ToeBase" in source.rest:
        start, end = side + "ToeBase", side + "ToeBaseEnd"
        if end not in source.rest or np.linalg.norm(bone(source.rest, start, end)) < 1e-3:
            start, end = side + "Foot", side + "ToeBase"
        forward = bone(source.rest, start, end) * np.array([1.0, 1.0, 0.0])
    splayed = abs(shin[0]) > np.sin(np.radians(SPLAYED_LEG_DEG))
    return frames_of(forward, np.cross(forward, shin if splayed else -UP))


def _limb(source: _Source, side: str, chain: tuple[str, str, str], bends: np.ndarray) -> dict[str, np.ndarray]:
    """Global rotations of the two bones of an arm or leg."""
    upper, lower, end = (side + joint for joint in chain)
    hinge = _hinge(source, upper, lower, end, bends)
    result = {}
    for start, tip, rest in zip((upper, lower), (lower, end), limb_frames(side, chain), strict=True):
        result[start] = frames_of(bone(source.posed, start, tip), source.turned[start] @ hinge) @ rest.T
    return result


def _hand(source: _Source, side: str) -> dict[str, np.ndarray]:
    """Global rotation of the hand, if the source shows where fingers and thumb are."""
    hand, tip, thumb = side + "Hand", side + "HandFinger1", side[0] + "ThumbEnd"
    if tip not in source.rest or thumb not in source.rest:
        return {}
    posed = frames_of(bone(source.posed, hand, tip), source.turned[hand] @ bone(source.rest, hand, thumb))
    return {hand: posed @ hand_frame(side).T}


def _foot(source: _Source, side: str) -> dict[str, np.ndarray]:
    return {side + "Foot": source.turned[side + "Foot"] @ _sole(source, side) @ foot_frame(side).T}


def _fill(source: _Source, turned: dict[str, np.ndarray]) -> None:
    """Joints that no rule has set move relative to their parent as the source's do; unknown ones with their parent."""
    for joint in JOINTS:
        parent = PARENTS[joint]
        if joint in turned:
            continue
        if parent is None:
            turned[joint] = source.turned[joint]
            continue
        above = parent
        while above not in source.turned:
            above = PARENTS[above] or JOINTS[0]
        own = source.turned[joint] @ source.turned[above].transpose(0, 2, 1) if joint in source.turned else np.eye(3)
        turned[joint] = own @ turned[parent]


def _remove_heading(turned: dict[str, np.ndarray]) -> None:
    """Turn each frame about Z such that the hips' left is +X, in place."""
    left = turned["Hips"][:, :, 0]
    heading = Rotation.from_rotvec(-np.arctan2(left[:, 1], left[:, 0])[:, None] * UP).as_matrix()
    for joint in turned:
        turned[joint] = heading @ turned[joint]


def retarget(clip: Clip, path: Path) -> dict[str, np.ndarray]:
    """Rotations of our joints for all frames of a clip, as `skeleton.Pose` defines them.

    path: the clip's file, for messages. Returns joint -> (f, 3, 3).

    Raises:
        InputError: the clip's joint names are not known.
    """
    source = _Source(clip, joint_names(path, clip.joints))
    turned: dict[str, np.ndarray] = {}
    for side in ("Left", "Right"):
        turned |= _limb(source, side, LEG, -FORWARD)
        turned |= _limb(source, side, ARM, FORWARD)
        turned |= _hand(source, side) | _foot(source, side)
    _fill(source, turned)
    for side in ("Left", "Right"):
        spread_twist(turned, side)
    _remove_heading(turned)
    return {
        joint: turned[joint] if parent is None else turned[parent].transpose(0, 2, 1) @ turned[joint]
        for joint, parent in PARENTS.items()
    }
