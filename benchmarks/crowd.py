"""Are people where people can be? Faults of placement over many pictures, what crowds do, and boxes beside real ones.

    python benchmarks/crowd.py --pictures 500
    python benchmarks/crowd.py --pictures 40 --sitting 0 25 --standing 0 15
    python benchmarks/crowd.py --pictures 60 --stats overhead_person_boxes.csv.gz      # labels too, nothing is rendered

Nothing is rendered: scenes are sampled, their meshes tested (render.intersection), and with --stats labelled by
projection and compared with boxes of real overhead videos. CPU seconds are those of this process.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.page.stats_boxes import QUANTITIES, PictureBoxes, sample
from annotate.page.stats_reference import read_reference
from render.config import RenderConfig
from render.intersection import FAULT_KINDS, Fault, find_faults
from render.labels import label_scene
from render.scene import SceneSpec, build_place, placed_humans, sample_scene

PARTS = (0.1, 0.25, 0.5, 0.75, 0.9)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so many CPU seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sitting", type=int, nargs=2, default=RenderConfig().sitting)
    parser.add_argument("--standing", type=int, nargs=2, default=RenderConfig().standing)
    parser.add_argument("--site", type=Path)
    parser.add_argument("--size-px", type=int, default=640)
    parser.add_argument("--stats", type=Path)
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def boxes_of(scene: SceneSpec, humans: list[Any]) -> PictureBoxes:
    """The labels of a scene as the statistics page counts them."""
    place = build_place(scene.place, scene.camera)
    labels = label_scene(place, humans, scene.camera, hidden_below=0.1, min_visible_px=24, dense=())
    people = [person for person in labels.people if not person.hidden]
    side = float(min(scene.camera.lens.width_px, scene.camera.lens.height_px))
    return PictureBoxes(
        "", side, scene.camera.nadir_px(), np.array([one.bbox for one in people], float).reshape(-1, 4),
        np.array([one.rotated_bbox or (np.nan,) * 5 for one in people], float).reshape(-1, 5),
    )  # fmt: skip


def print_boxes(ours: list[PictureBoxes], reference: Path) -> None:
    """Quantiles of every quantity of boxes, theirs and ours; sizes also by distance from the nadir."""
    real = read_reference(reference).pictures
    print(f"{'quantiles ' + str(PARTS):>60}")
    for quantity in QUANTITIES:
        for name, pictures in (("ours", ours), ("real", real)):
            values = sample(pictures, quantity)
            if values is not None:
                print(f"{quantity.title:>48} {name} {np.round(values.quantiles(PARTS), 2)}")
    print("median side of rotated boxes, % of the picture, by distance from the nadir:")
    for low, high in ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        row = [f"{name} {ring_sizes(pictures, low, high)}" for name, pictures in (("ours", ours), ("real", real))]
        print(f"  {low:.1f} to {high:.1f}: {', '.join(row)}")


def ring_sizes(pictures: list[PictureBoxes], low: float, high: float) -> str:
    """Median h, w of the boxes in a ring and their share of all."""
    known = [one for one in pictures if one.side_px is not None and len(one.upright)]
    radius = np.concatenate([np.hypot(*one.offsets.T) for one in known])
    sizes = np.concatenate([100 * one.rotated[:, 2:4] / (one.side_px or 1.0) for one in known])
    inside = (radius >= low) & (radius < high) & np.isfinite(sizes[:, 0])
    if not inside.any():
        return "none"
    w, h = np.median(sizes[inside], axis=0)
    return f"h {h:.1f} w {w:.1f} ({100 * inside.mean():.0f} %)"


def main() -> None:
    args = arguments()
    config = RenderConfig(
        seed=args.seed, sitting=tuple(args.sitting), standing=tuple(args.standing), site=args.site, size_px=args.size_px
    )
    faults: list[Fault] = []
    doing: Counter[str] = Counter()
    asked = placed = pictures = 0
    seconds, boxes = [], []
    begun = time.process_time()
    for index in range(args.pictures):
        if time.process_time() - begun > args.seconds:
            break
        start = time.process_time()
        scene = sample_scene(config, index)
        seconds.append(time.process_time() - start)
        humans = placed_humans(scene)
        found = find_faults(build_place(scene.place, scene.camera), scene.people, humans)
        faults += found
        doing.update(person.doing for person in scene.people)
        pictures, asked, placed = pictures + 1, asked + scene.attributes["asked_people"], placed + len(scene.people)
        if args.stats is not None:
            boxes.append(boxes_of(scene, humans))
        if args.verbose and found:
            poses = {person.instance_id: f"{person.pose.name} {person.doing}" for person in scene.people}
            for one in found:
                print(
                    f"{index}: person {one.person} ({poses[one.person]}) {one.kind} {one.with_what} {one.depth_m:.3f} m"
                )
    print(f"{pictures} pictures, {placed} of {asked} people placed; CPU-s to sample one: median {np.median(seconds):.2f}, "
          f"90 % below {np.quantile(seconds, 0.9):.2f}")  # fmt: skip
    for kind in FAULT_KINDS:
        depths = [abs(one.depth_m) for one in faults if one.kind == kind]
        print(f"{kind:>16}: {len(depths)}" + (f", deepest {max(depths):.3f} m" if depths else ""))
    print(", ".join(f"{name or 'unknown'} {count}" for name, count in doing.most_common()))
    if boxes:
        print_boxes(boxes, args.stats)


if __name__ == "__main__":
    main()
