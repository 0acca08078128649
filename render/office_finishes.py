"""What the surfaces of the embedded office look like: colours by kind, and the materials made of them.

Colours are linear RGB reflectances. The tables hold typical ones; `varied` moves each office's off the table.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from assets.mesh import Material
from render.place import Rgb

FloorKind = Literal["carpet", "carpet_tiles", "wood", "laminate", "vinyl", "tiles", "concrete"]
AccentKind = Literal["none", "paint", "brick", "slats"]
CeilingKind = Literal["plaster", "tiles", "concrete"]

DESK_TOPS: tuple[Rgb, ...] = (
    (0.74, 0.74, 0.72), (0.66, 0.66, 0.64), (0.52, 0.42, 0.27), (0.62, 0.5, 0.34), (0.38, 0.22, 0.11),
    (0.45, 0.3, 0.16), (0.25, 0.16, 0.1), (0.3, 0.3, 0.31), (0.05, 0.05, 0.055), (0.55, 0.47, 0.38),
)  # fmt: skip
CHAIR_CLOTHS: tuple[Rgb, ...] = (
    (0.02, 0.02, 0.022), (0.025, 0.025, 0.03), (0.05, 0.05, 0.055), (0.25, 0.25, 0.27), (0.03, 0.07, 0.2),
    (0.3, 0.04, 0.04), (0.04, 0.17, 0.14), (0.6, 0.6, 0.58), (0.4, 0.22, 0.06), (0.12, 0.1, 0.09),
)  # fmt: skip
JACKETS: tuple[Rgb, ...] = (
    (0.015, 0.015, 0.017), (0.02, 0.022, 0.03), (0.03, 0.04, 0.08), (0.09, 0.09, 0.095), (0.1, 0.075, 0.045),
    (0.04, 0.055, 0.035), (0.25, 0.03, 0.03), (0.3, 0.28, 0.24),
)  # fmt: skip
PARTITION_CLOTHS: tuple[Rgb, ...] = (
    (0.3, 0.31, 0.33), (0.5, 0.49, 0.46), (0.1, 0.14, 0.22), (0.16, 0.24, 0.18), (0.36, 0.2, 0.12), (0.72, 0.71, 0.68),
)  # fmt: skip
SOFA_CLOTHS: tuple[Rgb, ...] = (
    (0.2, 0.2, 0.21), (0.07, 0.1, 0.16), (0.35, 0.18, 0.06), (0.1, 0.2, 0.14), (0.42, 0.38, 0.32), (0.3, 0.06, 0.05),
)  # fmt: skip
WALLS: tuple[Rgb, ...] = (
    (0.78, 0.77, 0.74), (0.74, 0.75, 0.76), (0.7, 0.66, 0.58), (0.6, 0.66, 0.66), (0.66, 0.66, 0.62), (0.5, 0.51, 0.52),
)  # fmt: skip
ACCENTS: dict[AccentKind, tuple[Rgb, ...]] = {
    "none": ((0.7, 0.7, 0.7),),
    "paint": (
        (0.07, 0.16, 0.3), (0.1, 0.26, 0.16), (0.5, 0.2, 0.05), (0.46, 0.09, 0.07), (0.1, 0.1, 0.11), (0.6, 0.45, 0.12),
        (0.16, 0.3, 0.34),
    ),
    "brick": ((0.3, 0.11, 0.07), (0.4, 0.22, 0.14), (0.6, 0.57, 0.52)),
    "slats": ((0.4, 0.25, 0.12), (0.26, 0.15, 0.08), (0.5, 0.36, 0.2)),
}  # fmt: skip
FLOORS: dict[FloorKind, tuple[tuple[Rgb, Rgb], ...]] = {
    "carpet": (
        ((0.1, 0.11, 0.13), (0.15, 0.16, 0.18)), ((0.2, 0.18, 0.15), (0.27, 0.25, 0.21)), ((0.06, 0.1, 0.15), (0.1, 0.14, 0.2)),
        ((0.3, 0.29, 0.27), (0.36, 0.35, 0.32)), ((0.16, 0.05, 0.05), (0.2, 0.08, 0.07)),
    ),
    "carpet_tiles": (
        ((0.12, 0.12, 0.13), (0.17, 0.17, 0.18)), ((0.05, 0.06, 0.08), (0.08, 0.09, 0.12)), ((0.22, 0.23, 0.24), (0.3, 0.31, 0.32)),
        ((0.1, 0.16, 0.2), (0.14, 0.22, 0.26)), ((0.24, 0.22, 0.18), (0.15, 0.14, 0.12)),
    ),
    "wood": (
        ((0.36, 0.22, 0.11), (0.26, 0.15, 0.07)), ((0.48, 0.36, 0.22), (0.38, 0.27, 0.15)), ((0.2, 0.11, 0.06), (0.14, 0.08, 0.04)),
    ),
    "laminate": (
        ((0.52, 0.42, 0.3), (0.44, 0.35, 0.24)), ((0.42, 0.38, 0.33), (0.34, 0.3, 0.26)), ((0.6, 0.53, 0.42), (0.52, 0.45, 0.35)),
    ),
    "vinyl": (
        ((0.42, 0.42, 0.4), (0.37, 0.37, 0.35)), ((0.5, 0.48, 0.42), (0.44, 0.42, 0.37)), ((0.24, 0.29, 0.32), (0.2, 0.25, 0.28)),
    ),
    "tiles": (
        ((0.46, 0.45, 0.42), (0.33, 0.32, 0.3)), ((0.36, 0.37, 0.38), (0.25, 0.26, 0.27)), ((0.62, 0.61, 0.58), (0.45, 0.45, 0.43)),
    ),
    "concrete": (((0.3, 0.3, 0.29), (0.24, 0.24, 0.235)), ((0.4, 0.39, 0.37), (0.33, 0.325, 0.31))),
}  # fmt: skip
DARK_FLOORS: dict[FloorKind, tuple[Rgb, Rgb]] = {
    "carpet": ((0.03, 0.032, 0.036), (0.045, 0.048, 0.052)), "carpet_tiles": ((0.035, 0.035, 0.04), (0.055, 0.055, 0.06)),
    "wood": ((0.07, 0.04, 0.022), (0.045, 0.025, 0.014)), "vinyl": ((0.06, 0.07, 0.075), (0.05, 0.055, 0.06)),
    "concrete": ((0.11, 0.11, 0.108), (0.085, 0.085, 0.083)),
}  # fmt: skip
DARK_TOPS: tuple[Rgb, ...] = ((0.03, 0.03, 0.032), (0.12, 0.07, 0.04), (0.09, 0.09, 0.095), (0.17, 0.09, 0.045))
_FLOOR_LOOKS: dict[FloorKind, tuple[str, float, float]] = {
    "carpet": ("carpet", 0.012, 0.95),
    "carpet_tiles": ("carpet_tiles", 0.5, 0.95),
    "wood": ("wood", 0.14, 0.45),
    "laminate": ("wood", 0.19, 0.35),
    "vinyl": ("noise", 0.03, 0.4),
    "tiles": ("tiles", 0.45, 0.3),
    "concrete": ("noise", 0.6, 0.5),
}
"""Pattern, its period in metres, and roughness."""
_CEILING_LOOKS: dict[CeilingKind, tuple[Rgb, str, float]] = {
    "plaster": ((0.78, 0.78, 0.76), "plain", 1.0),
    "tiles": ((0.74, 0.74, 0.72), "tiles", 0.6),
    "concrete": ((0.42, 0.42, 0.41), "noise", 0.5),
}


def floor_material(kind: FloorKind, color: Rgb, second: Rgb) -> Material:
    """A floor's surface."""
    pattern, scale, rough = _FLOOR_LOOKS[kind]
    return Material(f"floor {kind}", color, rough, pattern=pattern, second_color=second, scale_m=scale)


