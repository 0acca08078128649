"""Bring feet and hands of a posed body to what they touch: the floor, a desk, its own thighs.

Poses are written or recorded on other bodies. Here one body's joints (its rest places, metres, body axes as in
skeleton.py) and a pose's rotations give rotations with which soles lie at one height and hands on their support.
Feet and hands keep the direction in which they point; only the two bones above them turn (two-bone inverse kinematics).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.spatial.transform import Rotation

from assets.poses.limbs import ARM, FORWARD, LEG, UP, unit
from assets.poses.skeleton import (
    REST_JOINTS_M,
    SUPPORT_HEIGHT_M,
    Rest,
    global_rotations,
    joint_positions,
    local_rotations,
)

SIDES = ("Left", "Right")
MOST_STRETCH = 0.995
"""A limb that is moved farther than it is long stops at this share of its length."""
PLANTED_M = 0.06
"""A sole that is no higher than this above the other one stands on the floor as well."""
LEVEL_THIGH_RAD = np.radians(11.0)
"""A seated thigh is tilted by no more than this to bring its foot to the floor."""
MOST_LEAN_RAD, MOST_POINT_RAD = np.radians(55.0), np.radians(38.0)
"""Then the shin leans by no more than this, if the leg is long, or the heel is raised by no more, if it is short."""
_SOLE_M = np.array([[0.0, 0.048, -0.083], [0.0, -0.120, -0.083], [0.0, -0.185, -0.083]])
"""Heel, ball and tip of the toes below the ankle of the reference body at rest; the tip moves with the toes."""
_GAP_M, _CLOTH_M = 0.006, 0.012
"""Left between a hand's lowest point and a desk, and between hand and bare body: clothes lie there."""
_CELL_M = 0.02
"""Seen along a direction, a surface reaches as far as its farthest point in a cell of this size or in one beside it."""
MOST_LOWERED_M, MOST_PUSHED_M = 0.10, 0.12
"""A hand higher above the thigh is not laid down all the way; one deeper in the body is not brought out."""

Rotations = dict[str, np.ndarray]
Joints = Mapping[str, np.ndarray]


