"""A camera measured on pictures: known cameras take sharp synthetic pictures and are found again."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from annotate.camera import Camera, CameraPose
from annotate.errors import InputError
from annotate.files import write_image, write_json
from annotate.lens import EquidistantLens
from render.place import decode_srgb
from render.sensor import SensorConfig, SensorSpec, develop, sample_sensor
from render.sensor.calibrate import Target, calibrated
from render.sensor.command import SensorMeasureConfig, run_measure
from render.sensor.measure import SensorMeasure, measure_pictures, measured, picture_paths
from render.sensor.statistics import (
    Circle,
    crushed_width,
    find_circle,
    ghost_quality,
    jpeg_quality,
    noise_of,
    picture_statistics,
)

SIZE = 640
CAMERA = Camera(
    lens=EquidistantLens(width_px=SIZE, height_px=SIZE, cx_px=SIZE / 2, cy_px=SIZE / 2, f_px=SIZE / np.pi),
    pose=CameraPose(height_m=3),
)
CIRCLE = Circle(SIZE / 2, SIZE / 2, SIZE / 2)
REAL = Path(os.environ.get("PLAFOND_TEST_DATA", "")) / "real" / "office-a"


@lru_cache(maxsize=2)
def polygons(seed: int = 3) -> np.ndarray:
    """HWC float32 linear light of grey polygons, sharp to the pixel: another picture than the one of calibration."""
    rng = np.random.default_rng(seed)
    fine = np.full((2 * SIZE, 2 * SIZE), 120, np.uint8)
    for _ in range(160):
        centre, corners = rng.uniform(0, 2 * SIZE, 2), rng.integers(3, 6)
        angle, radius = np.sort(rng.uniform(0, 2 * np.pi, corners)), rng.uniform(50, 130)
        points = (centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.int32)
        cv2.fillPoly(fine, [points], [int(rng.integers(45, 210))])
    light = decode_srgb(fine).reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3))
    return np.repeat(light[..., None], 3, axis=2).astype(np.float32)


def taken(spec: SensorSpec, seed: int = 3) -> np.ndarray:
    picture = develop(polygons(seed), spec, CAMERA, shoulder=False)
    picture[~CAMERA.lens.valid_mask()] = 0
    return picture


def found(spec: SensorSpec) -> SensorSpec:
    """The camera as the measurement finds it on one picture."""
    statistics = picture_statistics(taken(spec), CIRCLE)
    target = Target(**{name: getattr(statistics, name) for name in Target.__dataclass_fields__})
    return calibrated(target, SensorSpec(jpeg_quality=spec.jpeg_quality, seed=1))


@pytest.mark.parametrize(
    "spec",
    [
        SensorSpec(blur_px=0.5),
        SensorSpec(blur_px=1.0, rim_blur_px=1.5),
        SensorSpec(blur_px=0.6, sharpen=1.5),
        SensorSpec(blur_px=0.4, fringe_px=0.8),
        SensorSpec(blur_px=0.5, rim_blur_px=1.0, sharpen=0.8, jpeg_quality=70),
    ],
    ids=["soft", "soft-rim", "sharpened", "fringed", "compressed"],
)
def test_known_optics_and_sharpening_are_found_again(spec: SensorSpec) -> None:
    result = found(spec)

    assert result.blur_px == pytest.approx(spec.blur_px, abs=0.25)
    assert result.rim_blur_px == pytest.approx(spec.rim_blur_px, abs=0.5)
    assert result.sharpen == pytest.approx(spec.sharpen, abs=0.5)
    assert result.fringe_px == pytest.approx(spec.fringe_px, abs=0.15)


@pytest.mark.parametrize(("shot", "read"), [(0.01, 0.003), (0.03, 0.006)])
def test_known_noise_is_found_again(shot: float, read: float) -> None:
    result = found(SensorSpec(blur_px=0.5, shot_noise=shot, read_noise=read, seed=4))

    for level in (0.1, 0.5):  # what counts is the noise at a brightness, not how it is split
        wanted, got = (np.hypot(each[0] * np.sqrt(level), each[1]) for each in ((shot, read), result_noise(result)))
        assert got == pytest.approx(wanted, rel=0.35)


def result_noise(spec: SensorSpec) -> tuple[float, float]:
    return spec.shot_noise, spec.read_noise


def test_difference_of_two_frames_gives_the_noise_without_the_texture() -> None:
    frames = [taken(SensorSpec(shot_noise=0.02, read_noise=0.004, seed=seed)) for seed in (1, 2)]

    shot, read = noise_of(frames[0], CIRCLE.mask(frames[0].shape), frames[1])

    assert np.hypot(shot * np.sqrt(0.3), read) == pytest.approx(np.hypot(0.02 * np.sqrt(0.3), 0.004), rel=0.2)


@pytest.mark.parametrize("black", [0.0, 0.05, 0.1])
def test_width_of_crushed_blacks_is_found_in_evenly_frequent_levels(black: float) -> None:
    levels = np.random.default_rng(0).uniform(0, 1, 200_000)

    seen = np.round(np.maximum(levels - black, 0) / (1 - black) * 255) / 255

    assert crushed_width(seen) == pytest.approx(black, abs=0.03)


@pytest.mark.parametrize("quality", [35, 60, 85, 95])
def test_jpeg_quality_comes_from_the_files_table_and_without_a_file_from_its_ghost(quality: int) -> None:
    picture = taken(SensorSpec(blur_px=0.6, shot_noise=0.02))
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    again = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    assert jpeg_quality(data.tobytes()) == quality
    if quality < 90:
        assert ghost_quality(again) == pytest.approx(quality, abs=2)


def test_picture_that_was_never_a_jpeg_has_no_quality() -> None:
    picture = taken(SensorSpec(blur_px=0.6, shot_noise=0.02))
    _, data = cv2.imencode(".png", picture)

    assert jpeg_quality(data.tobytes()) is None and ghost_quality(picture) is None


def test_white_balance_of_a_grey_scene_is_its_gains() -> None:
    statistics = picture_statistics(taken(SensorSpec(red_gain=1.12, blue_gain=0.9)), CIRCLE)

    assert (statistics.red_gain, statistics.blue_gain) == pytest.approx((1.12, 0.9), rel=0.03)
    assert statistics.chroma < 0.02


def test_circle_is_found_and_a_picture_without_one_counts_whole() -> None:
    circle = find_circle([taken(SensorSpec())])
    assert (circle.x_px, circle.y_px, circle.radius_px) == pytest.approx((320, 320, 320), abs=2)

    whole = find_circle([np.full((240, 320, 3), 128, np.uint8)])
    assert (whole.x_px, whole.y_px, whole.radius_px) == (160, 120, 200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset's folder with two pictures of a soft camera and one grey one."""
    folder = tmp_path_factory.mktemp("real")
    for number in range(3):
        spec = SensorSpec(blur_px=1.0, shot_noise=0.02, read_noise=0.004, monochrome=number == 2, seed=number)
        light = polygons() * np.array([1.0, 0.9, 0.7], np.float32)
        write_image(folder / "images" / f"{number}.jpg", develop(light, spec, CAMERA), jpeg_quality=88)
    return folder


