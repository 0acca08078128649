"""Clothes: what people in offices wear, each piece cut from cloth over the rest body, layer over layer."""

from __future__ import annotations

import numpy as np

from assets.humans.anny import RestBody
from assets.humans.bottoms import trouser_garments
from assets.humans.cloth_material import fabric_material as fabric_material
from assets.humans.clothing import Bottom
from assets.humans.drape import Fitting
from assets.humans.extras import bag_garments, lanyard_garments, scarf_garments
from assets.humans.jackets import jacket_garments
from assets.humans.shoes import shoe_garment
from assets.humans.skirts import skirt_garment
from assets.humans.spec import HumanSpec
from assets.humans.tailoring import Garment
from assets.humans.tops import tie_garments, top_garments


def dress(spec: HumanSpec, rest: RestBody) -> list[Garment]:
    """Everything the person wears, innermost first."""
    outfit, fitting, rng = spec.outfit, Fitting(rest, spec.fold_seed), np.random.default_rng(spec.fold_seed)
    garments = [shoe_garment(outfit.shoes, fitting)]
    if outfit.bottom and not outfit.top.tucked:
        garments += _bottom(outfit.bottom, fitting, rng)
    layer = len(fitting.layers)
    garments += top_garments(outfit.top, fitting, rng)
    if outfit.tie:
        garments += tie_garments(outfit.tie, fitting, layer)
    if outfit.top.kind == "dress":
        skirt = Bottom(kind="skirt", fabric=outfit.top.fabric, hem_m=outfit.top.hem_m)
        garments.append(skirt_garment(skirt, fitting, rng, "dress"))
    if outfit.bottom and outfit.top.tucked:
        garments += _bottom(outfit.bottom, fitting, rng)
    if outfit.jacket:
        layer = len(fitting.layers)
        garments += jacket_garments(outfit.jacket, fitting, rng)
    return garments + _extras(spec, fitting, layer)


def _bottom(bottom: Bottom, fitting: Fitting, rng: np.random.Generator) -> list[Garment]:
    if bottom.kind in ("trousers", "jeans", "slim_trousers"):
        return trouser_garments(bottom, fitting)
    return [skirt_garment(bottom, fitting, rng, "bottom")]


def _extras(spec: HumanSpec, fitting: Fitting, layer: int) -> list[Garment]:
    """Scarf, lanyard and bag over this layer; no scarf where headwear hangs down over the neck."""
    outfit, garments = spec.outfit, []
    veiled = spec.headwear is not None and spec.headwear.kind in ("hijab", "headscarf")
    if outfit.lanyard:
        garments += lanyard_garments(outfit.lanyard, fitting, layer)
    if outfit.scarf and not veiled:
        garments += scarf_garments(outfit.scarf, fitting, layer)
    if outfit.bag:
        garments += bag_garments(outfit.bag, fitting, layer)
    return garments
