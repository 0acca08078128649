"""A camera measured on real pictures of a site, as ranges for SensorConfig.

Pictures larger than size_px are reduced to it first, because that is how a detector sees them. Ranges are the 10th to
the 90th percentile over the pictures. What the estimators are worth was found by developing sharp synthetic pictures
with known cameras and measuring them (tests/render/test_sensor_measure.py holds these bounds):

- noise within 35 % where nothing compresses; heavy compression hides noise, and fine texture passes for it: where
  neighbouring frames show the same scene, what differs between them is the lower end of the range;
- lens blur within 0.25 px and rim blur within 0.5 px, sharpening within 0.5, fringes within 0.15 px, at 640 px; halos
  are taken to be sharpen_px = 1 wide;
- width of the crushed blacks within 0.03, if the levels above black are as frequent as those below were;
- JPEG quality exact from a JPEG file that was not reduced, within 2 from another that once was one.

White balance, contrast and saturation cannot be told from lamps, walls and clothes: they are held against grey, and
against what plafond's own offices show with the preset mild. Vignetting cannot be told from the room's light at all,
nor shake and a noise filter from blur: vignetting stays as the preset has it, the others are part of the measured blur.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from annotate.errors import InputError
from annotate.files import read_image
from render.sensor.calibrate import Target, calibrated
from render.sensor.spec import Range, SensorSpec
from render.sensor.statistics import (
    Circle,
    Statistics,
    find_circle,
    ghost_quality,
    jpeg_quality,
    noise_of,
    picture_statistics,
)

_SUFFIXES = (".jpg", ".jpeg", ".png")
_OFFICE_SPREAD = 0.55
"""Encoded brightness between the 5th and 95th percentile in plafond's offices, mild camera: the median of 28 pictures."""
_OFFICE_CHROMA = 0.07
"""Mean of largest less smallest channel in them, encoded."""
_OWN_CAST = 0.5
"""Exponent: half of a colour cast is taken for the camera's, half for that of lamps and walls."""
_OWN_SPREAD = 0.15
"""Over photographs, values are drawn so far around the measured ones."""
_SAME_SCENE = 3.0
"""Median difference of two frames, levels, below which they show the same scene."""
_REDUCED = 1.1
"""Pictures reduced by more keep nothing of their JPEG blocks."""
MIN_PICTURE_PX = 128


