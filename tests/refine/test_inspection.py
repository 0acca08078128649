"""Which refined people are kept and which are refused, on a drawn person of the size of a crop."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from annotate.crops import extract_labels, person_crop
from refine.reinsertion.inspection import (
    LEAST_PIXELS,
    Thresholds,
    added_noise,
    cosine,
    gradient_orientation,
    head_in_crop,
    inspect,
)

SIZE = 128
HEAD_BOX = [50.0, 18.0, 28.0, 30.0]
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def scene(seed: int = 0, with_person: bool = True) -> np.ndarray:
    """An office of boxes and, in it, somebody with a face, hair, a striped shirt, arms and trousers."""
    rng = np.random.default_rng(seed)
    crop = np.full((SIZE, SIZE, 3), 150.0)
    for _ in range(14):
        left, top, width, height = (int(value) for value in rng.integers(5, 100, 4))
        cv2.rectangle(crop, (left, top), (left + width // 2, top + height // 2), rng.uniform(60, 230, 3).tolist(), -1)
    if with_person:
        shirt, skin, hair, trousers = (rng.uniform(30, 200, 3).tolist() for _ in range(4))
        shift = int(rng.integers(-6, 7))
        cv2.ellipse(crop, (64, 75), (27, 32), 0, 0, 360, shirt, -1)
        for row in range(50 + shift, 104, 9):
            cv2.line(crop, (42, row), (86, row + shift), [0.6 * value for value in shirt], 2)
        cv2.line(crop, (44, 62), (58 + shift, 92), skin, 5)
        cv2.line(crop, (84, 62), (70 + shift, 92), skin, 5)
        cv2.ellipse(crop, (64, 108), (22, 12), 0, 0, 360, trousers, -1)
        cv2.ellipse(crop, (64, 33), (13, 14), 0, 0, 360, skin, -1)
        cv2.ellipse(crop, (64, 27), (13, 9), 0, 0, 360, hair, -1)
        cv2.circle(crop, (60, 36), 1, (30, 30, 30), -1)
        cv2.circle(crop, (69, 36), 1, (30, 30, 30), -1)
    crop = cv2.GaussianBlur(crop, (0, 0), 0.8) + rng.normal(0, 2, crop.shape)
    return to_uint8(crop)


def person_mask() -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for middle, axes in (((64, 75), (27, 32)), ((64, 108), (22, 12)), ((64, 33), (13, 14))):
        cv2.ellipse(mask, middle, axes, 0, 0, 360, 1, -1)
    return mask > 0


def head_corners() -> np.ndarray:
    left, top, width, height = HEAD_BOX
    return np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])


def to_uint8(crop: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(crop), 0, 255).astype(np.uint8)


def contrasted(factor: float) -> Change:
    return lambda crop, rng: crop.mean(axis=(0, 1)) + factor * (crop - crop.mean(axis=(0, 1)))


def other_clothes(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The shirt in another colour of 1.4 times the brightness."""
    body = person_mask()
    body[:48] = False
    brightness = crop @ [0.299, 0.587, 0.114]
    colour = np.array([200.0, 60.0, 90.0])
    return np.where(body[..., None], 1.4 * brightness[..., None] * colour / (colour @ [0.299, 0.587, 0.114]), crop)


