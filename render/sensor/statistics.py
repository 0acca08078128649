"""Numbers that one picture tells of its camera, before they are turned into a camera's parameters.

Pictures are HWC uint8 RGB; only what lies in the lens's circle counts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from io import BytesIO

import cv2
import numpy as np
from PIL import Image
from scipy.optimize import nnls

from annotate.calibration.circle import fit_circle
from annotate.errors import InputError
from render.place import decode_srgb
from render.sensor.edge_profiles import edge_profiles, overshoot, radial_shift_px, width_px
from render.sensor.noise import LUMA

Array = np.ndarray
_PATCH_PX = 16
_FLATTEST = 0.3
"""Share of the patches of equal brightness, those with the least gradient, in which noise is looked for."""
_MIN_EDGES = 12
_SHARPEST = 12
"""Percentile of the widths that is the lens's: things have soft edges too."""
_MAD_TO_DEVIATION = 1.4826
_GREY_CHROMA = 2.5
"""Mean difference between the channels, levels, below which a picture is grey."""


@dataclass(frozen=True)
class Circle:
    """The lens's circle in a picture."""

    x_px: float
    y_px: float
    radius_px: float

    def mask(self, shape: tuple[int, ...]) -> Array:
        """HW: what lies inside, a narrow rim left out."""
        y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
        return np.asarray(np.hypot(x - self.x_px, y - self.y_px) < 0.97 * self.radius_px)


@dataclass(frozen=True)
class Statistics:
    """Of one picture; NaN where it does not tell. Lengths in px of a picture of 640 px."""

    shot_noise: float
    """Standard deviation of linear light at white."""
    read_noise: float
    """The same in the dark."""
    centre_width_px: float
    """Way from 10 to 90 % of the sharpest edges, share below 0.5."""
    rim_width_px: float
    """The same where the share is above 0.7."""
    overshoot: float
    """Halos over the step."""
    fringe_px: float
    """Red outwards and blue inwards at the rim, the mean of both."""
    red_gain: float
    """Red over green of bright pale areas."""
    blue_gain: float
    """Blue over green of them."""
    black: float
    """Width of the encoded levels that ended up in black."""
    spread: float
    """Encoded level of the 95th percentile of brightness above that of the 5th."""
    chroma: float
    """Mean difference between the largest and the smallest channel, encoded, once pale areas are made grey."""
    monochrome: float
    """1 for a grey picture."""
    levels: tuple[float, float, float, float]
    """Encoded brightness at percentiles 0.5, 1, 50 and 99."""

    def as_array(self) -> Array:
        """All but the levels."""
        return np.array([getattr(self, field.name) for field in fields(self) if field.name != "levels"], float)


def find_circle(pictures: list[Array]) -> Circle:
    """The circle in the brightest value of each pixel; without a dark surround the one around the whole frame."""
    brightest = np.maximum.reduce(pictures)
    height, width = brightest.shape[:2]
    try:
        fit = fit_circle(brightest, bootstraps=20)
    except InputError:
        return Circle(width / 2, height / 2, float(np.hypot(width, height) / 2))
    return Circle(fit.centre_px[0].value, fit.centre_px[1].value, fit.radius_px.value)


def picture_statistics(picture: Array, circle: Circle) -> Statistics:
    """All numbers of one picture."""
    inside = circle.mask(picture.shape)
    centre, rim, halo, fringe = edge_numbers(picture, circle)
    red, blue = _white_balance(picture, inside)
    brightness = (picture.astype(np.float32) @ LUMA)[inside] / 255
    chroma = _chroma(picture[inside], red, blue)
    greyness = np.ptp(picture[inside], axis=1).mean()
    low, high = np.percentile(brightness, [5, 95])
    half, first, middle, last = (float(level) for level in np.percentile(brightness, [0.5, 1, 50, 99]))
    shot, read = noise_of(picture, inside)
    return Statistics(
        shot, read, centre, rim, halo, fringe, red, blue, crushed_width(brightness), float(high - low),
        chroma, float(greyness < _GREY_CHROMA), (half, first, middle, last),
    )  # fmt: skip


def noise_of(picture: Array, inside: Array, other: Array | None = None) -> tuple[float, float]:
    """Shot and read noise, standard deviations in linear green light at white and in the dark.

    In flat patches of each brightness: of what a Gaussian of 3 px takes away, or, with another picture of the same
    scene, of the difference between the two over the root of 2. NaN if too few patches are flat.
    """
    light = decode_srgb(picture[..., 1])
    smooth = cv2.GaussianBlur(light, (0, 0), 3.0)
    residual = light - smooth if other is None else (light - decode_srgb(other[..., 1])) / np.float32(np.sqrt(2))
    patches, covered = _patches(residual), _patches(inside.astype(np.float32)).min(axis=1) > 0
    level = np.median(_patches(light), axis=1)
    gradient = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    slope = _patches(gradient).max(axis=1) / np.sqrt(level + 1e-3)
    usable = covered & (level > 0.004) & (level < 0.9)
    if usable.sum() < 24:
        return float("nan"), float("nan")
    patches, level, slope = patches[usable], level[usable], slope[usable]
    deviation = _MAD_TO_DEVIATION * np.median(np.abs(patches - np.median(patches, axis=1, keepdims=True)), axis=1)
    return _fitted_noise(level, deviation, slope)


