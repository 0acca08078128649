"""Poses of people who stand: at ease, in talk, on the telephone, carrying, waiting, stretching.

Written with the right hand leading; mirroring gives the left. See gestures.py for how they vary.
"""

from __future__ import annotations

from dataclasses import replace

from assets.poses.gestures import (
    Vary,
    across_belly,
    at_chin,
    at_ear,
    bearing_leg,
    before_chest,
    by_both_sides,
    drinking,
    folded,
    gesturing,
    hanging,
    in_neck,
    in_pocket,
    looking,
    on_hip,
    overhead,
    papers_to_chest,
    resting_leg,
    with_cup,
)
from assets.poses.stance import Arm, Bend, Leg, Stance


def at_ease(vary: Vary) -> Stance:
    """Arms hanging, weight on both legs or more on one."""
    return Stance(
        pelvis=Bend(vary(0, 2), vary(0, 3), vary(0, 5)),
        spine=Bend(vary(2, 4), vary(0, 3), vary(0, 6)),
        head=looking(vary),
        left_arm=hanging(vary),
        right_arm=hanging(vary),
        left_leg=resting_leg(vary),
        right_leg=bearing_leg(vary),
    )


def upright(vary: Vary) -> Stance:
    """Straight, weight on both legs, looking ahead: listening to somebody, or in a line."""
    return replace(
        at_ease(vary), spine=Bend(vary(-2, 3), vary(0, 2), vary(0, 4)), head=looking(vary, 2, 0, 12),
        left_leg=bearing_leg(vary), right_leg=bearing_leg(vary),
    )  # fmt: skip


def hip_shot(vary: Vary) -> Stance:
    """All weight on the right leg, the pelvis dropped to the left, the left knee slack."""
    drop = vary(6, 2)
    return replace(
        at_ease(vary), pelvis=Bend(vary(0, 2), drop, vary(4, 4)), spine=Bend(vary(3, 3), -1.7 * drop, vary(-4, 4)),
        left_leg=Leg(vary(12, 4), vary(9, 2), vary(24, 5), vary(18, 6), vary(4, 3)),
        right_leg=Leg(vary(-1, 2), vary(-3, 2), vary(1, 1), vary(6, 3), vary(3, 2)),
    )  # fmt: skip


def talking(vary: Vary) -> Stance:
    """One forearm raised in a gesture, the other arm hanging."""
    return replace(at_ease(vary), right_arm=gesturing(vary), head=looking(vary, 3, 0, 30))


def explaining(vary: Vary) -> Stance:
    """Both forearms raised in front of the body."""

    def gesture() -> Arm:
        return replace(gesturing(vary), twist_deg=vary(12, 14), elbow_deg=vary(76, 20), pronation_deg=vary(-5, 30))

    return replace(at_ease(vary), left_arm=gesture(), right_arm=gesture())


def shrugging(vary: Vary) -> Stance:
    """Both palms turned up beside the body: not knowing."""

    def palm_up() -> Arm:
        return Arm(
            forward_deg=vary(10, 6), out_deg=vary(16, 4), twist_deg=vary(-24, 8), elbow_deg=vary(88, 10),
            pronation_deg=vary(-70, 10), wrist_flex_deg=vary(-12, 6), shrug_deg=vary(10, 3),
        )  # fmt: skip

    return replace(
        at_ease(vary), left_arm=palm_up(), right_arm=palm_up(), head=Bend(vary(0, 5), vary(8, 5), vary(0, 20))
    )


def pointing(vary: Vary) -> Stance:
    """The right arm stretched out to show something."""
    aside = vary(20, 20)
    arm = Arm(
        forward_deg=vary(74, 10), out_deg=aside, twist_deg=vary(0, 6), elbow_deg=vary(16, 8),
        pronation_deg=vary(60, 20), wrist_flex_deg=vary(0, 6), shrug_deg=vary(5, 2), finger_curl_deg=10,
    )  # fmt: skip
    return replace(
        at_ease(vary), spine=Bend(vary(2, 3), 0.0, -aside * 0.4), head=looking(vary, 2, -aside, 10), right_arm=arm
    )


def arms_crossed(vary: Vary) -> Stance:
    """Arms folded before the chest, the right forearm over the left."""
    left, right = folded(vary)
    return replace(at_ease(vary), spine=Bend(vary(1, 3), vary(0, 2), vary(0, 4)), left_arm=left, right_arm=right)


