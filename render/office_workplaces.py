"""Workplaces, tables and chairs of the embedded office: pieces made once per office, then set out at their places.

Offices buy furniture by the dozen: one make of chair, one of desk, a few kinds of screen. Making a handful of each and
moving copies of them is both what is seen and what is fast. Frames are those of render.furniture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from assets.mesh import Material, Mesh
from render import furniture
from render.floor_plan import FloorPlan
from render.furniture import Piece, assembled, moved_obstacles
from render.office_clutter import amount, bounds_above, scattered, under_desk
from render.office_finishes import CHAIR_CLOTHS, JACKETS, cloth_material, darker, drawn, top_material
from render.office_layouts import DeskPlace, PartitionPlace, TablePlace
from render.office_spec import OfficeSpec
from render.place import Obstacle, Seat, Spot
from render.solids import joined, moved

DESK_M = 0.735
_RAISED_M = 1.08
SEAT_M = 0.46
_VARIANTS = 5
_THINGS = 10.0
"""On a desk of an office of clutter 1, on average."""
_CHAIR_REACH_M = 0.36
"""From the middle of a chair to the back of its back."""
_SIDE_SPOT_M = 0.72
"""How far beside a sitter a colleague stands."""


Item = tuple[Piece, float, float, float]
"""A piece, x, y and heading."""
Items = list[Item]


class Workshop:
    """The furniture that an office repeats, and how it is set out."""

    def __init__(self, spec: OfficeSpec, rng: np.random.Generator) -> None:
        self.spec = spec
        self.rng = rng
        self.cloth = cloth_material("chair cloth", spec.chair_color)
        self.top = top_material("desk top", spec.desk_color)
        self.partition_cloth = cloth_material("partition", spec.partition_color)
        self.sofa_cloth = cloth_material("sofa", spec.sofa_color)
        self._frame = (furniture.STEEL, furniture.WHITE, furniture.BLACK)[int(rng.integers(3))]
        self._panel = bool(rng.random() < 0.25)
        self._adjustable = bool(rng.random() < 0.3)
        self._screen_counts = (1, 2) if rng.random() < 0.5 else ((1, 1, 2, 3) if rng.random() < 0.5 else (2, 2, 3))
        self._laptops = float(rng.choice([0.1, 0.25, 0.7]))
        self._repeated: dict[str, list[Piece]] = {}

    @cached_property
    def desk(self) -> Piece:
        w, d = self.spec.desk_width_m, self.spec.desk_depth_m
        if self._adjustable:
            return furniture.sit_stand_desk(w, d, DESK_M, self.top)
        return furniture.desk(w, d, DESK_M, self.top, self._frame, self._panel)

    @cached_property
    def raised_desk(self) -> Piece:
        return furniture.sit_stand_desk(self.spec.desk_width_m, self.spec.desk_depth_m, _RAISED_M, self.top)

    @cached_property
    def _drawers(self) -> Piece:
        return furniture.drawers(self._frame)

    @cached_property
    def _laptop(self) -> list[Piece]:
        return [furniture.laptop(self.rng, DESK_M) for _ in range(2)]

    @cached_property
    def chairs(self) -> list[Piece]:
        """The office's make, with and without jackets (the more the more clutter), and one from elsewhere."""
        spec, rng = self.spec, self.rng
        own = furniture.chair(rng, spec.chair, self.cloth, SEAT_M)
        jackets = [cloth_material("jacket", drawn(JACKETS, rng)) for _ in range(1 + min(4, round(spec.clutter)))]
        coats = [as_one(assembled([own, furniture.jacket_over_chair(rng, cloth)])) for cloth in jackets]
        other_cloth = cloth_material("other chair", drawn(CHAIR_CLOTHS, rng))
        other = furniture.chair(rng, str(rng.choice(["task", "mesh", "visitor"])), other_cloth, SEAT_M)  # type: ignore[arg-type]
        return [*[as_one(own)] * 7, *coats, as_one(other)]

    @cached_property
    def table_chairs(self) -> list[Piece]:
        """The make of chairs round tables: mostly another than at the desks."""
        make = str(self.rng.choice(["visitor", "conference", "visitor", self.spec.chair]))
        color = self.spec.chair_color if self.rng.random() < 0.5 else drawn(CHAIR_CLOTHS, self.rng)
        return [furniture.chair(self.rng, make, cloth_material("table chair", color), SEAT_M)]  # type: ignore[arg-type]

    @cached_property
    def _tops(self) -> list[Piece]:
        """What stands and lies on desks: a few kinds of equipment, each with two owners' things."""
        equipment = [self._make_equipment() for _ in range(_VARIANTS)]
        return [as_one(assembled([one, self._things_about(one)])) for one in equipment for _ in range(2)]

    def _things_about(self, equipment: Piece) -> Piece:
        """Somebody's things on a desk, clear of its equipment; only flat ones where the hands are."""
        x, y = self.spec.desk_width_m / 2, self.spec.desk_depth_m / 2
        count = amount(_THINGS * float(self.rng.gamma(2.0, 0.5)), self.spec.clutter, self.rng)
        free = (-0.24, 0.0, 0.24, y)
        taken = bounds_above(equipment, DESK_M)
        return scattered(self.rng, furniture.DESK_THINGS, count, (-x, -y, x, y), DESK_M, taken, free)

    @cached_property
    def _below(self) -> list[Piece]:
        """What stands under desks; often nothing."""
        w, d = self.spec.desk_width_m, self.spec.desk_depth_m
        made = []
        for _ in range(_VARIANTS):
            sides = tuple(side for side in (-1, 1) if self.rng.random() < min(0.8, 0.25 * self.spec.clutter))
            made.append(under_desk(self.rng, w, d, sides[:1] if self._panel else sides))
        return made

    @cached_property
    def _laden(self) -> list[Piece]:
        """Chairs on which nobody can sit: a bag, a coat or papers lie on them."""
        made = []
        for _ in range(2):
            kind = str(self.rng.choice(["backpack", "heap", "handbag", "parcel", "pile"]))
            load = furniture.thing(kind, self.rng)
            meshes = [moved(mesh, 0.0, 0.02, math.pi / 2 * float(self.rng.integers(4)), SEAT_M) for mesh in load.meshes]
            made.append(as_one(assembled([self._one(self.chairs), Piece(meshes)])))
        return made

    def set_out(self, plan: FloorPlan, place: DeskPlace) -> bool:
        """Stand a desk with all that belongs to it at its place, if there is room; note its seat."""
        rng, d = self.rng, self.spec.desk_depth_m
        raised = self._adjustable and rng.random() < 0.08
        items: Items = [(self.raised_desk if raised else self.desk, 0.0, 0.0, 0.0)]
        on_top: Items = [(self._one(self._tops), 0.0, 0.0, 0.0)]
        items += [(_lifted(one, _RAISED_M - DESK_M), x, y, turn) for one, x, y, turn in on_top] if raised else on_top
        x_free = 0.0
        if not self._panel and rng.random() < 0.4 and self.spec.desk_width_m > 1.45:
            items.append((self._drawers, self.spec.desk_width_m / 2 - 0.23, d / 2 - 0.27, 0.0))
            x_free = -0.08
        else:
            items.append((self._one(self._below), 0.0, 0.0, 0.0))
        chair, seat, stands = self._chair_stance(raised, x_free, place.behind_m)
        if not plan.try_add(arranged([*items, chair], place.x, place.y, place.heading)):
            return False
        if seat is not None:
            plan.seats.append(_seat_at(seat, place))
        plan.spots += [_spot_at(spot, place) for spot in stands]
        return True

    def set_table(self, plan: FloorPlan, place: TablePlace, spots: bool = True) -> bool:
        """Stand a table with chairs on both sides at its place, if there is room."""
        rng, depth = self.rng, place.depth_m
        table = furniture.meeting_table(place.length_m, depth, place.shape, DESK_M, self.table_top)  # type: ignore[arg-type]
        pieces, seats = [table], []
        laptops: list[Piece] = []
        for x, y, heading in _round_table(place, rng):
            turned = heading + float(rng.normal(0, 0.12))
            chair = self._one(self.table_chairs).placed(x, y, turned)
            if _collides(chair, [one for piece in pieces for one in piece.obstacles if one.kind != "desk"]):
                continue
            pieces.append(chair)
            seats.append(Seat(x, y, SEAT_M, turned))
            if rng.random() < 0.5 and place.shape == "rect" and abs(y) > depth / 2:
                reach = (depth / 2 - 0.3) * (1 if y > 0 else -1)
                laptops.append(self._one(self._laptop).placed(x, reach, heading))
        pieces += laptops
        here = DeskPlace(place.x, place.y, place.heading)
        if not plan.try_add(arranged([(assembled(pieces), 0.0, 0.0, 0.0)], place.x, place.y, place.heading)):
            return False
        plan.add(arranged([(self._on_table(place, laptops), 0.0, 0.0, 0.0)], place.x, place.y, place.heading))
        plan.seats += [_seat_at(seat, here) for seat in seats]
        if spots:
            end = place.length_m / 2 + 0.4
            ends = [Spot(s * end, 0.0, -s * math.pi / 2, "table") for s in (-1, 1)]
            plan.spots += [_spot_at(spot, here) for spot in ends if rng.random() < 0.6]
        return True

    def _on_table(self, place: TablePlace, laptops: list[Piece]) -> Piece:
        """Things on a table, more of them on a long one."""
        share = 0.46 if place.shape == "rect" else 0.33
        x, y = share * place.length_m, share * place.depth_m
        count = amount(5.0 * place.length_m, self.spec.clutter, self.rng)
        taken = [area for one in laptops for area in bounds_above(one, DESK_M)]
        return scattered(self.rng, furniture.DESK_THINGS, count, (-x, -y, x, y), DESK_M, taken)

    def repeated(self, kind: str, make: Callable[[], Piece]) -> Piece:
        """One of at most three pieces of a kind that this office has."""
        made = self._repeated.setdefault(kind, [])
        if len(made) < 3:
            made.append(as_one(make()))
            return made[-1]
        return self._one(made)

    def stand_partition(self, plan: FloorPlan, place: PartitionPlace) -> None:
        """A partition between desks that are there already."""
        piece = furniture.partition(place.length_m, place.height_m, self.partition_cloth)
        plan.add(piece.placed(place.x, place.y, place.heading))

    @cached_property
    def table_top(self) -> Material:
        return top_material("table top", darker(self.spec.desk_color))

    def _chair_stance(self, raised: bool, x_free: float, behind_m: float) -> tuple[Item, Seat | None, list[Spot]]:
        """A chair before its desk (the desk's frame): in use, pushed under, or turned away; who may stand beside it.

        x_free: middle of the room for legs under the desk. behind_m: room for the chair behind it.
        """
        rng, edge = self.rng, self.spec.desk_depth_m / 2
        choice = rng.random()
        x, y = x_free + float(np.clip(rng.normal(0, 0.04), -0.08, 0.08)), edge + float(rng.uniform(0.3, 0.48))
        turn = float(rng.normal(0, 0.15))
        free = True
        if raised or choice < 0.12:
            y, turn, free = edge + float(rng.uniform(0.02, 0.2)), 0.4 * turn, False
        elif choice < 0.24:
            turn = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.6))
            y = edge + float(rng.uniform(0.42, 0.52))
        turn = float(np.clip(turn, -1.6, 1.6))
        spots = []
        if raised:
            x, y = 0.4 * self.spec.desk_width_m, edge + 0.3
            spots.append(Spot(-0.1, edge + 0.3, 0.0, "desk"))
        elif rng.random() < 0.3:
            side = float(rng.choice([-1, 1]))
            spots.append(Spot(x + side * _SIDE_SPOT_M, y + 0.05, -side * 0.7, "desk"))
        y = min(y, edge + behind_m - _CHAIR_REACH_M - 0.08 * abs(turn))
        used = not free and not raised and rng.random() < min(0.6, 0.3 * self.spec.clutter)
        chair = (self._one(self._laden if used else self.chairs), x, y, turn)
        return chair, Seat(x, y, SEAT_M, turn) if free else None, spots

    def _make_equipment(self) -> Piece:
        """Screens with a keyboard, a laptop, or both."""
        rng, w, d = self.rng, self.spec.desk_width_m, self.spec.desk_depth_m
        pieces: list[Piece] = []
        alone = rng.random() < self._laptops
        if alone:
            pieces.append(furniture.laptop(rng, DESK_M).placed(float(rng.normal(0, 0.08)), d / 2 - 0.36))
        if not alone or rng.random() < 0.4:
            count = int(rng.choice(self._screen_counts))
            count = 1 if alone else min(count, max(1, int(w / 0.55)))
            size = float(rng.uniform(0.5, 0.6)) if count == 1 else min(0.54, (w - 0.1) / count)
            aside = 0.3 * w if alone else float(rng.normal(0, 0.04))
            aside = float(np.clip(aside, -(w - count * size) / 2, (w - count * size) / 2))
            pieces.append(furniture.screens(rng, count, size, DESK_M).placed(aside, 0.2 - d / 2))
        if not alone:
            keys = furniture.keyboard_and_mouse(rng, DESK_M)
            pieces.append(keys.placed(float(rng.normal(0, 0.04)), d / 2 - 0.22, float(rng.normal(0, 0.06))))
        return assembled(pieces)

    def _one(self, pieces: list[Piece]) -> Piece:
        return pieces[int(self.rng.integers(len(pieces)))]


