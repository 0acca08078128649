"""Poses of people who stand at something: reaching to it, leaning on it, writing on it, working at it.

Written with the right hand leading; mirroring gives the left. See gestures.py for how they vary.
"""

from __future__ import annotations

from dataclasses import replace

from assets.poses.gestures import (
    Vary,
    across_belly,
    bearing_leg,
    folded,
    gesturing,
    in_pocket,
    looking,
    resting_leg,
)
from assets.poses.stance import Arm, Bend, Leg, Stance
from assets.poses.standing import at_ease


def reaching(vary: Vary) -> Stance:
    """Reaching forward and up, to a shelf or a board."""
    up = Arm(
        forward_deg=vary(104, 20), out_deg=vary(8, 10), twist_deg=vary(0, 8), elbow_deg=vary(28, 14),
        pronation_deg=vary(50, 25), wrist_flex_deg=vary(-5, 12), shrug_deg=vary(12, 4),
    )  # fmt: skip
    return replace(
        at_ease(vary), pelvis=Bend(vary(2, 2), vary(0, 2), vary(6, 5)), spine=Bend(vary(3, 4), vary(4, 3), vary(10, 6)),
        right_arm=up, head=Bend(vary(-10, 8), vary(0, 4), vary(8, 8)),
    )  # fmt: skip


def reaching_high(vary: Vary) -> Stance:
    """Both hands up at a high shelf, heels a little raised."""

    def arm() -> Arm:
        return Arm(
            forward_deg=vary(136, 10), out_deg=vary(8, 5), twist_deg=vary(0, 6), elbow_deg=vary(26, 12),
            pronation_deg=vary(30, 20), wrist_flex_deg=vary(0, 8), shrug_deg=vary(15, 3),
        )  # fmt: skip

    heel = max(0.0, vary(8, 10))
    leg = Leg(vary(1, 1), vary(4, 2), vary(2, 1), vary(6, 3), heel_deg=heel)
    return replace(
        at_ease(vary), pelvis=Bend(vary(2, 2), 0.0, 0.0), spine=Bend(vary(-6, 3), vary(0, 2), vary(0, 4)),
        left_arm=arm(), right_arm=arm(), head=Bend(vary(-24, 6), vary(0, 3), vary(0, 8)), left_leg=leg, right_leg=leg,
    )  # fmt: skip


def reaching_forward(vary: Vary) -> Stance:
    """Reaching over a table or into a cabinet at the height of the chest."""
    lean = vary(12, 5)
    arm = Arm(
        forward_deg=vary(66, 8) + lean, out_deg=vary(4, 6), twist_deg=vary(6, 8), elbow_deg=vary(22, 10),
        pronation_deg=vary(60, 20), wrist_flex_deg=vary(-4, 8), shrug_deg=vary(4, 2),
    )  # fmt: skip
    return replace(
        at_ease(vary), pelvis=Bend(lean, 0.0, vary(5, 4)), spine=Bend(vary(12, 4), vary(0, 3), vary(10, 5)),
        right_arm=arm, head=Bend(lean + vary(16, 6), vary(0, 3), vary(4, 8)),
        left_leg=Leg(vary(-6, 3), vary(5, 2), vary(5, 2), vary(14, 5)),
        right_leg=Leg(vary(14, 3), vary(4, 2), vary(14, 4), vary(4, 3)),
    )  # fmt: skip


def reaching_down(vary: Vary) -> Stance:
    """Bent to a drawer, one hand on its handle, the other on the thigh."""
    lean = vary(40, 6)
    down = Arm(
        wrist_m=(vary(0.16, 0.03), vary(0.46, 0.03), vary(-0.30, 0.04)), wrist_from="hips",
        elbow_out_deg=vary(20, 8), pronation_deg=vary(70, 15), wrist_flex_deg=vary(0, 8), finger_curl_deg=35,
    )  # fmt: skip
    prop = Arm(
        wrist_m=(vary(0.16, 0.01), vary(0.235, 0.01), vary(-0.13, 0.01)), wrist_from="hips",
        elbow_out_deg=vary(55, 8), pronation_deg=vary(80, 8), wrist_flex_deg=vary(-24, 6),
    )  # fmt: skip
    knees = vary(34, 6)
    return Stance(
        pelvis=Bend(lean, 0.0, vary(0, 4)), spine=Bend(vary(24, 5), vary(0, 3), vary(4, 4)),
        head=Bend(lean + vary(16, 8), vary(0, 4), vary(-6, 8)), left_arm=prop, right_arm=down,
        left_leg=Leg(knees * 0.62, vary(7, 2), knees, vary(14, 5)),
        right_leg=Leg(knees * 0.45, vary(5, 2), knees, vary(6, 4)),
    )  # fmt: skip


