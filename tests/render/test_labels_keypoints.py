"""Keypoints of many random people: seen ones in their masks, all inside the silhouette, hidden ones behind something."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely
from shapely.geometry import box as rectangle

from annotate.camera import Camera, CameraPose
from annotate.classes import CLASS_ID
from annotate.dataset_model import Person
from annotate.keypoints import KEYPOINTS
from annotate.lens import EquidistantLens
from assets.humans.build import build_human
from assets.humans.spec import sample_human
from assets.mesh import Human, Material
from assets.poses.skeleton import Pose
from render.config import RenderConfig
from render.keypoint_labels import HALF_THICKNESS_M
from render.labels import SceneLabels, label_scene
from render.place import Place
from render.raster import rasterise
from render.scene import _at, build_place, placed_humans, sample_scene
from render.solids import box

FLOOR = rectangle(-5, -5, 5, 5)
CAMERA = Camera(
    lens=EquidistantLens(width_px=400, height_px=400, cx_px=200, cy_px=200, f_px=400 / math.pi),
    pose=CameraPose(height_m=2.8),
)


@cache
def office(index: int) -> tuple[SceneLabels, list[shapely.Geometry]]:
    """Labels of a crowded office, and the hull of every person's whole silhouette."""
    config = RenderConfig(size_px=320, sitting=(3, 3), standing=(3, 3), seed=11, scenes_per_background=2)
    scene = sample_scene(config, index)
    humans, camera = placed_humans(scene), scene.camera
    labels = label_scene(build_place(scene.place, camera), humans, camera, hidden_below=0.1, min_visible_px=12)
    hulls = []
    for human in humans:
        px = camera.project_world(human.vertices_m)
        hulls.append(shapely.MultiPoint(px[np.isfinite(px[:, 0])]).convex_hull)
    return labels, hulls


def named(person: Person) -> dict[str, tuple[float, float, int]]:
    assert person.keypoints is not None
    return dict(zip(KEYPOINTS, person.keypoints, strict=True))


@pytest.mark.parametrize("index", [0, 1, 2, 5])
def test_seen_keypoints_lie_in_their_mask_and_all_inside_the_silhouette(index: int) -> None:
    labels, hulls = office(index)
    seen = hidden = 0
    for person in labels.people:
        for x, y, visibility in person.keypoints or ():
            if visibility == 2:
                assert labels.mask[math.floor(y), math.floor(x)] == person.instance_id
                seen += 1
            hidden += visibility == 1
            if visibility:
                assert hulls[person.instance_id - 1].buffer(0.5).contains(shapely.Point(x, y))
            else:
                assert (x, y) == (0, 0)
    assert seen > 15 and hidden > 15


@pytest.mark.parametrize("index", [0, 2])
def test_all_labels_of_a_person_agree(index: int) -> None:
    labels, _ = office(index)
    assert labels.dense.classes is not None
    for person in labels.people:
        assert person.whole_bbox is not None
        x, y, w, h = person.whole_bbox
        bx, by, bw, bh = person.bbox
        assert x <= bx and y <= by and bx + bw <= x + w and by + bh <= y + h
        own = labels.dense.classes[labels.mask == person.instance_id]
        people = ("skin", "hair", "top", "bottom", "shoes", "headwear", "accessory", "jacket", "dress")
        assert set(np.unique(own)) <= {CLASS_ID[name] for name in people}
        assert person.hidden == ((person.visible_fraction or 0) < 0.1 or person.area < 12)


def standing(x_m: float, y_m: float, heading_rad: float) -> Human:
    human = build_human(sample_human(np.random.default_rng(4)), Pose("rest", "standing", {}))
    return _at(human, x_m, y_m, heading_rad)


def label(
    place: Place, human: Human, camera: Camera = CAMERA
) -> tuple[dict[str, tuple[float, float, int]], SceneLabels]:
    labels = label_scene(place, [human], camera, hidden_below=0.0, min_visible_px=1)
    return named(labels.people[0]), labels


EMPTY = Place("empty", [], [], FLOOR, [], [])


