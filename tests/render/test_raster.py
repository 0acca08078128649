"""The rasteriser against shapes whose pictures are known in closed form: rays through pixel centres, intersected."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens, EquisolidLens, KannalaBrandtLens, lens_from_dict
from assets.mesh import Material
from render.raster import merged, pixel_rays, rasterise
from render.solids import blob, box, joined, moved, quad, solid

GREY = Material("grey", (0.5, 0.5, 0.5))
FRAME = {"width_px": 160, "height_px": 120, "cx_px": 83.0, "cy_px": 57.5}
CAMERAS = {
    "equidistant": Camera(lens=EquidistantLens(**FRAME, f_px=40.0), pose=CameraPose(height_m=3.0)),
    "tilted equisolid": Camera(
        lens=EquisolidLens(**FRAME, f_px=45.0, max_theta_deg=95),
        pose=CameraPose(height_m=2.7, tilt_deg=25, tilt_azimuth_deg=40),
    ),
    "kannala-brandt": Camera(
        lens=KannalaBrandtLens(**FRAME, fx_px=42.0, fy_px=39.0, k1=0.02, k2=-0.004, k3=0.0, k4=0.0, max_theta_deg=88),
        pose=CameraPose(height_m=3.2, yaw_deg=70, tilt_deg=6),
    ),
}


def rays(camera: Camera) -> np.ndarray:
    """World rays through all pixel centres, from the camera's own unprojection."""
    return camera.rays_world(camera.lens.pixel_centres())


