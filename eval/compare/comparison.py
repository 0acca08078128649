"""How far sets of crops are from one another: Fréchet and kernel distances, a line that tells them apart, components.

All figures are between equal numbers of crops, since a Fréchet distance shrinks as crops are added. A reference is also
measured against itself, one half of its pictures against the other and as many crops of each: what a distance of
nothing looks like at this number. Crops are cut and features computed once for every set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from eval.compare.crops import Bar, CropSet, Indices, draw_crops, equal_number, people_of
from eval.data.samples import Target
from eval.data.training_sets import TrainingSet
from eval.distances import frechet, kernel
from eval.distances.discrepancy import discrepancy
from eval.distances.jackknife import Estimate
from eval.distances.projection import Projection, project
from eval.networks.features import FeatureNetwork
from eval.networks.pools import PoolFeatures


@dataclass(frozen=True)
class Options:
    """What a comparison may choose; see eval.compare.config.CompareConfig, whose fields these are."""

    target: Target = "person"
    min_visible: float = 0.2
    crop_px: int = 128
    max_crops: int = 500
    halves: bool = True
    max_points: int = 200
    seed: int = 0


@dataclass(frozen=True)
class PairDistances:
    """Between two sets of n crops each; between the halves of a reference where name and reference are one.

    biased: n is not above the number of features, so the Fréchet distance is too large. discrepancy: None where a set has
    only one picture.
    """

    name: str
    reference: str
    n: int
    frechet: Estimate
    kernel: Estimate
    discrepancy: Estimate | None
    biased: bool


@dataclass(frozen=True)
class NetworkDistances:
    """All distances in the features of one network."""

    features: str
    title: str
    dimensions: int
    weights: str
    frechet_name: str
    kernel_name: str
    pairs: list[PairDistances]
    """Every set with every reference once, and the halves of every reference that could be divided."""

    def between(self, name: str, reference: str) -> PairDistances | None:
        """The distances of two sets, in whichever order; of one set's halves if the names are one; None if not measured."""
        wanted = {name, reference}
        return next((pair for pair in self.pairs if {pair.name, pair.reference} == wanted), None)


@dataclass(frozen=True)
class PoolProjection:
    """Two principal components of one pooling layer's features. title: network and layer."""

    pool: int
    title: str
    weights: str
    vectors: str
    dimensions: int
    projection: Projection

    def as_json(self) -> dict[str, Any]:
        """Without the points, which a plot holds."""
        centres = {name: centre.tolist() for name, centre in self.projection.centres().items()}
        facts = {name: getattr(self, name) for name in ("pool", "title", "weights", "vectors", "dimensions")}
        return {**facts, "explained": list(self.projection.explained), "centres": centres}


@dataclass(frozen=True)
class ComparedSet:
    """A set of a comparison. people: usable ones, of which n were drawn. halved_by: what made its halves, time or chance;
    "" if it was not measured against itself."""

    name: str
    kind: str
    folders: list[str]
    people: int
    pictures: int
    halved_by: str = ""


