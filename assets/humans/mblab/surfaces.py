"""The parts of MB-Lab's mesh that can be seen, with all that does not depend on the person: kept for every character."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from assets.humans.chart import Chart
from assets.humans.coarser import coarser
from assets.humans.mblab.registration import Feet
from assets.humans.mblab.skeleton import load_skeleton
from assets.humans.mblab.topology import INSIDE, SKIN, load_topology
from assets.humans.mblab.wrap import Wrap, load_wrap
from assets.humans.outer_skin import is_head_place
from assets.humans.skin_parts import skin_tolerance_m
from assets.humans.surface import compacted

BROW_HEIGHT_M, HALF_BROW_M, BROW_REACH_M = 1.7395, 0.0040, (0.012, 0.056)
"""Height of the brows' inner ends on the canonical face, half their width there, and from where to where they reach."""
_AROUND_BROWS_M = 0.006
"""How far around the brows skin is kept to cut them out."""

_TEETH_M = 0.003
"""By how much teeth and tongue may be coarser than MB-Lab's."""


@dataclass(frozen=True)
class Patch:
    """Some triangles of the mesh. members: (k,) their vertices in the mesh; triangles: (m, 3) in terms of members;

    kind, on_head: (m,); uvs: (m, 3, 2). Of the members: weights (k, j) as Skeleton, chart, cloth_weights (k, j) and feet
    as Wrap has them.
    """

    members: np.ndarray
    triangles: np.ndarray
    kind: np.ndarray
    on_head: np.ndarray
    uvs: np.ndarray
    chart: Chart
    weights: np.ndarray
    cloth_weights: np.ndarray
    feet: Feet


@lru_cache(maxsize=32)
def load_patch(folder: Path, character: str, kinds: tuple[int, ...]) -> Patch:
    """All triangles of these kinds; skin and teeth alone coarser where this does not show, as anny's skin is."""
    whole = _patch(folder, character, load_topology(folder, character).of(*kinds))
    if kinds == (SKIN,):
        return _coarser(whole, _wrap(folder, character), skin_tolerance_m(whole.chart))
    if kinds == (INSIDE,):
        return _coarser(whole, _wrap(folder, character), np.full(len(whole.members), _TEETH_M))
    return whole


def _coarser(patch: Patch, wrap: Wrap, tolerance: np.ndarray) -> Patch:
    """A patch of one kind with fewer triangles, as tolerance (k,) metres allows."""
    triangles, uvs = coarser(wrap.base_m[patch.members], patch.triangles, patch.uvs, tolerance)
    used, flat = compacted(triangles, len(patch.members))
    middle = patch.chart.place_m[triangles].mean(1)
    return Patch(
        members=patch.members[used],
        triangles=flat,
        kind=np.full(len(flat), patch.kind[0]),
        on_head=is_head_place(middle) & ~patch.chart.is_arm[triangles[:, 0]],
        uvs=uvs,
        chart=Chart(patch.chart.place_m[used], patch.chart.arm_m[used]),
        weights=patch.weights[used],
        cloth_weights=patch.cloth_weights[used],
        feet=Feet(patch.feet.corners[used], patch.feet.shares[used]),
    )


@lru_cache(maxsize=8)
def load_brow_patch(folder: Path, character: str) -> Patch:
    """The skin's triangles that the brows touch."""
    topology = load_topology(folder, character)
    near = brow_field(_wrap(folder, character).chart.place_m) > -_AROUND_BROWS_M
    skin = topology.of(SKIN)
    return _patch(folder, character, skin[near[topology.triangles[skin]].any(1)])


def _wrap(folder: Path, character: str) -> Wrap:
    return load_wrap(folder, "female" if character.startswith("f") else "male")


def _patch(folder: Path, character: str, chosen: np.ndarray) -> Patch:
    topology, wrap = load_topology(folder, character), _wrap(folder, character)
    triangles = topology.triangles[chosen]
    members, flat = compacted(triangles, len(wrap.chart.arm_m))
    chart = wrap.chart
    return Patch(
        members=members,
        triangles=flat,
        kind=topology.kind[chosen],
        on_head=is_head_place(chart.place_m[triangles].mean(1)) & ~chart.is_arm[triangles[:, 0]],
        uvs=topology.uvs[chosen],
        chart=Chart(chart.place_m[members].astype(np.float32), chart.arm_m[members]),
        weights=load_skeleton(folder, character).weights[members],
        cloth_weights=wrap.weights[members],
        feet=Feet(wrap.feet.corners[members], wrap.feet.shares[members]),
    )


def brow_field(place_m: np.ndarray) -> np.ndarray:
    """(n,) positive on the brows, metres; canonical places (n, 3). Arched, thinner towards the temples."""
    x, z = np.abs(place_m[:, 0]), place_m[:, 2]
    inner, outer = BROW_REACH_M
    arch = BROW_HEIGHT_M + 0.05 * x - 1.4 * np.maximum(x - 0.042, 0)
    half = HALF_BROW_M * np.clip(1.1 - 0.6 * (x - inner) / (outer - inner), 0, 1)
    return np.asarray(np.minimum.reduce([half - np.abs(z - arch), x - inner, outer - x, -0.1 - place_m[:, 1]]))


def on_legs(patch: Patch) -> np.ndarray:
    """(m,) bool: triangles that tights cover."""
    middle = patch.chart.place_m[patch.triangles].mean(1)
    return (middle[:, 2] < 1.0) & ~patch.chart.is_arm[patch.triangles[:, 0]]
