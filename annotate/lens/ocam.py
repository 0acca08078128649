"""Scaramuzza's omnidirectional lens: a polynomial that goes from the radius in the picture to the ray."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, field_validator, model_validator

from annotate.errors import InputError
from annotate.lens.base import Array, RadialLens
from annotate.lens.solve import first_positive_root, invert_increasing, polynomial


class OcamLens(RadialLens):
    """The ray of a place (X right, Y down) in the sensor plane, R from the axis, is (X, Y, pol(R)).

    Scaramuzza, Martinelli & Siegwart 2006 and the OCamCalib toolbox, with the axis turned to +Z: pol is
    the negative of what OCamCalib's calib_results.txt calls the direct mapping. The affine part is kept as that file
    has it, where rows come before columns:

        y_px = cy_px + c Y + d X
        x_px = cx_px + e Y +   X

    `project` inverts pol itself, to the last digit; the inverse polynomial of the file (invpol) is an approximation
    that nothing uses: `invpol_error_px` says how good it is.
    """

    model: Literal["ocam"] = "ocam"
    pol: Annotated[tuple[float, ...], Field(min_length=1)]
    """a0, a1, a2, ... in px, lowest power first; a0 > 0 is the focal length, a1 is usually 0."""
    invpol: tuple[float, ...] = ()
    """R in px = sum_i invpol[i] (theta - pi/2)^i, lowest power first, as in calib_results.txt; empty: not known."""
    c: float = Field(default=1.0, gt=0)
    """Affine part: scale of rows against columns."""
    d: float = 0.0
    """Affine part: rows per column."""
    e: float = 0.0
    """Affine part: columns per row."""

    @field_validator("pol")
    @classmethod
    def _looks_forward(cls, pol: tuple[float, ...]) -> tuple[float, ...]:
        if pol[0] <= 0:
            raise InputError(
                f"lens ocam: pol[0] is {pol[0]:g}: here the lens looks along +Z, so it must be positive; OCamCalib looks"
                " along -Z: change the sign of all its direct coefficients."
            )
        return pol

    @model_validator(mode="after")
    def _does_not_mirror(self) -> Self:
        if self.c - self.d * self.e <= 0:
            raise InputError(
                f"lens ocam: c - d e is {self.c - self.d * self.e:g}: the affine part mirrors the picture."
            )
        return self

    @classmethod
    def from_matrix(
        cls, matrix: ArrayLike, pol: tuple[float, ...], invpol: tuple[float, ...] = (), **frame: Any
    ) -> Self:
        """The lens whose affine part is any 2 x 2 matrix from (X, Y) to (x_px, y_px): the first entry becomes 1.

        frame: width_px, height_px, cx_px, cy_px, max_theta_deg. What the matrix stretches, pol and invpol take over.
        """
        (xx, xy), (yx, yy) = np.asarray(matrix, float).tolist()
        if xx <= 0:
            raise InputError(f"lens ocam: the affine part's first entry is {xx:g}, expected a scale near 1.")
        return cls(
            pol=tuple(a * xx ** (1 - i) for i, a in enumerate(pol)),
            invpol=tuple(b * xx for b in invpol),
            c=yy / xx,
            d=yx / xx,
            e=xy / xx,
            **frame,
        )

    @property
    def focal_px(self) -> tuple[float, float]:
        return self.pol[0], self.pol[0] * self.c

    @property
    def affine(self) -> Array:
        """2 x 2: (X, Y) in the sensor plane to (x_px, y_px) from the principal point."""
        return np.array([[1.0, self.e], [self.d, self.c]])

    @property
    def px_per_rho(self) -> Array:
        return self.pol[0] * self.affine

    def _from_plane(self, plane: Array) -> Array:
        return np.array([self.cx_px, self.cy_px]) + plane @ self.px_per_rho.T

    def _to_plane(self, px: Array) -> Array:
        return np.asarray((px - [self.cx_px, self.cy_px]) @ np.linalg.inv(self.px_per_rho).T)

    @property
    def axial(self) -> tuple[float, ...]:
        """pol at focal length 1: the ray of radius rho is (rho, axial(rho)); the first is 1."""
        first = self.pol[0]
        return tuple(a * first ** (i - 1) for i, a in enumerate(self.pol))

    @property
    def model_limit_deg(self) -> float:
        turn = self._turning_rho()
        if turn is not None:
            return math.degrees(float(self.theta_of_rho(np.array([turn]))[0]))
        highest = max((i for i, a in enumerate(self.pol) if a != 0), default=0)
        if highest <= 1:
            return math.degrees(math.atan2(1.0, self.pol[1] if highest else 0.0))
        return 180.0

    @property
    def _limit_included(self) -> bool:
        return False

    def _limit_reason(self) -> str:
        return super()._limit_reason() if self._turning_rho() is not None else "the radius grows beyond all bounds"

    def _shape_text(self) -> str:
        return f"pol = {self.pol}"

    def theta_of_rho(self, rho: Array) -> Array:
        return np.arctan2(rho, polynomial(self.axial, np.asarray(rho, float)))

    def rho_of_theta(self, theta_rad: Array) -> Array:
        theta = np.asarray(theta_rad, float)
        return invert_increasing(self.theta_of_rho, self._slope, theta, self._rho_beyond(self.max_theta_rad))

    def invpol_error_px(self) -> float | None:
        """The largest difference, px, between the file's inverse polynomial and the true radius over the field.

        None without an inverse polynomial.
        """
        if not self.invpol:
            return None
        theta = np.linspace(0.0, self.max_theta_rad, 2001)
        approximate = polynomial(self.invpol, theta - math.pi / 2)
        return float(np.abs(approximate - self.pol[0] * self.rho_of_theta(theta)).max())

    def scaled_axes(self, x_factor: float, y_factor: float, width_px: int, height_px: int) -> Self:
        return type(self).from_matrix(
            np.diag([x_factor, y_factor]) @ self.affine,
            self.pol,
            self.invpol,
            width_px=width_px,
            height_px=height_px,
            cx_px=self.cx_px * x_factor,
            cy_px=self.cy_px * y_factor,
            max_theta_deg=self.max_theta_deg,
        )

    def _turning_rho(self) -> float | None:
        """The radius at focal length 1 at which the angle stops growing: axial - rho axial' = 0."""
        return first_positive_root([(1 - i) * a for i, a in enumerate(self.axial)])

    def _slope(self, rho: Array) -> Array:
        """d theta / d rho."""
        along = polynomial(self.axial, rho)
        across = polynomial([(1 - i) * a for i, a in enumerate(self.axial)], rho)
        return across / (rho * rho + along * along)

    def _rho_beyond(self, theta_rad: float) -> float:
        """A radius at which the angle is at least theta_rad, and up to which it grows."""
        turn = self._turning_rho()
        reach = 1.0 if turn is None else turn
        while turn is None and self.theta_of_rho(np.array([reach]))[0] < theta_rad:
            reach *= 2
        return reach
