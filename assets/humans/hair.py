"""Short hair, and the part of all hair that lies on the skull: a shell with locks over it.

The shell is a grid over the directions of posed_head.py, from the crown down to each column's hairline, its height a
field over these directions. Locks are pointed ribbons that start in the shell and end above it, along the hair's
growth: they break the outline and catch the light each in its own way.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from assets.humans.chart import head_angles
from assets.humans.cuts import ramp
from assets.humans.growth import Growth, cross, grid, joined, ribbons, smooth_noise, unit_vectors
from assets.humans.hairstyle import Hair
from assets.humans.posed_head import AZIMUTHS, ELEVATIONS, LOWEST_RAD, PosedHead, angles, unit

COLUMNS, ROWS = 48, 12
SKULL_M = 0.1
"""About the radius at which locks grow: turns their lengths into angles."""
SHELL_SHADE = 0.7
"""Brightness of the shell, which is seen between the locks, against theirs."""
WHORL = (np.radians(165), np.radians(58))
"""Azimuth and elevation of the crown's whorl."""

HAIRLINE_DEG: dict[str, tuple[tuple[float, float], ...]] = {
    "short": (
        (0, 31), (25, 32), (42, 30), (55, 18), (66, -2), (74, -16), (82, -4), (90, 2), (108, 0), (118, -22),
        (132, -40), (155, -50), (180, -53),
    ),
    "receding": (
        (0, 64), (30, 58), (55, 44), (75, 26), (82, 8), (90, 2), (108, 0), (118, -22), (132, -40), (155, -48),
        (180, -50),
    ),
    "covering": (
        (0, 31), (25, 31), (42, 28), (55, 16), (64, 2), (72, -8), (90, -10), (120, -12), (180, -14),
    ),
    "tied": (
        (0, 31), (25, 32), (42, 31), (55, 22), (66, 8), (80, 2), (90, 2), (108, 0), (118, -12), (135, -28), (180, -40),
    ),
}  # fmt: skip
"""(azimuth from the front, elevation of the hairline) about the skull's centre, the same on both sides."""
_KIND = {
    "receding": "receding", "bob": "covering", "medium": "covering", "long": "covering", "ponytail": "tied",
    "bun": "tied", "plait": "tied",
}  # fmt: skip

LOCKS: dict[str, tuple[int, float, float, int]] = {
    "receding": (650, 0.011, 0.0032, 1), "cropped": (1300, 0.010, 0.0030, 1), "short": (1150, 0.030, 0.0052, 2),
    "curly": (1200, 0.022, 0.0062, 2), "afro": (1700, 0.016, 0.0058, 1), "medium": (800, 0.045, 0.0075, 2),
    "bob": (650, 0.050, 0.0085, 2), "long": (650, 0.055, 0.0085, 2), "ponytail": (650, 0.050, 0.0065, 2),
    "bun": (650, 0.050, 0.0065, 2), "plait": (650, 0.050, 0.0065, 2),
}  # fmt: skip
"""How many locks a style has on the skull, their length and width in metres, and the pieces each is made of."""
TIED_AT: dict[str, tuple[float, float]] = {"ponytail": (0, 42), "bun": (2, 62), "plait": (-32, -12)}
"""Lowest and highest elevation, degrees, of the knot behind the head."""


def hairline_rad(style: str, azimuth: np.ndarray) -> np.ndarray:
    """Elevation of the hairline at these azimuths, rad; above every elevation for the bald."""
    if style == "bald":
        return np.full(azimuth.shape, np.pi)
    points = np.array(HAIRLINE_DEG[_KIND.get(style, "short")])
    return np.radians(np.interp(np.degrees(np.abs(azimuth)), points[:, 0], points[:, 1]))


def scalp_depth(style: str, place_m: np.ndarray) -> np.ndarray:
    """Angle (rad) by which canonical points (n, 3) lie inside the hairline; negative outside."""
    azimuth, elevation = head_angles(place_m)
    return np.asarray(elevation - hairline_rad(style, azimuth))


