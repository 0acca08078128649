"""YAML files with the groups `image` and `parameter` and no model name (the layout of the Fisheye-Calib-Adapter).

The names of the parameters tell the model where only one model has them; k1..k4 alone, or k1 k2 p1 p2, do not.
"""

from __future__ import annotations

import numpy as np

from annotate.calibration.fields import Fields
from annotate.calibration.ocam_files import ocam_data
from annotate.calibration.reading import TO_OUR_PIXELS, LensReading, ReadOptions, built, frame
from annotate.errors import InputError

_SHAPES: dict[str, tuple[set[str], set[str]]] = {
    "kannala_brandt": ({"k1", "k2", "k3", "k4"}, set()),
    "radtan": ({"k1", "k2", "p1", "p2"}, {"k3"}),
    "mei": ({"xi", "k1", "k2", "p1", "p2"}, set()),
    "ucm": ({"alpha"}, set()),
    "eucm": ({"alpha", "beta"}, set()),
    "double_sphere": ({"alpha", "xi"}, set()),
    "ocam": ({"c", "d", "e", "coefficients"}, set()),
}
"""For each model the parameters it must have beside fx fy cx cy, and those it may have."""
_ASK_FIRST = {"radtan": "a pinhole with Brown-Conrady distortion", "mei": "the unified model with distortion"}
_PLACE = {"fx", "fy", "cx", "cy"}


def read_parameters(fields: Fields, options: ReadOptions) -> LensReading:
    """The lens of a file with `image` (width, height) and `parameter`."""
    image, parameter = fields.child("image"), fields.child("parameter")
    size = frame(fields.path, options, (image.whole("width"), image.whole("height")))
    model, note = _model(parameter, options.model)
    if model == "ocam":
        data = _ocam(parameter, size)
    else:
        must, may = _SHAPES[model]
        shape = {name: parameter.number(name) for name in sorted(must | (may & set(parameter.values)))}
        data = {
            "model": model,
            **size,
            **{f"{name}_px": parameter.number(name) for name in ("fx", "fy")},
            **{f"{name}_px": parameter.number(name) + TO_OUR_PIXELS for name in ("cx", "cy")},
            **shape,
        }
    return built(fields.path, options, data, "image and parameter groups", [note])


def _model(parameter: Fields, asked: str | None) -> tuple[str, str]:
    names = set(parameter.values) - _PLACE
    fitting = [model for model, (must, may) in _SHAPES.items() if must <= names <= must | may]
    listed = " ".join(sorted(names)) or "none"
    if asked is not None:
        if asked in fitting:
            return asked, f"model {asked}, as asked for"
        needs = " ".join(sorted(_SHAPES[asked][0])) if asked in _SHAPES else "what no such file has"
        raise InputError(
            f"{parameter.path}: --model {asked} needs the parameters {needs}; the file has {listed}, which fit"
            f" {', '.join(fitting) or 'no model'}"
        )
    if len(fitting) == 1 and fitting[0] not in _ASK_FIRST:
        return fitting[0], f"model {fitting[0]}, by the names of its parameters: {listed}"
    if not fitting:
        known = "; ".join(f"{model}: {' '.join(sorted(must))}" for model, (must, _) in _SHAPES.items())
        raise InputError(
            f"{parameter.path}: parameter names {listed} fit no model. Beside fx fy cx cy these do: {known}"
        )
    named = ", ".join(f"{model} ({_ASK_FIRST[model]})" if model in _ASK_FIRST else model for model in fitting)
    raise InputError(
        f"{parameter.path}: the file names no model, and its parameters {listed} are used under several conventions;"
        f" say which: --model MODEL, one of {named}"
    )


def _ocam(parameter: Fields, size: dict[str, int]) -> dict[str, object]:
    """Positive direct polynomial; x = c X + d Y, y = e X + Y; the inverse is the toolbox's own (angle - pi/2)."""
    coefficients = parameter.child("coefficients")
    inverse = coefficients.numbers("projection") if "projection" in coefficients else []
    affine = np.array([[parameter.number("c"), parameter.number("d")], [parameter.number("e"), 1.0]])
    centre = (parameter.number("cx"), parameter.number("cy"))
    return ocam_data(parameter, size, centre, affine, coefficients.numbers("unprojection"), inverse)
