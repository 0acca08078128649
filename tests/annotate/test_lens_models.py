"""Each lens model against something that nobody here wrote: OpenCV, or the published formula written out in scalars."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

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
    RadtanLens,
    StereographicLens,
    UcmLens,
)

K = np.array([[285.4, 0.0, 318.2], [0.0, 287.1, 243.9], [0.0, 0.0, 1.0]])
D = np.array([0.021, -0.0094, 0.0031, -0.00047])
FRAME = {"width_px": 640, "height_px": 480, "cx_px": 318.7, "cy_px": 244.4}
FOCAL = {"fx_px": 285.4, "fy_px": 287.1}
NOTHING = np.zeros(3)

OCAM_SS = (-4.714441e02, 0.0, 7.356108e-04, -3.773045e-07, 5.800006e-10)
"""A calib_results.txt as the OCamCalib toolbox writes it: direct mapping, inverse mapping, row and column of the centre."""
OCAM_INVPOL = (
    772.405470, 504.754051, 7.034666, 45.327180, 54.651570,
    0.458049, -7.873745, 15.588713, 13.743404, 2.968883,
)  # fmt: skip
OCAM_ROW, OCAM_COLUMN = 794.308657, 798.175741
OCAM_C, OCAM_D, OCAM_E = 1.000305, -0.000277, -0.000925
OCAM = OcamLens(
    width_px=1600, height_px=1600, cx_px=OCAM_COLUMN + 0.5, cy_px=OCAM_ROW + 0.5, pol=tuple(-a for a in OCAM_SS),
    invpol=OCAM_INVPOL, c=OCAM_C, d=OCAM_D, e=OCAM_E, max_theta_deg=100.0,
)  # fmt: skip


def rays(theta_rad: np.ndarray, phi_rad: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.sin(theta_rad) * np.cos(phi_rad), np.sin(theta_rad) * np.sin(phi_rad), np.cos(theta_rad)], axis=1
    )


def spread(widest_deg: float, count: int = 30) -> np.ndarray:
    theta, phi = np.meshgrid(np.radians(np.linspace(0.1, widest_deg, count)), np.linspace(-3, 3, 13))
    return rays(theta.ravel(), phi.ravel()) * 2.0


def test_kannala_brandt_agrees_with_opencv_inside_its_domain() -> None:
    lens = KannalaBrandtLens.from_opencv(K, D, (640, 480))
    points = spread(88)
    expected, _ = cv2.fisheye.projectPoints(points[:, None], NOTHING, NOTHING, K, D)
    # OpenCV's first pixel centre is (0, 0), ours (0.5, 0.5).
    np.testing.assert_allclose(lens.project(points), expected[:, 0] + 0.5, atol=1e-9, rtol=0)


def test_kannala_brandt_unprojects_as_opencv_undistorts() -> None:
    lens = KannalaBrandtLens.from_opencv(K, D, (640, 480))
    px = lens.project(spread(75))
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-12)
    plane = cv2.fisheye.undistortPoints((px - 0.5)[:, None], K, D, criteria=criteria)[:, 0]
    ours = lens.unproject(px)
    np.testing.assert_allclose(ours[:, :2] / ours[:, 2:], plane, rtol=1e-6, atol=1e-8)


def test_kannala_brandt_stops_where_its_slope_vanishes() -> None:
    flat = KannalaBrandtLens(**FRAME, fx_px=3.0, fy_px=3.0, k1=-0.5, max_theta_deg=46.7)
    assert flat.turning_theta_rad == pytest.approx(math.sqrt(1 / 1.5))
    assert KannalaBrandtLens(**FRAME, **FOCAL).turning_theta_rad is None


@pytest.mark.parametrize("k3", [0.0, -0.003])
def test_radtan_agrees_with_opencv_both_ways(k3: float) -> None:
    lens = RadtanLens(**FRAME, **FOCAL, k1=-0.21, k2=0.06, p1=0.002, p2=-0.003, k3=k3, max_theta_deg=50)
    coefficients = np.array([lens.k1, lens.k2, lens.p1, lens.p2, lens.k3])
    points = spread(50)
    expected, _ = cv2.projectPoints(points[:, None], NOTHING, NOTHING, K, coefficients)
    px = lens.project(points)
    np.testing.assert_allclose(px, expected[:, 0] + 0.5, atol=1e-9, rtol=0)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
    plane = cv2.undistortPointsIter((px - 0.5)[:, None], K, coefficients, None, None, criteria)[:, 0]
    ours = lens.unproject(px)
    np.testing.assert_allclose(ours[:, :2] / ours[:, 2:], plane, atol=1e-8)


@pytest.mark.parametrize("tangential", [(0.0, 0.0), (0.01, -0.02), (-0.08, 0.05)])
def test_radtan_ends_where_opencvs_picture_begins_to_fold(tangential: tuple[float, float]) -> None:
    p1, p2 = tangential
    lens = RadtanLens(**FRAME, **FOCAL, k1=-0.3, k2=0.02, p1=p1, p2=p2, k3=-0.004)
    coefficients = np.array([lens.k1, lens.k2, lens.p1, lens.p2, lens.k3])

    def least_area(radius: float) -> float:
        """How much the plane is stretched where it is stretched least, at this distance from the axis."""
        phi = np.linspace(-math.pi, math.pi, 2000)
        corner = np.stack([radius * np.cos(phi), radius * np.sin(phi), np.ones(2000)], axis=1)
        step = 1e-5
        moved = [corner + shift for shift in ([step, 0, 0], [-step, 0, 0], [0, step, 0], [0, -step, 0])]
        east, west, south, north = (
            cv2.projectPoints(points, NOTHING, NOTHING, np.eye(3), coefficients)[0][:, 0] for points in moved
        )
        x, y = (east - west) / (2 * step), (south - north) / (2 * step)
        return float((x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).min())

    end = math.tan(math.radians(lens.model_limit_deg))
    assert least_area(end) == pytest.approx(0, abs=1e-4)
    assert min(least_area(share * end) for share in np.linspace(0.01, 0.99, 30)) > 1e-3


def mei_by_the_paper(point: np.ndarray, lens: MeiLens) -> tuple[float, float]:
    """Mei & Rives 2007: to the sphere, to the plane of the second centre, distorted, to pixels."""
    x, y, z = (point / math.sqrt(sum(point**2))).tolist()
    u, v = x / (z + lens.xi), y / (z + lens.xi)
    square = u * u + v * v
    radial = lens.k1 * square + lens.k2 * square**2
    du = u * radial + 2 * lens.p1 * u * v + lens.p2 * (square + 2 * u * u)
    dv = v * radial + lens.p1 * (square + 2 * v * v) + 2 * lens.p2 * u * v
    return lens.fx_px * (u + du) + lens.cx_px, lens.fy_px * (v + dv) + lens.cy_px


def double_sphere_by_the_paper(point: np.ndarray, lens: DoubleSphereLens) -> tuple[float, float]:
    """Usenko, Demmel & Cremers 2018."""
    x, y, z = point.tolist()
    d1 = math.sqrt(x * x + y * y + z * z)
    d2 = math.sqrt(x * x + y * y + (lens.xi * d1 + z) ** 2)
    below = lens.alpha * d2 + (1 - lens.alpha) * (lens.xi * d1 + z)
    return lens.fx_px * x / below + lens.cx_px, lens.fy_px * y / below + lens.cy_px


def eucm_by_the_paper(point: np.ndarray, lens: EucmLens) -> tuple[float, float]:
    """Khomutenko, Garcia & Martinet 2016."""
    x, y, z = point.tolist()
    below = lens.alpha * math.sqrt(lens.beta * (x * x + y * y) + z * z) + (1 - lens.alpha) * z
    return lens.fx_px * x / below + lens.cx_px, lens.fy_px * y / below + lens.cy_px


def ucm_by_the_paper(point: np.ndarray, lens: UcmLens) -> tuple[float, float]:
    """Usenko, Demmel & Cremers 2018: Geyer & Daniilidis' sphere with alpha = xi / (1 + xi)."""
    x, y, z = point.tolist()
    below = lens.alpha * math.sqrt(x * x + y * y + z * z) + (1 - lens.alpha) * z
    return lens.fx_px * x / below + lens.cx_px, lens.fy_px * y / below + lens.cy_px


