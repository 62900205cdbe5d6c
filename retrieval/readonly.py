"""An immutable SQLite file opened for reading; each thread gets a connection of its own, opened on first use."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from retrieval import deadline


class ReadOnlyDatabase:
    """A file of the index that was written once; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()

    def execute(self, query: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """The rows of a query. Raises TooSlowError when the request has no time left."""
        deadline.check()
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
            self._local.connection = connection
        return connection.execute(query, values)
