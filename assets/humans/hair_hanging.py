"""Hair that leaves the skull: curtains of medium and long hair, tails, plaits and buns. Posed, so it hangs straight down.

What hangs is moved outside the clothes and the neck it lies on (Obstacles).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from assets.humans.cuts import ramp
from assets.humans.growth import Growth, grid, joined, ribbons, smooth_noise
from assets.humans.hair import ROWS, SHELL_SHADE, TIED_AT, shell_angles, shell_shade, strand_shade
from assets.humans.hairstyle import Hair
from assets.humans.posed_head import PosedHead, unit

HANGING_STYLES = ("medium", "bob", "long", "ponytail", "plait")
"""Styles that reach the shoulders."""
DROP_ROWS = 10
FACE_OPENING_DEG = 66.0
"""Half the angle at the front that a curtain of hair leaves free."""
FRONT_DEG = (60.0, 60.0, 104.0, 118.0)
"""Up to which azimuth hair falls before the shoulder instead of behind it, one of these: all behind, or a broad part."""
LONGEST_EDGE_M = 0.075
CLEARANCE_M = 0.012
"""How far hair stays off the posed cloth: folds are added to the cloth later."""
_REACH_M = 0.12


@dataclass(frozen=True)
class Obstacles:
    """Posed surfaces that hair lies on: points (k, 3) and outward unit normals (k, 3)."""

    points_m: np.ndarray
    normals: np.ndarray

    def __bool__(self) -> bool:
        return len(self.points_m) > 0

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.points_m, balanced_tree=False, compact_nodes=False)

    def outside(self, points_m: np.ndarray, gap_m: float, reach_m: float = 0.12) -> np.ndarray:
        """Points (..., 3) moved along the nearest normals until they are gap_m outside. reach_m: how deep they may lie."""
        flat = points_m.reshape(-1, 3).astype(float)
        moved = np.arange(len(flat) if self else 0)
        for _ in range(4):
            distance, nearest = self._tree.query(flat[moved], distance_upper_bound=reach_m) if len(moved) else ([], [])
            near = np.isfinite(distance)
            moved, found = moved[near], np.asarray(nearest, int)[near]
            normals = self.normals[found]
            push = gap_m - ((flat[moved] - self.points_m[found]) * normals).sum(1)
            deep = push > 1e-4
            moved = moved[deep]
            flat[moved] += np.minimum(push[deep], 0.08)[:, None] * normals[deep]
        return flat.reshape(points_m.shape)


NO_OBSTACLES = Obstacles(np.zeros((0, 3)), np.zeros((0, 3)))
"""Nothing in the way."""


def knot_direction(hair: Hair, rng: np.random.Generator) -> np.ndarray:
    """(3,) direction of the place behind the head to which tied hair runs."""
    elevation = np.radians(rng.uniform(*TIED_AT.get(hair.style, (0, 60))))
    return unit(np.asarray(np.pi), np.asarray(elevation))


def grow_hanging(
    hair: Hair, combed: PosedHead, knot: np.ndarray, obstacles: Obstacles, rng: np.random.Generator
) -> list[Growth]:
    """What hangs from the head, or is tied to it; empty for styles without."""
    if hair.style in ("medium", "bob", "long"):
        return _curtain(hair, combed, obstacles, rng)
    if hair.style == "bun":
        return [_bun(hair, combed, knot, rng)]
    if hair.style in ("ponytail", "plait"):
        return _tail(hair, combed, knot, obstacles, rng)
    return []


def _curtain(hair: Hair, combed: PosedHead, obstacles: Obstacles, rng: np.random.Generator) -> list[Growth]:
    """Columns of the shell behind the face, going on downwards, and locks over them."""
    azimuth, elevation = shell_angles(hair, rng)
    behind = np.flatnonzero(np.abs(azimuth[:, 0]) > np.radians(FACE_OPENING_DEG))
    behind = behind[np.argsort(np.mod(azimuth[behind, 0], 2 * np.pi))]
    cap, outward = combed.at(azimuth[behind], elevation[behind])
    cap = cap + (0.35 * hair.thickness_m * np.linspace(0, 1, ROWS) ** 2)[None, :, None] * outward
    hanging = _hung(hair, cap[:, -1], outward[:, -1], azimuth[behind, 0], obstacles, rng)
    whole = np.concatenate([cap[:, ROWS // 2 :], hanging[:, 1:]], 1)
    dark = SHELL_SHADE * np.clip(1 + 0.15 * smooth_noise(rng, whole.shape[:2], (16, 3)), 0.5, 1.5)
    sheet = _without_bridges(grid(whole, shell_shade(hair, dark), closed=False))
    return [sheet, _along(hair, whole, 230 if hair.style == "long" else 170, 0.011, rng)]


def _without_bridges(sheet: Growth) -> Growth:
    """The sheet without triangles that span from hair before the shoulder to hair behind it."""
    corners = sheet.points_m[sheet.triangles]
    longest = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max(1)
    kept = longest < LONGEST_EDGE_M
    return replace(sheet, triangles=sheet.triangles[kept], uvs=sheet.uvs[kept])


def _hung(
    hair: Hair,
    start_m: np.ndarray,
    outward: np.ndarray,
    azimuth: np.ndarray,
    obstacles: Obstacles,
    rng: np.random.Generator,
) -> np.ndarray:
    """(c, DROP_ROWS, 3) lines from start_m (c, 3) straight down, waving, outside what is in the way."""
    count = len(start_m)
    uneven = 1 + (0.05 + 0.10 * hair.ruffle) * smooth_noise(rng, (count, 2), (14, 2))[:, 0]
    drop = np.linspace(0, 1, DROP_ROWS)[None, :, None] * (hair.length_m + 0.05) * uneven[:, None, None]
    flat = outward * [1, 1, 0]
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    inwards = -0.18 if hair.style in ("bob", "medium") else -0.05
    points = start_m[:, None] + drop * np.array([0.0, 0.0, -1.0]) + inwards * drop * flat[:, None]
    back = np.clip(-np.cos(azimuth) * 1.5 - 0.5, 0, 1)
    points = points - 0.15 * (drop[..., 0] * back[:, None])[..., None] * flat[:, None]
    ahead = np.where(np.abs(azimuth) < np.radians(rng.choice(FRONT_DEG)), -1.0, 1.0)
    points[..., 1] += 0.09 * ahead[:, None] * ramp(drop[..., 0], 0.03, 0.16) * np.clip(1.3 - 1.3 * back, 0, 1)[:, None]
    sway = (0.003 + 0.006 * hair.wave) * smooth_noise(rng, (count, DROP_ROWS), (10, 4))
    points = points + (sway * np.linspace(0, 1, DROP_ROWS))[..., None] * flat[:, None]
    for _ in range(2):
        points = obstacles.outside(points, CLEARANCE_M)
        points[:, 1:-1] = 0.5 * points[:, 1:-1] + 0.25 * (points[:, :-2] + points[:, 2:])
    return obstacles.outside(points, CLEARANCE_M)


def _along(
    hair: Hair, sheet_m: np.ndarray, count: int, width_m: float, rng: np.random.Generator, closed: bool = False
) -> Growth:
    """Locks that run down a sheet (c, r, 3) from some row to its lower edge, waving, a little outside it."""
    columns, rows = sheet_m.shape[:2]
    steps = 6
    across = np.sort(rng.uniform(0, columns - (0.01 if closed else 1.01), count))
    begin = rng.uniform(0, 0.55, count) * (rows - 1)
    end = (1 - 0.12 * rng.random(count) ** 2) * (rows - 1.01)
    along = np.linspace(0, 1, steps + 1)[:, None]
    row = begin + (end - begin) * along
    wave = hair.wave * 0.9 * np.sin(6.5 * along * (end - begin) / 8 + 0.4 * across) * along
    column = across + wave + 0.4 * rng.normal(size=count) * along
    column = np.mod(column, columns) if closed else _on_one_side(sheet_m, np.clip(column, 0, columns - 1.01))
    points, normal, side = _on_sheet(sheet_m, column, row, closed)
    stands = 0.0015 + (0.003 + 0.006 * hair.ruffle) * rng.random(count)
    points = points + (stands * np.minimum(along * 3, 1))[..., None] * normal
    width = width_m * np.linspace(1.0, 0.35, steps)[:, None] * np.exp(rng.normal(0, 0.25, count))
    tilt = rng.normal(0, 0.35, (1, count, 1))
    aside = (np.sin(tilt) * normal - np.cos(tilt) * side)[:-1]
    gradient = strand_shade(hair.model_copy(update={"root_shade": 0.5 + 0.5 * hair.root_shade}), steps, count, rng)
    return ribbons(points, aside, width, gradient)


def _on_one_side(sheet_m: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Columns (s + 1, k) of locks, each moved to the nearer column where it would bridge a shoulder."""
    gap = np.linalg.norm(np.diff(sheet_m, axis=0), axis=2).max(1) > 0.6 * LONGEST_EDGE_M
    between = gap[np.clip(column.astype(int), 0, len(gap) - 1)].any(0)
    whole = np.clip(np.round(column[0]), 0.0, len(sheet_m) - 1.01)
    return np.where(between, whole, column)


