"""What lies on desks, cupboards and floors of offices that are used: small things, a few dozen triangles each.

Own frame: the middle of the underside is the origin, z = 0 the surface on which the thing lies; what has a front turns
it to +Y. Shapes are made once per process, a few of each kind, and painted anew for every use. The obstacle of a piece
is the rectangle that it takes; on furniture nobody needs it, on the floor it keeps people out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from shapely import box as rectangle

from assets.mesh import Material, Mesh
from render.furniture.basic import BLACK, CLUTTER_COLORS, EARTH, LEAF, PAPER, STEEL, WHITE, Piece, Rgb
from render.place import Obstacle
from render.solids import blob, box, cylinder, joined, moved, prism, quad, solid

VARIANTS = 6
"""Shapes of each kind."""
PAINT, CLOTH, CARD = (Material(name, (0.5, 0.5, 0.5)) for name in ("paint", "cloth", "card"))
"""Stand-ins in a shape: `thing` puts a colour in their place."""
_DARK: tuple[Rgb, ...] = ((0.015, 0.015, 0.017), (0.03, 0.03, 0.035), (0.02, 0.025, 0.05), (0.06, 0.055, 0.05))
_CARDS: tuple[Rgb, ...] = ((0.32, 0.2, 0.1), (0.4, 0.27, 0.15), (0.25, 0.15, 0.08), (0.62, 0.6, 0.56))
_GLOW = Material("lit phone", (0.3, 0.45, 0.7), roughness=0.2, emission=0.5)
_INK = Material("print", (0.3, 0.3, 0.32), roughness=0.9)
_FOOD: tuple[Material, ...] = tuple(
    Material("food", color, roughness=0.5) for color in ((0.5, 0.06, 0.03), (0.5, 0.3, 0.02), (0.3, 0.17, 0.06))
)
_DARK_SHARE = {"paint": 0.4, "cloth": 0.65}
_ROUGHNESS = {"paint": 0.45, "cloth": 0.9, "card": 0.9}

Maker = Callable[[np.random.Generator], list[Mesh]]


def thing(kind: str, rng: np.random.Generator) -> Piece:
    """A thing of a kind that render.furniture.shares names, in a drawn shape and colours."""
    shape = shape_of(kind, int(rng.integers(VARIANTS)))
    mesh = shape.meshes[0]
    return Piece([replace(mesh, materials=[_painted(one, rng) for one in mesh.materials])], shape.obstacles)


@cache
def shape_of(kind: str, variant: int) -> Piece:
    """One of the VARIANTS shapes of a kind, unpainted; the same in every process. Not to be changed."""
    makers = {**_ON_DESKS, **_ON_FLOORS}
    mesh = joined(makers[kind](np.random.default_rng([list(makers).index(kind), variant])), kind)
    low, high = mesh.vertices_m.min(axis=0), mesh.vertices_m.max(axis=0)
    middle, lift = (low + high)[:2] / 2, float(low[2]) if low[2] > 0.003 else 0.0
    mesh = moved(mesh, -float(middle[0]), -float(middle[1]), 0.0, -lift)
    x, y = ((high - low)[:2] / 2).tolist()
    return Piece([mesh], [Obstacle(rectangle(-x, -y, x, y), 0.0, float(high[2]) - lift, "box")])


def _painted(material: Material, rng: np.random.Generator) -> Material:
    if material.name not in _ROUGHNESS:
        return material
    colors = _CARDS if material is CARD else _DARK if rng.random() < _DARK_SHARE[material.name] else CLUTTER_COLORS
    return Material(material.name, colors[int(rng.integers(len(colors)))], roughness=_ROUGHNESS[material.name])


def tube(points_m: np.ndarray, radius_m: float, material: Material, class_name: str = "clutter") -> Mesh:
    """A three-sided tube along a polyline (n, 3) that is nowhere upright; its ends are open."""
    points = np.asarray(points_m, float)
    along = np.gradient(points, axis=0)
    aside = np.column_stack([-along[:, 1], along[:, 0], np.zeros(len(points))])
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
    up = np.cross(along, aside)
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    turns = [(math.cos(a), math.sin(a)) for a in (math.pi / 2, math.pi * 7 / 6, math.pi * 11 / 6)]
    rings = np.stack([points + radius_m * (c * aside + s * up) for c, s in turns], axis=1)
    here = np.arange(len(points) - 1)[:, None] * 3 + np.arange(3)
    after = np.roll(here, -1, axis=1)
    faces = [np.stack([here, after, after + 3], -1), np.stack([here, after + 3, here + 3], -1)]
    return solid(rings.reshape(-1, 3), np.concatenate(faces).reshape(-1, 3), material, class_name, smooth=True)


def _box(size: Sequence[float], look: Material = PAINT, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
    """A box that stands at a height z."""
    return box((x, y, z + size[2] / 2), size, look, "clutter")


def _flat(width: float, depth: float, look: Material, z: float, x: float = 0.0, y: float = 0.0) -> Mesh:
    """A sheet that faces up."""
    a, b = width / 2, depth / 2
    return quad(np.array([[x - a, y - b, z], [x + a, y - b, z], [x + a, y + b, z], [x - a, y + b, z]]), look, "clutter")


def _can(radius: float, height: float, look: Material, z: float = 0.0, sides: int = 8, top: float = 0.0) -> Mesh:
    return cylinder((0, 0, z), radius, height, look, "clutter", sides, top or radius)


def _pouch(x: float, y: float, low: float, high: float, look: Material = CLOTH, at: float = 0.0) -> Mesh:
    """A bag's body: an upright prism with cut corners."""
    cut = 0.3 * min(x, y)
    corners = rectangle(-x / 2 + cut, at - y / 2 + cut, x / 2 - cut, at + y / 2 - cut).buffer(cut, quad_segs=1)
    return prism(corners, low, high, look, "clutter")


