"""HABBOF: rotated boxes in one text file beside each picture, one line `person cx cy w h degrees` per person.

    HABBOF/Lab1/000001.jpg, HABBOF/Lab1/000001.txt          one folder per video

px and degrees; the set's own files have whole numbers. That its degrees run clockwise from the vertical to h, as
CEPDOF's do, follows from the converter of the same authors (CEPDOF_tools), which copies the five numbers into CEPDOF's
JSON unchanged. Angles beyond [-90, 90) and w > h are read as the same box written canonically.

Read: any folder of such pairs, sub-folders kept. Written: the same, file names as they are, numbers with up to 4
decimals. Known loaders of the set expect .jpg and one folder per video; pictures are copied as they are. Hidden people are
left out; people without a rotated box are written with their radius-aligned one, or with their upright box at 0
degrees.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tqdm import tqdm

from annotate.dataset_model import Person
from annotate.dataset_writer import copy_whole
from annotate.errors import InputError
from annotate.files import write_text
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.rotated import person_values, rotated_or_upright
from annotate.formats.text_labels import TextLabels, label_text, line_numbers, refuse_orphans

HOLDS: frozenset[str] = frozenset({"rotated_bbox"})
_EXAMPLE = "person cx cy w h degrees"
_PERSON = "person"


def read_habbof(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a HABBOF folder. InputError for anything missing, broken or outside its picture, naming file and line."""
    if not source.is_dir():
        raise InputError(f"{source}: no such folder; expected pictures with label files `{_EXAMPLE}` beside them")
    images = options.images or source
    refuse_orphans(source, images, _looks_like_labels)
    labels = TextLabels.read(images, source, options, _EXAMPLE)
    wanted = (options.person_class or _PERSON).lower()
    _refuse_other_classes(labels, wanted)

    def values_of(line: str, size: tuple[int, int], place: str) -> dict[str, Any] | None:
        return _values(line, size, place, wanted)

    return labels.labelled_pictures(source, options, values_of)


def write_habbof(labelled: LabelledPictures, out: Path) -> None:
    """Write pictures and label files side by side into the empty folder out."""
    rows = zip(tqdm(labelled.pictures, desc="write habbof", leave=False), labelled.image_paths, strict=True)
    for picture, path in rows:
        copy_whole(path, out / picture.file_name)
        write_text(out / f"{picture.stem}.txt", "".join(_line(person) for person in picture.shown_people))


def _line(person: Person) -> str:
    numbers = (f"{value:.4f}".rstrip("0").rstrip(".") for value in rotated_or_upright(person))
    return " ".join([_PERSON, *numbers]) + "\n"


def _values(line: str, size: tuple[int, int], place: str, wanted: str) -> dict[str, Any] | None:
    words = line.split()
    if len(words) != 6:
        raise InputError(f"{place}: found {len(words)} columns, expected 6: {_EXAMPLE}")
    if words[0].lower() != wanted:
        return None
    return person_values(line_numbers(words[1:], place, _EXAMPLE), size, place)


def _looks_like_labels(path: Path) -> bool:
    """Whether a text file's first line is one of a label file: beside pictures may lie other texts."""
    lines = label_text(path, _EXAMPLE).split("\n", 1)[0].split()
    return len(lines) == 6 and lines[0].lower() == _PERSON


def _refuse_other_classes(labels: TextLabels, wanted: str) -> None:
    """InputError if there are labels but none of a person: then they call it otherwise."""
    found = sorted({line.split()[0].lower() for _, line in labels.lines()})
    if found and wanted not in found:
        raise InputError(
            f"{labels.images}: no label is called {wanted!r} (labels: {', '.join(found[:9])}); "
            "say which one means a person with --person-class NAME"
        )
