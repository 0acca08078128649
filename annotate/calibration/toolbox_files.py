"""Kalibr's camchain YAML (one or several cameras) and CamOdoCal's YAML."""

from __future__ import annotations

from annotate.calibration.fields import Fields
from annotate.calibration.reading import TO_OUR_PIXELS, LensReading, ReadOptions, built, frame
from annotate.errors import InputError

_KALIBR_SHAPES = {"pinhole": (), "omni": ("xi",), "eucm": ("alpha", "beta"), "ds": ("xi", "alpha")}
"""What stands before fu fv pu pv in Kalibr's intrinsics."""
_KALIBR_MODELS = {
    ("pinhole", "none"): ("radtan", ()),
    ("pinhole", "radtan"): ("radtan", ("k1", "k2", "p1", "p2")),
    ("pinhole", "equidistant"): ("kannala_brandt", ("k1", "k2", "k3", "k4")),
    ("omni", "none"): ("mei", ()),
    ("omni", "radtan"): ("mei", ("k1", "k2", "p1", "p2")),
    ("eucm", "none"): ("eucm", ()),
    ("ds", "none"): ("double_sphere", ()),
}
_CAMODOCAL = {
    "MEI": ("mei", ("gamma1", "gamma2"), ("k1", "k2", "p1", "p2")),
    "PINHOLE": ("radtan", ("fx", "fy"), ("k1", "k2", "p1", "p2")),
}


def read_kalibr(fields: Fields, options: ReadOptions) -> LensReading:
    """One camera of a camchain."""
    camera, note = _camera(fields, options.camera)
    projection = camera.text("camera_model")
    distortion = camera.text("distortion_model") if camera.values.get("distortion_model") else "none"
    if (projection, distortion) not in _KALIBR_MODELS:
        known = ", ".join(f"{a} with {b}" for a, b in _KALIBR_MODELS)
        raise InputError(f"{camera.path}: {camera.where}camera_model {projection} with {distortion}: known are {known}")
    model, terms = _KALIBR_MODELS[projection, distortion]
    names = (*_KALIBR_SHAPES[projection], "fx_px", "fy_px", "cx_px", "cy_px")
    numbers = dict(zip(names, camera.numbers("intrinsics", len(names)), strict=True))
    numbers |= {centre: numbers[centre] + TO_OUR_PIXELS for centre in ("cx_px", "cy_px")}
    if terms:
        numbers |= dict(zip(terms, camera.numbers("distortion_coeffs", len(terms)), strict=True))
    found = camera.numbers("resolution", 2) if "resolution" in camera else None
    size = frame(fields.path, options, (round(found[0]), round(found[1])) if found else None)
    notes = [*note, f"Kalibr's {projection} with {distortion} is {model} here"]
    return built(fields.path, options, {"model": model, **size, **numbers}, "Kalibr camchain", notes)


def _camera(fields: Fields, asked: str | None) -> tuple[Fields, list[str]]:
    if "camera_model" in fields:
        return fields, []
    names = [name for name, value in fields.values.items() if isinstance(value, dict) and "camera_model" in value]
    if asked is not None and asked not in names:
        raise InputError(f"{fields.path}: has no camera {asked}; its cameras are {', '.join(names)}")
    if asked is None and len(names) > 1:
        raise InputError(f"{fields.path}: has {len(names)} cameras; say which: --camera {' or --camera '.join(names)}")
    name = asked or names[0]
    return fields.child(name), [f"camera {name} of {', '.join(names)}"]


def read_camodocal(fields: Fields, options: ReadOptions) -> LensReading:
    """A camera file of CamOdoCal: model_type MEI, KANNALA_BRANDT or PINHOLE."""
    kind = fields.text("model_type").upper()
    found = (fields.whole("image_width"), fields.whole("image_height")) if "image_width" in fields else None
    place = fields.child("projection_parameters")
    data: dict[str, object] = {**frame(fields.path, options, found)}
    if kind == "KANNALA_BRANDT":
        terms = {f"k{power}": place.number(f"k{power + 1}") for power in range(1, 5)}
        data |= {"model": "kannala_brandt", "fx_px": place.number("mu"), "fy_px": place.number("mv"), **terms}
    elif kind in _CAMODOCAL:
        model, focal, names = _CAMODOCAL[kind]
        bend = fields.child("distortion_parameters")
        data |= {"model": model, **{name: bend.number(name) for name in names}}
        data |= {"fx_px": place.number(focal[0]), "fy_px": place.number(focal[1])}
        data |= {"xi": fields.child("mirror_parameters").number("xi")} if model == "mei" else {}
    else:
        raise fields.fail("model_type", f"one of KANNALA_BRANDT, {', '.join(_CAMODOCAL)}")
    centre = ("cx", "cy") if kind == "PINHOLE" else ("u0", "v0")
    data |= {name: place.number(key) + TO_OUR_PIXELS for name, key in zip(("cx_px", "cy_px"), centre, strict=True)}
    return built(fields.path, options, data, "CamOdoCal", [f"model_type {kind}"])
