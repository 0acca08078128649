"""One blend over all refined crops of a picture: weights that are soft where they end, and changes that stay continuous."""

import numpy as np
import pytest

from annotate.crops import CropFrame, extract, person_crop, upright_crop
from refine.reinsertion.blend import (
    LONGEST_RAMP,
    RefinedCrop,
    blend,
    edge_ramp,
    person_window,
    ramp_px,
    signed_distance_px,
    window_depth_px,
    window_fade,
)
from refine.reinsertion.steps import UNSEEN_LEVELS

NADIR = (48.0, 60.0)


def disc(center: tuple[float, float], radius: float, size: int = 64) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] + 0.5
    return np.hypot(columns - center[0], rows - center[1]) < radius


def whole_weight(mask: np.ndarray, instance_id: int, frame: CropFrame, feather_px: float) -> np.ndarray:
    """How much of a lone person's change counts, in the whole picture."""
    weights = np.zeros(mask.shape, np.float32)
    window = person_window(mask, instance_id, frame, feather_px)
    if (person := mask[window] == instance_id).any():
        fade = window_fade(mask, instance_id, frame, window, feather_px)
        weights[window] = edge_ramp(person, feather_px, feather_px) * fade
    return weights


def refined_crop(picture: np.ndarray, instance_id: int, frame: CropFrame, change: float) -> RefinedCrop:
    crop = extract(picture, frame)
    return RefinedCrop(instance_id, frame, crop, np.clip(crop + change, 0, 255).astype(np.uint8))


def two_people() -> tuple[np.ndarray, np.ndarray, dict[int, CropFrame]]:
    """A grey picture of 96 px with two people who touch along column 48."""
    mask = np.zeros((96, 96), np.uint16)
    mask[20:70, 20:48], mask[20:70, 48:76] = 1, 2
    boxes = {1: [20, 20, 28, 50], 2: [48, 20, 28, 50]}
    return np.full((96, 96, 3), 120, np.uint8), mask, {i: person_crop(None, b, NADIR, 64) for i, b in boxes.items()}


def test_weight_is_one_inside_and_zero_outside_the_person() -> None:
    mask = disc((40, 20), 9).astype(np.uint16)
    weight = whole_weight(mask, 1, person_crop(None, [31, 11, 18, 18], [32, 32], 64), 2.0)
    assert weight.dtype == np.float32
    assert weight[disc((40, 20), 6)].min() == 1
    assert weight[~disc((40, 20), 12)].max() == 0
    assert 0.5 < weight[mask > 0].min() < 0.8
    assert 0.2 < weight[mask == 0].max() < 0.5


def test_ramp_crosses_one_half_on_the_edge() -> None:
    mask = np.zeros((9, 20), bool)
    mask[:, 8:] = True
    assert edge_ramp(mask, 2.0, 2.0)[4, 5:11] == pytest.approx([0, 1 / 8, 3 / 8, 5 / 8, 7 / 8, 1], abs=1e-4)
    assert edge_ramp(mask, 0.0, 0.0)[4, 6:10] == pytest.approx([0, 0, 1, 1])
    # A longer one begins at the same place and reaches further inside.
    assert edge_ramp(mask, 2.0, 4.0)[4, 5:14] == pytest.approx(np.arange(-0.5, 8) / 8, abs=0.063)


def test_signed_distance_is_that_of_the_circle() -> None:
    rows, columns = np.mgrid[:64, :64] + 0.5
    exact = 20 - np.hypot(columns - 32, rows - 32)
    assert np.abs(signed_distance_px(exact > 0) - exact).max() < 1.0


def test_arm_of_three_pixels_gets_most_of_its_change() -> None:
    mask = np.zeros((64, 64), np.uint16)
    mask[30:33, 5:60] = 1
    weight = whole_weight(mask, 1, upright_crop([32, 32], [32, 32], 80, 64, (0.5, 0.5)), 2.0)
    assert weight[31, 10:55].min() > 0.8


