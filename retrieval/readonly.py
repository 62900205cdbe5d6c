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


class _Connection:
    """Closed as soon as nobody holds it. SQLite's own object refers to itself and would stay open until a collection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, query: str, values: Sequence[object]) -> sqlite3.Cursor:
        cursor = self._connection.cursor(_Cursor)
        cursor.read_through = self
        return cursor.execute(query, values)

    def __del__(self) -> None:
        self._connection.close()


class _Cursor(sqlite3.Cursor):
    """Holds the connection that it reads through, which its thread may let go of meanwhile."""

    read_through: _Connection


class _Open(threading.local):
    """The connections of this thread, the one used last at the end; those of a database that nothing refers to are gone."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[ReadOnlyDatabase, _Connection] = WeakKeyDictionary()

    def connection(self, database: ReadOnlyDatabase) -> _Connection:
        found = self._kept.pop(database, None)
        if found is None:
            address = f"{database.path.resolve().as_uri()}?mode=ro&immutable=1"
            # Only ever used by this thread, but the last reference to it may be dropped by another.
            found = _Connection(sqlite3.connect(address, uri=True, check_same_thread=False))
        self._kept[database] = found
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return found


_open = _Open()
