"""Putting people back, with refiners whose effect is known."""

from dataclasses import asdict

import cv2
import numpy as np
import pytest
import torch

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter
from refine.crops import CropRule
from refine.label_planes import person_mask
from refine.refiner import Refiner
from refine.reinsertion.apply import Inspection, open_picture, put_back, refine_dataset, summarise_refinement
from refine.reinsertion.inspection import Thresholds

RULE = CropRule(size_px=64, anchor="person", window_px=None, margin=1.25)


class Known(Refiner):
    """A refiner that does one known thing to every crop."""

    def __init__(self, change) -> None:
        self.change, self.networks, self.device, self.batches = change, {}, torch.device("cpu"), []

    def step(self, x, y, draws, stage):
        raise AssertionError("nothing is trained here")

    def refine(self, x):
        self.batches.append(len(x.images))
        return self.change(x.images)


def refined(tmp_path, write_people, change, rule=RULE, batch=4, inspection=None, **options):
    """Everybody is put back unless an inspection is given."""
    source = Dataset.read(write_people(tmp_path / "S", **options))
    refiner = Known(change)
    writer = DatasetWriter(tmp_path / "S+", DatasetInfo(kind="refined"))
    refine_dataset(refiner, source, writer, rule, batch, feather_px=2.0, inspection=inspection)
    writer.finish()
    return source, Dataset.read(tmp_path / "S+"), refiner


def counts(picture):
    return {name: picture.attributes["refinement"][name] for name in ("refined", "not_cropped", "refused")}


def noisy_red(x):
    """Breaks the people of every second crop: their red channel becomes noise."""
    noise = torch.from_numpy(np.random.default_rng(0).normal(0, 0.8, x[:, :1].shape)).float()
    noise[::2] = 0
    return x + noise * torch.tensor([1.0, 0, 0])[:, None, None]


def test_refiner_that_changes_nothing_leaves_every_bit(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: x)
    for before, after in zip(source, result, strict=True):
        assert np.array_equal(source.image(before), result.image(after))


def test_labels_masks_and_names_are_those_of_the_source(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: -x)
    for before, after in zip(source, result, strict=True):
        assert after.model_dump(exclude={"attributes"}) == before.model_dump(exclude={"attributes"})
        assert np.array_equal(source.mask(before), result.mask(after))
    assert counts(result.pictures[0]) == {"refined": 3, "not_cropped": 0, "refused": 0}


def test_only_people_and_their_soft_edge_change(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: x + 0.2)
    for before, after in zip(source, result, strict=True):
        change = result.image(after).astype(int) - source.image(before)
        people = (source.mask(before) > 0).astype(np.uint8)
        assert np.abs(change[cv2.dilate(people, np.ones((5, 5))) == 0]).max() == 0
        if before.people:
            # 0.2 of [-1, 1] is 25.5 of 0-255, the same for everybody: nothing shows where two people touch.
            inside = cv2.erode(people, np.ones((7, 7))) > 0
            assert change[inside].min() >= 25
            assert change[inside].max() <= 26


