"""Fisheye lenses: from camera-frame points to pixels and from pixels back to rays.

Convention. Camera frame: X right, Y down, Z along the optical axis. Pixels: x right, y down, the upper left corner of
the picture is (0, 0) and the centre of the first pixel (0.5, 0.5). theta is a ray's angle from the optical axis in rad.
OpenCV counts pixel centres at +0: its principal point is ours minus 0.5 (`KannalaBrandtLens.from_opencv`).

A new lens model is a subclass of `LensModel` (or, where the angle alone decides the radius, of `RadialLens`, which asks
for two functions) with its own `model` name, added to the union `Lens`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from annotate.errors import InputError

Array = NDArray[np.float64]

_RIM_SLACK = 1e-9
"""Relative slack at the edge of the field of view, so that a ray exactly at max_theta survives rounding."""


class LensModel(BaseModel):
    """What every lens has: a frame in pixels, a principal point and a field of view."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    width_px: int = Field(gt=0)
    """Width of the picture."""
    height_px: int = Field(gt=0)
    """Height of the picture."""
    cx_px: float
    """Principal point, x; a file may leave it out: the middle of the picture."""
    cy_px: float
    """Principal point, y; a file may leave it out: the middle of the picture."""
    max_theta_deg: float = Field(default=90.0, gt=0, le=180)
    """Half the field of view: what lies further than this from the optical axis is not seen."""

    @model_validator(mode="before")
    @classmethod
    def _centre_unless_given(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        middles = {}
        for centre, size in (("cx_px", "width_px"), ("cy_px", "height_px")):
            if data.get(centre) is None and isinstance(data.get(size), int | float):
                middles[centre] = data[size] / 2
        return {**data, **middles}

    @abstractmethod
    def project(self, points_m: ArrayLike) -> Array:
        """Pixels (n, 2) at which camera-frame points (n, 3) appear; NaN for a point beyond max_theta or at the lens.

        A seen point may lie outside the frame; `in_frame` tells.
        """

    @abstractmethod
    def unproject(self, px: ArrayLike) -> Array:
        """Unit rays (n, 3) in the camera frame that end in pixels (n, 2); NaN outside the field of view.

        Pixels outside the frame are as good as those inside: the frame only crops what the lens draws.
        """

    @abstractmethod
    def scaled_axes(self, x_factor: float, y_factor: float, width_px: int, height_px: int) -> Self:
        """The same lens in a picture whose axes are stretched by two factors."""

    @property
    def max_theta_rad(self) -> float:
        return math.radians(self.max_theta_deg)

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
        seen = np.isfinite(self.unproject(self.pixel_centres())[:, 2])
        return seen.reshape(self.height_px, self.width_px)


class RadialLens(LensModel):
    """A lens whose angle alone decides the distance from the principal point: px = c + focal * rho(theta).

    rho is the radius in a picture of focal length 1; it must grow strictly up to max_theta.
    """

    @property
    @abstractmethod
    def focal_px(self) -> tuple[float, float]:
        """Focal lengths along x and y, px per unit of rho."""

    @abstractmethod
    def rho_of_theta(self, theta_rad: Array) -> Array:
        """Radius at focal length 1 of rays theta_rad off the axis, 0 <= theta_rad <= max_theta."""

    @abstractmethod
    def theta_of_rho(self, rho: Array) -> Array:
        """Inverse of rho_of_theta, for 0 <= rho <= rho_of_theta(max_theta)."""

    @property
    def max_rho(self) -> float:
        return float(self.rho_of_theta(np.array([self.max_theta_rad]))[0])

    @property
    def circle_radius_px(self) -> tuple[float, float]:
        """Half axes, along x and y, of the circle (for unequal focal lengths: ellipse) that the lens fills."""
        fx, fy = self.focal_px
        return fx * self.max_rho, fy * self.max_rho

    def radius_of_theta(self, theta_rad: ArrayLike) -> Array:
        """Distance in px from the principal point, along x, of rays theta_rad off the axis; NaN beyond max_theta."""
        theta = np.asarray(theta_rad, float)
        seen = (theta >= 0) & (theta <= self.max_theta_rad * (1 + _RIM_SLACK))
        rho = self.rho_of_theta(np.where(seen, theta, 0.0))
        return np.asarray(np.where(seen, self.focal_px[0] * rho, np.nan))

    def theta_of_radius(self, radius_px: ArrayLike) -> Array:
        """Angle from the axis in rad at distances in px, along x, from the principal point; NaN outside the circle."""
        return self._theta_or_nan(np.asarray(radius_px, float) / self.focal_px[0])

    def project(self, points_m: ArrayLike) -> Array:
        points = as_rows(points_m, 3, "points_m")
        off_axis = np.hypot(points[:, 0], points[:, 1])
        theta = np.arctan2(off_axis, points[:, 2])
        directed = (off_axis > 0) | (points[:, 2] > 0)
        seen = directed & (theta <= self.max_theta_rad * (1 + _RIM_SLACK)) & np.isfinite(points).all(axis=1)
        rho = self.rho_of_theta(np.where(seen, theta, 0.0))
        direction = points[:, :2] / np.where(off_axis > 0, off_axis, 1.0)[:, None]
        px = np.array([self.cx_px, self.cy_px]) + np.array(self.focal_px) * rho[:, None] * direction
        return np.where(seen[:, None], px, np.nan)

    def unproject(self, px: ArrayLike) -> Array:
        plane = (as_rows(px, 2, "px") - [self.cx_px, self.cy_px]) / np.array(self.focal_px)
        rho = np.hypot(plane[:, 0], plane[:, 1])
        theta = self._theta_or_nan(rho)
        direction = plane / np.where(rho > 0, rho, 1.0)[:, None]
        return np.column_stack([np.sin(theta)[:, None] * direction, np.cos(theta)])

    def valid_mask(self) -> NDArray[np.bool_]:
        fx, fy = self.focal_px
        x = (np.arange(self.width_px) + 0.5 - self.cx_px) / fx
        y = (np.arange(self.height_px) + 0.5 - self.cy_px) / fy
        return np.asarray(np.hypot(x[None, :], y[:, None]) <= self.max_rho * (1 + _RIM_SLACK))

    def _theta_or_nan(self, rho: Array) -> Array:
        max_rho = self.max_rho
        seen = (rho >= 0) & (rho <= max_rho * (1 + _RIM_SLACK))
        theta = self.theta_of_rho(np.minimum(np.where(seen, rho, 0.0), max_rho))
        return np.where(seen, theta, np.nan)


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
        return type(self)(
            **self.model_dump(include={"max_theta_deg"}),
            width_px=width_px,
            height_px=height_px,
            cx_px=self.cx_px * x_factor,
            cy_px=self.cy_px * y_factor,
            f_px=self.f_px * x_factor,
            pixel_aspect=self.pixel_aspect * y_factor / x_factor,
        )


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


class KannalaBrandtLens(RadialLens):
    """rho = theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8): OpenCV's fisheye model.

    Kannala & Brandt 2006, eq. 6, with the first coefficient taken into fx and fy.
    """

    model: Literal["kannala_brandt"] = "kannala_brandt"
    fx_px: float = Field(gt=0)
    """Focal length along x, px."""
    fy_px: float = Field(gt=0)
    """Focal length along y, px."""
    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    k4: float = 0.0

    @model_validator(mode="after")
    def _grows_up_to_the_rim(self) -> Self:
        turn = self.turning_theta_rad
        if turn is not None and turn <= self.max_theta_rad:
            raise InputError(
                f"lens kannala_brandt: with k1..k4 = {self.coefficients} the radius stops growing at"
                f" {math.degrees(turn):.2f} deg, but max_theta_deg is {self.max_theta_deg:g}: two rays would share a"
                f" pixel. Set max_theta_deg below {math.degrees(turn):.2f}, or check the coefficients."
            )
        return self

    @classmethod
    def from_opencv(cls, K: ArrayLike, D: ArrayLike, size: tuple[int, int], max_theta_deg: float = 90.0) -> Self:
        """The lens of cv2.fisheye.calibrate's K (3 x 3) and D (k1..k4) for pictures of size (width, height).

        The principal point moves by half a pixel: OpenCV counts pixel centres at +0. Raises InputError for a skewed K
        or another number of coefficients.
        """
        camera_matrix, distortion = np.asarray(K, float), np.asarray(D, float).ravel()
        if camera_matrix.shape != (3, 3) or distortion.size != 4:
            raise InputError(
                f"K of shape {camera_matrix.shape} with {distortion.size} coefficients: expected K 3 x 3 and k1..k4 of"
                " OpenCV's fisheye model; five or more coefficients belong to its other (pinhole) model."
            )
        if abs(camera_matrix[0, 1]) > 1e-9 * abs(camera_matrix[0, 0]):
            raise InputError(f"K[0][1] is {camera_matrix[0, 1]:g}: no lens here has skew; calibrate with skew 0.")
        k1, k2, k3, k4 = distortion.tolist()
        return cls(
            width_px=size[0],
            height_px=size[1],
            cx_px=camera_matrix[0, 2] + 0.5,
            cy_px=camera_matrix[1, 2] + 0.5,
            max_theta_deg=max_theta_deg,
            fx_px=camera_matrix[0, 0],
            fy_px=camera_matrix[1, 1],
            k1=k1,
            k2=k2,
            k3=k3,
            k4=k4,
        )

    @property
    def focal_px(self) -> tuple[float, float]:
        return self.fx_px, self.fy_px

    @property
    def coefficients(self) -> tuple[float, float, float, float]:
        return self.k1, self.k2, self.k3, self.k4

    @property
    def turning_theta_rad(self) -> float | None:
        """Smallest positive angle at which the radius stops growing; None if it grows forever."""
        slope = [9 * self.k4, 7 * self.k3, 5 * self.k2, 3 * self.k1, 1.0]
        roots = np.roots(slope)
        squares = roots.real[(np.abs(roots.imag) < 1e-9 * np.maximum(1.0, np.abs(roots))) & (roots.real > 0)]
        return float(np.sqrt(squares.min())) if squares.size else None

    def rho_of_theta(self, theta_rad: Array) -> Array:
        square = np.square(theta_rad)
        return np.asarray(
            theta_rad * (1 + square * (self.k1 + square * (self.k2 + square * (self.k3 + square * self.k4))))
        )

    def theta_of_rho(self, rho: Array) -> Array:
        """Newton's method inside a bracket, from a table: 1e-12 of the radius at focal length 1, also near the rim."""
        knots = np.linspace(0.0, self.max_theta_rad, 1025)
        heights = self.rho_of_theta(knots)
        cell = np.clip(np.searchsorted(heights, rho) - 1, 0, len(knots) - 2)
        low, high = knots[cell], knots[cell + 1]
        theta = np.asarray(np.interp(rho, heights, knots))
        for _ in range(60):
            excess = self.rho_of_theta(theta) - rho
            if np.all(np.abs(excess) < 1e-14):
                break
            low, high = np.where(excess < 0, theta, low), np.where(excess > 0, theta, high)
            step = theta - excess / np.maximum(self._slope(theta), 1e-12)
            # A Newton step that leaves the bracket (the slope may almost vanish at the rim) becomes a bisection.
            theta = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            if np.all(high - low < 1e-15):
                break
        return theta

    def scaled_axes(self, x_factor: float, y_factor: float, width_px: int, height_px: int) -> Self:
        return type(self)(
            **self.model_dump(include={"max_theta_deg", "k1", "k2", "k3", "k4"}),
            width_px=width_px,
            height_px=height_px,
            cx_px=self.cx_px * x_factor,
            cy_px=self.cy_px * y_factor,
            fx_px=self.fx_px * x_factor,
            fy_px=self.fy_px * y_factor,
        )

    def _slope(self, theta_rad: Array) -> Array:
        square = np.square(theta_rad)
        return np.asarray(
            1 + square * (3 * self.k1 + square * (5 * self.k2 + square * (7 * self.k3 + square * 9 * self.k4)))
        )


Lens = Annotated[EquidistantLens | EquisolidLens | KannalaBrandtLens, Field(discriminator="model")]
"""Any lens; its `model` field says which."""

_LENS: TypeAdapter[Any] = TypeAdapter(Lens)


def lens_from_dict(data: Mapping[str, Any]) -> EquidistantLens | EquisolidLens | KannalaBrandtLens:
    """The lens that a JSON or YAML mapping describes; pydantic.ValidationError (naming the field) or InputError."""
    lens: EquidistantLens | EquisolidLens | KannalaBrandtLens = _LENS.validate_python(dict(data))
    return lens


def as_rows(values: ArrayLike, columns: int, name: str) -> Array:
    """values as an (n, columns) float array; InputError otherwise. An empty list is (0, columns)."""
    rows = np.asarray(values, float)
    if rows.size == 0 and rows.ndim <= 2:
        return rows.reshape(0, columns)
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise InputError(f"{name}: found an array of shape {rows.shape}, expected (n, {columns})")
    return rows
