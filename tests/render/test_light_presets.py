"""The light of the embedded office: kinds of light, circuits that are off, the sun, and what glows with its lamps."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from assets.mesh import Material
from render.light import LightConfig, LightSpec, OfficeLamp, glow_gain, sample_light
from render.light_presets import PRESETS, VARIED
from render.place import Lamp, Place

DOWN, NORTH = (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)


def lamp(circuit: int, kind: str = "panel") -> OfficeLamp:
    return OfficeLamp((0.0, 0.0, 2.6), (0.6, 0.6), DOWN, NORTH, (10.0, 10.0, 10.0), kind, circuit)


def room(windows: bool = True) -> Place:
    lamps: list[Lamp] = [lamp(circuit) for circuit in (0, 0, 1, 2, 3, 3)]
    if windows:
        lamps.append(Lamp((3.0, 0.0, 1.5), (2.0, 1.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (5.0, 5.0, 5.0), "window"))
        lamps.append(Lamp((8.0, 0.0, 4.0), (0.1, 0.1), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0), "sun"))
    return Place("room", [], lamps, rectangle(-3, -3, 3, 3), [], [], ambient=(0.06, 0.06, 0.06))


def draws(preset: str, place: Place, count: int = 60) -> list[LightSpec]:
    config = LightConfig(preset=preset)  # type: ignore[arg-type]
    return [sample_light(config, place, np.random.default_rng(seed)) for seed in range(count)]


def test_every_preset_can_be_asked_for_and_varied_draws_among_all_but_the_stand_in() -> None:
    asked = set(get_args(LightConfig.model_fields["preset"].annotation))
    assert asked == {*PRESETS, "varied"}
    assert {light.preset for light in draws("varied", room(), 300)} == set(VARIED) == asked - {"varied", "stand-in"}
    assert LightConfig().preset == "varied"


def test_a_room_without_windows_is_never_left_to_daylight() -> None:
    lights = draws("varied", room(windows=False), 200)
    assert {light.preset for light in lights} <= set(VARIED) - {"daylight", "sunny"}
    assert min(max(light.panel_gain) for light in lights) > 0.3


@pytest.mark.parametrize("preset", ["night", "spots"])
def test_some_circuits_are_dark_but_never_all(preset: str) -> None:
    for light in draws(preset, room()):
        assert 1 <= len(light.dark_circuits) <= 3
        lit = [one for one in room().lamps if one.kind == "panel" and max(light.gain_of(one)) > 0]
        assert lit and len(lit) < 6


def test_daylight_alone_leaves_every_lamp_dark() -> None:
    for light in draws("daylight", room()):
        assert light.gain_of(lamp(0)) == (0.0, 0.0, 0.0)
        assert min(light.window_gain) > 0.3


def test_only_sunny_light_lets_the_sun_far_in_and_only_windows_let_it_in() -> None:
    assert min(min(light.sun_w) for light in draws("sunny", room())) > 300
    assert max(max(light.sun_w) for light in draws("even", room())) == 0
    sun = room().lamps[-1]
    assert draws("sunny", room())[0].gain_of(sun) == draws("sunny", room())[0].sun_w


def test_dusk_is_bluer_than_its_lamps_and_warm_lamps_are_redder_than_cool_ones() -> None:
    def redness(color: tuple[float, float, float]) -> float:
        return color[0] / color[2]

    assert all(redness(light.window_gain) < redness(light.panel_gain) for light in draws("dusk", room()))
    warm = min(redness(light.panel_gain) for light in draws("warm", room()))
    assert warm > max(redness(light.panel_gain) for light in draws("cool", room()))


def test_what_is_given_counts_before_the_preset() -> None:
    config = LightConfig(preset="night", dark_share=(0.0, 0.0), daylight_gain=(2.0, 2.0), exposure_ev=(1.0, 1.0))
    light = sample_light(config, room(), np.random.default_rng(0))
    assert light.dark_circuits == () and light.exposure_ev == 1.0
    assert np.dot(light.window_gain, [0.2126, 0.7152, 0.0722]) > 1.7


def test_what_glows_follows_its_light() -> None:
    light = LightSpec(panel_gain=(0.5, 0.4, 0.3), window_gain=(0.1, 0.2, 0.3), dark_circuits=(2,))
    glowing = Material("lamp glow 1", (1.0, 1.0, 1.0), emission=2.0)
    assert glow_gain(glowing, light) == (0.5, 0.4, 0.3)
    assert max(glow_gain(Material("lamp glow 2", (1.0, 1.0, 1.0), emission=2.0), light)) < 0.05
    assert glow_gain(Material("sky", (1.0, 1.0, 1.0), emission=2.0), light) == (0.1, 0.2, 0.3)
    assert glow_gain(Material("lit screen", (1.0, 1.0, 1.0), emission=2.0), light) == (1.0, 1.0, 1.0)


def test_light_survives_json_and_a_photograph_keeps_its_own() -> None:
    light = draws("varied", room())[3]
    assert LightSpec.model_validate_json(light.model_dump_json()) == light
    photo = room()
    photo.background = np.zeros((4, 4, 3), np.uint8)
    found = sample_light(LightConfig(preset="night"), photo, np.random.default_rng(0))
    assert found.dark_circuits == () and found.sun_w == (0.0, 0.0, 0.0) and 0.8 < found.panel_gain[0] < 1.2
