"""Arrangements of people as geometry: conversations, queues, walkers, visitors at desks, and islands of seats."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from shapely.geometry import Polygon
from shapely.geometry import box as rectangle

from render.ground import Ground
from render.groups import ahead, at_spot, beside_sitter, conversation, facing, queue, walkers
from render.place import Obstacle, Place, Seat, Spot
from render.seating import seat_clusters, seat_roles

FLOOR = rectangle(-6, -6, 6, 6)


def place(**fields: object) -> Place:
    return Place("test", [], [], FLOOR, **({"obstacles": [], "seats": []} | fields))  # type: ignore[arg-type]


def desk_island(x: float, y: float, columns: int) -> tuple[list[Obstacle], list[Seat]]:
    """Two rows of desks that face each other, and their seats."""
    desks, seats = [], []
    for column in range(columns):
        for row, heading in ((-1, math.pi), (1, 0.0)):
            left, middle = x + column * 1.5, y + row * 0.4
            footprint = Polygon(rectangle(left - 0.74, middle - 0.4, left + 0.74, middle + 0.4).exterior)
            desks.append(Obstacle(footprint, 0.69, 0.74, "desk"))
            seats.append(Seat(left, y + row * 1.2, 0.46, heading))
    return desks, seats


def test_facing_is_the_heading_that_looks_from_one_place_at_another() -> None:
    for target in ((1.0, 0.0), (0.0, 2.0), (-1.0, -3.0)):
        way = np.array(target) / math.hypot(*target)
        np.testing.assert_allclose(ahead(facing((0.0, 0.0), target)), way, atol=1e-12)
    np.testing.assert_allclose(ahead(0.0), [0, -1], atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_people_who_talk_are_a_step_apart_and_one_of_them_speaks(size: int) -> None:
    for seed in range(20):
        roles = conversation((1.0, -2.0), size, np.random.default_rng(seed))

        places = np.array([(role.x_m, role.y_m) for role in roles])
        apart = [math.dist(a, b) for a, b in combinations(places, 2)]
        assert len(roles) == size and 0.55 <= min(apart) <= 1.2
        np.testing.assert_allclose(places.mean(axis=0), (1.0, -2.0), atol=0.3)
        assert {role.tag for role in roles} == {"listening", "talking"}
        assert sum(role.tag == "talking" for role in roles) == 1


def test_people_in_a_circle_look_inwards() -> None:
    for seed in range(20):
        roles = conversation((0.0, 0.0), 4, np.random.default_rng(seed))
        inward = [-np.array([role.x_m, role.y_m]) @ ahead(role.heading_rad) for role in roles]
        assert min(inward) > 0


def test_a_queue_stands_one_behind_the_other_and_faces_the_counter() -> None:
    spot = Spot(1.0, 2.0, 0.7, "counter")
    for seed in range(10):
        line = queue(spot, 4, np.random.default_rng(seed))[0]

        steps = np.diff([(role.x_m, role.y_m) for role in line], axis=0)
        assert (line[0].x_m, line[0].y_m) == (1.0, 2.0)
        assert ((np.hypot(*steps.T) >= 0.7) & (np.hypot(*steps.T) <= 0.9)).all()
        assert (steps @ ahead(0.7) < -0.69).all()
        assert all(abs(role.heading_rad - 0.7) < 0.6 for role in line)


def test_walkers_follow_walkways_either_way() -> None:
    hall = place(walkways=[[(-4.0, 1.0), (4.0, 1.0)]])
    ways = [walkers(hall, np.zeros((0, 2)), 1, np.random.default_rng(seed)) for seed in range(80)]
    found = [way[0] for way in ways if way]

    along = np.array([ahead(role.heading_rad)[0] for role in found])
    assert len(found) > 50
    assert all(abs(role.y_m - 1.0) < 0.4 and role.activity == "walking" for role in found)
    assert (np.abs(along) > 0.95).all() and (along > 0).any() and (along < 0).any()


def test_where_no_walkway_is_known_people_walk_to_another_place() -> None:
    free = np.array([[0.0, 0.0], [0.3, 0.0], [2.0, 2.0]])

    (role,) = walkers(place(), free, 1, np.random.default_rng(0))

    assert (role.x_m, role.y_m) == (0.0, 0.0)
    np.testing.assert_allclose(ahead(role.heading_rad), np.array([1, 1]) / math.sqrt(2), atol=0.2)
    assert walkers(place(), np.zeros((0, 2)), 1, np.random.default_rng(0)) == []


def test_two_who_walk_together_go_abreast() -> None:
    for seed in range(10):
        first, second = walkers(place(), np.array([[0.0, 0.0], [3.0, 0.0]]), 2, np.random.default_rng(seed))

        way = np.array([second.x_m - first.x_m, second.y_m - first.y_m])
        assert 0.5 < np.hypot(*way) < 1.0
        assert abs(way @ ahead(second.heading_rad)) < 0.4
        assert math.cos(first.heading_rad - second.heading_rad) > 0.95


def test_a_visitor_stands_by_the_sitter_and_looks_at_them_or_their_desk() -> None:
    seat = Seat(1.0, 1.0, 0.46, 0.5)
    for seed in range(20):
        for role in beside_sitter(seat, np.random.default_rng(seed)):
            way = np.array([seat.x_m - role.x_m, seat.y_m - role.y_m])
            looks = ahead(role.heading_rad)
            to_desk = way + 0.55 * ahead(seat.heading_rad)
            assert 0.5 < np.hypot(*way) < 1.1 and role.tag in ("talking", "leaning")
            assert max(looks @ way / np.hypot(*way), looks @ to_desk / np.hypot(*to_desk)) > 0.9


def test_people_at_a_spot_face_what_it_is_for() -> None:
    roles = [at_spot(Spot(1.0, 2.0, 1.2, "whiteboard"), np.random.default_rng(seed)) for seed in range(30)]

    assert all(
        math.cos(role.heading_rad - 1.2) > 0.8 and math.hypot(role.x_m - 1, role.y_m - 2) < 0.3 for role in roles
    )
    assert {role.tag for role in roles} == {"reaching", "talking", "listening"}


def test_seats_of_one_island_belong_together_and_rows_back_to_back_do_not() -> None:
    _, first = desk_island(-4.0, 0.0, 3)
    _, second = desk_island(-4.0, 3.6, 3)  # 1.2 m between the sitters' backs

    clusters = seat_clusters([*first, *second])

    assert len(set(clusters[:6])) == 1 and len(set(clusters[6:])) == 1
    assert clusters[0] != clusters[6]


def test_seats_round_a_table_belong_together() -> None:
    angles = np.arange(6) * math.pi / 3
    round_table = [
        Seat(float(np.cos(a)), float(np.sin(a)), 0.46, facing((np.cos(a), np.sin(a)), (0, 0))) for a in angles
    ]

    assert len(set(seat_clusters(round_table))) == 1


def test_whole_islands_fill_up_while_others_stay_empty() -> None:
    first_desks, first = desk_island(-4.0, -3.0, 4)
    second_desks, second = desk_island(-4.0, 3.0, 4)
    ground = Ground(place(obstacles=[*first_desks, *second_desks], seats=[*first, *second]))

    def shares(clustered: bool) -> float:
        """Mean share of the first six sitters who are on the fuller island."""
        orders = [seat_roles(ground, 6, clustered, np.random.default_rng(seed)) for seed in range(40)]
        first_island = np.array([np.mean([role.number < 8 for role in order[:6]]) for order in orders])
        return float(np.maximum(first_island, 1 - first_island).mean())

    assert shares(clustered=True) > 0.95
    assert shares(clustered=False) < 0.8
    order = seat_roles(ground, 6, True, np.random.default_rng(0))
    assert sorted(role.number for role in order) == list(range(16))


def test_what_sitters_do_depends_on_what_is_before_them() -> None:
    desks, seats = desk_island(-4.0, 0.0, 3)
    table = Obstacle(rectangle(2, -0.4, 4, 0.4), 0.69, 0.74, "table")
    at_table, sofa = Seat(3.0, 0.8, 0.46, 0.0), Seat(0.0, 5.0, 0.42, 0.0)
    ground = Ground(place(obstacles=[*desks, table], seats=[*seats, at_table, sofa]))

    doing = {number: set[str]() for number in range(8)}
    for seed in range(40):
        for role in seat_roles(ground, 0, False, np.random.default_rng(seed)):
            doing[role.number].add(role.doing)

    assert all(doing[number] == {"work"} for number in range(6))
    assert doing[6] == {"meeting", "table"} and doing[7] == {"rest"}


def test_all_who_sit_at_one_table_are_in_the_same_meeting() -> None:
    table = Obstacle(rectangle(-2.0, -0.6, 2.0, 0.6), 0.69, 0.74, "desk")
    seats = [Seat(x, side * 1.0, 0.46, 0.0 if side > 0 else math.pi) for x in (-1.4, 0.0, 1.4) for side in (-1, 1)]
    _, others = desk_island(-4.0, 4.0, 3)
    ground = Ground(place(obstacles=[table], seats=[*seats, *others]))

    for seed in range(20):
        roles = seat_roles(ground, 0, True, np.random.default_rng(seed))
        at_table = [place for place, role in enumerate(roles) if role.number < 6]
        assert {roles[place].doing for place in at_table} in ({"meeting"}, {"table"})
        first = at_table[:3]  # who comes first keeps some seats for last
        assert first[2] - first[0] == 2


def test_neighbours_who_talk_turn_to_each_other() -> None:
    desks, seats = desk_island(-4.0, 0.0, 2)
    ground = Ground(place(obstacles=desks, seats=seats))
    turned = 0
    for seed in range(60):
        roles = {role.number: role for role in seat_roles(ground, 4, False, np.random.default_rng(seed))}
        # Seats 1 and 3 look to -Y side by side: seat 3, at greater x, is at the left of seat 1.
        if roles[1].to_left is not None and roles[3].to_left is not None:
            turned += 1
            assert roles[1].to_left and not roles[3].to_left
            assert roles[1].tag == roles[3].tag == "turned_away"
    assert turned > 3