def test_left_and_right_are_the_persons_own_in_the_picture() -> None:
    # Heading 0 faces world -Y, which is down in the picture; so the person's left is the picture's right.
    down, _ = label(EMPTY, standing(0.4, 1.5, 0.0))
    up, _ = label(EMPTY, standing(0.4, 1.5, math.pi))

    for part in ("shoulder", "hip", "ear", "wrist"):
        assert down[f"left_{part}"][0] > down[f"right_{part}"][0] + 2
        assert up[f"left_{part}"][0] < up[f"right_{part}"][0] - 2


def test_face_is_seen_from_before_and_hidden_from_behind() -> None:
    # The camera is at the origin: somebody at y = 1.8 with heading 0 (facing -Y) looks towards it.
    facing, _ = label(EMPTY, standing(0.0, 1.8, 0.0))
    turned, _ = label(EMPTY, standing(0.0, 1.8, math.pi))

    assert [facing[name][2] for name in ("nose", "left_eye", "right_eye")] == [2, 2, 2]
    assert [turned[name][2] for name in ("nose", "left_eye", "right_eye")] == [1, 1, 1]
    # Knees stay out: from above, a belly or a thigh may lie before them.
    assert [facing[f"{side}_{part}"][2] for side in ("left", "right") for part in ("shoulder", "ankle")] == [2] * 4


def test_desk_before_somebody_hides_hips_and_legs() -> None:
    counter = box((0.0, 1.65, 1.2), (1.8, 0.8, 0.04), Material("grey", (0.5, 0.5, 0.5)), "desk")
    behind = Place("desk", [counter], [], FLOOR, [], [])

    points, labels = label(behind, standing(0.0, 2.2, 0.0))

    assert labels.dense.classes is not None
    for name in ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"):
        x, y, visibility = points[name]
        assert visibility == 1, name
        assert labels.dense.classes[math.floor(y), math.floor(x)] == CLASS_ID["desk"], name
    assert points["left_shoulder"][2] == points["right_shoulder"][2] == points["nose"][2] == 2


@pytest.mark.parametrize(("share", "visibility"), [(0.0, 2), (0.95, 2), (1.05, 1)])
def test_keypoint_is_seen_through_as_much_of_its_own_body_as_its_limb_is_thick(share: float, visibility: int) -> None:
    human = standing(0.9, 0.6, 1.0)
    coverage = rasterise(human, CAMERA)
    # One keypoint under each of 17 pixels of the body, along the ray through the pixel's centre.
    chosen = np.linspace(0, len(coverage.pixels) - 1, len(KEYPOINTS)).astype(int)
    allowed_m = np.array([HALF_THICKNESS_M[name.rpartition("_")[2]] for name in KEYPOINTS])
    rays = CAMERA.rays_world(CAMERA.lens.pixel_centres()[coverage.pixels[chosen]])
    depth_m = coverage.depth_m[chosen] + share * allowed_m

    points, _ = label(EMPTY, replace(human, keypoints_m=CAMERA.position_m + depth_m[:, None] * rays))

    assert {name: point[2] for name, point in points.items()} == dict.fromkeys(KEYPOINTS, visibility)


def test_keypoints_beyond_the_picture_are_zero() -> None:
    lens = EquidistantLens(width_px=400, height_px=180, cx_px=200, cy_px=90, f_px=400 / math.pi)
    points, labels = label(EMPTY, standing(0.0, 1.5, 0.0), Camera(lens=lens, pose=CameraPose(height_m=2.8)))

    outside = [name for name, point in points.items() if point[2] == 0]
    assert "nose" in outside and "left_ankle" not in outside
    assert all(points[name] == (0.0, 0.0, 0) for name in outside)
    assert labels.people[0].truncated


def test_keypoints_are_the_projected_ones_to_a_thousandth_of_a_pixel() -> None:
    human = standing(1.1, -0.7, 2.0)
    points, _ = label(EMPTY, human)
    assert human.keypoints_m is not None
    expected = CAMERA.project_world(human.keypoints_m)
    np.testing.assert_allclose([point[:2] for point in points.values()], expected, atol=6e-4)
    assert len(rasterise(human, CAMERA).pixels) > 100
