"""The fields of a site file and what they are in metres. Described as a whole in the package's docstring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PrivateAttr, model_validator

from annotate.camera import Camera, CameraPose
from annotate.dataset_model import Polygon
from annotate.errors import InputError
from annotate.lens import Lens
from annotate.site import checks, reading
from annotate.site.geometry import (
    PlacedLamp,
    PlacedSeat,
    PlacedWindow,
    Prism,
    along_edges,
    at_level,
    facing_side,
    oriented_rectangle,
)
from annotate.validation import validated

FurnitureKind = Literal[
    "desk", "chair", "screen", "lamp", "shelf", "plant", "clutter", "furniture", "wall",
    "partition", "cabinet", "window", "whiteboard", "door", "bin",
]  # fmt: skip
"""What a piece of furniture may be: names of annotate.classes."""

Point = tuple[FiniteFloat, FiniteFloat]
Colour = Annotated[tuple[FiniteFloat, FiniteFloat, FiniteFloat], Field(description="sRGB 0-255")]
_FOOTPRINT_STEP_M = 0.05


class _Drawn(BaseModel):
    """Something that is drawn on the picture, or measured on the floor."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def _refuse_unless_one(self, *fields: str) -> None:
        """ValueError unless exactly one of the fields is given."""
        given = [field for field in fields if getattr(self, field) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"give one of {', '.join(fields)}; found {found}")


class Furniture(_Drawn):
    """An upright prism that hides what is behind and under it, and casts and catches shadows."""

    kind: FurnitureKind = "furniture"
    outline_px: Polygon | None = None
    """Outline as drawn on the background."""
    outline_m: Polygon | None = None
    """Instead of outline_px: its footprint as x, y in metres."""
    height_m: float = Field(gt=0)
    """Height of its top above the floor."""
    bottom_m: float = Field(default=0.0, ge=0)
    """Height of its underside: a desk's top is 0.75 m high and starts at 0.70."""
    outline_at: Literal["top", "floor"] = "top"
    """Whether outline_px is drawn around its top or around its foot on the floor."""

    @model_validator(mode="after")
    def _drawn_or_measured(self) -> Self:
        self._refuse_unless_one("outline_px", "outline_m")
        return self

    @property
    def drawn_at_m(self) -> float:
        """Height of the level on which outline_px is drawn."""
        return self.height_m if self.outline_at == "top" else 0.0

    def corners_m(self, camera: Camera) -> np.ndarray:
        """(k, 2) x, y of the corners of its footprint."""
        if self.outline_m is not None:
            return np.asarray(self.outline_m, float)
        return at_level(camera, self.outline_px, self.drawn_at_m)

    def prism(self, camera: Camera) -> Prism:
        """The piece in the world; its edges are those of the picture, divided so that they follow them."""
        if self.outline_m is not None:
            footprint = along_edges(self.outline_m, _FOOTPRINT_STEP_M)
        else:
            footprint = at_level(camera, along_edges(self.outline_px), self.drawn_at_m)
        return Prism(footprint, self.bottom_m, self.height_m, self.kind)


class Seat(_Drawn):
    """A seat: where somebody may sit, and where the sitter looks (to world +X unless said)."""

    place_px: Point | None = None
    """The middle of the seat on the background."""
    place_m: Point | None = None
    """Instead of place_px: x, y in metres."""
    height_m: float = Field(default=0.45, gt=0, lt=1.5)
    """Height of the seat above the floor."""
    direction_deg: float | None = None
    """Where the sitter looks, seen from above: 0 is world +X (the picture's right below an unturned camera), 90 world
    +Y (the picture's top), counter-clockwise."""
    towards_px: Point | None = None
    """Instead of direction_deg: a pixel, at the height of the seat, towards which the sitter looks."""

    @model_validator(mode="after")
    def _one_place_one_direction(self) -> Self:
        self._refuse_unless_one("place_px", "place_m")
        if self.direction_deg is not None and self.towards_px is not None:
            raise ValueError("give one of direction_deg, towards_px; found both")
        return self

    def placed(self, camera: Camera) -> PlacedSeat:
        """The seat in the world."""
        place = np.array(self.place_m) if self.place_m else at_level(camera, [self.place_px], self.height_m)[0]
        direction = np.radians(self.direction_deg or 0.0)
        if self.towards_px is not None:
            ahead = at_level(camera, [self.towards_px], self.height_m)[0] - place
            direction = np.arctan2(ahead[1], ahead[0])
        return PlacedSeat(float(place[0]), float(place[1]), self.height_m, float(direction))