def hands_on_hips(vary: Vary) -> Stance:
    """Hands on the hips, elbows out."""
    return replace(at_ease(vary), left_arm=on_hip(vary), right_arm=on_hip(vary))


def hand_on_hip(vary: Vary) -> Stance:
    """The right hand on the hip, the other arm hanging, weight on one leg."""
    return replace(hip_shot(vary), right_arm=replace(on_hip(vary), out_deg=vary(50, 3)))


def hands_behind(vary: Vary) -> Stance:
    """Hands joined behind the back."""

    def arm() -> Arm:
        return Arm(
            wrist_m=(vary(0.06, 0.012), vary(-0.15, 0.008), vary(0.05, 0.02)), wrist_from="hips",
            elbow_out_deg=vary(75, 8), pronation_deg=vary(0, 8), wrist_flex_deg=vary(-22, 5), finger_curl_deg=0,
        )  # fmt: skip

    return replace(at_ease(vary), left_arm=arm(), right_arm=arm())


def hands_in_front(vary: Vary) -> Stance:
    """Hands joined low before the body, as people listen or wait."""
    low = vary(0.015, 0.03)

    def arm(ahead_m: float) -> Arm:
        return Arm(
            wrist_m=(vary(0.075, 0.008), ahead_m + vary(0, 0.006), low), wrist_from="hips",
            elbow_out_deg=vary(48, 8), pronation_deg=vary(20, 8), wrist_flex_deg=vary(14, 5), finger_curl_deg=25,
        )  # fmt: skip

    return replace(upright(vary), left_arm=arm(0.165), right_arm=arm(0.205))


def hands_in_pockets(vary: Vary) -> Stance:
    """Both hands in the trouser pockets."""
    return replace(at_ease(vary), left_arm=in_pocket(vary), right_arm=in_pocket(vary))


def hand_in_pocket(vary: Vary) -> Stance:
    """The left hand in the pocket, the right one talking."""
    return replace(at_ease(vary), left_arm=in_pocket(vary), right_arm=gesturing(vary))


def hand_on_chin(vary: Vary) -> Stance:
    """Thinking: the right hand at the chin, its elbow in the left hand."""
    return replace(at_ease(vary), left_arm=across_belly(vary), right_arm=at_chin(vary), head=looking(vary, 8, 0, 14))


def phone_call(vary: Vary) -> Stance:
    """A telephone at the right ear, the other arm hanging."""
    return replace(at_ease(vary), right_arm=at_ear(vary), head=Bend(vary(5, 6), vary(-6, 4), vary(0, 15)))


def phone_call_arm_across(vary: Vary) -> Stance:
    """A telephone at the right ear, the left arm across the belly or in the pocket."""
    return replace(phone_call(vary), left_arm=across_belly(vary))


def phone_call_pocket(vary: Vary) -> Stance:
    """A telephone at the right ear, the left hand in the pocket, looking at the floor or about."""
    return replace(phone_call(vary), left_arm=in_pocket(vary), head=Bend(vary(14, 14), vary(-5, 4), vary(0, 30)))


def reading_phone(vary: Vary) -> Stance:
    """Looking down at a telephone in the right hand."""
    return replace(
        at_ease(vary), spine=Bend(vary(7, 4), vary(0, 3), vary(0, 5)), right_arm=before_chest(vary),
        head=Bend(vary(36, 8), vary(0, 4), vary(-6, 8)),
    )  # fmt: skip


def texting(vary: Vary) -> Stance:
    """Both thumbs on a telephone held low before the chest."""
    left, right = by_both_sides(vary, -0.27, 0.22, -0.115)
    return replace(
        at_ease(vary), spine=Bend(vary(8, 4), vary(0, 3), vary(0, 5)), left_arm=left, right_arm=right,
        head=Bend(vary(38, 7), vary(0, 3), vary(0, 5)),
    )  # fmt: skip


def holding_cup(vary: Vary) -> Stance:
    """A cup in the right hand before the chest, the other arm hanging."""
    return replace(at_ease(vary), right_arm=with_cup(vary))


def drinking_cup(vary: Vary) -> Stance:
    """The cup at the mouth."""
    return replace(at_ease(vary), right_arm=drinking(vary), head=Bend(vary(-6, 5), vary(0, 3), vary(0, 8)))


