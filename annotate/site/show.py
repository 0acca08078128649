"""`generate.py site show`: what a site file says, drawn over its photograph, to be checked by looking at it.

A grid of one metre lies on the floor, furniture stands as boxes, plain people of known height stand and sit where people
may: if they fit the doors, desks and chairs of the photograph, lens, height and tilt are right.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional

from annotate.camera import Camera
from annotate.draw import Colour
from annotate.errors import InputError
from annotate.files import read_image, write_image
from annotate.site import mannequin
from annotate.site.geometry import PlacedLamp, PlacedSeat, PlacedWindow
from annotate.site.model import Furniture, Site
from annotate.site.sketch import Sketch, write

GRID: Colour = (90, 220, 255)
FLOOR: Colour = (70, 235, 120)
FURNITURE: Colour = (255, 170, 40)
SEAT: Colour = (255, 90, 200)
STANDING: Colour = (120, 140, 255)
LAMP: Colour = (255, 240, 120)
IGNORE: Colour = (255, 80, 70)
_INK: Colour = (240, 242, 245)
_LONGER_SIDE_PX = 1600
"""Smaller photographs are enlarged before anything is drawn, so that words can be read."""
_LEAST_CELL_PX = 7.0
"""The grid ends where a metre looks shorter than this."""
_FREE_RADIUS_M = 0.28
_FIGURES_APART_M = 1.6
_MOST_FIGURES = 12


class SiteShowConfig(BaseModel):
    """Draw what a site file says over its photograph: metre grid, furniture, seats, lamps, people of known height."""

    model_config = ConfigDict(extra="forbid")

    site: Positional[Path]
    """The site's folder or file."""
    out: Path | None = None
    """Picture to write; left out: SITE-shown.png in the current folder."""
    background: str | None = None
    """File name of the background to draw on; left out: the first."""
    figure_height_m: float = Field(default=1.75, gt=0.3, lt=2.5)
    """Height of the people who are drawn."""
    figures: bool = True
    """Draw people on free floor and on the seats."""


def run_show(config: SiteShowConfig) -> Path:
    """The command: draw, write the picture and return its path."""
    site = Site.read(config.site)
    path = config.background and site.background_path(config.background)
    out = config.out or Path(f"{site.name}-shown.png")
    if out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputError(f"--out {out}: expected a picture's name, .png or .jpg")
    if out.resolve() in site.backgrounds:
        raise InputError(f"--out {out}: is a background of the site itself; name another file")
    picture = shown(site, read_image(path or site.backgrounds[0]), config.figure_height_m, config.figures)
    write_image(out, picture)
    for note in site.notes:
        print(f"note: {note}")
    print(_summary(site))
    return out


def shown(site: Site, background: np.ndarray, figure_height_m: float = 1.75, figures: bool = True) -> np.ndarray:
    """The background (HWC uint8 RGB, of the site's size) with the site drawn in, and a legend below it.

    Enlarged by a whole number if its longer side is below 1600 px; pixel x of the background is then at that many
    times x.
    """
    factor = max(1, math.ceil(_LONGER_SIDE_PX / max(background.shape[:2])))
    camera = site.camera()
    if factor > 1:
        background = cv2.resize(background, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        camera = camera.resized(site.width_px * factor, site.height_px * factor)
    sketch = Sketch(background, camera)
    _draw_ground(sketch, site, factor)
    _draw_furniture(sketch, site)
    if figures:
        _draw_people(sketch, site, figure_height_m)
    for number, seat in enumerate(site.placed_seats()):
        _draw_seat(sketch, seat, number)
    for lamp in site.placed_lamps():
        _draw_lamp(sketch, lamp)
    for window in site.placed_windows():
        _draw_window(sketch, window)
    return np.concatenate([sketch.picture, _legend(site, sketch, figure_height_m)])


def free_places(site: Site, radius_m: float = _FREE_RADIUS_M) -> np.ndarray:
    """(n, 2) m: places on a grid of 0.35 m whose surroundings are floor without furniture, well apart, nearest first."""
    free = shapely.Polygon(site.floor_m()).buffer(0).buffer(-radius_m)
    for prism in site.furniture_prisms():
        if prism.bottom_m < 1.5:
            free = free.difference(shapely.Polygon(prism.footprint_m).buffer(0).buffer(radius_m))
    for seat in site.placed_seats():
        free = free.difference(shapely.Point(seat.x_m, seat.y_m).buffer(0.6))
    if free.is_empty:
        return np.zeros((0, 2))
    x0, y0, x1, y1 = free.bounds
    steps = [np.arange(math.ceil(low / 0.35), math.floor(high / 0.35) + 1) * 0.35 for low, high in ((x0, x1), (y0, y1))]
    grid = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 2)
    grid = grid[shapely.contains_xy(free, grid[:, 0], grid[:, 1])]
    chosen: list[np.ndarray] = []
    for place in grid[np.argsort(np.hypot(grid[:, 0], grid[:, 1]), kind="stable")]:
        if all(np.hypot(*(place - other)) >= _FIGURES_APART_M for other in chosen):
            chosen.append(place)
    return np.array(chosen[:_MOST_FIGURES]).reshape(-1, 2)


