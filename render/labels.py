"""Labels from geometry: instance mask, person box, head box and visible share of everybody in a scene.

All of it comes from the z-buffer of render.raster: a pixel belongs to whoever its centre's ray meets first. Boxes are
[x, y, w, h] in pixels, edges; the mask counts people from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from annotate.camera import Camera
from annotate.dataset_model import Person
from assets.mesh import Human
from render.place import Place
from render.raster import Coverage, merged, rasterise
from render.solids import joined

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class SceneLabels:
    """What is known of a scene's people.

    mask: HW uint16 instance ids. people: those labelled. hidden: instance ids of people too little visible to label.
    """

    mask: np.ndarray
    people: list[Person]
    hidden: list[int]


def label_people(
    place: Place,
    humans: Sequence[Human],
    camera: Camera,
    min_visible_px: int,
    attributes: Sequence[dict[str, Any]] | None = None,
) -> SceneLabels:
    """Label people (world coordinates; instance ids 1, 2 ... in their order) among the surfaces of a place.

    People of whom fewer than min_visible_px pixels are visible have no label and no pixel in the mask.
    """
    own = [rasterise(human, camera) for human in humans]
    _, owner = merged([_place_coverage(place, camera), *own], camera)
    mask = np.where(owner > 0, owner, 0).astype(np.uint16)
    people, hidden = [], []
    for number, (human, coverage) in enumerate(zip(humans, own, strict=True), start=1):
        visible = owner.ravel()[coverage.pixels] == number
        if visible.sum() < min_visible_px:
            mask[mask == number] = 0
            hidden.append(number)
            continue
        about = attributes[number - 1] if attributes is not None else {}
        people.append(_person(number, human, coverage, visible, camera, about))
    return SceneLabels(mask, people, hidden)


def box_of_pixels(pixels: np.ndarray, width_px: int) -> Box:
    """The box around flattened pixel indices (at least one)."""
    rows, columns = np.divmod(pixels, width_px)
    x, y = int(columns.min()), int(rows.min())
    return (float(x), float(y), float(int(columns.max()) - x + 1), float(int(rows.max()) - y + 1))


def is_truncated(human: Human, camera: Camera) -> bool:
    """Whether the picture's border or the lens circle cuts the person, hidden parts included."""
    return not bool(camera.lens.in_frame(camera.project_world(human.vertices_m)).all())


def _person(
    number: int, human: Human, coverage: Coverage, visible: np.ndarray, camera: Camera, attributes: dict[str, Any]
) -> Person:
    width = camera.lens.width_px
    head = visible & human.triangle_is_head[coverage.triangle]
    return Person(
        instance_id=number,
        bbox=box_of_pixels(coverage.pixels[visible], width),
        head_bbox=box_of_pixels(coverage.pixels[head], width) if head.any() else None,
        visible_fraction=float(np.round(visible.mean(), 6)),
        truncated=is_truncated(human, camera),
        area=float(visible.sum()),
        attributes=attributes,
    )


def _place_coverage(place: Place, camera: Camera) -> Coverage:
    return _cached_coverage(_Keyed(place), camera)


class _Keyed:
    """A place that is equal to another when their keys are: a cache must not look into arrays."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and other.place.key == self.place.key

    def __hash__(self) -> int:
        return hash(self.place.key)


@lru_cache(maxsize=2)
def _cached_coverage(keyed: _Keyed, camera: Camera) -> Coverage:
    if not keyed.place.parts:
        return Coverage(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
    return rasterise(joined(keyed.place.parts, "place"), camera)
