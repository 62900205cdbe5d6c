"""What a corpus holds and where it has gaps: places by years, and reports that look wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.types import ReportSummary

# A report with fewer characters than this, or with more of its file taken out than kept, is worth a look.
SHORT = 500
MOSTLY_REMOVED = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """A report's measurements: characters kept and taken out, headings and passages."""

    summary: ReportSummary
    characters: int
    removed: int
    headings: int
    passages: int


@dataclass(frozen=True, slots=True)
class Row:
    """One place's reports by year; years without any between its first and last are gaps."""

    name: str
    chain: tuple[str, ...]
    counts: dict[int, int]

    @property
    def gaps(self) -> tuple[int, ...]:
        """Years without a report between the first and the last that has one."""
        return tuple(y for y in range(min(self.counts), max(self.counts) + 1) if y not in self.counts)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a report is worth a look, in both languages."""

    summary: ReportSummary
    zh: str
    en: str


def by_province(summaries: Iterable[ReportSummary]) -> list[Row]:
    """Reports of each province by year; those without a province last, those without a year left out."""
    return _rows(summaries, lambda summary: tuple(filter(None, (summary.metadata.region.province,))))


def by_place(summaries: Iterable[ReportSummary]) -> list[Row]:
    """Reports of each place by year, in the order of their chains."""
    return _rows(summaries, lambda summary: summary.metadata.region.chain)


def _rows(summaries: Iterable[ReportSummary], key) -> list[Row]:  # type: ignore[no-untyped-def]  # summary → chain
    found: dict[tuple[str, ...], Counter[int]] = {}
    for summary in summaries:
        if summary.metadata.year:
            found.setdefault(key(summary), Counter())[summary.metadata.year] += 1
    ordered = sorted(found.items(), key=lambda item: (not item[0], item[0]))
    return [Row(chain[-1] if chain else "", chain, dict(counts)) for chain, counts in ordered]


def suspicious(sizes: Iterable[Size]) -> list[Suspicion]:
    """Reports that are very short, without headings, without year or place, or mostly taken out."""
    found = []
    for size in sizes:
        metadata = size.summary.metadata
        everything = size.characters + size.removed
        faults = [
            (size.characters < SHORT, f"只有 {size.characters} 字", f"only {size.characters} characters"),
            (size.headings == 0, "没有标题", "no headings"),
            (size.passages == 0, "没有段落", "no passages"),
            (metadata.year is None, "年份不明", "year unknown"),
            (not metadata.region.chain, "地方不明", "place unknown"),
            (not metadata.region.province, "省份未定", "province unknown"),
            (
                size.removed > MOSTLY_REMOVED * everything,
                f"清理掉 {size.removed} 字，超过一半",
                f"{size.removed} characters, over half, were removed",
            ),
        ]
        if any(found_it for found_it, _, _ in faults):
            zh = "；".join(words for found_it, words, _ in faults if found_it)
            en = "; ".join(words for found_it, _, words in faults if found_it)
            found.append(Suspicion(size.summary, zh, en))
    return found
