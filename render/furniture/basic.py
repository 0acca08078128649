"""Single pieces of office furniture as meshes with the room that they take.

Own frame of desks and chairs: like a sitter's, who looks along -Y. A desk's origin is the middle of its top's floor
point, its user sits at +Y. A chair's origin is the floor point below the seat's middle, its back is at +Y.
Whatever differs from piece to piece is drawn from the generator that the caller gives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely import box as rectangle
from shapely.geometry import Point, Polygon

from assets.mesh import Material, Mesh
from render.place import Obstacle
from render.solids import blob, box, cylinder, joined, moved, prism, quad, solid

Rgb = tuple[float, float, float]

BLACK = Material("black plastic", (0.02, 0.02, 0.022), roughness=0.45)
WHITE = Material("white lacquer", (0.75, 0.75, 0.73), roughness=0.4)
STEEL = Material("steel", (0.35, 0.36, 0.38), roughness=0.3, specular=0.7)
PAPER = Material("paper", (0.82, 0.81, 0.77), roughness=0.9)
LEAF = Material(
    "leaf", (0.05, 0.17, 0.035), roughness=0.6, pattern="noise", second_color=(0.12, 0.28, 0.05), scale_m=0.05
)
EARTH = Material("earth", (0.05, 0.035, 0.025), roughness=1.0)

CLUTTER_COLORS: tuple[Rgb, ...] = (
    (0.6, 0.05, 0.04), (0.04, 0.15, 0.45), (0.75, 0.5, 0.03), (0.05, 0.3, 0.12),
    (0.7, 0.68, 0.6), (0.03, 0.03, 0.04), (0.35, 0.2, 0.1), (0.5, 0.5, 0.52), (0.02, 0.3, 0.35),
)  # fmt: skip
SCREEN_COLORS: tuple[Rgb, ...] = (
    (0.9, 0.92, 1.0), (0.02, 0.03, 0.05), (0.08, 0.2, 0.5), (0.75, 0.85, 0.8), (0.35, 0.1, 0.4), (0.9, 0.75, 0.5),
)  # fmt: skip


@dataclass
class Piece:
    """A piece of furniture: its meshes and the obstacles that it makes, in one common frame."""

    meshes: list[Mesh]
    obstacles: list[Obstacle] = field(default_factory=list)

    def placed(self, x_m: float, y_m: float, heading_rad: float = 0.0) -> Piece:
        """The piece turned about Z, then shifted."""
        meshes = [moved(mesh, x_m, y_m, heading_rad) for mesh in self.meshes]
        return Piece(meshes, moved_obstacles(self.obstacles, x_m, y_m, heading_rad))


def moved_obstacles(obstacles: list[Obstacle], x_m: float, y_m: float, heading_rad: float = 0.0) -> list[Obstacle]:
    """Obstacles turned about Z, then shifted, all at once."""
    if not obstacles:
        return []
    c, s = math.cos(heading_rad), math.sin(heading_rad)
    footprints = np.array([one.footprint for one in obstacles], object)
    turned = shapely.transform(footprints, lambda points: points @ np.array([[c, s], [-s, c]]) + [x_m, y_m])
    return [replace(one, footprint=shape) for one, shape in zip(obstacles, turned, strict=True)]


def assembled(pieces: list[Piece]) -> Piece:
    """Several pieces as one."""
    return Piece(
        [mesh for piece in pieces for mesh in piece.meshes], [one for piece in pieces for one in piece.obstacles]
    )


def desk(width_m: float, depth_m: float, height_m: float, top: Material, frame: Material, panel: bool) -> Piece:
    """A table top on four legs or, if panel, on two side panels."""
    x, y = width_m / 2, depth_m / 2
    parts = [box((0, 0, height_m - 0.0125), (width_m, depth_m, 0.025), top, "desk")]
    leg_height = height_m - 0.025
    if panel:
        parts += [
            box((s * (x - 0.02), 0, leg_height / 2), (0.025, depth_m - 0.06, leg_height), frame, "desk")
            for s in (-1, 1)
        ]
    else:
        corners = [(sx * (x - 0.05), sy * (y - 0.05)) for sx in (-1, 1) for sy in (-1, 1)]
        parts += [box((cx, cy, leg_height / 2), (0.05, 0.05, leg_height), frame, "desk") for cx, cy in corners]
        parts += [
            box((0, sy * (y - 0.05), leg_height - 0.03), (width_m - 0.1, 0.03, 0.05), frame, "desk") for sy in (-1, 1)
        ]
    slab = Obstacle(rectangle(-x, -y, x, y), height_m - 0.05, height_m, "desk")
    return Piece([joined(parts, "desk")], [slab])


def drawers(front: Material) -> Piece:
    """A pedestal of three drawers that stands under a desk's side."""
    parts = [box((0, 0, 0.29), (0.40, 0.5, 0.54), front, "desk")]
    parts += [box((0, 0.255, z), (0.16, 0.012, 0.014), STEEL, "desk") for z in (0.16, 0.32, 0.48)]
    return Piece([joined(parts, "drawers")], [Obstacle(rectangle(-0.2, -0.25, 0.2, 0.25), 0.0, 0.56, "drawers")])


