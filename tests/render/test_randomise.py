"""Domain randomisation: everything looks different, nothing is in anybody's way, nothing moves that people use."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point
from shapely.geometry import box as rectangle

from assets.mesh import Material
from render.place import Lamp, Place, Seat, Spot
from render.randomise import randomised
from render.solids import box

GLOW = Material("screen", (0.5, 0.5, 1.0), emission=1.5)
GREY = Material("grey", (0.5, 0.5, 0.5))


@pytest.fixture
def room() -> Place:
    floor = rectangle(-5, -4, 5, 4)
    return Place(
        "room",
        [box((0, 0, -0.05), (10, 8, 0.1), GREY, "floor"), box((2, 2, 1), (0.5, 0.05, 0.3), GLOW, "screen")],
        [Lamp((0, 0, 2.9), (1, 1), (0, 0, -1), (0, 1, 0), (100.0, 100.0, 100.0))],
        floor, [], [Seat(1.0, 1.0, 0.46, 0.0)], spots=[Spot(-2.0, 0.0, 0.0, "counter")], walkways=[[(-3.0, -3.0), (3.0, -3.0)]],
    )  # fmt: skip


def test_the_same_seed_makes_the_same_place_and_another_another(room: Place) -> None:
    first, again, other = randomised(room, 3.0, 4), randomised(room, 3.0, 4), randomised(room, 3.0, 5)
    assert first.key == again.key != other.key != room.key
    assert [part.materials for part in first.parts] == [part.materials for part in again.parts]
    np.testing.assert_array_equal(first.parts[-1].vertices_m, again.parts[-1].vertices_m)


def test_every_surface_has_another_look_and_what_glows_still_does(room: Place) -> None:
    made = randomised(room, 3.0, 1)
    assert made.parts[0].materials[0].base_color != GREY.base_color
    assert made.parts[1].materials[0].emission == 1.5
    np.testing.assert_array_equal(made.parts[0].vertices_m, room.parts[0].vertices_m)
    assert (made.seats, made.spots, made.walkways) == (room.seats, room.spots, room.walkways)


def test_distractors_leave_room_for_people_and_lens_and_stay_inside(room: Place) -> None:
    kept = 0
    for seed in range(30):
        made = randomised(room, 3.0, seed)
        kept += len(made.obstacles)
        for one in made.obstacles:
            assert room.floor.contains(one.footprint) and one.bottom_m >= -1e-6 and one.top_m <= 3.0
            for x, y in [(1.0, 1.0), (-2.0, 0.0), (3.0, -3.0)]:
                assert one.footprint.distance(Point(x, y)) >= 0.6 - 1e-6
            assert one.footprint.distance(Point(0, 0)) > 0.8 or one.top_m <= 1.5 + 1e-6
    assert kept > 100


def test_lamps_differ_and_send_the_light_of_an_office(room: Place) -> None:
    counts = {len(randomised(room, 3.0, seed).lamps) for seed in range(40)}
    assert min(counts) == 1 and max(counts) >= 10
    lamps = randomised(room, 3.0, 3).lamps
    watts = np.mean([lamp.power_w for lamp in lamps], axis=1).sum()
    assert watts == pytest.approx(np.pi / 0.6 * 80, rel=1e-6)
