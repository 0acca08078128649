"""What hangs on the walls of offices and stands flat against them. Own frame: the wall at y = 0, the room at +Y.

x runs along the wall from the piece's middle, z is the height above the floor: a piece hangs where it says. Pieces that
reach far enough into the room to be in somebody's way have obstacles; flat ones have none.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from shapely import box as rectangle

from assets.mesh import Material, Mesh
from render.furniture.basic import BLACK, CLUTTER_COLORS, PAPER, STEEL, WHITE, Piece, Rgb
from render.furniture.rooms import COATS
from render.place import Obstacle
from render.solids import blob, box, cylinder, joined, moved, quad, solid

_CORK = Material("cork", (0.32, 0.2, 0.11), 0.95, pattern="noise", second_color=(0.24, 0.14, 0.07), scale_m=0.01)
_FELT = Material("felt", (0.06, 0.09, 0.16), 0.95)
_RED = Material("red enamel", (0.45, 0.015, 0.01), roughness=0.3)
_SIGN_GREEN = Material("sign", (0.01, 0.28, 0.1), roughness=0.5)
_BOARD = Material("board", (0.35, 0.24, 0.14), 0.5, pattern="wood", second_color=(0.27, 0.17, 0.09), scale_m=0.1)
_CURTAINS: tuple[Rgb, ...] = (
    (0.55, 0.52, 0.46), (0.3, 0.3, 0.31), (0.12, 0.12, 0.13), (0.1, 0.14, 0.22), (0.35, 0.12, 0.09), (0.6, 0.6, 0.6),
    (0.16, 0.2, 0.14), (0.4, 0.3, 0.18),
)  # fmt: skip
_FOLD_M = 0.11
"""Width of a curtain's folds."""
_MOST_STEPS = 30
_VARIANTS = 40
HANGINGS: dict[str, float] = {
    "poster": 4, "noticeboard": 2, "shelf": 1.6, "coats": 1.5, "screen": 0.7, "first aid": 0.5, "extinguisher": 0.7,
}  # fmt: skip
"""How often each kind hangs on a wall."""


def _sheet(x0: float, x1: float, z0: float, z1: float, front_m: float, look: Material, kind: str = "clutter") -> Mesh:
    """An upright sheet that faces the room."""
    corners = np.array([[x1, front_m, z0], [x0, front_m, z0], [x0, front_m, z1], [x1, front_m, z1]], float)
    return quad(corners, look, kind)


def _color(rng: np.random.Generator, name: str = "print") -> Material:
    return Material(name, CLUTTER_COLORS[int(rng.integers(len(CLUTTER_COLORS)))], roughness=0.7)


def poster(rng: np.random.Generator) -> Piece:
    """A poster, a calendar or a framed picture: a ground and one to four blocks of colour."""
    wide, tall = float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.3, 1.1))
    middle = float(rng.uniform(1.4, 1.65))
    edge = (BLACK, WHITE, PAPER)[int(rng.integers(3))]
    parts = [box((0, 0.008, middle), (wide, 0.016, tall), edge, "clutter")]
    ground = _color(rng) if rng.random() < 0.6 else PAPER
    parts.append(_sheet(-0.48 * wide, 0.48 * wide, middle - 0.48 * tall, middle + 0.48 * tall, 0.017, ground))
    for layer in range(int(rng.integers(1, 5))):
        x, z = rng.uniform(-0.44, 0.1) * wide, middle + rng.uniform(-0.44, 0.1) * tall
        x1, z1 = x + rng.uniform(0.1, 0.34) * wide, z + rng.uniform(0.05, 0.34) * tall
        parts.append(_sheet(x, x1, z, z1, 0.0185 + 0.001 * layer, _color(rng)))
    return Piece([joined(parts, "poster")])


