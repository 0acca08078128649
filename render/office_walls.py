"""What hangs on the walls of the embedded office: radiators, curtains, ducts, boards, posters, shelves, coats.

Room coordinates. A face is the side of a wall that a zone sees; what its windows, doors and furniture cover of it is
taken, and whatever hangs takes its part too, so nothing hangs in front of a door or inside a cupboard.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from assets.mesh import Material
from render import furniture
from render.floor_plan import FloorPlan
from render.furniture import Piece
from render.office_clutter import amount, scattered
from render.office_lamps import LINTEL_M, SILL_M
from render.office_spec import SIDES, OfficeSpec, Side
from render.office_zones import DOOR_M, INNER_WALL_M, Division, Zone, heading_into_room, window_spans

Span = tuple[float, float, float, float]
"""Of a face: from and to along the wall, lowest and highest z."""

_NEAR_M = 0.32
"""Furniture nearer than this to a wall hides what would hang behind it."""
_DOOR_TOP_M = 2.15
_PER_M = 0.4
"""Boards, posters, shelves and coats per metre of wall in an office of clutter 1."""
_CURTAINED = 0.35
_TRIES = 4


@dataclass
class Face:
    """The side of a wall, from low_m to high_m along +x or +y of the room, and what is taken of it."""

    side: Side
    line_m: float
    """Where the face lies across the wall."""
    low_m: float
    high_m: float
    taken: list[Span] = field(default_factory=list)

    def is_free(self, span: Span) -> bool:
        a, b, low, high = span
        inside = self.low_m + 0.02 <= a and b <= self.high_m - 0.02
        return inside and all(b <= c or a >= d or high <= e or low >= f for c, d, e, f in self.taken)

    def placed(self, piece: Piece, at_m: float) -> Piece:
        x, y = (self.line_m, at_m) if self.side[0] == "x" else (at_m, self.line_m)
        return piece.placed(x, y, heading_into_room(self.side))

    def span_of(self, piece: Piece, at_m: float) -> Span:
        """What a piece at a place would take."""
        start, end, low, high = furniture.cross_section(piece)
        if self.side in ("y+", "x-"):  # their pieces' x runs against the room's
            start, end = -end, -start
        return at_m + start, at_m + end, low, high


def hang(spec: OfficeSpec, division: Division, plan: FloorPlan, rng: np.random.Generator) -> None:
    """Hang what a spec's office has on its walls; the floor plan holds all furniture already."""
    faces = _faces(spec, division, plan)
    heated, ducts = bool(rng.random() < 0.55), rng.random() < 0.3
    duct_m = float(rng.choice([0.28, 0.98, 1.02, min(spec.ceiling_m - 0.15, 2.5)]))
    cloth = furniture.curtain_cloth(rng) if rng.random() < _CURTAINED else None
    share, long = float(rng.choice([0.16, 0.22, 0.4])), bool(rng.random() < 0.6)
    for face, spans in faces:
        for span in spans:
            if heated:
                _try(plan, face, furniture.hanging("radiator", rng), sum(span) / 2)
            if cloth is not None:
                for at, wide in _curtain_places(span, share):
                    _curtain(plan, face, rng, at, wide, long, spec.ceiling_m, cloth)
            else:
                _sill(plan, face, rng, span, amount(0.9, spec.clutter, rng))
        if ducts:
            _ducts(plan, face, rng, duct_m)
        for _ in range(min(12, amount(_PER_M * (face.high_m - face.low_m), spec.clutter, rng))):
            _somewhere(plan, face, rng, spec.ceiling_m)


def _faces(spec: OfficeSpec, division: Division, plan: FloorPlan) -> list[tuple[Face, list[tuple[float, float]]]]:
    """The faces of all solid walls with their windows, and what is taken of them so far."""
    found = []
    bounds = shapely.bounds(np.array([one.footprint for one in plan.obstacles], object)).reshape(-1, 4)
    heights = np.array([(one.bottom_m, one.top_m) for one in plan.obstacles]).reshape(-1, 2)
    walls = np.array([one.kind == "wall" for one in plan.obstacles], bool)
    for zone in division.zones:
        for side in SIDES:
            face = _face(spec, division, zone, side)
            if face is None:
                continue
            spans: list[tuple[float, float]] = []
            if _is_outer(spec, face):
                windows = window_spans(spec, division, side)
                spans = [(a, b) for a, b in windows if a >= face.low_m - 0.01 and b <= face.high_m + 0.01]
                face.taken += [(a - 0.05, b + 0.05, SILL_M - 0.06, spec.ceiling_m) for a, b in windows]
                face.taken += [
                    (door.at_m - DOOR_M / 2 - 0.12, door.at_m + DOOR_M / 2 + 0.12, 0.0, _DOOR_TOP_M + 0.25)
                    for door in division.doors
                    if door.side == side
                ]
            _note_furniture(face, bounds[~walls], heights[~walls])
            found.append((face, spans))
    return found


def _is_outer(spec: OfficeSpec, face: Face) -> bool:
    full = spec.width_m if face.side[0] == "x" else spec.depth_m
    return face.line_m < 0.01 or face.line_m > full - 0.01


