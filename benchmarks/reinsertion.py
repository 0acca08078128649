"""How people are put back: whom the inspection refuses, and how visible the seams are that the blend leaves.

    python benchmarks/reinsertion.py S1 S2 --people 160 --pictures 15 --window-px 60

S1, S2: rendered datasets. No network is needed: arithmetic does to people's crops what refiners do, for good or ill.

    inspection   people drawn at random: of each kind of change, how many are refused. The upper kinds leave the person that
                 the label describes and should pass, the lower ones break it and should be refused.
    seams        the first pictures with people, everybody changed, each by another draw: the seam ratios
                 (refine.reinsertion.seams) of a hard cut along the masks, as in the thesis, and of the blend, in windows
                 that fit the people and in windows of --window-px, which should be too small for many of them.

Crops are those of `generate.py refine --anchor person`. The same seed gives the same figures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import tyro
from numpy.typing import NDArray
from tyro.conf import Positional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.crops import extract_labels, picture_window, warp_back
from annotate.dataset import Dataset
from refine.crops import CropRule
from refine.reinsertion.apply import open_picture
from refine.reinsertion.blend import RefinedCrop, blend
from refine.reinsertion.inspection import LEAST_PIXELS, head_in_crop, inspect
from refine.reinsertion.seams import VISIBLE_RATIO, seam_ratios, summarise

RULE = CropRule(size_px=128, anchor="person", window_px=None, margin=1.25)
"""All lengths below that are not said to be the picture's are pixels of such a crop."""
LUMA = np.array([0.299, 0.587, 0.114])

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Colours = NDArray[np.float64]
"""HWC RGB, 0 to 255 and beyond."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A person's crop, its pixels there, corners (4, 2) of the head's box in the crop, px, and somebody else's crop."""

    crop: Image
    mask: Mask
    head: NDArray[np.float64] | None
    other: Image


Tone = Callable[[Colours, np.random.Generator], Colours]
"""Changes a crop, whoever is in it."""
Change = Callable[[Subject, np.random.Generator], NDArray[np.generic]]


def tone(change: Tone) -> Change:
    return lambda subject, rng: change(subject.crop.astype(float), rng)


def contrasted(*factors: float) -> Tone:
    """Colours about their mean, times one of the factors."""
    return lambda crop, rng: crop.mean((0, 1)) + rng.choice(factors) * (crop - crop.mean((0, 1)))


def noisy(levels: float) -> Tone:
    return lambda crop, rng: crop + rng.normal(0, levels, crop.shape)


def blurred(crop: Colours, sigma_px: float) -> Colours:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma_px), float)


def recoloured(subject: Subject, rng: np.random.Generator) -> Colours:
    """Everything but the head in one drawn colour, 0.6 to 1.6 times as bright as it was."""
    crop, clothes = subject.crop.astype(float), subject.mask
    if subject.head is not None:
        clothes = clothes & ~head_area(subject.head, 0.1)
    colour = rng.uniform(30, 220, 3)
    brightness = crop @ LUMA * rng.uniform(0.6, 1.6)
    return faded(crop, brightness[..., None] * colour / (colour @ LUMA), clothes, 1.0)


def without(subject: Subject) -> Image:
    """The crop with the person in-painted."""
    return cv2.inpaint(subject.crop, grown(subject.mask, 4).astype(np.uint8), 4, cv2.INPAINT_TELEA).astype(np.uint8)


def over_background(subject: Subject, rng: np.random.Generator) -> Colours:
    """The person filled with colours drawn from around it, smoothed."""
    crop, hole = subject.crop.astype(float), grown(subject.mask, 3)
    around = crop[~hole] if not hole.all() else crop.reshape(-1, 3)
    fill = blurred(around[rng.integers(0, len(around), hole.size)].reshape(crop.shape), 2.0)
    return faded(crop, fill, hole, 1.5)


def scrambled(subject: Subject, rng: np.random.Generator) -> Image:
    """The squares of 16 px that hold some of the person change places."""
    result, parts = subject.crop.copy(), [slice(start, start + 16) for start in range(0, RULE.size_px, 16)]
    cells = [cell for cell in product(parts, parts) if subject.mask[cell].mean() > 0.15]
    for cell, source in zip(cells, rng.permutation(len(cells)), strict=True):
        result[cell] = subject.crop[cells[source]]
    return result


def head_inpainted(subject: Subject, rng: np.random.Generator) -> Image:
    assert subject.head is not None
    hole = grown(head_area(subject.head, 0.1) & grown(subject.mask, 3), 1)
    return cv2.inpaint(subject.crop, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA).astype(np.uint8)


def head_by_background(subject: Subject, rng: np.random.Generator) -> Colours:
    """The head becomes what would be there without the person."""
    assert subject.head is not None
    hole = head_area(subject.head, 0.15) & grown(subject.mask, 2)
    return faded(subject.crop.astype(float), without(subject).astype(float), hole, 1.0)


