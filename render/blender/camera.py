"""annotate's cameras in Cycles: which of Blender's cameras draws a lens, as data, and that camera set to it.

builtin: one of Blender's own panoramic types, where it is the lens's formula: FISHEYE_EQUISOLID, and for equidistant
lenses FISHEYE_LENS_POLYNOMIAL with its linear term alone (FISHEYE_EQUIDISTANT cannot crop a circle); square pixels only.
osl: every model, by the camera shader fisheye.osl, which computes the same formulas as annotate/lens. In a small room
at 24 samples that costs 5 to 25 % more CPU time; lenses with a distorted plane (mei, radtan) up to twice as much.
Camera type CUSTOM needs Blender 4.5 and runs on the CPU (and OptiX) without OSL shading being on.
polynomial: FISHEYE_LENS_POLYNOMIAL fitted to the lens, for a Blender that was built without OSL, or on demand; how far it
is off is logged as a warning when it is used.

Blender's shift_x moves the picture left by that share of its width, shift_y down by that share of its height.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from annotate.camera import Camera
from annotate.errors import PlafondError
from annotate.lens import EquidistantLens, EquisolidLens, LensModel, OcamLens, RadialLens
from annotate.lens.central import DistortedLens, SphereLens
from annotate.lens.radial import AnglePowersLens

if TYPE_CHECKING:
    from render.blender.session import Session

_LOG = logging.getLogger(__name__)

Kind = Literal["builtin", "osl", "polynomial"]
Settings = dict[str, int | float | str]

_SHADER_FILE = Path(__file__).with_name("fisheye.osl")
_PLAIN_MODELS = {"equidistant": 0, "equisolid": 1, "stereographic": 2, "orthographic": 3}
"""Families of fisheye.osl without coefficients."""
_COEFFICIENTS = 12
"""As many has fisheye.osl."""
_SENSOR_MM = 36.0
_ROUND_PX = 0.02
"""A picture whose circles are less round than this is nothing for a polynomial of the radius."""
_SQUARE = 1e-6
"""Pixels whose sides differ by less, relatively, are square."""


@dataclass(frozen=True)
class Projection:
    """How Cycles draws a lens: values of Blender's camera (osl: of the shader), and how far they are off the lens."""

    kind: Kind
    settings: Settings = field(default_factory=dict)
    residual_px: float = 0.0
    """Largest distance in the frame between where the lens and where Blender sees a ray."""


def plan_projection(lens: LensModel, osl: bool = True) -> Projection:
    """The most exact way to draw a lens. osl: whether the device runs camera shaders (the CPU and OptiX do).

    PlafondError for a lens that only a shader could draw, where there is none.
    """
    builtin = builtin_projection(lens)
    if builtin is not None:
        return builtin
    return osl_projection(lens) if osl else polynomial_projection(lens)


def builtin_projection(lens: LensModel) -> Projection | None:
    """Blender's own panoramic camera for a lens that it draws exactly; None for any other."""
    if not isinstance(lens, EquidistantLens | EquisolidLens) or lens.model not in ("equidistant", "equisolid"):
        return None
    if abs(lens.pixel_aspect - 1) > _SQUARE:
        return None
    focal_mm = lens.f_px * _SENSOR_MM / lens.width_px
    # Outside these ranges Blender's fields would silently clip the values.
    if not 0.02 < focal_mm < 100 or lens.max_theta_deg < 5.1:
        return None
    if isinstance(lens, EquisolidLens):
        kind: Settings = {"panorama_type": "FISHEYE_EQUISOLID", "fisheye_lens": focal_mm}
        return Projection("builtin", {**kind, **_panorama(lens)})
    return Projection("builtin", {**_angle_polynomial((1 / focal_mm, 0.0, 0.0, 0.0)), **_panorama(lens)})


def osl_projection(lens: LensModel) -> Projection:
    """The camera shader for any lens. Raises PlafondError for a model that the shader does not have."""
    return Projection("osl", dict(shader_parameters(lens)))


