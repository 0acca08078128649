"""Writing a dataset folder, picture by picture, so that a killed run is continued with the same command.

Order: images/ and masks/ first, labels/<stem>.json last, each file whole or not at all. So a picture is finished
exactly when its label file exists, several processes may write pictures at once (write_picture, write_files), and
one of them assembles annotations.json and manifest.jsonl at the end (DatasetWriter.finish).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from annotate.camera import Camera
from annotate.coco_document import coco_document
from annotate.dataset_model import FILE_FOLDERS, DatasetInfo, Picture, with_masks
from annotate.dense import DenseMaps, write_classes, write_depth, write_normals
from annotate.errors import InputError, PlafondError
from annotate.files import read_json, write_bytes, write_image, write_json, write_text
from annotate.validation import first_repeated, validated

_FOLDERS = (*FILE_FOLDERS.values(), "labels", ".cache")
_FILES = ("annotations.json", "manifest.jsonl", "view.html", "stats.html", "dataset.json")
"""dataset.json goes last when a dataset is removed: until then the folder is still known as one of ours."""
MAY_DIFFER = frozenset({"out", "workers", "overwrite"})
NO_MAPS = DenseMaps()
NO_FILES: Mapping[str, Path] = MappingProxyType({})


def write_picture(
    root: Path,
    picture: Picture,
    image: np.ndarray,
    mask: np.ndarray | None = None,
    camera: Camera | None = None,
    dense: DenseMaps = NO_MAPS,
    files: Mapping[str, Path] = NO_FILES,
) -> Picture:
    """Write one picture with its labels into the dataset at root and return it as written.

    image: HWC uint8 RGB. mask: HW uint16 instance ids; segmentation and area of people without a segmentation are
    filled in from it. camera: stored under picture.camera, for datasets in which every picture has its own.
    dense: further maps of the picture's size; each that is there gets a file. files: files that the picture names
    already and that are linked, by field (FILE_FOLDERS), where neither mask nor dense holds their pixels.
    Raises PlafondError if sizes or instance ids of picture, image and mask do not agree.
    """
    _refuse_other_size(picture, image, "image")
    if mask is not None:
        _refuse_other_size(picture, mask, "mask")
        picture = _with_mask_file(picture, mask)
        write_image(root / "masks" / str(picture.mask_file), mask.astype(np.uint16))
    picture = _with_dense_files(root, picture, dense)
    for field, path in files.items():
        link_or_copy(path, root / FILE_FOLDERS[field] / getattr(picture, field))
    write_image(root / "images" / picture.file_name, image)
    _write_label(root, picture, camera)
    return picture


def write_files(root: Path, picture: Picture, files: Mapping[str, Path], link: bool = True) -> None:
    """Like write_picture for files that exist already: they are linked into the dataset or, without link, copied.

    files: where the files that the picture names lie, by field (FILE_FOLDERS), as Dataset.files gives them. Link what
    plafond wrote; copy what belongs to somebody who may change it in place.
    """
    place = link_or_copy if link else copy_whole
    for field, folder in reversed(FILE_FOLDERS.items()):
        name = getattr(picture, field)
        if name is not None:
            place(files[field], root / folder / name)
    _write_label(root, picture, None)


class DatasetWriter:
    """Opens a dataset folder for writing: a new one, or one that the same configuration began."""

    def __init__(
        self, root: Path | str, info: DatasetInfo, overwrite: bool = False, may_differ: Collection[str] = MAY_DIFFER
    ) -> None:
        """Create or re-open the folder.

        may_differ: top-level keys of info.config that do not change pictures and may differ from the run before.
        Raises InputError, with nothing changed, for a folder that holds something else, lies inside a dataset, or
        holds a dataset of another configuration or seed (unless overwrite, which removes that dataset first).
        """
        self.root = Path(root)
        self.info = info
        refuse_unwritable(self.root, info, overwrite, may_differ)
        if overwrite:
            remove_dataset(self.root)
        if (self.root / "dataset.json").is_file():
            self.info = info.model_copy(update={"cameras": {**self._cameras_on_disk(), **info.cameras}})
        write_json(self.root / "dataset.json", self.info.model_dump(mode="json"))

    def add(
        self,
        picture: Picture,
        image: np.ndarray,
        mask: np.ndarray | None = None,
        camera: Camera | None = None,
        dense: DenseMaps = NO_MAPS,
        files: Mapping[str, Path] = NO_FILES,
    ) -> Picture:
        """write_picture into this dataset."""
        return write_picture(self.root, picture, image, mask, camera, dense, files)

    def add_files(self, picture: Picture, files: Mapping[str, Path], link: bool = True) -> None:
        """write_files into this dataset."""
        write_files(self.root, picture, files, link)

    def finished_ids(self) -> set[int]:
        """Ids of the pictures whose labels, and the files that they name, are there."""
        return {picture.id for picture, _ in self._labels() if self._complete(picture)}

    def finish(self) -> None:
        """Assemble annotations.json and manifest.jsonl from labels/ and remove what a killed run left half written."""
        self._remove_leftovers()
        labels = sorted(self._labels(), key=lambda label: label[0].id)
        pictures = [picture for picture, _ in labels]
        repeated = first_repeated(picture.id for picture in pictures)
        if repeated is not None:
            raise PlafondError(f"{self.root}/labels: two pictures have the id {repeated}; write the dataset anew")
        for picture in pictures:
            if not self._complete(picture):
                raise PlafondError(f"{self.root}: the files of picture {picture.file_name} are missing; run again")
        cameras = {name: camera for _, own in labels for name, camera in own.items()}
        self.info = self.info.model_copy(update={"cameras": {**self.info.cameras, **cameras}})
        write_text(self.root / "manifest.jsonl", "".join(self._manifest_line(picture) for picture in pictures))
        write_json(self.root / "dataset.json", self.info.model_dump(mode="json"))
        write_json(self.root / "annotations.json", coco_document(pictures, self.info))

    def _labels(self) -> Iterator[tuple[Picture, dict[str, Camera]]]:
        for path in sorted((self.root / "labels").rglob("[!.]*.json")):
            yield read_label(path)

    def _complete(self, picture: Picture) -> bool:
        names = ((folder, getattr(picture, field)) for field, folder in FILE_FOLDERS.items())
        return all(name is None or (self.root / folder / name).is_file() for folder, name in names)

    def _cameras_on_disk(self) -> dict[str, Camera]:
        return validated(DatasetInfo, read_json(self.root / "dataset.json"), "dataset.json").cameras

    def _manifest_line(self, picture: Picture) -> str:
        entry = {"id": picture.id, "file": f"images/{picture.file_name}"}
        entry["labels_sha256"] = file_sha256(_label_path(self.root, picture))
        for field, folder in FILE_FOLDERS.items():
            name = getattr(picture, field)
            if name is not None:
                entry[checksum_key(field)] = file_sha256(self.root / folder / name)
        return json.dumps(entry, ensure_ascii=False) + "\n"

    def _remove_leftovers(self) -> None:
        for folder in (*FILE_FOLDERS.values(), "labels"):
            for path in (self.root / folder).rglob(".*"):
                if path.is_file():
                    path.unlink()


def checksum_key(field: str) -> str:
    """The key of manifest.jsonl under which the checksum of a picture's file stands: image_sha256, mask_sha256 ..."""
    return {"file_name": "image"}.get(field, field.removesuffix("_file")) + "_sha256"