def box_by_slabs(camera: Camera, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hit (n,) and depth (n,) of an axis-aligned box by the slab method."""
    direction, eye = rays(camera), camera.position_m
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (low - eye) / direction, (high - eye) / direction
    near, far = np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)
    return (near <= far) & (near > 0), near


@pytest.mark.parametrize("name", CAMERAS)
def test_box_covers_exactly_the_rays_that_meet_it(name: str) -> None:
    camera = CAMERAS[name]
    center, size = np.array([1.2, 0.7, 0.8]), np.array([1.0, 0.6, 1.6])
    hit, depth = box_by_slabs(camera, center - size / 2, center + size / 2)

    coverage = rasterise(box(center, size, GREY, "desk"), camera)

    assert hit.sum() > 100
    np.testing.assert_array_equal(coverage.pixels, np.flatnonzero(hit))
    np.testing.assert_allclose(coverage.depth_m, depth[hit], atol=1e-5)


@pytest.mark.parametrize("name", CAMERAS)
def test_floor_as_two_huge_triangles_bends_as_the_lens_bends_it(name: str) -> None:
    camera = CAMERAS[name]
    floor = quad(np.array([[-6, -5, 0], [6, -5, 0], [6, 5, 0], [-6, 5, 0.0]]), GREY, "floor")
    direction, eye = rays(camera), camera.position_m
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = -eye[2] / direction[:, 2]
        point = eye + depth[:, None] * direction
    hit = (depth > 0) & (np.abs(point[:, 0]) <= 6) & (np.abs(point[:, 1]) <= 5)

    coverage = rasterise(floor, camera)

    np.testing.assert_array_equal(coverage.pixels, np.flatnonzero(hit))
    np.testing.assert_allclose(coverage.depth_m, depth[hit], rtol=1e-9)


def test_room_around_the_camera_leaves_no_crack_and_no_hole() -> None:
    camera = CAMERAS["tilted equisolid"]
    walls = box((0.3, -0.2, 1.6), (7.0, 5.0, 3.2), GREY, "wall")

    coverage = rasterise(walls, camera)

    np.testing.assert_array_equal(coverage.mask(camera), camera.lens.valid_mask())


def test_ball_of_small_triangles_is_the_analytic_ball_but_for_its_rim() -> None:
    camera = CAMERAS["equidistant"]
    center, radius = np.array([-1.0, 1.4, 1.0]), 0.35
    ball = blob(center, (radius,) * 3, GREY, "plant", rings=60, sides=120)
    direction, eye = rays(camera), camera.position_m
    along = direction @ (center - eye)
    apart = np.sqrt(np.maximum((center - eye) @ (center - eye) - along**2, 0))
    coverage = rasterise(ball, camera)
    inside, outside = np.flatnonzero(apart < radius * 0.995), np.flatnonzero(apart > radius)

    assert set(inside) <= set(coverage.pixels)
    assert not set(outside) & set(coverage.pixels)
    core = np.isin(coverage.pixels, inside)
    depth = along - np.sqrt(np.maximum(radius**2 - apart**2, 0))
    np.testing.assert_allclose(coverage.depth_m[core], depth[coverage.pixels[core]], atol=0.01)


def test_hits_lie_on_the_surface_and_project_back_to_their_pixel_centres() -> None:
    camera = CAMERAS["kannala-brandt"]
    coverage = rasterise(box((0.9, -1.1, 0.4), (0.7, 0.5, 0.8), GREY, "desk"), camera)
    centres = camera.lens.pixel_centres()[coverage.pixels]

    points = camera.position_m + coverage.depth_m[:, None] * rays(camera)[coverage.pixels]

    np.testing.assert_allclose(camera.project_world(points), centres, atol=1e-6)
    np.testing.assert_allclose(camera.distance_m(points), coverage.depth_m, atol=1e-9)


def test_nearer_body_hides_the_farther_one() -> None:
    camera = CAMERAS["equidistant"]
    near = rasterise(box((0.8, 0, 1.2), (0.4, 0.4, 0.8), GREY, "desk"), camera)
    far = rasterise(box((1.6, 0, 0.5), (0.5, 0.5, 1.0), GREY, "desk"), camera)

    depth, owner, _ = merged([far, near], camera)

    both = np.intersect1d(near.pixels, far.pixels)
    assert len(both) > 5
    assert (owner.ravel()[both] == 1).all()
    assert np.isinf(depth.ravel()[np.setdiff1d(np.arange(depth.size), np.union1d(near.pixels, far.pixels))]).all()


def test_surface_on_the_lens_and_surfaces_above_it_do_no_harm() -> None:
    camera = CAMERAS["equidistant"]
    above = box((0, 0, 4.0), (1, 1, 0.5), GREY, "ceiling")
    through_the_lens = quad(np.array([[-1, -1, 3], [1, -1, 3], [1, 1, 3], [-1, 1, 3.0]]), GREY, "ceiling")

    assert len(rasterise(above, camera).pixels) == 0
    assert np.isfinite(rasterise(through_the_lens, camera).depth_m).all()


def test_turning_mesh_and_camera_together_changes_nothing() -> None:
    mesh = joined(
        [box((1.2, 0.4, 0.9), (0.5, 0.3, 1.8), GREY, "desk"), box((-1, 1, 0.3), (0.4, 0.9, 0.6), GREY, "chair")], "two"
    )
    lens = EquidistantLens(width_px=120, height_px=120, cx_px=60, cy_px=60, f_px=38)
    here = rasterise(mesh, Camera(lens=lens, pose=CameraPose(height_m=3)))

    turned = rasterise(moved(mesh, 0, 0, math.radians(90)), Camera(lens=lens, pose=CameraPose(height_m=3, yaw_deg=90)))

    assert len(np.setxor1d(here.pixels, turned.pixels)) <= 2


def test_rays_outside_the_lens_are_never_hit() -> None:
    camera = CAMERAS["kannala-brandt"]
    everything = rasterise(box((0, 0, 2), (20, 20, 6), GREY, "wall"), camera)

    assert np.isfinite(pixel_rays(camera)[everything.pixels]).all()


WIDE = Camera(
    lens=EquidistantLens(width_px=110, height_px=90, cx_px=54, cy_px=46, f_px=24.0, max_theta_deg=112),
    pose=CameraPose(height_m=2.0, tilt_deg=30),
)
NARROW = Camera(
    lens=EquisolidLens(width_px=110, height_px=90, cx_px=54, cy_px=46, f_px=60.0, max_theta_deg=38),
    pose=CameraPose(height_m=2.0),
)


MEI = Camera(
    lens=lens_from_dict(
        {
            "model": "mei", "width_px": 110, "height_px": 90, "cx_px": 56.0, "cy_px": 44.0, "fx_px": 62.0, "fy_px": 58.0,
            "xi": 1.1, "k1": -0.05, "k2": 0.01, "p1": 0.004, "p2": -0.003, "max_theta_deg": 85.0,
        }
    ),
    pose=CameraPose(height_m=2.0, tilt_deg=12),
)  # fmt: skip
PINHOLE = Camera(
    lens=lens_from_dict(
        {
            "model": "radtan", "width_px": 110, "height_px": 90, "cx_px": 56.0, "cy_px": 44.0, "fx_px": 40.0,
            "fy_px": 42.0, "k1": -0.01, "k2": 0.001, "p1": 0.002, "p2": -0.001, "k3": 0.0, "max_theta_deg": 55.0,
        }
    ),
    pose=CameraPose(height_m=2.0, tilt_deg=20),
)  # fmt: skip
OTHERS = {"beyond 180": WIDE, "narrow": NARROW, "180": CAMERAS["equidistant"], "mei": MEI, "pinhole": PINHOLE}


@pytest.mark.parametrize("camera", OTHERS.values(), ids=OTHERS)
def test_random_triangles_cover_what_every_ray_tested_against_every_triangle_says(camera: Camera) -> None:
    rng = np.random.default_rng(12)
    corners = rng.uniform(-1, 1, (60, 1, 3)) * [5, 5, 4] + [0, 0, 1] + rng.normal(size=(60, 3, 3)) * 1.5
    mesh = solid(corners.reshape(-1, 3), np.arange(180).reshape(-1, 3), GREY, "wall")
    a, b, c = (mesh.vertices_m.reshape(-1, 3, 3)[:, corner].astype(float) - camera.position_m for corner in range(3))
    seen = np.flatnonzero(~np.isnan(pixel_rays(camera)[:, 0]))
    # Moeller and Trumbore 1997.
    direction = rays(camera)[seen][:, None]
    across = np.cross(direction, c - a)
    scale = ((b - a) * across).sum(-1)
    u = (-a * across).sum(-1) / scale
    second = np.cross(-a, b - a)
    v, depth = (direction * second).sum(-1) / scale, ((c - a) * second).sum(-1) / scale
    depth = np.where((u >= 0) & (v >= 0) & (u + v <= 1) & (depth > 1e-4), depth, np.inf)

    coverage = rasterise(mesh, camera)

    hit = np.isfinite(depth).any(axis=1)
    assert hit.sum() > 500
    np.testing.assert_array_equal(coverage.pixels, seen[hit])
    np.testing.assert_allclose(coverage.depth_m, depth.min(axis=1)[hit], rtol=1e-6)
    np.testing.assert_array_equal(coverage.triangle, depth.argmin(axis=1)[hit])


def test_coverage_says_whether_border_or_lens_cut_the_mesh() -> None:
    inner, cut = box((0.5, 0, 0.5), (0.4, 0.4, 0.8), GREY, "desk"), box((1.4, 0, 0.5), (1.4, 0.4, 0.8), GREY, "desk")

    assert not rasterise(inner, NARROW).truncated
    assert rasterise(cut, NARROW).truncated
    assert len(rasterise(cut, NARROW).pixels) > 20


def test_mesh_without_triangles_covers_nothing() -> None:
    nothing = solid(np.zeros((0, 3)), np.zeros((0, 3)), GREY, "wall")

    assert len(rasterise(nothing, WIDE).pixels) == 0
