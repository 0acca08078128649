"""YOLO text labels: one .txt per picture, one line `class cx cy w h` per box, as fractions of the picture.

Read: FOLDER/images and FOLDER/labels (sub-folders kept), or both kinds of file side by side in FOLDER; class names from
classes.txt or data.yaml. An empty label file says that nobody is in the picture; a missing one says nothing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from tqdm import tqdm

from annotate.boxes import cxcywh_from_xywh, xywh_from_cxcywh
from annotate.dataset_model import DatasetInfo, Person, Picture, refuse_repeated_names
from annotate.dataset_writer import copy_whole
from annotate.errors import InputError
from annotate.files import write_text
from annotate.formats.labelled import (
    LabelledPictures,
    ReadOptions,
    clipped_box,
    kept,
    person_class,
    picture_sizes,
    pictures_below,
    time_note,
    times_of_names,
)
from annotate.picture_file import SUFFIXES

HOLDS: frozenset[str] = frozenset()
"""Person boxes only."""
_CLASS_FILES = ("classes.txt", "labels/classes.txt", "obj.names")


def read_yolo(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a YOLO folder. InputError for anything missing, broken or outside its picture, naming file and line."""
    images, labels = _folders(source, options)
    names = kept(pictures_below(images, SUFFIXES), options.exclude, str(images))
    label_paths = {name: labels / PurePosixPath(name).with_suffix(".txt") for name in names}
    _refuse_orphans(source, labels, images)
    unlabelled = [name for name in names if not label_paths[name].is_file()]
    if unlabelled and not options.allow_unlabelled:
        raise InputError(
            f"{label_paths[unlabelled[0]]}: no such label file ({len(unlabelled)} of {len(names)} pictures have none). An "
            "empty file says that nobody is there; pass --allow-unlabelled to leave such pictures out"
        )
    names = [name for name in names if name not in set(unlabelled)]
    if not names:
        raise InputError(f"{images}: no labelled pictures ({', '.join(SUFFIXES)}) are left to convert")
    return _read_labelled(source, images, {name: label_paths[name] for name in names}, options, len(unlabelled))


def write_yolo(labelled: LabelledPictures, out: Path) -> None:
    """Write images/, labels/, classes.txt and data.yaml into the empty folder out. Boxes only: YOLO holds no more."""
    for picture, image in zip(
        tqdm(labelled.pictures, desc="write yolo", leave=False), labelled.image_paths, strict=True
    ):
        copy_whole(image, out / "images" / picture.file_name)
        write_text(
            out / "labels" / f"{picture.stem}.txt", "".join(_line(picture, person) for person in picture.shown_people)
        )
    write_text(out / "classes.txt", "person\n")
    write_text(
        out / "data.yaml", yaml.safe_dump({"path": ".", "train": "images", "val": "images", "names": {0: "person"}})
    )


def _line(picture: Picture, person: Person) -> str:
    cx, cy, w, h = cxcywh_from_xywh([person.bbox])[0]
    values = (cx / picture.width, cy / picture.height, w / picture.width, h / picture.height)
    return " ".join(["0", *(f"{value:.9f}" for value in values)]) + "\n"


def _folders(source: Path, options: ReadOptions) -> tuple[Path, Path]:
    if not source.is_dir():
        raise InputError(f"{source}: no such folder; expected a YOLO folder with images/, labels/ and classes.txt")
    images = options.images or (source / "images" if (source / "images").is_dir() else source)
    labels = source / "labels" if (source / "labels").is_dir() else source
    if not images.is_dir():
        raise InputError(f"--images {images}: no such folder")
    if not pictures_below(images, SUFFIXES):
        raise InputError(
            f"{images}: no pictures ({', '.join(SUFFIXES)}); expected a YOLO folder with images/ and labels/"
        )
    return images, labels


def _refuse_orphans(source: Path, labels: Path, images: Path) -> None:
    """A label file whose picture is missing means that something was lost on the way here."""
    if labels == source:
        return  # Pictures and labels side by side: a text file without a picture may be anything.
    stems = {str(PurePosixPath(name).with_suffix("")) for name in pictures_below(images, SUFFIXES)}
    no_labels = {source / name for name in _CLASS_FILES}
    for name in pictures_below(labels, (".txt",)):
        stem = str(PurePosixPath(name).with_suffix(""))
        if labels / name not in no_labels and stem not in stems:
            raise InputError(
                f"{labels / name}: there is no picture {stem} in {images}; add it or remove the label file"
            )