def woodscape(point: np.ndarray, lens: AnglePolynomialLens) -> tuple[float, float]:
    """The data set's own readme: rho(theta) = k1 theta + k2 theta^2 + k3 theta^3 + k4 theta^4 in px, y stretched."""
    x, y, z = point.tolist()
    chi = math.sqrt(x * x + y * y)
    theta = math.pi / 2 - math.atan2(z, chi)
    rho = sum(k * theta**i for i, k in enumerate(lens.coefficients_px, start=1))
    return rho * x / chi + lens.cx_px, rho * y / chi * lens.pixel_aspect + lens.cy_px


def plain(radius_of_theta: dict[str, float], point: np.ndarray, lens: Lens) -> tuple[float, float]:
    x, y, _ = (point / np.linalg.norm(point)).tolist()
    across = math.hypot(x, y)
    radius = lens.focal_px[0] * radius_of_theta[lens.model]
    return radius * x / across + lens.cx_px, radius * y / across + lens.cy_px


def elementary(point: np.ndarray, lens: Lens) -> tuple[float, float]:
    """The four classical fisheye mappings."""
    theta = math.acos(point[2] / np.linalg.norm(point))
    radii = {
        "equidistant": theta,
        "equisolid": 2 * math.sin(theta / 2),
        "stereographic": 2 * math.tan(theta / 2),
        "orthographic": math.sin(theta),
    }
    return plain(radii, point, lens)


