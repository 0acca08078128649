"""What people in offices wear, as it is drawn: kinds, colours and patterns."""

from __future__ import annotations

import colorsys
from collections import Counter

import numpy as np
import pytest

from assets.humans.clothing import SUIT_SHARE, Outfit, sample_outfit
from assets.humans.spec import sample_human


def test_fabrics_are_as_saturated_and_bright_as_office_clothes():
    colors = hsv([sample_human(np.random.default_rng(seed)).outfit.top.fabric.color for seed in range(300)])
    _, saturation, value = colors.T
    assert saturation.mean() == pytest.approx(0.3 * np.sqrt(2 / np.pi), abs=0.04)
    assert value.mean() == pytest.approx(0.5, abs=0.04)
    assert value.std() == pytest.approx(0.2, abs=0.03)


def hsv(linear) -> np.ndarray:
    linear = np.array(linear)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.array([colorsys.rgb_to_hsv(*color) for color in srgb])


@pytest.fixture(scope="module")
def outfits() -> list[tuple[str, Outfit]]:
    """Sex and clothes of 2000 people."""
    rng = np.random.default_rng(4)
    sexes = ["female" if number % 2 else "male" for number in range(2000)]
    return [(sex, sample_outfit(rng, sex)) for sex in sexes]


def is_suit(outfit: Outfit) -> bool:
    return outfit.jacket is not None and outfit.bottom is not None and outfit.jacket.fabric == outfit.bottom.fabric


def test_some_wear_dark_suits(outfits):
    for sex, share in SUIT_SHARE.items():
        suits = [outfit for own, outfit in outfits if own == sex and is_suit(outfit)]
        assert len(suits) / 1000 == pytest.approx(share, abs=0.03)
        assert hsv([suit.jacket.fabric.color for suit in suits])[:, 2].max() < 0.35
        assert 0.2 < np.mean([suit.tie is not None for suit in suits]) < 0.7 or sex == "female"


def test_jackets_and_trousers_are_mostly_dark(outfits):
    jackets = hsv([outfit.jacket.fabric.color for _, outfit in outfits if outfit.jacket is not None])
    trousers = hsv([one.bottom.fabric.color for _, one in outfits if one.bottom and "skirt" not in one.bottom.kind])
    for colors in (jackets, trousers):
        assert (colors[:, 2] < 0.4).mean() > 0.6
        assert (colors[:, 2] > 0.5).mean() > 0.03


def test_every_kind_of_clothing_and_every_pattern_occurs(outfits):
    tops = Counter(outfit.top.kind for _, outfit in outfits)
    assert set(tops) == {"tshirt", "polo", "shirt", "blouse", "jumper", "turtleneck", "dress"}
    assert 0.3 < tops["shirt"] / len(outfits) < 0.5
    patterns = Counter(outfit.top.fabric.pattern for _, outfit in outfits)
    assert patterns["plain"] > 0.55 * len(outfits)
    assert min(patterns[name] for name in ("stripes", "checks", "noise")) > 0.03 * len(outfits)
    assert {outfit.bag.kind for _, outfit in outfits if outfit.bag} == {"backpack", "shoulder_bag"}
    assert all(sum(getattr(one, extra) is not None for _, one in outfits) > 20 for extra in ("scarf", "lanyard", "tie"))


def test_skirts_and_dresses_are_worn_by_a_third_of_the_women_and_no_man(outfits):
    skirted = [
        (sex, outfit.top.kind == "dress" or (outfit.bottom is not None and "skirt" in outfit.bottom.kind))
        for sex, outfit in outfits
    ]
    assert not any(skirt for sex, skirt in skirted if sex == "male")
    assert 0.2 < np.mean([skirt for sex, skirt in skirted if sex == "female"]) < 0.45
    assert sum(outfit.top.kind == "dress" for _, outfit in outfits) > 50


def test_one_in_some_wears_headphones():
    worn = [sample_human(np.random.default_rng(seed)).headphones is not None for seed in range(300)]
    assert 0.01 < np.mean(worn) < 0.3
