"""Shapes of the things people hold, each in its own frame, before a hand takes it.

Flat things: x to the right, y to the upper edge, z out of the face that is looked at (a telephone's glass, a page), the
origin in the middle. Standing things (cup, bag, box): z up. Metres. Faces that meet at an edge share no points, so
that smooth shading keeps the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

BagKind = Literal["briefcase", "handbag", "tote"]

_AROUND = 18
"""Sides of what is round."""


@dataclass(frozen=True)
class Shape:
    """Points (n, 3), triangles (m, 3) counter-clockwise from outside, uvs (m, 3, 2), and look (m,): which material."""

    points_m: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray
    look: np.ndarray

    def moved(self, turn: np.ndarray, shift_m: np.ndarray) -> Shape:
        """Turned by (3, 3) about its origin, then moved."""
        return Shape(self.points_m @ turn.T + shift_m, self.triangles, self.uvs, self.look)


def joined(shapes: list[Shape]) -> Shape:
    """Several shapes as one."""
    starts = np.cumsum([0, *(len(shape.points_m) for shape in shapes[:-1])])
    return Shape(
        np.concatenate([shape.points_m for shape in shapes]),
        np.concatenate([shape.triangles + start for shape, start in zip(shapes, starts, strict=True)]),
        np.concatenate([shape.uvs for shape in shapes]),
        np.concatenate([shape.look for shape in shapes]),
    )


def panel(corners_m: np.ndarray, look: int = 0) -> Shape:
    """One quadrilateral (4, 3), counter-clockwise from outside; its uvs span [0, 1]."""
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    uv = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    return Shape(np.asarray(corners_m, float), triangles, uv[triangles], np.full(2, look))


def block(size_m: tuple[float, float, float], look: int = 0, front: int | None = None) -> Shape:
    """A cuboid of size (x, y, z) around the origin; front: another look for its face towards +z."""
    half = np.array(size_m) / 2
    square = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], float)
    quarters = [Rotation.from_euler("y", angle, degrees=True) for angle in (0, 90, 180, 270)]
    quarters += [Rotation.from_euler("x", angle, degrees=True) for angle in (90, -90)]
    looks = [look if front is None else front] + [look] * 5
    return joined([panel(turn.apply(square) * half, face) for turn, face in zip(quarters, looks, strict=True)])


def lathe(profile_m: np.ndarray, look: int = 0) -> Shape:
    """A surface of revolution about z: profile (k, 2) of radius and height, its outside to the left of its way."""
    angles = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], 1)
    points = np.concatenate([np.column_stack([r * ring, np.full(_AROUND, z)]) for r, z in profile_m])
    index = np.arange(len(points)).reshape(len(profile_m), _AROUND)
    after = np.roll(index, -1, 1)
    quads = np.stack([index[:-1], after[:-1], after[1:], index[1:]], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    corners = points[triangles]
    keep = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) > 1e-10
    return _plain(points, triangles[keep], look)


def tube(way_m: np.ndarray, width_m: float, depth_m: float, across: np.ndarray, look: int = 0) -> Shape:
    """A strap or handle along a way (k, 3): width_m along the unit vector across, depth_m square to it."""
    along = np.gradient(way_m, axis=0)
    outward = np.cross(along, across)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
    points = way_m[:, None] + corners[:, :1] * width_m * across + corners[:, 1:] * depth_m * outward[:, None]
    index = np.arange(len(way_m) * 4).reshape(-1, 4)
    after = np.roll(index, -1, 1)
    quads = np.stack([index[:-1], after[:-1], after[1:], index[1:]], -1).reshape(-1, 4)
    return _plain(points.reshape(-1, 3), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]), look)


def pouch(size_m: tuple[float, float, float], squareness: float, look: int = 0) -> Shape:
    """A cuboid (x, y, z) with soft edges around the origin; squareness: 0 is an ellipsoid, 1 a cuboid."""
    columns, rows = 16, 7
    around, down = np.meshgrid(np.arange(columns) / columns * 2 * np.pi, np.linspace(0.05, np.pi - 0.05, rows))
    power = 1 - 0.85 * squareness

    def squared(value: np.ndarray) -> np.ndarray:
        return np.asarray(np.sign(value) * np.abs(value) ** power)

    wide = squared(np.sin(down))
    unit = np.stack([wide * squared(np.cos(around)), wide * squared(np.sin(around)), squared(np.cos(down))], -1)
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, 1)
    quads = np.stack([index[:-1], index[1:], right[1:], right[:-1]], -1).reshape(-1, 4)
    lids = [np.stack([np.full(columns, row[0]), row, np.roll(row, -1)], 1)[1:-1] for row in (index[0], index[-1][::-1])]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]], *lids])
    return _plain(unit.reshape(-1, 3) * np.array(size_m) / 2, triangles, look)


def _plain(points_m: np.ndarray, triangles: np.ndarray, look: int) -> Shape:
    """A shape without texture coordinates."""
    return Shape(points_m, triangles, np.zeros((len(triangles), 3, 2)), np.full(len(triangles), look))


PHONE_M = (0.073, 0.150, 0.009)
"""Width, length and thickness of a telephone."""


def phone() -> Shape:
    """Looks: 0 case, 1 glass."""
    width, length, thick = PHONE_M
    glass = block((0.93 * width, 0.95 * length, 0.0006), 1).moved(np.eye(3), np.array([0.0, 0.0, thick / 2]))
    return joined([block(PHONE_M), glass])


def mug(radius_m: float, height_m: float) -> Shape:
    """A cup with a handle towards -y, open above, its foot at z = 0. Looks: 0 the cup, 1 what is in it."""
    r, h, wall = radius_m, height_m, 0.004
    outside = lathe(np.array([[0.0, 0.0], [0.9 * r, 0.0], [r, 0.012], [r, h], [r - wall, h], [r - wall, 0.84 * h]]))
    drink = lathe(np.array([[r - wall, 0.84 * h], [0.0, 0.84 * h]]), 1)
    bow = np.radians(np.linspace(-80, 80, 7))
    way = np.column_stack([0 * bow, -r + 0.004 - 0.026 * np.cos(bow), 0.52 * h + 0.3 * h * np.sin(bow)])
    return joined([outside, drink, tube(way, 0.012, 0.008, np.array([1.0, 0.0, 0.0]))])


def paper_cup(radius_m: float, height_m: float, lid: bool) -> Shape:
    """A tapered cup, its foot at z = 0. Looks: 0 the cup, 1 what is in it, 2 the lid."""
    r, h = radius_m, height_m
    side = lathe(np.array([[0.0, 0.0], [0.74 * r, 0.0], [r, h]]))
    if lid:
        rim = np.array([[r + 0.002, h - 0.006], [r + 0.002, h + 0.002], [r - 0.004, h + 0.012], [r - 0.008, h + 0.010],
                        [0.0, h + 0.008]])  # fmt: skip
        return joined([side, lathe(rim, 2)])
    inside = lathe(np.array([[r, h], [r - 0.002, h], [0.96 * r, 0.86 * h]]))
    return joined([side, inside, lathe(np.array([[0.96 * r, 0.86 * h], [0.0, 0.86 * h]]), 1)])


def papers(thickness_m: float, folder: bool) -> Shape:
    """A4 sheets, or a folder with sheets that show at its edges. Looks: 0 sheets, 1 folder, 2 the printed page."""
    width, height = 0.210, 0.297
    if not folder:
        back = block((width, height, 0.6 * thickness_m), 0)
        front = block((width, height, 0.4 * thickness_m), 0, front=2)
        askew = Rotation.from_euler("z", 2.5, degrees=True).as_matrix()
        return joined([
            back.moved(askew, np.array([0.003, -0.002, -0.2 * thickness_m])),
            front.moved(np.eye(3), np.array([0.0, 0.0, 0.3 * thickness_m])),
        ])  # fmt: skip
    half = thickness_m / 2
    covers = [block((0.222, 0.308, 0.0012), 1).moved(np.eye(3), np.array([0.0, 0.0, z])) for z in (-half, half)]
    return joined([*covers, block((width, height, 0.9 * thickness_m), 0)])


LAPTOP_M = (0.312, 0.221, 0.016)
"""Width, depth and thickness of a closed laptop."""


def laptop(lid_deg: float) -> Shape:
    """Its base lies in the x-y plane with z up and the hinge at +y; lid_deg: 0 closed. Looks: 0 case, 1 screen, 2 keys.

    The origin is the middle of the base's upper face.
    """
    width, depth, thick = LAPTOP_M
    base_m, lid_m = 0.6 * thick, 0.4 * thick
    base = block((width, depth, base_m)).moved(np.eye(3), np.array([0.0, 0.0, -base_m / 2]))
    keys = block((0.88 * width, 0.45 * depth, 0.001), 2).moved(np.eye(3), np.array([0.0, 0.14 * depth, 0.0]))
    lid = block((width, depth, lid_m)).moved(np.eye(3), np.array([0.0, -depth / 2, lid_m / 2]))
    screen = block((0.94 * width, 0.88 * depth, 0.001), 1).moved(np.eye(3), np.array([0.0, -0.49 * depth, 0.0]))
    turn = Rotation.from_euler("x", -lid_deg, degrees=True).as_matrix()
    shapes = [base, joined([lid, screen]).moved(turn, np.array([0.0, depth / 2, 0.0005]))]
    return joined([*shapes, keys] if lid_deg > 5 else [base, lid.moved(np.eye(3), np.array([0.0, depth / 2, 0.0]))])


def bag(kind: BagKind, size: float) -> Shape:
    """A bag with handles that meet at the origin; x along its length. Looks: 0 the bag, 1 handles and clasp."""
    length, width, height, handle, square = {
        "briefcase": (0.40, 0.085, 0.29, 0.045, 0.95),
        "handbag": (0.29, 0.12, 0.21, 0.11, 0.7),
        "tote": (0.35, 0.10, 0.35, 0.14, 0.8),
    }[kind]
    length, width, height = length * size, width * size, height * size
    body = pouch((length, width, height), square).moved(np.eye(3), np.array([0.0, 0.0, -handle - height / 2]))
    bow = np.radians(np.linspace(0, 180, 8))
    spread = 0.0 if kind == "briefcase" else 0.25 * width
    reach = 0.075 if kind == "briefcase" else 0.26 * length
    shapes = [body]
    for sign in (-1, 1) if spread else (1,):
        rise = np.sin(bow) ** 0.6
        way = np.column_stack([reach * np.cos(bow), sign * spread * (1 - rise), (handle + 0.012) * (rise - 1)])
        shapes.append(tube(way, 0.018, 0.008, np.array([0.0, 1.0, 0.0]), 1))
    return joined(shapes)


def box(size_m: tuple[float, float, float]) -> Shape:
    """A carton of size (x, y, z) around the origin. Looks: 0 cardboard, 1 the tape along its seam."""
    width, _, height = size_m
    strip = block((width + 0.001, 0.05, 0.001), 1).moved(np.eye(3), np.array([0.0, 0.0, height / 2]))
    ends = [
        block((0.001, 0.05, 0.07), 1).moved(np.eye(3), np.array([sign * width / 2, 0.0, height / 2 - 0.035]))
        for sign in (-1, 1)
    ]
    return joined([block(size_m), strip, *ends])
