"""Dense maps against balls and planes that every ray is intersected with in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from annotate.camera import Camera, CameraPose
from annotate.classes import CLASS_ID
from annotate.dense import DenseMaps, z_depth
from annotate.lens import EquidistantLens, KannalaBrandtLens
from assets.mesh import Human, Material, Mesh
from render.labels import label_scene
from render.place import Place
from render.solids import blob, box, quad

GREY = Material("grey", (0.5, 0.5, 0.5))
CAMERA = Camera(
    lens=KannalaBrandtLens(
        width_px=180, height_px=150, cx_px=92.0, cy_px=71.0, fx_px=55.0, fy_px=52.0, k1=0.02, k2=-0.004, k3=0.0, k4=0.0,
        max_theta_deg=88,
    ),
    pose=CameraPose(height_m=2.9, tilt_deg=17, tilt_azimuth_deg=50, yaw_deg=-30),
)  # fmt: skip
SHAPE = (150, 180)
RAYS = CAMERA.rays_world(CAMERA.lens.pixel_centres())


def maps(*parts: Mesh, key: str, people: tuple[Human, ...] = (), camera: Camera = CAMERA) -> DenseMaps:
    place = Place(key, list(parts), [], rectangle(-5, -5, 5, 5), [], [])
    return label_scene(place, list(people), camera, hidden_below=0.1, min_visible_px=1).dense


def test_ball_has_the_depths_and_normals_of_its_rays() -> None:
    center, radius = np.array([-0.8, 0.9, 1.0]), 0.6
    dense = maps(blob(center.tolist(), (radius,) * 3, GREY, "plant", rings=120, sides=240), key="ball")
    assert dense.depth_m is not None and dense.normals is not None

    offset = CAMERA.position_m - center
    along = RAYS @ offset
    inside = along**2 - (offset @ offset - radius**2)
    with np.errstate(invalid="ignore"):
        depth = -along - np.sqrt(inside)
        core = inside > 0.05  # the facets' rim lies a little further in
    normal = (CAMERA.position_m + depth[:, None] * RAYS - center) / radius

    assert core.sum() > 300
    np.testing.assert_allclose(dense.depth_m.ravel()[core], depth[core], atol=1e-3)
    expected = (normal @ CAMERA.camera_from_world.T)[core]
    cosine = (dense.normals.reshape(-1, 3)[core] * expected).sum(1)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 2.5
    nothing = ~np.isfinite(dense.depth_m)
    assert np.isinf(dense.depth_m[nothing]).all() and (dense.normals[nothing] == 0).all()
    assert nothing.ravel()[np.isnan(RAYS[:, 0])].all()


@pytest.mark.parametrize("upwards", [True, False])
def test_floor_has_exact_depth_and_a_normal_to_the_camera_however_it_is_wound(upwards: bool) -> None:
    corners = np.array([[-9, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0.0]])[:: 1 if upwards else -1]
    dense = maps(quad(corners, GREY, "floor"), key=f"floor {upwards}")
    assert dense.depth_m is not None and dense.normals is not None and dense.classes is not None

    with np.errstate(invalid="ignore"):
        depth = np.where(RAYS[:, 2] < 0, -CAMERA.pose.height_m / RAYS[:, 2], np.inf)
        far = CAMERA.position_m + np.where(np.isfinite(depth), depth, 0)[:, None] * RAYS
        hit = np.isfinite(depth) & (np.abs(far[:, :2]) < 9).all(1)
    np.testing.assert_array_equal(np.isfinite(dense.depth_m).ravel(), hit)
    np.testing.assert_allclose(dense.depth_m.ravel()[hit], depth[hit], rtol=1e-6)
    up = CAMERA.camera_from_world @ [0.0, 0.0, 1.0]
    np.testing.assert_allclose(dense.normals.reshape(-1, 3)[hit], np.tile(up, (hit.sum(), 1)), atol=1e-6)
    np.testing.assert_array_equal(dense.classes.ravel(), np.where(hit, CLASS_ID["floor"], 0))
    z = z_depth(dense.depth_m, CAMERA)[np.isfinite(dense.depth_m)]
    points = far[hit] - CAMERA.position_m
    np.testing.assert_allclose(z, points @ CAMERA.camera_from_world[2], rtol=1e-5)


def test_normals_never_point_away_from_the_camera() -> None:
    room = box((0.2, -0.1, 1.6), (7.0, 6.0, 3.2), GREY, "wall")
    dense = maps(room, blob((1, 1, 0.8), (0.4, 0.3, 0.8), GREY, "plant"), key="room")
    assert dense.normals is not None
    rays = CAMERA.lens.unproject(CAMERA.lens.pixel_centres())
    seen = ~np.isnan(rays[:, 0])

    normals = dense.normals.reshape(-1, 3)
    np.testing.assert_allclose(np.linalg.norm(normals[seen], axis=1), 1, atol=1e-5)
    assert ((normals[seen] * rays[seen]).sum(1) < 1e-6).all()


def test_class_map_says_which_thing_each_ray_meets_first() -> None:
    camera = Camera(
        lens=EquidistantLens(width_px=120, height_px=120, cx_px=60, cy_px=60, f_px=38.0), pose=CameraPose(height_m=3.0)
    )
    boxes = {
        "desk": ((0.9, 0.2, 0.7), (1.2, 0.8, 0.05)),
        "chair": ((1.3, 0.9, 0.25), (0.5, 0.5, 0.5)),
        "shelf": ((-1.6, 0.4, 1.0), (0.4, 1.4, 2.0)),
        "bin": ((-2.3, 0.4, 0.15), (0.3, 0.3, 0.3)),
    }
    floor = quad(np.array([[-4, -4, 0], [4, -4, 0], [4, 4, 0], [-4, 4, 0.0]]), GREY, "floor")
    parts = [box(center, size, GREY, name) for name, (center, size) in boxes.items()]
    dense = maps(floor, *parts, key="things", camera=camera)
    assert dense.classes is not None

    rays, eye = camera.rays_world(camera.lens.pixel_centres()), camera.position_m
    with np.errstate(divide="ignore", invalid="ignore"):
        nearest = np.where(rays[:, 2] < 0, -eye[2] / rays[:, 2], np.inf)
        outside = ~(np.abs((eye + nearest[:, None] * rays)[:, :2]) <= 4).all(1)
        nearest[outside] = np.inf
        expected = np.where(np.isfinite(nearest), CLASS_ID["floor"], 0)
        for name, (center, size) in boxes.items():
            low, high = np.array(center) - np.array(size) / 2, np.array(center) + np.array(size) / 2
            first, second = (low - eye) / rays, (high - eye) / rays
            near, far = np.minimum(first, second).max(1), np.maximum(first, second).min(1)
            met = (near <= far) & (near > 0) & (near < nearest)
            nearest[met], expected[met] = near[met], CLASS_ID[name]
    assert {CLASS_ID[name] for name in ("desk", "shelf", "floor", "chair")} <= set(expected)
    assert (dense.classes.ravel() != expected).mean() < 0.0005  # rays along an edge


def test_only_the_maps_that_are_asked_for_are_made() -> None:
    place = Place("empty", [], [], rectangle(-5, -5, 5, 5), [], [])
    labels = label_scene(place, [], CAMERA, hidden_below=0.1, min_visible_px=1, dense=("classes",))

    assert labels.dense.depth_m is None and labels.dense.normals is None
    assert labels.dense.classes is not None and labels.dense.classes.shape == SHAPE and not labels.dense.classes.any()
    assert math.isfinite(labels.mask.max()) and labels.people == []
