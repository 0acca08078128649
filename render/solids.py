"""Simple solids as meshes: boxes, cylinders, extruded and flat polygons, domes, and many of them joined into one.

Each solid is closed, counter-clockwise seen from outside, in world metres, with one material and one class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from annotate.classes import CLASS_ID
from assets.mesh import Material, Mesh

_BOX_QUADS = ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7))
_BOX_TRIANGLES = np.array([triangle for a, b, c, d in _BOX_QUADS for triangle in ((a, b, c), (a, c, d))], np.int32)


def solid(
    vertices_m: np.ndarray,
    triangles: np.ndarray,
    material: Material,
    class_name: str,
    uvs: np.ndarray | None = None,
    smooth: bool = False,
) -> Mesh:
    """A mesh of one material and one class."""
    count = len(triangles)
    return Mesh(
        vertices_m=np.asarray(vertices_m, np.float32),
        triangles=np.asarray(triangles, np.int32),
        triangle_material=np.zeros(count, np.int32),
        materials=[material],
        triangle_class=np.full(count, CLASS_ID[class_name], np.uint8),
        uvs=uvs,
        smooth=smooth,
        name=material.name,
    )


def box(
    center_m: Sequence[float], size_m: Sequence[float], material: Material, class_name: str, tilt_rad: float = 0.0
) -> Mesh:
    """A box of size (x, y, z) about its centre, leaning back (about its x axis) by tilt_rad."""
    x, y, z = (side / 2 for side in size_m)
    corners = np.array(
        [[-x, -y, -z], [x, -y, -z], [x, y, -z], [-x, y, -z], [-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]]
    )
    c, s = math.cos(tilt_rad), math.sin(tilt_rad)
    corners = corners @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]).T
    return solid(corners + np.asarray(center_m), _BOX_TRIANGLES, material, class_name)


def quad(corners_m: np.ndarray, material: Material, class_name: str) -> Mesh:
    """A flat four-cornered sheet, corners (4, 3) counter-clockwise seen from its front, with UVs from corner 0."""
    uvs = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], np.float32)
    return solid(corners_m, np.array([[0, 1, 2], [0, 2, 3]]), material, class_name, uvs)


def cylinder(
    center_m: Sequence[float],
    radius_m: float,
    height_m: float,
    material: Material,
    class_name: str,
    sides: int = 12,
    top_radius_m: float | None = None,
) -> Mesh:
    """An upright cylinder (a cone's stump if top_radius_m is given) standing on center_m."""
    angle = np.arange(sides) * 2 * math.pi / sides
    ring = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(sides)])
    top = ring * (radius_m if top_radius_m is None else top_radius_m) + [0, 0, height_m]
    middles = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, height_m]])
    vertices = np.vstack([ring * radius_m, top, middles]) + np.asarray(center_m)
    here, after = np.arange(sides), (np.arange(sides) + 1) % sides
    floor, lid = np.full(sides, 2 * sides), np.full(sides, 2 * sides + 1)
    triangles = np.vstack(
        [
            np.column_stack([here, after, after + sides]),
            np.column_stack([here, after + sides, here + sides]),
            np.column_stack([floor, after, here]),
            np.column_stack([lid, here + sides, after + sides]),
        ]
    )
    return solid(vertices, triangles, material, class_name, smooth=False)


def blob(
    center_m: Sequence[float],
    radii_m: Sequence[float],
    material: Material,
    class_name: str,
    rings: int = 6,
    sides: int = 10,
) -> Mesh:
    """An ellipsoid."""
    polar = np.linspace(0, math.pi, rings + 1)
    angle = np.arange(sides) * 2 * math.pi / sides
    unit = np.array([[math.sin(p) * math.cos(a), math.sin(p) * math.sin(a), math.cos(p)] for p in polar for a in angle])
    triangles = []
    for ring in range(rings):
        for side in range(sides):
            a, b = ring * sides + side, ring * sides + (side + 1) % sides
            c, d = a + sides, b + sides
            triangles += [[a, c, d]] * (ring < rings - 1) + [[a, d, b]] * (ring > 0)
    return solid(
        unit * np.asarray(radii_m) + np.asarray(center_m), np.array(triangles), material, class_name, smooth=True
    )


