"""build_human: from a HumanSpec and a pose to a dressed person on the floor or on a seat."""

from __future__ import annotations

from dataclasses import astuple
from functools import cache
from typing import Protocol

import numpy as np

from annotate.classes import CLASS_ID
from assets.humans.anny import Phenotype, RestBody, load_body_model
from assets.humans.chart import body_chart
from assets.humans.cloth_parts import cloth_part
from assets.humans.hair_parts import hair_parts
from assets.humans.head import outer_skin_vertices
from assets.humans.landmarks import head_centre_m, keypoints_m
from assets.humans.parts import Motion, Part
from assets.humans.skin_parts import eye_parts, skin_part
from assets.humans.spec import HumanSpec
from assets.humans.wardrobe import dress
from assets.mesh import Human

SEAT_RANGE_M = (0.40, 0.55)
"""Heights to which office chairs go."""
MAX_THIGH_TILT_RAD = 0.35
"""How far thighs leave their pose to let the feet reach the floor."""


class Posed(Protocol):
    """What build_human needs of a pose (assets.poses.spec.Pose has it): turns of joints from rest, in body axes."""

    @property
    def activity(self) -> str: ...
    @property
    def rotations(self) -> dict[str, np.ndarray]: ...


def build_human(spec: HumanSpec, pose: Posed, seat_height_m: float | None = None) -> Human:
    """The person of spec in this pose, in its own frame: facing -Y, feet on z = 0 or seated.

    seat_height_m: top of the seat for a sitting pose; without it a chair set to the person's legs. Deterministic.
    """
    rest = rest_body(spec)
    motion = _motion(rest, pose.rotations)
    if pose.activity == "sitting" and seat_height_m is not None:
        motion = _motion(rest, _feet_on_floor(motion, pose.rotations, seat_height_m - spec.outfit.shoes.sole_m))
    garments = dress(spec, rest)
    parts = [skin_part(spec, motion, garments), *eye_parts(spec, motion)]
    for number, garment in enumerate(garments):
        part = cloth_part(garment, motion, garments[number + 1 :])
        if len(part.triangles):
            parts.append(part)
    parts += hair_parts(spec, motion, garments)
    shift, seat = _ground_shift(motion, parts, pose.activity, seat_height_m)
    return _assembled(parts, motion, shift, seat)


def rest_body(spec: HumanSpec) -> RestBody:
    """The bare body of the person, exactly stature_m tall, at rest."""
    low, high = (_shape(spec, height) for height in (0.0, 1.0))
    share = np.clip((spec.stature_m - _stature(low)) / (_stature(high) - _stature(low)), 0, 1)
    body = _between(low, high, float(share), 1.0)
    return _between(body, body, 0.0, spec.stature_m / _stature(body))


def _between(low: RestBody, high: RestBody, share: float, scale: float) -> RestBody:
    """The body a share of the way from low to high (targets are linear in the height), scaled."""
    pairs = zip(astuple(low), astuple(high), strict=True)
    return RestBody(*(scale * ((1 - share) * first + share * second) for first, second in pairs))


def _shape(spec: HumanSpec, height: float) -> RestBody:
    return load_body_model().shape(
        Phenotype(
            female=float(spec.sex == "female"),
            age_years=spec.age_years,
            muscle=spec.muscle,
            weight=spec.weight,
            height=height,
            proportions=spec.proportions,
            cupsize=spec.cupsize,
            african=spec.african,
            asian=spec.asian,
            caucasian=spec.caucasian,
        )
    )


def _stature(body: RestBody) -> float:
    height = body.vertices_m[outer_skin_vertices(), 2]
    return float(height.max() - height.min())


def _motion(rest: RestBody, rotations: dict[str, np.ndarray]) -> Motion:
    turns, heads = load_body_model().joint_motions(rest, rotations)
    return Motion(rest, turns, heads)


