"""Tops: shirts, T-shirts, polos, blouses, jumpers and the upper part of dresses, with collars, plackets and pockets."""

from __future__ import annotations

import numpy as np

from assets.humans.cloth_material import fabric_material
from assets.humans.clothing import Fabric, Top
from assets.humans.cuts import (
    Field,
    above,
    all_of,
    collar_edge,
    covering,
    cuff,
    front_opening,
    front_strip,
    near_neck,
    neck_radius,
    nothing,
    outside_neck,
    patch,
    ramp,
    round_neck,
    sleeve,
    stepped,
)
from assets.humans.drape import LEAST_M, Fitting, Layer, OnSuit, close_to_neck
from assets.humans.pieces import piece
from assets.humans.tailoring import SUIT, Garment, base_surface

WAIST_M = 1.075
"""Height of a waistband."""
TOP_HEM_M = 0.97
_SPANS = {"jumper": 80, "shirt": 30, "blouse": 30, "tshirt": 30, "polo": 30}
_FOLDS_M = {"shirt": 0.0034, "blouse": 0.0036, "tshirt": 0.003, "polo": 0.003, "jumper": 0.0028}
_SOFT = {"shirt": 1.0, "blouse": 0.9, "jumper": 0.75, "turtleneck": 0.5, "dress": 0.6}


def top_garments(top: Top, fitting: Fitting, rng: np.random.Generator) -> list[Garment]:
    """The top and what is sewn onto it; puts its layer on the fitting."""
    tucked = top.tucked or top.kind == "dress"
    hem, sleeves = above(WAIST_M - 0.075 if tucked else TOP_HEM_M), sleeve(_sleeve_m(top))
    neckline = _neckline(top.kind, rng)
    layer = fitting.add(_layer(top, fitting, tucked, all_of(hem, sleeves)))
    material = fabric_material("top", top.fabric)
    kind = "dress" if top.kind == "dress" else "top"
    inside = all_of(*neckline, hem, sleeves)
    shape = OnSuit(fitting, layer, piece(SUIT, (*neckline, hem, sleeves)), 0.005 if top.kind == "jumper" else 0.003)
    garments = [Garment(kind, shape, [material], kind, inside, covering(neckline, hem, sleeves))]
    trims = _trims(top, WAIST_M if tucked else TOP_HEM_M)
    for name, fields, raised in trims:
        cloth = piece(SUIT, (*fields, *neckline), False)
        garments.append(
            Garment(name, OnSuit(fitting, layer, cloth, 0.0, raised, inside), [material], kind, nothing, nothing)
        )
    if top.kind in ("shirt", "polo"):
        garments.append(_shirt_collar(fitting, layer, neckline, material_of=top.fabric))
    return garments


def tie_garments(tie: Fabric, fitting: Fitting, layer: int) -> list[Garment]:
    """A tie and its knot, over the shirt that is this layer of the fitting."""
    material = fabric_material("tie", tie, 0.0)
    garments = []
    for field, raised in ((front_strip(0.013, 1.13, 1.475, 0.075), 0.007), (front_strip(0.019, 1.452, 1.492), 0.012)):
        shape = OnSuit(fitting, layer, piece(SUIT, (field,)), 0.004, raised)
        garments.append(Garment("tie", shape, [material], "accessory", nothing, nothing))
    return garments


def _neckline(kind: str, rng: np.random.Generator) -> tuple[Field, ...]:
    """Fields of the neck, of few kinds, so that pieces recur."""
    if kind in ("shirt", "polo"):
        return (collar_edge(1.575, 0.5), front_opening(float(rng.choice([1.40, 1.45])), 1.55, 0.045))
    if kind == "blouse":
        width, depth = [(1.0, 1.42), (1.15, 1.38), (1.15, 1.46), (1.3, 1.42)][int(rng.integers(4))]
        return (round_neck(width), front_opening(depth, 1.55, 0.05))
    if kind == "turtleneck":
        return (collar_edge(1.60, 0.3),)
    return (round_neck(float(rng.choice([0.95, 1.07, 1.2]))),)


def _sleeve_m(top: Top) -> float:
    """Where the sleeve is cut: of few lengths, so that pieces recur."""
    return stepped(top.sleeve_m, 0.04) if top.sleeve_m < 0.49 else min(max(stepped(top.sleeve_m, 0.02), 0.52), 0.54)


def _layer(top: Top, fitting: Fitting, tucked: bool, where: Field) -> Layer:
    chart = base_surface(SUIT).chart
    trunk, z = ~chart.is_arm, chart.place_m[:, 2]
    sleeve_slack = 0.016 if top.sleeve_m < 0.3 else 0.009
    slack = 1.5 * top.looseness_m + np.where(trunk, 0, sleeve_slack * ramp(chart.arm_m, 0.03, 0.2))
    slack = slack + (0 if tucked else 0.010) * ramp(1.2 - z, 0, 0.2) * trunk
    tight = LEAST_M + fitting.spanned_m(_SPANS.get(top.kind, 10))
    if tucked:  # drawn in at the waist, with some cloth fallen over it
        drawn = np.where(trunk, ramp(z, WAIST_M - 0.01, WAIST_M + 0.09), 1.0)
        slack = (slack + 0.012 * np.exp(-(((z - WAIST_M - 0.07) / 0.045) ** 2)) * trunk) * drawn
        tight = LEAST_M + (tight - LEAST_M) * drawn
    cuffs = 1 - 0.75 * ramp(chart.arm_m, 0.47, 0.54) * (top.sleeve_m > 0.49)
    folds = _FOLDS_M.get(top.kind, 0.0018) * (0.7 + 30 * top.looseness_m)
    return Layer(
        close_to_neck(tight), close_to_neck(slack * cuffs), where, folds_m=folds, soft=_SOFT.get(top.kind, 0.9)
    )


def _trims(top: Top, hem_m: float) -> list[tuple[str, tuple[Field, ...], float]]:
    """Name, fields and height over the cloth of what is sewn on."""
    trims: list[tuple[str, tuple[Field, ...], float]] = []
    if top.kind in ("shirt", "blouse"):
        trims.append(("placket", (front_strip(0.017, hem_m, 1.5),), 0.002))
        if top.sleeve_m > 0.49:
            trims.append(("cuffs", (cuff(_sleeve_m(top), 0.055),), 0.002))
    if top.kind == "polo":
        trims.append(("placket", (front_strip(0.017, 1.32, 1.5),), 0.002))
    if top.pocket:
        trims.append(("pocket", (patch(0.09, 1.315, 0.10, 0.11),), 0.002))
    return trims


def _shirt_collar(fitting: Fitting, layer: int, neckline: tuple[Field, ...], material_of: Fabric) -> Garment:
    """The folded collar: a band along the neckline, lifted off the shirt, more at its lower edge."""
    cloth = piece(SUIT, (*neckline, near_neck(1.32)))
    radius = neck_radius(cloth.chart)[: len(cloth.edge_m)]
    raised = 0.005 + 0.010 * np.clip((radius - 0.8) / 0.5, 0, 1)
    material = fabric_material("collar", material_of, 0.0)
    shape = OnSuit(fitting, layer, cloth, 0.004, raised)
    return Garment("collar", shape, [material], "top", nothing, nothing)


def neck_band(width_from: float, width_to: float) -> tuple[Field, ...]:
    """A band around the base of the neck."""
    return (near_neck(width_to), outside_neck(width_from))
