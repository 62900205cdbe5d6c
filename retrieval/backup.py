"""An index with what people keep beside it as one file, taken while it is served, and put back into an empty folder.

What a version consists of never changes, so it is copied as it lies; what changes by use is copied by SQLite itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from retrieval import layout
from retrieval.errors import IndexUnusableError, WenzhengError, damaged
from retrieval.files import sha256_file, staged_directory, staged_file
from retrieval.layout import FileEntry, Manifest
from retrieval.store import Index, damaged_files
from retrieval.writing import now

_CONTENTS = "backup.json"
_FORMAT, _VERSION = "wenzheng-backup", 1
# The key that signs cookies is made anew, vectors of the cache can be: neither is taken along.
_CHANGING = (layout.REGISTRY, layout.COLLECTIONS)
_FOLDERS = (
    layout.MANIFESTS, layout.ROTATIONS, layout.SEGMENTS, layout.LEXICAL, layout.LISTS, layout.ORIGINALS,
)  # fmt: skip
_TRIES = 3
_BLOCK = 1 << 20


class BackupError(WenzhengError):
    """A backup that cannot be made or put back."""

    code = "backup_unusable"


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written or put back; `missing` are originals that the index has lost."""

    version: int
    files: int
    bytes: int
    missing: tuple[str, ...] = ()


def back_up(root: Path, target: Path) -> Backup:
    """Write the version in force with its originals, the registry and the collections to one .tar file.

    Raises IndexUnusableError when there is no whole index, BackupError when a database cannot be read.
    """
    for _ in range(_TRIES):
        name = layout.current_name(root)
        try:
            done = _write(root, layout.current_manifest(root), target)
        except (FileNotFoundError, IndexUnusableError):
            if layout.current_name(root) == name:
                raise
            # Runs that ended meanwhile have cleared this version away: the present one is taken.
            continue
        if not done.missing or layout.current_name(root) == name:
            return done
    raise BackupError(f"{root} 一直在更新，请稍后再试", f"{root} is being updated all the time; try again later")


