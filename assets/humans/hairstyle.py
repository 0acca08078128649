"""Hair as data: styles and colours of people in offices; hair.py grows it."""

from __future__ import annotations

import colorsys
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.humans.color import Color, linear

HairStyle = Literal["bald", "receding", "cropped", "short", "curly", "bob", "long", "ponytail", "bun"]


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