def noticeboard(rng: np.random.Generator) -> Piece:
    """A board of cork or felt with sheets pinned to it, a few of them askew."""
    wide, tall, middle = float(rng.uniform(0.7, 1.6)), float(rng.uniform(0.6, 1.0)), 1.5
    ground = _CORK if rng.random() < 0.6 else _FELT
    parts = [
        box((0, 0.01, middle), (wide, 0.02, tall), STEEL if rng.random() < 0.6 else _BOARD, "clutter"),
        _sheet(-wide / 2 + 0.02, wide / 2 - 0.02, middle - tall / 2 + 0.02, middle + tall / 2 - 0.02, 0.021, ground),
    ]
    for layer in range(int(rng.integers(4, 20))):
        w, h = ((0.21, 0.297), (0.15, 0.21), (0.09, 0.09))[int(rng.integers(3))]
        x, z = rng.uniform(-0.5, 0.5) * (wide - w - 0.08), rng.uniform(-0.5, 0.5) * (tall - h - 0.08)
        look = PAPER if rng.random() < 0.7 else _color(rng)
        parts.append(_sheet(x - w / 2, x + w / 2, middle + z - h / 2, middle + z + h / 2, 0.022 + 0.0006 * layer, look))
    return Piece([joined(parts, "noticeboard")])


def wall_shelf(rng: np.random.Generator) -> Piece:
    """A board on the wall with books and boxes on it."""
    wide, deep, high = float(rng.uniform(0.7, 1.5)), float(rng.uniform(0.2, 0.28)), float(rng.uniform(1.45, 1.75))
    look = (_BOARD, WHITE, BLACK)[int(rng.integers(3))]
    parts = [box((0, deep / 2, high), (wide, deep, 0.022), look, "shelf")]
    parts += [box((s * 0.4 * wide, deep / 2, high - 0.03), (0.02, 0.8 * deep, 0.04), STEEL, "shelf") for s in (-1, 1)]
    x, top = -wide / 2 + 0.02, high
    while x < wide / 2 - 0.12 and len(parts) < 11:
        run, tall = min(float(rng.uniform(0.05, 0.3)), wide / 2 - 0.02 - x), float(rng.uniform(0.12, 0.31))
        middle = (x + run / 2, 0.45 * deep + 0.01, high + 0.011 + tall / 2)
        parts.append(box(middle, (run, 0.75 * deep, tall), _color(rng, "binder"), "shelf"))
        top = max(top, high + 0.011 + tall)
        x += run + float(rng.choice([0.004, 0.02, 0.2]))
    space = Obstacle(rectangle(-wide / 2, 0.0, wide / 2, deep), high - 0.05, top, "shelf")
    return Piece([joined(parts, "wall shelf")], [space])


def radiator(rng: np.random.Generator) -> Piece:
    """A panel radiator with its pipe."""
    wide, tall = float(rng.uniform(0.7, 1.7)), float(rng.uniform(0.45, 0.6))
    parts = [box((0, 0.07, 0.12 + tall / 2), (wide, 0.08, tall), WHITE, "furniture")]
    lines = min(12, int(wide / 0.12))
    for n in range(lines):
        x = (n + 0.5) * wide / lines - wide / 2
        parts.append(_sheet(x - 0.006, x + 0.006, 0.15, 0.09 + tall, 0.1105, STEEL, "furniture"))
    parts.append(box((wide / 2 + 0.05, 0.06, 0.16), (0.12, 0.02, 0.02), WHITE, "furniture"))
    parts.append(box((wide / 2 + 0.1, 0.06, 0.08), (0.02, 0.02, 0.16), WHITE, "furniture"))
    space = Obstacle(rectangle(-wide / 2, 0.0, wide / 2 + 0.11, 0.115), 0.0, 0.12 + tall, "radiator")
    return Piece([joined(parts, "radiator")], [space])


