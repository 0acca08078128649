"""Galleries: which mistakes are shown, what is drawn, and that matching is that of the figures."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import eval.report.pictures as pictures_module
from annotate.dataset import Dataset
from eval.data.samples import load_samples
from eval.data.training_sets import Pair
from eval.measures.matching import match_picture
from eval.measures.truth import PictureTruth
from eval.report.data_pictures import people_gallery, refined_people, refined_pictures, training_gallery
from eval.report.image_store import ImageStore, fitted, jpeg
from eval.report.pictures import (
    FALSE_COLOUR,
    FOUND_COLOUR,
    MISSED_COLOUR,
    TestedPicture,
    TestGalleries,
    close_up,
    outcomes_of,
    spaced,
)

GREY = np.full((200, 200, 3), 100, np.uint8)


def _tested(people: list, found: list, place: str = "", name: str = "a.png") -> TestedPicture:
    columns = len(people[0]) + 1 if people else 5
    truth = PictureTruth(np.array(people, float).reshape(-1, columns - 1), 200, 200)
    return TestedPicture(name, place or name, lambda: GREY, truth, np.array(found, float).reshape(-1, columns))


def _has(image: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(image.astype(int) - colour).sum(axis=2) < 12).any())


def test_outcomes_are_those_of_the_figures() -> None:
    rng = np.random.default_rng(3)
    area = [[0, 0], [90, 0], [90, 90], [0, 90]]
    for _ in range(20):
        people = np.concatenate([rng.uniform(0, 120, (9, 2)), rng.uniform(20, 60, (9, 2))], axis=1)
        found = np.column_stack([people + rng.normal(0, 6, people.shape), rng.random(9)])
        truth = PictureTruth(people[:7], 200, 200, ignored=people[7:], areas=[area])
        (own,) = outcomes_of([TestedPicture("a", "a", lambda: GREY, truth, found)], 0.5)
        judge = match_picture(found, people[:7], 0.5, people[7:], [area])
        assert own.kind.tolist() == judge.outcome.tolist() and own.scores.tolist() == judge.scores.tolist()
        assert len(own.seen) + len(own.missed) == judge.people


def test_false_alarms_come_surest_first_and_missed_people_largest_first() -> None:
    pictures = [
        _tested([[10, 10, 20, 20]], [[100, 100, 20, 20, 0.4]], name="a.png"),
        _tested([[10, 10, 50, 40]], [[100, 100, 20, 20, 0.9], [10, 40, 50, 40, 0.6]], name="b.png"),
        _tested([[10, 10, 30, 30]], [[10, 10, 30, 30, 0.95]], name="c.png"),
    ]
    galleries = TestGalleries(pictures, 0.5)
    false = galleries.false_alarms("f", "False", count=2)
    assert [crop.caption for crop in false.crops] == ["score 0.90, nobody", "score 0.60, overlaps a person by 0.14"]
    missed = galleries.missed_people("m", "Missed")
    assert [crop.caption for crop in missed.crops] == ["50 × 40 px", "20 × 20 px"]
    assert missed.crops[0].picture_caption == "b.png: 0 found, 1 missed, 2 false alarms"


def test_pictures_opened_by_several_crops_are_one_object() -> None:
    galleries = TestGalleries([_tested([[10, 10, 20, 20]], [[60, 60, 20, 20, 0.4], [120, 60, 20, 20, 0.5]])], 0.5)
    false, missed = galleries.false_alarms("f", "").crops, galleries.missed_people("m", "").crops
    assert false[0].picture is false[1].picture is missed[0].picture
    assert galleries.examples("e", "", 3).pictures[0].picture is false[0].picture


def test_the_same_place_of_a_camera_is_shown_once() -> None:
    chair = [[100, 100, 30, 30, 0.8]]
    day = [_tested([], [[*chair[0][:4], 0.5 + number / 100]], "camera 1", f"{number}.png") for number in range(5)]
    other = [_tested([], chair, "camera 2", "other.png")]
    gallery = TestGalleries(day + other, 0.5).false_alarms("f", "")
    assert [crop.caption for crop in gallery.crops] == [
        "score 0.80, nobody", "score 0.54, nobody; the same place in 4 more pictures",
    ]  # fmt: skip


def test_no_mistake_is_said() -> None:
    gallery = TestGalleries([_tested([[10, 10, 20, 20]], [[10, 10, 20, 20, 0.9]])], 0.5).missed_people("m", "Missed")
    assert gallery.crops == [] and gallery.text == "There are none."


@pytest.mark.parametrize("rotated", [False, True])
def test_everything_is_drawn_in_its_colour(rotated: bool) -> None:
    people = [[40, 40, 30, 40], [120, 40, 30, 40]]
    found = [[*people[0], 0.9], [120, 140, 20, 30, 0.6]]
    if rotated:
        people = [[*box, 30.0] for box in people]
        found = [[*box[:4], 30.0, box[4]] for box in found]
    galleries = TestGalleries([_tested(people, found)], 0.3)
    drawn = galleries.drawn(0)
    assert all(_has(drawn, colour) for colour in (FOUND_COLOUR, MISSED_COLOUR, FALSE_COLOUR))
    assert galleries.caption(0) == "a.png: 1 found, 1 missed, 1 false alarm"
    crop = galleries.false_alarms("f", "").crops[0].crop
    assert crop.shape == (160, 160, 3) and _has(crop, FALSE_COLOUR)


@pytest.mark.parametrize("side", [12, 150])
def test_a_close_up_is_twice_as_large_as_its_box_and_centred(side: int) -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    corner = 200 - side // 2
    image[corner : corner + side, corner : corner + side] = (10, 20, 250)
    crop = close_up(image, np.array([corner, corner, side, side], float), (255, 255, 255))
    inside = (np.abs(crop.astype(int) - (10, 20, 250)).sum(axis=2) < 60) | (crop.min(axis=2) > 200)
    span = side / max(2 * side, 32) * 160
    for axis in (0, 1):
        rows = np.flatnonzero(inside.any(axis=1 - axis))
        assert rows[0] == pytest.approx(80 - span / 2, abs=2) and rows[-1] == pytest.approx(80 + span / 2, abs=2)


def test_a_close_up_reaches_beyond_the_picture() -> None:
    crop = close_up(GREY, np.array([-5.0, 150, 30, 80]), FALSE_COLOUR)
    assert (crop[0, 0] == 0).all() and (crop[40, 100] == 100).all()


def test_tested_pictures_come_from_samples(write_discs: Callable[..., Path], tmp_path: Path) -> None:
    dataset = Dataset.read(write_discs(tmp_path / "T"))
    samples = load_samples([dataset], 64, "person", 0.1)
    truths = [PictureTruth(np.array([p.bbox for p in picture.people]), 96, 96) for picture in dataset]
    found = [np.column_stack([truth.boxes, [0.9, 0.2]]) for truth in truths]
    pictures = pictures_module.tested_pictures(samples, truths, found, 0.5)
    assert {len(tested.found) for tested in pictures} == {1}
    assert len({tested.place for tested in pictures}) == 1  # times and no other camera: one place
    gallery = TestGalleries(pictures, 0.5).examples("e", "", 2)
    assert gallery.pictures[0].caption == f"{dataset.pictures[0].file_name}: 1 found, 1 missed, 0 false alarms"


def test_training_pictures_show_their_labels(write_discs: Callable[..., Path], tmp_path: Path) -> None:
    dataset = Dataset.read(write_discs(tmp_path / "S"))
    gallery = training_gallery("g", "S", [dataset], 2)
    assert [entry.caption for entry in gallery.pictures] == ["000.png: 2 people", "005.png: 2 people"]
    assert not np.array_equal(gallery.pictures[0].picture, dataset.image(dataset.pictures[0]))


def test_refined_people_are_the_same_people(write_discs: Callable[..., Path], tmp_path: Path) -> None:
    synthetic = Dataset.read(write_discs(tmp_path / "S"))
    refined = Dataset.read(write_discs(tmp_path / "S+", kind="refined", tint=(0, 60, 0)))
    pair = Pair("S+", refined, "S", synthetic)
    people, whole = refined_people("a", "", pair, 32, 4), refined_pictures("b", "", pair, 2)
    assert len(people.pairs) == 4 and len(whole.pairs) == 2
    for shown in (*people.pairs, *whole.pairs):
        assert shown.before.shape == shown.after.shape and (shown.before_name, shown.after_name) == ("S", "S+")
        change = shown.after.mean(axis=(0, 1)) - shown.before.mean(axis=(0, 1))
        assert change[1] > 20 and abs(change[0]) < 3
    assert people.pairs[0].before.shape == (160, 160, 3)


def test_people_open_their_pictures(write_discs: Callable[..., Path], tmp_path: Path) -> None:
    gallery = people_gallery("g", "", [Dataset.read(write_discs(tmp_path / "S"))], 32, 12)
    assert len(gallery.crops) == 12 and len({id(entry.picture) for entry in gallery.crops}) == 6


def test_evenly_spaced_indices() -> None:
    assert spaced(10, 3) == [0, 4, 9] and spaced(2, 5) == [0, 1] and spaced(0, 3) == []


def test_a_picture_is_stored_once() -> None:
    store = ImageStore()
    one = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    first, again, equal = store.add(one), store.add(one), store.add(one.copy())
    assert first is again is equal and len(store.images) == 1
    assert store.add(255 - one) is not first
    assert store.first_use(first) and not store.first_use(first)
    assert [stored.key for stored in store.not_inline()] == ["picture-1"]


def test_a_jpeg_is_one_and_large_pictures_shrink() -> None:
    image = np.full((30, 50, 3), (200, 30, 40), np.uint8)
    back = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg(image), np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert back.shape == image.shape and np.abs(back.astype(int) - image).max() < 8
    assert fitted(image, 25).shape == (15, 25, 3) and fitted(image, 50) is image
