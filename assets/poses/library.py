"""plafond's own poses of office people: standing, walking and sitting, each varied at random.

A pose is a function of `Vary`: `vary(mean, spread)` is the mean itself for the pose as written, and mean + a uniform
draw in [-spread, spread] for a person of one's own. Poses are written with the right hand leading; the left comes from
mirroring. Seated people have level thighs and upright shins: their feet stand on the floor when the seat is as high as
their shins are long. Written by hand from how people stand and sit; no captured data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assets.poses.skeleton import Activity, Pose
from assets.poses.stance import Arm, Bend, Leg, Stance, rotations_of


class Vary:
    """Draws around means: from rng, or, without one, the means themselves."""

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self.rng = rng

    def __call__(self, mean: float, spread: float) -> float:
        return mean if self.rng is None else mean + float(self.rng.uniform(-spread, spread))

    def between(self, low: float, high: float) -> float:
        """A uniform draw; the middle without an rng."""
        return self((low + high) / 2, (high - low) / 2)


def _head(vary: Vary, forward_deg: float = 5.0, turn_deg: float = 0.0, turn_spread_deg: float = 25.0) -> Bend:
    return Bend(vary(forward_deg, 8), vary(0, 4), vary(turn_deg, turn_spread_deg))


def _hanging(vary: Vary) -> Arm:
    """An arm that hangs at ease."""
    return Arm(
        forward_deg=vary(0, 7), out_deg=vary(12, 3), twist_deg=vary(12, 8), elbow_deg=vary(20, 9),
        pronation_deg=vary(28, 14), wrist_flex_deg=vary(6, 6), finger_curl_deg=vary(15, 10),
    )  # fmt: skip


def _bearing_leg(vary: Vary) -> Leg:
    return Leg(vary(0, 2), vary(3, 2), vary(3, 2), turn_out_deg=vary(7, 5), toe_out_deg=vary(3, 3))


def _resting_leg(vary: Vary) -> Leg:
    """The leg that bears less: a little ahead, its knee a little bent, its foot turned out."""
    bent = vary(12, 7)
    return Leg(vary(8, 4), vary(6, 3), bent, turn_out_deg=vary(14, 7), toe_out_deg=vary(4, 4))


def _at_ease(vary: Vary) -> Stance:
    """Standing, arms hanging, weight on both legs or more on one."""
    return Stance(
        pelvis=Bend(vary(0, 2), vary(0, 3), vary(0, 5)),
        spine=Bend(vary(2, 4), vary(0, 3), vary(0, 6)),
        head=_head(vary),
        left_arm=_hanging(vary),
        right_arm=_hanging(vary),
        left_leg=_resting_leg(vary),
        right_leg=_bearing_leg(vary),
    )


def _talking(vary: Vary) -> Stance:
    """One forearm raised in a gesture, the other arm hanging."""
    gesture = Arm(
        forward_deg=vary(18, 12), out_deg=vary(14, 5), twist_deg=vary(8, 22), elbow_deg=vary(82, 22),
        pronation_deg=vary(0, 40), wrist_flex_deg=vary(0, 15),
    )  # fmt: skip
    return replace(_at_ease(vary), right_arm=gesture, head=_head(vary, 3, 0, 30))


def _explaining(vary: Vary) -> Stance:
    """Both forearms raised in front of the body."""

    def gesture() -> Arm:
        return Arm(
            forward_deg=vary(22, 12), out_deg=vary(14, 5), twist_deg=vary(12, 14), elbow_deg=vary(76, 20),
            pronation_deg=vary(-5, 30), wrist_flex_deg=vary(0, 15),
        )  # fmt: skip

    return replace(_at_ease(vary), left_arm=gesture(), right_arm=gesture())


def _ear_hand(vary: Vary) -> Arm:
    """The arm that holds a telephone to the ear of the same side."""
    return Arm(
        wrist_m=(vary(0.115, 0.008), vary(0.07, 0.012), vary(-0.055, 0.01)), wrist_from="head",
        elbow_out_deg=vary(14, 10), pronation_deg=vary(10, 8), wrist_flex_deg=vary(-12, 5), finger_curl_deg=35,
        shrug_deg=5,
    )  # fmt: skip


def _phone_call(vary: Vary) -> Stance:
    """A telephone at the right ear, the other arm hanging or bent before the belly."""
    return replace(_at_ease(vary), right_arm=_ear_hand(vary), head=Bend(vary(5, 6), vary(-6, 4), vary(0, 15)))


def _screen_hand(vary: Vary) -> Arm:
    """The arm that holds a telephone or a sheet before the chest."""
    return Arm(
        forward_deg=vary(22, 10), out_deg=vary(10, 4), twist_deg=vary(26, 8), elbow_deg=vary(98, 12),
        pronation_deg=vary(-35, 12), wrist_flex_deg=vary(5, 8), finger_curl_deg=40,
    )  # fmt: skip


def _reading_phone(vary: Vary) -> Stance:
    """Looking down at a telephone in the right hand."""
    return replace(
        _at_ease(vary), spine=Bend(vary(7, 4), vary(0, 3), vary(0, 5)), right_arm=_screen_hand(vary),
        head=Bend(vary(36, 8), vary(0, 4), vary(-6, 8)),
    )  # fmt: skip


def _arms_crossed(vary: Vary) -> Stance:
    """Arms folded before the chest, the right forearm over the left."""
    left = Arm(
        forward_deg=vary(34, 3), out_deg=vary(5, 2), twist_deg=vary(76, 3), elbow_deg=vary(92, 4),
        pronation_deg=vary(15, 8), wrist_flex_deg=vary(18, 5), finger_curl_deg=25,
    )  # fmt: skip
    right = Arm(
        forward_deg=vary(47, 3), out_deg=vary(6, 2), twist_deg=vary(70, 3), elbow_deg=vary(90, 4),
        pronation_deg=vary(20, 8), wrist_flex_deg=vary(25, 5), finger_curl_deg=30,
    )  # fmt: skip
    return replace(
        _at_ease(vary), spine=Bend(vary(1, 3), vary(0, 2), vary(0, 4)), left_arm=left, right_arm=right
    )  # fmt: skip


def _hands_on_hips(vary: Vary) -> Stance:
    """Hands on the hips, elbows out."""

    def arm() -> Arm:
        return Arm(
            forward_deg=vary(-14, 4), out_deg=vary(40, 4), twist_deg=vary(62, 5), elbow_deg=vary(88, 5),
            pronation_deg=vary(60, 8), wrist_flex_deg=vary(-20, 8), finger_curl_deg=25,
        )  # fmt: skip

    return replace(_at_ease(vary), left_arm=arm(), right_arm=arm())


def _hands_behind(vary: Vary) -> Stance:
    """Hands joined behind the back."""

    def arm() -> Arm:
        return Arm(
            wrist_m=(vary(0.06, 0.015), vary(-0.135, 0.01), vary(0.06, 0.02)), wrist_from="hips",
            elbow_out_deg=vary(75, 8), pronation_deg=vary(0, 8), wrist_flex_deg=vary(-22, 5), finger_curl_deg=0,
        )  # fmt: skip

    return replace(_at_ease(vary), left_arm=arm(), right_arm=arm())


def _holding_cup(vary: Vary) -> Stance:
    """A cup in the right hand before the chest, the other hand low before the belly or hanging."""
    cup = Arm(
        forward_deg=vary(16, 8), out_deg=vary(12, 4), twist_deg=vary(22, 8), elbow_deg=vary(100, 14),
        pronation_deg=vary(0, 8), wrist_flex_deg=vary(0, 6), finger_curl_deg=45,
    )  # fmt: skip
    return replace(_at_ease(vary), right_arm=cup)


def _reaching(vary: Vary) -> Stance:
    """Reaching forward and up, to a shelf or a board."""
    up = Arm(
        forward_deg=vary(104, 20), out_deg=vary(8, 10), twist_deg=vary(0, 8), elbow_deg=vary(28, 14),
        pronation_deg=vary(50, 25), wrist_flex_deg=vary(-5, 12), shrug_deg=vary(12, 4),
    )  # fmt: skip
    return replace(
        _at_ease(vary), pelvis=Bend(vary(2, 2), vary(0, 2), vary(6, 5)), spine=Bend(vary(3, 4), vary(4, 3), vary(10, 6)),
        right_arm=up, head=Bend(vary(-10, 8), vary(0, 4), vary(8, 8)),
    )  # fmt: skip


def _over_desk(vary: Vary) -> Stance:
    """Bent over a desk, one hand or both on its edge."""
    lean = vary(31, 5)

    def prop() -> Arm:
        return Arm(
            wrist_m=(vary(0.24, 0.04), vary(0.46, 0.03), vary(-0.14, 0.02)), wrist_from="hips",
            elbow_out_deg=vary(28, 10), pronation_deg=vary(85, 10), wrist_flex_deg=vary(-42, 8),
        )  # fmt: skip

    return Stance(
        pelvis=Bend(lean, vary(0, 2), vary(0, 5)), spine=Bend(vary(24, 5), vary(0, 3), vary(0, 5)),
        head=Bend(lean + vary(8, 8), vary(0, 4), vary(0, 15)), left_arm=prop(), right_arm=prop(),
        left_leg=Leg(vary(8, 4), vary(6, 2), vary(12, 6)), right_leg=Leg(vary(-4, 4), vary(5, 2), vary(4, 3)),
    )  # fmt: skip


_GAIT_PHASE = np.array([0.0, 0.12, 0.30, 0.50, 0.62, 0.75, 0.90, 1.0])
_GAIT_THIGH = np.array([28.0, 24.0, 6.0, -14.0, -6.0, 20.0, 30.0, 28.0])
_GAIT_KNEE = np.array([4.0, 14.0, 7.0, 12.0, 42.0, 60.0, 16.0, 4.0])
_GAIT_HEEL = np.array([-18.0, 0.0, 0.0, 32.0, 52.0, 20.0, -8.0, -18.0])
"""A stride, from heel strike (0) over toe off (0.62) to the next: thigh forward, knee, and heel raised, degrees."""


def _gait_leg(phase: float, stride: float, vary: Vary) -> Leg:
    phase = phase % 1.0
    thigh, knee, heel = (float(np.interp(phase, _GAIT_PHASE, row)) for row in (_GAIT_THIGH, _GAIT_KNEE, _GAIT_HEEL))
    return Leg(thigh * stride, vary(2.5, 1), knee * (0.4 + 0.6 * stride), vary(4, 3), vary(2, 2), heel * stride)


def _gait_arm(phase: float, stride: float, vary: Vary) -> Arm:
    """The arm swings against the leg of its own side."""
    swing = -np.cos(2 * np.pi * phase) * vary(20, 7) * stride
    return Arm(
        forward_deg=float(swing) + vary(0, 3), out_deg=vary(12, 2), twist_deg=vary(14, 6),
        elbow_deg=vary(22, 8) + max(0.0, float(swing)) * 0.7, pronation_deg=vary(25, 10), finger_curl_deg=vary(20, 10),
    )  # fmt: skip


def _walking(vary: Vary, phase: float) -> Stance:
    """Walking; phase of the right leg's stride, 0 where its heel strikes."""
    phase, stride = vary(phase, 0.07), vary(0.85, 0.2)
    turn = float(np.cos(2 * np.pi * phase)) * 6 * stride
    return Stance(
        pelvis=Bend(vary(2, 2), 0.0, turn * 0.6), spine=Bend(vary(3, 3), vary(0, 2), -turn * 1.6),
        head=_head(vary, 6, 0, 15),
        left_arm=_gait_arm(phase + 0.5, stride, vary), right_arm=_gait_arm(phase, stride, vary),
        left_leg=_gait_leg(phase + 0.5, stride, vary), right_leg=_gait_leg(phase, stride, vary),
    )  # fmt: skip


