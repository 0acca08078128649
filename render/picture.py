"""From a scene to a finished, labelled picture in its dataset: the order of the steps, with any renderer.

The renderer is the only part that knows Blender (render.blender); everything here is plain data, so that the steps run
and are tested without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from annotate.camera import Camera
from annotate.dataset_model import Picture
from annotate.dataset_writer import write_picture
from annotate.dense import DenseMaps
from annotate.files import write_bytes
from assets.mesh import Human
from render.composite import Layers, automatic_exposure, composite
from render.config import RenderConfig
from render.labels import SceneLabels, label_scene
from render.light import LightSpec
from render.place import Place, digest
from render.scene import PhotoPlace, SceneSpec, build_place, placed_humans, sample_scene
from render.sensor import develop, develop_over, lamp_gain, undeveloped
from render.shadows import shadow_alpha


@dataclass(frozen=True)
class RenderSettings:
    """What a renderer is told once, before its first picture."""

    samples: int = 16
    plate_samples: int = 8
    denoise: bool = True
    threads: int = 1
    adaptive_threshold: float = 0.05

    @classmethod
    def of(cls, config: RenderConfig) -> RenderSettings:
        return cls(
            config.samples, config.plate_samples, config.denoise, config.threads_per_worker, config.adaptive_threshold
        )


class Renderer(Protocol):
    """What makes light out of geometry. Size of the pictures: camera.lens; linear RGB, 0 outside the lens."""

    def render_people(
        self, place: Place, people: list[Human], light: LightSpec, camera: Camera, seed: int
    ) -> np.ndarray:
        """HxWx4 float32, premultiplied linear: people, without the shadows that they throw."""

    def render_plate(self, place: Place, light: LightSpec, camera: Camera, seed: int) -> np.ndarray:
        """HxWx3 float32 linear: the empty place."""


@dataclass(frozen=True)
class FinishedPicture:
    """image: HWC uint8 sRGB. mask: HW uint16 instance ids. picture: its labels. dense: the maps that were asked for."""

    image: np.ndarray
    mask: np.ndarray
    picture: Picture
    dense: DenseMaps


def make_picture(config: RenderConfig, index: int, renderer: Renderer) -> Picture:
    """Sample, render, label and write picture number index into the dataset at config.out."""
    scene = sample_scene(config, index)
    place = build_place(scene.place, scene.camera)
    humans = placed_humans(scene)
    background, exposure = _background(config, scene, place, renderer)
    people = renderer.render_people(place, humans, scene.light, scene.camera, scene.seed)
    if place.background is not None:
        people[..., :3] *= lamp_gain(place.background, scene.sensor, scene.camera.lens.valid_mask())
    people = with_shadows(people, scene, place, humans)
    finished = finish_picture(Layers(people, background, exposure), scene, place, humans, config)
    return write_picture(
        config.out, finished.picture, finished.image, finished.mask, scene.camera, dense=finished.dense
    )


def with_shadows(people: np.ndarray, scene: SceneSpec, place: Place, humans: list[Human]) -> np.ndarray:
    """Rendered people, HxWx4, and what they darken of the room, as black with alpha."""
    shadow = shadow_alpha(place, humans, scene.light, scene.camera)
    layers = people.copy()
    layers[..., 3] += (1.0 - layers[..., 3]) * shadow
    return layers


def finish_picture(
    layers: Layers, scene: SceneSpec, place: Place, humans: list[Human], config: RenderConfig
) -> FinishedPicture:
    """Composite, develop and label a rendered scene."""
    labels = scene_labels(scene, place, humans, config)
    linear = composite(layers, scene.camera)
    if place.background is None:
        image = develop(linear, scene.sensor, scene.camera)
        image[~scene.camera.lens.valid_mask()] = 0
    else:
        image = develop_over(place.background, layers.background, linear, labels.mask > 0, scene.sensor, scene.camera)
    picture = Picture(
        id=scene.index,
        file_name=f"{scene.index:06d}.{config.image_format}",
        width=scene.camera.lens.width_px,
        height=scene.camera.lens.height_px,
        camera=camera_name(scene),
        background=_place_name(scene),
        mask_file=f"{scene.index:06d}.png",
        ignore_areas=place.ignore_px,
        people=labels.people,
        attributes=_attributes(scene, labels, layers.exposure),
    )
    return FinishedPicture(image, labels.mask, picture, labels.dense)


def scene_labels(scene: SceneSpec, place: Place, humans: list[Human], config: RenderConfig) -> SceneLabels:
    """All labels of a scene, as the configuration asks for them."""
    return label_scene(
        place,
        humans,
        scene.camera,
        hidden_below=config.hidden_below,
        min_visible_px=config.min_visible_px,
        attributes=[_person_attributes(scene, number) for number in range(len(scene.people))],
        dense=config.dense,
    )


def camera_name(scene: SceneSpec) -> str:
    """Name of the scene's camera in its dataset: one for each office, one for a site."""
    return "site" if isinstance(scene.place, PhotoPlace) else f"office-{scene.group:04d}"


def _place_name(scene: SceneSpec) -> str:
    return scene.place.background if isinstance(scene.place, PhotoPlace) else f"office-{scene.group:04d}"


def _attributes(scene: SceneSpec, labels: SceneLabels, exposure: float) -> dict[str, Any]:
    """The scene itself is kept with its picture, people apart (they stand with their labels)."""
    about = scene.model_dump(mode="json", exclude={"people": True, "camera": True, "index": True, "place": {"site"}})
    counted = {"hidden_people": sum(person.hidden for person in labels.people), "outside_people": labels.outside}
    return {**about.pop("attributes"), **about, "exposure": round(exposure, 6), **counted}


def _person_attributes(scene: SceneSpec, number: int) -> dict[str, Any]:
    person = scene.people[number]
    placed = person.model_dump(mode="json", exclude={"instance_id"})
    return {"activity": person.pose.activity, "pose_name": person.pose.name, **placed}


def _background(config: RenderConfig, scene: SceneSpec, place: Place, renderer: Renderer) -> tuple[np.ndarray, float]:
    """Linear background and exposure: the photograph as it is, or the empty room at the automatic exposure."""
    if place.background is not None:
        return undeveloped(place.background, scene.sensor), 1.0
    plate = _plate(config, scene, place, renderer)
    return plate, automatic_exposure(plate, scene.camera) * 2.0**scene.light.exposure_ev


def _plate(config: RenderConfig, scene: SceneSpec, place: Place, renderer: Renderer) -> np.ndarray:
    """The empty room, rendered once for its group and kept on disk beside the dataset's pictures."""
    settings = repr(RenderSettings.of(config))
    key = digest(place.key, scene.camera.model_dump_json(), scene.light.model_dump_json(), settings, str(config.seed))
    path = config.out / ".cache" / "plates" / f"{key}.npy"
    if not path.is_file():
        plate = renderer.render_plate(place, scene.light, scene.camera, config.seed + scene.group)
        write_bytes(path, _as_npy(plate))
    return _read_plate(path)


def _as_npy(array: np.ndarray) -> bytes:
    """The bytes of an .npy file, half floats: a thousandth of a stop is finer than any camera."""
    stream = BytesIO()
    np.save(stream, np.minimum(array, 6.0e4).astype(np.float16), allow_pickle=False)
    return stream.getvalue()


@lru_cache(maxsize=2)
def _read_plate(path: Path) -> np.ndarray:
    return np.load(path, allow_pickle=False).astype(np.float32)
