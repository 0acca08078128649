"""What is wrong with where people are: bodies in one another, in furniture, in walls, off the floor, or not life-sized.

Measured on the finished meshes in the world and independent of how they were placed (render.placement works on cubes):
the generalised winding number (Jacobson, Kavan & Sorkine-Hornung 2013) says whether a point is inside a body whose parts
are open shells, and furniture counts as the prisms of its obstacles. Depths in metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from scipy.spatial import cKDTree

from assets.mesh import Human
from render.body_volume import covered
from render.ground import Ground
from render.people import PlacedPerson
from render.place import Obstacle, Place, Seat
from render.placement import is_own_seat

FaultKind = Literal["in a person", "in furniture", "in a backrest", "through a wall", "off the floor", "stature"]
FAULT_KINDS: tuple[FaultKind, ...] = (
    "in a person", "in furniture", "in a backrest", "through a wall", "off the floor", "stature",
)  # fmt: skip
CONTACT_M = 0.01
"""Skin and cloth give way so far: what is no deeper is contact."""
BACK_M = 0.02
FLOOR_M = 0.02
STATURE_M = (1.35, 2.15)
_ASKED = 400
"""Winding numbers are worked out for so many of the deepest points."""
_PAIRS = 4_000_000


@dataclass(frozen=True)
class Fault:
    """One fault of one person. person: its instance id. depth_m: how deep, how high or how tall."""

    kind: FaultKind
    person: int
    with_what: str
    depth_m: float


def find_faults(place: Place, people: Sequence[PlacedPerson], humans: Sequence[Human]) -> list[Fault]:
    """All faults of a scene. humans: the meshes of people in the world, in their order."""
    ground = Ground(place)
    found: list[Fault] = []
    for number, (person, human) in enumerate(zip(people, humans, strict=True)):
        found += _own_faults(ground, person, human)
        for other, mesh in zip(people[:number], humans[:number], strict=True):
            depth = depth_in_person(human, mesh)
            if depth > CONTACT_M:
                found.append(Fault("in a person", person.instance_id, f"person {other.instance_id}", depth))
    return found


def depth_in_person(first: Human, second: Human) -> float:
    """How deep one of two bodies is in the other; 0 where they are apart."""
    return max(_depth_in(first, second), _depth_in(second, first))


def depth_in_prism(points_m: np.ndarray, obstacle: Obstacle) -> float:
    """The greatest depth of points (n, 3) inside an obstacle: the way out up, down or sideways; 0 if none is inside."""
    z = points_m[:, 2]
    points = points_m[(z > obstacle.bottom_m) & (z < obstacle.top_m)]
    points = points[covered(points, obstacle.footprint)]
    if not len(points):
        return 0.0
    aside = shapely.distance(obstacle.footprint.exterior, shapely.points(points[:, :2]))
    upright = np.minimum(points[:, 2] - obstacle.bottom_m, obstacle.top_m - points[:, 2])
    return float(np.minimum(aside, upright).max())


def winding_numbers(points_m: np.ndarray, vertices_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(n,) how often triangles wind about points (n, 3): 1 inside a closed surface, 0 outside, in between for gaps.

    Sum of signed solid angles over 4 pi (Van Oosterom & Strackee 1983).
    """
    result = np.zeros(len(points_m))
    corners = np.asarray(vertices_m, float)[triangles]
    at_once = max(1, _PAIRS // max(1, len(triangles)))
    for start in range(0, len(points_m), at_once):
        a, b, c = (corners[None, :, corner] - points_m[start : start + at_once, None] for corner in range(3))
        la, lb, lc = (np.linalg.norm(one, axis=-1) for one in (a, b, c))
        volume = np.einsum("pti,pti->pt", a, np.cross(b, c))
        ab, bc, ca = (np.einsum("pti,pti->pt", one, other) for one, other in ((a, b), (b, c), (c, a)))
        angle = 2 * np.arctan2(volume, la * lb * lc + ab * lc + bc * la + ca * lb)
        result[start : start + at_once] = angle.sum(axis=1) / (4 * np.pi)
    return result


def _own_faults(ground: Ground, person: PlacedPerson, human: Human) -> list[Fault]:
    """What is wrong with one person, all others aside."""
    found = [
        Fault("in furniture", person.instance_id, kind, depth) for kind, depth in _furniture(ground, person, human)
    ]
    points = human.vertices_m.astype(float)
    if ground.place.bounds is not None:
        outside = points[~covered(points, ground.place.bounds)]
        if len(outside):
            depth = shapely.distance(ground.place.bounds, shapely.points(outside[:, :2])).max()
            found.append(Fault("through a wall", person.instance_id, "wall", float(depth)))
    lowest = float(points[:, 2].min())
    if abs(lowest) > FLOOR_M and (person.seat_height_m is None or lowest < 0):
        found.append(Fault("off the floor", person.instance_id, "floor", lowest))
    if not STATURE_M[0] <= person.human.stature_m <= STATURE_M[1]:
        found.append(Fault("stature", person.instance_id, "", person.human.stature_m))
    if person.seat_height_m is not None:
        depth = _depth_of_back(ground, person, human)
        if depth > BACK_M:
            found.append(Fault("in a backrest", person.instance_id, "chair", depth))
    return found


def _furniture(ground: Ground, person: PlacedPerson, human: Human) -> list[tuple[str, float]]:
    outline = shapely.MultiPoint(human.vertices_m[:, :2].astype(float)).convex_hull
    seat = _seat_of(ground, person)
    points, found = human.vertices_m.astype(float), []
    for obstacle in ground.near(outline, 0.0):
        if seat is not None and is_own_seat(obstacle, seat):
            continue
        depth = depth_in_prism(points, obstacle)
        if depth > CONTACT_M:
            found.append((obstacle.kind, depth))
    return found


def _seat_of(ground: Ground, person: PlacedPerson) -> Seat | None:
    """The seat that is nearest to somebody who sits."""
    if person.seat_height_m is None or not ground.place.seats:
        return None
    return min(ground.place.seats, key=lambda seat: np.hypot(seat.x_m - person.x_m, seat.y_m - person.y_m))


def _depth_of_back(ground: Ground, person: PlacedPerson, human: Human) -> float:
    """How deep the chair's back is in whoever sits before it."""
    seat = _seat_of(ground, person)
    if seat is None:
        return 0.0
    own = ground.backrest(seat)
    c, s = np.cos(seat.heading_rad), np.sin(seat.heading_rad)
    world = np.column_stack(
        [c * own[:, 0] - s * own[:, 1] + seat.x_m, s * own[:, 0] + c * own[:, 1] + seat.y_m, own[:, 2]]
    )
    return _depth_of_points(world, human)


def _depth_in(first: Human, second: Human) -> float:
    low, high = second.vertices_m.min(axis=0), second.vertices_m.max(axis=0)
    near = ((first.vertices_m > low) & (first.vertices_m < high)).all(axis=1)
    return _depth_of_points(first.vertices_m[near].astype(float), second)


def _depth_of_points(points_m: np.ndarray, human: Human) -> float:
    """The greatest depth of points (n, 3) in a body: their distance behind the plane of the nearest surface."""
    if not len(points_m):
        return 0.0
    vertices = human.vertices_m.astype(float)
    _, nearest = cKDTree(vertices).query(points_m)
    behind = -np.einsum("ni,ni->n", points_m - vertices[nearest], _normals(human)[nearest])
    deepest = np.argsort(-behind)[:_ASKED]
    deepest = deepest[behind[deepest] > CONTACT_M]
    if not len(deepest):
        return 0.0
    inside = winding_numbers(points_m[deepest], vertices, human.triangles) > 0.5
    return float(behind[deepest][inside].max()) if inside.any() else 0.0


def _normals(human: Human) -> np.ndarray:
    """(n, 3) unit normals at vertices, by the areas of their triangles."""
    vertices = human.vertices_m.astype(float)
    a, b, c = (vertices[human.triangles[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, human.triangles[:, corner], across)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1), 1e-12)[:, None])
