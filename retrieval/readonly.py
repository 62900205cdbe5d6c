"""An immutable SQLite file opened for reading; each thread gets a connection of its own, opened where it first reads."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from retrieval import deadline
from retrieval.errors import IndexUnusableError

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


def _connected(path: Path) -> sqlite3.Connection:
    """Raises IndexUnusableError when the file is gone: versions are cleared away some time after they were replaced."""
    try:
        # Only ever used by one thread, but the last reference to it may be dropped by another.
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.OperationalError:
        if path.is_file():
            raise
        raise IndexUnusableError(
            f"索引的这一版已被清理（{path}）；请重试", f"this version of the index was cleared away ({path}); try again"
        ) from None


class _Open(threading.local):
    """The connections of this thread, the one used last at the end; those of a database that nothing refers to are gone."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[ReadOnlyDatabase, _Connection] = WeakKeyDictionary()

    def connection(self, database: ReadOnlyDatabase) -> _Connection:
        found = self._kept.pop(database, None)
        if found is None:
            found = _Connection(_connected(database.path))
        self._kept[database] = found
        if len(self._kept) > _KEPT:
            # Taken from a copy: another thread may be letting go of a version, and with it of its databases.
            oldest = self._kept.keyrefs()[0]()
            if oldest is not None:
                self._kept.pop(oldest, None)
        return found


_open = _Open()
