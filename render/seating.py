"""Who sits where: seats that belong together fill up together, as islands of an office do, and what their sitters do.

Seats belong together when their sitters sit side by side at one row of desks or face each other across it, or round one
table. Drawn from the geometry of the seats alone, so that seats marked in a photograph work like those of the 3-D office.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from render.ground import Ground
from render.place import Obstacle, Seat
from render.placement import nearness

_BESIDE_M, _ACROSS_M = 1.9, 2.6
"""Neighbours at one row of desks, and across it, are nearer than this."""
_ABREAST_M = 0.7
"""Neighbours at one row sit so little before or behind each other."""
_OCCUPIED = 0.85
"""Share of the seats of a cluster that fill up before the next one does."""
_MEETING_SHARE = 0.6
"""So often those at one table are in a meeting."""
_TURNED_SHARE = 0.16
"""So often a sitter talks to the neighbour."""
_DESK_TAGS: dict[str | None, float] = {
    "typing": 0.46, "reading": 0.12, "writing": 0.1, "phone": 0.08, "drinking": 0.06, "resting": 0.1, None: 0.08,
}  # fmt: skip
_TABLE_TAGS: dict[str | None, float] = {
    "meeting": 0.35, "reading": 0.15, "drinking": 0.2, "phone": 0.12, "resting": 0.12, "writing": 0.06,
}  # fmt: skip
_LOUNGE_TAGS: dict[str | None, float] = {"resting": 0.5, "phone": 0.3, "drinking": 0.2}
_MEETING_TAGS: dict[str | None, float] = {"meeting": 0.75, "writing": 0.12, "resting": 0.08, "drinking": 0.05}


@dataclass(frozen=True)
class SeatRole:
    """What somebody does on a seat. number: of the seat. to_left: which way a turned sitter looks; None for all others."""

    number: int
    tag: str | None
    doing: str
    to_left: bool | None = None


def seat_roles(ground: Ground, wanted: int, clustered: bool, rng: np.random.Generator) -> list[SeatRole]:
    """All seats in the order in which they fill up, near the camera likelier first, with what is done there."""
    seats = ground.place.seats
    if not seats:
        return []
    surfaces = [ground.surface_of(seat) for seat in seats]
    tables = [_is_table(surface, surfaces, ground) for surface in surfaces]
    clusters = _with_tables(seat_clusters(seats), surfaces, tables)
    order = _cluster_order(seats, clusters, rng) if clustered else _lone_order(seats, rng)
    meetings = {number for number in range(int(clusters.max()) + 1) if rng.random() < _MEETING_SHARE}
    at_desks = ground.place.background is not None
    roles = []
    for number in order:
        kind = "table" if tables[number] else "desk" if at_desks or surfaces[number] is not None else None
        roles.append(_role(number, kind, int(clusters[number]) in meetings, rng))
    return _talk_to_neighbours(roles, seats, wanted, rng)


def _with_tables(clusters: np.ndarray, surfaces: list[Obstacle | None], tables: list[bool]) -> np.ndarray:
    """The clusters (n,), and whoever sits at one table in one cluster."""
    result = clusters.copy()
    for number, surface in enumerate(surfaces):
        if tables[number]:
            result[number] = len(surfaces) + next(n for n, other in enumerate(surfaces) if other is surface)
    return np.asarray(np.unique(result, return_inverse=True)[1])


def _is_table(surface: Obstacle | None, surfaces: list[Obstacle | None], ground: Ground) -> bool:
    """Is what somebody sits at a table for several? (marked in a photograph, a row of desks is one piece too)"""
    if surface is None or ground.place.background is not None:
        return surface is not None and surface.kind == "table"
    return surface.kind == "table" or sum(one is surface for one in surfaces) > 1


def seat_clusters(seats: list[Seat]) -> np.ndarray:
    """(n,) number of the cluster to which each seat belongs."""
    x, y, turn = (np.array([getattr(seat, name) for seat in seats]) for name in ("x_m", "y_m", "heading_rad"))
    front = np.column_stack([np.sin(turn), -np.cos(turn)])
    way = np.stack([x[None] - x[:, None], y[None] - y[:, None]], axis=-1)
    apart = np.linalg.norm(way, axis=-1)
    before = np.einsum("ijk,ik->ij", way, front)
    alike = front @ front.T
    beside = (apart < _BESIDE_M) & (alike > 0.7) & (np.abs(before) < _ABREAST_M)
    across = (apart < _ACROSS_M) & (before > 0.4) & (alike < -0.3)
    joined = csr_matrix(beside | (across & across.T) | _round_one_table(way, apart, before))
    return np.asarray(connected_components(joined, directed=False)[1])


def _round_one_table(way: np.ndarray, apart: np.ndarray, before: np.ndarray) -> np.ndarray:
    """(n, n) do two sitters, near each other, both look to the place between them? (corners of a table, round ones)"""
    close = (apart < 1.6) & (before > 0.25)
    return np.asarray(close & close.T)


def _cluster_order(seats: list[Seat], clusters: np.ndarray, rng: np.random.Generator) -> list[int]:
    """Cluster after cluster; of each a few seats stay empty until all others are taken."""
    first: list[int] = []
    spare: list[int] = []
    for cluster in _drawn_order(_cluster_weights(seats, clusters), rng):
        members = rng.permutation(np.flatnonzero(clusters == cluster))
        taken = rng.random(len(members)) < _OCCUPIED
        taken[0] = True
        first += [int(number) for number in members[taken]]
        spare += [int(number) for number in members[~taken]]
    return first + spare


def _cluster_weights(seats: list[Seat], clusters: np.ndarray) -> np.ndarray:
    near = np.array([nearness(seat.x_m, seat.y_m) for seat in seats])
    return np.bincount(clusters, near)


def _lone_order(seats: list[Seat], rng: np.random.Generator) -> list[int]:
    return _drawn_order(np.array([nearness(seat.x_m, seat.y_m) for seat in seats]), rng)


def _drawn_order(weights: np.ndarray, rng: np.random.Generator) -> list[int]:
    """All numbers in random order, those of great weight likelier first."""
    order = rng.choice(len(weights), size=len(weights), replace=False, p=weights / weights.sum())
    return [int(number) for number in order]


def _role(number: int, kind: str | None, meeting: bool, rng: np.random.Generator) -> SeatRole:
    if kind is None:
        return SeatRole(number, _drawn(_LOUNGE_TAGS, rng), "rest")
    if kind == "table":
        return SeatRole(
            number, _drawn(_MEETING_TAGS if meeting else _TABLE_TAGS, rng), "meeting" if meeting else "table"
        )
    return SeatRole(number, _drawn(_DESK_TAGS, rng), "work")


def _talk_to_neighbours(
    roles: list[SeatRole], seats: list[Seat], wanted: int, rng: np.random.Generator
) -> list[SeatRole]:
    """Some of the first wanted sitters turn to whoever sits beside them, and these to them."""
    result, busy = list(roles), set[int]()
    for here, role in enumerate(roles[:wanted]):
        if here in busy or role.doing == "rest" or rng.random() >= _TURNED_SHARE:
            continue
        for there, other in enumerate(roles[:wanted]):
            side = _side_of(seats[role.number], seats[other.number])
            if there == here or there in busy or side is None:
                continue
            back = _side_of(seats[other.number], seats[role.number])
            result[here] = replace(role, tag="turned_away", to_left=side)
            result[there] = replace(other, tag="turned_away", to_left=back) if back is not None else other
            busy |= {here, there}
            break
    return result


def _side_of(seat: Seat, other: Seat) -> bool | None:
    """Does somebody on a seat have another seat at their left (True), their right (False) or neither (None)?"""
    x, y = other.x_m - seat.x_m, other.y_m - seat.y_m
    c, s = math.cos(seat.heading_rad), math.sin(seat.heading_rad)
    left, behind = c * x + s * y, c * y - s * x
    return left > 0 if math.hypot(x, y) < _BESIDE_M and abs(behind) < 0.6 * abs(left) else None


def _drawn(shares: dict[str | None, float], rng: np.random.Generator) -> str | None:
    weights = np.array(list(shares.values()))
    return list(shares)[int(rng.choice(len(weights), p=weights / weights.sum()))]
