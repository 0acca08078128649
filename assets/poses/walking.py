"""Poses of people who walk: phases of a stride, slow and fast, with free hands or with things.

Written with the right leg's phase; mirroring gives the left. Angles of a stride follow published curves of level walking
(Winter 1991), rounded by hand; no captured data.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.poses.gestures import (
    Vary,
    at_ear,
    before_chest,
    by_both_sides,
    gesturing,
    in_pocket,
    looking,
    papers_to_chest,
    with_cup,
)
from assets.poses.stance import Arm, Bend, Leg, Stance

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


def stride(vary: Vary, phase: float, length: float = 0.85, lean_deg: float = 2.0) -> Stance:
    """Walking; phase of the right leg's stride, 0 where its heel strikes; length 1 is a brisk step."""
    phase, length = vary(phase, 0.07), vary(length, 0.15)
    turn = float(np.cos(2 * np.pi * phase)) * 6 * length
    return Stance(
        pelvis=Bend(vary(lean_deg, 2), 0.0, turn * 0.6), spine=Bend(vary(3, 3), vary(0, 2), -turn * 1.6),
        head=looking(vary, 6, 0, 15),
        left_arm=_gait_arm(phase + 0.5, length, vary), right_arm=_gait_arm(phase, length, vary),
        left_leg=_gait_leg(phase + 0.5, length, vary), right_leg=_gait_leg(phase, length, vary),
    )  # fmt: skip


def heel_strike(vary: Vary) -> Stance:
    """Both feet on the floor, the right one ahead."""
    return stride(vary, 0.03)


def mid_stance(vary: Vary) -> Stance:
    """The left leg passing the right one."""
    return stride(vary, 0.25)


def push_off(vary: Vary) -> Stance:
    """The right heel leaving the floor behind."""
    return stride(vary, 0.45)


def swing(vary: Vary) -> Stance:
    """The right leg swinging ahead."""
    return stride(vary, 0.74)


def _any_phase(vary: Vary) -> float:
    return vary(0.3, 0.4)


def slow(vary: Vary) -> Stance:
    """A short, slow step."""
    return stride(vary, _any_phase(vary), 0.42, 0.0)


def fast(vary: Vary) -> Stance:
    """A long, hurried step, leaning forward, elbows bent."""
    stance = stride(vary, _any_phase(vary), 1.12, 6.0)
    arms = [replace(arm, elbow_deg=arm.elbow_deg + 22) for arm in (stance.left_arm, stance.right_arm)]
    return replace(stance, left_arm=arms[0], right_arm=arms[1])


def turning(vary: Vary) -> Stance:
    """Walking around a corner: body leaning and looking to the left."""
    stance = stride(vary, _any_phase(vary), 0.6)
    turn = vary(20, 6)
    return replace(
        stance, spine=Bend(vary(3, 2), vary(3, 2), turn), head=Bend(vary(4, 5), vary(2, 3), turn + vary(20, 8)),
        left_leg=replace(stance.left_leg, turn_out_deg=vary(24, 6)),
    )  # fmt: skip


def with_phone(vary: Vary) -> Stance:
    """Walking while looking at a telephone."""
    return replace(
        stride(vary, _any_phase(vary), 0.7),
        right_arm=before_chest(vary),
        head=Bend(vary(30, 8), vary(0, 4), vary(-6, 6)),
    )


def phone_call(vary: Vary) -> Stance:
    """Walking with a telephone at the ear."""
    return replace(
        stride(vary, _any_phase(vary), 0.75), right_arm=at_ear(vary), head=Bend(vary(8, 6), vary(-5, 4), vary(0, 15))
    )


def with_coffee(vary: Vary) -> Stance:
    """Walking with a cup in the right hand."""
    return replace(stride(vary, _any_phase(vary), 0.75), right_arm=with_cup(vary))


def with_box(vary: Vary) -> Stance:
    """Carrying a box before the belly."""
    left, right = by_both_sides(vary, -0.31, 0.30, 0.0)
    return replace(
        stride(vary, _any_phase(vary), 0.62, -3.0), spine=Bend(vary(-2, 2), 0.0, 0.0), left_arm=left, right_arm=right
    )


def with_laptop(vary: Vary) -> Stance:
    """An open laptop or a stack of papers carried level on both forearms."""
    left, right = by_both_sides(vary, -0.26, 0.32, -0.03)
    return replace(stride(vary, _any_phase(vary), 0.7), left_arm=left, right_arm=right)


def with_papers(vary: Vary) -> Stance:
    """Papers held to the chest with the left forearm."""
    return replace(stride(vary, _any_phase(vary)), left_arm=papers_to_chest(vary))


def with_bag(vary: Vary) -> Stance:
    """A bag in the right hand, which hardly swings."""
    stance = stride(vary, _any_phase(vary))
    arm = replace(
        stance.right_arm, forward_deg=stance.right_arm.forward_deg * 0.4, elbow_deg=vary(9, 4), out_deg=vary(15, 3)
    )
    return replace(
        stance,
        spine=replace(stance.spine, left_deg=vary(4, 2)),
        right_arm=replace(arm, finger_curl_deg=60, shrug_deg=-5),
    )


def hands_in_pockets(vary: Vary) -> Stance:
    """Strolling with both hands in the pockets."""
    return replace(stride(vary, _any_phase(vary), 0.55), left_arm=in_pocket(vary), right_arm=in_pocket(vary))


def talking(vary: Vary) -> Stance:
    """Walking and talking to somebody on the left."""
    return replace(
        stride(vary, _any_phase(vary), 0.65), right_arm=gesturing(vary), head=Bend(vary(4, 5), vary(0, 3), vary(42, 14))
    )


def looking_down(vary: Vary) -> Stance:
    """Walking with the head bent, minding the way."""
    return replace(stride(vary, _any_phase(vary), 0.8, 4.0), head=Bend(vary(24, 7), vary(0, 3), vary(0, 10)))
