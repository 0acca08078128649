"""Lines, areas and words drawn into a picture at places of the world, through its lens: straight things bend as it bends.

Every world line is divided finely before it is projected, and broken where the lens does not see it. Pictures are HWC
uint8 RGB, changed in place; colours are sRGB 0-255.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from annotate.camera import Camera
from annotate.draw import Colour

_STEP_M = 0.04
_SHIFT = 4
"""OpenCV draws in 1/16 px."""


class Sketch:
    """A picture that is drawn on, and the camera that took it."""

    def __init__(self, picture: np.ndarray, camera: Camera) -> None:
        """picture: HWC uint8 RGB of the camera's size; it is copied."""
        self.picture = np.ascontiguousarray(picture).copy()
        self.camera = camera
        self.unit_px = max(picture.shape[:2]) / 1600
        """Line widths and letters grow with the picture."""

    def line(self, points_m: Any, colour: Colour, width: float = 1.5, alpha: float = 1.0, dash_m: float = 0.0) -> None:
        """A line through world points (n, 3); dash_m: length of its dashes and gaps, 0 for none."""
        pieces = dashes(points_m, dash_m) if dash_m else [divided(points_m)]
        runs = [run for piece in pieces for run in self._seen_runs(piece)]
        self._blend(runs, colour, max(1, round(width * self.unit_px)), alpha)

    def area(self, outline_m: Any, colour: Colour, alpha: float) -> None:
        """Fill a polygon of world points (n, 3), as far as the lens sees its outline."""
        closed = divided(np.vstack([outline_m, np.asarray(outline_m)[:1]]))
        px = self.camera.project_world(closed)
        self.area_px(px[np.isfinite(px[:, 0])], colour, alpha)

    def area_px(self, outline_px: np.ndarray, colour: Colour, alpha: float) -> None:
        """Fill a polygon of pixels (n, 2)."""
        if len(outline_px) < 3:
            return
        window, corner = self._window(outline_px, 1)
        if window.size:
            drawn = window.copy()
            cv2.fillPoly(drawn, [_fixed(outline_px - corner)], colour, cv2.LINE_AA, _SHIFT)
            cv2.addWeighted(drawn, alpha, window, 1 - alpha, 0, window)

    def line_px(self, points_px: np.ndarray, colour: Colour, width: float = 1.5, alpha: float = 1.0) -> None:
        """A line through pixels (n, 2)."""
        self._blend([np.asarray(points_px, float)], colour, max(1, round(width * self.unit_px)), alpha)

    def hatch(self, polygon_px: Any, colour: Colour, alpha: float = 0.55) -> None:
        """Slanting lines inside a polygon of pixels, and its outline."""
        corners = np.asarray(polygon_px, float)
        window, corner = self._window(corners, 2)
        if not window.size:
            return
        inside = np.zeros(window.shape[:2], np.uint8)
        cv2.fillPoly(inside, [_fixed(corners - corner)], (1,), cv2.LINE_8, _SHIFT)
        row, column = np.indices(inside.shape)
        period, width = max(4, round(12 * self.unit_px)), max(1, round(1.6 * self.unit_px))
        stripes = (inside > 0) & ((row + column + int(corner.sum())) % period < width)
        window[stripes] = ((1 - alpha) * window[stripes] + alpha * np.array(colour)).astype(np.uint8)
        self.line_px(np.vstack([corners, corners[:1]]), colour, 1.4, 0.9)

    def silhouette(self, parts_m: Sequence[np.ndarray], colour: Colour, alpha: float) -> None:
        """A body of convex parts, each given by points (n, 3) whose hull it is: filled as one, each part with an edge."""
        projected = [self.camera.project_world(part) for part in parts_m]
        outlines = [cv2.convexHull(px.astype(np.float32))[:, 0] for px in projected if np.isfinite(px).all()]
        if not outlines:
            return
        window, corner = self._window(np.concatenate(outlines), 2)
        if window.size:
            drawn = window.copy()
            for outline in outlines:
                cv2.fillPoly(drawn, [_fixed(outline - corner)], colour, cv2.LINE_AA, _SHIFT)
            cv2.addWeighted(drawn, alpha, window, 1 - alpha, 0, window)
        edge = (colour[0] // 4, colour[1] // 4, colour[2] // 4)
        self._blend([np.vstack([outline, outline[:1]]) for outline in outlines], edge, max(1, round(self.unit_px)), 0.5)

    def word(self, text: str, at_px: Any, colour: Colour, size: float = 15.0) -> None:
        """Words around a pixel, with a dark rim."""
        if np.isfinite(at_px).all():
            write(self.picture, text, (float(at_px[0]), float(at_px[1])), colour, size * self.unit_px)

    def word_at(self, text: str, point_m: Any, colour: Colour, size: float = 15.0) -> None:
        """Words around a world point (3,)."""
        self.word(text, self.camera.project_world([point_m])[0], colour, size)

    def _seen_runs(self, points_m: np.ndarray) -> list[np.ndarray]:
        """The projected points (k, 2), cut where the lens does not see them; runs outside the frame are left out."""
        px = self.camera.project_world(points_m)
        seen = np.isfinite(px[:, 0])
        cuts = np.flatnonzero(np.diff(seen.astype(int))) + 1
        runs = [run for run in np.split(px, cuts) if len(run) > 1 and np.isfinite(run[0, 0])]
        return [run for run in runs if self.camera.lens.in_frame(run).any()]

    def _blend(self, runs: Sequence[np.ndarray], colour: Colour, width: int, alpha: float) -> None:
        if not runs:
            return
        window, corner = self._window(np.concatenate(runs), width + 2)
        if not window.size:
            return
        lines = [_fixed(run - corner) for run in runs]
        if alpha >= 1:
            cv2.polylines(window, lines, False, colour, width, cv2.LINE_AA, _SHIFT)
            return
        drawn = window.copy()
        cv2.polylines(drawn, lines, False, colour, width, cv2.LINE_AA, _SHIFT)
        cv2.addWeighted(drawn, alpha, window, 1 - alpha, 0, window)

    def _window(self, points_px: np.ndarray, margin: int) -> tuple[np.ndarray, np.ndarray]:
        """The part of the picture around points, a contiguous view's worth of it, and its upper left corner."""
        height, width = self.picture.shape[:2]
        low = np.clip(np.floor(points_px.min(axis=0)).astype(int) - margin, 0, (width, height))
        high = np.clip(np.ceil(points_px.max(axis=0)).astype(int) + margin, 0, (width, height))
        return self.picture[low[1] : high[1], low[0] : high[0]], low.astype(float)


def divided(points_m: Any, step_m: float = _STEP_M) -> np.ndarray:
    """(k, 3): an open line through world points (n, 3) with points between them, at most step_m apart."""
    points = np.asarray(points_m, float)
    pieces = [points[:1]]
    for start, end in pairwise(points):
        steps = max(1, math.ceil(float(np.linalg.norm(end - start)) / step_m))
        pieces.append(start + (end - start) * (np.arange(1, steps + 1) / steps)[:, None])
    return np.concatenate(pieces)


def dashes(points_m: Any, dash_m: float) -> list[np.ndarray]:
    """The dashes of a line, each (k, 3): every other stretch of length dash_m, beginning with one."""
    points = divided(points_m, min(_STEP_M, dash_m / 2))
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    number = (along / dash_m).astype(int)
    runs = np.split(np.arange(len(points)), np.flatnonzero(np.diff(number)) + 1)
    pieces = [points[run[0] : run[-1] + 2] for run in runs if number[run[0]] % 2 == 0]
    return [piece for piece in pieces if len(piece) > 1]


def write(
    picture: np.ndarray, text: str, middle_px: tuple[float, float], colour: Colour, size_px: float, anchor: str = "mm"
) -> None:
    """Words into a picture (changed in place), with a dark rim; anchor: Pillow's, "mm" is the middle."""
    font, rim = _font(max(8, round(size_px))), max(1, round(size_px / 9))
    left, top, right, bottom = font.getbbox(text, anchor=anchor, stroke_width=rim)
    x0, y0 = math.floor(middle_px[0] + left) - 1, math.floor(middle_px[1] + top) - 1
    x1, y1 = math.ceil(middle_px[0] + right) + 1, math.ceil(middle_px[1] + bottom) + 1
    if x0 < 0 or y0 < 0 or x1 > picture.shape[1] or y1 > picture.shape[0]:
        return
    part = Image.fromarray(picture[y0:y1, x0:x1])
    ImageDraw.Draw(part).text(
        (middle_px[0] - x0, middle_px[1] - y0),
        text, colour, font, anchor, stroke_width=rim, stroke_fill=(16, 18, 22),
    )  # fmt: skip
    picture[y0:y1, x0:x1] = np.asarray(part)


@lru_cache(maxsize=16)
def _font(size_px: int) -> Any:
    return ImageFont.load_default(size_px)


def _fixed(points_px: np.ndarray) -> np.ndarray:
    """Pixels as OpenCV draws them: centres at 0, in 1/16 px, int32."""
    return np.round((np.clip(points_px, -4000, 40000) - 0.5) * (1 << _SHIFT)).astype(np.int32)
