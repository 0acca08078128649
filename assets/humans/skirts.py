"""Skirts: cloth around both legs at once, laid over the thighs of the seated, drawn along by legs that walk.

The body model's own skirt follows hips and thighs; then it is pushed off the posed legs and the layers beneath, drawn
down onto them where it would stand off, and evened out between.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from assets.humans.anny import load_body_model
from assets.humans.chart import Chart
from assets.humans.cloth_material import fabric_material
from assets.humans.clothing import Bottom
from assets.humans.cuts import Field, above, all_of, below, ramp, stepped
from assets.humans.drape import LEAST_M, Fitting, Layer
from assets.humans.folds import ridges
from assets.humans.parts import Motion
from assets.humans.pieces import Piece, hemmed, piece
from assets.humans.surface import smoothed, vertex_normals
from assets.humans.tailoring import SKIRT, SUIT, Garment, Posed, base_surface, diffused
from assets.humans.tops import WAIST_M

_CLEARANCE_M = 0.007
_HUGGED_M = 0.855
"""Above this height a skirt follows the hips closely: as far down as jackets reach."""
_UNDER_TOP_M = 0.022
"""How far a skirt's upper end may stand off the body, so that a top goes over it."""


@dataclass(frozen=True)
class SkirtShape:
    """A skirt over the first layers of a fitting. flare_m: how much wider at the hem. pleats: folds around, of height_m."""

    fitting: Fitting
    layers_beneath: int
    cut: Piece
    flare_m: float
    pleats: int
    height_m: float

    def posed(self, motion: Motion) -> Posed:
        points = self._draped(motion)
        base = base_surface(SKIRT)
        normals = vertex_normals(points, base.triangles)
        points, normals = self.cut.coarse @ points, self.cut.coarse @ normals
        normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        folds = np.maximum(self._folds_m(), -0.003)
        points = hemmed(self.cut, points + folds[:, None] * normals, normals, 0.004)
        if self.cut.hem is not None:
            border = self.cut.hem.border
            normals = np.concatenate([normals, normals[border]])
            folds = np.concatenate([folds, folds[border]])
        look = np.zeros(len(self.cut.triangles), int)
        spare = np.maximum(folds + 0.003, 0.0) + _CLEARANCE_M
        return Posed(points, normals, spare, self.cut.triangles, self.cut.uvs, self.cut.chart, look)

    def _draped(self, motion: Motion) -> np.ndarray:
        """(n, 3) posed coarse vertices, off all that lies beneath."""
        base = base_surface(SKIRT)
        rest = self.fitting.rest.vertices_m[base.members]
        z = base.chart.place_m[:, 2]
        lift = 0.006 + self.flare_m * ramp(1.0 - z, 0.0, 0.6)
        points = motion.pose(rest + lift[:, None] * vertex_normals(rest, base.triangles), base.weights)
        ground, outwards = self._ground(motion)
        tree = cKDTree(ground)
        level = thighs_level(motion)
        close = np.where(z > _HUGGED_M, _UNDER_TOP_M - 0.006, 0.03 + 0.3 * (1 - level))
        middle = np.abs(base.chart.place_m[:, 0]) < 0.05
        for _ in range(4):
            points = smoothed(points, base.average, 2)
            points = _pushed(points, ground, outwards, tree, np.where(middle & (z < _HUGGED_M), 1.0, close))
        return _pushed(points, ground, outwards, tree, np.full(len(points), 1.0))

    def _ground(self, motion: Motion) -> tuple[np.ndarray, np.ndarray]:
        """Points (g, 3) and normals of the body and layers beneath, hips and legs only."""
        draped = self.fitting.draped(motion)
        base, near = base_surface(SUIT), _below_the_waist()
        if self.layers_beneath:
            cloth = draped[self.layers_beneath - 1]
            return cloth.points_m[near], cloth.normals[near]
        body = motion.pose(self.fitting.body_m[near], base.weights[near])
        return body, vertex_normals(motion.pose(self.fitting.body_m, base.weights), base.triangles)[near]

    def _folds_m(self) -> np.ndarray:
        """(k,) pleats or soft folds that grow towards the hem."""
        place = self.cut.chart.place_m[: len(self.cut.edge_m)]
        warp = self.cut.coarse @ _warp(self.fitting.fold_seed % 6)
        phase = self.pleats * np.arctan2(place[:, 0], -place[:, 1])
        depth = ramp(1.03 - place[:, 2], 0.0, 0.45)
        regular = 0.25 if self.pleats > 14 else 1.6
        return np.asarray(self.height_m * depth * ridges(phase + regular * warp) + 0.002 * warp)


