"""The place of a photograph: its Site as stand-in surfaces, furniture and seats, lit as it was taken."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from shapely.geometry import Polygon

from annotate.camera import Camera
from annotate.files import read_image
from annotate.site import Site
from assets.mesh import Material, Mesh
from render.photo_light import FLOOR_ALBEDO, PhotoLight, floor_cells, floor_pixels, matched, site_lamps, white_radiance
from render.place import Obstacle, Place, Seat, as_rgb, digest
from render.solids import prism, sheet

_AMBIENT_SHARE = 0.25
"""Share of a photographed room's light that comes from everywhere (walls, ceiling) and throws no sharp shadow."""
_CATCHER_MARGIN_M = 0.6
"""How far beyond the marked floor shadows are still caught."""


def site_camera(site: Site, size_px: int) -> Camera:
    """The site's camera in a picture whose longer side is size_px."""
    camera = site.camera()
    factor = size_px / max(camera.lens.width_px, camera.lens.height_px)
    width, height = (max(1, round(side * factor)) for side in (camera.lens.width_px, camera.lens.height_px))
    return Camera(lens=camera.lens.resized(width, height), pose=camera.pose)


def place_from_site(site: Site, background: Path, camera: Camera) -> Place:
    """The place of a photograph: stand-in surfaces from its Site, light estimated from its floor.

    background: the picture file. camera: site_camera at the size of the picture to be made.
    """
    picture = _resized(read_image(background), camera)
    floor = Polygon(site.floor_m()).buffer(0)
    obstacles = [
        Obstacle(Polygon(footprint).buffer(0), bottom, top, kind)
        for footprint, bottom, top, kind in site.furniture_prisms()
    ]
    white = white_radiance(floor_pixels(picture, camera, floor, obstacles))
    prior = PhotoLight(site_lamps(site, floor, white * (1 - _AMBIENT_SHARE)), white * _AMBIENT_SHARE)
    light = matched(prior, floor_cells(picture, camera, floor, obstacles))
    return Place(
        key=digest(site.model_dump_json(), str(background), camera.model_dump_json()),
        parts=[_floor_catcher(floor), *(_prism_of(obstacle) for obstacle in obstacles)],
        lamps=light.lamps,
        floor=floor,
        obstacles=obstacles,
        seats=_site_seats(site),
        ambient=as_rgb(light.ambient),
        background=picture,
        ignore_px=_scaled_polygons(site, camera),
    )


def _resized(picture: np.ndarray, camera: Camera) -> np.ndarray:
    size = (camera.lens.width_px, camera.lens.height_px)
    smaller = size[0] < picture.shape[1]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def _floor_catcher(floor: Polygon) -> Mesh:
    material = Material("floor", (FLOOR_ALBEDO,) * 3)
    return sheet(floor.buffer(_CATCHER_MARGIN_M, join_style="mitre"), 0.0, material, "floor")


def _prism_of(obstacle: Obstacle) -> Mesh:
    material = Material("furniture", (0.5, 0.5, 0.5))
    return prism(obstacle.footprint, obstacle.bottom_m, obstacle.top_m, material, obstacle.kind)


def _site_seats(site: Site) -> list[Seat]:
    """Seats as people take them: heading 0 faces -Y, the site's direction 0 +X."""
    return [Seat(seat.x_m, seat.y_m, seat.height_m, seat.direction_rad + math.pi / 2) for seat in site.placed_seats()]


def _scaled_polygons(site: Site, camera: Camera) -> list[list[tuple[float, float]]]:
    original = site.camera().lens
    fx, fy = camera.lens.width_px / original.width_px, camera.lens.height_px / original.height_px
    return [[(float(x) * fx, float(y) * fy) for x, y in polygon] for polygon in site.ignore]