def test_border_of_the_picture_is_no_edge_of_a_person_that_it_cuts() -> None:
    mask = np.zeros((40, 40), np.uint16)
    mask[10:30, 30:] = 1
    frame = upright_crop([35, 20], [20, 20], 60, 32, (0.5, 0.5))
    assert whole_weight(mask, 1, frame, 2.0)[20, 39] == 1


def test_person_who_fills_the_picture_keeps_full_weight() -> None:
    frame = upright_crop([8, 8], [8, 8], 40, 32, (0.5, 0.5))
    assert whole_weight(np.ones((16, 16), np.uint16), 1, frame, 2.0).min() == 1


def test_person_in_a_fitted_window_is_not_weakened_by_the_window() -> None:
    mask = np.zeros((96, 96), np.uint16)
    mask[20:70, 30:50] = 1
    weight = whole_weight(mask, 1, person_crop(None, [30, 20, 20, 50], [40, 90], 64, margin=1.25), 2.0)
    assert weight[22:68, 32:48].min() == pytest.approx(1)


def test_person_beyond_the_window_fades_over_three_tenths_of_it() -> None:
    frame = upright_crop([48, 48], [48, 48], 40, 64, (0.5, 0.5))  # window: columns and rows 28 to 68
    weight = whole_weight(np.ones((96, 96), np.uint16), 1, frame, 2.0)
    assert weight[:28].max() == weight[68:].max() == weight[:, :28].max() == weight[:, 68:].max() == 0
    assert np.abs(np.diff(weight[48])).max() == pytest.approx(1 / 12, abs=1e-3)  # no step: 12 of 40 pixels
    assert weight[48, 41:55].min() == 1


def test_fade_widens_evenly_as_less_of_the_person_is_inside() -> None:
    frame = upright_crop([48, 48], [48, 48], 40, 64, (0.5, 0.5))
    steps = []
    for bottom in (60, 70, 71, 72, 73):
        mask = np.zeros((96, 96), np.uint16)
        mask[30:bottom, 40:56] = 1
        steps.append(np.diff(whole_weight(mask, 1, frame, 0.0)[30:66, 48]).max())
    # Rows 68 and beyond are outside: 0, 2 of 40, 3 of 41, 4 of 42, 5 of 43 rows.
    expected = [1 / (40 * min(0.1 + 2 * share, 0.3)) for share in (0, 2 / 40, 3 / 41, 4 / 42, 5 / 43)]
    assert steps == pytest.approx(expected, rel=0.02)


def test_depth_in_a_turned_window_is_the_distance_to_its_edge() -> None:
    frame = upright_crop([32, 20], [20, 32], 20, 40, (0.5, 0.5))
    depth = window_depth_px((64, 64), (0, 0), frame)
    assert depth[19:21, 31:33].mean() == pytest.approx(10, abs=1)
    rows, columns = np.nonzero(depth > -5)
    inside_px = frame.to_crop(np.column_stack([columns, rows]) + 0.5) / 2  # half a picture pixel to a crop pixel
    expected = np.minimum(inside_px, 20 - inside_px).min(axis=1)
    assert depth[rows, columns] == pytest.approx(expected, abs=1e-4)


def test_nobody_has_no_weight() -> None:
    frame = upright_crop([8, 8], [8, 8], 16, 32)
    assert whole_weight(np.zeros((16, 16), np.uint16), 1, frame, 2.0).max() == 0


def test_unchanged_crops_change_not_one_bit() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
    _, mask, frames = two_people()
    same = [refined_crop(picture, i, frame, 0.0) for i, frame in frames.items()]
    assert np.array_equal(blend(picture, mask, same, 2.0), picture)
    assert np.array_equal(blend(picture, mask, [], 2.0), picture)


