"""Archives (.zip, .tar.gz and their like, nested) → plain files in a scratch folder, within limits.

Members never decide where anything is written: each gets a number for its name. An archive that goes over a limit
is refused as a whole, with the limit in the message.
"""

from __future__ import annotations

import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from retrieval.errors import ReadError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_CHUNK = 1 << 20
_LONGEST_ENDING = 16
# What the standard library raises for archives that are damaged, encrypted or of a kind it does not know.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold, nested ones included: members, bytes when expanded, archives in archives."""

    members: int = 20_000
    size: int = 4 << 30
    depth: int = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A file out of an archive: where it was put, and its name, `a.zip!/folder/b.txt`."""

    path: Path
    name: str


def is_archive(name: str) -> bool:
    return name.lower().endswith(ARCHIVES)


def expand(archive: Path, name: str, scratch: Path, limits: Limits | None = None) -> list[Member]:
    """All files of an archive and of the archives in it. Raises ReadError naming the archive and the fault."""
    return _Expansion(scratch, limits or Limits()).files(archive, name, 1)


class _Expansion:
    """Counts what one archive brings while it is expanded."""

    def __init__(self, scratch: Path, limits: Limits) -> None:
        self._scratch = scratch
        self._limits = limits
        self._numbers = count(1)
        self._size = 0

    def files(self, archive: Path, name: str, depth: int) -> list[Member]:
        if depth > self._limits.depth:
            raise _refused(name, f"压缩包套了 {depth} 层", f"archives nested {depth} deep")
        found: list[Member] = []
        try:
            for inner, stream in _members(archive, name):
                member = Member(self._write(stream, inner, name), f"{name}!/{inner}")
                found += self.files(member.path, member.name, depth + 1) if is_archive(inner) else [member]
        except _BROKEN as error:
            fault = "有密码" if "password" in str(error) else f"已损坏（{error}）"
            raise ReadError(f"{name}：压缩包{fault}", f"{name}: cannot read the archive ({error})") from error
        return found

    def _write(self, stream: IO[bytes], inner: str, name: str) -> Path:
        """Under a number, with the member's own ending."""
        number = next(self._numbers)
        if number > self._limits.members:
            raise _refused(name, f"文件超过 {self._limits.members} 个", f"more than {self._limits.members} files")
        path = self._scratch / f"{number:06d}{_ending(inner)}"
        with stream, path.open("wb") as out:
            while data := stream.read(_CHUNK):
                self._size += len(data)
                if self._size > self._limits.size:
                    gigabytes = self._limits.size / (1 << 30)
                    raise _refused(name, f"解开后超过 {gigabytes:g} GiB", f"expands to over {gigabytes:g} GiB")
                out.write(data)
        return path


def _members(archive: Path, name: str) -> Iterator[tuple[str, IO[bytes]]]:
    if name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if not info.is_dir():
                    yield _zip_name(info), opened.open(info)
        return
    with tarfile.open(archive) as opened:
        for entry in opened:
            stream = opened.extractfile(entry) if entry.isfile() else None
            if stream is not None:
                yield _decoded(os.fsencode(entry.name)), stream


def _zip_name(info: zipfile.ZipInfo) -> str:
    """A member's name; programs that do not say UTF-8 wrote it in GBK, or in UTF-8 after all."""
    if info.flag_bits & 0x800:
        return info.filename
    return _decoded(info.filename.encode("cp437", "replace"))


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("gb18030", "replace")


def _ending(name: str) -> str:
    lower = name.lower()
    suffix = PurePosixPath(lower).suffix
    known = next((ending for ending in ARCHIVES if lower.endswith(ending)), suffix)
    # What stands behind a dot in a long name need not be an ending.
    return known if len(known) <= _LONGEST_ENDING else ""


def _refused(name: str, zh: str, en: str) -> ReadError:
    return ReadError(f"{name}：{zh}，没有读；请先解开再给文件夹", f"{name}: {en}; not read, expand it yourself first")
