"""Noise of the sensor, in linear light, and the filter with which cameras take it away again, in the encoded picture."""

from __future__ import annotations

import cv2
import numpy as np

from render.sensor.spec import SensorSpec

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Share of linear red, green and blue in brightness (ITU-R BT.709)."""


def add_noise(light: np.ndarray, spec: SensorSpec, px_unit: float = 1.0) -> np.ndarray:
    """Linear light with shot noise (variance proportional to the light) and read noise (constant).

    light: HWC. px_unit: px of this picture for one of a 640 px picture. A grey camera has one noise for all channels.
    """
    if spec.shot_noise == 0 and spec.read_noise == 0:
        return light
    channels = 1 if spec.monochrome else light.shape[2]
    shape = (light.shape[0], light.shape[1], channels)
    normal = grainy_normal(shape, spec.noise_grain_px * px_unit, spec.seed)
    deviation = np.sqrt(np.float32(spec.shot_noise**2) * np.maximum(light, 0) + np.float32(spec.read_noise**2))
    return np.asarray(light + normal * deviation, np.float32)


def grainy_normal(shape: tuple[int, int, int], grain_px: float, seed: int) -> np.ndarray:
    """HWC float32 of standard normal noise, correlated as by a Gaussian of grain_px; its variance stays 1."""
    normal = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    reach = round(4 * grain_px)
    if reach == 0:
        return normal
    taps = cv2.getGaussianKernel(2 * reach + 1, grain_px)
    kernel = taps / np.sqrt(np.sum(np.square(taps)))
    return np.asarray(cv2.sepFilter2D(normal, -1, kernel, kernel)).reshape(shape)


def brightness(picture: np.ndarray) -> np.ndarray:
    """HW of HWC float32, by LUMA; not as a product of matrices, whose last bit may hang on the number of threads."""
    return np.asarray(cv2.transform(picture, LUMA[None]))


def grey(light: np.ndarray) -> np.ndarray:
    """HWC linear light with the brightness in all channels."""
    return np.repeat(brightness(light)[..., None], 3, axis=2)


def smoothed(picture: np.ndarray, smooth: float, radius_px: float) -> np.ndarray:
    """The encoded picture, HWC float32, without the texture whose contrast is below smooth.

    Brightness goes through a guided filter whose guide is itself (He, Sun & Tang 2013, eqs. 5 and 6, with box windows
    of radius_px): edges of more contrast than smooth stay, fainter texture is smeared into blotches. Colour is smeared
    as much as brightness is.
    """
    if smooth <= 0:
        return picture
    window = (2 * max(1, round(radius_px)) + 1,) * 2
    plane = brightness(picture)
    mean = cv2.blur(plane, window)
    variance = np.maximum(cv2.blur(plane * plane, window) - mean * mean, 0)
    slope = variance / (variance + np.float32(smooth**2))
    offset = cv2.blur(mean * (1 - slope), window)
    kept = cv2.blur(slope, window)
    color = picture - plane[..., None]
    smeared = cv2.blur(color, window)
    result = (kept * plane + offset)[..., None] + smeared + kept[..., None] * (color - smeared)
    return np.clip(result, 0, 1).astype(np.float32)
