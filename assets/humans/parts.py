"""What a posed person is put together from: where the joints went, and posed triangles of one kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.humans.anny import RestBody, pose_points
from assets.mesh import Material


@dataclass(frozen=True)
class Part:
    """Posed triangles of one kind: points (n, 3), triangles (m, 3), and per triangle look, head flag and uvs."""

    points_m: np.ndarray
    triangles: np.ndarray
    materials: list[Material]
    look: np.ndarray
    semantic_class: str
    is_head: np.ndarray
    uvs: np.ndarray


@dataclass(frozen=True)
class Motion:
    """Where the joints went."""

    rest: RestBody
    turns: np.ndarray
    heads_m: np.ndarray

    def pose(self, points_m: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return pose_points(points_m, weights, self.rest.heads_m, self.turns, self.heads_m)
