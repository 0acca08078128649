"""`generate.py site import`: a site drawn in a labelling tool, from Labelme's or COCO's JSON into site.yaml.

A label names what its shape is: floor, desk, chair, ... (any kind of furniture), seat, lamp, window, ignore. Heights come
from DEFAULTS, or from the label itself ("desk:0.72", its top), or from words in Labelme's description or COCO's
attributes ("height_m=0.72 bottom_m=0.68 outline_at=floor"). A seat is a point, or a line from the seat to where the
sitter looks; a window is a line along its wall's foot; everything else is a polygon, rectangle or circle.

Labelme (github.com/wkentaro/labelme): shapes with label, points in px from the picture's upper left corner, shape_type.
COCO (cocodataset.org): annotations with category_id and segmentation polygons, or bbox, in the same pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict
from tyro.conf import Positional

from annotate.errors import InputError
from annotate.files import read_json
from annotate.picture_file import picture_size
from annotate.site.document import document_path, read_document, report, write_document
from annotate.site.model import FurnitureKind

DEFAULTS: dict[str, dict[str, Any]] = {
    "desk": {"height_m": 0.74, "bottom_m": 0.70},
    "chair": {"height_m": 0.47, "bottom_m": 0.42},
    "screen": {"height_m": 1.15, "bottom_m": 0.80},
    "lamp": {"height_m": 1.2},
    "shelf": {"height_m": 1.8},
    "cabinet": {"height_m": 1.1},
    "partition": {"height_m": 1.4},
    "plant": {"height_m": 1.0},
    "clutter": {"height_m": 0.4},
    "bin": {"height_m": 0.4},
    "furniture": {"height_m": 0.8},
    "whiteboard": {"height_m": 1.9, "bottom_m": 0.8},
    "door": {"height_m": 2.05},
    "wall": {"height_m": 2.5, "outline_at": "floor"},
}
"""Heights of common things, taken where a drawing says nothing. A lamp in the ceiling is called "ceiling lamp"."""
_OWN = ("floor", "seat", "ceiling lamp", "window", "ignore")
_CIRCLE_CORNERS = 24
_ASPECT_TOLERANCE = 0.005


class SiteImportConfig(BaseModel):
    """Take floor, furniture, seats, lamps, windows and ignore areas from a Labelme or COCO file into a site."""

    model_config = ConfigDict(extra="forbid")

    polygons: Positional[Path]
    """Labelme's JSON of one picture, or a COCO JSON of one picture; labels name what the shapes are."""
    site: Path
    """The site's folder or YAML file, which is made if there is none."""
    replace: bool = False
    """Replace the floor, and all furniture, seats ... of which the file holds any; otherwise it is added to them."""


@dataclass(frozen=True)
class Shape:
    """Something drawn: what it is called, its points (n, 2) px, how it was drawn, and words that say more.

    where: its place in the file, for messages.
    """

    label: str
    points: np.ndarray
    drawn: str
    where: str
    words: dict[str, Any] = field(default_factory=dict)


def run_import(config: SiteImportConfig) -> Path:
    """The command: merge the shapes into site.yaml and say what it holds; returns its path."""
    path = document_path(config.site)
    document = read_document(path)
    shapes, size = read_shapes(config.polygons)
    scaled = _scaled_to(document, path, shapes, size, config.polygons)
    found = site_fields(scaled)
    merged = merge(document, found, config.replace, path)
    write_document(path, {"name": path.resolve().parent.name, **merged}, size)
    counts = ", ".join(f"{name} {len(value)}" for name, value in found.items() if name != "floor_px")
    print(f"{config.polygons}: {'floor; ' if 'floor_px' in found else ''}{counts or 'nothing else'}")
    print(report(path, merged))
    return path


def read_shapes(path: Path) -> tuple[list[Shape], tuple[int, int]]:
    """The shapes of a Labelme or COCO file and the size of their picture, px; InputError for other files."""
    value = read_json(path)
    if isinstance(value, dict) and isinstance(value.get("shapes"), list):
        shapes, size = _labelme(value, path), (value.get("imageWidth"), value.get("imageHeight"))
    elif isinstance(value, dict) and isinstance(value.get("annotations"), list):
        shapes, size = _coco(value, path)
    else:
        raise InputError(
            f"{path}: neither Labelme (a list `shapes`) nor COCO (a list `annotations`); export one of them"
        )
    if not all(isinstance(side, int) and side > 0 for side in size):
        raise InputError(f"{path}: the picture's size is {size[0]!r} x {size[1]!r}; expected whole pixels")
    if not shapes:
        raise InputError(f"{path}: nothing is drawn in it")
    return shapes, (int(size[0] or 0), int(size[1] or 0))


