"""Glasses and headphones: thin frames on the rest head, worn as one stiff piece. Metres, the rest pose's axes.

Lenses are not modelled: clear ones are seen by their reflections only, which are smaller than a pixel here. Dark ones are.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.humans.anny import RestBody
from assets.humans.chart import canonical_body
from assets.humans.color import Color, linear
from assets.humans.growth import Growth, grid, joined, plain_shade
from assets.humans.landmarks import face_vertices, head_vertices
from assets.mesh import Material

Frame = Literal["round", "rectangular", "aviator", "half_rim", "cat_eye"]


class Glasses(BaseModel):
    """What is worn before the eyes."""

    model_config = ConfigDict(frozen=True)

    frame: Frame
    color: Color
    thickness_m: float = 0.002
    lens_color: Color | None = None
    """Colour of dark lenses; None: clear."""


class Headphones(BaseModel):
    """A band over the head with cups on the ears; a headset has a microphone before the mouth."""

    model_config = ConfigDict(frozen=True)

    color: Color
    cup_m: float = 0.036
    """Radius of a cup."""
    microphone: bool = False


def sample_glasses(rng: np.random.Generator, age_years: float) -> Glasses | None:
    """Two in five people over forty wear glasses, a quarter of the younger ones."""
    if rng.random() > (0.40 if age_years > 40 else 0.25):
        return None
    frames: tuple[Frame, ...] = ("round", "rectangular", "aviator", "half_rim", "cat_eye")
    frame = frames[int(rng.choice(5, p=[0.25, 0.38, 0.12, 0.15, 0.10]))]
    shades = [(0.03, 0.03, 0.03), (0.16, 0.09, 0.05), (0.45, 0.44, 0.43), (0.55, 0.45, 0.25), (0.2, 0.05, 0.08)]
    thin = frame in ("aviator", "half_rim") or rng.random() < 0.4
    return Glasses(
        frame=frame,
        color=linear(shades[int(rng.choice(5, p=[0.5, 0.2, 0.15, 0.08, 0.07]))]),
        thickness_m=round(float(rng.uniform(0.0014, 0.002) if thin else rng.uniform(0.0024, 0.004)), 4),
        lens_color=linear((0.05, 0.05, 0.06)) if rng.random() < 0.03 else None,
    )


def sample_headphones(rng: np.random.Generator) -> Headphones | None:
    """One in twelve wears headphones or a headset."""
    if rng.random() > 0.08:
        return None
    shades = [(0.05, 0.05, 0.05), (0.78, 0.77, 0.75), (0.35, 0.36, 0.38), (0.5, 0.1, 0.1)]
    return Headphones(
        color=linear(shades[int(rng.choice(4, p=[0.62, 0.18, 0.15, 0.05]))]),
        cup_m=round(float(rng.uniform(0.028, 0.042)), 4),
        microphone=bool(rng.random() < 0.5),
    )


def glasses_materials(glasses: Glasses) -> list[Material]:
    """Frame and lens."""
    lens = glasses.lens_color or (0.02, 0.02, 0.02)
    return [
        Material("frame", glasses.color, roughness=0.3, specular=0.5),
        Material("lens", lens, roughness=0.05, specular=0.6),
    ]


def put_on_glasses(glasses: Glasses, rest: RestBody) -> tuple[Growth, Growth | None]:
    """Frame, and dark lenses if it has such, on the rest head: those of the canonical head, moved as its eyes and ears."""
    frame, lenses = _canonical_glasses(glasses.frame, glasses.thickness_m)
    return _fitted(frame, rest), _fitted(lenses, rest) if glasses.lens_color is not None else None


def _fitted(growth: Growth, rest: RestBody) -> Growth:
    """Glasses of the canonical head on another: every point follows the eyes and ears nearby."""
    moves = _places(rest) - _places(canonical_body())
    y = _places(canonical_body())[:, 1]
    behind = np.clip((growth.points_m[:, 1] - y[0]) / (y[2] - y[0]), 0, 1)
    left = np.clip(0.5 + growth.points_m[:, 0] / 0.045, 0, 1)
    before = left[:, None] * moves[0] + (1 - left[:, None]) * moves[1]
    aside = left[:, None] * moves[2] + (1 - left[:, None]) * moves[3]
    return replace(growth, points_m=growth.points_m + (1 - behind[:, None]) * before + behind[:, None] * aside)


def _places(rest: RestBody) -> np.ndarray:
    """(4, 3) of the left and right lens and of the tops of the left and right ear."""
    eyes = [rest.vertices_m[face_vertices()[f"{side}_eye"]].mean(0) for side in ("left", "right")]
    for eye in eyes:
        eye[1] = _before_the_eyes(rest)
    return np.array([*eyes, _ear_top(rest, 1.0), _ear_top(rest, -1.0)])


@lru_cache(maxsize=64)
def _canonical_glasses(frame: Frame, thickness_m: float) -> tuple[Growth, Growth]:
    """Frame and lenses on the canonical head."""
    left, right, *ears = _places(canonical_body())
    parts, lenses = [], []
    rims = [_rim(frame, eye, eye[1], side) for eye, side in zip((left, right), (1.0, -1.0), strict=True)]
    for rim, ear in zip(rims, ears, strict=True):
        shown = rim[12:] if frame == "half_rim" else rim
        parts.append(tube(shown, thickness_m, closed=frame != "half_rim"))
        hinge = rim[np.abs(rim[:, 0]).argmax()] + [0.0, 0.0, 0.006]
        behind = ear + np.array([0.0, 0.012, -0.016])
        parts.append(tube(np.array([hinge, 0.5 * (hinge + ear), ear, behind]), 1.2 * thickness_m))
        lenses.append(_lens(rim))
    inner = [rim[np.abs(rim[:, 0]).argmin()] for rim in rims]
    middle = 0.5 * (inner[0] + inner[1]) + [0.0, -0.003, 0.005]
    parts.append(tube(np.array([inner[0] + [0, 0, 0.003], middle, inner[1] + [0, 0, 0.003]]), thickness_m))
    return joined(parts), joined(lenses)


def _rim(frame: Frame, eye: np.ndarray, front: float, side: float) -> np.ndarray:
    """(24, 3) around one lens, the upper half from 0 to 12, slightly wrapped around the face."""
    turn = np.arange(24) / 24 * 2 * np.pi + np.pi
    across, up = {
        "round": (0.0225, 0.0215), "rectangular": (0.0262, 0.0165), "aviator": (0.0265, 0.0235),
        "half_rim": (0.0260, 0.0160), "cat_eye": (0.0262, 0.0185),
    }[frame]  # fmt: skip
    power = {"rectangular": 0.55, "half_rim": 0.65, "cat_eye": 0.8}.get(frame, 1.0)
    cosine, sine = np.cos(turn), np.sin(turn)
    x = across * np.sign(cosine) * np.abs(cosine) ** power
    z = up * np.sign(sine) * np.abs(sine) ** power
    if frame == "aviator":
        z = np.where(z < 0, z * (1.15 + 0.15 * x / across), 0.8 * z)
    if frame == "cat_eye":
        z = z + 0.005 * np.clip(x / across, 0, 1) * (z > 0)
    x, centre = side * x, eye[0] + side * 0.0025
    points = np.stack([centre + x, np.full(24, front), eye[2] - 0.003 + z], 1)
    points[:, 1] += 2.8 * np.maximum(np.abs(points[:, 0]) - 0.02, 0) ** 2
    return points


def _before_the_eyes(rest: RestBody) -> float:
    """y of the lenses: 9 mm before the eyeballs at least, and before brows and cheeks beside the nose."""
    eyes, face = _face_front()
    balls, skin = rest.vertices_m[eyes], rest.vertices_m[face]
    aside = np.abs(skin[:, 0]) - np.abs(balls[:, 0]).mean()
    beside = (aside > -0.012) & (aside < 0.022) & (np.abs(skin[:, 2] - balls[:, 2].mean()) < 0.019)
    return float(min(balls[:, 1].min() - 0.009, skin[beside, 1].min() - 0.002))


@cache
def _face_front() -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the eyeballs, and of the face about them."""
    eyes = np.concatenate([face_vertices()["left_eye"], face_vertices()["right_eye"]])
    place, balls = canonical_body().vertices_m[head_vertices()], canonical_body().vertices_m[eyes]
    near = (np.abs(place[:, 2] - balls[:, 2].mean()) < 0.05) & (place[:, 1] < balls[:, 1].max())
    return eyes, head_vertices()[near]


