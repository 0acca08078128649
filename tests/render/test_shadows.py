"""Shadows that people throw on what the camera sees, against places where the answer is known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens
from annotate.site import Site
from assets.mesh import Material, Mesh
from render.light import LightSpec
from render.photo_place import place_from_site, site_camera
from render.place import Lamp, Place
from render.shadows import shadow_alpha
from render.solids import box, quad, sheet

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from blender_job import figure
from sites import write_small_site

SIZE = 160
CAMERA = Camera(lens=EquidistantLens(width_px=SIZE, height_px=SIZE, f_px=SIZE / np.pi), pose=CameraPose(height_m=2.8))
GREY = Material("grey", (0.5, 0.5, 0.5))
FIGURE = (1.1, 0.1)
"""Just south of the small site's desk, which spans x from 0.4 to 1.8, y from 0.4 to 1.2 m, its top at 0.74."""


def hall(lamps: list[Lamp], *more: Mesh, key: str = "hall") -> Place:
    floor = rectangle(-4, -4, 4, 4)
    return Place(
        key, [sheet(floor, 0.0, GREY, "floor"), *more], lamps, floor, [], [], background=np.zeros((1, 1, 3), np.uint8)
    )


def lamp(x_m: float, y_m: float, z_m: float = 2.9, size_m: float = 0.02, watts: float = 20.0) -> Lamp:
    return Lamp((x_m, y_m, z_m), (size_m, size_m), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (watts,) * 3)


def screen(x0: float, x1: float, y0: float, y1: float, z_m: float) -> Mesh:
    """A level sheet that stands in for a person."""
    return quad(np.array([[x0, y0, z_m], [x1, y0, z_m], [x1, y1, z_m], [x0, y1, z_m]], float), GREY, "top")


def at(alpha: np.ndarray, point: tuple[float, float, float], camera: Camera = CAMERA) -> float:
    column, row = np.floor(camera.project_world([point])[0]).astype(int)
    return float(alpha[row, column])


def test_a_small_lamp_is_wholly_blocked_or_not_at_all() -> None:
    """A sheet halfway up under a lamp doubles its size on the floor."""
    alpha = shadow_alpha(hall([lamp(1.0, 0.0, 2.0)]), [screen(0.6, 1.4, -0.4, 0.4, 1.0)], LightSpec(), CAMERA)
    assert at(alpha, (1.4, 0.4, 0.0)) > 0.97
    assert at(alpha, (1.0, 1.1, 0.0)) < 0.02
    assert at(alpha, (2.1, 0.0, 0.0)) < 0.02


def test_two_equal_lamps_share_the_light() -> None:
    """Straight between two lamps, a wall that hides one of them takes half."""
    place = hall([lamp(0.0, 0.0, 2.0), lamp(2.0, 0.0, 2.0)])
    wall = box((1.5, 0.0, 0.8), (0.02, 1.6, 1.6), GREY, "top")
    assert at(shadow_alpha(place, [wall], LightSpec(), CAMERA), (1.0, 0.0, 0.0)) == pytest.approx(0.5, abs=0.03)


def test_the_edge_of_a_wide_lamps_shadow_falls_off_as_the_lamp_is_hidden() -> None:
    """Under the edge of a half-plane near the lamp, half of the lamp is seen: half of the light is gone."""
    place = hall([lamp(1.0, 0.0, 2.5, size_m=1.0)])
    alpha = shadow_alpha(place, [screen(1.0, 4.0, -3.0, 3.0, 2.4)], LightSpec(), CAMERA)
    assert at(alpha, (1.0, 0.0, 0.0)) == pytest.approx(0.5, abs=0.06)


def test_even_light_is_blocked_by_the_share_of_sky_that_a_near_thing_takes() -> None:
    """A point under a wide sheet close above it sees next to nothing of the sky; far from it everything."""
    light = LightSpec(ambient=(0.3, 0.3, 0.3))
    alpha = shadow_alpha(
        hall([], key="even"),
        [screen(0.5, 1.5, -0.5, 0.5, 0.1)],
        light,
        Camera(lens=CAMERA.lens, pose=CameraPose(height_m=2.8)),
    )
    seen_beside = at(alpha, (1.56, 0.0, 0.0))
    assert 0.2 < seen_beside < 0.6
    assert at(alpha, (-1.0, 0.0, 0.0)) < 0.02


