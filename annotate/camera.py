"""A camera in the room: a lens, the height at which it hangs and the way it looks.

World: metres, Z up, floor at z = 0. The camera is at (0, 0, height_m). Untilted and with yaw 0 the picture's right is
world +X and its down is world -Y. The nadir is the pixel straight below the camera, where every vertical line of the
room converges: the principal point only when nothing is tilted.

             world, from above                tilt, from the side
                  Y                               camera
                  |   axis leans to               |\\
                  |  / tilt_azimuth_deg           | \\  tilt_deg
                  | /  (from X towards Y)         |  \\
         camera   o------ X                     nadir  optical axis on the floor
"""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field, model_validator

from annotate.errors import InputError
from annotate.lens import Array, Lens, as_rows

_DOWNWARD_CAMERA_FROM_WORLD = np.diag([1.0, -1.0, -1.0])
"""Camera axes (X right, Y down, Z forward) of a camera that looks straight down, as rows in world axes."""


class CameraPose(BaseModel):
    """Where the camera hangs and where it looks."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    height_m: float = Field(gt=0)
    """Height of the lens above the floor."""
    tilt_deg: float = Field(default=0.0, ge=0, lt=90)
    """Angle between the optical axis and straight down."""
    tilt_azimuth_deg: float = 0.0
    """World direction towards which the axis leans, counter-clockwise from +X seen from above."""
    yaw_deg: float = 0.0
    """Turn of the camera about the vertical before it is tilted, counter-clockwise seen from above."""

    @property
    def position_m(self) -> Array:
        """(3,) world position of the lens."""
        return np.array([0.0, 0.0, self.height_m])

    @property
    def camera_from_world(self) -> Array:
        """3 x 3 rotation: world directions to camera directions."""
        azimuth = math.radians(self.tilt_azimuth_deg)
        hinge = np.array([math.sin(azimuth), -math.cos(azimuth), 0.0])
        world_turn = _rotation(hinge, math.radians(self.tilt_deg)) @ _rotation(
            np.array([0.0, 0.0, 1.0]), math.radians(self.yaw_deg)
        )
        return np.asarray(_DOWNWARD_CAMERA_FROM_WORLD @ world_turn.T)


class Camera(BaseModel):
    """A lens at a place: world points to pixels, pixels to world rays and to points on the floor."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lens: Lens
    """The camera's lens and frame."""
    pose: CameraPose
    """Height, tilt and turn."""

    @model_validator(mode="after")
    def _sees_its_nadir(self) -> Self:
        if self.pose.tilt_deg >= self.lens.max_theta_deg:
            raise InputError(
                f"camera: pose.tilt_deg is {self.pose.tilt_deg:g} but the lens sees {self.lens.max_theta_deg:g} deg"
                " around its axis (lens.max_theta_deg), so not the floor straight below; use a smaller tilt."
            )
        return self

    @property
    def camera_from_world(self) -> Array:
        """3 x 3 rotation: world directions to camera directions."""
        return self.pose.camera_from_world

    @property
    def position_m(self) -> Array:
        """(3,) world position of the lens."""
        return self.pose.position_m

    def to_camera(self, points_m: ArrayLike) -> Array:
        """World points (n, 3) in the camera frame, metres."""
        return np.asarray((as_rows(points_m, 3, "points_m") - self.position_m) @ self.camera_from_world.T)

    def project_world(self, points_m: ArrayLike) -> Array:
        """Pixels (n, 2) at which world points (n, 3) appear; NaN where the lens does not see."""
        return self.lens.project(self.to_camera(points_m))

    def distance_m(self, points_m: ArrayLike) -> Array:
        """(n,) distances along the ray from the lens to world points (n, 3): depth as a fisheye renderer counts it."""
        return np.asarray(np.linalg.norm(as_rows(points_m, 3, "points_m") - self.position_m, axis=1))

    def rays_world(self, px: ArrayLike) -> Array:
        """Unit directions (n, 3) in the world of the rays that end in pixels (n, 2); NaN outside the field of view."""
        return np.asarray(self.lens.unproject(px) @ self.camera_from_world)

    def floor_points(self, px: ArrayLike, z_m: float | ArrayLike = 0.0) -> Array:
        """World points (n, 3) in which the rays of pixels (n, 2) meet the level z_m (one, or one for each pixel).

        NaN where the ray runs level or away from it: above the horizon for a level below the camera.
        """
        rays = self.rays_world(px)
        rise = np.asarray(z_m, float) - self.pose.height_m
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = rise / rays[:, 2]
        points = self.position_m + np.where((distance > 0) & np.isfinite(distance), distance, np.nan)[:, None] * rays
        # The level is exact by definition; what the multiplication gives is not.
        points[:, 2] = np.where(np.isnan(points[:, 0]), np.nan, z_m)
        return np.asarray(points)

    def nadir_px(self) -> Array:
        """(2,) the pixel straight below the camera; it may lie outside the frame of a tilted camera."""
        return np.asarray(self.lens.project([self.camera_from_world @ [0.0, 0.0, -1.0]])[0])

    def resized(self, width_px: int, height_px: int) -> Camera:
        """The same camera with its picture resampled to another size."""
        return self.model_copy(update={"lens": self.lens.resized(width_px, height_px)})


def _rotation(axis: Array, angle_rad: float) -> Array:
    """3 x 3 rotation about a unit axis, right-handed (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + math.sin(angle_rad) * cross + (1 - math.cos(angle_rad)) * (cross @ cross)