def _draw_ground(sketch: Sketch, site: Site, factor: int) -> None:
    for polygon in site.ignore:
        sketch.hatch(np.asarray(polygon) * factor, IGNORE)
    floor = np.asarray(site.floor_m())
    outline = np.column_stack([floor, np.zeros(len(floor))])
    sketch.area(outline, FLOOR, 0.10)
    _draw_grid(sketch, min(grid_reach_m(sketch.camera), math.ceil(np.linalg.norm(floor, axis=1).max()) + 2))
    sketch.line(np.vstack([outline, outline[:1]]), FLOOR, 2.4)


def grid_reach_m(camera: Camera) -> int:
    """How far from the point below the camera a metre of floor still looks long enough, in whole metres."""
    reach = 1
    for metres in range(2, 31):
        ring = [[metres * math.cos(turn), metres * math.sin(turn)] for turn in np.linspace(0, 2 * math.pi, 24)]
        outer = camera.project_world([[x, y, 0.0] for x, y in ring])
        inner = camera.project_world([[x * (1 - 1 / metres), y * (1 - 1 / metres), 0.0] for x, y in ring])
        if not np.nanmax(np.linalg.norm(outer - inner, axis=1), initial=0.0) >= _LEAST_CELL_PX:
            break
        reach = metres
    return reach


def _draw_grid(sketch: Sketch, reach: int) -> None:
    """Lines of whole metres on the floor, every fifth stronger, with their numbers along the axes."""
    for place in range(-reach, reach + 1):
        half = math.sqrt(max(0.0, (reach + 0.5) ** 2 - place**2))
        strong = place % 5 == 0
        for line in ([[place, -half, 0], [place, half, 0]], [[-half, place, 0], [half, place, 0]]):
            sketch.line(line, GRID, 2.0 if strong else 1.0, 0.85 if strong else 0.42)
    sketch.line([[-0.12, 0, 0], [0.12, 0, 0]], _INK, 2.5)
    sketch.line([[0, -0.12, 0], [0, 0.12, 0]], _INK, 2.5)
    for place in (*range(-reach, 0), *range(1, reach + 1)):
        if abs(place) <= 5 or place % 5 == 0:
            sketch.word_at(f"{place}", (place, 0.0, 0.0), GRID, 13)
            sketch.word_at(f"{place}", (0.0, place, 0.0), GRID, 13)
    sketch.word_at("x m", (min(reach, 5) - 0.5, 0.12, 0.0), GRID, 13)
    sketch.word_at("y m", (0.12, min(reach, 5) - 0.5, 0.0), GRID, 13)


def _draw_furniture(sketch: Sketch, site: Site) -> None:
    """Boxes, the far and low ones first, so that what is nearer to the camera lies over them."""
    order = sorted(site.furniture, key=lambda piece: piece.height_m)
    for piece in order:
        _draw_box(sketch, piece, site.camera())


