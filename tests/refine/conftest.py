"""Tiny datasets for the tests of refine: coloured ellipses as people on a grey floor, with masks and head boxes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from annotate.dataset import DatasetInfo, DatasetWriter, Person, Picture
from eval.networks.features import torchvision_model

SIZE = 96
PLACES = ((64.0, 30.0), (70.0, 38.0), (24.0, 60.0))
"""Of three people, the first two of whom overlap."""


def _write_people(
    root: Path, kind: str = "synthetic", pictures: int = 3, heads: bool = True, masks: bool = True, suffix: str = ".png"
) -> Path:
    """A dataset whose last picture has nobody."""
    rng = np.random.default_rng(len(kind))
    writer = DatasetWriter(root, DatasetInfo(kind=kind, name=root.name, seed=7))
    for number in range(pictures):
        image = rng.integers(90, 120, (SIZE, SIZE, 3), dtype=np.uint8)
        mask = np.zeros((SIZE, SIZE), np.uint16)
        places = PLACES if number < pictures - 1 else ()
        for instance_id, place in enumerate(places, start=1):
            colour = tuple(int(value) for value in rng.integers(30, 200, 3))
            where = (int(place[0]) + number, int(place[1]))
            cv2.ellipse(image, where, (9, 13), 0, 0, 360, colour, -1)
            cv2.ellipse(mask, where, (9, 13), 0, 0, 360, instance_id, -1)
        people = [_person(mask, instance_id, heads) for instance_id in range(1, len(places) + 1)]
        picture = Picture(
            id=number,
            file_name=f"day1/{number:03d}{suffix}",
            width=SIZE,
            height=SIZE,
            people=people,
            time_s=float(number),
        )
        writer.add(picture, image, mask if masks else None)
    writer.finish()
    return root


def _person(mask: np.ndarray, instance_id: int, heads: bool) -> Person:
    rows, columns = np.nonzero(mask == instance_id)
    box = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    head = (float(box[0]), float(box[1]), 6.0, 6.0) if heads else None
    return Person(instance_id=instance_id, bbox=tuple(map(float, box)), head_bbox=head)


@pytest.fixture
def write_people() -> Callable[..., Path]:
    """Writes a dataset; see _write_people."""
    return _write_people


@pytest.fixture(scope="session")
def write_people_anywhere() -> Callable[..., Path]:
    """The same for fixtures that several tests share."""
    return _write_people


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tests share few cores, and losses are the same bit for bit only with the same number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGG16's convolutions with random weights, as torchvision names them."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "vgg16.safetensors"
    save_file({f"features.{k}": v for k, v in torchvision_model("vgg16").features.state_dict().items()}, str(path))
    return path
