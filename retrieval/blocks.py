"""Checksums of a file's blocks, in a file beside it: what is read of a large file is checked without reading the rest.

The only importer of xxhash. XXH3 finds damage, not forgery; it reads memory faster than any parser does.
"""

from __future__ import annotations

import io
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import xxhash

from retrieval.errors import damaged

BLOCK = 64 * 1024
# Bytes of a checksum.
DIGEST = 8
_SUFFIX = ".xxh3"


def digest(data: bytes | memoryview) -> bytes:
    """The checksum of some bytes, DIGEST bytes itself."""
    return xxhash.xxh3_64_digest(data)


def write_sums(path: Path) -> None:
    """Put the checksums of a file's blocks beside it, DIGEST bytes each."""
    with path.open("rb") as file:
        _beside(path).write_bytes(_sums(file))


def read_whole(path: Path) -> bytes:
    """A file's bytes, each block checked. Raises IndexUnusableError. Files of former versions have no checksums."""
    data = path.read_bytes()
    _compare(path, io.BytesIO(data))
    return data


def check_whole(path: Path) -> None:
    """Check every block, once for a file that stays as it is. Raises IndexUnusableError.

    Files of former versions have no checksums, and pass.
    """
    state = path.stat()
    _check_whole(path, state.st_size, state.st_mtime_ns)


@lru_cache(4096)
def _check_whole(path: Path, _size: int, _changed: int) -> None:
    with path.open("rb") as file:
        _compare(path, file)


def _compare(path: Path, file: BinaryIO) -> None:
    if _beside(path).is_file() and _beside(path).read_bytes() != _sums(file):
        raise damaged(path)


def _sums(file: BinaryIO) -> bytes:
    return b"".join(digest(block) for block in iter(partial(file.read, BLOCK), b""))


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)


class Blocks:
    """The blocks of one file, each checked when it is first read. Safe to share between threads."""

    def __init__(self, path: Path, data: memoryview) -> None:
        """`data` are the file's bytes, mapped."""
        self._path, self._data = path, data
        beside = _beside(path)
        self._sums = beside.read_bytes() if beside.is_file() else None
        blocks = -(-len(data) // BLOCK)
        if self._sums is not None and len(self._sums) != DIGEST * blocks:
            raise damaged(beside)
        # One byte each, 1 when checked. Two threads that check the same block find the same.
        self._checked = bytearray(blocks)

    def check(self, start: int, end: int) -> None:
        """Check the blocks that hold these bytes of the file. Raises IndexUnusableError."""
        if self._sums is None:
            return
        last = -(-end // BLOCK)
        number = self._checked.find(0, start // BLOCK, last)
        while number >= 0:
            found = digest(self._data[number * BLOCK : (number + 1) * BLOCK])
            if found != self._sums[DIGEST * number : DIGEST * (number + 1)]:
                raise damaged(self._path)
            self._checked[number] = 1
            number = self._checked.find(0, number + 1, last)


class CheckedArray:
    """An array of a .npy file whose rows are checked when they are first read."""

    def __init__(self, path: Path, mapped: np.memmap, dtype: type[np.generic] | None = None) -> None:
        """`mapped` is the file as `np.load` maps it; its items are taken for `dtype`, of the same size, if given."""
        # Where the map begins, the file does: what numpy writes before the values is shorter than a page.
        file: Any = mapped.base
        self._blocks = Blocks(path, memoryview(file))
        # As a plain array: to cut a memmap takes four times as long.
        self._values = np.asarray(mapped if dtype is None else mapped.view(dtype))
        self._before = mapped.offset
        self._width = mapped.itemsize * int(np.prod(mapped.shape[1:]))

    def __getitem__(self, rows: slice) -> np.ndarray:
        """The rows from `start` to `stop`. Raises IndexUnusableError."""
        start, stop = int(rows.start), int(rows.stop)
        self._blocks.check(self._before + start * self._width, self._before + stop * self._width)
        return self._values[start:stop]
