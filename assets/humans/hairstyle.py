"""Hair as data: styles and colours of people in offices; hair.py and its neighbours grow it."""

from __future__ import annotations

import colorsys
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.humans.color import Color, linear

HairStyle = Literal[
    "bald", "receding", "cropped", "short", "medium", "curly", "afro", "bob", "long", "ponytail", "bun", "plait"
]
Beard = Literal["none", "stubble", "short", "full", "moustache", "goatee"]
Sweep = Literal["forward", "back", "side", "up"]


class Hair(BaseModel):
    """Hair on the scalp and, on some men, the face."""

    model_config = ConfigDict(frozen=True)

    style: HairStyle
    color: Color
    second_color: Color
    """The strands between: lighter, grey or dyed."""
    second_share: float = 0.25
    """How many strands have the second colour."""
    root_shade: float = 0.7
    """Brightness near the skin against that of the tips; low where dyed hair has grown out."""
    length_m: float = 0.0
    """How far medium hair, a bob, long hair, a ponytail or a plait hangs below the ears."""
    thickness_m: float = 0.02
    """How far the hair stands off the skull."""
    parting: float = 0.0
    """Place of the parting: -1 right, 0 none, 1 left."""
    sweep: Sweep = "forward"
    """Where the hair on top lies: to the brow, to the nape, away from the parting, or on end."""
    wave: float = 0.0
    """From straight, 0, to wavy, 1."""
    ruffle: float = 0.4
    """From sleek, 0, to tousled, 1."""
    beard: Beard = "none"


NATURAL_HAIR: dict[str, tuple[float, float, float]] = {
    "black": (0.09, 0.08, 0.08),
    "dark brown": (0.19, 0.13, 0.10),
    "brown": (0.30, 0.20, 0.13),
    "light brown": (0.46, 0.33, 0.21),
    "blond": (0.72, 0.58, 0.38),
    "red": (0.48, 0.22, 0.10),
    "grey": (0.56, 0.55, 0.54),
    "white": (0.80, 0.79, 0.77),
}
"""sRGB colours of hair."""

THICKNESS_M: dict[str, float] = {
    "bald": 0.0, "receding": 0.007, "cropped": 0.006, "short": 0.020, "medium": 0.024, "curly": 0.036, "afro": 0.062,
    "bob": 0.024, "long": 0.017, "ponytail": 0.011, "bun": 0.011, "plait": 0.011,
}  # fmt: skip
"""Middle of the thickness of each style."""

HANGING_M: dict[str, tuple[float, float]] = {
    "medium": (0.0, 0.035), "bob": (0.02, 0.10), "long": (0.14, 0.36), "ponytail": (0.10, 0.30), "plait": (0.14, 0.32),
}  # fmt: skip
"""Least and greatest length of the styles that hang."""


def sample_hair(rng: np.random.Generator, sex: str, age_years: float, origin: np.ndarray) -> Hair:
    """Hair for a person of this sex, age and origin (african, asian, caucasian shares)."""
    style = _sample_style(rng, sex, age_years, float(origin[0]))
    color, second, share, roots = _sample_colors(rng, sex, age_years, float(origin[2]))
    straight = style not in ("curly", "afro")
    return Hair(
        style=style,
        color=linear(color),
        second_color=linear(second),
        second_share=round(share, 3),
        root_shade=round(roots, 3),
        length_m=round(float(rng.uniform(*HANGING_M.get(style, (0.0, 0.0)))), 3),
        thickness_m=round(THICKNESS_M[style] * float(np.exp(rng.normal(0, 0.22))), 4),
        parting=round(float(rng.choice([-0.6, -0.35, 0.0, 0.0, 0.0, 0.35, 0.6])), 2),
        sweep=_sample_sweep(rng, sex),
        wave=round(float(rng.beta(0.8, 1.6)) if straight else 1.0, 3),
        ruffle=round(float(rng.beta(1.6, 2.0)), 3),
        beard=_sample_beard(rng, age_years) if sex == "male" else "none",
    )


