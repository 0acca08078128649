"""Labels drawn where they are, and sheets of exactly the asked width."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.dataset_model import Person, Picture
from annotate.draw import (
    HEAD_COLOUR,
    HIDDEN_COLOUR,
    IGNORE_COLOUR,
    KEYPOINT_COLOUR,
    MASK_COLOUR,
    PERSON_COLOUR,
    RADIUS_COLOUR,
    SHEET_COLOUR,
    contact_sheet,
    draw_labels,
)
from annotate.errors import InputError
from annotate.rle import encode_rle


def labelled_picture() -> Picture:
    mask = np.zeros((60, 80), bool)
    mask[22:38, 32:48] = True
    people = [
        Person(instance_id=1, bbox=(20, 10, 40, 40), head_bbox=(25, 15, 6, 6), segmentation_rle=encode_rle(mask)),
        Person(instance_id=2, bbox=(62, 2, 16, 16), rotated_bbox=(70, 10, 8, 16, -90)),
    ]
    return Picture(
        id=0, file_name="a.png", width=80, height=60, people=people, ignore_areas=[[(2, 40), (12, 40), (2, 50)]]
    )


def pixels_of(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.argwhere((np.abs(image.astype(int) - colour) < 40).all(axis=2))


def test_every_label_is_drawn_at_its_place() -> None:
    black = np.zeros((60, 80, 3), np.uint8)
    drawn = draw_labels(black, labelled_picture())
    assert not black.any()
    for colour, low, high in [
        (HEAD_COLOUR, (14, 24), (21, 31)),
        (MASK_COLOUR, (21, 31), (38, 48)),
        (IGNORE_COLOUR, (39, 1), (50, 12)),
    ]:
        found = pixels_of(drawn, colour)
        assert len(found) > 10
        assert (np.abs(found.min(axis=0) - low) <= 1).all() and (np.abs(found.max(axis=0) - high) <= 1).all()


def test_rotated_box_takes_the_place_of_the_upright_one() -> None:
    found = pixels_of(draw_labels(np.zeros((60, 80, 3), np.uint8), labelled_picture()), PERSON_COLOUR)
    second = found[found[:, 1] > 61]
    assert np.ptp(second[:, 0]) <= 10 and np.ptp(second[:, 1]) >= 14


def test_layers_can_be_left_out_and_a_larger_picture_scales_them() -> None:
    large = np.zeros((120, 160, 3), np.uint8)
    drawn = draw_labels(large, labelled_picture(), heads=False, masks=False)
    assert not len(pixels_of(drawn, HEAD_COLOUR)) and not len(pixels_of(drawn, MASK_COLOUR))
    found = pixels_of(drawn, PERSON_COLOUR)
    assert abs(found[:, 0].max() - 100) <= 2 and abs(found[:, 1].min() - 40) <= 2


def test_seen_keypoints_are_filled_covered_ones_hollow_and_limbs_join_them() -> None:
    points = [(0.0, 0.0, 0)] * 17
    points[5], points[7], points[9] = (20.5, 20.5, 2), (60.5, 20.5, 1), (60.5, 50.5, 2)
    person = Person(instance_id=1, bbox=(1, 1, 90, 70), keypoints=tuple(points))
    picture = Picture(id=0, file_name="a.png", width=100, height=80, people=[person])
    black = np.zeros((80, 100, 3), np.uint8)
    drawn = draw_labels(black, picture, boxes=False)
    lit = {(int(row), int(column)) for row, column in pixels_of(drawn, KEYPOINT_COLOUR)}
    assert {(20, 20), (50, 60), (20, 40), (35, 60)} <= lit, "dots of what is seen, limbs"
    assert (20, 60) not in lit and (20, 62) in lit, "a ring around what is covered"
    assert (35, 20) not in lit and not drawn[:5, :5].any()
    assert not draw_labels(black, picture, boxes=False, keypoints=False).any()


def test_hidden_people_are_dashed_and_nothing_else_of_them_is_drawn() -> None:
    hidden = Person(
        instance_id=1, bbox=(10, 10, 8, 8), whole_bbox=(10, 10, 60, 40), head_bbox=(30, 30, 9, 9), hidden=True
    )
    picture = Picture(id=0, file_name="a.png", width=100, height=80, people=[hidden])
    black = np.zeros((80, 100, 3), np.uint8)
    drawn = draw_labels(black, picture)
    found = pixels_of(drawn, HIDDEN_COLOUR)
    assert 15 < (found[:, 0] == 10).sum() < 50, "the upper edge, 60 px, has gaps"
    assert found.min(axis=0).tolist() == [10, 10] and abs(found.max(axis=0) - [50, 70]).max() <= 1
    assert not len(pixels_of(drawn, HEAD_COLOUR)) and not len(pixels_of(drawn, PERSON_COLOUR))
    assert not draw_labels(black, picture, hidden=False).any()


def test_radius_boxes_are_drawn_on_request_and_head_points_where_no_head_box_is() -> None:
    person = Person(instance_id=1, bbox=(10, 10, 20, 20), radius_bbox=(50, 40, 20, 10, 0), head_point=(70.5, 60.5))
    picture = Picture(id=0, file_name="a.png", width=100, height=80, people=[person])
    black = np.zeros((80, 100, 3), np.uint8)
    assert not len(pixels_of(draw_labels(black, picture), RADIUS_COLOUR))
    drawn = draw_labels(black, picture, radius=True)
    found = pixels_of(drawn, RADIUS_COLOUR)
    assert tuple(np.ptp(found, axis=0)) == (10, 20)
    assert [60, 70] in pixels_of(drawn, HEAD_COLOUR).tolist()


def test_contact_sheet_lays_pictures_out_in_rows() -> None:
    images = [np.full((30, 40, 3), 50 * number, np.uint8) for number in range(5)]
    sheet = contact_sheet(images, columns=2, width=104, gap_px=4)
    assert sheet.shape == (3 * 38 + 2 * 4, 104, 3) and sheet.dtype == np.uint8
    assert (sheet[10, 10] == 0).all() and (sheet[10, 80] == 50).all() and (sheet[50, 10] == 100).all()
    assert (sheet[100, 80] == SHEET_COLOUR).all()


def test_impossible_sheets_are_refused() -> None:
    with pytest.raises(InputError, match="no pictures"):
        contact_sheet([], 2, 100)
    with pytest.raises(InputError, match="3 columns do not fit"):
        contact_sheet([np.zeros((4, 4, 3), np.uint8)] * 3, 3, 8)
