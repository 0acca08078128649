"""build_human: from a HumanSpec and a pose to a dressed person on the floor or on a seat."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np

from annotate.classes import CLASS_ID
from assets.humans.anny import Phenotype, RestBody, load_body_model, pose_points
from assets.humans.chart import Chart, body_chart
from assets.humans.hair import HANGING_STYLES, grow_hair, scalp_depth
from assets.humans.head import grow_beard, outer_skin, outer_skin_uvs, outer_skin_vertices, skin_looks, skin_materials
from assets.humans.landmarks import head_centre_m, keypoints_m
from assets.humans.spec import HumanSpec
from assets.humans.surface import cloth_uvs, compacted, neighbour_average, smoothed, vertex_normals
from assets.humans.tailoring import Garment, hidden, tucked_in_m
from assets.humans.wardrobe import dress
from assets.mesh import Human, Material

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


@dataclass(frozen=True)
class _Part:
    """Posed triangles of one kind: points (n, 3), triangles (m, 3), and per triangle look, head flag and uvs."""

    points_m: np.ndarray
    triangles: np.ndarray
    materials: list[Material]
    look: np.ndarray
    semantic_class: str
    is_head: np.ndarray
    uvs: np.ndarray


@dataclass(frozen=True)
class _Motion:
    """Where the joints went."""

    rest: RestBody
    turns: np.ndarray
    heads_m: np.ndarray

    def pose(self, points_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return pose_points(points_m, weights, self.rest.heads_m, self.turns, self.heads_m)


def build_human(spec: HumanSpec, pose: Posed, seat_height_m: float | None = None) -> Human:
    """The person of spec in this pose, in its own frame: facing -Y, feet on z = 0 or seated.

    seat_height_m: top of the seat for a sitting pose; without it a chair set to the person's legs. Deterministic.
    """
    rest = rest_body(spec)
    motion = _motion(rest, pose.rotations)
    if pose.activity == "sitting" and seat_height_m is not None:
        motion = _motion(rest, _feet_on_floor(motion, pose.rotations, seat_height_m - spec.shoes.sole_m))
    garments = dress(spec, rest)
    parts = [_skin_part(spec, motion, garments), *_eye_parts(spec, motion)]
    for number, garment in enumerate(garments):
        part = _cloth_part(garment, motion, garments[number + 1 :])
        if len(part.triangles):
            parts.append(part)
    parts += _hair_parts(spec, motion, garments)
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


def _motion(rest: RestBody, rotations: dict[str, np.ndarray]) -> _Motion:
    turns, heads = load_body_model().joint_motions(rest, rotations)
    return _Motion(rest, turns, heads)


def _feet_on_floor(motion: _Motion, rotations: dict[str, np.ndarray], seat_height_m: float) -> dict[str, np.ndarray]:
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


def _posed_body(motion: _Motion, vertices: np.ndarray) -> np.ndarray:
    """Posed positions of some of the body model's vertices."""
    return motion.pose(motion.rest.vertices_m[vertices], load_body_model().weights[vertices])


@cache
def _feet() -> np.ndarray:
    """Vertices of the suit's feet."""
    suit = np.unique(load_body_model().triangles["helper-tights"])
    return suit[body_chart().place_m[suit, 2] < 0.1]


def _skin_part(spec: HumanSpec, motion: _Motion, garments: list[Garment]) -> _Part:
    """Bare skin, without what clothes and hair cover."""
    model, chart = load_body_model(), body_chart()
    triangles, on_head = outer_skin()
    covered = hidden(chart, triangles, garments)
    if spec.hair.style != "bald":
        inside = scalp_depth(spec.hair.style, chart.place_m)
        covered |= on_head & (inside[triangles] > np.radians(7)).all(1)
    shown = np.flatnonzero(~covered)
    used, flat = compacted(triangles[shown], model.vertex_count)
    points = motion.pose(motion.rest.vertices_m[used], model.weights[used])
    tuck = tucked_in_m(Chart(chart.place_m[used], chart.arm_m[used]), garments)
    points = points - tuck[:, None] * vertex_normals(points, flat)
    uvs = outer_skin_uvs()[shown]
    looks = skin_looks(spec)[shown]
    return _Part(points, flat, skin_materials(spec), looks, "skin", on_head[shown], uvs)


def _eye_parts(spec: HumanSpec, motion: _Motion) -> list[_Part]:
    """Both eyeballs: white with a dark front."""
    model = load_body_model()
    parts = []
    for side in ("helper-l-eye", "helper-r-eye"):
        triangles = model.triangles[side]
        used, flat = np.unique(triangles, return_inverse=True)
        rest = motion.rest.vertices_m[used]
        middle = rest[flat.reshape(-1, 3)].mean(1)
        forward = (rest.mean(0)[1] - middle[:, 1]) / np.ptp(rest[:, 1])
        iris = (forward > 0.4).astype(int)
        materials = [
            Material("eye white", (0.72, 0.69, 0.66), roughness=0.2, specular=0.5),
            Material("iris", (0.03, 0.02, 0.015), roughness=0.15, specular=0.5),
        ]
        points = motion.pose(rest, model.weights[used])
        flags = np.ones(len(triangles), bool)
        parts.append(_Part(points, flat.reshape(-1, 3), materials, iris, "skin", flags, model.uvs[side]))
    return parts


