"""Fitting lenses: simulated edges, circles and points whose lens is known, and a real office's edges."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from office_a import OFFICE_A_CIRCLE, OFFICE_A_SIZE, office_a_lines
from scipy.spatial.transform import Rotation

from annotate.calibration.circle import circle_through, fit_circle, lens_from_circle
from annotate.calibration.edges import snap_to_edges
from annotate.calibration.fit_command import LensFitConfig, run_fit
from annotate.calibration.line_files import read_lines, read_points
from annotate.calibration.plumb_line import compare_models, fit_plumb_line
from annotate.calibration.points import fit_points
from annotate.calibration.readers import read_lens
from annotate.camera import CameraPose
from annotate.errors import InputError
from annotate.files import read_image
from annotate.lens import EquidistantLens, EquisolidLens, KannalaBrandtLens, LensModel

SIZE = (640, 480)
FRAME = {"width_px": 640, "height_px": 480, "cx_px": 328.0, "cy_px": 233.0}
EQUIDISTANT = EquidistantLens(**FRAME, f_px=205.0, max_theta_deg=100.0)


def edges(lens: LensModel, rng: np.random.Generator, noise_px: float = 0.2, count: int = 24) -> list[np.ndarray]:
    """Traced points along straight segments in random places of a room 3 m under the camera."""
    curves: list[np.ndarray] = []
    while len(curves) < count:
        start, way = rng.uniform([-4, -4, 0.3], [4, 4, 3.0]), rng.normal(size=3)
        points = start + np.linspace(0, rng.uniform(1.0, 4.0), 25)[:, None] * way / np.linalg.norm(way)
        curves += seen(lens, points, rng, noise_px)
    return curves


def room_edges(lens: LensModel, turn: Rotation, rng: np.random.Generator) -> tuple[list[np.ndarray], list[int | None]]:
    """Edges along the three directions of a room that the camera sees turned."""
    curves: list[np.ndarray] = []
    ways: list[int | None] = []
    while len(curves) < 18:
        way = len(curves) % 3
        start = rng.uniform([-3, -3, 0.5], [3, 3, 2.5])
        points = turn.apply(start + np.linspace(-1, 1, 25)[:, None] * np.eye(3)[way])
        found = seen(lens, points, rng, 0.1)
        curves += found
        ways += [way] * len(found)
    return curves, ways


def seen(lens: LensModel, points: np.ndarray, rng: np.random.Generator, noise_px: float) -> list[np.ndarray]:
    px = lens.project(points)
    px = px[lens.in_frame(px)]
    long = len(px) > 8 and np.hypot(*(px[-1] - px[0])) > 60
    return [px + rng.normal(scale=noise_px, size=px.shape)] if long else []


@pytest.mark.parametrize("truth", [EQUIDISTANT, EquisolidLens(**FRAME, f_px=215.0, max_theta_deg=100.0)])
def test_plumb_lines_without_noise_give_the_lens(truth: LensModel) -> None:
    fit = fit_plumb_line(edges(truth, np.random.default_rng(0), 0.0), SIZE, truth.model, bootstraps=0)
    assert fit.lens.f_px == pytest.approx(truth.f_px, rel=1e-4)
    assert (fit.lens.cx_px, fit.lens.cy_px) == pytest.approx((328, 233), abs=0.02)
    assert fit.rms_px < 1e-3


def test_plumb_line_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = []
    for seed in range(8):
        curves = edges(EQUIDISTANT, np.random.default_rng(seed))
        fit = fit_plumb_line(curves, SIZE, "equidistant", bootstraps=15, rim_radius_px=300.0)
        truth = {"f_px": 205.0, "cx_px": 328.0, "cy_px": 233.0}
        inside += [fit.intervals[name].low <= value <= fit.intervals[name].high for name, value in truth.items()]
        inside.append(fit.rim_deg.low <= math.degrees(300 / 205) <= fit.rim_deg.high)
        # The interval says something: it is narrower than a twentieth of the focal length.
        assert fit.intervals["f_px"].high - fit.intervals["f_px"].low < 20
    assert np.mean(inside) >= 0.88


def test_residuals_are_distances_across_the_edge_in_px() -> None:
    curves = edges(EQUIDISTANT, np.random.default_rng(3), noise_px=0.3, count=30)
    fit = fit_plumb_line(curves, SIZE, "equidistant", bootstraps=0)
    assert fit.rms_px == pytest.approx(0.3, rel=0.1)


def test_one_stray_edge_does_not_move_the_lens() -> None:
    curves = edges(EQUIDISTANT, np.random.default_rng(5))
    bent = np.column_stack([np.linspace(100, 500, 30), 240 + 40 * np.sin(np.linspace(0, 6, 30))])
    fit = fit_plumb_line([*curves, bent], SIZE, "equidistant", bootstraps=0)
    assert fit.lens.f_px == pytest.approx(205.0, rel=0.02)


def test_the_right_model_foretells_unseen_edges_best() -> None:
    truth = EquisolidLens(**FRAME, f_px=215.0, max_theta_deg=100.0)
    curves = edges(truth, np.random.default_rng(1), 0.05, 40)
    scores = compare_models(curves, SIZE, ("equidistant", "equisolid", "stereographic"))
    assert next(iter(scores)) == "equisolid"


def test_lines_alone_leave_a_flexible_lens_its_focal_length_and_room_directions_fix_it() -> None:
    truth = KannalaBrandtLens(**FRAME, fx_px=210.0, fy_px=210.0, k1=-0.03, k2=0.002, max_theta_deg=95.0)
    turn = Rotation.from_euler("zyx", [25, 4, -3], degrees=True)
    curves, ways = room_edges(truth, turn, np.random.default_rng(2))
    loose = fit_plumb_line(curves, SIZE, "kannala_brandt", bootstraps=0)
    firm = fit_plumb_line(curves, SIZE, "kannala_brandt", directions=ways, bootstraps=0)
    width = {name: fit.intervals["f_px"].high - fit.intervals["f_px"].low for name, fit in [("l", loose), ("f", firm)]}
    assert width["f"] < 0.5 * width["l"]
    assert firm.intervals["f_px"].low <= 210 <= firm.intervals["f_px"].high
    assert any("tan(theta') = s tan(theta)" in note for note in loose.notes)


def test_room_directions_give_the_tilt_of_a_sites_camera() -> None:
    pose = CameraPose(height_m=3.0, tilt_deg=6.0, tilt_azimuth_deg=40.0)
    turn = Rotation.from_matrix(pose.camera_from_world)
    curves, ways = room_edges(EQUIDISTANT, turn, np.random.default_rng(7))
    fit = fit_plumb_line(curves, SIZE, "equidistant", directions=ways, bootstraps=0)
    assert fit.tilt_deg() == pytest.approx((6.0, 40.0), abs=1.5)
    assert fit.summary()["tilt_deg"] == pytest.approx(6.0, abs=1.5)


def test_too_little_to_fit_is_refused() -> None:
    with pytest.raises(InputError, match=r"curves\[0\] has 2 points: a plumb line needs at least 3"):
        fit_plumb_line([np.zeros((2, 2))], SIZE)
    with pytest.raises(InputError, match="4 measurements for 5 numbers"):
        fit_plumb_line([np.array([[10.0, 10], [50, 60], [90, 100], [200, 300]])], SIZE)
    with pytest.raises(InputError, match='model "radtan" cannot be fitted; these can: equidistant'):
        fit_plumb_line([np.zeros((3, 2))], SIZE, "radtan")
    with pytest.raises(InputError, match=r"equidistant has no number \['k1'\]"):
        fit_plumb_line([np.zeros((3, 2))], SIZE, free=["f_px", "cx_px", "cy_px", "k1"])


def test_points_with_a_known_camera_give_the_lens() -> None:
    rng = np.random.default_rng(0)
    truth = KannalaBrandtLens(**FRAME, fx_px=210.0, fy_px=210.0, k1=-0.02, k2=0.001, max_theta_deg=95.0)
    points = rng.uniform([-3, -3, 0.4], [3, 3, 3], (80, 3))
    points = points[truth.in_frame(truth.project(points))]
    px = truth.project(points) + rng.normal(scale=0.2, size=(len(points), 2))
    fit = fit_points(points, px, SIZE, "kannala_brandt", pose=(np.eye(3), np.zeros(3)), bootstraps=40)
    for name, value in {"f_px": 210.0, "cx_px": 328.0, "cy_px": 233.0, "k1": -0.02}.items():
        assert fit.intervals[name].low <= value <= fit.intervals[name].high
        assert fit.intervals[name].high - fit.intervals[name].low < 0.05 * max(1.0, abs(value))
    assert fit.rms_px == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize("flat", [False, True])
def test_points_give_lens_and_pose_at_once(flat: bool) -> None:
    rng = np.random.default_rng(4)
    pose = CameraPose(height_m=2.9, tilt_deg=12.0, tilt_azimuth_deg=70.0, yaw_deg=20.0)
    world = rng.uniform([-4, -4, 0.0], [4, 4, 0.0 if flat else 1.8], (60, 3))
    rotation, position = pose.camera_from_world, pose.position_m
    px = EQUIDISTANT.project((world - position) @ rotation.T)
    seen_rows = EQUIDISTANT.in_frame(px)
    px = px[seen_rows] + rng.normal(scale=0.1, size=(seen_rows.sum(), 2))
    fit = fit_points(world[seen_rows], px, SIZE, "equidistant", bootstraps=0)
    assert fit.pose is not None
    found_rotation, found_translation = fit.pose
    assert fit.lens.f_px == pytest.approx(205.0, rel=5e-3)
    np.testing.assert_allclose(-found_rotation.T @ found_translation, position, atol=0.03)
    np.testing.assert_allclose(found_rotation, rotation, atol=0.01)


def drawn_circle(size: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    """A grey disc with texture on black, its edge as smooth as a lens's."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    disc = 1 / (1 + np.exp((np.hypot(x - centre[0], y - centre[1]) - radius) / 1.2))
    texture = 120 + 50 * np.sin(x / 17) * np.cos(y / 23)
    noise = np.random.default_rng(0).normal(scale=2, size=disc.shape)
    return np.clip(np.repeat((disc * texture + noise)[..., None], 3, axis=2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "centre", "radius", "seen_deg"),
    [((400, 400), (203.0, 196.0), 180.0, (340, 360)), ((480, 360), (236.0, 178.5), 292.0, (5, 60))],
)
def test_the_circle_is_found_whole_and_cut_off(
    size: tuple[int, int], centre: tuple[float, float], radius: float, seen_deg: tuple[float, float]
) -> None:
    found = fit_circle(drawn_circle(size, centre, radius))
    truth = (*centre, radius)
    for item, value in zip((*found.centre_px, found.radius_px), truth, strict=True):
        assert item.value == pytest.approx(value, abs=1.5)
        assert item.low - 0.5 <= value <= item.high + 0.5
    assert seen_deg[0] <= found.seen_deg <= seen_deg[1]


