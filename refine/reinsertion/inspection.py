"""Is a refined person still the person of its label? Whoever refinement broke keeps the original pixels.

A refiner may change light, colour, contrast, sharpness and grain, but the labels of S go on to hold for S+: the silhouette
must stay where the mask says and the head where its box says, and a body must not become furniture or somebody else.
Measured on a person's crop before and after, 1 for an unchanged person and about 0 for unrelated pictures:

    edge        structure along the mask's edge: is the silhouette still drawn there?
    head        structure in and just around the head's box
    similarity  feature maps inside the mask, the worse of the body's upper and lower half

All three are cosines between feature maps. The default feature is the orientation of edges, from the structure tensor
summed over the colours (Di Zenzo 1986). Its double angle does not know which side is the brighter or of what colour, its
size is the square root of the gradient's energy, and the cosine forgets a common factor: a tint changes nothing, contrast
and gamma little. A constant channel (VISIBLE_LEVELS) stands beside them, so that structure too weak to be seen decides
nothing. The features look past noise, which therefore has a measure of its own, the standard deviation that was added.

The crop is scaled to the person, and so are all lengths here: a far person's crop is as large as a near one's, only
smoother. A person of whom almost nothing is visible (LEAST_PIXELS) is not judged and stays refined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from annotate.boxes import box_corners
from annotate.crops import CropFrame

Mask = NDArray[np.bool_]
Maps = Sequence[NDArray[np.floating[Any]]]
Features = Callable[[NDArray[np.uint8]], Maps]
"""Takes crops (n, size, size, 3) uint8 RGB and returns feature maps (n, h, w, channels), of any number and sizes."""

SCALES = (1 / 128, 1 / 64)
"""Standard deviations at which gradients are taken, as parts of the crop's side: 1 and 2 pixels of a 128 px crop.

Coarser ones tell other people's bodies apart less well, finer ones see grain instead of structure.
"""
VISIBLE_LEVELS = 1.5
"""Gradient in levels (0-255) per pixel, at 1 px smoothing, below which structure decides nothing.

Twice as much makes dim people of low resolution pass when they are erased, half as much lets grain refuse them.
"""
HEAD_MARGIN = 0.2
"""How far around the head's box is looked, as a part of its sides: the head's outline is structure too."""
RIM = 3 / 128
"""Half the width of the band along the mask's edge, as a part of the crop's side."""
CORE = 2 / 128
"""How far from the mask's edge `similarity` begins: the silhouette has its own measure and would outshine the rest."""
LEAST_PIXELS = 1 / 340
"""Part of the crop that a region must cover to be judged: 48 pixels of a 128 px crop."""

_SECOND_DIFFERENCE = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32)
"""Immerkaer 1996: blind to flat areas, slopes and straight edges; white noise comes out 6 times as strong."""
_SUM_OF_COLOURS = np.ones((1, 3), np.float32)
_MEDIAN_OF_NORMAL = 0.6745
"""Median of the absolute value of a standard normal variable."""


@dataclass(frozen=True)
class Thresholds:
    """Below (noise: above) these a person is refused.

    Set between what legitimate changes left (tints of 40 levels, contrast 0.6 to 1.5, gamma, grain of 8 levels, blur,
    sharpening, recoloured clothes) and what breaking changes left (a person erased, scrambled, replaced by another or
    overdrawn, a head erased), on 160 people of two rendered datasets; benchmarks/reinsertion.py counts what passes and
    what is refused on any dataset. The closest calls are dark heads that 40 levels less leave black, clothes of other
    colours, and furniture drawn over the lower half.
    """

    edge: float = 0.5
    """Legitimate: 98 % above 0.52, most above 0.8. Erased or replaced: 90 % below 0.25."""
    head: float = 0.55
    """Legitimate: 98 % above 0.56. Erased heads: 98 % below 0.50."""
    similarity: float = 0.42
    """Legitimate: 98 % above 0.53. Erased, scrambled or replaced: 90 % below 0.25; furniture over a half: 90 % below 0.33."""
    noise: float = 16.0
    """Levels. Legitimate: below 8.5; noise of 40 levels, clipped in dark and bright areas: above 23."""