def screen(rng: np.random.Generator, width_m: float, desk_m: float) -> Piece:
    """A monitor on its foot, facing +Y, with a few lit windows on it (or dark, one time in eight)."""
    height = width_m * 0.58
    middle = desk_m + 0.12 + height / 2
    tilt = 0.06
    parts = [
        box((0, -0.02, desk_m + 0.006), (0.24, 0.18, 0.012), BLACK, "screen"),
        box((0, -0.05, desk_m + 0.12), (0.05, 0.03, 0.24), BLACK, "screen"),
        box((0, 0, middle), (width_m, 0.03, height), BLACK, "screen", tilt),
    ]
    if rng.random() > 0.125:
        parts += _lit_windows(rng, width_m - 0.03, height - 0.03, middle, tilt)
    bounds = rectangle(-width_m / 2, -0.08, width_m / 2, 0.04)
    return Piece([joined(parts, "screen")], [Obstacle(bounds, desk_m, middle + height / 2, "screen")])


def _lit_windows(rng: np.random.Generator, width_m: float, height_m: float, middle_m: float, tilt: float) -> list[Mesh]:
    """The glowing picture of a screen: a ground and one to three windows with lines of text."""
    ground = SCREEN_COLORS[int(rng.integers(len(SCREEN_COLORS)))]
    quads = [_screen_quad((-0.5, -0.5, 0.5, 0.5), 0.016, width_m, height_m, middle_m, tilt, _glow(ground, rng))]
    for layer in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(-0.48, 0.0), rng.uniform(-0.48, 0.0)
        area = (x, y, x + rng.uniform(0.25, 0.48), y + rng.uniform(0.25, 0.48))
        color = SCREEN_COLORS[int(rng.integers(len(SCREEN_COLORS)))]
        quads.append(_screen_quad(area, 0.017 + 0.001 * layer, width_m, height_m, middle_m, tilt, _glow(color, rng)))
    return quads


def _glow(color: Rgb, rng: np.random.Generator) -> Material:
    text = (0.35 * color[0] + 0.03, 0.35 * color[1] + 0.03, 0.35 * color[2] + 0.03)
    emission = float(np.round(rng.uniform(0.6, 1.2), 3))
    return Material(
        "lit screen", color, roughness=0.3, emission=emission, pattern="stripes", second_color=text, scale_m=0.02
    )


def _screen_quad(
    area: tuple[float, float, float, float],
    front_m: float,
    width_m: float,
    height_m: float,
    middle_m: float,
    tilt: float,
    material: Material,
) -> Mesh:
    """A rectangle (shares of the screen's width and height from its middle) just before the panel, facing +Y."""
    x0, z0, x1, z1 = area[0] * width_m, area[1] * height_m, area[2] * width_m, area[3] * height_m
    corners = np.array([[x1, front_m, z0], [x0, front_m, z0], [x0, front_m, z1], [x1, front_m, z1]])
    c, s = math.cos(tilt), math.sin(tilt)
    return quad(corners @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]).T + [0, 0, middle_m], material, "screen")


