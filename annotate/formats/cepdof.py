"""CEPDOF and the sets in its format (WEPDTOF, HABBOF converted by its tools): rotated boxes in COCO-like JSON.

    CEPDOF/Lunch3/Lunch3_000001.jpg        one folder of frames per video
    CEPDOF/annotations/Lunch3.json         images (id "Lunch3_000001"), annotations, categories (person is 1)

An annotation has bbox [cx, cy, w, h, degrees] in px, image_id, category_id, area, iscrowd, segmentation [] and, where
people are tracked, person_id. w <= h; degrees run clockwise from the vertical to h, in [-90, 90). Source of all this:
the sample, API and loader in the authors' repositories CEPDOF_tools and RAPiD, and their answers to questions there.
Four numbers are an upright COCO box [x, y, w, h], upper left corner first, as RAPiD's loader takes them. Not verified
on the files themselves: that WEPDTOF's JSON has these fields too.

Read: the folder, or one JSON file. The upright bbox of a person is the box around the rotated one, inside the picture.
Written: the same layout. A picture's video is the first folder of its file_name; pictures without a folder go to images/
and annotations/images.json. Hidden people are left out; people without a rotated box are written with their
radius-aligned one, or with their upright box at 0 degrees. id is written too, since pycocotools asks for it.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from annotate.dataset_model import Person, Picture
from annotate.dataset_writer import copy_whole
from annotate.errors import InputError
from annotate.files import write_json
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.rotated import number_list, person_values, rotated_or_upright
from annotate.formats.rotated_json import (
    PERSON_ID,
    Entry,
    LabelJson,
    ListedPicture,
    attribute_fields,
    document_of,
    first_with,
    kept_attributes,
    labelled_pictures,
)
from annotate.validation import first_repeated

HOLDS: frozenset[str] = frozenset({"rotated_bbox", "attributes"})
_OWN_FIELDS = ("person_id",)
_NO_VIDEO = "images"


def read_cepdof(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read a CEPDOF folder or one of its JSON files. InputError for anything missing or wrong, naming entry and field."""
    files = [LabelJson.read(path, options) for path in _label_paths(source)]
    listed: list[ListedPicture] = []
    for file in files:
        listed += _listed(file, options)
    return labelled_pictures(listed, files, source, options, rapid_person)


def write_cepdof(labelled: LabelledPictures, out: Path) -> None:
    """Write annotations/VIDEO.json and VIDEO/ for each video into the empty folder out."""
    videos: dict[str, list[tuple[str, Picture]]] = {}
    for picture in labelled.pictures:
        video, name = _video_and_name(picture)
        videos.setdefault(video, []).append((name, picture))
    for video, members in videos.items():
        write_json(out / "annotations" / f"{video}.json", rapid_document(members))
    rows = zip(tqdm(labelled.pictures, desc="write cepdof", leave=False), labelled.image_paths, strict=True)
    for picture, path in rows:
        copy_whole(path, out.joinpath(*_video_and_name(picture)))


def rapid_person(entry: Entry, size: tuple[int, int], place: str) -> dict[str, Any]:
    """Fields of a Person of an annotation with bbox [cx, cy, w, h, degrees], or upright [x, y, w, h]."""
    expected = "[cx, cy, w, h, degrees] in px, or [x, y, w, h]"
    box = number_list(entry.get("bbox"), (4, 5), f"{place}.bbox", expected)
    if len(box) == 4:
        box = [box[0] + box[2] / 2, box[1] + box[3] / 2, box[2], box[3], 0.0]
    return person_values(box, size, f"{place}.bbox") | {"attributes": kept_attributes(entry, _OWN_FIELDS)}


def rapid_document(members: list[tuple[str, Picture]]) -> Entry:
    """The JSON document of one video: pictures by the file names that it gives them. InputError for one used twice."""
    stems = [str(PurePosixPath(name).with_suffix("")) for name, _ in members]
    repeated = first_repeated(stems)
    if repeated is not None:
        raise InputError(f"two pictures would both be called {repeated} in one video; rename one of them")
    images: list[Entry] = []
    annotations: list[Entry] = []
    for stem, (name, picture) in zip(stems, members, strict=True):
        images.append({"file_name": name, "id": stem, "width": picture.width, "height": picture.height})
        for person in picture.shown_people:
            annotations.append(_annotation(person, stem, len(annotations) + 1))
    return document_of(images, annotations)


def _annotation(person: Person, image_id: str, number: int) -> Entry:
    box = rotated_or_upright(person)
    entry: Entry = {
        "id": number,
        "area": box[2] * box[3],
        "bbox": list(box),
        "category_id": PERSON_ID,
        "image_id": image_id,
    }
    return entry | {"iscrowd": 0, "segmentation": []} | attribute_fields(person, _OWN_FIELDS)


def label_folder_root(path: Path) -> Path:
    """The set's folder of a JSON file, which lies in it or in its annotations/."""
    return path.parent.parent if path.resolve().parent.name == "annotations" else path.parent


def _label_paths(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    paths = sorted(source.glob("annotations/*.json")) or sorted(source.glob("*.json"))
    if not paths:
        raise InputError(
            f"{source}: found no JSON file; expected a folder with annotations/VIDEO.json and VIDEO/, or a JSON file"
        )
    return paths


def _listed(file: LabelJson, options: ReadOptions) -> list[ListedPicture]:
    root, video = label_folder_root(file.path), file.path.stem
    prefix = "" if video == _NO_VIDEO else f"{video}/"
    bases = [options.images] if options.images is not None else [root, root / "images"]
    candidates = [pair for base in bases for pair in ((base / video, prefix), (base, ""))]
    return file.listed(*first_with(candidates, file.file_name(0), file))


def _video_and_name(picture: Picture) -> tuple[str, str]:
    """The first folder of file_name, and the rest of it."""
    video, _, name = picture.file_name.partition("/")
    return (video, name) if name else (_NO_VIDEO, video)
