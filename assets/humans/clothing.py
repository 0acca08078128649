"""Clothes as data: what people in offices wear together, and of what it is made; wardrobe.py cuts it."""

from __future__ import annotations

import colorsys
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.humans.color import Color, linear

TopKind = Literal["tshirt", "polo", "shirt", "blouse", "jumper", "turtleneck", "dress"]
BottomKind = Literal["trousers", "jeans", "slim_trousers", "skirt", "long_skirt", "pleated_skirt"]
JacketKind = Literal["suit_jacket", "cardigan", "hoodie"]
ShoeKind = Literal["shoes", "loafers", "trainers", "boots", "ballerinas", "heels"]
BagKind = Literal["backpack", "shoulder_bag"]

SUIT_SHARE = {"male": 0.16, "female": 0.08}
"""How many wear jacket and trousers of one cloth."""
BAG_SHARE = 0.06
"""How many carry a bag on the body; of those who walk, more do (sample_bag)."""
_SHORT_SLEEVE_M = {"tshirt": (0.13, 0.2), "polo": (0.15, 0.21)}
_LOOSENESS_M = {
    "tshirt": 0.009, "polo": 0.010, "shirt": 0.010, "blouse": 0.010, "jumper": 0.014, "turtleneck": 0.008,
}  # fmt: skip


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
    hem_m: float = 0.5
    """Height of a dress's hem above the floor, on the average body."""
    pocket: bool = False
    """Whether a pocket is sewn on the chest."""


class Bottom(BaseModel):
    """Trousers or a skirt."""

    model_config = ConfigDict(frozen=True)

    kind: BottomKind
    fabric: Fabric
    hem_m: float
    """Height of the hem above the floor, on the average body."""
    legwear: Color | None = None
    """Colour of tights under a skirt; None for bare legs."""
    belt: Color | None = None


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


class Lanyard(BaseModel):
    """A ribbon around the neck with a badge."""

    model_config = ConfigDict(frozen=True)

    color: Color
    badge_color: Color


class Bag(BaseModel):
    """What is carried on the body, for those who stand or walk."""

    model_config = ConfigDict(frozen=True)

    kind: BagKind
    color: Color
    size: float = 1.0


class Outfit(BaseModel):
    """Everything that a person wears."""

    model_config = ConfigDict(frozen=True)

    top: Top
    bottom: Bottom | None
    """None under a dress."""
    jacket: Jacket | None = None
    shoes: Shoes
    tie: Fabric | None = None
    scarf: Fabric | None = None
    """Worn around the neck."""
    lanyard: Lanyard | None = None
    bag: Bag | None = None
    """Left out when the person sits."""


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


def dark_cloth(rng: np.random.Generator) -> Color:
    """Black, charcoal or navy, as suits are."""
    if rng.random() < 0.4:
        hsv = (float(rng.normal(0.62, 0.02)), float(rng.uniform(0.2, 0.55)), float(rng.uniform(0.1, 0.26)))
    else:
        hsv = (float(rng.random()), float(rng.uniform(0.0, 0.12)), float(rng.uniform(0.06, 0.32)))
    return linear(colorsys.hsv_to_rgb(*hsv))


def _cloth_color(rng: np.random.Generator, dark: bool) -> Color:
    saturation = min(abs(rng.normal(0, 0.3)), 1.0)
    value = np.clip(rng.normal(0.22, 0.1) if dark else rng.normal(0.5, 0.2), 0.04, 0.95)
    return linear(colorsys.hsv_to_rgb(rng.random(), saturation, value))


def sample_outfit(rng: np.random.Generator, sex: str) -> Outfit:
    """Random office clothes."""
    if rng.random() < SUIT_SHARE[sex]:
        outfit = _sample_suit(rng, sex)
    else:
        top, bottom = _sample_clothes(rng, sex)
        jacket = _sample_jacket(rng, top)
        outfit = Outfit(top=top, bottom=bottom, jacket=jacket, shoes=_sample_shoes(rng, sex))
    return outfit.model_copy(update=_sample_extras(rng, sex, outfit))


