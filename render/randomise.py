"""Domain randomisation of the 3-D office: nothing looks as it does in life, so that a detector learns the shape of people alone.

After Tremblay et al. 2018: every surface gets a random texture, random objects ("distractors") float about, and lamps
of random number, place, size and colour light it all. Furniture keeps its place, seats stay seats: people sit and stand as
they do in plausible offices, and labels are as exact.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import replace

import numpy as np
from shapely import affinity
from shapely.geometry import Point
from shapely.geometry import box as rectangle

from assets.mesh import Material, Mesh
from render.place import Lamp, Obstacle, Place, Rgb, digest
from render.solids import blob, box, cylinder, joined, moved

PATTERNS = ("plain", "stripes", "checks", "noise", "wood", "tiles", "carpet")
_DISTRACTORS = (5, 40)
_LAMPS = (1, 12)
_FREE_OF_PEOPLE_M = 0.6
"""Distractors keep this far from seats, spots and walkways: somebody may be there."""
_FREE_OF_LENS_M = 0.9
_WATTS_PER_M2 = math.pi / 0.6
"""Light of a well-lit office: radiance 1 of a white floor, a part of it lost on walls."""


def randomised(place: Place, ceiling_m: float, seed: int) -> Place:
    """A place with random textures, distractors and lamps; the same seed always makes the same."""
    rng = np.random.default_rng(seed)
    parts = [_textured(part, rng) for part in place.parts]
    distractors, taken = _distractors(place, ceiling_m, rng)
    return replace(
        place,
        key=digest(place.key, "randomised", str(seed)),
        parts=[*parts, *distractors],
        obstacles=[*place.obstacles, *taken],
        lamps=_lamps(place, ceiling_m, rng),
    )


def _textured(part: Mesh, rng: np.random.Generator) -> Mesh:
    """The part with another look for each of its materials; what glows keeps glowing."""
    return replace(part, materials=[_texture(material, rng) for material in part.materials])


def _texture(material: Material, rng: np.random.Generator) -> Material:
    return replace(
        material,
        base_color=_color(rng),
        second_color=_color(rng),
        pattern=str(rng.choice(PATTERNS)),
        scale_m=round(float(np.exp(rng.uniform(math.log(0.02), math.log(0.8)))), 4),
        roughness=round(float(rng.uniform(0.1, 1.0)), 3),
        specular=round(float(rng.uniform(0.0, 0.8)), 3),
    )


def _color(rng: np.random.Generator) -> Rgb:
    """Any hue, mostly saturated; linear RGB."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.beta(1.5, 1.0), rng.uniform(0.05, 1.0))
    return (round(red**2.2, 4), round(green**2.2, 4), round(blue**2.2, 4))


def _distractors(place: Place, ceiling_m: float, rng: np.random.Generator) -> tuple[list[Mesh], list[Obstacle]]:
    """Boxes, balls and posts at random places, none where somebody may sit, stand in a queue or walk."""
    wanted = int(rng.integers(_DISTRACTORS[0], _DISTRACTORS[1] + 1))
    people = [Point(seat.x_m, seat.y_m) for seat in place.seats]
    people += [Point(spot.x_m, spot.y_m) for spot in place.spots]
    people += [Point(x, y) for line in place.walkways for x, y in line]
    x0, y0, x1, y1 = place.floor.bounds
    meshes, obstacles = [], []
    for _ in range(wanted):
        x, y = float(rng.uniform(x0, x1)), float(rng.uniform(y0, y1))
        mesh = _thing(rng)
        low, high = mesh.vertices_m.min(axis=0), mesh.vertices_m.max(axis=0)
        reach = float(np.hypot(*np.maximum(-low[:2], high[:2])))
        z = float(rng.uniform(-low[2], max(ceiling_m - 0.1 - high[2], -low[2] + 0.01)))
        near = any(point.distance(Point(x, y)) < reach + _FREE_OF_PEOPLE_M for point in people)
        before_lens = math.hypot(x, y) < reach + _FREE_OF_LENS_M and z + high[2] > 1.5
        if near or before_lens or not place.floor.contains(Point(x, y).buffer(reach)):
            continue
        meshes.append(moved(mesh, x, y, 0.0, z))
        footprint = affinity.translate(rectangle(*low[:2], *high[:2]), x, y)
        obstacles.append(Obstacle(footprint, z + float(low[2]), z + float(high[2]), "distractor"))
    return ([joined(meshes, "distractors")] if meshes else []), obstacles


def _thing(rng: np.random.Generator) -> Mesh:
    """A box, a ball or a post about the origin, leaning and turned anyhow."""
    look = _texture(Material("distractor", (0.5, 0.5, 0.5)), rng)
    size = np.exp(rng.uniform(math.log(0.06), math.log(0.55), 3))
    kind = rng.choice(["box", "ball", "post"])
    if kind == "ball":
        return blob((0, 0, 0), tuple(size / 2), look, "clutter")
    if kind == "post":
        return cylinder((0, 0, -size[2] / 2), float(size[0] / 2), float(size[2]), look, "clutter")
    return moved(
        box((0, 0, 0), tuple(size), look, "clutter", float(rng.uniform(-1, 1))), 0, 0, float(rng.uniform(0, math.pi))
    )


def _lamps(place: Place, ceiling_m: float, rng: np.random.Generator) -> list[Lamp]:
    """Level lamps below the ceiling that share the light of an office unequally."""
    count = int(rng.integers(_LAMPS[0], _LAMPS[1] + 1))
    x0, y0, x1, y1 = place.floor.bounds
    shares = rng.dirichlet(np.full(count, 1.5))
    lamps = []
    for share in shares:
        tint = 1.0 + rng.uniform(-0.35, 0.35, 3)
        red, green, blue = (share * _WATTS_PER_M2 * place.floor.area * tint / tint.mean()).tolist()
        center = (float(rng.uniform(x0, x1)), float(rng.uniform(y0, y1)), ceiling_m - 0.02)
        size = (float(rng.uniform(0.1, 2.0)), float(rng.uniform(0.1, 2.0)))
        lamps.append(Lamp(center, size, (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (red, green, blue)))
    return lamps
