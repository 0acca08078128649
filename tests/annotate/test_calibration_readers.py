"""Calibration files of every known layout: their numbers, against OpenCV and the published formulas, and their faults."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from annotate.calibration.command import LensConfig, run
from annotate.calibration.readers import read_lens
from annotate.errors import InputError
from annotate.files import read_image

K = np.array([[285.4, 0.0, 318.2], [0.0, 287.1, 243.9], [0.0, 0.0, 1.0]])
FISHEYE_D = np.array([0.021, -0.0094, 0.0031, -0.00047])
POINTS = np.array([[0.3, -0.2, 1.0], [-0.5, 0.4, 0.9], [0.0, 0.7, 1.2], [0.9, 0.1, 0.8]])

OCAM_TEXT = """#polynomial coefficients for the DIRECT mapping function
5 -300.0 0.0 1.0e-03 -2.0e-06 4.0e-09
#inverse
3 450.0 300.0 10.0
#center: row and column
240.5 320.25
#affine
1.001 0.0002 -0.0003
#size: height and width
480 640
"""


def calib(name: str) -> Path:
    path = Path(os.environ.get("PLAFOND_TEST_DATA", "/nowhere")) / "calib" / name
    if not path.is_file():
        pytest.skip(f"PLAFOND_TEST_DATA names no folder with calib/{name}")
    return path


def written(tmp_path: Path, name: str, content: Any) -> Path:
    path = tmp_path / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def ocam_ray(row: float, column: float, file: dict[str, Any]) -> np.ndarray:
    """Scaramuzza's cam2world for 0-based row and column, turned into X right, Y down, Z forward."""
    c, d, e = file["affine"]
    down, right = np.linalg.solve([[c, d], [e, 1.0]], [row - file["row"], column - file["column"]])
    backward = sum(a * math.hypot(down, right) ** power for power, a in enumerate(file["direct"]))
    ray = np.array([right, down, -backward])
    return ray / np.linalg.norm(ray)


@pytest.mark.parametrize(
    ("name", "model", "place"),
    [
        ("KB.yml", "kannala_brandt", (366.28603126815506, 249.08026891791644)),
        ("DS.yml", "double_sphere", (365.8121721753254, 249.3555778487899)),
        ("EUCM.yml", "eucm", (365.81762690405503, 248.93674967920276)),
        ("UCM.yml", "ucm", (960.471, 546.981)),
        ("OcamCalib.yml", "ocam", (359.829671, 243.611488)),
    ],
)
def test_a_file_without_a_model_name_is_known_by_its_parameters(
    name: str, model: str, place: tuple[float, float]
) -> None:
    reading = read_lens(calib(name))
    lens = reading.lens
    assert lens.model == model
    assert (lens.cx_px - 0.5, lens.cy_px - 0.5) == pytest.approx(place)
    assert any(model in note for note in reading.notes)
    # Every pixel of the frame has a ray: the field of view reaches the furthest corner, and not further.
    seen = lens.unproject(
        np.array([[0.0, 0.0], [lens.width_px, 0], [0, lens.height_px], [lens.width_px, lens.height_px]])
    )
    assert np.isfinite(seen).all()
    assert math.degrees(np.arccos(seen[:, 2]).max()) == pytest.approx(lens.max_theta_deg, abs=1e-6)


def test_a_kannala_brandt_file_projects_as_opencv_does() -> None:
    path = calib("KB.yml")
    numbers = yaml.safe_load(path.read_text())["parameter"]
    matrix = np.array([[numbers["fx"], 0, numbers["cx"]], [0, numbers["fy"], numbers["cy"]], [0, 0, 1]])
    d = np.array([numbers[f"k{i}"] for i in range(1, 5)])
    expected, _ = cv2.fisheye.projectPoints(POINTS[:, None], np.zeros(3), np.zeros(3), matrix, d)
    np.testing.assert_allclose(read_lens(path).lens.project(POINTS), expected[:, 0] + 0.5, atol=1e-8)


