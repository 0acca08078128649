"""The simulated camera: how it is drawn, and the effects that every preset has, measured."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotate.camera import Camera, CameraPose
from annotate.errors import InputError
from annotate.lens import EquidistantLens
from render.place import decode_srgb, encode_srgb
from render.sensor import (
    CHANCES,
    EFFECTS,
    PRESETS,
    RANGES,
    REFERENCE_PX,
    SensorConfig,
    SensorSpec,
    add_noise,
    compressed,
    develop,
    roll_off,
    sample_sensor,
)

SIZE = 96
CAMERA = Camera(
    lens=EquidistantLens(width_px=SIZE, height_px=SIZE, cx_px=SIZE / 2, cy_px=SIZE / 2, f_px=SIZE / np.pi),
    pose=CameraPose(height_m=3),
)


def flat(value: float) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), value, np.float32)


def test_srgb_decode_and_encode_are_inverse_for_every_byte() -> None:
    bytes_ = np.arange(256, dtype=np.uint8)

    np.testing.assert_array_equal(np.round(encode_srgb(decode_srgb(bytes_)) * 255), bytes_)


def test_neutral_sensor_returns_a_photograph_unchanged() -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)

    np.testing.assert_array_equal(develop(decode_srgb(photograph), SensorSpec(), CAMERA, shoulder=False), photograph)


@pytest.mark.parametrize("level", [0.02, 0.2, 0.8])
def test_noise_variance_is_shot_times_light_plus_read(level: float) -> None:
    spec = SensorSpec(shot_noise=0.03, read_noise=0.01, seed=5)

    noise = add_noise(flat(level), spec) - level

    assert abs(noise.mean()) < 1e-3
    assert noise.var() == pytest.approx(0.03**2 * level + 0.01**2, rel=0.05)


def test_same_seed_same_noise_other_seed_other_noise() -> None:
    one, again, other = (develop(flat(0.3), SensorSpec(shot_noise=0.03, seed=seed), CAMERA) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_vignetting_darkens_the_rim_by_what_was_said_and_leaves_the_middle() -> None:
    picture = decode_srgb(develop(flat(0.5), SensorSpec(vignetting=0.4), CAMERA))

    assert picture[SIZE // 2, SIZE // 2, 0] == pytest.approx(0.5, abs=0.01)
    assert picture[SIZE // 2, SIZE - 1, 0] == pytest.approx(0.5 * 0.6, abs=0.02)


def test_exposure_and_white_balance_scale_linear_light() -> None:
    picture = decode_srgb(develop(flat(0.1), SensorSpec(exposure_ev=1.0, red_gain=1.2, blue_gain=0.8), CAMERA))

    np.testing.assert_allclose(picture[50, 50], [0.24, 0.2, 0.16], atol=0.005)


def test_blur_keeps_the_light_and_spreads_an_edge_as_a_gaussian() -> None:
    edge = flat(0.0)
    edge[:, SIZE // 2 :] = 0.5
    picture = decode_srgb(develop(edge, SensorSpec(blur_px=1.5 * REFERENCE_PX / SIZE), CAMERA, shoulder=False))[
        SIZE // 2, :, 0
    ]

    slope, place = np.diff(picture), np.arange(SIZE - 1)
    middle = np.average(place, weights=slope)
    spread = np.sqrt(np.average((place - middle) ** 2, weights=slope))
    assert spread == pytest.approx(1.5, rel=0.1)
    assert picture.mean() == pytest.approx(0.25, abs=0.01)


def test_roll_off_is_the_identity_below_its_knee_and_never_reaches_white() -> None:
    light = np.linspace(0, 8, 500, dtype=np.float32)
    rolled = roll_off(light)

    np.testing.assert_array_equal(rolled[light <= 0.7], light[light <= 0.7])
    assert (np.diff(rolled) >= 0).all() and rolled.max() <= 1.0


def test_jpeg_round_trip_loses_as_much_as_pillows_at_the_same_quality() -> None:
    rng = np.random.default_rng(3)
    picture = np.clip(rng.normal(128, 25, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=60)
    theirs = np.abs(np.asarray(Image.open(stream)).astype(float) - picture).mean()

    ours = np.abs(compressed(picture, 60).astype(float) - picture).mean()

    assert ours == pytest.approx(theirs, rel=0.05)


@pytest.mark.parametrize("preset", ["mild", "stand-in"])
def test_sampled_sensor_lies_in_its_ranges_and_depends_on_the_generator_alone(preset: str) -> None:
    config = SensorConfig(preset=preset, blur_px=(2.0, 3.0))  # type: ignore[arg-type]
    first, again = (sample_sensor(config, np.random.default_rng(9)) for _ in range(2))

    assert first == again
    assert 2.0 <= first.blur_px <= 3.0
    for name, (low, high) in PRESETS[preset].items():
        if name != "blur_px":
            assert low <= getattr(first, name) <= high


def test_stand_in_is_plainly_another_camera_than_the_mild_one() -> None:
    for name in ("blur_px", "shot_noise", "read_noise", "vignetting"):
        assert PRESETS["stand-in"][name][0] > PRESETS["mild"][name][1]


def test_range_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(InputError, match=r"sensor.blur_px is 2 1: the lower end comes first"):
        sample_sensor(SensorConfig(blur_px=(2, 1)), np.random.default_rng(0))


def test_chance_outside_0_to_1_is_refused() -> None:
    with pytest.raises(InputError, match=r"sensor.video is 1.5: expected a chance, 0 to 1"):
        SensorConfig(video=1.5)


@pytest.mark.parametrize(
    ("field", "given", "reason"),
    [
        ("jpeg_quality", (50, 130), r"sensor.jpeg_quality is 50 130: each should be less than or equal to 100"),
        ("scale", (0.0, 0.5), r"sensor.scale is 0 0.5: each should be greater than 0.1"),
        ("blur_px", (-1.0, 0.5), r"sensor.blur_px is -1 0.5: each should be greater than or equal to 0"),
    ],
)
def test_range_that_no_camera_can_have_is_refused(field: str, given: tuple[float, float], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        SensorConfig(**{field: given})  # type: ignore[arg-type]


def test_varied_is_the_default_and_its_effects_occur_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    drawn = [sample_sensor(SensorConfig(), rng) for _ in range(1500)]

    assert SensorConfig().preset == "auto" and PRESETS["auto"] is PRESETS["varied"]
    for effect, names in EFFECTS.items():
        name = names[0] if names else effect
        occurred = np.mean([getattr(spec, name) != SensorSpec.model_fields[name].default for spec in drawn])
        assert occurred == pytest.approx(CHANCES["varied"][effect], abs=0.05), effect


def test_varied_ranges_hold_every_effect_and_its_values() -> None:
    assert set(PRESETS["varied"]) == set(RANGES)
    for name, (low, high) in PRESETS["varied"].items():
        SensorConfig(**{name: (low, high)})  # type: ignore[arg-type]


def test_effect_whose_range_is_given_occurs_always_unless_its_chance_is_given_too() -> None:
    given = SensorConfig(preset="off", sharpen=(1, 1), video_crf=(30, 30), video=0.0)

    drawn = [sample_sensor(given, np.random.default_rng(seed)) for seed in range(20)]

    assert all(spec.sharpen == 1 and spec.video_crf == 0 for spec in drawn)


def test_presets_of_before_have_none_of_the_newer_effects() -> None:
    for preset in ("mild", "stand-in", "off"):
        spec = sample_sensor(SensorConfig(preset=preset), np.random.default_rng(4))  # type: ignore[arg-type]
        for name in set(RANGES) - set(PRESETS["mild"]):
            assert getattr(spec, name) == SensorSpec.model_fields[name].default
        assert not spec.monochrome


def test_one_range_does_not_change_what_is_drawn_for_the_others() -> None:
    plain, other = (
        sample_sensor(config, np.random.default_rng(2)) for config in (SensorConfig(), SensorConfig(blur_px=(3, 4)))
    )

    assert plain.model_dump(exclude={"blur_px"}) == other.model_dump(exclude={"blur_px"})
