"""Folds of cloth on the suit: where a bent joint gathers it, and where it hangs loose.

All are heights on the suit's finer vertices, about zero in the mean, added along the normals once posed. Those of joints
grow with the bend of the pose; those of loose cloth run down limbs and trunk and come from a small store of patterns,
two of which a seed mixes.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import sparse

from assets.humans.anny import load_body_model
from assets.humans.chart import Chart, canonical_body, turn_about_arm
from assets.humans.cuts import ramp
from assets.humans.parts import Motion
from assets.humans.tailoring import SUIT, base_surface, diffused, fine_surface

PATTERNS = 10
"""How many patterns of loose folds there are."""
_SIDES = ("Left", "Right")
_JOINT_BASES = ("elbow", "knee", "groin", "armpit")
_ELBOW_M, _KNEE_M = 0.29, 0.53
"""Where on the chart the elbow's and the knee's folds gather."""


def ridges(phase: np.ndarray) -> np.ndarray:
    """Periodic folds, narrow on top and wide between: 1 at phase 0, mean near 0."""
    return np.asarray(1.4 * (0.5 + 0.5 * np.cos(phase)) ** 1.7 - 0.5)


def bend_folds(motion: Motion) -> np.ndarray:
    """(f,) folds of unit cloth for a pose, metres: elbows, knees, groin, armpits and waist."""
    matrix, names = _bend_basis()
    return np.asarray(matrix @ np.array([_AMPLITUDE_M[name[0]] * _bend(motion, *name) for name in names]))


def loose_folds(seed: int, height_m: float) -> np.ndarray:
    """(f,) folds of loose cloth of standard deviation height_m."""
    rng = np.random.default_rng([seed, 7])
    first, second = rng.integers(PATTERNS, size=2)
    share = rng.uniform(0.2, 0.8)
    mixed = share * _patterns()[first] + (1 - share) * _patterns()[second]
    return np.asarray(mixed * np.float32(height_m / np.hypot(share, 1 - share)))


_AMPLITUDE_M = {"elbow": 0.009, "knee": 0.008, "groin": 0.008, "armpit": 0.006, "waist": 0.008}
"""Height of a joint's folds when it bends by a right angle."""


def _bend(motion: Motion, name: str, side: str) -> float:
    """How far a joint is bent, right angles."""
    joint, heads = load_body_model().joint, motion.heads_m

    def line(start: str, end: str) -> np.ndarray:
        way = heads[joint(end)] - heads[joint(start)]
        return np.asarray(way / np.linalg.norm(way))

    trunk = line("Hips", "Spine1")
    if name == "elbow":
        cosine = line(f"{side}Arm", f"{side}ForeArm") @ line(f"{side}ForeArm", f"{side}Hand")
    elif name == "knee":
        cosine = line(f"{side}UpLeg", f"{side}Leg") @ line(f"{side}Leg", f"{side}Foot")
    elif name == "groin":
        cosine = -trunk @ line(f"{side}UpLeg", f"{side}Leg")
    elif name == "armpit":
        return float(abs(np.arccos(np.clip(-trunk @ line(f"{side}Arm", f"{side}ForeArm"), -1, 1)) - 0.75) / (np.pi / 2))
    else:
        thighs = line("LeftUpLeg", "LeftLeg") + line("RightUpLeg", "RightLeg")
        cosine = -trunk @ thighs / np.linalg.norm(thighs)
    return float(np.clip(np.arccos(np.clip(cosine, -1, 1)) / (np.pi / 2) - 0.1, 0, 1.3))


@cache
def _bend_basis() -> tuple[sparse.csr_matrix, list[tuple[str, str]]]:
    """(f, b) folds of unit height of every joint, and which joint each column belongs to."""
    chart = fine_surface(SUIT).chart
    warp = _noise(1)
    names = [(name, side) for name in _JOINT_BASES for side in _SIDES] + [("waist", "")]
    makers = {"elbow": _elbow, "knee": _knee, "groin": _groin, "armpit": _armpit}
    columns = []
    for name, side in names:
        own = chart.place_m[:, 0] * (1 if side == "Left" else -1) > 0
        heights = _waist(chart, warp) if name == "waist" else makers[name](chart, warp) * own
        columns.append(np.where(np.abs(heights) > 0.02, heights, 0.0))
    return sparse.csr_matrix(np.stack(columns, 1).astype(np.float32)), names


def _elbow(chart: Chart, warp: np.ndarray) -> np.ndarray:
    """Rings around the elbow, deepest in its crook."""
    near = np.exp(-(((chart.arm_m - _ELBOW_M) / 0.065) ** 2)) * chart.is_arm
    inner = 0.5 - 0.5 * np.cos(turn_about_arm(chart) - _elbow_point())
    return np.asarray(near * (0.25 + 0.75 * inner) * ridges(2 * np.pi * chart.arm_m / 0.036 + 1.3 * warp))