def test_an_ambiguous_file_asks_for_the_model_and_then_projects_as_opencv_does() -> None:
    path = calib("RadTan.yml")
    with pytest.raises(InputError, match=r"names no model.*--model MODEL, one of radtan"):
        read_lens(path)
    with pytest.raises(InputError, match=r"--model eucm needs the parameters alpha beta; the file has k1 k2 k3 p1 p2"):
        read_lens(path, model="eucm")
    n = yaml.safe_load(path.read_text())["parameter"]
    matrix = np.array([[n["fx"], 0, n["cx"]], [0, n["fy"], n["cy"]], [0, 0, 1]])
    d = np.array([n["k1"], n["k2"], n["p1"], n["p2"], n["k3"]])
    expected, _ = cv2.projectPoints(POINTS[:1] * [1, 1, 2], np.zeros(3), np.zeros(3), matrix, d)
    np.testing.assert_allclose(
        read_lens(path, model="radtan").lens.project(POINTS[:1] * [1, 1, 2]), expected[:, 0] + 0.5, atol=1e-8
    )


def test_ocamcalib_rows_columns_and_signs() -> None:
    reading = read_lens(calib("ocamcalib_results.txt"))
    lens = reading.lens
    file = {
        "direct": [-471.4441, 0.0, 7.356108e-04, -3.773045e-07, 5.800006e-10],
        "row": 794.308657, "column": 798.175741, "affine": (1.000305, -0.000277, -0.000925),
    }  # fmt: skip
    for row, column in [(100.0, 300.0), (794.0, 1500.0), (1400.0, 801.0), (1300.0, 1550.0)]:
        np.testing.assert_allclose(
            lens.unproject([[column + 0.5, row + 0.5]])[0], ocam_ray(row, column, file), atol=1e-9
        )
    right, down = lens.project([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    assert right[0] > lens.cx_px + 300 and down[1] > lens.cy_px + 300
    assert any("0.00588 px within 90 deg" in note for note in reading.notes)


def test_ocamcalib_text_keeps_rows_and_columns_apart(tmp_path: Path) -> None:
    lens = read_lens(written(tmp_path, "calib_results.txt", OCAM_TEXT)).lens
    assert (lens.width_px, lens.height_px, lens.cx_px, lens.cy_px) == (640, 480, 320.75, 241.0)
    file = {
        "direct": [-300.0, 0.0, 1e-3, -2e-6, 4e-9], "row": 240.5, "column": 320.25,
        "affine": (1.001, 0.0002, -0.0003),
    }  # fmt: skip
    np.testing.assert_allclose(lens.unproject([[500.5, 100.5]])[0], ocam_ray(100.0, 500.0, file), atol=1e-9)


def test_py_ocamcalib_needs_a_size_and_follows_its_own_formula() -> None:
    path = calib("calibration_fisheye_1_18052022_154907.json")
    with pytest.raises(InputError, match="does not say how large its pictures are; give --size WIDTH HEIGHT"):
        read_lens(path)
    lens = read_lens(path, size=(1080, 752), max_theta_deg=95).lens
    data = json.loads(path.read_text())
    px = np.array([[100.0, 300.0], [700.0, 600.0]])
    plane = (px - data["distortion_center"]) @ np.linalg.inv(np.array(data["stretch_matrix"])).T
    z = np.polyval(data["taylor_coefficient"][::-1], np.hypot(*plane.T))
    expected = np.column_stack([plane, z]) / np.linalg.norm(np.column_stack([plane, z]), axis=1)[:, None]
    np.testing.assert_allclose(lens.unproject(px + 0.5), expected, atol=1e-9)
    # Its fast inverse polynomial, highest power first over the angle from the axis, is close to the exact one.
    theta = np.arccos(expected[:, 2])
    np.testing.assert_allclose(np.polyval(data["inverse_poly"], theta), np.hypot(*plane.T), atol=0.05)
    assert lens.invpol_error_px() < 0.05


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".json"])
def test_opencv_files_of_its_own_writer(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"camera{suffix}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", K)
    storage.write("distortion_coefficients", FISHEYE_D.reshape(1, 4))
    storage.release()
    with pytest.raises(InputError, match=r"four distortion coefficients .* --model kannala_brandt or --model radtan"):
        read_lens(path)
    expected, _ = cv2.fisheye.projectPoints(POINTS[:, None], np.zeros(3), np.zeros(3), K, FISHEYE_D)
    lens = read_lens(path, model="kannala_brandt").lens
    np.testing.assert_allclose(lens.project(POINTS), expected[:, 0] + 0.5, atol=1e-8)


