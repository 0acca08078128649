"""Labels from geometry: all that is known of everybody in a scene, and of every pixel, from one z-buffer.

The z-buffer of render.raster decides every pixel once: it belongs to whoever its centre's ray meets first. Masks,
boxes, the visibility of keypoints and the dense maps are all read from it, so they agree with each other to the pixel.
The mask counts people from 1. People of whom little or nothing is visible are labelled too, and flagged as hidden;
only who would not be in the picture even if nothing stood before is left out.

Over a photograph the scene knows people, floor and stand-ins of furniture alone: the rest of the dense maps is nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from annotate.camera import Camera
from annotate.dataset_model import Person
from annotate.dense import DenseMaps
from assets.mesh import Human, Mesh
from render.dense_labels import DENSE_MAPS, dense_maps
from render.person_labels import Sight, person_label
from render.place import Keyed, Place
from render.raster import Coverage, merged, rasterise
from render.solids import joined


@dataclass(frozen=True)
class SceneLabels:
    """What is known of a scene.

    mask: HW uint16 instance ids. people: all with a pixel in the picture, if nothing hid them. outside: how many have
    none. dense: the maps that were asked for.
    """

    mask: np.ndarray
    people: list[Person]
    outside: int
    dense: DenseMaps


def label_scene(
    place: Place,
    humans: Sequence[Human],
    camera: Camera,
    *,
    hidden_below: float,
    min_visible_px: int,
    attributes: Sequence[dict[str, Any]] | None = None,
    dense: Collection[str] = DENSE_MAPS,
) -> SceneLabels:
    """Label people (world coordinates; instance ids 1, 2 ... in their order) among the surfaces of a place.

    People of whom less than the share hidden_below, or fewer than min_visible_px pixels, are visible are flagged as
    hidden. attributes: one for each human. dense: which of DENSE_MAPS to make.
    """
    room, room_coverage = place_coverage(place, camera)
    own = [rasterise(human, camera) for human in humans]
    buffer = merged([room_coverage, *own], camera)
    people = []
    for number, (human, coverage) in enumerate(zip(humans, own, strict=True), start=1):
        if len(coverage.pixels):
            sight = Sight(number, human, coverage, buffer.owner.ravel()[coverage.pixels] == number)
            label = person_label(sight, buffer, camera, attributes[number - 1] if attributes is not None else {})
            hidden = (label.visible_fraction or 0.0) < hidden_below or label.area < min_visible_px
            people.append(label.model_copy(update={"hidden": hidden}))
    mask = np.maximum(buffer.owner, 0).astype(np.uint16)
    maps = dense_maps([room, *humans], buffer, camera, dense)
    return SceneLabels(mask, people, len(humans) - len(people), maps)


def place_coverage(place: Place, camera: Camera) -> tuple[Mesh, Coverage]:
    """The place as one mesh with its coverage; kept, because the next scenes mostly happen in the same one."""
    return _cached_coverage(Keyed(place), camera)


@lru_cache(maxsize=2)
def _cached_coverage(keyed: Keyed, camera: Camera) -> tuple[Mesh, Coverage]:
    parts = keyed.place.parts
    nothing = Mesh(
        np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32), np.zeros(0, int), [], np.zeros(0, np.uint8)
    )
    mesh = joined(parts, "place") if parts else nothing
    return mesh, rasterise(mesh, camera)
