"""Lenses that go through a sphere, and lenses that distort the plane they project to.

The sphere models put the ray's point on a sphere around the camera, move on along the axis by xi and project that to a
plane from alpha / (1 - alpha) behind: theta turns into the angle theta_2 from the second centre,
tan(theta_2) = sin(theta) / (xi + cos(theta)), and theta_2 into rho = sin(theta_2) / (alpha + (1 - alpha) cos(theta_2)).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from annotate.lens.base import RIM_SLACK, Array, RadialLens, TwoFocalsFields
from annotate.lens.distortion import BrownConrady


def seen_from_first_centre(theta_2: Array, xi: float) -> Array:
    """theta of rays under theta_2 from a second centre, xi behind the first (for xi below 0: before it)."""
    return theta_2 + np.arcsin(np.clip(xi * np.sin(theta_2), -1.0, 1.0))


def first_centre_limit(theta_2_limit: float, xi: float) -> float:
    """The theta up to which theta_2 grows with theta and stays below its own limit, rad."""
    if xi > 1 and theta_2_limit >= math.asin(1 / xi):
        return math.acos(-1 / xi)
    return float(seen_from_first_centre(np.array([theta_2_limit]), xi)[0])


class SphereLens(RadialLens, TwoFocalsFields):
    """What the sphere models share; each has one or two of the three parameters."""

    @property
    @abstractmethod
    def sphere(self) -> tuple[float, float, float]:
        """alpha, beta, xi: the plane's share, the sphere's squared stretch across the axis, the second centre."""

    @property
    def focal_px(self) -> tuple[float, float]:
        _, _, xi = self.sphere
        return self.fx_px / (1 + xi), self.fy_px / (1 + xi)

    @property
    def model_limit_deg(self) -> float:
        alpha, beta, xi = self.sphere
        cosine = -alpha / (1 - alpha) if alpha <= 0.5 else -(1 - alpha) / alpha
        sine = math.sqrt(1 - min(cosine * cosine, 1.0))
        return math.degrees(first_centre_limit(math.atan2(sine / math.sqrt(beta), cosine), xi))

    @property
    def _limit_included(self) -> bool:
        return False

    def _limit_reason(self) -> str:
        alpha, _, _ = self.sphere
        return "the radius grows beyond all bounds" if alpha <= 0.5 else super()._limit_reason()

    def rho_of_theta(self, theta_rad: Array) -> Array:
        alpha, beta, xi = self.sphere
        across, along = np.sin(theta_rad), xi + np.cos(theta_rad)
        length = np.sqrt(beta * across * across + along * along)
        return np.asarray((1 + xi) * across / (alpha * length + (1 - alpha) * along))

    def theta_of_rho(self, rho: Array) -> Array:
        """Closed form: Usenko et al. 2018 (Khomutenko et al. 2016 for beta)."""
        alpha, beta, xi = self.sphere
        across = rho / (1 + xi)
        square = beta * across * across
        root = np.sqrt(np.maximum(1 - (2 * alpha - 1) * square, 0.0))
        if alpha < 0.75:
            along = (1 - alpha * alpha * square) / (alpha * root + 1 - alpha)
        else:
            # The same, multiplied out: above alpha = 1 the form above divides 0 by 0 on the way.
            along = (alpha * root - (1 - alpha)) / (2 * alpha - 1)
        return seen_from_first_centre(np.arctan2(across, along), xi)


class UcmLens(SphereLens):
    """rho = sin(theta) / (alpha + (1 - alpha) cos(theta)): the unified model in its alpha form.

    Geyer & Daniilidis 2000 and Barreto 2006, with alpha = xi / (1 + xi), as Usenko et al. 2018 write it. alpha above 1 is
    met in calibrations of narrow lenses and limits the field to less than 90 deg.
    """

    model: Literal["ucm"] = "ucm"
    alpha: float = Field(ge=0)
    """0: pinhole, 0.5: stereographic, 1: orthographic."""

    @property
    def sphere(self) -> tuple[float, float, float]:
        return self.alpha, 1.0, 0.0


class EucmLens(SphereLens):
    """rho = sin(theta) / (alpha sqrt(beta sin^2(theta) + cos^2(theta)) + (1 - alpha) cos(theta)).

    The enhanced unified model, Khomutenko, Garcia & Martinet 2016; an ellipsoid instead of the sphere.
    """

    model: Literal["eucm"] = "eucm"
    alpha: float = Field(ge=0)
    """As in ucm."""
    beta: float = Field(gt=0)
    """The surface's squared stretch across the axis; 1 is ucm."""

    @property
    def sphere(self) -> tuple[float, float, float]:
        return self.alpha, self.beta, 0.0


