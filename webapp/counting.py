"""Every occurrence of a query in the reports that the filters admit, none left out, and their tallies. No Flask."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from retrieval.errors import QueryError
from retrieval.fulltext import FulltextReader, Pieces
from retrieval.store import Index
from retrieval.text import fold_offsets
from retrieval.types import ROLES, Filters, Passage, ReportSummary, Role
from webapp.expression import And, Expression, Near, Node, Not, Or, Phrase, Span, matches, outermost, parse
from webapp.tally import Dimension, Group, Numbers, Tally, tallies

Within = Literal["passage", "report"]
WITHIN: tuple[Within, ...] = ("passage", "report")
# Characters on either side of a line's match.
CONTEXT, MOST_CONTEXT = 30, 300
_OTHER = ROLES.index("other")


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where the query was found, report by report in the order of lines: one array each, of equal length.

    `report` is the place in the index's reports, `start` and `end` are offsets into the folded text, `role` the place
    in ROLES, `row` the passage's row in the index, -1 outside passages.
    """

    report: np.ndarray
    start: np.ndarray
    end: np.ndarray
    role: np.ndarray
    row: np.ndarray


@dataclass(frozen=True, slots=True)
class Line:
    """One occurrence in its context: `left`, `match` and `right` are verbatim; offsets are those of the report's text."""

    number: int
    left: str
    match: str
    right: str
    start: int
    end: int
    role: Role
    report: ReportSummary
    passage: Passage | None


@dataclass(frozen=True, slots=True)
class Count:
    """A query counted: where it was found, and the numbers of found and searched from which all tallies are made."""

    index: Index
    expression: Expression
    within: Within
    filters: Filters
    occurrences: Occurrences
    numbers: Numbers

    @property
    def total(self) -> Tally:
        """Over everything that the filters admit."""
        return tallies(self.numbers, "all")[0].tally

    def groups(self, by: Dimension) -> tuple[Group, ...]:
        """The same for each place, year, level, role or report in scope."""
        return tallies(self.numbers, by)

    def lines(self, offset: int = 0, limit: int | None = None, context: int = CONTEXT) -> Iterator[Line]:
        """Occurrences in context, by place, year and position in the text."""
        found = self.occurrences
        stop = len(found.report) if limit is None else min(len(found.report), offset + limit)
        for report, places in groupby(range(offset, stop), key=lambda place: int(found.report[place])):
            summary = self.index.reports[report]
            text = self.index.text(summary)
            origins = fold_offsets(text)
            for place in places:
                start, end = origins[found.start[place]], origins[found.end[place] - 1] + 1
                row = int(found.row[place])
                yield Line(
                    number=place + 1,
                    left=text[max(0, start - context) : start],
                    match=text[start:end],
                    right=text[end : end + context],
                    start=start,
                    end=end,
                    role=ROLES[found.role[place]],
                    report=summary,
                    passage=self.index.passage(row) if row >= 0 else None,
                )


def count(index: Index, query: str, filters: Filters | None = None, within: Within = "passage") -> Count:
    """Count a query in all current reports that the filters admit. AND, NOT and NEAR are met within a passage or report.

    Raises QueryError where the query cannot be read or `within` is neither.
    """
    expression, filters = parse(query), filters or Filters()
    if within not in WITHIN:
        raise QueryError(f"within 只能是 {'、'.join(WITHIN)}", f"within must be {' or '.join(WITHIN)}")
    numbers = Numbers.of(index.reports)
    parts = [_in_segment(index, place, expression, filters, within, numbers) for place in range(len(index.fulltext))]
    table = np.concatenate([np.zeros((0, 5), np.int64), *parts])
    rank = np.zeros(len(index.reports), np.int64)
    holding = sorted(np.unique(table[:, 0]).tolist(), key=lambda number: _place_in_list(index.reports[number]))
    rank[holding] = np.arange(len(holding))
    table = table[np.lexsort((table[:, 1], rank[table[:, 0]]))]
    occurrences = Occurrences(*table.T)
    numbers.add_found(occurrences.report, occurrences.role, occurrences.row)
    return Count(index, expression, within, filters, occurrences, numbers)


def _place_in_list(summary: ReportSummary) -> tuple[bool, tuple[str, ...], int, str]:
    metadata = summary.metadata
    return not metadata.region.chain, metadata.region.chain, metadata.year or 0, summary.source_name


