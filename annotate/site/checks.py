"""Whether what a site file says can be: everything drawn lies in the picture, where a lens that hangs there sees it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from annotate.errors import InputError
from annotate.site.geometry import along_edges

if TYPE_CHECKING:
    from annotate.site.model import CeilingLamp, Furniture, Site

FLOOR_LIMIT_M = 60.0
"""Floor further from the camera than this is taken for a slip of the pen near the horizon."""
_LAMP_LIMIT_M = 30.0
_SHORTEST_WINDOW_M = 0.1


def check_geometry(site: Site, path: Path) -> None:
    """InputError, naming file and field, for the first thing that cannot be where it is drawn."""
    _check_camera(site, path)
    _check_outline(site.floor_px, site, 0.0, f"{path}: floor_px")
    for index, piece in enumerate(site.furniture):
        _check_furniture(piece, site, f"{path}: furniture[{index}]")
    _check_seats(site, path)
    for index, lamp in enumerate(site.lamps):
        _check_lamp(lamp, site, f"{path}: lamps[{index}]")
    _check_windows(site, path)
    for index, polygon in enumerate(site.ignore):
        _check_inside(polygon, (site.width_px, site.height_px), f"{path}: ignore[{index}]")


def _check_camera(site: Site, path: Path) -> None:
    try:
        site.camera()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _check_inside(polygon: Any, size: tuple[int, int], place: str) -> None:
    for index, (x, y) in enumerate(polygon):
        if not (0 <= x <= size[0] and 0 <= y <= size[1]):
            raise InputError(
                f"{place}[{index}] is [{x:g}, {y:g}], outside the picture of {size[0]} x {size[1]} px; move it inside"
            )


def _check_outline(polygon: Any, site: Site, z_m: float, place: str) -> None:
    """A polygon in the picture that is a proper area of the level z_m, seen by the lens and not absurdly far away."""
    _check_inside(polygon, (site.width_px, site.height_px), place)
    _check_seen(polygon, site, z_m, place)
    _check_area(polygon, 1.0, place)
    if not np.isfinite(site.camera().floor_points(along_edges(polygon), z_m)).all():
        raise InputError(f"{place}: an edge runs outside the lens circle; add corners that keep it inside")


def _check_area(polygon: Any, least: float, place: str) -> None:
    if not shapely.Polygon(polygon).is_valid or shapely.Polygon(polygon).area < least:
        raise InputError(f"{place}: the outline crosses itself or has no area; list its corners in order around it")


def _check_seen(points_px: Any, site: Site, z_m: float, place: str) -> None:
    if z_m >= site.camera_pose.height_m:
        raise InputError(
            f"{place}: at {z_m:g} m it is not below the camera, which hangs at camera.height_m = "
            f"{site.camera_pose.height_m:g}; draw its foot (outline_at: floor) or correct the heights"
        )
    camera = site.camera()
    rays = camera.rays_world(np.asarray(points_px, float))
    points = camera.floor_points(np.asarray(points_px, float), z_m)
    for index, (pixel, ray, point) in enumerate(zip(points_px, rays, points, strict=True)):
        where = f"{place}[{index}] is [{pixel[0]:g}, {pixel[1]:g}]"
        if not np.isfinite(ray).all():
            raise InputError(
                f"{where}, outside the lens circle (max_theta_deg {site.lens.max_theta_deg:g}); move it inwards"
            )
        distance = np.hypot(*point[:2])
        if not distance < FLOOR_LIMIT_M:
            found = "above the horizon" if not np.isfinite(distance) else f"{distance:.0f} m from the camera"
            raise InputError(f"{where}, {found}: it cannot be floor; move it inwards, or check lens and camera tilt")


def _check_near(points_m: Any, place: str) -> None:
    for index, (x, y) in enumerate(points_m):
        if np.hypot(x, y) >= FLOOR_LIMIT_M:
            raise InputError(
                f"{place}[{index}] is [{x:g}, {y:g}], {np.hypot(x, y):.0f} m from the camera: expected metres from the "
                f"point below it, at most {FLOOR_LIMIT_M:g}; pixels go into the field that ends in _px"
            )


def _check_furniture(piece: Furniture, site: Site, place: str) -> None:
    if piece.bottom_m >= piece.height_m:
        raise InputError(f"{place}.bottom_m is {piece.bottom_m:g}, not below its height_m {piece.height_m:g}")
    if piece.outline_m is None:
        _check_outline(piece.outline_px, site, piece.drawn_at_m, f"{place}.outline_px")
        return
    _check_near(piece.outline_m, f"{place}.outline_m")
    _check_area(piece.outline_m, 1e-4, f"{place}.outline_m")


def _check_seats(site: Site, path: Path) -> None:
    for index, seat in enumerate(site.seats):
        for field in ("place_px", "towards_px"):
            pixel, place = getattr(seat, field), f"{path}: seats[{index}].{field}"
            if pixel is not None:
                _check_inside([pixel], (site.width_px, site.height_px), place)
                _check_seen([pixel], site, seat.height_m, place)
        if seat.place_m is not None:
            _check_near([seat.place_m], f"{path}: seats[{index}].place_m")


def _check_lamp(lamp: CeilingLamp, site: Site, place: str) -> None:
    field = next(name for name in ("outline_px", "place_px", "place_m") if getattr(lamp, name) is not None)
    points = lamp.outline_px if lamp.outline_px is not None else [getattr(lamp, field)]
    if field == "place_m":
        _check_near(points, f"{place}.place_m")
        return
    _check_inside(points, (site.width_px, site.height_px), f"{place}.{field}")
    height = lamp.height_m if lamp.height_m is not None else site.camera_pose.height_m
    for index, point in enumerate(site.camera().floor_points(np.asarray(points, float), height)):
        if not np.hypot(*point[:2]) < _LAMP_LIMIT_M:
            raise InputError(
                f"{place}.{field}[{index}] does not meet the height of {height:g} m within {_LAMP_LIMIT_M:g} m of the "
                f"camera, which hangs at {site.camera_pose.height_m:g} m: what hangs as high as the camera is seen on "
                "the horizon, at any distance. Correct height_m, or give place_m and size_m"
            )
    if lamp.outline_px is not None:
        _check_area(points, 1.0, f"{place}.{field}")


def _check_windows(site: Site, path: Path) -> None:
    for index, window in enumerate(site.windows):
        place = f"{path}: windows[{index}]"
        if window.base_px is not None:
            _check_inside(window.base_px, (site.width_px, site.height_px), f"{place}.base_px")
            _check_seen(window.base_px, site, 0.0, f"{place}.base_px")
        else:
            _check_near(window.base_m, f"{place}.base_m")
        base = window.ends_m(site.camera())
        if np.linalg.norm(base[1] - base[0]) < _SHORTEST_WINDOW_M:
            raise InputError(f"{place}: its two ends are the same place; give the two ends of the wall's foot below it")