def laptop(rng: np.random.Generator, desk_m: float) -> Piece:
    """An open laptop whose screen looks along +Y."""
    shell = STEEL if rng.random() < 0.6 else BLACK
    lid_middle, tilt = desk_m + 0.13, 0.25
    parts = [
        box((0, 0.1, desk_m + 0.009), (0.33, 0.23, 0.018), shell, "screen"),
        box((0, 0.1, desk_m + 0.019), (0.28, 0.11, 0.004), BLACK, "screen"),
        box((0, -0.045, lid_middle), (0.33, 0.008, 0.22), shell, "screen", tilt),
    ]
    glow = _glow(SCREEN_COLORS[int(rng.integers(len(SCREEN_COLORS)))], rng)
    lit = _screen_quad((-0.5, -0.5, 0.5, 0.5), 0.006, 0.31, 0.2, 0.0, tilt, glow)
    return Piece([joined([*parts, moved(lit, 0, -0.045, 0, lid_middle)], "laptop")])


def keyboard_and_mouse(rng: np.random.Generator, desk_m: float) -> Piece:
    """Keyboard and mouse at the desk's front."""
    shell = BLACK if rng.random() < 0.65 else WHITE
    keys = Material("keys", (0.05, 0.05, 0.055) if shell is BLACK else (0.6, 0.6, 0.58), roughness=0.6)
    parts = [
        box((0, 0, desk_m + 0.009), (0.43, 0.14, 0.018), shell, "clutter"),
        box((-0.02, 0, desk_m + 0.0195), (0.37, 0.105, 0.004), keys, "clutter"),
        blob((0.3, rng.uniform(-0.03, 0.03), desk_m + 0.012), (0.032, 0.055, 0.02), shell, "clutter", 4, 8),
    ]
    return Piece([joined(parts, "keyboard")])


def task_chair(cloth: Material, seat_m: float, arms: bool) -> Piece:
    """A swivel chair: five-pointed foot, gas spring, seat, backrest that leans a little."""
    parts = [cylinder((0, 0, 0.06), 0.03, seat_m - 0.14, STEEL, "chair", 8)]
    for arm in range(5):
        angle = arm * 2 * math.pi / 5 + 0.3
        parts.append(moved(box((0.15, 0, 0.075), (0.30, 0.045, 0.035), BLACK, "chair"), 0, 0, angle))
        wheel = blob((0.29 * math.cos(angle), 0.29 * math.sin(angle), 0.03), (0.028,) * 3, BLACK, "chair", 4, 6)
        parts.append(wheel)
    parts.append(prism(_rounded(0.48, 0.46, 0.1), seat_m - 0.08, seat_m, cloth, "chair"))
    parts += _curved_back(cloth, seat_m + 0.14, seat_m + 0.58, 0.46)
    parts.append(box((0, 0.27, seat_m + 0.06), (0.06, 0.03, 0.30), BLACK, "chair"))
    if arms:
        for side in (-1, 1):
            parts.append(box((side * 0.29, 0.05, seat_m + 0.2), (0.05, 0.24, 0.03), BLACK, "chair"))
            parts.append(box((side * 0.29, 0.08, seat_m + 0.07), (0.03, 0.05, 0.25), BLACK, "chair"))
    return Piece([joined(parts, "chair")], [_chair_space(seat_m + 0.58)])


def four_leg_chair(cloth: Material, seat_m: float, frame: Material) -> Piece:
    """A plain visitor's chair on four legs."""
    places = [(sx * 0.2, sy * 0.19) for sx in (-1, 1) for sy in (-1, 1)]
    parts = [cylinder((x, y, 0), 0.013, seat_m - 0.03, frame, "chair", 6) for x, y in places]
    parts.append(prism(_rounded(0.44, 0.43, 0.06), seat_m - 0.035, seat_m, cloth, "chair"))
    parts += [cylinder((s * 0.2, 0.215, seat_m - 0.03), 0.013, 0.42, frame, "chair", 6) for s in (-1, 1)]
    parts += _curved_back(cloth, seat_m + 0.2, seat_m + 0.42, 0.44)
    return Piece([joined(parts, "chair")], [_chair_space(seat_m + 0.42)])


