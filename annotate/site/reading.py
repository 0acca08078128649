"""A site's files: the folder, its YAML, its lens file and its pictures, with every fault named by file and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from annotate.errors import InputError
from annotate.lens import Lens, lens_from_dict
from annotate.picture_file import verify_picture
from annotate.validation import fault_text, first_repeated

SITE_FILE = "site.yaml"
_ASPECT_TOLERANCE = 0.005

REQUIRED = {
    "lens": "without a lens nothing can be placed. Add e.g. lens: {model: equidistant, f_px: 310, width_px: 1024, "
    "height_px: 1024}, or the name of a lens file beside it, lens: lens.yaml",
    "camera": "add e.g. camera: {height_m: 3.0}",
    "backgrounds": "add backgrounds: [PICTURE.jpg], paths beside this file",
    "floor_px": "add the polygon on which people may stand, pixels of the background",
}


def site_file(site: Path | str) -> Path:
    """The YAML file of a site that is named by its folder or by the file itself."""
    path = Path(site)
    return path if path.is_file() or path.suffix.lower() in (".yaml", ".yml") else path / SITE_FILE


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """The mapping in a YAML or JSON file; InputError says what is wrong with it. what: what it should hold."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; {what}")
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError) as error:
        kind = "JSON" if path.suffix.lower() == ".json" else "YAML"
        raise InputError(f"{path}: not valid {kind}: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: {what}; found {value!r:.60}")
    return value


def read_site(path: Path) -> dict[str, Any]:
    """The fields of a site file, all that are required there, the lens read from its own file if it names one."""
    what = "a site is a YAML file with name, backgrounds, lens, camera, floor_px"
    value = read_mapping(path, what)
    for field, remedy in REQUIRED.items():
        if value.get(field) is None:
            raise InputError(f"{path}: {field} is missing; {remedy}")
    if isinstance(value["lens"], str):
        value["lens"] = read_lens_file(path.parent / value["lens"], f"{path}: lens")
    return {"name": _name_of(path), **value}


def read_lens_file(path: Path, place: str) -> Lens:
    """The lens in a YAML or JSON file: the lens itself (a mapping with `model`), or one under the key `lens`."""
    try:
        value = read_mapping(path, "expected a lens: a mapping with model, width_px, height_px and the model's numbers")
        inner = value.get("lens")
        return lens_from_dict(inner if isinstance(inner, dict) else value)
    except ValidationError as error:
        fault = fault_text(error, "").removeprefix(".")
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    raise InputError(f"{place}: {path}: {fault}")


def common_size(path: Path, backgrounds: list[Path]) -> tuple[int, int]:
    """Width and height that all backgrounds have, in px; each is decoded to its end."""
    sizes = []
    for index, background in enumerate(backgrounds):
        try:
            sizes.append(verify_picture(background))
        except InputError as error:
            raise InputError(f"{path}: backgrounds[{index}]: {error}") from None
        if sizes[-1] != sizes[0]:
            raise InputError(
                f"{path}: backgrounds[{index}] is {sizes[-1][0]} x {sizes[-1][1]} px, backgrounds[0] "
                f"{sizes[0][0]} x {sizes[0][1]}: the pictures of a site have one size; make a site for each size"
            )
    repeated = first_repeated(background.name for background in backgrounds)
    if repeated is not None:
        raise InputError(f"{path}: backgrounds: two files are called {repeated}; give each its own name")
    return sizes[0]


def lens_for(lens: Lens, size: tuple[int, int], where: str) -> tuple[Lens, list[str]]:
    """The lens in pixels of the backgrounds, with a note if it was given for another size."""
    if (lens.width_px, lens.height_px) == size:
        return lens, []
    stated = (
        f"{where}: lens is given for {lens.width_px} x {lens.height_px} px, the backgrounds are {size[0]} x {size[1]}"
    )
    if abs(lens.width_px * size[1] / (lens.height_px * size[0]) - 1) > _ASPECT_TOLERANCE:
        raise InputError(
            f"{stated}: another shape, so one is a part of the other. State the lens (cx_px, cy_px, "
            "width_px, height_px) for the backgrounds as they are"
        )
    return lens.resized(*size), [f"{stated}: it is scaled to them"]


def _name_of(path: Path) -> str:
    return path.resolve().parent.name if path.name == SITE_FILE else path.stem
