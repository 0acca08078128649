"""Picture files, masks and dense maps: whether they are there, whole and of the right size, and fit the labels.

Every file is decoded once. With quick only headers are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from annotate.boxes import mask_to_box
from annotate.checks.faults import Fault
from annotate.checks.labels import HAND_SHARE, is_exact, slack_px
from annotate.checks.subject import Subject
from annotate.dataset_model import Person
from annotate.dense import read_classes, read_depth, read_normals
from annotate.errors import InputError
from annotate.files import read_mask
from annotate.keypoints import KEYPOINTS
from annotate.picture_file import picture_size, verify_picture
from annotate.rle import encode_rle

NORMAL_TOLERANCE = 1e-3
"""Slack of a normal's length; its 16 bits alone cost less than 1e-4."""
KEYPOINT_PX = 3.0
"""A seen keypoint lies at most so far from the person's pixels; by hand, slack_px if that is more."""
_KINDS = {
    "file_name": "picture",
    "mask_file": "mask",
    "depth_file": "dense",
    "normals_file": "dense",
    "classes_file": "dense",
}
_READERS: dict[str, Callable[[Path], np.ndarray]] = {
    "mask_file": read_mask, "depth_file": read_depth, "normals_file": read_normals, "classes_file": read_classes,
}  # fmt: skip


def pixel_faults(subject: Subject, quick: bool) -> Iterator[Fault]:
    """Everything that the files of a picture tell; with quick only whether they are there and of the right size."""
    maps: dict[str, np.ndarray] = {}
    for field in _KINDS:
        wrong = list(_file_faults(subject, field))
        yield from wrong
        file = subject.file(field)
        if quick or wrong or file is None:
            continue
        try:
            if field == "file_name":
                verify_picture(subject.root / file)
            else:
                _refuse_broken_png(subject.root / file)
                maps[field] = _READERS[field](subject.root / file)
        except InputError as error:
            yield _damaged(subject, field, file, error)
    if not quick:
        yield from _person_faults(subject, maps.get("mask_file"))
        yield from _map_faults(subject, maps)


def _file_faults(subject: Subject, field: str) -> Iterator[Fault]:
    """A file that is missing, has no header, or another size."""
    file = subject.file(field)
    if file is None:
        return
    path, kind = subject.root / file, _KINDS[field]
    if not path.is_file():
        yield subject.fault(f"{kind}_missing", field, "no such file", f"the file that {field} names", file=file)
        return
    try:
        size = picture_size(path)
    except InputError as error:
        yield _damaged(subject, field, file, error)
        return
    if size != subject.size:
        yield subject.fault(f"{kind}_size", field, f"{size[0]} x {size[1]} px", subject.size_text, file=file)


def _damaged(subject: Subject, field: str, file: str, error: InputError) -> Fault:
    found = str(error).removeprefix(f"{subject.root / file}: ")
    return subject.fault(f"{_KINDS[field]}_damaged", field, f"that it {found}", "a whole file", file=file)


def _refuse_broken_png(path: Path) -> None:
    """InputError for a PNG that is cut or whose checksums do not fit; cheaper than decoding it a second time."""
    try:
        with Image.open(path) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: breaks off or is damaged ({error})") from None


def _person_faults(subject: Subject, mask: np.ndarray | None) -> Iterator[Fault]:
    """People against their pixels: those of the mask or, without one, of their segmentations."""
    if mask is not None:
        yield from _nobodys_pixels(subject, mask)
        by_column = np.asfortranarray(mask)  # The order of run lengths: one turn for all people.
    for person in subject.picture.people:
        pixels = by_column == person.instance_id if mask is not None else None
        if pixels is not None:
            yield from _segmentation_faults(subject, person, pixels)
        elif person.segmentation_rle is not None:
            try:
                pixels = person.mask(*subject.size)
            except ValueError as error:
                yield subject.fault("segmentation", "segmentation", str(error), "run lengths of the picture", person)
        if pixels is not None:
            yield from _visible_faults(subject, person, pixels, subject.file("mask_file") if mask is not None else None)


def _nobodys_pixels(subject: Subject, mask: np.ndarray) -> Iterator[Fault]:
    counts = np.bincount(mask.ravel())
    for number in set(np.flatnonzero(counts).tolist()) - {0} - subject.entry.known_ids:
        found = f"{counts[number]} pixels of value {number}"
        yield subject.fault("nobodys_pixels", "mask_file", found, "instance ids only", file=subject.file("mask_file"))


