"""Garments of a posed person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.humans.chart import Chart
from assets.humans.parts import Motion, Part
from assets.humans.surface import compacted
from assets.humans.tailoring import Garment, cloth_tuck_m, hidden


@dataclass(frozen=True)
class ClothPart(Part):
    """A Part that knows where on the body its points lie."""

    chart: Chart


def cloth_part(garment: Garment, motion: Motion, over: list[Garment]) -> ClothPart:
    """A garment posed, drawn in under the edges of the garments over it, and without what these hide."""
    cloth = garment.shape.posed(motion)
    tuck = cloth_tuck_m(cloth.chart, cloth.spare_m, over)
    points = cloth.points_m - tuck[:, None] * cloth.normals
    shown = ~hidden(cloth.chart, cloth.triangles, over)
    used, triangles = compacted(cloth.triangles[shown], len(points))
    flags = np.zeros(len(triangles), bool)
    chart = Chart(cloth.chart.place_m[used], cloth.chart.arm_m[used])
    return ClothPart(
        points[used], triangles, garment.materials, cloth.look[shown], garment.semantic_class, flags, cloth.uvs[shown],
        chart,
    )  # fmt: skip
