"""MblabSpec: one body of MB-Lab as data: the folder with the user's own copy, the character, and what shapes it.

How the skin looks (MB-Lab's melanin, hue, oil, bump and age) stands in the person's Skin, as for all other bodies.

Numbers are MB-Lab's own: age, mass and tone in [-1, 1] with 0 as the character is drawn, expressions and phenotypes by
the names of their files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

EXPRESSIONS: tuple[str, ...] = (
    "angry01", "annoyed01", "anxious01", "attentive01", "bored01", "confused01", "confused02", "crying01", "crying02",
    "curious01", "disgusted", "drained01", "embarrassed01", "evil01", "evil02", "excited01", "flirty01", "furious01",
    "furious02", "furious03", "grin01", "happy01", "irritated01", "kiss01", "lazy01", "offended01", "pain01",
    "peaceful01", "posing01", "sad01", "sad02", "sarcastic01", "scared01", "serene01", "shocked01", "shy01", "sleep01",
    "surprise01", "surprise02", "surprise03", "tired01", "very_sad01", "wink01",
)  # fmt: skip
"""The 43 expressions of a face that neither speaks nor swallows."""


class MblabSpec(BaseModel):
    """One body of MB-Lab."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    """The copy of MB-Lab: the folder that holds data/."""
    character: str = Field(pattern=r"^[fm]_(af|as|ca|la)[0-9]{2}$")
    """Base character: f_ca01, m_as01 ...; the first letter is the sex."""
    phenotype: str | None = None
    """Name of one of the character's phenotypes, without .json; none: the character itself."""
    age: float = Field(default=0.0, ge=-1, le=1)
    mass: float = Field(default=0.0, ge=-1, le=1)
    tone: float = Field(default=0.0, ge=-1, le=1)
    expression: str | None = None
    """Name of an expression, without .json."""

    @property
    def sex(self) -> Literal["male", "female"]:
        return "female" if self.character.startswith("f") else "male"
