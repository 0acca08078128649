"""Dressed people: what is covered, what is seen, what each triangle says of itself."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from annotate.classes import CLASS_ID
from assets.humans.anny import load_body_model
from assets.humans.build import build_human, rest_body
from assets.humans.chart import Chart, body_chart
from assets.humans.cloth_parts import ClothPart
from assets.humans.outer_skin import outer_skin
from assets.humans.parts import Motion
from assets.humans.spec import STATURE_M, HumanSpec, sample_human
from assets.humans.surface import UV_SPAN_M, Surface, cut, vertex_normals
from assets.humans.tailoring import OVERLAP_M, hidden
from assets.humans.wardrobe import dress
from assets.mesh import Human
from assets.poses.spec import load_pose, sample_pose


def turn(x: float = 0, y: float = 0, z: float = 0) -> np.ndarray:
    return Rotation.from_euler("xyz", (x, y, z), degrees=True).as_matrix()


STANDING = SimpleNamespace(
    activity="standing", rotations={"LeftArm": turn(y=38), "RightArm": turn(y=-38), "Neck": turn(x=8)}
)
WALKING = SimpleNamespace(
    activity="walking",
    rotations={
        "LeftArm": turn(x=25, y=35), "RightArm": turn(x=-25, y=-35), "LeftUpLeg": turn(x=-28),
        "RightUpLeg": turn(x=18), "LeftLeg": turn(x=10), "RightLeg": turn(x=22),
    },
)  # fmt: skip
SITTING = SimpleNamespace(
    activity="sitting",
    rotations={
        "LeftArm": turn(-20, 30), "RightArm": turn(-20, -30), "LeftUpLeg": turn(-82), "RightUpLeg": turn(-82),
        "LeftLeg": turn(80), "RightLeg": turn(80), "LeftForeArm": turn(-30), "RightForeArm": turn(-30),
    },
)  # fmt: skip


def person(seed: int, **changes) -> HumanSpec:
    return sample_human(np.random.default_rng(seed)).model_copy(update=changes)


def office_worker(seed: int) -> HumanSpec:
    """Somebody in long sleeves, trousers and shoes."""
    for number in range(seed * 100, seed * 100 + 100):
        spec = person(number)
        long = (
            spec.outfit.top.sleeve_m > 0.5 and spec.outfit.bottom is not None and "skirt" not in spec.outfit.bottom.kind
        )
        if long:
            return spec
    raise AssertionError("nobody wears long sleeves and trousers")


def points_on(human: Human, per_triangle: int) -> tuple[np.ndarray, np.ndarray]:
    """Points spread over every triangle, and the triangle of each."""
    rng = np.random.default_rng(0)
    u, v = rng.random((2, per_triangle))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    a, b, c = (human.vertices_m[human.triangles[:, corner], None] for corner in range(3))
    points = a + u[None, :, None] * (b - a) + v[None, :, None] * (c - a)
    return points.reshape(-1, 3), np.repeat(np.arange(len(human.triangles)), per_triangle)


def seen_from(
    human: Human, direction: np.ndarray, per_triangle: int = 20, cell_m: float = 0.01
) -> tuple[np.ndarray, np.ndarray]:
    """Points (k, 3) that nothing hides from a far viewer in this direction, and their triangles, a cell apart.

    Triangles are sampled, so one point in some thousands is seen through a cell that the nearer surface missed.
    """
    points, owner = points_on(human, per_triangle)
    toward = direction / np.linalg.norm(direction)
    side = np.cross(toward, [0.31, 0.95, 0.11])
    side /= np.linalg.norm(side)
    place = np.floor(np.stack([points @ side, points @ np.cross(toward, side)], 1) / cell_m).astype(int)
    cell = place[:, 0] * 100_000 + place[:, 1]
    order = np.lexsort((-(points @ toward), cell))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(cell[order]) != 0
    nearest = order[first]
    return points[nearest], owner[nearest]


@pytest.mark.parametrize("pose", [STANDING, WALKING, SITTING], ids=lambda pose: pose.activity)
@pytest.mark.parametrize("seed", range(3))
def test_no_skin_is_seen_where_clothes_cover(pose, seed):
    human = build_human(office_worker(seed), pose)
    bare = [
        human.joints_m[name] for name in ("Head", "Neck1", "Neck", "LeftHand", "RightHand", "LeftFoot", "RightFoot")
    ]
    for direction in ([0, 0, 1], [0.8, -0.5, 1], [-0.8, -0.6, 1], [0.2, 1, 0.8], [0, -1, 0.3]):
        points, owner = seen_from(human, np.array(direction, float))
        skin = points[human.triangle_class[owner] == CLASS_ID["skin"]]
        far = np.min([np.linalg.norm(skin - joint, axis=1) for joint in bare], axis=0) > 0.26
        assert far.sum() <= 2, f"{far.sum()} of {len(far)} skin samples show through clothes"


@pytest.mark.parametrize("seed", range(5))
def test_skin_under_clothes_is_taken_away(seed):
    spec = person(seed)
    garments = dress(spec, rest_body(spec))
    triangles, _ = outer_skin()
    shown = triangles[~hidden(body_chart(), triangles, garments)]
    for garment in garments:
        assert not (garment.covers(body_chart())[shown] > OVERLAP_M).all(1).any()
    assert len(shown) < 0.8 * len(triangles)


@pytest.mark.parametrize("pose", [STANDING, SITTING], ids=lambda pose: pose.activity)
def test_every_triangle_has_material_class_and_texture(pose):
    for seed in range(12):
        human = build_human(person(seed), pose)
        count = len(human.triangles)
        assert np.isfinite(human.vertices_m).all()
        assert human.triangle_material.shape == human.triangle_class.shape == human.triangle_is_head.shape == (count,)
        assert human.uvs is not None and human.uvs.shape == (count, 3, 2) and np.isfinite(human.uvs).all()
        assert human.triangles.min() == 0 and human.triangles.max() == len(human.vertices_m) - 1
        assert human.triangle_material.min() >= 0 and human.triangle_material.max() < len(human.materials)
        worn = ("skin", "hair", "top", "bottom", "shoes", "jacket", "dress", "headwear", "accessory")
        allowed = [CLASS_ID[name] for name in worn]
        assert np.isin(human.triangle_class, allowed).all()
        for material in human.materials:
            assert all(0 <= value <= 1 for value in (*material.base_color, material.roughness))


def test_head_flag_covers_head_and_its_hair_but_not_the_neck():
    for seed in range(12):
        human = build_human(person(seed), STANDING)
        middle = human.vertices_m[human.triangles].mean(1)
        chin = human.joints_m["Neck1"][2]
        hair = human.triangle_class == CLASS_ID["hair"]
        assert human.triangle_is_head[hair & (middle[:, 2] > chin + 0.03)].all()
        assert not human.triangle_is_head[middle[:, 2] < human.joints_m["Neck"][2] - 0.02].any()
        clothes = [CLASS_ID[name] for name in ("top", "bottom", "jacket", "dress")]
        assert not human.triangle_is_head[np.isin(human.triangle_class, clothes)].any()
        head = middle[human.triangle_is_head]
        assert np.linalg.norm(head - human.joints_m["Head"], axis=1).max() < 0.32
        top = middle[:, 2] > human.joints_m["Head"][2] + 0.08
        assert human.triangle_is_head[top].all()


def test_everybody_but_the_bald_has_hair_on_top_of_the_head():
    styles = set()
    for seed in range(24):
        spec = person(seed)
        human = build_human(spec, STANDING)
        _, owner = seen_from(human, np.array([0, 0, 1.0]), per_triangle=6)
        head = owner[human.triangle_is_head[owner]]
        share = (human.triangle_class[head] == CLASS_ID["hair"]).mean()
        styles.add(spec.hair.style)
        if spec.hair.style == "bald":
            assert share < 0.25
        elif spec.hair.style == "receding":
            assert 0.15 < share < 0.95
        else:
            assert share > 0.55, (seed, spec.hair.style, share)
    assert len(styles) >= 7


def test_hair_stands_off_the_skull():
    spec = person(3)
    hair = spec.hair.model_copy(update={"style": "short", "thickness_m": 0.02})
    with_hair = build_human(spec.model_copy(update={"hair": hair}), STANDING)
    bald = build_human(spec.model_copy(update={"hair": hair.model_copy(update={"style": "bald"})}), STANDING)
    growth = with_hair.vertices_m[:, 2].max() - bald.vertices_m[:, 2].max()
    assert 0.01 < growth < 0.04


@pytest.mark.parametrize("pose", [STANDING, WALKING], ids=lambda pose: pose.activity)
def test_feet_are_on_the_floor(pose):
    for seed in range(5):
        human = build_human(person(seed), pose)
        lowest = human.vertices_m[:, 2].argmin()
        assert abs(human.vertices_m[lowest, 2]) < 1e-5
        owners = (human.triangles == lowest).any(1)
        assert (human.triangle_class[owners] == CLASS_ID["shoes"]).all()
        ankles = (human.joints_m["LeftFoot"] + human.joints_m["RightFoot"]) / 2
        np.testing.assert_allclose(ankles[:2], 0, atol=1e-6)
        assert human.seat_height_m is None


@pytest.mark.parametrize("seat_height_m", [0.42, 0.47, 0.52])
def test_seated_people_sit_on_the_seat_with_feet_on_the_floor(seat_height_m):
    for seed in range(6):
        human = build_human(person(seed, stature_m=1.7), SITTING, seat_height_m)
        assert human.seat_height_m == seat_height_m
        assert abs(human.vertices_m[:, 2].min()) < 0.04
        hips = (human.joints_m["LeftUpLeg"] + human.joints_m["RightUpLeg"]) / 2
        np.testing.assert_allclose(hips[:2], 0, atol=1e-6)
        assert 0.03 < hips[2] - seat_height_m < 0.17


def test_a_chair_is_set_to_its_user():
    heights = [build_human(person(seed), SITTING).seat_height_m for seed in range(12)]
    assert all(0.40 <= height <= 0.55 for height in heights)
    assert np.ptp(heights) > 0.02


def test_everybody_faces_minus_y():
    human = build_human(person(1), STANDING)
    toes = human.joints_m["LeftToeBase"] + human.joints_m["RightToeBase"]
    ankles = human.joints_m["LeftFoot"] + human.joints_m["RightFoot"]
    assert toes[1] < ankles[1] - 0.1
    assert human.joints_m["LeftArm"][0] > 0.1 > -0.1 > human.joints_m["RightArm"][0]


def test_surfaces_face_outwards():
    for seed in range(3):
        human = build_human(person(seed), STANDING)
        for direction in ([0, 0, 1.0], [1.0, 0.2, 0.5], [-0.3, -1.0, 0.4]):
            _, owner = seen_from(human, np.array(direction))
            a, b, c = (human.vertices_m[human.triangles[owner, corner]] for corner in range(3))
            facing = np.cross(b - a, c - a) @ np.array(direction) > 0
            assert facing.mean() > 0.93


def test_same_person_and_pose_give_the_same_arrays():
    for seed in (0, 5, 7):
        spec = person(seed)
        first = build_human(spec, SITTING)
        np.random.default_rng(0).random()
        build_human(person(seed + 1), STANDING)
        again = build_human(HumanSpec.model_validate_json(spec.model_dump_json()), SITTING)
        np.testing.assert_array_equal(first.vertices_m, again.vertices_m)
        np.testing.assert_array_equal(first.triangles, again.triangles)
        np.testing.assert_array_equal(first.uvs, again.uvs)
        assert first.materials == again.materials


def test_people_differ_in_their_materials():
    people = [build_human(person(seed), STANDING) for seed in range(15)]
    for name in ("top", "skin"):
        colors = {material.base_color for human in people for material in human.materials if material.name == name}
        assert len(colors) == 15
    patterns = {material.pattern for human in people for material in human.materials}
    assert {"plain", "strands", "stripes"} <= patterns
    assert len({len(human.triangles) for human in people}) > 10


def test_cut_keeps_exactly_what_is_inside():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    square = Surface(
        points, np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.eye(4, dtype=np.float32),
        Chart(points, np.zeros(4, np.float32)), np.zeros(4, np.float32),
    )  # fmt: skip
    part = cut(square, points[:, 0] - 0.3)
    a, b, c = (part.points_m[part.triangles[:, corner]] for corner in range(3))
    areas = np.cross(b - a, c - a)[:, 2] / 2
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(0.7, abs=1e-6)
    assert part.points_m[:, 0].min() == pytest.approx(0.3, abs=1e-6)
    np.testing.assert_allclose(part.weights.sum(1), 1, atol=1e-6)


def test_statures_are_those_of_adults():
    people = [sample_human(np.random.default_rng(seed)) for seed in range(200)]
    for sex, (mean, deviation) in STATURE_M.items():
        statures = np.array([spec.stature_m for spec in people if spec.sex == sex])
        assert len(statures) > 60
        assert statures.mean() == pytest.approx(mean, abs=0.018)
        assert statures.std() == pytest.approx(deviation, abs=0.015)
    assert all(18 <= spec.age_years <= 70 for spec in people)


def test_body_has_the_stature_of_its_spec():
    triangles, _ = outer_skin()
    for seed in range(8):
        spec = person(seed)
        height = rest_body(spec).vertices_m[np.unique(triangles), 2]
        assert np.ptp(height) == pytest.approx(spec.stature_m, abs=1e-4)


@pytest.mark.parametrize("number", range(12))
def test_nothing_comes_through_what_covers_it(number):
    pytest.importorskip("embreex")
    from benchmarks.clothes import ACTIVITIES, WORST_SHARE, examine

    rng = np.random.default_rng([21, number])
    spec = sample_human(rng)
    found = examine(spec, load_pose(sample_pose(rng, ACTIVITIES[number % 3])))
    assert found.covered_m2 > 0.4
    assert found.share(skin=True) <= WORST_SHARE, found.through_cm2
    assert found.share(skin=False) <= WORST_SHARE, found.through_cm2


def test_the_measure_sees_skin_outside_of_a_shirt():
    pytest.importorskip("embreex")
    from benchmarks import clothes

    spec = office_worker(1)
    layers, parts, motion = clothes.layers_of(spec, STANDING)
    cloth = clothes.Faces(*clothes.together([part for part in parts if isinstance(part, ClothPart)]))
    everything = cloth.scene
    triangles = load_body_model().triangles["body"]
    swollen = motion.rest.vertices_m + 0.05 * vertex_normals(motion.rest.vertices_m, triangles)
    points = motion.pose(swollen, load_body_model().weights)
    bare = clothes.Layer("skin", points, triangles, body_chart(), layers[0].over)
    area, places = clothes.through(everything, cloth, bare)
    assert area > 3000
    assert (np.abs(places[:, 2] - 1.3) < 0.1).any()


def test_clothes_of_anybody_have_few_triangles():
    counts = []
    for seed in range(12):
        spec = person(seed)
        human = build_human(spec, STANDING)
        worn = [CLASS_ID[name] for name in ("top", "bottom", "shoes", "jacket", "dress", "accessory")]
        counts.append(np.isin(human.triangle_class, worn).sum())
    assert np.mean(counts) < 20_000
    assert max(counts) < 30_000


def test_patterns_run_on_from_triangle_to_triangle():
    spec = person(3)
    top = next(garment for garment in dress(spec, rest_body(spec)) if garment.name in ("top", "dress"))
    still = Motion(rest := rest_body(spec), np.tile(np.eye(3), (len(rest.heads_m), 1, 1)), rest.heads_m)
    cloth = top.shape.posed(still)
    torn = torn_sides(cloth.triangles, cloth.uvs * UV_SPAN_M)
    # Tubes are torn along one line each where cloth is sewn: trunk, sleeves, shoulders.
    assert torn < 0.025


def torn_sides(triangles: np.ndarray, uvs_m: np.ndarray) -> float:
    """Share of inner sides at which two triangles' texture coordinates differ by more than 2 mm."""
    sides = np.stack([triangles, np.roll(triangles, -1, 1)], 2).reshape(-1, 2)
    ends = np.stack([uvs_m, np.roll(uvs_m, -1, 1)], 2).reshape(-1, 2, 2)
    order = sides.argsort(1)
    sides, ends = np.take_along_axis(sides, order, 1), np.take_along_axis(ends, order[:, :, None], 1)
    key = sides[:, 0].astype(np.int64) * (triangles.max() + 1) + sides[:, 1]
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    first, second = ends[order][:-1][same], ends[order][1:][same]
    return float((np.abs(first - second).max((1, 2)) > 0.002).mean())
