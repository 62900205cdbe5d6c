"""Which files a run reads: folders walked, archives expanded, what people know of each file looked up."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.archives import expand, is_archive
from indexer.corrections import NAMES, Corrections, load_corrections
from indexer.readers import READABLE
from retrieval.errors import ReadError


@dataclass(frozen=True, slots=True)
class Source:
    """A file to index: where it is, its name inside the folder given, and what the manifest says of it.

    `fault` says why it cannot be read at all (a broken archive), `skipped` why it is none that is read.
    """

    path: Path
    root: Path
    name: str
    corrections: dict[str, str]
    fault: str = ""
    skipped: str = ""


def discover(paths: list[Path], scratch: Path) -> Iterator[Source]:
    """Files under the paths in a stable order; archives are expanded into `scratch`, a folder that lasts the run.

    Raises ReadError for a path that does not exist and for an unusable manifest.
    """
    for given in paths:
        if not given.exists():
            raise ReadError(f"找不到 {given}", f"not found: {given}")
        root = given if given.is_dir() else given.parent
        corrections: dict[Path, Corrections] = {}
        files = sorted(p for p in given.rglob("*") if p.is_file()) if given.is_dir() else [given]
        for path in files:
            inner = path.relative_to(root)
            if any(part.startswith((".", "~$")) for part in inner.parts) or path.name in NAMES:
                continue
            for folder in (root, path.parent):
                if folder not in corrections:
                    corrections[folder] = load_corrections(folder)
            name = inner.as_posix()
            known = {**corrections[root].of(name), **corrections[path.parent].of(path.name)}
            if is_archive(name):
                yield from _members(path, root, name, corrections[root], scratch)
            else:
                yield Source(path, root, name, known, skipped=_skipped(name) if given.is_dir() else "")


def _members(path: Path, root: Path, name: str, corrections: Corrections, scratch: Path) -> Iterator[Source]:
    try:
        members = expand(path, name, Path(tempfile.mkdtemp(dir=scratch)))
    except ReadError as error:
        yield Source(path, root, name, {}, fault=str(error))
        return
    for member in members:
        inner = member.name.rsplit("/", 1)[-1]
        if not inner.startswith((".", "~$")) and "__MACOSX/" not in member.name:
            yield Source(member.path, root, member.name, corrections.of(member.name), skipped=_skipped(inner))


def _skipped(name: str) -> str:
    """Why a file found in a folder is not read; a file that is given by itself is always tried."""
    path = Path(name)
    suffix = path.suffix.lower()
    if path.stem.lower() == "readme":
        return "说明文件，不是报告 / a note, not a report"
    return "" if suffix in READABLE else f"不读 {suffix or '无扩展名的'} 文件 / files of this kind are not read"
