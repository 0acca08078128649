"""Fit a pose to one person's body: soles to the floor, seated thighs level, hands on desk, counter or thighs.

Poses are written on the reference body; people differ in stature and build, seats in height. What touches is found on
the body model's surface, what turns is computed in contact.py. Cheap: only soles, seat and thighs are posed.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, Protocol

import numpy as np

from assets.humans.anny import RestBody, load_body_model, pose_points
from assets.humans.chart import body_chart
from assets.poses.contact import SIDES, level_soles, planted_sides, raise_seated_feet, settle_hands
from assets.poses.skeleton import JOINTS, TIP_PARENTS, Rest

SEAT_RANGE_M = (0.40, 0.55)
"""Heights to which office chairs go."""
_SETTLED_M, _ROUNDS = 0.003, 3
"""The thighs' underside moves as they tilt, so the feet are brought to the floor in a few rounds."""
_SEAT_SHARE = 0.03
"""So many of the points of buttocks and thighs lie below the top of the seat: flesh and cushion yield."""
_EVERY = 8
"""Of a hand's many vertices, one in so many is looked at."""


class Posed(Protocol):
    """What is fitted: turns of joints from rest, in body axes. A pose may also have `rests` (skeleton.Pose has)."""

    @property
    def activity(self) -> str: ...
    @property
    def rotations(self) -> dict[str, np.ndarray]: ...


class Fitted(NamedTuple):
    """Rotations that suit the body, and the height of the seat (None for those who do not sit)."""

    rotations: dict[str, np.ndarray]
    seat_height_m: float | None


def fit_pose(rest: RestBody, pose: Posed, seat_height_m: float | None = None, sole_m: float = 0.0) -> Fitted:
    """A pose's rotations such that this body touches what it should.

    seat_height_m: top of the seat for a sitting pose; without it a chair set to the legs, within SEAT_RANGE_M.
    sole_m: thickness of the shoes' soles. Seated thighs tilt by 11 degrees from level at most; whom even that and the
    ankles do not bring to the floor (statures below 1.45 m on seats above 0.50 m) hangs the feet.
    """
    rests: tuple[Rest, ...] = getattr(pose, "rests", ())
    joints_m = _joints(rest)
    rotations = dict(pose.rotations)
    if pose.activity == "sitting":
        if seat_height_m is None:
            soles, seat_m = _contacts(rest, rotations)
            seat_height_m = float(np.clip(seat_m - min(soles.values()) + sole_m, *SEAT_RANGE_M))
        rotations, seat_m = _feet_to_floor(rest, joints_m, rotations, seat_height_m - sole_m)
        floor_m = seat_m - seat_height_m
        return Fitted(_hands_settled(rest, joints_m, rotations, rests, floor_m, sitting=True), seat_height_m)
    soles = _contacts(rest, rotations)[0]
    if pose.activity == "standing":
        rotations = level_soles(rotations, joints_m, soles)
    floor_m = max(soles.values()) - sole_m if pose.activity == "standing" else 0.0
    return Fitted(_hands_settled(rest, joints_m, rotations, rests, floor_m), None)


def underside_of_seat_m(rest: RestBody, turns: np.ndarray, heads_m: np.ndarray) -> float:
    """Lowest height of buttocks and thighs where they meet a seat, for joint motions of `BodyModel.joint_motions`."""
    return _underside(_posed(rest, "seat", turns, heads_m)[:, 2])


def _underside(heights_m: np.ndarray) -> float:
    number = round(_SEAT_SHARE * len(heights_m))
    return float(np.partition(heights_m, number)[number])


def _feet_to_floor(
    rest: RestBody, joints_m: dict[str, np.ndarray], rotations: dict[str, np.ndarray], barefoot_seat_m: float
) -> tuple[dict[str, np.ndarray], float]:
    """Rotations with bare soles barefoot_seat_m below the seat, and the height at which the seat then is."""
    soles, seat_m = _contacts(rest, rotations)
    planted = planted_sides(soles)
    for _ in range(_ROUNDS):
        rises = {side: seat_m - barefoot_seat_m - soles[side] for side in planted}
        if max(abs(rise) for rise in rises.values()) < _SETTLED_M:
            break
        rotations = raise_seated_feet(rotations, joints_m, rises)
        soles, seat_m = _contacts(rest, rotations)
    return rotations, seat_m


def _hands_settled(
    rest: RestBody, joints_m: dict[str, np.ndarray], rotations: dict[str, np.ndarray], rests: tuple[Rest, ...],
    floor_m: float, sitting: bool = False,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Rotations with hands on what they lie on and outside trunk and thighs."""
    model = load_body_model()
    turns, heads = model.joint_motions(rest, rotations)
    hands = {side: _posed(rest, side + " hand", turns, heads) - heads[model.joint(side + "Hand")] for side in SIDES}
    trunk = _posed(rest, "body", turns, heads)
    return settle_hands(rotations, joints_m, rests, floor_m, hands, trunk, sitting)


def _contacts(rest: RestBody, rotations: dict[str, np.ndarray]) -> tuple[dict[str, float], float]:
    """Heights of the lowest point of each bare sole and of the seat, the root where it rests."""
    turns, heads = load_body_model().joint_motions(rest, rotations)
    heights = _posed(rest, "contacts", turns, heads)[:, 2]
    left, right = (len(_surfaces()[side][0]) for side in SIDES)
    soles = {"Left": float(heights[:left].min()), "Right": float(heights[left : left + right].min())}
    return soles, _underside(heights[left + right :])


def _posed(rest: RestBody, surface: str, turns: np.ndarray, heads_m: np.ndarray) -> np.ndarray:
    vertices, weights = _surfaces()[surface]
    return pose_points(rest.vertices_m[vertices], weights, rest.heads_m, turns, heads_m)


@cache
def _surfaces() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Vertices and their weights: of both feet ("Left", "Right"), the seat (buttocks and thighs), these three together
    ("contacts"), of trunk and thighs ("body") and of both hands.
    """
    model, chart = load_body_model(), body_chart()
    suit = np.unique(model.triangles["helper-tights"])
    x, height = chart.place_m[suit, 0], chart.place_m[suit, 2]
    found = {"body": suit[~chart.is_arm[suit] & (height > 0.5)][::2]}
    found["seat"] = suit[(height > 0.72) & (height < 0.98) & ~chart.is_arm[suit]]
    skin = np.unique(model.triangles["body"])
    for side, sign in (("Left", 1), ("Right", -1)):
        fingers = [model.joint(name) for name in (side + "Hand", side + "FingerBase", side + "HandFinger1")]
        found[side] = suit[(height < 0.1) & (sign * x > 0)]
        found[side + " hand"] = skin[model.weights[skin][:, fingers].sum(1) > 0.6][::_EVERY]
    found["contacts"] = np.concatenate([found[name] for name in (*SIDES, "seat")])
    return {name: (vertices, model.weights[vertices]) for name, vertices in found.items()}


def _joints(rest: RestBody) -> dict[str, np.ndarray]:
    """Rest places of the joints and of the last bones' tips."""
    names = load_body_model().joint_names
    places = {name: rest.heads_m[names.index(name)].astype(np.float64) for name in JOINTS}
    return places | {tip: rest.tails_m[names.index(parent)].astype(np.float64) for tip, parent in TIP_PARENTS.items()}
