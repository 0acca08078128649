"""The same seed with one and with two of Blender's workers: same labels, same pictures, byte for byte."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from annotate.dataset import Dataset
from render.config import RenderConfig
from render.farm import run

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

pytest.importorskip("bpy", reason="needs Blender's module bpy (Python 3.11)", exc_type=ImportError)


def files_of(folder: Path) -> dict[str, bytes]:
    paths = [path for name in ("images", "masks", "labels") for path in (folder / name).iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_two_workers_make_the_same_pictures_as_one_and_leave_no_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    one = RenderConfig(
        out=tmp_path / "one",
        name="same",
        images=4,
        seed=11,
        size_px=80,
        samples=4,
        plate_samples=4,
        sitting=(1, 1),
        standing=(1, 1),
        scenes_per_background=2,
        workers=1,
    )
    two = one.model_copy(update={"out": tmp_path / "two", "workers": 2})

    run(one)
    run(two)

    first, second = files_of(one.out), files_of(two.out)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert (one.out / "annotations.json").read_bytes() == (two.out / "annotations.json").read_bytes()
    assert list(temporary.iterdir()) == []


def test_office_pictures_show_people_where_their_labels_are(tmp_path: Path) -> None:
    """Rendered with and without people, pixels differ inside the masks and hardly anywhere far from them."""
    config = RenderConfig(
        out=tmp_path / "S", images=1, seed=4, size_px=128, samples=4, plate_samples=4, sitting=(1, 1), standing=(2, 2),
        workers=1, min_visible_px=4, sensor={"preset": "off"},
    )  # fmt: skip
    empty = config.model_copy(update={"out": tmp_path / "E", "sitting": (0, 0), "standing": (0, 0)})

    with_people, without = Dataset.read(run(config)), Dataset.read(run(empty))

    picture = with_people.pictures[0]
    assert without.pictures[0].people == [] and len(picture.people) >= 2
    mask = with_people.mask(picture) > 0
    difference = np.abs(with_people.image(picture).astype(int) - without.image(without.pictures[0])).max(axis=2)
    assert (difference[mask] > 4).mean() > 0.8
    rows, columns = np.nonzero(mask)
    far = np.ones(mask.shape, bool)
    for row, column in zip(rows, columns, strict=True):
        far[max(0, row - 12) : row + 13, max(0, column - 12) : column + 13] = False
    assert (difference[far] > 16).mean() < 0.01