def polynomial_projection(lens: LensModel) -> Projection:
    """Blender's polynomial from radius to angle, fitted so that the error in pixels is evenly small.

    PlafondError for a lens whose circles are not round in the picture: unequal focal lengths, shear, tangential parts.
    """
    theta, radius_px, uneven_px = _radial_profile(lens)
    if uneven_px > _ROUND_PX:
        raise PlafondError(
            f"lens {lens.model}: its circles are {uneven_px:.2f} px off round, which Blender's polynomial camera cannot"
            " draw. Render on a device that runs camera shaders (the CPU, or OptiX), or resize the pictures so that"
            " pixels are square."
        )
    weight = np.gradient(radius_px, theta)  # px per rad
    share = radius_px / radius_px[-1]
    powers = np.stack([share**i for i in range(1, 5)], axis=1)
    fitted = np.linalg.lstsq(powers * weight[:, None], theta * weight, rcond=None)[0]
    residual_px = float((np.abs(powers @ fitted - theta) * weight).max()) + uneven_px
    rim_mm = radius_px[-1] * _SENSOR_MM / lens.width_px
    per_mm = tuple(float(value) / rim_mm**i for i, value in enumerate(fitted, start=1))
    return Projection("polynomial", {**_angle_polynomial(per_mm), **_panorama(lens)}, residual_px)


def shader_parameters(lens: LensModel) -> dict[str, int | float]:
    """What fisheye.osl needs to know of a lens. Raises PlafondError for a model that the shader does not have."""
    family, coefficients = _shader_family(lens)
    if len(coefficients) > _COEFFICIENTS:
        raise PlafondError(
            f"lens {lens.model}: it has {len(coefficients)} coefficients, {_SHADER_FILE.name} takes {_COEFFICIENTS}; fit"
            " the lens with fewer, or give the shader more."
        )
    plane = np.linalg.inv(_px_per_plane(lens))
    padded = (*coefficients, *[0.0] * (_COEFFICIENTS - len(coefficients)))
    return {
        "model": family,
        "width_px": float(lens.width_px),
        "height_px": float(lens.height_px),
        "cx_px": lens.cx_px,
        "cy_px": lens.cy_px,
        **{f"plane_{name}": float(value) for name, value in zip(("xx", "xy", "yx", "yy"), plane.ravel(), strict=True)},
        "max_rho": lens.max_radius if isinstance(lens, DistortedLens) else _radial(lens).max_rho,
        "max_theta": lens.max_theta_rad,
        **{f"a{i}": float(value) for i, value in enumerate(padded)},
    }


def _shader_family(lens: LensModel) -> tuple[int, tuple[float, ...]]:
    """The shader's number for a lens and its coefficients there."""
    if lens.model in _PLAIN_MODELS:
        return _PLAIN_MODELS[lens.model], ()
    if isinstance(lens, AnglePowersLens):
        return 4, lens.powers
    if isinstance(lens, SphereLens):
        return 5, lens.sphere
    if isinstance(lens, OcamLens):
        return 6, lens.axial
    if isinstance(lens, DistortedLens):
        bend = lens.distortion
        return 7, (bend.k1, bend.k2, bend.p1, bend.p2, bend.k3, lens.second_centre)
    raise PlafondError(
        f"lens model {lens.model!r}: the renderer knows {', '.join(_PLAIN_MODELS)}, polynomials of the angle, spheres,"
        f" ocam and distorted planes; add it to {_SHADER_FILE.name}."
    )


def _px_per_plane(lens: LensModel) -> np.ndarray:
    return np.diag([lens.fx_px, lens.fy_px]) if isinstance(lens, DistortedLens) else _radial(lens).px_per_rho


def _radial(lens: LensModel) -> RadialLens:
    assert isinstance(lens, RadialLens), lens.model
    return lens


def _panorama(lens: LensModel) -> Settings:
    """What all panoramic cameras share: a sensor of the frame's shape, the principal point, the field of view."""
    return {
        "sensor_fit": "HORIZONTAL",
        "sensor_width": _SENSOR_MM,
        "sensor_height": _SENSOR_MM * lens.height_px / lens.width_px,
        "shift_x": 0.5 - lens.cx_px / lens.width_px,
        "shift_y": lens.cy_px / lens.height_px - 0.5,
        "fisheye_fov": 2 * lens.max_theta_rad,
    }


def _angle_polynomial(per_mm: tuple[float, ...]) -> Settings:
    """theta = per_mm[0] r + per_mm[1] r^2 + ..., r in mm on the sensor; Blender wants every sign turned."""
    named = {f"fisheye_polynomial_k{i}": -value for i, value in enumerate(per_mm, start=1)}
    return {"panorama_type": "FISHEYE_LENS_POLYNOMIAL", "fisheye_polynomial_k0": 0.0, **named}


