"""What every format reader returns and every format writer takes: pictures with labels, and where their files are.

Also the rules that readers share: which class is a person, which pictures are left out, how far a box may stick
out of its picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from tqdm import tqdm

from annotate.boxes import clip_boxes, rotated_box_corners, upright_box_of
from annotate.dataset import Dataset, DatasetInfo, Picture
from annotate.dataset_model import Kind
from annotate.errors import InputError
from annotate.picture_file import verify_picture

OUTSIDE_TOLERANCE_PX = 2.0
"""Boxes may leave the picture this far, by rounding or by a hand that slipped; they are clipped. Further is an error."""
_SAME_BOX_PX = 0.5


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
    files: list[dict[str, Path]]
    """Where the files of each picture lie, by the field that names them (Dataset.files)."""
    notes: list[str] = field(default_factory=list)
    """What a person should know about the reading, one sentence each."""

    @classmethod
    def of(cls, dataset: Dataset) -> LabelledPictures:
        return cls(dataset.info, dataset.pictures, [dataset.files(picture) for picture in dataset])

    @classmethod
    def of_images(
        cls, info: DatasetInfo, pictures: list[Picture], image_paths: list[Path], notes: Iterable[str] = ()
    ) -> LabelledPictures:
        """Pictures that have no other files."""
        return cls(info, pictures, [{"file_name": path} for path in image_paths], list(notes))

    @property
    def image_paths(self) -> list[Path]:
        return [files["file_name"] for files in self.files]


def _some(field: str) -> Callable[[Picture], int]:
    return lambda picture: sum(getattr(person, field) is not None for person in picture.people)


def _tight_boxes(picture: Picture) -> int:
    """How many people have an upright box that is not merely the one around their rotated box."""
    both = [(one.bbox, one.rotated_bbox or one.radius_bbox) for one in picture.shown_people]
    count = 0
    for upright, rotated in both:
        if rotated is not None:
            around = clip_boxes([upright_box_of(rotated_box_corners([rotated])[0])], picture.width, picture.height)[0]
            count += bool(np.abs(around - upright).max() > _SAME_BOX_PX)
    return count


LABEL_KINDS: dict[str, tuple[str, Callable[[Picture], int]]] = {
    "bbox": ("upright boxes beside rotated ones", _tight_boxes),
    "head_bbox": ("head boxes", _some("head_bbox")),
    "head_point": ("head points", _some("head_point")),
    "rotated_bbox": ("rotated boxes", _some("rotated_bbox")),
    "radius_bbox": ("radius-aligned boxes", _some("radius_bbox")),
    "whole_bbox": ("boxes of whole people", _some("whole_bbox")),
    "mask": ("masks", _some("segmentation_rle")),
    "keypoints": ("keypoints of people", _some("keypoints")),
    "visible_fraction": ("visible fractions", _some("visible_fraction")),
    "truncated": ("truncation flags", lambda picture: sum(person.truncated for person in picture.people)),
    "hidden": ("hidden people", lambda picture: sum(person.hidden for person in picture.people)),
    "foot_m": ("positions on the floor in metres", _some("foot_m")),
    "head_m": ("positions of heads in metres", _some("head_m")),
    "attributes": ("people's attributes", lambda picture: sum(bool(person.attributes) for person in picture.people)),
    "ignore_areas": ("ignore areas", lambda picture: len(picture.ignore_areas)),
    "background": ("names of backgrounds", lambda picture: int(picture.background is not None)),
    "picture_attributes": ("attributes of pictures", lambda picture: int(bool(picture.attributes))),
    "time_s": ("times of pictures", lambda picture: int(picture.time_s is not None)),
    "camera": ("cameras of pictures", lambda picture: int(picture.camera is not None)),
    "depth": ("depth maps", lambda picture: int(picture.depth_file is not None)),
    "normals": ("normal maps", lambda picture: int(picture.normals_file is not None)),
    "classes": ("class maps", lambda picture: int(picture.classes_file is not None)),
}
"""What may be lost in another format: kind of label, its name in messages, and how many of it a picture has. Every
format holds pictures and either person boxes or rotated boxes."""


def unheld(labelled: LabelledPictures, holds: Collection[str]) -> list[str]:
    """What a format with these LABEL_KINDS leaves out of these pictures, in a sentence; none if it loses nothing."""
    counts = {
        name: sum(count(picture) for picture in labelled.pictures)
        for kind, (name, count) in LABEL_KINDS.items()
        if kind not in holds
    }
    lost = [f"{count} {name}" for name, count in counts.items() if count]
    return [f"this format cannot hold {', '.join(lost)}: left out"] if lost else []


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
