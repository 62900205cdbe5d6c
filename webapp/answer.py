"""Hits → an answer of verbatim sentences with citations, or an honest "not found". No Flask."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np

from retrieval.filters import admitting
from retrieval.search import Query, Searcher
from retrieval.tags import Naming
from retrieval.text import normalise_query
from retrieval.types import Filters, Hit, ReportSummary, Results
from webapp.amounts import Derived, asks_amount, derived
from webapp.caution import caution
from webapp.evidence import WEAK, evidence_model, features, figure_in, gives_figure, names_person, states_it
from webapp.figures import Figure
from webapp.finding import Found, find
from webapp.offices import asks_holder, holder_sentence, office_in_full
from webapp.question import Kind, Question

# How many ranked passages are looked at for evidence.
DEPTH = 100
NEAREST = 3
# Passages of an overview of one part of a place's reports.
OVERVIEW = 10
# How much of the doubt goes where a passage says literally what is asked: enough for an answer.
STATED = 0.5
# Places below the one asked for that are named when it has no report itself.
_MOST_BELOW = 5
# How many passages answer a fact of one place and year: the first is the answer, the others its context.
FACT_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A verbatim quotation: `report text[start:end] == quote`.

    `figure` is what a question for an amount asked for, its offsets in the report's text too; `derived` is worked out
    where no report states it. `strength` is how likely the passage is to answer, from 0 to 1. `like` is another
    report's quotation that names what is asked, where this one was found by being near to it without the name.
    """

    hit: Hit
    quote: str
    start: int
    end: int
    strength: float = 0.0
    figure: Figure | None = None
    derived: Derived | None = None
    like: Entry | None = None

    @property
    def weak(self) -> bool:
        """Whether so many of such passages do not answer that it is to be looked at before it is believed."""
        return self.strength < WEAK


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was searched. Places are names; `not_detected` never means that a place does not have it.

    `regions_without_report` have reports, but none in the years, level or part asked for.
    """

    reports_searched: int
    regions_searched: int
    regions_found: tuple[str, ...]
    regions_not_detected: tuple[str, ...]
    years: tuple[int, ...]
    regions_without_report: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; without evidence `entries` is empty and `nearest` shows what came closest.

    `measure` is what the question was taken to mean, `named` which filters came from its own words; `caution` says
    why figures beside each other may not be compared.
    """

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
    named: tuple[str, ...] = ()
    measure: str | None = None
    caution_zh: str = ""
    caution_en: str = ""


def ask(searcher: Searcher, text: str, filters: Filters | None = None, ignored: Collection[str] = ()) -> Answer:
    """Answer from the reports alone. Raises QueryError for unusable questions."""
    reports = searcher.index.reports
    found = find(searcher, text, filters, ignored, limit=min(DEPTH, searcher.settings.max_limit))
    question = found.question
    scope = list(filter(admitting(question.filters), reports))
    if question.missing or not scope:
        return _no_report(found, reports, scope)
    if question.overview:
        hits = sorted(found.results.hits[:OVERVIEW], key=lambda hit: (hit.report.metadata.year or 0, hit.passage.start))
        entries = tuple(_whole(hit) for hit in hits)
    else:
        model = evidence_model()
        pairs = weighed(searcher, question, found.query, found.results)
        fitting = evident(pairs, model.answer_from, model.entry_from)
        chosen = _best_of_each(_its_own(fitting, question), question)
        entries = tuple(entry_of(hit, strength, question, searcher.naming) for strength, hit in chosen)
    return _answer(found, _coverage(reports, scope, entries, question.filters), entries)