def _heel_strike(vary: Vary) -> Stance:
    """Both feet on the floor, the right one ahead."""
    return _walking(vary, 0.03)


def _mid_stance(vary: Vary) -> Stance:
    """The left leg passing the right one."""
    return _walking(vary, 0.25)


def _push_off(vary: Vary) -> Stance:
    """The right heel leaving the floor behind."""
    return _walking(vary, 0.45)


def _walking_with_phone(vary: Vary) -> Stance:
    """Walking while looking at a telephone."""
    return replace(
        _walking(vary, vary(0.3, 0.3)), right_arm=_screen_hand(vary), head=Bend(vary(30, 8), vary(0, 4), vary(-6, 6))
    )


def _seated_leg(vary: Vary) -> Leg:
    """Thigh level, shin about upright, foot flat."""
    return Leg(vary(89, 2), vary(9, 7), vary(88, 8), turn_out_deg=0.0, toe_out_deg=vary(4, 6))


def _seated(vary: Vary, lean_deg: float, spine_deg: float, turn_deg: float = 0.0) -> Stance:
    """On a chair: the pelvis leans by lean_deg (negative is back), the spine bends from there; hands on the thighs."""

    def on_thigh() -> Arm:
        return Arm(
            wrist_m=(vary(0.13, 0.03), vary(0.25, 0.05), vary(0.095, 0.006)), wrist_from="hips",
            elbow_out_deg=vary(35, 10), pronation_deg=vary(82, 12), wrist_flex_deg=vary(4, 6),
        )  # fmt: skip

    return Stance(
        pelvis=Bend(lean_deg, vary(0, 2), 0.0),
        spine=Bend(spine_deg, vary(0, 4), turn_deg),
        head=Bend(vary(6, 6), vary(0, 4), turn_deg + vary(0, 22)),
        left_arm=on_thigh(), right_arm=on_thigh(), left_leg=_seated_leg(vary), right_leg=_seated_leg(vary),
    )  # fmt: skip


