"""Which pictures belong to one site, and whole sites divided among parts of given shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from annotate.dataset import Dataset, Picture
from annotate.errors import InputError

Group = Literal["background", "camera"]
MOST_STEPS = 100_000
"""Bounds the partial divisions that are followed. Up to eight sites are divided in the best way for certain."""

Counts = tuple[int, ...]


def chosen_group(dataset: Dataset, wanted: Group | None) -> Group:
    """The field that tells sites apart: wanted or, left out, background if every picture has one, else camera.

    InputError if a picture lacks that field.
    """
    group: Group = wanted or ("background" if all(picture.background for picture in dataset) else "camera")
    without = [picture.file_name for picture in dataset if not getattr(picture, group)]
    if without:
        tried = "neither background nor camera" if wanted is None else f"no {group}"
        raise InputError(
            f"--by site: {dataset.root}: {len(without)} of {len(dataset)} pictures ({', '.join(without[:3])} ...) have "
            f"{tried}, so nothing tells their site; split --by time, or convert them with their camera"
        )
    return group


def group_of(picture: Picture, group: Group) -> str:
    return str(getattr(picture, group))


def sites_of(pictures: Iterable[Picture], group: Group) -> dict[str, int]:
    """Number of pictures of each site, sorted by name."""
    return dict(sorted(Counter(group_of(picture, group) for picture in pictures).items()))


def assigned(sizes: Mapping[str, int], fractions: Sequence[float], rng: np.random.Generator) -> dict[str, int]:
    """The part (index into fractions) of each site, so that the parts' sizes come as near to their shares as possible.

    Near means the sum of the parts' differences in pictures. Every part gets at least one site: there must be as many
    sites as parts. rng chooses among equally good divisions.
    """
    names = [list(sizes)[place] for place in rng.permutation(len(sizes))]
    targets = [fraction * sum(sizes.values()) for fraction in fractions]
    steps: list[dict[Counts, tuple[Counts, int]]] = [{(0,) * len(fractions): ((), 0)}]
    """For each site, the sizes of the parts after it: those before it, and the part that it went to."""
    for waiting, name in reversed(list(enumerate(reversed(names)))):
        grown: dict[Counts, tuple[Counts, int]] = {}
        for counts in steps[-1]:
            for part in range(len(fractions)):
                larger = (*counts[:part], counts[part] + sizes[name], *counts[part + 1 :])
                if larger.count(0) <= waiting:
                    grown.setdefault(larger, (counts, part))
        steps.append({counts: grown[counts] for counts in _kept(list(grown), targets, MOST_STEPS // len(names), rng)})
    counts = min(steps[-1], key=lambda counts: round(_distance(counts, targets), 6))
    parts = {}
    for step, name in zip(reversed(steps[1:]), reversed(names), strict=True):
        counts, parts[name] = step[counts]
    return parts


def _kept(divisions: list[Counts], targets: list[float], most: int, rng: np.random.Generator) -> list[Counts]:
    """All divisions or, of too many, those that exceed their targets least; rng draws among equals."""
    if len(divisions) <= max(most, 1):
        return divisions
    excess = np.maximum(np.array(divisions) - np.array(targets), 0).sum(axis=1)
    order = np.lexsort([rng.random(len(divisions)), excess])[: max(most, 1)]
    return [divisions[place] for place in order]


def _distance(counts: Counts, targets: list[float]) -> float:
    return sum(abs(count - target) for count, target in zip(counts, targets, strict=True))
