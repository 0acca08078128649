"""The convert command: a labelled set of any format into any other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional, arg

from annotate.dataset_model import Kind
from annotate.dataset_writer import refuse_inside_dataset, refuse_source, refuse_unwritable
from annotate.errors import InputError
from annotate.formats import Format, known_format
from annotate.formats.labelled import LabelledPictures, ReadOptions, unheld
from annotate.formats.plafond import write_plafond


class ConvertConfig(BaseModel):
    """Turn a labelled set of another format into a dataset folder, or a dataset folder into another format."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[Positional[str], arg(metavar="FORMAT")]
    """Format of the source: coco, yolo, yolo-obb, cepdof (also WEPDTOF), mwr, habbof, loaf, labelme, cvat, webdataset
    or plafond (a dataset folder)."""
    source: Annotated[Positional[Path], arg(metavar="SOURCE")]
    """Folder or label file to read; it stays as it is."""
    out: Path
    """Folder to write: new or empty."""
    to: Annotated[str, arg(metavar="FORMAT")] = "plafond"
    """Format to write: any of the above."""
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
    for note in [*labelled.notes, *unheld(labelled, writer.holds), *_kind_note(writer, labelled)]:
        print(f"note: {note}")
    people = sum(len(picture.people) for picture in labelled.pictures)
    print(f"{config.out}: {len(labelled.pictures)} pictures, {people} people")
    return config.out


def _kind_note(writer: Format, labelled: LabelledPictures) -> list[str]:
    kind = labelled.info.kind
    if writer.holds_kind or kind == "real":
        return []
    return [f"this format does not say that the pictures are {kind}: pass --kind {kind} to read them as such"]


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
