"""One segment's SQLite file: reports, their paragraphs, origins, removals and passages. Written once, then read only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.blocks import DIGEST, digest
from retrieval.errors import damaged
from retrieval.readonly import ReadOnlyDatabase
from retrieval.types import (
    ROLES,
    Metadata,
    Origin,
    Paragraph,
    Passage,
    Region,
    Removal,
    Report,
    ReportSummary,
    words_digest,
)

_SCHEMA = """
CREATE TABLE reports (
  version_id TEXT PRIMARY KEY, report_id TEXT NOT NULL, source_name TEXT NOT NULL, sha256 TEXT NOT NULL,
  media_type TEXT NOT NULL, metadata TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE paragraphs (version_id TEXT, n INTEGER, start INTEGER, end INTEGER, kind TEXT, level INTEGER,
  page INTEGER, PRIMARY KEY (version_id, n)) WITHOUT ROWID;
CREATE TABLE origins (version_id TEXT, n INTEGER, start INTEGER, end INTEGER, locator TEXT, page INTEGER,
  PRIMARY KEY (version_id, n)) WITHOUT ROWID;
CREATE TABLE removals (version_id TEXT, n INTEGER, text TEXT, reason TEXT, locator TEXT, at INTEGER,
  PRIMARY KEY (version_id, n)) WITHOUT ROWID;
CREATE TABLE passages (row INTEGER PRIMARY KEY, id TEXT NOT NULL, version_id TEXT NOT NULL, start INTEGER,
  end INTEGER, heading_path TEXT, role TEXT, planned_for INTEGER, page INTEGER);
CREATE INDEX passage_ids ON passages (id);
CREATE INDEX passage_versions ON passages (version_id);
CREATE INDEX report_ids ON reports (report_id);
"""
# What is read in whole at every opening: what each report is, and where its passages stand. Their digests lie beside.
_SUMMARIES = "SELECT report_id, version_id, source_name, sha256, media_type, metadata FROM reports ORDER BY rowid"
_COLUMNS = "SELECT version_id, role FROM passages ORDER BY row"
_WHOLE = (_SUMMARIES, _COLUMNS)
# A passage's words are not stored a second time: they are this part of the report's text.
_PASSAGE = (
    "SELECT p.row, p.id, r.report_id, p.start, p.end, substr(r.text, p.start + 1, p.end - p.start), "
    "p.heading_path, p.role, p.planned_for, p.page, p.version_id "
    "FROM passages p JOIN reports r USING (version_id)"
)


def write_segment(path: Path, reports: Iterable[Report]) -> int:
    """Write the reports in order; passages get the rows 0, 1, 2 … Returns how many there are."""
    database = sqlite3.connect(path)
    try:
        database.executescript(_SCHEMA)
        row = 0
        for report in reports:
            row = _insert(database, report, row)
        database.commit()
        _beside(path).write_bytes(b"".join(_digest(database.execute(query).fetchall()) for query in _WHOLE))
    finally:
        database.close()
    return row


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".rows.xxh3")


def _digest(rows: list[tuple[Any, ...]]) -> bytes:
    return digest(json.dumps(rows).encode("ascii"))


def _insert(database: sqlite3.Connection, report: Report, row: int) -> int:
    summary = report.summary
    version = summary.version_id
    database.execute(
        "INSERT INTO reports VALUES (?,?,?,?,?,?,?)",
        (
            version,
            summary.id,
            summary.source_name,
            summary.sha256,
            summary.media_type,
            json.dumps(asdict(summary.metadata), ensure_ascii=False),
            report.text,
        ),
    )
    database.executemany(
        "INSERT INTO paragraphs VALUES (?,?,?,?,?,?,?)",
        [(version, n, p.start, p.end, p.kind, p.level, p.page) for n, p in enumerate(report.paragraphs)],
    )
    database.executemany(
        "INSERT INTO origins VALUES (?,?,?,?,?,?)",
        [(version, n, o.start, o.end, o.locator, o.page) for n, o in enumerate(report.origins)],
    )
    database.executemany(
        "INSERT INTO removals VALUES (?,?,?,?,?,?)",
        [(version, n, r.text, r.reason, r.locator, r.at) for n, r in enumerate(report.removals)],
    )
    for passage in report.passages:
        path = json.dumps(passage.heading_path, ensure_ascii=False)
        database.execute(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?)",
            (
                row,
                passage.id,
                version,
                passage.start,
                passage.end,
                path,
                passage.role,
                passage.planned_for,
                passage.page,
            ),
        )
        row += 1
    return row


class SegmentReader:
    """Reads one segment; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = ReadOnlyDatabase(path)

    @cached_property
    def summaries(self) -> tuple[ReportSummary, ...]:
        """All reports of the segment, without their texts."""
        rows = self._whole(_SUMMARIES)
        return tuple(ReportSummary(i, v, name, sha, kind, _metadata(text)) for i, v, name, sha, kind, text in rows)

    def sizes(self) -> dict[str, tuple[int, int, int, int]]:
        """By version id: characters of text and of removals, headings and passages."""
        counts = (
            "SELECT r.version_id, length(r.text),"
            " (SELECT coalesce(sum(length(text)), 0) FROM removals m WHERE m.version_id = r.version_id),"
            " (SELECT count(*) FROM paragraphs p WHERE p.version_id = r.version_id AND p.kind = 'heading'),"
            " (SELECT count(*) FROM passages q WHERE q.version_id = r.version_id) FROM reports r"
        )
        return {version: tuple(rest) for version, *rest in self._database.execute(counts)}

    @cached_property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """By row the number of each passage's report in `summaries`, (passages,) int32, and of its role in ROLES, int8."""
        rows = self._whole(_COLUMNS)
        numbers = {summary.version_id: number for number, summary in enumerate(self.summaries)}
        return np.array([numbers[v] for v, _ in rows], np.int32), np.array([ROLES.index(r) for _, r in rows], np.int8)

    def _whole(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query of _WHOLE, as they were written. Segments of former versions have no digests, and pass."""
        rows = self._database.execute(query).fetchall()
        place = DIGEST * _WHOLE.index(query)
        if self._digests is not None and _digest(rows) != self._digests[place : place + DIGEST]:
            raise damaged(self.path)
        return rows

    @cached_property
    def _digests(self) -> bytes | None:
        beside = _beside(self.path)
        return beside.read_bytes() if beside.is_file() else None

    def passage(self, row: int) -> Passage:
        """The passage at a row of this segment."""
        return self._passage(self._database.execute(f"{_PASSAGE} WHERE p.row = ?", (row,)).fetchone())

    def rows_of(self, passage_id: str) -> list[tuple[int, str]]:
        """Rows and version ids of a passage id: one for each version of the report that has these words."""
        query = "SELECT row, version_id FROM passages WHERE id = ?"
        return list(self._database.execute(query, (passage_id,)))

    def passages(self, version_id: str | None = None) -> Iterator[Passage]:
        """Passages of one version, or of all, in order."""
        if version_id is None:
            rows = self._database.execute(f"{_PASSAGE} ORDER BY p.row")
        else:
            rows = self._database.execute(f"{_PASSAGE} WHERE p.version_id = ? ORDER BY p.row", (version_id,))
        return (self._passage(row) for row in rows)

    def _passage(self, row: tuple) -> Passage:  # type: ignore[type-arg]  # the columns of _PASSAGE
        _, passage_id, report_id, start, end, text, heading_path, role, planned_for, page, _ = row
        # Words that changed on the disk are never shown as a quotation.
        if passage_id.rpartition(".")[2].partition("-")[0] != words_digest(text):
            raise damaged(self.path)
        path = tuple(json.loads(heading_path))
        return Passage(passage_id, report_id, start, end, text, path, role, planned_for, page)

    def text(self, version_id: str) -> str:
        """The text of a version."""
        query = "SELECT text FROM reports WHERE version_id = ?"
        (text,) = self._database.execute(query, (version_id,)).fetchone()
        return str(text)

    def report(self, summary: ReportSummary) -> Report:
        """The whole report of a summary that this segment holds."""
        version = summary.version_id

        def rows(table: str, columns: str) -> list[tuple]:  # type: ignore[type-arg]  # whatever the columns are
            query = f"SELECT {columns} FROM {table} WHERE version_id = ? ORDER BY n"  # noqa: S608  # names are ours
            return self._database.execute(query, (version,)).fetchall()

        return Report(
            summary=summary,
            text=self.text(version),
            paragraphs=tuple(Paragraph(*r) for r in rows("paragraphs", "start, end, kind, level, page")),
            origins=tuple(Origin(*r) for r in rows("origins", "start, end, locator, page")),
            removals=tuple(Removal(*r) for r in rows("removals", "text, reason, locator, at")),
            passages=tuple(self.passages(version)),
        )


def _metadata(text: str) -> Metadata:
    values = json.loads(text)
    values["region"] = Region(**values["region"])
    return Metadata(**values)
