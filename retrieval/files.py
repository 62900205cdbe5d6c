"""Files that appear whole or not at all: write beside the target, fsync, then rename."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data` so that a reader sees the old file or the new one, never a part."""
    with staged_file(path) as file:
        file.write(data)


@contextmanager
def staged_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that replaces `path` when the block ends well and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    sync_directory(path.parent)


@contextmanager
def staged_directory(target: Path) -> Iterator[Path]:
    """A folder to fill that becomes `target` when the block ends well and vanishes when it does not.

    Where another process has made `target` meanwhile, that one stays and this copy is dropped.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        yield staging
        for file in staging.rglob("*"):
            if file.is_file():
                sync_file(file)
        try:
            os.rename(staging, target)
        except OSError:
            if not target.is_dir():
                raise
        sync_directory(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def sync_file(path: Path) -> None:
    """Force a written file onto the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Force a folder's entries onto the disk; Windows does this by itself and has no call for it."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