def trunking(rng: np.random.Generator, length_m: float, height_m: float) -> Piece:
    """A cable duct along the wall with sockets on it."""
    parts = [box((0, 0.03, height_m), (length_m, 0.06, 0.11), WHITE, "wall")]
    for n in range(min(20, int(length_m / 0.8))):
        x = (n + 0.5) * 0.8 - length_m / 2 + float(rng.uniform(-0.2, 0.2))
        parts.append(_sheet(x - 0.06, x + 0.06, height_m - 0.035, height_m + 0.035, 0.0605, PAPER, "wall"))
    return Piece([joined(parts, "trunking")])


def pipe(rng: np.random.Generator, ceiling_m: float) -> Piece:
    """A pipe or a boxed-in duct from floor to ceiling."""
    look, r = (WHITE if rng.random() < 0.6 else STEEL), float(rng.uniform(0.025, 0.06))
    mesh = cylinder((0, r + 0.02, 0), r, ceiling_m, look, "wall", 8)
    space = Obstacle(rectangle(-r, 0.0, r, 2 * r + 0.02), 0.0, ceiling_m, "pipe")
    return Piece([mesh], [space])


def curtain_cloth(rng: np.random.Generator) -> Material:
    """What an office's curtains are made of."""
    red, green, blue = (
        round(float(min(0.85, c * rng.uniform(0.8, 1.25))), 4) for c in _CURTAINS[int(rng.integers(len(_CURTAINS)))]
    )
    return Material("curtain", (red, green, blue), roughness=0.95)


def curtain(
    rng: np.random.Generator, width_m: float, bottom_m: float, top_m: float, cloth: Material, from_wall_m: float = 0.16
) -> Piece:
    """A curtain that hangs in folds, from a rail at top_m down to bottom_m."""
    deep = float(rng.uniform(0.02, 0.035))
    steps = int(np.clip(4 * round(width_m / _FOLD_M), 8, _MOST_STEPS))
    share = np.linspace(0, 1, steps + 1)
    wave = np.sin(2 * math.pi * (share * steps / 4 + rng.uniform())) * rng.uniform(0.6, 1.0, steps + 1)
    x = (share - 0.5) * width_m
    low = np.column_stack([x, from_wall_m + deep * wave, np.full(steps + 1, bottom_m)])
    high = np.column_stack([x, from_wall_m + 0.7 * deep * wave, np.full(steps + 1, top_m)])
    here = np.arange(steps)
    up = here + steps + 1
    faces = np.concatenate([np.column_stack([here + 1, here, up]), np.column_stack([here + 1, up, up + 1])])
    folds = solid(np.concatenate([low, high]), faces, cloth, "window", smooth=True)
    rail = box((0, from_wall_m, top_m + 0.01), (width_m, 0.03, 0.02), STEEL, "window")
    space = rectangle(-width_m / 2, from_wall_m - deep, width_m / 2, from_wall_m + deep)
    return Piece([folds, rail], [Obstacle(space, bottom_m, top_m + 0.02, "curtain")])


def coat_hooks(rng: np.random.Generator) -> Piece:
    """A rail with coats and bags: what hangs there is as large as somebody's back."""
    wide = float(rng.uniform(0.6, 1.4))
    parts = [box((0, 0.015, 1.72), (wide, 0.03, 0.08), (STEEL, _BOARD)[int(rng.integers(2))], "clutter")]
    places = np.arange(-wide / 2 + 0.16, wide / 2 - 0.1, 0.23)
    low = 1.6
    for x in places[rng.random(len(places)) < 0.65]:
        cloth = Material("coat", COATS[int(rng.integers(len(COATS)))], roughness=0.9)
        long = float(rng.uniform(0.22, 0.48))
        coat = blob((0, 0, 0), (0.15, 0.1, long), cloth, "clutter", 4, 7)
        parts.append(moved(coat, float(x), 0.115, float(rng.normal(0, 0.1)), 1.7 - long))
        low = min(low, 1.7 - 2 * long)
    space = rectangle(-wide / 2, 0.0, wide / 2, 0.24)
    return Piece([joined(parts, "coat hooks")], [Obstacle(space, low, 1.77, "coats")])


