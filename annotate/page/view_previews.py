"""Small pictures that stand beside the view page: thumbnails of the pictures, and dense maps as 8-bit colours.

Browsers show no 16-bit depth or normals usefully, so the maps become colours: depth on one scale for the whole dataset,
normals as red = right, green = up in the picture, blue = towards the camera, classes each in a colour of its own.
A preview carries the modification time of its source; one that has it already is not made again.
"""

from __future__ import annotations

import colorsys
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from annotate.dataset import Dataset, Picture
from annotate.dense import read_classes, read_depth, read_normals
from annotate.errors import InputError
from annotate.files import write_image

THUMBNAIL_PX = 320
MAP_PX = 800
_JPEG_QUALITY = 82
_SAMPLED_DEPTHS = 12
_STEP_SLACK = 1e-3
"""Half metres; depths are stored in steps of as many metres, as 32-bit numbers: 3 m is read as a little more."""
_GOLDEN_RATIO = 0.618034

MAP_FIELDS = {"depth": "depth_file", "normals": "normals_file", "classes": "classes_file"}
"""Dense maps of the page and the field of a picture that names their file."""


@dataclass(frozen=True)
class DepthScale:
    """Distances along the ray, metres, at the two ends of the colours."""

    near_m: float
    far_m: float

    def colours(self, depth_m: np.ndarray) -> np.ndarray:
        """HW metres as HWC uint8 RGB; black where nothing is."""
        there = np.isfinite(depth_m)
        part = (np.where(there, depth_m, self.near_m) - self.near_m) / (self.far_m - self.near_m)
        steps = np.round(255 * np.clip(part, 0, 1)).astype(np.uint8)
        return np.where(there[..., None], _turbo(steps), 0).astype(np.uint8)


def depth_scale(dataset: Dataset, pictures: list[Picture]) -> DepthScale | None:
    """A scale to half metres that holds 98 % of the depths in a few pictures; None where no picture has depth."""
    paths = [path for picture in pictures if (path := dataset.files(picture).get("depth_file"))]
    if not paths:
        return None
    chosen = [paths[int(index)] for index in np.linspace(0, len(paths) - 1, min(_SAMPLED_DEPTHS, len(paths)))]
    depths = [read_depth(path)[::8, ::8] for path in chosen]
    finite = np.concatenate([depth[np.isfinite(depth)] for depth in depths])
    low, high = np.quantile(finite, [0.01, 0.99]) if finite.size else (0.0, 1.0)
    near = math.floor(2 * low + _STEP_SLACK) / 2
    return DepthScale(near, max(near + 0.5, math.ceil(2 * high - _STEP_SLACK) / 2))


def depth_gradient(stops: int = 9) -> list[str]:
    """CSS colours of the depth scale from near to far."""
    return [css(tuple(colour)) for colour in _turbo(np.linspace(0, 255, stops).astype(np.uint8)[None])[0].tolist()]


def normal_colours(normals: np.ndarray) -> np.ndarray:
    """Unit normals (HWC, camera frame X right, Y down, Z forward) as HWC uint8 RGB; black where nothing is."""
    towards_viewer = normals * np.array([1.0, -1.0, -1.0], np.float32)
    colours = np.round(127.5 + 127.5 * towards_viewer)
    return np.where(np.any(normals != 0, axis=-1, keepdims=True), colours, 0).astype(np.uint8)


def class_palette(count: int = 256) -> np.ndarray:
    """(count, 3) uint8 RGB: black for 0, then hues that turn by the golden ratio, so that neighbours differ most."""
    palette = np.zeros((count, 3), np.uint8)
    for number in range(1, count):
        lightness, saturation = ((0.62, 0.75), (0.45, 0.65), (0.75, 0.6))[number % 3]
        channels = colorsys.hls_to_rgb(number * _GOLDEN_RATIO % 1.0, lightness, saturation)
        palette[number] = np.round(255 * np.array(channels))
    return palette


def css(colour: tuple[int, ...]) -> str:
    """#rrggbb."""
    return "#" + "".join(f"{channel:02x}" for channel in colour)


def map_folder(kind: str, scale: DepthScale | None) -> str:
    """The folder of a kind of map; depth previews of another scale are other files."""
    return f"depth-{scale.near_m:g}-{scale.far_m:g}-m" if kind == "depth" and scale is not None else kind


def map_suffix(kind: str) -> str:
    """Classes stay sharp as PNG; depth and normals are smooth."""
    return ".png" if kind == "classes" else ".jpg"


def write_previews(dataset: Dataset, picture: Picture, folder: Path, scale: DepthScale | None) -> None:
    """Write the thumbnail and the maps of one picture below folder, where they are missing or out of date."""
    image = dataset.image_path(picture)
    _write_once(image, folder / "thumbs" / f"{picture.id}.jpg", lambda: _thumbnail(image, picture))
    files = dataset.files(picture)
    for kind, field in MAP_FIELDS.items():
        if field in files:
            target = folder / map_folder(kind, scale) / f"{picture.id}{map_suffix(kind)}"
            _write_once(files[field], target, partial(_map, kind, files[field], scale))


def _write_once(source: Path, target: Path, make: Callable[[], np.ndarray]) -> None:
    modified = source.stat().st_mtime_ns
    if target.is_file() and target.stat().st_mtime_ns == modified:
        return
    write_image(target, make(), _JPEG_QUALITY)
    os.utime(target, ns=(modified, modified))


def _thumbnail(path: Path, picture: Picture) -> np.ndarray:
    """HWC RGB, longer side THUMBNAIL_PX at most; JPEG files are decoded at a fraction of their size."""
    longer = max(picture.width, picture.height)
    flags = [cv2.IMREAD_COLOR, cv2.IMREAD_REDUCED_COLOR_2, cv2.IMREAD_REDUCED_COLOR_4, cv2.IMREAD_REDUCED_COLOR_8]
    halvings = int(np.clip(math.log2(longer / THUMBNAIL_PX), 0, 3))
    image = cv2.imdecode(np.fromfile(path, np.uint8), flags[halvings])
    if image is None:
        raise InputError(f"{path}: cannot be read as a picture; it is broken or not a PNG or JPEG")
    return _shrunk(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), THUMBNAIL_PX)


def _map(kind: str, path: Path, scale: DepthScale | None) -> np.ndarray:
    if kind == "classes":
        return class_palette()[_shrunk(read_classes(path), MAP_PX, cv2.INTER_NEAREST)]
    if kind == "normals":
        return normal_colours(_shrunk(read_normals(path), MAP_PX, cv2.INTER_NEAREST))
    assert scale is not None
    return scale.colours(_shrunk(read_depth(path), MAP_PX, cv2.INTER_NEAREST))


def _shrunk(image: np.ndarray, longest_px: int, interpolation: int = cv2.INTER_AREA) -> np.ndarray:
    """The image with its longer side at most longest_px."""
    factor = longest_px / max(image.shape[:2])
    if factor >= 1:
        return image
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    return cv2.resize(image, size, interpolation=interpolation)


def _turbo(steps: np.ndarray) -> np.ndarray:
    """HW uint8 as HWC RGB of the Turbo colour map."""
    return cv2.cvtColor(cv2.applyColorMap(steps, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
