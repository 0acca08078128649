"""Cloth over the rest body: lifted off it, spanning its hollows, layer over layer, with what each layer hides.

Cloth starts from a surface of the body model, its own suit (`helper-tights`) or skirt: smoothed, so that it spans the
body's hollows as cloth does, and moved outwards by its looseness and above what is worn beneath. What a garment covers
is dropped below it, and the rims that remain are drawn inwards, so that nothing pokes through.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import sparse

from assets.humans.anny import RestBody, load_body_model
from assets.humans.chart import Chart, body_chart
from assets.humans.cuts import Field, neck_radius, ramp
from assets.humans.surface import Surface, neighbour_average, smoothed, vertex_normals
from assets.mesh import Material

SUIT, SKIRT = "helper-tights", "helper-skirt"
OVERLAP_M = 0.025
"""How far a surface goes on underneath the garment that covers it."""
TUCK_M = 0.007
"""How far the rim of a surface is drawn inwards underneath the garment that covers it."""


@dataclass(frozen=True)
class Garment:
    """One piece of clothing over the rest body, with what it looks like and what it hides.

    inside: field that is zero along its edges. covers: field of what it hides, which ends further in where a camera
    looks underneath. smoothing_steps: how strongly the posed cloth is smoothed.
    second_below_m: rest height below which the second material is shown (a shoe's sole).
    """

    name: str
    surface: Surface
    materials: list[Material]
    semantic_class: str
    inside: Field
    covers: Field
    smoothing_steps: int = 3
    second_below_m: float | None = None


@dataclass(frozen=True)
class Base:
    """A surface of the body model from which garments are cut; vertex numbers count from first."""

    triangles: np.ndarray
    members: np.ndarray
    average: sparse.csr_matrix
    chart: Chart
    weights: np.ndarray


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


def hidden(chart: Chart, triangles: np.ndarray, garments: list[Garment]) -> np.ndarray:
    """(m,) bool: triangles that lie wholly under one of the garments, more than OVERLAP_M from its edge."""
    under = np.zeros(len(triangles), bool)
    for garment in garments:
        under |= (garment.covers(chart)[triangles] > OVERLAP_M).all(1)
    return under


def tucked_in_m(chart: Chart, garments: list[Garment]) -> np.ndarray:
    """(n,) how far to draw a surface inwards where one of the garments lies over it, so that its edge hides it."""
    depth = np.zeros(len(chart.arm_m))
    for garment in garments:
        depth = np.maximum(depth, TUCK_M * ramp(garment.inside(chart), -0.006, 0.012))
    return depth


@dataclass
class Layers:
    """How far the clothes put on so far stand off the body: what comes over them must stand off further.

    off_m: (n,) height over each vertex of the suit, along its normal.
    """

    rest: RestBody
    rng: np.random.Generator
    off_m: np.ndarray

    def put_on(self, covers: Field, lift_m: np.ndarray) -> None:
        under = covers(base_surface(SUIT).chart) > -0.03
        self.off_m = np.where(under, np.maximum(self.off_m, lift_m), self.off_m)


def lifts(
    base: Base, rest: RestBody, looseness_m: np.ndarray | float, span_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cloth's height (n,) along the body's normals, hollows spanned by span_steps of smoothing, and its shift (n, 3)."""
    body = rest.vertices_m[base.members]
    normals = vertex_normals(body, base.triangles)
    spanned = smoothed(body, base.average, span_steps)
    outward = ((spanned - body) * normals).sum(1)
    sideways = spanned - body - outward[:, None] * normals
    return np.asarray(base.average @ (np.clip(outward, 0, 0.06) + looseness_m)), 0.5 * sideways


def cloth(base: Base, rest: RestBody, lift_m: np.ndarray, shift_m: np.ndarray, ripple_m: np.ndarray) -> Surface:
    """The whole base surface lifted off the body."""
    body = rest.vertices_m[base.members]
    points = body + shift_m + lift_m[:, None] * vertex_normals(body, base.triangles)
    return Surface(points.astype(np.float32), base.triangles, base.weights, base.chart, ripple_m)


def suit(
    layers: Layers, looseness_m: np.ndarray | float, span_steps: int, ripple_m: float, clearance_m: float = 0.004
) -> tuple[Surface, np.ndarray]:
    """Cloth from the suit over everything put on so far, and its lift."""
    base = base_surface(SUIT)
    lift, shift = lifts(base, layers.rest, looseness_m, span_steps)
    lift = np.maximum(close_to_neck(base.chart, lift), layers.off_m + clearance_m * (layers.off_m > 0))
    return cloth(base, layers.rest, lift, shift, ripple(base, layers.rng, ripple_m)), lift


def close_to_neck(chart: Chart, lift_m: np.ndarray) -> np.ndarray:
    """Cloth lies on the neck's base, however loosely it hangs elsewhere."""
    return 0.005 + (lift_m - 0.005) * (0.15 + 0.85 * ramp(neck_radius(chart), 0.9, 2.0))


def ripple(base: Base, rng: np.random.Generator, height_m: float) -> np.ndarray:
    """Folds: random heights, smooth over some centimetres, of standard deviation height_m."""
    noise = rng.normal(size=len(base.members))
    field = np.zeros_like(noise)
    for steps, share in ((3, 1.0), (10, 1.2)):
        layer = noise
        for _ in range(steps):
            layer = base.average @ layer
        field += share * layer / layer.std()
    return np.clip(field / field.std(), -1.5, 2.5).astype(np.float32) * np.float32(height_m)