def _turn_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(3, 3) the least rotation that takes one direction to another."""
    axis = np.cross(unit(first), unit(second))
    sine, cosine = float(np.linalg.norm(axis)), float(unit(first) @ unit(second))
    return Rotation.from_rotvec(unit(axis) * np.arctan2(sine, cosine)).as_matrix() if sine > 1e-12 else np.eye(3)


def move_end(rotations: Rotations, rest_m: Joints, chain: tuple[str, str, str], target_m: np.ndarray) -> Rotations:
    """The rotations with a limb's end (hand or foot) at target_m, or as near as the limb reaches.

    chain: joints of upper bone, lower bone and end. The end keeps its direction; elbow or knee bends about its axis.
    """
    turned, at = global_rotations(rotations), joint_positions(rotations, rest_m)
    start, middle, end = (at[joint] for joint in chain)
    upper, lower = middle - start, end - middle
    lengths = float(np.linalg.norm(upper)), float(np.linalg.norm(lower))
    reach = float(np.linalg.norm(target_m - start))
    reach = float(np.clip(reach, 1.02 * abs(lengths[0] - lengths[1]) + 0.02, MOST_STRETCH * sum(lengths)))
    bend = np.arccos(np.clip((reach**2 - lengths[0] ** 2 - lengths[1] ** 2) / (2 * lengths[0] * lengths[1]), -1, 1))
    hinge = np.cross(upper, lower)
    now = np.arctan2(np.linalg.norm(hinge), upper @ lower)
    if np.linalg.norm(hinge) < 1e-9:
        hinge = turned[chain[1]] @ np.cross(*(rest_m[b] - rest_m[a] for a, b in itertools.pairwise(chain)))
    flex = Rotation.from_rotvec(unit(hinge) * (bend - now)).as_matrix()
    swing = _turn_between(upper + flex @ lower, target_m - start)
    result = dict(turned)
    result[chain[0]], result[chain[1]] = swing @ turned[chain[0]], swing @ flex @ turned[chain[1]]
    return local_rotations(result)


def _limb(side: str, chain: tuple[str, str, str]) -> tuple[str, str, str]:
    return side + chain[0], side + chain[1], side + chain[2]


def sole_heights_m(rotations: Rotations) -> dict[str, float]:
    """Height of the lowest point of each sole of the reference body, "Left" and "Right"."""
    turned, at = global_rotations(rotations), joint_positions(rotations)
    result = {}
    for side in SIDES:
        foot, toes = turned[side + "Foot"], turned[side + "ToeBase"]
        ball = REST_JOINTS_M[side + "ToeBase"] - REST_JOINTS_M[side + "Foot"]
        points = [at[side + "Foot"] + foot @ place for place in _SOLE_M[:2]]
        points.append(at[side + "ToeBase"] + toes @ (_SOLE_M[2] - ball * [0.0, 1.0, 1.0]))
        result[side] = float(min(point[2] for point in points))
    return result


def stand_level(rotations: Rotations) -> Rotations:
    """A standing pose of the reference body with both soles at one height."""
    return level_soles(rotations, REST_JOINTS_M, sole_heights_m(rotations))


def level_soles(rotations: Rotations, rest_m: Joints, heights_m: Mapping[str, float]) -> Rotations:
    """The rotations with both soles at one height, given theirs: the leg that reaches lower bends its knee.

    A foot that is clearly off the floor (PLANTED_M) stays where it is.
    """
    low, high = sorted(SIDES, key=lambda side: heights_m[side])
    rise = heights_m[high] - heights_m[low]
    if not 1e-4 < rise < PLANTED_M:
        return rotations
    ankle = joint_positions(rotations, rest_m)[low + "Foot"]
    return move_end(rotations, rest_m, _limb(low, LEG), ankle + rise * UP)


def planted_sides(heights_m: Mapping[str, float]) -> tuple[str, ...]:
    """The sides whose foot stands on the floor, given the height of both soles."""
    return tuple(side for side in SIDES if heights_m[side] - min(heights_m.values()) < PLANTED_M)


def raise_seated_feet(rotations: Rotations, rest_m: Joints, rise_m: Mapping[str, float]) -> Rotations:
    """A seated pose with each planted foot raised by rise_m (negative: lowered), its thigh about level.

    The thigh tilts by LEVEL_THIGH_RAD from level at most. What is missing then, the shin makes up by leaning (a long
    leg on a low seat stretches forwards or is drawn back, as it already does) or the foot by raising its heel. Legs
    that are not in rise_m (crossed over) follow the other's thigh.
    """
    turned = global_rotations(rotations)
    tilts = {}
    for side, rise in rise_m.items():
        tilts[side], missing = _tilt_thigh(turned, rest_m, side, rise)
        if missing > 0:
            _lean_shin(turned, rest_m, side, missing)
        elif missing < 0:
            missing = _straighten_shin(turned, rest_m, side, missing)
            _raise_heel(turned, rest_m, side, missing)
    for side in set(SIDES) - set(tilts):
        turn = _about_x(float(np.mean(list(tilts.values()))) if tilts else 0.0)
        for joint in ("UpLeg", "Leg", "Foot", "ToeBase"):
            turned[side + joint] = turn @ turned[side + joint]
    return local_rotations(turned)


def _about_x(angle_rad: float) -> np.ndarray:
    return Rotation.from_euler("x", angle_rad).as_matrix()


def _bone(turned: Rotations, rest_m: Joints, start: str, end: str) -> np.ndarray:
    return turned[start] @ (rest_m[end] - rest_m[start])


def _tilt_thigh(turned: Rotations, rest_m: Joints, side: str, rise_m: float) -> tuple[float, float]:
    """Tilt a thigh, in place, such that its knee rises. Returns the angle, rad, and what is missing of rise_m."""
    thigh = _bone(turned, rest_m, side + "UpLeg", side + "Leg")
    reach = float(np.linalg.norm(thigh))
    forward = max(float(np.hypot(thigh[1], thigh[2])), 0.3 * reach)
    limit = reach * np.sin(LEVEL_THIGH_RAD)
    height = float(np.clip(thigh[2] + rise_m, -limit, limit))
    tilt = float(np.arcsin(np.clip(thigh[2] / forward, -1, 1)) - np.arcsin(np.clip(height / forward, -1, 1)))
    turned[side + "UpLeg"] = _about_x(tilt) @ turned[side + "UpLeg"]
    return tilt, rise_m - (_bone(turned, rest_m, side + "UpLeg", side + "Leg")[2] - float(thigh[2]))


def _lean_to(turned: Rotations, rest_m: Joints, side: str, drop_m: float) -> None:
    """Turn a shin in its own upright plane, in place, such that it reaches drop_m down."""
    shin = _bone(turned, rest_m, side + "Leg", side + "Foot")
    along = shin * np.array([1.0, 1.0, 0.0])
    if np.linalg.norm(along) < 1e-3:
        along = np.array([0.0, -1.0, 0.0])
    length = float(np.linalg.norm(shin))
    lean = min(float(np.arccos(np.clip(drop_m / length, -1, 1))), float(MOST_LEAN_RAD))
    wanted = np.sin(lean) * unit(along) - np.cos(lean) * UP
    turned[side + "Leg"] = _turn_between(shin, wanted) @ turned[side + "Leg"]


def _lean_shin(turned: Rotations, rest_m: Joints, side: str, rise_m: float) -> None:
    """Raise the foot by leaning the shin further, in place."""
    drop = -float(_bone(turned, rest_m, side + "Leg", side + "Foot")[2])
    _lean_to(turned, rest_m, side, drop - rise_m)


def _straighten_shin(turned: Rotations, rest_m: Joints, side: str, rise_m: float) -> float:
    """Lower the foot by letting the shin hang more upright, in place; returns what is missing still (<= 0)."""
    shin = _bone(turned, rest_m, side + "Leg", side + "Foot")
    _lean_to(turned, rest_m, side, min(-float(shin[2]) - rise_m, float(np.linalg.norm(shin))))
    return rise_m - float(_bone(turned, rest_m, side + "Leg", side + "Foot")[2] - shin[2])


def _raise_heel(turned: Rotations, rest_m: Joints, side: str, rise_m: float) -> None:
    """Lower the ball of the foot below the ankle by pointing the foot, in place; the toes stay level."""
    foot = _bone(turned, rest_m, side + "Foot", side + "ToeBase")
    forward = foot * np.array([1.0, 1.0, 0.0])
    length, ahead = float(np.linalg.norm(foot)), float(np.linalg.norm(forward))
    if rise_m > -1e-4 or ahead < 1e-3:
        return
    down_now = np.arctan2(-foot[2], ahead)
    down = min(float(np.arcsin(np.clip((-foot[2] - rise_m) / length, -1, 1))), float(down_now + MOST_POINT_RAD))
    axis = unit(np.cross(forward, -UP))
    turned[side + "Foot"] = Rotation.from_rotvec((down - down_now) * axis).as_matrix() @ turned[side + "Foot"]


def settle_hands(
    rotations: Rotations, rest_m: Joints, rests: Iterable[Rest], floor_m: float, hands_m: Joints, body_m: np.ndarray,
    sitting: bool = False,
) -> Rotations:  # fmt: skip
    """The rotations with hands on the support that they lie on, and no hand inside trunk or thighs.

    floor_m: height of the floor below the body whose root stands at rest. hands_m: "Left" and "Right": points (k, 3) of
    the hand's surface as posed, from the wrist. body_m: (n, 3) points of the surface of trunk and thighs as posed.
    """
    lying = {rest.hand.capitalize(): rest.on for rest in rests}
    for side in SIDES:
        at = joint_positions(rotations, rest_m)[side + "Hand"]
        hand, support = hands_m[side], lying.get(side)
        moved = np.zeros(3)
        if support in SUPPORT_HEIGHT_M:
            moved = (floor_m + SUPPORT_HEIGHT_M[support] + _GAP_M - float((at + hand)[:, 2].min())) * UP
        elif support == "thighs":
            rise = _way_out(at + hand, _near(at, body_m), UP)
            moved = max(rise, -MOST_LOWERED_M) * UP if np.isfinite(rise) else moved
        moved = moved + _out_of_body(at + moved + hand, _near(at, body_m), side, sitting)
        if np.linalg.norm(moved) > 1e-3:
            rotations = move_end(rotations, rest_m, _limb(side, ARM), at + moved)
    return rotations


def _near(wrist: np.ndarray, surface: np.ndarray) -> np.ndarray:
    return surface[np.linalg.norm(surface - wrist, axis=1) < 0.34]


def _out_of_body(points: np.ndarray, surface: np.ndarray, side: str, sitting: bool) -> np.ndarray:
    """(3,) the shortest way that takes a hand out of the body: outward, forward, back or, if seated, up; else zeros."""
    outward = np.array([1.0 if side == "Left" else -1.0, 0.0, 0.0])
    ways = [outward, FORWARD, -FORWARD, *([UP] if sitting else [])]
    lengths = [_way_out(points, surface, way) for way in ways]
    least = int(np.argmin(lengths))
    if not 2e-3 < lengths[least] < MOST_PUSHED_M:
        return np.zeros(3)
    return lengths[least] * ways[least]


def _way_out(points: np.ndarray, surface: np.ndarray, way: np.ndarray) -> float:
    """How far points must move in a direction to lie beyond a surface; negative: they may come back by so much.

    Only the surface behind or before each point counts; -inf if there is none.
    """
    if not len(surface):
        return -np.inf
    across = np.eye(3)[np.abs(way) < 0.5].T
    low = np.minimum(surface.min(axis=0), points.min(axis=0)) @ across
    cells, seen = (((one @ across - low) / _CELL_M).astype(int) + 1 for one in (surface, points))
    reach = np.full(np.maximum(cells.max(axis=0), seen.max(axis=0)) + 2, -np.inf)
    np.maximum.at(reach, (cells[:, 0], cells[:, 1]), surface @ way)
    reach = maximum_filter(reach, size=3)
    return float((reach[seen[:, 0], seen[:, 1]] + _CLOTH_M - points @ way).max())