def grow_on_skull(hair: Hair, head: PosedHead, knot: np.ndarray, rng: np.random.Generator) -> tuple[PosedHead, Growth]:
    """The head with its hair for a skin, and shell and locks. knot: direction (3,) to which tied hair runs."""
    combed = thickened(hair, head, rng)
    parts = [_shell(hair, combed, rng), _locks(hair, combed, knot, rng)]
    if parted(hair):
        parts.append(_parting(hair, combed))
    return combed, joined(parts)


def parted(hair: Hair) -> bool:
    """Whether a line of bare skin divides the hair."""
    return hair.parting != 0.0 and hair.style in ("short", "medium", "bob", "long") and hair.sweep == "side"


def thickened(hair: Hair, head: PosedHead, rng: np.random.Generator) -> PosedHead:
    """The head with the surface of its hair in place of its skin."""
    azimuth, elevation = _map_angles()
    depth = np.degrees(elevation - hairline_rad(hair.style, azimuth))
    top = ramp(np.degrees(elevation), 5, 45)
    sides = {"short": 0.35, "cropped": 0.7, "receding": 0.9, "curly": 0.8, "afro": 0.9, "bob": 1.0, "long": 1.0}
    side = sides.get(hair.style, 0.75)
    close = hair.style in ("cropped", "receding", "ponytail", "bun", "plait")
    edge = np.clip(depth / (9 if close else 15), 0, 1) ** (1.0 if hair.style == "receding" else 0.5)
    curly = hair.style in ("curly", "afro")
    rough = {"curly": 0.12, "afro": 0.04}.get(hair.style, 0.05) + (0.05 if curly else 0.16) * hair.ruffle
    lumps = smooth_noise(rng, (AZIMUTHS, ELEVATIONS), (20, 9) if curly else (10, 6))
    lumps = np.vstack([lumps, lumps[:1]]) * np.cos(elevation) + 0.3 * rng.normal()
    fuller = {"up": 0.35, "back": 0.15}.get(hair.sweep, 0.0) * ramp(np.degrees(elevation), 35, 70)
    height = hair.thickness_m * (side + (1 - side) * top + fuller) * edge * np.clip(1 + rough * lumps, 0.4, 1.8)
    whorl = unit(azimuth, elevation) @ unit(*map(np.asarray, WHORL))
    height = height * (1 - 0.3 * ramp(whorl, 0.95, 1.0) * (not curly)) + 0.001
    return replace(head, points_m=(head.points_m + height[..., None] * head.outward).astype(np.float32))


@cache
def _map_angles() -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation of every point of a PosedHead's map."""
    azimuth = np.linspace(-np.pi, np.pi, AZIMUTHS + 1)[:, None]
    elevation = np.linspace(np.pi / 2, LOWEST_RAD, ELEVATIONS)[None]
    return np.broadcast_arrays(azimuth, elevation)  # type: ignore[return-value]


