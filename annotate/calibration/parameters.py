"""What a fit may change in a lens, as a plain vector of numbers, and the way back to a lens.

Names are the same for every model: f_px (focal length along x), pixel_aspect (along y over along x), cx_px, cy_px, and
the shape terms k1..k4 (kannala_brandt) or a2..a6 (angle_polynomial: radius = f (theta + a2 theta^2 + ... )).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from annotate.errors import InputError
from annotate.lens import Array, LensModel, lens_from_dict

PLACE = ("f_px", "cx_px", "cy_px")
SHAPE_TERMS: dict[str, tuple[str, ...]] = {
    "equidistant": (),
    "equisolid": (),
    "stereographic": (),
    "orthographic": (),
    "kannala_brandt": ("k1", "k2", "k3", "k4"),
    "angle_polynomial": ("a2", "a3", "a4", "a5", "a6"),
}
"""Models that can be fitted, with their shape terms."""
DEFAULT_FREE_TERMS = {"kannala_brandt": ("k1", "k2"), "angle_polynomial": ("a2", "a3", "a4")}
_SERIES = {"kannala_brandt": ("k1", "k2"), "angle_polynomial": ("a3", "a5")}
RIGID_SERIES = {"equidistant": (0.0, 0.0), "equisolid": (-1 / 24, 1 / 1920), "stereographic": (1 / 12, 1 / 120)}
"""Coefficients of theta^3 and theta^5 of models without shape terms."""
_WIDEST_DEG = 170.0
_NARROW_DEG = 1e-3


@dataclass(frozen=True)
class LensParameters:
    """A model, a frame, and which of the model's numbers are free."""

    model: str
    size: tuple[int, int]
    """Width and height, px."""
    free: tuple[str, ...]
    """Names of the free numbers, in the order of the vector."""
    fixed: Mapping[str, float]
    """All other numbers of the model; what is missing here is neutral (0, or 1 for pixel_aspect)."""

    @classmethod
    def of(
        cls,
        model: str,
        size: tuple[int, int],
        free: Sequence[str] | None = None,
        fixed: Mapping[str, float] | None = None,
    ) -> LensParameters:
        """Checked parameters; free defaults to focal length, principal point and the model's first shape terms."""
        if model not in SHAPE_TERMS:
            raise InputError(f'model "{model}" cannot be fitted; these can: {", ".join(SHAPE_TERMS)}')
        known = (*PLACE, "pixel_aspect", *SHAPE_TERMS[model])
        names = (*PLACE, *DEFAULT_FREE_TERMS.get(model, ())) if free is None else tuple(free)
        wrong = [name for name in (*names, *(fixed or {})) if name not in known]
        if wrong or len(set(names)) != len(names):
            raise InputError(f"{model} has no number {wrong or names}; its numbers are {', '.join(known)}, each once")
        given = {name: value for name, value in (fixed or {}).items() if name not in names}
        missing = [name for name in PLACE if name not in names and name not in given]
        if missing:
            raise InputError(f"{model}: {missing[0]} is neither free nor given")
        return cls(model, size, names, given)

    def start(self, lens: LensModel | None = None) -> Array:
        """Free numbers of a lens of any model (its place and focal length), or of a guess: a circle as wide as the frame."""
        width, height = self.size
        guess = {"f_px": math.hypot(width, height) / math.pi, "cx_px": width / 2, "cy_px": height / 2}
        if lens is not None:
            fx, fy = lens.focal_px
            guess |= {"f_px": fx, "pixel_aspect": fy / fx, "cx_px": lens.cx_px, "cy_px": lens.cy_px}
            if self.model == "kannala_brandt" and lens.model == self.model:
                guess |= {name: getattr(lens, name) for name in SHAPE_TERMS[self.model]}
        return np.array([guess.get(name, _neutral(name)) for name in self.free])

    @property
    def has_free_shape(self) -> bool:
        return any(name in SHAPE_TERMS[self.model] for name in self.free)

    def starts(self, lens: LensModel | None = None) -> list[Array]:
        """Where to begin the search: one place, or for a model with shape terms one for each rigid model's shape."""
        if not self.has_free_shape or (lens is not None and lens.model == self.model):
            return [self.start(lens)]
        return [self.start_like(rigid, self.start(lens), self.free) for rigid in RIGID_SERIES]

    def rigid(self, model: str) -> LensParameters:
        """The same free and fixed places for a model without shape terms."""
        terms = SHAPE_TERMS[self.model]
        fixed = {name: value for name, value in self.fixed.items() if name not in terms}
        return LensParameters.of(model, self.size, [name for name in self.free if name not in terms], fixed)

    def start_like(self, rigid: str, values: Array, names: Sequence[str]) -> Array:
        """A start with the shape of a rigid model and places out of values, which are called names."""
        known = dict(zip(names, values, strict=True))
        known |= dict(zip(_SERIES.get(self.model, ()), RIGID_SERIES[rigid], strict=False))
        return np.array([known.get(name, _neutral(name)) for name in self.free])

    def scales(self) -> Array:
        """Size of a sensible change of each free number: px for places, shares for shapes."""
        return np.array([10.0 if name in PLACE else 0.05 for name in self.free])

    def number(self, values: Array, name: str) -> float:
        """The number of that name: free, fixed or neutral."""
        if name in self.free:
            return float(values[self.free.index(name)])
        return float(self.fixed.get(name, _neutral(name)))

    def lens(self, values: Array, max_theta_deg: float | None = None) -> LensModel:
        """The lens of a vector; as wide as the model allows where no field is given. InputError for an impossible one."""
        data = self._numbers(values)
        try:
            if max_theta_deg is None:
                narrow = lens_from_dict({**data, "max_theta_deg": _NARROW_DEG})
                max_theta_deg = min(_WIDEST_DEG, narrow.widest_deg)
            return lens_from_dict({**data, "max_theta_deg": max_theta_deg})
        except ValidationError as error:
            raise InputError(f"{self.model}: {error.errors()[0]['msg']}") from None

    def _numbers(self, values: Array) -> dict[str, Any]:
        f, aspect = self.number(values, "f_px"), self.number(values, "pixel_aspect")
        terms = {name: self.number(values, name) for name in SHAPE_TERMS[self.model]}
        data: dict[str, Any] = {"model": self.model, "width_px": self.size[0], "height_px": self.size[1]}
        data |= {name: self.number(values, name) for name in ("cx_px", "cy_px")}
        if self.model == "kannala_brandt":
            return data | {"fx_px": f, "fy_px": f * aspect} | terms
        if self.model == "angle_polynomial":
            return data | {"coefficients_px": (f, *(f * term for term in terms.values())), "pixel_aspect": aspect}
        return data | {"f_px": f, "pixel_aspect": aspect}


def _neutral(name: str) -> float:
    return 1.0 if name == "pixel_aspect" else 0.0
