"""A PDF page → its lines in reading order: tables row by row, two columns one after the other."""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexer.readers.document import Piece

# Many PDF writers map a glyph to the radical that shares its shape (⼈ for 人). A report's words hold no radicals,
# so the ideograph is certain; NFKC knows the Kangxi ones, these supplements it does not.
_SUPPLEMENT = dict(
    zip(
        "⺁⺃⺊⺎⺏⺐⺓⺘⺙⺝⺞⺟⺠⺢⺣⺤⺥⺦⺧⺩⺪⺫⺬⺭⺮⺯⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻘⻙⻚⻛⻜⻝⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂乚卜兀尣尢幺扌攵月歺母民氵灬爪爫丬牛王疋目示礻竹糹罒罒罒罓网羊羊羊老肀聿月臼艹虎衤覀西见角角讠贝车辶辶辶阝钅長镸长门青韦页风飞食飠饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
        strict=True,
    )
)
_RADICALS = {ord(radical): ideograph for radical, ideograph in _SUPPLEMENT.items()} | {
    code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)
}
# The part of a page, at its top and at its bottom, where running headers and page numbers stand.
_MARGIN = 0.1
# A table with a cell of more characters lays text out.
_LONGEST_CELL = 300
# A page has two columns when at least so many rows have text on both sides of a gutter, and few cross it.
_FEWEST_ROWS = 6
_MOST_CROSSING = 0.25

# From this on, `column` counts the cells of a table that lays text out.
CELLS = 10

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text with its box in points; `column` 0 goes across the page, 1 is left and 2 right of a gutter; `CELLS` on.

    `edge`: it stands where running headers do. `row`: it is a table's row, with tabs between its cells.
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
    row: bool = False

    @property
    def piece(self) -> Piece:
        box = f"{self.x0:.1f},{self.top:.1f},{self.x1:.1f},{self.bottom:.1f}"
        return Piece(self.text, f"page={self.page};box={box}", self.page)


def page_lines(page: Any, number: int) -> list[Line]:
    """The lines of a pdfplumber page in reading order; `number` counts from 1.

    A table with nothing beside it parts the page; one that text stands beside follows that text. Every character is
    in one line: those in no cell of a table are read as the rest of the page.
    """
    tables = sorted((table for table in page.find_tables() if _kind(table)), key=lambda table: table.bbox[1])
    cells = [cell for table in tables for row in table.rows for cell in row.cells if cell]
    rest = page.filter(lambda thing: thing["object_type"] != "char" or not any(_inside(thing, c) for c in cells))
    words = [char for char in rest.chars if char["text"].strip()]
    top, found, floating = float(page.bbox[1]), list[Line](), list[Line]()
    for table in tables:
        _, begin, _, end = table.bbox
        lines = list(_rows(table, number) if _kind(table) == "rows" else _cells(table, page, number))
        if begin < top or any(begin < (char["top"] + char["bottom"]) / 2 < end for char in words):
            floating += lines
            continue
        found += [*_between(rest, number, top, begin), *floating, *lines]
        top, floating = end, []
    return [*found, *_between(rest, number, top, float(page.bbox[3])), *floating]


def _inside(char: dict[str, Any], box: Box) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box[0] <= x < box[2] and box[1] <= y < box[3])


def _kind(table: Any) -> str | None:
    """`rows` for a table of short cells, `cells` for one that lays text out beside its labels, None for a mere frame."""
    several = sum(len([cell for cell in row.cells if cell]) > 1 for row in table.rows)
    longest = max((len(text or "") for row in table.extract() for text in row), default=0)
    if several and longest > _LONGEST_CELL:
        return "cells"
    return "rows" if several > 1 else None


def _rows(table: Any, number: int) -> Iterator[Line]:
    size = statistics.median([char["size"] for char in table.page.chars]) if table.page.chars else 0
    for row, cells in zip(table.rows, table.extract(), strict=True):
        text = "\t".join(_one_line(cell) for cell in cells if cell)
        if text.strip():
            x0, top, x1, bottom = row.bbox
            yield Line(text.translate(_RADICALS), number, x0, x1, top, bottom, size, edge=False, row=True)


def _cells(table: Any, page: Any, number: int) -> Iterator[Line]:
    """The lines of each cell by itself, row by row."""
    for row in table.rows:
        for place, cell in enumerate(row.cells):
            if cell:
                yield from _lines(page.within_bbox(cell, strict=False), page, number, CELLS + place)


def _one_line(cell: str) -> str:
    """A cell's lines as one: a break between Han characters is no space."""
    out = ""
    for line in cell.split("\n"):
        latin = out[-1:].isascii() and line[:1].isascii()
        out += (" " if out and latin else "") + line.strip()
    return out


