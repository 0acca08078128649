"""Hair and beard of a posed person."""

from __future__ import annotations

import numpy as np

from assets.humans.anny import load_body_model
from assets.humans.hair import HANGING_STYLES, grow_hair
from assets.humans.head import grow_beard
from assets.humans.parts import Motion, Part
from assets.humans.spec import HumanSpec
from assets.humans.surface import cloth_uvs, vertex_normals
from assets.humans.tailoring import Garment
from assets.mesh import Material


def hair_parts(spec: HumanSpec, motion: Motion, garments: list[Garment]) -> list[Part]:
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
        parts.append(Part(points, surface.triangles, [material], looks, "hair", on_head, growth.uvs))
    beard = grow_beard(spec, motion.rest)
    if beard is not None:
        points = motion.pose(beard.points_m, beard.weights)
        flags = np.ones(len(beard.triangles), bool)
        looks = np.zeros(len(beard.triangles), int)
        parts.append(Part(points, beard.triangles, [material], looks, "hair", flags, cloth_uvs(beard, beard.triangles)))
    return parts


def _shoulders(garments: list[Garment]) -> tuple[np.ndarray, np.ndarray]:
    """Rest points and normals (k, 3) of the clothes on the trunk, on which long hair lies."""
    worn = [garment.surface for garment in garments if garment.semantic_class in ("top", "dress", "jacket")]
    normals = [vertex_normals(surface.points_m, surface.triangles) for surface in worn]
    return np.concatenate([surface.points_m for surface in worn]), np.concatenate(normals)