@cache
def _elbow_point() -> float:
    """The turn about the arm at which the elbow's point lies."""
    joint, heads = load_body_model().joint, canonical_body().heads_m
    upper, elbow, hand = (heads[joint(f"Left{part}")] for part in ("Arm", "ForeArm", "Hand"))
    outwards = 2 * elbow - upper - hand
    spot = elbow + 0.04 * outwards / np.linalg.norm(outwards)
    length = np.linalg.norm(elbow - upper)
    return float(turn_about_arm(Chart(spot[None].astype(np.float32), np.array([length - 1e-3], np.float32)))[0])


def _knee(chart: Chart, warp: np.ndarray) -> np.ndarray:
    """Rings around the knee, deepest behind it."""
    _, y, z = chart.place_m.T
    near = np.exp(-(((z - _KNEE_M) / 0.08) ** 2)) * ~chart.is_arm
    behind = ramp(y, -0.09, 0.02)
    return np.asarray(near * (0.25 + 0.75 * behind) * ridges(2 * np.pi * z / 0.045 + 1.3 * warp))


def _groin(chart: Chart, warp: np.ndarray) -> np.ndarray:
    """Folds that fan out from the crotch over the thigh."""
    x, y, z = chart.place_m.T
    fan = np.arctan2(z - 0.85, np.abs(x) + 0.03)
    near = np.exp(-(((z - 0.92) / 0.07) ** 2)) * ramp(-y, -0.06, 0.04) * ~chart.is_arm
    return np.asarray(near * ridges(9 * fan + 1.0 * warp))


def _armpit(chart: Chart, warp: np.ndarray) -> np.ndarray:
    """Folds that fan out from the armpit over chest, back and upper arm."""
    x, _, z = chart.place_m.T
    aside, up = np.abs(x) - 0.185, z - 1.36
    near = np.exp(-((np.hypot(aside, up) / 0.13) ** 2))
    return np.asarray(near * ridges(6 * np.arctan2(up, aside) + 1.2 * warp))


def _waist(chart: Chart, warp: np.ndarray) -> np.ndarray:
    """Rolls across the belly and the sides."""
    _, y, z = chart.place_m.T
    near = np.exp(-(((z - 1.10) / 0.075) ** 2)) * (0.35 + 0.65 * ramp(-y, -0.06, 0.06)) * ~chart.is_arm
    return np.asarray(near * ridges(2 * np.pi * z / 0.05 + 1.8 * warp))


@cache
def _patterns() -> np.ndarray:
    """(PATTERNS, f) folds of loose cloth of unit deviation: a whole number around trunk and limb, bent by noise."""
    chart, found = fine_surface(SUIT).chart, []
    x, y, z = chart.place_m.T
    leg_x = np.sign(x) * (0.115 + 0.09 * np.clip(0.98 - z, 0, 1))
    trunk, leg, arm = np.arctan2(x, -y), np.arctan2(np.abs(x) - np.abs(leg_x), -y - 0.02), turn_about_arm(chart)
    on_leg, on_arm = ramp(0.9 - z, 0.0, 0.06), ramp(chart.arm_m, 0.0, 0.06)
    along = np.where(chart.is_arm, chart.arm_m, z)
    for number in range(PATTERNS):
        warps = [_noise(10 * number + k) for k in range(4)]
        rng = np.random.default_rng([number, 11])
        slant = 2 * np.pi * along / rng.choice([-0.16, -0.11, 0.11, 0.16])
        on_trunk = ridges(rng.integers(7, 12) * trunk + 0.5 * slant + 2.0 * warps[0])
        folds = on_trunk * (1 - on_leg) + ridges(rng.integers(4, 6) * leg + 0.6 * slant + 2.0 * warps[1]) * on_leg
        folds = folds * (1 - on_arm) + ridges(rng.integers(2, 4) * arm + 1.4 * slant + 1.5 * warps[2]) * on_arm
        folds = folds * ramp(warps[3], -1.2, 0.8) + 0.45 * warps[1]
        found.append((folds - folds.mean()) / folds.std())
    return np.array(found, np.float32)


def _noise(seed: int) -> np.ndarray:
    """(f,) smooth noise of unit deviation, some ten centimetres wide."""
    rough = np.random.default_rng([seed, 3]).normal(size=(len(base_surface(SUIT).members), 1))
    smooth = diffused(SUIT, rough, 24)[:, 0]
    return np.asarray(fine_surface(SUIT).matrix @ (smooth / smooth.std()))
