"""What lamps send, and what a room sends back."""

from __future__ import annotations

import numpy as np
from shapely.geometry import box as rectangle

from assets.mesh import Material
from render.light import LightSpec
from render.place import Lamp, Place
from render.radiance import bounced_radiance, lamp_power_w
from render.solids import box

GREY = Material("grey", (0.5, 0.5, 0.5))


def test_gains_go_by_the_kind_of_lamp() -> None:
    light = LightSpec(panel_gain=(2.0, 1.0, 1.0), window_gain=(0.0, 0.0, 3.0))
    panel = Lamp((0, 0, 2), (1, 1), (0, 0, -1), (0, 1, 0), (10.0, 10.0, 10.0))
    window = Lamp((0, 0, 2), (1, 1), (0, 0, -1), (0, 1, 0), (10.0, 10.0, 10.0), "window")
    assert lamp_power_w(panel, light).tolist() == [20, 10, 10]
    assert lamp_power_w(window, light).tolist() == [0, 0, 30]


def test_bounced_light_is_that_of_an_integrating_sphere() -> None:
    """A closed grey cube: L = P r / (pi A (1 - r)) holds for a sphere and, by energy, on average for any shape."""
    lamp = Lamp((0, 0, 2), (1, 1), (0, 0, -1), (0, 1, 0), (30.0, 30.0, 30.0))
    place = Place("cube", [box((0, 0, 1), (2, 2, 2), GREY, "wall")], [lamp], rectangle(-1, -1, 1, 1), [], [])
    np.testing.assert_allclose(bounced_radiance(place, LightSpec()), 30 * 0.5 / (np.pi * 24 * 0.5))
    empty = Place("none", [], [lamp], rectangle(-1, -1, 1, 1), [], [])
    assert bounced_radiance(empty, LightSpec()).tolist() == [0, 0, 0]