def _ear_top(rest: RestBody, side: float) -> np.ndarray:
    """Where an ear meets the head, above it; side: +1 is the person's left."""
    (middle,) = rest.vertices_m[face_vertices()["left_ear" if side > 0 else "right_ear"]]
    return np.asarray(middle + np.array([-side * 0.010, -0.002, 0.026]), float)


def tube(line_m: np.ndarray, width_m: float, closed: bool = False) -> Growth:
    """A square tube along a line (n, 3)."""
    before, after = np.roll(line_m, 1, 0), np.roll(line_m, -1, 0)
    if not closed:
        before[0], after[-1] = line_m[0], line_m[-1]
    along = after - before
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    level = np.array([0.0, 1.0, 0.0]) if np.abs(along[:, 1]).mean() < 0.7 else np.array([0.0, 0.0, 1.0])
    first = np.cross(along, level)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-9)
    second = np.cross(along, first)
    corners = np.stack([first - second, -first - second, second - first, first + second]) * (0.5 * width_m)
    rings = line_m[None] + corners
    if closed:
        rings = np.concatenate([rings, rings[:, :1]], 1)
    return grid(rings.astype(np.float32), np.zeros(rings.shape), closed=True)


def _lens(rim_m: np.ndarray) -> Growth:
    count = len(rim_m)
    points = np.vstack([rim_m, rim_m.mean(0)])
    fan = np.stack([np.full(count, count), np.arange(count), (np.arange(count) + 1) % count], 1)
    return Growth(points, fan, np.zeros((count, 3, 2), np.float32), plain_shade(count + 1))


