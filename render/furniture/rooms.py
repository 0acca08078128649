"""What stands in kitchens, meeting rooms and along walls. A wall piece's own frame: its back is at -Y, the wall at y = 0."""

from __future__ import annotations

import math

import numpy as np
from shapely import box as rectangle
from shapely.geometry import Point

from assets.mesh import Material, Mesh
from render.furniture.basic import BLACK, CLUTTER_COLORS, PAPER, STEEL, WHITE, Piece, desk, screen
from render.place import Obstacle
from render.solids import blob, box, cylinder, joined, moved, prism, quad

ENAMEL = Material("whiteboard", (0.84, 0.85, 0.86), roughness=0.2, specular=0.5)
INKS = ((0.02, 0.03, 0.2), (0.35, 0.02, 0.02), (0.01, 0.15, 0.04), (0.02, 0.02, 0.02))
COATS = ((0.015, 0.015, 0.02), (0.03, 0.04, 0.08), (0.09, 0.075, 0.05), (0.12, 0.02, 0.02), (0.05, 0.06, 0.04))
WORKTOP = Material(
    "worktop", (0.2, 0.19, 0.18), roughness=0.35, pattern="noise", second_color=(0.3, 0.29, 0.28), scale_m=0.01
)


def partition(length_m: float, height_m: float, cloth: Material) -> Piece:
    """A low wall of cloth in a frame, along x about the origin."""
    parts = [
        box((0, 0, height_m / 2 + 0.03), (length_m - 0.04, 0.045, height_m - 0.06), cloth, "partition"),
        box((0, 0, height_m - 0.01), (length_m, 0.05, 0.02), STEEL, "partition"),
        *(
            box((side * (length_m / 2 - 0.01), 0, height_m / 2), (0.02, 0.05, height_m), STEEL, "partition")
            for side in (-1, 1)
        ),
    ]
    space = rectangle(-length_m / 2, -0.025, length_m / 2, 0.025)
    return Piece([joined(parts, "partition")], [Obstacle(space, 0.0, height_m, "partition")])


def glass_wall(length_m: float, height_m: float) -> Piece:
    """Frames of a glass wall with a frosted band at the height of eyes, along x."""
    count = max(1, round(length_m / 1.1))
    posts = [-length_m / 2 + number * length_m / count for number in range(count + 1)]
    frosted = Material("frosted glass", (0.6, 0.63, 0.64), roughness=0.5)
    parts = [box((x, 0, height_m / 2), (0.04, 0.05, height_m), STEEL, "partition") for x in posts]
    parts += [box((0, 0, z), (length_m, 0.05, 0.05), STEEL, "partition") for z in (0.025, height_m - 0.025)]
    parts.append(box((0, 0, 1.25), (length_m, 0.012, 0.3), frosted, "partition"))
    space = rectangle(-length_m / 2, -0.03, length_m / 2, 0.03)
    return Piece([joined(parts, "glass wall")], [Obstacle(space, 0.0, height_m, "partition")])


def wall_whiteboard(rng: np.random.Generator, width_m: float) -> Piece:
    """A whiteboard on the wall with what somebody wrote on it."""
    height = float(rng.uniform(0.9, 1.15))
    parts = [box((0, 0.012, 1.45), (width_m, 0.02, height), ENAMEL, "whiteboard"), *_frame(width_m, height, 1.45)]
    parts += _writing(rng, width_m, height, 0.0235, 1.45)
    parts.append(box((0, 0.05, 1.45 - height / 2), (0.5, 0.07, 0.02), STEEL, "whiteboard"))
    space = rectangle(-width_m / 2, 0.0, width_m / 2, 0.09)
    return Piece([joined(parts, "whiteboard")], [Obstacle(space, 0.8, 2.1, "whiteboard")])