def _in_segment(
    index: Index, place: int, expression: Expression, filters: Filters, within: Within, numbers: Numbers
) -> np.ndarray:
    """The occurrences in one segment, as rows of the columns of Occurrences; what is searched is added to `numbers`."""
    reader = index.fulltext[place]
    pieces, first = reader.pieces, int(index.starts[place])
    reports = np.array([index.numbers.get(version, -1) for version in reader.versions], np.int64)
    admitted = _admitted(index, first, pieces, reports, filters)
    lengths = (pieces.end - pieces.start)[admitted]
    numbers.add_searched(reports[pieces.text[admitted]], pieces.role[admitted], pieces.row[admitted] >= 0, lengths)
    wanted = set(np.flatnonzero(np.bincount(pieces.text[admitted])).tolist())
    proposed = _candidates(expression.tree, reader)
    bounds = np.searchsorted(pieces.text, np.arange(len(reports) + 1)).tolist()
    found: list[Span] = []
    owners: list[int] = []
    for number, folded in reader.texts(wanted if proposed is None else wanted & proposed):
        cut = _Cut(pieces, bounds[number], bounds[number + 1], admitted, outside=_outside(filters))
        spans = _found(expression, folded, cut, within)
        found += spans
        owners += [reports[number]] * len(spans)
    start, end, piece = np.array(found, np.int64).reshape(-1, 3).T
    role = np.where(piece < 0, _OTHER, pieces.role[piece])
    row = np.where((piece < 0) | (pieces.row[piece] < 0), -1, first + pieces.row[piece])
    return np.column_stack((np.array(owners, np.int64), start, end, role, row))


def _outside(filters: Filters) -> bool:
    """Whether the filters admit what stands outside passages: it has the role "other" and names no measure."""
    return filters.role in (None, "other") and filters.measure is None


def _admitted(index: Index, first: int, pieces: Pieces, reports: np.ndarray, filters: Filters) -> np.ndarray:
    """Which pieces of a segment are searched: a boolean mask."""
    inside = pieces.row >= 0
    mask = np.zeros(len(inside), bool)
    mask[inside] = index.allowed(filters)[first + pieces.row[inside]]
    if _outside(filters) and len(index.reports):
        number = reports[pieces.text[~inside]]
        mask[~inside] = (number >= 0) & index.admitted(filters)[number]
    return mask


def _candidates(node: Node, reader: FulltextReader) -> set[int] | None:
    """Texts of a segment that may match, as its trigrams tell; None is all of them."""
    match node:
        case Phrase(folded):
            return reader.candidates(folded)
        case Not():
            return None
        case And(parts):
            known = [some for part in parts if (some := _candidates(part, reader)) is not None]
            return set.intersection(*known) if known else None
        case Or(parts):
            every = [_candidates(part, reader) for part in parts]
            return None if None in every else set().union(*(some for some in every if some is not None))
        case Near(left, right):
            return _candidates(And((left, right)), reader)


class _Cut:
    """The pieces of one text; `outside` says whether what crosses their edges is searched too."""

    def __init__(self, pieces: Pieces, begin: int, end: int, admitted: np.ndarray, *, outside: bool) -> None:
        self._begin, self._outside = begin, outside
        self._starts: list[int] = pieces.start[begin:end].tolist()
        self._ends: list[int] = pieces.end[begin:end].tolist()
        self._admitted: list[bool] = admitted[begin:end].tolist()

    def spans(self, phrase: str, text: str) -> list[Span]:
        """Where a phrase stands in what is searched, from left to right without overlaps; piece -1 crosses an edge."""
        spans: list[Span] = []
        at, length = text.find(phrase), len(phrase)
        while at >= 0:
            place = bisect_right(self._starts, at) - 1
            if at + length > self._ends[place]:
                if self._outside:
                    spans.append((at, at + length, -1))
            elif self._admitted[place]:
                spans.append((at, at + length, self._begin + place))
            at = text.find(phrase, at + length)
        return spans


def _found(expression: Expression, text: str, cut: _Cut, within: Within) -> list[Span]:
    """The spans of one folded text that count: the tree is held against each piece, or against the whole report."""
    found = {phrase.folded: cut.spans(phrase.folded, text) for phrase in expression.phrases}
    if isinstance(expression.tree, Phrase):
        return found[expression.tree.folded]
    units = [found] if within == "report" else _by_piece(found)
    kept = [span for unit in units for span in matches(expression.tree, unit) or ()]
    # Apart, lest what crosses an edge hide what a passage holds.
    inside, across = [span for span in kept if span[2] >= 0], [span for span in kept if span[2] < 0]
    return outermost(inside) + outermost(across)


def _by_piece(found: dict[str, list[Span]]) -> list[dict[str, list[Span]]]:
    """What was found in each piece; what crosses an edge lies in none and stands by itself."""
    pieces: dict[Span | int, dict[str, list[Span]]] = defaultdict(dict)
    for phrase, spans in found.items():
        for span in spans:
            pieces[span if span[2] < 0 else span[2]].setdefault(phrase, []).append(span)
    return list(pieces.values())
