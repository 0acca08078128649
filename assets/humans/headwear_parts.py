"""Headwear on a posed head: caps, beanies and headscarves from the map of directions, hijabs from the body's own skin.

A hijab is cut from the skin of head, neck and shoulders as clothes are from the suit: lifted, made to span the hollow
under the chin, laid over the clothes, and open around the face.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from assets.humans.anny import RestBody, load_body_model
from assets.humans.chart import Chart, body_chart, head_angles
from assets.humans.cuts import Field, ramp
from assets.humans.growth import Growth, grid, joined, smooth_noise
from assets.humans.hair_hanging import Obstacles
from assets.humans.headwear import Drape, Headwear, rim_rad
from assets.humans.outer_skin import outer_skin
from assets.humans.posed_head import PosedHead
from assets.humans.surface import Surface, cut, neighbour_average, smoothed, vertex_normals
from assets.humans.tailoring import Base

COLUMNS, ROWS = 64, 16


def hat(headwear: Headwear, combed: PosedHead, rng: np.random.Generator) -> Growth:
    """A cap, beanie or headscarf over the (flattened) hair of a posed head."""
    column = (np.arange(COLUMNS) + 0.5) / COLUMNS * 2 * np.pi - np.pi
    share = np.linspace(0.03, 1.0, ROWS)
    azimuth = np.repeat(column[:, None], ROWS, 1)
    rim = rim_rad(headwear.kind, column)
    elevation = np.pi / 2 - share[None] * (np.pi / 2 - rim[:, None])
    points, outward = combed.at(azimuth, elevation)
    make = {"cap": _cap, "beanie": _beanie, "headscarf": _headscarf}[headwear.kind]
    return make(headwear, combed, (azimuth, elevation, share), points, outward, rng)


_Place = tuple[np.ndarray, np.ndarray, np.ndarray]


def _shade(factor: np.ndarray) -> np.ndarray:
    return np.repeat((factor - 1)[..., None], 3, 2)


def _cap(
    headwear: Headwear,
    head: PosedHead,
    place: _Place,
    points: np.ndarray,
    outward: np.ndarray,
    rng: np.random.Generator,
) -> Growth:
    """Six panels, stiffer and higher in front, a button, and a curved peak."""
    azimuth, _, share = place
    front = np.cos(azimuth) * (-1 if headwear.drape == "peak_back" else 1)
    stiff = 0.012 * ramp(front, 0.2, 0.9) * np.sin(np.pi * np.clip(share, 0, 1)) ** 0.8
    lift = 0.006 + stiff + 0.004 * np.sin(np.pi * share) + 0.0012 * smooth_noise(rng, azimuth.shape, (12, 5))
    crown = points + lift[..., None] * outward
    seam: np.ndarray = np.abs(np.mod(azimuth / (np.pi / 3) + 0.5, 1.0) - 0.5) < 0.05
    band = np.broadcast_to(share > 0.9, seam.shape)
    shade = np.where(seam | band, 0.72, 1.0) * (1 + 0.05 * smooth_noise(rng, azimuth.shape, (16, 6)))
    parts = [grid(crown, _shade(shade), closed=True, crown=True), _peak(headwear, head, crown[:, -1], front[:, 0])]
    button = crown[:, 0].mean(0) + 0.004 * head.turn[:, 2]
    ring = np.arange(10)[:, None] / 10 * 2 * np.pi
    rings = 0.008 * np.stack([np.cos(ring) * [0.3, 1], np.sin(ring) * [0.3, 1], [0.3, 0] + 0 * ring], -1)
    parts.append(grid(rings @ head.turn.T + button, np.full((10, 2, 3), -0.2), closed=True, crown=True))
    return joined(parts)


def _peak(headwear: Headwear, head: PosedHead, rim_m: np.ndarray, front: np.ndarray) -> Growth:
    """A plate that leaves the rim in front, 7 cm long, its sides bent down; both faces."""
    ahead = np.flatnonzero(front > np.cos(np.radians(62)))
    turned = headwear.drape == "peak_back"
    forward = head.turn @ np.array([0.0, 1.0 if turned else -1.0, 0.0])
    across = (rim_m[ahead] - rim_m[ahead].mean(0)) @ head.turn[:, 0]
    ahead = ahead[np.argsort(across if not turned else -across)]
    across = np.sort(across) if not turned else -np.sort(-across)
    share = np.linspace(0, 1, 6)[None]
    reach = 0.072 * np.sqrt(np.clip(1 - (across / (np.abs(across).max() * 1.06)) ** 2, 0, 1))[:, None] * share
    drop = -0.35 * reach - 5.0 * (across[:, None] ** 2) * share
    points = rim_m[ahead][:, None] + reach[..., None] * forward + drop[..., None] * head.turn[:, 2]
    points = points + 0.001 * head.turn[:, 2]
    under = points[::-1] - 0.004 * head.turn[:, 2]
    return joined(
        [grid(points, _shade(0.9 + 0 * reach), closed=False), grid(under, _shade(0.5 + 0 * reach), closed=False)]
    )


def _beanie(
    headwear: Headwear,
    head: PosedHead,
    place: _Place,
    points: np.ndarray,
    outward: np.ndarray,
    rng: np.random.Generator,
) -> Growth:
    """Knitted: ribs, perhaps a turned-up edge, perhaps slack at the back."""
    azimuth, _, share = place
    lift = 0.009 + 0.006 * np.sin(np.pi * share) + 0.0022 * smooth_noise(rng, azimuth.shape, (12, 6))
    ribs = np.cos(azimuth * 32)
    lift = lift + 0.0008 * ribs
    cuff = ramp(share, 0.68, 0.71) if headwear.drape == "cuffed" else 0 * share
    lift = lift + 0.006 * cuff
    knit = points + lift[..., None] * outward
    if headwear.drape == "slouching":
        slack = ramp(-np.cos(azimuth), -0.4, 1.0) * np.sin(np.pi * np.clip(1.25 * (1 - share), 0, 1))
        back = head.turn @ np.array([0.0, 0.8, -0.15])
        knit = (
            knit + 0.045 * slack[..., None] * back + 0.02 * np.sin(np.pi * (1 - share))[None, :, None] * head.turn[:, 2]
        )
    else:
        knit = knit + 0.014 * ramp(1 - share, 0.6, 1.0)[None, :, None] * head.turn[:, 2]
    edge = np.abs(share - 0.69) < 0.05 if headwear.drape == "cuffed" else share > 2
    shade = (1 + 0.10 * ribs) * np.where(edge, 0.65, 1.0) * (1 + 0.06 * smooth_noise(rng, azimuth.shape, (14, 6)))
    return grid(knit, _shade(shade), closed=True, crown=True)


def _headscarf(
    headwear: Headwear,
    head: PosedHead,
    place: _Place,
    points: np.ndarray,
    outward: np.ndarray,
    rng: np.random.Generator,
) -> Growth:
    """Cloth bound over the hair and knotted behind, or wound around it."""
    azimuth, elevation, share = place
    if headwear.drape == "wrapped":
        wound = np.sin(3.0 * elevation * 4 + azimuth + 0.6 * np.sin(2 * azimuth))
        lift = 0.012 + 0.026 * np.sin(np.pi * (0.15 + 0.8 * share)) + 0.004 * wound
        folds = wound
    else:
        folds = np.sin(9 * azimuth + 5 * share) * share
        lift = 0.008 + 0.0022 * folds + 0.012 * ramp(-np.cos(azimuth), 0.2, 1.0) * np.sin(np.pi * share)
    lift = lift + 0.0016 * smooth_noise(rng, azimuth.shape, (12, 6))
    cloth = points + lift[..., None] * outward
    shade = np.clip(0.95 + 0.16 * folds, 0.6, 1.2)
    parts = [grid(cloth, _shade(shade), closed=True, crown=True)]
    behind = int(np.abs(np.abs(azimuth[:, 0]) - np.pi).argmin())
    if headwear.drape == "tied_behind":
        knot = cloth[behind, -3] + 0.008 * outward[behind, -3]
        parts += [_knot(knot, head), _loose_end(knot, head, 1, rng), _loose_end(knot, head, -1, rng)]
    return joined(parts)


def _knot(centre_m: np.ndarray, head: PosedHead) -> Growth:
    turn, rise = np.meshgrid(np.arange(12) / 12 * 2 * np.pi, np.radians(np.linspace(80, -80, 6)), indexing="ij")
    ball = np.stack([np.cos(turn) * np.cos(rise), 0.7 * np.sin(turn) * np.cos(rise), np.sin(rise)], -1)
    return grid(0.017 * ball @ head.turn.T + centre_m, _shade(0.85 + 0 * turn), closed=True, crown=True)


def _loose_end(start_m: np.ndarray, head: PosedHead, side: int, rng: np.random.Generator) -> Growth:
    """A tapering end of cloth that hangs from the knot."""
    along = np.linspace(0, 1, 7)
    length = float(rng.uniform(0.07, 0.16))
    path = np.asarray(start_m, float) + np.outer(0.03 * side * along, head.turn[:, 0])
    path = path + np.outer(0.02 * np.sin(2 * along), head.turn[:, 1])
    path = path - np.outer(length * along**1.2, [0.0, 0.0, 1.0])
    half = np.outer(0.010 + 0.014 * np.sin(np.pi * (0.15 + 0.8 * along)), head.turn[:, 0])
    return grid(np.stack([path - half, path + 0.006 * head.turn[:, 1], path + half]), np.zeros((3, 7, 3)), closed=False)


# Hijabs -----------------------------------------------------------------------------------------------------------------

FACE_OPENING_M = ((-0.004, 1.690), (0.066, 0.098))
"""Middle (y is free, z) and half axes (x, z) of the opening on the canonical face."""
_HEM_M = {"plain": 1.40, "long": 1.24, "tucked": 1.50, "volume": 1.43}
"""Canonical height of the lower edge, on the chest."""


def hijab_opening(chart: Chart) -> np.ndarray:
    """(n,) metres outside the opening for the face: negative inside it."""
    x, y, z = chart.place_m.T
    (_, middle), (half_x, half_z) = FACE_OPENING_M
    ellipse = np.sqrt((x / half_x) ** 2 + ((z - middle) / half_z) ** 2) - 1
    front = ramp(-y, 0.035, 0.085)
    return np.asarray(np.where(front > 0, 0.07 * ellipse + 0.08 * (1 - front), 0.08))


@cache
def hijab_field(drape: Drape) -> Field:
    """Where the hijab is: outside the face, above its hem, and not further down the arm than the shoulder."""
    hem = _HEM_M.get(drape, 1.42)

    def field(chart: Chart) -> np.ndarray:
        x, y, z = chart.place_m.T
        lower = z - hem - 0.25 * np.abs(x) - 0.04 * (y > 0)
        arm = np.where(chart.is_arm, 0.06 - chart.arm_m, 1.0)
        return np.minimum.reduce([hijab_opening(chart), lower, arm])

    return field


@cache
def _hijab_base() -> tuple[Base, np.ndarray]:
    """The skin of head, neck, shoulders and chest with its own numbers, and each vertex's smoothing weight."""
    chart, model = body_chart(), load_body_model()
    triangles, _ = outer_skin()
    z = chart.place_m[triangles, 2].min(1)
    near = (z > 1.16) & (chart.arm_m[triangles].max(1) < 0.1)
    members, flat = np.unique(triangles[near], return_inverse=True)
    flat = flat.reshape(-1, 3).astype(np.int32)
    base = Base(
        flat,
        members,
        neighbour_average(flat, len(members)),
        Chart(chart.place_m[members], chart.arm_m[members]),
        model.weights[members],
    )
    return base, hijab_opening(base.chart)


