"""HumanSpec: one adult as data, sampled like people in an office; build.py makes the body from it."""

from __future__ import annotations

import colorsys
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from assets.humans.skin import sample_skin_color

Color = tuple[float, float, float]
"""Linear RGB in [0, 1]."""

STATURE_M = {"male": (1.76, 0.07), "female": (1.63, 0.06)}
"""Mean and standard deviation of adult stature."""

HairStyle = Literal["bald", "receding", "cropped", "short", "curly", "bob", "long", "ponytail", "bun"]
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


class Hair(BaseModel):
    """Hair on the scalp and, on some men, the face."""

    model_config = ConfigDict(frozen=True)

    style: HairStyle
    color: Color
    second_color: Color
    """The lighter or darker strands between."""
    length_m: float = 0.0
    """How far the curtain of a bob, long hair or a ponytail hangs below the ears."""
    thickness_m: float = 0.02
    parting: float = 0.0
    """Place of the parting: -1 right, 0 none, 1 left."""
    beard: Literal["none", "stubble", "full"] = "none"


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


class HumanSpec(BaseModel):
    """One dressed adult: everything build_human needs besides a pose."""

    model_config = ConfigDict(frozen=True)

    sex: Literal["male", "female"]
    age_years: float = Field(ge=18, le=90)
    stature_m: float = Field(ge=1.3, le=2.2)
    """Height of the bare body."""
    weight: float = Field(0.5, ge=0, le=1)
    """From thin to fat as MakeHuman counts it; 0.5 is average."""
    muscle: float = Field(0.5, ge=0, le=1)
    proportions: float = Field(0.5, ge=0, le=1)
    cupsize: float = Field(0.5, ge=0, le=1)
    african: float = Field(1 / 3, ge=0, le=1)
    asian: float = Field(1 / 3, ge=0, le=1)
    caucasian: float = Field(1 / 3, ge=0, le=1)
    skin_color: Color
    hair: Hair
    top: Top
    bottom: Bottom | None
    """None under a dress."""
    jacket: Jacket | None = None
    shoes: Shoes
    fold_seed: int = 0
    """Chooses the folds of the clothes and the ruffle of the hair."""


def linear(srgb: np.ndarray | tuple[float, ...]) -> Color:
    """Linear RGB of an sRGB colour in [0, 1] (IEC 61966-2-1)."""
    value = np.clip(np.asarray(srgb, dtype=np.float64), 0, 1)
    red, green, blue = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return (round(float(red), 5), round(float(green), 5), round(float(blue), 5))


def sample_human(rng: np.random.Generator, sex: Literal["male", "female"] | None = None) -> HumanSpec:
    """A random office worker. Statures are those of STATURE_M, ages 20 to 67, origins from everywhere."""
    chosen: Literal["male", "female"] = sex or ("female" if rng.random() < 0.45 else "male")
    age = float(np.clip(rng.normal(39, 11), 20, 67))
    origin = rng.dirichlet((0.35, 0.35, 0.5))
    mean, deviation = STATURE_M[chosen]
    skin = sample_skin_color(rng, origin)
    top, bottom = _sample_clothes(rng, chosen)
    return HumanSpec(
        sex=chosen,
        age_years=round(age, 1),
        stature_m=round(float(np.clip(rng.normal(mean, deviation), 1.42, 2.05)), 4),
        weight=_unit(rng.normal(0.5 + 0.004 * (age - 39), 0.13)),
        muscle=_unit(rng.normal(0.5, 0.12)),
        proportions=_unit(rng.normal(0.5, 0.15)),
        cupsize=_unit(rng.normal(0.5, 0.15)),
        african=round(float(origin[0]), 4),
        asian=round(float(origin[1]), 4),
        caucasian=round(float(origin[2]), 4),
        skin_color=skin,
        hair=sample_hair(rng, chosen, age, origin),
        top=top,
        bottom=bottom,
        jacket=_sample_jacket(rng, chosen, top),
        shoes=_sample_shoes(rng),
        fold_seed=int(rng.integers(2**31)),
    )


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


