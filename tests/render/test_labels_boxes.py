"""Rotated and radius-aligned boxes of rods whose pictures are known: their ends projected through the lens."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon
from shapely.geometry import box as rectangle

from annotate.boxes import rotated_box_corners
from annotate.camera import Camera, CameraPose
from annotate.dataset_model import Person
from annotate.lens import EquisolidLens, KannalaBrandtLens
from assets.mesh import Human, Material
from render.labels import label_scene
from render.place import Place
from render.solids import box, moved

FRAME = {"width_px": 800, "height_px": 760, "cx_px": 405.0, "cy_px": 372.0}
CAMERAS = {
    "upright": Camera(lens=EquisolidLens(**FRAME, f_px=270.0), pose=CameraPose(height_m=2.9)),
    "tilted": Camera(
        lens=KannalaBrandtLens(**FRAME, fx_px=240.0, fy_px=240.0, k1=0.02, k2=-0.004, k3=0.0, k4=0.0, max_theta_deg=95),
        pose=CameraPose(height_m=3.1, tilt_deg=9, tilt_azimuth_deg=130),
    ),
}
EMPTY = Place("nothing", [], [], rectangle(-9, -9, 9, 9), [], [])


def body(size_m: tuple[float, float, float], azimuth: float, away_m: float, bottom_m: float = 0.0) -> Human:
    """A slab (across, along the direction away from the camera, up) at a place; its axis is upright through its middle."""
    mesh = box((0, 0, bottom_m + size_m[2] / 2), size_m, Material("grey", (0.5, 0.5, 0.5)), "top")
    x, y = away_m * math.cos(azimuth), away_m * math.sin(azimuth)
    mesh = moved(mesh, x, y, azimuth - math.pi / 2)
    fields = {name: getattr(mesh, name) for name in mesh.__dataclass_fields__}
    is_head = np.zeros(len(mesh.triangles), bool)
    head = np.array([x, y, bottom_m + size_m[2] - 0.1])
    return Human(**fields, triangle_is_head=is_head, head_m=head, foot_m=np.array([x, y]))


def label(human: Human, camera: Camera) -> tuple[Person, np.ndarray]:
    labels = label_scene(EMPTY, [human], camera, hidden_below=0.0, min_visible_px=1, dense=())
    return labels.people[0], labels.mask


def apart_deg(first: float, second: float, turn: float = 180.0) -> float:
    """Angle between two directions that are equal after a turn."""
    return abs((first - second + turn / 2) % turn - turn / 2)


def direction_deg(start: np.ndarray, end: np.ndarray) -> float:
    return math.degrees(math.atan2(end[0] - start[0], start[1] - end[1]))


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("azimuth", [0.2, 1.9, 3.3, 5.5])
def test_upright_rod_far_out_has_a_radial_box_as_long_as_its_projected_ends(name: str, azimuth: float) -> None:
    camera, human = CAMERAS[name], body((0.03, 0.03, 1.8), azimuth, 3.5)
    foot, top = camera.project_world([[*human.foot_m, 0.0], [*human.foot_m, 1.8]])

    person, _ = label(human, camera)

    # Through an untilted lens upright lines are straight and radial; a tilted one bends them.
    tolerance = 1.0 if name == "upright" else 4.0
    assert person.rotated_bbox is not None
    assert apart_deg(person.rotated_bbox[4], direction_deg(foot, top)) < 1.0
    for box_of in (person.rotated_bbox, person.radius_bbox):
        assert box_of is not None
        assert box_of[3] > 5 * box_of[2]
        assert apart_deg(box_of[4], direction_deg(camera.nadir_px(), (foot + top) / 2)) < tolerance
        assert box_of[3] == pytest.approx(np.linalg.norm(top - foot), abs=4)
        np.testing.assert_allclose(box_of[:2], (foot + top) / 2, atol=3)


@pytest.mark.parametrize("name", CAMERAS)
def test_rod_across_the_radius_is_a_quarter_turn_away_and_wider_than_high_towards_the_nadir(name: str) -> None:
    camera, azimuth = CAMERAS[name], 0.7
    human = body((1.6, 0.05, 0.3), azimuth, 2.6, bottom_m=0.5)
    across = 0.8 * np.array([-math.sin(azimuth), math.cos(azimuth)])
    ends = camera.project_world([[*(human.foot_m + s * across), 0.65] for s in (-1, 1)])

    person, _ = label(human, camera)

    assert person.rotated_bbox is not None and person.radius_bbox is not None
    radial = direction_deg(camera.nadir_px(), ends.mean(0))
    assert apart_deg(person.rotated_bbox[4], radial) == pytest.approx(90, abs=4)
    assert person.rotated_bbox[3] == pytest.approx(np.linalg.norm(ends[1] - ends[0]), rel=0.08)
    assert apart_deg(person.radius_bbox[4], radial) < 4
    assert person.radius_bbox[2] > 1.5 * person.radius_bbox[3]


def test_box_of_somebody_straight_below_is_the_one_of_least_area() -> None:
    camera = CAMERAS["upright"]
    person, mask = label(body((0.5, 0.2, 1.7), 0.6, 0.02), camera)

    assert person.rotated_bbox is not None
    pixels = [rectangle(x, y, x + 1, y + 1) for y, x in np.argwhere(mask)]
    corners = np.concatenate([np.asarray(pixel.exterior.coords) for pixel in pixels])
    least = Polygon(rotated_box_corners([person.rotated_bbox])[0])
    assert least.area == pytest.approx(shapely.MultiPoint(corners).minimum_rotated_rectangle.area, rel=1e-4)


@pytest.mark.parametrize("name", CAMERAS)
def test_turned_boxes_lie_tightly_around_the_visible_pixels(name: str) -> None:
    rng = np.random.default_rng(8)
    for _ in range(6):
        human = body((0.5, 0.3, 1.7), rng.uniform(0, 6), rng.uniform(0, 4))
        person, mask = label(human, CAMERAS[name])
        rows, columns = np.nonzero(mask)
        corners = np.array([[columns + x, rows + y] for x in (0, 1) for y in (0, 1)]).transpose(0, 2, 1).reshape(-1, 2)
        for box_of in (person.rotated_bbox, person.radius_bbox):
            assert box_of is not None
            angle = math.radians(box_of[4])
            axes = np.array([[math.cos(angle), math.sin(angle)], [math.sin(angle), -math.cos(angle)]])
            inner = (corners - box_of[:2]) @ axes.T
            np.testing.assert_allclose(inner.max(0), np.array(box_of[2:4]) / 2, atol=1e-6)
            np.testing.assert_allclose(inner.min(0), -np.array(box_of[2:4]) / 2, atol=1e-6)
            if box_of is person.rotated_bbox:
                assert box_of[3] >= box_of[2]


def test_person_whose_head_the_lens_does_not_see_keeps_its_direction() -> None:
    narrow = EquisolidLens(**FRAME, f_px=420.0, max_theta_deg=50)
    camera = Camera(lens=narrow, pose=CameraPose(height_m=2.9))
    person, _ = label(body((0.3, 0.2, 1.8), 0.3, 2.0), camera)

    assert person.truncated and person.head_point is None and person.rotated_bbox is not None
    assert apart_deg(person.rotated_bbox[4], direction_deg(np.zeros(2), np.array([math.cos(0.3), -math.sin(0.3)]))) < 3
