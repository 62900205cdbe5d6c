"""The columns of prose on a PDF page, in reading order: a recursive cut along gutters (after Nagy and Seth 1984)."""

from __future__ import annotations

import re
import statistics
from bisect import bisect
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

Box = tuple[float, float, float, float]

# Lengths below are in characters of the text's own size.
# Gutters are no narrower and no wider; a space between the words of a justified line may be stretched further.
_NARROWEST = 0.5
_SPACED = 1.0
_WIDEST = 5.0
# A column is at least so wide, and the first lines of its paragraphs are indented by no more.
_COLUMN = 6.0
_INDENT = 2.6
# What begins or ends at one place may differ by so much.
_SLACK = 0.1
# Lines that a column has at least; two will do beside a gutter that no space between words is as wide as.
_FEWEST = 3
_WIDE = 1.5
# Columns above a heading end at heights that differ by no more.
_UNEVEN = 4.0
# Prose fills its column in at least so many of its lines, and punctuates at least so many; cells do neither.
_FILLED = 0.3
_PUNCTUATED = 0.2
# Marks with ink in their left half only: at the end of a line the right half may hang into the gutter.
_HALF = set("，。；：！？、）》」』】〕”’")
_PUNCTUATION = re.compile(r"[，。；：！？]|[,.;:!?](?!\d)")


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Characters of one line without a gap as wide as a gutter between them."""

    chars: tuple[dict[str, Any], ...]
    text: str
    font: str
    size: float
    x0: float
    x1: float
    top: float
    bottom: float
    # Chance decides what begins after such a mark, so it is no evidence of a column.
    split_off: bool = False

    def split(self, start: float) -> list[Run]:
        """In two where a character begins at `start` after a closing mark, whose empty half may hang into a gutter."""
        for at, (char, after) in enumerate(pairwise(self.chars), start=1):
            if char["text"] in _HALF and abs(after["x0"] - start) < _SLACK * self.size:
                return [_run(self.chars[:at]), replace(_run(self.chars[at:]), split_off=True)]
        return [self]


def in_reading_order(chars: Sequence[dict[str, Any]], box: Box, known: set[float]) -> list[tuple[Box, bool]]:
    """Parts that cover the box, in the order to read them, and whether each is a column beside another.

    `known` holds the gutters found so far in the document, to which this adds.
    """
    upright = [char for char in chars if char["text"].strip() and char.get("upright", True)]
    if not upright:
        return [(box, False)]
    size = statistics.median(char["size"] for char in upright)
    spaces = [char for char in chars if not char["text"].strip()]
    return list(_cut(_runs(upright, spaces, size), box, known, size, False))


def _runs(chars: list[dict[str, Any]], spaces: list[dict[str, Any]], size: float) -> list[Run]:
    """Lines are told apart by their baselines, which all fonts of a line share."""
    rows: list[list[dict[str, Any]]] = []
    for char in sorted([*chars, *spaces], key=lambda c: -c["matrix"][5]):
        if rows and rows[-1][0]["matrix"][5] - char["matrix"][5] < 0.3 * size:
            rows[-1].append(char)
        else:
            rows.append([char])
    return [_run(chars) for row in rows for chars in _unbroken(sorted(row, key=lambda c: c["x0"]), size)]


def _unbroken(row: list[dict[str, Any]], size: float) -> Iterator[tuple[dict[str, Any], ...]]:
    """The characters of a line, parted at each gap that may be a gutter."""
    own: list[dict[str, Any]] = []
    reach, spaced = 0.0, False
    for char in row:
        if not char["text"].strip():
            spaced = True
            continue
        if own and char["x0"] - reach > ((_SPACED if spaced else _NARROWEST) - _SLACK) * size:
            yield tuple(own)
            own = []
        own.append(char)
        reach, spaced = max(reach, char["x1"]), False
    if own:
        yield tuple(own)


def _run(chars: tuple[dict[str, Any], ...]) -> Run:
    size = statistics.median(char["size"] for char in chars)
    return Run(
        chars=chars,
        text="".join(char["text"] for char in chars),
        font=statistics.mode(char["fontname"] for char in chars),
        size=size,
        x0=chars[0]["x0"],
        x1=max(char["x1"] for char in chars) - (size / 2 if chars[-1]["text"] in _HALF else 0),
        top=min(char["top"] for char in chars),
        bottom=max(char["bottom"] for char in chars),
    )


def _cut(runs: list[Run], box: Box, known: set[float], size: float, column: bool) -> Iterator[tuple[Box, bool]]:
    found = list(_gutters(runs, known, size))
    if not found:
        yield box, column
        return
    # The leftmost; but gaps may stand one below another by chance in a few lines.
    fewest = max(len(band) for _, band in found) / 4
    start, band = next((start, band) for start, band in found if len(band) >= fewest)
    gutter = start - _SLACK * size
    known.add(gutter)
    x0, top, x1, bottom = box
    first, last = min(run.top for run in band), max(run.bottom for run in band)
    above = [run for run in runs if run.bottom + run.top < 2 * first]
    below = [run for run in runs if run.bottom + run.top > 2 * last]
    rows = [half for run in runs if 2 * first <= run.bottom + run.top <= 2 * last for half in run.split(start)]
    begin = (max(run.bottom for run in above) + first) / 2 if above else top
    end = (min(run.top for run in below) + last) / 2 if below else bottom
    if above:
        yield from _cut(above, (x0, top, x1, begin), known, size, column)
    yield from _cut([run for run in rows if run.x1 < gutter], (x0, begin, gutter, end), known, size, True)
    yield from _cut([run for run in rows if run.x1 >= gutter], (gutter, begin, x1, end), known, size, True)
    if below:
        yield from _cut(below, (x0, end, x1, bottom), known, size, column)


def _gutters(runs: list[Run], known: set[float], size: float) -> Iterator[tuple[float, list[Run]]]:
    """Gutters from left to right: where the right column begins, and the runs on both sides.

    Every place where runs begin may be one, as far up and down as no run lies across the strip before it.
    """
    for start, begun in sorted(Counter(round(run.x0, 1) for run in runs).items()):
        begin, end = start - (_NARROWEST - _SLACK) * size, start - _SLACK * size
        seen = any(abs(end - gutter) < _SLACK * size for gutter in known)
        if begun < 2 and not seen:
            continue
        lines = [half for run in runs for half in (run.split(start) if run.x0 < end < run.x1 else [run])]
        across = {run for run in lines if run.x0 < end and run.x1 > begin}
        for part in _parted([run for run in lines if run not in across], across):
            headings = _headings(*_sides(part, end), size)
            for free in _parted([run for run in part if run not in headings], headings):
                left, right = _beside(*_sides(free, end), size)
                if _are_columns(left, right, start, seen, size):
                    yield start, left + right


def _parted(runs: list[Run], across: Collection[Run]) -> list[list[Run]]:
    """The runs between the lines of those that lie across, from the top."""
    lines = sorted(across, key=lambda run: run.top)
    tops = [line.top for line in lines]
    parts: dict[int, list[Run]] = {}
    for run in runs:
        middle = (run.top + run.bottom) / 2
        at = bisect(tops, middle)
        if not at or middle >= lines[at - 1].bottom:
            parts.setdefault(at, []).append(run)
    return [parts[at] for at in sorted(parts)]


def _sides(runs: list[Run], x: float) -> tuple[list[Run], list[Run]]:
    return [run for run in runs if run.x1 <= x], [run for run in runs if run.x1 > x]


def _beside(left: list[Run], right: list[Run], size: float) -> tuple[list[Run], list[Run]]:
    """Without the lines at the top that have nothing beside them, as the last line of a paragraph above has.

    That begins on the left; on the right a column may begin a little higher than the left one.
    """
    if not left or not right:
        return left, right
    top_left, top_right = min(run.top for run in left), min(run.top for run in right)
    return [run for run in left if run.bottom > top_right], [run for run in right if run.bottom > top_left - 1.5 * size]


def _are_columns(left: list[Run], right: list[Run], start: float, seen: bool, size: float) -> bool:
    """Whether prose stands on both sides; a line of it will do at a gutter that was `seen` before."""
    if not left or not right:
        return False
    width = start - max(run.x1 for run in left)
    begun = sum(abs(run.x0 - start) < 2 * _SLACK * size and not run.split_off for run in right)
    sides = _whole(left, float("inf")), _whole(right, float("inf"))
    # What a third column leaves empty is no reason against the second.
    beside = [run for run in _whole(right, width) if run.x0 < start + _INDENT * size]
    fewest = 1 if seen else 2 if width >= _WIDE * size else _FEWEST
    if width > _WIDEST * size or min(*map(len, sides), begun + (width >= _WIDE * size)) < fewest:
        return False
    if seen and len(sides[0]) < _FEWEST:
        return all(any(_PUNCTUATION.search(run.text) for run in side) for side in sides)
    return _is_prose(sides[0], size) and (_is_prose(beside, size) or _is_prose(sides[1], size))


def _whole(runs: list[Run], gutter: float) -> list[Run]:
    """Runs of one line joined where the gap between them is narrower than the gutter."""
    found: list[Run] = []
    for run in runs:
        before = found[-1] if found else run
        if before.x0 < run.x0 <= before.x1 + 0.8 * gutter and before.top < run.bottom and run.top < before.bottom:
            found[-1] = _run(found[-1].chars + run.chars)
        else:
            found.append(run)
    return found


def _is_prose(lines: list[Run], size: float) -> bool:
    ends = sorted(run.x1 for run in lines)
    if not ends:
        return False
    border = ends[-1 - len(ends) // 10]
    width = border - min(run.x0 for run in lines)
    filled = sum(end > border - max(2 * size, 0.2 * width) for end in ends)
    marks = sum(bool(_PUNCTUATION.search(run.text)) for run in lines)
    return width > _COLUMN * size and filled >= _FILLED * len(lines) and marks >= _PUNCTUATED * len(lines)


def _headings(left: list[Run], right: list[Run], size: float) -> list[Run]:
    """Short lines that stand over both columns: nothing is beside them, and below them both begin at one height."""
    found: list[Run] = []
    for own, other in ((left, right), (right, left)):
        for at in range(1, len(own)):
            above, line, below = own[at - 1], own[at], own[at + 1] if at + 1 < len(own) else None
            ended = [run.bottom for run in other if run.bottom <= line.top]
            if not ended or line.top - max(ended) > _UNEVEN * size or not _stands_out(line, above, below, size):
                continue
            beside = any(run.top < line.bottom and run.bottom > line.top for run in other)
            # At the foot of a page nothing comes below.
            next_tops = [run.top for run in other if run.top > line.top]
            resumes = any(abs(top - below.top) < 0.3 * size for top in next_tops) if below else not next_tops
            if resumes and not beside:
                found.append(line)
    return found


def _stands_out(line: Run, above: Run, below: Run | None, size: float) -> bool:
    if below is None:
        return (line.font, round(line.size)) != (above.font, round(above.size))
    spaced = min(line.top - above.bottom, below.top - line.bottom) > size
    return spaced or (line.font, round(line.size)) != (below.font, round(below.size))