def sample_bag(rng: np.random.Generator) -> Bag:
    """A backpack or a shoulder bag, mostly dark."""
    kind = str(rng.choice(["backpack", "shoulder_bag"], p=[0.55, 0.45]))
    color = dark_cloth(rng) if rng.random() < 0.75 else sample_fabric(rng).color
    return Bag(kind=kind, color=color, size=round(float(rng.uniform(0.8, 1.15)), 3))  # type: ignore[arg-type]


def _sample_suit(rng: np.random.Generator, sex: str) -> Outfit:
    """Jacket and trousers of the same dark cloth over a shirt, perhaps with a tie."""
    pattern = "stripes" if rng.random() < 0.12 else "plain"
    color = dark_cloth(rng)
    second = linear((0.35, 0.35, 0.38)) if pattern == "stripes" else None
    cloth = Fabric(color=color, pattern=pattern, second_color=second, scale_m=0.02, roughness=0.85)  # type: ignore[arg-type]
    kind = "shirt" if sex == "male" or rng.random() < 0.5 else "blouse"
    top = Top(
        kind=kind,  # type: ignore[arg-type]
        fabric=sample_fabric(rng, 0.25),
        sleeve_m=0.545,
        tucked=True,
        looseness_m=round(float(rng.uniform(0.008, 0.014)), 4),
    )
    belt = linear((0.05, 0.04, 0.03)) if rng.random() < 0.7 else None
    bottom = Bottom(kind="trousers", fabric=cloth, hem_m=round(float(rng.uniform(0.088, 0.1)), 3), belt=belt)
    jacket = Jacket(kind="suit_jacket", fabric=cloth, buttoned=bool(rng.random() < 0.5))
    tie = None
    if sex == "male" and rng.random() < 0.5:
        tie = sample_fabric(rng, 0.5, dark=bool(rng.random() < 0.5)).model_copy(update={"roughness": 0.5})
    return Outfit(top=top, bottom=bottom, jacket=jacket, shoes=_sample_shoes(rng, sex, smart=True), tie=tie)


def _sample_clothes(rng: np.random.Generator, sex: str) -> tuple[Top, Bottom | None]:
    if sex == "female" and rng.random() < 0.12:
        sleeve = float(rng.choice([0.12, 0.2, 0.54]))
        hem = round(float(rng.uniform(0.2, 0.36) if rng.random() < 0.3 else rng.uniform(0.42, 0.58)), 2)
        return Top(kind="dress", fabric=sample_fabric(rng, 0.4), sleeve_m=sleeve, looseness_m=0.008, hem_m=hem), None
    names = ["tshirt", "polo", "shirt", "jumper", "turtleneck"] + (["blouse"] if sex == "female" else [])
    shares = np.array([0.25, 0.10, 0.36, 0.22, 0.07] + ([0.45] if sex == "female" else []))
    kind = str(rng.choice(names, p=shares / shares.sum()))
    sleeve = float(rng.uniform(*_SHORT_SLEEVE_M[kind])) if kind in _SHORT_SLEEVE_M else float(rng.uniform(0.5, 0.545))
    if kind in ("shirt", "jumper", "blouse") and rng.random() < 0.3:
        sleeve = float(rng.uniform(0.18, 0.42)) if kind != "jumper" else 0.36
    top = Top(
        kind=kind,  # type: ignore[arg-type]
        fabric=sample_fabric(rng, 0.4 if kind in ("shirt", "blouse", "jumper") else 0.2),
        sleeve_m=round(sleeve, 2),
        tucked=bool(kind in ("shirt", "blouse", "polo") and rng.random() < 0.55),
        looseness_m=round(_LOOSENESS_M[kind] * float(rng.uniform(0.8, 1.6)), 4),
        pocket=bool(kind in ("shirt", "polo", "tshirt") and rng.random() < 0.35),
    )
    return top, _sample_bottom(rng, sex, top.tucked)


def _sample_bottom(rng: np.random.Generator, sex: str, tucked: bool) -> Bottom:
    if sex == "female" and rng.random() < 0.28:
        return _sample_skirt(rng)
    kind = str(rng.choice(["trousers", "jeans", "slim_trousers"], p=[0.4, 0.33, 0.27]))
    fabric = sample_fabric(rng, 0.06, dark=bool(rng.random() < 0.72))
    if kind == "jeans":
        hue, saturation, value = rng.normal(0.61, 0.015), rng.uniform(0.25, 0.6), rng.uniform(0.15, 0.5)
        fabric = Fabric(color=linear(colorsys.hsv_to_rgb(hue, saturation, value)), pattern="noise", roughness=0.9)
    belt = _leather(rng) if tucked and rng.random() < 0.6 else None
    return Bottom(kind=kind, fabric=fabric, hem_m=round(float(rng.uniform(0.088, 0.105)), 3), belt=belt)  # type: ignore[arg-type]


