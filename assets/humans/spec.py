"""HumanSpec: one adult as data, sampled like people in an office; build.py makes the body from it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from assets.humans.clothing import Outfit, sample_outfit
from assets.humans.color import Color
from assets.humans.face import sample_expression
from assets.humans.glasses import Glasses, Headphones, sample_glasses, sample_headphones
from assets.humans.hairstyle import Hair, sample_hair
from assets.humans.headwear import Headwear, sample_headwear
from assets.humans.mblab.spec import MblabSpec
from assets.humans.props import PropsSpec, sample_props
from assets.humans.skin import Skin, sample_origin, sample_skin

STATURE_M = {"male": (1.76, 0.07), "female": (1.63, 0.06)}
"""Mean and standard deviation of adult stature."""

BODY_MASS_INDEX = {"male": (24.4, 0.15), "female": (22.9, 0.16)}
"""Median at 40 years, kg/m2, and deviation of its logarithm, about those of working adults; it rises with age."""

_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
INDEX_OF_WEIGHT: dict[str, tuple[tuple[float, ...], ...]] = {
    "male": (
        (14.6, 18.9, 23.8, 30.7, 38.7), (17.1, 19.8, 22.7, 26.4, 30.5), (19.8, 20.7, 21.7, 22.6, 23.5),
        (19.2, 20.1, 21.1, 23.6, 26.4), (18.7, 19.6, 20.5, 24.8, 29.7),
    ),
    "female": (
        (12.6, 16.2, 20.5, 25.7, 31.6), (14.3, 16.8, 19.6, 22.7, 26.0), (16.2, 17.4, 18.7, 19.8, 21.1),
        (16.3, 17.4, 18.6, 20.1, 21.8), (16.4, 17.4, 18.4, 20.5, 22.8),
    ),
}  # fmt: skip
"""Body mass index of the model's body at 35 years, by its volume at 1.01 kg/l: rows muscle, columns weight, at _STEPS."""


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
    skin: Skin = Skin()
    hair: Hair
    outfit: Outfit
    headwear: Headwear | None = None
    glasses: Glasses | None = None
    headphones: Headphones | None = None
    expression: dict[str, float] = Field(default_factory=dict)
    """Facial actions by the names of anny's, each in [0, 1]; empty: a resting face."""
    fold_seed: int = 0
    """Chooses the folds of the clothes and the ruffle of the hair."""
    props: PropsSpec = PropsSpec()
    """How the things look that a pose puts into the hands."""
    mblab: MblabSpec | None = None
    """A body of MB-Lab in place of anny's; weight, muscle, proportions and origin then have no effect on the shape."""

    @property
    def skin_color(self) -> Color:
        """Linear RGB of the bare skin."""
        return self.skin.color


def sample_human(rng: np.random.Generator, sex: Literal["male", "female"] | None = None) -> HumanSpec:
    """A random office worker: 18 to 70 years old, statures those of STATURE_M, weights those of BODY_MASS_INDEX."""
    chosen: Literal["male", "female"] = sex or ("female" if rng.random() < 0.45 else "male")
    age = float(np.clip(rng.normal(40, 12.5), 18, 70))
    skin = sample_skin(rng, age)
    origin = sample_origin(rng, skin.melanin)
    mean, deviation = STATURE_M[chosen]
    weight, muscle = _sample_build(rng, chosen, age)
    outfit = sample_outfit(rng, chosen)
    hair = sample_hair(rng, chosen, age, origin)
    headwear = sample_headwear(rng, chosen, hair.style)
    scarfed = headwear is not None and headwear.kind in ("hijab", "headscarf")
    return HumanSpec(
        sex=chosen,
        age_years=round(age, 1),
        stature_m=round(float(np.clip(rng.normal(mean, deviation), 1.42, 2.05)), 4),
        weight=weight,
        muscle=muscle,
        proportions=_unit(rng.normal(0.5, 0.15)),
        cupsize=_unit(rng.normal(0.5, 0.15)),
        african=round(float(origin[0]), 4),
        asian=round(float(origin[1]), 4),
        caucasian=round(float(origin[2]), 4),
        skin=skin,
        hair=hair,
        outfit=outfit,
        headwear=headwear,
        glasses=sample_glasses(rng, age),
        headphones=None if scarfed else sample_headphones(rng),
        expression=sample_expression(rng),
        fold_seed=(fold_seed := int(rng.integers(2**31))),
        # From a stream of its own, so that what is drawn after a person does not depend on how props are drawn.
        props=sample_props(np.random.default_rng([fold_seed, 5])),
    )


def _sample_build(rng: np.random.Generator, sex: str, age_years: float) -> tuple[float, float]:
    """Weight and muscle of a body with a body mass index of the population's.

    The model's muscular bodies are neither thin nor fat: who is has less muscle, as little as the index needs.
    """
    median, deviation = BODY_MASS_INDEX[sex]
    index = median * float(np.exp(rng.normal(0.004 * (age_years - 40), deviation)))
    muscle = float(np.clip(rng.normal(0.5, 0.15), 0.05, 0.95))
    for less in np.linspace(muscle, min(muscle, 0.03), 12):
        muscle = float(less)
        lightest, heaviest = (weight_curve(sex, muscle)[end] for end in (0, -1))
        if lightest <= index <= heaviest:
            break
    return _unit(float(np.interp(index, weight_curve(sex, muscle), _STEPS))), _unit(muscle)


def weight_curve(sex: str, muscle: float) -> list[float]:
    """Body mass indices, kg/m2, of the weights 0, 0.25 ... 1 with this muscle; from INDEX_OF_WEIGHT."""
    return [float(np.interp(muscle, _STEPS, column)) for column in zip(*INDEX_OF_WEIGHT[sex], strict=True)]


def _unit(value: float) -> float:
    return round(float(np.clip(value, 0.02, 0.98)), 4)
