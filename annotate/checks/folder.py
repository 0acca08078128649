"""Checks of the folder as a whole: dataset.json, manifest.jsonl, label files, and files that belong to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from annotate.camera import Camera
from annotate.checks.entries import ANNOTATIONS, Entry
from annotate.checks.faults import Fault, fault
from annotate.dataset_model import FILE_FOLDERS, SCHEMA_VERSION, DatasetInfo, Picture
from annotate.dataset_writer import checksum_key, file_sha256, read_label
from annotate.errors import InputError
from annotate.files import read_json
from annotate.lens import LensModel
from annotate.validation import fault_text

DATASET, MANIFEST = "dataset.json", "manifest.jsonl"
ROUND_TRIP_RAD = 1e-3
"""A ray that comes back from its pixel by more than this has shared the pixel with another ray."""


@dataclass(frozen=True)
class Info:
    """What could be read of dataset.json."""

    cameras: Mapping[str, Camera] | None = None
    """None where dataset.json cannot be read; a camera that does not fit is left out."""
    broken_cameras: frozenset[str] = frozenset()
    classes: tuple[str, ...] | None = None
    faults: list[Fault] = field(default_factory=list)


def read_info_leniently(root: Path) -> Info:
    """dataset.json, each camera by itself, and its faults."""
    if not (root / DATASET).is_file():
        return Info(faults=[fault("dataset_json_missing", DATASET, "", "no such file", "what a dataset begins with")])
    try:
        value = read_json(root / DATASET)
    except InputError as error:
        found = str(error).removeprefix(f"{root / DATASET}: ")
        return Info(faults=[fault("dataset_json_broken", DATASET, "", found, "a whole JSON object")])
    if not isinstance(value, dict):
        return Info(faults=[fault("dataset_json_broken", DATASET, "", type(value).__name__, "a JSON object")])
    version = value.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        wanted = f"{SCHEMA_VERSION} or less"
        return Info(faults=[fault("newer_schema", DATASET, "schema_version", str(version), wanted)])
    return _checked_info(value)


def nested_faults(root: Path) -> Iterator[Fault]:
    """Datasets around this one and below it."""
    for parent in root.resolve().parents:
        if (parent / DATASET).is_file():
            yield fault("nested_dataset", ".", "", f"that it lies in the dataset {parent}", "a folder of its own")
    for path in sorted([*root.glob(f"*/{DATASET}"), *root.glob(f"*/*/{DATASET}")]):
        inner = path.relative_to(root).as_posix()
        yield fault("nested_dataset", inner, "", "a dataset inside this one", "a folder of its own")


def stray_faults(root: Path, named: Mapping[str, set[str]]) -> Iterator[Fault]:
    """Files in the dataset's folders that no entry names; hidden files are no pictures and do not count."""
    for folder, names in named.items():
        for path in sorted((root / folder).rglob("[!.]*")):
            name = path.relative_to(root / folder).as_posix()
            if path.is_file() and name not in names:
                yield fault("stray_file", f"{folder}/{name}", "", "a file that no entry names", f"it in {ANNOTATIONS}")


def read_manifest(root: Path) -> tuple[dict[int, dict[str, Any]], list[Fault]]:
    """The lines of manifest.jsonl by picture id, and the faults of those that are none."""
    if not (root / MANIFEST).is_file():
        return {}, [fault("manifest_line", MANIFEST, "", "no such file", "one line for each picture")]
    lines: dict[int, dict[str, Any]] = {}
    faults = []
    text = (root / MANIFEST).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            entry = json.loads(line)
            lines[int(entry["id"])] = dict(entry)
        except (ValueError, KeyError, TypeError, OverflowError):
            faults.append(fault("manifest_line", MANIFEST, f"line {number}", f"{line[:60]!r}", "a whole JSON object"))
    return lines, faults


def manifest_faults(entries: list[Entry], lines: Mapping[int, Any], readable: bool) -> Iterator[Fault]:
    """Pictures without a line (unless a line could not be read: it may be theirs), and lines without a picture."""
    ids = {entry.picture.id for entry in entries}
    for entry in entries if readable else []:
        if entry.picture.id not in lines:
            found = f"no line for id {entry.picture.id}"
            yield fault("manifest_picture", MANIFEST, "id", found, "one for each picture", entry.picture.file_name)
    for number in sorted(set(lines) - ids):
        yield fault("manifest_picture", MANIFEST, "id", str(number), f"the id of a picture of {ANNOTATIONS}")


