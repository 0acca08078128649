"""CPU-seconds of a finished picture, beside the recipe of the thesis (350 samples over the whole frame, no denoiser).

    python benchmarks/render.py --pictures 4                      # the embedded office
    python benchmarks/render.py --site site.yaml --people 6       # over a photograph
    python benchmarks/render.py --whole-thesis                    # no extrapolation: 350 samples of one picture

Each recipe runs in a process of its own (one Blender per process) with one thread; CPU time is user + system of that
process (getrusage). The thesis's recipe is measured at two small sample counts on the same scene and extended to 350:
its cost is a constant and a cost per sample. Other work on the machine makes CPU-seconds dearer: note its load.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

THESIS_SAMPLES = 350
_PROBES = (4, 12)


def cpu_s() -> float:
    """User and system seconds that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Clock:
    """CPU-seconds by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], Any]) -> Any:
        before = cpu_s()
        result = work()
        self.stages[stage] = self.stages.get(stage, 0.0) + cpu_s() - before
        return result


def config_of(arguments: argparse.Namespace, out: Path) -> Any:
    from render.config import RenderConfig

    half = arguments.people // 2 if arguments.site is None else 0
    return RenderConfig(
        out=out,
        site=arguments.site,
        seed=arguments.seed,
        size_px=arguments.size,
        sitting=(half, half),
        standing=(arguments.people - half, arguments.people - half),
        scenes_per_background=1,  # offices differ more than anything else
    )


def measure_ours(arguments: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Every step of render.picture.make_picture, stage by stage; the empty room is counted apart."""
    from annotate.dataset_writer import write_picture
    from render import picture as steps
    from render.blender.passes import BlenderRenderer

    config = config_of(arguments, out)
    start = Clock()
    renderer = start.time("start", lambda: BlenderRenderer(steps.RenderSettings.of(config)))
    start.time("first body", lambda: steps.sample_scene(config, arguments.pictures))
    pictures = []
    plate_s = 0.0
    for index in range(arguments.pictures):
        clock, wall = Clock(), time.perf_counter()
        scene = clock.time("scene and bodies", lambda index=index: steps.sample_scene(config, index))
        place = steps.build_place(scene.place, scene.camera)
        humans = clock.time("scene and bodies", lambda scene=scene: steps.placed_humans(scene))
        before = cpu_s()
        background, exposure = steps._background(config, scene, place, renderer)
        plate_s += cpu_s() - before
        people = clock.time(
            "render people",
            lambda place=place, humans=humans, scene=scene: renderer.render_people(
                place, humans, scene.light, scene.camera, scene.seed
            ),
        )
        people = clock.time(
            "shadows",
            lambda people=people, place=place, humans=humans, scene=scene: steps.with_shadows(
                people, scene, place, humans
            ),
        )
        layers = steps.Layers(people, background, exposure)
        finished = clock.time(
            "compose and label",
            lambda layers=layers, scene=scene, place=place, humans=humans: steps.finish_picture(
                layers, scene, place, humans, config
            ),
        )
        clock.time(
            "write",
            lambda finished=finished, scene=scene: write_picture(
                config.out, finished.picture, finished.image, finished.mask, scene.camera, finished.dense
            ),
        )
        pictures.append({"people": len(humans), "wall_s": time.perf_counter() - wall, **clock.stages})
    return {"pictures": pictures, "plate_s": plate_s, "samples": config.samples, "start_s": sum(start.stages.values())}


def measure_thesis(arguments: argparse.Namespace, out: Path) -> dict[str, Any]:
    """One frame, everything a shadow catcher, Cycles as it comes: at a few sample counts, or at 350."""
    from render import picture as steps
    from render.blender import meshes
    from render.blender.passes import BlenderRenderer

    config = config_of(arguments, out)
    scene = steps.sample_scene(config, 0)
    place, humans = steps.build_place(scene.place, scene.camera), steps.placed_humans(scene)
    renderer = BlenderRenderer(steps.RenderSettings.of(config))
    session = renderer._session
    renderer._prepare(place, scene.light)
    for human in humans:
        meshes.upload(session, human, renderer._materials)
    cycles = session.scene.cycles
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transmission_bounces = 12, 4, 4, 12
    cycles.use_light_tree = True
    renderer._show_parts(holdout=False)
    for part in renderer._parts:
        part.is_shadow_catcher = True
    renderer._camera.show(scene.camera)
    session.scene.render.film_transparent = True
    costs: dict[int, float] = {}
    for samples in (THESIS_SAMPLES,) if arguments.whole_thesis else _PROBES:
        session.forget()
        session.set_quality(samples, scene.seed, denoise=False)
        before = cpu_s()
        session.render()
        costs[samples] = cpu_s() - before
    return {"people": len(humans), "costs": costs, "per_picture": _extended(costs)}


def _extended(costs: dict[int, float]) -> float:
    """Cost at 350 samples from measured ones: a straight line through two, or the measurement itself."""
    if THESIS_SAMPLES in costs:
        return costs[THESIS_SAMPLES]
    (few, low), (more, high) = sorted(costs.items())
    return low + (high - low) / (more - few) * (THESIS_SAMPLES - few)


def in_own_process(recipe: str, argv: list[str]) -> dict[str, Any]:
    """Run a recipe in a fresh process; what it prints on standard output is Blender's, the answer is a file."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, str(Path(__file__).resolve()), *argv, "--recipe", recipe, "--answer", str(answer)]
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **single}, cwd=ROOT)
        return dict(json.loads(answer.read_text(encoding="utf-8")))


def report(ours: dict[str, Any], thesis: dict[str, Any] | None, arguments: argparse.Namespace) -> None:
    """Print the table."""
    pictures = ours["pictures"]
    stages = [name for name in pictures[0] if name not in ("people", "wall_s")]
    means = {name: sum(picture[name] for picture in pictures) / len(pictures) for name in stages}
    people = sum(picture["people"] for picture in pictures) / len(pictures)
    where = "embedded office" if arguments.site is None else f"photograph, {arguments.site}"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()[:2])
    print(f"{arguments.size} px, {where}, n = {len(pictures)}, {people:.1f} people a picture, one thread")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load}")
    for name, value in means.items():
        print(f"  {name:<20} {value:7.2f} CPU-s")
    print(f"  {'finished picture':<20} {sum(means.values()):7.2f} CPU-s  ({ours['samples']} samples, denoised)")
    print(
        f"  {'empty room':<20} {ours['plate_s'] / len(ours['pictures']):7.2f} CPU-s, once for the pictures of an office"
    )
    print(f"  {'start':<20} {ours['start_s']:7.2f} CPU-s, once for each process")
    if thesis is not None:
        how = (
            "measured" if arguments.whole_thesis else f"extended from {' and '.join(map(str, thesis['costs']))} samples"
        )
        print(f"  {'thesis, render only':<20} {thesis['per_picture']:7.1f} CPU-s  ({THESIS_SAMPLES} samples, {how})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--site", type=Path, default=None)
    parser.add_argument("--no-thesis", action="store_true")
    parser.add_argument("--whole-thesis", action="store_true")
    parser.add_argument("--recipe", choices=["ours", "thesis"], help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.recipe is not None:
        with tempfile.TemporaryDirectory() as folder:
            measure = measure_ours if arguments.recipe == "ours" else measure_thesis
            arguments.answer.write_text(json.dumps(measure(arguments, Path(folder) / "S")), encoding="utf-8")
        return
    ours = in_own_process("ours", sys.argv[1:])
    thesis = None if arguments.no_thesis else in_own_process("thesis", sys.argv[1:])
    report(ours, thesis, arguments)


if __name__ == "__main__":
    main()
