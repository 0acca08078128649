"""Clothes as data: what people in offices wear, and of what it is made; wardrobe.py cuts it."""

from __future__ import annotations

import colorsys
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.humans.color import Color, linear

TopKind = Literal["tshirt", "polo", "shirt", "blouse", "jumper", "turtleneck", "dress"]
BottomKind = Literal["trousers", "jeans", "slim_trousers", "skirt", "long_skirt"]
JacketKind = Literal["suit_jacket", "cardigan", "hoodie"]
ShoeKind = Literal["shoes", "trainers", "boots"]


class Fabric(BaseModel):
    """What a garment is made of."""

    model_config = ConfigDict(frozen=True)

    color: Color
    pattern: Literal["plain", "stripes", "checks", "noise"] = "plain"
    second_color: Color | None = None
    scale_m: float = 0.03
    """Period of the pattern, metres."""
    roughness: float = 0.8


class Top(BaseModel):
    """Shirt, T-shirt, jumper, blouse or the upper part of a dress."""

    model_config = ConfigDict(frozen=True)

    kind: TopKind
    fabric: Fabric
    sleeve_m: float
    """Length of the sleeve from the shoulder joint, on the average body."""
    tucked: bool = False
    looseness_m: float = 0.01


class Bottom(BaseModel):
    """Trousers or a skirt."""

    model_config = ConfigDict(frozen=True)

    kind: BottomKind
    fabric: Fabric
    hem_m: float
    """Height of the hem above the floor, on the average body."""
    legwear: Color | None = None
    """Colour of tights under a skirt; None for bare legs."""


class Jacket(BaseModel):
    """What is worn open or buttoned over the top."""

    model_config = ConfigDict(frozen=True)

    kind: JacketKind
    fabric: Fabric
    buttoned: bool = False


class Shoes(BaseModel):
    model_config = ConfigDict(frozen=True)

    kind: ShoeKind
    color: Color
    sole_color: Color
    sole_m: float = 0.02


class Outfit(BaseModel):
    """Everything that a person wears."""

    model_config = ConfigDict(frozen=True)

    top: Top
    bottom: Bottom | None
    """None under a dress."""
    jacket: Jacket | None = None
    shoes: Shoes


def sample_outfit(rng: np.random.Generator, sex: str) -> Outfit:
    """Random office clothes."""
    top, bottom = _sample_clothes(rng, sex)
    return Outfit(top=top, bottom=bottom, jacket=_sample_jacket(rng, sex, top), shoes=_sample_shoes(rng))


def sample_fabric(rng: np.random.Generator, pattern_share: float = 0.3, dark: bool = False) -> Fabric:
    """Random cloth: saturation |N(0, 0.3)|, value N(0.5, 0.2) (thesis, section on clothes); dark cloth is darker."""
    color = _cloth_color(rng, dark)
    pattern, second, scale = "plain", None, 0.03
    if rng.random() < pattern_share:
        pattern = str(rng.choice(["stripes", "stripes", "checks", "noise"]))
        second = _cloth_color(rng, dark)
        scale = float(rng.uniform(0.012, 0.07))
    return Fabric(
        color=color,
        pattern=pattern,  # type: ignore[arg-type]
        second_color=second,
        scale_m=round(scale, 4),
        roughness=round(float(rng.uniform(0.6, 0.95)), 3),
    )


def _cloth_color(rng: np.random.Generator, dark: bool) -> Color:
    saturation = min(abs(rng.normal(0, 0.3)), 1.0)
    value = np.clip(rng.normal(0.22, 0.1) if dark else rng.normal(0.5, 0.2), 0.04, 0.95)
    return linear(colorsys.hsv_to_rgb(rng.random(), saturation, value))


