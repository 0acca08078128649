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
from assets.mesh import Human
from render.place import Obstacle, Place, Seat
from render.placement import Body, Crowd, Standpoint, free_area_m2, nearness

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

    spots = [spot for _ in range(14) if (spot := crowd.stand(human, rng)) is not None]

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

    placed = [crowd.stand(figure(), rng) for _ in range(12)]

    assert placed[0] is not None
    assert placed[-1] is None


def test_somebody_sits_on_the_seat_with_the_knees_under_the_desk() -> None:
    seat = Seat(1.75, 0.2, 0.45, -math.pi / 2)
    chair = Obstacle(affinity.translate(rectangle(-0.25, -0.25, 0.25, 0.3), 1.75, 0.2), 0.0, 0.95, "chair")
    crowd = Crowd(room(DESK, chair, seats=(seat,)), CAMERA)

    spot = crowd.sit(figure(seat_height_m=0.45), seat, np.random.default_rng(0))

    assert spot is not None and (spot.x_m, spot.y_m) == (1.75, 0.2)
    knees = hull(figure(seat_height_m=0.45), spot, high=0.65)
    assert knees.intersects(DESK.footprint)


def test_nobody_sits_with_the_trunk_in_the_desk_or_on_an_occupied_seat() -> None:
    rng = np.random.default_rng(0)
    too_near = Seat(1.35, 0.2, 0.45, -math.pi / 2)
    free = Seat(1.8, 0.2, 0.45, -math.pi / 2)
    crowd = Crowd(room(DESK, seats=(too_near, free)), CAMERA)

    assert crowd.sit(figure(seat_height_m=0.45), too_near, rng) is None
    assert crowd.sit(figure(seat_height_m=0.45), free, rng) is not None
    assert crowd.sit(figure(seat_height_m=0.45), free, rng) is None


def test_a_chair_is_an_obstacle_for_those_who_do_not_sit_on_it() -> None:
    chair = Obstacle(rectangle(-2, -2, 2, 2), 0.0, 0.9, "chair")
    crowd = Crowd(room(chair), CAMERA)
    rng = np.random.default_rng(2)

    spots = [spot for _ in range(5) if (spot := crowd.stand(figure(), rng)) is not None]

    assert spots
    assert all(not hull(figure(), spot).intersects(chair.footprint) for spot in spots)


def test_no_head_comes_near_the_lens() -> None:
    low = Camera(lens=CAMERA.lens, pose=CameraPose(height_m=1.9))
    crowd = Crowd(room(), low)
    rng = np.random.default_rng(1)

    spots = [spot for _ in range(10) if (spot := crowd.stand(figure(), rng)) is not None]

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

    spots = [spot for _ in range(10) if (spot := crowd.stand(figure(), rng)) is not None]

    px = narrow.project_world([[spot.x_m, spot.y_m, 1.2] for spot in spots])
    assert len(px) and ((px >= 0) & (px < 60)).all()


def test_slices_are_hulls_of_what_is_that_high() -> None:
    body = Body(figure(height_m=1.8, width_m=0.6))

    assert body.slice(1.9, 2.5).is_empty
    assert body.slice(0.69, 0.74).bounds == pytest.approx((-0.3, -0.12, 0.3, 0.12), abs=1e-6)
    assert body.outline.bounds == pytest.approx((-0.3, -0.12, 0.3, 0.12), abs=1e-6)
    assert body.slice(1.7, 1.9).bounds == pytest.approx((-0.09, -0.1, 0.09, 0.1), abs=1e-6)


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