def changed_faults(root: Path, entry: Entry, sums: Mapping[str, Any]) -> Iterator[Fault]:
    """Files of a picture whose checksum is not the one that the manifest recorded."""
    picture = entry.picture
    files = {checksum_key(key): f"{folder}/{getattr(picture, key)}" for key, folder in FILE_FOLDERS.items()}
    files["labels_sha256"] = f"labels/{picture.stem}.json"
    for key, file in files.items():
        if key in sums and (root / file).is_file():
            found = file_sha256(root / file)
            if found != sums[key]:
                wanted = f"{str(sums[key])[:12]}..., as {MANIFEST} recorded"
                yield fault("changed_file", file, key, f"{found[:12]}...", wanted, picture.file_name)


def label_file_faults(root: Path, entry: Entry) -> Iterator[Fault]:
    """labels/<stem>.json against the entry of annotations.json."""
    file = f"labels/{entry.picture.stem}.json"
    name = entry.picture.file_name
    try:
        label, _ = read_label(root / file)
    except InputError as error:
        found = str(error).removeprefix(f"{root / file}: ")
        yield fault("labels_missing", file, "", found, "the labels of the picture", name)
        return
    for place, here, there, person in _differences(label, entry.picture):
        wanted = f"{there!r:.60} as in {ANNOTATIONS}"
        yield fault("labels_differ", file, place, f"{here!r:.60}", wanted, name, person)


def _differences(label: Picture, picture: Picture) -> Iterator[tuple[str, Any, Any, int | None]]:
    """Field, value in labels/, value in annotations.json, instance id."""
    for key in Picture.model_fields.keys() - {"people"}:
        here, there = getattr(label, key), getattr(picture, key)
        if here != there:
            yield f"picture.{key}", here, there, None
    people = {person.instance_id: person for person in picture.people}
    for index, person in enumerate(label.people):
        other = people.pop(person.instance_id, None)
        if other is None:
            yield f"picture.people[{index}]", f"person {person.instance_id}", "nobody", person.instance_id
        elif other != person:
            key = next(key for key in type(person).model_fields if getattr(person, key) != getattr(other, key))
            place = f"picture.people[{index}].{key}"
            yield place, getattr(person, key), getattr(other, key), person.instance_id
    for number in people:
        yield "picture.people", "nobody", f"person {number}", number


def _checked_info(value: dict[str, Any]) -> Info:
    cameras: dict[str, Camera] = {}
    faults: list[Fault] = []
    raw = value.get("cameras") or {}
    for name, data in raw.items() if isinstance(raw, dict) else ():
        place = f"cameras.{name}"
        try:
            cameras[name] = Camera.model_validate(data)
            faults += _lens_faults(cameras[name].lens, f"{place}.lens")
        except (ValidationError, InputError) as error:
            text = fault_text(error, place) if isinstance(error, ValidationError) else str(error)
            faults.append(fault("lens", DATASET, place, text, "a camera with a lens that can be used"))
    classes: tuple[str, ...] | None = None
    try:
        classes = DatasetInfo.model_validate({**value, "cameras": {}}).classes
    except ValidationError as error:
        text = fault_text(error, "").lstrip(".")
        faults.append(fault("dataset_json_broken", DATASET, text.split(" ")[0], text, "a value that fits"))
    broken = frozenset(map(str, raw)) - cameras.keys() if isinstance(raw, dict) else frozenset()
    return Info(cameras, broken, classes, faults)


def _lens_faults(lens: LensModel, place: str) -> Iterator[Fault]:
    """Rays all over the field, to their pixels and back: where two rays share a pixel, one does not come back."""
    theta, azimuth = np.meshgrid(np.linspace(0.0, 0.999, 181)[1:] * lens.max_theta_rad, np.radians([0, 77, 141, 230]))
    rays = np.stack([np.sin(theta) * np.cos(azimuth), np.sin(theta) * np.sin(azimuth), np.cos(theta)], axis=-1).reshape(
        -1, 3
    )
    back = lens.unproject(lens.project(rays))
    off = 2 * np.arcsin(np.clip(np.linalg.norm(back - rays, axis=1) / 2, 0, 1))
    wrong = ~(off <= ROUND_TRIP_RAD)
    if wrong.any():
        angle = float(np.degrees(theta.ravel()[wrong].min()))
        found = f"that rays {angle:.1f} deg off the axis do not come back from their pixels"
        yield fault("lens", DATASET, place, found, f"one ray for each pixel up to {lens.max_theta_deg:g} deg")
