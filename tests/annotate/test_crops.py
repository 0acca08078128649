"""Upright crops and their way back: heads up, nothing blurred, nothing spilled."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from annotate import crops
from annotate.boxes import box_corners
from annotate.camera import Camera, CameraPose
from annotate.errors import InputError
from annotate.lens import EquidistantLens

NADIR = np.array([181.5, 149.0])
RED, BLUE = (255, 0, 0), (0, 0, 255)
every_angle = pytest.mark.parametrize("degrees", [0, 37, 90, 135, 180, 201, 270, 315, 359])


def textured(height: int = 300, width: int = 360, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 1.5)


def person_at(degrees: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture with a red head outside and blue feet inside on a radius; the head's and the feet's place."""
    outward = np.array([math.sin(math.radians(degrees)), -math.cos(math.radians(degrees))])
    head, feet = NADIR + 110 * outward, NADIR + 70 * outward
    picture = np.zeros((300, 360, 3), np.uint8)
    for place, colour in ((head, RED), (feet, BLUE)):
        # OpenCV draws around pixel centres counted at +0, in 1/16 px here.
        centre = np.rint((place - 0.5) * 16).astype(int)
        cv2.circle(picture, tuple(int(c) for c in centre), 6 * 16, colour, -1, cv2.LINE_AA, 4)
    return picture, head, feet