def _chair_space(top_m: float) -> Obstacle:
    return Obstacle(rectangle(-0.26, -0.25, 0.26, 0.32), 0.0, top_m, "chair")


def _rounded(width_m: float, depth_m: float, corner_m: float) -> Polygon:
    x, y = width_m / 2 - corner_m, depth_m / 2 - corner_m
    return rectangle(-x, -y, x, y).buffer(corner_m, quad_segs=4)


def _curved_back(cloth: Material, bottom_m: float, top_m: float, width_m: float) -> list[Mesh]:
    """A backrest of five slats on an arc behind the sitter."""
    slats = []
    for step in range(-2, 3):
        turn = step * 0.22
        x, y = 0.42 * math.sin(turn), 0.29 - 0.42 * (1 - math.cos(turn))
        slat = box((0, 0, (bottom_m + top_m) / 2), (width_m / 4.6, 0.045, top_m - bottom_m), cloth, "chair", -0.12)
        slats.append(moved(slat, x, y, -turn))
    return slats


def shelf(rng: np.random.Generator, width_m: float, height_m: float, wood: Material, depth_m: float = 0.36) -> Piece:
    """A bookcase whose back is at -Y, with boards and binders."""
    x = width_m / 2
    parts = [box((s * (x - 0.01), 0, height_m / 2), (0.02, depth_m, height_m), wood, "shelf") for s in (-1, 1)]
    parts.append(box((0, -depth_m / 2 + 0.005, height_m / 2), (width_m - 0.04, 0.01, height_m), wood, "shelf"))
    for z in np.arange(0.05, height_m - 0.2, 0.38):
        parts.append(box((0, 0, z), (width_m - 0.04, depth_m - 0.02, 0.02), wood, "shelf"))
        parts += _binders(rng, width_m - 0.08, float(z) + 0.01, depth_m)
    parts.append(box((0, 0, height_m - 0.01), (width_m, depth_m, 0.02), wood, "shelf"))
    return Piece(
        [joined(parts, "shelf")], [Obstacle(rectangle(-x, -depth_m / 2, x, depth_m / 2), 0.0, height_m, "shelf")]
    )


def _binders(rng: np.random.Generator, width_m: float, z_m: float, depth_m: float) -> list[Mesh]:
    """A run of binders of a few colours on one board, with gaps."""
    binders, x = [], -width_m / 2
    while x < width_m / 2 - 0.12:
        run = rng.uniform(0.1, 0.4)
        end = min(x + run, width_m / 2)
        if rng.random() < 0.75:
            paint = Material("binder", CLUTTER_COLORS[int(rng.integers(len(CLUTTER_COLORS)))], roughness=0.6)
            height = rng.uniform(0.22, 0.32)
            binders.append(
                box(((x + end) / 2, -0.02, z_m + height / 2), (end - x, depth_m - 0.1, height), paint, "shelf")
            )
        x = end + rng.uniform(0.01, 0.08)
    return binders


def cabinet(rng: np.random.Generator, width_m: float, height_m: float, front: Material) -> Piece:
    """A low closed cabinet, its back at -Y, perhaps with a printer on it."""
    parts = [box((0, 0, height_m / 2), (width_m, 0.45, height_m), front, "cabinet")]
    parts += [box((s * width_m * 0.25, 0.228, height_m * 0.6), (0.012, 0.012, 0.2), STEEL, "cabinet") for s in (-1, 1)]
    if rng.random() < 0.5:
        parts.append(box((0, 0, height_m + 0.16), (0.46, 0.4, 0.32), WHITE, "clutter"))
        parts.append(box((0, 0.05, height_m + 0.325), (0.3, 0.22, 0.01), BLACK, "clutter"))
    space = Obstacle(rectangle(-width_m / 2, -0.225, width_m / 2, 0.225), 0.0, height_m + 0.3, "cabinet")
    return Piece([joined(parts, "cabinet")], [space])


