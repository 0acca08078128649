"""Formats of labelled pictures: one module per format, entered here by name. Any format in, any format out.

A reader takes a path and ReadOptions and returns LabelledPictures; a writer takes LabelledPictures and an empty
folder. Neither keeps state. To add a format, write both functions in a module of its own and enter them in FORMATS.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm
from tyro.conf import Positional

from annotate.dataset import Dataset, DatasetWriter
from annotate.dataset_model import Kind
from annotate.dataset_writer import refuse_inside_dataset, refuse_source, refuse_unwritable
from annotate.errors import InputError
from annotate.formats import cepdof, coco, habbof, loaf, mwr, yolo, yolo_obb
from annotate.formats.cepdof import read_cepdof, write_cepdof
from annotate.formats.coco import read_coco, write_coco
from annotate.formats.habbof import read_habbof, write_habbof
from annotate.formats.labelled import LABEL_KINDS, LabelledPictures, ReadOptions, kept, unheld
from annotate.formats.loaf import read_loaf, write_loaf
from annotate.formats.mwr import read_mwr, write_mwr
from annotate.formats.yolo import read_yolo, write_yolo
from annotate.formats.yolo_obb import read_yolo_obb, write_yolo_obb


@dataclass(frozen=True)
class Format:
    """How one format is read and written."""

    summary: str
    read: Callable[[Path, ReadOptions], LabelledPictures]
    write: Callable[[LabelledPictures, Path], None]
    holds: Collection[str]
    """Kinds of labels (LABEL_KINDS) that survive writing and reading."""


def read_plafond(source: Path, options: ReadOptions) -> LabelledPictures:
    """A dataset folder of our own, as every other format is read."""
    labelled = LabelledPictures.of(Dataset.read(source))
    names = set(kept([picture.file_name for picture in labelled.pictures], options.exclude, str(source)))
    chosen = [index for index, picture in enumerate(labelled.pictures) if picture.file_name in names]
    return replace(
        labelled,
        info=labelled.info.model_copy(update={"name": options.name or labelled.info.name}),
        pictures=[labelled.pictures[index] for index in chosen],
        files=[labelled.files[index] for index in chosen],
    )


def write_plafond(labelled: LabelledPictures, out: Path, overwrite: bool = False) -> None:
    """A dataset folder of our own; picture files are copied as they are."""
    writer = DatasetWriter(out, labelled.info, overwrite)
    rows = zip(labelled.pictures, labelled.files, strict=True)
    for picture, files in tqdm(rows, desc="write pictures", total=len(labelled.pictures), leave=False):
        writer.add_files(picture, files, link=False)
    writer.finish()


FORMATS: dict[str, Format] = {
    "coco": Format("COCO object annotations (JSON)", read_coco, write_coco, coco.HOLDS),
    "yolo": Format("YOLO text labels", read_yolo, write_yolo, yolo.HOLDS),
    "yolo-obb": Format("YOLO-OBB text labels (oriented boxes)", read_yolo_obb, write_yolo_obb, yolo_obb.HOLDS),
    "cepdof": Format("CEPDOF and WEPDTOF rotated boxes (JSON)", read_cepdof, write_cepdof, cepdof.HOLDS),
    "mwr": Format("MW-R rotated boxes (JSON)", read_mwr, write_mwr, mwr.HOLDS),
    "habbof": Format("HABBOF rotated boxes (text beside pictures)", read_habbof, write_habbof, habbof.HOLDS),
    "loaf": Format("LOAF radius-aligned boxes and positions (JSON)", read_loaf, write_loaf, loaf.HOLDS),
    "plafond": Format("a dataset folder of plafond", read_plafond, write_plafond, LABEL_KINDS),
}


class ConvertConfig(BaseModel):
    """Turn a labelled set of another format into a dataset folder, or a dataset folder into another format."""

    model_config = ConfigDict(extra="forbid")

    format: Positional[str]
    """Format of the source; the command's message for an unknown one lists them."""
    source: Positional[Path]
    """Folder (or COCO file) to read; it stays as it is."""
    out: Path
    """Folder to write: new or empty."""
    to: str = "plafond"
    """Format to write: plafond or any other that can be read."""
    exclude: list[str] = Field(default_factory=list)
    """Names (without suffix) of pictures to leave out."""
    images: Path | None = None
    """Folder of the pictures, if it is not where the format expects it."""
    person_class: str | None = None
    """Name of the class that means a person, if it is not "person"."""
    allow_unlabelled: bool = False
    """Leave pictures without a label file out instead of stopping."""
    frames_per_second: float | None = Field(default=None, gt=0)
    """Turns frame numbers at the end of file names into seconds."""
    kind: Kind = "real"
    """What the pictures are."""
    name: str | None = None
    """Name of the dataset; the source's if left out."""
    overwrite: bool = False
    """Replace a dataset in OUT that was made with other options."""


def run(config: ConvertConfig) -> Path:
    """The command: read everything, and only if nothing is wrong write it. Returns the folder written."""
    reader, writer = known_format(config.format), known_format(config.to)
    refuse_source(config.out, [config.source])
    labelled = reader.read(config.source, _options(config))
    if config.to == "plafond":
        refuse_unwritable(config.out, labelled.info, config.overwrite)
        write_plafond(labelled, config.out, config.overwrite)
    else:
        _write_whole(writer, labelled, config.out)
    for note in [*labelled.notes, *unheld(labelled, writer.holds)]:
        print(f"note: {note}")
    people = sum(len(picture.people) for picture in labelled.pictures)
    print(f"{config.out}: {len(labelled.pictures)} pictures, {people} people")
    return config.out


def known_format(name: str) -> Format:
    """The format of that name; InputError lists the known ones."""
    if name not in FORMATS:
        known = ", ".join(f"{key} ({entry.summary})" for key, entry in FORMATS.items())
        raise InputError(f'format "{name}" is not known; known formats: {known}')
    return FORMATS[name]


def _options(config: ConvertConfig) -> ReadOptions:
    shared = config.model_dump(exclude={"format", "source", "out", "to", "exclude", "overwrite"})
    return ReadOptions(exclude=tuple(config.exclude), **shared)


def _write_whole(writer: Format, labelled: LabelledPictures, out: Path) -> None:
    """Write beside out and rename, so that a folder of another format is there whole or not at all."""
    refuse_inside_dataset(out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(f"--out {out}: exists and is not empty; nothing was written. Name a new or empty folder")
    beside = out.with_name(f".{out.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        writer.write(labelled, beside)
        if out.is_dir():
            out.rmdir()
        beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
