"""Triangles, texture coordinates and materials of MB-Lab's meshes, read out of its library by Blender itself.

`python -m render.blender.mblab_topology LIBRARY OUT.npz OBJECT` runs in a process of its own: Blender reads libraries of
every version it ever wrote, and the library of MB-Lab is older than the Blender that plafond uses.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np

from annotate.errors import InputError
from annotate.files import write_bytes
from render.blender.session import start_blender


def read_topology(library: Path, name: str) -> dict[str, np.ndarray]:
    """The mesh of one object: `vertex_count`, `triangles` (m, 3), `uvs` (m, 3, 2), `material` (m,), `material_names`,

    and `polygon_count` before its polygons were split. Raises InputError if Blender cannot read it.
    """
    bpy = start_blender(threads=1)
    try:
        with bpy.data.libraries.load(str(library)) as (found, wanted):
            names = list(found.objects)
            wanted.objects = [name] if name in names else []
    except (OSError, RuntimeError) as error:
        raise InputError(f"{library}: Blender cannot read it ({error})") from None
    if name not in names:
        raise InputError(f"{library}: has no object {name}; it has {', '.join(names) or 'none'}")
    return _arrays(wanted.objects[0].data)


def _arrays(mesh: Any) -> dict[str, np.ndarray]:
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    loops, owner = np.empty(3 * count, np.int32), np.empty(count, np.int32)
    mesh.loop_triangles.foreach_get("loops", loops)
    mesh.loop_triangles.foreach_get("polygon_index", owner)
    corner, uv = np.empty(len(mesh.loops), np.int32), np.zeros((len(mesh.loops), 2), np.float32)
    material = np.empty(len(mesh.polygons), np.int32)
    mesh.loops.foreach_get("vertex_index", corner)
    mesh.polygons.foreach_get("material_index", material)
    if mesh.uv_layers:
        mesh.uv_layers[0].data.foreach_get("uv", uv.reshape(-1))
    return {
        "vertex_count": np.array(len(mesh.vertices)),
        "polygon_count": np.array(len(mesh.polygons)),
        "triangles": corner[loops].reshape(-1, 3),
        "uvs": uv[loops].reshape(-1, 3, 2),
        "material": material[owner],
        "material_names": np.array([one.name if one else "" for one in mesh.materials], np.str_),
    }


def main() -> None:
    library, out, name = sys.argv[1:]
    try:
        arrays = read_topology(Path(library), name)
    except InputError as error:
        sys.exit(f"{error}")
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    write_bytes(Path(out), stream.getvalue())


if __name__ == "__main__":
    main()