class DoubleSphereLens(SphereLens):
    """Two unit spheres, xi apart: Usenko, Demmel & Cremers 2018."""

    model: Literal["double_sphere"] = "double_sphere"
    xi: float = Field(gt=-1)
    """Distance between the centres of the spheres."""
    alpha: float = Field(ge=0)
    """As in ucm, for the second sphere."""

    @property
    def sphere(self) -> tuple[float, float, float]:
        return self.alpha, 1.0, self.xi


class DistortedLens(TwoFocalsFields):
    """A plane seen from xi behind the sphere's centre, distorted: px = c + f * distorted(tan(theta_2) * direction)."""

    @property
    @abstractmethod
    def distortion(self) -> BrownConrady:
        """What happens in the plane."""

    @property
    @abstractmethod
    def second_centre(self) -> float:
        """xi of the module's docstring; 0 is a pinhole."""

    @property
    def focal_px(self) -> tuple[float, float]:
        return self.fx_px / (1 + self.second_centre), self.fy_px / (1 + self.second_centre)

    @property
    def model_limit_deg(self) -> float:
        xi = self.second_centre
        widest = 1 / math.sqrt(xi * xi - 1) if xi > 1 else math.inf
        limit = self.distortion.limit(widest)
        return math.degrees(first_centre_limit(math.atan(limit), xi))

    @property
    def _limit_included(self) -> bool:
        return False

    def _limit_reason(self) -> str:
        return "the picture folds, or grows beyond all bounds,"

    @property
    def max_radius(self) -> float:
        """Distance from the axis, in the plane before it is distorted, of rays at max_theta."""
        return float(self._plane_radius(np.array([self.max_theta_rad]))[0])

    def _plane_radius(self, theta_rad: Array) -> Array:
        return np.sin(theta_rad) / (self.second_centre + np.cos(theta_rad))

    def _place(self, theta_rad: Array, direction: Array) -> Array:
        plane = self.distortion.distorted(self._plane_radius(theta_rad)[:, None] * direction)
        return np.array([self.cx_px, self.cy_px]) + plane * [self.fx_px, self.fy_px]

    def _angle_and_direction(self, px: Array) -> tuple[Array, Array]:
        distorted = (px - [self.cx_px, self.cy_px]) / [self.fx_px, self.fy_px]
        possible = np.hypot(distorted[:, 0], distorted[:, 1]) <= self._outermost()
        plane = np.full_like(distorted, np.nan)
        plane[possible] = self.distortion.undistorted(distorted[possible], self.max_radius)
        radius = np.hypot(plane[:, 0], plane[:, 1])
        theta = seen_from_first_centre(np.arctan(radius), self.second_centre)
        return np.minimum(theta, self.max_theta_rad), plane / np.where(radius > 0, radius, 1.0)[:, None]

    def _outermost(self) -> float:
        """A radius in the distorted plane that nothing seen exceeds."""
        distortion, radius = self.distortion, self.max_radius * (1 + RIM_SLACK)
        stretch = 1 + distortion.k1 * radius**2 + distortion.k2 * radius**4 + distortion.k3 * radius**6
        return float(radius * (stretch + 3 * radius * math.hypot(distortion.p1, distortion.p2)) * (1 + RIM_SLACK))


class MeiLens(DistortedLens):
    """The unified model with distortion: Mei & Rives 2007; CamOdoCal's MEI and OpenCV's omnidir."""

    model: Literal["mei"] = "mei"
    xi: float = Field(ge=0)
    """Distance of the second centre from the sphere's; 0 is a pinhole, 1 stereographic."""
    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0

    @property
    def distortion(self) -> BrownConrady:
        return BrownConrady(self.k1, self.k2, self.p1, self.p2)

    @property
    def second_centre(self) -> float:
        return self.xi


class RadtanLens(DistortedLens):
    """A pinhole with Brown-Conrady distortion: OpenCV's ordinary model with its first five coefficients."""

    model: Literal["radtan"] = "radtan"
    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k3: float = 0.0

    @property
    def distortion(self) -> BrownConrady:
        return BrownConrady(self.k1, self.k2, self.p1, self.p2, self.k3)

    @property
    def second_centre(self) -> float:
        return 0.0
