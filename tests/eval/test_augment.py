"""Augmented pictures keep their labels on their people."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely

from annotate.boxes import rotated_box_corners, upright_box_of
from annotate.dataset import Dataset, Person, Picture
from eval.config import Augmentation
from eval.data.augment import augment, draw_affine, mosaic, move_boxes, move_points, move_rotated, recolour, warp
from eval.data.samples import Letterbox, Sample, load_samples

STILL = Augmentation(turn="none", flip=False, scale=0, shift=0, colour=0, blur_noise=0)


@pytest.fixture
def sample(tmp_path: Path, write_discs: Callable[..., Path]) -> Sample:
    return load_samples([Dataset.read(write_discs(tmp_path / "S", pictures=1))], 96, "person", 0.2)[0]


def test_no_augmentation_gives_the_picture_as_it_is(sample: Sample) -> None:
    same = augment(sample, STILL, np.random.default_rng(0))
    np.testing.assert_array_equal(same.image, sample.image)
    np.testing.assert_allclose(same.boxes, sample.boxes)


@pytest.mark.parametrize("seed", range(8))
def test_boxes_stay_tight_around_the_bright_discs(sample: Sample, seed: int) -> None:
    how = Augmentation(scale=0.2, shift=0.1, colour=0, blur_noise=0)
    moved = augment(sample, how, np.random.default_rng(seed))
    bright = moved.image[..., 0] > 170
    for x, y, w, h in moved.boxes:
        inside = bright[max(0, round(y)) : round(y + h), max(0, round(x)) : round(x + w)]
        rows, columns = np.nonzero(inside)
        assert np.ptp(columns) + 1 == pytest.approx(w, abs=2) and np.ptp(rows) + 1 == pytest.approx(h, abs=2)


def test_quarter_turns_and_flips_are_exact_and_keep_the_nadir() -> None:
    how = STILL.model_copy(update={"turn": "quarter", "flip": True})
    nadir = np.array([40.0, 50.0])
    seen = set()
    for seed in range(40):
        affine = draw_affine(nadir, 96, how, np.random.default_rng(seed))
        np.testing.assert_allclose(move_points(nadir[None], affine)[0], nadir)
        turn = affine[:, :2]
        assert set(np.abs(turn).ravel()) == {0.0, 1.0}
        seen.add(tuple(turn.ravel()))
    assert len(seen) == 8


def test_turned_picture_is_numpys_turned_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    turn = np.array([[0.0, -1.0, 64.0], [1.0, 0.0, 0.0]])  # (x, y) to (64 - y, x): a quarter clockwise
    np.testing.assert_array_equal(warp(image, turn), np.rot90(image, -1))
    np.testing.assert_allclose(move_boxes(np.array([[10.0, 20.0, 5.0, 8.0]]), turn), [[36, 10, 8, 5]])


def test_person_pushed_out_of_the_picture_is_ignored_not_learned(sample: Sample) -> None:
    how = STILL.model_copy(update={"shift": 0.5})
    for seed in range(30):
        moved = augment(sample, how, np.random.default_rng(seed))
        edges = np.concatenate([moved.boxes, moved.ignored])
        assert (edges[:, :2] >= 0).all() and (edges[:, :2] + edges[:, 2:] <= 96).all()
        if len(moved.ignored):
            return
    pytest.fail("no draw pushed anybody out")


def test_colours_change_but_not_the_shape(sample: Sample) -> None:
    changed = recolour(sample.image, Augmentation(), np.random.default_rng(3))
    assert changed.shape == sample.image.shape and changed.dtype == np.uint8
    assert np.abs(changed.astype(int) - sample.image).mean() > 2


def test_same_generator_gives_the_same_variation(sample: Sample) -> None:
    first, second = (augment(sample, Augmentation(), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.boxes, second.boxes)


def _bars(size: int = 128) -> Sample:
    """Bright bars at several angles on black, with masks' outlines and rotated boxes."""
    boxes = np.array([[40.0, 40.0, 10.0, 36.0, 25.0], [90.0, 84.0, 12.0, 30.0, -70.0]])
    image = np.zeros((size, size, 3), np.uint8)
    for corners in rotated_box_corners(boxes):
        cv2.fillPoly(image, [np.round(corners - 0.5).astype(np.int32)], (255, 255, 255))
    outlines = tuple(rotated_box_corners(boxes))
    upright = np.array([upright_box_of(points) for points in outlines])
    people = tuple(Person(instance_id=i + 1, bbox=tuple(box)) for i, box in enumerate(upright))
    picture = Picture(id=0, file_name="0.png", width=size, height=size, people=people)
    return Sample(
        dataset=None, picture=picture, image=image, boxes=upright, ignored=np.zeros((0, 4)), areas=[],
        nadir_px=np.array([60.0, 66.0]), letterbox=Letterbox(1.0, (0.0, 0.0)), people=people, rotated=boxes,
        outlines=outlines,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_any_turn_keeps_upright_and_rotated_boxes_tight_where_outlines_are_known(seed: int) -> None:
    how = Augmentation(scale=0.1, shift=0.02, colour=0, blur_noise=0)
    moved = augment(_bars(), how, np.random.default_rng(seed))
    bright = moved.image[..., 0] > 127
    assert len(moved.boxes) == 2
    for (_, _, w, h), box in zip(moved.boxes, moved.rotated, strict=True):
        inside = np.zeros(bright.shape, np.uint8)
        cv2.fillPoly(inside, [rotated_box_corners([box])[0].round().astype(np.int32)], 1)
        rows, columns = np.nonzero(bright & (inside > 0))
        assert np.ptp(columns) + 1 == pytest.approx(w, abs=2.5) and np.ptp(rows) + 1 == pytest.approx(h, abs=2.5)
        assert len(rows) == pytest.approx(box[2] * box[3], rel=0.15)
    turn = draw_affine(moved.nadir_px, 128, how, np.random.default_rng(seed), freely=True)[:, :2]
    assert np.abs(turn).min() > 0.01  # no quarter


def test_turns_are_by_quarters_where_outlines_are_not_known() -> None:
    how = STILL.model_copy(update={"turn": "any"})
    for seed in range(10):
        turn = draw_affine(np.array([40.0, 50.0]), 96, how, np.random.default_rng(seed))[:, :2]
        assert set(np.abs(turn).ravel()) == {0.0, 1.0}


def test_rotated_boxes_follow_turns_and_flips() -> None:
    box = np.array([[10.0, 0.0, 2.0, 6.0, 30.0]])
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])  # clockwise, as one sees it
    np.testing.assert_allclose(move_rotated(box, quarter), [[0, 10, 2, 6, -60]], atol=1e-9)
    flip = np.array([[-2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    np.testing.assert_allclose(move_rotated(box, flip), [[-20, 0, 4, 12, -30]], atol=1e-9)


def test_mosaic_takes_a_quarter_of_each_picture_around_one_nadir() -> None:
    one = _bars()
    parts = [replace(one, image=np.full_like(one.image, level), areas=[np.array([[0.0, 0], [128, 0], [128, 128], [0, 128]])])
             for level in (10, 20, 30, 40)]  # fmt: skip
    made = mosaic(parts)
    x, y = 60, 66
    levels = [made.image[y - 1, x - 1, 0], made.image[y - 1, x, 0], made.image[y, x - 1, 0], made.image[y, x, 0]]
    assert levels == [10, 20, 30, 40]
    # The first bar lies in the upper left quarter, the second in the lower right one: each comes from one picture.
    np.testing.assert_allclose(made.boxes, one.boxes, atol=1e-9)
    assert len(made.people) == len(made.rotated) == len(made.outlines) == 2
    assert sum(shapely.Polygon(area).area for area in made.areas) == pytest.approx(128 * 128)


def test_person_cut_by_the_mosaics_border_is_ignored_if_little_is_left() -> None:
    one = replace(_bars(), nadir_px=np.array([36.0, 66.0]))
    made = mosaic([one] * 4)
    whole = {tuple(np.round(box, 6)) for box in one.boxes}
    assert any(tuple(np.round(box, 6)) not in whole for box in np.concatenate([made.boxes, made.ignored]))
    assert len(made.boxes) + len(made.ignored) >= 3
