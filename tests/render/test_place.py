"""Places: what a site's photograph tells about its light, and solids that are what they say."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from shapely import contains_xy
from shapely.geometry import Polygon
from shapely.geometry import box as rectangle

from annotate.camera import Camera, CameraPose
from annotate.classes import CLASS_ID
from annotate.lens import EquidistantLens
from annotate.site import Site
from assets.mesh import Material, Mesh
from render.light import LightConfig, kelvin_to_rgb, sample_light
from render.photo_light import floor_pixels, site_lamps, white_radiance
from render.photo_place import place_from_site, site_camera
from render.place import Lamp, Obstacle, decode_srgb
from render.placement import free_area_m2
from render.raster import merged, rasterise
from render.solids import blob, box, cylinder, joined, moved, prism, sheet

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import write_shop_site, write_small_site

GREY = Material("grey", (0.5, 0.5, 0.5))
SIZE = 100
CAMERA = Camera(lens=EquidistantLens(width_px=SIZE, height_px=SIZE, f_px=SIZE / np.pi), pose=CameraPose(height_m=3))


def volume(mesh: Mesh) -> float:
    """Signed volume by the divergence theorem: right only if the mesh is closed and faces outwards."""
    a, b, c = (mesh.vertices_m[mesh.triangles[:, corner]].astype(float) for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


L_SHAPE = Polygon([(0, 0), (3, 0), (3, 1), (1, 1), (1, 2), (0, 2)])


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (box((1, 2, 3), (0.5, 0.6, 0.7), GREY, "desk"), 0.21),
        (box((1, 2, 3), (0.5, 0.6, 0.7), GREY, "desk", tilt_rad=0.4), 0.21),
        (prism(L_SHAPE, 0.5, 1.5, GREY, "desk"), 4.0),
        (prism(rectangle(0, 0, 2, 2).difference(rectangle(0.5, 0.5, 1, 1)), 0, 2, GREY, "desk"), 7.5),
        (moved(prism(L_SHAPE, 0, 1, GREY, "desk"), 4, -2, 0.7, 1), 4.0),
        (cylinder((2, 0, 1), 0.5, 2.0, GREY, "lamp", sides=720), math.pi / 2),
        (blob((0, 3, 1), (0.3, 0.4, 0.5), GREY, "plant", 90, 180), 4 / 3 * math.pi * 0.06),
    ],
)
def test_solids_are_closed_face_outwards_and_have_their_volume(mesh: Mesh, expected: float) -> None:
    assert volume(mesh) == pytest.approx(expected, rel=2e-3)


def test_sheet_faces_up_and_has_the_polygons_area() -> None:
    mesh = sheet(L_SHAPE, 0.3, GREY, "floor")
    a, b, c = (mesh.vertices_m[mesh.triangles[:, corner]] for corner in range(3))

    up = np.cross(b - a, c - a)[:, 2]

    assert (up > 0).all()
    assert up.sum() / 2 == pytest.approx(4.0)


def test_joining_shares_materials_and_keeps_every_triangle_where_it_was() -> None:
    red = Material("red", (1, 0, 0))
    parts = [box((0, 0, 0), (1, 1, 1), GREY, "desk"), box((3, 0, 0), (1, 1, 1), red, "chair")]
    parts.append(box((5, 0, 0), (1, 1, 1), GREY, "desk"))

    whole = joined(parts, "whole")

    assert whole.materials == [GREY, red]
    np.testing.assert_array_equal(np.bincount(whole.triangle_material), [24, 12])
    np.testing.assert_array_equal(
        whole.vertices_m[whole.triangles], np.concatenate([part.vertices_m[part.triangles] for part in parts])
    )


def test_white_of_a_photograph_follows_its_floor() -> None:
    dim, bright = (white_radiance(np.full((50, 3), level, np.uint8)) for level in (90, 140))
    warm = white_radiance(np.tile(np.uint8([150, 120, 90]), (50, 1)))

    expected = decode_srgb(np.uint8([140] * 3)) / decode_srgb(np.uint8([90] * 3))
    np.testing.assert_allclose(bright / dim, expected, rtol=1e-3)
    assert warm[0] > warm[1] > warm[2]
    floor = decode_srgb(np.uint8([150, 120, 90]))
    assert warm[0] / warm[2] == pytest.approx(math.sqrt(floor[0] / floor[2]), rel=1e-3)


def test_furniture_does_not_count_as_floor() -> None:
    picture = np.full((SIZE, SIZE, 3), 100, np.uint8)
    floor = rectangle(-2, -2, 2, 2)
    block = Obstacle(rectangle(0.5, -1.0, 1.5, 1.0), 0.0, 1.2, "shelf")
    corners = [(x, y, z) for x in (0.5, 1.5) for y in (-1.0, 1.0) for z in (0.0, 1.2)]
    middle = CAMERA.project_world([[1.0, 0.0, 0.6]])[0]
    picture[int(middle[1]) - 3 : int(middle[1]) + 3, int(middle[0]) - 3 : int(middle[0]) + 3] = 255

    seen, without = (floor_pixels(picture, CAMERA, floor, found) for found in ([], [block]))

    assert (seen == 255).any() and not (without == 255).any()
    assert 0 < len(without) < len(seen)
    assert np.isfinite(CAMERA.project_world(corners)).all()


def test_lamps_of_a_photograph_light_a_white_floor_to_white(tmp_path: Path) -> None:
    site = Site.read(write_small_site(tmp_path))
    place = place_from_site(site, site.backgrounds[0], site_camera(site, 64))
    # Irradiance at the floor's middle, each lamp cut into small Lambertian patches.
    irradiance = math.pi * np.array(place.ambient)
    for lamp in place.lamps:
        across, up = (np.linspace(-0.5, 0.5, 41) * size for size in lamp.size_m)
        x, y = np.meshgrid(lamp.center_m[0] + across, lamp.center_m[1] + up)
        cos4 = (lamp.center_m[2] ** 2 / (lamp.center_m[2] ** 2 + x**2 + y**2)) ** 2
        irradiance = irradiance + np.array(lamp.power_w) * cos4.mean() / (math.pi * lamp.center_m[2] ** 2)

    floor = floor_pixels(place.background, site_camera(site, 64), place.floor, place.obstacles)  # type: ignore[arg-type]
    np.testing.assert_allclose(irradiance / math.pi, white_radiance(floor), rtol=0.03)


def lit_places(lamps: list[Lamp], places: np.ndarray) -> np.ndarray:
    """(n, 3) radiance of a white floor under lamps that are cut into many points: the sum of cos cos / r^2 by hand."""
    total = np.zeros((len(places), 3))
    for lamp in lamps:
        sideways = np.cross(lamp.up, lamp.direction)
        radiance = np.array(lamp.power_w) / (math.pi * lamp.size_m[0] * lamp.size_m[1])
        for u, v in np.stack(np.meshgrid(*[np.linspace(-0.49, 0.49, 50)] * 2), axis=-1).reshape(-1, 2):
            point = lamp.center_m + u * lamp.size_m[0] * sideways + v * lamp.size_m[1] * np.array(lamp.up)
            way = np.column_stack([places, np.zeros(len(places))]) - point
            length = np.linalg.norm(way, axis=1)
            cosines = np.maximum(way @ np.array(lamp.direction), 0) * np.maximum(-way[:, 2], 0) / length**4
            total += radiance * (cosines * lamp.size_m[0] * lamp.size_m[1] / 2500 / math.pi)[:, None]
    return total


def test_named_lamps_and_windows_take_the_place_of_the_grid_and_light_the_floor_to_white(tmp_path: Path) -> None:
    lamps = [{"place_m": [-1, 0], "size_m": [1.2, 0.3], "turn_deg": 30}, {"place_m": [1, 0.5], "size_m": [0.6, 0.6]}]
    windows = [{"base_m": [[-2, 2.6], [1, 2.6]], "sill_m": 0.9, "top_m": 2.1, "strength": 0.5}]
    site = Site.read(write_small_site(tmp_path, lamps=lamps, windows=windows))
    white = np.array([0.8, 0.7, 0.6])

    found = site_lamps(site, Polygon(site.floor_m()), white)

    assert [lamp.kind for lamp in found] == ["panel", "panel", "window"]
    assert found[2].direction == (0.0, -1.0, 0.0) and found[2].size_m == pytest.approx((3.0, 1.2))
    assert found[2].center_m == pytest.approx((-0.5, 2.6, 1.5))
    surfaces = [lamp.power_w[0] / (lamp.size_m[0] * lamp.size_m[1]) for lamp in found]
    assert surfaces[1] / surfaces[0] == pytest.approx(1) and surfaces[2] / surfaces[0] == pytest.approx(0.5)
    floor = Polygon(site.floor_m())
    places = np.random.default_rng(0).uniform(floor.bounds[:2], floor.bounds[2:], (300, 2))
    places = places[contains_xy(floor, *places.T)]
    np.testing.assert_allclose(np.median(lit_places(found, places), axis=0), white, rtol=0.06)


def test_a_lamp_keeps_the_colour_that_is_given(tmp_path: Path) -> None:
    red = {"place_m": [0, 0], "size_m": [1, 1], "colour": [255, 128, 128]}
    site = Site.read(write_small_site(tmp_path, lamps=[red]))
    (lamp,) = site_lamps(site, Polygon(site.floor_m()), np.full(3, 0.5))
    expected = decode_srgb(np.array([255, 128, 128]))
    assert lamp.power_w[0] / lamp.power_w[1] == pytest.approx(expected[0] / expected[1], rel=1e-4)


def test_lamps_without_strength_leave_the_grid(tmp_path: Path) -> None:
    off = {"place_m": [0, 0], "size_m": [1, 1], "strength": 0}
    site = Site.read(write_small_site(tmp_path, lamps=[off]))
    assert len(site_lamps(site, Polygon(site.floor_m()), np.ones(3))) == 9


def test_a_desk_of_the_site_hides_legs_and_not_heads(tmp_path: Path) -> None:
    """The desk spans x 0.4 to 1.8 and y 0.4 to 1.2 m; somebody stands right behind it, seen from the camera."""
    site = Site.read(write_small_site(tmp_path))
    camera = site_camera(site, 256)
    place = place_from_site(site, site.backgrounds[0], camera)
    desk = next(part for part in place.parts if part.triangle_class[0] == CLASS_ID["desk"])
    body = box((1.1, 1.35, 0.875), (0.2, 0.2, 1.75), GREY, "top")

    alone = rasterise(body, camera).mask(camera)
    owner = merged([rasterise(body, camera), rasterise(desk, camera)], camera).owner

    def pixel(z_m: float) -> tuple[int, int]:
        column, row = np.floor(camera.project_world([[1.1, 1.25, z_m]])[0]).astype(int)
        return row, column

    assert alone[pixel(0.45)] and owner[pixel(0.45)] == 1
    assert alone[pixel(1.5)] and owner[pixel(1.5)] == 0


def test_seats_of_the_site_have_their_height_and_heading(tmp_path: Path) -> None:
    seats = [{"place_m": [-1.0, 0.5], "height_m": 0.5, "direction_deg": 90}, {"place_m": [1.0, -1.0]}]
    site = Site.read(write_small_site(tmp_path, seats=seats))
    up, right = place_from_site(site, site.backgrounds[0], site_camera(site, 64)).seats
    assert (up.x_m, up.y_m, up.height_m) == (-1.0, 0.5, 0.5)
    # Heading 0 faces -Y: a turn by 180 degrees faces +Y, by 90 degrees +X.
    assert math.cos(up.heading_rad) == pytest.approx(-1) and math.sin(right.heading_rad) == pytest.approx(1)


def test_site_picture_is_resampled_to_the_cameras_size_and_areas_follow(tmp_path: Path) -> None:
    ignored = [[10.0, 10.0], [30.0, 10.0], [30.0, 40.0]]
    site = Site.read(write_small_site(tmp_path, ignore=[ignored]))
    camera = site_camera(site, 48)

    place = place_from_site(site, site.backgrounds[0], camera)

    assert place.background is not None and place.background.shape == (48, 48, 3)
    np.testing.assert_allclose(place.ignore_px[0], np.array(ignored) / 2)
    assert place.key != place_from_site(site, site.backgrounds[0], site_camera(site, 64)).key


def test_photograph_is_lit_as_it_was_taken_and_an_office_as_drawn(tmp_path: Path) -> None:
    site = Site.read(write_small_site(tmp_path))
    place = place_from_site(site, site.backgrounds[0], site_camera(site, 48))
    stand_in = LightConfig(preset="stand-in")

    light = sample_light(stand_in, place, np.random.default_rng(0))

    assert all(0.8 < gain < 1.2 for gain in light.panel_gain)
    np.testing.assert_allclose(np.array(light.ambient) / place.ambient, light.panel_gain, rtol=1e-3)


@pytest.mark.parametrize(("kelvin", "x", "y"), [(2700, 0.4599, 0.4106), (4000, 0.3805, 0.3768), (6500, 0.3135, 0.3237)])
def test_black_body_colours_are_those_of_the_planckian_locus(kelvin: float, x: float, y: float) -> None:
    """Chromaticities (CIE 1931) as published in tables of the Planckian locus."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    neutral = np.array([0.3681 / 0.3690, 1.0, (1 - 0.3681 - 0.3690) / 0.3690])  # 4300 K
    color = kelvin_to_rgb(kelvin) * (np.linalg.inv(to_xyz) @ neutral)

    xyz = to_xyz @ color

    np.testing.assert_allclose(xyz[:2] / xyz.sum(), [x, y], atol=0.004)
    assert kelvin_to_rgb(kelvin) @ [0.2126, 0.7152, 0.0722] == pytest.approx(1)


def test_shop_site_is_a_shop(tmp_path: Path) -> None:
    picture = Path(os.environ.get("PLAFOND_TEST_DATA", "/nowhere")) / "real" / "background" / "shop-1.jpg"
    if not picture.is_file():
        pytest.skip("PLAFOND_TEST_DATA does not name a folder with real/background/shop-1.jpg")
    site = Site.read(write_shop_site(tmp_path, picture))

    place = place_from_site(site, site.backgrounds[0], site_camera(site, 320))

    assert 20 < place.floor.area < 50
    assert 8 < free_area_m2(place) < place.floor.area
    assert len(place.ignore_px) == 4
