"""Splitting by time and at random, and merging."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from annotate.camera import Camera, CameraPose
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from annotate.lens import EquidistantLens
from annotate.split import SplitConfig, merge, natural_key, run, split


def write_clip(root: Path, names: Sequence[str], times: Sequence[float] | None = None, seed: int = 0) -> Dataset:
    lens = EquidistantLens(f_px=5, width_px=16, height_px=12, cx_px=8, cy_px=6)
    camera = Camera(lens=lens, pose=CameraPose(height_m=2.5 + seed))
    info = DatasetInfo(name=root.name, kind="synthetic", seed=seed, cameras={"top": camera})
    writer = DatasetWriter(root, info)
    for number, name in enumerate(names):
        mask = np.zeros((12, 16), np.uint16)
        mask[1:5, 1:5] = 1
        person = Person(instance_id=1, bbox=(1, 1, 4, 4), provenance=f"hand {number}")
        time_s = None if times is None else times[number]
        picture = Picture(id=number, file_name=name, width=16, height=12, time_s=time_s, people=[person], camera="top")
        writer.add(picture, np.full((12, 16, 3), number, np.uint8), mask)
    writer.finish()
    return Dataset.read(root)


def names_of(dataset: Dataset) -> list[str]:
    return [picture.file_name for picture in dataset]


def test_time_split_makes_blocks_in_time_order(tmp_path: Path) -> None:
    names = [f"{letter}.png" for letter in "abcdefghij"]
    clip = write_clip(tmp_path / "clip", names, [9.0, 0.0, 8.0, 1.0, 7.0, 2.0, 6.0, 3.0, 5.0, 4.0])
    train, val, test = split(clip, tmp_path / "parts", fractions=(0.2, 0.3, 0.5))
    times = [sorted(picture.time_s or 0.0 for picture in part) for part in (train, val, test)]
    assert times == [[0, 1], [2, 3, 4], [5, 6, 7, 8, 9]]
    assert (train.root, val.root, test.root) == tuple(tmp_path / "parts" / part for part in ("train", "val", "test"))


def test_parts_carry_pictures_masks_labels_and_cameras(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip", [f"{number}.png" for number in range(4)], [0, 1, 2, 3])
    parts = split(clip, tmp_path / "parts", fractions=(0.5, 0.25, 0.25))
    kept = [picture for part in parts for picture in part]
    assert kept == clip.pictures
    for part in parts:
        assert part.info.cameras == clip.info.cameras and part.info.kind == "synthetic"
        for picture in part:
            assert (part.image(picture) == clip.image(picture)).all()
            assert (part.mask(picture) == clip.mask(picture)).all()
            assert os.path.samefile(part.image_path(picture), clip.image_path(picture))


def test_names_are_the_time_where_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip(tmp_path / "clip", [f"frame_{number}.png" for number in (10, 9, 2, 1)])
    run(SplitConfig(dataset=tmp_path / "clip", out=tmp_path / "parts", fractions=(0.5, 0.0, 0.5)))
    assert names_of(Dataset.read(tmp_path / "parts/train")) == ["frame_2.png", "frame_1.png"]
    assert names_of(Dataset.read(tmp_path / "parts/test")) == ["frame_10.png", "frame_9.png"]
    assert not (tmp_path / "parts/val").exists()
    assert "order of their file names" in capsys.readouterr().out


def test_natural_order_compares_numbers_as_numbers() -> None:
    names = ["b1", "a10", "a9", "a", "10", "9", "a9b", "a09c"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "a9", "a9b", "a09c", "a10", "b1"]


def test_gap_leaves_out_the_neighbours_across_a_border(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip", [f"{number}.png" for number in range(9)])
    train, val, test = split(clip, tmp_path / "parts", fractions=(3 / 9, 3 / 9, 3 / 9), gap=1)
    assert [names_of(part) for part in (train, val, test)] == [
        ["0.png", "1.png", "2.png"], ["4.png", "5.png"], ["7.png", "8.png"],
    ]  # fmt: skip


def test_random_split_is_the_seed_s_and_loses_nothing(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip", [f"{number}.png" for number in range(12)])
    drawn = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        drawn[name] = [names_of(part) for part in split(clip, tmp_path / name, "random", (0.5, 0.25, 0.25), seed)]
    assert drawn["a"] == drawn["b"] != drawn["c"]
    assert sorted(name for part in drawn["c"] for name in part) == sorted(names_of(clip))


def test_same_split_again_changes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip", [f"{number}.png" for number in range(4)])
    parts = tmp_path / "parts"
    split(clip, parts, fractions=(0.5, 0.25, 0.25))
    before = {path: path.read_bytes() for path in parts.rglob("*") if path.is_file()}
    split(clip, parts, fractions=(0.5, 0.25, 0.25))
    with pytest.raises(InputError, match=r"fractions.*--overwrite"):
        split(clip, parts, fractions=(0.25, 0.25, 0.5))
    assert {path: path.read_bytes() for path in parts.rglob("*") if path.is_file()} == before
    assert len(split(clip, parts, fractions=(0.25, 0.25, 0.5), overwrite=True)[0]) == 1


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ((0.5, 0.5, 0.5), r"--fractions 0.5 0.5 0.5: shares of train, val, test must be 0 or more and add up to 1"),
        ((1.5, -0.5, 0.0), "0 or more"),
        ((0.9, 0.05, 0.05), "val with a share of 0.05 of 4 pictures .* would be empty"),
    ],
)
def test_impossible_shares_are_refused(tmp_path: Path, fractions: tuple[float, float, float], message: str) -> None:
    clip = write_clip(tmp_path / "clip", [f"{number}.png" for number in range(4)])
    with pytest.raises(InputError, match=message):
        split(clip, tmp_path / "parts", fractions=fractions)
    assert not (tmp_path / "parts").exists()


def test_parts_inside_or_over_a_dataset_are_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip", [f"{number}.png" for number in range(4)])
    with pytest.raises(InputError, match="never lies inside another"):
        split(clip, tmp_path / "clip/parts", fractions=(0.5, 0.25, 0.25))
    with pytest.raises(InputError, match="lies in the way of"):
        split(write_clip(tmp_path / "Rs/train", ["0.png"]), tmp_path / "Rs", fractions=(1, 0, 0), overwrite=True)
    assert len(Dataset.read(tmp_path / "Rs/train")) == 1
    with pytest.raises(InputError, match="is itself a dataset"):
        split(clip, tmp_path / "clip", fractions=(0.5, 0.25, 0.25))
    (tmp_path / "parts/test").mkdir(parents=True)
    (tmp_path / "parts/test/cat.jpg").write_bytes(b"cat")
    with pytest.raises(InputError, match="no dataset; nothing was written"):
        split(clip, tmp_path / "parts", fractions=(0.5, 0.25, 0.25))
    assert not (tmp_path / "parts/train").exists()


def test_merge_keeps_pictures_of_equal_names_apart(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a/clip", ["0.png", "1.png"], seed=0)
    second = write_clip(tmp_path / "b/clip", ["0.png"], seed=1)
    merged = merge([first, second], tmp_path / "all")
    assert [(picture.id, picture.file_name) for picture in merged] == [
        (0, "clip/0.png"), (1, "clip/1.png"), (2, "clip-2/0.png"),
    ]  # fmt: skip
    assert merged.camera(merged.pictures[2]) == second.camera(second.pictures[0])
    assert (merged.image(merged.pictures[2]) == second.image(second.pictures[0])).all()
    assert (merged.mask(merged.pictures[1]) == first.mask(first.pictures[1])).all()
    assert merged.info.kind == "synthetic"
