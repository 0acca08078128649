"""Shoes with flat soles, from the suit's feet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from scipy import sparse

from assets.humans.chart import Chart
from assets.humans.clothing import Shoes
from assets.humans.cuts import Field, ramp
from assets.humans.drape import Fitting
from assets.humans.parts import Motion
from assets.humans.surface import Surface, chart_uvs, compacted, cut, neighbour_average, smoothed, vertex_normals
from assets.humans.tailoring import SUIT, Garment, Posed, base_surface
from assets.mesh import Material

_HEIGHT_M = {"shoes": 0.088, "loafers": 0.08, "trainers": 0.098, "boots": 0.2, "ballerinas": 0.068, "heels": 0.068}
_VAMP_M = {"ballerinas": 0.055, "heels": 0.06, "loafers": 0.03}
"""How much lower the shoe ends in front of the ankle, where that is cut low."""
_TOP_M = 0.26


@dataclass(frozen=True)
class Feet:
    """The suit's feet and ankles. members: (n,) numbers in the suit; chart and weights are theirs."""

    members: np.ndarray
    triangles: np.ndarray
    average: sparse.csr_matrix
    chart: Chart
    weights: np.ndarray


@dataclass(frozen=True)
class ShoeCut:
    """A make of shoes cut from the feet: rows (k, n) of its points; the rest as in tailoring.Posed."""

    rows: sparse.csr_matrix
    triangles: np.ndarray
    uvs: np.ndarray
    chart: Chart
    weights: np.ndarray


@dataclass(frozen=True)
class ShoeShape:
    """A person's shoes. lift_m: how thick they are."""

    fitting: Fitting
    shoes: Shoes
    lift_m: float = 0.007

    def posed(self, motion: Motion) -> Posed:
        model, rest = _shoe_cut(self.shoes.kind), self._at_rest()
        points_at_rest = model.rows @ rest
        points = motion.pose(points_at_rest, model.weights)
        look = (points_at_rest[model.triangles, 2].min(1) < -0.3 * self.shoes.sole_m).astype(int)
        normals = vertex_normals(points, model.triangles)
        spare = np.full(len(points), 0.4 * self.lift_m)
        return Posed(points, normals, spare, model.triangles, model.uvs, model.chart, look)

    def _at_rest(self) -> np.ndarray:
        """(n, 3) the feet's vertices moved to the shoes' surface: toes joined, soles flat."""
        feet = _feet()
        body = self.fitting.rest.vertices_m[base_surface(SUIT).members[feet.members]]
        scale = float(self.fitting.rest.vertices_m[:, 2].max()) / 1.72
        normals = vertex_normals(body, feet.triangles)
        points = smoothed(body, feet.average, 10)
        outward = np.clip(((points - body) * normals).sum(1), 0, 0.02) + self.lift_m
        points = body + outward[:, None] * normals + 0.6 * (points - body - outward[:, None] * normals)
        off = ((points - body) * normals).sum(1)
        points += np.clip(self.lift_m - off, 0, None)[:, None] * normals
        y, z = feet.chart.place_m[:, 1], feet.chart.place_m[:, 2]
        foot = z < 0.12
        points[:, 1] -= 0.024 * scale * ramp(-y, 0.1, 0.2) * foot
        low = foot & (points[:, 2] < 0.015 * scale)
        arch = np.exp(-(((y + 0.04) / 0.03) ** 2)) * (self.shoes.kind == "heels")
        points[low, 2] = (-self.shoes.sole_m * (1 - 0.85 * arch))[low]
        points[foot & ~low, 2] = np.maximum(points[foot & ~low, 2], 0.0)
        return np.asarray(points)


def shoe_garment(shoes: Shoes, fitting: Fitting) -> Garment:
    materials = [
        Material("shoes", shoes.color, roughness=0.7 if shoes.kind == "trainers" else 0.4, specular=0.4),
        Material("soles", shoes.sole_color, roughness=0.8, specular=0.2),
    ]
    edge = shoe_edge(shoes.kind)
    return Garment("shoes", ShoeShape(fitting, shoes), materials, "shoes", edge, edge)


@cache
def shoe_edge(kind: str) -> Field:
    """Below the shoe's upper edge, which is cut lower in front of some makes' ankles."""
    height, vamp = _HEIGHT_M[kind], _VAMP_M.get(kind, 0.02)

    def edge(chart: Chart) -> np.ndarray:
        _, y, z = chart.place_m.T
        low = ramp(-y, 0.0, 0.09) - (ramp(-y, 0.09, 0.13) if vamp > 0.02 else 0.0)
        return np.where(chart.is_arm, -0.2, height - z - vamp * low)

    return edge


@cache
def _feet() -> Feet:
    base = base_surface(SUIT)
    near = (base.chart.place_m[:, 2] < _TOP_M) & ~base.chart.is_arm
    members, triangles = compacted(base.triangles[near[base.triangles].all(1)], len(near))
    chart = Chart(base.chart.place_m[members], base.chart.arm_m[members])
    average = neighbour_average(triangles, len(members))
    return Feet(members, triangles, average, chart, base.weights[members])


@lru_cache(maxsize=16)
def _shoe_cut(kind: str) -> ShoeCut:
    feet = _feet()
    count = len(feet.members)
    whole = Surface(np.zeros((count, 3)), feet.triangles, np.eye(count), feet.chart, np.zeros(count))
    part = cut(whole, shoe_edge(kind)(feet.chart))
    rows = sparse.csr_matrix(part.weights.astype(np.float32))
    uvs = chart_uvs(part.chart, part.triangles)
    return ShoeCut(rows, part.triangles, uvs, part.chart, np.asarray(rows @ feet.weights))