@dataclass(frozen=True)
class Comparison:
    """Everything that a comparison found. points, texts: the crops in the plots and what each shows, by set."""

    sets: list[ComparedSet]
    references: list[str]
    n: int
    networks: list[NetworkDistances]
    projections: list[PoolProjection]
    options: Options
    points: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All figures, no pictures."""
        return {
            "sets": [asdict(entry) for entry in self.sets],
            "references": self.references,
            "crops_of_each_set": self.n,
            "options": asdict(self.options),
            "distances": [asdict(network) for network in self.networks],
            "projections": [projection.as_json() for projection in self.projections],
        }


def compare(
    sets: Sequence[TrainingSet],
    references: Sequence[str],
    networks: Sequence[tuple[str, FeatureNetwork]],
    pools: PoolFeatures | None = None,
    options: Options | None = None,
    bar: Bar = lambda text, total: iter,
) -> Comparison:
    """Compare at least two sets.

    references: names of those that are also measured against themselves and that a report measures the others to.
    networks: feature networks with the names by which they were chosen. pools: whose components are found; None: no
    plots. bar: see eval.compare.crops. InputError, before any picture is read, for a set of fewer than two usable people.
    """
    options = options or Options()
    people = [people_of(entry, options.target, options.min_visible, _rng(options, 1)) for entry in sets]
    n = equal_number(people, references, options.max_crops, options.halves)
    drawn = []
    for one in people:
        halve = options.halves and one.name in references and one.divisible
        total = 2 * n if halve else n
        # Each with a generator of its own that begins alike: a set and its refinement give the crops of the same people.
        rng = _rng(options, 2)
        drawn.append(draw_crops(one, n, halve, options.crop_px, rng, bar(f"crop {one.name}", total)))
    compared = [
        ComparedSet(
            entry.name, entry.kind, [str(dataset.root) for dataset in entry.datasets], len(one.labelled), entry.pictures,
            ("time" if one.timed else "chance") if crops.halves else "",
        )
        for entry, one, crops in zip(sets, people, drawn, strict=True)
    ]  # fmt: skip
    found = [_network_distances(name, network, drawn, references, options) for name, network in networks]
    points = {crops.name: _points(crops, min(n, options.max_points), _rng(options, 3)) for crops in drawn}
    projections = _projections(pools, drawn, points) if pools is not None else []
    return Comparison(
        compared, list(references), n, found, projections, options,
        {crops.name: crops.crops[points[crops.name]] for crops in drawn},
        {crops.name: [crops.texts[index] for index in points[crops.name]] for crops in drawn},
    )  # fmt: skip


def _rng(options: Options, purpose: int) -> np.random.Generator:
    return np.random.default_rng([options.seed, 11, purpose])


@dataclass(frozen=True)
class _Side:
    """One side of a distance."""

    features: np.ndarray
    groups: np.ndarray
    keys: np.ndarray


def _side(crops: CropSet, features: np.ndarray, chosen: Indices) -> _Side:
    return _Side(features[chosen], crops.groups[chosen], crops.keys[chosen])


def _network_distances(
    name: str, network: FeatureNetwork, drawn: Sequence[CropSet], references: Sequence[str], options: Options
) -> NetworkDistances:
    features = {crops.name: network(crops.crops) for crops in drawn}
    rng = _rng(options, 4)
    pairs = []
    for crops in drawn:
        if crops.halves is not None:
            first, second = (_side(crops, features[crops.name], half) for half in crops.halves)
            pairs.append(_pair(crops.name, crops.name, first, second, rng))
    for a, b in combinations(drawn, 2):
        if a.name not in references and b.name not in references:
            continue
        one, other = (_side(crops, features[crops.name], crops.compared) for crops in (a, b))
        pairs.append(_pair(a.name, b.name, one, other, rng))
    return NetworkDistances(
        name, network.kind.title, network.kind.dimensions, network.weights,
        network.distance_name, network.kernel_name, pairs,
    )  # fmt: skip


def _pair(name: str, reference: str, a: _Side, b: _Side, rng: np.random.Generator) -> PairDistances:
    sides = (a.features, b.features, a.groups, b.groups)
    return PairDistances(
        name, reference, len(a.features), frechet.estimate(*sides), kernel.estimate(*sides),
        discrepancy(a.features, b.features, a.keys, b.keys, rng), len(a.features) <= a.features.shape[1],
    )  # fmt: skip


def _points(crops: CropSet, count: int, rng: np.random.Generator) -> Indices:
    """The crops of a set that a plot shows, of those that are compared."""
    return crops.compared[np.sort(rng.choice(len(crops.compared), count, replace=False))]


def _projections(pools: PoolFeatures, drawn: Sequence[CropSet], points: dict[str, Indices]) -> list[PoolProjection]:
    vectors = {crops.name: pools(crops.crops[points[crops.name]]) for crops in drawn}
    found = []
    for pool, layer in pools.layers.items():
        of_pool = {name: parts.pop(pool) for name, parts in vectors.items()}
        dimensions = next(iter(of_pool.values())).shape[1]
        projection = project(of_pool)
        found.append(PoolProjection(pool, layer.title, layer.weights, pools.vectors, dimensions, projection))
    return found
