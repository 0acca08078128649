"""Scenes as data: a pure function of configuration, seed and index, with people where people can be."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import MultiPoint

from annotate.errors import PlafondError
from render.config import RenderConfig
from render.scene import SceneSpec, build_place, person_mesh, placed_humans, sample_scene

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import write_small_site

SMALL = RenderConfig(size_px=64, sitting=(1, 2), standing=(1, 2), scenes_per_background=2, seed=5)


def test_scene_depends_on_config_seed_and_index_alone() -> None:
    forwards = [sample_scene(SMALL, index) for index in (0, 1, 2)]
    build_place.cache_clear()

    backwards = [sample_scene(SMALL, index) for index in (2, 1, 0)]

    assert forwards == backwards[::-1]
    assert forwards[0] != forwards[1]
    assert forwards[0] != sample_scene(SMALL.model_copy(update={"seed": 6}), 0)


def test_scene_survives_json() -> None:
    scene = sample_scene(SMALL, 0)

    assert SceneSpec.model_validate_json(scene.model_dump_json()) == scene


def test_one_group_shares_office_light_and_camera_the_next_has_others() -> None:
    first, second, third = (sample_scene(SMALL, index) for index in range(3))

    assert (first.place, first.camera, first.light) == (second.place, second.camera, second.light)
    assert first.place != third.place and first.light != third.light
    assert first.people != second.people and first.sensor != second.sensor


def test_modules_of_render_hide_no_randomness() -> None:
    hidden = re.compile(r"np\.random\.(?!default_rng|Generator)|^import random|from random|uuid|time\.time\(")
    found = [
        f"{path.name}: {line.strip()}"
        for path in (Path(__file__).parents[2] / "render").rglob("*.py")
        for line in path.read_text().splitlines()
        if hidden.search(line)
    ]

    assert found == []


def test_people_stand_on_the_floor_and_sit_on_seats() -> None:
    scene = sample_scene(SMALL, 1)
    place = build_place(scene.place, scene.camera)
    seats = {(seat.x_m, seat.y_m) for seat in place.seats}

    assert len(scene.people) >= 2
    for person, human in zip(scene.people, placed_humans(scene), strict=True):
        low, high = human.vertices_m.min(axis=0), human.vertices_m.max(axis=0)
        assert low[2] == pytest.approx(0, abs=0.08)
        assert low[0] <= person.x_m <= high[0] and low[1] <= person.y_m <= high[1]
        if person.seat_height_m is not None:
            assert (person.x_m, person.y_m) in seats
            assert 1.0 < high[2] < 1.6
        else:
            assert 1.4 < high[2] < 2.1


def test_bodies_do_not_overlap_seen_from_above() -> None:
    busy = SMALL.model_copy(update={"sitting": (3, 3), "standing": (3, 3)})
    outlines = [MultiPoint(human.vertices_m[:, :2]).convex_hull for human in placed_humans(sample_scene(busy, 0))]

    assert len(outlines) >= 4
    for number, outline in enumerate(outlines):
        assert not any(outline.intersects(other) for other in outlines[:number])


def test_heading_turns_the_body_and_its_joints_together() -> None:
    scene = sample_scene(SMALL, 0)
    person = scene.people[0]
    own, placed = person_mesh(person.human, person.pose, person.seat_height_m), placed_humans(scene)[0]
    c, s = np.cos(person.heading_rad), np.sin(person.heading_rad)
    joint = next(iter(own.joints_m))
    x, y, z = own.joints_m[joint]

    expected = [c * x - s * y + person.x_m, s * x + c * y + person.y_m, z]
    np.testing.assert_allclose(placed.joints_m[joint], expected, atol=1e-6)
    assert placed.triangle_is_head is own.triangle_is_head


def test_site_without_seats_has_nobody_sitting(tmp_path: Path) -> None:
    config = SMALL.model_copy(update={"site": write_small_site(tmp_path), "sitting": (3, 3)})

    scene = sample_scene(config, 0)

    assert scene.people and all(person.seat_height_m is None for person in scene.people)
    assert scene.camera.lens.width_px == 64


def test_seat_of_a_site_is_taken_by_somebody_who_looks_where_it_says(tmp_path: Path) -> None:
    seat = {"place_px": [36.0, 30.0], "height_m": 0.45, "direction_deg": 0.0}
    config = SMALL.model_copy(
        update={"site": write_small_site(tmp_path, seats=[seat]), "sitting": (1, 1), "standing": (0, 0)}
    )

    scene = sample_scene(config, 0)

    (person,) = scene.people
    knees = placed_humans(scene)[0].vertices_m
    assert knees[:, 0].max() - person.x_m > person.x_m - knees[:, 0].min()  # the legs reach towards +X
    point = scene.camera.project_world([[person.x_m, person.y_m, 0.45]])[0] * 96 / 64
    np.testing.assert_allclose(point, seat["place_px"], atol=0.01)


def test_crowded_floor_has_fewer_people_than_asked_and_says_so(tmp_path: Path) -> None:
    corner = [[40.0, 40.0], [56.0, 40.0], [56.0, 56.0], [40.0, 56.0]]
    site = write_small_site(tmp_path, floor_px=corner, furniture=[])
    scene = sample_scene(SMALL.model_copy(update={"site": site, "sitting": (2, 2), "standing": (9, 9)}), 0)

    assert 0 < len(scene.people) < 9
    assert scene.attributes["asked_people"] == 11  # two on seats, of which there are none
    assert scene.attributes["placed_people"] == len(scene.people)


def test_floor_too_small_for_anybody_is_a_clear_failure(tmp_path: Path) -> None:
    speck = [[47.0, 47.0], [49.0, 47.0], [49.0, 49.0], [47.0, 49.0]]
    site = write_small_site(tmp_path, floor_px=speck, furniture=[])

    with pytest.raises(PlafondError, match=r"picture 0: in \d+ draws nobody found room; the floor \(floor_px"):
        sample_scene(SMALL.model_copy(update={"site": site}), 0)


def test_whoever_sits_sits_at_the_height_of_the_seat(tmp_path: Path) -> None:
    seat = {"place_px": [36.0, 30.0], "height_m": 0.52, "direction_deg": 0.0}
    config = SMALL.model_copy(
        update={"site": write_small_site(tmp_path, seats=[seat]), "sitting": (1, 1), "standing": (0, 0)}
    )

    scene = sample_scene(config, 0)

    assert scene.people[0].seat_height_m == 0.52
    assert placed_humans(scene)[0].seat_height_m == 0.52
