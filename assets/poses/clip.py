"""A motion capture clip as arrays, whichever file it came from.

Readers turn their file's axes into the body frame (metres, Z up, facing -Y at rest), so nothing after them knows about
Y-up files. Rotations follow the same rule as `skeleton.Pose`: from the file's own rest pose, in body axes, relative to
the parent; what the file's rest pose looks like is in `rest_m`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

END = "_end"
"""Suffix of the joints added for the ends of last bones (BVH "End Site", the tip of an .asf bone)."""


@dataclass(frozen=True)
class Clip:
    """Frames of one skeleton.

    joints: j names, parents before children. parents: index of each joint's parent, -1 for the root.
    rest_m: (j, 3). rotations: (f, j, 3, 3). root_m: (f, 3) path of the root joint. frame_s: seconds between frames.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    rest_m: np.ndarray
    rotations: np.ndarray
    root_m: np.ndarray
    frame_s: float

    def __len__(self) -> int:
        return len(self.rotations)

    def frames(self, chosen: np.ndarray) -> Clip:
        """The same clip with only the chosen frames (indices)."""
        return Clip(
            self.name, self.joints, self.parents, self.rest_m, self.rotations[chosen], self.root_m[chosen], self.frame_s
        )


def turned_joints(clip: Clip) -> np.ndarray:
    """(f, j, 3, 3): rotation of each joint from rest in body axes, parents included."""
    result = np.empty_like(clip.rotations)
    for index, parent in enumerate(clip.parents):
        own = clip.rotations[:, index]
        result[:, index] = own if parent < 0 else result[:, parent] @ own
    return result


def posed_joints(clip: Clip, turned: np.ndarray | None = None) -> np.ndarray:
    """(f, j, 3): where the joints are in each frame, metres, in the room that the clip was recorded in."""
    turned = turned_joints(clip) if turned is None else turned
    result = np.empty(turned.shape[:3])
    for index, parent in enumerate(clip.parents):
        if parent < 0:
            result[:, index] = clip.root_m
        else:
            offset = clip.rest_m[index] - clip.rest_m[parent]
            result[:, index] = result[:, parent] + turned[:, parent] @ offset
    return result


def in_axes(axes: np.ndarray, vectors: np.ndarray, rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (.., 3) and rotations (.., 3, 3) of a file in body axes; axes' rows are body X, Y, Z in the file's."""
    return vectors @ axes.T, axes @ rotations @ axes.T
