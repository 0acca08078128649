"""The embedded office: plausible in measure, different for every draw, the same for the same spec."""

from __future__ import annotations

from functools import lru_cache
from typing import get_args

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point

from annotate.camera import Camera, CameraPose
from annotate.classes import CLASS_ID
from annotate.lens import EquidistantLens
from render.office import OfficeSpec, build_office, sample_office
from render.office_spec import DeskLayout, RoomKind
from render.office_zones import camera_zone
from render.place import Obstacle, Place
from render.raster import rasterise
from render.solids import joined

MANY = 200
ROOMS = get_args(RoomKind)
SPECS = {f"{room} {seed}": sample_office(np.random.default_rng(seed), room) for room in ROOMS for seed in range(2)}


@lru_cache(maxsize=MANY)
def office(seed: int) -> tuple[OfficeSpec, Place]:
    spec = sample_office(np.random.default_rng(1000 + seed))
    return spec, build_office(spec)


def middle_camera(spec: OfficeSpec, size_px: int = 64) -> Camera:
    lens = EquidistantLens(
        width_px=size_px, height_px=size_px, cx_px=size_px / 2, cy_px=size_px / 2, f_px=size_px / np.pi
    )
    return Camera(lens=lens, pose=CameraPose(height_m=spec.ceiling_m - 0.1))


def footprints(obstacles: list[Obstacle]) -> np.ndarray:
    return np.array([one.footprint for one in obstacles], object)


def colliding(obstacles: list[Obstacle]) -> list[tuple[Obstacle, Obstacle]]:
    """Pairs that overlap seen from above by more than a square decimetre and in height by more than a centimetre."""
    tree = shapely.STRtree(footprints(obstacles))
    one, other = tree.query(footprints(obstacles), predicate="intersects")
    pairs = [(obstacles[a], obstacles[b]) for a, b in zip(one, other, strict=True) if a < b]
    return [
        (a, b)
        for a, b in pairs
        if min(a.top_m, b.top_m) - max(a.bottom_m, b.bottom_m) > 0.01
        and a.footprint.intersection(b.footprint).area > 0.01
        and not is_meant(a, b)
    ]


def is_meant(a: Obstacle, b: Obstacle) -> bool:
    """Chairs are pushed under desks; what stands on or hangs at a desk may reach over its edge."""
    kinds = {a.kind, b.kind}
    return kinds == {"chair", "desk"} or (len(kinds) == 1 and kinds <= {"wall", "partition"})


def test_draws_cover_every_kind_of_room_and_layout_and_never_repeat() -> None:
    specs = [sample_office(np.random.default_rng(seed)) for seed in range(MANY)]

    assert {spec.room for spec in specs} == set(ROOMS)
    assert {spec.layout for spec in specs} == set(get_args(DeskLayout))
    assert len({spec.model_dump_json() for spec in specs}) == MANY
    assert min(spec.ceiling_m for spec in specs) < 2.6 and max(spec.ceiling_m for spec in specs) > 4.0


def test_cameras_hang_inside_the_room_mostly_over_its_open_middle() -> None:
    inner = 0
    for seed in range(MANY):
        spec = sample_office(np.random.default_rng(seed))
        zone = camera_zone(spec)
        to_wall = min(spec.origin_x_m, spec.width_m - spec.origin_x_m, spec.origin_y_m, spec.depth_m - spec.origin_y_m)
        assert to_wall >= 0.29
        across = [(spec.origin_x_m - zone.x0) / zone.width_m, (spec.origin_y_m - zone.y0) / zone.depth_m]
        inner += all(0.28 < share < 0.72 for share in across)
    assert 0.6 * MANY < inner < 0.95 * MANY


@pytest.mark.parametrize("name", SPECS)
def test_room_has_what_its_kind_has(name: str) -> None:
    spec = SPECS[name]
    place = build_office(spec)
    found = {int(number) for part in place.parts for number in np.unique(part.triangle_class)}

    assert {CLASS_ID[kind] for kind in ("floor", "wall", "ceiling", "lamp", "door")} <= found
    if spec.room in ("open_plan", "mixed"):
        assert {CLASS_ID[kind] for kind in ("desk", "chair", "screen")} <= found
        assert len(place.seats) >= 4
    if spec.room == "meeting":
        assert len(place.seats) >= 4 and any(spot.kind == "whiteboard" for spot in place.spots)
    if spec.room == "lounge":
        assert sum(spot.kind == "counter" for spot in place.spots) >= 2
    assert {"window"} <= {lamp.kind for lamp in place.lamps} or not spec.window_sides
    assert any(spot.kind == "door" for spot in place.spots)


