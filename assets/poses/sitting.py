"""Poses of people who sit: at the desk, in meetings, at rest.

Thighs are level and shins upright unless a pose says otherwise: the feet stand on the floor when the seat is as high as
the shins are long; building a person fits them to other seats. Hands that lie on a desk are named in the library's
table. Written with the right hand leading; mirroring gives the left.
"""

from __future__ import annotations

from dataclasses import replace

from assets.poses.gestures import (
    Vary,
    across_belly,
    at_chin,
    at_ear,
    before_chest,
    by_both_sides,
    drinking,
    folded,
    gesturing,
    in_neck,
    overhead,
    with_cup,
)
from assets.poses.stance import Arm, Bend, Leg, Stance


def _seated_leg(vary: Vary) -> Leg:
    """Thigh level, shin about upright, foot flat."""
    return Leg(vary(89, 2), vary(9, 7), vary(88, 8), turn_out_deg=0.0, toe_out_deg=vary(4, 6))


def _on_thigh(vary: Vary) -> Arm:
    return Arm(
        wrist_m=(vary(0.13, 0.03), vary(0.25, 0.05), vary(0.115, 0.006)), wrist_from="hips",
        elbow_out_deg=vary(35, 10), pronation_deg=vary(82, 12), wrist_flex_deg=vary(4, 6),
    )  # fmt: skip


def seated(vary: Vary, lean_deg: float, spine_deg: float, turn_deg: float = 0.0) -> Stance:
    """On a chair: the pelvis leans by lean_deg (negative is back), the spine bends from there; hands on the thighs."""
    return Stance(
        pelvis=Bend(lean_deg, vary(0, 2), 0.0),
        spine=Bend(spine_deg, vary(0, 4), turn_deg),
        head=Bend(vary(6, 6), vary(0, 4), turn_deg + vary(0, 22)),
        left_arm=_on_thigh(vary), right_arm=_on_thigh(vary), left_leg=_seated_leg(vary), right_leg=_seated_leg(vary),
    )  # fmt: skip


def _on_desk(vary: Vary, outward_m: float, ahead_m: float, pronation_deg: float = 80.0) -> Arm:
    """A hand on a desk that is 0.19 m higher than the hip joints (desk 0.73 m, seat 0.45 m)."""
    return Arm(
        wrist_m=(vary(outward_m, 0.03), vary(ahead_m, 0.03), vary(0.235, 0.01)), wrist_from="hips",
        elbow_out_deg=vary(24, 8), pronation_deg=vary(pronation_deg, 6), wrist_flex_deg=vary(-6, 5),
        finger_curl_deg=vary(20, 8),
    )  # fmt: skip


def upright(vary: Vary) -> Stance:
    """Upright, hands on the thighs."""
    return seated(vary, vary(-6, 4), vary(8, 4))


def tilted(vary: Vary) -> Stance:
    """The plain seated pose with its body tilted at random, back, forward and aside (thesis section 3.2)."""
    stance = seated(vary, vary.between(-24, 16), vary(6, 3))
    aside = vary(0, 9)
    return replace(
        stance, pelvis=replace(stance.pelvis, left_deg=aside * 0.5), spine=replace(stance.spine, left_deg=aside)
    )


def typing(vary: Vary) -> Stance:
    """Both hands on the keyboard, eyes on the screen."""
    return replace(
        seated(vary, vary(-2, 5), vary(9, 5)), head=Bend(vary(10, 6), vary(0, 3), vary(0, 12)),
        left_arm=_on_desk(vary, 0.10, 0.37), right_arm=_on_desk(vary, 0.10, 0.37),
    )  # fmt: skip


def typing_close(vary: Vary) -> Stance:
    """Hunched over the keyboard, the head near the screen."""
    return replace(
        seated(vary, vary(8, 4), vary(20, 4)), head=Bend(vary(14, 6), vary(0, 3), vary(0, 8)),
        left_arm=_on_desk(vary, 0.09, 0.44), right_arm=_on_desk(vary, 0.09, 0.44),
    )  # fmt: skip


def typing_leaning_back(vary: Vary) -> Stance:
    """Leaning back, arms stretched to the keyboard."""
    return replace(
        seated(vary, vary(-15, 4), vary(10, 4)), head=Bend(vary(4, 5), vary(0, 3), vary(0, 10)),
        left_arm=_on_desk(vary, 0.09, 0.36), right_arm=_on_desk(vary, 0.09, 0.36),
    )  # fmt: skip


