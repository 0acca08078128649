"""Lens models against OpenCV, the published formulas and themselves (there and back over the whole field)."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from annotate.errors import InputError
from annotate.lens import EquidistantLens, EquisolidLens, KannalaBrandtLens, RadialLens, lens_from_dict

K = np.array([[285.4, 0.0, 318.2], [0.0, 287.1, 243.9], [0.0, 0.0, 1.0]])
D = np.array([0.021, -0.0094, 0.0031, -0.00047])

LENSES: dict[str, RadialLens] = {
    "equidistant": EquidistantLens(width_px=640, height_px=480, cx_px=320.0, cy_px=240.0, f_px=200.0),
    "equidistant beyond 180 deg": EquidistantLens(
        width_px=500, height_px=700, cx_px=231.3, cy_px=377.7, f_px=120.0, max_theta_deg=110.0
    ),
    "equidistant, stretched": EquidistantLens(
        width_px=640, height_px=640, cx_px=300.0, cy_px=331.0, f_px=190.0, pixel_aspect=1.25
    ),
    "equisolid": EquisolidLens(width_px=720, height_px=576, cx_px=351.0, cy_px=280.5, f_px=210.0, max_theta_deg=95.0),
    "equisolid, all round": EquisolidLens(
        width_px=400, height_px=400, cx_px=200.0, cy_px=200.0, f_px=90.0, max_theta_deg=179.0
    ),
    "kannala_brandt": KannalaBrandtLens.from_opencv(K, D, (640, 480)),
    "kannala_brandt, 100 deg": KannalaBrandtLens.from_opencv(K, D, (640, 480), max_theta_deg=100.0),
    "kannala_brandt, nearly flat at the rim": KannalaBrandtLens(
        width_px=640, height_px=640, cx_px=320.0, cy_px=320.0, fx_px=300.0, fy_px=310.0, k1=-0.13, max_theta_deg=91.0
    ),
}  # fmt: skip
every_lens = pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())


def rays(theta_rad: np.ndarray, phi_rad: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.sin(theta_rad) * np.cos(phi_rad), np.sin(theta_rad) * np.sin(phi_rad), np.cos(theta_rad)], axis=1
    )


def field(lens: RadialLens) -> np.ndarray:
    """Rays over the whole field of view, axis and rim included."""
    theta, phi = np.meshgrid(np.linspace(0, lens.max_theta_rad, 61), np.linspace(-math.pi, math.pi, 24, endpoint=False))
    return rays(theta.ravel(), phi.ravel())


@every_lens
def test_ray_to_pixel_and_back_over_the_whole_field(lens: RadialLens) -> None:
    seen = field(lens)
    px = lens.project(seen)
    back = lens.unproject(px)
    assert np.isfinite(px).all()
    np.testing.assert_allclose(lens.project(back), px, atol=1e-6, rtol=0)
    inner = seen[:, 2] > math.cos(lens.max_theta_rad * 0.99)
    np.testing.assert_allclose(back[inner], seen[inner], atol=1e-9, rtol=0)


@every_lens
def test_every_pixel_centre_comes_back_or_is_outside_the_circle(lens: RadialLens) -> None:
    px = lens.pixel_centres()
    back = lens.unproject(px)
    seen = lens.valid_mask().ravel()
    np.testing.assert_array_equal(np.isfinite(back).all(axis=1), seen)
    np.testing.assert_array_equal(np.isnan(back).all(axis=1), ~seen)
    np.testing.assert_allclose(np.linalg.norm(back[seen], axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(lens.project(back[seen]), px[seen], atol=1e-6, rtol=0)


@every_lens
def test_angle_of_a_radius_and_radius_of_an_angle_are_inverse(lens: RadialLens) -> None:
    theta = np.linspace(0, lens.max_theta_rad * 0.999, 50)
    np.testing.assert_allclose(lens.theta_of_radius(lens.radius_of_theta(theta)), theta, atol=1e-9)
    rim, _ = lens.circle_radius_px
    assert np.isnan(lens.theta_of_radius(rim * 1.01))
    assert np.isnan(lens.radius_of_theta(lens.max_theta_rad * 1.01))


@every_lens
def test_what_lies_beyond_the_field_of_view_is_not_seen(lens: RadialLens) -> None:
    beyond = rays(np.full(8, lens.max_theta_rad + 0.01), np.linspace(0, 6, 8))
    assert np.isnan(lens.project(beyond)).all()
    assert np.isnan(lens.project([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [np.nan, 0.0, 1.0]])).all()


@every_lens
def test_the_axis_meets_the_principal_point_and_distance_does_not_matter(lens: RadialLens) -> None:
    np.testing.assert_allclose(lens.project([[0.0, 0.0, 2.5]]), [[lens.cx_px, lens.cy_px]])
    np.testing.assert_allclose(lens.unproject([[lens.cx_px, lens.cy_px]]), [[0.0, 0.0, 1.0]])
    some = field(lens)[::7]
    np.testing.assert_allclose(lens.project(3.7 * some), lens.project(some), atol=1e-9)


@every_lens
def test_a_resized_picture_shows_the_same_rays_at_scaled_pixels(lens: RadialLens) -> None:
    small = lens.resized(213, 101)
    assert (small.width_px, small.height_px) == (213, 101)
    factors = np.array([213 / lens.width_px, 101 / lens.height_px])
    np.testing.assert_allclose(small.project(field(lens)), lens.project(field(lens)) * factors, atol=1e-9)
    np.testing.assert_allclose(lens.scaled(0.5).project(field(lens)), lens.project(field(lens)) / 2, atol=1e-9)


@every_lens
def test_json_round_trip_keeps_every_field(lens: RadialLens) -> None:
    assert lens_from_dict(lens.model_dump()) == lens
    assert type(lens).model_validate_json(lens.model_dump_json()) == lens


def test_kannala_brandt_agrees_with_opencv_inside_its_domain() -> None:
    lens = LENSES["kannala_brandt"]
    theta, phi = np.meshgrid(np.radians(np.linspace(0.1, 88, 45)), np.linspace(-3, 3, 16))
    points = rays(theta.ravel(), phi.ravel()) * 2.0
    expected, _ = cv2.fisheye.projectPoints(points[:, None], np.zeros(3), np.zeros(3), K, D)
    # OpenCV's first pixel centre is (0, 0), ours (0.5, 0.5).
    np.testing.assert_allclose(lens.project(points), expected[:, 0] + 0.5, atol=1e-9, rtol=0)


def test_kannala_brandt_unprojects_as_opencv_undistorts() -> None:
    lens = LENSES["kannala_brandt"]
    theta, phi = np.meshgrid(np.radians(np.linspace(0.5, 75, 30)), np.linspace(-3, 3, 11))
    px = lens.project(rays(theta.ravel(), phi.ravel()))
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-12)
    plane = cv2.fisheye.undistortPoints((px - 0.5)[:, None], K, D, criteria=criteria)[:, 0]
    ours = lens.unproject(px)
    np.testing.assert_allclose(ours[:, :2] / ours[:, 2:], plane, rtol=1e-6, atol=1e-8)


def test_equidistant_and_equisolid_follow_their_formulas() -> None:
    theta = np.radians([0.0, 10.0, 45.0, 90.0])
    points = rays(theta, np.zeros(4))
    equidistant = EquidistantLens(width_px=100, height_px=100, cx_px=50.0, cy_px=50.0, f_px=30.0)
    equisolid = EquisolidLens(width_px=100, height_px=100, cx_px=50.0, cy_px=50.0, f_px=30.0)
    np.testing.assert_allclose(equidistant.project(points)[:, 0] - 50, 30 * theta)
    np.testing.assert_allclose(equisolid.project(points)[:, 0] - 50, 60 * np.sin(theta / 2))


def test_x_goes_right_and_y_goes_down() -> None:
    lens = LENSES["equidistant"]
    right, down = lens.project([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    assert right[0] > 320 and right[1] == pytest.approx(240)
    assert down[1] > 240 and down[0] == pytest.approx(320)


def test_valid_mask_covers_the_area_of_the_circle() -> None:
    lens = EquidistantLens(width_px=256, height_px=256, cx_px=128.0, cy_px=128.0, f_px=100 / (math.pi / 2))
    assert lens.valid_mask().sum() == pytest.approx(math.pi * 100**2, rel=5e-3)
    np.testing.assert_array_equal(lens.valid_mask(), lens.valid_mask()[::-1, ::-1])


def test_principal_point_is_the_middle_unless_a_file_gives_it() -> None:
    lens = lens_from_dict({"model": "equidistant", "width_px": 640, "height_px": 481, "f_px": 200})
    assert (lens.cx_px, lens.cy_px) == (320.0, 240.5)


def test_a_pixel_outside_the_frame_but_inside_the_circle_still_has_a_ray() -> None:
    lens = LENSES["equidistant"]
    above = lens.project([[0.0, -1.0, 0.2]])
    assert above[0, 1] < 0 and not lens.in_frame(above)[0]
    assert np.isfinite(lens.unproject(above)).all()
    np.testing.assert_array_equal(lens.in_frame([[0, 0], [639.9, 479.9], [640, 10], [np.nan, 1]]), [1, 1, 0, 0])


def test_no_points_give_no_pixels() -> None:
    assert LENSES["equidistant"].project(np.empty((0, 3))).shape == (0, 2)
    assert LENSES["kannala_brandt"].unproject([]).shape == (0, 3)


def test_a_polynomial_that_turns_back_is_refused_with_its_angle() -> None:
    with pytest.raises(InputError, match=r"stops growing at 46\.78 deg, but max_theta_deg is 90"):
        KannalaBrandtLens(width_px=9, height_px=9, cx_px=4.5, cy_px=4.5, fx_px=3.0, fy_px=3.0, k1=-0.5)
    flat = KannalaBrandtLens(
        width_px=9, height_px=9, cx_px=4.5, cy_px=4.5, fx_px=3.0, fy_px=3.0, k1=-0.5, max_theta_deg=46.7
    )
    assert flat.turning_theta_rad == pytest.approx(math.sqrt(1 / 1.5))


def test_wrong_shapes_and_opencv_matrices_are_refused() -> None:
    with pytest.raises(InputError, match=r"points_m: found an array of shape \(3,\), expected \(n, 3\)"):
        LENSES["equidistant"].project([0.0, 0.0, 1.0])
    with pytest.raises(InputError, match=r"5 coefficients: expected K 3 x 3 and k1\.\.k4"):
        KannalaBrandtLens.from_opencv(K, np.zeros(5), (640, 480))
    with pytest.raises(InputError, match=r"K\[0\]\[1\] is 2"):
        KannalaBrandtLens.from_opencv(K + 2 * np.eye(3, k=1) * [[1], [0], [0]], D, (640, 480))


@pytest.mark.parametrize(
    ("change", "field_name"),
    [
        ({"model": "pinhole"}, "pinhole"),
        ({"f_px": -1}, "f_px"),
        ({"width_px": 0}, "width_px"),
        ({"max_theta_deg": 181}, "max_theta_deg"),
        ({"cx_px": float("nan")}, "cx_px"),
        ({"f": 3}, "f"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, object], field_name: str) -> None:
    good: dict[str, object] = {"model": "equidistant", "width_px": 64, "height_px": 64, "f_px": 20}
    with pytest.raises(ValidationError, match=field_name):
        lens_from_dict(good | change)
