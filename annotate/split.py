"""A dataset divided into train, val and test.

Pictures of one clip resemble their neighbours, so parts are blocks of time by default: pictures drawn at random
would put near-copies of the training pictures into the test. By site, all pictures of a background or camera go into
one part, which asks the harder question: how well does a detector work in a room that it has never seen?
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
from annotate.dataset_writer import refuse_inside_dataset, refuse_source, refuse_unwritable
from annotate.errors import InputError
from annotate.origin import origin
from annotate.site_groups import Group, assigned, chosen_group, group_of, sites_of

PARTS = ("train", "val", "test")
By = Literal["time", "random", "site"]


class SplitConfig(BaseModel):
    """Divide a dataset into OUT/train, OUT/val and OUT/test."""

    model_config = ConfigDict(extra="forbid")

    dataset: Positional[Path]
    """The dataset folder to divide; it stays as it is."""
    out: Path
    """Folder for the parts."""
    by: By = "time"
    """time: blocks in the order of time, train first. random: drawn by the seed. site: whole backgrounds or cameras."""
    group: Group | None = None
    """What is a site: pictures of one background, or of one camera. Left out: background if every picture has one."""
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15)
    """Shares of train, val and test; they add up to 1. A part with share 0 is not written."""
    gap: int = Field(default=0, ge=0)
    """Pictures left out between two blocks of time, so that neighbours in time do not meet across the border."""
    seed: int = 0
    """Seed of a random split, and of the choice among equally good splits by site."""
    overwrite: bool = False
    """Replace parts that an earlier split with other options left in OUT."""


def run(config: SplitConfig) -> Path:
    """The command: write the parts and print what is in each. Returns the folder of the parts."""
    dataset = Dataset.read(config.dataset)
    group = chosen_group(dataset, config.group) if config.by == "site" else None
    print(_order_message(dataset, config.by, group))
    options = config.model_dump(exclude={"dataset", "out"})
    for part in split(dataset, config.out, **options):
        people = sum(len(picture.people) for picture in part)
        contents = _span(part) if group is None else f"{group}s {', '.join(sites_of(part.pictures, group))}"
        print(f"{part.root}: {len(part)} pictures, {people} people, {contents}")
    return config.out


def split(
    dataset: Dataset,
    out: Path,
    by: By = "time",
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15),
    seed: int = 0,
    gap: int = 0,
    overwrite: bool = False,
    group: Group | None = None,
) -> list[Dataset]:
    """Write the parts of dataset under out, all files linked or copied; ids and names stay. Returns them, read back.

    group: what a site is, for a split by site (annotate.site_groups.chosen_group). Raises InputError, before anything is
    written, for shares that do not add up to 1, a part that would be empty, or a folder that holds something else.
    """
    _refuse_fractions(fractions)
    made_by: dict[str, Any] = {"by": by, "fractions": list(fractions), "seed": seed, "gap": gap}
    if by == "site":
        group = chosen_group(dataset, group)
        divided = _by_site(dataset, group, fractions, seed)
        made_by["group"] = group
    elif group is not None:
        raise InputError(f"--group {group}: says what a site is, but pictures are divided by {by}; add --by site")
    else:
        divided = _in_order(dataset, by, fractions, seed, gap)
    parts = [(name, pictures, _part_info(dataset, name, made_by)) for name, pictures in divided.items()]
    refuse_inside_dataset(out)
    if out.is_file():
        raise InputError(f"--out {out}: is a file; the parts need a folder")
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


def _refuse_fractions(fractions: tuple[float, ...]) -> None:
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        shown = " ".join(f"{fraction:g}" for fraction in fractions)
        raise InputError(f"--fractions {shown}: shares of {', '.join(PARTS)} must be 0 or more and add up to 1")


def _by_site(dataset: Dataset, group: Group, fractions: tuple[float, ...], seed: int) -> dict[str, list[Picture]]:
    """The pictures of each part with a share, whole sites together; InputError if there are fewer sites than parts."""
    shares = {name: share for name, share in zip(PARTS, fractions, strict=True) if share > 0}
    sizes = sites_of(dataset.pictures, group)
    if len(sizes) < len(shares):
        raise InputError(
            f"--by site: found {len(sizes)} {group}s ({', '.join(sizes)}) for {len(shares)} parts ({', '.join(shares)}); "
            "every part needs one of its own. Set a share to 0, use another --group, or split --by time"
        )
    parts = assigned(sizes, list(shares.values()), np.random.default_rng(seed))
    return {
        name: [picture for picture in dataset if parts[group_of(picture, group)] == number]
        for number, name in enumerate(shares)
    }


def _in_order(dataset: Dataset, by: By, fractions: tuple[float, ...], seed: int, gap: int) -> dict[str, list[Picture]]:
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
    config = {"split": {**made_by, "part": part}, "source": origin(dataset)}
    return dataset.info.model_copy(update={"name": f"{dataset.info.name}-{part}", "config": config})


def _write_part(dataset: Dataset, pictures: list[Picture], root: Path, info: DatasetInfo, overwrite: bool) -> Dataset:
    writer = DatasetWriter(root, info, overwrite)
    for picture in tqdm(pictures, desc=root.name, leave=False):
        writer.add_files(picture, dataset.files(picture))
    writer.finish()
    return Dataset.read(root)


def _order_message(dataset: Dataset, by: By, group: Group | None) -> str:
    if group is not None:
        sites = sites_of(dataset.pictures, group)
        alone = len(sites) == len(dataset) > 1
        return f"split by site: {len(sites)} {group}s" + (", one for each picture: that is a random split" * alone)
    if by == "random":
        return "split at random: neighbours in time may stand in different parts"
    if any(picture.time_s is None for picture in dataset):
        return "split by time: pictures have no time_s, so the order of their file names is taken for it"
    return "split by time: by the pictures' time_s"


def _span(part: Dataset) -> str:
    names = [picture.file_name for picture in time_order(part.pictures)]
    return f"{names[0]} to {names[-1]}"