def _read_labelled(
    source: Path, images: Path, label_paths: dict[str, Path], options: ReadOptions, unlabelled: int
) -> LabelledPictures:
    texts = {name: _text(path) for name, path in label_paths.items()}
    class_id = _person_class(source, texts, options)
    paths = [images / name for name in label_paths]
    times = times_of_names(list(label_paths), options.frames_per_second)
    pictures, others = [], 0
    for number, (name, size) in enumerate(zip(label_paths, picture_sizes(paths, "pictures"), strict=True)):
        people, skipped = _people(texts[name], class_id, size, label_paths[name])
        others += skipped
        pictures.append(
            Picture(id=number, file_name=name, width=size[0], height=size[1], time_s=times[number], people=people)
        )
    refuse_repeated_names(pictures, str(images))
    info = DatasetInfo(
        name=options.name or source.resolve().name, kind=options.kind, config=_config(source, texts, options)
    )
    notes = _notes(pictures, unlabelled, others) + time_note(times, options.frames_per_second)
    return LabelledPictures.of_images(info, pictures, paths, notes)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; expected lines `class cx cy w h`") from None


def _people(text: str, class_id: int, size: tuple[int, int], path: Path) -> tuple[list[Person], int]:
    """The people of one label file, and how many boxes of other classes it holds."""
    people: list[Person] = []
    others = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{path}: line {number}"
        found_class, fractions = _numbers(line, place)
        if found_class != class_id:
            others += 1
            continue
        box = xywh_from_cxcywh([[share * size[axis % 2] for axis, share in enumerate(fractions)]])[0]
        bbox = clipped_box(box, *size, place)
        people.append(Person(instance_id=len(people) + 1, bbox=bbox, provenance="human"))
    return people, others


def _numbers(line: str, place: str) -> tuple[int, list[float]]:
    words = line.split()
    if len(words) != 5:
        raise InputError(f"{place}: found {len(words)} columns, expected 5: class cx cy w h")
    try:
        number, fractions = int(words[0]), [float(word) for word in words[1:]]
    except ValueError:
        raise InputError(f"{place}: found {line.strip()!r:.60}, expected a class number and 4 fractions") from None
    if max(fractions[2:]) > 2:
        raise InputError(
            f"{place}: width and height are {fractions[2]:g}, {fractions[3]:g}: fractions (0 to 1), not pixels"
        )
    return number, fractions


def _person_class(source: Path, texts: dict[str, str], options: ReadOptions) -> int:
    names = _class_names(source)
    if names is not None:
        return person_class(names, options.person_class, str(source))
    others = {line.split()[0] for text in texts.values() for line in text.splitlines() if line.strip()} - {"0"}
    if others:
        raise InputError(
            f"{source / 'classes.txt'}: no such file, and labels use other classes than 0: {sorted(others)[:9]}"
        )
    return 0


def _class_names(source: Path) -> dict[int, str] | None:
    for name in _CLASS_FILES:
        if (source / name).is_file():
            return {
                number: line.strip() for number, line in enumerate(_text(source / name).splitlines()) if line.strip()
            }
    if not (source / "data.yaml").is_file():
        return None
    try:
        names = (yaml.safe_load(_text(source / "data.yaml")) or {}).get("names")
    except (yaml.YAMLError, AttributeError):
        names = None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict):
        raise InputError(f"{source / 'data.yaml'}: expected the field names: a list of class names")
    return {int(number): str(name) for number, name in names.items()}


def _config(source: Path, texts: dict[str, str], options: ReadOptions) -> dict[str, Any]:
    labels = hashlib.sha256("".join(f"{name}\n{text}\n" for name, text in texts.items()).encode()).hexdigest()
    config: dict[str, Any] = {"format": "yolo", "source": source.resolve().name, "labels_sha256": labels}
    config["exclude"] = sorted(options.exclude)
    return {**config, "person_class": options.person_class, "frames_per_second": options.frames_per_second}


def _notes(pictures: list[Picture], unlabelled: int, others: int) -> list[str]:
    notes = []
    empty = [picture.stem for picture in pictures if not picture.people]
    if empty:
        shown = ", ".join(empty[:5]) + (" ..." if len(empty) > 5 else "")
        notes.append(f"{len(empty)} pictures are labelled as empty ({shown}): pass --exclude for those that are not")
    if unlabelled:
        notes.append(f"{unlabelled} pictures without a label file were left out")
    if others:
        notes.append(f"{others} boxes of other classes were left out")
    return notes
