"""A dataset folder of our own, read and written as every other format is; it holds every label."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from annotate.dataset import Dataset, DatasetWriter
from annotate.formats.labelled import LABEL_KINDS, LabelledPictures, ReadOptions, kept

HOLDS: frozenset[str] = frozenset(LABEL_KINDS)


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
