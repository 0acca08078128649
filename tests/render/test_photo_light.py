"""The light of a photograph, recovered from floors whose light is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens
from render.photo_light import FloorCells, PhotoLight, floor_cells, form_factors, matched
from render.place import Lamp, Obstacle, encode_srgb

SIZE = 200
CAMERA = Camera(lens=EquidistantLens(width_px=SIZE, height_px=SIZE, f_px=SIZE / np.pi), pose=CameraPose(height_m=3))
GRID = np.stack(np.meshgrid(np.arange(-4, 4, 0.5), np.arange(-3, 3, 0.5)), axis=-1).reshape(-1, 2) + 0.25


def lamp(x_m: float, watts: float = 20.0) -> Lamp:
    return Lamp((x_m, 0.0, 2.8), (0.8, 0.8), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (watts,) * 3)


def luminance(lamps: list[Lamp], ambient: float, places: np.ndarray) -> np.ndarray:
    """What a white floor sends, by the sum of its lamps."""
    return ambient + sum(
        form_factors(one, places) * one.power_w[0] / (math.pi * one.size_m[0] * one.size_m[1]) for one in lamps
    )


def test_the_brighter_side_of_the_floor_gets_the_stronger_lamp() -> None:
    truth = [lamp(-2.5, 8.0), lamp(2.5, 32.0)]
    cells = FloorCells(GRID, 0.3 * luminance(truth, 0.05, GRID))
    prior = PhotoLight([lamp(-2.5), lamp(2.5)], np.full(3, 0.05))
    found = matched(prior, cells).lamps
    assert found[1].power_w[0] / found[0].power_w[0] > 2.0
    middle = np.median(luminance(found, 0.0, GRID)) / np.median(luminance(prior.lamps, 0.0, GRID))
    assert middle == pytest.approx(1.0, abs=0.1)


def test_an_even_floor_leaves_the_light_as_it_was() -> None:
    prior = PhotoLight([lamp(-2.5), lamp(2.5)], np.full(3, 0.1))
    cells = FloorCells(GRID, 0.25 * luminance(prior.lamps, 0.1, GRID))
    for one, before in zip(matched(prior, cells).lamps, prior.lamps, strict=True):
        np.testing.assert_allclose(one.power_w, before.power_w, rtol=1e-6)


def test_a_dark_rug_does_not_switch_a_lamp_off() -> None:
    prior = PhotoLight([lamp(-2.5), lamp(2.5)], np.full(3, 0.1))
    seen = 0.25 * luminance(prior.lamps, 0.1, GRID)
    seen[(np.abs(GRID[:, 0] - 2.5) < 0.9) & (np.abs(GRID[:, 1]) < 0.9)] *= 0.3
    found = matched(prior, FloorCells(GRID, seen)).lamps
    assert found[1].power_w[0] > 0.7 * found[0].power_w[0]


def test_too_little_floor_says_nothing() -> None:
    prior = PhotoLight([lamp(-2.5), lamp(2.5)], np.full(3, 0.1))
    assert matched(prior, FloorCells(GRID[:4], np.ones(4))) is prior


def test_the_floors_squares_are_where_the_picture_shows_them() -> None:
    picture = np.full((SIZE, SIZE, 3), 100, np.uint8)
    rays = CAMERA.lens.unproject(CAMERA.lens.pixel_centres()) @ CAMERA.camera_from_world
    x = (rays[:, 0] * 3 / -rays[:, 2]).reshape(SIZE, SIZE)
    picture[x > 0] = np.uint8(np.round(255 * encode_srgb(np.float32(0.5))))
    block = Obstacle(rectangle(1, -1, 2, 1), 0.0, 0.01, "rug")
    cells = floor_cells(picture, CAMERA, rectangle(-3, -2, 3, 2), [block])
    right = cells.place_m[:, 0] > 0.3
    np.testing.assert_allclose(cells.luminance[right], 0.5, atol=0.01)
    assert cells.luminance[~right & (cells.place_m[:, 0] < -0.3)].max() < 0.2
    inside = (np.abs(cells.place_m[:, 0] - 1.5) < 0.3) & (np.abs(cells.place_m[:, 1]) < 0.7)
    assert len(cells.luminance) > 60 and not inside.any()