def _curl(rng: np.random.Generator, length: float, points: int, radius: float = 0.0035) -> Mesh:
    """A cable that lies about in a random bend."""
    turn = np.cumsum(rng.normal(0, 0.75, points))
    step = length / (points - 1)
    path = np.cumsum(np.column_stack([np.cos(turn), np.sin(turn)]), axis=0) * step
    return tube(np.column_stack([path - path.mean(axis=0), np.full(points, radius)]), radius, BLACK)


def _bottle(rng: np.random.Generator) -> list[Mesh]:
    r, h = float(rng.uniform(0.03, 0.042)), float(rng.uniform(0.14, 0.24))
    return [_can(r, h, PAINT), _can(0.45 * r, 0.04, WHITE if rng.random() < 0.5 else BLACK, h, 5)]


def _cup(rng: np.random.Generator) -> list[Mesh]:
    r, h = float(rng.uniform(0.036, 0.045)), float(rng.uniform(0.07, 0.12))
    if rng.random() < 0.5:
        return [_can(0.75 * r, h, WHITE, top=r), _can(0.9 * r, 0.001, _FOOD[2], h - 0.0005, 6)]
    return [_can(r, h, PAINT), box((r + 0.012, 0, h / 2), (0.026, 0.01, 0.6 * h), PAINT, "clutter")]


def _books(rng: np.random.Generator) -> list[Mesh]:
    parts, z = [], 0.0
    for _ in range(int(rng.integers(1, 5))):
        thick = float(rng.uniform(0.01, 0.045))
        one = _box((rng.uniform(0.14, 0.22), rng.uniform(0.2, 0.3), thick), PAINT if rng.random() < 0.8 else PAPER, z=z)
        x, y = rng.normal(0, 0.008, 2).tolist()
        parts.append(moved(one, x, y, float(rng.normal(0, 0.25))))
        z += thick
    return parts


def _papers(rng: np.random.Generator) -> list[Mesh]:
    """Sheets at angles, some printed."""
    parts = []
    for number in range(int(rng.integers(1, 9))):
        z = 0.001 + 0.0012 * number
        sheet = [_flat(0.21, 0.297, PAPER, z)]
        if rng.random() < 0.6:
            sheet.append(_flat(0.15, float(rng.uniform(0.05, 0.2)), _INK, z + 0.0004, 0.0, 0.02))
        x, y = rng.normal(0, 0.05, 2).tolist()
        parts += [moved(one, x, y, float(turn)) for turn in [rng.normal(0, 0.45)] for one in sheet]
    return parts


def _pile(rng: np.random.Generator) -> list[Mesh]:
    """A pile of paper and folders."""
    z, parts = 0.0, []
    for _ in range(int(rng.integers(1, 5))):
        thick = float(rng.uniform(0.008, 0.05))
        one = _box((0.215, 0.3, thick), PAPER if rng.random() < 0.75 else PAINT, z=z)
        parts.append(moved(one, 0, 0, float(rng.normal(0, 0.08))))
        z += thick
    return parts


def _headset(rng: np.random.Generator) -> list[Mesh]:
    """Headphones laid down on their side."""
    angle = np.linspace(0, math.pi, 7)
    arc = np.column_stack([0.085 * np.cos(angle), 0.1 * np.sin(angle), np.full(7, 0.03)])
    shells = [_box((0.05, 0.075, 0.07), PAINT, s * 0.08, -0.01) for s in (-1, 1)]
    return [tube(arc, 0.009, BLACK), *shells]


