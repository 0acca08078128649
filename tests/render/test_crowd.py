"""A crowd does what crowds do where there is room for it, and makes do with less where there is not."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box as rectangle

import render.crowd
from annotate.camera import Camera, CameraPose
from annotate.errors import InputError, SceneRejected
from annotate.lens import EquidistantLens
from assets.humans.spec import HumanSpec, sample_human
from assets.mesh import Human
from assets.poses.spec import PoseSpec
from render.config import CrowdConfig, RenderConfig
from render.crowd import arrangements, draw_human, populate
from render.ground import Ground
from render.groups import ahead
from render.people import PlacedPerson
from render.place import Obstacle, Place, Seat, Spot

CAMERA = Camera(
    lens=EquidistantLens(width_px=200, height_px=200, cx_px=100, cy_px=100, f_px=62), pose=CameraPose(height_m=2.9)
)
ONLY = dict.fromkeys(("groups", "beside_desk", "walking", "queue", "alone"), 0.0)


def hall(size_m: float = 12.0, **fields: object) -> Ground:
    floor = rectangle(-size_m / 2, -size_m / 2, size_m / 2, size_m / 2)
    more = {"obstacles": [], "seats": []} | fields
    return Ground(Place("hall", [], [], floor.buffer(-0.05), bounds=floor, **more))  # type: ignore[arg-type]


def config(sitting: int, standing: int, **shares: float) -> RenderConfig:
    crowd = CrowdConfig(**(ONLY | shares)) if shares else CrowdConfig()
    return RenderConfig(sitting=(sitting, sitting), standing=(standing, standing), crowd=crowd)


def people(ground: Ground, asked: RenderConfig, seed: int = 0) -> list[PlacedPerson]:
    return populate(asked, ground, CAMERA, np.random.default_rng(seed))[0]


def places(crowd: list[PlacedPerson]) -> np.ndarray:
    return np.array([(one.x_m, one.y_m) for one in crowd])


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the poses of all bodies that are built from now on."""
    made: list[str] = []
    real = render.crowd.person_mesh

    def noted(human: HumanSpec, pose: PoseSpec, seat_height_m: float | None = None) -> Human:
        made.append(pose.name)
        return real(human, pose, seat_height_m)

    monkeypatch.setattr(render.crowd, "person_mesh", noted)
    return made


def test_arrangements_add_up_to_the_people_asked_for() -> None:
    counter = Spot(0, 0, 0, "counter")
    for seed in range(50):
        found = arrangements(config(0, 9), hall(spots=[counter]), 9, 3, np.random.default_rng(seed))
        assert sum(size for _, size in found) == 9
        assert all(size >= 2 for kind, size in found if kind in ("groups", "queue"))


def test_shares_decide_what_people_do_and_every_picture_has_its_own_mix() -> None:
    mixes = [
        Counter(kind for kind, _ in arrangements(config(0, 12), hall(), 12, 3, np.random.default_rng(seed)))
        for seed in range(60)
    ]
    total = sum(mixes, Counter())

    assert set(total) == {"groups", "beside_desk", "walking", "alone"}  # no counter, so no queue
    assert 0.4 * total["groups"] > total["beside_desk"] * 0.4 > 0
    assert len({tuple(sorted(mix.items())) for mix in mixes}) > 20
    only = arrangements(config(0, 6, walking=1.0), hall(), 6, 0, np.random.default_rng(0))
    assert {kind for kind, _ in only} == {"walking"}


def test_nobody_visits_a_desk_where_nobody_sits() -> None:
    found = arrangements(config(0, 5, beside_desk=1.0), hall(), 5, 0, np.random.default_rng(0))

    assert found == [("alone", 1)] * 5


def test_a_group_talks_in_a_circle() -> None:
    crowd = people(hall(), config(0, 5, groups=1.0), seed=4)
    talkers = [one for one in crowd if one.doing == "talk"]

    assert len(talkers) >= 4
    for one, place in zip(talkers, places(talkers), strict=True):
        apart = np.sort(np.hypot(*(places(talkers) - place).T))
        assert 0.45 < apart[1] < 1.3
        nearest = places(talkers)[np.argsort(np.hypot(*(places(talkers) - place).T))[1:3]]
        assert max((other - place) @ ahead(one.heading_rad) for other in nearest) > -0.2


