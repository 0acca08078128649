"""What all clothes are cut from, and what they hide.

Cloth starts from a surface of the body model, its own suit (`helper-tights`) or skirt, a few millimetres off the skin.
Its coarse vertices decide how cloth hangs; a Loop subdivision of it is what is cut and seen. What a garment covers is
dropped below it, and the rims that remain are drawn inwards, so that nothing pokes through.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from assets.humans.anny import load_body_model
from assets.humans.chart import Chart, body_chart
from assets.humans.cuts import Field, nothing, ramp
from assets.humans.parts import Motion
from assets.humans.surface import Surface, loop_subdivision, neighbour_average
from assets.mesh import Material

SUIT, SKIRT = "helper-tights", "helper-skirt"
OVERLAP_M = 0.025
"""How far a surface goes on underneath the garment that covers it."""
TUCK_M = 0.007
"""How far the rim of the skin is drawn inwards underneath a garment that covers it; under two a little further."""
CLOTH_TUCK_M = 0.014
"""How far the rim of cloth is drawn inwards at most underneath the garment that covers it."""
BELOW_FLOOR_M = 0.004
"""How far it may sink below where it would lie without: what lies beneath is drawn in as well."""


@dataclass(frozen=True)
class Posed:
    """A posed piece of cloth: points (n, 3), unit normals (n, 3), triangles (m, 3), uvs (m, 3, 2) and a chart of the points.

    spare_m: (n,) how far a point may sink before it meets what lies beneath.
    look: (m,) which of the garment's materials a triangle shows.
    """

    points_m: np.ndarray
    normals: np.ndarray
    spare_m: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray
    chart: Chart
    look: np.ndarray


class Shape(Protocol):
    """A garment's form, waiting for a pose."""

    def posed(self, motion: Motion) -> Posed: ...


@dataclass(frozen=True)
class Garment:
    """One piece of clothing, with what it looks like and what it hides.

    inside: field that is zero along its edges. covers: field of what it hides, which ends further in where a camera
    looks underneath.
    """

    name: str
    shape: Shape
    materials: list[Material]
    semantic_class: str
    inside: Field
    covers: Field

    @property
    def surface(self) -> Surface:
        """The cloth at rest with skinning weights, if it is cut from the suit; see obstacle for the cloth of a pose."""
        resting = getattr(self.shape, "resting", None)
        if resting is None:
            nowhere = Chart(np.zeros((0, 3), np.float32), np.zeros(0, np.float32))
            none = np.zeros((0, 3), np.float32)
            return Surface(none, none.astype(np.int32), np.zeros((0, 31), np.float32), nowhere, none[:, 0])
        return resting()  # type: ignore[no-any-return]

    def obstacle(self, motion: Motion) -> tuple[np.ndarray, np.ndarray, Chart]:
        """Posed points (n, 3), triangles (m, 3) and chart, for what lies on it."""
        cloth = self.shape.posed(motion)
        return cloth.points_m, cloth.triangles, cloth.chart


@dataclass(frozen=True)
class Base:
    """A surface of the body model from which garments are cut; vertex numbers count from first."""

    triangles: np.ndarray
    members: np.ndarray
    average: sparse.csr_matrix
    chart: Chart
    weights: np.ndarray


@dataclass(frozen=True)
class Fine:
    """A base subdivided once. matrix: (f, n) from the base's vertices to the finer ones."""

    matrix: sparse.csr_matrix
    triangles: np.ndarray
    chart: Chart


@cache
def base_surface(name: str) -> Base:
    """`helper-tights` or `helper-skirt` with its own vertex numbers."""
    model = load_body_model()
    members, flat = np.unique(model.triangles[name], return_inverse=True)
    triangles = flat.reshape(-1, 3).astype(np.int32)
    chart = body_chart()
    return Base(
        triangles=triangles,
        members=members,
        average=neighbour_average(triangles, len(members)),
        chart=Chart(chart.place_m[members], chart.arm_m[members]),
        weights=model.weights[members],
    )


@cache
def fine_surface(name: str) -> Fine:
    """A base's Loop subdivision. Its chart is interpolated along edges, so that arms begin where they did."""
    base = base_surface(name)
    matrix, triangles = loop_subdivision(base.triangles, len(base.members))
    corners, middles = triangles.reshape(-1, 4, 3)[:, :3, 0], triangles.reshape(-1, 4, 3)[:, 3]
    arm = np.zeros(matrix.shape[0], np.float32)
    arm[: len(base.members)] = base.chart.arm_m
    for first, edge in enumerate(middles.T):  # the middle triangle's corners: the middles of sides 01, 12, 20
        arm[edge] = base.chart.arm_m[corners[:, [first, (first + 1) % 3]]].mean(1)
    triangles = _refined(corners, middles, _folding(base.chart))
    return Fine(matrix, triangles, Chart(np.asarray(matrix @ base.chart.place_m), arm))


