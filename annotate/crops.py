"""A person's upright crop and its exact way back into the picture (thesis Algorithms 5 and 6, geometry only).

A ceiling camera sees people lie outwards from the nadir, feet inwards. A crop turns the picture about the person so
that outwards becomes up: the head comes out above the feet. The turn is taken with atan2 and the way back is the exact
inverse of the affine map (Algorithm 5 uses atan and a case for each half of the picture, which lose the sign).

Coordinates are pixels, in the picture and in the crop, edges at whole numbers and pixel centres at +0.5; OpenCV's warp
counts centres at +0 and gets its matrix shifted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from annotate.boxes import box_corners
from annotate.errors import InputError
from annotate.lens import Array, as_rows

Image = NDArray[Any]
HEAD_AT = (0.5, 0.25)
"""Where a head is put, as fractions of the crop's width and height."""
PERSON_AT = (0.5, 0.5)
"""Where the middle of a person's box is put."""

_MAX_OVERSAMPLING = 8
"""Samples along each axis for one output pixel when shrinking; enough for a 1,000 px person in a 128 px crop."""


@dataclass(frozen=True, eq=False)
class CropFrame:
    """A square crop's place in its picture.

    picture_from_crop: 2 x 3, takes a crop position (x, y, 1) in px to the picture: a turn, one scale, a shift.
    size_px: side of the crop.
    """

    picture_from_crop: Array
    size_px: int

    @property
    def crop_from_picture(self) -> Array:
        """2 x 3, the exact inverse."""
        turn, shift = self.picture_from_crop[:, :2], self.picture_from_crop[:, 2]
        back = np.linalg.inv(turn)
        return np.column_stack([back, -back @ shift])

    @property
    def picture_px_per_crop_px(self) -> float:
        """Above 1 the crop is a reduction of the picture, below 1 an enlargement."""
        return math.sqrt(abs(float(np.linalg.det(self.picture_from_crop[:, :2]))))

    def to_picture(self, crop_px: ArrayLike) -> Array:
        """Picture positions (n, 2) of crop positions (n, 2)."""
        return _apply(self.picture_from_crop, crop_px)

    def to_crop(self, picture_px: ArrayLike) -> Array:
        """Crop positions (n, 2) of picture positions (n, 2)."""
        return _apply(self.crop_from_picture, picture_px)

    def corners_px(self) -> Array:
        """(4, 2) corners of the crop in the picture: the crop's upper left, then clockwise."""
        return self.to_picture(box_corners([0, 0, self.size_px, self.size_px]))


def outward_angle_rad(anchor_px: ArrayLike, nadir_px: ArrayLike) -> float:
    """Angle from the picture's vertical, clockwise, of the direction from the nadir to the anchor; 0 at the nadir."""
    dx, dy = np.asarray(anchor_px, float) - np.asarray(nadir_px, float)
    return math.atan2(dx, -dy) if dx or dy else 0.0


def upright_crop(
    anchor_px: ArrayLike,
    nadir_px: ArrayLike,
    window_px: float,
    size_px: int,
    anchor_at: tuple[float, float] = HEAD_AT,
) -> CropFrame:
    """The crop in which the direction from the nadir to the anchor points up (thesis Algorithm 5, lines 5 to 15).

    anchor_px, nadir_px: (2,) in the picture. window_px: side of the square that is cut out of the picture.
    size_px: side of the crop it becomes. anchor_at: where in the crop the anchor comes to lie, fractions from the upper
    left. An anchor exactly at the nadir has no outward direction: nothing is turned. Raises InputError for a window,
    size or position that is not finite and positive.
    """
    anchor, nadir = np.asarray(anchor_px, float), np.asarray(nadir_px, float)
    if not (np.isfinite(anchor).all() and np.isfinite(nadir).all()):
        raise InputError(f"crop: anchor {anchor.tolist()} or nadir {nadir.tolist()} is not finite; check the camera")
    if not (math.isfinite(window_px) and window_px > 0 and size_px > 0):
        raise InputError(f"crop: window of {window_px} px for a crop of {size_px} px; both must be above 0")
    angle = outward_angle_rad(anchor, nadir)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) * (window_px / size_px)
    shift = anchor - turn @ (np.asarray(anchor_at, float) * size_px)
    return CropFrame(np.column_stack([turn, shift]), size_px)


