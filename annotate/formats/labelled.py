"""What every format reader returns and every format writer takes: pictures with labels, and where their files are.

Also the rules that readers share: which class is a person, which pictures are left out, how far a box may stick
out of its picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from tqdm import tqdm

from annotate.boxes import clip_boxes
from annotate.dataset import Dataset, DatasetInfo, Picture
from annotate.dataset_model import Kind
from annotate.errors import InputError
from annotate.picture_file import verify_picture

OUTSIDE_TOLERANCE_PX = 2.0
"""Boxes may leave the picture this far, by rounding or by a hand that slipped; they are clipped. Further is an error."""


@dataclass(frozen=True)
class ReadOptions:
    """What a person says about files that do not say it themselves."""

    exclude: tuple[str, ...] = ()
    """Stems (names without folder and suffix) of pictures to leave out."""
    images: Path | None = None
    """Folder of the pictures, if it is not where the format expects it."""
    person_class: str | None = None
    """Name of the class that means a person, if it is not "person"."""
    allow_unlabelled: bool = False
    """Leave pictures without any label file out instead of refusing them."""
    kind: Kind = "real"
    name: str | None = None
    frames_per_second: float | None = None
    """Turns frame numbers at the end of file names into seconds."""


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures with labels, not yet (or no longer) in a dataset folder."""

    info: DatasetInfo
    pictures: list[Picture]
    image_paths: list[Path]
    mask_paths: list[Path | None]
    notes: list[str] = field(default_factory=list)
    """What a person should know about the reading, one sentence each."""

    @classmethod
    def of(cls, dataset: Dataset) -> LabelledPictures:
        images = [dataset.image_path(picture) for picture in dataset]
        return cls(dataset.info, dataset.pictures, images, [dataset.mask_path(picture) for picture in dataset])


def kept(names: Iterable[str], exclude: Iterable[str], where: str) -> list[str]:
    """names (paths of pictures) without those whose stem is excluded; InputError for an unknown stem."""
    names = list(names)
    stems = {PurePosixPath(name).stem for name in names}
    unknown = sorted(set(exclude) - stems)
    if unknown:
        raise InputError(f"--exclude {unknown[0]}: {where} has no picture of that name (names go without suffix)")
    return [name for name in names if PurePosixPath(name).stem not in set(exclude)]


def person_class(names: dict[int, str], wanted: str | None, where: str) -> int:
    """The id of the class that means a person: wanted, or the one called person; InputError lists the classes."""
    matches = [number for number, name in names.items() if name.lower() == (wanted or "person").lower()]
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(names.values()) or "none"
    raise InputError(
        f'{where}: {len(matches)} classes are called "{wanted or "person"}" (classes: {known}); '
        "say which one means a person with --person-class NAME"
    )


def clipped_box(box: Iterable[float], width: int, height: int, place: str) -> tuple[float, float, float, float]:
    """An [x, y, w, h] box, its part inside the picture; InputError beyond OUTSIDE_TOLERANCE_PX or without extent."""
    x, y, w, h = (float(side) for side in box)
    if not np.isfinite([x, y, w, h]).all() or w <= 0 or h <= 0:
        raise InputError(f"{place}: box [{x:g}, {y:g}, {w:g}, {h:g}] (x, y, width, height in px) has no extent")
    beyond = max(-x, -y, x + w - width, y + h - height)
    if beyond > OUTSIDE_TOLERANCE_PX:
        raise InputError(
            f"{place}: box [{x:g}, {y:g}, {w:g}, {h:g}] reaches {beyond:.1f} px outside its picture of {width} x {height} px "
            f"({OUTSIDE_TOLERANCE_PX:g} are allowed); correct the label, or check that picture and label belong together"
        )
    left, top, inner_w, inner_h = (float(side) for side in clip_boxes([[x, y, w, h]], width, height)[0])
    if inner_w <= 0 or inner_h <= 0:
        raise InputError(f"{place}: box [{x:g}, {y:g}, {w:g}, {h:g}] lies outside its picture of {width} x {height} px")
    return left, top, inner_w, inner_h


def picture_sizes(paths: list[Path], what: str) -> list[tuple[int, int]]:
    """Width and height of each picture; every file is decoded to its end. InputError for the first broken one."""
    return [verify_picture(path) for path in tqdm(paths, desc=f"check {what}", leave=False)]


def times_of_names(names: list[str], frames_per_second: float | None) -> list[float | None]:
    """Seconds from the frame numbers at the end of file names, if all have one behind the same text; else None each.

    Without frames_per_second a frame counts as a second: the order is right, the distances are not.
    """
    matches = [re.fullmatch(r"(.*?)([0-9]+)", str(PurePosixPath(name).with_suffix(""))) for name in names]
    if None in matches or len({match[1] for match in matches if match}) > 1:
        return [None] * len(names)
    return [int(match[2]) / (frames_per_second or 1.0) for match in matches if match]


def time_note(times: list[float | None], frames_per_second: float | None) -> list[str]:
    if not times or times[0] is None:
        return ["time_s is unknown: the file names do not end in frame numbers"]
    if frames_per_second is None:
        return ["time_s is the frame number, one second each: say --frames-per-second N if you know it"]
    return []


def pictures_below(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Relative paths (forward slashes) of the pictures in folder and its folders; hidden files are not counted."""
    paths = (path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    relative = sorted(path.relative_to(folder).as_posix() for path in paths)
    return [name for name in relative if not any(part.startswith(".") for part in name.split("/"))]
