"""What people sit on, and what hangs over it. A seat's own frame: its sitter looks along -Y, its back is at +Y."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from shapely import affinity
from shapely import box as rectangle
from shapely.geometry import Polygon

from assets.mesh import Material, Mesh
from render.furniture.basic import BLACK, STEEL, WHITE, Piece, four_leg_chair, task_chair
from render.place import Obstacle
from render.solids import blob, box, cylinder, joined, moved, prism, solid

ChairMake = Literal["task", "mesh", "executive", "visitor", "stool", "conference"]
CHAIR_MAKES: tuple[ChairMake, ...] = ("task", "mesh", "executive", "visitor", "stool", "conference")
MESH = Material(
    "chair mesh", (0.025, 0.025, 0.028), roughness=0.7, pattern="mesh", second_color=(0.07, 0.07, 0.075), scale_m=0.012
)
LEATHER = Material(
    "leather",
    (0.018, 0.016, 0.015),
    roughness=0.4,
    specular=0.45,
    pattern="leather",
    second_color=(0.05, 0.045, 0.04),
    scale_m=0.02,
)


def chair(rng: np.random.Generator, make: str, cloth: Material, seat_m: float) -> Piece:
    """A chair of a make; some things differ from piece to piece of one make (arms, head rest)."""
    if make == "task":
        return task_chair(cloth, seat_m, arms=bool(rng.random() < 0.5))
    if make == "mesh":
        return _swivel(seat_m, cloth, MESH, 0.62, 0.45, arms=True, head_rest=bool(rng.random() < 0.35))
    if make == "executive":
        return _swivel(seat_m, LEATHER, LEATHER, 0.72, 0.5, arms=True, head_rest=False, thick_m=0.09)
    if make == "stool":
        return _stool(cloth, seat_m)
    if make == "conference":
        return _shell_chair(cloth, seat_m)
    return four_leg_chair(cloth, seat_m, STEEL if rng.random() < 0.6 else WHITE)


def _swivel(
    seat_m: float,
    seat: Material,
    back: Material,
    back_m: float,
    width_m: float,
    arms: bool,
    head_rest: bool,
    thick_m: float = 0.03,
) -> Piece:
    """A swivel chair with a curved one-piece back, a five-pointed foot on castors, arms and perhaps a head rest."""
    top = seat_m + back_m
    parts = [*_foot(seat_m), prism(_rounded(0.5, 0.48, 0.13), seat_m - 0.07, seat_m, seat, "chair")]
    parts.append(_arched(back, seat_m + 0.1, top, width_m, thick_m))
    parts.append(box((0, 0.28, seat_m + 0.03), (0.07, 0.035, 0.3), BLACK, "chair"))
    if arms:
        for side in (-1, 1):
            parts.append(
                prism(
                    _moved(_rounded(0.07, 0.26, 0.03), side * 0.28, 0.02), seat_m + 0.2, seat_m + 0.225, BLACK, "chair"
                )
            )
            parts.append(box((side * 0.28, 0.06, seat_m + 0.06), (0.03, 0.06, 0.28), BLACK, "chair"))
    if head_rest:
        parts.append(moved(box((0, 0, top + 0.12), (0.28, 0.045, 0.15), back, "chair", -0.1), 0, 0.3))
        top += 0.2
    return Piece([joined(parts, "chair")], [Obstacle(rectangle(-0.27, -0.25, 0.27, 0.34), 0.0, top, "chair")])


def _foot(seat_m: float) -> list[Mesh]:
    parts = [
        cylinder((0, 0, 0.07), 0.028, seat_m - 0.14, STEEL, "chair", 8),
        cylinder((0, 0, 0.06), 0.045, 0.06, BLACK, "chair", 8),
    ]
    for arm in range(5):
        angle = arm * 2 * math.pi / 5 + 0.3
        parts.append(moved(box((0.15, 0, 0.08), (0.28, 0.04, 0.03), BLACK, "chair"), 0, 0, angle))
        parts.append(blob((0.29 * math.cos(angle), 0.29 * math.sin(angle), 0.03), (0.028,) * 3, BLACK, "chair", 4, 6))
    return parts


def _arched(material: Material, bottom_m: float, top_m: float, width_m: float, thick_m: float) -> Mesh:
    """A back of one piece: curved around the sitter and along the spine, its upper corners rounded."""
    columns, rows = 9, 8
    u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(0, 1, rows))
    narrow = 1 - 0.25 * np.clip((v - 0.7) / 0.3, 0, 1) ** 2
    x = u * width_m / 2 * narrow
    y = 0.29 - 0.07 * u**2 + 0.09 * v + 0.03 * np.sin(math.pi * (v - 0.1))
    z = bottom_m + (top_m - bottom_m) * v - 0.05 * u**4 * (v > 0.8)
    front = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    behind = front + np.array([0, thick_m, 0])
    count = columns * rows
    cells = np.arange(count).reshape(rows, columns)
    a, b, c, d = cells[:-1, :-1].ravel(), cells[:-1, 1:].ravel(), cells[1:, 1:].ravel(), cells[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    rim = np.concatenate([cells[0, :], cells[1:, -1], cells[-1, -2::-1], cells[-2:0:-1, 0]])
    after = np.roll(rim, -1)
    sides = np.concatenate([np.stack([rim, rim + count, after + count], 1), np.stack([rim, after + count, after], 1)])
    triangles = np.concatenate([faces, faces[:, ::-1] + count, sides])
    return solid(np.concatenate([front, behind]), triangles, material, "chair", smooth=True)


def _stool(cloth: Material, seat_m: float) -> Piece:
    parts = [*_foot(seat_m), cylinder((0, 0, seat_m - 0.07), 0.18, 0.07, cloth, "chair", 16)]
    return Piece([joined(parts, "stool")], [Obstacle(rectangle(-0.2, -0.2, 0.2, 0.2), 0.0, seat_m, "chair")])


def _shell_chair(cloth: Material, seat_m: float) -> Piece:
    """A moulded shell on a sledge of bent tube."""
    parts = [prism(_rounded(0.46, 0.44, 0.1), seat_m - 0.02, seat_m, cloth, "chair")]
    parts.append(_arched(cloth, seat_m + 0.02, seat_m + 0.38, 0.44, 0.015))
    for side in (-1, 1):
        parts.append(box((side * 0.2, 0.0, 0.012), (0.022, 0.46, 0.022), STEEL, "chair"))
        parts.append(box((side * 0.2, -0.19, seat_m / 2), (0.022, 0.022, seat_m - 0.02), STEEL, "chair"))
        parts.append(box((side * 0.2, 0.2, seat_m / 2), (0.022, 0.022, seat_m - 0.02), STEEL, "chair"))
    return Piece([joined(parts, "chair")], [Obstacle(rectangle(-0.25, -0.25, 0.25, 0.32), 0.0, seat_m + 0.38, "chair")])


def jacket_over_chair(rng: np.random.Generator, cloth: Material) -> Piece:
    """A jacket hung over the back of a chair: shoulders without a head. Frame of the chair that it hangs on."""
    top, wide = float(rng.uniform(0.92, 1.0)), float(rng.uniform(0.4, 0.47))
    parts = [
        blob((0, 0.36, top - 0.05), (wide / 2, 0.085, 0.075), cloth, "clutter", 6, 14),
        moved(box((0, 0, 0), (wide * 0.94, 0.055, 0.5), cloth, "clutter", 0.06), 0, 0.41, 0, top - 0.3),
        moved(box((0, 0, 0), (wide * 0.8, 0.04, 0.34), cloth, "clutter", -0.1), 0, 0.27, 0, top - 0.22),
    ]
    parts += [
        blob((side * (wide / 2 - 0.01), 0.38, top - 0.28), (0.055, 0.06, 0.25), cloth, "clutter", 6, 10)
        for side in (-1, 1)
    ]
    return Piece([joined(parts, "jacket over a chair")])


def sofa(rng: np.random.Generator, width_m: float, cloth: Material) -> Piece:
    """A sofa for as many as it is wide."""
    seats = max(1, round((width_m - 0.3) / 0.62))
    each = (width_m - 0.3) / seats
    parts = [box((0, 0.02, 0.16), (width_m - 0.02, 0.78, 0.2), cloth, "chair")]
    for number in range(seats):
        x = -width_m / 2 + 0.15 + (number + 0.5) * each
        parts.append(_cushion(x, -0.05, 0.33, each - 0.02, 0.62, 0.15, cloth))
        parts.append(moved(_cushion(0, 0, 0.56, each - 0.03, 0.18, 0.4, cloth), x, 0.3))
    for side in (-1, 1):
        parts.append(box((side * (width_m / 2 - 0.075), 0.0, 0.31), (0.15, 0.82, 0.58), cloth, "chair"))
    if rng.random() < 0.5:
        x = float(rng.uniform(-0.3, 0.3)) * width_m
        parts.append(moved(blob((0, 0, 0.5), (0.2, 0.07, 0.2), _other(cloth, rng), "clutter", 6, 10), x, 0.2))
    space = rectangle(-width_m / 2, -0.41, width_m / 2, 0.42)
    return Piece([joined(parts, "sofa")], [Obstacle(space, 0.0, 0.78, "chair")])


def armchair(rng: np.random.Generator, cloth: Material) -> Piece:
    """A sofa for one."""
    return sofa(rng, float(rng.uniform(0.78, 0.86)), cloth)


def _cushion(
    x_m: float, y_m: float, z_m: float, width_m: float, depth_m: float, height_m: float, cloth: Material
) -> Mesh:
    flat = blob((x_m, y_m, z_m), (width_m * 0.58, depth_m * 0.58, height_m * 0.62), cloth, "chair", 8, 16)
    low, high = (
        np.array([x_m, y_m, z_m]) - np.array([width_m, depth_m, height_m]) / 2,
        np.array([x_m, y_m, z_m]) + np.array([width_m, depth_m, height_m]) / 2,
    )
    flat.vertices_m = np.clip(flat.vertices_m, low, high).astype(np.float32)
    return flat


def _other(cloth: Material, rng: np.random.Generator) -> Material:
    red, green, blue = (float(np.round(value, 3)) for value in rng.uniform(0.03, 0.6, 3))
    return Material("cushion", (red, green, blue), roughness=cloth.roughness, pattern="noise")


def _rounded(width_m: float, depth_m: float, corner_m: float) -> Polygon:
    x, y = width_m / 2 - corner_m, depth_m / 2 - corner_m
    return rectangle(-x, -y, x, y).buffer(corner_m, quad_segs=4)


def _moved(shape: Polygon, x_m: float, y_m: float) -> Polygon:
    return affinity.translate(shape, x_m, y_m)
