"""HumanSpec: one adult as data, sampled like people in an office; build.py makes the body from it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from assets.humans.clothing import Outfit, sample_outfit
from assets.humans.color import Color
from assets.humans.hairstyle import Hair, sample_hair
from assets.humans.skin import sample_skin_color

STATURE_M = {"male": (1.76, 0.07), "female": (1.63, 0.06)}
"""Mean and standard deviation of adult stature."""


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
    outfit: Outfit
    fold_seed: int = 0
    """Chooses the folds of the clothes and the ruffle of the hair."""


def sample_human(rng: np.random.Generator, sex: Literal["male", "female"] | None = None) -> HumanSpec:
    """A random office worker. Statures are those of STATURE_M, ages 20 to 67, origins from everywhere."""
    chosen: Literal["male", "female"] = sex or ("female" if rng.random() < 0.45 else "male")
    age = float(np.clip(rng.normal(39, 11), 20, 67))
    origin = rng.dirichlet((0.35, 0.35, 0.5))
    mean, deviation = STATURE_M[chosen]
    skin = sample_skin_color(rng, origin)
    outfit = sample_outfit(rng, chosen)
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
        outfit=outfit,
        fold_seed=int(rng.integers(2**31)),
    )


def _unit(value: float) -> float:
    return round(float(np.clip(value, 0.02, 0.98)), 4)