@pytest.mark.parametrize(("flag", "model"), [(1, "kannala_brandt"), (0, "radtan")])
def test_opencvs_calibration_sample_says_whether_it_is_a_fisheye(tmp_path: Path, flag: int, model: str) -> None:
    info = {"fisheye_model": flag, "image_width": 640, "image_height": 480, "camera_matrix": K.tolist(),
            "distortion_coefficients": FISHEYE_D.tolist(), "camera_model": "c920"}  # fmt: skip
    assert read_lens(written(tmp_path, "camera.json", info)).lens.model == model


def test_ros_camera_info_says_its_model(tmp_path: Path) -> None:
    info = {
        "image_width": 640, "image_height": 480, "camera_name": "ceiling", "distortion_model": "equidistant",
        "camera_matrix": {"rows": 3, "cols": 3, "data": K.ravel().tolist()},
        "distortion_coefficients": {"rows": 1, "cols": 4, "data": FISHEYE_D.tolist()},
    }  # fmt: skip
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump(info))
    lens = read_lens(path).lens
    assert (lens.model, lens.cx_px, lens.k4) == ("kannala_brandt", 318.7, -0.00047)


def test_kalibr_camchain_of_two_cameras(tmp_path: Path) -> None:
    chain = {
        "cam0": {
            "camera_model": "pinhole", "intrinsics": [285.4, 287.1, 318.2, 243.9], "resolution": [640, 480],
            "distortion_model": "equidistant", "distortion_coeffs": FISHEYE_D.tolist(),
        },
        "cam1": {
            "camera_model": "ds", "intrinsics": [-0.2, 0.59, 317.5, 316.1, 724.8, 546.5], "resolution": [1440, 1080],
            "distortion_model": "none", "distortion_coeffs": [],
        },
    }  # fmt: skip
    path = tmp_path / "camchain.yaml"
    path.write_text(yaml.safe_dump(chain))
    with pytest.raises(InputError, match="has 2 cameras; say which: --camera cam0 or --camera cam1"):
        read_lens(path)
    first, second = read_lens(path, camera="cam0").lens, read_lens(path, camera="cam1").lens
    expected, _ = cv2.fisheye.projectPoints(POINTS[:, None], np.zeros(3), np.zeros(3), K, FISHEYE_D)
    np.testing.assert_allclose(first.project(POINTS), expected[:, 0] + 0.5, atol=1e-8)
    assert (second.model, second.xi, second.alpha, second.cx_px) == ("double_sphere", -0.2, 0.59, 725.3)


def test_camodocal_mei_file(tmp_path: Path) -> None:
    path = written(
        tmp_path, "mei.yaml",
        "%YAML:1.0\n---\nmodel_type: MEI\ncamera_name: c\nimage_width: 800\nimage_height: 600\n"
        "mirror_parameters:\n   xi: 1.1\ndistortion_parameters:\n   k1: -0.1\n   k2: 0.02\n   p1: 0.001\n   p2: -0.002\n"
        "projection_parameters:\n   gamma1: 900.5\n   gamma2: 901.5\n   u0: 400.25\n   v0: 300.75\n",
    )  # fmt: skip
    lens = read_lens(path).lens
    matrix = np.array([[900.5, 0, 400.25], [0, 901.5, 300.75], [0, 0, 1.0]])
    ray = POINTS[:1] / np.linalg.norm(POINTS[:1])
    plane = ray[:, :2] / (ray[:, 2:] + 1.1)
    expected, _ = cv2.projectPoints(
        np.column_stack([plane, [1.0]]), np.zeros(3), np.zeros(3), matrix, np.array([-0.1, 0.02, 0.001, -0.002])
    )
    np.testing.assert_allclose(lens.project(POINTS[:1]), expected[:, 0] + 0.5, atol=1e-8)


