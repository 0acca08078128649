"""MB-Lab's morphs: which displacements there are, and with which weights properties call for them.

A morph's name is Category_Prop[-Prop ...]_max|min[-max|min ...]: one property, or one corner of a cube of several. A
property is 0.5 when neutral; towards 1 its part `max` grows to 1, towards 0 its part `min`. Several at once: every
corner of the cube sums the parts that point its way; what lies less than a third below the best of them shares the
largest part. Alone, a property's corner simply gets its part.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from annotate.errors import InputError
from assets.humans.mblab.folder import Arrays, read_record

NEUTRAL = 0.5
_BEST_SHARE = 1 / 1.5
"""How much of the best corner's sum is taken off all of them."""
_DIRECTIONS = ("max", "min")


@dataclass(frozen=True)
class Cube:
    """All morphs over the same number k of properties at once.

    properties: (g, k) index into MorphSet.properties. morphs: (g, 2**k) index of each corner's morph, -1 where the file
    has none. points: (2**k, k) 0 where the corner points to max, 1 to min.
    """

    properties: np.ndarray
    morphs: np.ndarray
    points: np.ndarray


class MorphSet:
    """Morphs of a body of n vertices; deltas: sparse (m, 3 n)."""

    def __init__(self, names: list[str], deltas: sparse.csr_matrix) -> None:
        self.names = names
        self.deltas = deltas
        groups = _grouped(names)
        known = {f"{category}_{prop}" for category, props in groups for prop in props}
        self.properties: tuple[str, ...] = tuple(sorted(known))
        index = {name: number for number, name in enumerate(self.properties)}
        self._cubes = [_cube(groups, index, k) for k in sorted({len(props) for _, props in groups})]

    def values(self, wanted: Mapping[str, float]) -> np.ndarray:
        """(p,) value of every property: NEUTRAL unless wanted; names without a morph have no effect."""
        return np.array([wanted.get(name, NEUTRAL) for name in self.properties])

    def weights(self, values: np.ndarray) -> np.ndarray:
        """(m,) weight of every morph for property values (p,)."""
        parts = np.stack([np.maximum(2 * values - 1, 0), np.maximum(1 - 2 * values, 0)], 1)
        result = np.zeros(len(self.names) + 1)
        for cube in self._cubes:
            result[cube.morphs] = _corner_weights(parts[cube.properties], cube.points)
        return result[:-1]

    def displacement_m(self, weights: np.ndarray) -> np.ndarray:
        """(n, 3) sum of the morphs with their weights (m,)."""
        active = np.flatnonzero(weights)
        return np.asarray(weights[active] @ self.deltas[active]).reshape(-1, 3)


def _corner_weights(parts: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(g, 2**k) weights from the parts (g, k, 2) of each group's properties."""
    sums = np.stack([parts[:, range(len(corner)), corner].sum(1) for corner in points], 1)
    share = np.maximum(sums - _BEST_SHARE * sums.max(1, keepdims=True), 0)
    total = share.sum(1, keepdims=True)
    return np.asarray(share / np.where(total > 0, total, 1) * parts.max((1, 2))[:, None])


def _grouped(names: list[str]) -> dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], int]]:
    """(category, properties) -> directions -> number of the morph."""
    groups: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], int]] = {}
    for number, name in enumerate(names):
        category, props, ends = name.split("_")
        groups.setdefault((category, tuple(props.split("-"))), {})[tuple(ends.split("-"))] = number
    return groups


def _cube(groups: dict, index: dict[str, int], k: int) -> Cube:
    points = np.array(list(itertools.product((0, 1), repeat=k)))
    directions = [tuple(_DIRECTIONS[way] for way in corner) for corner in points]
    mine = [(key, corners) for key, corners in groups.items() if len(key[1]) == k]
    return Cube(
        properties=np.array([[index[f"{category}_{prop}"] for prop in props] for (category, props), _ in mine]),
        morphs=np.array([[corners.get(direction, -1) for direction in directions] for _, corners in mine]),
        points=points,
    )


def read_morphs(paths: tuple[Path, ...], vertex_count: int) -> Arrays:
    """Morphs of some files as arrays: `names`, and the sparse deltas' `data`, `indices`, `indptr`.

    Raises:
        InputError: a file is broken, or a name or a row is not what a morph's must be.
    """
    names: list[str] = []
    rows: list[np.ndarray] = []
    for path in paths:
        for name, displaced in read_record(path).items():
            names.append(_checked_name(path, name))
            rows.append(_checked_rows(path, name, displaced, vertex_count))
    lengths = np.array([3 * len(one) for one in rows])
    every = np.concatenate([*rows, np.zeros((0, 4))])
    return {
        "names": np.array(names),
        "data": every[:, 1:].astype(np.float32).ravel(),
        "indices": (3 * every[:, :1].astype(np.int32) + np.arange(3, dtype=np.int32)).ravel(),
        "indptr": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    }


def morph_set(arrays: Arrays, vertex_count: int, prefix: str = "") -> MorphSet:
    """The MorphSet that read_morphs' arrays, their names preceded by prefix, describe."""
    data, indices, indptr, names = (arrays[prefix + key] for key in ("data", "indices", "indptr", "names"))
    deltas = sparse.csr_matrix((data, indices, indptr), shape=(len(names), 3 * vertex_count))
    return MorphSet([str(name) for name in names], deltas)


def _checked_name(path: Path, name: str) -> str:
    words = name.split("_")
    if len(words) != 3 or not set(words[2].split("-")) <= set(_DIRECTIONS):
        raise InputError(f"{path}: morph {json.dumps(name)}: expected Category_Property_max or _min")
    if len(words[1].split("-")) != len(words[2].split("-")):
        raise InputError(f"{path}: morph {json.dumps(name)}: expected one max or min for each of its properties")
    return name


def _checked_rows(path: Path, name: str, displaced: object, vertex_count: int) -> np.ndarray:
    try:
        rows = np.array(displaced, np.float64).reshape(-1, 4)
    except (TypeError, ValueError):
        raise InputError(f"{path}: morph {name}: expected rows of [vertex, dx, dy, dz]") from None
    if len(rows) and not (rows[:, 0].min() >= 0 and rows[:, 0].max() < vertex_count):
        raise InputError(
            f"{path}: morph {name} moves vertex {int(rows[:, 0].max())}; the body has vertices 0 to {vertex_count - 1}"
        )
    return rows
