"""Garments of a posed person."""

from __future__ import annotations

import numpy as np

from assets.humans.parts import Motion, Part
from assets.humans.surface import compacted
from assets.humans.tailoring import Garment, hidden, tucked_in_m


def cloth_part(garment: Garment, motion: Motion, over: list[Garment]) -> Part:
    """A garment posed, drawn in under the edges of the garments over it, and without what these hide."""
    cloth = garment.shape.posed(motion)
    tuck = np.minimum(tucked_in_m(cloth.chart, over, lasting=True), cloth.spare_m)
    points = cloth.points_m - tuck[:, None] * cloth.normals
    shown = ~hidden(cloth.chart, cloth.triangles, over)
    used, triangles = compacted(cloth.triangles[shown], len(points))
    flags = np.zeros(len(triangles), bool)
    return Part(
        points[used], triangles, garment.materials, cloth.look[shown], garment.semantic_class, flags, cloth.uvs[shown]
    )
