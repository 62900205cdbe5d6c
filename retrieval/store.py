"""Open, verify and write index versions: the manifest's segments as one searchable whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from retrieval import layout
from retrieval.codes import TokenCodec, token_codec
from retrieval.coverage import Size
from retrieval.errors import IndexUnusableError, NotFoundError, damaged
from retrieval.files import sha256_file
from retrieval.filters import admitting
from retrieval.fulltext import FulltextReader
from retrieval.late import TokenIndex
from retrieval.layout import Duplicate, Manifest
from retrieval.lexical import LexicalIndex
from retrieval.segment import SegmentReader
from retrieval.tags import TagIndex
from retrieval.types import ROLES, Filters, Passage, Report, ReportSummary, ReportVersion, VersionState
from retrieval.vectors import Vectors

# Filters whose passages are kept, a byte for each passage of the index.
_KEPT_SCOPES = 32


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What filters admit: a boolean mask (passages,), how many passages those are, and of how many reports."""

    allowed: np.ndarray
    passages: int
    reports: int


class Index:
    """One version of an index, opened for reading; safe to share between threads.

    Passages are numbered by rows 0 … n-1 through all segments in the manifest's order.
    """

    def __init__(self, root: Path, manifest: Manifest, before: Index | None = None) -> None:
        """`before` is another version in the same folder: the reports of segments that both have are not read again."""
        self.root = root
        self.manifest = manifest
        _check_files(root, manifest)
        folders = [root / layout.SEGMENTS / segment.id for segment in manifest.segments]
        known = {reader.path: reader for reader in before.segments} if before else {}
        paths = [folder / layout.SEGMENT_DATABASE for folder in folders]
        self.segments: list[SegmentReader] = [known.get(path) or SegmentReader(path) for path in paths]
        # One a segment; the rows of its passages begin at the segment's entry in `starts`.
        self.fulltext = [FulltextReader(folder / layout.SEGMENT_FULLTEXT) for folder in folders]
        self.starts = np.cumsum([0, *(segment.passages for segment in manifest.segments)])
        self.codec = codec_of(root, manifest)
        self._scopes: dict[Filters, Scope] = {}
        self._load_columns()
        self._open_searched(folders)

    def _open_searched(self, folders: list[Path]) -> None:
        """Open what the search reads, of segments that have a passage in force: the others only keep what was cited."""
        live = [
            n for n, (first, last) in enumerate(pairwise(self.starts)) if (self.report_numbers[first:last] >= 0).any()
        ]
        entry = self.manifest.lists
        lists = self.root / layout.LISTS / entry.id if entry else None
        starts = [int(self.starts[place]) for place in live]
        self._vectors = Vectors([folders[place] for place in live], starts, self.report_numbers >= 0, lists)
        # By the segment's place in the manifest.
        self._tokens = {place: TokenIndex(folders[place]) for place in live}
        parts = [self.root / layout.LEXICAL / part.id for part in self.manifest.lexical]
        # An index that is to be brought up to date may have none yet.
        held = [place for place in live if place < len(parts)]
        self.lexical = LexicalIndex([parts[n] for n in held], [int(self.starts[n]) for n in held], len(self.roles))
        self.tags = TagIndex(parts, self.starts)

    def _load_columns(self) -> None:
        dead, withdrawn, purged = (
            set(part) for part in (self.manifest.tombstones, self.manifest.withdrawn, self.manifest.purged)
        )
        self.reports: list[ReportSummary] = []
        # Reference documents in force, by version id: kept and citable, but not searched.
        self.references: dict[str, ReportSummary] = {}
        # Texts that the search leaves out, by version id; those that were purged are not even cited.
        self.retired: dict[str, ReportVersion] = {}
        self._home: dict[str, int] = {}
        # Version id → number in `reports`.
        self.numbers: dict[str, int] = {}
        for place, segment in enumerate(self.segments):
            for summary in segment.summaries:
                version = summary.version_id
                if version in purged:
                    continue
                self._home[version] = place
                if version in dead:
                    state: VersionState = "withdrawn" if version in withdrawn else "superseded"
                    self.retired[version] = ReportVersion(summary, state)
                elif summary.metadata.reference:
                    self.references[version] = summary
                else:
                    self.numbers[version] = len(self.reports)
                    self.reports.append(summary)
        # Row → number of its report in `reports`; -1 for passages of withdrawn versions and of reference documents.
        self.report_numbers: np.ndarray = np.zeros(0, np.int32)
        self.roles: np.ndarray = np.zeros(0, np.int8)
        for segment in self.segments:
            of_report, roles = segment.columns
            numbers = np.array([self.numbers.get(summary.version_id, -1) for summary in segment.summaries], np.int32)
            self.report_numbers = np.append(self.report_numbers, numbers[of_report])
            self.roles = np.append(self.roles, roles)
        self._by_id = {summary.id: summary for summary in self.current}

    @property
    def current(self) -> list[ReportSummary]:
        """Every text in force: the reports, then the reference documents."""
        return [*self.reports, *self.references.values()]

    @property
    def passage_count(self) -> int:
        """Passages that the search sees."""
        return int((self.report_numbers >= 0).sum())

    def admitted(self, filters: Filters) -> np.ndarray:
        """Which reports pass the filters that concern whole reports: a boolean mask of shape (reports,)."""
        return np.array(list(map(admitting(filters), self.reports)), bool)

    def scope(self, filters: Filters) -> Scope:
        """What the filters admit; kept for the next time, so its mask is not to be written."""
        scope = self._scopes.get(filters)
        if scope is None:
            mask = self._allowed(filters)
            mask.flags.writeable = False
            reports = int(np.count_nonzero(np.bincount(self.report_numbers[mask])))
            scope = Scope(mask, int(np.count_nonzero(mask)), reports)
            if len(self._scopes) >= _KEPT_SCOPES:
                self._scopes.clear()
            self._scopes[filters] = scope
        return scope

    def allowed(self, filters: Filters) -> np.ndarray:
        """Which passages the filters admit: a boolean mask of shape (passages,), not to be written."""
        return self.scope(filters).allowed

    def _allowed(self, filters: Filters) -> np.ndarray:
        reports = self.admitted(filters)
        mask = np.zeros(len(self.report_numbers), bool)
        if len(reports):
            mask = (self.report_numbers >= 0) & reports[self.report_numbers]
        if filters.role:
            mask &= self.roles == ROLES.index(filters.role)
        if filters.measure:
            mask &= self.tags.mask(filters.measure)
        return mask

    def nearest(
        self, query: np.ndarray, count: int, allowed: np.ndarray, *, exact: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows and inner products of the `count` allowed passages nearest to a vector (dimension,), best first.

        In a large index a few may be missed, unless they are to be `exact`.
        """
        return self._vectors.search(query, count, allowed, exact=exact)

    def products(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Inner products of the passages at some rows, in ascending order, with a vector (dimension,), shape (rows,)."""
        return self._vectors.products(query, rows)

    def token_codes(self, rows: np.ndarray) -> list[np.ndarray]:
        """The token vectors of the passages at some rows as they are kept, to be read with `codec`."""
        places = np.searchsorted(self.starts, rows, side="right") - 1
        own = rows - self.starts[places]
        return [self._tokens[place].codes(row) for place, row in zip(places.tolist(), own.tolist(), strict=True)]

    def tokens(self, row: int) -> np.ndarray:
        """The token vectors of the passage at a row, shape (tokens, dimension)."""
        return self.codec.decode(self.token_codes(np.array([row]))[0])

    def passage(self, row: int) -> Passage:
        """The passage at a row."""
        place = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.segments[place].passage(int(row - self.starts[place]))

    def passages_at(self, rows: np.ndarray) -> list[Passage]:
        """The passages at some rows, in their order; read segment by segment, whatever their order."""
        found = {int(row): self.passage(int(row)) for row in np.sort(rows)}
        return [found[int(row)] for row in rows]

    def find_passage(self, passage_id: str) -> tuple[Passage, ReportSummary]:
        """A passage by its id, from the text in force or else from the newest that has it. Raises NotFoundError."""
        retired: tuple[Passage, ReportSummary] | None = None
        for place, segment in enumerate(self.segments):
            for row, version in segment.rows_of(passage_id):
                number = self.report_numbers[self.starts[place] + row]
                if number >= 0:
                    return segment.passage(row), self.reports[number]
                if version in self.references:
                    return segment.passage(row), self.references[version]
                if version in self.retired:
                    retired = segment.passage(row), self.retired[version].summary
        if retired is None:
            raise NotFoundError(f"没有编号为 {passage_id} 的段落", f"there is no passage {passage_id}")
        return retired

    def summary(self, report_id: str, version_id: str | None = None) -> ReportSummary:
        """A report's summary by its id: the text in force, else its newest, or a given version. Raises NotFoundError."""
        found = [version.summary for version in self.versions(report_id)]
        chosen = [summary for summary in found if version_id in (None, summary.version_id)]
        if not chosen:
            missing = report_id if not found else f"{report_id} {version_id}"
            raise NotFoundError(f"没有编号为 {missing} 的报告", f"there is no report {missing}")
        return chosen[0]

    def versions(self, report_id: str) -> tuple[ReportVersion, ...]:
        """All texts of a report that can be cited: the one in force, then the others from the newest."""
        current = self._by_id.get(report_id)
        # Segments are added in time, and `retired` follows them.
        retired = [version for version in self.retired.values() if version.summary.id == report_id]
        return (*((ReportVersion(current, "current"),) if current else ()), *reversed(retired))

    def state(self, summary: ReportSummary) -> VersionState:
        """Whether a text is the one in force."""
        retired = self.retired.get(summary.version_id)
        return retired.state if retired else "current"

    def report(self, report_id: str, version_id: str | None = None) -> Report:
        """A whole report by its id, as `summary` finds it. Raises NotFoundError."""
        summary = self.summary(report_id, version_id)
        return self.segments[self._home[summary.version_id]].report(summary)

    def text(self, summary: ReportSummary) -> str:
        """A report's text alone."""
        return self.segments[self._home[summary.version_id]].text(summary.version_id)

    def summaries_of(self, version_ids: set[str]) -> list[ReportSummary]:
        """Summaries by version id, purged ones too."""
        return [s for segment in self.segments for s in segment.summaries if s.version_id in version_ids]

    def sizes(self) -> list[Size]:
        """The measurements of every report that the search sees."""
        found = {version: size for segment in self.segments for version, size in segment.sizes().items()}
        return [Size(summary, *found[summary.version_id]) for summary in self.reports]

    def lookup(self, name: str) -> Report:
        """A report by its id, a version by its id, or the newest text read from a file. Raises NotFoundError."""
        summaries = [*self.current, *(version.summary for version in reversed(self.retired.values()))]
        for key in ("id", "version_id", "source_name"):
            found = next((summary for summary in summaries if getattr(summary, key) == name), None)
            if found:
                return self.report(found.id, found.version_id)
        raise NotFoundError(f"没有 {name} 这份报告", f"there is no report {name}")

    def sources(self, report_id: str) -> tuple[Duplicate, ...]:
        """Other files that hold the same report and are not searched again."""
        return tuple(duplicate for duplicate in self.manifest.duplicates if duplicate.report_id == report_id)

    def passages(self) -> Iterator[tuple[Passage, ReportSummary]]:
        """All passages that the search sees, in order."""
        row = 0
        for segment in self.segments:
            for passage in segment.passages():
                if self.report_numbers[row] >= 0:
                    yield passage, self.reports[self.report_numbers[row]]
                row += 1

    def original(self, summary: ReportSummary) -> Path:
        """Where the report's untouched file is kept."""
        return self.root / layout.ORIGINALS / summary.sha256


def open_index(root: Path, encoder_fingerprint: str | None = None, before: Index | None = None) -> Index:
    """The version in force, to be searched; `before` is one of the same folder that was opened earlier.

    Raises IndexUnusableError when there is none, it is damaged, or it was built with another encoder.
    """
    manifest = usable_manifest(root, encoder_fingerprint)
    try:
        return Index(root, manifest, before)
    except IndexUnusableError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, RuntimeError, OSError, EOFError, sqlite3.Error) as error:
        # Past the heads a damaged file shows only where it is read: the thorough check says which one it is.
        raise damaged(Path(next(iter(damaged_files(root, manifest)), str(root)))) from error


