"""Where a picture is worth rendering: rectangles around what changes in it.

Pixels: left, top inclusive; right, bottom exclusive. No bpy here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotate.camera import Camera
from assets.mesh import Mesh


@dataclass(frozen=True)
class Rectangle:
    """A part of the picture in whole pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area_px(self) -> int:
        return self.width * self.height

    def grown(self, margin_px: int, width_px: int, height_px: int) -> Rectangle:
        """The rectangle with a margin around it, as far as the picture reaches."""
        return Rectangle(
            max(0, self.left - margin_px),
            max(0, self.top - margin_px),
            min(width_px, self.right + margin_px),
            min(height_px, self.bottom + margin_px),
        )

    def around(self, other: Rectangle) -> Rectangle:
        """The smallest rectangle that holds both."""
        return Rectangle(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def rectangle_of(px: np.ndarray, margin_px: float, width_px: int, height_px: int) -> Rectangle | None:
    """The rectangle around pixels (n, 2), NaN ignored, cut to the frame; None if nothing is left of it."""
    seen = px[np.isfinite(px).all(axis=1)]
    if not len(seen):
        return None
    left, top = np.floor(seen.min(axis=0) - margin_px).astype(int)
    right, bottom = np.ceil(seen.max(axis=0) + margin_px).astype(int)
    box = Rectangle(max(0, left), max(0, top), min(width_px, right), min(height_px, bottom))
    return box if box.width > 0 and box.height > 0 else None


def merged(rectangles: Sequence[Rectangle], price_px: int) -> list[Rectangle]:
    """Fewer rectangles that cover the same: two become one where that wastes fewer than price_px pixels.

    price_px: what starting one more render costs, in pixels that could be rendered instead.
    """
    left = list(rectangles)
    while len(left) > 1:
        pairs = [(i, j) for i in range(len(left)) for j in range(i)]
        waste = [left[i].around(left[j]).area_px - left[i].area_px - left[j].area_px for i, j in pairs]
        best = int(np.argmin(waste))
        if waste[best] > price_px:
            break
        i, j = pairs[best]
        left[j] = left[i].around(left[j])
        del left[i]
    return sorted(left, key=lambda box: (box.top, box.left))


def body_rectangles(people: Sequence[Mesh], camera: Camera, margin_px: float) -> list[Rectangle]:
    """One rectangle for each body that is in the picture."""
    size = (camera.lens.width_px, camera.lens.height_px)
    found = (rectangle_of(camera.project_world(body.vertices_m), margin_px, *size) for body in people)
    return [box for box in found if box is not None]
