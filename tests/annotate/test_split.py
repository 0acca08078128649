"""Splitting by time, at random and by site."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from full_datasets import write_full_dataset

from annotate.camera import Camera, CameraPose
from annotate.check import check
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from annotate.files import read_json, write_json
from annotate.lens import EquidistantLens
from annotate.site_groups import assigned, chosen_group, sites_of
from annotate.split import By, SplitConfig, natural_key, run, split


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


def test_a_file_in_the_place_of_the_parts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is a file; the parts need a folder"):
        split(write_clip(tmp_path / "clip", ["0.png", "1.png"]), tmp_path / "out", fractions=(0.5, 0.5, 0))


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


def write_sites(root: Path, sizes: dict[str, int], field: str = "background") -> Dataset:
    """Pictures of several sites in turn; one camera, unless field is camera."""
    clip = write_clip(root, [f"{number:02d}.png" for number in range(sum(sizes.values()))])
    names = [name for row in itertools.zip_longest(*([name] * size for name, size in sizes.items())) for name in row]
    document = read_json(root / "annotations.json")
    info = read_json(root / "dataset.json")
    for image, name in zip(document["images"], filter(None, names), strict=True):
        image[field] = name
        if field == "camera":
            info["cameras"][name] = info["cameras"]["top"]
    write_json(root / "annotations.json", document)
    write_json(root / "dataset.json", info)
    return Dataset.read(clip.root)


def test_split_by_site_keeps_sites_whole_and_meets_the_shares(tmp_path: Path) -> None:
    dataset = write_sites(tmp_path / "S", {"hall": 7, "office": 2, "shop": 5, "bank": 3, "lab": 3})
    parts = split(dataset, tmp_path / "parts", "site", (0.5, 0.25, 0.25))
    assert [len(part) for part in parts] == [10, 5, 5]
    sites = [set(sites_of(part.pictures, "background")) for part in parts]
    assert not sites[0] & sites[1] and not sites[1] & sites[2] and not sites[0] & sites[2]
    assert sorted(name for part in parts for name in names_of(part)) == sorted(names_of(dataset))
    assert parts[0].info.config["split"]["group"] == "background"


@pytest.mark.parametrize("fractions", [(0.7, 0.15, 0.15), (0.6, 0.4), (0.34, 0.33, 0.33)])
def test_no_division_of_whole_sites_comes_nearer_to_the_shares(fractions: tuple[float, ...]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        sizes = {f"site {index}": int(size) for index, size in enumerate(rng.integers(1, 40, 7))}
        total = sum(sizes.values())

        def distance(parts: Sequence[int], sizes: dict[str, int] = sizes, total: int = total) -> float:
            counts = [
                sum(s for s, p in zip(sizes.values(), parts, strict=True) if p == k) for k in range(len(fractions))
            ]
            return sum(abs(count - share * total) for count, share in zip(counts, fractions, strict=True))

        found = assigned(sizes, fractions, np.random.default_rng(0))
        divisions = itertools.product(range(len(fractions)), repeat=len(sizes))
        best = min(distance(parts) for parts in divisions if len(set(parts)) == len(fractions))
        assert distance([found[name] for name in sizes]) == pytest.approx(best)


def test_seed_chooses_among_equally_good_divisions() -> None:
    sizes = {f"office-{index}": 4 for index in range(10)}
    drawn = [assigned(sizes, (0.6, 0.2, 0.2), np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    for parts in drawn:
        assert sorted(parts.values()) == [0] * 6 + [1] * 2 + [2] * 2


def test_many_sites_are_divided_nearly_exactly() -> None:
    rng = np.random.default_rng(0)
    sizes = {f"{index}": int(size) for index, size in enumerate(rng.integers(1, 30, 150))}
    found = assigned(sizes, (0.7, 0.15, 0.15), rng)
    for part, share in enumerate((0.7, 0.15, 0.15)):
        count = sum(size for name, size in sizes.items() if found[name] == part)
        assert count == pytest.approx(share * sum(sizes.values()), abs=3)


def test_sites_are_backgrounds_where_all_pictures_have_one_else_cameras(tmp_path: Path) -> None:
    assert chosen_group(write_sites(tmp_path / "A", {"a": 2, "b": 1}), None) == "background"
    cameras = write_sites(tmp_path / "B", {"door": 2, "hall": 1}, "camera")
    assert chosen_group(cameras, None) == "camera"
    with pytest.raises(InputError, match=r"3 of 3 pictures \(00\.png.*have no background"):
        chosen_group(cameras, "background")


def test_run_says_which_sites_are_in_which_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sites(tmp_path / "S", {"door": 4, "hall": 2, "lift": 2}, "camera")
    run(SplitConfig(dataset=tmp_path / "S", out=tmp_path / "P", by="site", group="camera", fractions=(0.5, 0.25, 0.25)))
    printed = capsys.readouterr().out
    assert "split by site: 3 cameras" in printed
    assert "train: 4 pictures, 4 people, cameras door" in printed
    assert "cameras hall" in printed and "cameras lift" in printed


def test_too_few_sites_are_refused(tmp_path: Path) -> None:
    dataset = write_sites(tmp_path / "S", {"hall": 7, "office": 2})
    with pytest.raises(InputError, match=r"found 2 backgrounds \(hall, office\) for 3 parts \(train, val, test\)"):
        split(dataset, tmp_path / "parts", "site")
    assert not (tmp_path / "parts").exists()
    assert [len(part) for part in split(dataset, tmp_path / "parts", "site", (0.8, 0.0, 0.2))] == [7, 2]


def test_group_without_by_site_is_refused(tmp_path: Path) -> None:
    dataset = write_sites(tmp_path / "S", {"hall": 7, "office": 2})
    with pytest.raises(InputError, match=r"--group camera: .*add --by site"):
        split(dataset, tmp_path / "parts", "time", group="camera")


@pytest.mark.parametrize("by", ["time", "random", "site"])
def test_parts_carry_dense_maps(tmp_path: Path, by: By) -> None:
    dataset = Dataset.read(write_full_dataset(tmp_path / "S", count=3))
    parts = split(dataset, tmp_path / "parts", by, (1 / 3, 1 / 3, 1 / 3))
    assert sorted(picture.id for part in parts for picture in part) == [0, 1, 2]
    for part in parts:
        assert part.info.classes == dataset.info.classes
        assert check(part) == []
        for field, path in part.files(part.pictures[0]).items():
            assert os.path.samefile(path, dataset.files(part.pictures[0])[field])
