"""Augmented pictures keep their labels on their people."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotate.dataset import Dataset
from eval.config import Augmentation
from eval.data.augment import augment, draw_affine, move_boxes, move_points, recolour, warp
from eval.data.samples import Sample, load_samples

STILL = Augmentation(turn=False, flip=False, scale=0, shift=0, colour=0, blur_noise=0)


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
    how = STILL.model_copy(update={"turn": True, "flip": True})
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