def _pushed(
    points: np.ndarray, ground: np.ndarray, outwards: np.ndarray, tree: cKDTree, close_m: np.ndarray
) -> np.ndarray:
    """Points moved to at least _CLEARANCE_M off the ground and at most close_m, along the ground's normals."""
    _, nearest = tree.query(points, k=3)
    offset = ((points[:, None] - ground[nearest]) * outwards[nearest]).sum(2)
    height = offset.min(1)
    direction = outwards[np.take_along_axis(nearest, offset.argmin(1)[:, None], 1)[:, 0]]
    move = np.clip(_CLEARANCE_M - height, 0, 0.06) - 0.5 * np.clip(height - close_m, 0, 0.06)
    return np.asarray(points + move[:, None] * direction)


def thighs_level(motion: Motion) -> float:
    """0 where both thighs hang, 1 where they lie level."""
    joint, heads = load_body_model().joint, motion.heads_m
    lines = [heads[joint(f"{side}Leg")] - heads[joint(f"{side}UpLeg")] for side in ("Left", "Right")]
    return float(np.clip(np.mean([1 + line[2] / np.linalg.norm(line) for line in lines]), 0, 1))


@cache
def _below_the_waist() -> np.ndarray:
    """Vertices of the suit's hips and legs."""
    chart: Chart = base_surface(SUIT).chart
    z = chart.place_m[:, 2]
    return np.flatnonzero((z > 0.12) & (z < 1.16) & ~chart.is_arm)


@cache
def _warp(seed: int) -> np.ndarray:
    """(n,) smooth noise of unit deviation on the skirt."""
    rough = np.random.default_rng([seed, 5]).normal(size=(len(base_surface(SKIRT).members), 1))
    smooth = diffused(SKIRT, rough, 20)[:, 0]
    return np.asarray(smooth / smooth.std())


def skirt_garment(bottom: Bottom, fitting: Fitting, rng: np.random.Generator, semantic_class: str) -> Garment:
    """A skirt over the layers so far; under what follows, it takes _UNDER_TOP_M."""
    beneath = len(fitting.layers)
    hem = stepped(bottom.hem_m, 0.04)
    pleated = bottom.kind == "pleated_skirt"
    pleats = int(rng.choice([20, 24, 28])) if pleated else int(rng.integers(7, 12))
    height = 0.009 if pleated else float(rng.uniform(0.002, 0.007))
    flare = float(rng.uniform(0.03, 0.06) if pleated else rng.uniform(0.0, 0.05))
    shape = SkirtShape(fitting, beneath, piece(SKIRT, (above(hem),)), flare, pleats, height)
    x, _, z = base_surface(SUIT).chart.place_m.T
    # Between the thighs of those who walk a skirt is stretched further off the body.
    under_top = _UNDER_TOP_M - LEAST_M + 0.015 * np.exp(-((x / 0.06) ** 2)) * ramp(0.98 - z, 0.0, 0.07)
    where: Field = all_of(below(WAIST_M + 0.02), above(0.82))
    fitting.add(Layer(under_top, np.zeros(len(z)), where, 0.001, folds_m=0.0, soft=0.0))
    inside, covers = all_of(below(WAIST_M + 0.01), above(hem)), all_of(below(WAIST_M + 0.01), above(hem + 0.06))
    return Garment("skirt", shape, [fabric_material("skirt", bottom.fabric)], semantic_class, inside, covers)
