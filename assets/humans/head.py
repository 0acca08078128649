"""The visible skin: which body triangles a camera can see, what they are made of, how its colour varies, and beards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from assets.humans.anny import RestBody, load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.chart import Chart, body_chart, head_angles
from assets.humans.color import Color
from assets.humans.cuts import ramp
from assets.humans.outer_skin import is_head_place, outer_skin, outer_skin_vertices
from assets.humans.skin import Skin, lip_color, mixed
from assets.humans.surface import Surface, compacted, cut, cut_along, vertex_normals
from assets.mesh import Material

if TYPE_CHECKING:
    from assets.humans.hairstyle import Beard, Hair, HairStyle
    from assets.humans.spec import HumanSpec

_DARK_BROWN: Color = (0.020, 0.012, 0.008)

_BLOOD = np.array([0.04, -0.26, -0.22], np.float32)
_LIPS = np.array([0.88, 0.60, 0.62], np.float32) - 1
_FOLDED = np.array([0.8, 1.0, 1.0], np.float32)
_PALMS = np.array([1.2, 1.0, 0.9], np.float32)
"""What blood, lips, folds and palms add to the skin's colour, as shares of it."""
_SHORN = {"bald": 0.12, "receding": 0.22, "cropped": 0.5}
"""How much of the hair's colour a scalp takes from hair too short to be made."""

SKIN, LIPS, BROWS, SHADOW, LEGWEAR = range(5)
"""Looks of skin triangles: bare, lips, eyebrows, shaved or stubbly, under tights. Anny's skin varies by skin_shade

instead of lips, brows and shadow; other bodies use all of them."""


@cache
def _mouth_m() -> np.ndarray:
    """Canonical middle of the mouth: where the surface inside the mouth meets the face in front."""
    model = load_body_model()
    cavity = np.unique(model.triangles["body"][model.body_part == BODY_PARTS.index("mouth_cavity")])
    rim = np.intersect1d(cavity, np.unique(outer_skin()[0]))
    return np.asarray(body_chart().place_m[rim].mean(0))


def skin_materials(spec: HumanSpec) -> list[Material]:
    """Materials in the order of the looks."""
    skin = spec.skin.color
    legwear = spec.outfit.bottom.legwear if spec.outfit.bottom and spec.outfit.bottom.legwear else skin
    return [
        skin_material("skin", skin, spec.skin),
        skin_material("lips", lip_color(skin), spec.skin),
        skin_material("brows", mixed(skin, brow_color(spec.hair), 0.75), spec.skin),
        skin_material("shaved skin", mixed(skin, spec.hair.color, 0.35), spec.skin),
        Material("tights", mixed(legwear, skin, 0.2), roughness=0.6, specular=0.2),
    ]


def skin_material(name: str, color: Color, skin: Skin) -> Material:
    """Skin of this colour with the shine and relief of a person's skin. second_color: what its blotches tend to."""
    blotch = mixed(color, (color[0] * 0.8, color[1] * 0.5, color[2] * 0.45), 0.3 + 0.7 * skin.age)
    return Material(
        name,
        color,
        roughness=round(0.64 - 0.26 * skin.oil, 3),
        subsurface=0.3,
        specular=round(0.22 + 0.24 * skin.oil, 3),
        bump=round(skin.bump * (0.5 + 0.8 * skin.age), 3),
        pattern="skin",
        second_color=blotch,
        scale_m=0.004,
        shaded=True,
    )


def skin_shade(spec: HumanSpec, chosen: np.ndarray | None = None) -> np.ndarray:
    """(n, 3) for outer_skin_vertices, or the chosen of them: what is added to 1 before it multiplies the skin's colour.

    Blood near the surface reddens lips, cheeks, nose, ears and knuckles; brows, stubble and a shaved scalp mix in the
    hair's colour; eyelids and, with age, folds are darker; palms are paler on dark skin.
    """
    skin, hair = spec.skin, spec.hair
    numbers = slice(None) if chosen is None else chosen
    tone = {name: values[numbers, None] for name, values in face_tone().items()}
    red = tone["blood"] * np.float32(1.1 - 0.75 * skin.melanin) * _BLOOD
    lips = tone["lips"] * (_LIPS * np.float32(1.15 if spec.sex == "female" else 0.8))
    dark = (np.float32(0.16) * tone["lids"] + np.float32(0.05 + 0.22 * skin.age) * tone["folds"]) * _FOLDED
    palms = tone["palms"] * (_PALMS * np.float32(max(skin.melanin - 0.3, 0.0)))
    shade = (1 + red) * (1 + lips) * (1 - dark) * (1 + palms) - 1
    color = np.maximum(np.asarray(skin.color), 1e-3)
    hairs, brow = (np.asarray(np.asarray(own) / color - 1, np.float32) for own in (hair.color, brow_color(hair)))
    shade += _stubble(hair.beard, hair.style)[numbers, None] * (hairs - shade)
    shade += tone["brows"] * np.float32(0.85 if spec.sex == "male" else 0.7) * (brow - shade)
    return np.asarray(shade, np.float32)


