"""Layers over one another in linear light."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens
from render.composite import Layers, automatic_exposure, composite

SIZE = 40
CAMERA = Camera(
    lens=EquidistantLens(width_px=SIZE, height_px=SIZE, cx_px=20, cy_px=20, f_px=SIZE / np.pi),
    pose=CameraPose(height_m=3),
)
CENTRE = (SIZE // 2, SIZE // 2)


def layers(people: tuple[float, float, float, float], background: float = 0.4, exposure: float = 1.0) -> Layers:
    return Layers(
        np.broadcast_to(np.float32(people), (SIZE, SIZE, 4)).copy(),
        np.full((SIZE, SIZE, 3), background, np.float32),
        exposure,
    )


def test_nobody_leaves_the_background_bit_for_bit() -> None:
    background = np.random.default_rng(0).random((SIZE, SIZE, 3), dtype=np.float32)

    picture = composite(Layers(np.zeros((SIZE, SIZE, 4), np.float32), background), CAMERA)

    np.testing.assert_array_equal(picture, background)


def test_shadow_multiplies_the_light_of_the_background() -> None:
    assert composite(layers((0, 0, 0, 0.25)), CAMERA)[CENTRE] == pytest.approx(0.3)


def test_half_covered_pixel_is_the_mean_of_the_lights_of_both() -> None:
    assert composite(layers((0.4, 0.4, 0.4, 0.5), 0.2), CAMERA)[CENTRE] == pytest.approx(0.5 * 0.8 + 0.5 * 0.2)


def test_exposure_scales_people_and_background_alike() -> None:
    once, twice = (composite(layers((0.1, 0.2, 0.3, 0.5), exposure=e), CAMERA) for e in (1.0, 2.0))

    np.testing.assert_allclose(twice, 2 * once, rtol=1e-6)


def test_outside_the_lens_circle_nothing_is_laid_over_the_background() -> None:
    picture = composite(layers((5.0, 5.0, 5.0, 1.0), background=0.0), CAMERA)

    assert picture[0, 0].max() == 0.0
    assert picture[CENTRE].max() == 5.0


def test_automatic_exposure_brings_any_strength_of_light_to_one_brightness() -> None:
    room = np.random.default_rng(1).random((SIZE, SIZE, 3), dtype=np.float32)
    exposed = [room * k * automatic_exposure(room * k, CAMERA) for k in (0.3, 1.0, 7.0)]

    np.testing.assert_allclose(exposed[0], exposed[1], rtol=1e-4)
    np.testing.assert_allclose(exposed[2], exposed[1], rtol=1e-4)


def test_a_glaring_window_does_not_darken_the_room() -> None:
    room = np.full((SIZE, SIZE, 3), 0.2, np.float32)
    glaring = room.copy()
    glaring[18:22, 18:22] = 50.0

    assert automatic_exposure(glaring, CAMERA) == pytest.approx(automatic_exposure(room, CAMERA), rel=0.01)


def test_black_room_gets_no_endless_exposure() -> None:
    assert automatic_exposure(np.zeros((SIZE, SIZE, 3), np.float32), CAMERA) == 1.0
