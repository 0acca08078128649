"""Words and marks in the cells of a report's tables."""

import math

import pytest

from eval.report.document import Cell, Column, Plot, Row, Series, Table
from eval.report.plot_items import plot_item, styles_of
from eval.report.table_text import legend, number_text, shown_cells


def _table(column: Column, *cells: Cell | None) -> Table:
    return Table("t", "T", "set", [column], [Row(str(place), [cell]) for place, cell in enumerate(cells)])


def _texts(table: Table) -> list[str]:
    return [row[0].text for row in shown_cells(table)]


def _best(table: Table) -> list[bool]:
    return [row[0].best for row in shown_cells(table)]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.8125, 3, "0.812"), (12034, 0, "12,034"), (-0.25, 2, "−0.25"), (-0.0004, 3, "0.000"), (math.nan, 2, "–"),
     (math.inf, 2, "∞"), (-math.inf, 2, "−∞")],
)  # fmt: skip
def test_numbers_read_as_a_person_writes_them(value: float, digits: int, text: str) -> None:
    assert number_text(value, digits) == text


def test_the_best_figure_is_marked_at_the_end_that_is_good() -> None:
    cells = Cell(0.2), None, Cell(0.9), Cell(math.nan), Cell(0.5)
    assert _best(_table(Column("F1", better="higher"), *cells)) == [False, False, True, False, False]
    assert _best(_table(Column("FID", better="lower"), *cells)) == [True, False, False, False, False]
    assert not any(_best(_table(Column("People"), *cells)))


def test_figures_that_read_alike_are_marked_alike() -> None:
    assert _best(_table(Column("F1", 2, "higher"), Cell(0.801), Cell(0.799), Cell(0.7))) == [True, True, False]
    assert not any(_best(_table(Column("F1", 2, "higher"), Cell(0.801), Cell(0.799))))
    assert not any(_best(_table(Column("F1", 2, "higher"), Cell(0.801))))


def test_a_cell_says_its_spread_interval_mark_and_the_published_figure() -> None:
    (row,) = shown_cells(_table(Column("F1", 2), Cell(0.5, 0.4, 0.6, 0.03, 0.71, "*")))
    cell = row[0]
    assert (cell.text, cell.spread, cell.interval, cell.published, cell.mark) == (
        "0.50", "± 0.03", "0.40 to 0.60", "§ 0.71", "*",
    )  # fmt: skip


def test_nothing_measured_is_a_dash_and_words_stay_words() -> None:
    table = _table(Column("kind"), None, Cell(None), Cell("real"))
    assert _texts(table) == ["–", "–", "real"]
    assert [row[0].sort for row in shown_cells(table)] == [None, None, "real"]


def test_the_legend_explains_only_signs_that_occur() -> None:
    assert legend(_table(Column("F1"), Cell(0.5))) == []
    assert [text.split()[0] for text in legend(_table(Column("F1"), Cell(0.5, deviation=0.1)))] == ["±"]
    everything = _table(Column("F1", better="higher"), Cell(0.5, 0.4, 0.6, 0.1, 0.7), Cell(0.6))
    assert len(legend(everything)) == 4


@pytest.mark.parametrize(("values", "end"), [([0.0, 0.0], 1.0), ([0.2, 0.5], 0.53), ([-0.1, 0.5], None)])
def test_bars_stand_on_zero(values: list[float], end: float | None) -> None:
    plot = Plot("p", "P", "bars", "x", "y", [Series("a", [0.0, 1.0], values)], ["one", "two"])
    item = plot_item(plot, styles_of([plot]), "target")
    ranges = [one.get("attributes", {}) for one in _models(item) if one["name"] == "Range1d"]
    upright = [
        one.get("end", 1) for one in ranges if one.get("start", 0) == 0
    ]  # 0 and 1 are left out: Bokeh's defaults
    assert upright == ([] if end is None else [pytest.approx(end)])


def _models(value: object) -> list[dict]:
    """Every model in a plot's JSON."""
    if isinstance(value, dict):
        own = [value] if "name" in value and "id" in value else []
        return own + [model for part in value.values() for model in _models(part)]
    return [model for part in value for model in _models(part)] if isinstance(value, list) else []
