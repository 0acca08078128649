"""Fabrics as materials."""

from __future__ import annotations

import numpy as np

from assets.humans.clothing import Fabric
from assets.mesh import Material


def fabric_material(name: str, fabric: Fabric, bump: float = 0.3) -> Material:
    return Material(
        name=name,
        base_color=fabric.color,
        roughness=fabric.roughness,
        specular=0.15,
        bump=bump,
        pattern=fabric.pattern,
        second_color=fabric.second_color or tuple(0.8 * np.array(fabric.color)),
        scale_m=fabric.scale_m,
    )
