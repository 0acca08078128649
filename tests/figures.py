"""Figures of boxes that stand in for people where a test is about places and pixels, not about bodies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from annotate.classes import CLASS_ID
from assets.mesh import Human, Material
from render.solids import box, joined, moved

CLOTH = Material("cloth", (0.3, 0.3, 0.6))
SKIN = Material("skin", (0.6, 0.4, 0.3))


def figure(
    height_m: float = 1.75,
    width_m: float = 0.5,
    seat_height_m: float | None = None,
    at: tuple[float, float] = (0.0, 0.0),
) -> Human:
    """A trunk of thin slabs and a head; seated, also thighs that reach forward (-Y). Its origin is placed at `at`."""
    head_m = 0.24
    bottom = 0.0 if seat_height_m is None else seat_height_m
    top = height_m if seat_height_m is None else seat_height_m + 0.85
    levels = np.linspace(bottom, top - head_m, 40)
    parts = [box((0, 0, (low + high) / 2), (width_m, 0.24, high - low), CLOTH, "top") for low, high in pairwise(levels)]
    if seat_height_m is not None:
        parts.append(box((0, -0.3, seat_height_m + 0.08), (0.4, 0.6, 0.16), CLOTH, "bottom"))
        parts.append(box((0, -0.5, seat_height_m / 2), (0.35, 0.14, seat_height_m), CLOTH, "bottom"))
    parts.append(box((0, 0, top - head_m / 2), (0.18, 0.2, head_m), SKIN, "skin"))
    mesh = moved(joined(parts, "figure"), *at)
    fields = {name: getattr(mesh, name) for name in mesh.__dataclass_fields__}
    is_head = mesh.triangle_class == CLASS_ID["skin"]
    return Human(
        **fields,
        triangle_is_head=np.asarray(is_head),
        seat_height_m=seat_height_m,
        head_m=np.array([*at, top - head_m / 2]),
        foot_m=np.array(at),
    )