def reading_papers(vary: Vary) -> Stance:
    """Papers held in both hands."""
    left, right = by_both_sides(vary, -0.24, 0.29, -0.05)
    return replace(at_ease(vary), left_arm=left, right_arm=right, head=Bend(vary(30, 8), vary(0, 3), vary(0, 8)))


def carrying_papers(vary: Vary) -> Stance:
    """Papers held to the chest with the left forearm."""
    return replace(at_ease(vary), left_arm=papers_to_chest(vary))


def carrying_laptop(vary: Vary) -> Stance:
    """A closed laptop clamped under the right arm."""
    arm = Arm(
        wrist_m=(vary(0.285, 0.01), vary(0.10, 0.03), vary(0.08, 0.03)), wrist_from="hips",
        elbow_out_deg=vary(26, 6), pronation_deg=vary(0, 8), wrist_flex_deg=vary(12, 6), finger_curl_deg=45,
    )  # fmt: skip
    return replace(at_ease(vary), right_arm=arm)


def open_laptop_on_arm(vary: Vary) -> Stance:
    """An open laptop on the left forearm, the right hand on its keys."""
    left = Arm(
        wrist_m=(vary(-0.02, 0.02), vary(0.31, 0.02), vary(-0.24, 0.02)), elbow_out_deg=vary(18, 5),
        pronation_deg=vary(-75, 8), wrist_flex_deg=vary(0, 5), finger_curl_deg=15,
    )  # fmt: skip
    right = Arm(
        wrist_m=(vary(0.02, 0.02), vary(0.27, 0.02), vary(-0.15, 0.015)), elbow_out_deg=vary(30, 6),
        pronation_deg=vary(85, 6), wrist_flex_deg=vary(8, 5), finger_curl_deg=25,
    )  # fmt: skip
    return replace(at_ease(vary), left_arm=left, right_arm=right, head=Bend(vary(30, 6), vary(0, 3), vary(3, 6)))


def carrying_box(vary: Vary) -> Stance:
    """A box carried in both arms before the belly, leaning back against its weight."""
    left, right = by_both_sides(vary, -0.31, 0.30, 0.0)
    return replace(
        upright(vary),
        pelvis=Bend(vary(-3, 2), 0.0, 0.0),
        spine=Bend(vary(-4, 3), 0.0, 0.0),
        left_arm=left,
        right_arm=right,
    )


def carrying_bag(vary: Vary) -> Stance:
    """A bag in the right hand, the shoulder drawn down."""
    arm = Arm(
        forward_deg=vary(0, 5), out_deg=vary(15, 3), twist_deg=vary(6, 6), elbow_deg=vary(9, 5),
        pronation_deg=vary(10, 10), wrist_flex_deg=0.0, finger_curl_deg=60, shrug_deg=vary(-5, 2),
    )  # fmt: skip
    return replace(at_ease(vary), spine=Bend(vary(1, 3), vary(5, 2), vary(0, 5)), right_arm=arm)


def looking_at_watch(vary: Vary) -> Stance:
    """The left wrist raised before the chest, looking at it."""
    arm = Arm(
        forward_deg=vary(30, 6), out_deg=vary(14, 4), twist_deg=vary(55, 6), elbow_deg=vary(92, 6),
        pronation_deg=vary(70, 8), wrist_flex_deg=vary(4, 4), finger_curl_deg=30,
    )  # fmt: skip
    return replace(upright(vary), left_arm=arm, head=Bend(vary(30, 6), vary(0, 3), vary(6, 6)))


def looking_around(vary: Vary) -> Stance:
    """Turned at the waist to look behind."""
    turn = vary(34, 10)
    return replace(
        at_ease(vary), pelvis=Bend(vary(0, 2), 0.0, turn * 0.2), spine=Bend(vary(2, 3), vary(0, 3), turn * 0.6),
        head=Bend(vary(2, 6), vary(0, 4), turn * 0.8 + vary(38, 8)),
    )  # fmt: skip


