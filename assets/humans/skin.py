"""Skin colours of people from everywhere, and the colours that follow from them (lips, brows, stubble)."""

from __future__ import annotations

import numpy as np

SKIN_TONES_SRGB = np.array(
    [
        (0.93, 0.80, 0.73),
        (0.88, 0.71, 0.61),
        (0.80, 0.61, 0.49),
        (0.70, 0.50, 0.38),
        (0.56, 0.38, 0.28),
        (0.42, 0.27, 0.20),
        (0.29, 0.19, 0.15),
        (0.20, 0.13, 0.11),
    ]
)
"""From very light to very dark, about the Fitzpatrick types with two between; sRGB under white light."""

TONE_OF_ORIGIN = {"african": (5.3, 1.2), "asian": (2.2, 1.2), "caucasian": (1.1, 0.8)}
"""Mean and deviation of the place in SKIN_TONES_SRGB."""


def sample_skin_color(rng: np.random.Generator, origin: np.ndarray) -> tuple[float, float, float]:
    """Linear RGB for origin shares (african, asian, caucasian)."""
    tones = [rng.normal(*TONE_OF_ORIGIN[name]) for name in ("african", "asian", "caucasian")]
    place = float(np.clip(np.dot(origin, tones), 0, len(SKIN_TONES_SRGB) - 1))
    lower = min(int(place), len(SKIN_TONES_SRGB) - 2)
    tone = SKIN_TONES_SRGB[lower] * (1 - place + lower) + SKIN_TONES_SRGB[lower + 1] * (place - lower)
    tone = np.clip(tone + rng.normal(0, 0.012, 3), 0.03, 0.97)
    red, green, blue = ((tone + 0.055) / 1.055) ** 2.4
    return (round(float(red), 5), round(float(green), 5), round(float(blue), 5))


def mixed(
    first: tuple[float, float, float], second: tuple[float, float, float], share: float
) -> tuple[float, float, float]:
    """Colour a share of the way from first to second."""
    red, green, blue = ((1 - share) * np.asarray(first) + share * np.asarray(second)).tolist()
    return (red, green, blue)


def lip_color(skin: tuple[float, float, float]) -> tuple[float, float, float]:
    """Redder and a little darker than the skin."""
    return (skin[0] * 0.85, skin[1] * 0.55, skin[2] * 0.55)
