"""Putting all refined people of a picture back in one blend (thesis Algorithm 6, softened).

The thesis superimposes crop after crop and cuts along the mask, which leaves hard borders where crops overlap, where a
crop does not hold the whole person and along the silhouette (its Figures 5.14 and 5.15). Here

    result = picture + u * sum_i w_i f_i change_i / sum_i w_i

- w_i, the person's part of a pixel, rises from 0 to 1 across the edge of its mask: where two people touch, one change
  fades into the other, and none of both does if they are alike.
- u fades all changes out towards whatever is not refined: 0 from feather_px outside the edge of all refined people
  together, from there rising inwards.
- f_i fades a change towards the edges of its crop's window, for people whom the window does not hold.

Ramps are 2 feather_px wide, and wider for a person too flat to hide so steep a step (`ramp_px`). Only the difference of
two crops is warped: an unchanged crop changes not one bit, and nothing is blurred by the way there and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from annotate.crops import CropFrame, picture_window, warp_back
from refine.reinsertion.steps import UNSEEN_LEVELS, both, largest_step, neighbour_steps

WINDOW_FADE = 0.1
"""Part of a crop's side over which a change fades towards the window's edges, for a person who is wholly inside.

A fitted window with the default margin of 1.25 leaves a tenth of its side around the person, who so keeps full weight.
"""
CUT_FADE = 0.3
"""The same for a person of whom a tenth or more lies outside the window; in between it rises evenly.

Over a tenth of the side, a window that cuts through a head can still be made out as a rectangle.
"""

LONGEST_RAMP = 4.0
"""Longest ramp, times feather_px: over more, a person would hardly be refined."""

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
    weights, halves = (np.zeros(picture.shape[:2], np.float32) for _ in range(2))
    reach_px = LONGEST_RAMP * feather_px
    for crop in crops:
        window = person_window(mask, crop.instance_id, crop.frame, reach_px)
        person = mask[window] == crop.instance_id
        if not person.any():
            continue
        change = warp_back(cv2.subtract(crop.refined, crop.original, dtype=cv2.CV_32F), crop.frame, window)
        half_px = ramp_px(picture[window].astype(np.float32), change, person, feather_px)
        weight = edge_ramp(person, half_px, half_px)
        fade = window_fade(mask, crop.instance_id, crop.frame, window, half_px)
        total[window] += change * (weight * fade)[..., None]
        weights[window] += weight
        halves[window] += weight * np.float32(half_px)
    # People cover a small part of the picture; only their pixels are worked on.
    touched = np.flatnonzero(weights)
    if len(touched) == 0:
        return picture.copy()
    share = weights.ravel()[touched]
    ids = [crop.instance_id for crop in crops]
    depth = signed_distance_px(np.isin(mask, ids)).ravel()[touched]
    feather = np.float32(feather_px)
    until = np.clip((depth + feather) / np.maximum(2 * halves.ravel()[touched] / share, 1e-3), 0.0, 1.0)
    result = picture.reshape(-1, picture.shape[2]).copy()
    mixed = result[touched] + total.reshape(result.shape)[touched] * (until / share)[:, None]
    result[touched] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return result.reshape(picture.shape)


def ramp_px(
    picture: NDArray[np.float32], change: NDArray[np.float32], person: NDArray[np.bool_], feather_px: float
) -> float:
    """Half the width of the ramp across a person's edge, at least feather_px: two such ramps that meet, of people who
    change in opposite ways, rise together no more steeply than the person's own texture before or after.

    picture, change: HWC levels. person: HW.
    """
    if feather_px <= 0:
        return feather_px
    inside = both(cv2.erode(person.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)  # without the silhouette
    own = max(UNSEEN_LEVELS, *(largest_step(neighbour_steps(image), inside) for image in (picture, picture + change)))
    largest = float(np.abs(change[person]).max(initial=0.0))
    return float(np.clip(largest / own, feather_px, LONGEST_RAMP * feather_px))


def edge_ramp(person: NDArray[np.bool_], outside_px: float, half_px: float) -> NDArray[np.float32]:
    """0 from outside_px outside the mask's edge, rising over 2 half_px to 1; HW float32.

    With outside_px = half_px it is 1/2 on the edge. The border of the array is no edge. Without ramp: the mask itself.
    """
    if half_px <= 0 or person.all() or not person.any():
        return person.astype(np.float32)
    ramp = (signed_distance_px(person) + np.float32(outside_px)) / np.float32(2 * half_px)
    return np.clip(ramp, 0.0, 1.0, out=ramp)


def window_fade(
    mask: NDArray[np.integer], instance_id: int, frame: CropFrame, window: Window, half_px: float
) -> NDArray[np.float32]:
    """1 deep inside the crop's window, falling to 0 at its edges and beyond; HW float32 of a window of the picture."""
    person = mask[window] == instance_id
    depth = window_depth_px(person.shape, (window[1].start, window[0].start), frame)
    outside = 1 - np.count_nonzero(person & (depth > 0)) / np.count_nonzero(mask == instance_id)
    fade = float(np.interp(outside, [0.0, 0.1], [WINDOW_FADE, CUT_FADE]))
    fade_px = max(half_px, fade * frame.size_px * frame.picture_px_per_crop_px)
    # Half a pixel of the crop at its border is known from one side only.
    depth -= np.float32(0.5 * frame.picture_px_per_crop_px)
    return np.asarray(np.clip(depth / np.float32(max(fade_px, 1e-6)), 0.0, 1.0))


def signed_distance_px(person: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of every pixel's centre to the mask's edge, above 0 inside; HW float32. Large where there is no edge."""
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


def person_window(mask: NDArray[np.integer], instance_id: int, frame: CropFrame, feather_px: float) -> Window:
    """The part of the picture in which the person's weight can be above 0 and its distances are right; empty for nobody."""
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
