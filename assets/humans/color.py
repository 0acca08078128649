"""Colours of people and clothes: linear RGB in [0, 1]."""

from __future__ import annotations

import numpy as np

Color = tuple[float, float, float]
"""Linear RGB in [0, 1]."""


def linear(srgb: np.ndarray | tuple[float, ...]) -> Color:
    """Linear RGB of an sRGB colour in [0, 1] (IEC 61966-2-1)."""
    value = np.clip(np.asarray(srgb, dtype=np.float64), 0, 1)
    red, green, blue = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return (round(float(red), 5), round(float(green), 5), round(float(blue), 5))