def person_crop(
    head_box: ArrayLike | None,
    person_box: ArrayLike,
    nadir_px: ArrayLike,
    size_px: int,
    anchor: Literal["auto", "head", "person"] = "auto",
    window_px: float | None = None,
    margin: float = 1.25,
) -> CropFrame:
    """The upright crop of one labelled person.

    head_box, person_box: [x, y, w, h] px. anchor: "head" puts the middle of the head box at HEAD_AT, "person" the
    middle of the person box at PERSON_AT, "auto" the head where one is labelled. window_px: side of the square cut out;
    None takes the smallest in which the person box fits with the anchor in its place, times margin. Raises InputError
    for anchor "head" without a head box and for a box without area.
    """
    if anchor == "head" and head_box is None:
        raise InputError('crop: the anchor is "head" but this person has no head box; use the anchor "person"')
    on_head = head_box is not None and anchor != "person"
    box = np.asarray(head_box if on_head else person_box, float)
    middle, place = box[:2] + box[2:] / 2, HEAD_AT if on_head else PERSON_AT
    if window_px is None:
        window_px = margin * fitting_window_px(person_box, middle, nadir_px, place)
    return upright_crop(middle, nadir_px, window_px, size_px, place)


def fitting_window_px(
    person_box: ArrayLike, anchor_px: ArrayLike, nadir_px: ArrayLike, anchor_at: tuple[float, float]
) -> float:
    """Side in px of the smallest upright window, anchor in its place, that holds all corners of an [x, y, w, h] box."""
    box = np.asarray(person_box, float)
    if not (np.isfinite(box).all() and box[2] > 0 and box[3] > 0):
        raise InputError(f"crop: person box {box.tolist()} has no area; remove it or give its width and height")
    unit = upright_crop(anchor_px, nadir_px, 1.0, 1, anchor_at)
    reach = unit.to_crop(box_corners(box)) - np.asarray(anchor_at)
    room = np.where(reach > 0, 1 - np.asarray(anchor_at), np.asarray(anchor_at))
    return float((np.abs(reach) / room).max())


def extract(image: Image, frame: CropFrame) -> Image:
    """The upright crop, size_px x size_px (x channels), of an image HWC or HW, uint8 or float; same dtype.

    Shrinking averages over the area that a crop pixel covers; enlarging is bicubic (bilinear beyond four channels).
    Outside the picture is black, as is the surrounding of a fisheye's circle.
    """
    scale = frame.picture_px_per_crop_px
    oversampling = _oversampling(scale)
    # OpenCV's bicubic warp takes four channels at most.
    bicubic = scale < 1 and (image.ndim == 2 or image.shape[2] <= 4)
    interpolation = cv2.INTER_CUBIC if bicubic else cv2.INTER_LINEAR
    crop = _warp(image, frame.picture_from_crop, frame.size_px, frame.size_px, oversampling, interpolation)
    # Bicubic overshoots at edges: floats stay in the image's own range, as uint8 does.
    return crop if image.dtype == np.uint8 else np.clip(crop, min(0, image.min()), max(0, image.max()))


def extract_labels(labels: Image, frame: CropFrame) -> Image:
    """The upright crop of a map of numbers (instance mask, class map), HW: the nearest pixel's, never mixed."""
    # OpenCV knows no booleans.
    numbers = labels.astype(np.uint8) if labels.dtype == bool else labels
    crop = _warp(numbers, frame.picture_from_crop, frame.size_px, frame.size_px, 1, cv2.INTER_NEAREST)
    return crop.astype(labels.dtype)


