"""Heads: hair of every style, skin as thesis Table 7.1 has it, faces that move, and what does not change with them."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from annotate.classes import CLASS_ID
from annotate.errors import InputError
from assets.humans.anny import load_body_model
from assets.humans.build import build_human, rest_body
from assets.humans.chart import body_chart
from assets.humans.face import check_expression, sample_expression, with_expression
from assets.humans.growth import ShadedPart
from assets.humans.hairstyle import HANGING_M, THICKNESS_M, Beard, Hair, HairStyle
from assets.humans.head import skin_shade
from assets.humans.outer_skin import is_head_place, outer_skin, outer_skin_vertices
from assets.humans.skin import HUE, MELANIN, Skin, sample_origin, sample_skin
from assets.humans.skin_parts import skin_surface
from assets.humans.spec import BODY_MASS_INDEX, INDEX_OF_WEIGHT, HumanSpec, sample_human, weight_curve
from assets.humans.surface import vertex_normals
from assets.mesh import Human
from assets.poses.skeleton import Pose

REST = Pose("rest", "standing", {})
BOWED = Pose(
    "bowed",
    "standing",
    {
        "Neck": Rotation.from_euler("x", 35, degrees=True).as_matrix(),
        "Head": Rotation.from_euler("z", 30, degrees=True).as_matrix(),
    },
)


def person(seed: int, style: HairStyle = "short", sex: str | None = None, **changes) -> HumanSpec:
    """Somebody of this style with nothing else on the head, unless changes say so."""
    spec = sample_human(np.random.default_rng(seed), sex)  # type: ignore[arg-type]
    length = HANGING_M.get(style, (0.0, 0.0))[1]
    hair = {"style": style, "thickness_m": THICKNESS_M[style], "length_m": length, "beard": "none"}
    bare = {"headwear": None, "glasses": None, "headphones": None, "expression": {}}
    return spec.model_copy(update={**bare, "hair": spec.hair.model_copy(update=hair), **changes})


def points_of(human: Human, *classes: str) -> np.ndarray:
    """(k, 3) the vertices of these semantic classes."""
    mine = np.isin(human.triangle_class, [CLASS_ID[name] for name in classes])
    return human.vertices_m[np.unique(human.triangles[mine])]


@pytest.mark.parametrize("style", get_args(HairStyle))
def test_every_style_builds_and_lies_on_the_head(style: HairStyle) -> None:
    human = build_human(person(3, style), REST)
    hair = points_of(human, "hair")
    assert np.isfinite(human.vertices_m).all()
    assert len(human.triangles) < 40_000
    if style == "bald":
        assert len(hair) == 0
        return
    assert human.head_m is not None
    top = hair[:, 2].max() - human.head_m[2]
    assert 0.08 < top < 0.26  # half a head is 0.11 m, an afro adds 0.1
    lowest = human.head_m[2] - hair[:, 2].min()
    assert lowest < 0.2 + HANGING_M.get(style, (0.0, 0.0))[1] + 0.1
    assert np.abs(hair[:, 0]).max() < 0.32


@pytest.mark.parametrize("style", ["medium", "bob", "long", "ponytail", "plait"])
@pytest.mark.parametrize("pose", [REST, BOWED], ids=lambda pose: pose.name)
def test_hanging_hair_stays_outside_the_clothes_on_the_trunk(style: HairStyle, pose: Pose) -> None:
    for seed in range(5):
        human = build_human(person(seed, style, "female"), pose)
        hair = points_of(human, "hair")
        for kind in ("top", "jacket", "dress"):
            mine = human.triangle_class == CLASS_ID[kind]
            if not mine.any():
                continue
            triangles = human.triangles[mine]
            cloth, used = human.vertices_m, np.unique(triangles)
            normals = vertex_normals(cloth, triangles)[used]
            distance, nearest = cKDTree(cloth[used]).query(hair, k=6)
            heights = ((hair[:, None] - cloth[used][nearest]) * normals[nearest]).sum(2)
            above = heights.max(1)  # at a rim the cloth's two sides are near, hair outside is above one of them
            assert (above[distance[:, 0] < 0.03] < -0.005).sum() < 4, (seed, kind)  # of some 8000: at a pocket's edge


def test_long_hair_hangs_down_when_the_head_bows() -> None:
    """Its tips lie lower than its roots in the world, not along the tilted neck."""
    spec = person(1, "long", "female")
    upright, bowed = (points_of(build_human(spec, pose), "hair") for pose in (REST, BOWED))
    assert np.ptp(bowed[:, 2]) > 0.75 * np.ptp(upright[:, 2])


@pytest.mark.parametrize("beard", get_args(Beard))
def test_beards_grow_on_the_face_below_the_eyes(beard: Beard) -> None:
    spec = person(2, "bald", "male")
    human = build_human(spec.model_copy(update={"hair": spec.hair.model_copy(update={"beard": beard})}), REST)
    hair = points_of(human, "hair")
    assert (len(hair) > 0) == (beard not in ("none", "stubble"))
    if len(hair):
        assert human.keypoints_m is not None
        assert hair[:, 2].max() < human.keypoints_m[1, 2]
        assert hair[:, 1].max() < human.keypoints_m[3:5, 1].max() + 0.03  # not behind the ears


def test_stubble_darkens_the_jaw_of_light_skin_only_there() -> None:
    spec = person(2, "bald", "male", skin=Skin(melanin=0.2))
    dark_hair = spec.hair.model_copy(update={"color": (0.01, 0.01, 0.01)})
    plain, stubbly = (
        skin_shade(spec.model_copy(update={"hair": dark_hair.model_copy(update={"beard": beard})}))
        for beard in ("none", "stubble")
    )
    place = body_chart().place_m[outer_skin_vertices()]
    changed = np.abs(stubbly - plain).max(1) > 0.02
    assert changed.any()
    assert (stubbly[changed] < plain[changed]).all()
    assert is_head_place(place[changed]).all() and place[changed, 2].max() < 1.70


def test_skin_parameters_are_those_of_the_thesis() -> None:
    """Table 7.1: uniform melanin 0.2..1, hue 0.49..0.51, oil and bump 0..1, over the whole population."""
    people = [sample_human(np.random.default_rng(seed)) for seed in range(400)]
    for name, (low, high) in {"melanin": MELANIN, "hue": HUE, "oil": (0.0, 1.0), "bump": (0.0, 1.0)}.items():
        values = np.sort([getattr(spec.skin, name) for spec in people])
        expected = low + (high - low) * (np.arange(400) + 0.5) / 400
        assert low <= values[0] and values[-1] <= high
        assert np.abs(values - expected).max() < 0.09 * (high - low), name  # Kolmogorov-Smirnov, far below 0.1 %
    young, old = (
        np.mean([spec.skin.age for spec in people if test(spec.age_years)]) for test in (_below_30, _above_55)
    )
    assert young < 0.2 < 0.45 < old


def _below_30(years: float) -> bool:
    return years < 30


def _above_55(years: float) -> bool:
    return years > 55


def test_skin_darkens_with_melanin_and_yellows_with_hue() -> None:
    tones = np.array([Skin(melanin=value).color for value in np.linspace(0.1, 1, 19)])
    assert (np.diff(tones, axis=0) < 0).all()
    assert (tones[:, 0] > tones[:, 1]).all() and (tones[:, 1] > tones[:, 2]).all()
    red, yellow = Skin(hue=0.49).color, Skin(hue=0.51).color
    assert red[1] / red[0] < yellow[1] / yellow[0]


def test_dark_skin_comes_with_african_shares_and_light_skin_with_caucasian_ones() -> None:
    rng = np.random.default_rng(1)
    dark, light = (np.mean([sample_origin(rng, value) for _ in range(200)], 0) for value in (0.95, 0.25))
    assert dark[0] > 0.7 and light[2] > 0.6
    everybody = np.mean([sample_origin(rng, rng.uniform(*MELANIN)) for _ in range(600)], 0)
    assert everybody.min() > 0.2  # all origins


def test_oily_skin_is_smoother_and_old_skin_more_blotched() -> None:
    def skin_of(skin: Skin):
        return build_human(person(4, skin=skin), REST).materials[0]

    dry, oily = skin_of(Skin(oil=0.0)), skin_of(Skin(oil=1.0))
    assert oily.roughness < dry.roughness and oily.specular > dry.specular
    young, old = skin_of(Skin(age=0.0)), skin_of(Skin(age=1.0))
    assert young.second_color is not None and old.second_color is not None
    assert old.second_color[1] < young.second_color[1]
    assert old.bump > young.bump


def test_lips_are_redder_than_the_skin_around_them() -> None:
    shade = skin_shade(person(5, skin=Skin(melanin=0.25)))
    place = body_chart().place_m[outer_skin_vertices()]
    front = np.flatnonzero((np.abs(place[:, 0]) < 0.01) & (place[:, 1] < -0.13) & is_head_place(place))
    redness = (1 + shade[front, 0]) / (1 + shade[front, 1])
    assert redness.max() > 1.3  # the lips
    assert np.median(redness) < 1.25


@pytest.mark.parametrize("action", ["mouthSmileLeft", "jawOpen", "browDownRight", "eyeBlinkLeft"])
def test_expression_moves_the_face_and_nothing_else(action: str) -> None:
    spec = person(6)
    rest = rest_body(spec)
    moved = np.linalg.norm(with_expression(rest, {action: 1.0}).vertices_m - rest.vertices_m, axis=1)
    place = body_chart().place_m
    assert 0.003 < moved.max() < 0.06
    under_chin = np.array([0.0, 0.0, 0.004])  # the chin's lower side moves with the jaw, some of it counts as neck
    assert is_head_place(place[moved > 0.5 * moved.max()] + under_chin).all()
    assert (place[moved > 1e-6, 2] > 1.53).all()  # the throat follows the jaw
    if "Left" in action:
        far = moved > 0.5 * moved.max()
        assert place[far, 0].mean() > 0.005  # the person's left is +X
    np.testing.assert_array_equal(with_expression(rest, {}).vertices_m, rest.vertices_m)


def test_expression_of_a_built_person_stays_on_the_head() -> None:
    spec = person(6)
    plain, smiling = (
        build_human(spec.model_copy(update={"expression": expression}), REST)
        for expression in ({}, {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0})
    )
    moved = np.linalg.norm(plain.vertices_m - smiling.vertices_m, axis=1) > 0.001
    assert moved.any()
    assert moved[np.unique(plain.triangles[plain.triangle_is_head])].sum() > 0.9 * moved.sum()


def test_open_mouth_shows_its_inside() -> None:
    spec = person(6)
    shut, opened = (
        {material.name for material in build_human(spec.model_copy(update={"expression": expression}), REST).materials}
        for expression in ({}, {"jawOpen": 0.3})
    )
    assert opened - shut == {"mouth"}


def test_unknown_facial_action_is_named() -> None:
    with pytest.raises(InputError, match=r"expression\.grin: no such facial action; there are browDownLeft, "):
        check_expression({"grin": 0.5})
    with pytest.raises(InputError, match=r"expression\.jawOpen is 1\.5: a facial action goes from 0 to 1"):
        check_expression({"jawOpen": 1.5})


def test_sampled_faces_are_known_actions_and_mostly_at_rest() -> None:
    rng = np.random.default_rng(0)
    faces = [check_expression(sample_expression(rng)) for _ in range(300)]
    speaking = np.mean([face.get("jawOpen", 0) > 0.03 for face in faces])
    smiling = np.mean([face.get("mouthSmileLeft", 0) > 0.1 for face in faces])
    assert 0.1 < speaking < 0.35 and 0.1 < smiling < 0.3
    assert max(face.get("jawOpen", 0) for face in faces) < 0.35


def test_body_mass_index_is_the_populations() -> None:
    for sex, (median, _) in BODY_MASS_INDEX.items():
        found = []
        for seed in range(250):
            spec = sample_human(np.random.default_rng(seed), sex)  # type: ignore[arg-type]
            found.append(np.interp(spec.weight, (0, 0.25, 0.5, 0.75, 1), weight_curve(sex, spec.muscle)))
        assert np.median(found) == pytest.approx(median, abs=0.9)
        thin, heavy = np.percentile(found, [5, 95])
        assert thin < 19.6 and heavy > 27.5


def test_stored_body_mass_indices_are_those_of_the_model() -> None:
    from assets.humans.anny import Phenotype

    model = load_body_model()
    body = model.triangles["body"]
    for sex, stature in (("male", 1.76), ("female", 1.63)):
        for row, column in ((0, 4), (2, 2), (4, 0)):
            phenotype = Phenotype(female=float(sex == "female"), muscle=row / 4, weight=column / 4)
            points = model.shape(phenotype).vertices_m
            a, b, c = (points[body[:, corner]] for corner in range(3))
            volume = float(np.einsum("na,na->n", a, np.cross(b, c)).sum() / 6)
            height = float(np.ptp(points[np.unique(body), 2]))
            index = 1010 * volume / height**2 * stature / height
            assert index == pytest.approx(INDEX_OF_WEIGHT[sex][row][column], abs=0.15)


def test_same_head_comes_from_the_same_spec() -> None:
    spec = person(8, "curly")
    first = build_human(spec, REST)
    again = build_human(HumanSpec.model_validate_json(spec.model_dump_json()), REST)
    np.testing.assert_array_equal(first.vertices_m, again.vertices_m)
    other = build_human(spec.model_copy(update={"fold_seed": spec.fold_seed + 1}), REST)
    assert points_of(other, "hair").shape != points_of(first, "hair").shape or not np.allclose(
        points_of(other, "hair"), points_of(first, "hair")
    )


def test_hair_and_skin_tell_how_their_colour_varies() -> None:
    from assets.humans.build import _motion
    from assets.humans.hair_parts import hair_parts
    from assets.humans.skin_parts import skin_part
    from assets.humans.wardrobe import dress

    spec = person(9, "short")
    rest = rest_body(spec)
    motion, garments = _motion(rest, {}), dress(spec, rest)
    for part in (skin_part(spec, motion, garments), *hair_parts(spec, motion, garments)):
        assert isinstance(part, ShadedPart)
        assert part.shade.shape == part.points_m.shape
        assert np.isfinite(part.shade).all() and part.shade.min() > -1
        assert part.shade.std() > 0.02
        assert all(material.shaded for material in part.materials if material.name != "tights")


def test_parting_leaves_a_line_of_skin_between_the_locks() -> None:
    spec = person(10, "short", "male")
    parted: Hair = spec.hair.model_copy(update={"sweep": "side", "parting": 0.35})
    plain = parted.model_copy(update={"parting": 0.0})
    with_line, without = (
        build_human(spec.model_copy(update={"hair": hair, "fold_seed": 3}), REST) for hair in (parted, plain)
    )
    assert (with_line.triangle_class == CLASS_ID["hair"]).sum() != (without.triangle_class == CLASS_ID["hair"]).sum()


def test_skin_of_the_young_is_even() -> None:
    rng = np.random.default_rng(2)
    assert np.mean([sample_skin(rng, 20).age for _ in range(50)]) < 0.12
    assert np.mean([sample_skin(rng, 70).age for _ in range(50)]) > 0.65


def test_coarser_skin_lies_where_the_skin_does() -> None:
    """Hands, head and toes have at most half as many triangles; what is left out lies within millimetres of them."""
    surface, (triangles, _) = skin_surface(), outer_skin()
    assert len(surface.triangles) < 0.66 * len(triangles)
    points = body_chart().place_m
    left_out = np.setdiff1d(outer_skin_vertices(), surface.members)
    corners = points[surface.members[surface.triangles]]
    shares = np.random.default_rng(0).dirichlet((1, 1, 1), 30)
    samples = np.einsum("sk,mka->msa", shares, corners).reshape(-1, 3)
    distance = cKDTree(samples).query(points[left_out])[0]
    assert np.percentile(distance, 99) < 0.003 and distance.max() < 0.006
    edges = np.sort(np.concatenate([surface.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), 1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() == 2  # still a surface
    clothes_end = (points[:, 2] > 0.06) & (body_chart().arm_m < 0.57) & ~is_head_place(points)
    assert not clothes_end[left_out].any()


def test_coarser_skin_keeps_its_place_in_the_texture() -> None:
    surface, model = skin_surface(), load_body_model()
    known: dict[int, set[tuple[float, ...]]] = {}
    for corners, places in zip(model.triangles["body"].tolist(), model.uvs["body"].round(5).tolist(), strict=True):
        for vertex, place in zip(corners, places, strict=True):
            known.setdefault(vertex, set()).add(tuple(place))
    for corners, places in zip(surface.members[surface.triangles].tolist(), surface.uvs.round(5).tolist(), strict=True):
        assert all(tuple(place) in known[vertex] for vertex, place in zip(corners, places, strict=True))
