"""Sources → reports to index: what is new, changed, moved, repeated, gone or unreadable.

A run collects what it finds in a Batch; nothing here touches the version in force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from indexer.batch import Batch, is_newer_text, older_version
from indexer.discover import Source
from indexer.extraction import version_id
from indexer.isolation import read_apart
from indexer.registry import Registry
from indexer.sites import edge_lines, learned, site_of
from retrieval import layout
from retrieval.config import Config
from retrieval.errors import WenzhengError
from retrieval.files import write_atomic
from retrieval.layout import Duplicate
from retrieval.text import bare
from retrieval.types import Report, ReportSummary

# steps("read", done, total): what a progress bar needs.
Steps = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to a file; `reason` says why, or what could not be read of it.

    `status` is new, changed, moved, unchanged, duplicate, withdrawn, skipped or failed.
    """

    source_name: str
    status: str
    reason: str = ""
    passages: int = 0


def prepare(
    sources: Iterable[Source], paths: list[Path], root: Path, batch: Batch, config: Config, steps: Steps
) -> list[Outcome]:
    """Read every source into the batch, then look for files that are gone from the paths given."""
    sources = list(sources)
    outcomes: list[Outcome] = []
    # A link may have been turned to another folder since the run before.
    _folder.cache_clear()
    registry = Registry(root / layout.REGISTRY)
    try:
        for number, source in enumerate(sources):
            steps("read", number, len(sources))
            outcomes.append(_one(source, root, batch, registry, config))
        steps("read", len(sources), len(sources))
        _learn(root, batch, registry, config)
        outcomes += _gone(sources, paths, batch, registry)
    finally:
        registry.close()
    return outcomes


@dataclass(frozen=True, slots=True)
class _File:
    """A source that could be opened: its bytes, what they are known by, and the folder that it was found in."""

    source: Source
    data: bytes
    sha256: str
    version: str
    folder: str

    def report(self, report_id: str, config: Config) -> Report:
        return read_apart(self.data, self.source.name, self.source.corrections, config, report_id)


def _one(source: Source, root: Path, batch: Batch, registry: Registry, config: Config) -> Outcome:
    if source.fault or source.skipped:
        return Outcome(source.name, "failed" if source.fault else "skipped", source.fault or source.skipped)
    try:
        data = source.path.read_bytes()
    except OSError as error:
        return Outcome(source.name, "failed", f"{source.name}：读不了（{error.strerror}） / cannot be read")
    # What goes wrong from here on with a disk is the index's, and ends the run: no version without what could be read.
    try:
        sha256 = hashlib.sha256(data).hexdigest()
        version = version_id(sha256, source.name, source.corrections, config)
        file = _File(source, data, sha256, version, _folder(source.root))
        return (
            _known(file, batch, registry, config)
            or _brought_back(file, batch, registry)
            or _fresh(file, root, batch, registry, config)
        )
    except WenzhengError as error:
        return Outcome(source.name, "failed", str(error))


@lru_cache(maxsize=64)
def _folder(root: Path) -> str:
    """Asked for with every file, of which there may be many thousands in a folder."""
    return str(root.resolve())


def _known(file: _File, batch: Batch, registry: Registry, config: Config) -> Outcome | None:
    """What need not be read again: a version that the index has, or what another file holds."""
    source = file.source
    if file.version in batch.current:
        registry.remember(file.folder, source.name, file.sha256, batch.current[file.version].id)
        return Outcome(source.name, "unchanged")
    twin = batch.by_bytes.get(file.sha256)
    if twin and twin.version_id == version_id(file.sha256, twin.source_name, source.corrections, config):
        # Bytes that no other file holds any more were moved here.
        return _repeat(file, twin, "bytes", batch, registry) if _held_elsewhere(twin, file, registry) else None
    of_version = registry.repeated(file.version)
    return _repeat(file, batch.current[of_version], "text", batch, registry) if of_version in batch.current else None


def _held_elsewhere(summary: ReportSummary, file: _File, registry: Registry) -> bool:
    """Whether another file than this one still holds a report's bytes."""
    for root, other, sha256 in registry.files_of(summary.id):
        if (root, other) == (file.folder, file.source.name) or sha256 != summary.sha256:
            continue
        path = Path(root) / other.split("!/")[0]
        with suppress(OSError):
            if path.is_file() and ("!/" in other or hashlib.sha256(path.read_bytes()).hexdigest() == sha256):
                return True
    return False


def _brought_back(file: _File, batch: Batch, registry: Registry) -> Outcome | None:
    """A text that the search left out: searched again, unless another file's newer text is in its place."""
    if batch.held is None or file.version not in batch.held.retired:
        return None
    summary = batch.held.retired[file.version].summary
    registry.remember(file.folder, file.source.name, file.sha256, summary.id)
    current = batch.ids.get(summary.id)
    if current and current.source_name != file.source.name:
        return Outcome(file.source.name, "unchanged", f"旧版本，现用 {current.source_name} / an older version")
    batch.restore(summary)
    return Outcome(file.source.name, "changed", "恢复旧内容 / back to an earlier text")