def _on_sheet(
    sheet_m: np.ndarray, column: np.ndarray, row: np.ndarray, closed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, normals and sideways unit vectors (..., 3) on a sheet at fractional columns and rows."""
    left, top = column.astype(int), row.astype(int)
    right = np.mod(left + 1, len(sheet_m)) if closed else left + 1
    u, v = (column - left)[..., None], (row - top)[..., None]
    a, b, c, d = sheet_m[left, top], sheet_m[right, top], sheet_m[left, top + 1], sheet_m[right, top + 1]
    points = (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d)
    side = (1 - v) * (b - a) + v * (d - c)
    down = (1 - u) * (c - a) + u * (d - b)
    normal = np.cross(down, side)
    side = side / np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
    return points, normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9), side


def _bun(hair: Hair, combed: PosedHead, knot: np.ndarray, rng: np.random.Generator) -> Growth:
    """A knot of wound hair on the back of the head."""
    root, outward = _at_knot(combed, knot)
    radius = float(rng.uniform(0.028, 0.046))
    turn, rise = np.meshgrid(np.arange(22) / 22 * 2 * np.pi, np.radians(np.linspace(88, -88, 11)), indexing="ij")
    wound = np.sin(2 * turn + 5 * rise + rng.uniform(0, 6))
    ball = np.stack([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)], -1)
    uneven = 1 + 0.05 * wound + (0.03 + 0.06 * hair.ruffle) * smooth_noise(rng, turn.shape, (7, 5))
    side = combed.turn[:, 0]
    axes = np.stack([side, np.cross(outward, side), 0.75 * outward])
    points = (ball * (radius * uneven)[..., None]) @ axes + root + 0.45 * radius * outward
    shade = shell_shade(hair, 0.85 + 0.2 * wound)
    surface = grid(points, shade, closed=True, crown=True)
    return joined([surface, _along(hair, points, 40, 0.006, rng, closed=True)])


def _at_knot(combed: PosedHead, knot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    azimuth, elevation = np.arctan2(knot[0], -knot[1]), np.arcsin(np.clip(knot[2], -1, 1))
    point, outward = combed.at(np.array([azimuth]), np.array([elevation]))
    return point[0], outward[0]


def _tail(
    hair: Hair, combed: PosedHead, knot: np.ndarray, obstacles: Obstacles, rng: np.random.Generator
) -> list[Growth]:
    """A tail or plait that leaves the back of the head and hangs outside the back."""
    root, outward = _at_knot(combed, knot)
    plait = hair.style == "plait"
    rows, around = (36 if plait else 18), 12
    along = np.linspace(0, 1, rows)
    out = 0.004 + (0.02 if plait else 0.05) * (1 - np.exp(-5 * along))
    path = root + out[:, None] * outward
    path[:, 2] += 0.02 * np.sin(np.pi * np.minimum(along * 5, 1)) - (hair.length_m + 0.08) * along**1.3
    path[:, 0] += 0.015 * rng.normal() * along
    path = obstacles.outside(path, CLEARANCE_M + 0.012)
    turn = np.arange(around)[:, None] / around * 2 * np.pi
    if plait:
        lobes = 1 + 0.28 * np.abs(np.sin(np.pi * 7 * along + np.where(np.cos(turn) > 0, 0, np.pi / 2)))
        radius = np.interp(along, [0, 0.1, 0.85, 0.9, 1.0], [0.013, 0.019, 0.013, 0.006, 0.003]) * lobes
    else:
        radius = np.interp(along, [0, 0.06, 0.12, 0.3, 0.8, 1.0], [0.016, 0.011, 0.018, 0.025, 0.018, 0.004])
        radius = radius * (1 + 0.12 * smooth_noise(rng, (around, rows), (6, 4)))
    ring = np.stack([np.cos(turn), 0.7 * np.sin(turn), 0 * turn], -1)
    points = path[None] + ring * radius[..., None]
    dark = 0.75 + 0.2 * smooth_noise(rng, (around, rows), (6, 9)) + (0.5 * (lobes - 1.25) if plait else 0.0)
    shade = shell_shade(hair, dark)
    parts = [grid(points, shade, closed=True, crown=True)]
    if not plait:
        parts.append(_along(hair, points, 60, 0.007, rng, closed=True))
    return parts