def test_a_picture_of_one_pixel_has_no_circle() -> None:
    with pytest.raises(InputError, match="1 x 1 px: too small"):
        fit_circle(np.zeros((1, 1, 3), np.uint8))


def test_a_picture_without_a_dark_surround_has_no_circle() -> None:
    picture = np.full((120, 160, 3), 130, np.uint8)
    picture[40:80, 60:110] = 0
    with pytest.raises(InputError, match="the circle lies outside the frame, or the surround is not dark"):
        fit_circle(picture)


def test_a_circle_with_its_angle_is_a_lens() -> None:
    angle = np.linspace(0, 2, 9)
    x, y, radius = circle_through(np.column_stack([50 + 30 * np.cos(angle), 40 + 30 * np.sin(angle)]))
    assert (x, y, radius) == pytest.approx((50, 40, 30))
    for model in ("equidistant", "equisolid", "stereographic"):
        lens = lens_from_circle((50, 40), 30, (100, 80), 85.0, model)
        np.testing.assert_allclose(np.hypot(*(lens.rim_px(8) - [50, 40]).T), 30)
    with pytest.raises(InputError, match='"kannala_brandt" has more numbers'):
        lens_from_circle((50, 40), 30, (100, 80), 85.0, "kannala_brandt")


def test_a_rough_polyline_snaps_to_the_edge_it_follows() -> None:
    x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(200) + 0.5)
    distance = np.hypot(x - 150, y - 420) - 320
    picture = np.repeat((60 + 120 / (1 + np.exp(-distance / 0.8)))[..., None], 3, axis=2)
    picture[:, 120:150] = 20
    picture = np.clip(picture + np.random.default_rng(0).normal(scale=3, size=picture.shape), 0, 255).astype(np.uint8)
    rough = np.array([[40.0, 121.0], [150.0, 98.0], [262.0, 119.0]])
    found = snap_to_edges(picture, rough)
    off = np.hypot(found[:, 0] - 150, found[:, 1] - 420) - 320
    clear = np.abs(found[:, 0] - 135) > 20
    assert np.abs(off[clear]).max() < 0.6 and np.sqrt(np.mean(off[clear] ** 2)) < 0.2
    # Where something stands in front there is no edge to snap to.
    assert not ((found[:, 0] > 123) & (found[:, 0] < 147)).any() and len(found) > 40
    with pytest.raises(InputError, match="trace it closer or drop it"):
        snap_to_edges(np.full((50, 50, 3), 90, np.uint8), [[5.0, 5.0], [40.0, 40.0]])


