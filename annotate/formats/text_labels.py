"""Formats that keep one text file of labels per picture, under the picture's name: what their readers share.

An empty label file says that nobody is in the picture; a missing one says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from annotate.dataset_model import DatasetInfo, Person, Picture, refuse_repeated_names
from annotate.errors import InputError
from annotate.formats.labelled import (
    LabelledPictures,
    ReadOptions,
    kept,
    picture_sizes,
    pictures_below,
    time_note,
    times_of_names,
)
from annotate.picture_file import SUFFIXES
from annotate.validation import validated

LineValues = Callable[[str, tuple[int, int], str], dict[str, Any] | None]
"""Fields of a Person, all but instance_id, of one line: its text, the picture's size, its place for messages. None for
another class than a person."""


@dataclass(frozen=True)
class TextLabels:
    """Pictures with a label file each."""

    images: Path
    texts: dict[str, str]
    """Content of the label file by the picture's name below images."""
    label_paths: dict[str, Path]
    unlabelled: int
    """Pictures that were left out for want of a label file."""

    @classmethod
    def read(cls, images: Path, labels: Path, options: ReadOptions, example: str) -> TextLabels:
        """Label files of the pictures below images. example: what a line holds, for messages."""
        if not images.is_dir():
            raise InputError(f"{images}: no such folder; expected pictures ({', '.join(SUFFIXES)})")
        names = kept(pictures_below(images, SUFFIXES), options.exclude, str(images))
        paths = {name: labels / PurePosixPath(name).with_suffix(".txt") for name in names}
        unlabelled = [name for name in names if not paths[name].is_file()]
        if unlabelled and not options.allow_unlabelled:
            raise InputError(
                f"{paths[unlabelled[0]]}: no such label file ({len(unlabelled)} of {len(names)} pictures have none). An "
                "empty file says that nobody is there; pass --allow-unlabelled to leave such pictures out"
            )
        for name in unlabelled:
            del paths[name]
        if not paths:
            raise InputError(f"{images}: no labelled pictures ({', '.join(SUFFIXES)}) are left to convert")
        texts = {name: label_text(path, example) for name, path in paths.items()}
        return cls(images, texts, paths, len(unlabelled))

    def lines(self) -> list[tuple[str, str]]:
        """Every line that is not blank, with its place for messages."""
        return [line for name in self.texts for line in self._lines_of(name)]

    def _lines_of(self, name: str) -> list[tuple[str, str]]:
        numbered = enumerate(self.texts[name].splitlines(), start=1)
        return [(f"{self.label_paths[name]}: line {number}", line) for number, line in numbered if line.strip()]

    def labelled_pictures(self, source: Path, options: ReadOptions, values_of: LineValues) -> LabelledPictures:
        """The pictures with their people."""
        paths = [self.images / name for name in self.texts]
        times = times_of_names(list(self.texts), options.frames_per_second)
        pictures: list[Picture] = []
        others = 0
        for number, (name, size) in enumerate(zip(self.texts, picture_sizes(paths, "pictures"), strict=True)):
            people: list[Person] = []
            for place, line in self._lines_of(name):
                values = values_of(line, size, place)
                if values is None:
                    others += 1
                else:
                    people.append(validated(Person, {**values, "instance_id": len(people) + 1}, place))
            known = {"id": number, "file_name": name, "width": size[0], "height": size[1], "people": people}
            pictures.append(validated(Picture, {**known, "time_s": times[number]}, str(self.images / name)))
        refuse_repeated_names(pictures, str(self.images))
        info = DatasetInfo(
            name=options.name or source.resolve().name, kind=options.kind, config=self._config(source, options)
        )
        notes = self._notes(pictures, others) + time_note(times, options.frames_per_second)
        return LabelledPictures.of_images(info, pictures, paths, notes)

    def _config(self, source: Path, options: ReadOptions) -> dict[str, Any]:
        joined = "".join(f"{name}\n{text}\n" for name, text in self.texts.items())
        config: dict[str, Any] = {"source": source.resolve().name}
        config["labels_sha256"] = hashlib.sha256(joined.encode()).hexdigest()
        config |= {"exclude": sorted(options.exclude), "person_class": options.person_class}
        return {**config, "frames_per_second": options.frames_per_second}

    def _notes(self, pictures: list[Picture], others: int) -> list[str]:
        notes = []
        empty = [picture.stem for picture in pictures if not picture.people]
        if empty:
            shown = ", ".join(empty[:5]) + (" ..." if len(empty) > 5 else "")
            notes.append(
                f"{len(empty)} pictures are labelled as empty ({shown}): pass --exclude for those that are not"
            )
        if self.unlabelled:
            notes.append(f"{self.unlabelled} pictures without a label file were left out")
        return notes + ([f"{others} boxes of other classes were left out"] if others else [])


def label_text(path: Path, example: str) -> str:
    """A text file's content; InputError if it is none. example: what a line holds."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; expected lines `{example}`") from None


def line_numbers(words: list[str], place: str, example: str) -> list[float]:
    """The words of a line as numbers; InputError for the first that is none."""
    try:
        return [float(word) for word in words]
    except ValueError:
        raise InputError(f"{place}: found {' '.join(words)!r:.80}, expected numbers: {example}") from None


def refuse_orphans(labels: Path, images: Path, is_label: Callable[[Path], bool]) -> None:
    """InputError for a label file whose picture is missing: something was lost on the way here."""
    stems = {str(PurePosixPath(name).with_suffix("")) for name in pictures_below(images, SUFFIXES)}
    for name in pictures_below(labels, (".txt",)):
        stem = str(PurePosixPath(name).with_suffix(""))
        if stem not in stems and is_label(labels / name):
            raise InputError(
                f"{labels / name}: there is no picture {stem} in {images}; add it or remove the label file"
            )
