"""What the vertices of MB-Lab's two human meshes are joined to: triangles, texture coordinates, kinds of surface.

They stand in MB-Lab's library, a Blender file, so a Blender process of its own reads them, once per copy of MB-Lab.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from annotate.errors import InputError, PlafondError
from assets.humans.mblab.folder import Arrays, CharacterFiles, kept_arrays, open_folder

READER = "render.blender.mblab_topology"
"""The program that reads the library; started by name, since only render/blender may import Blender."""
_ROOT = Path(__file__).resolve().parents[3]
_REFUSED = 1
"""Its exit status for a library that it cannot use; what it says then is for the user."""

SKIN, EYE_WHITE, IRIS, PUPIL, INSIDE, UNSEEN = range(6)
"""Kinds of triangles. INSIDE: teeth, tongue. UNSEEN: lashes, cornea, and what lies behind eyes and lips."""
_KIND_OF = (
    ("skin", SKIN), ("nails", SKIN), ("human_eyes", EYE_WHITE), ("iris", IRIS), ("pupil", PUPIL),
    ("human_teeth", INSIDE), ("tongue", INSIDE),
)  # fmt: skip
"""Part of a material's name in the library -> kind; all others are UNSEEN."""


@dataclass(frozen=True)
class Topology:
    """triangles: (m, 3) int32, outward. uvs: (m, 3, 2). kind: (m,) SKIN, EYE_WHITE ..."""

    triangles: np.ndarray
    uvs: np.ndarray
    kind: np.ndarray

    def of(self, *kinds: int) -> np.ndarray:
        """Numbers of the triangles of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))


@lru_cache(maxsize=4)
def load_topology(folder: Path, character: str) -> Topology:
    """The mesh of a character's sex. Raises InputError if the library is no Blender file or another library."""
    opened = open_folder(folder)
    files, library = opened.files(character), opened.library
    arrays = kept_arrays(files.template, [library], lambda: _read(library, files))
    names = [str(name).lower() for name in arrays["material_names"]]
    kinds = np.array([next((kind for part, kind in _KIND_OF if part in name), UNSEEN) for name in names] or [SKIN])
    return Topology(arrays["triangles"], arrays["uvs"], kinds[arrays["material"]])


def _read(library: Path, files: CharacterFiles) -> Arrays:
    print("Reading the meshes of MB-Lab's library (once, a few seconds) ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="plafond-mblab-") as folder:
        out = Path(folder) / "mesh.npz"
        command = [sys.executable, "-m", READER, str(library.resolve()), str(out), files.template]
        paths = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": folder}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=_ROOT, check=False)
        if done.returncode == _REFUSED and "Traceback" not in done.stderr:
            raise InputError(done.stderr.strip())
        if done.returncode or not out.is_file():
            raise PlafondError(
                f"{library}: the process that reads it ended with status {done.returncode}:\n{done.stderr}"
            )
        with np.load(out, allow_pickle=False) as stored:
            arrays = dict(stored)
    _check(library, files, arrays)
    return arrays


def _check(library: Path, files: CharacterFiles, arrays: Arrays) -> None:
    found, expected = int(arrays["vertex_count"]), files.vertex_count
    if found != expected:
        raise InputError(
            f"{library}: {files.template} has {found} vertices, but characters_config.json says {expected}; the library "
            "and the data are of different versions of MB-Lab"
        )
