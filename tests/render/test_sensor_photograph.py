"""People put into photographs: they go through the camera that took them, the photograph's own pixels stay."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from annotate.camera import Camera, CameraPose
from annotate.files import write_image
from annotate.lens import EquidistantLens
from render.place import decode_srgb
from render.sensor import SensorConfig, SensorSpec, develop_over, lamp_gain, sample_sensor, undeveloped
from render.sensor.measure import measure_pictures
from render.sensor.tone import toned, untoned

SIZE = 320
HARSH = SensorSpec(black=0.08, contrast=1.6, gamma=1.1, sharpen=1.5, sharpen_px=3.0, blur_px=0.5)


def camera() -> Camera:
    lens = EquidistantLens(width_px=SIZE, height_px=SIZE, cx_px=SIZE / 2, cy_px=SIZE / 2, f_px=SIZE / np.pi)
    return Camera(lens=lens, pose=CameraPose(height_m=3))


def photograph(seed: int = 0) -> np.ndarray:
    """HWC uint8 from black to white, with something of every size."""
    rng = np.random.default_rng(seed)
    planes = sum(gaussian_filter(rng.normal(size=(SIZE, SIZE, 3)), (size, size, 0)) * size for size in (0.7, 2, 6))
    return np.clip(128 + 90 * planes, 0, 255).astype(np.uint8)


def put_into(picture: np.ndarray, level: float, spec: SensorSpec) -> tuple[np.ndarray, np.ndarray]:
    """A square of one linear level in the middle of a photograph, developed; and where it is."""
    people = np.zeros((SIZE, SIZE), bool)
    people[120:200, 120:200] = True
    background = undeveloped(picture, spec)
    linear = np.where(people[..., None], np.float32(level), background)
    return develop_over(picture, background, linear, people, spec, camera()), people


@pytest.mark.parametrize(
    "spec",
    [
        HARSH,
        SensorSpec(saturation=1.3, contrast=1.4, black=0.05),
        SensorSpec(contrast=0.8),
        SensorSpec(gamma=0.9, saturation=0.7),
    ],
    ids=["harsh", "colourful", "veiled", "pale"],
)
def test_the_tone_curve_is_taken_back(spec: SensorSpec) -> None:
    scene = np.random.default_rng(1).uniform(0.15, 0.85, (40, 40, 3)).astype(np.float32)
    light = decode_srgb(scene * 255)
    encoded = toned(light, spec, shoulder=False)
    kept = ((encoded > 0.01) & (encoded < 0.99)).all(2)

    again = toned(decode_srgb(untoned(encoded, spec) * 255), spec, shoulder=False)

    assert kept.mean() > 0.5
    np.testing.assert_allclose(decode_srgb(untoned(encoded, spec) * 255)[kept], light[kept], atol=2e-3)
    np.testing.assert_allclose(again[kept], encoded[kept], atol=2e-3)


def test_where_nobody_is_the_photograph_stays_to_the_pixel() -> None:
    picture = photograph()

    finished, people = put_into(picture, 0.2, HARSH)

    far = cv2.dilate(people.astype(np.uint8), np.ones((13, 13), np.uint8)) == 0
    np.testing.assert_array_equal(finished[far], picture[far])


def test_people_get_the_photographs_tone_and_its_halos() -> None:
    flat = np.full((SIZE, SIZE, 3), 128, np.uint8)

    dark, people = put_into(flat, 0.003, HARSH)
    plain, _ = put_into(flat, 0.003, SensorSpec())

    assert (
        dark[140:180, 140:180].max() == 0 and plain[140:180, 140:180].min() > 5
    )  # blacks are crushed as the photograph's are
    ring = cv2.dilate(people.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & ~people
    assert dark[ring].max() > 133 and plain[ring].max() <= 128  # a sharpened edge is brighter outside


def test_a_shadow_darkens_the_photograph_by_its_share_of_the_light() -> None:
    picture, shade = photograph(2), np.ones((SIZE, SIZE, 1), np.float32)
    shade[40:80] = 0.5
    nobody = np.zeros((SIZE, SIZE), bool)

    spec = SensorSpec()
    background = undeveloped(picture, spec)
    finished = develop_over(picture, background, background * shade, nobody, spec, camera())

    np.testing.assert_array_equal(finished[100:], picture[100:])
    np.testing.assert_allclose(decode_srgb(finished[45:75]), decode_srgb(picture[45:75]) * 0.5, atol=0.004)


def test_a_camera_measured_elsewhere_leaves_the_photographs_light_and_colours_alone() -> None:
    given = {
        "exposure_ev": 0.4,
        "saturation": 1.6,
        "red_gain": 0.8,
        "vignetting": 0.4,
        "read_noise": 0.01,
        "contrast": 1.5,
    }
    spec = SensorSpec(**given).over_photograph()  # type: ignore[arg-type]

    assert (spec.exposure_ev, spec.saturation, spec.red_gain, spec.vignetting) == (0, 1, 1, 0)
    assert spec.contrast == 1.5 and spec.read_noise <= 0.001


def test_lamps_fitted_to_the_photograph_are_set_right_for_its_tone_curve() -> None:
    flat = np.full((SIZE, SIZE, 3), 90, np.uint8)
    seen = np.ones((SIZE, SIZE), bool)

    gain = lamp_gain(flat, HARSH, seen)

    finished = toned(decode_srgb(flat) * np.float32(gain), HARSH, shoulder=False)
    np.testing.assert_allclose(finished, 90 / 255, atol=0.005)
    assert lamp_gain(flat, SensorSpec(), seen) == pytest.approx(1.0, abs=1e-3)


def test_a_measured_photograph_tells_its_camera_and_leaves_its_light_alone(tmp_path: Path) -> None:
    soft, harsh = (
        np.round(toned(gaussian_filter(decode_srgb(photograph(5)), (blur, blur, 0)), spec, False) * 255)
        for blur, spec in ((1.5, SensorSpec()), (0.4, SensorSpec(black=0.1, contrast=1.7)))
    )
    values = []
    for name, picture in (("soft", soft), ("harsh", harsh)):
        large = cv2.resize(picture.astype(np.uint8), (512, 512), interpolation=cv2.INTER_CUBIC)
        write_image(tmp_path / f"{name}.png", large)
        values.append(measure_pictures([tmp_path / f"{name}.png"]).photograph_values())

    assert values[1]["contrast"][0] > values[0]["contrast"][1]
    spec = sample_sensor(SensorConfig(**values[1]), np.random.default_rng(0)).over_photograph()
    assert (spec.exposure_ev, spec.red_gain, spec.vignetting, spec.shake_px, spec.video_crf) == (0, 1, 0, 0, 0)
