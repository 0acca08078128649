"""Plots of a report as Bokeh documents: what the page's script hands to the plotting library.

Colours are those of light pages; `DARK_INKS` says which one takes the place of which on dark pages, and the page's
script exchanges them before it draws. Legends stand in the page, beside the plots, where long names find room.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bokeh.document import Document
from bokeh.models import CDSView, ColumnDataSource, FixedTicker, HoverTool, Line, Range1d, Scatter, Segment, VArea, VBar
from bokeh.models.text import PlainText
from bokeh.plotting import figure

from eval.report.document import Plot, Series
from eval.report.image_store import jpeg_uri

INK, LINE = "#5d6166", "#dcddde"
SERIES_INKS = ("#0a63c9", "#b4620e", "#2c8a4b", "#9b3a8a", "#c0392b", "#0f7f82", "#6b6f1d", "#5b53c6")
DARK_INKS = dict(
    zip(
        (INK, LINE, *SERIES_INKS),
        ("#a3a8ae", "#3a3d41", "#7db8ff", "#f0a35a", "#6fd08f", "#e59ad6", "#ff8d7e", "#5fd0d2", "#cdd06a", "#b5adff"),
        strict=True,
    )
)
MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star", "plus")
DASHES = ("solid", "dashed", "dotdash", "dotted")
HEIGHT_PX = 320
_TALL_PX = 420
_CROWDED = 34
"""Characters of a plot's x names from which they are turned, to stand free of one another on a phone."""
_TIP = (
    '<div style="max-width:15rem;font:13px/1.35 system-ui,sans-serif;color:#1c1d1f;white-space:normal;'
    'overflow-wrap:anywhere">{}</div>'
)
_TIP_PICTURE = '<img src="@picture" alt="" style="display:block;width:128px;margin-bottom:4px">'
_TIP_TEXT = "<b>@name</b><br>@text"


SIGNS = dict(zip(MARKERS, "●■▲◆▼⬢★✚", strict=True))


