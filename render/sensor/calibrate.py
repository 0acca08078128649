"""The camera whose pictures show given statistics, found by analysis and synthesis.

A chart without blur and noise is developed with a guess of the camera and its statistics are taken as those of the real
pictures were; what differs corrects the guess. So what the estimators get wrong alike in both (compression, the
resolution of a pixel, a tone curve's slope) does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens
from render.place import decode_srgb
from render.sensor.develop import REFERENCE_PX, develop
from render.sensor.spec import SensorSpec
from render.sensor.statistics import Circle, edge_numbers, noise_of

_STEPS = 6
_WIDTH_PER_DEVIATION = 2.563
"""10 to 90 % of a Gaussian's integral."""
_RIM_VARIANCE = 0.5
"""Mean of the share's fourth power where the rim's edges are taken."""
_HALO_PER_AMOUNT = 0.12
"""About how much overshoot an unsharp mask of amount 1 makes; the next step corrects it."""
_MAX_SHARPEN = 4.0
_HIDDEN = 3.0
"""Compression and crushed blacks hide noise, in the end all of it: no more is added than this many times what is seen."""


@dataclass(frozen=True)
class Target:
    """What a picture of the camera shows (statistics.Statistics); NaN for what is not known and stays 0."""

    shot_noise: float
    read_noise: float
    centre_width_px: float
    rim_width_px: float
    overshoot: float
    fringe_px: float

    def as_array(self) -> np.ndarray:
        return np.array(
            [self.shot_noise, self.read_noise, self.centre_width_px, self.rim_width_px, self.overshoot, self.fringe_px]
        )


def calibrated(target: Target, known: SensorSpec) -> SensorSpec:
    """The camera whose chart shows the target; `known` holds what is known besides (tone, compression)."""
    wanted = target.as_array()
    values = np.nan_to_num(np.array([wanted[0], wanted[1], 0.4**2, 0.2**2, 0.3, wanted[5]]), nan=0.0)
    values[2:5][np.isnan(wanted[2:5])] = 0.0
    loudest = _HIDDEN * np.nan_to_num(wanted[:2]) + 1e-4
    for _ in range(_STEPS):
        shown = _shown(_spec(values, known))
        values = _corrected(values, wanted, shown)
        values[:2] = np.minimum(values[:2], loudest)
    return _spec(values, known)


def chart(size_px: int = REFERENCE_PX, seed: int = 7) -> np.ndarray:
    """HWC float32 linear light: oblique squares of random grey, sharp to the pixel, flat inside."""
    rng = np.random.default_rng(seed)
    fine = np.stack(np.meshgrid(*[(np.arange(4 * size_px) + 0.5) / 4] * 2)) / (0.09 * size_px)
    turn = np.radians(9)
    u = np.floor(fine[0] * np.cos(turn) + fine[1] * np.sin(turn)).astype(int)
    v = np.floor(fine[1] * np.cos(turn) - fine[0] * np.sin(turn)).astype(int)
    grey = decode_srgb(rng.uniform(40, 215, (64, 64)))[u, v % 64]
    small = grey.reshape(size_px, 4, size_px, 4).mean(axis=(1, 3))
    return np.repeat(small[..., None], 3, axis=2).astype(np.float32)


def _spec(values: np.ndarray, known: SensorSpec) -> SensorSpec:
    """values: shot and read noise, variance of blur and rim blur (px^2), sharpening, fringe."""
    return known.model_copy(
        update={
            "shot_noise": float(values[0]), "read_noise": float(values[1]), "blur_px": float(np.sqrt(values[2])),
            "rim_blur_px": float(np.sqrt(values[3])), "sharpen": float(values[4]), "fringe_px": max(float(values[5]), 0),
        }
    )  # fmt: skip


def _corrected(values: np.ndarray, wanted: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """A step towards what is wanted; what is unknown stays."""
    result = values.copy()
    result[:2] *= np.clip((wanted[:2] + 1e-4) / (shown[:2] + 1e-4), 0.3, 3)
    widths = (wanted[2:4] ** 2 - shown[2:4] ** 2) / _WIDTH_PER_DEVIATION**2
    result[2] += 0.8 * widths[0]
    result[3] += 0.8 * (widths[1] - np.nan_to_num(widths[0])) / _RIM_VARIANCE
    result[4] += 0.7 * (wanted[4] - shown[4]) / _HALO_PER_AMOUNT
    result[5] += wanted[5] - shown[5]
    result = np.where(np.isfinite(result), np.maximum(result, 0), values)
    result[4] = min(result[4], _MAX_SHARPEN)
    return result


def _shown(spec: SensorSpec) -> np.ndarray:
    """Statistics of the developed chart, in the order of Target."""
    camera, circle = _chart_camera()
    picture = develop(_chart(), spec, camera, shoulder=False)
    return np.array([*noise_of(picture, circle.mask(picture.shape)), *edge_numbers(picture, circle)])


@lru_cache(maxsize=1)
def _chart() -> np.ndarray:
    return chart()


@lru_cache(maxsize=1)
def _chart_camera() -> tuple[Camera, Circle]:
    half = REFERENCE_PX / 2
    lens = EquidistantLens(
        width_px=REFERENCE_PX, height_px=REFERENCE_PX, cx_px=half, cy_px=half, f_px=REFERENCE_PX / np.pi
    )
    return Camera(lens=lens, pose=CameraPose(height_m=3)), Circle(half, half, half)
