"""Poses fitted to people of all sizes: feet on the floor, thighs level, hands on what they lie on."""

from __future__ import annotations

import numpy as np
import pytest

from assets.humans.anny import load_body_model, pose_points
from assets.humans.build import build_human, rest_body
from assets.humans.chart import body_chart
from assets.humans.fitting import fit_pose
from assets.humans.spec import sample_human
from assets.poses.library import LIBRARY
from assets.poses.skeleton import SUPPORT_HEIGHT_M, Pose
from assets.poses.spec import PoseSpec, load_pose

SIDES = ("left", "right")


def drawn(activity: str, count: int, seed: int = 0) -> list[tuple[np.random.Generator, Pose]]:
    """Random poses of an activity, each with the generator of the person who takes it."""
    rng = np.random.default_rng(seed)
    names = [name for name, entry in LIBRARY.items() if entry.activity == activity]
    chosen = rng.choice(names, count, replace=False)
    specs = [PoseSpec(name=str(name), activity=activity, jitter_seed=index) for index, name in enumerate(chosen)]  # type: ignore[arg-type]
    return [(np.random.default_rng(100 + index), load_pose(spec)) for index, spec in enumerate(specs)]


def sole_heights_m(points_m: np.ndarray) -> list[float]:
    """Lowest point of either bare foot, given all posed vertices of the body model."""
    suit = np.unique(load_body_model().triangles["helper-tights"])
    feet = suit[body_chart().place_m[suit, 2] < 0.1]
    return [float(points_m[feet[sign * body_chart().place_m[feet, 0] > 0], 2].min()) for sign in (1, -1)]


def posed_body(rest, rotations: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    model = load_body_model()
    turns, heads = model.joint_motions(rest, rotations)
    return pose_points(rest.vertices_m, model.weights, rest.heads_m, turns, heads), heads


@pytest.mark.parametrize("activity", ["standing", "walking"])
def test_feet_of_people_sink_or_float_less_than_two_centimetres(activity: str) -> None:
    for rng, pose in drawn(activity, 12):
        spec = sample_human(rng)
        rest = rest_body(spec)
        left, right = sole_heights_m(posed_body(rest, fit_pose(rest, pose).rotations)[0])
        lowest = build_human(spec, pose).vertices_m[:, 2].min()
        assert abs(lowest) < 1e-5, "the lower shoe stands on the floor"
        if activity == "standing":
            assert abs(left - right) < 0.02 or pose.name in ("crouching", "reaching-high")


def test_seated_feet_reach_the_floor_and_thighs_stay_level() -> None:
    model = load_body_model()
    for number, (rng, pose) in enumerate(drawn("sitting", 16)):
        rest = rest_body(sample_human(rng))
        seat_m = 0.42 + 0.01 * (number % 8)
        fitted = fit_pose(rest, pose, seat_m)
        points, heads = posed_body(rest, fitted.rotations)
        suit = np.unique(model.triangles["helper-tights"])
        chart = body_chart()
        height = chart.place_m[suit, 2]
        seat = suit[(height > 0.72) & (height < 0.98) & ~chart.is_arm[suit]]
        floor_m = float(np.percentile(points[seat, 2], 3)) - seat_m
        assert min(sole_heights_m(points)) - floor_m == pytest.approx(0, abs=0.02), pose.name
        line = heads[model.joint("LeftLeg")] - heads[model.joint("LeftUpLeg")]
        if pose.name not in ("crossed-leg", "ankle-on-knee"):
            assert abs(np.degrees(np.arcsin(line[2] / np.linalg.norm(line)))) < 16


def test_hands_lie_on_the_desk_of_any_person() -> None:
    model = load_body_model()
    rng = np.random.default_rng(4)
    for number, name in enumerate(["typing", "mouse", "writing", "hands-folded", "over-desk", "leaning-on-hand"]):
        activity = LIBRARY[name].activity
        pose = load_pose(PoseSpec(name=name, activity=activity, jitter_seed=number))
        rest = rest_body(sample_human(rng))
        fitted = fit_pose(rest, pose, 0.47 if activity == "sitting" else None)
        points, _ = posed_body(rest, fitted.rotations)
        floor_m = min(sole_heights_m(points))
        skin = np.unique(model.triangles["body"])
        for hold in pose.rests:
            side = hold.hand.capitalize()
            fingers = [model.joint(side + joint) for joint in ("Hand", "FingerBase", "HandFinger1")]
            hand = skin[model.weights[skin][:, fingers].sum(1) > 0.6]
            assert points[hand, 2].min() - floor_m == pytest.approx(SUPPORT_HEIGHT_M[hold.on], abs=0.03), (name, side)
