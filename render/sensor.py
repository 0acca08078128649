"""What the camera itself does to a picture: exposure, white balance, vignetting, blur, noise, tone, JPEG.

Everything is drawn once per scene into a SensorSpec, and develop(picture, spec, camera) is a pure function of it.
Order as in a camera: light falls off towards the rim, the lens blurs, the sensor adds shot and read noise to linear
light, gains balance the white, a tone curve and sRGB encode, JPEG compresses.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from annotate.camera import Camera
from annotate.errors import InputError
from annotate.lens import Lens
from render.place import encode_srgb

Range = tuple[float, float]


class SensorConfig(BaseModel):
    """Ranges from which each scene's camera is drawn. What is not given is taken from the preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Literal["mild", "stand-in", "off"] = "mild"
    """mild: a good camera; stand-in: a cheap one, plainly another; off: none of it."""
    exposure_ev: Range | None = None
    """Stops brighter (+) or darker (-) than the automatic exposure."""
    red_gain: Range | None = None
    """White balance of red against green."""
    blue_gain: Range | None = None
    """White balance of blue against green."""
    vignetting: Range | None = None
    """Share of the light that is lost at the rim of the lens circle."""
    blur_px: Range | None = None
    """Standard deviation of the lens blur."""
    shot_noise: Range | None = None
    """Standard deviation of the noise at white; it grows with the root of the light."""
    read_noise: Range | None = None
    """Standard deviation of the noise in the dark; white is 1."""
    gamma: Range | None = None
    """Exponent on top of sRGB: above 1 darkens the middle tones."""
    jpeg_quality: tuple[int, int] | None = None
    """JPEG quality, 1-100; 0 leaves JPEG out."""


class SensorSpec(BaseModel):
    """One camera's behaviour in one scene; see SensorConfig for the units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exposure_ev: float = 0.0
    red_gain: float = 1.0
    blue_gain: float = 1.0
    vignetting: float = 0.0
    blur_px: float = 0.0
    shot_noise: float = 0.0
    read_noise: float = 0.0
    gamma: float = 1.0
    jpeg_quality: int = 0
    seed: int = 0
    """Draws the noise."""


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
}  # fmt: skip


def sample_sensor(config: SensorConfig, rng: np.random.Generator) -> SensorSpec:
    """Draw a camera from the ranges of the configuration. InputError for a range whose ends are in the wrong order."""
    values: dict[str, float | int] = {}
    for name in PRESETS["mild"]:
        given = getattr(config, name)
        low, high = given if given is not None else PRESETS[config.preset].get(name, (_neutral(name),) * 2)
        if low > high:
            raise InputError(f"sensor.{name} is {low:g} {high:g}: the lower end comes first")
        value = float(rng.uniform(low, high))
        values[name] = round(value) if name == "jpeg_quality" else round(value, 5)
    return SensorSpec(**values, seed=int(rng.integers(2**31)))  # type: ignore[arg-type]


def develop(linear: np.ndarray, spec: SensorSpec, camera: Camera, shoulder: bool = True) -> np.ndarray:
    """The finished picture of linear light, HWC float32 (1 is white) to HWC uint8 sRGB.

    shoulder: roll highlights off instead of clipping them; not for photographs, whose own camera did that already.
    """
    light: np.ndarray = np.asarray(linear, np.float32) * np.float32(2.0**spec.exposure_ev)
    light = light * _falloff(spec.vignetting, camera)[..., None]
    if spec.blur_px > 0:
        light = cv2.GaussianBlur(light, (0, 0), spec.blur_px, borderType=cv2.BORDER_REPLICATE)
    light = add_noise(light, spec) * np.array([spec.red_gain, 1.0, spec.blue_gain], np.float32)
    picture = encode_srgb(roll_off(light) if shoulder else light) ** np.float32(spec.gamma)
    return compressed(np.round(picture * 255).astype(np.uint8), spec.jpeg_quality)


def add_noise(light: np.ndarray, spec: SensorSpec) -> np.ndarray:
    """Linear light with shot noise (variance proportional to the light) and read noise (constant)."""
    if spec.shot_noise == 0 and spec.read_noise == 0:
        return light
    deviation = np.sqrt(spec.shot_noise**2 * np.maximum(light, 0) + spec.read_noise**2)
    normal = np.random.default_rng(spec.seed).standard_normal(light.shape, dtype=np.float32)
    return (light + normal * deviation).astype(np.float32)


def roll_off(light: np.ndarray, knee: float = 0.7) -> np.ndarray:
    """Linear light below the knee, an exponential approach to 1 above it; slope and value are continuous."""
    over = np.maximum(light - knee, 0.0)
    return np.where(light > knee, 1.0 - (1.0 - knee) * np.exp(-over / (1.0 - knee)), light).astype(np.float32)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture, HWC uint8 RGB, after a JPEG round trip; itself at quality 0."""
    if quality == 0:
        return picture
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _falloff(vignetting: float, camera: Camera) -> np.ndarray:
    """HW factor: 1 on the optical axis, 1 - vignetting at the lens's widest angle, squared in between."""
    return (1 - vignetting * _off_axis_square(camera.lens)).astype(np.float32)


@lru_cache(maxsize=2)
def _off_axis_square(lens: Lens) -> np.ndarray:
    """HW: square of each pixel's angle off the optical axis over the lens's widest; 1 where the lens sees nothing."""
    share = np.nan_to_num(lens.off_axis_share(), nan=1.0)
    return np.asarray(share**2, np.float32)


def _neutral(name: str) -> float:
    return 1.0 if name in ("red_gain", "blue_gain", "gamma") else 0.0