def _feet_on_floor(motion: Motion, rotations: dict[str, np.ndarray], seat_height_m: float) -> dict[str, np.ndarray]:
    """The rotations with both thighs tilted so that feet that would hang or sink stand seat_height_m below the seat.

    Shins keep their direction. A thigh turns by MAX_THIGH_TILT_RAD at most: who sits too high hangs the feet.
    """
    model, result = load_body_model(), dict(rotations)
    lowest = min(float(_posed_body(motion, _feet())[:, 2].min()), float(motion.heads_m[:, 2].min()))
    missing = seat_height_m - (_underside_of_seat(motion) - lowest)
    for side in ("Left", "Right"):
        hip, thigh, shin = (model.joint(name) for name in (f"{side[0]}HipJoint", f"{side}UpLeg", f"{side}Leg"))
        line = motion.heads_m[shin] - motion.heads_m[thigh]
        reach = float(np.hypot(line[1], line[2]))
        now = np.arcsin(np.clip(-line[2] / reach, -1, 1))
        tilt = np.arcsin(np.clip(-line[2] / reach + missing / reach, -1, 1)) - now
        tilt = float(np.clip(tilt, -MAX_THIGH_TILT_RAD, MAX_THIGH_TILT_RAD))
        cosine, sine = np.cos(tilt), np.sin(tilt)
        turned = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ motion.turns[thigh]
        result[f"{side}UpLeg"] = motion.turns[hip].T @ turned
        result[f"{side}Leg"] = turned.T @ motion.turns[shin]
    return result


def _posed_body(motion: Motion, vertices: np.ndarray) -> np.ndarray:
    """Posed positions of some of the body model's vertices."""
    return motion.pose(motion.rest.vertices_m[vertices], load_body_model().weights[vertices])


@cache
def _feet() -> np.ndarray:
    """Vertices of the suit's feet."""
    suit = np.unique(load_body_model().triangles["helper-tights"])
    return suit[body_chart().place_m[suit, 2] < 0.1]


def _ground_shift(
    motion: Motion, parts: list[Part], activity: str, seat_height_m: float | None
) -> tuple[np.ndarray, float | None]:
    """What to add to all points, and the seat's height for the seated."""
    model = load_body_model()
    lowest = min(float(part.points_m[:, 2].min()) for part in parts)
    if activity != "sitting":
        ankles = motion.heads_m[[model.joint("LeftFoot"), model.joint("RightFoot")]].mean(0)
        return np.array([-ankles[0], -ankles[1], -lowest]), None
    hips = motion.heads_m[[model.joint("LeftUpLeg"), model.joint("RightUpLeg")]].mean(0)
    underside = _underside_of_seat(motion)
    height = float(np.clip(underside - lowest, *SEAT_RANGE_M)) if seat_height_m is None else seat_height_m
    return np.array([-hips[0], -hips[1], height - underside]), height


def _underside_of_seat(motion: Motion) -> float:
    """Lowest height of buttocks and thighs where they meet a seat."""
    return float(np.percentile(_posed_body(motion, _seat())[:, 2], 3))


@cache
def _seat() -> np.ndarray:
    """Vertices of the suit's buttocks and thighs."""
    suit, chart = np.unique(load_body_model().triangles["helper-tights"]), body_chart()
    height = chart.place_m[suit, 2]
    return suit[(height > 0.72) & (height < 0.98) & ~chart.is_arm[suit]]


def _assembled(parts: list[Part], motion: Motion, shift: np.ndarray, seat: float | None) -> Human:
    """All parts as one Human, moved by shift."""
    first_point = np.cumsum([0, *(len(part.points_m) for part in parts)])
    first_material = np.cumsum([0, *(len(part.materials) for part in parts)])
    pairs = list(zip(parts, first_point[:-1], first_material[:-1], strict=True))
    names = load_body_model().joint_names
    return Human(
        vertices_m=(np.concatenate([part.points_m for part in parts]) + shift).astype(np.float32),
        triangles=np.concatenate([part.triangles + start for part, start, _ in pairs]).astype(np.int32),
        triangle_material=np.concatenate([part.look + start for part, _, start in pairs]).astype(np.int32),
        materials=[material for part in parts for material in part.materials],
        triangle_class=np.concatenate(
            [np.full(len(part.triangles), CLASS_ID[part.semantic_class], np.uint8) for part in parts]
        ),
        uvs=np.concatenate([part.uvs for part in parts]).astype(np.float32),
        name="human",
        triangle_is_head=np.concatenate([part.is_head for part in parts]),
        joints_m={name: place + shift for name, place in zip(names, motion.heads_m, strict=True)},
        seat_height_m=seat,
        keypoints_m=keypoints_m(motion.rest, motion.turns, motion.heads_m) + shift,
        head_m=head_centre_m(motion.rest, motion.turns, motion.heads_m) + shift,
    )
