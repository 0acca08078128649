"""The frames of a fixed camera: a folder of pictures, a dataset, a YOLO folder or a video, and the boxes on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.files import read_image
from annotate.formats.labelled import ReadOptions, kept, pictures_below
from annotate.formats.yolo import read_yolo
from annotate.picture_file import SUFFIXES, picture_size
from annotate.split import natural_key, time_order


@dataclass(frozen=True)
class Frames:
    """Frames of one size, in the order of time.

    names: file names below folder (of a video: the number of each frame). read: all of them, HWC uint8 RGB, anew
    each time it is called.
    """

    folder: Path
    names: list[str]
    width_px: int
    height_px: int
    read: Callable[[], Iterator[np.ndarray]]


def open_frames(
    source: Path, most: int, exclude: tuple[str, ...] = (), share: tuple[float, float] = (0.0, 1.0)
) -> Frames:
    """At most `most` frames of source, evenly spaced in the given share of its time. InputError if there are none."""
    if source.is_file() and source.suffix.lower() not in SUFFIXES:
        return _video(source, most, exclude, share)
    folder, names = _pictures(source)
    names = _chosen(kept(names, exclude, str(folder)), most, share)
    if not names:
        raise InputError(f"{source}: no pictures ({', '.join(SUFFIXES)}) in it; expected frames of a fixed camera")
    size = picture_size(folder / names[0])
    for name in names:
        found = picture_size(folder / name)
        if found != size:
            raise InputError(
                f"{folder / name}: is {found[0]} x {found[1]} px, the first frame {size[0]} x {size[1]}: the frames of "
                "a fixed camera have one size; leave others out with --exclude"
            )
    return Frames(folder, names, *size, partial(_read_pictures, [folder / name for name in names]))


def boxes_of(frames: Frames, labels: Path) -> list[np.ndarray]:
    """Person boxes (n, 4) x, y, w, h px of each frame, from a dataset or YOLO labels; InputError if frames have none."""
    if (labels / "dataset.json").is_file():
        pictures = Dataset.read(labels).pictures
    else:
        images = None if (labels / "images").is_dir() else frames.folder
        options = ReadOptions(images=images, allow_unlabelled=True)
        pictures = read_yolo(labels, options).pictures
    found = {Path(picture.file_name).stem: picture for picture in pictures}
    boxes = []
    for name in frames.names:
        picture = found.get(Path(name).stem)
        if picture is None:
            raise InputError(
                f"--labels {labels}: nothing is said about {name}; label it (an empty label says that nobody is there) or "
                f"leave it out: --exclude {Path(name).stem}"
            )
        scale = np.array([frames.width_px / picture.width, frames.height_px / picture.height] * 2)
        boxes.append(np.array([person.bbox for person in picture.people], float).reshape(-1, 4) * scale)
    return boxes


def _pictures(source: Path) -> tuple[Path, list[str]]:
    """The folder of the pictures and their names in the order of time."""
    if (source / "dataset.json").is_file():
        return source / "images", [picture.file_name for picture in time_order(Dataset.read(source).pictures)]
    if not source.is_dir():
        raise InputError(f"{source}: expected a folder of frames, a dataset or a video; there is none of that name")
    folder = source / "images" if (source / "images").is_dir() else source
    return folder, sorted(pictures_below(folder, SUFFIXES), key=natural_key)


def _chosen(names: list[str], most: int, share: tuple[float, float]) -> list[str]:
    if not 0 <= share[0] < share[1] <= 1:
        raise InputError(f"--share {share[0]:g} {share[1]:g}: expected two numbers from 0 to 1, in order")
    part = names[round(share[0] * len(names)) : round(share[1] * len(names))]
    if len(part) <= most:
        return part
    return [part[index] for index in np.unique(np.linspace(0, len(part) - 1, most).round().astype(int))]


def _read_pictures(paths: list[Path]) -> Iterator[np.ndarray]:
    yield from map(read_image, paths)


def _video(source: Path, most: int, exclude: tuple[str, ...], share: tuple[float, float]) -> Frames:
    video = cv2.VideoCapture(str(source))
    count = 0
    while video.grab():
        count += 1
    video.release()
    if not count:
        raise InputError(f"{source}: neither a folder nor a video that OpenCV can read; save its frames as pictures")
    names = kept([f"{index:06d}" for index in range(count)], exclude, str(source))
    chosen = _chosen(names, most, share)
    first = next(_read_video(source, {int(chosen[0])}))
    size = (first.shape[1], first.shape[0])
    return Frames(source.parent, chosen, *size, partial(_read_video, source, {int(name) for name in chosen}))


def _read_video(source: Path, wanted: set[int]) -> Iterator[np.ndarray]:
    video = cv2.VideoCapture(str(source))
    try:
        for index in range(max(wanted) + 1):
            if not video.grab():
                return
            if index in wanted:
                yield cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)
    finally:
        video.release()