def typing_looking_down(vary: Vary) -> Stance:
    """Looking at the keys while typing."""
    return replace(typing(vary), head=Bend(vary(34, 6), vary(0, 3), vary(0, 6)))


def mouse(vary: Vary) -> Stance:
    """The right hand on the mouse, the left on the keyboard."""
    return replace(
        seated(vary, vary(-3, 5), vary(8, 5)), head=Bend(vary(8, 6), vary(0, 3), vary(-4, 12)),
        left_arm=_on_desk(vary, 0.10, 0.40), right_arm=_on_desk(vary, 0.26, 0.39),
    )  # fmt: skip


def mouse_chin(vary: Vary) -> Stance:
    """The right hand on the mouse, the chin on the left one."""
    return replace(
        seated(vary, vary(9, 3), vary(15, 3)), head=Bend(vary(14, 5), vary(5, 3), vary(-4, 6)),
        left_arm=at_chin(vary), right_arm=_on_desk(vary, 0.24, 0.44),
    )  # fmt: skip


def writing(vary: Vary) -> Stance:
    """Bent over the desk, writing with the right hand, the left forearm on the desk."""
    return replace(
        seated(vary, vary(8, 4), vary(18, 5)), head=Bend(vary(40, 7), vary(-4, 4), vary(-4, 8)),
        left_arm=_on_desk(vary, 0.05, 0.40, 75), right_arm=_on_desk(vary, 0.12, 0.44, 55),
    )  # fmt: skip


def reading_desk(vary: Vary) -> Stance:
    """Reading papers that lie on the desk, a hand on each side."""
    return replace(
        seated(vary, vary(6, 4), vary(16, 4)), head=Bend(vary(42, 6), vary(0, 4), vary(0, 8)),
        left_arm=_on_desk(vary, 0.16, 0.38), right_arm=_on_desk(vary, 0.16, 0.38),
    )  # fmt: skip


def reading_held(vary: Vary) -> Stance:
    """Leaning back a little, papers held up in both hands."""
    left, right = by_both_sides(vary, -0.20, 0.29, -0.05)
    return replace(
        seated(vary, vary(-10, 4), vary(8, 4)),
        head=Bend(vary(24, 6), vary(0, 4), vary(0, 8)),
        left_arm=left,
        right_arm=right,
    )


def leaning_forward(vary: Vary) -> Stance:
    """Leaning forward, forearms on the desk, looking at the screen."""
    return replace(
        seated(vary, vary(12, 5), vary(12, 5)), head=Bend(vary(6, 6), vary(0, 4), vary(0, 14)),
        left_arm=_on_desk(vary, 0.04, 0.50), right_arm=_on_desk(vary, 0.06, 0.52),
    )  # fmt: skip


def reaching(vary: Vary) -> Stance:
    """Reaching over the desk for something with the right hand."""
    return replace(
        seated(vary, vary(12, 4), vary(12, 4), 8.0), head=Bend(vary(16, 6), vary(0, 4), vary(-6, 12)),
        left_arm=_on_desk(vary, 0.12, 0.36), right_arm=_on_desk(vary, 0.18, 0.64, 70),
    )  # fmt: skip


def turned(vary: Vary) -> Stance:
    """Turned to a neighbour on the left, the right hand still on the desk."""
    turn = vary.between(25, 45)
    return replace(
        seated(vary, vary(-4, 4), vary(5, 4), turn), head=Bend(vary(4, 6), vary(0, 4), turn + vary(22, 10)),
        left_arm=replace(gesturing(vary), forward_deg=vary(20, 10), pronation_deg=vary(20, 30)),
        right_arm=_on_desk(vary, -0.02, 0.36),
    )  # fmt: skip


def turned_listening(vary: Vary) -> Stance:
    """Turned to a neighbour on the left with the legs as well, hands in the lap."""
    turn = vary.between(15, 30)
    stance = seated(vary, vary(-6, 4), vary(6, 4), turn)
    return replace(
        stance, head=Bend(vary(5, 6), vary(0, 4), turn + vary(25, 10)),
        left_leg=replace(stance.left_leg, out_deg=vary(24, 4)), right_leg=replace(stance.right_leg, out_deg=vary(-4, 3)),
        right_arm=replace(_on_thigh(vary), wrist_m=(vary(0.06, 0.02), vary(0.27, 0.02), 0.135)),
    )  # fmt: skip


