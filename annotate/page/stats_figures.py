"""Figures of the statistics page: matplotlib drawings as SVG text that follows the page's light or dark colours.

Every colour is drawn as a placeholder and replaced by a CSS variable, text stays text, so that one file serves both
schemes, prints, and needs no script.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from annotate.keypoints import KEYPOINTS
from annotate.lens import Array
from annotate.page.stats_boxes import Quantity, Sample

_INK, _FAINT, _LINE, _REFERENCE = "#0a0b0c", "#0a0b0d", "#0a0b0e", "#0a0b0f"
SERIES = 6
"""Datasets that have a colour of their own; more begin again."""
_SERIES = [f"#0a0c1{number}" for number in range(SERIES)]
_VARIABLES = {
    _INK: "var(--ink)", _FAINT: "var(--faint)", _LINE: "var(--line)", _REFERENCE: "var(--reference)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(_SERIES)},
}  # fmt: skip
_STYLE = {
    "svg.fonttype": "none", "font.size": 9, "axes.edgecolor": _LINE, "axes.labelcolor": _FAINT, "text.color": _INK,
    "xtick.color": _FAINT, "ytick.color": _FAINT, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": _LINE, "grid.linewidth": 0.5, "axes.axisbelow": True, "figure.facecolor": "none",
    "axes.facecolor": "none", "savefig.facecolor": "none",
}  # fmt: skip
_DENSITY = LinearSegmentedColormap.from_list(
    "density", [(0.2, 0.5, 0.9, 0.0), (0.2, 0.5, 0.9, 1.0), (0.85, 0.2, 0.45, 1.0)]
)
_BINS = 40
_RADIUS_BINS = 8
_MIN_IN_BIN = 10
_DASHES = ("solid", "dashed", "dashdot", "dotted")


@dataclass(frozen=True)
class Series:
    """One population in a figure. number: its colour; None for the reference."""

    name: str
    number: int | None

    @property
    def colour(self) -> str:
        return _REFERENCE if self.number is None else _SERIES[self.number % SERIES]

    @property
    def dashes(self) -> str:
        return "solid" if self.number is None else _DASHES[self.number % len(_DASHES)]


def histogram(quantity: Quantity, samples: Sequence[tuple[Series, Sample]]) -> Markup:
    """Overlaid histograms, each of area 100 %, over the range of 99 % of all values; the reference is filled."""
    edges = _edges([sample for _, sample in samples], whole_numbers=quantity.key == "people")

    def draw(axes: Axes) -> None:
        for series, sample in samples:
            counts, _ = np.histogram(sample.values, edges, weights=sample.weights)
            shares = 100 * counts / sample.weights.sum()
            filled = series.number is None
            axes.stairs(shares, edges, color=series.colour, linestyle=series.dashes, fill=filled,
                        alpha=0.4 if filled else 1.0, linewidth=1.6)  # fmt: skip
        axes.set_xlabel(quantity.unit)
        axes.set_ylabel("%")
        axes.set_xlim(edges[0], edges[-1])

    return _svg(draw, quantity.key)


def size_by_radius(populations: Sequence[tuple[Series, Array, Array, Array]]) -> Markup:
    """Median box size, with the middle 80 % as a band, over the distance from the nadir.

    populations: series, radii (n,) in half shorter sides, sizes (n,) in % of the shorter side, weights (n,).
    """

    def draw(axes: Axes) -> None:
        for series, radii, sizes, weights in populations:
            middles, low, median, high = _by_radius(radii, sizes, weights)
            axes.fill_between(middles, low, high, color=series.colour, alpha=0.15, linewidth=0)
            axes.plot(middles, median, color=series.colour, linestyle=series.dashes, linewidth=1.8)
        axes.set_xlabel("distance from the nadir, half shorter sides")
        axes.set_ylabel("% of the shorter side")
        axes.set_ylim(bottom=0)

    return _svg(draw, "size-by-radius")


def density_map(offsets: Array, weights: Array, key: str, reach: float) -> Markup:
    """Where people are: places (n, 2) from the nadir in half shorter sides, y down as in the picture.

    reach: half the side of the shown square; figures of one reach compare.
    """

    def draw(axes: Axes) -> None:
        edges = np.linspace(-reach, reach, 49)
        counts, _ = np.histogramdd(offsets[:, ::-1], bins=[edges, edges], weights=weights)
        axes.imshow(counts, extent=(-reach, reach, reach, -reach), cmap=_DENSITY, interpolation="bilinear")
        angle = np.linspace(0, 2 * np.pi, 100)
        axes.plot(np.cos(angle), np.sin(angle), color=_FAINT, linewidth=0.8, linestyle="dashed")
        axes.plot([0], [0], "+", color=_INK)
        axes.grid(False)
        axes.set_xlabel("half shorter sides from the nadir")

    return _svg(draw, key, size_in=(3.4, 3.4))


def keypoint_bars(shares: Array, key: str) -> Markup:
    """Stacked bars: shares (17, 3) of keypoints seen, covered and outside the picture, in %."""

    def draw(axes: Axes) -> None:
        left = np.zeros(len(KEYPOINTS))
        for column, (colour, alpha) in enumerate([(_SERIES[0], 1.0), (_SERIES[0], 0.4), (_FAINT, 0.25)]):
            axes.barh(range(len(KEYPOINTS)), shares[:, column], left=left, color=colour, alpha=alpha, height=0.75)
            left += shares[:, column]
        axes.set_yticks(range(len(KEYPOINTS)), [name.replace("_", " ") for name in KEYPOINTS])
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the people: seen, covered (paler), outside (grey)")

    return _svg(draw, key, size_in=(4.2, 4.0))


def share_bars(names: Sequence[str], populations: Sequence[tuple[Series, Array]], key: str) -> Markup:
    """Grouped bars: for each name its share in %, one bar for each population."""

    def draw(axes: Axes) -> None:
        height = 0.8 / len(populations)
        for place, (series, shares) in enumerate(populations):
            rows = np.arange(len(names)) - 0.4 + height * (place + 0.5)
            axes.barh(rows, shares, height=0.9 * height, color=series.colour)
        axes.set_yticks(range(len(names)), list(names))
        axes.invert_yaxis()
        axes.set_xlabel("% of the people")

    return _svg(draw, key, size_in=(4.2, 0.9 + 0.26 * len(names) * max(1.0, 0.6 * len(populations))))


def _edges(samples: Sequence[Sample], whole_numbers: bool) -> Array:
    ends = np.array([sample.quantiles([0.005, 0.995]) for sample in samples])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    if whole_numbers:
        step = max(1, round((high - low) / _BINS))
        return np.arange(np.floor(low) - 0.5, high + step + 0.5, step)
    if high - low < 1e-6 * max(1.0, abs(low)):
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, _BINS + 1)


def _by_radius(radii: Array, sizes: Array, weights: Array) -> tuple[Array, Array, Array, Array]:
    """Middles of bins of the radius and the 10, 50 and 90 % quantiles of the sizes in them."""
    edges = np.linspace(0, float(np.quantile(radii, 0.99)), _RADIUS_BINS + 1)
    rows = []
    for start, end in pairwise(edges):
        inside = (radii >= start) & (radii < end)
        if inside.sum() >= _MIN_IN_BIN:
            part = Sample(sizes[inside], weights[inside], np.zeros(int(inside.sum())))
            rows.append([(start + end) / 2, *part.quantiles([0.1, 0.5, 0.9])])
    table = np.array(rows).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def _svg(draw: Callable[[Axes], None], key: str, size_in: tuple[float, float] = (4.2, 2.7)) -> Markup:
    """The figure as an SVG element. key: keeps the names inside one figure apart from those in others."""
    style: dict[Any, Any] = {**_STYLE, "svg.hashsalt": key}
    with rc_context(style):
        figure = Figure(figsize=size_in, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    for placeholder, variable in _VARIABLES.items():
        text = text.replace(placeholder, variable)
    return Markup(text)
