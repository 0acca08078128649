"""Are the borders of refined people visible? A measure of the seams that putting back leaves.

A seam is a place where the way of putting back, not the refiner, decides that the picture changes: a band along the edge
of a person's mask, towards the background and towards other people, and a band along every crop's edges where they run
through the person. Across a seam the change (after - before) should rise no more steeply than the person's own texture
does, or an eye or a detector finds the border. For every refined person

    ratio = largest over the seams of   gradient of the change / yardstick
    yardstick = the largest of          the person's own largest gradient, the picture's gradient at that very place, floor

A gradient is the difference of two neighbouring pixels (left and right, or upper and lower), the largest of the three
colours, in levels (0-255) per pixel: a hard cut is one such difference, and a smoothing filter would hide it. Pairs of
pixels that both lie inside another person are that person's business.

The person's own gradient is taken inside the mask, before and after (a refiner that takes texture away leaves no seam),
but neither on the outermost pixels, which the background has part in, nor near a crop's edge: a silhouette or a cut must
not vouch for a seam elsewhere. A silhouette does hide a seam that lies exactly on it, hence the picture's own gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.crops import CropFrame
from refine.reinsertion.blend import signed_distance_px, window_depth_px
from refine.reinsertion.steps import UNSEEN_LEVELS, both, either, largest_step, neighbour_steps

BAND_PX = 3.0
"""Half the width of a seam's band, pixels of the picture."""
SILHOUETTE_PX = 1.0
"""Width of the rim of a person whose pixels the background has part in."""
VISIBLE_RATIO = 1.1
"""Ratio above which a seam counts as visible."""


@dataclass(frozen=True)
class SeamSummary:
    """Seam ratios of many people."""

    people: int
    median: float | None
    """None where nobody was refined."""
    percentile_95: float | None
    worst: float | None
    share_visible: float | None
    """Share of the people whose ratio is above VISIBLE_RATIO."""


def summarise(ratios: Iterable[float]) -> SeamSummary:
    """Median, 95th percentile, worst and share above VISIBLE_RATIO."""
    values = np.array(list(ratios), float)
    if len(values) == 0:
        return SeamSummary(0, None, None, None, None)
    median, percentile = np.percentile(values, [50, 95])
    visible = float((values > VISIBLE_RATIO).mean())
    return SeamSummary(len(values), float(median), float(percentile), float(values.max()), visible)


def seam_ratios(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    mask: NDArray[np.integer],
    frames: Mapping[int, CropFrame],
    band_px: float = BAND_PX,
    floor_levels: float = UNSEEN_LEVELS,
) -> dict[int, float]:
    """The seam ratio of every person of `frames` that has pixels in the mask, by instance id.

    before, after: HWC uint8, the picture without and with refined people. mask: HW instance ids. frames: the crop of each
    refined person.
    """
    ratios = {}
    for instance_id in frames:
        window = _window_around(mask == instance_id, int(np.ceil(band_px)) + 1)
        if window is not None:
            origin = (window[1].start, window[0].start)
            cuts = _window_edges(mask[window].shape, origin, frames.values(), band_px)
            parts = before[window].astype(np.float32), after[window].astype(np.float32), mask[window]
            ratios[instance_id] = _ratio(*parts, instance_id, cuts, band_px, floor_levels)
    return ratios


def _ratio(
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    mask: NDArray[np.integer],
    instance_id: int,
    cuts: NDArray[np.bool_],
    band_px: float,
    floor_levels: float,
) -> float:
    """The seam ratio of one person in a window around it. cuts: HW, pixels close to the edge of a crop."""
    person = mask == instance_id
    if person.all():
        seam, core = cuts, ~cuts
    else:
        distance = signed_distance_px(person)
        seam, core = (cuts & person) | (np.abs(distance) <= band_px), (distance > SILHOUETTE_PX) & ~cuts
    original = neighbour_steps(before)
    own = max(largest_step(steps, both(core)) for steps in (original, neighbour_steps(after)))
    floor = np.float32(max(own, floor_levels))
    relative = [
        step / np.maximum(at, floor) for step, at in zip(neighbour_steps(after - before), original, strict=True)
    ]
    pairs = zip(both(seam), either(person), both(mask == 0), strict=True)
    return largest_step(relative, [near & (mine | free) for near, mine, free in pairs])


def _window_edges(
    shape: tuple[int, ...], origin: tuple[int, int], frames: Iterable[CropFrame], band_px: float
) -> NDArray[np.bool_]:
    """HW: pixels within band_px of an edge of any crop's window."""
    near = np.zeros(shape, bool)
    for frame in frames:
        near |= np.abs(window_depth_px(shape, origin, frame)) <= band_px
    return near


def _window_around(person: NDArray[np.bool_], reach: int) -> tuple[slice, slice] | None:
    """Rows and columns of the person and `reach` pixels around; None for nobody."""
    rows, columns = np.flatnonzero(person.any(axis=1)), np.flatnonzero(person.any(axis=0))
    if len(rows) == 0:
        return None
    return slice(max(rows[0] - reach, 0), rows[-1] + reach + 1), slice(
        max(columns[0] - reach, 0), columns[-1] + reach + 1
    )