def _prop(vary: Vary, outward_m: float = 0.24, ahead_m: float = 0.46) -> Arm:
    """An arm that props the body on a desk (0.73 m)."""
    return Arm(
        wrist_m=(vary(outward_m, 0.04), vary(ahead_m, 0.03), vary(-0.12, 0.01)), wrist_from="hips",
        elbow_out_deg=vary(28, 10), pronation_deg=vary(85, 10), wrist_flex_deg=vary(-42, 8),
    )  # fmt: skip


def over_desk(vary: Vary) -> Stance:
    """Bent over a desk, both hands on it."""
    lean = vary(31, 5)
    return Stance(
        pelvis=Bend(lean, vary(0, 2), vary(0, 5)), spine=Bend(vary(24, 5), vary(0, 3), vary(0, 5)),
        head=Bend(lean + vary(8, 8), vary(0, 4), vary(0, 15)), left_arm=_prop(vary), right_arm=_prop(vary),
        left_leg=Leg(vary(8, 4), vary(6, 2), vary(12, 6)), right_leg=Leg(vary(-4, 4), vary(5, 2), vary(4, 3)),
    )  # fmt: skip


def leaning_on_hand(vary: Vary) -> Stance:
    """The left hand on a desk beside the body, the right arm in talk."""
    lean = vary(16, 4)
    return Stance(
        pelvis=Bend(lean, vary(4, 2), vary(4, 4)), spine=Bend(vary(12, 4), vary(6, 3), vary(-4, 4)),
        head=Bend(lean + vary(2, 6), vary(0, 4), vary(0, 25)), left_arm=_prop(vary, 0.27, 0.30),
        right_arm=replace(gesturing(vary), forward_deg=vary(28, 8)),
        left_leg=resting_leg(vary), right_leg=bearing_leg(vary),
    )  # fmt: skip


def over_colleague(vary: Vary) -> Stance:
    """Bent to a colleague's screen: the left hand on the desk, the right one showing a place on the screen."""
    show = Arm(
        wrist_m=(vary(0.10, 0.05), vary(0.66, 0.03), vary(0.22, 0.04)), wrist_from="hips",
        elbow_out_deg=vary(24, 8), pronation_deg=vary(60, 15), wrist_flex_deg=vary(0, 8), finger_curl_deg=15,
    )  # fmt: skip
    return replace(over_desk(vary), right_arm=show, head=Bend(vary(22, 6), vary(0, 4), vary(-6, 8)))


def on_counter(vary: Vary) -> Stance:
    """Both forearms on a counter (1.05 m), one leg slack."""
    lean = vary(13, 3)

    def forearm() -> Arm:
        return Arm(
            wrist_m=(vary(0.04, 0.02), vary(0.42, 0.02), vary(0.17, 0.008)), wrist_from="hips",
            elbow_out_deg=vary(38, 8), pronation_deg=vary(75, 8), wrist_flex_deg=vary(0, 6), finger_curl_deg=20,
        )  # fmt: skip

    return replace(
        at_ease(vary), pelvis=Bend(lean, vary(0, 3), vary(0, 4)), spine=Bend(vary(14, 3), 0.0, vary(0, 4)),
        left_arm=forearm(), right_arm=replace(forearm(), wrist_m=(vary(0.15, 0.03), vary(0.38, 0.02), 0.17)),
        head=looking(vary, 8, 0, 30), left_leg=Leg(vary(4, 3), vary(6, 2), vary(22, 6), vary(16, 5)),
        right_leg=Leg(vary(-8, 2), vary(2, 1), vary(2, 1), vary(6, 3)),
    )  # fmt: skip