def _mobile(rng: np.random.Generator) -> list[Mesh]:
    lit = _GLOW if rng.random() < 0.3 else BLACK
    return [_box((0.075, 0.155, 0.009)), _flat(0.068, 0.145, lit, 0.0095)]


def _desk_phone(rng: np.random.Generator) -> list[Mesh]:
    rest = moved(_box((0.05, 0.19, 0.035), BLACK, z=0.045), -0.055, 0)
    return [_box((0.18, 0.2, 0.045), BLACK), rest, _flat(0.08, 0.11, STEEL, 0.0455, 0.035, -0.02)]


def _lamp(rng: np.random.Generator) -> list[Mesh]:
    """A lamp with a slim foot, a leaning stem and a flat head."""
    high = float(rng.uniform(0.32, 0.45))
    stem = box((0, -0.03, 0.01 + high / 2), (0.014, 0.014, high), PAINT, "lamp", 0.12)
    head = box((0, 0.09, high), (0.05, 0.32, 0.015), PAINT, "lamp")
    return [cylinder((0, -0.06, 0), 0.08, 0.016, PAINT, "lamp", 8), stem, head]


def _tissues(rng: np.random.Generator) -> list[Mesh]:
    high = float(rng.uniform(0.06, 0.12))
    return [_box((0.23, 0.12, high)), _can(0.03, 0.06, WHITE, high, 5, 0.012)]


def _files(rng: np.random.Generator) -> list[Mesh]:
    """Box files side by side, the last one leaning."""
    count = int(rng.integers(2, 5))
    parts = [_box((0.07, 0.25, rng.uniform(0.28, 0.32)), PAINT, 0.076 * n) for n in range(count)]
    return parts


def _cable(rng: np.random.Generator) -> list[Mesh]:
    return [_curl(rng, float(rng.uniform(0.35, 0.8)), 9)]


def _charger(rng: np.random.Generator) -> list[Mesh]:
    return [_box((0.055, 0.1, 0.028), BLACK if rng.random() < 0.7 else WHITE), _curl(rng, 0.5, 8)]


def _pot_plant(rng: np.random.Generator) -> list[Mesh]:
    r, high = float(rng.uniform(0.04, 0.075)), float(rng.uniform(0.12, 0.34))
    parts = [_can(0.8 * r, 1.5 * r, PAINT, sides=6, top=r), _flat(r, r, EARTH, 1.5 * r + 0.001)]
    for number in range(9):
        turn, lean, wide = 2.4 * number, float(rng.uniform(0.4, 1.0)), float(rng.uniform(0.012, 0.03))
        tip = np.array([lean * 0.7 * high, 0.0, 1.5 * r + high * (1.15 - 0.6 * lean)])
        mid = np.array([lean * 0.4 * high, 0.0, 1.5 * r + 0.6 * high])
        aside = np.array([0.0, wide, 0.0])
        leaf = np.array([[0.0, 0.0, 1.4 * r], mid + aside, tip, mid - aside])
        parts.append(moved(quad(leaf[::-1], LEAF, "plant"), 0, 0, turn))
    return parts


def _food(rng: np.random.Generator) -> list[Mesh]:
    """A bowl or a lunch box with something in it, or fruit."""
    what = _FOOD[int(rng.integers(len(_FOOD)))]
    draw = rng.random()
    if draw < 0.4:
        return [_can(0.045, 0.06, PAINT, top=0.08), _can(0.07, 0.004, what, 0.058, 6)]
    if draw < 0.7:
        return [_box((0.18, 0.13, 0.055)), _flat(0.16, 0.11, what, 0.056)]
    return [blob((0.08 * n, 0.03 * n, 0.037), (0.037,) * 3, what, "clutter", 3, 6) for n in range(2)]


def _pens(rng: np.random.Generator) -> list[Mesh]:
    pens = [
        box((0.01 * n, 0.012 * (-1) ** n, 0.11), (0.008, 0.008, 0.14), PAINT, "clutter", 0.15 * (n - 1))
        for n in range(3)
    ]
    return [_can(0.038, 0.1, BLACK if rng.random() < 0.5 else STEEL, sides=6), *pens]


