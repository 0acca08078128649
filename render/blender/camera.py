"""annotate's cameras in Cycles: every lens model through one OSL camera shader (fisheye.osl).

Blender's built-in fisheye types ignore the principal point, stretch in a frame that is not square, or turn the lens
formula around; the shader computes the same formula as annotate/lens.py and costs 6 % more than the built-in types.
Camera type CUSTOM needs Blender 4.5 and runs on the CPU (and OptiX) without OSL shading being on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from annotate.camera import Camera
from annotate.errors import PlafondError
from annotate.lens import RadialLens

if TYPE_CHECKING:
    from render.blender.session import Session

_SHADER_FILE = Path(__file__).with_name("fisheye.osl")
_MODEL_NUMBERS = {"equidistant": 0, "equisolid": 1, "kannala_brandt": 2}
"""Names of lens models, as the shader counts them."""


def shader_parameters(lens: RadialLens) -> dict[str, int | float]:
    """What fisheye.osl needs to know of a lens. Raises PlafondError for a model that the shader does not have."""
    model = getattr(lens, "model", type(lens).__name__)
    if model not in _MODEL_NUMBERS:
        raise PlafondError(
            f"lens model {model!r}: the renderer knows {', '.join(_MODEL_NUMBERS)}; add it to {_SHADER_FILE.name}."
        )
    fx_px, fy_px = lens.focal_px
    return {
        "model": _MODEL_NUMBERS[model],
        "width_px": float(lens.width_px),
        "height_px": float(lens.height_px),
        "cx_px": lens.cx_px,
        "cy_px": lens.cy_px,
        "fx_px": fx_px,
        "fy_px": fy_px,
        "max_rho": lens.max_rho,
        "max_theta": lens.max_theta_rad,
        **{name: float(getattr(lens, name, 0.0)) for name in ("k1", "k2", "k3", "k4")},
    }


def world_from_blender_camera(camera: Camera) -> np.ndarray:
    """4 x 4 matrix of Blender's camera object, whose Y is up and whose Z points backwards."""
    matrix = np.eye(4)
    matrix[:3, :3] = camera.camera_from_world.T @ np.diag([1.0, -1.0, -1.0])
    matrix[:3, 3] = camera.position_m
    return matrix


class FisheyeCamera:
    """Blender's camera object of a session; `show` makes it another camera of ours."""

    def __init__(self, session: Session) -> None:
        self._session = session
        bpy = session.bpy
        self._data: Any = bpy.data.cameras.new("fisheye")
        self._object: Any = bpy.data.objects.new("fisheye", self._data)
        session.scene.collection.objects.link(self._object)
        session.scene.camera = self._object
        self._data.clip_start = 0.001
        text = bpy.data.texts.new(_SHADER_FILE.name)
        text.write(_SHADER_FILE.read_text(encoding="utf-8"))
        self._data.type = "CUSTOM"
        self._data.custom_mode = "INTERNAL"
        self._data.custom_shader = text  # compiles it
        missing = [name for name in ("model", "max_rho", "k4") if name not in self._data.cycles_custom]
        if missing:
            raise PlafondError(f"Blender did not compile {_SHADER_FILE.name}; its messages above say why.")

    def show(self, camera: Camera) -> None:
        """Render from this camera, in its frame's size, from now on."""
        for name, value in shader_parameters(camera.lens).items():
            self._data.cycles_custom[name] = value
        self._data.update_tag()
        from mathutils import Matrix  # comes with bpy

        self._object.matrix_world = Matrix(world_from_blender_camera(camera).tolist())
        render = self._session.scene.render
        render.resolution_x, render.resolution_y = camera.lens.width_px, camera.lens.height_px
