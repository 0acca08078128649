"""Headwear as data: caps, beanies, headscarves and hijabs, as rare as in offices; headwear_parts.py makes them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.humans.clothing import Fabric, sample_fabric

HeadwearKind = Literal["cap", "beanie", "hijab", "headscarf"]
Drape = Literal["plain", "long", "tucked", "volume", "cuffed", "slouching", "peak_back", "tied_behind", "wrapped"]

DRAPES: dict[HeadwearKind, tuple[Drape, ...]] = {
    "cap": ("plain", "peak_back"),
    "beanie": ("plain", "cuffed", "slouching"),
    "hijab": ("plain", "long", "tucked", "volume"),
    "headscarf": ("tied_behind", "wrapped"),
}
"""How each kind is worn."""

RIM_DEG: dict[str, tuple[tuple[float, float], ...]] = {
    "cap": ((0, 27), (30, 25), (60, 17), (90, 8), (130, -6), (180, -10)),
    "beanie": ((0, 27), (30, 25), (60, 14), (90, 3), (130, -16), (180, -26)),
    "headscarf": ((0, 29), (30, 28), (55, 19), (75, 4), (95, -6), (130, -28), (180, -40)),
}
"""(azimuth from the front, elevation of the lower edge) about the skull's centre."""


class Headwear(BaseModel):
    """What is worn on the head."""

    model_config = ConfigDict(frozen=True)

    kind: HeadwearKind
    fabric: Fabric
    drape: Drape = "plain"
    """How it is worn, one of DRAPES[kind]."""


def sample_headwear(rng: np.random.Generator, sex: str, hair_style: str) -> Headwear | None:
    """One in seventeen wears something on the head, three women in a hundred a hijab."""
    shares: dict[HeadwearKind, float] = {"cap": 0.022, "beanie": 0.018, "headscarf": 0.004}
    if sex == "female":
        shares = {"cap": 0.010, "beanie": 0.012, "headscarf": 0.016, "hijab": 0.03}
    place = rng.random()
    for kind, share in shares.items():
        if place < share:
            return _sampled(rng, kind, hair_style)
        place -= share
    return None


def _sampled(rng: np.random.Generator, kind: HeadwearKind, hair_style: str) -> Headwear | None:
    if kind in ("cap", "beanie") and hair_style == "afro":
        return None
    drapes = DRAPES[kind]
    weights = np.array([1.0, 0.15] if kind == "cap" else [1.0] * len(drapes))
    fabric = sample_fabric(rng, {"cap": 0.0, "beanie": 0.15, "hijab": 0.12, "headscarf": 0.5}[kind])
    drape = drapes[int(rng.choice(len(drapes), p=weights / weights.sum()))]
    return Headwear(kind=kind, fabric=fabric, drape=drape)


def rim_rad(kind: str, azimuth: np.ndarray) -> np.ndarray:
    """Elevation of the lower edge of a cap, beanie or headscarf at these azimuths, rad."""
    points = np.array(RIM_DEG[kind])
    return np.radians(np.interp(np.degrees(np.abs(azimuth)), points[:, 0], points[:, 1]))
