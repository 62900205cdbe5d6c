"""One segment's full text, for counting: folded texts with the pieces they are cut into. Written once, then read only.

A trigram index proposes the texts that may hold a phrase; only the folded text itself says whether they do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from retrieval import deadline
from retrieval.readonly import ReadOnlyDatabase
from retrieval.text import fold, fold_offsets
from retrieval.types import ROLES, Report

# Texts of this genre run to 25 kB: larger pages than SQLite's usual ones halve the time of reading them all.
_SCHEMA = """
PRAGMA page_size = 32768;
CREATE TABLE texts (n INTEGER PRIMARY KEY, version_id TEXT NOT NULL, folded TEXT NOT NULL);
CREATE TABLE pieces (text INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, role TEXT NOT NULL,
  passage INTEGER);
CREATE VIRTUAL TABLE trigrams USING fts5(folded, tokenize = 'trigram', content = '', detail = 'none');
"""
_GRAM = 3


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a segment's texts are cut into, in order and without gaps: one array each, of equal length.

    `text` is the text's number in the segment, `start` and `end` are offsets into its folded text, `role` the place
    in ROLES, `row` the passage's row in the segment, -1 for what stands outside passages (whose role is "other").
    """

    text: np.ndarray
    start: np.ndarray
    end: np.ndarray
    role: np.ndarray
    row: np.ndarray


def write_fulltext(path: Path, reports: Iterable[Report]) -> None:
    """Write the reports in order; their passages have the rows 0, 1, 2 … as in the segment's database."""
    database = sqlite3.connect(path)
    try:
        database.executescript(_SCHEMA)
        row = 0
        for number, report in enumerate(reports):
            folded = fold(report.text)
            database.execute("INSERT INTO texts VALUES (?,?,?)", (number, report.summary.version_id, folded))
            # The tokenizer would take the rest of a text for absent after a NUL.
            database.execute("INSERT INTO trigrams (rowid, folded) VALUES (?,?)", (number, folded.replace("\0", " ")))
            database.executemany("INSERT INTO pieces VALUES (?,?,?,?,?)", _pieces(report, number, row))
            row += len(report.passages)
        database.execute("INSERT INTO trigrams (trigrams) VALUES ('optimize')")
        database.commit()
    finally:
        database.close()


def _pieces(report: Report, number: int, row: int) -> Iterator[tuple[int, int, int, str, int | None]]:
    """Passages, and the paragraphs or parts of paragraphs between them."""
    offsets = fold_offsets(report.text)
    counts = np.bincount(np.array(offsets, np.int64), minlength=len(report.text))
    # Offset in the text → offset in the folded text.
    at = [0, *accumulate(counts.tolist())]
    inside = {p.start: (p.end, p.role, row + k) for k, p in enumerate(report.passages)}
    ends = {end for end, _, _ in inside.values()}
    edges = {edge for p in report.paragraphs for edge in (p.start, p.end)}
    cuts = sorted({0, len(report.text), *edges, *inside, *ends})
    until = 0
    for start, end in pairwise(cuts):
        if start < until:
            continue
        until, role, passage = inside.get(start, (end, "other", None))
        if at[until] > at[start]:
            yield number, at[start], at[until], role, passage


class FulltextReader:
    """Reads one segment's full text; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._database = ReadOnlyDatabase(path)

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The texts' version ids by number."""
        rows = self._database.execute("SELECT version_id FROM texts ORDER BY n")
        return tuple(version for (version,) in rows)

    @cached_property
    def pieces(self) -> Pieces:
        """What the texts are cut into."""
        rows = self._database.execute("SELECT text, start, end, role, passage FROM pieces ORDER BY rowid")
        table = [(n, a, b, ROLES.index(role), -1 if row is None else row) for n, a, b, role, row in rows]
        return Pieces(*np.array(table, np.int64).reshape(-1, 5).T)

    def candidates(self, folded: str) -> set[int] | None:
        """The numbers of all texts that may hold a folded phrase; None where any may, as with fewer than 3 characters."""
        starts = {*range(0, len(folded) - _GRAM + 1, _GRAM), max(0, len(folded) - _GRAM)}
        grams = {folded[start : start + _GRAM] for start in starts}
        # Marks and symbols propose nothing: what the tokenizer makes of some is its own affair.
        wanted = " AND ".join(f'"{gram}"' for gram in sorted(grams) if len(gram) == _GRAM and gram.isalnum())
        if not wanted:
            return None
        rows = self._database.execute("SELECT rowid FROM trigrams WHERE trigrams MATCH ?", (wanted,))
        return {number for (number,) in rows}

    def texts(self, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Some folded texts with their numbers."""
        query = "SELECT n, folded FROM texts WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n"
        for row in self._database.execute(query, (json.dumps(sorted(numbers)),)):
            deadline.check()
            yield row
