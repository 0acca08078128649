"""Nobody stands in a desk, in a wall, in somebody else or in the lens; feet may be under a desk top, not knees in it."""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from shapely import affinity
from shapely.geometry import MultiPoint, Point
from shapely.geometry import box as rectangle
from shapely.geometry.base import BaseGeometry

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens
from assets.mesh import Human, Material
from render.place import Obstacle, Place, Seat
from render.placement import Body, Crowd, Standpoint, free_area_m2, nearness
from render.solids import box

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import figure

CAMERA = Camera(
    lens=EquidistantLens(width_px=100, height_px=100, cx_px=50, cy_px=50, f_px=31), pose=CameraPose(height_m=2.8)
)
DESK = Obstacle(rectangle(0.5, -1.0, 1.3, 1.0), 0.69, 0.74, "desk")
SHELF = Obstacle(rectangle(-2.5, 1.5, -0.5, 1.9), 0.0, 1.8, "shelf")


def room(*obstacles: Obstacle, seats: tuple[Seat, ...] = (), size_m: float = 5.0) -> Place:
    floor = rectangle(-size_m / 2, -size_m / 2, size_m / 2, size_m / 2)
    return Place("test", [], [], floor.buffer(-0.05), list(obstacles), list(seats), bounds=floor)


def hull(human: Human, spot: Standpoint, low: float = -math.inf, high: float = math.inf) -> BaseGeometry:
    """The body's outline between two heights, in the world, reckoned without the code under test."""
    c, s = math.cos(spot.heading_rad), math.sin(spot.heading_rad)
    x, y, z = human.vertices_m.T
    inside = (z >= low) & (z <= high)
    points = np.column_stack([c * x - s * y + spot.x_m, s * x + c * y + spot.y_m])[inside]
    return MultiPoint(points).convex_hull


@pytest.mark.parametrize("seed", range(5))
def test_standing_people_share_no_ground_with_one_another_furniture_or_walls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    place, human = room(DESK, SHELF), figure()
    crowd = Crowd(place, CAMERA)

    spots = [spot for _ in range(14) if (spot := crowd.stand(Body(human), rng)) is not None]

    outlines = [hull(human, spot) for spot in spots]
    assert len(spots) >= 6
    for number, outline in enumerate(outlines):
        assert place.floor.covers(hull(human, spots[number], high=0.25))
        assert place.bounds is not None and place.bounds.contains(outline)
        assert not outline.intersects(SHELF.footprint)
        assert not any(outline.intersects(other) for other in outlines[:number])
        assert not hull(human, spots[number], DESK.bottom_m - 0.1, DESK.top_m + 0.1).intersects(DESK.footprint)


def test_a_room_that_is_full_says_so() -> None:
    crowd = Crowd(room(size_m=1.2), CAMERA)
    rng = np.random.default_rng(0)

    placed = [crowd.stand(Body(figure()), rng) for _ in range(12)]

    assert placed[0] is not None
    assert placed[-1] is None


def test_somebody_sits_on_the_seat_with_the_knees_under_the_desk() -> None:
    seat = Seat(1.75, 0.2, 0.45, -math.pi / 2)
    chair = Obstacle(affinity.translate(rectangle(-0.25, -0.25, 0.25, 0.3), 1.75, 0.2), 0.0, 0.95, "chair")
    crowd = Crowd(room(DESK, chair, seats=(seat,)), CAMERA)

    spot = crowd.sit(Body(figure(seat_height_m=0.45)), seat, np.random.default_rng(0))

    assert spot is not None and math.hypot(spot.x_m - 1.75, spot.y_m - 0.2) < 0.17
    knees = hull(figure(seat_height_m=0.45), spot, high=0.65)
    assert knees.intersects(DESK.footprint)


def test_nobody_sits_with_the_trunk_in_the_desk_or_on_an_occupied_seat() -> None:
    rng = np.random.default_rng(0)
    too_near = Seat(1.35, 0.2, 0.45, -math.pi / 2)
    free = Seat(1.8, 0.2, 0.45, -math.pi / 2)
    crowd = Crowd(room(DESK, seats=(too_near, free)), CAMERA)

    assert crowd.sit(Body(figure(seat_height_m=0.45)), too_near, rng) is None
    assert crowd.sit(Body(figure(seat_height_m=0.45)), free, rng) is not None
    assert crowd.sit(Body(figure(seat_height_m=0.45)), free, rng) is None


def test_a_chair_is_an_obstacle_for_those_who_do_not_sit_on_it() -> None:
    chair = Obstacle(rectangle(-2, -2, 2, 2), 0.0, 0.9, "chair")
    crowd = Crowd(room(chair), CAMERA)
    rng = np.random.default_rng(2)

    spots = [spot for _ in range(5) if (spot := crowd.stand(Body(figure()), rng)) is not None]

    assert spots
    assert all(not hull(figure(), spot).intersects(chair.footprint) for spot in spots)


