"""Hair as a solid volume: a shell that grows from the skull to a hairline, with curtains, tails and buns.

The shell is a grid over the directions from the skull's centre: columns by azimuth, rows from the crown down to each
column's hairline. Where the hair is long, columns behind the face go on as a curtain that hangs outside the shoulders.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from assets.humans.anny import RestBody, load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.chart import NOT_ARM, SKULL_CENTRE_M, Chart, body_chart, head_angles
from assets.humans.hairstyle import Hair
from assets.humans.surface import UV_SPAN_M, Surface

HANGING_STYLES = ("bob", "long", "ponytail")
"""Styles that reach the shoulders."""
COLUMNS = 64
ROWS = 18
DROP_ROWS = 12
FACE_OPENING_DEG = 68.0
"""Half the angle at the front that a curtain of hair leaves free."""

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


@dataclass(frozen=True)
class HairGrowth:
    """Rest surface of the hair and its texture coordinates (m, 3, 2)."""

    surface: Surface
    uvs: np.ndarray


def hairline_rad(style: str, azimuth: np.ndarray) -> np.ndarray:
    """Elevation of the hairline at these azimuths, rad; above every elevation for the bald."""
    if style == "bald":
        return np.full(azimuth.shape, np.pi)
    kind = {"receding": "receding", "bob": "covering", "long": "covering", "ponytail": "tied", "bun": "tied"}
    points = np.array(HAIRLINE_DEG[kind.get(style, "short")])
    return np.radians(np.interp(np.degrees(np.abs(azimuth)), points[:, 0], points[:, 1]))


def scalp_depth(style: str, place_m: np.ndarray) -> np.ndarray:
    """Angle (rad) by which canonical points (n, 3) lie inside the hairline; negative outside."""
    azimuth, elevation = head_angles(place_m)
    return elevation - hairline_rad(style, azimuth)


def grow_hair(
    hair: Hair, rest: RestBody, obstacle_m: np.ndarray, obstacle_normals: np.ndarray, rng: np.random.Generator
) -> HairGrowth | None:
    """The hair of a person at rest; None for the bald.

    obstacle_m, obstacle_normals: (k, 3) the dressed shoulders and back, outside of which long hair hangs.
    """
    if hair.style == "bald":
        return None
    parts = [_shell(hair, rest, obstacle_m, obstacle_normals, rng)]
    if hair.style == "bun":
        parts.append(_bun(rest, rng))
    if hair.style == "ponytail":
        parts.append(_ponytail(hair, rest, obstacle_m, obstacle_normals, rng))
    return _joined(parts)


@dataclass(frozen=True)
class _Scalp:
    """For each direction of a grid, the body vertices around it on the skull or nape and their shares."""

    vertices: np.ndarray
    shares: np.ndarray


def _scalp(azimuth: np.ndarray, elevation: np.ndarray) -> _Scalp:
    tree, members = _skull_tree()
    direction = np.stack(
        [np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)], -1
    )
    distance, index = tree.query(direction.reshape(-1, 3), k=6)
    shares = 1.0 / (distance + 0.01) ** 2
    return _Scalp(members[index], shares / shares.sum(1, keepdims=True))


@cache
def _skull_tree() -> tuple[cKDTree, np.ndarray]:
    """Directions of the head's and neck's outer vertices from the skull's centre, without the ears."""
    model, chart = load_body_model(), body_chart()
    body = model.triangles["body"]
    outer = np.isin(model.body_part, [BODY_PARTS.index("head"), BODY_PARTS.index("body")])
    members = np.unique(body[outer])
    x, y, z = chart.place_m[members].T
    near = (z > 1.58) & (np.abs(x) < 0.0775)
    ear = (np.abs(x) > 0.066) & (y > -0.068) & (y < -0.02) & (z < 1.732)
    members = members[near & ~ear]
    offset = chart.place_m[members] - SKULL_CENTRE_M
    return cKDTree(offset / np.linalg.norm(offset, axis=1, keepdims=True)), members


def _skull_centre(rest: RestBody) -> np.ndarray:
    """The skull's centre on this body: midway between what the canonical centre lies midway between."""
    sides = _scalp(np.array([np.pi / 2, -np.pi / 2, 0.0, np.pi]), np.array([0.3, 0.3, 0.3, 0.3]))
    ring = np.einsum("nk,nka->na", sides.shares, rest.vertices_m[sides.vertices])
    drop = 0.095 * np.sin(0.3)
    return np.array([ring[:, 0].mean(), ring[2:, 1].mean(), ring[:, 2].mean() - drop])


