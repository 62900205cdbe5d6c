"""An immutable SQLite file opened for reading; each thread gets a connection of its own, opened where it first reads."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from retrieval import deadline

# A connection costs an open file and up to 2 MB, opening one 0.1 ms: a thread keeps those of the files it read last,
# so that neither grows with the segments of an index.
_KEPT = 4


class ReadOnlyDatabase:
    """A file of the index that was written once; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def execute(self, query: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """The rows of a query. Raises TooSlowError when the request has no time left."""
        deadline.check()
        return _open.connection(self).execute(query, values)


class _Open(threading.local):
    """The connections of this thread, the one used last at the end; those of a database that nothing refers to are gone."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[ReadOnlyDatabase, sqlite3.Connection] = WeakKeyDictionary()

    def connection(self, database: ReadOnlyDatabase) -> sqlite3.Connection:
        found = self._kept.pop(database, None)
        if found is None:
            found = sqlite3.connect(f"{database.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        self._kept[database] = found
        if len(self._kept) > _KEPT:
            # Let go, not closed: whoever still reads from it holds it through the cursor.
            del self._kept[next(iter(self._kept))]
        return found


_open = _Open()
