"""Where the keypoints of people lie: on their own side, on the skin of the face, at the joints of the limbs."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.classes import CLASS_ID, CLASSES
from annotate.keypoints import KEYPOINTS
from assets.humans.build import build_human
from assets.humans.chart import body_chart
from assets.humans.landmarks import face_vertices
from assets.humans.spec import sample_human
from assets.mesh import Human
from assets.poses.skeleton import ACTIVITIES, Activity, Pose, mirror
from assets.poses.spec import load_pose, sample_pose


def person(seed: int, activity: Activity = "standing") -> Human:
    rng = np.random.default_rng(seed)
    return build_human(sample_human(rng), load_pose(sample_pose(rng, activity)))


def named(human: Human) -> dict[str, np.ndarray]:
    assert human.keypoints_m is not None
    return dict(zip(KEYPOINTS, human.keypoints_m, strict=True))


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_keypoints_lie_inside_the_body_or_on_its_face(activity: Activity) -> None:
    for seed in range(4):
        human = person(seed, activity)
        points = named(human)
        low, high = human.vertices_m.min(0), human.vertices_m.max(0)
        assert all((low <= place).all() and (place <= high).all() for place in points.values())
        head = human.vertices_m[human.triangles[human.triangle_is_head]].reshape(-1, 3)
        for name in ("nose", "left_eye", "right_eye"):
            assert np.linalg.norm(head - points[name], axis=1).min() < 0.02, name


def test_face_of_an_upright_person_is_arranged_as_faces_are() -> None:
    points = named(build_human(sample_human(np.random.default_rng(5)), Pose("rest", "standing", {})))
    nose, ears = points["nose"], (points["left_ear"] + points["right_ear"]) / 2
    eyes = (points["left_eye"] + points["right_eye"]) / 2
    assert nose[1] < eyes[1] < ears[1]  # the person faces -Y
    assert 0.01 < eyes[2] - nose[2] < 0.07
    assert 0.055 < points["left_eye"][0] - points["right_eye"][0] < 0.075  # distance between the pupils of adults
    assert 0.12 < points["left_ear"][0] - points["right_ear"][0] < 0.2
    assert abs(ears[2] - nose[2]) < 0.06


def test_left_is_the_persons_own_left() -> None:
    for seed in range(6):
        points = named(person(seed))
        for part in ("eye", "ear", "shoulder", "hip"):
            assert points[f"left_{part}"][0] > points[f"right_{part}"][0]  # facing -Y, the left is +X


def test_mirrored_pose_exchanges_the_sides_and_keeps_the_names() -> None:
    rng = np.random.default_rng(3)
    spec, pose = sample_human(rng), load_pose(sample_pose(rng, "walking"))
    plain, turned = named(build_human(spec, pose)), named(build_human(spec, mirror(pose)))
    for name in KEYPOINTS:
        other = name.replace("left", "*").replace("right", "left").replace("*", "right")
        np.testing.assert_allclose(turned[name], plain[other] * [-1, 1, 1], atol=0.004, err_msg=name)
    assert plain["left_wrist"][1] != pytest.approx(plain["right_wrist"][1], abs=0.02)


def test_limbs_are_the_joints_and_the_head_lies_between_the_ears() -> None:
    human = person(2, "sitting")
    points = named(human)
    for name, joint in (("left_shoulder", "LeftArm"), ("right_knee", "RightLeg"), ("left_ankle", "LeftFoot")):
        np.testing.assert_allclose(points[name], human.joints_m[joint])
    assert human.head_m is not None
    middle = (points["left_ear"] + points["right_ear"]) / 2
    assert np.linalg.norm(human.head_m - middle) < 0.04
    hips = (points["left_hip"] + points["right_hip"]) / 2
    np.testing.assert_allclose(hips[:2], human.foot_m, atol=1e-6)


def test_head_ends_under_the_chin_and_at_the_nape_and_has_no_neck() -> None:
    for seed in range(10):
        human = build_human(sample_human(np.random.default_rng(seed)), Pose("rest", "standing", {}))
        points = named(human)
        ears = (points["left_ear"] + points["right_ear"]) / 2
        is_skin = human.triangle_is_head & (human.triangle_class == CLASS_ID["skin"])
        middle = human.vertices_m[human.triangles[is_skin]].mean(1)
        front, back = middle[middle[:, 1] < ears[1] - 0.03], middle[middle[:, 1] > ears[1] + 0.03]
        # From the nose's tip to below the chin adults measure 6 to 9 cm; the nape begins about as far below the ears.
        assert 0.06 < points["nose"][2] - front[:, 2].min() < 0.095
        assert 0.04 < ears[2] - back[:, 2].min() < 0.095


def test_points_of_the_face_are_the_same_on_both_sides_of_the_base_mesh() -> None:
    place = body_chart().place_m
    groups = {name: place[chosen].mean(0) for name, chosen in face_vertices().items()}
    assert groups["nose"][0] == pytest.approx(0, abs=1e-6)
    for part in ("eye", "ear"):
        np.testing.assert_allclose(groups[f"left_{part}"], groups[f"right_{part}"] * [-1, 1, 1], atol=1e-5)


def test_every_garment_has_a_class_of_its_own() -> None:
    found: set[str] = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        spec = sample_human(rng)
        if spec.outfit.jacket is None and spec.outfit.top.kind != "dress":
            continue
        human = build_human(spec, load_pose(sample_pose(rng, "standing")))
        classes = {CLASSES[number] for number in np.unique(human.triangle_class)}
        assert ("jacket" in classes) == (spec.outfit.jacket is not None)
        assert ("dress" in classes) == (spec.outfit.top.kind == "dress")
        assert ("top" in classes) <= (spec.outfit.top.kind != "dress")
        found |= classes
        if {"jacket", "dress"} <= found:
            break
    assert {"jacket", "dress"} <= found


def test_numbers_of_classes_never_change() -> None:
    first = (
        "nothing skin hair top bottom shoes headwear accessory floor wall ceiling desk chair screen lamp shelf plant"
    )
    assert [CLASS_ID[name] for name in first.split()] == list(range(17))
    assert (CLASS_ID["clutter"], CLASS_ID["furniture"], CLASS_ID["jacket"], CLASS_ID["bin"]) == (17, 18, 19, 26)
