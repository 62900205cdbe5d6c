"""Open, verify and write index versions: the manifest's segments as one searchable whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np

from retrieval import layout
from retrieval.errors import IndexUnusableError, NotFoundError
from retrieval.files import sha256_file, staged_directory
from retrieval.late import TokenCodes, TokenIndex, write_tokens
from retrieval.layout import FileEntry, Manifest, SegmentEntry, file_entry
from retrieval.lexical import LexicalIndex, write_lexical
from retrieval.measures import Measure
from retrieval.segment import SegmentReader, write_segment
from retrieval.tags import TagIndex, write_tags
from retrieval.text import normalise
from retrieval.types import ROLES, Passage, Report, ReportSummary
from retrieval.vectors import VectorIndex, write_vectors


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What the index keeps of a passage's encoding: `pooled` (dimension,) float32 and the quantised token vectors."""

    pooled: np.ndarray
    tokens: TokenCodes


class Index:
    """One version of an index, opened for reading; safe to share between threads.

    Passages are numbered by rows 0 … n-1 through all segments in the manifest's order.
    """

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self.root = root
        self.manifest = manifest
        _check_sizes(root, manifest)
        folders = [root / layout.SEGMENTS / segment.id for segment in manifest.segments]
        self._segments = [SegmentReader(folder / layout.SEGMENT_DATABASE) for folder in folders]
        self._vectors = [VectorIndex(folder / layout.SEGMENT_VECTORS) for folder in folders]
        self._tokens = [TokenIndex(folder) for folder in folders]
        self.starts = np.cumsum([0, *(segment.passages for segment in manifest.segments)])
        self.lexical = LexicalIndex(root / layout.LEXICAL / manifest.lexical_id)
        self.tags = TagIndex(root / layout.LEXICAL / manifest.lexical_id, int(self.starts[-1]))
        self._load_columns()

    def _load_columns(self) -> None:
        dead = set(self.manifest.tombstones)
        self.reports: list[ReportSummary] = []
        self.withdrawn: list[ReportSummary] = []
        self._home: dict[str, int] = {}
        numbers: dict[str, int] = {}
        for place, segment in enumerate(self._segments):
            for summary in segment.summaries():
                if summary.version_id in dead:
                    self.withdrawn.append(summary)
                else:
                    numbers[summary.version_id] = len(self.reports)
                    self._home[summary.id] = place
                    self.reports.append(summary)
        columns = [column for segment in self._segments for column in segment.columns()]
        # Row → number of its report in `reports`; -1 for passages of withdrawn versions.
        self.report_numbers = np.array([numbers.get(version, -1) for version, _ in columns], np.int32)
        self.roles = np.array([ROLES.index(role) for _, role in columns], np.int8)
        self._by_id = {summary.id: summary for summary in self.reports}

    @property
    def passage_count(self) -> int:
        """Passages that the search sees."""
        return int((self.report_numbers >= 0).sum())

    def nearest(self, query: np.ndarray, count: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and inner products of the `count` allowed passages nearest to a vector (dimension,), best first."""
        found = []
        for start, vectors in zip(self.starts, self._vectors, strict=False):
            mask = allowed[start : start + len(vectors)]
            rows, scores = vectors.search(query, count, None if mask.all() else mask)
            found.append((rows + start, scores))
        rows = np.concatenate([r for r, _ in found]) if found else np.zeros(0, np.int64)
        scores = np.concatenate([s for _, s in found]) if found else np.zeros(0, np.float32)
        order = np.argsort(-scores, kind="stable")[:count]
        return rows[order], scores[order]

    def tokens(self, row: int) -> TokenCodes:
        """The token vectors of the passage at a row."""
        place = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self._tokens[place].tokens(int(row - self.starts[place]))

    def passage(self, row: int) -> Passage:
        """The passage at a row."""
        place = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self._segments[place].passage(int(row - self.starts[place]))

    def find_passage(self, passage_id: str) -> tuple[Passage, ReportSummary]:
        """A passage by its id. Raises NotFoundError."""
        for place, segment in enumerate(self._segments):
            for row, _version in segment.rows_of(passage_id):
                number = self.report_numbers[self.starts[place] + row]
                if number >= 0:
                    return segment.passage(row), self.reports[number]
        raise NotFoundError(f"没有编号为 {passage_id} 的段落", f"there is no passage {passage_id}")

    def summary(self, report_id: str) -> ReportSummary:
        """A report's summary by its id. Raises NotFoundError."""
        try:
            return self._by_id[report_id]
        except KeyError:
            raise NotFoundError(f"没有编号为 {report_id} 的报告", f"there is no report {report_id}") from None

    def report(self, report_id: str) -> Report:
        """A whole report by its id. Raises NotFoundError."""
        summary = self.summary(report_id)
        return self._segments[self._home[report_id]].report(summary)

    def passages(self) -> Iterator[tuple[Passage, ReportSummary]]:
        """All passages that the search sees, in order."""
        row = 0
        for segment in self._segments:
            for passage in segment.passages():
                if self.report_numbers[row] >= 0:
                    yield passage, self.reports[self.report_numbers[row]]
                row += 1

    def original(self, summary: ReportSummary) -> Path:
        """Where the report's untouched file is kept."""
        return self.root / layout.ORIGINALS / summary.sha256


def open_index(root: Path, encoder_fingerprint: str | None = None) -> Index:
    """The version in force.

    Raises IndexUnusableError when there is none, it is damaged, or it was built with another encoder.
    """
    manifest = layout.current_manifest(root)
    if encoder_fingerprint and manifest.encoder_fingerprint != encoder_fingerprint:
        raise IndexUnusableError(
            f"{root} 的索引是用另一个模型或设置（{manifest.model}）建的，与现在的不符；"
            "请改回 config.toml 的 [model]，或用 wenzheng index --rebuild 重建",
            f"the index in {root} was built with another model or settings ({manifest.model}); "
            "restore [model] in config.toml, or rebuild with: wenzheng index --rebuild",
        )
    return Index(root, manifest)


def _check_sizes(root: Path, manifest: Manifest) -> None:
    """The cheap check at every opening; `damaged_files` is the thorough one."""
    for entry in manifest.files():
        path = root / entry.path
        if not path.is_file() or path.stat().st_size != entry.size:
            raise IndexUnusableError(
                f"索引文件 {path} 丢失或不完整；请用 wenzheng index --rebuild 重建",
                f"index file {path} is missing or cut short; rebuild with: wenzheng index --rebuild",
            )


def damaged_files(root: Path, manifest: Manifest) -> list[str]:
    """Files whose bytes are no longer what was written, by full checksums."""
    damaged = []
    for entry in manifest.files():
        path = root / entry.path
        if not path.is_file() or sha256_file(path) != entry.sha256:
            damaged.append(str(path))
    return damaged


def add_segment(root: Path, reports: list[Report], vectors: list[PassageVectors], dimension: int) -> SegmentEntry:
    """Write reports and the vectors of their passages (in order) as a new segment. Nothing refers to it yet."""
    segment_id = uuid4().hex[:12]
    folder = root / layout.SEGMENTS / segment_id
    with staged_directory(folder) as staging:
        count = write_segment(staging / layout.SEGMENT_DATABASE, reports)
        pooled = np.array([vector.pooled for vector in vectors], np.float32).reshape(-1, dimension)
        write_vectors(staging / layout.SEGMENT_VECTORS, pooled)
        write_tokens(staging, [vector.tokens for vector in vectors], dimension)
    files = _entries(root, folder)
    return SegmentEntry(segment_id, len(reports), count, files)


def add_lexical(
    root: Path, segments: Iterable[SegmentEntry], measures: Sequence[Measure]
) -> tuple[str, tuple[FileEntry, ...]]:
    """Write the BM25 index and the measures' tags of the passages of some segments, headings included, in order."""
    lexical_id = uuid4().hex[:12]
    folder = root / layout.LEXICAL / lexical_id
    readers = [SegmentReader(root / layout.SEGMENTS / s.id / layout.SEGMENT_DATABASE) for s in segments]
    texts = [lexical_text(passage) for reader in readers for passage in reader.passages()]
    with staged_directory(folder) as staging:
        write_lexical(staging, texts)
        write_tags(staging, texts, measures)
    return lexical_id, _entries(root, folder)


def lexical_text(passage: Passage) -> str:
    """What BM25 reads of a passage: its lowest heading and its words."""
    return normalise(" ".join([*passage.heading_path[-1:], passage.text]))


def _entries(root: Path, folder: Path) -> tuple[FileEntry, ...]:
    return tuple(file_entry(root, path) for path in sorted(folder.rglob("*")) if path.is_file())


def empty_manifest(model: str, fingerprint: str, dimension: int) -> Manifest:
    """Where a first build starts from."""
    return Manifest(0, now(), fingerprint, model, dimension)


def now() -> str:
    """The present moment in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def prune(root: Path) -> None:
    """Delete what neither of the two newest manifests refers to; the older of them may still be served."""
    manifests = sorted((root / layout.MANIFESTS).glob("*.json"))
    kept = [layout.load_manifest(path) for path in manifests[-2:]]
    for path in manifests[:-2]:
        path.unlink()
    segments = {segment.id for manifest in kept for segment in manifest.segments}
    lexicals = {manifest.lexical_id for manifest in kept}
    for folder, used in ((layout.SEGMENTS, segments), (layout.LEXICAL, lexicals)):
        if (root / folder).is_dir():
            for path in (root / folder).iterdir():
                if path.name not in used:
                    shutil.rmtree(path, ignore_errors=True)
