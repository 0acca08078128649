"""One picture as data: SceneSpec says who is where, in which light, before which camera.

sample_scene(config, index) depends on the configuration, its seed and the index alone, so any process can make any
picture. Pictures of one group (scenes_per_background of them) share the office, its light and its camera, or the
photograph, drawn from (seed, group); everything else is drawn from (seed, index, attempt): a draw that leaves nobody
room is rejected and drawn anew.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from annotate.camera import Camera
from annotate.errors import PlafondError, SceneRejected
from annotate.site import Site
from assets.humans.build import build_human
from assets.humans.spec import HumanSpec, sample_human
from assets.mesh import Human
from assets.poses.spec import Activity, PoseSpec, load_pose, sample_pose
from render.config import RenderConfig
from render.light import LightSpec, sample_light
from render.office import OfficeSpec, build_office, sample_office
from render.office_camera import sample_office_camera
from render.place import Place, place_from_site, site_camera
from render.placement import Crowd, Standpoint, nearness
from render.sensor import SensorSpec, sample_sensor

_ATTEMPTS = 8
_GROUP_STREAM, _SCENE_STREAM = 1, 2
_WALKING_SHARE = 0.4


class PhotoPlace(BaseModel):
    """A photographed place: its site file and which of its backgrounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["photo"] = "photo"
    site: Path
    background: str
    """File name of the background picture."""


class PlacedPerson(BaseModel):
    """A person in the scene."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance_id: int
    human: HumanSpec
    pose: PoseSpec
    x_m: float
    y_m: float
    heading_rad: float
    """0 faces world -Y; counter-clockwise seen from above."""
    seat_height_m: float | None = None


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
    place = build_place(where, camera)
    shared_light = sample_light(config.light, place, setting)
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng([config.seed, _SCENE_STREAM, index, attempt])
        light = sample_light(config.light, place, rng) if place.background is not None else shared_light
        sensor = sample_sensor(config.sensor, rng)
        try:
            people, asked = _populate(config, place, camera, rng)
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


@lru_cache(maxsize=8)
def read_site(path: Path) -> Site:
    """A site file, read and checked once."""
    return Site.read(path)


def placed_humans(scene: SceneSpec) -> list[Human]:
    """The people of a scene as meshes in world coordinates, in the order of scene.people."""
    meshes = [person_mesh(one.human, one.pose, one.seat_height_m) for one in scene.people]
    return [_at(mesh, one.x_m, one.y_m, one.heading_rad) for mesh, one in zip(meshes, scene.people, strict=True)]


def person_mesh(human: HumanSpec, pose: PoseSpec, seat_height_m: float | None = None) -> Human:
    """A posed human in its own frame; the last few are kept, because sampling and rendering both need them."""
    return _person_mesh(human.model_dump_json(), pose.model_dump_json(), seat_height_m)


@lru_cache(maxsize=24)
def _person_mesh(human: str, pose: str, seat_height_m: float | None) -> Human:
    loaded = load_pose(PoseSpec.model_validate_json(pose))
    return build_human(HumanSpec.model_validate_json(human), loaded, seat_height_m)


def _at(human: Human, x_m: float, y_m: float, heading_rad: float) -> Human:
    c, s = math.cos(heading_rad), math.sin(heading_rad)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    shift = np.array([x_m, y_m, 0.0])
    fields = {name: getattr(human, name) for name in human.__dataclass_fields__}
    fields["vertices_m"] = (human.vertices_m @ turn.T + shift).astype(np.float32)
    fields["joints_m"] = {name: turn @ joint + shift for name, joint in human.joints_m.items()}
    fields["keypoints_m"] = None if human.keypoints_m is None else human.keypoints_m @ turn.T + shift
    fields["head_m"] = None if human.head_m is None else turn @ human.head_m + shift
    fields["foot_m"] = turn[:2, :2] @ human.foot_m + shift[:2]
    return Human(**fields)


def _sample_place(config: RenderConfig, group: int, rng: np.random.Generator) -> tuple[PhotoPlace | OfficeSpec, Camera]:
    if config.site is None:
        office = sample_office(rng)
        return office, sample_office_camera(config, office, rng)
    site = read_site(config.site)
    background = site.backgrounds[group % len(site.backgrounds)]
    return PhotoPlace(site=config.site, background=background.name), site_camera(site, config.size_px)


def _populate(
    config: RenderConfig, place: Place, camera: Camera, rng: np.random.Generator
) -> tuple[list[PlacedPerson], int]:
    """People on seats, then people on the floor, and how many were asked for. SceneRejected if nobody found room."""
    crowd = Crowd(place, camera)
    wanted = int(rng.integers(config.sitting[0], config.sitting[1] + 1))
    sitting = min(wanted, len(place.seats))
    standing = int(rng.integers(config.standing[0], config.standing[1] + 1))
    people = _seat_people(config, crowd, sitting, rng)
    for _ in range(standing):
        human = sample_human(rng)
        activity: Activity = "walking" if rng.random() < _WALKING_SHARE else "standing"
        pose = sample_pose(rng, activity, config.poses)
        spot = crowd.stand(person_mesh(human, pose), rng)
        if spot is not None:
            people.append(_placed(len(people) + 1, human, pose, spot))
    if not people and sitting + standing > 0:
        raise SceneRejected("nobody found room")
    return people, wanted + standing


def _seat_people(config: RenderConfig, crowd: Crowd, wanted: int, rng: np.random.Generator) -> list[PlacedPerson]:
    """Fill random seats until enough people sit; a person who does not fit one seat tries the next."""
    people: list[PlacedPerson] = []
    human, pose = sample_human(rng), sample_pose(rng, "sitting", config.poses)
    for number in _seat_order(crowd.place, rng):
        if len(people) == wanted:
            break
        seat = crowd.place.seats[number]
        spot = crowd.sit(person_mesh(human, pose, seat.height_m), seat, rng)
        if spot is None:
            continue
        person = _placed(len(people) + 1, human, pose, spot)
        people.append(person.model_copy(update={"seat_height_m": seat.height_m}))
        human, pose = sample_human(rng), sample_pose(rng, "sitting", config.poses)
    return people


def _placed(instance_id: int, human: HumanSpec, pose: PoseSpec, spot: Standpoint) -> PlacedPerson:
    where = {"x_m": spot.x_m, "y_m": spot.y_m, "heading_rad": spot.heading_rad}
    return PlacedPerson(instance_id=instance_id, human=human, pose=pose, **where)


def _seat_order(place: Place, rng: np.random.Generator) -> list[int]:
    """All seats in random order, those near the camera likelier first."""
    if not place.seats:
        return []
    weights = np.array([nearness(seat.x_m, seat.y_m) for seat in place.seats])
    order = rng.choice(len(weights), size=len(weights), replace=False, p=weights / weights.sum())
    return [int(number) for number in order]
