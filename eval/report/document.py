"""What a report says, as data: the page and report.json are both made from this.

A report is a conclusion followed by sections, a section text, tables, plots and pictures. Nothing here knows which
command writes the report; whatever measures something fills tables and plots, and the page shows them all alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

REPORT_VERSION = 2


@dataclass(frozen=True)
class Column:
    """One column of a table. digits: after the point; better: which end is good, if either is."""

    name: str
    digits: int = 3
    better: Literal["higher", "lower"] | None = None
    hint: str = ""
    """What the figure means, for whoever does not know it."""


@dataclass(frozen=True)
class Cell:
    """One figure. low, high: its 95 % interval; deviation: over seeds; published: the same quantity in the thesis."""

    value: float | str | None
    low: float | None = None
    high: float | None = None
    deviation: float | None = None
    published: float | None = None
    mark: str = ""
    """A sign behind the figure that the table's note explains, such as * for a biased distance."""


@dataclass(frozen=True)
class Row:
    """A row: its name, a faint word below it, a cell for each column (None: nothing measured)."""

    name: str
    cells: list[Cell | None]
    under: str = ""


@dataclass(frozen=True)
class Table:
    """A table that sorts by any column. id: stable, unique in the report."""

    id: str
    title: str
    first: str
    """Heading of the rows' names."""
    columns: list[Column]
    rows: list[Row]
    note: str = ""


@dataclass(frozen=True)
class Series:
    """Points of a plot, all lists equally long. low, high: a band or bars around y; texts: shown beside the pointer."""

    name: str
    x: list[float]
    y: list[float]
    low: list[float] | None = None
    high: list[float] | None = None
    texts: list[str] | None = None
    pictures: list[bytes] | None = None
    """A JPEG for each point, shown beside the pointer; not in report.json."""
    role: Literal["main", "second", "line"] = "main"
    """second: drawn thinner; line: a straight line such as a regression."""


@dataclass(frozen=True)
class Plot:
    """lines: curves; points: a scatter; bars: y over the positions of x_names."""

    id: str
    title: str
    kind: Literal["lines", "points", "bars"]
    x_label: str
    y_label: str
    series: list[Series]
    x_names: list[str] | None = None
    note: str = ""


@dataclass(frozen=True)
class PicturePair:
    """The same place twice, for a slider. before, after: (h, w, 3) uint8 RGB of one size."""

    before: np.ndarray
    after: np.ndarray
    before_name: str
    after_name: str
    caption: str = ""


@dataclass(frozen=True)
class CropOf:
    """A crop that opens its picture. crop, picture: (h, w, 3) uint8 RGB; pictures that are the same object are stored once."""

    crop: np.ndarray
    picture: np.ndarray
    caption: str
    picture_caption: str = ""


@dataclass(frozen=True)
class Gallery:
    """Pictures under a heading: pairs with a slider, crops that open pictures, or whole pictures (crop = picture)."""

    id: str
    title: str
    text: str = ""
    pairs: list[PicturePair] = field(default_factory=list)
    crops: list[CropOf] = field(default_factory=list)
    pictures: list[CropOf] = field(default_factory=list)
    key: list[tuple[str, str]] = field(default_factory=list)
    """Colours drawn into the pictures: (CSS colour, meaning)."""


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading of its own."""

    id: str
    title: str
    text: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    galleries: list[Gallery] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """The whole report, conclusion first."""

    headline: str
    sentences: list[str]
    sections: list[Section]
    conditions: list[tuple[str, str]]
    warnings: list[str] = field(default_factory=list)
    note: str = ""
    commands: list[str] = field(default_factory=list)
    """What to type to get these figures again."""
    results: dict[str, Any] = field(default_factory=dict)
    """Everything measured, in the form of the command that measured it; report.json only."""

    def as_json(self) -> dict[str, Any]:
        """report.json: everything but pictures."""
        return {
            "report_version": REPORT_VERSION,
            "conclusion": {"headline": self.headline, "sentences": self.sentences},
            "warnings": self.warnings,
            "note": self.note,
            "conditions": dict(self.conditions),
            "commands": self.commands,
            "sections": [_outline(section) for section in self.sections],
            "tables": [asdict(table) for section in self.sections for table in section.tables],
            "plots": [_without_pictures(plot) for section in self.sections for plot in section.plots],
            **self.results,
        }


def _outline(section: Section) -> dict[str, Any]:
    """What a section says and which parts it has, by their ids; the captions of its pictures."""
    return {
        "id": section.id,
        "title": section.title,
        "text": section.text,
        "tables": [table.id for table in section.tables],
        "plots": [plot.id for plot in section.plots],
        "galleries": [
            {"id": gallery.id, "title": gallery.title, "text": gallery.text, "captions": _captions(gallery)}
            for gallery in section.galleries
        ],
    }


def _captions(gallery: Gallery) -> list[str]:
    return [pair.caption for pair in gallery.pairs] + [one.caption for one in gallery.crops + gallery.pictures]


def _without_pictures(plot: Plot) -> dict[str, Any]:
    written = asdict(plot)
    for series in written["series"]:
        del series["pictures"]
    return written
