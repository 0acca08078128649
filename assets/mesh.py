"""Surfaces as plain arrays: what bodies and rooms are made of before any renderer sees them.

World: metres, Z up. Triangles only, counter-clockwise seen from outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Material:
    """A surface's look. Colours are linear RGB in [0, 1]."""

    name: str
    base_color: tuple[float, float, float]
    roughness: float = 0.7
    subsurface: float = 0.0
    specular: float = 0.3
    bump: float = 0.0
    emission: float = 0.0
    """Radiance of a glowing surface (a screen, a lamp), W/sr/m2 as Blender counts it; 0 for all others."""
    pattern: str = "plain"
    """plain, skin, stripes, checks, noise, strands, wood, tiles, carpet, brick, slats, carpet_tiles, leather, mesh:
    chosen by the renderer's material builder."""
    second_color: tuple[float, float, float] | None = None
    scale_m: float = 0.02
    """Period of the pattern, metres."""
    shaded: bool = False
    """Whether its colour varies with the mesh's shade."""


@dataclass
class Mesh:
    """Triangles with a material and a semantic class each.

    vertices_m: n x 3 float32. triangles: m x 3 int32. triangle_material: m, index into materials.
    triangle_class: m uint8, ids of annotate.classes. uvs: m x 3 x 2 in [0, 1] or None. smooth: shade smoothly.
    shade: n x 3 float32 or None: where a material is shaded, its linear colour is multiplied with 1 + shade.
    """

    vertices_m: np.ndarray
    triangles: np.ndarray
    triangle_material: np.ndarray
    materials: list[Material]
    triangle_class: np.ndarray
    uvs: np.ndarray | None = None
    smooth: bool = True
    name: str = "mesh"
    shade: np.ndarray | None = None


@dataclass
class Human(Mesh):
    """A dressed, posed person in its own frame: facing -Y, standing on z = 0 or, if seated, on a seat at seat_height_m.

    triangle_is_head: m bool (head skin, hair, headwear; not the neck). joints_m: name -> (3,) position.
    keypoints_m: (17, 3) in the order of annotate.keypoints, or None if unknown. head_m: (3,) centre of the head, or None.
    foot_m: (2,) the ground point below the person (between the ankles, or below the hips if seated): its own origin.
    """

    triangle_is_head: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    joints_m: dict[str, np.ndarray] = field(default_factory=dict)
    seat_height_m: float | None = None
    keypoints_m: np.ndarray | None = None
    head_m: np.ndarray | None = None
    foot_m: np.ndarray = field(default_factory=lambda: np.zeros(2))
