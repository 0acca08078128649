"""Bare skin and eyes of a posed person."""

from __future__ import annotations

from functools import cache

import numpy as np

from assets.humans.anny import RestBody, load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.chart import Chart, body_chart, head_angles
from assets.humans.cuts import ramp
from assets.humans.face import mouth_is_open, with_expression
from assets.humans.growth import ShadedPart
from assets.humans.hair import scalp_depth
from assets.humans.head import (
    is_head_place,
    outer_skin,
    outer_skin_uvs,
    outer_skin_vertices,
    skin_looks,
    skin_materials,
    skin_shade,
)
from assets.humans.headwear import rim_rad
from assets.humans.headwear_parts import hijab_field
from assets.humans.parts import Motion, Part
from assets.humans.spec import HumanSpec
from assets.humans.surface import compacted, vertex_normals
from assets.humans.tailoring import Garment, hidden, tucked_in_m
from assets.mesh import Material

UNDER_HAIR_RAD = np.radians(7)
"""How far inside the hairline, or the edge of headwear, skin is left out."""
HIJAB_OVERLAP_M = 0.010
"""How far skin goes on under the edge of a hijab, which lies close."""


def skin_part(spec: HumanSpec, motion: Motion, garments: list[Garment]) -> Part:
    """Bare skin, without what clothes, hair and headwear cover."""
    model, chart, triangles = load_body_model(), _outer_chart(), _outer_triangles()
    _, on_head = outer_skin()
    covered = hidden(chart, triangles, garments)
    covered |= under_cover(spec, chart)[triangles].all(1)
    shown = np.flatnonzero(~covered)
    used, flat = compacted(triangles[shown], len(chart.arm_m))
    vertices = outer_skin_vertices()[used]
    rest = with_expression(motion.rest, spec.expression)
    points = motion.pose(rest.vertices_m[vertices], model.weights[vertices])
    tuck = tucked_in_m(Chart(chart.place_m[used], chart.arm_m[used]), garments)
    points = points - tuck[:, None] * vertex_normals(points, flat)
    uvs = outer_skin_uvs()[shown]
    shade = skin_shade(spec)[used]
    return ShadedPart(points, flat, skin_materials(spec), skin_looks(spec)[shown], "skin", on_head[shown], uvs, shade)


def under_cover(spec: HumanSpec, chart: Chart) -> np.ndarray:
    """(n,) bool: places so far under the hair or headwear of this person that their skin need not be made."""
    on_head = is_head_place(chart.place_m) & ~chart.is_arm
    covered = np.zeros(len(chart.arm_m), bool)
    if spec.hair.style not in ("bald", "cropped", "receding"):
        covered = on_head & (scalp_depth(spec.hair.style, chart.place_m) > UNDER_HAIR_RAD)
    if spec.headwear is None:
        return covered
    if spec.headwear.kind == "hijab":
        return np.asarray(hijab_field(spec.headwear)(chart) > HIJAB_OVERLAP_M)
    azimuth, elevation = head_angles(chart.place_m)
    return np.asarray(covered | (on_head & (elevation - rim_rad(spec.headwear.kind, azimuth) > UNDER_HAIR_RAD)))


@cache
def _outer_chart() -> Chart:
    """The chart of outer_skin_vertices, in their order."""
    chart, outer = body_chart(), outer_skin_vertices()
    return Chart(chart.place_m[outer], chart.arm_m[outer])


@cache
def _outer_triangles() -> np.ndarray:
    """outer_skin's triangles in terms of outer_skin_vertices."""
    return compacted(outer_skin()[0], load_body_model().vertex_count)[1]


def eye_parts(spec: HumanSpec, motion: Motion) -> list[Part]:
    """Both eyeballs, white with a dark front, and the inside of an open mouth."""
    rest = with_expression(motion.rest, spec.expression)
    parts = [_eye(rest, motion, side) for side in ("helper-l-eye", "helper-r-eye")]
    return [*parts, _mouth(rest, motion)] if mouth_is_open(spec.expression) else parts


def _eye(rest: RestBody, motion: Motion, side: str) -> Part:
    model = load_body_model()
    triangles = model.triangles[side]
    used, flat = np.unique(triangles, return_inverse=True)
    middle = rest.vertices_m[used][flat.reshape(-1, 3)].mean(1)
    eye = rest.vertices_m[used]
    forward = (eye.mean(0)[1] - middle[:, 1]) / np.ptp(eye[:, 1])
    materials = [
        Material("eye white", (0.60, 0.57, 0.54), roughness=0.2, specular=0.5),
        Material("iris", (0.03, 0.02, 0.015), roughness=0.15, specular=0.5),
    ]
    flags, looks = np.ones(len(triangles), bool), (forward > 0.4).astype(int)
    points = motion.pose(eye, model.weights[used])
    return Part(points, flat.reshape(-1, 3), materials, looks, "skin", flags, model.uvs[side])


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
