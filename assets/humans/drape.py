"""How cloth lies on a posed body, layer over layer.

Every layer is a height over the posed suit along its normals: what the cloth needs to span the body's hollows, and its
slack, which gravity shares out (cloth rests on what faces up and hangs from what faces down). A layer lies at least its
clearance above the layer beneath at every vertex of the suit, so no layer comes through another however joints bend.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from assets.humans.anny import RestBody
from assets.humans.chart import Chart
from assets.humans.cuts import Field, neck_radius, ramp, values_on
from assets.humans.folds import bend_folds, loose_folds
from assets.humans.parts import Motion
from assets.humans.pieces import Piece, hemmed
from assets.humans.surface import Surface, smoothed, vertex_normals
from assets.humans.tailoring import SUIT, Posed, base_surface, diffused

LEAST_M = 0.003
"""How far the innermost cloth lies off the suit, which is itself some millimetres off the skin."""
_ASIDE_M = 0.012
"""How far smoothing may move cloth along the body."""
_SLIP_M = 0.003
"""How far it may move cloth along other cloth, lest they pass through each other where the body curves."""
_BESIDE_M = 0.07
"""How far beyond its edges cloth still lifts what lies over it, so that both edges stay apart."""


@dataclass(frozen=True)
class Layer:
    """Cloth over the whole suit before it is cut.

    tight_m: (n,) height without slack. slack_m: (n,) what gravity shares out. where: where the next layer must lie above
    it. along_m: (n, 3) how far the cloth is moved at rest (trousers that reach over the shoes), or None. folds_m: height
    of its loose folds. soft: how much it folds at joints, 1 for shirts. smoothing_steps: how evenly it spans bent joints.
    """

    tight_m: np.ndarray
    slack_m: np.ndarray
    where: Field
    clearance_m: float = 0.003
    along_m: np.ndarray | None = None
    folds_m: float = 0.003
    soft: float = 1.0
    smoothing_steps: int = 4


@dataclass(frozen=True)
class Draped:
    """A layer on a posed body: heights (n,) over it, points (n, 3), and floor_m (n,), the least height allowed."""

    points_m: np.ndarray
    normals: np.ndarray
    height_m: np.ndarray
    floor_m: np.ndarray

    @cached_property
    def columns(self) -> np.ndarray:
        """(n, 7) float32 points, normals and the height above floor_m, for one product with a piece's rows."""
        spare = self.height_m - self.floor_m
        return np.concatenate([self.points_m, self.normals, spare[:, None]], 1, dtype=np.float32)


@dataclass
class Fitting:
    """One person's layers on the suit, innermost first, and how they lie in a pose.

    The last pose is kept: all garments of a person ask for the same one.
    """

    rest: RestBody
    fold_seed: int
    layers: list[Layer] = field(default_factory=list)
    _pose: Motion | None = None
    _draped: list[Draped] = field(default_factory=list)
    _bends: np.ndarray | None = None
    _folds: dict[int, np.ndarray] = field(default_factory=dict)
    _spanned: dict[int, np.ndarray] = field(default_factory=dict)

    def add(self, layer: Layer) -> int:
        """Put a layer over those before; its number."""
        self.layers.append(layer)
        return len(self.layers) - 1

    @cached_property
    def body_m(self) -> np.ndarray:
        """(n, 3) the suit at rest."""
        return self.rest.vertices_m[base_surface(SUIT).members]

    @cached_property
    def _normals(self) -> np.ndarray:
        return vertex_normals(self.body_m, base_surface(SUIT).triangles)

    def spanned_m(self, steps: int) -> np.ndarray:
        """(n,) height at which cloth spans the body's hollows at rest, as if smoothed so many times; kept."""
        if steps not in self._spanned:
            outward = ((diffused(SUIT, self.body_m, steps, 1) - self.body_m) * self._normals).sum(1)
            self._spanned[steps] = np.asarray(base_surface(SUIT).average @ np.clip(outward, 0, 0.06))
        return self._spanned[steps]

    def draped(self, motion: Motion) -> list[Draped]:
        """All layers in a pose."""
        if motion is not self._pose:
            self._draped, self._pose = self._drape(motion), motion
            self._bends, self._folds = bend_folds(motion), {}
        return self._draped

    def _drape(self, motion: Motion) -> list[Draped]:
        base = base_surface(SUIT)
        body = motion.pose(self.body_m, base.weights)
        normals = vertex_normals(body, base.triangles)
        beneath, under, found = np.zeros(len(body), np.float32), np.zeros_like(body), []
        share = np.clip(0.55 - 0.75 * normals[:, 2], 0.05, 1.3)
        for layer in self.layers:
            floor = np.maximum(np.float32(LEAST_M), np.where(beneath > 0, beneath + np.float32(layer.clearance_m), 0))
            wanted = np.maximum(layer.tight_m + layer.slack_m * share, floor).astype(np.float32)
            points = smoothed(body + wanted[:, None] * normals, base.average, layer.smoothing_steps)
            offset = points - body
            height = np.einsum("na,na->n", offset, normals)
            # What slips along the body may not slip along other cloth, lest both pass through each other.
            slip = offset - height[:, None] * normals - under
            reach = np.where(beneath > 0, np.float32(_SLIP_M), np.float32(_ASIDE_M))
            aside = under + slip * np.minimum(1, reach / np.maximum(_length(slip), np.float32(1e-9)))[:, None]
            height = np.maximum(height, floor)
            points = body + height[:, None] * normals + aside
            if layer.along_m is not None:
                points += motion.pose(self.body_m + layer.along_m, base.weights) - body
            found.append(Draped(points, normals, height, floor))
            put_on = values_on(layer.where, base.chart) > -_BESIDE_M
            beneath = np.where(put_on, np.maximum(beneath, height), beneath)
            under = np.where(put_on[:, None], aside, under)
        return found

    def folds_m(self, number: int) -> np.ndarray:
        """(f,) folds of a layer in the last pose, on the suit's finer vertices."""
        if number not in self._folds:
            layer = self.layers[number]
            assert self._bends is not None
            loose = loose_folds(self.fold_seed + 101 * number, layer.folds_m)
            self._folds[number] = loose + np.float32(layer.soft) * self._bends
        return self._folds[number]