def _sample_style(rng: np.random.Generator, sex: str, age_years: float, african: float) -> HairStyle:
    if sex == "male":
        balding = 0.02 + 0.009 * max(age_years - 25, 0)
        shares = {
            "bald": 0.35 * balding, "receding": 0.65 * balding, "cropped": 0.2 + 0.35 * african, "short": 0.55,
            "medium": 0.06, "curly": 0.06 + 0.08 * african, "afro": 0.22 * african**2, "long": 0.02, "bun": 0.02,
        }  # fmt: skip
    else:
        shares = {
            "cropped": 0.02 + 0.05 * african, "short": 0.08, "medium": 0.09, "curly": 0.06 + 0.12 * african,
            "afro": 0.3 * african**2, "bob": 0.18, "long": 0.33, "ponytail": 0.18, "bun": 0.13, "plait": 0.04,
        }  # fmt: skip
    weights = np.array(list(shares.values()))
    return list(shares)[int(rng.choice(len(shares), p=weights / weights.sum()))]  # type: ignore[return-value]


def _sample_sweep(rng: np.random.Generator, sex: str) -> Sweep:
    shares = [0.42, 0.22, 0.28, 0.08] if sex == "male" else [0.35, 0.3, 0.35, 0.0]
    names: tuple[Sweep, ...] = ("forward", "back", "side", "up")
    return names[int(rng.choice(4, p=shares))]


def _sample_beard(rng: np.random.Generator, age_years: float) -> Beard:
    names: tuple[Beard, ...] = ("none", "stubble", "short", "full", "moustache", "goatee")
    young = age_years < 26
    shares = [0.62, 0.22, 0.08, 0.02, 0.03, 0.03] if young else [0.48, 0.20, 0.15, 0.08, 0.04, 0.05]
    return names[int(rng.choice(len(names), p=shares))]


def _sample_colors(
    rng: np.random.Generator, sex: str, age_years: float, caucasian: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """sRGB (3,) of the hair and of its second strands, the share of these, and the shade of the roots."""
    natural = _sample_natural(rng, caucasian)
    lighter = np.clip(natural * rng.uniform(1.08, 1.3) + 0.02, 0, 1)
    greying = float(np.clip((age_years - 44) / 28 + rng.normal(0, 0.2), 0, 1))
    grey = np.array(NATURAL_HAIR["white" if rng.random() < 0.3 else "grey"])
    roots = float(rng.uniform(0.6, 0.85))
    dyed = rng.random() < ((0.25 + 0.5 * greying) if sex == "female" else 0.03)
    if dyed and rng.random() < 0.07:  # no colour of nature's
        bright = np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.75)))
        return bright, np.clip(bright * 1.15, 0, 1), 0.3, float(rng.uniform(0.3, 0.7))
    if dyed and rng.random() < 0.5:  # streaks over the natural colour
        streaks = np.clip(natural * rng.uniform(1.2, 1.7) + (0.10, 0.07, 0.03), 0, 0.8)
        return natural, streaks, float(rng.uniform(0.2, 0.55)), roots
    if dyed:
        tone = _sample_natural(rng, 0.8)
        return tone, np.clip(tone * 1.2 + 0.02, 0, 1), 0.25, float(rng.uniform(0.35, 0.75))
    if greying > 0.5:
        return (1 - 0.8 * greying) * natural + 0.8 * greying * grey, np.clip(grey * 1.1, 0, 0.9), greying, 0.85
    if greying > 0.05:
        return natural, grey, 0.9 * greying, roots
    return natural, lighter, float(rng.uniform(0.15, 0.4)), roots


def _sample_natural(rng: np.random.Generator, caucasian: float) -> np.ndarray:
    """sRGB (3,) of a young person's hair."""
    fair = ["dark brown", "brown", "light brown", "blond", "red", "black"]
    name = str(rng.choice(fair, p=[0.28, 0.28, 0.17, 0.16, 0.04, 0.07]))
    if rng.random() > caucasian:
        name = str(rng.choice(["black", "dark brown", "brown"], p=[0.74, 0.21, 0.05]))
    shade = float(np.exp(rng.normal(0, 0.12)))
    return np.clip(shade * np.array(NATURAL_HAIR[name]) + rng.normal(0, 0.004, 3), 0.03, 0.95)
