"""Trousers and jeans, with waistband, belt and pockets."""

from __future__ import annotations

import numpy as np

from assets.humans.cloth_material import fabric_material
from assets.humans.clothing import Bottom
from assets.humans.cuts import above, all_of, band, below, nothing, patch, ramp, stepped
from assets.humans.drape import LEAST_M, Fitting, Layer, OnSuit
from assets.humans.pieces import piece
from assets.humans.tailoring import SUIT, Garment, base_surface
from assets.humans.tops import WAIST_M
from assets.mesh import Material

_SLACK_M = {"trousers": 0.030, "jeans": 0.019, "slim_trousers": 0.006}
_START_M = {"trousers": 0.007, "jeans": 0.006, "slim_trousers": 0.004}
_BREAK_M = {"trousers": 0.035, "jeans": 0.03, "slim_trousers": 0.01}
"""How far the legs reach down over the shoes; in front, where they rest on the instep, much less."""
_FOLDS_M = {"trousers": 0.0032, "jeans": 0.003, "slim_trousers": 0.0016}


def trouser_garments(bottom: Bottom, fitting: Fitting) -> list[Garment]:
    """Trousers, their waistband, belt and pockets; puts their layer on the fitting."""
    base = base_surface(SUIT)
    _, y, z = base.chart.place_m.T
    along = np.zeros((len(z), 3), np.float32)
    along[:, 2] = -_BREAK_M[bottom.kind] * ramp(0.3 - z, 0.0, 0.2) * (1 - 0.7 * ramp(-y, -0.03, 0.04))
    slack = 1.4 * (_START_M[bottom.kind] + _SLACK_M[bottom.kind] * ramp(0.95 - z, 0.0, 0.75))
    fields = (below(WAIST_M), above(stepped(bottom.hem_m, 0.01)))
    inside = all_of(*fields)
    # Trousers hang lower than where they are cut: so far down the shoes have to keep clear of them.
    reach = all_of(below(WAIST_M), above(stepped(bottom.hem_m - 0.6 * _BREAK_M[bottom.kind], 0.01)))
    over_shoes = 0.009 * ramp(0.2 - z, 0.0, 0.06)
    tight = LEAST_M + 0.002 + over_shoes + fitting.spanned_m(30)
    folds = _FOLDS_M[bottom.kind]
    layer = fitting.add(Layer(tight, slack, inside, 0.004, along, folds, soft=0.9, smoothing_steps=5))
    material = fabric_material("trousers", bottom.fabric)
    garments = [
        Garment("bottom", OnSuit(fitting, layer, piece(SUIT, fields), 0.003), [material], "bottom", reach, inside)
    ]
    strips = [(band(WAIST_M - 0.035, WAIST_M), 0.003, material)]
    if bottom.belt is not None:
        strips.append((band(WAIST_M - 0.034, WAIST_M - 0.002), 0.006, Material("belt", bottom.belt, roughness=0.5)))
    if bottom.kind == "jeans":
        strips.append((patch(0.085, 0.93, 0.12, 0.13, False, True), 0.002, material))
    for field, raised, look in strips:
        sewn = OnSuit(fitting, layer, piece(SUIT, (field,)), 0.003, raised, inside)
        garments.append(Garment("waistband", sewn, [look], "bottom", nothing, nothing))
    return garments
