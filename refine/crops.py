"""Crop sets: every person of a dataset as an upright square picture (thesis Algorithm 5 and section 3.3.2), or whole
pictures, the thesis's control that fails (section 3.3.1).

Both domains must be cropped alike, or the discriminators would tell them apart by the framing: one anchor, one size
and one margin hold for S and R. Pictures are decoded once; crops are kept as uint8, NHWC RGB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
from tqdm import tqdm

from annotate.crops import CropFrame, extract, person_crop, upright_crop
from annotate.dataset import Dataset, Person, Picture
from annotate.errors import InputError
from refine.config import Anchor, Scope
from refine.label_planes import PLANES, PictureLabels
from refine.processes import is_first

Who = tuple[str, int]
"""File name of a picture and instance id of a person in it; 0 for the whole picture."""
Subject = tuple[Picture, Person | None]
"""A crop's picture and person; None for the whole picture."""


@dataclass(frozen=True)
class CropSet:
    """Crops of one domain, in the order of their dataset.

    images: (n, size, size, 3) uint8 RGB. who: n picture names and instance ids. labels: (n, len(PLANES), size, size)
    uint8, or None if they were not asked for.
    """

    images: np.ndarray
    who: tuple[Who, ...]
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def only(self, places: np.ndarray) -> CropSet:
        """The crops at these places."""
        labels = None if self.labels is None else self.labels[places]
        return CropSet(self.images[places], tuple(self.who[place] for place in places), labels)

    def checksum(self) -> str:
        """Tells whether a training is continued with the data that it began with."""
        found = hashlib.sha256(np.ascontiguousarray(self.images).data)
        if self.labels is not None:
            found.update(np.ascontiguousarray(self.labels).data)
        return found.hexdigest()


@dataclass(frozen=True)
class CropRule:
    """How people are cropped, the same for both domains."""

    size_px: int
    anchor: Literal["head", "person"]
    window_px: float | None
    margin: float
    scope: Scope = "person"

    def subjects(self, picture: Picture) -> list[Person | None]:
        """Whom to crop in a picture; None stands for the whole picture."""
        if self.scope == "frame":
            return [None]
        return [person for person in picture.shown_people if self.takes(person)]

    def takes(self, person: Person) -> bool:
        """False for a hidden person, and for one without the box that the anchor needs (a head behind a screen, say)."""
        return not person.hidden and (self.anchor == "person" or person.head_bbox is not None)

    def whole(self, picture: Picture) -> CropFrame:
        """The square around the whole picture."""
        middle = np.array([picture.width / 2, picture.height / 2])
        return upright_crop(middle, middle, max(picture.width, picture.height), self.size_px, (0.5, 0.5))

    def frame(self, person: Person, nadir_px: np.ndarray) -> CropFrame:
        return person_crop(
            person.head_bbox, person.bbox, nadir_px, self.size_px, self.anchor, self.window_px, self.margin
        )


def choose_anchor(requested: Anchor, synthetic: Dataset, real: Dataset | None) -> Literal["head", "person"]:
    """What "auto" means for these datasets: heads only if every person of both has a head box."""
    if requested != "auto":
        return requested
    people = [person for dataset in (synthetic, real) if dataset is not None for person in _people(dataset)]
    return "head" if people and all(person.head_bbox is not None for person in people) else "person"


def require_people(dataset: Dataset, rule: CropRule, option: str) -> None:
    """InputError if the dataset has nobody to crop."""
    people = list(_people(dataset))
    if rule.scope == "frame" and len(dataset):
        return
    if any(rule.takes(person) for person in people):
        return
    where = f"{option} {dataset.root}"
    if not people:
        raise InputError(
            f"{where}: found 0 labelled people in {len(dataset)} pictures; refining needs crops of people. "
            "Name a dataset whose people are labelled (boxes are enough for real pictures)"
        )
    raise InputError(
        f"{where}: found 0 labelled heads among {len(people)} people in {len(dataset)} pictures, but the anchor is "
        "the head. Pass --anchor person, or label heads"
    )


def collect_crops(
    dataset: Dataset,
    rule: CropRule,
    limit: int,
    seed: int,
    what: str,
    labels: bool = False,
    without: frozenset[Who] = frozenset(),
) -> CropSet:
    """Crops of the dataset's people (or of its pictures), at most limit, drawn at random with that seed.

    what: the word shown beside the progress bar. labels: with their label planes, which only renders have.
    without: subjects to leave out.
    """
    everybody: list[Subject] = [(picture, subject) for picture in dataset for subject in rule.subjects(picture)]
    chosen = _drawn([subject for subject in everybody if _name(subject) not in without], limit, seed)
    images = np.empty((len(chosen), rule.size_px, rule.size_px, 3), np.uint8)
    planes = np.empty((len(chosen), len(PLANES), rule.size_px, rule.size_px), np.uint8) if labels else None
    with tqdm(total=len(chosen), desc=f"crop {what}", unit="crop", mininterval=0.5, disable=not is_first()) as bar:
        done = 0
        for _, group in groupby(chosen, key=lambda pair: pair[0].id):
            people = list(group)
            picture = people[0][0]
            image, nadir_px = dataset.image(picture), dataset.nadir_px(picture)
            maps = PictureLabels(dataset, picture) if planes is not None else None
            for _, person in people:
                frame = rule.whole(picture) if person is None else rule.frame(person, nadir_px)
                images[done] = extract(image, frame)
                if planes is not None and maps is not None:
                    planes[done] = maps.planes(person, frame)
                done += 1
            bar.update(len(people))
    return CropSet(images, tuple(_name(subject) for subject in chosen), planes)


def _name(subject: Subject) -> Who:
    picture, person = subject
    return picture.file_name, 0 if person is None else person.instance_id


def _people(dataset: Dataset) -> Iterator[Person]:
    return (person for picture in dataset for person in picture.shown_people)


def _drawn(pairs: list[Subject], limit: int, seed: int) -> list[Subject]:
    """At most limit of the pairs, in their order."""
    if len(pairs) <= limit:
        return pairs
    places = np.random.default_rng((seed, 2)).choice(len(pairs), limit, replace=False)
    return [pairs[place] for place in np.sort(places)]
