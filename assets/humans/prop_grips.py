"""How hands hold things: where on a posed body a telephone, cup, laptop ... lies, and how it is turned.

A place is a turn (3, 3), whose columns are the thing's own axes (prop_shapes.py), and a shift (3,) of its origin, both
in the person's frame: metres, Z up, facing -Y. Grips are computed from the skin of the palm as it was posed, so they
suit every body.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from assets.humans.anny import load_body_model
from assets.humans.chart import body_chart, canonical_body
from assets.humans.landmarks import face_vertices, head_vertices
from assets.humans.parts import Motion
from assets.humans.prop_shapes import LAPTOP_M, PHONE_M
from assets.humans.surface import vertex_normals
from assets.poses.limbs import FORWARD, UP, frames_of, hand_frame, unit

CLOTH_M = 0.012
"""Clothes on trunk and thighs, beyond which things stay."""
_SLEEVE_M = 0.018
"""So much further in than the palm lies what a sleeved forearm presses to the chest."""
_TIPPED_DEG = 18.0
"""How far a cup at the mouth leans to the face."""
_SLIDE_M = 0.02
"""So far a cup is moved across the palm to come before the mouth."""
_ON_ARM_M = LAPTOP_M[2] + 0.014
"""Height of a laptop's keys above the palm that it lies on: the sleeve is under it too."""
_NEAR_FACE_M = 0.2
"""A palm so near to ear or mouth brings what it holds there."""
_WAYS: dict[str, float] = {"left": 1.0, "right": -1.0}
"""Outward along X."""


class Place(NamedTuple):
    """A thing's axes as columns (3, 3) and its origin (3,)."""

    turn: np.ndarray
    shift_m: np.ndarray


class Hand(NamedTuple):
    """A posed hand: the middle of its palm's skin, and unit vectors out of the palm, to the fingers, to the thumb."""

    palm_m: np.ndarray
    normal: np.ndarray
    along: np.ndarray
    thumb: np.ndarray
    forearm: np.ndarray
    """Unit vector from elbow to wrist."""
    side: Literal["left", "right"]

    @property
    def outward(self) -> np.ndarray:
        """Along X, away from the body on the hand's side."""
        return np.array([_WAYS[self.side], 0.0, 0.0])

    def at(self, normal_m: float = 0.0, along_m: float = 0.0, thumb_m: float = 0.0) -> np.ndarray:
        return self.palm_m + normal_m * self.normal + along_m * self.along + thumb_m * self.thumb


class Surroundings(NamedTuple):
    """What a thing must not go through, and the face: skin of trunk and thighs (k, 3), of the head (k, 3), ears, mouth."""

    body_m: np.ndarray
    head_m: np.ndarray
    ears_m: dict[str, np.ndarray]
    mouth_m: np.ndarray
    head_turn: np.ndarray

    @property
    def face_m(self) -> np.ndarray:
        return self.mouth_m + self.head_turn @ np.array([0.0, 0.0, 0.08])


def posed_hand(motion: Motion, side: Literal["left", "right"]) -> Hand:
    """The person's hand of this side."""
    vertices, frame = _palm(side)
    model = load_body_model()
    palm = motion.pose(motion.rest.vertices_m[vertices], model.weights[vertices]).mean(0)
    turned = motion.turns[model.joint(side.capitalize() + "FingerBase")] @ frame
    elbow, wrist = (motion.heads_m[model.joint(side.capitalize() + joint)] for joint in ("ForeArm", "Hand"))
    return Hand(palm, turned[:, 0], turned[:, 1], turned[:, 2], unit(wrist - elbow), side)


def surroundings(motion: Motion) -> Surroundings:
    """Trunk, thighs and head as posed."""
    vertices, model = _near(), load_body_model()
    places = motion.pose(motion.rest.vertices_m[vertices], model.weights[vertices])
    body, head, left, right, nose = np.split(places, _near_ends())
    turn = motion.turns[model.joint("Head")]
    mouth = nose.mean(0) + turn @ np.array([0.0, 0.014, -0.045])
    return Surroundings(body, head, {"left": left.mean(0), "right": right.mean(0)}, mouth, turn)


@cache
def _palm(side: str) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the palm's skin, and (3, 3) columns: rest directions out of the palm, to the fingers, to the thumb."""
    model, body, name = load_body_model(), canonical_body(), side.capitalize()
    wrist, base = model.joint(name + "Hand"), model.joint(name + "FingerBase")
    axes = hand_frame(name)
    normals = vertex_normals(body.vertices_m, model.triangles["body"])
    skin = np.unique(model.triangles["body"])
    reach = (body.vertices_m[skin] - body.heads_m[wrist]) @ axes[:, 0]
    facing = normals[skin] @ axes[:, 2] * _WAYS[side]
    hand = model.weights[skin][:, [wrist, base]].sum(1) > 0.6
    palm = skin[hand & (reach > 0.04) & (reach < 0.1) & (facing > 0.6)]
    frame = frames_of(normals[palm].mean(0), axes[:, 0])
    frame[:, 2] *= np.sign(frame[:, 2] @ axes[:, 1])
    return palm, frame


