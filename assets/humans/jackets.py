"""Jackets, cardigans and hoodies, open in front or buttoned, with lapels, pockets or a hood."""

from __future__ import annotations

import numpy as np

from assets.humans.cloth_material import fabric_material
from assets.humans.clothing import Jacket
from assets.humans.cuts import (
    Field,
    above,
    all_of,
    any_of,
    covering,
    front_opening,
    lapel,
    near_neck,
    nothing,
    patch,
    ramp,
    round_neck,
    sleeve,
)
from assets.humans.drape import LEAST_M, Fitting, Layer, OnSuit, close_to_neck
from assets.humans.pieces import piece
from assets.humans.tailoring import SUIT, Garment, base_surface
from assets.mesh import Material

JACKET_HEM_M = {"suit_jacket": 0.87, "cardigan": 0.90, "hoodie": 0.93}
_SOFT = {"suit_jacket": 0.75, "cardigan": 0.7, "hoodie": 0.9}


def jacket_garments(jacket: Jacket, fitting: Fitting, rng: np.random.Generator) -> list[Garment]:
    """The jacket and what belongs to it; puts its layer on the fitting."""
    opening = front_opening(float(rng.choice([1.12, 1.22])), 1.54, 0.085)
    if not jacket.buttoned:
        opening = front_opening(0.95, 1.54, 0.095, gap_m=float(rng.choice([0.035, 0.07])))
    neck = (round_neck(1.05), opening)
    fields = (above(JACKET_HEM_M[jacket.kind]), sleeve(0.54))
    layer = fitting.add(_layer(jacket, fitting, all_of(*fields)))
    material = fabric_material("jacket", jacket.fabric, 0.2)
    inside = all_of(*fields, *neck)
    shape = OnSuit(fitting, layer, piece(SUIT, (*fields, *neck)), 0.006)
    garments = [Garment("jacket", shape, [material], "jacket", inside, covering(neck, *fields))]
    for name, trim, raised in _trims(jacket, fields, neck, opening):
        sewn = OnSuit(fitting, layer, piece(SUIT, trim, name == "lapels"), 0.003, raised, inside)
        garments.append(Garment(name, sewn, [material], "jacket", nothing, nothing))
    if jacket.kind == "hoodie":
        garments.append(_hood(fitting, layer, neck, material))
    return garments


def _layer(jacket: Jacket, fitting: Fitting, where: Field) -> Layer:
    chart = base_surface(SUIT).chart
    arms, z = chart.is_arm, chart.place_m[:, 2]
    slack = np.where(arms, 0.022 - 0.008 * ramp(chart.arm_m, 0.2, 0.5), 0.02 + 0.02 * ramp(1.15 - z, 0, 0.25))
    padding = 0.007 * ramp(z, 1.38, 1.46) * ramp(0.12 - chart.arm_m, 0.0, 0.1) * (jacket.kind == "suit_jacket")
    tight = LEAST_M + 0.003 + fitting.spanned_m(80) + padding
    folds = 0.0032 if jacket.kind == "suit_jacket" else 0.0036
    return Layer(
        close_to_neck(tight), close_to_neck(slack), where, 0.006, None, folds, _SOFT[jacket.kind], smoothing_steps=7
    )


def _trims(
    jacket: Jacket, fields: tuple[Field, ...], neck: tuple[Field, ...], opening: Field
) -> list[tuple[str, tuple[Field, ...], float]]:
    if jacket.kind != "suit_jacket":
        return []
    return [
        ("lapels", (*fields, *neck, any_of(lapel(opening), near_neck(1.5))), 0.008),
        ("flaps", (patch(0.125, 0.985, 0.13, 0.05, True, True), opening), 0.004),
        ("pocket", (patch(0.095, 1.34, 0.10, 0.022), opening), 0.003),
    ]


def _hood(fitting: Fitting, layer: int, neck: tuple[Field, ...], material: Material) -> Garment:
    """A hood that lies on the back: a thick layer around the neck, thickest behind."""
    cloth = piece(SUIT, (*neck, near_neck(1.75, 4.0)))
    x, y, _ = cloth.chart.place_m[: len(cloth.edge_m)].T
    thick = 0.012 + 0.045 * ramp(y, -0.05, 0.05) * np.exp(-((x / 0.12) ** 2)) * ramp(cloth.edge_m, 0.0, 0.02)
    return Garment("hood", OnSuit(fitting, layer, cloth, 0.006, thick), [material], "jacket", nothing, nothing)
