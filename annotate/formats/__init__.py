"""Formats of labelled pictures: one module per format, entered here by name. Any format in, any format out.

A reader takes a path and ReadOptions and returns LabelledPictures; a writer takes LabelledPictures and an empty
folder. Neither keeps state. To add a format, write both functions in a module of its own and enter them in FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from annotate.errors import InputError
from annotate.formats import cepdof, coco, cvat, habbof, labelme, loaf, mwr, plafond, webdataset, yolo, yolo_obb
from annotate.formats.labelled import LabelledPictures, ReadOptions


@dataclass(frozen=True)
class Format:
    """How one format is read and written."""

    summary: str
    read: Callable[[Path, ReadOptions], LabelledPictures]
    write: Callable[[LabelledPictures, Path], None]
    holds: Collection[str]
    """Kinds of labels (LABEL_KINDS) that survive writing and reading."""
    holds_kind: bool = False
    """Says what the pictures are (DatasetInfo.kind); where it does not, reading takes them for real."""


FORMATS: dict[str, Format] = {
    "coco": Format("COCO object annotations (JSON)", coco.read_coco, coco.write_coco, coco.HOLDS, holds_kind=True),
    "yolo": Format("YOLO text labels", yolo.read_yolo, yolo.write_yolo, yolo.HOLDS),
    "yolo-obb": Format(
        "YOLO-OBB text labels (oriented boxes)", yolo_obb.read_yolo_obb, yolo_obb.write_yolo_obb, yolo_obb.HOLDS
    ),
    "cepdof": Format("CEPDOF and WEPDTOF rotated boxes (JSON)", cepdof.read_cepdof, cepdof.write_cepdof, cepdof.HOLDS),
    "mwr": Format("MW-R rotated boxes (JSON)", mwr.read_mwr, mwr.write_mwr, mwr.HOLDS),
    "habbof": Format(
        "HABBOF rotated boxes (text beside pictures)", habbof.read_habbof, habbof.write_habbof, habbof.HOLDS
    ),
    "loaf": Format("LOAF radius-aligned boxes and positions (JSON)", loaf.read_loaf, loaf.write_loaf, loaf.HOLDS),
    "labelme": Format("Labelme JSON beside each picture", labelme.read_labelme, labelme.write_labelme, labelme.HOLDS),
    "cvat": Format("CVAT for images 1.1 (XML)", cvat.read_cvat, cvat.write_cvat, cvat.HOLDS),
    "webdataset": Format(
        "WebDataset shards (tar), holding everything",
        webdataset.read_webdataset,
        webdataset.write_webdataset,
        webdataset.HOLDS,
        holds_kind=True,
    ),
    "plafond": Format(
        "a dataset folder of plafond", plafond.read_plafond, plafond.write_plafond, plafond.HOLDS, holds_kind=True
    ),
}


def known_format(name: str) -> Format:
    """The format of that name; InputError lists the known ones."""
    if name not in FORMATS:
        known = ", ".join(f"{key} ({entry.summary})" for key, entry in FORMATS.items())
        raise InputError(f'format "{name}" is not known; known formats: {known}')
    return FORMATS[name]
