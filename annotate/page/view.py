"""The view page: every picture of a dataset with its labels, as one HTML file beside the pictures.

The page needs no server and no network. It refers to the pictures by relative paths, so it moves with its folder;
labels are SVG over the pictures, in pixels of the picture.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm
from tyro.conf import Positional

from annotate import draw
from annotate.boxes import rotated_box_corners
from annotate.dataset import Dataset, Person, Picture
from annotate.errors import InputError
from annotate.files import write_text
from annotate.outlines import mask_outlines

_OUTLINE_TOLERANCE_PX = 0.75
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
    max_pictures: int = Field(default=1000, ge=1)
    """A larger dataset is shown by that many pictures, evenly spaced."""


@dataclass(frozen=True)
class Shape:
    """One label on the page: an SVG polygon or path."""

    layer: str
    title: str
    path: str
    """The SVG path data, in px of the picture."""


@dataclass(frozen=True)
class Card:
    """One picture on the page."""

    picture: Picture
    address: str
    shapes: list[Shape]


@dataclass(frozen=True)
class Layer:
    """One kind of label, with its checkbox."""

    key: str
    title: str
    colour: str
    count: int


_LAYERS = (
    ("person", "person boxes", draw.PERSON_COLOUR),
    ("rotated", "rotated boxes", draw.PERSON_COLOUR),
    ("head", "head boxes", draw.HEAD_COLOUR),
    ("mask", "masks", draw.MASK_COLOUR),
    ("ignore", "ignore areas", draw.IGNORE_COLOUR),
)


def run(config: ViewConfig) -> Path:
    """The command: write the page. Returns its path."""
    dataset = Dataset.read(config.dataset)
    out = config.out or dataset.root / "view.html"
    if out.is_dir():
        raise InputError(f"--out {out}: is a folder; name an HTML file in it")
    return write_view(dataset, out, config.max_pictures)


def write_view(dataset: Dataset, out_html: Path, max_pictures: int = 1000) -> Path:
    """Write the page of a dataset (at most max_pictures of it, evenly spaced) and return its path."""
    shown = evenly_spaced(dataset.pictures, max_pictures)
    cards = [_card(dataset, picture, out_html) for picture in tqdm(shown, desc="view", leave=False)]
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    template = environment.get_template("view.html")
    text = template.render(
        info=dataset.info,
        name=dataset.info.name or dataset.root.resolve().name,
        kind_text=_KIND_TEXT[dataset.info.kind],
        facts=_facts(dataset),
        cards=cards,
        total=len(dataset),
        layers=_layers(cards),
    )
    write_text(out_html, text)
    return out_html


def evenly_spaced(pictures: list[Picture], limit: int) -> list[Picture]:
    """All pictures, or limit of them from first to last at even distances."""
    if len(pictures) <= limit:
        return pictures
    return [pictures[int(index)] for index in np.linspace(0, len(pictures) - 1, limit)]


def _facts(dataset: Dataset) -> list[tuple[str, str]]:
    people = [person for picture in dataset for person in picture.people]
    facts = [("pictures", str(len(dataset))), ("people", str(len(people)))]
    facts.append(("people per picture", f"{len(people) / max(1, len(dataset)):.1f}"))
    facts.append(("with head box", str(sum(person.head_bbox is not None for person in people))))
    facts.append(("with mask", str(sum(person.segmentation_rle is not None for person in people))))
    facts.append(("labels from", ", ".join(sorted({person.provenance for person in people})) or "nobody"))
    facts += [("seed", str(dataset.info.seed))] if dataset.info.seed is not None else []
    return [*facts, ("made by", dataset.info.generator)]


def _layers(cards: list[Card]) -> list[Layer]:
    """The kinds of labels that the shown pictures have."""
    found = [shape.layer for card in cards for shape in card.shapes]
    layers = [Layer(key, title, _css(colour), found.count(key)) for key, title, colour in _LAYERS]
    return [layer for layer in layers if layer.count]


def _css(colour: draw.Colour) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in colour)


def _card(dataset: Dataset, picture: Picture, out_html: Path) -> Card:
    relative = os.path.relpath(dataset.image_path(picture).resolve(), out_html.resolve().parent)
    shapes = [Shape("ignore", "ignore area", polygon_path(area)) for area in picture.ignore_areas]
    for person in picture.people:
        shapes += _person_shapes(picture, person)
    return Card(picture, quote(Path(relative).as_posix()), shapes)


def _person_shapes(picture: Picture, person: Person) -> list[Shape]:
    """Masks first, so that boxes lie over them and the small head box over all."""
    title = _person_title(person)
    shapes = []
    if person.segmentation_rle is not None:
        outlines = mask_outlines(person.mask(picture.width, picture.height), _OUTLINE_TOLERANCE_PX)
        shapes.append(Shape("mask", title, " ".join(polygon_path(outline) for outline in outlines)))
    shapes.append(Shape("person", title, _box_path(person.bbox)))
    if person.rotated_bbox is not None:
        shapes.append(Shape("rotated", title, polygon_path(rotated_box_corners([person.rotated_bbox])[0])))
    if person.head_bbox is not None:
        shapes.append(Shape("head", f"head of {title}", _box_path(person.head_bbox)))
    return shapes


def _person_title(person: Person) -> str:
    parts = [f"person {person.instance_id}", f"{person.bbox[2]:.0f} x {person.bbox[3]:.0f} px"]
    if person.visible_fraction is not None:
        parts.append(f"{100 * person.visible_fraction:.0f} % visible")
    if person.truncated:
        parts.append("cut by the border")
    parts += [f"{key}: {value}" for key, value in person.attributes.items() if isinstance(value, str | int | float)]
    return ", ".join(parts)


def polygon_path(points_px: Any) -> str:
    """SVG path data of a closed polygon (k, 2) px, to a tenth of a pixel."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in np.asarray(points_px, float)).replace(".0", "") + "Z"


def _box_path(box: tuple[float, float, float, float]) -> str:
    x, y, w, h = box
    return f"M{x:.1f} {y:.1f}h{w:.1f}v{h:.1f}h{-w:.1f}Z".replace(".0", "")