@dataclass(frozen=True)
class Verdict:
    """What was found about one person; a measure is None where too little of it is visible."""

    kept: bool
    """True: the refined person is put back."""
    reasons: tuple[str, ...] = ()
    """Of a refused person: the measures that failed, "edge", "head", "similarity" or "noise"."""
    edge: float | None = None
    head: float | None = None
    similarity: float | None = None
    noise: float | None = None
    """Standard deviation in levels of the grain that refinement added."""


def gradient_orientation(crops: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """The default feature: orientation of edges, a map (n, size, size, 3) at every one of SCALES.

    Channels: cosine and sine of twice the gradient's angle, times the square root of its energy over the colours, and
    the constant below which structure is not seen.
    """
    return [np.stack([_orientation(crop, scale * crop.shape[0]) for crop in crops]) for scale in SCALES]


def inspect(
    original: NDArray[np.uint8],
    refined: NDArray[np.uint8],
    person: Mask,
    head: ArrayLike | None,
    thresholds: Thresholds = Thresholds(),
    features: Features = gradient_orientation,
) -> Verdict:
    """Compare a person's crop before and after refinement.

    original, refined: size, size, 3 RGB. person: size, size, the person's pixels in the crop. head: (4, 2) corners of the
    head's box in the crop, px (`head_in_crop`), None where no head is labelled. features: what `similarity` compares;
    other features than the default need a threshold of their own.
    """
    least = LEAST_PIXELS * person.size
    if person.sum() < least:
        return Verdict(kept=True)
    pair = np.stack([original, refined])
    maps = gradient_orientation(pair)
    compared = maps if features is gradient_orientation else features(pair)
    head_area = None if head is None else _head_area(head, person)
    edge = _edge(maps[0], person)
    kept_head = None if head_area is None or head_area.sum() < least / 2 else cosine(maps[:1], head_area)
    similarity = min(cosine(compared, half) for half in _halves(person))
    noise = added_noise(original, refined, person)
    failed = {
        "edge": edge is not None and edge < thresholds.edge,
        "head": kept_head is not None and kept_head < thresholds.head,
        "similarity": similarity < thresholds.similarity,
        "noise": noise > thresholds.noise,
    }
    reasons = tuple(name for name, bad in failed.items() if bad)
    return Verdict(not reasons, reasons, edge, kept_head, similarity, noise)


def head_in_crop(head_box: ArrayLike, frame: CropFrame) -> NDArray[np.float64]:
    """(4, 2) corners in the crop, px, of an [x, y, w, h] head box of the picture."""
    return np.asarray(frame.to_crop(box_corners(head_box)))


def cosine(maps: Maps, area: Mask) -> float:
    """Cosine between the first and the second of pairs of feature maps (2, h, w, channels), over an area of the crop.

    All maps count together; the area (size, size) is brought to each map's size.
    """
    products = np.zeros(3)
    for before, after in maps:
        part = cv2.resize(area.astype(np.float32), before.shape[1::-1], interpolation=cv2.INTER_AREA)
        inside = np.flatnonzero(part)
        one, other = (one.reshape(part.size, -1)[inside] for one in (before, after))
        weighted = one * part.ravel()[inside, None], other * part.ravel()[inside, None]
        products += [np.vdot(weighted[0], other), np.vdot(weighted[0], one), np.vdot(weighted[1], other)]
    norm = float(np.sqrt(products[1] * products[2]))
    return float(products[0]) / norm if norm > 0 else 1.0


def added_noise(original: NDArray[np.uint8], refined: NDArray[np.uint8], person: Mask) -> float:
    """Standard deviation of the white noise, in levels, that the refined person has above the original."""
    before, after = (_noise(crop, person) for crop in (original, refined))
    return float(np.sqrt(max(after**2 - before**2, 0.0)))


def _noise(crop: NDArray[np.uint8], person: Mask) -> float:
    """Of the noisiest colour; the median, because edges are few beside the pixels between them."""
    response = cv2.filter2D(crop.astype(np.float32), -1, _SECOND_DIFFERENCE)
    return float(np.median(np.abs(response[person]), axis=0).max()) / (6 * _MEDIAN_OF_NORMAL)


def _orientation(crop: NDArray[np.uint8], sigma_px: float) -> NDArray[np.float32]:
    """size, size, 3: see gradient_orientation."""
    smooth = cv2.GaussianBlur(crop.astype(np.float32), (0, 0), sigma_px)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, 1 - down, down, ksize=1, scale=0.5) for down in (0, 1))
    xx, yy, xy = (cv2.transform(one * other, _SUM_OF_COLOURS) for one, other in ((dx, dx), (dy, dy), (dx, dy)))
    tensor = np.asarray(cv2.GaussianBlur(np.dstack([xx - yy, 2 * xy, xx + yy]), (0, 0), sigma_px), np.float32)
    tensor[..., :2] /= np.sqrt(tensor[..., 2:] + np.float32(1e-6))
    # Gradients fall as the smoothing grows, and so does what counts as visible.
    tensor[..., 2] = VISIBLE_LEVELS / sigma_px
    return tensor


