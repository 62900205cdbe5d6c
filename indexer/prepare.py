"""Sources → reports to index: what is new, changed, moved, repeated, gone or unreadable.

A run collects what it finds in a Batch; nothing here touches the version in force.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from indexer.chunk import chunk
from indexer.clean import clean
from indexer.discover import Source
from indexer.metadata import extract, override
from indexer.outline import outline
from indexer.readers import media_type, read
from indexer.registry import Registry
from retrieval import layout
from retrieval.config import Config
from retrieval.errors import WenzhengError
from retrieval.files import write_atomic
from retrieval.layout import Duplicate
from retrieval.store import Index
from retrieval.text import bare
from retrieval.types import Metadata, Report, ReportSummary

# Changes whenever the same file would give another text, other metadata or other passages.
EXTRACTOR_VERSION = "2"
# Two files of one place and year are versions of one report when they share this share of their five-grams.
SAME_REPORT = 0.5
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


@dataclass(slots=True)
class Batch:
    """What a run has found so far, beside what the index already holds.

    `restored` are version ids that come back, `superseded` those that must not be searched, `gone` those whose last
    file is; `vanished` names the files that are, `displaced` the reports whose file now
    holds another.
    """

    held: Index | None
    reports: dict[str, Report] = field(default_factory=dict)
    restored: set[str] = field(default_factory=set)
    superseded: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    duplicates: dict[str, Duplicate] = field(default_factory=dict)
    vanished: set[str] = field(default_factory=set)
    displaced: set[str] = field(default_factory=set)
    current: dict[str, ReportSummary] = field(init=False)
    by_bytes: dict[str, ReportSummary] = field(init=False)
    by_place: dict[tuple[object, ...], str] = field(init=False)
    ids: dict[str, ReportSummary] = field(init=False)

    def __post_init__(self) -> None:
        summaries = self.held.reports if self.held else []
        self.current = {summary.version_id: summary for summary in summaries}
        self.by_bytes = {summary.sha256: summary for summary in summaries}
        self.ids = {summary.id: summary for summary in summaries}
        self.by_place = {key: s.id for s in summaries if (key := _place_and_year(s.metadata))}

    def add(self, report: Report) -> None:
        summary = report.summary
        self.reports[summary.version_id] = report
        self.current[summary.version_id] = summary
        self.by_bytes.setdefault(summary.sha256, summary)
        self.ids[summary.id] = summary
        if key := _place_and_year(summary.metadata):
            self.by_place.setdefault(key, summary.id)

    def text_of(self, report_id: str) -> str:
        """The text of a report that is held or was just read."""
        fresh = next((r.text for r in reversed(self.reports.values()) if r.summary.id == report_id), None)
        return fresh if fresh is not None else self.held.report(report_id).text if self.held else ""

    def restore(self, summary: ReportSummary) -> None:
        """Search an earlier version again instead of the present one."""
        self.restored.add(summary.version_id)
        self.superseded |= {version for version, other in self.current.items() if other.id == summary.id}
        self.superseded.discard(summary.version_id)
        self.current[summary.version_id] = self.ids[summary.id] = summary

    def retire_others(self, report: Report) -> None:
        """Only one version of a report is searched: the later by publication, the later read where that is equal."""
        summary = report.summary
        for version, other in list(self.current.items()):
            if other.id == summary.id and version != summary.version_id:
                newer = (other.metadata.publication_date or "") > (summary.metadata.publication_date or "~")
                self.superseded.add(summary.version_id if newer else version)


def prepare(
    sources: Iterable[Source], paths: list[Path], root: Path, batch: Batch, config: Config, steps: Steps
) -> list[Outcome]:
    """Read every source into the batch, then look for files that are gone from the paths given."""
    sources = list(sources)
    outcomes: list[Outcome] = []
    registry = Registry(root / layout.REGISTRY)
    try:
        for number, source in enumerate(sources):
            steps("read", number, len(sources))
            outcomes.append(_one(source, root, batch, registry, config))
        steps("read", len(sources), len(sources))
        outcomes += _gone(sources, paths, batch, registry)
    finally:
        registry.close()
    return outcomes


def make_report(data: bytes, source_name: str, corrections: dict[str, str], config: Config, report_id: str) -> Report:
    """One file's report with its passages. Raises ReadError."""
    cleaned = clean(read(data, source_name))
    metadata = override(extract(cleaned, source_name), corrections)
    paragraphs = outline(cleaned)
    summary = ReportSummary(
        id=report_id,
        version_id=_recipe(data, source_name, corrections, config),
        source_name=source_name,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type(source_name),
        metadata=metadata,
    )
    passages = chunk(cleaned.text, paragraphs, cleaned.origins, report_id, metadata.year, config.chunk)
    warnings = cleaned.document.warnings
    return Report(summary, cleaned.text, paragraphs, cleaned.origins, cleaned.removals, passages, warnings)