def restore(source: Path, root: Path) -> Backup:
    """Put a backup into a folder that is empty or not there; it appears whole or not at all.

    Raises BackupError when the folder holds something, or the file is none of ours or damaged.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise BackupError(f"{root} 不是空文件夹；请另选一个", f"{root} is not an empty folder; choose another")
    try:
        with tarfile.open(source, "r:") as archive, staged_directory(root) as staging:
            entries, number = _contents(archive, source)
            for entry in entries:
                _extract(archive, entry, staging, source)
            if root.is_dir():
                root.rmdir()
    except (tarfile.TarError, EOFError, FileExistsError, NotADirectoryError) as error:
        # The last two: a list that names a file twice, or a file as a folder.
        raise _damaged(source, str(error)) from error
    return Backup(number, len(entries), sum(entry.size for entry in entries))


def _write(root: Path, manifest: Manifest, target: Path) -> Backup:
    index = Index(root, manifest)
    # What could not be put back is no backup.
    for path in damaged_files(root, manifest):
        raise damaged(Path(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    # The databases come after the manifest: a registry may know more than an index, never less.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
        copies = list(_copies(root, Path(scratch)))
        originals, missing = _originals(index)
        fixed = [FileEntry(f"{layout.MANIFESTS}/{manifest.name}", *_measured(root / layout.MANIFESTS / manifest.name))]
        entries = [*fixed, *manifest.files(), *originals]
        with staged_file(target) as file, tarfile.open(fileobj=file, mode="w") as archive:
            _add_contents(archive, manifest, [*copies, *entries])
            for entry in copies:
                archive.add(Path(scratch) / entry.path, entry.path, recursive=False, filter=_plain)
            for entry in entries:
                archive.add(root / entry.path, entry.path, recursive=False, filter=_plain)
    everything = [*copies, *entries]
    return Backup(manifest.number, len(everything), sum(entry.size for entry in everything), missing)


def _copies(root: Path, scratch: Path) -> Iterator[FileEntry]:
    """Each database as it was at one moment, whoever writes meanwhile; and the pointer to the version."""
    for name in _CHANGING:
        if (root / name).is_file():
            try:
                with (
                    closing(
                        sqlite3.connect(f"{(root / name).resolve().as_uri()}?mode=ro", uri=True, timeout=30)
                    ) as source,
                    closing(sqlite3.connect(scratch / name)) as copy,
                ):
                    source.backup(copy)
            except sqlite3.Error as error:
                raise BackupError(
                    f"{root / name} 读不出来（{error}）", f"cannot read {root / name} ({error})"
                ) from error
            yield FileEntry(name, *_measured(scratch / name))


def _originals(index: Index) -> tuple[list[FileEntry], tuple[str, ...]]:
    """The kept files of every text that can be cited and of its other sources, and those that are gone."""
    summaries = [*index.current, *(version.summary for version in index.retired.values())]
    names = {s.sha256: s.source_name for s in summaries} | {d.sha256: d.source_name for d in index.manifest.duplicates}
    held = {sha for sha in names if (index.root / layout.ORIGINALS / sha).is_file()}
    needed = {summary.sha256: summary.source_name for summary in summaries}
    found = [
        FileEntry(f"{layout.ORIGINALS}/{sha}", (index.root / layout.ORIGINALS / sha).stat().st_size, sha)
        for sha in sorted(held)
    ]
    return found, tuple(sorted(name for sha, name in needed.items() if sha not in held))


def _measured(path: Path) -> tuple[int, str]:
    return path.stat().st_size, sha256_file(path)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and rights, which mean nothing elsewhere."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _add_contents(archive: tarfile.TarFile, manifest: Manifest, entries: list[FileEntry]) -> None:
    values = {
        "format": _FORMAT,
        "version": _VERSION,
        "created": now(),
        "manifest": manifest.name,
        "number": manifest.number,
        "files": [asdict(entry) for entry in entries],
    }
    data = json.dumps(values, ensure_ascii=False, indent=1).encode()
    for name, text in ((_CONTENTS, data), (layout.POINTER, f"{manifest.name}\n".encode())):
        member = tarfile.TarInfo(name)
        member.size = len(text)
        archive.addfile(_plain(member), BytesIO(text))


def _contents(archive: tarfile.TarFile, source: Path) -> tuple[list[FileEntry], int]:
    """The list that a backup begins with. Raises BackupError."""
    try:
        member = archive.next()
        stream = archive.extractfile(member) if member and member.name == _CONTENTS else None
        values = json.loads(stream.read()) if stream else {}
        if values.get("format") != _FORMAT:
            raise BackupError(f"{source} 不是本程序的备份", f"{source} is no backup of this program")
        if values["version"] != _VERSION:
            raise BackupError(f"{source} 是更新的版本写的；请升级本程序", f"{source}: upgrade this program")
        pointer = f"{values['manifest']}\n".encode()
        entries = [FileEntry(str(f["path"]), int(f["size"]), str(f["sha256"])) for f in values["files"]]
        own = FileEntry(layout.POINTER, len(pointer), hashlib.sha256(pointer).hexdigest())
        return [own, *entries], int(values["number"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(source, str(error)) from error


def _extract(archive: tarfile.TarFile, entry: FileEntry, folder: Path, source: Path) -> None:
    """One listed file, which must be the next one, of the size and bytes that the list says."""
    member = archive.next()
    if member is None or member.name != entry.path or not member.isreg() or not _is_ours(entry.path):
        raise _damaged(source, entry.path)
    path = folder / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with _opened(archive, member) as stream, path.open("xb") as file:
        while block := stream.read(_BLOCK):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != entry.sha256:
        raise _damaged(source, entry.path)


@contextmanager
def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[IO[bytes]]:
    stream = archive.extractfile(member)
    if stream is None:
        raise tarfile.ReadError(member.name)
    with stream:
        yield stream


def _is_ours(path: str) -> bool:
    """Whether a path is one that an index has: never one that leads out of its folder."""
    parts = PurePosixPath(path).parts
    if os.sep != "/" and any(os.sep in part or ":" in part for part in parts):
        return False
    inside = len(parts) > 1 and parts[0] in _FOLDERS and ".." not in parts
    return inside or path in (layout.POINTER, *_CHANGING)


def _damaged(source: Path, what: str) -> BackupError:
    return BackupError(f"备份 {source} 已损坏（{what}）", f"the backup {source} is damaged ({what})")
