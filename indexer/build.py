"""The pipeline: files → reports → passages → vectors → a new version of the index."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.chunk import chunk
from indexer.clean import clean
from indexer.discover import Source, discover
from indexer.metadata import extract, override
from indexer.outline import outline
from indexer.readers import media_type, read
from indexer.registry import Registry, cached
from retrieval import layout, store
from retrieval.config import Config
from retrieval.encoder import Encoder
from retrieval.errors import IndexUnusableError, WenzhengError
from retrieval.files import write_atomic
from retrieval.late import quantise
from retrieval.layout import Manifest
from retrieval.measures import Measure, load_measures, vocabulary_path
from retrieval.store import PassageVectors
from retrieval.tags import fingerprint
from retrieval.text import normalise
from retrieval.types import Passage, Report, ReportSummary

# Changes whenever the same file would give another text, other metadata or other passages.
EXTRACTOR_VERSION = "1"
# steps("read", done, total): what a progress bar needs.
Steps = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to a file: new, changed, unchanged, skipped or failed; `reason` says why, or what could not be read of it."""

    source_name: str
    status: str
    reason: str = ""
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did."""

    outcomes: tuple[Outcome, ...]
    reports: int
    passages: int
    new_passages: int
    embedded: int
    seconds: float
    version: int

    def count(self, status: str) -> int:
        return sum(1 for outcome in self.outcomes if outcome.status == status)


def build(paths: list[Path], root: Path, config: Config, encoder: Encoder, steps: Steps, *, rebuild: bool) -> Summary:
    """Index the files under `paths` into `root`; the old version stays in force until the new one is whole.

    Raises IndexUnusableError when the index is of another kind or another build is running, ReadError when a path
    or manifest is unusable as a whole. Faults of single reports are outcomes, not errors.
    """
    with tempfile.TemporaryDirectory(prefix="wenzheng-") as scratch:
        return _build(list(discover(paths, Path(scratch))), root, config, encoder, steps, rebuild=rebuild)


def _build(
    sources: list[Source], root: Path, config: Config, encoder: Encoder, steps: Steps, *, rebuild: bool
) -> Summary:
    begin = time.perf_counter()
    measures = load_measures(vocabulary_path(config))
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / layout.LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise IndexUnusableError(
            f"另一个程序正在更新 {root}；请等它结束", f"another process is updating {root}; wait for it to end"
        ) from None
    with lock:
        manifest = _start(root, config, encoder, rebuild=rebuild)
        held = store.Index(root, manifest) if manifest.segments else None
        batch = _Batch(
            current={s.version_id: s for s in held.reports} if held else {},
            withdrawn={s.version_id: s for s in held.withdrawn} if held else {},
            vocabulary=held.tags.vocabulary if held else "",
        )
        outcomes = _prepare(sources, root, batch, config, steps)
        vectors, embedded = _embed(list(batch.reports.values()), root, encoder, steps)
        manifest = _publish(root, manifest, batch, vectors, measures)
        store.prune(root)
    summary = Summary(
        outcomes=tuple(outcomes),
        reports=manifest.reports,
        passages=manifest.passages,
        new_passages=sum(len(report.passages) for report in batch.reports.values()),
        embedded=embedded,
        seconds=round(time.perf_counter() - begin, 2),
        version=manifest.number,
    )
    _record_run(root, summary)
    return summary


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


def encoder_input(passage: Passage) -> str:
    """What the encoder reads of a passage: its words, normalised."""
    return normalise(passage.text)


def _recipe(data: bytes, source_name: str, corrections: dict[str, str], config: Config) -> str:
    """A version's id: the same bytes read in the same way under the same name have the same."""
    parts = [EXTRACTOR_VERSION, source_name, hashlib.sha256(data).hexdigest()]
    parts += [json.dumps(corrections, sort_keys=True), json.dumps(asdict(config.chunk), sort_keys=True)]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _start(root: Path, config: Config, encoder: Encoder, *, rebuild: bool) -> Manifest:
    """The manifest to build upon. Raises IndexUnusableError when it does not fit and no rebuild was asked for."""
    if layout.current_name(root) is None:
        return store.empty_manifest(config.model.name, encoder.fingerprint, encoder.dimension)
    if rebuild:
        numbers = [int(path.stem) for path in (root / layout.MANIFESTS).glob("*.json")]
        fresh = store.empty_manifest(config.model.name, encoder.fingerprint, encoder.dimension)
        return replace(fresh, number=max(numbers, default=0))
    return store.open_index(root, encoder.fingerprint).manifest


