"""People with bodies of MB-Lab, drawn like people in an office: dressed and combed as all others are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.humans.hairstyle import sample_hair
from assets.humans.headwear import sample_headwear
from assets.humans.mblab.folder import open_folder
from assets.humans.mblab.spec import EXPRESSIONS, MblabSpec
from assets.humans.spec import HumanSpec, sample_human

ORIGINS: dict[str, tuple[float, float, float]] = {
    "af": (0.9, 0.05, 0.05), "as": (0.03, 0.94, 0.03), "ca": (0.02, 0.03, 0.95), "la": (0.1, 0.5, 0.4),
}  # fmt: skip
"""African, Asian and Caucasian shares of a character's group, which hair goes by."""
MELANIN: dict[str, tuple[float, float]] = {
    "af": (0.84, 0.08), "as": (0.42, 0.10), "ca": (0.27, 0.09), "la": (0.50, 0.10),
}  # fmt: skip
"""Mean and deviation of a group's melanin."""
MOST = 0.65
"""Mass and tone are drawn no further from 0 than this: bodies beyond it are not met in offices."""
NEUTRAL_SHARE = 0.5
"""So many people show no expression."""
_AGES = ((18.0, 28.0, 80.0), (-0.5, 0.0, 1.0))
"""Years of life and MB-Lab's age: its characters are drawn in their late twenties, 1 is an old person."""


def sample_mblab_human(rng: np.random.Generator, folder: Path) -> HumanSpec:
    """A random office worker with one of the bodies that a copy of MB-Lab offers.

    folder: holds data/. Raises InputError if it is no copy of MB-Lab.
    """
    opened = open_folder(folder)
    sexes = sorted({name[0] for name in opened.characters()})
    first = sexes[int(rng.random() < 0.55)] if len(sexes) == 2 else sexes[0]
    mine = [name for name in opened.characters() if name.startswith(first)]
    character = mine[int(rng.integers(len(mine)))]
    human = sample_human(rng, "female" if first == "f" else "male")
    phenotypes = [None, *opened.phenotypes(character)]
    group = character[2:4]
    mblab = MblabSpec(
        folder=folder,
        character=character,
        phenotype=phenotypes[int(rng.integers(len(phenotypes)))],
        age=round(float(np.interp(human.age_years, *_AGES)), 3),
        mass=_signed(rng.normal(0.0, 0.28)),
        tone=_signed(rng.normal(0.0, 0.3)),
        expression=_sample_expression(rng, [name for name in EXPRESSIONS if name in opened.expressions()]),
    )
    african, asian, caucasian = ORIGINS[group]
    hair = sample_hair(rng, human.sex, human.age_years, np.array(ORIGINS[group]))
    skin = human.skin.model_copy(update={"melanin": _share(rng.normal(*MELANIN[group]))})
    headwear = sample_headwear(rng, human.sex, hair.style)
    origin = {"african": african, "asian": asian, "caucasian": caucasian}
    worn = {"hair": hair, "headwear": headwear} | ({} if headwear is None else {"headphones": None})
    return human.model_copy(update=origin | worn | {"skin": skin, "expression": {}, "mblab": mblab})


def _sample_expression(rng: np.random.Generator, names: list[str]) -> str | None:
    neutral, number = rng.random() < NEUTRAL_SHARE, int(rng.integers(max(len(names), 1)))
    return None if neutral or not names else names[number]


def _share(value: float) -> float:
    return round(float(np.clip(value, 0, 1)), 3)


def _signed(value: float) -> float:
    return round(float(np.clip(value, -MOST, MOST)), 3)