def over_shoulder(vary: Vary) -> Stance:
    """Twisted to look over the left shoulder, the left arm drawn back."""
    turn = vary(40, 6)
    back = Arm(
        forward_deg=vary(-24, 6), out_deg=vary(34, 6), twist_deg=vary(10, 8), elbow_deg=vary(62, 10),
        pronation_deg=vary(60, 15), wrist_flex_deg=vary(0, 8), finger_curl_deg=30,
    )  # fmt: skip
    return replace(
        seated(vary, vary(-4, 3), vary(4, 3), turn), head=Bend(vary(2, 5), vary(0, 4), turn + vary(46, 6)),
        left_arm=back, right_arm=replace(_on_thigh(vary), wrist_m=(vary(0.06, 0.02), vary(0.28, 0.02), 0.115)),
    )  # fmt: skip


def leaning_back(vary: Vary) -> Stance:
    """Leaning back by a random tilt, forearms on the armrests."""
    tilt = vary.between(8, 28)

    def on_armrest() -> Arm:
        return Arm(
            wrist_m=(vary(0.26, 0.02), vary(0.20, 0.04), vary(0.21, 0.02)), wrist_from="hips",
            elbow_out_deg=vary(20, 6), pronation_deg=vary(70, 12), wrist_flex_deg=vary(6, 6),
        )  # fmt: skip

    return replace(
        seated(vary, -tilt, vary(6, 4)), head=Bend(vary(4, 6) - tilt * 0.35, vary(0, 4), vary(0, 25)),
        left_arm=on_armrest(), right_arm=on_armrest(),
        left_leg=replace(_seated_leg(vary), knee_deg=vary(74, 10)),
        right_leg=replace(_seated_leg(vary), knee_deg=vary(74, 10)),
    )  # fmt: skip


def slumped(vary: Vary) -> Stance:
    """Sunk into the chair: pelvis tipped back, back round, hands in the lap."""
    lap = vary(0.10, 0.02)
    stance = seated(vary, vary(-26, 4), vary(26, 4))
    arm = replace(_on_thigh(vary), wrist_m=(lap, vary(0.20, 0.02), 0.125), pronation_deg=vary(50, 10))
    return replace(
        stance, head=Bend(vary(16, 8), vary(0, 5), vary(0, 15)), left_arm=arm, right_arm=replace(arm, elbow_out_deg=vary(40, 8)),
        left_leg=replace(_seated_leg(vary), knee_deg=vary(72, 8)), right_leg=replace(_seated_leg(vary), knee_deg=vary(68, 8)),
    )  # fmt: skip


def phone_low(vary: Vary) -> Stance:
    """Looking down at a telephone held low in the right hand."""
    return replace(
        seated(vary, vary(-10, 5), vary(16, 5)),
        head=Bend(vary(38, 7), vary(0, 4), vary(-4, 8)),
        right_arm=before_chest(vary),
    )


def texting(vary: Vary) -> Stance:
    """Both thumbs on a telephone above the lap."""
    left, right = by_both_sides(vary, -0.25, 0.24, -0.115)
    return replace(
        seated(vary, vary(-6, 4), vary(20, 4)),
        head=Bend(vary(42, 6), vary(0, 4), vary(0, 6)),
        left_arm=left,
        right_arm=right,
    )


def phone_call(vary: Vary) -> Stance:
    """A telephone at the right ear, the left hand on the desk."""
    return replace(
        seated(vary, vary(-6, 5), vary(6, 4)), head=Bend(vary(4, 6), vary(-5, 4), vary(0, 15)),
        left_arm=_on_desk(vary, 0.10, 0.40), right_arm=at_ear(vary),
    )  # fmt: skip


def phone_call_back(vary: Vary) -> Stance:
    """A telephone at the right ear, leaning back, the left arm across the belly."""
    return replace(
        seated(vary, vary(-16, 5), vary(6, 3)), head=Bend(vary(0, 6), vary(-5, 4), vary(0, 25)),
        left_arm=across_belly(vary), right_arm=at_ear(vary),
    )  # fmt: skip


def chin_on_hand(vary: Vary) -> Stance:
    """The elbow on the desk, the chin on the right hand, the left forearm lying before."""
    return replace(
        seated(vary, vary(11, 3), vary(16, 3)), head=Bend(vary(10, 5), vary(-6, 3), vary(0, 10)),
        left_arm=_on_desk(vary, 0.02, 0.42), right_arm=at_chin(vary),
    )  # fmt: skip