def _sample_skirt(rng: np.random.Generator) -> Bottom:
    kind = str(rng.choice(["skirt", "long_skirt", "pleated_skirt"], p=[0.55, 0.25, 0.2]))
    low, high = {"skirt": (0.46, 0.6), "long_skirt": (0.2, 0.38), "pleated_skirt": (0.36, 0.58)}[kind]
    return Bottom(
        kind=kind,  # type: ignore[arg-type]
        fabric=sample_fabric(rng, 0.25, dark=bool(rng.random() < 0.55)),
        hem_m=round(float(rng.uniform(low, high)), 2),
        legwear=linear((0.09, 0.08, 0.08)) if rng.random() < 0.4 else None,
    )


def _sample_jacket(rng: np.random.Generator, top: Top) -> Jacket | None:
    share = {"shirt": 0.35, "blouse": 0.33, "turtleneck": 0.4, "tshirt": 0.25, "polo": 0.12, "dress": 0.3}
    if rng.random() > share.get(top.kind, 0.0):
        return None
    kind = str(rng.choice(["suit_jacket", "cardigan", "hoodie"], p=[0.56, 0.31, 0.13]))
    fabric = sample_fabric(rng, 0.12, dark=bool(rng.random() < (0.8 if kind == "suit_jacket" else 0.4)))
    return Jacket(kind=kind, fabric=fabric, buttoned=bool(rng.random() < 0.4))  # type: ignore[arg-type]


def _sample_extras(rng: np.random.Generator, sex: str, outfit: Outfit) -> dict[str, object]:
    """Scarf, lanyard, bag, and a tie without a suit."""
    extras: dict[str, object] = {}
    if outfit.tie is None and rng.random() < (0.07 if sex == "female" else 0.03):
        extras["scarf"] = sample_fabric(rng, 0.5)
    if "scarf" not in extras and rng.random() < 0.18:
        badge = linear((0.85, 0.85, 0.83)) if rng.random() < 0.7 else sample_fabric(rng).color
        extras["lanyard"] = Lanyard(
            color=sample_fabric(rng, 0.0, dark=bool(rng.random() < 0.5)).color, badge_color=badge
        )
    if rng.random() < BAG_SHARE:
        extras["bag"] = sample_bag(rng)
    if sex == "male" and outfit.tie is None and outfit.top.kind == "shirt" and rng.random() < 0.06:
        extras["tie"] = sample_fabric(rng, 0.4, dark=True)
    return extras


def _leather(rng: np.random.Generator) -> Color:
    hue, saturation, value = rng.normal(0.07, 0.02) % 1, rng.uniform(0, 0.6), rng.uniform(0.05, 0.3)
    return linear(colorsys.hsv_to_rgb(hue, saturation, value))


def _sample_shoes(rng: np.random.Generator, sex: str, smart: bool = False) -> Shoes:
    names, shares = ["shoes", "loafers", "trainers", "boots"], np.array([0.34, 0.14, 0.4, 0.12])
    if sex == "female":
        names, shares = [*names, "ballerinas", "heels"], np.array([0.14, 0.14, 0.34, 0.14, 0.14, 0.1])
    if smart:
        shares = shares * np.array([name not in ("trainers", "boots") for name in names])
    kind = str(rng.choice(names, p=shares / shares.sum()))
    color, sole = _leather(rng), linear((0.08, 0.07, 0.06))
    if kind == "trainers":
        color, sole = sample_fabric(rng).color, linear((0.8, 0.8, 0.78))
        color = color if rng.random() < 0.6 else linear((0.82, 0.82, 0.8))
    low, high = {"heels": (0.02, 0.034), "ballerinas": (0.008, 0.012)}.get(kind, (0.012, 0.028))
    sole_m = round(float(rng.uniform(low, high)), 4)
    return Shoes(kind=kind, color=color, sole_color=sole, sole_m=sole_m)  # type: ignore[arg-type]
