"""Labels drawn into pictures, and pictures laid out on a sheet: for reports and for looking at."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from annotate.boxes import box_corners, rotated_box_corners
from annotate.dataset_model import Person, Picture
from annotate.errors import InputError
from annotate.keypoints import SKELETON_NUMBERS
from annotate.outlines import mask_outlines

Colour = tuple[int, int, int]

PERSON_COLOUR: Colour = (255, 196, 0)
HEAD_COLOUR: Colour = (0, 208, 255)
MASK_COLOUR: Colour = (255, 72, 176)
IGNORE_COLOUR: Colour = (160, 160, 160)
KEYPOINT_COLOUR: Colour = (112, 240, 96)
RADIUS_COLOUR: Colour = (176, 128, 255)
WHOLE_COLOUR: Colour = (236, 236, 236)
HIDDEN_COLOUR: Colour = (255, 104, 56)
"""sRGB; the view page and the reports draw the same labels in the same colours."""
SHEET_COLOUR: Colour = (32, 32, 32)


def draw_labels(
    image: np.ndarray,
    picture: Picture,
    boxes: bool = True,
    heads: bool = True,
    masks: bool = True,
    keypoints: bool = True,
    radius: bool = False,
    hidden: bool = True,
    thickness_px: int | None = None,
) -> np.ndarray:
    """A copy of image with the labels of picture drawn in.

    boxes: of people; a rotated box takes the place of the upright one where there is one. heads: boxes, or points where
    there are no boxes. masks: outlines. keypoints: limbs, with filled dots for what is seen and rings for what is
    covered. radius: radius-aligned boxes. hidden: dashed boxes of hidden people, of whom nothing else is drawn. Ignore
    areas are always drawn.
    image: HWC uint8 RGB, of the picture's size or another one (the labels are scaled). thickness_px: of the lines; left
    out, it grows with the picture.
    """
    drawn = np.ascontiguousarray(image).copy()
    scale = np.array([image.shape[1] / picture.width, image.shape[0] / picture.height])
    thickness = thickness_px or max(1, round(max(image.shape[:2]) / 640))
    for area in picture.ignore_areas:
        _draw_polygon(drawn, np.asarray(area) * scale, IGNORE_COLOUR, thickness)
    for person in picture.people if hidden else []:
        if person.hidden:
            _draw_dashed(drawn, box_corners(person.whole_bbox or person.bbox) * scale, HIDDEN_COLOUR, thickness)
    for person in picture.shown_people:
        if masks and person.segmentation_rle is not None:
            for outline in mask_outlines(person.mask(picture.width, picture.height)):
                _draw_polygon(drawn, outline * scale, MASK_COLOUR, thickness)
        if boxes:
            _draw_polygon(drawn, _person_corners(person) * scale, PERSON_COLOUR, thickness)
        if radius and person.radius_bbox is not None:
            _draw_polygon(drawn, rotated_box_corners([person.radius_bbox])[0] * scale, RADIUS_COLOUR, thickness)
        if keypoints and person.keypoints is not None:
            _draw_keypoints(drawn, np.asarray(person.keypoints), scale, thickness)
        if heads:
            _draw_head(drawn, person, scale, thickness)
    return drawn


def contact_sheet(images: Sequence[np.ndarray], columns: int, width: int, gap_px: int = 4) -> np.ndarray:
    """Pictures in rows on one sheet, HWC uint8 RGB of exactly that width.

    images: HWC uint8 RGB of any sizes; each is scaled to its column, a row is as high as its highest picture.
    """
    if not images:
        raise InputError("contact sheet: no pictures to show")
    columns = min(columns, len(images))
    tile = (width - gap_px * (columns - 1)) // columns
    if tile < 1:
        raise InputError(f"contact sheet: {columns} columns do not fit into {width} px; use fewer")
    tiles = [_to_width(image, tile) for image in images]
    rows = [_row(tiles[start : start + columns], width, tile + gap_px) for start in range(0, len(tiles), columns)]
    between = np.full((gap_px, width, 3), SHEET_COLOUR, np.uint8)
    return np.concatenate([part for row in rows for part in (row, between)][:-1])


def _person_corners(person: Person) -> np.ndarray:
    if person.rotated_bbox is not None:
        return np.asarray(rotated_box_corners([person.rotated_bbox])[0])
    return box_corners(person.bbox)


def _draw_polygon(image: np.ndarray, corners_px: np.ndarray, colour: Colour, thickness: int) -> None:
    """Draw a closed outline. A line between two pixels would be two faint ones: it lies on the pixel after the edge."""
    cv2.polylines(image, [np.floor(corners_px).astype(np.int32)], True, colour, thickness, cv2.LINE_AA)


def _draw_dashed(image: np.ndarray, corners_px: np.ndarray, colour: Colour, thickness: int) -> None:
    """A closed outline of dashes and gaps of equal length."""
    dash_px = 4.0 * thickness
    for start, end in zip(corners_px, np.roll(corners_px, -1, axis=0), strict=True):
        length = float(np.linalg.norm(end - start))
        for begin in np.arange(0.0, length, 2 * dash_px):
            ends = (begin / length, min(1.0, (begin + dash_px) / length))
            dash = np.floor([start + part * (end - start) for part in ends]).astype(np.int32)
            cv2.polylines(image, [dash], False, colour, thickness, cv2.LINE_AA)


def _draw_keypoints(image: np.ndarray, keypoints: np.ndarray, scale: np.ndarray, thickness: int) -> None:
    """Limbs between known keypoints (17, 3), a dot for each one seen and a ring for each one covered."""
    places = np.floor(keypoints[:, :2] * scale).astype(np.int32)
    visibility = keypoints[:, 2]
    for first, second in SKELETON_NUMBERS:
        if visibility[first] and visibility[second]:
            cv2.polylines(image, [places[[first, second]]], False, KEYPOINT_COLOUR, thickness, cv2.LINE_AA)
    for place, seen in zip(places.tolist(), visibility, strict=True):
        if seen:
            _draw_dot(image, place, KEYPOINT_COLOUR, thickness, hollow=seen == 1)


def _draw_dot(image: np.ndarray, place: list[int], colour: Colour, thickness: int, hollow: bool = False) -> None:
    cv2.circle(image, place, 2 * thickness, (0, 0, 0) if hollow else colour, -1, cv2.LINE_AA)
    cv2.circle(image, place, 2 * thickness, colour, thickness, cv2.LINE_AA)


def _draw_head(image: np.ndarray, person: Person, scale: np.ndarray, thickness: int) -> None:
    if person.head_bbox is not None:
        _draw_polygon(image, box_corners(person.head_bbox) * scale, HEAD_COLOUR, thickness)
    elif person.head_point is not None:
        place = np.floor(np.asarray(person.head_point) * scale).astype(int).tolist()
        _draw_dot(image, place, HEAD_COLOUR, thickness)


def _to_width(image: np.ndarray, width: int) -> np.ndarray:
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    shrinks = width < image.shape[1]
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return cv2.cvtColor(resized, cv2.COLOR_GRAY2RGB) if resized.ndim == 2 else resized


def _row(tiles: list[np.ndarray], width: int, step: int) -> np.ndarray:
    row = np.full((max(tile.shape[0] for tile in tiles), width, 3), SHEET_COLOUR, np.uint8)
    for column, tile in enumerate(tiles):
        row[: tile.shape[0], column * step : column * step + tile.shape[1]] = tile
    return row
