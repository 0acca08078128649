"""Putting people back, with refiners whose effect is known."""

import cv2
import numpy as np
import pytest
import torch

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter
from refine.apply import open_picture, put_back, refine_dataset
from refine.crops import CropRule
from refine.refiner import Refiner

RULE = CropRule(size_px=64, anchor="person", window_px=None, margin=1.25)


class Known(Refiner):
    """A refiner that does one known thing to every crop."""

    def __init__(self, change) -> None:
        self.change, self.networks, self.device, self.batches = change, {}, torch.device("cpu"), []

    def step(self, x, y, progress, rng):
        raise AssertionError("nothing is trained here")

    def refine(self, x):
        self.batches.append(len(x))
        return self.change(x)

    def state(self):
        return {}

    def load_state(self, state):
        pass


def refined(tmp_path, write_people, change, rule=RULE, batch=4, **options):
    source = Dataset.read(write_people(tmp_path / "S", **options))
    refiner = Known(change)
    writer = DatasetWriter(tmp_path / "S+", DatasetInfo(kind="refined"))
    refine_dataset(refiner, source, writer, rule, batch, feather_px=2.0)
    writer.finish()
    return source, Dataset.read(tmp_path / "S+"), refiner


def test_refiner_that_changes_nothing_leaves_every_bit(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: x)
    for before, after in zip(source, result, strict=True):
        assert np.array_equal(source.image(before), result.image(after))


def test_labels_masks_and_names_are_those_of_the_source(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: -x)
    for before, after in zip(source, result, strict=True):
        assert after.model_dump(exclude={"attributes"}) == before.model_dump(exclude={"attributes"})
        assert np.array_equal(source.mask(before), result.mask(after))
    assert result.pictures[0].attributes["refinement"] == {"refined": 3, "kept": 0}


def test_only_people_change_and_nobody_else_does(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: x + 0.2)
    for before, after in zip(source, result, strict=True):
        change = result.image(after).astype(int) - source.image(before)
        mask = source.mask(before)
        inside = cv2.erode((mask > 0).astype(np.uint8), np.ones((5, 5))) > 0
        apart = inside & (cv2.erode(mask, np.ones((7, 7))) == mask) & (cv2.dilate(mask, np.ones((7, 7))) == mask)
        assert np.abs(change[mask == 0]).max() == 0
        if before.people:
            # 0.2 of [-1, 1] is 25.5 of 0-255.
            assert change[apart].min() >= 25
            assert change[apart].max() <= 26


def test_each_person_gets_the_pixels_of_its_own_crop(tmp_path, write_people) -> None:
    def tint_by_turn(x):
        tints = torch.tensor([[0.3, 0, 0], [0, 0.3, 0], [0, 0, 0.3]]).repeat(len(x) // 3, 1)
        return x + tints[:, :, None, None]

    source, result, refiner = refined(tmp_path, write_people, tint_by_turn, batch=3)
    assert refiner.batches == [3, 3]
    for before, after in zip(source.pictures[:2], result.pictures[:2], strict=True):
        change = result.image(after).astype(int) - source.image(before)
        mask = source.mask(before)
        for instance_id in (1, 2, 3):
            channels = np.abs(change[mask == instance_id]).max(axis=0) > 0
            assert channels.tolist() == [instance_id == 1, instance_id == 2, instance_id == 3]


def test_tint_leaves_no_seam_inside_a_person(tmp_path, write_people) -> None:
    """Where the crop window cuts a person, the change fades instead of ending at a line."""
    rule = CropRule(size_px=64, anchor="person", window_px=14.0, margin=1.25)
    source, result, _ = refined(tmp_path, write_people, lambda x: x + 0.4, rule)
    change = result.image(result.pictures[0]).astype(float) - source.image(source.pictures[0])
    person = source.mask(source.pictures[0]) == 3
    rows = np.nonzero(person.any(axis=1))[0]
    column = change[rows[0] : rows[-1] + 1, 24, 0]
    assert column.max() == pytest.approx(51, abs=1)
    assert column[0] == column[-1] == 0  # beyond the window
    assert np.abs(np.diff(column)).max() <= 51 / 2 + 1


def test_person_without_the_anchor_is_kept_and_counted(tmp_path, write_people) -> None:
    rule = CropRule(size_px=64, anchor="head", window_px=None, margin=1.25)
    source, result, refiner = refined(tmp_path, write_people, lambda x: -x, rule, heads=False)
    assert refiner.batches == []
    assert result.pictures[0].attributes["refinement"] == {"refined": 0, "kept": 3}
    assert result.image_path(result.pictures[0]).read_bytes() == source.image_path(source.pictures[0]).read_bytes()


def test_picture_without_people_is_the_same_file(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: -x, suffix=".jpg")
    assert result.image_path(result.pictures[-1]).read_bytes() == source.image_path(source.pictures[-1]).read_bytes()
    assert result.image_path(result.pictures[0]).name == "000.jpg"


def test_interrupted_refining_continues_with_the_missing_pictures(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: -x)
    expected = {picture.id: result.image(picture) for picture in result}
    (result.root / "labels/day1/001.json").unlink()
    writer = DatasetWriter(result.root, DatasetInfo(kind="refined"))
    again = Known(lambda x: -x)
    refine_dataset(again, source, writer, RULE, 4, 2.0)
    writer.finish()
    assert again.batches == [3]
    assert all(np.array_equal(result.image(picture), expected[picture.id]) for picture in Dataset.read(result.root))


def test_crop_that_was_turned_and_scaled_comes_back_where_it_was(tmp_path, write_people) -> None:
    """A refined crop that holds a sharp dot puts the dot at its place in the picture, within half a pixel."""
    source = Dataset.read(write_people(tmp_path / "S"))
    opened = open_picture(source, source.pictures[0], RULE)
    person = opened.people[2]
    crop = person.crop.copy()
    crop[30:34, 30:34] = np.clip(crop[30:34, 30:34].astype(int) + 50, 0, 255)
    image = put_back(opened, [opened.people[0].crop, opened.people[1].crop, crop], 2.0)
    change = (image.astype(float) - opened.image).sum(axis=2)
    rows, columns = np.mgrid[: change.shape[0], : change.shape[1]] + 0.5
    found = [(change * columns).sum() / change.sum(), (change * rows).sum() / change.sum()]
    assert found == pytest.approx(person.frame.to_picture([[32.0, 32.0]])[0], abs=0.25)
