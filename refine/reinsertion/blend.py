"""Putting all refined people of a picture back in one blend (thesis Algorithm 6, softened).

The thesis superimposes crop after crop and cuts along the mask, which leaves hard borders where crops overlap, where a
crop does not hold the whole person and along the silhouette (its Figures 5.14 and 5.15). Here every crop has a weight
that changes by a bounded step from pixel to pixel, and a pixel gets the weighted mean of what the refiner changed:

    result = picture + sum_i w_i * change_i / max(1, sum_i w_i)

w_i is 1/2 on the edge of person i's mask, 1 from feather_px inside and 0 from feather_px outside. The weights of two
people who touch therefore add up to 1 across their common edge: one change fades into the other. Towards the background
the change fades to nothing. Only the difference of two crops is warped: an unchanged crop changes not one bit, and
nothing is blurred by the way there and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from annotate.crops import CropFrame, picture_window, warp_back

WINDOW_FADE = 0.1
"""Part of a crop's side over which a change fades towards the window's edges, for a person who is wholly inside.

A fitted window with the default margin of 1.25 leaves a tenth of its side around the person, who so keeps full weight.
"""
CUT_FADE = 0.3
"""The same for a person of whom a tenth or more lies outside the window; in between it rises evenly.

Over a tenth of the side, a window that cuts through a head can still be made out as a rectangle.
"""

Window = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class RefinedCrop:
    """One person's crop before and after refinement."""

    instance_id: int
    """The person's value in the instance mask."""
    frame: CropFrame
    original: NDArray[np.uint8]
    """size, size, 3 RGB: what was cut out of the picture."""
    refined: NDArray[np.uint8]
    """size, size, 3 RGB."""


def blend(
    picture: NDArray[np.uint8], mask: NDArray[np.integer], crops: Sequence[RefinedCrop], feather_px: float
) -> NDArray[np.uint8]:
    """The picture with its refined people, HWC uint8 RGB.

    mask: HW instance ids. feather_px: half the width, in pixels of the picture, of the ramp across a mask's edge. The
    order of the crops does not matter beyond rounding.
    """
    total = np.zeros(picture.shape, np.float32)
    weights = np.zeros(picture.shape[:2], np.float32)
    for crop in crops:
        window, weight = person_weight(mask, crop.instance_id, crop.frame, feather_px)
        if weight.any():
            change = warp_back(cv2.subtract(crop.refined, crop.original, dtype=cv2.CV_32F), crop.frame, window)
            change *= weight[..., None]
            total[window] += change
            weights[window] += weight
    # People cover a small part of the picture; only their pixels are worked on.
    touched = np.flatnonzero(weights)
    scale = np.maximum(weights.ravel()[touched], np.float32(1.0))
    result = picture.reshape(-1, picture.shape[2]).copy()
    mixed = result[touched] + total.reshape(result.shape)[touched] / scale[:, None]
    result[touched] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return result.reshape(picture.shape)


def person_weight(
    mask: NDArray[np.integer], instance_id: int, frame: CropFrame, feather_px: float
) -> tuple[Window, NDArray[np.float32]]:
    """Weight of a person's change: a window of the picture and its HW float32 weights, 0..1; 0 outside the window.

    The smaller of the ramp across the mask's edge and the ramp to the crop's edges.
    """
    window = _person_window(mask, instance_id, frame, feather_px)
    person = mask[window] == instance_id
    if not person.any():
        return window, np.zeros(person.shape, np.float32)
    depth = window_depth_px(person.shape, (window[1].start, window[0].start), frame)
    outside = 1 - np.count_nonzero(person & (depth > 0)) / np.count_nonzero(mask == instance_id)
    fade = float(np.interp(outside, [0.0, 0.1], [WINDOW_FADE, CUT_FADE]))
    fade_px = max(feather_px, fade * frame.size_px * frame.picture_px_per_crop_px)
    # Half a pixel of the crop at its border is known from one side only.
    depth -= np.float32(0.5 * frame.picture_px_per_crop_px)
    within = np.clip(depth / np.float32(max(fade_px, 1e-6)), 0.0, 1.0)
    return window, np.minimum(mask_ramp(person, feather_px), within)


def mask_ramp(person: NDArray[np.bool_], feather_px: float) -> NDArray[np.float32]:
    """1/2 on the mask's edge, 1 from feather_px inside and 0 from feather_px outside it; HW float32.

    The border of the array is no edge. Without feather: the mask itself.
    """
    if feather_px <= 0 or person.all() or not person.any():
        return person.astype(np.float32)
    ramp = 0.5 + signed_distance_px(person) / np.float32(2 * feather_px)
    return np.clip(ramp, 0.0, 1.0, out=ramp)


def signed_distance_px(person: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of every pixel's centre to the mask's edge, above 0 inside; HW float32. The mask has both kinds of pixels."""
    inside = person.astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # The transform counts to the next pixel's centre; the edge lies half a pixel before it.
    return np.asarray(distance - outside - np.where(person, np.float32(0.5), np.float32(-0.5)))


def window_depth_px(shape: tuple[int, ...], origin: tuple[int, int], frame: CropFrame) -> NDArray[np.float32]:
    """How deep inside the crop's window each pixel lies, in pixels of the picture, below 0 outside; HW.

    shape: h, w of the part of the picture whose first pixel is `origin` (column, row).
    """
    columns = origin[0] + np.arange(shape[1]) + 0.5
    rows = origin[1] + np.arange(shape[0])[:, None] + 0.5
    half, scale = frame.size_px / 2, frame.picture_px_per_crop_px
    # Each position of the crop, counted from its middle, is the sum of what the column and what the row contribute.
    u, v = (
        (scale * a * columns).astype(np.float32) + (scale * (b * rows + c - half)).astype(np.float32)
        for a, b, c in frame.crop_from_picture
    )
    return np.asarray(np.float32(scale * half) - np.maximum(np.abs(u, out=u), np.abs(v, out=v), out=u))


def _person_window(mask: NDArray[np.integer], instance_id: int, frame: CropFrame, feather_px: float) -> Window:
    """The part of the picture in which the person's weight can be above 0 and its distances are right."""
    reach = int(np.ceil(feather_px)) + 1
    rows, columns = picture_window(frame, *mask.shape)
    # Pixels of the person beyond the crop's window still decide how far the mask's edge is.
    wide = (
        slice(max(rows.start - reach, 0), rows.stop + reach),
        slice(max(columns.start - reach, 0), columns.stop + reach),
    )
    person = mask[wide] == instance_id
    if not person.any():
        return slice(0, 0), slice(0, 0)
    extent = _extent(person.any(axis=1), person.any(axis=0), reach)
    return _shifted(extent[0], wide[0].start, mask.shape[0]), _shifted(extent[1], wide[1].start, mask.shape[1])


def _extent(rows: NDArray[np.bool_], columns: NDArray[np.bool_], reach: int) -> Window:
    """From the first to the last True of both, `reach` pixels further on every side."""
    top, bottom, left, right = (int(place) for flags in (rows, columns) for place in np.flatnonzero(flags)[[0, -1]])
    return slice(max(top - reach, 0), bottom + reach + 1), slice(max(left - reach, 0), right + reach + 1)


def _shifted(part: slice, start: int, size: int) -> slice:
    return slice(part.start + start, min(part.stop + start, size))
