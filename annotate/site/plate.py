"""`generate.py site plate`: the empty room, from frames of its fixed camera in which people come and go.

Each pixel is the median over the frames in which no labelled person covers it. Where somebody is labelled in nearly all
frames and the free ones show nothing else, the picture is filled from its surroundings (annotate.site.fill) and, unless
that is convincing, marked as an ignore area. Unlabelled people who never move stay: mark them by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional

from annotate.errors import InputError
from annotate.files import read_json, write_image, write_json
from annotate.outlines import mask_outlines
from annotate.picture_file import picture_size
from annotate.site.document import document_path, read_document, report, write_document
from annotate.site.fill import filled, is_convincing
from annotate.site.frames import Frames, boxes_of, open_frames
from annotate.site.median import NEARLY_ALWAYS, Still, temporal_median

_LEFT_LEVELS = 10.0
"""Mean difference (0-255) between free and covered frames around a pixel from which on its person is taken to have left."""
_HEAD_SHARE = 0.035
"""Size of that surrounding, as a share of the picture's longer side."""
_OUTLINE_SHARE = 0.002
"""Outlines of ignore areas are simplified by this share of the picture's longer side."""


class SitePlateConfig(BaseModel):
    """Make a site's background, empty of people, from frames of its fixed camera."""

    model_config = ConfigDict(extra="forbid")

    frames: Positional[Path]
    """Folder of pictures, a dataset, a YOLO folder, or a video."""
    out: Path
    """The site's folder; its site.yaml is made, or gets the new background and ignore areas."""
    labels: Path | None = None
    """Person boxes of the frames: a dataset or a YOLO folder. Left out: none, or those of FRAMES if it is a dataset."""
    share: tuple[float, float] = (0.0, 1.0)
    """Part of the frames' time to use; 0 0.7 keeps a later test apart."""
    exclude: list[str] = Field(default_factory=list)
    """Names (without suffix) of frames to leave out."""
    most: int = Field(default=200, ge=1)
    """At most this many frames, evenly spaced."""
    name: str = "plate.png"
    """File name of the background, .png or .jpg."""
    fill: bool = True
    """Fill where somebody never leaves; --no-fill leaves the person, as an ignore area."""


@dataclass(frozen=True)
class Plate:
    """A background without people.

    picture: HWC uint8 RGB. filled: HW bool, what was made up. ignore: outlines (k, 2) px of what does not convince.
    """

    picture: np.ndarray
    filled: np.ndarray
    ignore: list[np.ndarray]


def run_plate(config: SitePlateConfig) -> Path:
    """The command: write plate, its record and site.yaml; returns the picture's path."""
    if Path(config.name).suffix.lower() not in (".png", ".jpg", ".jpeg") or Path(config.name).name != config.name:
        raise InputError(f"--name {config.name}: expected a plain file name ending in .png or .jpg")
    path = document_path(config.out)
    document = read_document(path)
    frames = open_frames(config.frames, config.most, tuple(config.exclude), config.share)
    _refuse_other_size(document, path, config.name, frames)
    boxes = _boxes(config, frames)
    plate = make_plate(frames, boxes, config.fill)
    picture = path.parent / config.name
    write_image(picture, plate.picture)
    _write_site(path, document, config, frames, plate)
    print(_summary(frames, boxes, plate))
    return picture


def make_plate(frames: Frames, boxes: list[np.ndarray], fill: bool = True) -> Plate:
    """The empty room behind the boxes (one array (n, 4) x, y, w, h px for each frame)."""
    still = temporal_median(frames, boxes)
    picture, staying = _with_those_who_left(still)
    parts = _parts(staying)
    if fill:
        picture = filled(picture, staying)
        parts = [part for part in parts if not is_convincing(picture, part)]
    tolerance = _OUTLINE_SHARE * max(staying.shape)
    ignore = [outline for part in parts for outline in mask_outlines(part, tolerance)]
    return Plate(picture, staying & fill, ignore)


def _with_those_who_left(still: Still) -> tuple[np.ndarray, np.ndarray]:
    """The median picture, and HW bool: where somebody is nearly always and never seen to leave."""
    staying = still.covered >= NEARLY_ALWAYS
    # Where somebody left, the free frames show something else than the covered ones. Boxes of neighbours touch, so it is
    # asked around each pixel, over about the size of a head.
    side = max(3, round(_HEAD_SHARE * max(staying.shape)))
    difference = cv2.blur(cv2.absdiff(still.free, still.whole).mean(axis=2) * staying, (side, side))
    support = cv2.blur(staying.astype(np.float64), (side, side))
    staying &= difference <= _LEFT_LEVELS * support
    staying = cv2.morphologyEx(staying.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0
    return np.where(staying[..., None], still.whole, still.free), staying


def _parts(mask: np.ndarray) -> list[np.ndarray]:
    """The connected parts of an HW bool mask, each as one."""
    count, numbered = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return [numbered == number for number in range(1, count)]


def _boxes(config: SitePlateConfig, frames: Frames) -> list[np.ndarray]:
    labels = config.labels
    if labels is None and (config.frames / "dataset.json").is_file():
        labels = config.frames
    if labels is None:
        return [np.zeros((0, 4))] * len(frames.names)
    return boxes_of(frames, labels)


def _refuse_other_size(document: dict[str, Any], path: Path, name: str, frames: Frames) -> None:
    """The pictures of a site have one size."""
    for other in document.get("backgrounds") or []:
        size = picture_size(path.parent / str(other)) if other != name else (frames.width_px, frames.height_px)
        if size != (frames.width_px, frames.height_px):
            raise InputError(
                f"{path}: background {other} is {size[0]} x {size[1]} px, the frames are {frames.width_px} x "
                f"{frames.height_px}: make a site of its own for them"
            )


def _write_site(path: Path, document: dict[str, Any], config: SitePlateConfig, frames: Frames, plate: Plate) -> None:
    """Add background and ignore areas to the site; areas that an earlier plate of this name brought are replaced."""
    record = (path.parent / config.name).with_suffix(".json")
    earlier = read_json(record).get("ignore", []) if record.is_file() else []
    areas = [np.round(outline, 1).tolist() for outline in plate.ignore]
    others = [name for name in document.get("backgrounds") or [] if name != config.name]
    document = {"name": path.resolve().parent.name, **document, "backgrounds": [config.name, *others]}
    ours = [area for area in document.get("ignore") or [] if area not in earlier]
    document["ignore"] = [*ours, *(area for area in areas if area not in ours)]
    made_by = config.model_dump(mode="json", include={"share", "exclude", "most", "fill"})
    made_from = {"frames": config.frames.resolve().name, "first": frames.names[0], "last": frames.names[-1]}
    write_document(path, document, (frames.width_px, frames.height_px))
    write_json(record, {**made_from, "count": len(frames.names), **made_by, "ignore": areas})
    print(report(path, document))


def _summary(frames: Frames, boxes: list[np.ndarray], plate: Plate) -> str:
    people = sum(map(len, boxes))
    share = f"{100 * plate.filled.mean():.1f} % of the picture filled" if plate.filled.any() else "nothing filled"
    return f"{len(frames.names)} frames, {people} person boxes: {share}, {len(plate.ignore)} ignore areas"