def test_each_person_gets_the_pixels_of_its_own_crop(tmp_path, write_people) -> None:
    def tint_by_turn(x):
        tints = torch.tensor([[0.15, 0, 0], [0, 0.15, 0], [0, 0, 0.15]]).repeat(len(x) // 3, 1)
        return x + tints[:, :, None, None]

    source, result, refiner = refined(tmp_path, write_people, tint_by_turn, batch=3)
    assert refiner.batches == [3, 3]
    for before, after in zip(source.pictures[:2], result.pictures[:2], strict=True):
        change = result.image(after).astype(int) - source.image(before)
        mask = source.mask(before)
        for instance_id in (1, 2, 3):
            inside = cv2.erode((mask == instance_id).astype(np.uint8), np.ones((5, 5))) > 0
            channels = np.abs(change[inside]).max(axis=0) > 0
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
    assert max(result.pictures[0].attributes["refinement"]["seam_ratios"].values()) > 0


def test_person_without_the_anchor_is_left_alone_and_counted(tmp_path, write_people) -> None:
    rule = CropRule(size_px=64, anchor="head", window_px=None, margin=1.25)
    source, result, refiner = refined(tmp_path, write_people, lambda x: -x, rule, heads=False)
    assert refiner.batches == []
    assert counts(result.pictures[0]) == {"refined": 0, "not_cropped": 3, "refused": 0}
    assert result.image_path(result.pictures[0]).read_bytes() == source.image_path(source.pictures[0]).read_bytes()


def test_picture_without_people_is_the_same_file(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: -x, suffix=".jpg")
    assert result.image_path(result.pictures[-1]).read_bytes() == source.image_path(source.pictures[-1]).read_bytes()
    assert result.image_path(result.pictures[0]).name == "000.jpg"


def test_broken_people_keep_their_pixels_and_are_counted_with_the_reason(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, noisy_red, batch=6, inspection=Inspection())
    before, after = source.pictures[0], result.pictures[0]
    assert counts(after) == {"refined": 2, "not_cropped": 0, "refused": 1}
    (refusal,) = after.attributes["refinement"]["refusals"]
    assert refusal["instance_id"] == 2
    assert "noise" in refusal["reasons"]
    assert refusal["noise"] > Thresholds().noise
    assert sorted(after.attributes["refinement"]["seam_ratios"]) == ["1", "3"]
    assert np.array_equal(result.image(after), source.image(before))


def test_picture_whose_people_are_all_refused_is_the_same_file(tmp_path, write_people) -> None:
    strict = Inspection(Thresholds(similarity=1.1))
    source, result, _ = refined(tmp_path, write_people, lambda x: x + 0.2, inspection=strict, suffix=".jpg")
    assert counts(result.pictures[0]) == {"refined": 0, "not_cropped": 0, "refused": 3}
    assert result.image_path(result.pictures[0]).read_bytes() == source.image_path(source.pictures[0]).read_bytes()


def test_inspection_can_be_switched_off(tmp_path, write_people) -> None:
    _, result, _ = refined(tmp_path, write_people, noisy_red, batch=6, inspection=None)
    assert counts(result.pictures[0]) == {"refined": 3, "not_cropped": 0, "refused": 0}


def test_summary_counts_the_pictures_of_an_earlier_run(tmp_path, write_people) -> None:
    source = Dataset.read(write_people(tmp_path / "S"))
    writer = DatasetWriter(tmp_path / "S+", DatasetInfo(kind="refined"))
    summary = refine_dataset(Known(noisy_red), source, writer, RULE, 6, 2.0)
    assert (summary.refined, summary.refused, summary.not_cropped) == (3, 3, 0)
    assert summary.refused_by_reason["noise"] == 3
    assert summary.seams.people == 3
    assert summary == summarise_refinement(writer)
    (tmp_path / "S+/labels/day1/001.json").unlink()
    again = refine_dataset(Known(lambda x: x), source, writer, RULE, 6, 2.0)
    assert (again.refined, again.refused) == (2 + 3, 1)
    assert again.seams.people == 5
    assert asdict(again)["seams"]["worst"] == again.seams.worst


def test_interrupted_refining_continues_with_the_missing_pictures(tmp_path, write_people) -> None:
    source, result, _ = refined(tmp_path, write_people, lambda x: -x)
    expected = {picture.id: result.image(picture) for picture in result}
    (result.root / "labels/day1/001.json").unlink()
    writer = DatasetWriter(result.root, DatasetInfo(kind="refined"))
    again = Known(lambda x: -x)
    refine_dataset(again, source, writer, RULE, 4, 2.0, inspection=None)
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
    image = put_back(opened, [opened.people[0].crop, opened.people[1].crop, crop], 2.0).image
    change = (image.astype(float) - opened.image).sum(axis=2)
    rows, columns = np.mgrid[: change.shape[0], : change.shape[1]] + 0.5
    found = [(change * columns).sum() / change.sum(), (change * rows).sum() / change.sum()]
    assert found == pytest.approx(person.frame.to_picture([[32.0, 32.0]])[0], abs=0.25)


def test_whole_pictures_are_replaced_background_and_all(tmp_path, write_people) -> None:
    rule = CropRule(size_px=64, anchor="person", window_px=None, margin=1.25, scope="frame")
    source, result, refiner = refined(tmp_path, write_people, lambda x: x + 0.2, rule, inspection=Inspection())
    assert sum(refiner.batches) == len(source)  # pictures, not people
    for before, after in zip(source, result, strict=True):
        change = result.image(after).astype(int) - source.image(before)
        assert change[2:-2, 2:-2].min() >= 24
        assert change.max() <= 27
    assert counts(result.pictures[0]) == {"refined": 3, "not_cropped": 0, "refused": 0}


def test_refiner_that_needs_labels_is_given_those_of_each_crop(tmp_path, write_people) -> None:
    """It brightens what the planes call the person: exactly the people change."""

    class Painter(Known):
        def refine(self, x):
            return x.images + 0.2 * person_mask(x.labels)

    source = Dataset.read(write_people(tmp_path / "S"))
    writer = DatasetWriter(tmp_path / "S+", DatasetInfo(kind="refined"))
    refine_dataset(Painter(None), source, writer, RULE, 2, 2.0, inspection=None, labels=True)
    writer.finish()
    result = Dataset.read(tmp_path / "S+")
    mask = source.mask(source.pictures[0])
    people = (mask > 0).astype(np.uint8)
    change = result.image(result.pictures[0]).astype(int) - source.image(source.pictures[0])
    for instance_id in (1, 2, 3):
        inside = cv2.erode((mask == instance_id).astype(np.uint8), np.ones((7, 7))) > 0
        assert change[inside].min() >= 24
    away = cv2.dilate(people, np.ones((5, 5))) == 0
    assert np.abs(change[away]).max() == 0
