"""Lenses whose radius is an elementary function, or a polynomial, of the angle from the optical axis."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, field_validator

from annotate.errors import InputError
from annotate.lens.base import Array, RadialLens, SingleFocalLens, TwoFocalsFields
from annotate.lens.solve import first_positive_root, invert_increasing, polynomial


class EquidistantLens(SingleFocalLens):
    """r = f theta: equal angles are equal distances in the picture."""

    model: Literal["equidistant"] = "equidistant"

    def rho_of_theta(self, theta_rad: Array) -> Array:
        return np.asarray(theta_rad, float)

    def theta_of_rho(self, rho: Array) -> Array:
        return np.asarray(rho, float)


class EquisolidLens(SingleFocalLens):
    """r = 2 f sin(theta / 2): equal solid angles are equal areas in the picture."""

    model: Literal["equisolid"] = "equisolid"

    def rho_of_theta(self, theta_rad: Array) -> Array:
        return np.asarray(2 * np.sin(theta_rad / 2))

    def theta_of_rho(self, rho: Array) -> Array:
        return np.asarray(2 * np.arcsin(np.minimum(rho / 2, 1.0)))


class StereographicLens(SingleFocalLens):
    """r = 2 f tan(theta / 2): small things keep their shape wherever they are; what lies behind is at infinity."""

    model: Literal["stereographic"] = "stereographic"

    @property
    def _limit_included(self) -> bool:
        return False

    def _limit_reason(self) -> str:
        return "the radius grows beyond all bounds"

    def rho_of_theta(self, theta_rad: Array) -> Array:
        return np.asarray(2 * np.tan(theta_rad / 2))

    def theta_of_rho(self, rho: Array) -> Array:
        return np.asarray(2 * np.arctan(rho / 2))


class OrthographicLens(SingleFocalLens):
    """r = f sin(theta): the hemisphere seen from afar, so nothing beyond 90 deg."""

    model: Literal["orthographic"] = "orthographic"

    @property
    def model_limit_deg(self) -> float:
        return 90.0

    @property
    def _limit_included(self) -> bool:
        return True

    def rho_of_theta(self, theta_rad: Array) -> Array:
        return np.asarray(np.sin(theta_rad))

    def theta_of_rho(self, rho: Array) -> Array:
        return np.asarray(np.arcsin(np.minimum(rho, 1.0)))


class AnglePowersLens(RadialLens):
    """rho = theta + powers[1] theta^2 + powers[2] theta^3 + ...: what Kannala-Brandt and F-theta lenses share."""

    @property
    @abstractmethod
    def powers(self) -> tuple[float, ...]:
        """Coefficients of theta, theta^2, ... at focal length 1: the first is 1."""

    @property
    def turning_theta_rad(self) -> float | None:
        """Smallest positive angle at which the radius stops growing; None if it grows forever."""
        return first_positive_root([(i + 1) * power for i, power in enumerate(self.powers)])

    @property
    def model_limit_deg(self) -> float:
        turn = self.turning_theta_rad
        return 180.0 if turn is None else min(180.0, math.degrees(turn))

    def rho_of_theta(self, theta_rad: Array) -> Array:
        return theta_rad * polynomial(self.powers, np.asarray(theta_rad, float))

    def theta_of_rho(self, rho: Array) -> Array:
        slope = [(i + 1) * power for i, power in enumerate(self.powers)]
        return invert_increasing(self.rho_of_theta, lambda theta: polynomial(slope, theta), rho, self.max_theta_rad)


class KannalaBrandtLens(AnglePowersLens, TwoFocalsFields):
    """rho = theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8): OpenCV's fisheye model.

    Kannala & Brandt 2006, with the first coefficient taken into fx and fy.
    """

    model: Literal["kannala_brandt"] = "kannala_brandt"
    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    k4: float = 0.0

    @classmethod
    def from_opencv(cls, K: ArrayLike, D: ArrayLike, size: tuple[int, int], max_theta_deg: float | None = 90.0) -> Self:
        """The lens of cv2.fisheye.calibrate's K (3 x 3) and D (k1..k4) for pictures of size (width, height).

        The principal point moves by half a pixel: OpenCV counts pixel centres at +0. max_theta_deg None: 90, or as far
        as the coefficients hold. Raises InputError for a skewed K or another number of coefficients.
        """
        camera_matrix, distortion = np.asarray(K, float), np.asarray(D, float).ravel()
        if camera_matrix.shape != (3, 3) or distortion.size != 4:
            raise InputError(
                f"K of shape {camera_matrix.shape} with {distortion.size} coefficients: expected K 3 x 3 and k1..k4 of"
                " OpenCV's fisheye model; five or more coefficients belong to its other (pinhole) model."
            )
        if abs(camera_matrix[0, 1]) > 1e-9 * abs(camera_matrix[0, 0]):
            raise InputError(f"K[0][1] is {camera_matrix[0, 1]:g}: this model has no skew here; calibrate with skew 0.")
        fields = {
            "width_px": size[0],
            "height_px": size[1],
            "cx_px": camera_matrix[0, 2] + 0.5,
            "cy_px": camera_matrix[1, 2] + 0.5,
            "max_theta_deg": max_theta_deg,
            "fx_px": camera_matrix[0, 0],
            "fy_px": camera_matrix[1, 1],
            **dict(zip(("k1", "k2", "k3", "k4"), distortion.tolist(), strict=True)),
        }
        return cls.model_validate(fields)

    @property
    def focal_px(self) -> tuple[float, float]:
        return self.fx_px, self.fy_px

    @property
    def coefficients(self) -> tuple[float, float, float, float]:
        return self.k1, self.k2, self.k3, self.k4

    @property
    def powers(self) -> tuple[float, ...]:
        return 1.0, 0.0, self.k1, 0.0, self.k2, 0.0, self.k3, 0.0, self.k4

    def _shape_text(self) -> str:
        return f"k1..k4 = {self.coefficients}"


class AnglePolynomialLens(AnglePowersLens):
    """r = c0 theta + c1 theta^2 + c2 theta^3 + ..., in px along x: WoodScape's and F-theta calibrations.

    WoodScape (Yogamani et al. 2019) calls its four coefficients k1..k4 and the stretch aspect_ratio.
    """

    model: Literal["angle_polynomial"] = "angle_polynomial"
    coefficients_px: Annotated[tuple[float, ...], Field(min_length=1)]
    """c0, c1, ...: px per rad, px per rad^2, ...; c0 is the focal length along x."""
    pixel_aspect: float = Field(default=1.0, gt=0)
    """Focal length along y over that along x: 1 for square pixels."""

    @field_validator("coefficients_px")
    @classmethod
    def _has_a_focal_length(cls, coefficients_px: tuple[float, ...]) -> tuple[float, ...]:
        if coefficients_px[0] <= 0:
            raise InputError(
                f"lens angle_polynomial: coefficients_px[0] is {coefficients_px[0]:g}: it is the focal length, px per rad"
                " on the axis, and must be positive; a constant term does not belong into the list."
            )
        return coefficients_px

    @property
    def focal_px(self) -> tuple[float, float]:
        return self.coefficients_px[0], self.coefficients_px[0] * self.pixel_aspect

    @property
    def powers(self) -> tuple[float, ...]:
        first = self.coefficients_px[0]
        return tuple(coefficient / first for coefficient in self.coefficients_px)

    def scaled_axes(self, x_factor: float, y_factor: float, width_px: int, height_px: int) -> Self:
        return self._changed(
            width_px=width_px,
            height_px=height_px,
            cx_px=self.cx_px * x_factor,
            cy_px=self.cy_px * y_factor,
            coefficients_px=tuple(coefficient * x_factor for coefficient in self.coefficients_px),
            pixel_aspect=self.pixel_aspect * y_factor / x_factor,
        )

    def _shape_text(self) -> str:
        return f"coefficients_px = {self.coefficients_px}"
