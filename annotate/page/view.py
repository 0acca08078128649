"""The view page: every picture of a dataset with every label, as an HTML file and a folder of small files beside it.

The page needs no server and no network, and refers to everything by relative paths, so it moves with its folder. Labels
stand in script files of 100 pictures each, which the page loads when they come near (a page opened from a disk may load
scripts but may not fetch). Beside the page: labels/, thumbs/ and the dense maps as colours (annotate.page.view_previews),
in .cache/view of a dataset that holds its own page, otherwise in a folder named after the page.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm
from tyro.conf import Positional

from annotate import draw
from annotate.dataset import Dataset, Picture
from annotate.files import write_text
from annotate.keypoints import SKELETON_NUMBERS
from annotate.page import refuse_no_page
from annotate.page.view_labels import activity_of, layers_of, picture_labels
from annotate.page.view_previews import (
    MAP_FIELDS,
    DepthScale,
    class_palette,
    css,
    depth_gradient,
    depth_scale,
    map_folder,
    map_suffix,
    write_previews,
)

CHUNK = 100
"""Pictures whose labels stand in one script file."""
_MAX_ACTIVITIES = 12
_KIND_TEXT = {
    "synthetic": "rendered people",
    "real": "real pictures",
    "refined": "rendered people, made real-looking",
    "stand-in": "rendered pictures that stand in for real ones",
    "mixed": "several kinds of pictures",
}


class ViewConfig(BaseModel):
    """Write an HTML page on which a dataset's pictures are seen with their labels."""

    model_config = ConfigDict(extra="forbid")

    dataset: Positional[Path]
    """The dataset folder to look at."""
    out: Path | None = None
    """HTML file to write; view.html in the dataset folder if left out."""
    max_pictures: int = Field(default=10_000, ge=1)
    """A larger dataset is shown by that many pictures, evenly spaced."""


@dataclass(frozen=True)
class Layer:
    """One kind of label: its key in scripts and hash, its name, its colour, and whether it is seen at first."""

    key: str
    title: str
    colour: draw.Colour
    on: bool = True


LAYERS = (
    Layer("person", "person boxes", draw.PERSON_COLOUR),
    Layer("rotated", "rotated boxes", draw.PERSON_COLOUR, on=False),
    Layer("radius", "radius-aligned boxes", draw.RADIUS_COLOUR, on=False),
    Layer("whole", "whole boxes", draw.WHOLE_COLOUR, on=False),
    Layer("head", "head boxes", draw.HEAD_COLOUR),
    Layer("point", "head points", draw.HEAD_COLOUR, on=False),
    Layer("mask", "masks", draw.MASK_COLOUR),
    Layer("keypoints", "keypoints", draw.KEYPOINT_COLOUR),
    Layer("hidden", "hidden people", draw.HIDDEN_COLOUR),
    Layer("ignore", "ignore areas", draw.IGNORE_COLOUR),
)


def run(config: ViewConfig) -> Path:
    """The command: write the page. Returns its path."""
    dataset = Dataset.read(config.dataset)
    out = config.out or dataset.root / "view.html"
    refuse_no_page(out)
    return write_view(dataset, out, config.max_pictures)


def write_view(dataset: Dataset, out_html: Path, max_pictures: int = 10_000) -> Path:
    """Write the page of a dataset (at most max_pictures of it, evenly spaced) and return its path."""
    shown = evenly_spaced(dataset.pictures, max_pictures)
    folder = files_folder(dataset, out_html)
    scale = depth_scale(dataset, shown)
    _write_beside(dataset, shown, folder, scale)
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    text = environment.get_template("view.html").render(
        info=dataset.info,
        name=_name(dataset),
        kind_text=_KIND_TEXT[dataset.info.kind],
        facts=_facts(dataset),
        total=len(dataset),
        shown=len(shown),
        page=_script_json(_page(dataset, shown, out_html, scale)),
    )
    write_text(out_html, text)
    return out_html


def files_folder(dataset: Dataset, out_html: Path) -> Path:
    """Where the small files of a page lie."""
    if out_html.resolve().parent == dataset.root.resolve() and out_html.name == "view.html":
        return dataset.root / ".cache" / "view"
    return out_html.with_name(f"{out_html.stem}.files")


def evenly_spaced(pictures: list[Picture], limit: int) -> list[Picture]:
    """All pictures, or limit of them from first to last at even distances."""
    if len(pictures) <= limit:
        return pictures
    return [pictures[int(index)] for index in np.linspace(0, len(pictures) - 1, limit)]


