"""The crops by which sets are compared: as many of each, drawn alike, with what must be kept together and what halves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from annotate.dataset import Dataset, Picture
from annotate.errors import InputError
from eval.data.person_crops import Labelled, crops_of, labelled_people
from eval.data.samples import Target
from eval.data.training_sets import TrainingSet
from eval.distances.jackknife import BLOCKS

Bar = Callable[[str, int], Callable[[Iterable], Iterable]]
"""A progress bar, from its text and the number of crops."""
Indices = np.ndarray


@dataclass(frozen=True)
class People:
    """The usable people of a set, in the order of its datasets and, where all pictures of one have a time, of time.

    groups (n,): the number of each one's picture in that order. keys (n,): what a classifier must not learn one part of
    and be asked the other: the stretch of a clip where there is a time, otherwise the picture's name, which a rendered
    picture and its refinement share. halves: indices of the people of two halves that share no picture. timed: the
    halves are those of time.
    """

    name: str
    labelled: list[Labelled]
    groups: np.ndarray
    keys: np.ndarray
    halves: tuple[Indices, Indices]
    timed: bool

    @property
    def divisible(self) -> bool:
        """Both halves hold at least two people."""
        return min(map(len, self.halves)) >= 2


@dataclass(frozen=True)
class CropSet:
    """Crops (m, s, s, 3) uint8 of a set, with the groups and keys of their people.

    compared: indices of the n that are held against other sets. halves: of n and n that are held against each other,
    or None. texts: which picture and person each crop shows.
    """

    name: str
    crops: np.ndarray
    groups: np.ndarray
    keys: np.ndarray
    texts: list[str]
    compared: Indices
    halves: tuple[Indices, Indices] | None


def people_of(entry: TrainingSet, target: Target, min_visible: float, rng: np.random.Generator) -> People:
    """Everybody in a set who is a target and visible enough; InputError for fewer than two."""
    labelled: list[Labelled] = []
    groups: list[int] = []
    keys: list[str] = []
    second: list[bool] = []
    everything_timed, pictures_before = True, 0
    for dataset in entry.datasets:
        pictures, timed = _in_order(dataset)
        places = {id(picture): place for place, picture in enumerate(pictures)}
        found = sorted(labelled_people([dataset], target, min_visible), key=lambda one: places[id(one[1])])
        ranks = np.array([places[id(picture)] for _, picture, _ in found], dtype=int)
        labelled += found
        groups += (ranks + pictures_before).tolist()
        keys += [_key(picture, places[id(picture)], len(pictures), timed) for _, picture, _ in found]
        second += _second_half(ranks, timed, sum(second) < len(second) / 2, rng).tolist()
        everything_timed, pictures_before = everything_timed and timed, pictures_before + len(pictures)
    if len(labelled) < 2:
        raise InputError(_too_few(entry.name, len(labelled), target, min_visible))
    halves = np.flatnonzero(np.logical_not(second)), np.flatnonzero(second)
    return People(entry.name, labelled, np.array(groups), np.array(keys), halves, everything_timed)


def _too_few(name: str, count: int, target: Target, min_visible: float) -> str:
    heads = ", with a labelled head," if target == "head" else ""
    return (
        f'--sets: "{name}" has {count} people{heads} of whom a share of at least {min_visible:g} is visible; comparing needs '
        "2 or more. Label some, lower --min-visible, or leave the set out"
    )


def _in_order(dataset: Dataset) -> tuple[list[Picture], bool]:
    """Pictures in the order of time, True; or as they are, False, if they are no series in time."""
    pictures = list(dataset)
    times = [picture.time_s for picture in pictures]
    if any(time is None for time in times) or len(set(times)) < 2:
        return pictures, False
    return sorted(pictures, key=lambda picture: picture.time_s or 0.0), True


def _key(picture: Picture, place: int, pictures: int, timed: bool) -> str:
    return f"time {place * min(BLOCKS, pictures) // pictures}" if timed else picture.stem


def _second_half(ranks: np.ndarray, timed: bool, second_is_smaller: bool, rng: np.random.Generator) -> np.ndarray:
    """(n,) whether each person's picture is of the second half: as many people in each as whole pictures allow.

    The halves are those of time, so that neighbouring pictures lie on one side but for those at the cut; without times
    pictures are drawn. A single picture goes to the half that has fewer people so far.
    """
    pictures = np.unique(ranks)
    if len(pictures) < 2:
        return np.full(len(ranks), second_is_smaller)
    order = pictures if timed else rng.permutation(pictures)
    people = np.cumsum([np.count_nonzero(ranks == picture) for picture in order])
    cut = int(np.abs(people[:-1] - people[-1] / 2).argmin()) + 1
    return np.isin(ranks, order[cut:])


def equal_number(people: Sequence[People], references: Sequence[str], max_crops: int, halves: bool) -> int:
    """How many crops every set, and every half of a reference that can be divided, gives."""
    counts = [max_crops, *(len(one.labelled) for one in people)]
    if halves:
        divided = [one for one in people if one.name in references and one.divisible]
        counts += [min(map(len, one.halves)) for one in divided]
    return min(counts)


def draw_crops(
    people: People,
    count: int,
    halve: bool,
    size_px: int,
    rng: np.random.Generator,
    progress: Callable[[Iterable], Iterable],
) -> CropSet:
    """count people of a set, cropped; with halve, count of each half instead, of which count are compared."""
    if halve:
        parts = [np.sort(rng.choice(half, count, replace=False)) for half in people.halves]
        drawn = np.sort(np.concatenate(parts))
        first, second = (np.flatnonzero(np.isin(drawn, part)) for part in parts)
        halves, compared = (first, second), np.sort(rng.choice(len(drawn), count, replace=False))
    else:
        drawn = np.sort(rng.choice(len(people.labelled), count, replace=False))
        halves, compared = None, np.arange(count)
    labelled = [people.labelled[index] for index in drawn]
    texts = [f"{picture.file_name}, person {person.instance_id}" for _, picture, person in labelled]
    crops = crops_of(labelled, size_px, progress)
    return CropSet(people.name, crops, people.groups[drawn], people.keys[drawn], texts, compared, halves)
