"""A place's lamps and the light that comes from everywhere, as Cycles lights.

Lamps are area lights that the camera does not see (what glows visibly is a mesh). Radiance 1 is the picture's white.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from render.place import Lamp
from render.radiance import lamp_power_w

if TYPE_CHECKING:
    from render.blender.session import Session
    from render.scene import LightSpec

_MIN_SIZE_M = 0.01


class Lights:
    """The lights of a session's scene; `show` replaces them all."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lamps: list[Any] = []
        world = session.bpy.data.worlds.new("ambient")
        world.use_nodes = True
        self._background = world.node_tree.nodes["Background"]
        session.scene.world = world
        # Plain ambient light is found by the paths themselves; a map of it to sample from would cost more rays.
        world.cycles.sampling_method = "NONE"
        world.cycles_visibility.camera = False

    def show(self, lamps: Sequence[Lamp], light: LightSpec) -> None:
        """Light the scene with these lamps, their power changed as light says."""
        self._clear()
        self.show_ambient(light.ambient)
        for lamp in lamps:
            power = lamp_power_w(lamp, light)
            if power.max() > 0:
                self._lamps.append(self._area_light(lamp, power))

    def show_ambient(self, radiance: Sequence[float]) -> None:
        """Let this much light (linear RGB radiance) come from everywhere."""
        self._background.inputs["Color"].default_value = (*radiance, 1.0)
        self._background.inputs["Strength"].default_value = 1.0

    def _area_light(self, lamp: Lamp, power_w: np.ndarray) -> Any:
        data = self._session.bpy.data.lights.new(lamp.kind, "AREA")
        data.shape = "RECTANGLE"
        data.size, data.size_y = (max(side, _MIN_SIZE_M) for side in lamp.size_m)
        data.energy = float(power_w.max())
        data.color = tuple(float(share) for share in power_w / power_w.max())
        blender_object = self._session.bpy.data.objects.new(lamp.kind, data)
        from mathutils import Matrix  # comes with bpy

        blender_object.matrix_world = Matrix(world_from_lamp(lamp).tolist())
        blender_object.visible_camera = False
        self._session.scene.collection.objects.link(blender_object)
        return blender_object

    def _clear(self) -> None:
        for blender_object in self._lamps:
            data = blender_object.data
            self._session.bpy.data.objects.remove(blender_object)
            self._session.bpy.data.lights.remove(data)
        self._lamps = []


def world_from_lamp(lamp: Lamp) -> np.ndarray:
    """4 x 4 matrix of a Blender area light, which shines along its own -Z."""
    backwards = -np.asarray(lamp.direction, float)
    up = np.asarray(lamp.up, float)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = np.cross(up, backwards), up, backwards
    matrix[:3, 3] = lamp.center_m
    return matrix
