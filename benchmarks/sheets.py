"""The pictures that docs/ shows: full frames of a dataset, its labels, and its people before and after refining.

python benchmarks/sheets.py frames S --out frames.jpg
python benchmarks/sheets.py labels S --count 1 --columns 4 --out labels.jpg
python benchmarks/sheets.py crops S --refined S+ --out crops.jpg
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import numpy as np
import tyro
from tyro.conf import Positional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.crops import extract, person_crop
from annotate.dataset import Dataset
from annotate.draw import contact_sheet, draw_labels
from annotate.files import write_image
from annotate.page.view_previews import class_palette, depth_scale, normal_colours


def main(
    what: Positional[Literal["frames", "labels", "crops"]],
    dataset: Positional[Path],
    out: Path,
    refined: Path | None = None,
    count: int = 12,
    columns: int = 4,
    width: int = 1600,
) -> None:
    """Write a sheet of pictures evenly chosen from a dataset, none selected by eye."""
    before = Dataset.read(dataset)
    after = Dataset.read(refined) if refined else before
    sheets = {"frames": lambda: frames(before, count), "labels": lambda: labels(before, count)}
    images = sheets.get(what, lambda: crops(before, after, count))()
    write_image(out, contact_sheet(images, columns, width), jpeg_quality=85)


def frames(dataset: Dataset, count: int) -> list[np.ndarray]:
    """Full pictures, evenly spaced."""
    return [dataset.image(dataset.pictures[index]) for index in evenly(len(dataset), count)]


def labels(dataset: Dataset, count: int) -> list[np.ndarray]:
    """Four pictures for each: with boxes and keypoints, depth, normals, classes."""
    chosen = [dataset.pictures[index] for index in evenly(len(dataset), count)]
    scale = depth_scale(dataset, chosen)
    images = []
    for picture in chosen:
        images.append(draw_labels(dataset.image(picture), picture, thickness_px=1))
        if scale is not None:
            images.append(scale.colours(dataset.depth_m(picture)))
        images += [normal_colours(dataset.normals(picture)), class_palette()[dataset.classes(picture)]]
    return [np.asarray(image, np.uint8) for image in images]


def crops(before: Dataset, after: Dataset, count: int, size_px: int = 128) -> list[np.ndarray]:
    """Upright crops of mostly visible people, each beside its refined self."""
    people = [
        (old, new, person)
        for old, new in zip(before.pictures, after.pictures, strict=True)
        for person in old.people
        if (person.visible_fraction or 0) > 0.6 and person.area > 600
    ]
    pairs = []
    for old, new, person in (people[index] for index in evenly(len(people), count)):
        frame = person_crop(None, person.bbox, before.nadir_px(old), size_px)
        pairs.append(np.hstack([extract(before.image(old), frame), extract(after.image(new), frame)]))
    return pairs


def evenly(total: int, count: int) -> list[int]:
    return [int(index) for index in np.linspace(0, total - 1, min(count, total))]


if __name__ == "__main__":
    tyro.cli(main)