def test_woodscape_offsets_count_from_the_middle_of_the_frame(tmp_path: Path) -> None:
    intrinsic = {
        "aspect_ratio": 1.02, "cx_offset": 3.9, "cy_offset": -3.1, "width": 1280.0, "height": 966.0,
        "k1": 339.7, "k2": -32.0, "k3": 48.3, "k4": -7.2, "model": "radial_poly", "poly_order": 4,
    }  # fmt: skip
    lens = read_lens(written(tmp_path, "fv.json", {"intrinsic": intrinsic, "name": "FV"}), max_theta_deg=95).lens
    theta = math.atan2(math.hypot(0.3, 0.2), 1.0)
    radius = 339.7 * theta - 32.0 * theta**2 + 48.3 * theta**3 - 7.2 * theta**4
    # With the first pixel at 0 the middle is (width - 1) / 2; ours is half a pixel further.
    expected = np.array([0.3, -0.2]) / math.hypot(0.3, 0.2) * radius * [1, 1.02] + [639.5 + 3.9, 482.5 - 3.1] + 0.5
    np.testing.assert_allclose(lens.project([[0.3, -0.2, 1.0]])[0], expected, atol=1e-9)


def test_ftheta_takes_the_angle_polynomial_and_says_how_far_the_reference_is(tmp_path: Path) -> None:
    parameters = {
        "resolution": [1920, 1208], "principal_point": [958.5, 600.25], "reference_poly": "PIXELDIST_TO_ANGLE",
        "pixeldist_to_angle_poly": [0.0, 0.0011, 0, 0, 0, 0], "angle_to_pixeldist_poly": [0.0, 909.0, 0, 0, 0, 0],
        "max_angle": 1.2, "linear_cde": [1.0, 0.0, 0.0],
    }  # fmt: skip
    reading = read_lens(written(tmp_path, "f.json", {"camera_model_parameters": parameters}))
    assert (reading.lens.cx_px, reading.lens.coefficients_px) == (959.0, (909.0,))
    assert reading.lens.max_theta_deg == pytest.approx(math.degrees(1.2))
    assert any("off by up to 0.109 px" in note for note in reading.notes)