@cache
def _near_groups() -> tuple[np.ndarray, ...]:
    """Vertices of trunk and thighs, head, left ear, right ear, nose."""
    model, chart, face = load_body_model(), body_chart(), face_vertices()
    suit = np.unique(model.triangles["helper-tights"])
    body = suit[~chart.is_arm[suit] & (chart.place_m[suit, 2] > 0.45) & (chart.place_m[suit, 2] < 1.48)]
    return body[::2], head_vertices()[::3], face["left_ear"], face["right_ear"], face["nose"]


@cache
def _near() -> np.ndarray:
    return np.concatenate(_near_groups())


@cache
def _near_ends() -> np.ndarray:
    return np.cumsum([len(group) for group in _near_groups()])[:-1]


def axes_of(front: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Columns x, y, z of a thing whose z is front and whose y is up made square to it."""
    z = unit(front)
    y = unit(up - (up @ z) * z)
    return np.stack([np.cross(y, z), y, z], 1)


def level(vector: np.ndarray) -> np.ndarray:
    """Its unit vector in the plane of the floor."""
    return unit(vector * np.array([1.0, 1.0, 0.0]))


def cleared(
    place: Place, size_m: tuple[float, float, float], surface_m: np.ndarray, way: int, gap_m: float,
    most_m: float = 0.2,
) -> Place:  # fmt: skip
    """The place with a cuboid of this size moved along one of its axes until no point of a surface is in it.

    way: 1, 2 or 3 for its x, y or z, negative the other way; most_m: no further than this, lest it leave the hand. The
    origin is the cuboid's middle.
    """
    axis, sign = abs(way) - 1, float(np.sign(way))
    half = np.array(size_m) / 2
    local = (surface_m - place.shift_m) @ place.turn
    others = [number for number in range(3) if number != axis]
    before = (np.abs(local[:, others]) < half[others] + 0.01).all(1)
    if not before.any():
        return place
    needed = float((sign * local[before, axis]).max()) + gap_m + half[axis]
    return place._replace(shift_m=place.shift_m + min(max(needed, 0.0), most_m) * sign * place.turn[:, axis])


def phone_place(hand: Hand, near: Surroundings) -> Place:
    """At the ear along the cheek, or, lower, in the palm with its glass towards the face."""
    ear = near.ears_m[hand.side]
    if np.linalg.norm(hand.palm_m - ear) < _NEAR_FACE_M:
        aside = near.head_turn @ hand.outward
        up = near.head_turn @ np.array([0.0, 0.42, 0.9]) + 0.22 * aside
        turn = axes_of(0.4 * hand.normal - aside, up)
        off = float(np.clip((hand.palm_m - ear) @ aside - 0.010, 0.008, 0.03))
        place = Place(turn, ear - 0.05 * turn[:, 1] + off * aside)
        return cleared(place, PHONE_M, near.head_m, -3, -0.004)
    front = hand.normal + 0.6 * unit(near.face_m - hand.palm_m)
    turn = axes_of(front, UP + 0.6 * FORWARD + 0.4 * hand.along)
    place = Place(turn, hand.at(0.012, 0.008) + 0.022 * turn[:, 1])
    return cleared(place, PHONE_M, near.body_m, 2, CLOTH_M, most_m=0.035)


def cup_place(hand: Hand, near: Surroundings, radius_m: float, height_m: float) -> Place:
    """Upright beside the palm, or tipped to the mouth when it is brought there. Origin: the foot's middle."""
    toward = level(hand.normal)
    beside = hand.palm_m + radius_m * toward
    if np.linalg.norm(hand.palm_m - near.mouth_m) > _NEAR_FACE_M:
        # A mug's handle (-y) points away from the palm.
        turn = axes_of(UP, -toward)
        return Place(turn, beside + 0.012 * level(hand.along) - 0.52 * height_m * UP)
    back = level(near.head_turn @ -FORWARD)
    tip = Rotation.from_rotvec(np.radians(_TIPPED_DEG) * np.cross(UP, back)).as_matrix()
    turn = tip @ axes_of(UP, back)
    aside = float(np.clip((near.mouth_m - beside) @ turn[:, 0], -_SLIDE_M, _SLIDE_M))
    rim = beside + aside * turn[:, 0]
    rim[2] = near.mouth_m[2] + 0.012 + float(np.clip(0.5 * (hand.palm_m - near.mouth_m)[2], 0.0, _SLIDE_M))
    middle = Place(turn, rim - 0.5 * height_m * turn[:, 2])
    middle = cleared(middle, (2 * radius_m, 2 * radius_m, height_m), near.head_m, -2, 0.0)
    return middle._replace(shift_m=middle.shift_m - 0.5 * height_m * turn[:, 2])


def papers_place(hand: Hand, near: Surroundings, thickness_m: float) -> Place:
    """Held between forearm and chest, upright."""
    inward = hand.normal - (hand.normal @ hand.forearm) * hand.forearm
    inward = unit(level(inward) - 0.5 * FORWARD)
    turn = axes_of(-inward, UP)
    middle = hand.at(0.5 * thickness_m) + _SLEEVE_M * inward - 0.03 * hand.forearm + 0.045 * UP
    return cleared(Place(turn, middle), (0.222, 0.308, thickness_m), near.body_m, 3, CLOTH_M, most_m=0.035)


def papers_in_both_place(left: Hand, right: Hand, near: Surroundings) -> Place:
    """Held up by both lower corners to read."""
    middle = (left.at(0.0, 0.01) + right.at(0.0, 0.01)) / 2
    front = unit(left.normal + right.normal) + unit(near.face_m - middle)
    across = right.palm_m - left.palm_m
    turn = axes_of(front, np.cross(front, across))
    return Place(turn, middle + 0.095 * turn[:, 1] + 0.022 * turn[:, 2])


def laptop_place(hand: Hand, near: Surroundings) -> tuple[Place, float]:
    """Open on the palm and forearm, or closed under the arm; and the angle of its lid, degrees."""
    if hand.normal[2] > 0.5:
        ahead = unit(level(hand.along) + FORWARD)
        # The fingers come up behind the hinge.
        on_forearm = UP - (UP @ hand.forearm) * hand.forearm
        turn = axes_of(UP + 2 * on_forearm, ahead)
        middle = hand.at(0.0, 0.02) - 0.5 * LAPTOP_M[1] * turn[:, 1] - 0.05 * hand.outward + _ON_ARM_M * turn[:, 2]
        return cleared(Place(turn, middle), LAPTOP_M, near.body_m, 2, CLOTH_M, most_m=0.04), 105.0
    outward = unit(hand.outward + level(-hand.normal))
    turn = axes_of(outward, UP)
    middle = hand.at(0.5 * LAPTOP_M[2] + 0.004, 0.03) + (0.5 * LAPTOP_M[1] - 0.012) * UP
    return cleared(Place(turn, middle), LAPTOP_M, near.body_m, 3, CLOTH_M), 0.0


def laptop_in_both_place(left: Hand, right: Hand) -> tuple[Place, float]:
    """Open under hands that type, or closed and level on both hands; and the angle of its lid, degrees."""
    middle = (left.palm_m + right.palm_m) / 2
    ahead = level(np.cross(UP, right.palm_m - left.palm_m))
    ahead = ahead * np.sign(ahead @ FORWARD)  # Hands may be crossed.
    if left.normal[2] + right.normal[2] < 0:
        return Place(axes_of(UP, ahead), middle + 0.06 * ahead - 0.022 * UP), 112.0
    turn = axes_of(UP, np.cross(UP, ahead))
    return Place(turn, middle - 0.02 * ahead + (LAPTOP_M[2] + 0.006) * UP), 0.0


def bag_place(hand: Hand) -> Place:
    """Hanging straight down from the bent fingers, its length forward."""
    ahead = unit(level(hand.thumb) + FORWARD)
    turn = np.stack([ahead, np.cross(UP, ahead), UP], 1)
    return Place(turn, hand.at(0.018, 0.034))


def box_place(left: Hand, right: Hand, near: Surroundings, depth_m: float, height_m: float) -> tuple[Place, float]:
    """Between both palms, level, before the belly; and its width in metres."""
    across = level(left.palm_m - right.palm_m)
    turn = np.stack([across, np.cross(UP, across), UP], 1)
    width = float((left.palm_m - right.palm_m) @ across)
    middle = (left.palm_m + right.palm_m) / 2 + (0.5 * height_m - 0.05) * UP
    return cleared(Place(turn, middle), (width, depth_m, height_m), near.body_m, -2, CLOTH_M), width


def box_on_hand_place(hand: Hand, near: Surroundings, depth_m: float, height_m: float) -> tuple[Place, float]:
    """Carried in one hand alone: beside the palm; and its width in metres."""
    across, width = level(hand.normal), 0.3
    turn = np.stack([across, np.cross(UP, across), UP], 1)
    middle = hand.palm_m + 0.5 * width * across
    return cleared(Place(turn, middle), (width, depth_m, height_m), near.body_m, -2, CLOTH_M), width
