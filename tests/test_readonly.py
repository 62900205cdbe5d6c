"""Read-only SQLite files: a thread keeps few open, and nothing that is being read is lost by that."""

from __future__ import annotations

import gc
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.errors import IndexUnusableError
from retrieval.readonly import _KEPT, ReadOnlyDatabase

QUERY = "SELECT n FROM numbers ORDER BY n"


@pytest.fixture
def databases(tmp_path: Path) -> list[ReadOnlyDatabase]:
    """More than a thread keeps open."""
    paths = [tmp_path / f"{number}.sqlite" for number in range(3 * _KEPT)]
    for path in paths:
        database = sqlite3.connect(path)
        with database:
            database.execute("CREATE TABLE numbers (n INTEGER)")
            database.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(5000)])
        database.close()
    return [ReadOnlyDatabase(path) for path in paths]


linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc says which files are open")


def held(folder: Path) -> list[str]:
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sorted(link.readlink().name for link in links if link.readlink().parent == folder)


@pytest.fixture(autouse=True)
def _uncollected() -> Iterator[None]:
    """What is let go is closed there and then, not when Python next looks for cycles."""
    gc.disable()
    yield
    gc.enable()


@linux
def test_a_thread_keeps_the_files_that_it_read_last(databases: list[ReadOnlyDatabase], tmp_path: Path) -> None:
    for database in databases:
        database.execute(QUERY).fetchone()
        databases[0].execute(QUERY).fetchone()
    last = [database.path.name for database in databases[-_KEPT + 1 :]]
    assert held(tmp_path) == sorted([databases[0].path.name, *last])


def test_what_is_being_read_stays_open(databases: list[ReadOnlyDatabase]) -> None:
    reading = databases[0].execute(QUERY)
    first = reading.fetchone()
    for database in databases[1:]:
        database.execute(QUERY).fetchone()
    assert [*first, *(n for (n,) in reading)] == list(range(5000))


@linux
def test_a_file_that_nothing_refers_to_is_let_go(databases: list[ReadOnlyDatabase], tmp_path: Path) -> None:
    databases[-1].execute(QUERY).fetchone()
    del databases[:]
    assert held(tmp_path) == []


def test_a_file_that_was_cleared_away_is_told_as_such(databases: list[ReadOnlyDatabase]) -> None:
    databases[0].path.unlink()
    with pytest.raises(IndexUnusableError, match="已被清理"):
        databases[0].execute(QUERY)
