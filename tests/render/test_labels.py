"""Labels of figures whose silhouettes are known in closed form, and what hides them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from annotate.boxes import instance_boxes, mask_to_box
from annotate.camera import Camera, CameraPose
from annotate.dataset_model import with_masks
from annotate.lens import EquidistantLens, KannalaBrandtLens
from annotate.rle import decode_rle
from assets.mesh import Human, Material
from render.labels import SceneLabels, label_scene
from render.person_labels import box_of_pixels, run_lengths
from render.place import Place
from render.solids import box

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import figure

SIZE = 200
CAMERA = Camera(
    lens=EquidistantLens(width_px=SIZE, height_px=SIZE, cx_px=SIZE / 2, cy_px=SIZE / 2, f_px=SIZE / np.pi),
    pose=CameraPose(height_m=3.0),
)
GREY = Material("grey", (0.5, 0.5, 0.5))


def place(*parts: object, key: str) -> Place:
    return Place(key, list(parts), [], rectangle(-5, -5, 5, 5), [], [])  # type: ignore[arg-type]


EMPTY = place(key="empty")


def labelled(
    where: Place, people: list[Human], camera: Camera = CAMERA, min_px: int = 10, below: float = 0.1, **others: Any
) -> SceneLabels:
    return label_scene(where, people, camera, hidden_below=below, min_visible_px=min_px, **others)


def slab_hits(low: tuple[float, ...], high: tuple[float, ...]) -> np.ndarray:
    """HW bool: pixels whose ray meets an axis-aligned box, by the slab method."""
    rays, eye = CAMERA.rays_world(CAMERA.lens.pixel_centres()), CAMERA.position_m
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (np.array(low) - eye) / rays, (np.array(high) - eye) / rays
    near, far = np.minimum(first, second).max(axis=1), np.maximum(first, second).min(axis=1)
    return ((near <= far) & (near > 0)).reshape(SIZE, SIZE)


def test_box_mask_and_head_of_a_figure_are_those_of_its_rays() -> None:
    person = figure(at=(1.5, 0.5))
    trunk = slab_hits((1.25, 0.38, 0.0), (1.75, 0.62, 1.51))
    head = slab_hits((1.41, 0.4, 1.51), (1.59, 0.6, 1.75))

    labels = labelled(EMPTY, [person])

    (label,) = labels.people
    whole = trunk | head
    assert (labels.mask > 0).sum() == pytest.approx(whole.sum(), abs=3)
    rows, columns = np.nonzero(whole)
    expected = (columns.min(), rows.min(), columns.max() - columns.min() + 1, rows.max() - rows.min() + 1)
    assert label.bbox == pytest.approx(expected, abs=1)
    assert label.head_bbox is not None
    rows, columns = np.nonzero(head)
    expected = (columns.min(), rows.min(), columns.max() - columns.min() + 1, rows.max() - rows.min() + 1)
    assert label.head_bbox == pytest.approx(expected, abs=1)
    assert label.visible_fraction == 1.0
    assert not label.truncated


def test_shelf_between_camera_and_person_hides_the_legs_only() -> None:
    person = figure(at=(2.2, 0.0))
    shelf = box((1.6, 0, 0.5), (0.1, 2.0, 1.0), GREY, "shelf")
    free = labelled(EMPTY, [person]).people[0]

    hidden = labelled(place(shelf, key="shelf"), [person]).people[0]

    assert hidden.head_bbox == free.head_bbox
    assert hidden.bbox[0] > free.bbox[0]  # the feet, towards the nadir, are gone
    assert hidden.bbox[0] + hidden.bbox[2] == free.bbox[0] + free.bbox[2]
    assert 0.2 < (hidden.visible_fraction or 0) < 0.95
    assert hidden.area == pytest.approx((hidden.visible_fraction or 0) * free.area, rel=1e-3)


def test_nearer_person_takes_the_pixels_of_the_one_behind() -> None:
    front, back = figure(at=(1.2, 0.0)), figure(at=(1.75, 0.0))
    labels = labelled(EMPTY, [back, front])
    alone = labelled(EMPTY, [front])

    assert [person.instance_id for person in labels.people] == [1, 2]
    np.testing.assert_array_equal(labels.mask == 2, alone.mask == 1)
    assert labels.people[1].visible_fraction == 1.0
    assert (labels.people[0].visible_fraction or 1) < 1.0


def test_person_behind_a_wall_is_flagged_and_keeps_its_labels() -> None:
    wall = box((1.5, 0, 1.45), (0.1, 6.0, 2.9), GREY, "wall")
    alone = labelled(EMPTY, [figure(at=(3.0, 0))]).people[0]

    labels = labelled(place(wall, key="wall"), [figure(at=(3.0, 0)), figure(at=(-1, 0))])

    behind, before = labels.people
    assert (behind.hidden, before.hidden, labels.outside) == (True, False, 0)
    assert set(np.unique(labels.mask)) == {0, 2}
    assert (behind.visible_fraction, behind.area) == (0.0, 0.0)
    assert behind.bbox == behind.whole_bbox == alone.bbox
    assert behind.head_bbox is behind.rotated_bbox is behind.radius_bbox is None
    assert behind.head_point == alone.head_point and behind.foot_m == alone.foot_m
    assert not behind.mask(SIZE, SIZE).any()


def test_person_of_whom_little_shows_is_flagged_and_keeps_its_pixels() -> None:
    wall = box((1.5, 0, 0.975), (0.1, 6.0, 1.95), GREY, "wall")
    where = place(wall, key="low wall")

    (shown,), (flagged,) = (labelled(where, [figure(at=(2.4, 0))], below=below).people for below in (0.0, 0.9))
    (tiny,) = labelled(where, [figure(at=(2.4, 0))], below=0.0, min_px=10_000).people

    assert 0 < (shown.visible_fraction or 0) < 0.9
    assert (shown.hidden, flagged.hidden, tiny.hidden) == (False, True, True)
    assert flagged == shown.model_copy(update={"hidden": True})
    assert (labelled(where, [figure(at=(2.4, 0))], below=0.9).mask == 1).sum() == shown.area


def test_who_shows_exactly_as_much_as_is_asked_for_is_not_hidden() -> None:
    wall = box((1.5, 0, 0.975), (0.1, 6.0, 1.95), GREY, "wall")
    where, human = place(wall, key="low wall"), [figure(at=(2.4, 0))]
    (shown,) = labelled(where, human, below=0.0, min_px=1).people
    share, area = shown.visible_fraction or 0.0, int(shown.area)

    asked = [(share, area), (share + 1e-5, area), (share, area + 1)]
    hidden = [labelled(where, human, below=below, min_px=min_px).people[0].hidden for below, min_px in asked]

    assert hidden == [False, True, True]


def test_person_outside_the_picture_is_only_counted() -> None:
    lens = EquidistantLens(width_px=80, height_px=200, cx_px=40, cy_px=100, f_px=SIZE / np.pi)
    narrow = Camera(lens=lens, pose=CameraPose(height_m=3.0))

    labels = labelled(EMPTY, [figure(at=(6.0, 0.0)), figure(at=(0.0, 1.0))], narrow)

    assert labels.outside == 1
    assert [person.instance_id for person in labels.people] == [2]
    assert set(np.unique(labels.mask)) == {0, 2}


def test_person_cut_by_the_border_is_truncated_and_the_box_stays_inside() -> None:
    lens = EquidistantLens(width_px=80, height_px=200, cx_px=40, cy_px=100, f_px=SIZE / np.pi)
    narrow = Camera(lens=lens, pose=CameraPose(height_m=3.0))

    (label,) = labelled(EMPTY, [figure(at=(1.9, 0.0))], narrow, 1).people

    assert label.truncated
    assert label.bbox[0] + label.bbox[2] <= 80


def test_seen_without_a_head_there_is_no_head_box() -> None:
    roof = box((1.5, 0, 1.8), (1.6, 1.0, 0.02), GREY, "shelf")
    labels = labelled(place(roof, key="roof"), [figure(at=(1.3, 0.0))], min_px=1)

    assert all(person.head_bbox is None for person in labels.people)


def test_box_of_one_pixel_has_one_pixel() -> None:
    assert box_of_pixels(np.array([3 * 50 + 7]), 50) == (7.0, 3.0, 1.0, 1.0)


def test_attributes_stand_with_their_own_person() -> None:
    about = [{"name": "one"}, {"name": "two"}]
    labels = labelled(EMPTY, [figure(at=(1, 0)), figure(at=(-1, 0))], attributes=about)

    assert [person.attributes["name"] for person in labels.people] == ["one", "two"]


TILTED = Camera(
    lens=KannalaBrandtLens(
        width_px=240, height_px=200, cx_px=118, cy_px=103, fx_px=66.0, fy_px=64.0, k1=0.01, k2=-0.003, k3=0.0, k4=0.0,
        max_theta_deg=92,
    ),
    pose=CameraPose(height_m=2.8, tilt_deg=18, tilt_azimuth_deg=60, yaw_deg=25),
)  # fmt: skip
CROWD = [figure(at=(x, y)) for x, y in ((1.2, 0.3), (1.7, 0.4), (-1.5, 1.0), (0.1, 0.1), (-0.5, -2.0), (2.5, -1.5))]


@pytest.mark.parametrize("camera", [CAMERA, TILTED], ids=["upright", "tilted"])
def test_boxes_areas_and_run_lengths_are_those_of_the_mask(camera: Camera) -> None:
    desk = box((1.4, 0.3, 0.5), (0.3, 1.5, 1.0), GREY, "desk")
    labels = labelled(place(desk, key="desk"), CROWD, camera)
    height, width = labels.mask.shape
    expected = instance_boxes(labels.mask)

    assert len(labels.people) == len(CROWD)
    again = with_masks([person.model_copy(update={"area": 0.0}) for person in labels.people], labels.mask)
    for person, encoded in zip(labels.people, again, strict=True):
        own = labels.mask == person.instance_id
        assert list(person.bbox) == expected[person.instance_id] == mask_to_box(own)
        assert (person.area, person.segmentation_rle) == (encoded.area, encoded.segmentation_rle)
        np.testing.assert_array_equal(person.mask(width, height), own)
        (alone,) = labelled(EMPTY, [CROWD[person.instance_id - 1]], camera, below=0.0, min_px=1).people
        assert person.whole_bbox == alone.bbox
        assert person.visible_fraction == pytest.approx(person.area / alone.area, abs=1e-6)


def test_run_lengths_of_pixels_at_the_corners_are_read_back() -> None:
    for chosen in ([], [0], [SIZE * SIZE - 1], [0, SIZE, SIZE * SIZE - 1], list(range(SIZE * SIZE))):
        mask = np.zeros(SIZE * SIZE, bool)
        mask[chosen] = True
        counts = run_lengths(np.flatnonzero(mask), CAMERA)
        np.testing.assert_array_equal(decode_rle(counts, SIZE, SIZE).ravel(), mask)


@pytest.mark.parametrize("camera", [CAMERA, TILTED], ids=["upright", "tilted"])
def test_foot_and_head_positions_are_those_of_the_picture(camera: Camera) -> None:
    for human, person in zip(CROWD, labelled(EMPTY, CROWD, camera).people, strict=True):
        assert person.foot_m is not None and person.head_m is not None and person.head_point is not None
        foot = camera.project_world([[*person.foot_m, 0.0]])
        np.testing.assert_allclose(camera.floor_points(foot)[0, :2], human.foot_m, atol=1e-9)
        ray = camera.rays_world([person.head_point])[0]
        towards = np.array(person.head_m) - camera.position_m
        np.testing.assert_allclose(ray, towards / np.linalg.norm(towards), atol=1e-9)


def test_head_outside_the_picture_has_no_point() -> None:
    lens = EquidistantLens(width_px=100, height_px=200, cx_px=50, cy_px=100, f_px=SIZE / np.pi)
    (person,) = labelled(EMPTY, [figure(at=(1.45, 0))], Camera(lens=lens, pose=CameraPose(height_m=2.0)), 1).people

    assert person.head_point is None and person.truncated and person.head_m is not None
