"""The seam measure, and the blend held against it: textured people who overlap, in windows that do not hold them."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from annotate.crops import CropFrame, extract, person_crop, picture_window, warp_back
from refine.reinsertion.blend import RefinedCrop, blend
from refine.reinsertion.seams import seam_ratios, summarise
from refine.reinsertion.steps import UNSEEN_LEVELS

SIZE = 160
NADIR = (80.0, 80.0)
PLACES = (
    (50, 52, 20, 34, 20),
    (72, 66, 18, 30, -35),
    (110, 60, 22, 30, 60),
    (60, 120, 30, 15, 10),
    (118, 112, 9, 30, 0),
)
"""x, y, semi-axes and turn of people, the first three of whom overlap; the last is narrow."""

Change = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def texture(rng: np.random.Generator, mean: float, contrast: float) -> np.ndarray:
    """Coloured noise of 160 px, a pixel and a half wide like a camera's detail."""
    noise = cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE, 3)), (0, 0), 1.0)
    return mean + rng.uniform(-30, 30, 3) + noise / noise.std() * contrast


def people() -> tuple[np.ndarray, np.ndarray, dict[int, np.ndarray]]:
    """Picture, instance mask and box of every person."""
    rng = np.random.default_rng(3)
    picture, mask = texture(rng, 130, 12), np.zeros((SIZE, SIZE), np.uint16)
    for instance_id, (x, y, width, height, turn) in enumerate(PLACES, start=1):
        shape = np.zeros((SIZE, SIZE), np.uint8)
        cv2.ellipse(shape, (x, y), (width, height), turn, 0, 360, 1, -1)
        picture[shape > 0] = texture(rng, float(rng.uniform(60, 190)), 16)[shape > 0]
        mask[shape > 0] = instance_id
    # The lens: edges are a pixel wide, no steps.
    picture = np.clip(cv2.GaussianBlur(picture, (0, 0), 0.6), 0, 255).astype(np.uint8)
    boxes = {i: np.array(cv2.boundingRect((mask == i).astype(np.uint8)), float) for i in range(1, len(PLACES) + 1)}
    return picture, mask, boxes


def tint(crop: np.ndarray, instance_id: int, rng: np.random.Generator) -> np.ndarray:
    return crop + (40.0 if instance_id % 2 else -40.0)


def contrast(crop: np.ndarray, instance_id: int, rng: np.random.Generator) -> np.ndarray:
    mean = crop.mean(axis=(0, 1))
    return mean + (1.5 if instance_id % 2 else 0.6) * (crop - mean)


def noise(crop: np.ndarray, instance_id: int, rng: np.random.Generator) -> np.ndarray:
    return crop + rng.normal(0, 4.0 + 2 * instance_id, crop.shape)


def refined(change: Change, window_px: float | None) -> tuple[np.ndarray, np.ndarray, list[RefinedCrop]]:
    picture, mask, boxes = people()
    rng = np.random.default_rng(8)
    crops = []
    for instance_id, box in boxes.items():
        frame = person_crop(None, box, NADIR, 128, "person", window_px)
        crop = extract(picture, frame)
        after = np.clip(np.rint(change(crop.astype(float), instance_id, rng)), 0, 255).astype(np.uint8)
        crops.append(RefinedCrop(instance_id, frame, crop, after))
    return picture, mask, crops


def hard_cut(picture: np.ndarray, mask: np.ndarray, crops: list[RefinedCrop]) -> np.ndarray:
    """Thesis Algorithm 6: crop after crop superimposed, then the foreground taken by the mask."""
    result = picture.copy()
    for crop in crops:
        window = picture_window(crop.frame, *mask.shape)
        change = warp_back(crop.refined.astype(np.float32) - crop.original, crop.frame, window)
        within = warp_back(np.ones(crop.original.shape[:2]), crop.frame, window) > 0.5
        pasted = np.clip(np.rint(picture[window] + change), 0, 255).astype(np.uint8)
        where = within & (mask[window] > 0)
        result[window] = np.where(where[..., None], pasted, result[window])
    return result


