"""Labels drawn into pictures, and pictures laid out on a sheet: for reports and for looking at."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from annotate.boxes import box_corners, rotated_box_corners
from annotate.dataset_model import Person, Picture
from annotate.errors import InputError
from annotate.outlines import mask_outlines

Colour = tuple[int, int, int]

PERSON_COLOUR: Colour = (255, 196, 0)
HEAD_COLOUR: Colour = (0, 208, 255)
MASK_COLOUR: Colour = (255, 72, 176)
IGNORE_COLOUR: Colour = (160, 160, 160)
"""sRGB; the view page and the reports draw the same labels in the same colours."""
SHEET_COLOUR: Colour = (32, 32, 32)


def draw_labels(
    image: np.ndarray,
    picture: Picture,
    boxes: bool = True,
    heads: bool = True,
    masks: bool = True,
    thickness_px: int | None = None,
) -> np.ndarray:
    """A copy of image with the labels of picture drawn in: person box, head box, mask outline, ignore areas.

    image: HWC uint8 RGB, of the picture's size or another one (the labels are scaled). thickness_px: of the lines;
    left out, it grows with the picture. A rotated box takes the place of the upright one where there is one.
    """
    drawn = np.ascontiguousarray(image).copy()
    scale = np.array([image.shape[1] / picture.width, image.shape[0] / picture.height])
    thickness = thickness_px or max(1, round(max(image.shape[:2]) / 640))
    for area in picture.ignore_areas:
        _draw_polygon(drawn, np.asarray(area) * scale, IGNORE_COLOUR, thickness)
    for person in picture.people:
        if masks and person.segmentation_rle is not None:
            for outline in mask_outlines(person.mask(picture.width, picture.height)):
                _draw_polygon(drawn, outline * scale, MASK_COLOUR, thickness)
        if boxes:
            _draw_polygon(drawn, _person_corners(person) * scale, PERSON_COLOUR, thickness)
        if heads and person.head_bbox is not None:
            _draw_polygon(drawn, box_corners(person.head_bbox) * scale, HEAD_COLOUR, thickness)
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
