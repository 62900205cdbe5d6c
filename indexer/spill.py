"""Reports that a run has read, kept on disk until they are written: a province's would not fit into memory."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from retrieval.types import Report


class Spill(MutableMapping[str, Report]):
    """Reports by version id, in the order in which they came; each look reads a report anew.

    The file is this run's own and is of no use after it.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE reports (n INTEGER PRIMARY KEY, report BLOB)")
        self._numbers: dict[str, int] = {}

    def __setitem__(self, version: str, report: Report) -> None:
        number = self._numbers.setdefault(version, len(self._numbers))
        self._database.execute("INSERT OR REPLACE INTO reports VALUES (?,?)", (number, pickle.dumps(report)))

    def __getitem__(self, version: str) -> Report:
        (blob,) = self._database.execute("SELECT report FROM reports WHERE n = ?", (self._numbers[version],)).fetchone()
        report: Report = pickle.loads(blob)  # noqa: S301  # this run wrote it
        return report

    def __delitem__(self, version: str) -> None:
        self._database.execute("DELETE FROM reports WHERE n = ?", (self._numbers.pop(version),))

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def close(self) -> None:
        self._database.close()