def plant(rng: np.random.Generator, height_m: float) -> Piece:
    """A pot with bent leaves."""
    pot = Material("pot", CLUTTER_COLORS[int(rng.integers(len(CLUTTER_COLORS)))], roughness=0.5)
    parts = [
        cylinder((0, 0, 0), 0.13, 0.3, pot, "plant", 14, 0.17),
        cylinder((0, 0, 0.29), 0.15, 0.015, EARTH, "plant", 14),
    ]
    for _ in range(int(rng.integers(14, 26))):
        parts.append(_leaf(rng, height_m))
    reach = Obstacle(Point(0, 0).buffer(0.32, quad_segs=3), 0.0, height_m, "plant")
    return Piece([joined(parts, "plant")], [reach])


def _leaf(rng: np.random.Generator, height_m: float) -> Mesh:
    """A strip of three bent segments that starts in the pot."""
    steep, length, width = rng.uniform(0.7, 1.5), rng.uniform(0.5, 1.0) * (height_m - 0.25), rng.uniform(0.05, 0.11)
    spine, point = [], np.array([0.0, 0.0, 0.28])
    for step in range(5):
        spine.append(point)
        angle = steep - 0.28 * step
        point = point + np.array([math.cos(angle), 0, math.sin(angle)]) * length / 4
    half = width / 2 * np.array([0.5, 1.0, 1.0, 0.7, 0.1])
    aside = half[:, None] * np.array([0.0, 1.0, 0.0])
    points = np.concatenate([np.array(spine) + aside, np.array(spine) - aside])
    points[:, :2] *= min(1.0, 0.34 / float(np.abs(points[:, 0]).max()))
    n = np.arange(4)
    faces = np.concatenate([np.column_stack([n + 5, n + 6, n + 1]), np.column_stack([n + 5, n + 1, n])])
    strip = solid(points, faces, LEAF, "plant")
    return moved(strip, 0, 0, rng.uniform(0, 2 * math.pi))


def waste_bin(rng: np.random.Generator) -> Piece:
    """A waste-paper basket."""
    paint = BLACK if rng.random() < 0.6 else STEEL
    parts = [
        cylinder((0, 0, 0), 0.12, 0.3, paint, "bin", 12, 0.15),
        cylinder((0.02, 0, 0.27), 0.08, 0.045, PAPER, "bin", 7, 0.04),
    ]
    return Piece([joined(parts, "bin")], [Obstacle(Point(0, 0).buffer(0.16, quad_segs=2), 0.0, 0.31, "bin")])


def floor_box(rng: np.random.Generator) -> Piece:
    """A cardboard box or a bag that stands about."""
    if rng.random() < 0.5:
        card = Material("cardboard", (0.32, 0.2, 0.1), roughness=0.9)
        x, y, z = rng.uniform(0.3, 0.55), rng.uniform(0.25, 0.4), rng.uniform(0.2, 0.45)
        mesh = joined(
            [
                box((0, 0, z / 2), (x, y, z), card, "clutter"),
                box((0, 0, z + 0.001), (x, 0.05, 0.002), PAPER, "clutter"),
            ],
            "box",
        )
    else:
        x, y, z = 0.36, 0.22, 0.42
        cloth = Material("bag", CLUTTER_COLORS[int(rng.integers(len(CLUTTER_COLORS)))], roughness=0.9)
        body = prism(_rounded(x, y, 0.09), 0.0, 0.75 * z, cloth, "clutter")
        flap = prism(_rounded(0.8 * x, 0.7 * y, 0.07), 0.75 * z, 0.93 * z, cloth, "clutter")
        mesh = joined([body, flap, box((0, 0, 0.96 * z), (0.12, 0.03, 0.06 * z), BLACK, "clutter")], "bag")
    return Piece([mesh], [Obstacle(rectangle(-x / 2, -y / 2, x / 2, y / 2), 0.0, z, "box")])