def site_fields(shapes: Iterable[Shape]) -> dict[str, Any]:
    """The fields of site.yaml that the shapes say, as they are written there. InputError for unknown labels."""
    fields: dict[str, Any] = {}
    for shape in shapes:
        kind, _, height = shape.label.strip().lower().partition(":")
        kind = kind.strip()
        words = {**shape.words, **({"height_m": _number(height, shape.where)} if height.strip() else {})}
        if kind == "floor":
            if "floor_px" in fields:
                raise InputError(
                    f"{shape.where}: a second floor; a site has one outline, draw it around all free floor"
                )
            fields["floor_px"] = _outline(shape)
        elif kind == "seat":
            fields.setdefault("seats", []).append(_seat(shape, words))
        elif kind == "ceiling lamp":
            fields.setdefault("lamps", []).append({"outline_px": _outline(shape), **words})
        elif kind == "window":
            fields.setdefault("windows", []).append(_window(shape, words))
        elif kind == "ignore":
            fields.setdefault("ignore", []).append(_outline(shape))
        elif kind in get_args(FurnitureKind):
            defaults = DEFAULTS.get(kind, DEFAULTS["furniture"])
            fields.setdefault("furniture", []).append(
                {"kind": kind, "outline_px": _outline(shape), **defaults, **_below(defaults, words)}
            )
        else:
            known = ", ".join((*_OWN, *get_args(FurnitureKind)))
            raise InputError(
                f'{shape.where}.label is "{shape.label}"; known: {known}, each also with a height, "desk:0.72"'
            )
    return fields


def merge(document: dict[str, Any], found: dict[str, Any], replace: bool, path: Path) -> dict[str, Any]:
    """The document with what was found: lists grow by what they do not hold yet; a floor is not changed unasked."""
    merged = dict(document)
    for name, value in found.items():
        present = document.get(name)
        if replace or not present:
            merged[name] = value
        elif name == "floor_px":
            if present != value:
                raise InputError(
                    f"{path}: floor_px is there already and another one; pass --replace to take the drawn one"
                )
        else:
            merged[name] = [*present, *(item for item in value if item not in present)]
    return merged


def _below(defaults: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
    """A slab whose height alone is given keeps its thickness."""
    if "height_m" in words and "bottom_m" not in words and "bottom_m" in defaults:
        thickness = defaults["height_m"] - defaults["bottom_m"]
        return {**words, "bottom_m": round(max(0.0, words["height_m"] - thickness), 3)}
    return words


def _outline(shape: Shape) -> list[list[float]]:
    if len(shape.points) < 3:
        raise InputError(f"{shape.where}: a {shape.drawn} of {len(shape.points)} points; {shape.label} needs a polygon")
    return _rounded(shape.points)


def _seat(shape: Shape, words: dict[str, Any]) -> dict[str, Any]:
    if len(shape.points) == 2:
        place, ahead = _rounded(shape.points)
        return {"place_px": place, "towards_px": ahead, **words}
    return {"place_px": _rounded(shape.points.mean(axis=0)[None])[0], **words}


def _window(shape: Shape, words: dict[str, Any]) -> dict[str, Any]:
    if len(shape.points) != 2:
        raise InputError(
            f"{shape.where}: a window is a line along the foot of its wall; found {len(shape.points)} points"
        )
    if "height_m" in words:
        words = {**{key: value for key, value in words.items() if key != "height_m"}, "top_m": words["height_m"]}
    return {"base_px": _rounded(shape.points), **words}


def _rounded(points: np.ndarray) -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points]


def _labelme(value: dict[str, Any], path: Path) -> list[Shape]:
    shapes = []
    for index, item in enumerate(value["shapes"]):
        where = f"{path}: shapes[{index}]"
        if not isinstance(item, dict) or not isinstance(item.get("label"), str):
            raise InputError(f"{where}: expected label and points; found {item!r:.60}")
        drawn = item.get("shape_type") or "polygon"
        points = _points(item.get("points"), where)
        set_flags = [name for name, is_set in (item.get("flags") or {}).items() if is_set]
        words = _words([*str(item.get("description") or "").split(), *set_flags], f"{where}.description")
        shapes.append(Shape(item["label"], _drawn_out(points, drawn, where), drawn, where, words))
    return shapes


