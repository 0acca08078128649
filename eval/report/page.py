"""Writes a report as a folder: report.json, then index.html, one page that holds everything it shows.

The page opens from a disk or a mail without a network: its policy forbids the browser to load anything from elsewhere.
Plots are Bokeh's, drawn when they come near the window.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from annotate.files import write_json, write_text
from eval.report.document import Gallery, Plot, Report, Table
from eval.report.image_store import ImageStore
from eval.report.plot_items import (
    DARK_INKS,
    SERIES_INKS,
    legend_entries,
    plot_height_px,
    plot_item,
    shorter_than_x,
    styles_of,
)
from eval.report.table_text import legend, shown_cells

TEMPLATE = "report.html"
_SLIM = 2
"""A table of so few columns stays a table on a phone."""
_SMALL_PX = 320
"""Pictures narrower than this are laid out as crops."""


def write_report(report: Report, out: Path) -> Path:
    """Write report.json, then index.html, into out; returns the page's path.

    ValueError if parts of the report do not fit together: an id used twice, a row or a series of another length, the
    two pictures of a pair of different sizes.
    """
    _require_consistent(report)
    write_json(out / "report.json", plain(report.as_json()))
    write_text(out / "index.html", page_text(report))
    return out / "index.html"


def page_text(report: Report) -> str:
    """The page as text."""
    store = ImageStore()
    plots = [plot for section in report.sections for plot in section.plots]
    styles = styles_of(plots)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(words=_words, anchor=anchor, script_json=script_json)
    environment.globals.update(
        add=store.add, first_use=store.first_use, shown_cells=shown_cells, legend=legend, slim=_slim, small=_small,
        sorts_down=_sorts_down, has_words=_has_words, item=lambda plot: plot_item(plot, styles, f"drawing-{anchor(plot.id)}"),
        series_of=lambda plot: legend_entries(plot, styles), plot_height=plot_height_px,
    )  # fmt: skip
    body = environment.get_template("report_body.html").render(report=report)
    return environment.get_template(TEMPLATE).render(
        report=report,
        body=Markup(body),
        hidden_images={stored.key: stored.data_uri for stored in store.not_inline()},
        library=plotting_library() if plots else None,
        dark_inks=DARK_INKS,
        series_inks=list(enumerate(zip(SERIES_INKS, (DARK_INKS[ink] for ink in SERIES_INKS), strict=True))),
    )


def plotting_library() -> Markup:
    """Bokeh's script as it comes with its package, fit to stand inside a script element."""
    from bokeh.resources import Resources

    return Markup("\n".join(Resources(mode="inline", components=["bokeh"], log_level="error").js_raw))


def script_json(value: Any) -> Markup:
    """JSON that may stand inside a script element: no text in it can end the element."""
    return Markup(json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c"))


def anchor(name: str) -> str:
    """An id as an address can name it: letters, figures and hyphens."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def plain(value: Any) -> Any:
    """The same value of types that JSON knows; what is no finite number becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def _words(text: str) -> str:
    """A sentence in which no line break parts a number from its per cent sign."""
    return text.replace(" %", "\u00a0%")


def _slim(table: Table) -> bool:
    return len(table.columns) <= _SLIM


def _small(gallery: Gallery) -> bool:
    return all(pair.before.shape[1] < _SMALL_PX for pair in gallery.pairs)


def _sorts_down(table: Table, column: int) -> bool:
    """Whether the first click on a column puts its highest figure first: figures of which more is not worse."""
    return not _has_words(table, column) and table.columns[column].better != "lower"


def _has_words(table: Table, column: int) -> bool:
    """Whether a column holds words and no figures; its heading and cells then stand at the left."""
    values = [cell.value for row in table.rows if (cell := row.cells[column]) is not None and cell.value is not None]
    return bool(values) and all(isinstance(value, str) for value in values)


def _require_consistent(report: Report) -> None:
    sections = report.sections
    _require_unique("section", [section.id for section in sections])
    _require_unique("table", [table.id for section in sections for table in section.tables])
    _require_unique("plot", [plot.id for section in sections for plot in section.plots])
    _require_unique("gallery", [gallery.id for section in sections for gallery in section.galleries])
    for section in sections:
        _require_tables(section.tables)
        _require_plots(section.plots)
        _require_pairs(section.galleries)


def _require_unique(what: str, ids: Iterable[str]) -> None:
    for name, count in Counter(map(anchor, ids)).items():
        if count > 1:
            raise ValueError(f'report: the {what} id "{name}" is used {count} times; ids are unique')


def _require_tables(tables: Iterable[Table]) -> None:
    for table in tables:
        for row in table.rows:
            if len(row.cells) != len(table.columns):
                raise ValueError(
                    f'table {table.id}: row "{row.name}" has {len(row.cells)} cells, there are {len(table.columns)} columns'
                )


def _require_plots(plots: Iterable[Plot]) -> None:
    for plot in plots:
        for series in plot.series:
            wrong = shorter_than_x(series)
            if wrong:
                raise ValueError(
                    f'plot {plot.id}: series "{series.name}" has {len(series.x)} x, but another number of {", ".join(wrong)}'
                )


def _require_pairs(galleries: Iterable[Gallery]) -> None:
    for gallery in galleries:
        for pair in gallery.pairs:
            if pair.before.shape != pair.after.shape:
                raise ValueError(
                    f"gallery {gallery.id}: a pair of pictures of shapes {pair.before.shape} and {pair.after.shape}; "
                    "a slider needs two of one size"
                )
