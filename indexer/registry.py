"""What outlives every index version: report ids, and embeddings by exact encoder input."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from retrieval.errors import IndexUnusableError
from retrieval.seal import seal, unseal
from retrieval.writing import PassageVectors

_LOOKUP = 500
# Texts embedded between two commits: some ten seconds of work.
_COMMITTED = 256


class Registry:
    """Which file is which report. An id is minted once and kept through re-indexing and changed content."""

    def __init__(self, path: Path) -> None:
        """Raises IndexUnusableError when the file is damaged."""
        with _damage_told(path, "请从备份恢复（wenzheng restore）", "restore a backup (wenzheng restore)"):
            self._open(path)

    def _open(self, path: Path) -> None:
        self._database = sqlite3.connect(path, timeout=30)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._changed = False
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS files (root TEXT, source_name TEXT, sha256 TEXT, report_id TEXT,"
            " PRIMARY KEY (root, source_name))"
        )
        self._database.execute("CREATE TABLE IF NOT EXISTS contents (sha256 TEXT PRIMARY KEY, report_id TEXT)")

        self._database.execute("CREATE TABLE IF NOT EXISTS texts (text TEXT, version_id TEXT PRIMARY KEY)")
        self._database.execute("CREATE INDEX IF NOT EXISTS texts_by_text ON texts (text)")
        self._database.execute("CREATE TABLE IF NOT EXISTS repeats (version_id TEXT PRIMARY KEY, of_version TEXT)")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS edges (site TEXT, line TEXT, version_id TEXT, PRIMARY KEY (site, version_id, line))"
        )

    def of_bytes(self, sha256: str) -> str | None:
        """The report that these bytes were last found to be."""
        return self._one("SELECT report_id FROM contents WHERE sha256 = ?", (sha256,))

    def of_name(self, root: str, source_name: str) -> str | None:
        """The report that a file was last found to hold."""
        return self._one("SELECT report_id FROM files WHERE root = ? AND source_name = ?", (root, source_name))

    def files_of(self, report_id: str) -> list[tuple[str, str, str]]:
        """(root, source name, SHA-256) of every file known to hold a report."""
        query = "SELECT root, source_name, sha256 FROM files WHERE report_id = ?"
        return self._database.execute(query, (report_id,)).fetchall()

    def remember(self, root: str, source_name: str, sha256: str, report_id: str) -> None:
        """A file now holds these bytes and is (a source of) that report."""
        query = "SELECT sha256, report_id FROM files WHERE root = ? AND source_name = ?"
        known = self._database.execute(query, (root, source_name)).fetchone()
        if known == (sha256, report_id) and self.of_bytes(sha256) == report_id:
            # A transaction waits for the disk, and most files of most runs are what they were.
            return
        with self._changing():
            self._database.execute("INSERT OR REPLACE INTO contents VALUES (?,?)", (sha256, report_id))
            self._database.execute(
                "INSERT OR REPLACE INTO files VALUES (?,?,?,?)", (root, source_name, sha256, report_id)
            )

    def files_under(self, path: Path) -> list[tuple[str, str, str]]:
        """(root, source name, report id) of every known file that is, or lies in, a path."""
        rows = self._database.execute("SELECT root, source_name, report_id FROM files").fetchall()
        # Most often the whole of a folder is asked for; paths cost more than the question.
        return [row for row in rows if row[0] == str(path) or (Path(row[0]) / row[1]).is_relative_to(path)]

    def forget(self, root: str, source_name: str) -> None:
        """A file is gone."""
        with self._changing():
            self._database.execute("DELETE FROM files WHERE root = ? AND source_name = ?", (root, source_name))

    def has_source(self, report_id: str) -> bool:
        """Whether any known file still holds a report."""
        return self._one("SELECT report_id FROM files WHERE report_id = ?", (report_id,)) is not None

    def note_text(self, version_id: str, text: str) -> None:
        """A version has this text (a digest)."""
        with self._changing():
            self._database.execute("INSERT OR REPLACE INTO texts VALUES (?,?)", (text, version_id))

    def versions_with(self, text: str) -> list[str]:
        """Versions that have this text."""
        return [row[0] for row in self._database.execute("SELECT version_id FROM texts WHERE text = ?", (text,))]

    def note_repeat(self, version_id: str, of_version: str) -> None:
        """A file read as this version only repeats another version's text."""
        with self._changing():
            self._database.execute("INSERT OR REPLACE INTO repeats VALUES (?,?)", (version_id, of_version))

    def repeated(self, version_id: str) -> str | None:
        """The version whose text a version was found to repeat."""
        return self._one("SELECT of_version FROM repeats WHERE version_id = ?", (version_id,))

    def note_edges(self, site: str, version_id: str, lines: Iterable[str]) -> None:
        """A page of a site has these lines at its edges."""
        with self._changing():
            # The empty line counts the page itself.
            rows = [(site, line, version_id) for line in ("", *lines)]
            self._database.executemany("INSERT OR IGNORE INTO edges VALUES (?,?,?)", rows)

    def edges(self, site: str) -> dict[str, int]:
        """On how many pages of a site each line stands; "" counts the pages."""
        query = "SELECT line, count(*) FROM edges WHERE site = ? GROUP BY line"
        return dict(self._database.execute(query, (site,)).fetchall())

    def _one(self, query: str, values: tuple[str, ...]) -> str | None:
        row = self._database.execute(query, values).fetchone()
        return row[0] if row else None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One transaction; the first breaks the seal, which `close` puts on again."""
        with self._database:
            if not self._changed:
                unseal(self._database)
            yield
        self._changed = True

    def close(self) -> None:
        if self._changed:
            with self._database:
                seal(self._database)
        self._database.close()


def cached(
    path: Path,
    fingerprint: str,
    texts: Sequence[str],
    width: int,
    embed: Callable[[list[str]], list[PassageVectors]],
) -> list[PassageVectors]:
    """Vectors of each text; only texts that this encoder has not seen yet are embedded, each once.

    `fingerprint` stands for the encoder and for how token vectors are kept: `width` bytes each.

    Raises IndexUnusableError when the file is damaged.

    The longest come first, as batches of like length want it, and each _COMMITTED are kept as soon as they are there.
    """
    way_out = (
        "它只是缓存，删掉再运行即可（会重新计算向量）",
        "it is a cache only: delete it and run again (vectors are made anew)",
    )
    with _damage_told(path, *way_out):
        return _cached(path, fingerprint, texts, width, embed)


@contextmanager
def _damage_told(path: Path, zh: str, en: str) -> Iterator[None]:
    """Damage as IndexUnusableError with a way out; a full disk or a locked file, subclasses of SQLite's error, pass."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise IndexUnusableError(f"{path} 已损坏（{error}）；{zh}", f"{path} is damaged ({error}); {en}") from error


