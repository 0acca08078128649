"""Clothes: what people in offices wear, each piece cut from cloth over the rest body. Metres on the canonical body."""

from __future__ import annotations

import numpy as np

from assets.humans.anny import RestBody
from assets.humans.chart import Chart
from assets.humans.clothing import Bottom, Fabric, Jacket, Top
from assets.humans.cuts import (
    Field,
    above,
    all_of,
    below,
    collar_edge,
    covering,
    cut_all,
    front_opening,
    neck_radius,
    nothing,
    ramp,
    round_neck,
    sleeve,
)
from assets.humans.spec import HumanSpec
from assets.humans.surface import Surface, vertex_normals
from assets.humans.tailoring import (
    SKIRT,
    SUIT,
    Garment,
    Layers,
    base_surface,
    close_to_neck,
    cloth,
    lifts,
    ripple,
    suit,
)
from assets.mesh import Material

WAIST_M = 1.075
"""Height of a waistband."""
TOP_HEM_M = 0.98
JACKET_HEM_M = {"suit_jacket": 0.87, "cardigan": 0.90, "hoodie": 0.93}


def dress(spec: HumanSpec, rest: RestBody) -> list[Garment]:
    """Everything the person wears, innermost first."""
    layers = Layers(rest, np.random.default_rng(spec.fold_seed), np.zeros(len(base_surface(SUIT).members)))
    garments = [_shoes(spec, rest)]
    if spec.outfit.bottom and not spec.outfit.top.tucked:
        garments.append(_bottom(spec.outfit.bottom, layers))
    garments += _top(spec.outfit.top, layers)
    if spec.outfit.bottom and spec.outfit.top.tucked:
        garments.append(_bottom(spec.outfit.bottom, layers))
    if spec.outfit.jacket:
        garments += _jacket(spec.outfit.jacket, layers)
    return garments


def fabric_material(name: str, fabric: Fabric, bump: float = 0.4) -> Material:
    return Material(
        name=name,
        base_color=fabric.color,
        roughness=fabric.roughness,
        specular=0.15,
        bump=bump,
        pattern=fabric.pattern,
        second_color=fabric.second_color or tuple(0.8 * np.array(fabric.color)),
        scale_m=fabric.scale_m,
    )


def _neckline(kind: str, rng: np.random.Generator) -> tuple[Field, ...]:
    if kind in ("shirt", "polo"):
        return (collar_edge(1.575, 0.5), front_opening(float(rng.uniform(1.40, 1.47)), 1.55, 0.045))
    if kind == "blouse":
        return (round_neck(float(rng.uniform(1.0, 1.3))), front_opening(float(rng.uniform(1.38, 1.46)), 1.55, 0.05))
    if kind == "turtleneck":
        return (collar_edge(1.60, 0.3),)
    return (round_neck(float(rng.uniform(0.95, 1.25))),)


def _top(top: Top, layers: Layers) -> list[Garment]:
    """The top, its collar if it has one, and the skirt of a dress."""
    base = base_surface(SUIT)
    arm, z = base.chart.arm_m, base.chart.place_m[:, 2]
    trunk = ~base.chart.is_arm
    tucked = top.tucked or top.kind == "dress"
    sleeve_slack = 0.012 if top.sleeve_m < 0.3 else 0.006
    loose = top.looseness_m + np.where(trunk, 0, sleeve_slack * ramp(arm, 0.05, 0.2))
    loose = loose + (0 if tucked else 0.008) * ramp(1.15 - z, 0, 0.15) * trunk
    spans = {"jumper": 60, "shirt": 40, "blouse": 30, "tshirt": 35, "polo": 35}
    lift, shift = lifts(base, layers.rest, loose, spans.get(top.kind, 12))
    if tucked:
        lift = np.where(trunk, 0.003 + (lift - 0.003) * ramp(z, WAIST_M - 0.01, WAIST_M + 0.09), lift)
    lift = close_to_neck(base.chart, lift)
    lift = np.maximum(lift, layers.off_m + 0.005 * (layers.off_m > 0))
    folds = ripple(base, layers.rng, 0.0035 if top.kind in ("shirt", "blouse") else 0.0025)
    whole = cloth(base, layers.rest, lift, shift, folds)
    hem, sleeves = above(WAIST_M - 0.045 if tucked else TOP_HEM_M), sleeve(top.sleeve_m)
    neckline = _neckline(top.kind, layers.rng)
    covers = covering(neckline, hem, sleeves)
    material = fabric_material("top", top.fabric)
    kind = "dress" if top.kind == "dress" else "top"
    cloth_shape = cut_all(whole, hem, sleeves, *neckline)
    garments = [Garment("top", cloth_shape, [material], kind, all_of(hem, sleeves, *neckline), covers)]
    layers.put_on(all_of(hem, sleeves), lift)
    if top.kind in ("shirt", "polo"):
        garments.append(_shirt_collar(whole, neckline, material))
    if top.kind == "dress":
        garments.append(_skirt(Bottom(kind="skirt", fabric=top.fabric, hem_m=0.5), layers, "dress"))
    return garments


