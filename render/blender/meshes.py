"""Our meshes in Blender, and the coordinates in which their patterns are drawn.

Every corner of a triangle gets the attribute "pattern_m": where its material's pattern is looked up, in metres, so
that a material's scale_m means the same on a wall, a sleeve and a head of hair. Clothes with UVs use these, stretched
to their real size; hair uses its growth around the crown; all others use the place in the world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assets.mesh import Human, Mesh
from render.blender.materials import PATTERN_ATTRIBUTE, SHADE_ATTRIBUTE, MaterialShelf

if TYPE_CHECKING:
    from render.blender.session import Session

_SCALP_RADIUS_M = 0.09
_STRAND_STRETCH = 0.06
"""How much slower hair changes along a strand than across it."""
_MIN_UV_AREA = 1e-9


def upload(session: Session, mesh: Mesh, materials: MaterialShelf) -> Any:
    """Make a mesh (world metres) an object of the scene; returns Blender's object."""
    data = session.bpy.data.meshes.new(mesh.name)
    _fill(data, mesh)
    for material in mesh.materials:
        data.materials.append(materials.get(material))
    blender_object = session.bpy.data.objects.new(mesh.name, data)
    session.scene.collection.objects.link(blender_object)
    return blender_object


def discard(session: Session, blender_object: Any) -> None:
    """Remove an object and its mesh: Blender keeps both in memory otherwise."""
    data = blender_object.data
    session.bpy.data.objects.remove(blender_object)
    session.bpy.data.meshes.remove(data)


def _fill(data: Any, mesh: Mesh) -> None:
    count = len(mesh.triangles)
    data.vertices.add(len(mesh.vertices_m))
    data.vertices.foreach_set("co", np.ascontiguousarray(mesh.vertices_m, np.float32).ravel())
    data.loops.add(3 * count)
    data.loops.foreach_set("vertex_index", np.ascontiguousarray(mesh.triangles, np.int32).ravel())
    data.polygons.add(count)
    data.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    data.polygons.foreach_set("material_index", np.ascontiguousarray(mesh.triangle_material, np.int32))
    data.update(calc_edges=True)
    if mesh.smooth:
        data.shade_smooth()
    else:
        data.shade_flat()
    if mesh.shade is not None:
        shade = data.attributes.new(SHADE_ATTRIBUTE, "FLOAT_VECTOR", "POINT")
        shade.data.foreach_set("vector", np.ascontiguousarray(mesh.shade, np.float32).ravel())
    attribute = data.attributes.new(PATTERN_ATTRIBUTE, "FLOAT_VECTOR", "CORNER")
    attribute.data.foreach_set("vector", np.ascontiguousarray(pattern_coordinates(mesh), np.float32).ravel())


def pattern_coordinates(mesh: Mesh) -> np.ndarray:
    """(m, 3 corners, 3) float32 metres: where each corner's pattern is looked up."""
    corners = np.asarray(mesh.vertices_m, np.float32)[mesh.triangles]
    found = corners.copy()
    for number, material in enumerate(mesh.materials):
        mine = mesh.triangle_material == number
        if not mine.any():
            continue
        if material.pattern == "strands":
            found[mine] = _growth(corners[mine], _crown_direction(mesh))
        elif isinstance(mesh, Human) and mesh.uvs is not None:
            found[mine] = _uvs_in_metres(corners[mine], mesh.uvs[mine])
    return found


def _uvs_in_metres(corners_m: np.ndarray, uvs: np.ndarray) -> np.ndarray:
    """UVs (k, 3, 2) stretched so that their whole area is that of the surface; the surface itself if they have none."""
    uv_area = _areas(np.concatenate([uvs, np.zeros_like(uvs[..., :1])], axis=2)).sum()
    if uv_area < _MIN_UV_AREA:
        return corners_m
    metres_per_uv = np.sqrt(_areas(corners_m).sum() / uv_area)
    flat = np.zeros_like(corners_m)
    flat[..., :2] = uvs * metres_per_uv
    return flat


def _areas(corners: np.ndarray) -> np.ndarray:
    sides = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(np.linalg.norm(sides, axis=1) / 2)


def _crown_direction(mesh: Mesh) -> np.ndarray:
    """Unit vector from a body's neck to its crown; straight up where the joints do not tell."""
    joints = mesh.joints_m if isinstance(mesh, Human) else {}
    neck, head = joints.get("Neck"), joints.get("Head")
    if neck is None or head is None or np.linalg.norm(head - neck) < 1e-6:
        return np.array([0.0, 0.0, 1.0])
    return np.asarray((head - neck) / np.linalg.norm(head - neck))


def _growth(corners_m: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Coordinates of hair that runs down from the crown: a circle around the crown's axis, hardly changing downwards."""
    points = corners_m.reshape(-1, 3).astype(float)
    away = points - (points.min(axis=0) + points.max(axis=0)) / 2
    along = away @ up
    flat = away - along[:, None] * up
    around = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    side = np.cross(up, [0.0, 1.0, 0.0] if abs(up[1]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    plane = np.stack([around @ side, around @ np.cross(up, side), along * _STRAND_STRETCH / _SCALP_RADIUS_M], axis=1)
    return (plane * _SCALP_RADIUS_M).reshape(corners_m.shape).astype(np.float32)