def computers(subject: Subject, rng: np.random.Generator) -> Image:
    """Screens of drawn sizes and colours, side by side over the lower half of the person."""
    result = subject.crop.copy()
    rows, columns = np.nonzero(subject.mask)
    left = int(columns.min()) - 2
    while left <= columns.max():
        width, height = int(rng.integers(18, 34)), int(rng.integers(14, 24))
        for top in range(int(rows.min() + rows.max() + 1) // 2, int(rows.max()) + 3, height):
            frame, screen = [float(rng.integers(20, 90))] * 3, rng.uniform(90, 250, 3).tolist()
            cv2.rectangle(result, (left, top), (left + width - 2, top + height - 2), frame, -1)
            cv2.rectangle(result, (left + 3, top + 3), (left + width - 5, top + height - 5), screen, -1)
        left += width
    return np.asarray(cv2.GaussianBlur(result, (0, 0), 0.7), np.uint8)


def grown(area: Mask, radius_px: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    return np.asarray(cv2.dilate(area.astype(np.uint8), disc) > 0)


def head_area(corners: NDArray[np.float64], margin: float) -> Mask:
    """The head's box, larger by the margin on every side."""
    middle, area = corners.mean(axis=0), np.zeros((RULE.size_px, RULE.size_px), np.uint8)
    wide = middle + (corners - middle) * (1 + 2 * margin)
    cv2.fillPoly(area, [np.rint(wide - 0.5).astype(np.int32)], (1,))
    return area > 0


def faded(crop: Colours, other: Colours, area: Mask, sigma_px: float) -> Colours:
    """The other inside the area, with a soft edge."""
    weight = cv2.GaussianBlur(area.astype(float), (0, 0), sigma_px)[..., None]
    return np.asarray(crop * (1 - weight) + other * weight)


def to_uint8(colours: NDArray[np.generic]) -> Image:
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8)


LEGITIMATE: dict[str, Change] = {
    "tint of +40": tone(lambda crop, rng: crop + 40),
    "tint of -40": tone(lambda crop, rng: crop - 40),
    "tint, -40 to 40 a colour": tone(lambda crop, rng: crop + rng.uniform(-40, 40, 3)),
    "contrast 0.6": tone(contrasted(0.6)),
    "contrast 1.5": tone(contrasted(1.5)),
    "gamma 0.6": tone(lambda crop, rng: 255 * (crop / 255) ** 0.6),
    "gamma 1.6": tone(lambda crop, rng: 255 * (crop / 255) ** 1.6),
    "noise of 8": tone(noisy(8)),
    "blur of 1.5 px": tone(lambda crop, rng: blurred(crop, 1.5)),
    "sharpened": tone(lambda crop, rng: 1.8 * crop - 0.8 * blurred(crop, 2.0)),
    "clothes recoloured": recoloured,
}
BREAKING: dict[str, Change] = {
    "erased by in-painting": lambda subject, rng: without(subject),
    "erased by background": over_background,
    "another person's crop": lambda subject, rng: subject.other,
    "scrambled": scrambled,
    "flipped": lambda subject, rng: subject.crop[::-1].copy(),
    "noise of 40": tone(noisy(40)),
    "noise of 50": tone(noisy(50)),
    "head in-painted": head_inpainted,
    "head by background": head_by_background,
    "computers, lower half": computers,
}
NEEDS_HEAD = ("head in-painted", "head by background")
REFINERS: dict[str, Tone] = {
    "tint": lambda crop, rng: crop + rng.choice([-40.0, 40.0], 3) * rng.uniform(0.3, 1, 3),
    "full tint": lambda crop, rng: crop + rng.choice([-40.0, 40.0]),
    "contrast": contrasted(0.6, 1.5),
    "noise": noisy(8),
}
"""For the seams; drawn anew for everybody, so that neighbours differ."""


def draw_subjects(dataset: Dataset, count: int, rng: np.random.Generator) -> list[Subject]:
    """At most count people, drawn evenly from all whom a refiner would get; who has no pixels is left out."""
    everybody = [(place, person.instance_id) for place, picture in enumerate(dataset)
                 for person in picture.shown_people if RULE.takes(person)]  # fmt: skip
    drawn = rng.choice(len(everybody), min(count, len(everybody)), replace=False)
    chosen = {everybody[place] for place in drawn}
    found = []
    for number in sorted({place for place, _ in chosen}):
        opened = open_picture(dataset, dataset.pictures[number], RULE)
        for person in opened.people:
            mask = extract_labels(opened.mask, person.frame) == person.instance_id
            head = None if person.head_bbox is None else head_in_crop(person.head_bbox, person.frame)
            if mask.any() and (number, person.instance_id) in chosen:
                found.append(Subject(person.crop, mask, head, person.crop))
    if len(found) < 2:
        sys.exit(f"{dataset.root}: found {len(found)} visible people; two are needed, one to stand in for the other")
    steps = rng.integers(1, len(found), len(found))
    return [replace(one, other=found[(i + steps[i]) % len(found)].crop) for i, one in enumerate(found)]


def print_inspection(dataset: Dataset, people: int, seed: int) -> None:
    """A line for each kind of change: how many of how many are refused."""
    subjects = draw_subjects(dataset, people, np.random.default_rng([seed, 0]))
    small = sum(one.mask.sum() < LEAST_PIXELS * one.mask.size for one in subjects)
    print(f"\n{dataset.root.name}: refused, {len(subjects)} people drawn with seed {seed}, {small} too small to judge")
    for title, changes in (("should pass", LEGITIMATE), ("should be refused", BREAKING)):
        verdicts = []
        for number, (name, change) in enumerate(changes.items(), start=1):
            rng = np.random.default_rng([seed, number])
            able = [one for one in subjects if one.head is not None or name not in NEEDS_HEAD]
            kept = [inspect(one.crop, to_uint8(change(one, rng)), one.mask, one.head).kept for one in able]
            print(f"{name:>24} {_refused(kept)}", flush=True)
            verdicts += kept
        print(f"{title + ', all':>24} {_refused(verdicts)}")


def _refused(kept: list[bool]) -> str:
    return f"{kept.count(False):6} of {len(kept):5}{100 * kept.count(False) / max(len(kept), 1):7.1f} %"


def hard_cut(picture: Image, mask: NDArray[np.integer], crops: list[RefinedCrop]) -> Image:
    """Thesis Algorithm 6: crop after crop superimposed, then the foreground taken by the mask."""
    result = picture.copy()
    for crop in crops:
        window = picture_window(crop.frame, *mask.shape)
        change = warp_back(crop.refined.astype(np.float32) - crop.original, crop.frame, window)
        within = warp_back(np.ones(crop.original.shape[:2]), crop.frame, window) > 0.5
        where = within & (mask[window] > 0)
        result[window][where] = to_uint8(picture[window] + change)[where]
    return result


def measure_seams(
    dataset: Dataset, pictures: int, window_px: float | None, refiner: Tone, feather_px: float, seed: int
) -> tuple[list[float], list[float], list[int]]:
    """Of everybody in the first pictures with people: ratios of the hard cut and of the blend, pixels in the mask."""
    rng, hard, soft, sizes = np.random.default_rng(seed), list[float](), list[float](), list[int]()
    for picture in [picture for picture in dataset if picture.shown_people][:pictures]:
        one = open_picture(dataset, picture, replace(RULE, window_px=window_px))
        changed = [to_uint8(refiner(person.crop.astype(float), rng)) for person in one.people]
        crops = [RefinedCrop(who.instance_id, who.frame, who.crop, after)
                 for who, after in zip(one.people, changed, strict=True)]  # fmt: skip
        frames = {crop.instance_id: crop.frame for crop in crops}
        hard += seam_ratios(one.image, hard_cut(one.image, one.mask, crops), one.mask, frames).values()
        soft += seam_ratios(one.image, blend(one.image, one.mask, crops, feather_px), one.mask, frames).values()
        sizes += [int((one.mask == who).sum()) for who in frames]
    return hard, soft, sizes


def print_seams(dataset: Dataset, pictures: int, window_px: float, feather_px: float, seed: int) -> None:
    """A line for each window and refiner: worst ratio, 95th percentile and share above VISIBLE_RATIO, both ways."""
    print(f"\n{dataset.root.name}: seams, first {pictures} pictures, feather {feather_px:g} px, seed {seed}")
    print(f"{'hard cut':>54}{'blend':>26}")
    print(f"{'windows':>12}{'refiner':>11}{'people':>8}" + f"{'worst':>9}{'95 %':>7}{f'> {VISIBLE_RATIO}':>10}" * 2
          + "   pixels of those above in the blend")  # fmt: skip
    for side, title in ((None, "fitted"), (window_px, f"{window_px:g} px")):
        for name, refiner in REFINERS.items():
            hard, soft, sizes = measure_seams(dataset, pictures, side, refiner, feather_px, seed)
            visible = sorted(size for size, ratio in zip(sizes, soft, strict=True) if ratio > VISIBLE_RATIO)
            row = f"{title:>12}{name:>11}{len(soft):8}{_summary(hard)}{_summary(soft)}"
            print(row, " ", *visible, flush=True)


def _summary(ratios: list[float]) -> str:
    found = summarise(ratios)
    worst, percentile, share = found.worst or 0, found.percentile_95 or 0, found.share_visible or 0
    return f"{worst:9.2f}{percentile:7.2f}{100 * share:8.1f} %"


def main(
    datasets: Positional[list[Path]], people: int = 160, pictures: int = 15, window_px: float = 60.0,
    feather_px: float = 2.0, seed: int = 0,
) -> None:  # fmt: skip
    """Print for every dataset whom the inspection refuses and how visible seams are. --window-px: of the picture."""
    for dataset in [Dataset.read(path) for path in datasets]:
        print_inspection(dataset, people, seed)
        print_seams(dataset, pictures, window_px, feather_px, seed)


if __name__ == "__main__":
    tyro.cli(main)
