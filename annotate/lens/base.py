"""What every lens has, and what those have whose angle alone decides the radius. Conventions: annotate/lens/__init__."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from annotate.errors import InputError

Array = NDArray[np.float64]

RIM_SLACK = 1e-9
"""Relative slack at the edge of the field of view, so that a ray exactly at max_theta survives rounding."""
LARGEST_PX = 100_000
"""No picture is wider or higher; a file that says so is broken."""
HAIR_DEG = 1e-3
"""How far a field of view that nobody stated stays below the angle at which its model ends."""


class LensModel(BaseModel):
    """What every lens has: a frame in pixels, a principal point and a field of view."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str
    """Which lens model it is."""
    width_px: int = Field(gt=0, le=LARGEST_PX)
    """Width of the picture."""
    height_px: int = Field(gt=0, le=LARGEST_PX)
    """Height of the picture."""
    cx_px: float
    """Principal point, x; a file may leave it out: the middle of the picture."""
    cy_px: float
    """Principal point, y; a file may leave it out: the middle of the picture."""
    max_theta_deg: float = Field(default=90.0, gt=0, le=180)
    """Half the field of view: what lies further than this from the optical axis is not seen. A file may leave it out:
    90, or a hair less than what the model holds for."""

    @model_validator(mode="wrap")
    @classmethod
    def _with_what_a_file_may_leave_out(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, Mapping):
            return handler(data)
        given = dict(data)
        for centre, size in (("cx_px", "width_px"), ("cy_px", "height_px")):
            if given.get(centre) is None and isinstance(given.get(size), int | float):
                given[centre] = given[size] / 2
        if given.get("max_theta_deg") is None:
            narrow = handler({**given, "max_theta_deg": HAIR_DEG})
            given["max_theta_deg"] = min(90.0, narrow.widest_deg)
        return handler(given)

    @model_validator(mode="after")
    def _is_one_to_one_in_its_field(self) -> Self:
        limit = self.model_limit_deg
        if self.max_theta_deg > limit or (self.max_theta_deg == limit and not self._limit_included):
            raise InputError(
                f"lens {self.model}: with {self._shape_text()} {self._limit_reason()} at {limit:.2f} deg, but"
                f" max_theta_deg is {self.max_theta_deg:g}: beyond that angle two rays would share a pixel, or have"
                f" none. Set max_theta_deg below {limit:.2f}, or check the coefficients."
            )
        return self

    @property
    @abstractmethod
    def focal_px(self) -> tuple[float, float]:
        """Focal lengths along x and y: px per rad on the optical axis."""

    @property
    def model_limit_deg(self) -> float:
        """The angle up to which every ray has a pixel of its own with these coefficients; 180 if always."""
        return 180.0

    @abstractmethod
    def scaled_axes(self, x_factor: float, y_factor: float, width_px: int, height_px: int) -> Self:
        """The same lens in a picture whose axes are stretched by two factors."""

    @abstractmethod
    def _place(self, theta_rad: Array, direction: Array) -> Array:
        """Pixels (n, 2) of rays theta_rad (n,) off the axis, at most max_theta, towards unit vectors (n, 2)."""

    @abstractmethod
    def _angle_and_direction(self, px: Array) -> tuple[Array, Array]:
        """Inverse of _place: theta (n,), NaN outside the field of view, and unit vectors (n, 2)."""

    def project(self, points_m: ArrayLike) -> Array:
        """Pixels (n, 2) at which camera-frame points (n, 3) appear; NaN for a point beyond max_theta or at the lens.

        A seen point may lie outside the frame; `in_frame` tells.
        """
        points = as_rows(points_m, 3, "points_m")
        off_axis = np.hypot(points[:, 0], points[:, 1])
        theta = np.arctan2(off_axis, points[:, 2])
        directed = (off_axis > 0) | (points[:, 2] > 0)
        seen = directed & (theta <= self.max_theta_rad * (1 + RIM_SLACK)) & np.isfinite(points).all(axis=1)
        direction = (
            np.where(seen[:, None], points[:, :2], 0.0) / np.where(seen & (off_axis > 0), off_axis, 1.0)[:, None]
        )
        px = self._place(np.where(seen, np.minimum(theta, self.max_theta_rad), 0.0), direction)
        return np.where(seen[:, None], px, np.nan)

    def unproject(self, px: ArrayLike) -> Array:
        """Unit rays (n, 3) in the camera frame that end in pixels (n, 2); NaN outside the field of view.

        Pixels outside the frame are as good as those inside: the frame only crops what the lens draws.
        """
        rows = as_rows(px, 2, "px")
        theta, direction = self._angle_and_direction(np.where(np.isfinite(rows), rows, np.nan))
        return np.column_stack([np.sin(theta)[:, None] * direction, np.cos(theta)])

    @property
    def max_theta_rad(self) -> float:
        return math.radians(self.max_theta_deg)

    @property
    def widest_deg(self) -> float:
        """The largest field of view that can be asked of this lens: model_limit_deg or a hair less."""
        return self.model_limit_deg - (0.0 if self._limit_included else HAIR_DEG)

    def covering_frame(self) -> Self:
        """The same lens that sees as far as the furthest corner of its frame, or as far as its model holds.

        What a calibration file means that states no field of view.
        """
        widest = self._changed(max_theta_deg=self.widest_deg)
        corners = [[x, y] for x in (0.0, self.width_px) for y in (0.0, self.height_px)]
        theta, _ = widest._angle_and_direction(np.array(corners))
        if np.isnan(theta).any():
            return widest
        return self._changed(max_theta_deg=min(math.degrees(theta.max()) * (1 + RIM_SLACK), self.widest_deg))

    def resized(self, width_px: int, height_px: int) -> Self:
        """The lens of the same picture resampled to another size; exact also where the aspect changes."""
        return self.scaled_axes(width_px / self.width_px, height_px / self.height_px, width_px, height_px)

    def scaled(self, factor: float) -> Self:
        """The lens of the same picture enlarged by factor; the frame is rounded to whole pixels, the optics are not."""
        width, height = max(1, round(self.width_px * factor)), max(1, round(self.height_px * factor))
        return self.scaled_axes(factor, factor, width, height)

    def in_frame(self, px: ArrayLike) -> NDArray[np.bool_]:
        """Which of the pixels (n, 2) lie inside the picture; NaN does not."""
        points = as_rows(px, 2, "px")
        size = np.array([self.width_px, self.height_px])
        return np.asarray(((points >= 0) & (points < size)).all(axis=1))

    def pixel_centres(self) -> Array:
        """Centres of all pixels, (height * width, 2), row by row."""
        x, y = np.meshgrid(np.arange(self.width_px) + 0.5, np.arange(self.height_px) + 0.5)
        return np.stack([x.ravel(), y.ravel()], axis=1)

    def valid_mask(self) -> NDArray[np.bool_]:
        """height x width: the pixels whose centre the lens sees (inside the fisheye's circle)."""
        return np.isfinite(self.off_axis_share())

    def off_axis_share(self) -> Array:
        """height x width: each pixel's angle from the optical axis over max_theta, 0 to 1; NaN where nothing is seen."""
        theta, _ = self._angle_and_direction(self.pixel_centres())
        return (theta / self.max_theta_rad).reshape(self.height_px, self.width_px)

    def rim_px(self, count: int = 360) -> Array:
        """(count, 2) pixels of the rays at max_theta, evenly around the axis: the outline of what the lens draws."""
        azimuth = np.linspace(0.0, 2 * math.pi, count, endpoint=False)
        return self._place(np.full(count, self.max_theta_rad), np.column_stack([np.cos(azimuth), np.sin(azimuth)]))

    @property
    def _limit_included(self) -> bool:
        """Whether the model still holds at model_limit_deg itself."""
        return self.model_limit_deg >= 180

    def _limit_reason(self) -> str:
        return "the radius stops growing"

    def _shape_text(self) -> str:
        """The coefficients that shape the lens, for a message."""
        frame = {"model", *LensModel.model_fields}
        shape = [f"{name} = {value}" for name, value in self.model_dump().items() if name not in frame]
        return ", ".join(shape)

    def _changed(self, **changes: Any) -> Self:
        """The same lens with some fields changed, validated."""
        return type(self)(**{**self.model_dump(), **changes})


