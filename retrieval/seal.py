"""A checksum of everything that a changing SQLite file holds, kept in the file itself.

SQLite notices damage to its structure, not a letter that became another. Who changes the file breaks the seal with the
first change and seals it with the last, in the same transactions; a file without a seal was left by a run that died.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path


def seal(database: sqlite3.Connection) -> None:
    """Within the caller's transaction, note the checksum of all rows of all tables."""
    unseal(database)
    database.execute("INSERT INTO seal VALUES (?)", (_digest(database),))


def unseal(database: sqlite3.Connection) -> None:
    """Within the caller's transaction, take the checksum away."""
    database.execute("CREATE TABLE IF NOT EXISTS seal (sha256 TEXT)")
    database.execute("DELETE FROM seal")


def damage(path: Path) -> str:
    """What is wrong with a file, read without changing anything; empty when nothing is, or there is no such file."""
    if not path.is_file():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as database:
            # One transaction, so that a writer meanwhile does not come between the rows and their seal.
            database.execute("BEGIN")
            (told,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            if told != "ok":
                return str(told)
            sealed = "seal" in _tables(database) and database.execute("SELECT sha256 FROM seal").fetchone()
            return "checksum" if sealed and sealed[0] != _digest(database) else ""
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return str(error)


def _digest(database: sqlite3.Connection) -> str:
    digest = hashlib.sha256()
    for table in _tables(database):
        if table != "seal":
            for row in database.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):  # noqa: S608  # names of our own
                digest.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _tables(database: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return [row[0] for row in database.execute(query)]
