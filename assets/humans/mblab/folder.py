"""A user's own copy of MB-Lab: where its files lie, and what they must hold, said before work starts.

MB-Lab's data (AGPL-3) never enter plafond: they are read in place, and what is computed from them is kept in the
user's cache folder alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from annotate.errors import InputError
from annotate.files import read_json
from assets.cache import Arrays, cache_folder, cached_arrays

CHARACTER = re.compile(r"[fm]_(af|as|ca|la)[0-9]{2}")
"""Names of the realistic human characters; the others are anime and fantasy."""
FORMAT_VERSION = 4
"""Counts up whenever kept arrays change, so that old ones are never read."""


@dataclass(frozen=True)
class CharacterFiles:
    """The files of one character; all exist, but for phenotypes, which may be an empty folder."""

    name: str
    template: str
    """Name of its mesh in the library."""
    vertex_count: int
    vertices: Path
    morphs: tuple[Path, ...]
    expressions: Path
    transformations: Path
    joints: Path
    joints_offset: Path
    vertex_groups: Path


class MblabFolder:
    """The folder that holds data/."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError if it is no copy of MB-Lab."""
        self.folder = folder
        self.data = folder / "data"
        if not (self.data / "characters_config.json").is_file():
            raise InputError(
                f"{folder}: holds no data/characters_config.json; expected a copy of MB-Lab, the folder that holds data/"
            )
        self._config = _record(self.data / "characters_config.json")

    @property
    def library(self) -> Path:
        return _existing(self.data / "humanoid_library.blend", "the library of meshes")

    def characters(self) -> list[str]:
        """Human characters whose vertices are there, in order. Raises InputError without any."""
        listed = [name for name in self._config if CHARACTER.fullmatch(name)]
        found = sorted(name for name in listed if (self.data / "vertices" / f"{name}_verts.json").is_file())
        if not found:
            raise InputError(
                f"{self.data / 'vertices'}: holds no <character>_verts.json of {', '.join(sorted(listed))}"
            )
        return found

    def phenotypes(self, character: str) -> dict[str, Path]:
        """Name -> file of the character's phenotypes."""
        return {path.stem: path for path in sorted((self.data / "phenotypes" / f"{character}_ptypes").glob("*.json"))}

    def expressions(self) -> dict[str, Path]:
        """Name -> file of the expressions."""
        return {path.stem: path for path in sorted((self.data / "expressions_comb/human_expressions").glob("*.json"))}

    def files(self, character: str) -> CharacterFiles:
        """Raises InputError for an unknown character and for a file that is missing."""
        if character not in self.characters():
            raise InputError(f"{self.folder}: has no character {character!r}; it has {', '.join(self.characters())}")
        entry = self._config[character]
        template = next(
            (one for one in self._config.values() if isinstance(one, dict) and _is_template(one, entry)), None
        )
        if template is None:
            raise InputError(f"{self.data / 'characters_config.json'}: no entry describes the template of {character}")
        return CharacterFiles(
            name=character,
            template=str(entry["template_model"]),
            vertex_count=int(template["vertices"]),
            vertices=self.data / "vertices" / f"{character}_verts.json",
            morphs=tuple(self._morphs(character, entry)),
            expressions=_existing(self.data / "expressions_morphs" / f"{character}_exprs.json", "its expressions"),
            transformations=self._named(entry, character, "transformations", "transformations_file"),
            joints=self._named(entry, character, "joints", "joints_base_file"),
            joints_offset=self._named(entry, character, "joints", "joints_offset_file"),
            vertex_groups=self._named(entry, character, "vgroups", "vertexgroup_base_file"),
        )

    def _morphs(self, character: str, entry: dict[str, Any]) -> list[Path]:
        morphs = [self._named(entry, character, "morphs", "shared_morphs_file")]
        if entry.get("shared_morphs_extra_file"):
            morphs.append(self._named(entry, character, "morphs", "shared_morphs_extra_file"))
        own = _existing(self.data / "morphs" / f"{character}_morphs.json", f"the morphs of {character}")
        return [*morphs, own]

    def _named(self, entry: dict[str, Any], character: str, subfolder: str, field: str) -> Path:
        if not entry.get(field):
            raise InputError(f"{self.data / 'characters_config.json'}: {character}.{field} is empty or missing")
        return _existing(self.data / subfolder / str(entry[field]), f"{character}.{field} of characters_config.json")


def _is_template(one: dict[str, Any], character: dict[str, Any]) -> bool:
    return "vertices" in one and one.get("template_model") == character.get("template_model")


def _existing(path: Path, what: str) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: no such file ({what}); the copy of MB-Lab is not complete")
    return path


def _record(path: Path) -> dict[str, Any]:
    value = read_json(path)
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


@lru_cache(maxsize=4)
def open_folder(folder: Path) -> MblabFolder:
    """The folder, checked once per process."""
    return MblabFolder(folder)


def read_record(path: Path, field: str | None = None) -> dict[str, Any]:
    """A JSON object, or one of its fields that is an object. Raises InputError for anything else."""
    value = _record(path)
    if field is None:
        return value
    if not isinstance(value.get(field), dict):
        raise InputError(f"{path}: expected an object in the field {field!r}")
    return dict(value[field])


def read_properties(path: Path) -> dict[str, float]:
    """The numbers in the field `structural` of a phenotype or expression."""
    found = read_record(path, "structural")
    for name, value in found.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InputError(f"{path}: structural.{name} is {value!r}; expected a number in [0, 1]")
    return {name: float(value) for name, value in found.items()}


def kept_arrays(name: str, sources: Sequence[Path], build: Callable[[], Arrays], version: str = "") -> Arrays:
    """What build returns; kept in the cache folder under a name that changes with the sources' size and time.

    version: of what else the arrays are computed from.

    Raises:
        InputError: a source is missing, or build finds fault with one.
    """
    stamps = [str(FORMAT_VERSION), version]
    for source in sources:
        status = _existing(source, "one of MB-Lab's").stat()
        stamps.append(f"{source.resolve()}:{status.st_mtime_ns}:{status.st_size}")
    digest = hashlib.sha256("|".join(stamps).encode()).hexdigest()[:24]
    path = cache_folder() / "mblab" / f"{name}-{digest}.npz"
    return cached_arrays(path, build)
