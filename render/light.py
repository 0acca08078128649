"""The light of a scene: how strong and how warm a place's lamps, windows and surroundings are.

Gains multiply what the place's own lamps send (render.place); colours are linear sRGB against a neutral light of 4300 K,
to which the camera is taken to be balanced.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from render.place import Place, Rgb

Range = tuple[float, float]
_BALANCED_K = 4300.0
_ADAPTED = 0.6
"""Share of a lamp's tint that the camera's automatic white balance leaves in the picture."""
_XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


class LightConfig(BaseModel):
    """Ranges from which the light of each place is drawn. What is not given is taken from the preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Literal["even", "stand-in"] = "even"
    """even: office lamps and some daylight; stand-in: few warm lamps and a strong window, plainly another light."""
    lamp_gain: Range | None = None
    """Strength of the lamps against a well-lit office."""
    lamp_kelvin: Range | None = None
    """Colour temperature of the lamps."""
    daylight_gain: Range | None = None
    """Strength of the windows against an overcast day."""
    daylight_kelvin: Range | None = None
    """Colour temperature of the daylight."""


class LightSpec(BaseModel):
    """The light of one scene, linear RGB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    panel_gain: Rgb = (1.0, 1.0, 1.0)
    """Multiplies power_w of lamps of kind panel and pendant."""
    window_gain: Rgb = (1.0, 1.0, 1.0)
    """Multiplies power_w of lamps of kind window."""
    ambient: Rgb = (0.0, 0.0, 0.0)
    """Radiance that comes from everywhere, seen by no camera."""


PRESETS: dict[str, dict[str, Range]] = {
    "even": {
        "lamp_gain": (0.6, 1.2), "lamp_kelvin": (3600, 5200), "daylight_gain": (0.2, 1.0), "daylight_kelvin": (5200, 7500),
    },
    "stand-in": {
        "lamp_gain": (0.1, 0.35), "lamp_kelvin": (2700, 3300), "daylight_gain": (0.6, 1.6), "daylight_kelvin": (5500, 9000),
    },
}  # fmt: skip


def sample_light(config: LightConfig, place: Place, rng: np.random.Generator) -> LightSpec:
    """Draw the light of a place. A photograph is lit as it was taken: there only small errors of the estimate vary."""
    if place.background is not None:
        gain = rng.uniform(0.85, 1.15) * rng.uniform(0.97, 1.03, 3)
        return LightSpec(panel_gain=_rgb(gain), window_gain=_rgb(gain), ambient=_rgb(gain * place.ambient))
    drawn = {name: float(rng.uniform(*_range(config, name))) for name in PRESETS["even"]}
    panel = drawn["lamp_gain"] * kelvin_to_rgb(drawn["lamp_kelvin"]) ** _ADAPTED
    window = drawn["daylight_gain"] * kelvin_to_rgb(drawn["daylight_kelvin"]) ** _ADAPTED
    ambient = np.asarray(place.ambient) * (panel + window) / 2
    return LightSpec(panel_gain=_rgb(panel), window_gain=_rgb(window), ambient=_rgb(ambient))


def kelvin_to_rgb(kelvin: float) -> np.ndarray:
    """Linear sRGB of a black body, (3,), against 4300 K and with luminance 1; 1667 K to 25000 K.

    Chromaticity of the Planckian locus by the cubic approximation of Kim et al. 2002 (US patent 7024034).
    """
    color = _black_body(kelvin) / _black_body(_BALANCED_K)
    return np.asarray(color / (color @ [0.2126, 0.7152, 0.0722]))


def _black_body(kelvin: float) -> np.ndarray:
    t = 1000.0 / kelvin
    if kelvin <= 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    return np.maximum(_XYZ_TO_RGB @ np.array([x / y, 1.0, (1 - x - y) / y]), 1e-3)


def _range(config: LightConfig, name: str) -> Range:
    given: Range | None = getattr(config, name)
    return given if given is not None else PRESETS[config.preset][name]


def _rgb(values: np.ndarray) -> Rgb:
    return (round(float(values[0]), 5), round(float(values[1]), 5), round(float(values[2]), 5))