def _on_scalp(rest: RestBody, azimuth: np.ndarray, elevation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) on this body's skull in these directions, and their skinning weights (n, j)."""
    scalp = _scalp(azimuth, elevation)
    points = np.einsum("nk,nka->na", scalp.shares, rest.vertices_m[scalp.vertices])
    weights = np.einsum("nk,nkj->nj", scalp.shares, load_body_model().weights[scalp.vertices])
    return points, weights


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], coarse: tuple[int, int]) -> np.ndarray:
    """Noise over (columns, rows), periodic in the columns, of about unit deviation, from a coarse grid."""
    nodes = rng.normal(size=(coarse[0], coarse[1]))
    column = np.arange(shape[0]) / shape[0] * coarse[0]
    row = np.linspace(0, coarse[1] - 1, shape[1])
    left, top = column.astype(int), np.minimum(row.astype(int), coarse[1] - 2)
    across, down = (column - left)[:, None], (row - top)[None]
    across, down = across * across * (3 - 2 * across), down * down * (3 - 2 * down)
    right = (left + 1) % coarse[0]
    upper = (1 - across) * nodes[left][:, top] + across * nodes[right][:, top]
    lower = (1 - across) * nodes[left][:, top + 1] + across * nodes[right][:, top + 1]
    return ((1 - down) * upper + down * lower) * 1.6


