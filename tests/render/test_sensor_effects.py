"""Each effect of the simulated camera alone, held against what it should do to a known picture."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens
from render.place import decode_srgb, encode_srgb
from render.sensor import SensorSpec, add_noise, compressed, develop, filmed, roll_off
from render.sensor.lens_effects import blurred, fringed, line_kernel, rim_blurred, shaken
from render.sensor.noise import grainy_normal, grey, smoothed
from render.sensor.tone import contrasted, saturated, sharpened

SIZE = 160


def camera(size: int = SIZE) -> Camera:
    lens = EquidistantLens(width_px=size, height_px=size, cx_px=size / 2, cy_px=size / 2, f_px=size / np.pi)
    return Camera(lens=lens, pose=CameraPose(height_m=3))


LENS = camera().lens


def spot(x: int, y: int) -> np.ndarray:
    light = np.zeros((SIZE, SIZE, 3), np.float32)
    light[y, x] = 1.0
    return light


def spread_px(plane: np.ndarray) -> tuple[float, float]:
    """Standard deviations along x and y of a bright spot."""
    y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
    mass = plane / plane.sum()
    return tuple(float(np.sqrt((mass * (axis - (mass * axis).sum()) ** 2).sum())) for axis in (x, y))  # type: ignore[return-value]


def texture(seed: int = 0) -> np.ndarray:
    """HWC float32 in 0.2 to 0.8: something of every size."""
    rng = np.random.default_rng(seed)
    planes = [gaussian_filter(rng.normal(size=(SIZE, SIZE, 3)), (size, size, 0)) * size for size in (0.7, 2, 6)]
    return np.clip(0.5 + 0.12 * sum(planes), 0.2, 0.8).astype(np.float32)


def test_off_camera_applies_the_tone_curve_and_nothing_else() -> None:
    light = np.random.default_rng(0).uniform(0, 3, (SIZE, SIZE, 3)).astype(np.float32)

    wanted = np.round(encode_srgb(roll_off(light)) * 255).astype(np.uint8)
    np.testing.assert_array_equal(develop(light, SensorSpec(), camera()), wanted)


def test_fringe_moves_red_out_and_blue_in_by_the_share_of_the_angle() -> None:
    x = SIZE // 2 + 60
    picture = fringed(blurred(spot(x, SIZE // 2), 1.5), 2.0, LENS)

    row = picture[SIZE // 2]
    place = (row * np.arange(SIZE)[:, None]).sum(axis=0) / row.sum(axis=0)
    moved = 2.0 * 60.5 / (SIZE / 2)  # equidistant: the share of the angle is that of the radius
    assert place - place[1] == pytest.approx([moved, 0, -moved], abs=0.06)


def test_fringe_leaves_the_optical_axis_alone() -> None:
    light = blurred(spot(SIZE // 2, SIZE // 2), 1.5)

    np.testing.assert_allclose(fringed(light, 2.0, LENS), light, atol=0.002)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.95])
def test_rim_blur_has_the_standard_deviation_that_its_share_says(share: float) -> None:
    x = int(SIZE / 2 + share * SIZE / 2)
    light = cv2.GaussianBlur(spot(x, SIZE // 2), (0, 0), 1.0)
    before = spread_px(light[..., 1])[1]

    after = spread_px(rim_blurred(light, 3.0, LENS)[..., 1])[1]

    true_share = (x + 0.5 - SIZE / 2) / (SIZE / 2)
    assert np.sqrt(after**2 - before**2) == pytest.approx(3.0 * true_share**2, rel=0.08, abs=0.02)


def test_lens_blur_is_scipys_gaussian() -> None:
    picture = texture()

    np.testing.assert_allclose(
        blurred(picture, 1.3)[8:-8, 8:-8], gaussian_filter(picture, (1.3, 1.3, 0), truncate=6)[8:-8, 8:-8], atol=1e-3
    )


@pytest.mark.parametrize(("angle", "along"), [(0.0, 0), (90.0, 1)])
def test_shake_spreads_a_spot_along_its_direction_only_and_leaves_it_in_place(angle: float, along: int) -> None:
    picture = shaken(spot(70, 60), 7.0, angle)[..., 0]

    spreads = spread_px(picture)
    assert spreads[along] == pytest.approx(7.0 / np.sqrt(12), abs=0.1)
    assert spreads[1 - along] == pytest.approx(0, abs=0.01)
    y, x = np.mgrid[:SIZE, :SIZE]
    assert [(picture * x).sum(), (picture * y).sum()] == pytest.approx([70, 60], abs=0.01)


def test_shake_angle_turns_clockwise_in_the_picture() -> None:
    kernel = line_kernel(8.0, 45.0)
    y, x = np.mgrid[: kernel.shape[0], : kernel.shape[1]] - kernel.shape[0] // 2

    assert kernel.sum() == pytest.approx(1)
    assert (kernel * x * y).sum() > 1.0  # right and down together


@pytest.mark.parametrize("grain_px", [0.5, 1.0])
def test_grain_keeps_the_noises_variance_and_correlates_neighbours_as_its_gaussian_does(grain_px: float) -> None:
    noise = grainy_normal((400, 400, 1), grain_px, seed=3)[..., 0]

    taps = cv2.getGaussianKernel(2 * round(4 * grain_px) + 1, grain_px).ravel()
    wanted = (taps[1:] * taps[:-1]).sum() / (taps**2).sum()
    assert noise.std() == pytest.approx(1.0, rel=0.02)
    assert np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1] == pytest.approx(wanted, abs=0.02)


def test_grey_camera_shows_brightness_with_one_noise_for_all_channels() -> None:
    light = np.full((SIZE, SIZE, 3), (0.4, 0.2, 0.1), np.float32)
    spec = SensorSpec(monochrome=True, shot_noise=0.05, red_gain=1.3)

    picture = develop(light, spec, camera())

    assert (np.ptp(picture, axis=2) == 0).all()
    assert np.median(decode_srgb(picture)) == pytest.approx(0.2126 * 0.4 + 0.7152 * 0.2 + 0.0722 * 0.1, abs=0.006)
    assert picture.std() > 1
    np.testing.assert_allclose(grey(light)[0, 0], 0.2353, atol=1e-4)


def test_black_crushes_what_lies_below_it_and_keeps_white() -> None:
    levels = np.linspace(0, 1, SIZE, dtype=np.float32)
    light = decode_srgb(np.broadcast_to(levels[None, :, None] * 255, (SIZE, SIZE, 3)))

    row = develop(light, SensorSpec(black=0.1), camera(), shoulder=False)[0, :, 0] / 255

    assert (row[levels < 0.098] == 0).all()
    np.testing.assert_allclose(row[levels > 0.12], ((levels - 0.1) / 0.9)[levels > 0.12], atol=0.005)


@pytest.mark.parametrize("contrast", [0.7, 1.5])
def test_contrast_is_the_slope_in_the_middle_and_stays_in_range(contrast: float) -> None:
    levels = np.linspace(0, 1, 2001, dtype=np.float32)

    result = contrasted(levels, contrast)

    slope = np.gradient(result, levels)
    assert slope[1000] == pytest.approx(contrast, rel=0.01) and (slope > 0).all()
    ends = (0.0, 1.0) if contrast > 1 else (0.5 - 0.35, 0.5 + 0.35)
    assert (result[0], result[-1]) == pytest.approx(ends)


def test_gamma_is_an_exponent_on_the_encoded_picture() -> None:
    light = np.full((SIZE, SIZE, 3), 0.2, np.float32)

    level = develop(light, SensorSpec(gamma=1.2), camera())[0, 0, 0] / 255

    assert level == pytest.approx(float(encode_srgb(np.array(0.2))) ** 1.2, abs=0.003)


def test_saturation_scales_the_distance_from_the_grey_of_equal_brightness() -> None:
    picture = texture()
    weights = np.array([0.2126, 0.7152, 0.0722])

    result = saturated(picture, 0.4)

    np.testing.assert_allclose(result @ weights, picture @ weights, atol=1e-5)
    np.testing.assert_allclose(result[..., 0] - result[..., 2], 0.4 * (picture[..., 0] - picture[..., 2]), atol=1e-5)


def test_sharpening_is_an_unsharp_mask_with_halos_on_both_sides_of_an_edge() -> None:
    picture = np.full((SIZE, SIZE, 3), 0.3, np.float32)
    picture[:, SIZE // 2 :] = 0.6

    result = sharpened(picture, 1.5, 2.0)

    wanted = picture + 1.5 * (picture - gaussian_filter(picture, (2.0, 2.0, 0), mode="nearest", truncate=6))
    np.testing.assert_allclose(result, wanted, atol=2e-3)
    assert result.max() > 0.7 and result.min() < 0.2


def test_smoothing_removes_faint_texture_and_keeps_strong_edges() -> None:
    rng = np.random.default_rng(1)
    picture = np.full((SIZE, SIZE, 3), 0.3, np.float32)
    picture[:, SIZE // 2 :] = 0.7
    picture += rng.normal(0, 0.01, (SIZE, SIZE, 1)).astype(np.float32)

    result = smoothed(picture, 0.04, 3.0)

    assert result[:, : SIZE // 2 - 12].std() < 0.3 * picture[:, : SIZE // 2 - 12].std()
    edge = result[:, SIZE // 2 - 1 : SIZE // 2 + 1, 0].mean(axis=0)
    assert edge[1] - edge[0] > 0.36


def test_smoothing_is_the_guided_filter_of_its_formula() -> None:
    picture = np.repeat(texture()[..., :1], 3, axis=2)
    plane, side = picture[..., 0].astype(np.float64), 7

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.blur(values, (side, side)))

    variance = mean(plane**2) - mean(plane) ** 2
    slope = variance / (variance + 0.03**2)
    wanted = mean(slope) * plane + mean(mean(plane) * (1 - slope))

    np.testing.assert_allclose(smoothed(picture, 0.03, 3.0)[..., 1], wanted, atol=1e-3)


def test_smaller_sensor_loses_the_finest_detail_and_keeps_size_and_light() -> None:
    light = np.zeros((SIZE, SIZE, 3), np.float32)
    light[:, ::2] = 0.5  # the finest stripes there are

    picture = develop(light, SensorSpec(scale=0.5), camera(), shoulder=False)

    assert picture.shape == light.shape
    np.testing.assert_allclose(decode_srgb(picture), 0.25, atol=0.01)


@pytest.mark.parametrize("size", [(96, 96), (97, 131)])
def test_video_keeps_the_size_and_loses_more_the_higher_its_rate_factor(size: tuple[int, int]) -> None:
    picture = np.round(texture()[: size[0], : size[1]] * 255).astype(np.uint8)

    losses = [np.abs(filmed(picture, crf).astype(float) - picture).mean() for crf in (18, 28, 40)]

    assert filmed(picture, 18).shape == picture.shape
    assert losses[0] < losses[1] < losses[2]
    np.testing.assert_array_equal(filmed(picture, 30), filmed(picture, 30))


def test_video_frame_is_what_a_container_of_the_same_stream_gives_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    picture = np.round(texture()[:128, :128] * 255).astype(np.uint8)
    with av.open(tmp_path / "one.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "30", "preset": "superfast"})
        stream.width, stream.height, stream.pix_fmt = 128, 128, "yuv420p"
        stream.thread_count = 1
        frame = av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420), format="yuv420p")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with av.open(tmp_path / "one.mp4") as container:
        planes = next(container.decode(video=0)).to_ndarray()

    theirs = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420).astype(float)
    assert np.abs(filmed(picture, 30) - theirs).mean() < 0.5


def test_no_video_and_no_jpeg_leave_the_picture_as_it_is() -> None:
    picture = np.round(texture() * 255).astype(np.uint8)

    assert filmed(picture, 0) is picture and compressed(picture, 0) is picture


@pytest.mark.parametrize(
    "spec",
    [
        SensorSpec(blur_px=4.0),
        SensorSpec(rim_blur_px=8.0),
        SensorSpec(shake_px=16.0, shake_angle_deg=30),
        SensorSpec(fringe_px=8.0),
        SensorSpec(sharpen=1.0, sharpen_px=4.0),
    ],
    ids=lambda spec: "-".join(sorted(spec.model_fields_set)),
)
def test_px_parameters_scale_with_the_picture(spec: SensorSpec) -> None:
    small = gaussian_filter(texture(), (2, 2, 0))
    large = cv2.resize(small, (2 * SIZE, 2 * SIZE), interpolation=cv2.INTER_CUBIC)

    of_small = develop(small, spec, camera(), shoulder=False).astype(float)
    of_large = develop(large, spec, camera(2 * SIZE), shoulder=False).astype(float)

    reduced = cv2.resize(of_large, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    effect = np.abs(of_small - develop(small, SensorSpec(), camera(), shoulder=False)).mean()
    assert np.abs(reduced - of_small)[4:-4, 4:-4].mean() < 0.25 * effect + 0.3


def test_noise_grain_scales_with_the_picture() -> None:
    light = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    spec = SensorSpec(shot_noise=0.05, noise_grain_px=2.0)

    fine, coarse = (add_noise(light, spec, unit)[..., 1] for unit in (0.25, 0.5))

    def neighbours(plane: np.ndarray) -> float:
        return float(np.corrcoef(plane[:, 1:].ravel(), plane[:, :-1].ravel())[0, 1])

    assert neighbours(coarse) > neighbours(fine) + 0.15


def test_every_effect_together_gives_the_same_picture_twice_from_its_json() -> None:
    spec = SensorSpec(
        exposure_ev=0.2, red_gain=1.1, blue_gain=0.9, vignetting=0.3, blur_px=1, rim_blur_px=2, shake_px=4,
        shake_angle_deg=20, fringe_px=1, shot_noise=0.02, read_noise=0.005, noise_grain_px=1, gamma=1.1, black=0.05,
        contrast=1.3, saturation=1.2, smooth=0.03, sharpen=1, sharpen_px=1.5, scale=0.7, video_crf=28,
        jpeg_quality=70, seed=8,
    )  # fmt: skip

    first = develop(texture(), spec, camera())
    again = develop(texture(), SensorSpec.model_validate_json(spec.model_dump_json()), camera())

    np.testing.assert_array_equal(first, again)
    assert first.shape == (SIZE, SIZE, 3) and first.dtype == np.uint8


@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_effects_do_not_move_the_picture(scale: float) -> None:
    """Labels lie where the light was: whatever the camera does is symmetric."""
    y, x = np.mgrid[:SIZE, :SIZE]
    light = 0.1 + 0.5 * np.exp(-((x - 83.3) ** 2 + (y - 71.8) ** 2) / (2 * 5.0**2))
    spec = SensorSpec(blur_px=4, shake_px=8, shake_angle_deg=30, scale=scale, sharpen=0.5, sharpen_px=4, video_crf=18)

    picture = develop(np.repeat(light[..., None], 3, axis=2), spec, camera(), shoulder=False)

    mass = np.maximum(decode_srgb(picture[..., 1]) - 0.13, 0)
    assert [(mass * x).sum() / mass.sum(), (mass * y).sum() / mass.sum()] == pytest.approx([83.3, 71.8], abs=0.1)
