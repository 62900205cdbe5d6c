"""The file beside the index that holds what people keep: collections and lists of places. No Flask.

SQLite in WAL mode, so that readers and one writer do not wait for each other; every change is one transaction that
takes the write lock first, so that what it reads is what it changes.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from retrieval import layout
from retrieval.errors import QueryError, WenzhengError
from retrieval.seal import seal

# Milliseconds that a writer waits for another.
_PATIENCE = 10_000
_SCHEMA = f"""
CREATE TABLE collections (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE TABLE items (
  id TEXT PRIMARY KEY, collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  passage_id TEXT NOT NULL, report_id TEXT NOT NULL, version_id TEXT NOT NULL, start INTEGER NOT NULL,
  end INTEGER NOT NULL, quotation TEXT NOT NULL, sha256 TEXT NOT NULL, source TEXT NOT NULL, note TEXT NOT NULL,
  tags TEXT NOT NULL, position INTEGER NOT NULL, revision INTEGER NOT NULL, added TEXT NOT NULL,
  UNIQUE (collection_id, report_id, version_id, start, end));
CREATE INDEX item_positions ON items (collection_id, position);
CREATE TABLE place_lists (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, places TEXT NOT NULL, created TEXT NOT NULL,
  revision INTEGER NOT NULL);
PRAGMA user_version = {layout.COLLECTIONS_VERSION};
"""
Value = str | int


class ShelfError(WenzhengError):
    """The file cannot be opened, read or written."""

    code = "collections_unusable"


class StaleError(WenzhengError):
    """What was to be changed has been changed, or removed (`present` is None), since the caller read it."""

    code = "stale"

    def __init__(self, present: object) -> None:
        super().__init__(
            "这里在别的窗口里改过了；两边的文字都在，请比对后再保存",
            "this was changed in another window meanwhile; both texts are kept: compare them and save again",
        )
        self.present = present


class Shelf:
    """Each thread gets a connection of its own, opened on first use; nothing is created before the first change."""

    def __init__(self, root: Path) -> None:
        self.path = root / layout.COLLECTIONS
        self._local = threading.local()

    def rows(self, query: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """What a query finds. Raises ShelfError."""
        if not self.path.is_file():
            return []
        with self._told():
            return self._connection().execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One change, whole or not at all. Raises ShelfError."""
        with self._told():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            seal(connection)
            connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ShelfError(
                f"合集文件 {self.path} 不能读写（{error}）；请检查文件和它的权限",
                f"cannot read or write the collections in {self.path} ({error}); check the file and its permissions",
            ) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_PATIENCE / 1000, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # A note that was saved is still there after a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
        if version == 1:
            # Since version 2 every change seals the file.
            connection.execute(f"PRAGMA user_version = {layout.COLLECTIONS_VERSION}")
        connection.execute("COMMIT")
        if version > layout.COLLECTIONS_VERSION:
            connection.close()
            raise ShelfError(
                f"合集文件 {self.path} 是更新的版本（{version}）写的；请升级本程序",
                f"the collections in {self.path} were written by a newer version ({version}); upgrade this program",
            )
        return connection


def clean(text: str, most: int, zh: str, en: str, *, required: bool = False) -> str:
    """A text that somebody typed, in characters that can be stored. Raises QueryError when it is too long or missing."""
    sound = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "").strip()
    if len(sound) > most:
        raise QueryError(
            f"{zh}最多 {most} 字，现有 {len(sound)} 字", f"{en}: at most {most} characters, not {len(sound)}"
        )
    if required and not sound:
        raise QueryError(f"请填写{zh}", f"{en} is missing")
    return sound


def clean_name(text: str) -> str:
    """A name: one line."""
    return clean(re.sub(r"\s+", " ", text), 120, "名称", "name", required=True)


def taken(name: str) -> QueryError:
    """What is said of a name that something else has."""
    return QueryError(f"已有名为“{name}”的，请换一个名称", f"the name “{name}” is taken; choose another")