def _thickness(
    hair: Hair, azimuth: np.ndarray, elevation: np.ndarray, depth: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Height of the hair over the skull (columns, rows), metres."""
    top = np.clip((np.degrees(elevation) - 5) / 40, 0, 1)
    sides = {"short": 0.4, "cropped": 0.7, "receding": 0.9, "curly": 0.85, "bob": 1.0, "long": 1.0}.get(
        hair.style, 0.75
    )
    edge = np.sqrt(np.clip(np.degrees(depth) / (9 if hair.style in ("cropped", "receding") else 16), 0, 1))
    height = hair.thickness_m * (sides + (1 - sides) * top) * edge
    strands = _smooth_noise(rng, azimuth.shape, (22, 4))
    lumps = _smooth_noise(rng, azimuth.shape, (9, 5))
    rough = 0.20 if hair.style == "curly" else 0.12
    if hair.style == "curly":
        lumps = lumps + 0.8 * _smooth_noise(rng, azimuth.shape, (30, 9))
    height = height * np.clip(1 + rough * lumps + 0.10 * strands, 0.5, 1.6)
    if hair.parting and hair.style not in ("cropped", "receding", "curly"):
        x = np.sin(azimuth) * np.cos(elevation)
        front = -np.cos(azimuth) * np.cos(elevation) < 0.35
        groove = np.exp(-(((x - 0.45 * hair.parting) / 0.07) ** 2)) * (elevation > 0.3) * front
        height = height * (1 - 0.65 * groove)
    return height + 0.002


def _shell(
    hair: Hair, rest: RestBody, obstacle_m: np.ndarray, obstacle_normals: np.ndarray, rng: np.random.Generator
) -> HairGrowth:
    """The cap and, for bobs and long hair, the curtain that hangs from its lower edge."""
    column = (np.arange(COLUMNS) + 0.5) / COLUMNS * 2 * np.pi - np.pi
    line = hairline_rad(hair.style, column) + np.radians(_smooth_noise(rng, (COLUMNS, 2), (16, 2))[:, 0] * 1.5)
    share = np.linspace(0.03, 1.0, ROWS) ** 0.9
    azimuth = np.repeat(column[:, None], ROWS, 1)
    elevation = np.pi / 2 - share[None] * (np.pi / 2 - line[:, None])
    points, weights = _on_scalp(rest, azimuth.ravel(), elevation.ravel())
    centre = _skull_centre(rest)
    outward = points - centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    thickness = _thickness(hair, azimuth, elevation, elevation - line[:, None], rng)
    hanging = hair.style in ("bob", "long")
    if hanging:
        behind = np.abs(column) > np.radians(FACE_OPENING_DEG)
        full = hair.thickness_m * np.clip(1 + 0.1 * _smooth_noise(rng, azimuth.shape, (22, 4)), 0.6, 1.5)
        thickness = np.where(behind[:, None], np.maximum(thickness, 0.9 * full), thickness)
    cap = (points + thickness.reshape(-1, 1) * outward).reshape(COLUMNS, ROWS, 3)
    weights = weights.reshape(COLUMNS, ROWS, -1)
    parts = [_grid_growth(cap, weights, closed=True, crown=True)]
    if hanging:
        parts.append(_curtain(hair, cap, weights, column, centre, obstacle_m, obstacle_normals, rng))
    return _joined(parts)


def _curtain(
    hair: Hair,
    cap: np.ndarray,
    weights: np.ndarray,
    column: np.ndarray,
    centre: np.ndarray,
    obstacle_m: np.ndarray,
    obstacle_normals: np.ndarray,
    rng: np.random.Generator,
) -> HairGrowth:
    """Columns behind the face go down from the widest row by length_m, outside the shoulders."""
    behind = np.flatnonzero(np.abs(column) > np.radians(FACE_OPENING_DEG))
    behind = behind[np.argsort(np.mod(column[behind], 2 * np.pi))]
    start = cap[behind, -1]
    uneven = 1 + 0.06 * _smooth_noise(rng, (COLUMNS, 2), (20, 2))[behind, 0]
    drop = np.linspace(0, 1, DROP_ROWS)[None, :, None] * (hair.length_m + 0.05) * uneven[:, None, None]
    flat = start - centre
    flat[:, 2] = 0
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    inwards = -0.12 if hair.style == "bob" else -0.04
    points = start[:, None] + drop * np.array([0.0, 0.0, -1.0]) + inwards * drop * flat[:, None]
    points[..., 1] += 0.3 * drop[..., 0] * np.clip(np.cos(column[behind]) * 1.5 + 0.5, 0, 1)[:, None]
    sway = 0.004 * _smooth_noise(rng, (COLUMNS, DROP_ROWS), (24, 3))[behind]
    points = points + (sway * np.linspace(0, 1, DROP_ROWS))[..., None] * flat[:, None]
    points = _outside(points.reshape(-1, 3), obstacle_m, obstacle_normals, 0.012).reshape(points.shape)
    return _grid_growth(points, _hanging_weights(weights[behind, -1], drop[..., 0]), closed=False)


def _hanging_weights(at_root: np.ndarray, drop_m: np.ndarray) -> np.ndarray:
    """Skinning (c, r, j): hair follows the head at its root and the chest where it lies on it."""
    chest = np.zeros(at_root.shape[-1], np.float32)
    chest[load_body_model().joint("Spine1")] = 1.0
    share = np.clip((drop_m - 0.06) / 0.2, 0, 0.9)[..., None].astype(np.float32)
    return (1 - share) * at_root[:, None] + share * chest


def _outside(points: np.ndarray, obstacle_m: np.ndarray, normals: np.ndarray, gap_m: float) -> np.ndarray:
    """Points moved along the obstacle's nearest normal until they are gap_m outside it."""
    tree = cKDTree(obstacle_m)
    for _ in range(3):
        distance, nearest = tree.query(points)
        outside = ((points - obstacle_m[nearest]) * normals[nearest]).sum(1)
        push = np.clip(gap_m - outside, 0, 0.08) * (distance < 0.15)
        points = points + push[:, None] * normals[nearest]
    return points


def _bun(rest: RestBody, rng: np.random.Generator) -> HairGrowth:
    """A knot at the back of the head."""
    elevation = np.radians(rng.uniform(5, 55))
    root, weights = _on_scalp(rest, np.array([np.pi]), np.array([elevation]))
    outward = root[0] - _skull_centre(rest)
    outward /= np.linalg.norm(outward)
    radius = rng.uniform(0.032, 0.047)
    turn, rise = np.meshgrid(np.arange(20) / 20 * 2 * np.pi, np.radians(np.linspace(88, -88, 11)), indexing="ij")
    ball = np.stack([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)], -1)
    ball = ball * (radius * (1 + 0.05 * _smooth_noise(rng, turn.shape, (7, 5))))[..., None]
    side = np.array([1.0, 0.0, 0.0])
    axes = np.stack([side, np.cross(outward, side), 0.75 * outward])
    points = ball @ axes + root[0] + (0.014 + 0.5 * radius) * outward
    at_root = np.broadcast_to(weights[0], (*points.shape[:2], weights.shape[1]))
    return _grid_growth(points, at_root, closed=True, crown=True)


