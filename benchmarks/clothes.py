"""Do clothes hide what they cover? Skin, and inner cloth, that comes through the garments of random people.

    python benchmarks/clothes.py --people 500
    python benchmarks/clothes.py --people 500 --poses ~/mocap --seed 1 --verbose

Nothing is rendered. A place of a surface is covered where it lies under a garment and, on the canonical body, at least
INSIDE_M from that garment's edges (collar, cuffs, hem). It comes through where a far viewer from the side or above sees
it although no cloth lies over it. Where a camera may look underneath a garment (Garment.inside but not Garment.covers:
necklines, hems of skirts), and for inner cloth, only that comes through which lies outside of other cloth. Areas are
those of the posed mesh, in per cent of the covered area of the whole body, most of whose skin is not made at all.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assets.humans.anny import load_body_model
from assets.humans.build import Posed, body_of
from assets.humans.chart import Chart, body_chart
from assets.humans.cloth_parts import ClothPart, cloth_part
from assets.humans.fitting import fit_pose
from assets.humans.hair_parts import hair_parts
from assets.humans.outer_skin import outer_skin
from assets.humans.parts import Motion, Part
from assets.humans.skin_parts import shown_skin, skin_surface
from assets.humans.spec import HumanSpec, sample_human
from assets.humans.surface import compacted
from assets.humans.tailoring import OVERLAP_M, Garment
from assets.humans.wardrobe import dress
from assets.poses.skeleton import Activity
from assets.poses.spec import load_pose, sample_pose

INSIDE_M = 0.015
"""Nearer than this to a garment's edge nothing counts as covered."""
OVER_M = 0.06
"""Cloth lies over a place if a ray along its normal meets cloth within this length."""
SPACING_M = 0.006
"""About the distance of the points that are looked at."""
WORST_SHARE = 5e-4
"""Who shows more of the covered area than this counts as faulty."""
ACTIVITIES: tuple[Activity, ...] = ("standing", "walking", "sitting")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--poses", type=Path, help="folder of .amc and .bvh files from which half of the poses come")
    parser.add_argument("--verbose", action="store_true", help="a line for everybody at fault")
    return parser.parse_args()


@dataclass
class Layer:
    """A posed surface as it is in the mesh, with the chart of its points and the garments over it."""

    name: str
    points_m: np.ndarray
    triangles: np.ndarray
    chart: Chart
    over: list[Garment]


@dataclass
class Findings:
    """Areas of one person that come through, cm2 by layer, and how large the covered skin is."""

    covered_m2: float
    through_cm2: dict[str, float] = field(default_factory=dict)
    places: dict[str, np.ndarray] = field(default_factory=dict)
    """Canonical places of the worst layer's points, for finding out why."""

    def share(self, skin: bool) -> float:
        areas = [area for name, area in self.through_cm2.items() if (name == "skin") == skin]
        return sum(areas) / (1e4 * self.covered_m2)


def depth_m(chart: Chart, garments: list[Garment], covers: bool = False) -> np.ndarray:
    """(n,) how far inside the edge of some garment, or of what it covers, places lie, canonical metres."""
    fields = [garment.covers if covers else garment.inside for garment in garments]
    return np.maximum.reduce([np.full(len(chart.arm_m), -1.0), *(field(chart) for field in fields)])


def directions() -> np.ndarray:
    """(30, 3) towards the viewers: evenly over the sphere's upper part, for cameras hang on ceilings and walls."""
    number = np.arange(30) + 0.5
    z = 1 - 1.15 * number / 30
    turn = number * np.pi * (1 + np.sqrt(5))
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], 1)


@dataclass
class Samples:
    """Points (k, 3) of covered triangles, normals, areas m2 (k,), canonical places (k, 3), and whether a camera may look

    underneath the garment there (k,) bool.
    """

    points_m: np.ndarray
    normals: np.ndarray
    areas_m2: np.ndarray
    places_m: np.ndarray
    near_opening: np.ndarray