def test_lines_and_points_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "l.yaml").write_text(
        "lines:\n- {name: desk, points: [[1, 2], [3, 4]], direction: z}\n- {points: [[1, 2], [3, 5]]}"
    )
    lines = read_lines(tmp_path / "l.yaml")
    assert (lines.names, lines.directions) == (["desk", "lines[1]"], [2, None])
    strip = {"label": "y", "points": [[1, 2], [3, 4]], "shape_type": "linestrip", "group_id": 1}
    shapes = [strip, {**strip, "group_id": None}, {**strip, "points": [[8, 9], [10, 11]]}]
    (tmp_path / "l.json").write_text(json.dumps({"shapes": shapes, "imagePath": "a.png"}))
    grouped = read_lines(tmp_path / "l.json")
    assert grouped.directions == [1, 1] and [len(parts) for parts in grouped.parts] == [2, 1]
    np.testing.assert_allclose(grouped.curves[0], [[1, 2], [3, 4], [8, 9], [10, 11]])
    (tmp_path / "parts.yaml").write_text("lines: [{name: a, parts: [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}]")
    assert len(read_lines(tmp_path / "parts.yaml").parts[0]) == 2
    (tmp_path / "bad.yaml").write_text("lines: [{points: [[1, 2]]}]")
    with pytest.raises(InputError, match=r"lines\[0\]\.points: expected two or more"):
        read_lines(tmp_path / "bad.yaml")
    (tmp_path / "p.csv").write_text("x_m,y_m,z_m,x_px,y_px\n1,2,3,4,5\n1,2,x,4,5\n")
    with pytest.raises(InputError, match="row 2, z_m is 'x'"):
        read_points(tmp_path / "p.csv")