def _on_desk(vary: Vary, outward_m: float, ahead_m: float, pronation_deg: float = 80.0) -> Arm:
    """A hand on a desk that is 0.20 m higher than the hip joints (desk 0.73 m, seat 0.45 m)."""
    return Arm(
        wrist_m=(vary(outward_m, 0.03), vary(ahead_m, 0.03), vary(0.245, 0.01)), wrist_from="hips",
        elbow_out_deg=vary(24, 8), pronation_deg=vary(pronation_deg, 6), wrist_flex_deg=vary(-6, 5),
        finger_curl_deg=vary(20, 8),
    )  # fmt: skip


def _upright(vary: Vary) -> Stance:
    """Upright, hands on the thighs."""
    return _seated(vary, vary(-6, 4), vary(8, 4))


def _typing(vary: Vary) -> Stance:
    """Both hands on the keyboard, eyes on the screen."""
    return replace(
        _seated(vary, vary(-2, 5), vary(9, 5)), head=Bend(vary(10, 6), vary(0, 3), vary(0, 12)),
        left_arm=_on_desk(vary, 0.10, 0.42), right_arm=_on_desk(vary, 0.10, 0.42),
    )  # fmt: skip


def _mouse(vary: Vary) -> Stance:
    """The right hand on the mouse, the left on the keyboard."""
    return replace(
        _seated(vary, vary(-3, 5), vary(8, 5)), head=Bend(vary(8, 6), vary(0, 3), vary(-4, 12)),
        left_arm=_on_desk(vary, 0.10, 0.40), right_arm=_on_desk(vary, 0.26, 0.42),
    )  # fmt: skip