def whiteboard_stand(rng: np.random.Generator) -> Piece:
    """A whiteboard on castors."""
    width, height = float(rng.uniform(1.1, 1.6)), 1.0
    parts = [
        box((0, 0, 1.35), (width, 0.025, height), ENAMEL, "whiteboard"),
        *_writing(rng, width, height, 0.0145, 1.35),
    ]
    for side in (-1, 1):
        parts.append(box((side * (width / 2 - 0.03), 0, 0.75), (0.035, 0.035, 1.4), STEEL, "whiteboard"))
        parts.append(box((side * (width / 2 - 0.03), 0, 0.06), (0.04, 0.5, 0.03), STEEL, "whiteboard"))
    space = rectangle(-width / 2 - 0.02, -0.26, width / 2 + 0.02, 0.26)
    return Piece([joined(parts, "whiteboard on castors")], [Obstacle(space, 0.0, 1.86, "whiteboard")])


def _frame(width_m: float, height_m: float, middle_m: float) -> list[Mesh]:
    sides = [
        box((s * width_m / 2, 0.014, middle_m), (0.02, 0.028, height_m + 0.02), STEEL, "whiteboard") for s in (-1, 1)
    ]
    return sides + [
        box((0, 0.014, middle_m + s * height_m / 2), (width_m + 0.02, 0.028, 0.02), STEEL, "whiteboard")
        for s in (-1, 1)
    ]


def _writing(rng: np.random.Generator, width_m: float, height_m: float, front_m: float, middle_m: float) -> list[Mesh]:
    """Lines of writing and boxes of a diagram, thin strips just before the board; often little or none."""
    strips = []
    for _ in range(int(rng.integers(0, 5))):
        ink = Material("marker", INKS[int(rng.integers(len(INKS)))], roughness=0.5)
        x, z = rng.uniform(-0.42, 0.1) * width_m, middle_m + rng.uniform(-0.3, 0.4) * height_m
        for line in range(int(rng.integers(1, 6))):
            long = float(rng.uniform(0.1, 0.35)) * width_m
            strips.append(_strip(x, z - 0.06 * line, long, 0.012, front_m, ink))
        if rng.random() < 0.4:
            wide, tall = float(rng.uniform(0.1, 0.3)) * width_m, float(rng.uniform(0.1, 0.3)) * height_m
            strips += [_strip(x, z, wide, 0.01, front_m, ink), _strip(x, z - tall, wide, 0.01, front_m, ink)]
            strips += [
                _strip(x, z - tall, 0.01, tall, front_m, ink),
                _strip(x + wide, z - tall, 0.01, tall, front_m, ink),
            ]
    return strips


def _strip(x_m: float, z_m: float, wide_m: float, tall_m: float, front_m: float, ink: Material) -> Mesh:
    corners = [
        [x_m + wide_m, front_m, z_m],
        [x_m, front_m, z_m],
        [x_m, front_m, z_m + tall_m],
        [x_m + wide_m, front_m, z_m + tall_m],
    ]
    return quad(np.array(corners, float), ink, "whiteboard")


def kitchen_counter(rng: np.random.Generator, length_m: float) -> Piece:
    """A kitchen line: doors, worktop, sink, coffee machine, kettle and cups."""
    front = Material("kitchen front", tuple(np.round(rng.uniform(0.3, 0.8) * np.ones(3), 3).tolist()), roughness=0.4)  # type: ignore[arg-type]
    parts = [
        box((0, 0, 0.48), (length_m, 0.58, 0.8), front, "cabinet"),
        box((0, 0, 0.9), (length_m, 0.64, 0.04), WORKTOP, "cabinet"),
    ]
    doors = max(1, round(length_m / 0.6))
    for number in range(doors):
        x = -length_m / 2 + (number + 0.5) * length_m / doors
        parts.append(box((x, 0.296, 0.82), (0.3, 0.015, 0.02), STEEL, "cabinet"))
    sink = -length_m / 2 + length_m * float(rng.uniform(0.2, 0.4))
    parts += [
        box((sink, 0.02, 0.921), (0.5, 0.4, 0.004), STEEL, "cabinet"),
        box((sink, 0.02, 0.924), (0.38, 0.3, 0.004), BLACK, "cabinet"),
        cylinder((sink, -0.2, 0.92), 0.015, 0.25, STEEL, "cabinet", 8),
        box((sink, -0.11, 1.16), (0.025, 0.2, 0.025), STEEL, "cabinet"),
    ]
    machine = sink + max(0.6, length_m * 0.35)
    if machine + 0.2 < length_m / 2:
        parts += [
            box((machine, -0.08, 1.1), (0.3, 0.4, 0.36), BLACK, "clutter"),
            box((machine, 0.1, 1.0), (0.2, 0.1, 0.02), STEEL, "clutter"),
        ]
    parts += [
        _cup(rng, float(rng.uniform(-0.48, 0.48)) * length_m, float(rng.uniform(-0.1, 0.2)), 0.92)
        for _ in range(int(rng.integers(2, 9)))
    ]
    space = rectangle(-length_m / 2, -0.32, length_m / 2, 0.32)
    return Piece([joined(parts, "kitchen counter")], [Obstacle(space, 0.0, 0.92, "counter")])


