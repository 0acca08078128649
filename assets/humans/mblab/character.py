"""A character of MB-Lab: its base body and everything that shapes it, read once and kept as arrays.

shaped_m gives the vertices as MB-Lab's own add-on would: base + sum of weight times displacement, over the phenotype's
properties after age, mass and tone have changed them, and over the expression's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from annotate.errors import InputError
from annotate.files import read_json
from assets.humans.mblab.folder import (
    Arrays,
    CharacterFiles,
    kept_arrays,
    open_folder,
    read_properties,
    read_record,
)
from assets.humans.mblab.morphs import MorphSet, morph_set, read_morphs
from assets.humans.mblab.spec import MblabSpec

TRANSFORMATIONS = ("age_data", "fat_data", "muscle_data")
"""Lists of a transformation file for MblabSpec.age, mass and tone: [part of a property's name, k_neg, k_pos]."""


@dataclass(frozen=True)
class Character:
    """base_m: (n, 3) float64. changes: (6, p) what age, mass and tone, each first negative, add to each property."""

    name: str
    base_m: np.ndarray
    morphs: MorphSet
    expressions: MorphSet
    changes: np.ndarray

    def shaped_m(self, spec: MblabSpec) -> np.ndarray:
        """(n, 3) float64 vertices, metres, Z up, facing -Y, in MB-Lab's rest pose.

        Raises:
            InputError: an unknown phenotype or expression, or a file of theirs that cannot be read.
        """
        values = self.morphs.values(phenotype_values(spec.folder, spec.character, spec.phenotype))
        strengths = np.array([spec.age, spec.mass, spec.tone])
        signed = np.stack([np.maximum(-strengths, 0), np.maximum(strengths, 0)], 1).ravel()
        moved = self.morphs.displacement_m(self.morphs.weights(values + signed @ self.changes))
        points = self.base_m + moved
        if spec.expression is not None:
            face = self.expressions.values(expression_values(spec.folder, spec.expression))
            points = points + self.expressions.displacement_m(self.expressions.weights(face))
        return points


@lru_cache(maxsize=8)
def load_character(folder: Path, name: str) -> Character:
    """A character, read once per process and parsed once per copy of MB-Lab.

    Raises:
        InputError: no such character, or a file that is missing, cut or not what it must be.
    """
    files = open_folder(folder).files(name)
    sources = [files.vertices, *files.morphs, files.expressions]
    arrays = kept_arrays(name, sources, lambda: _read_arrays(files))
    morphs = morph_set(arrays, files.vertex_count, "body_")
    return Character(
        name=name,
        base_m=arrays["base_m"],
        morphs=morphs,
        expressions=morph_set(arrays, files.vertex_count, "face_"),
        changes=_property_changes(files.transformations, morphs.properties),
    )


@lru_cache(maxsize=256)
def phenotype_values(folder: Path, character: str, phenotype: str | None) -> dict[str, float]:
    """Property values of a phenotype. Raises InputError for an unknown one."""
    if phenotype is None:
        return {}
    known = open_folder(folder).phenotypes(character)
    if phenotype not in known:
        names = ", ".join(known) or "none"
        raise InputError(f"{folder}: {character} has no phenotype {phenotype!r}; it has {names}")
    return read_properties(known[phenotype])


@lru_cache(maxsize=128)
def expression_values(folder: Path, expression: str) -> dict[str, float]:
    """Property values of an expression. Raises InputError for an unknown one."""
    known = open_folder(folder).expressions()
    if expression not in known:
        raise InputError(f"{folder}: has no expression {expression!r}; it has {', '.join(known) or 'none'}")
    return read_properties(known[expression])


def _read_arrays(files: CharacterFiles) -> Arrays:
    body = read_morphs(files.morphs, files.vertex_count)
    face = read_morphs((files.expressions,), files.vertex_count)
    arrays = {"base_m": read_vertices(files.vertices, files.vertex_count)}
    arrays |= {f"body_{key}": value for key, value in body.items()}
    return arrays | {f"face_{key}": value for key, value in face.items()}


def read_vertices(path: Path, count: int) -> np.ndarray:
    """(count, 3) float64 positions. Raises InputError for anything else."""
    try:
        points = np.array(read_json(path), np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{path}: expected a list of [x, y, z]") from None
    if points.shape != (count, 3):
        raise InputError(f"{path}: found an array of shape {points.shape}; expected {count} positions [x, y, z]")
    return points


def _property_changes(path: Path, properties: tuple[str, ...]) -> np.ndarray:
    stored = read_record(path)
    changes = np.zeros((2 * len(TRANSFORMATIONS), len(properties)))
    for number, field in enumerate(TRANSFORMATIONS):
        for row in stored.get(field, []):
            try:
                part, below, above = str(row[0]), float(row[1]), float(row[2])
            except (TypeError, ValueError, IndexError, KeyError):
                raise InputError(f"{path}: {field} holds {row!r}; expected [name, number, number]") from None
            mine = [part in name for name in properties]
            changes[2 * number, mine] += below
            changes[2 * number + 1, mine] += above
    return changes