def hijab(headwear: Headwear, rest: RestBody, rng: np.random.Generator) -> Surface:
    """The hijab over the rest body, before it is laid over the clothes; its ripple_m holds its folds."""
    base, beside_face = _hijab_base()
    body = rest.vertices_m[base.members].astype(np.float64)
    normals = vertex_normals(body, base.triangles)
    azimuth, elevation = head_angles(base.chart.place_m)
    on_skull = ramp(base.chart.place_m[:, 2], 1.60, 1.70)
    full = {"volume": 0.04, "tucked": 0.012}.get(headwear.drape, 0.02)
    behind = np.exp(-(((np.abs(azimuth) - np.pi) / 0.9) ** 2) - ((elevation - 0.35) / 0.6) ** 2)
    lift = 0.006 + 0.006 * on_skull + full * behind * on_skull
    points = body + lift[:, None] * normals
    points = _spanned(points, base, ramp(beside_face, 0.0, 0.03), 70)
    noise = rng.normal(size=len(points))
    for _ in range(8):
        noise = base.average @ noise
    turn = np.arctan2(base.chart.place_m[:, 0], -base.chart.place_m[:, 1])
    below = 1 - ramp(base.chart.place_m[:, 2], 1.55, 1.63)
    drapes = np.sin(9 * np.abs(turn) + 40 * (base.chart.place_m[:, 2] - 1.5) + 3 * noise / noise.std())
    ripple = (0.0018 * noise / noise.std() + 0.0045 * below * drapes) * ramp(beside_face, 0.0, 0.04)
    whole = Surface(points.astype(np.float32), base.triangles, base.weights, base.chart, ripple.astype(np.float32))
    return cut(whole, hijab_field(headwear.drape)(base.chart))


def _spanned(points: np.ndarray, base: Base, free: np.ndarray, steps: int) -> np.ndarray:
    """Points smoothed where free (n,) is 1, but never drawn inwards: cloth spans hollows, ears and all."""
    normals = vertex_normals(points, base.triangles)
    even = smoothed(points, base.average, steps)
    move = free[:, None] * (even - points)
    inwards = np.minimum((move * normals).sum(1), 0.0)
    ear = (np.abs(base.chart.place_m[:, 0]) > 0.07) & (base.chart.place_m[:, 2] > 1.64)
    return np.asarray(points + move - np.where(ear, 0.0, inwards)[:, None] * normals)


def laid(points_m: np.ndarray, surface: Surface, obstacles: Obstacles) -> np.ndarray:
    """Posed points of a hijab with its folds, outside the clothes under it."""
    average = neighbour_average(surface.triangles, len(points_m))
    points = smoothed(points_m, average, 4)
    below = surface.chart.place_m[:, 2] < 1.60
    points[below] = obstacles.outside(points[below], 0.008)
    points = smoothed(points, average, 3)
    points = points + surface.ripple_m[:, None] * vertex_normals(points, surface.triangles)
    points[below] = obstacles.outside(points[below], 0.007)
    return points
