"""Tables of PDF pages: which ones are kept row by row, and their rows, also where a page break cuts one in two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from indexer.readers.pdf_fonts import RADICALS

Kind = Literal["rows", "cells"]
# A table with a cell of more characters lays text out.
_LONGEST_CELL = 300
# Edges so near, in points, are one.
_NEAR = 2.0
# Fewer vertical rules part no columns.
_FEWEST_RULES = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a row. `single`: of this row alone; `full`: its last line has no room for another character.

    `below`: a rule is drawn there. Where a page break cuts a row, some printers draw none.
    """

    text: str
    x0: float
    x1: float
    single: bool
    full: bool
    lines: int
    below: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row from left to right, and the vertical rules of its table."""

    cells: tuple[Cell, ...]
    columns: tuple[float, ...]

    @property
    def text(self) -> str:
        return "\t".join(cell.text for cell in self.cells if cell.text)

    def joined(self, rest: Sequence[Row]) -> list[tuple[str, int]]:
        """The row with the `rest` that page breaks cut off it, cell by cell: runs of text, and which of [self, *rest]."""
        runs: list[tuple[str, int]] = []
        for cell in self.cells:
            tab = "\t" if runs else ""
            for number, row in enumerate((self, *rest)):
                text = "".join(part.text for part in row.cells if _same_place(cell, part))
                if text:
                    before = runs.pop()[0] if runs and runs[-1][1] == number else ""
                    runs.append((before + tab + text, number))
                    tab = ""
        return runs

    def goes_on(self, before: Row) -> bool:
        """Whether this first row of a page is the rest of the last row of the page before.

        Where printers leave the cut open, that says it. Others rule the cut off like any row; then the cells that go on
        must have been full, and the row's short cells, told already, empty. A label for several rows says nothing.
        """
        if not same_columns(self.columns, before.columns):
            return False
        pairs = [(above, cell) for cell in self.cells for above in before.cells if _same_place(above, cell)]
        told = [(above, cell) for above, cell in pairs if cell.text]
        if not told or len(told) < sum(bool(cell.text) for cell in self.cells):
            return False
        if any(not above.below for above, _ in pairs):
            return all(not above.below for above, _ in told)
        if not all(above.text and above.single for above, _ in told):
            return False
        ended = sum(bool(above.text) and not cell.text and above.single and cell.single for above, cell in pairs)
        full = all(above.full for above, _ in told)
        wrapped = all(above.lines > 1 for above, _ in told)
        return ended > 1 or (full and (ended == 1 or wrapped))


class Tables:
    """The tables of a document's pages. A table that goes on over pages is read as the same kind on each of them."""

    def __init__(self, pages: Sequence[Any]) -> None:
        self._found = [(page, page.find_tables({"explicit_horizontal_lines": _cuts(page)})) for page in pages]
        groups: list[tuple[tuple[float, ...], list[Any]]] = []
        for _, tables in self._found:
            for table in tables:
                columns = _columns(table)
                alike = next((group for known, group in groups if same_columns(known, columns)), None)
                if alike is None:
                    groups.append((columns, [table]))
                else:
                    alike.append(table)
        self._kinds = [(columns, _kind(group)) for columns, group in groups]

    def of(self, number: int) -> list[tuple[Any, Kind]]:
        """The tables of page `number`, from 0, from the top; frames around text are none."""
        _, tables = self._found[number]
        kinds = [(table, self._kind_of(table)) for table in sorted(tables, key=lambda table: table.bbox[1])]
        return [(table, kind) for table, kind in kinds if kind]

    def _kind_of(self, table: Any) -> Kind | None:
        columns = _columns(table)
        return next(kind for known, kind in self._kinds if same_columns(known, columns))


def rows(table: Any) -> Iterator[tuple[Row, tuple[float, float, float, float]]]:
    """The rows of a table that have text, each with its box."""
    columns, rules = _columns(table), [edge for edge in table.page.edges if edge["orientation"] == "h"]
    for row, texts in zip(table.rows, table.extract(), strict=True):
        if any((text or "").strip() for text in texts):
            cells = [
                _cell(table, row, box, text or "", rules)
                for box, text in zip(row.cells, texts, strict=True)
                if box is not None
            ]
            yield Row(tuple(cells), columns), row.bbox


