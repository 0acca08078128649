"""Dense maps of a scene: depth along the ray, surface normals, semantic classes, read from its z-buffer.

Normals are those of the flat triangles, not the smoothed ones of shading, in the camera frame, and point to the
camera's side of the surface: the angle to the pixel's ray is 90 degrees or more. Where no surface is, depth is inf and
normal and class are 0.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from annotate.camera import Camera
from annotate.dense import DenseMaps
from assets.mesh import Mesh
from render.raster import ZBuffer, pixel_rays

DENSE_MAPS = ("depth", "normals", "classes")


def dense_maps(meshes: Sequence[Mesh], buffer: ZBuffer, camera: Camera, wanted: Collection[str]) -> DenseMaps:
    """The maps of a scene. meshes: in the order of the z-buffer's owners. wanted: some of DENSE_MAPS."""
    pixels = np.flatnonzero(buffer.owner >= 0)
    first = np.cumsum([0, *(len(mesh.triangles) for mesh in meshes)])
    surface = first[buffer.owner.ravel()[pixels]] + buffer.triangle.ravel()[pixels]
    return DenseMaps(
        depth_m=buffer.depth_m.astype(np.float32) if "depth" in wanted else None,
        normals=_normal_map(meshes, pixels, surface, camera) if "normals" in wanted else None,
        classes=_class_map(meshes, pixels, surface, camera) if "classes" in wanted else None,
    )


def _class_map(meshes: Sequence[Mesh], pixels: np.ndarray, surface: np.ndarray, camera: Camera) -> np.ndarray:
    """HW uint8. surface: (n,) number of the triangle, all meshes counted through, that each of the pixels (n,) sees."""
    of_triangle = np.concatenate([mesh.triangle_class for mesh in meshes]).astype(np.uint8)
    classes = np.zeros(camera.lens.height_px * camera.lens.width_px, np.uint8)
    classes[pixels] = of_triangle[surface]
    return classes.reshape(camera.lens.height_px, camera.lens.width_px)


def _normal_map(meshes: Sequence[Mesh], pixels: np.ndarray, surface: np.ndarray, camera: Camera) -> np.ndarray:
    """HWC float32."""
    seen = np.zeros(sum(len(mesh.triangles) for mesh in meshes), bool)
    seen[surface] = True
    parts = np.split(seen, np.cumsum([len(mesh.triangles) for mesh in meshes])[:-1])
    of_seen = np.concatenate([_unit_normals(mesh, part) for mesh, part in zip(meshes, parts, strict=True)])
    of_seen = (of_seen @ camera.camera_from_world.T).astype(np.float32)
    own = of_seen[(np.cumsum(seen) - 1)[surface]]
    rays = pixel_rays(camera)
    away = sum(own[:, axis] * rays[:, axis][pixels] for axis in range(3)) > 0
    own[away] *= -1
    normals = np.zeros((camera.lens.height_px * camera.lens.width_px, 3), np.float32)
    normals[pixels] = own
    return normals.reshape(camera.lens.height_px, camera.lens.width_px, 3)


def _unit_normals(mesh: Mesh, chosen: np.ndarray) -> np.ndarray:
    """World unit normals (k, 3) of the chosen triangles (m,) bool."""
    a, b, c = (mesh.vertices_m[mesh.triangles[chosen, corner]].astype(np.float64) for corner in range(3))
    normals = np.cross(b - a, c - a)
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None])