def _writing(vary: Vary) -> Stance:
    """Bent over the desk, writing with the right hand, the left forearm on the desk."""
    return replace(
        _seated(vary, vary(8, 4), vary(18, 5)), head=Bend(vary(40, 7), vary(-4, 4), vary(-4, 8)),
        left_arm=_on_desk(vary, 0.05, 0.40, 75), right_arm=_on_desk(vary, 0.12, 0.44, 55),
    )  # fmt: skip


def _leaning_forward(vary: Vary) -> Stance:
    """Leaning forward, forearms on the desk or close to it, looking at the screen."""
    return replace(
        _seated(vary, vary(12, 5), vary(12, 5)), head=Bend(vary(6, 6), vary(0, 4), vary(0, 14)),
        left_arm=_on_desk(vary, 0.04, 0.50), right_arm=_on_desk(vary, 0.06, 0.52),
    )  # fmt: skip


def _turned(vary: Vary) -> Stance:
    """Turned to a neighbour on the left, one hand still on the desk."""
    turn = vary.between(25, 45)
    stance = _seated(vary, vary(-4, 4), vary(5, 4), turn)
    gesture = Arm(
        forward_deg=vary(20, 10), out_deg=vary(16, 5), twist_deg=vary(10, 12), elbow_deg=vary(80, 20),
        pronation_deg=vary(20, 30),
    )  # fmt: skip
    return replace(stance, head=Bend(vary(4, 6), vary(0, 4), turn + vary(22, 10)), left_arm=gesture)