def test_a_queue_forms_at_the_counter() -> None:
    counter = Obstacle(rectangle(-1.5, 4.0, 1.5, 4.6), 0.0, 0.95, "counter")
    spot = Spot(0.0, 3.6, math.pi, "counter")  # heading pi looks towards +Y
    crowd = people(hall(obstacles=[counter], spots=[spot]), config(0, 3, queue=1.0), seed=2)

    line = places([one for one in crowd if one.doing == "queue"])
    assert len(line) >= 2
    assert math.dist(line[0], (0.0, 3.6)) < 0.35
    assert (np.hypot(*np.diff(line, axis=0).T) > 0.5).all() and (np.diff(line[:, 1]) < -0.3).all()


def test_people_walk_along_walkways() -> None:
    crowd = people(hall(walkways=[[(-4.0, 1.0), (4.0, 1.0)]]), config(0, 4, walking=1.0), seed=0)

    walking = [one for one in crowd if one.doing == "walking" and abs(one.y_m - 1.0) < 1.2]
    assert all(one.pose.activity == "walking" for one in crowd)
    assert len(walking) >= 2
    assert sum(abs(ahead(one.heading_rad)[0]) > 0.9 for one in walking) >= 2


def test_somebody_talks_to_a_sitter() -> None:
    desk = Obstacle(rectangle(-0.8, -0.8, 0.8, 0.0), 0.69, 0.74, "desk")
    chair = Obstacle(rectangle(-0.26, 0.15, 0.26, 0.72), 0.0, 0.9, "chair")
    ground = hall(obstacles=[desk, chair], seats=[Seat(0.0, 0.42, 0.46, 0.0)])

    sitter, visitor = people(ground, config(1, 1, beside_desk=1.0), seed=0)

    assert sitter.seat_height_m == 0.46 and visitor.doing == "beside_desk"
    assert math.hypot(visitor.x_m, visitor.y_m - 0.42) < 1.2


def test_a_photograph_without_spots_walkways_and_seats_has_its_crowd_all_the_same() -> None:
    crowds = [people(hall(8.0), config(3, 8), seed) for seed in (0, 1)]

    assert [len(crowd) for crowd in crowds] == [8, 8]
    assert len({one.doing for crowd in crowds for one in crowd}) >= 2


def test_forty_people_find_room_in_a_large_hall() -> None:
    crowd = people(hall(16.0), config(0, 40), seed=0)

    assert len(crowd) == 40
    assert [one.instance_id for one in crowd] == list(range(1, 41))


def test_a_full_room_takes_whom_it_can_and_soon_stops_making_people(monkeypatch: pytest.MonkeyPatch) -> None:
    made = counted(monkeypatch)

    crowd, asked = populate(config(0, 20), hall(1.6), CAMERA, np.random.default_rng(0))

    assert asked == 20 and 1 <= len(crowd) < 10
    assert len(made) <= len(crowd) + 2 * 3 + 3


def test_every_person_is_built_once_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    made = counted(monkeypatch)

    crowd = people(hall(), config(0, 6, walking=1.0, groups=1.0), seed=5)

    assert len(made) == len(crowd) == 6


def test_a_floor_without_room_is_rejected() -> None:
    with pytest.raises(SceneRejected):
        people(hall(0.5), config(0, 3))


def test_an_empty_picture_may_be_asked_for() -> None:
    assert people(hall(), config(0, 0)) == []


def test_mblab_people_come_from_the_folder_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sample = pytest.importorskip("assets.humans.mblab.sample")
    asked = RenderConfig(humans="mblab", mblab=tmp_path)

    def drawn(rng: np.random.Generator, folder: Path) -> HumanSpec:
        assert folder == tmp_path
        return sample_human(rng).model_copy(update={"stature_m": 1.8765})

    monkeypatch.setattr(sample, "sample_mblab_human", drawn)

    assert draw_human(asked, np.random.default_rng(0)).stature_m == 1.8765
    assert draw_human(RenderConfig(), np.random.default_rng(0)) == sample_human(np.random.default_rng(0))


def test_mblab_without_its_folder_is_refused() -> None:
    with pytest.raises(InputError, match="--humans mblab: expected --mblab with the folder"):
        RenderConfig(humans="mblab")


def test_defaults_are_those_of_the_thesis() -> None:
    asked = RenderConfig()

    assert (asked.images, asked.scenes_per_background) == (1500, 5)
    assert (asked.sitting, asked.standing) == ((1, 5), (0, 4))
