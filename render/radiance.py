"""What the lamps of a place send in the light of a scene, and what its surfaces send back."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from render.light import LightSpec
from render.place import Keyed, Lamp, Place

NEARBY_M = 1.2
"""How near a thing must be to hold back light that comes from everywhere."""


def lamp_power_w(lamp: Lamp, light: LightSpec) -> np.ndarray:
    """(3,) RGB watts of a lamp in the light of a scene."""
    return np.asarray(lamp.power_w, float) * np.asarray(light.gain_of(lamp), float)


def even_radiance(place: Place, light: LightSpec) -> np.ndarray:
    """(3,) RGB radiance that is taken to come from everywhere: the scene's ambient light and, in a room, what it sends back."""
    bounced = bounced_radiance(place, light) if place.background is None else np.zeros(3)
    return np.asarray(bounced + np.asarray(light.ambient))


def bounced_radiance(place: Place, light: LightSpec) -> np.ndarray:
    """(3,) RGB radiance that a closed room's surfaces send back, the same everywhere: an integrating sphere's.

    With power P, area A and mean reflectance r: P r / (pi A (1 - r)). What glows (screens, the view outside) is no
    wall, and of the sun little comes in: neither counts.
    """
    area, reflected = _surfaces(Keyed(place))
    if area <= 0:
        return np.zeros(3)
    reflectance = np.clip(np.array(reflected) / area, 0.05, 0.85)
    power = sum((lamp_power_w(lamp, light) for lamp in place.lamps if lamp.kind != "sun"), np.zeros(3))
    return np.asarray(power * reflectance / (math.pi * area * (1.0 - reflectance)))


@lru_cache(maxsize=2)
def _surfaces(keyed: Keyed) -> tuple[float, tuple[float, ...]]:
    """Area of a place's surfaces that do not glow, m2, and the same weighted with their colours."""
    area, reflected = 0.0, np.zeros(3)
    for part in keyed.place.parts:
        corners = np.asarray(part.vertices_m, float)[part.triangles]
        areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
        areas = areas * np.array([material.emission <= 0 for material in part.materials])[part.triangle_material]
        colors = np.array([material.base_color for material in part.materials])
        area += float(areas.sum())
        reflected += areas @ colors[part.triangle_material]
    return area, tuple(reflected)