class SensorMeasure(BaseModel):
    """What real pictures tell of their camera: ranges over the pictures, None for what they do not tell.

    px values refer to pictures of 640 px; see SensorConfig for each value's meaning.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    pictures: int
    """How many were measured."""
    size_px: int
    """Longer side at which they were measured."""
    same_scene_pairs: int = 0
    """Pairs of frames whose difference gave the lower end of the noise."""
    percentiles: dict[str, Range] = {}
    """Encoded brightness at percentiles 0.5, 1, 50 and 99; for the record."""
    red_gain: Range | None = None
    blue_gain: Range | None = None
    blur_px: Range | None = None
    rim_blur_px: Range | None = None
    fringe_px: Range | None = None
    shot_noise: Range | None = None
    read_noise: Range | None = None
    black: Range | None = None
    contrast: Range | None = None
    saturation: Range | None = None
    sharpen: Range | None = None
    jpeg_quality: tuple[int, int] | None = None
    monochrome: float = 0.0
    """Share of the pictures that are grey."""

    @classmethod
    def read(cls, path: Path) -> SensorMeasure:
        """From the YAML or JSON that `sensor measure` wrote; InputError names the file and the field."""
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls.model_validate(values)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not valid YAML or JSON: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "file"
            raise InputError(
                f"{path}: {where}: {first['msg']}; expected what `generate.py sensor measure` writes"
            ) from None

    def config_values(self) -> dict[str, Any]:
        """Fields of a SensorConfig: what was measured, and no effect that is part of it already."""
        kept = self.model_dump(exclude={"schema_version", "pictures", "size_px", "same_scene_pairs", "percentiles"})
        ranges = {name: value for name, value in kept.items() if value is not None}
        within = {"smoothing": 0.0, "rescaling": 0.0, "video": 0.0, "shaking": 0.0}
        return {**within, "exposure_ev": (-0.3, 0.3), "gamma": (0.95, 1.05), "sharpen_px": (1.0, 1.0), **ranges}

    def photograph_values(self) -> dict[str, Any]:
        """Fields of a SensorConfig for people who are put into the measured pictures.

        Single pictures tell little of the camera's noise, and colours depend on what they show: both stay small.
        """
        spread = {
            name: (round(low * (1 - _OWN_SPREAD), 4), round(high * (1 + _OWN_SPREAD), 4))
            for name in ("blur_px", "rim_blur_px", "fringe_px", "black", "contrast", "sharpen")
            if (found := getattr(self, name)) is not None
            for low, high in [found]
        }
        grain = {"shot_noise": (0.001, 0.006), "read_noise": (0.0, 0.001), "noise_grain_px": (0.2, 0.6)}
        return {
            "preset": "off", **spread, **grain, "smooth": (0.005, 0.02), "sharpen_px": (1.0, 1.0),
            "monochrome": self.monochrome, "jpeg_quality": self.jpeg_quality or (0, 0),
        }  # fmt: skip


def measured(path: Path) -> SensorMeasure:
    """Of a file that `sensor measure` wrote, or of a folder of pictures. InputError for anything else."""
    if path.is_dir():
        return _measured_folder(path)
    if not path.is_file():
        raise InputError(f"sensor.like {path}: no such file; expected a folder of pictures or what was measured of one")
    return SensorMeasure.read(path)


def picture_paths(folder: Path) -> list[Path]:
    """The folder's pictures by name, or those of images/ within it (a dataset). InputError if there are none."""
    where = folder / "images" if (folder / "images").is_dir() else folder
    found = sorted(path for path in where.iterdir() if path.suffix.lower() in _SUFFIXES) if where.is_dir() else []
    if not found:
        raise InputError(f"{where}: no pictures there; expected {', '.join(_SUFFIXES)} files of one camera or site")
    return found


def measure_pictures(paths: list[Path], size_px: int = 640, most: int = 24) -> SensorMeasure:
    """Measure pictures, `most` of them evenly over the list."""
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(most, len(paths))).round().astype(int))
    pictures = [_read(paths[k], size_px) for k in chosen]
    circles = _circles(pictures)
    statistics = [picture_statistics(picture, circles[picture.shape]) for picture in pictures]
    temporal = _temporal_noise(paths, chosen.tolist(), pictures, circles, size_px)
    qualities = [_quality(paths[k], size_px) for k in chosen]
    return _assembled(statistics, temporal, qualities, size_px)


@lru_cache(maxsize=4)
def _measured_folder(folder: Path) -> SensorMeasure:
    return measure_pictures(picture_paths(folder))


def _read(path: Path, size_px: int) -> np.ndarray:
    """The picture, reduced to size_px if it is larger. InputError for one that is too small to measure."""
    picture = read_image(path)
    factor = size_px / max(picture.shape[:2])
    if min(picture.shape[:2]) < MIN_PICTURE_PX:
        found = f"{picture.shape[1]} x {picture.shape[0]} px"
        raise InputError(f"{path}: {found}; measuring a camera needs at least {MIN_PICTURE_PX} px on each side")
    if factor >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _circles(pictures: list[np.ndarray]) -> dict[tuple[int, ...], Circle]:
    """The circle of all pictures of one size, by shape."""
    shapes = {picture.shape for picture in pictures}
    return {shape: find_circle([picture for picture in pictures if picture.shape == shape][:8]) for shape in shapes}


def _temporal_noise(
    paths: list[Path], chosen: list[int], pictures: list[np.ndarray], circles: dict[tuple[int, ...], Circle], size: int
) -> list[tuple[float, float]]:
    """Shot and read noise from the difference of neighbouring frames, where those show the same scene."""
    result = []
    for k, picture in list(zip(chosen, pictures, strict=True))[:6]:
        if k + 1 >= len(paths):
            continue
        following = _read(paths[k + 1], size)
        same = following.shape == picture.shape and np.median(cv2.absdiff(picture, following)) < _SAME_SCENE
        noise = noise_of(picture, circles[picture.shape].mask(picture.shape), following) if same else (np.nan, np.nan)
        if np.isfinite(noise[0]):
            result.append(noise)
    return result


