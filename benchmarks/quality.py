"""How near is a quick render to a slow one? Decibels inside people and their shadows, and CPU-seconds, for several recipes.

    python benchmarks/quality.py --pictures 2 --reference-samples 3000 --cache references
    python benchmarks/quality.py --site site.yaml --recipes "16" "24 raw" "16 adaptive=0"

Reference, by Cycles alone: bodies at that many samples; shadows by its own shadow catcher, at full size, at
--shadow-samples. Nothing is denoised, light is followed as far as for the
recipes. A recipe is a number of samples and what differs from the defaults.
Compared are sRGB pictures over mid grey, where people are or the reference darkens the room by more than 2 %:
10 log10(1 / mean squared error). CPU-seconds: bodies and shadows, one thread; upload of the room not counted.
"""

from __future__ import annotations

import argparse
import resource
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.files import write_bytes
from render.blender import borders, meshes
from render.blender.passes import BlenderRenderer
from render.config import RenderConfig
from render.picture import RenderSettings, _as_npy, with_shadows
from render.place import encode_srgb
from render.scene import SceneSpec, build_place, placed_humans, sample_scene

GREY = 0.22
"""Radiance behind people."""
SHADOW = 0.02
SHADOW_MARGIN_M = 0.9


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--site", type=Path)
    parser.add_argument("--reference-samples", type=int, default=3000)
    parser.add_argument("--shadow-samples", type=int, default=500)
    parser.add_argument("--cache", type=Path, default=Path("out/references"), help="where references are kept")
    parser.add_argument("--recipes", nargs="+", default=["8", "16", "32", "16 raw"])
    return parser.parse_args()


def settings_of(recipe: str) -> RenderSettings:
    """A recipe such as "12 adaptive=0 raw"."""
    samples, *words = recipe.split()
    settings = replace(RenderSettings(), samples=int(samples))
    for word in words:
        name, _, value = word.partition("=")
        changes: dict[str, dict[str, Any]] = {
            "raw": {"denoise": False},
            "adaptive": {"adaptive_threshold": float(value or 0)},
        }
        settings = replace(settings, **changes[name])
    return settings


class Bench:
    """One Blender, and the scenes in which recipes are tried."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.renderer = BlenderRenderer(RenderSettings())

    def layers(self, scene: SceneSpec, settings: RenderSettings) -> tuple[np.ndarray, float]:
        """People with their shadows, as plafond makes them, and the CPU-seconds."""
        self.renderer._settings = settings
        place, humans = build_place(scene.place, scene.camera), placed_humans(scene)
        before = cpu_s()
        people = self.renderer.render_people(place, humans, scene.light, scene.camera, scene.seed)
        return with_shadows(people, scene, place, humans), cpu_s() - before

    def reference(self, scene: SceneSpec) -> np.ndarray:
        """People and shadows by Cycles alone, many samples; from the cache where it is there."""
        args = self.args
        where = "photo" if args.site else "office"
        name = f"{where}-{args.seed}-{scene.index}-{args.size}-{args.people}-{args.reference_samples}-{args.shadow_samples}.npy"
        path = args.cache / name
        if not path.is_file():
            slow = RenderSettings(samples=args.reference_samples, denoise=False, adaptive_threshold=0.0)
            self.renderer._settings = slow
            place, humans = build_place(scene.place, scene.camera), placed_humans(scene)
            picture = self.renderer.render_people(place, humans, scene.light, scene.camera, scene.seed)
            picture[..., 3] += (1 - picture[..., 3]) * self._caught(scene)
            write_bytes(path, _as_npy(picture))
        return np.load(path, allow_pickle=False).astype(np.float32)

    def _caught(self, scene: SceneSpec) -> np.ndarray:
        """Alpha of Cycles' shadow catcher, the people unseen, in rectangles around them."""
        renderer, humans = self.renderer, placed_humans(scene)
        bodies = [meshes.upload(renderer._session, human, renderer._materials) for human in humans]
        wide = [replace(human, vertices_m=_widened(human.vertices_m)) for human in humans]
        for body in bodies:
            body.visible_camera = False
        for part in renderer._parts:
            part.is_holdout, part.is_shadow_catcher = False, True
        renderer._set_up(scene.camera, self.args.shadow_samples, 1, False)
        alpha = renderer._session.render(borders.merged(borders.body_rectangles(wide, scene.camera, 3), 5000))[..., 3]
        for body in bodies:
            meshes.discard(renderer._session, body)
        for part in renderer._parts:
            part.is_shadow_catcher = False
        return np.asarray(alpha)


def _widened(vertices_m: np.ndarray) -> np.ndarray:
    """The corners of a body's box on the floor and at its top, with a margin for its shadow."""
    low, high = vertices_m.min(axis=0), vertices_m.max(axis=0)
    x, y = (np.linspace(low[axis] - SHADOW_MARGIN_M, high[axis] + SHADOW_MARGIN_M, 8) for axis in (0, 1))
    grid = np.stack(np.meshgrid(x, y, [0.0], indexing="ij"), axis=-1).reshape(-1, 3)
    return np.concatenate([grid, vertices_m]).astype(np.float32)


def cpu_s() -> float:
    """User and system seconds that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def finished(people: np.ndarray) -> np.ndarray:
    """Premultiplied linear layers over grey, as sRGB."""
    return encode_srgb(people[..., :3] + GREY * (1.0 - people[..., 3:]))


def decibels(picture: np.ndarray, reference: np.ndarray, where: np.ndarray) -> float:
    error = np.square(finished(picture) - finished(reference))[where].mean()
    return float(10 * np.log10(1 / max(error, 1e-12)))


def main() -> None:
    args = arguments()
    sitting = 0 if args.site else args.people // 2
    config = RenderConfig(
        site=args.site, seed=args.seed, size_px=args.size, sitting=(sitting, sitting),
        standing=(args.people - sitting,) * 2, scenes_per_background=max(1, args.pictures),
    )  # fmt: skip
    bench = Bench(args)
    rows: dict[str, list[tuple[float, ...]]] = {recipe: [] for recipe in args.recipes}
    for index in range(args.pictures):
        scene = sample_scene(config, index)
        reference = bench.reference(scene)
        people = reference[..., :3].max(axis=2) > 0
        shadow = ~people & (reference[..., 3] > SHADOW)
        print(
            f"picture {index}: {len(scene.people)} people on {people.mean():.1%} of it, shadow on {shadow.mean():.1%}"
        )
        bench.layers(scene, settings_of(args.recipes[0]))  # uploads the room
        for recipe in args.recipes:
            picture, seconds = bench.layers(scene, settings_of(recipe))
            rows[recipe].append(
                (seconds, *(decibels(picture, reference, one) for one in (people | shadow, people, shadow)))
            )
    print(f"{'recipe':<24}   CPU-s    both  people  shadow   (dB, means of {args.pictures})")
    for recipe, found in rows.items():
        print(f"{recipe:<24} {' '.join(f'{value:7.2f}' for value in np.mean(found, axis=0))}")


if __name__ == "__main__":
    main()