def weighed(
    searcher: Searcher, question: Question, query: Query, results: Results, *, by_name: bool = False
) -> list[tuple[float, Hit]]:
    """The hits in their order, each with how likely it is to answer; without those that lack a figure or name asked for.

    With `by_name` they were asked for by the very name of a measure.
    """
    known = features(results, question, searcher.background(query), searcher.naming)
    chances = evidence_model().probabilities(known, by_name=by_name)
    pairs = zip(chances, results.hits, strict=True)
    return [
        (float(chance + (1 - chance) * STATED * states_it(hit, question, searcher.naming)), hit)
        for chance, hit in pairs
        if gives_figure(hit, question, searcher.naming) and names_person(hit, question)
    ]


def evident(pairs: Iterable[tuple[float, Hit]], answer_from: float, entry_from: float) -> list[tuple[float, Hit]]:
    """Those at least as likely as `entry_from`; none when not even the likeliest reaches `answer_from`."""
    usable = [(chance, hit) for chance, hit in pairs if chance >= entry_from]
    return usable if any(chance >= answer_from for chance, _ in usable) else []


def _its_own(fitting: list[tuple[float, Hit]], question: Question) -> list[tuple[float, Hit]]:
    """Of a fact what a place's government says itself, where it does, not what a department of it says; and what was
    done, where anything was, not what is planned."""
    if not question.fact:
        return fitting
    governments = {place_name(hit.report) for _, hit in fitting if not hit.report.metadata.department}
    if not question.filters.department:
        fitting = [
            (strength, hit)
            for strength, hit in fitting
            if not hit.report.metadata.department or place_name(hit.report) not in governments
        ]
    done = {hit.report.id for _, hit in fitting if hit.passage.role != "planned"}
    wanted = question.filters.role
    return [pair for pair in fitting if wanted or pair[1].passage.role != "planned" or pair[1].report.id not in done]


def _best_of_each(fitting: list[tuple[float, Hit]], question: Question) -> list[tuple[float, Hit]]:
    """For each place, year and role the likeliest, so that plans never stand for deeds.

    A fact of one place and year has the next likeliest passages beside it.
    """
    chosen: dict[tuple[str, str, int | None], tuple[float, Hit]] = {}
    for strength, hit in fitting:
        role = "" if question.fact else hit.passage.role
        key = (place_name(hit.report), role, hit.report.metadata.year)
        if key not in chosen or (question.fact and strength > chosen[key][0]):
            chosen[key] = (strength, hit)
    if question.fact and len(chosen) == 1:
        return sorted(fitting, key=lambda pair: (-pair[0], pair[1].rank))[:FACT_PASSAGES]
    return list(chosen.values())


def _whole(hit: Hit) -> Entry:
    """A passage as it stands, where all of it is asked and not a sentence."""
    return Entry(hit, hit.passage.text, hit.passage.start, hit.passage.end, STATED)


def entry_of(hit: Hit, strength: float, question: Question, naming: Naming | None) -> Entry:
    """The best sentence; for an amount, the sentence of the figure that was asked for."""
    begin, text = hit.passage.start, hit.passage.text
    start, end = hit.sentence
    entry = Entry(hit, text[start - begin : end - begin], start, end, round(strength, 3))
    asked = normalise_query(question.text)
    office = asks_holder(asked)
    holder = holder_sentence(text, office_in_full(question.content) or office) if office else None
    if holder:
        first, last = holder
        return replace(entry, quote=text[first:last], start=begin + first, end=begin + last)
    if not question.fact or not asks_amount(asked):
        return entry
    worked_out = derived(text, asked)
    figure = worked_out.parts[1] if worked_out else figure_in(hit, question, naming)
    if figure is None:
        return entry
    first, last = figure.sentence
    return replace(
        entry,
        quote=text[first:last],
        start=begin + first,
        end=begin + last,
        figure=None if worked_out else replace(figure, start=begin + figure.start, end=begin + figure.end),
        derived=worked_out,
    )


def place_name(summary: ReportSummary) -> str:
    """The place that a report is about, or the report's title where the place is unknown."""
    return summary.metadata.region.name or summary.metadata.title


