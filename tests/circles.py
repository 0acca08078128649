"""The thesis's toy datasets of circles (section 5.5, Figure 5.7): what does an attention network attend?

X has a coloured circle on a coloured ground, Y a white one on the same sort of ground; size, place and colours vary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["X1", "X3"]
"""X1: one foreground colour, varying background. X3: varying foreground, one background colour."""

FIXED = {"X1": (200, 40, 40), "X3": (60, 90, 150)}
"""RGB of what does not vary."""
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Circles:
    """images: (n, 3, size, size) uint8 RGB. inside: (n, 1, size, size) bool, the circle."""

    images: np.ndarray
    inside: np.ndarray


def draw_circles(kind: Kind, domain: Literal["X", "Y"], count: int, size_px: int, rng: np.random.Generator) -> Circles:
    """Pictures of one circle each, with a radius between a fifth and a third of the side, wholly in the picture."""
    inside = np.stack([_disc(size_px, rng) for _ in range(count)])[:, None]
    varying = rng.integers(0, 200, (count, 3))  # never as light as the white circles of Y
    fixed = np.broadcast_to(np.array(FIXED[kind]), (count, 3))
    colour, ground = (fixed, varying) if kind == "X1" else (varying, fixed)
    if domain == "Y":
        colour = np.broadcast_to(np.array(WHITE), (count, 3))
    images = np.where(inside, colour[:, :, None, None], ground[:, :, None, None])
    return Circles(images.astype(np.uint8), inside)


def _disc(size_px: int, rng: np.random.Generator) -> np.ndarray:
    radius = rng.uniform(size_px / 5, size_px / 3)
    x, y = rng.uniform(radius, size_px - radius, 2)
    places = np.arange(size_px) + 0.5
    return np.hypot(places - x, places[:, None] - y) < radius
