"""Bodies of anny: shaped by the phenotype of a HumanSpec, as tall as it says."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from assets.humans.anny import Phenotype, RestBody, load_body_model
from assets.humans.outer_skin import outer_skin_vertices
from assets.humans.parts import Motion, Part
from assets.humans.skin_parts import eye_parts, skin_part
from assets.humans.spec import HumanSpec
from assets.humans.tailoring import Garment


@dataclass(frozen=True)
class AnnyBody:
    """A body.Body from anny's own targets."""

    rest: RestBody

    def skin_parts(self, spec: HumanSpec, motion: Motion, garments: list[Garment]) -> list[Part]:
        return [skin_part(spec, motion, garments), *eye_parts(spec, motion)]


def anny_body(spec: HumanSpec) -> AnnyBody:
    """The bare body of the person, exactly stature_m tall."""
    low, high = (_shape(spec, height) for height in (0.0, 1.0))
    share = np.clip((spec.stature_m - stature_m(low)) / (stature_m(high) - stature_m(low)), 0, 1)
    body = _between(low, high, float(share), 1.0)
    return AnnyBody(_between(body, body, 0.0, spec.stature_m / stature_m(body)))


def stature_m(body: RestBody) -> float:
    """Height from sole to crown."""
    height = body.vertices_m[outer_skin_vertices(), 2]
    return float(height.max() - height.min())


def _between(low: RestBody, high: RestBody, share: float, scale: float) -> RestBody:
    """The body a share of the way from low to high (targets are linear in the height), scaled."""
    pairs = zip(astuple(low), astuple(high), strict=True)
    return RestBody(*(scale * ((1 - share) * first + share * second) for first, second in pairs))


def _shape(spec: HumanSpec, height: float) -> RestBody:
    return load_body_model().shape(
        Phenotype(
            female=float(spec.sex == "female"),
            age_years=spec.age_years,
            muscle=spec.muscle,
            weight=spec.weight,
            height=height,
            proportions=spec.proportions,
            cupsize=spec.cupsize,
            african=spec.african,
            asian=spec.asian,
            caucasian=spec.caucasian,
        )
    )