def put_on_headphones(headphones: Headphones, rest: RestBody, hair_m: float) -> Growth:
    """Band, cups and microphone on the rest head. hair_m: how far the hair under the band stands off the crown."""
    skin = rest.vertices_m[head_vertices()]
    ears = [rest.vertices_m[face_vertices()[f"{side}_ear"]][0] for side in ("left", "right")]
    middle = 0.5 * (ears[0] + ears[1])
    near = np.abs(skin[:, 1] - middle[1]) < 0.02
    height = float(skin[near, 2].max() - middle[2]) + 0.010 + 0.9 * hair_m
    width = float(np.abs(ears[0][0] - ears[1][0])) / 2 + 0.014
    turn = np.linspace(0, np.pi, 21)
    wide = width + (0.004 + 0.5 * hair_m) * np.sin(2 * np.minimum(turn, np.pi - turn)).clip(0)  # over the hair
    arc = np.stack([wide * np.cos(turn), 0 * turn, height * np.sin(turn) ** 0.75], 1) + middle
    parts = [_band(arc, 0.022, 0.006)]
    for ear, side in zip(ears, (1.0, -1.0), strict=True):
        parts.append(_cup(np.array([middle[0] + side * width, ear[1], ear[2]]), side, headphones.cup_m))
    if headphones.microphone:
        mouth = skin[skin[:, 1].argmin()] + [0.03, -0.006, -0.045]
        start = np.array([middle[0] + width, ears[0][1] - 0.012, ears[0][2] - 0.02])
        bend = 0.5 * (start + mouth) + [0.022, -0.01, -0.01]
        parts.append(tube(np.array([start, bend, mouth, mouth + np.array([-0.006, 0.002, 0.0])]), 0.005))
    return joined(parts)


def _band(arc_m: np.ndarray, width_m: float, thickness_m: float) -> Growth:
    """A flat band along an arc in the x-z plane."""
    outward = arc_m - arc_m.mean(0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    across = np.array([0.0, 0.5 * width_m, 0.0])
    out = 0.5 * thickness_m * outward
    rings = np.stack([arc_m - across - out, arc_m + across - out, arc_m + across + out, arc_m - across + out])
    return grid(rings.astype(np.float32), np.zeros(rings.shape), closed=True)


def _cup(centre_m: np.ndarray, side: float, radius_m: float) -> Growth:
    """A round cushion over an ear, its axis along x."""
    turn = np.arange(16)[:, None] / 16 * 2 * np.pi * side
    profile = np.array([(0.02, 1.0), (0.75, 0.95), (1.0, 0.55), (1.0, -0.6), (0.8, -1.0)])
    radius, depth = radius_m * profile[:, 0], 0.013 * profile[:, 1]
    x = np.broadcast_to(side * depth, (16, 5))
    points = np.stack([x, radius * np.cos(turn), 1.15 * radius * np.sin(turn)], -1) + centre_m
    return grid(points.astype(np.float32), np.zeros(points.shape), closed=True, crown=True)
