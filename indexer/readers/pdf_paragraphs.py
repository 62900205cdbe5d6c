"""Lines of a PDF → which of them begin a paragraph, by their place in the column, the room before them and the gaps."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from indexer.readers.pdf_page import Line

# What cannot be broken at the end of a line: a character or a word in Latin type, with the punctuation that clings.
_FIRST_WORD = re.compile(r"[（《“‘「『【〔(\[]*(?:[A-Za-z0-9.,%/'’-]+|.)[，。；：！？、）》”’」』】〕)\],.;:!?%]*")
_ENDED = re.compile(r"[。！？；：.!?;:]['”’」』）)]*$")
_ITEM = re.compile(r"(?:\d{1,3}[.、)）]|[（(]\d{1,3}[)）]|[•·●○▪■◦-])")

# What is indented by more characters is set to the right, as signatures and dates are, and goes on with nothing.
_DEEPEST = 8
# The column of lines carried over to the next page; no page has so many of its own.
_CARRIED = 1000


@dataclass(frozen=True, slots=True)
class _Column:
    left: float
    right: float


class Paragraphs:
    """Where the paragraphs of a document begin; `lines` are its text without tables and page furniture."""

    def __init__(self, lines: Sequence[Line]) -> None:
        keys = {_key(line) for line in lines}
        self._columns = {key: _borders([line for line in lines if _key(line) == key]) for key in keys}
        beside = [(a, b) for a, b in pairwise(lines) if (a.page, a.column) == (b.page, b.column)]
        # Type of no size is there to be read by programs alone.
        gaps = [_gap(a, b) / a.size for a, b in beside if a.size]
        self._gap = statistics.median(gaps) if gaps else 0.6

    def begins(self, line: Line, current: Sequence[Line]) -> bool:
        """Whether `line` begins a new paragraph after the lines of the `current` one."""
        before = current[-1]
        turns = (line.page, line.column) != (before.page, before.column)
        if line.row and before.row and line.page != before.page:
            return not line.row.goes_on(before.row)
        if line.row or before.row or (line.column != before.column and min(line.column, before.column) <= 0):
            return True
        if abs(line.size - before.size) > 0.1 * before.size or self._has_room(before, line):
            return True
        if not turns and _gap(before, line) > (self._gap + 0.5) * before.size:
            return True
        return self._indent(line) > 0.8 * line.size and not self._hangs(line, current)

    def _indent(self, line: Line) -> float:
        return line.x0 - self._columns[_key(line)].left

    def _has_room(self, before: Line, line: Line) -> bool:
        """The line before had room for this one's first word, so it ended its paragraph; a sentence's end says as much."""
        room = self._columns[_key(before)].right - before.x1
        word = before.size if _ENDED.search(before.text) else _width(line)
        return room > word + 0.8 * before.size

    def _hangs(self, line: Line, current: Sequence[Line]) -> bool:
        """A line as far right as the one before, or below the text of a numbered item, goes on with it."""
        if self._indent(line) > _DEEPEST * line.size:
            return False
        further = self._indent(line) - self._indent(current[-1])
        if abs(further) < 0.3 * line.size:
            return len(current) > 1 or not _ENDED.search(current[-1].text)
        return len(current) == 1 and further > 0 and bool(_ITEM.match(current[0].text))


def carried_over(lines: Sequence[Line]) -> list[Line]:
    """The lines, those that a page's last column leaves for the next page marked as a column too.

    So few lines find no gutter; they are told by the column's width, no line of which they exceed.
    """
    found: list[Line] = []
    width = 0.0
    for line in lines:
        before = found[-1] if found else line
        if line.page != before.page:
            column = [other for other in found if _key(other) == _key(before)] if before.column > 0 else []
            width = max((a.x1 for a in column), default=0) - min((a.x0 for a in column), default=0)
        if line.column or line.row or line.x1 - line.x0 > width + 0.2 * line.size:
            width = 0.0
        found.append(replace(line, column=_CARRIED) if width else line)
    return found


def _key(line: Line) -> tuple[int, int]:
    """A column has borders of its own on each page; what goes across pages shares them in the document."""
    return (line.page if line.column > 0 else 0, line.column)


def _borders(lines: list[Line]) -> _Column:
    """Where most of a column's lines begin, and the farthest that they reach."""
    left = Counter(round(line.x0) for line in lines).most_common(1)[0][0]
    left = min((round(line.x0) for line in lines if abs(line.x0 - left) < 3 * line.size), default=left)
    ends = sorted(line.x1 for line in lines)
    return _Column(left, ends[-1 - len(ends) // 20])


def _gap(before: Line, line: Line) -> float:
    return line.top - before.bottom


def _width(line: Line) -> float:
    """The width of the line's first word, as far as its characters tell."""
    word = _FIRST_WORD.match(line.text)
    widths = [0.55 if char.isascii() else 1.0 for char in (word.group() if word else "")]
    return line.size * sum(widths)
