"""The embedded office: plausible in measure, different for every draw, the same for the same spec."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import Point

from annotate.camera import Camera, CameraPose
from annotate.classes import CLASS_ID
from annotate.lens import EquidistantLens
from render.office import OfficeSpec, build_office, sample_office
from render.raster import rasterise
from render.solids import joined

SPECS = {f"{spec.layout} {seed}": spec for seed in range(8) for spec in [sample_office(np.random.default_rng(seed))]}


def middle_camera(spec: OfficeSpec, size_px: int = 64) -> Camera:
    lens = EquidistantLens(
        width_px=size_px, height_px=size_px, cx_px=size_px / 2, cy_px=size_px / 2, f_px=size_px / np.pi
    )
    return Camera(lens=lens, pose=CameraPose(height_m=spec.ceiling_m - 0.1))


def test_draws_cover_every_layout_and_never_repeat() -> None:
    assert {spec.layout for spec in SPECS.values()} == {"islands", "rows", "walls"}
    assert len({spec.model_dump_json() for spec in SPECS.values()}) == len(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_office_has_what_an_office_has(name: str) -> None:
    spec = SPECS[name]
    place = build_office(spec)
    found = {int(number) for part in place.parts for number in np.unique(part.triangle_class)}

    assert {CLASS_ID[kind] for kind in ("floor", "wall", "ceiling", "desk", "chair", "screen", "clutter")} <= found
    assert len(place.seats) >= 6
    assert any(material.emission > 0 for part in place.parts for material in part.materials)
    assert {"window"} < {lamp.kind for lamp in place.lamps}


@pytest.mark.parametrize("name", SPECS)
def test_everything_stands_inside_the_room_and_desks_do_not_overlap(name: str) -> None:
    spec = SPECS[name]
    place = build_office(spec)
    assert place.bounds is not None
    room = place.bounds.buffer(0.01)

    desks = [one.footprint for one in place.obstacles if one.kind == "desk"]
    for obstacle in place.obstacles:
        assert room.contains(obstacle.footprint), obstacle
        assert 0 <= obstacle.bottom_m < obstacle.top_m <= spec.ceiling_m
    for first, one in enumerate(desks):
        for other in desks[first + 1 :]:
            assert one.intersection(other).area < 1e-6
    for seat in place.seats:
        assert room.contains(Point(seat.x_m, seat.y_m))
        assert not any(desk.contains(Point(seat.x_m, seat.y_m)) for desk in desks)


@pytest.mark.parametrize("name", list(SPECS)[:6])
def test_sitters_face_a_desk(name: str) -> None:
    place = build_office(SPECS[name])
    desks = shapely.union_all([one.footprint for one in place.obstacles if one.kind == "desk"])

    for seat in place.seats:
        ahead = Point(seat.x_m + 0.7 * np.sin(seat.heading_rad), seat.y_m - 0.7 * np.cos(seat.heading_rad))
        assert desks.distance(ahead) < 0.3


@pytest.mark.parametrize("name", list(SPECS)[:4])
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
