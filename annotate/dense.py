"""Dense labels as PNG files: depth, surface normals and class map, one value for each pixel.

depth     16-bit grey: distance along the pixel's ray (not z) in millimetres, 0 = nothing there; up to 65.535 m.
normals   16-bit RGB: x, y, z of the unit normal in the camera frame (X right, Y down, Z forward), pointing to the camera's side,
          value = 32768 + 32767 n; 0, 0, 0 = nothing there.
classes   8-bit grey: numbers of annotate.classes, 0 = nothing there.

z is depth times the forward part of the pixel's ray (`z_depth`), so it is not stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from annotate.camera import Camera
from annotate.errors import InputError
from annotate.files import write_bytes

DEPTH_STEP_M = 0.001
_NORMAL_ZERO, _NORMAL_ONE = 32768.0, 32767.0
_FASTEST = [cv2.IMWRITE_PNG_COMPRESSION, 1]
"""Dense maps cost more time than any other label to write; a better compression saves little of them."""


@dataclass(frozen=True)
class DenseMaps:
    """Dense labels of one picture; None where they were not asked for.

    depth_m: HW float32 along the ray, inf = nothing. normals: HWC float32 unit, 0 = nothing. classes: HW uint8.
    """

    depth_m: np.ndarray | None = None
    normals: np.ndarray | None = None
    classes: np.ndarray | None = None


def write_depth(path: Path, depth_m: np.ndarray) -> None:
    """Depth (HW float, inf or NaN = nothing) as millimetres; what is further than 65.535 m counts as 65.535 m."""
    steps = np.clip(np.round(np.where(np.isfinite(depth_m), depth_m, 0.0) / DEPTH_STEP_M), 0, 65535)
    _write_png(path, steps.astype(np.uint16))


def read_depth(path: Path) -> np.ndarray:
    """HW float32 metres along the ray, inf where nothing is."""
    steps = _read_png(path, np.uint16, channels=1, what="16-bit grey PNG of depths in mm")
    return np.where(steps > 0, steps * np.float32(DEPTH_STEP_M), np.float32(np.inf)).astype(np.float32)


def write_normals(path: Path, normals: np.ndarray) -> None:
    """Unit normals (HWC float, 0 = nothing) in the camera frame."""
    there = np.any(normals != 0, axis=-1, keepdims=True)
    values = np.where(there, np.round(_NORMAL_ZERO + _NORMAL_ONE * normals), 0.0).astype(np.uint16)
    _write_png(path, np.ascontiguousarray(values[..., ::-1]))


def read_normals(path: Path) -> np.ndarray:
    """HWC float32 unit normals in the camera frame, 0 where nothing is."""
    values = _read_png(path, np.uint16, channels=3, what="16-bit RGB PNG of normals")
    normals = values[..., ::-1].astype(np.float32)
    normals -= np.float32(_NORMAL_ZERO)
    normals /= np.float32(_NORMAL_ONE)
    normals[(values[..., 0] | values[..., 1] | values[..., 2]) == 0] = 0.0
    return normals


def write_classes(path: Path, classes: np.ndarray) -> None:
    """Class numbers, HW uint8."""
    _write_png(path, classes.astype(np.uint8))


def read_classes(path: Path) -> np.ndarray:
    """HW uint8 class numbers."""
    return _read_png(path, np.uint8, channels=1, what="8-bit grey PNG of class numbers")


def z_depth(depth_m: np.ndarray, camera: Camera) -> np.ndarray:
    """HW: distance along the optical axis (z, negative behind the camera's plane) for depth along the ray.

    inf where nothing is, NaN where the lens does not see.
    """
    forward = camera.lens.unproject(camera.lens.pixel_centres())[:, 2].reshape(depth_m.shape)
    return np.where(np.isfinite(depth_m), np.where(np.isfinite(depth_m), depth_m, 0.0) * forward, np.inf)


def _write_png(path: Path, values: np.ndarray) -> None:
    ok, encoded = cv2.imencode(".png", values, _FASTEST)
    if not ok:
        raise InputError(f"{path}: OpenCV cannot write {values.dtype} values of shape {values.shape} as PNG")
    write_bytes(path, encoded.tobytes())


def _read_png(path: Path, dtype: type, channels: int, what: str) -> np.ndarray:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED) if path.stat().st_size else None
    if values is None or values.dtype != dtype or values.ndim != (2 if channels == 1 else 3):
        raise InputError(f"{path}: expected a {what}; it is broken or another kind of picture")
    return np.asarray(values)
