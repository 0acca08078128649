"""What a posed person has on the head: hair, beard, headwear, glasses, headphones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from assets.humans.anny import load_body_model
from assets.humans.chart import NOT_ARM, Chart, body_chart
from assets.humans.cuts import values_on
from assets.humans.face import with_expression
from assets.humans.glasses import glasses_materials, put_on_glasses, put_on_headphones
from assets.humans.growth import Growth, ShadedPart, joined
from assets.humans.hair import grow_on_skull, thickened
from assets.humans.hair_hanging import HANGING_STYLES, NO_OBSTACLES, Obstacles, grow_hanging, knot_direction
from assets.humans.hairstyle import Hair
from assets.humans.head import grow_beard
from assets.humans.headwear import Headwear, rim_rad
from assets.humans.headwear_parts import hat, hijab, laid
from assets.humans.outer_skin import is_head_place, outer_skin
from assets.humans.parts import Motion, Part
from assets.humans.posed_head import PosedHead, pose_head
from assets.humans.spec import HumanSpec
from assets.humans.surface import cloth_uvs, compacted, vertex_normals
from assets.humans.tailoring import OVERLAP_M, Garment
from assets.mesh import Material

COLLAR_M = 0.05
"""Up to which height over the neck's top collars may meet the hair."""
FLATTENED_M = 0.004
"""Height of hair under a hat."""


def hair_parts(spec: HumanSpec, motion: Motion, garments: list[Garment]) -> list[Part]:
    """Hair, beard, and everything worn on the head."""
    rng = np.random.default_rng([spec.fold_seed, 1])
    head = pose_head(motion)
    under_hijab = spec.headwear is not None and spec.headwear.kind == "hijab"
    lies = under_hijab or spec.hair.style in HANGING_STYLES
    obstacles = _obstacles(motion, garments) if lies else NO_OBSTACLES
    parts: list[Part] = []
    if spec.hair.style != "bald" and not under_hijab:
        hair = _hair(spec, head, obstacles, rng)
        if hair is not None:
            parts.append(
                _part(hair, [hair_material(spec.hair)], "hair", head.is_above_neck(hair.points_m)[hair.triangles[:, 0]])
            )
    parts += _beard(spec, motion)
    if spec.headwear is not None:
        make = _hijab(spec.headwear, motion, obstacles, rng) if under_hijab else _hat(spec, head, rng)
        parts.append(make)
    return parts + _on_the_face(spec, motion, head)


def hair_material(hair: Hair) -> Material:
    curly = hair.style in ("curly", "afro")
    return Material(
        "hair",
        hair.color,
        roughness=0.6 if curly else 0.42,
        specular=0.2 if curly else 0.4,
        bump=0.5,
        pattern="strands",
        scale_m=0.006,
        shaded=True,
    )


def _hair(spec: HumanSpec, head: PosedHead, obstacles: Obstacles, rng: np.random.Generator) -> Growth | None:
    """The hair, flattened under a hat and without what the hat hides."""
    hair = spec.hair
    if spec.headwear is not None:
        flat = min(hair.thickness_m, FLATTENED_M)
        hair = hair.model_copy(update={"thickness_m": flat, "ruffle": 0.3 * hair.ruffle, "parting": 0.0})
    knot = knot_direction(hair, rng)
    combed, on_skull = grow_on_skull(hair, head, knot, rng)
    growth = joined([on_skull, *grow_hanging(hair, combed, knot, obstacles, rng)])
    if obstacles:
        low = np.flatnonzero((growth.points_m - head.neck_m) @ head.turn[:, 2] < COLLAR_M)
        growth.points_m[low] = obstacles.outside(growth.points_m[low], 0.008, 0.04)
    return growth if spec.headwear is None else _below_rim(spec.headwear, growth, head)


def _below_rim(headwear: Headwear, growth: Growth, head: PosedHead) -> Growth | None:
    """What a hat leaves of the hair: triangles with no corner above the hat's edge."""
    local = (growth.points_m - _skull_centre(head)) @ head.turn
    azimuth = np.arctan2(local[:, 0], -local[:, 1])
    elevation = np.arctan2(local[:, 2], np.hypot(local[:, 0], local[:, 1]))
    under = elevation > rim_rad(headwear.kind, azimuth) + np.radians(3)
    kept = ~under[growth.triangles].any(1)
    if not kept.any():
        return None
    used, triangles = compacted(growth.triangles[kept], len(growth.points_m))
    return Growth(growth.points_m[used], triangles, growth.uvs[kept], growth.shade[used])


def _skull_centre(head: PosedHead) -> np.ndarray:
    """Where the spokes of the posed head's map meet, about."""
    points, _ = head.at(np.array([-np.pi / 2, np.pi / 2, 0.0, np.pi]), np.zeros(4))
    return np.asarray(points.mean(0))


def _part(growth: Growth, materials: list[Material], semantic_class: str, is_head: np.ndarray) -> ShadedPart:
    looks = np.zeros(len(growth.triangles), int)
    points = growth.points_m.astype(np.float32)
    return ShadedPart(points, growth.triangles, materials, looks, semantic_class, is_head, growth.uvs, growth.shade)


def _whole(growth: Growth, material: Material, semantic_class: str) -> ShadedPart:
    """A part that belongs to the head as a whole."""
    return _part(growth, [material], semantic_class, np.ones(len(growth.triangles), bool))


