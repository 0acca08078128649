"""What a person holds: how its telephone, cup, papers, laptop, bag and box look, and which of them a pose asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from assets.humans import prop_grips, prop_shapes
from assets.humans.color import Color, linear
from assets.humans.parts import Motion, Part
from assets.humans.prop_grips import Hand, Place, Surroundings
from assets.humans.prop_shapes import Shape
from assets.mesh import Material
from assets.poses.skeleton import Hold, Thing

CupKind = Literal["mug", "paper_cup", "paper_cup_with_lid"]
Side = Literal["left", "right"]

_PAPER: Color = (0.78, 0.78, 0.76)
_PRINT = Material(
    "printed page",
    _PAPER,
    roughness=0.85,
    specular=0.1,
    pattern="stripes",
    second_color=(0.64, 0.64, 0.64),
    scale_m=0.011,
)
_GLASS = Material("phone glass", (0.008, 0.008, 0.01), roughness=0.12, specular=0.5)
_SCREEN = Material("laptop screen", (0.30, 0.36, 0.46), roughness=0.3)
_KEYS = Material("laptop keys", (0.015, 0.015, 0.016), roughness=0.6)
_DRINK = Material("drink", (0.03, 0.014, 0.006), roughness=0.15)
_TAPE = Material("tape", (0.45, 0.33, 0.19), roughness=0.35)
_LID = Material("cup lid", (0.05, 0.05, 0.05), roughness=0.4)
_CUP_M: dict[CupKind, tuple[float, float]] = {
    "mug": (0.041, 0.095), "paper_cup": (0.041, 0.105), "paper_cup_with_lid": (0.042, 0.120),
}  # fmt: skip
"""Radius of the rim and height."""


class PropsSpec(BaseModel):
    """The looks of all things that the person may hold. Colours are linear RGB."""

    model_config = ConfigDict(frozen=True)

    phone_color: Color = (0.02, 0.02, 0.022)
    """Of the case; the glass is dark."""
    cup: CupKind = "mug"
    cup_color: Color = (0.75, 0.75, 0.72)
    cup_size: float = Field(default=1.0, ge=0.85, le=1.15)
    folder_color: Color | None = None
    """None: loose sheets."""
    papers_m: float = Field(default=0.004, gt=0, le=0.03)
    """Thickness."""
    laptop_color: Color = (0.35, 0.36, 0.37)
    bag: prop_shapes.BagKind = "briefcase"
    bag_color: Color = (0.02, 0.016, 0.014)
    bag_size: float = Field(default=1.0, ge=0.85, le=1.15)
    box_color: Color = (0.36, 0.22, 0.11)
    box_m: tuple[float, float] = (0.28, 0.24)
    """Depth and height; a box is as wide as the palms are apart."""


def sample_props(rng: np.random.Generator) -> PropsSpec:
    """Things as office people carry them; every call draws as many numbers."""
    picks, sizes, hues = rng.random(8), rng.random(6), rng.random((4, 3))
    case = _grey(0.02 + 0.1 * hues[0, 2]) if picks[0] < 0.7 else _hue(hues[0])
    cup: CupKind = "mug" if picks[1] < 0.5 else "paper_cup" if picks[1] < 0.75 else "paper_cup_with_lid"
    white = _grey(0.85 + 0.08 * hues[1, 2])
    paper = white if picks[2] < 0.6 else linear((0.55, 0.41, 0.27))
    kinds: tuple[prop_shapes.BagKind, ...] = ("briefcase", "handbag", "tote")
    return PropsSpec(
        phone_color=case,
        cup=cup,
        cup_color=(white if picks[2] < 0.45 else _hue(hues[1])) if cup == "mug" else paper,
        cup_size=round(0.9 + 0.2 * float(sizes[0]), 3),
        folder_color=_hue(hues[2]) if picks[3] < 0.35 else None,
        papers_m=round(0.001 + 0.011 * float(sizes[1]) ** 2, 4),
        laptop_color=_grey(0.6 + 0.12 * hues[3, 2]) if picks[4] < 0.6 else _grey(0.08 + 0.12 * hues[3, 2]),
        bag=kinds[int(3 * picks[5])],
        bag_color=linear(np.array([0.10, 0.08, 0.07]) * (0.6 + sizes[2])) if picks[6] < 0.6 else _hue(hues[3]),
        bag_size=round(0.88 + 0.24 * float(sizes[3]), 3),
        box_color=linear(np.array([0.70, 0.55, 0.38]) * (0.85 + 0.25 * picks[7])),
        box_m=(round(0.22 + 0.12 * float(sizes[4]), 3), round(0.14 + 0.16 * float(sizes[5]), 3)),
    )


def _grey(value: float) -> Color:
    return linear((value, value, value))


def _hue(numbers: np.ndarray) -> Color:
    """A colour of moderate saturation from three numbers in [0, 1]."""
    hue, saturation, value = numbers[0] * 6, 0.15 + 0.55 * numbers[1], 0.15 + 0.6 * numbers[2]
    wheel = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    return linear(value * (1 - saturation * (1 - wheel)))


def prop_parts(props: PropsSpec, holds: Iterable[Hold], motion: Motion) -> list[Part]:
    """What the hands of a posed person hold, as parts of class accessory; a thing in both hands is one part."""
    hands: dict[Thing, list[Side]] = {}
    for one in holds:
        hands.setdefault(one.thing, []).append(one.hand)
    if not hands:
        return []
    near = prop_grips.surroundings(motion)
    parts = []
    for thing, sides in hands.items():
        for group in [sides] if len(set(sides)) == 2 and thing in _IN_BOTH else [[side] for side in sides]:
            held = [prop_grips.posed_hand(motion, side) for side in sorted(group)]
            parts.append(_part(*_MAKERS[thing](props, held, near)))
    return parts


def _part(shape: Shape, place: Place, materials: list[Material]) -> Part:
    posed = shape.moved(place.turn, place.shift_m)
    count = len(posed.triangles)
    points, triangles = posed.points_m.astype(np.float32), posed.triangles.astype(np.int32)
    return Part(points, triangles, materials, posed.look, "accessory", np.zeros(count, bool), posed.uvs)


_Made = tuple[Shape, Place, list[Material]]
_IN_BOTH: tuple[Thing, ...] = ("papers", "laptop", "box")


def _phone(props: PropsSpec, hands: list[Hand], near: Surroundings) -> _Made:
    case = Material("phone", props.phone_color, roughness=0.45)
    return prop_shapes.phone(), prop_grips.phone_place(hands[0], near), [case, _GLASS]


def _cup(props: PropsSpec, hands: list[Hand], near: Surroundings) -> _Made:
    radius, height = (props.cup_size * size for size in _CUP_M[props.cup])
    if props.cup == "mug":
        shape = prop_shapes.mug(radius, height)
    else:
        shape = prop_shapes.paper_cup(radius, height, props.cup == "paper_cup_with_lid")
    wall = Material("cup", props.cup_color, roughness=0.3 if props.cup == "mug" else 0.7)
    return shape, prop_grips.cup_place(hands[0], near, radius, height), [wall, _DRINK, _LID]


def _papers(props: PropsSpec, hands: list[Hand], near: Surroundings) -> _Made:
    sheet = Material("paper", _PAPER, roughness=0.85, specular=0.1)
    cover = Material("folder", props.folder_color or _PAPER, roughness=0.7)
    shape = prop_shapes.papers(props.papers_m, props.folder_color is not None and len(hands) == 1)
    if len(hands) == 1:
        return shape, prop_grips.papers_place(hands[0], near, props.papers_m), [sheet, cover, _PRINT]
    return shape, prop_grips.papers_in_both_place(hands[0], hands[1], near), [sheet, cover, _PRINT]


def _laptop(props: PropsSpec, hands: list[Hand], near: Surroundings) -> _Made:
    if len(hands) == 1:
        place, lid_deg = prop_grips.laptop_place(hands[0], near)
    else:
        place, lid_deg = prop_grips.laptop_in_both_place(hands[0], hands[1])
    case = Material("laptop", props.laptop_color, roughness=0.4, specular=0.5)
    return prop_shapes.laptop(lid_deg), place, [case, _SCREEN, _KEYS]


def _bag(props: PropsSpec, hands: list[Hand], near: Surroundings) -> _Made:
    leather = props.bag != "tote"
    cover = Material(
        "held bag", props.bag_color, roughness=0.5 if leather else 0.9, specular=0.3 if leather else 0.1, bump=0.1
    )
    handle = Material("bag handle", props.bag_color, roughness=0.6)
    return prop_shapes.bag(props.bag, props.bag_size), prop_grips.bag_place(hands[0]), [cover, handle]


def _box(props: PropsSpec, hands: list[Hand], near: Surroundings) -> _Made:
    card = Material("cardboard", props.box_color, roughness=0.85, specular=0.1)
    if len(hands) == 1:
        place, width = prop_grips.box_on_hand_place(hands[0], near, *props.box_m)
    else:
        place, width = prop_grips.box_place(hands[0], hands[1], near, *props.box_m)
    return prop_shapes.box((width, *props.box_m)), place, [card, _TAPE]


_MAKERS = {"phone": _phone, "cup": _cup, "papers": _papers, "laptop": _laptop, "bag": _bag, "box": _box}