def _fresh(file: _File, root: Path, batch: Batch, registry: Registry, config: Config) -> Outcome:
    """A text that no version has: a new report, a newer text of one, or another's words in other furniture."""
    report = _identified(file, batch, registry, config)
    digest = _digest(report)
    others = [batch.current[version] for version in registry.versions_with(digest) if version in batch.current]
    repeated = next((other for other in others if other.id != report.summary.id), None)
    if repeated and report.passages:
        registry.note_repeat(file.version, repeated.version_id)
        return _repeat(file, repeated, "text", batch, registry)
    status = "new"
    if before := batch.ids.get(report.summary.id):
        status = "moved" if before.sha256 == file.sha256 else "changed"
    elif older := older_version(report, batch):
        registry.remember(file.folder, file.source.name, file.sha256, older)
        report, status = file.report(older, config), "changed"
    original = root / layout.ORIGINALS / file.sha256
    if not original.is_file():
        write_atomic(original, file.data)
    registry.note_text(file.version, digest)
    batch.add(report, file.source)
    batch.retire_others(report)
    return Outcome(file.source.name, status, "；".join(report.warnings), len(report.passages))


def _digest(report: Report) -> str:
    """What the words of a report's passages are known by, whatever stands between them."""
    words = "".join(bare(passage.text) for passage in report.passages)
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


def _learn(root: Path, batch: Batch, registry: Registry, config: Config) -> None:
    """Take out of the pages just read what their site repeats on its pages, these and those read before."""
    edges = {}
    for version, report in batch.reports.items():
        if site := site_of(report.summary):
            edges[version] = site, edge_lines(report)
            registry.note_edges(site, version, edges[version][1])
    counts = {site: registry.edges(site) for site in {site for site, _ in edges.values()}}
    for version, (site, lines) in edges.items():
        found = learned(site, lines, counts[site][""], counts[site])
        if found:
            source, summary = batch.sources[version], batch.reports[version].summary
            data = (root / layout.ORIGINALS / summary.sha256).read_bytes()
            report = read_apart(data, source.name, source.corrections, config, summary.id, found)
            if report.passages:
                batch.reports[version] = report
                registry.note_text(version, _digest(report))


def _identified(file: _File, batch: Batch, registry: Registry, config: Config) -> Report:
    """Read a file as the report that its bytes or its name were known for, or as a new one."""
    fresh_id = f"r{file.sha256[:12]}"
    by_bytes, by_name = registry.of_bytes(file.sha256), registry.of_name(file.folder, file.source.name)
    report = file.report(by_bytes or by_name or fresh_id, config)
    if by_name and not by_bytes and not is_newer_text(report, by_name, batch):
        # latest.txt of this year is not latest.txt of last year.
        report = file.report(fresh_id, config)
    if by_name and by_name != report.summary.id:
        batch.displaced.add(by_name)
    registry.remember(file.folder, file.source.name, file.sha256, report.summary.id)
    return report


def _repeat(file: _File, summary: ReportSummary, kind: str, batch: Batch, registry: Registry) -> Outcome:
    """The same report in another file: remembered, not searched twice."""
    source, name = file.source.name, summary.source_name
    registry.remember(file.folder, source, file.sha256, summary.id)
    batch.duplicates[source] = Duplicate(source, file.sha256, summary.id, kind)
    same_zh, same_en = ("内容相同", "same bytes as") if kind == "bytes" else ("正文相同", "same text as")
    return Outcome(source, "duplicate", f"与 {name} {same_zh} / {same_en} {name}")


def _gone(sources: list[Source], paths: list[Path], batch: Batch, registry: Registry) -> list[Outcome]:
    """Files known from earlier runs that are no longer in the paths given; their reports leave the search."""
    seen = {(_folder(source.root), source.name) for source in sources}
    unread = [(_folder(s.root), f"{s.name}!/") for s in sources if s.fault]
    outcomes = []
    for root, name, report_id in (row for given in paths for row in registry.files_under(given.resolve())):
        inside_unread = any(root == folder and name.startswith(prefix) for folder, prefix in unread)
        if (root, name) in seen or inside_unread or ("!/" not in name and (Path(root) / name).exists()):
            continue
        registry.forget(root, name)
        batch.vanished.add(name)
        if _withdraw(report_id, name, {seen_name for _, seen_name in seen}, batch, registry):
            outcomes.append(Outcome(name, "withdrawn", "文件已不在 / the file is gone"))
    for report_id in sorted(batch.displaced):
        if report_id in batch.ids and not registry.has_source(report_id):
            batch.withdraw(report_id)
            reason = "文件里现在是另一份报告 / the file now holds another report"
            outcomes.append(Outcome(batch.ids[report_id].source_name, "withdrawn", reason))
    return outcomes


def _withdraw(report_id: str, name: str, present: set[str], batch: Batch, registry: Registry) -> bool:
    """Take a report out of the search when the file that its text was read from is gone.

    An older text whose file is present comes back; a report that another file repeats stays as it is.
    """
    current = batch.ids.get(report_id)
    repeated = registry.has_source(report_id)
    if current is None or (repeated and current.source_name != name):
        return False
    spare = batch.retired_text(report_id, present)
    if repeated and spare is None:
        return False
    batch.withdraw(report_id)
    if spare:
        batch.restore(spare)
    return True
