"""Pictures in the square input and back, and which boxes are to be found."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotate.boxes import upright_box_of
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from eval.data.samples import letterboxed, load_samples, require_boxes, target_box, targets


@pytest.mark.parametrize(("width", "height"), [(960, 720), (200, 512), (64, 64)])
def test_boxes_come_back_from_the_input_as_they_went(width: int, height: int) -> None:
    image = np.zeros((height, width, 3), dtype=np.uint8)
    square, letterbox = letterboxed(image, 128)
    assert square.shape == (128, 128, 3)
    boxes = np.array([[1.0, 2.0, 30.0, 20.0], [width - 20.0, height - 12.0, 20.0, 12.0]])
    there = letterbox.boxes_to_input(boxes)
    assert (there[:, :2] >= 0).all() and (there[:, :2] + there[:, 2:] <= 128.5).all()
    np.testing.assert_allclose(letterbox.boxes_to_picture(there), boxes)
    scored = np.concatenate([there, [[0.9], [0.4]]], axis=1)
    back = letterbox.detections_to_picture(scored, width, height)
    np.testing.assert_allclose(back[:, :4], boxes, atol=1e-9)
    np.testing.assert_allclose(back[:, 4], [0.9, 0.4])


def test_picture_moves_with_its_boxes() -> None:
    image = np.zeros((60, 120, 3), dtype=np.uint8)
    image[20:40, 80:100] = 255
    square, letterbox = letterboxed(image, 240)
    rows, columns = np.nonzero(square[..., 0] > 127)
    box = letterbox.boxes_to_input(np.array([[80.0, 20.0, 20.0, 20.0]]))[0]
    assert [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1] == pytest.approx(box, abs=1)


def test_detections_outside_the_picture_are_cut_or_dropped() -> None:
    _, letterbox = letterboxed(np.zeros((50, 100, 3), dtype=np.uint8), 100)
    found = np.array([[90.0, 30.0, 30.0, 30.0, 0.9], [10.0, 2.0, 20.0, 10.0, 0.8]])
    back = letterbox.detections_to_picture(found, 100, 50)
    np.testing.assert_allclose(back, [[90, 5, 10, 30, 0.9]])


def test_hidden_people_are_ignored_and_people_without_heads_have_no_head_box() -> None:
    people = [
        Person(instance_id=1, bbox=(0, 0, 10, 10), head_bbox=(0, 0, 4, 4), visible_fraction=0.9),
        Person(instance_id=2, bbox=(20, 0, 10, 10), visible_fraction=0.1),
        Person(instance_id=3, bbox=(40, 0, 10, 10)),
    ]
    found, ignored = targets(people, "person", 0.2)
    assert [person.instance_id for person in found] == [1, 3] and [person.instance_id for person in ignored] == [2]
    heads, ignored = targets(people, "head", 0.2)
    assert [target_box(person, "head") for person in heads] == [(0, 0, 4, 4)] and ignored == []


def test_outlines_are_the_hulls_of_masks_or_ellipses_of_rotated_boxes(tmp_path: Path) -> None:
    mask = np.zeros((64, 64), np.uint16)
    mask[10:30, 20:25] = 1
    masked = Person(instance_id=1, bbox=(20, 10, 5, 20))
    turned = Person(instance_id=1, bbox=(40, 40, 8, 16), rotated_bbox=(44, 48, 8, 16, 0))
    bare = Person(instance_id=1, bbox=(20, 10, 5, 20))
    writer = DatasetWriter(tmp_path / "S", DatasetInfo(kind="synthetic", name="S"))
    for number, (person, of) in enumerate([(masked, mask), (turned, None), (bare, None)]):
        picture = Picture(id=number, file_name=f"{number}.png", width=64, height=64, people=[person])
        writer.add(picture, np.zeros((64, 64, 3), np.uint8), mask=of)
    writer.finish()
    dataset = Dataset.read(tmp_path / "S")
    by_mask, by_box, unknown = load_samples([dataset], 128, "person", 0.2, outlined=True)
    assert upright_box_of(by_mask.outlines[0]) == [40, 20, 10, 40]
    assert upright_box_of(by_box.outlines[0]) == pytest.approx([80, 80, 16, 32])
    assert unknown.outlines is None and unknown.rotated is None
    np.testing.assert_allclose(by_box.rotated, [[88, 96, 16, 32, 0]])
    assert load_samples([dataset], 128, "person", 0.2)[0].outlines is None


def test_rotated_boxes_go_to_the_input_and_back() -> None:
    _, letterbox = letterboxed(np.zeros((50, 100, 3), np.uint8), 200)
    box = np.array([[30.0, 20.0, 8.0, 16.0, 35.0]])
    np.testing.assert_allclose(letterbox.rotated_to_input(box), [[60, 90, 16, 32, 35]])
    np.testing.assert_allclose(letterbox.rotated_to_picture(letterbox.rotated_to_input(box)), box)


def test_samples_hold_pictures_in_input_px(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    dataset = Dataset.read(write_discs(tmp_path / "S", pictures=3))
    samples = load_samples([dataset, dataset], 64, "person", 0.2)
    assert [sample.picture.id for sample in samples] == [0, 1, 2, 0, 1, 2]
    sample = samples[0]
    assert sample.image.shape == (64, 64, 3) and sample.image.dtype == np.uint8
    np.testing.assert_allclose(sample.nadir_px, [32, 32])
    x, y, w, h = sample.boxes[0].round().astype(int)
    middle, corner = sample.image[y + h // 2, x + w // 2], sample.image[0, 0]
    assert middle[0] > 200 > corner[0]


def test_heads_where_none_are_labelled_are_refused(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    dataset = Dataset.read(write_discs(tmp_path / "R", heads=False))
    with pytest.raises(InputError, match=r"--test .*R: target is head, but none of its 12 people.*--target person"):
        require_boxes(dataset, "head", "--test")
    assert require_boxes(dataset, "person", "--test") == 12


def test_dataset_without_people_is_refused(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    dataset = Dataset.read(write_discs(tmp_path / "V", people=0))
    with pytest.raises(InputError, match=r"--val .*V: found 0 people in 6 pictures"):
        require_boxes(dataset, "person", "--val")
