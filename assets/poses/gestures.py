"""What poses of the library are put together from: random variation, and heads, arms and legs that several of them share.

A pose is a function of `Vary`: `vary(mean, spread)` is the mean itself for the pose as written, and mean + a uniform
draw in [-spread, spread] for a person of one's own. Limbs are written as the left ones; which side they are put on is
the pose's choice. Written by hand from how people hold themselves; no captured data.
"""

from __future__ import annotations

import numpy as np

from assets.poses.stance import Arm, Bend, Leg


class Vary:
    """Draws around means: from rng, or, without one, the means themselves."""

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self.rng = rng

    def __call__(self, mean: float, spread: float) -> float:
        return mean if self.rng is None else mean + float(self.rng.uniform(-spread, spread))

    def between(self, low: float, high: float) -> float:
        """A uniform draw; the middle without an rng."""
        return self((low + high) / 2, (high - low) / 2)


def looking(vary: Vary, forward_deg: float = 5.0, turn_deg: float = 0.0, turn_spread_deg: float = 25.0) -> Bend:
    """A head that looks about; forward is down, turn to the left."""
    return Bend(vary(forward_deg, 8), vary(0, 4), vary(turn_deg, turn_spread_deg))


def hanging(vary: Vary) -> Arm:
    """An arm that hangs at ease."""
    return Arm(
        forward_deg=vary(0, 7), out_deg=vary(12, 3), twist_deg=vary(12, 8), elbow_deg=vary(20, 9),
        pronation_deg=vary(28, 14), wrist_flex_deg=vary(6, 6), finger_curl_deg=vary(15, 10),
    )  # fmt: skip


def gesturing(vary: Vary) -> Arm:
    """A forearm raised while talking."""
    return Arm(
        forward_deg=vary(18, 12), out_deg=vary(14, 5), twist_deg=vary(8, 22), elbow_deg=vary(82, 22),
        pronation_deg=vary(0, 40), wrist_flex_deg=vary(0, 15),
    )  # fmt: skip


def at_ear(vary: Vary) -> Arm:
    """The arm that holds a telephone to the ear of the same side."""
    return Arm(
        wrist_m=(vary(0.13, 0.006), vary(0.075, 0.01), vary(-0.06, 0.01)), wrist_from="head",
        elbow_out_deg=vary(20, 12), pronation_deg=vary(10, 8), wrist_flex_deg=vary(-12, 5), finger_curl_deg=35,
        shrug_deg=5,
    )  # fmt: skip


def before_chest(vary: Vary) -> Arm:
    """The arm that holds a telephone or a sheet before the chest to read it."""
    return Arm(
        forward_deg=vary(22, 10), out_deg=vary(10, 4), twist_deg=vary(26, 8), elbow_deg=vary(98, 12),
        pronation_deg=vary(-35, 12), wrist_flex_deg=vary(5, 8), finger_curl_deg=40,
    )  # fmt: skip


def with_cup(vary: Vary) -> Arm:
    """A cup held before the chest."""
    return Arm(
        forward_deg=vary(16, 8), out_deg=vary(12, 4), twist_deg=vary(22, 8), elbow_deg=vary(100, 14),
        pronation_deg=vary(0, 8), wrist_flex_deg=vary(0, 6), finger_curl_deg=45,
    )  # fmt: skip


def drinking(vary: Vary) -> Arm:
    """A cup at the mouth."""
    return Arm(
        wrist_m=(vary(0.085, 0.01), vary(0.15, 0.01), vary(-0.075, 0.012)), wrist_from="head",
        elbow_out_deg=vary(28, 12), pronation_deg=vary(20, 10), wrist_flex_deg=vary(12, 6), finger_curl_deg=45,
        shrug_deg=4,
    )  # fmt: skip


def folded(vary: Vary) -> tuple[Arm, Arm]:
    """Left and right arm, folded before the chest, the right forearm over the left."""
    left = Arm(
        forward_deg=vary(34, 3), out_deg=vary(5, 2), twist_deg=vary(76, 3), elbow_deg=vary(92, 4),
        pronation_deg=vary(15, 8), wrist_flex_deg=vary(18, 5), finger_curl_deg=25,
    )  # fmt: skip
    right = Arm(
        forward_deg=vary(47, 3), out_deg=vary(6, 2), twist_deg=vary(70, 3), elbow_deg=vary(90, 4),
        pronation_deg=vary(20, 8), wrist_flex_deg=vary(25, 5), finger_curl_deg=30,
    )  # fmt: skip
    return left, right