def fire_extinguisher(rng: np.random.Generator) -> Piece:
    """A red bottle on its bracket under a sign."""
    low = float(rng.uniform(0.1, 0.55))
    parts = [
        cylinder((0, 0.1, low), 0.075, 0.42, _RED, "clutter", 8),
        cylinder((0, 0.1, low + 0.42), 0.03, 0.08, BLACK, "clutter", 5),
        _sheet(-0.1, 0.1, 1.75, 1.95, 0.004, _RED),
    ]
    return Piece(
        [joined(parts, "fire extinguisher")], [Obstacle(rectangle(-0.08, 0, 0.08, 0.18), 0.0, low + 0.5, "box")]
    )


def first_aid_sign(rng: np.random.Generator) -> Piece:
    """A green sign with a white cross, or a first-aid cabinet of the same look."""
    deep, high = (0.12 if rng.random() < 0.4 else 0.008), 1.7
    parts = [box((0, deep / 2, high), (0.3, deep, 0.3), _SIGN_GREEN, "clutter")]
    parts += [
        _sheet(-0.1, 0.1, high - 0.03, high + 0.03, deep + 0.001, WHITE),
        _sheet(-0.03, 0.03, high - 0.1, high + 0.1, deep + 0.002, WHITE),
    ]
    return Piece([joined(parts, "first aid")])


def air_conditioner(rng: np.random.Generator, ceiling_m: float) -> Piece:
    """A split unit high on the wall."""
    wide, middle = float(rng.uniform(0.75, 1.05)), min(ceiling_m - 0.3, 2.6)
    parts = [
        box((0, 0.11, middle), (wide, 0.22, 0.28), WHITE, "furniture"),
        _sheet(-0.45 * wide, 0.45 * wide, middle - 0.12, middle - 0.08, 0.221, BLACK, "furniture"),
        box((wide / 2 - 0.02, 0.02, (middle + ceiling_m) / 2), (0.05, 0.04, ceiling_m - middle), WHITE, "furniture"),
    ]
    return Piece([joined(parts, "air conditioner")])


def wall_screen(rng: np.random.Generator) -> Piece:
    """A television on the wall, mostly dark."""
    wide, middle = float(rng.uniform(0.9, 1.5)), float(rng.uniform(1.45, 1.75))
    tall = 0.58 * wide
    parts = [box((0, 0.04, middle), (wide, 0.06, tall), BLACK, "screen")]
    if rng.random() < 0.35:
        glow = Material("lit screen", (0.25, 0.4, 0.7), roughness=0.3, emission=0.7)
        parts.append(
            _sheet(-0.48 * wide, 0.48 * wide, middle - 0.46 * tall, middle + 0.46 * tall, 0.071, glow, "screen")
        )
    return Piece([joined(parts, "wall screen")])


def hanging(kind: str, rng: np.random.Generator) -> Piece:
    """One of the kinds of HANGINGS; each has _VARIANTS, made once per process."""
    return _hanging(kind, int(rng.integers(_VARIANTS)))


@cache
def _hanging(kind: str, variant: int) -> Piece:
    makers = {
        "poster": poster, "noticeboard": noticeboard, "shelf": wall_shelf, "coats": coat_hooks, "screen": wall_screen,
        "first aid": first_aid_sign, "extinguisher": fire_extinguisher, "radiator": radiator,
    }  # fmt: skip
    return makers[kind](np.random.default_rng([list(makers).index(kind), variant]))


def cross_section(piece: Piece) -> tuple[float, float, float, float]:
    """What a piece covers of its wall: from and to along x, lowest and highest z, metres."""
    points = np.concatenate([mesh.vertices_m for mesh in piece.meshes])
    low, high = points.min(axis=0), points.max(axis=0)
    return float(low[0]), float(high[0]), float(low[2]), float(high[2])
