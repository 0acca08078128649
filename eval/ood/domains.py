"""The datasets of an OD-test: read, checked and divided before any picture is decoded.

Each is divided in the order of time into train, val and test by whole pictures, so that two crops of one picture never
stand on both sides. As the source all three parts have their own use; as the outsider, train and val set the reject
function, test shows how well it does against outsiders it knows, and as target all of it counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotate.dataset import Dataset, Picture
from annotate.errors import InputError
from annotate.split import PARTS, time_order
from eval.data.person_crops import labelled_people
from eval.data.training_sets import shared_pictures
from eval.networks.weights import checksum
from eval.ood.config import OodConfig
from eval.ood.crops import BACKGROUND, PERSON, CropSet, Place, cut, join, person_window, places_in

LEAST_SETS = 3
LEAST_CROPS = 8
"""Crops of people, and of background, that each part of a set needs."""


@dataclass(frozen=True)
class Domain:
    """One room or camera: a dataset under a name."""

    name: str
    dataset: Dataset

    def fingerprint(self) -> list[str]:
        """What its crops depend on beside the options."""
        files = [self.dataset.root / name for name in ("annotations.json", "manifest.jsonl")]
        return [checksum(path) for path in files if path.is_file()]


@dataclass(frozen=True)
class DomainCrops:
    """The crops of a domain by part."""

    name: str
    train: CropSet
    val: CropSet
    test: CropSet

    @property
    def known(self) -> CropSet:
        """What a reject function is set with when this domain is the validation set."""
        return join(f"{self.name}/known", [self.train, self.val])

    @property
    def all(self) -> CropSet:
        """What it is judged on when this domain is the target."""
        return join(f"{self.name}/all", [self.train, self.val, self.test])


def parse_sets(entries: Sequence[str]) -> dict[str, Path]:
    """Folders by name of --sets entries, FOLDER or NAME=FOLDER. InputError for fewer than three, or one used twice."""
    found: dict[str, Path] = {}
    for entry in entries:
        name, equals, folder = entry.partition("=")
        if Path(entry).is_dir() or not equals:
            name, folder = Path(entry).resolve().name, entry
        if not name.strip() or not folder.strip():
            raise InputError(f'--sets "{entry}": expected FOLDER or NAME=FOLDER')
        if name.strip() in found:
            raise InputError(f'--sets: two sets are called "{name.strip()}"; name them with NAME=FOLDER')
        found[name.strip()] = Path(folder.strip())
    _refuse_same_folder(found)
    if len(found) < LEAST_SETS:
        raise InputError(
            f"--sets: found {len(found)} datasets, expected at least {LEAST_SETS}: source, validation and target must all "
            "be different. Name more with --sets NAME=FOLDER NAME=FOLDER NAME=FOLDER"
        )
    return found


def _refuse_same_folder(folders: dict[str, Path]) -> None:
    seen: dict[Path, str] = {}
    for name, folder in folders.items():
        other = seen.setdefault(folder.resolve(), name)
        if other != name:
            raise InputError(
                f'--sets: "{other}" and "{name}" are the same folder {folder}; a picture cannot come from a room and from '
                "another one. Name each folder once"
            )


def read_domains(config: OodConfig) -> list[Domain]:
    """The sets as configured. InputError for what parse_sets refuses, for folders that are no datasets, and for
    pictures that are in two sets."""
    domains = [Domain(name, Dataset.read(folder)) for name, folder in parse_sets(config.sets).items()]
    for index, one in enumerate(domains):
        for other in domains[index + 1 :]:
            same = shared_pictures([one.dataset], other.dataset)
            if same:
                raise InputError(
                    f'--sets: {len(same)} pictures of "{other.name}" are also in "{one.name}", {same[0]} for one; what is '
                    "in the source cannot be foreign to it. Use sets without common pictures"
                )
    return domains


def divide(domain: Domain, fractions: Sequence[float], gap: int) -> dict[str, list[Picture]]:
    """Pictures of train, val and test: blocks in the order of time, gap pictures left out in between."""
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        shown = " ".join(f"{fraction:g}" for fraction in fractions)
        raise InputError(f"--fractions {shown}: shares of {', '.join(PARTS)} must be above 0 and add up to 1")
    ordered = time_order(domain.dataset.pictures)
    edges = [0, *(round(edge * len(ordered)) for edge in np.cumsum(fractions))]
    return {
        part: ordered[start + (gap if start else 0) : end]
        for part, start, end in zip(PARTS, edges[:-1], edges[1:], strict=True)
    }


def plan_crops(domain: Domain, config: OodConfig, seed: int) -> dict[str, list[Place]]:
    """Where the crops of each part lie; no picture is opened. InputError where a part has too few."""
    _refuse_few(config)
    rng = np.random.default_rng([seed, 11])
    dataset = domain.dataset
    people = labelled_people([dataset], "person", config.min_visible)
    windows = [person_window(dataset, picture, person.bbox, config.crop_px)[1] for _, picture, person in people]
    plan = {}
    parts = divide(domain, config.fractions, config.gap)
    for (part, pictures), fraction in zip(parts.items(), config.fractions, strict=True):
        most = round(config.max_crops * fraction)
        plan[part] = places_in(dataset, pictures, people, windows, most, config.crop_px, rng) if windows else []
        _require(domain, part, pictures, plan[part], [id(picture) for _, picture, _ in people])
    return plan


def _refuse_few(config: OodConfig) -> None:
    least = min(round(config.max_crops * fraction) // 2 for fraction in config.fractions)
    if 0 <= least < LEAST_CROPS and min(config.fractions) > 0:
        enough = math.ceil(2 * LEAST_CROPS / min(config.fractions))
        raise InputError(
            f"--max-crops {config.max_crops} leaves {least} people for the smallest part, expected at least {LEAST_CROPS}; "
            f"use --max-crops {enough} or more"
        )


def _require(
    domain: Domain, part: str, pictures: Sequence[Picture], places: Sequence[Place], with_people: Sequence[int]
) -> None:
    found = sum(place.label == PERSON for place in places)
    if found >= LEAST_CROPS:
        return
    own = {id(picture) for picture in pictures}
    people = sum(picture in own for picture in with_people)
    place = f'--sets "{domain.name}" ({domain.dataset.root}): {part}, {len(pictures)} pictures'
    if people < LEAST_CROPS:
        raise InputError(
            f"{place}: found {people} people, expected at least {LEAST_CROPS}; use more pictures, or other --fractions"
        )
    raise InputError(
        f"{place}: found room for {found} crops without people, expected at least {LEAST_CROPS}; the pictures are too "
        "crowded or covered by ignore areas. Use more pictures, or other --fractions"
    )


def cut_crops(domain: Domain, plan: dict[str, list[Place]], crop_px: int) -> DomainCrops:
    """Decode the pictures and cut the planned crops."""
    parts = {part: cut(f"{domain.name}/{part}", domain.dataset, places, crop_px) for part, places in plan.items()}
    return DomainCrops(domain.name, **parts)


def counts(places: Sequence[Place]) -> tuple[int, int]:
    """Crops of people and of background."""
    return tuple(sum(place.label == label for place in places) for label in (PERSON, BACKGROUND))  # type: ignore[return-value]