def read_label(path: Path) -> tuple[Picture, dict[str, Camera]]:
    """One labels/<stem>.json: the picture, and the cameras that it brings along."""
    value = read_json(path)
    entry = value.get("picture") if isinstance(value, dict) else None
    cameras = (value.get("cameras") or {}) if isinstance(value, dict) else {}
    picture = validated(Picture, entry, f"{path}: picture")
    return picture, {name: validated(Camera, camera, f"{path}: cameras.{name}") for name, camera in cameras.items()}


def refuse_unwritable(
    root: Path, info: DatasetInfo, overwrite: bool = False, may_differ: Collection[str] = MAY_DIFFER
) -> None:
    """Raise InputError where DatasetWriter with the same arguments would, and write nothing."""
    _refuse_foreign(root)
    refuse_inside_dataset(root)
    if not overwrite and (root / "dataset.json").is_file():
        _refuse_other_run(root, info, may_differ)


def refuse_inside_dataset(root: Path) -> None:
    """InputError if root lies inside a dataset: a dataset never lies inside another."""
    for parent in root.resolve().parents:
        if (parent / "dataset.json").is_file():
            raise InputError(f"{root}: lies inside the dataset {parent}; a dataset never lies inside another")


def refuse_source(out: Path, sources: Iterable[Path]) -> None:
    """InputError if out is one of the sources, holds one or lies in one: what is read must stay as it is."""
    target = out.resolve()
    for source in sources:
        read = source.resolve()
        if target == read or target in read.parents or read in target.parents:
            raise InputError(f"--out {out}: lies in the way of {source}, which is read here; name another folder")