def _quality(path: Path, size_px: int) -> int:
    """JPEG quality; 0 for a picture that shows none."""
    original = read_image(path)
    if max(original.shape[:2]) > _REDUCED * size_px:
        return 0
    return jpeg_quality(path.read_bytes()) or ghost_quality(original) or 0


def _assembled(
    statistics: list[Statistics], temporal: list[tuple[float, float]], qualities: list[int], size_px: int
) -> SensorMeasure:
    """Ranges of the parameters from the statistics of all pictures."""
    ends = [{name: _percentile(statistics, name, share) for name in _NAMES} for share in (10, 90)]
    for name, values in zip(("shot_noise", "read_noise"), zip(*temporal, strict=True), strict=False):
        ends[0][name] = min(ends[0][name], float(np.median(values)))
    quality = int(np.percentile(qualities, 10)), int(np.percentile(qualities, 90))
    tones = [_tone(end) for end in ends]
    cameras = [
        calibrated(
            _target(end), SensorSpec(black=tone["black"], contrast=tone["contrast"], jpeg_quality=quality[0], seed=1)
        )
        for end, tone in zip(ends, tones, strict=True)
    ]
    grey = float(np.mean([each.monochrome for each in statistics]))
    known = {**_camera_ranges(ends, cameras), **_tone_ranges(ends, tones, grey)}
    levels = np.array([each.levels for each in statistics])
    percentiles = {
        name: _rounded(np.percentile(column, [10, 90]))
        for name, column in zip(("0.5", "1", "50", "99"), levels.T, strict=True)
    }
    return SensorMeasure(
        pictures=len(statistics), size_px=size_px, same_scene_pairs=len(temporal), percentiles=percentiles,
        jpeg_quality=quality, monochrome=round(grey, 3), **known,  # type: ignore[arg-type]
    )  # fmt: skip


_NAMES = tuple(name for name in Statistics.__dataclass_fields__ if name not in ("levels", "monochrome"))
_FROM = {
    "shot_noise": "shot_noise", "read_noise": "read_noise", "blur_px": "centre_width_px",
    "rim_blur_px": "rim_width_px", "sharpen": "overshoot", "fringe_px": "fringe_px",
}  # fmt: skip
"""The statistic without which a parameter is not known."""


def _percentile(statistics: list[Statistics], name: str, share: float) -> float:
    values = np.array([getattr(each, name) for each in statistics], float)
    values = values[np.isfinite(values)]
    return float(np.percentile(values, share)) if len(values) else float("nan")


def _target(end: dict[str, float]) -> Target:
    return Target(**{name: end[name] for name in Target.__dataclass_fields__})


def _tone(end: dict[str, float]) -> dict[str, float]:
    """Crushed black and contrast that the synthesis needs."""
    contrast = float(np.clip(end["spread"] / _OFFICE_SPREAD, 0.7, 1.8))
    return {"black": float(np.clip(end["black"], 0, 0.3)), "contrast": contrast}


def _camera_ranges(ends: list[dict[str, float]], cameras: list[SensorSpec]) -> dict[str, Range]:
    return {
        name: _rounded([getattr(camera, name) for camera in cameras])
        for name, source in _FROM.items()
        if np.isfinite(ends[0][source])
    }


def _tone_ranges(ends: list[dict[str, float]], tones: list[dict[str, float]], grey: float) -> dict[str, Range]:
    ranges = {name: _rounded([tone[name] for tone in tones]) for name in ("black", "contrast")}
    if grey < 1:
        ranges["saturation"] = _rounded(np.clip([end["chroma"] / _OFFICE_CHROMA for end in ends], 0.5, 1.6))
    for name in ("red_gain", "blue_gain"):
        if np.isfinite(ends[0][name]):
            ranges[name] = _rounded(np.clip([end[name] ** _OWN_CAST for end in ends], 0.7, 1.4))
    return ranges


def _rounded(values: Any) -> Range:
    low, high = sorted(float(value) for value in values)
    return round(low, 4), round(high, 4)