def _cup(rng: np.random.Generator, x_m: float, y_m: float, z_m: float) -> Mesh:
    paint = Material("cup", CLUTTER_COLORS[int(rng.integers(len(CLUTTER_COLORS)))], roughness=0.3)
    return cylinder((x_m, y_m, z_m), 0.04, 0.09, paint if rng.random() < 0.6 else WHITE, "clutter", 10)


def fridge(rng: np.random.Generator) -> Piece:
    look, height = (WHITE if rng.random() < 0.5 else STEEL), float(rng.uniform(1.3, 1.95))
    parts = [box((0, 0, height / 2), (0.6, 0.62, height), look, "cabinet")]
    parts += [box((0.24, 0.325, height * z), (0.02, 0.03, 0.3), STEEL, "cabinet") for z in (0.35, 0.75)]
    return Piece([joined(parts, "fridge")], [Obstacle(rectangle(-0.3, -0.31, 0.3, 0.34), 0.0, height, "fridge")])


def high_table(rng: np.random.Generator) -> Piece:
    """A round or square table to stand at."""
    side = float(rng.uniform(0.6, 0.8))
    shape = (
        Point(0, 0).buffer(side / 2, quad_segs=6)
        if rng.random() < 0.6
        else rectangle(-side / 2, -side / 2, side / 2, side / 2)
    )
    parts = [
        prism(shape, 1.07, 1.1, WHITE, "desk"),
        cylinder((0, 0, 0.02), 0.035, 1.05, STEEL, "desk", 10),
        cylinder((0, 0, 0.0), 0.24, 0.02, STEEL, "desk", 16),
    ]
    parts += [
        _cup(rng, float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.2, 0.2)), 1.1)
        for _ in range(int(rng.integers(0, 3)))
    ]
    return Piece([joined(parts, "high table")], [Obstacle(shape, 0.0, 1.1, "table")])


def coffee_table(rng: np.random.Generator) -> Piece:
    wood = Material(
        "coffee table", (0.3, 0.2, 0.11), roughness=0.4, pattern="wood", second_color=(0.22, 0.13, 0.07), scale_m=0.12
    )
    x, y = float(rng.uniform(0.4, 0.55)), float(rng.uniform(0.25, 0.32))
    parts = [box((0, 0, 0.385), (2 * x, 2 * y, 0.03), wood, "desk")]
    parts += [
        box((sx * (x - 0.04), sy * (y - 0.04), 0.185), (0.04, 0.04, 0.37), BLACK, "desk")
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    parts += [
        box((*rng.uniform(-0.2, 0.2, 2).tolist(), 0.405), (0.21, 0.28, 0.008), PAPER, "clutter")
        for _ in range(int(rng.integers(0, 3)))
    ]
    parts += [
        _cup(rng, float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.2, 0.2)), 0.4)
        for _ in range(int(rng.integers(0, 3)))
    ]
    return Piece([joined(parts, "coffee table")], [Obstacle(rectangle(-x, -y, x, y), 0.0, 0.4, "table")])