PUBLISHED = [
    (EquidistantLens(**FRAME, f_px=90.0, max_theta_deg=110), elementary),
    (EquisolidLens(**FRAME, f_px=90.0, max_theta_deg=110), elementary),
    (StereographicLens(**FRAME, f_px=90.0, max_theta_deg=110), elementary),
    (OrthographicLens(**FRAME, f_px=90.0, max_theta_deg=89.9), elementary),
    (MeiLens(**FRAME, **FOCAL, xi=1.3, k1=-0.1, k2=0.05, p1=0.002, p2=-0.003, max_theta_deg=95), mei_by_the_paper),
    (DoubleSphereLens(**FRAME, **FOCAL, xi=-0.2443, alpha=0.5657, max_theta_deg=97), double_sphere_by_the_paper),
    (DoubleSphereLens(**FRAME, **FOCAL, xi=0.4, alpha=0.3, max_theta_deg=100), double_sphere_by_the_paper),
    (EucmLens(**FRAME, **FOCAL, alpha=0.5865, beta=1.139, max_theta_deg=100), eucm_by_the_paper),
    (UcmLens(**FRAME, **FOCAL, alpha=0.6, max_theta_deg=120), ucm_by_the_paper),
    (UcmLens(**FRAME, **FOCAL, alpha=1.01674, max_theta_deg=89), ucm_by_the_paper),
    (
        AnglePolynomialLens(
            **FRAME, coefficients_px=(339.749, -31.988, 48.275, -7.201), pixel_aspect=1.02, max_theta_deg=110
        ),
        woodscape,
    ),
]


@pytest.mark.parametrize(("lens", "published"), PUBLISHED, ids=[f"{i}-{p[0].model}" for i, p in enumerate(PUBLISHED)])
def test_a_lens_follows_its_published_formula(lens: Lens, published: object) -> None:
    points = spread(lens.max_theta_deg)
    expected = np.array([published(point, lens) for point in points])  # type: ignore[operator]
    np.testing.assert_allclose(lens.project(points), expected, atol=1e-9, rtol=1e-12)
    np.testing.assert_allclose(lens.unproject(expected), points / 2.0, atol=2e-8)


