"""One camera's behaviour in one scene, as data: a picture follows from it.

Values in px refer to a picture whose longer side is 640 px and scale with the picture. "White" is 1 in linear light and
in the encoded picture.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

Range = tuple[float, float]

_READ_NOISE_OVER_PHOTOGRAPHS = 0.001


class SensorSpec(BaseModel):
    """One camera's behaviour in one scene; the defaults leave light as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exposure_ev: float = 0.0
    """Stops brighter (+) or darker (-) than the automatic exposure."""
    red_gain: float = Field(default=1.0, gt=0)
    """White balance of red against green."""
    blue_gain: float = Field(default=1.0, gt=0)
    """White balance of blue against green."""
    vignetting: float = Field(default=0.0, ge=0, le=1)
    """Share of the light that is lost at the rim of the lens circle."""
    blur_px: float = Field(default=0.0, ge=0)
    """Standard deviation of the lens blur on the optical axis."""
    rim_blur_px: float = Field(default=0.0, ge=0)
    """Standard deviation of the blur that the rim has besides; its variance grows with the angle's fourth power."""
    shake_px: float = Field(default=0.0, ge=0)
    """Way of the picture while the shutter was open, of a camera that is shaken."""
    shake_angle_deg: float = 0.0
    """Direction of that way: 0 along x, clockwise in the picture."""
    fringe_px: float = Field(default=0.0, ge=0)
    """How far red lies outwards, and blue inwards, of green at the rim."""
    monochrome: bool = False
    """Grey, as cameras are in low light."""
    shot_noise: float = Field(default=0.0, ge=0)
    """Standard deviation of the noise at white; it grows with the root of the light."""
    read_noise: float = Field(default=0.0, ge=0)
    """Standard deviation of the noise in the dark; white is 1."""
    noise_grain_px: float = Field(default=0.0, ge=0)
    """Standard deviation of the blur that demosaicking gives the noise; its strength stays."""
    gamma: float = Field(default=1.0, gt=0)
    """Exponent on top of sRGB: above 1 darkens the middle tones."""
    black: float = Field(default=0.0, ge=0, lt=1)
    """Encoded level below which all is black."""
    contrast: float = Field(default=1.0, gt=0)
    """Slope of the tone curve in the middle: above 1 an S between black and white, below 1 a grey veil."""
    saturation: float = Field(default=1.0, ge=0)
    """Distance of colours from grey."""
    smooth: float = Field(default=0.0, ge=0)
    """Contrast (standard deviation, encoded) below which the camera's noise filter smears texture away."""
    sharpen: float = Field(default=0.0, ge=0)
    """Strength of the unsharp mask that gives edges their halos."""
    sharpen_px: float = Field(default=1.0, gt=0)
    """Standard deviation of that mask's blur."""
    scale: float = Field(default=1.0, gt=0.1, le=1)
    """Resolution of the sensor against that of the picture, to which it is enlarged."""
    video_crf: int = Field(default=0, ge=0, le=51)
    """H.264 constant rate factor, 1 (best) to 51; 0 leaves video out."""
    jpeg_quality: int = Field(default=0, ge=0, le=100)
    """JPEG quality, 1-100; 0 leaves JPEG out."""
    seed: int = 0
    """Draws the noise."""

    def over_photograph(self) -> SensorSpec:
        """Without what the photograph's own light and place show already: brightness, white, colours, fall-off, shaking.

        Noise in the dark is bounded: measured on single pictures it holds their texture too, and speckles dark clothes
        where the photograph beside them is smooth.
        """
        shown = {
            "exposure_ev": 0.0,
            "red_gain": 1.0,
            "blue_gain": 1.0,
            "saturation": 1.0,
            "vignetting": 0.0,
            "shake_px": 0.0,
        }
        return self.model_copy(update={**shown, "read_noise": min(self.read_noise, _READ_NOISE_OVER_PHOTOGRAPHS)})
