"""The anny body in numpy: an adult's rest surface from a phenotype, and its posing by linear blend skinning.

The same arithmetic as anny's own forward pass (phenotype weights, blend shapes, joints that move with the shape, linear
blend skinning with rotations in world-aligned axes), without torch, in a few milliseconds. tests/assets compares them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from assets.humans.body_arrays import VARIATIONS, load_body_arrays

YOUNG_YEARS, OLD_YEARS = 25.0, 90.0
"""Ages of MakeHuman's `young` and `old` targets."""

_HEIGHTS = [list(itertools.chain.from_iterable(VARIATIONS.values())).index(name) for name in VARIATIONS["height"]]
"""Columns of target_variations that belong to the height."""


@dataclass(frozen=True)
class Phenotype:
    """What shapes an adult body; every number in [0, 1] except age_years, as MakeHuman counts them."""

    female: float = 0.5
    age_years: float = 35.0
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.5
    proportions: float = 0.5
    cupsize: float = 0.5
    african: float = 1 / 3
    asian: float = 1 / 3
    caucasian: float = 1 / 3


@dataclass(frozen=True)
class RestBody:
    """A shaped but unposed body: vertices_m (n, 3), joint heads and tails (j, 3), metres, feet near z = 0."""

    vertices_m: np.ndarray
    heads_m: np.ndarray
    tails_m: np.ndarray


@dataclass(frozen=True)
class BodyModel:
    """The adult body's arrays; see body_arrays.load_body_arrays for their meaning."""

    points: np.ndarray
    vertex_count: int
    targets: np.ndarray
    target_variations: np.ndarray
    weights: np.ndarray
    joint_names: tuple[str, ...]
    joint_parents: tuple[int, ...]
    triangles: dict[str, np.ndarray]
    uvs: dict[str, np.ndarray]
    base_vertex: np.ndarray
    body_part: np.ndarray
    actions: dict[str, tuple[np.ndarray, np.ndarray]]
    """Facial action -> the vertices (k,) that it moves and their moves (k, 3), metres on the canonical body."""

    def joint(self, name: str) -> int:
        return self.joint_names.index(name)

    def shape(self, phenotype: Phenotype) -> RestBody:
        """Rest surface of a phenotype, lowest body vertex at z = 0."""
        points = _points_without_height(replace(phenotype, height=0.5)) + self._moved(phenotype, of_height=True)
        lowest = float(points[_body_vertices(), 2].min())
        points = points - np.array([0.0, 0.0, lowest], np.float32)
        first_tail = self.vertex_count + len(self.joint_names)
        return RestBody(points[: self.vertex_count], points[self.vertex_count : first_tail], points[first_tail:])

    def _moved(self, phenotype: Phenotype, of_height: bool) -> np.ndarray:
        """(p, 3) what the targets of the height, or all others, add to the points."""
        coefficients = np.where(self.target_variations, _variation_weights(phenotype), 1.0).prod(1).astype(np.float32)
        own = self.target_variations[:, _HEIGHTS].any(1) == of_height
        active = np.flatnonzero((coefficients != 0) & own)
        flat = coefficients[active] @ self.targets[active].reshape(len(active), -1)
        return np.asarray(flat.reshape(-1, 3))

    def joint_motions(self, rest: RestBody, rotations: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """World rotation (j, 3, 3) of every joint from its rest orientation, and posed joint heads (j, 3).

        rotations: joint name -> (3, 3), the joint's turn from rest relative to its parent, in the axes of the rest
        pose's world (anny's `local-ref`). Joints not named do not turn. The root stays where it is.
        """
        turns = np.tile(np.eye(3), (len(self.joint_names), 1, 1))
        heads = rest.heads_m.astype(np.float64).copy()
        for joint, (name, parent) in enumerate(zip(self.joint_names, self.joint_parents, strict=True)):
            own = np.asarray(rotations.get(name, np.eye(3)), dtype=np.float64)
            if parent < 0:
                turns[joint] = own
                continue
            turns[joint] = turns[parent] @ own
            heads[joint] = heads[parent] + turns[parent] @ (rest.heads_m[joint] - rest.heads_m[parent])
        return turns, heads


@lru_cache(maxsize=2)
def _points_without_height(phenotype: Phenotype) -> np.ndarray:
    """(p, 3) points moved by all targets but those of the height: a person's body is asked for at two heights."""
    model = load_body_model()
    return np.asarray(model.points + model._moved(phenotype, of_height=False))


@cache
def _body_vertices() -> np.ndarray:
    """The vertices of the surface `body`."""
    return np.unique(load_body_model().triangles["body"])


def pose_points(
    points_m: np.ndarray, weights: np.ndarray, rest_heads_m: np.ndarray, turns: np.ndarray, heads_m: np.ndarray
) -> np.ndarray:
    """Linear blend skinning of any rest points (n, 3) with weights (n, j); float32 (n, 3)."""
    shifts = heads_m - np.einsum("jab,jb->ja", turns, rest_heads_m)
    motion = np.concatenate([turns, shifts[:, :, None]], 2).astype(np.float32).reshape(len(turns), 12)
    blended = (weights @ motion).reshape(-1, 3, 4)
    return np.einsum("nab,nb->na", blended[:, :, :3], points_m.astype(np.float32)) + blended[:, :, 3]


@cache
def load_body_model() -> BodyModel:
    """The body model, read once per process."""
    arrays = load_body_arrays()
    surfaces = {key.partition(":")[2] for key in arrays if key.startswith("triangles:")}
    return BodyModel(
        points=arrays["points"],
        vertex_count=int(arrays["vertex_count"]),
        targets=arrays["targets"],
        target_variations=arrays["target_variations"],
        weights=arrays["weights"],
        joint_names=tuple(str(name) for name in arrays["joint_names"]),
        joint_parents=tuple(int(parent) for parent in arrays["joint_parents"]),
        triangles={name: arrays[f"triangles:{name}"] for name in surfaces},
        uvs={name: arrays[f"uvs:{name}"] for name in surfaces},
        base_vertex=arrays["base_vertex"],
        body_part=arrays["body_part"],
        actions=_actions(arrays),
    )


def _actions(arrays: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    ends = arrays["action_ends"][:-1]
    pairs = zip(np.split(arrays["action_vertices"], ends), np.split(arrays["action_moves"], ends), strict=True)
    return dict(zip((str(name) for name in arrays["action_names"]), pairs, strict=True))


def _variation_weights(phenotype: Phenotype) -> np.ndarray:
    """Weight of every variation, in the order of VARIATIONS: linear between anchors spread evenly over [0, 1]."""
    years = np.clip(phenotype.age_years, YOUNG_YEARS, OLD_YEARS)
    values = {
        "gender": phenotype.female,
        "age": (years - YOUNG_YEARS) / (OLD_YEARS - YOUNG_YEARS),
        "muscle": phenotype.muscle,
        "weight": phenotype.weight,
        "height": phenotype.height,
        "proportions": phenotype.proportions,
        "cupsize": phenotype.cupsize,
    }
    races = np.array([phenotype.african, phenotype.asian, phenotype.caucasian], dtype=np.float64)
    weights = [races / races.sum()]
    for feature, variations in VARIATIONS.items():
        if feature == "firmness":
            weights.append(np.ones(1))
        elif feature != "race":
            position = np.clip(values[feature], 0, 1) * (len(variations) - 1)
            weights.append(np.maximum(0.0, 1.0 - np.abs(position - np.arange(len(variations)))))
    return np.concatenate(weights)