def repeated_headers(found: Sequence[tuple[int, Row | None]]) -> set[int]:
    """Which of the lines, given as (page, row or None), are rows that a table's next pages repeat from its head."""
    repeated: set[int] = set()
    head, begin = 0, 0
    for number, (page, row) in enumerate(found):
        before_page, before = found[number - 1] if number else (0, None)
        if row is None:
            continue
        if before is None or not same_columns(row.columns, before.columns):
            head = begin = number
        elif page != before_page:
            begin = number
        its = found[head + number - begin][1]
        if begin > head and its and its.text == row.text and (number == begin or number - 1 in repeated):
            repeated.add(number)
    return repeated


def same_columns(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(abs(a - b) < _NEAR for a, b in zip(one, other, strict=True))


def _cell(table: Any, row: Any, box: tuple[float, float, float, float], text: str, rules: list[dict[str, Any]]) -> Cell:
    x0, _, x1, bottom = box
    inside = [char for char in table.page.chars if _within(char, box) and char["text"].strip()]
    full, lines = False, len([line for line in text.split("\n") if line.strip()])
    if inside:
        size, baseline = inside[-1]["size"], max(char["bottom"] for char in inside)
        last = max(char["x1"] for char in inside if char["bottom"] > baseline - size / 2)
        padding = min(char["x0"] for char in inside) - x0
        full = x1 - last < size + padding
    below = any(abs(rule["top"] - bottom) < _NEAR and rule["x0"] <= (x0 + x1) / 2 <= rule["x1"] for rule in rules)
    tallest = min(other[3] for other in row.cells if other)
    return Cell(_one_line(text).translate(RADICALS), x0, x1, bottom < tallest + _NEAR, full, lines, below)


def _within(char: dict[str, Any], box: tuple[float, float, float, float]) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box[0] <= x < box[2] and box[1] <= y < box[3])


def _same_place(one: Cell, other: Cell) -> bool:
    return abs(one.x0 - other.x0) < _NEAR and abs(one.x1 - other.x1) < _NEAR


def _columns(table: Any) -> tuple[float, ...]:
    """Where the table's vertical rules stand."""
    found: list[float] = []
    for x in sorted(x for box in table.cells for x in (box[0], box[2])):
        if not found or x - found[-1] > _NEAR:
            found.append(x)
    return tuple(found)


def _kind(tables: Sequence[Any]) -> Kind | None:
    """`rows` for tables of short cells, `cells` for those that lay text out beside labels, None for a mere frame."""
    several = sum(len([cell for cell in row.cells if cell]) > 1 for table in tables for row in table.rows)
    longest = max((len(text or "") for table in tables for row in table.extract() for text in row), default=0)
    if several and longest > _LONGEST_CELL:
        return "cells"
    return "rows" if several > 1 else None


def _cuts(page: Any) -> list[dict[str, Any]]:
    """Rules where a page break cuts a row and the printer draws none: at the common ends of the vertical ones."""
    upright = [edge for edge in page.edges if edge["orientation"] == "v"]
    cuts = []
    for end, height in (("top", min), ("bottom", max)):
        y = height((edge[end] for edge in upright), default=0)
        ends = sorted({round(edge["x0"]) for edge in upright if abs(edge[end] - y) < _NEAR})
        parted = [x for x, before in zip(ends, [-_NEAR, *ends], strict=False) if x - before > _NEAR]
        if len(parted) >= _FEWEST_RULES:
            cuts.append({"object_type": "line", "orientation": "h", "x0": ends[0], "x1": ends[-1], "top": y, "bottom": y,
                         "width": ends[-1] - ends[0], "height": 0})  # fmt: skip
    return cuts


def _one_line(cell: str) -> str:
    """A cell's lines as one: a break between Han characters is no space."""
    out = ""
    for line in cell.split("\n"):
        latin = out[-1:].isascii() and line[:1].isascii()
        out += (" " if out and latin else "") + line.strip()
    return out