def meeting_table(length_m: float, depth_m: float, shape: str, height_m: float, top: Material) -> Piece:
    """A table for meetings: rect, oval or round (its diameter is length_m)."""
    if shape == "rect":
        return desk(length_m, depth_m, height_m, top, STEEL, False)
    outline = Point(0, 0).buffer(length_m / 2, quad_segs=10)
    if shape == "oval":
        straight = max(length_m - depth_m, 0.0) / 2
        outline = rectangle(-straight, -1e-3, straight, 1e-3).buffer(depth_m / 2, quad_segs=8)
    feet = [0.0] if shape == "round" else [-length_m / 4, length_m / 4]
    parts = [prism(outline, height_m - 0.03, height_m, top, "desk")]
    for x in feet:
        parts += [
            cylinder((x, 0, 0.02), 0.06, height_m - 0.05, STEEL, "desk", 10),
            cylinder((x, 0, 0), 0.3, 0.025, STEEL, "desk", 16),
        ]
    return Piece([joined(parts, "meeting table")], [Obstacle(outline, height_m - 0.05, height_m, "desk")])


def printer(rng: np.random.Generator) -> Piece:
    """A floor-standing copier."""
    grey = Material("printer", (0.5, 0.5, 0.5) if rng.random() < 0.6 else (0.08, 0.08, 0.085), roughness=0.45)
    parts = [
        box((0, 0, 0.42), (0.58, 0.6, 0.84), grey, "furniture"),
        box((0, -0.03, 0.95), (0.56, 0.5, 0.2), WHITE, "furniture"),
        box((0, -0.03, 1.075), (0.5, 0.42, 0.05), grey, "furniture"),
        box((0.18, 0.26, 0.98), (0.18, 0.1, 0.03), BLACK, "screen"),
    ]
    return Piece([joined(parts, "printer")], [Obstacle(rectangle(-0.3, -0.31, 0.3, 0.32), 0.0, 1.1, "printer")])


def coat_rack(rng: np.random.Generator) -> Piece:
    """A stand with coats on it: as tall as a person, and from above much like one."""
    parts = [
        cylinder((0, 0, 0), 0.2, 0.03, STEEL, "clutter", 14),
        cylinder((0, 0, 0.03), 0.02, 1.7, STEEL, "clutter", 8),
    ]
    for number in range(int(rng.integers(1, 5))):
        cloth = Material("coat", COATS[int(rng.integers(len(COATS)))], roughness=0.9, pattern="noise", scale_m=0.03)
        angle, long = number * 1.7 + float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.35, 0.55))
        x, y = 0.11 * math.cos(angle), 0.11 * math.sin(angle)
        parts.append(moved(blob((0, 0, 1.6 - long), (0.09, 0.19, long), cloth, "clutter", 8, 12), x, y, angle))
    return Piece([joined(parts, "coat rack")], [Obstacle(rectangle(-0.26, -0.26, 0.26, 0.26), 0.0, 1.75, "coats")])


def lockers(rng: np.random.Generator, width_m: float) -> Piece:
    paint = Material("locker", tuple(np.round(rng.uniform(0.15, 0.7, 3), 3).tolist()), roughness=0.45)  # type: ignore[arg-type]
    count, height = max(1, round(width_m / 0.4)), float(rng.choice([1.2, 1.8]))
    parts = [box((0, 0, height / 2), (width_m, 0.45, height), paint, "cabinet")]
    for number in range(1, count):
        parts.append(
            box(
                (-width_m / 2 + number * width_m / count, 0.226, height / 2),
                (0.012, 0.006, height - 0.04),
                BLACK,
                "cabinet",
            )
        )
    space = rectangle(-width_m / 2, -0.225, width_m / 2, 0.23)
    return Piece([joined(parts, "lockers")], [Obstacle(space, 0.0, height, "lockers")])


def column(side_m: float, height_m: float) -> Piece:
    paint = Material(
        "column", (0.66, 0.65, 0.63), roughness=0.85, pattern="noise", second_color=(0.62, 0.61, 0.59), scale_m=0.3
    )
    space = rectangle(-side_m / 2, -side_m / 2, side_m / 2, side_m / 2)
    return Piece(
        [box((0, 0, height_m / 2), (side_m, side_m, height_m), paint, "wall")],
        [Obstacle(space, 0.0, height_m, "column")],
    )


