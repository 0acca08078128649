"""Keypoints in the picture and whether they are seen: 0 outside the picture, 1 hidden, 2 seen (annotate.keypoints).

A keypoint lies inside the body, some centimetres behind the skin or cloth by which one sees it. So it counts as seen
if its pixel belongs to its person and the surface there lies before it by no more than the body is thick around it:
else the surface is another part of the body. A seen keypoint therefore always lies in its person's mask.
"""

from __future__ import annotations

import numpy as np

from annotate.camera import Camera
from annotate.dataset_model import Keypoint
from annotate.keypoints import KEYPOINTS
from render.raster import ZBuffer

HALF_THICKNESS_M = {
    "nose": 0.02, "eye": 0.04, "ear": 0.03, "shoulder": 0.10, "elbow": 0.15, "wrist": 0.10,
    "hip": 0.15, "knee": 0.16, "ankle": 0.16,
}  # fmt: skip
"""How far a surface may lie before a keypoint, along the ray, and still show it: half the dressed limb, seen at a slant.

Chosen on 108 people in offices so that as many surfaces of the joint's own limb as possible lie nearer, and as few of
other parts of the body; hips are the hardest to tell (the belly hangs over them)."""
_ALLOWED_M = np.array([HALF_THICKNESS_M[name.rpartition("_")[2]] for name in KEYPOINTS])
_DECIMALS = 3
"""Positions are rounded first and looked up afterwards, so that files say exactly what was looked up."""


def keypoint_labels(
    keypoints_m: np.ndarray | None, number: int, buffer: ZBuffer, camera: Camera
) -> tuple[Keypoint, ...] | None:
    """(x px, y px, visibility) of the 17 keypoints (17, 3) in the world of person number; None if nobody knows them."""
    if keypoints_m is None:
        return None
    px = np.round(camera.project_world(keypoints_m), _DECIMALS)
    shown = camera.lens.in_frame(px)
    column, row = np.where(shown[:, None], px, 0.0).astype(np.int64).T
    before_m = camera.distance_m(keypoints_m) - buffer.depth_m[row, column]
    seen = shown & (buffer.owner[row, column] == number) & (before_m <= _ALLOWED_M)
    visibility = np.where(shown, 1 + seen, 0).tolist()
    places = np.where(shown[:, None], px, 0.0).tolist()
    return tuple((x, y, value) for (x, y), value in zip(places, visibility, strict=True))
