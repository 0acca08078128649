"""S_style: people blended with generated textures, by strength, repeatably; folders without paintings are told."""

from pathlib import Path

import numpy as np
import pytest
import torch

from annotate.errors import InputError
from annotate.files import write_image
from refine.config import RefineConfig
from refine.presets import find_preset
from refine.refiner import Batch, to_images

CPU = torch.device("cpu")


@pytest.fixture
def paintings(tmp_path: Path) -> Path:
    """Two generated textures: waves of red, and stripes of blue."""
    y, x = np.mgrid[0:90, 0:120]
    for name, wave, channel in (("one.png", np.sin(x * y / 40), 0), ("deep/two.jpg", np.sign(np.sin(x / 3)), 2)):
        image = np.zeros((90, 120, 3), np.uint8)
        image[..., channel] = 128 + 127 * wave
        write_image(tmp_path / "paintings" / name, image)
    (tmp_path / "paintings" / "notes.txt").write_text("no picture")
    return tmp_path / "paintings"


def refine(paintings: Path | None, images: torch.Tensor, **changes) -> torch.Tensor:
    config = RefineConfig(synthetic="S", out="O", preset="S_style", size_px=64, paintings=paintings, **changes)
    return find_preset("S_style").build(config, CPU, None).refine(Batch(images))


def crops(count: int) -> torch.Tensor:
    values = np.random.default_rng(2).integers(0, 256, (count, 3, 64, 64), dtype=np.uint8)
    return to_images(torch.from_numpy(values))


def test_strength_is_the_share_of_the_painting(paintings: Path) -> None:
    images = crops(3)
    assert torch.equal(refine(paintings, images, style_strength=0.0), images)
    painted = refine(paintings, images, style_strength=1.0)
    half = refine(paintings, images, style_strength=0.5)
    torch.testing.assert_close(half, (images + painted) / 2)
    # Green is 0 in both paintings (JPEG aside); what is not green comes from them.
    assert painted[:, 1].max() < -0.8
    assert painted[:, [0, 2]].std() > 0.3


def test_part_depends_on_the_crop_and_the_seed_and_not_on_the_batch(paintings: Path) -> None:
    images = crops(12)
    together = refine(paintings, images)
    alone = torch.cat([refine(paintings, one[None]) for one in images])
    assert torch.equal(together, alone)
    assert not torch.equal(together, refine(paintings, images, seed=1))
    blueish = [bool((one[2] - one[0]).mean() > 0) for one in refine(paintings, images, style_strength=1.0)]
    assert 0 < sum(blueish) < 12  # both paintings are used


def test_missing_and_unfit_paintings_are_told(paintings: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--paintings is missing"):
        refine(None, crops(1))
    with pytest.raises(InputError, match="no such folder"):
        refine(tmp_path / "none", crops(1))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found no pictures"):
        refine(tmp_path / "empty", crops(1))
    write_image(paintings / "small.png", np.zeros((20, 90, 3), np.uint8))
    with pytest.raises(InputError, match=r"small\.png: is 90 x 20 px, but crops have 64"):
        refine(paintings, crops(1))