@dataclass(slots=True)
class _Batch:
    """What a run has found so far, beside what the index already holds; looked up by version, report and bytes."""

    current: dict[str, ReportSummary]
    withdrawn: dict[str, ReportSummary]
    vocabulary: str
    reports: dict[str, Report] = field(default_factory=dict)
    restored: set[str] = field(default_factory=set)
    by_bytes: dict[str, ReportSummary] = field(init=False)
    known_ids: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.by_bytes = {summary.sha256: summary for summary in self.current.values()}
        self.known_ids = {summary.id for summary in self.current.values()}

    def add(self, report: Report) -> None:
        self.reports[report.summary.id] = report
        self.by_bytes.setdefault(report.summary.sha256, report.summary)


def _prepare(sources: list[Source], root: Path, batch: _Batch, config: Config, steps: Steps) -> list[Outcome]:
    outcomes: list[Outcome] = []
    registry = Registry(root / layout.REGISTRY)
    try:
        for number, source in enumerate(sources):
            steps("read", number, len(sources))
            outcomes.append(_prepare_one(source, root, batch, registry, config))
        steps("read", len(sources), len(sources))
    finally:
        registry.close()
    return outcomes


def _prepare_one(source: Source, root: Path, batch: _Batch, registry: Registry, config: Config) -> Outcome:
    if source.fault or source.skipped:
        return Outcome(source.name, "failed" if source.fault else "skipped", source.fault or source.skipped)
    try:
        data = source.path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        version = _recipe(data, source.name, source.corrections, config)
        twin = batch.by_bytes.get(sha256)
        if version in batch.current:
            return Outcome(source.name, "unchanged")
        if twin and twin.version_id == _recipe(data, twin.source_name, source.corrections, config):
            name = twin.source_name
            return Outcome(source.name, "unchanged", f"与 {name} 内容相同 / same bytes as {name}")
        report_id = registry.report_id(str(source.root.resolve()), source.name, sha256)
        if version in batch.withdrawn:
            batch.restored.add(version)
            return Outcome(source.name, "changed")
        report = make_report(data, source.name, source.corrections, config, report_id)
    except OSError as error:
        return Outcome(source.name, "failed", f"{source.name}：读不了（{error.strerror}） / cannot be read")
    except WenzhengError as error:
        return Outcome(source.name, "failed", str(error))
    original = root / layout.ORIGINALS / sha256
    if not original.is_file():
        write_atomic(original, data)
    batch.add(report)
    status = "changed" if report_id in batch.known_ids else "new"
    return Outcome(source.name, status, "；".join(report.warnings), len(report.passages))


def _embed(reports: list[Report], root: Path, encoder: Encoder, steps: Steps) -> tuple[list[PassageVectors], int]:
    texts = [encoder_input(passage) for report in reports for passage in report.passages]
    embedded = 0

    def embed(missing: list[str]) -> list[PassageVectors]:
        nonlocal embedded

        def progress(count: int) -> None:
            nonlocal embedded
            embedded += count
            steps("embed", embedded, len(missing))

        steps("embed", 0, len(missing))
        return [PassageVectors(e.pooled, quantise(e.tokens)) for e in encoder.passages(missing, progress)]

    path = root / layout.EMBEDDINGS
    return cached(path, encoder.fingerprint, texts, encoder.dimension, embed), embedded


def _publish(
    root: Path, manifest: Manifest, batch: _Batch, vectors: list[PassageVectors], measures: tuple[Measure, ...]
) -> Manifest:
    """Write what is new and make it the version in force; nothing new makes no new version."""
    reports = list(batch.reports.values())
    tagged = not manifest.segments or batch.vocabulary == fingerprint(measures)
    if not reports and not batch.restored and tagged and layout.current_name(root) == manifest.name:
        return manifest
    restored = {batch.withdrawn[version].id for version in batch.restored}
    replaced = {report.summary.id for report in reports} | restored
    dead = {*manifest.tombstones, *(s.version_id for s in batch.current.values() if s.id in replaced)}
    segments = (
        (*manifest.segments, store.add_segment(root, reports, vectors, manifest.dimension))
        if reports
        else manifest.segments
    )
    lexical_id, lexical_files = store.add_lexical(root, segments, measures)
    fresh = layout.next_manifest(
        manifest,
        created=store.now(),
        segments=segments,
        tombstones=tuple(sorted(dead - batch.restored)),
        lexical_id=lexical_id,
        lexical_files=lexical_files,
    )
    # Opening the new version before it is in force shows that it is whole, and counts what it holds.
    opened = store.Index(root, fresh)
    fresh = replace(fresh, reports=len(opened.reports), passages=opened.passage_count)
    layout.publish(root, fresh)
    return fresh


def _record_run(root: Path, summary: Summary) -> None:
    name = store.now().replace(":", "").replace("+0000", "Z")
    text = json.dumps(asdict(summary), ensure_ascii=False, indent=1)
    write_atomic(root / layout.RUNS / f"{name}.json", text.encode())
