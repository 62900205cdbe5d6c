"""A PDF page → its lines in reading order: tables row by row, columns one after the other."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from indexer.readers.document import Piece
from indexer.readers.pdf_columns import Box, in_reading_order
from indexer.readers.pdf_fonts import RADICALS
from indexer.readers.pdf_tables import Kind, Row, rows

# The part of a page, at its top and at its bottom, where running headers and page numbers stand.
_MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with its box in points.

    `column` 0 goes across the page, from 1 on it counts the page's columns, from -1 down the cells of a table that
    lays text out.
    `edge`: it stands where running headers do. `row`: the row of a table that it is, with tabs between its cells.
    """

    text: str
    page: int
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    edge: bool
    column: int = 0
    row: Row | None = None

    @property
    def piece(self) -> Piece:
        box = f"{self.x0:.1f},{self.top:.1f},{self.x1:.1f},{self.bottom:.1f}"
        return Piece(self.text, f"page={self.page};box={box}", self.page)


def page_lines(page: Any, number: int, tables: list[tuple[Any, Kind]], gutters: set[float]) -> list[Line]:
    """The lines of a pdfplumber page in reading order; `number` counts from 1, `tables` are the page's from the top.

    A table with nothing beside it parts the page; one that text stands beside follows that text. Every character is
    in one line: those in no cell of a table are read as the rest of the page. `gutters` are those of the pages
    before, to which this adds.
    """
    cells = [cell for table, _ in tables for row in table.rows for cell in row.cells if cell]
    rest = page.filter(lambda thing: thing["object_type"] != "char" or not any(_inside(thing, c) for c in cells))
    words = [char for char in rest.chars if char["text"].strip()]
    top, found, floating, columns = float(page.bbox[1]), list[Line](), list[Line](), count(1)
    for table, kind in tables:
        _, begin, _, end = table.bbox
        lines = list(_rows(table, number) if kind == "rows" else _cells(table, page, number))
        if begin < top or any(begin < (char["top"] + char["bottom"]) / 2 < end for char in words):
            floating += lines
            continue
        found += [*_between(rest, number, top, begin, columns, gutters), *floating, *lines]
        top, floating = end, []
    return [*found, *_between(rest, number, top, float(page.bbox[3]), columns, gutters), *floating]


def _inside(char: dict[str, Any], box: Box) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box[0] <= x < box[2] and box[1] <= y < box[3])


def _rows(table: Any, number: int) -> Iterator[Line]:
    size = statistics.median([char["size"] for char in table.page.chars]) if table.page.chars else 0
    for row, (x0, top, x1, bottom) in rows(table):
        yield Line(row.text, number, x0, x1, top, bottom, size, edge=False, row=row)


def _cells(table: Any, page: Any, number: int) -> Iterator[Line]:
    """The lines of each cell by itself, row by row."""
    for row in table.rows:
        for place, cell in enumerate(row.cells):
            if cell:
                yield from _lines(page.within_bbox(cell, strict=False), page, number, -1 - place)


def _between(
    page: Any, number: int, top: float, bottom: float, columns: Iterator[int], gutters: set[float]
) -> list[Line]:
    """The lines between two heights, column by column."""
    if bottom - top < 1:
        return []
    x0, _, x1, _ = page.bbox
    chars = [char for char in page.chars if _inside(char, (x0, top, x1, bottom))]
    lines: list[Line] = []
    for box, beside in in_reading_order(chars, (x0, top, x1, bottom), gutters):
        lines += _lines(_within(page, box), page, number, next(columns) if beside else 0)
    return lines


def _within(page: Any, box: Box) -> Any:
    return page.filter(lambda thing: thing["object_type"] == "char" and _inside(thing, box))


def _lines(part: Any, page: Any, number: int, column: int) -> list[Line]:
    # Fonts of one line may hang differently from its baseline (figures in Latin type beside Han characters).
    size = statistics.median([char["size"] for char in part.chars]) if part.chars else 0
    # No spaces stand between Han characters, but a justified line may spread them.
    letters = [char["text"] for char in part.chars if char["text"].isalpha()]
    han = sum(letter > "\u2e7f" for letter in letters) * 2 > len(letters)
    found = part.extract_text_lines(
        return_chars=True, x_tolerance=max(2, 0.5 * size) if han else 2, y_tolerance=max(3, 0.4 * size)
    )
    top, height = float(page.bbox[1]), float(page.height)
    return [
        Line(
            text=line["text"].strip().translate(RADICALS),
            page=number,
            x0=line["x0"],
            x1=line["x1"],
            top=line["top"],
            bottom=line["bottom"],
            size=statistics.median(char["size"] for char in line["chars"]),
            edge=line["top"] < top + height * _MARGIN or line["bottom"] > top + height * (1 - _MARGIN),
            column=column,
        )
        for line in found
        if line["text"].strip()
    ]
