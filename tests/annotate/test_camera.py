"""The camera in the room: axes, tilt, nadir and the floor, for round, non-square, off-centre and tilted cameras."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from annotate.camera import Camera, CameraPose
from annotate.errors import InputError
from annotate.lens import EquidistantLens, EquisolidLens, KannalaBrandtLens

PLAIN = EquidistantLens(width_px=640, height_px=640, cx_px=320.0, cy_px=320.0, f_px=200.0)
OFF_CENTRE = EquisolidLens(width_px=960, height_px=720, cx_px=430.5, cy_px=391.0, f_px=280.0, max_theta_deg=93.0)
CROPPED = KannalaBrandtLens(
    width_px=640, height_px=480, cx_px=318.7, cy_px=244.4, fx_px=285.4, fy_px=291.0,
    k1=0.021, k2=-0.0094, k3=0.0031, k4=-0.00047,
)  # fmt: skip

POSES = [
    CameraPose(height_m=3.0),
    CameraPose(height_m=2.6, yaw_deg=-140.0),
    CameraPose(height_m=4.2, tilt_deg=12.0, tilt_azimuth_deg=30.0),
    CameraPose(height_m=2.9, tilt_deg=35.0, tilt_azimuth_deg=-100.0, yaw_deg=75.0),
]
every_camera = pytest.mark.parametrize(
    "camera",
    [Camera(lens=lens, pose=pose) for lens in (PLAIN, OFF_CENTRE, CROPPED) for pose in POSES],
    ids=lambda camera: f"{camera.lens.model}-tilt{camera.pose.tilt_deg:g}-yaw{camera.pose.yaw_deg:g}",
)


def camera_of(**pose: float) -> Camera:
    return Camera(lens=PLAIN, pose=CameraPose(**{"height_m": 3.0} | pose))


def floor_grid(z_m: float = 0.0) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-4, 4, 9), np.linspace(-3, 3, 7))
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, z_m)], axis=1)


def test_untilted_picture_right_is_world_x_and_down_is_minus_y() -> None:
    camera = camera_of()
    middle, right, up = camera.project_world([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(middle, [320, 320])
    assert right[0] > 320 and right[1] == pytest.approx(320)
    assert up[1] < 320 and up[0] == pytest.approx(320)
    np.testing.assert_allclose(right[0] - 320, 200 * math.atan2(1, 3))


def test_yaw_turns_the_camera_counter_clockwise_seen_from_above() -> None:
    (px,) = camera_of(yaw_deg=90.0).project_world([[0, 1, 0]])
    assert px[0] > 320 and px[1] == pytest.approx(320), "the picture's right looks where +Y is"


@pytest.mark.parametrize("azimuth", [0.0, 60.0, 200.0])
@pytest.mark.parametrize("yaw", [0.0, -35.0])
def test_a_tilted_axis_meets_the_floor_on_the_side_of_its_azimuth(azimuth: float, yaw: float) -> None:
    camera = camera_of(tilt_deg=20.0, tilt_azimuth_deg=azimuth, yaw_deg=yaw)
    (hit,) = camera.floor_points([[320, 320]])
    reach = 3.0 * math.tan(math.radians(20))
    np.testing.assert_allclose(
        hit, [reach * math.cos(math.radians(azimuth)), reach * math.sin(math.radians(azimuth)), 0], atol=1e-9
    )


def test_the_nadir_moves_away_from_the_tilt() -> None:
    camera = camera_of(tilt_deg=20.0, tilt_azimuth_deg=0.0)
    np.testing.assert_allclose(camera.nadir_px(), [320 - 200 * math.radians(20), 320], atol=1e-9)


def test_rotation_agrees_with_opencv_rodrigues() -> None:
    pose = CameraPose(height_m=3.0, tilt_deg=25.0, tilt_azimuth_deg=40.0, yaw_deg=70.0)
    azimuth = math.radians(40)
    tilt, _ = cv2.Rodrigues(np.array([math.sin(azimuth), -math.cos(azimuth), 0]) * math.radians(25))
    yaw, _ = cv2.Rodrigues(np.array([0, 0, math.radians(70)]))
    np.testing.assert_allclose(pose.camera_from_world, np.diag([1, -1, -1]) @ (tilt @ yaw).T, atol=1e-12)


@every_camera
def test_rotation_is_proper(camera: Camera) -> None:
    rotation = camera.camera_from_world
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@every_camera
def test_the_nadir_is_the_pixel_straight_below(camera: Camera) -> None:
    nadir = camera.nadir_px()
    below = [[0, 0, z] for z in (0.0, 1.0, camera.pose.height_m - 0.1)]
    np.testing.assert_allclose(camera.project_world(below), np.tile(nadir, (3, 1)), atol=1e-9)
    np.testing.assert_allclose(camera.floor_points([nadir]), [[0, 0, 0]], atol=1e-9)
    if camera.pose.tilt_deg == 0:
        np.testing.assert_allclose(nadir, [camera.lens.cx_px, camera.lens.cy_px])
    else:
        assert np.hypot(*(nadir - [camera.lens.cx_px, camera.lens.cy_px])) > 20


@every_camera
@pytest.mark.parametrize("z_m", [0.0, 0.75])
def test_floor_to_pixel_and_back(camera: Camera, z_m: float) -> None:
    floor = floor_grid(z_m)
    px = camera.project_world(floor)
    seen = np.isfinite(px[:, 0])
    assert seen.sum() > 30
    back = camera.floor_points(px[seen], z_m)
    np.testing.assert_allclose(back, floor[seen], atol=1e-7)
    np.testing.assert_allclose(camera.project_world(back), px[seen], atol=1e-6)
    assert (back[:, 2] == z_m).all()


@every_camera
def test_every_pixel_of_the_frame_agrees_with_the_point_its_ray_meets(camera: Camera) -> None:
    px = camera.lens.pixel_centres()[::997]
    rays = camera.rays_world(px)
    seen = np.isfinite(rays[:, 0])
    points = camera.position_m + 2.2 * rays[seen]
    np.testing.assert_allclose(camera.project_world(points), px[seen], atol=1e-6)
    np.testing.assert_allclose(camera.distance_m(points), 2.2)
    floor = camera.floor_points(px)
    np.testing.assert_array_equal(np.isfinite(floor[:, 0]), seen & (np.nan_to_num(rays[:, 2]) < 0))


@every_camera
def test_a_standing_person_points_away_from_the_nadir(camera: Camera) -> None:
    feet, heads = camera.project_world(floor_grid(0.0)), camera.project_world(floor_grid(1.7))
    away = np.hypot(*floor_grid()[:, :2].T) > 0.5
    usable = away & np.isfinite(feet[:, 0]) & np.isfinite(heads[:, 0])
    to_feet, to_heads = feet[usable] - camera.nadir_px(), heads[usable] - camera.nadir_px()
    rise = to_heads - to_feet
    outward = (rise * to_feet).sum(axis=1) / (np.linalg.norm(rise, axis=1) * np.linalg.norm(to_feet, axis=1))
    # Radial where nothing is tilted; through a tilted fisheye verticals bow, at 35 deg of tilt by up to 24 deg.
    assert outward.min() > (math.cos(math.radians(25)) if camera.pose.tilt_deg else 0.999)


@every_camera
def test_resizing_a_picture_scales_its_pixels_and_keeps_the_room(camera: Camera) -> None:
    small = camera.resized(320, 200)
    factors = np.array([320 / camera.lens.width_px, 200 / camera.lens.height_px])
    np.testing.assert_allclose(small.nadir_px(), camera.nadir_px() * factors, atol=1e-9)
    np.testing.assert_allclose(
        small.project_world(floor_grid()), camera.project_world(floor_grid()) * factors, atol=1e-9
    )


@every_camera
def test_json_round_trip_gives_the_same_camera(camera: Camera) -> None:
    again = Camera.model_validate_json(camera.model_dump_json())
    assert again == camera
    np.testing.assert_array_equal(again.project_world(floor_grid()), camera.project_world(floor_grid()))


def test_a_level_above_the_horizon_is_met_by_upward_rays_only() -> None:
    camera = camera_of(tilt_deg=40.0)
    (upward,) = camera.rays_world([[320 + 200 * math.radians(60), 320]])
    assert upward[2] > 0
    px = [[320 + 200 * math.radians(60), 320], [320, 320]]
    assert np.isnan(camera.floor_points(px)[0]).all() and np.isfinite(camera.floor_points(px)[1]).all()
    assert np.isfinite(camera.floor_points(px, 4.0)[0]).all() and np.isnan(camera.floor_points(px, 4.0)[1]).all()
    np.testing.assert_allclose(camera.floor_points(px, [4.0, 0.5])[:, 2], [4.0, 0.5])


def test_a_tilt_beyond_the_field_of_view_is_refused() -> None:
    narrow = EquidistantLens(width_px=64, height_px=64, cx_px=32.0, cy_px=32.0, f_px=30.0, max_theta_deg=30.0)
    with pytest.raises(InputError, match=r"pose\.tilt_deg is 31 but the lens sees 30 deg"):
        Camera(lens=narrow, pose=CameraPose(height_m=3.0, tilt_deg=31.0))