def crushed_width(brightness: Array) -> float:
    """Encoded width of what became black: the share of black pixels over the density of levels just above black."""
    black = float((brightness <= 2.5 / 255).mean())
    density = float(((brightness > 4.5 / 255) & (brightness <= 30.5 / 255)).mean()) / (26 / 255)
    return min(black / density, 0.5) if density > 0 and black > 1e-4 else 0.0


def jpeg_quality(data: bytes) -> int | None:
    """Quality of a JPEG file after its quantisation table of brightness, 1-100; None for another file.

    The table is held against the example of ITU-T T.81, Annex K, which libjpeg scales by 50 / q below quality 50 and by
    2 - q / 50 above.
    """
    with Image.open(BytesIO(data)) as image:
        tables = getattr(image, "quantization", None)
    if not tables or 0 not in tables:
        return None
    reference = _libjpeg_table(50)
    scale = float(np.median(np.asarray(tables[0], float) / reference))
    return int(np.clip(round(50 / scale if scale > 1 else 100 - 50 * scale), 1, 100))


def ghost_quality(picture: Array) -> int | None:
    """Quality of the JPEG that a picture was before it was stored otherwise; None if nothing tells of one.

    Compressed once more, a picture changes least at the quality that it had (JPEG ghosts: Farid 2009).
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    qualities = np.arange(30, 96)
    change = np.array([_recompression_change(grey, int(quality)) for quality in qualities])
    around = np.minimum(np.roll(change, 2), np.roll(change, -2))
    dip = np.where((qualities > 31) & (qualities < 94), change / np.maximum(around, 1e-9), 1.0)
    best = int(dip.argmin())
    return int(qualities[best]) if dip[best] < 0.6 else None


def _recompression_change(grey: Array, quality: int) -> float:
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    again = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return float(np.mean((again.astype(np.float32) - grey) ** 2))


def _libjpeg_table(quality: int) -> Array:
    """(64,) the table that Pillow's libjpeg uses for brightness, in the order in which it gives it."""
    stream = BytesIO()
    Image.new("L", (8, 8)).save(stream, "JPEG", quality=quality)
    with Image.open(stream) as image:
        return np.asarray(image.quantization[0], float)  # type: ignore[attr-defined]


def edge_numbers(picture: Array, circle: Circle) -> tuple[float, float, float, float]:
    """Width at the centre and at the rim, overshoot, fringe; NaN where there are too few edges."""
    edges = edge_profiles(picture, (circle.x_px, circle.y_px), circle.radius_px)
    centre, rim = edges.between(0, 0.5), edges.between(0.7, 1)
    crossing = edges.where((np.abs(edges.outwards) > 0.6) & (edges.share > 0.4))
    fringes = np.concatenate([radial_shift_px(crossing, 0), -radial_shift_px(crossing, 2)])
    halo = overshoot(edges.between(0, 0.7))
    return (
        _percentile(width_px(centre), _SHARPEST), _percentile(width_px(rim), _SHARPEST), _percentile(halo, 50),
        _percentile(fringes[np.abs(fringes) < 4], 50),
    )  # fmt: skip


def _percentile(values: Array, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, share)) if len(known) >= _MIN_EDGES else float("nan")


def _white_balance(picture: Array, inside: Array) -> tuple[float, float]:
    """Linear red and blue over green, of bright areas that are pale and not clipped."""
    values = cv2.blur(picture, (5, 5))[inside]
    brightest, palest = values.max(axis=1).astype(float), values.min(axis=1).astype(float)
    pale = (brightest < 250) & (palest > 0.7 * brightest)
    if pale.sum() < 100:
        return float("nan"), float("nan")
    bright = pale & (brightest >= np.percentile(brightest[pale], 60))
    red, green, blue = np.median(decode_srgb(values[bright]), axis=0)
    return float(red / green), float(blue / green)


def _chroma(values: Array, red: float, blue: float) -> float:
    """Mean difference between the channels of (n, 3) bytes, encoded, after the cast is divided out."""
    cast = np.nan_to_num(np.array([red, 1.0, blue]), nan=1.0) ** (1 / 2.4)
    return float(np.ptp(values / cast, axis=1).mean() / 255)


def _patches(plane: Array) -> Array:
    """HW to (patches, pixels of each)."""
    rows, columns = plane.shape[0] // _PATCH_PX, plane.shape[1] // _PATCH_PX
    cut = plane[: rows * _PATCH_PX, : columns * _PATCH_PX].reshape(rows, _PATCH_PX, columns, _PATCH_PX)
    return cut.transpose(0, 2, 1, 3).reshape(rows * columns, -1)


def _fitted_noise(level: Array, deviation: Array, slope: Array) -> tuple[float, float]:
    """Roots of the non-negative least squares fit of variance = shot^2 light + read^2, over eight brightnesses."""
    edges = np.quantile(level, np.linspace(0, 1, 9))
    where = np.clip(np.searchsorted(edges, level, side="right") - 1, 0, 7)
    rows, targets = [], []
    for group in range(8):
        mine = where == group
        if not mine.any():
            continue
        flat = mine & (slope <= np.quantile(slope[mine], _FLATTEST))
        rows.append([float(np.median(level[flat])), 1.0])
        targets.append(float(np.percentile(deviation[flat], 40)) ** 2)
    matrix, variance = np.array(rows), np.array(targets)
    weight = 1 / (variance + 1e-7)
    (shot, read), _ = nnls(matrix * weight[:, None], variance * weight)
    return float(np.sqrt(shot)), float(np.sqrt(read))