def test_people_who_touch_and_change_alike_have_no_line_between_them() -> None:
    picture, mask, frames = two_people()
    result = blend(picture, mask, [refined_crop(picture, i, frame, 40.0) for i, frame in frames.items()], 2.0)
    assert result[27:63, 27:69].min() >= 159
    assert result.max() <= 160


def test_people_who_touch_and_change_apart_fade_into_each_other() -> None:
    picture, mask, frames = two_people()
    crops = [
        refined_crop(picture, i, frame, change)
        for (i, frame), change in zip(frames.items(), (40.0, -40.0), strict=True)
    ]
    row = blend(picture, mask, crops, 2.0)[45, :, 0].astype(int)
    assert row[40] == 160
    assert row[55] == 80
    assert (np.diff(row[40:56]) <= 0).all()
    # The picture is flat: steps as high as nobody sees.
    assert np.abs(np.diff(row)).max() <= UNSEEN_LEVELS + 1
    assert row[47] + row[48] == pytest.approx(240, abs=1)


def test_nobodys_change_reaches_the_inside_of_another_person() -> None:
    picture, mask, frames = two_people()
    result = blend(picture, mask, [refined_crop(picture, 1, frames[1], 40.0)], 2.0)
    assert np.array_equal(result[:, 50:], picture[:, 50:])
    assert (result[45, 48:50, 0] > 120).all()


def test_order_of_the_people_does_not_matter() -> None:
    picture, mask, frames = two_people()
    crops = [
        refined_crop(picture, i, frame, change)
        for (i, frame), change in zip(frames.items(), (33.0, -21.0), strict=True)
    ]
    one, other = (blend(picture, mask, order, 2.0).astype(int) for order in (crops, crops[::-1]))
    assert np.abs(one - other).max() <= 1


def test_blend_is_the_weighted_mean_of_the_changes() -> None:
    """Against the formula, written out with whole-picture arrays and constant changes."""
    picture, mask, frames = two_people()
    picture[::2] = 60  # texture that hides the shortest ramp
    mask[40:44, 30:70] = 3  # an arm across both
    frames[3] = person_crop(None, [30, 40, 40, 4], NADIR, 64)
    changes = {1: 40.0, 2: -30.0, 3: 20.0}
    result = blend(picture, mask, [refined_crop(picture, i, frame, changes[i]) for i, frame in frames.items()], 2.0)
    ramps = {i: edge_ramp(mask == i, 2.0, 2.0).astype(float) for i in frames}
    window = (slice(0, 96), slice(0, 96))
    fades = {i: window_fade(mask, i, frame, window, 2.0) for i, frame in frames.items()}
    changed = sum(ramps[i] * fades[i] * changes[i] for i in frames) / np.maximum(sum(ramps.values()), 1e-9)
    mean = edge_ramp(mask > 0, 2.0, 2.0) * changed
    assert np.abs(result[..., 0] - (picture[..., 0] + mean)).max() <= 0.51


def test_ramp_is_as_long_as_the_persons_texture_needs() -> None:
    person = np.zeros((40, 40), bool)
    person[5:35, 5:35] = True
    flat, striped = np.full((40, 40, 3), 100, np.float32), np.zeros((40, 40, 3), np.float32)
    striped[:, ::2] = 60
    change = np.full((40, 40, 3), 48, np.float32)
    assert ramp_px(flat, change, person, 2.0) == pytest.approx(48 / UNSEEN_LEVELS)
    assert ramp_px(striped, change, person, 2.0) == 2.0
    assert ramp_px(flat, 4 * change, person, 2.0) == 2.0 * LONGEST_RAMP
    # What the refiner draws hides a step too; what lies outside the person or on its outline does not.
    drawn = change.copy()
    drawn[:, ::2] = -48
    assert ramp_px(flat, drawn, person, 2.0) == 2.0
    around = flat.copy()
    around[~person] = 0
    assert ramp_px(around, change, person, 2.0) == pytest.approx(48 / UNSEEN_LEVELS)
    assert ramp_px(flat, change, person, 0.0) == 0.0