def brow_color(hair: Hair) -> Color:
    """Linear RGB: darker than the hair, and never dyed."""
    natural = max(hair.color) < 2.5 * max(min(hair.color), 0.02) or hair.color[0] >= hair.color[2]
    return mixed(hair.color if natural else _DARK_BROWN, _DARK_BROWN, 0.5)


@lru_cache(maxsize=128)
def _stubble(beard: Beard, style: HairStyle) -> np.ndarray:
    """(n,) float32 how much of the skin's colour the short hair on it takes, on jaw and scalp."""
    from assets.humans.hair import scalp_depth

    place = body_chart().place_m[outer_skin_vertices()]
    on_head = _outer_on_head()
    share = np.zeros(len(place), np.float32)
    if beard != "none":
        share[on_head] = 0.38 * ramp(beard_field(place[on_head], beard), -0.003, 0.008)
    if style in _SHORN:
        full = _SHORN[style]
        share[on_head] = np.maximum(share[on_head], full * ramp(scalp_depth("short", place[on_head]), -0.05, 0.12))
    return share


@cache
def _outer_on_head() -> np.ndarray:
    """Which of outer_skin_vertices lie on the head, indices."""
    outer = outer_skin_vertices()
    return np.flatnonzero(is_head_place(body_chart().place_m[outer]) & ~body_chart().is_arm[outer])


@cache
def face_tone() -> dict[str, np.ndarray]:
    """Shares (n,) in [0, 1] for outer_skin_vertices: blood, lips, brows, lids, folds, palms."""
    chart, outer = body_chart(), outer_skin_vertices()
    place, arm = chart.place_m[outer], chart.arm_m[outer]
    x, y, z = np.abs(place[:, 0]), place[:, 1], place[:, 2]
    head = is_head_place(place) & ~chart.is_arm[outer]
    mouth = _mouth_m()
    front = ramp(-y, 0.085, 0.11) * head

    def spot(across: float, up: float, wide: float, high: float) -> np.ndarray:
        return np.asarray(np.exp(-(((x - across) / wide) ** 2) - ((z - up) / high) ** 2) * front)

    face = np.flatnonzero(head & (y < -0.09))
    tip = place[face[y[face].argmin()]]
    blood = 0.8 * spot(0.046, mouth[2] + 0.037, 0.019, 0.017) + 1.0 * spot(0, tip[2], 0.015, 0.014)
    blood = blood + 0.8 * ramp(x, 0.070, 0.078) * head * (z < 1.78) + 0.3 * spot(0, mouth[2] - 0.035, 0.016, 0.012)
    hands = chart.is_arm[outer] * (0.35 * ramp(arm, 0.55, 0.62) + 0.3 * np.exp(-(((arm - 0.66) / 0.012) ** 2)))
    elbows = chart.is_arm[outer] * 0.5 * np.exp(-(((arm - 0.29) / 0.03) ** 2)) * (y > 0)
    lips = ramp(1.25 - np.hypot(x / 0.026, (z - mouth[2]) / 0.0085), 0, 0.35) * ramp(-y, 0.12, 0.13) * head
    arch = 1.7395 + 0.05 * x - 1.4 * np.maximum(x - 0.042, 0)
    brows = ramp(0.0058 - np.abs(z - arch), 0, 0.0035) * ramp(x, 0.010, 0.016) * ramp(0.058 - x, 0, 0.01) * front
    lids = spot(0.031, 1.721, 0.017, 0.010)
    crease = np.abs(x - (0.020 + 0.30 * (mouth[2] + 0.03 - z)))
    folds = ramp(0.005 - crease, 0, 0.005) * ramp(z, mouth[2] - 0.006, mouth[2] + 0.004) * (z < mouth[2] + 0.032)
    folds = np.maximum(folds * front, spot(0.031, 1.703, 0.014, 0.004))
    normals = vertex_normals(chart.place_m, outer_skin()[0])[outer]
    palms = chart.is_arm[outer] * ramp(arm, 0.55, 0.60) * ramp(-normals[:, 2], 0.1, 0.6)
    tones = {
        "blood": blood + hands + elbows,
        "lips": lips,
        "brows": brows,
        "lids": lids,
        "folds": folds,
        "palms": palms,
    }
    return {name: np.clip(values, 0, 1.2).astype(np.float32) for name, values in tones.items()}