def _cached(
    path: Path,
    fingerprint: str,
    texts: Sequence[str],
    width: int,
    embed: Callable[[list[str]], list[PassageVectors]],
) -> list[PassageVectors]:
    keys = [hashlib.sha256(f"{fingerprint}\n{text}".encode("utf-8", "surrogatepass")).digest() for text in texts]
    with closing(sqlite3.connect(path, timeout=30)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        # What earlier programs kept in other columns is of no use any more.
        database.execute("DROP TABLE IF EXISTS encoded")
        database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, pooled BLOB, codes BLOB, crc INTEGER)"
        )
        known = _known(database, keys, width)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        ordered = sorted(missing, key=lambda key: -len(missing[key]))
        for start in range(0, len(ordered), _COMMITTED):
            part = ordered[start : start + _COMMITTED]
            fresh = dict(zip(part, embed([missing[key] for key in part]), strict=True))
            blobs = [(key, v.pooled.tobytes(), v.tokens.tobytes()) for key, v in fresh.items()]
            with database:
                rows = [(*row, _crc(*row)) for row in blobs]
                database.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?,?)", rows)
            known.update(fresh)
    return [known[key] for key in keys]


def _known(database: sqlite3.Connection, keys: list[bytes], width: int) -> dict[bytes, PassageVectors]:
    found: dict[bytes, PassageVectors] = {}
    for start in range(0, len(keys), _LOOKUP):
        part = keys[start : start + _LOOKUP]
        marks = ",".join("?" * len(part))
        query = f"SELECT key, pooled, codes, crc FROM vectors WHERE key IN ({marks})"  # noqa: S608  # only question marks
        for key, pooled, codes, crc in database.execute(query, part):
            if crc != _crc(key, pooled, codes):
                # Damaged: it is embedded again.
                continue
            tokens = np.frombuffer(codes, np.uint8).reshape(-1, width)
            found[key] = PassageVectors(np.frombuffer(pooled, np.float32), tokens)
    return found


def _crc(*blobs: bytes) -> int:
    return zlib.crc32(b"".join(blobs))