def _coverage(
    reports: list[ReportSummary], scope: list[ReportSummary], entries: tuple[Entry, ...], filters: Filters
) -> Coverage:
    places = dict.fromkeys(place_name(summary) for summary in scope)
    found = tuple(dict.fromkeys(place_name(entry.hit.report) for entry in entries))
    years = tuple(sorted({s.metadata.year for s in scope if s.metadata.year is not None}))
    # The same places whatever the year: those that have a report, but none of the years asked for.
    any_year = replace(filters, year_from=None, year_to=None)
    known = places if any_year == filters else dict.fromkeys(map(place_name, filter(admitting(any_year), reports)))
    return Coverage(
        reports_searched=len(scope),
        regions_searched=len(places),
        regions_found=found,
        regions_not_detected=tuple(place for place in places if place not in found),
        years=years,
        regions_without_report=tuple(place for place in known if place not in places),
    )


def _answer(found: Found, coverage: Coverage, entries: tuple[Entry, ...]) -> Answer:
    searched, count, held = coverage.regions_searched, len(coverage.regions_found), coverage.reports_searched
    if entries:
        zh = f"检索了 {searched} 个地方的 {held} 份报告，其中 {count} 个地方检出。未检出不等于没有。"
        en = f"Searched {held} reports of {searched} places; detected in {count}. Not detected does not mean absent."
    else:
        zh = f"没有找到回答。检索了 {searched} 个地方的 {held} 份报告，未检出；未检出不等于没有。"
        en = f"Nothing found that answers this in {held} reports of {searched} places; not detected is not absent."
    caution_zh, caution_en = caution(found.question, entries)
    return Answer(
        query=found.question.text,
        kind=found.question.kind,
        found=bool(entries),
        message_zh=zh,
        message_en=en,
        confidence=round(float(np.max([entry.strength for entry in entries])), 3) if entries else 0.0,
        entries=entries,
        coverage=coverage,
        nearest=() if entries else found.results.hits[:NEAREST],
        filters=found.question.filters,
        named=found.question.named,
        measure=found.results.measure,
        caution_zh=caution_zh,
        caution_en=caution_en,
    )


def _no_report(found: Found, reports: list[ReportSummary], scope: list[ReportSummary]) -> Answer:
    """The third thing beside found and not detected: there is no report to search."""
    question = found.question
    filters = question.filters
    place = question.missing or filters.region or ""
    years = f"{filters.year_from or ''}{'–' + str(filters.year_to) if filters.year_to != filters.year_from else ''}"
    of_place = Filters(region=filters.region, own_reports_only=filters.own_reports_only)
    held = sorted({s.metadata.year for s in filter(admitting(of_place), reports) if s.metadata.year})
    # A figure of a place below is not that of the place itself, but may be what is wanted.
    within = replace(filters, own_reports_only=False)
    asked_below = filter(admitting(within), reports) if place and filters.own_reports_only else ()
    below = dict.fromkeys(map(place_name, asked_below))
    also = f"；其下有报告的：{'、'.join([*below][:_MOST_BELOW])}，可按其名再问" if below else ""
    also_en = f"; places below it that have one: {', '.join([*below][:_MOST_BELOW])}" if below else ""
    has = f"（该地现有 {'、'.join(map(str, held))} 年的报告）" if filters.region and held else ""
    has_en = f" (there are reports for {', '.join(map(str, held))})" if filters.region and held else ""
    return Answer(
        query=question.text,
        kind=question.kind,
        found=False,
        message_zh=f"没有{place}{years + '年' if years and not question.missing else ''}的报告，无从回答{has}{also}。",
        message_en=f"There is no report of {place or 'any place'}{' for ' + years if years else ''} to search{has_en}{also_en}.",
        confidence=0.0,
        entries=(),
        coverage=_coverage(reports, [] if question.missing else scope, (), filters),
        nearest=(),
        filters=filters,
        named=question.named,
        measure=found.results.measure,
    )
