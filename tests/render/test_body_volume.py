"""The cubes of a body: all of it, its hollow inside too, and little more than it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from assets.mesh import Human, Material
from render.body_volume import CUBE_M, BodyVolume, covered, near_forearms, outline_of
from render.solids import box, cylinder

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import figure

CLOTH = Material("cloth", (0.1, 0.1, 0.1))


def as_human(mesh: object, **more: object) -> Human:
    fields = {name: getattr(mesh, name) for name in ("vertices_m", "triangles", "triangle_material", "materials")}
    return Human(**fields, triangle_class=mesh.triangle_class, **more)  # type: ignore[attr-defined, arg-type]


def test_a_hollow_shell_is_filled() -> None:
    human = as_human(box((0, 0, 0.5), (0.4, 0.3, 1.0), CLOTH, "top"))

    volume = BodyVolume.of(human)

    rng = np.random.default_rng(0)
    inside = rng.uniform((-0.2, -0.15, 0.0), (0.2, 0.15, 1.0), (500, 3))
    outside = np.array([[0.2 + 1.1 * CUBE_M, 0, 0.5], [0, -0.15 - 1.1 * CUBE_M, 0.5], [0, 0, 1.0 + 1.1 * CUBE_M]])
    assert volume.has(inside).all()
    assert not volume.has(outside).any()
    true = 0.4 * 0.3 * 1.0
    assert true <= len(volume.centres_m) * CUBE_M**3 <= true * 1.2


def test_large_triangles_leave_no_hole_in_the_shell() -> None:
    volume = BodyVolume.of(as_human(cylinder((0, 0, 0), 0.2, 1.5, CLOTH, "top", 5)))

    levels = volume.filled.reshape(len(volume.filled), -1).sum(axis=1)
    counts = levels[levels > 0]
    assert counts.min() > 0.9 * counts.max()


def test_grown_reaches_one_cube_further() -> None:
    volume = BodyVolume.of(as_human(box((0, 0, 0.5), (0.4, 0.4, 1.0), CLOTH, "top")))
    beside = np.array([[0.2 + 1.1 * CUBE_M, 0, 0.5]])

    assert not volume.has(beside).any()
    assert volume.has(beside, grown=True).all()


def test_a_body_between_two_heights_is_what_is_that_high() -> None:
    volume = BodyVolume.of(figure(height_m=1.8, width_m=0.6))

    trunk = outline_of(volume.between(0.69, 0.74)).bounds
    head = outline_of(volume.between(1.7, 1.9)).bounds
    assert outline_of(volume.between(1.9, 2.5)).is_empty
    assert trunk == pytest.approx((-0.3, -0.12, 0.3, 0.12), abs=1.01 * CUBE_M)
    assert head == pytest.approx((-0.09, -0.1, 0.09, 0.1), abs=1.01 * CUBE_M)
    assert volume.outline.buffer(1e-6).contains(Polygon([(-0.3, -0.12), (0.3, -0.12), (0.3, 0.12), (-0.3, 0.12)]))


def test_forearms_reach_from_the_elbow_to_the_finger_tips() -> None:
    joints = {
        "LeftForeArm": np.array([0.3, 0.0, 0.8]), "LeftHand": np.array([0.3, -0.25, 0.8]),
        "LeftHandFinger1": np.array([0.3, -0.35, 0.8]),
    }  # fmt: skip
    human = as_human(box((0, 0, 0.5), (0.4, 0.3, 1.0), CLOTH, "top"), joints_m=joints)
    points = np.array([[0.3, -0.1, 0.83], [0.32, -0.42, 0.8], [0.3, 0.1, 0.8], [0.0, 0.0, 0.8]])

    assert near_forearms(human, points).tolist() == [True, True, False, False]


def test_covered_agrees_with_shapely() -> None:
    footprint = Point(0.3, 0.2).buffer(0.5)
    points = np.random.default_rng(0).uniform(-1, 1, (300, 3))

    assert covered(points, footprint).tolist() == [footprint.contains(Point(x, y)) for x, y, _ in points]