@dataclass(frozen=True)
class Style:
    """How a series looks and what its parts are called in Bokeh's document, so that the legend can hide them.

    number: counts the names of all plots; None for a straight line with a name of its own, which is grey.
    """

    name: str
    number: int | None

    @property
    def model_name(self) -> str:
        return "line" if self.number is None else f"s{self.number}"

    @property
    def ink(self) -> str:
        """The light page's colour."""
        return INK if self.number is None else SERIES_INKS[self.number % len(SERIES_INKS)]

    @property
    def css_ink(self) -> str:
        """The colour as the page's style names it."""
        return "var(--faint)" if self.number is None else f"var(--s{self.number % len(SERIES_INKS)})"

    @property
    def marker(self) -> str:
        return MARKERS[(self.number or 0) % len(MARKERS)]

    @property
    def dash(self) -> str:
        return DASHES[(self.number or 0) // len(SERIES_INKS) % len(DASHES)]


@dataclass(frozen=True)
class LegendEntry(Style):
    """A line of a plot's legend. sign: a letter that looks like the marker."""

    sign: str = "●"


def styles_of(plots: Sequence[Plot]) -> dict[str, Style]:
    """A look for each name of a series, the same in all plots: a training set keeps its colour and marker."""
    everyone = [series for plot in plots for series in plot.series]
    numbered = list(dict.fromkeys(series.name for series in everyone if series.role != "line"))
    lines = [series.name for series in everyone if series.name not in numbered]
    return {name: Style(name, numbered.index(name) if name in numbered else None) for name in (*numbered, *lines)}


def plot_item(plot: Plot, styles: dict[str, Style], target: str) -> dict[str, Any]:
    """What Bokeh.embed.embed_item takes. target: id of the page's element."""
    drawn = _frame(plot)
    everything = CDSView()  # one for all: each would be two more models, and models are what takes time
    with_tip: dict[bool, list[Any]] = {False: [], True: []}
    for place, series in enumerate(plot.series):
        add = partial(drawn.add_glyph, _columns(plot, place), name=styles[series.name].model_name, view=everything)
        draw = {"bars": _bars, "points": _points, "lines": _lines}["lines" if series.role == "line" else plot.kind]
        with_tip[series.pictures is not None] += draw(add, plot, place, styles[series.name])
    for pictures, renderers in with_tip.items():
        if renderers:
            drawn.add_tools(_hover(renderers, pictures))
    document = Document()
    document.add_root(drawn)
    # The same as bokeh.embed.json_item, which takes twice as long.
    item = {"target_id": target, "root_id": drawn.id, "doc": document.to_json(deferred=False)}
    return dict(_renumbered(item, target, {}))


def plot_height_px(plot: Plot) -> int:
    """Height of the drawing; a scatter is taller, since both its directions count."""
    return _TALL_PX if plot.kind == "points" else HEIGHT_PX


def _top_of_bars(plot: Plot) -> float | None:
    """Where the axis of bars ends that begin at 0; None for bars below 0."""
    values = [value for series in plot.series for part in (series.y, series.low, series.high) for value in part or []]
    finite = [value for value in values if math.isfinite(value)]
    if not finite or min(finite) < 0:
        return None
    return 1.06 * max(finite) or 1.0


def _frame(plot: Plot) -> Any:
    """An empty plot in the report's look, without tools that would take a phone's scrolling away."""
    options: dict[str, Any] = {}
    if plot.x_names is not None:
        options["x_range"] = Range1d(start=-0.6, end=len(plot.x_names) - 0.4)
    if plot.kind == "bars" and (top := _top_of_bars(plot)) is not None:
        options["y_range"] = Range1d(start=0, end=top)
    drawn = figure(
        height=plot_height_px(plot), sizing_mode="stretch_width", toolbar_location=None, tools="", min_width=120,
        background_fill_alpha=0, border_fill_alpha=0, outline_line_color=None, min_border_right=14, **options,
    )  # fmt: skip
    # PlainText: other text between $$ would be taken for a formula.
    drawn.xaxis.axis_label, drawn.yaxis.axis_label = PlainText(text=plot.x_label), PlainText(text=plot.y_label)
    for axis in (*drawn.xaxis, *drawn.yaxis):
        axis.axis_label_text_color = axis.major_label_text_color = INK
        axis.axis_line_color = axis.major_tick_line_color = LINE
        axis.minor_tick_line_color = None
        axis.axis_label_text_font = axis.major_label_text_font = "system-ui, sans-serif"
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
    drawn.grid.grid_line_color = LINE
    if plot.x_names is not None:
        drawn.xgrid.grid_line_color = None
        _name_positions(drawn, plot.x_names)
    return drawn


def _name_positions(drawn: Any, names: list[str]) -> None:
    drawn.xaxis.ticker = FixedTicker(ticks=list(range(len(names))))
    drawn.xaxis.major_label_overrides = {place: PlainText(text=_short(name)) for place, name in enumerate(names)}
    if sum(len(_short(name)) + 2 for name in names) > _CROWDED:
        drawn.xaxis.major_label_orientation = 0.7


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _columns(plot: Plot, place: int) -> ColumnDataSource:
    """x, y, low and high where there are any, and what the pointer shows. Bars stand beside one another."""
    series = plot.series[place]
    shift = (place - (len(plot.series) - 1) / 2) * _bar_width(plot) if plot.kind == "bars" else 0.0
    data: dict[str, list[Any]] = {
        "x": [x + shift for x in series.x] if series.role != "line" else series.x, "y": series.y,
        "name": [series.name] * len(series.y), "text": [_facts(plot, series, k) for k in range(len(series.y))],
    }  # fmt: skip
    if series.low is not None and series.high is not None:
        data |= {"low": series.low, "high": series.high}
    if series.pictures is not None:
        data["picture"] = [jpeg_uri(picture) for picture in series.pictures]
    return ColumnDataSource(data)


def _bar_width(plot: Plot) -> float:
    return 0.8 / len(plot.series)


def _facts(plot: Plot, series: Series, place: int) -> str:
    """One point in words: the text that came with it, or its figures."""
    if series.texts is not None:
        return series.texts[place]
    x, y = series.x[place], series.y[place]
    at = plot.x_names[round(x)] if plot.x_names is not None else f"{plot.x_label} {x:.4g}"
    span = f" ({series.low[place]:.4g} to {series.high[place]:.4g})" if series.low and series.high else ""
    return f"{at}: {plot.y_label} {y:.4g}{span}"


def _hover(renderers: list[Any], pictures: bool) -> HoverTool:
    tip = _TIP.format((_TIP_PICTURE if pictures else "") + _TIP_TEXT)
    return HoverTool(renderers=renderers, tooltips=tip, limit=2, point_policy="follow_mouse")


Add = Callable[..., Any]
"""Adds a glyph of a series to the plot and gives its renderer."""


def _spans(add: Add, series: Series, ink: str) -> None:
    """A bar from low to high at each point."""
    if series.low is not None and series.high is not None:
        add(Segment(x0="x", y0="low", x1="x", y1="high", line_color=ink, line_width=1.5))


def _lines(add: Add, plot: Plot, place: int, style: Style) -> list[Any]:
    series, ink = plot.series[place], style.ink
    main = series.role == "main"
    if series.low is not None and series.high is not None:
        add(VArea(x="x", y1="low", y2="high", fill_color=ink, fill_alpha=0.14))
    dash = style.dash if main else "dashed"
    add(Line(x="x", y="y", line_color=ink, line_width=2.4 if main else 1.3, line_dash=dash))
    if series.role == "line":
        return []
    size = 6 if main else 4
    add(Scatter(x="x", y="y", marker=style.marker, size=size, fill_color=ink, line_color=ink))
    # Nothing is seen of these: they are what a finger can hit.
    return [add(Scatter(x="x", y="y", size=18, fill_alpha=0, line_alpha=0))]


def _points(add: Add, plot: Plot, place: int, style: Style) -> list[Any]:
    series, ink = plot.series[place], style.ink
    _spans(add, series, ink)
    main = series.role == "main"
    dots = Scatter(
        x="x", y="y", marker=style.marker, size=9 if main else 5, fill_color=ink, line_color=ink, fill_alpha=0.45,
        line_alpha=0.9 if main else 0.5,
    )  # fmt: skip
    return [add(dots)]


def _bars(add: Add, plot: Plot, place: int, style: Style) -> list[Any]:
    width = _bar_width(plot) * 0.9
    bars = add(VBar(x="x", top="y", bottom=0, width=width, fill_color=style.ink, line_color=None, fill_alpha=0.75))
    _spans(add, plot.series[place], INK)
    return [bars]


_MODEL_ID = re.compile(r"p\d+\Z")


def _renumbered(value: Any, prefix: str, numbers: dict[str, str]) -> Any:
    """The same item with Bokeh's model ids, which count on from plot to plot, counted anew within the plot: the same
    report is the same page."""
    if isinstance(value, dict):
        return {key: _renumbered_entry(key, entry, prefix, numbers) for key, entry in value.items()}
    return [_renumbered(entry, prefix, numbers) for entry in value] if isinstance(value, list | tuple) else value


def _renumbered_entry(key: str, entry: Any, prefix: str, numbers: dict[str, str]) -> Any:
    if key in ("id", "root_id") and isinstance(entry, str) and _MODEL_ID.match(entry):
        return numbers.setdefault(entry, f"{prefix}-{len(numbers)}")
    return _renumbered(entry, prefix, numbers)


def legend_entries(plot: Plot, styles: dict[str, Style]) -> list[LegendEntry]:
    """A plot's legend; a line that shares its name with points stands once."""
    entries: dict[str, LegendEntry] = {}
    for series in plot.series:
        style = styles[series.name]
        sign = "–" if series.role == "line" else "■" if plot.kind == "bars" else SIGNS[style.marker]
        entries.setdefault(series.name, LegendEntry(style.name, style.number, sign))
    return list(entries.values())


def shorter_than_x(series: Series) -> list[str]:
    """Names of a series' lists that are not as long as x."""
    lists = ("y", "low", "high", "texts", "pictures")
    return [key for key in lists if (given := getattr(series, key)) is not None and len(given) != len(series.x)]
