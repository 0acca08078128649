"""MW-R: the Mirror Worlds frames with rotated boxes, as released with RAPiD: CEPDOF's JSON, but one file for all videos.

    MW-R/Mar14_000001.jpg                  all frames in one folder, renamed
    annotations/MW-R.json                  images (id "Mar14_000001"), annotations, categories

The renaming is that of the authors' CEPDOF_tools: frame 000001 of the video whose folder ends in "-14", in its img1/,
is Mar14_000001.jpg. Folder and file names are those of RAPiD's own training code. Boxes, ids and what is kept are
CEPDOF's (annotate.formats.cepdof). Not verified on the file itself: whether it has person_id.

Read: the folder or the JSON; frames renamed, or still where Mirror Worlds has them (VIDEO-14/img1/000001.jpg, then
called Mar14_000001.jpg here). Written: MW-R/ and annotations/MW-R.json, file names as they are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from annotate.dataset_writer import copy_whole
from annotate.errors import InputError
from annotate.files import write_json
from annotate.formats.cepdof import label_folder_root, rapid_document, rapid_person
from annotate.formats.labelled import LabelledPictures, ReadOptions
from annotate.formats.rotated_json import LabelJson, ListedPicture, labelled_pictures

HOLDS: frozenset[str] = frozenset({"rotated_bbox", "attributes"})
_NAME = "MW-R"


def read_mwr(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read the folder of MW-R or its JSON file. InputError for anything missing or wrong, naming entry and field."""
    path = _label_path(source)
    file = LabelJson.read(path, options)
    root = label_folder_root(path)
    folders = [options.images] if options.images is not None else [root / _NAME, root, root / "images", path.parent]
    listed = [_found(one, file.file_name(index), folders) for index, one in enumerate(file.listed(folders[0]))]
    return labelled_pictures(listed, [file], source, options, rapid_person)


def write_mwr(labelled: LabelledPictures, out: Path) -> None:
    """Write MW-R/ and annotations/MW-R.json into the empty folder out."""
    members = [(picture.file_name, picture) for picture in labelled.pictures]
    write_json(out / "annotations" / f"{_NAME}.json", rapid_document(members))
    rows = zip(tqdm(labelled.pictures, desc="write mwr", leave=False), labelled.image_paths, strict=True)
    for picture, path in rows:
        copy_whole(path, out / _NAME / picture.file_name)


def _label_path(source: Path) -> Path:
    if source.is_file():
        return source
    candidates = [source / "annotations" / f"{_NAME}.json", source / f"{_NAME}.json"]
    candidates += [*source.glob("annotations/*.json"), *source.glob("*.json")]
    for path in candidates:
        if path.is_file():
            return path
    raise InputError(f"{source}: found no JSON file; expected annotations/{_NAME}.json and {_NAME}/, or the JSON file")


def _found(one: ListedPicture, name: str, folders: list[Path]) -> ListedPicture:
    """The picture where it lies, renamed or not; InputError says where it was looked for."""
    for folder in folders:
        paths = [folder / name] if (folder / name).is_file() else _not_renamed(folder, name)
        if len(paths) == 1:
            return replace(one, path=paths[0])
        if paths:
            shown = ", ".join(str(path) for path in paths[:4])
            raise InputError(
                f"{one.place}.file_name is {name!r}: {len(paths)} frames may be meant ({shown}); rename them"
            )
    looked = ", ".join(str(folder) for folder in folders)
    raise InputError(
        f"{one.place}.file_name is {name!r}: no such picture in {looked}, and no frame of the original set that is "
        "renamed to it (VIDEO-DAY/img1/FRAME.jpg); name the folder with --images"
    )


def _not_renamed(folder: Path, name: str) -> list[Path]:
    parts = re.fullmatch(r"Mar([0-9]+)_([^/*?\[\]]+)\.jpg", name)
    if parts is None:
        return []
    frames = [*folder.glob(f"*-{parts[1]}/img1/{parts[2]}.jpg"), *folder.glob(f"*-{parts[1]}/img1/{parts[2]}.png")]
    return sorted(frames)
