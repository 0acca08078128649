"""Where a picture is worth rendering: rectangles around what changes in it.

Pixels: left, top inclusive; right, bottom exclusive. No bpy here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from annotate.camera import Camera
from assets.mesh import Mesh
from render.place import Lamp

_SHADOW_REACH_M = 0.9
"""How far from a body its shadow on the floor is followed; beyond it, ceiling lights leave nothing to see."""
_CONTACT_REACH_M = 0.35
"""How far around a body the light of the whole room is dimmed."""
_POINTS_OF_A_BODY = 1500


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


def shadow_rectangles(
    people: Sequence[Mesh], lamps: Sequence[Lamp], camera: Camera, margin_px: float
) -> list[Rectangle]:
    """One rectangle for each body's shadow on the floor, as far as it is worth rendering."""
    size = (camera.lens.width_px, camera.lens.height_px)
    found = (rectangle_of(camera.project_world(shadow_points(body, lamps)), margin_px, *size) for body in people)
    return [box for box in found if box is not None]


def shadow_points(body: Mesh, lamps: Sequence[Lamp]) -> np.ndarray:
    """(n, 3) points between which a body's shadow lies: thrown on the floor by each lamp, and around the body."""
    step = max(1, len(body.vertices_m) // _POINTS_OF_A_BODY)
    points = np.asarray(body.vertices_m[::step], float)
    thrown = [points, _on_floor(points)]
    for lamp in lamps:
        center = np.asarray(lamp.center_m)
        below = points[points[:, 2] < center[2] - 0.05]
        aside = (below[:, :2] - center[:2]) * (below[:, 2] / (center[2] - below[:, 2]))[:, None]
        length = np.linalg.norm(aside, axis=1, keepdims=True)
        aside *= np.minimum(1.0, _SHADOW_REACH_M / np.maximum(length, 1e-9))
        thrown.append(np.column_stack([below[:, :2] + aside, np.zeros(len(below))]))
    low, high = points[:, :2].min(axis=0) - _CONTACT_REACH_M, points[:, :2].max(axis=0) + _CONTACT_REACH_M
    corners = np.array([[x, y, 0.0] for x in (low[0], high[0]) for y in (low[1], high[1])])
    return np.concatenate([*thrown, corners])


def _on_floor(points: np.ndarray) -> np.ndarray:
    return np.column_stack([points[:, :2], np.zeros(len(points))])


def fade_at_edges(rectangles: Sequence[Rectangle], width_px: int, height_px: int, fade_px: float) -> np.ndarray:
    """HxW float32 weights: 1 inside the rectangles, down to 0 over fade_px towards the edge of their union.

    The picture's own edge is no edge: what is cut off there goes on outside.
    """
    covered = np.zeros((height_px + 2, width_px + 2), np.uint8)
    for box in rectangles:
        covered[box.top + 1 : box.bottom + 1, box.left + 1 : box.right + 1] = 1
    covered[0], covered[-1] = covered[1], covered[-2]
    covered[:, 0], covered[:, -1] = covered[:, 1], covered[:, -2]
    if covered.all():
        return np.ones((height_px, width_px), np.float32)
    distance = cv2.distanceTransform(covered, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    ramp = np.clip(distance / max(fade_px, 1e-6), 0.0, 1.0)
    return (ramp * ramp * (3.0 - 2.0 * ramp)).astype(np.float32)
