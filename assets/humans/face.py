"""Facial expressions from the body model's facial actions: sampled as an office sees them, and applied to the rest body."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

import numpy as np

from annotate.errors import InputError
from assets.humans.anny import RestBody, load_body_model
from assets.humans.chart import canonical_body
from assets.humans.landmarks import head_vertices

OPEN_MOUTH = 0.04
"""From this jawOpen on, the inside of the mouth is seen."""
_PARTING_ACTIONS = ("jawOpen", "mouthFunnel", "mouthUpperUpLeft", "mouthLowerDownLeft")


def sample_expression(rng: np.random.Generator) -> dict[str, float]:
    """Facial actions, 0..1: mostly a resting face, else a smile, speech, a frown or surprise; now and then a blink."""
    kind = int(rng.choice(5, p=[0.5, 0.2, 0.18, 0.09, 0.03]))
    strength = float(rng.beta(2.0, 2.2))
    expression = (_resting, _smiling, _speaking, _frowning, _surprised)[kind](rng, strength)
    if rng.random() < 0.06:
        expression |= _both("eyeBlink", 1.0)
    elif rng.random() < 0.35:
        expression |= _both("eyeLookDown", float(rng.uniform(0.3, 1.0))) | _both("eyeBlink", float(rng.uniform(0, 0.3)))
    elif rng.random() < 0.4:
        aside = float(rng.uniform(0.2, 0.9))
        first, second = ("Out", "In") if rng.random() < 0.5 else ("In", "Out")
        expression |= {f"eyeLook{first}Left": aside, f"eyeLook{second}Right": aside}
    return {name: round(float(np.clip(value, 0, 1)), 3) for name, value in expression.items() if value > 0.004}


def _both(action: str, value: float) -> dict[str, float]:
    return {f"{action}Left": value, f"{action}Right": value}


def _resting(rng: np.random.Generator, strength: float) -> dict[str, float]:
    return _both("mouthPress", 0.3 * strength) | {"browInnerUp": 0.15 * float(rng.random())}


def _smiling(rng: np.random.Generator, strength: float) -> dict[str, float]:
    uneven = float(rng.uniform(0.8, 1.0))
    smile = {"mouthSmileLeft": 0.9 * strength, "mouthSmileRight": 0.9 * strength * uneven}
    opened = 0.12 * strength if rng.random() < 0.4 else 0.0
    return smile | _both("cheekSquint", 0.6 * strength) | _both("eyeSquint", 0.5 * strength) | {"jawOpen": opened}


def _speaking(rng: np.random.Generator, strength: float) -> dict[str, float]:
    said = {"jawOpen": 0.04 + 0.24 * strength, "browInnerUp": 0.3 * float(rng.random())}
    shape = ("mouthFunnel", "mouthPucker", "mouthShrugUpper")[int(rng.integers(3))]
    stretched = _both("mouthStretch", 0.4 * float(rng.random())) | _both("mouthLowerDown", 0.4 * float(rng.random()))
    return said | stretched | {shape: 0.5 * float(rng.random())}


def _frowning(rng: np.random.Generator, strength: float) -> dict[str, float]:
    frown = _both("browDown", 0.9 * strength) | _both("eyeSquint", 0.4 * strength)
    return frown | _both("mouthFrown", 0.5 * float(rng.random())) | _both("noseSneer", 0.2 * float(rng.random()))


def _surprised(rng: np.random.Generator, strength: float) -> dict[str, float]:
    raised = _both("browOuterUp", strength) | _both("eyeWide", 0.8 * strength)
    return raised | {"browInnerUp": strength, "jawOpen": 0.25 * float(rng.random())}


def check_expression(expression: dict[str, float]) -> dict[str, float]:
    """The expression itself.

    Raises:
        InputError: the body model knows no such facial action, or a value lies outside [0, 1].
    """
    known = load_body_model().actions
    for name, value in expression.items():
        if name not in known:
            raise InputError(f"expression.{name}: no such facial action; there are {', '.join(sorted(known))}")
        if not 0 <= value <= 1:
            raise InputError(f"expression.{name} is {value}: a facial action goes from 0 to 1")
    return expression


def with_expression(rest: RestBody, expression: dict[str, float]) -> RestBody:
    """The rest body with this face; moves grow with the head's size. The body itself where the face rests."""
    if not expression:
        return rest
    moved, moves = _moves(tuple(check_expression(expression).items()))
    vertices = rest.vertices_m.copy()
    vertices[moved] += np.float32(_head_height_m(rest) / _head_height_m(canonical_body())) * moves
    return replace(rest, vertices_m=vertices)


@lru_cache(maxsize=8)
def _moves(expression: tuple[tuple[str, float], ...]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (k,) that faces move, and their moves (k, 3) on the canonical body. A person's face is asked for thrice."""
    moved, places = _mobile()
    moves = np.zeros((len(moved), 3), np.float32)
    for name, value in expression:
        moves[places[name]] += np.float32(value) * load_body_model().actions[name][1]
    return moved, moves


@cache
def _mobile() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """All vertices (k,) that some facial action moves, and for each action where its own are among them."""
    actions = load_body_model().actions
    moved = np.unique(np.concatenate([vertices for vertices, _ in actions.values()]))
    return moved, {name: np.searchsorted(moved, vertices) for name, (vertices, _) in actions.items()}


def mouth_is_open(expression: dict[str, float]) -> bool:
    """Whether the inside of the mouth is seen."""
    return any(expression.get(name, 0.0) > OPEN_MOUTH for name in _PARTING_ACTIONS)


def _head_height_m(rest: RestBody) -> float:
    return float(np.ptp(rest.vertices_m[_crown_and_chin(), 2]))


@cache
def _crown_and_chin() -> np.ndarray:
    """The highest and the lowest vertex of the canonical head's skin."""
    head = head_vertices()
    height = canonical_body().vertices_m[head, 2]
    return head[[height.argmax(), height.argmin()]]