def test_plafonds_own_lens_keeps_its_field_alone_and_in_a_site(tmp_path: Path) -> None:
    lens = {"model": "equisolid", "width_px": 960, "height_px": 720, "f_px": 388.0, "max_theta_deg": 99.0}
    alone = read_lens(written(tmp_path, "lens.json", lens)).lens
    inside = read_lens(written(tmp_path, "site.json", {"name": "office", "lens": lens})).lens
    assert alone == inside and alone.max_theta_deg == 99.0
    assert read_lens(tmp_path / "lens.json", max_theta_deg=80).lens.max_theta_deg == 80


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yml", "image: {width: 10, height: 8}\nparameter: {fx: 3, fy: 3, cx: 5}", "fit no model"),
        ("a.yml", "image: {width: 10}\nparameter: {fx: 3, fy: 3, cx: 5, cy: 4, alpha: 0.5}", r"image\.height is missing"),
        (
            "a.yml",
            "image: {width: 10, height: 8}\nparameter: {fx: x, fy: 3, cx: 5, cy: 4, alpha: 0.5}",
            r"parameter\.fx is 'x'; expected a number",
        ),
        ("a.json", '{"K": [[1, 2', r"not valid JSON .* cut short"),
        ("a.yml", "image: [1", r"not valid YAML"),
        ("a.yml", "- 1\n- 2", "expected fields with names, found list"),
        ("a.yml", "speed: 3", r"no calibration that is known here \(its fields: speed\)"),
        ("a.xml", "<?xml version='1.0'?><opencv_storage><camera", "OpenCV cannot read it"),
        ("a.txt", OCAM_TEXT.replace("5 -300.0", "6 -300.0"), "direct polynomial .* says 6 coefficients, found 5"),
        ("a.txt", OCAM_TEXT.replace("480 640", ""), "4 lines of numbers, expected 5"),
        ("a.json", {"K": [[1, 0], [0, 1]], "D": [0, 0, 0, 0, 0], "width": 4, "height": 4}, "shape .2, 2., expected 3 x 3"),
        ("a.json", {"camera_matrix": K.tolist(), "width": 640, "height": 480}, "distortion_coefficients is missing"),
        (
            "a.json",
            {"K": K.tolist(), "D": [0.1, 0, 0, 0, 0, 0.2, 0, 0], "width": 640, "height": 480},
            "D has 6 coefficients that are not 0; radtan has 5",
        ),
        ("a.yml", "cam0: {camera_model: pinhole, distortion_model: fov}", "pinhole with fov: known are"),
        ("a.json", {"model": "equidistant", "width_px": 9, "height_px": 9, "f_px": -3}, "f_px: .*found -3"),
        ("a.json", {"model": "equidistant", "width_px": 9, "height_px": 9, "f_px": 3, "fov": 3}, "fov"),
        (
            "a.json",
            {"model": "equidistant", "width_px": 9, "height_px": 9, "f_px": 3, "max_theta_deg": "90"},
            "max_theta_deg is '90'; expected a number",
        ),
        ("a.json", {"model": "fishy", "width_px": 9, "height_px": 9}, "model is 'fishy'; expected one of equidistant, "),
        ("a.json", {"width_px": 9, "height_px": 9}, "model is None; expected one of equidistant, "),
        ("a.txt", OCAM_TEXT.replace("480 640", "480 1e30"), "width_px: .*less than or equal to 100000"),
        ("a.txt", OCAM_TEXT.replace("450.0", "4..50"), "found '4..50', expected a number"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_file_and_field(tmp_path: Path, name: str, content: Any, message: str) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(InputError, match=message) as error:
        read_lens(path)
    assert str(error.value).startswith(str(path))


def test_a_size_that_contradicts_the_file_and_a_missing_file(tmp_path: Path) -> None:
    path = written(tmp_path, "calib_results.txt", OCAM_TEXT)
    with pytest.raises(InputError, match="is for pictures of 640 x 480 px, --size says"):
        read_lens(path, size=(100, 100))
    with pytest.raises(InputError, match="--model mei: the file's lens is ocam"):
        read_lens(path, model="mei")
    with pytest.raises(InputError, match="--camera cam0: only Kalibr's camchain"):
        read_lens(path, camera="cam0")
    own = written(tmp_path, "lens.json", {"model": "equidistant", "width_px": 9, "height_px": 8, "f_px": 3})
    with pytest.raises(InputError, match="is for pictures of 9 x 8 px; leave --size out"):
        read_lens(own, size=(100, 100))
    with pytest.raises(InputError, match="no such file"):
        read_lens(tmp_path / "none.yml")


def test_the_command_says_what_it_understood_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lens = {"model": "equidistant", "width_px": 200, "height_px": 200, "f_px": 60.0, "max_theta_deg": 90.0}
    out = run(LensConfig(file=written(tmp_path, "lens.json", lens), out=tmp_path / "l.png", as_site=True))
    printed = capsys.readouterr().out
    assert "180.0 deg at most; 180.0 across, 180.0 down, 180.0 diagonal" in printed
    assert f"{60 * math.pi / 180:.2f} at the centre, 1.05 at 45 deg, 1.05 at the rim" in printed
    assert "circle: radius 94.2 px, centre 100.0, 100.0" in printed
    site = yaml.safe_load(printed[printed.index("\nlens:") :])
    assert site["lens"]["f_px"] == 60.0
    picture = read_image(out)
    # The rim's colour appears, and circles of equal angle between it and the centre.
    assert ((picture.astype(int) - [255, 92, 138]) ** 2).sum(axis=2).min() < 600
    assert ((picture.astype(int) - [255, 204, 77]) ** 2).sum(axis=2).min() < 600


def test_a_lens_asked_far_beyond_its_frame_is_still_drawn(tmp_path: Path) -> None:
    fields = {"model": "kannala_brandt", "fx_px": 50.0, "fy_px": 50.0, "k4": 1.0}
    path = written(tmp_path, "lens.json", {**fields, "width_px": 90, "height_px": 80})
    out = tmp_path / "lens.png"
    run(LensConfig(file=path, max_theta_deg=170, out=out))
    assert out.is_file()


def test_a_picture_of_no_type_that_can_be_written_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "calib_results.txt", OCAM_TEXT)
    with pytest.raises(InputError, match="expected the name of a picture"):
        run(LensConfig(file=path, out=tmp_path / "seen.txt"))


def test_a_picture_of_another_shape_is_refused(tmp_path: Path) -> None:
    lens = {"model": "equidistant", "width_px": 200, "height_px": 200, "f_px": 60.0}
    picture = tmp_path / "p.png"
    cv2.imwrite(str(picture), np.zeros((50, 80, 3), np.uint8))
    with pytest.raises(InputError, match="is 80 x 50 px, the lens is for 200 x 200"):
        run(LensConfig(file=written(tmp_path, "lens.json", lens), image=picture, out=tmp_path / "l.png"))