def _draw_box(sketch: Sketch, piece: Furniture, camera: Camera) -> None:
    """A prism: its top filled, edges that its own faces hide dashed, a line of dots where a slab's foot would be."""
    corners = piece.corners_m(camera)
    drawn = shapely.Polygon(corners).exterior.is_ccw
    corners = corners if drawn else corners[::-1]
    rim = piece.prism(camera).footprint_m
    top = np.column_stack([rim, np.full(len(rim), piece.height_m)])
    below = piece.height_m < camera.pose.height_m
    if below:
        sketch.area(top, FURNITURE, 0.16)
    facing = [_faces_camera(start, end) for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    for number, (x, y) in enumerate(corners):
        end = corners[(number + 1) % len(corners)]
        low = [[x, y, piece.bottom_m], [*end, piece.bottom_m]]
        sketch.line(low, FURNITURE, 1.3, 0.9 if facing[number] else 0.55, 0.0 if facing[number] else 0.07)
        near = facing[number] or facing[number - 1]
        upright = [[x, y, piece.bottom_m], [x, y, piece.height_m]]
        sketch.line(upright, FURNITURE, 1.3, 0.9 if near else 0.55, 0.0 if near else 0.07)
        if piece.bottom_m > 0:
            sketch.line([[x, y, 0.0], [x, y, piece.bottom_m]], FURNITURE, 1.0, 0.5, 0.05)
            sketch.line([[x, y, 0.0], [*end, 0.0]], FURNITURE, 1.0, 0.35, 0.05)
    sketch.line(np.vstack([top, top[:1]]), FURNITURE, 2.0)
    middle = shapely.Polygon(corners).buffer(0).representative_point()
    sketch.word_at(f"{piece.kind} {piece.height_m:.2f}", (middle.x, middle.y, piece.height_m), FURNITURE, 14)


def _faces_camera(start: np.ndarray, end: np.ndarray) -> bool:
    """Whether the upright face over an edge (counter-clockwise) is seen from above the origin."""
    return bool((end[0] - start[0]) * (-start[1]) - (end[1] - start[1]) * (-start[0]) < 0)


def _draw_people(sketch: Sketch, site: Site, height_m: float) -> None:
    people = [(mannequin.standing((x, y), height_m, math.atan2(-y, -x)), STANDING) for x, y in free_places(site)]
    for seat in site.placed_seats():
        people.append((mannequin.seated((seat.x_m, seat.y_m), height_m, seat.height_m, seat.direction_rad), SEAT))
    eye = sketch.camera.position_m
    for parts, colour in sorted(people, key=lambda one: -float(np.linalg.norm(one[0][0].mean(axis=0) - eye))):
        sketch.silhouette(parts, colour, 0.5)


def _draw_seat(sketch: Sketch, seat: PlacedSeat, number: int) -> None:
    """A square of 0.42 m at the seat's height and an arrow the way the sitter looks."""
    c, s = math.cos(seat.direction_rad), math.sin(seat.direction_rad)

    def at(ahead: float, aside: float) -> list[float]:
        return [seat.x_m + c * ahead - s * aside, seat.y_m + s * ahead + c * aside, seat.height_m]

    square = [at(a, b) for a, b in ((-0.21, -0.21), (0.21, -0.21), (0.21, 0.21), (-0.21, 0.21), (-0.21, -0.21))]
    sketch.line(square, SEAT, 1.8)
    sketch.line([at(0, 0), at(0.5, 0)], SEAT, 2.6)
    sketch.line([at(0.38, -0.09), at(0.5, 0), at(0.38, 0.09)], SEAT, 2.6)
    sketch.word_at(f"seat {number}", at(-0.3, 0), SEAT, 13)


def _draw_lamp(sketch: Sketch, lamp: PlacedLamp) -> None:
    c, s = math.cos(lamp.turn_rad), math.sin(lamp.turn_rad)
    half = np.array(lamp.size_m) / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    rim = [[lamp.center_m[0] + c * x - s * y, lamp.center_m[1] + s * x + c * y, lamp.center_m[2]] for x, y in corners]
    _draw_light(sketch, np.array(rim), f"lamp {lamp.strength:g}")


def _draw_window(sketch: Sketch, window: PlacedWindow) -> None:
    (ax, ay), (bx, by) = window.base_m
    rim = [[ax, ay, window.sill_m], [bx, by, window.sill_m], [bx, by, window.top_m], [ax, ay, window.top_m]]
    _draw_light(sketch, np.array(rim), f"window {window.strength:g}")
    sketch.line([[ax, ay, 0], [bx, by, 0]], LAMP, 1.3, 0.7, 0.08)
    middle = window.base_m.mean(axis=0)
    sketch.line([[*middle, window.sill_m], [*(middle + 0.6 * np.array(window.facing)), window.sill_m]], LAMP, 2.4)


def _draw_light(sketch: Sketch, rim: np.ndarray, text: str) -> None:
    """The outline of something that shines, with its diagonals."""
    sketch.area(rim, LAMP, 0.25)
    sketch.line(np.vstack([rim, rim[:1]]), LAMP, 2.2)
    for start, end in ((0, 2), (1, 3)):
        sketch.line(rim[[start, end]], LAMP, 1.2, 0.7)
    sketch.word_at(text, rim.mean(axis=0), LAMP, 14)


def _legend(site: Site, sketch: Sketch, figure_height_m: float) -> np.ndarray:
    """A strip of the picture's width: what the colours mean, and how long a metre is below the camera."""
    unit = sketch.unit_px
    strip = np.full((round(74 * unit), sketch.picture.shape[1], 3), (24, 27, 32), np.uint8)
    entries = [("floor", FLOOR), ("grid 1 m, strong 5 m", GRID), ("furniture, top height m", FURNITURE)]
    entries += [(f"standing {figure_height_m:.2f} m", STANDING), (f"seats, {figure_height_m:.2f} m people", SEAT)]
    entries += [("lamps, windows", LAMP), ("ignore", IGNORE)]
    x = 18 * unit
    for text, colour in entries:
        cv2.rectangle(strip, (round(x), round(14 * unit)), (round(x + 14 * unit), round(28 * unit)), colour, -1)
        write(strip, text, (x + 20 * unit, 21 * unit), _INK, 15 * unit, "lm")
        x += 46 * unit + len(text) * 8.1 * unit
    write(strip, _summary(site), (18 * unit, 52 * unit), _INK, 15 * unit, "lm")
    _draw_scale(strip, sketch)
    return strip


def _draw_scale(strip: np.ndarray, sketch: Sketch) -> None:
    """A bar as long as a metre of floor below the camera."""
    ends = sketch.camera.project_world([[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]])
    length, unit = float(np.linalg.norm(ends[1] - ends[0])), sketch.unit_px
    if not np.isfinite(length) or length > strip.shape[1] / 4:
        return
    right, y = strip.shape[1] - 18 * unit, round(50 * unit)
    cv2.line(strip, (round(right - length), y), (round(right), y), _INK, max(2, round(3 * unit)))
    text = "1 m of floor below the camera"
    write(strip, text, (right - length - 10 * unit, 52 * unit), _INK, 15 * unit, "rm")


def _summary(site: Site) -> str:
    """One line: the camera, and how much of everything there is."""
    pose, area = site.camera_pose, shapely.Polygon(site.floor_m()).buffer(0).area
    tilt = f", tilted {pose.tilt_deg:g} deg" if pose.tilt_deg else ""
    return (
        f"{site.name}: {site.lens.model} lens at {pose.height_m:g} m{tilt}; floor {area:.1f} m2, furniture "
        f"{len(site.furniture)}, seats {len(site.seats)}, lamps {len(site.lamps)}, windows {len(site.windows)}"
    )
