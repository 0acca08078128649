"""One picture as data: SceneSpec says who is where, in which light, before which camera.

sample_scene(config, index) depends on the configuration, its seed and the index alone, so any process can make any
picture. Pictures of one group (scenes_per_background of them) share the office, its light and its camera, or the
photograph, drawn from (seed, group); everything else is drawn from (seed, index, attempt): a draw that leaves nobody
room is rejected and drawn anew.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from annotate.camera import Camera
from annotate.errors import PlafondError, SceneRejected
from annotate.site import Site
from assets.mesh import Human
from render.config import RenderConfig
from render.crowd import populate
from render.ground import Ground
from render.light import LightSpec, sample_light
from render.office import OfficeSpec, build_office, sample_office
from render.office_camera import sample_office_camera
from render.people import PlacedPerson, human_at, person_mesh
from render.photo_place import place_from_site, site_camera
from render.place import Place
from render.sensor import SensorSpec, sample_sensor

_ATTEMPTS = 8
_at = human_at
_GROUP_STREAM, _SCENE_STREAM = 1, 2


class PhotoPlace(BaseModel):
    """A photographed place: its site file and which of its backgrounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["photo"] = "photo"
    site: Path
    background: str
    """File name of the background picture."""


class SceneSpec(BaseModel):
    """One picture as data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    seed: int
    """Draws the renderer's noise."""
    group: int
    """Number of the office or photograph; its pictures share place, light and camera."""
    camera: Camera
    place: Annotated[PhotoPlace | OfficeSpec, Field(discriminator="kind")]
    people: list[PlacedPerson]
    light: LightSpec
    sensor: SensorSpec
    attributes: dict[str, Any] = Field(default_factory=dict)


def sample_scene(config: RenderConfig, index: int) -> SceneSpec:
    """Draw scene number index. Raises PlafondError if in many draws nobody finds room."""
    group = index // config.scenes_per_background
    setting = np.random.default_rng([config.seed, _GROUP_STREAM, group])
    where, camera = _sample_place(config, group, setting)
    ground = _ground(where, camera)
    place = ground.place
    shared_light = sample_light(config.light, place, setting)
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng([config.seed, _SCENE_STREAM, index, attempt])
        light = sample_light(config.light, place, rng) if place.background is not None else shared_light
        sensor = sample_sensor(config.sensor, rng)
        if place.background is not None:
            sensor = sensor.over_photograph()
        try:
            people, asked = populate(config, ground, camera, rng)
        except SceneRejected:
            continue
        attributes = {"asked_people": asked, "placed_people": len(people), "attempt": attempt}
        return SceneSpec(
            index=index,
            seed=int(rng.integers(2**31)),
            group=group,
            camera=camera,
            place=where,
            people=people,
            light=light,
            sensor=sensor,
            attributes=attributes,
        )
    raise PlafondError(
        f"picture {index}: in {_ATTEMPTS} draws nobody found room; the floor (floor_px of the site) is too small "
        "or full of furniture: enlarge it, or ask for people on seats"
    )


@lru_cache(maxsize=4)
def build_place(where: PhotoPlace | OfficeSpec, camera: Camera) -> Place:
    """The geometry of a place; kept, for the next scenes mostly happen in the same one."""
    if isinstance(where, OfficeSpec):
        return build_office(where)
    site = read_site(where.site)
    return place_from_site(site, site.background_path(where.background), camera)


@lru_cache(maxsize=4)
def _ground(where: PhotoPlace | OfficeSpec, camera: Camera) -> Ground:
    return Ground(build_place(where, camera))


@lru_cache(maxsize=8)
def read_site(path: Path) -> Site:
    """A site file, read and checked once."""
    return Site.read(path)


def placed_humans(scene: SceneSpec) -> list[Human]:
    """The people of a scene as meshes in world coordinates, in the order of scene.people."""
    meshes = [person_mesh(one.human, one.pose, one.seat_height_m) for one in scene.people]
    return [human_at(mesh, one.x_m, one.y_m, one.heading_rad) for mesh, one in zip(meshes, scene.people, strict=True)]


def _sample_place(config: RenderConfig, group: int, rng: np.random.Generator) -> tuple[PhotoPlace | OfficeSpec, Camera]:
    if config.site is None:
        office = sample_office(rng)
        if config.style == "randomised":
            office = office.model_copy(update={"randomised": int(rng.integers(2**31))})
        return office, sample_office_camera(config, office, rng)
    site = read_site(config.site)
    background = site.backgrounds[group % len(site.backgrounds)]
    return PhotoPlace(site=config.site, background=background.name), site_camera(site, config.size_px)
