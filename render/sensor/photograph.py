"""People put into a photograph, which its camera has developed already: they go through the same camera, it does not go twice.

The photograph's tone curve is taken back, people are laid over the scene's light, and all is developed again; where
there is nobody, and no shadow, the photograph's own pixels stay.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from annotate.camera import Camera
from render.place import decode_srgb
from render.sensor.develop import REFERENCE_PX, captured, coded
from render.sensor.spec import SensorSpec
from render.sensor.tone import toned, untoned

_HALO_PX = 2.0
"""So far from people the camera's blur and halos are theirs; beyond, the photograph has its own."""


def undeveloped(photograph: np.ndarray, spec: SensorSpec) -> np.ndarray:
    """Linear light HWC float32 of which the camera's tone curve makes the photograph (HWC uint8 sRGB)."""
    return decode_srgb(untoned(photograph.astype(np.float32) / np.float32(255), spec) * np.float32(255))


def lamp_gain(photograph: np.ndarray, spec: SensorSpec, seen: np.ndarray) -> float:
    """How much brighter the scene is than the photograph read as sRGB, from which its lamps were fitted.

    seen: HW bool, inside the lens circle.
    """
    middle = np.median(photograph[seen], axis=0).astype(np.uint8) if seen.any() else np.full(3, 128, np.uint8)
    return float(undeveloped(middle[None, None], spec).mean() / max(float(decode_srgb(middle).mean()), 1e-4))


def develop_over(
    photograph: np.ndarray,
    background: np.ndarray,
    linear: np.ndarray,
    people: np.ndarray,
    spec: SensorSpec,
    camera: Camera,
) -> np.ndarray:
    """The finished picture, HWC uint8 sRGB.

    background: undeveloped(photograph). linear: HWC float32, people and shadows over it. people: HW bool, where somebody shows.
    """
    shadow = toned(linear, spec, shoulder=False) - toned(background, spec, shoulder=False)
    shaded = photograph / np.float32(255) + shadow
    share = _share(people, max(people.shape) / REFERENCE_PX)
    mixed = shaded + share * (captured(linear, spec, camera, shoulder=False) / np.float32(255) - shaded)
    return coded(np.round(np.clip(mixed, 0, 1) * 255).astype(np.uint8), spec)


def _share(people: np.ndarray, px_unit: float) -> np.ndarray:
    """(H, W, 1) float32: 1 on people and their halos, 0 a little further away."""
    reach = math.ceil(_HALO_PX * px_unit)
    grown = cv2.dilate(people.astype(np.float32), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return np.asarray(cv2.GaussianBlur(grown, (0, 0), max(0.5 * px_unit, 0.3)))[..., None]