def _write_beside(dataset: Dataset, shown: list[Picture], folder: Path, scale: DepthScale | None) -> None:
    """Labels and previews; OpenCV and zlib work outside Python's lock, so threads are enough."""

    def finish(picture: Picture) -> list[Any]:
        write_previews(dataset, picture, folder, scale)
        return picture_labels(picture, dataset.camera(picture))

    with ThreadPoolExecutor(os.cpu_count()) as threads, tqdm(total=len(shown), desc="view", leave=False) as progress:
        for start in range(0, len(shown), CHUNK):
            rows = []
            for row in threads.map(finish, shown[start : start + CHUNK]):
                rows.append(row)
                progress.update()
            text = json.dumps(rows, separators=(",", ":"))
            write_text(folder / "labels" / f"{start // CHUNK}.js", f"plafondLabels({start // CHUNK},{text});\n")


def _page(dataset: Dataset, shown: list[Picture], out_html: Path, scale: DepthScale | None) -> dict[str, Any]:
    """What the page's scripts know from the start: no labels, but what is needed to lay out, sort and filter."""
    home = out_html.resolve().parent
    activities = _activities(shown)
    maps = [kind for kind, field in MAP_FIELDS.items() if any(getattr(picture, field) for picture in shown)]
    counts: Counter[str] = Counter()
    for picture in shown:
        counts.update(layers_of(picture))
    return {
        "images": _address(dataset.root.resolve() / "images", home),
        "files": _address(files_folder(dataset, out_html).resolve(), home),
        "chunk": CHUNK,
        "layers": [
            {"key": layer.key, "title": layer.title, "colour": css(layer.colour), "on": layer.on, "count": count}
            for layer in LAYERS
            if (count := counts[layer.key])
        ],
        "maps": [_map_entry(kind, dataset, scale) for kind in maps],
        "skeleton": SKELETON_NUMBERS,
        "activities": activities,
        "pictures": [_index_row(picture, maps, activities) for picture in shown],
    }


def _index_row(picture: Picture, maps: list[str], activities: list[str]) -> list[Any]:
    """[id, file, width, height, people, hidden people, maps as bits, people of each activity, time]."""
    people = picture.shown_people
    bits = sum(bool(getattr(picture, MAP_FIELDS[kind])) << place for place, kind in enumerate(maps))
    said = Counter(activity_of(person) for person in people)
    doing = [said[activity] for activity in activities]
    size = [picture.width, picture.height]
    hidden = len(picture.people) - len(people)
    return [picture.id, picture.file_name, *size, len(people), hidden, bits, doing, picture.time_s]


def _activities(shown: list[Picture]) -> list[str]:
    said = Counter(activity_of(person) for picture in shown for person in picture.shown_people)
    return sorted(activity for activity, _ in said.most_common(_MAX_ACTIVITIES) if activity is not None)


def _map_entry(kind: str, dataset: Dataset, scale: DepthScale | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"key": kind, "folder": map_folder(kind, scale), "suffix": map_suffix(kind)}
    if kind == "depth" and scale is not None:
        entry["scale"] = {"near": f"{scale.near_m:g} m", "far": f"{scale.far_m:g} m", "colours": depth_gradient()}
    if kind == "classes":
        palette = class_palette()
        entry["classes"] = [
            [name, css(tuple(palette[number].tolist()))] for number, name in enumerate(dataset.info.classes)
        ]
    return entry


def _facts(dataset: Dataset) -> list[tuple[str, str]]:
    people = [person for picture in dataset for person in picture.shown_people]
    facts = [("pictures", str(len(dataset))), ("people", str(len(people)))]
    facts.append(("people per picture", f"{len(people) / max(1, len(dataset)):.1f}"))
    facts.append(("labels from", ", ".join(sorted({person.provenance for person in people})) or "nobody"))
    facts += [("seed", str(dataset.info.seed))] if dataset.info.seed is not None else []
    return [*facts, ("made by", dataset.info.generator)]


def _name(dataset: Dataset) -> str:
    return dataset.info.name or dataset.root.resolve().name


def _address(folder: Path, home: Path) -> str:
    """The relative address of a folder, with a slash at its end."""
    return quote(Path(os.path.relpath(folder, home)).as_posix()) + "/"


def _script_json(value: Any) -> Markup:
    """JSON that may stand inside a script element: no text in it can end the element."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))