def erased(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hole = cv2.dilate(person_mask().astype(np.uint8), np.ones((7, 7), np.uint8))
    return cv2.inpaint(to_uint8(crop), hole, 4, cv2.INPAINT_TELEA).astype(float)


def head_erased(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hole = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(hole, (64, 33), (17, 18), 0, 0, 360, 1, -1)
    return cv2.inpaint(to_uint8(crop), hole, 4, cv2.INPAINT_TELEA).astype(float)


def scrambled(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    result = crop.copy()
    corners = [(row, column) for row in range(16, 112, 16) for column in range(32, 96, 16)]
    for (row, column), place in zip(corners, rng.permutation(len(corners)), strict=True):
        source = corners[place]
        result[row : row + 16, column : column + 16] = crop[source[0] : source[0] + 16, source[1] : source[1] + 16]
    return result


def computers(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Screens and keyboards over the lower half of the person."""
    result = crop.copy()
    for left in range(34, 94, 20):
        for top in range(70, 120, 16):
            cv2.rectangle(result, (left, top), (left + 18, top + 14), (40, 40, 40), -1)
            cv2.rectangle(result, (left + 3, top + 3), (left + 15, top + 9), rng.uniform(100, 250, 3).tolist(), -1)
    return result


LEGITIMATE: dict[str, Change] = {
    "unchanged": lambda crop, rng: crop,
    "brighter": lambda crop, rng: crop + 40,
    "darker": lambda crop, rng: crop - 40,
    "tinted": lambda crop, rng: crop + np.array([40, -20, -40]),
    "more contrast": contrasted(1.5),
    "less contrast": contrasted(0.6),
    "gamma up": lambda crop, rng: 255 * (crop / 255) ** 0.6,
    "gamma down": lambda crop, rng: 255 * (crop / 255) ** 1.6,
    "grain": lambda crop, rng: crop + rng.normal(0, 8, crop.shape),
    "blurred": lambda crop, rng: cv2.GaussianBlur(crop, (0, 0), 1.5),
    "other clothes": other_clothes,
}
BREAKING: dict[str, tuple[Change, str]] = {
    "erased": (erased, "edge"),
    "another person": (lambda crop, rng: scene(7)[::-1].astype(float), "similarity"),
    "scrambled": (scrambled, "similarity"),
    "head erased": (head_erased, "head"),
    "computers": (computers, "similarity"),
    "noise": (lambda crop, rng: crop + rng.normal(0, 40, crop.shape), "noise"),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("change", LEGITIMATE.values(), ids=LEGITIMATE)
def test_person_in_another_light_is_kept(change: Change, seed: int) -> None:
    refined = to_uint8(change(scene(seed).astype(float), np.random.default_rng(9)))
    verdict = inspect(scene(seed), refined, person_mask(), head_corners())
    assert verdict.kept, verdict
    assert verdict.reasons == ()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("change", "reason"), BREAKING.values(), ids=BREAKING)
def test_broken_person_is_refused_for_the_reason(change: Change, reason: str, seed: int) -> None:
    refined = to_uint8(change(scene(seed).astype(float), np.random.default_rng(9)))
    verdict = inspect(scene(seed), refined, person_mask(), head_corners())
    assert not verdict.kept
    assert reason in verdict.reasons, verdict


def test_unchanged_person_has_full_marks() -> None:
    verdict = inspect(scene(), scene(), person_mask(), head_corners())
    assert (verdict.edge, verdict.head, verdict.similarity) == pytest.approx((1, 1, 1))
    assert verdict.noise == 0


def test_erased_head_is_nobodys_business_without_a_head_box() -> None:
    refined = to_uint8(head_erased(scene().astype(float), np.random.default_rng(0)))
    verdict = inspect(scene(), refined, person_mask(), None)
    assert verdict.head is None
    assert "head" not in verdict.reasons


def test_person_of_a_few_pixels_is_not_judged() -> None:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[60:66, 60:67] = True
    assert mask.sum() < LEAST_PIXELS * mask.size
    verdict = inspect(scene(), 255 - scene(3), mask, head_corners())
    assert verdict.kept
    assert verdict.edge is verdict.head is verdict.similarity is verdict.noise is None


def test_person_who_fills_the_crop_has_no_silhouette() -> None:
    verdict = inspect(scene(), scene(), np.ones((SIZE, SIZE), bool), None)
    assert verdict.edge is None
    assert verdict.kept


def test_flat_person_is_not_refused_for_faint_grain() -> None:
    flat = np.full((SIZE, SIZE, 3), 90, np.uint8)
    refined = to_uint8(flat + np.random.default_rng(0).normal(0, 3, flat.shape))
    assert inspect(flat, refined, person_mask(), head_corners()).kept


def test_judgement_does_not_depend_on_the_size_of_the_crop() -> None:
    """The same pictures at twice the size give about the same measures."""
    refined = to_uint8(computers(scene().astype(float), np.random.default_rng(9)))
    mask = person_mask()
    small = inspect(scene(), refined, mask, head_corners())
    before, after = (
        np.asarray(cv2.resize(one, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
        for one in (scene(), refined)
    )
    large = inspect(before, after, mask.repeat(2, axis=0).repeat(2, axis=1), 2 * head_corners())
    assert small.reasons == large.reasons
    assert large.similarity == pytest.approx(small.similarity, abs=0.15)
    assert large.edge == pytest.approx(small.edge, abs=0.15)


def test_other_features_are_compared_inside_the_mask_only() -> None:
    def brightness(crops: np.ndarray) -> list[np.ndarray]:
        means = crops.mean(axis=3, keepdims=True).astype(np.float32)
        return [np.stack([cv2.resize(one, (32, 32), interpolation=cv2.INTER_AREA) for one in means])[..., None]]

    refined = np.where(cv2.dilate(person_mask().astype(np.uint8), np.ones((9, 9)))[..., None] > 0, scene(), 0)
    verdict = inspect(scene(), refined.astype(np.uint8), person_mask(), None, Thresholds(edge=-1), brightness)
    assert verdict.kept
    assert verdict.similarity == pytest.approx(1, abs=1e-5)
    assert (
        inspect(scene(), scene(4), person_mask(), None, Thresholds(similarity=1), brightness).reasons[-1]
        == "similarity"
    )


def test_cosine_is_that_of_the_flattened_maps() -> None:
    rng = np.random.default_rng(2)
    maps, area = rng.normal(size=(2, 16, 16, 5)), np.zeros((16, 16), bool)
    area[3:9, 4:15] = True
    one, other = maps[:, area].reshape(2, -1)
    expected = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert cosine([maps], area) == pytest.approx(expected)


def test_orientation_doubles_the_angle_of_a_slope() -> None:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for angle in (0.3, 1.2, 2.5):
        slope = 128 + 60 * np.sin((columns * np.cos(angle) + rows * np.sin(angle)) / 4)
        crop = to_uint8(np.dstack([slope] * 3))
        found = gradient_orientation(crop[None])[1][0, 20:-20, 20:-20, :2].mean(axis=(0, 1))
        assert np.arctan2(found[1], found[0]) == pytest.approx((2 * angle + np.pi) % (2 * np.pi) - np.pi, abs=0.02)


def test_added_noise_is_its_standard_deviation() -> None:
    flat = np.full((SIZE, SIZE, 3), 128.0)
    rng = np.random.default_rng(0)
    before, after = (to_uint8(flat + rng.normal(0, sigma, flat.shape)) for sigma in (5.0, 13.0))
    assert added_noise(before, after, person_mask()) == pytest.approx(12.0, abs=0.5)
    assert added_noise(after, before, person_mask()) == 0


def test_head_box_is_turned_with_the_crop() -> None:
    """The corners enclose in the crop what the box encloses in the picture, and little else."""
    picture = np.zeros((96, 96), np.uint8)
    picture[20:32, 60:70] = 1
    frame = person_crop([60, 20, 10, 12], [55, 15, 25, 40], [48, 70], 64)
    corners, expected = head_in_crop([60, 20, 10, 12], frame), extract_labels(picture, frame) > 0
    area = np.zeros((64, 64), np.uint8)
    cv2.fillPoly(area, [np.rint(corners - 0.5).astype(np.int32)], (1,))
    assert area[expected].all()
    assert corners.mean(axis=0) == pytest.approx(np.argwhere(expected)[:, ::-1].mean(axis=0) + 0.5, abs=0.5)
    assert cv2.contourArea(corners.astype(np.float32)) == pytest.approx(expected.sum(), rel=0.1)
