"""Hits → an answer of verbatim sentences with citations, or an honest "not found". No Flask."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.filters import admits
from retrieval.search import Searcher, best_sentence
from retrieval.text import normalise, tokens
from retrieval.types import Filters, Hit, ReportSummary
from webapp.question import Kind, Question, understand

# A passage is evidence when at least this share of the question's content terms stands in it or its headings.
EVIDENCE = 0.5
# Or when its similarity stands this far above the index's typical one, and this close to the best passage's.
# Chosen on bench/questions: see bench/results/evaluation.md for what it finds and what it lets pass.
MARGIN = 0.23
NEAR_BEST = 0.06
# How many ranked passages are looked at for evidence.
DEPTH = 100
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A verbatim quotation: `report text[start:end] == quote`."""

    hit: Hit
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was searched. Places are names; `not_detected` never means that a place does not have it."""

    reports_searched: int
    regions_searched: int
    regions_found: tuple[str, ...]
    regions_not_detected: tuple[str, ...]
    years: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; without evidence `entries` is empty and `nearest` shows what came closest."""

    query: str
    kind: Kind
    found: bool
    message_zh: str
    message_en: str
    confidence: float
    entries: tuple[Entry, ...]
    coverage: Coverage
    nearest: tuple[Hit, ...]
    filters: Filters


def ask(searcher: Searcher, text: str, filters: Filters | None = None) -> Answer:
    """Answer from the reports alone. Raises QueryError for unusable questions."""
    reports = searcher.index.reports
    question = understand(text, reports, filters)
    depth = min(DEPTH, searcher.settings.max_limit)
    results = searcher.search(text, question.filters, limit=depth)
    scope = [summary for summary in reports if admits(question.filters, summary)]
    if question.missing or not scope:
        return _no_report(question, reports, scope)
    fitting = _fitting(results.hits, question, searcher.background(text))
    entries = tuple(_entry(hit, question.terms) for _, hit in _best_per_place(fitting, question.kind))
    confidence = round(max((share for share, _ in fitting), default=0.0), 3)
    return _answer(question, scope, entries, confidence, results.hits[:NEAREST])


def _fitting(hits: Iterable[Hit], question: Question, background: float) -> list[tuple[float, Hit]]:
    """The hits that are evidence, each with its strength from 0 to 1."""
    ranked = list(hits)
    best = max((hit.why.similarity for hit in ranked if hit.why.similarity is not None), default=0.0)
    found = []
    for hit in ranked:
        share = evidence(hit, question.terms)
        similarity = -1.0 if hit.why.similarity is None else hit.why.similarity
        margin = 0.0 if math.isnan(background) else similarity - background
        if share >= EVIDENCE or (margin >= MARGIN and similarity >= best - NEAR_BEST):
            found.append((max(share, min(1.0, margin / (2 * MARGIN))), hit))
    return found


def evidence(hit: Hit, terms: Iterable[str]) -> float:
    """The share of the terms that stand in a passage or its headings."""
    wanted = set(terms)
    words = normalise(" ".join([*hit.passage.heading_path, hit.passage.text]))
    return len(wanted & set(tokens(words))) / len(wanted) if wanted else 0.0


def _best_per_place(fitting: list[tuple[float, Hit]], kind: Kind) -> list[tuple[float, Hit]]:
    """For facts the best passages; else for each place and role the first, so that plans never stand for deeds."""
    if kind == "fact":
        return sorted(fitting, key=lambda pair: (-pair[0], pair[1].rank))[:NEAREST]
    chosen: dict[tuple[str, str, int | None], tuple[float, Hit]] = {}
    for share, hit in fitting:
        key = (place_name(hit.report), hit.passage.role, hit.report.metadata.year)
        chosen.setdefault(key, (share, hit))
    return list(chosen.values())


def _entry(hit: Hit, terms: tuple[str, ...]) -> Entry:
    start, end = best_sentence(hit.passage.text, list(terms))
    return Entry(hit, hit.passage.text[start:end], hit.passage.start + start, hit.passage.start + end)


def place_name(summary: ReportSummary) -> str:
    """The place that a report is about, or the report's title where the place is unknown."""
    return summary.metadata.region.name or summary.metadata.title


def _coverage(scope: list[ReportSummary], entries: tuple[Entry, ...]) -> Coverage:
    places = tuple(dict.fromkeys(place_name(summary) for summary in scope))
    found = tuple(dict.fromkeys(place_name(entry.hit.report) for entry in entries))
    years = tuple(sorted({s.metadata.year for s in scope if s.metadata.year is not None}))
    return Coverage(len(scope), len(places), found, tuple(p for p in places if p not in found), years)


def _answer(
    question: Question,
    scope: list[ReportSummary],
    entries: tuple[Entry, ...],
    confidence: float,
    nearest: tuple[Hit, ...],
) -> Answer:
    coverage = _coverage(scope, entries)
    searched, found = coverage.regions_searched, len(coverage.regions_found)
    if entries:
        zh = f"检索了 {searched} 个地方的 {len(scope)} 份报告，其中 {found} 个地方检出。未检出不等于没有。"
        en = f"Searched {len(scope)} reports of {searched} places; detected in {found}. Not detected does not mean absent."
    else:
        zh = f"没有找到回答。检索了 {searched} 个地方的 {len(scope)} 份报告，未检出；未检出不等于没有。"
        en = (
            f"Nothing found that answers this in {len(scope)} reports of {searched} places; not detected is not absent."
        )
    return Answer(
        query=question.text,
        kind=question.kind,
        found=bool(entries),
        message_zh=zh,
        message_en=en,
        confidence=confidence if entries else 0.0,
        entries=entries,
        coverage=coverage,
        nearest=() if entries else nearest,
        filters=question.filters,
    )


def _no_report(question: Question, reports: list[ReportSummary], scope: list[ReportSummary]) -> Answer:
    """The third thing beside found and not detected: there is no report to search."""
    filters = question.filters
    place = question.missing or filters.region or ""
    years = f"{filters.year_from or ''}{'–' + str(filters.year_to) if filters.year_to != filters.year_from else ''}"
    held = sorted({s.metadata.year for s in reports if s.metadata.year and admits(Filters(region=filters.region), s)})
    has = f"（该地现有 {'、'.join(map(str, held))} 年的报告）" if filters.region and held else ""
    has_en = f" (there are reports for {', '.join(map(str, held))})" if filters.region and held else ""
    return Answer(
        query=question.text,
        kind=question.kind,
        found=False,
        message_zh=f"没有{place}{years + '年' if years and not question.missing else ''}的报告，无从回答{has}。",
        message_en=f"There is no report of {place or 'any place'}{' for ' + years if years else ''} to search{has_en}.",
        confidence=0.0,
        entries=(),
        coverage=_coverage([] if question.missing else scope, ()),
        nearest=(),
        filters=filters,
    )
