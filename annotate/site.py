"""A Site: one real place under a ceiling camera, described so that rendered people can be put into its pictures.

A site is a YAML file; coordinates are pixels of its background pictures, heights are metres above the floor:

    name: shop
    backgrounds: [shop-1.jpg]              # paths beside this file; all of one size
    lens: {model: equidistant, f_px: 310, width_px: 1024, height_px: 1024}
    camera: {height_m: 3.2, tilt_deg: 2, tilt_azimuth_deg: 90}
    floor_px: [[200, 300], [800, 310], [790, 700], [210, 690]]     # where people may stand
    furniture:                             # what hides legs: upright prisms
      - {kind: desk, outline_px: [[400, 400], [500, 400], [500, 450], [400, 450]], height_m: 0.75, bottom_m: 0.7}
    seats:
      - {place_px: [450, 470], height_m: 0.45, direction_deg: 90}
    ignore: [[[10, 10], [60, 10], [60, 80]]]                       # unlabelled people of the photograph itself

Everything in metres comes from these pixels through the lens (Camera.floor_points). World as in annotate.camera.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import shapely
import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from annotate.camera import Camera, CameraPose
from annotate.dataset_model import Polygon
from annotate.errors import InputError
from annotate.lens import Lens
from annotate.picture_file import verify_picture
from annotate.validation import first_repeated, validated

FurnitureKind = Literal["desk", "chair", "screen", "lamp", "shelf", "plant", "clutter", "furniture", "wall"]
"""What a piece of furniture may be: names of annotate.classes."""
EDGE_STEP_PX = 4.0
"""A straight edge in the picture is curved on the floor: edges are divided into steps of this length."""
FLOOR_LIMIT_M = 60.0
"""Floor further from the camera than this is taken for a slip of the pen near the horizon."""
_ASPECT_TOLERANCE = 0.005


class Furniture(BaseModel):
    """An upright prism that hides what is behind and under it, and casts and catches shadows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: FurnitureKind = "furniture"
    outline_px: Polygon
    """Outline as drawn on the background."""
    height_m: float = Field(gt=0)
    """Height of its top above the floor."""
    bottom_m: float = Field(default=0.0, ge=0)
    """Height of its underside: a desk's top is 0.75 m high and starts at 0.70."""
    outline_at: Literal["top", "floor"] = "top"
    """Whether outline_px is drawn around its top or around its foot on the floor."""


