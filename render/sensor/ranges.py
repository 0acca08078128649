"""The ranges from which each scene's camera is drawn: as given, as a preset has them, or as measured of real pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from annotate.errors import InputError
from render.sensor.spec import Range, SensorSpec

Chance = float | None
PresetName = Literal["auto", "varied", "mild", "stand-in", "off"]


class SensorConfig(BaseModel):
    """Ranges from which each scene's camera is drawn. What is not given is taken from the preset.

    An effect whose range is given occurs always, unless its chance is given too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: PresetName = "auto"
    """auto: varied, but over photographs the camera that took them, as measured from them; varied: as ceiling cameras
    differ; mild: a good camera; stand-in: a cheap one, plainly another; off: none of it."""
    like: Path | None = None
    """Real pictures (their folder), or the YAML or JSON that `sensor measure` made of them: what was measured takes the
    place of the preset, and stands in the ranges below of the saved config."""
    exposure_ev: Range | None = None
    """Stops brighter (+) or darker (-) than the automatic exposure."""
    red_gain: Range | None = None
    """White balance of red against green."""
    blue_gain: Range | None = None
    """White balance of blue against green."""
    vignetting: Range | None = None
    """Share of the light that is lost at the rim of the lens circle."""
    blur_px: Range | None = None
    """Standard deviation of the lens blur on the axis; px values refer to pictures of 640 px."""
    rim_blur_px: Range | None = None
    """Standard deviation of the blur that the rim has besides."""
    shaking: Chance = None
    """Chance that the camera is shaken."""
    shake_px: Range | None = None
    """Way of the picture while the shutter was open."""
    shake_angle_deg: Range | None = None
    """Direction of that way."""
    fringing: Chance = None
    """Chance of lateral colour fringes."""
    fringe_px: Range | None = None
    """How far red lies outwards, and blue inwards, at the rim."""
    monochrome: Chance = None
    """Chance of a grey picture, as in low light."""
    shot_noise: Range | None = None
    """Standard deviation of the noise at white; it grows with the root of the light."""
    read_noise: Range | None = None
    """Standard deviation of the noise in the dark; white is 1."""
    noise_grain_px: Range | None = None
    """Size of the noise's grain, a standard deviation."""
    gamma: Range | None = None
    """Exponent on top of sRGB: above 1 darkens the middle tones."""
    crushing: Chance = None
    """Chance of crushed blacks."""
    black: Range | None = None
    """Encoded level below which all is black."""
    contrast: Range | None = None
    """Slope of the tone curve in the middle."""
    saturation: Range | None = None
    """Distance of colours from grey."""
    smoothing: Chance = None
    """Chance of a noise filter that smears."""
    smooth: Range | None = None
    """Contrast below which it smears texture away."""
    sharpening: Chance = None
    """Chance of sharpening with halos."""
    sharpen: Range | None = None
    """Its strength."""
    sharpen_px: Range | None = None
    """The width of its halos, a standard deviation."""
    rescaling: Chance = None
    """Chance of a sensor of less resolution than the picture."""
    scale: Range | None = None
    """Its resolution against the picture's."""
    video: Chance = None
    """Chance that the picture comes out of a video."""
    video_crf: tuple[int, int] | None = None
    """H.264 constant rate factor, 1 (best) to 51; 0 leaves video out."""
    jpeg_quality: tuple[int, int] | None = None
    """JPEG quality, 1-100; 0 leaves JPEG out."""

    @model_validator(mode="before")
    @classmethod
    def _like_real_pictures(cls, values: Any) -> Any:
        """Measured values where none are given; `like` is used up, so that a saved config does not depend on its file."""
        if not isinstance(values, dict) or values.get("like") is None:
            return values

        from render.sensor.measure import measured  # loads what only measuring needs

        given = {name: value for name, value in values.items() if value is not None and name != "like"}
        return {**measured(Path(values["like"])).config_values(), **given}

    @model_validator(mode="after")
    def _plausible(self) -> SensorConfig:
        for name in RANGES:
            if (given := getattr(self, name)) is not None:
                _check_range(name, *given)
        for name in EFFECTS:
            chance = getattr(self, name)
            if chance is not None and not 0 <= chance <= 1:
                raise InputError(f"sensor.{name} is {chance:g}: expected a chance, 0 to 1")
        return self