def in_pocket(vary: Vary) -> Arm:
    """A hand in a trouser pocket: on the side of the thigh, fingers down, the elbow behind."""
    return Arm(
        forward_deg=vary(-17, 3), out_deg=vary(18, 2), twist_deg=vary(22, 4), elbow_deg=vary(40, 4),
        pronation_deg=vary(30, 8), wrist_flex_deg=vary(-6, 4), finger_curl_deg=20,
    )  # fmt: skip


def on_hip(vary: Vary) -> Arm:
    """A hand on the hip, the elbow out."""
    return Arm(
        forward_deg=vary(-15, 3), out_deg=vary(43, 3), twist_deg=vary(58, 4), elbow_deg=vary(86, 4),
        pronation_deg=vary(60, 8), wrist_flex_deg=vary(-20, 8), finger_curl_deg=25,
    )  # fmt: skip


def at_chin(vary: Vary) -> Arm:
    """A hand at the chin, the elbow low before the body."""
    return Arm(
        wrist_m=(vary(0.05, 0.01), vary(0.15, 0.008), vary(-0.135, 0.012)), wrist_from="head",
        elbow_out_deg=vary(10, 8), pronation_deg=vary(35, 15), wrist_flex_deg=vary(14, 6), finger_curl_deg=55,
    )  # fmt: skip


def across_belly(vary: Vary) -> Arm:
    """A forearm laid across the belly, the hand below the other arm's elbow."""
    return Arm(
        forward_deg=vary(21, 3), out_deg=vary(9, 2), twist_deg=vary(70, 3), elbow_deg=vary(86, 4),
        pronation_deg=vary(10, 8), wrist_flex_deg=vary(10, 5), finger_curl_deg=25,
    )  # fmt: skip


def overhead(vary: Vary) -> Arm:
    """An arm stretched up beside the head."""
    return Arm(
        forward_deg=vary(162, 8), out_deg=vary(16, 6), twist_deg=vary(0, 8), elbow_deg=vary(24, 12),
        pronation_deg=vary(50, 20), wrist_flex_deg=vary(0, 10), shrug_deg=vary(18, 3),
    )  # fmt: skip


def by_both_sides(vary: Vary, up_m: float, ahead_m: float, outward_m: float = -0.02) -> tuple[Arm, Arm]:
    """Both arms around or below one thing carried before the body; places from the shoulder."""
    up, ahead = vary(up_m, 0.03), vary(ahead_m, 0.02)

    def arm() -> Arm:
        return Arm(
            wrist_m=(vary(outward_m, 0.008), ahead + vary(0, 0.006), up + vary(0, 0.006)),
            elbow_out_deg=vary(18, 6), pronation_deg=vary(-25, 8), wrist_flex_deg=vary(6, 5), finger_curl_deg=35,
        )  # fmt: skip

    return arm(), arm()


def bearing_leg(vary: Vary) -> Leg:
    return Leg(vary(0, 2), vary(3, 2), vary(3, 2), turn_out_deg=vary(7, 5), toe_out_deg=vary(3, 3))


def resting_leg(vary: Vary) -> Leg:
    """The leg that bears less: a little ahead, its knee a little bent, its foot turned out."""
    bent = vary(12, 7)
    return Leg(vary(8, 4), vary(6, 3), bent, turn_out_deg=vary(14, 7), toe_out_deg=vary(4, 4))


def in_neck(vary: Vary) -> Arm:
    """A hand laid on the neck, the elbow up."""
    return Arm(
        wrist_m=(vary(0.13, 0.006), vary(-0.075, 0.008), vary(-0.06, 0.008)), wrist_from="head",
        elbow_out_deg=vary(70, 8), pronation_deg=vary(45, 10), wrist_flex_deg=vary(26, 6), finger_curl_deg=25,
        shrug_deg=vary(8, 2),
    )  # fmt: skip


def papers_to_chest(vary: Vary) -> Arm:
    """A forearm that holds papers to the chest."""
    return Arm(
        forward_deg=vary(12, 5), out_deg=vary(10, 3), twist_deg=vary(48, 6), elbow_deg=vary(100, 8),
        pronation_deg=vary(-10, 10), wrist_flex_deg=vary(10, 5), finger_curl_deg=35,
    )  # fmt: skip
