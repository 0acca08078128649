"""Frames fixed to our skeleton's limbs, shared by what reads poses from files and what writes them by hand.

A limb bone's frame is (along, hinge, along x hinge): along the bone, and the axis about which its elbow or knee bends
(turning the upper bone's direction towards the lower's). A hand's is (wrist to knuckles, thumb's side), a foot's
(sole forward, sole towards the body's left).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from assets.poses.skeleton import REST_JOINTS_M

FORWARD, UP = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
ARM, LEG = ("Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot")
"""Joints of a limb, without the side's name before them."""
FOREARM_TWIST = 0.5
"""Share of the hand's turn about the forearm that the forearm itself makes, so that the wrist's skin does not wring."""


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cross product of vectors (.., 3); several times faster than numpy's for single ones."""
    (ax, ay, az), (bx, by, bz) = (np.moveaxis(one, -1, 0) if one.ndim > 1 else one for one in (first, second))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (.., 3) at length 1."""
    return vectors / np.maximum(np.sqrt((vectors * vectors).sum(-1, keepdims=True)), 1e-12)


def bone(places: Mapping[str, np.ndarray], start: str, end: str) -> np.ndarray:
    """Vector(s) from one joint to another."""
    return places[end] - places[start]


def frames_of(along: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """(.., 3, 3) rotations whose columns are: along, beside made perpendicular to it, and their cross product."""
    first = unit(along)
    second = unit(beside - (beside * first).sum(-1, keepdims=True) * first)
    return np.stack([first, second, cross(first, second)], axis=-1)


@cache
def limb_frames(side: str, chain: tuple[str, str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Rest frames of the two bones of our arm or leg. Both are bent at rest, which shows their hinge."""
    upper, lower, end = (side + joint for joint in chain)
    first, second = bone(REST_JOINTS_M, upper, lower), bone(REST_JOINTS_M, lower, end)
    hinge = cross(first, second)
    return frames_of(first, hinge), frames_of(second, hinge)


@cache
def hand_frame(side: str) -> np.ndarray:
    """Rest frame of our hand."""
    hand = side + "Hand"
    return frames_of(bone(REST_JOINTS_M, hand, side + "HandFinger1"), bone(REST_JOINTS_M, hand, side[0] + "ThumbEnd"))


@cache
def foot_frame(side: str) -> np.ndarray:
    """Rest frame of our foot: its sole is level at rest."""
    forward = bone(REST_JOINTS_M, side + "Foot", side + "ToeBase") * np.array([1.0, 1.0, 0.0])
    return frames_of(forward, cross(forward, -UP))


def spread_twist(turned: dict[str, np.ndarray], side: str) -> None:
    """Let the forearm make its share of the hand's turn about it, in place. turned: joint -> (.., 3, 3) global."""
    fore, hand = side + "ForeArm", side + "Hand"
    along = unit(bone(REST_JOINTS_M, fore, hand))
    between = Rotation.from_matrix(np.swapaxes(turned[fore], -1, -2) @ turned[hand]).as_quat()
    half = np.arctan2(between[..., :3] @ along, between[..., 3])
    twist = 2 * (half - np.pi * np.round(half / np.pi))
    turned[fore] = turned[fore] @ Rotation.from_rotvec(FOREARM_TWIST * twist[..., None] * along).as_matrix()