EFFECTS: dict[str, tuple[str, ...]] = {
    "shaking": ("shake_px",), "fringing": ("fringe_px",), "monochrome": (), "crushing": ("black",),
    "smoothing": ("smooth",), "sharpening": ("sharpen",), "rescaling": ("scale",), "video": ("video_crf",),
}  # fmt: skip
"""Effects that occur by chance, and the values without which they do nothing."""
RANGES = tuple(name for name in SensorSpec.model_fields if name not in ("monochrome", "seed"))
_WHOLE = ("video_crf", "jpeg_quality")

PRESETS: dict[str, dict[str, Range]] = {
    "off": {},
    "mild": {
        "exposure_ev": (-0.25, 0.25), "red_gain": (0.96, 1.04), "blue_gain": (0.96, 1.04), "vignetting": (0.05, 0.2),
        "blur_px": (0.25, 0.5), "shot_noise": (0.004, 0.012), "read_noise": (0.001, 0.003), "gamma": (0.96, 1.04),
        "jpeg_quality": (90, 96),
    },
    "stand-in": {
        "exposure_ev": (-0.7, 0.1), "red_gain": (1.04, 1.18), "blue_gain": (0.78, 0.94), "vignetting": (0.25, 0.5),
        "blur_px": (0.6, 1.0), "shot_noise": (0.02, 0.04), "read_noise": (0.006, 0.012), "gamma": (1.0, 1.15),
        "jpeg_quality": (55, 80),
    },
    "varied": {
        "exposure_ev": (-0.5, 0.6), "red_gain": (0.88, 1.14), "blue_gain": (0.84, 1.16), "vignetting": (0.0, 0.5),
        "blur_px": (0.2, 0.9), "rim_blur_px": (0.0, 1.4), "shake_px": (1.0, 4.0), "shake_angle_deg": (0.0, 180.0),
        "fringe_px": (0.2, 1.2), "shot_noise": (0.003, 0.025), "read_noise": (0.001, 0.008),
        "noise_grain_px": (0.0, 0.8), "gamma": (0.85, 1.15), "black": (0.02, 0.12), "contrast": (0.75, 1.7),
        "saturation": (0.6, 1.4), "smooth": (0.01, 0.05), "sharpen": (0.3, 1.8), "sharpen_px": (0.6, 1.8),
        "scale": (0.5, 0.85), "video_crf": (20, 34), "jpeg_quality": (50, 96),
    },
}  # fmt: skip
PRESETS["auto"] = PRESETS["varied"]
CHANCES: dict[str, dict[str, float]] = {
    "varied": {
        "shaking": 0.1, "fringing": 0.5, "monochrome": 0.05, "crushing": 0.5, "smoothing": 0.35, "sharpening": 0.6,
        "rescaling": 0.25, "video": 0.3,
    },
}  # fmt: skip
CHANCES["auto"] = CHANCES["varied"]


def sample_sensor(config: SensorConfig, rng: np.random.Generator) -> SensorSpec:
    """Draw a camera from the ranges of the configuration; the generator moves on equally whatever they are."""
    occurs = {name: bool(rng.random() < _chance(config, name)) for name in EFFECTS}
    values: dict[str, float | int | bool] = {"monochrome": occurs["monochrome"]}
    for name in RANGES:
        value = float(rng.uniform(*_range(config, name)))
        values[name] = round(value) if name in _WHOLE else round(value, 5)
    for effect, names in EFFECTS.items():
        if not occurs[effect]:
            values.update({name: _neutral(name) for name in names})
    return SensorSpec(**values, seed=int(rng.integers(2**31)))  # type: ignore[arg-type]


def _range(config: SensorConfig, name: str) -> Range:
    given: Range | None = getattr(config, name)
    return given if given is not None else PRESETS[config.preset].get(name, (_neutral(name),) * 2)


def _chance(config: SensorConfig, effect: str) -> float:
    """As given; 1 if one of the effect's ranges is given; else the preset's."""
    given: float | None = getattr(config, effect)
    if given is not None:
        return given
    if any(getattr(config, name) is not None for name in EFFECTS[effect]):
        return 1.0
    return CHANCES.get(config.preset, {}).get(effect, 0.0)


def _neutral(name: str) -> float:
    return float(SensorSpec.model_fields[name].default)


def _check_range(name: str, low: float, high: float) -> None:
    if low > high:
        raise InputError(f"sensor.{name} is {low:g} {high:g}: the lower end comes first")
    for end in (low, high):
        try:
            SensorSpec(**{name: end})  # type: ignore[arg-type]
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Input ")
            raise InputError(f"sensor.{name} is {low:g} {high:g}: each {reason}") from None