class RadialLens(LensModel):
    """A lens whose angle alone decides the distance from the principal point: px = c + focal * rho(theta).

    rho is the radius in a picture of focal length 1, so its slope on the axis is 1; it grows strictly up to max_theta.
    """

    @abstractmethod
    def rho_of_theta(self, theta_rad: Array) -> Array:
        """Radius at focal length 1 of rays theta_rad off the axis, 0 <= theta_rad <= max_theta."""

    @abstractmethod
    def theta_of_rho(self, rho: Array) -> Array:
        """Inverse of rho_of_theta, for 0 <= rho <= rho_of_theta(max_theta)."""

    @property
    def px_per_rho(self) -> Array:
        """2 x 2 matrix from the plane at focal length 1 to px from the principal point."""
        return np.diag(self.focal_px)

    @property
    def max_rho(self) -> float:
        return float(self.rho_of_theta(np.array([self.max_theta_rad]))[0])

    @property
    def circle_radius_px(self) -> tuple[float, float]:
        """How far the circle (for unequal focal lengths: ellipse) that the lens fills reaches along x and along y."""
        x, y = np.linalg.norm(self.px_per_rho, axis=1) * self.max_rho
        return float(x), float(y)

    def radius_of_theta(self, theta_rad: ArrayLike) -> Array:
        """Distance in px from the principal point, along x, of rays theta_rad off the axis; NaN beyond max_theta."""
        theta = np.asarray(theta_rad, float)
        seen = (theta >= 0) & (theta <= self.max_theta_rad * (1 + RIM_SLACK))
        rho = self.rho_of_theta(np.where(seen, np.minimum(theta, self.max_theta_rad), 0.0).ravel())
        return np.where(seen, self.focal_px[0] * rho.reshape(theta.shape), np.nan)

    def theta_of_radius(self, radius_px: ArrayLike) -> Array:
        """Angle from the axis in rad at distances in px, along x, from the principal point; NaN outside the circle."""
        radius = np.asarray(radius_px, float)
        return self._theta_or_nan(radius.ravel() / self.focal_px[0]).reshape(radius.shape)

    def valid_mask(self) -> NDArray[np.bool_]:
        rho, _ = self._polar(self.pixel_centres())
        return np.asarray(rho <= self.max_rho * (1 + RIM_SLACK)).reshape(self.height_px, self.width_px)

    def _place(self, theta_rad: Array, direction: Array) -> Array:
        return self._from_plane(self.rho_of_theta(theta_rad)[:, None] * direction)

    def _angle_and_direction(self, px: Array) -> tuple[Array, Array]:
        rho, direction = self._polar(px)
        return self._theta_or_nan(rho), direction

    def _polar(self, px: Array) -> tuple[Array, Array]:
        """Radius at focal length 1 (n,) and unit vectors (n, 2) of pixels."""
        plane = self._to_plane(px)
        rho = np.hypot(plane[:, 0], plane[:, 1])
        return rho, plane / np.where(rho > 0, rho, 1.0)[:, None]

    def _from_plane(self, plane: Array) -> Array:
        """Pixels (n, 2) of places in the plane at focal length 1."""
        return np.array([self.cx_px, self.cy_px]) + np.array(self.focal_px) * plane

    def _to_plane(self, px: Array) -> Array:
        """Inverse of _from_plane."""
        return np.asarray((px - [self.cx_px, self.cy_px]) / np.array(self.focal_px))

    def _theta_or_nan(self, rho: Array) -> Array:
        max_rho = self.max_rho
        seen = (rho >= 0) & (rho <= max_rho * (1 + RIM_SLACK))
        theta = self.theta_of_rho(np.minimum(np.where(seen, rho, 0.0), max_rho))
        return np.where(seen, np.minimum(theta, self.max_theta_rad), np.nan)


