"""Labels of figures whose silhouettes are known in closed form, and what hides them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box as rectangle

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens
from assets.mesh import Material
from render.labels import box_of_pixels, label_people
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

    labels = label_people(EMPTY, [person], CAMERA, 10)

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
    free = label_people(EMPTY, [person], CAMERA, 10).people[0]

    hidden = label_people(place(shelf, key="shelf"), [person], CAMERA, 10).people[0]

    assert hidden.head_bbox == free.head_bbox
    assert hidden.bbox[0] > free.bbox[0]  # the feet, towards the nadir, are gone
    assert hidden.bbox[0] + hidden.bbox[2] == free.bbox[0] + free.bbox[2]
    assert 0.2 < (hidden.visible_fraction or 0) < 0.95
    assert hidden.area == pytest.approx((hidden.visible_fraction or 0) * free.area, rel=1e-3)


def test_nearer_person_takes_the_pixels_of_the_one_behind() -> None:
    front, back = figure(at=(1.2, 0.0)), figure(at=(1.75, 0.0))
    labels = label_people(EMPTY, [back, front], CAMERA, 10)
    alone = label_people(EMPTY, [front], CAMERA, 10)

    assert [person.instance_id for person in labels.people] == [1, 2]
    np.testing.assert_array_equal(labels.mask == 2, alone.mask == 1)
    assert labels.people[1].visible_fraction == 1.0
    assert (labels.people[0].visible_fraction or 1) < 1.0


def test_hidden_person_is_counted_but_neither_labelled_nor_in_the_mask() -> None:
    wall = box((1.5, 0, 1.45), (0.1, 6.0, 2.9), GREY, "wall")
    labels = label_people(place(wall, key="wall"), [figure(at=(3.0, 0)), figure(at=(-1, 0))], CAMERA, 10)

    assert labels.hidden == [1]
    assert [person.instance_id for person in labels.people] == [2]
    assert set(np.unique(labels.mask)) == {0, 2}


def test_person_cut_by_the_border_is_truncated_and_the_box_stays_inside() -> None:
    lens = EquidistantLens(width_px=80, height_px=200, cx_px=40, cy_px=100, f_px=SIZE / np.pi)
    narrow = Camera(lens=lens, pose=CameraPose(height_m=3.0))

    (label,) = label_people(EMPTY, [figure(at=(1.9, 0.0))], narrow, 1).people

    assert label.truncated
    assert label.bbox[0] + label.bbox[2] <= 80


def test_seen_without_a_head_there_is_no_head_box() -> None:
    roof = box((1.5, 0, 1.8), (1.6, 1.0, 0.02), GREY, "shelf")
    labels = label_people(place(roof, key="roof"), [figure(at=(1.3, 0.0))], CAMERA, 1)

    assert all(person.head_bbox is None for person in labels.people)


def test_box_of_one_pixel_has_one_pixel() -> None:
    assert box_of_pixels(np.array([3 * 50 + 7]), 50) == (7.0, 3.0, 1.0, 1.0)


def test_attributes_stand_with_their_own_person() -> None:
    about = [{"name": "one"}, {"name": "two"}]
    labels = label_people(EMPTY, [figure(at=(1, 0)), figure(at=(-1, 0))], CAMERA, 10, about)

    assert [person.attributes["name"] for person in labels.people] == ["one", "two"]