def water_cooler(rng: np.random.Generator) -> Piece:
    blue = Material("water bottle", (0.25, 0.45, 0.6), roughness=0.15, specular=0.6)
    parts = [
        box((0, 0, 0.5), (0.32, 0.34, 1.0), WHITE if rng.random() < 0.7 else BLACK, "furniture"),
        cylinder((0, 0, 1.0), 0.13, 0.36, blue, "furniture", 14),
    ]
    return Piece([joined(parts, "water cooler")], [Obstacle(rectangle(-0.17, -0.18, 0.17, 0.18), 0.0, 1.36, "cooler")])


def screens(rng: np.random.Generator, count: int, width_m: float, desk_m: float) -> Piece:
    """One to three monitors side by side, the outer ones turned to the middle, facing +Y."""
    pieces = []
    for number in range(count):
        aside = number - (count - 1) / 2
        pieces.append(screen(rng, width_m, desk_m).placed(aside * (width_m + 0.02), 0.05 * abs(aside), 0.22 * aside))
    return Piece(
        [mesh for piece in pieces for mesh in piece.meshes], [one for piece in pieces for one in piece.obstacles]
    )


def sit_stand_desk(width_m: float, depth_m: float, height_m: float, top: Material) -> Piece:
    """A desk on two lifting columns with feet."""
    parts = [box((0, 0, height_m - 0.0125), (width_m, depth_m, 0.025), top, "desk")]
    for side in (-1, 1):
        x = side * (width_m / 2 - 0.25)
        parts.append(box((x, 0, height_m / 2), (0.08, 0.06, height_m - 0.05), STEEL, "desk"))
        parts.append(box((x, 0, 0.02), (0.07, depth_m - 0.08, 0.035), STEEL, "desk"))
        parts.append(box((x, 0, height_m - 0.04), (0.05, depth_m - 0.15, 0.03), STEEL, "desk"))
    parts.append(box((0, 0, height_m - 0.05), (width_m - 0.55, 0.05, 0.035), STEEL, "desk"))
    slab = Obstacle(rectangle(-width_m / 2, -depth_m / 2, width_m / 2, depth_m / 2), height_m - 0.05, height_m, "desk")
    return Piece([joined(parts, "sit-stand desk")], [slab])


def exit_sign() -> Piece:
    green = Material("exit sign", (0.02, 0.4, 0.12), emission=0.5)
    return Piece([joined([box((0, 0.02, 2.25), (0.32, 0.03, 0.16), green, "lamp")], "exit sign")])


def wall_clock() -> Piece:
    parts = [moved(_disc(0.16, BLACK, 0.03), 0, 0, 0, 2.2), moved(_disc(0.145, WHITE, 0.034), 0, 0, 0, 2.2)]
    parts += [
        box((0, 0.036, 2.24), (0.01, 0.003, 0.09), BLACK, "clutter"),
        box((0.03, 0.036, 2.2), (0.07, 0.003, 0.01), BLACK, "clutter"),
    ]
    return Piece([joined(parts, "wall clock")])


def _disc(radius_m: float, look: Material, front_m: float) -> Mesh:
    """An upright disc in the wall plane, from the wall to front_m."""
    flat = cylinder((0, 0, 0), radius_m, front_m, look, "clutter", 20)
    x, y, z = flat.vertices_m.T
    flat.vertices_m = np.column_stack([x, z, -y]).astype(np.float32)
    return flat


def distractor(rng: np.random.Generator) -> Piece:
    """A thing of no use of any colour on the floor."""
    look = Material("thing", tuple(np.round(rng.uniform(0.02, 0.9, 3), 3).tolist()), roughness=0.6)  # type: ignore[arg-type]
    x, y, z = rng.uniform(0.1, 0.5, 3).tolist()
    mesh = (
        box((0, 0, z / 2), (x, y, z), look, "clutter")
        if rng.random() < 0.5
        else cylinder((0, 0, 0), x / 2, z, look, "clutter", 14)
    )
    reach = max(x, y) / 2
    return Piece([mesh], [Obstacle(rectangle(-reach, -reach, reach, reach), 0.0, z, "box")])