class CeilingLamp(_Drawn):
    """A lamp that shines down."""

    kind: Literal["panel", "pendant"] = "panel"
    outline_px: Polygon | None = None
    """Outline of the lamp on the background."""
    place_px: Point | None = None
    """Instead of outline_px: its middle, with size_m."""
    place_m: Point | None = None
    """Instead of both: x, y of its middle in metres, with size_m. For lamps that the picture does not show."""
    size_m: tuple[FiniteFloat, FiniteFloat] | None = None
    """Its sides, along world X and Y before it is turned."""
    turn_deg: float = 0.0
    """Its turn, counter-clockwise seen from above."""
    height_m: float | None = Field(default=None, gt=0)
    """Height above the floor; left out: the camera's."""
    strength: float = Field(default=1.0, ge=0)
    """Brightness of its surface against the site's other lamps and windows."""
    colour: Colour | None = None
    """sRGB 0-255 of its light; left out: estimated from the floor."""

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        self._refuse_unless_one("outline_px", "place_px", "place_m")
        if (self.outline_px is None) != (self.size_m is not None):
            raise ValueError("size_m goes with place_px or place_m, and not with outline_px")
        if self.size_m is not None and min(self.size_m) <= 0:
            raise ValueError(f"size_m is {list(self.size_m)}: both sides must be above 0")
        return self

    def placed(self, camera: Camera) -> PlacedLamp:
        """The lamp in the world; of an outline, the smallest rectangle around it."""
        z = self.height_m if self.height_m is not None else camera.pose.height_m
        turn = float(np.radians(self.turn_deg))
        if self.outline_px is not None:
            middle, size, turn = oriented_rectangle(at_level(camera, self.outline_px, z))
        else:
            middle = np.array(self.place_m) if self.place_m else at_level(camera, [self.place_px], z)[0]
            size = self.size_m or (0.6, 0.6)
        center = (float(middle[0]), float(middle[1]), float(z))
        return PlacedLamp(center, size, turn, self.kind, self.strength, self.colour)


class Window(_Drawn):
    """A window in a wall: the line on the floor below it, and how high it begins and ends."""

    base_px: tuple[Point, Point] | None = None
    """The two ends of its wall's foot, straight below the window's ends."""
    base_m: tuple[Point, Point] | None = None
    """Instead of base_px: x, y in metres."""
    sill_m: float = Field(default=0.9, ge=0)
    """Height of its lower edge."""
    top_m: float = Field(default=2.2, gt=0)
    """Height of its upper edge."""
    strength: float = Field(default=1.0, ge=0)
    """Brightness of its surface against the site's other lamps and windows."""
    colour: Colour | None = None
    """sRGB 0-255 of its light; left out: estimated from the floor."""

    @model_validator(mode="after")
    def _upright_and_somewhere(self) -> Self:
        self._refuse_unless_one("base_px", "base_m")
        if self.sill_m >= self.top_m:
            raise ValueError(f"sill_m is {self.sill_m:g}, not below top_m {self.top_m:g}")
        return self

    def ends_m(self, camera: Camera) -> np.ndarray:
        """(2, 2) x, y of its two ends."""
        return np.array(self.base_m, float) if self.base_m else at_level(camera, self.base_px, 0.0)

    def placed(self, camera: Camera, inside_m: np.ndarray) -> PlacedWindow:
        """The window in the world; inside_m (2,) is a point of the room, to which its light goes."""
        base = self.ends_m(camera)
        facing = facing_side(base, inside_m)
        return PlacedWindow(base, self.sill_m, self.top_m, facing, self.strength, self.colour)


class Site(BaseModel):
    """A place under a ceiling camera, checked as a whole by Site.read."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str
    backgrounds: list[Path] = Field(min_length=1)
    """Pictures of the place with as few people as possible; relative to the YAML file, absolute once read."""
    lens: Lens
    """Lens in pixels of the backgrounds, or of the same picture at another size; in the file also a lens file's name."""
    camera_pose: CameraPose = Field(alias="camera")
    """Height and tilt of the camera."""
    floor_px: Polygon
    """Floor on which people may stand."""
    furniture: list[Furniture] = Field(default_factory=list)
    seats: list[Seat] = Field(default_factory=list)
    lamps: list[CeilingLamp] = Field(default_factory=list)
    windows: list[Window] = Field(default_factory=list)
    ignore: list[Polygon] = Field(default_factory=list)
    """Areas of the backgrounds with unlabelled people or mirrors."""
    _notes: list[str] = PrivateAttr(default_factory=list)

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read and check a site, named by its folder or file; InputError names the file, the field and what to do."""
        path = reading.site_file(path)
        value = reading.read_site(path)
        try:
            site = validated(cls, value, "")
        except InputError as error:
            raise InputError(f"{path}: {str(error).lstrip('.: ')}") from None
        backgrounds = [path.parent.resolve() / name for name in site.backgrounds]
        size = reading.common_size(path, backgrounds)
        lens, notes = reading.lens_for(site.lens, size, str(path))
        site = site.model_copy(update={"backgrounds": backgrounds, "lens": lens})
        site._notes = notes
        try:
            checks.check_geometry(site, path)
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
        return at_level(self.camera(), along_edges(self.floor_px), 0.0)

    def furniture_prisms(self) -> list[Prism]:
        """Every piece of furniture in the world."""
        camera = self.camera()
        return [piece.prism(camera) for piece in self.furniture]

    def placed_seats(self) -> list[PlacedSeat]:
        """Every seat in the world."""
        camera = self.camera()
        return [seat.placed(camera) for seat in self.seats]

    def placed_lamps(self) -> list[PlacedLamp]:
        """Every ceiling lamp in the world."""
        camera = self.camera()
        return [lamp.placed(camera) for lamp in self.lamps]

    def placed_windows(self) -> list[PlacedWindow]:
        """Every window in the world, shining towards the floor's middle."""
        camera, inside = self.camera(), self.floor_m().mean(axis=0)
        return [window.placed(camera, inside) for window in self.windows]
