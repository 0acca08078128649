"""Upright crops of the people in datasets: what the Fréchet distance compares (thesis sections 3.4 and 4.3.3).

All datasets are cropped the same way, anchored on the person box, so that the distance sees people and not framing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from annotate.crops import extract, person_crop
from annotate.dataset import Dataset, Person, Picture
from eval.data.samples import Target

Progress = Callable[[Iterable], Iterable]
Labelled = tuple[Dataset, Picture, Person]


def labelled_people(datasets: Sequence[Dataset], target: Target, min_visible: float) -> list[Labelled]:
    """Everybody who is a target and visible enough, in the order of the datasets."""
    return [
        (dataset, picture, person)
        for dataset in datasets
        for picture in dataset
        for person in picture.shown_people
        if (target == "person" or person.head_bbox is not None)
        and (person.visible_fraction is None or person.visible_fraction >= min_visible)
    ]


def draw_people(people: Sequence[Labelled], count: int, rng: np.random.Generator) -> list[Labelled]:
    """count of them, or all if there are not more, without repetition and in their old order."""
    if len(people) <= count:
        return list(people)
    return [people[index] for index in np.sort(rng.choice(len(people), count, replace=False))]


def crop_of(dataset: Dataset, picture: Picture, person: Person, image: np.ndarray, size_px: int) -> np.ndarray:
    """One person's upright crop (size_px, size_px, 3) uint8."""
    frame = person_crop(None, person.bbox, dataset.nadir_px(picture), size_px, anchor="person")
    return extract(image, frame)


def crops_of(people: Sequence[Labelled], size_px: int, progress: Progress = iter) -> np.ndarray:
    """(n, size_px, size_px, 3) uint8 crops; every picture is decoded once if its people follow one another."""
    crops = []
    opened: tuple[int, np.ndarray] | None = None
    for dataset, picture, person in progress(people):
        if opened is None or opened[0] != id(picture):
            opened = id(picture), dataset.image(picture)
        crops.append(crop_of(dataset, picture, person, opened[1], size_px))
    return np.stack(crops) if crops else np.zeros((0, size_px, size_px, 3), dtype=np.uint8)