def test_folder_of_pictures_becomes_ranges_that_cameras_are_drawn_from(folder: Path) -> None:
    config = SensorConfig(like=folder, vignetting=(0.3, 0.3))

    assert config.like is None and config.jpeg_quality == (88, 88) and config.vignetting == (0.3, 0.3)
    assert config.monochrome == pytest.approx(1 / 3, abs=0.01) and config.video == 0
    assert config.blur_px is not None and config.blur_px[0] > 0.6 and config.blur_px[1] < 1.3
    spec = sample_sensor(config, np.random.default_rng(0))
    assert config.blur_px[0] - 1e-4 <= spec.blur_px <= config.blur_px[1] + 1e-4


def test_command_writes_a_file_that_says_the_same_as_the_folder(folder: Path, tmp_path: Path) -> None:
    file = run_measure(SensorMeasureConfig(pictures=folder, out=tmp_path / "sensor.yaml"))

    assert SensorMeasure.read(file) == measured(folder)
    assert SensorConfig(like=file) == SensorConfig(like=folder)
    write_json(tmp_path / "sensor.json", yaml.safe_load(file.read_text()))
    assert measured(tmp_path / "sensor.json") == measured(file)


def test_saved_config_does_not_need_the_file_that_it_was_made_from(tmp_path: Path) -> None:
    file = tmp_path / "sensor.json"
    write_json(file, SensorMeasure(pictures=3, size_px=640, blur_px=(0.5, 0.7)).model_dump(mode="json"))
    config = SensorConfig(like=file, sharpen=(1, 1))
    file.unlink()

    assert (config.blur_px, config.sharpen) == ((0.5, 0.7), (1, 1))
    assert SensorConfig(**config.model_dump(mode="json")) == config


def test_larger_pictures_are_measured_as_a_detector_sees_them(tmp_path: Path) -> None:
    large = cv2.resize(taken(SensorSpec(blur_px=1.0)), (2 * SIZE, 2 * SIZE), interpolation=cv2.INTER_CUBIC)
    write_image(tmp_path / "a.jpg", large)

    result = measure_pictures(picture_paths(tmp_path), size_px=SIZE)

    assert result.blur_px is not None and result.blur_px[0] == pytest.approx(1.0, abs=0.3)
    assert result.jpeg_quality == (0, 0)  # its blocks were averaged away


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("pictures: [", "not valid YAML or JSON"),
        ("pictures: many\nsize_px: 640", "pictures: Input should be"),
        ("3", "file: Input should be"),
    ],
)
def test_file_that_is_no_measurement_is_refused(content: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "sensor.yaml").write_text(content)

    with pytest.raises(InputError, match=f"sensor.yaml: {reason}"):
        SensorConfig(like=tmp_path / "sensor.yaml")


def test_missing_file_empty_folder_and_tiny_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sensor.like .*gone.yaml: no such file"):
        SensorConfig(like=tmp_path / "gone.yaml")
    with pytest.raises(InputError, match="no pictures there"):
        SensorConfig(like=tmp_path)
    write_image(tmp_path / "a.png", np.zeros((90, 200, 3), np.uint8))
    with pytest.raises(InputError, match=r"a.png: 200 x 90 px; measuring a camera needs at least 128 px"):
        measured(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="PLAFOND_TEST_DATA does not name the folder of real pictures")
def test_real_office_is_found_to_have_crushed_blacks_high_contrast_and_a_soft_rim() -> None:
    result = measure_pictures(picture_paths(REAL), most=4)

    assert result.black is not None and 0.04 < result.black[0] < 0.15
    assert result.contrast is not None and result.contrast[0] > 1.2
    assert result.sharpen is not None and result.sharpen[1] > 0.5
    assert result.rim_blur_px is not None and result.rim_blur_px[1] > 0.5
    assert result.monochrome == 0 and result.same_scene_pairs > 0