def _radial_profile(lens: LensModel) -> tuple[np.ndarray, np.ndarray, float]:
    """Angles (n,) from near the axis to the furthest that the frame shows, their radii in px, and how far, in px, the
    picture of any of them is from the circle of that radius.
    """
    reach = min(lens.max_theta_rad, lens.covering_frame().max_theta_rad)
    theta = reach * np.sin(np.linspace(0.0, math.pi / 2, 401)[1:])
    azimuth = np.linspace(0.0, 2 * math.pi, 24, endpoint=False)
    direction = np.column_stack([np.cos(azimuth), np.sin(azimuth)])
    rays = np.concatenate([np.column_stack([np.sin(t) * direction, np.full(24, np.cos(t))]) for t in theta])
    offset = (lens.project(rays) - [lens.cx_px, lens.cy_px]).reshape(len(theta), 24, 2)
    radius = np.linalg.norm(offset, axis=2).mean(axis=1)
    uneven = np.linalg.norm(offset - radius[:, None, None] * direction, axis=2)
    return theta, radius, float(uneven.max())


def world_from_blender_camera(camera: Camera) -> np.ndarray:
    """4 x 4 matrix of Blender's camera object, whose Y is up and whose Z points backwards."""
    matrix = np.eye(4)
    matrix[:3, :3] = camera.camera_from_world.T @ np.diag([1.0, -1.0, -1.0])
    matrix[:3, 3] = camera.position_m
    return matrix


class FisheyeCamera:
    """Blender's camera object of a session; `show` makes it another camera of ours.

    osl: whether the device that renders runs camera shaders; left out: as this Blender was built.
    """

    def __init__(self, session: Session, osl: bool | None = None) -> None:
        self._session = session
        bpy = session.bpy
        self._osl = bool(bpy.app.build_options.cycles_osl) if osl is None else osl
        self._stated_px = 0.0
        self._data: Any = bpy.data.cameras.new("fisheye")
        self._object: Any = bpy.data.objects.new("fisheye", self._data)
        session.scene.collection.objects.link(self._object)
        session.scene.camera = self._object
        self._data.clip_start = 0.001
        if self._osl:
            self._compile_shader()

    def show(self, camera: Camera, kind: Kind | None = None) -> Projection:
        """Render from this camera, in its frame's size, from now on; returns how. kind: only this way will do."""
        projection = plan_projection(camera.lens, self._osl) if kind is None else _of_kind(camera.lens, kind)
        if projection.kind == "osl":
            self._data.type = "CUSTOM"
            # A shift that another camera left would move what the shader is asked for.
            self._data.shift_x = self._data.shift_y = 0.0
            for name, value in projection.settings.items():
                self._data.cycles_custom[name] = value
        else:
            self._state_residual(camera.lens, projection)
            self._data.type = "PANO"
            for name, value in projection.settings.items():
                setattr(self._data, name, value)
        self._data.update_tag()
        from mathutils import Matrix  # comes with bpy

        self._object.matrix_world = Matrix(world_from_blender_camera(camera).tolist())
        render = self._session.scene.render
        render.resolution_x, render.resolution_y = camera.lens.width_px, camera.lens.height_px
        return projection

    def _state_residual(self, lens: LensModel, projection: Projection) -> None:
        """Log how far a fitted polynomial is off, unless as much was said before."""
        if projection.residual_px <= self._stated_px:
            return
        self._stated_px = projection.residual_px
        _LOG.warning(
            "lens %s: drawn by a polynomial fitted to it, up to %.3f px from where the labels are",
            lens.model,
            projection.residual_px,
        )

    def _compile_shader(self) -> None:
        text = self._session.bpy.data.texts.new(_SHADER_FILE.name)
        text.write(_SHADER_FILE.read_text(encoding="utf-8"))
        self._data.type = "CUSTOM"
        self._data.custom_mode = "INTERNAL"
        self._data.custom_shader = text  # compiles it
        missing = [name for name in ("model", "max_rho", "a11") if name not in self._data.cycles_custom]
        if missing:
            raise PlafondError(f"Blender did not compile {_SHADER_FILE.name}; its messages above say why.")


def _of_kind(lens: LensModel, kind: Kind) -> Projection:
    if kind == "builtin":
        builtin = builtin_projection(lens)
        if builtin is None:
            raise PlafondError(f"lens {lens.model}: no camera of Blender's own draws it exactly; take kind osl.")
        return builtin
    return osl_projection(lens) if kind == "osl" else polynomial_projection(lens)
