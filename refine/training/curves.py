"""Curves of a training as small inline SVG pictures; their colours are CSS variables of the page that holds them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 34
BINS = 120
"""Points of a smoothed curve, at most."""
COLOURS = 6
"""Classes c0, c1, ... of the page for curves drawn together."""


@dataclass(frozen=True)
class Curve:
    """y over x, a band around it, and a ring at one of its points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    marked: int | None = None
    """Place of the ring's point."""


def smoothed(name: str, x: Sequence[float], y: Sequence[float]) -> Curve:
    """Means over equal stretches, with the 10th and 90th percentile of each as the band."""
    parts = [part for part in np.array_split(np.arange(len(x)), min(BINS, len(x))) if len(part)]
    steps, values = np.asarray(x, float), np.asarray(y, float)
    bands = [np.percentile(values[part], (10, 90)) for part in parts]
    return Curve(
        name,
        [float(steps[part].mean()) for part in parts],
        [float(values[part].mean()) for part in parts],
        [float(band[0]) for band in bands],
        [float(band[1]) for band in bands],
    )


def chart(curves: Sequence[Curve], label: str, last: float, level: float | None = None) -> str:
    """All curves in one picture. x, the steps, goes from 0 to last. level: height of a dashed line."""
    heights = [value for curve in curves for value in (*curve.y, *curve.low, *curve.high)]
    axes = _Axes(last, *_span([*heights, *([] if level is None else [level])]))
    parts = [axes.drawn()]
    parts += [axes.band(curve, place % COLOURS) for place, curve in enumerate(curves) if curve.low]
    if level is not None:
        y = axes.y(level)
        parts.append(f'<line class="level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    parts += [axes.line(curve, place % COLOURS) for place, curve in enumerate(curves)]
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = 0.04 * (high - low) or max(abs(high), 1e-6) * 0.1
    return low - pad, high + pad


@dataclass(frozen=True)
class _Axes:
    last: float
    low: float
    high: float

    def x(self, step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / max(self.last, 1e-9)

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)

    def drawn(self) -> str:
        parts = []
        for value in _ticks(self.low, self.high):
            y = self.y(value)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
        for share, anchor in ((0.0, "middle"), (0.5, "middle"), (1.0, "end")):
            x = self.x(self.last * share)
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{self.last * share:,.0f}</text>'
            )
        parts.append(f'<text x="{(LEFT + WIDTH) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">steps</text>')
        return "".join(parts)

    def line(self, curve: Curve, colour: int) -> str:
        points = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in zip(curve.x, curve.y, strict=True))
        found = f'<polyline class="c{colour}" points="{points}"/>'
        if curve.marked is None:
            return found
        x, y = curve.x[curve.marked], curve.y[curve.marked]
        title = f"{curve.name}: {y:.4g} at step {x:,.0f}"
        return (
            f'{found}<circle class="marked c{colour}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="4.5">'
            f"<title>{escape(title)}</title></circle>"
        )

    def band(self, curve: Curve, colour: int) -> str:
        above = [(x, y) for x, y in zip(curve.x, curve.high, strict=True)]
        below = [(x, y) for x, y in zip(curve.x, curve.low, strict=True)][::-1]
        points = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in [*above, *below])
        return f'<polygon class="c{colour}" points="{points}"/>'


def _ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers between low and high."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [round(place * step, 12) for place in range(first, math.floor(high / step) + 1)]