@dataclass(frozen=True)
class OnSuit:
    """A piece of one layer of a fitting, perhaps raised off it (a collar, a pocket). raise_m: a number, or (k,).

    part_of: the field of the cloth that it is sewn on, whose folds it shares up to that cloth's own edge.
    """

    fitting: Fitting
    layer: int
    cut: Piece
    thickness_m: float = 0.003
    raise_m: np.ndarray | float = 0.0
    part_of: Field | None = None

    def posed(self, motion: Motion) -> Posed:
        cloth = self.fitting.draped(motion)[self.layer]
        points, normals, spare = np.split(self.cut.coarse @ cloth.columns, [3, 6], 1)
        normals, spare = _unit(normals), np.maximum(spare[:, 0], 0)
        folds = np.maximum(self._folds_m(), -spare)
        lift = (folds + self.raise_m).astype(np.float32)
        points = hemmed(self.cut, points + lift[:, None] * normals, normals, self.thickness_m)
        spare = spare + folds + 0.8 * self.raise_m
        if self.cut.hem is not None:
            border = self.cut.hem.border
            normals = np.concatenate([normals, normals[border]])
            spare = np.concatenate([spare, spare[border]])
        look = np.zeros(len(self.cut.triangles), int)
        return Posed(points, normals, spare, self.cut.triangles, self.cut.uvs, self.cut.chart, look)

    def resting(self) -> Surface:
        """The piece at rest, without folds or hem, with skinning weights."""
        rest, base = self.fitting.rest, base_surface(SUIT)
        still = Motion(rest, np.tile(np.eye(3), (len(rest.heads_m), 1, 1)), rest.heads_m)
        cloth = Fitting(rest, 0, self.fitting.layers).draped(still)[self.layer]
        count = len(self.cut.edge_m)
        chart = Chart(self.cut.chart.place_m[:count], self.cut.chart.arm_m[:count])
        triangles = self.cut.triangles[(self.cut.triangles < count).all(1)]
        points, weights = self.cut.coarse @ cloth.points_m, self.cut.coarse @ base.weights
        return Surface(points.astype(np.float32), triangles, weights, chart, np.zeros(count, np.float32))

    def _folds_m(self) -> np.ndarray:
        """(k,) folds, which end before the cloth's edge."""
        edge = self.cut.edge_m
        if self.part_of is not None:
            edge = values_on(self.part_of, self.cut.chart)[: len(edge)]
        folds = self.cut.fine @ self.fitting.folds_m(self.layer)
        return np.asarray(folds * np.clip(0.25 + edge / 0.03, 0, 1))


def _length(vectors: np.ndarray) -> np.ndarray:
    """(n,) of (n, 3); faster than linalg.norm on many short rows."""
    return np.sqrt(np.einsum("na,na->n", vectors, vectors))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(_length(vectors), np.float32(1e-9))[:, None]


def close_to_neck(height_m: np.ndarray) -> np.ndarray:
    """(n,) heights over the suit with cloth that lies on the neck's base, however loosely it hangs elsewhere."""
    return np.asarray(height_m * (0.15 + 0.85 * ramp(neck_radius(base_surface(SUIT).chart), 0.9, 2.0)))
