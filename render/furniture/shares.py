"""Which kinds of things lie where in an office, and how often each: what draws from render.furniture.clutter."""

from __future__ import annotations

from functools import cache

import numpy as np

DESK_THINGS: dict[str, float] = {
    "papers": 5, "cup": 3, "bottle": 3, "books": 2, "pile": 2, "cable": 3, "charger": 1.5, "mobile": 1.5, "pens": 1.5,
    "headset": 1, "desk phone": 1, "tissues": 0.8, "files": 0.8, "pot plant": 0.8, "food": 1.2, "tray": 0.6, "slab": 1,
    "spare keyboard": 0.6, "parcel": 0.8, "handbag": 0.5, "lamp": 0.6,
}  # fmt: skip
"""How often each kind lies on a desk."""
TOP_THINGS: dict[str, float] = {
    "files": 3, "books": 2, "pile": 3, "parcel": 3, "carton": 2, "cartons": 0.4, "pot plant": 2, "tray": 1, "bottle": 1,
    "cup": 0.6, "handbag": 0.6, "backpack": 0.6, "heap": 0.5, "crate": 0.7,
}  # fmt: skip
"""And on cupboards, shelves and sideboards."""
SILL_THINGS: dict[str, float] = {"pot plant": 3, "bottle": 2, "cup": 2, "mobile": 0.3, "pens": 0.5}
KITCHEN_THINGS: dict[str, float] = {"cup": 4, "bottle": 3, "food": 4, "tissues": 1, "parcel": 0.6, "pot plant": 0.4}
FLOOR_THINGS: dict[str, float] = {
    "carton": 3, "cartons": 2, "backpack": 3, "handbag": 1, "sports bag": 1, "heap": 1, "bean bag": 0.3, "suitcase": 1,
    "shoes": 0.8, "fan": 0.7, "tower": 0.6, "power strip": 1.2, "crate": 1.2, "trolley": 1.5,
}  # fmt: skip
UNDER_DESK: dict[str, float] = {"tower": 3, "backpack": 2, "handbag": 1, "shoes": 1, "power strip": 1}


def drawn_kind(shares: dict[str, float], rng: np.random.Generator) -> str:
    """One of a table's kinds, as likely as it says."""
    kinds, edges = _edges(tuple(shares.items()))
    return kinds[int(np.searchsorted(edges, rng.random()))]


@cache
def _edges(shares: tuple[tuple[str, float], ...]) -> tuple[tuple[str, ...], np.ndarray]:
    counts = np.cumsum([share for _, share in shares])
    return tuple(kind for kind, _ in shares), counts / counts[-1]
