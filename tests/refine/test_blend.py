"""The weight with which a refined person comes back: soft at its edges, zero where it does not belong."""

import numpy as np
import pytest

from annotate.crops import person_crop, upright_crop
from refine.blend import mask_ramp, person_alpha


def disc(center: tuple[float, float], radius: float, size: int = 64) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] + 0.5
    return np.hypot(columns - center[0], rows - center[1]) < radius


def test_alpha_is_one_inside_and_zero_outside_the_person() -> None:
    person = disc((40, 20), 9)
    frame = person_crop(None, [31, 11, 18, 18], [32, 32], 64)
    alpha = person_alpha(person, frame, 2.0)
    assert alpha.dtype == np.float32
    assert alpha[~person].max() == 0
    assert alpha[disc((40, 20), 6)].min() == 1
    assert 0 < alpha[person].min() < 0.5


def test_ramp_rises_evenly_from_the_edge() -> None:
    mask = np.zeros((9, 20), bool)
    mask[:, 4:16] = True
    assert mask_ramp(mask, 2.0)[4, 3:9] == pytest.approx([0, 1 / 3, 2 / 3, 1, 1, 1], abs=1e-4)
    assert mask_ramp(mask, 0.0)[4, 3:6] == pytest.approx([0, 1, 1])


def test_border_of_the_picture_is_no_edge_of_a_person_that_it_cuts() -> None:
    person = np.zeros((40, 40), bool)
    person[10:30, 30:] = True
    frame = upright_crop([35, 20], [20, 20], 60, 32, (0.5, 0.5))
    assert person_alpha(person, frame, 2.0)[20, 39] == 1


def test_person_who_fills_the_picture_keeps_full_weight() -> None:
    frame = upright_crop([8, 8], [8, 8], 40, 32, (0.5, 0.5))
    assert person_alpha(np.ones((16, 16), bool), frame, 2.0).min() == 1


def test_alpha_falls_to_zero_at_the_edge_of_the_crop() -> None:
    frame = upright_crop([32, 32], [32, 32], 20, 40, (0.5, 0.5))  # window: columns and rows 22 to 42
    alpha = person_alpha(np.ones((64, 64), bool), frame, 4.0)
    assert alpha[:22].max() == alpha[42:].max() == alpha[:, :22].max() == alpha[:, 42:].max() == 0
    assert (np.diff(alpha[32, 22:27]) > 0).all()
    assert np.diff(alpha[32]).max() <= 0.26  # no step: a quarter a pixel
    assert alpha[32, 27:37].min() == 1


def test_nobody_has_no_weight() -> None:
    frame = upright_crop([8, 8], [8, 8], 16, 32)
    assert person_alpha(np.zeros((16, 16), bool), frame, 2.0).max() == 0