NATURAL_HAIR: dict[str, tuple[float, float, float]] = {
    "black": (0.07, 0.06, 0.06),
    "dark brown": (0.17, 0.11, 0.08),
    "brown": (0.30, 0.20, 0.13),
    "light brown": (0.46, 0.33, 0.21),
    "blond": (0.72, 0.58, 0.38),
    "red": (0.48, 0.22, 0.10),
    "grey": (0.60, 0.59, 0.58),
    "white": (0.82, 0.81, 0.79),
}
"""sRGB colours of hair."""


def sample_hair(rng: np.random.Generator, sex: str, age_years: float, origin: np.ndarray) -> Hair:
    """Hair for a person of this sex, age and origin (african, asian, caucasian shares)."""
    color = _sample_hair_color(rng, sex, age_years, float(origin[2]))
    if sex == "male":
        balding = 0.02 + 0.009 * max(age_years - 25, 0)
        names = ["bald", "receding", "cropped", "short", "curly", "bob", "bun"]
        shares = np.array([0.35 * balding, 0.65 * balding, 0.25, 0.52, 0.06 + 0.2 * float(origin[0]), 0.03, 0.02])
    else:
        names = ["short", "curly", "bob", "long", "ponytail", "bun"]
        shares = np.array([0.10, 0.06 + 0.3 * float(origin[0]), 0.22, 0.32, 0.18, 0.14])
    style = str(rng.choice(names, p=shares / shares.sum()))
    thickness = {"bald": 0.0, "receding": 0.008, "cropped": 0.007, "short": 0.022, "curly": 0.042, "bob": 0.026}
    length = {"bob": (0.03, 0.10), "long": (0.15, 0.36), "ponytail": (0.12, 0.32)}.get(style, (0.0, 0.0))
    beard = str(rng.choice(["none", "stubble", "full"], p=[0.62, 0.18, 0.20])) if sex == "male" else "none"
    return Hair(
        style=style,  # type: ignore[arg-type]
        color=linear(color),
        second_color=linear(np.clip(color * rng.uniform(1.15, 1.6) + 0.03, 0, 1)),
        length_m=round(float(rng.uniform(*length)), 3),
        thickness_m=round(thickness.get(style, 0.018) * float(rng.uniform(0.75, 1.35)), 4),
        parting=round(float(rng.choice([-0.6, 0.0, 0.0, 0.6, 0.2, -0.2])), 2),
        beard=beard,  # type: ignore[arg-type]
    )


def _sample_hair_color(rng: np.random.Generator, sex: str, age_years: float, caucasian: float) -> np.ndarray:
    """sRGB (3,), greyer with age; dyed now and then."""
    if rng.random() < (0.05 if sex == "female" else 0.015):
        return np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.75)))
    fair = ["dark brown", "brown", "light brown", "blond", "red", "black"]
    name = str(rng.choice(fair, p=[0.26, 0.28, 0.18, 0.18, 0.04, 0.06]))
    if rng.random() > caucasian:
        name = str(rng.choice(["black", "dark brown", "brown"], p=[0.7, 0.22, 0.08]))
    color = np.array(NATURAL_HAIR[name])
    greying = np.clip((age_years - 42) / 25 + rng.normal(0, 0.25), 0, 1) * (0.6 if sex == "female" else 1.0)
    grey = np.array(NATURAL_HAIR["white" if rng.random() < 0.3 else "grey"])
    shade = float(np.exp(rng.normal(0, 0.12)))
    return np.clip(shade * ((1 - greying) * color + greying * grey) + rng.normal(0, 0.004, 3), 0.02, 0.95)


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


def _unit(value: float) -> float:
    return round(float(np.clip(value, 0.02, 0.98)), 4)
