"""The finished picture of linear light, as a camera makes it: a pure function of the light, the spec and the lens.

Order as in a camera. Light falls off towards the rim and passes a lens that parts its colours and blurs it, while the
camera may shake; a sensor, of less resolution perhaps, adds noise to it; gains balance the white; a tone curve encodes;
a noise filter smears and an unsharp mask sharpens; the picture is enlarged to its size; video and JPEG compress.
"""

from __future__ import annotations

import cv2
import numpy as np

from annotate.camera import Camera
from annotate.lens import Lens
from render.sensor.codec import compressed, filmed
from render.sensor.lens_effects import blurred, fall_off, fringed, rim_blurred, shaken
from render.sensor.noise import add_noise, grey, smoothed
from render.sensor.spec import SensorSpec
from render.sensor.tone import sharpened, toned

REFERENCE_PX = 640
"""Longer side of the picture to which values in px refer."""
_FILTER_RADIUS_PX = 3.0
"""Half the window of the noise filter."""


def develop(linear: np.ndarray, spec: SensorSpec, camera: Camera, shoulder: bool = True) -> np.ndarray:
    """The finished picture of linear light, HWC float32 (1 is white) to HWC uint8 sRGB.

    shoulder: roll highlights off instead of clipping them; not for photographs, whose own camera did that already.
    """
    return coded(captured(linear, spec, camera, shoulder), spec)


def captured(linear: np.ndarray, spec: SensorSpec, camera: Camera, shoulder: bool) -> np.ndarray:
    """What the camera hands to its encoder, HWC uint8 sRGB; as develop."""
    light: np.ndarray = np.asarray(linear, np.float32)
    size_px = (light.shape[1], light.shape[0])
    light = _through_lens(light, spec, camera.lens, px_unit=max(size_px) / REFERENCE_PX)
    light = _on_sensor(light, spec.scale)
    px_unit = max(light.shape[:2]) / REFERENCE_PX
    picture = toned(_read_out(light, spec, px_unit), spec, shoulder)
    picture = smoothed(picture, spec.smooth, _FILTER_RADIUS_PX * px_unit)
    picture = sharpened(picture, spec.sharpen, spec.sharpen_px * px_unit)
    return _enlarged(_as_bytes(picture), size_px)


def coded(picture: np.ndarray, spec: SensorSpec) -> np.ndarray:
    """A picture (HWC uint8) after video and JPEG, in this order."""
    return compressed(filmed(picture, spec.video_crf), spec.jpeg_quality)


def _through_lens(light: np.ndarray, spec: SensorSpec, lens: Lens, px_unit: float) -> np.ndarray:
    """Linear light as it arrives at the sensor."""
    if spec.exposure_ev != 0:
        light = light * np.float32(2.0**spec.exposure_ev)
    light = fringed(fall_off(light, spec.vignetting, lens), spec.fringe_px * px_unit, lens)
    light = rim_blurred(blurred(light, spec.blur_px * px_unit), spec.rim_blur_px * px_unit, lens)
    return shaken(light, spec.shake_px * px_unit, spec.shake_angle_deg)


def _on_sensor(light: np.ndarray, scale: float) -> np.ndarray:
    """Light on a sensor of fewer pixels, each of which gathers what falls on its area."""
    if scale == 1:
        return light
    size_px = tuple(max(1, round(side * scale)) for side in (light.shape[1], light.shape[0]))
    return np.asarray(cv2.resize(light, size_px, interpolation=cv2.INTER_AREA))


def _read_out(light: np.ndarray, spec: SensorSpec, px_unit: float) -> np.ndarray:
    """Linear light with noise and the white balanced; a grey camera has no white to balance."""
    if spec.monochrome:
        return add_noise(grey(light), spec, px_unit)
    noisy = add_noise(light, spec, px_unit)
    if spec.red_gain == 1 and spec.blue_gain == 1:
        return noisy
    gains = np.diag([spec.red_gain, 1.0, spec.blue_gain])
    return np.asarray(cv2.transform(noisy, gains), np.float32)  # as *, in a quarter of the time


def _as_bytes(picture: np.ndarray) -> np.ndarray:
    return np.round(picture * 255).astype(np.uint8)


def _enlarged(picture: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """HWC uint8 at the size of the finished picture (width, height)."""
    if picture.shape[1::-1] == size_px:
        return picture
    return np.asarray(cv2.resize(picture, size_px, interpolation=cv2.INTER_LINEAR))
