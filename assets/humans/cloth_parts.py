"""Garments of a posed person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.humans.parts import Motion, Part
from assets.humans.surface import cloth_uvs, compacted, neighbour_average, smoothed, vertex_normals
from assets.humans.tailoring import Garment, hidden, tucked_in_m


def cloth_part(garment: Garment, motion: Motion, over: list[Garment]) -> Part:
    """A garment posed, smoothed over its bends, with its folds, and without what the garments over it hide."""
    surface = garment.surface
    points = motion.pose(surface.points_m, surface.weights)
    if garment.smoothing_steps:
        points = smoothed(points, neighbour_average(surface.triangles, len(points)), garment.smoothing_steps)
    flat_rim = np.clip(garment.inside(surface.chart) / 0.03, 0, 1) if surface.ripple_m.any() else 0.0
    tuck = tucked_in_m(surface.chart, over)
    lift = np.where(tuck > 0, np.minimum(surface.ripple_m, 0), surface.ripple_m) * flat_rim - tuck
    points = points + lift[:, None] * vertex_normals(points, surface.triangles)
    shown = ~hidden(surface.chart, surface.triangles, over)
    triangles = surface.triangles[shown]
    looks = np.zeros(len(triangles), int)
    if garment.second_below_m is not None:
        looks = (surface.points_m[triangles, 2].min(1) < garment.second_below_m).astype(int)
    flags = np.zeros(len(triangles), bool)
    return _compact(
        Part(points, triangles, garment.materials, looks, garment.semantic_class, flags, cloth_uvs(surface, triangles))
    )


def _compact(part: Part) -> Part:
    """The part without vertices that no triangle uses."""
    used, triangles = compacted(part.triangles, len(part.points_m))
    return replace(part, points_m=part.points_m[used], triangles=triangles)
