"""The words and marks in a table's cells: figures with their spread, which one is best, and what the signs mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from eval.report.document import Cell, Column, Table

NOTHING = "–"


@dataclass(frozen=True)
class ShownCell:
    """A cell as the page shows it. sort: what sorting by the column compares; None comes last."""

    text: str
    spread: str = ""
    interval: str = ""
    published: str = ""
    mark: str = ""
    best: bool = False
    sort: float | str | None = None


def number_text(value: float, digits: int) -> str:
    """0.812, 1,234 or, with a minus sign proper, −0.003; a dash for what is no number."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.{digits}f}"
    if text.startswith("-") and not any(digit in "123456789" for digit in text):
        text = text[1:]  # a rounded zero has no sign
    return text.replace("-", "\u2212")


def shown_cells(table: Table) -> list[list[ShownCell]]:
    """All cells of a table, row by row."""
    columns = [_shown_column(column, [row.cells[k] for row in table.rows]) for k, column in enumerate(table.columns)]
    return [list(cells) for cells in zip(*columns, strict=True)] if columns else [[] for _ in table.rows]


def legend(table: Table) -> list[str]:
    """Sentences on the signs that occur in a table, none for those that do not."""
    cells = [cell for row in table.rows for cell in row.cells if cell is not None]
    shown = [cell for row in shown_cells(table) for cell in row]
    said = []
    if any(cell.deviation is not None for cell in cells):
        said.append("± standard deviation over seeds.")
    if any(cell.low is not None and cell.high is not None for cell in cells):
        said.append("Below a figure: its 95 % interval.")
    if any(cell.best for cell in shown):
        said.append("Bold and underlined: the best of its column; whether it is clearly best, the intervals say.")
    if any(cell.published is not None for cell in cells):
        said.append("Behind a §: the same figure as published in the thesis.")
    return said


def _shown_column(column: Column, cells: Sequence[Cell | None]) -> list[ShownCell]:
    best = _best(column, cells)
    return [_shown(column, cell, best) for cell in cells]


def _best(column: Column, cells: Sequence[Cell | None]) -> str | None:
    """The best figure of a column as text, so that figures that read alike are marked alike; None for fewer than two."""
    values = [value for cell in cells if (value := _finite(cell)) is not None]
    if column.better is None or len(values) < 2:
        return None
    texts = {number_text(value, column.digits) for value in values}
    if len(texts) == 1:
        return None  # all alike: nothing is best
    return number_text(max(values) if column.better == "higher" else min(values), column.digits)


def _finite(cell: Cell | None) -> float | None:
    if cell is None or cell.value is None or isinstance(cell.value, str) or not math.isfinite(cell.value):
        return None
    return float(cell.value)


def _shown(column: Column, cell: Cell | None, best: str | None) -> ShownCell:
    if cell is None or cell.value is None:
        published = _published(column, cell)
        return ShownCell(NOTHING, published=published, mark=cell.mark if cell else "")
    if isinstance(cell.value, str):
        return ShownCell(cell.value, published=_published(column, cell), mark=cell.mark, sort=cell.value)
    text = number_text(cell.value, column.digits)
    return ShownCell(
        text=text,
        spread="" if cell.deviation is None else f"± {number_text(cell.deviation, column.digits)}",
        interval=_interval(column, cell),
        published=_published(column, cell),
        mark=cell.mark,
        best=best is not None and _finite(cell) is not None and text == best,
        sort=None if math.isnan(cell.value) else float(cell.value),
    )


def _interval(column: Column, cell: Cell) -> str:
    if cell.low is None or cell.high is None:
        return ""
    return f"{number_text(cell.low, column.digits)} to {number_text(cell.high, column.digits)}"


def _published(column: Column, cell: Cell | None) -> str:
    return "" if cell is None or cell.published is None else f"§ {number_text(cell.published, column.digits)}"
