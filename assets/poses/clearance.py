"""Whether limbs stay outside the trunk and each other: a cheap test of poses, on the reference body without clothes.

The trunk is a stack of ellipses, measured on anny's average adult and fixed to the hips and the three joints of the
spine; head, arms, hands and legs are balls and capsules. Flesh that is pressed in by up to TOLERANCE_M passes: hands
lie on hips, and arms hang against the ribs. Lengths are metres on the reference body (skeleton.REST_JOINTS_M).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from assets.poses.skeleton import REST_JOINTS_M, global_rotations, joint_positions

TOLERANCE_M = 0.02
"""How deep limbs may press in: flesh yields, and ellipses are not bodies."""

_TRUNK_Z_M = np.array([0.104, 0.216, 0.290, 0.365, 0.439, 0.514, 0.570])
_TRUNK_HALF_WIDTH_M = np.array([0.134, 0.156, 0.139, 0.134, 0.141, 0.156, 0.150])
_TRUNK_FRONT_M = np.array([0.117, 0.134, 0.134, 0.137, 0.140, 0.145, 0.125])
_TRUNK_BACK_M = np.array([0.094, 0.080, 0.050, 0.046, 0.058, 0.072, 0.076])
_BANDS_M = {"Hips": (0.10, 0.24), "LowerBack": (0.22, 0.37), "Spine": (0.35, 0.50), "Spine1": (0.47, 0.58)}
"""Heights of the resting trunk that move with each joint; they overlap, because the trunk bends between them."""
_SKULL_CENTRE_M = np.array([0.0, -0.058, 0.850])
_SKULL_HALF_M = np.array([0.083, 0.103, 0.100])

_UPPER_ARM = ((0.65, 0.035), (0.82, 0.032), (1.0, 0.030))
_FOREARM = ((0.15, 0.034), (0.4, 0.034), (0.65, 0.030), (0.85, 0.026), (1.0, 0.022))
_HAND = ((0.35, 0.020), (0.75, 0.016), (1.1, 0.010), (1.45, 0.008))
_THIGH_RADII_M = (0.088, 0.056)
_SHIN_RADII_M = (0.052, 0.036)
"""Along a bone (0 its joint, 1 the next): share and radius of the points tested. A thigh's and a shin's radius runs
evenly from its upper to its lower end."""

Places = Mapping[str, np.ndarray]


def _points(
    at: Places, start: str, end: str, stations: tuple[tuple[float, float], ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Points (f, k, 3) along a bone and their radii (k,)."""
    shares, radii = np.array(stations).T
    first, last = np.atleast_2d(at[start]), np.atleast_2d(at[end])
    return first[:, None] + shares[:, None] * (last - first)[:, None], radii


def _arm_points(at: Places, side: str, upper: bool) -> tuple[np.ndarray, np.ndarray]:
    """Points of forearm and hand and, if asked for, of the upper arm's lower half."""
    bones = [(side + "ForeArm", side + "Hand", _FOREARM), (side + "Hand", side + "HandFinger1", _HAND)]
    if upper:
        bones.insert(0, (side + "Arm", side + "ForeArm", _UPPER_ARM))
    parts = [_points(at, *one) for one in bones]
    return np.concatenate([points for points, _ in parts], axis=1), np.concatenate([radii for _, radii in parts])


def _depth_in_trunk(points: np.ndarray, radii: np.ndarray, at: Places, turned: Places) -> np.ndarray:
    """(f,) how deep the deepest ball reaches into the trunk, about; 0 where none does."""
    deepest = np.zeros(len(points))
    for joint, (low, high) in _BANDS_M.items():
        turn, place = turned[joint].reshape(-1, 3, 3), np.atleast_2d(at[joint])
        local = np.einsum("fji,fkj->fki", turn, points - place[:, None]) + REST_JOINTS_M[joint]
        width, front, back = (
            np.interp(local[..., 2], _TRUNK_Z_M, row) for row in (_TRUNK_HALF_WIDTH_M, _TRUNK_FRONT_M, _TRUNK_BACK_M)
        )
        across = local[..., 0] / (width + radii)
        ahead = (local[..., 1] - (back - front) / 2) / ((back + front) / 2 + radii)
        depth = (1 - np.hypot(across, ahead)) * (np.minimum(width, (back + front) / 2) + radii)
        inside = (local[..., 2] > low) & (local[..., 2] < high)
        deepest = np.maximum(deepest, np.where(inside, depth, 0.0).max(axis=1))
    return deepest


