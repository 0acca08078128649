"""Bare skin and eyes of a posed person."""

from __future__ import annotations

import numpy as np

from assets.humans.anny import load_body_model
from assets.humans.chart import Chart, body_chart
from assets.humans.hair import scalp_depth
from assets.humans.head import outer_skin, outer_skin_uvs, skin_looks, skin_materials
from assets.humans.parts import Motion, Part
from assets.humans.spec import HumanSpec
from assets.humans.surface import compacted, vertex_normals
from assets.humans.tailoring import Garment, hidden, tucked_in_m
from assets.mesh import Material


def skin_part(spec: HumanSpec, motion: Motion, garments: list[Garment]) -> Part:
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
    return Part(points, flat, skin_materials(spec), looks, "skin", on_head[shown], uvs)


def eye_parts(spec: HumanSpec, motion: Motion) -> list[Part]:
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
        parts.append(Part(points, flat.reshape(-1, 3), materials, iris, "skin", flags, model.uvs[side]))
    return parts
