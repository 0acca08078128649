"""The label of one person from its pixels in the z-buffer: boxes, mask, keypoints, positions.

Boxes are [x, y, w, h] in pixels, edges; rotated ones as drawn in annotate.boxes. All boxes but whole_bbox lie tightly
around the squares (not the centres) of the visible pixels.

rotated_bbox: one side runs along the body's axis in the picture, from the ground point below the person to the middle
of the head, both through the lens. Where that axis is shorter than AXIS_SHARE of the longer side of the box of least
area (somebody straight below the camera), it says nothing: then it is the box of least area.
radius_bbox: its h axis lies on the line from the nadir to its own centre (annotate.boxes.radius_box).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from annotate.boxes import (
    canonical_rotated_boxes,
    least_rotated_box,
    pixel_outline,
    radius_box,
    rotated_box_around,
)
from annotate.camera import Camera
from annotate.dataset_model import Person
from assets.mesh import Human
from render.keypoint_labels import keypoint_labels
from render.raster import Coverage, ZBuffer

Box = tuple[float, float, float, float]

AXIS_SHARE = 0.25
"""A body axis shorter than this share of the person's picture does not decide how its box is turned."""
_AXIS_STEPS = 17
"""Points of the body's axis that are tried, for who reaches beyond the lens."""


@dataclass(frozen=True)
class Sight:
    """One person in the z-buffer. number: its instance id. visible: (n,) bool, which of the pixels that it covers."""

    number: int
    human: Human
    coverage: Coverage
    visible: np.ndarray

    @property
    def pixels(self) -> np.ndarray:
        """Flattened indices of the visible pixels, ascending."""
        return np.asarray(self.coverage.pixels[self.visible])


def person_label(sight: Sight, buffer: ZBuffer, camera: Camera, attributes: dict[str, Any]) -> Person:
    """Everything that is known of one person of whom at least one pixel would be seen if nothing hid it."""
    width = camera.lens.width_px
    human, pixels = sight.human, sight.pixels
    head = sight.visible & human.triangle_is_head[sight.coverage.triangle]
    whole = box_of_pixels(sight.coverage.pixels, width)
    outline = pixel_outline(*np.divmod(pixels, width)) if len(pixels) else None
    return Person(
        instance_id=sight.number,
        bbox=box_of_pixels(pixels, width) if len(pixels) else whole,
        head_bbox=box_of_pixels(sight.coverage.pixels[head], width) if head.any() else None,
        head_point=_point_of(human.head_m, camera),
        whole_bbox=whole,
        keypoints=keypoint_labels(human.keypoints_m, sight.number, buffer, camera),
        visible_fraction=float(np.round(sight.visible.mean(), 6)),
        truncated=sight.coverage.truncated,
        head_m=None if human.head_m is None else tuple(human.head_m.tolist()),
        foot_m=tuple(human.foot_m.tolist()),
        segmentation_rle=run_lengths(pixels, camera),
        area=float(len(pixels)),
        attributes=attributes,
        rotated_bbox=None if outline is None else _five(rotated_box(outline, body_axis_px(human, camera))),
        radius_bbox=None if outline is None else _five(radius_box(outline, camera.nadir_px())),
    )


def box_of_pixels(pixels: np.ndarray, width_px: int) -> Box:
    """The box around flattened pixel indices (at least one)."""
    rows, columns = np.divmod(pixels, width_px)
    x, y = int(columns.min()), int(rows.min())
    return (float(x), float(y), float(int(columns.max()) - x + 1), float(int(rows.max()) - y + 1))


def run_lengths(pixels: np.ndarray, camera: Camera) -> str:
    """Compressed COCO run lengths of flattened pixel indices, without a picture in between."""
    width, height = camera.lens.width_px, camera.lens.height_px
    rows, columns = np.divmod(pixels, width)
    down = np.sort(columns * height + rows)
    starts = np.flatnonzero(np.diff(down, prepend=-2) > 1)
    ends = np.append(starts[1:], len(down))
    # Runs begin and end where the value changes; the first run is of zeros, perhaps of none.
    changes = np.column_stack([down[starts], down[ends - 1] + 1]).ravel() if len(down) else np.zeros(0, np.int64)
    counts = np.diff(changes, prepend=0, append=width * height).tolist()
    if counts[-1] == 0:
        counts.pop()
    encoded = coco_mask.frPyObjects({"counts": counts, "size": [height, width]}, height, width)
    return str(encoded["counts"].decode("ascii"))


def body_axis_px(human: Human, camera: Camera) -> np.ndarray | None:
    """(2, 2) px from the ground below the person to the middle of its head, as far as the lens sees; None if it does not."""
    if human.head_m is None:
        return None
    share = np.linspace(0, 1, _AXIS_STEPS)[:, None]
    foot = np.append(human.foot_m, 0.0)
    px = camera.project_world(foot + share * (human.head_m - foot))
    px = px[np.isfinite(px[:, 0])]
    return px[[0, -1]] if len(px) > 1 else None


def rotated_box(outline_px: np.ndarray, axis_px: np.ndarray | None) -> list[float]:
    """The canonical box around points (n, 2) px along an axis, or that of least area if the axis is none or short."""
    least = least_rotated_box(outline_px)
    if axis_px is None:
        return least
    dx, dy = axis_px[1] - axis_px[0]
    if np.hypot(dx, dy) < AXIS_SHARE * least[3]:
        return least
    along = rotated_box_around(outline_px, float(np.degrees(np.arctan2(dx, -dy))))
    canonical: list[float] = canonical_rotated_boxes([along])[0].tolist()
    return canonical


def _five(box: list[float]) -> tuple[float, float, float, float, float]:
    cx, cy, w, h, degrees = box
    return (cx, cy, w, h, degrees)


def _point_of(point_m: np.ndarray | None, camera: Camera) -> tuple[float, float] | None:
    """The pixel of a world point; None where the picture does not show it."""
    if point_m is None:
        return None
    px = camera.project_world(point_m[None])
    return (float(px[0, 0]), float(px[0, 1])) if camera.lens.in_frame(px)[0] else None