def _tray(rng: np.random.Generator) -> list[Mesh]:
    """Two letter trays, the upper one filled."""
    count, gap = 2, float(rng.uniform(0.055, 0.08))
    parts = [_box((0.255, 0.34, 0.012), PAINT, z=gap * n) for n in range(count)]
    sides = [_box((0.008, 0.34, gap + 0.035), PAINT, s * 0.124) for s in (-1, 1)]
    return [*parts, *sides, _flat(0.21, 0.297, PAPER, gap * (count - 1) + 0.02)]


def _slab(rng: np.random.Generator) -> list[Mesh]:
    """A closed laptop, a tablet or a notebook."""
    return [_box((0.31, 0.22, 0.018), STEEL if rng.random() < 0.5 else BLACK)]


def _spare_keyboard(rng: np.random.Generator) -> list[Mesh]:
    shell = BLACK if rng.random() < 0.7 else WHITE
    return [_box((0.42, 0.14, 0.018), shell), _flat(0.38, 0.11, STEEL if shell is WHITE else BLACK, 0.0185)]


def _parcel(rng: np.random.Generator) -> list[Mesh]:
    size = rng.uniform((0.16, 0.12, 0.06), (0.32, 0.26, 0.2)).tolist()
    return [_box(size, CARD), _flat(size[0], 0.045, PAPER, size[2] + 0.001)]


def _handbag(rng: np.random.Generator) -> list[Mesh]:
    wide, high = float(rng.uniform(0.26, 0.38)), float(rng.uniform(0.18, 0.27))
    loop = np.linspace(0, math.pi, 6)
    strap = np.column_stack([0.3 * wide * np.cos(loop), 0.03 * np.sin(loop), high - 0.01 + 0.07 * np.sin(loop)])
    return [_pouch(wide, 0.14, 0.0, high), tube(strap, 0.007, BLACK)]


def _carton(rng: np.random.Generator) -> list[Mesh]:
    """A cardboard box, closed with tape or open with its flaps up."""
    x, y, z = rng.uniform((0.3, 0.25, 0.18), (0.6, 0.45, 0.48)).tolist()
    if rng.random() < 0.55:
        return [_box((x, y, z), CARD), _flat(x, 0.05, PAPER, z + 0.001)]
    flaps = [
        moved(box((0, 0, 0), (x, 0.006, 0.5 * y), CARD, "clutter", -0.9), 0, -(y / 2 + 0.19 * y), turn, z + 0.15 * y)
        for turn in (0.0,)
    ]
    flaps += [moved(flaps[0], 0, 0, math.pi)]
    return [_box((x, y, z), CARD), _flat(x - 0.02, y - 0.02, BLACK, z + 0.001), *flaps]


def _cartons(rng: np.random.Generator) -> list[Mesh]:
    """A stack of boxes."""
    z, parts = 0.0, []
    for _ in range(int(rng.integers(2, 5))):
        size = rng.uniform((0.32, 0.26, 0.16), (0.5, 0.4, 0.36)).tolist()
        x, y = rng.normal(0, 0.02, 2).tolist()
        parts.append(moved(_box(size, CARD, z=z), x, y, float(rng.normal(0, 0.12))))
        z += size[2]
    return parts


def _backpack(rng: np.random.Generator) -> list[Mesh]:
    high = float(rng.uniform(0.36, 0.48))
    return [_pouch(0.3, 0.17, 0.0, high), _pouch(0.23, 0.08, 0.02, 0.55 * high, PAINT, 0.115)]


def _sports_bag(rng: np.random.Generator) -> list[Mesh]:
    """A long bag that lies, its ends sagging."""
    long, r = float(rng.uniform(0.45, 0.62)), float(rng.uniform(0.12, 0.16))
    roll = blob((0, 0, 0), (r, r, 0.62 * long), CLOTH, "clutter", 5, 6)
    x, y, z = np.clip(roll.vertices_m, [-r, -r, -long / 2], [r, 0.9 * r, long / 2]).T
    roll.vertices_m = np.column_stack([z, -y, x + r]).astype(np.float32)
    roll.triangles = roll.triangles[:, ::-1].copy() if _is_inside_out(roll) else roll.triangles
    return [roll]


def _is_inside_out(mesh: Mesh) -> bool:
    corners = mesh.vertices_m[mesh.triangles].astype(float)
    return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))) < 0


def _heap(rng: np.random.Generator) -> list[Mesh]:
    """A coat or a pile of cloth: as large and as dark as somebody's back."""
    radii = rng.uniform((0.2, 0.15, 0.09), (0.36, 0.26, 0.2)).tolist()
    lump = blob((0, 0, radii[2]), radii, CLOTH, "clutter", 4, 9)
    dents = 1 + 0.14 * np.sin(3 * np.arctan2(lump.vertices_m[:, 1], lump.vertices_m[:, 0]) + rng.uniform(0, 6))
    lump.vertices_m[:, :2] *= dents[:, None].astype(np.float32)
    return [lump]