def against_wall(vary: Vary) -> Stance:
    """The back against a wall, feet ahead of it, arms folded or hands in the pockets."""
    tilt = vary(7, 2)
    left, right = folded(vary)
    leg = Leg(tilt + vary(4, 2), vary(4, 2), vary(4, 2), vary(8, 4))
    return replace(
        at_ease(vary), pelvis=Bend(-tilt, 0.0, 0.0), spine=Bend(vary(5, 2), 0.0, 0.0), head=looking(vary, 6, 0, 25),
        left_arm=left, right_arm=right, left_leg=leg, right_leg=replace(leg, forward_deg=tilt + vary(10, 3), knee_deg=vary(14, 4)),
    )  # fmt: skip


def shoulder_on_wall(vary: Vary) -> Stance:
    """The left shoulder against a wall or a door frame, the right foot crossed before, hands in the pockets."""
    aside = vary(8, 2)
    return replace(
        at_ease(vary), pelvis=Bend(0.0, aside, vary(0, 4)), spine=Bend(vary(4, 3), vary(2, 2), vary(0, 4)),
        head=Bend(vary(4, 5), vary(0, 4), vary(-10, 20)), left_arm=replace(across_belly(vary), forward_deg=vary(18, 3)),
        right_arm=in_pocket(vary), left_leg=Leg(vary(-2, 2), vary(-6, 2), vary(2, 1), vary(6, 3)),
        right_leg=Leg(vary(8, 3), vary(10, 3), vary(16, 4), vary(14, 5)),
    )  # fmt: skip


def at_whiteboard(vary: Vary) -> Stance:
    """Writing on a whiteboard at the height of the face."""
    arm = Arm(
        wrist_m=(vary(0.0, 0.06), vary(0.40, 0.03), vary(0.10, 0.08)), elbow_out_deg=vary(40, 10),
        pronation_deg=vary(35, 10), wrist_flex_deg=vary(-10, 6), finger_curl_deg=45, shrug_deg=vary(6, 2),
    )  # fmt: skip
    return replace(at_ease(vary), right_arm=arm, head=Bend(vary(-6, 6), vary(0, 3), vary(-8, 8)))


def beside_whiteboard(vary: Vary) -> Stance:
    """Turned to the listeners, the right hand at the board beside."""
    arm = Arm(
        forward_deg=vary(22, 10), out_deg=vary(72, 8), twist_deg=vary(20, 8), elbow_deg=vary(34, 10),
        pronation_deg=vary(30, 15), wrist_flex_deg=vary(-6, 6), shrug_deg=vary(8, 3),
    )  # fmt: skip
    return replace(at_ease(vary), right_arm=arm, left_arm=gesturing(vary), head=looking(vary, 2, 10, 30))


def at_machine(vary: Vary) -> Stance:
    """At a printer or a coffee machine: one hand on its keys, the other beside."""
    press = Arm(
        wrist_m=(vary(0.10, 0.05), vary(0.44, 0.03), vary(0.20, 0.04)), wrist_from="hips",
        elbow_out_deg=vary(24, 8), pronation_deg=vary(75, 10), wrist_flex_deg=vary(-6, 8), finger_curl_deg=20,
    )  # fmt: skip
    return replace(
        at_ease(vary), spine=Bend(vary(9, 3), vary(0, 3), vary(4, 4)), right_arm=press,
        head=Bend(vary(28, 6), vary(0, 3), vary(-6, 8)),
    )  # fmt: skip


def typing_standing(vary: Vary) -> Stance:
    """At a desk raised for standing (1.05 m), both hands on the keyboard."""

    def hand() -> Arm:
        return Arm(
            wrist_m=(vary(0.11, 0.02), vary(0.36, 0.03), vary(0.18, 0.008)), wrist_from="hips",
            elbow_out_deg=vary(18, 6), pronation_deg=vary(80, 6), wrist_flex_deg=vary(-6, 5), finger_curl_deg=20,
        )  # fmt: skip

    return replace(at_ease(vary), left_arm=hand(), right_arm=hand(), head=Bend(vary(12, 5), vary(0, 3), vary(0, 10)))
