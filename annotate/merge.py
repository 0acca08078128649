"""Several datasets put together into one.

Each input's files and cameras go under a prefix, its folder's name, so that equal names do not meet. Class maps keep
their meaning: where the inputs number their classes differently, the maps are rewritten to one list of names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict
from tqdm import tqdm
from tyro.conf import Positional, arg

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Picture
from annotate.dataset_model import FILE_FOLDERS
from annotate.dataset_writer import refuse_source
from annotate.dense import write_classes
from annotate.errors import InputError
from annotate.origin import origin

MOST_CLASSES = 256
"""Class maps have 8 bits."""


class MergeConfig(BaseModel):
    """Put several datasets together into one."""

    model_config = ConfigDict(extra="forbid")

    datasets: Annotated[Positional[tuple[Path, ...]], arg(metavar="DATASET ...")]
    """The dataset folders to put together, in this order; they stay as they are."""
    out: Path
    """Folder to write."""
    name: str = "merged"
    """Name of the dataset."""
    overwrite: bool = False
    """Replace a dataset in OUT that was made of others."""


def run(config: MergeConfig) -> Path:
    """The command: merge, and print what came from where and what a person should know. Returns the folder written."""
    datasets = [Dataset.read(folder) for folder in config.datasets]
    merged = merge(datasets, config.out, config.name, config.overwrite)
    for note in (*class_notes(datasets), *equal_picture_notes(merged)):
        print(f"note: {note}")
    for prefix, dataset in zip(_prefixes(datasets), datasets, strict=True):
        people = sum(len(picture.people) for picture in dataset)
        print(f"{config.out}/images/{prefix}: {len(dataset)} pictures, {people} people of {dataset.root}")
    return config.out


def merge(datasets: Sequence[Dataset], out: Path, name: str = "merged", overwrite: bool = False) -> Dataset:
    """One dataset of all pictures of several, in order, with new ids from 0; files are linked or copied.

    Each dataset's pictures, masks, dense maps and cameras go under a prefix (its folder's name, made unique). The kind
    is theirs if they agree, otherwise mixed. Class maps whose numbers mean something else in the merged list of classes
    are rewritten. Raises InputError, before anything is written, for no dataset, one that is named twice, or more class
    names than a class map can hold.
    """
    if not datasets:
        raise InputError("no dataset was given; name at least one")
    _refuse_twice([dataset.root for dataset in datasets])
    refuse_source(out, [dataset.root for dataset in datasets])
    prefixes = _prefixes(datasets)
    classes = merged_classes([dataset.info.classes for dataset in datasets])
    writer = DatasetWriter(out, _merged_info(datasets, prefixes, classes, name), overwrite)
    count = 0
    for prefix, dataset in zip(prefixes, datasets, strict=True):
        for picture in tqdm(dataset, desc=f"merge {prefix}", leave=False):
            moved, files = _prefixed(picture, prefix, count), dataset.files(picture)
            if picture.classes_file is not None and not _keeps_numbers(dataset.info.classes, classes):
                files["classes_file"] = _renumbered(
                    dataset, picture, classes, out / "classes" / str(moved.classes_file)
                )
            writer.add_files(moved, files)
            count += 1
    writer.finish()
    return Dataset.read(out)


def merged_classes(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """One list of class names: the longest of them if it begins with all others, else the first, then what is new."""
    known = list(lists)
    longest = max(known, key=len, default=())
    if all(_is_beginning(names, longest) for names in known):
        return longest
    union = tuple(dict.fromkeys(name for names in known for name in names))
    if len(union) > MOST_CLASSES:
        raise InputError(f"the datasets name {len(union)} classes together; a class map holds {MOST_CLASSES}")
    return union


def class_notes(datasets: Sequence[Dataset]) -> list[str]:
    """One sentence for each dataset whose class maps are rewritten by a merge."""
    classes = merged_classes([dataset.info.classes for dataset in datasets])
    return [
        f"{dataset.root}: its classes are numbered otherwise; its class maps are rewritten to the {len(classes)} names of all"
        for dataset in datasets
        if not _keeps_numbers(dataset.info.classes, classes) and any(picture.classes_file for picture in dataset)
    ]


def equal_picture_notes(merged: Dataset) -> list[str]:
    """One sentence if picture files of a merged dataset are equal, bit for bit; their checksums are in its manifest."""
    by_sum: dict[str, list[str]] = {}
    for line in (merged.root / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        by_sum.setdefault(entry["image_sha256"], []).append(entry["file"])
    groups = [files for files in by_sum.values() if len(files) > 1]
    if not groups:
        return []
    count = sum(len(files) - 1 for files in groups)
    shown = "; ".join(" = ".join(files[:3]) for files in groups[:3])
    return [
        f"{count} pictures are there more than once, bit for bit ({shown}); labels of one may contradict the other's"
    ]


def _merged_info(datasets: Sequence[Dataset], prefixes: list[str], classes: tuple[str, ...], name: str) -> DatasetInfo:
    named = list(zip(prefixes, datasets, strict=True))
    cameras = {f"{prefix}/{key}": camera for prefix, one in named for key, camera in one.info.cameras.items()}
    kinds = {dataset.info.kind for dataset in datasets}
    kind = kinds.pop() if len(kinds) == 1 else "mixed"
    config = {"merge": {prefix: origin(dataset) for prefix, dataset in named}}
    return DatasetInfo(name=name, kind=kind, config=config, cameras=cameras, classes=classes)


def _prefixed(picture: Picture, prefix: str, new_id: int) -> Picture:
    names = {field: getattr(picture, field) for field in (*FILE_FOLDERS, "camera")}
    moved = {field: None if value is None else f"{prefix}/{value}" for field, value in names.items()}
    return picture.model_copy(update={"id": new_id, **moved})


def _renumbered(dataset: Dataset, picture: Picture, classes: tuple[str, ...], target: Path) -> Path:
    """Write the picture's class map with the numbers of the merged list; returns target."""
    numbers = dataset.classes(picture)
    known = dataset.info.classes
    if numbers.max(initial=0) >= len(known):
        raise InputError(
            f"{dataset.files(picture)['classes_file']}: found class number {numbers.max()}, but dataset.json names "
            f"{len(known)} classes; name it there before merging"
        )
    write_classes(target, np.array([classes.index(name) for name in known], np.uint8)[numbers])
    return target


def _is_beginning(names: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    return longer[: len(names)] == names


def _keeps_numbers(names: tuple[str, ...], merged: tuple[str, ...]) -> bool:
    """Whether class numbers of a dataset mean the same in the merged list; numbers without names mean nothing."""
    return _is_beginning(names, merged) and bool(names) == bool(merged)


def _refuse_twice(roots: list[Path]) -> None:
    seen = set()
    for root in roots:
        if root.resolve() in seen:
            raise InputError(f"{root} is named twice; name every dataset once")
        seen.add(root.resolve())


def _prefixes(datasets: Sequence[Dataset]) -> list[str]:
    """The folders' names, made different from each other by a number where needed."""
    names = [dataset.root.resolve().name.lstrip(".") or "dataset" for dataset in datasets]
    prefixes: list[str] = []
    for name in names:
        candidates = [name, *(f"{name}-{number}" for number in range(2, len(names) + 2))]
        prefixes.append(next(candidate for candidate in candidates if candidate not in prefixes))
    return prefixes