def remove_dataset(root: Path) -> None:
    """Remove the parts of a dataset from root, and nothing else that lies there."""
    for name in (*_FILES[:-1], *_FOLDERS, _FILES[-1]):
        path = root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Make target the same file as source by a hard link, or a whole copy where links are not possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and os.path.samefile(source, target):
        return
    target.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        copy_whole(source, target)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that the copy appears whole or not at all."""
    write_bytes(target, source.read_bytes())


def file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _label_path(root: Path, picture: Picture) -> Path:
    return root / "labels" / f"{picture.stem}.json"


def _write_label(root: Path, picture: Picture, camera: Camera | None) -> None:
    label: dict[str, Any] = {"picture": picture.model_dump(mode="json")}
    if camera is not None:
        if picture.camera is None:
            raise PlafondError(f"{picture.file_name}: a camera without a name; set Picture.camera")
        label["cameras"] = {picture.camera: camera.model_dump(mode="json")}
    write_json(_label_path(root, picture), label)


def _with_mask_file(picture: Picture, mask: np.ndarray) -> Picture:
    ids = set(np.flatnonzero(np.bincount(mask.ravel())).tolist())
    known = {person.instance_id for person in picture.people if not person.hidden}
    if not known <= ids:
        raise PlafondError(f"{picture.file_name}: people {sorted(known - ids)} have no pixel in the mask")
    update: dict[str, Any] = {"mask_file": picture.mask_file or f"{picture.stem}.png"}
    if any(person.segmentation_rle is None for person in picture.people):
        update["people"] = with_masks(picture.people, mask)
    return picture.model_copy(update=update)


def _with_dense_files(root: Path, picture: Picture, dense: DenseMaps) -> Picture:
    """Write the maps that are there under the picture's stem; returns the picture that names them."""
    writers = {"depth": (dense.depth_m, write_depth), "normals": (dense.normals, write_normals)}
    writers["classes"] = (dense.classes, write_classes)
    names = {}
    for name, (values, write) in writers.items():
        if values is not None:
            _refuse_other_size(picture, values, name)
            names[f"{name}_file"] = getattr(picture, f"{name}_file") or f"{picture.stem}.png"
            write(root / name / names[f"{name}_file"], values)
    return picture.model_copy(update=names)


def _refuse_other_size(picture: Picture, pixels: np.ndarray, what: str) -> None:
    if pixels.shape[:2] != (picture.height, picture.width):
        found = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise PlafondError(f"{picture.file_name}: {what} is {found} px, expected {picture.width} x {picture.height}")


def _refuse_foreign(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise InputError(f"--out {root}: is a file; name a folder")
    if root.is_dir() and any(root.iterdir()) and not (root / "dataset.json").is_file():
        raise InputError(
            f"--out {root}: holds files that are no dataset; nothing was written. Name a new or empty folder"
        )


def _refuse_other_run(root: Path, info: DatasetInfo, may_differ: Collection[str]) -> None:
    before = validated(DatasetInfo, read_json(root / "dataset.json"), f"{root}/dataset.json")
    old, new = (_run_keys(one, may_differ) for one in (before, info))
    differing = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    if differing:
        shown = ", ".join(f"{key} {old.get(key)!r:.40} -> {new.get(key)!r:.40}" for key in differing[:6])
        more = f" and {len(differing) - 6} more" if len(differing) > 6 else ""
        raise InputError(
            f"--out {root}: holds a dataset made otherwise ({shown}{more}); nothing was written. "
            "Pass --overwrite to replace it, or another --out"
        )


def _run_keys(info: DatasetInfo, may_differ: Collection[str]) -> dict[str, Any]:
    """What makes a run the same run, flattened to dotted keys."""
    value = info.model_dump(mode="json", include={"kind", "seed", "generator", "schema_version"})
    config = {key: inner for key, inner in info.model_dump(mode="json")["config"].items() if key not in may_differ}
    return {**value, **dict(_flattened(config, ""))}


def _flattened(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flattened(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner
