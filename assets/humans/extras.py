"""What is worn over clothes: scarf, lanyard with badge, backpack, shoulder bag."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from assets.humans.anny import load_body_model
from assets.humans.chart import Chart, canonical_body
from assets.humans.cloth_material import fabric_material
from assets.humans.clothing import Bag, Fabric, Lanyard
from assets.humans.cuts import all_of, any_of, near_neck, neck_radius, nothing, outside_neck, patch, ramp
from assets.humans.drape import Fitting, OnSuit
from assets.humans.folds import ridges
from assets.humans.parts import Motion
from assets.humans.pieces import piece
from assets.humans.ribbons import Ribbon, around_trunk, curve_rows
from assets.humans.skirts import thighs_level
from assets.humans.tailoring import SUIT, Garment, Posed, Shape, base_surface
from assets.mesh import Material

_SITTING = 0.5
"""How level thighs are from which on a bag is left out."""


@dataclass(frozen=True)
class Solid:
    """A rounded box hung on the trunk, outside the clothes there: size_m (width, depth, height) at canonical centre_m.

    joint: what it turns with. outwards: canonical direction from the body; near_m: radius in which clothes count.
    """

    fitting: Fitting
    layer: int
    joint: str
    centre_m: tuple[float, float, float]
    outwards: tuple[float, float, float]
    size_m: tuple[float, float, float]
    near_m: float = 0.16

    def posed(self, motion: Motion) -> Posed:
        model, unit = load_body_model(), np.array(self.outwards) / np.linalg.norm(self.outwards)
        number = model.joint(self.joint)
        turn, scale = motion.turns[number], motion.rest.heads_m[number, 2] / canonical_body().heads_m[number, 2]
        offset = scale * (np.array(self.centre_m) - canonical_body().heads_m[number])
        centre, away = motion.heads_m[number] + turn @ offset, turn @ unit
        cloth = self.fitting.draped(motion)[self.layer].points_m[_trunk()] - centre
        height = cloth @ away
        beside = np.linalg.norm(cloth - height[:, None] * away, axis=1) < self.near_m
        surface = float(np.percentile(height[beside], 85)) if beside.any() else 0.0
        axes = np.stack([np.cross(unit, [0, 0, 1.0]), unit, [0, 0, 1.0]])
        box, triangles = _rounded_box()
        local = box * np.array(self.size_m) / 2 + np.array([0, surface + self.size_m[1] / 2 - 0.006, 0])
        points = centre + (local @ axes) @ turn.T
        count = len(points)
        chart = Chart(np.tile(np.array(self.centre_m, np.float32), (count, 1)), np.full(count, -0.2, np.float32))
        uvs = np.zeros((len(triangles), 3, 2), np.float32)
        look = np.zeros(len(triangles), int)
        return Posed(points, np.zeros((count, 3)), np.zeros(count), triangles, uvs, chart, look)


@dataclass(frozen=True)
class Badge:
    """A card at the end of a curve on the chest; width_m by height_m."""

    fitting: Fitting
    layer: int
    width_m: float = 0.062
    height_m: float = 0.092

    def posed(self, motion: Motion) -> Posed:
        rows, chart = curve_rows(lanyard_curve)
        cloth = self.fitting.draped(motion)[self.layer]
        points, normals = rows @ cloth.points_m, rows @ cloth.normals
        lowest = int(chart.place_m[:, 2].argmin())
        normal = normals[lowest] / np.linalg.norm(normals[lowest])
        down = np.array([0.0, 0.0, -1.0]) - normal * -normal[2]
        down /= max(float(np.linalg.norm(down)), 1e-6)
        aside = np.cross(down, normal)
        corners = np.array([[-1, -0.05], [1, -0.05], [1, 1], [-1, 1]])
        front = points[lowest] + 0.014 * normal
        front = front + corners[:, :1] * self.width_m / 2 * aside + corners[:, 1:] * self.height_m * down
        both = np.concatenate([front, front - 0.003 * normal])
        sides = [[a, b, b + 4, a + 4] for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))]
        quads = np.array([[0, 1, 2, 3], *[[b, a, d, c] for a, b, c, d in sides]])
        triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
        place = Chart(np.tile(chart.place_m[lowest], (8, 1)), np.full(8, -0.2, np.float32))
        uvs = np.zeros((len(triangles), 3, 2), np.float32)
        return Posed(both, np.tile(normal, (8, 1)), np.zeros(8), triangles, uvs, place, np.zeros(len(triangles), int))


@dataclass(frozen=True)
class UnlessSeated:
    """A shape that is left out of people who sit."""

    shape: Shape

    def posed(self, motion: Motion) -> Posed:
        cloth = self.shape.posed(motion)
        if thighs_level(motion) < _SITTING:
            return cloth
        none = cloth.triangles[:0]
        return Posed(cloth.points_m, cloth.normals, cloth.spare_m, none, cloth.uvs[:0], cloth.chart, cloth.look[:0])


def scarf_garments(scarf: Fabric, fitting: Fitting, layer: int) -> list[Garment]:
    """A scarf slung around the neck, one end hanging on the chest."""
    material = fabric_material("scarf", scarf)
    sides = all_of(near_neck(1.95), outside_neck(0.72))
    cloth = piece(SUIT, (any_of(sides, patch(0.055, 1.29, 0.09, 0.34)),))
    place = cloth.chart.place_m[: len(cloth.edge_m)]
    radius = neck_radius(cloth.chart)[: len(place)]
    around = np.arctan2(place[:, 0], -place[:, 1])
    bulge = 0.026 * np.exp(-(((radius - 1.25) / 0.45) ** 2))
    loops = 0.008 * ridges(2 * np.pi * radius / 0.5 + 1.1 * np.sin(2 * around + fitting.fold_seed % 7))
    raised = 0.018 + bulge + np.where(radius < 1.95, loops, 0.0) * ramp(cloth.edge_m, 0.0, 0.02)
    shape = OnSuit(fitting, layer, cloth, 0.012, raised)
    return [Garment("scarf", shape, [material], "accessory", nothing, nothing)]


def lanyard_garments(lanyard: Lanyard, fitting: Fitting, layer: int) -> list[Garment]:
    """A ribbon around the neck with a badge on the belly."""
    ribbon, card = Material("lanyard", lanyard.color), Material("badge", lanyard.badge_color, roughness=0.4)
    strap = Ribbon(fitting, layer, lanyard_curve, 0.014, 0.011)
    return [
        Garment("lanyard", strap, [ribbon], "accessory", nothing, nothing),
        Garment("badge", Badge(fitting, layer), [card], "accessory", nothing, nothing),
    ]


def bag_garments(bag: Bag, fitting: Fitting, layer: int) -> list[Garment]:
    """A bag and its straps, for those who do not sit."""
    material = Material("bag", bag.color, roughness=0.75, specular=0.2, bump=0.1)
    shapes: list[Shape]
    if bag.kind == "backpack":
        size = (0.29 * bag.size, 0.15 * bag.size, 0.44 * bag.size)
        straps = [Ribbon(fitting, layer, curve, 0.05, 0.014, False) for curve in (left_strap, right_strap)]
        shapes = [Solid(fitting, layer, "Spine1", (0.0, 0.12, 1.27), (0.0, 1.0, 0.0), size, 0.18), *straps]
    else:
        size = (0.34 * bag.size, 0.11 * bag.size, 0.26 * bag.size)
        strap = Ribbon(fitting, layer, sash_curve, 0.034, 0.012)
        shapes = [Solid(fitting, layer, "Hips", (-0.13, 0.1, 0.93), (-0.75, 0.66, 0.0), size, 0.11), strap]
    return [Garment("bag", UnlessSeated(shape), [material], "accessory", nothing, nothing) for shape in shapes]


@cache
def lanyard_curve() -> np.ndarray:
    """Around the neck and down to a point on the belly."""
    half = np.array(
        [[0.0, 0.05, 1.545], [0.05, 0.03, 1.55], [0.078, -0.015, 1.53], [0.082, -0.07, 1.49], [0.066, -0.11, 1.42],
         [0.04, -0.14, 1.33], [0.018, -0.15, 1.26], [0.004, -0.15, 1.20]]
    )  # fmt: skip
    way = np.linspace(0, len(half) - 1, 26)
    dense = np.stack([np.interp(way, np.arange(len(half)), column) for column in half.T], 1)
    return np.concatenate([dense, (dense * [-1, 1, 1])[::-1]])


@cache
def left_strap() -> np.ndarray:
    """From the back over the left shoulder and under the arm to the back."""
    way = np.array(
        [[0.07, 0.12, 1.44], [0.085, 0.06, 1.50], [0.09, 0.0, 1.53], [0.10, -0.06, 1.50], [0.115, -0.11, 1.42],
         [0.13, -0.13, 1.33], [0.155, -0.10, 1.25], [0.17, -0.02, 1.19], [0.16, 0.05, 1.14], [0.12, 0.09, 1.11]]
    )  # fmt: skip
    steps = np.linspace(0, len(way) - 1, 40)
    return np.stack([np.interp(steps, np.arange(len(way)), column) for column in way.T], 1)


@cache
def right_strap() -> np.ndarray:
    return (left_strap() * [-1, 1, 1])[::-1]


@cache
def sash_curve() -> np.ndarray:
    """Over the left shoulder to the right hip and back."""
    return around_trunk((0.09, 1.50), (-0.17, 0.97))


@cache
def _trunk() -> np.ndarray:
    """Vertices of the suit's trunk."""
    chart = base_surface(SUIT).chart
    return np.flatnonzero(~chart.is_arm & (chart.place_m[:, 2] > 0.8) & (chart.place_m[:, 2] < 1.5))


@cache
def _rounded_box(columns: int = 20, rows: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) within [-1, 1] of a box with round edges, and its triangles."""
    around, down = np.meshgrid(np.arange(columns) / columns * 2 * np.pi, np.linspace(0.02, np.pi - 0.02, rows))

    def squared(value: np.ndarray, power: float) -> np.ndarray:
        return np.asarray(np.sign(value) * np.abs(value) ** power)

    wide = squared(np.sin(down), 0.35)
    points = np.stack(
        [wide * squared(np.cos(around), 0.45), wide * squared(np.sin(around), 0.45), squared(np.cos(down), 0.45)], -1
    ).reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, 1)
    quads = np.stack([index[:-1], index[1:], right[1:], right[:-1]], -1).reshape(-1, 4)
    lids = [np.stack([np.full(columns, row[0]), row, np.roll(row, -1)], 1) for row in (index[0], index[-1][::-1])]
    return points, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]], *lids]).astype(np.int32)