def test_models_that_are_special_cases_of_each_other_agree() -> None:
    sphere = UcmLens(**FRAME, **FOCAL, alpha=0.6, max_theta_deg=100)
    px = sphere.project(spread(100))
    for same in (
        EucmLens(**FRAME, **FOCAL, alpha=0.6, beta=1.0, max_theta_deg=100),
        DoubleSphereLens(**FRAME, **FOCAL, alpha=0.6, xi=0.0, max_theta_deg=100),
        # xi = alpha / (1 - alpha), and Mei's focal length is that of the sphere, 1 + xi times the picture's.
        MeiLens(**FRAME, xi=1.5, fx_px=2.5 * 285.4, fy_px=2.5 * 287.1, max_theta_deg=100),
    ):
        np.testing.assert_allclose(same.project(spread(100)), px, atol=1e-9, rtol=0)


def ocam_cam2world(row: float, column: float) -> tuple[float, float, float]:
    """The toolbox's cam2world: rows and columns count from 0, x goes down, y right, z backwards."""
    invdet = 1 / (OCAM_C - OCAM_D * OCAM_E)
    xp = invdet * ((row - OCAM_ROW) - OCAM_D * (column - OCAM_COLUMN))
    yp = invdet * (-OCAM_E * (row - OCAM_ROW) + OCAM_C * (column - OCAM_COLUMN))
    r = math.sqrt(xp * xp + yp * yp)
    zp = sum(a * r**i for i, a in enumerate(OCAM_SS))
    length = math.sqrt(xp * xp + yp * yp + zp * zp)
    return xp / length, yp / length, zp / length


def ocam_world2cam(x: float, y: float, z: float) -> tuple[float, float]:
    """The toolbox's world2cam, by the inverse polynomial: row and column."""
    norm = math.sqrt(x * x + y * y)
    theta = math.atan(z / norm)
    rho = sum(a * theta**i for i, a in enumerate(OCAM_INVPOL))
    u, v = x / norm * rho, y / norm * rho
    return u * OCAM_C + v * OCAM_D + OCAM_ROW, u * OCAM_E + v + OCAM_COLUMN


def test_ocam_unprojects_as_the_toolbox_does() -> None:
    px = OCAM.pixel_centres()[:: 1600 * 97 + 61]
    px = np.vstack([px, OCAM.project(spread(100))])
    seen = np.isfinite(OCAM.unproject(px)).all(axis=1)
    down_right_back = np.array([ocam_cam2world(y - 0.5, x - 0.5) for x, y in px[seen]])
    ours = np.stack([down_right_back[:, 1], down_right_back[:, 0], -down_right_back[:, 2]], axis=1)
    assert seen.sum() > 300
    np.testing.assert_allclose(OCAM.unproject(px[seen]), ours, atol=1e-12)


def test_ocam_projects_as_the_toolbox_does_but_for_the_error_of_the_files_inverse() -> None:
    points = spread(100)
    toolbox = np.array([ocam_world2cam(y, x, -z) for x, y, z in points])[:, ::-1] + 0.5
    error = OCAM.invpol_error_px()
    assert error is not None and 0.001 < error < 0.5
    distance = np.linalg.norm(OCAM.project(points) - toolbox, axis=1)
    assert distance.max() <= error * 1.001
    assert distance.max() > error / 2


def test_the_files_inverse_keeps_its_error_when_the_picture_is_resized() -> None:
    assert OCAM.scaled(0.5).invpol_error_px() == pytest.approx(OCAM.invpol_error_px() / 2, rel=1e-6)
    assert OCAM.model_copy(update={"invpol": ()}).invpol_error_px() is None


def test_an_affine_part_with_columns_before_rows_is_brought_into_the_files_form() -> None:
    matrix = np.array([[1.02, 0.03], [-0.01, 0.99]])
    pol = (337.7, 0.0, -1.22e-3, 1.4e-6, -3.0e-9)
    lens = OcamLens.from_matrix(matrix, pol, **FRAME, max_theta_deg=90)
    plane = np.array([[120.0, -80.0], [3.0, 200.0]])
    radius = np.linalg.norm(plane, axis=1)
    expected = np.column_stack([plane, sum(a * radius**i for i, a in enumerate(pol))])
    expected /= np.linalg.norm(expected, axis=1)[:, None]
    px = plane @ matrix.T + [FRAME["cx_px"], FRAME["cy_px"]]
    np.testing.assert_allclose(lens.unproject(px), expected, atol=1e-12)
