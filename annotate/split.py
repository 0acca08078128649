"""A dataset divided into train, val and test, and several datasets put together into one.

Pictures of one clip resemble their neighbours, so parts are blocks of time by default: pictures drawn at random
would put near-copies of the training pictures into the test.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm
from tyro.conf import Positional

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Picture
from annotate.dataset_model import FILE_FOLDERS
from annotate.dataset_writer import file_sha256, refuse_inside_dataset, refuse_source, refuse_unwritable
from annotate.errors import InputError

PARTS = ("train", "val", "test")


class SplitConfig(BaseModel):
    """Divide a dataset into OUT/train, OUT/val and OUT/test."""

    model_config = ConfigDict(extra="forbid")

    dataset: Positional[Path]
    """The dataset folder to divide; it stays as it is."""
    out: Path
    """Folder for the parts."""
    by: Literal["time", "random"] = "time"
    """time: blocks in the order of time, train first. random: drawn by the seed."""
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15)
    """Shares of train, val and test; they add up to 1. A part with share 0 is not written."""
    gap: int = Field(default=0, ge=0)
    """Pictures left out between two blocks of time, so that neighbours in time do not meet across the border."""
    seed: int = 0
    """Seed of a random split."""
    overwrite: bool = False
    """Replace parts that an earlier split with other options left in OUT."""


def run(config: SplitConfig) -> Path:
    """The command: write the parts and print what is in each. Returns the folder of the parts."""
    dataset = Dataset.read(config.dataset)
    print(_order_message(dataset, config.by))
    for part in split(dataset, config.out, config.by, config.fractions, config.seed, config.gap, config.overwrite):
        people = sum(len(picture.people) for picture in part)
        print(f"{part.root}: {len(part)} pictures, {people} people, {_span(part)}")
    return config.out


def split(
    dataset: Dataset,
    out: Path,
    by: Literal["time", "random"] = "time",
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15),
    seed: int = 0,
    gap: int = 0,
    overwrite: bool = False,
) -> list[Dataset]:
    """Write the parts of dataset under out, pictures linked or copied; ids and names stay. Returns them, read back.

    Raises InputError, before anything is written, for shares that do not add up to 1, a part that would be empty,
    or a folder that holds something else.
    """
    _refuse_fractions(fractions)
    groups = _groups(dataset, by, fractions, seed, gap)
    made_by = {"by": by, "fractions": list(fractions), "seed": seed, "gap": gap}
    parts = [(name, pictures, _part_info(dataset, name, made_by)) for name, pictures in groups.items()]
    refuse_inside_dataset(out)
    if (out / "dataset.json").is_file():
        raise InputError(f"--out {out}: is itself a dataset; the parts need a folder of their own")
    for name, _, info in parts:
        refuse_source(out / name, [dataset.root])
        refuse_unwritable(out / name, info, overwrite)
    return [_write_part(dataset, pictures, out / name, info, overwrite) for name, pictures, info in parts]


def time_order(pictures: list[Picture]) -> list[Picture]:
    """Pictures in the order of time_s; in natural order of their names (f2 before f10) if one has no time."""
    if any(picture.time_s is None for picture in pictures):
        return sorted(pictures, key=lambda picture: natural_key(picture.file_name))
    return sorted(pictures, key=lambda picture: (picture.time_s, natural_key(picture.file_name)))


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key in which numbers within a name count as numbers."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"([0-9]+)", name)]


def merge(datasets: list[Dataset], out: Path, name: str = "merged", overwrite: bool = False) -> Dataset:
    """One dataset of all pictures of several, in order, with new ids from 0.

    Each dataset's pictures, masks and cameras go under a prefix (its folder's name, made unique), so that equal
    names do not meet. The kind is theirs if they agree, otherwise mixed.
    """
    if not datasets:
        raise InputError("merge: no dataset was given; name at least one")
    refuse_source(out, [dataset.root for dataset in datasets])
    prefixes = _prefixes([dataset.root.resolve().name for dataset in datasets])
    cameras = {
        f"{prefix}/{key}": camera
        for prefix, dataset in zip(prefixes, datasets, strict=True)
        for key, camera in dataset.info.cameras.items()
    }
    kinds = {dataset.info.kind for dataset in datasets}
    config = {"merge": {prefix: _origin(dataset) for prefix, dataset in zip(prefixes, datasets, strict=True)}}
    kind = kinds.pop() if len(kinds) == 1 else "mixed"
    writer = DatasetWriter(out, DatasetInfo(name=name, kind=kind, config=config, cameras=cameras), overwrite)
    count = 0
    for prefix, dataset in zip(prefixes, datasets, strict=True):
        for picture in tqdm(dataset, desc=f"merge {prefix}", leave=False):
            writer.add_files(_prefixed(picture, prefix, count), dataset.files(picture))
            count += 1
    writer.finish()
    return Dataset.read(out)


def _prefixed(picture: Picture, prefix: str, new_id: int) -> Picture:
    names = {field: getattr(picture, field) for field in (*FILE_FOLDERS, "camera")}
    moved = {field: None if value is None else f"{prefix}/{value}" for field, value in names.items()}
    return picture.model_copy(update={"id": new_id, **moved})


def _prefixes(names: list[str]) -> list[str]:
    """Names made different from each other by a number where needed."""
    prefixes: list[str] = []
    for name in names:
        candidates = [name, *(f"{name}-{number}" for number in range(2, len(names) + 2))]
        prefixes.append(next(candidate for candidate in candidates if candidate not in prefixes))
    return prefixes


def _refuse_fractions(fractions: tuple[float, ...]) -> None:
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        shown = " ".join(f"{fraction:g}" for fraction in fractions)
        raise InputError(f"--fractions {shown}: shares of {', '.join(PARTS)} must be 0 or more and add up to 1")


def _groups(dataset: Dataset, by: str, fractions: tuple[float, ...], seed: int, gap: int) -> dict[str, list[Picture]]:
    """The pictures of each part; InputError if a part with a share gets none."""
    ordered = time_order(dataset.pictures)
    if by == "random":
        ordered = [ordered[index] for index in np.random.default_rng(seed).permutation(len(ordered))]
        gap = 0
    edges = [0, *(round(edge * len(ordered)) for edge in np.cumsum(fractions))]
    groups, used = {}, 0
    for name, fraction, start, end in zip(PARTS, fractions, edges[:-1], edges[1:], strict=True):
        if fraction == 0:
            continue
        groups[name] = ordered[start + (gap if used else 0) : end]
        used += 1
        if not groups[name]:
            raise InputError(
                f"--fractions: {name} with a share of {fraction:g} of {len(ordered)} pictures (--gap {gap}) would be "
                "empty; use a larger share or more pictures"
            )
    return groups


def _part_info(dataset: Dataset, part: str, made_by: dict[str, Any]) -> DatasetInfo:
    config = {"split": {**made_by, "part": part}, "source": _origin(dataset)}
    return dataset.info.model_copy(update={"name": f"{dataset.info.name}-{part}", "config": config})


def _origin(dataset: Dataset) -> dict[str, Any]:
    """What a dataset was made from, well enough to notice that it has changed since."""
    info = dataset.info
    checksum = file_sha256(dataset.root / "annotations.json")
    return {
        "name": info.name,
        "kind": info.kind,
        "seed": info.seed,
        "config": info.config,
        "annotations_sha256": checksum,
    }


def _write_part(dataset: Dataset, pictures: list[Picture], root: Path, info: DatasetInfo, overwrite: bool) -> Dataset:
    writer = DatasetWriter(root, info, overwrite)
    for picture in tqdm(pictures, desc=root.name, leave=False):
        writer.add_files(picture, dataset.files(picture))
    writer.finish()
    return Dataset.read(root)


def _order_message(dataset: Dataset, by: str) -> str:
    if by == "random":
        return "split at random: neighbours in time may stand in different parts"
    if any(picture.time_s is None for picture in dataset):
        return "split by time: pictures have no time_s, so the order of their file names is taken for it"
    return "split by time: by the pictures' time_s"


def _span(part: Dataset) -> str:
    names = [picture.file_name for picture in time_order(part.pictures)]
    return f"{names[0]} to {names[-1]}"