def _shirt_collar(whole: Surface, neckline: tuple[Field, ...], material: Material) -> Garment:
    """The folded collar: a band along the neckline, lifted off the shirt, more at its lower edge."""
    radius = neck_radius(whole.chart)
    normals = vertex_normals(whole.points_m, whole.triangles)
    lift = 0.004 + 0.010 * np.clip((radius - 0.8) / 0.5, 0, 1)
    raised = whole.with_points((whole.points_m + lift[:, None] * normals).astype(np.float32))
    surface = cut_all(raised, *neckline, lambda chart: (1.32 - neck_radius(chart)) * 0.08)
    return Garment("collar", surface, [material], "top", nothing, nothing, 0)


def _bottom(bottom: Bottom, layers: Layers) -> Garment:
    if bottom.kind in ("skirt", "long_skirt"):
        return _skirt(bottom, layers, "bottom")
    base = base_surface(SUIT)
    z = base.chart.place_m[:, 2]
    slack = {"trousers": 0.026, "jeans": 0.016, "slim_trousers": 0.004}[bottom.kind]
    start = {"trousers": 0.008, "jeans": 0.007, "slim_trousers": 0.005}[bottom.kind]
    surface, lift = suit(layers, start + slack * ramp(0.95 - z, 0.0, 0.75), 25, 0.003)
    points = surface.points_m.copy()
    break_m = {"trousers": 0.06, "jeans": 0.05, "slim_trousers": 0.02}[bottom.kind]
    points[:, 2] -= break_m * ramp(0.3 - z, 0.0, 0.2)
    fields = (below(WAIST_M), above(bottom.hem_m))
    inside = all_of(*fields)
    layers.put_on(inside, lift)
    shape = cut_all(surface.with_points(points), *fields)
    return Garment("bottom", shape, [fabric_material("trousers", bottom.fabric)], "bottom", inside, inside)


def _skirt(bottom: Bottom, layers: Layers, semantic_class: str) -> Garment:
    base = base_surface(SKIRT)
    flare = float(layers.rng.uniform(0.0, 0.05))
    loose = 0.009 + flare * ramp(1.0 - base.chart.place_m[:, 2], 0.0, 0.6)
    lift, shift = lifts(base, layers.rest, loose, 2)
    surface = cloth(base, layers.rest, lift, shift, ripple(base, layers.rng, 0.004))
    hem = bottom.hem_m
    shape = cut_all(surface, lambda chart: chart.place_m[:, 2] - hem)
    covers = all_of(below(WAIST_M + 0.01), above(hem + 0.06))
    layers.put_on(all_of(below(WAIST_M + 0.02), above(0.85)), np.full(len(layers.off_m), 0.022))
    return Garment(
        "skirt",
        shape,
        [fabric_material("skirt", bottom.fabric)],
        semantic_class,
        all_of(below(WAIST_M + 0.01), above(hem)),
        covers,
        2,
    )