def _leaning_back(vary: Vary) -> Stance:
    """Leaning back by a random tilt, forearms on the armrests."""
    tilt = vary.between(8, 28)

    def on_armrest() -> Arm:
        return Arm(
            wrist_m=(vary(0.26, 0.02), vary(0.20, 0.04), vary(0.21, 0.02)), wrist_from="hips",
            elbow_out_deg=vary(20, 6), pronation_deg=vary(70, 12), wrist_flex_deg=vary(6, 6),
        )  # fmt: skip

    return replace(
        _seated(vary, -tilt, vary(6, 4)), head=Bend(vary(4, 6) - tilt * 0.35, vary(0, 4), vary(0, 25)),
        left_arm=on_armrest(), right_arm=on_armrest(),
        left_leg=replace(_seated_leg(vary), knee_deg=vary(74, 10)),
        right_leg=replace(_seated_leg(vary), knee_deg=vary(74, 10)),
    )  # fmt: skip


def _sitting_with_phone(vary: Vary) -> Stance:
    """Looking down at a telephone held low in the right hand."""
    return replace(
        _seated(vary, vary(-10, 5), vary(16, 5)), head=Bend(vary(38, 7), vary(0, 4), vary(-4, 8)),
        right_arm=_screen_hand(vary),
    )  # fmt: skip


def _sitting_phone_call(vary: Vary) -> Stance:
    """A telephone at the right ear, the left hand on the desk."""
    return replace(
        _seated(vary, vary(-6, 5), vary(6, 4)), head=Bend(vary(4, 6), vary(-5, 4), vary(0, 15)),
        left_arm=_on_desk(vary, 0.10, 0.40), right_arm=_ear_hand(vary),
    )  # fmt: skip


def _sitting_arms_crossed(vary: Vary) -> Stance:
    """Arms folded, leaning back a little."""
    folded = _arms_crossed(vary)
    return replace(
        _seated(vary, vary(-14, 5), vary(6, 3)), left_arm=folded.left_arm, right_arm=folded.right_arm
    )  # fmt: skip


LIBRARY: dict[str, tuple[Activity, Callable[[Vary], Stance]]] = {
    "at-ease": ("standing", _at_ease),
    "talking": ("standing", _talking),
    "explaining": ("standing", _explaining),
    "phone-call": ("standing", _phone_call),
    "reading-phone": ("standing", _reading_phone),
    "arms-crossed": ("standing", _arms_crossed),
    "hands-on-hips": ("standing", _hands_on_hips),
    "hands-behind": ("standing", _hands_behind),
    "holding-cup": ("standing", _holding_cup),
    "reaching": ("standing", _reaching),
    "over-desk": ("standing", _over_desk),
    "heel-strike": ("walking", _heel_strike),
    "mid-stance": ("walking", _mid_stance),
    "push-off": ("walking", _push_off),
    "walking-with-phone": ("walking", _walking_with_phone),
    "upright": ("sitting", _upright),
    "typing": ("sitting", _typing),
    "mouse": ("sitting", _mouse),
    "writing": ("sitting", _writing),
    "leaning-forward": ("sitting", _leaning_forward),
    "turned": ("sitting", _turned),
    "leaning-back": ("sitting", _leaning_back),
    "sitting-with-phone": ("sitting", _sitting_with_phone),
    "sitting-phone-call": ("sitting", _sitting_phone_call),
    "sitting-arms-crossed": ("sitting", _sitting_arms_crossed),
}


def library_pose(name: str, rng: np.random.Generator | None = None) -> Pose:
    """A pose of the library: as written, or varied by rng. name: a key of LIBRARY."""
    activity, stance = LIBRARY[name]
    return Pose(name, activity, rotations_of(stance(Vary(rng))))