def _segmentation_faults(subject: Subject, person: Person, pixels: np.ndarray) -> Iterator[Fault]:
    if person.segmentation_rle is None or person.segmentation_rle == encode_rle(pixels):
        return
    try:
        differing = int((person.mask(*subject.size) != pixels).sum())
    except ValueError as error:
        yield subject.fault("segmentation", "segmentation", str(error), "run lengths of the picture", person)
        return
    if differing:
        found = f"{differing} pixels that are not those of {subject.file('mask_file')}"
        yield subject.fault("segmentation", "segmentation", found, "the person's pixels in the mask", person)


def _visible_faults(subject: Subject, person: Person, pixels: np.ndarray, file: str | None) -> Iterator[Fault]:
    """Box, area and keypoints of a person against its pixels, HW bool."""
    box = mask_to_box(pixels)
    if box is None:
        if not person.hidden:
            found = f"no pixel of value {person.instance_id}"
            yield subject.fault("no_pixel", "instance_id", found, "some, or hidden true", person, file)
        return
    if np.abs(np.subtract(box, person.bbox)).max() > slack_px(person):
        yield subject.fault("mask_box", "bbox", str(list(person.bbox)), f"{box}, the box of its pixels", person)
    count = int(np.count_nonzero(pixels))
    if abs(person.area - count) > (0.5 if is_exact(person) else HAND_SHARE * count + 4):
        yield subject.fault("area", "area", f"{person.area:g}", f"{count}, its number of pixels", person)
    yield from _keypoints_off(subject, person, pixels)


def _keypoints_off(subject: Subject, person: Person, pixels: np.ndarray) -> Iterator[Fault]:
    reach = max(KEYPOINT_PX, slack_px(person))
    for index, (x, y, visibility) in enumerate(person.keypoints or ()):
        top, left = max(0, int(y - reach)), max(0, int(x - reach))
        near = pixels[top : max(0, int(y + reach) + 1), left : max(0, int(x + reach) + 1)]
        if visibility == 2 and not near.any():
            found = f"{KEYPOINTS[index]} seen at {x:g}, {y:g}"
            expected = f"one of the person's pixels within {reach:g} px, or visibility 1"
            yield subject.fault("keypoints", f"keypoints[{index}]", found, expected, person)


def _map_faults(subject: Subject, maps: dict[str, np.ndarray]) -> Iterator[Fault]:
    """Dense maps against their own rules and against the mask."""
    someone = maps["mask_file"] > 0 if "mask_file" in maps else None
    if "depth_file" in maps:
        yield from _empty_inside(subject, "depth", ~np.isfinite(maps["depth_file"]), someone)
    if "normals_file" in maps:
        squares = np.einsum("ijk,ijk->ij", maps["normals_file"], maps["normals_file"])
        yield from _empty_inside(subject, "normals", squares == 0, someone)
        off = np.abs(np.sqrt(squares[squares > 0]) - 1)
        if off.size and off.max() > NORMAL_TOLERANCE:
            found = f"{int((off > NORMAL_TOLERANCE).sum())} normals up to {off.max():.3g} off length 1"
            yield subject.fault("normals", "normals_file", found, "unit normals", file=subject.file("normals_file"))
    if "classes_file" in maps:
        yield from _class_faults(subject, maps["classes_file"], someone)


def _empty_inside(subject: Subject, name: str, empty: np.ndarray, someone: np.ndarray | None) -> Iterator[Fault]:
    count = 0 if someone is None else int(np.count_nonzero(empty & someone))
    if count:
        found = f"{count} pixels of people without {name}"
        yield subject.fault(name, f"{name}_file", found, "a value on every person", file=subject.file(f"{name}_file"))


def _class_faults(subject: Subject, classes: np.ndarray, someone: np.ndarray | None) -> Iterator[Fault]:
    names = subject.info.classes
    if names is not None and classes.max() >= len(names):
        unnamed = np.unique(classes[classes >= len(names)])
        found = f"class numbers {unnamed[:6].tolist()}"
        expected = f"numbers below {len(names)}, those that classes in dataset.json names"
        yield subject.fault("classes", "classes_file", found, expected, file=subject.file("classes_file"))
    yield from _empty_inside(subject, "classes", classes == 0, someone)