def test_the_command_fits_lines_and_its_file_is_a_lens_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curves = edges(EQUIDISTANT, np.random.default_rng(0), 0.1)
    (tmp_path / "lines.yaml").write_text(yaml.safe_dump({"lines": [{"points": curve.tolist()} for curve in curves]}))
    out = run_fit(
        LensFitConfig(
            lines=tmp_path / "lines.yaml", size=SIZE, circle=(328, 233, 310), model="equidistant", bootstraps=10,
            out=tmp_path / "lens.yaml",
        )
    )  # fmt: skip
    assert "95 % intervals" in capsys.readouterr().out
    lens = read_lens(out).lens
    assert lens.f_px == pytest.approx(205.0, rel=0.01)
    assert (lens.cx_px, lens.max_theta_deg) == pytest.approx((328, math.degrees(310 / lens.f_px)))
    low, high = yaml.safe_load(out.read_text())["fit"]["intervals"]["f_px"]
    assert low < lens.f_px < high
    assert read_image(tmp_path / "lens-residuals.png").ndim == 3


def test_the_command_needs_to_know_the_angle_of_a_bare_circle(tmp_path: Path) -> None:
    picture = tmp_path / "circle.png"
    cv2.imwrite(str(picture), drawn_circle((200, 200), (101.0, 99.0), 90.0))
    with pytest.raises(InputError, match="needs --max-theta-deg"):
        run_fit(LensFitConfig(image=[picture], out=tmp_path / "lens.yaml"))
    out = run_fit(LensFitConfig(image=[picture], max_theta_deg=92.5, model="equisolid", out=tmp_path / "lens.yaml"))
    lens = read_lens(out).lens
    np.testing.assert_allclose(np.hypot(*(lens.rim_px(8) - [101, 99]).T), 90, atol=1.0)
    assert lens.max_theta_deg == 92.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"circle": (100, 100, -20), "max_theta_deg": 90}, "--circle 100 100 -20: expected numbers"),
        ({"circle": (100, 100, float("nan")), "max_theta_deg": 90}, "--circle 100 100 nan: expected numbers"),
        (
            {"size": (0, -5), "circle": (100, 100, 20), "max_theta_deg": 90},
            "--size 0 -5: expected a width and a height",
        ),
        ({"lines": "short.yaml", "points": "nan.csv"}, "fitted to one of them"),
        ({"lines": "short.yaml", "max_theta_deg": 90}, "is an outcome of --lines and --points"),
        ({"lines": "short.yaml"}, "line desk has 2 points, expected at least 3"),
        ({"points": "nan.csv"}, "row 1, x_px is 'nan', expected a number"),
        ({"points": "same.csv"}, "lie on one line, or are one"),
        ({"lines": "one.yaml"}, "one edge: to compare models"),
        ({"lines": "empty.yaml"}, "expected a line with `points` or `parts`"),
    ],
)
def test_what_cannot_be_fitted_is_said_before_the_work_starts(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    (tmp_path / "short.yaml").write_text("lines: [{name: desk, points: [[1, 2], [3, 4]]}]")
    (tmp_path / "nan.csv").write_text("x_m,y_m,z_m,x_px,y_px\n1,2,3,nan,5\n")
    (tmp_path / "same.csv").write_text("x_m,y_m,z_m,x_px,y_px\n" + "1,2,3,5,5\n" * 8)
    (tmp_path / "one.yaml").write_text("lines: [{points: [[1, 2], [3, 4], [5, 7]]}]")
    (tmp_path / "empty.yaml").write_text("lines: [{parts: []}]")
    given = {name: tmp_path / value if isinstance(value, str) else value for name, value in options.items()}
    with pytest.raises(InputError, match=message):
        run_fit(LensFitConfig(**{"size": SIZE, "out": tmp_path / "lens.yaml", **given}))
    assert not (tmp_path / "lens.yaml").exists()


def test_intervals_without_redrawing_say_that_they_are_too_narrow() -> None:
    curves = edges(EQUIDISTANT, np.random.default_rng(0))
    plain, redrawn = (fit_plumb_line(curves, SIZE, "equidistant", bootstraps=count) for count in (0, 3))
    assert any("too narrow" in note for note in plain.notes)
    assert not any("too narrow" in note for note in redrawn.notes)


def test_a_real_offices_edges_are_straight_under_its_fitted_lens() -> None:
    _, curves, directions = office_a_lines()
    fixed = {"cx_px": OFFICE_A_CIRCLE[0], "cy_px": OFFICE_A_CIRCLE[1]}
    fit = fit_plumb_line(
        curves, OFFICE_A_SIZE, "equisolid", free=["f_px"], fixed=fixed, directions=directions,
        rim_radius_px=OFFICE_A_CIRCLE[2], bootstraps=20,
    )  # fmt: skip
    assert fit.lens.f_px == pytest.approx(388, abs=3)
    assert fit.rms_px < 0.5
    # The principal point that the edges ask for on their own is the circle's centre.
    alone = fit_plumb_line(curves, OFFICE_A_SIZE, "equisolid", bootstraps=20)
    for name, value in fixed.items():
        assert alone.intervals[name].low - 1 <= value <= alone.intervals[name].high + 1
    tilt = fit.tilt_deg()
    assert tilt is not None and tilt[0] < 6


def test_a_real_cut_off_circle_is_found() -> None:
    folder = Path(os.environ.get("PLAFOND_TEST_DATA", "/nowhere")) / "real" / "office-a" / "images"
    frames = sorted(folder.glob("*.jpg"))[:12:4]
    if not frames:
        pytest.skip("PLAFOND_TEST_DATA names no folder with real/office-a")
    picture = np.median([read_image(frame) for frame in frames], axis=0).astype(np.uint8)
    found = fit_circle(picture)
    x, y, radius = (item.value for item in (*found.centre_px, found.radius_px))
    assert (x, y, radius) == pytest.approx(OFFICE_A_CIRCLE, abs=2.5)
