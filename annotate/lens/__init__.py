"""Fisheye lenses: from camera-frame points to pixels and from pixels back to rays.

Convention. Camera frame: X right, Y down, Z along the optical axis. Pixels: x right, y down, the upper left corner of
the picture is (0, 0) and the centre of the first pixel (0.5, 0.5). theta is a ray's angle from the optical axis in rad.
OpenCV and most calibration files count pixel centres at +0: their principal point is ours minus 0.5
(`KannalaBrandtLens.from_opencv`).

`radial` has the models whose radius is an elementary function or a polynomial of the angle, `central` those that go
through a sphere or distort a plane, `ocam` the one that turns the question round. A new lens model is a subclass of
`RadialLens` (two functions, where the angle alone decides the radius) or of `LensModel`, with its own `model` name,
added to the union `Lens`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from annotate.lens.base import Array, LensModel, RadialLens, SingleFocalLens, as_rows
from annotate.lens.central import DoubleSphereLens, EucmLens, MeiLens, RadtanLens, UcmLens
from annotate.lens.ocam import OcamLens
from annotate.lens.radial import (
    AnglePolynomialLens,
    EquidistantLens,
    EquisolidLens,
    KannalaBrandtLens,
    OrthographicLens,
    StereographicLens,
)

Lens = Annotated[
    EquidistantLens
    | EquisolidLens
    | StereographicLens
    | OrthographicLens
    | KannalaBrandtLens
    | AnglePolynomialLens
    | UcmLens
    | EucmLens
    | DoubleSphereLens
    | MeiLens
    | RadtanLens
    | OcamLens,
    Field(discriminator="model"),
]
"""Any lens; its `model` field says which."""

MODEL_NAMES: tuple[str, ...] = tuple(model.model_fields["model"].default for model in get_args(get_args(Lens)[0]))
"""What `model` may be."""

_LENS: TypeAdapter[Any] = TypeAdapter(Lens)


def lens_from_dict(data: Mapping[str, Any]) -> Lens:
    """The lens that a JSON or YAML mapping describes; pydantic.ValidationError (naming the field) or InputError."""
    lens: Lens = _LENS.validate_python(dict(data))
    return lens


__all__ = [
    "MODEL_NAMES",
    "AnglePolynomialLens",
    "Array",
    "DoubleSphereLens",
    "EquidistantLens",
    "EquisolidLens",
    "EucmLens",
    "KannalaBrandtLens",
    "Lens",
    "LensModel",
    "MeiLens",
    "OcamLens",
    "OrthographicLens",
    "RadialLens",
    "RadtanLens",
    "SingleFocalLens",
    "StereographicLens",
    "UcmLens",
    "as_rows",
    "lens_from_dict",
]
