"""Faults of placement are found where they are planted, and real scenes have none."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Point
from shapely.geometry import box as rectangle

from assets.humans.spec import sample_human
from assets.mesh import Human, Material, Mesh
from assets.poses.spec import PoseSpec
from render.config import RenderConfig
from render.intersection import depth_in_person, depth_in_prism, find_faults, winding_numbers
from render.people import PlacedPerson, human_at, person_mesh
from render.place import Obstacle, Place, Seat
from render.scene import build_place, placed_humans, sample_scene
from render.solids import blob, box

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import figure
from sites import write_small_site

GREY = Material("grey", (0.3, 0.3, 0.3))
ROOM = Place("test", [], [], rectangle(-3, -3, 3, 3), [], [], bounds=rectangle(-3, -3, 3, 3))


def person(
    seat_height_m: float | None = None, *, stature_m: float = 1.75, x_m: float = 0.0, heading_rad: float = 0.0
) -> PlacedPerson:
    human = sample_human(np.random.default_rng(0)).model_copy(update={"stature_m": stature_m})
    pose = PoseSpec(name="upright" if seat_height_m else "at-ease", activity="sitting" if seat_height_m else "standing")
    return PlacedPerson(
        instance_id=1, human=human, pose=pose, seat_height_m=seat_height_m, x_m=x_m, y_m=0.0, heading_rad=heading_rad
    )


def as_human(mesh: Mesh, name: str) -> Human:
    fields = {field: getattr(mesh, field) for field in mesh.__dataclass_fields__} | {"name": name}
    return Human(**fields)


def kinds(place: Place, who: PlacedPerson, human: Human) -> list[str]:
    return [fault.kind for fault in find_faults(place, [who], [human_at(human, who.x_m, who.y_m, who.heading_rad)])]


def test_winding_number_is_one_inside_and_nought_outside_a_closed_surface() -> None:
    ball = blob((0.1, 0.2, 0.3), (0.5, 0.5, 0.5), GREY, "clutter", 20, 30)
    points = np.random.default_rng(0).uniform(-0.7, 0.9, (200, 3))
    radius = np.linalg.norm(points - [0.1, 0.2, 0.3], axis=1)
    clear = np.abs(radius - 0.5) > 0.03

    numbers = winding_numbers(points, ball.vertices_m, ball.triangles)

    np.testing.assert_allclose(numbers[clear], (radius < 0.5)[clear], atol=1e-6)


def test_winding_number_still_tells_inside_from_outside_through_a_gap() -> None:
    ball = blob((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), GREY, "clutter", 20, 30)
    heights = ball.vertices_m[ball.triangles][..., 2].mean(axis=1)
    open_ball = ball.triangles[heights < 0.42]

    inside, outside = winding_numbers(np.array([[0, 0, 0.2], [0, 0, 0.8]]), ball.vertices_m, open_ball)

    assert inside > 0.5 > outside


@pytest.mark.parametrize("apart_m", [1.1, 1.02, 0.95, 0.8])
def test_depth_of_one_body_in_another_is_that_of_balls(apart_m: float) -> None:
    first, second = (
        as_human(blob((x, 0.0, 1.0), (0.5, 0.5, 0.5), GREY, "top", 40, 60), name)
        for x, name in ((0.0, "a"), (apart_m, "b"))
    )

    assert depth_in_person(first, second) == pytest.approx(max(0.0, 1.0 - apart_m), abs=0.015)


def test_real_bodies_that_overlap_are_found_and_those_beside_each_other_are_not() -> None:
    human = person_mesh(person().human, PoseSpec(name="at-ease", activity="standing"))

    beside = depth_in_person(human, human_at(human, 0.8, 0.0, 0.3))
    touching = depth_in_person(human, human_at(human, 0.1, 0.12, 0.3))

    assert beside == 0.0
    assert touching > 0.03


def test_depth_in_furniture_is_the_shortest_way_out() -> None:
    desk = Obstacle(rectangle(0, 0, 1.6, 0.8), 0.70, 0.74, "desk")
    points = np.array([[0.5, 0.4, 0.735], [0.03, 0.4, 0.72], [0.5, 0.4, 0.76], [0.5, 0.9, 0.72]])

    assert [round(depth_in_prism(points[[n]], desk), 4) for n in range(4)] == [0.005, 0.02, 0.0, 0.0]
    assert depth_in_prism(points, desk) == pytest.approx(0.02)


def test_somebody_who_just_stands_in_a_room_is_without_fault() -> None:
    assert kinds(ROOM, person(), figure()) == []


def test_a_desk_through_the_hips_is_a_fault() -> None:
    desk = Obstacle(rectangle(-0.1, -1, 1, 1), 0.60, 0.74, "desk")

    assert kinds(replace(ROOM, obstacles=[desk]), person(), figure()) == ["in furniture"]


def test_an_arm_through_the_wall_is_a_fault() -> None:
    assert kinds(ROOM, person(x_m=2.8), figure()) == ["through a wall"]


def test_feet_above_or_below_the_floor_are_a_fault() -> None:
    for lift in (0.05, -0.05):
        human = figure()
        human.vertices_m = human.vertices_m + np.array([0, 0, lift], np.float32)
        assert kinds(ROOM, person(), human) == ["off the floor"]


def test_giants_and_dwarfs_are_a_fault() -> None:
    assert kinds(ROOM, person(stature_m=2.19), figure()) == ["stature"]
    assert kinds(ROOM, person(stature_m=1.31), figure()) == ["stature"]


def test_own_chair_is_no_fault_but_its_back_in_the_sitter_is() -> None:
    seat = Seat(0.0, 0.0, 0.45, math.pi / 2)
    chair = Obstacle(Point(0, 0).buffer(0.35), 0.0, 0.9, "chair")
    far, near = (box((x, 0.0, 0.75), (0.02, 0.3, 0.4), GREY, "chair") for x in (-0.2, -0.06))
    place = replace(ROOM, obstacles=[chair], seats=[seat])
    who = person(0.45, heading_rad=math.pi / 2)

    # The sitter faces +X: its back is at x = -0.12.
    assert kinds(replace(place, parts=[far]), who, figure(seat_height_m=0.45)) == []
    assert kinds(replace(place, parts=[near]), who, figure(seat_height_m=0.45)) == ["in a backrest"]
    assert "in furniture" in kinds(replace(place, seats=[]), person(), figure())


@pytest.mark.parametrize("index", range(0, 10, 2))
def test_offices_are_peopled_without_a_fault(index: int) -> None:
    scene = sample_scene(
        RenderConfig(size_px=64, seed=2, scenes_per_background=2, sitting=(2, 4), standing=(3, 4)), index
    )

    assert scene.people
    assert find_faults(build_place(scene.place, scene.camera), scene.people, placed_humans(scene)) == []


def test_photographs_are_peopled_without_a_fault(tmp_path: Path) -> None:
    config = RenderConfig(size_px=64, seed=3, sitting=(0, 0), standing=(4, 4), site=write_small_site(tmp_path))
    for index in range(3):
        scene = sample_scene(config, index)
        assert scene.people
        assert find_faults(build_place(scene.place, scene.camera), scene.people, placed_humans(scene)) == []