def _depth_in_head(points: np.ndarray, radii: np.ndarray, at: Places, turned: Places) -> np.ndarray:
    """(f,) as `_depth_in_trunk`, of the skull."""
    turn, place = turned["Head"].reshape(-1, 3, 3), np.atleast_2d(at["Head"])
    local = np.einsum("fji,fkj->fki", turn, points - place[:, None]) + REST_JOINTS_M["Head"] - _SKULL_CENTRE_M
    share = np.linalg.norm(local / (_SKULL_HALF_M + radii[:, None]), axis=-1)
    return np.maximum(0.0, ((1 - share) * (_SKULL_HALF_M.min() + radii)).max(axis=1))


def _depth_in_bone(
    points: np.ndarray, radii: np.ndarray, at: Places, ends: tuple[str, str], thick: tuple[float, float]
) -> np.ndarray:
    """(f,) how deep the deepest ball reaches into a capsule that tapers from thick[0] to thick[1]."""
    start, end = (np.atleast_2d(at[joint])[:, None] for joint in ends)
    line = end - start
    share = np.clip(((points - start) * line).sum(-1) / (line * line).sum(-1), 0, 1)
    gap = np.linalg.norm(points - start - share[..., None] * line, axis=-1)
    return np.asarray((thick[0] + share * (thick[1] - thick[0]) + radii - gap).max(axis=1))


def limb_depths_m(rotations: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """How deep limbs reach into what, metres (f,) each; 0 or less where they are clear.

    rotations: as in `skeleton.Pose`, (3, 3), or (f, 3, 3) for f frames.
    """
    at, turned = joint_positions(rotations), global_rotations(rotations)
    count = max(np.atleast_2d(place).shape[0] for place in at.values())
    at = {joint: np.broadcast_to(np.atleast_2d(place), (count, 3)) for joint, place in at.items()}
    result: dict[str, np.ndarray] = {}
    for side, other in (("Left", "Right"), ("Right", "Left")):
        arm, hand = _arm_points(at, side, upper=True), _arm_points(at, side, upper=False)
        result[f"{side} arm in trunk"] = _depth_in_trunk(*arm, at, turned)
        result[f"{side} arm in head"] = _depth_in_head(*hand, at, turned)
        for thigh in (side, other):
            result[f"{side} arm in {thigh} thigh"] = _depth_in_bone(
                *hand, at, (thigh + "UpLeg", thigh + "Leg"), _THIGH_RADII_M
            )
        for upper, lower in pairwise(("Arm", "ForeArm", "Hand")):
            thick = (0.034, 0.030) if upper == "Arm" else (0.034, 0.022)
            result[f"{side} arm in {other} {upper}"] = _depth_in_bone(*hand, at, (other + upper, other + lower), thick)
    return result | _leg_depths_m(at)


def _leg_depths_m(at: Places) -> dict[str, np.ndarray]:
    """How deep legs reach into each other. Thighs may touch near the hips, and crossed legs press on each other."""
    knee = tuple((share, 0.085 - 0.03 * share) for share in (0.6, 0.75, 0.9, 1.0))
    calf = tuple((share, 0.050 - 0.014 * share) for share in (0.15, 0.4, 0.6, 0.8, 1.0))
    foot = ((0.0, 0.034), (0.5, 0.034), (1.0, 0.032))
    result: dict[str, np.ndarray] = {}
    for side, other in (("Left", "Right"), ("Right", "Left")):
        thigh, shin = (other + "UpLeg", other + "Leg"), (other + "Leg", other + "Foot")
        for name, points in (
            ("thigh", _points(at, side + "UpLeg", side + "Leg", knee)),
            ("shin", _points(at, side + "Leg", side + "Foot", calf)),
            ("foot", _points(at, side + "Foot", side + "ToeBase", foot)),
        ):
            result[f"{side} {name} in {other} thigh"] = _depth_in_bone(*points, at, thigh, _THIGH_RADII_M)
            result[f"{side} {name} in {other} shin"] = _depth_in_bone(*points, at, shin, _SHIN_RADII_M)
        result[f"{side} foot in {other} foot"] = _depth_in_bone(
            *_points(at, side + "Foot", side + "ToeBase", foot), at, (other + "Foot", other + "ToeBase"), (0.034, 0.032)
        )
    return result


def clear_frames(rotations: Mapping[str, np.ndarray]) -> np.ndarray:
    """(f,) bool: frames in which no limb goes through the trunk, the head or another limb."""
    return np.asarray(np.max(list(limb_depths_m(rotations).values()), axis=0) < TOLERANCE_M)


def limbs_clear(rotations: Mapping[str, np.ndarray]) -> bool:
    """Whether one pose's limbs stay outside trunk, head and each other."""
    return bool(clear_frames(rotations)[0])