def _edge(orientation: NDArray[np.float32], person: Mask) -> float | None:
    """Cosine of the structure across the mask's edge, along that edge; None for a person who fills the crop."""
    rim = _grown(person, RIM) & ~_shrunk(person, RIM)
    if not rim.any():
        return None
    smooth = cv2.GaussianBlur(person.astype(np.float32), (0, 0), person.shape[0] / 64)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, 1 - down, down, ksize=1) for down in (0, 1))
    normal = np.dstack([dx * dx - dy * dy, 2 * dx * dy]) / (dx * dx + dy * dy + np.float32(1e-12))[..., None]
    # Above 0 where the picture's edge runs along the mask's, below 0 where it crosses it.
    along = (orientation[..., :2] * normal).sum(axis=-1)
    return cosine([np.stack([along, orientation[..., 2]], axis=-1)], rim)


def _head_area(head: ArrayLike, person: Mask) -> Mask:
    """The person's pixels in and just around the head's box, and the background that touches them."""
    corners = np.asarray(head, float)
    middle = corners.mean(axis=0)
    wide = middle + (corners - middle) * (1 + 2 * HEAD_MARGIN)
    area = np.zeros(person.shape, np.uint8)
    cv2.fillPoly(area, [np.rint(wide - 0.5).astype(np.int32)], (1,))
    return (area > 0) & _grown(person, RIM)


def _halves(person: Mask) -> list[Mask]:
    """The upper and the lower half of the person's pixels, without the silhouette where enough is left."""
    core = _shrunk(person, CORE)
    if core.sum() < 2 * LEAST_PIXELS * person.size:
        core = person
    rows = np.nonzero(core)[0]
    upper = core & (np.arange(len(core))[:, None] < np.median(rows))
    return [half for half in (upper, core & ~upper) if half.any()]


def _grown(area: Mask, part: float) -> Mask:
    return cv2.dilate(area.astype(np.uint8), _square(area, part)) > 0


def _shrunk(area: Mask, part: float) -> Mask:
    """The crop's border is no edge: OpenCV takes what lies beyond as part of the area."""
    return cv2.erode(area.astype(np.uint8), _square(area, part)) > 0


def _square(area: Mask, part: float) -> NDArray[np.uint8]:
    """Reaches `part` of the crop's side, and at least a pixel, in every direction."""
    return np.ones((2 * max(round(part * area.shape[0]), 1) + 1,) * 2, np.uint8)
