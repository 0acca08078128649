"""What holds for every lens model: there and back over the whole field, sizes, files, refusals."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
import shapely
from pydantic import ValidationError

from annotate.errors import InputError
from annotate.lens import (
    AnglePolynomialLens,
    DoubleSphereLens,
    EquidistantLens,
    EquisolidLens,
    EucmLens,
    KannalaBrandtLens,
    Lens,
    MeiLens,
    OcamLens,
    OrthographicLens,
    RadialLens,
    RadtanLens,
    StereographicLens,
    UcmLens,
    lens_from_dict,
)

K = np.array([[285.4, 0.0, 318.2], [0.0, 287.1, 243.9], [0.0, 0.0, 1.0]])
D = np.array([0.021, -0.0094, 0.0031, -0.00047])
EUROC = {"width_px": 752, "height_px": 480}
"""The frame of the calibrations below, which describe one camera with several models."""

LENSES: dict[str, Lens] = {
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
    "stereographic": StereographicLens(width_px=600, height_px=500, cx_px=290.4, f_px=120.0, max_theta_deg=120.0),
    "orthographic": OrthographicLens(width_px=600, height_px=500, cy_px=251.7, f_px=230.0, pixel_aspect=0.97),
    "kannala_brandt": KannalaBrandtLens.from_opencv(K, D, (640, 480)),
    "kannala_brandt, 100 deg": KannalaBrandtLens.from_opencv(K, D, (640, 480), max_theta_deg=100.0),
    "kannala_brandt, nearly flat at the rim": KannalaBrandtLens(
        width_px=640, height_px=640, cx_px=320.0, cy_px=320.0, fx_px=300.0, fy_px=310.0, k1=-0.13, max_theta_deg=91.0
    ),
    "kannala_brandt, calibrated": KannalaBrandtLens(
        **EUROC, cx_px=366.786, cy_px=249.580, fx_px=461.58688085556616, fy_px=460.2811732644195,
        k1=-0.012523386218579752, k2=0.057836801948828065, k3=-0.08495347810986263, k4=0.04362766880887814,
    ).covering_frame(),
    "angle_polynomial beyond 180 deg": AnglePolynomialLens(
        width_px=1280, height_px=966, cx_px=643.942, cy_px=479.907, coefficients_px=(339.749, -31.988, 48.275, -7.201),
        max_theta_deg=110.0,
    ),
    "ucm, alpha above 1, calibrated": UcmLens(
        width_px=1920, height_px=1080, cx_px=960.971, cy_px=547.481, fx_px=1313.83, fy_px=1313.27, alpha=1.01674
    ).covering_frame(),
    "ucm up to its limit": UcmLens(width_px=600, height_px=600, fx_px=150, fy_px=154, alpha=0.7, max_theta_deg=115.3),
    "ucm, nearly a pinhole": UcmLens(width_px=600, height_px=600, fx_px=150, fy_px=154, alpha=0.2, max_theta_deg=95),
    "eucm, calibrated": EucmLens(
        **EUROC, cx_px=366.318, cy_px=249.437, fx_px=460.92588889854693, fy_px=459.59327980206865,
        alpha=0.5864679700626143, beta=1.139248617863534,
    ).covering_frame(),
    "eucm beyond 180 deg": EucmLens(
        width_px=600, height_px=600, fx_px=150, fy_px=154, alpha=0.62, beta=0.7, max_theta_deg=110
    ),
    "double_sphere, calibrated": DoubleSphereLens(
        **EUROC, cx_px=366.312, cy_px=249.856, fx_px=348.112754378549, fy_px=347.1109973814674,
        alpha=0.5657413673629862, xi=-0.24425190195168348,
    ).covering_frame(),
    "double_sphere beyond 180 deg": DoubleSphereLens(
        width_px=600, height_px=600, fx_px=150, fy_px=154, alpha=0.55, xi=0.1, max_theta_deg=115
    ),
    "mei": MeiLens(
        width_px=752, height_px=480, cx_px=370.2, cy_px=239.7, fx_px=460.1, fy_px=462.3, xi=1.21,
        k1=-0.21, k2=0.13, p1=0.0012, p2=-0.0008,
    ),
    "mei without distortion": MeiLens(width_px=600, height_px=600, fx_px=150, fy_px=154, xi=0.8, max_theta_deg=120),
    "radtan, calibrated": RadtanLens(
        **EUROC, cx_px=366.521, cy_px=248.799, fx_px=459.2595646276051, fy_px=457.7579979599497,
        k1=-0.2895683327836746, k2=0.07964702146041833, p1=0.00033877669379945766, p2=-2.1638533618181003e-05,
    ).covering_frame(),
    "radtan up to where it folds": RadtanLens(
        width_px=640, height_px=480, fx_px=300, fy_px=310, k1=-0.35, k2=0.05, p1=0.01, p2=-0.02, k3=-0.01
    ),
    "ocam beyond 180 deg, calibrated": OcamLens(
        width_px=1600, height_px=1600, cx_px=798.675741, cy_px=794.808657,
        pol=(471.4441, 0.0, -7.356108e-04, 3.773045e-07, -5.800006e-10), c=1.000305, d=-0.000277, e=-0.000925,
        invpol=(
            772.405470, 504.754051, 7.034666, 45.327180, 54.651570,
            0.458049, -7.873745, 15.588713, 13.743404, 2.968883,
        ), max_theta_deg=100.0,
    ),
    "ocam, calibrated": OcamLens(
        **EUROC, cx_px=360.329671, cy_px=244.111488, pol=(2.093037e02, 0.0, -2.216175e-03, 5.122558e-06, -2.149945e-08),
        c=0.998870, d=-0.000169, e=0.000110,
        invpol=(
            287.968301, 140.087942, -12.679484, 29.016357, 3.937199, 0.391479,
            12.889536, -0.943428, -7.307169, 1.284518, 3.303587, 0.812912,
        ),
    ).covering_frame(),
    "ocam, sheared": OcamLens.from_matrix(
        [[1.0032962305648117, 0.014800947722706114], [-0.017686046028285402, 0.97]],
        (337.71684227978966, 0.0, -0.0012238320710672823, 1.3803997515890267e-06, -3.0106166073815756e-09),
        width_px=1080, height_px=720, cx_px=544.486, cy_px=378.149, max_theta_deg=95.0,
    ),
}  # fmt: skip
every_lens = pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
RADIAL = {name: lens for name, lens in LENSES.items() if isinstance(lens, RadialLens)}


def rays(theta_rad: np.ndarray, phi_rad: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.sin(theta_rad) * np.cos(phi_rad), np.sin(theta_rad) * np.sin(phi_rad), np.cos(theta_rad)], axis=1
    )


def field(lens: Lens) -> np.ndarray:
    """Rays over the whole field of view, axis and rim included."""
    theta, phi = np.meshgrid(np.linspace(0, lens.max_theta_rad, 61), np.linspace(-math.pi, math.pi, 24, endpoint=False))
    return rays(theta.ravel(), phi.ravel())


@every_lens
def test_ray_to_pixel_and_back_over_the_whole_field(lens: Lens) -> None:
    seen = field(lens)
    px = lens.project(seen)
    back = lens.unproject(px)
    assert np.isfinite(px).all()
    np.testing.assert_allclose(lens.project(back), px, atol=1e-6, rtol=0)
    inner = seen[:, 2] > math.cos(lens.max_theta_rad * 0.99)
    np.testing.assert_allclose(back[inner], seen[inner], atol=1e-9, rtol=0)


@every_lens
def test_every_pixel_centre_comes_back_or_is_outside_the_circle(lens: Lens) -> None:
    lens = lens.scaled(0.3)
    px = lens.pixel_centres()
    back = lens.unproject(px)
    seen = lens.valid_mask().ravel()
    np.testing.assert_array_equal(np.isfinite(back).all(axis=1), seen)
    np.testing.assert_array_equal(np.isnan(back).all(axis=1), ~seen)
    np.testing.assert_allclose(np.linalg.norm(back[seen], axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(lens.project(back[seen]), px[seen], atol=1e-6, rtol=0)


@pytest.mark.parametrize("lens", RADIAL.values(), ids=RADIAL.keys())
def test_angle_of_a_radius_and_radius_of_an_angle_are_inverse(lens: RadialLens) -> None:
    theta = np.linspace(0, lens.max_theta_rad * 0.999, 50)
    np.testing.assert_allclose(lens.theta_of_radius(lens.radius_of_theta(theta)), theta, atol=1e-9)
    rim, _ = lens.circle_radius_px
    assert np.isnan(lens.theta_of_radius(rim * 1.01))
    assert np.isnan(lens.radius_of_theta(lens.max_theta_rad * 1.01))


@every_lens
def test_what_lies_beyond_the_field_of_view_is_not_seen(lens: Lens) -> None:
    beyond = rays(np.full(8, lens.max_theta_rad + 0.01), np.linspace(0, 6, 8))
    assert np.isnan(lens.project(beyond)).all()
    assert np.isnan(lens.project([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [np.nan, 0.0, 1.0]])).all()


@every_lens
def test_the_axis_meets_the_principal_point_and_distance_does_not_matter(lens: Lens) -> None:
    np.testing.assert_allclose(lens.project([[0.0, 0.0, 2.5]]), [[lens.cx_px, lens.cy_px]])
    np.testing.assert_allclose(lens.unproject([[lens.cx_px, lens.cy_px]]), [[0.0, 0.0, 1.0]])
    some = field(lens)[::7]
    np.testing.assert_allclose(lens.project(3.7 * some), lens.project(some), atol=1e-9)


@every_lens
def test_a_resized_picture_shows_the_same_rays_at_scaled_pixels(lens: Lens) -> None:
    small = lens.resized(213, 101)
    assert (small.width_px, small.height_px) == (213, 101)
    factors = np.array([213 / lens.width_px, 101 / lens.height_px])
    np.testing.assert_allclose(small.project(field(lens)), lens.project(field(lens)) * factors, atol=1e-9)
    np.testing.assert_allclose(lens.scaled(0.5).project(field(lens)), lens.project(field(lens)) / 2, atol=1e-9)


@every_lens
def test_json_round_trip_keeps_every_field(lens: Lens) -> None:
    assert lens_from_dict(lens.model_dump()) == lens
    assert type(lens).model_validate_json(lens.model_dump_json()) == lens


@every_lens
def test_the_mask_is_what_the_outline_encloses_and_the_angle_reaches_1_there(lens: Lens) -> None:
    lens = lens.resized(97, 71)
    rim, share = shapely.Polygon(lens.rim_px(720)), lens.off_axis_share().ravel()
    px = shapely.points(lens.pixel_centres())
    clear = shapely.distance(rim.exterior, px) > 0.05
    np.testing.assert_array_equal(shapely.contains(rim, px)[clear], lens.valid_mask().ravel()[clear])
    np.testing.assert_array_equal(np.isfinite(share), lens.valid_mask().ravel())
    forward = lens.unproject(lens.pixel_centres())[:, 2]
    np.testing.assert_allclose(np.cos(share * lens.max_theta_rad), forward, atol=1e-12)
    assert np.nanmax(share) <= 1
    np.testing.assert_allclose(lens.project(lens.unproject(lens.rim_px(12))), lens.rim_px(12), atol=1e-6)


@every_lens
def test_focal_length_is_the_pixels_per_radian_on_the_axis(lens: Lens) -> None:
    step = 1e-5
    right, down = lens.project([[step, 0.0, 1.0], [0.0, step, 1.0]]) - [lens.cx_px, lens.cy_px]
    np.testing.assert_allclose([right[0] / step, down[1] / step], lens.focal_px, rtol=2e-3)


@every_lens
def test_a_frame_that_is_covered_has_its_furthest_corner_on_the_rim_or_the_model_at_its_end(lens: Lens) -> None:
    covering = lens.covering_frame()
    corners = [[x, y] for x in (0.0, lens.width_px) for y in (0.0, lens.height_px)]
    rays_ = covering.unproject(corners)
    assert covering.model_copy(update={"max_theta_deg": lens.max_theta_deg}) == lens
    if np.isnan(rays_).any():
        assert covering.max_theta_deg == pytest.approx(lens.model_limit_deg, abs=0.002)
    else:
        theta = np.degrees(np.arctan2(np.hypot(rays_[:, 0], rays_[:, 1]), rays_[:, 2]))
        assert covering.max_theta_deg == pytest.approx(theta.max(), abs=1e-6)
        assert covering.valid_mask().all()


def test_every_model_of_the_union_is_among_the_lenses_tested_here() -> None:
    models = {model.model_fields["model"].default for model in get_args(get_args(Lens)[0])}
    assert {lens.model for lens in LENSES.values()} == models


FRAME = {"width_px": 64, "height_px": 48}
LIMITED = [
    ({"model": "kannala_brandt", "fx_px": 3, "fy_px": 3, "k1": -0.5}, math.degrees(math.sqrt(1 / 1.5))),
    # d/dtheta of 3 theta - 1.5 theta^2 is 0 at 1 rad.
    ({"model": "angle_polynomial", "coefficients_px": [3, -1.5]}, math.degrees(1)),
    ({"model": "ucm", "fx_px": 9, "fy_px": 9, "alpha": 1.01674}, math.degrees(math.acos(0.01674 / 1.01674))),
    ({"model": "ucm", "fx_px": 9, "fy_px": 9, "alpha": 0.2}, math.degrees(math.acos(-0.25))),
    ({"model": "eucm", "fx_px": 9, "fy_px": 9, "alpha": 0.0, "beta": 1.7}, 90),
    ({"model": "double_sphere", "fx_px": 9, "fy_px": 9, "alpha": 0.0, "xi": 0.3}, math.degrees(math.acos(-0.3))),
    ({"model": "mei", "fx_px": 9, "fy_px": 9, "xi": 2.0}, 120),
    # tan(theta) (1 - tan^2(theta) / 3) turns where the tangent is 1.
    ({"model": "radtan", "fx_px": 9, "fy_px": 9, "k1": -1 / 3}, 45),
    ({"model": "radtan", "fx_px": 9, "fy_px": 9}, 90),
    # (R, 100 - R^2 / 400) turns where 100 + R^2 / 400 = 0: never; with the other sign at R = 200.
    ({"model": "ocam", "pol": [100, 0, 1 / 400]}, 45),
    ({"model": "ocam", "pol": [100]}, 90),
    ({"model": "stereographic", "f_px": 9}, 180),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "limit_deg"), LIMITED, ids=[str(fields) for fields, _ in LIMITED])
def test_a_field_of_view_beyond_the_model_is_refused_with_its_limit(fields: dict, limit_deg: float) -> None:
    lens = lens_from_dict({**FRAME, **fields})
    assert lens.model_limit_deg == pytest.approx(limit_deg, abs=1e-6)
    assert lens.max_theta_deg == pytest.approx(min(90, limit_deg), abs=0.0011) and lens.max_theta_deg < limit_deg
    with pytest.raises(InputError, match=rf"lens {lens.model}: .* at {limit_deg:.2f} deg, but max_theta_deg is"):
        lens_from_dict({**FRAME, **fields, "max_theta_deg": min(180, limit_deg + 0.001)})
    assert lens_from_dict({**FRAME, **fields, "max_theta_deg": None}) == lens


def test_models_that_hold_all_round_may_be_asked_for_it() -> None:
    for fields in ({"model": "equidistant", "f_px": 9}, {"model": "kannala_brandt", "fx_px": 9, "fy_px": 9, "k1": 0.1}):
        lens = lens_from_dict({**FRAME, **fields, "max_theta_deg": 180})
        assert lens.model_limit_deg == 180
    assert OrthographicLens(**FRAME, f_px=20).max_theta_deg == 90
    with pytest.raises(InputError, match=r"orthographic.*at 90\.00 deg, but max_theta_deg is 90\.1"):
        OrthographicLens(**FRAME, f_px=20, max_theta_deg=90.1)


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


@pytest.mark.filterwarnings("error")
@every_lens
def test_pixels_that_are_no_numbers_have_no_ray(lens: Lens) -> None:
    assert np.isnan(lens.unproject([[np.nan, 1.0], [np.inf, 0.0], [1.0, -np.inf]])).all()


def test_no_points_give_no_pixels() -> None:
    assert LENSES["equidistant"].project(np.empty((0, 3))).shape == (0, 2)
    assert LENSES["kannala_brandt"].unproject([]).shape == (0, 3)


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
        ({"max_theta_deg": "wide"}, "max_theta_deg"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, object], field_name: str) -> None:
    good: dict[str, object] = {"model": "equidistant", "width_px": 64, "height_px": 64, "f_px": 20}
    with pytest.raises(ValidationError, match=field_name):
        lens_from_dict(good | change)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "angle_polynomial", "coefficients_px": [0.0, 3.0]}, r"coefficients_px\[0\] is 0"),
        ({"model": "ocam", "pol": [-471.0, 0.0, 7e-4]}, r"pol\[0\] is -471.*change the sign"),
        ({"model": "ocam", "pol": [471.0], "d": 2.0, "e": 2.0}, r"c - d e is -3"),
    ],
)
def test_coefficients_that_no_lens_has_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        lens_from_dict({**FRAME, **fields})