def _folding(chart: Chart) -> np.ndarray:
    """(n,) bool: where cloth folds so closely that it needs the finer vertices: not on shins and thighs."""
    z = chart.place_m[:, 2]
    return np.asarray((z > 0.80) | ((z > 0.46) & (z < 0.61)))


def _refined(corners: np.ndarray, middles: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Triangles (m, 3) split in four where all corners are fine (n,), in two where two are, and whole elsewhere."""
    count = fine[corners].sum(1)
    (a, b, c), (ab, bc, ca) = corners[count == 3].T, middles[count == 3].T
    four = np.stack([a, ab, ca, b, bc, ab, c, ca, bc, ab, bc, ca], 1).reshape(-1, 3)
    first = (~fine[corners[count == 2]]).argmax(1)  # the coarse corner; the side across is split
    turned = (first[:, None] + np.arange(3)) % 3
    a, b, c = np.take_along_axis(corners[count == 2], turned, 1).T
    middle = np.take_along_axis(middles[count == 2], turned, 1)[:, 1]
    two = np.stack([a, b, middle, a, middle, c], 1).reshape(-1, 3)
    return np.concatenate([four, two, corners[count < 2]]).astype(np.int32)


@cache
def _diffusion(name: str, strength: float) -> object:
    base = base_surface(name)
    count = len(base.members)
    return splu((sparse.identity(count) * (1 + strength) - base.average * strength).tocsc())


def diffused(name: str, values: np.ndarray, steps: int, rounds: int = 2) -> np.ndarray:
    """Values (n, k) of a base's vertices smoothed about as `steps` half-way moves to the neighbours' mean would do.

    Implicit steps of the heat equation, whose factors are kept: as fast for 80 steps as for 3. rounds: how many; one is
    faster, two give rounder shapes.
    """
    solver = _diffusion(name, steps / (2 * rounds))
    values = values.astype(np.float64)
    for _ in range(rounds):
        values = solver.solve(values)  # type: ignore[attr-defined]
    return np.asarray(values)


def hidden(chart: Chart, triangles: np.ndarray, garments: list[Garment]) -> np.ndarray:
    """(m,) bool: triangles that lie wholly under one of the garments, more than OVERLAP_M from its edge.

    Remembers what garments cover of the chart, so for charts that last; the same triangles must belong to it each time.
    """
    under = np.zeros(len(triangles), bool)
    for garment in garments:
        if garment.covers is not nothing:
            under |= _under(garment.covers, chart, _Kept(triangles))
    return under


class _Kept:
    """An array as a key: the same whatever is in it, for it belongs to a chart, which is the rest of the key."""

    def __init__(self, triangles: np.ndarray) -> None:
        self.triangles = triangles

    def __hash__(self) -> int:
        return len(self.triangles)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and len(other.triangles) == len(self.triangles)


@lru_cache(maxsize=1024)
def _under(covers: Field, chart: Chart, kept: _Kept) -> np.ndarray:
    """(m,) bool: triangles that a garment covers wholly."""
    covered = covers(chart) > OVERLAP_M
    return np.asarray(covered[kept.triangles].all(1))


def tucked_in_m(chart: Chart, garments: list[Garment], lasting: bool = False) -> np.ndarray:
    """(n,) how far to draw skin inwards where garments lie over it, so that their edges hide it.

    lasting: the chart will be met again; what garments say of it is remembered.
    """
    depth = np.zeros(len(chart.arm_m), np.float32)
    for garment in garments:
        if garment.inside is not nothing:
            depth += tuck_share(garment.inside, chart) if lasting else _tuck_share(garment.inside, chart)
    return np.asarray(np.minimum(depth, 1.25) * TUCK_M)


def cloth_tuck_m(chart: Chart, spare_m: np.ndarray, garments: list[Garment]) -> np.ndarray:
    """(n,) how far to draw a piece of cloth with a lasting chart inwards under garments; spare_m: see Posed."""
    shares = [tuck_share(garment.inside, chart) for garment in garments if garment.inside is not nothing]
    if not shares:
        return np.zeros(len(chart.arm_m), np.float32)
    return np.minimum(CLOTH_TUCK_M, spare_m + BELOW_FLOOR_M) * np.maximum.reduce(shares)


@lru_cache(maxsize=1024)
def tuck_share(inside: Field, chart: Chart) -> np.ndarray:
    """(n,) float32 from 0 outside a garment to 1 well inside; remembered, so for charts that last."""
    return _tuck_share(inside, chart)


def _tuck_share(inside: Field, chart: Chart) -> np.ndarray:
    return ramp(inside(chart), -0.006, 0.012).astype(np.float32)