class SingleFocalLens(RadialLens):
    """A radial lens with one focal length; pixel_aspect tells a picture that was stretched afterwards."""

    f_px: float = Field(gt=0)
    """Focal length along x, px."""
    pixel_aspect: float = Field(default=1.0, gt=0)
    """Focal length along y over that along x: 1 for square pixels."""

    @property
    def focal_px(self) -> tuple[float, float]:
        return self.f_px, self.f_px * self.pixel_aspect

    def scaled_axes(self, x_factor: float, y_factor: float, width_px: int, height_px: int) -> Self:
        return self._changed(
            width_px=width_px,
            height_px=height_px,
            cx_px=self.cx_px * x_factor,
            cy_px=self.cy_px * y_factor,
            f_px=self.f_px * x_factor,
            pixel_aspect=self.pixel_aspect * y_factor / x_factor,
        )

    def _shape_text(self) -> str:
        return f"r = {self.model}(theta)"


class TwoFocalsFields(LensModel):
    """The focal lengths along x and y of calibrations in OpenCV's manner."""

    fx_px: float = Field(gt=0)
    """Focal length along x, px."""
    fy_px: float = Field(gt=0)
    """Focal length along y, px."""

    def scaled_axes(self, x_factor: float, y_factor: float, width_px: int, height_px: int) -> Self:
        return self._changed(
            width_px=width_px,
            height_px=height_px,
            cx_px=self.cx_px * x_factor,
            cy_px=self.cy_px * y_factor,
            fx_px=self.fx_px * x_factor,
            fy_px=self.fy_px * y_factor,
        )


def as_rows(values: ArrayLike, columns: int, name: str) -> Array:
    """values as an (n, columns) float array; InputError otherwise. An empty list is (0, columns)."""
    rows = np.asarray(values, float)
    if rows.size == 0 and rows.ndim <= 2:
        return rows.reshape(0, columns)
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise InputError(f"{name}: found an array of shape {rows.shape}, expected (n, {columns})")
    return rows
