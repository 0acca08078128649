"""Skin as data, with the parameters of thesis Table 7.1 (MB-Lab's), and the colours that follow from them.

melanin and hue give the colour, oil the shine, bump and age the relief and how uneven the colour is. The table prints
350 for the age of the skin; MB-Lab's own node ran over [0, 1], and so does Skin.age.
"""

from __future__ import annotations

import colorsys

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from assets.humans.color import Color, linear

SKIN_TONES_SRGB = np.array(
    [
        (0.93, 0.80, 0.73),
        (0.88, 0.71, 0.61),
        (0.80, 0.61, 0.49),
        (0.70, 0.50, 0.38),
        (0.56, 0.38, 0.28),
        (0.45, 0.29, 0.21),
        (0.34, 0.21, 0.155),
        (0.25, 0.155, 0.12),
    ]
)
"""From very light to very dark, about the Fitzpatrick types with two between; sRGB under white light."""

MELANIN_OF_TONE = (0.10, 0.26, 0.41, 0.55, 0.68, 0.80, 0.91, 1.0)
"""Melanin at each of SKIN_TONES_SRGB."""

MELANIN = (0.2, 1.0)
HUE = (0.49, 0.51)


class Skin(BaseModel):
    """How a person's skin looks, each in [0, 1]; the hue is neutral at 0.5 (thesis Table 7.1)."""

    model_config = ConfigDict(frozen=True)

    melanin: float = Field(default=0.35, ge=0, le=1)
    """From very light (0.1) to very dark (1)."""
    hue: float = Field(default=0.5, ge=0, le=1)
    """Turns the colour around the circle of hues, 1 being once around: lower is redder, higher is yellower."""
    oil: float = Field(default=0.3, ge=0, le=1)
    """How much it shines."""
    bump: float = Field(default=0.5, ge=0, le=1)
    """Depth of pores and fine wrinkles."""
    age: float = Field(default=0.2, ge=0, le=1)
    """How blotched it is and how dark its folds are."""

    @property
    def color(self) -> Color:
        """Linear RGB: light is absorbed by melanin as by a dye, so the tones between are geometric means."""
        red, green, blue = (
            np.exp(np.interp(self.melanin, MELANIN_OF_TONE, np.log(SKIN_TONES_SRGB[:, channel])))
            for channel in range(3)
        )
        hue, saturation, value = colorsys.rgb_to_hsv(float(red), float(green), float(blue))
        return linear(colorsys.hsv_to_rgb((hue + self.hue - 0.5) % 1, saturation, value))


def sample_skin(rng: np.random.Generator, age_years: float) -> Skin:
    """Skin of a person of this age; every parameter but the age is uniform as in thesis Table 7.1."""
    return Skin(
        melanin=round(float(rng.uniform(*MELANIN)), 4),
        hue=round(float(rng.uniform(*HUE)), 4),
        oil=round(float(rng.uniform(0, 1)), 4),
        bump=round(float(rng.uniform(0, 1)), 4),
        age=round(float(np.clip((age_years - 22) / 60 + rng.normal(0, 0.1), 0, 1)), 4),
    )


def sample_origin(rng: np.random.Generator, melanin: float) -> np.ndarray:
    """African, asian and caucasian shares (3,) of a person with this much melanin.

    The skin is drawn first and the origin after it, so that the population's melanin stays uniform.
    """
    depth = (melanin - MELANIN[0]) / (MELANIN[1] - MELANIN[0])
    african = 0.06 + 3.2 * float(np.clip(depth - 0.3, 0, 0.7)) ** 1.2
    asian = 0.08 + 1.6 * float(np.exp(-(((depth - 0.38) / 0.24) ** 2)))
    caucasian = 0.06 + 2.2 * float(np.clip(1 - depth / 0.65, 0, 1)) ** 0.8
    return rng.dirichlet((african, asian, caucasian))


def mixed(first: Color, second: Color, share: float) -> Color:
    """Colour a share of the way from first to second."""
    red, green, blue = ((1 - share) * np.asarray(first) + share * np.asarray(second)).tolist()
    return (red, green, blue)


def lip_color(skin: Color) -> Color:
    """Redder and a little darker than the skin."""
    return (skin[0] * 0.85, skin[1] * 0.55, skin[2] * 0.55)
