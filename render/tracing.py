"""Rays against meshes (Embree): what stands on a path. World frame, metres."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from assets.mesh import Mesh
from render.place import Keyed


class Tracer:
    """A ray tracer over some meshes, which may be none."""

    def __init__(self, meshes: Sequence[Mesh]) -> None:
        self._scene = EmbreeScene()
        corners = [mesh.vertices_m[mesh.triangles] for mesh in meshes if len(mesh.triangles)]
        if corners:
            TriangleMesh(self._scene, np.ascontiguousarray(np.concatenate(corners), np.float32))

    def blocked(self, origin: np.ndarray, direction: np.ndarray, length_m: np.ndarray) -> np.ndarray:
        """(n,) bool: something stands on the path. origin, direction (unit): (n, 3)."""
        rays = (np.ascontiguousarray(values, np.float32) for values in (origin, direction))
        lengths = np.ascontiguousarray(length_m, np.float32)
        return np.asarray(self._scene.run(*rays, dists=lengths, query="OCCLUDED") >= 0)


@lru_cache(maxsize=2)
def place_tracer(keyed: Keyed) -> Tracer:
    """That of a place; kept, because the next scenes mostly happen in the same one."""
    return Tracer(keyed.place.parts)