def _sample_clothes(rng: np.random.Generator, sex: str) -> tuple[Top, Bottom | None]:
    if sex == "female" and rng.random() < 0.12:
        sleeve = float(rng.choice([0.12, 0.2, 0.53]))
        return Top(kind="dress", fabric=sample_fabric(rng), sleeve_m=sleeve, looseness_m=0.008), None
    names = ["tshirt", "polo", "shirt", "jumper", "turtleneck"] + (["blouse"] if sex == "female" else [])
    shares = np.array([0.25, 0.10, 0.36, 0.22, 0.07] + ([0.45] if sex == "female" else []))
    kind = str(rng.choice(names, p=shares / shares.sum()))
    short = {"tshirt": (0.13, 0.2), "polo": (0.15, 0.21)}
    sleeve = float(rng.uniform(*short[kind])) if kind in short else float(rng.uniform(0.5, 0.545))
    if kind in ("shirt", "jumper", "blouse") and rng.random() < 0.3:
        sleeve = float(rng.uniform(0.18, 0.42)) if kind != "jumper" else 0.36
    loose = {"tshirt": 0.009, "polo": 0.010, "shirt": 0.010, "blouse": 0.010, "jumper": 0.014, "turtleneck": 0.008}
    top = Top(
        kind=kind,  # type: ignore[arg-type]
        fabric=sample_fabric(rng, 0.4 if kind in ("shirt", "blouse", "jumper") else 0.2),
        sleeve_m=round(sleeve, 3),
        tucked=bool(kind in ("shirt", "blouse", "polo") and rng.random() < 0.55),
        looseness_m=round(loose[kind] * float(rng.uniform(0.8, 1.6)), 4),
    )
    return top, _sample_bottom(rng, sex)


def _sample_bottom(rng: np.random.Generator, sex: str) -> Bottom:
    if sex == "female" and rng.random() < 0.28:
        long = rng.random() < 0.3
        legwear = linear((0.09, 0.08, 0.08)) if rng.random() < 0.4 else None
        return Bottom(
            kind="long_skirt" if long else "skirt",
            fabric=sample_fabric(rng, 0.25, dark=bool(rng.random() < 0.5)),
            hem_m=round(float(rng.uniform(0.2, 0.38) if long else rng.uniform(0.46, 0.6)), 3),
            legwear=legwear,
        )
    kind = str(rng.choice(["trousers", "jeans", "slim_trousers"], p=[0.4, 0.33, 0.27]))
    fabric = sample_fabric(rng, 0.06, dark=bool(rng.random() < 0.6))
    if kind == "jeans":
        hue, saturation, value = rng.normal(0.61, 0.015), rng.uniform(0.25, 0.6), rng.uniform(0.15, 0.5)
        fabric = Fabric(color=linear(colorsys.hsv_to_rgb(hue, saturation, value)), pattern="noise", roughness=0.9)
    return Bottom(kind=kind, fabric=fabric, hem_m=round(float(rng.uniform(0.088, 0.105)), 3))  # type: ignore[arg-type]


def _sample_jacket(rng: np.random.Generator, sex: str, top: Top) -> Jacket | None:
    share = {"shirt": 0.4, "blouse": 0.35, "turtleneck": 0.4, "tshirt": 0.25, "polo": 0.12, "dress": 0.3}
    if rng.random() > share.get(top.kind, 0.0):
        return None
    kind = str(rng.choice(["suit_jacket", "cardigan", "hoodie"], p=[0.62, 0.28, 0.10]))
    fabric = sample_fabric(rng, 0.15, dark=bool(kind == "suit_jacket" and rng.random() < 0.7))
    return Jacket(kind=kind, fabric=fabric, buttoned=bool(rng.random() < 0.4))  # type: ignore[arg-type]


def _sample_shoes(rng: np.random.Generator) -> Shoes:
    kind = str(rng.choice(["shoes", "trainers", "boots"], p=[0.5, 0.38, 0.12]))
    if kind == "trainers":
        color, sole = sample_fabric(rng).color, linear((0.8, 0.8, 0.78))
        color = color if rng.random() < 0.6 else linear((0.82, 0.82, 0.8))
    else:
        color = linear(colorsys.hsv_to_rgb(rng.normal(0.07, 0.02) % 1, rng.uniform(0, 0.6), rng.uniform(0.05, 0.3)))
        sole = linear((0.08, 0.07, 0.06))
    return Shoes(kind=kind, color=color, sole_color=sole, sole_m=round(float(rng.uniform(0.012, 0.028)), 4))  # type: ignore[arg-type]
