"""What Blender renders for a picture: the people, and the empty room.

people: each body in the light of the room, in rectangles around the bodies. The room's surfaces are holdouts: they
hide legs and send light back, but are not seen.
plate: the room itself, once for many pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from annotate.camera import Camera
from assets.mesh import Human
from render.blender import borders, meshes
from render.blender.camera import FisheyeCamera
from render.blender.lights import Lights
from render.blender.materials import MaterialShelf
from render.blender.session import Session
from render.light import glow_gain
from render.place import Place
from render.radiance import NEARBY_M, even_radiance
from render.solids import joined

if TYPE_CHECKING:
    from render.picture import RenderSettings
    from render.scene import LightSpec

_RENDER_PRICE_PX = 1500
"""Starting one more render costs about as much as this many pixels."""


class BlenderRenderer:
    """A Blender that keeps a place loaded and renders people into it. One per process."""

    def __init__(self, settings: RenderSettings) -> None:
        self._settings = settings
        self._session = Session(settings.threads)
        self._camera = FisheyeCamera(self._session)
        self._lights = Lights(self._session)
        self._materials = MaterialShelf(self._session)
        self._place_key: str | None = None
        self._parts: list[Any] = []

    def render_people(
        self, place: Place, people: Sequence[Human], light: LightSpec, camera: Camera, seed: int
    ) -> np.ndarray:
        """HxWx4 float32 linear premultiplied RGBA: the people, in the light of the room.

        0 where nobody is, behind furniture, and outside the lens's circle.
        """
        self._prepare(place, light)
        self._session.set_even_light_after(bounces=1, nearby_m=NEARBY_M)
        bodies = [meshes.upload(self._session, person, self._materials) for person in people]
        try:
            body = self._bodies(people, bodies, camera, seed)
        finally:
            for blender_object in bodies:
                meshes.discard(self._session, blender_object)
            self._materials.drop_unused()
        body[~_surely_seen(camera)] = 0.0
        return body

    def render_plate(self, place: Place, light: LightSpec, camera: Camera, seed: int) -> np.ndarray:
        """HxWx3 float32 linear RGB of the place without people; 0 outside the lens's circle."""
        self._prepare(place, light)
        self._session.set_even_light_after(bounces=2, nearby_m=NEARBY_M)
        self._show_parts(holdout=False)
        self._session.scene.render.film_transparent = False
        self._session.set_quality(self._settings.plate_samples, seed, denoise=True, thorough=True)
        self._camera.show(camera)
        plate = self._session.render()[..., :3].copy()
        plate[~camera.lens.valid_mask()] = 0.0
        return plate

    def _prepare(self, place: Place, light: LightSpec) -> None:
        self._session.forget()
        self._load(place)
        self._lights.show(place.lamps, light)
        self._materials.shine(lambda material: glow_gain(material, light))
        self._lights.show_ambient(even_radiance(place, light).tolist())

    def _load(self, place: Place) -> None:
        """Make the place's surfaces the scene's, unless they are already."""
        if place.key == self._place_key:
            return
        for blender_object in self._parts:
            meshes.discard(self._session, blender_object)
        self._materials.drop_unused()
        self._parts = []
        # Blender visits every object before every render: a room of two objects starts faster than one of 150.
        for smooth in (False, True):
            alike = [part for part in place.parts if part.smooth == smooth]
            if alike:
                self._parts.append(meshes.upload(self._session, joined(alike, "place"), self._materials))
        self._place_key = place.key

    def _show_parts(self, holdout: bool) -> None:
        for part in self._parts:
            part.is_holdout = holdout

    def _bodies(self, people: Sequence[Human], bodies: Sequence[Any], camera: Camera, seed: int) -> np.ndarray:
        rectangles = borders.merged(borders.body_rectangles(people, camera, margin_px=3), _RENDER_PRICE_PX)
        self._show_parts(holdout=True)
        settings = self._settings
        self._set_up(camera, settings.samples, seed, settings.denoise)
        return self._session.render(rectangles)

    def _set_up(self, camera: Camera, samples: int, seed: int, denoise: bool) -> None:
        self._session.scene.render.film_transparent = True
        self._session.set_quality(samples, seed, denoise, self._settings.adaptive_threshold)
        self._camera.show(camera)


def _surely_seen(camera: Camera) -> np.ndarray:
    """HxW bool: inside the lens's circle by a whole pixel. Rays that the lens refuses count as black and opaque."""
    seen = camera.lens.valid_mask().astype(np.uint8)
    return cv2.erode(seen, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
