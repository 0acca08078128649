"""The light of a scene: how strong and how warm a place's lamps, windows and surroundings are.

Gains multiply what the place's own lamps send (render.place); colours are linear sRGB against a neutral light of 4300 K,
to which the camera is taken to be balanced. What glows visibly (lamp faces, the sky outside) follows its light: glow_gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.mesh import Material
from render.light_presets import PRESETS, RANGES, VARIED, Range
from render.place import Lamp, Place, Rgb

_BALANCED_K = 4300.0
_ADAPTED = 0.6
"""Share of a lamp's tint that the camera's automatic white balance leaves in the picture."""
_SUN_W = math.pi**2 * 8.0**2
"""Watts of a small lamp 8 m from a white floor that it lights to radiance 1."""
_UNLIT_GLOW = 0.02
_SUN_KELVIN = 5200.0
_XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


class LightConfig(BaseModel):
    """Ranges from which the light of each place is drawn. What is not given is taken from the preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Literal[
        "varied", "even", "day", "sunny", "dusk", "daylight", "night", "spots", "warm", "cool", "stand-in"
    ] = "varied"
    """varied: one of the next nine for each office; even: office lamps and some daylight; day: much daylight; sunny:
    patches of sun; dusk: lamps and a dim blue window; daylight: lamps off; night: some lamps on; spots: a few warm ones;
    warm, cool: tinted lamps; stand-in: few warm lamps and a strong window, plainly another light."""
    lamp_gain: Range | None = None
    """Strength of the lamps against a well-lit office."""
    lamp_kelvin: Range | None = None
    """Colour temperature of the lamps."""
    daylight_gain: Range | None = None
    """Strength of the windows against an overcast day."""
    daylight_kelvin: Range | None = None
    """Colour temperature of the daylight."""
    sun_gain: Range | None = None
    """Brightness of a white floor in the sun against a well-lit one; 0: the sun does not come in."""
    dark_share: Range | None = None
    """Share of the lamps' circuits that are switched off."""
    ambient_gain: Range | None = None
    """Strength of the light from everywhere against the usual."""
    exposure_ev: Range | None = None
    """Stops by which the camera's metering leaves the picture brighter (+) or darker (-)."""


class LightSpec(BaseModel):
    """The light of one scene, linear RGB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str = ""
    """Which kind of light was drawn; empty for a photograph."""
    panel_gain: Rgb = (1.0, 1.0, 1.0)
    """Multiplies power_w of lamps of kind panel and pendant."""
    window_gain: Rgb = (1.0, 1.0, 1.0)
    """Multiplies power_w of lamps of kind window."""
    sun_w: Rgb = (0.0, 0.0, 0.0)
    """Multiplies power_w of lamps of kind sun, which is 1 W."""
    dark_circuits: tuple[int, ...] = ()
    """Circuits of ceiling lamps that are switched off."""
    ambient: Rgb = (0.0, 0.0, 0.0)
    """Radiance that comes from everywhere, seen by no camera."""
    exposure_ev: float = 0.0
    """Stops by which the camera's metering leaves the picture brighter (+) or darker (-)."""

    def gain_of(self, lamp: Lamp) -> Rgb:
        """What multiplies a lamp's power_w."""
        if lamp.kind == "sun":
            return self.sun_w
        if lamp.kind == "window":
            return self.window_gain
        off = isinstance(lamp, OfficeLamp) and lamp.circuit in self.dark_circuits
        return (0.0, 0.0, 0.0) if off else self.panel_gain


@dataclass(frozen=True)
class OfficeLamp(Lamp):
    """A lamp of a circuit that can be switched off."""

    circuit: int = 0


def glow_gain(material: Material, light: LightSpec) -> Rgb:
    """What multiplies the emission of a glowing material: lamp faces ("lamp glow <circuit>") and the view outside.

    Screens and all else glow as they are.
    """
    if material.name in ("sky", "town"):
        return light.window_gain
    if not material.name.startswith("lamp glow "):
        return (1.0, 1.0, 1.0)
    if int(material.name.rsplit(" ", 1)[1]) in light.dark_circuits or max(light.panel_gain) <= 0:
        return (_UNLIT_GLOW, _UNLIT_GLOW, _UNLIT_GLOW)
    return light.panel_gain


def sample_light(config: LightConfig, place: Place, rng: np.random.Generator) -> LightSpec:
    """Draw the light of a place. A photograph is lit as it was taken: there only small errors of the estimate vary."""
    if place.background is not None:
        gain = rng.uniform(0.85, 1.15) * rng.uniform(0.97, 1.03, 3)
        return LightSpec(panel_gain=_rgb(gain), window_gain=_rgb(gain), ambient=_rgb(gain * place.ambient))
    preset = _preset(config, place, rng)
    drawn = {name: float(rng.uniform(*_range(config, preset, name))) for name in RANGES}
    panel = drawn["lamp_gain"] * kelvin_to_rgb(drawn["lamp_kelvin"]) ** _ADAPTED
    window = drawn["daylight_gain"] * kelvin_to_rgb(drawn["daylight_kelvin"]) ** _ADAPTED
    sun = drawn["sun_gain"] * _SUN_W * kelvin_to_rgb(_SUN_KELVIN) ** _ADAPTED
    ambient = np.asarray(place.ambient) * (panel + window) / 2 * drawn["ambient_gain"]
    return LightSpec(
        preset=preset,
        panel_gain=_rgb(panel),
        window_gain=_rgb(window),
        sun_w=_rgb(sun),
        dark_circuits=_dark_circuits(place, drawn["dark_share"], rng) if drawn["lamp_gain"] > 0 else (),
        ambient=_rgb(ambient),
        exposure_ev=round(drawn["exposure_ev"], 3),
    )


def _preset(config: LightConfig, place: Place, rng: np.random.Generator) -> str:
    """The preset that is meant; in a room without windows none that lives on daylight."""
    if config.preset != "varied":
        return config.preset
    windows = any(lamp.kind == "window" for lamp in place.lamps)
    names = [name for name in VARIED if windows or name not in ("daylight", "sunny")]
    shares = np.array([VARIED[name] for name in names])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _dark_circuits(place: Place, share: float, rng: np.random.Generator) -> tuple[int, ...]:
    """A share of the circuits that a place has, never all of them."""
    circuits = sorted({lamp.circuit for lamp in place.lamps if isinstance(lamp, OfficeLamp)})
    count = min(round(share * len(circuits)), len(circuits) - 1)
    if count < 1:
        return ()
    return tuple(sorted(int(number) for number in rng.choice(circuits, count, replace=False)))


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


def _range(config: LightConfig, preset: str, name: str) -> Range:
    given: Range | None = getattr(config, name)
    return given if given is not None else PRESETS[preset][name]


def _rgb(values: np.ndarray) -> Rgb:
    return (round(float(values[0]), 5), round(float(values[1]), 5), round(float(values[2]), 5))