def _beard(spec: HumanSpec, motion: Motion) -> list[Part]:
    beard = grow_beard(spec, with_expression(motion.rest, spec.expression))
    if beard is None:
        return []
    points = motion.pose(beard.points_m, beard.weights)
    tone = np.random.default_rng([spec.fold_seed, 4]).normal(0.8, 0.2, len(points))
    growth = Growth(points, beard.triangles, cloth_uvs(beard, beard.triangles), np.repeat(tone[:, None] - 1, 3, 1))
    return [_whole(growth, hair_material(spec.hair), "hair")]


def _hat(spec: HumanSpec, head: PosedHead, rng: np.random.Generator) -> Part:
    assert spec.headwear is not None
    flat = spec.hair.model_copy(update={"thickness_m": min(spec.hair.thickness_m, FLATTENED_M), "parting": 0.0})
    covered = head if spec.hair.style == "bald" else thickened(flat, head, rng)
    return _whole(hat(spec.headwear, covered, rng), _cloth(spec.headwear), "headwear")


def _cloth(headwear: Headwear) -> Material:
    fabric = headwear.fabric
    return Material(
        "headwear",
        fabric.color,
        roughness=fabric.roughness,
        specular=0.15,
        bump=0.3,
        pattern=fabric.pattern,
        second_color=fabric.second_color,
        scale_m=fabric.scale_m,
        shaded=True,
    )


def _hijab(headwear: Headwear, motion: Motion, obstacles: Obstacles, rng: np.random.Generator) -> Part:
    surface = hijab(headwear, motion.rest, rng)
    points = laid(motion.pose(surface.points_m, surface.weights), surface, obstacles)
    uvs = cloth_uvs(surface, surface.triangles)
    on_head = is_head_place(surface.chart.place_m[surface.triangles].mean(1))
    shade = np.repeat(np.clip(22 * surface.ripple_m, -0.15, 0.1)[:, None], 3, 1)
    growth = Growth(points, surface.triangles, uvs, shade)
    return _part(growth, [_cloth(headwear)], "headwear", on_head)


def _on_the_face(spec: HumanSpec, motion: Motion, head: PosedHead) -> list[Part]:
    """Glasses and headphones."""
    parts: list[Part] = []
    if spec.glasses is not None:
        frame, lenses = put_on_glasses(spec.glasses, motion.rest)
        materials = glasses_materials(spec.glasses)
        for growth, material in ((frame, materials[0]), (lenses, materials[1])):
            if growth is not None:
                parts.append(_whole(replace(growth, points_m=head.worn(growth.points_m)), material, "accessory"))
    if spec.headphones is not None:
        hair_m = spec.hair.thickness_m if spec.headwear is None else FLATTENED_M + 0.012
        growth = put_on_headphones(spec.headphones, motion.rest, hair_m)
        material = Material("headphones", spec.headphones.color, roughness=0.45, specular=0.4)
        parts.append(_whole(replace(growth, points_m=head.worn(growth.points_m)), material, "accessory"))
    return parts


def _obstacles(motion: Motion, garments: list[Garment]) -> Obstacles:
    """What hair and scarves lie on: the posed clothes on the trunk, and the skin of neck and upper back, where seen."""
    points, normals, chart = _posed_neck(motion)
    bare = _uncovered(chart, garments)
    surfaces = [(points[bare], normals[bare])]
    for number, garment in enumerate(garments):
        if garment.semantic_class in ("top", "dress", "jacket") or garment.name == "scarf":
            cloth = garment.shape.posed(motion)
            near = (cloth.chart.place_m[:, 2] > 1.12) & (cloth.chart.arm_m < 0.33)
            near &= _uncovered(cloth.chart, garments[number + 1 :])
            surfaces.append((cloth.points_m[near], cloth.normals[near]))
    return Obstacles(np.concatenate([points for points, _ in surfaces]), np.concatenate([up for _, up in surfaces]))


def _uncovered(chart: Chart, garments: list[Garment]) -> np.ndarray:
    """(n,) bool: places of a lasting chart that none of the garments covers."""
    shown = np.ones(len(chart.arm_m), bool)
    for garment in garments:
        shown &= values_on(garment.covers, chart) < OVERLAP_M
    return shown


def _posed_neck(motion: Motion) -> tuple[np.ndarray, np.ndarray, Chart]:
    """Points, normals (k, 3) and chart of the posed skin from chin and nape to the shoulders."""
    used, triangles, chart = _neck_surface()
    points = motion.pose(motion.rest.vertices_m[used], load_body_model().weights[used])
    return points, vertex_normals(points, triangles), chart


@cache
def _neck_surface() -> tuple[np.ndarray, np.ndarray, Chart]:
    """Vertices of neck and upper back, their triangles in terms of these, and their chart."""
    model, chart = load_body_model(), body_chart()
    place = chart.place_m
    neck = (place[:, 2] > 1.38) & (chart.arm_m == np.float32(NOT_ARM)) & ~is_head_place(place)
    triangles = outer_skin()[0]
    used, flat = compacted(triangles[neck[triangles].all(1)], model.vertex_count)
    return used, flat, Chart(place[used], chart.arm_m[used])
