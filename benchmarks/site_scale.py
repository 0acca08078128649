"""How high does the camera hang? Sizes of labelled real people beside those of rendered ones, for several heights.

    python benchmarks/site_scale.py SITE REAL --heights 2.75 2.95 3.15 --scenes 14

SITE: a site folder with seats. REAL: a dataset of the same camera with person boxes. For each height people are seated in
the site and labelled (nothing is rendered); printed is the median of sqrt(w h) of their boxes, by distance from the nadir in px of
the real pictures. The height whose row is most like the real one fits, as far as the people of both are alike: of
usual stature, seated, and hidden by furniture to the same degree.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


from annotate.dataset import Dataset, Person
from annotate.site import Site
from render.config import RenderConfig
from render.labels import label_scene
from render.scene import build_place, placed_humans, sample_scene

LEAST_PEOPLE = 5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("real", type=Path)
    parser.add_argument("--heights", type=float, nargs="+", default=[2.6, 2.8, 3.0])
    parser.add_argument("--scenes", type=int, default=14)
    parser.add_argument("--sitting", type=int, default=9)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--edges-px", type=float, nargs="+", default=[150, 250, 300, 350, 450])
    return parser.parse_args()


def sizes(people: list[Person], nadir_px: np.ndarray) -> np.ndarray:
    """(n, 2): distance of each box's centre from the nadir, and sqrt(w h), px."""
    boxes = np.array([person.bbox for person in people]).reshape(-1, 4)
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    return np.column_stack([np.hypot(*(centres - nadir_px).T), np.sqrt(boxes[:, 2] * boxes[:, 3])])


def row(name: str, measured: np.ndarray, edges_px: list[float]) -> str:
    cells = []
    for low, high in pairwise(edges_px):
        inside = measured[(measured[:, 0] >= low) & (measured[:, 0] < high), 1]
        cells.append(f"{np.median(inside):8.1f}" if len(inside) >= LEAST_PEOPLE else "       -")
    return f"{name:>12} {len(measured):6d} " + " ".join(cells)


def at_height(site: Path, height_m: float, size_px: int, options: argparse.Namespace) -> np.ndarray:
    """Sizes of people seated in the site when its camera hangs at that height; outlines stay where they are drawn."""
    document = yaml.safe_load(site.read_text(encoding="utf-8"))
    document["camera"]["height_m"] = height_m
    document["backgrounds"] = [str(path) for path in Site.read(site).backgrounds]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.yaml"
        file.write_text(yaml.safe_dump(document), encoding="utf-8")
        config = RenderConfig(
            out=Path(folder) / "none", site=file, size_px=size_px, seed=options.seed,
            sitting=(options.sitting, options.sitting), standing=(0, 0),
        )  # fmt: skip
        people, nadir_px = [], np.zeros(2)
        for index in range(options.scenes):
            scene = sample_scene(config, index)
            place = build_place(scene.place, scene.camera)
            labels = label_scene(
                place, placed_humans(scene), scene.camera, hidden_below=config.hidden_below,
                min_visible_px=config.min_visible_px, dense=(),
            )  # fmt: skip
            people += [person for person in labels.people if not person.hidden]
            nadir_px = scene.camera.nadir_px()
    return sizes(people, nadir_px)


def main() -> None:
    options = arguments()
    site = options.site / "site.yaml" if options.site.is_dir() else options.site
    real = Dataset.read(options.real)
    longer = max(real.pictures[0].width, real.pictures[0].height)
    camera = Site.read(site).camera()
    nadir_px = camera.resized(real.pictures[0].width, real.pictures[0].height).nadir_px()
    ranges = " ".join(f"{low:g}-{high:g}".rjust(8) for low, high in pairwise(options.edges_px))
    print(f"{'':>12} people {ranges}  px from the nadir")
    print(row("real", sizes([one for picture in real for one in picture.shown_people], nadir_px), options.edges_px))
    for height_m in options.heights:
        print(row(f"{height_m:.2f} m", at_height(site, height_m, longer, options), options.edges_px), flush=True)


if __name__ == "__main__":
    main()