def test_light_that_the_room_holds_back_already_makes_no_shadow() -> None:
    """Behind a wall that hides the only lamp, people cannot darken anything."""
    wall = box((0.5, 0.0, 1.2), (0.05, 6.0, 2.4), GREY, "wall")
    body = box((1.0, 0.0, 0.9), (0.3, 1.0, 1.8), GREY, "top")
    open_to_lamp = shadow_alpha(hall([lamp(-2.0, 0.0)]), [body], LightSpec(), CAMERA)
    behind_wall = shadow_alpha(hall([lamp(-2.0, 0.0)], wall, key="walled"), [body], LightSpec(), CAMERA)
    assert at(open_to_lamp, (1.6, 0.0, 0.0)) > 0.9
    assert at(behind_wall, (1.6, 0.0, 0.0)) < 0.02


def test_shadows_lie_around_the_feet_and_nowhere_else() -> None:
    lamps = [lamp(x, y, size_m=0.6) for x in (-2, 0, 2) for y in (-2, 0, 2)]
    people = [figure(1.3, -0.9), figure(-1.2, 0.4)]
    alpha = shadow_alpha(hall(lamps), people, LightSpec(ambient=(0.1, 0.1, 0.1)), CAMERA)
    for x, y in ((1.3, -0.9), (-1.2, 0.4)):
        around = [(x + 0.2 * np.cos(turn), y + 0.2 * np.sin(turn), 0.0) for turn in np.linspace(0, 2 * np.pi, 12)]
        assert max(at(alpha, point) for point in around) > 0.3
    assert at(alpha, (-2.5, -2.5, 0.0)) < 0.02 and at(alpha, (0.0, 3.0, 0.0)) < 0.02
    assert not alpha[~CAMERA.lens.valid_mask()].any()


def test_nobody_throws_no_shadow_and_the_same_scene_throws_the_same() -> None:
    place = hall([lamp(1.0, 0.0)])
    assert not shadow_alpha(place, [], LightSpec(), CAMERA).any()
    first, second = (shadow_alpha(place, [figure(1.0, 0.5)], LightSpec(), CAMERA) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def desk_shadows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Somebody south of the small site's desk, with a lamp in the south or in the north."""
    found = {}
    for name, y_m in (("south", -2.2), ("north", 2.6)):
        folder = tmp_path_factory.mktemp("shadows") / name
        write_small_site(folder, 96, lamps=[{"place_m": [1.1, y_m], "size_m": [0.3, 0.3], "height_m": 2.9}])
        site = Site.read(folder)
        camera = site_camera(site, SIZE)
        place = place_from_site(site, site.backgrounds[0], camera)
        found[name] = shadow_alpha(place, [figure(*FIGURE)], LightSpec(ambient=place.ambient), camera)
        found["camera"] = camera
    return found


def darkness(shadows: dict, name: str, point: tuple[float, float, float]) -> float:
    return at(shadows[name], point, shadows["camera"])


def test_somebody_beside_a_desk_darkens_its_top_on_the_side_away_from_the_lamp(desk_shadows: dict) -> None:
    behind, aside = (1.1, 0.95, 0.74), (0.55, 0.6, 0.74)
    assert darkness(desk_shadows, "south", behind) > 0.25
    assert darkness(desk_shadows, "south", aside) < 0.6 * darkness(desk_shadows, "south", behind)
    assert darkness(desk_shadows, "north", behind) < 0.5 * darkness(desk_shadows, "south", behind)


def test_the_floor_is_darkened_on_the_other_side_when_the_lamp_is_on_the_other_side(desk_shadows: dict) -> None:
    before = (1.1, -0.6, 0.0)
    assert darkness(desk_shadows, "north", before) > 0.25
    assert darkness(desk_shadows, "south", before) < 0.1