def head_on_hands(vary: Vary) -> Stance:
    """Both elbows on the desk, the head in both hands, looking down."""

    def arm() -> Arm:
        return Arm(
            wrist_m=(vary(0.112, 0.005), vary(0.145, 0.01), vary(-0.08, 0.01)), wrist_from="head",
            elbow_out_deg=vary(16, 6), pronation_deg=vary(5, 8), wrist_flex_deg=vary(0, 5), finger_curl_deg=20,
        )  # fmt: skip

    return replace(
        seated(vary, vary(13, 3), vary(18, 3)), head=Bend(vary(30, 6), vary(0, 3), vary(0, 5)),
        left_arm=arm(), right_arm=arm(),
    )  # fmt: skip


def arms_crossed(vary: Vary) -> Stance:
    """Arms folded, leaning back a little."""
    left, right = folded(vary)
    return replace(seated(vary, vary(-14, 5), vary(6, 3)), left_arm=left, right_arm=right)


def hands_behind_head(vary: Vary) -> Stance:
    """Hands joined behind the head, elbows wide, leaning back."""

    def arm() -> Arm:
        return Arm(
            wrist_m=(vary(0.105, 0.006), vary(-0.13, 0.006), vary(0.02, 0.012)), wrist_from="head",
            elbow_out_deg=vary(96, 8), pronation_deg=vary(30, 8), wrist_flex_deg=vary(24, 5), finger_curl_deg=20,
            shrug_deg=vary(12, 2),
        )  # fmt: skip

    return replace(
        seated(vary, vary(-18, 5), vary(2, 3)), head=Bend(vary(-4, 6), vary(0, 3), vary(0, 12)),
        left_arm=arm(), right_arm=arm(),
    )  # fmt: skip


def cup_at_mouth(vary: Vary) -> Stance:
    """Drinking, the left hand on the desk."""
    return replace(
        seated(vary, vary(-6, 4), vary(6, 4)), head=Bend(vary(-4, 5), vary(0, 3), vary(0, 10)),
        left_arm=_on_desk(vary, 0.10, 0.38), right_arm=drinking(vary),
    )  # fmt: skip


def cup_in_hand(vary: Vary) -> Stance:
    """A cup held before the chest, leaning back."""
    return replace(seated(vary, vary(-12, 5), vary(6, 3)), right_arm=with_cup(vary))


def hands_folded(vary: Vary) -> Stance:
    """In a meeting: forearms on the table, hands joined."""

    def arm(ahead_m: float) -> Arm:
        return Arm(
            wrist_m=(vary(0.075, 0.005), ahead_m, vary(0.235, 0.006)), wrist_from="hips", elbow_out_deg=vary(36, 6),
            pronation_deg=vary(30, 6), wrist_flex_deg=vary(16, 4), finger_curl_deg=25,
        )  # fmt: skip

    ahead = vary(0.40, 0.03)
    return replace(
        seated(vary, vary(2, 4), vary(10, 4)), head=Bend(vary(4, 5), vary(0, 4), vary(0, 35)),
        left_arm=arm(ahead), right_arm=arm(ahead + 0.04),
    )  # fmt: skip


def meeting_gesture(vary: Vary) -> Stance:
    """In a meeting: the right hand raised in talk, the left forearm on the table."""
    gesture = replace(gesturing(vary), forward_deg=vary(32, 8), elbow_deg=vary(92, 14), twist_deg=vary(6, 12))
    return replace(
        seated(vary, vary(2, 4), vary(9, 4)), head=Bend(vary(2, 5), vary(0, 4), vary(0, 35)),
        left_arm=_on_desk(vary, 0.06, 0.40), right_arm=gesture,
    )  # fmt: skip


def meeting_both_hands(vary: Vary) -> Stance:
    """In a meeting: both hands raised above the table in talk."""

    def gesture() -> Arm:
        return replace(gesturing(vary), forward_deg=vary(30, 8), elbow_deg=vary(86, 12), pronation_deg=vary(-10, 25))

    return replace(
        seated(vary, vary(4, 4), vary(8, 4)),
        head=Bend(vary(2, 5), vary(0, 4), vary(0, 30)),
        left_arm=gesture(),
        right_arm=gesture(),
    )