def test_everything_stands_inside_the_room_and_nothing_runs_into_anything() -> None:
    for seed in range(MANY):
        spec, place = office(seed)
        assert place.bounds is not None
        room = place.bounds.buffer(0.01)
        for one in place.obstacles:
            assert room.contains(one.footprint), (seed, one)
            assert 0 <= one.bottom_m < one.top_m <= spec.ceiling_m, (seed, one)
        assert colliding(place.obstacles) == [], seed


def test_furniture_stays_inside_walls_floor_and_ceiling() -> None:
    for seed in range(0, MANY, 10):
        spec, place = office(seed)
        assert place.bounds is not None
        x0, y0, x1, y1 = place.bounds.bounds
        shell = {CLASS_ID[name] for name in ("wall", "window", "door", "ceiling")}
        for part in place.parts:
            inside = np.unique(part.triangles[~np.isin(part.triangle_class, list(shell))])
            points = part.vertices_m[inside]
            if len(points):
                low, high = points.min(axis=0), points.max(axis=0)
                assert low[0] >= x0 - 0.05 and low[1] >= y0 - 0.05 and low[2] >= -0.01, (seed, part.name, low)
                assert high[0] <= x1 + 0.05 and high[1] <= y1 + 0.05, (seed, part.name, high)
                assert high[2] <= spec.ceiling_m + 0.02, (seed, part.name, high)


def test_seats_are_free_and_somebody_has_a_place_to_be() -> None:
    for seed in range(MANY):
        _, place = office(seed)
        assert place.seats or place.spots, seed
        for seat in place.seats:
            here = Point(seat.x_m, seat.y_m).buffer(0.15)
            met = [one for one in place.obstacles if one.bottom_m < 1.3 and one.footprint.intersects(here)]
            own = [one for one in met if one.footprint.contains(Point(seat.x_m, seat.y_m))]
            assert own and {one.kind for one in met} <= {"chair"}, (seed, seat, [one.kind for one in met])


def test_sitters_before_a_desk_face_it_unless_they_have_turned_away() -> None:
    facing = []
    for seed in range(0, MANY, 10):
        spec, place = office(seed)
        if spec.room != "open_plan":
            continue
        desks = shapely.union_all([one.footprint for one in place.obstacles if one.kind == "desk"])
        ahead = [
            Point(seat.x_m + 0.6 * np.sin(seat.heading_rad), seat.y_m - 0.6 * np.cos(seat.heading_rad))
            for seat in place.seats
        ]
        facing += [desks.distance(point) < 0.05 for point in ahead]
    assert len(facing) > 50 and np.mean(facing) > 0.8


def test_spots_and_walkways_are_clear_of_furniture_and_lead_from_a_door() -> None:
    with_ways, from_doors = 0, []
    for seed in range(MANY):
        _, place = office(seed)
        low = footprints([one for one in place.obstacles if one.bottom_m < 1.8])
        for spot in place.spots:
            assert not len(low) or shapely.distance(low, Point(spot.x_m, spot.y_m)).min() >= 0.19, (seed, spot)
            assert place.floor.contains(Point(spot.x_m, spot.y_m))
        doors = [Point(spot.x_m, spot.y_m) for spot in place.spots if spot.kind == "door"]
        with_ways += bool(place.walkways)
        for way in place.walkways:
            line = LineString(way)
            assert line.length > 1.0
            assert not len(low) or shapely.distance(low, line).min() >= 0.25, (seed, way)
            assert place.bounds is not None and place.bounds.exterior.distance(line) >= 0.25
            from_doors.append(not doors or min(door.distance(line) for door in doors) < 1.5)
    assert np.mean(from_doors) > 0.95  # a door whose own spot was taken by furniture is not among the spots
    assert with_ways > 0.9 * MANY