def _drawn_out(points: np.ndarray, drawn: str, where: str) -> np.ndarray:
    """The outline of a rectangle (two corners) or circle (middle, rim); other shapes are their points."""
    if drawn == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    if drawn == "circle" and len(points) == 2:
        turn = np.arange(_CIRCLE_CORNERS) * 2 * np.pi / _CIRCLE_CORNERS
        radius = np.linalg.norm(points[1] - points[0])
        return np.asarray(points[0] + radius * np.column_stack([np.cos(turn), np.sin(turn)]))
    if drawn in ("mask", "points"):
        raise InputError(f"{where}.shape_type is {drawn}; draw a polygon, rectangle, circle, line or point")
    return points


def _coco(value: dict[str, Any], path: Path) -> tuple[list[Shape], tuple[Any, Any]]:
    images = value.get("images") or []
    if len(images) != 1:
        raise InputError(f"{path}: holds {len(images)} images; a site is drawn on one picture, export that one alone")
    names = {item.get("id"): str(item.get("name")) for item in value.get("categories") or []}
    shapes = []
    for index, item in enumerate(value["annotations"]):
        where = f"{path}: annotations[{index}]"
        if item.get("category_id") not in names:
            raise InputError(f"{where}.category_id is {item.get('category_id')!r}; categories: {list(names)}")
        attributes = item.get("attributes") or {}
        words = _words([f"{key}={text}" for key, text in attributes.items()], f"{where}.attributes", strict=False)
        shapes.append(Shape(names[item["category_id"]], _coco_points(item, where), "polygon", where, words))
    return shapes, (images[0].get("width"), images[0].get("height"))


def _coco_points(item: dict[str, Any], where: str) -> np.ndarray:
    segmentation = item.get("segmentation")
    if isinstance(segmentation, list) and segmentation:
        if len(segmentation) > 1:
            raise InputError(f"{where}.segmentation has {len(segmentation)} parts; expected one polygon")
        flat = segmentation[0]
        return _points([flat[start : start + 2] for start in range(0, len(flat), 2)], f"{where}.segmentation")
    box = item.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise InputError(f"{where}: neither a segmentation polygon nor a bbox")
    x, y, w, h = box
    return _points([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], f"{where}.bbox")


def _points(value: Any, where: str) -> np.ndarray:
    try:
        points = np.asarray(value, float)
    except (TypeError, ValueError):
        points = np.zeros(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise InputError(f"{where}.points: expected a list of [x, y], found {value!r:.60}")
    return points


_WORDS = ("height_m", "bottom_m", "direction_deg", "sill_m", "top_m", "strength", "turn_deg")


def _words(words: Iterable[str], where: str, strict: bool = True) -> dict[str, Any]:
    """Numbers by name from words like height_m=0.72; outline_at=floor too. strict: refuse other words with "="."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.strip(",;").partition("=")
        if name in ("outline_at", "kind") and equals:
            found[name] = text
        elif name in _WORDS and equals:
            found[name] = _number(text, f"{where}: {name}")
        elif equals and strict:
            raise InputError(f"{where}: {word} is not known; known: {', '.join(_WORDS)}, outline_at, kind")
    return found


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{where}: {text!r} is no number of metres") from None


def _scaled_to(
    document: dict[str, Any], path: Path, shapes: list[Shape], size: tuple[int, int], source: Path
) -> list[Shape]:
    """The shapes in pixels of the site's backgrounds; InputError if those are of another shape."""
    backgrounds = document.get("backgrounds") or []
    if not backgrounds:
        return shapes
    wanted = picture_size(path.parent / str(backgrounds[0]))
    if abs(wanted[0] * size[1] / (wanted[1] * size[0]) - 1) > _ASPECT_TOLERANCE:
        raise InputError(
            f"{source}: drawn on a picture of {size[0]} x {size[1]} px, {path}: backgrounds[0] is {wanted[0]} x "
            f"{wanted[1]}: draw on the background itself"
        )
    factor = np.array(wanted) / np.array(size)
    return [Shape(one.label, one.points * factor, one.drawn, one.where, one.words) for one in shapes]