def _round_table(place: TablePlace, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """x, y and heading of the chairs round a table, in the table's frame."""
    draw = lambda: float(rng.uniform(0.26, 0.42))  # noqa: E731
    if place.shape == "round":
        count = min(2 * place.chairs_a_side, int(math.pi * (place.length_m + 0.7) / 0.78))
        first = float(rng.uniform(0, 2 * math.pi))
        angles = [first + n * 2 * math.pi / count for n in range(count)]
        radius = place.length_m / 2
        return [(math.sin(a) * (radius + r), math.cos(a) * (radius + r), -a) for a in angles for r in [draw()]]
    pitch = place.length_m / place.chairs_a_side
    return [
        (x, side * (place.depth_m / 2 + draw()), 0.0 if side > 0 else math.pi)
        for n in range(place.chairs_a_side)
        for x in [(n - (place.chairs_a_side - 1) / 2) * pitch]
        for side in (-1, 1)
    ]


def arranged(items: Items, x_m: float, y_m: float, heading_rad: float) -> Piece:
    """Pieces, each at its place in a common frame, and that frame put somewhere: every mesh is moved once."""
    c, s = math.cos(heading_rad), math.sin(heading_rad)
    meshes: list[Mesh] = []
    obstacles: list[Obstacle] = []
    for piece, x, y, turn in items:
        at = (x_m + c * x - s * y, y_m + s * x + c * y)
        meshes += [moved(mesh, *at, heading_rad + turn) for mesh in piece.meshes]
        obstacles += moved_obstacles(piece.obstacles, *at, heading_rad + turn)
    return Piece(meshes, obstacles)


def _collides(piece: Piece, others: list[Obstacle]) -> bool:
    return any(one.footprint.intersects(other.footprint) for one in piece.obstacles for other in others)


def as_one(piece: Piece) -> Piece:
    """The piece with its meshes joined: copies of it are moved the faster."""
    alike = [[mesh for mesh in piece.meshes if mesh.smooth == smooth] for smooth in (False, True)]
    return Piece([joined(meshes, meshes[0].name) for meshes in alike if meshes], piece.obstacles)


def _lifted(piece: Piece, by_m: float) -> Piece:
    """The piece on a higher desk."""
    higher = [replace(one, bottom_m=one.bottom_m + by_m, top_m=one.top_m + by_m) for one in piece.obstacles]
    return Piece([moved(mesh, 0.0, 0.0, 0.0, by_m) for mesh in piece.meshes], higher)


def _turned(x: float, y: float, place: DeskPlace) -> tuple[float, float]:
    c, s = math.cos(place.heading), math.sin(place.heading)
    return place.x + c * x - s * y, place.y + s * x + c * y


def _seat_at(seat: Seat, place: DeskPlace) -> Seat:
    return Seat(*_turned(seat.x_m, seat.y_m, place), seat.height_m, seat.heading_rad + place.heading)


def _spot_at(spot: Spot, place: DeskPlace) -> Spot:
    return Spot(*_turned(spot.x_m, spot.y_m, place), spot.heading_rad + place.heading, spot.kind)