def sheet(outline: Polygon | MultiPolygon, z_m: float, material: Material, class_name: str) -> Mesh:
    """A flat polygon (holes allowed) at height z_m that faces up."""
    vertices, triangles = _triangulated(outline)
    return solid(np.column_stack([vertices, np.full(len(vertices), z_m)]), triangles, material, class_name)


def prism(outline: Polygon | MultiPolygon, bottom_m: float, top_m: float, material: Material, class_name: str) -> Mesh:
    """A polygon extruded from bottom_m to top_m."""
    lid = sheet(outline, top_m, material, class_name)
    base = sheet(outline, bottom_m, material, class_name)
    base.triangles = base.triangles[:, ::-1].copy()
    walls = [_wall(ring, bottom_m, top_m, material, class_name) for ring in _rings(outline)]
    return joined([lid, base, *walls], lid.name)


def joined(meshes: Sequence[Mesh], name: str) -> Mesh:
    """One mesh of many; equal materials are shared. UVs are kept (zero where a mesh has none) if any mesh has them."""
    materials: list[Material] = []
    numbers: dict[Material, int] = {}
    for mesh in meshes:
        for material in mesh.materials:
            if material not in numbers:
                numbers[material] = len(materials)
                materials.append(material)
    starts = np.cumsum([0, *(len(mesh.vertices_m) for mesh in meshes)])[:-1]
    with_uvs = any(mesh.uvs is not None for mesh in meshes)
    return Mesh(
        vertices_m=np.concatenate([mesh.vertices_m for mesh in meshes]).astype(np.float32),
        triangles=np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)]).astype(
            np.int32
        ),
        triangle_material=np.concatenate([_renumbered(mesh, numbers) for mesh in meshes]),
        materials=materials,
        triangle_class=np.concatenate([mesh.triangle_class for mesh in meshes]),
        uvs=np.concatenate([_uvs(mesh) for mesh in meshes]) if with_uvs else None,
        smooth=all(mesh.smooth for mesh in meshes),
        name=name,
    )


def moved(mesh: Mesh, x_m: float, y_m: float, heading_rad: float = 0.0, z_m: float = 0.0) -> Mesh:
    """The mesh turned counter-clockwise (seen from above) about the Z axis, then shifted."""
    c, s = math.cos(heading_rad), math.sin(heading_rad)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    vertices = (mesh.vertices_m @ turn.T + [x_m, y_m, z_m]).astype(np.float32)
    return replace(mesh, vertices_m=vertices)


def _renumbered(mesh: Mesh, numbers: dict[Material, int]) -> np.ndarray:
    own = np.array([numbers[material] for material in mesh.materials], np.int32)
    return np.asarray(own[mesh.triangle_material])


def _uvs(mesh: Mesh) -> np.ndarray:
    return mesh.uvs if mesh.uvs is not None else np.zeros((len(mesh.triangles), 3, 2), np.float32)


def _triangulated(outline: Polygon | MultiPolygon) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (3n, 2) and triangles (n, 3), counter-clockwise."""
    parts = shapely.get_parts(shapely.constrained_delaunay_triangles(outline))
    corners = np.array([np.asarray(part.exterior.coords)[:3] for part in parts])
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    clockwise = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < 0
    corners[clockwise] = corners[clockwise][:, ::-1]
    return corners.reshape(-1, 2), np.arange(3 * len(parts)).reshape(-1, 3)


def _rings(outline: Polygon | MultiPolygon) -> list[np.ndarray]:
    """Outer rings counter-clockwise and holes clockwise, open, (n, 2)."""
    polygons = outline.geoms if isinstance(outline, MultiPolygon) else [outline]
    rings = []
    for polygon in polygons:
        turned = shapely.geometry.polygon.orient(polygon)
        rings += [np.asarray(ring.coords)[:-1] for ring in (turned.exterior, *turned.interiors)]
    return rings


def _wall(ring: np.ndarray, bottom_m: float, top_m: float, material: Material, class_name: str) -> Mesh:
    count = len(ring)
    vertices = np.vstack([np.column_stack([ring, np.full(count, z)]) for z in (bottom_m, top_m)])
    here, after = np.arange(count), (np.arange(count) + 1) % count
    triangles = np.vstack(
        [np.column_stack([here, after, after + count]), np.column_stack([here, after + count, here + count])]
    )
    return solid(vertices, triangles, material, class_name)
