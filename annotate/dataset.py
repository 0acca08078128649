"""The dataset folder: what every stage of plafond reads and writes.

    dataset.json       DatasetInfo: schema version, who made it, configuration, seed, cameras
    images/            the pictures
    masks/             16-bit PNG of instance ids, 0 = nobody (a dataset of boxes only has none)
    depth/ normals/ classes/   dense labels as PNG (annotate.dense), where they were asked for
    labels/            one JSON per picture; a picture is finished exactly when its label file exists
    annotations.json   everything of labels/ as one COCO file; written last, so it marks a finished dataset
    manifest.jsonl     one line per picture: id, file, checksums

Reading checks what is cheap (fields, paths, that files exist and have the stated size); annotate.check looks at
every pixel. The model is in annotate.dataset_model, the writer in annotate.dataset_writer; both are reachable here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotate.camera import Camera
from annotate.coco_document import pictures_of
from annotate.dataset_model import FILE_FOLDERS, SCHEMA_VERSION, DatasetInfo, Kind, Person, Picture
from annotate.dataset_writer import DatasetWriter, refuse_inside_dataset, write_picture
from annotate.dense import read_classes, read_depth, read_normals, z_depth
from annotate.errors import InputError
from annotate.files import read_image, read_json, read_mask
from annotate.picture_file import picture_size
from annotate.validation import validated

__all__ = ["Dataset", "DatasetInfo", "DatasetWriter", "Kind", "Person", "Picture", "read_info", "write_picture"]


@dataclass(frozen=True)
class Dataset:
    """A finished dataset folder, read and checked."""

    root: Path
    info: DatasetInfo
    pictures: list[Picture]

    @classmethod
    def read(cls, root: Path | str) -> Dataset:
        """Read a dataset folder; InputError names the file and field that is wrong and what to do."""
        root = Path(root)
        info = read_info(root)
        refuse_inside_dataset(root)
        path = root / "annotations.json"
        if not path.is_file():
            done = sum(1 for _ in (root / "labels").rglob("[!.]*.json"))
            raise InputError(
                f"{path}: no such file: this dataset is not finished ({done} pictures are). Run the command that "
                "makes it once more; it goes on where it stopped"
            )
        dataset = cls(root, info, pictures_of(read_json(path), str(path)))
        for index, picture in enumerate(dataset.pictures):
            dataset._check_files(picture, f"{path}: images[{index}]")
        return dataset

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)

    def image_path(self, picture: Picture) -> Path:
        return self.root / "images" / picture.file_name

    def mask_path(self, picture: Picture) -> Path | None:
        return self.files(picture).get("mask_file")

    def files(self, picture: Picture) -> dict[str, Path]:
        """Where the files of a picture lie, by the field that names them (FILE_FOLDERS); only those that it names."""
        names = {field: getattr(picture, field) for field in FILE_FOLDERS}
        return {field: self.root / FILE_FOLDERS[field] / name for field, name in names.items() if name is not None}

    def image(self, picture: Picture) -> np.ndarray:
        """The picture's pixels, HWC uint8 RGB."""
        return read_image(self.image_path(picture))

    def has_masks(self, picture: Picture) -> bool:
        """True if every person's pixels are known (also when there is nobody)."""
        return picture.mask_file is not None or all(person.segmentation_rle is not None for person in picture.people)

    def mask(self, picture: Picture) -> np.ndarray:
        """Instance ids, HW uint16, 0 = nobody: the mask file or, where there is none, the people's segmentations.

        InputError if people are labelled with boxes only.
        """
        path = self.mask_path(picture)
        if path is not None:
            return read_mask(path)
        if not self.has_masks(picture):
            raise InputError(
                f"{self.root}: {picture.file_name} is labelled with boxes only, but masks are needed here; "
                "use a dataset with masks/ or with segmentations"
            )
        return instance_mask(picture)

    def depth_m(self, picture: Picture) -> np.ndarray:
        """HW float32: distance along each pixel's ray, inf where nothing is. InputError without a depth file."""
        return read_depth(self._dense_path(picture, "depth_file"))

    def z_m(self, picture: Picture) -> np.ndarray:
        """HW: distance along the optical axis, from the depth and the lens; InputError without either."""
        camera = self.camera(picture)
        if camera is None:
            raise InputError(f"{self.root}: {picture.file_name} names no camera, but z depends on the lens")
        return z_depth(self.depth_m(picture), camera)

    def normals(self, picture: Picture) -> np.ndarray:
        """HWC float32: unit normals in the camera frame, 0 where nothing is. InputError without a normals file."""
        return read_normals(self._dense_path(picture, "normals_file"))

    def classes(self, picture: Picture) -> np.ndarray:
        """HW uint8: class numbers, named by info.classes. InputError without a class map."""
        return read_classes(self._dense_path(picture, "classes_file"))

    def camera(self, picture: Picture) -> Camera | None:
        return None if picture.camera is None else self.info.cameras[picture.camera]

    def nadir_px(self, picture: Picture) -> np.ndarray:
        """The pixel (2,) straight below the camera; the picture's centre where no camera is known."""
        camera = self.camera(picture)
        if camera is None:
            return np.array([picture.width / 2, picture.height / 2])
        return camera.nadir_px()

    def _dense_path(self, picture: Picture, field: str) -> Path:
        path = self.files(picture).get(field)
        if path is None:
            raise InputError(
                f"{self.root}: {picture.file_name} has no {FILE_FOLDERS[field]}; render it with --dense {FILE_FOLDERS[field]}"
            )
        return path

    def _check_files(self, picture: Picture, place: str) -> None:
        if picture.camera is not None and picture.camera not in self.info.cameras:
            known = ", ".join(self.info.cameras) or "none"
            raise InputError(f'{place}.camera is "{picture.camera}"; cameras in dataset.json: {known}')
        for field, folder in FILE_FOLDERS.items():
            name = getattr(picture, field)
            if name is None:
                continue
            path = self.root / folder / name
            if not path.is_file():
                raise InputError(f'{place}.{field} is "{name}": there is no {folder}/{name} in {self.root}')
            size = picture_size(path)
            if size != (picture.width, picture.height):
                raise InputError(
                    f"{place}: {folder}/{name} is {size[0]} x {size[1]} px, but its entry says "
                    f"{picture.width} x {picture.height}"
                )


def read_info(root: Path) -> DatasetInfo:
    """Read dataset.json; InputError if root is no dataset or one of a newer plafond."""
    path = root / "dataset.json"
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; a dataset is a folder with dataset.json")
    if not path.is_file():
        parts = sorted(part.parent.name for part in root.glob("*/dataset.json"))
        hint = (
            f"it holds the datasets {', '.join(parts)}; name one of them"
            if parts
            else ("make one from pictures and labels with `generate.py convert`")
        )
        raise InputError(f"{root}: not a dataset (no dataset.json); {hint}")
    value = read_json(path)
    version = value.get("schema_version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            f"{path}: schema_version is {version}, this plafond knows {SCHEMA_VERSION} and older; use a newer plafond"
        )
    return validated(DatasetInfo, value, str(path))


def instance_mask(picture: Picture) -> np.ndarray:
    """HW uint16 instance ids from the people's segmentations; ValueError if one has none."""
    mask = np.zeros((picture.height, picture.width), np.uint16)
    for person in picture.people:
        mask[person.mask(picture.width, picture.height)] = person.instance_id
    return mask
