"""The slow checks of a dataset: every pixel of every picture and mask against the labels."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from annotate.dataset import Dataset, Person, Picture
from annotate.dataset_writer import checksum_key, file_sha256
from annotate.errors import InputError
from annotate.files import read_mask
from annotate.picture_file import verify_picture

OUTSIDE_TOLERANCE_PX = 1.0
BOX_TOLERANCE_PX = 1.0


def check(dataset: Dataset) -> list[str]:
    """Faults of a dataset, one line each, empty if there are none.

    Looks for pictures and masks that do not decode to their end, boxes that leave the picture, masks that
    contradict boxes or segmentations, and files that changed since manifest.jsonl was written.
    """
    faults = []
    sums = manifest_sums(dataset)
    for picture in dataset:
        found = (*_picture_faults(dataset, picture), *_changed_files(dataset, picture, sums.get(picture.id, {})))
        faults += [f"{picture.file_name}: {fault}" for fault in found]
    return faults


def manifest_sums(dataset: Dataset) -> dict[int, dict[str, str]]:
    """manifest.jsonl by picture id; empty if there is no manifest. InputError if a line is no JSON object."""
    path = dataset.root / "manifest.jsonl"
    if not path.is_file():
        return {}
    sums = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            sums[int(entry["id"])] = entry
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{path}: line {number} is no manifest entry; it may have been cut short") from None
    return sums


def _picture_faults(dataset: Dataset, picture: Picture) -> Iterator[str]:
    try:
        verify_picture(dataset.image_path(picture))
    except InputError as error:
        yield str(error)
    for person in picture.people:
        yield from _box_faults(picture, person)
    path = dataset.mask_path(picture)
    if path is None:
        return
    try:
        verify_picture(path)
        mask = read_mask(path)
    except InputError as error:
        yield str(error)
        return
    for person in picture.people:
        yield from _mask_faults(person, mask)


def _box_faults(picture: Picture, person: Person) -> Iterator[str]:
    for name, box in (("bbox", person.bbox), ("head_bbox", person.head_bbox)):
        if box is None:
            continue
        x, y, width, height = box
        beyond = max(-x, -y, x + width - picture.width, y + height - picture.height)
        if beyond > OUTSIDE_TOLERANCE_PX:
            yield f"person {person.instance_id}: {name} reaches {beyond:.1f} px outside the picture"


def _mask_faults(person: Person, mask: np.ndarray) -> Iterator[str]:
    rows, columns = np.nonzero(mask == person.instance_id)
    if not len(rows):
        yield f"person {person.instance_id} has no pixel in the mask"
        return
    x, y = int(columns.min()), int(rows.min())
    found = np.array([x, y, columns.max() + 1 - x, rows.max() + 1 - y])
    if np.abs(found - np.array(person.bbox)).max() > BOX_TOLERANCE_PX:
        yield f"person {person.instance_id}: the mask's box is {found.tolist()}, the label says {list(person.bbox)}"
    if person.segmentation_rle is not None:
        try:
            segmentation = person.mask(mask.shape[1], mask.shape[0])
        except ValueError as error:
            yield f"person {person.instance_id}: segmentation: {error}"
            return
        if not (segmentation == (mask == person.instance_id)).all():
            yield f"person {person.instance_id}: the segmentation is not the mask"


def _changed_files(dataset: Dataset, picture: Picture, sums: dict[str, str]) -> Iterator[str]:
    for field, path in dataset.files(picture).items():
        key = checksum_key(field)
        if key in sums and file_sha256(path) != sums[key]:
            yield f"{path.parent.name}/{path.name} differs from manifest.jsonl: changed after it was written"
