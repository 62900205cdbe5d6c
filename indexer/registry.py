"""What outlives every index version: report ids, and embeddings by exact encoder input."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

_LOOKUP = 500


class Registry:
    """Which file is which report. An id is minted once and kept through re-indexing and changed content."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, timeout=30)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS files (root TEXT, source_name TEXT, sha256 TEXT, report_id TEXT,"
            " PRIMARY KEY (root, source_name))"
        )
        self._database.execute("CREATE TABLE IF NOT EXISTS contents (sha256 TEXT PRIMARY KEY, report_id TEXT)")

    def report_id(self, root: str, source_name: str, sha256: str) -> str:
        """The id for these bytes under this name: known bytes keep theirs, a known name keeps its, else a new one."""
        by_bytes = self._one("SELECT report_id FROM contents WHERE sha256 = ?", (sha256,))
        by_name = self._one("SELECT report_id FROM files WHERE root = ? AND source_name = ?", (root, source_name))
        report_id = by_bytes or by_name or f"r{sha256[:12]}"
        with self._database:
            self._database.execute("INSERT OR IGNORE INTO contents VALUES (?,?)", (sha256, report_id))
            self._database.execute(
                "INSERT OR REPLACE INTO files VALUES (?,?,?,?)", (root, source_name, sha256, report_id)
            )
        return report_id

    def _one(self, query: str, values: tuple[str, ...]) -> str | None:
        row = self._database.execute(query, values).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        self._database.close()


def cached_vectors(
    path: Path,
    fingerprint: str,
    texts: Sequence[str],
    dimension: int,
    embed: Callable[[list[str]], np.ndarray],
) -> np.ndarray:
    """Vectors of shape (len(texts), dimension); only texts that this encoder has not seen yet are embedded."""
    keys = [hashlib.sha256(f"{fingerprint}\n{text}".encode("utf-8", "surrogatepass")).digest() for text in texts]
    with closing(sqlite3.connect(path, timeout=30)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
        known = _known(database, keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        fresh = embed(list(missing.values()))
        known.update(zip(missing, fresh, strict=True))
        with database:
            rows = [(key, known[key].astype(np.float32).tobytes()) for key in missing]
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?)", rows)
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, dimension), np.float32)


def _known(database: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, np.ndarray]:
    found: dict[bytes, np.ndarray] = {}
    for start in range(0, len(keys), _LOOKUP):
        part = keys[start : start + _LOOKUP]
        marks = ",".join("?" * len(part))
        for key, blob in database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part):  # noqa: S608  # only question marks
            found[key] = np.frombuffer(blob, np.float32)
    return found