def _jacket(jacket: Jacket, layers: Layers) -> list[Garment]:
    """A jacket with lapels or a cardigan or hoodie, open in front or buttoned up to the chest."""
    base = base_surface(SUIT)
    arms, z = base.chart.is_arm, base.chart.place_m[:, 2]
    loose = np.where(arms, 0.018 - 0.004 * ramp(base.chart.arm_m, 0.2, 0.5), 0.022 + 0.02 * ramp(1.1 - z, 0, 0.2))
    surface, lift = suit(layers, loose, 80, 0.004, 0.008)
    opening = front_opening(float(layers.rng.uniform(1.1, 1.25)), 1.54, 0.085)
    if not jacket.buttoned:
        opening = front_opening(0.95, 1.54, 0.095, gap_m=float(layers.rng.uniform(0.03, 0.08)))
    neck = (round_neck(1.05), opening)
    fields = (above(JACKET_HEM_M[jacket.kind]), sleeve(0.54))
    material = fabric_material("jacket", jacket.fabric, 0.3)
    covers = covering(neck, *fields)
    garments = [
        Garment("jacket", cut_all(surface, *fields, *neck), [material], "jacket", all_of(*fields, *neck), covers)
    ]
    layers.put_on(all_of(*fields), lift)
    if jacket.kind == "suit_jacket":
        garments.append(_lapels(surface, (*fields, *neck), opening, material))
    if jacket.kind == "hoodie":
        garments.append(_hood(surface, neck, material))
    return garments


def _lapels(whole: Surface, fields: tuple[Field, ...], opening: Field, material: Material) -> Garment:
    """Lapels and collar: a second layer along the opening and the neck."""
    normals = vertex_normals(whole.points_m, whole.triangles)
    raised = whole.with_points((whole.points_m + 0.007 * normals).astype(np.float32))

    def band(chart: Chart) -> np.ndarray:
        z = chart.place_m[:, 2]
        lapel = np.where(z > 1.15, 0.06 * ramp(z, 1.18, 1.42) - opening(chart), -1.0)
        return np.maximum(lapel, (1.5 - neck_radius(chart)) * 0.08)

    return Garment("lapels", cut_all(raised, *fields, band), [material], "jacket", nothing, nothing, 1)


def _hood(whole: Surface, neck: tuple[Field, ...], material: Material) -> Garment:
    """A hood that lies on the back: a thick layer around the neck, thickest behind."""
    x, y, _ = whole.chart.place_m.T
    normals = vertex_normals(whole.points_m, whole.triangles)
    thick = 0.01 + 0.045 * ramp(y, -0.05, 0.05) * np.exp(-((x / 0.12) ** 2))
    raised = whole.with_points((whole.points_m + thick[:, None] * normals).astype(np.float32))

    def band(chart: Chart) -> np.ndarray:
        return (1.75 + 4.0 * np.maximum(chart.place_m[:, 1], 0) - neck_radius(chart)) * 0.08

    return Garment("hood", cut_all(raised, *neck, band), [material], "jacket", nothing, nothing, 1)


def _shoes(spec: HumanSpec, rest: RestBody) -> Garment:
    """Shoes with flat soles, from the suit's feet."""
    base = base_surface(SUIT)
    place = base.chart.place_m
    height = {"shoes": 0.088, "trainers": 0.098, "boots": 0.2}[spec.outfit.shoes.kind]
    lift, shift = lifts(base, rest, 0.006, 14)
    points = cloth(base, rest, lift, 2 * shift, np.zeros(len(place), np.float32)).points_m.copy()
    feet = place[:, 2] < 0.12
    scale = float(rest.vertices_m[:, 2].max()) / 1.72
    points[:, 1] -= 0.024 * scale * ramp(-place[:, 1], 0.1, 0.2) * feet
    low = feet & (points[:, 2] < 0.015 * scale)
    points[low, 2] = -spec.outfit.shoes.sole_m
    points[feet & ~low, 2] = np.maximum(points[feet & ~low, 2], 0.0)
    flat = Surface(points, base.triangles, base.weights, base.chart, np.zeros(len(points), np.float32))

    def edge(chart: Chart) -> np.ndarray:
        _, y, z = chart.place_m.T
        return np.where(chart.is_arm, -0.2, height - z - 0.02 * ramp(-y, 0.02, 0.1))

    materials = [
        Material("shoes", spec.outfit.shoes.color, roughness=0.45, specular=0.4),
        Material("soles", spec.outfit.shoes.sole_color, roughness=0.8, specular=0.2),
    ]
    shape = cut_all(flat, edge)
    return Garment("shoes", shape, materials, "shoes", edge, edge, 0, second_below_m=0.3 * spec.outfit.shoes.sole_m)