def waving(vary: Vary) -> Stance:
    """The right hand raised to greet somebody."""
    arm = Arm(
        wrist_m=(vary(0.20, 0.05), vary(0.12, 0.04), vary(0.20, 0.05)), elbow_out_deg=vary(62, 10),
        pronation_deg=vary(75, 10), wrist_flex_deg=vary(-6, 8), shrug_deg=vary(8, 3), finger_curl_deg=4,
    )  # fmt: skip
    return replace(at_ease(vary), right_arm=arm, head=looking(vary, 0, -8, 15))


def stretching(vary: Vary) -> Stance:
    """Both arms up, back arched."""
    return replace(
        upright(vary), spine=Bend(vary(-10, 3), vary(0, 4), vary(0, 4)), left_arm=overhead(vary), right_arm=overhead(vary),
        head=Bend(vary(-16, 8), vary(0, 4), vary(0, 10)),
    )  # fmt: skip


def crouching(vary: Vary) -> Stance:
    """Crouched at a low cabinet: the right foot flat ahead, the left heel raised."""
    reach = Arm(
        wrist_m=(vary(0.12, 0.04), vary(0.55, 0.03), vary(0.16, 0.06)), wrist_from="hips",
        elbow_out_deg=vary(24, 8), pronation_deg=vary(60, 20), wrist_flex_deg=vary(0, 8), finger_curl_deg=35,
    )  # fmt: skip
    on_knee = Arm(
        wrist_m=(vary(0.20, 0.01), vary(0.36, 0.02), vary(0.14, 0.01)), wrist_from="hips",
        elbow_out_deg=vary(40, 8), pronation_deg=vary(70, 10), wrist_flex_deg=vary(10, 6),
    )  # fmt: skip
    lean = vary(18, 4)
    return Stance(
        pelvis=Bend(lean, 0.0, 0.0), spine=Bend(vary(18, 5), vary(0, 3), vary(0, 4)),
        head=Bend(vary(20, 8), vary(0, 4), vary(0, 12)), left_arm=on_knee, right_arm=reach,
        left_leg=Leg(vary(76, 4), vary(16, 3), vary(138, 3), 0.0, vary(4, 3), heel_deg=vary(42, 4)),
        right_leg=Leg(vary(92, 3), vary(10, 3), vary(122, 3), 0.0, vary(4, 3)),
    )  # fmt: skip


def putting_on_jacket(vary: Vary) -> Stance:
    """The right arm going back into a sleeve, the left hand holding the lapel."""
    back = Arm(
        forward_deg=vary(-28, 6), out_deg=vary(38, 8), twist_deg=vary(20, 10), elbow_deg=vary(48, 14),
        pronation_deg=vary(40, 15), wrist_flex_deg=vary(0, 8), finger_curl_deg=30, shrug_deg=vary(4, 2),
    )  # fmt: skip
    lapel = Arm(
        wrist_m=(vary(-0.02, 0.02), vary(0.20, 0.015), vary(-0.13, 0.03)), elbow_out_deg=vary(45, 10),
        pronation_deg=vary(35, 10), wrist_flex_deg=vary(20, 6), finger_curl_deg=45,
    )  # fmt: skip
    return replace(
        at_ease(vary), spine=Bend(vary(4, 4), vary(-3, 3), vary(-12, 5)), left_arm=lapel, right_arm=back,
        head=Bend(vary(14, 8), vary(0, 4), vary(-24, 12)),
    )  # fmt: skip


def hand_in_neck(vary: Vary) -> Stance:
    """The right hand in the neck, the other on the hip: tired or at a loss."""
    return replace(
        at_ease(vary), left_arm=on_hip(vary), right_arm=in_neck(vary), head=Bend(vary(14, 6), vary(-4, 4), vary(0, 15))
    )


def shaking_hands(vary: Vary) -> Stance:
    """The right hand held out to be shaken."""
    arm = Arm(
        wrist_m=(vary(-0.06, 0.03), vary(0.41, 0.02), vary(-0.24, 0.03)), elbow_out_deg=vary(12, 6),
        pronation_deg=vary(0, 8), wrist_flex_deg=vary(0, 5), finger_curl_deg=12,
    )  # fmt: skip
    return replace(
        at_ease(vary), pelvis=Bend(vary(3, 2), 0.0, vary(4, 3)), spine=Bend(vary(6, 3), 0.0, vary(6, 3)), right_arm=arm,
        head=looking(vary, 3, 0, 10), left_leg=bearing_leg(vary), right_leg=resting_leg(vary),
    )  # fmt: skip
