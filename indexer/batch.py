"""What a run has found so far beside what the index holds, and which texts are versions of one report."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.discover import Source
from indexer.spill import Spill
from retrieval.layout import Duplicate
from retrieval.store import Index
from retrieval.text import bare
from retrieval.types import Metadata, Report, ReportSummary

# Two texts are versions of one report when they share this share of the shorter one's five-grams.
SAME_REPORT = 0.5


@dataclass(slots=True)
class Batch:
    """What a run has found so far, beside what the index already holds.

    `sources` are the files of `reports`, which lie on disk. `restored` are version ids that come back, `superseded` those that must not be searched, `gone` those whose last
    file is; `vanished` names the files that are, `displaced` the reports whose file now
    holds another.
    """

    held: Index | None
    reports: Spill
    sources: dict[str, Source] = field(default_factory=dict)
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
    # Report id → its versions in `current`, and the one that was read last.
    versions: dict[str, set[str]] = field(init=False)
    newest: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        summaries = self.held.current if self.held else []
        self.current = {summary.version_id: summary for summary in summaries}
        self.by_bytes = {summary.sha256: summary for summary in summaries}
        self.ids = {summary.id: summary for summary in summaries}
        self.versions = {}
        for summary in summaries:
            self.versions.setdefault(summary.id, set()).add(summary.version_id)
        self.by_place = {key: s.id for s in summaries if (key := place_and_year(s.metadata))}

    def add(self, report: Report, source: Source) -> None:
        summary = report.summary
        self.sources[summary.version_id] = source
        self.reports[summary.version_id] = report
        self.newest[summary.id] = summary.version_id
        self.current[summary.version_id] = summary
        self.versions.setdefault(summary.id, set()).add(summary.version_id)
        self.by_bytes.setdefault(summary.sha256, summary)
        self.ids[summary.id] = summary
        if key := place_and_year(summary.metadata):
            self.by_place.setdefault(key, summary.id)

    def text_of(self, report_id: str) -> str:
        """The text of a report that is held or was just read."""
        if report_id in self.newest:
            return self.reports[self.newest[report_id]].text
        return self.held.report(report_id).text if self.held else ""

    def restore(self, summary: ReportSummary) -> None:
        """Search an earlier version again instead of the present one."""
        self.restored.add(summary.version_id)
        self.superseded |= self.versions.setdefault(summary.id, set())
        self.superseded.discard(summary.version_id)
        self.current[summary.version_id] = self.ids[summary.id] = summary
        self.versions[summary.id].add(summary.version_id)

    def withdraw(self, report_id: str) -> None:
        """Search no text of a report any more."""
        self.gone |= self.versions.get(report_id, set())

    def retired_text(self, report_id: str, names: set[str]) -> ReportSummary | None:
        """The newest text of a report that the search leaves out and whose file has one of the names."""
        retired = reversed(self.held.retired.values()) if self.held else ()
        return next((v.summary for v in retired if v.summary.id == report_id and v.summary.source_name in names), None)

    def retire_others(self, report: Report) -> None:
        """Only one version of a report is searched: the later by publication, the later read where that is equal."""
        summary = report.summary
        for version in self.versions[summary.id]:
            if version != summary.version_id:
                newer = (self.current[version].metadata.publication_date or "") > (
                    summary.metadata.publication_date or "~"
                )
                self.superseded.add(summary.version_id if newer else version)


def older_version(report: Report, batch: Batch) -> str | None:
    """The id of a report of the same body, place and year of which this is another version, not another report."""
    key = place_and_year(report.summary.metadata)
    other = batch.by_place.get(key) if key else None
    if other is None:
        return None
    return other if _overlap(report.text, batch.text_of(other)) else None


def is_newer_text(report: Report, report_id: str, batch: Batch) -> bool:
    """Whether what a file holds now is a newer text of the report that it held before."""
    before = batch.ids.get(report_id)
    if before is None:
        return True
    key = place_and_year(report.summary.metadata)
    same_key = key is not None and key == place_and_year(before.metadata)
    return same_key or _overlap(report.text, batch.text_of(report_id))


def _overlap(text: str, other: str) -> bool:
    """Whether two texts share enough five-grams to be versions of one report."""
    one, two = _five_grams(text), _five_grams(other)
    return len(one & two) >= SAME_REPORT * max(1, min(len(one), len(two)))


def place_and_year(metadata: Metadata) -> tuple[object, ...] | None:
    known = metadata.region.chain and metadata.year and not metadata.reference
    return (metadata.region.chain, metadata.department, metadata.year) if known else None


def _five_grams(text: str) -> set[str]:
    plain = bare(text)
    return {plain[i : i + 5] for i in range(len(plain) - 4)}