def samples(layer: Layer) -> Samples:
    """Points about SPACING_M apart on what is covered of a layer."""
    covered = depth_m(layer.chart, layer.over) > INSIDE_M
    triangles = layer.triangles[covered[layer.triangles].all(1)]
    a, b, c = (layer.points_m[triangles[:, corner]].astype(np.float64) for corner in range(3))
    normal = np.cross(b - a, c - a)
    area = np.linalg.norm(normal, axis=1) / 2
    count = np.clip(np.ceil(area / SPACING_M**2), 1, 50).astype(int)
    owner = np.repeat(np.arange(len(triangles)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    u, v = (within + 0.5) / count[owner], (within * 0.618034 + 0.5) % 1
    root = np.sqrt(u)[:, None]
    shares = [1 - root, root * (1 - v[:, None]), root * v[:, None]]
    points = sum(share * corner[owner] for share, corner in zip(shares, (a, b, c), strict=True))
    place = layer.chart.place_m[triangles].mean(1)[owner]
    unit = normal / np.maximum(2 * area, 1e-12)[:, None]
    depth, covered_depth = (depth_m(layer.chart, layer.over, covers) for covers in (False, True))
    # What is covered less than OVERLAP_M deep is kept for those who look in.
    open_there = (covered_depth < np.minimum(OVERLAP_M + 0.005, depth - 0.01))[triangles].any(1)
    open_there |= layer.name != "skin"  # into sleeves one may see the turned-in edge of the inner sleeve
    return Samples(np.asarray(points), unit[owner], (area / count)[owner], place, open_there[owner])


def through(everything: EmbreeScene, cloth: Faces, layer: Layer) -> tuple[float, np.ndarray]:
    """Area in cm2 of a layer that shows where it is covered, and the canonical places of the points that do."""
    spots = samples(layer)
    if not len(spots.points_m):
        return 0.0, spots.places_m
    start = spots.points_m + 3e-4 * spots.normals
    bare = ~_blocked(cloth.scene, start, spots.normals, OVER_M)
    below = spots.points_m - 3e-4 * spots.normals
    bare[bare] &= ~spots.near_opening[bare] | cloth.faced(below[bare], -spots.normals[bare])
    seen = np.zeros(len(start), bool)
    for direction in directions():
        facing = np.flatnonzero(bare & ~seen & (spots.normals @ direction > 0.1))
        if len(facing):
            seen[facing] = ~_blocked(everything, start[facing], np.tile(direction, (len(facing), 1)), 10.0)
    return float(spots.areas_m2[seen].sum() * 1e4), spots.places_m[seen]


class Faces:
    """Surfaces of which a ray can tell from which side it meets them."""

    def __init__(self, points_m: np.ndarray, triangles: np.ndarray) -> None:
        self.scene = _scene(points_m, triangles)
        a, b, c = (points_m[triangles[:, corner]] for corner in range(3))
        self._normals = np.cross(b - a, c - a)

    def faced(self, start: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """(n,) bool: rays meet the front of a surface first, within OVER_M."""
        rays = (np.ascontiguousarray(values, np.float32) for values in (start, direction))
        met = self.scene.run(*rays, dists=np.full(len(start), OVER_M, np.float32), query="INTERSECT")
        return np.asarray((met >= 0) & ((self._normals[met] * direction).sum(1) < 0))


def _scene(points_m: np.ndarray, triangles: np.ndarray) -> EmbreeScene:
    scene = EmbreeScene()
    TriangleMesh(scene, np.ascontiguousarray(points_m[triangles], np.float32))
    return scene


def _blocked(scene: EmbreeScene, start: np.ndarray, direction: np.ndarray, length_m: float) -> np.ndarray:
    """(n,) bool: something lies within length_m along the direction."""
    lengths = np.full(len(start), length_m, np.float32)
    rays = (np.ascontiguousarray(values, np.float32) for values in (start, direction))
    return np.asarray(scene.run(*rays, dists=lengths, query="OCCLUDED")) >= 0


def layers_of(spec: HumanSpec, pose: Posed) -> tuple[list[Layer], list[Part], Motion]:
    """Skin and garments of a person as build_human makes them, and all parts."""
    body, model = body_of(spec), load_body_model()
    fitted = fit_pose(body.rest, pose, None, spec.outfit.shoes.sole_m)
    motion = Motion(body.rest, *model.joint_motions(body.rest, fitted.rotations))
    garments = dress(spec, body.rest)
    parts = body.skin_parts(spec, motion, garments)
    skin = skin_surface()
    used, triangles = compacted(skin.triangles[shown_skin(spec, garments)], len(skin.members))
    chart = Chart(skin.chart.place_m[used], skin.chart.arm_m[used])
    layers = [Layer("skin", parts[0].points_m, triangles, chart, garments)]
    for number, garment in enumerate(garments):
        part = cloth_part(garment, motion, garments[number + 1 :])
        parts.append(part)
        layers.append(Layer(garment.name, part.points_m, part.triangles, part.chart, garments[number + 1 :]))
    return layers, parts + hair_parts(spec, motion, garments), motion


def examine(spec: HumanSpec, pose: Posed) -> Findings:
    """What comes through the clothes of a person."""
    layers, parts, motion = layers_of(spec, pose)
    everything = _scene(*together(parts))
    cloth = Faces(*together([part for part in parts if isinstance(part, ClothPart)]))
    findings = Findings(_covered_m2(motion, layers[0].over))
    for layer in layers:
        area, places = through(everything, cloth, layer)
        if area > 0:
            findings.through_cm2[layer.name] = findings.through_cm2.get(layer.name, 0.0) + area
            findings.places[layer.name] = places
    return findings


def together(parts: list[Part]) -> tuple[np.ndarray, np.ndarray]:
    """Points and triangles of all parts."""
    starts = np.cumsum([0, *(len(part.points_m) for part in parts)])
    triangles = [part.triangles + start for part, start in zip(parts, starts, strict=False)]
    return np.concatenate([part.points_m for part in parts]), np.concatenate(triangles)


def _covered_m2(motion: Motion, garments: list[Garment]) -> float:
    """Area of the skin at rest that garments cover."""
    triangles = outer_skin()[0]
    triangles = triangles[(depth_m(body_chart(), garments) > INSIDE_M)[triangles].all(1)]
    a, b, c = (motion.rest.vertices_m[triangles[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def worst(places: np.ndarray) -> str:
    """Where on the canonical body the points of a layer lie, in words of numbers."""
    x, y, z = np.median(places, axis=0)
    return f"around x {x:.2f} y {y:.2f} z {z:.2f}"


def main() -> None:
    args = arguments()
    found: list[Findings] = []
    begun = time.process_time()
    for number in range(args.people):
        rng = np.random.default_rng([args.seed, number])
        spec = sample_human(rng)
        pose = sample_pose(rng, ACTIVITIES[number % 3], args.poses)
        found.append(examine(spec, load_pose(pose)))
        if args.verbose and max(found[-1].share(True), found[-1].share(False)) > WORST_SHARE:
            areas = ", ".join(f"{name} {area:.1f} cm2 {worst(found[-1].places[name])}"
                              for name, area in found[-1].through_cm2.items())  # fmt: skip
            print(f"{number}: {pose.activity} {pose.name}: {areas}")
    for name, skin in (("skin", True), ("inner cloth", False)):
        shares = np.array([one.share(skin) for one in found])
        print(
            f"{name:>12} through: {100 * (shares > 0).mean():.1f} % of people, more than {100 * WORST_SHARE:.2f} % of the "
            f"covered area {(shares > WORST_SHARE).sum()} of {len(shares)} people; mean {100 * shares.mean():.4f} %, "
            f"worst {100 * shares.max():.3f} %"
        )
    totals: dict[str, float] = {}
    for one in found:
        for name, area in one.through_cm2.items():
            totals[name] = totals.get(name, 0.0) + area
    print(", ".join(f"{name} {area:.1f} cm2" for name, area in sorted(totals.items(), key=lambda item: -item[1])))
    print(f"{(time.process_time() - begun) / len(found):.2f} CPU-s a person")


if __name__ == "__main__":
    main()