class Seat(BaseModel):
    """A seat: where somebody may sit."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    place_px: tuple[float, float]
    """The middle of the seat on the background."""
    height_m: float = Field(default=0.45, gt=0, lt=1.5)
    """Height of the seat above the floor."""
    direction_deg: float = 0.0
    """Where the sitter looks, seen from above: 0 is world +X (the picture's right below an unturned camera), 90 world
    +Y (the picture's top), counter-clockwise."""


class Prism(NamedTuple):
    """Furniture in the world: an upright prism."""

    footprint_m: np.ndarray
    """(k, 2) x, y."""
    bottom_m: float
    top_m: float
    kind: str


class Site(BaseModel):
    """A place under a ceiling camera, checked as a whole by Site.read."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str
    backgrounds: list[Path] = Field(min_length=1)
    """Pictures of the place with as few people as possible; relative to the YAML file, absolute once read."""
    lens: Lens
    """Lens in pixels of the backgrounds, or of the same picture at another size."""
    camera_pose: CameraPose = Field(alias="camera")
    """Height and tilt of the camera."""
    floor_px: Polygon
    """Floor on which people may stand."""
    furniture: list[Furniture] = Field(default_factory=list)
    seats: list[Seat] = Field(default_factory=list)
    ignore: list[Polygon] = Field(default_factory=list)
    """Areas of the backgrounds with unlabelled people or mirrors."""
    _notes: list[str] = PrivateAttr(default_factory=list)

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read and check a site file and its pictures; InputError names the file, the field and what to do."""
        path = Path(path)
        site = validated(cls, _with_required(_read_yaml(path), path), str(path))
        backgrounds = [path.parent.resolve() / name for name in site.backgrounds]
        size = _common_size(path, backgrounds)
        lens, notes = _lens_for(site.lens, size, str(path))
        site = site.model_copy(update={"backgrounds": backgrounds, "lens": lens})
        site._notes = notes
        try:
            _check_geometry(site, path)
        except InputError as error:
            raise InputError(". Note that ".join([str(error), *notes])) from None
        return site

    @property
    def notes(self) -> list[str]:
        """What a person should know about how the file was understood, one sentence each."""
        return list(self._notes)

    @property
    def width_px(self) -> int:
        return self.lens.width_px

    @property
    def height_px(self) -> int:
        return self.lens.height_px

    def camera(self) -> Camera:
        """The camera, in pixels of the backgrounds."""
        return Camera(lens=self.lens, pose=self.camera_pose)

    def background_path(self, name: str) -> Path:
        """The background whose file is called name; InputError lists those there are."""
        for background in self.backgrounds:
            if background.name == name:
                return background
        known = ", ".join(background.name for background in self.backgrounds)
        raise InputError(f'site {self.name}: no background is called "{name}"; there are {known}')

    def floor_m(self) -> np.ndarray:
        """(n, 2) x, y of the floor's outline, its edges divided so that they follow the picture."""
        return self.camera().floor_points(along_edges(self.floor_px))[:, :2]

    def furniture_prisms(self) -> list[Prism]:
        """Every piece of furniture in the world."""
        camera = self.camera()
        return [_prism(piece, camera) for piece in self.furniture]


def along_edges(polygon_px: Any, step_px: float = EDGE_STEP_PX) -> np.ndarray:
    """(n, 2) px: the polygon's corners with points between them, at most step_px apart."""
    corners = np.asarray(polygon_px, float)
    points = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        steps = max(1, int(np.ceil(np.linalg.norm(end - start) / step_px)))
        points.append(start + (end - start) * (np.arange(steps) / steps)[:, None])
    return np.concatenate(points)


def _prism(piece: Furniture, camera: Camera) -> Prism:
    level = piece.height_m if piece.outline_at == "top" else 0.0
    footprint = camera.floor_points(along_edges(piece.outline_px), level)[:, :2]
    return Prism(footprint, piece.bottom_m, piece.height_m, piece.kind)


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; a site is a YAML file with name, backgrounds, lens, camera, floor_px")
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected the fields name, backgrounds, lens, camera, floor_px; found {value!r:.60}")
    return value


_REQUIRED = {
    "lens": "without a lens nothing can be placed. Add e.g. lens: {model: equidistant, f_px: 310, width_px: 1024, "
    "height_px: 1024}",
    "camera": "add e.g. camera: {height_m: 3.0}",
    "backgrounds": "add backgrounds: [PICTURE.jpg], paths beside this file",
    "floor_px": "add the polygon on which people may stand, pixels of the background",
}


def _with_required(value: dict[str, Any], path: Path) -> dict[str, Any]:
    for field, remedy in _REQUIRED.items():
        if value.get(field) is None:
            raise InputError(f"{path}: {field} is missing; {remedy}")
    return {"name": path.stem, **value}


def _common_size(path: Path, backgrounds: list[Path]) -> tuple[int, int]:
    """Width and height that all backgrounds have, in px; each is decoded to its end."""
    sizes = []
    for index, background in enumerate(backgrounds):
        try:
            sizes.append(verify_picture(background))
        except InputError as error:
            raise InputError(f"{path}: backgrounds[{index}]: {error}") from None
        if sizes[-1] != sizes[0]:
            raise InputError(
                f"{path}: backgrounds[{index}] is {sizes[-1][0]} x {sizes[-1][1]} px, backgrounds[0] "
                f"{sizes[0][0]} x {sizes[0][1]}: the pictures of a site have one size; make a site for each size"
            )
    repeated = first_repeated(background.name for background in backgrounds)
    if repeated is not None:
        raise InputError(f"{path}: backgrounds: two files are called {repeated}; give each its own name")
    return sizes[0]


def _lens_for(lens: Lens, size: tuple[int, int], where: str) -> tuple[Lens, list[str]]:
    """The lens in pixels of the backgrounds, with a note if it was given for another size."""
    if (lens.width_px, lens.height_px) == size:
        return lens, []
    stated = (
        f"{where}: lens is given for {lens.width_px} x {lens.height_px} px, the backgrounds are {size[0]} x {size[1]}"
    )
    if abs(lens.width_px * size[1] / (lens.height_px * size[0]) - 1) > _ASPECT_TOLERANCE:
        raise InputError(
            f"{stated}: another shape, so one is a part of the other. State the lens (cx_px, cy_px, "
            "width_px, height_px) for the backgrounds as they are"
        )
    return lens.resized(*size), [f"{stated}: it is scaled to them"]


def _check_geometry(site: Site, path: Path) -> None:
    """Everything that is drawn lies in the picture, and where a lens that hangs there can see it."""
    _check_camera(site, path)
    _check_outline(site.floor_px, site, 0.0, f"{path}: floor_px")
    _check_furniture(site, path)
    _check_seats(site, path)
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
    if not shapely.Polygon(polygon).is_valid or shapely.Polygon(polygon).area < 1:
        raise InputError(f"{place}: the outline crosses itself or has no area; list its corners in order around it")
    if not np.isfinite(site.camera().floor_points(along_edges(polygon), z_m)).all():
        raise InputError(f"{place}: an edge runs outside the lens circle; add corners that keep it inside")


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


def _check_furniture(site: Site, path: Path) -> None:
    for index, piece in enumerate(site.furniture):
        place = f"{path}: furniture[{index}]"
        if piece.bottom_m >= piece.height_m:
            raise InputError(f"{place}.bottom_m is {piece.bottom_m:g}, not below its height_m {piece.height_m:g}")
        level = piece.height_m if piece.outline_at == "top" else 0.0
        _check_outline(piece.outline_px, site, level, f"{place}.outline_px")


def _check_seats(site: Site, path: Path) -> None:
    for index, seat in enumerate(site.seats):
        place = f"{path}: seats[{index}].place_px"
        _check_inside([seat.place_px], (site.width_px, site.height_px), place)
        _check_seen([seat.place_px], site, seat.height_m, place)