def ratios(picture: np.ndarray, after: np.ndarray, mask: np.ndarray, crops: list[RefinedCrop]) -> dict[int, float]:
    return seam_ratios(picture, after, mask, {crop.instance_id: crop.frame for crop in crops})


@pytest.mark.parametrize("window_px", [None, 26.0], ids=["fitted", "too small"])
@pytest.mark.parametrize("change", [tint, contrast, noise])
def test_blend_leaves_no_visible_seam(change: Change, window_px: float | None) -> None:
    picture, mask, crops = refined(change, window_px)
    found = ratios(picture, blend(picture, mask, crops, 2.0), mask, crops)
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert max(found.values()) <= 1.1
    assert min(found.values()) > 0


@pytest.mark.parametrize("window_px", [None, 26.0], ids=["fitted", "too small"])
def test_hard_cut_of_the_thesis_is_seen(window_px: float | None) -> None:
    picture, mask, crops = refined(tint, window_px)
    found = ratios(picture, hard_cut(picture, mask, crops), mask, crops)
    soft = ratios(picture, blend(picture, mask, crops, 2.0), mask, crops)
    assert max(found.values()) > 1.5
    assert all(found[i] > 1.5 * soft[i] for i in found)


def flat_person() -> tuple[np.ndarray, np.ndarray, dict[int, CropFrame]]:
    mask = np.zeros((96, 96), np.uint16)
    mask[20:80, 30:70] = 1
    return np.full((96, 96, 3), 100, np.uint8), mask, {1: person_crop(None, [30, 20, 40, 60], [50, 90], 64)}


def test_ratio_of_a_hard_edge_on_a_flat_person_is_its_height_over_the_floor() -> None:
    before, mask, frames = flat_person()
    after = np.where(mask[..., None] > 0, 130, 100).astype(np.uint8)
    assert seam_ratios(before, after, mask, frames) == {1: pytest.approx(30 / UNSEEN_LEVELS)}


def test_own_texture_is_the_yardstick() -> None:
    before, mask, frames = flat_person()
    before[50, 50] = 140
    after = np.where(mask[..., None] > 0, before + 30, before).astype(np.uint8)
    assert seam_ratios(before, after, mask, frames) == {1: pytest.approx(30 / 40)}


def test_silhouette_does_not_excuse_a_cut_through_the_person() -> None:
    before, mask, _ = flat_person()
    before[mask == 0] = 250
    frames = {1: person_crop(None, [30, 20, 40, 60], [50, 90], 64, "person", 40.0)}  # rows 30 to 70
    after = before.copy()
    after[30:70, 30:70] += 30
    assert seam_ratios(before, after, mask, frames)[1] == pytest.approx(3.0)


def test_silhouette_hides_a_smaller_step_that_lies_on_it() -> None:
    before, mask, frames = flat_person()
    before[mask == 0] = 250
    after = np.where(mask[..., None] > 0, before + 30, before).astype(np.uint8)
    assert seam_ratios(before, after, mask, frames)[1] == pytest.approx(30 / 150)


def test_change_inside_another_person_is_not_counted() -> None:
    before, mask, frames = flat_person()
    mask[20:80, 70:90] = 2
    after = before.copy()
    after[40, 75] = 200  # five pixels inside the neighbour
    after[50, 71] = 200  # in the band of the common edge, but between two of the neighbour's pixels
    assert seam_ratios(before, after, mask, frames) == {1: 0.0}


def test_unchanged_picture_has_no_seam_and_absent_people_no_ratio() -> None:
    before, mask, frames = flat_person()
    assert seam_ratios(before, before, mask, {**frames, 9: frames[1]}) == {1: 0.0}


def test_summary_is_that_of_numpy() -> None:
    values = np.random.default_rng(0).uniform(0, 1.5, 200)
    summary = summarise(values)
    assert summary.people == 200
    assert summary.median == pytest.approx(np.median(values))
    assert summary.percentile_95 == pytest.approx(np.quantile(values, 0.95))
    assert summary.worst == values.max()
    assert summary.share_visible == pytest.approx(np.count_nonzero(values > 1.1) / 200)


def test_summary_of_nobody_has_no_figures() -> None:
    summary = summarise([])
    assert summary.people == 0
    assert summary.median is summary.worst is summary.share_visible is None
