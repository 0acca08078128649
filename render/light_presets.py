"""Kinds of light in an office, as ranges: a bright day, dusk, lamps off, a night with a few lamps on, and so on.

Each name of a range is a field of LightConfig. Gains count against a well-lit office (lamps) and an overcast day
(daylight); sun_gain is the brightness of a white floor in the sun against that of a well-lit one.
"""

from __future__ import annotations

Range = tuple[float, float]

RANGES: tuple[str, ...] = (
    "lamp_gain", "lamp_kelvin", "daylight_gain", "daylight_kelvin", "sun_gain", "dark_share", "ambient_gain", "exposure_ev",
)  # fmt: skip

_NO_SUN, _ALL_ON, _PLAIN, _METERED = (0.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.0, 0.0)
"""What the older presets know nothing of: no sun, no lamp off, the place's own ambient light, exposure as metered."""

PRESETS: dict[str, dict[str, Range]] = {
    name: dict(zip(RANGES, ranges, strict=True))
    for name, ranges in {
        "even": ((0.6, 1.2), (3600, 5200), (0.2, 1.0), (5200, 7500), _NO_SUN, _ALL_ON, _PLAIN, _METERED),
        "stand-in": ((0.1, 0.35), (2700, 3300), (0.6, 1.6), (5500, 9000), _NO_SUN, _ALL_ON, _PLAIN, _METERED),
        "day": ((0.5, 1.1), (3600, 5200), (0.6, 1.8), (5200, 7000), _NO_SUN, (0.0, 0.3), _PLAIN, (-0.2, 0.4)),
        "sunny": ((0.2, 0.9), (3600, 5200), (0.9, 2.0), (5400, 6500), (1.5, 5.0), (0.0, 0.6), _PLAIN, (-0.1, 0.6)),
        "dusk": ((0.5, 1.1), (2900, 4200), (0.03, 0.25), (7500, 12000), _NO_SUN, (0.0, 0.3), (0.6, 1.0), (-0.6, 0.2)),
        "daylight": (
            (0.0, 0.0),
            (4000, 4000),
            (0.7, 2.0),
            (5500, 8000),
            (0.0, 1.5),
            (1.0, 1.0),
            (0.8, 1.5),
            (-0.7, 0.2),
        ),
        "night": ((0.6, 1.2), (3000, 4800), (0.0, 0.02), (4000, 9000), _NO_SUN, (0.4, 0.8), (0.3, 0.7), (-1.0, 0.0)),
        "spots": ((0.7, 1.4), (2700, 3800), (0.02, 0.3), (5200, 8000), _NO_SUN, (0.3, 0.6), (0.4, 0.8), (-0.6, 0.3)),
        "warm": ((0.6, 1.2), (2600, 3200), (0.05, 0.5), (4800, 6000), _NO_SUN, (0.0, 0.2), _PLAIN, (-0.3, 0.3)),
        "cool": ((0.7, 1.3), (5600, 7500), (0.1, 0.9), (6500, 9500), _NO_SUN, (0.0, 0.2), _PLAIN, (-0.3, 0.3)),
    }.items()
}

VARIED: dict[str, float] = {
    "even": 0.26, "day": 0.2, "sunny": 0.12, "dusk": 0.1, "daylight": 0.08, "night": 0.07, "spots": 0.05,
    "warm": 0.06, "cool": 0.06,
}  # fmt: skip
"""How often the preset "varied" takes each of the others."""
