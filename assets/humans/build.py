"""build_human: from a HumanSpec and a pose to a dressed person on the floor or on a seat."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from annotate.classes import CLASS_ID
from assets.humans.anny import RestBody, load_body_model
from assets.humans.anny_body import anny_body
from assets.humans.body import Body
from assets.humans.cloth_parts import cloth_part
from assets.humans.fitting import fit_pose, underside_of_seat_m
from assets.humans.growth import shade_of
from assets.humans.hair_parts import hair_parts
from assets.humans.landmarks import head_centre_m, keypoints_m
from assets.humans.mblab.body import mblab_body
from assets.humans.parts import Motion, Part
from assets.humans.props import prop_parts
from assets.humans.spec import HumanSpec
from assets.humans.wardrobe import dress
from assets.mesh import Human
from assets.poses.skeleton import Hold


class Posed(Protocol):
    """What build_human needs of a pose: turns of joints from rest, in body axes.

    assets.poses.skeleton.Pose has it, and `rests`, by which hands come to lie on desks and thighs.
    """

    @property
    def activity(self) -> str: ...
    @property
    def rotations(self) -> dict[str, np.ndarray]: ...


@runtime_checkable
class Holding(Posed, Protocol):
    """A pose that also tells what the hands hold, as assets.poses.skeleton.Pose does."""

    @property
    def holds(self) -> tuple[Hold, ...]: ...


def build_human(spec: HumanSpec, pose: Posed, seat_height_m: float | None = None) -> Human:
    """The person of spec in this pose, in its own frame: facing -Y, feet on z = 0 or seated.

    seat_height_m: top of the seat for a sitting pose; without it a chair set to the person's legs. Deterministic.
    """
    body = body_of(spec)
    rest = body.rest
    fitted = fit_pose(rest, pose, seat_height_m, spec.outfit.shoes.sole_m)
    motion = _motion(rest, fitted.rotations)
    garments = dress(spec, rest)
    parts = body.skin_parts(spec, motion, garments)
    for number, garment in enumerate(garments):
        part = cloth_part(garment, motion, garments[number + 1 :])
        if len(part.triangles):
            parts.append(part)
    parts += hair_parts(spec, motion, garments)
    shift, seat = _ground_shift(motion, parts, fitted.seat_height_m)
    if isinstance(pose, Holding):
        parts += prop_parts(spec.props, pose.holds, motion)
    return _assembled(parts, motion, shift, seat)


def body_of(spec: HumanSpec) -> Body:
    """The person's bare body: MB-Lab's if the spec names one, else anny's."""
    return anny_body(spec) if spec.mblab is None else mblab_body(spec)


def rest_body(spec: HumanSpec) -> RestBody:
    """The bare body of the person, exactly stature_m tall, at rest, as anny's vertices."""
    return body_of(spec).rest


def _motion(rest: RestBody, rotations: dict[str, np.ndarray]) -> Motion:
    turns, heads = load_body_model().joint_motions(rest, rotations)
    return Motion(rest, turns, heads)


def _ground_shift(motion: Motion, parts: list[Part], seat_height_m: float | None) -> tuple[np.ndarray, float | None]:
    """What to add to all points, and the seat's height for the seated."""
    model = load_body_model()
    if seat_height_m is None:
        lowest = min(float(part.points_m[:, 2].min()) for part in parts)
        ankles = motion.heads_m[[model.joint("LeftFoot"), model.joint("RightFoot")]].mean(0)
        return np.array([-ankles[0], -ankles[1], -lowest]), None
    hips = motion.heads_m[[model.joint("LeftUpLeg"), model.joint("RightUpLeg")]].mean(0)
    underside = underside_of_seat_m(motion.rest, motion.turns, motion.heads_m)
    return np.array([-hips[0], -hips[1], seat_height_m - underside]), seat_height_m


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
        shade=np.concatenate([shade_of(part) for part in parts]).astype(np.float32),
        triangle_is_head=np.concatenate([part.is_head for part in parts]),
        joints_m={name: place + shift for name, place in zip(names, motion.heads_m, strict=True)},
        seat_height_m=seat,
        keypoints_m=keypoints_m(motion.rest, motion.turns, motion.heads_m) + shift,
        head_m=head_centre_m(motion.rest, motion.turns, motion.heads_m) + shift,
    )