def _between(page: Any, number: int, top: float, bottom: float) -> list[Line]:
    """The lines between two heights, where there are two columns the left one first."""
    if bottom - top < 1:
        return []
    x0, _, x1, _ = page.bbox
    part = page.within_bbox((x0, top, x1, bottom), relative=False, strict=False)
    whole = _lines(part, page, number, 0)
    gutter = _gutter(part)
    if gutter is None:
        return whole
    left = _lines(part.within_bbox((x0, top, gutter, bottom), strict=False), page, number, 1)
    right = _lines(part.within_bbox((gutter, top, x1, bottom), strict=False), page, number, 2)
    across = [line for line in whole if line.x0 < gutter < line.x1 and _crosses(line, gutter, part)]
    return _in_bands(across, left, right)


def _in_bands(across: list[Line], left: list[Line], right: list[Line]) -> list[Line]:
    """Lines across the page part it into bands; in each the left column is read before the right one."""

    def free(lines: list[Line]) -> list[Line]:
        return [line for line in lines if not any(a.top < (line.top + line.bottom) / 2 < a.bottom for a in across)]

    left, right = free(left), free(right)
    found: list[Line] = []
    top = float("-inf")
    for bottom, line in [*((line.top, line) for line in across), (float("inf"), None)]:
        found += [other for column in (left, right) for other in column if top <= other.top < bottom]
        if line:
            found.append(line)
            top = line.top
    return found


def _gutter(part: Any) -> float | None:
    """Where the empty strip between two columns of prose lies, or None.

    Prose fills its columns, and both begin at the strip; cells of a table without rules do not. The columns' lines
    need not stand at one height.
    """
    runs = _runs(part)
    x0, _, x1, _ = part.bbox
    middle = range(int(x0 + (x1 - x0) * 0.35), int(x1 - (x1 - x0) * 0.35), 2)
    crossing = {x: sum(run.x0 < x < run.x1 for run in runs) for x in middle}
    if not crossing:
        return None
    fewest = min(crossing.values())
    strip = [x for x, count in crossing.items() if count == fewest]
    gutter = statistics.median(strip)
    left = [run for run in runs if run.x1 <= gutter]
    right = [run for run in runs if run.x0 >= gutter]
    if min(len(left), len(right)) < _FEWEST_ROWS or fewest > len(runs) * _MOST_CROSSING:
        return None
    beside = [run for run in right if min(r.top for r in left) <= run.top <= max(r.top for r in left)]
    near = 0.15 * (gutter - min(run.x0 for run in left))
    # Headings and last lines do not fill theirs.
    full = sum(run.x1 > min(strip) - near for run in left) >= 0.45 * len(left)
    begun = sum(run.x0 < max(strip) + near for run in right) >= 0.6 * len(right)
    return gutter if full and begun and len(beside) >= len(right) / 2 else None


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters of one line without a wide gap between them."""

    x0: float
    x1: float
    top: float


def _runs(part: Any) -> list[_Run]:
    size = statistics.median([char["size"] for char in part.chars]) if part.chars else 0
    found: list[_Run] = []
    for line in part.extract_text_lines(return_chars=True, x_tolerance=2, y_tolerance=max(3, 0.4 * size)):
        own: list[_Run] = []
        for char in sorted((c for c in line["chars"] if c["text"].strip()), key=lambda c: c["x0"]):
            if own and char["x0"] - own[-1].x1 < 1.2 * size:
                own[-1] = _Run(own[-1].x0, max(own[-1].x1, char["x1"]), own[-1].top)
            else:
                own.append(_Run(char["x0"], char["x1"], line["top"]))
        found += own
    return found


def _crosses(line: Line, gutter: float, part: Any) -> bool:
    """Whether characters of the line itself lie on the gutter, or too near for two columns."""
    size = line.size
    near = [
        c for c in part.chars if line.top - 1 <= (c["top"] + c["bottom"]) / 2 <= line.bottom + 1 and c["text"].strip()
    ]
    return any(c["x0"] - 0.5 * size < gutter < c["x1"] + 0.5 * size for c in near)


def _lines(part: Any, page: Any, number: int, column: int) -> list[Line]:
    # Fonts of one line may hang differently from its baseline (figures in Latin type beside Han characters).
    size = statistics.median([char["size"] for char in part.chars]) if part.chars else 0
    found = part.extract_text_lines(return_chars=True, x_tolerance=2, y_tolerance=max(3, 0.4 * size))
    top, height = float(page.bbox[1]), float(page.height)
    return [
        Line(
            text=line["text"].strip().translate(_RADICALS),
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