def test_open_plan_offices_are_dense() -> None:
    """Square metres of floor for each seat: open-plan offices have 4 to 12."""
    areas = [
        spec.width_m * spec.depth_m / max(1, len(place.seats))
        for spec, place in (office(seed) for seed in range(MANY))
        if spec.room == "open_plan"
    ]
    assert 3.0 < np.median(areas) < 9.0


def things_m2(place: Place) -> float:
    """Surface of all that is clutter."""
    total = 0.0
    for part in place.parts:
        corners = part.vertices_m[part.triangles[part.triangle_class == CLASS_ID["clutter"]]].astype(float)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        total += float(np.linalg.norm(normals, axis=1).sum()) / 2
    return total


def test_clutter_drives_how_many_things_there_are() -> None:
    for seed in (1, 4):
        spec = sample_office(np.random.default_rng(seed), "open_plan")
        made = [build_office(spec.model_copy(update={"clutter": clutter})) for clutter in (0.2, 1.0, 4.0)]
        surfaces = [things_m2(place) for place in made]
        assert surfaces[0] < 0.7 * surfaces[1] < 0.7 * 0.7 * surfaces[2], surfaces
        boxes = [sum(one.kind == "box" for one in place.obstacles) for place in made]
        assert boxes[0] < boxes[2]
        assert len(made[2].seats) > 0.6 * len(made[0].seats)  # things leave people their chairs


def test_some_offices_are_tidy_and_some_are_chaos() -> None:
    clutter = [sample_office(np.random.default_rng(seed)).clutter for seed in range(MANY)]
    assert min(clutter) == 0.2 and max(clutter) == 4.0 and 0.8 < np.median(clutter) < 1.5


def test_most_offices_are_full_of_desks_and_a_share_is_dark() -> None:
    specs = [sample_office(np.random.default_rng(seed)) for seed in range(MANY)]
    assert np.mean([spec.room in ("open_plan", "mixed") for spec in specs]) > 0.7
    assert 0.12 < np.mean([max(spec.floor_color) < 0.13 for spec in specs]) < 0.6
    assert np.mean([max(spec.chair_color) < 0.07 for spec in specs]) > 0.5


def test_an_office_is_cheap_to_draw() -> None:
    for seed in range(0, MANY, 10):
        _, place = office(seed)
        assert sum(len(part.triangles) for part in place.parts) < 150_000
        assert len(place.lamps) < 60


@pytest.mark.parametrize("name", list(SPECS)[::3])
def test_room_is_closed_below_the_horizon_and_shows_its_front_sides(name: str) -> None:
    spec = SPECS[name]
    camera = middle_camera(spec)
    room = joined(build_office(spec).parts, "room")

    coverage = rasterise(room, camera)

    np.testing.assert_array_equal(coverage.mask(camera), camera.lens.valid_mask())
    corners = room.vertices_m[room.triangles[coverage.triangle]].astype(float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    rays = camera.rays_world(camera.lens.pixel_centres())[coverage.pixels]
    seen_from_behind = np.einsum("ij,ij->i", normal, rays) > 1e-9
    leaves = room.triangle_class[coverage.triangle] == CLASS_ID["plant"]
    assert (seen_from_behind & ~leaves).mean() < 0.005


def test_same_spec_same_office() -> None:
    spec = sample_office(np.random.default_rng(3))
    one, again = build_office(spec), build_office(OfficeSpec.model_validate_json(spec.model_dump_json()))

    assert one.key == again.key
    assert one.lamps == again.lamps and one.seats == again.seats and one.spots == again.spots
    assert one.walkways == again.walkways
    assert len(one.parts) == len(again.parts)
    for first, second in zip(one.parts, again.parts, strict=True):
        np.testing.assert_array_equal(first.vertices_m, second.vertices_m)
        assert first.materials == second.materials


def test_triangles_are_whole() -> None:
    for part in build_office(SPECS[next(iter(SPECS))]).parts:
        assert part.triangles.max() < len(part.vertices_m)
        assert len(part.triangle_class) == len(part.triangle_material) == len(part.triangles)
        assert part.triangle_material.max() < len(part.materials)
        assert part.uvs is None or part.uvs.shape == (len(part.triangles), 3, 2)
