"""Re-find every passage of an index in the kept original files, and every quotation of the collections beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.readers import read
from retrieval import layout
from retrieval.errors import IndexUnusableError, ReadError
from retrieval.kept import kept_quotations, no_longer_held
from retrieval.layout import Manifest
from retrieval.seal import damage
from retrieval.store import Index, damaged_files, open_index
from retrieval.types import Report

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and everything that no longer holds: `lost` are quotations kept in collections."""

    reports: int
    passages: int
    problems: tuple[str, ...]
    quotations: int
    lost: tuple[str, ...]


def verify_at(root: Path) -> Verification:
    """As `verify`; where damage keeps the index from being opened, every damaged file. Raises IndexUnusableError."""
    try:
        index = open_index(root)
    except IndexUnusableError:
        problems = tuple(_damaged(root, layout.current_manifest(root)))
        if not problems:
            raise
        return Verification(0, 0, problems, 0, ())
    return verify(index)


def verify(index: Index) -> Verification:
    """Checksums of the index's files, then every passage: exact in the stored text, and in the original's bytes; then
    every kept quotation in the stored texts of its report. Raises IndexUnusableError when these cannot be read."""
    problems = list(_damaged(index.root, index.manifest))
    if problems:
        # What damaged files say is no use.
        return Verification(len(index.current), 0, tuple(problems), 0, ())
    passages = 0
    for summary in index.current:
        report = index.report(summary.id)
        passages += len(report.passages)
        problems.extend(_problems(index, report))
    kept = kept_quotations(index.root)
    return Verification(len(index.current), passages, tuple(problems), len(kept), tuple(no_longer_held(index, kept)))


def _damaged(root: Path, manifest: Manifest) -> Iterator[str]:
    yield from (f"文件已损坏 / damaged: {path}" for path in damaged_files(root, manifest))
    for name in (layout.REGISTRY, layout.COLLECTIONS):
        wrong = damage(root / name)
        if wrong:
            yield f"文件已损坏（{wrong}），请从备份恢复 / damaged ({wrong}), restore a backup: {root / name}"


def _problems(index: Index, report: Report) -> Iterator[str]:
    summary = report.summary
    path = index.original(summary)
    if not path.is_file():
        yield f"{summary.source_name}：原始文件不见了 / original missing: {path}"
        return
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != summary.sha256:
        yield f"{summary.source_name}：原始文件被改动 / original altered: {path}"
        return
    try:
        source = _SPACE.sub("", "".join(block.text for block in read(data, summary.source_name).blocks))
    except ReadError as error:
        yield str(error)
        return
    for passage in report.passages:
        if report.text[passage.start : passage.end] != passage.text:
            yield f"{passage.id}：与存下的正文不符 / differs from the stored text"
        if _SPACE.sub("", passage.text) not in source:
            yield f"{passage.id}：在原始文件里找不到 / not found in the original: {passage.text[:30]}"