def codec_of(root: Path, manifest: Manifest) -> TokenCodec:
    """How the token vectors of a version are kept."""
    if manifest.rotation is None:
        return token_codec(None, manifest.dimension)
    path = root / manifest.rotation.path
    if sha256_file(path) != manifest.rotation.sha256:
        raise damaged(path)
    return token_codec(np.load(path), manifest.dimension)


def usable_manifest(root: Path, encoder_fingerprint: str | None, *, upgrade: bool = False) -> Manifest:
    """The manifest in force, if it fits the encoder; with `upgrade` it may be of a former format. Raises as `open_index`."""
    manifest = layout.current_manifest(root, upgrade=upgrade)
    if encoder_fingerprint and manifest.encoder_fingerprint != encoder_fingerprint:
        raise IndexUnusableError(
            f"{root} 的索引是用另一个模型或设置（{manifest.model}）建的，与现在的不符；"
            "请改回 config.toml 的 [model]，或用 wenzheng index --rebuild 重建",
            f"the index in {root} was built with another model or settings ({manifest.model}); "
            "restore [model] in config.toml, or rebuild with: wenzheng index --rebuild",
        )
    return manifest


def _check_files(root: Path, manifest: Manifest) -> None:
    """The cheap check at every opening: sizes, and the heads that parsers rely on; `damaged_files` is the thorough one.

    What lies behind the heads is checked by those who read it (retrieval/blocks.py).
    """
    for entry in manifest.files():
        path = root / entry.path
        whole = path.is_file() and path.stat().st_size == entry.size
        if not whole or (entry.head and layout.head_of(path) != entry.head):
            raise damaged(path)


def damaged_files(root: Path, manifest: Manifest) -> list[str]:
    """Files whose bytes are no longer what was written, by full checksums."""
    files = [(root / entry.path, entry.sha256) for entry in manifest.files()]
    return [str(path) for path, sha256 in files if not path.is_file() or sha256_file(path) != sha256]