def _bean_bag(rng: np.random.Generator) -> list[Mesh]:
    r = float(rng.uniform(0.32, 0.44))
    sack = blob((0, 0, 0.0), (r, r, 0.48), CLOTH, "clutter", 4, 9)
    sack.vertices_m[:, 2] = np.maximum(sack.vertices_m[:, 2], -0.12) + 0.12
    return [sack]


def _suitcase(rng: np.random.Generator) -> list[Mesh]:
    high = float(rng.uniform(0.48, 0.68))
    bars = [_box((0.015, 0.015, 0.12), BLACK, s * 0.1, -0.08, high) for s in (-1, 1)]
    return [
        _box((0.38, 0.23, high), CLOTH),
        *bars,
        _box((0.22, 0.025, 0.02), BLACK, 0, -0.08, high + 0.1),
    ]


def _shoes(rng: np.random.Generator) -> list[Mesh]:
    parts = []
    for side in (-1, 1):
        shoe = [_box((0.09, 0.27, 0.055)), _box((0.08, 0.13, 0.05), y=-0.06, z=0.055)]
        parts += [moved(one, side * 0.07, float(rng.normal(0, 0.01)), t) for t in [rng.normal(0, 0.2)] for one in shoe]
    return parts


def _fan(rng: np.random.Generator) -> list[Mesh]:
    """A pedestal fan."""
    high, look = float(rng.uniform(0.75, 1.2)), WHITE if rng.random() < 0.5 else BLACK
    cage = cylinder((0, 0, 0), 0.2, 0.1, look, "clutter", 6)
    x, y, z = cage.vertices_m.T
    cage.vertices_m = np.column_stack([x, z - 0.03, -y + high]).astype(np.float32)
    return [_can(0.19, 0.03, look, sides=6), _box((0.03, 0.03, high), look), cage]


def _tower(rng: np.random.Generator) -> list[Mesh]:
    """A computer case, its front at +Y."""
    look = BLACK if rng.random() < 0.75 else STEEL
    return [_box((0.18, 0.4, rng.uniform(0.34, 0.45)), look), _box((0.13, 0.006, 0.03), STEEL, 0, 0.203, 0.26)]


def _power_strip(rng: np.random.Generator) -> list[Mesh]:
    look = WHITE if rng.random() < 0.6 else BLACK
    plugs = [_box((0.04, 0.035, 0.035), BLACK, x, 0, 0.035) for x in (-0.12, 0.08)]
    return [_box((0.36, 0.055, 0.035), look), *plugs, moved(_curl(rng, 0.25, 5), 0.25, 0)]


def _crate(rng: np.random.Generator) -> list[Mesh]:
    """An open plastic crate or paper-recycling box."""
    high = float(rng.uniform(0.22, 0.4))
    return [
        _box((0.4, 0.3, high)),
        _flat(0.37, 0.27, BLACK, high + 0.001),
        _flat(0.21, 0.25, PAPER, high + 0.003, -0.04),
    ]


def _trolley(rng: np.random.Generator) -> list[Mesh]:
    """A pedestal of drawers on castors with something on it."""
    front = WHITE if rng.random() < 0.5 else BLACK
    return [
        _box((0.4, 0.52, 0.52), front, z=0.05),
        _box((0.3, 0.4, 0.05), BLACK),
        _box((0.2, 0.28, 0.05), PAINT, z=0.57),
    ]


_ON_DESKS: dict[str, Maker] = {
    "bottle": _bottle, "cup": _cup, "books": _books, "papers": _papers, "pile": _pile, "headset": _headset,
    "mobile": _mobile, "desk phone": _desk_phone, "lamp": _lamp, "tissues": _tissues, "files": _files, "cable": _cable,
    "charger": _charger, "pot plant": _pot_plant, "food": _food, "pens": _pens, "tray": _tray, "slab": _slab,
    "spare keyboard": _spare_keyboard, "parcel": _parcel, "handbag": _handbag,
}  # fmt: skip
_ON_FLOORS: dict[str, Maker] = {
    "carton": _carton, "cartons": _cartons, "backpack": _backpack, "sports bag": _sports_bag, "heap": _heap,
    "bean bag": _bean_bag, "suitcase": _suitcase, "shoes": _shoes, "fan": _fan, "tower": _tower,
    "power strip": _power_strip, "crate": _crate, "trolley": _trolley,
}  # fmt: skip