def beard_field(place_m: np.ndarray, beard: str = "full") -> np.ndarray:
    """Positive on chin, jaw, and upper lip of canonical points (n, 3); metres. A moustache or goatee has less of it."""
    x, y, z = place_m.T
    mouth = _mouth_m()
    azimuth, _ = head_angles(place_m)
    upper = mouth[2] + 0.014 + 0.35 * np.maximum(y + 0.14, 0) - z
    lower = z - (1.592 + 0.42 * (y + 0.15))
    back = (np.radians(84) - np.abs(azimuth)) * 0.08
    lips = (np.hypot(x / 0.024, (z - mouth[2]) / 0.008) - 1) * 0.008
    whole = np.minimum.reduce([upper, lower, back, lips])
    if beard == "moustache":
        return np.minimum.reduce([whole, z - mouth[2] - 0.001, 0.036 - np.abs(x)])
    if beard == "goatee":
        return np.minimum(whole, 0.034 - np.abs(x))
    return whole


def grow_beard(spec: HumanSpec, rest: RestBody) -> Surface | None:
    """A beard as a layer over chin, jaw and upper lip of the rest body; None where stubble or skin is all there is."""
    thickness = {"short": 0.0035, "full": 0.012, "moustache": 0.006, "goatee": 0.007}.get(spec.hair.beard)
    if thickness is None:
        return None
    members, triangles = _lower_face()
    pattern = _beard_pattern(spec.hair.beard)
    body = rest.vertices_m[members]
    rng = np.random.default_rng([spec.fold_seed, 3])
    uneven = np.clip(1 + 0.25 * rng.normal(size=len(members)), 0.4, 1.8)
    height = thickness * uneven * pattern.fullness + 0.0008
    points = body + height[:, None] * vertex_normals(body, triangles)
    if spec.hair.beard == "full":
        points[:, 2] -= 0.3 * height * ramp(1.66 - body_chart().place_m[members, 2], 0, 0.04)
    first, second, share = pattern.ends[:, 0], pattern.ends[:, 1], pattern.share[:, None]
    points = np.concatenate([points, (1 - share) * points[first] + share * points[second]])
    return replace(pattern.surface, points_m=points[pattern.used].astype(np.float32))


@dataclass(frozen=True)
class _BeardPattern:
    """Where a kind of beard is on every face.

    fullness: (n,) its height at the vertices of the lower face, from 0 at its edge. ends, share: the vertices on its
    edge, as cut_along has them. used: which of old and new vertices the surface has.
    """

    fullness: np.ndarray
    ends: np.ndarray
    share: np.ndarray
    used: np.ndarray
    surface: Surface


@cache
def _beard_pattern(beard: str) -> _BeardPattern:
    model, chart = load_body_model(), body_chart()
    members, triangles = _lower_face()
    place = chart.place_m[members]
    field = beard_field(place, beard)
    ends, share, cut_triangles = cut_along(triangles, field)
    used, _ = compacted(cut_triangles, len(members) + len(ends))
    whole = Surface(
        place, triangles, model.weights[members], Chart(place, chart.arm_m[members]), np.zeros(len(members), np.float32)
    )
    return _BeardPattern(np.sqrt(np.clip(field / 0.012, 0, 1)), ends, share, used, cut(whole, field))


@cache
def _lower_face() -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the face below the eyes, and its triangles in their numbers."""
    triangles, on_head = outer_skin()
    place = body_chart().place_m
    near = on_head & (place[triangles].mean(1)[:, 2] < 1.72) & (place[triangles].mean(1)[:, 1] < 0.0)
    used, flat = np.unique(triangles[near], return_inverse=True)
    return used, flat.reshape(-1, 3)
