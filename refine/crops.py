"""Crop sets: every person of a dataset as an upright square picture (thesis Algorithm 5 and section 3.3.2).

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

from annotate.crops import CropFrame, extract, person_crop
from annotate.dataset import Dataset, Person, Picture
from annotate.errors import InputError
from refine.config import Anchor


@dataclass(frozen=True)
class CropRule:
    """How people are cropped, the same for both domains."""

    size_px: int
    anchor: Literal["head", "person"]
    window_px: float | None
    margin: float

    def takes(self, person: Person) -> bool:
        """False for a hidden person, and for one without the box that the anchor needs (a head behind a screen, say)."""
        return not person.hidden and (self.anchor == "person" or person.head_bbox is not None)

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


def collect_crops(dataset: Dataset, rule: CropRule, limit: int, seed: int, what: str) -> np.ndarray:
    """Crops of the dataset's people, (n, size, size, 3) uint8 RGB, n at most limit, drawn at random with that seed.

    what: the word shown beside the progress bar.
    """
    chosen = _drawn([pair for pair in _pairs(dataset) if rule.takes(pair[1])], limit, seed)
    crops = np.empty((len(chosen), rule.size_px, rule.size_px, 3), np.uint8)
    with tqdm(total=len(chosen), desc=f"crop {what}", unit="crop", mininterval=0.5) as bar:
        done = 0
        for _, group in groupby(chosen, key=lambda pair: pair[0].id):
            people = list(group)
            picture = people[0][0]
            image, nadir_px = dataset.image(picture), dataset.nadir_px(picture)
            for _, person in people:
                crops[done] = extract(image, rule.frame(person, nadir_px))
                done += 1
            bar.update(len(people))
    return crops


def checksum(crops: np.ndarray) -> str:
    """Tells whether a training is continued with the data that it began with."""
    return hashlib.sha256(np.ascontiguousarray(crops).data).hexdigest()


def _people(dataset: Dataset) -> Iterator[Person]:
    return (person for _, person in _pairs(dataset))


def _pairs(dataset: Dataset) -> Iterator[tuple[Picture, Person]]:
    return ((picture, person) for picture in dataset for person in picture.shown_people)


def _drawn(pairs: list[tuple[Picture, Person]], limit: int, seed: int) -> list[tuple[Picture, Person]]:
    """At most limit of the pairs, in their order."""
    if len(pairs) <= limit:
        return pairs
    places = np.random.default_rng((seed, 2)).choice(len(pairs), limit, replace=False)
    return [pairs[place] for place in np.sort(places)]