def ceiling_material(kind: CeilingKind) -> Material:
    """A ceiling's surface."""
    color, pattern, scale = _CEILING_LOOKS[kind]
    return Material("ceiling", color, 0.9, pattern=pattern, second_color=darker(color), scale_m=scale)


def wall_material(color: Rgb) -> Material:
    """Painted plaster."""
    shade = (color[0] * 0.96, color[1] * 0.96, color[2] * 0.96)
    return Material("wall", color, 0.85, pattern="noise", second_color=shade, scale_m=0.3)


def accent_material(kind: AccentKind, color: Rgb) -> Material:
    """The one wall that differs."""
    if kind == "brick":
        joint = (0.45, 0.42, 0.38)
        return Material("brick wall", color, 0.9, pattern="brick", second_color=joint, scale_m=0.25)
    if kind == "slats":
        return Material("slat wall", color, 0.6, pattern="slats", second_color=darker(darker(color)), scale_m=0.06)
    return wall_material(color)


def top_material(name: str, color: Rgb) -> Material:
    """A table top: lacquer where it is grey, else wood."""
    if max(color) - min(color) < 0.05:
        return Material(name, color, roughness=0.4)
    return Material(name, color, roughness=0.45, pattern="wood", second_color=darker(color), scale_m=0.12)


def cloth_material(name: str, color: Rgb) -> Material:
    """Upholstery."""
    return Material(name, color, roughness=0.9, pattern="noise", second_color=darker(color), scale_m=0.02)


def drawn(colors: tuple[Rgb, ...], rng: np.random.Generator) -> Rgb:
    """One of a table's colours, varied."""
    return varied(colors[int(rng.integers(len(colors)))], rng)


def darker(color: Rgb) -> Rgb:
    return (color[0] * 0.7, color[1] * 0.68, color[2] * 0.66)


def varied(color: Rgb, rng: np.random.Generator) -> Rgb:
    """The colour a little lighter or darker and a little off its hue."""
    factor = rng.uniform(0.85, 1.15) * rng.uniform(0.95, 1.05, 3)
    red, green, blue = (
        float(np.round(min(0.9, channel * step), 4)) for channel, step in zip(color, factor, strict=True)
    )
    return (red, green, blue)