def _recipe(data: bytes, source_name: str, corrections: dict[str, str], config: Config) -> str:
    """A version's id: the same bytes read in the same way under the same name have the same."""
    parts = [EXTRACTOR_VERSION, source_name, hashlib.sha256(data).hexdigest()]
    parts += [json.dumps(corrections, sort_keys=True), json.dumps(asdict(config.chunk), sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _one(source: Source, root: Path, batch: Batch, registry: Registry, config: Config) -> Outcome:
    if source.fault or source.skipped:
        return Outcome(source.name, "failed" if source.fault else "skipped", source.fault or source.skipped)
    try:
        data = source.path.read_bytes()
        return _known(source, data, batch, registry, config) or _fresh(source, data, root, batch, registry, config)
    except OSError as error:
        return Outcome(source.name, "failed", f"{source.name}：读不了（{error.strerror}） / cannot be read")
    except WenzhengError as error:
        return Outcome(source.name, "failed", str(error))


def _known(source: Source, data: bytes, batch: Batch, registry: Registry, config: Config) -> Outcome | None:
    """What need not be read again: a version that the index has, or other files' bytes."""
    sha256 = hashlib.sha256(data).hexdigest()
    version = _recipe(data, source.name, source.corrections, config)
    folder = str(source.root.resolve())
    if version in batch.current:
        registry.remember(folder, source.name, sha256, batch.current[version].id)
        return Outcome(source.name, "unchanged")
    twin = batch.by_bytes.get(sha256)
    if twin and twin.version_id == _recipe(data, twin.source_name, source.corrections, config):
        if _held_elsewhere(twin, folder, source.name, registry):
            return _repeat(source, sha256, twin, "bytes", batch, registry)
        return None
    of_version = registry.repeated(version)
    if of_version in batch.current:
        return _repeat(source, sha256, batch.current[of_version], "text", batch, registry)
    return None


def _held_elsewhere(summary: ReportSummary, folder: str, name: str, registry: Registry) -> bool:
    """Whether another file than this one still holds a report's bytes; if none does, the file was moved."""
    for root, other, sha256 in registry.files_of(summary.id):
        if (root, other) == (folder, name) or sha256 != summary.sha256:
            continue
        path = Path(root) / other.split("!/")[0]
        if path.is_file() and ("!/" in other or hashlib.sha256(path.read_bytes()).hexdigest() == sha256):
            return True
    return False


def _is_same(report: Report, report_id: str, batch: Batch) -> bool:
    """Whether what a file holds now is a newer text of the report that it held before."""
    before = batch.ids.get(report_id)
    if before is None:
        return True
    key = _place_and_year(report.summary.metadata)
    same_key = key is not None and key == _place_and_year(before.metadata)
    return same_key or _overlap(report.text, batch.text_of(report_id))


def _fresh(source: Source, data: bytes, root: Path, batch: Batch, registry: Registry, config: Config) -> Outcome:
    sha256 = hashlib.sha256(data).hexdigest()
    version = _recipe(data, source.name, source.corrections, config)
    folder = str(source.root.resolve())
    if batch.held and version in batch.held.retired:
        summary = batch.held.retired[version].summary
        registry.remember(folder, source.name, sha256, summary.id)
        current = batch.ids.get(summary.id)
        if current and current.source_name != source.name:
            return Outcome(source.name, "unchanged", f"旧版本，现用 {current.source_name} / an older version")
        batch.restore(summary)
        return Outcome(source.name, "changed", "恢复旧内容 / back to an earlier text")
    by_bytes, by_name = registry.of_bytes(sha256), registry.of_name(folder, source.name)
    report_id = by_bytes or by_name or f"r{sha256[:12]}"
    report = make_report(data, source.name, source.corrections, config, report_id)
    if by_name and not by_bytes and not _is_same(report, by_name, batch):
        # latest.txt of this year is not latest.txt of last year.
        report_id = f"r{sha256[:12]}"
        report = make_report(data, source.name, source.corrections, config, report_id)
    if by_name and by_name != report_id:
        batch.displaced.add(by_name)
    registry.remember(folder, source.name, sha256, report_id)
    digest = hashlib.sha256("".join(bare(p.text) for p in report.passages).encode("utf-8", "replace")).hexdigest()
    others = [batch.current[v] for v in registry.versions_with(digest) if v in batch.current]
    repeated = next((other for other in others if other.id != report_id), None)
    if repeated and report.passages:
        registry.note_repeat(version, repeated.version_id)
        return _repeat(source, sha256, repeated, "text", batch, registry)
    status = "new"
    if report_id in batch.ids:
        status = "moved" if batch.ids[report_id].sha256 == sha256 else "changed"
    elif older := _older_version(report, batch):
        registry.remember(folder, source.name, sha256, older)
        report = make_report(data, source.name, source.corrections, config, older)
        status = "changed"
    original = root / layout.ORIGINALS / sha256
    if not original.is_file():
        write_atomic(original, data)
    registry.note_text(version, digest)
    batch.add(report)
    batch.retire_others(report)
    return Outcome(source.name, status, "；".join(report.warnings), len(report.passages))


def _repeat(
    source: Source, sha256: str, summary: ReportSummary, kind: str, batch: Batch, registry: Registry
) -> Outcome:
    """The same report in another file: remembered, not searched twice."""
    registry.remember(str(source.root.resolve()), source.name, sha256, summary.id)
    batch.duplicates[source.name] = Duplicate(source.name, sha256, summary.id, kind)
    same_zh, same_en = ("内容相同", "same bytes as") if kind == "bytes" else ("正文相同", "same text as")
    name = summary.source_name
    return Outcome(source.name, "duplicate", f"与 {name} {same_zh} / {same_en} {name}")


def _older_version(report: Report, batch: Batch) -> str | None:
    """The id of a report of the same body, place and year of which this is another version, not another report."""
    key = _place_and_year(report.summary.metadata)
    other = batch.by_place.get(key) if key else None
    if other is None:
        return None
    return other if _overlap(report.text, batch.text_of(other)) else None


def _overlap(text: str, other: str) -> bool:
    """Whether two texts share enough five-grams to be versions of one report."""
    one, two = _five_grams(text), _five_grams(other)
    return len(one & two) >= SAME_REPORT * max(1, min(len(one), len(two)))


def _place_and_year(metadata: Metadata) -> tuple[object, ...] | None:
    known = metadata.region.chain and metadata.year
    return (metadata.region.chain, metadata.department, metadata.year) if known else None


def _five_grams(text: str) -> set[str]:
    plain = bare(text)
    return {plain[i : i + 5] for i in range(len(plain) - 4)}


def _gone(sources: list[Source], paths: list[Path], batch: Batch, registry: Registry) -> list[Outcome]:
    """Files known from earlier runs that are no longer in the paths given; their reports leave the search."""
    seen = {(str(source.root.resolve()), source.name) for source in sources}
    unread = [(str(s.root.resolve()), f"{s.name}!/") for s in sources if s.fault]
    outcomes = []
    for given in paths:
        for root, name, report_id in registry.files_under(given.resolve()):
            inside_unread = any(root == folder and name.startswith(prefix) for folder, prefix in unread)
            exists = "!/" not in name and (Path(root) / name).exists()
            if (root, name) in seen or inside_unread or exists:
                continue
            registry.forget(root, name)
            batch.vanished.add(name)
            current = batch.ids.get(report_id)
            if current is None or (registry.has_source(report_id) and current.source_name != name):
                continue
            spare = _spare(report_id, {seen_name for _, seen_name in seen}, batch)
            if spare is None and registry.has_source(report_id):
                continue
            batch.gone |= {version for version, s in batch.current.items() if s.id == report_id}
            if spare:
                batch.restore(spare)
            outcomes.append(Outcome(name, "withdrawn", "文件已不在 / the file is gone"))
    for report_id in sorted(batch.displaced):
        if report_id in batch.ids and not registry.has_source(report_id):
            name = batch.ids[report_id].source_name
            batch.gone |= {version for version, s in batch.current.items() if s.id == report_id}
            outcomes.append(Outcome(name, "withdrawn", "文件里现在是另一份报告 / the file now holds another report"))
    return outcomes


def _spare(report_id: str, names: set[str], batch: Batch) -> ReportSummary | None:
    """The newest retired version of a report whose file is still there."""
    retired = reversed(batch.held.retired.values()) if batch.held else ()
    return next((v.summary for v in retired if v.summary.id == report_id and v.summary.source_name in names), None)
