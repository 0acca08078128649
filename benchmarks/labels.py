"""CPU-seconds of all labels of a picture, label by label, side by side for sizes of pictures and numbers of people.

    python benchmarks/labels.py                                   # 640, 1024, 2048 px; 6, 20, 40 people
    python benchmarks/labels.py --sizes 640 --people 6 --repeats 5

Sampled people in an embedded 3-D office, one thread, one process for each column (its peak memory is that of the whole
process: people, office, labels). "once for an office" is spent when the first picture of an office is labelled: the
rays of the lens and the z-buffer of the empty office, both of which are kept. Every other line is spent on each
picture, and "all labels" is their sum; it is the median of the repeats. The dense maps' and the mask's lines include
encoding them as PNG. People beyond what the office has room for are put in again, moved a little.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

ONCE = "once for an office"


class Clock:
    """CPU-seconds of this process by stage, one value for each repeat."""

    def __init__(self) -> None:
        self.stages: dict[str, list[float]] = {}

    def time(self, stage: str, work: Callable[[], Any]) -> Any:
        before = time.process_time()
        result = work()
        self.stages.setdefault(stage, []).append(time.process_time() - before)
        return result


def crowded_office(size_px: int, people: int, seed: int) -> tuple[Any, list[Any], Any]:
    """Place, exactly that many humans in the world, and camera."""
    import numpy as np

    from render.config import RenderConfig
    from render.scene import _at, build_place, placed_humans, sample_scene

    half = min(people, 12) // 2
    config = RenderConfig(size_px=size_px, seed=seed, sitting=(half, half), standing=(half, half))
    scene = sample_scene(config, 0)
    humans, rng = placed_humans(scene), np.random.default_rng(seed)
    own = list(humans)
    while len(humans) < people:
        x, y = rng.uniform(-0.8, 0.8, 2)
        humans.append(_at(own[len(humans) % len(own)], float(x), float(y), 0.0))
    return build_place(scene.place, scene.camera), humans[:people], scene.camera


def measure(size_px: int, people: int, repeats: int, seed: int) -> dict[str, Any]:
    """Every step of render.labels.label_scene and of writing what it makes, stage by stage."""
    place, humans, camera = crowded_office(size_px, people, seed)
    import cv2  # noqa: F401  (loading it is nobody's label)

    from render import labels, raster

    once = Clock()
    once.time(ONCE, lambda: raster.pixel_rays(camera))
    once.time(ONCE, lambda: labels._place_coverage(place, camera))
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            _one_picture(clock, place, humans, camera, Path(folder))
    medians = {stage: statistics.median(values) for stage, values in clock.stages.items()}
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**medians, "all labels": sum(medians.values()), ONCE: sum(once.stages[ONCE]), "peak MiB": peak_mib}


def _one_picture(clock: Clock, place: Any, humans: list[Any], camera: Any, out: Path) -> None:
    import numpy as np

    from annotate import dense
    from annotate.files import write_image
    from render import dense_labels, keypoint_labels, labels, person_labels, raster

    room, room_coverage = labels._place_coverage(place, camera)
    own = clock.time("z-buffer", lambda: [raster.rasterise(human, camera) for human in humans])
    buffer = clock.time("z-buffer merged", lambda: raster.merged([room_coverage, *own], camera))
    numbered = list(enumerate(zip(humans, own, strict=True), start=1))
    sights = [
        person_labels.Sight(number, human, one, buffer.owner.ravel()[one.pixels] == number)
        for number, (human, one) in numbered
        if len(one.pixels)
    ]
    clock.time(
        "keypoints",
        lambda: [
            keypoint_labels.keypoint_labels(sight.human.keypoints_m, sight.number, buffer, camera) for sight in sights
        ],
    )
    clock.time(
        "boxes, run lengths",
        lambda: [person_labels.person_label(_without_keypoints(sight), buffer, camera, {}) for sight in sights],
    )
    mask = np.maximum(buffer.owner, 0).astype(np.uint16)
    clock.time("mask, PNG", lambda: write_image(out / "mask.png", mask))
    for name, write, field in (
        ("depth", dense.write_depth, "depth_m"),
        ("normals", dense.write_normals, "normals"),
        ("classes", dense.write_classes, "classes"),
    ):
        maps = clock.time(name, lambda name=name: dense_labels.dense_maps([room, *humans], buffer, camera, (name,)))
        values = getattr(maps, field)
        clock.time(f"{name}, PNG", lambda write=write, values=values: write(out / "map.png", values))


def _without_keypoints(sight: Any) -> Any:
    """The same person without the labels that have a line of their own."""
    from dataclasses import replace

    return replace(sight, human=replace(sight.human, keypoints_m=None))


def in_own_process(size_px: int, people: int, arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, str(Path(__file__).resolve()), "--sizes", str(size_px), "--people", str(people)]
        command += ["--repeats", str(arguments.repeats), "--seed", str(arguments.seed), "--answer", str(answer)]
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        subprocess.run(command, check=True, env={**os.environ, **single}, cwd=ROOT)
        return dict(json.loads(answer.read_text(encoding="utf-8")))


def report(columns: dict[tuple[int, int], dict[str, Any]], repeats: int) -> None:
    """Print the table: a line for each label, a column for each size and number of people."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()[:2])
    print(f"CPU-seconds a picture, embedded office, median of {repeats}, one thread")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load}")
    print(f"{'':<20}" + "".join(f"{size:>7} px" for size, _ in columns))
    print(f"{'people':<20}" + "".join(f"{people:>10}" for _, people in columns))
    for line in next(iter(columns.values())):
        digits = 0 if line == "peak MiB" else 3
        print(f"{line:<20}" + "".join(f"{column[line]:>10.{digits}f}" for column in columns.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[640, 1024, 2048])
    parser.add_argument("--people", type=int, nargs="+", default=[6, 20, 40])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.answer is not None:
        found = measure(arguments.sizes[0], arguments.people[0], arguments.repeats, arguments.seed)
        arguments.answer.write_text(json.dumps(found), encoding="utf-8")
        return
    pairs = [(size, people) for size in arguments.sizes for people in arguments.people]
    report({pair: in_own_process(*pair, arguments) for pair in pairs}, arguments.repeats)


if __name__ == "__main__":
    main()