def picture_window(frame: CropFrame, height_px: int, width_px: int) -> tuple[slice, slice]:
    """Rows and columns of the picture that the crop touches; empty slices if it lies outside."""
    corners = frame.corners_px()
    low = np.floor(corners.min(axis=0)).astype(int) - 1
    high = np.ceil(corners.max(axis=0)).astype(int) + 1
    left, right = np.clip([low[0], high[0]], 0, width_px)
    top, bottom = np.clip([low[1], high[1]], 0, height_px)
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def warp_back(crop: Image, frame: CropFrame, window: tuple[slice, slice]) -> NDArray[np.float32]:
    """What a crop (size_px x size_px (x channels), any range) looks like in a window of its picture; 0 outside it.

    Bilinear where the picture is finer than the crop, averaged over area where it is coarser.
    """
    rows, columns = window
    height, width = rows.stop - rows.start, columns.stop - columns.start
    crop = np.ascontiguousarray(crop, np.float32)
    if height <= 0 or width <= 0:
        return np.zeros((max(height, 0), max(width, 0), *crop.shape[2:]), np.float32)
    crop_from_window = frame.crop_from_picture.copy()
    crop_from_window[:, 2] += crop_from_window[:, :2] @ [columns.start, rows.start]
    oversampling = _oversampling(1 / frame.picture_px_per_crop_px)
    return _warp(crop, crop_from_window, width, height, oversampling, cv2.INTER_LINEAR)


def reinsert(
    picture: NDArray[np.uint8], original_crop: Image, refined_crop: Image, frame: CropFrame, alpha: Image
) -> NDArray[np.uint8]:
    """The picture with what refining changed in the crop, through the person's mask (thesis Algorithm 6).

    picture: HWC (or HW) uint8. original_crop: what `extract` gave; refined_crop: its refined version; both 0-255, uint8
    or float. alpha: HW of the picture, 0 keeps the picture, 1 takes the refined person. Only the difference of the two
    crops is warped and added: an unchanged crop changes not one bit, and nothing is blurred by the way there and back.
    """
    if original_crop.shape != refined_crop.shape or alpha.shape != picture.shape[:2]:
        raise InputError(
            f"reinsert: crops of {original_crop.shape} and {refined_crop.shape}, alpha of {alpha.shape} for a picture"
            f" of {picture.shape}: expected two crops of one size and alpha as high and wide as the picture"
        )
    window = picture_window(frame, *picture.shape[:2])
    change = warp_back(refined_crop.astype(np.float32) - original_crop.astype(np.float32), frame, window)
    weight = alpha[window].astype(np.float32)
    change *= weight[..., None] if picture.ndim == 3 else weight
    result = picture.copy()
    result[window] = np.clip(np.rint(picture[window] + change), 0, 255).astype(np.uint8)
    return result


def _warp(
    image: Image, source_from_target: Array, width: int, height: int, oversampling: int, interpolation: int
) -> Image:
    """Sample image at the places that an affine map (2 x 3, positions with centres at +0.5) gives; black outside.

    oversampling: samples along each axis for one pixel, averaged.
    """
    matrix = source_from_target.copy()
    matrix[:, :2] /= oversampling
    # p_source + 0.5 = A (p_target + 0.5) + t: the same map for OpenCV, whose pixel centres are whole numbers.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    warped = cv2.warpAffine(
        image,
        matrix,
        (width * oversampling, height * oversampling),
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    if oversampling > 1:
        warped = cv2.resize(warped, (width, height), interpolation=cv2.INTER_AREA)
    return warped.reshape(height, width, *image.shape[2:])


def _oversampling(source_px_per_target_px: float) -> int:
    return max(1, min(_MAX_OVERSAMPLING, math.ceil(source_px_per_target_px - 1e-6)))


def _apply(affine: Array, points: ArrayLike) -> Array:
    return np.asarray(as_rows(points, 2, "points") @ affine[:, :2].T + affine[:, 2])