def _ponytail(
    hair: Hair, rest: RestBody, obstacle_m: np.ndarray, obstacle_normals: np.ndarray, rng: np.random.Generator
) -> HairGrowth:
    """A tail that leaves the back of the head and falls outside the back."""
    elevation = np.radians(rng.uniform(0, 40))
    root, weights = _on_scalp(rest, np.array([np.pi]), np.array([elevation]))
    rows = 16
    along = np.linspace(0, 1, rows)
    length = hair.length_m + 0.1
    out = 0.012 + 0.05 * (1 - np.exp(-5 * along))
    rise = 0.02 * np.sin(np.pi * np.minimum(along * 5, 1))
    path = root[0] + np.stack([0 * along, out, rise - length * along**1.3], 1)
    path[:, 0] += 0.015 * rng.normal() * along
    radius = np.interp(along, [0, 0.06, 0.12, 0.3, 0.8, 1.0], [0.016, 0.012, 0.02, 0.027, 0.02, 0.004])
    path = _outside(path, obstacle_m, obstacle_normals, 0.025)
    turn = np.arange(14) / 14 * 2 * np.pi
    flat = np.stack([np.cos(turn), 0.7 * np.sin(turn), 0 * turn], 1)
    ruffle = 1 + 0.12 * _smooth_noise(rng, (14, rows), (7, 4))
    points = path[None] + flat[:, None] * (radius[None] * ruffle)[..., None]
    drop = np.broadcast_to(root[0, 2] - path[:, 2], (14, rows))
    return _grid_growth(points, _hanging_weights(np.repeat(weights, 14, 0), np.maximum(drop, 0)), closed=True)


def _grid_growth(points: np.ndarray, weights: np.ndarray, closed: bool, crown: bool = False) -> HairGrowth:
    """A grid (c, r, 3) as triangles with outward faces when columns go counter-clockwise seen from above.

    closed: the last column joins the first. crown: the first row is closed by one vertex more. Texture coordinates run
    across the strands in u and along them in v.
    """
    columns, rows = points.shape[:2]
    number = np.arange(columns * rows).reshape(columns, rows)
    left, right = (number, np.roll(number, -1, 0)) if closed else (number[:-1], number[1:])
    a, b, c, d = left[:, :-1], right[:, :-1], right[:, 1:], left[:, 1:]
    triangles = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    flat_points, flat_weights = points.reshape(-1, 3), weights.reshape(columns * rows, -1)
    if crown:
        top = len(flat_points)
        flat_points = np.vstack([flat_points, flat_points[number[:, 0]].mean(0)])
        flat_weights = np.vstack([flat_weights, flat_weights[number[:, 0]].mean(0)])
        fan = np.stack([np.full(columns, top), left[:, 0], right[:, 0]], 1)
        triangles = np.concatenate([triangles, fan])
    width = np.linalg.norm(points - np.roll(points, 1, 0), axis=2)[1:].sum(0).max()
    length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1).max()
    u = np.repeat(np.arange(columns) / columns * width, rows)
    v = np.tile(np.arange(rows) / rows * length, columns)
    coordinates = np.stack([u, v], 1)
    if crown:
        coordinates = np.vstack([coordinates, [0.5 * width, 0.0]])
    corners = coordinates[triangles]
    corners[..., 0] -= width * np.round((corners[..., 0] - corners[:, :1, 0]) / width) if closed else 0
    surface = Surface(
        flat_points.astype(np.float32),
        triangles.astype(np.int32),
        flat_weights.astype(np.float32),
        Chart(flat_points, np.full(len(flat_points), NOT_ARM, np.float32)),
        np.zeros(len(flat_points), np.float32),
    )
    return HairGrowth(surface, (corners / UV_SPAN_M).astype(np.float32))


def _joined(parts: list[HairGrowth]) -> HairGrowth:
    """Several growths as one."""
    surfaces = [part.surface for part in parts]
    first = np.cumsum([0, *(len(surface.points_m) for surface in surfaces)])
    return HairGrowth(
        Surface(
            np.concatenate([surface.points_m for surface in surfaces]),
            np.concatenate([s.triangles + start for s, start in zip(surfaces, first, strict=False)]).astype(np.int32),
            np.concatenate([surface.weights for surface in surfaces]),
            Chart(
                np.concatenate([surface.chart.place_m for surface in surfaces]),
                np.concatenate([surface.chart.arm_m for surface in surfaces]),
            ),
            np.concatenate([surface.ripple_m for surface in surfaces]),
        ),
        np.concatenate([part.uvs for part in parts]),
    )