def shell_angles(hair: Hair, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation (COLUMNS, ROWS) of the shell's grid."""
    column = (np.arange(COLUMNS) + 0.5) / COLUMNS * 2 * np.pi - np.pi
    uneven = np.radians(1.2 + 1.5 * hair.ruffle) * smooth_noise(rng, (COLUMNS, 2), (24, 2))[:, 0]
    line = hairline_rad(hair.style, column) + uneven
    share = np.linspace(0.04, 1.0, ROWS) ** 0.9
    return np.repeat(column[:, None], ROWS, 1), np.pi / 2 - share[None] * (np.pi / 2 - line[:, None])


def _shell(hair: Hair, combed: PosedHead, rng: np.random.Generator) -> Growth:
    azimuth, elevation = shell_angles(hair, rng)
    points, _ = combed.at(azimuth, elevation)
    dark = SHELL_SHADE * np.clip(1 + 0.12 * smooth_noise(rng, (COLUMNS, ROWS), (32, 6)), 0.6, 1.4)
    if hair.style in ("cropped", "receding"):  # the skin shines through at the edges
        dark = dark + (1.1 - SHELL_SHADE) * (1 - ramp(np.degrees(elevation - elevation[:, -1:]), 0, 12))
    return grid(points, shell_shade(hair, dark), closed=True, crown=True)


@cache
def _roots() -> np.ndarray:
    """(n, 3) directions spread evenly over the head down to the nape (a Fibonacci lattice)."""
    number = np.arange(5200) + 0.5
    elevation = np.arcsin(1 - number * (1 + np.sin(np.radians(56))) / 5200)
    return unit(np.mod(number * np.pi * (1 + 5**0.5), 2 * np.pi) - np.pi, elevation).astype(np.float32)


def _locks(hair: Hair, combed: PosedHead, knot: np.ndarray, rng: np.random.Generator) -> Growth:
    count, length, width, steps = LOCKS[hair.style]
    roots = _rooted(hair, count, rng)
    count = len(roots)
    length = length * np.exp(rng.normal(0, 0.25, count)) * (0.8 + 0.5 * hair.ruffle)
    if hair.style == "short":  # cut shorter at the sides and the nape
        length = length * (0.35 + 0.65 * ramp(roots[:, 2], -0.1, 0.5))
    if hair.style in ("bob", "long") and hair.sweep == "forward":  # a fringe ends above the eyes
        length = length * (1 - 0.45 * ramp(-roots[:, 1], 0.1, 0.6))
    line = [roots]
    wild = {"curly": 1.6, "afro": 2.0}.get(hair.style, 0.10 + 0.38 * hair.ruffle)
    way = flow(hair, roots, knot)
    for _ in range(steps):
        step = way + wild * rng.standard_normal((count, 3), np.float32)
        line.append(unit_vectors(line[-1] + (length / (steps * SKULL_M))[:, None] * step))
    points, outward = combed.at(*angles(np.stack(line)))
    points = points + _lifts(hair, count, steps, rng)[..., None] * outward
    return ribbons(*_sided(points, outward, width, rng), strand_shade(hair, steps, count, rng))


def _rooted(hair: Hair, count: int, rng: np.random.Generator) -> np.ndarray:
    """Directions of about count roots within the hairline and beside the parting."""
    thin = np.radians(0.5 + 3.0 * rng.random(len(_roots())))
    grown = np.flatnonzero(_root_depth_rad(hair.style) > thin)
    if parted(hair):
        beside = np.abs(_roots()[grown, 0] - parting_x(hair)) > 0.02
        grown = grown[beside | (_roots()[grown, 1] > 0.35)]
    return _roots()[np.sort(rng.permutation(grown)[:count])]


@cache
def _root_depth_rad(style: str) -> np.ndarray:
    """(n,) by how much each of _roots lies inside the hairline."""
    azimuth, elevation = angles(_roots())
    return np.asarray(elevation - hairline_rad(style, azimuth))


def _lifts(hair: Hair, count: int, steps: int, rng: np.random.Generator) -> np.ndarray:
    """(steps + 1, count) heights of locks over the surface of the hair, metres: sunk at the root, up at the tip."""
    stands = 0.0015 + 0.0015 * rng.random(count) + 0.006 * hair.ruffle * rng.random(count) ** 2
    if hair.style in ("curly", "afro"):
        stands = 0.003 + 0.012 * rng.random(count)
    if hair.style in ("cropped", "receding"):
        stands = 0.0012 + 0.002 * rng.random(count)
    if hair.style in TIED_AT:
        stands = 0.0008 + 0.0008 * rng.random(count) + 0.012 * (rng.random(count) > 1 - 0.05 * hair.ruffle)
    if hair.sweep == "up" and hair.style == "short":
        stands = stands + 0.012 * rng.random(count)
    sunk = -0.25 * hair.thickness_m if hair.style not in TIED_AT else -0.001
    along = np.linspace(0, 1, steps + 1)[:, None]
    return np.asarray(sunk * (1 - along) ** 2 + stands * along)


def _sided(
    points_m: np.ndarray, outward: np.ndarray, width_m: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lines (s + 1, k, 3), their sides (s, k, 3) across growth and outward, tilted a little, and their widths."""
    along = np.diff(points_m, axis=0)
    side = unit_vectors(cross(along, outward[:-1]))
    tilt = rng.normal(0, 0.4, (1, points_m.shape[1], 1))
    side = np.cos(tilt) * side + np.sin(tilt) * outward[:-1]
    steps = len(along)
    taper = np.linspace(1.0, 0.45, steps)[:, None] if steps > 1 else np.ones((1, 1))
    return points_m, side, width_m * taper * np.exp(rng.normal(0, 0.25, (1, points_m.shape[1])))


def strand_shade(hair: Hair, steps: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """(steps + 1, count, 3) shades: darker at the root, each lock its own tone, some in the second colour."""
    tone = np.exp(rng.normal(0.0, 0.18, count))
    second = np.clip(rng.normal(hair.second_share, 0.22, count), 0, 1) ** 1.5
    color = tone[:, None] * _between(hair, second[:, None])
    along = hair.root_shade + (1.12 - hair.root_shade) * np.linspace(0, 1, steps + 1) ** 0.7
    return np.asarray(along[:, None, None] * color[None] - 1, np.float32)


def _between(hair: Hair, share: np.ndarray | float) -> np.ndarray:
    """The colour a share of the way to the second colour, as a multiple of the first."""
    ratio = np.asarray(hair.second_color) / np.maximum(np.asarray(hair.color), 1e-3)
    return np.asarray(1 + share * (ratio - 1))


def shell_shade(hair: Hair, factor: np.ndarray) -> np.ndarray:
    """(..., 3) shade of what lies between and below the locks; factor (...): its brightness against theirs."""
    return np.asarray(factor[..., None] * _between(hair, 0.7 * hair.second_share**1.5) - 1)


def parting_x(hair: Hair) -> float:
    """Where the parting's plane lies among directions, in the unit of the skull's radius."""
    return 0.75 * hair.parting


def flow(hair: Hair, directions: np.ndarray, knot: np.ndarray) -> np.ndarray:
    """Which way hair grows at these directions (k, 3): unit tangents of the sphere.

    Hair leaves the crown's whorl turning, falls at the sides, and lies on top as it is combed; tied hair runs to knot.
    """
    if hair.style in TIED_AT:
        return _tangent(np.broadcast_to(knot, directions.shape), directions)
    whorl = unit(*map(np.asarray, WHORL))
    near = np.clip(directions @ whorl, -1, 1)[:, None]
    away = _tangent(directions - whorl, directions)
    turning = np.exp(-((np.arccos(near) / 0.45) ** 2))
    grown = away + 0.9 * turning * cross(directions, away)
    x, y, z = directions.T[:, :, None]
    top = ramp(z, 0.35, 0.75) * ramp(-y, -0.45, 0.1)
    combed = {
        "forward": np.array([0.25 * np.sign(hair.parting), -1.0, 0.0]) * np.ones_like(directions),
        "back": np.array([0.0, 1.0, 0.15]) * np.ones_like(directions),
        "side": np.sign(x - parting_x(hair)) * np.array([1.0, 0, 0]) + np.array([0.0, -0.45, 0.0]),
        "up": np.array([0.0, -0.35, 0.0]) * np.ones_like(directions),
    }[hair.sweep]
    falls = np.array([0.0, 0.25, -1.0]) * (1 - ramp(z, 0.1, 0.6))
    return _tangent(grown * (1 - 0.85 * top) + 1.5 * top * combed + 1.2 * falls, directions)


def _tangent(vectors: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """The part of vectors along the sphere at directions, unit length."""
    return unit_vectors(vectors - np.einsum("ka,ka->k", vectors, directions)[:, None] * directions)


def _parting(hair: Hair, combed: PosedHead) -> Growth:
    """A line of skin from the brow to the crown."""
    y = np.linspace(-0.8, 0.25, 14)
    across = parting_x(hair) + np.array([[0.009], [-0.009]]) * np.sqrt(np.clip(1 - ((y + 0.25) / 0.62) ** 2, 0.0, 1))
    z = np.sqrt(np.clip(1 - across**2 - y**2, 0.01, 1))
    azimuth, elevation = angles(np.stack([across, np.broadcast_to(y, across.shape), z], -1))
    elevation = np.maximum(elevation, hairline_rad(hair.style, azimuth))
    points, outward = combed.at(azimuth, elevation)
    return grid(points + 0.0006 * outward, np.zeros((2, 14, 3)), closed=False)
