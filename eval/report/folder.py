"""The folder of a report: no other work's folder is written into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from annotate.errors import InputError


def refuse_foreign_folder(out: Path, ours: Sequence[str]) -> None:
    """InputError if out is a file, holds a dataset, or holds something and none of the names that the command leaves."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; a report is a folder")
    if (out / "dataset.json").is_file():
        raise InputError(f"--out {out}: holds a dataset; name another folder for the report")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in ours):
        raise InputError(f"--out {out}: is not empty and holds no report; name another folder")
