"""YOLO's folder, whatever its lines hold: images/, labels/ with one text file per picture, class names.

Read: FOLDER/images and FOLDER/labels (sub-folders kept), or both kinds of file side by side in FOLDER; class names from
data.yaml, classes.txt or obj.names, without which only class 0 may be there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml
from tqdm import tqdm

from annotate.dataset_model import Person, Picture
from annotate.dataset_writer import copy_whole
from annotate.errors import InputError
from annotate.files import write_text
from annotate.formats.labelled import LabelledPictures, ReadOptions, person_class
from annotate.formats.text_labels import LineValues, TextLabels, label_text, refuse_orphans

_NAME_LISTS = ("classes.txt", "labels/classes.txt", "obj.names")


def read_yolo_folder(
    source: Path, options: ReadOptions, example: str, values_of_class: Callable[[int], LineValues]
) -> LabelledPictures:
    """Read a YOLO folder. InputError for anything missing, broken or outside its picture, naming file and line.

    example: what a line holds, for messages. values_of_class: from the number of the person class, what reads a line.
    """
    if not source.is_dir():
        raise InputError(f"{source}: no such folder; expected a YOLO folder with images/, labels/ and data.yaml")
    images = options.images or (source / "images" if (source / "images").is_dir() else source)
    labels = source / "labels" if (source / "labels").is_dir() else source
    # Pictures and labels side by side: a text file without a picture may be anything.
    if labels != source and images.is_dir():
        lists = {source / name for name in _NAME_LISTS}
        refuse_orphans(labels, images, lambda path: path not in lists)
    texts = TextLabels.read(images, labels, options, example)
    return texts.labelled_pictures(source, options, values_of_class(_person_class(source, texts, options)))


def write_yolo_folder(labelled: LabelledPictures, out: Path, line_of: Callable[[Picture, Person], str]) -> None:
    """Write images/, labels/ (a line for each person who is not hidden), classes.txt and data.yaml into out."""
    rows = zip(labelled.pictures, labelled.image_paths, strict=True)
    for picture, path in tqdm(rows, desc="write yolo", total=len(labelled.pictures), leave=False):
        copy_whole(path, out / "images" / picture.file_name)
        lines = "".join(line_of(picture, person) for person in picture.shown_people)
        write_text(out / "labels" / f"{picture.stem}.txt", lines)
    write_text(out / "classes.txt", "person\n")
    write_text(out / "data.yaml", data_yaml())


def data_yaml() -> str:
    """data.yaml of a folder with images/ and labels/ for Ultralytics and other trainers.

    Without "path" the folders count from where data.yaml lies; "path: ." would mean where the training was started.
    """
    return yaml.safe_dump({"train": "images", "val": "images", "names": {0: "person"}}, sort_keys=False)


def _person_class(source: Path, texts: TextLabels, options: ReadOptions) -> int:
    names = _class_names(source)
    if names is not None:
        return person_class(names, options.person_class, str(source))
    others = {line.split()[0] for _, line in texts.lines()} - {"0"}
    if others:
        raise InputError(
            f"{source / 'data.yaml'}: no such file, nor classes.txt, and labels use other classes than 0: "
            f"{sorted(others)[:9]}; add data.yaml with names: [person, ...]"
        )
    return 0


def _class_names(source: Path) -> dict[int, str] | None:
    """Names of the classes by number; None if no file tells them."""
    path = source / "data.yaml"
    for name in _NAME_LISTS:
        if (source / name).is_file():
            lines = label_text(source / name, "a class name").splitlines()
            return {number: line.strip() for number, line in enumerate(lines) if line.strip()}
    if not path.is_file():
        return None
    try:
        names = yaml.safe_load(label_text(path, "names: [person]"))["names"]
        numbered = enumerate(names) if isinstance(names, list) else names.items()
        return {int(number): str(name) for number, name in numbered}
    except (yaml.YAMLError, KeyError, AttributeError, ValueError, TypeError):
        raise InputError(f"{path}: expected the field names: a list of class names, or names by number") from None