def crossed_leg(vary: Vary) -> Stance:
    """The right leg crossed over the left knee, hands in the lap."""
    stance = seated(vary, vary(-10, 4), vary(6, 3))
    hand = replace(_on_thigh(vary), wrist_m=(vary(0.05, 0.02), vary(0.22, 0.02), 0.22), pronation_deg=vary(60, 10))
    return replace(
        stance, right_leg=Leg(vary(107, 2), vary(-17, 2), vary(86, 5), vary(-14, 3), ankle_deg=vary(22, 8)),
        left_leg=Leg(vary(89, 1), vary(-1, 1), vary(86, 4), 0.0, toe_out_deg=vary(4, 4)),
        left_arm=hand, right_arm=replace(hand, wrist_m=(vary(0.09, 0.02), vary(0.17, 0.02), 0.22)),
    )  # fmt: skip


def ankle_on_knee(vary: Vary) -> Stance:
    """The right ankle laid on the left thigh, leaning back."""
    stance = leaning_back(vary)
    return replace(
        stance, right_leg=Leg(vary(96, 2), vary(36, 3), vary(104, 3), vary(66, 3), ankle_deg=vary(10, 6)),
        left_leg=Leg(vary(89, 1), vary(4, 2), vary(84, 4), 0.0, toe_out_deg=vary(6, 4)),
    )  # fmt: skip


def legs_stretched(vary: Vary) -> Stance:
    """Leaning back, legs stretched forward on their heels."""
    left = Leg(vary(86, 1), vary(5, 3), vary(42, 6), 0.0, vary(6, 4), heel_deg=vary(-24, 5))
    return replace(
        seated(vary, vary(-20, 5), vary(9, 4)), head=Bend(vary(8, 8), vary(0, 4), vary(0, 15)), left_leg=left,
        right_leg=replace(left, out_deg=vary(5, 3), knee_deg=left.knee_deg + vary(0, 6)),
    )  # fmt: skip


def feet_back(vary: Vary) -> Stance:
    """Typing with the feet drawn back under the chair, heels raised."""
    leg = Leg(vary(89, 1), vary(8, 4), vary(112, 4), 0.0, vary(0, 4), heel_deg=vary(32, 5))
    return replace(typing(vary), left_leg=leg, right_leg=replace(leg, out_deg=vary(8, 4), knee_deg=vary(112, 4)))


def perched(vary: Vary) -> Stance:
    """On the front edge of the seat, leaning forward, forearms on the thighs."""

    def arm() -> Arm:
        return Arm(
            wrist_m=(vary(0.10, 0.02), vary(0.36, 0.02), vary(0.13, 0.006)), wrist_from="hips",
            elbow_out_deg=vary(40, 8), pronation_deg=vary(40, 10), wrist_flex_deg=vary(4, 5), finger_curl_deg=25,
        )  # fmt: skip

    return replace(
        seated(vary, vary(16, 4), vary(14, 4)), head=Bend(vary(4, 6), vary(0, 4), vary(0, 25)),
        left_arm=arm(), right_arm=arm(),
        left_leg=replace(_seated_leg(vary), knee_deg=vary(100, 5)), right_leg=replace(_seated_leg(vary), knee_deg=vary(96, 5)),
    )  # fmt: skip


def laptop_on_lap(vary: Vary) -> Stance:
    """Typing on a laptop on the thighs, looking down at it."""

    def arm() -> Arm:
        return Arm(
            wrist_m=(vary(0.09, 0.01), vary(0.27, 0.02), vary(0.165, 0.008)), wrist_from="hips",
            elbow_out_deg=vary(30, 8), pronation_deg=vary(80, 6), wrist_flex_deg=vary(0, 5), finger_curl_deg=22,
        )  # fmt: skip

    return replace(
        seated(vary, vary(-10, 4), vary(12, 4)), head=Bend(vary(32, 6), vary(0, 3), vary(0, 6)),
        left_arm=arm(), right_arm=arm(),
    )  # fmt: skip


def stretching(vary: Vary) -> Stance:
    """Both arms up, leaning back over the backrest."""
    return replace(
        seated(vary, vary(-16, 4), vary(-8, 3)), head=Bend(vary(-22, 6), vary(0, 4), vary(0, 10)),
        left_arm=overhead(vary), right_arm=overhead(vary),
        left_leg=replace(_seated_leg(vary), knee_deg=vary(66, 8)), right_leg=replace(_seated_leg(vary), knee_deg=vary(66, 8)),
    )  # fmt: skip


def rubbing_neck(vary: Vary) -> Stance:
    """The right hand in the neck, the left one on the desk."""
    return replace(
        seated(vary, vary(-2, 4), vary(8, 4)), head=Bend(vary(16, 6), vary(-4, 4), vary(0, 12)),
        left_arm=_on_desk(vary, 0.10, 0.40), right_arm=in_neck(vary),
    )  # fmt: skip