def test_no_head_comes_near_the_lens() -> None:
    low = Camera(lens=CAMERA.lens, pose=CameraPose(height_m=1.9))
    crowd = Crowd(room(), low)
    rng = np.random.default_rng(1)

    spots = [spot for _ in range(10) if (spot := crowd.stand(Body(figure()), rng)) is not None]

    assert spots
    for spot in spots:
        x, y = hull(figure(), spot, low=1.5).distance(Point(0, 0)), 1.9 - 1.75
        assert math.hypot(x, y) > 0.44


def test_people_stand_in_sight_of_the_camera() -> None:
    narrow = Camera(
        lens=EquidistantLens(width_px=60, height_px=60, cx_px=30, cy_px=30, f_px=40, max_theta_deg=90),
        pose=CameraPose(height_m=2.8),
    )
    crowd = Crowd(room(size_m=8), narrow)
    rng = np.random.default_rng(1)

    spots = [spot for _ in range(10) if (spot := crowd.stand(Body(figure()), rng)) is not None]

    px = narrow.project_world([[spot.x_m, spot.y_m, 1.2] for spot in spots])
    assert len(px) and ((px >= 0) & (px < 60)).all()


def test_people_stand_closer_than_their_hulls_but_never_in_one_another() -> None:
    one = figure(width_m=0.5)
    crowd = Crowd(room(), CAMERA)

    first = crowd.stand_at(Body(one), [Standpoint(0.5, 0.0, 0.0)])
    inside = crowd.stand_at(Body(one), [Standpoint(0.5, 0.2, 0.0)])
    behind = crowd.stand_at(Body(one), [Standpoint(0.5, 0.33, 0.0)])

    assert first is not None and behind is not None
    assert inside is None  # bodies are 0.24 m deep


def test_the_first_place_with_room_is_taken() -> None:
    crowd = Crowd(room(DESK), CAMERA)
    spots = [
        Standpoint(0.9, 0.0, 0.0),
        Standpoint(9.0, 0.0, 0.0),
        Standpoint(-0.5, -0.5, 1.0),
        Standpoint(-1.0, 0.0, 0.0),
    ]

    assert crowd.stand_at(Body(figure()), spots) == spots[2]


def test_a_back_in_the_way_moves_the_sitter_forward() -> None:
    seat = Seat(0.0, -1.0, 0.45, 0.0)
    chair = Obstacle(rectangle(-0.25, -1.25, 0.25, -0.7), 0.0, 0.95, "chair")
    free = room(chair, seats=(seat,))
    back = box((0.0, -1.0 + 0.08, 0.75), (0.4, 0.03, 0.4), Material("cloth", (0.1, 0.1, 0.1)), "chair")
    blocked = Place("back", [back], [], free.floor, free.obstacles, free.seats, bounds=free.bounds)
    body, rng = Body(figure(seat_height_m=0.45)), np.random.default_rng(0)

    upright = Crowd(free, CAMERA).sit(body, seat, rng)
    shifted = Crowd(blocked, CAMERA).sit(body, seat, rng)

    assert upright is not None and upright.y_m == pytest.approx(-1.0)
    assert shifted is not None and shifted.y_m < -1.03  # heading 0 faces -Y; trunks reach 0.12 m back


def test_likely_points_are_free_in_sight_and_near_first() -> None:
    crowd = Crowd(room(DESK, SHELF, size_m=16), CAMERA)
    taken = crowd.stand_at(Body(figure()), [Standpoint(-1.0, -1.0, 0.0)])

    points = crowd.likely_points(400, np.random.default_rng(0))

    radius = np.hypot(*points.T)
    assert taken is not None and len(points) > 100
    assert not any(DESK.footprint.contains(Point(x, y)) or SHELF.footprint.contains(Point(x, y)) for x, y in points)
    assert np.hypot(points[:, 0] + 1.0, points[:, 1] + 1.0).min() > 0.3
    assert np.median(radius[: len(points) // 4]) < np.median(radius[-len(points) // 4 :])


def test_free_area_counts_what_furniture_leaves() -> None:
    empty = room(size_m=4.0)

    assert free_area_m2(empty) == pytest.approx(3.9**2)
    assert free_area_m2(room(Obstacle(rectangle(-5, -5, 5, 5), 0, 1, "desk"))) == 0
    lamp = Obstacle(rectangle(-5, -5, 5, 5), 2.0, 2.2, "lamp")
    assert free_area_m2(room(lamp, size_m=4.0)) == pytest.approx(3.9**2)


def test_nearness_falls_with_distance_and_is_never_nought() -> None:
    values = [nearness(distance, 0) for distance in (0, 2.9, 4, 6, 12)]

    assert values[0] == values[1] == 1
    assert all(first > second > 0 for first, second in pairwise(values[1:]))
