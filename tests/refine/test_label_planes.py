"""Label planes of crops: they lie where the picture's maps say, turned with the crop, and become network inputs."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from annotate.crops import extract
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.dense import write_classes, write_depth, write_normals
from refine.crops import CropRule, collect_crops
from refine.label_planes import CHANNELS, CLASSES, PLANES, head_mask, person_mask, to_channels

SIZE = 96
RULE = CropRule(48, "person", None, 1.25)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """One person to the right of the nadir (the crop turns right to up), 2 m away, in front of a wall at 3 m.

    The person's normals point outwards, to the right of the picture: up in the crop.
    """
    mask = np.zeros((SIZE, SIZE), np.uint16)
    mask[38:58, 60:90] = 1
    depth = np.where(mask > 0, 2.0, 3.0).astype(np.float32)
    depth[48, 70] = np.inf
    normals = np.zeros((SIZE, SIZE, 3), np.float32)
    normals[mask > 0] = (1.0, 0.0, 0.0)
    person = Person(instance_id=1, bbox=(60.0, 38.0, 30.0, 20.0), head_bbox=(80.0, 43.0, 10.0, 10.0))
    picture = Picture(
        id=0, file_name="0.png", width=SIZE, height=SIZE, people=[person],
        depth_file="0.png", normals_file="0.png", classes_file="0.png",
    )  # fmt: skip
    writer = DatasetWriter(tmp_path / "S", DatasetInfo(kind="synthetic", classes=("nothing", "skin", "wall")))
    for name, write, values in (
        ("depth", write_depth, depth),
        ("normals", write_normals, normals),
        ("classes", write_classes, np.where(mask > 0, 1, 2)),
    ):
        write(tmp_path / "S" / name / "0.png", values)
    files = {f"{name}_file": tmp_path / "S" / name / "0.png" for name in ("depth", "normals", "classes")}
    writer.add(picture, np.where(mask > 0, 200, 50).astype(np.uint8)[..., None].repeat(3, axis=2), mask, files=files)
    writer.finish()
    return Dataset.read(tmp_path / "S")


def planes(dataset: Dataset) -> dict[str, np.ndarray]:
    labels = collect_crops(dataset, RULE, 10, 0, "S", labels=True).labels
    assert labels is not None
    return dict(zip(PLANES, labels[0], strict=True))


def test_planes_lie_on_the_crop_of_the_picture(dataset: Dataset) -> None:
    found = planes(dataset)
    frame = RULE.frame(dataset.pictures[0].people[0], np.array([SIZE / 2, SIZE / 2]))
    image = extract(dataset.image(dataset.pictures[0]), frame)[..., 0]
    inside, outside = image > 190, (image > 40) & (image < 60)
    assert (found["person"][inside] == 255).all()
    assert (found["person"][outside] == 0).all()
    assert (found["class"][inside] == 1).all()
    assert (found["class"][outside] == 2).all()


def test_head_comes_out_above(dataset: Dataset) -> None:
    head = planes(dataset)["head"]
    rows, columns = np.nonzero(head)
    person_rows = np.nonzero(planes(dataset)["person"])[0]
    assert rows.mean() < person_rows.mean() - 5
    assert abs(columns.mean() - 23.5) < 1.5
    # 10 px of 30 that the person is long.
    assert np.ptp(rows) / np.ptp(person_rows) == pytest.approx(1 / 3, abs=0.08)


def test_depth_counts_from_the_person(dataset: Dataset) -> None:
    found = planes(dataset)
    person = found["person"] > 0
    assert np.median(found["depth"][person]) == 128
    # The wall is 1 m behind, of 1.5 m that the plane reaches.
    assert np.median(found["depth"][found["class"] == 2]) == round(128 + 127 / 1.5)
    assert (found["depth"] == 0).any()  # where no depth is known


def test_normals_turn_with_the_crop(dataset: Dataset) -> None:
    found = planes(dataset)
    person = found["person"] > 0
    assert np.median(found["normal_y"][person]) == 1  # up: y is counted downwards
    assert np.median(found["normal_x"][person]) == 128
    assert np.median(found["normal_z"][person]) == 128
    assert (found["normal_x"][~person] == 0).all()


def test_maps_that_the_dataset_lacks_are_unknown(write_people, tmp_path: Path) -> None:
    found = planes(Dataset.read(write_people(tmp_path / "plain")))
    assert found["person"].any()
    for name in ("depth", "normal_x", "normal_y", "normal_z", "class"):
        assert not found[name].any()


def test_channels_are_what_a_network_takes(dataset: Dataset) -> None:
    labels = torch.from_numpy(np.stack(list(planes(dataset).values())))[None]
    channels = to_channels(labels)
    assert channels.shape == (1, CHANNELS, 48, 48)
    assert torch.equal(channels[:, :1], person_mask(labels))
    assert torch.equal(channels[:, 1:2], head_mask(labels))
    person = channels[0, 0] > 0
    assert channels[0, 2][person].median() == 0
    assert channels[0, 4][person].median() == -1
    # Exactly one class each, and no number beyond those told apart.
    assert torch.equal(channels[0, -CLASSES:].sum(dim=0), torch.ones(48, 48))
    beyond = labels.clone()
    beyond[:, -1] = 200
    assert to_channels(beyond)[0, -1].min() == 1


def test_whole_pictures_are_scaled_into_the_crop(write_people, tmp_path: Path) -> None:
    dataset = Dataset.read(write_people(tmp_path / "S"))
    rule = CropRule(48, "person", None, 1.25, "frame")
    crops = collect_crops(dataset, rule, 10, 0, "S", labels=True)
    assert crops.who == tuple((picture.file_name, 0) for picture in dataset)
    assert crops.labels is not None
    for picture, image, labels in zip(dataset, crops.images, crops.labels, strict=True):
        halved = dataset.image(picture).reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
        assert np.abs(image - halved).max() <= 1
        share = (dataset.mask(picture) > 0).mean()
        assert math.isclose((labels[0] > 0).mean(), share, abs_tol=0.01)