def _cloth_part(garment: Garment, motion: _Motion, over: list[Garment]) -> _Part:
    """A garment posed, smoothed over its bends, with its folds, and without what the garments over it hide."""
    surface = garment.surface
    points = motion.pose(surface.points_m, surface.weights)
    if garment.smoothing_steps:
        points = smoothed(points, neighbour_average(surface.triangles, len(points)), garment.smoothing_steps)
    flat_rim = np.clip(garment.inside(surface.chart) / 0.03, 0, 1) if surface.ripple_m.any() else 0.0
    tuck = tucked_in_m(surface.chart, over)
    lift = np.where(tuck > 0, np.minimum(surface.ripple_m, 0), surface.ripple_m) * flat_rim - tuck
    points = points + lift[:, None] * vertex_normals(points, surface.triangles)
    shown = ~hidden(surface.chart, surface.triangles, over)
    triangles = surface.triangles[shown]
    looks = np.zeros(len(triangles), int)
    if garment.second_below_m is not None:
        looks = (surface.points_m[triangles, 2].min(1) < garment.second_below_m).astype(int)
    flags = np.zeros(len(triangles), bool)
    return _compact(
        _Part(points, triangles, garment.materials, looks, garment.semantic_class, flags, cloth_uvs(surface, triangles))
    )


def _compact(part: _Part) -> _Part:
    """The part without vertices that no triangle uses."""
    used, triangles = compacted(part.triangles, len(part.points_m))
    return replace(part, points_m=part.points_m[used], triangles=triangles)


def _hair_parts(spec: HumanSpec, motion: _Motion, garments: list[Garment]) -> list[_Part]:
    """Hair and beard."""
    rng = np.random.default_rng([spec.fold_seed, 1])
    hair = spec.hair
    obstacle, normals = _shoulders(garments) if hair.style in HANGING_STYLES else (np.zeros((0, 3)), np.zeros((0, 3)))
    material = Material(
        "hair",
        hair.color,
        roughness=0.45,
        specular=0.35,
        bump=0.6,
        pattern="noise" if hair.style == "curly" else "strands",
        second_color=hair.second_color,
        scale_m=0.006,
    )
    parts = []
    growth = grow_hair(hair, motion.rest, obstacle, normals, rng)
    chin_m = motion.rest.heads_m[load_body_model().joint("Neck1"), 2]
    if growth is not None:
        surface = growth.surface
        points = motion.pose(surface.points_m, surface.weights)
        on_head = surface.points_m[surface.triangles].mean(1)[:, 2] > chin_m
        looks = np.zeros(len(surface.triangles), int)
        parts.append(_Part(points, surface.triangles, [material], looks, "hair", on_head, growth.uvs))
    beard = grow_beard(spec, motion.rest)
    if beard is not None:
        points = motion.pose(beard.points_m, beard.weights)
        flags = np.ones(len(beard.triangles), bool)
        looks = np.zeros(len(beard.triangles), int)
        parts.append(
            _Part(points, beard.triangles, [material], looks, "hair", flags, cloth_uvs(beard, beard.triangles))
        )
    return parts


def _shoulders(garments: list[Garment]) -> tuple[np.ndarray, np.ndarray]:
    """Rest points and normals (k, 3) of the clothes on the trunk, on which long hair lies."""
    worn = [garment.surface for garment in garments if garment.semantic_class in ("top", "dress", "jacket")]
    normals = [vertex_normals(surface.points_m, surface.triangles) for surface in worn]
    return np.concatenate([surface.points_m for surface in worn]), np.concatenate(normals)


def _ground_shift(
    motion: _Motion, parts: list[_Part], activity: str, seat_height_m: float | None
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


def _underside_of_seat(motion: _Motion) -> float:
    """Lowest height of buttocks and thighs where they meet a seat."""
    return float(np.percentile(_posed_body(motion, _seat())[:, 2], 3))


@cache
def _seat() -> np.ndarray:
    """Vertices of the suit's buttocks and thighs."""
    suit, chart = np.unique(load_body_model().triangles["helper-tights"]), body_chart()
    height = chart.place_m[suit, 2]
    return suit[(height > 0.72) & (height < 0.98) & ~chart.is_arm[suit]]


def _assembled(parts: list[_Part], motion: _Motion, shift: np.ndarray, seat: float | None) -> Human:
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
