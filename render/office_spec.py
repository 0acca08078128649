"""OfficeSpec: all that tells one embedded office from another.

World: metres, floor at z = 0. The camera hangs above the world's origin, which lies at (origin_x_m, origin_y_m) of the
room, counted from its corner with the smallest x and y.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from render.office_finishes import AccentKind, CeilingKind, FloorKind
from render.place import Rgb

RoomKind = Literal["open_plan", "mixed", "cells", "meeting", "lounge", "corridor"]
DeskLayout = Literal["islands", "benches", "cubicles", "rows", "walls", "tables"]
ChairMake = Literal["task", "mesh", "executive", "visitor", "conference"]
LampKind = Literal["panels", "strips", "downlights", "pendants"]
Side = Literal["x-", "x+", "y-", "y+"]
SIDES: tuple[Side, ...] = ("x-", "x+", "y-", "y+")


class OfficeSpec(BaseModel):
    """All that tells one office from another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["office"] = "office"
    room: RoomKind = "open_plan"
    """open_plan: desks; mixed: desks and a meeting table, sofas or a kitchen; cells: small rooms along a corridor;
    meeting: one meeting room; lounge: a kitchen with tables and sofas; corridor: doors on both sides."""
    width_m: float = Field(ge=4, le=30)
    """Length of the room along X."""
    depth_m: float = Field(ge=1.8, le=30)
    """Length of the room along Y."""
    ceiling_m: float = Field(ge=2.4, le=6)
    origin_x_m: float
    """Where the camera hangs, from the room's corner."""
    origin_y_m: float
    layout: DeskLayout
    """islands: desks face to face; benches: long ones with a low screen between; cubicles: partitions around each desk;
    rows: all face one way; walls: along the walls and round a table; tables: free tables with chairs around."""
    turned: bool
    """Lines of desks run along Y instead of X."""
    desk_width_m: float = Field(ge=0.9, le=2.2)
    desk_depth_m: float = Field(ge=0.55, le=1.0)
    desk_color: Rgb
    chair: ChairMake
    chair_color: Rgb
    partition_color: Rgb
    sofa_color: Rgb
    floor: FloorKind
    floor_color: Rgb
    floor_second_color: Rgb
    wall_color: Rgb
    accent: AccentKind
    accent_color: Rgb
    accent_side: Side
    ceiling: CeilingKind
    lamps: LampKind
    lamp_pitch_m: float = Field(ge=1.0, le=5.0)
    window_sides: tuple[Side, ...]
    blinds: float = Field(ge=0, le=1)
    """Share of the windows' height that blinds cover."""
    sun_azimuth_deg: float = Field(ge=-80, le=80)
    """Where the sun stands, seen through the first window side: 0 straight before it."""
    sun_elevation_deg: float = Field(ge=5, le=80)
    clutter: float = Field(default=1.0, ge=0, le=6)
    """How many things lie on desks, cupboards and the floor and hang on walls: 1 as in most, 0.2 tidy, 4 chaos."""
    seed: int
    """Draws everything small: which things, screens, how chairs stand."""
    randomised: int | None = None
    """Seed of random textures, lamps and distractors (render.randomise); None for an office as they are."""
