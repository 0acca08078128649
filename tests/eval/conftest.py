"""Tiny datasets for the tests of eval: bright discs on noise, which a working detector learns within seconds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import eval.networks.torchvision_guard  # noqa: F401  (torchmetrics imports torchvision)
from annotate.dataset import DatasetInfo, DatasetWriter, Person, Picture
from eval.networks.features import vgg16_convolutions


def _write_discs(
    root: Path,
    pictures: int = 6,
    size: int = 96,
    seed: int = 0,
    kind: str = "synthetic",
    heads: bool = True,
    people: int = 2,
    config: dict | None = None,
    tint: tuple[int, int, int] = (0, 0, 0),
) -> Path:
    """A dataset of discs of radius 10 to 14 px on grey noise; heads are the discs' inner squares."""
    rng = np.random.default_rng(seed)
    info = DatasetInfo(kind=kind, name=root.name, seed=seed, config=config or {})
    writer = DatasetWriter(root, info)
    for number in range(pictures):
        image = rng.integers(40, 90, (size, size, 3), dtype=np.uint8)
        labels = []
        for instance_id in range(1, people + 1):
            radius = int(rng.integers(10, 15))
            column = size * (2 * instance_id - 1) // (2 * people)
            x, y = column + int(rng.integers(-4, 5)), int(rng.integers(radius, size - radius))
            cv2.circle(image, (x, y), radius, (240, 225, 120), -1)
            box = (float(x - radius), float(y - radius), 2.0 * radius + 1, 2.0 * radius + 1)
            head = (x - radius / 2, y - radius / 2, float(radius), float(radius)) if heads else None
            labels.append(Person(instance_id=instance_id, bbox=box, head_bbox=head))
        image = np.clip(image.astype(int) + tint, 0, 255).astype(np.uint8)
        writer.add(
            Picture(
                id=number, file_name=f"{number:03d}.png", width=size, height=size, people=labels, time_s=float(number)
            ),
            image,
        )
    writer.finish()
    return root


@pytest.fixture
def write_discs() -> Callable[..., Path]:
    """Writes a dataset; see _write_discs."""
    return _write_discs


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGG16's convolutions with random weights, as torchvision names them."""
    path = tmp_path_factory.mktemp("weights") / "vgg16.safetensors"
    generator = torch.Generator().manual_seed(0)
    state = {name: torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5 if value.dim() > 1
             else torch.zeros(value.shape) for name, value in vgg16_convolutions().state_dict().items()}  # fmt: skip
    save_file({f"features.{name}": value for name, value in state.items()}, str(path))
    return path
