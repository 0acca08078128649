"""The slow checks of a dataset folder, down to every pixel: `check` reports all faults where reading stops at the first.

What can be found is listed in annotate.checks.faults.KINDS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm
from tyro.conf import Positional, arg

from annotate.checks.entries import Entries, Entry, read_entries
from annotate.checks.faults import Fault, Report
from annotate.checks.folder import (
    MANIFEST,
    Info,
    changed_faults,
    label_file_faults,
    manifest_faults,
    nested_faults,
    read_info_leniently,
    read_manifest,
    stray_faults,
)
from annotate.checks.labels import LABEL_CHECKS
from annotate.checks.pixels import pixel_faults
from annotate.checks.subject import Subject
from annotate.dataset import Dataset
from annotate.errors import InputError, PlafondError
from annotate.files import write_json

MOST_THREADS = 8


class CheckConfig(BaseModel):
    """Look for faults in a dataset folder: files, labels, masks, dense maps, and whether they agree."""

    model_config = ConfigDict(extra="forbid")

    dataset: Positional[Path]
    """The dataset folder to check; it stays as it is."""
    quick: bool = False
    """Read no pixels and no checksums: fields, labels, and that files are there and of the right size."""
    most: int = Field(default=5, ge=1)
    """Faults of one kind to print; the report holds all of them."""
    report: Annotated[Path | None, arg(name="json")] = None
    """JSON file to write the report to."""


def run(config: CheckConfig) -> Path:
    """The command: print what is wrong. Raises PlafondError if anything is. Returns the dataset folder."""
    if not config.dataset.is_dir():
        raise InputError(f"{config.dataset}: no such folder; name a dataset folder")
    if config.report is not None and (config.report.is_dir() or not config.report.resolve().parent.is_dir()):
        raise InputError(f"--json {config.report}: expected the name of a file in a folder that exists")
    report = check_folder(config.dataset, config.quick)
    for line in report.lines(config.most):
        print(line)
    if config.report is not None:
        write_json(config.report, report.as_json())
    looked_at = f"{report.pictures} pictures, {report.people} people"
    if report.faults:
        counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items())
        raise PlafondError(f"{config.dataset}: {len(report.faults)} faults in {looked_at}: {counts}")
    print(f"{config.dataset}: no faults in {looked_at}{' (quick: no pixels read)' if config.quick else ''}")
    return config.dataset


def check(dataset: Dataset) -> list[Fault]:
    """All faults of a dataset that could be read."""
    return check_folder(dataset.root).faults


def check_folder(root: Path, quick: bool = False) -> Report:
    """Everything that is wrong with a dataset folder, finished or not. quick: without pixels and checksums."""
    info, read = read_info_leniently(root), read_entries(root)
    faults = [*info.faults, *nested_faults(root), *read.faults, *_picture_faults(root, info, read, quick)]
    faults += stray_faults(root, read.named) if read.entries else []
    people = sum(len(entry.picture.people) for entry in read.entries)
    return Report(root, quick, len(read.entries), people, faults)


def _picture_faults(root: Path, info: Info, read: Entries, quick: bool) -> Iterator[Fault]:
    finished = (root / "annotations.json").is_file()
    sums, broken_lines = read_manifest(root) if finished or (root / MANIFEST).is_file() else ({}, [])
    yield from broken_lines
    if finished and read.entries:
        yield from manifest_faults(read.entries, sums, readable=not broken_lines)

    def faults_of(entry: Entry) -> list[Fault]:
        return list(_entry_faults(Subject(root, info, entry), sums.get(entry.picture.id, {}), quick))

    # Decoding and counting release Python's lock, so threads are as good as processes here.
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        found = pool.map(faults_of, read.entries)
        for faults in tqdm(found, "check", len(read.entries), leave=False, unit="picture", mininterval=0.5):
            yield from faults


def _entry_faults(subject: Subject, sums: dict[str, str], quick: bool) -> Iterator[Fault]:
    """One picture: labels, pixels, its label file (if its entry is whole and not that file), recorded checksums."""
    root, entry = subject.root, subject.entry
    for find in LABEL_CHECKS:
        yield from find(subject)
    yield from pixel_faults(subject, quick)
    if entry.complete and not entry.file.startswith("labels/"):
        yield from label_file_faults(root, entry)
    if not quick:
        yield from changed_faults(root, entry, sums)