def _face(spec: OfficeSpec, division: Division, zone: Zone, side: Side) -> Face | None:
    """The face on a zone's side; None where it is open or glass."""
    line = {"x-": zone.x0, "x+": zone.x1, "y-": zone.y0, "y+": zone.y1}[side]
    low, high = (zone.x0, zone.x1) if side[0] == "y" else (zone.y0, zone.y1)
    face = Face(side, line, low, high)
    if _is_outer(spec, face):
        return face
    for wall in division.walls:
        at, start = (wall.y0, wall.x0) if wall.along_x else (wall.x0, wall.y0)
        covers = start <= low + 0.1 and start + wall.length_m >= high - 0.1
        if wall.along_x != (side[0] == "y") or abs(at - line) > INNER_WALL_M or not covers:
            continue
        if wall.glass:
            return None
        face.line_m = at + (INNER_WALL_M / 2 if side[1] == "-" else -INNER_WALL_M / 2)
        face.taken += [(start + a - 0.1, start + b + 0.1, 0.0, _DOOR_TOP_M) for a, b in wall.doorways]
        return face
    return None


def _note_furniture(face: Face, bounds: np.ndarray, heights: np.ndarray) -> None:
    """What stands before a face takes its part of it."""
    along, across = ((0, 2), (1, 3)) if face.side[0] == "y" else ((1, 3), (0, 2))
    if face.side[1] == "-":
        gap, far = bounds[:, across[0]] - face.line_m, bounds[:, across[1]] - face.line_m
    else:
        gap, far = face.line_m - bounds[:, across[1]], face.line_m - bounds[:, across[0]]
    near = (gap < _NEAR_M) & (far > 0)
    for one, (low, high) in zip(bounds[near], heights[near], strict=True):
        face.taken.append((float(one[along[0]]), float(one[along[1]]), float(low), float(high)))


def _try(plan: FloorPlan, face: Face, piece: Piece, at_m: float) -> bool:
    """Hang a piece at a place of a face, if that is free."""
    span = face.span_of(piece, at_m)
    if not face.is_free(span):
        return False
    there = face.placed(piece, at_m)
    if there.obstacles and not plan.try_add(there):
        return False
    if not there.obstacles:
        plan.add(there)
    face.taken.append(span)
    return True


def _somewhere(plan: FloorPlan, face: Face, rng: np.random.Generator, ceiling_m: float) -> None:
    """Hang something of a drawn kind somewhere on a face."""
    draw = rng.random()
    if draw < 0.03:
        piece = furniture.pipe(rng, ceiling_m)
    elif draw < 0.08:
        piece = furniture.air_conditioner(rng, ceiling_m)
    else:
        piece = furniture.hanging(furniture.drawn_kind(furniture.HANGINGS, rng), rng)
    for _ in range(_TRIES):
        if _try(plan, face, piece, float(rng.uniform(face.low_m, face.high_m))):
            return


def _ducts(plan: FloorPlan, face: Face, rng: np.random.Generator, height_m: float) -> None:
    """A cable duct along as much of a face as is free."""
    length = face.high_m - face.low_m - 0.1
    for share in (1.0, 0.6, 0.35):
        if share * length > 0.6:
            piece = furniture.trunking(rng, share * length, height_m)
            middle = (face.low_m + face.high_m) / 2
            off = (1 - share) * length / 2
            if any(_try(plan, face, piece, middle + s * off) for s in ((0,) if share == 1.0 else (-1, 1))):
                return


def _curtain_places(span: tuple[float, float], share: float) -> list[tuple[float, float]]:
    """Middle and width of the two curtains of a window."""
    wide = share * (span[1] - span[0])
    return [(span[0] - 0.1 + wide / 2, wide), (span[1] + 0.1 - wide / 2, wide)]


def _curtain(
    plan: FloorPlan,
    face: Face,
    rng: np.random.Generator,
    at_m: float,
    wide_m: float,
    long: bool,
    ceiling_m: float,
    cloth: Material,
) -> None:
    """A curtain to the floor where nothing is in its way, else to the sill."""  # fmt: skip
    top = ceiling_m - LINTEL_M + 0.08
    if long and plan.try_add(face.placed(furniture.curtain(rng, wide_m, 0.02, top, cloth), at_m)):
        face.taken.append((at_m - wide_m / 2, at_m + wide_m / 2, 0.0, top))
        return
    short = furniture.curtain(rng, wide_m, SILL_M + 0.02, top, cloth)
    behind = [one for one in face.taken if one[0] < at_m < one[1] and one[2] < SILL_M - 0.1 and one[3] > SILL_M + 0.3]
    if not behind:
        plan.add(face.placed(Piece(short.meshes), at_m))


def _sill(plan: FloorPlan, face: Face, rng: np.random.Generator, span: tuple[float, float], count: int) -> None:
    """Pots, bottles and cups on a window's sill."""
    half = (span[1] - span[0]) / 2
    things = scattered(rng, furniture.SILL_THINGS, count, (-half, 0.004, half, 0.118), SILL_M)
    if things.meshes:
        plan.add(face.placed(things, span[0] + half))