def centroid(weight: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    total = weight.sum(dtype=float)
    return np.array([(x * weight).sum() / total, (y * weight).sum() / total])


@every_angle
@pytest.mark.parametrize(("window", "size"), [(100, 64), (64, 64), (90, 128)])
def test_a_person_comes_out_upright_with_the_head_in_its_place(degrees: int, window: float, size: int) -> None:
    picture, head, _ = person_at(degrees)
    frame = crops.upright_crop(head, NADIR, window, size)
    crop = crops.extract(picture, frame)
    assert crop.shape == (size, size, 3) and crop.dtype == np.uint8
    red, blue = centroid(crop[..., 0]), centroid(crop[..., 2])
    np.testing.assert_allclose(red, [0.5 * size, 0.25 * size], atol=0.15)
    np.testing.assert_allclose(blue, [0.5 * size, 0.25 * size + 40 * size / window], atol=0.15)


@every_angle
def test_the_crop_is_turned_not_mirrored(degrees: int) -> None:
    _, head, _ = person_at(degrees)
    frame = crops.upright_crop(head, NADIR, 100, 50)
    assert np.linalg.det(frame.picture_from_crop[:, :2]) == pytest.approx(4.0)
    assert frame.picture_px_per_crop_px == pytest.approx(2.0)


@every_angle
def test_there_and_back_is_the_same_place(degrees: int) -> None:
    _, head, _ = person_at(degrees)
    frame = crops.upright_crop(head, NADIR, 77.7, 128)
    px = np.random.default_rng(0).uniform(-50, 400, (30, 2))
    np.testing.assert_allclose(frame.to_picture(frame.to_crop(px)), px, atol=1e-9)
    sides = np.linalg.norm(np.diff(frame.corners_px(), axis=0), axis=1)
    np.testing.assert_allclose(sides, 77.7)


def test_an_anchor_at_the_nadir_is_not_turned_and_a_plain_crop_is_a_slice() -> None:
    picture = textured()
    frame = crops.upright_crop((100, 120), (100, 120), 64, 64, (0.5, 0.5))
    np.testing.assert_array_equal(crops.extract(picture, frame), picture[88:152, 68:132])


def test_a_quarter_turn_is_exact() -> None:
    picture = textured()
    to_the_right = crops.upright_crop((200, 120), (100, 120), 64, 64, (0.5, 0.5))
    np.testing.assert_array_equal(crops.extract(picture, to_the_right), np.rot90(picture[88:152, 168:232]))


def test_shrinking_averages_and_does_not_alias() -> None:
    stripes = np.zeros((256, 256), np.uint8)
    stripes[:, ::2] = 255
    crop = crops.extract(stripes, crops.upright_crop((128, 128), (128, 128), 200, 50, (0.5, 0.5)))
    assert crop.shape == (50, 50)
    np.testing.assert_allclose(crop, 127.5, atol=2)


def test_floats_keep_their_range_and_what_lies_outside_is_black() -> None:
    image = np.zeros((60, 60, 1), np.float32)
    image[20:40, 20:40] = 1
    crop = crops.extract(image, crops.upright_crop((30, 30), (30, 30), 24, 96, (0.5, 0.5)))
    assert crop.shape == (96, 96, 1) and crop.min() == 0 and crop.max() == 1
    outside = crops.extract(textured(), crops.upright_crop((-100, -100), NADIR, 50, 32))
    assert not outside.any()


def test_instance_ids_are_never_mixed() -> None:
    mask = np.zeros((300, 360), np.uint16)
    mask[100:160, 200:260], mask[160:200, 200:260] = 3, 60001
    frame = crops.upright_crop((230, 150), NADIR, 90, 128, (0.5, 0.5))
    assert set(np.unique(crops.extract_labels(mask, frame))) == {0, 3, 60001}
    assert crops.extract_labels(mask == 3, frame).dtype == bool


@every_angle
@pytest.mark.parametrize(("head_box", "anchor"), [(None, "auto"), ([0, 0, 12, 12], "head"), ([0, 0, 12, 12], "auto")])
def test_a_window_sized_to_the_person_holds_the_whole_box(degrees: int, head_box: list | None, anchor: str) -> None:
    _, head, feet = person_at(degrees)
    low, high = np.minimum(head, feet) - 10, np.maximum(head, feet) + 10
    box = [*low, *(high - low)]
    if head_box is not None:
        head_box = [*(head - 6), 12, 12]
    frame = crops.person_crop(head_box, box, NADIR, 64, anchor=anchor, margin=1.0)
    inside = frame.to_crop(box_corners(box))
    assert inside.min() > -1e-9 and inside.max() < 64 + 1e-9
    assert min(inside.min(), 64 - inside.max()) < 1e-9, "no wider than needed"
    wide = crops.person_crop(head_box, box, NADIR, 64, anchor=anchor)
    assert wide.picture_px_per_crop_px == pytest.approx(1.25 * frame.picture_px_per_crop_px)


def test_person_anchor_puts_the_box_in_the_middle_and_a_given_window_is_kept() -> None:
    frame = crops.person_crop([210, 90, 10, 10], [200, 80, 30, 60], NADIR, 100, anchor="person", window_px=50)
    np.testing.assert_allclose(frame.to_crop([[215, 110]]), [[50, 50]], atol=1e-9)
    assert frame.picture_px_per_crop_px == pytest.approx(0.5)
    upper = crops.person_crop([210, 90, 10, 10], [200, 80, 30, 60], NADIR, 100, window_px=50)
    np.testing.assert_allclose(upper.to_crop([[215, 95]]), [[50, 25]], atol=1e-9)


def test_people_of_a_tilted_off_centre_camera_stand_upright_when_turned_about_its_nadir() -> None:
    lens = EquidistantLens(width_px=640, height_px=480, cx_px=290.0, cy_px=260.0, f_px=190.0, max_theta_deg=92.0)
    camera = Camera(lens=lens, pose=CameraPose(height_m=3.0, tilt_deg=12.0, tilt_azimuth_deg=70.0))
    lean_deg: dict[str, list[float]] = {"nadir": [], "middle": []}
    for azimuth in np.radians(np.arange(0, 360, 40)):
        x, y = 2.0 * math.cos(azimuth), 2.0 * math.sin(azimuth)
        feet, waist, head = camera.project_world([(x, y, z) for z in (0.0, 1.0, 1.7)])
        for about, centre in (("nadir", camera.nadir_px()), ("middle", np.array([320.0, 240.0]))):
            rise = np.diff(crops.upright_crop(waist, centre, 100, 100).to_crop([feet, head]), axis=0)[0]
            lean_deg[about].append(abs(math.degrees(math.atan2(rise[0], -rise[1]))))
    assert max(lean_deg["nadir"]) < 4, "verticals bow a little through a tilted fisheye, not more"
    assert max(lean_deg["middle"]) > 20


@every_angle
@pytest.mark.parametrize(("window", "size"), [(100, 64), (64, 64), (50, 128), (300, 32)])
def test_an_unchanged_crop_changes_not_one_bit(degrees: int, window: float, size: int) -> None:
    picture = textured()
    _, head, _ = person_at(degrees)
    frame = crops.upright_crop(head, NADIR, window, size)
    crop = crops.extract(picture, frame)
    for same in (crop, crop.astype(np.float32)):
        np.testing.assert_array_equal(crops.reinsert(picture, crop, same, frame, np.ones((300, 360))), picture)


@every_angle
@pytest.mark.parametrize(("window", "size"), [(100, 64), (100, 256)])
def test_a_tint_is_the_same_everywhere_in_the_mask_and_nowhere_else(degrees: int, window: float, size: int) -> None:
    picture = np.clip(textured(), 60, 190)
    _, head, feet = person_at(degrees)
    frame = crops.upright_crop(head, NADIR, window, size)
    crop = crops.extract(picture, frame)
    alpha = np.zeros((300, 360))
    cv2.circle(alpha, tuple(int(c) for c in (head + feet) / 2), 15, 1.0, -1)
    result = crops.reinsert(picture, crop, crop.astype(np.float32) + np.array([20, -12, 7]), frame, alpha)
    change = result.astype(int) - picture
    np.testing.assert_array_equal(change[alpha == 0], 0)
    np.testing.assert_allclose(change[alpha == 1], np.broadcast_to([20, -12, 7], (int(alpha.sum()), 3)), atol=1)


def test_half_an_alpha_adds_half_the_change_and_white_does_not_wrap() -> None:
    picture = np.full((100, 100, 3), 240, np.uint8)
    frame = crops.upright_crop((50, 50), (50, 90), 60, 60, (0.5, 0.5))
    crop = crops.extract(picture, frame)
    tinted = crop.astype(np.float32) + 10
    half = crops.reinsert(picture, crop, tinted, frame, np.full((100, 100), 0.5))
    assert half[50, 50, 0] == 245 and half[2, 2, 0] == 240
    assert crops.reinsert(picture, crop, tinted + 100, frame, np.ones((100, 100)))[50, 50, 0] == 255


@every_angle
@pytest.mark.parametrize("size", [32, 80, 240])
def test_a_mark_made_in_the_crop_lands_at_its_place_in_the_picture(degrees: int, size: int) -> None:
    picture = np.zeros((300, 360, 3), np.uint8)
    _, head, _ = person_at(degrees)
    frame = crops.upright_crop(head, NADIR, 80, size)
    crop = crops.extract(picture, frame)
    marked = crop.copy()
    side = size // 8
    marked[size // 2 : size // 2 + side, size // 4 : size // 4 + side] = 255
    result = crops.reinsert(picture, crop, marked, frame, np.ones((300, 360)))
    mark = np.array([[size // 4 + side / 2, size // 2 + side / 2]])
    np.testing.assert_allclose(centroid(result[..., 0]), frame.to_picture(mark)[0], atol=0.2)


def test_a_person_at_the_rim_of_the_picture_is_cropped_and_put_back() -> None:
    picture = textured()
    frame = crops.upright_crop((3, 5), NADIR, 80, 64)
    crop = crops.extract(picture, frame)
    result = crops.reinsert(picture, crop, crop.astype(np.float32) + 30, frame, np.ones((300, 360)))
    assert result[8, 8].astype(int).sum() > picture[8, 8].astype(int).sum()
    far = crops.upright_crop((-500, -500), NADIR, 80, 64)
    blank = crops.extract(picture, far)
    np.testing.assert_array_equal(crops.reinsert(picture, blank, blank + 9, far, np.ones((300, 360))), picture)


def test_bad_crops_are_refused_with_what_is_wrong() -> None:
    with pytest.raises(InputError, match="has no head box"):
        crops.person_crop(None, [0, 0, 5, 5], NADIR, 64, anchor="head")
    with pytest.raises(InputError, match="has no area"):
        crops.person_crop(None, [0, 0, 0, 5], NADIR, 64)
    with pytest.raises(InputError, match="not finite"):
        crops.upright_crop((np.nan, 0), NADIR, 10, 10)
    with pytest.raises(InputError, match="window of 0 px"):
        crops.upright_crop((5, 5), NADIR, 0, 10)
    frame = crops.upright_crop((5, 5), NADIR, 10, 10)
    with pytest.raises(InputError, match=r"crops of \(10, 10, 3\) and \(8, 8, 3\)"):
        crops.reinsert(textured(), np.zeros((10, 10, 3)), np.zeros((8, 8, 3)), frame, np.ones((300, 360)))
