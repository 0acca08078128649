"""From linear light to encoded brightness and colour: highlights, sRGB, contrast, saturation, sharpening.

Encoded pictures are HWC float32, 0 black, 1 white.
"""

from __future__ import annotations

import cv2
import numpy as np

from render.place import encode_srgb
from render.sensor.noise import brightness
from render.sensor.spec import SensorSpec


def roll_off(light: np.ndarray, knee: float = 0.7) -> np.ndarray:
    """Linear light below the knee, an exponential approach to 1 above it; slope and value are continuous."""
    over = np.maximum(light - knee, 0.0)
    return np.where(light > knee, 1.0 - (1.0 - knee) * np.exp(-over / (1.0 - knee)), light).astype(np.float32)


def toned(light: np.ndarray, spec: SensorSpec, shoulder: bool) -> np.ndarray:
    """Linear light to the encoded picture: shoulder if asked for, sRGB, gamma, black, contrast, saturation."""
    picture = encode_srgb(roll_off(light) if shoulder else light)
    if spec.gamma != 1:
        picture = np.asarray(cv2.pow(picture, spec.gamma), np.float32)
    if spec.black > 0:
        picture = np.maximum(picture - np.float32(spec.black), 0) / np.float32(1 - spec.black)
    return saturated(contrasted(picture, spec.contrast), spec.saturation)


def untoned(picture: np.ndarray, spec: SensorSpec) -> np.ndarray:
    """The inverse of toned without its shoulder, but encoded as sRGB. Crushed blacks come back as the level of black."""
    grey = brightness(picture)[..., None]
    picture = np.clip(grey + (picture - grey) / np.float32(max(spec.saturation, 0.1)), 0, 1)
    offset, steepness = picture - np.float32(0.5), np.float32(spec.contrast)
    if spec.contrast > 1:
        picture = np.float32(0.5) + offset / (steepness - 2 * (steepness - 1) * np.abs(offset))
    elif spec.contrast < 1:
        picture = np.clip(np.float32(0.5) + offset / steepness, 0, 1)
    picture = picture * np.float32(1 - spec.black) + np.float32(spec.black)
    return np.asarray(np.power(picture, np.float32(1 / spec.gamma)), np.float32)


def contrasted(picture: np.ndarray, contrast: float) -> np.ndarray:
    """Slope `contrast` at 0.5. Above 1 an S-curve that keeps black and white; below 1 a line, both turn grey."""
    if contrast == 1:
        return picture
    offset = picture - np.float32(0.5)
    if contrast < 1:
        return np.asarray(np.float32(0.5) + np.float32(contrast) * offset)
    steepness = np.float32(contrast)
    return np.asarray(np.float32(0.5) + steepness * offset / (1 + (steepness - 1) * np.abs(2 * offset)))


def saturated(picture: np.ndarray, saturation: float) -> np.ndarray:
    """Colours moved away from the grey of their brightness (above 1) or towards it."""
    if saturation == 1:
        return picture
    grey = brightness(picture)[..., None]
    return np.clip(grey + np.float32(saturation) * (picture - grey), 0, 1)


def sharpened(picture: np.ndarray, amount: float, radius_px: float) -> np.ndarray:
    """Unsharp mask on brightness: what a Gaussian of radius_px takes away is added, amount times; leaves halos."""
    if amount <= 0:
        return picture
    plane = brightness(picture)
    detail = plane - cv2.GaussianBlur(plane, (0, 0), radius_px, borderType=cv2.BORDER_REPLICATE)
    return np.clip(picture + np.float32(amount) * detail[..., None], 0, 1)
