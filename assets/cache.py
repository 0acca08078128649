"""What plafond computed once and keeps for the next start: arrays in the user's cache folder, never pickled."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from annotate.files import write_bytes

Arrays = dict[str, np.ndarray]


def cache_folder() -> Path:
    """PLAFOND_CACHE, else the user's cache folder."""
    chosen = os.environ.get("PLAFOND_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plafond"


def cached_arrays(path: Path, build: Callable[[], Arrays]) -> Arrays:
    """The arrays of an .npz file; built and kept there when it is absent or broken.

    A folder that cannot be written costs only time: stderr says so.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        print(f"{path}: broken cache file; building it again", file=sys.stderr)
    arrays = build()
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    try:
        write_bytes(path, stream.getvalue())
    except OSError as error:
        _say_unwritable(path.parent, str(error))
    return arrays


@lru_cache
def _say_unwritable(folder: Path, error: str) -> None:
    """Once for a folder, which may hold a file for each of a thousand clips."""
    print(f"{folder}: cannot be written ({error}); every start takes longer", file=sys.stderr)
