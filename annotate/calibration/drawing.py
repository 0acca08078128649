"""Pictures of a lens: circles of equal angle over the camera's picture, the radius curve, and what a fit leaves over.

Drawn twice as large and reduced, so that lines and letters are smooth. Colours are sRGB.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from annotate.calibration.lens_fit import LensFit
from annotate.lens import Array, LensModel

Colour = tuple[int, int, int]

_INK: Colour = (236, 240, 244)
_FAINT: Colour = (120, 128, 138)
_PAPER: Colour = (30, 34, 40)
_GREY: Colour = (92, 96, 102)
_RING: Colour = (255, 204, 77)
_RIM: Colour = (255, 92, 138)
_SPOKE: Colour = (120, 200, 255)
_GOOD: Colour = (110, 220, 140)
_OVER = 2
"""Drawn this much larger than shown."""
_PICTURE_PX = 960
"""Longer side of the drawn area."""
_PANEL_PX = 380
_MARGIN_PX = 24
_RING_STEP_DEG = 10
_SPOKE_STEP_DEG = 30
_LABEL_AZIMUTH_DEG = -52.0
_RESIDUAL_ENLARGED = 20.0
_GAP_PX = 40.0
"""Points of an edge further apart than this have something between them."""


def draw_lens(lens: LensModel, image: np.ndarray | None = None, lines: Sequence[str] = ()) -> np.ndarray:
    """HWC uint8 RGB: circles every 10 degrees, spokes, frame and valid circle over image (or grey), and the radius curve.

    image: HWC uint8 RGB of the lens's size, or another size of the same picture. lines: text under the curve.
    """
    sheet = _Sheet.for_lens(lens, image)
    sheet.spokes(lens)
    sheet.rings(lens)
    sheet.rim(lens, 3)
    sheet.frame(lens)
    _draw_curve(sheet, lens)
    sheet.text_lines(lines)
    return sheet.finished()


def draw_residuals(fit: LensFit, image: np.ndarray | None = None) -> np.ndarray:
    """HWC uint8 RGB: the points of a fit with what is left over as strokes, 20 times enlarged, green small, red large.

    What a line leaves over lies across it; what a point leaves over is drawn in its own direction.
    """
    sheet = _Sheet.for_lens(fit.lens, image)
    sheet.rings(fit.lens)
    sheet.rim(fit.lens, 2)
    for group in range(int(fit.group.max()) + 1):
        chosen = fit.group == group
        sheet.residuals(fit.px[chosen], fit.residuals_px[chosen], fit.pose is not None)
    _draw_curve(sheet, fit.lens)
    sheet.text_lines(
        [*str(fit).splitlines(), "", f"strokes: what is left over, {_RESIDUAL_ENLARGED:.0f} times enlarged"]
    )
    return sheet.finished()


class _Sheet:
    """A drawing surface that knows where pixels of the lens's picture lie on it."""

    def __init__(self, low: Array, high: Array) -> None:
        self.low = low
        self.scale = _PICTURE_PX / float((high - low).max())
        width, height = (math.ceil(side * self.scale) for side in high - low)
        self.picture_width = width
        size = (width + _PANEL_PX + 3 * _MARGIN_PX, max(height, 640) + 2 * _MARGIN_PX)
        self.canvas = Image.new("RGB", (size[0] * _OVER, size[1] * _OVER), _PAPER)
        self.draw = ImageDraw.Draw(self.canvas)

    @classmethod
    def for_lens(cls, lens: LensModel, image: np.ndarray | None) -> _Sheet:
        """A surface that shows the frame, and the circle as far as it stays within half a frame around it."""
        size = np.array([lens.width_px, lens.height_px], float)
        rim = lens.rim_px(360)
        rim = np.asarray(rim[np.isfinite(rim).all(axis=1)], float)
        low = np.asarray(np.maximum(np.minimum(rim.min(axis=0), 0), -0.3 * size) - 8, float)
        high = np.asarray(np.minimum(np.maximum(rim.max(axis=0), size), 1.3 * size) + 8, float)
        sheet = cls(low, high)
        corner, opposite = sheet.at(np.array([[0.0, 0.0], size]))
        box = tuple(round(value) for value in opposite - corner)
        if image is None:
            sheet.draw.rectangle([tuple(corner), tuple(opposite)], fill=_GREY)
        else:
            shown = Image.fromarray(image).resize((max(1, box[0]), max(1, box[1])), Image.Resampling.LANCZOS)
            dimmed = Image.blend(shown, Image.new("RGB", shown.size, _PAPER), 0.25)
            sheet.canvas.paste(dimmed, (round(corner[0]), round(corner[1])))
        return sheet

    def at(self, px: ArrayLike) -> Array:
        """Canvas places (n, 2) of picture pixels (n, 2)."""
        return np.asarray(((np.asarray(px, float) - self.low) * self.scale + _MARGIN_PX) * _OVER)

    def outline(self, px: Array, colour: Colour, width: int) -> None:
        """A line through pixels, broken where they are NaN or leave the drawn area."""
        places = self.at(px)
        limit = _OVER * np.array([self.picture_width + _MARGIN_PX, self.canvas.height / _OVER - _MARGIN_PX / 2])
        inside = (
            np.isfinite(places).all(axis=1)
            & (places >= _OVER * _MARGIN_PX / 2).all(axis=1)
            & (places <= limit).all(axis=1)
        )
        for start, end in zip(range(len(places) - 1), range(1, len(places)), strict=True):
            if inside[start] and inside[end]:
                self.draw.line([tuple(places[start]), tuple(places[end])], fill=colour, width=width)

    def rings(self, lens: LensModel) -> None:
        for degrees in range(_RING_STEP_DEG, 181, _RING_STEP_DEG):
            if degrees >= lens.max_theta_deg:
                break
            strong = degrees % 30 == 0
            self.outline(lens.project(_ring(degrees, 721)), _RING, 3 if strong else 2)
        for degrees in range(_RING_STEP_DEG, 181, _RING_STEP_DEG):
            if degrees < lens.max_theta_deg:
                place = lens.project(_ray(degrees, _LABEL_AZIMUTH_DEG)[None])[0]
                self.label(place, f"{degrees}°", _RING)

    def rim(self, lens: LensModel, width: int) -> None:
        """The valid circle's outline."""
        px = lens.rim_px(720)
        self.outline(np.vstack([px, px[:1]]), _RIM, width)

    def spokes(self, lens: LensModel) -> None:
        theta = np.linspace(0.5, lens.max_theta_deg * (1 - 1e-9), 90)
        for azimuth in range(0, 360, _SPOKE_STEP_DEG):
            rays = np.array([_ray(float(angle), azimuth) for angle in theta])
            self.outline(lens.project(rays), _SPOKE, 3 if azimuth % 90 == 0 else 1)

    def frame(self, lens: LensModel) -> None:
        corner, opposite = self.at(np.array([[0.0, 0.0], [lens.width_px, lens.height_px]]))
        self.draw.rectangle([tuple(corner), tuple(opposite)], outline=_INK, width=2)
        x, y = self.at(np.array([[lens.cx_px, lens.cy_px]]))[0]
        self.draw.line([(x - 14, y), (x + 14, y)], fill=_RIM, width=3)
        self.draw.line([(x, y - 14), (x, y + 14)], fill=_RIM, width=3)

    def label(self, px: Array, text: str, colour: Colour) -> None:
        place = self.at(px[None])[0]
        if np.isfinite(place).all() and place[0] < (self.picture_width + _MARGIN_PX) * _OVER:
            self.draw.text(
                tuple(place), text, fill=colour, font=_font(13), anchor="mm", stroke_width=3, stroke_fill=_PAPER
            )

    def residuals(self, px: Array, residuals: Array, are_offsets: bool) -> None:
        """Strokes of one line (across it) or one point (x then y)."""
        places = self.at(px)
        if are_offsets:
            ends = places[:1] + residuals[None, :2] * self.scale * _OVER * _RESIDUAL_ENLARGED
            places = places[:1]
        else:
            tangent = np.gradient(places, axis=0)
            normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
            normal /= np.maximum(np.hypot(*normal.T), 1e-9)[:, None]
            ends = places + normal * residuals[:, None] * self.scale * _OVER * _RESIDUAL_ENLARGED
            for start, end in pairwise(places):
                if np.hypot(*(end - start)) < _GAP_PX * self.scale * _OVER:
                    self.draw.line([tuple(start), tuple(end)], fill=_SPOKE, width=2)
        for place, end, size in zip(
            places, ends, np.hypot(*np.atleast_2d(residuals)) if are_offsets else residuals, strict=False
        ):
            share = min(1.0, abs(float(size)))
            colour = tuple(round(a + share * (b - a)) for a, b in zip(_GOOD, _RIM, strict=True))
            self.draw.line([tuple(place), tuple(end)], fill=colour, width=3)

    def text_lines(self, lines: Sequence[str]) -> None:
        """Small text in the panel, under the curve, wrapped."""
        left, top = (self.picture_width + 2 * _MARGIN_PX) * _OVER, (_MARGIN_PX + _PANEL_PX + 28) * _OVER
        font = _font(12)
        for line in lines:
            for row in _wrapped(line, font, _PANEL_PX * _OVER, self.draw):
                self.draw.text((left, top), row, fill=_INK, font=font)
                top += 17 * _OVER

    def finished(self) -> np.ndarray:
        small = self.canvas.resize((self.canvas.width // _OVER, self.canvas.height // _OVER), Image.Resampling.LANCZOS)
        return np.asarray(small)


def _draw_curve(sheet: _Sheet, lens: LensModel) -> None:
    """Radius over angle beside that of an equidistant lens of the same focal length."""
    theta = np.linspace(0.0, lens.max_theta_deg * (1 - 1e-9), 121)
    px = lens.project(np.array([_ray(float(angle), 0.0) for angle in theta]))
    radius = np.hypot(px[:, 0] - lens.cx_px, px[:, 1] - lens.cy_px)
    straight = lens.focal_px[0] * np.radians(theta)
    top = 1.05 * max(float(np.nanmax(radius)), float(straight[-1]))
    left, upper = sheet.picture_width + 2 * _MARGIN_PX + 44, _MARGIN_PX + 26
    width, height = _PANEL_PX - 52, _PANEL_PX - 56

    def place(angle_deg: float, distance_px: float) -> tuple[float, float]:
        across = left + width * angle_deg / lens.max_theta_deg
        return across * _OVER, (upper + height * (1 - distance_px / top)) * _OVER

    _axes(sheet, place, lens.max_theta_deg, top)
    for values, colour, thick in ((straight, _FAINT, 3), (radius, _RING, 5)):
        sheet.draw.line([place(a, r) for a, r in zip(theta, values, strict=True)], fill=colour, width=thick)
    sheet.draw.text(place(0.04 * lens.max_theta_deg, 0.97 * top), lens.model, fill=_RING, font=_font(13))
    sheet.draw.text(
        place(0.04 * lens.max_theta_deg, 0.90 * top), "equidistant, same focal length", fill=_FAINT, font=_font(12)
    )
    title = "distance from the principal point in px, along x"
    sheet.draw.text(((left - 44) * _OVER, _MARGIN_PX * _OVER - 8), title, fill=_INK, font=_font(13))


def _axes(sheet: _Sheet, place, max_deg: float, top_px: float) -> None:  # type: ignore[no-untyped-def]
    for degrees in range(0, int(max_deg) + 1, 30 if max_deg > 60 else 10):
        sheet.draw.line([place(degrees, 0), place(degrees, top_px)], fill=(58, 64, 72), width=2)
        x, y = place(degrees, 0)
        sheet.draw.text((x, y + 8), f"{degrees}°", fill=_INK, font=_font(12), anchor="mt")
    # 1, 2 or 5 times a power of ten, seven lines at most: a polynomial asked far beyond its frame has no largest radius.
    decade = 10 ** max(1, math.floor(math.log10(max(top_px, 1.0) / 7)))
    step = next(decade * factor for factor in (1, 2, 5, 10) if top_px / (decade * factor) <= 7)
    for distance in range(0, int(top_px) + 1, step):
        sheet.draw.line([place(0, distance), place(max_deg, distance)], fill=(58, 64, 72), width=2)
        x, y = place(0, distance)
        sheet.draw.text((x - 8, y), str(distance), fill=_INK, font=_font(12), anchor="rm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * _OVER)


def _wrapped(
    line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float, draw: ImageDraw.ImageDraw
) -> list[str]:
    rows = [""]
    for word in line.split():
        longer = f"{rows[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def _ray(theta_deg: float, azimuth_deg: float) -> Array:
    theta, azimuth = math.radians(theta_deg), math.radians(azimuth_deg)
    return np.array([math.sin(theta) * math.cos(azimuth), math.sin(theta) * math.sin(azimuth), math.cos(theta)])


def _ring(theta_deg: float, count: int) -> Array:
    return np.array([_ray(theta_deg, azimuth) for azimuth in np.linspace(0.0, 360.0, count)])
