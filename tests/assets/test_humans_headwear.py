"""Headwear hides hair and leaves faces free; glasses stand before the eyes, headphones on the ears; how rare they are."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from annotate.classes import CLASS_ID
from assets.humans.build import build_human
from assets.humans.clothing import Fabric
from assets.humans.glasses import Frame, Glasses, Headphones
from assets.humans.headwear import DRAPES, Drape, Headwear, HeadwearKind
from assets.humans.spec import HumanSpec, sample_human
from assets.humans.surface import vertex_normals
from assets.mesh import Human
from assets.poses.skeleton import Pose

REST = Pose("rest", "standing", {})
TURNED = Pose("turned", "standing", {"Neck": Rotation.from_euler("xyz", (30, 10, 25), degrees=True).as_matrix()})
WORN = [(kind, drape) for kind, drapes in DRAPES.items() for drape in drapes]


def person(seed: int, **changes) -> HumanSpec:
    spec = sample_human(np.random.default_rng(seed), "female")
    hair = spec.hair.model_copy(update={"style": "short", "thickness_m": 0.03, "length_m": 0.0})
    bare = {"headwear": None, "glasses": None, "headphones": None, "expression": {}, "hair": hair}
    return spec.model_copy(update={**bare, **changes})


def worn(kind: HeadwearKind, drape: Drape) -> Headwear:
    return Headwear(kind=kind, drape=drape, fabric=Fabric(color=(0.2, 0.2, 0.4)))


def made_of(human: Human, material: str) -> np.ndarray:
    """(m,) bool: triangles of the material of this name; others of their class (bags, lanyards) are worn elsewhere."""
    names = np.array([each.name for each in human.materials])
    return np.asarray(names[human.triangle_material] == material)


def seen_from_above(human: Human, cell_m: float = 0.008) -> np.ndarray:
    """Classes of the topmost of densely sampled points, one for each cell of the ground under the head."""
    rng = np.random.default_rng(0)
    u, v = rng.random((2, 60))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    head = human.triangle_is_head
    a, b, c = (human.vertices_m[human.triangles[head, corner], None] for corner in range(3))
    points = (a + u[None, :, None] * (b - a) + v[None, :, None] * (c - a)).reshape(-1, 3)
    classes = np.repeat(human.triangle_class[head], 60)
    place = np.floor(points[:, :2] / cell_m).astype(int)
    order = np.lexsort((-points[:, 2], place[:, 1], place[:, 0]))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(place[order], axis=0) != 0).any(1)
    return np.asarray(classes[order[first]])


@pytest.mark.parametrize(("kind", "drape"), WORN)
@pytest.mark.parametrize("pose", [REST, TURNED], ids=lambda pose: pose.name)
def test_headwear_hides_the_hair_below_it(kind: HeadwearKind, drape: Drape, pose: Pose) -> None:
    for seed in range(3):
        human = build_human(person(seed, headwear=worn(kind, drape)), pose)
        assert np.isfinite(human.vertices_m).all() and len(human.triangles) < 40_000
        hair = human.triangle_class == CLASS_ID["hair"]
        if kind == "hijab":
            assert not hair.any()
        classes = seen_from_above(human)
        middle = np.isin(classes, [CLASS_ID["headwear"]]).mean()
        assert middle > 0.55, (seed, middle)
        assert (classes == CLASS_ID["hair"]).mean() < 0.12


@pytest.mark.parametrize(("kind", "drape"), WORN)
def test_headwear_leaves_the_eyes_free_and_belongs_to_the_head(kind: HeadwearKind, drape: Drape) -> None:
    human = build_human(person(4, headwear=worn(kind, drape)), REST)
    mine = human.triangle_class == CLASS_ID["headwear"]
    cloth = human.vertices_m[np.unique(human.triangles[mine])]
    assert human.keypoints_m is not None
    for eye in human.keypoints_m[1:3]:
        before = (np.abs(cloth[:, 0] - eye[0]) < 0.012) & (np.abs(cloth[:, 2] - eye[2]) < 0.012)
        assert not (cloth[before, 1] < eye[1]).any()
    if kind != "hijab":
        assert human.triangle_is_head[mine].all()
        return
    above_chin = human.vertices_m[human.triangles].mean(1)[:, 2] > human.joints_m["Head"][2] + 0.03
    assert human.triangle_is_head[mine & above_chin].all()
    assert not human.triangle_is_head[mine].all()  # what lies on the shoulders is no head


def test_hijab_covers_neck_and_lies_outside_the_clothes() -> None:
    for seed in range(4):
        human = build_human(person(seed, headwear=worn("hijab", "plain")), REST)
        neck, points = human.joints_m["Neck"], human.vertices_m  # below the chin, which the face's opening shows
        skin = points[np.unique(human.triangles[human.triangle_class == CLASS_ID["skin"]])]
        near = (np.abs(skin[:, 2] - neck[2]) < 0.02) & (np.linalg.norm(skin[:, :2] - neck[:2], axis=1) < 0.12)
        assert near.sum() < 25, seed
        scarf, cloth = (human.triangles[human.triangle_class == CLASS_ID[name]] for name in ("headwear", "top"))
        used = np.unique(cloth)
        distance, nearest = cKDTree(points[used]).query(points[np.unique(scarf)], k=6)
        away = points[np.unique(scarf)][:, None] - points[used][nearest]
        heights = (away * vertex_normals(points, cloth)[used][nearest]).sum(2)
        below = (distance[:, 0] < 0.03) & (heights.max(1) < -0.005)
        assert below.sum() < 4, seed


def test_cap_has_a_peak_before_the_brow_or_behind_the_head() -> None:
    for drape, sign in (("plain", -1), ("peak_back", 1)):
        human = build_human(person(5, headwear=worn("cap", drape)), REST)  # type: ignore[arg-type]
        cap = human.vertices_m[np.unique(human.triangles[human.triangle_class == CLASS_ID["headwear"]])]
        assert human.head_m is not None
        reach = [(side * (cap[:, 1] - human.head_m[1])).max() for side in (sign, -sign)]
        assert reach[0] > 0.14 and reach[0] > reach[1] + 0.03


@pytest.mark.parametrize("frame", get_args(Frame))
def test_glasses_stand_before_the_eyes(frame: Frame) -> None:
    for seed in range(6):
        spec = person(seed, glasses=Glasses(frame=frame, color=(0.02, 0.02, 0.02)))
        human = build_human(spec, REST)
        mine = made_of(human, "frame")
        assert human.triangle_is_head[mine].all()
        points = human.vertices_m[np.unique(human.triangles[mine])]
        assert human.keypoints_m is not None
        nose, left, right, ear_left, ear_right = human.keypoints_m[:5]
        front = points[points[:, 1] < left[1]]
        eyeball_front = left[1] - 0.012
        assert front[np.abs(front[:, 0] - nose[0]) < 0.045][:, 1].max() < eyeball_front
        assert front[:, 0].min() < right[0] - 0.01 and front[:, 0].max() > left[0] + 0.01  # around both eyes
        assert np.abs(front[:, 2] - left[2]).max() < 0.045
        assert points[:, 1].max() > min(ear_left[1], ear_right[1]) - 0.02  # the temples reach the ears
        assert front[:, 1].min() > nose[1] - 0.03


def test_glasses_turn_with_the_head() -> None:
    spec = person(2, glasses=Glasses(frame="round", color=(0.02, 0.02, 0.02)))
    for pose in (REST, TURNED):
        human = build_human(spec, pose)
        assert human.keypoints_m is not None
        points = human.vertices_m[np.unique(human.triangles[made_of(human, "frame")])]
        for eye in human.keypoints_m[1:3]:
            assert 0.01 < np.linalg.norm(points - eye, axis=1).min() < 0.04


def test_dark_lenses_are_seen_and_clear_ones_are_not() -> None:
    names = []
    for lens in (None, (0.03, 0.03, 0.03)):
        spec = person(2, glasses=Glasses(frame="aviator", color=(0.02, 0.02, 0.02), lens_color=lens))
        names.append({material.name for material in build_human(spec, REST).materials})
    assert names[1] - names[0] == {"lens"}


@pytest.mark.parametrize("microphone", [False, True])
def test_headphones_lie_on_both_ears_and_over_the_crown(microphone: bool) -> None:
    human = build_human(person(3, headphones=Headphones(color=(0.02, 0.02, 0.02), microphone=microphone)), REST)
    mine = made_of(human, "headphones")
    assert human.triangle_is_head[mine].all()
    points = human.vertices_m[np.unique(human.triangles[mine])]
    assert human.keypoints_m is not None and human.head_m is not None
    for ear in human.keypoints_m[3:5]:
        assert np.linalg.norm(points - ear, axis=1).min() < 0.03
    assert points[:, 2].max() > human.head_m[2] + 0.10
    before = points[:, 1] < human.keypoints_m[1, 1]
    assert before.any() == microphone


def test_headwear_glasses_and_headphones_are_as_common_as_in_offices() -> None:
    people = [sample_human(np.random.default_rng(seed)) for seed in range(1500)]
    share = np.mean([spec.headwear is not None for spec in people])
    hijabs = [spec.headwear is not None and spec.headwear.kind == "hijab" for spec in people if spec.sex == "female"]
    over_forty = [spec.glasses is not None for spec in people if spec.age_years > 40]
    assert 0.035 < share < 0.08
    assert 0.015 < np.mean(hijabs) < 0.05
    assert 0.34 < np.mean(over_forty) < 0.46
    assert 0.05 < np.mean([spec.headphones is not None for spec in people]) < 0.11
    assert not any(spec.sex == "male" and spec.headwear and spec.headwear.kind == "hijab" for spec in people)
    assert all(spec.headwear.drape in DRAPES[spec.headwear.kind] for spec in people if spec.headwear)


def test_people_are_18_to_70_and_of_every_style() -> None:
    people = [sample_human(np.random.default_rng(seed)) for seed in range(600)]
    ages = [spec.age_years for spec in people]
    assert min(ages) == 18 or min(ages) < 20
    assert min(ages) >= 18 and max(ages) <= 70 and max(ages) > 64
    assert len({spec.hair.style for spec in people}) == 12
